package view

import (
	"encoding/xml"
	"fmt"
	"io"
	"maps"
	"path"
	"slices"
	"strings"

	"tenon/spec/diag"
)

type (
	junitReport struct {
		XMLName  xml.Name     `xml:"testsuites"`
		Name     string       `xml:"name,attr"`
		Tests    int          `xml:"tests,attr"`
		Failures int          `xml:"failures,attr"`
		Suites   []junitSuite `xml:"testsuite"`
	}
	junitSuite struct {
		Name     string      `xml:"name,attr"`
		Tests    int         `xml:"tests,attr"`
		Failures int         `xml:"failures,attr"`
		Errors   int         `xml:"errors,attr"`
		Skipped  int         `xml:"skipped,attr"`
		Cases    []junitCase `xml:"testcase"`
	}
	junitCase struct {
		Class   string        `xml:"classname,attr"`
		Name    string        `xml:"name,attr"`
		Time    string        `xml:"time,attr,omitempty"` // seconds
		Failure *junitFailure `xml:"failure"`
		Output  string        `xml:"system-out,omitempty"`
	}
	junitFailure struct {
		Message string `xml:"message,attr"`
		Type    string `xml:"type,attr"`
		Text    string `xml:",chardata"`
	}
)

// JUnit writes the findings in the XML that CI systems read as test results: each file is a suite, and
// each rule found in it a test, which fails if one of the findings is an error; what is no error is the
// output of a test that passes. A file without findings is one test that passes.
func (f Findings) JUnit(w io.Writer, notes bool) error {
	byFile := map[string]map[string]diag.List{}
	for name := range f.Files {
		if strings.HasSuffix(name, ".hcl") {
			byFile[name] = map[string]diag.List{}
		}
	}
	for _, d := range f.List {
		if d.Severity == diag.Note && !notes {
			continue
		}
		if byFile[d.Range.File] == nil {
			byFile[d.Range.File] = map[string]diag.List{}
		}
		byFile[d.Range.File][d.Rule.Name] = append(byFile[d.Range.File][d.Rule.Name], d)
	}
	report := junitReport{Name: "tenon lint"}
	for _, name := range slices.Sorted(maps.Keys(byFile)) {
		s := f.junitSuite(path.Join(f.Dir, name), byFile[name])
		report.Tests += s.Tests
		report.Failures += s.Failures
		report.Suites = append(report.Suites, s)
	}
	return writeJUnit(w, report)
}

func writeJUnit(w io.Writer, report junitReport) error {
	if _, err := io.WriteString(w, xml.Header); err != nil {
		return err
	}
	enc := xml.NewEncoder(w)
	enc.Indent("", "  ")
	if err := enc.Encode(report); err != nil {
		return err
	}
	_, err := io.WriteString(w, "\n")
	return err
}

func (f Findings) junitSuite(name string, byRule map[string]diag.List) junitSuite {
	s := junitSuite{Name: clean(name)}
	for _, rule := range slices.Sorted(maps.Keys(byRule)) {
		s.Cases = append(s.Cases, f.junitCase(s.Name, rule, byRule[rule]))
	}
	if len(s.Cases) == 0 {
		s.Cases = []junitCase{{Class: s.Name, Name: "lint"}}
	}
	s.Tests = len(s.Cases)
	for _, c := range s.Cases {
		if c.Failure != nil {
			s.Failures++
		}
	}
	return s
}

func (f Findings) junitCase(suite, rule string, findings diag.List) junitCase {
	var text strings.Builder
	first := findings[0]
	for _, d := range findings {
		if d.Severity < first.Severity {
			first = d
		}
		fmt.Fprintf(&text, "%s: %s: %s\n", f.place(d.Range), d.Severity, clean(d.Message))
		for _, line := range append(wrap(d.Detail, 0), relatedLines(f, d)...) {
			if line != "" {
				fmt.Fprintf(&text, "    %s\n", line)
			}
		}
	}
	c := junitCase{Class: suite, Name: rule}
	if findings.HasErrors() {
		c.Failure = &junitFailure{clean(first.Message), rule, text.String()}
	} else {
		c.Output = text.String()
	}
	return c
}

func relatedLines(f Findings, d *diag.Diagnostic) []string {
	var out []string
	for _, r := range d.Related {
		out = append(out, f.place(r.Range)+": "+clean(r.Message))
	}
	return out
}
