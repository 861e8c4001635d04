package trial

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"tenon/runtime/event"
	"tenon/spec/plan"
	"tenon/spec/source"
)

// Point is something in an integration that a test may come through.
type Point struct {
	Integration string       `json:"integration"`
	Kind        string       `json:"kind"` // step, for_each, catch, case, undo, recover
	Name        string       `json:"name"` // `step "invoice"`, `catch "404" of step "customer"`
	Range       source.Range `json:"range"`
	Reached     bool         `json:"reached"`

	key string
}

// Coverage is what the tests came through.
type Coverage struct {
	Points  []Point // by integration, in the order of the plans
	Reached int
}

// Percent is the share that was reached, rounded down: 100 says that all was.
func (c *Coverage) Percent() int {
	if len(c.Points) == 0 {
		return 100
	}
	return c.Reached * 100 / len(c.Points)
}

// Cover tells which points of some integrations reports came through.
func Cover(plans map[string]*plan.Plan, reports []*Report) *Coverage {
	reached := map[string]bool{}
	for _, r := range reports {
		maps.Copy(reached, r.Reached)
	}
	c := &Coverage{}
	for _, name := range keys(plans) {
		for _, p := range points(plans[name]) {
			if p.Reached = reached[p.key]; p.Reached {
				c.Reached++
			}
			c.Points = append(c.Points, p)
		}
	}
	return c
}

func keys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

// points lists those of a plan. What stands in an integration that it runs is that integration's.
func points(p *plan.Plan) []Point {
	var out []Point
	cases := map[string]bool{}
	add := func(kind, key, name string, at source.Range) {
		out = append(out, Point{Integration: p.Integration, Kind: kind, Name: name, Range: at, key: p.Integration + ":" + key})
	}
	for _, b := range []*plan.Block{p.Steps, p.OnFailure} {
		switches := map[string]*plan.Op{}
		each(b, func(o *plan.Op) {
			for _, c := range o.Cases {
				if key := caseKey(c); !cases[key] {
					cases[key] = true
					add("case", key, caseName(switches[c.Switch], c), o.Range)
				}
			}
			if o.Kind == "switch" {
				switches[o.ID] = o
				return
			}
			own := fmt.Sprintf("%s %q", o.Kind, o.Name)
			add(o.Kind, o.ID, own, o.Range)
			for _, c := range o.Catch {
				add("catch", o.ID+" catch "+c.On, fmt.Sprintf("catch %q of %s", c.On, own), c.Range)
			}
			if o.Undo != nil {
				add("undo", o.ID+" undo", "undo of "+own, o.Undo.Range)
			}
			if o.Recover != nil {
				add("recover", o.ID+" recover", "recover of "+own, o.Recover.Range)
			}
		})
	}
	return out
}

func caseKey(c plan.Case) string { return fmt.Sprintf("%s case %d", c.Switch, c.Index) }

func caseName(o *plan.Op, c plan.Case) string {
	if o == nil || o.Value == nil {
		return fmt.Sprintf("case %d of %s", c.Index+1, c.Switch)
	}
	if c.Index >= len(o.Value.Choices) {
		return fmt.Sprintf("default of switch %q", o.Name)
	}
	var labels []string
	for _, l := range o.Value.Choices[c.Index] {
		labels = append(labels, fmt.Sprintf("%q", l))
	}
	return fmt.Sprintf("case %s of switch %q", strings.Join(labels, " "), o.Name)
}

// reach notes what the run comes through.
func (t *trial) reach(x event.Envelope) {
	switch e := x.Event.(type) {
	case event.StepStarted:
		t.came(e.Step, "")
	case event.LoopStarted:
		t.came(e.ForEach, "")
	case event.ItemFailed:
		if t.failed++; t.failed == 1 {
			t.first = e.Failure
		}
	case event.StepCaught:
		t.came(e.Step, " catch "+e.On)
	case event.UndoStarted:
		t.came(e.Step, " undo")
	case event.Recovered:
		t.came(e.Step, " recover")
	}
}

// came notes a step, as events name it, with the cases that it stands in.
func (t *trial) came(step, what string) {
	p := t.program.Plan()
	for {
		id, inner, nested := strings.Cut(step, "/")
		var found *plan.Op
		for _, b := range []*plan.Block{p.Steps, p.OnFailure} {
			each(b, func(o *plan.Op) {
				if o.ID == id {
					found = o
				}
			})
		}
		if found == nil {
			return
		}
		if nested && found.Run != nil {
			p, step = found.Run.Plan, inner
			continue
		}
		t.report.Reached[p.Integration+":"+id+what] = true
		for _, c := range found.Cases {
			t.report.Reached[p.Integration+":"+caseKey(c)] = true
		}
		return
	}
}
