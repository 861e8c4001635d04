package check

import (
	"fmt"
	"slices"
	"strings"

	"tenon/spec/expression"
	"tenon/spec/lang"
	"tenon/spec/openapi"
	"tenon/spec/paging"
	"tenon/spec/plan"
	"tenon/spec/types"
)

// extensionName is the extension by which a document, or an overlay, says how an operation pages.
const extensionName = "x-tenon-pagination"

// largestPage bounds the page size that is asked for where an author names none.
const largestPage = 1000

// inferPages fills in what the author leaves out of a paginate block.
func (f *flow) inferPages(n *stage, at site) {
	m, a := n.step.Paginate, n.answer
	found := f.paging(a)
	pages := a.call.Paginate
	if x := found.extension; x != nil && !x.None {
		f.extended(n, found, at)
		return
	}
	if m.Items == nil && found.HasItems {
		a.items = f.implied(n, found.ItemsText(), at, f.wantItems(n))
	}
	if m.Next != nil {
		if a.items == nil {
			f.unknownPages(n, found)
		}
		return
	}
	if found.Scheme == nil {
		f.unknownPages(n, found)
		return
	}
	s := found.Scheme
	f.takeBody(a, s)
	want := f.wantNext(n)
	x := f.implied(n, s.NextText(), at, want)
	if x == nil {
		found.Lacks = fmt.Sprintf("What it seems to take does not fit its own types: next = %s.", s.NextText())
		f.unknownPages(n, found)
		return
	}
	f.record(x, at, false)
	pages.Next, pages.Guard = x, guard(x, want.What)
	pages.Rule, pages.Follow, pages.Blind = string(s.Rule), true, s.Blind()
	for _, e := range s.Evidence {
		pages.Evidence = append(pages.Evidence, plan.Evidence{Text: e.Text, At: f.specPlace(f.locate(e.Origin))})
	}
	f.askSize(n, s)
}

// implied types an expression that the author left out. What is doubtful about it he cannot mend, so only
// errors count: then there is none.
func (f *flow) implied(n *stage, text string, at site, w expression.Want) *plan.Expr {
	t, diags := expression.Implied(text, n.step.Paginate.Header)
	if diags.HasErrors() {
		return nil
	}
	w.Missing, w.Locate = n.step.Paginate.Header, f.locate
	x, diags := t.Check(at.scope, w)
	if diags.HasErrors() {
		return nil
	}
	return x
}

// pagesFound is what is known about how an operation pages.
type pagesFound struct {
	*paging.Finding
	extension *openapi.Pagination // nil: the document says nothing
}

// paging finds out how a call's operation pages.
func (f *flow) paging(a *answer) *pagesFound {
	doc := a.op.api.doc
	q := paging.Question{
		Operation: a.op.Operation, Answer: a.body, Body: a.requestBody(), Notes: doc,
		Style: func() paging.Style { return paging.Survey(doc) },
	}
	if a.items != nil {
		q.Items, q.ItemsGiven = itemsPath(a.items)
	}
	// What is found depends on no more than this, so that it is found once for as long as the document is the same.
	if slices.Contains(a.op.api.inline, a.op.Operation) { // which is not the document's
		return &pagesFound{paging.Infer(q), nil}
	}
	key := pagingKey{a.op.Operation, strings.Join(q.Items, "\x00"), q.ItemsGiven, bodyType(a), successes(a)}
	return &pagesFound{openapi.Derived(doc, key, func() *paging.Finding { return paging.Infer(q) }), a.op.Pagination}
}

// pagingKey is what a finding about an operation depends on.
type pagingKey struct {
	op         *openapi.Operation
	items      string
	itemsGiven bool
	body       string // its media type
	successes  string // the statuses that are taken as such
}

func bodyType(a *answer) string {
	if a.call.Body == nil {
		return ""
	}
	return a.call.Body.ContentType
}

func successes(a *answer) string {
	out := ""
	for _, r := range a.received {
		if r.Success {
			out += r.Status + " "
		}
	}
	return out
}

// itemsPath is the path of items in the answer's body, if that is all that their expression says.
func itemsPath(x *plan.Expr) ([]string, bool) {
	use, plain := x.Path()
	if !plain || use.Key != "response" || len(use.Path) == 0 || use.Path[0] != "body" || slices.Contains(use.Path, "[]") {
		return nil, false
	}
	return use.Path[1:], true
}

// takeBody gives a call without a body an empty one, where the cursor travels there.
func (f *flow) takeBody(a *answer, s *paging.Scheme) {
	if s.Param == nil || s.Param.In != "body" || a.call.Body != nil || a.op.Body == nil {
		return
	}
	if m := chooseMedia(a.op.Body.Content); m != nil {
		a.call.Body = &plan.Body{ContentType: concrete(m.Name), Value: expression.Constant(map[string]any{}, a.call.Range)}
	}
}

// askSize asks for pages as large as they may be, unless the author says how large they are to be: fewer
// requests are made then.
func (f *flow) askSize(n *stage, s *paging.Scheme) {
	call := n.answer.call
	if s.Say {
		f.addParam(call, s.Param, s.First)
	}
	if s.Size == nil || s.Size.In == "body" {
		return
	}
	call.Paginate.Size = s.Size.Name()
	most := min(s.Most, largestPage)
	if limit := n.step.Paginate.Limit.Value; limit > 0 {
		most = min(most, limit)
	}
	if v, ok := n.answer.op.api.doc.Default(s.Size.Origin); ok && most > 0 {
		if usual, isNumber := v.(float64); isNumber && int(usual) >= most && n.step.Paginate.Limit.Value == 0 {
			return
		}
	}
	if most > 0 && s.Size.Type.Contains(most) {
		f.addParam(call, s.Size, most)
	}
}

// addParam gives a parameter of which the author says nothing.
func (f *flow) addParam(call *plan.Call, place *paging.Place, v int) {
	if slices.ContainsFunc(call.Params, func(p *plan.Param) bool { return p.Name == place.Name() && p.In == place.In }) {
		return
	}
	i := slices.IndexFunc(f.answers, func(a *answer) bool { return a.call == call })
	for _, p := range f.answers[i].op.Parameters {
		if p.Name == place.Name() && p.In == place.In {
			call.Params = append(call.Params, &plan.Param{
				Name: p.Name, In: p.In, Style: p.Style, Explode: p.Explode, AllowReserved: p.AllowReserved, ContentType: p.ContentType,
				Required: p.Required, Value: expression.Constant(v, call.Range),
			})
		}
	}
}

// extended takes what the document says by its extension.
func (f *flow) extended(n *stage, found *pagesFound, at site) {
	m, a, x := n.step.Paginate, n.answer, found.extension
	pages := a.call.Paginate
	wrong := ""
	if m.Items == nil {
		text := x.Items.Value
		if text == "" && found.HasItems {
			text = found.ItemsText()
		}
		if a.items = f.implied(n, text, at, f.wantItems(n)); a.items == nil && wrong == "" {
			wrong = fmt.Sprintf("has items that are no list of this answer: %s", text)
		}
	}
	if m.Next == nil {
		want := f.wantNext(n)
		text := x.Next.Value
		if text == "" && found.Scheme != nil {
			text = found.Scheme.NextText()
		}
		next := f.implied(n, text, at, want)
		if next == nil && wrong == "" {
			wrong = fmt.Sprintf("has a next that does not fit this operation: %s", text)
		}
		if next != nil {
			f.record(next, at, false)
		}
		pages.Next, pages.Guard, pages.Rule = next, guard(next, want.What), extensionName
	}
	place := f.locate(x.Origin)
	pages.Evidence = []plan.Evidence{{Text: "the spec says so by " + extensionName, At: f.specPlace(place)}}
	if wrong != "" {
		a.items = nil
		f.diags.Add(lang.PaginationUnknown, m.Header, "How %s is read page by page is not known: %s in its spec %s.", a.op.name(), extensionName, wrong).
			Explain("Mend it in the overlay, or write items and next here.").Relate(place, "written here")
	}
}

// unknownPages reports what cannot be inferred: what was found, what lacks, and how to write it.
func (f *flow) unknownPages(n *stage, found *pagesFound) {
	m, a := n.step.Paginate, n.answer
	what := "items and next"
	switch {
	case m.Items != nil || a.items != nil:
		what = "next"
	case m.Next != nil || found.OnlyItems():
		what = "items"
	}
	if a.body.Shape().Invalid {
		return // that it cannot be read has been said, or will be
	}
	d := f.diags.Add(lang.PaginationUnknown, m.Header, "How %s is read page by page cannot be told from its spec: %s must be written.", a.op.name(), what)
	d.Explain("%s", strings.Join(append(found.report(), found.proposal(m.Items != nil, m.Next != nil || found.OnlyItems())...), "\n"))
	for _, e := range found.Found {
		d.Relate(f.locate(e.Origin), "%s", e.Text)
	}
	if len(found.Found) == 0 {
		d.Relate(f.locate(a.op.Origin), "declared here")
	}
}

// report says what was found and what lacks.
func (p *pagesFound) report() []string {
	var out []string
	if p.extension != nil && p.extension.None {
		return []string{"Its spec says by " + extensionName + " that it does not page."}
	}
	if len(p.Found) > 0 {
		var facts []string
		for _, e := range p.Found {
			facts = append(facts, e.Text)
		}
		out = append(out, "Found: "+strings.Join(facts, "; ")+".")
	}
	if p.Lacks != "" {
		out = append(out, p.Lacks)
	}
	return out
}

// proposal is the block to write, as far as it is known.
func (p *pagesFound) proposal(items, next bool) []string {
	out := []string{"Write it as the provider's documentation has it, such as:"}
	if !items {
		text := "response.body.…"
		if p.HasItems {
			text = p.ItemsText()
		}
		out = append(out, "  items = "+text)
	}
	if !next {
		out = append(out, "  next = "+p.Proposal(), `If it answers with a Link header: next = link_url(response.headers.link, "next").`)
	}
	return out
}

// answersList reports whether an operation answers with a list.
func (f *flow) answersList(a *answer) bool {
	type key struct {
		op        *openapi.Operation
		successes string
	}
	look := func() bool {
		_, _, _, ok := paging.Items(a.body, a.op.Path)
		return ok
	}
	if slices.Contains(a.op.api.inline, a.op.Operation) {
		return look()
	}
	return openapi.Derived(a.op.api.doc, key{a.op.Operation, successes(a)}, look)
}

// missingPagination notes a list that may have further pages which nobody reads.
func (f *flow) missingPagination(n *stage) {
	a := n.answer
	if !n.op.Call.Safe || a.op.api.doc == nil {
		return
	}
	if !f.answersList(a) {
		return
	}
	found := f.paging(a)
	if found.extension != nil && found.extension.None || !found.Paged() && found.extension == nil {
		return
	}
	var takes *openapi.Parameter
	for _, p := range a.op.Parameters {
		if !found.Asks(p.Name) {
			continue
		}
		if slices.ContainsFunc(a.call.Params, func(x *plan.Param) bool { return x.Name == p.Name }) {
			return
		}
		if takes == nil {
			takes = p
		}
	}
	inferred := found.Scheme != nil || found.extension != nil
	if takes == nil && !inferred {
		return
	}
	reason, origin := "", types.Origin{}
	switch {
	case takes != nil:
		reason, origin = fmt.Sprintf("it takes %q", takes.Name), takes.Origin
	case found.Scheme != nil && len(found.Scheme.Evidence) > 0:
		reason, origin = found.Scheme.Evidence[0].Text, found.Scheme.Evidence[0].Origin
	default:
		reason = "its spec says so"
	}
	d := f.diags.Add(lang.PaginationMissing, n.step.Call.Range, "%s answers in pages (%s), and only the first is read.", a.op.name(), reason)
	d.Relate(f.locate(origin), "declared here")
	if !inferred {
		d.Explain("To read them all, add paginate { items = …, next = … } and go through step.%s.items.", n.op.Name)
		return
	}
	d.Explain("To read them all, add paginate {} and go through step.%s.items.", n.op.Name)
	f.firstOnly = append(f.firstOnly, firstOnly{d, n, found.Items})
}
