package exec

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync/atomic"

	"tenon/runtime/codec"
	"tenon/runtime/event"
	"tenon/runtime/transport"
	"tenon/spec/types"
)

// Bounds of pagination that no author writes.
const (
	maxEmptyPages = 1000      // in a row
	maxCollected  = 512 << 20 // bytes of answers that one collected step may read
)

// stream is the items of a paginated step, read as they are consumed. Its first page has been read when
// the step was, for op.reader; each further consumer begins anew, with a request.
type stream struct {
	run   *run
	op    *op
	scope *scope
	start *draft
	first atomic.Pointer[page]
}

// page is one page that was read.
type page struct {
	result map[string]any
	items  []any
	next   *draft // nil: the last page
	size   int
}

// pages makes a paginated call. Items are a stream, or a list where the plan collects them.
func (r *run) pages(o *op, s *scope) (map[string]any, *fault) {
	own := s.fork()
	own.label = "pages"
	d, f := r.draft(own, o.call)
	if f != nil {
		return nil, f
	}
	st := &stream{run: r, op: o, scope: own, start: d}
	first, f := st.read(own, d, 1)
	if f != nil {
		return nil, f
	}
	result := maps.Clone(first.result)
	st.first.Store(first)
	if result["items"] = any(st); !o.plan.Call.Paginate.Collect {
		return result, nil
	}
	all := []any{}
	for it := st.iterate(s); ; {
		items, f := it.next()
		if f != nil {
			return nil, f
		}
		if items == nil {
			result["items"] = all
			return result, nil
		}
		if all = append(all, items...); it.size > maxCollected {
			return nil, s.fail(event.InvalidResponse, o.call.page.items.expr.Range,
				"collecting all items reads more than %d MB of answers; a for_each over them needs no such memory, or paginate.limit bounds them", maxCollected>>20)
		}
	}
}

// iterator reads the pages of a stream in turn.
type iterator struct {
	st    *stream
	scope *scope
	draft *draft // of the next page; nil: there is none
	page  int    // pages read
	count int64  // items given
	empty int    // pages without items in a row
	size  int
	seen  map[uint64]struct{} // hashes: 8 bytes a page, so that a million pages fit
}

func (st *stream) iterate(s *scope) *iterator {
	own := st.scope.fork()
	own.ctx = s.ctx
	if s.step != own.step && s.step != st.op.reader {
		own.label = s.key("") // of the loop that reads them anew
	}
	return &iterator{st: st, scope: own, draft: st.start, seen: map[uint64]struct{}{}}
}

// next returns the items of the next page that has any; nil when there is none.
func (it *iterator) next() ([]any, *fault) {
	for it.draft != nil {
		p, f := it.read()
		if f != nil {
			return nil, f
		}
		it.size += p.size
		it.draft = p.next
		items := it.cut(p.items)
		last := it.draft == nil
		it.st.run.emit(event.PageRead{Step: it.scope.step, Item: it.scope.item, Page: it.page, Items: len(items), Last: last})
		if len(items) > 0 {
			it.empty = 0
			return items, nil
		}
		if it.empty++; it.empty >= maxEmptyPages {
			return nil, it.fail("%d pages in a row have no items, and each names another one", it.empty)
		}
	}
	return nil, nil
}

// cut holds the items to the author's limit.
func (it *iterator) cut(items []any) []any {
	limit := it.st.op.call.page.plan.Limit
	left := limit - it.count
	it.count += int64(len(items))
	if limit == 0 || it.count < limit || it.count == limit && it.draft == nil {
		return items
	}
	it.st.run.emit(event.Warning{Step: it.scope.step, Item: it.scope.item, Range: it.st.op.call.page.items.expr.Range,
		Message: fmt.Sprintf("only the first %d items are used, which is the limit; there are more", limit)})
	it.draft = nil
	return items[:min(int64(len(items)), left)]
}

// read reads the page that the iterator has come to. A page that was asked for before is an error, not an endless loop.
func (it *iterator) read() (*page, *fault) {
	it.page++
	if it.page == 1 && it.scope.label == "pages" {
		if p := it.st.first.Swap(nil); p != nil {
			it.remember(it.draft)
			return p, nil
		}
	}
	if !it.remember(it.draft) {
		return nil, it.fail("page %d is one that was read before, so the pages would never end", it.page)
	}
	p, f := it.st.read(it.scope, it.draft, it.page)
	if f != nil && it.page > 1 {
		it.st.run.emit(event.StepFailed{Step: f.Step, Item: f.Item, Failure: &f.Failure})
	}
	return p, f
}

func (it *iterator) fail(format string, args ...any) *fault {
	f := it.scope.fail(event.InvalidResponse, it.st.op.call.plan.Range, format, args...)
	if n := it.st.op.call.page.next; n != nil {
		f.Range = n.code.expr.Range
	}
	it.st.run.emit(event.StepFailed{Step: f.Step, Item: f.Item, Failure: &f.Failure})
	return f
}

// remember reports whether the draft is new.
func (it *iterator) remember(d *draft) bool {
	h := sha256.New()
	if d.url != nil {
		fmt.Fprint(h, d.url)
	} else {
		for _, a := range d.args {
			fmt.Fprintf(h, "%s\x00%s\x00", a.In, a.Name)
			h.Write(canonical(a.Value))
		}
	}
	h.Write(canonical(d.body))
	key := binary.BigEndian.Uint64(h.Sum(nil))
	_, seen := it.seen[key]
	it.seen[key] = struct{}{}
	return !seen
}

func canonical(v any) []byte {
	if types.IsMissing(v) {
		return []byte{0}
	}
	b, err := types.AppendJSON(nil, v)
	if err != nil {
		return fmt.Append(nil, v)
	}
	return b
}

// read asks for a page, checks it, and finds its items and the page after it.
func (st *stream) read(s *scope, d *draft, number int) (*page, *fault) {
	c := st.op.call
	a, f := st.run.perform(s, st.op, c, "", number, d)
	if f != nil {
		return nil, f
	}
	p := &page{result: a.result(), size: a.size}
	if f = st.run.check(st.op, s, p.result); f != nil {
		return nil, f
	}
	if p.items, f = st.run.items(c.page, s, p.result); f != nil || c.page.next == nil {
		return p, f
	}
	f = s.with("response", p.result, func() (f *fault) {
		p.next, f = st.run.after(s, c, d, a)
		return f
	})
	return p, f
}

// items finds the items of a page. A list that is absent or null has none.
func (r *run) items(g *pager, s *scope, result map[string]any) (list []any, f *fault) {
	f = s.with("response", result, func() *fault {
		v, f := s.eval(g.items)
		switch v := v.(type) {
		case []any:
			list = v
		case types.MissingValue, nil:
		default:
			return s.fail(event.InvalidResponse, g.items.expr.Range, "the items are %s, not a list", types.Shapeof(v))
		}
		return f
	})
	return list, f
}

// after computes the draft of the page after the one that was answered with a; nil if it was the last one.
func (r *run) after(s *scope, c *call, d *draft, a *reply) (*draft, *fault) {
	v, f := s.guarded(c.page.next, event.InvalidRequest)
	if f != nil {
		return nil, f
	}
	switch v := v.(type) {
	case nil, types.MissingValue:
		return nil, nil
	case string:
		if v == "" {
			return nil, nil
		}
		return r.nextURL(s, c, d, a, v)
	case map[string]any:
		if !anyGiven(v) {
			return nil, nil
		}
		return nextParams(d, v), nil
	}
	return nil, s.fail(event.Expression, c.page.next.code.expr.Range, "next is %s; parameters of the next page, its URL or null are expected", types.Shapeof(v))
}

// anyGiven reports whether an object has a member, at any depth, that is neither null nor absent: without
// one, nothing would tell the next page from this one.
func anyGiven(next map[string]any) bool {
	for _, v := range next {
		m, isObject := v.(map[string]any)
		if v != nil && !types.IsMissing(v) && (!isObject || anyGiven(m)) {
			return true
		}
	}
	return false
}

// nextURL goes where the server says, if that is the API's own host: credentials travel along.
// A server behind a proxy often does not know that it is reached by TLS; its links are upgraded.
func (r *run) nextURL(s *scope, c *call, d *draft, a *reply, text string) (*draft, *fault) {
	u, err := a.url.Parse(text)
	if err != nil {
		return nil, s.fail(event.InvalidResponse, c.page.next.code.expr.Range, "the URL of the next page is not a URL")
	}
	t := r.targets[c.plan.API]
	base := t.base
	if own := t.servers[c]; own != nil {
		base = own
	}
	if base.Scheme == "https" && u.Scheme == "http" {
		u.Scheme = "https"
	}
	if transport.Host(u) != transport.Host(base) || u.Scheme != base.Scheme || u.User != nil {
		return nil, s.fail(event.InvalidResponse, c.page.next.code.expr.Range,
			"the URL of the next page leads to %s://%s, and API %q is at %s://%s", u.Scheme, u.Host, c.plan.API, base.Scheme, base.Host)
	}
	u.Fragment = ""
	return &draft{args: d.args, body: d.body, url: u}, nil
}

// nextParams replaces parameters by name ("header:id" where one name stands in two places); null leaves one
// out. The parameter body, unless one is declared under that name, is merged into the body.
func nextParams(d *draft, next map[string]any) *draft {
	out := &draft{args: slices.Clone(d.args), body: d.body, url: nil}
	for _, name := range slices.Sorted(maps.Keys(next)) {
		v := next[name]
		if v == nil {
			v = types.Missing
		}
		i := slices.IndexFunc(out.args, func(a codec.Arg) bool { return a.Name == name || a.In+":"+a.Name == name })
		switch {
		case i >= 0:
			out.args[i].Value = v
		case name == "body":
			out.body = merge(out.body, v)
		default:
			in, bare, ok := strings.Cut(name, ":")
			if !ok {
				in, bare = "query", name
			}
			out.args = append(out.args, codec.Arg{Param: codec.Param{Name: bare, In: in, Explode: true}, Value: v})
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
