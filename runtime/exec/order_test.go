package exec_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
	"tenon/runtime/event"
	"tenon/runtime/exec"
	"tenon/runtime/transport"
	"tenon/runtime/transport/auth"
	"tenon/spec/plan"
)

// shuffled is a host whose branches run one after the other, in an order that the test draws.
type shuffled struct {
	t      *rapid.T
	answer func(r *exec.Request) (int, string)
	done   []string // keys of items, as they end
}

func (h *shuffled) Now() time.Time                                        { return time.Unix(1e9, 0) }
func (h *shuffled) Today(string) time.Time                                { return time.Time{} }
func (h *shuffled) Wait(ctx context.Context, _ string, _ time.Time) error { return ctx.Err() }
func (h *shuffled) Worked(string) time.Duration                           { return 0 }
func (h *shuffled) Stop(string)                                           {}
func (h *shuffled) Stopped(string) bool                                   { return false }
func (h *shuffled) Begun([]string, string) (bool, map[string]bool)        { return false, nil }
func (h *shuffled) Within(ctx context.Context, _ string, d time.Duration, cause error) (context.Context, context.CancelFunc) {
	return context.WithTimeoutCause(ctx, d, cause)
}
func (h *shuffled) Lock(ctx context.Context, _ string) (func(bool), error) {
	return func(bool) {}, ctx.Err()
}
func (h *shuffled) Claim(context.Context, exec.Claim) (bool, error)         { return true, nil }
func (h *shuffled) State(context.Context, string) (map[string]any, error)   { return nil, nil }
func (h *shuffled) Commit(context.Context, map[string]map[string]any) error { return nil }
func (h *shuffled) Settle(context.Context, exec.Claim, bool) error          { return nil }
func (h *shuffled) Detail() event.Detail                                    { return event.Everything }
func (h *shuffled) Loop(string, []string, bool) exec.Notes                  { return nil }
func (h *shuffled) Undos(string, []string) exec.Undos                       { return nil }
func (h *shuffled) Emit(e event.Event) {
	if d, ok := e.(event.ItemDone); ok {
		h.done = append(h.done, d.Item)
	}
}

func (h *shuffled) Credential(auth.Given) (transport.Credential, error) {
	return nil, nil
}

func (h *shuffled) Perform(_ context.Context, r *exec.Request) (*transport.Response, error) {
	status, body := h.answer(r)
	return &transport.Response{Status: status, Header: http.Header{"Content-Type": {"application/json"}}, Body: []byte(body), URL: r.URL, Attempts: 1}, nil
}

func (h *shuffled) Branches(int) exec.Branches { return &deck{h: h} }

type deck struct {
	h     *shuffled
	cards []func()
}

func (d *deck) Go(f func()) { d.cards = append(d.cards, f) }

func (d *deck) Yield(_ bool, wait func()) { wait() }

func (d *deck) Wait() {
	for len(d.cards) > 0 {
		i := rapid.IntRange(0, len(d.cards)-1).Draw(d.h.t, "branch")
		f := d.cards[i]
		d.cards = append(d.cards[:i], d.cards[i+1:]...)
		f()
	}
}

func TestResultsDoNotDependOnWhichBranchIsFirst(t *testing.T) {
	loop := each(t, "order", "stream:step.list", ops(
		step(t, "a", get(t, "/a/{id}", param(t, "path", "id", "order.id"))),
		step(t, "b", get(t, "/b/{id}", param(t, "path", "id", "order.id"))),
		step(t, "c", `"${step.a.body.v}${step.b.body.v}"`, "step.a", "step.b")), "step.list", "step.other")
	loop.ForEach.Concurrency, loop.ForEach.Continue = 4, true
	loop.ForEach.Key = e(t, "order.id")
	for _, fn := range []string{"list", "first", "last", "min", "max"} {
		aggregate(t, loop, fn, fn, "step.c.value")
	}
	aggregate(t, loop, "sum", "sum", "order.total")
	p := &plan.Plan{Version: plan.Version, Integration: "i", APIs: map[string]*plan.API{"api": {Name: "api", Server: e(t, `"http://x"`)}},
		Steps:   ops(step(t, "list", paginated(t, "/list", nextPage)), step(t, "other", get(t, "/other")), step(t, "third", get(t, "/third")), loop),
		Outputs: []*plan.Output{{Name: "all", Value: e(t, "for_each.order")}, {Name: "x", Value: e(t, `"${step.other.body.v}${step.third.body.v}"`)}}}
	prog, err := exec.Compile(p)
	if err != nil {
		t.Fatal(err)
	}
	answer := func(r *exec.Request) (int, string) {
		path := r.URL.Path
		switch {
		case path == "/list" && r.URL.RawQuery == "":
			return 200, `{"items": [{"id": 1, "total": 0.1}, {"id": 2, "total": 1e20}, {"id": 3, "total": 0.2}], "next": 1}`
		case path == "/list":
			return 200, `{"items": [{"id": 4, "total": -1e20}, {"id": 5, "total": 0.3}], "next": null}`
		case strings.HasSuffix(path, "/3"):
			return 500, `{}`
		}
		return 200, fmt.Sprintf(`{"v": %q}`, path)
	}
	var want string
	orders := map[string]bool{}
	rapid.Check(t, func(t *rapid.T) {
		h := &shuffled{t: t, answer: answer}
		res := exec.Run(context.Background(), prog, exec.Inputs{}, h)
		got, err := json.Marshal(res)
		if err != nil || res.Status != event.Succeeded {
			t.Fatal(err, string(got))
		}
		if want == "" {
			want = string(got)
		}
		if string(got) != want {
			t.Errorf("got  %s\nwant %s", got, want)
		}
		orders[strings.Join(h.done, " ")] = true
	})
	if len(orders) < 10 || !strings.Contains(want, `"sum":0.4`) {
		t.Errorf("%d orders of items were tried; result %s", len(orders), want)
	}
}
