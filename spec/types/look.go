package types

import (
	"maps"
	"slices"

	"tenon/spec/diag"
)

// Kinds returns the kinds of the values in t.
func (t *Type) Kinds() Kind { return t.Shape().Kinds }

// Is reports whether t has values, all of the kinds k.
func (t *Type) Is(k Kind) bool {
	kinds := t.Kinds()
	return kinds != 0 && kinds&^k == 0
}

// May reports whether t has values of the kinds k.
func (t *Type) May(k Kind) bool { return t.Kinds().Has(k) }

// Found says what is known about a property of a type.
type Found uint8

const (
	Declared   Found = iota // by every alternative
	Sometimes               // by some alternatives of several
	Allowed                 // not declared, but the type says that there may be such properties
	Undeclared              // not declared, and the schema is silent about such properties
	Forbidden               // there is no such property, or the type has no properties at all
)

// FieldInfo is what a type says about a property.
type FieldInfo struct {
	// Type is that of the property, with Absent where it may be absent, or where what it is a property of
	// may be absent, null or no object. For a property that is not declared it is Any, or what the type
	// says of additional properties, with Absent. An alternative that is silent about a property which
	// another declares is taken not to have it.
	Type     *Type
	Found    Found
	Near     string    // the declared name closest to it, unless it is declared; may be ""
	Property *Property // the first declaration; nil if there is none
}

// Field tells about the property name of t.
func (t *Type) Field(name string) FieldInfo {
	s := t.Shape()
	if s.Invalid {
		return FieldInfo{Type: Invalid, Found: Declared}
	}
	if !s.Kinds.Has(Object) {
		return FieldInfo{Type: JustAbsent, Found: Forbidden}
	}
	if s.Objects == nil {
		return FieldInfo{Type: Any.With(Absent), Found: Allowed}
	}
	var info FieldInfo
	var ts []*Type
	declared, weakest := 0, Declared
	for _, f := range s.Objects {
		p, pt, found := f.field(name)
		if found == Undeclared && s.declares(name) {
			pt = JustAbsent
		}
		if found == Declared {
			declared++
			if info.Property == nil {
				info.Property = p
			}
		}
		weakest = max(weakest, found)
		ts = append(ts, pt)
	}
	switch {
	case declared == len(s.Objects):
		info.Found = Declared
	case declared > 0:
		info.Found = Sometimes
		ts = append(ts, JustAbsent)
	default:
		info.Found = weakest
		info.Near = diag.Nearest(name, t.PropertyNames())
	}
	if s.Kinds&^Object != 0 {
		ts = append(ts, JustAbsent)
	}
	info.Type = Union(ts...)
	return info
}

// declares reports whether an alternative declares the property name. Then one that is silent about it is
// taken not to have it: it belongs to the other.
func (s *Shape) declares(name string) bool {
	return slices.ContainsFunc(s.Objects, func(f *Fields) bool { return f.lookup(name) != nil })
}

// field returns what f says about the property name; p is nil unless it is declared.
func (f *Fields) field(name string) (p *Property, t *Type, found Found) {
	if p := f.lookup(name); p != nil {
		if p.Required {
			return p, p.Type, Declared
		}
		return p, p.Type.With(Absent), Declared
	}
	var ts []*Type
	for i, m := range f.matchers() {
		if m.matches(name) {
			ts = append(ts, f.Patterns[i].Type)
		}
	}
	if len(ts) > 0 {
		t := ts[0]
		for _, u := range ts[1:] {
			t = Intersect(t, u)
		}
		return nil, t.With(Absent), Allowed
	}
	switch f.Openness {
	case Open:
		if f.Additional != nil {
			return nil, f.Additional.With(Absent), Allowed
		}
		return nil, Any.With(Absent), Allowed
	case Closed:
		return nil, JustAbsent, Forbidden
	}
	return nil, Any.With(Absent), Undeclared
}

// lookup returns the declaration of the property name, nil if there is none.
func (f *Fields) lookup(name string) *Property {
	f.once.Do(f.prepare)
	if f.index != nil {
		return f.index[name]
	}
	for _, p := range f.Properties {
		if p.Name == name {
			return p
		}
	}
	return nil
}

func (f *Fields) matchers() []matcher {
	f.once.Do(f.prepare)
	return f.patterns
}

// prepare makes what is looked up often; few properties are found faster without an index.
func (f *Fields) prepare() {
	if len(f.Properties) > 6 {
		f.index = make(map[string]*Property, len(f.Properties))
	}
	for _, p := range f.Properties {
		if f.index != nil {
			f.index[p.Name] = p
		}
		if p.Required {
			f.required++
		}
	}
	for _, p := range f.Patterns {
		f.patterns = append(f.patterns, compilePattern(p.Pattern))
	}
}

// Elem returns the type of the elements of arrays and streams, and of the values of objects, in t;
// Never if there are none.
func (t *Type) Elem() *Type {
	s := t.Shape()
	if s.Invalid {
		return Invalid
	}
	var ts []*Type
	if s.Kinds.Has(Array | Stream) {
		if s.Arrays == nil {
			return Any
		}
		for _, l := range s.Arrays {
			ts = append(ts, l.Prefix...)
			if l.MaxLen < 0 || l.MaxLen > len(l.Prefix) {
				ts = append(ts, l.items())
			}
		}
	}
	if s.Kinds.Has(Object) {
		if s.Objects == nil {
			return Any
		}
		for _, f := range s.Objects {
			for _, p := range f.Properties {
				ts = append(ts, p.Type)
			}
			for _, p := range f.Patterns {
				ts = append(ts, p.Type)
			}
			switch {
			case f.Openness == Open && f.Additional != nil:
				ts = append(ts, f.Additional)
			case f.Openness != Closed:
				ts = append(ts, Any)
			}
		}
	}
	return Union(ts...).Without(Absent)
}

func (l *List) items() *Type {
	if l.Items == nil {
		return Any
	}
	return l.Items
}

func (l *List) item(i int) *Type {
	if i < len(l.Prefix) {
		return l.Prefix[i]
	}
	return l.items()
}

// At returns the type of the element at i of arrays in t, with Absent if there may be none. A negative
// i counts from the end.
func (t *Type) At(i int) *Type {
	s := t.Shape()
	if s.Invalid {
		return Invalid
	}
	if !s.Kinds.Has(Array) {
		return JustAbsent
	}
	if s.Arrays == nil {
		return Any.With(Absent)
	}
	var ts []*Type
	for _, l := range s.Arrays {
		at := i
		if i < 0 {
			if l.MinLen != l.MaxLen {
				ts = append(ts, t.Only(Array).Elem())
				if l.MinLen < -i {
					ts = append(ts, JustAbsent)
				}
				continue
			}
			at += l.MaxLen
		}
		if at < 0 || l.MaxLen >= 0 && at >= l.MaxLen {
			ts = append(ts, JustAbsent)
			continue
		}
		ts = append(ts, l.item(at))
		if at >= l.MinLen {
			ts = append(ts, JustAbsent)
		}
	}
	if s.Kinds&^Array != 0 {
		ts = append(ts, JustAbsent)
	}
	return Union(ts...)
}

// PropertyNames returns the names of the properties that t declares, in any alternative, sorted.
func (t *Type) PropertyNames() []string {
	names := map[string]bool{}
	for _, f := range t.Shape().Objects {
		for _, p := range f.Properties {
			names[p.Name] = true
		}
	}
	return slices.Sorted(maps.Keys(names))
}

// maxConstants bounds the sets of values that [Type.Constants] lists.
const maxConstants = 1000

// Constants returns the values of t, if they are scalars or null and at most 1,000: an enum, a
// constant, a boolean, null.
func (t *Type) Constants() (values []any, ok bool) {
	s := t.Shape()
	if s.Kinds == 0 || s.Kinds&^(Null|Boolean|Number|String) != 0 || s.Untyped || len(s.Opaque) > 0 {
		return nil, false
	}
	if s.Kinds.Has(Null) {
		values = append(values, nil)
	}
	if s.Kinds.Has(Boolean) {
		if s.Booleans == nil {
			values = append(values, false, true)
		}
		for _, b := range s.Booleans {
			values = append(values, b)
		}
	}
	if s.Kinds.Has(Number) {
		if s.Numbers == nil {
			return nil, false
		}
		for _, n := range s.Numbers {
			if n.Enum == nil {
				return nil, false
			}
			for _, e := range n.Enum {
				if v := e.Canonical(); s.Kinds.Has(kindOf(v)) && n.holds(v) {
					values = append(values, v)
				}
			}
		}
	}
	if s.Kinds.Has(String) {
		if s.Strings == nil {
			return nil, false
		}
		for _, x := range s.Strings {
			if x.Enum == nil {
				return nil, false
			}
			for _, e := range x.Enum {
				if x.holds(e) {
					values = append(values, e)
				}
			}
		}
	}
	return values, len(values) <= maxConstants
}
