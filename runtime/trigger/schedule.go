package trigger

import (
	"container/heap"
	"context"
	"errors"
	"math/rand/v2"
	"sync"
	"time"

	"tenon/spec/plan"
)

// maxCaughtUp bounds the missed slots that catch_up = "all" starts.
const maxCaughtUp = 1000

// glance is how often the clock is looked at, so that one that was set is noticed.
const glance = 30 * time.Second

// Schedules starts what is due by the clock.
type Schedules struct {
	Ledger Ledger
	Now    func() time.Time // nil: time.Now
	Tell   func(Fact)       // may be nil
	// Random returns a number in [0, 1), for jitter; nil: math/rand.
	Random func() float64
}

// atOnce bounds the schedules that are looked after at the same time: they wait for the same disk.
const atOnce = 32

// Run watches the schedules of targets until ctx ends. A slot is started once, whatever happens to the process
// and the clock: its time is its key.
//
// However many schedules there are, between their times there is one goroutine, and a heap of when each is due.
func (s *Schedules) Run(ctx context.Context, targets []*Target) {
	var all agenda
	for _, t := range targets {
		if p := triggerOf(t.Program.Outline(), t.Name); p != nil && p.Schedule != nil {
			all = append(all, &entry{target: t, plan: p.Schedule, at: s.now()})
		}
	}
	heap.Init(&all)
	for len(all) > 0 && s.until(ctx, all[0].at) {
		s.look(ctx, &all)
	}
}

// entry is a schedule that is watched.
type entry struct {
	target *Target
	plan   *plan.Schedule
	at     time.Time     // when to look at it again
	begun  bool          // last is known
	last   time.Time     // the slot that was handled last
	delay  time.Duration // of the next slot
	slots  []time.Time   // that are due and not started yet
	pause  time.Duration // after the next failure
	over   bool          // it is never due again
}

// agenda is a heap of schedules, the next one first.
type agenda []*entry

func (a agenda) Len() int           { return len(a) }
func (a agenda) Less(i, j int) bool { return a[i].at.Before(a[j].at) }
func (a agenda) Swap(i, j int)      { a[i], a[j] = a[j], a[i] }
func (a *agenda) Push(x any)        { *a = append(*a, x.(*entry)) }
func (a *agenda) Pop() any {
	last := len(*a) - 1
	x := (*a)[last]
	(*a)[last] = nil
	*a = (*a)[:last]
	return x
}

// look deals with all that have come.
func (s *Schedules) look(ctx context.Context, all *agenda) {
	var come []*entry
	for now := s.now(); len(*all) > 0 && !(*all)[0].at.After(now); {
		come = append(come, heap.Pop(all).(*entry))
	}
	var wg sync.WaitGroup
	places := make(chan struct{}, atOnce)
	for _, x := range come {
		places <- struct{}{}
		wg.Go(func() {
			defer func() { <-places }()
			s.attend(ctx, x)
		})
	}
	wg.Wait()
	for _, x := range come {
		if !x.over {
			heap.Push(all, x)
		}
	}
}

// attend does what is to be done about a schedule now, and says when to look at it again.
func (s *Schedules) attend(ctx context.Context, x *entry) {
	if !x.begun {
		if !s.begin(ctx, x) {
			return
		}
	} else if !s.start(ctx, x) {
		return
	}
	next, err := x.plan.Next(x.last)
	if err != nil || next.IsZero() {
		s.tell(x.target, Fact{What: "failed", Reason: "the schedule is never due again", At: s.now()})
		x.over = true
		return
	}
	x.delay = s.jitter(x.plan)
	x.at = next.Add(x.delay)
}

func (s *Schedules) now() time.Time {
	if s.Now != nil {
		return s.Now()
	}
	return time.Now()
}

func (s *Schedules) tell(t *Target, f Fact) {
	if s.Tell != nil {
		f.Integration, f.Trigger = t.integration(), t.Name
		s.Tell(f)
	}
}

// begin finds the slot that was handled last. A schedule that was never seen before begins now.
func (s *Schedules) begin(ctx context.Context, x *entry) bool {
	t := x.target
	last, err := s.Ledger.Last(ctx, t.integration(), t.Name)
	if err == nil && last.IsZero() {
		last = s.now()
		err = s.Ledger.Pass(ctx, t.integration(), t.Name, last)
	}
	if err != nil {
		s.tell(t, Fact{What: "failed", Reason: "the store cannot be read: " + err.Error(), At: s.now()})
		x.at = s.now().Add(glance)
		return false
	}
	x.begun, x.last = true, last
	return true
}

// start starts the slots that have come. One that cannot be stored is tried again later, and those after it wait.
func (s *Schedules) start(ctx context.Context, x *entry) bool {
	if len(x.slots) == 0 {
		x.slots = due(x.plan, x.last, s.now().Add(-x.delay))
	}
	for len(x.slots) > 0 && ctx.Err() == nil {
		slot := x.slots[0]
		if err := s.try(ctx, x.target, slot); err != nil {
			what := "failed"
			if errors.Is(err, ErrBusy) {
				what = "busy"
			}
			s.tell(x.target, Fact{What: what, Reason: err.Error(), At: slot})
			x.pause = min(max(2*x.pause, time.Second), time.Minute)
			x.at = s.now().Add(x.pause)
			return false
		}
		x.slots, x.last, x.pause = x.slots[1:], slot, 0
	}
	if at := s.now().Add(-x.delay); x.plan.CatchUp == "none" && at.After(x.last) {
		x.last = at
	}
	return ctx.Err() == nil
}

// due lists the slots after last up to now that are to be started, oldest first. There is always one: the one
// that has come.
func due(p *plan.Schedule, last, now time.Time) []time.Time {
	var slots []time.Time
	for at := last; len(slots) <= maxCaughtUp; {
		next, err := p.Next(at)
		if err != nil || next.IsZero() || next.After(now) {
			break
		}
		at = next
		slots = append(slots, at)
		if p.CatchUp != "all" && len(slots) > 1 {
			slots = slots[1:]
		}
	}
	if p.CatchUp == "none" && len(slots) > 0 && now.Sub(slots[len(slots)-1]) > missed {
		return nil
	}
	return slots
}

// missed is how late a slot may be noticed and still count as on time.
const missed = 2 * glance

func (s *Schedules) try(ctx context.Context, t *Target, slot time.Time) error {
	fired, f := t.fire(ctx, map[string]any{"time": slot.UTC()})
	if f != nil {
		s.tell(t, Fact{What: "failed", Reason: t.Inputs.Redactor.Redact(f.Message), At: slot})
		return s.Ledger.Pass(ctx, t.integration(), t.Name, slot)
	}
	if !fired.Start {
		s.tell(t, Fact{What: "passed", At: slot})
		return s.Ledger.Pass(ctx, t.integration(), t.Name, slot)
	}
	start := Start{Integration: t.integration(), Trigger: t.Name, Key: slot.UTC().Format(time.RFC3339), Inputs: fired.Inputs, At: slot}
	id, fresh, err := s.Ledger.Accept(ctx, start)
	if err != nil {
		return err
	}
	what := "accepted"
	if !fresh {
		what = "duplicate"
	}
	s.tell(t, Fact{What: what, ID: id, At: slot})
	return nil
}

func (s *Schedules) jitter(p *plan.Schedule) time.Duration {
	random := s.Random
	if random == nil {
		random = rand.Float64
	}
	return time.Duration(random() * float64(p.Jitter))
}

// until waits for a time of the wall clock, which may be set meanwhile.
func (s *Schedules) until(ctx context.Context, at time.Time) bool {
	for {
		left := at.Sub(s.now())
		if left <= 0 {
			return ctx.Err() == nil
		}
		if !s.rest(ctx, min(left, glance)) {
			return false
		}
	}
}

func (s *Schedules) rest(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}
