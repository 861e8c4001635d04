// Package diag is what Tenon says to an author: rules, findings and their order. It does not know
// what is being checked, and it prints nothing.
package diag

import (
	"fmt"
	"sort"
	"strconv"
	"strings"

	"tenon/spec/source"
)

// Severity says how much a finding matters. The zero Severity is Error.
type Severity uint8

const (
	Error   Severity = iota // it cannot work
	Warning                 // the specs say that it can go wrong
	Note                    // the specs merely do not rule it out
)

func (s Severity) String() string { return [...]string{"error", "warning", "note"}[s] }

// MarshalText writes "error", "warning" or "note".
func (s Severity) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// Rule is one kind of finding. It is declared once, as a package-level value; lint, explain and the
// reference are all read from it.
type Rule struct {
	Name     string   // stable, kebab-case: "unknown-attribute"
	Severity Severity // of most of its findings; a Diagnostic may differ
	Title    string   // fixed words, no names: "Unknown attribute"
	Explain  string   // what it means and what to do, in Markdown
	On       string   // the command that reports it; "": `tenon lint`, and all that check a project

	// Bad and Good are projects, as txtar archives or, without a file header, as one main.hcl.
	// Linting Bad yields this rule and no other; linting Good yields nothing but notes.
	// The files of lang.ExampleFiles are there beside them, so examples can name real specs.
	Bad, Good string
}

// Diagnostic is one finding. Message is one line that says what is wrong in the author's names, and
// ends with the mend where it is short. Detail, if any, has further full sentences: what was expected
// and why, and how to mend it. Neither ever contains a value that may be secret.
type Diagnostic struct {
	Rule     *Rule
	Severity Severity
	Range    source.Range
	Message  string
	Detail   string
	Related  []Related
	Fix      *Edit
}

// Related points at the other side of a finding: the schema line, the first definition.
type Related struct {
	Range   source.Range
	Message string
}

// Edit replaces the text of Range by New. It is machine-applicable: applying it mends the finding.
type Edit struct {
	Range source.Range
	New   string
}

// List collects findings. The zero List is empty and ready.
type List []*Diagnostic

// Add appends a finding with the rule's severity and returns it for refinement.
func (l *List) Add(rule *Rule, at source.Range, format string, args ...any) *Diagnostic {
	d := &Diagnostic{Rule: rule, Severity: rule.Severity, Range: at, Message: fmt.Sprintf(format, args...)}
	*l = append(*l, d)
	return d
}

// Append adds all of other.
func (l *List) Append(other List) { *l = append(*l, other...) }

// Relate adds a place to d and returns d. A zero range is left out.
func (d *Diagnostic) Relate(at source.Range, format string, args ...any) *Diagnostic {
	if !at.IsZero() {
		d.Related = append(d.Related, Related{at, fmt.Sprintf(format, args...)})
	}
	return d
}

// Suggest appends `Did you mean "near"?` and a fix replacing d's range by replacement, when near is
// not empty. It returns d.
func (d *Diagnostic) Suggest(near, replacement string) *Diagnostic {
	if near != "" {
		d.Message += fmt.Sprintf(" Did you mean %q?", near)
		d.Fix = &Edit{Range: d.Range, New: replacement}
	}
	return d
}

// Wonder appends `Did you mean "a" or "b"?` when several candidates are equally near to name: there is
// no telling which, so there is no fix. It returns d.
func (d *Diagnostic) Wonder(name string, candidates []string) *Diagnostic {
	if near := Near(name, candidates); len(near) == 2 || len(near) == 3 {
		for i, n := range near {
			near[i] = strconv.Quote(n)
		}
		last := len(near) - 1
		d.Message += fmt.Sprintf(" Did you mean %s or %s?", strings.Join(near[:last], ", "), near[last])
	}
	return d
}

// Explain sets the Detail and returns d.
func (d *Diagnostic) Explain(format string, args ...any) *Diagnostic {
	d.Detail = fmt.Sprintf(format, args...)
	return d
}

// HasErrors reports whether any finding is an error.
func (l List) HasErrors() bool { return l.Count(Error) > 0 }

// Count returns how many findings have the severity.
func (l List) Count(s Severity) int {
	n := 0
	for _, d := range l {
		if d.Severity == s {
			n++
		}
	}
	return n
}

// Sort orders findings by file, place, severity and rule, and drops exact repeats. It is called
// once, where findings are shown.
func (l *List) Sort() {
	s := *l
	sort.SliceStable(s, func(i, j int) bool { return less(s[i], s[j]) })
	out := s[:0]
	for i, d := range s {
		if i > 0 && out[len(out)-1].same(d) {
			continue
		}
		out = append(out, d)
	}
	*l = out
}

func (d *Diagnostic) same(o *Diagnostic) bool {
	return d.Rule == o.Rule && d.Range == o.Range && d.Message == o.Message
}

func less(a, b *Diagnostic) bool {
	switch {
	case a.Range.File != b.Range.File:
		return a.Range.File < b.Range.File
	case a.Range.Start != b.Range.Start:
		return a.Range.Start < b.Range.Start
	case a.Severity != b.Severity:
		return a.Severity < b.Severity
	case a.Rule.Name != b.Rule.Name:
		return a.Rule.Name < b.Rule.Name
	}
	return a.Message < b.Message
}
