package plan

import "slices"

// Calls lists every call that a run of the plan may make, in the plan's order: those of its steps, of their
// catches, recovers and undos, of on_failure, and of the integrations that it runs.
func (p *Plan) Calls() []*Call {
	var out []*Call
	add := func(c *Call) {
		if c != nil {
			out = append(out, c)
		}
	}
	for _, b := range []*Block{p.Steps, p.OnFailure} {
		b.each(func(op *Op) {
			add(op.Call)
			for _, c := range op.Catch {
				add(c.Call)
			}
			if op.Recover != nil {
				add(op.Recover.Call)
			}
			if op.Undo != nil {
				add(op.Undo.Call)
			}
			if op.Run != nil && op.Run.Plan != nil {
				out = append(out, op.Run.Plan.Calls()...)
			}
		})
	}
	return out
}

// each calls f for every operation of a block and the blocks of its loops. b may be nil.
func (b *Block) each(f func(*Op)) {
	if b == nil {
		return
	}
	for _, op := range b.Ops {
		f(op)
		if op.ForEach != nil {
			op.ForEach.Block.each(f)
		}
	}
}

// Exprs are all expressions of the test.
func (t *Test) Exprs() []*Expr {
	list := []*Expr{t.Inputs, t.State, t.Variables}
	for _, m := range t.Mocks {
		list = append(list, m.When)
		for _, a := range m.Answers {
			list = append(list, a.Headers, a.Body)
		}
	}
	if e := t.Expect; e != nil {
		list = append(list, e.Outputs, e.State, e.Assert)
		for _, c := range e.Checks {
			list = append(list, c.Assert, c.Message)
		}
	}
	return slices.DeleteFunc(list, func(x *Expr) bool { return x == nil })
}
