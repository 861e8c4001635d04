package budget

import "time"

// window is a quota that answers tell of, and how much of it is thought to be left.
//
// An answer's number is one of the past: calls that overlapped with the answered one may or may not be counted
// in it. So what is left lies between the number less those calls and the number itself, and the estimate is
// moved into that interval, from its pessimistic end. Once nothing is under way the least number told is exact.
//
// A quota comes back in one of two ways. In a fixed window all of it returns at the reset: one call goes ahead then
// to see whether it did, and where resets have proved to be on time all go. In a leaky bucket it trickles
// back, which shows in numbers that fall more slowly than calls are made; how fast is measured.
type window struct {
	Window
	left  float64 // estimate; at is when it was right
	at    time.Time
	least float64 // told since nothing was under way, or since the reset

	of       map[string]struct{} // operations whose answers tell of it
	quiet    bool                // answers to calls of this period tell of others, but not of it
	spent    int                 // calls of this period
	known    bool                // the reset is in the future, or was when it was looked at last
	came     time.Time           // when the last period began, as far as is known
	late     time.Duration       // resets come this much later than told
	punctual bool                // they have come as told

	rate     float64 // a second, that trickle back
	steady   bool    // it does not trickle: a call that relied on it was refused
	anchor   time.Time
	from     float64 // remaining at the anchor
	finished int64   // calls finished at the anchor
	overlap  int64   // at the anchor
}

// ready returns when the quota has room for a call: the zero time if it has it now.
func (w *window) ready(now time.Time, under int) time.Time {
	if w.Remaining < 0 {
		return time.Time{}
	}
	w.flow(now)
	if w.known && !now.Before(w.Reset.Add(w.late)) {
		w.renew(now, under)
	}
	switch {
	case w.left >= 1-1e-9:
		return time.Time{}
	case w.quiet && !w.known && under > 0:
		return never // they will tell of it, if it is still there
	case w.quiet && !w.known:
		w.Remaining = -1
		return time.Time{}
	case w.rate > 0:
		back := now.Add(max(1, time.Duration((1-w.left)/w.rate*float64(time.Second))))
		if w.known && w.Reset.Add(w.late).Before(back) {
			return w.Reset.Add(w.late)
		}
		return back
	case w.known:
		return w.Reset.Add(w.late)
	case under > 0:
		return never // until those have been answered
	case now.Sub(w.at) >= blind:
		w.left = 1
		return time.Time{}
	}
	return w.at.Add(blind)
}

// blind is how often a quota that is used up and does not say when it returns is tried.
const blind = time.Second

// flow adds what has trickled back.
func (w *window) flow(now time.Time) {
	if w.rate == 0 {
		return
	}
	if w.left += w.rate * now.Sub(w.at).Seconds(); w.Limit > 0 {
		w.left = min(w.left, float64(w.Limit))
	}
	w.at = now
}

// renew begins a new period, at its reset.
func (w *window) renew(now time.Time, under int) {
	w.known, w.came, w.at, w.spent, w.quiet = false, now, now, 0, false
	w.anchor = time.Time{}
	if w.punctual && w.Limit > 0 {
		w.left, w.least = float64(w.Limit-under), float64(w.Limit)
		return
	}
	if w.left < 1 {
		w.left = 1
	}
	w.least = 1e18
}

func (w *window) take(now time.Time) {
	if w.Remaining >= 0 {
		if w.rate == 0 {
			w.at = now
		}
		w.left--
		w.spent++
	}
}

// unsaid notes an answer to a call begun then that tells of other quotas. Some APIs tell of the scarcest alone: then
// this one is not scarce, and if that is a new period's, all of it is there but what was spent.
func (w *window) unsaid(begun time.Time) {
	if !w.quiet && !w.known && w.Remaining >= 0 && begun.After(w.came) && !w.came.IsZero() {
		w.quiet = true
		w.left = max(w.left, float64(w.Limit-w.spent))
	}
}

// tell takes what an answer says. since counts the calls that may not be counted in it; under, those under way
// now; finished, all that have ended.
func (w *window) tell(now time.Time, told Window, since int64, under int, finished int64) {
	if told.Limit > 0 {
		w.Limit = told.Limit
	}
	if told.Per > 0 {
		w.Per = told.Per
	}
	if told.Remaining < 0 {
		return
	}
	w.quiet = false
	r := float64(told.Remaining)
	low := r - float64(since)
	first := w.Remaining < 0
	if fresh := w.period(now, told); first || fresh {
		if fresh && w.Limit > 0 && r >= float64(w.Limit)-float64(since)-float64(under)-2 {
			w.punctual = w.punctual || !w.came.IsZero()
		}
		w.left, w.least = low, r
		w.anchor = time.Time{}
	} else {
		w.flow(now)
		w.left = min(max(w.left, low), r)
		w.least = min(w.least, r)
	}
	if w.Remaining, w.at = told.Remaining, now; under == 0 {
		w.left = max(w.left, min(w.least, r))
		w.least = r
	}
	w.measure(now, r, since, finished)
}

// period notes the told reset and reports whether it is that of a new period. The moments told of one reset
// differ by what is rounded; the earliest is the closest.
func (w *window) period(now time.Time, told Window) (fresh bool) {
	r := float64(told.Remaining)
	if told.Reset.IsZero() {
		return r > w.least+w.slack(now) && w.rate == 0
	}
	if !told.Reset.After(now) {
		return false
	}
	switch d := told.Reset.Sub(w.Reset); {
	case !w.known:
		fresh = r >= w.least
		w.Reset, w.known = told.Reset, true
	case d < -jitter || d > jitter:
		fresh = d > 0 && r > w.left+float64(w.Limit)/4 && w.rate == 0
		w.Reset = told.Reset
	case d < 0:
		w.Reset = told.Reset
	}
	return fresh
}

// slack is by how much a number may rise without a new period.
func (w *window) slack(now time.Time) float64 { return max(2, float64(w.Limit)/4) }

// jitter is by how much moments told of one reset differ.
const jitter = 1100 * time.Millisecond

// measure finds out whether the quota trickles back: how much more is left than calls would have left, over
// enough of them, less what cannot be told apart from calls that overlap.
func (w *window) measure(now time.Time, r float64, since, finished int64) {
	if w.steady {
		return
	}
	if w.anchor.IsZero() || w.Limit > 0 && r >= float64(w.Limit)-1 {
		w.anchor, w.from, w.finished, w.overlap = now, r, finished, since
		return
	}
	calls, passed := finished-w.finished, now.Sub(w.anchor).Seconds()
	if calls < 8 || passed <= 0 {
		return
	}
	back := r - w.from + float64(calls) - float64(since+w.overlap)/2
	if rate := back / passed; back >= 3 && rate > w.rate {
		w.flow(now)
		w.rate = rate
	}
	if calls >= 64 {
		if w.rate > 0 { // it was measured over a short time, in which it may have been too high
			w.rate = max(0, back/passed) * 0.98
		}
		w.anchor, w.from, w.finished, w.overlap = now, r, finished, since
	}
}

// refused notes that a call was refused that this estimate had let go.
func (w *window) refused(now time.Time, told Told) {
	if w.Remaining < 0 {
		return
	}
	if w.punctual = false; !w.came.IsZero() && now.Sub(w.came) < 2*time.Second && w.late < 2*time.Second {
		w.late += 250 * time.Millisecond
	}
	if w.rate > 0 && w.left > 0 {
		w.rate *= 0.9
	}
	if w.known && w.rate > 0 && w.Per > 0 && w.Reset.Sub(now) > time.Second && told.usedUp() != nil {
		w.rate, w.steady = 0, true
	}
	w.left = min(w.left, 0)
}
