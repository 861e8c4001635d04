//go:build unix

package crash

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"tenon/runtime/engine"
	"tenon/runtime/store"
)

var (
	kills   = flag.Int("kills", 200, "how many processes TestKilledAtRandom kills")
	workers = flag.Int("workers", 4, "how many runs are killed at once")
)

// toll is what came of runs that were killed again and again.
type toll struct {
	runs, kills, cuts, interrupted, parked, resent int
	cpu                                            time.Duration // of all their processes
}

func (a *toll) add(b toll) {
	a.runs += b.runs
	a.kills += b.kills
	a.cuts += b.cuts
	a.interrupted += b.interrupted
	a.parked += b.parked
	a.resent += b.resent
	a.cpu += b.cpu
}

func (a toll) String() string {
	n := max(1, a.kills+a.interrupted+a.runs)
	return fmt.Sprintf("%d kills (after %d of which the slate was lost) and %d interruptions in %d runs; %d writes were parked, of which %d had not happened; %v of CPU per process",
		a.kills, a.cuts, a.interrupted, a.runs, a.parked, a.resent, (a.cpu / time.Duration(n)).Round(time.Millisecond))
}

// fate is how a process ends. The zero fate lets it live.
type fate struct {
	at       string        // a write to its journal, as in childAt
	requests int           // after so many, and a while
	after    time.Duration // since it began, or since the last of the requests
	sig      syscall.Signal
	cancel   time.Duration // since it began: somebody asks for the end of the run; 0: nobody does
	lose     bool          // if it is killed, the slate does not survive, as in a power cut
}

// mishap draws a fate. What a process does is measured in what it asks and writes, not in time: how much it comes to does
// not depend on the machine.
func (k kind) mishap() fate {
	lose := rand.IntN(5) == 0
	switch n := rand.IntN(20); {
	case n < 6:
		return fate{at: fmt.Sprint(1+rand.IntN(k.pace), []string{"-", "+"}[rand.IntN(2)]), lose: lose}
	case n < 17:
		return fate{requests: 1 + rand.IntN(k.pace), after: rand.N(4 * time.Millisecond), sig: syscall.SIGKILL, lose: lose}
	case n < 18:
		return fate{after: rand.N(100 * time.Millisecond), sig: syscall.SIGKILL}
	}
	return fate{requests: 1 + rand.IntN(k.pace), sig: syscall.SIGTERM}
}

// ordeal carries a run out in processes that meet their fates, until it ends. It returns how.
func ordeal(t *testing.T, k kind, s *shop, dir string, next func() fate) (store.Status, toll) {
	t.Helper()
	sum := toll{runs: 1}
	most := 0 // that may be parked
	for range 5000 {
		f := next()
		status := process(t, k, s, dir, f, &sum)
		most += concurrency
		switch status {
		case "":
			if sum.kills++; f.lose && loseSlate(t, dir) {
				sum.cuts++
				most += store.Slots
			}
		case store.Interrupted:
			sum.interrupted++
		case store.InDoubt:
			n, again := settle(t, s, dir)
			if n > most {
				t.Errorf("%d writes are in doubt, and there should be no more than %d", n, most)
			}
			most = 0
			sum.parked += n
			sum.resent += again
		default:
			return status, sum
		}
	}
	t.Fatal("the run does not come to its end")
	return "", sum
}

// concurrency is that of all their loops: so many writes are under way at most.
const concurrency = 8

// loseSlate makes of the slates what may become of them where it is not certain that they are what was written last. It
// reports whether there are any.
func loseSlate(t *testing.T, dir string) bool {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(dir, "slates", "*"))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		data, err := os.ReadFile(name)
		switch rand.IntN(4) {
		case 0: // it is not there
			err = os.Remove(name)
		case 1: // it is another file
			if err = os.Rename(name, name+".old"); err == nil {
				err = errors.Join(os.WriteFile(name, data, 0o600), os.Remove(name+".old"))
			}
		case 2: // the machine was started anew
			if at := bytes.Index(data, []byte("boot ")); at >= 0 {
				data[at+5] ^= 1
			}
			err = os.WriteFile(name, data, 0o600)
		case 3: // it was cut off
			err = os.Truncate(name, rand.Int64N(4096))
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	return len(names) > 0
}

// planned are the kinds with their plans.
func planned(t *testing.T) []kind {
	t.Helper()
	out := slices.Clone(kinds)
	for i := range out {
		out[i].plan = planFile(t, out[i].name)
	}
	return out
}

// process starts one process, and returns the run's status when it has ended; "" if it was killed.
func process(t *testing.T, k kind, s *shop, dir string, f fate, sum *toll) store.Status {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), childDir+"="+dir, childServer+"="+s.URL, childPlan+"="+k.plan, childAt+"="+f.at, "GOGC=400")
	var out, bad bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &bad
	started, over := make(chan struct{}), make(chan struct{})
	var wg sync.WaitGroup
	strike := func() {
		wg.Go(func() {
			select {
			case <-time.After(f.after):
				<-started
				cmd.Process.Signal(f.sig)
			case <-over:
			}
		})
	}
	s.when(f.requests, strike)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	close(started)
	if f.requests == 0 && f.sig != 0 {
		strike()
	}
	if f.cancel > 0 {
		wg.Go(func() {
			select {
			case <-time.After(f.cancel):
				cancel(t, dir)
			case <-over:
			}
		})
	}
	err := cmd.Wait()
	s.when(0, nil)
	close(over)
	wg.Wait()
	sum.cpu += cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()
	switch code := cmd.ProcessState.ExitCode(); {
	case code == -1:
		return ""
	case err != nil:
		t.Fatalf("%v: %s", err, bad.String())
	}
	return store.Status(out.String())
}

// settle lets a person decide about the writes in doubt.
func settle(t *testing.T, s *shop, dir string) (parked, resent int) {
	t.Helper()
	db := open(t, dir, store.Shared)
	defer db.Close()
	doubts, err := db.Doubts(t.Context(), "")
	if err != nil {
		t.Fatal(err)
	}
	if len(doubts) == 0 {
		if runs, err := db.Runs(t.Context(), store.Filter{Limit: 1}); err != nil || len(runs) == 0 || runs[0].Status != "canceled" {
			t.Fatalf("the run is in doubt, and nobody is told about what; %v", err)
		}
	}
	return len(doubts), s.decide(t, db, doubts)
}

func open(t *testing.T, dir string, mode store.Mode) *store.SQLite {
	t.Helper()
	db, err := store.Open(context.Background(), dir, mode, "test")
	if err != nil {
		t.Fatal(err)
	}
	return db
}

// place makes a directory for a store, which is removed if the test does well so far.
func place(t *testing.T) (dir string, leave func()) {
	t.Helper()
	dir, err := os.MkdirTemp("", "tenon-crash-")
	if err != nil {
		t.Fatal(err)
	}
	return dir, func() {
		if t.Failed() {
			t.Logf("the store is in %s", dir)
			return
		}
		os.RemoveAll(dir)
	}
}

// endure lets a run of a kind meet fates, and looks at what is left.
func endure(t *testing.T, k kind, items int, slow time.Duration, next func() fate) toll {
	t.Helper()
	s := newShop(items, slow)
	defer s.Close()
	dir, leave := place(t)
	defer leave()
	_, sum := ordeal(t, k, s, dir, next)
	db := open(t, dir, store.ReadOnly)
	defer db.Close()
	s.verify(t, k.name, db)
	return sum
}

func TestKilledAtRandom(t *testing.T) {
	kinds := planned(t)
	if testing.Short() {
		*kills = min(*kills, 40)
	}
	begun := time.Now()
	var mu sync.Mutex
	var all toll
	tolls, next := map[string]toll{}, 0
	draw := func() (kind, bool) {
		mu.Lock()
		defer mu.Unlock()
		next++
		return kinds[(next-1)%len(kinds)], next <= len(kinds) || all.kills < *kills
	}
	t.Run("runs", func(t *testing.T) {
		for range *workers {
			t.Run("worker", func(t *testing.T) {
				t.Parallel()
				for k, more := draw(); more && !t.Failed(); k, more = draw() {
					got := endure(t, k, 4+rand.IntN(max(1, k.items)), 4*time.Millisecond, k.mishap)
					mu.Lock()
					all.add(got)
					sum := tolls[k.name]
					sum.add(got)
					tolls[k.name] = sum
					if all.runs%50 == 0 {
						t.Logf("after %v: %v", time.Since(begun).Round(time.Second), all)
					}
					mu.Unlock()
				}
			})
		}
	})
	for _, k := range kinds {
		t.Logf("%s: %v", k.name, tolls[k.name])
	}
	t.Logf("all, in %v: %v", time.Since(begun).Round(time.Second), all)
	if all.parked == 0 && !testing.Short() {
		t.Error("no write was ever parked: the kills came too early or too late")
	}
}

// TestKilledAtEveryWrite kills a small run of each kind before and after writes to its journal: all of them where many
// kills are asked for, else some.
func TestKilledAtEveryWrite(t *testing.T) {
	kinds := planned(t)
	stride := 1
	if *kills < 1000 {
		stride = 15
	}
	if testing.Short() {
		stride = 31
	}
	for _, k := range kinds {
		t.Run(k.name, func(t *testing.T) {
			t.Parallel()
			var sum toll
			n := 1 + rand.IntN(stride)
			for ended := false; !ended; n += stride {
				for _, when := range []string{"-", "+"} {
					at := fmt.Sprint(n, when)
					got := endure(t, k, 5, 0, func() fate {
						now := fate{at: at}
						at = ""
						return now
					})
					if t.Failed() {
						t.Fatalf("killed at write %d%s", n, when)
					}
					ended = got.kills == 0
					sum.add(got)
				}
			}
			t.Log(sum)
			if sum.kills < 2 {
				t.Errorf("only %d kills", sum.kills)
			}
		})
	}
}

// TestCanceledWhileKilled asks for the end of runs that are killed. They end canceled, soon, and nothing of them is done
// twice, or once it is said that they have ended.
func TestCanceledWhileKilled(t *testing.T) {
	kinds := planned(t)
	times := 1 + *kills/200
	if testing.Short() {
		times = 1
	}
	for _, k := range kinds {
		t.Run(k.name, func(t *testing.T) {
			t.Parallel()
			var sum toll
			canceled := 0
			for range times {
				status, got := canceledOnce(t, k)
				sum.add(got)
				if status == "canceled" {
					canceled++
				}
			}
			t.Logf("%d of %d were canceled before they ended; %v", canceled, times, sum)
		})
	}
}

func canceledOnce(t *testing.T, k kind) (store.Status, toll) {
	t.Helper()
	s := newShop(k.items, 4*time.Millisecond)
	defer s.Close()
	dir, leave := place(t)
	defer leave()
	asked, lives := rand.IntN(3), 0
	status, sum := ordeal(t, k, s, dir, func() fate {
		f := k.mishap()
		if lives++; lives > asked {
			f.cancel = 1 + rand.N(300*time.Millisecond)
		}
		return f
	})
	s.settled(t.Context())
	s.mu.Lock()
	before := len(s.log)
	for kind, orders := range s.effects {
		for order, n := range orders {
			if n != 1 && !strings.HasPrefix(order, "alarm-") {
				t.Errorf("%s of %s: %d", kind, order, n)
			}
		}
	}
	for _, f := range s.faults {
		t.Error(f)
	}
	s.mu.Unlock()
	db := open(t, dir, store.ReadOnly)
	doubts, err := db.Doubts(t.Context(), "")
	db.Close()
	if err != nil || len(doubts) > 0 {
		t.Errorf("left in doubt: %v, %v", doubts, err)
	}
	if again := process(t, k, s, dir, fate{}, &sum); again != status {
		t.Errorf("it ended as %s, and is %s later", status, again)
	}
	if len(s.log) != before {
		t.Errorf("after the end: %q", s.log[before:])
	}
	if status != "canceled" && status != k.ends {
		t.Errorf("it ended as %s", status)
	}
	return status, sum
}

// cancel asks for the end of the run in a store, if there is one that has not ended.
func cancel(t *testing.T, dir string) {
	db, err := store.Open(context.Background(), dir, store.Shared, "test")
	if err != nil {
		t.Error(err)
		return
	}
	defer db.Close()
	runs, err := db.Runs(context.Background(), store.Filter{Limit: 1})
	if err != nil {
		t.Error(err)
	}
	if len(runs) > 0 && (runs[0].Unfinished() || runs[0].Status == store.InDoubt) {
		if err := engine.CancelRun(context.Background(), db, runs[0].ID, time.Now()); err != nil && !strings.Contains(err.Error(), "has ended") {
			t.Error(err)
		}
	}
}
