package check

import (
	"fmt"

	"tenon/spec/expression"
	"tenon/spec/plan"
	"tenon/spec/source"
	"tenon/spec/types"
)

// states types what the integration keeps from run to run, and puts it in reach.
func (f *flow) states(p *plan.Plan) {
	var props []*types.Property
	for _, m := range f.model.States {
		s := &plan.State{Name: m.Name, Type: f.typeOf(m.Type, types.BothWays), Range: m.Header}
		if m.Initial != nil {
			s.Initial = f.builder.check(f.tree(m.Initial), f.globals, expression.Want{Type: s.Type, What: fmt.Sprintf("initial of state %q", m.Name)})
			f.defining = append(f.defining, s.Initial)
		}
		p.States = append(p.States, s)
		props = append(props, &types.Property{Name: m.Name, Type: s.Type, Required: true})
	}
	f.state = &expression.Name{Name: "state", Key: "state", Type: types.ObjectOf(props...)}
	f.defaults = expression.NewScope(f.globals)
	f.defaults.Define(f.state)
}

// nextStates types what is kept for the next run: it sees what outputs see.
func (f *flow) nextStates(p *plan.Plan) {
	for i, m := range f.model.States {
		if m.Next == nil {
			continue
		}
		f.targets(m.Next, func(target *stage, _ source.Range) { f.use(target.decl) })
		s, what := p.States[i], fmt.Sprintf("next of state %q", m.Name)
		s.Next = f.expr(m.Next, site{block: f.main, scope: f.main.reach.scope}, expression.Want{Type: s.Type, What: what})
		s.Guard = guard(s.Next, what)
	}
}

// lock types what runs wait for each other by. It is known before any step runs.
func (f *flow) lock(p *plan.Plan) {
	if f.model.Lock == nil {
		return
	}
	p.Lock = f.expr(f.model.Lock, site{block: f.main, scope: f.rootScope(p)},
		expression.Want{Type: keyType, What: fmt.Sprintf("lock of integration %q", f.model.Name)})
}
