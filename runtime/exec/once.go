package exec

import (
	"context"

	"tenon/runtime/event"
)

// claim asks whether the item is to be worked on: not if its key has succeeded before.
func (x *iteration) claim(key string, s *scope) (fresh bool, f *fault) {
	once := x.loop.plan.Once
	if once == nil {
		return true, nil
	}
	r := x.run
	c := Claim{Loop: r.p.plan.Integration + "/" + x.op.plan.ID, Key: key, Within: once.Within, Place: s.key("")}
	fresh, err := r.host.Claim(s.ctx, c)
	switch {
	case err != nil && s.over():
		return true, s.stopped()
	case err != nil:
		return true, s.fail(event.Internal, x.loop.key.expr.Range, "whether the key was seen before cannot be told: %s", err)
	case fresh:
		s.claim = &c
		if s.book != nil {
			s.book.claim = &c
		}
	}
	return fresh, nil
}

// pass counts an item that has been worked on before.
func (x *iteration) pass(n int, s *scope) {
	x.mu.Lock()
	x.count++
	x.skipped++
	x.note(n, s, nil, nil, true)
	x.mu.Unlock()
	x.run.emit(event.ItemDone{ForEach: x.run.prefix + x.op.plan.ID, Item: s.item, Index: n, Skipped: true})
}

// settleClaim says how the item went. One in doubt may have been done, so it is not done again by itself.
func (x *iteration) settleClaim(s *scope, f *fault) {
	if s.claim == nil {
		return
	}
	done := (f == nil || f.InDoubt) && !x.run.in.DryRun
	x.run.forget(s, *s.claim, done)
}

// forget settles a claim, even when the run has been stopped.
func (r *run) forget(s *scope, c Claim, done bool) {
	if err := r.host.Settle(context.WithoutCancel(s.ctx), c, done); err != nil {
		r.emit(event.Warning{Step: s.step, Item: s.item, Message: "that the key was seen cannot be noted: " + err.Error()})
	}
}
