package transport

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"sync"
	"time"

	"tenon/runtime/codec"
	"tenon/runtime/event"
)

// Source is content that is read while it is sent, in place of content in memory. It is opened anew for each
// attempt and redirect, and must give the same bytes each time.
type Source interface {
	// Open begins at the first byte. size is -1 where it is not known. ctx ends with the attempt.
	Open(ctx context.Context) (r io.ReadCloser, size int64, err error)
}

// SourceError says that a [Source] could not give its content, so that the request was never complete.
type SourceError struct{ Err error }

func (e *SourceError) Error() string { return "the content could not be read: " + e.Err.Error() }
func (e *SourceError) Unwrap() error { return e.Err }

// watch bounds an attempt by the time since something last came or went, rather than as a whole, for content
// of any length.
type watch struct {
	mu    sync.Mutex
	timer *time.Timer
	limit time.Duration
	last  time.Time
}

// watched returns a context that ends with [errAttemptTimeout] when nothing happens for the limit.
func watched(ctx context.Context, limit time.Duration) (context.Context, *watch, context.CancelFunc) {
	ctx, cancel := context.WithCancelCause(ctx)
	w := &watch{limit: limit, last: time.Now()}
	w.timer = time.AfterFunc(limit, func() { cancel(errAttemptTimeout) })
	return ctx, w, func() {
		w.timer.Stop()
		cancel(nil)
	}
}

// tick says that something happened.
func (w *watch) tick() {
	if w == nil {
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if now := time.Now(); now.Sub(w.last) > w.limit/16 {
		w.last = now
		w.timer.Reset(w.limit)
	}
}

// opened is the content of a request on its way out.
type opened struct {
	io.ReadCloser
	watch *watch
}

func (o *opened) Read(b []byte) (int, error) {
	n, err := o.ReadCloser.Read(b)
	o.watch.tick()
	if err != nil && err != io.EOF {
		err = &SourceError{err}
	}
	return n, err
}

// open makes the request read its content from r.Source.
func (a *attempt) open(ctx context.Context, req *http.Request) error {
	from := func() (*opened, int64, error) {
		body, size, err := a.r.Source.Open(ctx)
		if err != nil {
			return nil, 0, &SourceError{err}
		}
		return &opened{body, a.watch}, size, nil
	}
	body, size, err := from()
	if err != nil {
		return err
	}
	req.Body, req.ContentLength = body, size
	if size == 0 {
		body.Close()
		req.Body = http.NoBody
	}
	req.GetBody = func() (io.ReadCloser, error) {
		again, _, err := from()
		if err != nil {
			return nil, err
		}
		return again, nil
	}
	return nil
}

// Unread is the content of an answer that is read while it arrives. It must be closed; it need not be read to
// its end. Errors are [*Error].
type Unread struct {
	body   io.Reader // decompressed
	close  func() error
	a      *attempt
	ctx    context.Context
	cancel context.CancelFunc
	read   int64
	done   bool
	Size   int64 // in bytes; -1 where it is not known
}

func (u *Unread) Read(b []byte) (int, error) {
	n, err := u.body.Read(b)
	u.read += int64(n)
	u.a.watch.tick()
	if err != nil && err != io.EOF && !u.done {
		e := u.a.explain(u.ctx, &readError{int(u.read), err})
		e.Sent = true
		if e.Cause == event.Timeout {
			e.Message = "nothing more of the answer's body came for " + brief(u.a.timeout).String()
		}
		err = e
	}
	return n, err
}

// Close ends the exchange. It may be called twice.
func (u *Unread) Close() error {
	if u.done {
		return nil
	}
	u.done = true
	err := u.close()
	u.cancel()
	return err
}

// NewUnread returns content that is at hand already, as if it arrived.
func NewUnread(content []byte) *Unread {
	return &Unread{body: bytes.NewReader(content), close: func() error { return nil }, cancel: func() {}, a: &attempt{}, Size: int64(len(content))}
}

// handOver leaves the content of an answer unread.
func (a *attempt) handOver(ctx context.Context, resp *http.Response) (*Unread, error) {
	u := &Unread{body: resp.Body, close: resp.Body.Close, a: a, ctx: ctx, Size: resp.ContentLength}
	plain, err := a.inflate(resp)
	if err != nil {
		resp.Body.Close()
		return nil, err
	}
	if plain != nil {
		u.body, u.Size = plain, -1
		u.close = func() error {
			plain.Close()
			return resp.Body.Close()
		}
	}
	return u, nil
}

// inflate undoes the answer's content codings. It returns nil if there are none, or none that were asked for;
// the header is as if there had been none.
func (a *attempt) inflate(resp *http.Response) (io.ReadCloser, error) {
	field := strings.Join(resp.Header["Content-Encoding"], ",")
	if !codec.Compressed(field) || a.r.Method == http.MethodHead {
		return nil, nil
	}
	plain, err := codec.Decompress(field, resp.Body)
	var e *codec.Error
	switch {
	case errors.As(err, &e) && e.Kind == codec.Unsupported:
		return nil, nil // whoever reads the body says so
	case err != nil:
		return nil, a.inflateError(err)
	}
	resp.Header.Del("Content-Encoding")
	resp.Header.Del("Content-Length")
	return plain, nil
}

// inflateError tells broken compression from a broken connection.
func (a *attempt) inflateError(err error) error {
	var e *codec.Error
	if errors.As(err, &e) && e.Kind == codec.Malformed {
		return &Error{Cause: event.InvalidResponse, Sent: true, Message: e.Message, Err: err}
	}
	return err
}
