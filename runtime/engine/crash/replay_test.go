//go:build unix

package crash

import (
	"context"
	"encoding/json"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
	"tenon/runtime/engine"
	"tenon/runtime/event"
	"tenon/runtime/exec"
	"tenon/runtime/store"
)

// TestAnyPrefixOfAJournal cuts the journal of a whole run anywhere, and goes on from there on a server to which
// has happened what the prefix says: what is answered in it is not asked again, and the run comes to the same end.
func TestAnyPrefixOfAJournal(t *testing.T) {
	programs := map[string]*exec.Program{}
	for _, what := range []string{"orders", "noted"} {
		p, err := project(what)
		if err != nil {
			t.Fatal(err)
		}
		if programs[what], err = exec.Compile(p); err != nil {
			t.Fatal(err)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		ctx := context.Background()
		what := rapid.SampledFrom([]string{"orders", "noted"}).Draw(t, "integration")
		first := newShop(rapid.SampledFrom([]int{1, 3, 9}).Draw(t, "items"), 0)
		defer first.Close()
		whole := store.NewMemory()
		d := engine.NewDurable(engine.Options{}, engine.Keeping{Store: whole, Every: 1000})
		defer d.Close()
		res, err := d.Start(ctx, programs[what], exec.Inputs{Servers: map[string]string{"shop": first.URL}}, "test")
		if err != nil || res.Status != event.Succeeded {
			t.Fatal(res, err)
		}
		var all []store.Record
		for r, err := range whole.Records(ctx, res.Run, 0) {
			if err != nil {
				t.Fatal(err)
			}
			r.Payload, _ = whole.Payload(ctx, res.Run, r.Seq)
			all = append(all, r)
		}
		prefix := all[:rapid.IntRange(0, len(all)).Draw(t, "records")]

		second := newShop(first.items, 0)
		defer second.Close()
		answered, over := second.happened(t, prefix)
		cut := store.NewMemory()
		run, _ := whole.Run(ctx, res.Run)
		plan, _ := whole.Plan(ctx, run.Plan)
		run.Status, run.Outputs = store.Running, nil
		run.Inputs = json.RawMessage(strings.ReplaceAll(string(run.Inputs), first.URL, second.URL))
		changes := []store.Change{store.PutPlan{Digest: run.Plan, Data: func() ([]byte, error) { return plan, nil }}, store.Begin{Run: *run}}
		for _, r := range prefix {
			r.Data = []byte(strings.ReplaceAll(string(r.Data), first.URL, second.URL))
			changes = append(changes, store.Append{Run: run.ID, Record: r})
		}
		for _, order := range over { // which a journal says after the key is marked
			if !refused(order) {
				changes = append(changes, store.Mark{Scope: what + "/for_each.order", Key: order, At: time.Now(), By: run.ID, Done: true})
			}
		}
		if err := cut.Commit(ctx, run.ID, changes...); err != nil {
			t.Fatal(err)
		}
		d = engine.NewDurable(engine.Options{}, engine.Keeping{Store: cut, Every: 3})
		defer d.Close()
		for {
			res, _, err := d.Resume(ctx, run.ID, noSecrets)
			if err != nil {
				t.Fatal(err)
			}
			if res.Status == event.Succeeded {
				break
			}
			doubts, _ := cut.Doubts(ctx, run.ID)
			if res.Status != event.InDoubt || len(doubts) == 0 {
				t.Fatalf("%s, %d in doubt: %v", res.Status, len(doubts), res.Error)
			}
			second.decide(t, cut, doubts)
		}
		for _, a := range answered {
			if n := second.requests[a[0]][a[1]]; n > 0 {
				t.Errorf("%s of %s was answered, and sent again %d times", a[0], a[1], n)
			}
		}
		second.verify(t, what, cut)
	})
}

// happened makes a journal's effects those of the server. A write that was not answered may have had one or not.
func (s *shop) happened(t *rapid.T, records []store.Record) (answered [][2]string, done []string) {
	open := map[string][2]string{}
	keys, bodies := map[[2]string]string{}, map[[2]string]string{}
	have := func(what [2]string) {
		s.have(what)
		if what[0] == "payments" {
			s.bodies[keys[what]] = bodies[what]
		}
	}
	var list []store.Record
	for _, r := range records {
		packed, err := engine.Unpack(r, r.Payload)
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, packed...)
	}
	for _, r := range list {
		switch r.Kind {
		case "intent":
			var d struct {
				Method, URL string
				Header      map[string][]string
			}
			var body struct{ Order string }
			if json.Unmarshal(r.Data, &d) != nil {
				t.Fatalf("intent %s", r.Data)
			}
			json.Unmarshal(r.Payload, &body)
			u, _ := url.Parse(d.URL)
			parts := strings.Split(strings.Trim(u.Path, "/"), "/")
			what := [2]string{parts[0], body.Order}
			if len(parts) > 1 {
				what[1] = parts[1]
			}
			if d.Method == "DELETE" {
				what = [2]string{"cancellations", strings.TrimPrefix(parts[1], "shipments-")}
			}
			switch what[0] {
			case "reservations":
				s.bodies[what[1]] = string(r.Payload)
			case "payments":
				keys[what] = d.Header["Idempotency-Key"][0]
				bodies[what] = string(r.Payload)
			}
			open[r.Key] = what
		case "items": // whatever was sent for an item that is over was answered
			var over [][]json.RawMessage
			if err := json.Unmarshal(r.Data, &over); err != nil {
				t.Fatal(err)
			}
			for _, x := range over {
				n, _ := strconv.Atoi(string(x[0]))
				done = append(done, id(n))
				for key, what := range open {
					if strings.Contains(key, "["+string(x[0])+"]") {
						have(what)
						answered = append(answered, what)
						delete(open, key)
					}
				}
			}
		case "answer":
			if what, ok := open[r.Key]; ok {
				have(what)
				answered = append(answered, what)
				delete(open, r.Key)
			}
		}
	}
	var left []string
	for k := range open {
		left = append(left, k)
	}
	slices.Sort(left)
	for _, k := range left {
		if rapid.Bool().Draw(t, "it happened: "+k) {
			have(open[k])
		}
	}
	return answered, done
}

func (s *shop) have(what [2]string) {
	if what[0] != "confirmations" {
		s.effects[what[0]] = ensure(s.effects[what[0]])
		s.effects[what[0]][what[1]] = 1
	}
}
