// Package transport sends one request and brings back its answer: with credentials, within the limits
// of the API, to no other host than the plan names, again where that is safe, and never holding more
// than a bounded answer for a bounded time. It knows neither plans' steps nor what bodies mean.
package transport

import (
	"context"
	"math/rand/v2"
	"net/http"
	"net/url"
	"sync"
	"time"

	"tenon/runtime/codec"
	"tenon/runtime/event"
	"tenon/runtime/transport/budget"
)

// Design: an attempt reads the whole answer before it counts as made, unless the caller wants it streamed. Only so can a body that breaks
// off halfway, or drips, be retried under the same rule and cut by the same timeout as a lost
// connection; the bound on bodies keeps that affordable. http.Client is not used, since its redirects
// turn a POST into a GET and carry headers along by rules of their own. http.Transport resends by itself
// only what is safe: a request of which nothing was written to a connection that turned out closed, and
// GET, HEAD, OPTIONS, TRACE or a request with an Idempotency-Key when the connection closed before an answer.

// Defaults of [Options] and [Request].
const (
	DefaultTimeout = 30 * time.Second
	DefaultMaxBody = 64 << 20
	MaxHeader      = 256 << 10
	MaxRedirects   = 10
)

// Client sends requests. It is safe for concurrent use.
type Client struct {
	base    http.RoundTripper // to hosts that an author named
	guarded http.RoundTripper // to others
	hosts   sync.Map          // of *health, by what Host returns
	maxBody int64
	agent   string
	clock   clock

	mu      sync.Mutex
	secured map[string]*http.Transport // by TLS
}

// Options of a client. The zero Options are the usual ones.
type Options struct {
	Base      http.RoundTripper // of all requests; nil: [NewBase] and [NewGuarded]
	MaxBody   int64             // of one answer, decompressed; 0: DefaultMaxBody
	UserAgent string            // "": "tenon"
	Now       func() time.Time  // nil: time.Now
	Sleep     func(ctx context.Context, d time.Duration) error
	// Timeout returns a context that ends with the cause after d, on the clock that Now and Sleep have; nil: as
	// context.WithTimeoutCause does.
	Timeout func(ctx context.Context, d time.Duration, cause error) (context.Context, context.CancelFunc)
	Rand    func() float64 // in [0, 1); nil: math/rand
}

// New returns a client.
func New(o Options) *Client {
	c := &Client{base: o.Base, maxBody: o.MaxBody, agent: o.UserAgent, clock: clock{o.Now, o.Sleep, o.Timeout, o.Rand}}
	c.guarded = c.base
	if c.base == nil {
		c.base, c.guarded = NewBase(), NewGuarded()
	}
	if c.maxBody == 0 {
		c.maxBody = DefaultMaxBody
	}
	if c.agent == "" {
		c.agent = "tenon"
	}
	if c.clock.now == nil {
		c.clock.now = time.Now
	}
	if c.clock.sleep == nil {
		c.clock.sleep = sleep
	}
	if c.clock.timeout == nil {
		c.clock.timeout = context.WithTimeoutCause
	}
	if c.clock.random == nil {
		c.clock.random = rand.Float64
	}
	return c
}

// CloseIdle closes connections that no request uses.
func (c *Client) CloseIdle() {
	for _, base := range []http.RoundTripper{c.base, c.guarded} {
		if t, ok := base.(interface{ CloseIdleConnections() }); ok {
			t.CloseIdleConnections()
		}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, t := range c.secured {
		t.CloseIdleConnections()
	}
}

// Random returns a number in [0, 1) from the client's source, for [PolicyOf].
func (c *Client) Random() float64 { return c.clock.random() }

// Sleep waits for d on the client's clock, at most until ctx ends; then the error is that of ctx.
func (c *Client) Sleep(ctx context.Context, d time.Duration) error { return c.clock.sleep(ctx, d) }

// Timeout returns a context that ends with the cause after d on the client's clock.
func (c *Client) Timeout(ctx context.Context, d time.Duration, cause error) (context.Context, context.CancelFunc) {
	return c.clock.timeout(ctx, d, cause)
}

type clock struct {
	now     func() time.Time
	sleep   func(ctx context.Context, d time.Duration) error
	timeout func(ctx context.Context, d time.Duration, cause error) (context.Context, context.CancelFunc)
	random  func() float64
}

func sleep(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return ctx.Err()
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// Request is one request, with what is known about repeating it. It is not changed.
type Request struct {
	Method string
	URL    *url.URL
	Header http.Header
	Body   []byte
	Source Source // in place of Body; nil: none
	// Stream reports whether the content of an answer is handed over unread; nil: of none. Where there is a Source
	// or Stream is set, Timeout bounds the time in which nothing comes or goes, since content may be of any length.
	Stream      func(status int, h http.Header) bool
	Credentials []Credential  // all applied, in this order
	TLS         *TLS          // nil: the usual
	Hosts       []string      // as [Host] gives them: where the request and its redirects may go
	Named       []string      // those of Hosts that may be at a private address, since an author named them
	Timeout     time.Duration // of one attempt, from dial to the last byte of the body; 0: DefaultTimeout
	Policy      Policy
	Safe        bool           // only reads
	Idempotent  bool           // may be sent twice, by its method or because it carries a key; implied by Safe
	Budget      *budget.Budget // that attempts wait in; nil: none
	Ask         budget.Ask     // what they ask of it
	// Keep reports whether a redirect with this status is an answer that the caller wants as it is. May be nil.
	Keep func(status int) bool
	// Finish bounds attempts in place of Do's context, if it is not nil: so a write under way may be
	// completed after the run was canceled. Waiting and further attempts always obey Do's context. An attempt is
	// bounded by what is left until the deadline of Do's context and, with Finish, Grace after it.
	Finish   context.Context
	Grace    time.Duration
	Observer Observer // may be nil
}

// Observer is told of attempts as they happen.
type Observer interface {
	Sent(attempt int)
	Received(attempt, status int, took time.Duration, size int)
	Retrying(attempt int, wait time.Duration, why string)
}

// Response is an answer, complete unless it is streamed.
type Response struct {
	Status   int
	Header   http.Header
	Body     []byte
	Unread   *Unread  // in place of Body, where it is streamed; whoever gets it closes it
	URL      *url.URL // where it came from, after redirects; without credentials in the query
	Attempts int
	// Note says what a reader of a failure should know beyond the status: why a redirect was not followed, why
	// the request was not sent again. One or more sentences, or "".
	Note string

	again bool // a credential can do better
	told  budget.Told
}

// Error says why there is no answer. Its message has no credentials in it.
type Error struct {
	Cause    event.Cause // Network, Timeout, InvalidResponse, InvalidRequest, RunCanceled
	Message  string      // a clause: "connection refused"
	Note     string      // as in Response
	Sent     bool        // some of the request may have reached the server
	Died     bool        // its answer is not known since a process ended, not for anything of the network's
	Attempts int
	Err      error

	final bool      // trying again is no use
	until time.Time // trying again before is no use
}

func (e *Error) Error() string { return e.Message }
func (e *Error) Unwrap() error { return e.Err }

func brief(d time.Duration) time.Duration {
	if d > time.Second {
		return d.Round(time.Second)
	}
	return d.Round(time.Millisecond)
}

func join(a, b string) string {
	if a == "" || b == "" {
		return a + b
	}
	return a + " " + b
}

// accepted is what answers may be compressed with.
var accepted = []string{codec.AcceptEncoding}
