//go:build unix

package engine_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"tenon/runtime/engine"
	"tenon/runtime/event"
	"tenon/runtime/exec"
	"tenon/runtime/store"
)

// sets is an integration that sets a thing for each item, which can be undone, and then fails.
const sets = `api "w" {
  server     = "http://w.invalid"
  on_unknown = "stop"
  operation "list" {
    request  = "GET /list"
    params   = { page = optional(integer) }
    response = object({ data = list(integer), next = nullable(integer) })
  }
  operation "set" {
    request  = "PUT /w/{k}"
    params   = { k = integer }
    response = any
  }
  operation "drop" {
    request = "DELETE /w/{k}"
    params  = { k = integer }
  }
  operation "refuse" {
    request  = "POST /refuse"
    response = any
  }
}

integration "i" {
  step "list" {
    call = w.list
    paginate {
      items = response.body.data
      next  = response.body.next == null ? null : { page = response.body.next }
    }
  }
  for_each "n" {
    in          = step.list.items
    key         = "key ${n}"
    concurrency = 8
    step "set" {
      call   = w.set
      params = { k = n }
      undo {
        call   = w.drop
        params = { k = n }
      }
    }
  }
  step "refuse" {
    call = w.refuse
  }
}
`

// setter is its server. It takes undos in the reverse order of the items only, each once.
type setter struct {
	*httptest.Server
	items int
	set   atomic.Int64
	left  atomic.Int64 // that are not dropped
	bad   atomic.Pointer[string]
}

func newSetter(t testing.TB, items int) *setter {
	s := &setter{items: items}
	s.left.Store(int64(items))
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		io.Copy(io.Discard, r.Body)
		w.Header().Set("Content-Type", "application/json")
		switch r.Method {
		case "POST":
			w.WriteHeader(409)
		case "PUT":
			s.set.Add(1)
			io.WriteString(w, `{}`)
		case "DELETE":
			n, _ := strconv.ParseInt(strings.TrimPrefix(r.URL.Path, "/w/"), 10, 64)
			if !s.left.CompareAndSwap(n+1, n) {
				what := fmt.Sprintf("%s came when %d were left", r.URL.Path, s.left.Load())
				s.bad.Store(&what)
			}
			w.WriteHeader(204)
		default:
			page, _ := strconv.Atoi(r.URL.Query().Get("page"))
			buf := []byte(`{"data":[`)
			for i := page * pageSize; i < min(items, (page+1)*pageSize); i++ {
				if i%pageSize > 0 {
					buf = append(buf, ',')
				}
				buf = strconv.AppendInt(buf, int64(i), 10)
			}
			if (page+1)*pageSize < items {
				w.Write(fmt.Appendf(buf, `],"next":%d}`, page+1))
			} else {
				w.Write(append(buf, `],"next":null}`...))
			}
		}
	}))
	t.Cleanup(s.Close)
	return s
}

// heap is what is in use, in bytes.
func heap() int64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

// undoing carries the integration out for many items. When half of what undoes them is done it stops, and
// goes on. It returns what is on the heap when the undos begin and when they go on, and how long it takes to go on.
func undoing(t testing.TB, items int, kept store.Store) (begin, again int64, took time.Duration) {
	t.Helper()
	p, err := programOf(sets)
	if err != nil {
		t.Fatal(err)
	}
	s := newSetter(t, items)
	var now int64
	done := 0
	var start time.Time
	live := func(half bool, run func(context.Context, *engine.Durable) (*exec.Result, error)) *exec.Result {
		ctx, cancel := context.WithCancel(context.Background())
		defer cancel()
		now = 0
		d := engine.NewDurable(engine.Options{Sink: func(x event.Envelope) {
			switch e := x.Event.(type) {
			case event.UndoStarted:
				if now == 0 {
					now = heap()
				}
			case event.UndoDone:
				if want := fmt.Sprintf("key %d", s.left.Load()); e.Step != "step.set" || e.Item != want && !half {
					t.Errorf("%s of %s is undone, after %s", e.Step, e.Item, want)
				}
				if done++; half && done == items/2 {
					cancel()
				}
				if took == 0 && !half && done > items/2 {
					took = time.Since(start)
				}
			}
		}}, engine.Keeping{Store: kept})
		defer d.Close()
		start = time.Now()
		res, err := run(ctx, d)
		if err != nil {
			t.Fatal(err)
		}
		return res
	}
	res := live(true, func(ctx context.Context, d *engine.Durable) (*exec.Result, error) {
		return d.Start(ctx, p, exec.Inputs{Run: "r", Servers: map[string]string{"w": s.URL}}, "test")
	})
	if res.Status != event.Canceled || res.Undone.Done+res.Undone.Kept != items {
		t.Fatalf("%s, %+v", res.Status, res.Undone)
	}
	begin = now
	asked := s.set.Load()
	res = live(false, func(ctx context.Context, d *engine.Durable) (*exec.Result, error) {
		res, _, err := d.Resume(ctx, "r", noSecrets)
		return res, err
	})
	if res.Status != event.Failed || res.Undone.Done != items || res.Undone.Failed+res.Undone.Kept != 0 {
		t.Fatalf("%s, %+v", res.Status, res.Undone)
	}
	if bad := s.bad.Load(); bad != nil || s.left.Load() != 0 || asked != int64(items) || s.set.Load() != asked {
		t.Errorf("%v; %d are not undone, %d of %d were set, and later %d", bad, s.left.Load(), asked, items, s.set.Load())
	}
	return begin, now, took
}

// TestUndosTakeNoMemory holds that what undoes a run takes no more memory for more items, neither when the run is
// undone nor when it goes on with that.
func TestUndosTakeNoMemory(t *testing.T) {
	few, many := 2000, 12_000
	if testing.Short() {
		many = 5000
	}
	var begin, again [2]int64
	for i, items := range []int{few, many} {
		kept, err := store.Open(t.Context(), t.TempDir(), store.Shared, "test")
		if err != nil {
			t.Fatal(err)
		}
		begin[i], again[i], _ = undoing(t, items, kept)
		for range kept.Records(t.Context(), "r", 0) {
			items--
		}
		if list, err := kept.Undos(t.Context(), "r", "for_each.n", 1<<40); err != nil || len(list) > 0 || i == 1 && items < many*9/10 {
			t.Errorf("at the end of it %d undos are left, %v, and %d records", len(list), err, many-items)
		}
		kept.Close()
	}
	most := int64(many-few) * 100 // of more than 1,600 for a request that is held
	if by := begin[1] - begin[0]; by > most {
		t.Errorf("when the undos begin, %d items more take %d bytes more", many-few, by)
	}
	if by := again[1] - again[0]; by > most {
		t.Errorf("when the run goes on, %d items more take %d bytes more", many-few, by)
	}
	t.Logf("bytes on the heap with %d and %d items: %d when the undos begin, %d when they go on", few, many, begin, again)
}

// TestUndosInMemory holds that a run that is not kept packs what undoes it.
func TestUndosInMemory(t *testing.T) {
	p, err := programOf(sets)
	if err != nil {
		t.Fatal(err)
	}
	var begin [2]int64
	count := [2]int{2000, 20_000}
	for i, items := range count {
		s := newSetter(t, items)
		d := engine.New(engine.Options{Sink: func(x event.Envelope) {
			if _, ok := x.Event.(event.UndoStarted); ok && begin[i] == 0 {
				begin[i] = heap()
			}
		}})
		res := d.Run(t.Context(), p, exec.Inputs{Servers: map[string]string{"w": s.URL}})
		d.Close()
		if bad := s.bad.Load(); res.Status != event.Failed || res.Undone.Done != items || bad != nil || s.left.Load() != 0 {
			t.Fatalf("%s, %+v, %v, %d are left", res.Status, res.Undone, bad, s.left.Load())
		}
	}
	by := (begin[1] - begin[0]) / int64(count[1]-count[0])
	t.Logf("%d bytes for each item", by)
	if by > 200 {
		t.Errorf("each item takes %d bytes", by)
	}
}

// TestJournalsOfLoops holds that the journal of a loop does not grow with its items where they have loops of their own, or where
// one of them stays open.
func TestJournalsOfLoops(t *testing.T) {
	const items = 6000
	api, _, _ := strings.Cut(sets, "  for_each")
	for _, c := range []struct{ name, body string }{
		{"nested", `for_each "m" {
      in = [1, 2, 3]
      step "set" {
        call   = w.set
        params = { k = n * 3 + m }
      }
    }`},
		{"list that nobody reads", `step "set" {
      call   = w.set
      params = { k = n }
    }
    aggregate "keys" { list = "key ${n}" }`},
		{"in doubt", `on_error = "continue"
    step "set" {
      call   = w.set
      params = { k = n }
    }
    step "refuse" {
      call = w.refuse
      when = n == 10
    }`},
	} {
		t.Run(c.name, func(t *testing.T) {
			p, err := programOf(api + `  for_each "n" {
    in          = step.list.items
    concurrency = 8
    ` + c.body + `
    aggregate "all" { sum = n }
  }
  output "all" { value = for_each.n.all }
}`)
			if err != nil {
				t.Fatal(err)
			}
			s := newSetter(t, items)
			inner := s.Config.Handler
			s.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if r.Method == "POST" {
					panic(http.ErrAbortHandler)
				}
				inner.ServeHTTP(w, r)
			})
			kept := store.NewMemory()
			d := engine.NewDurable(engine.Options{}, engine.Keeping{Store: kept, Every: 50})
			defer d.Close()
			res, err := d.Start(t.Context(), p, exec.Inputs{Run: "r", Servers: map[string]string{"w": s.URL}}, "test")
			if err != nil {
				t.Fatal(err)
			}
			n, kinds := 0, records(t, kept, "r")
			for _, x := range kinds {
				n += x
			}
			if n > 1200 || kinds["tally"] > 0 { // which keeps what items give to lists
				t.Errorf("a journal of %d items has %d records: %v", items, n, kinds)
			}
			doubts, _ := kept.Doubts(t.Context(), "r")
			for _, x := range doubts {
				if err := engine.Resolve(t.Context(), kept, "r", x.Key, engine.Verdict{Happened: true}, time.Now()); err != nil {
					t.Fatal(err)
				}
			}
			asked := s.set.Load()
			if len(doubts) > 0 {
				if res, _, err = d.Resume(t.Context(), "r", noSecrets); err != nil {
					t.Fatal(err)
				}
			}
			if all := res.Outputs["all"]; all != items*(items-1)/2 || s.set.Load() != asked {
				t.Errorf("%s, the sum is %v; %d were set when it went on", res.Status, all, s.set.Load()-asked)
			}
		})
	}
}

// BenchmarkUndos carries out a run of 1,000,000 items that can be undone, undoes half of them, and goes on with that. It reports
// the heap when the undos begin and go on, and how long it takes from opening the journal to the first new undo.
func BenchmarkUndos(b *testing.B) {
	for b.Loop() {
		kept, err := store.Open(b.Context(), b.TempDir(), store.Shared, "bench")
		if err != nil {
			b.Fatal(err)
		}
		begin, again, took := undoing(b, 1_000_000, kept)
		kept.Close()
		b.ReportMetric(float64(begin)/(1<<20), "MB-begin")
		b.ReportMetric(float64(again)/(1<<20), "MB-again")
		b.ReportMetric(float64(took.Milliseconds()), "ms-to-first-undo")
	}
}
