package check

import (
	"testing"

	"tenon/spec/syntax"
)

func TestFormatting(t *testing.T) {
	for _, c := range []struct{ src, at string }{
		{"x = 1\n", ""},
		{"x=1\n", "="},
		{"a {\n  x = 1\n}\nb {\n   y = 1\n}", "b {"},
		{"x = 1", ""},
		{"x = ", ""},
		{"x = 1\n\n\n\n", ""},
		{"é = 1\ny  = 1\n", " "},
		{"a {\r\n  x=1\r\n}\r\n", "="},
	} {
		f, _ := syntax.Parse("main.hcl", []byte(c.src))
		got := Formatting([]*syntax.File{f})
		if c.at == "" && len(got) == 0 {
			continue
		}
		if len(got) != 1 {
			t.Errorf("%q: %d findings, want one at %q", c.src, len(got), c.at)
			continue
		}
		if at := f.Source.Text(got[0].Range); at != c.at {
			t.Errorf("%q: stands at %q, want %q", c.src, at, c.at)
		}
		fixed := c.src[:got[0].Fix.Range.Start] + got[0].Fix.New + c.src[got[0].Fix.Range.End:]
		if want, _ := syntax.Format("main.hcl", []byte(c.src)); fixed != string(want) {
			t.Errorf("%q: fixed to %q, want %q", c.src, fixed, want)
		}
	}
}
