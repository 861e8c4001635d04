package paging_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"tenon/runtime/engine"
	"tenon/runtime/event"
	"tenon/runtime/exec"
	"tenon/spec/check"
	"tenon/spec/diag"
	"tenon/spec/openapi"
	"tenon/spec/plan"
	"tenon/spec/syntax"
)

// provider is an API with one list, as its document declares it and as it serves it.
type provider struct {
	scheme string // how the document shows the pages
	n      int    // items
	size   int    // of a page
	first  int    // number of the first page
	empty  []int  // pages, from 0, that have no items although others follow
	form   int    // one of several ways to say the same
	loose  bool   // the document requires no property
	envel  string // where what tells about pages stands; "" beside the items
	method string
	loops  bool // a fault: what leads on leads back

	requests int
}

// the schemes that a provider may have, and the rule by which they are read.
var schemes = map[string]string{
	"link":        "link",
	"page+link":   "page", // declared as pages, and a Link header that no document mentions
	"cursor+link": "cursor",
	"next-url":    "next-url",
	"cursor":      "cursor",
	"body cursor": "cursor",
	"last-id":     "last-id",
	"page":        "page",
	"body page":   "page",
	"offset":      "offset",
	"body offset": "offset",
	"text offset": "offset",
}

type object = map[string]any

func param(name, typ string, more ...any) object {
	p := object{"name": name, "in": "query", "schema": object{"type": typ}}
	for i := 0; i+1 < len(more); i += 2 {
		if more[i] == "description" {
			p["description"] = more[i+1]
			continue
		}
		p["schema"].(object)[more[i].(string)] = more[i+1]
	}
	return p
}

// document describes the provider.
func (p *provider) document() []byte {
	item := object{"type": "object", "required": []string{"id"}, "properties": object{"id": object{"type": "string"}}}
	signals, params := object{}, []object{}
	var body object
	headers := object{}
	text, whole, truth := object{"type": "string", "nullable": true}, object{"type": "integer"}, object{"type": "boolean"}
	switch p.scheme {
	case "link":
		headers["Link"] = object{"schema": object{"type": "string"}}
		params = append(params, param("per_page", "integer"))
	case "next-url":
		signals["next"] = object{"type": "string", "nullable": true, "format": "uri"}
	case "cursor", "cursor+link":
		signals["next_cursor"], params = text, append(params, param("cursor", "string"))
		if p.form%2 == 1 {
			signals["has_more"] = truth
		}
	case "body cursor":
		signals["next_cursor"] = text
		body = object{"cursor": object{"type": "string"}}
		if p.form%2 == 1 {
			body = object{"pagination": object{"type": "object", "properties": body}}
		}
	case "last-id":
		signals["has_more"] = truth
		params = append(params, param("starting_after", "string", "description", "The ID of the last item that was seen."), param("limit", "integer", "maximum", 50))
	case "page", "page+link":
		params = append(params, param("page", "integer", "default", p.first))
	case "body page":
		body = object{"page": object{"type": "integer", "minimum": p.first}}
	case "offset":
		params = append(params, param("offset", "integer"))
	case "text offset":
		params = append(params, param("offset", "string", "default", "0"))
	case "body offset":
		body = object{"options": object{"type": "object", "properties": object{"offset": whole}}}
	}
	switch p.end() {
	case "total":
		signals["total"] = whole
	case "pages":
		signals["total_pages"] = whole
	case "more":
		signals["has_more"] = truth
	case "last":
		signals["is_last"] = truth
	}
	list := object{"type": "array", "items": item}
	answer := list
	if len(signals) > 0 || p.form%3 == 0 {
		answer = object{"type": "object", "properties": object{"data": list}, "required": []string{"data"}}
		at := answer["properties"].(object)
		var required []string
		for name := range signals {
			required = append(required, name)
		}
		slices.Sort(required)
		if p.envel != "" {
			at[p.envel] = object{"type": "object", "properties": signals, "required": required}
			required = []string{p.envel}
		} else {
			for name, s := range signals {
				at[name] = s
			}
		}
		answer["required"] = append([]string{"data"}, required...)
		if p.loose {
			delete(answer, "required")
		}
	}
	op := object{"operationId": "list", "parameters": params, "responses": object{"200": object{"description": "ok", "headers": headers,
		"content": object{"application/json": object{"schema": answer}}}}}
	if body != nil {
		op["requestBody"] = object{"content": object{"application/json": object{"schema": object{"type": "object", "properties": body}}}}
	}
	doc, err := json.Marshal(object{"openapi": "3.0.3", "info": object{"title": "t", "version": "1"}, "servers": []object{{"url": "http://provider.example/v1"}},
		"paths": object{"/things": object{p.method: op}}})
	if err != nil {
		panic(err)
	}
	return doc
}

// end is what tells the end of a list that is counted through.
func (p *provider) end() string {
	switch p.scheme {
	case "page", "body page":
		return []string{"", "pages", "more", "last"}[p.form%4]
	case "offset", "body offset", "text offset":
		return []string{"", "total", "more"}[p.form%3]
	}
	return ""
}

// RoundTrip implements [http.RoundTripper].
func (p *provider) RoundTrip(r *http.Request) (*http.Response, error) {
	if p.requests++; p.requests > 2000 {
		return nil, fmt.Errorf("there is no end to it")
	}
	w := httptest.NewRecorder()
	p.serve(w, r)
	answer := w.Result()
	answer.Request = r
	return answer, nil
}

// position is the index of the first item that is asked for, and the number of the page, from 0, with empty ones.
func (p *provider) position(r *http.Request) (from, page int) {
	q := r.URL.Query()
	body := object{}
	if r.Body != nil {
		json.NewDecoder(r.Body).Decode(&body)
	}
	within := func(name, inner string) any {
		if m, ok := body[name].(object); ok {
			return m[inner]
		}
		return nil
	}
	number := func(v any) int {
		n, _ := strconv.Atoi(fmt.Sprint(v))
		return n
	}
	switch p.scheme {
	case "cursor", "cursor+link":
		fmt.Sscanf(q.Get("cursor"), "c%d.%d", &from, &page)
	case "body cursor":
		c := body["cursor"]
		if c == nil {
			c = within("pagination", "cursor")
		}
		fmt.Sscanf(fmt.Sprint(c), "c%d.%d", &from, &page)
	case "last-id":
		if after := q.Get("starting_after"); after != "" {
			from = number(strings.TrimPrefix(after, "i")) + 1
			page = from / p.size
		}
	case "page", "page+link", "body page":
		v := any(q.Get("page"))
		if p.scheme == "body page" {
			v = body["page"]
		}
		if v != nil && v != "" {
			page = number(v) - p.first
		}
		from = p.before(page)
	case "offset", "text offset":
		from = number(q.Get("offset"))
		page = from / p.size
	case "body offset":
		from = number(within("options", "offset"))
		page = from / p.size
	}
	if c := q.Get("at"); c != "" {
		fmt.Sscanf(c, "%d.%d", &from, &page)
	}
	return from, page
}

// before is how many items stand on the pages before one.
func (p *provider) before(page int) int {
	n := 0
	for i := range page {
		if !slices.Contains(p.empty, i) {
			n += p.size
		}
	}
	return n
}

func (p *provider) serve(w http.ResponseWriter, r *http.Request) {
	from, page := p.position(r)
	if p.loops && page > 1 {
		from, page = p.size, 1
	}
	to := min(from+p.size, p.n)
	if slices.Contains(p.empty, page) {
		to = from
	}
	more := to < p.n
	items := []object{}
	for i := from; i < to; i++ {
		items = append(items, object{"id": fmt.Sprintf("i%d", i)})
	}
	nextURL := fmt.Sprintf("/v1/things?at=%d.%d", to, page+1)
	switch p.form % 3 {
	case 1:
		nextURL = "http://provider.example" + nextURL
	case 2:
		nextURL = nextURL[strings.Index(nextURL, "?"):]
	}
	signals := object{}
	switch p.scheme {
	case "link", "page+link", "cursor+link":
		if more {
			w.Header().Add("Link", `</v1/things>; rel="first", <`+nextURL+`>; title="a, b"; rel="next"`)
		} else if from > 0 {
			w.Header().Add("Link", `</v1/things>; rel=first`)
		}
	case "next-url":
		signals["next"] = nil
		if more {
			signals["next"] = nextURL
		}
	case "cursor", "body cursor":
		switch {
		case more || p.loops:
			signals["next_cursor"] = fmt.Sprintf("c%d.%d", to, page+1)
		case p.form%2 == 1: // it always has one, and says besides that there is no more
			signals["next_cursor"] = fmt.Sprintf("c%d.%d", to, page+1)
			if p.scheme == "body cursor" {
				signals["next_cursor"] = ""
			}
		default:
			signals["next_cursor"] = []any{nil, ""}[p.n%2]
		}
		if p.scheme == "cursor" && p.form%2 == 1 {
			signals["has_more"] = more || p.loops
		}
	case "last-id":
		signals["has_more"] = more || p.loops
	}
	if p.scheme == "cursor+link" {
		signals["next_cursor"] = nil
		if p.form%2 == 1 {
			signals["has_more"] = false
		}
	}
	switch p.end() {
	case "total":
		signals["total"] = p.n
		if p.loops {
			signals["total"] = 1000
		}
	case "pages":
		signals["total_pages"] = (p.n+p.size-1)/p.size + len(p.empty)
		if p.loops {
			signals["total_pages"] = 1000
		}
	case "more":
		signals["has_more"] = more || p.loops
	case "last":
		signals["is_last"] = !more && !p.loops
	}
	var answer any = items
	if len(signals) > 0 || p.form%3 == 0 {
		out := object{"data": items}
		if p.envel != "" {
			out[p.envel] = signals
		} else {
			for k, v := range signals {
				out[k] = v
			}
		}
		answer = out
	}
	w.Header().Set("Content-Type", "application/json")
	json.NewEncoder(w).Encode(answer)
}

// shelf is a project's documents.
type shelf map[string][]byte

func (s shelf) Document(api, name string, _ ...string) (*openapi.Document, error) {
	return openapi.Load(name, s[name], openapi.Options{Name: api})
}

func (s shelf) ReadFile(name string) ([]byte, error) {
	if b, ok := s[name]; ok {
		return b, nil
	}
	return nil, os.ErrNotExist
}

// planned checks a project of one file and returns its only plan.
func planned(src string, specs check.Specs) (*plan.Plan, diag.List) {
	f, findings := syntax.Parse("main.hcl", []byte(src))
	m, found := check.Decode([]*syntax.File{f})
	findings.Append(found)
	if findings.HasErrors() {
		return nil, findings
	}
	r, found := check.Build(m, specs, check.Options{Version: "test"})
	findings.Append(found)
	for _, p := range r.Plans {
		return p, findings
	}
	return nil, findings
}

func run(p *plan.Plan, base http.RoundTripper, sink func(event.Event)) (*exec.Result, error) {
	program, err := exec.Compile(p)
	if err != nil {
		return nil, err
	}
	options := engine.Options{Detail: event.Everything}
	options.Transport.Base = base
	if sink != nil {
		options.Sink = func(e event.Envelope) { sink(e.Event) }
	}
	local := engine.New(options)
	defer local.Close()
	return local.Run(context.Background(), program, exec.Inputs{}), nil
}

func draw(t *rapid.T) *provider {
	p := &provider{
		scheme: rapid.SampledFrom(keys(schemes)).Draw(t, "scheme"),
		n:      rapid.IntRange(0, 40).Draw(t, "items"),
		size:   rapid.IntRange(1, 7).Draw(t, "size"),
		first:  rapid.IntRange(0, 1).Draw(t, "first"),
		form:   rapid.IntRange(0, 11).Draw(t, "form"),
		loose:  rapid.Bool().Draw(t, "loose"),
		envel:  rapid.SampledFrom([]string{"", "meta", "pagination", "paging"}).Draw(t, "envelope"),
		method: "get",
	}
	if strings.HasPrefix(p.scheme, "body") {
		p.method = "post"
	}
	// A page without items ends what is counted without being told.
	if end := p.end(); p.scheme == "link" || p.scheme == "next-url" || strings.Contains(p.scheme, "cursor") && p.scheme != "cursor+link" ||
		(p.scheme == "page" || p.scheme == "body page") && (end == "more" || end == "last") {
		p.empty = rapid.SliceOfNDistinct(rapid.IntRange(0, 6), 0, 3, rapid.ID[int]).Draw(t, "empty pages")
	}
	return p
}

func keys(m map[string]string) []string {
	var out []string
	for k := range m {
		out = append(out, k)
	}
	slices.Sort(out)
	return out
}

const project = `api "shop" {
  spec = "openapi.json"
}

integration "all" {
  step "list" {
    call = shop.list
    paginate {
%s    }
  }
  output "ids" {
    value = [for x in collect(step.list.items) : x.id]
  }
}
`

// TestServed holds that whatever a provider declares and does, all items are read exactly once and in order, a limit cuts
// them off with a warning in the result, and where each page goes on can be written down.
func TestServed(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := draw(t)
		limit, attrs := 0, ""
		if rapid.Bool().Draw(t, "limited") {
			limit = rapid.IntRange(1, 45).Draw(t, "limit")
			attrs = fmt.Sprintf("      limit = %d\n", limit)
		}
		plan, findings := planned(fmt.Sprintf(project, attrs), shelf{"openapi.json": p.document()})
		if plan == nil {
			t.Fatalf("%+v: %s", findings[0], p.document())
		}
		pages := plan.Steps.Ops[0].Call.Paginate
		if pages.Rule != schemes[p.scheme] {
			t.Fatalf("%s is read by the rule %s: %s", p.scheme, pages.Rule, pages.Next.Source)
		}
		total := 0
		res, err := run(plan, p, func(e event.Event) {
			if read, ok := e.(event.PageRead); ok {
				total += read.Items
				checkCursor(t, read)
			}
		})
		if err != nil {
			t.Fatal(err)
		}
		if res.Status != event.Succeeded {
			t.Fatalf("%s: %s %+v", pages.Next.Source, res.Error.Message, res.Error.Response)
		}
		want := p.n
		if limit > 0 {
			want = min(limit, p.n)
		}
		ids, _ := res.Outputs["ids"].([]any)
		for i, id := range ids {
			if id != fmt.Sprintf("i%d", i) {
				t.Fatalf("%s: item %d is %v: %v", pages.Next.Source, i, id, ids)
			}
		}
		if len(ids) != want || total != want {
			t.Fatalf("%s: %d items in the output, %d in the pages, want %d", pages.Next.Source, len(ids), total, want)
		}
		if cut := limit > 0 && limit < p.n; cut && len(res.Warnings) != 1 || limit == 0 && len(res.Warnings) > 0 || limit > p.n && len(res.Warnings) > 0 {
			t.Fatalf("limit %d of %d items: %+v", limit, p.n, res.Warnings)
		}
	})
}

func checkCursor(t *rapid.T, read event.PageRead) {
	if read.Last != (read.Next == nil) {
		t.Fatalf("last is %v, and the next page %+v", read.Last, read.Next)
	}
	text, err := json.Marshal(read)
	if err != nil {
		t.Fatal(err)
	}
	var back event.PageRead
	if err := json.Unmarshal(text, &back); err != nil {
		t.Fatal(err)
	}
	if again, err := json.Marshal(back); err != nil || string(again) != string(text) {
		t.Fatalf("%s becomes %s (%v)", text, again, err)
	}
}

// TestServedLoop holds that pages that lead back to earlier ones are an error, and no endless loop.
func TestServedLoop(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := draw(t)
		if p.loops = true; p.n < 4*p.size {
			p.n = 4*p.size + p.n%3
		}
		p.empty = nil
		plan, findings := planned(fmt.Sprintf(project, ""), shelf{"openapi.json": p.document()})
		if plan == nil {
			t.Fatalf("%+v", findings[0])
		}
		res, err := run(plan, p, nil)
		if err != nil {
			t.Fatal(err)
		}
		if res.Status != event.Failed || !strings.Contains(res.Error.Message, "never end") {
			t.Fatalf("%s %s: %s %+v %v", p.scheme, plan.Steps.Ops[0].Call.Paginate.Next.Source, res.Status, res.Error, res.Outputs)
		}
		if p.requests > 20 {
			t.Fatalf("%d requests before it was noticed", p.requests)
		}
	})
}
