package token

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/rogpeppe/go-internal/lockedfile"

	"tenon/runtime/secret"
)

// Dir is a store in a directory: a file for each token, encrypted. Nothing is made before the first token is
// kept. Processes that share the directory share the tokens.
type Dir struct {
	path string
	// seal is asked when it is first needed, since it may make the key.
	seal func() (*secret.Sealer, error)
}

// NewDir returns the store in the directory at path.
func NewDir(path string, seal func() (*secret.Sealer, error)) *Dir {
	return &Dir{path, seal}
}

func (d *Dir) file(key, ext string) string { return filepath.Join(d.path, key+ext) }

func (d *Dir) Load(_ context.Context, key string) (Token, bool, error) {
	var t Token
	sealed, err := os.ReadFile(d.file(key, ".token"))
	if errors.Is(err, fs.ErrNotExist) {
		return t, false, nil
	}
	if err != nil {
		return t, false, err
	}
	s, err := d.seal()
	if err != nil {
		return t, false, err
	}
	plain, err := s.Open(sealed, "token "+key)
	if err != nil {
		return t, false, fmt.Errorf("%s: %w", d.file(key, ".token"), err)
	}
	if err := json.Unmarshal(plain, &t); err != nil {
		return t, false, fmt.Errorf("%s holds no token", d.file(key, ".token"))
	}
	return t, true, nil
}

// make makes the directory, where git does not see it.
func (d *Dir) make() error {
	if err := os.MkdirAll(d.path, 0o700); err != nil {
		return err
	}
	ignore := filepath.Join(d.path, ".gitignore")
	if _, err := os.Stat(ignore); !errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return os.WriteFile(ignore, []byte("*\n"), 0o600)
}

// Save writes the token beside the old one, and puts it in its place once it is on the disk.
func (d *Dir) Save(_ context.Context, key string, t Token) error {
	s, err := d.seal()
	if err != nil {
		return err
	}
	plain, err := json.Marshal(t)
	if err != nil {
		return err
	}
	if err := d.make(); err != nil {
		return err
	}
	f, err := os.CreateTemp(d.path, "."+key+".*") // 0600
	if err != nil {
		return err
	}
	defer os.Remove(f.Name())
	_, err = f.Write(s.Seal(plain, "token "+key))
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	if err := os.Rename(f.Name(), d.file(key, ".token")); err != nil {
		return err
	}
	return syncDir(d.path)
}

// syncDir makes a rename survive a power cut, where the system can.
func syncDir(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	if err := f.Sync(); err != nil && !errors.Is(err, errors.ErrUnsupported) && !errors.Is(err, fs.ErrInvalid) && !errors.Is(err, fs.ErrPermission) {
		return err
	}
	return nil
}

func (d *Dir) Delete(_ context.Context, key string) error {
	err := os.Remove(d.file(key, ".token"))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

// Lock takes a file lock, which ends with the process that holds it. The lock's file stays.
func (d *Dir) Lock(ctx context.Context, key string) (func(), error) {
	if err := d.make(); err != nil {
		return nil, err
	}
	type held struct {
		unlock func()
		err    error
	}
	got := make(chan held, 1)
	go func() {
		unlock, err := lockedfile.MutexAt(d.file(key, ".lock")).Lock()
		got <- held{unlock, err}
	}()
	select {
	case h := <-got:
		return h.unlock, h.err
	case <-ctx.Done():
		go func() { // whoever holds it lets go or dies
			if h := <-got; h.err == nil {
				h.unlock()
			}
		}()
		return nil, context.Cause(ctx)
	}
}
