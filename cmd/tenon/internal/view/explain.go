package view

import (
	"fmt"
	"io"
	"strings"

	"tenon/spec/diag"
	"tenon/spec/expression"
	"tenon/spec/lang"
)

// Rule writes what a rule means, with an example that trips it and the mended one.
func Rule(w io.Writer, s Style, r *diag.Rule) {
	fmt.Fprintf(w, "%s (%s)  %s\n\n", s.Bold(r.Name), s.severity(r.Severity)(r.Severity.String()), r.Title)
	paragraphs(w, s, r.Explain)
	if r.Bad != "" {
		fmt.Fprintf(w, "\n%s\n", s.Red("Trips it:"))
		code(w, r.Bad)
	}
	if r.Good != "" {
		fmt.Fprintf(w, "\n%s\n", s.Green("Does not:"))
		code(w, r.Good)
	}
}

// Block writes what a type of block is for and what may stand in it.
func Block(w io.Writer, s Style, b *lang.Block) {
	header := b.Name
	for _, l := range b.Labels {
		header += fmt.Sprintf(" %q", strings.ToUpper(l.Name))
	}
	fmt.Fprintf(w, "%s  block\n\n", s.Bold(header+" { … }"))
	paragraphs(w, s, b.Doc)
	if len(b.Attrs) > 0 {
		fmt.Fprintf(w, "\n%s\n", s.Bold("Attributes"))
	}
	width := 0
	for _, name := range b.AttrNames() {
		width = max(width, len(name))
	}
	for _, a := range b.Attrs {
		fmt.Fprintf(w, "  %s  %s\n", s.Cyan(pad(a.Name, width)), about(a))
		for _, line := range wrap(a.Doc, max(0, s.Width-width-4)) {
			fmt.Fprintf(w, "  %s  %s\n", pad("", width), s.Dim(line))
		}
	}
	if len(b.Blocks) > 0 {
		Words(w, s, "Blocks inside", b.BlockNames())
	}
	if b.Example != "" {
		fmt.Fprintf(w, "\n%s\n", s.Bold("Example"))
		code(w, b.Example)
	}
}

// about says in short what is written for an attribute.
func about(a *lang.Attr) string {
	text := a.Kind.Phrase()
	if len(a.Choices) > 0 {
		text = strings.Join(a.Choices, " | ")
	}
	switch {
	case a.Unless != "":
		text += ", required without " + a.Unless + " blocks"
	case a.Required:
		text += ", required"
	case a.Default != "":
		text += ", default " + a.Default
	}
	return text
}

// Function writes what a function does, with examples.
func Function(w io.Writer, s Style, f *expression.Function) {
	fmt.Fprintf(w, "%s  function\n\n", s.Bold(f.Signature))
	paragraphs(w, s, f.Doc)
	if len(f.Examples) == 0 {
		return
	}
	fmt.Fprintf(w, "\n%s\n", s.Bold("Examples"))
	for _, x := range f.Examples {
		fmt.Fprintf(w, "  %s → %s\n", x.Expr, x.Want)
	}
}

// Words writes a titled list of short names.
func Words(w io.Writer, s Style, title string, words []string) {
	width := s.Width
	if width == 0 {
		width = 80
	}
	fmt.Fprintf(w, "\n%s\n", s.Bold(title))
	for _, line := range wrap(strings.Join(words, ", "), width-2) {
		fmt.Fprintf(w, "  %s\n", line)
	}
}

// paragraphs writes Markdown text as it is, wrapped.
func paragraphs(w io.Writer, s Style, text string) {
	width := s.Width
	if width == 0 || width > 88 {
		width = 88
	}
	for _, line := range wrap(strings.TrimSpace(text), width) {
		fmt.Fprintln(w, line)
	}
}

func code(w io.Writer, text string) {
	for _, line := range strings.Split(strings.Trim(text, "\n"), "\n") {
		fmt.Fprintln(w, strings.TrimRight("  "+line, " "))
	}
}
