package trial

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"tenon/runtime/event"
	"tenon/spec/expression"
	"tenon/spec/plan"
	"tenon/spec/source"
	"tenon/spec/types"
)

// judge holds what came of the run against what the test expects.
func (t *trial) judge(stopped error) {
	t.report.Requests = len(t.exchanges)
	res := t.report.Result
	for _, cause := range []error{errPatience, errStuck} {
		if errors.Is(stopped, cause) {
			t.problem(Problem{Kind: RunFailed, Message: "the run was stopped: " + cause.Error(), Range: t.test.Range})
			return
		}
	}
	defer t.shorten()
	if stopped != nil {
		t.problem(Problem{Kind: TestCanceled, Message: "the test was stopped", Range: t.test.Range})
		return
	}
	t.refusals()
	want := event.Status(t.test.Expect.Status)
	if want == "" {
		want = event.Succeeded
	}
	if res.Status != want {
		t.wrongStatus(want)
		return
	}
	t.unused()
	t.unplayed()
	env := t.env(t.outcome())
	t.equal(t.test.Expect.Outputs, env, WrongOutputs, "outputs", res.Outputs)
	t.equal(t.test.Expect.State, env, WrongState, "state", res.State)
	if e := t.test.Expect.Assert; e != nil {
		t.holds(e, env, AssertFailed, "assert does not hold", nil, e.Range)
	}
	for _, c := range t.test.Expect.Checks {
		t.holds(c.Assert, env, CheckFailed, fmt.Sprintf("check %q does not hold", c.Name), c.Message, c.Range)
	}
	t.survived()
}

// survived tells, of a run that succeeded and did not come to what is expected, which items failed meanwhile.
func (t *trial) survived() {
	if t.failed == 0 || len(t.report.Problems) == 0 {
		return
	}
	p := &t.report.Problems[len(t.report.Problems)-1]
	text := fmt.Sprintf("An item failed: %s", t.first.Error())
	if t.failed > 1 {
		text = fmt.Sprintf("%d items failed, the first one so: %s", t.failed, t.first.Error())
	}
	p.Detail = strings.TrimSpace(p.Detail + "\n" + t.out.Redact(text))
}

// alike is how many requests with the same kind of problem are told one by one.
const alike = 5

// shorten keeps of many requests with the same kind of problem the first few.
func (t *trial) shorten() {
	count := map[Kind]int{}
	var out []Problem
	for _, p := range t.report.Problems {
		if count[p.Kind]++; count[p.Kind] <= alike || p.Kind != Unrecorded && p.Kind != BadRequest {
			out = append(out, p)
		}
	}
	for kind, what := range map[Kind]string{Unrecorded: "that the cassette has no answer to", BadRequest: "that the documents refuse"} {
		if more := count[kind] - alike; more > 0 {
			out = append(out, Problem{Kind: kind, Message: fmt.Sprintf("and %d more requests %s", more, what), Range: t.test.Range})
		}
	}
	t.report.Problems = out
}

// refusals reports requests that the documents forbid.
func (t *trial) refusals() {
	for _, x := range t.exchanges {
		if len(x.problems) == 0 {
			continue
		}
		what := fmt.Sprintf("%s of api %s refuses what %s sends", x.operation, x.api, named(x))
		if x.operation == "" {
			what = fmt.Sprintf("api %s has nothing that takes what %s sends", x.api, named(x))
		}
		t.problem(Problem{Kind: BadRequest, Message: fmt.Sprintf("%s: %s", what, x.problems[0]),
			Detail: strings.Join(append([]string{x.line}, x.problems[1:]...), "\n"), Range: t.stepRange(x.step)})
	}
}

func named(x *exchange) string {
	switch {
	case x.step == "":
		return "the run"
	case x.item == "":
		return x.step
	}
	return fmt.Sprintf("%s (item %s)", x.step, x.item)
}

// stepRange is where a step stands, as events name it: "step.pay/step.charge" is in the integration that step.pay runs.
func (t *trial) stepRange(step string) source.Range {
	p := t.program.Plan()
	outer, inner, nested := strings.Cut(step, "/")
	for {
		var found *plan.Op
		for _, b := range []*plan.Block{p.Steps, p.OnFailure} {
			each(b, func(o *plan.Op) {
				if o.ID == outer {
					found = o
				}
			})
		}
		switch {
		case found == nil:
			return t.test.Range
		case nested && found.Run != nil:
			p = found.Run.Plan
			outer, inner, nested = strings.Cut(inner, "/")
		case found.Call != nil && !found.Call.Range.IsZero():
			return found.Call.Range
		default:
			return found.Range
		}
	}
}

// each calls f for all ops of a block and of the loops in it. The block may be nil.
func each(b *plan.Block, f func(*plan.Op)) {
	if b == nil {
		return
	}
	for _, o := range b.Ops {
		f(o)
		if o.ForEach != nil {
			each(o.ForEach.Block, f)
		}
	}
}

func (t *trial) wrongStatus(want event.Status) {
	res := t.report.Result
	if res.Error != nil && len(t.report.Problems) > 0 {
		return // the run failed of what is reported already
	}
	ended := map[event.Status]string{event.Succeeded: "succeeded", event.Failed: "failed", event.InDoubt: "is in doubt", event.Canceled: "was canceled"}
	must := map[event.Status]string{event.Succeeded: "succeed", event.Failed: "fail", event.InDoubt: "be in doubt"}
	p := Problem{Kind: WrongStatus, Message: fmt.Sprintf("the run %s, and should %s", ended[res.Status], must[want]), Range: t.test.Expect.Range, Failure: res.Error}
	if res.Error != nil && want == event.Succeeded {
		p.Kind, p.Message, p.Range = RunFailed, res.Error.Error(), res.Error.Range
	}
	t.problem(p)
}

// unused reports mocks and answers that no request got: what a test says and nothing asks for is a hole in it.
func (t *trial) unused() {
	for _, m := range t.answering {
		asked := slices.ContainsFunc(t.exchanges, func(x *exchange) bool { return x.api == m.plan.API && x.operation == m.plan.Operation })
		p := Problem{Kind: UnusedMock, Range: m.plan.Range}
		switch {
		case m.called == 0 && !asked:
			p.Message = fmt.Sprintf("mock %q was never used: the run did not call %s.%s", m.plan.Name, m.plan.API, m.plan.Operation)
		case m.called == 0 && m.when != nil:
			p.Message = fmt.Sprintf("mock %q was never used: its when held for no call of %s.%s", m.plan.Name, m.plan.API, m.plan.Operation)
		case m.called == 0:
			p.Message = fmt.Sprintf("mock %q was never used: mocks before it answered all calls of %s.%s", m.plan.Name, m.plan.API, m.plan.Operation)
		case m.called < len(m.answers):
			p.Message = fmt.Sprintf("mock %q has %d responses, and was called %s", m.plan.Name, len(m.answers), times(m.called))
			p.Range = m.answers[m.called].plan.Range
		default:
			continue
		}
		t.problem(p)
	}
}

func times(n int) string {
	if n == 1 {
		return "once"
	}
	return fmt.Sprintf("%d times", n)
}

// equal holds each member of an expected object against what came of it.
func (t *trial) equal(e *plan.Expr, env map[string]any, kind Kind, what string, got map[string]any) {
	if e == nil {
		return
	}
	prog, err := e.Compile()
	var v, came any
	if err == nil {
		v, err = prog.Run(env, expression.Limits{})
	}
	if err == nil {
		v, err = plain(v)
	}
	if err == nil {
		came, err = plain(got)
	}
	if err != nil {
		t.problem(Problem{Kind: BadTest, Message: fmt.Sprintf("what is expected of %s: %s", what, err), Range: failedAt(e, err)})
		return
	}
	want, _ := v.(map[string]any)
	have, _ := came.(map[string]any)
	var all []Difference
	p := Problem{Kind: kind, Range: e.Range}
	for _, f := range e.Fields {
		if len(f.Path) > 0 && len(compare("", at(want, f.Path[0]), at(have, f.Path[0]))) > 0 {
			p.Range = f.Range // the first member that differs
			break
		}
	}
	for _, name := range keys(want) {
		all = append(all, compare(member(what, name), want[name], at(have, name))...)
	}
	if len(all) == 0 {
		return
	}
	for i := range all {
		all[i].Expected, all[i].Got = t.out.Redact(all[i].Expected), t.out.Redact(all[i].Got)
	}
	p.Differences = all
	p.Message = all[0].String()
	if len(all) > 1 {
		p.Message = fmt.Sprintf("%s are not as expected in %d places", what, len(all))
		if len(all) >= maxDifferences {
			p.Message = fmt.Sprintf("%s are not as expected in %d places or more", what, len(all))
		}
	}
	t.problem(p)
}

// holds looks whether a condition holds.
func (t *trial) holds(e *plan.Expr, env map[string]any, kind Kind, what string, message *plan.Expr, at source.Range) {
	prog, err := e.Compile()
	if err != nil {
		t.problem(Problem{Kind: BadTest, Message: err.Error(), Range: e.Range})
		return
	}
	v, err := prog.Run(env, expression.Limits{})
	p := Problem{Kind: kind, Range: at}
	switch {
	case err != nil:
		p.Message, p.Range = fmt.Sprintf("%s: %s", strings.Replace(what, "does not hold", "cannot be computed", 1), err), failedAt(e, err)
	case v == true:
		return
	default:
		p.Message = what + t.said(message, env)
	}
	for _, o := range e.Explain(env, expression.Limits{}) {
		if v, err := plain(o.Value); err == nil {
			o.Value = v
		}
		p.Observed = append(p.Observed, o)
	}
	t.problem(p)
}

// said is the author's message to a condition that does not hold.
func (t *trial) said(e *plan.Expr, env map[string]any) string {
	if e == nil {
		return ""
	}
	prog, err := e.Compile()
	if err != nil {
		return ""
	}
	v, err := prog.Run(env, expression.Limits{})
	if text, ok := v.(string); ok && err == nil {
		return ": " + text
	}
	return fmt.Sprintf(" (and its message cannot be computed: %v)", err)
}

// outcome is what expressions of expect see.
func (t *trial) outcome() map[string]any {
	res := t.report.Result
	out := map[string]any{"status": string(res.Status), "calls": t.calls()}
	if res.Status == event.Succeeded {
		out["outputs"], out["state"] = res.Outputs, map[string]any{}
		if v, err := plain(res.State); err == nil && res.State != nil {
			out["state"] = v
		}
	}
	if res.Error != nil {
		out["error"] = failureValue(res.Error)
	}
	return out
}

// failureValue is a run's failure as expressions see it.
func failureValue(f *event.Failure) map[string]any {
	step := f.Step[strings.LastIndexByte(f.Step, '/')+1:]
	_, step, _ = strings.Cut(step, ".")
	v := map[string]any{"kind": string(f.Kind), "step": step, "message": f.Message, "attempts": f.Attempts}
	if r := f.Response; r != nil {
		v["status"] = r.Status
		headers := http.Header{}
		for _, h := range r.Headers {
			headers.Add(h.Name, h.Value)
		}
		v["headers"] = headerValues(headers)
		if body, err := types.DecodeJSON([]byte(r.Body), types.Limits{}); err == nil {
			v["body"] = body
		} else if r.Body != "" {
			v["body"] = r.Body
		}
	}
	return v
}

// calls are the requests that were made, by API and operation: all operations that the plan may call are there.
func (t *trial) calls() map[string]any {
	out := map[string]any{}
	list := func(api, operation string) (map[string]any, []any) {
		of, _ := out[api].(map[string]any)
		if of == nil {
			of = map[string]any{}
			out[api] = of
		}
		made, _ := of[operation].([]any)
		if made == nil {
			made = []any{}
			of[operation] = made
		}
		return of, made
	}
	for _, c := range calls(t.program.Plan()) {
		list(c.API, c.Operation)
	}
	for _, x := range t.exchanges {
		if x.request == nil {
			continue
		}
		entry := merged(x.request, map[string]any{"status": nil})
		if x.status != 0 {
			entry["status"] = x.status
		}
		of, made := list(x.api, x.operation)
		of[x.operation] = append(made, entry)
	}
	return out
}
