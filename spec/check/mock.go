package check

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"tenon/spec/diag"
	"tenon/spec/expression"
	"tenon/spec/lang"
	"tenon/spec/model"
	"tenon/spec/openapi"
	"tenon/spec/plan"
	"tenon/spec/types"
)

// mock types what answers the calls of an operation.
func (t *tested) mock(m *model.Mock) *plan.Mock {
	out := &plan.Mock{Name: m.Name, Range: m.Header}
	request := &expression.Name{Name: "request", Key: "request"}
	op := t.mocked(m, out)
	if c := t.callsTo(out); c != nil {
		request.Type = types.ObjectOf(c.requestProperties()...)
	}
	scope := t.scope(request)
	if m.When != nil {
		out.When = t.check(t.tree(m.When), scope, expression.Want{Type: types.AnyBoolean, What: fmt.Sprintf("when of mock %q", m.Name)})
		if tree := t.tree(m.When); tree != nil {
			scope = tree.Assume(scope, true)
		}
	}
	for _, a := range m.Answers {
		out.Answers = append(out.Answers, t.answer(m, a, op, scope))
	}
	return out
}

// mocked finds the operation that is mocked: one that the integration may call.
func (t *tested) mocked(m *model.Mock, out *plan.Mock) *operation {
	ref := m.Call
	if ref == nil {
		return nil
	}
	if a := t.apis[ref.API]; a != nil && a.doc == nil && a.err == nil && a.model.Spec.Set { // nothing calls it, so it was not read
		t.neverCalled(ref, "Integration %q calls nothing of api %q.", t.out.Integration, ref.API)
		return nil
	}
	op := t.operation(ref)
	if op == nil {
		return nil
	}
	out.API, out.Operation = ref.API, op.ID
	if op.ID == "" {
		out.Operation = op.Method + " " + op.Path
	}
	if t.plan != nil && t.callsTo(out) == nil {
		t.neverCalled(ref, "Integration %q never calls %s.", t.out.Integration, op.name())
	}
	return op
}

func (t *tested) neverCalled(ref *model.CallRef, format string, args ...any) {
	if t.plan == nil {
		return
	}
	d := t.diags.Add(lang.MockMismatch, ref.Range, format, args...)
	var names []string
	for _, c := range t.calls {
		names = append(names, c.op.name())
	}
	if len(names) == 0 {
		d.Explain("It calls nothing, so there is nothing to mock.")
		return
	}
	d.Explain("It calls %s.", listed(names))
}

// callsTo returns the calls that a mock may answer, or nil.
func (t *tested) callsTo(m *plan.Mock) *called {
	i := slices.IndexFunc(t.calls, func(c *called) bool { return c.api == m.API && c.operation == m.Operation })
	if i < 0 {
		return nil
	}
	return t.calls[i]
}

// unreachableMocks reports mocks that follow one for the same operation that answers every call.
func (t *tested) unreachableMocks() {
	all := map[string]*plan.Mock{}
	for _, m := range t.out.Mocks {
		key := m.API + "\x00" + m.Operation
		if first := all[key]; first != nil && m.API != "" {
			t.diags.Add(lang.AttributeValue, m.Range, "Mock %q never answers: mock %q before it answers every call.", m.Name, first.Name).
				Relate(first.Range, "this one has no condition").Explain("Of several mocks for one operation the first whose when holds answers. One without when comes last.")
		} else if m.When == nil {
			all[key] = m
		}
	}
}

// answer types what a call is answered.
func (t *tested) answer(m *model.Mock, a *model.MockAnswer, op *operation, scope *expression.Scope) *plan.MockAnswer {
	out := &plan.MockAnswer{Status: a.Status.Value, Error: a.Error.Value, Range: a.Header}
	if out.Error != "" {
		out.Status = 0
		t.untyped(scope, a)
		return out
	}
	if op == nil {
		t.untyped(scope, a)
		return out
	}
	if !a.Status.Set {
		out.Status = op.usualStatus()
	}
	declared := op.response(out.Status)
	if declared == nil && a.Valid.Value {
		t.undeclaredStatus(a, op, out.Status)
	}
	what := fmt.Sprintf("the answer %d of %s", out.Status, op.name())
	t.answerHeaders(a, declared, out, scope, what)
	t.answerBody(a, op, declared, out, scope, what)
	return out
}

// untyped looks at an answer of which nothing is known.
func (t *tested) untyped(scope *expression.Scope, a *model.MockAnswer) {
	if a.Headers != nil {
		t.check(t.tree(a.Headers), scope, expression.Want{What: "the headers of a mock", Optional: true})
	}
	if a.Body != nil {
		t.check(t.tree(a.Body), scope, expression.Want{What: "the body of a mock", Optional: true})
	}
}

// usualStatus is what an operation answers when all is well.
func (o *operation) usualStatus() int {
	best := 0
	for _, r := range o.Responses {
		n, err := strconv.Atoi(r.Status)
		if strings.EqualFold(r.Status, "2XX") {
			n, err = 200, nil
		}
		if err == nil && n/100 == 2 && (best == 0 || n < best) {
			best = n
		}
	}
	if best == 0 {
		return 200
	}
	return best
}

// response is what is declared for a status: for exactly that, its class, or the rest; nil if nothing is.
func (o *operation) response(status int) *openapi.Response {
	for _, key := range []string{strconv.Itoa(status), strconv.Itoa(status)[:1] + "XX", "default"} {
		for _, r := range o.Responses {
			if strings.EqualFold(r.Status, key) {
				return r
			}
		}
	}
	return nil
}

// undeclaredStatus reports a status that the spec does not declare, unless servers answer with it whatever they
// serve.
func (t *tested) undeclaredStatus(a *model.MockAnswer, op *operation, status int) {
	if status == 429 || status >= 500 || len(op.Responses) == 0 {
		return
	}
	at := a.Status.Range
	if !a.Status.Set {
		at = a.Header
	}
	var names []string
	for _, r := range op.Responses {
		names = append(names, r.Status)
	}
	d := t.diags.Add(lang.MockMismatch, at, "The spec declares no answer %d of %s.", status, op.name())
	d.Explain("It declares %s. Of a provider that answers so all the same, valid = false says that it is meant.", listed(names))
	d.Relate(t.locate(op.Origin), "declared here")
	if status >= 400 {
		d.Severity = diag.Warning
	}
}

func (t *tested) answerHeaders(a *model.MockAnswer, declared *openapi.Response, out *plan.MockAnswer, scope *expression.Scope, what string) {
	if a.Headers == nil {
		return
	}
	want := types.MapOf(types.AnyString.With(types.Absent))
	out.Headers = t.check(t.tree(a.Headers), scope, expression.Want{Type: want, What: "the headers of " + what, AsText: true})
}

func (t *tested) answerBody(a *model.MockAnswer, op *operation, declared *openapi.Response, out *plan.MockAnswer, scope *expression.Scope, what string) {
	if a.Body == nil {
		return
	}
	want := expression.Want{What: "the body of " + what, Missing: a.Body.Range, Locate: t.locate}
	if declared != nil && a.Valid.Value {
		if len(declared.Content) == 0 {
			t.diags.Add(lang.MockMismatch, a.Body.Range, "The spec declares no body for %s.", what).Relate(t.locate(declared.Origin), "declared here")
		} else if m := chooseMedia(declared.Content); m != nil {
			want.Type = m.Value(types.Response)
			out.Type = want.Type
		}
	}
	if want.Type == nil {
		want.Optional = true
	}
	out.Body = t.mockedValue(t.tree(a.Body), scope, want)
	out.Guard = guard(out.Body, want.What)
}

// mockedValue types a part of an answer. What does not fit is a mock-mismatch, as severe as it would be of a request.
func (t *tested) mockedValue(tree *expression.Tree, scope *expression.Scope, want expression.Want) *plan.Expr {
	before := len(t.diags)
	x := t.check(tree, scope, want)
	for _, d := range t.diags[before:] {
		if expression.IsMisfit(d.Rule) {
			d.Rule = lang.MockMismatch
		}
	}
	return x
}
