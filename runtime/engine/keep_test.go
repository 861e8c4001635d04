//go:build unix

package engine_test

import (
	"context"
	"encoding/json"
	"os"
	"testing"
	"time"

	"tenon/runtime/engine"
	"tenon/runtime/event"
	"tenon/runtime/exec"
	"tenon/runtime/secret"
	"tenon/runtime/store"
	"tenon/spec/check"
	"tenon/spec/plan"
)

const counting = `integration "count" {
  input "pause" {
    type    = bool
    default = false
  }
  state "n" {
    type    = integer
    initial = 10
    next    = state.n + 1
  }
  step "pause" {
    wait = "1h"
    when = input.pause
  }
  output "n" {
    value = state.n
  }
}

integration "outer" {
  state "last" {
    type    = integer
    initial = 0
    next    = step.count.outputs.n
  }
  step "count" {
    run = integration.count
  }
  output "n" {
    value = step.count.outputs.n
  }
  output "last" {
    value = state.last
  }
}
`

// TestStateIsTheStores holds that states are committed with the success of the run, those of inner integrations too, and
// that a run which goes on sees the one that it began with.
func TestStateIsTheStores(t *testing.T) {
	ctx := context.Background()
	st, err := store.Open(ctx, t.TempDir(), store.Shared, "test")
	if err != nil {
		t.Fatal(err)
	}
	defer st.Close()
	d := engine.NewDurable(engine.Options{}, engine.Keeping{Store: st})
	defer d.Close()
	checked := check.NewSession(os.DirFS("testdata"), nil, "test").Check(map[string][]byte{"main.hcl": []byte(counting)})
	if checked.Findings.HasErrors() {
		t.Fatal(checked.Findings)
	}
	start := func(ctx context.Context, name string, values map[string]any) *exec.Result {
		t.Helper()
		p, err := exec.Compile(checked.Plans[name])
		if err != nil {
			t.Fatal(err)
		}
		res, err := d.Start(ctx, p, exec.Inputs{Values: values}, "test")
		if err != nil {
			t.Fatal(err)
		}
		return res
	}
	state := func(integration, name, want string) {
		t.Helper()
		got, err := st.State(ctx, integration)
		if err != nil || string(got[name]) != want {
			text, _ := json.Marshal(got)
			t.Errorf("the state of %s is %s, want %s = %s (%v)", integration, text, name, want, err)
		}
	}
	if res := start(ctx, "count", nil); res.Outputs["n"] != 10 {
		t.Errorf("%+v", res)
	}
	state("count", "n", "11")
	if res := start(ctx, "outer", nil); res.Outputs["n"] != 11 || res.Outputs["last"] != 0 {
		t.Errorf("%+v", res)
	}
	state("count", "n", "12")
	state("outer", "last", "11")

	stopped, stop := context.WithTimeout(ctx, 200*time.Millisecond)
	defer stop()
	first := start(stopped, "count", map[string]any{"pause": true})
	if first.Status != event.Canceled {
		t.Fatalf("%s: %+v", first.Status, first.Error)
	}
	state("count", "n", "12")
	start(ctx, "count", nil)
	state("count", "n", "13")
	later := engine.NewDurable(engine.Options{Host: func(h exec.Host) exec.Host { return hasty{h} }}, engine.Keeping{Store: st})
	defer later.Close()
	res, _, err := later.Resume(ctx, first.Run, func(*plan.Plan) (map[string]secret.Value, error) { return nil, nil })
	if err != nil || res.Status != event.Succeeded || res.Outputs["n"] != 12 {
		t.Errorf("%+v, %v", res, err)
	}
	state("count", "n", "13")
}

// hasty is a host that does not wait.
type hasty struct{ exec.Host }

func (hasty) Wait(ctx context.Context, _ string, _ time.Time) error { return ctx.Err() }
