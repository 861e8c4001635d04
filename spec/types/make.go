package types

import (
	"slices"
	"strings"
	"time"
)

var (
	anyShape = &Shape{Kinds: AnyJSON, Untyped: true}
	minInt64 = mustNum("-9223372036854775808")
	maxInt64 = mustNum("9223372036854775807")
	minInt32 = mustNum("-2147483648")
	maxInt32 = mustNum("2147483647")
	one      = mustNum("1")
)

func mustNum(s string) *Num {
	n, err := ParseNum(s)
	if err != nil {
		panic("this is a bug in Tenon: " + err.Error())
	}
	return &n
}

// The simple types. Any is every JSON value, with nothing known about it; Never has no values; Invalid
// is the type of what has already been reported as wrong. AnyInteger holds the integers of 64 bits, as
// an integer without a format does.
var (
	Any         = named("any", anyShape)
	Never       = named("never", &Shape{})
	Invalid     = named("", &Shape{Kinds: ^Kind(0), Untyped: true, Invalid: true})
	AnyString   = New(&Shape{Kinds: String})
	AnyInteger  = New(&Shape{Kinds: Integer, Numbers: []*Numeric{{Min: minInt64, Max: maxInt64, Format: "int64"}}})
	AnyNumber   = New(&Shape{Kinds: Number})
	AnyBoolean  = New(&Shape{Kinds: Boolean})
	JustNull    = New(&Shape{Kinds: Null})
	JustAbsent  = New(&Shape{Kinds: Absent})
	AnyTime     = New(&Shape{Kinds: Time})
	AnyDuration = New(&Shape{Kinds: Duration})
	AnyBytes    = New(&Shape{Kinds: Bytes})
	AnyFile     = New(&Shape{Kinds: File})
)

// New returns the type with the shape s, which must not change afterwards.
func New(s *Shape) *Type {
	t := new(Type)
	t.shape.Store(s)
	return t
}

func named(name string, s *Shape) *Type {
	t := New(s)
	t.Name = name
	return t
}

// Const returns the type of exactly the value v. An object becomes a closed object of constant
// properties, an array a tuple of constants.
func Const(v any) *Type {
	switch v := v.(type) {
	case MissingValue:
		return JustAbsent
	case nil:
		return JustNull
	case bool:
		return New(&Shape{Kinds: Boolean, Booleans: []bool{v}})
	case string:
		return New(&Shape{Kinds: String, Strings: []*Text{{Enum: []string{v}, MaxLen: -1}}})
	case int, float64, Num:
		n, ok := NumOf(v)
		if !ok {
			return Never
		}
		return New(&Shape{Kinds: kindOf(v), Numbers: []*Numeric{{Enum: []Num{n}}}})
	case []any:
		l := &List{Prefix: make([]*Type, len(v)), Items: Never, MinLen: len(v), MaxLen: len(v)}
		for i, e := range v {
			l.Prefix[i] = Const(e)
		}
		return New(&Shape{Kinds: Array, Arrays: []*List{l}})
	case map[string]any:
		props := make([]*Property, 0, len(v))
		for name, e := range v {
			props = append(props, &Property{Name: name, Type: Const(e), Required: true})
		}
		return ObjectOf(props...)
	case time.Time:
		return AnyTime
	case time.Duration:
		return AnyDuration
	case []byte:
		return AnyBytes
	case *FileValue:
		return AnyFile
	}
	return Invalid
}

// Enum returns the type of the given values.
func Enum(values ...any) *Type {
	ts := make([]*Type, len(values))
	for i, v := range values {
		ts[i] = Const(v)
	}
	return Union(ts...)
}

// ListOf returns the type of arrays whose elements are all in item.
func ListOf(item *Type) *Type {
	return New(&Shape{Kinds: Array, Arrays: []*List{{Items: item, MaxLen: -1}}})
}

// TupleOf returns the type of arrays of exactly len(items) elements, each in its own type.
func TupleOf(items ...*Type) *Type {
	n := len(items)
	return New(&Shape{Kinds: Array, Arrays: []*List{{Prefix: items, Items: Never, MinLen: n, MaxLen: n}}})
}

// StreamOf returns the type of streams of items.
func StreamOf(item *Type) *Type {
	return New(&Shape{Kinds: Stream, Arrays: []*List{{Items: item, MaxLen: -1}}})
}

// MapOf returns the type of objects with any names, whose values are all in value.
func MapOf(value *Type) *Type {
	return New(&Shape{Kinds: Object, Objects: []*Fields{{Openness: Open, Additional: value, MaxCount: -1}}})
}

// ObjectOf returns the type of objects with these properties and no others. The properties are sorted
// by name; of two with one name the later counts.
func ObjectOf(props ...*Property) *Type {
	return New(&Shape{Kinds: Object, Objects: []*Fields{{Properties: sortedProperties(props), Openness: Closed, MaxCount: -1}}})
}

func sortedProperties(props []*Property) []*Property {
	out := slices.Clone(props)
	slices.SortStableFunc(out, func(a, b *Property) int { return strings.Compare(a.Name, b.Name) })
	kept := out[:0]
	for i, p := range out {
		if i+1 < len(out) && out[i+1].Name == p.Name {
			continue
		}
		kept = append(kept, p)
	}
	return kept
}

// With returns t together with every value of the kinds k.
func (t *Type) With(k Kind) *Type {
	if t.shape.Load() != nil && t.shape.Load().Kinds&k == k && k&^(Absent|Null) == 0 {
		return t
	}
	if known := t.orAbsent.Load(); known != nil && k == Absent {
		return known
	}
	with := derive(t.Name, t.Origin, func(f *forcing) *Shape {
		return t.shapeIn(f).with(k)
	}, t)
	if k == Absent && !t.orAbsent.CompareAndSwap(nil, with) {
		return t.orAbsent.Load()
	}
	return with
}

// with is s together with every value of the kinds k. Conditions do not hold for those.
func (s *Shape) with(k Kind) *Shape {
	c := *unite(s, &Shape{Kinds: k})
	c.Opaque = s.Opaque
	if len(s.Opaque) > 0 && k&^Absent != 0 {
		c.Opaque = []*Opaque{{Why: s.Opaque[0].Why, rule: ruleAny, types: []*Type{New(&Shape{Kinds: k &^ Absent}), New(s)}}}
	}
	return &c
}

// Without returns t without the values of the kinds k.
func (t *Type) Without(k Kind) *Type {
	if s := t.shape.Load(); s != nil && s.Kinds&k == 0 {
		return t
	}
	return derive(t.Name, t.Origin, func(f *forcing) *Shape { return t.shapeIn(f).only(^k) }, t)
}

// Only returns the values of t that are of the kinds k.
func (t *Type) Only(k Kind) *Type { return t.Without(^k) }

func (s *Shape) only(k Kind) *Shape {
	if s.Invalid || s.Kinds&^k == 0 {
		return s
	}
	c := *s
	c.Kinds &= k
	c.tidy()
	return &c
}

// tidy drops the alternatives of kinds that are not there.
func (s *Shape) tidy() {
	if !s.Kinds.Has(Boolean) {
		s.Booleans = nil
	}
	if !s.Kinds.Has(Number) {
		s.Numbers = nil
	}
	if !s.Kinds.Has(String) {
		s.Strings = nil
	}
	if !s.Kinds.Has(Array | Stream) {
		s.Arrays = nil
	}
	if !s.Kinds.Has(Object) {
		s.Objects, s.Discriminator = nil, ""
	}
	if !s.Kinds.Has(AnyJSON) {
		s.Opaque, s.Untyped = nil, s.Invalid
	}
}

// Union returns the type of the values that are in at least one of ts.
func Union(ts ...*Type) *Type {
	kept := make([]*Type, 0, len(ts))
	for _, t := range ts {
		if t != Never && !slices.Contains(kept, t) {
			kept = append(kept, t)
		}
	}
	switch len(kept) {
	case 0:
		return Never
	case 1:
		return kept[0]
	}
	return derive("", Origin{}, func(f *forcing) *Shape {
		shapes := make([]*Shape, len(kept))
		for i, t := range kept {
			shapes[i] = t.shapeIn(f)
		}
		return uniteAll(kept, shapes)
	}, kept...)
}

// uniteAll unites the shapes of ts. Constraints without normal form hold for their own alternative
// only, so the union keeps them as one constraint: at least one of ts.
func uniteAll(ts []*Type, shapes []*Shape) *Shape {
	s, opaque, everything := &Shape{}, false, false
	for _, o := range shapes {
		opaque = opaque || len(o.Opaque) > 0
		everything = everything || o.Untyped && o.Kinds&AnyJSON == AnyJSON && len(o.Opaque) == 0
		s = unite(s, o)
	}
	if opaque && !everything && !s.Invalid {
		c := *s
		c.Opaque = []*Opaque{{Why: "alternatives with conditions", rule: ruleAny, types: ts}}
		return &c
	}
	return s
}

// unite is the union of two shapes but for their opaque constraints.
func unite(a, b *Shape) *Shape {
	if a.Invalid || b.Kinds == 0 {
		return a.withoutOpaque()
	}
	if b.Invalid || a.Kinds == 0 {
		return b.withoutOpaque()
	}
	s := &Shape{Kinds: a.Kinds | b.Kinds, Untyped: a.Untyped || b.Untyped}
	s.Booleans = uniteBooleans(a, b)
	s.Numbers = uniteNumbers(a, b)
	s.Strings = uniteKind(String, a, b, a.Strings, b.Strings, uniteTexts)
	s.Arrays = uniteKind(Array|Stream, a, b, a.Arrays, b.Arrays, concat)
	s.Objects = uniteKind(Object, a, b, a.Objects, b.Objects, concat)
	if a.Discriminator == b.Discriminator || !b.Kinds.Has(Object) {
		s.Discriminator = a.Discriminator
	} else if !a.Kinds.Has(Object) {
		s.Discriminator = b.Discriminator
	}
	return s
}

func (s *Shape) withoutOpaque() *Shape {
	if s.Opaque == nil {
		return s
	}
	c := *s
	c.Opaque = nil
	return &c
}

// uniteKind unites the alternatives that a and b have for the kinds k: none means all values.
func uniteKind[A any](k Kind, a, b *Shape, x, y []*A, join func(x, y []*A) []*A) []*A {
	switch {
	case !a.Kinds.Has(k):
		return y
	case !b.Kinds.Has(k):
		return x
	case x == nil || y == nil:
		return nil
	}
	return join(x, y)
}

// concat appends to x the alternatives of y that are not among them.
func concat[A any](x, y []*A) []*A {
	out := x[:len(x):len(x)]
	for _, e := range y {
		if !slices.Contains(x, e) {
			out = append(out, e)
		}
	}
	return out
}

func uniteBooleans(a, b *Shape) []bool {
	switch {
	case !a.Kinds.Has(Boolean):
		return b.Booleans
	case !b.Kinds.Has(Boolean):
		return a.Booleans
	case a.Booleans == nil || b.Booleans == nil || a.Booleans[0] != b.Booleans[0]:
		return nil
	}
	return a.Booleans
}

// uniteTexts gathers the alternatives that are plain enums into one.
func uniteTexts(x, y []*Text) []*Text {
	var enum []string
	var out []*Text
	at := -1
	seen := map[string]bool{}
	for i, t := range slices.Concat(x, y) {
		switch {
		case t.unconstrained():
			return nil
		case t.justEnum():
			if at < 0 {
				at = len(out)
				out = append(out, t)
			}
			for _, e := range t.Enum {
				if !seen[e] {
					seen[e] = true
					enum = append(enum, e)
				}
			}
		case i < len(x) || !slices.ContainsFunc(x, t.same):
			out = append(out, t)
		}
	}
	if at >= 0 && len(out[at].Enum) != len(enum) {
		out[at] = &Text{Enum: enum, MaxLen: -1}
	}
	return out
}

func (t *Text) unconstrained() bool {
	return t.Enum == nil && t.Format == "" && len(t.Patterns) == 0 && t.MinLen <= 0 && t.MaxLen < 0
}

func (t *Text) justEnum() bool {
	return t.Enum != nil && t.Format == "" && len(t.Patterns) == 0 && t.MinLen <= 0 && t.MaxLen < 0
}

func (t *Text) same(u *Text) bool {
	return t.Format == u.Format && t.MinLen == u.MinLen && t.MaxLen == u.MaxLen &&
		(t.Enum == nil) == (u.Enum == nil) && slices.Equal(t.Enum, u.Enum) && slices.Equal(t.Patterns, u.Patterns)
}

// uniteNumbers unites numbers. Where one side has integers only and the other fractions too, the
// alternatives of the former are made multiples of one, since alternatives speak of both kinds.
func uniteNumbers(a, b *Shape) []*Numeric {
	x, y := a.Numbers, b.Numbers
	if a.Kinds.Has(Number) && b.Kinds.Has(Number) && a.Kinds&Number != b.Kinds&Number {
		x, y = a.numbersAlone(), b.numbersAlone()
	}
	return uniteKind(Number, a, b, x, y, uniteNumerics)
}

// numbersAlone returns the alternatives of s for numbers such that they need no Kinds to say which are integers.
func (s *Shape) numbersAlone() []*Numeric {
	if s.Kinds&Number != Integer {
		return s.Numbers
	}
	if s.Numbers == nil {
		return []*Numeric{{MultipleOf: one}}
	}
	out := make([]*Numeric, len(s.Numbers))
	for i, n := range s.Numbers {
		if out[i] = n; n.Enum == nil {
			out[i] = n.integral()
		}
	}
	return out
}

// integral is n restricted to integers.
func (n *Numeric) integral() *Numeric {
	m := one
	if n.MultipleOf != nil {
		if n.MultipleOf.IsInteger() {
			return n
		}
		m = commonMultiple(*n.MultipleOf, *one)
	}
	return &Numeric{Min: n.Min, Max: n.Max, ExclusiveMin: n.ExclusiveMin, ExclusiveMax: n.ExclusiveMax, MultipleOf: m, Format: n.Format}
}

func uniteNumerics(x, y []*Numeric) []*Numeric {
	var enum []Num
	var out []*Numeric
	at := -1
	for i, n := range slices.Concat(x, y) {
		switch {
		case n.unconstrained():
			return nil
		case n.justEnum():
			if at < 0 {
				at = len(out)
				out = append(out, n)
			}
			for _, e := range n.Enum {
				if len(enum) > 1000 || !slices.ContainsFunc(enum, func(m Num) bool { return m.Cmp(e) == 0 }) {
					enum = append(enum, e)
				}
			}
		case i < len(x) || !slices.ContainsFunc(x, n.same):
			out = append(out, n)
		}
	}
	if at >= 0 && len(out[at].Enum) != len(enum) {
		out[at] = &Numeric{Enum: enum}
	}
	return out
}

func (n *Numeric) unconstrained() bool {
	return n.Enum == nil && n.Min == nil && n.Max == nil && n.MultipleOf == nil
}

func (n *Numeric) justEnum() bool {
	return n.Enum != nil && n.Min == nil && n.Max == nil && n.MultipleOf == nil
}

func (n *Numeric) same(m *Numeric) bool {
	return n.Format == m.Format && n.ExclusiveMin == m.ExclusiveMin && n.ExclusiveMax == m.ExclusiveMax &&
		sameNum(n.Min, m.Min) && sameNum(n.Max, m.Max) && sameNum(n.MultipleOf, m.MultipleOf) &&
		(n.Enum == nil) == (m.Enum == nil) && slices.EqualFunc(n.Enum, m.Enum, func(x, y Num) bool { return x.Cmp(y) == 0 })
}

func sameNum(a, b *Num) bool {
	if a == nil || b == nil {
		return a == b
	}
	return a == b || a.Cmp(*b) == 0
}

// commonMultiple is the least number that is a multiple of both a and b, or their product where that
// has too many digits to tell.
func commonMultiple(a, b Num) *Num {
	if a.isMultiple(b) {
		return &a
	}
	if b.isMultiple(a) {
		return &b
	}
	p, err := a.Mul(b)
	if err != nil {
		return &a
	}
	// Euclid on the decimals themselves: their greatest common divisor divides the product.
	x, y := a, b
	for i := 0; i < 1000 && y.Sign() != 0; i++ {
		r, ok := x.rem(y)
		if !ok {
			return &p
		}
		x, y = y, r
	}
	if m, err := p.Div(x); err == nil && m.isMultiple(a) && m.isMultiple(b) {
		return &m
	}
	return &p
}
