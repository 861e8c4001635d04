package plan

import (
	"slices"
	"strings"
	"time"

	"tenon/spec/types"
)

// Estimate is how many requests a run sends to an API when nothing fails, as far as the plan tells. Requests
// made once a run come first, then those made for each item of a for_each, by the loops around them.
type Estimate struct {
	API   string
	Parts []Part
}

// Part is the requests that are made for each item of the same loops. Max is -1 where there is no bound.
type Part struct {
	Each     []string // IDs of loops of unknown length, outermost first; none: once a run
	Min, Max int
}

// Estimates counts the requests of a run, by API. Lists whose length is known are multiplied out; pages and
// conditions make a range.
func (p *Plan) Estimates() []Estimate {
	e := estimator{apis: map[string][]Part{}}
	e.block(p.Steps, nil, 1, 1)
	var out []Estimate
	for api, parts := range e.apis {
		slices.SortFunc(parts, func(a, b Part) int { return slices.Compare(a.Each, b.Each) })
		out = append(out, Estimate{API: api, Parts: parts})
	}
	slices.SortFunc(out, func(a, b Estimate) int { return strings.Compare(a.API, b.API) })
	return out
}

// Least is how long so many requests take at least, within limits that all hold.
func Least(requests int, limits []*Limit) time.Duration {
	var most time.Duration
	for _, l := range limits {
		if l.Count == 0 {
			continue
		}
		var d time.Duration
		if l.Burst > 0 {
			d = time.Duration(float64(max(0, requests-l.Burst)) / float64(l.Count) * float64(l.Per))
		} else {
			d = time.Duration(max(0, requests-1)/l.Count) * l.Per
		}
		most = max(most, d)
	}
	return most
}

type estimator struct{ apis map[string][]Part }

// block counts a block that is carried out between min and max times for each item of the loops.
func (e *estimator) block(b *Block, each []string, min, max int) {
	if b == nil {
		return
	}
	streams := map[string]*Op{}
	for _, op := range b.Ops {
		least := min
		if op.When != nil || len(op.Cases) > 0 {
			least = 0
		}
		switch {
		case op.Call != nil:
			streams[op.ID] = op
			pages := 1
			if op.Call.Paginate != nil {
				pages = op.Call.pages()
			} else if op.Repeat != nil {
				pages = -1
			}
			e.add(op.Call.API, each, least, times(max, pages))
		case op.Run != nil && op.Run.Plan != nil:
			e.block(op.Run.Plan.Steps, each, least, max)
		case op.ForEach != nil:
			e.loop(op, streams, each, least, max)
		}
	}
}

func (e *estimator) loop(op *Op, streams map[string]*Op, each []string, min, max int) {
	low, high := op.ForEach.length(streams)
	if op.ForEach.Where != nil {
		low = 0
	}
	if high < 0 {
		e.block(op.ForEach.Block, append(each[:len(each):len(each)], op.ID), 1, 1)
		return
	}
	e.block(op.ForEach.Block, each, min*low, times(max, high))
}

func (e *estimator) add(api string, each []string, min, max int) {
	parts := e.apis[api]
	for i, p := range parts {
		if slices.Equal(p.Each, each) {
			if parts[i].Min += min; p.Max < 0 || max < 0 {
				parts[i].Max = -1
			} else {
				parts[i].Max += max
			}
			return
		}
	}
	e.apis[api] = append(parts, Part{each, min, max})
}

func times(a, b int) int {
	if a < 0 || b < 0 {
		return -1
	}
	return a * b
}

// length is the bounds of the number of a loop's items; high is -1 where there is none.
func (f *ForEach) length(streams map[string]*Op) (low, high int) {
	if f.Stream != "" {
		if source := streams[f.Stream]; source != nil && source.Call.Paginate != nil && source.Call.Paginate.Limit > 0 {
			return 0, int(source.Call.Paginate.Limit)
		}
		return 0, -1
	}
	if f.In == nil || f.In.Type == nil || !f.In.Type.Is(types.Array) {
		return 0, -1
	}
	low, high = -1, -1
	for i, l := range f.In.Type.Shape().Arrays {
		if l.MaxLen < 0 || l.MaxLen > 1_000_000 {
			return 0, -1
		}
		if high = max(high, l.MaxLen); i == 0 || l.MinLen < low {
			low = l.MinLen
		}
	}
	return max(low, 0), high
}

// pages is the most pages of a call, where its items are bounded and how many come with a page is written; else -1.
func (c *Call) pages() int {
	if c.Paginate.Limit == 0 {
		return -1
	}
	for _, p := range c.Params {
		if p.In != "query" || !slices.Contains(sizes, strings.NewReplacer("_", "", "-", "", "[", "", "]", "").Replace(strings.ToLower(p.Name))) {
			continue
		}
		if v, ok := p.Value.Const(); ok {
			if n, ok := v.(int); ok && n > 0 {
				return int((c.Paginate.Limit + int64(n) - 1) / int64(n))
			}
		}
	}
	return -1
}

// sizes are names of parameters that say how many items come with a page.
var sizes = []string{"perpage", "pagesize", "limit", "size", "maxresults", "pagelimit", "top", "$top", "first", "count"}
