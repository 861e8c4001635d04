package check

import (
	"fmt"

	"tenon/spec/expression"
	"tenon/spec/lang"
	"tenon/spec/model"
	"tenon/spec/plan"
	"tenon/spec/syntax"
	"tenon/spec/types"
)

// What follows a step's request: asking again, finding out what became of it, taking it back.

// linkAfterwards resolves the operations of recover and undo.
func (f *flow) linkAfterwards(n *stage) {
	if r := n.step.Recover; r != nil && r.Call != nil {
		n.finding = &call{ref: r.Call, op: f.operation(r.Call)}
	}
	if u := n.step.Undo; u != nil && u.Call != nil {
		n.undoing = &call{ref: u.Call, op: f.operation(u.Call)}
	}
}

func (f *flow) afterwardsExprs(s *model.Step) []*syntax.Expr {
	var out []*syntax.Expr
	if s.Repeat != nil {
		out = append(out, s.Repeat.Until)
	}
	if r := s.Recover; r != nil {
		out = append(append(out, f.requestExprs(&r.Request)...), r.Found, r.Body)
	}
	if s.Undo != nil {
		out = append(out, f.requestExprs(&s.Undo.Request)...)
	}
	return out
}

// looseAfterwards looks at what follows a request whose operation is unknown.
func (f *flow) looseAfterwards(n *stage, at site) {
	at.scope = expression.NewScope(at.scope)
	at.scope.Define(&expression.Name{Name: "response", Key: "response"})
	f.loose(at, f.afterwardsExprs(n.step)...)
}

// checkRepeat types the condition that ends a repeat. When the step has succeeded, it holds.
func (f *flow) checkRepeat(n *stage, at site) {
	m := n.step.Repeat
	if m == nil {
		return
	}
	a := n.answer
	if s := n.step; s.Paginate != nil {
		f.diags.Add(lang.AttributeValue, m.Header, "Step %q reads pages, so its request cannot be repeated as well.", n.op.Name).
			Relate(s.Paginate.Header, "pages are read here")
		return
	}
	if c := a.call; !c.Safe && !a.op.idempotent() && !n.step.Idempotent.Value {
		f.diags.Add(lang.RepeatWrite, m.Header, "%s writes each time it is sent, and repeat sends it many times.", a.op.name()).
			Explain("Only what reads, or may be sent again without harm, can be repeated. If that is so here, write safe = true or idempotent = true on the step.").
			Relate(f.locate(a.op.Origin), "declared here")
	}
	n.op.Repeat = &plan.Repeat{Every: m.Every.Value, Timeout: m.Timeout.Value, Range: m.Header}
	if m.Until == nil {
		return
	}
	at.scope = expression.NewScope(at.scope)
	at.scope.Define(n.tainted(&expression.Name{Name: "response", Key: "response", Type: n.result}))
	at.response = a
	x := f.expr(m.Until, at, expression.Want{Type: types.AnyBoolean, What: fmt.Sprintf("until of step %q", n.op.Name), SecretOK: true})
	if x == nil {
		return
	}
	n.op.Repeat.Until = x
	switch v, ok := x.Const(); {
	case ok && v == true:
		f.constantCondition(m.Until.Range, "This condition is always true, so nothing is repeated.")
	case ok:
		f.constantCondition(m.Until.Range, "This condition is always false, so the step never succeeds.")
	}
	n.result = f.tree(m.Until).Assume(at.scope, true).TypeOf("response")
}

// checkRecover types how a lost answer is found.
func (f *flow) checkRecover(n *stage, at site) {
	m := n.step.Recover
	if m == nil {
		return
	}
	c := n.answer.call
	if c.Safe || c.Idempotent {
		f.diags.Add(lang.RecoverUnused, m.Header, "%s may be sent again when its answer is lost, so there is nothing to find out.", n.answer.op.name())
	}
	if n.finding == nil || n.finding.op == nil {
		f.looseAfterwards(n, at)
		return
	}
	a := f.request(n, n.finding, &m.Request, nil, at)
	if !a.call.Safe {
		f.diags.Add(lang.RecoverWrites, m.Call.Range, "%s writes. To find out whether something happened, call an operation that only reads.", a.op.name()).
			Relate(f.locate(a.op.Origin), "declared here")
	}
	out := &plan.Recover{Call: a.call, Wait: m.Wait.Value, Range: m.Header}
	n.op.Recover = out
	scope := expression.NewScope(at.scope)
	scope.Define(&expression.Name{Name: "response", Key: "response", Type: a.result(statusType, property("body", a.body))})
	at.scope, at.response = scope, a
	if m.Found != nil {
		out.Found = f.expr(m.Found, at, expression.Want{Type: types.AnyBoolean, What: fmt.Sprintf("found of step %q", n.op.Name), SecretOK: true})
		if v, ok := constant(out.Found); ok {
			f.constantCondition(m.Found.Range, fmt.Sprintf("This condition is always %v, so nothing is found out.", v))
		}
		at.scope = f.tree(m.Found).Assume(scope, true)
	}
	f.recoveredBody(n, m, out, a, at)
	n.result = types.Union(n.result, types.ObjectOf(
		property("status", types.JustAbsent), property("headers", types.JustAbsent), property("body", n.answer.body), property("skipped", types.Const(false))))
}

func constant(x *plan.Expr) (any, bool) {
	if x == nil {
		return nil, false
	}
	return x.Const()
}

// recoveredBody types what takes the place of the lost body, as far as the plan reads it.
func (f *flow) recoveredBody(n *stage, m *model.Recover, out *plan.Recover, a *answer, at site) {
	what := fmt.Sprintf("the body that recover gives step %q", n.op.Name)
	if m.Body == nil {
		found := at.scope.TypeOf("response").Field("body").Type
		f.later = append(f.later, func() { f.foundBody(n, m, out, a, found, what) })
		return
	}
	t := f.tree(m.Body)
	if t == nil {
		return
	}
	if x, _ := t.Check(at.scope, expression.Want{What: what, Optional: true, SecretOK: true}); x != nil {
		n.taint(x, "body")
		f.record(x, at, false)
	}
	f.later = append(f.later, func() {
		want := asRead(n.answer.body, n.answer.read)
		out.Body = f.check(t, at.scope, expression.Want{Type: want, What: what, Optional: want.May(types.Absent), SecretOK: true, Missing: m.Body.Range})
		out.Guard = guard(out.Body, what)
	})
}

// foundBody holds the body of the answer that was found against that of the step, as far as the plan reads it.
func (f *flow) foundBody(n *stage, m *model.Recover, out *plan.Recover, a *answer, found *types.Type, what string) {
	if len(n.answer.read) == 0 || n.answer.body.Is(types.Absent) {
		return
	}
	want := asRead(n.answer.body, n.answer.read)
	a.read = append(a.read, n.answer.read...)
	problems := types.Assign(found, want)
	switch types.VerdictOf(problems) {
	case types.Wrong:
		f.diags.Add(expression.TypeMismatch, m.Call.Range, "The body of %s cannot take the place of that of %s.", a.op.name(), n.answer.op.name()).
			Explain("It is %s, and step %q is used as %s. Write body = … to say what of it is meant.", found.Phrase(), n.op.Name, want.Phrase()).
			Relate(f.locate(n.answer.op.Origin), "declared here")
	case types.Unproven:
		out.Guard = &plan.Guard{Type: want, What: what, Range: m.Call.Range}
	}
}

// checkUndo types the request that takes a step back. It sees the step's own result.
func (f *flow) checkUndo(n *stage, r reach) {
	m := n.step.Undo
	if m == nil {
		return
	}
	at := f.own(n, r)
	switch {
	case n.answer.call.Safe:
		f.diags.Add(lang.UndoNothing, m.Header, "Step %q only reads, so there is nothing to take back.", n.op.Name)
	case f.root(n.home) == f.fail && f.fail != nil:
		f.diags.Add(lang.UndoNothing, m.Header, "What on_failure does is not undone.")
	}
	if n.undoing == nil || n.undoing.op == nil {
		f.loose(at, f.requestExprs(&m.Request)...)
		return
	}
	a := f.request(n, n.undoing, &m.Request, nil, at)
	if a.call.Safe {
		f.diags.Add(lang.UndoNothing, m.Call.Range, "%s only reads, so it takes nothing back.", a.op.name()).
			Relate(f.locate(a.op.Origin), "declared here")
	}
	n.op.Undo = &plan.Undo{Call: a.call, Range: m.Header}
}
