// Package project brings a directory of HCL files, the documents they name and the lock together and
// has them checked. It is where the command line meets the disk: everything of a project is read
// through an [os.Root], so no path and no symbolic link leads out of its directory.
package project

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"sort"
	"strings"

	"tenon/spec/check"
	"tenon/spec/diag"
	"tenon/spec/lang"
)

// LockName is the file that pins a project's specs.
const LockName = check.LockName

// maxFile bounds every file that is read: no real document comes near it.
const maxFile = 512 << 20

// Dir is a project's directory.
type Dir struct {
	Name string // as the user wrote it
	root *os.Root
}

// OpenDir opens the directory at location, which messages call name.
func OpenDir(location, name string) (*Dir, error) {
	info, err := os.Stat(location)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, fmt.Errorf("there is no directory %s", name)
	case err != nil:
		return nil, err
	case !info.IsDir():
		return nil, fmt.Errorf("%s is a file; a project is a directory", name)
	}
	root, err := os.OpenRoot(location)
	if err != nil {
		return nil, err
	}
	return &Dir{Name: name, root: root}, nil
}

// Close releases the directory.
func (d *Dir) Close() error { return d.root.Close() }

// HCL lists the project's own files, sorted: those directly in it, without tests and the lock.
func (d *Dir) HCL() ([]string, error) {
	return d.list(func(name string) bool { return name != LockName && !IsTest(name) })
}

// Tests lists the project's files of tests, sorted.
func (d *Dir) Tests() ([]string, error) { return d.list(IsTest) }

func (d *Dir) list(wanted func(name string) bool) ([]string, error) {
	entries, err := fs.ReadDir(d.root.FS(), ".")
	if err != nil {
		return nil, fmt.Errorf("%s: %w", d.Name, reason(err))
	}
	var names []string
	for _, e := range entries {
		if !e.IsDir() && IsHCL(e.Name()) && wanted(e.Name()) {
			names = append(names, e.Name())
		}
	}
	sort.Strings(names)
	return names, nil
}

// IsHCL reports whether a file's name says that it holds HCL; hidden files are editors' own.
func IsHCL(name string) bool {
	return strings.HasSuffix(name, ".hcl") && !strings.HasPrefix(name, ".")
}

// IsTest reports whether a file's name says that it holds tests.
func IsTest(name string) bool { return IsHCL(name) && strings.HasSuffix(name, lang.TestSuffix) }

// Open opens a file of the project; with ReadFile it makes Dir an [fs.FS].
func (d *Dir) Open(name string) (fs.File, error) { return d.root.FS().Open(name) }

// ReadFile returns the content of a regular file of the project. Name is relative to the project, with
// slashes. The error is a clause for people that does not repeat the name.
func (d *Dir) ReadFile(name string) ([]byte, error) {
	name, err := d.local(name)
	if err != nil {
		return nil, err
	}
	if info, err := d.root.Stat(name); err == nil && !info.Mode().IsRegular() {
		return nil, errors.New("it is not a file") // a directory, or a pipe, which might block
	}
	f, err := d.root.Open(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, d.missing(name)
	}
	if err != nil {
		return nil, d.reason(err)
	}
	defer f.Close()
	return readAll(f)
}

func readAll(f *os.File) ([]byte, error) {
	info, err := f.Stat()
	if err != nil {
		return nil, reason(err)
	}
	if info.Size() > maxFile {
		return nil, fmt.Errorf("it has %d MB; at most %d are read", info.Size()>>20, maxFile>>20)
	}
	content := make([]byte, info.Size())
	if _, err := io.ReadFull(f, content); err != nil {
		return nil, reason(err)
	}
	return content, nil
}

var errOutside = errors.New("it is outside the project; only files inside are read")

// local cleans a name and refuses those that lead out of the project.
func (d *Dir) local(name string) (string, error) {
	if strings.HasPrefix(name, "https:/") || strings.HasPrefix(name, "http:/") {
		return "", errors.New("addresses are not read; download the document into the project and name the file")
	}
	name = path.Clean(filepath.ToSlash(name))
	if !filepath.IsLocal(name) {
		return "", errOutside
	}
	return name, nil
}

// missing says that a file is not there, with the closest name that is.
func (d *Dir) missing(name string) error {
	var names []string
	entries, _ := fs.ReadDir(d.root.FS(), path.Dir(name))
	for _, e := range entries {
		names = append(names, e.Name())
	}
	if near := diag.Nearest(path.Base(name), names); near != "" {
		return fmt.Errorf("there is no such file; the nearest is %q", path.Join(path.Dir(name), near))
	}
	return errors.New("there is no such file")
}

// Write replaces a file of the project, whole or not at all. Directories are made where they are not there.
func (d *Dir) Write(name string, content []byte) error {
	name, err := d.local(name)
	if err != nil {
		return err
	}
	mode := fs.FileMode(0o644)
	if info, err := d.root.Stat(name); err == nil {
		mode = info.Mode().Perm()
	}
	if err := d.root.MkdirAll(path.Dir(name), 0o755); err != nil {
		return fmt.Errorf("%s: %w", name, reason(err))
	}
	next := path.Join(path.Dir(name), "."+path.Base(name)+".tenon")
	if err := d.root.WriteFile(next, content, mode); err != nil {
		return fmt.Errorf("%s: %w", name, reason(err))
	}
	if err := d.root.Rename(next, name); err != nil {
		d.root.Remove(next)
		return fmt.Errorf("%s: %w", name, reason(err))
	}
	return nil
}

// reason is what went wrong, in the words of this package where a link leads out of the project.
func (d *Dir) reason(err error) error {
	_, escape := d.root.Stat("..") // os does not export the error
	if errors.Is(reason(err), reason(escape)) {
		return errOutside
	}
	return reason(err)
}

// reason is what went wrong without the operation and the path, which the caller names.
func reason(err error) error {
	var p *fs.PathError
	if errors.As(err, &p) {
		return p.Err
	}
	return err
}
