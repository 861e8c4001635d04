package exec

import (
	"sync"
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
// fails, no further one starts; the block ends when those under way have.
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
}

func (r *run) graph(b *block, s *scope) *fault {
	g := &graph{run: r, b: b, s: s, set: r.host.Branches(0), open: make([]int, len(b.ops)), faults: make([]*fault, len(b.ops))}
	var ready []int
	for i, o := range b.ops {
		if g.open[i] = o.open; o.open == 0 {
			ready = append(ready, i)
		}
	}
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
	return nil
}

// follow carries out op i, then one of the ops that it was the last to be waited for; the others get
// branches of their own.
func (g *graph) follow(i int) {
	for i >= 0 {
		g.mu.Lock()
		if g.failed || g.s.over() {
			g.mu.Unlock()
			return
		}
		own := g.s.fork()
		g.mu.Unlock()
		out := g.run.step(g.b.ops[i], i, own)
		i = g.finish(i, out)
	}
}

func (g *graph) finish(i int, out outcome) (next int) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if out.fault != nil {
		g.faults[i], g.failed = out.fault, true
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
