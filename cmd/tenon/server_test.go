package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// fakeServer answers as a file of routes says, a line each, the first that fits:
//
//	GET /orders 200 application/json {"data": []}
//
// with "once " before the status, the route is there for one request only; with "hold ", the answer waits
// until the script says release; "drop" in its place closes the connection. A path that ends in * stands for all that begin so.
type fakeServer struct {
	*httptest.Server
	routes []*route
	held   chan struct{} // a token for each request that waits
	free   chan struct{} // a token for each that may go on

	mu  sync.Mutex
	got []string
}

type route struct {
	method, path              string
	once, hold, used          bool
	status, contentType, body string
}

type serversKey struct{}

func newFakeServer(text string) *fakeServer {
	s := &fakeServer{held: make(chan struct{}, 100), free: make(chan struct{}, 100)}
	for line := range strings.Lines(text) {
		method, rest, _ := strings.Cut(strings.TrimSpace(line), " ")
		path, rest, _ := strings.Cut(rest, " ")
		rest, once := strings.CutPrefix(rest, "once ")
		rest, hold := strings.CutPrefix(rest, "hold ")
		f := append(strings.SplitN(rest, " ", 3), "", "")
		s.routes = append(s.routes, &route{method: method, path: path, once: once, hold: hold, status: f[0], contentType: f[1], body: f[2]})
	}
	s.Server = httptest.NewServer(s)
	return s
}

func (s *fakeServer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	s.mu.Lock()
	s.got = append(s.got, strings.TrimSpace(fmt.Sprintf("%s %s %s", r.Method, r.URL.RequestURI(), body)))
	s.mu.Unlock()
	for _, x := range s.routes {
		prefix, wild := strings.CutSuffix(x.path, "*")
		if x.method != r.Method || x.path != r.URL.Path && !(wild && strings.HasPrefix(r.URL.Path, prefix)) {
			continue
		}
		s.mu.Lock()
		gone := x.once && x.used
		x.used = true
		s.mu.Unlock()
		if gone {
			continue
		}
		s.answer(w, r, x)
		return
	}
	http.NotFound(w, r)
}

func (s *fakeServer) answer(w http.ResponseWriter, r *http.Request, x *route) {
	if x.hold {
		s.held <- struct{}{}
		select {
		case <-s.free:
		case <-r.Context().Done():
			return
		}
	}
	if x.status == "drop" {
		panic(http.ErrAbortHandler)
	}
	status, err := strconv.Atoi(x.status)
	if err != nil {
		panic("route with status " + x.status)
	}
	w.Header().Set("Content-Type", x.contentType)
	w.WriteHeader(status)
	io.WriteString(w, x.body)
}

func servers(ts *testscript.TestScript) map[string]*fakeServer {
	return ts.Value(serversKey{}).(map[string]*fakeServer)
}

func scriptServer(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: server NAME ROUTES")
	}
	s := newFakeServer(ts.ReadFile(args[1]))
	ts.Defer(func() {
		s.CloseClientConnections()
		s.Close()
	})
	servers(ts)[args[0]] = s
	ts.Setenv(args[0], s.URL)
}

func scriptAwait(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 || servers(ts)[args[0]] == nil {
		ts.Fatalf("usage: await SERVER")
	}
	select {
	case <-servers(ts)[args[0]].held:
	case <-time.After(30 * time.Second):
		ts.Fatalf("no request arrived")
	}
}

func scriptRelease(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 || servers(ts)[args[0]] == nil {
		ts.Fatalf("usage: release SERVER")
	}
	servers(ts)[args[0]].free <- struct{}{}
}

func scriptRequests(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 1 || servers(ts)[args[0]] == nil {
		ts.Fatalf("usage: requests SERVER [FILE]")
	}
	s := servers(ts)[args[0]]
	s.mu.Lock()
	got := strings.Join(s.got, "\n") + "\n"
	s.mu.Unlock()
	if len(args) == 1 {
		ts.Logf("%s", got)
		return
	}
	if want := ts.ReadFile(args[1]); got != want {
		ts.Fatalf("got requests\n%swant\n%s", got, want)
	}
}

// decodeAny reads one JSON document.
func decodeAny(text string) (any, error) {
	d := json.NewDecoder(strings.NewReader(text))
	d.UseNumber()
	var v any
	err := d.Decode(&v)
	return v, err
}
