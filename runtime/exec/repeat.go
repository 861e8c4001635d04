package exec

import (
	"strconv"
	"time"

	"tenon/runtime/event"
)

// poll makes an op's call until its condition holds. How long that takes is what the host remembers, so that a run
// that is repeated takes as many turns.
func (r *run) poll(o *op, s *scope) (*reply, *fault) {
	d, f := r.draft(s, o.call)
	if f != nil {
		return nil, f
	}
	p := o.plan.Repeat
	end := r.host.Worked(s.key("repeat")) + p.Timeout
	for n := 1; ; n++ {
		turn := "turn" + strconv.Itoa(n)
		a, f := r.perform(s, o, o.call, turn, 0, d)
		if f != nil {
			return nil, f
		}
		done := false
		f = s.with("response", a.result(), func() (f *fault) {
			done, f = s.condition(o.repeat)
			return f
		})
		if f != nil || done {
			return a, f
		}
		if r.host.Worked(s.key(turn))+p.Every > end {
			f := s.fail(event.Timeout, p.Range, "%s is not done within %s: the condition did not hold for any of %d answers", s.step, p.Timeout.Round(time.Millisecond), n)
			f.Detail = "until = " + o.repeat.expr.Source
			return nil, f
		}
		r.emit(event.Repeated{Step: s.step, Item: s.item, Turn: n, Wait: event.Millis(p.Every)})
		if r.host.Wait(s.ctx, s.key(turn), r.host.Now().Add(p.Every)) != nil {
			return nil, s.stopped()
		}
	}
}
