package daemon

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"tenon/runtime/engine"
	"tenon/runtime/store"
	"tenon/runtime/trigger"
	"tenon/spec/types"
)

// start is a delivery's data: what is to be run, and with what.
type start struct {
	Run    string          `json:"run"`
	Cause  string          `json:"cause"` // "webhook paid"
	Inputs json.RawMessage `json:"inputs,omitempty"`
}

// byHand is the trigger of runs that the admin API starts.
const byHand = ""

// ledger keeps starts as deliveries in the store, and tells the queue of them.
type ledger struct{ d *Daemon }

func (l ledger) Accept(ctx context.Context, s trigger.Start) (string, bool, error) {
	if !l.d.queue.reserve() {
		return "", false, trigger.ErrBusy
	}
	e := start{Run: engine.NewRunID(s.At), Cause: l.cause(s)}
	var err error
	if e.Inputs, err = types.AppendJSON(nil, s.Inputs); err != nil {
		l.d.queue.cancel()
		return "", false, err
	}
	data, err := json.Marshal(e)
	if err != nil {
		l.d.queue.cancel()
		return "", false, err
	}
	got, fresh, err := l.d.o.Store.Deliver(ctx, store.Delivery{Hook: hook(s.Integration, s.Trigger), Key: s.Key, At: s.At, Data: data})
	if err != nil {
		l.d.queue.cancel()
		return "", false, err
	}
	if !fresh {
		l.d.queue.cancel()
		err = json.Unmarshal(got.Data, &e)
		return e.Run, false, err
	}
	l.d.queue.add(waiting{id: got.ID, integration: s.Integration, trigger: s.Trigger})
	if err := l.mark(ctx, s.Integration, s.Trigger, s.At); err != nil {
		// The start itself is on disk. A sender that were told otherwise would send it again.
		l.d.log.Error("when a trigger last fired cannot be noted", "integration", s.Integration, "trigger", s.Trigger, "error", err)
	}
	return e.Run, true, nil
}

func (l ledger) cause(s trigger.Start) string {
	if s.Trigger == byHand {
		return "api"
	}
	if p := l.d.set.Load().Programs[s.Integration]; p != nil {
		if t := triggerOf(p.Plan(), s.Trigger); t != nil {
			return t.Kind + " " + s.Trigger
		}
	}
	return s.Trigger
}

func hook(integration, trigger string) string { return integration + "/" + trigger }

func cutHook(text string) (integration, trigger string) {
	integration, trigger, _ = strings.Cut(text, "/")
	return integration, trigger
}

// looked is the scope of the marks that say up to when a trigger has been looked after.
const looked = "trigger"

func (l ledger) Last(ctx context.Context, integration, trigger string) (time.Time, error) {
	m, err := l.d.o.Store.Seen(ctx, looked, hook(integration, trigger))
	return m.At, err
}

func (l ledger) Pass(ctx context.Context, integration, trigger string, at time.Time) error {
	if err := l.mark(ctx, integration, trigger, at); err != nil {
		return err
	}
	return l.d.o.Store.Sync(ctx, "")
}

// mark notes a time that has been looked after. It is queued: to look again does no harm, since starts have keys.
func (l ledger) mark(ctx context.Context, integration, trigger string, at time.Time) error {
	last, err := l.Last(ctx, integration, trigger)
	if err != nil {
		return fmt.Errorf("the store: %w", err)
	}
	if at.After(last) {
		l.d.o.Store.Queue("", store.Mark{Scope: looked, Key: hook(integration, trigger), At: at, Done: true})
	}
	return nil
}
