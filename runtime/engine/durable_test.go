//go:build unix

package engine_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"tenon/runtime/engine"
	"tenon/runtime/event"
	"tenon/runtime/exec"
	"tenon/runtime/secret"
	"tenon/runtime/store"
	"tenon/runtime/transport"
	"tenon/spec/plan"
)

func noSecrets(*plan.Plan) (map[string]secret.Value, error) { return nil, nil }

// records counts what a run's journal has, by kind.
func records(t *testing.T, s store.Store, run string) map[string]int {
	t.Helper()
	out := map[string]int{}
	for r, err := range s.Records(t.Context(), run, 0) {
		if err != nil {
			t.Fatal(err)
		}
		list, err := engine.Unpack(r, nil)
		if err != nil {
			t.Fatal(err)
		}
		for _, x := range list {
			out[x.Kind]++
		}
	}
	return out
}

// A loop's journal stays as small as what is under way, and pages that are done with are forgotten, whether the
// items ask for something or not. Stopped anywhere, the run comes to the same end without asking again.
func TestJournalsStaySmall(t *testing.T) {
	const items = 3000
	for _, name := range []string{"count", "bill", "listed"} {
		t.Run(name, func(t *testing.T) {
			var pages, posts atomic.Int64
			inner := shop(items)
			s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if r.Method == "POST" {
					posts.Add(1)
				} else {
					pages.Add(1)
				}
				inner(w, r)
			}))
			defer s.Close()
			p := program(t, name)
			in := exec.Inputs{Servers: map[string]string{"shop": s.URL}}
			kept := store.NewMemory()
			res := engine.New(engine.Options{}).Run(t.Context(), p, in)
			want := fmt.Sprint(res.Outputs)
			pages.Store(0)
			posts.Store(0)

			var run string
			most := 0
			for stops := 0; ; stops++ {
				ctx, cancel := context.WithCancel(t.Context())
				done := 0
				d := engine.NewDurable(engine.Options{Sink: func(e event.Envelope) {
					if _, ok := e.Event.(event.ItemDone); ok {
						if done++; done == 700 {
							cancel()
						}
					}
				}}, engine.Keeping{Store: kept, Every: 50})
				var res *exec.Result
				var err error
				if run == "" {
					res, err = d.Start(ctx, p, in, "test")
				} else {
					res, _, err = d.Resume(ctx, run, noSecrets)
				}
				cancel()
				if err != nil {
					t.Fatal(err)
				}
				run = res.Run
				n := 0
				for kind, x := range records(t, kept, run) {
					if kind != "items" || name != "listed" { // whose values are kept there
						n += x
					}
				}
				most = max(most, n)
				if res.Status == event.Succeeded {
					if got := fmt.Sprint(res.Outputs); got != want || stops < 3 {
						t.Errorf("%d stops, outputs %s, want %s", stops, got, want)
					}
					break
				}
				if res.Status != event.Canceled {
					t.Fatal(res.Error)
				}
			}
			if most > 400 {
				t.Errorf("a journal of %d items had %d records", items, most)
			}
			if n := pages.Load(); n > items/pageSize+10 {
				t.Errorf("%d pages were asked for", n)
			}
			if n := posts.Load(); name != "count" && n != items {
				t.Errorf("%d invoices were posted", n)
			}
		})
	}
}

// failing is a store that cannot write any more after some records.
type failing struct {
	store.Store
	left atomic.Int64
	err  error
}

func (f *failing) Queue(run string, changes ...store.Change) {
	if f.left.Add(-1) >= 0 {
		f.Store.Queue(run, changes...)
	}
}

func (f *failing) Sync(ctx context.Context, run string) error {
	if f.left.Load() < 0 {
		return f.err
	}
	return f.Store.Sync(ctx, run)
}

func (f *failing) Commit(ctx context.Context, run string, changes ...store.Change) error {
	if f.left.Load() < 0 {
		return f.err
	}
	return f.Store.Commit(ctx, run, changes...)
}

// When the store fails, for want of room or because it cannot be written, nothing is sent that it does not know of, the
// run says so, and goes on later.
func TestStoreThatFails(t *testing.T) {
	const items = 1000
	for left := int64(0); left < 60; left += 7 {
		var posts atomic.Int64
		inner := shop(items)
		s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.Method == "POST" {
				posts.Add(1)
			}
			inner(w, r)
		}))
		kept := store.NewMemory()
		f := &failing{Store: kept, err: errors.New("the disk is full")}
		f.left.Store(left)
		d := engine.NewDurable(engine.Options{}, engine.Keeping{Store: f, Every: 10_000})
		res, err := d.Start(t.Context(), program(t, "bill"), exec.Inputs{Run: "r1", Servers: map[string]string{"shop": s.URL}}, "test")
		if err == nil || !strings.Contains(err.Error(), "the disk is full") {
			t.Fatalf("after %d: %v, %v", left, res, err)
		}
		intents := int64(0)
		for r, err := range kept.Records(t.Context(), "r1", 0) {
			if err != nil {
				t.Fatal(err)
			}
			list, _ := engine.Unpack(r, nil)
			for _, x := range list {
				if x.Kind == "intent" {
					intents++
				}
			}
		}
		if sent := posts.Load(); sent > intents {
			t.Errorf("after %d: %d were sent, and %d are known", left, sent, intents)
		}
		s.Close()
	}
}

// Clocks jump, when a machine sleeps or is set. Waits end when they were to end, and nothing is repeated.
func TestClockJumps(t *testing.T) {
	var posts atomic.Int64
	inner := shop(50)
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == "POST" {
			posts.Add(1)
		}
		inner(w, r)
	}))
	defer s.Close()
	kept := store.NewMemory()
	jumps := []time.Duration{0, -48 * time.Hour, 24 * 365 * time.Hour, -time.Second}
	var run string
	for i := 0; ; i++ {
		shift := jumps[i%len(jumps)]
		ctx, cancel := context.WithCancel(t.Context())
		done := 0
		d := engine.NewDurable(engine.Options{Transport: transport.Options{Now: func() time.Time { return time.Now().Add(shift) }}, Sink: func(e event.Envelope) {
			if _, ok := e.Event.(event.ItemDone); ok {
				if done++; done == 9 {
					cancel()
				}
			}
		}}, engine.Keeping{Store: kept, Every: 5})
		var res *exec.Result
		var err error
		if run == "" {
			res, err = d.Start(ctx, program(t, "bill"), exec.Inputs{Servers: map[string]string{"shop": s.URL}}, "test")
		} else {
			res, _, err = d.Resume(ctx, run, noSecrets)
		}
		cancel()
		if err != nil {
			t.Fatal(err)
		}
		if run = res.Run; res.Status == event.Succeeded {
			break
		}
	}
	if posts.Load() != 50 {
		t.Errorf("%d invoices were posted", posts.Load())
	}
}
