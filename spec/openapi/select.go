package openapi

import (
	"strings"

	"github.com/theory/jsonpath/spec"
)

// hit is a value that a path selects: the nth of its parent's members, or the root.
type hit struct {
	parent *limb
	n      int
	v      *limb
}

// selected evaluates a JSONPath query (RFC 9535). The library evaluates filters; the walk is ours, since
// it must not decode the document. A value that is selected twice is there once.
func (a *amendment) selected(q *spec.PathQuery) []hit {
	hits := []hit{{v: a.root}}
	for _, s := range q.Segments() {
		var next []hit
		seen := map[*limb]bool{}
		add := func(h hit) {
			a.spend(1)
			if !seen[h.v] {
				seen[h.v] = true
				next = append(next, h)
			}
		}
		for _, h := range hits {
			a.segment(s, h.v, add)
		}
		hits = next
	}
	return hits
}

func (a *amendment) segment(s *spec.Segment, l *limb, add func(hit)) {
	for _, x := range s.Selectors() {
		a.choose(x, l, add)
	}
	if s.IsDescendant() {
		list := a.members(l)
		for i := range list {
			a.segment(s, list[i].v, add)
		}
	}
}

// choose adds what one selector selects of the members of l.
func (a *amendment) choose(x spec.Selector, l *limb, add func(hit)) {
	switch x := x.(type) {
	case spec.Name:
		if w := a.member(l, string(x)); w != nil {
			for i := range l.list {
				if &l.list[i] == w {
					add(hit{l, i, w.v})
				}
			}
		}
	case spec.Index:
		if !l.isArray() {
			return
		}
		list, i := a.members(l), int(x)
		if i < 0 {
			i += len(list)
		}
		if i >= 0 && i < len(list) {
			add(hit{l, i, list[i].v})
		}
	case spec.SliceSelector:
		if l.isArray() {
			a.slice(x, l, add)
		}
	case spec.WildcardSelector:
		for i, w := range a.members(l) {
			add(hit{l, i, w.v})
		}
	case *spec.FilterSelector:
		a.filter(x, l, add)
	}
}

func (a *amendment) slice(x spec.SliceSelector, l *limb, add func(hit)) {
	list := a.members(l)
	lower, upper := x.Bounds(len(list))
	switch step := x.Step(); {
	case step > 0:
		for i := lower; i < upper; i += step {
			add(hit{l, i, list[i].v})
		}
	case step < 0:
		for i := upper; i > lower; i += step {
			add(hit{l, i, list[i].v})
		}
	}
}

// filter adds the members for which a filter holds.
func (a *amendment) filter(x *spec.FilterSelector, l *limb, add func(hit)) {
	f, known := a.filters[x]
	if !known {
		f = weigh(x.String())
		a.filters[x] = f
	}
	var root any
	if f.root {
		root = a.value(a.root)
	}
	for i, w := range a.members(l) {
		a.spend(f.fixed + f.share*((w.v.end-w.v.at)/16))
		if f.heavy {
			a.spend(max(3, f.share/8) * (a.root.end - a.root.at))
		}
		if x.Eval(a.value(w.v), root) {
			add(hit{l, i, w.v})
		}
	}
}

// weight is what one evaluation of a filter may cost.
type weight struct {
	fixed int
	share int // per 16 bytes of the value
	root  bool
	heavy bool // it may walk over the whole document
}

// weigh judges a filter by its text: descents multiply, and regular expressions are compiled each time.
func weigh(text string) weight {
	w := weight{fixed: 1 + len(text)/32}
	repeats := strings.Contains(text, "{")
	text = unquoted(text)
	if n := strings.Count(text, ".."); n > 0 {
		w.share = 1 << min(4*n+2, 24)
	} else if strings.ContainsAny(text, "*:?") {
		w.share = 1
	}
	if strings.Contains(text, "match(") || strings.Contains(text, "search(") {
		if w.fixed += 20 * w.fixed * 32; repeats {
			w.fixed *= 20
		}
	}
	w.root = strings.Contains(text, "$")
	w.heavy = w.root && w.share > 0
	return w
}

// unquoted is a path without the texts in quotes.
func unquoted(path string) string {
	var b strings.Builder
	for i := 0; i < len(path); i++ {
		quote := path[i]
		b.WriteByte(quote)
		if quote != '"' && quote != '\'' {
			continue
		}
		for i++; i < len(path) && path[i] != quote; i++ {
			if path[i] == '\\' {
				i++
			}
		}
	}
	return b.String()
}
