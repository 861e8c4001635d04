// Package refdoc renders the vocabulary of spec/lang as the reference, in Markdown. The same
// vocabulary gives the same bytes.
package refdoc

import (
	"fmt"
	"strings"
)

// Page is one file of the reference.
type Page struct {
	Name string // "blocks.md"
	Text string
}

// Reference returns all pages.
func Reference() []Page {
	return []Page{
		{"blocks.md", blocks()},
		{"functions.md", functions()},
		{"rules.md", rules()},
	}
}

// page collects Markdown.
type page struct{ strings.Builder }

func newPage(title, intro string) *page {
	p := &page{}
	p.line("# %s\n", title)
	p.line("<!-- Generated from the declarations in spec/; go test ./spec/refdoc -update -->\n")
	p.line("%s\n", intro)
	return p
}

func (p *page) line(format string, args ...any) {
	fmt.Fprintf(p, format+"\n", args...)
}

// code writes a fenced block. What has file headers is no HCL.
func (p *page) code(text string) {
	language := "hcl"
	if strings.HasPrefix(text, "-- ") {
		language = "text"
	}
	p.line("```%s\n%s\n```\n", language, strings.TrimRight(text, "\n"))
}

// text returns the page with one line end at its end.
func (p *page) text() string { return strings.TrimRight(p.String(), "\n") + "\n" }

// cell makes Markdown fit into a table's cell.
func cell(s string) string {
	return strings.NewReplacer("|", `\|`, "\n", " ").Replace(s)
}
