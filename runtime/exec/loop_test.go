package exec_test

import (
	"fmt"
	"net/http"
	"reflect"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"tenon/runtime/event"
	"tenon/spec/plan"
	"tenon/spec/types"
)

// pages serves n items in pages of size under /list, with ?page=, and says where the next one is.
func pages(n, size int) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		page, _ := strconv.Atoi(r.URL.Query().Get("page"))
		var items []string
		for i := page * size; i < min(n, (page+1)*size); i++ {
			items = append(items, fmt.Sprintf(`{"id": %d, "total": 0.1}`, i))
		}
		next := "null"
		if (page+1)*size < n {
			next = strconv.Itoa(page + 1)
		}
		respond(w, 200, fmt.Sprintf(`{"items": [%s], "next": %s}`, strings.Join(items, ","), next))
	}
}

func paginated(t testing.TB, path, next string, params ...*plan.Param) *plan.Call {
	c := get(t, path, params...)
	c.Paginate = &plan.Paginate{Items: e(t, "response.body.items"), Rule: "explicit"}
	if next != "" {
		c.Paginate.Next = e(t, next)
	}
	return c
}

// The parameters of the next page.
const nextPage = `response.body.next == null ? null : { page = response.body.next }`

func TestPagesStreamIntoALoop(t *testing.T) {
	list := pages(25, 10)
	var mu sync.Mutex
	var posted []string
	h := func(w http.ResponseWriter, r *http.Request) {
		if r.Method == "POST" {
			mu.Lock()
			posted = append(posted, r.URL.Path)
			mu.Unlock()
			respond(w, 200, `{"amount": 3}`)
			return
		}
		list(w, r)
	}
	loop := each(t, "order", "stream:step.list", ops(step(t, "bill", post(t, "/bill/{id}", `{ t = order.total }`, param(t, "path", "id", "order.id")))), "step.list")
	loop.ForEach.Concurrency = 4
	loop.ForEach.Where = e(t, "order.id != 3")
	loop.ForEach.Key = e(t, "order.id")
	for fn, src := range map[string]string{"sum": "order.total", "count": "order.id > 20", "list": "order.id", "min": "order.id", "max": "order.id", "first": "order.id", "last": "order.id"} {
		aggregate(t, loop, fn, "a_"+fn, src)
	}
	aggregate(t, loop, "sum", "billed", "step.bill.body.amount")
	w := newWorld(t, h, ops(step(t, "list", paginated(t, "/list", nextPage, param(t, "query", "page", "0"))), loop))
	w.output("all", "for_each.order")
	out := w.succeeds()["all"].(map[string]any)
	var ids []any
	for i := range 25 {
		if i != 3 {
			ids = append(ids, i)
		}
	}
	want := map[string]any{"count": 24, "succeeded": 24, "failed": 0, "skipped": 0, "billed": 72,
		"a_sum": 2.4, "a_count": 4, "a_list": ids, "a_min": 0, "a_max": 24, "a_first": 0, "a_last": 24}
	if d := cmp.Diff(want, out); d != "" {
		t.Error(d)
	}
	if len(posted) != 24 {
		t.Errorf("%d posts, want 24", len(posted))
	}
	if got := said[event.PageRead](w); len(got) != 3 || !reflect.DeepEqual(got[2], event.PageRead{Step: "step.list", Page: 3, Items: 5, Last: true}) {
		t.Errorf("page_read events: %+v", got)
	}
	if got := said[event.LoopDone](w); len(got) != 1 || got[0].Succeeded != 24 {
		t.Errorf("loop_done events: %+v", got)
	}
}

func TestPaginationThatNeedsAWord(t *testing.T) {
	foreign := "https://evil.example.com/next"
	h := func(w http.ResponseWriter, r *http.Request) {
		page, _ := strconv.Atoi(r.URL.Query().Get("page"))
		body := func(items, next string) { respond(w, 200, fmt.Sprintf(`{"items": %s, "next": %s}`, items, next)) }
		switch r.URL.Path {
		case "/loop":
			body(`[1]`, `"/loop?page=1"`)
		case "/empty":
			body(`[]`, fmt.Sprintf(`"/empty?page=%d"`, page+1))
		case "/foreign":
			body(`[1]`, strconv.Quote(foreign))
		case "/relative":
			if page == 2 {
				body(`null`, `""`)
				return
			}
			body(`[1]`, fmt.Sprintf(`"?page=%d"`, page+1))
		case "/breaks":
			if page == 1 {
				respond(w, 500, `{}`)
				return
			}
			body(`[1]`, `"/breaks?page=1"`)
		case "/check":
			body(`[1]`, `"/check?page=1"`)
		case "/object":
			body(`{}`, `null`)
		}
	}
	for _, c := range []struct {
		path string
		kind event.Cause
		want string
	}{
		{"/loop", event.InvalidResponse, "page 3 is one that was read before, so the pages would never end"},
		{"/empty", event.InvalidResponse, "1000 pages in a row have no items"},
		{"/foreign", event.InvalidResponse, "leads to https://evil.example.com"},
		{"/breaks", event.BadStatus, "/breaks?page=1 answered 500"},
		{"/object", event.InvalidResponse, "the items are an empty object, not a list"},
		{"/relative", "", ""},
	} {
		loop := aggregate(t, each(t, "n", "stream:step.a", ops(), "step.a"), "count", "pages", "n")
		w := newWorld(t, h, ops(step(t, "a", paginated(t, c.path, "response.body.next")), loop))
		w.opts.Detail = event.Summary
		w.output("n", "for_each.n.pages")
		if c.kind == "" {
			if out := w.succeeds(); out["n"] != 2 {
				t.Errorf("%s: %v pages, want 2", c.path, out["n"])
			}
			continue
		}
		if f := w.fails(c.kind, c.want); f.Step != "step.a" {
			t.Errorf("%s: the failure is of %s", c.path, f.Step)
		}
	}
}

// Parameters of a further page that are all null or absent name none.
func TestNothingGivenIsTheLastPage(t *testing.T) {
	h := func(w http.ResponseWriter, r *http.Request) {
		next := `"c2"`
		if r.URL.Query().Get("cursor") == "c2" {
			next = "null"
		}
		respond(w, 200, fmt.Sprintf(`{"items": [1], "next": %s}`, next))
	}
	for _, next := range []string{`{ cursor = response.body.next }`, `response.body.next == null ? {} : { cursor = response.body.next }`} {
		w := newWorld(t, h, ops(step(t, "a", paginated(t, "/", next)), aggregate(t, each(t, "n", "stream:step.a", ops(), "step.a"), "count", "pages", "n")))
		w.output("n", "for_each.n.pages")
		if out := w.succeeds(); out["n"] != 2 {
			t.Errorf("%s: %v pages, want 2", next, out["n"])
		}
	}
}

func TestEveryPageIsChecked(t *testing.T) {
	h := func(w http.ResponseWriter, r *http.Request) {
		ok := r.URL.Query().Get("page") != "1"
		respond(w, 200, fmt.Sprintf(`{"ok": %v, "items": [1], "next": 1}`, ok))
	}
	a := step(t, "a", paginated(t, "/", nextPage))
	a.Checks = []*plan.Check{{Name: "ok", Assert: e(t, "response.body.ok")}}
	newWorld(t, h, ops(a, each(t, "n", "stream:step.a", ops(), "step.a"))).fails(event.CheckFailed, `check "ok"`)
}

func TestPageLimitIsSaid(t *testing.T) {
	for _, c := range []struct {
		limit int64
		count int
		warns int
	}{{12, 12, 1}, {20, 20, 1}, {25, 25, 0}, {30, 25, 0}} {
		list := paginated(t, "/list", nextPage)
		list.Paginate.Limit = c.limit
		w := newWorld(t, pages(25, 10), ops(step(t, "a", list), each(t, "n", "stream:step.a", ops(), "step.a")))
		out := w.output("n", "for_each.n.count").succeeds()
		if out["n"] != c.count || len(said[event.Warning](w)) != c.warns {
			t.Errorf("limit %d: %v items and %d warnings, want %d and %d", c.limit, out["n"], len(said[event.Warning](w)), c.count, c.warns)
		}
	}
}

func TestCollectedItemsAreAList(t *testing.T) {
	list := paginated(t, "/list", nextPage)
	list.Paginate.Collect = true
	w := newWorld(t, pages(25, 10), ops(step(t, "a", list), each(t, "n", "stream:step.a", ops(), "step.a")))
	out := w.output("n", "for_each.n.count").output("len", "len(step.a.items)").output("last", "step.a.items[24].id").succeeds()
	if d := cmp.Diff(map[string]any{"n": 25, "len": 25, "last": 24}, out); d != "" {
		t.Error(d)
	}
}

func TestTwoLoopsOverOneStreamReadItTwice(t *testing.T) {
	w := newWorld(t, pages(25, 10), ops(step(t, "a", paginated(t, "/list", nextPage)),
		each(t, "n", "stream:step.a", ops(), "step.a"), each(t, "item", "stream:step.a", ops(), "step.a")))
	out := w.output("x", "for_each.n.count").output("y", "for_each.item.count").succeeds()
	if d := cmp.Diff(map[string]any{"x": 25, "y": 25}, out); d != "" {
		t.Error(d)
	}
}

func TestCursorInTheBody(t *testing.T) {
	var bodies []string
	h := func(w http.ResponseWriter, r *http.Request) {
		b := make([]byte, 200)
		n, _ := r.Body.Read(b)
		bodies = append(bodies, string(b[:n]))
		respond(w, 200, []string{`{"items": [1], "next": "c1"}`, `{"items": [2], "next": null}`}[len(bodies)-1])
	}
	c := post(t, "/search", `{ page = { size = 2 } }`)
	c.Safe = true
	c.Paginate = &plan.Paginate{Items: e(t, "response.body.items"), Next: e(t, `response.body.next == null ? null : { body = { page = { after = response.body.next } } }`)}
	w := newWorld(t, h, ops(step(t, "a", c), each(t, "n", "stream:step.a", ops(), "step.a")))
	w.succeeds()
	if d := cmp.Diff([]string{`{"page":{"size":2}}`, `{"page":{"after":"c1","size":2}}`}, bodies); d != "" {
		t.Error(d)
	}
}

// odd answers 422 for odd ids.
func odd(w http.ResponseWriter, r *http.Request) {
	id, _ := strconv.Atoi(r.URL.Path[1:])
	if id%2 == 1 {
		respond(w, 422, `{}`)
		return
	}
	respond(w, 200, `{}`)
}

func TestLoopFailures(t *testing.T) {
	for _, c := range []struct {
		name     string
		change   func(*plan.ForEach)
		failed   string // item of the run's failure; "": it succeeds
		detail   string
		min, max int // items that were started
	}{
		{"stop", func(f *plan.ForEach) {}, "1", "", 2, 2},
		{"stop, concurrent", func(f *plan.ForEach) { f.Concurrency = 4 }, "", "", 2, 8},
		{"continue", func(f *plan.ForEach) { f.Continue, f.Concurrency = true, 3 }, "", "", 20, 20},
		{"max_errors", func(f *plan.ForEach) { f.Continue, f.MaxErrors = true, 3 }, "1", "4 items failed, and max_errors is 3. The first of them: item 1.", 8, 8},
		{"max_errors not reached", func(f *plan.ForEach) { f.Continue, f.MaxErrors = true, 10 }, "", "", 20, 20},
	} {
		t.Run(c.name, func(t *testing.T) {
			loop := each(t, "n", `[for i in range(0, 20) : i]`, ops(step(t, "a", post(t, "/{id}", `{}`, param(t, "path", "id", "n")))))
			loop.ForEach.Key = e(t, `"${n}"`)
			c.change(loop.ForEach)
			w := newWorld(t, odd, ops(loop))
			w.output("f", "for_each.n.failed").output("s", "for_each.n.succeeded")
			res := w.run(t.Context())
			started := len(said[event.ItemDone](w)) + len(said[event.ItemFailed](w))
			if started < c.min || started > c.max {
				t.Errorf("%d items were started, want %d to %d", started, c.min, c.max)
			}
			switch {
			case c.name == "stop, concurrent":
				if res.Status != event.Failed {
					t.Errorf("status %s", res.Status)
				}
			case c.failed == "":
				if res.Status != event.Succeeded || res.Outputs["f"] != 10 || res.Outputs["s"] != 10 {
					t.Errorf("got %s %v %v", res.Status, res.Outputs, res.Error)
				}
			default:
				if res.Status != event.Failed || res.Error.Item != c.failed || res.Error.Step != "step.a" || res.Error.Detail != c.detail && c.detail != "" {
					t.Errorf("got %s %+v", res.Status, res.Error)
				}
			}
		})
	}
}

func TestNestedLoopsNameTheirItems(t *testing.T) {
	h := func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/b/2" {
			respond(w, 500, `{}`)
			return
		}
		respond(w, 200, `{}`)
	}
	inner := each(t, "line", "order.lines", ops(step(t, "a", post(t, "/{o}/{l}", "{}", param(t, "path", "o", "order.id"), param(t, "path", "l", "line")))))
	inner.ForEach.Key = e(t, `"l${line}"`)
	aggregate(t, inner, "sum", "total", "line")
	outer := each(t, "order", `[{ id = "a", lines = [1, 2] }, { id = "b", lines = [1, 2, 3] }]`, ops(inner))
	outer.ForEach.Key = e(t, "order.id")
	aggregate(t, outer, "list", "totals", "for_each.line.total")
	w := newWorld(t, h, ops(outer))
	if f := w.fails(event.BadStatus, "500"); f.Item != "b/l2" {
		t.Errorf("item %q, want b/l2", f.Item)
	}
	inner.ForEach.Continue = true
	out := w.output("totals", "for_each.order.totals").succeeds()
	if d := cmp.Diff([]any{3, 4}, out["totals"]); d != "" {
		t.Error(d)
	}
}

func TestLoopsWithoutItems(t *testing.T) {
	never := step(t, "never", get(t, "/list"))
	never.When = e(t, "1 == 2")
	never.Call.Paginate = &plan.Paginate{Items: e(t, "response.body.items")}
	skipped := each(t, "n", "[1]", ops())
	skipped.When = never.When
	for name, block := range map[string]*plan.Block{
		"empty":               ops(each(t, "n", "[]", ops())),
		"all filtered":        ops(each(t, "n", "[1, 2]", ops())),
		"over a skipped step": ops(never, each(t, "n", "stream:step.never", ops(), "step.never")),
		"skipped":             ops(skipped),
	} {
		loop := block.Ops[len(block.Ops)-1]
		if name == "all filtered" {
			loop.ForEach.Where = e(t, "n > 2")
		}
		for _, fn := range []string{"sum", "count", "list", "min", "first"} {
			aggregate(t, loop, fn, "a_"+fn, "n")
		}
		out := newWorld(t, odd, block).output("all", "for_each.n").succeeds()
		want := map[string]any{"count": 0, "succeeded": 0, "failed": 0, "skipped": 0, "a_sum": 0, "a_count": 0, "a_list": []any{}}
		if d := cmp.Diff(want, out["all"]); d != "" {
			t.Errorf("%s: %s", name, d)
		}
	}
}

func TestLoopAndPageGuards(t *testing.T) {
	loop := each(t, "n", "input.list", ops())
	loop.ForEach.Guard = &plan.Guard{Type: types.ListOf(types.AnyString), What: "in of for_each n", Range: at(5)}
	w := newWorld(t, odd, ops(loop))
	w.plan.Inputs = []*plan.Input{{Name: "list", Type: types.Any}}
	w.inputs.Values = map[string]any{"list": []any{"a", 1}}
	if f := w.fails(event.Expression, "in of for_each n: [1] "); f.Range != at(5) {
		t.Errorf("range %v", f.Range)
	}
	list := paginated(t, "/list", nextPage)
	list.Paginate.Guard = &plan.Guard{Type: types.Union(types.JustNull, types.MapOf(types.AnyString)), What: "next of step orders", Range: at(6)}
	w = newWorld(t, pages(25, 10), ops(step(t, "a", list)))
	if f := w.fails(event.InvalidRequest, "next of step orders: "); f.Range != at(6) {
		t.Errorf("range %v", f.Range)
	}
}
