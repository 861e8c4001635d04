package event_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"slices"
	"strconv"
	"testing"

	"tenon/spec/lang"
)

// What lint takes error.kind to be is what failures are.
func TestFailureKinds(t *testing.T) {
	f, err := parser.ParseFile(token.NewFileSet(), "failure.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	ast.Inspect(f, func(n ast.Node) bool {
		if d, ok := n.(*ast.GenDecl); ok && d.Tok == token.CONST {
			for _, s := range d.Specs {
				text, err := strconv.Unquote(s.(*ast.ValueSpec).Values[0].(*ast.BasicLit).Value)
				if err != nil {
					t.Fatal(err)
				}
				got = append(got, text)
			}
		}
		return true
	})
	if want := lang.FailureKinds; !slices.Equal(got, want) {
		t.Errorf("causes are %q, and lint knows %q", got, want)
	}
}
