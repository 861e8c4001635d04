package engine

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"tenon/runtime/codec"
	"tenon/runtime/event"
	"tenon/runtime/exec"
	"tenon/runtime/secret"
	"tenon/runtime/store"
	"tenon/runtime/transport"
	"tenon/runtime/transport/auth"
	"tenon/spec/plan"
	"tenon/spec/types"
)

// Rehearsal is a kept run, carried out again from its journal.
type Rehearsal struct {
	Run    *store.Run
	Plan   *plan.Plan
	Inputs exec.Inputs // that it was given
	Result *exec.Result
	// Sealed says that something of it was encrypted, since it holds a secret.
	Sealed bool
}

// Missing says that a run cannot be carried out again from its journal, since something is not in it.
type Missing struct {
	What string // one sentence
	Item bool   // it is of an item that is over, or of a page of such; with [Keeping.Whole] it would be there
}

func (m *Missing) Error() string { return m.What }

// Rehearsing is how a run is rehearsed.
type Rehearsing struct {
	Secrets  func(*plan.Plan) map[string]secret.Value // all that the plan names; they need not be the real ones
	Redactor *secret.Redactor                         // told those
	Files    func(f *types.FileValue) (codec.Source, error)
	// Stand is given the host and returns what the run stands on. Everything happens one after the other.
	Stand func(r *Rehearsal, h exec.Host) exec.Host
}

// Rehearse carries a run that has ended out again, from its journal alone: nothing is asked of the world, and nothing is
// written. The error is a *Missing where the journal has not all of it.
func (d *Durable) Rehearse(ctx context.Context, id string, o Rehearsing) (*Rehearsal, error) {
	run, p, err := d.Given(ctx, id)
	if err != nil {
		return nil, err
	}
	if status := event.Status(run.Status); status != event.Succeeded && status != event.Failed && status != event.InDoubt {
		return nil, fmt.Errorf("run %s has not ended: it is %s", id, strings.ReplaceAll(run.Status, "_", " "))
	}
	out := &Rehearsal{Run: run, Plan: p, Inputs: exec.Inputs{Run: id, Redactor: o.Redactor}}
	sealer := &noticing{Sealer: d.k.Sealer, seen: &out.Sealed}
	restoring := &Durable{k: Keeping{Store: d.k.Store, Sealer: sealer}}
	if err := restoring.restore(run.Inputs, &out.Inputs); err != nil {
		return nil, fmt.Errorf("the inputs of run %s: %w", id, err)
	}
	program, err := exec.Compile(unsigned(p))
	if err != nil {
		return nil, err
	}
	in := out.Inputs
	in.Secrets, in.Files, in.Kept = o.Secrets(p), o.Files, true
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	j := &journal{store: d.k.Store, run: id, sealer: sealer, redactor: o.Redactor, stop: stop}
	if err := j.load(ctx); err != nil {
		return nil, err
	}
	doubts, err := d.k.Store.Doubts(ctx, id)
	if err != nil {
		return nil, err
	}
	h := &rehearsal{j: j, stop: stop, began: run.Started, asked: map[string]int{}, doubts: map[string]bool{}}
	for _, x := range doubts {
		h.doubts[x.Key] = true
	}
	local := New(Options{})
	defer local.Close()
	out.Result = local.run(ctx, program, in, func(inner exec.Host) exec.Host {
		h.Host = inner
		return o.Stand(out, h)
	})
	if cause := context.Cause(ctx); cause != nil {
		return nil, cause
	}
	if string(out.Result.Status) != run.Status {
		return nil, &Missing{What: fmt.Sprintf("run %s ended as %s, and what is kept of it leads to %s: how it ended depended on more than what APIs answered, such as a timeout or a person who stopped it",
			id, strings.ReplaceAll(run.Status, "_", " "), strings.ReplaceAll(string(out.Result.Status), "_", " "))}
	}
	return out, nil
}

// unsigned is a plan without what signs its requests, since none is sent.
func unsigned(p *plan.Plan) *plan.Plan {
	own := *p
	own.APIs = map[string]*plan.API{}
	for name, a := range p.APIs {
		bare := *a
		bare.Auth, bare.TLS = nil, nil
		own.APIs[name] = &bare
	}
	return &own
}

// noticing is a sealer that notes that it has opened something.
type noticing struct {
	Sealer
	seen *bool
}

func (n *noticing) Open(data []byte, what string) ([]byte, error) {
	*n.seen = true
	if n.Sealer == nil {
		return nil, errors.New("it is encrypted, and there is no key")
	}
	return n.Sealer.Open(data, what)
}

// rehearsal is a host that has nothing but a journal.
type rehearsal struct {
	exec.Host
	j     *journal
	stop  context.CancelCauseFunc
	began time.Time
	asked map[string]int
	// doubts are the writes of which nobody knows whether they happened.
	doubts map[string]bool
}

// Branches are carried out one after the other, when they are waited for: so everything happens in the same order each time.
func (h *rehearsal) Branches(int) exec.Branches { return &queue{} }

type queue struct{ rest []func() }

func (q *queue) Go(f func())               { q.rest = append(q.rest, f) }
func (q *queue) Yield(_ bool, wait func()) { wait() }

func (q *queue) Wait() {
	for len(q.rest) > 0 {
		next := q.rest[0]
		q.rest = q.rest[1:]
		next()
	}
}

func (h *rehearsal) Perform(ctx context.Context, r *exec.Request) (*transport.Response, error) {
	e := h.j.take(r.Key)
	switch {
	case e == nil, e.kind == kindIntent && !h.doubts[r.Key]:
		return nil, h.lacks(r)
	case e.kind == kindIntent: // whoever sent it never knew
		return nil, &transport.Error{Cause: event.Network, Sent: true, Attempts: 1, Message: "the process that sent it ended before the answer came"}
	}
	res, err := h.j.answered(r, e)
	var known *transport.Error
	if err != nil && !errors.As(err, &known) {
		return nil, h.end(fmt.Errorf("what %s was told cannot be read: %w", r.Key, err))
	}
	return res, err
}

// lacks says why the journal does not have an answer.
func (h *rehearsal) lacks(r *exec.Request) error {
	what := fmt.Sprintf("what %s was answered (%s %s) is not kept", r.Key, r.Method, exec.ShowURL(r))
	m := &Missing{What: what}
	switch _, _, item := place(r.Key); {
	case r.Stream != nil:
		m.What += ": it flowed by while it was read"
	case r.Page > 0:
		m.What += ": the page's items are over, and of those only what they came to is"
		m.Item = true
	case item:
		m.What += ": its item is over, and of those only what they came to is"
		m.Item = true
	}
	return h.end(m)
}

// end stops the run.
func (h *rehearsal) end(err error) error {
	h.stop(err)
	return &transport.Error{Cause: event.RunCanceled, Message: err.Error(), Err: err}
}

func (h *rehearsal) Today(key string) time.Time {
	e := h.j.take(kindToday + " " + key)
	if e == nil {
		if _, _, item := place(key); item {
			h.end(&Missing{What: fmt.Sprintf("the time that %s saw is not kept: its item is over, and of those only what they came to is", key), Item: true})
		}
		return h.began
	}
	var d timeData
	if err := h.j.read(kindToday+" "+key, e.data, &d); err != nil {
		h.end(err)
	}
	return d.At
}

func (h *rehearsal) Worked(string) time.Duration { return 0 }

func (h *rehearsal) Within(ctx context.Context, _ string, _ time.Duration, _ error) (context.Context, context.CancelFunc) {
	return context.WithCancel(ctx)
}

func (h *rehearsal) Wait(ctx context.Context, _ string, _ time.Time) error { return context.Cause(ctx) }

func (h *rehearsal) Lock(context.Context, string) (func(bool), error) { return func(bool) {}, nil }

func (h *rehearsal) Claim(_ context.Context, c exec.Claim) (bool, error) {
	return h.j.take(kindClaimed+" "+c.Loop+" "+c.Place) == nil, nil
}

func (h *rehearsal) Settle(context.Context, exec.Claim, bool) error { return nil }

func (h *rehearsal) Loop(string, []string, bool) exec.Notes { return nil }

func (h *rehearsal) Undos(string, []string) exec.Undos { return nil }

func (h *rehearsal) State(_ context.Context, integration string) (map[string]any, error) {
	h.asked[integration]++
	key := kindState + " " + integration + " " + strconv.Itoa(h.asked[integration])
	e := h.j.take(key)
	if e == nil {
		return nil, h.end(&Missing{What: fmt.Sprintf("what %s had kept before the run is not in the journal", integration)})
	}
	var state map[string]json.RawMessage
	if err := h.j.read(key, e.data, &state); err != nil {
		return nil, h.end(err)
	}
	return decodeState(integration, state)
}

func (h *rehearsal) Commit(context.Context, map[string]map[string]any) error { return nil }

// Credential makes none: nothing is signed.
func (h *rehearsal) Credential(auth.Given) (transport.Credential, error) {
	return transport.Bearer(secret.New("none"), nil), nil
}
