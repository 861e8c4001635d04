package project

import (
	"errors"
	"fmt"
	"path"
	"strings"

	"tenon/spec/check"
	"tenon/spec/diag"
	"tenon/spec/openapi"
	"tenon/spec/syntax"
)

// Pins is the specs and overlays that a project names as they are now, beside the lock as it was written.
type Pins struct {
	Text []byte // of the lock; nil when there is none that can be read
	lock *check.Lock
	now  *check.Lock
}

// ReadPins reads the specs and overlays that the project names. One that cannot be read is an error.
func ReadPins(dir *Dir) (*Pins, error) {
	files, err := read(dir, Options{})
	if err != nil {
		return nil, err
	}
	pins := &Pins{lock: new(check.Lock), now: new(check.Lock)}
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
	read := func(name string, set func(name, digest string)) {
		if _, done := pins.now.Digest(name); done {
			return
		}
		content, err := dir.ReadFile(name)
		if err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", name, err))
			return
		}
		set(name, openapi.Digest(content))
	}
	for _, api := range decoded.APIs {
		if api.Spec.Set {
			read(api.Spec.Value, pins.now.Pin)
			PinParts(dir, pins.now, api.Spec.Value)
		}
		for _, overlay := range check.OverlayNames(api) {
			read(overlay, pins.now.PinOverlay)
		}
	}
	return pins, errors.Join(errs...)
}

// PinParts pins the files of the project that a document refers to, directly or by way of others. What
// cannot be read is left out: lint says so where it is needed.
func PinParts(dir *Dir, lock *check.Lock, spec string) {
	seen := map[string]bool{path.Clean(spec): true}
	for next := []string{path.Clean(spec)}; len(next) > 0; next = next[1:] {
		src, err := dir.ReadFile(next[0])
		if err != nil {
			continue
		}
		if next[0] != path.Clean(spec) {
			lock.PinPart(next[0], openapi.Digest(src))
		}
		refs, _ := openapi.References(next[0], src)
		for _, ref := range refs {
			name := path.Join(path.Dir(next[0]), ref)
			if _, err := dir.local(name); err == nil && !strings.Contains(ref, ":") && !strings.HasPrefix(ref, "/") && !seen[name] {
				seen[name] = true
				next = append(next, name)
			}
		}
	}
}

// Differences says in a line each how the lock and the specs differ.
func (p *Pins) Differences() []string {
	var out []string
	for _, file := range p.now.Files() {
		now, _ := p.now.Digest(file)
		switch pinned, ok := p.lock.Digest(file); {
		case !ok:
			out = append(out, file+" is not pinned")
		case pinned != now:
			out = append(out, file+" has changed since it was pinned")
		}
	}
	for _, file := range p.lock.Files() {
		if _, used := p.now.Digest(file); !used {
			out = append(out, file+" is pinned and no longer used")
		}
	}
	return out
}

// Lock is the lock that holds.
func (p *Pins) Lock() []byte { return p.now.Format() }
