package exec_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
	"tenon/runtime/event"
	"tenon/runtime/exec"
	"tenon/runtime/transport"
	"tenon/spec/plan"
)

// ledger is a host whose server counts effects: a POST to /w/NAME makes NAME an effect, a DELETE of /w/NAME takes
// it back, a GET of /w/NAME says whether it is there.
type ledger struct {
	shuffled
	effects map[string]int
	refuse  map[string]bool // POSTs that have no effect and answer 500
	lose    map[string]int  // POSTs whose answer is lost: 1 after the effect, 2 before it, the first time
	stuck   map[string]bool // effects whose DELETE answers 500
	full    bool            // no state can be kept
	undone  []string        // DELETEs that had an effect, in order
}

func (h *ledger) Perform(ctx context.Context, r *exec.Request) (*transport.Response, error) {
	name := strings.TrimPrefix(r.URL.Path, "/w/")
	status := 200
	switch {
	case r.Method == "POST" && h.refuse[name], r.Method == "DELETE" && h.stuck[name]:
		status = 500
	case r.Method == "POST" && h.lose[name] > 0:
		how := h.lose[name]
		h.lose[name] = 0
		if how == 1 {
			h.effects[name]++
		}
		return nil, &transport.Error{Cause: event.Network, Sent: true, Message: "lost", Attempts: 1}
	case r.Method == "POST":
		h.effects[name]++
	case r.Method == "DELETE":
		h.effects[name]--
		h.undone = append(h.undone, name)
	}
	h.answer = func(*exec.Request) (int, string) {
		return status, fmt.Sprintf(`{"name": %q, "there": %v}`, name, h.effects[name] > 0)
	}
	return h.shuffled.Perform(ctx, r)
}

// write is a step that makes an effect, can find it again and undoes it. name is the source of an expression.
func write(t testing.TB, step_, name string, after ...string) *plan.Op {
	o := step(t, step_, post(t, "/w/{n}", "{}", param(t, "path", "n", name)), after...)
	o.Recover = &plan.Recover{Call: get(t, "/w/{n}", param(t, "path", "n", name)), Found: e(t, "response.body.there")}
	undo := get(t, "/w/{n}", param(t, "path", "n", "response.body.name"))
	undo.Method, undo.Safe = "DELETE", false
	o.Undo = &plan.Undo{Call: undo, Range: at(7)}
	return o
}

// TestEffectsOfARun holds, for random failures in random places, that what stays of a run is what it should be:
// all of a run that succeeded but for the items that failed, nothing of one that failed, and what is neither is listed.
func TestEffectsOfARun(t *testing.T) {
	program := func(goOn bool) *exec.Program {
		inner := each(t, "line", "order.lines", ops(write(t, "c", `"c${order.id}${line}"`)), "step.b")
		loop := each(t, "order", `[{ id = "0", lines = ["x", "y"] }, { id = "1", lines = ["x"] }, { id = "2", lines = [] }]`,
			ops(write(t, "b", `"b${order.id}"`), inner), "step.a")
		loop.ForEach.Concurrency, loop.ForEach.Continue = 2, goOn
		loop.ForEach.Key = e(t, "order.id")
		p := &plan.Plan{Version: plan.Version, Integration: "i", APIs: map[string]*plan.API{"api": {Name: "api", Server: e(t, `"http://x"`)}},
			Steps: ops(write(t, "a", `"a"`), loop, write(t, "z", `"z"`, "for_each.order"))}
		prog, err := exec.Compile(p)
		if err != nil {
			t.Fatal(err)
		}
		return prog
	}
	stops, goes := program(false), program(true)
	items := [][]string{{"b0", "c0x", "c0y"}, {"b1", "c1x"}, {"b2"}}
	all := append(slices.Concat(items...), "a", "z")
	seen := map[string]int{}
	rapid.Check(t, func(t *rapid.T) {
		h := &ledger{shuffled: shuffled{t: t}, effects: map[string]int{}, refuse: map[string]bool{}, lose: map[string]int{}, stuck: map[string]bool{}}
		draw := func(what string) string { return rapid.SampledFrom(all).Draw(t, what) }
		for range rapid.IntRange(0, 2).Draw(t, "refusals") {
			h.refuse[draw("refused")] = true
		}
		for range rapid.IntRange(0, 3).Draw(t, "losses") {
			h.lose[draw("lost")] = rapid.IntRange(1, 2).Draw(t, "how")
		}
		for range rapid.IntRange(0, 2).Draw(t, "stuck ones") {
			h.stuck[draw("stuck")] = true
		}
		prog, goOn := stops, rapid.Bool().Draw(t, "go on")
		if goOn {
			prog = goes
		}
		res := exec.Run(context.Background(), prog, exec.Inputs{Run: "r"}, h)
		refused := func(names []string) bool {
			return slices.ContainsFunc(names, func(n string) bool { return h.refuse[n] })
		}
		fails := h.refuse["a"] || h.refuse["z"] || !goOn && refused(all)
		if fails != (res.Status == event.Failed) || !fails && res.Status != event.Succeeded {
			t.Fatalf("status %s: %+v", res.Status, res.Error)
		}
		var left []string // that should have been undone
		for name, n := range h.effects {
			if n != 0 && n != 1 {
				t.Fatalf("%s has its effect %d times", name, n)
			}
			stays := !fails && name != ""
			for _, item := range items {
				if slices.Contains(item, name) && refused(item) {
					stays = false
				}
			}
			switch {
			case n == 1 && !stays:
				left = append(left, name)
			case n == 0 && stays && !h.refuse[name]:
				t.Errorf("%s was undone, and should stay", name)
			}
		}
		if !fails {
			for _, name := range all {
				i := slices.IndexFunc(items, func(item []string) bool { return slices.Contains(item, name) })
				if h.effects[name] == 0 && (i < 0 || !refused(items[i])) {
					t.Errorf("%s did not happen", name)
				}
			}
		}
		var listed []string
		if res.Undone != nil {
			if len(res.Undone.Rest) != res.Undone.Failed || res.Undone.Done != len(h.undone) || res.Undone.Kept != 0 {
				t.Errorf("the result says %+v, and %d were undone", res.Undone, len(h.undone))
			}
			for range res.Undone.Failed {
				listed = append(listed, "")
			}
		}
		for _, name := range left {
			if !h.stuck[name] {
				t.Errorf("%s stays, and nothing kept it from being undone", name)
			}
		}
		if len(left) != len(listed) {
			t.Errorf("%v stay, and %d are listed", left, len(listed))
		}
		seen[fmt.Sprint(res.Status, len(h.undone) > 0, len(left) > 0)]++
	})
	if len(seen) < 5 && !testing.Short() { // which makes few runs
		t.Errorf("too few kinds of ends were tried: %v", seen)
	}
}

func TestUndosRunNewestFirst(t *testing.T) {
	rapid.Check(t, func(t2 *rapid.T) {
		h := &ledger{shuffled: shuffled{t: t2}, effects: map[string]int{}, refuse: map[string]bool{"z": true}}
		loop := each(t, "n", `["1", "2", "3"]`, ops(write(t, "x", `"x${n}"`), write(t, "y", `"y${n}"`, "step.x")), "step.a")
		loop.ForEach.Concurrency = 3
		prog, err := exec.Compile(&plan.Plan{Version: plan.Version, Integration: "i", APIs: map[string]*plan.API{"api": {Name: "api", Server: e(t, `"http://x"`)}},
			Steps: ops(write(t, "a", `"a"`), loop, write(t, "b", `"b"`, "for_each.n"), write(t, "z", `"z"`, "step.b"))})
		if err != nil {
			t.Fatal(err)
		}
		exec.Run(context.Background(), prog, exec.Inputs{Run: "r"}, h)
		if d := cmp.Diff([]string{"b", "y3", "x3", "y2", "x2", "y1", "x1", "a"}, h.undone); d != "" {
			t.Error(d)
		}
	})
}

// TestWhatIsNotUndone holds the cases in which an effect stays on purpose, or nothing can be said of it.
func TestWhatIsNotUndone(t *testing.T) {
	run := func(h *ledger, ctx context.Context, list ...*plan.Op) *exec.Result {
		t.Helper()
		prog, err := exec.Compile(&plan.Plan{Version: plan.Version, Integration: "i", Steps: ops(list...), Timeout: time.Minute,
			APIs: map[string]*plan.API{"api": {Name: "api", Server: e(t, `"http://x"`)}}})
		if err != nil {
			t.Fatal(err)
		}
		h.effects = map[string]int{}
		return exec.Run(ctx, prog, exec.Inputs{Run: "r"}, h)
	}
	rest := func(why string) *event.Undone {
		return &event.Undone{Kept: 1, Rest: []event.NotUndone{{Step: "step.a", Why: why}}}
	}
	lost := write(t, "b", `"b"`, "step.a")
	lost.Recover = nil
	res := run(&ledger{lose: map[string]int{"b": 1}}, context.Background(), write(t, "a", `"a"`), lost)
	if d := cmp.Diff(rest("the run is in doubt"), res.Undone); d != "" || res.Status != event.InDoubt {
		t.Error(res.Status, d)
	}

	// A failure in doubt is caught by nothing.
	lost = write(t, "b", `"b"`, "step.a")
	lost.Recover, lost.Catch = nil, []*plan.Catch{{On: "any", Skip: true}}
	if res = run(&ledger{lose: map[string]int{"b": 1}}, context.Background(), write(t, "a", `"a"`), lost); res.Status != event.InDoubt {
		t.Error(res.Status)
	}

	ctx, cancel := context.WithCancel(context.Background())
	stops := step(t, "b", get(t, "/w/{n}", param(t, "path", "n", `"b"`)), "step.a")
	h := &stopping{ledger{}, cancel}
	prog, err := exec.Compile(&plan.Plan{Version: plan.Version, Integration: "i", Steps: ops(write(t, "a", `"a"`), stops),
		APIs: map[string]*plan.API{"api": {Name: "api", Server: e(t, `"http://x"`)}}})
	if err != nil {
		t.Fatal(err)
	}
	h.effects = map[string]int{}
	res = exec.Run(ctx, prog, exec.Inputs{Run: "r"}, h)
	if d := cmp.Diff(rest("the run was interrupted"), res.Undone); d != "" || res.Status != event.Canceled {
		t.Error(res.Status, d)
	}

	// What a catch put in the place of an answer has had no effect; what failed its check has.
	caught := write(t, "a", `"a"`)
	caught.Catch = []*plan.Catch{{On: "500", Body: e(t, `{ name = "a" }`)}}
	checked := write(t, "b", `"b"`, "step.a")
	checked.Checks = []*plan.Check{{Name: "no", Assert: e(t, "false")}}
	l := &ledger{refuse: map[string]bool{"a": true}}
	res = run(l, context.Background(), caught, checked)
	if d := cmp.Diff([]string{"b"}, l.undone); d != "" || res.Error.Kind != event.CheckFailed {
		t.Error(res.Error, d)
	}

	// An undo that can't be computed is said at once, and listed when it is missing.
	odd := write(t, "a", `"a"`)
	odd.Undo.Call.Params[0].Value = e(t, "response.body.nothing")
	l = &ledger{refuse: map[string]bool{"b": true}}
	res = run(l, context.Background(), odd, write(t, "b", `"b"`, "step.a"))
	if res.Undone == nil || res.Undone.Failed != 1 || !strings.Contains(res.Undone.Rest[0].Why, `parameter "n"`) || len(l.undone) > 0 {
		t.Errorf("%+v", res.Undone)
	}
}

// stopping is a host that cancels the run at its first read.
type stopping struct {
	ledger
	cancel func()
}

func (h *stopping) Perform(ctx context.Context, r *exec.Request) (*transport.Response, error) {
	if r.Method == "GET" {
		h.cancel()
		return nil, &transport.Error{Cause: event.RunCanceled, Message: "stopped", Attempts: 1}
	}
	return h.ledger.Perform(ctx, r)
}
