package mockapi

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"
)

// paged is an OpenAPI document with one list operation.
func paged(t *testing.T, params, schema, headers string) *Server {
	t.Helper()
	return New(document(t, "paged.yaml", fmt.Sprintf(`
openapi: 3.0.3
info: {title: Paged, version: "1"}
servers: [{url: /v1}]
paths:
  /things:
    get:
      operationId: listThings
      parameters: [%s]
      responses:
        "200":
          description: ok
          headers: {%s}
          content: {application/json: {schema: %s}}
components:
  schemas:
    Thing: {type: object, required: [id, colour], properties: {id: {type: string, maxLength: 20}, colour: {type: string, enum: [red, blue]}}}
    Things: {type: array, items: {$ref: "#/components/schemas/Thing"}}
`, params, headers, schema)), Options{})
}

const things = `{$ref: "#/components/schemas/Things"}`

func param(name, schema string) string {
	return fmt.Sprintf(`{name: %q, in: query, schema: %s}`, name, schema)
}

func object(props string) string {
	return `{type: object, required: [things], properties: {things: ` + things + `, ` + props + `}}`
}

// at reads a value of an answer by its path.
func at(v any, path ...string) any {
	for _, name := range path {
		object, _ := v.(map[string]any)
		v = object[name]
	}
	return v
}

var linkNext = regexp.MustCompile(`<([^>]*)>; rel="next"`)

// The styles that real documents use; next gives what changes in the query for the next page, or its
// URL; "" at the end.
func TestPagination(t *testing.T) {
	integer, text := "{type: integer, minimum: 1}", "{type: string}"
	page := func(v any, n int) string { return fmt.Sprintf("page=%d", n+1) }
	tests := []struct {
		name, params, schema, headers, size string
		next                                func(v any, page int, h http.Header) string
	}{
		{"page and has_more", param("page", integer) + "," + param("per_page", integer), object("has_more: {type: boolean}"), "", "per_page",
			func(v any, n int, _ http.Header) string {
				if at(v, "has_more") == true {
					return page(v, n)
				}
				return ""
			}},
		{"page, until nothing comes", param("page", integer) + "," + param("pageSize", integer), things, "", "pageSize",
			func(v any, n int, _ http.Header) string {
				if len(v.([]any)) > 0 {
					return page(v, n)
				}
				return ""
			}},
		{"page from zero and total pages", param("page", "{type: integer, minimum: 0}") + "," + param("size", integer), object("totalPages: {type: integer}, number: {type: integer}"), "", "size",
			func(v any, n int, _ http.Header) string {
				if at(v, "number") != float64(n-1) {
					t.Errorf("number is %v on page %d", at(v, "number"), n)
				}
				if float64(n) < at(v, "totalPages").(float64) {
					return fmt.Sprintf("page=%d", n)
				}
				return ""
			}},
		{"offset and total", param("offset", "{type: integer}") + "," + param("limit", integer), object("meta: {type: object, required: [total, offset, limit], properties: {total: {type: integer}, offset: {type: integer}, limit: {type: integer}}}"), "", "limit",
			func(v any, n int, _ http.Header) string {
				if next := at(v, "meta", "offset").(float64) + at(v, "meta", "limit").(float64); next < at(v, "meta", "total").(float64) {
					return fmt.Sprintf("offset=%v", next)
				}
				return ""
			}},
		{"cursor and token", param("cursor", text) + "," + param("limit", integer), object("response_metadata: {type: object, properties: {next_cursor: {type: string}}}"), "", "limit",
			func(v any, n int, _ http.Header) string {
				if next, _ := at(v, "response_metadata", "next_cursor").(string); next != "" {
					return "cursor=" + next
				}
				return ""
			}},
		{"cursor and nullable token", param("page[after]", text) + "," + param("page[size]", integer), object("next_cursor: {type: string, nullable: true}"), "", "page[size]",
			func(v any, n int, _ http.Header) string {
				if next, ok := at(v, "next_cursor").(string); ok {
					return "page%5Bafter%5D=" + next
				}
				return ""
			}},
		{"id of the last one", param("starting_after", text) + "," + param("limit", integer), object("has_more: {type: boolean}"), "", "limit",
			func(v any, n int, _ http.Header) string {
				list := at(v, "things").([]any)
				if at(v, "has_more") == true {
					return "starting_after=" + url.QueryEscape(at(list[len(list)-1], "id").(string))
				}
				return ""
			}},
		{"URL in the body", param("page", integer) + "," + param("limit", integer), object("next: {type: string, nullable: true, format: uri}, count: {type: integer}"), "", "limit",
			func(v any, n int, _ http.Header) string { next, _ := at(v, "next").(string); return next }},
		{"URL under links", param("limit", integer), object("_links: {type: object, properties: {next: {type: object, properties: {href: {type: string}}}}}"), "", "limit",
			func(v any, n int, _ http.Header) string {
				next, _ := at(v, "_links", "next", "href").(string)
				return next
			}},
		{"Link header", param("page", integer) + "," + param("per_page", integer), things, "Link: {schema: {type: string}}", "per_page",
			func(v any, n int, h http.Header) string {
				if m := linkNext.FindStringSubmatch(h.Get("Link")); m != nil {
					return m[1]
				}
				return ""
			}},
		{"number of the next page", param("page", integer) + "," + param("limit", integer), object("pagination: {type: object, properties: {next: {type: integer, nullable: true}}}"), "", "limit",
			func(v any, n int, _ http.Header) string {
				if next, ok := at(v, "pagination", "next").(float64); ok {
					return fmt.Sprintf("page=%v", next)
				}
				return ""
			}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			h := paged(t, tt.params, tt.schema, tt.headers)
			var bySeven, byTen []string
			for size, ids := range map[int]*[]string{7: &bySeven, 10: &byTen} {
				target := fmt.Sprintf("/v1/things?%s=%d", url.QueryEscape(tt.size), size)
				for n, query := 1, target; ; n++ {
					x := send(t, h, "GET "+query, "")
					if x.status != 200 {
						t.Fatalf("GET %s: %d %s", query, x.status, x.text)
					}
					list, isList := x.value.([]any)
					if !isList {
						list = at(x.value, "things").([]any)
					}
					for _, e := range list {
						*ids = append(*ids, at(e, "id").(string))
					}
					next := tt.next(x.value, n, x.header)
					if next == "" {
						break
					}
					if query = target + "&" + next; strings.Contains(next, "://") {
						query = next
					}
					if n > 10 {
						t.Fatalf("no end after %d pages; the next is %s", n, next)
					}
				}
			}
			if len(bySeven) != 25 || strings.Join(bySeven, " ") != strings.Join(byTen, " ") {
				t.Errorf("in pages of 7: %q\nin pages of 10: %q\nwant the same 25", bySeven, byTen)
			}
			seen := map[string]bool{}
			for _, id := range bySeven {
				if seen[id] {
					t.Errorf("id %s comes twice", id)
				}
				seen[id] = true
			}
		})
	}
}

func TestListsAgreeWithTheQuery(t *testing.T) {
	h := paged(t, param("page", "{type: integer}")+","+param("colour", "{type: string, enum: [red, blue]}"), things, "")
	for _, e := range send(t, h, "GET /v1/things?colour=blue", "").value.([]any) {
		if at(e, "colour") != "blue" {
			t.Errorf("asked for blue, got %v", e)
		}
	}
}

func TestItems(t *testing.T) {
	s := paged(t, param("page", "{type: integer}")+","+param("per_page", "{type: integer}"), things, "")
	for items, want := range map[int]int{-1: 0, 0: 25, 3: 3} {
		h := New(s.doc, Options{Items: items})
		if got := len(send(t, h, "GET /v1/things?per_page=100", "").value.([]any)); got != want {
			t.Errorf("Items %d: got %d elements, want %d", items, got, want)
		}
	}
}

// What a client makes up for a paging parameter never breaks the mock.
func TestOddPages(t *testing.T) {
	h := paged(t, param("page", "{type: integer}")+","+param("per_page", "{type: integer}")+","+param("cursor", "{type: string}"), object("next_cursor: {type: string}"), "")
	for _, query := range []string{"page=-5", "page=9223372036854775807&per_page=9223372036854775807", "per_page=0", "cursor=%00", "cursor=after--7", "cursor=after-99999999999999999999", "page=0"} {
		if x := send(t, h, "GET /v1/things?"+query, ""); x.status != 200 {
			t.Errorf("?%s: %d %s", query, x.status, x.text)
		}
	}
}

// The URL of the next page has all that was asked for as it was written.
func TestNextURL(t *testing.T) {
	l := &list{call: &call{r: httptest.NewRequest("GET", "http://h.example/a%2Fb?fields=a,b&after=after-1&&q=%2C%20&aft%65r=2", nil)}, pager: &pager{}}
	if got, want := l.nextURL(span{to: 10}, nil), "http://h.example/a%2Fb?fields=a,b&q=%2C%20&after=after-10"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
}
