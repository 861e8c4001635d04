package transport

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/Shopify/toxiproxy/v2"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/rs/zerolog"

	"tenon/runtime/event"
)

// backend notes the writes that reach it.
type backend struct {
	mu   sync.Mutex
	keys []string // of each request that arrived whole
	size int      // of its answers
}

func (b *backend) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if _, err := io.ReadAll(r.Body); err != nil {
		return
	}
	b.mu.Lock()
	b.keys = append(b.keys, r.Header.Get("Idempotency-Key"))
	b.mu.Unlock()
	w.WriteHeader(http.StatusCreated)
	io.WriteString(w, strings.Repeat("x", b.size))
}

func (b *backend) arrived() []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.Clone(b.keys)
}

// toxic puts a toxiproxy before a URL. It stays when it was not told to stop.
func toxic(t *testing.T, before *url.URL, toxics ...string) (*url.URL, *toxiproxy.Proxy) {
	t.Helper()
	server := toxiproxy.NewServer(toxiproxy.NewMetricsContainer(prometheus.NewRegistry()), zerolog.Nop())
	p := toxiproxy.NewProxy(server, "api", "127.0.0.1:0", before.Host)
	if err := p.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Stop)
	for _, x := range toxics {
		if _, err := p.Toxics.AddToxicJson(strings.NewReader(x)); err != nil {
			t.Fatalf("%s: %v", x, err)
		}
	}
	return &url.URL{Scheme: "http", Host: p.Listen}, p
}

// TestNetworksThatFail puts what networks do between a client and a server that acts on all it gets.
func TestNetworksThatFail(t *testing.T) {
	for _, c := range []struct {
		name    string
		toxic   string
		down    bool
		size    int
		cause   event.Cause // "": it is answered
		sent    bool        // the client has to say that the server may have acted
		bare    int         // attempts of a write without a key
		arrived int         // of these, how many the server saw
	}{
		{"latency", `{"type": "latency", "stream": "downstream", "attributes": {"latency": 50}}`, false, 10, "", true, 1, 1},
		{"too much latency", `{"type": "latency", "stream": "downstream", "attributes": {"latency": 3000}}`, false, 10, event.Timeout, true, 1, 1},
		{"slices", `{"type": "slicer", "stream": "downstream", "attributes": {"average_size": 20, "delay": 100}}`, false, 500, "", true, 1, 1},
		{"slow close", `{"type": "slow_close", "stream": "downstream", "attributes": {"delay": 2000}}`, false, 10, "", true, 1, 1},
		{"reset with the answer", `{"type": "reset_peer", "stream": "downstream", "attributes": {"timeout": 0}}`, false, 10, event.Network, true, 1, 1},
		{"reset with the request", `{"type": "reset_peer", "stream": "upstream", "attributes": {"timeout": 0}}`, false, 10, event.Network, true, 1, 0},
		{"cut in the header", `{"type": "limit_data", "stream": "downstream", "attributes": {"bytes": 30}}`, false, 10, event.Network, true, 1, 1},
		{"cut in the body", `{"type": "limit_data", "stream": "downstream", "attributes": {"bytes": 5000}}`, false, 50_000, event.Network, true, 1, 1},
		{"bandwidth", `{"type": "bandwidth", "stream": "downstream", "attributes": {"rate": 1}}`, false, 200_000, event.Timeout, true, 1, 1},
		{"silence", `{"type": "timeout", "stream": "downstream", "attributes": {"timeout": 200}}`, false, 10, event.Network, true, 1, 1},
		{"down", "", true, 10, event.Network, false, 3, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			for _, kind := range []string{"read", "keyed", "bare"} {
				b := &backend{size: c.size}
				var toxics []string
				if c.toxic != "" {
					toxics = []string{c.toxic}
				}
				u, p := toxic(t, serve(t, b.ServeHTTP), toxics...)
				if c.down {
					p.Stop()
				}
				client := New(Options{})
				r := to(u, "POST")
				r.Timeout = time.Second
				r.Policy = Policy{Attempts: 3, Initial: time.Millisecond, On: []string{"network", "timeout"}, Rand: client.Random}
				r.Header = http.Header{}
				want := c.bare
				switch kind {
				case "read":
					r.Method, r.Safe = "GET", true
				case "keyed":
					r.Idempotent, r.Header = true, http.Header{"Idempotency-Key": {"k1"}}
				}
				if kind != "bare" && c.cause != "" {
					want = 3
				}
				res, err := client.Do(context.Background(), r)
				client.CloseIdle()
				var e *Error
				switch {
				case c.cause == "":
					if err != nil || res.Status != 201 || res.Attempts != want || len(res.Body) != c.size {
						t.Errorf("%s: %v", kind, err)
					}
				case !errors.As(err, &e) || e.Cause != c.cause || e.Attempts != want:
					t.Errorf("%s: %#v, want %s after %d attempts", kind, err, c.cause, want)
				case kind == "bare" && e.Sent != c.sent:
					t.Errorf("%s: sent is %v", kind, e.Sent)
				}
				got := b.arrived()
				if kind == "bare" && len(got) != c.arrived {
					t.Errorf("a write without a key arrived %d times, want %d", len(got), c.arrived)
				}
				if kind == "keyed" && slices.ContainsFunc(got, func(k string) bool { return k != "k1" }) {
					t.Errorf("a repeated write has another key: %v", got)
				}
			}
		})
	}
}

// TestANetworkThatRecovers loses one answer; the keyed write comes again, the other is left to a person.
func TestANetworkThatRecovers(t *testing.T) {
	for _, keyed := range []bool{true, false} {
		b := &backend{size: 10}
		u, p := toxic(t, serve(t, b.ServeHTTP), `{"name": "lost", "type": "reset_peer", "stream": "downstream", "attributes": {"timeout": 0}}`)
		client := New(Options{})
		r := to(u, "POST")
		r.Idempotent = keyed
		r.Header = http.Header{"Idempotency-Key": {fmt.Sprint(keyed)}}
		if !keyed {
			r.Header = http.Header{}
		}
		r.Policy = Policy{Attempts: 5, Initial: time.Millisecond, On: []string{"network"}, Rand: client.Random}
		r.Observer = onRetry(func() {
			if err := p.Toxics.RemoveToxic(context.Background(), "lost"); err != nil {
				t.Error(err)
			}
		})
		res, err := client.Do(context.Background(), r)
		if keyed && (err != nil || res.Status != 201 || fmt.Sprint(b.arrived()) != "[true true]") {
			t.Errorf("with a key: %+v, %v, arrived %v", res, err, b.arrived())
		}
		if !keyed {
			if e := wantError(t, err, event.Network, ""); !e.Sent || len(b.arrived()) != 1 {
				t.Errorf("without: sent %v, arrived %v", e.Sent, b.arrived())
			}
		}
		client.CloseIdle()
	}
}

// onRetry is an observer that is called once, before the second attempt.
type onRetry func()

func (f onRetry) Sent(int)                              {}
func (f onRetry) Received(int, int, time.Duration, int) {}
func (f onRetry) Retrying(n int, _ time.Duration, _ string) {
	if n == 1 {
		f()
	}
}
