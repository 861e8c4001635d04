package token

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"tenon/runtime/transport"
)

// Manager has the sources of a process: one for each client, shared by all runs. It is safe for concurrent use.
type Manager struct {
	store Store
	now   func() time.Time
	wg    sync.WaitGroup

	mu      sync.Mutex
	sources map[string]*Source
}

// NewManager returns a manager that keeps in store what cannot be had again; nil: in memory. now may be nil.
func NewManager(store Store, now func() time.Time) *Manager {
	if store == nil {
		store = &Memory{}
	}
	if now == nil {
		now = time.Now
	}
	return &Manager{store: store, now: now, sources: map[string]*Source{}}
}

// Close waits for renewals that are under way, so that what they give is kept.
func (m *Manager) Close() { m.wg.Wait() }

// Source returns the source of a client. Requests to its server go via the given transport.
func (m *Manager) Source(c *Config, via http.RoundTripper) *Source {
	key := fmt.Sprintf("%s %p", c.identity(), via)
	m.mu.Lock()
	defer m.mu.Unlock()
	s := m.sources[key]
	if s == nil {
		s = &Source{m: m, asker: &asker{c: c, via: via, now: m.now}}
		m.sources[key] = s
	}
	return s
}

// Source gives the current token of a client. It is safe for concurrent use: whoever needs a token while
// another one is being got waits for that one.
type Source struct {
	m *Manager
	*asker
	// trial says that the token was made because another was refused, and has not been accepted yet.
	trial atomic.Bool

	mu      sync.Mutex
	token   Token
	flight  *flight
	unsaved bool      // token could not be kept
	refusal error     // what the server said when it would not give one,
	until   time.Time // which it is not asked again before
}

// flight is the getting of a token.
type flight struct {
	done  chan struct{}
	token Token
	err   error
}

const (
	flightTimeout = 2 * time.Minute
	// A server that refuses a client is left alone for this long, so that a loop does not lock an account.
	refusalPause = 10 * time.Second
)

// Token returns a token that does not expire soon. The error is an *Error, or that of ctx. When ctx ends, the
// getting of the token goes on: it may have used up a refresh token.
func (s *Source) Token(ctx context.Context) (Token, error) {
	s.mu.Lock()
	if s.token.fresh(s.now()) && !s.unsaved {
		defer s.mu.Unlock()
		return s.token, nil
	}
	if s.refusal != nil && s.now().Before(s.until) {
		defer s.mu.Unlock()
		return Token{}, s.refusal
	}
	f := s.fly("")
	s.mu.Unlock()
	return f.wait(ctx)
}

// Renew is told that a token was refused. It reports whether there is another one, after getting it if
// nobody else has. One that is refused without ever having been accepted is not replaced: the fault is elsewhere.
func (s *Source) Renew(ctx context.Context, used string) (bool, error) {
	s.mu.Lock()
	f := s.flight
	switch {
	case f != nil:
	case s.token.Access != used:
		s.mu.Unlock()
		return true, nil
	case s.trial.Load():
		s.mu.Unlock()
		return false, nil
	default:
		f = s.fly(used)
	}
	s.mu.Unlock()
	t, err := f.wait(ctx)
	return err == nil && t.Access != used, err
}

// Accepted is told that a token was not refused.
func (s *Source) Accepted(used string) {
	if !s.trial.Load() {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.token.Access == used {
		s.trial.Store(false)
	}
}

// fly gets a token in place of one that was refused, if refused is not "". It is called with the lock held.
func (s *Source) fly(refused string) *flight {
	if s.flight != nil {
		return s.flight
	}
	f := &flight{done: make(chan struct{})}
	s.flight = f
	s.m.wg.Go(func() {
		defer close(f.done)
		ctx, cancel := context.WithTimeout(context.Background(), flightTimeout)
		defer cancel()
		f.token, f.err = s.get(ctx, refused)
		s.mu.Lock()
		defer s.mu.Unlock()
		s.flight = nil
		s.refusal = nil
		var e *Error
		switch {
		case f.err == nil:
			s.token = f.token
			s.trial.Store(refused != "")
		case errors.As(f.err, &e) && e.Refused:
			s.refusal, s.until = f.err, s.now().Add(refusalPause)
		}
	})
	return f
}

func (f *flight) wait(ctx context.Context) (Token, error) {
	select {
	case <-f.done:
		return f.token, f.err
	case <-ctx.Done():
		return Token{}, context.Cause(ctx)
	}
}

func (s *Source) get(ctx context.Context, refused string) (Token, error) {
	if s.c.kept() {
		return s.renew(ctx, refused)
	}
	return s.obtain(ctx)
}

// renew replaces a token that is kept. Whoever shares the store does it one after the other: the second
// finds what the first has got. What the server gave is kept before it is used.
func (s *Source) renew(ctx context.Context, refused string) (Token, error) {
	key := s.c.Key()
	unlock, err := s.m.store.Lock(ctx, key)
	if err != nil {
		return Token{}, notKept(err)
	}
	defer unlock()
	s.mu.Lock()
	mine, unsaved := s.token, s.unsaved
	s.mu.Unlock()
	if unsaved {
		if err := s.keep(ctx, mine); err != nil || mine.fresh(s.now()) && mine.Access != refused {
			return mine, err
		}
	}
	t, err := s.kept(ctx, key)
	if err != nil || t.fresh(s.now()) && t.Access != refused {
		return t, err
	}
	if t.Refresh == "" {
		return t, &Error{Refused: true, Message: fmt.Sprintf("the login to %s has expired, and the server gave nothing to renew it with; log in again: %s", s.c.API, s.c.loginCommand())}
	}
	next, err := s.refresh(ctx, t.Refresh)
	if err != nil {
		return t, s.c.lostLogin(err)
	}
	next.Seed, next.Scopes = t.Seed, t.Scopes
	return next, s.keep(ctx, next)
}

// kept returns what was kept, or what the project has to begin with.
func (s *Source) kept(ctx context.Context, key string) (Token, error) {
	t, ok, err := s.m.store.Load(ctx, key)
	if err != nil {
		return t, notKept(err)
	}
	if !s.c.Interactive() {
		if seed := transport.Identify("seed", s.c.Refresh); !ok || t.Seed != seed {
			t = Token{Refresh: s.c.Refresh, Seed: seed, Scopes: s.c.Scopes}
		}
		return t, nil
	}
	switch {
	case !ok:
		return t, &Error{Refused: true, Message: fmt.Sprintf("nobody has logged in to %s yet: %s", s.c.API, s.c.loginCommand())}
	case !t.covers(s.c.Scopes):
		return t, &Error{Refused: true, Message: fmt.Sprintf("the login to %s is for other scopes than are needed now; log in again: %s", s.c.API, s.c.loginCommand())}
	}
	return t, nil
}

// keep saves a token. One that cannot be saved stays in memory, and is saved before it is used.
func (s *Source) keep(ctx context.Context, t Token) error {
	err := s.m.store.Save(ctx, s.c.Key(), t)
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.unsaved = err != nil; err != nil {
		s.token = t
		return notKept(err)
	}
	return nil
}

func notKept(err error) error {
	return &Error{Message: "the token store fails: " + err.Error(), Err: err}
}

func (c *Config) loginCommand() string { return "`tenon login " + c.API + "`" }

// lostLogin explains that a refresh token is no longer good.
func (c *Config) lostLogin(err error) error {
	var e *Error
	if !errors.As(err, &e) || e.Code != "invalid_grant" {
		return err
	}
	out := *e
	if c.Interactive() {
		out.Message += "; log in again: " + c.loginCommand()
	} else {
		out.Message += "; the refresh token is used up or revoked, so the project needs a new one"
	}
	return &out
}
