package exec

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"maps"
	"sync/atomic"

	"tenon/runtime/event"
	"tenon/spec/types"
)

// Bounds of pagination that no author writes.
const (
	maxEmptyPages = 1000      // in a row
	maxSamePages  = 10        // in a row, of items that do not differ among themselves either
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
	next   *event.Cursor // nil: the last page
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
	first, f := st.read(own, &event.Cursor{}, 1)
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
	st     *stream
	scope  *scope
	cursor *event.Cursor // of the next page; nil: there is none
	page   int           // pages read
	count  int64         // items given
	empty  int           // pages without items in a row
	same   int           // pages in a row with the items of the one before
	items  []any         // of the page before
	size   int
	seen   map[uint64]struct{} // hashes: 8 bytes a page, so that a million pages fit
}

func (st *stream) iterate(s *scope) *iterator {
	own := st.scope.fork()
	own.ctx = s.ctx
	if s.step != own.step && s.step != st.run.prefix+st.op.reader {
		own.label = s.key("") // of the loop that reads them anew
	}
	return &iterator{st: st, scope: own, cursor: &event.Cursor{}, seen: map[uint64]struct{}{}}
}

// next returns the items of the next page that has any; nil when there is none.
func (it *iterator) next() ([]any, *fault) {
	for it.cursor != nil {
		at := it.cursor
		p, f := it.read()
		if f != nil {
			return nil, f
		}
		it.size += p.size
		it.cursor = p.next
		if it.repeats(at, p.items) {
			return nil, it.fail("page %d has the same items as the one before it, so the pages would never end", it.page)
		}
		items := it.cut(p.items)
		it.st.run.emit(event.PageRead{Step: it.scope.step, Item: it.scope.item, Page: it.page, Items: len(items), Last: it.cursor == nil, Next: it.cursor})
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

// repeats reports whether a page that was asked for by counting has the items of the one before: the server
// does not heed the number. (A token that goes on by itself is the server's own business; that one is never used
// twice is seen to by remember.)
func (it *iterator) repeats(at *event.Cursor, items []any) bool {
	before := it.items
	if it.items = nil; at.URL != "" || !counts(at) {
		return false
	}
	it.items = items
	if len(items) == 0 || len(items) != len(before) || !types.Equal(items[0], before[0]) || !types.Equal(items, before) {
		it.same = 0
		return false
	}
	it.same++
	_, records := items[0].(map[string]any)
	distinct := records && !types.Equal(items[0], items[len(items)-1]) // else the next ones may well be like them
	return distinct || it.same >= maxSamePages
}

// cut holds the items to the author's limit.
func (it *iterator) cut(items []any) []any {
	limit := it.st.op.call.page.plan.Limit
	left := limit - it.count
	it.count += int64(len(items))
	if limit == 0 || it.count < limit || it.count == limit && it.cursor == nil {
		return items
	}
	message := fmt.Sprintf("only the first %d items are used, which is the limit; there are more", limit)
	if it.count == limit && it.st.op.call.page.plan.Blind { // the next page may be empty
		message = fmt.Sprintf("only the first %d items are used, which is the limit; there may be more", limit)
	}
	it.warn(message)
	it.cursor = nil
	return items[:min(int64(len(items)), left)]
}

// read reads the page that the iterator has come to. A page that was asked for before is an error, not an endless loop.
func (it *iterator) read() (*page, *fault) {
	it.page++
	fresh := it.remember(it.cursor)
	if it.page == 1 && it.scope.label == "pages" {
		if p := it.st.first.Swap(nil); p != nil {
			return p, nil
		}
	}
	if !fresh {
		return nil, it.fail("page %d is one that was read before, so the pages would never end", it.page)
	}
	p, f := it.st.read(it.scope, it.cursor, it.page)
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

func (it *iterator) warn(message string) { it.st.warn(it.scope, message) }

func (st *stream) warn(s *scope, message string) {
	st.run.emit(event.Warning{Step: s.step, Item: s.item, Range: st.op.call.page.items.expr.Range, Message: message})
}

// remember reports whether the page is new. What counts is what is asked for, not how that was said.
func (it *iterator) remember(c *event.Cursor) bool {
	d := it.st.start.at(c)
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
func (st *stream) read(s *scope, at *event.Cursor, number int) (*page, *fault) {
	c := st.op.call
	a, f := st.run.perform(s, st.op, c, "", number, st.start.at(at))
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
	p.next, f = st.after(s, at, a, p)
	if f == nil && number == 1 {
		st.doubt(s, a, p)
	}
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
