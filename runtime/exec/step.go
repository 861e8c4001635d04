package exec

import (
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"time"

	"tenon/runtime/event"
	"tenon/spec/plan"
	"tenon/spec/types"
)

// skippedResult is the result of a step that did not run. Results are never changed.
var skippedResult = map[string]any{"skipped": true}

// step carries out op number i of its block.
func (r *run) step(o *op, i int, s *scope) outcome {
	s.enter(o.plan.ID, "")
	s.at = i
	if s.outermost() {
		r.states[i].begun.Store(true)
	}
	why, f := r.gate(o, s)
	switch {
	case f != nil:
		return r.failed(o, i, s, f)
	case why != "":
		return r.skip(o, i, s, why)
	}
	quiet := o.plan.Kind == "switch" || o.loop != nil || !s.loud()
	var start time.Time
	if !quiet {
		start = r.host.Now()
		r.emit(event.StepStarted{Step: s.step, Item: s.item})
	}
	out := r.act(o, i, s)
	switch {
	case out.fault != nil:
		return r.failed(o, i, s, out.fault)
	case out.withheld:
		r.track(s, i, "withheld")
		return out
	}
	r.track(s, i, "done")
	if !quiet {
		status, _ := out.value["status"].(int)
		skipped, _ := out.value["skipped"].(bool)
		done := event.StepDone{Step: s.step, Item: s.item, Status: status, Took: event.Millis(r.host.Now().Sub(start)), Skipped: skipped}
		if skipped {
			done.Why = "catch"
		}
		r.emit(done)
	}
	return out
}

// gate says whether an op is to run: "" if so, else what skips it.
func (r *run) gate(o *op, s *scope) (why string, f *fault) {
	for _, c := range o.plan.Cases {
		chosen, _ := s.env[c.Switch].(map[string]any)
		if index, ok := chosen["value"].(int); !ok || index != c.Index {
			return "case", nil
		}
	}
	if s.unknown(o.uses) {
		return "withheld", nil
	}
	if o.when == nil {
		return "", nil
	}
	holds, f := s.condition(o.when)
	if f == nil && !holds {
		why = "when"
	}
	return why, f
}

func (r *run) skip(o *op, i int, s *scope, why string) outcome {
	r.track(s, i, "skipped")
	if s.loud() && o.plan.Kind != "switch" {
		r.emit(event.StepDone{Step: s.step, Item: s.item, Skipped: true, Why: why})
	}
	if o.loop != nil && why != "withheld" {
		return r.iteration(o, s).outcome() // as of a loop without items
	}
	return outcome{value: skippedResult, withheld: why == "withheld"}
}

func (r *run) failed(o *op, i int, s *scope, f *fault) outcome {
	if f.gone {
		return outcome{fault: f}
	}
	what := "failed"
	if f.InDoubt {
		what = "in_doubt"
	} else if s.over() {
		what = "stopped"
	}
	r.track(s, i, what)
	if f.Range.IsZero() {
		f.Range = o.plan.Range
	}
	if f.Step == s.step && o.loop == nil {
		r.emit(event.StepFailed{Step: f.Step, Item: f.Item, Failure: &f.Failure})
	}
	return outcome{fault: f}
}

// act does the op's own work, and what its catches make of a failure.
func (r *run) act(o *op, i int, s *scope) (out outcome) {
	defer func() {
		if p := recover(); p != nil {
			out = outcome{fault: s.fail(event.Internal, o.plan.Range, "%v; this is a bug in Tenon", p)}
			out.fault.Detail = string(debug.Stack())
		}
	}()
	switch {
	case o.loop != nil:
		return r.loop(o, i, s)
	case o.pause != nil:
		return outcome{value: map[string]any{"skipped": false}, fault: r.wait(o, s)}
	case o.sub != nil:
		return r.child(o, s)
	case o.value != nil:
		v, f := r.compute(o, s)
		if f == nil {
			f = r.check(o, s, v)
		}
		return outcome{value: v, fault: f}
	}
	v, f := r.request(o, s)
	if f != nil && f != errWithheld && !f.gone && !s.over() {
		v, f = r.rescue(o, s, f)
	}
	if f == errWithheld {
		return outcome{value: skippedResult, withheld: true}
	}
	return outcome{value: v, fault: f}
}

// errWithheld passes on that the host withheld a write.
var errWithheld = &fault{}

// request makes an op's call, with its pages and checks.
func (r *run) request(o *op, s *scope) (map[string]any, *fault) {
	if o.call.page != nil {
		return r.pages(o, s)
	}
	a, f := r.answered(o, s)
	if f != nil {
		if f.taken {
			r.cannotUndo(o, s, "its answer was not as the spec says, so how to undo it cannot be computed")
		}
		return nil, f
	}
	v := a.result()
	r.remember(o, s, v)
	f = r.check(o, s, v)
	if f != nil {
		giveUp(v)
	}
	return v, f
}

// answered makes the call of an op without pages, as often as it says.
func (r *run) answered(o *op, s *scope) (*reply, *fault) {
	if o.repeat != nil {
		return r.poll(o, s)
	}
	return r.perform(s, o, o.call, "", 0, nil)
}

func (r *run) compute(o *op, s *scope) (map[string]any, *fault) {
	v, f := s.guarded(o.value, event.Expression)
	if f != nil {
		return nil, f
	}
	if c := o.plan.Value; c.Choices != nil {
		v = choose(c, v)
	}
	out := map[string]any{"skipped": false}
	if !types.IsMissing(v) {
		out["value"] = v
	}
	return out, nil
}

// choose returns the index of the case that lists v.
func choose(c *plan.Compute, v any) int {
	text, ok := v.(string)
	if !ok {
		b, err := types.AppendJSON(nil, v)
		text, ok = string(b), err == nil
	}
	for i, labels := range c.Choices {
		if ok && slices.Contains(labels, text) {
			return i
		}
	}
	if c.Default {
		return len(c.Choices)
	}
	return -1
}

// check holds a result against the author's assertions.
func (r *run) check(o *op, s *scope, result map[string]any) *fault {
	if len(o.checks) == 0 {
		return nil
	}
	return s.with(o.plan.ID, result, func() *fault {
		return s.with("response", result, func() *fault {
			for _, k := range o.checks {
				if f := r.assert(k, s); f != nil {
					f.status, _ = result["status"].(int)
					f.headers, f.body = result["headers"], result["body"]
					return f
				}
			}
			return nil
		})
	})
}

func (r *run) assert(k *check, s *scope) *fault {
	holds, f := s.condition(k.assert)
	if f != nil || holds {
		return f
	}
	f = s.fail(event.CheckFailed, k.plan.Range, "check %q does not hold", k.plan.Name)
	if k.message != nil {
		text, bad := s.eval(k.message)
		if bad != nil {
			return bad
		}
		if t, ok := text.(string); ok {
			f.Message += ": " + t
		}
	}
	return f
}

// rescue lets the op's catches replace a failure. The first that names it does.
func (r *run) rescue(o *op, s *scope, f *fault) (map[string]any, *fault) {
	if f.InDoubt {
		return nil, f // nobody knows what to go on from
	}
	for i, c := range o.catches {
		if !catches(c.plan.On, f) {
			continue
		}
		var v map[string]any
		how := "call"
		bad := s.with("error", f.asValue(r.prefix), func() (bad *fault) {
			switch {
			case c.plan.Skip:
				v, how = skippedResult, "skip"
			case c.call != nil:
				var a *reply
				if a, bad = r.perform(s, o, c.call, "catch"+strconv.Itoa(i), 0, nil); bad == nil {
					v = a.result()
				}
			default:
				how = "body"
				v, bad = r.substitute(o, c, s, f)
			}
			return bad
		})
		if bad != nil {
			return nil, bad
		}
		r.emit(event.StepCaught{Step: s.step, Item: s.item, On: c.plan.On, How: how, Failure: &f.Failure})
		return v, nil
	}
	return nil, f
}

// substitute is the result with the author's body in place of the one that did not come.
func (r *run) substitute(o *op, c *catch, s *scope, f *fault) (map[string]any, *fault) {
	body, bad := s.guarded(c.body, event.Expression)
	if bad != nil {
		return nil, bad
	}
	v := map[string]any{"skipped": false}
	if f.status != 0 {
		v["status"] = f.status
	}
	if f.headers != nil {
		v["headers"] = f.headers
	}
	if !types.IsMissing(body) {
		v["body"] = body
	}
	if list, ok := body.([]any); ok && o.call.plan.Items != nil {
		v["items"] = list
	}
	if o.call.page == nil {
		return v, nil
	}
	items, bad := r.items(o.call.page, s, v)
	v["items"] = items
	return v, bad
}

// catches reports whether a catch with this label takes the failure.
func catches(on string, f *fault) bool {
	switch on {
	case "any":
		return f.Kind != event.Internal && f.Kind != event.RunCanceled
	case string(event.Network), string(event.Timeout), string(event.InvalidResponse), string(event.CheckFailed):
		return string(f.Kind) == on
	}
	if f.Kind != event.BadStatus {
		return false
	}
	status := strconv.Itoa(f.status)
	return on == status || strings.EqualFold(on, status[:1]+"xx")
}
