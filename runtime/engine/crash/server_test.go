package crash

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"time"
)

const pageOf = 25

// shop is the server. It counts what was done, and answers late now and then, so that kills come in between.
type shop struct {
	*httptest.Server
	items int
	slow  time.Duration

	mu       sync.Mutex
	effects  map[string]map[string]int // kind, order, how often
	requests map[string]map[string]int // the same, whether they had an effect or not
	bodies   map[string]string         // of reservations, and of payments by their keys
	faults   []string
}

func newShop(items int, slow time.Duration) *shop {
	s := &shop{items: items, slow: slow, effects: map[string]map[string]int{}, requests: map[string]map[string]int{}, bodies: map[string]string{}}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /orders", s.list)
	mux.HandleFunc("GET /orders/{id}", func(w http.ResponseWriter, r *http.Request) { answer(w, 200, order(r.PathValue("id"))) })
	mux.HandleFunc("PUT /reservations/{id}", s.reserve)
	mux.HandleFunc("PUT /confirmations/{id}", s.confirm)
	for _, kind := range []string{"invoices", "shipments", "mails"} {
		mux.HandleFunc("POST /"+kind, func(w http.ResponseWriter, r *http.Request) { s.make(kind, w, r) })
		mux.HandleFunc("GET /"+kind, func(w http.ResponseWriter, r *http.Request) { s.find(kind, w, r) })
	}
	mux.HandleFunc("POST /payments", s.pay)
	mux.HandleFunc("DELETE /shipments/{id}", s.cancel)
	s.Server = httptest.NewServer(mux)
	return s
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

func order(id string) map[string]any { return map[string]any{"id": id, "amount": 100 + number(id)} }

// refused says which orders cannot be confirmed.
func refused(id string) bool { return number(id)%10 == 3 }

func (s *shop) list(w http.ResponseWriter, r *http.Request) {
	page, _ := strconv.Atoi(r.URL.Query().Get("page"))
	data := []any{}
	for i := page * pageOf; i < min(s.items, (page+1)*pageOf); i++ {
		data = append(data, order(id(i)))
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
	var body json.RawMessage
	err := json.NewDecoder(r.Body).Decode(&body)
	id := r.PathValue("id")
	s.mu.Lock()
	count(s.requests, "reservations", id, 1)
	if err == nil {
		s.effects["reservations"] = ensure(s.effects["reservations"])
		s.effects["reservations"][id] = 1
		if old := s.bodies[id]; old != "" && old != string(body) {
			s.faults = append(s.faults, fmt.Sprintf("reservation %s was %s and is sent again as %s", id, old, body))
		}
		s.bodies[id] = string(body)
	}
	s.mu.Unlock()
	s.dawdle()
	answer(w, 200, map[string]any{"id": id})
}

// pay has its effect once for each key, and wants the same bytes with it.
func (s *shop) pay(w http.ResponseWriter, r *http.Request) {
	s.dawdle()
	var raw json.RawMessage
	var body struct{ Order string }
	key := r.Header.Get("Idempotency-Key")
	if err := json.NewDecoder(r.Body).Decode(&raw); err != nil || json.Unmarshal(raw, &body) != nil {
		return
	}
	s.mu.Lock()
	count(s.requests, "payments", body.Order, 1)
	switch old := s.bodies[key]; {
	case key == "":
		s.faults = append(s.faults, "a payment without a key: "+string(raw))
	case old == "":
		count(s.effects, "payments", body.Order, 1)
		s.bodies[key] = string(raw)
	case old != string(raw):
		s.faults = append(s.faults, fmt.Sprintf("payment %s was %s and is sent again as %s", key, old, raw))
	}
	s.mu.Unlock()
	s.dawdle()
	answer(w, 201, map[string]any{"id": "payments-" + body.Order})
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
	var body struct{ Order string }
	if err := json.NewDecoder(r.Body).Decode(&body); err != nil {
		return
	}
	s.mu.Lock()
	count(s.requests, kind, body.Order, 1)
	count(s.effects, kind, body.Order, 1)
	s.mu.Unlock()
	s.dawdle()
	answer(w, 201, map[string]any{"id": kind + "-" + body.Order})
}

func (s *shop) find(kind string, w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	n := s.effects[kind][r.URL.Query().Get("order")]
	s.mu.Unlock()
	data := []any{}
	for range n {
		data = append(data, map[string]any{"id": kind + "-" + r.URL.Query().Get("order")})
	}
	answer(w, 200, map[string]any{"data": data})
}

func (s *shop) cancel(w http.ResponseWriter, r *http.Request) {
	s.dawdle()
	s.mu.Lock()
	s.effects["cancellations"] = ensure(s.effects["cancellations"])
	s.effects["cancellations"][strings.TrimPrefix(r.PathValue("id"), "shipments-")] = 1
	s.mu.Unlock()
	s.dawdle()
	w.WriteHeader(204)
}

func (s *shop) effect(kind, id string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.effects[kind][id]
}
