package types

import "slices"

// opaque compares with the constraints of t that have no normal form.
func (a *assigner) opaque(s, t *Shape, p pair, r *report) Verdict {
	v := Proven
	for _, o := range t.Opaque {
		if slices.Contains(s.Opaque, o) {
			continue
		}
		switch w := a.constraint(s, o, p); w {
		case Proven:
		case Wrong:
			v = max(v, r.add(Problem{Misfit: o.misfit(), Verdict: Wrong, Reason: "does not satisfy: " + o.Why}))
		default:
			v = max(v, r.add(Problem{Misfit: o.misfit(), Verdict: Unproven, Reason: "can't be proven to satisfy: " + o.Why}))
		}
	}
	return v
}

func (o *Opaque) misfit() Misfit {
	if o.rule == ruleOne || o.rule == ruleAny {
		return MisfitVariant
	}
	return MisfitUncheckable
}

// constraint is the verdict on s against one constraint.
func (a *assigner) constraint(s *Shape, o *Opaque, p pair) Verdict {
	v, ok := any(nil), p.from == JustNull
	if !ok {
		v, ok = a.single(p.from.Without(Absent|Null), 0)
	}
	if ok {
		c := checker{steps: maxSteps}
		if c.holds(o, v) {
			return Proven
		}
		return Wrong
	}
	switch o.rule {
	case ruleAny:
		v, _ := best(len(o.types), func(i int) Verdict { return a.fit(p.from, o.types[i], p.leave|Null) })
		return v
	case ruleOne:
		return a.exactlyOne(s, o, p)
	case ruleNot:
		if apartFrom(a.forcing, s, o.types[0].shapeIn(a.forcing)) {
			return Proven
		}
	}
	return Unproven
}

// exactlyOne is the verdict on s against alternatives of which exactly one must hold.
func (a *assigner) exactlyOne(s *Shape, o *Opaque, p pair) Verdict {
	proven, possible := 0, 0
	for _, t := range o.types {
		if apartFrom(a.forcing, s, t.shapeIn(a.forcing)) {
			continue
		}
		possible++
		if a.fit(p.from, t, p.leave|Null) == Proven {
			proven++
		}
	}
	switch {
	case proven == 1 && possible == 1:
		return Proven
	case possible == 0:
		return Wrong
	}
	return Unproven
}

// single returns the only value of t, if it has just one.
func (a *assigner) single(t *Type, depth int) (any, bool) {
	s := t.shapeIn(a.forcing)
	if s.Untyped || len(s.Opaque) > 0 || depth > 100 {
		return nil, false
	}
	switch s.Kinds {
	case Object:
		if len(s.Objects) != 1 || s.Objects[0].Openness != Closed || len(s.Objects[0].Patterns) > 0 {
			return nil, false
		}
		object := make(map[string]any, len(s.Objects[0].Properties))
		for _, p := range s.Objects[0].Properties {
			v, ok := a.single(p.Type, depth+1)
			if !ok || !p.Required {
				return nil, false
			}
			object[p.Name] = v
		}
		return object, true
	case Array:
		if len(s.Arrays) != 1 || s.Arrays[0].MinLen != s.Arrays[0].MaxLen || s.Arrays[0].MaxLen > maxPrefix {
			return nil, false
		}
		list := make([]any, s.Arrays[0].MaxLen)
		for i := range list {
			v, ok := a.single(s.Arrays[0].item(i), depth+1)
			if !ok {
				return nil, false
			}
			list[i] = v
		}
		return list, true
	}
	values, ok := t.Constants()
	if !ok || len(values) != 1 {
		return nil, false
	}
	return values[0], true
}
