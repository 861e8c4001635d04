package main

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"tenon/spec/lang"
)

// TestServingGuide serves the example of docs/serving-operations.md, and has its requests answered as the page shows.
func TestServingGuide(t *testing.T) {
	page, err := os.ReadFile(filepath.Join(repository(), "docs", "serving-operations.md"))
	if err != nil {
		t.Fatal(err)
	}
	example := regexp.MustCompile("(?ms)^```hcl\n(.*?)^```$").FindSubmatch(page)
	if example == nil {
		t.Fatal("the page has no example")
	}
	down := false
	shop := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		switch {
		case down:
			w.WriteHeader(500)
		case r.Method == "POST":
			w.WriteHeader(201)
		case r.URL.Path == "/orders/o-1":
			fmt.Fprint(w, `{"id":"o-1","status":"paid","total":250,"currency":"EUR","customer_id":"c-7","updated_at":"2026-01-01T00:00:00Z","note":null,"lines":[]}`)
		default:
			w.WriteHeader(404)
			fmt.Fprint(w, `{"message":"no"}`)
		}
	}))
	defer shop.Close()
	dir := t.TempDir()
	files := map[string]string{"main.hcl": strings.Replace(string(example[1]), `spec       = "openapi/shop.yaml"`, `spec       = "openapi/shop.yaml"
  server     = "`+shop.URL+`"`, 1)}
	for _, name := range []string{"openapi/shop.yaml", "openapi/public.yaml"} {
		files[name] = lang.ExampleFiles()[name]
	}
	for name, text := range files {
		if err := os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	s := startServe(t, dir)
	ask := func(method, path, body string) (int, http.Header, string) {
		req, _ := http.NewRequest(method, s.hooks+path, strings.NewReader(body))
		req.Header.Set("X-Key", "p-key")
		if body != "" {
			req.Header.Set("Content-Type", "application/json")
		}
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		text, _ := io.ReadAll(res.Body)
		return res.StatusCode, res.Header, strings.TrimSpace(string(text))
	}
	shown := func(text string) bool {
		space := regexp.MustCompile(`\s+`)
		return strings.Contains(space.ReplaceAllString(string(page), ""), space.ReplaceAllString(text, ""))
	}
	status, header, body := ask("POST", "/v1/orders", `{"customer": "Ann", "total": 250}`)
	if status != 201 || !shown(body) || !shown("Location: "+header.Get("Location")) || header.Get("Tenon-Run") == "" {
		t.Errorf("%d %v %s", status, header, body)
	}
	if status, _, body := ask("POST", "/v1/orders", `{"customer": 7, "id": "mine"}`); status != 400 || !shown(body) {
		t.Errorf("%d %s", status, body)
	}
	if status, _, body := ask("GET", "/v1/orders/o-1", ""); status != 200 || body != `{"customer":"c-7","id":"o-1","total":250}` {
		t.Errorf("%d %s", status, body)
	}
	if status, _, body := ask("GET", "/v1/orders/o-2", ""); status != 404 || body != `{"title":"There is no order o-2."}` {
		t.Errorf("%d %s", status, body)
	}
	down = true
	if status, _, body := ask("POST", "/v1/orders", `{"customer": "Bob", "total": 1}`); status != 502 || !strings.Contains(body, "The shop did not take the order.") {
		t.Errorf("%d %s", status, body)
	}
	if status, _, body := ask("GET", "/v1/orders/o-1", ""); status != 200 || !strings.Contains(body, "c-7") {
		t.Errorf("not from the cache: %d %s", status, body)
	}
	if code, v := s.admin("GET", "/v1/runs?status=succeeded"); code != 200 || len(v["runs"].([]any)) != 2 {
		t.Errorf("runs: %d %v", code, v)
	}
}
