package expression

import (
	"github.com/expr-lang/expr/ast"

	"tenon/spec/diag"
	"tenon/spec/types"
)

// call types the call of a function or mapping.
func (c *checker) call(n ast.Node, name string, args []ast.Node) value {
	switch name {
	case callInvalid:
		return c.bad(n)
	case callTemplate, callJoin:
		return c.template(n, name, args)
	}
	f := functions()[name]
	if f == nil {
		c.unknownFunction(n, name)
		for _, a := range args {
			c.infer(a)
		}
		return c.bad(n)
	}
	if isClosure(args) && !f.closure {
		c.report(ArgumentType, args[1], "%s does not take a closure.", name)
		return c.bad(n)
	}
	if f.special != nil {
		if !c.count(n, f, args) {
			return c.bad(n)
		}
		return f.special(c, n, args)
	}
	return c.function(n, f, args)
}

func calleeOf(n ast.Node) ast.Node {
	if call, ok := n.(*ast.CallNode); ok {
		return call.Callee
	}
	return n
}

// unknownFunction reports a name that is no function, with the one that is most likely meant.
func (c *checker) unknownFunction(n ast.Node, name string) {
	callee := calleeOf(n)
	at := c.place(callee)
	if callee == n {
		at.End = min(at.End, at.Start+len(name))
	}
	d := c.reportAt(UnknownFunction, at, "There is no function %q.", name)
	if m, ok := misnomers[name]; ok {
		if functions()[m] != nil {
			d.Suggest(m, m)
		} else {
			d.Message += " " + m
		}
		return
	}
	near := diag.Nearest(name, functionNames())
	d.Suggest(near, near)
}

// count checks the number of arguments.
func (c *checker) count(n ast.Node, f *Function, args []ast.Node) bool {
	least, most := f.arity()
	switch {
	case len(args) < least:
		d := c.report(ArgumentType, n, "%s is given too little: it needs %s.", f.Name, f.Params[len(args)].Name)
		d.Explain("%s", f.Signature)
		return false
	case most >= 0 && len(args) > most:
		c.report(ArgumentType, args[most], "%s takes no more than %s.", f.Name, plural(most, "argument")).Explain("%s", f.Signature)
		return false
	}
	return true
}

func plural(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return itoa(n) + " " + what + "s"
}

// arguments types the arguments of an ordinary function against its parameters.
func (c *checker) arguments(f *Function, args []ast.Node) (vs []value, ok bool) {
	ok = true
	for i, a := range args {
		p := f.param(i)
		v := c.infer(a)
		if !c.accept(v, p.Type, ArgumentType, p.Name+" of "+f.Name) {
			ok = false
		}
		vs = append(vs, v)
	}
	return vs, ok
}

func (c *checker) function(n ast.Node, f *Function, args []ast.Node) value {
	if !c.count(n, f, args) {
		for _, a := range args {
			c.infer(a)
		}
		return c.bad(n)
	}
	vs, ok := c.arguments(f, args)
	if !ok {
		return c.bad(n)
	}
	return c.invoke(n, f, vs)
}

// invoke builds the call of f on values that are known to be acceptable.
func (c *checker) invoke(n ast.Node, f *Function, vs []value) value {
	out := value{node: n, code: &code{op: opCall, at: c.at(n), name: f.Name}}
	ts := make([]*types.Type, len(vs))
	known := f.Pure
	for i, v := range vs {
		p := f.param(i).Type
		hole := v.typ.Kinds() & (types.Absent | types.Null) &^ p.Kinds()
		ts[i] = v.typ.Without(hole)
		if i == 0 && f.passes != passesNothing {
			out.origins, v.origins = v.origins, nil
			if f.passes == passesElement {
				out.origins = stepAll(out.origins, "[]")
			}
		}
		if f.shallow {
			c.touch(v)
			v.origins = nil
		}
		if hole == 0 && p.May(types.File) && v.typ.Is(types.Bytes|types.File) {
			out.code.args = append(out.code.args, c.carry(v))
		} else if hole == 0 {
			out.code.args = append(out.code.args, c.use(v))
		} else {
			out.code.args = append(out.code.args, c.present(v, hole.Has(types.Null)))
		}
		out.secret = out.secret || v.secret
		known = known && v.known
	}
	out.typ = f.result(ts)
	if f.Name == "type" {
		out.kindOf = vs[0].spot
	}
	if known {
		return c.fold(n, out, vs)
	}
	return out
}

// fold computes a call whose arguments are known. Where that fails, it always will.
func (c *checker) fold(n ast.Node, out value, args []value) value {
	vs := make([]any, len(args))
	for i, a := range args {
		vs[i] = a.value
	}
	v, message := runNow(out.code.name, out.code.val, vs)
	if message != "" {
		c.report(ArgumentType, n, "This can't be computed: %s.", message)
		return c.bad(n)
	}
	if _, isFile := v.(*types.FileValue); isFile || tooBig(v) {
		return out
	}
	k := c.constant(n, v)
	k.secret = out.secret
	switch v.(type) {
	case bool, string, int, float64, types.Num, nil, []any, map[string]any, types.MissingValue:
	default:
		k.typ = out.typ
	}
	return k
}

// tooBig reports whether a known value is better computed when it is needed.
func tooBig(v any) bool { return weigh(v, maxKnown) >= maxKnown }

const maxKnown = 10_000

// runNow runs a primitive while checking.
func runNow(name string, val any, args []any) (v any, message string) {
	defer func() {
		if r := recover(); r != nil {
			f, ok := r.(*fault)
			if !ok {
				panic(r)
			}
			v, message = nil, f.message
		}
	}()
	var f frame
	f.start(nil, Limits{Turns: 100_000, Bytes: 1 << 20, Values: 100_000}, nil)
	return primitives()[name].run(&f, val, args), ""
}

// template types a template: its parts become text.
func (c *checker) template(n ast.Node, name string, args []ast.Node) value {
	out := value{node: n, code: &code{op: opCall, at: c.at(n), name: "template"}}
	if name == callJoin {
		v := c.infer(args[0])
		if v.bad {
			return c.bad(n)
		}
		if !c.stringable(elemValue(v)) {
			return c.bad(n)
		}
		out.code.name = "template join"
		out.typ, out.secret = types.AnyString, v.secret
		out.code.args = []*code{c.use(v)}
		return out
	}
	low, high, ok, known := 0, 0, true, true
	vs := make([]value, len(args))
	for i, a := range args {
		v := c.infer(a)
		vs[i] = v
		if v.bad || !c.stringable(v) {
			ok = false
			continue
		}
		l, h := textSizes(v.typ)
		low += l
		if h < 0 || high < 0 {
			high = -1
		} else {
			high += h
		}
		out.secret = out.secret || v.secret
		known = known && v.known
		out.code.args = append(out.code.args, c.present(v, true))
	}
	if !ok {
		return c.bad(n)
	}
	out.typ = sized(low, high)
	if known {
		return c.fold(n, out, vs)
	}
	return out
}

// elemValue is an element of v, for messages about all of them.
func elemValue(v value) value {
	e := v
	e.typ, e.known, e.spot = elemOf(v.typ), false, nil
	return e
}

var scalars = types.Union(types.AnyString, types.AnyNumber, types.AnyBoolean, types.AnyTime, types.AnyDuration)

// stringable holds a part of a template against what can become text.
func (c *checker) stringable(v value) bool {
	if isInvalid(v.typ) {
		return false
	}
	if v.typ.Is(types.Array | types.Object) {
		c.report(OperandType, v.node, "%s is %s; a template takes strings, numbers, booleans and times. Write jsonencode(%s) for its JSON.", c.subject(v), phrase(v.typ), or(c.tree.text(v.node), "…"))
		return false
	}
	return c.accept(v, scalars, OperandType, "a template's part")
}
