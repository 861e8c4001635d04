package openapitest_test

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"tenon/spec/openapi"
	"tenon/spec/openapi/openapitest"
)

func load(t *testing.T, name string) *openapi.Document {
	t.Helper()
	src, err := os.ReadFile(filepath.FromSlash(name))
	if err != nil {
		t.Fatal(err)
	}
	dir := filepath.Dir(filepath.FromSlash(name))
	d, err := openapi.Load(filepath.Base(name), src, openapi.Options{ReadFile: func(name string) ([]byte, error) {
		return os.ReadFile(filepath.Join(dir, filepath.FromSlash(name)))
	}})
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func TestRequest(t *testing.T) {
	for _, test := range []struct {
		file, op            string
		method, url, header string
		body, contentType   string
		refused             string // part of the reason; "" if accepted
	}{
		{"shop-30.yaml", "listOrders", "GET", "/v1/orders?page%5Bsize%5D=100&status=a%7Cb&filter%5Bsince%5D=2024-01-01", "tenant", "", "", ""},
		{"shop-30.yaml", "listOrders", "GET", "/v1/orders?page%5Bsize%5D=101", "tenant", "", "", "at most 100"},
		{"shop-30.yaml", "listOrders", "GET", "/v1/orders", "", "", "", "tenant"},
		{"shop-30.yaml", "createOrder", "POST", "/orders", "tenant", `{"total": 1.5, "note": null, "parent": {"total": 2}}`, "application/json", ""},
		{"shop-30.yaml", "createOrder", "POST", "/orders", "tenant", `{"total": "1"}`, "application/json", "total"},
		{"shop-30.yaml", "createOrder", "POST", "/orders", "tenant", "", "", "required"},
		{"shop-20.json", "listOrders", "GET", "/v0/orders?limit=5&status=open&status=closed", "", "", "", ""},
		{"shop-20.json", "listOrders", "GET", "/v0/orders?limit=5&status=lost", "", "", "", "status"},
		{"shop-20.json", "createOrder", "POST", "/v0/orders", "", `{"id": "1"}`, "application/json", ""},
		{"shop-20.json", "createOrder", "POST", "/v0/orders", "", `{}`, "application/json", "id"},
		{"shop-20.json", "renameFile", "PATCH", "/v0/orders/1/file", "", "title=short", "application/x-www-form-urlencoded", ""},
		{"shop-20.json", "renameFile", "PATCH", "/v0/orders/1/file", "", "title=too+long", "application/x-www-form-urlencoded", "maximum string length is 5"},
		{"shop-31.yaml", "createOrder", "POST", "/orders", "", `{"id": null, "kind": "order", "line": {"sku": "a"}}`, "application/json", ""},
		{"shop-31.yaml", "createOrder", "POST", "/orders", "", `{"id": null, "kind": "invoice"}`, "application/json", "kind"},
		{"shop-31.yaml", "createOrder", "POST", "/orders", "", `{"id": null, "line": {"sku": 1}}`, "application/json", "sku"},
		{"multi/openapi.yaml", "getOrder", "GET", "/orders/a%2Fb", "", "", "", "leads nowhere"},
		{"multi/openapi.yaml", "listOrders", "GET", "/orders", "", "", "", ""},
	} {
		d := load(t, "../testdata/"+test.file)
		var body *strings.Reader
		r, err := http.NewRequest(test.method, "https://shop.example.com"+test.url, nil)
		if test.body != "" {
			body = strings.NewReader(test.body)
			r, err = http.NewRequest(test.method, "https://shop.example.com"+test.url, body)
		}
		if err != nil {
			t.Fatal(err)
		}
		if test.header != "" {
			r.Header.Set(test.header, "x")
		}
		if test.contentType != "" {
			r.Header.Set("Content-Type", test.contentType)
		}
		o, err := openapitest.New(d, test.op)
		if err == nil {
			err = o.Request(r)
		}
		if got := reason(err); test.refused == "" && err != nil || !strings.Contains(got, test.refused) {
			t.Errorf("%s %s %s: refused for %q, want %q", test.file, test.url, test.body, got, test.refused)
		}
	}
}

func reason(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

func TestResponse(t *testing.T) {
	for _, test := range []struct {
		file, op, method, url string
		status                int
		contentType, body     string
		refused               string
	}{
		{"shop-30.yaml", "listOrders", "GET", "/orders", 200, "application/json", `[{"id": "1", "total": 2}]`, ""},
		{"shop-30.yaml", "listOrders", "GET", "/orders", 200, "application/json", `[{"total": 2}]`, "id"},
		{"shop-30.yaml", "createOrder", "POST", "/orders", 500, "application/json", `{}`, "not supported"},
		{"shop-20.json", "listOrders", "GET", "/orders", 200, "application/json", `[{"id": 1}]`, "id"},
		{"shop-31.yaml", "listOrders", "GET", "/orders", 200, "application/json", `[{"id": "1", "kind": "order"}]`, ""},
		{"shop-31.yaml", "createOrder", "POST", "/orders", 400, "application/json", `{"title": 1}`, "title"},
	} {
		d := load(t, "../testdata/"+test.file)
		o, err := openapitest.New(d, test.op)
		if err != nil {
			t.Fatal(err)
		}
		r, err := http.NewRequest(test.method, "https://shop.example.com"+test.url, nil)
		if err != nil {
			t.Fatal(err)
		}
		header := http.Header{"Content-Type": {test.contentType}, "X-Total": {"1"}}
		err = o.Response(r, test.status, header, []byte(test.body))
		if got := reason(err); test.refused == "" && err != nil || !strings.Contains(got, test.refused) {
			t.Errorf("%s %s: refused for %q, want %q", test.file, test.body, got, test.refused)
		}
	}
}

// Text is no URI. A schema that restricts nothing takes null; one with a type does not, unless it says so. Lists of 2.0
// are written with commas where nothing is said.
func TestAnythingTakesNull(t *testing.T) {
	for _, version := range []string{`"openapi": "3.0.3"`, `"swagger": "2.0", "consumes": ["application/json"]`} {
		schema := `{"type": "object", "properties": {"any": {"description": "what you like"}, "text": {"type": "string"}, "link": {"type": "string", "format": "uri"}}}`
		takes := `"requestBody": {"content": {"application/json": {"schema": ` + schema + `}}}`
		if strings.Contains(version, "swagger") {
			takes = `"parameters": [{"name": "ids", "in": "query", "type": "array", "items": {"type": "integer"}}, {"name": "b", "in": "body", "schema": ` + schema + `}]`
		}
		d, err := openapi.Load("any.json", []byte(`{`+version+`, "info": {"title": "a", "version": "1"}, "paths": {"/a": {"post": {"operationId": "a", `+takes+`, "responses": {"200": {"description": "a"}}}}}}`), openapi.Options{})
		if err != nil {
			t.Fatal(err)
		}
		o, err := openapitest.New(d, "a")
		if err != nil {
			t.Fatal(err)
		}
		for body, ok := range map[string]bool{`{"any": null, "text": "a"}`: true, `{"any": 1}`: true, `{"text": null}`: false, `{"link": "https://a.example.com/b?c=[d]#%20"}`: true, `{"link": "a text"}`: false} {
			r, _ := http.NewRequest("POST", "https://a.example.com/a?ids=1,2", strings.NewReader(body))
			if strings.Contains(version, "openapi") {
				r.URL.RawQuery = ""
			}
			r.Header.Set("Content-Type", "application/json")
			if err := o.Request(r); (err == nil) != ok {
				t.Errorf("%s: %s: %v", version, body, err)
			}
		}
	}
}
