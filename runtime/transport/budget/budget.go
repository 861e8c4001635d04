// Package budget keeps calls within what an API allows, across all runs that share a credential: what is known
// beforehand, what its answers tell, and what it makes felt by refusing. It shares turns fairly between
// runs. It reads headers, and knows nothing else of requests.
package budget

import (
	"context"
	"fmt"
	"sync"
	"time"
)

// Design: who waits, waits in a line of its run's for its operation, and turns go round the runs. So a run with
// ten thousand items takes as many turns as one with three, while there are both. A line is a list of waiters, each
// of which is one channel: that is all that a waiting call costs here. Nothing is on a clock while nobody waits;
// one timer is set for the earliest moment at which somebody may go.
//
// Three things decide: gauges (limit.go), for what is known beforehand; windows (window.go), for what answers tell;
// and the ramp, for what is not told. The ramp bounds the calls at once: to one at the start, until the
// first answer has had a chance to tell of quotas, and after a refusal, from where it opens as answers come well.

// Patience bounds how long a call waits because answers say so, where [Ask] does not: an hourly quota, and some.
const Patience = 65 * time.Minute

// Set is the budgets of a process. It is safe for concurrent use; the zero Set is empty.
type Set struct {
	mu sync.Mutex
	m  map[string]*Budget
}

// For returns the budget of a credential, by a text that names the API and the credential and is no secret.
func (s *Set) For(key string) *Budget {
	s.mu.Lock()
	defer s.mu.Unlock()
	b := s.m[key]
	if b == nil {
		if s.m == nil {
			s.m = map[string]*Budget{}
		}
		if len(s.m) >= 1024 {
			s.forget()
		}
		b = New()
		s.m[key] = b
	}
	return b
}

// forget drops budgets of which nothing needs to be known.
func (s *Set) forget() {
	now := time.Now()
	for key, b := range s.m {
		if b.idle(now) {
			delete(s.m, key)
		}
	}
}

// Ask is a call that wants a turn.
type Ask struct {
	Run       string // among these turns are shared
	Operation string
	Limits    []Limit
	Patience  time.Duration // 0: [Patience]
	// Tell, if not nil, is told when the run's calls have to wait for long: until when, and why. It must be quick.
	Tell func(until time.Time, why string)
}

// Turn is a call under way. [Turn.Done] must be called once.
type Turn struct {
	b        *Budget
	ask      Ask
	gauges   []*gauge
	finished int64 // calls that had ended when it began
	sent     int64 // calls begun, it included
	begun    time.Time
}

// Waiting says that a call cannot have a turn in the time that there is.
type Waiting struct {
	Until time.Time // when it could, at the earliest
	Why   string    // a clause
	Late  bool      // that is after its context's deadline; else it is more than its patience
}

func (w *Waiting) Error() string {
	return fmt.Sprintf("its turn would come at %s: %s", w.Until.UTC().Format(time.TimeOnly), w.Why)
}

// Budget is what one credential may use of one API. It is safe for concurrent use.
type Budget struct {
	mu      sync.Mutex
	lines   lines
	under   int   // calls under way
	sent    int64 // calls begun
	ended   int64
	gauges  []*gauge
	windows []*window
	// heard are the operations whose answers tell of windows.
	heard map[string]struct{}

	pause   time.Time // nobody goes before
	why     string    // it was set
	refused int64     // calls begun when the last refusal came; those among them say nothing new
	ramp    ramp
	timer   *time.Timer
}

// New returns a budget of which nothing is known.
func New() *Budget { return &Budget{ramp: ramp{most: 1}} }

// Acquire waits for a turn. The error is a *Waiting, or the cause of ctx's end.
func (b *Budget) Acquire(ctx context.Context, a Ask) (Turn, error) {
	if ctx.Err() != nil {
		return Turn{}, context.Cause(ctx)
	}
	now := time.Now()
	b.mu.Lock()
	gauges := b.named(a.Limits, now)
	if b.lines.waiting == 0 {
		if at, _ := b.ready(now, &a, gauges); at.IsZero() {
			t := b.begin(now, a, gauges)
			b.mu.Unlock()
			return t, nil
		}
	}
	w := &waiter{ask: a, gauges: gauges, ready: make(chan struct{})}
	w.deadline, _ = ctx.Deadline()
	b.lines.add(w)
	tell := b.pump(now)
	b.mu.Unlock()
	tell.all()
	select {
	case <-w.ready:
		return w.turn, w.err
	case <-ctx.Done():
		return Turn{}, b.abandon(ctx, w)
	}
}

// abandon takes a waiter out of its line, or gives back the turn that it has just been given.
func (b *Budget) abandon(ctx context.Context, w *waiter) error {
	b.mu.Lock()
	removed := b.lines.remove(w)
	b.mu.Unlock()
	if !removed && w.err == nil {
		w.turn.Done(Outcome{})
	}
	return context.Cause(ctx)
}

// Outcome is how a call ended. The zero Outcome is a call without an answer.
type Outcome struct {
	Status int
	Told   Told
	// Pause is how long all calls wait after a refusal that does not say so itself.
	Pause time.Duration
}

// Done ends a call, and lets others go.
func (t Turn) Done(o Outcome) {
	if t.b == nil {
		return
	}
	b, now := t.b, time.Now()
	b.mu.Lock()
	b.under--
	b.ended++
	for _, g := range t.gauges {
		g.under--
	}
	if o.Status != 0 {
		b.learn(now, &t, &o)
	}
	var tell notices
	if b.lines.waiting > 0 {
		tell = b.pump(now)
	}
	b.mu.Unlock()
	tell.all()
}

// Paused returns until when a refusal makes all calls wait, and why; the zero time if none does.
func (b *Budget) Paused() (until time.Time, why string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.pause.After(time.Now()) {
		return b.pause, b.why
	}
	return time.Time{}, ""
}

func (b *Budget) idle(now time.Time) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, g := range b.gauges {
		if !g.idle(now) {
			return false
		}
	}
	for _, w := range b.windows {
		if w.known && w.Reset.After(now) {
			return false
		}
	}
	return b.under == 0 && b.lines.waiting == 0 && !b.pause.After(now)
}

// named returns the gauges of limits, made where there are none yet, and drops those that nobody uses any more.
func (b *Budget) named(limits []Limit, now time.Time) []*gauge {
	if len(limits) == 0 {
		return nil
	}
	out := make([]*gauge, 0, len(limits))
	for _, l := range limits {
		out = append(out, b.gauge(l, now))
	}
	return out
}

func (b *Budget) gauge(l Limit, now time.Time) *gauge {
	for _, g := range b.gauges {
		if g.Limit == l {
			g.named = now
			return g
		}
	}
	kept := b.gauges[:0]
	for _, g := range b.gauges {
		if !g.idle(now) {
			kept = append(kept, g)
		}
	}
	g := newGauge(l, now)
	g.named = now
	b.gauges = append(kept, g)
	if l.Count > 0 && l.Scope == "" {
		b.ramp.known()
	}
	return g
}

// ready returns when a call may go, and what it waits for: the zero time if it may now, never if that depends on
// calls under way. whether its own side says so is in the second result's kind.
func (b *Budget) ready(now time.Time, a *Ask, own []*gauge) (time.Time, reason) {
	if b.pause.After(now) {
		return b.pause, reason{told: true, why: b.why}
	}
	if b.under > 0 && b.under >= b.ramp.bound(now) {
		return b.ramp.next(), reason{}
	}
	var at time.Time
	var why reason
	for _, g := range b.gauges {
		if !g.applies(a, own, now) {
			continue
		}
		if t := g.ready(now); t.After(at) {
			at, why = t, reason{why: "its limit is used up"}
		}
	}
	for _, w := range b.windows {
		if !b.applies(w, a) {
			continue
		}
		if t := w.ready(now, b.under); t.After(at) {
			at, why = t, reason{told: true, why: "the API's answers say that its quota is used up"}
		}
	}
	return at, why
}

type reason struct {
	told bool // by the API
	why  string
}

func (g *gauge) applies(a *Ask, own []*gauge, now time.Time) bool {
	if g.Scope != "" && g.Scope != a.Operation {
		return false
	}
	for _, o := range own {
		if o == g {
			return true
		}
	}
	return g.current(now)
}

// applies reports whether a quota is one of a call's. Some APIs have quotas by operation, and not all say so: a quota is
// an operation's if its answers tell of it. Of an operation of which nothing is known yet it is if it is all others'.
func (b *Budget) applies(w *window, a *Ask) bool {
	if _, ok := w.of[a.Operation]; ok {
		return true
	}
	if _, ok := b.heard[a.Operation]; ok {
		return false
	}
	return len(w.of) == len(b.heard)
}

// begin gives a turn. Calls are counted in gauges that do not hold for them too, so that these are right when they do.
func (b *Budget) begin(now time.Time, a Ask, own []*gauge) Turn {
	t := Turn{b: b, ask: a, finished: b.ended, begun: now}
	b.under++
	b.sent++
	t.sent = b.sent
	if len(b.gauges) == len(own) {
		t.gauges = own
	} else {
		for _, g := range b.gauges {
			if g.Scope == "" || g.Scope == a.Operation {
				t.gauges = append(t.gauges, g)
			}
		}
	}
	for _, g := range t.gauges {
		g.take(now)
	}
	for _, w := range b.windows {
		if b.applies(w, &a) {
			w.take(now)
		}
	}
	return t
}

// learn takes what an answer tells.
func (b *Budget) learn(now time.Time, t *Turn, o *Outcome) {
	throttled := o.Told.Throttled(o.Status)
	if len(o.Told.Windows) > 0 {
		for _, w := range b.windows {
			if _, ok := w.of[t.ask.Operation]; ok {
				w.unsaid(t.begun)
			}
		}
		if b.heard == nil {
			b.heard = map[string]struct{}{}
		}
		if len(b.heard) < 10_000 {
			b.heard[t.ask.Operation] = struct{}{}
		}
	}
	for _, told := range o.Told.Windows {
		if told.Remaining < 0 {
			if told.Per > 0 { // a policy: its calls are counted here
				b.gauge(Limit{Count: told.Limit, Per: told.Per}, now)
			}
			continue
		}
		if w := b.window(told); w != nil {
			if _, ok := b.heard[t.ask.Operation]; ok {
				w.of[t.ask.Operation] = struct{}{}
			}
			w.tell(now, told, b.sent-1-t.finished, b.under, b.ended)
		}
	}
	if throttled {
		b.refuse(now, t, o)
		return
	}
	b.ramp.well(len(b.windows) > 0)
}

// window returns the window of a name, made if there is none; nil if there are too many.
func (b *Budget) window(told Window) *window {
	for _, w := range b.windows {
		if w.Name == told.Name && w.Resource == told.Resource && (told.Name != "" || w.Limit == told.Limit) {
			return w // those without a name are told apart by their limits: some APIs tell of the scarcest
		}
	}
	if len(b.windows) >= 64 {
		return nil
	}
	w := &window{Window: Window{Name: told.Name, Resource: told.Resource, Limit: told.Limit, Remaining: -1}, of: map[string]struct{}{}}
	b.windows = append(b.windows, w)
	return w
}

// refuse notes a refusal: all wait as long as it asks for, and then go carefully.
func (b *Budget) refuse(now time.Time, t *Turn, o *Outcome) {
	until, ok := o.Told.Until(now)
	if !ok {
		until = now.Add(o.Pause)
	}
	if until.After(b.pause) {
		b.pause = until
		b.why = fmt.Sprintf("at %s the API answered %d", now.UTC().Format(time.TimeOnly), o.Status)
		if o.Told.HasAfter {
			b.why += fmt.Sprintf(" and asked to wait %s", o.Told.After.Round(time.Millisecond))
		}
	}
	if t.sent <= b.refused {
		return
	}
	b.refused = b.sent
	explained := o.Told.usedUp() != nil
	for _, w := range b.windows {
		if b.applies(w, &t.ask) {
			w.refused(now, o.Told)
		}
	}
	if !explained {
		for _, g := range t.gauges {
			g.refused()
		}
	}
	b.ramp.refused(now, b.pause, b.under+1, explained)
}
