package mockapi

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"testing"

	"tenon/spec/openapi"
)

func load(t testing.TB, file string) *openapi.Document {
	t.Helper()
	src, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return document(t, file, string(src))
}

func document(t testing.TB, name, src string) *openapi.Document {
	t.Helper()
	d, err := openapi.Load(name, []byte(src), openapi.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// exchange is what a client sees.
type exchange struct {
	status int
	header http.Header
	text   string
	value  any
}

// send makes a request such as "GET /orders?page=2". Headers are written "Name: value".
func send(t testing.TB, h http.Handler, request, body string, headers ...string) exchange {
	t.Helper()
	method, target, _ := strings.Cut(request, " ")
	r := httptest.NewRequest(method, target, strings.NewReader(body))
	for _, header := range headers {
		name, value, _ := strings.Cut(header, ": ")
		r.Header.Set(name, value)
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	x := exchange{w.Code, w.Header(), w.Body.String(), nil}
	if strings.HasSuffix(x.header.Get("Content-Type"), "json") && x.text != "" {
		if err := json.Unmarshal(w.Body.Bytes(), &x.value); err != nil {
			t.Errorf("%s: the answer is not JSON: %v\n%s", request, err, x.text)
		}
	}
	return x
}

const key = "X-Api-Key: x"

func TestRefusals(t *testing.T) {
	h := New(load(t, "testdata/shop.yaml"), Options{})
	const id = "1a2b3c4d-0000-4000-8000-000000000001"
	order := `{"customer_id": "` + id + `", "lines": [{"sku": "ABC12345", "quantity": 1}]}`
	tests := []struct {
		name, request, body string
		headers             []string
		status              int
		want                string // in the answer
	}{
		{"unknown path", "GET /v1/ordres", "", nil, 404, "the nearest is /orders"},
		{"unknown path with a value", "GET /v1/order/" + id, "", nil, 404, "the nearest is /orders/{id}"},
		{"nothing like it", "GET /zebra", "", nil, 404, "no operation has the path /zebra"},
		{"unknown method", "DELETE /v1/orders", "", nil, 405, "/v1/orders has no DELETE, but GET and POST"},
		{"no credential", "GET /v1/orders", "", nil, 401, "apiKey (header X-Api-Key)"},
		{"wrong type in the query", "GET /v1/orders?page=x", "", []string{key}, 400, `"in":"query","path":"page"`},
		{"out of range in the query", "GET /v1/orders?per_page=1000", "", []string{key}, 400, `"path":"per_page"`},
		{"not in the enum", "GET /v1/orders?status=payed", "", []string{key}, 400, `"path":"status"`},
		{"missing in the query", "GET /v1/search", "", []string{key}, 400, `{"in":"query","path":"q","message":"it is required and not there"}`},
		{"bad format in the path", "GET /v1/orders/x", "", []string{key}, 400, `"in":"path","path":"id"`},
		{"no body", "POST /v1/orders", "", []string{key}, 400, `{"in":"body","message":"it is required and not there"}`},
		{"no content type", "POST /v1/orders", order, []string{key}, 415, "createOrder takes application/json or application/x-www-form-urlencoded"},
		{"an unknown content coding", "POST /v1/orders", order, []string{key, "Content-Type: application/json", "Content-Encoding: compress"}, 415, "the body cannot be read"},
		{"not what the content coding says", "POST /v1/orders", order, []string{key, "Content-Type: application/json", "Content-Encoding: gzip"}, 400, "the body cannot be read"},
		{"larger than it looks", "POST /v1/orders", gzipped(strings.Repeat(" ", maxBody+1)), []string{key, "Content-Type: application/json", "Content-Encoding: gzip"}, 413, "the body is larger than"},
		{"compressed, and wrong", "POST /v1/orders", gzipped(`{}`), []string{key, "Content-Type: application/json", "Content-Encoding: gzip"}, 400, "createOrder"},
		{"another content type", "POST /v1/orders", order, []string{key, "Content-Type: text/plain"}, 415, "the body is of type text/plain, but createOrder takes"},
		{"broken JSON", "POST /v1/orders", order[:20], []string{key, "Content-Type: application/json"}, 400, "ends too early"},
		{"missing property", "POST /v1/orders", "{}", []string{key, "Content-Type: application/json"}, 400, "customer_id"},
		{"deep in the body", "POST /v1/orders", strings.Replace(order, `1}`, `"1"}`, 1), []string{key, "Content-Type: application/json"}, 400, `"path":"lines[0].quantity"`},
		{"every problem", "POST /v1/orders?dry_run=perhaps", strings.Replace(order, `1}`, `0}, {"sku": 1}`, 1), []string{key, "Content-Type: application/json"}, 400, `"path":"lines[1].sku"`},
		{"form", "POST /v1/orders", "customer_id=" + id + "&lines[0][sku]=ABC12345&lines[0][quantity]=many", []string{key, "Content-Type: application/x-www-form-urlencoded"}, 400, `"path":"lines[0].quantity"`},
		{"nothing acceptable", "GET /v1/orders", "", []string{key, "Accept: application/xml"}, 406, "listOrders answers with application/json only"},
	}
	for _, tt := range tests {
		got := send(t, h, tt.request, tt.body, tt.headers...)
		if got.status != tt.status || !strings.Contains(got.text, tt.want) {
			t.Errorf("%s: got %d %s, want %d with %q", tt.name, got.status, got.text, tt.status, tt.want)
		}
		answer, ok := got.value.(map[string]any)
		if _, hasError := answer["error"].(string); !ok || !hasError || answer["problems"] == nil {
			t.Errorf("%s: the answer is no object with error and problems: %s", tt.name, got.text)
		}
	}
}

func gzipped(text string) string {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	io.WriteString(z, text)
	z.Close()
	return b.String()
}

func TestCompressedBody(t *testing.T) {
	h := New(load(t, "testdata/shop.yaml"), Options{})
	order := `{"customer_id": "1a2b3c4d-0000-4000-8000-000000000001", "lines": [{"sku": "ABC12345", "quantity": 1}]}`
	if x := send(t, h, "POST /v1/orders", gzipped(order), key, "Content-Type: application/json", "Content-Encoding: gzip"); x.status != 201 {
		t.Errorf("status %d: %s", x.status, x.text)
	}
}

func TestMethodsAreListed(t *testing.T) {
	h := New(load(t, "testdata/shop.yaml"), Options{})
	if got := send(t, h, "PATCH /v1/orders", ""); got.header.Get("Allow") != "GET, POST" {
		t.Errorf("Allow is %q, want GET, POST", got.header.Get("Allow"))
	}
}

func TestServes(t *testing.T) {
	var log []Exchange
	h := New(load(t, "testdata/shop.yaml"), Options{Log: func(x Exchange) { log = append(log, x) }})
	const id = "1a2b3c4d-0000-4000-8000-000000000001"
	tests := []struct {
		name, request, body string
		headers             []string
		status              int
		want                map[string]any
	}{
		{"id of the path", "GET /v1/orders/" + id, "", nil, 200, map[string]any{"id": id}},
		{"base path left out", "GET /orders/" + id, "", nil, 200, map[string]any{"id": id}},
		{"other base path", "GET /sandbox/v1/orders/" + id, "", nil, 200, map[string]any{"id": id}},
		{"literal before template", "GET /v1/orders/latest", "", nil, 200, map[string]any{"latest": true}},
		{"what was sent", "POST /v1/orders", `{"customer_id": "` + id + `", "lines": [{"sku": "ABC12345", "quantity": 7}], "note": null}`, []string{"Content-Type: application/json"}, 201,
			map[string]any{"customer_id": id, "note": nil, "lines": []any{map[string]any{"sku": "ABC12345", "quantity": 7.0}}}},
		{"a form", "POST /v1/orders", "customer_id=" + id + "&lines[0][sku]=ABC12345&lines[0][quantity]=7", []string{"Content-Type: application/x-www-form-urlencoded"}, 201,
			map[string]any{"customer_id": id, "lines": []any{map[string]any{"sku": "ABC12345", "quantity": 7.0}}}},
		{"an action on the thing", "POST /v1/orders/" + id + "/cancel", "", nil, 200, map[string]any{"id": id}},
		{"wrapped", "GET /v1/carts/7", "", nil, 200, nil},
	}
	for _, tt := range tests {
		got := send(t, h, tt.request, tt.body, append(tt.headers, key)...)
		if got.status != tt.status {
			t.Errorf("%s: got %d %s, want %d", tt.name, got.status, got.text, tt.status)
			continue
		}
		object := got.value.(map[string]any)
		for name, want := range tt.want {
			if text, _ := json.Marshal(object[name]); string(text) != marshal(want) {
				t.Errorf("%s: %s is %s, want %s", tt.name, name, text, marshal(want))
			}
		}
		if again := send(t, h, tt.request, tt.body, append(tt.headers, key)...); again.text != got.text {
			t.Errorf("%s: another answer to the same request:\n%s\n%s", tt.name, got.text, again.text)
		}
	}
	if log[0].Operation != "getOrder" || log[0].Status != 200 || log[0].Method != "GET" {
		t.Errorf("the log begins with %+v", log[0])
	}
	wrapped := send(t, h, "GET /v1/carts/7", "", key).value.(map[string]any)
	if cart, _ := wrapped["data"].(map[string]any); cart["id"] != 7.0 {
		t.Errorf("GET /v1/carts/7: got %v, want data.id 7", wrapped)
	}
}

func marshal(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return string(b)
}

func TestSeeds(t *testing.T) {
	d := load(t, "testdata/shop.yaml")
	request := "GET /v1/search?q=x"
	one, two := New(d, Options{Seed: 1}), New(d, Options{Seed: 2})
	if a, b := send(t, one, request, "", key), send(t, two, request, "", key); a.text == b.text {
		t.Errorf("seeds 1 and 2 give the same answer: %s", a.text)
	}
	if a, b := send(t, one, request, "", key), send(t, one, "GET /v1/search?q=y", "", key); a.text == b.text {
		t.Errorf("queries x and y give the same answer: %s", a.text)
	}
}

func TestNothingDeclared(t *testing.T) {
	h := New(load(t, "testdata/shop.yaml"), Options{})
	if got := send(t, h, "DELETE /v1/orders/1a2b3c4d-0000-4000-8000-000000000001", "", key); got.status != 204 || got.text != "" {
		t.Errorf("got %d %q, want 204 without a body", got.status, got.text)
	}
	head := send(t, h, "HEAD /v1/orders", "", key)
	if head.status != 200 || head.text != "" {
		t.Errorf("HEAD: got %d %q, want 200 without a body", head.status, head.text)
	}
}

// Many clients at once see what one sees.
func TestConcurrentClients(t *testing.T) {
	d := load(t, "testdata/shop.yaml")
	want := send(t, New(d, Options{}), "GET /orders?per_page=5&page=2", "", key).text
	h := New(load(t, "testdata/shop.yaml"), Options{})
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 5 {
				if got := send(t, h, "GET /orders?per_page=5&page=2", "", key).text; got != want {
					t.Errorf("got %s, want %s", got, want)
				}
			}
		})
	}
	wg.Wait()
}
