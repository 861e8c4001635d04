package syntax

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

func format(t interface {
	Helper()
	Fatalf(string, ...any)
}, src string) string {
	t.Helper()
	out, diags := Format("t.hcl", []byte(src))
	if len(diags) > 0 {
		t.Fatalf("Format(%q): %s", src, diags[0].Message)
	}
	return string(out)
}

func TestFormat(t *testing.T) {
	for _, c := range []struct{ name, src, want string }{
		{"empty", "", ""},
		{"only blank lines", "\n\n\n", ""},
		{"last line end", "x = 1", "x = 1\n"},
		{"CRLF", "a {\r\n x = 1 # c\r\n}\r\n", "a {\r\n  x = 1 # c\r\n}\r\n"},
		{"mixed line ends", "a {\n  x = 1 # c\r\n}\r\n", "a {\n  x = 1 # c\n}\n"},
		{"CRLF in a heredoc", "x   = <<-E\r\n a\r\n E\r\n", "x = <<-E\r\n a\r\n E\r\n"},
		{"BOM", "\ufeffx=1\n", "\ufeffx = 1\n"},
		{"align", "a {\n x=1\n   long = 2\n\n y   = 3\n}", "a {\n  x    = 1\n  long = 2\n\n  y = 3\n}\n"},
		{"blank lines", "\n\na {\n\n\n  x = 1\n\n\n\n  y = 2\n\n}\n\n\n\nb {\n}\n\n", "a {\n  x = 1\n\n  y = 2\n}\n\nb {\n}\n"},
		{"blocks apart", "a {\n}\nb {\n}\n# about c\nc {\n}", "a {\n}\n\nb {\n}\n\n# about c\nc {\n}\n"},
		{"comment behind a block", "a {\n} # end\nb {\n}", "a {\n} # end\nb {\n}\n"},
		{"comments", "// one\n/* two */ x = 1 # three  \n", "// one\n/* two */ x = 1 # three\n"},
		{"heredoc", "a {\n      x = <<-E\n   keep   this\n\n\n     and this  \n   E\n  y = 1\n}", "a {\n  x = <<-E\n   keep   this\n\n\n     and this  \n   E\n  y = 1\n}\n"},
		{"templates", `x = "a  ${ b }  c"` + "\n", `x = "a  ${b}  c"` + "\n"},
		{"objects", "x = {\n\n a=1,\n  bb = [ 1,2 ]\n\n}\n", "x = {\n  a  = 1,\n  bb = [1, 2]\n}\n"},
		{"one line", "a{x=1}\n", "a { x = 1 }\n"},
	} {
		if got := format(t, c.src); got != c.want {
			t.Errorf("%s:\ngot\n%s\nwant\n%s", c.name, got, c.want)
		}
	}
}

func TestFormatLeavesBrokenFiles(t *testing.T) {
	src := "a {\n     x = \n}\n"
	out, diags := Format("t.hcl", []byte(src))
	if string(out) != src || len(diags) == 0 {
		t.Errorf("Format of a broken file: got %q with %d findings, want it unchanged with some", out, len(diags))
	}
}

// hclText draws a file with all the forms of HCL, in untidy spacing.
func hclText(t *rapid.T) string {
	space := rapid.SampledFrom([]string{"", " ", "  ", "\t"})
	lines := rapid.SampledFrom([]string{"\n", "\n\n", "\n\n\n", "\r\n", " \n", " # comment\n", "\n# comment  \n", " // x\r\n"})
	name := rapid.SampledFrom([]string{"a", "bb", "long_name", "x-y", "for_each"})
	var expr func(depth int) string
	expr = func(depth int) string {
		kinds := 8
		if depth > 3 {
			kinds = 4
		}
		s, e := space.Draw(t, "space"), expr
		switch rapid.IntRange(0, kinds).Draw(t, "kind") {
		case 0:
			return rapid.SampledFrom([]string{"1", "-2.50", "true", "null", "1e3"}).Draw(t, "literal")
		case 1:
			return name.Draw(t, "root") + rapid.SampledFrom([]string{"", ".b", "[0]", `["k k"]`, ".*.c", "[*].d", ".b . c"}).Draw(t, "path")
		case 2:
			return rapid.SampledFrom([]string{`"a  b"`, `"\"q\" $${x} \\"`, `""`, `"ä ${ b } %{ if c }x%{ else }y%{ endif }"`}).Draw(t, "string")
		case 3:
			return "<<-E\n  one  \n\n\t${a}\n  E\n"
		case 4:
			return "[" + s + rapid.SampledFrom([]string{"", "\n", "\n\n# in a list\n"}).Draw(t, "lines") + oneLined(e(depth+1)) + s + "," + oneLined(e(depth+1)) + "]"
		case 5:
			return "{" + s + "\n" + s + name.Draw(t, "key") + s + "=" + e(depth+1) + lines.Draw(t, "lines") + `"k k"` + s + "=" + oneLined(e(depth+1)) + "\n" + s + "}"
		case 6:
			return "(" + s + oneLined(e(depth+1)) + s + rapid.SampledFrom([]string{"+", "-", "==", "&&", "?1:"}).Draw(t, "operator") + s + oneLined(e(depth+1)) + ")"
		case 7:
			return name.Draw(t, "function") + "(" + oneLined(e(depth+1)) + s + "," + s + oneLined(e(depth+1)) + ")"
		default:
			return "[for x in" + " " + s + oneLined(e(depth+1)) + ":" + s + oneLined(e(depth+1)) + "]"
		}
	}
	var body func(depth int) string
	body = func(depth int) string {
		var b strings.Builder
		for i := range rapid.IntRange(0, 4).Draw(t, "items") {
			b.WriteString(space.Draw(t, "indent"))
			if depth < 3 && rapid.Bool().Draw(t, "block") {
				b.WriteString(name.Draw(t, "type") + ` "l l"` + space.Draw(t, "space") + "{\n" + body(depth+1) + "}" + lines.Draw(t, "lines"))
				continue
			}
			value := expr(0)
			b.WriteString(name.Draw(t, "attribute") + strings.Repeat("_", i+1) + space.Draw(t, "space") + "=" + space.Draw(t, "space") + value)
			if !strings.HasSuffix(value, "\n") {
				b.WriteString(lines.Draw(t, "lines"))
			}
		}
		return b.String()
	}
	return rapid.SampledFrom([]string{"", "\n", "# first\n\n", "\ufeff"}).Draw(t, "start") + body(0)
}

// oneLined keeps heredocs out of places where something follows on the same line.
func oneLined(e string) string {
	if strings.Contains(e, "<<-E") {
		return `"heredoc"`
	}
	return e
}

func TestFormatProperties(t *testing.T) {
	changed := 0
	rapid.Check(t, func(t *rapid.T) {
		src := hclText(t)
		if _, diags := Parse("t.hcl", []byte(src)); len(diags) > 0 {
			t.Skip("not HCL")
		}
		once := format(t, src)
		if once != src {
			changed++
		}
		if twice := format(t, once); twice != once {
			t.Fatalf("not idempotent:\n%q\n%q", once, twice)
		}
		if !sameTokens(tokensOf([]byte(src)), tokensOf([]byte(once))) {
			t.Fatalf("another tree:\n%q\n%q", src, once)
		}
		a, _ := Parse("a", []byte(src))
		b, _ := Parse("b", []byte(once))
		if len(a.Comments) != len(b.Comments) {
			t.Fatalf("%d comments became %d:\n%q\n%q", len(a.Comments), len(b.Comments), src, once)
		}
		for i, line := range strings.Split(once, "\n") {
			if EndsCRLF([]byte(once)) {
				line = strings.TrimSuffix(line, "\r")
			}
			if strings.TrimRight(line, " \t\r") != line && !strings.Contains(once, "<<") {
				t.Fatalf("space at the end of line %d: %q", i+1, once)
			}
		}
	})
	if changed == 0 {
		t.Error("no drawn file was ever changed: the property shows nothing")
	}
}

func FuzzParse(f *testing.F) {
	for _, s := range fuzzSeeds {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, src string) {
		file, diags := Parse("t.hcl", []byte(src))
		checkFindings(t, "fuzz", src, diags)
		var walk func(b *Body)
		walk = func(b *Body) {
			for _, a := range b.Attributes {
				if a.Range.Start < b.Range.Start && len(diags) == 0 || a.Expr.Range.End > len(src) {
					t.Errorf("%v outside of its body %v", a.Range, b.Range)
				}
				a.Expr.Literal()
				a.Expr.Traversal()
				a.Expr.Call()
				a.Expr.Object()
				a.Expr.List()
				a.Expr.Keyword()
			}
			for _, x := range b.Blocks {
				walk(x.Body)
			}
		}
		walk(file.Body)
	})
}

func FuzzFormat(f *testing.F) {
	for _, s := range fuzzSeeds {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, src string) {
		start := time.Now()
		out, diags := Format("t.hcl", []byte(src))
		if took := time.Since(start); took > time.Second {
			t.Fatalf("%d bytes took %v: %q", len(src), took, src)
		}
		if len(diags) > 0 {
			return
		}
		again, diags := Format("t.hcl", out)
		if len(diags) > 0 {
			t.Fatalf("%q became broken: %q: %s", src, out, diags[0].Message)
		}
		if !bytes.Equal(again, out) {
			t.Fatalf("not idempotent: %q, %q, %q", src, out, again)
		}
	})
}

var fuzzSeeds = []string{
	"", "x = 1\n", "a \"b\" {\n  x = [1, 2]\n}\n", "x = <<E\n${a}\nE\n", "x = \"${\"${a}\"}\"\n", "x = {for k, v in m : k => v... if v}\n",
	"x = a ? b : c\n", "x = \"%{ if a }b%{ endif }\"\n", "a { b = 1 }\n", "# c", "/* c", "x = a.0.1\n", "x = 'a'\n", "x = <<-E\n\ta\nE", "\ufeffx = 1\r\n",
}
