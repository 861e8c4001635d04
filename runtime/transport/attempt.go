package transport

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"tenon/runtime/event"
	"tenon/runtime/transport/budget"
)

var errAttemptTimeout = errors.New("attempt timed out")

// turn waits for a turn in the budget and makes attempt n.
func (c *Client) turn(ctx context.Context, r *Request, n int) (*Response, *Error) {
	var turn budget.Turn
	if r.Budget != nil {
		var err error
		if turn, err = r.Budget.Acquire(ctx, r.Ask); err != nil {
			return nil, unturned(err)
		}
	} else if ctx.Err() != nil {
		return nil, unturned(context.Cause(ctx))
	}
	res, fail := c.attempt(ctx, r, n)
	if fail != nil {
		turn.Done(budget.Outcome{})
		return nil, fail
	}
	turn.Done(r.outcome(n, res))
	return res, nil
}

// unturned is the error of a request that did not get its turn.
func unturned(err error) *Error {
	var w *budget.Waiting
	switch {
	case errors.As(err, &w) && w.Late:
		return &Error{Cause: event.Timeout, final: true, Err: err,
			Message: fmt.Sprintf("it was not sent, because the run's time is over before its turn comes, at %s (%s)", hour(w.Until), w.Why)}
	case errors.As(err, &w):
		return &Error{Cause: event.Timeout, final: true, Err: err,
			Message: fmt.Sprintf("it was not sent, because its turn comes only at %s (%s), which is longer than a run waits", hour(w.Until), w.Why)}
	}
	return &Error{Cause: event.RunCanceled, Message: "stopped before it was sent", final: true, Err: err}
}

func hour(t time.Time) string { return t.UTC().Format("15:04:05") }

// attempt makes attempt n, if the host is well and there is time for it.
func (c *Client) attempt(ctx context.Context, r *Request, n int) (*Response, *Error) {
	host := c.health(Host(r.URL))
	a := &attempt{c: c, r: r, timeout: r.Timeout}
	if a.timeout == 0 {
		a.timeout = DefaultTimeout
	}
	if fail := a.fit(ctx, host); fail != nil {
		return nil, fail
	}
	if fail := host.enter(c.clock.now()); fail != nil {
		return nil, fail
	}
	res, fail := a.make(ctx, n)
	host.leave(c.clock.now(), a, res, fail)
	return res, fail
}

// make signs and sends.
func (a *attempt) make(ctx context.Context, n int) (*Response, *Error) {
	c, r := a.c, a.r
	o, err := c.sign(ctx, r, r.URL) // after the wait, since tokens and timestamps age
	if err != nil {
		return nil, a.explain(ctx, err)
	}
	if r.Observer != nil {
		r.Observer.Sent(n)
	}
	a.start = c.clock.now()
	if r.Finish != nil {
		ctx = r.Finish
	}
	var timed context.Context
	var cancel context.CancelFunc
	if r.Source != nil || r.Stream != nil {
		timed, a.watch, cancel = watched(ctx, a.timeout)
	} else {
		timed, cancel = c.clock.timeout(ctx, a.timeout, errAttemptTimeout)
	}
	traced := timed
	if !r.Idempotent && !r.Safe {
		traced = httptrace.WithClientTrace(timed, &httptrace.ClientTrace{GetConn: a.getConn, GotConn: a.gotConn})
	} else {
		a.sent = true
	}
	res, err := a.run(traced, o)
	if err == nil && res.Unread != nil {
		res.Unread.cancel = cancel
	} else {
		defer cancel()
	}
	if err != nil {
		return nil, a.explain(timed, err)
	}
	now := c.clock.now()
	res.told = budget.Read(res.Header, now)
	if r.Observer != nil {
		r.Observer.Received(n, res.Status, now.Sub(a.start), len(res.Body))
	}
	res.again = r.answered(ctx, o, res)
	return res, nil
}

// attempt is one try, redirects included.
type attempt struct {
	c       *Client
	r       *Request
	timeout time.Duration
	cut     bool // the timeout is what is left of the run's time
	start   time.Time
	watch   *watch // nil: the timeout is of the whole attempt
	// sent says that some of the request may have left. Before a connection is there nothing has. A second
	// GetConn means that http.Transport tries again, which it does only if nothing was written.
	sent bool
}

func (a *attempt) getConn(string)                { a.sent = false }
func (a *attempt) gotConn(httptrace.GotConnInfo) { a.sent = true }

func (a *attempt) run(ctx context.Context, o *Outgoing) (*Response, error) {
	if !slices.Contains(a.r.Hosts, Host(o.URL)) {
		return nil, &Error{Cause: event.InvalidRequest, Message: fmt.Sprintf("%s is not a host of any server that the plan names", o.URL.Host)}
	}
	header, u, away := o.Header, o.URL, false
	for hops, bare := 0, a.r.URL; ; hops++ {
		req := a.request(ctx, header, u)
		if a.r.Source != nil {
			if err := a.open(ctx, req); err != nil {
				return nil, err
			}
		}
		resp, err := a.base(u).RoundTrip(req)
		if err != nil {
			return nil, err
		}
		a.watch.tick()
		res := &Response{Status: resp.StatusCode, Header: resp.Header, URL: bare}
		if a.r.Stream != nil && a.r.Stream(res.Status, res.Header) {
			res.Unread, err = a.handOver(ctx, resp)
			return res, err
		}
		if res.Body, err = a.read(resp); err != nil {
			return nil, err
		}
		next, note := a.redirect(res, u, hops)
		if next == nil {
			res.Note = note
			return res, nil
		}
		bare, u = next, next
		if away = away || Host(u) != Host(a.r.URL) && !upgraded(a.r.URL, u); away {
			header = stripped(header)
			continue
		}
		if o, err = a.c.sign(ctx, a.r, u); err != nil {
			return nil, err
		}
		header, u = o.Header, o.URL
	}
}

func (a *attempt) request(ctx context.Context, header http.Header, u *url.URL) *http.Request {
	req := &http.Request{Method: a.r.Method, URL: u, Header: header, Host: u.Host, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1}
	if body := a.r.Body; len(body) > 0 {
		req.ContentLength = int64(len(body))
		req.Body = io.NopCloser(bytes.NewReader(body))
		req.GetBody = func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(body)), nil }
	} else if a.r.Method == http.MethodPost || a.r.Method == http.MethodPut || a.r.Method == http.MethodPatch {
		req.Body = http.NoBody // sends Content-Length: 0, which some servers insist on
	}
	return req.WithContext(ctx)
}

// Host is the host and port that a URL leads to: in lower case, the port always there.
func Host(u *url.URL) string {
	port := u.Port()
	if port == "" {
		port = map[string]string{"http": "80", "https": "443"}[u.Scheme]
	}
	return strings.ToLower(u.Hostname()) + ":" + port
}

// upgraded reports whether to is where from is, with TLS instead of none, both on their usual ports.
func upgraded(from, to *url.URL) bool {
	return from.Scheme == "http" && to.Scheme == "https" && from.Port() == "" && to.Port() == "" && strings.EqualFold(from.Hostname(), to.Hostname())
}

// stripped keeps nothing that could be a credential.
func stripped(h http.Header) http.Header {
	out := http.Header{}
	for _, name := range []string{"Accept", "Accept-Encoding", "User-Agent"} {
		if v, ok := h[name]; ok {
			out[name] = v
		}
	}
	return out
}

// redirect returns where to go next, or nil, and why not if the answer is a redirect. Followed are
// redirects of GET and HEAD, and of other requests those that keep method and body (307, 308; RFC 9110
// §15.4) on the same host. A redirect to another host of the plan goes there without credentials.
func (a *attempt) redirect(res *Response, from *url.URL, hops int) (*url.URL, string) {
	location := res.Header.Get("Location")
	switch res.Status {
	case 301, 302, 303, 307, 308:
	default:
		return nil, ""
	}
	if location == "" || a.r.Keep != nil && a.r.Keep(res.Status) {
		return nil, ""
	}
	to, err := from.Parse(location)
	if err != nil {
		return nil, "It redirects to something that is not a URL."
	}
	reads := a.r.Method == http.MethodGet || a.r.Method == http.MethodHead
	where := (&url.URL{Scheme: to.Scheme, Host: to.Host, Path: to.Path}).String()
	refuse := func(why string) (*url.URL, string) {
		return nil, fmt.Sprintf("It redirects to %s, which is not followed: %s.", where, why)
	}
	switch {
	case hops >= MaxRedirects:
		return refuse(fmt.Sprintf("it is redirect number %d", hops+1))
	case to.Scheme != "http" && to.Scheme != "https":
		return refuse("only http and https are")
	case to.User != nil:
		return refuse("it names a user, who is not the author's")
	case from.Scheme == "https" && to.Scheme == "http":
		return refuse("it would leave TLS")
	case !slices.Contains(a.r.Hosts, Host(to)) && !upgraded(a.r.URL, to):
		return refuse(fmt.Sprintf("%s is not a host of any server that the plan names", to.Host))
	case !reads && res.Status != 307 && res.Status != 308:
		return refuse(fmt.Sprintf("after a %s it would lose the body", a.r.Method))
	case !reads && Host(to) != Host(from):
		return refuse(fmt.Sprintf("a %s stays on its host", a.r.Method))
	}
	return to, ""
}

// read reads the whole body, within the bound.
func (a *attempt) read(resp *http.Response) ([]byte, error) {
	defer resp.Body.Close()
	limit := a.c.maxBody
	if resp.ContentLength > limit && a.r.Method != http.MethodHead {
		return nil, tooLarge(limit)
	}
	if resp.ContentLength == 0 || resp.Body == http.NoBody {
		return nil, nil
	}
	content := io.Reader(resp.Body)
	if plain, err := a.inflate(resp); err != nil {
		return nil, err
	} else if plain != nil {
		defer plain.Close()
		content = plain
	} else if n := resp.ContentLength; n > 0 && n < 1<<20 {
		return fill(make([]byte, 0, n+1), content, limit)
	}
	// How much comes is not known, or not to be believed yet: it is read into room that is used again.
	room := rooms.Get().(*[]byte)
	buf, err := fill((*room)[:0], content, limit)
	if err != nil {
		return nil, a.inflateError(err)
	}
	body := slices.Clone(buf)
	if *room = buf; cap(buf) <= 1<<20 {
		rooms.Put(room)
	}
	return body, nil
}

var rooms = sync.Pool{New: func() any { b := make([]byte, 0, 16<<10); return &b }}

// fill reads r to its end, but no more than limit bytes.
func fill(buf []byte, r io.Reader, limit int64) ([]byte, error) {
	for {
		n, err := r.Read(buf[len(buf):cap(buf)])
		buf = buf[:len(buf)+n]
		switch {
		case int64(len(buf)) > limit:
			return nil, tooLarge(limit)
		case err == io.EOF:
			return buf, nil
		case err != nil:
			return nil, &readError{len(buf), err}
		case len(buf) == cap(buf):
			buf = slices.Grow(buf, len(buf))
		}
	}
}

func tooLarge(limit int64) *Error {
	return &Error{Cause: event.InvalidResponse, Sent: true,
		Message: fmt.Sprintf("the answer's body is larger than %s, the most that is read of one answer", size(limit))}
}

func size(n int64) string {
	if n >= 1<<20 && n%(1<<20) == 0 {
		return fmt.Sprintf("%d MB", n>>20)
	}
	return fmt.Sprintf("%d bytes", n)
}

// readError says that a body broke off.
type readError struct {
	read int
	err  error
}

func (e *readError) Error() string {
	return fmt.Sprintf("the answer broke off after %d bytes of its body: %s", e.read, plain(e.err))
}
func (e *readError) Unwrap() error { return e.err }

// explain says in an *Error what ended the attempt.
func (a *attempt) explain(ctx context.Context, err error) *Error {
	var own *Error
	if errors.As(err, &own) {
		return own
	}
	e := &Error{Cause: event.Network, Sent: a.sent, Err: err}
	var source *SourceError
	var refused *forbidden
	switch cause := context.Cause(ctx); {
	case cause == errAttemptTimeout:
		e.Cause = event.Timeout
		e.Message = fmt.Sprintf("no complete answer within %s", brief(a.timeout))
		if a.cut {
			e.Message += ", which was all that was left of the run's time"
		}
		if a.watch != nil {
			e.Message = fmt.Sprintf("nothing came or went for %s", a.timeout)
		}
	case errors.As(err, &refused):
		e.Cause, e.Sent, e.Message = event.InvalidRequest, false, refused.Error()
	case errors.As(err, &source):
		e.Message = source.Error()
	case cause != nil:
		e.Cause, e.Message = event.RunCanceled, "stopped while it was under way"
	default:
		e.Message = plain(err)
	}
	return e
}

// plain is an error without the wrapping that repeats addresses and operations.
func plain(err error) string {
	var dns *net.DNSError
	var op *net.OpError
	var cut *readError
	switch {
	case errors.As(err, &cut) && err == error(cut):
		return cut.Error()
	case errors.As(err, &dns):
		return fmt.Sprintf("the host %s cannot be found: %s", dns.Name, dns.Err)
	case errors.As(err, &op) && op.Op == "dial" && op.Addr != nil:
		return fmt.Sprintf("no connection to %s: %s", op.Addr, strings.TrimPrefix(op.Err.Error(), "connect: "))
	case errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF):
		return "the connection was closed before the answer was complete"
	case errors.As(err, &op):
		return fmt.Sprintf("the connection failed: %s", op.Err)
	}
	return err.Error()
}
