package transport

import (
	"context"
	"fmt"
	"net/http"
	"sync"
	"time"

	"tenon/runtime/event"
)

// A host that has failed so many times in a row is left alone, for a time that doubles with each probe that fails.
const (
	trips     = 10
	openFor   = 5 * time.Second
	openAtMax = time.Minute
)

// health is how a host has been doing lately: a circuit breaker, and the fastest that it answers.
type health struct {
	host string

	mu      sync.Mutex
	failed  int // in a row
	since   time.Time
	last    string    // failure
	until   time.Time // closed to all until then, and then to all but one
	open    time.Duration
	probing bool
	answers int
	fastest time.Duration // lately: it rises a little with every answer that takes longer
}

func (c *Client) health(host string) *health {
	if h, ok := c.hosts.Load(host); ok {
		return h.(*health)
	}
	h, _ := c.hosts.LoadOrStore(host, &health{host: host})
	return h.(*health)
}

// enter reports that the host is left alone, or lets an attempt pass, for which leave must be called.
func (h *health) enter(now time.Time) *Error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.open == 0 {
		return nil
	}
	if now.Before(h.until) || h.probing {
		until := h.until
		if h.probing {
			until = now.Add(time.Second)
		}
		return &Error{Cause: event.Network, until: until, Message: fmt.Sprintf(
			"it was not sent, because the last %d requests to %s failed, since %s (the last one: %s); the next one is tried at %s",
			h.failed, h.host, hour(h.since), h.last, hour(until))}
	}
	h.probing = true
	return nil
}

// leave notes how an attempt went.
func (h *health) leave(now time.Time, a *attempt, res *Response, fail *Error) {
	why, counts := ailment(a, res, fail)
	h.mu.Lock()
	defer h.mu.Unlock()
	h.probing = false
	switch {
	case !counts:
	case why == "":
		h.failed, h.open = 0, 0
		h.fast(now.Sub(a.start))
	default:
		if h.failed++; h.failed == 1 {
			h.since = now
		}
		if h.last = why; h.failed >= trips {
			h.open = min(max(openFor, 2*h.open), openAtMax)
			h.until = now.Add(h.open)
		}
	}
}

// fast keeps the fastest answer in mind, and forgets it slowly.
func (h *health) fast(took time.Duration) {
	h.answers++
	if h.fastest = min(took, h.fastest+h.fastest/16+time.Microsecond); h.answers == 1 {
		h.fastest = took
	}
}

// ailment says what an attempt tells about the host: "" if it is well. counts is false where it tells nothing.
func ailment(a *attempt, res *Response, fail *Error) (why string, counts bool) {
	if fail != nil {
		ill := fail.Cause == event.Network || fail.Cause == event.Timeout && !a.cut
		return fail.Message, ill && !a.start.IsZero()
	}
	switch res.Status {
	case http.StatusInternalServerError, http.StatusBadGateway, http.StatusGatewayTimeout:
		return fmt.Sprintf("it answered %d", res.Status), true
	case http.StatusServiceUnavailable:
		return "it answered 503", !res.told.HasAfter
	}
	return "", true
}

// fit shortens the attempt's timeout to what is left until ctx's deadline, and refuses an attempt that the host
// has never been fast enough for.
func (a *attempt) fit(ctx context.Context, h *health) *Error {
	end, ok := ctx.Deadline()
	if !ok {
		return nil
	}
	left := end.Sub(a.c.clock.now())
	if a.r.Finish != nil {
		left += a.r.Grace
	}
	h.mu.Lock()
	fastest := h.fastest
	if h.answers < 3 {
		fastest = 0
	}
	h.mu.Unlock()
	if left <= fastest {
		return &Error{Cause: event.Timeout, final: true, Message: fmt.Sprintf(
			"it was not sent, because only %s of the run's time are left, and %s takes at least %s to answer", brief(left), h.host, brief(fastest))}
	}
	if left < a.timeout {
		a.timeout, a.cut = left, true
	}
	return nil
}
