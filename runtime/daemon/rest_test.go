package daemon

import (
	"context"
	"encoding/json"
	"fmt"
	"runtime"
	"sync"
	"testing"
	"weak"

	"tenon/runtime/exec"
	"tenon/runtime/store"
	"tenon/spec/plan"
)

// What a program takes while it rests is its plan, packed. Awake again, it is what it was.
func TestProgramsRest(t *testing.T) {
	w := newWorld(t, `overlap = "parallel"`)
	set, err := w.load(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	for name, p := range set.Programs {
		before := weak.Make(p.Plan())
		files := len(p.Plan().Files)
		if p.Idle() {
			t.Errorf("%s was just needed", name)
		}
		if !p.Idle() {
			t.Errorf("%s has not been needed since", name)
		}
		p.Rest()
		p.Rest() // no harm
		runtime.GC()
		if before.Value() != nil {
			t.Errorf("the plan of %s is still there", name)
		}
		digest, err := p.Plan().Digest()
		if err != nil || digest != p.Digest() || len(p.Plan().Files) != files || files == 0 {
			t.Errorf("%s is %s, and was %s; %d files, and were %d; %v", name, digest, p.Digest(), len(p.Plan().Files), files, err)
		}
		out := p.Outline()
		if out.Integration != name || len(out.Triggers) != len(p.Plan().Triggers) || len(out.APIs) != len(p.Plan().APIs) || out.Steps != nil {
			t.Errorf("%s: %+v", name, out)
		}
		for _, x := range out.Triggers {
			if x.When != nil || x.Inputs != nil || x.Webhook != nil && (x.Webhook.Body != nil || x.Webhook.Key != nil) {
				t.Errorf("%s: the outline has %+v", name, x)
			}
		}
	}
}

// A set that is made compact is what it was, holds nothing of what it was made from, and is armed without being woken.
func TestCompact(t *testing.T) {
	w := newWorld(t, `overlap = "parallel"`)
	set, err := w.load(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	type was struct {
		plan             weak.Pointer[plan.Plan]
		digest, outlined string
	}
	outlined := func(p *exec.Program) string {
		text, err := json.Marshal(p.Outline())
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	before := map[string]was{}
	for name, p := range set.Programs {
		before[name] = was{weak.Make(p.Plan()), p.Digest(), outlined(p)}
	}
	set.compact()
	runtime.GC()
	if _, _, err := New(w.options(store.NewMemory())).arm(context.Background(), set); err != nil {
		t.Fatal(err)
	}
	if len(set.Programs) != len(before) || len(before) == 0 {
		t.Errorf("%d programs, and were %d", len(set.Programs), len(before))
	}
	for name, p := range set.Programs {
		was := before[name]
		if was.plan.Value() != nil {
			t.Errorf("the plan that %s was made from is still there", name)
		}
		if !p.Idle() {
			t.Errorf("%s was woken", name)
		}
		if digest, err := p.Plan().Digest(); err != nil || digest != was.digest || p.Digest() != was.digest || outlined(p) != was.outlined {
			t.Errorf("%s is %s, of a plan %s, and was %s; %v\n%s\n%s", name, p.Digest(), digest, was.digest, err, outlined(p), was.outlined)
		}
	}
}

// Programs may rest at any moment: what is under way keeps what it has, and who comes wakes them.
func TestProgramsRestAtAnyMoment(t *testing.T) {
	w := newWorld(t, `overlap = "parallel"`)
	d, _ := w.daemon(store.NewMemory(), nil)
	over := make(chan struct{})
	var sweep sync.WaitGroup
	sweep.Go(func() {
		for {
			select {
			case <-over:
				return
			default:
				d.set.Load().rest(func(*exec.Program) bool { return true })
				runtime.Gosched()
			}
		}
	})
	var clients sync.WaitGroup
	for c := range 4 {
		clients.Go(func() {
			for i := range 25 {
				if rw := deliver(d, fmt.Sprintf(`{"id":"r%d-%d","text":"r%d-%d"}`, c, i, c, i)); rw.Code != 202 {
					t.Errorf("%d %s", rw.Code, rw.Body)
				}
			}
		})
	}
	clients.Wait()
	eventually(t, "all", func() bool {
		for c := range 4 {
			for i := range 25 {
				if w.count(fmt.Sprintf("r%d-%d", c, i)) != 1 || w.count(fmt.Sprintf("after r%d-%d", c, i)) != 1 {
					return false
				}
			}
		}
		return true
	})
	close(over)
	sweep.Wait()
}
