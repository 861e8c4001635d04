package store

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
)

// blobs are payloads in files, in a directory for each run.
type blobs struct {
	dir string

	mu   sync.Mutex
	made map[string]bool // directories whose names are durable
}

func digestOf(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}

func (b *blobs) name(run, digest string) string {
	return filepath.Join(b.dir, fileName(run), digest)
}

// has reports whether a run may have payloads here.
func (b *blobs) has(run string) bool {
	dir := filepath.Join(b.dir, fileName(run))
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.made[dir] {
		return true
	}
	_, err := os.Stat(dir)
	return err == nil
}

// put writes a payload; when it returns, the file and its name are durable.
func (b *blobs) put(run string, data []byte) (digest string, err error) {
	digest = digestOf(data)
	name := b.name(run, digest)
	if err := b.directory(filepath.Dir(name)); err != nil {
		return "", err
	}
	f, err := os.CreateTemp(filepath.Dir(name), ".new-*")
	if err != nil {
		return "", err
	}
	defer func() {
		if err != nil {
			f.Close()
			os.Remove(f.Name())
			err = fmt.Errorf("a payload of %d bytes cannot be kept: %w", len(data), err)
		}
	}()
	if _, err = f.Write(data); err == nil {
		err = f.Sync()
	}
	if err == nil {
		err = f.Close()
	}
	if err == nil {
		err = os.Rename(f.Name(), name)
	}
	if err == nil {
		err = syncDir(filepath.Dir(name))
	}
	return digest, err
}

// directory makes a run's directory, with its name.
func (b *blobs) directory(dir string) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.made[dir] {
		return nil
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("payloads cannot be kept: %w", err)
	}
	for _, d := range []string{filepath.Dir(b.dir), b.dir} {
		if err := syncDir(d); err != nil {
			return err
		}
	}
	if b.made == nil {
		b.made = map[string]bool{}
	}
	b.made[dir] = true
	return nil
}

// get reads a payload; one that is not what was written is ErrDamaged.
func (b *blobs) get(run, digest string) ([]byte, error) {
	data, err := os.ReadFile(b.name(run, digest))
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, fmt.Errorf("the file %s is %w: it is missing", b.name(run, digest), ErrDamaged)
	case err != nil:
		return nil, err
	case digestOf(data) != digest:
		return nil, fmt.Errorf("the file %s is %w: it is not what was written", b.name(run, digest), ErrDamaged)
	}
	return data, nil
}

func (b *blobs) remove(run, digest string) { os.Remove(b.name(run, digest)) }

// rest says that nothing will be put for a run before long.
func (b *blobs) rest(run string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	delete(b.made, filepath.Join(b.dir, fileName(run)))
}

func (b *blobs) removeRun(run string) {
	b.rest(run)
	os.RemoveAll(filepath.Join(b.dir, fileName(run)))
}
