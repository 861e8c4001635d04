package expression

import (
	"strings"

	"github.com/expr-lang/expr/ast"
	"github.com/expr-lang/expr/file"

	"tenon/spec/diag"
	"tenon/spec/source"
	"tenon/spec/syntax"
)

// Bounds on one expression. They are far beyond what a person writes.
const (
	maxDepth = 2500    // nodes inside each other
	maxNodes = 200_000 // nodes in all, inlined mappings included
	maxText  = 64 << 10
)

// Tree is an expression as written: expr-lang's syntax tree, whichever notation it was written in.
// Names are not resolved and nothing is typed. It is immutable and safe for concurrent use.
type Tree struct {
	file    *source.File
	rng     source.Range
	root    ast.Node
	implied source.Range // where it stands in a file that does not have its text; zero for a written one
}

// Forms of HCL that expr-lang has no node for stand in the tree as calls of names that no author can write.
const (
	callTemplate = "%template" // the parts of a template, to be joined as text
	callJoin     = "%join"     // the elements of its argument, joined as text
	callFor      = "%for"      // collection, key name, value name, condition, key, value, grouping
	callInvalid  = "%invalid"  // something already reported
)

// Places of the arguments of callFor. Condition and key are nil nodes where there is none.
const (
	forColl = iota
	forKeyName
	forValueName
	forCond
	forKey
	forValue
	forGroup
	forArgs
)

// Parse reads an expression in either notation. It always returns a usable tree; what could not be
// understood is a finding, and stays quiet from then on.
func Parse(e *syntax.Expr) (*Tree, diag.List) {
	p := &hclReader{file: e.File(), whole: e}
	t := &Tree{file: e.File(), rng: e.Range}
	t.root = p.read(e.Node())
	return t, p.diags
}

// Range returns the place of the whole expression.
func (t *Tree) Range() source.Range {
	if !t.implied.IsZero() {
		return t.implied
	}
	return t.rng
}

// place returns the range of a node.
func (t *Tree) place(n ast.Node) source.Range {
	l := n.Location()
	return source.Range{File: t.file.Name, Start: l.From, End: max(l.From, l.To)}
}

// text returns a node as its author wrote it, on one line and shortened.
func (t *Tree) text(n ast.Node) string { return oneLine(t.file.Text(t.place(n)), 60) }

func oneLine(s string, most int) string {
	s = strings.Join(strings.Fields(s), " ")
	if r := []rune(s); len(r) > most {
		s = string(r[:most-1]) + "…"
	}
	return s
}

func at[N ast.Node](n N, start, end int) N {
	n.SetLocation(file.Location{From: start, To: end})
	return n
}

func invalid(start, end int) ast.Node {
	return at(&ast.CallNode{Callee: &ast.IdentifierNode{Value: callInvalid}}, start, end)
}

// calledName returns the name of the function that n calls and its arguments.
func calledName(n ast.Node) (name string, args []ast.Node, ok bool) {
	switch n := n.(type) {
	case *ast.BuiltinNode:
		return n.Name, n.Arguments, true
	case *ast.CallNode:
		if id, isName := n.Callee.(*ast.IdentifierNode); isName {
			return id.Value, n.Arguments, true
		}
	}
	return "", nil, false
}
