package exec

import (
	"cmp"
	"slices"
	"sync"

	"tenon/runtime/event"
)

// book is what can be undone of a block or of an item, each under its place in the plan's order: that of the op in its
// block. What can be undone of a loop is on a [shelf]. Undos run in the reverse of that order, which for writes
// is the order in which they were made, whatever else happened at once. A nil book takes nothing.
type book struct {
	mu      sync.Mutex
	entries []entry
	kept    string // why nothing in it is undone
	claim   *Claim // of the item that it is of
	lock    string // under which it was done and is undone; "": none, or one that is held around it, too
}

// entry is one of three things.
type entry struct {
	at   int
	undo *undo
	in   *book  // of a run inside this one
	loop *shelf // of a loop
}

// undo is a request that takes back what an op did, ready to be sent.
type undo struct {
	run        *run // in which it was done
	op         *op
	step, item string
	place      string
	req        *Request
	cannot     string // why there is no request
}

func (b *book) add(e entry) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.entries = append(b.entries, e)
}

// keep says that nothing in b is undone.
func (b *book) keep(why string) {
	if b != nil {
		b.kept = why
	}
}

// under says that what is in b was done under a lock.
func (b *book) under(lock string) {
	if b != nil {
		b.lock = lock
	}
}

// drainer is what is done with undos.
type drainer struct {
	visit func(u *undo, kept string, came *undone) fate
	clear func(*Claim)                                    // for each item of which all are gone
	lock  func(name string) (release func(bool), ok bool) // not ok: the run was stopped
	over  func() bool                                     // the run was stopped
	runs  map[string]*run                                 // inside this one, made ready again, by prefix
}

// fate is what became of an undo.
type fate uint8

const (
	gone   fate = iota // what it was to undo is
	failed             // for good
	stays              // it is still to be done, or to be settled
)

// fates counts them.
type fates [3]int

func (f *fates) add(o fates) {
	for i, n := range o {
		f[i] += n
	}
}

// drain takes out all undos, the newest first, each with why it is kept, if it is. came is told.
func (b *book) drain(kept string, d *drainer, came *undone) (all fates) {
	b.mu.Lock()
	entries := b.entries
	b.entries = nil
	b.mu.Unlock()
	kept = cmp.Or(kept, b.kept)
	if kept == "" && b.lock != "" && some(entries) {
		release, ok := d.lock(b.lock)
		if !ok {
			kept = stoppedBefore
		}
		defer func() { release(false) }()
	}
	slices.Reverse(entries)
	slices.SortStableFunc(entries, func(x, y entry) int { return cmp.Compare(y.at, x.at) })
	for _, e := range entries {
		switch {
		case e.in != nil:
			all.add(e.in.drain(kept, d, came))
		case e.loop != nil:
			all.add(e.loop.drain(kept, d, came))
		default:
			all[d.visit(e.undo, kept, came)]++
		}
	}
	if b.claim != nil && all[gone] > 0 && all[failed]+all[stays] == 0 {
		d.clear(b.claim)
	}
	return all
}

// some reports whether there is anything to undo.
func some(entries []entry) bool {
	return slices.ContainsFunc(entries, func(e entry) bool {
		switch {
		case e.in != nil:
			return e.in.kept == "" && !e.in.empty()
		case e.loop != nil:
			return !e.loop.empty()
		}
		return true
	})
}

// empty reports whether there is nothing in b.
func (b *book) empty() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return !some(b.entries)
}

const stoppedBefore = "the run was stopped before it came to it"

// undone counts what became of undos.
type undone struct {
	mu sync.Mutex
	event.Undone
}

const shownRest = 100

func (u *undone) note(n *int, x *undo, why string) {
	u.mu.Lock()
	defer u.mu.Unlock()
	*n++
	if why != "" && len(u.Rest) < shownRest {
		u.Rest = append(u.Rest, event.NotUndone{Step: x.step, Item: x.item, Why: why})
	}
}

// add counts what something else came to.
func (u *undone) add(o *event.Undone) {
	if o == nil {
		return
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	u.Done += o.Done
	u.Failed += o.Failed
	u.Kept += o.Kept
	u.Rest = append(u.Rest, o.Rest[:min(len(o.Rest), shownRest-len(u.Rest))]...)
}

// report is what it came to; nil if there was nothing. Nothing is counted meanwhile.
func (u *undone) report() *event.Undone {
	if u == nil || u.Done+u.Failed+u.Kept == 0 {
		return nil
	}
	return &u.Undone
}

// remember computes how to take back what an op has just done. Where that fails the op has done it all the
// same, so the run goes on, and says that this cannot be undone.
func (r *run) remember(o *op, s *scope, result map[string]any) {
	if o.undo == nil || s.aside {
		return
	}
	label, ids := s.label, s.ids
	s.label, s.ids = "undo", 0
	defer func() { s.label, s.ids = label, ids }()
	var req *Request
	f := s.with(o.plan.ID, result, func() *fault {
		return s.with("response", result, func() *fault {
			d, f := r.draft(s, o.undo.call)
			if f == nil {
				req, f = r.encode(s, o.undo.call, d, s.key(""))
			}
			if f == nil {
				r.name(o.undo.call, d, req)
			}
			return f
		})
	})
	if f != nil {
		r.emit(event.Warning{Step: s.step, Item: s.item, Message: "if the run fails, " + s.step + " cannot be undone: " + f.Message, Range: f.Range})
		r.cannotUndo(o, s, f.Message)
		return
	}
	s.book.add(entry{at: s.at, undo: &undo{run: r, op: o.undo, step: s.step, item: s.item, place: s.place, req: req}})
}

// cannotUndo notes an effect that stays.
func (r *run) cannotUndo(o *op, s *scope, why string) {
	if o.undo != nil && !s.aside {
		s.book.add(entry{at: s.at, undo: &undo{run: r, op: o.undo, step: s.step, item: s.item, cannot: why}})
	}
}

// takeBack undoes what a failed run did. One that is interrupted or in doubt may go on, so all stays as it is.
func (r *run) takeBack(f *fault, s *scope) {
	switch {
	case f.InDoubt:
		s.book.keep("the run is in doubt")
	case f.Kind == event.RunCanceled:
		s.book.keep("the run was interrupted")
	}
	r.undo(s)
}

// undo takes back what is in a scope's book, the newest first. What fails does not keep the rest from being undone. An item
// of which all is undone is as if its key had never been seen. No timeout ends it.
func (r *run) undo(s *scope) {
	if s.book == nil {
		return
	}
	s.book.drain("", &drainer{
		visit: r.undoOne,
		clear: func(c *Claim) { r.forget(&scope{run: r, ctx: r.ctx}, *c, false) },
		lock: func(name string) (func(bool), bool) {
			release, err := r.host.Lock(r.ctx, name)
			if err != nil {
				return func(bool) {}, false
			}
			return release, true
		},
		over: func() bool { return r.ctx.Err() != nil },
		runs: map[string]*run{},
	}, s.undone)
}

// undoOne takes back what one step did.
func (r *run) undoOne(u *undo, kept string, came *undone) fate {
	s := &scope{run: u.run, ctx: r.ctx, env: map[string]any{}, step: u.step, item: u.item, place: u.place, label: "undo"}
	if kept == "" && s.over() {
		kept = stoppedBefore
	}
	if kept == stoppedBefore {
		r.cut.Store(true)
	}
	if kept != "" {
		came.note(&came.Kept, u, kept)
		return stays
	}
	r.emit(event.UndoStarted{Step: u.step, Item: u.item})
	f := s.fail(event.Expression, u.op.plan.Range, "%s", u.cannot)
	if w := u.op.plan.Undo; w != nil {
		f.Range = w.Range
	}
	var a *reply
	if u.req != nil {
		a, f = u.run.send(s, u.op, u.op.call, u.req)
	}
	if f == nil {
		came.note(&came.Done, u, "")
		r.emit(event.UndoDone{Step: u.step, Item: u.item, Status: a.status})
		return gone
	}
	what := failed
	if f.InDoubt {
		what = stays
		r.doubts.Add(1)
	} else if f.Kind == event.RunCanceled {
		what = stays
		r.cut.Store(true)
	}
	came.note(&came.Failed, u, f.Message)
	r.emit(event.UndoFailed{Step: u.step, Item: u.item, Failure: &f.Failure})
	return what
}
