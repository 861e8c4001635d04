package syntax

import (
	"strings"
	"testing"
)

// TestMessages holds what an author reads for a mistake, where it stands, and its fix.
// The text at fault is marked «so».
func TestMessages(t *testing.T) {
	for _, c := range []struct{ src, want, fixed string }{
		{"a {\n  x = 1\n  «x» = 2\n}\n", `"x" is already set in this block.`, ""},
		{"a {\n  «\"x\"» = 1\n}\n", "The name of an attribute is written without quotes.", "a {\n  x = 1\n}\n"},
		{"a «{»\n  x = 1\n", "This block is never closed: a } is missing.", ""},
		{"a {\n  «x»: 1\n}\n", "An attribute is written with =, not with a colon: x = ….", ""},
		{"a {\n  «x»\n}\n", "x stands alone. An attribute is written x = …, a block x { … }.", ""},
		{"a {\n  «x» 404 {\n  }\n}\n", `The label of a block is written in quotes: x "404" {.`, ""},
		{"a { x = 1«,» y = 2 }\n", "A block on one line can hold a single attribute only. Give each attribute a line of its own.", ""},
		{"a {\n  x = 1 «y» = 2\n}\n", `Expected the end of the line after this attribute's value, found "y".`, ""},
		{"a {\n  x = 1«,»\n  y = 2\n}\n", "Attributes are separated by line ends, not by commas.", "a {\n  x = 1\n  y = 2\n}\n"},
		{"b \"c\" «=» {\n}\n", "A block is written without =.", ""},
		{"a \"b\"«\n»{\n}\n", `The { of a block stands on the same line as its type and labels. An attribute is written with =: a = "b".`, ""},
		{"a {\n  b c {\n  }\n  timeout \"5m\"«\n»}\n", `The { of a block stands on the same line as its type and labels. An attribute is written with =: timeout = "5m".`, ""},
		{"a {\n  x = \"b«\n»  c\n  d\n}\n", "A closing quote is missing: a string ends on the line where it begins. Text of several lines is a heredoc: <<-TEXT … TEXT.", ""},
		{"x = a ? b«\n»", "The second value of the conditional is missing: condition ? a : b.", ""},
		{"x = «\n»", "Expected a value here, found the end of the line.", ""},
		{"x = a ?«?» b\n", `?? is written coalesce(a, b), or within expr("a ?? b").`, ""},
		{"x = a?«.»b\n", `?. is written as a dot alone, which leads to nothing where something is missing; expr("a?.b") takes it, too.`, ""},
		{"x = «)»\n", `Expected a value here, found ")".`, ""},
		{"x = f(1 «2»)\n", `Expected a comma or ) in this call, found "2".`, ""},
		{"x = [1 «2»]\n", `Expected a comma between the elements of this list, found "2".`, ""},
		{"x = { a «b» }\n", `Expected = after the name, found "b". A name with dots or spaces is written in quotes.`, ""},
		{"x = «'»eu'\n", `Single quotes mean nothing in HCL. Strings are written in double quotes ("…").`, ""},
		{"x = a «&» b\n", "There are no operators on bits. And is written &&.", "x = a && b\n"},
		{"x = 1«;»\n", "Attributes are separated by line ends, not by semicolons.", "x = 1\n\n"},
		{"x = «“»eu”\n", "These are typographic quotes. Strings are written in straight ones (\").", ""},
		{"x = \"a«\n»", "A closing quote is missing: a string ends on the line where it begins. Text of several lines is a heredoc: <<-TEXT … TEXT.", ""},
		{`x = "«\d»"` + "\n", `"\\d" is not an escape. A backslash itself is written \\.`, ""},
		{"x = \"${a «b»}\"\n", `Expected } to end the ${ …, found "b". A literal ${ is written $${.`, ""},
		{"x = «@»\n", `The character "@" means nothing here.`, ""},
		{"a \"«${»b}\" {\n}\n", "A label is plain text: no ${…} can stand in it.", ""},
	} {
		start := strings.Index(c.src, "«")
		end := strings.Index(c.src, "»") - len("«")
		src := strings.NewReplacer("«", "", "»", "").Replace(c.src)
		_, diags := Parse("t.hcl", []byte(src))
		if len(diags) == 0 {
			t.Errorf("%q: no finding", src)
			continue
		}
		d := diags[0]
		if d.Message != c.want || d.Range.Start != start || d.Range.End != end {
			t.Errorf("%q:\ngot  %d–%d %s\nwant %d–%d %s", src, d.Range.Start, d.Range.End, d.Message, start, end, c.want)
		}
		fixed := ""
		if d.Fix != nil {
			fixed = src[:d.Fix.Range.Start] + d.Fix.New + src[d.Fix.Range.End:]
		}
		if c.fixed != "" && fixed != c.fixed {
			t.Errorf("%q: fixed to %q, want %q", src, fixed, c.fixed)
		}
		if len(diags) > 2 || strings.HasPrefix(c.want, "A closing quote") && len(diags) > 1 {
			t.Errorf("%q: %d findings for one mistake", src, len(diags))
		}
	}
}

// A quote that is left open is said once, though it turns the rest of the file inside out.
func TestOpenQuoteSaidOnce(t *testing.T) {
	_, diags := Parse("t.hcl", []byte("a {\n  x = \"b\n}\n\nc \"d\" {\n  e = \"f ${g}\"\n  h = [\"i\", \"j\"]\n}\n"))
	if len(diags) != 1 {
		for _, d := range diags {
			t.Error(d.Message)
		}
	}
}
