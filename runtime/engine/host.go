package engine

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"hash/fnv"
	"sync"
	"time"

	"tenon/runtime/event"
	"tenon/runtime/exec"
	"tenon/runtime/store"
	"tenon/runtime/transport"
)

// host is what a durable run stands on: a journal before the host that does the work.
type host struct {
	exec.Host // set when the run begins
	d         *Durable
	run       string
	ctx       context.Context // of the run
	j         *journal
	worked    worked

	mu    sync.Mutex
	asked map[string]int // how often the state of an integration was read
	kept  []store.Change // states that the run leaves if it succeeds
	facts int
	told  map[uint64]bool // of an earlier process: what was said is not noted twice
}

// load reads what earlier processes left of the run.
func (h *host) load(ctx context.Context) error {
	h.told = map[uint64]bool{}
	for text, err := range h.d.k.Store.Facts(ctx, h.run) {
		if err != nil {
			return err
		}
		var x event.Envelope
		if err := json.Unmarshal(text, &x); err != nil {
			return fmt.Errorf("what happened in run %s: %w", h.run, err)
		}
		h.told[sameness(x.Event)] = true
		h.facts++
	}
	if err := h.j.load(ctx); err != nil {
		return err
	}
	if err := h.j.readSlate(ctx); err != nil {
		return err
	}
	if err := h.recallWorked(); err != nil {
		return err
	}
	doubts, err := h.d.k.Store.Doubts(ctx, h.run)
	for _, d := range doubts {
		h.j.queue(store.Settle{Run: h.run, Key: d.Key}) // those that are still open are parked again
	}
	return err
}

// watch looks whether somebody wants the run to stop. The function that it returns ends that.
func (h *host) watch(ctx context.Context, stop context.CancelCauseFunc) func() {
	done := make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() {
		t := time.NewTicker(time.Second)
		defer t.Stop()
		for {
			select {
			case <-done:
				return
			case <-ctx.Done():
				return
			case <-t.C:
			}
			h.beat()
			if run, err := h.d.k.Store.Run(ctx, h.run); err == nil && run.Cancel {
				stop(ErrCanceled)
				return
			}
		}
	})
	return func() { close(done); wg.Wait() }
}

// stop ends the run, since it cannot be kept any more.
func (h *host) stop(err error) error { return h.j.broken(err) }

func (h *host) Perform(ctx context.Context, r *exec.Request) (*transport.Response, error) {
	if e := h.j.take(r.Key); e != nil {
		if e.kind != kindIntent {
			res, err := h.j.answered(r, e)
			var known *transport.Error
			if err != nil && !errors.As(err, &known) {
				return nil, h.stop(fmt.Errorf("the journal of run %s: %s: %w", h.run, r.Key, err))
			}
			return res, err
		}
		return h.again(ctx, r, e)
	}
	began := h.Now()
	if r.Safe {
		return h.perform(ctx, r, began, nil)
	}
	line, err := h.intend(r, began)
	if err != nil {
		return nil, err
	}
	return h.perform(ctx, r, began, line)
}

// intend puts a write's intent on disk. While that takes, others of its loop may go on.
func (h *host) intend(r *exec.Request, now time.Time) (*line, error) {
	held, err := h.j.hold(r)
	if err != nil {
		return nil, h.stop(err)
	}
	weight := 1
	if held != nil {
		weight = blindly
	}
	g := h.j.intend(r, now, weight)
	switch {
	case r.Yield == nil || r.Blind && held == nil:
		err = h.j.await(g)
	case r.Yield(func() { <-g.done }):
		err = g.err
	case g.err != nil:
		err = g.err
	default:
		if err = h.j.void(r, held); err == nil {
			return nil, exec.ErrGivenUp
		}
	}
	if err == nil {
		err = h.j.release(held)
	}
	if err != nil {
		return nil, h.stop(err)
	}
	return held, nil
}

// Branches are those of a host that waits for the disk.
func (h *host) Branches(limit int) exec.Branches { return branches(limit, h.j.hurry) }

// again deals with a write that was under way when an earlier process ended.
func (h *host) again(ctx context.Context, r *exec.Request, e *entry) (*transport.Response, error) {
	if r.Idempotent {
		same, err := h.j.frozen(r, e)
		if err != nil {
			return nil, h.stop(fmt.Errorf("the journal of run %s: %s: %w", h.run, r.Key, err))
		}
		return h.perform(ctx, same, h.Now(), nil)
	}
	lost := &transport.Error{Cause: event.Network, Sent: true, Died: true, Attempts: 1,
		Message: "the process that sent it ended before the answer came"}
	if err := h.j.outcome(r, nil, lost, h.Now(), h.Now(), nil); err != nil {
		return nil, h.stop(err)
	}
	return nil, lost
}

func (h *host) perform(ctx context.Context, r *exec.Request, began time.Time, line *line) (*transport.Response, error) {
	res, err := h.Host.Perform(ctx, r)
	if res != nil && res.Unread != nil {
		return res, err // content that flows by is not kept, and read again
	}
	if failed := h.j.outcome(r, res, err, began, h.Now(), line); failed != nil {
		return nil, h.stop(failed)
	}
	return res, err
}

func (h *host) Today(key string) time.Time { return h.j.once(kindToday, key, h.Host.Today(key)) }

func (h *host) Wait(ctx context.Context, key string, until time.Time) error {
	return h.Host.Wait(ctx, key, h.j.once(kindWait, key, until))
}

// polled is how often a lock is asked for that another process, or a run that was stopped, holds.
const polled = 200 * time.Millisecond

// Lock holds a name in this process and in the store. A run that is interrupted still holds what it held, as one that is
// killed does: what is half done is not for others to see.
func (h *host) Lock(ctx context.Context, name string) (func(keep bool), error) {
	for said := ""; ; {
		release, err := h.Host.Lock(ctx, name)
		if err != nil {
			return nil, err
		}
		held, err := h.d.k.Store.Hold(ctx, name, h.run)
		if err == nil && held == "" {
			return func(keep bool) {
				if !keep && h.ctx.Err() == nil {
					h.j.queue(store.Release{Name: name, Run: h.run})
				}
				release(keep)
			}, nil
		}
		release(false) // the run that holds it may want it again
		if err != nil {
			return nil, h.stop(err)
		}
		if held != said {
			said = held
			h.Emit(event.Warning{Message: h.waitsFor(ctx, name, held)})
		}
		if err := h.Host.Wait(ctx, "", h.Now().Add(polled)); err != nil {
			return nil, err
		}
	}
}

// waitsFor says who holds a lock, and what to do if it is nobody who will give it back.
func (h *host) waitsFor(ctx context.Context, name, run string) string {
	text := fmt.Sprintf("waits for the lock %s, which run %s holds", h.j.redactor.Redact(name), run)
	x, err := h.d.k.Store.Run(ctx, run)
	switch {
	case err != nil || h.d.k.Store.Active(run):
	case x.Status == store.InDoubt:
		text += " until its write in doubt is settled: see tenon runs show " + run
	default:
		text += fmt.Sprintf(", though nothing carries it out now: go on with it (tenon runs resume %s) or end it (tenon runs cancel %s)", run, run)
	}
	return text
}

// Claim marks the key before anything is done about it. The mark names the item, so that a run which is repeated
// finds its own, and the run, so that others leave it alone for as long as that run may go on.
func (h *host) Claim(ctx context.Context, c exec.Claim) (bool, error) {
	key := kindClaimed + " " + c.Loop + " " + c.Place
	if h.j.take(key) != nil {
		return false, nil
	}
	if err := h.ownLoop(ctx, c.Loop); err != nil {
		return false, err
	}
	h.d.claims.Lock()
	defer h.d.claims.Unlock()
	m, err := h.d.k.Store.Seen(ctx, c.Loop, c.Key)
	if err != nil {
		return false, h.stop(err)
	}
	fresh, err := h.fresh(ctx, c, m)
	switch {
	case err != nil:
		return false, h.stop(err)
	case !fresh:
		err = h.j.put(kindClaimed, key, struct{}{}, nil)
	case m.By != h.by(c):
		h.j.queue(store.Mark{Scope: c.Loop, Key: c.Key, At: h.Now(), By: h.by(c)})
	}
	return fresh, err
}

func (h *host) by(c exec.Claim) string { return h.run + " " + c.Place }

func (h *host) fresh(ctx context.Context, c exec.Claim, m store.Mark) (bool, error) {
	switch {
	case m.At.IsZero() || m.By == h.by(c):
		return true, nil
	case m.Done:
		return c.Within != 0 && h.Now().Sub(m.At) >= c.Within, nil
	}
	id := m.By
	for i := range id {
		if id[i] == ' ' {
			id = id[:i]
			break
		}
	}
	if id == h.run {
		return false, nil // another item of this run
	}
	other, err := h.d.k.Store.Run(ctx, id)
	if errors.Is(err, store.ErrNotFound) {
		return true, nil
	}
	return err == nil && !other.Unfinished() && other.Status != store.InDoubt, err
}

// Settle leaves the claims of a run that is stopped as they are: it may go on, and until then no other run is to work
// on what it may have begun.
func (h *host) Settle(_ context.Context, c exec.Claim, done bool) error {
	if !done && h.ctx.Err() != nil {
		return nil
	}
	if !done {
		h.j.queue(store.Unmark{Scope: c.Loop, Key: c.Key})
		return nil
	}
	m := store.Mark{Scope: c.Loop, Key: c.Key, At: h.Now(), By: h.by(c), Done: true}
	if c.Within > 0 {
		m.Until = m.At.Add(c.Within)
	}
	h.j.queue(m)
	return nil
}

// ownLoop keeps other processes from claiming items of the same loop at the same time: their marks are not seen
// before they are written. The process that was first has the loop until it ends; that others wait for it is said.
func (h *host) ownLoop(ctx context.Context, loop string) error {
	d, name := h.d, fmt.Sprintf("loop-%x", sum64(loop))
	for said := ""; ; {
		d.mu.Lock()
		if d.loops[name] != nil {
			d.mu.Unlock()
			return nil
		}
		release, err := d.k.Store.Own(name, "run "+h.run)
		if err == nil {
			d.loops[name] = release
		}
		d.mu.Unlock()
		if !errors.Is(err, store.ErrInUse) {
			return err
		}
		var other *store.InUse
		if errors.As(err, &other) && other.By != said {
			said = other.By
			h.Emit(event.Warning{Message: fmt.Sprintf("waits for the items of %s, on which another process works: %s", loop, said)})
		}
		if err := d.client.Sleep(ctx, polled); err != nil {
			return err
		}
	}
}

func sum64(s string) uint64 {
	f := fnv.New64a()
	f.Write([]byte(s))
	return f.Sum64()
}

// maxFacts bounds what is noted about one run for readers.
const maxFacts = 10_000

// fact notes what happened, for readers, and writes that are in doubt, for a person. Every item is not
// noted: the loop says how many there were, and those that failed are told one by one.
func (h *host) fact(x event.Envelope) {
	switch e := x.Event.(type) {
	case event.ItemDone:
		return
	case event.StepFailed:
		h.park(x.At, e.Failure)
	case event.ItemFailed:
		h.park(x.At, e.Failure)
	case event.UndoFailed:
		h.park(x.At, e.Failure)
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	_, last := x.Event.(event.RunDone) // each process says how it ended
	if same := sameness(x.Event); h.told[same] && !last {
		delete(h.told, same)
		return
	}
	if h.facts++; h.facts > maxFacts && !last {
		return
	}
	text, err := json.Marshal(x)
	if err != nil {
		return
	}
	h.j.queue(store.Fact{Run: h.run, Data: text})
}

// park notes that a write is in doubt.
func (h *host) park(at time.Time, f *event.Failure) {
	if f == nil || !f.InDoubt || f.Key == "" {
		return
	}
	request, _ := json.Marshal(f.Request)
	h.j.queue(store.Park{Doubt: store.Doubt{Run: h.run, Key: f.Key, At: at, Reason: f.Error(), Request: request}})
}

// sameness tells events apart but for the times in them.
func sameness(e event.Event) uint64 {
	switch x := e.(type) {
	case event.StepDone:
		x.Took = 0
		e = x
	case event.ResponseReceived:
		x.Took = 0
		e = x
	}
	text, _ := json.Marshal(e)
	return sum64(e.Kind() + string(text))
}
