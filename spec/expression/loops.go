package expression

import (
	"github.com/expr-lang/expr/ast"

	"tenon/spec/types"
)

// isClosure reports whether a function of expr-lang's is called with a closure.
func isClosure(args []ast.Node) bool {
	if len(args) < 2 {
		return false
	}
	_, ok := args[1].(*ast.PredicateNode)
	return ok
}

// loopOver is a list that is about to be gone through.
type loopOver struct {
	code    *code
	item    *types.Type
	origins []Use // of one element
	list    []Use // of the list itself
	secret  bool
	low     int // bounds on the number of elements; high is -1 without one
	high    int
}

// overList makes v, a list, ready for a loop. what names the loop in messages.
func (c *checker) overList(v value, what string) (loopOver, bool) {
	if v.typ.May(types.Stream) && !v.bad {
		c.listLike(v)
		return loopOver{}, false
	}
	if !c.accept(v, types.ListOf(types.Any), OperandType, what) {
		return loopOver{}, false
	}
	code := v.code
	if v.typ.May(types.Absent | types.Null) {
		code = opCallNode{name: "notnull", val: c.subject(v)}.on(c, v)
	}
	l := loopOver{code: code, item: elemOf(v.typ), origins: stepAll(v.origins, "[]"), list: v.origins, secret: v.secret}
	l.low, l.high = lengths(v.typ)
	return l, true
}

// opCallNode builds a call of a primitive on a value that is not read as a whole.
type opCallNode struct {
	name string
	val  any
}

func (o opCallNode) on(c *checker, v value) *code {
	return &code{op: opCall, at: c.at(v.node), name: o.name, val: o.val, args: []*code{v.code}}
}

func elemOf(t *types.Type) *types.Type {
	if t.Shape().Untyped {
		return types.Any
	}
	return t.Only(types.Array).Elem()
}

// finish records that the list was gone through, whatever was read of its elements.
func (c *checker) finish(l loopOver) {
	c.touch(value{origins: l.list})
}

// elementBinding makes the binding for the element of a loop: #, or a let over it.
func (c *checker) elementBinding(l loopOver) *binding {
	return &binding{local: "#", typ: l.item, origins: l.origins, secret: l.secret, code: &code{op: opItem}}
}

func indexBinding() *binding {
	return &binding{local: "#index", typ: naturals, code: &code{op: opIndex}}
}

var naturals = types.New(&types.Shape{Kinds: types.Integer, Numbers: []*types.Numeric{{Min: num(0), Max: num(1<<53 - 1)}}})

func num(v any) *types.Num {
	n, _ := types.NumOf(v)
	return &n
}

// closure evaluates a closure's body for the element of a loop.
func (c *checker) closure(item, acc *binding, do func() value) value {
	outer := c.loop
	c.loop = &loopScope{item: item, index: indexBinding(), acc: acc}
	v := do()
	c.loop = outer
	return v
}

// named evaluates a body in which names stand for parts of the element: each is a let around it.
func (c *checker) let1(name string, bound *binding, read *code, n ast.Node, do func() value) value {
	if name == "" {
		return do()
	}
	bound.local = c.variable(name)
	bound.code = &code{op: opVar, name: bound.local}
	v := c.with(bound, name, do)
	v.code = &code{op: opLet, at: c.at(n), name: bound.local, args: []*code{read, v.code}}
	return v
}

// mapNode is map(list, closure), which gives its elements to a wanted list one by one.
func (c *checker) mapNode(n ast.Node, args []ast.Node, w *want) value {
	list := c.infer(args[0])
	if w != nil && w.typ != nil && !w.typ.May(types.Array) {
		v := c.mapNode(n, args, nil)
		return c.leaf(v, w)
	}
	l, ok := c.overList(list, "the list of map")
	if !ok {
		return c.bad(n)
	}
	body := c.closure(c.elementBinding(l), nil, func() value { return c.eval(args[1], elemWant(w)) })
	body = c.elementResult(body, w)
	c.finish(l)
	out := value{node: n, bad: body.bad, secret: l.secret || body.secret, typ: types.ListOf(body.typ)}
	out.code = &code{op: opMap, at: c.at(n), args: []*code{l.code, body.code}}
	return c.ready(out, w)
}

func elemWant(w *want) *want {
	if w == nil {
		return nil
	}
	e := w.below("[]", nil)
	if w.typ != nil && !w.typ.Shape().Untyped {
		e.typ = w.typ.Only(types.Array).Elem()
	}
	return e
}

// elementResult makes sure that what a loop's body gives can stand in a list.
func (c *checker) elementResult(v value, w *want) value {
	if w != nil || v.bad {
		return v
	}
	if v.typ.May(types.Absent) {
		c.absentPart(v, "an element of a list")
	}
	v.code = c.present(v, false)
	v.typ = v.typ.Without(types.Absent)
	return v
}

// ready finishes a list made element by element for a place that wants one.
func (c *checker) ready(out value, w *want) value {
	if w != nil && w.typ != nil && !out.bad {
		c.wholeValue(out, w)
	}
	return out
}

// forNode is HCL's for, and its splats.
func (c *checker) forNode(n ast.Node, args []ast.Node, w *want) value {
	isObject := !isNil(args[forKey])
	if w != nil && w.typ != nil && (isObject || !w.typ.May(types.Array)) {
		v := c.forNode(n, args, nil)
		v.node = n
		return c.leaf(v, w)
	}
	keyName, valueName := textOf(args[forKeyName]), textOf(args[forValueName])
	coll := c.infer(args[forColl])
	if coll.bad || isInvalid(coll.typ) {
		c.blind(args, keyName, valueName)
		return c.bad(n)
	}
	f, ok := c.forOver(coll, keyName, isSplatName(valueName))
	if !ok {
		c.blind(args, keyName, valueName)
		return c.bad(n)
	}
	bind := func(do func() value) value {
		elem := &binding{typ: f.item, origins: f.origins, secret: f.secret}
		key := &binding{typ: f.keyType, secret: f.secret}
		return c.let1(keyName, key, f.readKey, n, func() value {
			return c.let1(valueName, elem, f.readItem, n, do)
		})
	}
	out := value{node: n, secret: f.secret}
	base := c.facts
	inside := c.facts
	ops := []*code{f.code}
	loop := func() value {
		if !isNil(args[forCond]) {
			// Names are bound once for the condition and once for the value; what the condition
			// proves must be about the same binding, so the bindings are shared.
			return c.forFiltered(n, args, keyName, valueName, f, w, &ops)
		}
		body := bind(func() value { return c.forBody(n, args, w) })
		ops = append(ops, body.code)
		return body
	}
	body := c.closure(c.elementBinding(f.loopOver), nil, loop)
	c.facts = base
	_ = inside
	c.finish(f.loopOver)
	out.bad = body.bad
	out.secret = out.secret || body.secret
	op := opMap
	if len(ops) == 3 {
		op = opFilter
	}
	out.code = &code{op: op, at: c.at(n), args: ops}
	if !isObject {
		out.typ = types.ListOf(body.typ)
		if op == opMap && f.length != nil {
			out.typ = f.length(body.typ)
		}
		return c.ready(out, w)
	}
	name := "toObject"
	out.typ = types.MapOf(body.typ)
	if group, _ := args[forGroup].(*ast.BoolNode); group != nil && group.Value {
		name, out.typ = "toGroups", types.MapOf(nonEmptyList(body.typ))
	}
	out.code = &code{op: opCall, at: c.at(n), name: name, args: []*code{out.code}}
	return out
}

// forFiltered is a for with a condition: the value is typed under what the condition proves.
func (c *checker) forFiltered(n ast.Node, args []ast.Node, keyName, valueName string, f forOver, w *want, ops *[]*code) value {
	elem := &binding{typ: f.item, origins: f.origins, secret: f.secret, local: c.variable(valueName)}
	key := &binding{typ: f.keyType, secret: f.secret, local: c.variable(or(keyName, "key"))}
	elem.code = &code{op: opVar, name: elem.local}
	key.code = &code{op: opVar, name: key.local}
	lets := func(v value) *code {
		x := v.code
		if valueName != "" {
			x = &code{op: opLet, at: c.at(n), name: elem.local, args: []*code{f.readItem, x}}
		}
		if keyName != "" {
			x = &code{op: opLet, at: c.at(n), name: key.local, args: []*code{f.readKey, x}}
		}
		return x
	}
	scoped := func(do func() value) value {
		if keyName != "" {
			inner := do
			do = func() value { return c.with(key, keyName, inner) }
		}
		return c.with(elem, valueName, do)
	}
	cond := scoped(func() value { return c.condition(args[forCond]) })
	body := scoped(func() value {
		return c.under(orFacts(cond.whenTrue, c.facts), func() value { return c.forBody(n, args, w) })
	})
	*ops = append(*ops, lets(cond), lets(body))
	body.secret = body.secret || cond.secret
	body.bad = body.bad || cond.bad
	return body
}

// forBody types the key and value of a for.
func (c *checker) forBody(n ast.Node, args []ast.Node, w *want) value {
	if isNil(args[forKey]) {
		return c.elementResult(c.eval(args[forValue], elemWant(w)), w)
	}
	key := c.infer(args[forKey])
	val := c.infer(args[forValue])
	ok := c.accept(key, types.AnyString, OperandType, "a key")
	if !val.bad && val.typ.May(types.Absent) {
		c.absentPart(val, "the value of a key")
	}
	k := c.present(key, true)
	out := value{node: n, typ: val.typ.Without(types.Absent), secret: key.secret || val.secret, bad: !ok || val.bad}
	out.code = &code{op: opList, at: c.at(n), args: []*code{k, c.present(val, false)}}
	return out
}

// blind types the body of a for over something unknown, so that mistakes in it are found all the same.
func (c *checker) blind(args []ast.Node, keyName, valueName string) {
	unknown := &binding{local: "?", typ: types.Invalid, code: &code{op: opConst}}
	do := func() value {
		for _, i := range []int{forCond, forKey, forValue} {
			if !isNil(args[i]) {
				c.infer(args[i])
			}
		}
		return value{}
	}
	c.with(unknown, valueName, func() value { return c.with(unknown, or(keyName, "\x00"), do) })
}

type forOver struct {
	loopOver
	keyType           *types.Type
	readKey, readItem *code
	length            func(*types.Type) *types.Type // the list's type, where its length is known
}

// forOver makes a list or an object ready for HCL's for: over an object it goes in the order of its keys.
func (c *checker) forOver(v value, keyName string, splat bool) (forOver, bool) {
	f := forOver{loopOver: loopOver{origins: stepAll(v.origins, "[]"), list: v.origins, secret: v.secret, code: v.code}}
	f.readItem, f.readKey = &code{op: opItem}, &code{op: opIndex}
	f.keyType = naturals
	t := v.typ
	whole := t.Without(types.Null | types.Absent)
	switch {
	case t.May(types.Stream):
		return f, c.listLike(v)
	case splat && !whole.May(types.Array) && !t.Shape().Untyped:
		// HCL: a value that is no list is a list of one, null and absent an empty one.
		f.item, f.origins = whole, v.origins
		f.code = opCallNode{name: "splat"}.on(c, v)
		return f, true
	case splat:
		f.item = elemOf(t)
		if t.May(types.Null|types.Absent) || t.Shape().Untyped {
			f.code = opCallNode{name: "splat"}.on(c, v)
		}
		return f, true
	}
	if !c.accept(v, collections, OperandType, "what for goes through") {
		return f, false
	}
	if t.May(types.Null | types.Absent) {
		f.code = opCallNode{name: "notnull", val: c.subject(v)}.on(c, v)
	}
	switch {
	case t.Shape().Untyped || whole.May(types.Array) && whole.May(types.Object):
		f.item, f.keyType = types.Any, types.Union(types.AnyString, naturals)
		c.entries(&f, v)
	case whole.May(types.Array):
		f.item = elemOf(t)
		f.length = sameLength(whole)
	default:
		f.item, f.keyType = whole.Elem(), types.AnyString
		f.origins = v.origins
		c.entries(&f, v)
	}
	return f, true
}

var collections = types.Union(types.ListOf(types.Any), types.MapOf(types.Any))

func (c *checker) entries(f *forOver, v value) {
	f.code = &code{op: opCall, at: c.at(v.node), name: "entries", args: []*code{f.code}}
	f.readKey = &code{op: opGet, val: path{0}, args: []*code{{op: opItem}}}
	f.readItem = &code{op: opGet, val: path{1}, args: []*code{{op: opItem}}}
}

// sameLength gives the type of lists that are as long as those of t.
func sameLength(t *types.Type) func(*types.Type) *types.Type {
	low, high := lengths(t)
	return func(item *types.Type) *types.Type { return listType2(item, low, high) }
}

func listType2(item *types.Type, low, high int) *types.Type {
	return types.New(&types.Shape{Kinds: types.Array, Arrays: []*types.List{{Items: item, MinLen: low, MaxLen: high}}})
}

func nonEmptyList(item *types.Type) *types.Type { return listType2(item, 1, -1) }

// lengths returns the bounds on the number of elements of the lists in t; high is -1 without a bound.
func lengths(t *types.Type) (low, high int) {
	s := t.Shape()
	if len(s.Arrays) == 0 {
		return 0, -1
	}
	low, high = s.Arrays[0].MinLen, s.Arrays[0].MaxLen
	for _, l := range s.Arrays[1:] {
		low = min(low, l.MinLen)
		if high >= 0 {
			high = max(high, l.MaxLen)
		}
		if l.MaxLen < 0 {
			high = -1
		}
	}
	return low, high
}

func isNil(n ast.Node) bool {
	_, ok := n.(*ast.NilNode)
	return ok || n == nil
}

func textOf(n ast.Node) string {
	if s, ok := n.(*ast.StringNode); ok {
		return s.Value
	}
	return ""
}
