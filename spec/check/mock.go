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
	"tenon/spec/source"
	"tenon/spec/syntax"
	"tenon/spec/types"
)

// mock types what answers the calls of an operation.
func (t *tested) mock(m *model.Mock) *plan.Mock {
	out := &plan.Mock{Name: m.Name, Range: m.Header}
	request := &expression.Name{Name: "request", Key: "request", Type: types.Invalid}
	op := t.mocked(m, out)
	if c := t.callsTo(out); c != nil {
		request.Type = types.ObjectOf(c.requestProperties()...)
	}
	scope := t.scope(request)
	if t.tree(m.When) != nil {
		out.When = t.check(t.tree(m.When), scope, expression.Want{Type: types.AnyBoolean, What: fmt.Sprintf("when of mock %q", m.Name)})
		if v, constant := out.When.Const(); constant {
			t.constantWhen(m, v == true)
		}
		scope = t.tree(m.When).Assume(scope, true)
	}
	for _, a := range m.Answers {
		out.Answers = append(out.Answers, t.answer(m, a, op, scope))
	}
	return out
}

// constantWhen reports a condition that does not look at the request, unless the part of it that makes it so has been.
func (t *tested) constantWhen(m *model.Mock, holds bool) {
	at := m.When.Range
	for _, d := range t.diags {
		if at.Contains(d.Range) {
			return
		}
	}
	if holds {
		t.diags.Add(expression.ConditionConstant, at, "This condition always holds, so it decides nothing.")
	} else {
		t.diags.Add(expression.ConditionConstant, at, "This condition never holds, so mock %q never answers.", m.Name).Severity = diag.Warning
	}
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
		return nil // what it answers is meant for another one
	}
	return op
}

func (t *tested) neverCalled(ref *model.CallRef, format string, args ...any) {
	if t.plan == nil {
		return
	}
	d := t.diags.Add(lang.MockMismatch, ref.Range, format, args...)
	var names []string
	for _, c := range t.calls.list {
		names = append(names, c.op.name())
	}
	if len(names) == 0 {
		d.Explain("It calls nothing, so there is nothing to mock.")
		return
	}
	d.Explain("It calls %s.", listed(names))
}

// callsTo returns the calls that a mock may answer, or nil.
func (t *tested) callsTo(m *plan.Mock) *calledOperation {
	i := slices.IndexFunc(t.calls.list, func(c *calledOperation) bool { return c.api == m.API && c.operation == m.Operation })
	if i < 0 {
		return nil
	}
	return t.calls.list[i]
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
	if op == nil || out.Status < 0 {
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
	if a.Headers != nil {
		t.answerHeaders(a, declared, out, scope, what)
	}
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
	d.Explain("It declares %s. If the mock breaks the spec on purpose, write valid = false.", listed(names))
	d.Relate(t.locate(op.Origin), "declared here")
	if status >= 400 {
		d.Severity = diag.Note // specs leave out much of what may fail
	}
}

// answerHeaders types headers: texts, of which those that the spec declares must be what it declares.
func (t *tested) answerHeaders(a *model.MockAnswer, declared *openapi.Response, out *plan.MockAnswer, scope *expression.Scope, what string) {
	items, ok := t.written(a.Headers, "headers")
	if !ok {
		return
	}
	want := types.MapOf(types.AnyString.With(types.Absent))
	out.Headers = t.check(t.tree(a.Headers), scope, expression.Want{Type: want, What: "the headers of " + what, AsText: true})
	for _, i := range items {
		if !isToken(i.Key) {
			t.badType(i.KeyRange, "%q is not the name of a header.", i.Key)
			continue
		}
		v, literal := i.Value.Literal()
		if !literal || declared == nil || !a.Valid.Value {
			continue
		}
		for _, h := range declared.Headers {
			if strings.EqualFold(h.Name, i.Key) && !mayBe(h.Type, v) {
				t.diags.Add(lang.MockMismatch, i.Value.Range, "The header %s of %s is %s, but %s is expected.", h.Name, what, types.Const(v).Phrase(), h.Type.Phrase()).
					Relate(t.locate(h.Origin), "declared here")
			}
		}
	}
}

// mayBe reports whether a header with the value v, or the text of one, can be of type t. Of lists and objects, whose
// text depends on how they are written, any text is.
func mayBe(t *types.Type, v any) bool {
	if t.Contains(v) || t.May(types.Array|types.Object) {
		return true
	}
	text, isText := v.(string)
	if !isText {
		return t.Contains(fmt.Sprint(v))
	}
	scalar, err := types.DecodeJSON([]byte(text), types.Limits{})
	return err == nil && t.Contains(scalar)
}

func (t *tested) answerBody(a *model.MockAnswer, op *operation, declared *openapi.Response, out *plan.MockAnswer, scope *expression.Scope, what string) {
	if a.Body == nil {
		return
	}
	want := expression.Want{What: "the body of " + what, Missing: a.Body.Range}
	if declared != nil && a.Valid.Value {
		want.Type = t.answerType(a, declared, what)
		out.Type = want.Type
	}
	if a.Partial.Value && a.Valid.Value {
		out.Partial = true
		if want.Type != nil {
			want.Type = types.Partial(want.Type)
		} else if declared == nil {
			t.diags.Add(lang.MockMismatch, a.Partial.Range, "The spec declares no answer %d of %s, so there is nothing to complete its body by.", out.Status, op.name()).
				Explain("Leave out partial: the body is sent as it is written.")
		}
	}
	want.Optional = want.Type == nil
	before := len(t.diags)
	x := t.check(t.tree(a.Body), scope, want)
	out.Body, out.Guard = x, guard(x, want.What)
	if x == nil {
		return
	}
	if want.Type != nil && !x.Type.Shape().Invalid {
		if d, ok := t.dataOf(a.Body, x); ok {
			t.inParts(before, d, a.Body, want)
			out.Guard = nil // this is decided
		}
	}
	t.mismatches(before)
}

// inParts replaces what was found of data as a whole, from before on, by what is found of its parts.
func (t *tested) inParts(before int, d data, e *syntax.Expr, want expression.Want) {
	kept := slices.DeleteFunc(t.diags[before:], func(f *diag.Diagnostic) bool { return expression.IsMisfit(f.Rule) })
	t.diags = t.diags[:before+len(kept)]
	t.misfits(d, e, want.Type, want.What)
}

// mismatches makes of what was found to not fit, from before on, what it is in a mock. What an object lacks becomes one
// finding: schemas may require very much of an answer.
func (t *tested) mismatches(before int) {
	lacks := map[source.Range]*diag.Diagnostic{}
	names := map[source.Range][]string{}
	t.diags = append(t.diags[:before], slices.DeleteFunc(t.diags[before:], func(f *diag.Diagnostic) bool {
		whole, name, ok := lacking(f)
		if !ok {
			return false
		}
		first := lacks[f.Range]
		names[f.Range] = append(names[f.Range], name)
		if first == nil {
			lacks[f.Range] = f
			return false
		}
		first.Message, first.Detail = fmt.Sprintf("%s requires %s, which are not here.", whole, listed(names[f.Range])), ""
		return true
	})...)
	for _, f := range t.diags[before:] {
		if f.Rule == expression.MissingProperty {
			f.Detail = strings.TrimSpace(f.Detail + " " + mayBePartial)
		}
		if expression.IsMisfit(f.Rule) {
			f.Rule = lang.MockMismatch
			f.Detail = strings.Replace(f.Detail, "If the provider takes it, say so in an overlay (additionalProperties: true).",
				"If the provider answers with it, say so in an overlay (additionalProperties: true). If the mock breaks the spec on purpose, write valid = false.", 1)
		}
	}
}

// mayBePartial is what to do about a body that lacks something.
const mayBePartial = "With partial = true, what is not here is made up from the spec."

// lacking reads a finding that says what an object lacks.
func lacking(f *diag.Diagnostic) (whole, name string, ok bool) {
	text, ok := strings.CutSuffix(f.Message, ", which is not here.")
	if !ok || f.Rule != expression.MissingProperty {
		return "", "", false
	}
	return strings.Cut(text, " requires ")
}

// answerType is what the body of an answer is declared to be; nil where nothing can be said, or it has been.
func (t *tested) answerType(a *model.MockAnswer, declared *openapi.Response, what string) *types.Type {
	if len(declared.Content) == 0 {
		t.diags.Add(lang.MockMismatch, a.Body.Range, "The spec declares no body for %s.", what).Relate(t.locate(declared.Origin), "declared here").
			Explain("If the mock breaks the spec on purpose, write valid = false.")
		return nil
	}
	items, _ := t.written(a.Headers, "headers")
	for _, i := range items {
		if name, ok := i.Value.Literal(); ok && strings.EqualFold(i.Key, "content-type") {
			text, _ := name.(string)
			m := matching(declared.Content, text)
			if m == nil {
				t.diags.Add(lang.MockMismatch, i.Value.Range, "The spec declares no body of type %q for %s.", text, what).
					Explain("It declares %s.", listed(mediaNames(declared.Content))).Relate(t.locate(declared.Origin), "declared here")
				return nil
			}
			return mockedValue(m)
		}
	}
	if m := chooseMedia(declared.Content); m != nil {
		return mockedValue(m)
	}
	return nil
}

// mockedValue is what a mock may give as a body of a media type: bytes as text, too.
func mockedValue(m *openapi.MediaType) *types.Type {
	t := m.Value(types.Response)
	if t.May(types.Bytes) {
		return types.Union(t, types.AnyString)
	}
	return t
}
