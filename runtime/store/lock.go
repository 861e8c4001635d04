package store

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"
)

// lockFile takes the kernel's lock on a file, which ends with the process. The file of an exclusive lock says who has it.
func lockFile(name string, exclusive bool, who string) (*os.File, error) {
	f, err := os.OpenFile(name, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	if err := flock(f, exclusive); err != nil {
		other, _ := io.ReadAll(io.LimitReader(f, 200))
		f.Close()
		if !errors.Is(err, ErrInUse) {
			return nil, err
		}
		if text := strings.TrimSpace(string(other)); text != "" {
			return nil, &InUse{By: text}
		}
		return nil, err
	}
	if exclusive {
		err = f.Truncate(0)
		if err == nil {
			_, err = fmt.Fprintf(f, "%s (process %d)\n", who, os.Getpid())
		}
	} else if info, statErr := f.Stat(); statErr == nil && info.Size() > 0 {
		err = f.Truncate(0) // of a daemon that is no more
	}
	if err != nil {
		f.Close()
		return nil, err
	}
	return f, nil
}

// waitFor takes a lock that others hold only for moments.
func waitFor(ctx context.Context, name string) (*os.File, error) {
	for {
		f, err := lockFile(name, true, "tenon")
		if !errors.Is(err, ErrInUse) {
			return f, err
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(10 * time.Millisecond):
		}
	}
}

// owners are the runs that this process works on.
type owners struct {
	dir string
	mu  sync.Mutex
	own map[string]bool // flock lets a process take its own lock again on some systems
}

func newOwners(dir string) *owners {
	return &owners{dir: filepath.Join(dir, "active"), own: map[string]bool{}}
}

// Own takes a lock of its own for each run, a file that is there as long as the run is worked on.
func (s *SQLite) Own(run, who string) (func(), error) {
	o := s.active
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.own[run] {
		return nil, fmt.Errorf("run %s: %w", run, ErrInUse)
	}
	if err := os.MkdirAll(o.dir, 0o700); err != nil {
		return nil, err
	}
	name := filepath.Join(o.dir, fileName(run))
	f, err := lockNamed(name, cmp.Or(who, "tenon"))
	if err != nil {
		return nil, fmt.Errorf("run %s: %w", run, err)
	}
	o.own[run] = true
	return sync.OnceFunc(func() {
		o.mu.Lock()
		defer o.mu.Unlock()
		os.Remove(name)
		f.Close()
		delete(o.own, run)
	}), nil
}

// Active reports whether some process works on a run.
func (s *SQLite) Active(run string) bool {
	s.active.mu.Lock()
	own := s.active.own[run]
	s.active.mu.Unlock()
	f, err := os.Open(filepath.Join(s.active.dir, fileName(run)))
	if err != nil {
		return own
	}
	defer f.Close()
	return own || errors.Is(flock(f, false), ErrInUse)
}

// lockNamed locks a file that whoever had it may just have removed.
func lockNamed(name, who string) (*os.File, error) {
	for {
		f, err := lockFile(name, true, who)
		if err != nil {
			return nil, err
		}
		mine, err := f.Stat()
		if err == nil {
			if there, err := os.Stat(name); err == nil && os.SameFile(mine, there) {
				return f, nil
			}
		}
		f.Close()
	}
}

// fileName is a run's ID as a file's name.
func fileName(run string) string {
	return strings.Map(func(r rune) rune {
		if r == '/' || r == '\\' || r == ':' || r == 0 {
			return '_'
		}
		return r
	}, "r"+run)
}
