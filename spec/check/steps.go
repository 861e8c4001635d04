package check

import (
	"fmt"
	"strconv"
	"strings"

	"tenon/spec/diag"
	"tenon/spec/expression"
	"tenon/spec/lang"
	"tenon/spec/plan"
	"tenon/spec/source"
	"tenon/spec/syntax"
	"tenon/spec/types"
)

// site is where an expression of an integration stands.
type site struct {
	block    *block
	scope    *expression.Scope
	response *answer // what `response` is here
	paging   bool    // `request` is what a page was asked for by
	caught   *caught // what `error` is here
}

// recorded is an expression whose reading counts: it decides what of an answer must be checked.
type recorded struct {
	expr  *plan.Expr
	at    site
	alias bool // it only names a part of something; what is read of it, others record
}

func (f *flow) record(x *plan.Expr, at site, alias bool) {
	at.scope = nil // what was in reach is not needed any more
	f.recorded = append(f.recorded, recorded{x, at, alias})
}

// expr types an expression. What it reads is recorded.
func (f *flow) expr(e *syntax.Expr, at site, w expression.Want) *plan.Expr {
	x := f.alias(e, at, w)
	if x != nil {
		f.record(x, at, false)
	}
	return x
}

// alias types an expression that may be no more than another name for a part of an answer; the caller
// sees to what is read of it.
func (f *flow) alias(e *syntax.Expr, at site, w expression.Want) *plan.Expr {
	t := f.tree(e)
	if t == nil {
		return nil
	}
	if w.Missing.IsZero() {
		w.Missing = e.Range
	}
	f.headerCase(t, e)
	return f.check(t, at.scope, w)
}

// headerCase reports headers of an answer that are asked for with capitals: their names are in lower
// case, however the provider writes them.
func (f *flow) headerCase(t *expression.Tree, e *syntax.Expr) {
	for _, r := range t.Refs() {
		at := 0 // of "headers" in the path
		if r.Root == "step" {
			at = 1
		} else if r.Root != "response" && r.Root != "error" {
			continue
		}
		if len(r.Path) < at+2 || r.Path[at] != "headers" {
			continue
		}
		name, place := r.Path[at+1], r.Ranges[at+2]
		lower := strings.ToLower(name)
		if lower == name {
			continue
		}
		written := lower
		if strings.HasPrefix(e.File().Text(place), `"`) {
			written = quote(lower)
		}
		f.diags.Add(expression.UnknownField, place, "The names of headers are in lower case here.").Suggest(lower, written)
	}
}

// loose types expressions whose place is wrong, so that what is wrong inside them is told too.
func (f *flow) loose(at site, list ...*syntax.Expr) {
	for _, e := range list {
		if e != nil {
			f.expr(e, at, expression.Want{SecretOK: true, Optional: true})
		}
	}
}

// when types the condition of a node; inside it, it holds.
func (f *flow) when(n *stage, e *syntax.Expr, r reach) reach {
	if e == nil {
		return r
	}
	n.skips = true
	what := fmt.Sprintf("when of %s", n.op.ID)
	x := f.expr(e, site{block: n.home, scope: r.scope}, expression.Want{Type: types.AnyBoolean, What: what, SecretOK: true})
	if x == nil {
		return r
	}
	n.op.When = x
	switch v, ok := x.Const(); {
	case ok && v == false:
		f.diags.Add(lang.UnreachableStep, e.Range, "%s never runs: its condition is always false.", n.op.ID)
	case ok:
		f.constantCondition(e.Range, "This condition is always true, so it decides nothing.")
	}
	r.scope = f.tree(e).Assume(r.scope, true)
	return r
}

// constantCondition reports a condition that decides nothing, unless the part of it that makes it so
// has been reported.
func (f *flow) constantCondition(at source.Range, message string) {
	for _, d := range f.diags {
		if d.Rule == expression.ConditionConstant && at.Contains(d.Range) {
			return
		}
	}
	f.diags.Add(expression.ConditionConstant, at, "%s", message)
}

// checkStep types a step: its request or value, what replaces its failure, its checks.
func (f *flow) checkStep(n *stage, r reach) {
	s := n.step
	at := site{block: n.home, scope: r.scope}
	switch {
	case s.Call != nil:
		f.checkCall(n, at, r)
	case s.Value != nil:
		what := fmt.Sprintf("value of step %q", n.op.Name)
		n.op.Value = &plan.Compute{Value: f.alias(s.Value, at, expression.Want{What: what, Optional: true, SecretOK: true})}
		value := types.Invalid
		if x := n.op.Value.Value; x != nil {
			n.taint(x, "value")
			value = x.Type
			n.value = x
			n.op.Value.Guard = guard(x, what)
			_, plain := x.Path()
			f.record(x, at, plain)
		}
		n.result = types.ObjectOf(property("value", value), property("skipped", types.Const(false)))
	case s.Run != nil:
		f.checkRun(n, at)
	case s.Wait != nil:
		f.checkWait(n, at)
	default:
		f.loose(at, f.stepExprs(s)...)
		return
	}
	f.checkChecks(n, r)
}

// checkCall types the request of a step, and what becomes of its answer.
func (f *flow) checkCall(n *stage, at site, r reach) {
	s := n.step
	if n.calls[0].op == nil {
		f.loose(at, f.requestExprs(&s.Request)...)
		f.looseCatches(n, at)
		f.looseAfterwards(n, at)
		return
	}
	a := f.request(n, n.calls[0], &s.Request, s, at)
	n.answer, n.op.Call = a, a.call
	if s.Paginate != nil {
		f.paginate(n, at)
	} else {
		f.missingPagination(n)
	}
	n.result = f.callResult(n)
	f.checkRepeat(n, at)
	f.checkRecover(n, at)
	f.checkUndo(n, r)
	f.checkCatches(n, at)
}

// checkChecks types the assertions on a step's result. They see it as `response` and under its name.
func (f *flow) checkChecks(n *stage, r reach) {
	if len(n.step.Checks) == 0 {
		return
	}
	at := f.own(n, r)
	for _, c := range n.step.Checks {
		what := fmt.Sprintf("check %q", c.Name)
		check := &plan.Check{Name: c.Name, Range: c.Header}
		check.Assert = f.expr(c.Assert, at, expression.Want{Type: types.AnyBoolean, What: what, SecretOK: true})
		if check.Assert == nil {
			continue
		}
		if v, ok := check.Assert.Const(); ok && v == true {
			f.constantCondition(c.Assert.Range, "This check always holds, so it checks nothing.")
		}
		if c.Message != nil {
			check.Message = f.expr(c.Message, at, expression.Want{Type: types.AnyString, What: "message of " + what})
		}
		n.op.Checks = append(n.op.Checks, check)
	}
}

// own is a place that sees a step's own result, as `response` and under its name.
func (f *flow) own(n *stage, r reach) site {
	n.home.reach.define(n, n.named(n.result, ""))
	inner := reach{scope: r.scope, steps: cloned(r.steps), loops: r.loops}
	inner.steps[n.op.Name] = n.home.reach.steps[n.op.Name]
	inner.scope = inner.namespaces(r.scope)
	at := site{block: n.home, scope: inner.scope, response: n.answer}
	if n.answer != nil {
		at.scope.Define(n.tainted(&expression.Name{Name: "response", Key: "response", Type: n.result}))
	}
	return at
}

func property(name string, t *types.Type) *types.Property {
	return &types.Property{Name: name, Type: t, Required: !t.May(types.Absent)}
}

// guard keeps what could not be proven of a value for run time.
func guard(x *plan.Expr, what string) *plan.Guard {
	if x == nil || x.Guard == nil {
		return nil
	}
	return &plan.Guard{Type: x.Guard, What: what, Range: x.Range}
}

// checkSwitch types what a switch looks at and its labels.
func (f *flow) checkSwitch(n *stage, r reach) {
	s := n.sw
	at := site{block: n.home, scope: r.scope}
	what := fmt.Sprintf("on of switch %q", n.op.Name)
	n.op.Value = &plan.Compute{Choices: [][]string{}, Default: s.Default != nil}
	n.op.Value.Value = f.expr(s.On, at, expression.Want{Type: switchable, What: what, SecretOK: true})
	n.result = types.AnyInteger
	var labels []string
	for _, c := range s.Cases {
		var choice []string
		for _, v := range c.Values {
			choice, labels = append(choice, v.Text), append(labels, v.Text)
		}
		n.op.Value.Choices = append(n.op.Value.Choices, choice)
	}
	if x := n.op.Value.Value; x != nil {
		n.op.Value.Guard = guard(x, what)
		f.exhaustive(n, x.Type, labels)
	}
}

// switchable is what a switch can look at: what has a text form that labels can name.
var switchable = types.Union(types.AnyString, types.AnyInteger, types.AnyBoolean)

// exhaustive compares the labels with the values that are possible.
func (f *flow) exhaustive(n *stage, t *types.Type, labels []string) {
	constants, finite := t.Constants()
	if t.Shape().Invalid {
		return
	}
	if !finite {
		f.labels(n, t)
		return
	}
	var possible, missing []string
	for _, v := range constants {
		text, ok := labelText(v)
		if !ok {
			continue // null or absent: reported as such
		}
		possible = append(possible, text)
		if !contains(labels, text) {
			missing = append(missing, quote(text))
		}
	}
	for _, c := range n.sw.Cases {
		for _, v := range c.Values {
			if !contains(possible, v.Text) {
				near := diag.Nearest(v.Text, possible)
				f.diags.Add(expression.EnumValue, v.Range, "%s is never %q.", n.op.Value.Value.Source, v.Text).Suggest(near, quote(near)).
					Explain("It is one of %s.", listed(quoted(possible)))
			}
		}
	}
	if len(missing) > 0 && n.sw.Default == nil {
		f.diags.Add(lang.SwitchNotExhaustive, n.sw.OpenBrace, "Switch %q has no case for %s.", n.op.Name, listed(missing)).
			Explain("Every value that %s can have needs a case, or a default { } says that nothing is to be done for the rest.", n.op.Value.Value.Source).
			Relate(f.locate(t.Origin), "declared here")
	}
}

// labels reports cases that name a value of another kind than the switch looks at; if none fits, what it
// looks at is what is wrong.
func (f *flow) labels(n *stage, t *types.Type) {
	type label struct {
		text string
		at   source.Range
	}
	var wrong []label
	fits := false
	for _, c := range n.sw.Cases {
		for _, v := range c.Values {
			number, err := strconv.Atoi(v.Text)
			switch {
			case t.May(types.String), t.May(types.Boolean) && (v.Text == "true" || v.Text == "false"), err == nil && t.Contains(number):
				fits = true
			default:
				wrong = append(wrong, label{v.Text, v.Range})
			}
		}
	}
	on := n.op.Value.Value.Source
	if !fits && len(wrong) > 1 {
		f.diags.Add(expression.EnumValue, n.sw.On.Range, "%s is %s, which none of the cases is.", on, t.Phrase()).Relate(wrong[0].at, "the first case")
		return
	}
	for _, v := range wrong {
		f.diags.Add(expression.EnumValue, v.at, "%s is never %q: it is %s.", on, v.text, t.Phrase()).Relate(f.locate(t.Origin), "declared here")
	}
}

func quoted(list []string) []string {
	out := make([]string, len(list))
	for i, s := range list {
		out[i] = quote(s)
	}
	return out
}

// labelText is how a case names a value.
func labelText(v any) (string, bool) {
	switch v := v.(type) {
	case string:
		return v, true
	case int, bool:
		return fmt.Sprint(v), true
	}
	return "", false
}

// narrowed is the scope inside a case: what the switch looks at has one of the case's values, or, in
// the default, none of the others'.
func (f *flow) narrowed(c inCase, s *expression.Scope) *expression.Scope {
	compute := c.sw.op.Value
	if compute == nil || compute.Value == nil {
		return s
	}
	use, plain := compute.Value.Path()
	if !plain {
		return s
	}
	constants, finite := compute.Value.Type.Constants()
	var stay []any
	for _, v := range constants {
		text, _ := labelText(v)
		if c.sw.chosen(text) == c.index {
			stay = append(stay, v)
		}
	}
	switch {
	case finite && len(stay) > 0:
		return s.Narrow(use.Key, use.Path, types.Enum(stay...))
	case !finite && c.index < len(c.sw.sw.Cases) && compute.Value.Type.Is(types.String):
		return s.Narrow(use.Key, use.Path, enumOf(compute.Choices[c.index]))
	}
	return s
}

// chosen returns the index of the case for a value, as a run would.
func (n *stage) chosen(text string) int {
	for i, labels := range n.op.Value.Choices {
		if contains(labels, text) {
			return i
		}
	}
	return len(n.op.Value.Choices)
}
