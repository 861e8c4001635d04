package exec

import (
	"context"
	"fmt"
	"slices"
	"testing"

	"tenon/runtime/codec"
	"tenon/spec/plan"
)

// forgetful is a host that keeps nothing.
type forgetful struct{ Host }

func (forgetful) Undos(string, []string) Undos { return nil }

// TestItemsThatCannotRest holds that items whose undos cannot be written down, such as those that send a file, are undone in their turn
// among the others, each as the item that it is, and once, also if its undos rest as well.
func TestItemsThatCannotRest(t *testing.T) {
	r := &run{host: forgetful{}, shared: &shared{ctx: context.Background()}}
	made := &op{plan: &plan.Op{ID: "step.made"}}
	made.undo = &op{plan: made.plan, call: &call{plan: &plan.Call{}}}
	b := &shelf{run: r, open: map[int]*book{}, op: &op{plan: &plan.Op{ID: "for_each.x"}, loop: &loop{plan: &plan.ForEach{}, block: &block{ops: []*op{made}}}}}
	var want []string
	for n := range 3 * packful {
		item := fmt.Sprint("item ", n)
		want = append(want, item)
		u := &undo{run: r, op: made.undo, step: "step.made", item: item, cannot: "why " + item}
		if n%100 == 7 {
			u.req = &Request{Source: file{}}
		}
		in := b.begin(n)
		in.add(entry{undo: u})
		if x, err := in.resting(item); err == nil {
			if err := b.put(n, x); err != nil {
				t.Fatal(err)
			}
			if n%100 == 33 { // an earlier process had put it, and this one could not note it
				b.open[n] = in
			}
		}
		b.end(n)
	}
	if n := len(b.open); n != 2*(3*packful/100+1) {
		t.Errorf("%d items do not rest", n)
	}
	var got []string
	came := &undone{}
	all := b.drain("", &drainer{over: func() bool { return false }, visit: func(u *undo, kept string, came *undone) fate {
		if u.cannot != "why "+u.item || u.step != "step.made" || kept != "" {
			t.Errorf("%+v, %s", u, kept)
		}
		got = append(got, u.item)
		came.note(&came.Done, u, "")
		return gone
	}}, came)
	if slices.Reverse(want); !slices.Equal(got, want) || all[gone] != len(want) || came.Done != len(want) {
		t.Errorf("%d of %d are undone, in another order: %v", all[gone], len(want), got)
	}
	if !b.empty() {
		t.Error("something is left")
	}
}

type file struct{ codec.Source }
