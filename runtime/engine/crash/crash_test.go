//go:build unix

package crash

import (
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"tenon/runtime/engine"
	"tenon/runtime/store"
)

var kills = flag.Int("kills", 200, "how many processes TestKilledAtRandom kills")

// toll is what came of a run that was killed again and again.
type toll struct {
	kills, parked, resent int
}

// ordeal carries a run out in processes that are killed, until it ends. next says how: after a time, or at a write.
func ordeal(t *testing.T, what string, s *shop, dir string, next func() (after time.Duration, at string)) toll {
	t.Helper()
	var sum toll
	for try := 0; ; try++ {
		if try > 5000 {
			t.Fatal("the run does not come to its end")
		}
		after, at := next()
		status, killed := process(t, what, s, dir, after, at)
		switch {
		case killed:
			sum.kills++
		case status == store.InDoubt:
			n, again := settle(t, s, dir)
			sum.parked += n
			sum.resent += again
		default:
			if status != "succeeded" {
				t.Fatalf("the run ended as %q", status)
			}
			audit(t, what, s, dir)
			return sum
		}
	}
}

// process starts one process, and kills it after a time unless it ends before.
func process(t *testing.T, what string, s *shop, dir string, after time.Duration, at string) (status string, killed bool) {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), childDir+"="+dir, childServer+"="+s.URL, childWhat+"="+what, childAt+"="+at)
	var out, bad bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &bad
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	if after > 0 {
		timer := time.AfterFunc(after, func() { cmd.Process.Kill() })
		defer timer.Stop()
	}
	err := cmd.Wait()
	if cmd.ProcessState.ExitCode() == -1 {
		return "", true
	}
	if err != nil {
		t.Fatalf("%v: %s", err, bad.String())
	}
	return out.String(), false
}

// tester is what the checks need of *testing.T and *rapid.T.
type tester interface {
	Helper()
	Fatal(...any)
	Fatalf(string, ...any)
	Errorf(string, ...any)
	Error(...any)
}

// settle lets a person decide about the writes in doubt.
func settle(t *testing.T, s *shop, dir string) (parked, resent int) {
	t.Helper()
	db, err := store.Open(t.Context(), dir, store.Shared, "test")
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	doubts, err := db.Doubts(t.Context(), "")
	if err != nil {
		t.Fatal(err)
	}
	if len(doubts) == 0 {
		t.Fatal("the run is in doubt, and nobody is told about what")
	}
	return len(doubts), s.decide(t, db, doubts)
}

// decide is the person, who looks whether the writes happened. Only mails may be in doubt.
func (s *shop) decide(t tester, db store.Store, doubts []store.Doubt) (resent int) {
	t.Helper()
	for _, d := range doubts {
		var request struct{ URL, Body string }
		var body struct{ Order string }
		if err := json.Unmarshal(d.Request, &request); err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal([]byte(request.Body), &body); err != nil || !strings.HasSuffix(request.URL, "/mails") {
			t.Fatalf("in doubt is %s, which should have been found out", d.Request)
		}
		v := engine.Verdict{Happened: s.effect("mails", body.Order) > 0, Status: 201, Body: fmt.Appendf(nil, `{"id":"mails-%s"}`, body.Order)}
		if !v.Happened {
			resent++
		}
		if err := engine.Resolve(context.Background(), db, d.Run, d.Key, v, time.Now()); err != nil {
			t.Fatal(err)
		}
	}
	return resent
}

// verify holds the server's books, and the run's outputs, to those of one undisturbed run.
func (s *shop) verify(t tester, what string, db store.Store) {
	t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	total, count, last := 0, 0, ""
	for i := range s.items {
		order := id(i)
		want := map[string]int{"reservations": 1, "invoices": 1, "payments": 1, "shipments": 1, "mails": 1, "cancellations": 0}
		if refused(order) {
			want["mails"] = 0
			if what == undone {
				want["cancellations"] = 1
			}
		} else {
			total, count, last = total+100+i, count+1, order
		}
		seen, err := db.Seen(context.Background(), what+"/for_each.order", order)
		if err != nil || seen.Done == refused(order) {
			t.Errorf("%s was refused: %v, and is marked %+v, %v", order, refused(order), seen, err)
		}
		for kind, n := range want {
			if got := s.effects[kind][order]; got != n {
				t.Errorf("%s of %s: %d, want %d", kind, order, got, n)
			}
		}
	}
	for _, f := range s.faults {
		t.Error(f)
	}
	runs, err := db.Runs(context.Background(), store.Filter{})
	if err != nil || len(runs) != 1 {
		t.Fatalf("%d runs, %v", len(runs), err)
	}
	if got, want := string(runs[0].Outputs), fmt.Sprintf(`{"count":%d,"total":%d}`, count, total); got != want {
		t.Errorf("outputs %s, want %s", got, want)
	}
	if state, err := db.State(context.Background(), what); err != nil || string(state["last"]) != fmt.Sprintf("%q", last) {
		t.Errorf("state %s, %v; want %q", state, err, last)
	}
	if doubts, err := db.Doubts(context.Background(), ""); err != nil || len(doubts) > 0 {
		t.Errorf("left in doubt: %v, %v", doubts, err)
	}
}

// audit looks at the end of a run whose processes were killed.
func audit(t *testing.T, what string, s *shop, dir string) {
	t.Helper()
	db, err := store.Open(t.Context(), dir, store.ReadOnly, "")
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	s.verify(t, what, db)
}

func TestKilledAtRandom(t *testing.T) {
	if testing.Short() {
		*kills = min(*kills, 20)
	}
	var sum toll
	runs := 0
	for ; sum.kills < *kills || runs < 2; runs++ {
		s := newShop(200, 4*time.Millisecond)
		what := []string{undone, noted}[runs%2]
		got := ordeal(t, what, s, t.TempDir(), func() (time.Duration, string) { return 20*time.Millisecond + rand.N(250*time.Millisecond), "" })
		s.Close()
		sum.kills, sum.parked, sum.resent = sum.kills+got.kills, sum.parked+got.parked, sum.resent+got.resent
		if t.Failed() {
			return
		}
		if runs%20 == 19 {
			t.Logf("%d kills so far; %d writes were parked", sum.kills, sum.parked)
		}
	}
	t.Logf("%d kills in %d runs of 200 items; %d writes were parked, of which %d had not happened", sum.kills, runs, sum.parked, sum.resent)
	if sum.parked == 0 && !testing.Short() {
		t.Error("no write was ever parked: the kills came too early or too late")
	}
}

// TestKilledAtEveryWrite kills a run of four items before and after writes to its journal: all of them where many
// kills are asked for, else some.
func TestKilledAtEveryWrite(t *testing.T) {
	var sum toll
	n, stride := 1, 1
	if *kills < 1000 {
		n, stride = 1+rand.IntN(3), 3
	}
	if testing.Short() {
		stride = 11
	}
	for ended := false; !ended; n += stride {
		for _, when := range []string{"-", "+"} {
			s := newShop(4, 0)
			at := fmt.Sprint(n, when)
			what := []string{undone, noted}[(n/stride+len(at))%2]
			got := ordeal(t, what, s, t.TempDir(), func() (time.Duration, string) {
				now := at
				at = ""
				return 0, now
			})
			s.Close()
			ended = got.kills == 0
			sum.kills, sum.parked, sum.resent = sum.kills+got.kills, sum.parked+got.parked, sum.resent+got.resent
			if t.Failed() {
				t.Fatalf("killed at write %d%s", n, when)
			}
		}
	}
	t.Logf("%d kills; %d writes were parked, of which %d had not happened", sum.kills, sum.parked, sum.resent)
	if sum.kills < 2 {
		t.Errorf("only %d kills", sum.kills)
	}
}
