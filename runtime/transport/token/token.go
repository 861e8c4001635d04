// Package token has the life of OAuth 2.0 tokens: getting one by each grant, using it until shortly before it
// expires, renewing it once for everybody who uses it, and keeping what a login gave. It builds on
// golang.org/x/oauth2 for the messages, and adds what that does not have: one renewal for all callers and all
// processes, rotation that survives a crash, discovery, assertions and logins.
package token

import (
	"context"
	"slices"
	"sync"
	"time"
)

// Token is what a token endpoint gave.
type Token struct {
	Access  string    `json:"access_token"`
	Type    string    `json:"token_type"`              // as Authorization says it: "Bearer"
	Refresh string    `json:"refresh_token,omitempty"` // "": none
	Made    time.Time `json:"made"`
	Expiry  time.Time `json:"expiry,omitzero"` // zero: not known
	Scopes  []string  `json:"scopes,omitempty"`
	// Seed identifies the refresh token of the project's own that this descends from: when the author
	// writes another, what was kept is void.
	Seed string `json:"seed,omitempty"`
}

// margin is the longest time before its expiry that a token counts as expired, so that it does not run out on the way.
const margin = 30 * time.Second

// fresh reports whether t can be used at now: a token is renewed when a tenth of its life is left, or half a minute.
func (t Token) fresh(now time.Time) bool {
	if t.Access == "" {
		return false
	}
	return t.Expiry.IsZero() || now.Before(t.Expiry.Add(-min(margin, t.Expiry.Sub(t.Made)/10)))
}

// covers reports whether t was asked for with all these scopes.
func (t Token) covers(scopes []string) bool {
	return !slices.ContainsFunc(scopes, func(s string) bool { return !slices.Contains(t.Scopes, s) })
}

// Store keeps tokens between runs, by [Config.Key]. It is safe for concurrent use.
type Store interface {
	Load(ctx context.Context, key string) (Token, bool, error)
	// Save returns when t would survive a crash.
	Save(ctx context.Context, key string, t Token) error
	// Delete removes a token; one that is not there is no error.
	Delete(ctx context.Context, key string) error
	// Lock waits until nobody else, of any process that shares the store, holds the key.
	Lock(ctx context.Context, key string) (unlock func(), err error)
}

// Memory is a store that forgets everything when the process ends. The zero Memory is empty.
type Memory struct {
	mu     sync.Mutex
	tokens map[string]Token
	locks  map[string]chan struct{}
}

func (m *Memory) Load(_ context.Context, key string) (Token, bool, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	t, ok := m.tokens[key]
	return t, ok, nil
}

func (m *Memory) Save(_ context.Context, key string, t Token) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.tokens == nil {
		m.tokens = map[string]Token{}
	}
	m.tokens[key] = t
	return nil
}

func (m *Memory) Delete(_ context.Context, key string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.tokens, key)
	return nil
}

func (m *Memory) Lock(ctx context.Context, key string) (func(), error) {
	m.mu.Lock()
	if m.locks == nil {
		m.locks = map[string]chan struct{}{}
	}
	l := m.locks[key]
	if l == nil {
		l = make(chan struct{}, 1)
		m.locks[key] = l
	}
	m.mu.Unlock()
	select {
	case l <- struct{}{}:
		return func() { <-l }, nil
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
}
