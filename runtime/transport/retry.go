package transport

import (
	"math"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"tenon/runtime/event"
	"tenon/runtime/transport/budget"
	"tenon/spec/plan"
)

// MaxRetryAfter bounds how long a server's wish to wait is obeyed, unless the policy's Max is larger.
// When it asks for more, the call fails and says so.
const MaxRetryAfter = budget.Patience

// Policy says when a failed attempt is followed by another one. The zero Policy never does.
type Policy struct {
	Attempts int           // in all, the first included
	Backoff  string        // exponential, linear, constant; the wait is drawn evenly from zero up to it (full jitter)
	Initial  time.Duration // of the backoff
	Max      time.Duration // of the backoff
	On       []string      // network, timeout, statuses ("429") and classes ("5xx")
	Rand     func() float64
}

// PolicyOf returns the policy that a plan describes; r may be nil. random returns numbers in [0, 1).
func PolicyOf(r *plan.Retry, random func() float64) Policy {
	if r == nil {
		return Policy{}
	}
	return Policy{Attempts: r.Attempts, Backoff: r.Backoff, Initial: r.Initial, Max: r.Max, On: r.On, Rand: random}
}

// Attempt is a try that did not succeed.
type Attempt struct {
	N          int  // 1 for the first try
	Idempotent bool // by method, or because the author vouches (RFC 9110 §9.2.2)
	Sent       bool // some of the request may have reached the server
	Status     int  // 0 when no answer arrived
	Throttled  bool // the answer refuses the request because there were too many
	Cause      event.Cause
	After      time.Duration // how long the answer asks to wait, when HasAfter
	HasAfter   bool
}

// Next reports whether another try follows a, and after what wait. What the server asks for is obeyed, within the
// bound of [MaxRetryAfter]; a little jitter keeps callers apart.
func (p Policy) Next(a Attempt) (wait time.Duration, again bool) {
	if a.N >= p.Attempts || !p.covers(a) || !p.mayRepeat(a) {
		return 0, false
	}
	wait = p.backoff(a.N)
	if a.HasAfter {
		if a.After > max(MaxRetryAfter, p.Max) {
			return 0, false
		}
		wait = a.After + min(wait, p.Initial)
	}
	return wait, true
}

// covers reports whether the author asked for a retry after this.
func (p Policy) covers(a Attempt) bool {
	if a.Status == 0 {
		return slices.Contains(p.On, string(a.Cause))
	}
	s := strconv.Itoa(a.Status)
	if a.Throttled && a.Status == http.StatusForbidden && slices.Contains(p.On, "429") {
		return true
	}
	return slices.Contains(p.On, s) || slices.ContainsFunc(p.On, func(on string) bool {
		return strings.EqualFold(on, s[:1]+"xx")
	})
}

// mayRepeat reports whether sending again cannot do a thing twice. A request that is not idempotent is
// sent again only if nothing of it was sent, or if the server says that it did not act on it: 429, a 403 that says
// the same, and 503 where the author lists that very status. (A 503 may come from a proxy whose backend has acted;
// a class such as 5xx is not enough to accept that.)
func (p Policy) mayRepeat(a Attempt) bool {
	switch {
	case a.Idempotent || !a.Sent:
		return true
	case a.Throttled && a.Status != http.StatusServiceUnavailable:
		return true
	}
	return a.Status == http.StatusServiceUnavailable && slices.Contains(p.On, "503")
}

// patience is the longest wait after attempt n.
func (p Policy) patience(n int) time.Duration {
	p.Rand = func() float64 { return 1 }
	return max(p.backoff(n), time.Second)
}

func (p Policy) backoff(n int) time.Duration {
	ceiling := float64(p.Initial)
	switch p.Backoff {
	case "constant":
	case "linear":
		ceiling *= float64(n)
	default:
		ceiling *= math.Pow(2, float64(n-1))
	}
	if p.Max > 0 {
		ceiling = min(ceiling, float64(p.Max))
	}
	return time.Duration(ceiling * p.Rand())
}
