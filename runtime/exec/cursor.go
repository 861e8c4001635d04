package exec

import (
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"

	"tenon/runtime/codec"
	"tenon/runtime/event"
	"tenon/runtime/transport"
	"tenon/spec/expression"
	"tenon/spec/types"
)

// at is the request for the page that a cursor leads to, made of the one for the first page.
func (d *draft) at(c *event.Cursor) *draft {
	out := &draft{args: d.args, body: d.body, key: d.key}
	if c.URL != "" {
		out.url, _ = url.Parse(c.URL) // which was one when the cursor was made
	}
	if len(c.Params) > 0 {
		out.args = slices.Clone(d.args)
	}
	for _, key := range slices.Sorted(maps.Keys(c.Params)) {
		v := c.Params[key]
		if v == nil {
			v = types.Missing
		}
		in, name, _ := strings.Cut(key, ":")
		i := slices.IndexFunc(out.args, func(a codec.Arg) bool { return a.In == in && a.Name == name })
		if i < 0 {
			out.args = append(out.args, codec.Arg{Param: codec.Param{Name: name, In: in, Explode: true}, Value: v})
			continue
		}
		out.args[i].Value = v
	}
	if c.Body != nil {
		out.body = merge(out.body, c.Body)
	}
	return out
}

// asked is what a page was asked for by, as `request` in the author's expressions.
func (d *draft) asked() map[string]any {
	params := map[string]any{}
	for _, a := range d.args {
		if !types.IsMissing(a.Value) {
			params[a.Name] = a.Value
		}
	}
	out := map[string]any{"params": params}
	if !types.IsMissing(d.body) {
		out["body"] = d.body
	}
	return out
}

// after finds where the page after one is; nil if that was the last one.
//
// A Link header is followed where the plan allows it and finds nothing itself: many servers send one whatever
// their specification says. Where the plan cannot see the end, it is taken for that when it names other pages
// and no next one; a page without items is the end whatever it says.
func (st *stream) after(s *scope, at *event.Cursor, a *reply, p *page) (*event.Cursor, *fault) {
	g := st.op.call.page
	next := expression.LinkTarget(a.link, "next")
	if at.Linked {
		return st.linked(s, a, next)
	}
	c, f := st.computed(s, at, a, p)
	switch {
	case f != nil || !g.plan.Follow || len(p.items) == 0 || a.link == "":
		return c, f
	case c == nil && next != "":
		return st.linked(s, a, next)
	case g.plan.Blind && next == "" && otherPages(a.link):
		return nil, nil
	}
	return c, nil
}

func (st *stream) linked(s *scope, a *reply, next string) (*event.Cursor, *fault) {
	if next == "" {
		return nil, nil
	}
	c, f := st.atURL(s, a, next)
	if f == nil {
		c.Linked = true
	}
	return c, f
}

// otherPages reports whether a Link header names pages.
func otherPages(link string) bool {
	for _, rel := range []string{"prev", "previous", "first", "last"} {
		if expression.LinkTarget(link, rel) != "" {
			return true
		}
	}
	return false
}

// computed is what the plan's next says.
func (st *stream) computed(s *scope, at *event.Cursor, a *reply, p *page) (c *event.Cursor, f *fault) {
	g := st.op.call.page
	eval := func() *fault {
		v, f := s.guarded(g.next, event.InvalidRequest)
		if f == nil {
			c, f = st.cursor(s, at, a, v)
		}
		return f
	}
	inner := func() *fault {
		if !g.asks {
			return eval()
		}
		return s.with("request", st.start.at(at).asked(), eval)
	}
	f = s.with("response", p.result, inner)
	return c, f
}

// cursor is where a value of next leads.
func (st *stream) cursor(s *scope, at *event.Cursor, a *reply, v any) (*event.Cursor, *fault) {
	switch v := v.(type) {
	case nil, types.MissingValue:
		return nil, nil
	case string:
		if v == "" {
			return nil, nil
		}
		return st.atURL(s, a, v)
	case map[string]any:
		if !anyGiven(v) {
			return nil, nil
		}
		return st.atParams(at, v), nil
	}
	return nil, s.fail(event.Expression, st.op.call.page.next.code.expr.Range, "next is %s; parameters of the next page, its URL or null are expected", types.Shapeof(v))
}

// anyGiven reports whether an object has a member, at any depth, that is more than null, absent or empty text:
// without one, nothing would tell the next page from the first one.
func anyGiven(next map[string]any) bool {
	for _, v := range next {
		m, isObject := v.(map[string]any)
		if v != nil && v != "" && !types.IsMissing(v) && (!isObject || anyGiven(m)) {
			return true
		}
	}
	return false
}

// atURL goes where the server says, if that is the API's own host: credentials travel along.
// A server behind a proxy often does not know that it is reached by TLS; its links are upgraded.
func (st *stream) atURL(s *scope, a *reply, text string) (*event.Cursor, *fault) {
	c := st.op.call
	at := c.page.next.code.expr.Range
	u, err := a.url.Parse(text)
	if err != nil {
		return nil, s.fail(event.InvalidResponse, at, "the URL of the next page is not a URL")
	}
	t := st.run.targets[c.plan.API]
	base := t.base
	if own := t.servers[c]; own != nil {
		base = own
	}
	if base.Scheme == "https" && u.Scheme == "http" {
		u.Scheme = "https"
	}
	if transport.Host(u) != transport.Host(base) || u.Scheme != base.Scheme || u.User != nil {
		return nil, s.fail(event.InvalidResponse, at,
			"the URL of the next page leads to %s://%s, and API %q is at %s://%s", u.Scheme, u.Host, c.plan.API, base.Scheme, base.Host)
	}
	u.Fragment = ""
	return &event.Cursor{URL: u.String()}, nil
}

// atParams replaces parameters by name ("header:id" where one name stands in two places); null leaves one
// out. The parameter body, unless one is declared under that name, is merged into the body.
func (st *stream) atParams(at *event.Cursor, next map[string]any) *event.Cursor {
	out := &event.Cursor{Params: maps.Clone(at.Params), Body: at.Body}
	if out.Params == nil {
		out.Params = map[string]any{}
	}
	args := st.start.at(at).args
	for _, name := range slices.Sorted(maps.Keys(next)) {
		v := next[name]
		if types.IsMissing(v) {
			v = nil
		}
		i := slices.IndexFunc(args, func(a codec.Arg) bool { return a.Name == name || a.In+":"+a.Name == name })
		switch {
		case i >= 0:
			out.Params[args[i].In+":"+args[i].Name] = v
		case name == "body":
			if v != nil {
				out.Body = merge(out.Body, v)
			}
		case strings.Contains(name, ":") && slices.Contains([]string{"query", "header", "path", "cookie"}, name[:strings.IndexByte(name, ':')]):
			out.Params[name] = v
		default:
			out.Params["query:"+name] = v
		}
	}
	return out
}

// merge puts the members of v into a copy of body, objects within objects likewise.
func merge(body, v any) any {
	from, ok1 := v.(map[string]any)
	into, ok2 := body.(map[string]any)
	if !ok1 || !ok2 {
		return v
	}
	out := maps.Clone(into)
	for k, x := range from {
		out[k] = merge(into[k], x)
	}
	return out
}

// counts reports whether a cursor holds nothing but whole numbers, as of pages that are counted. That of the first
// page holds nothing.
func counts(c *event.Cursor) bool {
	for _, v := range c.Params {
		if !whole(v) {
			return false
		}
	}
	return c.Body == nil || whole(c.Body)
}

// whole reports whether a value is a whole number, also as text, or an object of such.
func whole(v any) bool {
	switch v := v.(type) {
	case nil, int:
		return true
	case string:
		return v != "" && strings.Trim(v, "0123456789") == ""
	case map[string]any:
		for _, x := range v {
			if !whole(x) {
				return false
			}
		}
		return true
	}
	return false
}

// doubt says where a list may be longer than it seems: its pages are to be found by a Link header, the first one is
// full, and there is none.
func (st *stream) doubt(s *scope, a *reply, p *page) {
	g := st.op.call.page.plan
	if p.next != nil || a.link != "" || g.Rule != "link" || g.Size == "" {
		return
	}
	for _, x := range st.start.args {
		if size, ok := x.Value.(int); ok && x.Name == g.Size && len(p.items) == size {
			st.warn(s, fmt.Sprintf("there may be more than the %d items of the first page: the server sent no Link header, by which the next page was to be found", size))
		}
	}
}
