package mockapi

import (
	"encoding/json"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"tenon/runtime/inbound"
)

// Whatever is asked, the mock answers: with data, or with what is wrong as an object.
func FuzzServe(f *testing.F) {
	f.Add("GET", "/v1/orders", "page=2&per_page=3&status=paid", "", "")
	f.Add("POST", "/v1/orders", "dry_run=true", "application/json", `{"customer_id": "1a2b3c4d-0000-4000-8000-000000000001", "lines": [{"sku": "ABC12345", "quantity": 1}]}`)
	f.Add("POST", "/v1/orders", "", "application/x-www-form-urlencoded", "lines[0][sku]=ABC12345&lines[0][quantity]=1")
	f.Add("GET", "/v1/orders/%2e%2e", "", "", "")
	f.Add("PUT", "//v1//carts/{cart_id}", "%zz", "; =", "\x00")
	h := New(load(f, "testdata/shop.yaml"), Options{})
	f.Fuzz(func(t *testing.T, method, path, query, contentType, body string) {
		r := httptest.NewRequest("GET", "/", strings.NewReader(body))
		r.Method = method
		r.URL = &url.URL{Path: path, RawQuery: query}
		r.Header.Set("X-Api-Key", "x")
		r.Header.Set("Content-Type", contentType)
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		if w.Code < 400 {
			return
		}
		var answer struct {
			Error    string
			Problems []inbound.Problem
		}
		if err := json.Unmarshal(w.Body.Bytes(), &answer); err != nil || answer.Error == "" {
			t.Errorf("%d %s: %v", w.Code, w.Body, err)
		}
		if w.Code >= 500 {
			t.Errorf("%s %s?%s: %d %s", method, path, query, w.Code, w.Body)
		}
	})
}
