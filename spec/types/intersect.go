package types

import (
	"fmt"
	"slices"
	"sync"
)

// Intersect returns the type of the values that are in both a and b.
func Intersect(a, b *Type) *Type { return new(meet).types(a, b) }

// meet is one intersection with all those it leads to in the parts of its types. It remembers them, so
// that intersecting recursive types gives recursive types.
type meet struct {
	mu    sync.Mutex
	pairs map[[2]*Type]*Type
	whole map[string]*Type // by the ids of the types that are intersected, each once
	parts map[*Type][]int
	ids   map[*Type]int
}

func (m *meet) types(a, b *Type) *Type {
	switch {
	case a == b || b == Invalid || a == Never || b == Any && a.Origin != (Origin{}):
		return a
	case a == Invalid || b == Never || a == Any && b.Origin != (Origin{}):
		return b
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if t, ok := m.pairs[[2]*Type{a, b}]; ok {
		return t
	}
	if m.pairs == nil {
		m.pairs, m.whole = map[[2]*Type]*Type{}, map[string]*Type{}
		m.parts, m.ids = map[*Type][]int{}, map[*Type]int{}
	}
	// What is intersected with one of its own parts is the same again; without seeing that, some
	// recursive types would unfold for ever.
	parts := slices.Concat(m.partsOf(a), m.partsOf(b))
	slices.Sort(parts)
	parts = slices.Compact(parts)
	key := fmt.Sprint(parts)
	t, ok := m.whole[key]
	if !ok {
		t = &Type{Name: a.Name, Origin: a.Origin}
		if t.Name == "" {
			t.Name = b.Name
		}
		if t.Origin == (Origin{}) {
			t.Origin = b.Origin
		}
		t.force = func(f *forcing) *Shape { return m.shapes(f, a.shapeIn(f), b.shapeIn(f)) }
		m.whole[key] = t
		m.parts[t] = parts
	}
	m.pairs[[2]*Type{a, b}] = t
	return t
}

// partsOf returns the ids of the types whose intersection t is.
func (m *meet) partsOf(t *Type) []int {
	if parts, ok := m.parts[t]; ok {
		return parts
	}
	id, ok := m.ids[t]
	if !ok {
		id = len(m.ids)
		m.ids[t] = id
	}
	return []int{id}
}

// maxProduct bounds how many pairs of alternatives are intersected; beyond it one side is kept as a
// condition.
const maxProduct = 2000

// shapes intersects two shapes.
func (m *meet) shapes(f *forcing, a, b *Shape) *Shape {
	switch {
	case a.Invalid || b.Kinds == AnyJSON && b.Untyped && b.Opaque == nil && a.Kinds&^AnyJSON == 0:
		return a
	case b.Invalid || a.Kinds == AnyJSON && a.Untyped && a.Opaque == nil && b.Kinds&^AnyJSON == 0:
		return b
	}
	x := &crossing{meet: m, f: f}
	s := &Shape{
		Kinds:         a.Kinds & b.Kinds,
		Discriminator: a.Discriminator,
		Opaque:        concat(a.Opaque, b.Opaque),
		Untyped:       a.Untyped && b.Untyped,
	}
	if s.Discriminator == "" {
		s.Discriminator = b.Discriminator
	}
	s.Booleans = cross(s, Boolean, wrapBools(a.Booleans), wrapBools(b.Booleans), x, func(p, q *bool) *bool {
		if *p != *q {
			return nil
		}
		return p
	}).bools()
	s.Numbers = cross(s, Number, a.Numbers, b.Numbers, x, x.numerics)
	s.Strings = cross(s, String, a.Strings, b.Strings, x, x.texts)
	s.Arrays = cross(s, Array|Stream, a.Arrays, b.Arrays, x, x.lists)
	s.Objects = cross(s, Object, a.Objects, b.Objects, x, x.fields)
	if x.lossy {
		for _, side := range []*Shape{a, b} {
			s.Opaque = append(s.Opaque[:len(s.Opaque):len(s.Opaque)], &Opaque{Why: "both of two sets of conditions", rule: ruleAny, types: []*Type{New(side)}})
		}
	}
	s.tidy()
	return s
}

type boolList []*bool

func wrapBools(bs []bool) boolList {
	var out boolList
	for i := range bs {
		out = append(out, &bs[i])
	}
	return out
}

func (l alternatives[A]) bools() []bool {
	var out []bool
	for _, b := range l {
		if b, ok := any(b).(*bool); ok {
			out = append(out, *b)
		}
	}
	return out
}

type alternatives[A any] []*A

// crossing is the state of intersecting two shapes. lossy says that the result has more values than
// the intersection.
type crossing struct {
	*meet
	f     *forcing
	lossy bool
}

// cross intersects the alternatives of a kind pair by pair, and takes the kind from s if none has values.
func cross[A any](s *Shape, k Kind, as, bs []*A, x *crossing, pair func(p, q *A) *A) alternatives[A] {
	if !s.Kinds.Has(k) || bs == nil {
		return as
	}
	if as == nil {
		return bs
	}
	if len(as)*len(bs) > maxProduct {
		x.lossy = true
		return as
	}
	var out []*A
	for _, p := range as {
		for _, q := range bs {
			r := p
			if p != q {
				r = pair(p, q)
			}
			if r != nil && !slices.Contains(out, r) {
				out = append(out, r)
			}
		}
	}
	if out == nil {
		s.Kinds &^= k
	}
	return out
}

func (x *crossing) numerics(p, q *Numeric) *Numeric {
	n := &Numeric{Enum: p.Enum, Min: p.Min, Max: p.Max, ExclusiveMin: p.ExclusiveMin, ExclusiveMax: p.ExclusiveMax, MultipleOf: p.MultipleOf, Format: p.Format}
	if q.Min != nil {
		if c := compareBounds(p.Min, q.Min, -1); c < 0 || c == 0 && q.ExclusiveMin {
			n.Min, n.ExclusiveMin = q.Min, q.ExclusiveMin
		}
	}
	if q.Max != nil {
		if c := compareBounds(p.Max, q.Max, 1); c > 0 || c == 0 && q.ExclusiveMax {
			n.Max, n.ExclusiveMax = q.Max, q.ExclusiveMax
		}
	}
	if n.Format == "" || n.Format == "int64" && q.Format != "" {
		n.Format = q.Format
	}
	if q.MultipleOf != nil {
		if n.MultipleOf == nil {
			n.MultipleOf = q.MultipleOf
		} else {
			n.MultipleOf = commonMultiple(*n.MultipleOf, *q.MultipleOf)
		}
	}
	if p.Enum != nil || q.Enum != nil {
		enum := p.Enum
		if enum == nil {
			enum = q.Enum
		}
		n.Enum = nil
		for _, e := range enum {
			if p.misfit(e) == "" && q.misfit(e) == "" {
				n.Enum = append(n.Enum, e)
			}
		}
		if n.Enum == nil {
			return nil
		}
		return &Numeric{Enum: n.Enum, Format: n.Format}
	}
	if n.Min != nil && n.Max != nil {
		if c := n.Min.Cmp(*n.Max); c > 0 || c == 0 && (n.ExclusiveMin || n.ExclusiveMax) {
			return nil
		}
	}
	return n
}

// compareBounds compares p with q, where nil is less than everything (unbounded -1) or more (1).
func compareBounds(p, q *Num, unbounded int) int {
	if p == nil {
		return unbounded
	}
	return p.Cmp(*q)
}

func (x *crossing) texts(p, q *Text) *Text {
	t := &Text{Format: p.Format, Patterns: p.Patterns, MinLen: max(p.MinLen, q.MinLen), MaxLen: lesserBound(p.MaxLen, q.MaxLen)}
	if p.Enum != nil || q.Enum != nil {
		enum := p.Enum
		if enum == nil {
			enum = q.Enum
		}
		for _, e := range enum {
			if p.holds(e) && q.holds(e) {
				t.Enum = append(t.Enum, e)
			}
		}
		if t.Enum == nil {
			return nil
		}
		return &Text{Enum: t.Enum, MaxLen: -1}
	}
	for _, s := range q.Patterns {
		if !slices.Contains(t.Patterns, s) {
			t.Patterns = append(t.Patterns[:len(t.Patterns):len(t.Patterns)], s)
		}
	}
	switch {
	case t.Format == "":
		t.Format = q.Format
	case q.Format == "" || q.Format == t.Format:
	case apart[q.Format] && apart[t.Format]:
		return nil
	case formats[t.Format] == nil:
		t.Format = q.Format
	case formats[q.Format] != nil:
		x.lossy = true
	}
	if t.MaxLen >= 0 && t.MinLen > t.MaxLen {
		return nil
	}
	return t
}

// lesserBound is the lesser of two bounds of which -1 is none.
func lesserBound(a, b int) int {
	if a < 0 || b >= 0 && b < a {
		return b
	}
	return a
}

func (x *crossing) lists(p, q *List) *List {
	l := &List{
		MinLen: max(p.MinLen, q.MinLen),
		MaxLen: lesserBound(p.MaxLen, q.MaxLen),
		Unique: p.Unique || q.Unique,
	}
	for i := range max(len(p.Prefix), len(q.Prefix)) {
		l.Prefix = append(l.Prefix, x.types(p.item(i), q.item(i)))
	}
	switch {
	case p.Items == nil:
		l.Items = q.Items
	case q.Items == nil:
		l.Items = p.Items
	default:
		l.Items = x.types(p.Items, q.Items)
	}
	if l.MaxLen >= 0 && l.MinLen > l.MaxLen {
		return nil
	}
	return l
}

func (x *crossing) fields(p, q *Fields) *Fields {
	o := &Fields{MinCount: max(p.MinCount, q.MinCount), MaxCount: lesserBound(p.MaxCount, q.MaxCount)}
	if p.Name == q.Name {
		o.Name = p.Name
	}
	for _, a := range p.Properties {
		b := q.lookup(a.Name)
		if b == nil {
			b = q.implied(a.Name, x.meet)
		}
		if !x.property(o, a, b) {
			return nil
		}
	}
	for _, b := range q.Properties {
		if p.lookup(b.Name) == nil && !x.property(o, b, p.implied(b.Name, x.meet)) {
			return nil
		}
	}
	o.Properties = sortedProperties(o.Properties)
	o.Patterns = slices.Clone(p.Patterns)
	for _, b := range q.Patterns {
		i := slices.IndexFunc(o.Patterns, func(a PatternProperty) bool { return a.Pattern == b.Pattern })
		if i < 0 {
			o.Patterns = append(o.Patterns, b)
		} else {
			o.Patterns[i].Type = x.types(o.Patterns[i].Type, b.Type)
		}
	}
	x.openness(o, p, q)
	if o.MaxCount >= 0 && o.MinCount > o.MaxCount {
		return nil
	}
	return o
}

// implied returns what f says about a property that it does not declare; nil for nothing.
func (f *Fields) implied(name string, m *meet) *Property {
	var t *Type
	for i, pattern := range f.matchers() {
		if pattern.matches(name) {
			if t == nil {
				t = f.Patterns[i].Type
			} else {
				t = m.types(t, f.Patterns[i].Type)
			}
		}
	}
	if t == nil {
		switch {
		case f.Openness == Closed:
			t = Never
		case f.Openness == Open && f.Additional != nil:
			t = f.Additional
		default:
			return nil
		}
	}
	return &Property{Name: name, Type: t}
}

// property adds to o what a and b say together about a property; false if it must be there and can't.
func (x *crossing) property(o *Fields, a, b *Property) bool {
	if b == nil {
		o.Properties = append(o.Properties, a)
		return true
	}
	both := &Property{
		Name:       a.Name,
		Type:       x.types(a.Type, b.Type),
		Required:   a.Required || b.Required,
		ReadOnly:   a.ReadOnly || b.ReadOnly,
		WriteOnly:  a.WriteOnly || b.WriteOnly,
		Deprecated: a.Deprecated || b.Deprecated,
		Origin:     a.Origin,
	}
	if both.Origin == (Origin{}) {
		both.Origin = b.Origin
	}
	if a.withheld() || b.withheld() {
		// It does not travel this way, whoever requires it (OpenAPI 3.0.3 §4.7.24.2, readOnly).
		both.Type, both.Required = Never, false
	} else if x.empty(both.Type, a.Type, b.Type) {
		if both.Required {
			return false
		}
		both.Type = Never
	}
	o.Properties = append(o.Properties, both)
	return true
}

// withheldWhy says why a withheld property must not be there.
func (p *Property) withheldWhy() string {
	if p.ReadOnly {
		return "is read-only, so it can't be sent"
	}
	return "is write-only, so it can't be in an answer"
}

// withheld reports whether a property is there in the other direction only.
func (p *Property) withheld() bool { return (p.ReadOnly || p.WriteOnly) && p.Type == Never }

// empty reports whether t, made of a and b, is known to have no values. It looks only at types that
// have been looked at before, so that nothing is read for its sake.
func (x *crossing) empty(t, a, b *Type) bool {
	if t == Never {
		return true
	}
	if a.shape.Load() == nil || b.shape.Load() == nil || x.f.endless(t) {
		return false
	}
	s := t.shapeIn(x.f)
	return s.Kinds == 0
}

func (x *crossing) openness(o, p, q *Fields) {
	switch {
	case p.Openness == Closed || q.Openness == Closed:
		o.Openness = Closed
	case p.Openness == Open || q.Openness == Open:
		o.Openness = Open
		switch {
		case p.Additional == nil:
			o.Additional = q.Additional
		case q.Additional == nil:
			o.Additional = p.Additional
		default:
			o.Additional = x.types(p.Additional, q.Additional)
		}
	}
	// A name that a pattern of one side allows and the other side restricts has no place in o.
	if len(o.Patterns) > 0 && (p.Openness != Unstated || q.Openness != Unstated) {
		x.lossy = true
	}
}
