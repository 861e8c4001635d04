package expression

import (
	"fmt"
	"strconv"

	"github.com/expr-lang/expr/ast"

	"tenon/spec/diag"
	"tenon/spec/types"
)

// side is a part of one side of a comparison.
type side struct {
	typ  *types.Type
	node ast.Node // where it is written, or what gives it; nil: neither can be told
	path string   // to it from the last node that could be told
	of   ast.Node // that node
}

// maxApart bounds how deep, and how many elements of lists, two sides of a comparison are held against each other, and
// maxParts how many parts in all.
const maxApart, maxParts = 20, 1000

// apart reports that no list or object is on both sides of a comparison, at the first part that shows it: another
// kind of value, another constant, a field that only one side has, another number of elements. It reports whether
// there is one.
func (c *checker) apart(n *ast.BinaryNode, a, b value) bool {
	c.parts = 0
	say := c.difference(n, side{typ: a.typ, node: a.node, of: a.node}, side{typ: b.typ, node: b.node, of: b.node}, 0)
	if say == nil {
		return false
	}
	say()
	return true
}

// difference returns what reports that a and b are never equal; nil if they may be.
func (c *checker) difference(n *ast.BinaryNode, a, b side, depth int) (say func()) {
	sa, sb := a.typ.Shape(), b.typ.Shape()
	if c.parts++; c.parts > maxParts {
		return nil
	}
	if sa.Untyped || sb.Untyped || sa.Invalid || sb.Invalid || sa.Kinds == 0 || sb.Kinds == 0 || depth > maxApart {
		return nil
	}
	const nothing = types.Null | types.Absent
	numbers := sa.Kinds.Has(types.Number) && sb.Kinds.Has(types.Number)
	both := sa.Kinds & sb.Kinds
	switch {
	case sa.Kinds.Has(nothing) && sb.Kinds.Has(nothing):
		return nil
	case depth == 0 && both != types.Array && both != types.Object:
		return nil // these are looked at as what they are
	case both == 0 && !numbers:
		return func() { c.neverEqual(n, a, b) }
	case numbers || both&^(types.Array|types.Object) != 0:
		if len(c.calls) > 0 || !written(a.node) && !written(b.node) || len(kindsOf(types.Intersect(a.typ, b.typ))) > 0 {
			return nil
		}
		return func() { c.neverEqual(n, a, b) }
	case both == types.Array:
		return c.listsApart(n, a, b, depth)
	case both == types.Object:
		return c.alternativesApart(n, a, b, depth)
	}
	return nil
}

// written reports whether n is a constant.
func written(n ast.Node) bool {
	_, ok := literalOf(n)
	return ok
}

// neverEqual reports two parts without a common value, at the one that is written.
func (c *checker) neverEqual(n *ast.BinaryNode, a, b side) {
	if written(a.node) && !written(b.node) {
		a, b = b, a
	}
	at := ast.Node(n)
	if b.node != nil && b.node != n.Right && b.node != n.Left {
		at = b.node
	}
	if v, ok := literalOf(b.node); ok {
		c.report(OperandType, at, "%s is never %s: it is %s. So this is always %t.", c.called(a), constantText(v), phrase(a.typ), n.Operator == "!=")
		return
	}
	c.report(OperandType, at, "%s is %s and %s is %s, so they are never equal.", c.called(a), phrase(a.typ), c.called(b), phrase(b.typ))
}

// called is what a part is called.
func (c *checker) called(s side) string {
	name := "this value"
	if s.of != nil {
		name = c.subject(value{node: s.of})
	}
	if s.path == "" {
		return name
	}
	if name == "this value" {
		return s.path + " of this value"
	}
	return name + s.path
}

func (c *checker) listsApart(n *ast.BinaryNode, a, b side, depth int) func() {
	lowA, highA := lengths(a.typ)
	lowB, highB := lengths(b.typ)
	for _, p := range []struct {
		few, many   side
		low, high   int
		low2, high2 int
	}{{a, b, lowA, highA, lowB, highB}, {b, a, lowB, highB, lowA, highA}} {
		if p.high >= 0 && p.high < p.low2 {
			return func() {
				c.report(OperandType, n, "%s has %s elements and %s has %s, so they are never equal.", c.called(p.few), elements(p.low, p.high), c.called(p.many), elements(p.low2, p.high2))
			}
		}
	}
	for i := range min(max(lowA, lowB), maxApart) {
		if say := c.difference(n, a.element(i), b.element(i), depth+1); say != nil {
			return say
		}
	}
	return nil
}

// elements says how many elements lists have; high is -1 without a bound.
func elements(low, high int) string {
	switch {
	case low == high:
		return strconv.Itoa(low)
	case high >= 0:
		return fmt.Sprintf("at most %d", high)
	}
	return fmt.Sprintf("at least %d", low)
}

// element is the i-th of a list that has so many.
func (s side) element(i int) side {
	e := side{typ: s.typ.Only(types.Array).At(i).Without(types.Absent), of: s.of, path: s.path + place0(i)}
	for n := s.node; n != nil; {
		switch x := n.(type) {
		case *ast.ArrayNode:
			if i < len(x.Nodes) {
				e.node, e.of, e.path = x.Nodes[i], x.Nodes[i], ""
			}
			return e
		case *ast.ChainNode:
			n = x.Node
			continue
		}
		name, args, ok := calledName(n)
		if !ok || len(args) == 0 {
			return e
		}
		switch name {
		case callFor:
			if isNil(args[forKey]) && !isSplatName(textOf(args[forValueName])) {
				e.node, e.of, e.path = args[forValue], args[forValue], ""
			}
			return e
		case "map":
			if p, ok := args[len(args)-1].(*ast.PredicateNode); ok {
				e.node, e.of, e.path = p.Node, p.Node, ""
			}
			return e
		case "sort", "uniq", "reverse", "take", "filter":
			n = args[0] // its elements are those of the first argument, though not all, or not in their order
			if _, isList := n.(*ast.ArrayNode); isList {
				return e
			}
		default:
			return e
		}
	}
	return e
}

func (c *checker) alternativesApart(n *ast.BinaryNode, a, b side, depth int) func() {
	as, bs := a.typ.Shape().Objects, b.typ.Shape().Objects
	if len(as)*len(bs) > maxApart {
		return nil
	}
	var say func()
	for _, p := range as {
		for _, q := range bs {
			a.typ, b.typ = types.New(&types.Shape{Kinds: types.Object, Objects: []*types.Fields{p}}), types.New(&types.Shape{Kinds: types.Object, Objects: []*types.Fields{q}})
			if say = c.objectsApart(n, a, b, p, q, depth); say == nil {
				return nil
			}
		}
	}
	return say
}

func (c *checker) objectsApart(n *ast.BinaryNode, a, b side, p, q *types.Fields, depth int) func() {
	type half struct {
		has, other side
		fields     *types.Fields
	}
	halves := []half{{a, b, p}, {b, a, q}}
	for _, x := range halves { // a name that is written wrong comes first
		for _, f := range x.fields.Properties {
			if key, _ := x.has.member(f.Name); key != nil && !c.mayHave(x.other, f, true) {
				return func() { c.lacks(n, x.has, x.other, key, f.Name) }
			}
		}
	}
	for i, x := range halves {
		for _, f := range x.fields.Properties {
			if !f.Required || f.Type.May(types.Absent) {
				continue
			}
			if !c.mayHave(x.other, f, false) {
				return func() { c.lacks(n, x.has, x.other, nil, f.Name) }
			}
			_, l := x.has.member(f.Name)
			_, r := x.other.member(f.Name)
			l.typ, r.typ = f.Type, x.other.typ.Field(f.Name).Type.Without(types.Absent)
			if i == 1 {
				l, r = r, l
			}
			if say := c.difference(n, l, r, depth+1); say != nil {
				return say
			}
		}
	}
	return nil
}

// mayHave reports whether objects on a side may have the field f of the other one. What a schema does not declare, they
// have not, if an author has written it.
func (c *checker) mayHave(s side, f *types.Property, isWritten bool) bool {
	found := s.typ.Field(f.Name).Found
	return !f.Required || f.Type.May(types.Absent) || found != types.Forbidden && (found != types.Undeclared || !isWritten)
}

// member is a field of an object, with its name if it is written there.
func (s side) member(name string) (key ast.Node, _ side) {
	m := side{of: s.of, path: s.path + "." + name}
	if x, ok := s.node.(*ast.MapNode); ok {
		for _, p := range x.Pairs {
			pair := p.(*ast.PairNode)
			if k, ok := pair.Key.(*ast.StringNode); ok && k.Value == name {
				return k, side{node: pair.Value, of: pair.Value}
			}
		}
	}
	return nil, m
}

// lacks reports a field that only one side has: where its name is written, else at the object that lacks it.
func (c *checker) lacks(n *ast.BinaryNode, has, other side, key ast.Node, name string) {
	at := ast.Node(n)
	_, here := other.node.(*ast.MapNode)
	if here {
		at = other.node
	}
	if key != nil && !here {
		owner := typeName(other.typ)
		if owner == "" {
			owner = c.called(other)
		}
		d := c.report(UnknownField, key, "%s has no field %q, so this is always %t.", owner, name, n.Operator == "!=")
		names := other.typ.PropertyNames()
		near := diag.Nearest(name, names)
		if c.suggestName(d, key, near); near == "" && len(names) > 0 {
			d.Explain("It has %s.", choicesLike(name, names))
		}
		c.relate(d, other.typ.Origin, "declared here")
		return
	}
	c.report(OperandType, at, "%s always has %q, which is not here, so they are never equal.", c.called(has), name).
		Explain("Objects are equal if they have the same fields with the same values.")
}
