package check

import (
	"fmt"
	"slices"
	"strings"
	"unicode"

	"tenon/spec/diag"
	"tenon/spec/lang"
	"tenon/spec/source"
	"tenon/spec/syntax"
)

// labels checks the labels of a block. It reports whether the first is a usable name.
func (d *decoder) labels(n *node) bool {
	want, got := n.decl.Labels, n.block.Labels
	if len(got) < len(want) {
		if !d.file.Broken(n.block.HeaderRange) {
			d.diags.Add(lang.AttributeValue, n.block.HeaderRange, "%s needs %s: %s { … }.", capital(article(n.decl.Name)), strings.Replace(count(len(want)), "one", "a", 1), header(n.decl)).
				Explain("%s", want[len(got)].Doc)
		}
		return false
	}
	usable := true
	for i, l := range got {
		decl := labelAt(want, i)
		if decl == nil {
			f := d.diags.Add(lang.AttributeValue, l.Range, "%s takes %s: %s { … }.", capital(article(n.decl.Name)), count(len(want)), header(n.decl))
			if len(want) == 0 && i == 0 {
				f.Detail = "Labels name things that others refer to; this one is referred to by nobody."
			}
			return usable
		}
		if !d.label(decl, l) && i <= n.decl.NameLabel() {
			usable = false
		}
	}
	return usable
}

func labelAt(labels []*lang.Label, i int) *lang.Label {
	if i < len(labels) {
		return labels[i]
	}
	if last := len(labels) - 1; last >= 0 && labels[last].Many {
		return labels[last]
	}
	return nil
}

func count(labels int) string {
	switch labels {
	case 0:
		return "no label"
	case 1:
		return "one label"
	}
	return fmt.Sprintf("%d labels", labels)
}

func header(b *lang.Block) string {
	out := b.Name
	for _, l := range b.Labels {
		out += ` "` + l.Name + `"`
	}
	return out
}

func (d *decoder) label(decl *lang.Label, l syntax.Label) bool {
	switch {
	case decl.Kind == lang.Failure:
		return d.failureLabel(l)
	case decl.Kind == lang.Chosen:
		return d.chosenLabel(decl, l)
	case l.Text == "":
		d.diags.Add(lang.AttributeValue, l.Range, "A label cannot be empty.")
		return false
	case decl.Kind == lang.Name:
		return d.name(l.Text, l.Range, decl.Root, func(s string) string { return `"` + s + `"` })
	}
	return true
}

func (d *decoder) chosenLabel(decl *lang.Label, l syntax.Label) bool {
	if slices.Contains(decl.Choices, l.Text) {
		return true
	}
	d.diags.Add(lang.AttributeValue, l.Range, "%q is not one of %s.", l.Text, alternatives(decl.Choices)).Suggest(near(l.Text, decl.Choices))
	return false
}

// name checks a name that expressions use. write puts a better one as it would stand in the text.
func (d *decoder) name(text string, at source.Range, root bool, write func(string) string) bool {
	if !identifier(text) {
		better := identify(text)
		f := d.diags.Add(lang.AttributeValue, at, "%q cannot be used as a name: a name has letters, digits and _, and does not start with a digit.", text)
		if better != "" {
			f.Fix = &diag.Edit{Range: at, New: write(better)}
			f.Message += " Use " + better + "."
		}
		return false
	}
	if root && slices.Contains(lang.Reserved, text) {
		d.diags.Add(lang.ReservedName, at, "%q means something in every expression, so nothing else can be called so.", text)
	}
	return true
}

func identifier(s string) bool {
	for i, r := range s {
		if r != '_' && !(r < unicode.MaxASCII && unicode.IsLetter(r)) && (i == 0 || r < '0' || r > '9') {
			return false
		}
	}
	return s != ""
}

// identify makes a name of s, or returns "".
func identify(s string) string {
	out := strings.Map(func(r rune) rune {
		if r == '-' || r == ' ' || r == '.' || r == '/' {
			return '_'
		}
		return r
	}, s)
	if !identifier(out) {
		return ""
	}
	return out
}

var failures = []string{"network", "timeout", "invalid_response", "check", "any"}

func (d *decoder) failureLabel(l syntax.Label) bool {
	if slices.Contains(failures, l.Text) || statusText(l.Text) || class(l.Text) {
		return true
	}
	d.diags.Add(lang.AttributeValue, l.Range, "%q cannot be caught.", l.Text).
		Suggest(near(l.Text, failures)).
		Explain(`A catch names a status ("404"), a class ("4xx"), %s.`, alternatives(failures))
	return false
}

// near returns the closest choice, and how it is written.
func near(text string, choices []string) (name, written string) {
	if name = diag.Nearest(text, choices); name == "" && class(strings.ToLower(text)) {
		name = strings.ToLower(text)
	}
	return name, `"` + name + `"`
}

func statusText(s string) bool {
	return len(s) == 3 && s >= "100" && s <= "599" && strings.Trim(s, "0123456789") == ""
}

func class(s string) bool { return len(s) == 3 && s[0] >= '1' && s[0] <= '5' && s[1:] == "xx" }

func (d *decoder) duplicateCase(l syntax.Label, first source.Range) {
	d.diags.Add(lang.DuplicateName, l.Range, "There is another case for %q.", l.Text).Relate(first, "the first one")
}
