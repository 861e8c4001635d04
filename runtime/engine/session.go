package engine

import (
	"context"
	"sync"
	"time"

	"tenon/runtime/event"
	"tenon/runtime/exec"
	"tenon/runtime/secret"
	"tenon/runtime/transport"
	"tenon/runtime/transport/auth"
	"tenon/runtime/transport/budget"
)

// session is the host of one run.
type session struct {
	l        *Local
	id       string
	began    time.Time
	finish   context.Context // bounds writes under way
	redactor *secret.Redactor

	mu  sync.Mutex
	seq int64
}

func (s *session) Now() time.Time { return s.l.now() }

func (s *session) Today(string) time.Time { return s.l.now() }

func (s *session) Worked(string) time.Duration { return s.l.now().Sub(s.began) }

func (s *session) Within(ctx context.Context, _ string, d time.Duration, cause error) (context.Context, context.CancelFunc) {
	return s.l.client.Timeout(ctx, d, cause)
}

func (s *session) Stop(string) {}

func (s *session) Stopped(string) bool { return false }

func (s *session) Begun([]string, string) (bool, map[string]bool) { return false, nil }

func (s *session) Wait(ctx context.Context, _ string, until time.Time) error {
	return s.l.client.Sleep(ctx, max(0, until.Sub(s.l.now())))
}

func (s *session) Lock(ctx context.Context, name string) (func(bool), error) {
	release, err := s.l.locks.take(ctx, name)
	return func(bool) { release() }, err
}

func (s *session) State(_ context.Context, integration string) (map[string]any, error) {
	return s.l.states.last(integration), nil
}

func (s *session) Commit(_ context.Context, states map[string]map[string]any) error {
	s.l.states.keep(states)
	return nil
}

func (s *session) Claim(_ context.Context, c exec.Claim) (bool, error) {
	return s.l.seen.claim(c, s.l.now()), nil
}

func (s *session) Settle(_ context.Context, c exec.Claim, done bool) error {
	s.l.seen.settle(c, done, s.l.now())
	return nil
}

// Loop keeps no notes.
func (s *session) Loop(string, []string, bool) exec.Notes { return nil }

// Undos keeps none.
func (s *session) Undos(string, []string) exec.Undos { return nil }

func (s *session) Detail() event.Detail { return s.l.o.Detail }

func (s *session) Emit(e event.Event) {
	if s.l.o.Sink == nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.seq++
	s.l.o.Sink(event.Envelope{At: s.l.now(), Run: s.id, Seq: s.seq, Event: e})
}

// waiting tells of a long wait in a budget.
func (s *session) waiting(until time.Time, why string) {
	s.say(event.BudgetWaiting{Until: until, Why: why})
}

// say emits an event of the host's own, redacted as exec does with its own.
func (s *session) say(e event.Event) { s.Emit(event.Redact(e, s.redactor.Redact)) }

func (s *session) Credential(g auth.Given) (transport.Credential, error) {
	return auth.New(g, auth.Env{Redactor: s.redactor, Tokens: s.l.tokens, Via: s.l.client.Via, Now: s.l.now})
}

func (s *session) Perform(ctx context.Context, r *exec.Request) (*transport.Response, error) {
	if s.l.o.DryRun && !r.Safe {
		s.say(event.WriteWithheld{Step: r.Step, Item: r.Item, Request: exec.Show(r, exec.WholeBody)})
		return nil, exec.ErrWithheld
	}
	t := &transport.Request{
		Method: r.Method, URL: r.URL, Header: r.Header, Body: r.Body, Source: r.Source, Stream: r.Stream, Credentials: r.Credentials, TLS: r.TLS, Hosts: r.Hosts, Named: r.Named,
		Timeout: r.Timeout, Policy: transport.PolicyOf(r.Retry, s.l.client.Random), Safe: r.Safe, Idempotent: r.Idempotent,
		Ask: budget.Ask{Run: s.id, Operation: r.Operation, Limits: r.Limits}, Keep: r.Keep, Grace: s.l.o.Grace,
	}
	if !s.l.o.Unlimited {
		t.Budget = s.l.budget(r)
	}
	if r.Retry != nil {
		t.Ask.Patience = max(budget.Patience, r.Retry.Max)
	}
	if !r.Safe {
		t.Finish = s.finish
	}
	if s.l.o.Sink != nil {
		t.Ask.Tell = s.waiting
		t.Observer = &observer{s, r, r.Item == "" || s.l.o.Detail == event.Everything}
	}
	return s.l.client.Do(ctx, t)
}

// observer tells of a request's attempts.
type observer struct {
	s   *session
	r   *exec.Request
	all bool // not only retries
}

func (o *observer) Sent(n int) {
	if o.all {
		o.s.say(event.RequestSent{Step: o.r.Step, Item: o.r.Item, Page: o.r.Page, Attempt: n, Method: o.r.Method, URL: exec.ShowURL(o.r), Write: !o.r.Safe})
	}
}

func (o *observer) Received(n, status int, took time.Duration, size int) {
	if o.all {
		o.s.say(event.ResponseReceived{Step: o.r.Step, Item: o.r.Item, Page: o.r.Page, Attempt: n, Status: status, Took: event.Millis(took), Bytes: size})
	}
}

func (o *observer) Retrying(n int, wait time.Duration, why string) {
	o.s.say(event.RetryScheduled{Step: o.r.Step, Item: o.r.Item, Attempt: n, Wait: event.Millis(wait), Why: why})
}

func (s *session) Branches(limit int) exec.Branches { return branches(limit, func() {}) }
