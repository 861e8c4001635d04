package export

import (
	"testing"

	"pgregory.net/rapid"

	"tenon/spec/expression"
	"tenon/spec/syntax"
	"tenon/spec/types"
)

// eval computes the value of an attribute x.
func eval(t *rapid.T, text string) any {
	file, diags := syntax.Parse("x.hcl", []byte("x = "+text+"\n"))
	if diags.HasErrors() {
		t.Fatalf("%s\n%s", diags[0].Message, text)
	}
	tree, diags := expression.Parse(file.Body.Attribute("x").Expr)
	if diags.HasErrors() {
		t.Fatalf("%s\n%s", diags[0].Message, text)
	}
	x, diags := tree.Check(expression.NewScope(nil), expression.Want{})
	if x == nil || diags.HasErrors() {
		t.Fatalf("%s\n%s", diags[0].Message, text)
	}
	p, err := x.Compile()
	if err != nil {
		t.Fatal(err)
	}
	v, err := p.Run(nil, expression.Limits{})
	if err != nil {
		t.Fatalf("%s\n%s", err, text)
	}
	return v
}

// values are plain JSON values, nasty text among them.
func values(depth int) *rapid.Generator[any] {
	text := rapid.OneOf(rapid.String(), rapid.SampledFrom([]string{"", "${a}", "$${a}", "%{ if x }", "$$${", "a\"b\\c\n\r\t\x00\u2028", "for", "true", "null", "\ufeff", "$", "%{", "é日本"}))
	kinds := []*rapid.Generator[any]{
		rapid.Just[any](nil), rapid.Map(rapid.Bool(), func(v bool) any { return v }), rapid.Map(rapid.Int(), func(v int) any { return v }),
		rapid.Map(rapid.Float64Range(-1e15, 1e15), func(v float64) any { return v }), rapid.Map(text, func(v string) any { return v }),
	}
	if depth > 0 {
		kinds = append(kinds,
			rapid.Map(rapid.SliceOfN(values(depth-1), 0, 4), func(v []any) any { return v }),
			rapid.Map(rapid.MapOfN(text, values(depth-1), 0, 4), func(v map[string]any) any { return v }))
	}
	return rapid.OneOf(kinds...)
}

// TestValuesAreReadBack holds that what is written as HCL is read as it was, and stays when it is formatted.
func TestValuesAreReadBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		v := values(3).Draw(t, "value")
		text := Value(v)
		if got := eval(t, text); !types.Equal(got, v) {
			t.Fatalf("got %#v, want %#v from\n%s", got, v, text)
		}
		formatted, _ := syntax.Format("x.hcl", []byte("x = "+text+"\n"))
		if got := eval(t, string(formatted[len("x = "):])); !types.Equal(got, v) {
			t.Fatalf("formatted, got %#v, want %#v from\n%s", got, v, formatted)
		}
	})
}
