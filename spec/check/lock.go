package check

import (
	"cmp"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"tenon/spec/diag"
	"tenon/spec/lang"
	"tenon/spec/source"
	"tenon/spec/syntax"
)

// Lock is what a project's tenon.lock.hcl says: which documents its specs and overlays were when they
// were pinned. The zero Lock pins nothing. A Lock must not be changed while others use it.
type Lock struct {
	pins map[string]pin
}

// pin is what a file was. Its kind is the type of its block: spec, part or overlay.
type pin struct{ kind, digest string }

// Digest returns the digest ("sha256:…") that a file is pinned to, and whether it is pinned. A nil
// Lock pins nothing.
func (l *Lock) Digest(file string) (string, bool) {
	if l == nil {
		return "", false
	}
	p, ok := l.pins[file]
	return p.digest, ok
}

// Files returns the pinned files, sorted: first specs, then what they refer to, then overlays.
func (l *Lock) Files() []string {
	if l == nil {
		return nil
	}
	return slices.SortedFunc(maps.Keys(l.pins), func(a, b string) int {
		return cmp.Or(-cmp.Compare(l.pins[a].kind, l.pins[b].kind), cmp.Compare(a, b))
	})
}

// Pin sets the digest of a spec.
func (l *Lock) Pin(spec, digest string) { l.set("spec", spec, digest) }

// PinPart sets the digest of a file that a spec refers to.
func (l *Lock) PinPart(file, digest string) { l.set("part", file, digest) }

// PinOverlay sets the digest of an overlay.
func (l *Lock) PinOverlay(file, digest string) { l.set("overlay", file, digest) }

func (l *Lock) set(kind, file, digest string) {
	if l.pins == nil {
		l.pins = map[string]pin{}
	}
	if old, there := l.pins[file]; there && kind == "part" {
		kind = old.kind // a spec may refer to another one
	}
	l.pins[file] = pin{kind, digest}
}

const lockHead = "# Written by `tenon lock`. Pins every spec to the document that this project was checked against.\n"

// Format returns the lock as text: the same text for the same lock.
func (l *Lock) Format() []byte {
	var b strings.Builder
	b.WriteString(lockHead)
	for _, file := range l.Files() {
		p := l.pins[file]
		fmt.Fprintf(&b, "\n%s %s {\n  digest = %s\n}\n", p.kind, quote(file), quote(p.digest))
	}
	return []byte(b.String())
}

// quote writes a string of HCL.
func quote(s string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`, "\r", `\r`, "\t", `\t`, "${", "$${", "%{", "%%{").Replace(s) + `"`
}

var digestForm = regexp.MustCompile(`^sha256:[0-9a-f]{64}$`)

// ParseLock reads a lock. What cannot be read is a finding and pins nothing.
func ParseLock(name string, src []byte) (*Lock, diag.List) {
	f, diags := syntax.Parse(name, src)
	d := &decoder{diags: diags, file: f, names: map[string]source.Range{}, defaults: map[*lang.Attr]any{}}
	root := &node{decl: lang.LockFile}
	for _, a := range f.Body.Attributes {
		d.unknownAttribute(lang.LockFile, a, f.Body)
	}
	d.children(root, f.Body)
	lock := &Lock{}
	for _, n := range root.blocks {
		digest := literal[string](d, n, "digest")
		switch {
		case !digest.Set || len(n.block.Labels) == 0:
		case !digestForm.MatchString(digest.Value):
			d.diags.Add(lang.AttributeValue, digest.Range, "This is not a digest: sha256: and 64 hexadecimal digits.").
				Explain("`tenon lock` writes this file.")
		default:
			lock.set(n.decl.Name, n.block.Labels[0].Text, digest.Value)
		}
	}
	return lock, d.diags
}
