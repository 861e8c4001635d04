package view

import (
	"fmt"
	"io"
	"strings"
	"sync"
	"time"

	"tenon/runtime/event"
)

// shownFailures is how many failed items of one loop are told one by one.
const shownFailures = 10

// paintEvery bounds how often the bars are drawn again.
const paintEvery = 100 * time.Millisecond

// Progress follows a run on a person's screen: on a terminal a bar for each for_each, and everywhere
// what must not go by unseen: warnings, items that failed, writes that a dry run withheld. Its Event
// method may be called concurrently.
type Progress struct {
	mu      sync.Mutex
	w       io.Writer
	s       Style
	live    bool // w is a terminal
	loops   []*loop
	painted int // lines of bars on the screen
	last    time.Time
}

type loop struct {
	name               string
	total, done        int // total -1: not known
	failed             int
	ended, toldOfFails bool
}

// NewProgress returns a view on a run that writes to w. Bars are drawn only if live.
func NewProgress(w io.Writer, s Style, live bool) *Progress {
	return &Progress{w: w, s: s, live: live}
}

// Event takes in one fact.
func (p *Progress) Event(e event.Envelope) {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch e := e.Event.(type) {
	case event.LoopStarted:
		if e.Item == "" {
			p.loops = append(p.loops, &loop{name: e.ForEach, total: e.Total})
		}
	case event.ItemDone:
		p.item(e.ForEach, nil, "")
	case event.ItemFailed:
		p.item(e.ForEach, e.Failure, e.Item)
	case event.LoopDone:
		if l := p.loop(e.ForEach); l != nil && e.Item == "" {
			l.done, l.failed, l.ended = e.Count, e.Failed, true
			l.total = max(l.total, e.Count)
		}
	case event.WriteWithheld:
		p.print(func() { p.withheld(e) })
	case event.Waiting:
		p.print(func() { fmt.Fprintf(p.w, "%s waits until %s\n", stepOf(e.Step, e.Item), e.Until.Format(time.RFC3339)) })
	case event.Recovered:
		p.print(func() { fmt.Fprintf(p.w, "%s %s\n", p.s.Yellow(stepOf(e.Step, e.Item)+":"), found(e.Happened)) })
	case event.UndoStarted:
		p.print(func() { fmt.Fprintf(p.w, "%s %s\n", p.s.Yellow("undoing"), stepOf(e.Step, e.Item)) })
	case event.UndoFailed:
		p.print(func() {
			fmt.Fprintf(p.w, "%s %s\n", p.s.Red("not undone: "+stepOf(e.Step, e.Item)+":"), oneLine(e.Failure.Message, 300))
		})
	case event.BudgetWaiting:
		p.print(func() {
			fmt.Fprintf(p.w, "%s until %s: %s\n", p.s.Dim("waiting"), e.Until.Local().Format(time.TimeOnly), clean(e.Why))
		})
	case event.Warning:
		p.print(func() { fmt.Fprintf(p.w, "%s %s\n", p.s.Yellow("warning:"), clean(e.Message)) })
	case event.RunDone:
		p.last = time.Time{}
		p.paint()
		p.painted = 0
		return
	}
	if p.live && e.At.Sub(p.last) >= paintEvery {
		p.last = e.At
		p.paint()
	}
}

// Say writes a line that stays.
func (p *Progress) Say(text string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.print(func() { fmt.Fprintln(p.w, p.s.Yellow(text)) })
}

func (p *Progress) loop(name string) *loop {
	for _, l := range p.loops {
		if l.name == name {
			return l
		}
	}
	return nil
}

// item counts an item of an outermost loop; failure is nil for one that succeeded.
func (p *Progress) item(name string, failure *event.Failure, key string) {
	l := p.loop(name)
	if l == nil {
		return
	}
	l.done++
	if failure == nil {
		return
	}
	l.failed++
	switch {
	case l.failed <= shownFailures:
		p.print(func() {
			fmt.Fprintf(p.w, "%s %s\n", p.s.Red(clean(name)+" "+oneLine(key, 60)+":"), oneLine(failure.Error(), 300))
		})
	case !l.toldOfFails:
		l.toldOfFails = true
		p.print(func() {
			fmt.Fprintf(p.w, "%s\n", p.s.Red(clean(name)+": further failed items are counted only; --trace has them"))
		})
	}
}

// stepOf names a step and, inside a loop, the item.
func stepOf(step, item string) string {
	if item == "" {
		return clean(step)
	}
	return fmt.Sprintf("%s (item %s)", clean(step), oneLine(item, 60))
}

func found(happened bool) string {
	if happened {
		return "its answer was lost, and it happened"
	}
	return "its answer was lost, and it did not happen: it is sent again"
}

func (p *Progress) withheld(e event.WriteWithheld) {
	fmt.Fprintf(p.w, "%s would send\n", p.s.Bold(stepOf(e.Step, e.Item)))
	if e.Request != nil {
		request(p.w, p.s, "write  ", e.Request, "")
	}
}

// print writes lines that stay, above the bars.
func (p *Progress) print(lines func()) {
	p.erase()
	lines()
	if p.live {
		p.paint()
	}
}

func (p *Progress) erase() {
	if p.painted > 0 {
		fmt.Fprintf(p.w, "\x1b[%dA\x1b[J", p.painted)
		p.painted = 0
	}
}

// paint draws a bar for every loop that has begun.
func (p *Progress) paint() {
	if !p.live {
		return
	}
	p.erase()
	for _, l := range p.loops {
		fmt.Fprintln(p.w, p.bar(l))
	}
	p.painted = len(p.loops)
}

// bar is a loop on one line: order  ██████░░░░  120 of 200, 3 failed.
func (p *Progress) bar(l *loop) string {
	name := oneLine(strings.TrimPrefix(l.name, "for_each."), 30)
	counts := count(l.done)
	if l.total >= 0 && !l.ended {
		counts += " of " + count(l.total)
	}
	if l.failed > 0 {
		counts += ", " + p.s.Red(count(l.failed)+" failed")
	}
	width := min(30, max(5, p.s.Width-60))
	filled := 0
	switch {
	case l.ended:
		filled = width
	case l.total > 0:
		filled = min(width, l.done*width/l.total)
	default: // no end in sight: a mark that wanders
		at := l.done / 10 % width
		return fmt.Sprintf("%s %s  %s", p.s.Bold(name), p.s.Dim(strings.Repeat("░", at))+p.s.Green("█")+p.s.Dim(strings.Repeat("░", width-at-1)), counts)
	}
	paint := p.s.Green
	if l.ended && l.failed > 0 {
		paint = p.s.Yellow
	}
	return fmt.Sprintf("%s %s%s  %s", p.s.Bold(name), paint(strings.Repeat("█", filled)), p.s.Dim(strings.Repeat("░", width-filled)), counts)
}
