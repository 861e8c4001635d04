package expression

import (
	"strings"

	"github.com/expr-lang/expr/ast"

	"tenon/spec/diag"
	"tenon/spec/syntax"
	"tenon/spec/types"
)

// eval types n and rewrites it. With a want, findings about the place are reported, too, and what n
// reads is recorded; without, the caller does with the value what it likes.
func (c *checker) eval(n ast.Node, w *want) value {
	c.deep++
	defer func() { c.deep-- }()
	if c.nodes++; c.nodes > maxNodes || c.deep > 2*maxDepth {
		if c.nodes == maxNodes+1 || c.deep == 2*maxDepth+1 {
			c.report(syntax.Syntax, n, "With the mappings it calls, this expression is too large.")
		}
		return c.bad(n)
	}
	before := len(c.fields)
	switch n := n.(type) {
	case *ast.ConditionalNode:
		defer c.oneField(n, w, before)
		return c.conditional(n, w)
	case *ast.VariableDeclaratorNode:
		return c.let(n, w)
	case *ast.MapNode:
		return c.object(n, w)
	case *ast.ArrayNode:
		return c.list(n, w)
	case *ast.PredicateNode:
		return c.eval(n.Node, w)
	case *ast.ChainNode:
		return c.eval(n.Node, w)
	}
	if name, args, ok := calledName(n); ok {
		switch {
		case name == callFor:
			return c.forNode(n, args, w)
		case name == "map" && isClosure(args):
			return c.mapNode(n, args, w)
		case name == "coalesce":
			defer c.oneField(n, w, before)
			return c.coalesce(n, args, w)
		case name == "match" && (len(args) == 2 || len(args) == 3):
			defer c.oneField(n, w, before)
			return c.match(n, args, w)
		case strings.Contains(name, "::"):
			space, member, _ := strings.Cut(name, "::")
			return c.mapping(n, space, member, args, w)
		}
	}
	if b, ok := n.(*ast.BinaryNode); ok && b.Operator == "??" {
		defer c.oneField(n, w, before)
		return c.coalesce(n, []ast.Node{b.Left, b.Right}, w)
	}
	v := c.plain(n)
	v.node = n
	return c.leaf(v, w)
}

func (c *checker) infer(n ast.Node) value { return c.eval(n, nil) }

// plain types what is typed from the inside out.
func (c *checker) plain(n ast.Node) value {
	switch n := n.(type) {
	case *ast.NilNode:
		return c.constant(n, nil)
	case *ast.BoolNode:
		return c.constant(n, n.Value)
	case *ast.IntegerNode:
		return c.constant(n, n.Value)
	case *ast.FloatNode:
		return c.constant(n, c.floatLiteral(n))
	case *ast.StringNode:
		c.quoted(n)
		return c.constant(n, n.Value)
	case *ast.BytesNode:
		return c.constant(n, n.Value)
	case *ast.ConstantNode:
		return c.constant(n, n.Value)
	case *ast.IdentifierNode:
		return c.identifier(n)
	case *ast.PointerNode:
		return c.pointer(n)
	case *ast.MemberNode:
		return c.member(n)
	case *ast.SliceNode:
		return c.slice(n)
	case *ast.UnaryNode:
		return c.unary(n)
	case *ast.BinaryNode:
		return c.binary(n)
	}
	if name, args, ok := calledName(n); ok {
		return c.call(n, name, args)
	}
	return c.bad(n)
}

// floatLiteral reads a number of an expr text again from its source, which is exact.
func (c *checker) floatLiteral(n *ast.FloatNode) any {
	if v, err := number(strings.ReplaceAll(c.tree.file.Text(c.place(n)), "_", "")); err == nil {
		return v
	}
	v, _ := types.NumOf(n.Value)
	return settle(v)
}

func (c *checker) identifier(n *ast.IdentifierNode) value {
	if b := c.lookup(n.Value); b != nil {
		return c.bound(n, b)
	}
	name := c.scope.Lookup(n.Value)
	switch {
	case name == nil && n.Value == "null":
		return c.constant(n, nil) // expr-lang says nil; both are understood
	case name == nil:
		c.unknownName(n)
		return c.bad(n)
	case name.Members != nil:
		c.report(UnknownReference, n, "%s is not a value; one of its members is: %s.", n.Value, choices(prefixed(n.Value+".", name.reachable())))
		return c.bad(n)
	}
	return c.named(n, name)
}

func (c *checker) named(n ast.Node, name *Name) value {
	if name.Gone != "" {
		c.report(OutOfScope, n, "%s", name.Gone).Relate(name.Range, "defined here")
		return c.bad(n)
	}
	if name.Mapping != nil {
		c.report(UnknownReference, n, "mapping %q is called as a function: mapping::%s(…).", name.Name, name.Name)
		return c.bad(n)
	}
	b := c.bindings[name]
	if b == nil {
		b = &binding{name: name, typ: name.Type, secret: name.Secret, const_: name.Const, known: name.HasConst}
		b.origins = []Use{{Key: name.key()}}
		b.code = &code{op: opLoad, name: name.key(), val: path{}}
		if b.typ == nil {
			b.typ = types.Invalid
		}
		c.bindings[name] = b
	}
	return c.bound(n, b)
}

// bound is a use of a binding.
func (c *checker) bound(n ast.Node, b *binding) value {
	if b.secret {
		c.secrets = c.secrets || c.quiet == 0
		if b.name != nil {
			c.taints = append(c.taints, taint{c.place(n), b.name.Trail})
		}
	}
	if b.known {
		v := c.constant(n, b.const_)
		v.secret = b.secret
		return v
	}
	code := *b.code
	code.at = c.at(n)
	s := &spot{root: b}
	return value{code: &code, typ: c.spotType(c.facts, s), node: n, spot: s, origins: b.origins, secret: b.secret}
}

func (c *checker) unknownName(n *ast.IdentifierNode) {
	names := append(c.localNames(), c.scope.reachable()...)
	d := c.report(UnknownReference, n, "There is no %q in reach here.", n.Value)
	near := diag.Nearest(n.Value, names)
	if near == "" && functions()[n.Value] != nil {
		d.Message += " It is a function: " + functions()[n.Value].Signature + "."
		return
	}
	if near == "" {
		d.Explain("In reach are %s.", choices(names))
	}
	d.Suggest(near, near)
}

func (c *checker) pointer(n *ast.PointerNode) value {
	if c.loop == nil {
		c.report(UnknownReference, n, "# is the element in a closure, and this is not one.")
		return c.bad(n)
	}
	b := c.loop.item
	switch n.Name {
	case "index":
		b = c.loop.index
	case "acc":
		b = c.loop.acc
	}
	if b == nil {
		c.report(UnknownReference, n, "#%s has no meaning in this closure.", n.Name)
		return c.bad(n)
	}
	return c.bound(n, b)
}

func (c *checker) conditional(n *ast.ConditionalNode, w *want) value {
	cond := c.condition(n.Cond)
	a := c.under(orFacts(cond.whenTrue, c.facts), func() value { return c.eval(n.Exp1, w.choice()) })
	b := c.under(orFacts(cond.whenFalse, c.facts), func() value { return c.eval(n.Exp2, w.choice()) })
	if cond.known && !cond.bad {
		if cond.value == true {
			return a
		}
		return b
	}
	out := value{node: n, secret: a.secret || b.secret || cond.secret, origins: joinUses(a.origins, b.origins)}
	out.bad = a.bad && b.bad
	out.typ = types.Union(a.typ, b.typ)
	if a.bad || b.bad || cond.bad {
		out.typ = types.Invalid
	}
	out.code = &code{op: opIf, at: c.at(n), args: []*code{cond.code, a.code, b.code}}
	return out
}

func orFacts(f, base *facts) *facts {
	if f == nil {
		return base
	}
	return f
}

// condition types something that must be true or false, and uses it.
func (c *checker) condition(n ast.Node) value {
	v := c.infer(n)
	if v.bad {
		return v
	}
	if !c.accept(v, types.AnyBoolean, OperandType, "a condition") {
		v.bad = true
		return v
	}
	v.code = c.present(v, true)
	if v.spot != nil && v.whenTrue == nil {
		v.whenTrue = c.learn(c.facts, v.spot, types.Const(true), false)
		v.whenFalse = c.learn(c.facts, v.spot, types.Const(false), false)
	}
	return v
}

func (c *checker) let(n *ast.VariableDeclaratorNode, w *want) value {
	v := c.infer(n.Value)
	if c.lookup(n.Name) == nil && c.scope.Lookup(n.Name) != nil || functions()[n.Name] != nil {
		c.report(UnknownReference, n, "%q already has a meaning here; give the variable another name.", n.Name)
	}
	b := &binding{local: c.variable(n.Name), typ: v.typ, origins: v.origins, secret: v.secret, const_: v.value, known: v.known}
	b.code = &code{op: opVar, name: b.local}
	body := c.with(b, n.Name, func() value { return c.eval(n.Expr, w) })
	if v.known {
		return body
	}
	out := body
	out.node, out.spot = n, nil
	out.secret = out.secret || v.secret && false
	out.code = &code{op: opLet, at: c.at(n), name: b.local, args: []*code{v.code, body.code}}
	if v.bad {
		out.typ = types.Invalid
	}
	return out
}
