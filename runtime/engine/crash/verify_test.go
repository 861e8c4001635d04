package crash

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"tenon/runtime/engine"
	"tenon/runtime/store"
)

// tester is what the checks need of *testing.T and *rapid.T.
type tester interface {
	Helper()
	Fatal(...any)
	Fatalf(string, ...any)
	Errorf(string, ...any)
	Error(...any)
}

// kind is an integration that is killed.
type kind struct {
	name  string
	items int // at most
	pace  int // requests, and writes to the journal, of a process, at most
	ends  store.Status
	plan  string // the file that has it
	check func(s *shop, t tester, run *store.Run, db store.Store)
}

var kinds = []kind{
	{name: "orders", items: 40, pace: 40, ends: "succeeded", check: (*shop).checkOrders},
	{name: "noted", items: 60, pace: 40, ends: "succeeded", check: (*shop).checkOrders},
	{name: "mails", items: 120, pace: 80, ends: "succeeded", check: (*shop).checkMails},
	{name: "nested", items: 40, pace: 30, ends: "succeeded", check: (*shop).checkNested},
	{name: "fails", items: 0, pace: 12, ends: "failed", check: (*shop).checkFails},
	{name: "stops", items: 40, pace: 30, ends: "failed", check: (*shop).checkStops},
}

func kindOf(name string) kind {
	return kinds[slices.IndexFunc(kinds, func(k kind) bool { return k.name == name })]
}

// decide is the person, who looks whether writes in doubt happened. Only what cannot be found out may be in doubt.
func (s *shop) decide(t tester, db store.Store, doubts []store.Doubt) (resent int) {
	t.Helper()
	s.settled(context.Background())
	for _, d := range doubts {
		var request struct{ URL, Body string }
		var body struct{ Order string }
		if err := json.Unmarshal(d.Request, &request); err != nil {
			t.Fatal(err)
		}
		what := request.URL[strings.LastIndexByte(request.URL, '/')+1:]
		if err := json.Unmarshal([]byte(request.Body), &body); err != nil || what != "mails" && what != "recalls" {
			t.Fatalf("in doubt is %s, which should have been found out", d.Request)
		}
		v := engine.Verdict{Happened: s.effect(what, body.Order) > 0, Status: 201, Body: fmt.Appendf(nil, `{"id":"%s-%s"}`, what, body.Order)}
		if !v.Happened {
			resent++
		}
		s.mu.Lock()
		s.parked[what+" "+body.Order] = true
		s.mu.Unlock()
		if err := engine.Resolve(context.Background(), db, d.Run, d.Key, v, time.Now()); err != nil {
			t.Fatal(err)
		}
	}
	return resent
}

// verify holds the server's books, and the run's outputs, to those of one undisturbed run.
func (s *shop) verify(t tester, what string, db store.Store) {
	t.Helper()
	s.settled(context.Background())
	s.mu.Lock()
	defer s.mu.Unlock()
	runs, err := db.Runs(context.Background(), store.Filter{})
	if err != nil || len(runs) != 1 {
		t.Fatalf("%d runs, %v", len(runs), err)
	}
	k := kindOf(what)
	if runs[0].Status != k.ends {
		t.Errorf("the run is %s", runs[0].Status)
	}
	k.check(s, t, runs[0], db)
	for _, f := range s.faults {
		t.Error(f)
	}
	for order, revs := range s.revs {
		if len(revs) > 1 {
			t.Errorf("the page with %s was not what it was before: its writes are of the revisions %v", order, slices.Sorted(maps.Keys(revs)))
		}
	}
	if doubts, err := db.Doubts(context.Background(), ""); err != nil || len(doubts) > 0 {
		t.Errorf("left in doubt: %v, %v", doubts, err)
	}
}

// want holds how often something was done to an order to what is wanted.
func (s *shop) want(t tester, order string, want map[string]int) {
	t.Helper()
	for kind, n := range want {
		if got := s.effects[kind][order]; got != n {
			t.Errorf("%s of %s: %d, want %d", kind, order, got, n)
		}
	}
}

// revision is what was said of an order.
func (s *shop) revision(order string) (rev int) {
	for r := range s.revs[order] {
		rev = max(rev, r)
	}
	return rev
}

func (s *shop) outputs(t tester, run *store.Run, total, count, revs int) {
	t.Helper()
	if got, want := string(run.Outputs), fmt.Sprintf(`{"count":%d,"revs":%d,"total":%d}`, count, revs, total); got != want {
		t.Errorf("outputs %s, want %s", got, want)
	}
}

// checkOrders is for orders and noted: everything is done for each order, but that the mail of one that is refused is not
// sent, and in orders its shipment is canceled.
func (s *shop) checkOrders(t tester, run *store.Run, db store.Store) {
	t.Helper()
	total, count, revs, last := 0, 0, 0, ""
	for i := range s.items {
		order := id(i)
		want := map[string]int{"reservations": 1, "invoices": 1, "payments": 1, "shipments": 1, "mails": 1, "cancellations": 0}
		if refused(order) {
			want["mails"] = 0
			if run.Integration == "orders" {
				want["cancellations"] = 1
			}
		} else {
			total, count, revs, last = total+100+i, count+1, revs+s.revision(order), order
		}
		s.want(t, order, want)
		seen, err := db.Seen(context.Background(), run.Integration+"/for_each.order", order)
		if err != nil || seen.Done == refused(order) {
			t.Errorf("%s was refused: %v, and is marked %+v, %v", order, refused(order), seen, err)
		}
	}
	s.outputs(t, run, total, count, revs)
	if want := 6*count + 4*(s.items-count); run.Integration == "noted" && run.Writes != want {
		t.Errorf("the run counts %d writes, want %d", run.Writes, want)
	}
	if state, err := db.State(context.Background(), run.Integration); err != nil || string(state["last"]) != fmt.Sprintf("%q", last) {
		t.Errorf("state %s, %v; want %q", state, err, last)
	}
}

// checkMails is for mails: a mail and a recall for each order.
func (s *shop) checkMails(t tester, run *store.Run, _ store.Store) {
	t.Helper()
	total, revs := 0, 0
	for i := range s.items {
		order := id(i)
		s.want(t, order, map[string]int{"mails": 1, "recalls": 1})
		total, revs = total+100+i, revs+s.revision(order)
	}
	s.outputs(t, run, total, s.items, revs)
}

// checkNested is for nested: a mail for each order, and a payment for those with an even amount.
func (s *shop) checkNested(t tester, run *store.Run, _ store.Store) {
	t.Helper()
	total, revs := 0, 0
	for i := range s.items {
		order := id(i)
		s.want(t, order, map[string]int{"reservations": 1, "payments": 1 - i%2, "mails": 1})
		total, revs = total+100+i, revs+s.revision(order)
	}
	s.outputs(t, run, total, s.items, revs)
}

// checkFails is for fails: everything is done and undone once, the newest first, and then the alarm is given. What a person
// decided about may have been done later than in its turn.
func (s *shop) checkFails(t tester, _ *store.Run, _ store.Store) {
	t.Helper()
	var want []string
	inner := func(order string) { want = append(want, "recalls "+order, "refunds "+order) }
	want = append(want, "recalls o0104")
	for _, x := range []string{"o0116", "o0115", "o0114", "o0112", "o0111", "o0110"} {
		inner(x)
		want = append(want, "cancellations "+x)
	}
	inner("o0102")
	want = append(want, "cancellations o0101", "frees o0100", "mails alarm-broken")
	inTurn := func(list []string) (out []string) {
		for _, x := range list {
			if !s.parked[x] && slices.Contains(want, x) {
				out = append(out, x)
			}
		}
		return out
	}
	if got, want := inTurn(s.log), inTurn(want); !slices.Equal(got, want) {
		t.Errorf("undone: %q\nwant: %q", got, want)
	}
	for _, x := range want {
		kind, order, _ := strings.Cut(x, " ")
		s.want(t, order, map[string]int{kind: 1})
	}
	s.onceEach(t)
	s.nothingLeft(t)
}

// checkStops is for stops: it is not known which orders were begun when the loop stopped, nor which one of those that are
// refused stopped it, but all of it is undone.
func (s *shop) checkStops(t tester, run *store.Run, _ store.Store) {
	t.Helper()
	var failure struct{ Step, Item string }
	if err := json.Unmarshal(run.Error, &failure); err != nil || failure.Step != "step.confirm" || !refused(failure.Item) || s.effects["shipments"][failure.Item] != 1 {
		t.Errorf("failed with %s, %v", run.Error, err)
	}
	s.onceEach(t)
	s.nothingLeft(t)
}

func (s *shop) onceEach(t tester) {
	t.Helper()
	for kind, orders := range s.effects {
		for order, n := range orders {
			if n != 1 && !strings.HasPrefix(order, "alarm-") { // there may be several about one step in doubt
				t.Errorf("%s of %s: %d", kind, order, n)
			}
		}
	}
}

// nothingLeft holds that what was done was undone, and nothing else.
func (s *shop) nothingLeft(t tester) {
	t.Helper()
	for kind, undo := range map[string]string{"reservations": "frees", "shipments": "cancellations", "payments": "refunds", "mails": "recalls"} {
		for order, n := range s.effects[kind] {
			if got := s.effects[undo][order]; got != n && !strings.HasPrefix(order, "alarm-") {
				t.Errorf("%s of %s: %d, and %s: %d", kind, order, n, undo, got)
			}
		}
		for order, n := range s.effects[undo] {
			if s.effects[kind][order] == 0 {
				t.Errorf("%s of %s: %d, and %s: none", undo, order, n, kind)
			}
		}
	}
}
