package exec_test

import (
	"context"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"tenon/runtime/engine"
	"tenon/runtime/event"
	"tenon/runtime/exec"
	"tenon/spec/plan"
)

// Runs share what a credential may use, whatever their APIs are called; with another credential they do not.
func TestABudgetIsACredentials(t *testing.T) {
	for _, c := range []struct {
		tokens [2]string
		most   int32
	}{{[2]string{"a", "a"}, 1}, {[2]string{"a", "b"}, 2}} {
		var now, most atomic.Int32
		h := func(w http.ResponseWriter, r *http.Request) {
			n := now.Add(1)
			for m := most.Load(); n > m && !most.CompareAndSwap(m, n); m = most.Load() {
			}
			time.Sleep(5 * time.Millisecond)
			now.Add(-1)
			respond(w, 200, `{}`)
		}
		w := newWorld(t, h, ops())
		l := engine.New(engine.Options{})
		defer l.Close()
		var wg sync.WaitGroup
		for i, token := range c.tokens {
			call := get(t, "/")
			call.API, call.Security = []string{"one", "two"}[i], []string{"token"}
			loop := each(t, "n", "[1, 2, 3, 4, 5, 6, 7, 8]", ops(step(t, "a", call)))
			loop.ForEach.Concurrency = 4
			p, err := exec.Compile(&plan.Plan{Version: plan.Version, Integration: "test", Steps: ops(loop), APIs: map[string]*plan.API{call.API: {
				Name: call.API, Server: e(t, `"`+w.server.URL+`"`), Limits: []*plan.Limit{{Concurrency: 1}},
				Auth: map[string]*plan.Auth{"token": {Scheme: "token", Type: "bearer", Attrs: map[string]*plan.Expr{"token": e(t, `"`+token+`"`)}}}}}})
			if err != nil {
				t.Fatal(err)
			}
			wg.Go(func() {
				if res := l.Run(context.Background(), p, exec.Inputs{}); res.Status != event.Succeeded {
					t.Errorf("%s: %v", res.Status, res.Error)
				}
			})
		}
		wg.Wait()
		if most.Load() != c.most {
			t.Errorf("%v: %d requests at once, want %d", c.tokens, most.Load(), c.most)
		}
	}
}

// A refusal pauses the whole run, which is told of it, and all of it goes on afterwards.
func TestARefusalPausesTheRun(t *testing.T) {
	var n atomic.Int32
	var first time.Time
	h := func(w http.ResponseWriter, r *http.Request) {
		if n.Add(1) == 3 {
			first = time.Now()
			w.Header().Set("Retry-After-Ms", "300")
			w.WriteHeader(429)
			return
		}
		if !first.IsZero() && time.Since(first) < 250*time.Millisecond {
			t.Errorf("request %d came %s after the refusal", n.Load(), time.Since(first))
		}
		respond(w, 200, `{}`)
	}
	call := post(t, "/", "{}")
	call.Retry = &plan.Retry{Attempts: 3, Backoff: "constant", Initial: time.Millisecond, On: []string{"429"}}
	loop := each(t, "n", "[for i in range(0, 20) : i]", ops(step(t, "a", call)))
	loop.ForEach.Concurrency = 1
	w := newWorld(t, h, ops(loop))
	w.succeeds()
	if n.Load() != 21 || len(said[event.RetryScheduled](w)) != 1 {
		t.Errorf("%d requests, %d retries", n.Load(), len(said[event.RetryScheduled](w)))
	}
}
