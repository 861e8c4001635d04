package daemon

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"tenon/runtime/event"
	"tenon/runtime/exec"
	"tenon/runtime/secret"
	"tenon/runtime/store"
	"tenon/runtime/trigger"
)

// dispatch starts what may start, until the daemon stops.
func (d *Daemon) dispatch() {
	for {
		w, ok := d.await()
		if !ok {
			return
		}
		d.runs.Go(func() {
			defer d.queue.done(w)
			d.carry(w)
		})
	}
}

// await waits for something that may start.
func (d *Daemon) await() (waiting, bool) {
	for {
		select {
		case <-d.quit:
			return waiting{}, false
		default:
		}
		if w, ok := d.queue.next(d.may, d.shares); ok {
			return w, true
		}
		select {
		case <-d.queue.ready:
		case <-d.quit:
			return waiting{}, false
		}
	}
}

// may reports whether an integration takes another run beside those under way. One that is to be skipped is
// taken, so that it does not wait.
func (d *Daemon) may(w waiting, running int) bool {
	return running == 0 || w.resume != "" || d.overlap(w) != "queue"
}

// shares is what a run of an integration counts towards, so that what is slow does not take every place: itself, and
// the APIs that not all of them call.
func (d *Daemon) shares(integration string) []string {
	if s, ok := d.set.Load().shares[integration]; ok {
		return s
	}
	return []string{integration}
}

// overlap is what becomes of a start while a run is under way: as the integration says; else a schedule is
// skipped, since the next one comes, events wait in their order, and what somebody waits for begins at once.
func (d *Daemon) overlap(w waiting) string {
	p := d.set.Load().Programs[w.integration]
	if p == nil {
		return "queue"
	}
	if o := p.Outline().Overlap; o != "" {
		return o
	}
	t := triggerOf(p.Outline(), w.trigger)
	switch {
	case w.trigger == byHand, t != nil && t.Kind == "operation":
		return "parallel"
	case t != nil && t.Kind == "schedule":
		return "skip"
	}
	return "queue"
}

// carry carries out one thing of the queue. A panic in it is its own failure, not the daemon's.
func (d *Daemon) carry(w waiting) {
	defer func() {
		if p := recover(); p != nil {
			d.log.Error("a run broke; this is a bug in Tenon", "integration", w.integration, "panic", p)
		}
	}()
	if w.resume != "" {
		res, _, err := d.engine.Resume(d.runCtx, w.resume, d.o.Secrets)
		d.over(w.integration, w.resume, res, err)
		return
	}
	if w.call != nil {
		d.serve(w)
		return
	}
	if err := d.begin(w); err != nil {
		d.log.Error("a run could not be started", "integration", w.integration, "error", err)
		d.later(w)
	}
}

// later tries again what could not be started: the delivery is still there, and nothing of it has happened.
func (d *Daemon) later(w waiting) {
	wait := min(time.Second<<w.failed, time.Minute)
	if w.failed < 6 {
		w.failed++
	}
	d.queue.insist(w.integration)
	d.runs.Go(func() {
		t := time.NewTimer(wait)
		defer t.Stop()
		select {
		case <-t.C:
			d.queue.add(w)
		case <-d.quit:
		}
	})
}

// begin starts the run of a delivery and carries it out. The error is the store's, before the run began.
func (d *Daemon) begin(w waiting) error {
	x, err := d.o.Store.Delivery(d.runCtx, w.id)
	if err != nil {
		return err
	}
	var e start
	if err := json.Unmarshal(x.Data, &e); err != nil {
		return err
	}
	program := d.set.Load().Programs[w.integration]
	taken := store.Taken{Delivery: w.id, Run: e.Run}
	switch {
	case program == nil:
		d.log.Error("the integration is not there any more; what it was to do is dropped", "integration", w.integration, "run", e.Run, "cause", e.Cause)
		return d.drop(taken, errors.New("the integration is not there any more"))
	case d.overlap(w) == "skip" && d.queue.others(w.integration):
		d.told(trigger.Fact{Integration: w.integration, Trigger: w.trigger, What: "skipped", Reason: "a run is under way", At: x.At})
		return d.drop(taken, trigger.ErrUnderWay)
	}
	in, err := d.inputs(program, e, x.Payload)
	if err != nil {
		return err
	}
	res, err := d.engine.Start(d.runCtx, program, in, e.Cause, taken)
	if err != nil && res == nil {
		return err
	}
	d.over(w.integration, e.Run, res, err)
	return nil
}

// drop does away with a delivery, and tells who waits for it why.
func (d *Daemon) drop(taken store.Taken, why error) error {
	err := d.o.Store.Commit(d.runCtx, "", taken)
	if err == nil {
		d.clients.tell(taken.Run, ended{err: why})
	}
	return err
}

// inputs are what the run of a delivery is given.
func (d *Daemon) inputs(p *exec.Program, e start, payload []byte) (exec.Inputs, error) {
	in, err := d.set.Load().Inputs(p)
	if err != nil {
		return in, err
	}
	in.Run, in.Redactor = e.Run, &secret.Redactor{}
	in.Values, err = ledger{d}.inputs(e, payload)
	return in, err
}

// over tells and notes how a run ended, and starts what follows it.
func (d *Daemon) over(integration, run string, res *exec.Result, err error) {
	d.tell(run, res, err)
	if err != nil {
		if !errors.Is(err, context.Canceled) {
			d.log.Error("a run cannot be kept and stopped; it goes on at the next start", "integration", integration, "run", run, "error", err)
		}
		return
	}
	attrs := []any{"integration", integration, "run", run, "status", res.Status, "writes", res.Writes}
	if res.Error != nil {
		attrs = append(attrs, "step", res.Error.Step, "error", res.Error.Message)
	}
	switch res.Status {
	case event.Succeeded:
		d.log.Info("run ended", attrs...)
	case event.InDoubt:
		d.log.Error("run is in doubt: a person must say what became of a write", attrs...)
	default:
		d.log.Error("run ended", attrs...)
	}
	if res.Status == event.Canceled && d.runCtx.Err() != nil {
		return // interrupted: it has not ended
	}
	if err := d.follow(d.runCtx, completion{integration, run, string(res.Status), res.Outputs, time.Now()}); err != nil {
		d.log.Error("what follows a run could not be started; it is tried again at the next start", "run", run, "error", err)
	}
}
