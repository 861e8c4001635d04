//go:build unix

package engine_test

import (
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"tenon/runtime/engine"
	"tenon/runtime/event"
	"tenon/runtime/store"
)

// left is a store whose slates are what an earlier process left, or not.
type left struct {
	store.Store
	change func(slots [][]byte) [][]byte
}

func (s *left) Slate(run string) (store.Slate, error) {
	x, err := s.Store.Slate(run)
	return &leftSlate{x, s.change(x.Left())}, err
}

type leftSlate struct {
	store.Slate
	slots [][]byte
}

func (s *leftSlate) Left() [][]byte { return s.slots }

// A process that is killed leaves in doubt what was under way, of everything that was on disk. Where its slate is lost, what was
// ahead is in doubt, too. Nothing is sent twice, and what is not in doubt is done.
func TestKilledAheadOfTheTurn(t *testing.T) {
	const items, concurrency = 120, 8
	var names []string
	for i := range items {
		names = append(names, fmt.Sprintf("%q", fmt.Sprintf("x%03d", i)))
	}
	p := written(t, `integration "i" {
  for_each "x" {
    in          = [`+strings.Join(names, ", ")+`]
    concurrency = 8
    on_error    = "continue"
    step "make" {
      call   = w.make
      params = { k = x }
    }
  }
  output "count" { value = for_each.x.succeeded }
}`)
	as := func(slots [][]byte) [][]byte { return slots }
	for _, c := range []struct {
		name     string
		answered int // before the kill
		size     int // of answers
		change   func([][]byte) [][]byte
		exact    bool
	}{
		{"at once", 0, 0, as, true},
		{"later", 30, 0, as, true},
		{"answers that do not fit", 30, 2 * store.SlotSize, as, false},
		{"slate lost", 0, 0, func([][]byte) [][]byte { return nil }, false},
		{"slate behind", 0, 0, func(slots [][]byte) [][]byte { slots[0] = []byte("0"); return slots }, false},
		{"slot lost", 0, 0, func(slots [][]byte) [][]byte { clear(slots[1:]); return slots }, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			var mu sync.Mutex
			var open []string
			answered, dead := 0, make(chan struct{})
			l := &life{t: t, kept: &sluggish{Store: store.NewMemory(), open: map[string]bool{}}}
			answer := func(w http.ResponseWriter) bool {
				io.WriteString(w, `{"done": true, "more": "`+strings.Repeat("x", c.size)+`"}`)
				return true
			}
			s := newThings(t, func(what string, w http.ResponseWriter) bool {
				mu.Lock()
				if answered++; answered <= c.answered || len(open) == concurrency {
					mu.Unlock()
					return answer(w)
				}
				if open = append(open, what); len(open) == concurrency {
					l.kill()
					close(dead)
				}
				mu.Unlock()
				<-dead
				panic(http.ErrAbortHandler)
			})
			if _, err := l.live(p, s.URL); err == nil {
				t.Fatal("it was not killed")
			}
			kept := l.kept
			l.kept = &left{kept, c.change}
			res, err := l.live(p, s.URL)
			l.kept = kept
			if err != nil {
				t.Fatal(err)
			}
			doubts, err := l.kept.Doubts(t.Context(), "r")
			if err != nil {
				t.Fatal(err)
			}
			switch n := len(doubts); {
			case res.Status != event.InDoubt:
				t.Errorf("it is %s: %v", res.Status, res.Error)
			case c.exact && n != concurrency:
				t.Errorf("%d writes are in doubt, and %d were under way", n, concurrency)
			case !c.exact && (n < concurrency || n > store.Slots-1+concurrency || c.size == 0 && n <= concurrency):
				t.Errorf("%d writes are in doubt", n)
			}
			log := s.seen()
			slices.Sort(log)
			if twice := slices.Compact(slices.Clone(log)); len(twice) != len(log) {
				t.Errorf("%d requests were made for %d things", len(log), len(twice))
			}
			for _, d := range doubts {
				happened := slices.ContainsFunc(log, func(what string) bool { return strings.Contains(string(d.Request), strings.Fields(what)[1]) })
				if err := engine.Resolve(t.Context(), l.kept, "r", d.Key, engine.Verdict{Happened: happened, Status: 200, Body: []byte(`{}`)}, time.Now()); err != nil {
					t.Fatal(err)
				}
			}
			if res, err = l.live(p, s.URL); err != nil || res.Status != event.Succeeded || res.Outputs["count"] != items {
				t.Fatalf("%+v, %v", res, err)
			}
			if log := s.seen(); len(log) != items {
				t.Errorf("%d requests were made for %d things", len(log), items)
			}
		})
	}
}

// A run whose slate cannot be written stops before the next write.
func TestSlateThatCannotBeWritten(t *testing.T) {
	p := written(t, `integration "i" {
  for_each "x" {
    in          = ["a", "b"]
    concurrency = 2
    step "make" {
      call   = w.make
      params = { k = x }
    }
  }
}`)
	for fail := range 4 { // the wipe, the date, what is ahead, its release
		s := newThings(t, nil)
		l := &life{t: t, kept: &full{Store: store.NewMemory(), at: fail}}
		_, err := l.live(p, s.URL)
		if err == nil || !strings.Contains(err.Error(), "no room") {
			t.Errorf("at write %d: %v", fail, err)
		}
		if log := s.seen(); len(log) > 1 {
			t.Errorf("at write %d: %q was sent", fail, log)
		}
	}
}

// full is a store of which writes to a slate fail from one on.
type full struct {
	store.Store
	mu    sync.Mutex
	at, n int
}

func (f *full) Slate(run string) (store.Slate, error) {
	s, err := f.Store.Slate(run)
	return &fullSlate{s, f}, err
}

type fullSlate struct {
	store.Slate
	f *full
}

func (s *fullSlate) fails() error {
	s.f.mu.Lock()
	defer s.f.mu.Unlock()
	if s.f.n++; s.f.n > s.f.at {
		return fmt.Errorf("there is no room")
	}
	return nil
}

func (s *fullSlate) Wipe() error {
	if err := s.fails(); err != nil {
		return err
	}
	return s.Slate.Wipe()
}

func (s *fullSlate) Write(slot int, data []byte) error {
	if err := s.fails(); err != nil {
		return err
	}
	return s.Slate.Write(slot, data)
}
