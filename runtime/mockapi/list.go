package mockapi

import (
	"net/http"
	"slices"
	"strings"

	"tenon/spec/openapi"
	"tenon/spec/types"
)

// list is an answer that holds one page of a longer list.
type list struct {
	*call
	t      *types.Type // of the whole answer
	at     []string    // where the elements are; empty: the answer is the list
	items  *types.Type // the list's own type
	linked bool        // the answer declares a Link header
	cursor int         // index of the parameter that says where to go on; -1 if there is none, as below
	page   int
	offset int
	size   int
	keyed  bool // the cursor is the id of the last element seen, since the answer has no token for it
}

// The names that parameters have in real documents, without case and punctuation.
var (
	sizeNames   = names("per_page page_size limit size count max_results top first take rows page_limit results_per_page items_per_page max_items max num_results")
	pageNames   = names("page page_number page_num page_no p current_page page_index")
	offsetNames = names("offset skip start_at start_index start page_offset from")
	cursorNames = names("cursor after starting_after page_token next_token next_page_token continuation_token continue marker start_cursor after_cursor page_cursor page_after next_cursor scroll_id pagination_token page next_page")
)

func names(list string) map[string]bool {
	out := map[string]bool{}
	for _, name := range strings.Fields(list) {
		out[plain(name)] = true
	}
	return out
}

// plain is a name without case and punctuation: "page[size]" and "pageSize" are "pagesize".
func plain(name string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r >= 'A' && r <= 'Z':
			return r + 'a' - 'A'
		case r >= 'a' && r <= 'z' || r >= '0' && r <= '9':
			return r
		}
		return -1
	}, name)
}

// listOf says how the operation pages; nil if it does not.
func (c *call) listOf(response *openapi.Response, t *types.Type) *list {
	l := &list{call: c, t: t}
	var ok bool
	if l.at, l.items, ok = locate(t, c.op.Path); !ok {
		return nil
	}
	isInteger := func(t *types.Type) bool { return t.May(types.Integer) && !t.May(types.Array|types.Object) }
	isText := func(t *types.Type) bool { return t.May(types.Scalar) && !isTime(t) }
	l.size = c.param(sizeNames, isInteger)
	l.page = c.param(pageNames, isInteger)
	l.offset = c.param(offsetNames, isInteger)
	l.cursor = c.param(cursorNames, func(t *types.Type) bool { return isText(t) && !(l.page >= 0 && t == c.op.Parameters[l.page].Type) })
	l.linked = slices.ContainsFunc(response.Headers, func(h *openapi.Header) bool { return strings.EqualFold(h.Name, "Link") })
	signals := l.signals()
	l.keyed = l.cursor >= 0 && !signals[signalToken] && !signals[signalURL] && !l.linked
	if l.size < 0 && l.page < 0 && l.offset < 0 && l.cursor < 0 && !signals[signalURL] {
		return nil
	}
	return l
}

// param is the index of the query parameter with one of the names and a type that fits; -1 if there is
// none.
func (c *call) param(names map[string]bool, fits func(*types.Type) bool) int {
	return slices.IndexFunc(c.op.Parameters, func(p *openapi.Parameter) bool {
		return p.In == "query" && names[plain(p.Name)] && fits(p.Type)
	})
}

func isTime(t *types.Type) bool {
	return slices.ContainsFunc(t.Shape().Strings, func(s *types.Text) bool { return strings.HasPrefix(s.Format, "date") || s.Format == "time" })
}

// locate finds the list that an answer is about: the answer itself, or a property of it, or one of an
// object in it.
func locate(t *types.Type, path string) (at []string, items *types.Type, ok bool) {
	if !t.May(types.Object) {
		return nil, t, t.May(types.Array)
	}
	if name := listProperty(t, path); name != "" {
		return []string{name}, t.Field(name).Type, true
	}
	for _, name := range append([]string{"_embedded", "embedded", "page", "collection"}, wrappers...) {
		inner := t.Field(name)
		if inner.Property == nil || !inner.Type.May(types.Object) || len(inner.Type.Shape().Objects) > 1 {
			continue // of several alternatives, one may have the list and another not
		}
		if found := listProperty(inner.Type, path); found != "" {
			return []string{name, found}, inner.Type.Field(found).Type, true
		}
	}
	return nil, nil, false
}

// listProperty is the property of an object that most likely holds the elements.
func listProperty(t *types.Type, path string) string {
	isList := func(name string) bool {
		f := t.Field(name)
		return f.Property != nil && f.Type.May(types.Array) && !f.Type.May(types.Object)
	}
	ofObjects := func(name string) bool { return isList(name) && t.Field(name).Type.Elem().May(types.Object) }
	all := t.PropertyNames()
	usual := []string{"data", "items", "results", "values", "records", "entries", "elements", "value", "list", path[strings.LastIndex(path, "/")+1:]}
	for _, name := range usual {
		if isList(name) {
			return name
		}
	}
	besides := []string{"errors", "warnings", "links", "messages", "included", "facets", "sort"}
	for _, name := range all {
		if ofObjects(name) && !slices.Contains(besides, name) {
			return name
		}
	}
	return ""
}

// span is the part of the list that a request asks for.
type span struct {
	from, to, size, total int
}

func (s span) more() bool { return s.to < s.total }

// span reads the paging parameters.
func (l *list) span() span {
	s := span{total: max(0, l.opt.Items), size: 10}
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
	if l.cursor >= 0 && !types.IsMissing(l.params[l.cursor]) {
		if l.keyed {
			return l.indexAfter(l.params[l.cursor], s.total)
		}
		return tokenIndex(l.params[l.cursor])
	}
	if n, ok := l.integer(l.page); ok {
		return saturated(n-l.firstPage(), s.size, s.total)
	}
	if n, ok := l.integer(l.offset); ok {
		return n
	}
	if l.page < 0 && l.offset < 0 && l.cursor < 0 { // the next URL is ours to make
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

// firstPage is the number of the first page: 0 where the document says that this is the least, else 1.
func (l *list) firstPage() int {
	for _, n := range l.op.Parameters[l.page].Type.Shape().Numbers {
		if n.Min != nil {
			if least, ok := n.Min.Int(); ok && least == 0 {
				return 0
			}
		}
	}
	return 1
}

// integer is the value of a parameter, by its index.
func (l *list) integer(param int) (int, bool) {
	if param < 0 {
		return 0, false
	}
	n, ok := l.params[param].(int)
	return n, ok
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
