package types

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"time"
)

// GenerateOptions bound what [Generate] makes. Zero fields mean the defaults.
type GenerateOptions struct {
	Items  int // most elements of a list that asks for no more; default 3
	Values int // scalars, lists and objects in all before only what is required is added; default 2,000
}

// Generate makes a value of t, such as an API might give: text is words unless a format, a pattern or
// an enum says otherwise, most optional properties are there, nested ones fewer. The same t and the
// same source of chance give the same value. The error says that none was found, which does not mean
// that there is none.
func Generate(t *Type, r *rand.Rand, o GenerateOptions) (any, error) {
	if o.Items == 0 {
		o.Items = 3
	}
	if o.Values == 0 {
		o.Values = 2000
	}
	const tries = 10
	for range tries {
		g := &generator{r: r, items: o.Items, left: o.Values, steps: 20*o.Values + 100_000}
		if v, ok := g.value(t, 0); ok && t.Contains(v) {
			return v, nil
		}
	}
	return nil, fmt.Errorf("no value was found that is %s", t.Phrase())
}

// generator makes one value.
type generator struct {
	r     *rand.Rand
	items int
	left  int  // values until only what is required is added
	steps int  // values until it gives up; failed attempts count
	long  bool // text is made as long as it may be: the usual did not do
}

const (
	sparseDepth = 5  // from here on only what is required is added
	maxGenerate = 60 // how deep a value may become
	attempts    = 20 // how often one part is tried
)

// sparse reports whether only what is required is to be added.
func (g *generator) sparse(depth int) bool { return depth >= sparseDepth || g.left <= 0 }

// value makes a value of t; ok is false if none was found.
func (g *generator) value(t *Type, depth int) (v any, ok bool) {
	g.left--
	if g.steps--; g.steps < 0 || depth > maxGenerate {
		return nil, false
	}
	s := t.Shape()
	if s.Invalid || s.Untyped && len(s.Opaque) == 0 {
		return g.words(1), true
	}
	tries := 1
	if len(s.Opaque) > 0 {
		tries = attempts
	}
	defer func(was bool) { g.long = was }(g.long)
	for i := range tries {
		g.long = i%4 == 3
		for _, k := range g.kinds(s, depth) {
			if v, ok := g.kind(s, k, depth); ok && holdsAll(s, v) {
				return v, true
			}
		}
	}
	return nil, false
}

func holdsAll(s *Shape, v any) bool {
	c := checker{steps: maxSteps}
	for _, o := range s.Opaque {
		if !c.holds(o, v) {
			return false
		}
	}
	return true
}

// kinds lists the kinds of s in the order in which to try them: where little room is left, the small
// ones first; null is rare elsewhere.
func (g *generator) kinds(s *Shape, depth int) []Kind {
	small := []Kind{Null, Boolean, Integer, Fraction, String, Time, Duration, Bytes}
	large := []Kind{Object, Array}
	g.r.Shuffle(len(small)-1, func(i, j int) { small[i+1], small[j+1] = small[j+1], small[i+1] })
	if g.r.IntN(2) == 0 {
		slices.Reverse(large)
	}
	var order []Kind
	switch {
	case g.sparse(depth):
		order = append(append(small[1:], Null), large...)
	case depth > 0 && g.r.IntN(8) == 0:
		order = append(small, large...)
	case g.r.IntN(2) == 0:
		order = append(append(large, small[1:]...), Null)
	default:
		order = append(append(small[1:], large...), Null)
	}
	return slices.DeleteFunc(order, func(k Kind) bool { return !s.Kinds.Has(k) })
}

func (g *generator) kind(s *Shape, k Kind, depth int) (any, bool) {
	switch k {
	case Null:
		return nil, true
	case Boolean:
		if len(s.Booleans) == 1 {
			return s.Booleans[0], true
		}
		return g.r.IntN(2) == 0, true
	case Integer, Fraction:
		return g.number(s, k)
	case String:
		return g.text(s)
	case Array:
		return g.array(s, depth)
	case Object:
		return g.object(s, depth)
	case Time:
		return g.moment(), true
	case Duration:
		return time.Duration(1+g.r.IntN(3600)) * time.Second, true
	case Bytes:
		b := make([]byte, 16)
		for i := range b {
			b[i] = byte(g.r.IntN(256))
		}
		return b, true
	}
	return nil, false
}

// moment is a time within two years, in whole seconds.
func (g *generator) moment() time.Time {
	return time.Date(2025, 1, 1, 0, 0, 0, 0, time.UTC).Add(time.Duration(g.r.IntN(2*365*24*3600)) * time.Second)
}

func (g *generator) array(s *Shape, depth int) (any, bool) {
	if s.Arrays == nil {
		return []any{}, true
	}
	for _, i := range g.r.Perm(len(s.Arrays)) {
		if list, ok := g.list(s, s.Arrays[i], depth); ok {
			return list, true
		}
	}
	return nil, false
}

func (g *generator) list(s *Shape, l *List, depth int) (any, bool) {
	n := l.MinLen
	if !g.sparse(depth) {
		n = max(n, len(l.Prefix))
		if l.Items != nil && l.Items.Kinds() != 0 {
			n = max(n, 1) + g.r.IntN(g.items)
		}
	}
	must := containing(s)
	if must != nil {
		n = max(n, must.min)
	}
	if l.MaxLen >= 0 {
		n = min(n, l.MaxLen)
	}
	list := make([]any, 0, min(n, 1000))
	for i := range n {
		t := l.item(i)
		if must != nil && i < must.min {
			t = Intersect(t, must.types[0])
		}
		v, ok := g.another(t, list, l.Unique, depth)
		if !ok {
			return list, len(list) >= l.MinLen
		}
		list = append(list, v)
	}
	return list, true
}

// containing is the constraint that some elements must be of a type; nil if there is none.
func containing(s *Shape) *Opaque {
	for _, o := range s.Opaque {
		if o.rule == ruleContains {
			return o
		}
	}
	return nil
}

// another makes an element for list, one that is not in it yet if that matters.
func (g *generator) another(t *Type, list []any, unique bool, depth int) (any, bool) {
	for range attempts {
		v, ok := g.value(t, depth+1)
		if !ok {
			return nil, false
		}
		if !unique || !slices.ContainsFunc(list, func(e any) bool { return Equal(e, v) }) {
			return v, true
		}
	}
	return nil, false
}

func (g *generator) object(s *Shape, depth int) (any, bool) {
	if s.Objects == nil {
		return map[string]any{}, true
	}
	for _, i := range g.r.Perm(len(s.Objects)) {
		if v, ok := g.fields(s, s.Objects[i], depth); ok {
			return v, true
		}
	}
	return nil, false
}

func (g *generator) fields(s *Shape, f *Fields, depth int) (map[string]any, bool) {
	out := map[string]any{}
	var optional []*Property
	for _, p := range f.Properties {
		if !p.Required {
			optional = append(optional, p)
			continue
		}
		v, ok := g.value(p.Type, depth+1)
		if !ok {
			return nil, false
		}
		out[p.Name] = v
	}
	for _, p := range optional {
		wanted := len(out) < f.MinCount || g.wants(p, depth)
		if !wanted || f.MaxCount >= 0 && len(out) >= f.MaxCount || p.Type.Kinds()&^Absent == 0 {
			continue
		}
		if v, ok := g.value(p.Type, depth+1); ok {
			out[p.Name] = v
		}
	}
	g.further(s, f, out, depth)
	if len(f.Patterns) > 0 { // a declared property may also be one that a pattern speaks of
		c := checker{steps: maxSteps}
		return out, c.fields(f, out)
	}
	return out, len(out) >= f.MinCount
}

// wants decides whether an optional property is added: most scalars, and of what nests the fewer the
// deeper.
func (g *generator) wants(p *Property, depth int) bool {
	if g.sparse(depth) || p.Deprecated && g.r.IntN(2) == 0 {
		return false
	}
	if p.Type.May(Object | Array) {
		return g.r.IntN(2<<depth) < 2
	}
	return g.r.IntN(10) > 0
}

// further adds properties that are not declared by name: to an object that is a map, or that needs more.
func (g *generator) further(s *Shape, f *Fields, out map[string]any, depth int) {
	wanted := f.MinCount
	if len(f.Properties) == 0 && f.Additional != nil && !g.sparse(depth) {
		wanted = max(wanted, 1+g.r.IntN(2))
	}
	if f.MaxCount >= 0 {
		wanted = min(wanted, f.MaxCount)
	}
	if f.Openness == Closed && len(f.Patterns) == 0 {
		return
	}
	for range attempts {
		if len(out) >= wanted {
			return
		}
		name, t, ok := g.member(s, f)
		if !ok {
			continue
		}
		if v, ok := g.value(t, depth+1); ok {
			out[name] = v
		}
	}
}

// member makes the name of an undeclared property, and gives its type.
func (g *generator) member(s *Shape, f *Fields) (string, *Type, bool) {
	if len(f.Patterns) > 0 && (f.Openness == Closed || g.r.IntN(2) == 0) {
		p := f.Patterns[g.r.IntN(len(f.Patterns))]
		name, ok := g.matching(p.Pattern, 1)
		return name, p.Type, ok && f.lookup(name) == nil
	}
	name := g.word()
	for _, o := range s.Opaque {
		if o.rule == ruleNames {
			v, _ := g.value(o.types[0], 0)
			text, ok := v.(string)
			if !ok {
				return "", nil, false
			}
			name = text
		}
	}
	if f.lookup(name) != nil {
		name += strconv.Itoa(g.r.IntN(1000))
	}
	t := f.Additional
	if t == nil {
		t = AnyString
	}
	return name, t, f.lookup(name) == nil
}
