package refdoc

import (
	"fmt"
	"slices"
	"strings"

	"tenon/spec/lang"
)

func blocks() string {
	p := newPage("Blocks and attributes", "Everything that may stand in the `.hcl` files of a project. Blocks stand in any order, except that steps which write are carried out in "+
		"the order they are written in. The [guide](../language.md) explains how they work together; [functions](functions.md) and [rules](rules.md) have pages of their own.")
	p.line("## Where they stand\n")
	p.line("```text")
	p.tree(lang.File, "", nil)
	p.line("```\n")
	for _, b := range lang.Blocks() {
		p.block(b)
	}
	p.line("## Names that are taken\n")
	p.line("%s mean something in every expression, so no api, input, element of a `for_each` or input of a mapping can be called so.", list(lang.Reserved))
	return p.text()
}

// tree draws what stands in b; a block that already stands above is not opened again.
func (p *page) tree(b *lang.Block, indent string, above []*lang.Block) {
	for _, x := range b.Blocks {
		if slices.Contains(above, x) {
			p.line("%s%s …", indent, header(x))
			continue
		}
		p.line("%s%s", indent, header(x))
		p.tree(x, indent+"  ", slices.Concat(above, b.Blocks))
	}
}

func header(b *lang.Block) string {
	out := b.Name
	for _, l := range b.Labels {
		out += ` "` + l.Name + `"`
		if l.Many {
			out += " …"
		}
	}
	return out
}

func (p *page) block(b *lang.Block) {
	p.line("## %s\n", b.Name)
	p.line("%s\n", b.Doc)
	p.line("`%s { … }` stands in %s%s.\n", header(b), parents(b), once(b))
	for _, l := range b.Labels {
		p.line("**%s**: %s\n", l.Name, l.Doc)
	}
	if len(b.Attrs) > 0 {
		p.line("| attribute | form | |\n| --- | --- | --- |")
		for _, a := range b.Attrs {
			p.line("| `%s` | %s | %s |", a.Name, cell(form(a)), cell(about(b, a)))
		}
		p.line("")
	}
	if names := b.BlockNames(); len(names) > 0 {
		for i, n := range names {
			names[i] = fmt.Sprintf("[%s](#%s)", n, n)
		}
		p.line("Inside: %s.\n", strings.Join(names, ", "))
	}
	p.code(b.Example)
}

func once(b *lang.Block) string {
	if b.Once {
		return ", at most once"
	}
	return ""
}

func parents(b *lang.Block) string {
	var out []string
	if lang.File.Block(b.Name) != nil {
		out = append(out, "a file")
	}
	for _, x := range lang.Blocks() {
		if x.Block(b.Name) != nil {
			out = append(out, "["+x.Name+"](#"+x.Name+")")
		}
	}
	return strings.Join(out, ", ")
}

func form(a *lang.Attr) string {
	switch {
	case a.Kind == lang.Choice:
		return "`\"" + strings.Join(a.Choices, "\"` or `\"") + "\"`"
	case a.Kind == lang.Whole && a.Min > 0:
		return fmt.Sprintf("a whole number, at least %d", a.Min)
	}
	return a.Kind.Phrase()
}

// about tells what an attribute does, and what else there is to know about it.
func about(b *lang.Block, a *lang.Attr) string {
	var out []string
	switch {
	case a.Unless != "":
		out = append(out, "**Required,** unless there are `"+a.Unless+"` blocks.")
	case a.Required:
		out = append(out, "**Required.**")
	}
	out = append(out, a.Doc)
	if slices.Contains(b.ExactlyOne, a.Name) {
		var others []string
		for _, n := range b.ExactlyOne {
			if n != a.Name {
				others = append(others, n)
			}
		}
		out = append(out, "Instead of "+list(others)+".")
	}
	if a.Needs != "" {
		out = append(out, "Only with `"+a.Needs+"`.")
	}
	if a.Only != nil {
		out = append(out, "Of "+list(a.Only)+".")
	}
	if len(a.Sees) > 0 {
		out = append(out, sees(a.Sees))
	}
	if a.Default != "" {
		out = append(out, "Default: `"+a.Default+"`.")
	}
	return strings.Join(out, " ")
}

func sees(names []string) string {
	var quoted []string
	for _, n := range names {
		if strings.Contains(n, " ") || n == "functions" {
			quoted = append(quoted, n)
			continue
		}
		quoted = append(quoted, "`"+n+"`")
	}
	return "In reach: " + strings.Join(quoted, ", ") + "."
}

// list joins names as code: `a`, `b` and `c`.
func list(names []string) string {
	quoted := make([]string, len(names))
	for i, n := range names {
		quoted[i] = "`" + n + "`"
	}
	if len(quoted) < 2 {
		return strings.Join(quoted, "")
	}
	last := len(quoted) - 1
	return strings.Join(quoted[:last], ", ") + " and " + quoted[last]
}
