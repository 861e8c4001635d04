package trial

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"tenon/runtime/exec"
)

// turns lets the branches of a run work one at a time, in an order that is the same each time, on a clock that
// stands still while any of them works.
type turns struct {
	stop func(error) // the run

	mu     sync.Mutex
	now    time.Time
	ready  []*waiter
	parked []*waiter
	ends   []*end
	stuck  bool // nobody can go on any more by himself
	idle   bool // nobody has the turn
}

// waiter is a branch that waits.
type waiter struct {
	ctx   context.Context // it goes on when that ends; nil: it does not
	until time.Time       // it goes on then; zero: never for that
	open  func() bool     // it goes on when that holds; nil: never for that
	turn  chan struct{}   // closed when it has the turn
}

// end is a time at which a context ends.
type end struct {
	at     time.Time
	cancel context.CancelCauseFunc
	cause  error
}

// errStuck is why a run is stopped all branches of which wait for each other.
var errStuck = errors.New("everything in the run waits for something else in it, such as a lock that is held already")

func newTurns(now time.Time, stop func(error)) *turns { return &turns{now: now, stop: stop} }

// Now is what the clock shows.
func (t *turns) Now() time.Time {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.now
}

// Sleep waits for d on the clock, at most until ctx ends.
func (t *turns) Sleep(ctx context.Context, d time.Duration) error {
	if d > 0 && ctx.Err() == nil {
		t.mu.Lock()
		t.park(&waiter{ctx: ctx, until: t.now.Add(d)})
	}
	return context.Cause(ctx)
}

// wait waits until open holds, which is asked while the lock is held, at most until ctx ends.
func (t *turns) wait(ctx context.Context, open func() bool) {
	t.mu.Lock()
	if open != nil && open() {
		t.mu.Unlock()
		return
	}
	t.park(&waiter{ctx: ctx, open: open})
}

// park gives the turn away until w has it again. The lock is held, and given back.
func (t *turns) park(w *waiter) {
	w.turn = make(chan struct{})
	t.parked = append(t.parked, w)
	t.pass()
	t.mu.Unlock()
	<-w.turn
}

// pass gives the turn to the next. The lock is held.
func (t *turns) pass() {
	for {
		t.wake()
		if len(t.ready) > 0 {
			next := t.ready[0]
			t.ready = t.ready[1:]
			close(next.turn)
			return
		}
		if t.advance() {
			continue
		}
		if len(t.parked) == 0 || t.stuck {
			t.idle = true
			return
		}
		t.stuck = true
		t.stop(errStuck)
	}
}

// wake makes those ready who need not wait any more. The lock is held.
func (t *turns) wake() {
	t.parked = slices.DeleteFunc(t.parked, func(w *waiter) bool {
		over := w.ctx != nil && w.ctx.Err() != nil || !w.until.IsZero() && !w.until.After(t.now) || w.open != nil && w.open()
		if over {
			t.ready = append(t.ready, w)
		}
		return over
	})
}

// advance sets the clock to when the next thing happens, if anything does. At the same time what a branch waits for
// comes before what ends its context. The lock is held.
func (t *turns) advance() bool {
	var next time.Time
	for _, w := range t.parked {
		if !w.until.IsZero() && (next.IsZero() || w.until.Before(next)) {
			next = w.until
		}
	}
	var first *end
	for _, e := range t.ends {
		if first == nil || e.at.Before(first.at) {
			first = e
		}
	}
	switch {
	case first != nil && (next.IsZero() || first.at.Before(next)):
		t.set(first.at)
		t.drop(first)
		first.cancel(first.cause)
	case !next.IsZero():
		t.set(next)
	default:
		return false
	}
	return true
}

func (t *turns) set(now time.Time) {
	if now.After(t.now) {
		t.now = now
	}
}

func (t *turns) drop(e *end) {
	t.ends = slices.DeleteFunc(t.ends, func(x *end) bool { return x == e })
}

// kick looks after those whose context was ended from outside.
func (t *turns) kick() {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.idle {
		t.idle = false
		t.pass()
	}
}

// deadlineKey is that of the deadline that a context has on the clock.
type deadlineKey struct{}

// clocked is a context whose deadline is that on the clock, if it has one. Others are on the real clock.
type clocked struct{ context.Context }

func (c clocked) Deadline() (time.Time, bool) {
	at, ok := c.Value(deadlineKey{}).(time.Time)
	return at, ok
}

// Timeout returns a context that ends with the cause when the clock has gone on by d.
func (t *turns) Timeout(ctx context.Context, d time.Duration, cause error) (context.Context, context.CancelFunc) {
	t.mu.Lock()
	defer t.mu.Unlock()
	inner, cancel := context.WithCancelCause(ctx)
	e := &end{t.now.Add(d), cancel, cause}
	if outer, ok := (clocked{ctx}).Deadline(); ok && !outer.After(e.at) {
		return clocked{inner}, func() { cancel(nil) }
	}
	t.ends = append(t.ends, e)
	return clocked{context.WithValue(inner, deadlineKey{}, e.at)}, func() {
		t.mu.Lock()
		t.drop(e)
		t.mu.Unlock()
		cancel(nil)
	}
}

// branches are branches that take turns.
type branches struct {
	t              *turns
	limit, running int
}

func (t *turns) branches(limit int) exec.Branches { return &branches{t: t, limit: limit} }

// Go puts f in the line. It begins when whoever calls waits.
func (b *branches) Go(f func()) {
	if b.limit > 0 {
		b.t.wait(context.Background(), func() bool { return b.running < b.limit })
	}
	b.t.mu.Lock()
	defer b.t.mu.Unlock()
	b.running++
	own := &waiter{turn: make(chan struct{})}
	b.t.ready = append(b.t.ready, own)
	go func() {
		<-own.turn
		defer func() {
			b.t.mu.Lock()
			defer b.t.mu.Unlock()
			b.running--
			b.t.pass()
		}()
		f()
	}()
}

// Yield only calls wait: nothing here takes long enough for another branch to need the place.
func (b *branches) Yield(_ bool, wait func()) { wait() }

func (b *branches) Wait() { b.t.wait(context.Background(), func() bool { return b.running == 0 }) }
