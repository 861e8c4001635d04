package exec_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"tenon/runtime/engine"
	"tenon/runtime/event"
	"tenon/runtime/exec"
	"tenon/runtime/transport"
	"tenon/spec/plan"
	"tenon/spec/types"
)

// series runs one plan again and again on one engine, whose clock stands still.
type series struct {
	*world
	engine *engine.Local
	now    time.Time
	prog   *exec.Program
	sent   []string
	mu     sync.Mutex
}

func newSeries(t *testing.T, answer func(r *http.Request) int, block *plan.Block) *series {
	s := &series{now: time.Unix(1e9, 0)}
	s.world = newWorld(t, func(w http.ResponseWriter, r *http.Request) {
		s.mu.Lock()
		s.sent = append(s.sent, r.Method+" "+r.URL.RequestURI())
		s.mu.Unlock()
		respond(w, answer(r), `{}`)
	}, block)
	o := s.opts
	o.Transport = transport.Options{Now: func() time.Time { return s.now }, Sleep: func(ctx context.Context, d time.Duration) error {
		s.now = s.now.Add(d)
		return ctx.Err()
	}}
	s.engine = engine.New(o)
	t.Cleanup(s.engine.Close)
	return s
}

// next runs once more and says what was sent.
func (s *series) next(values map[string]any) (*exec.Result, []string) {
	s.t.Helper()
	if s.prog == nil {
		var err error
		if s.prog, err = exec.Compile(s.plan); err != nil {
			s.t.Fatal(err)
		}
	}
	s.sent = nil
	res := s.engine.Run(context.Background(), s.prog, exec.Inputs{Values: values})
	return res, s.sent
}

func ok(*http.Request) int { return 200 }

func state(t *testing.T, name, initial, next string, typ *types.Type) *plan.State {
	return &plan.State{Name: name, Type: typ, Initial: e(t, initial), Next: e(t, next)}
}

func TestStateIsKeptWithSuccess(t *testing.T) {
	s := newSeries(t, func(r *http.Request) int {
		if r.URL.RawQuery == "n=3" {
			return 400
		}
		return 200
	}, ops(step(t, "a", get(t, "/a", param(t, "query", "n", "state.n")))))
	s.plan.States = []*plan.State{state(t, "n", "1", "state.n + 1", types.AnyInteger), state(t, "s", `"x"`, `"${state.s}y"`, types.AnyString)}
	s.output("n", "state.n")
	for _, want := range []struct {
		sent  string
		state map[string]any
	}{{"GET /a?n=1", map[string]any{"n": 2, "s": "xy"}}, {"GET /a?n=2", map[string]any{"n": 3, "s": "xyy"}}, {"GET /a?n=3", nil}, {"GET /a?n=3", nil}} {
		res, sent := s.next(nil)
		if sent[0] != want.sent {
			t.Errorf("sent %s, want %s", sent, want.sent)
		}
		if d := cmp.Diff(want.state, res.State); d != "" {
			t.Errorf("%s: state (-want +got):\n%s", want.sent, d)
		}
	}
	// What a test gives is used instead; what was kept and no longer fits is refused.
	res := s.engine.Run(context.Background(), s.prog, exec.Inputs{State: map[string]any{"n": 7}})
	if d := cmp.Diff(map[string]any{"n": 8, "s": "xy"}, res.State); d != "" {
		t.Error(d)
	}
	res = s.engine.Run(context.Background(), s.prog, exec.Inputs{State: map[string]any{"n": "seven"}})
	if res.Error == nil || res.Error.Kind != event.InvalidInput {
		t.Errorf("%+v", res.Error)
	}
}

func TestStateThatCannotBeKeptFailsTheRun(t *testing.T) {
	h := &ledger{shuffled: shuffled{}, effects: map[string]int{}, full: true}
	prog, err := exec.Compile(&plan.Plan{Version: plan.Version, Integration: "i", Steps: ops(write(t, "a", `"a"`)),
		States: []*plan.State{state(t, "n", "1", "state.n + 1", types.AnyInteger)},
		APIs:   map[string]*plan.API{"api": {Name: "api", Server: e(t, `"http://x"`)}}})
	if err != nil {
		t.Fatal(err)
	}
	res := exec.Run(context.Background(), prog, exec.Inputs{Run: "r"}, h)
	if res.Status != event.Failed || res.State != nil || len(h.undone) != 1 {
		t.Errorf("%s, state %v, undone %v", res.Status, res.State, h.undone)
	}
}

func (h *ledger) Commit(context.Context, map[string]map[string]any) error {
	if h.full {
		return errors.New("no space left on device")
	}
	return nil
}

func TestItemsAreDoneOnce(t *testing.T) {
	loop := each(t, "item", "input.list", ops(step(t, "a", post(t, "/a/{id}", "{}", param(t, "path", "id", "item")))))
	loop.ForEach.Key, loop.ForEach.Continue = e(t, "item"), true
	loop.ForEach.Once = &plan.Once{Within: time.Hour}
	bad := "3"
	s := newSeries(t, func(r *http.Request) int {
		if r.URL.Path == "/a/"+bad {
			return 400
		}
		return 200
	}, ops(loop))
	s.plan.Inputs = []*plan.Input{{Name: "list", Type: types.ListOf(types.AnyString)}}
	s.output("loop", "for_each.item")
	step := func(want map[string]any, sent []string, list ...any) {
		t.Helper()
		res, got := s.next(map[string]any{"list": list})
		if d := cmp.Diff(want, res.Outputs["loop"]); d != "" {
			t.Error(d)
		}
		if !slices.Equal(sent, got) {
			t.Errorf("sent %v, want %v", got, sent)
		}
	}
	counts := func(count, succeeded, failed, skipped int) map[string]any {
		return map[string]any{"count": count, "succeeded": succeeded, "failed": failed, "skipped": skipped}
	}
	step(counts(4, 2, 1, 1), []string{"POST /a/1", "POST /a/2", "POST /a/3"}, "1", "2", "3", "1") // also within a run
	bad = ""
	step(counts(3, 2, 0, 1), []string{"POST /a/3", "POST /a/4"}, "2", "3", "4") // what failed is done again
	s.now = s.now.Add(2 * time.Hour)
	step(counts(1, 1, 0, 0), []string{"POST /a/2"}, "2") // the time is over
	if skipped := said[event.ItemDone](s.world); !slices.ContainsFunc(skipped, func(e event.ItemDone) bool { return e.Skipped && e.Item == "1" }) {
		t.Error("nothing says that an item was skipped")
	}
}

// TestAnItemThatIsUndoneIsForgotten holds that an item of which all was taken back is worked on again, and one of which
// something stays is not.
func TestAnItemThatIsUndoneIsForgotten(t *testing.T) {
	a := step(t, "a", post(t, "/a/{id}", "{}", param(t, "path", "id", "item")))
	undo := post(t, "/undo/{id}", "{}", param(t, "path", "id", "item"))
	a.Undo = &plan.Undo{Call: undo}
	loop := each(t, "item", `["1", "2"]`, ops(a))
	loop.ForEach.Key, loop.ForEach.Once = e(t, "item"), &plan.Once{}
	fail := true
	s := newSeries(t, func(r *http.Request) int {
		if fail && (r.URL.Path == "/z" || r.URL.Path == "/undo/2") {
			return 400
		}
		return 200
	}, ops(loop, step(t, "z", post(t, "/z", "{}"), "for_each.item")))
	s.next(nil)
	if want := []string{"POST /a/1", "POST /a/2", "POST /z", "POST /undo/2", "POST /undo/1"}; !slices.Equal(s.sent, want) {
		t.Errorf("sent %v, want %v", s.sent, want)
	}
	fail = false
	if _, sent := s.next(nil); !slices.Equal(sent, []string{"POST /a/1", "POST /z"}) {
		t.Errorf("sent %v", sent)
	}
}

func TestLocksSerialise(t *testing.T) {
	var now, most, meet atomic.Int32
	meet.Store(2)
	h := func(w http.ResponseWriter, r *http.Request) {
		n := now.Add(1)
		if n > most.Load() {
			most.Store(n)
		}
		for end := time.Now().Add(5 * time.Second); most.Load() < meet.Load() && time.Now().Before(end); {
			time.Sleep(time.Millisecond)
		}
		now.Add(-1)
		respond(w, 200, `{}`)
	}
	loop := each(t, "item", `["a", "a", "a", "a"]`, ops(step(t, "a", get(t, "/a"))))
	loop.ForEach.Concurrency = 4
	w := newWorld(t, h, ops(loop))
	w.succeeds()
	if most.Load() < 2 {
		t.Fatal("no two items are worked on at once, so this test shows nothing")
	}
	most.Store(0)
	loop.ForEach.Lock = e(t, "item")
	w.plan.Lock = e(t, `"a"`) // which the run holds already
	w.succeeds()
	if most.Load() < 2 {
		t.Error("the run waits for itself")
	}
	most.Store(0)
	meet.Store(1)
	w.plan.Lock = e(t, `"b"`)
	w.succeeds()
	if most.Load() != 1 {
		t.Errorf("%d at once under one lock", most.Load())
	}

	// Runs, too; and who waited sees the state that the other left.
	s := newSeries(t, ok, ops(step(t, "a", post(t, "/a", "{}", param(t, "query", "n", "input.n")))))
	s.plan.Lock = e(t, `"x"`)
	s.plan.States = []*plan.State{state(t, "n", "0", "state.n + 1", types.AnyInteger)}
	s.plan.Inputs = []*plan.Input{{Name: "n", Type: types.Any, Default: e(t, "state.n")}}
	var err error
	if s.prog, err = exec.Compile(s.plan); err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	for range 5 {
		wg.Go(func() { s.engine.Run(context.Background(), s.prog, exec.Inputs{}) })
	}
	wg.Wait()
	slices.Sort(s.sent)
	if want := []string{"POST /a?n=0", "POST /a?n=1", "POST /a?n=2", "POST /a?n=3", "POST /a?n=4"}; !slices.Equal(s.sent, want) {
		t.Errorf("sent %v", s.sent)
	}
}

func TestPausesAndTurns(t *testing.T) {
	short := step(t, "short", "1")
	short.Value, short.Wait = nil, &plan.Wait{For: time.Minute}
	until := step(t, "until", "1", "step.short")
	until.Value, until.Wait = nil, &plan.Wait{Until: e(t, "now() + duration(\"1h\")")}
	past := step(t, "past", "1", "step.until")
	past.Value, past.Wait = nil, &plan.Wait{Until: e(t, "from_unix(0)")}
	turns := step(t, "turns", get(t, "/a"), "step.past")
	n := 0
	turns.Repeat = &plan.Repeat{Until: e(t, "response.status == 202"), Every: time.Second, Timeout: time.Minute}
	s := newSeries(t, func(*http.Request) int {
		if n++; n == 3 {
			return 202
		}
		return 200
	}, ops(short, until, past, turns))
	start := s.now
	if res, sent := s.next(nil); res.Status != event.Succeeded || len(sent) != 3 || s.now.Sub(start) != time.Hour+time.Minute+2*time.Second {
		t.Errorf("%s after %s, %d requests", res.Status, s.now.Sub(start), len(sent))
	}
	n = 3
	res, sent := s.next(nil)
	if res.Error == nil || res.Error.Kind != event.Timeout || len(sent) != 61 {
		t.Errorf("%+v after %d requests", res.Error, len(sent))
	}
}

// TestARunInsideAnother holds what is the same for both, and what is not.
func TestARunInsideAnother(t *testing.T) {
	charge := step(t, "charge", post(t, "/charge", `{ id = uuid() }`, param(t, "query", "n", "input.n")))
	charge.Undo = &plan.Undo{Call: post(t, "/refund", "{}", param(t, "query", "n", "input.n"))}
	api := &plan.API{Name: "api", Server: e(t, `"http://x"`)}
	child := &plan.Plan{Version: plan.Version, Integration: "child", APIs: map[string]*plan.API{"api": api}, Steps: ops(charge, step(t, "after", get(t, "/after", param(t, "query", "n", "input.n")), "step.charge")),
		Inputs: []*plan.Input{{Name: "n", Type: types.AnyInteger}}, Outputs: []*plan.Output{{Name: "n", Value: e(t, "input.n * 10")}},
		States: []*plan.State{state(t, "runs", "0", "state.runs + 1", types.AnyInteger)}}
	sub := func(name, inputs string, after ...string) *plan.Op {
		o := step(t, name, "1", after...)
		o.Value, o.Run = nil, &plan.Run{Plan: child, Inputs: e(t, inputs)}
		return o
	}
	bad := ""
	s := newSeries(t, func(r *http.Request) int {
		if r.URL.RequestURI() == bad {
			return 400
		}
		return 200
	}, ops(sub("a", "{ n = 1 }"), sub("b", "{ n = 2 }", "step.a"), step(t, "z", post(t, "/z", "{}"), "step.b")))
	api.Server = e(t, fmt.Sprintf("%q", s.server.URL))
	s.output("sum", "step.a.outputs.n + step.b.outputs.n")
	res, sent := s.next(nil)
	want := []string{"POST /charge?n=1", "GET /after?n=1", "POST /charge?n=2", "GET /after?n=2", "POST /z"}
	if d := cmp.Diff(want, sent); d != "" || res.Status != event.Succeeded || res.Outputs["sum"] != 30 || res.Writes != 3 {
		t.Errorf("%+v %s", res, d)
	}

	// Its own failure undoes it, then the run's undoes the rest, newest first.
	bad = "/after?n=2"
	res, sent = s.next(nil)
	want = []string{"POST /charge?n=1", "GET /after?n=1", "POST /charge?n=2", "GET /after?n=2", "POST /refund?n=2", "POST /refund?n=1"}
	if d := cmp.Diff(want, sent); d != "" || res.Error.Step != "step.b/step.after" || res.Undone.Done != 2 {
		t.Errorf("%+v %s", res, d)
	}

	// So does the failure of what follows it.
	bad = "/z"
	_, sent = s.next(nil)
	want = []string{"POST /charge?n=1", "GET /after?n=1", "POST /charge?n=2", "GET /after?n=2", "POST /z", "POST /refund?n=2", "POST /refund?n=1"}
	if d := cmp.Diff(want, sent); d != "" {
		t.Error(d)
	}

	// A catch goes on; `error` names the step that runs it.
	bad = "/after?n=2"
	s.plan.Steps.Ops[1].Catch = []*plan.Catch{{On: "any", Skip: true}}
	s.plan.Outputs = []*plan.Output{{Name: "skipped", Value: e(t, "step.b.skipped")}}
	s.prog = nil
	if res, _ = s.next(nil); res.Outputs["skipped"] != true || res.Undone.Done != 1 {
		t.Errorf("%+v", res)
	}
}

// TestADryRunLeavesNothing holds that state and keys are looked at and stay as they are, and that what an inner run does
// not know is not known outside.
func TestADryRunLeavesNothing(t *testing.T) {
	w := newWorld(t, func(w http.ResponseWriter, r *http.Request) { respond(w, 200, `{"v": 1}`) }, nil)
	inner := &plan.Plan{Version: plan.Version, Integration: "child", APIs: w.plan.APIs, Steps: ops(step(t, "w", post(t, "/w", "{}"))),
		Outputs: []*plan.Output{{Name: "v", Value: e(t, "step.w.body.v")}}}
	sub := step(t, "sub", "1")
	sub.Value, sub.Run = nil, &plan.Run{Plan: inner}
	loop := each(t, "item", `["1"]`, ops(step(t, "b", post(t, "/b", "{}"))))
	loop.ForEach.Key, loop.ForEach.Once = e(t, "item"), &plan.Once{}
	w.plan.Steps = ops(sub, step(t, "next", get(t, "/next", param(t, "query", "v", "step.sub.outputs.v")), "step.sub"), loop)
	w.plan.States = []*plan.State{state(t, "n", "1", "state.n + 1", types.AnyInteger)}
	w.opts.DryRun = true
	var settled []bool
	var kept int
	w.opts.Host = func(h exec.Host) exec.Host { return &leaving{h, &settled, &kept} }
	res := w.run(context.Background())
	if res.Status != event.Succeeded || res.Withheld != 2 || len(said[event.RequestSent](w)) != 0 || kept != 0 || !slices.Equal(settled, []bool{false}) {
		t.Errorf("%+v, %d commits, settled %v", res, kept, settled)
	}
}

// leaving is a host that notes what a run leaves behind.
type leaving struct {
	exec.Host
	settled *[]bool
	kept    *int
}

func (h *leaving) Settle(ctx context.Context, c exec.Claim, done bool) error {
	*h.settled = append(*h.settled, done)
	return h.Host.Settle(ctx, c, done)
}

func (h *leaving) Commit(ctx context.Context, states map[string]map[string]any) error {
	*h.kept++
	return h.Host.Commit(ctx, states)
}

// TestUndosRunWhenTheTimeIsOver holds that the end of the run's own time does not keep it from cleaning up.
func TestUndosRunWhenTheTimeIsOver(t *testing.T) {
	var sent []string
	var mu sync.Mutex
	w := newWorld(t, func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		sent = append(sent, r.Method+" "+r.URL.Path)
		mu.Unlock()
		if r.URL.Path == "/slow" {
			<-r.Context().Done()
			return
		}
		respond(w, 200, `{}`)
	}, nil)
	a := step(t, "a", post(t, "/a", "{}"))
	a.Undo = &plan.Undo{Call: post(t, "/undo", "{}")}
	w.plan.Steps = ops(a, step(t, "slow", get(t, "/slow"), "step.a"))
	w.plan.Timeout = 200 * time.Millisecond
	w.plan.OnFailure = ops(step(t, "alarm", post(t, "/alarm", "{}")))
	res := w.run(context.Background())
	if d := cmp.Diff([]string{"POST /a", "GET /slow", "POST /undo", "POST /alarm"}, sent); d != "" || res.Error.Kind != event.Timeout || res.Undone.Done != 1 {
		t.Errorf("%+v %s", res, d)
	}
}
