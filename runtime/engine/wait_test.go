//go:build unix

package engine_test

import (
	"os"
	"strings"
	"testing"
	"time"

	"tenon/runtime/engine"
	"tenon/runtime/event"
	"tenon/runtime/exec"
	"tenon/runtime/store"
	"tenon/spec/check"
)

const claiming = `integration "claim" {
  for_each "n" {
    in   = [1, 2, 3]
    key  = n
    once = "forever"
    aggregate "done" {
      list = n
    }
  }
  output "done" {
    value = for_each.n.done
  }
}
`

// A process that waits for the items of a loop on which another one works says so, and names the run.
func TestWaitingForALoopIsSaid(t *testing.T) {
	checked := check.NewSession(os.DirFS("testdata"), nil, "test").Check(map[string][]byte{"main.hcl": []byte(claiming)})
	if checked.Findings.HasErrors() {
		for _, f := range checked.Findings {
			t.Error(f.Message)
		}
		t.FailNow()
	}
	p, err := exec.Compile(checked.Plans["claim"])
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	said := make(chan string, 10)
	process := func() *engine.Durable {
		s, err := store.Open(t.Context(), dir, store.Shared, "test")
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { s.Close() })
		return engine.NewDurable(engine.Options{Sink: func(x event.Envelope) {
			if w, ok := x.Event.(event.Warning); ok {
				said <- w.Message
			}
		}}, engine.Keeping{Store: s})
	}
	one, two := process(), process()
	first, err := one.Start(t.Context(), p, exec.Inputs{}, "test")
	if err != nil || first.Status != event.Succeeded {
		t.Fatalf("%+v, %v", first, err)
	}
	over := make(chan *exec.Result)
	go func() {
		res, err := two.Start(t.Context(), p, exec.Inputs{}, "test")
		if err != nil {
			t.Error(err)
		}
		over <- res
	}()
	select {
	case text := <-said:
		if !strings.Contains(text, "claim/for_each.n") || !strings.Contains(text, "run "+first.Run+" (process ") {
			t.Errorf("it said %q", text)
		}
	case <-over:
		t.Fatal("it did not wait")
	case <-time.After(10 * time.Second):
		t.Fatal("nothing was said")
	}
	one.Close()
	if res := <-over; res.Status != event.Succeeded || len(res.Outputs["done"].([]any)) != 0 {
		t.Errorf("%+v", res)
	}
	two.Close()
	if len(said) > 0 {
		t.Errorf("it said it again: %q", <-said)
	}
}
