package exec_test

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"tenon/runtime/engine"
	"tenon/runtime/event"
	"tenon/runtime/exec"
	"tenon/runtime/transport"
	"tenon/spec/plan"
)

// noting is a local host that notes the keys of requests and the identifiers in their bodies.
type noting struct {
	exec.Host
	mu     sync.Mutex
	keys   []string
	bodies []string
}

func (n *noting) Perform(ctx context.Context, r *exec.Request) (*transport.Response, error) {
	n.mu.Lock()
	n.keys, n.bodies = append(n.keys, r.Key), append(n.bodies, r.Key+" "+string(r.Body))
	n.mu.Unlock()
	return n.Host.Perform(ctx, r)
}

func TestKeysAndIdentifiersAreOfTheRun(t *testing.T) {
	h := func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.URL.Path == "/list" && r.URL.RawQuery == "":
			respond(w, 200, `{"items": [{"id": "a", "lines": [1, 2]}, {"id": "a", "lines": [1]}], "next": 2}`)
		case r.URL.Path == "/list":
			respond(w, 200, `{"items": [{"id": "b", "lines": []}], "next": null}`)
		case r.URL.Path == "/bad":
			respond(w, 404, `{}`)
		default:
			respond(w, 200, `{}`)
		}
	}
	bad := step(t, "bad", post(t, "/bad", `{ id = uuid(), at = unix(now()) }`))
	bad.Catch = []*plan.Catch{{On: "500", Skip: true}, {On: "404", Call: post(t, "/good", `{ id = uuid() }`)}}
	lines := each(t, "line", "order.lines", ops(step(t, "line", post(t, "/line", `{ id = uuid(), two = uuid() }`))))
	first := each(t, "order", "stream:step.list", ops(bad, lines), "step.list")
	first.ForEach.Key, first.ForEach.Concurrency = e(t, "order.id"), 3
	second := each(t, "n", "stream:step.list", ops(step(t, "again", get(t, "/again"))), "step.list")
	w := newWorld(t, h, ops(step(t, "list", paginated(t, "/list", nextPage)), first, second))
	prog, err := exec.Compile(w.plan)
	if err != nil {
		t.Fatal(err)
	}
	run := func(id string) *noting {
		n := &noting{}
		still := func() time.Time { return time.Unix(1e9, 0) }
		l := engine.New(engine.Options{Transport: transport.Options{Now: still}, Host: func(h exec.Host) exec.Host { n.Host = h; return n }})
		defer l.Close()
		if res := l.Run(context.Background(), prog, exec.Inputs{Run: id}); res.Status != event.Succeeded || res.Run != id {
			t.Fatalf("%s: %+v", res.Run, res.Error)
		}
		slices.Sort(n.keys)
		slices.Sort(n.bodies)
		return n
	}
	a, b, other := run("r1"), run("r1"), run("r2")
	if d := cmp.Diff(a.keys, slices.Compact(slices.Clone(a.keys))); d != "" {
		t.Errorf("a key is used twice (-all +each once):\n%s", d)
	}
	if d := cmp.Diff(a.bodies, b.bodies); d != "" {
		t.Errorf("a run that is repeated sends something else (-first +second):\n%s", d)
	}
	if slices.Equal(a.bodies, other.bodies) || !slices.Equal(a.keys, other.keys) {
		t.Error("another run has the same identifiers, or other keys")
	}
	want := []string{"step.again[0]", "step.again[1]", "step.again[2]", "step.bad[0]", "step.bad[0]:catch1", "step.bad[1]", "step.bad[1]:catch1",
		"step.bad[2]", "step.bad[2]:catch1", "step.line[0.0]", "step.line[0.1]", "step.line[1.0]",
		"step.list:for_each.n#1", "step.list:for_each.n#2", "step.list:pages#1", "step.list:pages#2"}
	if d := cmp.Diff(want, a.keys); d != "" {
		t.Errorf("keys (-want +got):\n%s", d)
	}
	ids := map[string]bool{}
	for _, body := range a.bodies {
		for _, part := range strings.Split(body, `"`) {
			if len(part) == 36 {
				if ids[part] {
					t.Errorf("the identifier %s is made twice", part)
				}
				ids[part] = true
			}
		}
	}
	if len(ids) != 3+3+2*3 {
		t.Errorf("%d identifiers", len(ids))
	}
}
