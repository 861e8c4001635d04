package transport

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"
	"time"

	"tenon/runtime/transport/budget"
)

// BenchmarkDo is a small POST, with all that Do watches over and as net/http alone does it.
func BenchmarkDo(b *testing.B) {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		io.Copy(io.Discard, r.Body)
		io.WriteString(w, `{"id":"1"}`)
	}))
	defer s.Close()
	u, _ := url.Parse(s.URL)
	body := bytes.Repeat([]byte("x"), 300)
	b.Run("Do", func(b *testing.B) {
		b.ReportAllocs()
		c := New(Options{})
		defer c.CloseIdle()
		r := to(u, "POST")
		r.Header, r.Body, r.Timeout, r.Budget = http.Header{"Content-Type": {"application/json"}}, body, time.Minute, budget.New()
		for b.Loop() {
			if res, err := c.Do(context.Background(), r); err != nil || res.Status != 200 {
				b.Fatal(res, err)
			}
		}
	})
	b.Run("net/http", func(b *testing.B) {
		b.ReportAllocs()
		c := &http.Client{Timeout: time.Minute}
		for b.Loop() {
			res, err := c.Post(s.URL, "application/json", bytes.NewReader(body))
			if err != nil {
				b.Fatal(err)
			}
			io.Copy(io.Discard, res.Body)
			res.Body.Close()
		}
	})
}
