package engine

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"time"
)

// Design: what a run may take (timeout, and that of repeat) is counted in time in which a process carried it out, not on the
// wall: else a run that goes on after the machine was down for a night would fail at once, with nothing wrong, and a run
// that a crash loop starts again and again would never be out of time. What earlier processes spent is in the journal, noted
// now and then by runs that have such a bound: a killed process takes at most a tenth of its time, or a second, with it.

// worked is for how long a run has been carried out.
type worked struct {
	began  time.Time     // by this process
	before time.Duration // by earlier ones
	noted  atomic.Int64  // how much of all is in the journal
	wanted atomic.Bool   // something depends on it
}

type workedData struct {
	MS int64 `json:"ms"`
}

// How often it is noted: when a tenth has been added, but at least once in longPulse.
const (
	shortPulse = time.Second
	longPulse  = time.Minute
)

// recallWorked reads what earlier processes noted. Any note is a time that the run had come to.
func (h *host) recallWorked() error {
	for key, e := range h.j.entries {
		if e.kind != kindWorked {
			continue
		}
		var d workedData
		if err := h.j.read(key, e.data, &d); err != nil {
			return fmt.Errorf("the journal of run %s: %s: %w", h.run, key, err)
		}
		h.worked.before = max(h.worked.before, time.Duration(d.MS)*time.Millisecond)
		h.worked.wanted.Store(true)
	}
	delete(h.j.entries, kindWorked)
	h.worked.noted.Store(int64(h.worked.before))
	return nil
}

func (h *host) total() time.Duration {
	return h.worked.before + max(0, h.d.now().Sub(h.worked.began))
}

// Worked is the total when key is first asked for.
func (h *host) Worked(key string) time.Duration {
	key = kindWorked + " " + key
	if e := h.j.take(key); e != nil {
		var d workedData
		err := h.j.read(key, e.data, &d)
		if err != nil {
			h.j.stop(err)
		}
		return time.Duration(d.MS) * time.Millisecond
	}
	h.worked.wanted.Store(true)
	now := h.total().Truncate(time.Millisecond)
	if err := h.j.put(kindWorked, key, workedData{now.Milliseconds()}, nil); err != nil {
		h.j.stop(err)
	}
	return now
}

// beat notes the total, if it is time.
func (h *host) beat() {
	if !h.worked.wanted.Load() {
		return
	}
	noted := time.Duration(h.worked.noted.Load())
	if h.total()-noted >= min(max(noted/10, shortPulse), longPulse) {
		h.putWorked()
	}
}

// putWorked notes the total in place of the last one.
func (h *host) putWorked() {
	if !h.worked.wanted.Load() {
		return
	}
	now := h.total()
	h.worked.noted.Store(int64(now))
	j := h.j
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.pulse != nil {
		j.bury(j.pulse)
	}
	j.flush() // so that it has a row of its own, which can go
	j.pulse = j.buffer(kindWorked, kindWorked, fmt.Appendf(nil, `{"ms":%d}`, now.Milliseconds()), nil)
	j.flush()
	for _, t := range j.graves() {
		j.add(t)
	}
}

// Within bounds something by the time in which the run is carried out. Of a run that goes on, what it did before is gone
// through first, however late it is: else it would not be known what to undo.
func (h *host) Within(ctx context.Context, key string, d time.Duration, cause error) (context.Context, context.CancelFunc) {
	left := d - (h.total() - h.Worked(key))
	if !h.j.again() {
		return context.WithTimeoutCause(ctx, left, cause)
	}
	inner, cancel := context.WithCancelCause(ctx)
	out := context.Context(inner)
	if left > 0 {
		out = bounded{inner, time.Now().Add(left)}
	}
	var wg sync.WaitGroup
	wg.Go(func() {
		if sleep(inner, left) && h.caughtUp(inner) {
			cancel(cause)
		}
	})
	return out, func() {
		cancel(context.Canceled)
		wg.Wait()
	}
}

// bounded is a context that will have ended by a time.
type bounded struct {
	context.Context
	end time.Time
}

func (b bounded) Deadline() (time.Time, bool) {
	if end, ok := b.Context.Deadline(); ok && end.Before(b.end) {
		return end, true
	}
	return b.end, true
}

// sleep waits, and reports false if ctx ends before.
func sleep(ctx context.Context, d time.Duration) bool {
	if d <= 0 {
		return ctx.Err() == nil
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// How long a run that goes on is taken to be still where it was before, after it last asked for something that is known:
// while there is more to ask for, some of which may never be, and when there is not.
const (
	idle    = 10 * time.Second
	shortly = time.Second
)

// caughtUp waits until the run has come to where earlier processes left it. It reports false if ctx ends before.
func (h *host) caughtUp(ctx context.Context) bool {
	for h.j.again() {
		if !sleep(ctx, 10*time.Millisecond) {
			return false
		}
	}
	return ctx.Err() == nil
}

// again reports whether the run goes through what an earlier process did.
func (j *journal) again() bool {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.begun == nil {
		return false
	}
	bound := shortly
	if len(j.entries) > 0 {
		bound = idle
	}
	return time.Since(j.taken) < bound
}
