package expression

import (
	"regexp"

	"github.com/expr-lang/expr/ast"

	"tenon/spec/types"
)

func (c *checker) unary(n *ast.UnaryNode) value {
	if n.Operator == "!" || n.Operator == "not" {
		v := c.condition(n.Node)
		if v.bad {
			return c.bad(n)
		}
		out := value{node: n, typ: types.AnyBoolean, secret: v.secret, whenTrue: v.whenFalse, whenFalse: v.whenTrue}
		out.code = &code{op: opNot, at: c.at(n), args: []*code{v.code}}
		if v.known {
			b, _ := v.value.(bool)
			out = c.constant(n, !b)
			out.secret = v.secret
		}
		return out
	}
	v := c.infer(n.Node)
	if !c.accept(v, types.Union(types.AnyNumber, types.AnyDuration), OperandType, "the operand of "+n.Operator) {
		return c.bad(n)
	}
	if n.Operator == "+" {
		return v
	}
	return c.apply(n, "neg", negated(v.typ), v)
}

func negated(t *types.Type) *types.Type { return generalise(t.Without(types.Null | types.Absent)) }

// apply calls a primitive on values that must be there, at compile time where they are known.
func (c *checker) apply(n ast.Node, name string, t *types.Type, args ...value) value {
	out := value{node: n, typ: t, code: &code{op: opCall, at: c.at(n), name: name}}
	known := true
	for _, a := range args {
		out.secret = out.secret || a.secret
		known = known && a.known
		out.code.args = append(out.code.args, c.present(a, true))
	}
	if known {
		return c.fold(n, out, args)
	}
	return out
}

func (c *checker) binary(n *ast.BinaryNode) value {
	switch n.Operator {
	case "&&", "and", "||", "or":
		return c.logical(n)
	case "==", "!=":
		return c.equality(n)
	}
	a, b := c.infer(n.Left), c.infer(n.Right)
	if a.bad || b.bad || isInvalid(a.typ) || isInvalid(b.typ) {
		return c.bad(n)
	}
	switch n.Operator {
	case "<", "<=", ">", ">=":
		return c.ordering(n, a, b)
	case "in":
		return c.membership(n, a, b)
	case "contains", "startsWith", "endsWith", "matches":
		return c.textTest(n, a, b)
	case "..":
		if !c.bothAre(n, a, b, types.AnyInteger) {
			return c.bad(n)
		}
		return c.apply(n, "..", types.ListOf(types.AnyInteger), a, b)
	}
	return c.arithmetic(n, a, b)
}

func (c *checker) bothAre(n *ast.BinaryNode, a, b value, t *types.Type) bool {
	left := c.accept(a, t, OperandType, "the left side of "+n.Operator)
	right := c.accept(b, t, OperandType, "the right side of "+n.Operator)
	return left && right
}

func (c *checker) logical(n *ast.BinaryNode) value {
	and := n.Operator == "&&" || n.Operator == "and"
	a := c.condition(n.Left)
	goOn, stop := a.whenTrue, a.whenFalse
	if !and {
		goOn, stop = stop, goOn
	}
	b := c.under(orFacts(goOn, c.facts), func() value { return c.condition(n.Right) })
	if a.bad || b.bad {
		return c.bad(n)
	}
	out := value{node: n, typ: types.AnyBoolean, secret: a.secret || b.secret}
	op := opAnd
	if !and {
		op = opOr
	}
	out.code = &code{op: op, at: c.at(n), args: []*code{a.code, b.code}}
	if a.known {
		if a.value == and {
			b.node, b.secret = n, out.secret
			return b
		}
		out = c.constant(n, !and)
		out.secret = a.secret
		return out
	}
	if and {
		out.whenTrue = orFacts(b.whenTrue, orFacts(goOn, c.facts))
		out.whenFalse = either(orFacts(stop, c.facts), orFacts(b.whenFalse, orFacts(goOn, c.facts)), c.facts)
	} else {
		out.whenFalse = orFacts(b.whenFalse, orFacts(goOn, c.facts))
		out.whenTrue = either(orFacts(stop, c.facts), orFacts(b.whenTrue, orFacts(goOn, c.facts)), c.facts)
	}
	return out
}

var nothing = types.Union(types.JustNull, types.JustAbsent)

// equality is == and !=, which also tell about null and absent, and narrow.
func (c *checker) equality(n *ast.BinaryNode) value {
	a, b := c.infer(n.Left), c.infer(n.Right)
	if a.bad || b.bad || isInvalid(a.typ) || isInvalid(b.typ) {
		c.use(a)
		c.use(b)
		return c.bad(n)
	}
	for _, v := range []value{a, b} {
		if v.typ.Is(types.Stream) {
			c.listLike(v)
			return c.bad(n)
		}
	}
	c.comparable(n, a, b)
	name := "=="
	if n.Operator == "!=" {
		name = "!="
	}
	if a.typ.May(types.Array|types.Object) && b.typ.May(types.Array|types.Object) {
		name += " deep"
	}
	out := value{node: n, typ: types.AnyBoolean, secret: a.secret || b.secret}
	read := c.use
	if a.known && isAbsent(a.value) || b.known && isAbsent(b.value) {
		read = c.touch
	}
	out.code = &code{op: opCall, at: c.at(n), name: name, args: []*code{read(a), read(b)}}
	if a.known && b.known {
		out2 := c.constant(n, equal(a.value, b.value) == (n.Operator == "=="))
		out2.secret = out.secret
		return out2
	}
	yes, no := c.facts, c.facts
	for _, p := range [][2]value{{a, b}, {b, a}} {
		x, y := p[0], p[1]
		switch {
		case x.kindOf != nil && y.known:
			yes = c.learn(yes, x.kindOf, kindsNamed(y.value), false)
			no = c.learn(no, x.kindOf, kindsNamed(y.value), true)
		case x.spot == nil:
		case y.known && isAbsent(y.value):
			yes = c.learn(yes, x.spot, nothing, false)
			no = c.learn(no, x.spot, nothing, true)
		case y.known && isScalar(y.value):
			yes = c.learn(yes, x.spot, types.Const(y.value), false)
			no = c.learn(no, x.spot, types.Const(y.value), true)
		case !y.typ.May(types.Null | types.Absent):
			yes = c.learn(yes, x.spot, nothing, true)
		}
	}
	out.whenTrue, out.whenFalse = yes, no
	if n.Operator == "!=" {
		out.whenTrue, out.whenFalse = no, yes
	}
	return out
}

func isScalar(v any) bool {
	switch v.(type) {
	case bool, string, int, float64, types.Num:
		return true
	}
	return false
}

// comparable reports comparisons whose result is known because no value is on both sides.
func (c *checker) comparable(n *ast.BinaryNode, a, b value) {
	if a.known && b.known || a.typ.Shape().Untyped || b.typ.Shape().Untyped {
		return
	}
	if a.known && isAbsent(a.value) || b.known && isAbsent(b.value) {
		x := a
		if a.known {
			x = b
		}
		if !x.typ.May(types.Null | types.Absent) {
			d := c.report(ConditionConstant, n, "%s is never null or absent, so this is always %t.", c.subject(x), n.Operator == "!=")
			_ = d
		}
		return
	}
	if c.apart(n, a, b) {
		return
	}
	ka, kb := a.typ.Kinds(), b.typ.Kinds()
	if ka.Has(types.Number) && kb.Has(types.Number) || ka.Has(kb) {
		if both := types.Intersect(a.typ, b.typ); len(kindsOf(both)) > 0 || !(a.known || b.known) {
			return
		}
		if len(c.calls) > 0 {
			return // another call of the mapping may give it
		}
		v, o := a, b
		if a.known {
			v, o = b, a
		}
		c.report(OperandType, n, "%s is never %s: it is %s. So this is always %t.", c.subject(v), constantText(o.value), phrase(v.typ), n.Operator == "!=")
		return
	}
	c.report(OperandType, n, "%s is %s and %s is %s, so they are never equal.", c.subject(a), a.phrase(), c.subject(b), b.phrase())
}

func constantText(v any) string {
	b, err := types.AppendJSON(nil, v)
	if err != nil {
		return "that"
	}
	return oneLine(string(b), 40)
}

var ordered = types.Union(types.AnyNumber, types.AnyString, types.AnyTime, types.AnyDuration)

func (c *checker) ordering(n *ast.BinaryNode, a, b value) value {
	if !c.bothAre(n, a, b, ordered) || !c.sameKind(n, a, b) {
		return c.bad(n)
	}
	return c.apply(n, n.Operator, types.AnyBoolean, a, b)
}

// sameKind reports two sides of an operator that can't go together.
func (c *checker) sameKind(n *ast.BinaryNode, a, b value) bool {
	ka, kb := a.typ.Kinds()&^(types.Null|types.Absent), b.typ.Kinds()&^(types.Null|types.Absent)
	if ka.Has(kb) || ka.Has(types.Number) && kb.Has(types.Number) {
		return true
	}
	d := c.report(OperandType, n, "%s is %s and %s is %s; %s needs two of a kind.", c.subject(a), a.phrase(), c.subject(b), b.phrase(), n.Operator)
	if (ka|kb)&^(types.Time|types.String) == 0 {
		d.Explain("parse_time(…) makes a time of a string.")
	}
	return false
}

func (c *checker) membership(n *ast.BinaryNode, a, b value) value {
	if !c.accept(b, collections, OperandType, "the right side of in") {
		return c.bad(n)
	}
	if b.typ.Is(types.Object) && !c.accept(a, types.AnyString, OperandType, "the name before in") {
		return c.bad(n)
	}
	out := value{node: n, typ: types.AnyBoolean, secret: a.secret || b.secret}
	right := c.present(b, true)
	if a.typ.May(types.Absent) {
		c.absentPart(a, "the left side of in")
	}
	out.code = &code{op: opCall, at: c.at(n), name: "in", args: []*code{c.present(a, false), right}}
	switch list, ok := b.value.([]any); {
	case !ok || !b.known:
	case a.kindOf != nil:
		out.whenTrue = c.learn(c.facts, a.kindOf, kindsNamed(list...), false)
		out.whenFalse = c.learn(c.facts, a.kindOf, kindsNamed(list...), true)
	case a.spot != nil:
		out.whenTrue = c.learn(c.facts, a.spot, types.Enum(list...), false)
		out.whenFalse = c.learn(c.facts, a.spot, types.Enum(list...), true)
	}
	if a.known && b.known {
		return c.fold(n, out, []value{a, b})
	}
	return out
}

func (c *checker) textTest(n *ast.BinaryNode, a, b value) value {
	if !c.bothAre(n, a, b, types.AnyString) {
		return c.bad(n)
	}
	if n.Operator == "matches" && b.known {
		if _, err := regexp.Compile(b.value.(string)); err != nil {
			c.report(ArgumentType, b.node, "This is not a regular expression: %s.", regexpError(err))
			return c.bad(n)
		}
		out := c.apply(n, "matches", types.AnyBoolean, a, b)
		if !out.known {
			out.code.args = out.code.args[:1]
			out.code.name, out.code.val = "matches const", b.value
		}
		return out
	}
	return c.apply(n, n.Operator, types.AnyBoolean, a, b)
}

// arithmetic is + - * / % **.
func (c *checker) arithmetic(n *ast.BinaryNode, a, b value) value {
	op := n.Operator
	if op == "^" {
		op = "**"
	}
	takes := types.AnyNumber
	switch op {
	case "+":
		takes = types.Union(types.AnyNumber, types.AnyString, types.AnyTime, types.AnyDuration)
	case "-":
		takes = types.Union(types.AnyNumber, types.AnyTime, types.AnyDuration)
	case "*":
		takes = types.Union(types.AnyNumber, types.AnyDuration)
	}
	if op == "+" && c.textAndOther(n, a, b) || !c.bothAre(n, a, b, takes) {
		return c.bad(n)
	}
	t := resultOf(op, a.typ, b.typ)
	if t == nil {
		d := c.report(OperandType, n, "%s is %s and %s is %s; there is no %s for these.", c.subject(a), a.phrase(), c.subject(b), b.phrase(), op)
		if text, other := c.subject(a), c.subject(b); op == "+" && (a.typ.May(types.String) || b.typ.May(types.String)) && text != "this value" && other != "this value" {
			d.Explain("To join text, write a template: \"${%s}${%s}\".", text, other)
		}
		return c.bad(n)
	}
	if op == "+" && t.Is(types.Number) {
		op = "+ numbers"
	}
	return c.apply(n, op, t, a, b)
}

// textAndOther reports "text" + 1, which other languages convert.
func (c *checker) textAndOther(n *ast.BinaryNode, a, b value) bool {
	for _, p := range [][2]value{{a, b}, {b, a}} {
		if s, o := p[0], p[1]; s.typ.Is(types.String) && o.typ.Is(types.Number|types.Boolean) {
			c.report(OperandType, n, "+ joins two strings or adds two numbers; %s is %s and %s is %s.", c.subject(s), s.phrase(), c.subject(o), o.phrase()).
				Explain("Nothing is converted silently: a template does it, \"… ${%s} …\".", or(c.tree.text(o.node), "x"))
			return true
		}
	}
	return false
}

// resultOf is the type of a op b; nil when there is no such operation.
func resultOf(op string, a, b *types.Type) *types.Type {
	ka, kb := a.Kinds()&^(types.Null|types.Absent), b.Kinds()&^(types.Null|types.Absent)
	var ts []*types.Type
	if ka.Has(types.Number) && kb.Has(types.Number) {
		switch {
		case op == "/" || ka.Has(types.Fraction) || kb.Has(types.Fraction):
			ts = append(ts, types.AnyNumber)
		case op == "**":
			ts = append(ts, powerType(b))
		default:
			ts = append(ts, integerRange(op, a, b))
		}
	}
	has := func(x, y types.Kind) bool { return ka.Has(x) && kb.Has(y) }
	switch op {
	case "+":
		if has(types.String, types.String) {
			ts = append(ts, joined(a, b))
		}
		if has(types.Time, types.Duration) || has(types.Duration, types.Time) {
			ts = append(ts, types.AnyTime)
		}
		if has(types.Duration, types.Duration) {
			ts = append(ts, types.AnyDuration)
		}
	case "-":
		if has(types.Time, types.Duration) {
			ts = append(ts, types.AnyTime)
		}
		if has(types.Duration, types.Duration) || has(types.Time, types.Time) {
			ts = append(ts, types.AnyDuration)
		}
	case "*":
		if has(types.Duration, types.Integer) || has(types.Integer, types.Duration) {
			ts = append(ts, types.AnyDuration)
		}
	}
	if len(ts) == 0 {
		return nil
	}
	return types.Union(ts...)
}

func powerType(exponent *types.Type) *types.Type {
	if low, _ := bounds(exponent); low != nil && low.Sign() >= 0 {
		return types.AnyInteger
	}
	return types.AnyNumber
}
