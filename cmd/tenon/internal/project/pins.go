package project

import (
	"errors"
	"fmt"
	"maps"
	"slices"

	"tenon/spec/check"
	"tenon/spec/diag"
	"tenon/spec/openapi"
	"tenon/spec/syntax"
)

// Pins is the specs that a project names as they are now, beside the lock as it was written.
type Pins struct {
	Text []byte // of the lock; nil when there is none that can be read
	lock *check.Lock
	now  map[string]string // digest by spec
}

// ReadPins reads the specs that the project names. A spec that cannot be read is an error.
func ReadPins(dir *Dir) (*Pins, error) {
	files, err := read(dir, nil)
	if err != nil {
		return nil, err
	}
	pins := &Pins{lock: new(check.Lock), now: map[string]string{}}
	var parsed []*syntax.File
	for name, content := range files {
		if name != LockName {
			f, _ := syntax.Parse(name, content)
			parsed = append(parsed, f)
			continue
		}
		var diags diag.List
		if pins.lock, diags = check.ParseLock(name, content); !diags.HasErrors() {
			pins.Text = content
		}
	}
	decoded, _ := check.Decode(parsed) // sorts them
	var errs []error
	for _, api := range decoded.APIs {
		name := api.Spec.Value
		if !api.Spec.Set || pins.now[name] != "" {
			continue
		}
		content, err := dir.ReadFile(name)
		if err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", name, err))
			continue
		}
		pins.now[name] = openapi.Digest(content)
	}
	return pins, errors.Join(errs...)
}

// Differences says in a line each how the lock and the specs differ.
func (p *Pins) Differences() []string {
	var out []string
	for _, spec := range slices.Sorted(maps.Keys(p.now)) {
		switch pinned, ok := p.lock.Digest(spec); {
		case !ok:
			out = append(out, spec+" is not pinned")
		case pinned != p.now[spec]:
			out = append(out, spec+" has changed since it was pinned")
		}
	}
	for _, spec := range p.lock.Specs() {
		if p.now[spec] == "" {
			out = append(out, spec+" is pinned and no longer used")
		}
	}
	return out
}

// Lock is the lock that holds.
func (p *Pins) Lock() []byte {
	lock := new(check.Lock)
	for spec, digest := range p.now {
		lock.Pin(spec, digest)
	}
	return lock.Format()
}
