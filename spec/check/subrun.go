package check

import (
	"fmt"
	"strings"

	"tenon/spec/expression"
	"tenon/spec/lang"
	"tenon/spec/model"
	"tenon/spec/plan"
	"tenon/spec/syntax"
	"tenon/spec/types"
)

// Steps that are no requests: runs of other integrations, and pauses.

// checkRun types a run of another integration: its inputs, and what it gives out.
func (f *flow) checkRun(n *stage, at site) {
	s := n.step
	m := f.integrationNamed(s.Run.Name, s.Run.NameRange)
	child := f.runnable(m, s.Run)
	n.result = types.ObjectOf(property("outputs", types.Invalid), property("skipped", types.Const(false)))
	if child == nil {
		f.loose(at, s.Inputs)
		f.looseCatches(n, at)
		return
	}
	n.runs = child
	f.runs = append(f.runs, child)
	n.result = types.ObjectOf(property("outputs", child.outputs), property("skipped", types.Const(false)))
	n.op.Run = &plan.Run{Range: s.Run.Range}
	if child.plan != nil {
		inner := *child.plan
		inner.Files, inner.Triggers = nil, nil
		n.op.Run.Plan = &inner
	}
	if child.keeps && n.home.loop != nil {
		d := f.diags.Add(lang.StateInLoop, s.Run.Range, "Integration %q keeps state from run to run, and for_each %q runs it once per item.", m.Name, n.home.loop.op.Name)
		if len(m.States) > 0 {
			d.Relate(m.States[0].Header, "kept here")
		}
	}
	f.runInputs(n, m, at)
	f.runCatches(n, at)
}

// runnable returns the integration that a step runs, unless it is on its way to this very step.
func (f *flow) runnable(m *model.Integration, ref *model.IntegrationRef) *planned {
	if m == nil {
		return nil
	}
	child := f.planOf(m)
	if child.state == entered {
		f.diags.Add(expression.Cycle, ref.Range, "Integration %q would run itself without end: it runs %q.", m.Name, f.model.Name).
			Explain("An integration cannot run itself, nor one that runs it.")
		return nil
	}
	return child
}

// runInputs types what the integration is given.
func (f *flow) runInputs(n *stage, m *model.Integration, at site) {
	s, what := n.step, fmt.Sprintf("inputs of integration %q", m.Name)
	if s.Inputs != nil {
		n.op.Run.Inputs = f.expr(s.Inputs, at, expression.Want{Type: f.inputsType(m), What: what})
		n.op.Run.Guard = guard(n.op.Run.Inputs, what)
		return
	}
	var missing []string
	for _, in := range m.Inputs {
		if in.Default == nil {
			missing = append(missing, in.Name)
		}
	}
	if len(missing) > 0 {
		f.diags.Add(lang.MissingAttribute, s.OpenBrace, "Integration %q needs %s, and the step gives no inputs.", m.Name, listed(missing)).
			Explain("Add inputs = { %s = … }.", missing[0])
	}
}

// runCatches types what catches the failure of an integration. Which of its requests failed is not known, so
// nothing is of the answer.
func (f *flow) runCatches(n *stage, at site) {
	scope := expression.NewScope(at.scope)
	scope.Define(&expression.Name{Name: "error", Key: "error", Type: failureType})
	at.scope, at.caught = scope, &caught{}
	for i, c := range n.step.Catches {
		f.reachable(n, c, n.step.Catches[:i])
		if !c.Skip.Value {
			f.diags.Add(lang.AttributeValue, c.Header, "What step %q gives are the outputs of an integration, so a catch can only say skip = true.", n.op.Name)
			f.loose(at, f.requestExprs(&c.Request)...)
			continue
		}
		n.skips = true
		n.op.Catch = append(n.op.Catch, &plan.Catch{On: strings.ToLower(c.Name), Skip: true, Range: c.Header})
	}
}

// checkWait types a pause.
func (f *flow) checkWait(n *stage, at site) {
	e := n.step.Wait
	n.result = types.ObjectOf(property("skipped", types.Const(false)))
	n.op.Wait = &plan.Wait{}
	if v, ok := e.Literal(); ok {
		f.literalWait(n, e, v)
		return
	}
	what := fmt.Sprintf("wait of step %q", n.op.Name)
	n.op.Wait.Until = f.expr(e, at, expression.Want{Type: pause, What: what, SecretOK: true})
	n.op.Wait.Guard = guard(n.op.Wait.Until, what)
}

var pause = types.Union(types.AnyDuration, types.AnyTime)

func (f *flow) literalWait(n *stage, e *syntax.Expr, v any) {
	text, _ := v.(string)
	d, ok := parseDuration(text)
	if !ok {
		f.diags.Add(lang.AttributeValue, e.Range, "This is not a duration.").
			Explain(`A pause is a duration such as "30s" or "1h30m", or computed: duration(…), or a time such as parse_time(…).`)
	}
	n.op.Wait.For = d
}

// outputsType is what an integration gives out. Where some of it could not be typed, nothing is said of its members.
func outputsType(outs []*plan.Output, declared int) *types.Type {
	if len(outs) < declared {
		return types.Invalid
	}
	var props []*types.Property
	for _, o := range outs {
		props = append(props, property(o.Name, o.Value.Type))
	}
	return types.ObjectOf(props...)
}
