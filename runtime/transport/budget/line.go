package budget

import (
	"slices"
	"time"
)

// waiter is a call that waits for its turn. Its turn and error are set before ready is closed.
type waiter struct {
	ask      Ask
	gauges   []*gauge
	deadline time.Time
	ready    chan struct{}
	turn     Turn
	err      error
	next     *waiter
}

// line is the calls of one operation of a run that wait, in their order.
type line struct {
	operation   string
	first, last *waiter
}

// party is the waiting calls of one run.
type party struct {
	run   string
	lines []*line
	told  time.Time // until when the run was last told to wait
}

// lines is all waiting calls. Turns go round the runs, and within a run round its operations.
type lines struct {
	parties []*party
	at      int // whose turn it is
	waiting int
}

func (l *lines) add(w *waiter) {
	i := slices.IndexFunc(l.parties, func(p *party) bool { return p.run == w.ask.Run })
	if i < 0 {
		i = len(l.parties)
		l.parties = append(l.parties, &party{run: w.ask.Run})
	}
	p := l.parties[i]
	j := slices.IndexFunc(p.lines, func(x *line) bool { return x.operation == w.ask.Operation })
	if j < 0 {
		j = len(p.lines)
		p.lines = append(p.lines, &line{operation: w.ask.Operation})
	}
	if x := p.lines[j]; x.first == nil {
		x.first, x.last = w, w
	} else {
		x.last.next, x.last = w, w
	}
	l.waiting++
}

// pop takes the first waiter of a line, and the line and its party away when they are empty.
func (l *lines) pop(party, line int) *waiter {
	p := l.parties[party]
	x := p.lines[line]
	w := x.first
	if x.first = w.next; x.first == nil {
		p.lines = slices.Delete(p.lines, line, line+1)
	} else { // the operation's next turn comes after the others of its run
		p.lines = append(slices.Delete(p.lines, line, line+1), x)
	}
	w.next = nil
	if l.waiting--; len(p.lines) == 0 {
		l.parties = slices.Delete(l.parties, party, party+1)
		if l.at > party {
			l.at--
		}
	}
	return w
}

// remove takes w away, wherever it stands, and reports whether it was there.
func (l *lines) remove(w *waiter) bool {
	for i, p := range l.parties {
		if p.run != w.ask.Run {
			continue
		}
		for j, x := range p.lines {
			if x.operation != w.ask.Operation {
				continue
			}
			if x.first == w {
				l.pop(i, j)
				return true
			}
			for at := x.first; at != nil; at = at.next {
				if at.next == w {
					if at.next = w.next; x.last == w {
						x.last = at
					}
					l.waiting--
					return true
				}
			}
		}
	}
	return false
}

// notices are runs to be told that they wait, once the lock is released.
type notices []func()

func (n notices) all() {
	for _, f := range n {
		f()
	}
}

// long is a wait that a run is told of.
const long = 5 * time.Second

// pump gives turns to all that may go, in turn, and sets the timer for the next.
func (b *Budget) pump(now time.Time) notices {
	var tell notices
	soonest := never
	for blocked := 0; b.lines.waiting > 0 && blocked < len(b.lines.parties); {
		if b.lines.at >= len(b.lines.parties) {
			b.lines.at = 0
		}
		i, p := b.lines.at, b.lines.parties[b.lines.at]
		at, went := b.serve(now, i, &tell)
		switch {
		case went:
			blocked, soonest = 0, never
		case at.Before(soonest):
			soonest = at
			fallthrough
		default:
			blocked++
		}
		if i < len(b.lines.parties) && b.lines.parties[i] == p { // else the next one stands there now
			b.lines.at = i + 1
		}
	}
	b.wake(now, soonest)
	return tell
}

// serve gives a turn to the first of a run's calls that may go. It returns when one may, if none does.
func (b *Budget) serve(now time.Time, i int, tell *notices) (soonest time.Time, went bool) {
	p := b.lines.parties[i]
	soonest = never
	for j := 0; j < len(p.lines); j++ {
		w := p.lines[j].first
		at, why := b.ready(now, &w.ask, w.gauges)
		if at.IsZero() {
			b.lines.pop(i, j)
			w.turn = b.begin(now, w.ask, w.gauges)
			close(w.ready)
			return time.Time{}, true
		}
		if w.err = w.hopeless(now, at, why); w.err != nil {
			b.lines.pop(i, j)
			close(w.ready)
			return time.Time{}, true
		}
		if at.Before(soonest) {
			soonest = at
		}
		if w.ask.Tell != nil && at != never && at.Sub(now) >= long && at.Sub(p.told) >= time.Second {
			p.told = at
			*tell = append(*tell, func() { w.ask.Tell(at, why.why) })
		}
	}
	return soonest, false
}

// hopeless says that a call's turn would come too late.
func (w *waiter) hopeless(now, at time.Time, why reason) error {
	patience := w.ask.Patience
	if patience == 0 {
		patience = Patience
	}
	switch {
	case at == never:
		return nil
	case !w.deadline.IsZero() && at.After(w.deadline):
		return &Waiting{Until: at, Why: why.why, Late: true}
	case why.told && at.Sub(now) > patience:
		return &Waiting{Until: at, Why: why.why}
	}
	return nil
}

// wake sets the timer for the earliest moment at which somebody may go.
func (b *Budget) wake(now, at time.Time) {
	if b.lines.waiting == 0 || at == never {
		if b.timer != nil {
			b.timer.Stop()
		}
		return
	}
	d := max(at.Sub(now), 0)
	if b.timer == nil {
		b.timer = time.AfterFunc(d, b.tick)
		return
	}
	b.timer.Reset(d)
}

func (b *Budget) tick() {
	b.mu.Lock()
	tell := b.pump(time.Now())
	b.mu.Unlock()
	tell.all()
}
