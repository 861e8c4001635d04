package plan

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"tenon/spec/expression"
	"tenon/spec/source"
	"tenon/spec/types"
)

func TestEstimates(t *testing.T) {
	list := func(low, high int) *Expr {
		x := expression.Constant("x", source.Range{})
		x.Type = types.New(&types.Shape{Kinds: types.Array, Arrays: []*types.List{{MinLen: low, MaxLen: high}}})
		return x
	}
	call := func(api string) *Op { return &Op{ID: "step." + api, Call: &Call{API: api}} }
	pages := func(limit int64, size any) *Op {
		o := call("shop")
		o.ID, o.Call.Paginate = "step.pages", &Paginate{Limit: limit}
		if size != nil {
			o.Call.Params = []*Param{{Name: "per_page", In: "query", Value: expression.Constant(size, source.Range{})}}
		}
		return o
	}
	loop := func(id string, f *ForEach, ops ...*Op) *Op {
		f.Block = &Block{Ops: ops}
		return &Op{ID: id, ForEach: f}
	}
	maybe := call("crm")
	maybe.When = list(0, 0)
	polled := call("jobs")
	polled.Repeat = &Repeat{}
	for _, c := range []struct {
		name string
		ops  []*Op
		want []Estimate
	}{
		{"one", []*Op{call("shop")}, []Estimate{{"shop", []Part{{nil, 1, 1}}}}},
		{"maybe", []*Op{maybe}, []Estimate{{"crm", []Part{{nil, 0, 1}}}}},
		{"another integration", []*Op{{ID: "step.run", Run: &Run{Plan: &Plan{Steps: &Block{Ops: []*Op{call("shop")}}}}}}, []Estimate{{"shop", []Part{{nil, 1, 1}}}}},
		{"polled", []*Op{polled}, []Estimate{{"jobs", []Part{{nil, 1, -1}}}}},
		{"pages", []*Op{pages(0, 100)}, []Estimate{{"shop", []Part{{nil, 1, -1}}}}},
		{"bounded pages", []*Op{pages(250, 100)}, []Estimate{{"shop", []Part{{nil, 1, 3}}}}},
		{"pages of an unknown size", []*Op{pages(250, nil)}, []Estimate{{"shop", []Part{{nil, 1, -1}}}}},
		{"list", []*Op{loop("for_each.a", &ForEach{In: list(3, 3)}, call("shop"), maybe)},
			[]Estimate{{"crm", []Part{{nil, 0, 3}}}, {"shop", []Part{{nil, 3, 3}}}}},
		{"list in list", []*Op{loop("for_each.a", &ForEach{In: list(3, 3)}, loop("for_each.b", &ForEach{In: list(0, 2)}, call("shop")))},
			[]Estimate{{"shop", []Part{{nil, 0, 6}}}}},
		{"some of a list", []*Op{loop("for_each.a", &ForEach{In: list(3, 3), Where: list(0, 0)}, call("shop"))}, []Estimate{{"shop", []Part{{nil, 0, 3}}}}},
		{"items", []*Op{pages(0, nil), loop("for_each.a", &ForEach{Stream: "step.pages"}, call("shop"), call("crm"), loop("for_each.b", &ForEach{In: list(2, 2)}, call("crm")))},
			[]Estimate{{"crm", []Part{{[]string{"for_each.a"}, 3, 3}}}, {"shop", []Part{{nil, 1, -1}, {[]string{"for_each.a"}, 1, 1}}}}},
		{"bounded items", []*Op{pages(250, 100), loop("for_each.a", &ForEach{Stream: "step.pages"}, call("crm"))},
			[]Estimate{{"crm", []Part{{nil, 0, 250}}}, {"shop", []Part{{nil, 1, 3}}}}},
	} {
		if d := cmp.Diff(c.want, (&Plan{Steps: &Block{Ops: c.ops}}).Estimates()); d != "" {
			t.Errorf("%s: -want +got\n%s", c.name, d)
		}
	}
}

func TestLeast(t *testing.T) {
	for _, c := range []struct {
		requests int
		limits   []*Limit
		want     time.Duration
	}{
		{1000, nil, 0},
		{1000, []*Limit{{Concurrency: 2}}, 0},
		{100, []*Limit{{Count: 100, Per: time.Second}}, 0},
		{101, []*Limit{{Count: 100, Per: time.Second}}, time.Second},
		{1000, []*Limit{{Count: 100, Per: time.Second}}, 9 * time.Second},
		{120, []*Limit{{Count: 100, Per: time.Second, Burst: 20}}, time.Second},
		{10, []*Limit{{Count: 100, Per: time.Second, Burst: 20}}, 0},
		{11_000, []*Limit{{Count: 100, Per: time.Second}, {Count: 5000, Per: time.Hour}}, 2 * time.Hour},
	} {
		if got := Least(c.requests, c.limits); got != c.want {
			t.Errorf("%d requests: %s, want %s", c.requests, got, c.want)
		}
	}
}
