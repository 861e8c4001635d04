package check

import (
	"strings"
	"testing"

	"tenon/spec/diag"
	"tenon/spec/lang"
	"tenon/spec/source"
	"tenon/spec/syntax"
)

func TestIgnore(t *testing.T) {
	rule := lang.IgnoreUnused // any rule that is known
	for _, c := range []struct {
		name, src string
		severity  diag.Severity
		want      string // messages left, in order, shortened
	}{
		{"line above", "# tenon:ignore ignore-unused old data\nx = 1\n", diag.Warning, ""},
		{"same line", "x = 1 // tenon:ignore ignore-unused old data\n", diag.Warning, ""},
		{"block comment", "x = 1 /* tenon:ignore ignore-unused old data */\n", diag.Note, ""},
		{"above other comments", "# tenon:ignore ignore-unused old data\n# about x\nx = 1\n", diag.Warning, ""},
		{"two above", "# tenon:ignore ignore-unused old\n# tenon:ignore syntax old\nx = 1\n", diag.Warning, "no finding of syntax"},
		{"no reason", "# tenon:ignore ignore-unused\nx = 1\n", diag.Warning, "no reason; found"},
		{"no rule", "# tenon:ignore\nx = 1\n", diag.Warning, "no rule; found"},
		{"unknown rule", "# tenon:ignore ignore-unusde old data\nx = 1\n", diag.Warning, `Did you mean "ignore-unused"?; found`},
		{"other rule", "# tenon:ignore syntax old data\nx = 1\n", diag.Warning, "found; no finding of syntax"},
		{"too far away", "# tenon:ignore ignore-unused old data\n\nx = 1\n", diag.Warning, "found; no finding of ignore-unused"},
		{"an error", "# tenon:ignore ignore-unused old data\nx = 1\n", diag.Error, "found; Errors cannot be ignored"},
		{"another error hides what is unused", "# tenon:ignore syntax old data\nx = 1\n", diag.Error, "found"},
		{"not ours", "# tenon: ignore this\nx = 1\n", diag.Warning, "found"},
	} {
		f, _ := syntax.Parse("main.hcl", []byte(c.src))
		x := f.Body.Attribute("x")
		list := diag.List{{Rule: rule, Severity: c.severity, Range: x.NameRange, Message: "found"}}
		got := Ignore([]*syntax.File{f}, list)
		want := strings.Split(c.want, "; ")
		if c.want == "" {
			want = nil
		}
		if len(got) != len(want) {
			t.Errorf("%s: %d findings, want %d: %v", c.name, len(got), len(want), messages(got))
			continue
		}
		for i := range got {
			if !strings.Contains(got[i].Message, want[i]) {
				t.Errorf("%s: got %q, want it to say %q", c.name, got[i].Message, want[i])
			}
		}
	}
}

func messages(l diag.List) (out []string) {
	for _, d := range l {
		out = append(out, d.Message)
	}
	return out
}

func TestIgnoreFix(t *testing.T) {
	src := "# tenon:ignore sintax old data\nx = 1\n"
	f, _ := syntax.Parse("main.hcl", []byte(src))
	got := Ignore([]*syntax.File{f}, nil)
	if len(got) != 1 || got[0].Fix == nil || got[0].Fix.Range != (source.Range{File: "main.hcl", Start: 15, End: 21}) || got[0].Fix.New != "syntax" {
		t.Fatalf("got %v, want a fix of the rule's name", messages(got))
	}
}
