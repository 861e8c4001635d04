package view

import (
	"bytes"
	"strings"
	"testing"

	"tenon/spec/diag"
	"tenon/spec/source"
)

var rule = &diag.Rule{Name: "some-rule", Title: "Some rule"}

// place is the range of text in src.
func place(t *testing.T, name, src, text string) source.Range {
	t.Helper()
	at := strings.Index(src, text)
	if at < 0 {
		t.Fatalf("%q is not in the source", text)
	}
	return source.Range{File: name, Start: at, End: at + len(text)}
}

func show(f Findings, notes bool) string {
	var w bytes.Buffer
	f.Text(&w, Style{}, notes)
	return w.String()
}

func TestFindingShowsLineCaretsAndOtherPlaces(t *testing.T) {
	main := "step \"a\" {\n\tnäme\t= wrong\n}\n"
	spec := "type: object\nrequired: [email]\n"
	var list diag.List
	d := list.Add(rule, place(t, "main.hcl", main, "wrong"), "%q is wrong.", "wrong")
	d.Explain("It was expected to be right.").Relate(place(t, "spec.yaml", spec, "email"), "required here")
	d.Fix = &diag.Edit{Range: d.Range, New: "right"}
	got := show(Findings{List: list, Dir: "shop", Files: source.Set{
		"main.hcl":  source.NewFile("main.hcl", []byte(main)),
		"spec.yaml": source.NewFile("spec.yaml", []byte(spec)),
	}}, false)
	want := "shop/main.hcl:2:9: some-rule: \"wrong\" is wrong.\n" +
		"    2 | \tnäme\t= wrong\n" +
		"      | \t    \t  ^^^^^\n" +
		"        It was expected to be right.\n" +
		"        shop/spec.yaml:2:12: required here\n" +
		"    2 | required: [email]\n" +
		"      |            ^^^^^\n" +
		"        mend: replace `wrong` by `right`\n\n"
	if got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

func TestFindingInAMinifiedDocumentStaysShort(t *testing.T) {
	src := `{"a":"` + strings.Repeat("ä", 1<<20) + `","here":1,"b":"` + strings.Repeat("y", 1<<20) + `"}`
	var list diag.List
	list.Add(rule, place(t, "x.json", src, `"here"`), "It is here.")
	got := show(Findings{List: list, Files: source.Set{"x.json": source.NewFile("x.json", []byte(src))}}, false)
	if len(got) > 500 || !strings.Contains(got, `ä","here":1`) {
		t.Fatalf("%d bytes: %.600s", len(got), got)
	}
	lines := strings.Split(got, "\n")
	text, carets := []rune(lines[1]), []rune(lines[2])
	at := strings.IndexRune(string(carets), '^')
	if from := len([]rune(string(carets)[:at])); string(text[from:from+6]) != `"here"` {
		t.Errorf("the carets do not stand under it:\n%s", got)
	}
}

func TestFindingsOfEachSeverity(t *testing.T) {
	src := "a\n"
	at := place(t, "m.hcl", src, "a")
	var list diag.List
	list.Add(rule, at, "one")
	list.Add(rule, at, "two").Severity = diag.Warning
	list.Add(rule, at, "three").Severity = diag.Note
	list.Add(rule, source.Range{}, "nowhere")
	f := Findings{List: list, Files: source.Set{"m.hcl": source.NewFile("m.hcl", []byte(src))}}
	for _, c := range []struct {
		notes   bool
		want    []string
		not     string
		summary string
	}{
		{false, []string{"m.hcl:1:1: some-rule: one", "m.hcl:1:1: warning: some-rule: two", "\nsome-rule: nowhere"}, "three", "2 errors, 1 warning; 1 note (--notes shows them)"},
		{true, []string{"m.hcl:1:1: note: some-rule: three"}, "\x00", "2 errors, 1 warning, 1 note"},
	} {
		got := show(f, c.notes)
		for _, want := range c.want {
			if !strings.Contains(got, want) {
				t.Errorf("notes %v: %q is not in\n%s", c.notes, want, got)
			}
		}
		if strings.Contains(got, c.not) {
			t.Errorf("notes %v: %q is in\n%s", c.notes, c.not, got)
		}
		if got := f.Summary(c.notes); got != c.summary {
			t.Errorf("got %q, want %q", got, c.summary)
		}
	}
	if got := (Findings{}).Summary(false); got != "no findings" {
		t.Errorf("got %q", got)
	}
}

// A document must not be able to steer the terminal of who lints it.
func TestTextFromOutsideCannotSteerTheTerminal(t *testing.T) {
	src := "x = \"\x1b]0;owned\x07\u202e\"\n"
	var list diag.List
	list.Add(rule, source.Range{File: "m.hcl", Start: 0, End: 1}, "bad \x1b[2J name").Relate(source.Range{File: "\x1b[31m", Start: 0}, "\x9b31m")
	got := show(Findings{List: list, Files: source.Set{"m.hcl": source.NewFile("m.hcl", []byte(src))}}, false)
	for _, r := range got {
		if r != '\n' && r != '\t' && (r < ' ' || r == 0x7f || r >= 0x80 && r < 0xa0 || r == 0x202e) {
			t.Fatalf("%U gets through in %q", r, got)
		}
	}
}

func TestGitHubEscapes(t *testing.T) {
	src := "a\n"
	var list diag.List
	list.Add(rule, place(t, "m,1.hcl", "a", "a"), "100%% bad").Explain("first\nsecond")
	var w bytes.Buffer
	Findings{List: list, Files: source.Set{"m,1.hcl": source.NewFile("m,1.hcl", []byte(src))}}.GitHub(&w, false)
	want := "::error file=m%2C1.hcl,line=1,endLine=1,col=1,endColumn=2,title=some-rule::100%25 bad%0Afirst%0Asecond\n"
	if got := w.String(); got != want {
		t.Errorf("got  %q\nwant %q", got, want)
	}
}
