package daemon

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"tenon/runtime/engine"
	"tenon/runtime/store"
	"tenon/runtime/trigger"
	"tenon/spec/types"
)

// start is a delivery's data: what is to be run. Its payload is the inputs, which go when the run has taken them.
type start struct {
	Run    string `json:"run"`
	Cause  string `json:"cause"` // "webhook paid"
	Sealed bool   `json:"sealed,omitempty"`
	Print  string `json:"print,omitempty"` // of a request with a key: what was asked
}

// what says what a sealed payload is.
func (s start) what() string { return "inputs of " + s.Run }

// byHand is the trigger of runs that the admin API starts.
const byHand = ""

// ledger keeps starts as deliveries in the store, and tells the queue of them.
type ledger struct{ d *Daemon }

func (l ledger) Accept(ctx context.Context, s trigger.Start) (string, bool, error) {
	if !l.d.queue.reserve(s.Integration) {
		return "", false, trigger.ErrBusy
	}
	return l.keep(ctx, s)
}

// keep stores a start for which a place in the queue is reserved.
func (l ledger) keep(ctx context.Context, s trigger.Start) (string, bool, error) {
	id, fresh, err := l.store(ctx, s)
	if err != nil || !fresh {
		l.d.queue.cancel(s.Integration)
	}
	return id, fresh, err
}

func (l ledger) store(ctx context.Context, s trigger.Start) (string, bool, error) {
	set := l.d.set.Load()
	kind := set.kind(s.Integration, s.Trigger)
	e := start{Run: engine.NewRunID(s.At), Cause: strings.TrimSpace(kind + " " + s.Trigger)}
	x, err := l.delivery(set, s, &e)
	if err != nil {
		return "", false, err
	}
	got, fresh, err := l.d.o.Store.Deliver(ctx, x)
	if err != nil {
		return "", false, err
	}
	if !fresh {
		err = json.Unmarshal(got.Data, &e)
		return e.Run, false, err
	}
	l.d.queue.add(waiting{id: got.ID, integration: s.Integration, trigger: s.Trigger})
	if kind == "schedule" || kind == "completion" { // they look back
		if err := l.mark(ctx, s.Integration, s.Trigger, s.At); err != nil {
			// The start itself is on disk. A sender that were told otherwise would send it again.
			l.d.log.Error("when a trigger last fired cannot be noted", "integration", s.Integration, "trigger", s.Trigger, "error", err)
		}
	}
	return e.Run, true, nil
}

// delivery is a start as it is stored; e is its data.
func (l ledger) delivery(set *Set, s trigger.Start, e *start) (x store.Delivery, err error) {
	inputs, err := types.AppendJSON(make([]byte, 0, 1<<10), s.Inputs)
	if err != nil {
		return x, err
	}
	if l.confides(set, inputs) {
		e.Sealed, inputs = true, l.d.o.Sealer.Seal(inputs, e.what())
	}
	data, err := json.Marshal(e)
	return store.Delivery{Hook: hook(s.Integration, s.Trigger), Key: l.key(set, s), At: s.At, Data: data, Payload: inputs}, err
}

// confides reports whether text holds a secret of the project.
func (l ledger) confides(set *Set, text []byte) bool {
	return l.d.o.Sealer != nil && set.redactor.Finds(string(text))
}

// key is what identifies a start, as it is stored. One that holds a secret is known by its digest.
func (l ledger) key(set *Set, s trigger.Start) string {
	if !l.confides(set, []byte(s.Key)) {
		return s.Key
	}
	sum := sha256.Sum256([]byte(hook(s.Integration, s.Trigger) + "\x00" + s.Key))
	return "sha256:" + hex.EncodeToString(sum[:])
}

// inputs are those of a start that was stored.
func (l ledger) inputs(e start, payload []byte) (values map[string]any, err error) {
	if e.Sealed {
		if l.d.o.Sealer == nil {
			return nil, errors.New("the inputs are encrypted, and there is no key")
		}
		if payload, err = l.d.o.Sealer.Open(payload, e.what()); err != nil {
			return nil, fmt.Errorf("the inputs: %w", err)
		}
	}
	v, err := types.DecodeJSON(payload, types.Limits{})
	if err != nil {
		return nil, fmt.Errorf("the inputs: %w", err)
	}
	values, _ = v.(map[string]any)
	return values, nil
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
	return l.mark(ctx, integration, trigger, at)
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
