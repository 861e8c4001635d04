package secret

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"tenon/spec/plan"
)

// maxSize bounds a secret from a file or command.
const maxSize = 1 << 20

// Env is where secrets are looked for.
type Env struct {
	Getenv  func(name string) (string, bool) // nil: os.LookupEnv
	Dir     string                           // of the project: relative files and commands start there
	Timeout time.Duration                    // of one command; 0: 30s
}

// Resolve finds one secret. One line ending at the end of a file or a command's output is not part of
// it. A secret that is not there, or empty, is an error that names the secret and the place.
func Resolve(ctx context.Context, s *plan.Secret, env Env) (Value, error) {
	text, err := env.read(ctx, s)
	if err != nil {
		return Value{}, fmt.Errorf("secret %q: %w", s.Name, err)
	}
	return Value{text}, nil
}

// ResolveAll finds all of them, by name. The error, if any, tells of every secret that was not found.
func ResolveAll(ctx context.Context, all []*plan.Secret, env Env) (map[string]Value, error) {
	out := make(map[string]Value, len(all))
	var errs []error
	for _, s := range all {
		v, err := Resolve(ctx, s, env)
		if err != nil {
			errs = append(errs, err)
			continue
		}
		out[s.Name] = v
	}
	return out, errors.Join(errs...)
}

func (e Env) read(ctx context.Context, s *plan.Secret) (string, error) {
	switch {
	case s.Env != "":
		return e.variable(s.Env)
	case s.File != "":
		return e.file(s.File)
	case len(s.Command) > 0:
		return e.command(ctx, s.Command)
	}
	return "", errors.New("it has no source; this is a bug in Tenon")
}

func (e Env) variable(name string) (string, error) {
	get := e.Getenv
	if get == nil {
		get = os.LookupEnv
	}
	text, ok := get(name)
	switch {
	case !ok:
		return "", fmt.Errorf("the environment variable %s is not set", name)
	case text == "":
		return "", fmt.Errorf("the environment variable %s is empty", name)
	}
	return text, nil
}

func (e Env) file(name string) (string, error) {
	path := name
	if !filepath.IsAbs(path) {
		path = filepath.Join(e.Dir, path)
	}
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, maxSize+1))
	if err != nil {
		return "", err
	}
	return trim(data, "the file "+name)
}

// command runs a command without a shell. What it writes to stderr is dropped: it might be the secret.
func (e Env) command(ctx context.Context, argv []string) (string, error) {
	timeout := e.Timeout
	if timeout == 0 {
		timeout = 30 * time.Second
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	cmd := exec.CommandContext(ctx, argv[0], argv[1:]...)
	cmd.Dir = e.Dir
	cmd.WaitDelay = time.Second
	var out bounded
	cmd.Stdout = &out
	err := cmd.Run()
	switch {
	case ctx.Err() == context.DeadlineExceeded:
		return "", fmt.Errorf("the command %s did not end within %s", argv[0], timeout)
	case err != nil:
		return "", fmt.Errorf("the command %s: %w", argv[0], err)
	}
	return trim(out.Bytes(), "the output of "+argv[0])
}

func trim(data []byte, what string) (string, error) {
	if len(data) > maxSize {
		return "", fmt.Errorf("%s is larger than 1 MB", what)
	}
	text := strings.TrimSuffix(strings.TrimSuffix(string(data), "\n"), "\r")
	if text == "" {
		return "", fmt.Errorf("%s is empty", what)
	}
	return text, nil
}

// bounded keeps at most one byte more than maxSize, and takes everything.
type bounded struct{ bytes.Buffer }

func (b *bounded) Write(p []byte) (int, error) {
	b.Buffer.Write(p[:min(len(p), max(0, maxSize+1-b.Len()))])
	return len(p), nil
}
