package types

import (
	"slices"
	"time"
	"unicode/utf8"
)

// maxSteps bounds the work of one check: types whose alternatives each lead to many others could
// otherwise take time exponential in the depth of a value. What exceeds it counts as not in the type.
const maxSteps = 20_000_000

// maxLevels bounds how deep a check goes, against a type whose conditions lead back to it on the same value.
const maxLevels = 5000

// checker is one question whether a value is in a type.
type checker struct {
	steps int // left
	depth int
}

// Contains reports whether v is in t. It allocates nothing.
func (t *Type) Contains(v any) bool {
	c := checker{steps: maxSteps}
	return c.in(t, v)
}

func (c *checker) in(t *Type, v any) bool {
	if c.steps--; c.steps < 0 {
		return false
	}
	if c.depth >= maxLevels {
		c.steps = -1
		return false
	}
	c.depth++
	ok := c.inShape(t.Shape(), v)
	c.depth--
	return ok
}

func (c *checker) inShape(s *Shape, v any) bool {
	if s.Invalid {
		return true
	}
	if !c.kindIn(s, v) {
		return false
	}
	for _, o := range s.Opaque {
		if !IsMissing(v) && !c.holds(o, v) {
			return false
		}
	}
	return true
}

// kindIn checks v against the alternatives of its kind.
func (c *checker) kindIn(s *Shape, v any) bool {
	switch v := v.(type) {
	case bool:
		return s.Kinds.Has(Boolean) && (s.Booleans == nil || slices.Contains(s.Booleans, v))
	case int, float64, Num:
		return s.Kinds.Has(kindOf(v)) && (s.Numbers == nil || anyNumeric(s.Numbers, v))
	case string:
		return s.Kinds.Has(String) && (s.Strings == nil || anyText(s.Strings, v))
	case []any:
		if !s.Kinds.Has(Array) {
			return false
		}
		for _, l := range s.Arrays {
			if c.list(l, v) {
				return true
			}
		}
		return s.Arrays == nil
	case map[string]any:
		if !s.Kinds.Has(Object) {
			return false
		}
		for _, f := range s.Objects {
			if c.fields(f, v) {
				return true
			}
		}
		return s.Objects == nil
	case time.Time:
		return s.Kinds.Has(Time) || s.Untyped || s.takesTime()
	}
	k := kindOf(v)
	return k != 0 && s.Kinds.Has(k)
}

// takesTime reports whether a time may stand where s is expected: it is written as the format says.
func (s *Shape) takesTime() bool {
	return s.Kinds.Has(String) && slices.ContainsFunc(s.Strings, (*Text).takesTime)
}

func (x *Text) takesTime() bool {
	return (x.Format == "date-time" || x.Format == "date") && x.Enum == nil
}

func anyText(xs []*Text, v string) bool {
	for _, x := range xs {
		if x.misfit(v) == "" {
			return true
		}
	}
	return false
}

// holds reports whether v satisfies x.
func (x *Text) holds(v string) bool { return x.misfit(v) == "" }

// misfit says which constraint of x the string v breaks; "" for none.
func (x *Text) misfit(v string) Misfit {
	x.once.Do(x.prepare)
	if x.Enum != nil && !x.hasMember(v) {
		return MisfitEnum
	}
	if x.MinLen > 0 || x.MaxLen >= 0 {
		// The number of bytes settles it in most cases.
		if len(v) < x.MinLen {
			return MisfitLength
		}
		if x.MaxLen >= 0 && len(v) > x.MaxLen || len(v) < 4*x.MinLen {
			if n := utf8.RuneCountInString(v); n < x.MinLen || x.MaxLen >= 0 && n > x.MaxLen {
				return MisfitLength
			}
		}
	}
	if x.Format != "" {
		if check := formats[x.Format]; check != nil && !check(v) {
			return MisfitFormat
		}
	}
	for _, m := range x.match {
		if !m.matches(v) {
			return MisfitPattern
		}
	}
	return ""
}

func (x *Text) hasMember(v string) bool {
	if x.members != nil {
		_, ok := x.members[v]
		return ok
	}
	return slices.Contains(x.Enum, v)
}

func (x *Text) prepare() {
	if len(x.Enum) > 8 {
		x.members = make(map[string]struct{}, len(x.Enum))
		for _, e := range x.Enum {
			x.members[e] = struct{}{}
		}
	}
	x.match = compilePatterns(x.Patterns)
}

func (c *checker) list(l *List, v []any) bool {
	if len(v) < l.MinLen || l.MaxLen >= 0 && len(v) > l.MaxLen {
		return false
	}
	for i, e := range v {
		if i >= len(l.Prefix) && l.Items == nil {
			break
		}
		if !c.in(l.item(i), e) {
			return false
		}
	}
	return !l.Unique || duplicate(v) < 0
}

// duplicate returns the index of the first element of v that equals an earlier one; -1 if there is none.
func duplicate(v []any) int {
	if len(v) <= 16 {
		for i := range v {
			for j := range i {
				if Equal(v[i], v[j]) {
					return i
				}
			}
		}
		return -1
	}
	seen := make(map[string]struct{}, len(v))
	for i, e := range v {
		key := string(appendKey(nil, e))
		if _, ok := seen[key]; ok {
			return i
		}
		seen[key] = struct{}{}
	}
	return -1
}

func (c *checker) fields(f *Fields, v map[string]any) bool {
	f.once.Do(f.prepare)
	if len(v) < f.MinCount || f.MaxCount >= 0 && len(v) > f.MaxCount {
		return false
	}
	required := 0
	for name, e := range v {
		p := f.lookup(name)
		if p != nil {
			if !c.in(p.Type, e) {
				return false
			}
			if p.Required {
				required++
			}
		}
		matched := p != nil
		for i := range f.patterns {
			if f.patterns[i].matches(name) {
				matched = true
				if !c.in(f.Patterns[i].Type, e) {
					return false
				}
			}
		}
		if matched {
			continue
		}
		if f.Openness == Closed || f.Openness == Open && f.Additional != nil && !c.in(f.Additional, e) {
			return false
		}
	}
	return required >= f.required || !f.lacks(v)
}

// lacks reports whether a required property is not in v.
func (f *Fields) lacks(v map[string]any) bool {
	for _, p := range f.Properties {
		if _, ok := v[p.Name]; !ok && p.Required {
			return true
		}
	}
	return false
}

// holds reports whether v satisfies o.
func (c *checker) holds(o *Opaque, v any) bool {
	switch o.rule {
	case ruleNot:
		return !c.in(o.types[0], v) && c.steps >= 0
	case ruleOne:
		n := 0
		for _, t := range o.types {
			if c.in(t, v) {
				if n++; n > 1 {
					return false
				}
			}
		}
		return n == 1
	case ruleAny:
		for _, t := range o.types {
			if c.in(t, v) {
				return true
			}
		}
		return false
	case ruleIf:
		if c.in(o.types[0], v) {
			return c.in(o.types[1], v)
		}
		return c.in(o.types[2], v)
	case ruleContains:
		list, ok := v.([]any)
		if !ok {
			return true
		}
		n := 0
		for _, e := range list {
			if c.in(o.types[0], e) {
				n++
			}
		}
		return n >= o.min && (o.max < 0 || n <= o.max)
	}
	return c.objectHolds(o, v)
}

// objectHolds is holds for the rules that speak of objects.
func (c *checker) objectHolds(o *Opaque, v any) bool {
	if o.rule == ruleForeign {
		return o.schema.holds(v)
	}
	object, ok := v.(map[string]any)
	if !ok {
		return true
	}
	switch o.rule {
	case ruleNames:
		for name := range object {
			if !c.in(o.types[0], name) {
				return false
			}
		}
		return true
	case ruleRequired:
		if _, ok := object[o.name]; ok {
			for _, n := range o.names {
				if _, ok := object[n]; !ok {
					return false
				}
			}
		}
		return true
	case ruleWhen:
		_, ok := object[o.name]
		return !ok || c.in(o.types[0], v)
	}
	panic("this is a bug in Tenon: an unknown rule")
}
