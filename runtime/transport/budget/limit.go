package budget

import "time"

// Limit is a bound that is known beforehand. Zero values mean no bound.
//
// With a Burst, so many calls may go at once and then Count in every Per, as a leaky bucket allows. Without
// one, there are at most Count in any Per, however they fall.
type Limit struct {
	Count       int
	Per         time.Duration
	Burst       int
	Concurrency int
	// Scope is the operation that it bounds alone; "": all calls.
	Scope string
}

// parts is how finely the calls of a window are counted: each counts until its whole part has left the window, so
// at most a part of the window's length is lost.
const parts = 64

// gauge is a limit and how far it is used up.
type gauge struct {
	Limit
	named    time.Time // when a call last came with it
	under    int       // way
	tokens   float64   // with a burst: left of it
	at       time.Time // with a burst: when tokens was right
	burst    float64   // with a burst: what is used of it
	counts   [parts + 1]int32
	part, in int64 // without: the number of the current part, and the calls in all counted parts
}

// newGauge returns a gauge of which nothing is used up. Of a burst a fifth is kept back: calls that are sent apart may
// arrive closer to each other.
func newGauge(l Limit, now time.Time) *gauge {
	g := &gauge{Limit: l, at: now}
	if l.Burst > 0 {
		g.burst = max(1, float64(l.Burst-(l.Burst+4)/5))
		g.tokens = g.burst
	}
	return g
}

// refused notes that the API refused a call that the gauge had let go: more of the burst is kept back.
func (g *gauge) refused() {
	if g.Burst > 0 {
		g.burst = max(1, g.burst-1-float64(g.Burst)/8)
		g.tokens = min(g.tokens, 0)
	}
}

// current reports whether the limit holds for calls that did not come with it: another configuration that is
// in use says so. One that is not in use any more is only kept in mind.
func (g *gauge) current(now time.Time) bool {
	return now.Sub(g.named) <= max(g.Per, time.Minute)
}

// idle reports whether nothing would be lost by forgetting the gauge.
func (g *gauge) idle(now time.Time) bool {
	return g.under == 0 && !g.current(now)
}

// ready returns when the limit has room for a call: the zero time if it has it now, never if that depends on
// a call that is under way.
func (g *gauge) ready(now time.Time) time.Time {
	switch {
	case g.Concurrency > 0 && g.under >= g.Concurrency:
		return never
	case g.Count == 0 || g.Per == 0:
		return time.Time{}
	case g.Burst > 0:
		return g.refilled(now)
	}
	return g.vacant(now)
}

func (g *gauge) refilled(now time.Time) time.Time {
	each := float64(g.Per) / float64(g.Count)
	g.tokens = min(g.burst, g.tokens+float64(now.Sub(g.at))/each)
	g.at = now
	if g.tokens >= 1-1e-9 {
		return time.Time{}
	}
	return now.Add(max(1, time.Duration((1-g.tokens)*each)))
}

// vacant moves the window up to now, and looks for the first part to leave it.
func (g *gauge) vacant(now time.Time) time.Time {
	long := max(1, int64(g.Per)/parts)
	part := now.UnixNano() / long
	for n := max(g.part+1, part-parts); n <= part; n++ {
		slot := &g.counts[n%(parts+1)]
		g.in -= int64(*slot)
		*slot = 0
	}
	g.part = max(g.part, part)
	if g.in < int64(g.Count) {
		return time.Time{}
	}
	for n := g.part - parts; n <= g.part; n++ {
		if n >= 0 && g.counts[n%(parts+1)] > 0 {
			return time.Unix(0, (n+parts+1)*long)
		}
	}
	return now.Add(g.Per)
}

// take notes a call that begins.
func (g *gauge) take(now time.Time) {
	g.under++
	switch {
	case g.Count == 0:
	case g.Burst > 0:
		g.refilled(now)
		g.tokens--
	default:
		g.vacant(now)
		g.counts[g.part%(parts+1)]++
		g.in++
	}
}

// never is later than every time that is waited for.
var never = time.Unix(1<<40, 0)
