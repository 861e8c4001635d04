package expression

import "tenon/spec/source"

// Observed is a part of an expression and its value.
type Observed struct {
	Range source.Range // of the part, in the author's file
	Value any          // [types.Missing]: absent
}

// Explain says why a condition holds or not: the parts of it that are compared, with their values in env. Of a
// conjunction these are the parts of the operand that does not hold. What is written as a constant is left out, and
// so is what cannot be computed by itself.
func (e *Expr) Explain(env map[string]any, lim Limits) []Observed {
	x := &explainer{e: e, env: env, lim: lim}
	if e.code != nil {
		x.condition(e.code)
	}
	return x.found
}

type explainer struct {
	e     *Expr
	env   map[string]any
	lim   Limits
	found []Observed
}

func (x *explainer) condition(c *code) {
	switch c.op {
	case opAnd:
		if v, ok := x.value(c.args[0]); ok && v == true {
			x.condition(c.args[1])
			return
		}
		x.condition(c.args[0])
	case opOr:
		x.condition(c.args[0])
		x.condition(c.args[1])
	case opNot:
		x.condition(c.args[0])
	case opLet, opAll, opAny, opNone, opOne:
		x.observe(c.args[0])
	case opCall:
		if !primitives()[c.name].test {
			x.observe(c)
			return
		}
		for _, a := range c.args {
			x.observe(a)
		}
	default:
		x.observe(c)
	}
}

func (x *explainer) observe(c *code) {
	at := place(x.e.files, c.at)
	for c.op == opCall && (c.name == "present" || c.name == "notnull") {
		c = c.args[0] // what is absent is worth showing
	}
	if c.op == opConst || at.IsZero() {
		return
	}
	if v, ok := x.value(c); ok {
		for _, o := range x.found {
			if o.Range == at {
				return
			}
		}
		x.found = append(x.found, Observed{at, v})
	}
}

// value computes a part by itself. One that reads what surrounds it, as in the body of a loop, has no value.
func (x *explainer) value(c *code) (any, bool) {
	part := &Expr{Source: x.e.Source, Range: x.e.Range, code: c, files: x.e.files}
	p, err := part.Compile()
	if err != nil {
		return nil, false
	}
	v, err := p.Run(x.env, x.lim)
	return v, err == nil
}
