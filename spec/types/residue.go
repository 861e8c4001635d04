package types

import (
	"slices"
	"strings"
)

// Residue returns what must still be checked of a value of from, conformed to to ([Type.Conform]), so
// that it is a value of to: nil if that is proven, else to with Any in the places that need no check.
func Residue(from, to *Type) *Type {
	r := &residues{assigner: newAssigner(), made: map[pair]*Type{}}
	return r.of(from, to, 0)
}

type residues struct {
	*assigner
	made map[pair]*Type
}

// of returns the residue of a part; nil if it needs no check.
func (r *residues) of(from, to *Type, leave Kind) *Type {
	p := pair{from, to, leave}
	if r.fit(from, to, leave) == Proven {
		return nil
	}
	if t, ok := r.made[p]; ok {
		return t
	}
	s, t := from.shapeIn(r.forcing), to.shapeIn(r.forcing)
	if s.Untyped || len(t.Opaque) > 0 || len(s.Opaque) > 0 && len(s.Objects)+len(s.Arrays) > 1 || r.scalarsFail(s, t) {
		return to
	}
	if len(s.Objects) > 1 || len(t.Objects) > 1 || len(s.Arrays) > 1 || len(t.Arrays) > 1 {
		return to
	}
	made := &Type{Name: to.Name, Origin: to.Origin}
	r.made[p] = made
	out := &Shape{Kinds: t.Kinds | leave&Null}
	trivial := s.Kinds&^leave&^t.Kinds == 0
	if s.Kinds&t.Kinds&(Array|Stream) != 0 && t.Arrays != nil {
		if l := r.list(s.Arrays, t.Arrays[0]); l != nil {
			out.Arrays, trivial = []*List{l}, false
		}
	}
	if s.Kinds&t.Kinds&Object != 0 && t.Objects != nil {
		if f := r.fields(s.Objects, t.Objects[0]); f != nil {
			out.Objects, trivial = []*Fields{f}, false
		}
	}
	made.shape.Store(out)
	if trivial {
		delete(r.made, p)
		return nil
	}
	return made
}

// scalarsFail reports whether anything but arrays and objects needs a check.
func (r *residues) scalarsFail(s, t *Shape) bool {
	const flat = Boolean | Number | String | Time | Duration | Bytes | File
	if s.Kinds&flat == 0 {
		return false
	}
	a, b := New(s.only(flat)), New(t.only(flat))
	return r.fit(a, b, 0) != Proven
}

func (r *residues) list(ss []*List, m *List) *List {
	l := &List{MaxLen: -1}
	if ss != nil {
		l = ss[0]
	}
	out := &List{MaxLen: -1}
	trivial := true
	if lengths(l.MinLen, l.MaxLen, m.MinLen, m.MaxLen, "", nil) != Proven {
		out.MinLen, out.MaxLen, trivial = m.MinLen, m.MaxLen, false
	}
	if m.Unique && !l.Unique {
		out.Unique, trivial = true, false
	}
	n := min(max(len(l.Prefix), len(m.Prefix)), maxPrefix)
	for i := range n {
		t := r.of(l.item(i), m.item(i), 0)
		if t == nil {
			t = Any
		} else {
			trivial = false
		}
		out.Prefix = append(out.Prefix, t)
	}
	if l.MaxLen < 0 || l.MaxLen > n {
		if out.Items = r.of(l.items(), m.items(), 0); out.Items != nil {
			trivial = false
		}
	}
	if trivial {
		return nil
	}
	return out
}

func (r *residues) fields(ss []*Fields, g *Fields) *Fields {
	f := &Fields{MaxCount: -1}
	if ss != nil {
		f = ss[0]
	}
	if r.othersFail(f, g) {
		return g
	}
	out := &Fields{Name: g.Name, MaxCount: -1}
	least, most := f.counts()
	if lengths(least, most, g.MinCount, g.MaxCount, "", nil) != Proven {
		out.MinCount, out.MaxCount = g.MinCount, g.MaxCount
	}
	for _, q := range g.Properties {
		if kept := r.property(f, q); kept != nil {
			out.Properties = append(out.Properties, kept)
		}
	}
	if len(out.Properties) == 0 && out.MinCount == 0 && out.MaxCount < 0 {
		return nil
	}
	return out
}

// othersFail reports whether properties that g does not declare need a check.
func (r *residues) othersFail(f, g *Fields) bool {
	if r.others(f, g, nil) != Proven {
		return true
	}
	for _, p := range f.Properties {
		if g.lookup(p.Name) == nil && g.Openness != Unstated && p.Type.shapeIn(r.forcing).Kinds&^Absent != 0 && r.extra(f, p, g, nil) != Proven {
			return true
		}
	}
	return false
}

// property is what must be checked of q; nil for nothing.
func (r *residues) property(f *Fields, q *Property) *Property {
	p, from, found := f.field(q.Name)
	present := p != nil && p.Required && !p.Type.shapeIn(r.forcing).Kinds.Has(Absent)
	switch {
	case p != nil:
		from = p.Type
	case found == Forbidden:
		from = JustAbsent
	}
	leave := Absent
	if !q.Required {
		leave |= Null
	}
	t := r.of(from, q.Type, leave)
	if t == nil && (present || !q.Required) {
		return nil
	}
	if t == nil {
		t = Any
		if q.Type.May(Absent) {
			t = Any.With(Absent)
		}
	}
	return &Property{Name: q.Name, Type: t, Required: q.Required, ReadOnly: q.ReadOnly, WriteOnly: q.WriteOnly, Origin: q.Origin}
}

// Project returns t as far as reading these paths relies on it: what a path ends at in full, what it
// passes through as to its kind and the parts on the way, and everything else as Any. Paths are as in
// [Problem]: names of properties, "[]" or "[3]" for elements.
func Project(t *Type, paths [][]string) *Type {
	root := new(reading)
	for _, p := range paths {
		root.add(p)
	}
	return root.project(t)
}

// reading is a part of a value and what is read of it.
type reading struct {
	whole bool
	parts map[string]*reading
}

func (n *reading) add(path []string) {
	for _, token := range path {
		if strings.HasPrefix(token, "[") {
			token = "[]"
		}
		if n.parts == nil {
			n.parts = map[string]*reading{}
		}
		if n.parts[token] == nil {
			n.parts[token] = new(reading)
		}
		n = n.parts[token]
	}
	n.whole = true
}

func (n *reading) project(t *Type) *Type {
	if n == nil || !n.whole && n.parts == nil {
		return Any
	}
	if n.whole {
		return t
	}
	s := t.Shape()
	if s.Untyped || s.Invalid {
		return t
	}
	out := &Shape{Kinds: s.Kinds}
	for _, l := range s.Arrays {
		out.Arrays = append(out.Arrays, n.list(l))
	}
	for _, f := range s.Objects {
		out.Objects = append(out.Objects, n.fields(f, s))
	}
	if slices.ContainsFunc(out.Objects, func(f *Fields) bool {
		return len(f.Properties)+len(f.Patterns) == 0 && f.Openness == Unstated
	}) {
		out.Objects = nil // one of them takes every object
	}
	p := New(out)
	p.Name, p.Origin = t.Name, t.Origin
	return p
}

func (n *reading) list(l *List) *List {
	out := &List{MinLen: l.MinLen, MaxLen: l.MaxLen, Items: n.parts["[]"].project(l.items())}
	for _, t := range l.Prefix {
		out.Prefix = append(out.Prefix, n.parts["[]"].project(t))
	}
	return out
}

func (n *reading) fields(f *Fields, s *Shape) *Fields {
	out := &Fields{Name: f.Name, MaxCount: -1}
	every := n.parts["[]"]
	if every != nil {
		out.Openness = f.Openness
		if f.Additional != nil {
			out.Additional = every.project(f.Additional)
		}
		for _, p := range f.Patterns {
			out.Patterns = append(out.Patterns, PatternProperty{p.Pattern, every.project(p.Type)})
		}
	}
	for _, p := range f.Properties {
		part := n.parts[p.Name]
		if part == nil {
			part = every
		}
		if part == nil {
			continue
		}
		out.Properties = append(out.Properties, &Property{Name: p.Name, Type: part.project(p.Type), Required: p.Required, WriteOnly: p.WriteOnly, ReadOnly: p.ReadOnly, Origin: p.Origin})
	}
	for name, part := range n.parts {
		if name == "[]" || f.lookup(name) != nil {
			continue
		}
		switch _, t, found := f.field(name); {
		case found == Allowed && !t.isAny():
			out.Properties = append(out.Properties, &Property{Name: name, Type: part.project(t.Without(Absent))})
		case found >= Undeclared && s.declares(name):
			// It belongs to another alternative.
			out.Properties = append(out.Properties, &Property{Name: name, Type: Never})
		}
	}
	out.Properties = sortedProperties(out.Properties)
	return out
}
