package check

import (
	"fmt"
	"slices"
	"strings"

	"tenon/spec/diag"
	"tenon/spec/expression"
	"tenon/spec/model"
	"tenon/spec/plan"
	"tenon/spec/syntax"
	"tenon/spec/types"
)

// checkLoop types a for_each: what it goes through, its block, its aggregates.
func (f *flow) checkLoop(n *stage, r reach) {
	l := n.loop
	each := &plan.ForEach{
		Var: n.op.Name, Concurrency: max(1, l.Concurrency.Value), Continue: l.OnError.Value == "continue", MaxErrors: l.MaxErrors.Value,
	}
	n.op.ForEach = each
	element, list := f.elements(n, each, site{block: n.home, scope: r.scope})

	scope := expression.NewScope(r.scope)
	item := &expression.Name{Name: n.op.Name, Key: n.op.Name, Type: element, Range: l.NameRange}
	if list != nil && list.Tainted {
		item.Secret, item.Trail = true, secretSince(list, "the items of "+n.op.ID)
	}
	scope.Define(item)
	at := site{block: n.inner, scope: scope}
	if l.Where != nil {
		what := fmt.Sprintf("where of for_each %q", n.op.Name)
		each.Where = f.expr(l.Where, at, expression.Want{Type: types.AnyBoolean, What: what, SecretOK: true})
		if each.Where != nil {
			scope = f.tree(l.Where).Assume(scope, true)
			at.scope = scope
		}
	}
	if l.Key != nil {
		each.Key = f.expr(l.Key, at, expression.Want{Type: keyType, What: fmt.Sprintf("key of for_each %q", n.op.Name)})
		f.sameKey(n, each.Key)
	}
	if l.Lock != nil {
		each.Lock = f.expr(l.Lock, at, expression.Want{Type: keyType, What: fmt.Sprintf("lock of for_each %q", n.op.Name)})
	}
	if l.Once.Set {
		each.Once = &plan.Once{Within: l.Once.Value}
	}
	f.enter(n.inner, scope, r)
	each.Block = f.checkBlock(n.inner)
	n.result = f.loopResult(n)
}

// sameKey reports a key that does not depend on the item, so that all items would be taken for one.
func (f *flow) sameKey(n *stage, key *plan.Expr) {
	if key == nil || key.Type.Shape().Invalid || strings.Contains(key.Source, "(") { // uuid() and the like differ
		return
	}
	if !slices.ContainsFunc(key.Uses, func(u expression.Use) bool { return u.Key == n.op.Name }) {
		f.badType(n.loop.Key.Range, "The key of for_each %q is the same for every item: it does not depend on %s.", n.op.Name, n.op.Name).
			Explain("A key tells items apart, as in key = %s.id.", n.op.Name)
	}
}

// keyType is what can identify an item.
var keyType = types.Union(types.AnyString, types.AnyInteger)

// elements types `in` and returns the type of one element, and the list if it was understood.
func (f *flow) elements(n *stage, each *plan.ForEach, at site) (*types.Type, *plan.Expr) {
	if n.loop.In == nil {
		return types.Invalid, nil
	}
	what := fmt.Sprintf("in of for_each %q", n.op.Name)
	x := f.alias(n.loop.In, at, expression.Want{Type: iterable, What: what, StreamOK: true, SecretOK: true, Optional: f.isStream(n.loop.In)})
	if x == nil {
		return types.Invalid, nil
	}
	if !x.Type.May(types.Array | types.Stream) {
		return types.Invalid, nil // which has been reported
	}
	use, plain := x.Path()
	f.record(x, at, plain)
	if x.Type.May(types.Stream) && plain {
		if source := f.nodes[use.Key]; source != nil {
			each.Stream = use.Key
			f.consume(n, source)
			return x.Type.Elem(), x
		}
	}
	if x.Type.May(types.Stream) && !x.Type.Shape().Untyped && !x.Type.Shape().Invalid {
		f.diags.Add(expression.StreamNotCollected, n.loop.In.Range, "Which items are gone through must be plain: step.NAME.items, or a list.").
			Explain("To compute with the items of a step, collect them: collect(step.NAME.items).")
		return x.Type.Elem(), x
	}
	each.In = x
	each.Guard = guard(x, what)
	return x.Type.Elem(), x
}

// isStream reports whether an expression is the items of a paginated step. If that step did not run,
// there are none to go through.
func (f *flow) isStream(e *syntax.Expr) bool {
	path, ok := e.Traversal()
	if !ok || len(path) != 3 || path[0].Name != "step" || path[2].Name != "items" {
		return false
	}
	source := f.nodes["step."+path[1].Name]
	return source != nil && source.answer != nil && (source.answer.element != nil || source.answer.item != nil)
}

// iterable is what a for_each can go through.
var iterable = types.Union(types.ListOf(types.Any), types.StreamOf(types.Any))

// consume records that n reads the pages of source: once, and where they arrive.
func (f *flow) consume(n, source *stage) {
	switch {
	case source.home != n.home:
		f.diags.Add(expression.StreamNotCollected, n.loop.In.Range, "The items of step %q are read page by page and only once, but this for_each runs many times.", source.op.Name).
			Explain("Write in = collect(step.%s.items): the items are then kept in memory.", source.op.Name).
			Fix = collectFix(n.loop)
	case source.consumer != nil:
		f.diags.Add(expression.StreamNotCollected, n.loop.In.Range, "The items of step %q are read page by page and only once: for_each %q reads them already.", source.op.Name, source.consumer.op.Name).
			Explain("Write in = collect(step.%s.items) in both: the items are then kept in memory.", source.op.Name).
			Relate(source.consumer.loop.In.Range, "read here")
	default:
		source.consumer = n
	}
}

func collectFix(l *model.ForEach) *diag.Edit {
	return &diag.Edit{Range: l.In.Range, New: "collect(" + l.In.Text() + ")"}
}

// loopResult types what a for_each offers when it is done: counts, and its aggregates.
func (f *flow) loopResult(n *stage) *types.Type {
	props := []*types.Property{}
	for _, name := range []string{"count", "succeeded", "failed", "skipped"} {
		props = append(props, property(name, countType))
	}
	at := site{block: n.inner, scope: n.inner.reach.scope}
	for _, a := range n.loop.Aggregates {
		if t := f.aggregate(n, a, at); t != nil {
			props = append(props, property(a.Name, t))
		}
	}
	return types.ObjectOf(props...)
}

// countType is a number of items.
var countType = atLeast(0)

func atLeast(n int) *types.Type {
	low, _ := types.NumOf(n)
	return types.Intersect(types.AnyInteger, types.New(&types.Shape{Kinds: types.Integer, Numbers: []*types.Numeric{{Min: &low}}}))
}

// aggregate types one fold over the items that succeeded.
func (f *flow) aggregate(n *stage, a *model.Aggregate, at site) *types.Type {
	what := fmt.Sprintf("aggregate %q", a.Name)
	want := expression.Want{What: what, Optional: true, SecretOK: true} // what is absent is passed over
	switch a.Func {
	case "sum":
		want.Type = types.AnyNumber
	case "count":
		want.Type = types.AnyBoolean
	case "min", "max":
		want.Type = ordered
	}
	x := f.expr(a.Value, at, want)
	if x == nil {
		return types.Invalid
	}
	n.taint(x, a.Name)
	n.op.ForEach.Aggregates = append(n.op.ForEach.Aggregates, &plan.Aggregate{
		Name: a.Name, Func: a.Func, Value: x, Guard: guard(x, what), Range: a.Header,
	})
	present := x.Type.Without(types.Absent)
	switch a.Func {
	case "sum":
		if present.Is(types.Integer) {
			return types.AnyInteger
		}
		return types.AnyNumber
	case "count":
		return countType
	case "list":
		return types.ListOf(present)
	}
	if a.Func == "min" || a.Func == "max" {
		present = present.Without(types.Null) // passed over
	}
	return present.With(types.Absent)
}

// ordered is what has a least and a greatest.
var ordered = types.Union(types.AnyNumber, types.AnyString, types.AnyTime, types.AnyDuration)
