package transport

import (
	"context"
	"fmt"
	"time"

	"tenon/runtime/transport/budget"
)

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
			if fail.Attempts = n; fail.final {
				fail.Attempts--
				return nil, fail
			}
			a.Sent, a.Cause = fail.Sent, fail.Cause
		} else {
			if res.Attempts = n; res.Status < 400 {
				return res, nil
			}
			a.answered(res, c.clock.now())
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

// answered fills in what an answer that is no success says.
func (a *Attempt) answered(res *Response, now time.Time) {
	a.Sent, a.Status, a.Throttled = true, res.Status, res.told.Throttled(res.Status)
	if until, ok := res.told.Until(now); ok && (a.Throttled || res.told.HasAfter) {
		a.After, a.HasAfter = until.Sub(now), true
	}
}

// rest waits before the next attempt. If it may not, because the run is over before, it says why.
// A throttled request waits in its budget, like all others.
func (c *Client) rest(ctx context.Context, r *Request, a Attempt, wait time.Duration, fail *Error) (note string, again bool) {
	now := c.clock.now()
	if fail != nil {
		wait = max(wait, fail.until.Sub(now))
	}
	if end, ok := ctx.Deadline(); ok && now.Add(wait).After(end) {
		return fmt.Sprintf("The next attempt would be after the run's own timeout: it is due in %s.", brief(wait)), false
	}
	why := fmt.Sprintf("answered %d", a.Status)
	if fail != nil {
		why = fail.Message
	}
	if r.Observer != nil {
		r.Observer.Retrying(a.N, wait, why)
	}
	if a.Throttled && r.Budget != nil {
		return "", true
	}
	if c.clock.sleep(ctx, wait) != nil {
		return "The run was stopped before the next attempt.", false
	}
	return "", true
}

// outcome is what an attempt tells the budget. A refusal that names no time pauses all calls as long as the request
// itself would wait.
func (r *Request) outcome(n int, res *Response) budget.Outcome {
	o := budget.Outcome{Status: res.Status, Told: res.told}
	if res.told.Throttled(res.Status) {
		o.Pause = r.Policy.patience(n)
	}
	return o
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
