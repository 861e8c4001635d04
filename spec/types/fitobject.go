package types

import (
	"slices"
	"strconv"
	"strings"

	"tenon/spec/diag"
)

// objects compares the objects of two shapes.
func (a *assigner) objects(s, t *Shape, r *report) Verdict {
	if t.Objects == nil {
		return Proven
	}
	ss := s.Objects
	if ss == nil {
		ss = []*Fields{{MaxCount: -1}}
	}
	var j several
	for _, f := range ss {
		v, at := a.variant(f, t)
		if v == Wrong && a.impossible(f) {
			v = Proven
		}
		if j.add(v); v == Proven || r == nil {
			continue
		}
		inner := *r
		inner.soft = r.soft || len(ss) > 1
		if at < 0 {
			a.noVariant(f, t, v, &inner)
			continue
		}
		a.fields(f, t.Objects[at], &inner)
	}
	return j.verdict()
}

// impossible reports whether there are no objects in f: one of its required properties has no values.
func (a *assigner) impossible(f *Fields) bool {
	return slices.ContainsFunc(f.Properties, func(p *Property) bool { return p.Required && p.Type.shapeIn(a.forcing).Kinds == 0 })
}

// variant finds the alternative of t for f: its verdict, and which one it is, or -1 if that can't be told.
func (a *assigner) variant(f *Fields, t *Shape) (Verdict, int) {
	if len(t.Objects) == 1 {
		return a.fields(f, t.Objects[0], nil), 0
	}
	v, possible, at := Wrong, 0, -1
	for i, g := range t.Objects {
		if fieldsApart(a.forcing, f, g) {
			continue
		}
		possible++
		if w := a.fields(f, g, nil); w < v || at < 0 {
			v, at = w, i
		}
		if v == Proven {
			return v, at
		}
	}
	if possible == 1 {
		return v, at
	}
	if a.split(f, t) {
		return Proven, 0
	}
	return v, a.closest(f, t)
}

// split tries the values of the discriminating property one by one: a source of several variants may
// fit variant by variant.
func (a *assigner) split(f *Fields, t *Shape) bool {
	p := f.lookup(t.Discriminator)
	if t.Discriminator == "" || p == nil || !p.Required {
		return false
	}
	values, ok := p.Type.Constants()
	if !ok || len(values) < 2 || len(values) > 100 {
		return false
	}
	for _, v := range values {
		one := f.with(&Property{Name: p.Name, Type: Const(v), Required: true, Origin: p.Origin})
		w, _ := best(len(t.Objects), func(i int) Verdict { return a.fields(one, t.Objects[i], nil) })
		if w != Proven {
			return false
		}
	}
	return true
}

// with is f with the property p in place of the one of its name.
func (f *Fields) with(p *Property) *Fields {
	c := f.named(f.Name)
	c.Properties = make([]*Property, len(f.Properties))
	for i, q := range f.Properties {
		if c.Properties[i] = q; q.Name == p.Name {
			c.Properties[i] = p
		}
	}
	return c
}

// closest is the alternative of t that f is meant to be: whose constants it has, or else that declares
// most of its properties and needs fewest others; -1 if no single one does.
func (a *assigner) closest(f *Fields, t *Shape) int {
	at, most, tie := -1, 0, false
	for i, g := range t.Objects {
		score := 0
		for _, p := range f.Properties {
			if q := g.lookup(p.Name); q != nil {
				score += 2 + a.commonConstants(p.Type, q.Type)
			}
		}
		for _, q := range g.Properties {
			if q.Required && f.lookup(q.Name) == nil {
				score--
			}
		}
		switch {
		case at < 0 || score > most:
			at, most, tie = i, score, false
		case score == most:
			tie = true
		}
	}
	if tie {
		return -1
	}
	return at
}

// commonConstants is a bonus for constants that two types share, and a malus for different ones.
func (a *assigner) commonConstants(p, q *Type) int {
	from, ok := p.Constants()
	if !ok {
		return 0
	}
	if to, ok := q.Constants(); !ok || len(to)*len(from) > maxProduct {
		return 0
	}
	for _, v := range from {
		if q.Contains(v) {
			return 100
		}
	}
	return -100
}

func (a *assigner) noVariant(f *Fields, t *Shape, v Verdict, r *report) {
	var names []string
	for _, g := range t.Objects {
		names = append(names, g.describe())
	}
	verb := "may fit none of the alternatives "
	if v == Wrong {
		verb = "fits none of the alternatives "
	}
	r.add(Problem{Misfit: MisfitVariant, Verdict: v, Reason: verb + abridged(names, 6)})
}

// inferred reports whether f was made by an expression, so that every name in it is the author's.
func (f *Fields) inferred() bool {
	return f.Openness == Closed && len(f.Properties) > 0 && f.Properties[0].Origin == Origin{}
}

// fields compares two object types.
func (a *assigner) fields(f, g *Fields, r *report) Verdict {
	v := Proven
	var unseen []string // properties of g that f does not declare but may have
	for _, q := range g.Properties {
		p := f.lookup(q.Name)
		if p == nil {
			w, unknown := a.undeclared(f, g, q, r)
			if v = max(v, w); unknown {
				unseen = append(unseen, q.Name)
			}
			continue
		}
		v = max(v, a.property(f, p, g, q, r))
	}
	if len(unseen) > 0 {
		v = max(v, r.add(Problem{Misfit: MisfitUnknown, Verdict: Unproven, Reason: "may have properties that it does not declare, among them " + abridged(unseen, 3)}))
	}
	for _, p := range f.Properties {
		if g.lookup(p.Name) == nil && p.Type.shapeIn(a.forcing).Kinds&^Absent != 0 {
			v = max(v, a.extra(f, p, g, r))
		}
	}
	v = max(v, a.others(f, g, r))
	least, most := f.counts()
	return max(v, lengths(least, most, g.MinCount, g.MaxCount, "property", r))
}

// counts is how many properties an object of f has.
func (f *Fields) counts() (least, most int) {
	f.once.Do(f.prepare)
	least, most = max(f.MinCount, f.required), f.MaxCount
	if f.Openness == Closed && len(f.Patterns) == 0 {
		most = lesserBound(most, len(f.Properties))
	}
	return least, most
}

// property compares p, which the source has, with q of g.
func (a *assigner) property(f *Fields, p *Property, g *Fields, q *Property, r *report) Verdict {
	from := p.Type.shapeIn(a.forcing)
	optional := !p.Required || from.Kinds.Has(Absent)
	at := r.under(p.Name)
	if from.Kinds&^Absent != 0 && (q.ReadOnly || q.WriteOnly) && q.Type.shapeIn(a.forcing).Kinds == 0 {
		problem := Problem{Misfit: MisfitReadOnly, Verdict: Wrong, Stated: true, Reason: q.withheldWhy()}
		if optional && !f.inferred() {
			problem.Verdict = Unproven
		}
		return at.of(p, q).add(problem)
	}
	if p.Required && from.Kinds == 0 {
		return Proven // there are no such objects
	}
	if from.Kinds&^Absent == 0 && q.Required {
		return r.add(f.missing(g, q))
	}
	leave, v := Absent, Proven
	if optional && q.Required {
		v = at.of(p, q).add(Problem{Misfit: MisfitAbsent, Verdict: Unproven, Reason: "may be absent, but " + strconv.Quote(q.Name) + " is required"})
	}
	if !q.Required {
		leave |= Null
	}
	return max(v, a.part(p.Type, q.Type, leave, optional && !f.inferred(), at))
}

// of is r with the types of two properties.
func (r *report) of(p, q *Property) *report {
	if r == nil {
		return nil
	}
	inner := *r
	inner.from, inner.to = p.Type, q.Type
	return &inner
}

// undeclared compares a source that does not declare q of g. unknown says that it may have it all the
// same, as something of which nothing is known.
func (a *assigner) undeclared(f, g *Fields, q *Property, r *report) (v Verdict, unknown bool) {
	implied, found := (*Type)(nil), Undeclared
	if _, t, fd := f.field(q.Name); fd != Undeclared {
		implied, found = t, fd
	}
	if q.Required {
		if found == Allowed {
			v = r.under(q.Name).add(Problem{Misfit: MisfitAbsent, Verdict: Unproven, To: q.Type, From: implied, Reason: "may be absent, but " + strconv.Quote(q.Name) + " is required"})
		} else {
			return r.add(f.missing(g, q)), false
		}
	}
	switch {
	case found == Forbidden || q.Type.isAny():
		return v, false
	case found == Allowed && !implied.isAny():
		return max(v, a.part(implied, q.Type, Absent|Null, true, r.under(q.Name))), false
	}
	return v, !q.Required
}

func (t *Type) isAny() bool {
	s := t.shape.Load()
	return s != nil && s.Untyped && len(s.Opaque) == 0 && s.Kinds&AnyJSON == AnyJSON
}

func (f *Fields) missing(g *Fields, q *Property) Problem {
	var spare []string
	for _, p := range f.Properties {
		if g.lookup(p.Name) == nil {
			spare = append(spare, p.Name)
		}
	}
	reason := strconv.Quote(q.Name) + " is required"
	if f.Name != "" {
		reason += ", but " + lastName(f.Name) + " has no such property"
	} else {
		reason += ", but missing"
	}
	return Problem{Misfit: MisfitMissing, Verdict: Wrong, To: q.Type, Path: []string{q.Name}, Reason: reason, Near: diag.Nearest(q.Name, spare)}
}

// extra compares a property of the source that g does not declare.
func (a *assigner) extra(f *Fields, p *Property, g *Fields, r *report) Verdict {
	at := r.under(p.Name)
	optional := !p.Required || p.Type.shapeIn(a.forcing).Kinds.Has(Absent)
	v, matched := Proven, false
	for i, m := range g.matchers() {
		if m.matches(p.Name) {
			matched = true
			v = max(v, a.part(p.Type, g.Patterns[i].Type, Absent, optional, at))
		}
	}
	switch {
	case matched:
		return v
	case g.Openness == Open:
		if g.Additional != nil {
			v = a.part(p.Type, g.Additional, Absent, optional, at)
		}
		return v
	}
	problem := Problem{Misfit: MisfitUnknown, Verdict: Unproven, Stated: true, From: p.Type, Reason: strconv.Quote(p.Name) + " is not a property of " + g.title()}
	if g.Openness == Closed && (!optional || f.inferred()) {
		problem.Verdict = Wrong
	}
	var names []string
	for _, q := range g.Properties {
		if f.lookup(q.Name) == nil {
			names = append(names, q.Name)
		}
	}
	problem.Near = diag.Nearest(p.Name, names)
	return at.add(problem)
}

func (f *Fields) title() string {
	if f.Name != "" {
		return lastName(f.Name)
	}
	return "the " + strings.TrimPrefix(f.describe(), "empty ")
}

// others compares the properties that neither side declares.
func (a *assigner) others(f, g *Fields, r *report) Verdict {
	if f.Openness == Closed && len(f.Patterns) == 0 || g.Openness != Closed && g.Additional == nil && len(g.Patterns) == 0 {
		return Proven
	}
	v := Proven
	for _, p := range f.Patterns {
		if to := g.patternType(p.Pattern); to != nil {
			v = max(v, a.part(p.Type, to, 0, true, r.under("["+p.Pattern+"]")))
		} else {
			v = max(v, r.add(Problem{Misfit: MisfitUnknown, Verdict: Unproven, Reason: "may have properties whose names match " + p.Pattern}))
		}
	}
	switch {
	case f.Openness == Closed:
		return v
	case g.Openness == Closed:
		return max(v, r.add(Problem{Misfit: MisfitUnknown, Verdict: Unproven, Stated: f.Openness == Open, Reason: "may have properties that " + g.title() + " does not allow"}))
	case len(g.Patterns) > 0 && !f.covers(g):
		v = max(v, r.add(Problem{Misfit: MisfitUnknown, Verdict: Unproven, Reason: "may have properties whose names match " + g.Patterns[0].Pattern}))
	}
	if g.Additional == nil {
		return v
	}
	from := f.Additional
	if from == nil {
		from = Any
	}
	if f.Openness == Unstated {
		if g.Additional.isAny() {
			return v
		}
		return max(v, r.add(Problem{Misfit: MisfitUnknown, Verdict: Unproven, Reason: "may have properties that it does not declare"}))
	}
	return max(v, a.part(from, g.Additional, 0, true, r.under("[]")))
}

// patternType is the type of properties whose names match exactly the pattern p.
func (f *Fields) patternType(p string) *Type {
	for _, q := range f.Patterns {
		if q.Pattern == p {
			return q.Type
		}
	}
	return nil
}

// covers reports whether f has the patterns of g, so that comparing those has said all.
func (f *Fields) covers(g *Fields) bool {
	for _, p := range g.Patterns {
		if f.patternType(p.Pattern) == nil {
			return false
		}
	}
	return true
}
