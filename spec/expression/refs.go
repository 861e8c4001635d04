package expression

import (
	"strings"

	"github.com/expr-lang/expr/ast"

	"tenon/spec/source"
)

// Ref is a name from outside that an expression uses, with the part of the path after it that is
// written out: `step.orders.items[0].id` is Root "step" and Path "orders", "items". A mapping that is
// called is Root "mapping" and Path its name.
type Ref struct {
	Root   string
	Path   []string
	Range  source.Range   // root and path
	Ranges []source.Range // of the root and of each part of the path
}

// Refs lists every use of a name from outside in source order.
func (t *Tree) Refs() []Ref {
	r := &refReader{tree: t}
	r.walk(t.root, nil)
	return r.refs
}

// names is a chain of names bound inside an expression.
type names struct {
	name  string
	outer *names
}

func (n *names) has(name string) bool {
	for ; n != nil; n = n.outer {
		if n.name == name {
			return true
		}
	}
	return false
}

func (n *names) with(name string) *names {
	if name == "" {
		return n
	}
	return &names{name, n}
}

type refReader struct {
	tree *Tree
	refs []Ref
}

func (r *refReader) walk(n ast.Node, bound *names) {
	switch n := n.(type) {
	case nil:
		return
	case *ast.IdentifierNode, *ast.MemberNode, *ast.ChainNode:
		r.chain(n, bound)
		return
	case *ast.VariableDeclaratorNode:
		r.walk(n.Value, bound)
		r.walk(n.Expr, bound.with(n.Name))
		return
	case *ast.CallNode:
		name, args, ok := calledName(n)
		if !ok {
			return
		}
		if space, member, isIn := strings.Cut(name, "::"); isIn {
			at := r.tree.place(n.Callee)
			r.refs = append(r.refs, Ref{Root: space, Path: []string{member}, Range: at, Ranges: []source.Range{at, at}})
		}
		if name == callFor {
			r.forNode(args, bound)
			return
		}
		for _, a := range args {
			r.walk(a, bound)
		}
		return
	}
	for _, k := range children(n) {
		r.walk(k, bound)
	}
}

func (r *refReader) forNode(args []ast.Node, bound *names) {
	r.walk(args[forColl], bound)
	for _, i := range []int{forKeyName, forValueName} {
		if s, ok := args[i].(*ast.StringNode); ok {
			bound = bound.with(s.Value)
		}
	}
	for _, i := range []int{forCond, forKey, forValue} {
		r.walk(args[i], bound)
	}
}

// chain reads a.b["c"][i].d; what stands in computed brackets is walked on its own.
func (r *refReader) chain(n ast.Node, bound *names) {
	var members []*ast.MemberNode
	base := n
	for {
		switch b := base.(type) {
		case *ast.ChainNode:
			base = b.Node
			continue
		case *ast.MemberNode:
			members = append(members, b)
			base = b.Node
			continue
		}
		break
	}
	id, ok := base.(*ast.IdentifierNode)
	if !ok {
		r.walk(base, bound)
	}
	var ref Ref
	if ok {
		at := r.tree.place(id)
		ref = Ref{Root: id.Value, Range: at, Ranges: []source.Range{at}}
	}
	static := true
	var computed []ast.Node
	for i := len(members) - 1; i >= 0; i-- {
		s, isName := members[i].Property.(*ast.StringNode)
		if !isName {
			static = false
			computed = append(computed, members[i].Property)
		} else if static && ok {
			at := r.tree.place(s)
			ref.Path = append(ref.Path, s.Value)
			ref.Ranges = append(ref.Ranges, at)
			ref.Range.End = max(ref.Range.End, at.End)
		}
	}
	if ok && id.Value != "null" && !bound.has(id.Value) && !isSplatName(id.Value) && !strings.HasPrefix(id.Value, "%") {
		r.refs = append(r.refs, ref)
	}
	for _, c := range computed {
		r.walk(c, bound)
	}
}
