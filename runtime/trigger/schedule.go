package trigger

import (
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

// Run watches the schedules of targets until ctx ends. A slot is started once, whatever happens to the process
// and the clock: its time is its key.
func (s *Schedules) Run(ctx context.Context, targets []*Target) {
	var wg sync.WaitGroup
	for _, t := range targets {
		for _, p := range t.Program.Plan().Triggers {
			if p.Name == t.Name && p.Schedule != nil {
				wg.Go(func() { s.watch(ctx, t, p.Schedule) })
			}
		}
	}
	wg.Wait()
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

// watch follows one schedule.
func (s *Schedules) watch(ctx context.Context, t *Target, p *plan.Schedule) {
	last, ok := s.begin(ctx, t)
	if !ok {
		return
	}
	for {
		next, err := p.Next(last)
		if err != nil || next.IsZero() {
			s.tell(t, Fact{What: "failed", Reason: "the schedule is never due again", At: s.now()})
			return
		}
		delay := s.jitter(p)
		if !s.until(ctx, next.Add(delay)) {
			return
		}
		for _, slot := range due(p, last, s.now().Add(-delay)) {
			if !s.start(ctx, t, slot) {
				return
			}
			last = slot
		}
		if at := s.now().Add(-delay); p.CatchUp == "none" && at.After(last) {
			last = at
		}
	}
}

// begin finds the slot that was handled last. A schedule that was never seen before begins now.
func (s *Schedules) begin(ctx context.Context, t *Target) (time.Time, bool) {
	for {
		last, err := s.Ledger.Last(ctx, t.integration(), t.Name)
		if err == nil && last.IsZero() {
			last = s.now()
			err = s.Ledger.Pass(ctx, t.integration(), t.Name, last)
		}
		if err == nil {
			return last, true
		}
		s.tell(t, Fact{What: "failed", Reason: "the store cannot be read: " + err.Error(), At: s.now()})
		if !s.rest(ctx, glance) {
			return time.Time{}, false
		}
	}
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

// start starts a slot, again and again if it cannot be stored.
func (s *Schedules) start(ctx context.Context, t *Target, slot time.Time) bool {
	for wait := time.Second; ; wait = min(2*wait, time.Minute) {
		err := s.try(ctx, t, slot)
		if err == nil {
			return true
		}
		what := "failed"
		if errors.Is(err, ErrBusy) {
			what = "busy"
		}
		s.tell(t, Fact{What: what, Reason: err.Error(), At: slot})
		if !s.rest(ctx, wait) {
			return false
		}
	}
}

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
