//go:build unix

package engine_test

import (
	"context"
	"errors"
	"fmt"
	"net/http/httptest"
	"testing"

	"tenon/runtime/engine"
	"tenon/runtime/event"
	"tenon/runtime/exec"
	"tenon/runtime/secret"
	"tenon/runtime/store"
	"tenon/runtime/transport"
	"tenon/spec/plan"
)

// asking is a host that counts what is asked of another one.
type asking struct {
	exec.Host
	requests map[string]int
}

func (a *asking) Perform(ctx context.Context, r *exec.Request) (*transport.Response, error) {
	a.requests[r.Method]++
	return a.Host.Perform(ctx, r)
}

// TestARunIsRehearsed carries kept runs out again without a server: also one that two processes carried out, and not
// one whose items were forgotten.
func TestARunIsRehearsed(t *testing.T) {
	const items = 700
	p := program(t, "bill")
	for _, c := range []struct {
		name    string
		whole   bool
		stopped int // after so many items; 0: not
	}{{"whole", true, 0}, {"stopped in between", true, 300}, {"forgotten", false, 0}} {
		t.Run(c.name, func(t *testing.T) {
			s := httptest.NewServer(shop(items))
			defer s.Close()
			kept := store.NewMemory()
			ctx, stop := context.WithCancel(t.Context())
			defer stop()
			done := 0
			d := engine.NewDurable(engine.Options{Sink: func(x event.Envelope) {
				if _, ok := x.Event.(event.ItemDone); ok {
					if done++; done == c.stopped {
						stop()
					}
				}
			}}, engine.Keeping{Store: kept, Every: 100, Whole: c.whole})
			defer d.Close()
			in := exec.Inputs{Run: "r", Servers: map[string]string{"shop": s.URL}}
			res, err := d.Start(ctx, p, in, "test")
			if c.stopped > 0 {
				res, _, err = d.Resume(t.Context(), "r", noSecrets)
			}
			if err != nil || res.Status != event.Succeeded {
				t.Fatalf("%v %+v", err, res)
			}
			s.Close()
			asked := &asking{requests: map[string]int{}}
			r, err := d.Rehearse(t.Context(), "r", engine.Rehearsing{Redactor: &secret.Redactor{},
				Secrets: func(*plan.Plan) map[string]secret.Value { return nil },
				Stand: func(_ *engine.Rehearsal, h exec.Host) exec.Host {
					asked.Host = h
					return asked
				}})
			var missing *engine.Missing
			if !c.whole {
				if !errors.As(err, &missing) || !missing.Item {
					t.Errorf("%v", err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if fmt.Sprint(r.Result.Outputs) != fmt.Sprint(res.Outputs) || asked.requests["POST"] != items {
				t.Errorf("outputs %v after %v, want %v", r.Result.Outputs, asked.requests, res.Outputs)
			}
			if again, err := kept.Run(t.Context(), "r"); err != nil || again.Status != string(event.Succeeded) || c.stopped == 0 && again.Writes != items {
				t.Errorf("the run is %+v %v now", again, err)
			}
		})
	}
}
