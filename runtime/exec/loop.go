package exec

import (
	"fmt"
	"strconv"
	"sync"
	"sync/atomic"

	"tenon/runtime/event"
	"tenon/spec/expression"
	"tenon/spec/source"
	"tenon/spec/types"
)

// tally is what a loop has come to so far.
type tally struct {
	mu                       sync.Mutex
	count, succeeded, failed int
	skipped                  int
	failing                  int // failed, and perhaps still being undone
	doubtful                 int // in doubt: they may still succeed
	folds                    []fold
	unknown                  []bool // by aggregate: a dry run cannot know it
	fault                    *fault // of the first item, in their order, that failed
	at                       int    // its index
	stop                     bool
	sure                     bool            // it stops whatever becomes of what is in doubt
	again                    map[string]bool // items that go on all the same; nil: not known
	last                     int             // of them
}

// iteration is one execution of a loop.
type iteration struct {
	run   *run
	op    *op
	loop  *loop
	s     *scope
	free  []any // values of loop.free, in that order
	envs  sync.Pool
	key   string    // of the loop
	book  *shelf    // of the items; nil: nothing can be undone
	notes *notebook // nil: none are kept
	tally
}

// loop carries out a for_each.
func (r *run) loop(o *op, i int, s *scope) outcome {
	from, f := r.source(o.loop, s)
	if f != nil {
		return outcome{fault: f}
	}
	x := r.iteration(o, s)
	if s.outermost() {
		r.states[i].loop.Store(&x.tally)
	}
	if s.loud() {
		r.emit(event.LoopStarted{ForEach: r.prefix + o.plan.ID, Item: s.item, Total: from.total})
	}
	if f = x.recall(); f == nil {
		x.sure = r.host.Stopped(x.key)
		x.stop = x.stop || x.sure
		f = x.all(from)
	}
	if s.loud() {
		r.emit(event.LoopDone{ForEach: r.prefix + o.plan.ID, Item: s.item, Count: x.count, Succeeded: x.succeeded, Failed: x.failed, Skipped: x.skipped})
	}
	if f = x.verdict(f); f != nil {
		return outcome{fault: f}
	}
	return x.outcome()
}

func (r *run) iteration(o *op, s *scope) *iteration {
	x := &iteration{run: r, op: o, loop: o.loop, s: s, key: s.key(""), book: r.shelf(o, s)}
	x.envs.New = func() any { return make(map[string]any, len(o.loop.free)+len(o.loop.block.ops)+3) }
	for _, name := range o.loop.free {
		v, ok := s.env[name]
		if !ok {
			v = types.Missing
		}
		x.free = append(x.free, v)
	}
	x.folds = make([]fold, len(o.loop.aggregates))
	x.unknown = make([]bool, len(o.loop.aggregates))
	x.notes = x.notebook()
	return x
}

// feed gives a loop its items.
type feed struct {
	next  func() ([]any, *fault) // piece by piece, nil at the end
	pages *iterator              // of whose pages the pieces are; nil: of none
	total int                    // -1: not known before they are read
}

// source returns a loop's feed.
func (r *run) source(l *loop, s *scope) (*feed, *fault) {
	var v any
	var at source.Range
	if l.plan.Stream != "" {
		if v = types.Get(s.env[l.plan.Stream], "items"); types.IsMissing(v) {
			v = []any{} // the step was skipped
		}
	} else {
		var f *fault
		at = l.in.code.expr.Range
		if v, f = s.guarded(l.in, event.Expression); f != nil {
			return nil, f
		}
	}
	switch v := v.(type) {
	case *stream:
		it := v.iterate(s)
		return &feed{it.next, it, -1}, nil
	case *sequence:
		v.scope.ctx = s.ctx
		return &feed{v.next, nil, -1}, nil
	case []any:
		total := len(v)
		if l.where != nil {
			total = -1
		}
		return &feed{func() ([]any, *fault) {
			list := v
			v = nil
			return list, nil
		}, nil, total}, nil
	}
	return nil, s.fail(event.Expression, at, "there is nothing to go through: in is %s, not a list", types.Shapeof(v))
}

// all starts the items in their order and waits for them. While those of a page are started the next page is
// read. The fault is one of reading the items.
func (x *iteration) all(from *feed) *fault {
	set := x.run.host.Branches(x.loop.plan.Concurrency)
	defer set.Wait()
	n := x.goOn(from)
	at := from.place(n)
	items, f := from.next()
	for items != nil && f == nil {
		x.reached(at)
		at = from.place(0)
		ahead := x.ahead(from.next)
		if n, f = x.start(set, items, n); f != nil || x.ended(n) {
			ahead()
			return f
		}
		if at != nil {
			at.First = n
		}
		items, f = ahead()
	}
	return f
}

// ahead begins to read the next page, and returns a function that waits for it.
func (x *iteration) ahead(next func() ([]any, *fault)) func() ([]any, *fault) {
	if x.loop.plan.Stream == "" {
		return next
	}
	var items []any
	var f *fault
	reading := x.run.host.Branches(0)
	reading.Go(func() { items, f = next() })
	return func() ([]any, *fault) {
		reading.Wait()
		return items, f
	}
}

// start starts items, of which the first has the index n, and returns the index after the last.
func (x *iteration) start(set Branches, items []any, n int) (int, *fault) {
	for _, item := range items {
		if x.ended(n) {
			return n, nil
		}
		ok, f := x.where(item)
		if f != nil {
			return n, f
		}
		if !ok {
			continue
		}
		at := n
		if n++; x.isOver(at) || x.stopped(at) {
			continue
		}
		if x.loop.plan.Concurrency <= 1 {
			x.item(at, item, nil)
		} else {
			set.Go(func() { x.item(at, item, &seat{x: x, set: set}) })
		}
	}
	return n, nil
}

// stopped reports whether item n is not to be begun, since the loop stops. What an earlier process began was under way
// when it stopped, and goes on.
func (x *iteration) stopped(n int) bool {
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.s.over() || x.stop && !x.begun()[strconv.Itoa(n)]
}

// stopping reports whether the loop begins nothing new.
func (x *iteration) stopping() bool {
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.stop || x.s.over()
}

// ended reports whether no item from n on is to be begun.
func (x *iteration) ended(n int) bool {
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.s.over() || x.stop && (len(x.begun()) == 0 || n > x.last)
}

// begun are the items that an earlier process began. The lock is held.
func (x *iteration) begun() map[string]bool {
	if x.again != nil {
		return x.again
	}
	x.again, x.last = map[string]bool{}, -1
	_, items := x.run.host.Begun(x.run.ids(x.loop.inside), x.s.place)
	for at := range items {
		if n, err := strconv.Atoi(at); err == nil {
			x.again[at], x.last = true, max(x.last, n)
		}
	}
	return x.again
}

func (x *iteration) where(item any) (bool, *fault) {
	if x.loop.where == nil {
		return true, nil
	}
	s := x.scope(item)
	defer x.release(s)
	return s.condition(x.loop.where)
}

// scope returns the scope of an item: what the body reads from outside, and the item.
func (x *iteration) scope(item any) *scope {
	env := x.envs.Get().(map[string]any)
	for i, name := range x.loop.free {
		env[name] = x.free[i]
	}
	env[x.loop.plan.Var] = item
	s := &scope{run: x.run, ctx: x.s.ctx, env: env, outer: x.s, step: x.run.prefix + x.op.plan.ID, item: x.s.item, place: x.s.place, aside: x.s.aside, about: x.s.about, undone: x.s.undone, writes: x.s.writes}
	env[expression.HostKey] = s
	return s
}

func (x *iteration) release(s *scope) {
	clear(s.env)
	x.envs.Put(s.env)
}

// item carries out the body for one item.
func (x *iteration) item(n int, v any, at *seat) {
	s := x.scope(v)
	s.seat = at
	defer x.release(s)
	if s.place = strconv.Itoa(n); x.s.place != "" {
		s.place = x.s.place + "." + s.place
	}
	s.turn, s.book, s.doubts = n, x.book.begin(n), x.run.doubts.Load()
	if x.notes != nil {
		s.writes = new(atomic.Int64)
		defer func() {
			if x.s.writes != nil {
				x.s.writes.Add(s.writes.Load())
			}
		}()
	}
	if s.book != nil {
		s.undone = &undone{}
		defer func() {
			x.book.end(n)
			x.s.undone.add(&s.undone.Undone)
		}()
	}
	key, f := x.keyOf(n, s)
	if s.item = key; x.s.item != "" {
		s.item = x.s.item + "/" + key
	}
	var fresh, unlock = true, func(bool) {}
	if f == nil {
		unlock, f = x.lock(s)
	}
	defer func() { unlock(f != nil && f.InDoubt) }()
	if f == nil {
		fresh, f = x.claim(key, s)
	}
	if !fresh {
		x.pass(n, s)
		return
	}
	if f == nil {
		f = x.run.block(x.loop.block, s)
	}
	var values []any
	if f == nil {
		values, f = x.values(s)
	}
	f = x.settle(n, s, values, f)
}

// keyOf is the item's identity, as text; without one its number, from 1.
func (x *iteration) keyOf(n int, s *scope) (string, *fault) {
	number := "#" + strconv.Itoa(n+1)
	if x.loop.key == nil {
		return number, nil
	}
	v, f := s.eval(x.loop.key)
	if f != nil {
		return number, f
	}
	switch k := v.(type) {
	case string:
		return k, nil
	case int:
		return strconv.Itoa(k), nil
	case nil, types.MissingValue:
		return number, s.fail(event.Expression, x.loop.key.expr.Range, "item %s has no key", number)
	}
	b, err := types.AppendJSON(nil, v)
	if err != nil {
		return number, s.fail(event.Expression, x.loop.key.expr.Range, "the key of item %s is %s", number, types.Shapeof(v))
	}
	return string(b), nil
}

// values are what the item gives to the aggregates.
func (x *iteration) values(s *scope) ([]any, *fault) {
	if len(x.folds) == 0 {
		return nil, nil
	}
	values := make([]any, 0, 8)
	for i, a := range x.loop.aggregates {
		v := any(types.Missing)
		if s.unknown(a.code.expr.Uses) {
			x.mu.Lock()
			x.unknown[i] = true
			x.mu.Unlock()
		} else {
			var f *fault
			s.enter(x.op.plan.ID, a.name)
			if v, f = s.guarded(&a.value, event.Expression); f != nil {
				return nil, f
			}
		}
		values = append(values, v)
	}
	return values, nil
}

// fold adds the item's values to the aggregates. The lock is held.
func (x *iteration) fold(n int, s *scope, values []any) *fault {
	for i, a := range x.loop.aggregates {
		if err := x.folds[i].add(a.fold, n, values[i]); err != nil {
			return s.fail(event.Expression, a.code.expr.Range, "aggregate %q: %s", a.name, err)
		}
	}
	return nil
}

// settle counts the item and says how it went, after all.
func (x *iteration) settle(n int, s *scope, values []any, f *fault) *fault {
	if f == nil {
		f = x.succeed(n, s, values)
	}
	switch {
	case f == nil:
		x.run.emit(event.ItemDone{ForEach: s.run.prefix + x.op.plan.ID, Item: s.item, Index: n})
		return nil
	case f.gone, s.over() && !f.InDoubt:
		x.settleClaim(s, f)
		s.book.under(s.lock)
		return f // not done, and not failed either: the run or the loop was stopped under it
	}
	x.fail(n, f)
	x.takeBack(s, f)
	s.book.under(s.lock)
	x.settleClaim(s, f)
	x.mu.Lock()
	x.count++
	x.failed++
	x.note(n, s, nil, f, false)
	x.mu.Unlock()
	if f.InDoubt {
		x.run.doubts.Add(1)
	}
	x.run.emit(event.ItemFailed{ForEach: s.run.prefix + x.op.plan.ID, Item: s.item, Index: n, Failure: &f.Failure})
	return f
}

func (x *iteration) succeed(n int, s *scope, values []any) *fault {
	x.mu.Lock()
	defer x.mu.Unlock()
	if f := x.fold(n, s, values); f != nil {
		return f
	}
	x.settleClaim(s, nil)
	s.book.under(s.lock)
	x.count++
	x.succeeded++
	x.note(n, s, values, nil, false)
	return nil
}

// fail notes the first failure, and stops the loop if it does not go on without the item.
func (x *iteration) fail(n int, f *fault) {
	x.mu.Lock()
	defer x.mu.Unlock()
	if f.InDoubt {
		x.doubtful++
	}
	if x.fault == nil || n < x.at {
		x.fault, x.at = f, n
	}
	if !f.InDoubt {
		x.failing++
	}
	if x.enough(x.failing) && !x.sure {
		x.sure = true
		x.run.host.Stop(x.key)
	}
	x.stop = x.stop || x.enough(x.failing+x.doubtful)
}

// enough reports whether the loop does not go on after so many failures.
func (x *iteration) enough(failures int) bool {
	p := x.loop.plan
	return failures > 0 && (!p.Continue || p.MaxErrors > 0 && failures > p.MaxErrors)
}

// takeBack undoes what the item did, if the loop goes on without it, or if it has a lock, which it holds until then.
// What is in doubt stays as it is.
func (x *iteration) takeBack(s *scope, f *fault) {
	switch {
	case f.InDoubt:
		s.book.keep("the item is in doubt")
	case x.loop.plan.Continue || s.lock != "":
		x.run.undo(s)
	}
}

// verdict is the loop's own fault, if it has one: reading is that of reading the items.
func (x *iteration) verdict(reading *fault) *fault {
	p := x.loop.plan
	switch {
	case x.s.run.ctx.Err() != nil && (x.fault == nil || !x.fault.InDoubt || x.run.in.Kept):
		return x.s.canceled() // whatever failed until then, the run did not come to its end
	case x.fault != nil && (!p.Continue || x.s.over()):
		return x.fault
	case x.s.over():
		return x.s.stopped()
	case reading != nil:
		return reading
	case x.sure && x.fault == nil:
		return x.s.fail(event.Internal, x.op.plan.Range, "it failed before, and does not now; this is a bug in Tenon")
	case p.MaxErrors > 0 && x.failed > p.MaxErrors:
		f := *x.fault
		f.Detail = fmt.Sprintf("%d items failed, and max_errors is %d. The first of them: item %s.", x.failed, p.MaxErrors, f.Item)
		return &f
	}
	return nil
}

func (x *iteration) outcome() outcome {
	v := map[string]any{"count": x.count, "succeeded": x.succeeded, "failed": x.failed, "skipped": x.skipped}
	out := outcome{value: v}
	for i, a := range x.loop.aggregates {
		if x.unknown[i] {
			out.unknown = append(out.unknown, a.name)
		} else if r := x.folds[i].result(a.fold); !types.IsMissing(r) {
			v[a.name] = r
		}
	}
	return out
}
