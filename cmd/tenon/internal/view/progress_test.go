package view

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"time"

	"tenon/runtime/event"
)

// follow shows a loop of 25 items of which the first dozen fail.
func follow(live bool) string {
	var w bytes.Buffer
	p := NewProgress(&w, Style{Width: 100}, live)
	at := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	tell := func(e event.Event) {
		at = at.Add(paintEvery)
		p.Event(event.Envelope{At: at, Event: e})
	}
	tell(event.LoopStarted{ForEach: "for_each.order", Total: 25})
	for i := range 25 {
		if i < 12 {
			tell(event.ItemFailed{ForEach: "for_each.order", Item: fmt.Sprint("k", i), Failure: &event.Failure{Message: "refused"}})
		} else {
			tell(event.ItemDone{ForEach: "for_each.order", Item: fmt.Sprint("k", i)})
		}
	}
	tell(event.Warning{Message: "look"})
	tell(event.LoopDone{ForEach: "for_each.order", Count: 25, Succeeded: 13, Failed: 12})
	tell(event.RunDone{Status: event.Succeeded})
	return w.String()
}

func TestProgressOffATerminalIsPlain(t *testing.T) {
	got := follow(false)
	if strings.ContainsAny(got, "\x1b\r█") {
		t.Errorf("control characters or bars: %q", got)
	}
	lines := strings.Split(strings.TrimSpace(got), "\n")
	if len(lines) != 12 || lines[0] != "for_each.order k0: refused" || !strings.Contains(lines[10], "counted only") || lines[11] != "warning: look" {
		t.Errorf("got\n%s", got)
	}
}

func TestProgressOnATerminalDrawsABar(t *testing.T) {
	got := follow(true)
	last := got[strings.LastIndex(got, "\x1b[J")+len("\x1b[J"):]
	if want := "order " + strings.Repeat("█", 30) + "  25, 12 failed\n"; last != want {
		t.Errorf("ends with %q, want %q", last, want)
	}
	if !strings.Contains(got, " of 25") {
		t.Errorf("never says how many there are: %q", got)
	}
	if ups, lines := strings.Count(got, "\x1b[1A\x1b[J"), strings.Count(got, "order "); ups < 25 || lines < ups {
		t.Errorf("%d redraws of %d lines", ups, lines)
	}
}
