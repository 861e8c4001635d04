package crash

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"time"
)

const pageOf = 7

// shop is the server. It counts what was done, and answers late now and then, so that kills come in between. What its
// orders say is different for each process that asks (rev), so that it shows if a page is not what it was before.
type shop struct {
	*httptest.Server
	items int
	slow  time.Duration

	mu       sync.Mutex
	rev      int
	effects  map[string]map[string]int // kind, order, how often
	requests map[string]map[string]int // the same, whether they had an effect or not
	bodies   map[string]string         // of reservations, and of payments and refunds by their keys
	revs     map[string]map[int]bool   // by order: what was said of it in writes
	log      []string                  // "kind order", as they had their first effect
	polls    map[string]int            // how often progress was asked for
	parked   map[string]bool           // "kind order" of what a person decided about
	faults   []string
	left     int // requests until trip is called; 0: it is not
	trip     func()
	conns    map[net.Conn]int // open ones, by when they came
	came     int              // connections
	floor    int              // the first one of the process that is alive; 0: none has come yet
}

// conn is the context's key of when a request's connection came.
type conn struct{}

func newShop(items int, slow time.Duration) *shop {
	s := &shop{items: items, slow: slow, effects: map[string]map[string]int{}, requests: map[string]map[string]int{}, bodies: map[string]string{},
		revs: map[string]map[int]bool{}, conns: map[net.Conn]int{}, polls: map[string]int{}, parked: map[string]bool{}}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /orders", s.list)
	mux.HandleFunc("GET /orders/{id}", func(w http.ResponseWriter, r *http.Request) { answer(w, 200, s.order(r.PathValue("id"))) })
	mux.HandleFunc("GET /progress/{id}", s.progress)
	mux.HandleFunc("PUT /reservations/{id}", s.reserve)
	mux.HandleFunc("DELETE /reservations/{id}", func(w http.ResponseWriter, r *http.Request) { s.remove("frees", r.PathValue("id"), w) })
	mux.HandleFunc("PUT /confirmations/{id}", s.confirm)
	for _, kind := range []string{"invoices", "shipments", "mails", "recalls"} {
		mux.HandleFunc("POST /"+kind, func(w http.ResponseWriter, r *http.Request) { s.make(kind, w, r) })
		mux.HandleFunc("GET /"+kind, func(w http.ResponseWriter, r *http.Request) { s.find(kind, w, r) })
	}
	for _, kind := range []string{"payments", "refunds"} {
		mux.HandleFunc("POST /"+kind, func(w http.ResponseWriter, r *http.Request) { s.pay(kind, w, r) })
	}
	mux.HandleFunc("DELETE /shipments/{id}", func(w http.ResponseWriter, r *http.Request) {
		s.remove("cancellations", strings.TrimPrefix(r.PathValue("id"), "shipments-"), w)
	})
	s.Server = httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.mu.Lock()
		if s.floor == 0 {
			s.floor = r.Context().Value(conn{}).(int)
		}
		trip := s.trip
		if s.left--; s.left != 0 {
			trip = nil
		}
		s.mu.Unlock()
		if trip != nil {
			trip()
		}
		mux.ServeHTTP(w, r)
	}))
	s.Config.ConnContext = func(ctx context.Context, c net.Conn) context.Context {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.came++
		s.conns[c] = s.came
		return context.WithValue(ctx, conn{}, s.came)
	}
	s.Config.ConnState = func(c net.Conn, state http.ConnState) {
		if state == http.StateClosed {
			s.mu.Lock()
			defer s.mu.Unlock()
			delete(s.conns, c)
		}
	}
	s.Start()
	return s
}

// when calls trip once n more requests have come.
func (s *shop) when(n int, trip func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.rev++
	s.left, s.trip, s.floor = n, trip, 0
}

// settled waits until what dead processes have sent is dealt with, so that who looks sees it: a killed process's
// connections come before those of the next, and are closed when they are done with. It does not wait for who asks,
// or it would wait for itself if that process was killed meanwhile.
func (s *shop) settled(ctx context.Context) {
	asks, _ := ctx.Value(conn{}).(int)
	for began := time.Now(); ; {
		s.mu.Lock()
		older := false
		for _, n := range s.conns {
			older = older || s.floor == 0 || n < s.floor
		}
		dead := asks > 0 && asks < s.floor
		s.mu.Unlock()
		if !older || dead {
			return
		}
		if time.Since(began) > 30*time.Second {
			panic(fmt.Sprintf("connections of dead processes stay open: %v, and the first of the living is %d", s.conns, s.floor))
		}
		time.Sleep(time.Millisecond)
	}
}

// had counts an effect. The lock is held.
func (s *shop) had(kind, id string, rev int) {
	if count(s.effects, kind, id, 1) == 1 {
		s.log = append(s.log, kind+" "+id)
	}
	s.said(id, rev)
}

func (s *shop) said(id string, rev int) {
	if rev == 0 {
		return
	}
	if s.revs[id] == nil {
		s.revs[id] = map[int]bool{}
	}
	s.revs[id][rev] = true
}

func answer(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	json.NewEncoder(w).Encode(v)
}

func id(i int) string { return fmt.Sprintf("o%04d", i) }

func number(id string) int {
	n, _ := strconv.Atoi(strings.TrimPrefix(id, "o"))
	return n
}

func (s *shop) order(id string) map[string]any {
	s.mu.Lock()
	defer s.mu.Unlock()
	return map[string]any{"id": id, "amount": 100 + number(id), "rev": s.rev}
}

// progress is done at the third question.
func (s *shop) progress(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	s.polls[r.PathValue("id")]++
	done := s.polls[r.PathValue("id")] >= 3
	s.mu.Unlock()
	answer(w, 200, map[string]any{"done": done})
}

// refused says which orders cannot be confirmed.
func refused(id string) bool { return number(id)%10 == 3 }

func (s *shop) list(w http.ResponseWriter, r *http.Request) {
	page, _ := strconv.Atoi(r.URL.Query().Get("page"))
	data := []any{}
	for i := page * pageOf; i < min(s.items, (page+1)*pageOf); i++ {
		data = append(data, s.order(id(i)))
	}
	var next any
	if (page+1)*pageOf < s.items {
		next = page + 1
	}
	answer(w, 200, map[string]any{"data": data, "next": next})
}

// dawdle waits a little, or not.
func (s *shop) dawdle() {
	if s.slow > 0 && rand.IntN(3) == 0 {
		time.Sleep(rand.N(s.slow))
	}
}

func count(m map[string]map[string]int, kind, id string, by int) int {
	if m[kind] == nil {
		m[kind] = map[string]int{}
	}
	m[kind][id] += by
	return m[kind][id]
}

// reserve is idempotent, for the same bytes.
func (s *shop) reserve(w http.ResponseWriter, r *http.Request) {
	s.dawdle()
	var raw json.RawMessage
	var body struct{ Rev int }
	err := json.NewDecoder(r.Body).Decode(&raw)
	id := r.PathValue("id")
	s.mu.Lock()
	count(s.requests, "reservations", id, 1)
	if err == nil {
		json.Unmarshal(raw, &body)
		if s.effects["reservations"][id] == 0 {
			s.had("reservations", id, body.Rev)
		}
		if old := s.bodies[id]; old != "" && old != string(raw) {
			s.faults = append(s.faults, fmt.Sprintf("reservation %s was %s and is sent again as %s", id, old, raw))
		}
		s.bodies[id] = string(raw)
	}
	s.mu.Unlock()
	s.dawdle()
	answer(w, 200, map[string]any{"id": id})
}

// pay has its effect once for each key, and wants the same bytes with it. Refunds do so, too.
func (s *shop) pay(kind string, w http.ResponseWriter, r *http.Request) {
	s.dawdle()
	var raw json.RawMessage
	var body struct {
		Order string
		Rev   int
	}
	key := r.Header.Get("Idempotency-Key")
	if err := json.NewDecoder(r.Body).Decode(&raw); err != nil || json.Unmarshal(raw, &body) != nil {
		return
	}
	s.mu.Lock()
	count(s.requests, kind, body.Order, 1)
	switch old := s.bodies[key]; {
	case key == "":
		s.faults = append(s.faults, "one of the "+kind+" without a key: "+string(raw))
	case old == "":
		s.had(kind, body.Order, body.Rev)
		s.bodies[key] = string(raw)
	case old != string(raw):
		s.faults = append(s.faults, fmt.Sprintf("one of the %s, %s, was %s and is sent again as %s", kind, key, old, raw))
	}
	s.mu.Unlock()
	s.dawdle()
	answer(w, 201, map[string]any{"id": kind + "-" + body.Order})
}

func ensure(m map[string]int) map[string]int {
	if m == nil {
		return map[string]int{}
	}
	return m
}

func (s *shop) confirm(w http.ResponseWriter, r *http.Request) {
	s.dawdle()
	if refused(r.PathValue("id")) {
		w.WriteHeader(409)
		return
	}
	answer(w, 200, map[string]any{"id": r.PathValue("id")})
}

// make is not idempotent. A request that did not arrive whole has no effect.
func (s *shop) make(kind string, w http.ResponseWriter, r *http.Request) {
	s.dawdle()
	var body struct {
		Order string
		Rev   int
	}
	if err := json.NewDecoder(r.Body).Decode(&body); err != nil {
		return
	}
	s.mu.Lock()
	count(s.requests, kind, body.Order, 1)
	s.had(kind, body.Order, body.Rev)
	s.mu.Unlock()
	s.dawdle()
	answer(w, 201, map[string]any{"id": kind + "-" + body.Order})
}

func (s *shop) find(kind string, w http.ResponseWriter, r *http.Request) {
	s.settled(r.Context())
	s.mu.Lock()
	n := s.effects[kind][r.URL.Query().Get("order")]
	s.mu.Unlock()
	data := []any{}
	for range n {
		data = append(data, map[string]any{"id": kind + "-" + r.URL.Query().Get("order")})
	}
	answer(w, 200, map[string]any{"data": data})
}

// remove is idempotent: what is gone stays so.
func (s *shop) remove(kind, id string, w http.ResponseWriter) {
	s.dawdle()
	s.mu.Lock()
	count(s.requests, kind, id, 1)
	if s.effects[kind][id] == 0 {
		s.had(kind, id, 0)
	}
	s.mu.Unlock()
	s.dawdle()
	w.WriteHeader(204)
}

func (s *shop) effect(kind, id string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.effects[kind][id]
}
