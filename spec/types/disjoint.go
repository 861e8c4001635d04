package types

// disjoint reports whether no value is in two of shapes, as far as that is seen without looking deep.
func disjoint(f *forcing, shapes []*Shape) bool {
	for i, a := range shapes {
		for _, b := range shapes[:i] {
			if !apartFrom(f, a, b) {
				return false
			}
		}
	}
	return true
}

// apartFrom reports whether a and b are known to have no value in common. It looks at constants of
// required properties, one level deep.
func apartFrom(f *forcing, a, b *Shape) bool {
	both := a.Kinds & b.Kinds
	if both == 0 {
		return true
	}
	if both.Has(Null|Absent|Time|Duration|Bytes|File) || both.Has(Array|Stream) || a.Invalid || b.Invalid {
		return false
	}
	if both.Has(Boolean) && (a.Booleans == nil || b.Booleans == nil || a.Booleans[0] == b.Booleans[0]) {
		return false
	}
	x := &crossing{meet: new(meet), f: f}
	if both.Has(Number) && !allApart(a.Numbers, b.Numbers, func(p, q *Numeric) bool { return x.numerics(p, q) == nil }) {
		return false
	}
	if both.Has(String) && !allApart(a.Strings, b.Strings, func(p, q *Text) bool { return x.texts(p, q) == nil }) {
		return false
	}
	return !both.Has(Object) || allApart(a.Objects, b.Objects, func(p, q *Fields) bool { return fieldsApart(f, p, q) })
}

func allApart[A any](as, bs []*A, apart func(p, q *A) bool) bool {
	if as == nil || bs == nil || len(as)*len(bs) > maxProduct {
		return false
	}
	for _, p := range as {
		for _, q := range bs {
			if p == q || !apart(p, q) {
				return false
			}
		}
	}
	return true
}

// fieldsApart reports whether no object satisfies both p and q: one needs a property that the other forbids, or
// that has other constants there.
func fieldsApart(f *forcing, p, q *Fields) bool {
	for _, a := range p.Properties {
		if b := q.lookup(a.Name); b != nil {
			if (a.Required || b.Required) && constantsApart(f, a.Type, b.Type) {
				return true
			}
		} else if a.Required && q.forbids(a.Name) {
			return true
		}
	}
	for _, b := range q.Properties {
		if b.Required && p.lookup(b.Name) == nil && p.forbids(b.Name) {
			return true
		}
	}
	return false
}

func (f *Fields) forbids(name string) bool {
	if f.Openness != Closed {
		return false
	}
	for _, m := range f.matchers() {
		if m.matches(name) {
			return false
		}
	}
	return true
}

// constantsApart reports whether a and b are scalars without a common value. Only types that are
// simple on the face of it are looked at.
func constantsApart(f *forcing, a, b *Type) bool {
	if a == b {
		return false
	}
	if f.endless(a) || f.endless(b) || !a.scalar(f) || !b.scalar(f) {
		return false
	}
	return apartFrom(f, a.shapeIn(f), b.shapeIn(f))
}

func (t *Type) scalar(f *forcing) bool {
	s := t.shapeIn(f)
	return s.Kinds&^(Null|Scalar) == 0 && len(s.Opaque) == 0 && !s.Untyped
}
