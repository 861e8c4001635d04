// Package transport sends one request and brings back its answer: with credentials, within the limits
// of the API, to no other host than the plan names, again where that is safe, and never holding more
// than a bounded answer for a bounded time. It knows neither plans' steps nor what bodies mean.
package transport

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"net/url"
	"sync"
	"time"

	"tenon/runtime/codec"
	"tenon/runtime/event"
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
	base    http.RoundTripper
	maxBody int64
	agent   string
	clock   clock

	mu      sync.Mutex
	secured map[string]*http.Transport // by TLS
}

// Options of a client. The zero Options are the usual ones.
type Options struct {
	Base      http.RoundTripper // nil: [NewBase]
	MaxBody   int64             // of one answer, decompressed; 0: DefaultMaxBody
	UserAgent string            // "": "tenon"
	Now       func() time.Time  // nil: time.Now
	Sleep     func(ctx context.Context, d time.Duration) error
	Rand      func() float64 // in [0, 1); nil: math/rand
}

// New returns a client.
func New(o Options) *Client {
	c := &Client{base: o.Base, maxBody: o.MaxBody, agent: o.UserAgent, clock: clock{o.Now, o.Sleep, o.Rand}}
	if c.base == nil {
		c.base = NewBase()
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
	if c.clock.random == nil {
		c.clock.random = rand.Float64
	}
	return c
}

// NewBase returns a pooled connection maker: HTTP/2 where offered, proxies from the environment, enough
// idle connections for concurrent loops, bounded headers.
func NewBase() *http.Transport {
	return &http.Transport{
		Proxy:                  http.ProxyFromEnvironment,
		DialContext:            (&net.Dialer{Timeout: 30 * time.Second, KeepAlive: 30 * time.Second}).DialContext,
		ForceAttemptHTTP2:      true,
		MaxIdleConns:           512,
		MaxIdleConnsPerHost:    256,
		IdleConnTimeout:        90 * time.Second,
		TLSHandshakeTimeout:    10 * time.Second,
		ExpectContinueTimeout:  time.Second,
		MaxResponseHeaderBytes: MaxHeader,
	}
}

// CloseIdle closes connections that no request uses.
func (c *Client) CloseIdle() {
	if t, ok := c.base.(interface{ CloseIdleConnections() }); ok {
		t.CloseIdleConnections()
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

type clock struct {
	now    func() time.Time
	sleep  func(ctx context.Context, d time.Duration) error
	random func() float64
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
	Timeout     time.Duration // of one attempt, from dial to the last byte of the body; 0: DefaultTimeout
	Policy      Policy
	Safe        bool // only reads
	Idempotent  bool // may be sent twice; implied by Safe
	Limiter     *Limiter
	// Keep reports whether a redirect with this status is an answer that the caller wants as it is. May be nil.
	Keep func(status int) bool
	// Finish bounds attempts in place of Do's context, if it is not nil: so a write under way may be
	// completed after the run was canceled. Waiting and further attempts always obey Do's context.
	Finish   context.Context
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
}

// Error says why there is no answer. Its message has no credentials in it.
type Error struct {
	Cause    event.Cause // Network, Timeout, InvalidResponse, InvalidRequest, RunCanceled
	Message  string      // a clause: "connection refused"
	Note     string      // as in Response
	Sent     bool        // some of the request may have reached the server
	Attempts int
	Err      error
}

func (e *Error) Error() string { return e.Message }
func (e *Error) Unwrap() error { return e.Err }

// Do sends r until an attempt is answered with something that is not to be retried. The error is an
// *Error. An answer of any status is no error.
func (c *Client) Do(ctx context.Context, r *Request) (*Response, error) {
	resigned := 0 // attempts that were repeated with the credentials renewed; they say nothing about the server
	for n := 1; ; n++ {
		res, fail := c.turn(ctx, r, n)
		if fail == nil && res.again && resigned == 0 {
			resigned++
			continue
		}
		a := Attempt{N: n - resigned, Idempotent: r.Idempotent || r.Safe}
		if fail != nil {
			fail.Attempts = n
			a.Sent, a.Cause = fail.Sent, fail.Cause
		} else {
			if res.Attempts = n; res.Status < 400 {
				return res, nil
			}
			a.Sent, a.Status = true, res.Status
			a.After, a.HasAfter = RetryAfter(res.Header, c.clock.now())
		}
		wait, again := r.Policy.Next(a)
		note := ""
		if again {
			note, again = c.rest(ctx, r, a, wait, fail)
		} else {
			note = r.Policy.refusal(a)
		}
		switch {
		case again:
		case fail != nil:
			fail.Note = join(fail.Note, note)
			return nil, fail
		default:
			res.Note = join(res.Note, note)
			return res, nil
		}
	}
}

// rest waits before the next attempt. If it may not, because the run is over before, it says why.
func (c *Client) rest(ctx context.Context, r *Request, a Attempt, wait time.Duration, fail *Error) (note string, again bool) {
	if end, ok := ctx.Deadline(); ok && c.clock.now().Add(wait).After(end) {
		return fmt.Sprintf("The next attempt would be after the run's own timeout: it is due in %s.", brief(wait)), false
	}
	why := fmt.Sprintf("answered %d", a.Status)
	if fail != nil {
		why = fail.Message
	}
	if r.Observer != nil {
		r.Observer.Retrying(a.N, wait, why)
	}
	if a.HasAfter {
		r.Limiter.pause(c.clock.now().Add(wait))
	}
	if c.clock.sleep(ctx, wait) != nil {
		return "The run was stopped before the next attempt.", false
	}
	return "", true
}

// refusal explains why a retry that the author asked for does not happen.
func (p Policy) refusal(a Attempt) string {
	switch {
	case !p.covers(a) || p.Attempts < 2:
		return ""
	case a.N >= p.Attempts:
		return fmt.Sprintf("It was tried %d times.", a.N)
	case !p.mayRepeat(a):
		return "It is not sent again, because the server may have acted on it and the operation is not idempotent."
	}
	return fmt.Sprintf("The server asks to wait %s, which is longer than a run waits (%s).", brief(a.After), brief(max(MaxRetryAfter, p.Max)))
}

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
