package refdoc

import (
	"maps"
	"slices"
	"strings"

	"tenon/spec/expression"
	"tenon/spec/lang"
)

func functions() string {
	p := newPage("Functions", "What expressions can call, in native HCL notation and inside `expr(\"…\")` alike. A parameter with `?` may be left out, one with `…` may come "+
		"any number of times. An argument that may be absent or null is a finding, unless the function is about just that.")
	p.line("| function | |\n| --- | --- |")
	for _, f := range lang.Functions() {
		summary, _, _ := strings.Cut(f.Doc, ". ")
		p.line("| [`%s`](#%s) | %s |", f.Name, f.Name, cell(strings.TrimSuffix(summary, ".")+"."))
	}
	p.line("")
	for _, group := range groups() {
		p.line("## %s\n", strings.ToUpper(group[:1])+group[1:])
		for _, f := range lang.Functions() {
			if f.Group == group {
				p.function(f)
			}
		}
	}
	return p.text()
}

// groups returns the groups of functions, sorted.
func groups() []string {
	seen := map[string]bool{}
	for _, f := range lang.Functions() {
		seen[f.Group] = true
	}
	return slices.Sorted(maps.Keys(seen))
}

func (p *page) function(f *expression.Function) {
	p.line("### %s\n", f.Name)
	p.line("`%s`\n", f.Signature)
	p.line("%s\n", f.Doc)
	if !f.Pure {
		p.line("What it gives differs from run to run.\n")
	}
	if len(f.Examples) == 0 {
		return
	}
	p.line("| expression | gives |\n| --- | --- |")
	for _, e := range f.Examples {
		p.line("| %s | %s |", codeCell(e.Expr), codeCell(e.Want))
	}
	p.line("")
}

// codeCell writes code into a table's cell.
func codeCell(s string) string {
	s = cell(s)
	if strings.Contains(s, "`") {
		return "`` " + s + " ``"
	}
	return "`" + s + "`"
}
