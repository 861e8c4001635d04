package exec

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math"
	"net/http"
	"slices"
	"sync"

	"tenon/runtime/event"
)

// Design: what undoes the items of a loop is as much as there are items, so it is not held. When an item is over, its undos
// are written down as what has to be the same when they are sent, and rest with the host; where the loop is undone, they are
// read again, the newest first and a few at a time. Loops in loops do so, each for itself: what is written down of an outer
// item says only how many there are in the inner loop. What has been dealt with is dropped now and then, with a tally
// of what all that came to, so that a run that goes on does not begin with it.
//
// A host that takes notes of a loop must have the undos of each item that it knows to be over, since that one is not
// gone through again. So an item that cannot be noted holds its undos itself, and so does one whose undos cannot be
// written down: there are as few of them as in what is noted.

// Undos are what undoes the items of one execution of a loop, as a host keeps it.
type Undos interface {
	// Put keeps what undoes the item with index n. It is there before the item is noted as over.
	Put(n int, data []byte)
	// Before gives what is kept of items before n: of the last ones of them, the last first. None: there is no more.
	Before(n int) ([]Undoing, error)
	// Drop forgets what is kept of an item, and what its undos asked and were told, with the next Tally. due: it is time
	// for one.
	Drop(n int) (due bool)
	// Tally notes what all that was dropped came to, in place of what was noted before; Came gives it again.
	Tally(data []byte)
	Came() ([]byte, error)
}

// Undoing is what undoes the item with index N.
type Undoing struct {
	N    int
	Data []byte
}

// shelf is what can be undone of an execution of a loop. A nil shelf takes nothing.
type shelf struct {
	run         *run
	op          *op
	place, item string // where the loop stands

	mu    sync.Mutex
	open  map[int]*book // of items that are not over, or whose undos cannot rest
	rest  Undos         // those that rest; nil: none do
	count int           // how many of them there are, with those that were dropped
}

// shelf is that of a loop in a scope.
func (r *run) shelf(o *op, s *scope) *shelf {
	if s.book == nil || !o.loop.undos {
		return nil
	}
	b := &shelf{run: r, op: o, place: s.place, item: s.item, open: map[int]*book{}}
	s.book.add(entry{at: s.at, loop: b})
	return b
}

// begin is the book of an item.
func (b *shelf) begin(n int) *book {
	if b == nil {
		return nil
	}
	in := &book{}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.open[n] = in
	return in
}

// end forgets the book of an item that is over, if there is nothing in it.
func (b *shelf) end(n int) {
	if b == nil {
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if in := b.open[n]; in != nil && in.empty() {
		delete(b.open, n)
	}
}

// put takes the undos of an item that is over in the form in which they rest.
func (b *shelf) put(n int, x *resting) error {
	if b == nil || x == nil {
		return nil
	}
	data, err := json.Marshal(x)
	if err != nil {
		return err
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.reach()
	b.rest.Put(n, data)
	b.count += x.Count
	delete(b.open, n)
	return nil
}

// recall says how many undos rest of an item that an earlier process brought to its end, or of several.
func (b *shelf) recall(count int) {
	if b == nil || count == 0 {
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.reach()
	b.count += count
}

func (b *shelf) reach() {
	if b.rest == nil {
		b.rest = b.run.undos(b.step()+placedAt(b.place), b.op.loop)
	}
}

func (b *shelf) step() string { return b.run.prefix + b.op.plan.ID }

// placedAt is a place as it stands in keys.
func placedAt(place string) string {
	if place == "" {
		return ""
	}
	return "[" + place + "]"
}

func (b *shelf) empty() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.count > 0 {
		return false
	}
	for _, in := range b.open {
		if !in.empty() {
			return false
		}
	}
	return true
}

// drain is [book.drain] of all items.
func (b *shelf) drain(kept string, d *drainer, came *undone) (all fates) {
	b.mu.Lock()
	open, rest, left := b.open, b.rest, b.count
	b.open, b.rest, b.count = map[int]*book{}, nil, 0
	b.mu.Unlock()
	t := &tallied{Undos: rest}
	more := left > 0 // to be read; how many there are is only for those that are kept
	if more {
		if err := t.recall(); err != nil {
			return b.unreadable(err, left, came)
		}
		left -= t.came.Done + t.came.Failed
		all[gone], all[failed] = t.came.Done, t.came.Failed
		came.add(&t.came.Undone)
	}
	at := slices.Sorted(maps.Keys(open))
	var page []Undoing
	for before, first := math.MaxInt, true; ; {
		if kept == "" && d.over() {
			kept = stoppedBefore
		}
		if more && len(page) == 0 {
			var err error
			if page, err = rest.Before(before); err != nil {
				all.add(b.unreadable(err, left, came))
			}
			more = len(page) > 0
		}
		last := -1 // of those that are open
		if len(at) > 0 {
			last = at[len(at)-1]
		}
		switch {
		case len(page) > 0 && page[0].N > last:
			if kept != "" && !first && len(came.Rest) >= shownRest { // the others are not even looked at
				came.Kept += left
				all[stays] += left
				more, page = false, nil
				continue
			}
			x := page[0]
			before, page, first = x.N, page[1:], false
			n, got := b.drainOne(x, kept, d, t, came)
			left -= n
			all.add(got)
		case last >= 0:
			if len(page) > 0 && page[0].N == last { // it was gone through again, to no other end
				page = page[1:]
			}
			before, at = last, at[:len(at)-1]
			all.add(open[last].drain(kept, d, came))
		default:
			t.flush()
			return all
		}
	}
}

// drainOne drains what rests of an item: n undos.
func (b *shelf) drainOne(x Undoing, kept string, d *drainer, t *tallied, came *undone) (n int, all fates) {
	var r resting
	if err := json.Unmarshal(x.Data, &r); err != nil {
		return 1, b.unreadable(err, 1, came)
	}
	own := &undone{}
	all = b.wake(x.N, &r, d).drain(kept, d, own)
	came.add(&own.Undone)
	if all[stays] == 0 {
		t.drop(x.N, &own.Undone)
	}
	return r.Count, all
}

// unreadable is what becomes of undos that cannot be read.
func (b *shelf) unreadable(err error, n int, came *undone) (all fates) {
	u := &undo{step: b.step(), item: b.item}
	why := fmt.Sprintf("what undoes the items cannot be read: %s", err)
	came.note(&came.Failed, u, why)
	came.Failed += max(n, 1) - 1
	all[stays] = max(n, 1)
	f := &event.Failure{Kind: event.Internal, Step: u.step, Item: u.item, Range: b.op.plan.Range, Message: why}
	b.run.emit(event.UndoFailed{Step: u.step, Item: u.item, Failure: f})
	return all
}

// tallied counts what is dropped.
type tallied struct {
	Undos
	came undone
	open bool // something was dropped since the last tally
}

func (t *tallied) recall() error {
	data, err := t.Came()
	if err != nil || data == nil {
		return err
	}
	return json.Unmarshal(data, &t.came.Undone)
}

func (t *tallied) drop(n int, came *event.Undone) {
	t.came.add(came)
	t.open = true
	if t.Drop(n) {
		t.flush()
	}
}

func (t *tallied) flush() {
	if !t.open {
		return
	}
	t.open = false
	data, err := json.Marshal(&t.came.Undone)
	if err != nil {
		panic(err) // numbers and texts
	}
	t.Tally(data)
}

// resting is a book at rest: of an item, or of a run inside another. What follows from where it stands is not in it.
type resting struct {
	Count   int            `json:"n"`           // undos in it, those of inner loops too
	Item    string         `json:"i,omitempty"` // key path; "" in a run inside another, which has the item's
	Lock    string         `json:"l,omitempty"`
	Key     *string        `json:"k,omitempty"` // of the item's claim
	Entries []restingEntry `json:"e"`
}

type restingEntry struct {
	At     int       `json:"a,omitempty"`
	Frozen *Frozen   `json:"f,omitempty"`
	Body   []byte    `json:"b,omitempty"`
	Cannot string    `json:"c,omitempty"`
	Loop   int       `json:"l,omitempty"` // undos in a loop
	Held   []heldOne `json:"h,omitempty"` // which are here, rather than with the host
	Run    *resting  `json:"r,omitempty"`
}

// errHeld says that undos cannot rest: they hold what cannot be written down.
var errHeld = errors.New("what undoes it cannot be written down")

// resting is what of a book can rest; nil if it is empty. Nothing is added meanwhile. item is the key path of what it is of.
func (b *book) resting(item string) (*resting, error) {
	if b == nil || len(b.entries) == 0 {
		return nil, nil
	}
	if b.kept != "" {
		return nil, errHeld
	}
	out := &resting{Item: item, Lock: b.lock}
	if b.claim != nil {
		out.Key = &b.claim.Key
	}
	for _, e := range b.entries {
		x, n, err := e.resting()
		if err != nil {
			return nil, err
		}
		if n > 0 {
			out.Entries = append(out.Entries, x)
			out.Count += n
		}
	}
	if out.Count == 0 {
		return nil, nil
	}
	return out, nil
}

func (e *entry) resting() (x restingEntry, n int, err error) {
	x.At = e.at
	switch {
	case e.in != nil:
		if x.Run, err = e.in.resting(""); x.Run != nil {
			n = x.Run.Count
		}
	case e.loop != nil:
		e.loop.mu.Lock()
		defer e.loop.mu.Unlock()
		if len(e.loop.open) > 0 {
			return x, 0, errHeld
		}
		x.Loop, n = e.loop.count, e.loop.count
		x.Held = e.loop.inline()
	case e.undo.req == nil:
		x.Cannot, n = e.undo.cannot, 1
	case e.undo.req.Source != nil || e.undo.overrides():
		return x, 0, errHeld
	default:
		f := e.undo.req.Freeze()
		x.Frozen, x.Body, n = &f, e.undo.req.Body, 1
	}
	return x, n, err
}

// overrides reports whether the request says something else in a header that the API's secrets are in.
func (u *undo) overrides() bool {
	t := u.run.targets[u.op.call.plan.API]
	return slices.ContainsFunc(t.secretHeaders, func(name string) bool {
		name = http.CanonicalHeaderKey(name)
		return !slices.Equal(u.req.Header[name], t.header[name])
	})
}

// wake is the book of an item whose undos have rested.
func (b *shelf) wake(n int, x *resting, d *drainer) *book {
	place := fmt.Sprint(n)
	if b.place != "" {
		place = b.place + "." + place
	}
	out := b.run.wake(b.op.loop.block, x, place, x.Item, d)
	if once := b.op.loop.plan.Once; x.Key != nil && once != nil {
		out.claim = &Claim{Loop: b.run.p.plan.Integration + "/" + b.op.plan.ID, Key: *x.Key, Within: once.Within, Place: b.step() + placedAt(place)}
	}
	return out
}

func (r *run) wake(in *block, x *resting, place, item string, d *drainer) *book {
	out := &book{lock: x.Lock}
	for _, e := range x.Entries {
		o := in.ops[e.At]
		step := r.prefix + o.plan.ID
		switch {
		case e.Loop > 0:
			loop := &shelf{run: r, op: o, place: place, item: item, open: map[int]*book{}}
			if len(e.Held) > 0 {
				loop.rest = heldOf(e.Held)
			}
			loop.recall(e.Loop)
			out.add(entry{at: e.At, loop: loop})
		case e.Run != nil:
			c, f := r.again(o, d)
			if f == nil {
				out.add(entry{at: e.At, in: c.wake(c.p.block, e.Run, place, item, d)})
				continue
			}
			for range e.Run.Count {
				out.add(entry{at: e.At, undo: &undo{run: r, op: o, step: step, item: item, place: place, cannot: f.Message}})
			}
		default:
			u := &undo{run: r, op: o.undo, step: step, item: item, place: place, cannot: e.Cannot}
			if e.Frozen != nil {
				u.thaw(e.Frozen, e.Body)
			}
			out.add(entry{at: e.At, undo: u})
		}
	}
	return out
}

// thaw makes the request again.
func (u *undo) thaw(f *Frozen, body []byte) {
	s := &scope{run: u.run, step: u.step, item: u.item, place: u.place, label: "undo"}
	blank := u.run.blank(s, u.op.call, s.key(""))
	blank.URL, blank.Header = u.run.targets[u.op.call.plan.API].base, u.run.targets[u.op.call.plan.API].header
	var err error
	if u.req, err = blank.Thaw(*f, body); err != nil {
		u.req, u.cannot = nil, err.Error()
	}
}

// again makes a run inside r ready once more, for what it did to be undone. Where APIs are does not depend on inputs.
func (r *run) again(o *op, d *drainer) (*run, *fault) {
	prefix := r.prefix + o.plan.ID + "/"
	if c := d.runs[prefix]; c != nil {
		return c, nil
	}
	c := r.inside(o, &scope{run: r, ctx: r.ctx, step: r.prefix + o.plan.ID})
	s := &scope{run: c, ctx: r.ctx}
	f := c.bare(s)
	if f == nil {
		f = c.reach(s)
	}
	if f == nil {
		d.runs[prefix] = c
	}
	return c, f
}

// inline takes the undos of a loop out of memory, for them to be packed with those of the item that the loop is in, if they
// are held there and few. The lock is held.
func (b *shelf) inline() []heldOne {
	h, ok := b.rest.(*heldUndos)
	if !ok || len(h.packs) > 0 {
		return nil
	}
	b.run.mu.Lock()
	defer b.run.mu.Unlock()
	delete(b.run.held, b.step()+placedAt(b.place))
	var out []heldOne
	for _, x := range h.loose {
		out = append(out, heldOne{x.N, x.Data})
	}
	return out
}

// undos are those of an execution of a loop, which key names: with the host, or in memory if that keeps none.
func (r *run) undos(key string, l *loop) Undos {
	if u := r.host.Undos(key, r.ids(l.inside)); u != nil {
		return u
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.held == nil {
		r.held = map[string]*heldUndos{}
	}
	if r.held[key] == nil {
		r.held[key] = &heldUndos{}
	}
	return r.held[key]
}
