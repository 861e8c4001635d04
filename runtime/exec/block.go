package exec

import (
	"slices"
	"sync"

	"tenon/runtime/event"
)

// outcome is what became of an op.
type outcome struct {
	value    map[string]any // its result, bound under its ID
	fault    *fault
	withheld bool     // a dry run did not do it
	unknown  []string // parts of the result that a dry run cannot know
}

// bind makes the result visible to what follows.
func (s *scope) bind(o *op, out outcome) {
	if out.value != nil {
		s.env[o.plan.ID] = out.value
	}
	if out.withheld {
		s.withhold(o.plan.ID)
	}
	for _, part := range out.unknown {
		s.withhold(o.plan.ID + "." + part)
	}
}

// block carries out all ops, each as soon as those it waits for have succeeded or been skipped. When one
// fails, no further one starts, but for those that an earlier process began: they were under way. The block ends when
// those under way have.
func (r *run) block(b *block, s *scope) *fault {
	defer b.closeUnread(s)
	if !b.chain {
		return r.graph(b, s)
	}
	for i, o := range b.ops {
		if s.over() {
			return s.stopped()
		}
		out := r.step(o, i, s)
		if out.fault != nil {
			return out.fault
		}
		s.bind(o, out)
	}
	return nil
}

// graph is a block whose ops may run at once.
type graph struct {
	run *run
	b   *block
	s   *scope
	set Branches

	mu     sync.Mutex
	open   []int    // how many ops each one still waits for
	faults []*fault // by op
	failed bool
	again  []*bool // by op: whether it goes on although another one failed; nil: not known
}

func (r *run) graph(b *block, s *scope) *fault {
	g := &graph{run: r, b: b, s: s, set: r.host.Branches(0), open: make([]int, len(b.ops)), faults: make([]*fault, len(b.ops)), again: make([]*bool, len(b.ops))}
	var ready []int
	for i, o := range b.ops {
		if g.open[i] = o.open; o.open == 0 {
			ready = append(ready, i)
		}
	}
	g.failed = r.host.Stopped(g.key())
	for _, i := range ready[1:] {
		g.set.Go(func() { g.follow(i) })
	}
	g.follow(ready[0])
	g.set.Wait()
	for _, f := range g.faults {
		if f != nil {
			return f
		}
	}
	if s.over() {
		return s.stopped()
	}
	if g.failed {
		return s.fail(event.Internal, b.ops[0].plan.Range, "it failed before, and does not now; this is a bug in Tenon")
	}
	return nil
}

// key names the block in its run.
func (g *graph) key() string {
	s := *g.s
	s.enter(g.b.ops[0].plan.ID, "")
	return s.key("")
}

// follow carries out op i, then one of the ops that it was the last to be waited for; the others get
// branches of their own.
func (g *graph) follow(i int) {
	for i >= 0 {
		g.mu.Lock()
		if g.s.over() || g.failed && !g.begun(i) {
			g.mu.Unlock()
			return
		}
		own := g.s.fork()
		g.mu.Unlock()
		out := g.run.step(g.b.ops[i], i, own)
		i = g.finish(i, out)
	}
}

// begun reports whether an earlier process began op i, or something that waits for it. The lock is held.
func (g *graph) begun(i int) bool {
	if known := g.again[i]; known != nil {
		return *known
	}
	o := g.b.ops[i]
	steps := []string{o.plan.ID}
	if o.loop != nil {
		steps = o.loop.inside
	}
	here, items := g.run.host.Begun(g.run.ids(steps), g.s.place)
	here = here || len(items) > 0 || slices.ContainsFunc(o.next, g.begun)
	g.again[i] = &here
	return here
}

// ids are the IDs of ops as the outermost run has them.
func (r *run) ids(steps []string) []string {
	if r.prefix == "" {
		return steps
	}
	steps = slices.Clone(steps)
	for i := range steps {
		steps[i] = r.prefix + steps[i]
	}
	return steps
}

func (g *graph) finish(i int, out outcome) (next int) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if out.fault != nil {
		g.faults[i], g.failed = out.fault, true
		if !out.fault.InDoubt && !out.fault.gone && !g.s.over() {
			g.run.host.Stop(g.key())
		}
		return -1
	}
	g.s.bind(g.b.ops[i], out)
	next = -1
	for _, n := range g.b.ops[i].next {
		if g.open[n]--; g.open[n] > 0 {
			continue
		}
		if next < 0 {
			next = n
		} else {
			g.set.Go(func() { g.follow(n) })
		}
	}
	return next
}

// track notes how far an outermost op came.
func (r *run) track(s *scope, i int, what string) {
	if s.outermost() {
		r.states[i].what.Store(&what)
	}
}
