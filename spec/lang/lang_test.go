package lang

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"tenon/spec/diag"
)

func sentences(t *testing.T, what, text string) {
	t.Helper()
	if text == "" || !strings.HasSuffix(text, ".") {
		t.Errorf("%s is not told in full sentences: %q", what, text)
	}
}

// TestDeclarations holds that the declarations fit together.
func TestDeclarations(t *testing.T) {
	names := map[string]bool{"file": true}
	for _, b := range Blocks() {
		if names[b.Name] {
			t.Errorf("two blocks are called %s", b.Name)
		}
		names[b.Name] = true
	}
	for _, b := range Blocks() {
		sentences(t, b.Name, b.Doc)
		if b.Example == "" {
			t.Errorf("%s has no example", b.Name)
		}
		if b.Unique != "" && b.Unique != Parent && (!names[b.Unique] || len(b.Labels) == 0) {
			t.Errorf("%s is unique in %q", b.Name, b.Unique)
		}
		for i, l := range b.Labels {
			sentences(t, b.Name+" label "+l.Name, l.Doc)
			if l.Many && i != len(b.Labels)-1 {
				t.Errorf("%s: only the last label can be repeated", b.Name)
			}
		}
		for _, n := range slices.Concat(b.ExactlyOne, b.AtLeastOne) {
			if b.Attr(n) == nil {
				t.Errorf("%s has no attribute %s", b.Name, n)
			}
		}
		for _, a := range b.Attrs {
			attribute(t, b, a)
		}
	}
	for block, words := range Later {
		for _, w := range words {
			b := File
			if i := slices.IndexFunc(Blocks(), func(b *Block) bool { return b.Name == block }); i >= 0 {
				b = Blocks()[i]
			}
			if b.Attr(w) != nil || b.Block(w) != nil {
				t.Errorf("%s.%s is there, and is said to come later", block, w)
			}
		}
	}
}

func attribute(t *testing.T, b *Block, a *Attr) {
	sentences(t, b.Name+"."+a.Name, a.Doc)
	if a.Needs != "" && b.Attr(a.Needs) == nil {
		t.Errorf("%s.%s needs %s, which does not exist", b.Name, a.Name, a.Needs)
	}
	if (a.Kind == Choice) != (len(a.Choices) > 0) {
		t.Errorf("%s.%s: choices %v", b.Name, a.Name, a.Choices)
	}
	if a.Required && a.Default != "" {
		t.Errorf("%s.%s is required and has a default", b.Name, a.Name)
	}
	if b.Block(a.Name) != nil {
		t.Errorf("%s.%s is an attribute and a block", b.Name, a.Name)
	}
}

// TestSynonyms holds that a synonym leads somewhere.
func TestSynonyms(t *testing.T) {
	known := map[string]bool{}
	for _, b := range Blocks() {
		known[b.Name] = true
		for _, a := range b.Attrs {
			known[a.Name] = true
		}
	}
	for word, meant := range Synonyms {
		for _, m := range meant {
			if !known[m] || m == word {
				t.Errorf("%s leads to %s", word, m)
			}
		}
	}
}

// TestRules holds that every rule is declared in full, once.
func TestRules(t *testing.T) {
	kebab := regexp.MustCompile(`^[a-z]+(-[a-z]+)*$`)
	seen := map[string]*diag.Rule{}
	for _, r := range Rules() {
		if seen[r.Name] != nil {
			t.Errorf("two rules are called %s", r.Name)
		}
		seen[r.Name] = r
		if !kebab.MatchString(r.Name) {
			t.Errorf("%q is no name of a rule", r.Name)
		}
		if r.Title == "" || strings.HasSuffix(r.Title, ".") || r.Title[:1] != strings.ToUpper(r.Title[:1]) {
			t.Errorf("%s: title %q", r.Name, r.Title)
		}
		if r.Explain == "" || r.Bad == "" || r.Good == "" || r.Bad == r.Good {
			t.Errorf("%s lacks an explanation or an example", r.Name)
		}
		if Rule(r.Name) != r {
			t.Errorf("Rule(%q) is another", r.Name)
		}
	}
}
