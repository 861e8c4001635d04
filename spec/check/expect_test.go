package check

import (
	"bytes"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"tenon/spec/diag"
	"tenon/spec/source"
	"tenon/spec/syntax"
)

// Expected findings stand in the files under test, as comments just after the text that is wrong:
//
//	call = shop.lsitOrders /* ERROR "no operation .* Did you mean" */
//
// The finding's range must end where the text before the comment ends, a closing bracket left out:
// the inside of brackets cannot hold the comment. Several comments in a row
// speak of the same place. ERROR, WARNING and NOTE give the severity; the regular expression (a Go
// string literal, double- or backquoted) is matched against `rule: message`.

// expectation is one such comment.
type expectation struct {
	place    source.Range // empty, at the end of the text that is wrong
	severity diag.Severity
	pattern  *regexp.Regexp
	met      bool
}

var expectComment = regexp.MustCompile("^/\\*\\s*(ERROR|WARNING|NOTE)\\s+(\"(?:[^\"\\\\]|\\\\.)*\"|`[^`]*`)\\s*\\*/$")

func expectations(t *testing.T, f *syntax.File) []*expectation {
	t.Helper()
	var out []*expectation
	for _, c := range f.Comments {
		if !strings.HasPrefix(c.Text, "/*") {
			continue
		}
		m := expectComment.FindStringSubmatch(c.Text)
		if m == nil {
			t.Errorf("%s: not an expectation: %s", at(f.Source, c.Range.Start), c.Text)
			continue
		}
		pattern, err := strconv.Unquote(m[2])
		if err != nil {
			t.Errorf("%s: %s: %v", at(f.Source, c.Range.Start), m[2], err)
			continue
		}
		severity := map[string]diag.Severity{"ERROR": diag.Error, "WARNING": diag.Warning, "NOTE": diag.Note}[m[1]]
		end := textBefore(f, c.Range.Start)
		out = append(out, &expectation{
			place: source.Range{File: f.Source.Name, Start: end, End: end}, severity: severity, pattern: regexp.MustCompile(pattern),
		})
	}
	return out
}

// textBefore returns the end of the text before offset, spaces and comments left out.
func textBefore(f *syntax.File, offset int) int {
	for {
		offset = len(bytes.TrimRight(f.Source.Src[:offset], " \t\r\n"))
		i := slices.IndexFunc(f.Comments, func(c syntax.Comment) bool { return c.Range.End == offset })
		if i < 0 {
			return offset
		}
		offset = f.Comments[i].Range.Start
	}
}

func at(f *source.File, offset int) string {
	p := f.Position(offset)
	return f.Name + ":" + strconv.Itoa(p.Line) + ":" + strconv.Itoa(p.Column)
}

// expect compares findings with the comments in the files. Findings that nobody expects, and
// expectations that nothing meets, fail the test. Notes need no expectation in a file that has none of them.
func expect(t *testing.T, files []*syntax.File, got diag.List) {
	t.Helper()
	sources := source.Set{}
	var want []*expectation
	notes := map[string]bool{}
	for _, f := range files {
		sources[f.Source.Name] = f.Source
		for _, e := range expectations(t, f) {
			want = append(want, e)
			notes[f.Source.Name] = notes[f.Source.Name] || e.severity == diag.Note
		}
	}
	got = slices.Clone(got)
	got.Sort()
	for _, d := range got {
		text := d.Rule.Name + ": " + d.Message
		i := slices.IndexFunc(want, func(e *expectation) bool {
			return !e.met && e.severity == d.Severity && e.place.File == d.Range.File && endsAt(sources, d.Range, e.place.End) && e.pattern.MatchString(text)
		})
		if i >= 0 {
			want[i].met = true
			continue
		}
		if d.Severity == diag.Note && !notes[d.Range.File] {
			continue
		}
		place := d.Range.File
		if f := sources[d.Range.File]; f != nil {
			place = at(f, d.Range.Start) + " to " + at(f, d.Range.End)
		}
		t.Errorf("%s: unexpected %s: %s", place, d.Severity, text)
	}
	for _, e := range want {
		if !e.met {
			t.Errorf("%s: no %s that matches %q", at(sources[e.place.File], e.place.End), e.severity, e.pattern)
		}
	}
}

// endsAt reports whether a range ends at an offset, or just before a bracket that ends there.
func endsAt(files source.Set, r source.Range, end int) bool {
	f := files[r.File]
	return r.End == end || r.End == end-1 && f != nil && f.Src[r.End] == ']'
}
