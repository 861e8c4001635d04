package check

import (
	"strings"

	"tenon/spec/diag"
	"tenon/spec/expression"
	"tenon/spec/model"
	"tenon/spec/plan"
	"tenon/spec/source"
	"tenon/spec/syntax"
	"tenon/spec/types"
)

// flow is one integration on its way into a plan.
//
// It is built in four passes: collect makes a node of every step, for_each and switch; link finds what
// refers to what; checkBlock types the nodes in an order in which what they refer to has a type;
// finish says what of each answer must be checked, once it is known what all of them are used for.
type flow struct {
	*builder
	model *model.Integration
	nodes map[string]*stage // by ID
	main  *block
	fail  *block // on_failure; may be nil

	recorded   []recorded
	answers    []*answer
	inputReads map[string][][]string // paths of inputs that are read, by name
	later      []func()              // catch bodies, whose type depends on what is read of them

	firstOnly []firstOnly
	state     *expression.Name  // what the integration keeps
	defaults  *expression.Scope // what the defaults of inputs see
	defining  []*plan.Expr      // expressions that no step has: of inputs, states and the lock
	runs      []*planned        // integrations that it runs
}

// node is one operation of the plan to be.
type stage struct {
	op   *plan.Op
	decl *model.Decl
	step *model.Step // exactly one of
	loop *model.ForEach
	sw   *model.Switch // these three is set

	home      *block
	inner     *block   // of a loop
	cases     []inCase // it stands inside these, outermost first
	branches  []branch // of parallel blocks that it stands in, outermost first
	calls     []*call  // its own request, then fallbacks
	needs     []need   // in its own block
	state     visit
	answer    *answer        // of a step's own call
	fallbacks []*answer      // of the calls in its catches
	caught    []*caught      // its catches
	finding   *call          // of its recover
	undoing   *call          // of its undo
	runs      *planned       // of a step that runs an integration; nil: unknown
	result    *types.Type    // when it ran
	skips     bool           // it may not have run
	value     *plan.Expr     // of a value step
	secret    []string       // members of the result that are secret
	trail     []diag.Related // how they became so
	consumer  *stage         // the loop that reads the pages of a step
}

type inCase struct {
	sw    *stage
	index int
}

type branch struct {
	parallel *model.Parallel
	item     int
}

type need struct {
	on *stage
	at source.Range // where it is referred to
}

// call is an operation that a step may send.
type call struct {
	ref *model.CallRef
	op  *operation // nil: unknown
}

// block is what runs in one go: an integration, its on_failure, or the body of a for_each.
type block struct {
	parent *block
	loop   *stage // nil for an integration's own blocks
	nodes  []*stage
	reach  reach
}

// reach is what expressions can refer to at some place.
type reach struct {
	scope *expression.Scope
	steps map[string]*expression.Name
	loops map[string]*expression.Name
}

// contains reports whether inner is b or inside it.
func (b *block) contains(inner *block) bool {
	for ; inner != nil; inner = inner.parent {
		if inner == b {
			return true
		}
	}
	return false
}

// at returns the node of b that n is or stands in; nil if n is outside b.
func (b *block) at(n *stage) *stage {
	for n != nil && n.home != b {
		n = n.home.loop
	}
	return n
}

// collect makes the nodes of a body, in the order they are written in.
func (f *flow) collect(home *block, body *model.Block, cases []inCase, branches []branch) {
	if body == nil {
		return
	}
	for _, item := range body.Items {
		f.collectItem(home, item, cases, branches)
	}
}

func (f *flow) collectItem(home *block, item model.Item, cases []inCase, branches []branch) {
	n := &stage{decl: item.Declared(), home: home, cases: cases, branches: branches, op: &plan.Op{Name: item.Declared().Name, Range: item.Declared().Header}}
	switch item := item.(type) {
	case *model.Step:
		n.step = item
		f.add(n, "step")
	case *model.ForEach:
		n.loop = item
		n.inner = &block{parent: home, loop: n}
		f.add(n, "for_each")
		f.collect(n.inner, item.Body, nil, nil)
	case *model.Switch:
		n.sw = item
		f.add(n, "switch")
		for i, c := range item.Cases {
			f.collect(home, c.Body, with(cases, inCase{n, i}), branches)
		}
		if item.Default != nil {
			f.collect(home, item.Default.Body, with(cases, inCase{n, len(item.Cases)}), branches)
		}
	case *model.Parallel:
		if item.Body == nil {
			return
		}
		for i, inside := range item.Body.Items {
			f.collectItem(home, inside, cases, with(branches, branch{item, i}))
		}
	}
}

// with returns a list of its own with one more element.
func with[T any](list []T, x T) []T { return append(list[:len(list):len(list)], x) }

func (f *flow) add(n *stage, kind string) {
	n.op.Kind, n.op.ID = kind, kind+"."+n.op.Name
	for _, c := range n.cases {
		n.op.Cases = append(n.op.Cases, plan.Case{Switch: c.sw.op.ID, Index: c.index})
	}
	if f.nodes[n.op.ID] != nil {
		return // reported when the project was decoded
	}
	f.nodes[n.op.ID] = n
	n.home.nodes = append(n.home.nodes, n)
}

// link resolves what n calls and finds what it refers to.
func (f *flow) link(n *stage) {
	for _, c := range n.cases {
		f.need(n, c.sw, c.sw.decl.Header)
	}
	switch {
	case n.step != nil:
		f.linkCall(n, n.step.Call)
		for _, c := range n.step.Catches {
			f.linkCall(n, c.Call)
		}
		f.linkAfterwards(n)
		for _, e := range f.stepExprs(n.step) {
			f.refer(n, n.home, e)
		}
		f.dependsOn(n, n.step.DependsOn)
	case n.loop != nil:
		for _, e := range []*syntax.Expr{n.loop.In, n.loop.When} {
			f.refer(n, n.home, e)
		}
		f.dependsOn(n, n.loop.DependsOn)
		inside := []*syntax.Expr{n.loop.Where, n.loop.Key, n.loop.Lock}
		for _, a := range n.loop.Aggregates {
			inside = append(inside, a.Value)
		}
		for _, e := range inside {
			f.refer(n, n.inner, e)
		}
	case n.sw != nil:
		f.refer(n, n.home, n.sw.On)
	}
}

func (f *flow) linkCall(n *stage, ref *model.CallRef) {
	if ref != nil {
		n.calls = append(n.calls, &call{ref: ref, op: f.operation(ref)})
	}
}

// stepExprs lists every expression of a step.
func (f *flow) stepExprs(s *model.Step) []*syntax.Expr {
	out := append([]*syntax.Expr{s.When, s.Value, s.Wait, s.Inputs, s.IdempotencyKey}, f.requestExprs(&s.Request)...)
	if s.Paginate != nil {
		out = append(out, s.Paginate.Items, s.Paginate.Next)
	}
	for _, c := range s.Checks {
		out = append(out, c.Assert, c.Message)
	}
	for _, c := range s.Catches {
		out = append(out, f.requestExprs(&c.Request)...)
	}
	return append(out, f.afterwardsExprs(s)...)
}

func (f *flow) requestExprs(r *model.Request) []*syntax.Expr {
	out := []*syntax.Expr{r.Body}
	for _, part := range []struct {
		e    *syntax.Expr
		name string
	}{{r.Params, "params"}, {r.Headers, "headers"}} {
		items, _ := f.written(part.e, part.name)
		for _, i := range items {
			out = append(out, i.Value)
		}
	}
	return out
}

// refer notes what an expression of n, standing in the block at, refers to.
func (f *flow) refer(n *stage, at *block, e *syntax.Expr) {
	f.targets(e, func(target *stage, where source.Range) {
		if target == n && n.step != nil {
			return // only checks may; elsewhere it is out of scope
		}
		f.use(target.decl)
		if target.home.contains(at) {
			f.need(n, target, where)
		}
	})
}

// targets calls f for every step and for_each that an expression refers to.
func (f *flow) targets(e *syntax.Expr, found func(*stage, source.Range)) {
	t := f.tree(e)
	if t == nil {
		return
	}
	for _, r := range t.Refs() {
		if (r.Root != "step" && r.Root != "for_each") || len(r.Path) == 0 {
			continue
		}
		if target := f.nodes[r.Root+"."+r.Path[0]]; target != nil {
			found(target, r.Range)
		} else {
			f.unresolved = append(f.unresolved, r.Path[0])
		}
	}
}

// need records that n waits for target: in the block where target runs, that is n itself or the
// for_each around it.
func (f *flow) need(n, target *stage, at source.Range) {
	if waits := target.home.at(n); waits != nil && waits != target {
		waits.needs = append(waits.needs, need{target, at})
	}
}

// dependsOn adds what the author lists.
func (f *flow) dependsOn(n *stage, refs []model.Ref) {
	for _, r := range refs {
		targets := f.named(n, r)
		if len(targets) == 0 {
			var names []string
			for _, id := range keys(f.nodes) {
				if kind, name, _ := strings.Cut(id, "."); kind == r.Kind {
					names = append(names, name)
				}
			}
			near := diag.Nearest(r.Name, names)
			f.diags.Add(expression.UnknownReference, r.Range, "There is no %s %q.", r.Kind, r.Name).Suggest(near, r.Kind+"."+near)
			f.unresolved = append(f.unresolved, r.Name)
		}
		for _, target := range targets {
			switch {
			case !target.home.contains(n.home):
				f.diags.Add(expression.OutOfScope, r.Range, "%s.%s runs inside for_each %q, once per item: depend on for_each.%[3]s.", r.Kind, r.Name, target.home.loop.op.Name)
			case target == n || target.home.at(n) == target:
				f.diags.Add(expression.Cycle, r.Range, "%s %q cannot wait for itself.", n.op.Kind, n.op.Name)
			default:
				f.use(target.decl)
				f.need(n, target, r.Range)
			}
		}
	}
}

// named lists the nodes that a reference means: of a switch or parallel, all that stand in it.
func (f *flow) named(n *stage, r model.Ref) []*stage {
	var out []*stage
	if x := f.nodes[r.Kind+"."+r.Name]; x != nil {
		out = append(out, x)
	}
	for _, id := range keys(f.nodes) {
		x := f.nodes[id]
		for _, c := range x.cases {
			if c.sw.op.ID == r.Kind+"."+r.Name && x.home == c.sw.home {
				out = append(out, x)
			}
		}
		for _, p := range x.branches {
			if r.Kind == "parallel" && p.parallel.Name == r.Name && p.parallel != parallelOf(n) {
				out = append(out, x)
			}
		}
	}
	return out
}

// parallelOf returns the innermost parallel block around n.
func parallelOf(n *stage) *model.Parallel {
	if len(n.branches) == 0 {
		return nil
	}
	return n.branches[len(n.branches)-1].parallel
}

// sequence sorts the nodes of a block so that each comes after what it needs and otherwise stays
// where it is written. A cycle is reported and broken.
func (f *flow) sequence(home *block) []*stage {
	var out, chain []*stage
	var visit func(n *stage)
	visit = func(n *stage) {
		n.state = entered
		chain = append(chain, n)
		for i := 0; i < len(n.needs); i++ {
			switch on := n.needs[i]; on.on.state {
			case unseen:
				visit(on.on)
			case entered:
				f.cycle(chain, on)
				n.needs = append(n.needs[:i:i], n.needs[i+1:]...)
				i--
			}
		}
		chain = chain[:len(chain)-1]
		n.state = left
		out = append(out, n)
	}
	for _, n := range home.nodes {
		if n.state == unseen {
			visit(n)
		}
	}
	return out
}

func (f *flow) cycle(chain []*stage, back need) {
	var ids []string
	for _, n := range chain {
		if n == back.on || len(ids) > 0 {
			ids = append(ids, n.op.ID)
		}
	}
	ids = append(ids, back.on.op.ID)
	f.diags.Add(expression.Cycle, back.at, "These wait for each other: %s.", strings.Join(ids, " → ")).
		Explain("Each needs the result of the next, so none can be the first to run. One of the references has to go.")
}
