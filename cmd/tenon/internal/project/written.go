package project

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"

	"tenon/spec/check"
	"tenon/spec/syntax"
)

// Written is what a project's author has defined, by name, as far as its files can be read; and its lock.
type Written struct {
	APIs, Secrets, Variables []string
	Lock                     *check.Lock
}

// ReadWritten reads the definitions of a project, which may still be empty. A lock that cannot be read
// is an error, since it could not be added to.
func ReadWritten(dir *Dir) (*Written, error) {
	names, err := dir.HCL()
	if err != nil {
		return nil, err
	}
	var parsed []*syntax.File
	for _, name := range names {
		content, err := dir.ReadFile(name)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		f, _ := syntax.Parse(name, content)
		parsed = append(parsed, f)
	}
	w := &Written{Lock: new(check.Lock)}
	p, _ := check.Decode(parsed)
	for _, a := range p.APIs {
		w.APIs = append(w.APIs, a.Name)
	}
	for _, s := range p.Secrets {
		w.Secrets = append(w.Secrets, s.Name)
	}
	for _, v := range p.Variables {
		w.Variables = append(w.Variables, v.Name)
	}
	if _, err := dir.root.Stat(LockName); errors.Is(err, fs.ErrNotExist) {
		return w, nil
	}
	content, err := dir.ReadFile(LockName)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", LockName, err)
	}
	lock, problems := check.ParseLock(LockName, content)
	if problems.HasErrors() {
		return nil, fmt.Errorf("%s cannot be read (%s); `tenon lock` writes it anew", LockName, problems[0].Message)
	}
	w.Lock = lock
	return w, nil
}

// Contains returns the name in the project of the file at a location, if it is there: not by way of a
// symbolic link that leads out.
func (d *Dir) Contains(location string) (string, bool) {
	root, err := filepath.EvalSymlinks(d.root.Name())
	if err != nil {
		return "", false
	}
	if root, err = filepath.Abs(root); err != nil {
		return "", false
	}
	if location, err = filepath.EvalSymlinks(location); err != nil {
		return "", false
	}
	if location, err = filepath.Abs(location); err != nil {
		return "", false
	}
	rel, err := filepath.Rel(root, location)
	if err != nil || !filepath.IsLocal(rel) {
		return "", false
	}
	return filepath.ToSlash(rel), true
}

// Create writes a file that must not be there yet, with the directories above it. The error for one that
// is there is fs.ErrExist.
func (d *Dir) Create(name string, content []byte) error {
	name, err := d.local(name)
	if err != nil {
		return err
	}
	if err := d.root.MkdirAll(path.Dir(name), 0o755); err != nil {
		return fmt.Errorf("%s: %w", name, reason(err))
	}
	f, err := d.root.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return fmt.Errorf("%s: %w", name, reason(err))
	}
	_, err = f.Write(content)
	if err = errors.Join(err, f.Close()); err != nil {
		d.root.Remove(name)
		return fmt.Errorf("%s: %w", name, reason(err))
	}
	return nil
}

// Remove takes away a file that Create wrote.
func (d *Dir) Remove(name string) error { return d.root.Remove(name) }
