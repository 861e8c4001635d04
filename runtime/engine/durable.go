package engine

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"time"

	"tenon/runtime/event"
	"tenon/runtime/exec"
	"tenon/runtime/secret"
	"tenon/runtime/store"
	"tenon/spec/plan"
	"tenon/spec/types"
)

// Keeping is where a durable engine keeps its runs.
type Keeping struct {
	Store store.Store
	// Sealer encrypts what holds a secret. Without one, a run that would put a secret on disk does so.
	Sealer Sealer
	// Every is the number of items after which a loop's journal is replaced by a mark of what it has come to. 0: 512.
	Every int
	// Whole says that the journal keeps what items were told when they are over, too, so that the run can be rehearsed.
	// It grows with the number of items then.
	Whole bool
}

// Durable runs programs as [Local] does, and keeps what they do: a run goes on after its process was killed,
// and what it did is not done again. It is safe for concurrent use.
type Durable struct {
	*Local
	k Keeping

	mu     sync.Mutex
	runs   map[string]*host // under way
	claims sync.Mutex       // one claim at a time
	loops  map[string]func()
}

// ErrCanceled says that somebody asked for the run to stop.
var ErrCanceled = errors.New("the run was canceled")

// NewDurable returns an engine that keeps its runs.
func NewDurable(o Options, k Keeping) *Durable {
	if k.Every == 0 {
		k.Every = 512
	}
	d := &Durable{k: k, runs: map[string]*host{}, loops: map[string]func(){}}
	sink := o.Sink
	o.Sink = func(x event.Envelope) {
		d.mu.Lock()
		h := d.runs[x.Run]
		d.mu.Unlock()
		if h != nil {
			h.fact(x)
		}
		if sink != nil {
			sink(x)
		}
	}
	d.Local = New(o)
	return d
}

// Close closes idle connections. The store is its owner's.
func (d *Durable) Close() {
	d.Local.Close()
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, release := range d.loops {
		release()
	}
	clear(d.loops)
}

// Start begins a run and carries it out. cause says what started it. The error, if any, is the store's; the run
// can be resumed then, unless there is no result: nothing has begun. Its state is that which the store has. also
// happens together with its beginning.
func (d *Durable) Start(ctx context.Context, p *exec.Program, in exec.Inputs, cause string, also ...store.Change) (*exec.Result, error) {
	if in.Run == "" {
		in.Run = NewRunID(d.now())
	}
	if in.Redactor == nil {
		in.Redactor = &secret.Redactor{}
	}
	release, err := d.k.Store.Own(in.Run, "")
	if err != nil {
		return nil, err
	}
	defer release()
	digest, begin, err := d.begin(ctx, p, &in, cause)
	if err != nil {
		return nil, err
	}
	if err := d.k.Store.Commit(ctx, in.Run, append([]store.Change{digest, begin}, also...)...); err != nil {
		return nil, err
	}
	return d.carry(ctx, p, in, false)
}

// given is what a run was given, as it is kept.
type given struct {
	Values    json.RawMessage   `json:"inputs,omitempty"`
	Variables json.RawMessage   `json:"variables,omitempty"`
	State     json.RawMessage   `json:"state,omitempty"`
	Servers   map[string]string `json:"servers,omitempty"`
	Sealed    []byte            `json:"sealed,omitempty"` // all of the above, where it holds a secret
}

func (d *Durable) begin(ctx context.Context, p *exec.Program, in *exec.Inputs, cause string) (store.Change, store.Change, error) {
	inputs, err := d.keep(in)
	if err != nil {
		return nil, nil, err
	}
	run := store.Run{ID: in.Run, Integration: p.Plan().Integration, Plan: p.Digest(), Status: store.Running, Started: d.now(), Inputs: inputs, Cause: cause}
	return store.PutPlan{Digest: p.Digest(), Data: func() ([]byte, error) { return json.Marshal(p.Plan()) }}, store.Begin{Run: run}, nil
}

// keep is what a run is given, to be stored.
func (d *Durable) keep(in *exec.Inputs) (out json.RawMessage, err error) {
	for _, v := range in.Secrets {
		in.Redactor.Add(v.Reveal())
	}
	var g given
	for _, part := range []struct {
		from map[string]any
		to   *json.RawMessage
	}{{in.Values, &g.Values}, {in.Variables, &g.Variables}, {in.State, &g.State}} {
		if len(part.from) == 0 {
			continue
		}
		if *part.to, err = types.AppendJSON(nil, part.from); err != nil {
			return nil, err
		}
	}
	g.Servers = in.Servers
	if out, err = json.Marshal(g); err != nil {
		return nil, err
	}
	j := &journal{sealer: d.k.Sealer, redactor: in.Redactor, run: in.Run}
	if j.confides(out) {
		out, err = json.Marshal(given{Sealed: j.sealer.Seal(out, j.what("inputs"))})
	}
	return out, err
}

// restore reads what keep stored into in.
func (d *Durable) restore(data json.RawMessage, in *exec.Inputs) error {
	var g given
	if err := json.Unmarshal(data, &g); err != nil {
		return err
	}
	if g.Sealed != nil {
		j := &journal{sealer: d.k.Sealer, run: in.Run}
		plain, err := j.open("inputs", g.Sealed)
		if err != nil {
			return err
		}
		g = given{}
		if err := json.Unmarshal(plain, &g); err != nil {
			return err
		}
	}
	in.Servers = g.Servers
	for _, part := range []struct {
		from json.RawMessage
		to   *map[string]any
	}{{g.Values, &in.Values}, {g.Variables, &in.Variables}, {g.State, &in.State}} {
		if part.from == nil {
			continue
		}
		v, err := types.DecodeJSON(part.from, types.Limits{})
		if err != nil {
			return err
		}
		*part.to, _ = v.(map[string]any)
	}
	return nil
}

// Resume goes on with a run that did not end, or that was in doubt, with the plan and the inputs that it began with.
// secrets finds the plan's secrets, which are not kept.
func (d *Durable) Resume(ctx context.Context, id string, secrets func(*plan.Plan) (map[string]secret.Value, error)) (*exec.Result, *plan.Plan, error) {
	release, err := d.k.Store.Own(id, "")
	if err != nil {
		return nil, nil, err
	}
	defer release()
	run, p, err := d.Given(ctx, id)
	if err != nil {
		return nil, nil, err
	}
	if !run.Unfinished() && run.Status != store.InDoubt {
		return nil, p, hasEnded(run)
	}
	if run.Cancel { // and the process that was to stop was killed before it did
		err := giveUp(ctx, d.k.Store, run, d.now())
		return &exec.Result{Run: id, Status: event.Canceled, Writes: run.Writes}, p, err
	}
	program, err := exec.Compile(p)
	if err != nil {
		return nil, p, err
	}
	in := exec.Inputs{Run: id, Redactor: &secret.Redactor{}}
	if err := d.restore(run.Inputs, &in); err != nil {
		return nil, p, fmt.Errorf("the inputs of run %s: %w", id, err)
	}
	if in.Secrets, err = secrets(p); err != nil {
		return nil, p, err
	}
	if err := d.k.Store.Commit(ctx, id, store.Reopen{Run: id}); err != nil {
		return nil, p, err
	}
	res, err := d.carry(ctx, program, in, true)
	return res, p, err
}

// Given returns a run and the plan that it began with.
func (d *Durable) Given(ctx context.Context, id string) (*store.Run, *plan.Plan, error) {
	run, err := d.k.Store.Run(ctx, id)
	if err != nil {
		return nil, nil, err
	}
	data, err := d.k.Store.Plan(ctx, run.Plan)
	if err != nil {
		return run, nil, err
	}
	p, err := plan.Decode(data)
	if err != nil {
		return run, nil, fmt.Errorf("the plan of run %s: %w", id, err)
	}
	return run, p, nil
}

// Inputs returns what a run was given, for another one.
func (d *Durable) Inputs(run *store.Run) (exec.Inputs, error) {
	in := exec.Inputs{Run: run.ID}
	err := d.restore(run.Inputs, &in)
	in.Run, in.State = "", nil
	return in, err
}

// carry carries a run out and notes how it ended.
func (d *Durable) carry(ctx context.Context, p *exec.Program, in exec.Inputs, again bool) (*exec.Result, error) {
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	in.Kept = true
	h := &host{d: d, run: in.Run, ctx: ctx}
	h.worked.began = d.now()
	h.j = &journal{store: d.k.Store, run: in.Run, sealer: d.k.Sealer, redactor: in.Redactor, every: d.k.Every, whole: d.k.Whole, stop: func(err error) { stop(&storeError{err}) }}
	defer h.j.close()
	if again {
		if err := h.load(ctx); err != nil {
			return nil, err
		}
	}
	d.mu.Lock()
	d.runs[in.Run] = h
	d.mu.Unlock()
	watch := h.watch(ctx, stop)
	res := d.Local.run(ctx, p, in, func(inner exec.Host) exec.Host {
		h.Host = inner
		return h
	})
	watch()
	d.mu.Lock()
	delete(d.runs, in.Run)
	d.mu.Unlock()
	if broken := (*storeError)(nil); errors.As(context.Cause(ctx), &broken) {
		return res, broken.err
	}
	return res, h.end(res, errors.Is(context.Cause(ctx), ErrCanceled))
}

// storeError is why a run was stopped that cannot be kept any more.
type storeError struct{ err error }

func (e *storeError) Error() string { return e.err.Error() }
func (e *storeError) Unwrap() error { return e.err }

// end notes how the run ended, in the same transaction as the state that it leaves.
func (h *host) end(res *exec.Result, canceled bool) error {
	end := store.End{Run: h.run, Status: string(res.Status), At: h.d.now(), Writes: res.Writes}
	if res.Status == event.Canceled && !canceled {
		end.Status = store.Interrupted
	}
	var err error
	if res.Outputs != nil {
		if end.Outputs, err = types.AppendJSON(nil, res.Outputs); err != nil {
			return err
		}
		if h.j.confides(end.Outputs) {
			end.Outputs = json.RawMessage(`{"sealed":true}`) // a reader has no use for them then
		}
	}
	if res.Error != nil {
		if end.Error, err = json.Marshal(res.Error); err != nil {
			return err
		}
	}
	changes := []store.Change{end}
	if end.Status == store.Interrupted || end.Status == store.InDoubt {
		h.putWorked()
	}
	if res.Status == event.Succeeded {
		changes = append(changes, h.kept...)
	}
	h.j.mu.Lock()
	h.j.flush()
	h.j.mu.Unlock()
	if end.Status == string(event.Canceled) {
		settled, err := settleAll(h.d.k.Store, h.run)
		if err != nil {
			return err
		}
		changes = append(changes, settled...)
	}
	err = h.d.k.Store.Commit(context.Background(), h.run, changes...)
	if err == nil && h.j.undoes && end.Status != store.Interrupted && end.Status != store.InDoubt {
		h.d.k.Store.Forget(context.Background(), h.run) // if that fails, Prune does it
	}
	return err
}

// settleAll is that nobody needs to decide about a run's writes in doubt any more.
func settleAll(s store.Store, run string) (changes []store.Change, err error) {
	if err := s.Sync(context.Background(), run); err != nil {
		return nil, err
	}
	doubts, err := s.Doubts(context.Background(), run)
	for _, d := range doubts {
		changes = append(changes, store.Settle{Run: run, Key: d.Key})
	}
	return changes, err
}

// Replay starts a new run with the inputs and the plan of another one.
func (d *Durable) Replay(ctx context.Context, id string, secrets func(*plan.Plan) (map[string]secret.Value, error)) (*exec.Result, *plan.Plan, error) {
	run, p, err := d.Given(ctx, id)
	if err != nil {
		return nil, p, err
	}
	program, err := exec.Compile(p)
	if err != nil {
		return nil, p, err
	}
	in, err := d.Inputs(run)
	if err != nil {
		return nil, p, err
	}
	if in.Secrets, err = secrets(p); err != nil {
		return nil, p, err
	}
	res, err := d.Start(ctx, program, in, "replay of "+id)
	return res, p, err
}

// Verdict is what a person says about a write in doubt.
type Verdict struct {
	Happened bool
	Status   int    // of the answer, if it happened; 0: that of the operation's success
	Body     []byte // JSON; nil: none
}

// Resolve settles a write in doubt. The run goes on when it is resumed. An answer that the run could not go on with is
// refused with an [exec.Unusable].
func Resolve(ctx context.Context, s store.Store, run, key string, v Verdict, now time.Time) error {
	doubts, err := s.Doubts(ctx, run)
	if err != nil {
		return err
	}
	found := false
	for _, d := range doubts {
		found = found || d.Key == key
	}
	if !found {
		return fmt.Errorf("run %s has no write %q in doubt: %w", run, key, store.ErrNotFound)
	}
	release, err := s.Own(run, "")
	if err != nil {
		return err
	}
	defer release()
	rec := store.Record{Kind: kindUnsent, Key: key, Data: []byte(`{"person":true}`)}
	if v.Happened {
		d := answerData{Status: v.Status, At: now.UnixMilli(), Attempts: 1, Person: true}
		if d.Status, err = usable(ctx, s, run, key, v); err != nil {
			return err
		}
		if v.Body != nil {
			d.Header = map[string][]string{"Content-Type": {"application/json"}}
		}
		rec.Kind, rec.Payload = kindAnswer, v.Body
		if rec.Data, err = json.Marshal(d); err != nil {
			return err
		}
	}
	for r, err := range s.Records(ctx, run, 0) {
		if err != nil {
			return err
		}
		rec.Seq = r.Seq
	}
	rec.Seq++
	return s.Commit(ctx, run, store.Append{Run: run, Record: rec}, store.Settle{Run: run, Key: key})
}

// usable holds what a person says was answered to the run's plan, and returns its status.
func usable(ctx context.Context, s store.Store, id, key string, v Verdict) (int, error) {
	run, err := s.Run(ctx, id)
	if err != nil {
		return 0, err
	}
	data, err := s.Plan(ctx, run.Plan)
	if err != nil {
		return 0, err
	}
	p, err := plan.Decode(data)
	if err != nil {
		return 0, fmt.Errorf("the plan of run %s: %w", id, err)
	}
	program, err := exec.Compile(p)
	if err != nil {
		return 0, err
	}
	return program.Settle(key, v.Status, v.Body)
}

// CancelRun makes a run stop. One that a process works on is told; any other one ends here.
func CancelRun(ctx context.Context, s store.Store, id string, now time.Time) error {
	run, err := s.Run(ctx, id)
	if err != nil {
		return err
	}
	if !run.Unfinished() && run.Status != store.InDoubt {
		return hasEnded(run)
	}
	release, err := s.Own(id, "")
	if errors.Is(err, store.ErrInUse) {
		return s.Commit(ctx, id, store.Cancel{Run: id})
	}
	if err != nil {
		return err
	}
	defer release()
	return giveUp(ctx, s, run, now)
}

func hasEnded(run *store.Run) error {
	how := run.Status
	if how == string(event.Canceled) {
		how = "was canceled"
	}
	return fmt.Errorf("run %s has ended: it %s", run.ID, how)
}

// giveUp ends a run that no process carries out.
func giveUp(ctx context.Context, s store.Store, run *store.Run, now time.Time) error {
	changes, err := settleAll(s, run.ID)
	if err != nil {
		return err
	}
	err = s.Commit(ctx, run.ID, append(changes, store.End{Run: run.ID, Status: string(event.Canceled), At: now, Writes: run.Writes})...)
	if err == nil {
		s.Forget(ctx, run.ID) // if that fails, Prune does it
	}
	return err
}
