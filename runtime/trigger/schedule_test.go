package trigger

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

const hourly = `
integration "report" {
  input "at" {
    type = string({ format = "date-time" })
  }
  trigger "schedule" "hourly" {
    every = "1h"%s
    inputs = { at = trigger.time }
  }
  output "at" {
    value = input.at
  }
}
`

func scheduled(t *testing.T, attrs string) []*Target {
	return targets(programs(t, fmt.Sprintf(hourly, attrs))["report"])
}

// run runs schedules for a time, as a daemon that is then stopped.
func run(s *Schedules, list []*Target, d time.Duration) {
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { defer close(done); s.Run(ctx, list) }()
	time.Sleep(d)
	cancel()
	<-done
}

// slots are the hours of the day at which runs were started.
func slots(m *memory) string {
	var out []string
	for _, s := range m.accepted() {
		out = append(out, s.At.UTC().Format("15:04"))
	}
	return strings.Join(out, " ")
}

func TestMissedSlots(t *testing.T) {
	for catchUp, want := range map[string]string{
		"latest": "01:00 02:00 05:00 06:00",
		"all":    "01:00 02:00 03:00 04:00 05:00 06:00",
		"none":   "01:00 02:00 06:00",
	} {
		t.Run(catchUp, func(t *testing.T) {
			list := scheduled(t, "\n    catch_up = \""+catchUp+"\"")
			synctest.Test(t, func(t *testing.T) {
				m := newMemory()
				time.Sleep(time.Minute)
				run(&Schedules{Ledger: m}, list, 2*time.Hour)
				time.Sleep(3*time.Hour + 10*time.Minute) // nobody watches
				run(&Schedules{Ledger: m}, list, time.Hour)
				if got := slots(m); got != want {
					t.Errorf("started at %s, want %s", got, want)
				}
				for _, s := range m.accepted() {
					if s.Inputs["at"] != s.At.UTC().Format(time.RFC3339) || s.Key != s.At.UTC().Format(time.RFC3339) {
						t.Errorf("started with %+v", s)
					}
				}
			})
		})
	}
}

// The first slot after the first start counts even if the daemon was down when it came.
func TestFirstSlotMissed(t *testing.T) {
	list := scheduled(t, "")
	synctest.Test(t, func(t *testing.T) {
		m := newMemory()
		run(&Schedules{Ledger: m}, list, 10*time.Minute)
		time.Sleep(time.Hour)
		run(&Schedules{Ledger: m}, list, time.Minute)
		if got := slots(m); got != "01:00" {
			t.Errorf("started at %q", got)
		}
	})
}

func TestClockIsSet(t *testing.T) {
	list := scheduled(t, "")
	synctest.Test(t, func(t *testing.T) {
		m := newMemory()
		var offset atomic.Int64 // how far the clock was set
		s := &Schedules{Ledger: m, Now: func() time.Time { return time.Now().Add(time.Duration(offset.Load())) }}
		done := make(chan struct{})
		go func() { defer close(done); run(s, list, 5*time.Hour) }()
		time.Sleep(time.Hour + time.Minute) // 01:00 has run
		synctest.Wait()
		offset.Store(int64(-30 * time.Minute)) // it is 00:31 again
		time.Sleep(time.Hour)                  // 01:31
		synctest.Wait()
		offset.Add(int64(2 * time.Hour)) // 03:31
		time.Sleep(time.Minute)
		synctest.Wait()
		if got := slots(m); got != "01:00 03:00" {
			t.Errorf("started at %q", got)
		}
		<-done
	})
}

func TestJitterStaysWithinItsBound(t *testing.T) {
	list := scheduled(t, "\n    jitter = \"10m\"")
	synctest.Test(t, func(t *testing.T) {
		m := newMemory()
		var at []time.Time
		s := &Schedules{Ledger: m, Random: func() float64 { return 0.5 }, Tell: func(f Fact) { at = append(at, time.Now()) }}
		run(s, list, 130*time.Minute)
		if got := slots(m); got != "01:00 02:00" {
			t.Errorf("started slots %q", got)
		}
		for i, x := range at {
			if got := x.UTC().Format("15:04"); got != fmt.Sprintf("%02d:05", i+1) {
				t.Errorf("slot %d was started at %s", i+1, got)
			}
		}
	})
}

// A slot that cannot be stored is tried again until it can.
func TestStoreFails(t *testing.T) {
	list := scheduled(t, "")
	synctest.Test(t, func(t *testing.T) {
		m := newMemory()
		failed := 0
		s := &Schedules{Ledger: m, Tell: func(f Fact) {
			if f.What == "failed" || f.What == "busy" {
				if failed++; failed == 5 {
					m.mu.Lock()
					m.err, m.room = nil, -1
					m.mu.Unlock()
				}
			}
		}}
		go func() {
			time.Sleep(30 * time.Minute)
			m.mu.Lock()
			m.err = errors.New("disk full")
			m.mu.Unlock()
		}()
		run(s, list, 90*time.Minute)
		if got := slots(m); got != "01:00" || failed != 5 {
			t.Errorf("started at %q after %d failures", got, failed)
		}
	})
}
