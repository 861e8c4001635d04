package codec

import (
	"errors"
	"net/http"
	"strings"
	"testing"

	"tenon/spec/types"
)

func arg(name, in, style string, explode bool, v any) Arg {
	return Arg{Param: Param{Name: name, In: in, Style: style, Explode: explode}, Value: v}
}

var (
	empty  = ""
	single = "blue"
	list   = []any{"blue", "black", "brown"}
	object = map[string]any{"R": 100, "G": 200, "B": 150}
)

// The table of OpenAPI 3.1.1 §4.8.12.6, with the properties of objects in alphabetical order.
func TestStyles(t *testing.T) {
	tests := []struct {
		in, style string
		explode   bool
		value     any
		want      string
	}{
		{"path", "matrix", false, empty, ";color"},
		{"path", "matrix", false, single, ";color=blue"},
		{"path", "matrix", false, list, ";color=blue,black,brown"},
		{"path", "matrix", false, object, ";color=B,150,G,200,R,100"},
		{"path", "matrix", true, list, ";color=blue;color=black;color=brown"},
		{"path", "matrix", true, object, ";B=150;G=200;R=100"},
		{"path", "label", false, single, ".blue"},
		{"path", "label", false, list, ".blue,black,brown"},
		{"path", "label", false, object, ".B,150,G,200,R,100"},
		{"path", "label", true, list, ".blue.black.brown"},
		{"path", "label", true, object, ".B=150.G=200.R=100"},
		{"path", "simple", false, single, "blue"},
		{"path", "simple", false, list, "blue,black,brown"},
		{"path", "simple", false, object, "B,150,G,200,R,100"},
		{"path", "simple", true, list, "blue,black,brown"},
		{"path", "simple", true, object, "B=150,G=200,R=100"},
		{"query", "form", false, empty, "color="},
		{"query", "form", false, single, "color=blue"},
		{"query", "form", false, list, "color=blue,black,brown"},
		{"query", "form", false, object, "color=B,150,G,200,R,100"},
		{"query", "form", true, list, "color=blue&color=black&color=brown"},
		{"query", "form", true, object, "B=150&G=200&R=100"},
		{"query", "spaceDelimited", false, list, "color=blue%20black%20brown"},
		{"query", "spaceDelimited", false, object, "color=B%20150%20G%20200%20R%20100"},
		{"query", "pipeDelimited", false, list, "color=blue%7Cblack%7Cbrown"},
		{"query", "pipeDelimited", false, object, "color=B%7C150%7CG%7C200%7CR%7C100"},
		{"query", "deepObject", true, object, "color%5BB%5D=150&color%5BG%5D=200&color%5BR%5D=100"},
		{"header", "simple", false, list, "blue,black,brown"},
		{"header", "simple", true, object, "B=150,G=200,R=100"},
		{"cookie", "form", false, list, "color=blue,black,brown"},
		{"cookie", "form", true, object, "B=150; G=200; R=100"},
	}
	for _, tt := range tests {
		got, err := EncodeParams("/{color}", []Arg{arg("color", "path", "", false, "x"), arg("color", tt.in, tt.style, tt.explode, tt.value)})
		if err != nil {
			t.Errorf("%s %s explode=%t: %v", tt.in, tt.style, tt.explode, err)
			continue
		}
		found := map[string]string{"path": strings.TrimPrefix(got.Path, "/"), "query": got.Query, "header": got.Header.Get("color"), "cookie": got.Cookie}[tt.in]
		if found != tt.want {
			t.Errorf("%s %s explode=%t of %v: got %q, want %q", tt.in, tt.style, tt.explode, tt.value, found, tt.want)
		}
	}
}

func TestEncodeParams(t *testing.T) {
	reserved := func(a Arg) Arg { a.AllowReserved = true; return a }
	tests := []struct {
		name   string
		path   string
		args   []Arg
		target string // path?query
	}{
		{"no parameters", "/orders", nil, "/orders"},
		{"part of the path's query", "/orders/{id}?beta=true", []Arg{arg("id", "path", "simple", false, 1), arg("x", "query", "form", true, "y")}, "/orders/1?beta=true&x=y"},
		{"slash in a path value", "/orders/{id}", []Arg{arg("id", "path", "simple", false, "a/b c")}, "/orders/a%2Fb%20c"},
		{"beyond ASCII", "/o/{id}", []Arg{arg("id", "path", "simple", false, "é")}, "/o/%C3%A9"},
		{"question mark and percent", "/o/{id}", []Arg{arg("id", "path", "simple", false, "100%?")}, "/o/100%25%3F"},
		{"several in one segment", "/{a}.{b}/x", []Arg{arg("a", "path", "simple", false, 1), arg("b", "path", "simple", false, 2)}, "/1.2/x"},
		{"integers, fractions, booleans", "/", []Arg{arg("a", "query", "form", true, 1e21), arg("b", "query", "form", true, 0.1), arg("c", "query", "form", true, true)}, "/?a=1e%2B21&b=0.1&c=true"},
		{"null is the empty text", "/", []Arg{arg("a", "query", "form", true, nil)}, "/?a="},
		{"absent is left out", "/", []Arg{arg("a", "query", "form", true, types.Missing)}, "/"},
		{"an empty list is left out", "/", []Arg{arg("a", "query", "form", true, []any{})}, "/"},
		{"brackets in a name", "/", []Arg{arg("page[size]", "query", "form", true, 10)}, "/?page%5Bsize%5D=10"},
		{"separators in values", "/", []Arg{arg("q", "query", "form", false, []any{"a,b", "c&d=e+f"})}, "/?q=a%2Cb,c%26d%3De%2Bf"},
		{"reserved characters allowed", "/", []Arg{reserved(arg("q", "query", "form", true, "a/b:c?d%20e&f#g+h[i]"))}, "/?q=a/b:c?d%20e%26f%23g%2Bh%5Bi%5D"},
		{"reserved characters allowed in a path", "/{q}", []Arg{reserved(arg("q", "path", "simple", true, "a/b?c"))}, "/a/b%3Fc"},
		{"nested deepObject", "/", []Arg{arg("f", "query", "deepObject", true, map[string]any{"a": map[string]any{"b": []any{1, map[string]any{"c": "d"}}}})},
			"/?f%5Ba%5D%5Bb%5D%5B0%5D=1&f%5Ba%5D%5Bb%5D%5B1%5D%5Bc%5D=d"},
		{"deepObject of a list", "/", []Arg{arg("expand", "query", "deepObject", true, []any{"data"})}, "/?expand%5B0%5D=data"},
		{"deepObject of a scalar", "/", []Arg{arg("created", "query", "deepObject", true, 5)}, "/?created=5"},
		{"content", "/", []Arg{{Param: Param{Name: "f", In: "query", ContentType: "application/json"}, Value: map[string]any{"a": []any{1}}}}, "/?f=%7B%22a%22%3A%5B1%5D%7D"},
	}
	for _, tt := range tests {
		got, err := EncodeParams(tt.path, tt.args)
		if err != nil {
			t.Errorf("%s: %v", tt.name, err)
			continue
		}
		target := got.Path
		if got.Query != "" {
			target += "?" + got.Query
		}
		if target != tt.target {
			t.Errorf("%s: got %q, want %q", tt.name, target, tt.target)
		}
	}
}

func TestEncodeParamsRefuses(t *testing.T) {
	tests := []struct {
		name, path, want string
		args             []Arg
	}{
		{"missing in path", "/o/{id}", `path parameter "id" has no value`, nil},
		{"absent in path", "/o/{id}", `path parameter "id" has no value`, []Arg{arg("id", "path", "simple", false, types.Missing)}},
		{"empty in path", "/o/{id}", `path parameter "id" is empty`, []Arg{arg("id", "path", "simple", false, "")}},
		{"null in path", "/o/{id}", `is empty`, []Arg{arg("id", "path", "simple", false, nil)}},
		{"empty list in path", "/o/{id}", `is empty`, []Arg{arg("id", "path", "simple", false, []any{})}},
		{"empty label", "/o/{id}", `is empty`, []Arg{arg("id", "path", "label", false, "")}},
		{"dots", "/o/{id}", `would name something else`, []Arg{arg("id", "path", "simple", false, "..")}},
		{"one dot", "/o/{id}/x", `would name something else`, []Arg{arg("id", "path", "simple", false, ".")}},
		{"dots behind a slash", "/o/{id}", `would name something else`, []Arg{arg("id", "path", "simple", false, "a/../../admin")}},
		{"dots behind a backslash", "/o/{id}", `would name something else`, []Arg{arg("id", "path", "simple", false, `a\..`)}},
		{"dots, escaped before", "/o/{id}", `would name something else`, []Arg{arg("id", "path", "simple", false, "%2e%2e")}},
		{"dots of two parameters", "/o/{a}{b}", `would name something else`, []Arg{arg("a", "path", "simple", false, "."), arg("b", "path", "simple", false, ".")}},
		{"line break in a header", "/", `line break`, []Arg{arg("X-A", "header", "simple", false, "a\r\nX-B: c")}},
		{"name of a header", "/", `name of a header`, []Arg{arg("X A", "header", "simple", false, "a")}},
		{"list in a list", "/", `its element "0" is a list`, []Arg{arg("q", "query", "form", true, []any{[]any{1}})}},
		{"separator in a header's list", "/", `character that separates`, []Arg{arg("X-A", "header", "simple", false, []any{"a,b"})}},
		{"blank in a spaceDelimited list", "/", `character that separates`, []Arg{arg("q", "query", "spaceDelimited", false, []any{"a b"})}},
		{"bracket in a nested name", "/", `bracket`, []Arg{arg("q", "query", "deepObject", true, map[string]any{"a[b": 1})}},
	}
	for _, tt := range tests {
		got, err := EncodeParams(tt.path, tt.args)
		var e *Error
		if !errors.As(err, &e) || e.Kind != Unwritable || !strings.Contains(e.Message, tt.want) {
			t.Errorf("%s: got %+v, error %v; want an error with %q", tt.name, got, err, tt.want)
		}
	}
}

func TestDecodeParams(t *testing.T) {
	integers := types.ListOf(types.AnyInteger)
	point := types.ObjectOf(
		&types.Property{Name: "R", Type: types.AnyInteger, Required: true},
		&types.Property{Name: "G", Type: types.AnyInteger})
	tests := []struct {
		name   string
		param  Param
		target string
		path   string
		header string
		want   any
		err    string
	}{
		{"integer", Param{Name: "a", In: "query", Style: "form", Type: types.AnyInteger}, "/?a=12", "", "", 12, ""},
		{"no integer", Param{Name: "a", In: "query", Style: "form", Type: types.AnyInteger}, "/?a=x", "", "", "x", ""},
		{"fraction for an integer", Param{Name: "a", In: "query", Style: "form", Type: types.AnyInteger}, "/?a=1.5", "", "", 1.5, ""},
		{"text of digits", Param{Name: "a", In: "query", Style: "form", Type: types.AnyString}, "/?a=12", "", "", "12", ""},
		{"not there", Param{Name: "a", In: "query", Style: "form", Type: types.AnyString}, "/?b=12", "", "", types.Missing, ""},
		{"one of a list", Param{Name: "a", In: "query", Style: "form", Explode: true, Type: integers}, "/?a=1", "", "", []any{1}, ""},
		{"list", Param{Name: "a", In: "query", Style: "form", Explode: true, Type: integers}, "/?a=1&a=2", "", "", []any{1, 2}, ""},
		{"joined list", Param{Name: "a", In: "query", Style: "form", Type: integers}, "/?a=1,2", "", "", []any{1, 2}, ""},
		{"list with blanks", Param{Name: "a", In: "query", Style: "spaceDelimited", Type: integers}, "/?a=1%202+3", "", "", []any{1, 2, 3}, ""},
		{"list with pipes", Param{Name: "a", In: "query", Style: "pipeDelimited", Type: integers}, "/?a=1|2%7c3", "", "", []any{1, 2, 3}, ""},
		{"twice", Param{Name: "a", In: "query", Style: "form", Type: types.AnyString}, "/?a=1&a=2", "", "", nil, "more than once"},
		{"bad escape", Param{Name: "a", In: "query", Style: "form", Type: types.AnyString}, "/?a=%zz", "", "", nil, "percent-encoded"},
		{"deepObject", Param{Name: "a", In: "query", Style: "deepObject", Type: point}, "/?a[R]=1&a[G]=2", "", "", map[string]any{"R": 1, "G": 2}, ""},
		{"exploded object", Param{Name: "a", In: "query", Style: "form", Explode: true, Type: point}, "/?R=1&x=2", "", "", map[string]any{"R": 1}, ""},
		{"JSON", Param{Name: "a", In: "query", ContentType: "application/json", Type: point}, "/?a=%7B%22R%22:1%7D", "", "", map[string]any{"R": 1}, ""},
		{"broken JSON", Param{Name: "a", In: "query", ContentType: "application/json", Type: point}, "/?a=%7B%22R", "", "", nil, "JSON"},
		{"path", Param{Name: "a", In: "path", Style: "simple", Type: types.AnyString}, "/", "a%2Fb", "", "a/b", ""},
		{"label", Param{Name: "a", In: "path", Style: "label", Explode: true, Type: integers}, "/", ".1.2", "", []any{1, 2}, ""},
		{"no label", Param{Name: "a", In: "path", Style: "label", Type: integers}, "/", "1", "", nil, "full stop"},
		{"matrix", Param{Name: "a", In: "path", Style: "matrix", Explode: true, Type: integers}, "/", ";a=1;a=2", "", []any{1, 2}, ""},
		{"header", Param{Name: "a", In: "header", Style: "simple", Type: integers}, "/", "", "1, 2", []any{1, 2}, ""},
		{"header object", Param{Name: "a", In: "header", Style: "simple", Explode: true, Type: point}, "/", "", "R=1,G=2", map[string]any{"R": 1, "G": 2}, ""},
		{"cookie", Param{Name: "a", In: "cookie", Style: "form", Type: types.AnyBoolean}, "/", "", "", true, ""},
	}
	for _, tt := range tests {
		r, err := http.NewRequest("GET", tt.target, nil)
		if err != nil {
			t.Fatal(err)
		}
		if tt.header != "" {
			r.Header.Set("a", tt.header)
		}
		r.Header.Set("Cookie", "a=true")
		values, errs := DecodeParams([]Param{tt.param}, r, map[string]string{"a": tt.path})
		if tt.err != "" {
			if errs[0] == nil || !strings.Contains(errs[0].Error(), tt.err) {
				t.Errorf("%s: got error %v, want one with %q", tt.name, errs[0], tt.err)
			}
			continue
		}
		if errs[0] != nil || !types.Equal(values[0], tt.want) && values[0] != tt.want {
			t.Errorf("%s: got %v, error %v; want %v", tt.name, values[0], errs[0], tt.want)
		}
	}
}
