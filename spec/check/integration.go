package check

import (
	"fmt"
	"maps"
	"slices"

	"tenon/spec/diag"
	"tenon/spec/expression"
	"tenon/spec/lang"
	"tenon/spec/model"
	"tenon/spec/plan"
	"tenon/spec/source"
	"tenon/spec/types"
)

// maxSteps bounds the steps of an integration: it is far beyond what a person writes, and planning takes
// time by its square.
const maxSteps = 1000

// integration makes the plan of one integration; there is none if it has errors.
func (b *builder) integration(m *model.Integration, out *planned) {
	broken := b.broken
	before := b.diags.Count(diag.Error)
	f := &flow{builder: b, model: m, nodes: map[string]*stage{}, main: &block{}, inputReads: map[string][][]string{}}
	p := &plan.Plan{
		Version: plan.Version, Tenon: b.options.Version, Integration: m.Name, Description: m.Description.Value,
		Timeout: m.Timeout.Value, Overlap: m.Overlap.Value, APIs: map[string]*plan.API{},
	}
	f.states(p)
	p.Inputs = f.inputs(m)
	f.collect(f.main, m.Body, nil, nil)
	if m.OnFailure != nil {
		f.fail = &block{}
		f.collect(f.fail, m.OnFailure.Body, nil, nil)
	}
	if len(f.nodes) > maxSteps {
		b.diags.Add(lang.AttributeValue, m.Header, "Integration %q has %d steps; at most %d can be planned.", m.Name, len(f.nodes), maxSteps).
			Explain("What is done for many things alike is a for_each.")
		return
	}
	for _, id := range keys(f.nodes) {
		f.link(f.nodes[id])
	}
	f.enter(f.main, f.rootScope(p), reach{})
	p.Steps = f.checkBlock(f.main)
	p.Outputs = f.outputs()
	f.nextStates(p)
	f.lock(p)
	out.outputs = outputsType(p.Outputs, len(m.Outputs))
	out.effects = effectsOf(f.main.nodes)
	out.keeps = len(m.States) > 0 || slices.ContainsFunc(f.runs, func(p *planned) bool { return p.keeps })
	if f.fail != nil {
		scope := f.rootScope(p)
		scope.Define(&expression.Name{Name: "error", Key: "error", Type: failureType})
		f.enter(f.fail, scope, reach{})
		p.OnFailure = f.checkBlock(f.fail)
	}
	f.finish()
	f.relyOnInputs(p)
	f.unusedSteps()
	f.fixFirstOnly()
	if broken || f.apisBroken() || f.runsBroken() || b.diags.Count(diag.Error) > before {
		return
	}
	f.complete(p)
	out.plan = p
}

func (f *flow) inputs(m *model.Integration) []*plan.Input {
	var out []*plan.Input
	for _, i := range m.Inputs {
		in := f.declaredInput(&i.Decl, i.Type, i.Default, i.Description.Value, "input", f.defaults)
		f.given[i] = in
		f.defining = append(f.defining, in.Default)
		out = append(out, in)
	}
	return out
}

func (f *flow) rootScope(p *plan.Plan) *expression.Scope {
	scope := expression.NewScope(f.settings)
	var props []*types.Property
	for _, i := range p.Inputs {
		props = append(props, &types.Property{Name: i.Name, Type: i.Type, Required: true})
	}
	scope.Define(&expression.Name{Name: "response", Gone: "There is an answer only in a step's paginate and checks; elsewhere it is step.NAME."})
	scope.Define(&expression.Name{Name: "request", Gone: "What was asked is known only in the next of a step's paginate."})
	scope.Define(&expression.Name{Name: "error", Gone: "There is an error only in a catch and in on_failure."})
	scope.Define(&expression.Name{Name: "input", Key: "input", Type: types.ObjectOf(props...)})
	scope.Define(f.state)
	return scope
}

// enter makes the names that the expressions of a block can refer to: results of the blocks around it
// and, once they have a type, its own.
func (f *flow) enter(home *block, scope *expression.Scope, outer reach) {
	r := reach{scope: scope, steps: cloned(outer.steps), loops: cloned(outer.loops)}
	if outer.steps == nil {
		for _, n := range f.nodes {
			r.define(n, n.named(types.Invalid, f.gone(home, n)))
		}
	}
	for _, n := range home.nodes {
		r.define(n, n.named(types.Invalid, ""))
	}
	if home.loop != nil {
		r.define(home.loop, home.loop.named(types.Invalid, fmt.Sprintf("for_each.%s is there only after its last item.", home.loop.op.Name)))
	}
	r.scope = r.namespaces(scope)
	home.reach = r
}

// named is how expressions see n; gone says why they must not use it, if so.
func (n *stage) named(t *types.Type, gone string) *expression.Name {
	return n.tainted(&expression.Name{Name: n.op.Name, Key: n.op.ID, Type: t, Range: n.decl.Header, Gone: gone})
}

// gone says why a result can't be referred to from an outermost block; "" if it can.
func (f *flow) gone(home *block, n *stage) string {
	main, here := f.root(n.home), f.root(home)
	switch {
	case main != here && here == f.fail:
		return fmt.Sprintf("%s.%s may not have run when the integration fails; on_failure sees error, input and var.", n.op.Kind, n.op.Name)
	case main != here:
		return fmt.Sprintf("%s.%s runs only when the integration fails.", n.op.Kind, n.op.Name)
	case n.home != home:
		loop := n.home.loop
		return fmt.Sprintf("%s.%s runs once per item of for_each %q. To use its results here, aggregate them there and write for_each.%s.NAME.", n.op.Kind, n.op.Name, loop.op.Name, loop.op.Name)
	}
	return ""
}

func (f *flow) root(b *block) *block {
	for b.parent != nil {
		b = b.parent
	}
	return b
}

func (r reach) define(n *stage, name *expression.Name) {
	switch n.op.Kind {
	case "step":
		r.steps[n.op.Name] = name
	case "for_each":
		r.loops[n.op.Name] = name
	}
}

// namespaces returns a scope in which step and for_each have r's members.
func (r reach) namespaces(parent *expression.Scope) *expression.Scope {
	s := expression.NewScope(parent)
	s.Define(&expression.Name{Name: "step", Members: r.steps})
	s.Define(&expression.Name{Name: "for_each", Members: r.loops})
	return s
}

// inside returns what n can refer to: inside a case, steps of the same case have surely run, and what
// the switch looks at is known.
func (f *flow) inside(n *stage) reach {
	r := n.home.reach
	if len(n.cases) == 0 {
		return r
	}
	r = reach{scope: r.scope, steps: cloned(r.steps), loops: r.loops}
	for _, x := range n.home.nodes {
		if x.result != nil && x.skips && x.step != nil && x.step.When == nil && !skipCatch(x.step) && sameCases(x, n) {
			r.steps[x.op.Name] = x.named(x.result, "")
		}
	}
	r.scope = r.namespaces(r.scope)
	for _, c := range n.cases {
		r.scope = f.narrowed(c, r.scope)
	}
	return r
}

func cloned(m map[string]*expression.Name) map[string]*expression.Name {
	out := make(map[string]*expression.Name, len(m))
	maps.Copy(out, m)
	return out
}

// sameCases reports whether x has run wherever n runs, as far as switches decide.
func sameCases(x, n *stage) bool {
	return len(x.cases) <= len(n.cases) && slices.Equal(x.cases, n.cases[:len(x.cases)])
}

// checkBlock types the nodes of a block and puts them in order.
func (f *flow) checkBlock(home *block) *plan.Block {
	sequence := f.sequence(home)
	for _, n := range sequence {
		f.checkNode(n)
	}
	f.order(sequence)
	out := &plan.Block{Ops: []*plan.Op{}}
	for _, n := range sequence {
		out.Ops = append(out.Ops, n.op)
	}
	return out
}

func (f *flow) checkNode(n *stage) {
	n.home.reach.define(n, n.named(types.Invalid, fmt.Sprintf("%s.%s is the result of this very %s; only its checks can look at it.", n.op.Kind, n.op.Name, n.op.Kind)))
	r := f.inside(n)
	n.skips = len(n.cases) > 0
	switch {
	case n.step != nil:
		r = f.when(n, n.step.When, r)
		f.checkStep(n, r)
	case n.loop != nil:
		r = f.when(n, n.loop.When, r)
		f.checkLoop(n, r)
	case n.sw != nil:
		f.checkSwitch(n, r)
	}
	if n.result == nil {
		n.result = types.Invalid
	}
	n.home.reach.define(n, n.named(f.seen(n), ""))
}

// seen is the type of a node's result for those who do not know whether it ran.
func (f *flow) seen(n *stage) *types.Type {
	if !n.skips || n.step == nil || n.result.Shape().Invalid {
		return n.result
	}
	return types.Union(n.result, types.ObjectOf(&types.Property{Name: "skipped", Type: types.Const(true), Required: true}))
}

// outputs types the results of the integration. What is absent is left out.
func (f *flow) outputs() []*plan.Output {
	var out []*plan.Output
	for _, o := range f.model.Outputs {
		f.targets(o.Value, func(target *stage, _ source.Range) { f.use(target.decl) })
		x := f.expr(o.Value, site{block: f.main, scope: f.main.reach.scope}, expression.Want{What: fmt.Sprintf("output %q", o.Name), Optional: true})
		if x != nil && x.Type.Without(types.Absent|types.Null).Is(types.File) {
			f.diags.Add(expression.TypeMismatch, o.Value.Range, "An output cannot be a file: files are read when a request sends them.")
			continue
		}
		if x != nil {
			out = append(out, &plan.Output{Name: o.Name, Value: x, Guard: guard(x, fmt.Sprintf("output %q", o.Name))})
		}
	}
	return out
}
