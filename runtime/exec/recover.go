package exec

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"tenon/runtime/event"
	"tenon/spec/types"
)

// resends bounds how often a write is sent again after its answer was lost on the way and it was found not to have happened.
// That a process ended says nothing about the write, and does not count.
const resends = 3

// findOut asks whether a write of unknown outcome, which f is about, happened. If not, the same bytes are sent
// again. Where it cannot be found out, f stays. A run that is stopped, and may go on, finds out then.
func (r *run) findOut(o *op, s *scope, req *Request, f *fault) (*reply, *fault) {
	later := func() bool { return r.in.Kept && r.ctx.Err() != nil }
	if later() {
		return nil, s.canceled()
	}
	if s.over() && !outOfTime(s.ctx) {
		return nil, f
	}
	own := s.fork()
	if s.over() { // the write may be the run's last; what became of it is worth knowing
		ctx, cancel := context.WithTimeoutCause(s.run.ctx, failureTime, runTimeout(failureTime))
		defer cancel()
		own.ctx = ctx
	}
	for n, lost := 1, 0; ; n++ {
		if !f.died {
			lost++
		}
		own.label, own.ids = "recover"+strconv.Itoa(n), 0
		a, found, bad := r.lookUp(o, own)
		if bad != nil && later() {
			return nil, s.canceled()
		}
		if bad != nil {
			f.Detail = strings.TrimSpace(fmt.Sprintf("%s Finding out failed, too: %s", f.Detail, bad.Message))
			return nil, f
		}
		r.emit(event.Recovered{Step: s.step, Item: s.item, Happened: found})
		if found {
			s.wrote(1)
			return a, nil
		}
		if later() {
			return nil, s.canceled()
		}
		f.InDoubt = false
		f.Detail = "It did not happen, as recover found out."
		if lost > resends || s.over() {
			return nil, f
		}
		again := *req
		again.Key += ":again" + strconv.Itoa(n)
		if a, f = r.send(s, o, o.call, &again); f == nil || !f.InDoubt {
			return a, f
		}
	}
}

// lookUp makes the call of a recover and says whether the write was found, with what takes the place of its answer.
func (r *run) lookUp(o *op, s *scope) (a *reply, found bool, f *fault) {
	rec := o.recover
	if err := r.host.Wait(s.ctx, s.key("wait"), r.host.Today(s.key("lost")).Add(rec.plan.Wait)); err != nil {
		return nil, false, s.stopped()
	}
	got, f := r.perform(s, rec.op, rec.op.call, "", 0, nil)
	if f != nil {
		return nil, false, f
	}
	v := got.result()
	f = s.with("response", v, func() (f *fault) {
		if found, f = s.condition(rec.found); f != nil || !found {
			return f
		}
		body := got.body
		if rec.body.code != nil {
			if body, f = s.eval(rec.body.code); f != nil {
				return f
			}
		}
		a = &reply{body: body}
		if types.IsMissing(body) && rec.body.code == nil {
			return nil
		}
		return s.guard(rec.body.guard, body, event.InvalidResponse)
	})
	return a, found, f
}
