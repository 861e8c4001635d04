package engine

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"tenon/runtime/codec"
	"tenon/spec/types"
)

// Files lets requests send files of the given directories, the first of which is the one that relative paths start
// from. Nothing outside of them is read, also not through links, and nothing below a directory or file whose name
// begins with a dot, since that is where tools keep their own.
func Files(dirs ...string) func(f *types.FileValue) (codec.Source, error) {
	return func(f *types.FileValue) (codec.Source, error) {
		for i, dir := range dirs {
			name, ok := within(dir, f.Path, i == 0)
			if !ok {
				continue
			}
			s := diskFile{dir, name}
			r, _, err := s.Open(context.Background())
			if err != nil {
				return nil, fmt.Errorf("the file %q cannot be read: %w", f.Path, plainError(err))
			}
			r.Close()
			return s, nil
		}
		return nil, fmt.Errorf("the file %q is not in the project's directory, nor in one that --files names", f.Path)
	}
}

// within is the path in dir that a name means there.
func within(dir, name string, relative bool) (string, bool) {
	if filepath.IsAbs(name) {
		abs, err := filepath.Abs(dir)
		if err != nil {
			return "", false
		}
		if name, err = filepath.Rel(abs, name); err != nil {
			return "", false
		}
	} else if !relative {
		return "", false
	}
	if !filepath.IsLocal(name) {
		return "", false
	}
	for part := range strings.SplitSeq(filepath.ToSlash(filepath.Clean(name)), "/") {
		if strings.HasPrefix(part, ".") {
			return "", false
		}
	}
	return name, true
}

// plainError is an error of the file system without the path that it repeats.
func plainError(err error) error {
	var p *fs.PathError
	if errors.As(err, &p) {
		return p.Err
	}
	return err
}

// diskFile is a file in a directory that it cannot lead out of.
type diskFile struct{ dir, name string }

func (d diskFile) Size() int64 {
	r, size, err := d.Open(context.Background())
	if err != nil {
		return -1
	}
	r.Close()
	return size
}

func (d diskFile) Open(context.Context) (io.ReadCloser, int64, error) {
	root, err := os.OpenRoot(d.dir)
	if err != nil {
		return nil, 0, err
	}
	defer root.Close()
	info, err := root.Stat(d.name) // before it is opened, which may wait where it is a pipe
	if err == nil && !info.Mode().IsRegular() {
		err = errors.New("it is no regular file")
	}
	if err != nil {
		return nil, 0, err
	}
	f, err := root.Open(d.name)
	return f, info.Size(), err
}
