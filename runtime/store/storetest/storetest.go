// Package storetest holds every implementation of [store.Store] to the same contract.
package storetest

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"tenon/runtime/store"
)

// Options say what a backend can.
type Options struct {
	// New returns an empty store; the test closes it.
	New func(t *testing.T) store.Store
	// Reopen closes a store and opens it again, as another process would. nil: it does not outlive the process.
	Reopen func(t *testing.T, s store.Store) store.Store
	// NoSlates says that it has no slates here.
	NoSlates bool
}

// Run runs the suite.
func Run(t *testing.T, o Options) {
	for name, f := range map[string]func(*testing.T, *suite){
		"Runs": runs, "JournalInOrder": journal, "AllOrNothing": atomic, "Poison": poison, "PayloadsOfAnySize": payloads, "Trim": trim, "Undos": undos,
		"StateWithTheEnd": state, "SeenKeys": seen, "Locks": locks, "Own": own, "Doubts": doubts, "Deliveries": deliveries,
		"Plans": plans, "Slates": slates, "Facts": facts, "Prune": prune, "ManyAtOnce": many, "Closed": closed,
	} {
		t.Run(name, func(t *testing.T) {
			s := &suite{o, o.New(t), t.Context()}
			t.Cleanup(func() { s.Store.Close() })
			f(t, s)
		})
	}
}

type suite struct {
	o Options
	store.Store
	ctx context.Context
}

// again goes on with what is durable.
func (s *suite) again(t *testing.T) {
	if s.o.Reopen != nil {
		s.Store = s.o.Reopen(t, s.Store)
	}
}

func (s *suite) commit(t *testing.T, run string, changes ...store.Change) {
	t.Helper()
	if err := s.Commit(s.ctx, run, changes...); err != nil {
		t.Fatal(err)
	}
}

var start = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

func (s *suite) begin(t *testing.T, id string, after time.Duration) {
	t.Helper()
	s.commit(t, id, store.PutPlan{Digest: "p-" + id, Data: text(`{}`)},
		store.Begin{Run: store.Run{ID: id, Integration: "bills", Plan: "p-" + id, Status: store.Running, Started: start.Add(after), Inputs: json.RawMessage(`{"a":1}`), Cause: "command"}})
}

func text(s string) func() ([]byte, error) { return func() ([]byte, error) { return []byte(s), nil } }

func record(run string, seq int64, payload string) store.Append {
	return store.Append{Run: run, Record: store.Record{Seq: seq, Kind: "answer", Key: fmt.Sprintf("step.a[%d]", seq), Data: []byte(`{"status":200}`), Payload: []byte(payload)}}
}

func (s *suite) seqs(t *testing.T, run string, from int64) []int64 {
	t.Helper()
	var out []int64
	for r, err := range s.Records(s.ctx, run, from) {
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, r.Seq)
	}
	return out
}

func runs(t *testing.T, s *suite) {
	s.begin(t, "r1", 0)
	s.begin(t, "r2", time.Second)
	if err := s.Commit(s.ctx, "r1", store.Begin{Run: store.Run{ID: "r1", Started: start}}); !errors.Is(err, store.ErrExists) {
		t.Errorf("a second r1: %v", err)
	}
	s.commit(t, "r1", store.End{Run: "r1", Status: "failed", At: start.Add(time.Minute), Error: json.RawMessage(`{"kind":"status"}`), Writes: 3})
	s.again(t)
	r, err := s.Run(s.ctx, "r1")
	if err != nil || r.Status != "failed" || r.Writes != 3 || !r.Ended.Equal(start.Add(time.Minute)) || !r.Started.Equal(start) ||
		string(r.Error) != `{"kind":"status"}` || string(r.Inputs) != `{"a":1}` || r.Cause != "command" || r.Unfinished() {
		t.Errorf("r1 = %+v, %v", r, err)
	}
	list := func(f store.Filter) (ids []string) {
		all, err := s.Runs(s.ctx, f)
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range all {
			ids = append(ids, r.ID)
		}
		return ids
	}
	for _, c := range []struct {
		f    store.Filter
		want []string
	}{
		{store.Filter{}, []string{"r2", "r1"}},
		{store.Filter{Limit: 1}, []string{"r2"}},
		{store.Filter{Before: "r2"}, []string{"r1"}},
		{store.Filter{Status: []string{store.Running, "succeeded"}}, []string{"r2"}},
		{store.Filter{Integration: "other"}, nil},
	} {
		if got := list(c.f); !slices.Equal(got, c.want) {
			t.Errorf("%+v: %v, want %v", c.f, got, c.want)
		}
	}
	s.commit(t, "r1", store.Cancel{Run: "r1"})
	if r, _ := s.Run(s.ctx, "r1"); !r.Cancel {
		t.Error("the wish to cancel is lost")
	}
	s.commit(t, "r1", store.Reopen{Run: "r1"})
	if r, _ := s.Run(s.ctx, "r1"); r.Status != store.Running || !r.Ended.IsZero() || r.Error != nil || r.Cancel || r.Resumed != 1 {
		t.Errorf("reopened: %+v", r)
	}
	if _, err := s.Run(s.ctx, "none"); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("no run: %v", err)
	}
	for _, c := range []store.Change{store.Reopen{Run: "none"}, store.End{Run: "none"}, store.Cancel{Run: "none"}, record("none", 1, ""), store.Fact{Run: "none"}} {
		if err := s.Commit(s.ctx, "none", c); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("%T of no run: %v", c, err)
		}
	}
}

func journal(t *testing.T, s *suite) {
	s.begin(t, "r1", 0)
	for i := int64(1); i <= 10; i++ {
		s.Queue("r1", record("r1", i, ""))
	}
	if got := s.seqs(t, "r1", 8); !slices.Equal(got, []int64{8, 9, 10}) {
		t.Errorf("what is queued is read as %v", got)
	}
	s.commit(t, "r1", record("r1", 11, ""))
	s.again(t)
	if got := s.seqs(t, "r1", 0); len(got) != 11 || !slices.IsSorted(got) {
		t.Errorf("records %v", got)
	}
	if err := s.Commit(s.ctx, "r1", record("r1", 11, "")); !errors.Is(err, store.ErrExists) {
		t.Errorf("a second record 11: %v", err)
	}
	for r, err := range s.Records(s.ctx, "r1", 11) {
		if err != nil || r.Kind != "answer" || r.Key != "step.a[11]" || string(r.Data) != `{"status":200}` || r.Size != 0 {
			t.Errorf("record %+v, %v", r, err)
		}
	}
	for range s.Records(s.ctx, "r1", 0) {
		break // an early end is no harm
	}
	if got := s.seqs(t, "none", 0); got != nil {
		t.Errorf("no run has records %v", got)
	}
}

func atomic(t *testing.T, s *suite) {
	s.begin(t, "r1", 0)
	err := s.Commit(s.ctx, "r1", record("r1", 1, ""), store.Mark{Scope: "x", Key: "k", At: start}, record("none", 1, ""))
	if !errors.Is(err, store.ErrNotFound) {
		t.Fatalf("err = %v", err)
	}
	if got := s.seqs(t, "r1", 0); got != nil {
		t.Errorf("half of it happened: records %v", got)
	}
	if m, _ := s.Seen(s.ctx, "x", "k"); !m.At.IsZero() {
		t.Error("half of it happened: the key is seen")
	}
	s.commit(t, "r2", store.Begin{Run: store.Run{ID: "r2", Plan: "p", Status: store.Running, Started: start}}, record("r2", 1, ""), record("r2", 2, ""),
		store.End{Run: "r2", Status: "failed", At: start}) // each sees those before it
	s.commit(t, "r1", record("r1", 1, "")) // a Commit that failed is known to its caller, so the run goes on
}

func poison(t *testing.T, s *suite) {
	s.begin(t, "r1", 0)
	s.begin(t, "r2", 0)
	s.Queue("r1", record("r1", 1, ""), record("none", 1, ""))
	s.Queue("r1", record("r1", 2, ""))
	if err := s.Sync(s.ctx, "r1"); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("after a record that could not be written: %v", err)
	}
	if err := s.Commit(s.ctx, "r1", record("r1", 3, "")); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("and the next: %v", err)
	}
	if got := s.seqs(t, "r1", 0); got != nil {
		t.Errorf("the journal has a hole: %v", got)
	}
	s.commit(t, "r2", record("r2", 1, ""))
}

func payloads(t *testing.T, s *suite) {
	s.begin(t, "r1", 0)
	sizes := []int{0, 1, 1000, store.InlineMax, store.InlineMax + 1, 3 << 20}
	for i, n := range sizes {
		s.Queue("r1", record("r1", int64(i+1), string(bytes.Repeat([]byte{byte('a' + i)}, n))))
	}
	s.commit(t, "r1", record("r1", 9, string(bytes.Repeat([]byte("f"), 3<<20)))) // the same as record 6
	s.again(t)
	for r, err := range s.Records(s.ctx, "r1", 0) {
		if err != nil {
			t.Fatal(err)
		}
		got, err := s.Payload(s.ctx, "r1", r.Seq)
		if err != nil || int64(len(got)) != r.Size {
			t.Errorf("payload %d: %d bytes of %d, %v", r.Seq, len(got), r.Size, err)
		}
		if r.Seq <= 6 && (len(got) != sizes[r.Seq-1] || len(got) > 0 && got[0] != byte('a'+r.Seq-1)) {
			t.Errorf("payload %d is another one", r.Seq)
		}
	}
	s.commit(t, "r1", store.Trim{Run: "r1", From: 1, To: 6})
	if got, err := s.Payload(s.ctx, "r1", 9); err != nil || len(got) != 3<<20 {
		t.Errorf("a payload that two records had, one of which is gone: %d bytes, %v", len(got), err)
	}
	if _, err := s.Payload(s.ctx, "r1", 6); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("the payload of a trimmed record: %v", err)
	}
}

func trim(t *testing.T, s *suite) {
	s.begin(t, "r1", 0)
	for i := int64(1); i <= 9; i++ {
		s.Queue("r1", record("r1", i, "x"))
	}
	s.commit(t, "r1", store.Trim{Run: "r1", From: 2, To: 8, Except: []int64{2, 5, 6}}, record("r1", 10, ""))
	s.again(t)
	if got, want := s.seqs(t, "r1", 0), []int64{1, 2, 5, 6, 9, 10}; !slices.Equal(got, want) {
		t.Errorf("left: %v, want %v", got, want)
	}
}

func undos(t *testing.T, s *suite) {
	put := func(run, loop string, item int64, data string) store.PutUndo {
		return store.PutUndo{Run: run, Loop: loop, Undo: store.Undo{Item: item, Data: []byte(data)}}
	}
	read := func(run, loop string, before int64) (out []string) {
		t.Helper()
		list, err := s.Undos(s.ctx, run, loop, before)
		if err != nil {
			t.Fatal(err)
		}
		for _, u := range list {
			out = append(out, fmt.Sprint(u.Item, string(u.Data)))
		}
		return out
	}
	want := func(run, loop string, before int64, want ...string) {
		t.Helper()
		if got := read(run, loop, before); !slices.Equal(got, want) {
			t.Errorf("%s of %s before %d: %v, want %v", loop, run, before, got, want)
		}
	}
	s.begin(t, "r1", 0)
	s.begin(t, "r2", time.Second)
	s.Queue("r1", put("r1", "for_each.a", 1, "b"), put("r1", "for_each.a", 12, "d"), put("r1", "for_each.a", 0, "a"), put("r1", "for_each.a[1]", 3, "x"))
	s.commit(t, "r1", put("r1", "for_each.a", 7, "lost"), put("r1", "for_each.a", 7, "c"), put("r2", "for_each.a", 7, "y"))
	s.again(t)
	want("r1", "for_each.a", 100, "12d", "7c", "1b", "0a")
	want("r1", "for_each.a", 7, "1b", "0a")
	want("r1", "for_each.a[1]", 100, "3x")
	want("r1", "for_each.none", 100)
	want("none", "for_each.a", 100)
	s.commit(t, "r1", store.DropUndos{Run: "r1", Loop: "for_each.a", From: 1, To: 7})
	want("r1", "for_each.a", 100, "12d", "0a")
	if err := s.Commit(s.ctx, "none", put("none", "for_each.a", 1, "")); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("one of no run: %v", err)
	}
	// All of them are not read at once.
	big := string(bytes.Repeat([]byte("b"), 200<<10))
	for i := range int64(9) {
		s.Queue("r1", put("r1", "big", i, big))
	}
	if n := len(read("r1", "big", 8)); n == 0 || n > 4 {
		t.Errorf("%d large ones are read at once", n)
	}
	for range 2 {
		if err := s.Forget(s.ctx, "r1"); err != nil {
			t.Fatal(err)
		}
	}
	want("r1", "for_each.a", 100)
	want("r1", "big", 100)
	want("r2", "for_each.a", 100, "7y")
	// A process that was killed when its run had ended did not forget them. Prune does.
	s.commit(t, "r2", store.End{Run: "r2", Status: "succeeded", At: start})
	if _, err := s.Prune(s.ctx, store.Keep{Now: start}); err != nil {
		t.Fatal(err)
	}
	want("r2", "for_each.a", 100)
}

func state(t *testing.T, s *suite) {
	s.begin(t, "r1", 0)
	s.commit(t, "r1", store.SetState{Integration: "bills", Values: map[string]json.RawMessage{"since": []byte(`"a"`), "other": []byte(`1`)}})
	s.commit(t, "r1", store.End{Run: "r1", Status: "succeeded", At: start, Outputs: json.RawMessage(`{"n":1}`)},
		store.SetState{Integration: "bills", Values: map[string]json.RawMessage{"since": []byte(`"b"`)}})
	s.again(t)
	got, err := s.State(s.ctx, "bills")
	if err != nil || len(got) != 2 || string(got["since"]) != `"b"` || string(got["other"]) != "1" {
		t.Errorf("state %s, %v", got, err)
	}
	if got, err := s.State(s.ctx, "none"); err != nil || len(got) != 0 {
		t.Errorf("state of another: %s, %v", got, err)
	}
}

func seen(t *testing.T, s *suite) {
	at := func(key string) time.Time {
		t.Helper()
		m, err := s.Seen(s.ctx, "bills/for_each.order", key)
		if err != nil {
			t.Fatal(err)
		}
		if !m.At.IsZero() && key == "k" && (m.By != "r1" || !m.Done || !m.Until.Equal(start.Add(time.Hour))) {
			t.Errorf("the mark is %+v", m)
		}
		return m.At
	}
	mark := store.Mark{Scope: "bills/for_each.order", Key: "k", At: start, Until: start.Add(time.Hour), By: "r1", Done: true}
	s.Queue("", mark)
	if !at("k").Equal(start) {
		t.Error("a mark that is queued is not seen")
	}
	s.Queue("", store.Unmark{Scope: mark.Scope, Key: "k"})
	if !at("k").IsZero() {
		t.Error("a mark that is taken back is seen")
	}
	s.commit(t, "", mark, store.Mark{Scope: mark.Scope, Key: "forever", At: start})
	s.again(t)
	if !at("k").Equal(start) || !at("forever").Equal(start) || !at("other").IsZero() {
		t.Error("marks are lost")
	}
	p, err := s.Prune(s.ctx, store.Keep{Now: start.Add(2 * time.Hour)})
	if err != nil || p.Keys != 1 || !at("k").IsZero() || at("forever").IsZero() {
		t.Errorf("pruned %+v, %v", p, err)
	}
}

func locks(t *testing.T, s *suite) {
	s.begin(t, "r1", 0)
	s.begin(t, "r2", 0)
	hold := func(run, want string) {
		t.Helper()
		if got, err := s.Hold(s.ctx, "customer 7", run); err != nil || got != want {
			t.Errorf("%s takes it: held by %q, %v; want %q", run, got, err, want)
		}
	}
	hold("r1", "")
	hold("r1", "") // again, after a restart
	hold("r2", "r1")
	s.commit(t, "r2", store.Release{Name: "customer 7", Run: "r2"}) // not its own
	s.again(t)
	hold("r2", "r1")
	s.commit(t, "r1", store.End{Run: "r1", Status: store.Interrupted, At: start})
	hold("r2", "r1")
	s.commit(t, "r1", store.Release{Name: "customer 7", Run: "r1"})
	hold("r2", "")
	s.commit(t, "r2", store.End{Run: "r2", Status: "failed", At: start})
	hold("r1", "")
}

func own(t *testing.T, s *suite) {
	release, err := s.Own("r1", "")
	if err != nil {
		t.Fatal(err)
	}
	if !s.Active("r1") || s.Active("r2") {
		t.Error("who is active is not known")
	}
	if _, err := s.Own("r1", ""); !errors.Is(err, store.ErrInUse) {
		t.Errorf("twice: %v", err)
	}
	if other, err := s.Own("r2", ""); err != nil {
		t.Error(err)
	} else {
		other()
	}
	release()
	release() // no harm
	if s.Active("r1") {
		t.Error("r1 is still active")
	}
	if release, err = s.Own("r1", ""); err != nil {
		t.Fatal(err)
	}
	release()
}

func doubts(t *testing.T, s *suite) {
	s.begin(t, "r1", 0)
	a := store.Doubt{Run: "r1", Key: "step.a", At: start, Reason: "the process ended", Request: json.RawMessage(`{"method":"POST"}`)}
	b := store.Doubt{Run: "r2", Key: "step.b", At: start.Add(time.Second), Reason: "x"}
	s.commit(t, "r1", store.Park{Doubt: a}, store.Park{Doubt: b}, store.Park{Doubt: a})
	s.again(t)
	all, err := s.Doubts(s.ctx, "")
	if err != nil || len(all) != 2 || all[1].Key != "step.b" {
		t.Errorf("all: %+v, %v", all, err)
	}
	if len(all) > 0 && (all[0].Reason != a.Reason || string(all[0].Request) != string(a.Request) || !all[0].At.Equal(start)) {
		t.Errorf("got %+v", all[0])
	}
	s.commit(t, "r1", store.Settle{Run: "r1", Key: "step.a"})
	if left, _ := s.Doubts(s.ctx, "r1"); len(left) != 0 {
		t.Errorf("settled, and left: %+v", left)
	}
}

func deliveries(t *testing.T, s *suite) {
	s.begin(t, "r1", 0)
	d := store.Delivery{Hook: "bills/paid", Key: "evt_1", At: start, Data: json.RawMessage(`{"q":1}`), Payload: []byte("body")}
	ids := map[int64]bool{}
	for _, c := range []struct {
		hook, key string
		fresh     bool
	}{{"bills/paid", "evt_1", true}, {"bills/paid", "evt_1", false}, {"bills/other", "evt_1", true}, {"bills/paid", "", true}, {"bills/paid", "", true}} {
		d.Hook, d.Key = c.hook, c.key
		got, fresh, err := s.Deliver(s.ctx, d)
		if err != nil || fresh != c.fresh || ids[got.ID] == fresh || string(got.Data) != `{"q":1}` || !got.At.Equal(start) {
			t.Errorf("%s %q: %+v, %v, %v", c.hook, c.key, got, fresh, err)
		}
		ids[got.ID] = true
	}
	s.again(t)
	list, err := s.Deliveries(s.ctx, 10)
	if err != nil || len(list) != 4 || list[0].Data != nil || list[0].Payload != nil || list[0].Key != "evt_1" || list[1].Hook != "bills/other" {
		t.Fatalf("open: %+v, %v", list, err)
	}
	s.commit(t, "r1", store.Taken{Delivery: list[0].ID, Run: "r1"})
	if got, fresh, err := s.Deliver(s.ctx, store.Delivery{Hook: "bills/paid", Key: "evt_1", At: start}); err != nil || fresh || got.ID != list[0].ID {
		t.Errorf("one that was taken on is delivered again: %+v, %v, %v", got, fresh, err)
	}
	if got, err := s.Delivery(s.ctx, list[1].ID); err != nil || got.Hook != "bills/other" || string(got.Payload) != "body" {
		t.Errorf("one alone: %+v, %v", got, err)
	}
	if got, err := s.Delivery(s.ctx, list[0].ID); err != nil || string(got.Data) != `{"q":1}` || got.Payload != nil {
		t.Errorf("one that was taken on: %+v, %v", got, err)
	}
	if _, err := s.Delivery(s.ctx, 99); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("one that is not there: %v", err)
	}
	if list, _ = s.Deliveries(s.ctx, 1); len(list) != 1 || list[0].Hook != "bills/other" {
		t.Errorf("next: %+v", list)
	}
	if p, err := s.Prune(s.ctx, store.Keep{Now: start.Add(48 * time.Hour), Age: 24 * time.Hour}); err != nil || p.Deliveries != 1 {
		t.Errorf("pruned %+v, %v", p, err)
	}
}

func plans(t *testing.T, s *suite) {
	s.begin(t, "r1", 0)
	s.commit(t, "r1", store.PutPlan{Digest: "p-r1", Data: text(`{"other":1}`)})
	s.again(t)
	if got, err := s.Plan(s.ctx, "p-r1"); err != nil || string(got) != "{}" {
		t.Errorf("plan %s, %v", got, err)
	}
	if _, err := s.Plan(s.ctx, "none"); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("none: %v", err)
	}
}

func facts(t *testing.T, s *suite) {
	s.begin(t, "r1", 0)
	for i := range 5 {
		s.Queue("r1", store.Fact{Run: "r1", Data: fmt.Append(nil, i)})
	}
	var got []string
	for f, err := range s.Facts(s.ctx, "r1") {
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, string(f))
	}
	if !slices.Equal(got, []string{"0", "1", "2", "3", "4"}) {
		t.Errorf("facts %v", got)
	}
}

func prune(t *testing.T, s *suite) {
	for i := range 6 {
		id := fmt.Sprintf("r%d", i)
		s.begin(t, id, time.Duration(i)*time.Hour)
		s.commit(t, id, record(id, 1, string(make([]byte, 200<<10))), store.Fact{Run: id, Data: []byte(`1`)})
		status := []string{"succeeded", "failed", "canceled", store.InDoubt, store.Interrupted, "succeeded"}[i]
		s.commit(t, id, store.End{Run: id, Status: status, At: start.Add(time.Duration(i) * time.Hour)})
	}
	p, err := s.Prune(s.ctx, store.Keep{Now: start.Add(4 * time.Hour), Age: 3*time.Hour + time.Minute, Runs: 2})
	if err != nil || p.Runs != 2 {
		t.Errorf("pruned %+v, %v", p, err)
	}
	s.again(t)
	var left []string
	all, _ := s.Runs(s.ctx, store.Filter{})
	for _, r := range all {
		left = append(left, r.ID)
	}
	if want := []string{"r5", "r4", "r3", "r2"}; !slices.Equal(left, want) {
		t.Errorf("left %v, want %v", left, want)
	}
	if _, err := s.Plan(s.ctx, "p-r0"); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("a plan that no run has: %v", err)
	}
	if _, err := s.Plan(s.ctx, "p-r2"); err != nil {
		t.Error(err)
	}
	if _, err := s.Payload(s.ctx, "r2", 1); err != nil {
		t.Error(err)
	}
}

func many(t *testing.T, s *suite) {
	const workers, each = 16, 50
	var wg sync.WaitGroup
	for w := range workers {
		id := fmt.Sprintf("r%02d", w)
		s.begin(t, id, 0)
		wg.Go(func() {
			for i := int64(1); i <= each; i++ {
				s.Queue(id, record(id, 2*i, "queued"))
				if err := s.Commit(s.ctx, id, record(id, 2*i+1, "committed")); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	wg.Wait()
	s.again(t)
	for w := range workers {
		if got := s.seqs(t, fmt.Sprintf("r%02d", w), 0); len(got) != 2*each || !slices.IsSorted(got) {
			t.Errorf("run %d has %d records", w, len(got))
		}
	}
}

func closed(t *testing.T, s *suite) {
	s.begin(t, "r1", 0)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Errorf("closed twice: %v", err)
	}
	if err := s.Commit(s.ctx, "r1", record("r1", 1, "")); !errors.Is(err, store.ErrClosed) {
		t.Errorf("after Close: %v", err)
	}
	if _, _, err := s.Deliver(s.ctx, store.Delivery{}); !errors.Is(err, store.ErrClosed) {
		t.Errorf("after Close: %v", err)
	}
	s.Queue("r1", record("r1", 1, "")) // no panic
}

// slate opens a run's slate as the next process does, if there is one.
func (s *suite) slate(t *testing.T, run string) store.Slate {
	t.Helper()
	out, err := s.Slate(run)
	if err != nil || (out == nil) != s.o.NoSlates {
		t.Fatalf("a slate: %v, %v", out, err)
	}
	return out
}

func slates(t *testing.T, s *suite) {
	s.begin(t, "r1", 0)
	s.begin(t, "r2", 0)
	one := s.slate(t, "r1")
	if one == nil {
		return
	}
	want := make([][]byte, store.Slots)
	write := func(slot int, data string) {
		t.Helper()
		if err := one.Write(slot, []byte(data)); err != nil {
			t.Fatal(err)
		}
		if want[slot] = []byte(data); data == "" {
			want[slot] = nil
		}
	}
	if left := one.Left(); left != nil {
		t.Errorf("on a new one is %q", left)
	}
	if err := one.Wipe(); err != nil {
		t.Fatal(err)
	}
	large := strings.Repeat("x", store.SlotSize)
	for slot := range store.Slots {
		write(slot, large)
		write(slot, fmt.Sprint("slot ", slot))
	}
	write(3, "")
	write(store.Slots-1, large)
	other := s.slate(t, "r2")
	if err := other.Wipe(); err != nil {
		t.Fatal(err)
	}
	for _, x := range []store.Slate{one, other} {
		if err := x.Close(); err != nil {
			t.Fatal(err)
		}
	}
	s.again(t)
	one, other = s.slate(t, "r1"), s.slate(t, "r2")
	defer func() { one.Close(); other.Close() }()
	same := func(a, b []byte) bool { return string(a) == string(b) }
	if left := one.Left(); !slices.EqualFunc(left, want, same) {
		t.Errorf("left is %.100q", left)
	}
	if left := other.Left(); len(left) != store.Slots || slices.ContainsFunc(left, func(x []byte) bool { return len(x) > 0 }) {
		t.Errorf("left on an empty one is %q", left)
	}
	if err := one.Wipe(); err != nil {
		t.Fatal(err)
	}
	one.Close()
	if one = s.slate(t, "r1"); slices.ContainsFunc(one.Left(), func(x []byte) bool { return len(x) > 0 }) {
		t.Errorf("it was wiped, and left is %.100q", one.Left())
	}
	write(1, "x")
	s.commit(t, "r1", store.End{Run: "r1", Status: store.InDoubt, At: start})
	one.Close()
	if one = s.slate(t, "r1"); one.Left() != nil {
		t.Errorf("after the end left is %q", one.Left())
	}
}
