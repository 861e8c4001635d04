//go:build unix

package engine_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"tenon/runtime/engine"
	"tenon/runtime/event"
	"tenon/runtime/exec"
	"tenon/runtime/store"
)

// sluggish is a store that takes its time to sync, and knows which writes would be open if the power failed.
type sluggish struct {
	store.Store
	mu   sync.Mutex
	open map[string]bool
	most int
	bare bool // it has no slates
}

func (s *sluggish) Slate(run string) (store.Slate, error) {
	if s.bare {
		return nil, nil
	}
	return s.Store.Slate(run)
}

func (s *sluggish) Queue(run string, changes ...store.Change) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.Store.Queue(run, changes...)
	for _, c := range changes {
		a, ok := c.(store.Append)
		if !ok {
			continue
		}
		list, _ := engine.Unpack(a.Record, nil)
		for _, x := range list {
			switch x.Kind {
			case "intent":
				s.open[x.Key] = true
			case "items":
				var over [][2]any
				json.Unmarshal(x.Data, &over)
				for _, i := range over {
					delete(s.open, fmt.Sprintf("step.invoice[%v]", i[0]))
				}
			default:
				delete(s.open, x.Key)
			}
		}
	}
	s.most = max(s.most, len(s.open))
}

func (s *sluggish) Sync(ctx context.Context, run string) error {
	time.Sleep(5 * time.Millisecond)
	return s.Store.Sync(ctx, run)
}

// carried is what became of a run over a sluggish store.
type carried struct {
	*exec.Result
	store       *sluggish
	posts, most int64 // requests, and how many of them at once
}

func carryOut(t *testing.T, integration string, items int, refuse func(post int64) bool) carried {
	t.Helper()
	return carryOutOn(t, &sluggish{Store: store.NewMemory(), open: map[string]bool{}}, integration, items, refuse)
}

func carryOutOn(t *testing.T, kept *sluggish, integration string, items int, refuse func(post int64) bool) carried {
	t.Helper()
	var posts, now, most atomic.Int64
	inner := shop(items)
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == "POST" {
			n := posts.Add(1)
			if at := now.Add(1); at > most.Load() {
				most.Store(at)
			}
			defer now.Add(-1)
			time.Sleep(time.Millisecond)
			if refuse != nil && refuse(n) {
				w.WriteHeader(400)
				return
			}
		}
		inner(w, r)
	}))
	defer s.Close()
	d := engine.NewDurable(engine.Options{}, engine.Keeping{Store: kept, Every: 1 << 20})
	defer d.Close()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	res, err := d.Start(ctx, program(t, integration), exec.Inputs{Servers: map[string]string{"shop": s.URL, "keyed": s.URL}}, "test")
	if err != nil {
		t.Fatal(err)
	}
	return carried{res, kept, posts.Load(), most.Load()}
}

// Items share a sync with more than are worked on at once, and no more requests are under way for that. Of writes that
// might be in doubt, fewer are open, and where no slate says which of them were sent, no more than concurrency says.
func TestItemsShareASync(t *testing.T) {
	const items, concurrency = 400, 8
	keyed := carryOut(t, "keyed", items, nil)
	if keyed.Status != event.Succeeded || keyed.posts != items || keyed.most > concurrency {
		t.Errorf("with keys: %s, %d invoices, %d at once", keyed.Status, keyed.posts, keyed.most)
	}
	if keyed.store.most <= 2*concurrency {
		t.Errorf("with keys at most %d intents were open", keyed.store.most)
	}
	unkeyed := carryOut(t, "bill", items, nil)
	if unkeyed.Status != event.Succeeded || unkeyed.posts != items || unkeyed.most > concurrency {
		t.Errorf("without: %s, %d invoices, %d at once", unkeyed.Status, unkeyed.posts, unkeyed.most)
	}
	if unkeyed.store.most > store.Slots-1+concurrency || unkeyed.store.most <= 2*concurrency {
		t.Errorf("without keys %d writes would be in doubt", unkeyed.store.most)
	}
	bare := carryOutOn(t, &sluggish{Store: store.NewMemory(), open: map[string]bool{}, bare: true}, "bill", items, nil)
	if bare.Status != event.Succeeded || bare.posts != items || bare.most > concurrency {
		t.Errorf("without slate: %s, %d invoices, %d at once", bare.Status, bare.posts, bare.most)
	}
	if bare.store.most > concurrency || bare.store.most < concurrency/2 {
		t.Errorf("without slate %d writes would be in doubt", bare.store.most)
	}
}

// When a loop stops, what has not changed anything is given up, however many items wait for the disk.
func TestItemsAreGivenUp(t *testing.T) {
	for _, name := range []string{"keyed", "bill"} {
		t.Run(name, func(t *testing.T) { givenUp(t, name) })
	}
}

func givenUp(t *testing.T, integration string) {
	t.Helper()
	var refused atomic.Bool
	var after atomic.Int64
	got := carryOut(t, integration, 1000, func(n int64) bool {
		if refused.Load() {
			after.Add(1)
		}
		return n == 200 && !refused.Swap(true)
	})
	if got.Status != event.Failed || !strings.Contains(got.Error.Message, "answered 400") {
		t.Fatalf("%s: %+v", got.Status, got.Error)
	}
	if n := after.Load(); n > 24 {
		t.Errorf("%d invoices were posted after one was refused", n)
	}
	for _, d := range got.Done {
		if d.Step == "for_each.order" && (int64(d.Count) != got.posts || d.Failed != 1) {
			t.Errorf("%+v, and %d invoices were posted", d, got.posts)
		}
	}
	if records(t, got.store, got.Run)["unsent"] == 0 {
		t.Error("no item was given up")
	}
}

// Who holds a lock keeps its place: others wait for the lock in theirs.
func TestLockedItemsKeepTheirPlaces(t *testing.T) {
	if got := carryOut(t, "locked", 40, nil); got.Status != event.Succeeded || got.posts != 40 || got.most != 1 {
		t.Errorf("%s, %+v, %d invoices, %d at once", got.Status, got.Error, got.posts, got.most)
	}
}
