package daemon

import (
	"context"
	"encoding/json"
	"errors"
	"sync"
	"sync/atomic"

	"tenon/runtime/engine"
	"tenon/runtime/event"
	"tenon/runtime/exec"
	"tenon/runtime/secret"
	"tenon/runtime/store"
	"tenon/runtime/trigger"
	"tenon/spec/types"
)

// call is a start whose client waits. It is in memory only: until its run begins, nobody has been promised anything.
type call struct {
	start  start
	values map[string]any
	state  atomic.Int32 // one of the following
}

const (
	queued int32 = iota
	begun
	givenUp // by its client; it does not begin any more
)

// ended is what those who wait for a run are told.
type ended struct {
	*trigger.Ended
	err error // nil: it has ended
}

// clients are those who wait for runs, by the runs' IDs.
type clients struct {
	mu  sync.Mutex
	all map[string][]chan ended
}

// wait returns a channel on which the end of a run will be told once, and what ends the wait.
func (c *clients) wait(run string) (told chan ended, leave func()) {
	told = make(chan ended, 1)
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.all == nil {
		c.all = map[string][]chan ended{}
	}
	c.all[run] = append(c.all[run], told)
	return told, func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		list := c.all[run]
		for i, x := range list {
			if x == told {
				list = append(list[:i:i], list[i+1:]...)
				break
			}
		}
		if c.all[run] = list; len(list) == 0 {
			delete(c.all, run)
		}
	}
}

// tell tells those who wait for a run.
func (c *clients) tell(run string, e ended) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, told := range c.all[run] {
		told <- e
	}
	delete(c.all, run)
}

// runner carries out runs whose clients wait; see [trigger.Runner].
type runner struct{ d *Daemon }

func (r runner) Run(ctx context.Context, s trigger.Start) (*trigger.Ended, error) {
	if r.d.closing.Load() {
		return nil, trigger.ErrStopping
	}
	if !r.d.queue.reserve(s.Integration) {
		return nil, trigger.ErrBusy
	}
	if s.Key != "" {
		return r.once(ctx, s)
	}
	c := &call{start: start{Run: engine.NewRunID(s.At), Cause: "operation " + s.Trigger}, values: s.Inputs}
	told, leave := r.d.clients.wait(c.start.Run)
	defer leave()
	r.d.queue.add(waiting{integration: s.Integration, trigger: s.Trigger, call: c})
	select {
	case e := <-told:
		return e.Ended, e.err
	case <-ctx.Done():
		if c.state.CompareAndSwap(queued, givenUp) {
			return nil, &trigger.Unanswered{}
		}
	case <-r.d.quit:
		if c.state.CompareAndSwap(queued, givenUp) {
			return nil, trigger.ErrStopping
		}
	}
	return r.rest(ctx, told, c.start.Run)
}

// rest waits for the end of a run that has begun.
func (r runner) rest(ctx context.Context, told chan ended, run string) (*trigger.Ended, error) {
	select {
	case e := <-told:
		return e.Ended, e.err
	case <-ctx.Done():
		return nil, &trigger.Unanswered{Run: run}
	}
}

// once runs a start that has a key: it is on disk before it begins, so that it is known which run has the key.
func (r runner) once(ctx context.Context, s trigger.Start) (*trigger.Ended, error) {
	e, id, fresh, told, leave, err := r.keep(ctx, s)
	if err != nil {
		return nil, err
	}
	defer leave()
	if fresh {
		return r.rest(ctx, told, e.Run)
	}
	if e.Print != s.Print {
		return nil, trigger.ErrReused
	}
	run, err := r.d.o.Store.Run(ctx, e.Run)
	switch {
	case errors.Is(err, store.ErrNotFound):
		// It has not begun, or was not to begin.
		if taken, err := r.taken(ctx, id); err != nil || taken {
			return nil, errors.Join(err, trigger.ErrUnderWay)
		}
	case err != nil:
		return nil, err
	case !run.Unfinished():
		return before(run)
	}
	out, err := r.rest(ctx, told, e.Run)
	if err != nil {
		return nil, err
	}
	again := *out // others are told, too
	again.Before = true
	return &again, nil
}

// taken reports whether a delivery is done with.
func (r runner) taken(ctx context.Context, id int64) (bool, error) {
	x, err := r.d.o.Store.Delivery(ctx, id)
	if errors.Is(err, store.ErrNotFound) {
		return true, nil
	}
	return err == nil && x.Payload == nil, err
}

// keep stores a start that has a key. told and leave are those of the run that has the key.
func (r runner) keep(ctx context.Context, s trigger.Start) (e start, id int64, fresh bool, told chan ended, leave func(), err error) {
	l, set := ledger(r), r.d.set.Load()
	e = start{Run: engine.NewRunID(s.At), Cause: "operation " + s.Trigger, Print: s.Print}
	x, err := l.delivery(set, s, &e)
	if err != nil {
		r.d.queue.cancel(s.Integration)
		return e, 0, false, nil, nil, err
	}
	got, fresh, err := r.d.o.Store.Deliver(ctx, x)
	if err == nil && !fresh {
		e = start{}
		err = json.Unmarshal(got.Data, &e)
	}
	if err != nil || !fresh {
		r.d.queue.cancel(s.Integration)
	}
	if err != nil {
		return e, 0, false, nil, nil, err
	}
	told, leave = r.d.clients.wait(e.Run)
	if fresh {
		r.d.queue.add(waiting{id: got.ID, integration: s.Integration, trigger: s.Trigger})
	}
	return e, got.ID, fresh, told, leave, nil
}

// before is how a run has ended that was found in the store.
func before(run *store.Run) (*trigger.Ended, error) {
	out := &trigger.Ended{Run: run.ID, Status: event.Status(run.Status), Before: true}
	if len(run.Error) > 0 {
		out.Failure = &event.Failure{}
		if err := json.Unmarshal(run.Error, out.Failure); err != nil {
			return nil, err
		}
	}
	var err error
	out.Outputs, err = readObject(run.Outputs)
	return out, err
}

func readObject(text []byte) (map[string]any, error) {
	if len(text) == 0 {
		return map[string]any{}, nil
	}
	v, err := types.DecodeJSON(text, types.Limits{})
	object, _ := v.(map[string]any)
	return object, err
}

// serve carries out the run of a call.
func (d *Daemon) serve(w waiting) {
	c := w.call
	if !c.state.CompareAndSwap(queued, begun) {
		return
	}
	refuse := func(err error) { d.clients.tell(c.start.Run, ended{err: err}) }
	defer refuse(errors.New("the run broke")) // nobody is left to tell, unless it did
	program := d.set.Load().Programs[w.integration]
	switch {
	case program == nil:
		refuse(errors.New("the integration is not there any more"))
		return
	case d.overlap(w) == "skip" && d.queue.others(w.integration):
		refuse(trigger.ErrUnderWay)
		return
	}
	in, err := d.set.Load().Inputs(program)
	if err != nil {
		refuse(err)
		return
	}
	in.Run, in.Redactor, in.Values = c.start.Run, &secret.Redactor{}, c.values
	res, err := d.engine.Start(d.runCtx, program, in, c.start.Cause)
	if err != nil && res == nil {
		refuse(err)
		return
	}
	d.over(w.integration, c.start.Run, res, err)
}

// tell tells the clients of a run how it has ended.
func (d *Daemon) tell(run string, res *exec.Result, err error) {
	if err != nil {
		d.clients.tell(run, ended{err: err})
		return
	}
	out := &trigger.Ended{Run: run, Status: res.Status, Failure: res.Error}
	if res.Status == event.Succeeded {
		// As they would come from the store.
		text, err := types.AppendJSON(nil, map[string]any(res.Outputs))
		if err == nil {
			out.Outputs, err = readObject(text)
		}
		if err != nil {
			d.clients.tell(run, ended{err: err})
			return
		}
	}
	d.clients.tell(run, ended{Ended: out})
}
