package types

import "slices"

// Narrow returns the values of t whose part at path is in to, as when `order.status == "paid"` holds.
// path is property names; the part of something that has none is absent. Alternatives of objects
// that can't have such a part are dropped.
func (t *Type) Narrow(path []string, to *Type) *Type {
	return t.narrow(path, to.May(Absent), func(part *Type) *Type { return Intersect(part, to) })
}

// NarrowNot returns the values of t whose part at path is not in not. Kinds and constants are taken
// away; what not says beyond that leaves t as it is, which is safe.
func (t *Type) NarrowNot(path []string, not *Type) *Type {
	s := not.Shape()
	if len(s.Opaque) > 0 || s.Untyped || s.Invalid {
		return t
	}
	return t.narrow(path, !s.Kinds.Has(Absent), func(part *Type) *Type { return part.subtract(not) })
}

// narrow applies keep to the part at path. lacking says whether values that have no such part stay.
func (t *Type) narrow(path []string, lacking bool, keep func(*Type) *Type) *Type {
	if len(path) == 0 {
		return keep(t)
	}
	s := t.Shape()
	if s.Untyped || s.Invalid {
		return t
	}
	out := *s
	if !lacking {
		out.Kinds &= Object
	}
	if s.Kinds.Has(Object) && s.Objects != nil {
		out.Objects = nil
		for _, f := range s.Objects {
			if g := f.narrow(path, s.declares(path[0]), lacking, keep); g != nil {
				out.Objects = append(out.Objects, g)
			}
		}
		if out.Objects == nil {
			out.Kinds &^= Object
		}
	}
	out.tidy()
	n := New(&out)
	n.Name, n.Origin = t.Name, t.Origin
	return n
}

// narrow is f with the property at the start of path narrowed; nil if no object is left. known says
// that f or another alternative declares the property.
func (f *Fields) narrow(path []string, known, lacking bool, keep func(*Type) *Type) *Fields {
	declared, part, found := f.field(path[0])
	if known && found == Undeclared {
		part = JustAbsent
	}
	kept := part.narrow(path[1:], lacking, keep)
	if kept == part {
		return f
	}
	kinds := kept.Kinds()
	if kinds == 0 {
		return nil
	}
	p := Property{Name: path[0]}
	if declared != nil {
		p = *declared
	}
	p.Required = !kinds.Has(Absent)
	if p.Type = kept.Without(Absent); kinds == Absent {
		p.Type = Never
	}
	if declared == nil {
		g := f.named(f.Name)
		g.Properties = sortedProperties(append(slices.Clone(f.Properties), &p))
		return g
	}
	return f.with(&p)
}

// subtract takes the kinds and constants of not from t.
func (t *Type) subtract(not *Type) *Type {
	s, n := t.Shape(), not.Shape()
	if s.Invalid || s.Kinds&n.Kinds == 0 {
		return t
	}
	out := *s
	gone := n.Kinds & (Absent | Null | Time | Duration | Bytes | File)
	if n.Objects == nil {
		gone |= n.Kinds & Object
	}
	if n.Arrays == nil {
		gone |= n.Kinds & (Array | Stream)
	}
	if n.Numbers == nil {
		gone |= n.Kinds & Number
	}
	if n.Strings == nil {
		gone |= n.Kinds & String
	}
	if n.Kinds.Has(Boolean) {
		out.Booleans = slices.DeleteFunc(slices.Clone(s.truths()), func(b bool) bool { return slices.Contains(n.truths(), b) })
		if len(out.Booleans) == 0 {
			gone |= Boolean
		}
	}
	out.Kinds &^= gone
	if out.Kinds.Has(String) && n.Kinds.Has(String) {
		out.Strings = without(s.Strings, func(x *Text) *Text { return x.without(n.Strings) })
		if s.Strings != nil && out.Strings == nil {
			out.Kinds &^= String
		}
	}
	if out.Kinds.Has(Number) && n.Kinds.Has(Number) {
		out.Numbers = without(s.Numbers, func(x *Numeric) *Numeric { return x.without(n.Numbers) })
		if s.Numbers != nil && out.Numbers == nil {
			out.Kinds &^= Number
		}
	}
	out.tidy()
	r := New(&out)
	r.Name, r.Origin = t.Name, t.Origin
	return r
}

// truths are the booleans in s.
func (s *Shape) truths() []bool {
	if s.Booleans == nil {
		return []bool{false, true}
	}
	return s.Booleans
}

// without applies each to the alternatives and drops those of which nothing is left.
func without[A any](alternatives []*A, each func(*A) *A) []*A {
	var out []*A
	for _, a := range alternatives {
		if a = each(a); a != nil {
			out = append(out, a)
		}
	}
	return out
}

// without takes from an enum its members that are in not.
func (x *Text) without(not []*Text) *Text {
	if x.Enum == nil {
		return x
	}
	left := slices.DeleteFunc(slices.Clone(x.Enum), func(e string) bool { return anyText(not, e) })
	switch len(left) {
	case 0:
		return nil
	case len(x.Enum):
		return x
	}
	return &Text{Enum: left, Format: x.Format, Patterns: x.Patterns, MinLen: x.MinLen, MaxLen: x.MaxLen}
}

// without takes from an enum its members that are in not.
func (x *Numeric) without(not []*Numeric) *Numeric {
	if x.Enum == nil {
		return x
	}
	left := slices.DeleteFunc(slices.Clone(x.Enum), func(e Num) bool { return anyNumeric(not, e.Canonical()) })
	switch len(left) {
	case 0:
		return nil
	case len(x.Enum):
		return x
	}
	return &Numeric{Enum: left, Min: x.Min, Max: x.Max, ExclusiveMin: x.ExclusiveMin, ExclusiveMax: x.ExclusiveMax, MultipleOf: x.MultipleOf, Format: x.Format}
}
