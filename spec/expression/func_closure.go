package expression

import (
	"time"

	"github.com/expr-lang/expr/ast"

	"tenon/spec/types"
)

func closureFunctions() []*Function {
	return []*Function{
		{Signature: "map(xs list, value closure) list", Doc: "The value of the closure for every element. In HCL notation: `[for x in xs : value]`.", Pure: true,
			Examples: ex(`expr("map([1, 2], # * 10)")`, `[10,20]`), closure: true, special: needsClosure("map", "[for x in xs : …]")},
		{Signature: "filter(xs list, test closure) list", Doc: "The elements for which the closure is true. In HCL notation: `[for x in xs : x if test]`.", Pure: true,
			Examples: ex(`expr("filter([1, 2, 3], # > 1)")`, `[2,3]`), closure: true, special: looping(opFilter)},
		{Signature: "all(xs list, test closure) bool", Doc: "Whether the closure is true for every element.", Pure: true,
			Examples: ex(`expr("all([1, 2], # > 0)")`, `true`), closure: true, special: looping(opAll)},
		{Signature: "any(xs list, test closure) bool", Doc: "Whether the closure is true for some element.", Pure: true,
			Examples: ex(`expr("any([1, 2], # > 1)")`, `true`), closure: true, special: looping(opAny)},
		{Signature: "none(xs list, test closure) bool", Doc: "Whether the closure is true for no element.", Pure: true,
			Examples: ex(`expr("none([1, 2], # > 2)")`, `true`), closure: true, special: looping(opNone)},
		{Signature: "one(xs list, test closure) bool", Doc: "Whether the closure is true for exactly one element.", Pure: true,
			Examples: ex(`expr("one([1, 2], # > 1)")`, `true`), closure: true, special: looping(opOne)},
		{Signature: "count(xs list, test closure) integer", Doc: "The number of elements for which the closure is true.", Pure: true,
			Examples: ex(`expr("count([1, 2, 3], # > 1)")`, `2`), closure: true, special: looping(opCount)},
		{Signature: "find(xs list, test closure) any", Doc: "The first element for which the closure is true; absent when there is none.", Pure: true,
			Examples: ex(`expr("find([1, 2, 3], # > 1)")`, `2`), closure: true, special: finding(opFindIndex)},
		{Signature: "findLast(xs list, test closure) any", Doc: "The last element for which the closure is true; absent when there is none.", Pure: true,
			Examples: ex(`expr("findLast([1, 2, 3], # < 3)")`, `2`), closure: true, special: finding(opFindLastIndex)},
		{Signature: "findIndex(xs list, test closure) integer", Doc: "The place of the first element for which the closure is true; absent when there is none.", Pure: true,
			Examples: ex(`expr("findIndex([1, 2, 3], # > 1)")`, `1`), closure: true, special: looping(opFindIndex)},
		{Signature: "findLastIndex(xs list, test closure) integer", Doc: "The place of the last element for which the closure is true; absent when there is none.", Pure: true,
			Examples: ex(`expr("findLastIndex([1, 2, 3], # < 3)")`, `1`), closure: true, special: looping(opFindLastIndex)},
		{Signature: "sum(xs list, value? closure) number", Doc: "The sum of the elements, or of the closure's values for them. Exact for decimals.", Pure: true,
			Examples: ex(`sum([1, 2])`, `3`, `expr("sum([{n: 2}, {n: 3}], .n)")`, `5`), closure: true, special: summing, prim: primitive{many: func(f *frame, a []any) any {
				l := mustElements(a[0])
				f.work(len(l))
				if len(l) == 0 && len(a) == 2 {
					return a[1]
				}
				return sumOf(l)
			}}},
		{Signature: "groupBy(xs list, key closure) object", Doc: "The elements in lists by the closure's value for them.", Pure: true,
			Examples: ex(`expr("groupBy(['a', 'bb', 'c'], len(#))")`, `{"1":["a","c"],"2":["bb"]}`), closure: true, special: grouping, prim: primitive{many: func(f *frame, a []any) any {
				l, keys := mustElements(a[0]), mustElements(a[1])
				f.cells(len(l))
				out := map[string]any{}
				for i, k := range keys {
					name := textOfValue(k)
					group, _ := out[name].([]any)
					out[name] = append(group, l[i])
				}
				return out
			}}},
		{Signature: "sortBy(xs list, key closure, order? \"asc\"|\"desc\") list", Doc: "The elements in the order of the closure's values, `\"asc\"` or `\"desc\"`; equal ones stay as they were.", Pure: true,
			Examples: ex(`expr("sortBy(['bb', 'a'], len(#))")`, `["a","bb"]`), closure: true, special: sorting, prim: primitive{many: func(f *frame, a []any) any {
				l := mustElements(a[0])
				f.cells(2 * len(l))
				return sortBy(l, mustElements(a[1]), descending(a[2:]))
			}}},
		{Signature: "reduce(xs list, next closure, initial? any) any", Doc: "One value out of all elements: the closure makes the next `#acc` out of the last one and the element.", Pure: true,
			Examples: ex(`expr("reduce([1, 2, 3], #acc + #, 0)")`, `6`), closure: true, special: reducing},
	}
}

// withClosure reports whether args have a closure, and says how to write one if not.
func (c *checker) withClosure(n ast.Node, name, native string, args []ast.Node) bool {
	if isClosure(args) {
		return true
	}
	for _, a := range args {
		c.infer(a)
	}
	c.report(ArgumentType, n, "%s takes a closure, which expr notation has: expr(\"%s(xs, .field > 1)\"). In HCL notation write %s.", name, name, native)
	return false
}

func needsClosure(name, native string) func(*checker, ast.Node, []ast.Node) value {
	return func(c *checker, n ast.Node, args []ast.Node) value {
		c.withClosure(n, name, native, args)
		return c.bad(n)
	}
}

// overArgument makes the list argument of a closure function ready.
func (c *checker) overArgument(n ast.Node, name string, args []ast.Node) (value, loopOver, bool) {
	if !c.withClosure(n, name, "[for x in xs : x if …]", args) {
		return value{}, loopOver{}, false
	}
	list := c.infer(args[0])
	l, ok := c.overList(list, "the list of "+name)
	if !ok {
		if !isInvalid(list.typ) {
			l.item = types.Invalid
		}
		c.closure(&binding{local: "#", typ: types.Invalid, code: &code{op: opItem}}, nil, func() value { return c.infer(args[1]) })
	}
	return list, l, ok
}

// looping is the functions whose closure is a condition.
func looping(op string) func(*checker, ast.Node, []ast.Node) value {
	return func(c *checker, n ast.Node, args []ast.Node) value {
		_, l, ok := c.overArgument(n, op, args)
		if !ok {
			return c.bad(n)
		}
		item := c.elementBinding(l)
		test := c.closure(item, nil, func() value { return c.condition(args[1]) })
		if test.bad {
			return c.bad(n)
		}
		out := value{node: n, typ: types.AnyBoolean, secret: l.secret || test.secret}
		out.code = &code{op: op, at: c.at(n), args: []*code{l.code, test.code}}
		switch op {
		case opFilter:
			out.origins = l.list
			item := c.spotType(orFacts(test.whenTrue, c.facts), &spot{root: item})
			_, high := l.low, l.high
			out.typ = listType2(item, 0, high)
		case opCount:
			c.finish(l)
			out.typ = between(types.Integer, num(0), num(1<<53-1))
			if l.high >= 0 {
				out.typ = between(types.Integer, num(0), num(l.high))
			}
		case opFindIndex, opFindLastIndex:
			c.finish(l)
			out.typ = naturals.With(types.Absent)
		default:
			c.finish(l)
		}
		return out
	}
}

// finding is find and findLast: the element at the place that is found.
func finding(op string) func(*checker, ast.Node, []ast.Node) value {
	return func(c *checker, n ast.Node, args []ast.Node) value {
		name := map[string]string{opFindIndex: "find", opFindLastIndex: "findLast"}[op]
		_, l, ok := c.overArgument(n, name, args)
		if !ok {
			return c.bad(n)
		}
		item := c.elementBinding(l)
		test := c.closure(item, nil, func() value { return c.condition(args[1]) })
		if test.bad {
			return c.bad(n)
		}
		list := c.variable("list")
		read := &code{op: opVar, name: list, at: c.at(n)}
		at := &code{op: op, at: c.at(n), args: []*code{read, test.code}}
		out := value{node: n, origins: l.origins, secret: l.secret || test.secret}
		out.typ = c.spotType(orFacts(test.whenTrue, c.facts), &spot{root: item}).With(types.Absent)
		out.code = &code{op: opLet, at: c.at(n), name: list, args: []*code{l.code,
			{op: opCall, at: c.at(n), name: "element", args: []*code{read, at}}}}
		return out
	}
}

// values types a closure that gives a value for every element, and returns the loop that makes them.
func (c *checker) values(n ast.Node, name string, args []ast.Node, t *types.Type) (list value, l loopOver, v value, ok bool) {
	list, l, ok = c.overArgument(n, name, args)
	if !ok {
		return list, l, v, false
	}
	v = c.closure(c.elementBinding(l), nil, func() value {
		v := c.infer(args[1])
		if !c.accept(v, t, ArgumentType, "the closure's value in "+name) {
			v.bad = true
			return v
		}
		v.code = c.present(v, true)
		return v
	})
	return list, l, v, !v.bad
}

func summing(c *checker, n ast.Node, args []ast.Node) value {
	summable := types.Union(types.AnyNumber, types.AnyDuration)
	out := value{node: n}
	if len(args) == 1 {
		v := c.infer(args[0])
		if !c.accept(v, types.ListOf(summable), ArgumentType, "the list of sum") {
			return c.bad(n)
		}
		out = c.apply(n, "sum", types.Invalid, v)
		if !out.known {
			out.typ = sumType(elemOf(v.typ))
			c.sumOfNone(out)
		}
		return out
	}
	_, l, v, ok := c.values(n, "sum", args, summable)
	if !ok {
		return c.bad(n)
	}
	c.finish(l)
	out.secret = l.secret || v.secret
	out.typ = sumType(v.typ)
	loop := &code{op: opMap, at: c.at(n), args: []*code{l.code, v.code}}
	out.code = &code{op: opCall, at: c.at(n), name: "sum", args: []*code{loop}}
	c.sumOfNone(out)
	return out
}

// sumOfNone gives sum what it is of no elements, where that is not 0.
func (c *checker) sumOfNone(sum value) {
	if sum.typ.Is(types.Duration) {
		sum.code.args = append(sum.code.args, &code{op: opConst, at: sum.code.at, val: time.Duration(0)})
	}
}

func sumType(t *types.Type) *types.Type {
	switch {
	case t.Is(types.Duration):
		return types.AnyDuration
	case t.Is(types.Integer):
		if low, _ := bounds(t); low != nil && low.Sign() >= 0 {
			return between(types.Integer, num(0), num(1<<63-1))
		}
		return types.AnyInteger
	case t.May(types.Duration):
		return types.Union(types.AnyDuration, types.AnyNumber)
	}
	return types.AnyNumber
}

// keyed builds a call of a function that takes the list and the closure's value for every element.
func (c *checker) keyed(n ast.Node, name string, list value, l loopOver, v value) *code {
	local := c.variable("list")
	read := &code{op: opVar, name: local, at: c.at(n)}
	loop := &code{op: opMap, at: c.at(n), args: []*code{read, v.code}}
	return &code{op: opLet, at: c.at(n), name: local, args: []*code{l.code,
		{op: opCall, at: c.at(n), name: name, args: []*code{read, loop}}}}
}

func grouping(c *checker, n ast.Node, args []ast.Node) value {
	list, l, v, ok := c.values(n, "groupBy", args, types.Union(types.AnyString, types.AnyNumber, types.AnyBoolean))
	if !ok {
		return c.bad(n)
	}
	c.use(list)
	return value{node: n, typ: types.MapOf(nonEmptyList(l.item)), code: c.keyed(n, "groupBy", list, l, v), secret: l.secret || v.secret}
}

func sorting(c *checker, n ast.Node, args []ast.Node) value {
	list, l, v, ok := c.values(n, "sortBy", args, ordered)
	if !ok {
		return c.bad(n)
	}
	out := value{node: n, typ: listType2(l.item, l.low, l.high), code: c.keyed(n, "sortBy", list, l, v), origins: list.origins, secret: l.secret || v.secret}
	if len(args) == 3 {
		order := c.infer(args[2])
		if !c.accept(order, types.Enum("asc", "desc"), ArgumentType, "the order of sortBy") {
			return c.bad(n)
		}
		call := out.code.args[1]
		call.args = append(call.args, c.present(order, true))
	}
	return out
}

// reducing types reduce: the type of #acc is what the initial value and the closure can give.
func reducing(c *checker, n ast.Node, args []ast.Node) value {
	list, l, ok := c.overArgument(n, "reduce", args)
	if !ok {
		return c.bad(n)
	}
	out := value{node: n, secret: l.secret, code: &code{op: opReduce, at: c.at(n)}}
	acc := &binding{local: "#acc", code: &code{op: opAcc}, typ: l.item, secret: l.secret}
	var initial value
	if len(args) == 3 {
		initial = c.infer(args[2])
		if initial.bad {
			return c.bad(n)
		}
		acc.typ, acc.secret = initial.typ, acc.secret || initial.secret
	}
	body := func() value {
		return c.closure(c.elementBinding(l), acc, func() value { return c.infer(args[1]) })
	}
	// The first turn sees the initial value, later ones what the closure gave: widen until it holds.
	c.quiet++
	for i := 0; ; i++ {
		next := body().typ
		if isInvalid(next) || len(types.Assign(next, acc.typ)) == 0 {
			break
		}
		if i == 4 {
			acc.typ = anything.With(types.Absent)
			break
		}
		acc.typ = generalise(types.Union(acc.typ, next))
	}
	c.quiet--
	v := body()
	if v.bad {
		return c.bad(n)
	}
	c.use(list)
	out.code.args = []*code{l.code, c.use(v)}
	if len(args) == 3 {
		out.code.args = append(out.code.args, c.use(initial))
	}
	out.typ, out.secret = types.Union(acc.typ, v.typ), out.secret || v.secret || acc.secret
	return out
}
