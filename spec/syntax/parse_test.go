package syntax

import (
	"reflect"
	"strings"
	"testing"

	"tenon/spec/diag"
	"tenon/spec/types"
)

func parseOne(t *testing.T, text string) *Expr {
	t.Helper()
	f, diags := Parse("t.hcl", []byte("x = "+text+"\n"))
	if len(diags) > 0 {
		t.Fatalf("Parse(%s): %s", text, diags[0].Message)
	}
	return f.Body.Attribute("x").Expr
}

func TestTree(t *testing.T) {
	src := "# first\nstep \"orders\" extra {\n  call = shop.list // second\n  paginate {}\n}\n"
	f, diags := Parse("main.hcl", []byte(src))
	if len(diags) > 0 {
		t.Fatal(diags[0].Message)
	}
	b := f.Body.Blocks[0]
	text := f.Source.Text
	for _, c := range []struct{ name, got, want string }{
		{"type", text(b.TypeRange), "step"},
		{"header", text(b.HeaderRange), `step "orders" extra`},
		{"brace", text(b.OpenBrace), "{"},
		{"whole", text(b.Range), src[8 : len(src)-1]},
		{"label", text(b.Labels[0].Range), `"orders"`},
		{"label text", b.Labels[0].Text, "orders"},
		{"bare label", b.Labels[1].Text, "extra"},
		{"attribute", text(b.Body.Attributes[0].Range), "call = shop.list"},
		{"attribute name", text(b.Body.Attributes[0].NameRange), "call"},
		{"expression", b.Body.Attributes[0].Expr.Text(), "shop.list"},
		{"inner block", text(b.Body.Blocks[0].Range), "paginate {}"},
		{"first comment", f.Comments[0].Text, "# first"},
		{"second comment", text(f.Comments[1].Range), "// second"},
	} {
		if c.got != c.want {
			t.Errorf("%s: got %q, want %q", c.name, c.got, c.want)
		}
	}
	if !b.Labels[0].Quoted || b.Labels[1].Quoted {
		t.Errorf("quoted: got %v, %v, want true, false", b.Labels[0].Quoted, b.Labels[1].Quoted)
	}
}

func TestLiteral(t *testing.T) {
	big, _ := types.ParseNum("123456789012345678901234567890")
	for text, want := range map[string]any{
		`"a b"`: "a b", `""`: "", `"a\nb"`: "a\nb", `"a$${b}"`: "a${b}",
		"<<-E\n  a\n   b\n  E": "a\n b\n",
		`5`:                    5, `-5`: -5, `(5)`: 5, `true`: true, `null`: nil,
		`[1, "a", [false]]`:               []any{1, "a", []any{false}},
		`{ a = 1, "b c" = null, 3 = [] }`: map[string]any{"a": 1, "b c": nil, "3": []any{}},
	} {
		got, ok := parseOne(t, text).Literal()
		if !ok || !reflect.DeepEqual(got, want) {
			t.Errorf("Literal(%s) = %#v, %v, want %#v", text, got, ok, want)
		}
	}
	if got, ok := parseOne(t, "123456789012345678901234567890").Literal(); !ok || !reflect.DeepEqual(got, big) {
		t.Errorf("a big number: got %v, %v, want %v", got, ok, big)
	}
	for _, text := range []string{`a`, `"a${b}"`, `[a]`, `{ a = b }`, `{ (a) = 1 }`, `1 + 1`, `f()`, `-a`, `-"a"`} {
		if got, ok := parseOne(t, text).Literal(); ok {
			t.Errorf("Literal(%s) = %#v, want none", text, got)
		}
	}
}

func TestTraversal(t *testing.T) {
	for text, want := range map[string][]Step{
		"shop":                  {{Name: "shop"}},
		"shop.listOrders":       {{Name: "shop"}, {Name: "listOrders"}},
		`shop["GET /orders"]`:   {{Name: "shop"}, {Name: "GET /orders", Index: "GET /orders"}},
		`shop[ "GET /orders" ]`: {{Name: "shop"}, {Name: "GET /orders", Index: "GET /orders"}},
		`a.b[12].c`:             {{Name: "a"}, {Name: "b"}, {Index: 12}, {Name: "c"}},
	} {
		e := parseOne(t, text)
		got, ok := e.Traversal()
		if !ok {
			t.Errorf("Traversal(%s): none", text)
			continue
		}
		for i := range got {
			r := got[i].Range
			got[i].Range = want[min(i, len(want)-1)].Range
			shown := strings.Trim(e.File().Text(r), `"`)
			if got[i].Index == nil && shown != got[i].Name || got[i].Name != "" && shown != got[i].Name {
				t.Errorf("Traversal(%s): part %d stands at %q", text, i, shown)
			}
		}
		if !reflect.DeepEqual(got, want) {
			t.Errorf("Traversal(%s) = %v, want %v", text, got, want)
		}
	}
	for _, text := range []string{`"a"`, `a[b]`, `f().a`, `a.*.b`, `a + b`} {
		if got, ok := parseOne(t, text).Traversal(); ok {
			t.Errorf("Traversal(%s) = %v, want none", text, got)
		}
	}
}

func TestCallObjectListKeyword(t *testing.T) {
	e := parseOne(t, `object({ a = string, "b c" = optional(list(number)), (k) = any })`)
	name, at, args, ok := e.Call()
	if !ok || name != "object" || e.File().Text(at) != "object" || len(args) != 1 {
		t.Fatalf("Call() = %q, %d arguments, %v", name, len(args), ok)
	}
	items, brace, ok := args[0].Object()
	if !ok || e.File().Text(brace) != "{" || len(items) != 3 {
		t.Fatalf("Object() = %v, %v", items, ok)
	}
	if w, ok := items[0].Value.Keyword(); !ok || w != "string" || items[0].Key != "a" {
		t.Errorf("first item: got %q = %q, want a = string", items[0].Key, w)
	}
	if items[1].Key != "b c" || e.File().Text(items[1].KeyRange) != `"b c"` {
		t.Errorf("second item: got key %q at %q", items[1].Key, e.File().Text(items[1].KeyRange))
	}
	if items[2].Key != "" || items[2].KeyExpr == nil {
		t.Errorf("third item: want a computed key, got %q", items[2].Key)
	}
	if list, ok := parseOne(t, "[step.a, step.b]").List(); !ok || len(list) != 2 || list[1].Text() != "step.b" {
		t.Errorf("List() = %v, %v", list, ok)
	}
	if _, _, _, ok := parseOne(t, "f(xs...)").Call(); ok {
		t.Error("f(xs...) counts as a plain call")
	}
}

func TestHostile(t *testing.T) {
	deep := func(open, middle, end string, n int) string {
		return "x = " + strings.Repeat(open, n) + middle + strings.Repeat(end, n) + "\n"
	}
	const n = 10_000
	for name, src := range map[string]string{
		"lists":          deep("[", "", "]", n),
		"open lists":     deep("[", "", "", n),
		"objects":        deep("{a=", "1", "}", n),
		"parentheses":    deep("(", "1", ")", n),
		"calls":          deep("f(", "1", ")", n),
		"templates":      deep(`"${`, "1", `}"`, n),
		"blocks":         strings.Repeat("a {\n", n),
		"not":            deep("!", "true", "", n),
		"minus":          deep("- ", "1", "", n),
		"conditional":    deep("a ? b : ", "c", "", n),
		"sum":            deep("1 + ", "1", "", n),
		"index":          deep("", "a", "[b]", n),
		"splat":          deep("", "a", ".*", n),
		"calls of calls": deep("", "f", "()", n),
		"not over lines": "x = {for k, v in m : k =>\n" + strings.Repeat("!\n", n) + "v}\n",
		"if directives":  "x = \"" + strings.Repeat("%{if a}", n) + strings.Repeat("%{endif}", n) + "\"\n",
		"for directives": "x = <<E\n" + strings.Repeat("%{for a in b}", n) + "\nE\n",
		"for in for":     deep("[for a in ", "b", ": c]", n),
		"NUL":            "x = \x00\n",
		"invalid UTF-8":  "x = \"\xff\"\n",
		"too big":        strings.Repeat("#", 20<<20),
		"unclosed":       "a {\n",
		"lone quote":     `x = "`,
		"lone heredoc":   "x = <<E\n",
	} {
		_, diags := Parse("t.hcl", []byte(src))
		if len(diags) == 0 {
			t.Errorf("%s: no finding", name)
			continue
		}
		checkFindings(t, name, src, diags)
	}
}

func checkFindings(t *testing.T, name, src string, diags diag.List) {
	t.Helper()
	for _, d := range diags {
		if d.Rule != Syntax || d.Message == "" || strings.Contains(d.Message, "\n") {
			t.Errorf("%s: bad finding %q", name, d.Message)
		}
		if d.Range.File == "" || d.Range.Start < 0 || d.Range.End < d.Range.Start || d.Range.End > len(src) {
			t.Errorf("%s: finding outside the file: %v of %d", name, d.Range, len(src))
		}
	}
}

func TestForgiven(t *testing.T) {
	for name, src := range map[string]string{
		"BOM": "\ufeffx = 1\n", "CRLF": "x = 1\r\na {\r\n  y = 2\r\n}\r\n", "empty": "", "no last line end": "x = 1",
	} {
		f, diags := Parse("t.hcl", []byte(src))
		if len(diags) > 0 {
			t.Errorf("%s: %s", name, diags[0].Message)
		}
		if a := f.Body.Attribute("x"); a != nil && f.Source.Text(a.Range) != "x = 1" {
			t.Errorf("%s: x stands at %q", name, f.Source.Text(a.Range))
		}
	}
}
