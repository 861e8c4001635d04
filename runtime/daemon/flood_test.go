package daemon

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"tenon/runtime/store"
)

// Three integrations wait for one API, and a fourth does not.
var floodProject = `
api "shop" {
  spec       = "shop.yaml"
  on_unknown = "stop"
}
api "slow" {
  spec       = "shop.yaml"
  server     = %q
  on_unknown = "stop"
}
secret "hooks" {
  env = "HOOKS"
}
` + floodNote + floodStuck

var floodNote = `
integration "note" {
  input "text" {
    type = string
  }
  trigger "webhook" "paid" {
    path   = "/hooks/paid"
    body   = object({ id = string, text = string })
    key    = trigger.body.id
    inputs = { text = trigger.body.text }
    verify "hmac" {
      secret = secret.hooks
      header = "X-Sig"
    }
  }
  step "note" {
    call       = shop.addNote
    body       = { text = input.text }
    idempotent = true
  }
}
`

var floodStuck = strings.Join(func() (all []string) {
	stuck := strings.NewReplacer(`"note" {
  input`, `"NAME" {
  overlap = "parallel"
  input`, "/hooks/paid", "/hooks/NAME", "shop.addNote", "slow.addNote")
	for _, name := range []string{"stuck", "blocked", "hung"} {
		all = append(all, strings.ReplaceAll(stuck.Replace(floodNote), "NAME", name))
	}
	return all
}(), "")

func deliverTo(d *Daemon, path, body string) *httptest.ResponseRecorder {
	r := httptest.NewRequest("POST", path, strings.NewReader(body))
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("X-Sig", sign(body))
	rw := httptest.NewRecorder()
	d.Hooks().ServeHTTP(rw, r)
	return rw
}

// While an API hangs and deliveries for it flood in, what does not need it goes on, what waits is on disk, and what
// is too much is refused.
func TestSlowAPIStarvesNobody(t *testing.T) {
	const size = 32 << 10
	w := newWorld(t, "")
	gate := make(chan struct{})
	var slow, most atomic.Int32
	hanging := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		if n := slow.Add(1); n > most.Load() {
			most.Store(n)
		}
		<-gate
		slow.Add(-1)
		w.serve(rw, r)
	}))
	t.Cleanup(hanging.Close)
	open := sync.OnceFunc(func() { close(gate) })
	t.Cleanup(open)
	w.project(fmt.Sprintf(floodProject, hanging.URL))
	s, err := store.Open(context.Background(), t.TempDir(), store.Exclusive, "test")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	d, stop := w.daemon(s, func(o *Options) { o.MaxRuns, o.MaxQueue = 8, 200 })
	before := heap()

	padding := strings.Repeat("x", size)
	var accepted sync.Map
	var refused atomic.Int32
	var clients sync.WaitGroup
	for c := range 12 {
		clients.Go(func() {
			for i := range 25 {
				text := fmt.Sprintf("f%d-%d-%s", c, i, padding)
				path := []string{"/hooks/stuck", "/hooks/blocked", "/hooks/hung"}[c%3]
				switch rw := deliverTo(d, path, fmt.Sprintf(`{"id":"f%d-%d","text":%q}`, c, i, text)); {
				case rw.Code == http.StatusAccepted:
					accepted.Store([2]int{c, i}, true)
				case rw.Code == http.StatusServiceUnavailable && rw.Header().Get("Retry-After") != "":
					refused.Add(1)
				default:
					t.Errorf("%d %s", rw.Code, rw.Body)
				}
			}
		})
	}
	for i := range 20 {
		text := fmt.Sprintf("n%d", i)
		if rw := deliverTo(d, "/hooks/paid", fmt.Sprintf(`{"id":%q,"text":%q}`, text, text)); rw.Code != http.StatusAccepted {
			t.Errorf("%s: %d", text, rw.Code)
		}
		eventually(t, text, func() bool { return w.count(text) == 1 })
	}
	clients.Wait()
	waiting, _ := d.queue.lengths()
	if refused.Load() == 0 || waiting < 100 || waiting > 200 {
		t.Errorf("%d wait, %d were refused", waiting, refused.Load())
	}
	if n := most.Load(); n > 4 {
		t.Errorf("%d of 8 runs for the slow API", n)
	}
	if grown := heap() - before; grown > int64(waiting)*size/4 {
		t.Errorf("%d deliveries of %d KB wait in %d KB of memory", waiting, size>>10, grown>>10)
	}

	open()
	eventually(t, "nothing waits", func() bool {
		waiting, running := d.queue.lengths()
		return waiting+running == 0
	})
	stop()
	accepted.Range(func(id, _ any) bool {
		text := fmt.Sprintf("f%d-%d", id.([2]int)[0], id.([2]int)[1])
		if n := w.count(text + "-" + padding); n != 1 {
			t.Errorf("%s took effect %d times", text, n)
		}
		return true
	})
}

func heap() int64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

// What follows a run waits for a place, and the runs ahead wait with it; nothing is lost.
func TestCompletionsSlowDownWhatIsAhead(t *testing.T) {
	w := newWorld(t, `overlap = "parallel"`)
	d, _ := w.daemon(store.NewMemory(), func(o *Options) { o.MaxQueue = 4 })
	sent := 0
	for deadline := time.Now().Add(20 * time.Second); sent < 40 && time.Now().Before(deadline); {
		if rw := deliver(d, fmt.Sprintf(`{"id":"c%d","text":"c%d"}`, sent, sent)); rw.Code == http.StatusAccepted {
			sent++
		}
	}
	eventually(t, "all, and what follows them", func() bool {
		for i := range 40 {
			if w.count(fmt.Sprintf("c%d", i)) != 1 || w.count(fmt.Sprintf("after c%d", i)) != 1 {
				return false
			}
		}
		return true
	})
}
