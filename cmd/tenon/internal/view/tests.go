package view

import (
	"encoding/json"
	"fmt"
	"io"
	"path"
	"strings"
	"time"
	"unicode/utf8"

	"tenon/runtime/event"
	"tenon/runtime/trial"
	"tenon/spec/diag"
	"tenon/spec/source"
	"tenon/spec/types"
)

// TestVersion is the version of the shape of [Tests] (schemas/test.schema.json).
const TestVersion = 1

// Tests is how tests went.
type Tests struct {
	Reports  []*trial.Report
	Coverage *trial.Coverage // nil: it was not asked for
	Untested Findings        // of the coverage
	Files    source.Set
	Dir      string // as in [Findings]
	Took     time.Duration
}

func (t Tests) findings() Findings { return Findings{Files: t.Files, Dir: t.Dir} }

// Passed counts the tests that passed.
func (t Tests) Passed() (n int) {
	for _, r := range t.Reports {
		if r.Passed() {
			n++
		}
	}
	return n
}

// Text writes a line for each test, and below it what is wrong. With quiet only tests that failed are there.
func (t Tests) Text(w io.Writer, s Style, quiet bool) {
	width := 0
	for _, r := range t.Reports {
		width = max(width, min(60, utf8.RuneCountInString(oneLine(r.Test.Name, 200))))
	}
	for _, r := range t.Reports {
		if r.Passed() && quiet {
			continue
		}
		word := s.Green("ok  ")
		if !r.Passed() {
			word = s.Red("FAIL")
		}
		fmt.Fprintf(w, "%s  %s  %s\n", word, pad(oneLine(r.Test.Name, 200), width), s.Dim(millis(r.Took)))
		for _, p := range r.Problems {
			t.problem(w, s, p)
		}
	}
	if c := t.Coverage; c != nil {
		t.Untested.Text(w, s, false)
		fmt.Fprintf(w, "%d %% of steps, loops, catches, cases, undos and recovers were reached: %s of %s\n", c.Percent(), count(c.Reached), count(len(c.Points)))
	}
}

// Summary counts the tests in one line.
func (t Tests) Summary() string {
	failed := len(t.Reports) - t.Passed()
	if failed == 0 {
		return fmt.Sprintf("%s passed, in %s", plural(len(t.Reports), "test"), millis(t.Took))
	}
	return fmt.Sprintf("%s: %s passed, %s failed, in %s", plural(len(t.Reports), "test"), count(t.Passed()), count(failed), millis(t.Took))
}

// millis is how long something took, as far as anybody wants to know.
func millis(d time.Duration) string {
	switch {
	case d < 10*time.Millisecond:
		return d.Round(100 * time.Microsecond).String()
	case d < 10*time.Second:
		return d.Round(time.Millisecond).String()
	}
	return d.Round(100 * time.Millisecond).String()
}

// problem writes one thing that is wrong.
func (t Tests) problem(w io.Writer, s Style, p trial.Problem) {
	if p.Failure != nil && p.Kind == trial.RunFailed {
		var text strings.Builder
		Failure(&text, s, p.Failure, t.Files, t.Dir)
		indent(w, text.String())
		return
	}
	var text strings.Builder
	fmt.Fprintf(&text, "%s: %s\n", s.Bold(t.findings().place(p.Range)), s.Red(clean(p.Message)))
	snippet(&text, s, t.Files, p.Range, s.Red)
	for _, line := range wrap(p.Detail, s.room()-10) {
		if line != "" {
			fmt.Fprintf(&text, "        %s\n", line)
		}
	}
	for _, d := range p.Differences {
		if len(p.Differences) > 1 || p.Message != d.String() {
			fmt.Fprintf(&text, "        %s\n", clean(d.String()))
		}
	}
	for _, o := range t.observed(p) {
		fmt.Fprintf(&text, "        %s = %s\n", o.Source, o.text())
	}
	if p.Failure != nil {
		Failure(&text, s, p.Failure, t.Files, t.Dir)
	}
	indent(w, text.String())
}

func indent(w io.Writer, text string) {
	for line := range strings.Lines(text) {
		fmt.Fprint(w, "  "+line)
	}
}

type testsJSON struct {
	Version  int           `json:"version"`
	Tests    []testJSON    `json:"tests"`
	Passed   int           `json:"passed"`
	Failed   int           `json:"failed"`
	Took     event.Millis  `json:"took_ms"`
	Coverage *coverageJSON `json:"coverage,omitempty"`
}

type testJSON struct {
	Name        string           `json:"name"`
	Integration string           `json:"integration"`
	File        string           `json:"file"`
	Start       *source.Position `json:"start,omitempty"`
	Passed      bool             `json:"passed"`
	Took        event.Millis     `json:"took_ms"`
	Requests    int              `json:"requests"`
	Problems    []problemJSON    `json:"problems,omitempty"`
}

type problemJSON struct {
	Kind        trial.Kind         `json:"kind"`
	Message     string             `json:"message"`
	Detail      string             `json:"detail,omitempty"`
	File        string             `json:"file,omitempty"`
	Start       *source.Position   `json:"start,omitempty"`
	End         *source.Position   `json:"end,omitempty"`
	Differences []trial.Difference `json:"differences,omitempty"`
	Observed    []observedJSON     `json:"observed,omitempty"`
	Error       *failureJSON       `json:"error,omitempty"`
}

type observedJSON struct {
	Source string          `json:"source"`
	Value  json.RawMessage `json:"value,omitempty"` // none: absent
}

// text is the value on one line.
func (o observedJSON) text() string {
	if o.Value == nil {
		return "(absent)"
	}
	return oneLine(string(o.Value), 400)
}

type coverageJSON struct {
	Percent int             `json:"percent"`
	Reached int             `json:"reached"`
	Points  []coveragePoint `json:"points"`
}

type coveragePoint struct {
	Integration string           `json:"integration"`
	Kind        string           `json:"kind"`
	Name        string           `json:"name"`
	File        string           `json:"file"`
	Start       *source.Position `json:"start,omitempty"`
	Reached     bool             `json:"reached"`
}

// observed is the parts of a condition and their values. Text on several lines becomes one.
func (t Tests) observed(p trial.Problem) []observedJSON {
	var out []observedJSON
	for _, o := range p.Observed {
		x := observedJSON{Source: oneLine(t.Files.Text(o.Range), 120)}
		if !types.IsMissing(o.Value) {
			if text, err := types.AppendJSON(nil, o.Value); err == nil {
				x.Value = text
			} else {
				x.Value, _ = json.Marshal(types.Shapeof(o.Value))
			}
		}
		out = append(out, x)
	}
	return out
}

// JSON writes all as one object.
func (t Tests) JSON(w io.Writer) error {
	out := testsJSON{Version: TestVersion, Tests: []testJSON{}, Passed: t.Passed(), Failed: len(t.Reports) - t.Passed(), Took: event.Millis(t.Took)}
	for _, r := range t.Reports {
		start, _ := t.findings().ends(r.Test.Range)
		x := testJSON{Name: r.Test.Name, Integration: r.Test.Integration, File: r.Test.Range.File, Start: start, Passed: r.Passed(), Took: event.Millis(r.Took), Requests: r.Requests}
		for _, p := range r.Problems {
			x.Problems = append(x.Problems, t.problemJSON(p))
		}
		out.Tests = append(out.Tests, x)
	}
	if c := t.Coverage; c != nil {
		out.Coverage = &coverageJSON{Percent: c.Percent(), Reached: c.Reached, Points: []coveragePoint{}}
		for _, p := range c.Points {
			start, _ := t.findings().ends(p.Range)
			out.Coverage.Points = append(out.Coverage.Points, coveragePoint{p.Integration, p.Kind, p.Name, p.Range.File, start, p.Reached})
		}
	}
	return JSON(w, out)
}

func (t Tests) problemJSON(p trial.Problem) problemJSON {
	out := problemJSON{Kind: p.Kind, Message: p.Message, Detail: p.Detail, File: p.Range.File, Differences: p.Differences, Observed: t.observed(p)}
	out.Start, out.End = t.findings().ends(p.Range)
	if f := p.Failure; f != nil {
		start, end := t.findings().ends(f.Range)
		out.Error = &failureJSON{f.Kind, f.Step, f.Item, f.Message, f.Detail, f.Range.File, start, end, f.Request, f.Response, f.Attempts, f.InDoubt, f.Key}
	}
	return out
}

// JUnit writes the tests in the XML that CI systems read: a suite for each file.
func (t Tests) JUnit(w io.Writer) error {
	report := junitReport{Name: "tenon test"}
	for _, r := range t.Reports {
		name := clean(path.Join(t.Dir, r.Test.Range.File))
		if n := len(report.Suites); n == 0 || report.Suites[n-1].Name != name {
			report.Suites = append(report.Suites, junitSuite{Name: name})
		}
		suite := &report.Suites[len(report.Suites)-1]
		c := junitCase{Class: name, Name: clean(r.Test.Name), Time: fmt.Sprintf("%.3f", r.Took.Seconds())}
		report.Tests++
		if suite.Tests++; !r.Passed() {
			var text strings.Builder
			for _, p := range r.Problems {
				t.problem(&text, Style{}, p)
			}
			c.Failure = &junitFailure{clean(r.Problems[0].Message), string(r.Problems[0].Kind), text.String()}
			report.Failures++
			suite.Failures++
		}
		suite.Cases = append(suite.Cases, c)
	}
	return writeJUnit(w, report)
}

// UntestedFindings are what no test reached, as lint would say it.
func UntestedFindings(c *trial.Coverage, rule *diag.Rule) diag.List {
	var out diag.List
	for _, p := range c.Points {
		if p.Reached {
			continue
		}
		out.Add(rule, p.Range, "No test reaches %s.", p.Name)
	}
	return out
}
