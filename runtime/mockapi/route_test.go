package mockapi

import (
	"fmt"
	"strings"
	"testing"

	"tenon/runtime/inbound"
)

// routed is a document with one GET operation per path, each of which answers with its operationId.
func routed(t *testing.T, paths ...string) *Server {
	t.Helper()
	var b strings.Builder
	b.WriteString("openapi: 3.0.3\ninfo: {title: Routed, version: \"1\"}\nservers: [{url: 'https://example.com/api'}, {url: '/api/v2'}]\npaths:\n")
	for _, path := range paths {
		var params []string
		for _, name := range inbound.Names(path) {
			params = append(params, fmt.Sprintf("{name: %s, in: path, required: true, schema: {type: string}}", name))
		}
		fmt.Fprintf(&b, "  %q: {get: {operationId: %q, parameters: [%s], responses: {\"200\": {description: ok, content: {application/json: {schema: {type: object, required: [is], properties: {is: {type: string, enum: [%q]}}}}}}}}}\n",
			path, path, strings.Join(params, ", "), path)
	}
	return New(document(t, "routed.yaml", b.String()), Options{})
}

func TestRouting(t *testing.T) {
	h := routed(t, "/users/{id}", "/users/me", "/users/{id}/posts", "/{kind}/{id}/posts", "/files/{name}.json", "/files/{name}", "/range/{from}-{to}", "/jobs/{id}:cancel", "/odd path", "/")
	tests := []struct{ target, want string }{
		{"/api/users/7", "/users/{id}"},
		{"/api/v2/users/7", "/users/{id}"},
		{"/users/7", "/users/{id}"},
		{"/users/me", "/users/me"},
		{"/users/m%65", "/users/me"},
		{"/users/a%2Fb", "/users/{id}"},
		{"/users/7/posts", "/users/{id}/posts"},
		{"/teams/7/posts", "/{kind}/{id}/posts"},
		{"/files/a.json", "/files/{name}.json"},
		{"/files/a.b.json", "/files/{name}.json"},
		{"/files/.json", "/files/{name}"},
		{"/range/1-2", "/range/{from}-{to}"},
		{"/jobs/7:cancel", "/jobs/{id}:cancel"},
		{"/odd%20path", "/odd path"},
		{"/api/", "/"},
		{"/users/", ""},
		{"/users/7/", ""},
		{"/users//posts", ""},
		{"/jobs/7", ""},
		{"/apiusers/7", ""},
	}
	for _, tt := range tests {
		x := send(t, h, "GET "+tt.target, "")
		got, _ := at(x.value, "is").(string)
		if got != tt.want || tt.want == "" && x.status != 404 {
			t.Errorf("GET %s: got %q (%d), want %q", tt.target, got, x.status, tt.want)
		}
	}
}

func TestSecurity(t *testing.T) {
	secured := func(security string) *Server {
		return New(document(t, "secured.yaml", `
openapi: 3.0.3
info: {title: Secured, version: "1"}
paths:
  /x: {get: {operationId: x, security: `+security+`, responses: {"204": {description: ok}}}}
components:
  securitySchemes:
    header: {type: apiKey, in: header, name: X-Key}
    query: {type: apiKey, in: query, name: key}
    cookie: {type: apiKey, in: cookie, name: session}
    basic: {type: http, scheme: basic}
    bearer: {type: http, scheme: bearer}
    oauth: {type: oauth2, flows: {clientCredentials: {tokenUrl: /token, scopes: {}}}}
    mutual: {type: mutualTLS}
`), Options{})
	}
	tests := []struct {
		security, query, header string
		ok                      bool
	}{
		{"[]", "", "", true},
		{"[{}, {bearer: []}]", "", "", true},
		{"[{header: []}]", "", "X-Key: a", true},
		{"[{header: []}]", "", "X-Key: ", false},
		{"[{query: []}]", "?key=a", "", true},
		{"[{query: []}]", "?other=a", "", false},
		{"[{cookie: []}]", "", "Cookie: session=a", true},
		{"[{basic: []}]", "", "Authorization: Basic YTpi", true},
		{"[{basic: []}]", "", "Authorization: Bearer a", false},
		{"[{bearer: []}]", "", "Authorization: bearer a", true},
		{"[{bearer: []}]", "", "Authorization: Bearer ", false},
		{"[{oauth: [read]}]", "", "Authorization: Bearer a", true},
		{"[{header: [], query: []}]", "", "X-Key: a", false},
		{"[{header: [], query: []}]", "?key=b", "X-Key: a", true},
		{"[{header: []}, {query: []}]", "?key=b", "", true},
		{"[{mutual: []}]", "", "", true},
		{"[{unknown: []}]", "", "", true},
	}
	for _, tt := range tests {
		var headers []string
		if tt.header != "" {
			headers = append(headers, tt.header)
		}
		x := send(t, secured(tt.security), "GET /x"+tt.query, "", headers...)
		if want := map[bool]int{true: 204, false: 401}[tt.ok]; x.status != want {
			t.Errorf("%s with %q %q: got %d %s, want %d", tt.security, tt.query, tt.header, x.status, x.text, want)
		}
	}
	x := send(t, secured("[{header: [], query: []}, {bearer: []}]"), "GET /x", "")
	if want := "bearer (header Authorization: Bearer …) or header (header X-Key) with query (query key)"; !strings.Contains(x.text, want) {
		t.Errorf("got %s, want it to name %q", x.text, want)
	}
}

func TestAnswers(t *testing.T) {
	h := New(document(t, "answers.yaml", `
openapi: 3.0.3
info: {title: Answers, version: "1"}
paths:
  /csv: {get: {operationId: csv, responses: {"200": {description: ok, content: {text/csv: {schema: {type: string}}, application/json: {schema: {type: integer}}}}}}}
  /bytes: {get: {operationId: bytes, responses: {"200": {description: ok, content: {application/pdf: {schema: {type: string, format: binary}}}}}}}
  /xml: {get: {operationId: xml, responses: {"200": {description: ok, content: {application/xml: {schema: {type: object}}}}}}}
  /headers: {get: {operationId: headers, responses: {"200": {description: ok, headers: {X-Total: {required: true, schema: {type: integer}}, X-Other: {schema: {type: string}}}}}}}
  /failures: {get: {operationId: failures, responses: {"404": {description: no}}}}
  /any: {get: {operationId: any, responses: {default: {description: ok, content: {application/json: {schema: {type: boolean}}}}}}}
  /class: {get: {operationId: class, responses: {"404": {description: no}, "2XX": {description: ok}}}}
  /moved: {get: {operationId: moved, responses: {"302": {description: there}}}}
  /impossible: {get: {operationId: impossible, responses: {"200": {description: ok, content: {application/json: {schema: {type: integer, minimum: 2, maximum: 1}}}}}}}
`), Options{})
	tests := []struct {
		path, accept string
		status       int
		contentType  string
	}{
		{"/csv", "", 200, "application/json"},
		{"/csv", "text/*", 200, "text/csv"},
		{"/csv", "text/csv;q=0.5, application/xml", 200, "text/csv"},
		{"/csv", "application/json;q=0, */*", 200, "text/csv"},
		{"/csv", "image/png", 406, "application/json"},
		{"/bytes", "*/*", 200, "application/pdf"},
		{"/xml", "", 501, "application/json"},
		{"/headers", "", 200, ""},
		{"/failures", "", 204, ""},
		{"/any", "", 200, "application/json"},
		{"/class", "", 200, ""},
		{"/moved", "", 302, ""},
		{"/impossible", "", 501, "application/json"},
	}
	for _, tt := range tests {
		var headers []string
		if tt.accept != "" {
			headers = append(headers, "Accept: "+tt.accept)
		}
		x := send(t, h, "GET "+tt.path, "", headers...)
		if x.status != tt.status || x.header.Get("Content-Type") != tt.contentType {
			t.Errorf("GET %s, Accept %q: got %d %q %s, want %d %q", tt.path, tt.accept, x.status, x.header.Get("Content-Type"), x.text, tt.status, tt.contentType)
		}
	}
	if x := send(t, h, "GET /headers", ""); x.header.Get("X-Total") == "" {
		t.Errorf("the required header X-Total is missing: %v", x.header)
	}
}

func TestLargeBody(t *testing.T) {
	h := New(load(t, "testdata/shop.yaml"), Options{})
	body := `{"note": "` + strings.Repeat("x", maxBody) + `"}`
	if x := send(t, h, "POST /orders", body, key, "Content-Type: application/json"); x.status != 413 {
		t.Errorf("got %d %.200s, want 413", x.status, x.text)
	}
}

func BenchmarkGet(b *testing.B) {
	h := New(load(b, "testdata/shop.yaml"), Options{})
	for b.Loop() {
		if x := send(b, h, "GET /orders/1a2b3c4d-0000-4000-8000-000000000001", "", key); x.status != 200 {
			b.Fatal(x.text)
		}
	}
}

func BenchmarkPage(b *testing.B) {
	h := New(load(b, "testdata/shop.yaml"), Options{Items: 1000})
	for b.Loop() {
		if x := send(b, h, "GET /orders?per_page=100&page=3", "", key); x.status != 200 {
			b.Fatal(x.text)
		}
	}
}
