//go:build unix

package engine_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"tenon/runtime/engine"
	"tenon/runtime/event"
	"tenon/runtime/exec"
	"tenon/runtime/store"
	"tenon/runtime/transport"
	"tenon/spec/check"
)

const thing = `api "w" {
  server     = "http://w.invalid"
  on_unknown = "stop"
  operation "look" {
    request  = "GET /w/{k}"
    params   = { k = string }
    response = object({ done = bool })
  }
  operation "make" {
    request  = "POST /w/{k}"
    params   = { k = string }
    response = any
  }
  operation "drop" {
    request = "DELETE /w/{k}"
    params  = { k = string }
  }
}
`

// made is a step that makes the thing which an expression names, and takes it back.
func made(name, key string) string {
	return fmt.Sprintf(`
  step %q {
    call   = w.make
    params = { k = %s }
    undo {
      call   = w.drop
      params = { k = %s }
    }
  }
`, name, key, key)
}

// written compiles an integration "i".
func written(t *testing.T, body string) *exec.Program {
	t.Helper()
	prog, err := programOf(thing + body)
	if err != nil {
		t.Fatal(err)
	}
	return prog
}

func programOf(src string) (*exec.Program, error) {
	checked := check.NewSession(os.DirFS("testdata"), nil, "test").Check(map[string][]byte{"main.hcl": []byte(src)})
	p := checked.Plans["i"]
	if p == nil || checked.Findings.HasErrors() {
		var text []error
		for _, f := range checked.Findings {
			text = append(text, fmt.Errorf("%s at %d: %s", f.Rule.Name, f.Range.Start, f.Message))
		}
		return nil, errors.Join(text...)
	}
	return exec.Compile(p)
}

// things is a server. Requests are noted when they come; a hook may answer them in its own way.
type things struct {
	*httptest.Server
	mu   sync.Mutex
	log  []string
	hook func(r string, w http.ResponseWriter) bool
}

func newThings(t *testing.T, hook func(r string, w http.ResponseWriter) bool) *things {
	s := &things{hook: hook}
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		io.Copy(io.Discard, r.Body)
		what := r.Method + " " + strings.TrimPrefix(r.URL.Path, "/w/")
		s.mu.Lock()
		s.log = append(s.log, what)
		s.mu.Unlock()
		w.Header().Set("Content-Type", "application/json")
		if s.hook != nil && s.hook(what, w) {
			return
		}
		if r.Method == "DELETE" {
			w.WriteHeader(204)
			return
		}
		io.WriteString(w, `{"done": true}`)
	}))
	t.Cleanup(func() {
		s.CloseClientConnections()
		s.Close()
	})
	return s
}

func (s *things) seen() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.log)
}

func (s *things) want(t *testing.T, want ...string) {
	t.Helper()
	if got := s.seen(); !slices.Equal(got, want) {
		t.Errorf("the server was asked for\n%q, want\n%q", got, want)
	}
}

// mortal is a store of which nothing more reaches the disk once its process is killed.
type mortal struct {
	store.Store
	dead atomic.Bool
}

var errDead = errors.New("killed")

func (m *mortal) Queue(run string, changes ...store.Change) {
	if !m.dead.Load() {
		m.Store.Queue(run, changes...)
	}
}

func (m *mortal) Sync(ctx context.Context, run string) error {
	if m.dead.Load() {
		return errDead
	}
	return m.Store.Sync(ctx, run)
}

func (m *mortal) Commit(ctx context.Context, run string, changes ...store.Change) error {
	if m.dead.Load() {
		return errDead
	}
	return m.Store.Commit(ctx, run, changes...)
}

func (m *mortal) Slate(run string) (store.Slate, error) {
	s, err := m.Store.Slate(run)
	if s == nil || m.dead.Load() {
		return nil, err
	}
	return &mortalSlate{s, m}, err
}

type mortalSlate struct {
	store.Slate
	m *mortal
}

func (s *mortalSlate) Wipe() error {
	if s.m.dead.Load() {
		return errDead
	}
	return s.Slate.Wipe()
}

func (s *mortalSlate) Write(slot int, data []byte) error {
	if s.m.dead.Load() {
		return errDead
	}
	return s.Slate.Write(slot, data)
}

// life is one process of a run.
type life struct {
	t    *testing.T
	kept store.Store
	at   time.Duration // that its clock is ahead
	mark int           // as Keeping.Every
	on   func(e event.Event, l *life)

	mu   sync.Mutex
	now  time.Duration
	stop context.CancelFunc
	m    *mortal
}

// jump sets the clock forward.
func (l *life) jump(d time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.now += d
}

// kill ends the process at once.
func (l *life) kill() {
	l.m.dead.Store(true)
	l.stop()
}

// live begins run r, or goes on with it.
func (l *life) live(p *exec.Program, server string) (*exec.Result, error) {
	l.t.Helper()
	ctx, cancel := context.WithCancel(l.t.Context())
	defer cancel()
	l.stop, l.m, l.now = cancel, &mortal{Store: l.kept}, l.at
	d := engine.NewDurable(engine.Options{
		Grace: time.Millisecond,
		Transport: transport.Options{Now: func() time.Time {
			l.mu.Lock()
			defer l.mu.Unlock()
			return time.Now().Add(l.now)
		}},
		Sink: func(x event.Envelope) {
			if l.on != nil {
				l.on(x.Event, l)
			}
		},
	}, engine.Keeping{Store: l.m, Every: l.mark})
	defer d.Close()
	if _, err := l.kept.Run(ctx, "r"); err != nil {
		return d.Start(ctx, p, exec.Inputs{Run: "r", Servers: map[string]string{"w": server, "k": server}}, "test")
	}
	res, _, err := d.Resume(ctx, "r", noSecrets)
	return res, err
}

func waiting(do func(l *life)) func(event.Event, *life) {
	return func(e event.Event, l *life) {
		if _, ok := e.(event.Waiting); ok {
			do(l)
		}
	}
}

// A run's timeout counts the time in which a process carries it out, however many there are, and not the time between
// them. Where it is over, what earlier processes did is undone too.
func TestTimeoutAcrossProcesses(t *testing.T) {
	for _, killed := range []bool{false, true} {
		t.Run(fmt.Sprintf("killed=%v", killed), func(t *testing.T) {
			p := written(t, `integration "i" {
  timeout = "1h"
`+made("a", `"a"`)+made("b", `"b"`)+`
  step "pause" {
    wait = "100d"
  }
`+made("c", `"c"`)+`
}`)
			s, kept := newThings(t, nil), store.NewMemory()
			first := &life{t: t, kept: kept, on: waiting(func(l *life) { l.jump(50 * time.Minute); l.stop() })}
			if res, err := first.live(p, s.URL); err != nil || res.Status != event.Canceled {
				t.Fatal(res, err)
			}
			second := &life{t: t, kept: kept, at: 72 * time.Hour, on: waiting(func(l *life) {
				l.jump(20 * time.Minute)
				if !killed {
					l.stop()
					return
				}
				before := len(worked(t, kept))
				go func() {
					for len(worked(t, kept)) == before {
						time.Sleep(10 * time.Millisecond)
					}
					l.kill()
				}()
			})}
			if res, err := second.live(p, s.URL); !killed && (err != nil || res.Status != event.Canceled) {
				t.Fatal(res, err)
			}
			s.want(t, "POST a", "POST b")
			third := &life{t: t, kept: kept, at: 24 * time.Hour}
			res, err := third.live(p, s.URL)
			if err != nil || res.Status != event.Failed || res.Error.Kind != event.Timeout || res.Error.Message != "the run took longer than its timeout of 1h0m0s" {
				t.Fatalf("%+v, %+v, %v", res, res.Error, err)
			}
			s.want(t, "POST a", "POST b", "DELETE b", "DELETE a")
			if n := records(t, kept, "r")["worked"]; n > 3 {
				t.Errorf("%d records of how long it took are left", n)
			}
		})
	}
}

// worked are the notes of how long the run was carried out that were ever made.
func worked(t *testing.T, s store.Store) (out []int64) {
	for r, err := range s.Records(t.Context(), "r", 0) {
		if err != nil {
			t.Error(err)
			return nil
		}
		if r.Key == "worked" {
			out = append(out, r.Seq)
		}
	}
	return out
}

// A repeat's timeout, too, counts what processes spent on it.
func TestRepeatAcrossProcesses(t *testing.T) {
	p := written(t, `integration "i" {
  step "look" {
    call   = w.look
    params = { k = "a" }
    repeat {
      until   = response.body.done
      every   = "20m"
      timeout = "1h"
    }
  }
}`)
	s := newThings(t, func(_ string, w http.ResponseWriter) bool {
		io.WriteString(w, `{"done": false}`)
		return true
	})
	kept := store.NewMemory()
	var res *exec.Result
	for n := 0; ; n++ {
		var err error
		l := &life{t: t, kept: kept, at: time.Duration(n) * 48 * time.Hour, on: func(e event.Event, l *life) {
			if e, ok := e.(event.Repeated); ok && e.Turn == n+1 {
				l.jump(20 * time.Minute)
				l.stop()
			}
		}}
		if res, err = l.live(p, s.URL); err != nil {
			t.Fatal(err)
		}
		if res.Status != event.Canceled {
			break
		}
		if n > 10 {
			t.Fatal("it does not end")
		}
	}
	if res.Status != event.Failed || res.Error.Kind != event.Timeout {
		t.Fatalf("%+v", res.Error)
	}
	if got := len(s.seen()); got != 3 && got != 4 { // after 0, 20, 40 and perhaps, if no millisecond was lost, 60 minutes of work
		t.Errorf("%d turns", got)
	}
}

// What was under way in a loop when an item failed is not forgotten when the process is killed then: it is undone
// with the rest, or parked where it is not known whether it happened.
func TestItemsUnderWayWhenOneFails(t *testing.T) {
	p := written(t, `integration "i" {
  for_each "k" {
    in          = ["0", "1", "2", "3"]
    where       = len(range(0, 50000)) > 0
    concurrency = 4
`+made("made", `k`)+`
    step "check" {
      call   = w.make
      params = { k = "check${k}" }
    }
  }
}`)
	var l *life
	var under sync.WaitGroup
	under.Add(3)
	var dead atomic.Bool
	s := newThings(t, func(r string, w http.ResponseWriter) bool {
		switch {
		case r == "POST 0" && !dead.Load():
			under.Wait()
		case strings.HasPrefix(r, "POST check0"):
			w.WriteHeader(409)
			return true
		case strings.HasPrefix(r, "POST ") && len(r) == len("POST 1") && !dead.Load():
			under.Done()
			<-l.t.Context().Done()
			return true
		}
		return false
	})
	kept := store.NewMemory()
	l = &life{t: t, kept: kept, on: func(e event.Event, l *life) {
		if _, ok := e.(event.ItemFailed); ok {
			time.AfterFunc(100*time.Millisecond, l.kill)
		}
	}}
	if _, err := l.live(p, s.URL); !errors.Is(err, errDead) {
		t.Fatal(err)
	}
	dead.Store(true)
	res, err := (&life{t: t, kept: kept}).live(p, s.URL)
	if err != nil || res.Status != event.InDoubt {
		t.Fatalf("%+v, %v", res, err)
	}
	doubts, err := kept.Doubts(t.Context(), "r")
	if err != nil || len(doubts) != 3 {
		t.Fatalf("%d writes were under way, and %d are in doubt: %v", 3, len(doubts), err)
	}
	for _, d := range doubts {
		if err := engine.Resolve(t.Context(), kept, "r", d.Key, engine.Verdict{Happened: true}, time.Now()); err != nil {
			t.Fatal(err)
		}
	}
	res, err = (&life{t: t, kept: kept}).live(p, s.URL)
	if err != nil || res.Status != event.Failed || res.Error.Item != "#1" {
		t.Fatalf("%+v, %v", res, err)
	}
	var undone []string
	for _, r := range s.seen() {
		if strings.HasPrefix(r, "DELETE") {
			undone = append(undone, r)
		}
	}
	slices.Sort(undone)
	if want := []string{"DELETE 0", "DELETE 1", "DELETE 2", "DELETE 3"}; !slices.Equal(undone, want) {
		t.Errorf("undone: %q", undone)
	}
}

// The same, of steps that are carried out at once.
func TestStepsUnderWayWhenOneFails(t *testing.T) {
	p := written(t, `integration "i" {
  parallel "both" {
`+made("a", `"a"`)+`
    step "name" {
      value = "b"
    }
`+made("b", `step.name.value`)+`
  }
}`)
	var l *life
	under := make(chan struct{})
	var dead atomic.Bool
	s := newThings(t, func(r string, w http.ResponseWriter) bool {
		switch {
		case r == "POST a" && !dead.Load():
			<-under
			fallthrough
		case r == "POST a":
			w.WriteHeader(409)
			return true
		case r == "POST b" && !dead.Load():
			close(under)
			<-l.t.Context().Done()
			return true
		}
		return false
	})
	kept := store.NewMemory()
	l = &life{t: t, kept: kept, on: func(e event.Event, l *life) {
		if _, ok := e.(event.StepFailed); ok {
			time.AfterFunc(100*time.Millisecond, l.kill)
		}
	}}
	if _, err := l.live(p, s.URL); !errors.Is(err, errDead) {
		t.Fatal(err)
	}
	dead.Store(true)
	res, err := (&life{t: t, kept: kept}).live(p, s.URL)
	doubts, _ := kept.Doubts(t.Context(), "r")
	if err != nil || len(doubts) != 1 || doubts[0].Key != "step.b" {
		t.Fatalf("%+v, %v; in doubt is %+v", res, err, doubts)
	}
}

// A run that is interrupted while it undoes goes on undoing, and does nothing twice.
func TestInterruptedWhileUndoing(t *testing.T) {
	p := written(t, `integration "i" {
`+made("a", `"a"`)+made("b", `"b"`)+made("c", `"c"`)+`
  step "bad" {
    call   = w.make
    params = { k = "bad" }
  }
  on_failure {
    step "alarm" {
      call   = w.make
      params = { k = "alarm" }
    }
  }
}`)
	s := newThings(t, func(r string, w http.ResponseWriter) bool {
		if r == "POST bad" {
			w.WriteHeader(409)
			return true
		}
		return false
	})
	kept := store.NewMemory()
	first := &life{t: t, kept: kept, on: func(e event.Event, l *life) {
		if _, ok := e.(event.UndoDone); ok {
			l.stop()
		}
	}}
	res, err := first.live(p, s.URL)
	if err != nil || res.Status != event.Canceled || res.Undone.Done != 1 || res.Undone.Kept != 2 {
		t.Fatalf("%+v, %+v, %v", res, res.Undone, err)
	}
	if run, _ := kept.Run(t.Context(), "r"); run.Status != store.Interrupted {
		t.Errorf("the run is %s", run.Status)
	}
	res, err = (&life{t: t, kept: kept}).live(p, s.URL)
	if err != nil || res.Status != event.Failed || res.Undone.Done != 3 || res.Error.Step != "step.bad" {
		t.Fatalf("%+v, %+v, %v", res, res.Undone, err)
	}
	s.want(t, "POST a", "POST b", "POST c", "POST bad", "DELETE c", "DELETE b", "DELETE a", "POST alarm")
}

// A write of on_failure whose outcome is not known parks the run, like any other.
func TestAlarmInDoubt(t *testing.T) {
	p := written(t, `integration "i" {
`+made("bad", `"bad"`)+`
  on_failure {
    step "alarm" {
      call   = w.make
      params = { k = "alarm" }
    }
  }
}`)
	s := newThings(t, func(r string, w http.ResponseWriter) bool {
		switch r {
		case "POST bad":
			w.WriteHeader(409)
		case "POST alarm":
			panic(http.ErrAbortHandler)
		}
		return r == "POST bad"
	})
	kept := store.NewMemory()
	res, err := (&life{t: t, kept: kept}).live(p, s.URL)
	doubts, _ := kept.Doubts(t.Context(), "r")
	if err != nil || res.Status != event.InDoubt || len(doubts) != 1 {
		t.Fatalf("%+v, %v, %+v", res, err, doubts)
	}
	if err := engine.Resolve(t.Context(), kept, "r", doubts[0].Key, engine.Verdict{Happened: true}, time.Now()); err != nil {
		t.Fatal(err)
	}
	if res, err = (&life{t: t, kept: kept}).live(p, s.URL); err != nil || res.Status != event.Failed || res.Error.Step != "step.bad" {
		t.Fatalf("%+v, %v", res, err)
	}
	s.want(t, "POST bad", "POST alarm")
}

// A run that is to be canceled, and whose process is killed before it sees that, does not go on.
func TestCanceledThenKilled(t *testing.T) {
	p := written(t, `integration "i" {
`+made("a", `"a"`)+`
  step "pause" {
    wait = "1h"
  }
`+made("b", `"b"`)+`
}`)
	s, kept := newThings(t, nil), store.NewMemory()
	first := &life{t: t, kept: kept, on: waiting(func(l *life) {
		go func() {
			if err := engine.CancelRun(t.Context(), kept, "r", time.Now()); err != nil {
				t.Error(err)
			}
			l.kill()
		}()
	})}
	if _, err := first.live(p, s.URL); !errors.Is(err, errDead) {
		t.Fatal(err)
	}
	res, err := (&life{t: t, kept: kept}).live(p, s.URL)
	if err != nil || res.Status != event.Canceled {
		t.Fatalf("%+v, %v", res, err)
	}
	if run, _ := kept.Run(t.Context(), "r"); run.Status != string(event.Canceled) {
		t.Errorf("the run is %s", run.Status)
	}
	s.want(t, "POST a")
}

// locked is an integration whose items hold a lock while they are worked on and undone.
func locked(onError string) string {
	return `integration "i" {
  input "fail" {
    type    = string
    default = ""
  }
  for_each "k" {
    in       = ["x", "y"]
    key      = k
    lock     = k
    ` + onError + `
` + made("made", `"${k}"`) + `
    step "check" {
      call   = w.make
      params = { k = "check${k}" }
    }
  }
}`
}

// An item holds its lock until it is undone, whether the loop goes on or not; one that has succeeded is undone under it.
func TestLocksAreHeldUntilUndone(t *testing.T) {
	for _, x := range []struct {
		onError string
		slow    bool // the other run, at x
	}{{"", false}, {"", true}, {`on_error = "continue"`, false}} {
		t.Run(fmt.Sprint(x), func(t *testing.T) {
			p := written(t, locked(x.onError))
			kept := store.NewMemory()
			d := engine.NewDurable(engine.Options{}, engine.Keeping{Store: kept})
			defer d.Close()
			var failing *things
			var mu sync.Mutex
			var order []string
			note := func(who, what string) {
				mu.Lock()
				defer mu.Unlock()
				order = append(order, who+" "+what)
			}
			other := newThings(t, func(r string, w http.ResponseWriter) bool {
				note("other", r)
				if x.slow && r == "POST checkx" {
					time.Sleep(600 * time.Millisecond)
					note("other", "is done with x")
				}
				return false
			})
			begun := make(chan struct{})
			failing = newThings(t, func(r string, w http.ResponseWriter) bool {
				note("failing", r)
				switch r {
				case "POST checky":
					close(begun)
					time.Sleep(300 * time.Millisecond) // the other run comes to wait for y
					w.WriteHeader(409)
					return true
				case "DELETE y", "DELETE x":
					time.Sleep(50 * time.Millisecond)
					note("failing", "has done "+r)
				}
				return false
			})
			var wg sync.WaitGroup
			wg.Go(func() {
				if _, err := d.Start(t.Context(), p, exec.Inputs{Run: "failing", Servers: map[string]string{"w": failing.URL}}, "test"); err != nil {
					t.Error(err)
				}
			})
			<-begun
			if _, err := d.Start(t.Context(), p, exec.Inputs{Run: "other", Servers: map[string]string{"w": other.URL}}, "test"); err != nil {
				t.Error(err)
			}
			wg.Wait()
			at := func(what string) int { return slices.Index(order, what) }
			if at("failing has done DELETE y") < 0 || at("other POST y") < at("failing has done DELETE y") {
				t.Errorf("y was worked on before it was undone: %q", order)
			}
			if x.slow && at("failing DELETE x") < at("other is done with x") {
				t.Errorf("x was undone while another run worked on it: %q", order)
			}
			if x.onError == "" && at("failing has done DELETE x") < 0 {
				t.Errorf("x was not undone: %q", order)
			}
		})
	}
}

// A run that is interrupted still holds its lock. Who waits for it is told what to do.
func TestInterruptedRunHoldsItsLock(t *testing.T) {
	p := written(t, `integration "i" {
  lock = "one"
  step "pause" {
    wait = "1h"
  }
}`)
	s, kept := newThings(t, nil), store.NewMemory()
	first := &life{t: t, kept: kept, on: waiting(func(l *life) { l.stop() })}
	if res, err := first.live(p, s.URL); err != nil || res.Status != event.Canceled {
		t.Fatal(res, err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	var told []string
	d := engine.NewDurable(engine.Options{Sink: func(x event.Envelope) {
		switch e := x.Event.(type) {
		case event.Warning:
			told = append(told, e.Message)
			if err := engine.CancelRun(ctx, kept, "r", time.Now()); err != nil {
				t.Error(err)
			}
		case event.Waiting:
			cancel()
		}
	}}, engine.Keeping{Store: kept})
	defer d.Close()
	res, err := d.Start(ctx, p, exec.Inputs{Run: "second"}, "test")
	if err != nil || res.Status != event.Canceled {
		t.Errorf("%+v, %v", res, err)
	}
	want := `waits for the lock "one", which run r holds, though nothing carries it out now: go on with it (tenon runs resume r) or end it (tenon runs cancel r)`
	if text, _ := json.Marshal(told); len(told) != 1 || told[0] != want {
		t.Errorf("told: %s\nwant %s", text, want)
	}
}

const keyed = `
api "k" {
  server = "http://k.invalid"
  idempotency {
    header = "Idempotency-Key"
  }
  operation "book" {
    request  = "POST /w/{k}"
    params   = { k = string }
    response = any
  }
}
`

// An undo that is sent with an idempotency key has the same one after a kill.
func TestUndoHasItsKey(t *testing.T) {
	p := written(t, keyed+`integration "i" {
  step "a" {
    call   = k.book
    params = { k = "a" }
    undo {
      call   = k.book
      params = { k = "back" }
    }
  }
  step "bad" {
    call   = w.make
    params = { k = "bad" }
  }
}`)
	var l *life
	var died atomic.Bool
	var keys []string
	s := newThings(t, func(r string, w http.ResponseWriter) bool {
		switch {
		case r == "POST bad":
			w.WriteHeader(409)
		case r == "POST back" && !died.Load():
			go l.kill()
			<-l.t.Context().Done()
		default:
			return false
		}
		return true
	})
	inner := s.Config.Handler
	s.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.URL.Path, "back") {
			keys = append(keys, r.Header.Get("Idempotency-Key"))
		}
		inner.ServeHTTP(w, r)
	})
	kept := store.NewMemory()
	l = &life{t: t, kept: kept}
	if _, err := l.live(p, s.URL); !errors.Is(err, errDead) {
		t.Fatal(err)
	}
	died.Store(true)
	res, err := (&life{t: t, kept: kept}).live(p, s.URL)
	if err != nil || res.Status != event.Failed || res.Undone.Done != 1 {
		t.Fatalf("%+v, %v", res, err)
	}
	if len(keys) != 2 || keys[0] == "" || keys[0] != keys[1] {
		t.Errorf("keys of the undo: %q", keys)
	}
}

// An undo whose outcome is not known is parked, so that somebody can settle it. on_failure has run, since the run has failed.
func TestUndoInDoubt(t *testing.T) {
	p := written(t, `integration "i" {
  step "a" {
    call   = w.make
    params = { k = "a" }
    undo {
      call   = w.make
      params = { k = "back" }
    }
  }
  step "bad" {
    call   = w.make
    params = { k = "bad" }
  }
  on_failure {
    step "alarm" {
      call   = w.make
      params = { k = "alarm" }
    }
  }
}`)
	s := newThings(t, func(r string, w http.ResponseWriter) bool {
		switch r {
		case "POST bad":
			w.WriteHeader(409)
			return true
		case "POST back":
			panic(http.ErrAbortHandler)
		}
		return false
	})
	kept := store.NewMemory()
	res, err := (&life{t: t, kept: kept}).live(p, s.URL)
	doubts, _ := kept.Doubts(t.Context(), "r")
	if err != nil || res.Status != event.InDoubt || len(doubts) != 1 || doubts[0].Key != "step.a:undo" {
		t.Fatalf("%+v, %v, %+v", res, err, doubts)
	}
	if err := engine.Resolve(t.Context(), kept, "r", doubts[0].Key, engine.Verdict{Happened: true}, time.Now()); err != nil {
		t.Fatal(err)
	}
	if res, err = (&life{t: t, kept: kept}).live(p, s.URL); err != nil || res.Status != event.Failed || res.Undone.Done != 1 {
		t.Fatalf("%+v, %v", res, err)
	}
	s.want(t, "POST a", "POST bad", "POST back", "POST alarm")
}

// A run that stops in doubt gives the alarm; if it fails when it goes on, it does so again, and never twice about the same.
func TestAlarmsOfARun(t *testing.T) {
	p := written(t, `integration "i" {
  step "a" {
    call   = w.make
    params = { k = "a" }
  }
  step "b" {
    call   = w.make
    params = { k = "b" }
  }
  on_failure {
    step "alarm" {
      call   = w.make
      params = { k = "alarm-${error.step}" }
    }
  }
}`)
	s := newThings(t, func(r string, w http.ResponseWriter) bool {
		switch r {
		case "POST a":
			panic(http.ErrAbortHandler)
		case "POST b":
			w.WriteHeader(409)
			return true
		}
		return false
	})
	kept := store.NewMemory()
	for range 2 {
		if res, err := (&life{t: t, kept: kept}).live(p, s.URL); err != nil || res.Status != event.InDoubt {
			t.Fatalf("%+v, %v", res, err)
		}
	}
	if err := engine.Resolve(t.Context(), kept, "r", "step.a", engine.Verdict{Happened: true}, time.Now()); err != nil {
		t.Fatal(err)
	}
	if res, err := (&life{t: t, kept: kept}).live(p, s.URL); err != nil || res.Status != event.Failed {
		t.Fatalf("%+v, %v", res, err)
	}
	s.want(t, "POST a", "POST alarm-a", "POST b", "POST alarm-b")
}

// A run that is interrupted before it found out about a write does so when it goes on, and asks nobody.
func TestInterruptedBeforeItFoundOut(t *testing.T) {
	p := written(t, `integration "i" {
  step "a" {
    call   = w.make
    params = { k = "a" }
    recover {
      call   = w.look
      params = { k = "a" }
      found  = response.body.done
      wait   = "1h"
    }
  }
}`)
	kept := store.NewMemory()
	first := &life{t: t, kept: kept}
	s := newThings(t, func(r string, w http.ResponseWriter) bool {
		if r == "POST a" {
			time.AfterFunc(300*time.Millisecond, first.stop)
			panic(http.ErrAbortHandler)
		}
		return false
	})
	if res, err := first.live(p, s.URL); err != nil || res.Status != event.Canceled {
		t.Fatalf("%+v, %v", res, err)
	}
	if doubts, _ := kept.Doubts(t.Context(), "r"); len(doubts) > 0 {
		t.Errorf("in doubt: %+v", doubts)
	}
	if res, err := (&life{t: t, kept: kept, at: 2 * time.Hour}).live(p, s.URL); err != nil || res.Status != event.Succeeded {
		t.Fatalf("%+v, %v", res, err)
	}
	s.want(t, "POST a", "GET a")
}

// A run that is interrupted after one of its items failed goes on with the others.
func TestInterruptedAfterAnItemFailed(t *testing.T) {
	p := written(t, `integration "i" {
  for_each "k" {
    in       = ["0", "1", "2"]
    on_error = "continue"
    step "make" {
      call   = w.make
      params = { k = k }
    }
  }
}`)
	s := newThings(t, func(r string, w http.ResponseWriter) bool {
		if r == "POST 0" {
			w.WriteHeader(409)
			return true
		}
		return false
	})
	kept := store.NewMemory()
	first := &life{t: t, kept: kept, on: func(e event.Event, l *life) {
		if _, ok := e.(event.ItemFailed); ok {
			l.stop()
		}
	}}
	if res, err := first.live(p, s.URL); err != nil || res.Status != event.Canceled {
		t.Fatalf("%+v, %v", res, err)
	}
	res, err := (&life{t: t, kept: kept}).live(p, s.URL)
	if err != nil || res.Status != event.Succeeded || res.Done[0].Succeeded != 2 || res.Done[0].Failed != 1 {
		t.Fatalf("%+v, %v", res, err)
	}
	s.want(t, "POST 0", "POST 1", "POST 2")
}

// However often a process is killed while it sends a write, recover finds out and it is sent again: only answers
// that are lost on the way are counted.
func TestKilledAgainAndAgainAtOneWrite(t *testing.T) {
	p := written(t, `integration "i" {
  step "a" {
    call   = w.make
    params = { k = "a" }
    recover {
      call   = w.look
      params = { k = "a" }
      found  = response.body.done
    }
  }
}`)
	const kills = 4
	var now *life
	killed := 0
	s := newThings(t, func(r string, w http.ResponseWriter) bool {
		switch {
		case r == "GET a":
			io.WriteString(w, `{"done": false}`)
			return true
		case killed < kills:
			killed++
			now.kill()
			panic(http.ErrAbortHandler)
		}
		return false
	})
	kept := store.NewMemory()
	var want []string
	for range kills {
		now = &life{t: t, kept: kept}
		now.live(p, s.URL)
		want = append(want, "POST a", "GET a")
	}
	now = &life{t: t, kept: kept}
	if res, err := now.live(p, s.URL); err != nil || res.Status != event.Succeeded {
		t.Fatalf("%+v, %v", res, err)
	}
	s.want(t, append(want, "POST a")...)
}

// An item in doubt is not counted before it is over, whatever a mark was made of meanwhile.
func TestMarkWithAnItemInDoubt(t *testing.T) {
	p := written(t, `integration "i" {
  for_each "k" {
    in       = [for n in range(1, 30) : "k${n}"]
    key      = k
    on_error = "continue"
    step "a" {
      call   = w.make
      params = { k = k }
    }
    aggregate "all" { count = true }
  }
  output "came" {
    value = "${for_each.k.count} ${for_each.k.succeeded} ${for_each.k.failed} ${for_each.k.all}"
  }
}`)
	lost := false
	s := newThings(t, func(r string, w http.ResponseWriter) bool {
		if r == "POST k3" && !lost {
			lost = true
			panic(http.ErrAbortHandler)
		}
		return false
	})
	kept := store.NewMemory()
	if res, err := (&life{t: t, kept: kept, mark: 5}).live(p, s.URL); err != nil || res.Status != event.InDoubt {
		t.Fatalf("%+v, %v", res, err)
	}
	doubts, err := kept.Doubts(t.Context(), "r")
	if err != nil || len(doubts) != 1 {
		t.Fatalf("in doubt: %+v, %v", doubts, err)
	}
	if err := engine.Resolve(t.Context(), kept, "r", doubts[0].Key, engine.Verdict{}, time.Now()); err != nil {
		t.Fatal(err)
	}
	res, err := (&life{t: t, kept: kept, mark: 5}).live(p, s.URL)
	if err != nil || res.Status != event.Succeeded {
		t.Fatalf("%+v, %v", res, err)
	}
	if got := res.Outputs["came"]; got != "29 29 0 29" {
		t.Errorf("the loop came to %v", got)
	}
}
