package exec_test

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"tenon/runtime/event"
	"tenon/spec/plan"
)

// keyed is a POST that carries a key.
func keyed(t testing.TB, path, body string, params ...*plan.Param) *plan.Call {
	c := post(t, path, body, params...)
	c.Idempotent, c.IdempotencyHeader = true, "idempotency-key"
	c.Retry = &plan.Retry{Attempts: 3, Backoff: "constant", Initial: time.Millisecond, On: []string{"network", "timeout", "429", "5xx"}}
	return c
}

// notary notes the key and body of each request, and answers as fail says.
type notary struct {
	mu   sync.Mutex
	seen []string
	fail func(n int, w http.ResponseWriter) bool
}

func (l *notary) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	l.mu.Lock()
	l.seen = append(l.seen, fmt.Sprint(r.Header["Idempotency-Key"], r.URL, string(body)))
	n := len(l.seen)
	l.mu.Unlock()
	if l.fail == nil || !l.fail(n, w) {
		respond(w, 201, `{}`)
	}
}

func TestARequestIsFrozenAtItsFirstAttempt(t *testing.T) {
	l := &notary{fail: func(n int, w http.ResponseWriter) bool {
		switch n {
		case 1:
			panic(http.ErrAbortHandler)
		case 2:
			w.WriteHeader(503)
		}
		return n < 3
	}}
	c := keyed(t, "/x", `{ id = uuid(), at = unix(now()) }`, param(t, "query", "q", "uuid()"))
	w := newWorld(t, l.ServeHTTP, ops(step(t, "a", c)))
	w.succeeds()
	if len(l.seen) != 3 || l.seen[0] != l.seen[1] || l.seen[1] != l.seen[2] || strings.HasPrefix(l.seen[0], "[]") {
		t.Errorf("the attempts differ:\n%s", strings.Join(l.seen, "\n"))
	}
}

func TestKeysAreOfRunStepAndItem(t *testing.T) {
	l := &notary{}
	loop := each(t, "n", "[1, 2]", ops(step(t, "a", keyed(t, "/a", "{}")), step(t, "b", keyed(t, "/b", "{}"), "step.a")))
	w := newWorld(t, l.ServeHTTP, ops(loop))
	run := func(id string) []string {
		l.seen = nil
		w.inputs.Run = id
		w.succeeds()
		return l.seen
	}
	first, again, other := run("1"), run("1"), run("2")
	if strings.Join(first, " ") != strings.Join(again, " ") {
		t.Errorf("the same run has other keys: %v, %v", first, again)
	}
	seen := map[string]bool{}
	for _, x := range append(first, other...) {
		seen[x] = true
	}
	if len(seen) != 8 {
		t.Errorf("%d requests, %d of them different: %v", 8, len(seen), append(first, other...))
	}
}

func TestAnAuthorsKey(t *testing.T) {
	l := &notary{}
	own := keyed(t, "/x", "{}")
	own.IdempotencyKey = e(t, `"order-${n}"`)
	header := keyed(t, "/x", "{}")
	header.Headers = []*plan.Param{param(t, "header", "Idempotency-Key", `n == 1 ? "mine" : null`)}
	w := newWorld(t, l.ServeHTTP, ops(each(t, "n", "[1, 2]", ops(step(t, "own", own), step(t, "header", header, "step.own")))))
	w.succeeds()
	for i, want := range []string{"[order-1]", "[mine]", "[order-2]"} {
		if !strings.HasPrefix(l.seen[i], want) {
			t.Errorf("request %d has %s, want %s", i, l.seen[i], want)
		}
	}
	if !strings.Contains(l.seen[3], "-8") { // the author gave none for this item
		t.Errorf("no key was made: %s", l.seen[3])
	}
	for src, why := range map[string]string{`""`: "has 0 characters", `"é"`: "cannot stand in a header", "null": "has no value here"} {
		own.IdempotencyKey = e(t, src)
		w.fails(event.InvalidRequest, why)
	}
}

func TestAKeyedWriteIsNeverInDoubtAnUnkeyedOneNeverSentTwice(t *testing.T) {
	lost := &notary{fail: func(int, http.ResponseWriter) bool { panic(http.ErrAbortHandler) }}
	w := newWorld(t, lost.ServeHTTP, ops(step(t, "a", keyed(t, "/a", "{}"))))
	res := w.run(t.Context())
	if res.Status != event.Failed || len(lost.seen) != 3 {
		t.Errorf("with a key: %s after %d attempts", res.Status, len(lost.seen))
	}
	lost.seen = nil
	bare := keyed(t, "/a", "{}")
	bare.Idempotent, bare.IdempotencyHeader = false, ""
	w = newWorld(t, lost.ServeHTTP, ops(step(t, "a", bare)))
	if res := w.run(t.Context()); res.Status != event.InDoubt || len(lost.seen) != 1 {
		t.Errorf("without: %s after %d attempts", res.Status, len(lost.seen))
	}
}
