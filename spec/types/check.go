package types

import (
	"fmt"
	"strconv"
	"time"
	"unicode/utf8"

	"tenon/spec/diag"
)

// Violation is one way in which a value is not in a type.
type Violation struct {
	Path   []string // to the part: property names, "[3]"; empty for the value itself
	Misfit Misfit
	Reason string // a clause without a full stop; tells the shape of the value, never the value
}

// maxViolations bounds how many violations of one value are told.
const maxViolations = 20

// Check tells why v is not in t; nil means that it is, and then nothing is allocated. At most 20
// violations are told.
func (t *Type) Check(v any) []Violation {
	c := checker{steps: maxSteps}
	if c.in(t, v) {
		return nil
	}
	e := &explainer{}
	if c.steps < 0 {
		e.add(MisfitUncheckable, "is too large to be checked")
		return e.out
	}
	e.explain(t, v, 0)
	if len(e.out) == 0 {
		e.add(MisfitType, "is "+Shapeof(v)+", but "+t.Phrase()+" is expected")
	}
	return e.out
}

// explainer finds the reasons of a failed check, on the way down to the parts that fail.
type explainer struct {
	path []string
	out  []Violation
}

func (e *explainer) add(m Misfit, reason string) {
	if len(e.out) < maxViolations {
		e.out = append(e.out, Violation{Path: append([]string(nil), e.path...), Misfit: m, Reason: reason})
	}
}

// part explains what is wrong with a part of the value, if anything is.
func (e *explainer) part(token string, t *Type, v any, depth int) {
	if len(e.out) >= maxViolations || t.Contains(v) {
		return
	}
	e.path = append(e.path, token)
	e.explain(t, v, depth+1)
	e.path = e.path[:len(e.path)-1]
}

// explain tells why v is not in t, which it is not.
func (e *explainer) explain(t *Type, v any, depth int) {
	s := t.Shape()
	k := kindOf(v)
	if !s.Kinds.Has(k) && !(k == Time && s.takesTime()) {
		switch {
		case s.Kinds == 0:
			e.add(MisfitUnknown, "is not allowed here")
		case v == nil:
			e.add(MisfitNull, "is null, but "+t.Phrase()+" is expected")
		case k == Absent:
			e.add(MisfitAbsent, "is absent, but "+t.Phrase()+" is expected")
		case k == Fraction && s.Kinds.Has(Integer):
			e.add(MisfitLossy, "has a fraction, but an integer is expected")
		default:
			e.add(MisfitType, "is "+Shapeof(v)+", but "+t.Phrase()+" is expected")
		}
		return
	}
	before := len(e.out)
	switch v := v.(type) {
	case bool:
		if s.Booleans != nil && s.Booleans[0] != v {
			e.add(MisfitEnum, "is not "+strconv.FormatBool(s.Booleans[0]))
		}
	case int, float64, Num:
		if s.Numbers != nil && !anyNumeric(s.Numbers, v) {
			e.add(s.Numbers[0].misfit(v), "is "+Shapeof(v)+" outside of "+New(s.only(Number)).String())
		}
	case string:
		if s.Strings != nil && !anyText(s.Strings, v) {
			e.text(s.Strings, v)
		}
	case []any:
		e.lists(s, v, depth)
	case map[string]any:
		e.objects(s, v, depth)
	}
	if len(e.out) > before {
		return
	}
	c := checker{steps: maxSteps}
	for _, o := range s.Opaque {
		if !c.holds(o, v) {
			e.add(o.misfit(), "does not satisfy: "+o.Why)
		}
	}
}

func (e *explainer) text(xs []*Text, v string) {
	x := xs[0]
	m := x.misfit(v)
	if len(xs) > 1 {
		e.add(m, "is "+Shapeof(v)+" that fits none of: "+New(&Shape{Kinds: String, Strings: xs}).String())
		return
	}
	switch m {
	case MisfitEnum:
		e.add(m, "is "+Shapeof(v)+" that is not one of "+constants(anys(x.Enum), ", "))
	case MisfitLength:
		limit := fmt.Sprintf("at most %d are allowed", x.MaxLen)
		if utf8.RuneCountInString(v) < x.MinLen {
			limit = fmt.Sprintf("at least %d are needed", x.MinLen)
		}
		e.add(m, "is "+Shapeof(v)+", but "+limit)
	case MisfitFormat:
		e.add(m, "is "+Shapeof(v)+" that is no "+x.Format)
	default:
		for i, p := range x.match {
			if !p.matches(v) {
				e.add(m, "is "+Shapeof(v)+" that does not match the pattern "+x.Patterns[i])
			}
		}
	}
}

func (e *explainer) lists(s *Shape, v []any, depth int) {
	if s.Arrays == nil {
		return
	}
	l := s.Arrays[0]
	if len(s.Arrays) > 1 {
		l = s.Arrays[e.nearest(len(s.Arrays), func(probe *explainer, i int) { probe.list(s.Arrays[i], v, depth) }, depth)]
	}
	e.list(l, v, depth)
}

func (e *explainer) list(l *List, v []any, depth int) {
	if len(v) < l.MinLen {
		e.add(MisfitLength, "has "+count(len(v), "item")+", but at least "+strconv.Itoa(l.MinLen)+" are needed")
	}
	if l.MaxLen >= 0 && len(v) > l.MaxLen {
		e.add(MisfitLength, "has "+count(len(v), "item")+", but at most "+strconv.Itoa(l.MaxLen)+" are allowed")
	}
	if l.Unique {
		if i := duplicate(v); i >= 0 {
			e.add(MisfitLength, "has equal items, the later at "+strconv.Itoa(i)+", but all must differ")
		}
	}
	for i, item := range v {
		if i >= len(l.Prefix) && l.Items == nil || len(e.out) >= maxViolations {
			break
		}
		e.part("["+strconv.Itoa(i)+"]", l.item(i), item, depth)
	}
}

func (e *explainer) objects(s *Shape, v map[string]any, depth int) {
	switch len(s.Objects) {
	case 0:
		return
	case 1:
		e.object(s.Objects[0], v, depth)
		return
	}
	at := -1
	if mark, ok := v[s.Discriminator]; ok {
		at = onlyVariant(s, mark)
	}
	if at < 0 {
		at = e.nearest(len(s.Objects), func(probe *explainer, i int) { probe.object(s.Objects[i], v, depth) }, depth)
	}
	e.object(s.Objects[at], v, depth)
}

// onlyVariant is the one alternative whose discriminating property may be mark; -1 if there is none or more than one.
func onlyVariant(s *Shape, mark any) int {
	at := -1
	for i, f := range s.Objects {
		if p := f.lookup(s.Discriminator); p == nil || p.Type.Contains(mark) {
			if at >= 0 {
				return -1
			}
			at = i
		}
	}
	return at
}

// nearest is the alternative that has fewest violations. Deep down any will do, since finding it
// there would take too long.
func (e *explainer) nearest(n int, explain func(probe *explainer, i int), depth int) int {
	if depth > 3 {
		return 0
	}
	at, least := 0, maxViolations+1
	for i := range min(n, 50) {
		probe := &explainer{}
		explain(probe, i)
		if len(probe.out) < least {
			at, least = i, len(probe.out)
		}
	}
	return at
}

func (e *explainer) object(f *Fields, v map[string]any, depth int) {
	for _, p := range f.Properties {
		value, ok := v[p.Name]
		switch {
		case !ok && p.Required:
			e.add(MisfitMissing, "lacks "+strconv.Quote(p.Name)+", which is required")
		case ok && p.Type.Kinds() == 0 && (p.ReadOnly || p.WriteOnly):
			e.at(p.Name, MisfitReadOnly, p.withheldWhy())
		case ok:
			e.part(p.Name, p.Type, value, depth)
		}
	}
	for _, name := range sortedKeys(v) {
		matched := f.lookup(name) != nil
		for i, m := range f.matchers() {
			if m.matches(name) {
				matched = true
				e.part(name, f.Patterns[i].Type, v[name], depth)
			}
		}
		switch {
		case matched:
		case f.Openness == Closed:
			reason := "is not a property of " + f.title()
			if near := diag.Nearest(name, names(f.Properties)); near != "" {
				reason += " (there is " + strconv.Quote(near) + ")"
			}
			e.at(name, MisfitUnknown, reason)
		case f.Openness == Open && f.Additional != nil:
			e.part(name, f.Additional, v[name], depth)
		}
	}
	if len(v) < f.MinCount {
		e.add(MisfitLength, "has "+count(len(v), "property")+", but at least "+strconv.Itoa(f.MinCount)+" are needed")
	}
	if f.MaxCount >= 0 && len(v) > f.MaxCount {
		e.add(MisfitLength, "has "+count(len(v), "property")+", but at most "+strconv.Itoa(f.MaxCount)+" are allowed")
	}
}

func (e *explainer) at(name string, m Misfit, reason string) {
	e.path = append(e.path, name)
	e.add(m, reason)
	e.path = e.path[:len(e.path)-1]
}

func names(ps []*Property) []string {
	out := make([]string, len(ps))
	for i, p := range ps {
		out[i] = p.Name
	}
	return out
}

// Conform returns v as it is sent where t is expected: absent and, where null is not allowed, null members of
// objects are left out if they are not required, and a time becomes the text that the format says.
// What needs no change is returned as it is; v itself never changes.
func (t *Type) Conform(v any) any { return conform(t, v, 0) }

func conform(t *Type, v any, depth int) any {
	if depth > maxLevels {
		return v
	}
	switch v := v.(type) {
	case time.Time:
		s := t.Shape()
		if s.Kinds.Has(Time) || s.Invalid {
			return v
		}
		for _, x := range s.Strings {
			if x.Format == "date" {
				return v.Format(time.DateOnly)
			}
			if x.Format == "date-time" {
				return FormatTime(v)
			}
		}
	case []any:
		s := t.Shape()
		if s.Arrays == nil || s.Invalid {
			return v
		}
		var out []any
		for i, e := range v {
			w := e
			for _, l := range s.Arrays {
				w = conform(l.item(i), w, depth+1)
			}
			if out == nil && !identical(w, e) {
				out = append(make([]any, 0, len(v)), v[:i]...)
			}
			if out != nil {
				out = append(out, w)
			}
		}
		if out != nil {
			return out
		}
	case map[string]any:
		return conformObject(t.Shape(), v, depth)
	}
	return v
}

func conformObject(s *Shape, v map[string]any, depth int) any {
	var out map[string]any
	change := func(name string, w any) {
		if out == nil {
			out = make(map[string]any, len(v))
			for k, e := range v {
				out[k] = e
			}
		}
		if IsMissing(w) {
			delete(out, name)
		} else {
			out[name] = w
		}
	}
	for name, e := range v {
		if IsMissing(e) || e == nil && s.leavesOutNull(name) {
			change(name, Missing)
			continue
		}
		w := e
		for _, f := range s.Objects {
			if p := f.lookup(name); p != nil {
				w = conform(p.Type, w, depth+1)
			} else if f.Additional != nil {
				w = conform(f.Additional, w, depth+1)
			}
		}
		if !identical(w, e) {
			change(name, w)
		}
	}
	if out == nil {
		return v
	}
	return out
}

// leavesOutNull reports whether a null property name is left out: it is declared, required by no alternative and
// nullable in none.
func (s *Shape) leavesOutNull(name string) bool {
	declared := false
	for _, f := range s.Objects {
		p := f.lookup(name)
		if p == nil {
			continue
		}
		if p.Required || p.Type.May(Null) {
			return false
		}
		declared = true
	}
	return declared
}

// identical reports whether conforming gave back what it was given.
func identical(a, b any) bool {
	switch a := a.(type) {
	case []any:
		b, ok := b.([]any)
		return ok && len(a) == len(b) && (len(a) == 0 || &a[0] == &b[0])
	case map[string]any:
		b, ok := b.(map[string]any)
		return ok && sameMap(a, b)
	case string:
		_, ok := b.(string) // a string is never conformed to another
		return ok
	case time.Time:
		_, ok := b.(time.Time)
		return ok
	}
	return true // other values are returned as they are
}
