package refdoc

import "tenon/spec/lang"

func rules() string {
	p := newPage("Rules", "What `tenon lint` can find. An error cannot work; a warning is something that the specs say can go wrong; a note is something that they "+
		"merely do not rule out (`--notes` lists them). `tenon explain RULE` tells the same on the command line.\n\n"+
		"A warning or note is hidden by a comment with a reason, on its own line or the line above: `# tenon:ignore RULE reason`.\n\n"+
		"Examples may name [these specs](../../spec/lang/examples/openapi).")
	p.line("| rule | | |\n| --- | --- | --- |")
	for _, r := range lang.Rules() {
		p.line("| [`%s`](#%s) | %s | %s |", r.Name, r.Name, r.Severity, cell(r.Title))
	}
	p.line("")
	for _, r := range lang.Rules() {
		p.line("## %s\n", r.Name)
		p.line("%s (%s). %s\n", r.Title, r.Severity, r.Explain)
		p.line("Found in:\n")
		p.code(r.Bad)
		p.line("Mended:\n")
		p.code(r.Good)
	}
	return p.text()
}
