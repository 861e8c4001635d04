package engine

import (
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"tenon/runtime/event"
	"tenon/runtime/secret"
)

func TestBranchesAreBounded(t *testing.T) {
	for _, limit := range []int{1, 3, 0} {
		synctest.Test(t, func(t *testing.T) {
			set := (&session{}).Branches(limit)
			var now, most, done atomic.Int32
			start := time.Now()
			for range 12 {
				set.Go(func() {
					if n := now.Add(1); n > most.Load() {
						most.Store(n)
					}
					time.Sleep(time.Second)
					now.Add(-1)
					done.Add(1)
				})
			}
			set.Wait()
			at := limit
			if limit == 0 {
				at = 12
			}
			if int(most.Load()) > at || done.Load() != 12 || time.Since(start) != time.Duration(12/at)*time.Second {
				t.Errorf("limit %d: %d at once, %d done, in %s", limit, most.Load(), done.Load(), time.Since(start))
			}
		})
	}
}

// Who yields makes room for others, up to a bound, and takes a place again.
func TestPlacesAreYielded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const limit, all = 3, 500
		set := (&session{}).Branches(limit)
		var at, mostAt, begun, mostBegun, done atomic.Int32
		enter := func(now, most *atomic.Int32) {
			if n := now.Add(1); n > most.Load() {
				most.Store(n)
			}
		}
		start := time.Now()
		for range all {
			set.Go(func() {
				enter(&begun, &mostBegun)
				enter(&at, &mostAt)
				at.Add(-1)
				set.Yield(false, func() { time.Sleep(time.Second) })
				enter(&at, &mostAt)
				time.Sleep(time.Millisecond)
				at.Add(-1)
				begun.Add(-1)
				done.Add(1)
			})
		}
		set.Wait()
		if mostAt.Load() > limit || mostBegun.Load() != limit+beside || done.Load() != all {
			t.Errorf("%d at once, %d begun at once, %d done", mostAt.Load(), mostBegun.Load(), done.Load())
		}
		if took := time.Since(start); took > all/(limit+beside)*time.Second+2*time.Second {
			t.Errorf("it took %s", took)
		}
	})
}

func TestEventsAreNumberedInOrder(t *testing.T) {
	var got []event.Envelope
	l := New(Options{Sink: func(e event.Envelope) { got = append(got, e) }})
	s := &session{l: l, id: "r", redactor: &secret.Redactor{}}
	set := s.Branches(8)
	for range 100 {
		set.Go(func() { s.Emit(event.ItemDone{}) })
	}
	set.Wait()
	for i, e := range got {
		if e.Seq != int64(i+1) || e.Run != "r" {
			t.Fatalf("event %d has number %d of run %q", i, e.Seq, e.Run)
		}
	}
	if len(got) != 100 {
		t.Errorf("%d events", len(got))
	}
}

func TestIdentifiers(t *testing.T) {
	a, b := NewRunID(time.Unix(1, 0)), NewRunID(time.Unix(2, 0))
	if a >= b || a[:15] != "19700101T000001" {
		t.Errorf("run ids %q, %q", a, b)
	}
}
