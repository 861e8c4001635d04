package check

import (
	"fmt"
	"slices"
	"strings"

	"tenon/spec/expression"
	"tenon/spec/lang"
	"tenon/spec/plan"
	"tenon/spec/types"
)

// paginate types how a list is read page by page.
func (f *flow) paginate(n *stage, at site) {
	m, a := n.step.Paginate, n.answer
	a.element = types.Invalid
	if m.Items == nil {
		return
	}
	scope := expression.NewScope(at.scope)
	scope.Define(&expression.Name{Name: "response", Key: "response", Type: types.ObjectOf(
		property("status", statusType), property("headers", a.headers), property("body", a.body))})
	at.scope, at.response = scope, a
	what := fmt.Sprintf("items of step %q", n.op.Name)
	a.items = f.alias(m.Items, at, expression.Want{Type: types.ListOf(types.Any), What: what})
	if a.items == nil {
		return
	}
	_, plain := a.items.Path()
	f.record(a.items, at, plain)
	a.element = a.items.Type.Elem()
	a.call.Paginate = &plan.Paginate{Items: a.items, Limit: int64(m.Limit.Value), Rule: "explicit"}
	if m.Next != nil {
		what := fmt.Sprintf("next of step %q", n.op.Name)
		a.call.Paginate.Next = f.expr(m.Next, at, expression.Want{Type: a.nextType(), What: what, Optional: true})
		a.call.Paginate.Guard = guard(a.call.Paginate.Next, what)
	}
}

// nextType is how a further page can be asked for: parameters of the operation, parts of its body, or
// a URL; nothing on the last page.
func (a *answer) nextType() *types.Type {
	var props []*types.Property
	seen := map[string]bool{}
	for _, p := range a.op.Parameters {
		if !seen[p.Name] {
			seen[p.Name] = true
			props = append(props, &types.Property{Name: p.Name, Type: nextParam(p.Type), Origin: p.Origin})
		}
	}
	if a.op.Body != nil && !seen["body"] {
		body := types.MapOf(types.Any)
		if m := chooseMedia(a.op.Body.Content); m != nil && len(m.Type.PropertyNames()) > 0 {
			body = optionalProperties(m.Type)
		}
		props = append(props, &types.Property{Name: "body", Type: body.With(types.Absent), Origin: a.op.Body.Origin})
	}
	return types.Union(types.ObjectOf(props...), types.AnyString, types.JustNull, types.JustAbsent)
}

// nextParam is what a parameter of a further page may be: what it always may be, and whole numbers and
// booleans where any text is taken.
func nextParam(t *types.Type) *types.Type {
	const roomy = 20 // what a 64 bit integer needs
	for _, x := range t.Shape().Strings {
		if x.Enum != nil || x.Format != "" || len(x.Patterns) > 0 || x.MinLen > 1 || x.MaxLen >= 0 && x.MaxLen < roomy {
			return t.With(types.Absent)
		}
	}
	if !t.May(types.String) {
		return t.With(types.Absent)
	}
	return types.Union(t, types.AnyInteger, types.AnyBoolean).With(types.Absent)
}

// optionalProperties is an object with any of t's properties.
func optionalProperties(t *types.Type) *types.Type {
	var props []*types.Property
	for _, name := range t.PropertyNames() {
		props = append(props, &types.Property{Name: name, Type: t.Field(name).Type.With(types.Absent)})
	}
	return types.ObjectOf(props...)
}

// pageParameters are the names by which APIs ask for a part of a list, in lower case without
// separators.
var pageParameters = []string{
	"page", "perpage", "pagesize", "pagenumber", "pagetoken", "nexttoken", "cursor", "after", "startingafter", "offset", "continue", "marker", "pagecursor",
}

// missingPagination notes a list that may have further pages which nobody reads.
func (f *flow) missingPagination(n *stage) {
	a := n.answer
	if n.op.Call.Method != "GET" {
		return
	}
	for _, p := range a.op.Parameters {
		name := strings.ToLower(strings.NewReplacer("_", "", "-", "", "[", "", "]", "").Replace(p.Name))
		given := slices.ContainsFunc(a.call.Params, func(x *plan.Param) bool { return x.Name == p.Name })
		if p.In != "query" || !contains(pageParameters, name) {
			continue
		}
		if !given && hasList(a.body) {
			f.diags.Add(lang.PaginationMissing, n.step.Call.Range, "%s answers in pages (it takes %q), and only the first is read.", a.op.name(), p.Name).
				Explain("To read them all, add paginate { items = …, next = … } and go through step.%s.items.", n.op.Name).
				Relate(f.locate(p.Origin), "declared here")
		}
		return
	}
}

// hasList reports whether an answer is a list or an object with one.
func hasList(t *types.Type) bool {
	if t.May(types.Array) {
		return true
	}
	for _, name := range t.PropertyNames() {
		if t.Field(name).Type.May(types.Array) {
			return true
		}
	}
	return false
}
