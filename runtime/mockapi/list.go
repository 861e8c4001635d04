package mockapi

import (
	"net/http"
	"slices"
	"strconv"
	"strings"

	"tenon/spec/openapi"
	"tenon/spec/paging"
	"tenon/spec/types"
)

// list is an answer that holds one page of a longer list.
type list struct {
	*call
	*pager
}

// pager is how an operation pages, as far as a mock needs to know.
type pager struct {
	t      *types.Type // of the whole answer
	at     []string    // where the elements are; empty: the answer is the list
	items  *types.Type // the list's own type
	rule   paging.Rule // "" where it cannot be inferred; the parameters are heeded all the same
	linked bool        // the answer declares a Link header
	cursor *spot       // what says where to go on; nil if there is nothing, as below
	page   *spot
	offset *spot
	size   *spot
	first  int  // the number of the first page
	keyed  bool // the cursor is the id of the last element seen, since the answer has no token for it
}

// spot is where a request says something about pages.
type spot struct {
	*paging.Place
	index int // in the operation's parameters; -1 for the body
}

// listOf says how the operation pages; nil if it does not.
func (c *call) listOf(response *openapi.Response, t *types.Type) *list {
	known, ok := c.pagers.Load(c.op)
	if !ok {
		known, _ = c.pagers.LoadOrStore(c.op, c.pagerOf(response, t))
	}
	p := known.(*pager)
	if p == nil || p.t != t {
		if p = c.pagerOf(response, t); p == nil {
			return nil
		}
	}
	return &list{c, p}
}

func (c *call) pagerOf(response *openapi.Response, t *types.Type) *pager {
	q := paging.Question{Operation: c.op, Answer: t, Notes: c.doc, Style: c.style}
	if c.op.Body != nil && len(c.op.Body.Content) > 0 {
		q.Body = c.op.Body.Content[max(0, slices.IndexFunc(c.op.Body.Content, (*openapi.MediaType).JSON))].Type
	}
	found := paging.Infer(q)
	if !found.HasItems {
		return nil
	}
	p := &pager{t: t, at: found.Items, items: t}
	for _, name := range p.at {
		p.items = p.items.Field(name).Type
	}
	if s := p.items.Shape(); len(s.Arrays) > 1 { // of several kinds of list, one
		p.items = types.New(&types.Shape{Kinds: types.Array, Arrays: s.Arrays[:1]})
	}
	asked := found.Asked()
	p.size, p.page, p.offset = c.place(asked.Size), c.place(asked.Page), c.place(asked.Offset)
	if len(asked.Cursors) > 0 {
		p.cursor = c.place(asked.Cursors[0])
	}
	p.linked = slices.ContainsFunc(response.Headers, func(h *openapi.Header) bool { return strings.EqualFold(h.Name, "Link") })
	if s := found.Scheme; s != nil {
		p.rule = s.Rule
		if s.Rule == paging.ByToken || s.Rule == paging.ByKey {
			p.cursor = c.place(s.Param)
		}
		p.linked = p.linked || s.Rule == paging.ByLink
	}
	p.keyed = p.cursor != nil && (p.rule == paging.ByKey || p.rule == "")
	if p.page != nil {
		p.first = paging.FirstPage(p.page.Place, c.doc, c.style)
	}
	if p.rule == "" && !asked.Any() {
		return nil
	}
	return p
}

func (c *call) style() paging.Style { return paging.Survey(c.doc) }

func (c *call) place(p *paging.Place) *spot {
	if p == nil {
		return nil
	}
	return &spot{p, slices.IndexFunc(c.op.Parameters, func(q *openapi.Parameter) bool { return q.In == p.In && q.Name == p.Name() })}
}

// said is what the request says in a place; types.Missing if it says nothing.
func (l *list) said(p *spot) any {
	switch {
	case p == nil:
		return types.Missing
	case p.index >= 0:
		return l.params[p.index]
	}
	v := l.content
	for _, name := range p.Path {
		v = types.Get(v, name)
	}
	return v
}

// span is the part of the list that a request asks for.
type span struct {
	from, to, size, total int
}

func (s span) more() bool { return s.to < s.total }

// span reads the paging parameters.
func (l *list) span() span {
	s := span{total: max(0, l.opt.Items), size: 10}
	if l.offset != nil { // an offset in steps of the page size
		for _, n := range l.offset.Type.Shape().Numbers {
			if n.MultipleOf != nil {
				if step, ok := n.MultipleOf.Int(); ok && step > 1 {
					s.size = step
				}
			}
		}
	}
	if n, ok := l.integer(l.size); ok {
		s.size = max(1, n)
	}
	for _, a := range l.items.Shape().Arrays {
		if a.MaxLen > 0 {
			s.size = min(s.size, a.MaxLen)
		}
	}
	s.from = min(max(0, l.position(s)), s.total)
	s.to = min(s.from+min(s.size, s.total), s.total)
	return s
}

// position is the index of the first element asked for.
func (l *list) position(s span) int {
	if v := l.said(l.cursor); !types.IsMissing(v) && v != nil {
		if l.keyed {
			return l.indexAfter(v, s.total)
		}
		return tokenIndex(v)
	}
	if n, ok := l.integer(l.page); ok {
		return saturated(n-l.first, s.size, s.total)
	}
	if n, ok := l.integer(l.offset); ok {
		return n
	}
	if l.page == nil && l.offset == nil && l.cursor == nil { // the next URL is ours to make
		return tokenIndex(l.r.URL.Query().Get(ownCursor))
	}
	return 0
}

// saturated is n times size, total at most.
func saturated(n, size, total int) int {
	if n > total {
		return total
	}
	return n * size
}

// integer is the number that the request says in a place, if it does; also as text.
func (l *list) integer(p *spot) (int, bool) {
	switch v := l.said(p).(type) {
	case int:
		return v, true
	case string:
		n, err := strconv.Atoi(v)
		return n, err == nil
	}
	return 0, false
}

// answerPage makes the answer that holds one page; generated is an answer to begin with. ok is false
// if what comes out would not be what the document declares.
func (l *list) answerPage(generated any) (v any, header http.Header, ok bool) {
	s := l.span()
	elements := make([]any, 0, s.to-s.from)
	for i := s.from; i < s.to; i++ {
		e, err := l.element(i)
		if err != nil {
			return nil, nil, false
		}
		elements = append(elements, e)
	}
	last := any(types.Missing)
	if len(elements) > 0 {
		last = elements[len(elements)-1]
	}
	v = l.signal(generated, s, last)
	v = place(v, l.at, elements)
	if l.linked && s.more() {
		header = http.Header{"Link": {"<" + l.nextURL(s, last) + `>; rel="next"`}}
	}
	return v, header, l.t.Contains(v)
}

// place puts the elements where they belong in an answer.
func place(v any, at []string, elements []any) any {
	if len(at) == 0 {
		return elements
	}
	object, _ := v.(map[string]any)
	changed := make(map[string]any, len(object)+1)
	for name, value := range object {
		changed[name] = value
	}
	changed[at[0]] = place(object[at[0]], at[1:], elements)
	return changed
}
