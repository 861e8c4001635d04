package check

import (
	"fmt"
	"strconv"
	"strings"

	"tenon/spec/expression"
	"tenon/spec/lang"
	"tenon/spec/model"
	"tenon/spec/plan"
	"tenon/spec/types"
)

// caught is one catch of a step: `error` in it is one of these answers.
type caught struct {
	answers []*received
}

// failureType is `error` in on_failure: the failure of any step.
var failureType = errorType(enumOf(lang.FailureKinds), statusType.With(types.Absent), types.Any.With(types.Absent), headersType(nil).With(types.Absent))

func errorType(kind, status, body, headers *types.Type) *types.Type {
	return types.ObjectOf(
		property("kind", kind), property("step", types.AnyString), property("message", types.AnyString), property("attempts", atLeast(0)),
		property("status", status), property("body", body), property("headers", headers),
	)
}

// failureKinds are what a failure that a catch catches may be called in error.kind.
var failureKinds = []string{"network", "timeout", "status", "invalid_response", "check"}

func skipCatch(s *model.Step) bool {
	for _, c := range s.Catches {
		if c.Skip.Value {
			return true
		}
	}
	return false
}

// checkCatches types what replaces the failures of a step.
func (f *flow) checkCatches(n *stage, at site) {
	next := 1 // of n.calls: the fallbacks
	for i, c := range n.step.Catches {
		f.reachable(n, c, n.step.Catches[:i])
		on := strings.ToLower(c.Name)
		inside, what := f.failing(n, on, at)
		out := &plan.Catch{On: on, Range: c.Header, Skip: c.Skip.Value}
		switch {
		case c.Call != nil:
			fallback := n.calls[next]
			next++
			if fallback.op == nil {
				f.loose(inside, f.requestExprs(&c.Request)...)
				continue
			}
			a := f.request(n, fallback, &c.Request, nil, inside)
			out.Call = a.call
			n.fallbacks = append(n.fallbacks, a)
		case out.Skip:
			n.skips = true
		case c.Body != nil:
			f.substitute(n, c, out, inside)
		}
		n.op.Catch = append(n.op.Catch, out)
		n.caught = append(n.caught, what)
	}
	f.addCaught(n)
}

// looseCatches looks at the catches of a step whose operation is unknown.
func (f *flow) looseCatches(n *stage, at site) {
	scope := expression.NewScope(at.scope)
	scope.Define(&expression.Name{Name: "error", Key: "error"})
	at.scope = scope
	for _, c := range n.step.Catches {
		f.loose(at, f.requestExprs(&c.Request)...)
	}
}

// failing is the place inside a catch, where `error` is typed by the answers that it catches.
func (f *flow) failing(n *stage, on string, at site) (site, *caught) {
	c := &caught{}
	status, body := types.JustAbsent, types.JustAbsent
	var kind *types.Type
	var bodies []*types.Type
	switch {
	case on == "any":
		kind, status, body = enumOf(failureKinds), statusType.With(types.Absent), types.JustAbsent
		for _, r := range n.answer.received {
			if !r.Success {
				c.answers = append(c.answers, r)
			}
		}
	case on[0] >= '0' && on[0] <= '9':
		kind = types.Const("status")
		status = statusOf(on)
		if strings.HasSuffix(on, "xx") && n.answer.match(strings.ToUpper(on)) == nil {
			bodies = append(bodies, types.JustAbsent) // of those that are not declared
		}
		c.answers = n.answer.failures(strings.ToUpper(on))
	default:
		kind = types.Const(on)
		if on == "invalid_response" || on == "check" {
			status, body = statusType.With(types.Absent), types.Any.With(types.Absent)
		}
	}
	if on[0] < '0' || on[0] > '9' {
		bodies = append(bodies, body)
	}
	for _, r := range c.answers {
		bodies = append(bodies, r.body())
	}
	if len(bodies) == 0 {
		bodies = []*types.Type{types.Any.With(types.Absent)}
	}
	headers := types.JustAbsent
	switch {
	case status.Is(types.Integer):
		headers = headersType(nil)
	case status.May(types.Integer):
		headers = headersType(nil).With(types.Absent)
	}
	scope := expression.NewScope(at.scope)
	scope.Define(&expression.Name{Name: "error", Key: "error", Type: errorType(kind, status, types.Union(bodies...), headers)})
	at.scope, at.caught = scope, c
	return at, c
}

func statusOf(on string) *types.Type {
	if n, err := strconv.Atoi(on); err == nil {
		return types.Const(n)
	}
	first := int(on[0]-'0') * 100
	low, _ := types.NumOf(first)
	high, _ := types.NumOf(first + 99)
	return types.New(&types.Shape{Kinds: types.Integer, Numbers: []*types.Numeric{{Min: &low, Max: &high}}})
}

// failures are the declared answers that a status or class, in capitals, may mean. What is not
// declared is added as an answer of which nothing is known, so that its body can be read.
func (a *answer) failures(status string) []*received {
	var out []*received
	class := strings.HasSuffix(status, "XX")
	for _, r := range a.received {
		if class && strings.HasPrefix(r.Status, status[:1]) && !r.Success {
			out = append(out, r)
		}
	}
	if r := a.match(status); r != nil && !r.Success && (!class || r.Status != status) {
		out = append(out, r)
	}
	if len(out) == 0 && a.match(status) == nil {
		r := anything(status)
		a.received = append(a.received, r)
		a.call.Responses = append(a.call.Responses, r.Response)
		out = append(out, r)
	}
	return out
}

// substitute types a body that takes the place of a success's. It has to be like one only as far as
// the plan reads it, which is known when everything else has been typed.
func (f *flow) substitute(n *stage, c *model.Catch, out *plan.Catch, at site) {
	what := fmt.Sprintf("body of catch %q", c.Name)
	t := f.tree(c.Body)
	if t == nil {
		return
	}
	if n.answer.element != nil {
		f.diags.Add(lang.AttributeValue, c.Body.Range, "Step %q has items, not a body, so there is nothing that a body could take the place of.", n.op.Name).
			Explain("Write skip = true to go on without its items.")
		f.loose(at, c.Body)
		return
	}
	if x, _ := t.Check(at.scope, expression.Want{What: what, Optional: true, SecretOK: true}); x != nil {
		n.taint(x, "body")
		f.record(x, at, false)
	}
	f.later = append(f.later, func() {
		want := asRead(n.answer.body, n.answer.read)
		out.Body = f.check(t, at.scope, expression.Want{Type: want, What: what, Optional: want.May(types.Absent), SecretOK: true, Missing: c.Body.Range})
		out.Guard = guard(out.Body, what)
	})
}

// addCaught widens the result of a step by what its catches put in the place of an answer.
func (f *flow) addCaught(n *stage) {
	if len(n.op.Catch) == 0 || n.result == nil {
		return
	}
	results := []*types.Type{n.result}
	status := statusType.With(types.Absent)
	headers := headersType(nil).With(types.Absent)
	for _, a := range n.fallbacks {
		results = append(results, a.result(statusType, property("body", a.body)))
	}
	if n.substituted() {
		content := n.answer.content(n.answer.body)
		results = append(results, types.ObjectOf(append(content,
			property("status", status), property("headers", headers), property("skipped", types.Const(false)))...))
	}
	n.result = types.Union(results...)
}

// substituted reports whether a catch gives a body.
func (n *stage) substituted() bool {
	for _, c := range n.step.Catches {
		if c.Call == nil && c.Body != nil {
			return true
		}
	}
	return false
}

// reachable reports a catch that can never be taken: what it names is a success, or an earlier one
// catches it.
func (f *flow) reachable(n *stage, c *model.Catch, earlier []*model.Catch) {
	on := strings.ToLower(c.Name)
	for _, e := range earlier {
		first := strings.ToLower(e.Name)
		if first == "any" || first == on || len(first) == 3 && strings.HasSuffix(first, "xx") && len(on) == 3 && on[0] == first[0] {
			f.diags.Add(lang.CatchUnreachable, c.NameRange, "catch %q is never taken: catch %q before it takes all of it.", c.Name, e.Name).
				Explain("The first catch that fits is taken. Put the more particular one first.").
				Relate(e.NameRange, "taken here")
			return
		}
	}
	if on == "check" && len(n.step.Checks) == 0 {
		f.diags.Add(lang.CatchUnreachable, c.NameRange, "catch \"check\" is never taken: step %q has no check.", n.op.Name)
		return
	}
	accepted := false
	for _, s := range n.step.Accept {
		accepted = accepted || strconv.Itoa(s.Value) == on
	}
	switch {
	case on == "2xx" || len(on) == 3 && on[0] == '2':
		f.diags.Add(lang.CatchUnreachable, c.NameRange, "catch %q is never taken: a 2xx answer is a success.", c.Name).
			Explain("To act on one, look at step.%s.status.", n.op.Name)
	case accepted:
		f.diags.Add(lang.CatchUnreachable, c.NameRange, "catch %q is never taken: accept makes %s a success.", c.Name, on)
	}
}
