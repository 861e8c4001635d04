// Package engine holds the hosts that runs stand on. [Local] carries them out in this process, over
// HTTP, and keeps nothing when it ends; [Durable] does so before a journal in a store, so that a run goes on after
// its process was killed.
package engine

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"time"

	"tenon/runtime/event"
	"tenon/runtime/exec"
	"tenon/runtime/secret"
	"tenon/runtime/transport"
	"tenon/runtime/transport/budget"
	"tenon/runtime/transport/token"
)

// DefaultGrace is how long writes under way may take to finish after a run was canceled.
const DefaultGrace = 10 * time.Second

// Options of a local engine. The zero Options run silently.
type Options struct {
	Transport transport.Options
	// Sink is given every event, one at a time, in the order of their Seq. It must be quick: runs wait for it. May be nil.
	Sink   func(event.Envelope)
	Detail event.Detail
	DryRun bool          // safe requests are made, writes are only told
	Grace  time.Duration // 0: DefaultGrace
	// Unlimited says that calls wait for no limit or quota, since no real server answers them.
	Unlimited bool
	Tokens    token.Store // keeps what logins gave; nil: in memory
	// Host, if set, is given each run's host and returns the one that the run stands on: what it does not do
	// itself it leaves to the first.
	Host func(exec.Host) exec.Host
}

// Local runs programs in this process. Connections, limits and tokens are shared by all its runs. It is safe for concurrent use.
type Local struct {
	o      Options
	client *transport.Client
	tokens *token.Manager

	budgets budget.Set
	locks   locks
	seen    seen
	states  states
}

// New returns an engine.
func New(o Options) *Local {
	if o.Grace == 0 {
		o.Grace = DefaultGrace
	}
	l := &Local{o: o, client: transport.New(o.Transport)}
	l.tokens = token.NewManager(o.Tokens, l.now)
	return l
}

// Close waits for tokens that are being got, and closes idle connections. Runs that are under way go on.
func (l *Local) Close() {
	l.tokens.Close()
	l.client.CloseIdle()
}

// Run carries out a program, under a new ID if none is given, and returns when nothing of it is under way any more. When ctx is
// canceled, no further request begins, reads are cut off, and writes under way have the grace period to finish.
func (l *Local) Run(ctx context.Context, p *exec.Program, in exec.Inputs) *exec.Result {
	return l.run(ctx, p, in, func(h exec.Host) exec.Host { return h })
}

// run carries out a program on what stand makes of its host.
func (l *Local) run(ctx context.Context, p *exec.Program, in exec.Inputs, stand func(exec.Host) exec.Host) *exec.Result {
	if in.Redactor == nil {
		in.Redactor = &secret.Redactor{}
	}
	if in.Run == "" {
		in.Run = NewRunID(l.now())
	}
	in.DryRun = l.o.DryRun
	finish, cut := context.WithCancel(context.WithoutCancel(ctx))
	defer cut()
	stop := context.AfterFunc(ctx, func() {
		t := time.NewTimer(l.o.Grace)
		defer t.Stop()
		select {
		case <-t.C:
			cut()
		case <-finish.Done():
		}
	})
	defer stop()
	s := &session{l: l, id: in.Run, began: l.now(), finish: finish, redactor: in.Redactor}
	var host exec.Host = s
	if l.o.Host != nil {
		host = l.o.Host(s)
	}
	return exec.Run(ctx, p, in, stand(host))
}

func (l *Local) now() time.Time {
	if l.o.Transport.Now != nil {
		return l.o.Transport.Now()
	}
	return time.Now()
}

// budget returns what a request's credentials may use of its host, shared by all runs.
func (l *Local) budget(r *exec.Request) *budget.Budget {
	key := transport.Host(r.URL)
	for _, c := range r.Credentials {
		key += " " + c.ID()
	}
	if r.TLS != nil {
		key += " " + r.TLS.ID()
	}
	return l.budgets.For(key)
}

// NewRunID returns an identifier of a run, which sorts by time.
func NewRunID(now time.Time) string {
	var b [5]byte
	rand.Read(b[:])
	return now.UTC().Format("20060102T150405") + "-" + hex.EncodeToString(b[:])
}
