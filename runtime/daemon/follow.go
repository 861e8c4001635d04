package daemon

import (
	"context"
	"errors"
	"slices"
	"time"

	"tenon/runtime/event"
	"tenon/runtime/store"
	"tenon/runtime/trigger"
	"tenon/spec/plan"
	"tenon/spec/types"
)

// completion is a run that has ended.
type completion struct {
	integration, run string
	status           string
	outputs          map[string]any
	at               time.Time
}

// follow starts what is to run after a run that has ended. Its ID is the key, so that it follows once.
func (d *Daemon) follow(ctx context.Context, c completion) error {
	targets, err := d.set.Load().targets("completion")
	if err != nil {
		return err
	}
	var all []error
	for _, t := range targets {
		p := triggerOf(t.Program.Outline(), t.Name)
		if p.Completion.Integration == c.integration && follows(p.Completion, c.status) {
			all = append(all, d.fire(ctx, t, c))
		}
	}
	return errors.Join(all...)
}

// follows reports whether a status is one that the trigger waits for. A run in doubt has not ended: somebody
// settles it first.
func follows(p *plan.Completion, status string) bool {
	return status != string(event.InDoubt) && (p.On == "any" || p.On == status)
}

func (d *Daemon) fire(ctx context.Context, t *trigger.Target, c completion) error {
	fact := trigger.Fact{Integration: t.Program.Outline().Integration, Trigger: t.Name, At: c.at}
	outputs := c.outputs
	if outputs == nil {
		outputs = map[string]any{}
	}
	fired, f := t.Program.Fire(ctx, t.Name, map[string]any{"time": c.at.UTC(), "status": c.status, "outputs": outputs}, t.Inputs, t.Clock)
	switch {
	case f != nil:
		fact.What, fact.Reason = "failed", t.Inputs.Redactor.Redact(f.Message)
	case !fired.Start:
		fact.What = "passed"
	default:
		d.patience(ctx, fact.Integration)
		id, fresh, err := ledger{d}.keep(ctx, trigger.Start{Integration: fact.Integration, Trigger: t.Name, Key: c.run, Inputs: fired.Inputs, At: c.at})
		if err != nil {
			return err
		}
		if fact.What, fact.ID = "accepted", id; !fresh {
			fact.What = "duplicate"
		}
	}
	d.told(fact)
	if fact.What == "accepted" || fact.What == "duplicate" {
		return nil
	}
	return ledger{d}.Pass(ctx, fact.Integration, t.Name, c.at)
}

// patient is how long a run that has ended keeps its place because what follows it has none.
const patient = time.Minute

// patience takes a place in the queue for what follows a run. If there is none, the run that has ended waits for one,
// which slows down what is ahead; but not for ever, since integrations may follow each other in a circle.
func (d *Daemon) patience(ctx context.Context, integration string) {
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for until := time.Now().Add(patient); d.ready.Load() && ctx.Err() == nil && time.Now().Before(until); {
		if d.queue.reserve(integration) {
			return
		}
		select {
		case <-tick.C:
		case <-d.quit:
		}
	}
	d.queue.insist(integration)
}

// recallCompletions starts what should have followed runs that ended just before the last process did.
func (d *Daemon) recallCompletions(ctx context.Context) error {
	targets, err := d.set.Load().targets("completion")
	if err != nil {
		return err
	}
	for _, t := range targets {
		name, c := t.Program.Outline().Integration, triggerOf(t.Program.Outline(), t.Name).Completion
		last, err := ledger{d}.Last(ctx, name, t.Name)
		if err == nil && last.IsZero() {
			err = ledger{d}.Pass(ctx, name, t.Name, time.Now()) // it is new: nothing before counts
			last = time.Now()
		}
		if err != nil {
			return err
		}
		missed, err := d.ended(ctx, c, last.Add(-overlapping))
		if err != nil {
			return err
		}
		for _, m := range missed {
			if err := d.fire(ctx, t, m); err != nil {
				return err
			}
		}
	}
	return nil
}

// overlapping is how far back completions are looked at again: one run may have ended before another that was
// already followed. What was followed has its key, so it does not follow twice.
const overlapping = time.Hour

// ended lists the runs that ended since a time, the oldest first.
func (d *Daemon) ended(ctx context.Context, c *plan.Completion, since time.Time) ([]completion, error) {
	runs, err := d.o.Store.Runs(ctx, store.Filter{Integration: c.Integration, Limit: 1000})
	if err != nil {
		return nil, err
	}
	var out []completion
	for _, r := range runs {
		if r.Unfinished() || r.Ended.Before(since) || !follows(c, r.Status) {
			continue
		}
		outputs := map[string]any{}
		if len(r.Outputs) > 0 {
			v, err := types.DecodeJSON(r.Outputs, types.Limits{})
			if err != nil {
				return nil, err
			}
			outputs, _ = v.(map[string]any)
		}
		out = append(out, completion{c.Integration, r.ID, r.Status, outputs, r.Ended})
	}
	slices.Reverse(out)
	return out, nil
}
