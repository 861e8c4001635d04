package mutation

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"
)

// Whatever an author has written so far, lint says something of it: each attribute in turn is missing, or is
// another thing, and each block is empty or gone.
func TestAnyhow(t *testing.T) {
	names, err := filepath.Glob(filepath.Join("testdata", "bases", "*.hcl"))
	if err != nil || len(names) == 0 {
		t.Fatal("no integrations")
	}
	for _, name := range names {
		if strings.HasSuffix(name, testSuffix) {
			continue
		}
		b := load(t, name)
		if b == nil || b.foreign() {
			continue
		}
		for _, b := range append([]*base{b}, b.tests(t)...) {
			for _, m := range b.anyhow() {
				b.survives(t, m)
			}
		}
	}
}

// anyhow are files in which something is missing or is something else.
func (b *base) anyhow() []mutant {
	var out []mutant
	for _, k := range b.blocks {
		inside := k.OpenBraceRange
		inside.Start, inside.End = k.OpenBraceRange.End, k.CloseBraceRange.Start
		out = append(out, b.at(whole(k), "", "no "+k.Type), b.at(inside, "\n", "empty "+k.Type))
		for _, a := range attributes(k.Body) {
			out = append(out, b.at(a.SrcRange, "", k.Type+" without "+a.Name))
			for _, other := range []string{"null", "[]", "nothing.at.all", "x("} {
				out = append(out, b.at(a.Expr.Range(), other, fmt.Sprintf("%s.%s = %s", k.Type, a.Name, other)))
			}
		}
	}
	return out
}

// survives reports a panic of lint.
func (b *base) survives(t *testing.T, m mutant) {
	defer func() {
		if r := recover(); r != nil {
			t.Errorf("%s: %s: %v", b.name, m.what, r)
		}
	}()
	b.lint(m.src, nil)
}
