package check

import (
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

// Lock is what a project's tenon.lock.hcl says: which documents its specs were when they were pinned.
// The zero Lock pins nothing. A Lock must not be changed while others use it.
type Lock struct {
	digests map[string]string
}

// Digest returns the digest ("sha256:…") that spec is pinned to, and whether it is pinned. A nil
// Lock pins nothing.
func (l *Lock) Digest(spec string) (string, bool) {
	if l == nil {
		return "", false
	}
	digest, ok := l.digests[spec]
	return digest, ok
}

// Specs returns the pinned specs, sorted.
func (l *Lock) Specs() []string {
	if l == nil {
		return nil
	}
	return slices.Sorted(maps.Keys(l.digests))
}

// Pin sets the digest of a spec.
func (l *Lock) Pin(spec, digest string) {
	if l.digests == nil {
		l.digests = map[string]string{}
	}
	l.digests[spec] = digest
}

const lockHead = "# Written by `tenon lock`. Pins every spec to the document that this project was checked against.\n"

// Format returns the lock as text: the same text for the same lock.
func (l *Lock) Format() []byte {
	var b strings.Builder
	b.WriteString(lockHead)
	for _, spec := range l.Specs() {
		fmt.Fprintf(&b, "\nspec %s {\n  digest = %s\n}\n", quote(spec), quote(l.digests[spec]))
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
			lock.Pin(n.block.Labels[0].Text, digest.Value)
		}
	}
	return lock, d.diags
}
