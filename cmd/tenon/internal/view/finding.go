package view

import (
	"fmt"
	"io"
	"path"
	"strings"

	"tenon/spec/diag"
	"tenon/spec/source"
)

// Findings is what a check of a project found, sorted, with the files it points into.
type Findings struct {
	List  diag.List
	Files source.Set
	// Dir leads from the working directory to the project, so that places can be clicked on; "" or "."
	// when it is the working directory.
	Dir string
}

// place is "dir/main.hcl:2:19", or the file alone when it is not at hand.
func (f Findings) place(r source.Range) string {
	name := path.Join(f.Dir, r.File)
	if f.Files[r.File] == nil {
		return clean(name)
	}
	at := f.Files.Position(r)
	return fmt.Sprintf("%s:%d:%d", clean(name), at.Line, at.Column)
}

func (s Style) severity(v diag.Severity) func(string) string {
	switch v {
	case diag.Error:
		return s.Red
	case diag.Warning:
		return s.Yellow
	}
	return s.Blue
}

// Text writes every finding for people: one line that says all, then the author's line, further
// explanation, the other places it is about, and the mend. Notes are left out unless asked for.
func (f Findings) Text(w io.Writer, s Style, notes bool) {
	for _, d := range f.List {
		if d.Severity == diag.Note && !notes {
			continue
		}
		f.finding(w, s, d)
	}
}

func (f Findings) finding(w io.Writer, s Style, d *diag.Diagnostic) {
	paint := s.severity(d.Severity)
	kind := d.Rule.Name
	if d.Severity != diag.Error {
		kind = d.Severity.String() + ": " + kind
	}
	if !d.Range.IsZero() {
		fmt.Fprintf(w, "%s: ", s.Bold(f.place(d.Range)))
	}
	fmt.Fprintf(w, "%s: %s\n", paint(kind), clean(d.Message))
	snippet(w, s, f.Files, d.Range, paint)
	for _, line := range wrap(d.Detail, s.room()-8) {
		if line != "" {
			fmt.Fprintf(w, "        %s\n", line)
		}
	}
	for _, r := range d.Related {
		fmt.Fprintf(w, "        %s: %s\n", s.Bold(f.place(r.Range)), clean(r.Message))
		snippet(w, s, f.Files, r.Range, s.Cyan)
	}
	if m := mend(d, f.Files); m != "" {
		fmt.Fprintf(w, "        %s %s\n", s.Green("mend:"), clean(m))
	}
	fmt.Fprintln(w)
}

// longMend bounds what is shown of a fix.
const longMend = 120

// mend says in words what a finding's fix does; "" where the message says so already, and where it
// would be too long to be read.
func mend(d *diag.Diagnostic, files source.Set) string {
	if d.Fix == nil || strings.Contains(d.Message, "Did you mean") || len(d.Fix.New) > longMend || strings.Contains(d.Fix.New, "\n") {
		return ""
	}
	old := oneLine(files.Text(d.Fix.Range), 60)
	switch text := oneLine(d.Fix.New, longMend); {
	case squeeze(files.Text(d.Fix.Range)) == squeeze(d.Fix.New): // white space alone: nothing to see
		return ""
	case old == "":
		return fmt.Sprintf("add `%s`", text)
	case text == "":
		return fmt.Sprintf("remove `%s`", old)
	default:
		return fmt.Sprintf("replace `%s` by `%s`", old, text)
	}
}

// squeeze is text without its white space.
func squeeze(text string) string { return strings.Join(strings.Fields(text), "") }

// Fixed says in one line what the fix of a finding did to the text that f points into.
func (f Findings) Fixed(w io.Writer, s Style, d *diag.Diagnostic) {
	old, text := oneLine(f.Files.Text(d.Fix.Range), 60), oneLine(d.Fix.New, 60)
	did := fmt.Sprintf("replaced `%s` by `%s`", old, text)
	switch {
	case strings.Contains(d.Fix.New, "\n") || squeeze(old) == squeeze(text):
		did = "rewritten"
	case old == "":
		did = fmt.Sprintf("added `%s`", text)
	case text == "":
		did = fmt.Sprintf("removed `%s`", old)
	}
	fmt.Fprintf(w, "%s: %s %s (%s)\n", s.Bold(f.place(d.Fix.Range)), s.Green("mended:"), clean(did), d.Rule.Name)
}

// Summary counts the findings in one line: "2 errors, 1 warning; 4 notes (--notes shows them)".
func (f Findings) Summary(notesShown bool) string {
	errors, warnings, notes := f.List.Count(diag.Error), f.List.Count(diag.Warning), f.List.Count(diag.Note)
	if len(f.List) == 0 {
		return "no findings"
	}
	text := plural(errors, "error") + ", " + plural(warnings, "warning")
	switch {
	case notes > 0 && notesShown:
		text += ", " + plural(notes, "note")
	case notes > 0:
		text += "; " + plural(notes, "note") + " (--notes shows them)"
	}
	return text
}
