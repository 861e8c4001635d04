package codec

import (
	"reflect"
	"strings"
	"testing"

	"tenon/spec/expression"
	"tenon/spec/syntax"
	"tenon/spec/types"
)

// called is what a function of the language makes of a text.
func called(t *testing.T, function, text string) any {
	t.Helper()
	file, diags := syntax.Parse("main.hcl", []byte("x = "+function+"(var)\n"))
	if diags.HasErrors() {
		t.Fatal(diags[0].Message)
	}
	tree, diags := expression.Parse(file.Body.Attribute("x").Expr)
	if diags.HasErrors() {
		t.Fatal(diags[0].Message)
	}
	scope := expression.NewScope(nil)
	scope.Define(&expression.Name{Name: "var", Key: "var", Type: types.AnyString})
	x, diags := tree.Check(scope, expression.Want{})
	if diags.HasErrors() {
		t.Fatal(diags[0].Message)
	}
	program, err := x.Compile()
	if err != nil {
		t.Fatal(err)
	}
	v, err := program.Run(map[string]any{"var": text}, expression.Limits{})
	if err != nil {
		t.Fatalf("%s(%q): %v", function, text, err)
	}
	return v
}

// TestFunctionsAgree holds that the functions xmldecode and csvdecode make of a text what an answer without a schema
// becomes, so that an author may do either.
func TestFunctionsAgree(t *testing.T) {
	for _, text := range []string{
		`<a/>`, `<a>x</a>`, `<a b="1">x</a>`, `<a b="1"><c>1</c><c>2</c><d/></a>`, `<a> x <b/> y </a>`, `<x:a xmlns:x="urn:x"><x:b>1</x:b></x:a>`, `<a><![CDATA[<>]]></a>`,
	} {
		ours, err := NewXML(nil, nil).decode("application/xml", []byte(text))
		if want := called(t, "xmldecode", text); err != nil || !reflect.DeepEqual(ours, want) {
			t.Errorf("%s:\nan answer: %#v, %v\nxmldecode: %#v", text, ours, err, want)
		}
	}
	for _, text := range []string{"a,b\n1,x\n", "a,b\r\n\"1,\n2\",\r\n", "a\n", "\ufeffa\nx\n"} {
		it, err := NewItems("text/csv", strings.NewReader(text), DecodeOptions{})
		if err != nil {
			t.Fatal(err)
		}
		ours, err := it.all()
		if want := called(t, "csvdecode", text); err != nil || !reflect.DeepEqual(ours, want) {
			t.Errorf("%q:\nan answer: %#v, %v\ncsvdecode: %#v", text, ours, err, want)
		}
	}
}
