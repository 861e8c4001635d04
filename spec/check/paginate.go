package check

import (
	"fmt"

	"tenon/spec/diag"
	"tenon/spec/expression"
	"tenon/spec/lang"
	"tenon/spec/plan"
	"tenon/spec/source"
	"tenon/spec/syntax"
	"tenon/spec/types"
)

// paginate types how a list is read page by page: as the author writes it, and what he leaves out as the
// spec has it.
func (f *flow) paginate(n *stage, at site) {
	m, a := n.step.Paginate, n.answer
	a.element = types.Invalid
	a.call.Paginate = &plan.Paginate{Limit: int64(m.Limit.Value), Rule: "explicit"}
	atItems, at := f.pageSites(a, at)
	if m.Items != nil {
		a.items = f.alias(m.Items, atItems, f.wantItems(n))
		if a.items == nil {
			f.loose(at, m.Next)
			return
		}
	}
	if m.Items == nil || m.Next == nil {
		f.inferPages(n, at)
	}
	if a.items == nil {
		f.loose(at, m.Next)
		return
	}
	_, plain := a.items.Path()
	f.record(a.items, atItems, plain)
	a.element = a.items.Type.Elem()
	a.call.Paginate.Items = a.items
	if m.Next != nil {
		want := f.wantNext(n)
		wrong := f.diags.Count(diag.Error)
		x := f.expr(m.Next, at, want)
		a.call.Paginate.Next, a.call.Paginate.Guard = x, guard(x, want.What)
		if f.diags.Count(diag.Error) == wrong {
			f.endless(n, m.Next, x)
		}
	}
}

// pageSites are where the expressions of pagination stand: both see a page's answer; next, also what the page
// was asked for by.
func (f *flow) pageSites(a *answer, at site) (items, next site) {
	scope := expression.NewScope(at.scope)
	scope.Define(&expression.Name{Name: "response", Key: "response", Type: types.ObjectOf(
		property("status", statusType), property("headers", a.headers), property("body", a.body))})
	at.scope, at.response = scope, a
	items, next = at, at
	next.scope, next.paging = expression.NewScope(scope), true
	next.scope.Define(&expression.Name{Name: "request", Key: "request", Type: a.requestType()})
	return items, next
}

func (f *flow) wantItems(n *stage) expression.Want {
	return expression.Want{Type: types.ListOf(types.Any), What: fmt.Sprintf("items of step %q", n.op.Name)}
}

func (f *flow) wantNext(n *stage) expression.Want {
	return expression.Want{Type: n.answer.nextType(), What: fmt.Sprintf("next of step %q", n.op.Name), Optional: true}
}

// requestType is what a page was asked for by: parameters, and a body where the operation takes one.
func (a *answer) requestType() *types.Type {
	var params []*types.Property
	seen := map[string]bool{}
	for _, p := range a.op.Parameters {
		if !seen[p.Name] {
			seen[p.Name] = true
			params = append(params, &types.Property{Name: p.Name, Type: nextParam(p.Type).With(types.Absent), Origin: p.Origin})
		}
	}
	props := []*types.Property{property("params", types.ObjectOf(params...))}
	if body := a.requestBody(); body != nil {
		props = append(props, property("body", body.With(types.Absent)))
	}
	return types.ObjectOf(props...)
}

// requestBody is the type of the body that the operation takes, in the form in which it is sent; nil if it
// takes none.
func (a *answer) requestBody() *types.Type {
	if a.op.Body == nil {
		return nil
	}
	m := chooseMedia(a.op.Body.Content)
	if sent := a.call.Body; sent != nil {
		m = matching(a.op.Body.Content, sent.ContentType)
	}
	if m == nil {
		return nil
	}
	return m.Value(types.Request)
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

// endless reports a next that is the same for every page: the third page is the second one again.
func (f *flow) endless(n *stage, e *syntax.Expr, x *plan.Expr) {
	if x == nil {
		return
	}
	moves := false
	for _, u := range x.Uses {
		moves = moves || u.Key == "response" || u.Key == "request"
	}
	ends := x.Type.May(types.Null | types.Absent)
	switch {
	case !moves && x.Type.May(types.Object|types.String) && !ends, same(x.Type.Without(types.Null | types.Absent)):
	default:
		return
	}
	d := f.diags.Add(lang.PaginationEndless, e.Range, "This asks for the same page after every page, so step %q would read it again and again.", n.op.Name)
	if moves && ends { // it may end before
		d.Severity = diag.Warning
	}
	d.Explain("Say where to go on from the page just read: response is its answer, request what it was asked for by. "+
		"A page number counts up with %s.", "{ page = coalesce(request.params.page, 1) + 1 }")
}

// same reports whether every value of t asks for the same page.
func same(t *types.Type) bool {
	s := t.Shape()
	if s.Untyped || s.Invalid || len(s.Opaque) > 0 {
		return false
	}
	switch {
	case t.Is(types.String):
		values, ok := t.Constants()
		return ok && len(values) == 1
	case !t.Is(types.Object) || len(s.Objects) != 1 || len(s.Objects[0].Properties) == 0:
		return false
	}
	for _, p := range s.Objects[0].Properties {
		values, ok := p.Type.Constants()
		if !(ok && len(values) == 1) && !same(p.Type) {
			return false
		}
	}
	return true
}

// specPlace is a place in a specification as people write it: "openapi/shop.yaml:12".
func (f *flow) specPlace(r source.Range) string {
	if r.IsZero() {
		return ""
	}
	if file := f.files[r.File]; file != nil {
		return fmt.Sprintf("%s:%d", r.File, file.Position(r.Start).Line)
	}
	return r.File
}
