package exec_test

import (
	"fmt"
	"net/http"
	"reflect"
	"strconv"
	"testing"

	"tenon/runtime/event"
	"tenon/spec/plan"
)

// numbered serves three items on pages of one, by their number, with whatever Link header a test wants.
func numbered(link func(page int) string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		page, _ := strconv.Atoi(r.URL.Query().Get("page"))
		page = max(page, 1)
		if l := link(page); l != "" {
			w.Header().Set("Link", l)
		}
		items := `[]`
		if page <= 3 {
			items = fmt.Sprintf(`[{"id": %d}]`, page)
		}
		respond(w, 200, fmt.Sprintf(`{"items": %s, "next": null}`, items))
	}
}

// inferred is a paginated call as the checker makes one where the author leaves next out.
func inferred(t testing.TB, path, next string, blind bool) *plan.Call {
	c := paginated(t, path, next)
	c.Paginate.Rule, c.Paginate.Follow, c.Paginate.Blind, c.Paginate.Collect = "test", true, blind, true
	return c
}

const byNumber = "len(response.body.items) > 0 ? { page = coalesce(request.params.page, 1) + 1 } : null"

// TestLinkHeaders holds when a Link header is followed that no plan speaks of, and when it ends a list.
func TestLinkHeaders(t *testing.T) {
	next := func(page int) string {
		switch {
		case page < 3:
			return fmt.Sprintf(`</a?page=%d>; rel="next", </a>; rel="first"`, page+1)
		case page == 3:
			return `</a>; rel="first"`
		}
		return ""
	}
	for _, c := range []struct {
		name      string
		call      *plan.Call
		link      func(int) string
		want      int
		mostPages int
	}{
		{"nothing else leads on", inferred(t, "/a", "response.body.next", false), next, 3, 3},
		{"a counted list ends where the header has no next", inferred(t, "/a", byNumber, true), next, 3, 3},
		{"without a header it ends at the empty page", inferred(t, "/a", byNumber, true), func(int) string { return "" }, 3, 4},
		{"a header that always has a next is no reason to go on", inferred(t, "/a", byNumber, true), func(page int) string {
			return fmt.Sprintf(`</a?page=%d>; rel=next`, page+1)
		}, 3, 4},
		{"a written next is followed alone", func() *plan.Call {
			c := inferred(t, "/a", "response.body.next", false)
			c.Paginate.Rule, c.Paginate.Follow = "explicit", false
			return c
		}(), next, 1, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t, numbered(c.link), ops(step(t, "a", c.call)))
			w.output("n", "len(step.a.items)")
			if out := w.succeeds(); out["n"] != c.want {
				t.Errorf("%v items, want %d", out["n"], c.want)
			}
			pages := said[event.PageRead](w)
			if len(pages) > c.mostPages {
				t.Errorf("%d pages were read, want %d at most", len(pages), c.mostPages)
			}
			for _, p := range pages {
				if p.Last != (p.Next == nil) {
					t.Errorf("page_read: %+v", p)
				}
			}
		})
	}
}

// TestServerThatIgnoresThePage holds that the same items again are noticed, unless the items say nothing.
func TestServerThatIgnoresThePage(t *testing.T) {
	for body, want := range map[string]string{
		`{"items": [{"id": 1}, {"id": 2}]}`: "page 2 has the same items as the one before it",
		`{"items": [{"id": 1}]}`:            "page 11 has the same items as the one before it",
		`{"items": ["a", "b"]}`:             "page 11 has the same items as the one before it",
	} {
		w := newWorld(t, func(w http.ResponseWriter, r *http.Request) { respond(w, 200, body) }, ops(step(t, "a", inferred(t, "/a", byNumber, true))))
		w.output("n", "len(step.a.items)")
		w.fails(event.InvalidResponse, want)
	}
}

// TestPageCursors holds that events say where a list goes on, for parameters and bodies that are changed step by step.
func TestPageCursors(t *testing.T) {
	n := 0
	h := func(w http.ResponseWriter, r *http.Request) {
		if n++; n > 3 {
			respond(w, 200, `{"items": [], "a": null, "b": ""}`)
			return
		}
		respond(w, 200, fmt.Sprintf(`{"items": [{"id": %d}], "a": "a%[1]d", "b": "b%[1]d"}`, n))
	}
	c := inferred(t, "/a", `{ after = response.body.a, body = { at = { b = response.body.b } } }`, false)
	c.Method, c.Body = "POST", &plan.Body{ContentType: "application/json", Value: e(t, `{ at = { size = 1 }, all = true }`)}
	w := newWorld(t, h, ops(step(t, "a", c)))
	w.output("n", "len(step.a.items)")
	if out := w.succeeds(); out["n"] != 3 {
		t.Errorf("%v items, want 3", out["n"])
	}
	pages := said[event.PageRead](w)
	want := &event.Cursor{Params: map[string]any{"query:after": "a2"}, Body: map[string]any{"at": map[string]any{"b": "b2"}}}
	if len(pages) != 4 || !reflect.DeepEqual(pages[1].Next, want) {
		t.Errorf("%d pages; after the second %+v, want %+v", len(pages), pages[1].Next, want)
	}
}

// TestCutOffIsSaid holds that a limit and a missing Link header are told in the run's result.
func TestCutOffIsSaid(t *testing.T) {
	limited := inferred(t, "/a", byNumber, true)
	limited.Paginate.Limit = 2
	linked := inferred(t, "/a", `link_url(response.headers.link, "next")`, false)
	linked.Paginate.Rule, linked.Paginate.Size = "link", "size"
	linked.Params = append(linked.Params, param(t, "query", "size", "1"))
	for want, c := range map[string]*plan.Call{
		"only the first 2 items are used, which is the limit; there may be more":                                                       limited,
		"there may be more than the 1 items of the first page: the server sent no Link header, by which the next page was to be found": linked,
	} {
		w := newWorld(t, numbered(func(int) string { return "" }), ops(step(t, "a", c)))
		w.output("n", "len(step.a.items)")
		w.succeeds()
		done := said[event.RunDone](w)
		if len(done) != 1 || len(done[0].Warnings) != 1 || done[0].Warnings[0].Message != want {
			t.Errorf("%+v, want %s", done, want)
		}
	}
}
