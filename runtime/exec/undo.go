package exec

import (
	"cmp"
	"slices"
	"sync"

	"tenon/runtime/event"
)

// book is what can be undone of a block, of a loop or of an item, each under its place in the plan's order: that
// of the op in its block, that of the item in its loop. Undos run in the reverse of that order, which for writes
// is the order in which they were made, whatever else happened at once. A nil book takes nothing.
type book struct {
	mu      sync.Mutex
	entries []entry
	kept    string // why nothing in it is undone
	claim   *Claim // of the item that it is of
	lock    string // under which it was done and is undone; "": none, or one that is held around it, too
}

type entry struct {
	at   int
	undo *undo // exactly one of
	in   *book // these is set
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

// inner is the book of what stands at a place of b.
func (b *book) inner(at int) *book {
	if b == nil {
		return nil
	}
	in := &book{}
	b.add(entry{at: at, in: in})
	return in
}

// keep says that nothing in b is undone.
func (b *book) keep(why string) {
	if b != nil {
		b.kept = why
	}
}

// drainer is what is done with the undos in a book.
type drainer struct {
	visit func(u *undo, kept string) bool                 // says whether it is gone
	clear func(*Claim)                                    // for each item of which all are
	lock  func(name string) (release func(bool), ok bool) // not ok: the run was stopped
}

// drain takes out all undos, the newest first, each with why it is kept, if it is.
func (b *book) drain(kept string, d *drainer) (gone, rest int) {
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
			g, r := e.in.drain(kept, d)
			gone, rest = gone+g, rest+r
		case d.visit(e.undo, kept):
			gone++
		default:
			rest++
		}
	}
	if b.claim != nil && gone > 0 && rest == 0 {
		d.clear(b.claim)
	}
	return gone, rest
}

// some reports whether there is anything to undo.
func some(entries []entry) bool {
	return slices.ContainsFunc(entries, func(e entry) bool {
		if e.in == nil {
			return true
		}
		e.in.mu.Lock()
		defer e.in.mu.Unlock()
		return e.in.kept == "" && some(e.in.entries)
	})
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

func (u *undone) report() *event.Undone {
	if u.Done+u.Failed+u.Kept == 0 {
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
	r.undo(s.book)
}

// undo takes back what is in a book, the newest first. What fails does not keep the rest from being undone. An item
// of which all is undone is as if its key had never been seen. No timeout ends it.
func (r *run) undo(b *book) {
	if b == nil {
		return
	}
	b.drain("", &drainer{
		visit: r.undoOne,
		clear: func(c *Claim) { r.forget(&scope{run: r, ctx: r.ctx}, *c, false) },
		lock: func(name string) (func(bool), bool) {
			release, err := r.host.Lock(r.ctx, name)
			if err != nil {
				return func(bool) {}, false
			}
			return release, true
		},
	})
}

// undoOne takes back what one step did, and reports whether it could.
func (r *run) undoOne(u *undo, kept string) bool {
	s := &scope{run: u.run, ctx: r.ctx, env: map[string]any{}, step: u.step, item: u.item, place: u.place, label: "undo"}
	if kept == "" && s.over() {
		kept = stoppedBefore
	}
	if kept == stoppedBefore {
		r.cut.Store(true)
	}
	if kept != "" {
		r.undone.note(&r.undone.Kept, u, kept)
		return false
	}
	r.emit(event.UndoStarted{Step: u.step, Item: u.item})
	f := s.fail(event.Expression, u.op.plan.Undo.Range, "%s", u.cannot)
	var a *reply
	if u.req != nil {
		a, f = u.run.send(s, u.op, u.op.call, u.req)
	}
	if f == nil {
		r.undone.note(&r.undone.Done, u, "")
		r.emit(event.UndoDone{Step: u.step, Item: u.item, Status: a.status})
		return true
	}
	if f.InDoubt {
		r.doubts.Add(1)
	} else if f.Kind == event.RunCanceled {
		r.cut.Store(true)
	}
	r.undone.note(&r.undone.Failed, u, f.Message)
	r.emit(event.UndoFailed{Step: u.step, Item: u.item, Failure: &f.Failure})
	return false
}
