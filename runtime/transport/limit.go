package transport

import (
	"context"
	"sync"
	"time"

	"golang.org/x/time/rate"
	"tenon/spec/plan"
)

// Limiter keeps calls within what an API allows: a rate, a number of calls at once, and a pause for all
// when the server asks one of them to wait. A nil Limiter allows everything. It is safe for concurrent use.
type Limiter struct {
	rate  *rate.Limiter
	slots chan struct{}

	mu    sync.Mutex
	until time.Time
}

// NewLimiter returns the limiter for l, which may be nil. Without a burst, calls are spaced evenly.
func NewLimiter(l *plan.Limit) *Limiter {
	lim := &Limiter{}
	if l == nil {
		return lim
	}
	if l.Count > 0 && l.Per > 0 {
		lim.rate = rate.NewLimiter(rate.Limit(float64(l.Count)/l.Per.Seconds()), max(1, l.Burst))
	}
	if l.Concurrency > 0 {
		lim.slots = make(chan struct{}, l.Concurrency)
	}
	return lim
}

// acquire waits for a turn. When its error is nil, release must be called after the attempt.
func (l *Limiter) acquire(ctx context.Context, c *clock) error {
	if l == nil {
		return ctx.Err()
	}
	if l.slots != nil {
		select {
		case l.slots <- struct{}{}:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
	if err := l.turn(ctx, c); err != nil {
		l.release()
		return err
	}
	return nil
}

func (l *Limiter) turn(ctx context.Context, c *clock) error {
	for {
		wait := l.paused(c.now())
		if wait <= 0 {
			break
		}
		if err := c.sleep(ctx, wait); err != nil {
			return err
		}
	}
	if l.rate == nil {
		return ctx.Err()
	}
	r := l.rate.ReserveN(c.now(), 1)
	if err := c.sleep(ctx, r.DelayFrom(c.now())); err != nil {
		r.CancelAt(c.now())
		return err
	}
	return nil
}

func (l *Limiter) release() {
	if l != nil && l.slots != nil {
		<-l.slots
	}
}

func (l *Limiter) paused(now time.Time) time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.until.Sub(now)
}

// pause makes everybody wait until the given time.
func (l *Limiter) pause(until time.Time) {
	if l == nil {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if until.After(l.until) {
		l.until = until
	}
}
