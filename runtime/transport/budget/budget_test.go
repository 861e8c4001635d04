package budget

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

var background = context.Background()

// waits makes n calls of a run wait and returns when each had its turn, since start.
func waits(b *Budget, n int, took time.Duration, a Ask) []time.Duration {
	start := time.Now()
	out := make([]time.Duration, n)
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() {
			t, err := b.Acquire(background, a)
			if err != nil {
				return
			}
			out[i] = time.Since(start)
			time.Sleep(took)
			t.Done(Outcome{Status: 200})
		})
	}
	wg.Wait()
	return out
}

func TestTurnsGoRoundTheRuns(t *testing.T) {
	for name, limit := range map[string]Limit{"rate": {Count: 100, Per: time.Second, Burst: 1}, "slots": {Concurrency: 1}} {
		synctest.Test(t, func(t *testing.T) {
			b := New()
			ask := func(run, op string) Ask { return Ask{Run: run, Operation: op, Limits: []Limit{limit}} }
			var wg sync.WaitGroup
			wg.Go(func() { waits(b, 10_000, 10*time.Millisecond, ask("large", "a")) })
			synctest.Wait()
			for _, op := range []string{"a", "b"} { // of two operations, and yet one run
				wg.Go(func() {
					start := time.Now()
					waits(b, 25, 10*time.Millisecond, ask("small", op))
					if took := time.Since(start); took < 900*time.Millisecond || took > 1200*time.Millisecond {
						t.Errorf("%s: 50 calls beside 10,000 of another run took %s; want half of the turns, 1 s", name, took)
					}
				})
			}
			wg.Wait()
		})
	}
}

func TestLimits(t *testing.T) {
	type at = []time.Duration
	ms := time.Millisecond
	for _, c := range []struct {
		name   string
		limits []Limit
		took   time.Duration
		n      int
		want   []time.Duration
	}{
		{"burst", []Limit{{Count: 10, Per: time.Second, Burst: 3}}, 0, 5, at{0, 0, 100 * ms, 200 * ms, 300 * ms}}, // one of the burst is kept back
		{"concurrency", []Limit{{Concurrency: 2}}, time.Second, 5, at{0, 0, time.Second, time.Second, 2 * time.Second}},
		{"both", []Limit{{Count: 10, Per: time.Second, Burst: 1}, {Concurrency: 1}}, 50 * ms, 3, at{0, 100 * ms, 200 * ms}},
	} {
		synctest.Test(t, func(t *testing.T) {
			got := waits(New(), c.n, c.took, Ask{Limits: append(c.limits, Limit{Count: 1000, Per: time.Second})})
			if fmt.Sprint(sorted(got)) != fmt.Sprint(c.want) {
				t.Errorf("%s: turns at %v, want %v", c.name, got, c.want)
			}
		})
	}
}

func sorted(list []time.Duration) []time.Duration {
	for i := range list {
		for j := i; j > 0 && list[j] < list[j-1]; j-- {
			list[j], list[j-1] = list[j-1], list[j]
		}
	}
	return list
}

// TestNoWindowHoldsMore lets calls go at all sorts of times and looks at every window of the limit's length.
func TestNoWindowHoldsMore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const count, per = 20, time.Second
		b := New()
		ask := Ask{Limits: []Limit{{Count: count, Per: per}}}
		start := time.Now()
		var at []time.Time
		for i := range 400 {
			turn, err := b.Acquire(background, ask)
			if err != nil {
				t.Fatal(err)
			}
			at = append(at, time.Now())
			turn.Done(Outcome{Status: 200})
			if i%37 == 0 {
				time.Sleep(time.Duration(i) * time.Millisecond)
			}
		}
		for i := count; i < len(at); i++ {
			if d := at[i].Sub(at[i-count]); d < per {
				t.Fatalf("%d calls within %s", count+1, d)
			}
		}
		if took := time.Since(start); took > 24*time.Second {
			t.Errorf("400 calls at 20 a second took %s", took)
		}
	})
}

func TestQuotasOfOperationsAreApart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := New()
		call := func(op, limit, remaining string) time.Duration {
			start := time.Now()
			turn, err := b.Acquire(background, Ask{Run: "r", Operation: op})
			if err != nil {
				t.Fatal(err)
			}
			took := time.Since(start)
			turn.Done(Outcome{Status: 200, Told: Read(header("X-Rate-Limit-Limit", limit, "X-Rate-Limit-Remaining", remaining, "X-Rate-Limit-Reset", "900"), time.Now())})
			return took
		}
		call("tweets", "900", "899")
		call("likes", "15", "0")
		if took := call("tweets", "900", "898"); took > 0 {
			t.Errorf("the quota of another operation made a call wait %s", took)
		}
		if took := call("users", "75", "74"); took > 0 {
			t.Errorf("the quota of another operation made an unknown one wait %s", took)
		}
		if took := call("likes", "15", "14"); took != 15*time.Minute {
			t.Errorf("it waited %s, want until the reset", took)
		}
	})
}

func TestTheFirstCallGoesAheadAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		got := sorted(waits(New(), 4, 100*time.Millisecond, Ask{}))
		if fmt.Sprint(got) != "[0s 100ms 100ms 200ms]" {
			t.Errorf("turns at %v", got)
		}
		got = sorted(waits(New(), 4, 10*time.Second, Ask{}))
		if fmt.Sprint(got) != "[0s 250ms 500ms 500ms]" {
			t.Errorf("where no answer comes, turns at %v", got)
		}
	})
}

func TestWaitingIsGivenUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := New()
		refuse := func(after string) {
			turn, _ := b.Acquire(background, Ask{})
			turn.Done(Outcome{Status: 429, Told: Read(header("Retry-After", after), time.Now())})
		}
		refuse("60")
		ctx, cancel := context.WithTimeout(background, time.Second)
		defer cancel()
		start := time.Now()
		_, err := b.Acquire(ctx, Ask{})
		var w *Waiting
		if !errors.As(err, &w) || !w.Late || time.Since(start) != 0 || !strings.Contains(err.Error(), "the API answered 429 and asked to wait 1m0s") {
			t.Errorf("past the deadline: %v after %s", err, time.Since(start))
		}
		if _, err = b.Acquire(background, Ask{Patience: 10 * time.Second}); !errors.As(err, &w) || w.Late {
			t.Errorf("past its patience: %v", err)
		}
		ctx, stop := context.WithCancel(background)
		time.AfterFunc(5*time.Second, stop)
		if _, err = b.Acquire(ctx, Ask{}); !errors.Is(err, context.Canceled) || b.lines.waiting != 0 {
			t.Errorf("canceled: %v, %d waiting", err, b.lines.waiting)
		}
		told := 0
		turn, err := b.Acquire(background, Ask{Tell: func(until time.Time, why string) { told++ }})
		if err != nil || time.Since(start) != time.Minute || told != 1 {
			t.Errorf("after the pause: %v at %s, told %d times", err, time.Since(start), told)
		}
		turn.Done(Outcome{})
	})
}

func TestAWaitingCallIsSmall(t *testing.T) {
	b := New()
	limits := []Limit{{Concurrency: 1}}
	turn, _ := b.Acquire(background, Ask{Limits: limits})
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	const n = 10_000
	b.mu.Lock()
	for range n {
		b.lines.add(&waiter{ask: Ask{Run: "r", Limits: limits}, ready: make(chan struct{})})
	}
	b.mu.Unlock()
	runtime.ReadMemStats(&after)
	if each := (after.TotalAlloc - before.TotalAlloc) / n; each > 512 {
		t.Errorf("a waiting call takes %d bytes", each)
	}
	b.lines = lines{}
	turn.Done(Outcome{})
}

func BenchmarkAcquire(b *testing.B) {
	for name, limits := range map[string][]Limit{"none": nil, "limits": {{Count: 1e9, Per: time.Second}, {Concurrency: 1000}}} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			budget := New()
			h := header("X-RateLimit-Limit", "1000000", "X-RateLimit-Remaining", "999999", "X-RateLimit-Reset", "60", "Content-Type", "application/json")
			for b.Loop() {
				turn, err := budget.Acquire(background, Ask{Run: "r", Operation: "o", Limits: limits})
				if err != nil {
					b.Fatal(err)
				}
				turn.Done(Outcome{Status: 200, Told: Read(h, time.Now())})
			}
		})
	}
}
