package expression

import (
	"time"

	"tenon/spec/types"
)

// What the operations of a program do with values. Functions here panic with a *fault where a value
// is not what it must be; the checker has said so before, or could not know.

// loader reads a path below a name of the environment.
func loader(slot int, p path) any {
	if names, ok := p.names(); ok {
		switch len(names) {
		case 0:
			return func(f any) any { return f.(*frame).slots[slot] }
		case 1:
			a := names[0]
			return func(f any) any { return member(f.(*frame).slots[slot], a) }
		case 2:
			a, b := names[0], names[1]
			return func(f any) any { return member(member(f.(*frame).slots[slot], a), b) }
		}
	}
	return func(f any) any { return follow(f.(*frame).slots[slot], p) }
}

func getter(p path) any {
	if names, ok := p.names(); ok && len(names) == 1 {
		a := names[0]
		return func(v any) any { return member(v, a) }
	}
	return func(v any) any { return follow(v, p) }
}

func (p path) names() ([]string, bool) {
	out := make([]string, len(p))
	for i, s := range p {
		name, ok := s.(string)
		if !ok {
			return nil, false
		}
		out[i] = name
	}
	return out, true
}

func follow(v any, p path) any {
	for _, s := range p {
		switch s := s.(type) {
		case string:
			v = member(v, s)
		case int:
			v = element(v, s)
		}
	}
	return v
}

// member is v.name: absent where v is absent, null or has no such field.
func member(v any, name string) any {
	if m, ok := v.(map[string]any); ok {
		if x, ok := m[name]; ok {
			return x
		}
		return types.Missing
	}
	if v == nil || types.IsMissing(v) {
		return types.Missing
	}
	fail("%q is read from %s, not from an object", name, types.Shapeof(v))
	return nil
}

// element is v[i]: absent where v is absent, null or shorter. Negative places count from the end.
func element(v any, i int) any {
	switch v := v.(type) {
	case []any:
		if i < 0 {
			i += len(v)
		}
		if i >= 0 && i < len(v) {
			return v[i]
		}
		return types.Missing
	case nil, types.MissingValue:
		return types.Missing
	}
	fail("an element is read from %s, not from a list", types.Shapeof(v))
	return nil
}

// index is v[key] for a key that is only known now.
func index(v, key any) any {
	switch k := key.(type) {
	case string:
		return member(v, k)
	case int:
		return element(v, k)
	}
	if n, ok := integer(key); ok {
		return element(v, n)
	}
	fail("in brackets stands %s; a place in a list or the name of a field is expected", types.Shapeof(key))
	return nil
}

func constructor(fields []field) any {
	plain := true
	for _, f := range fields {
		plain = plain && !f.computed
	}
	if !plain {
		return func(vs []any) any { return computedObject(fields, vs) }
	}
	return func(vs []any) any {
		m := make(map[string]any, len(vs))
		for i, v := range vs {
			fields[i].set(m, fields[i].key, v)
		}
		return m
	}
}

func computedObject(fields []field, vs []any) any {
	m := make(map[string]any, len(fields))
	for i := 0; len(fields) > 0; fields = fields[1:] {
		f := &fields[0]
		key := f.key
		if f.computed {
			key = mustText(vs[i])
			i++
		}
		if _, twice := m[key]; twice {
			fail("a key stands in the object twice")
		}
		f.set(m, key, vs[i])
		i++
	}
	return m
}

func (f *field) set(m map[string]any, key string, v any) {
	switch {
	case v == nil:
		if f.drop == dropNull {
			return
		}
	case types.IsMissing(v):
		if f.drop == dropNothing {
			fail("%s has no value: it is absent", key)
		}
		return
	}
	m[key] = v
}

// listOf is a list constructor. The VM has made the list for this call alone.
var listOf any = func(vs []any) any {
	for i, v := range vs {
		if types.IsMissing(v) {
			fail("element %d of the list is absent", i)
		}
	}
	return vs
}

var mustBool any = func(v any) any {
	if b, ok := v.(bool); ok {
		return b
	}
	fail("a condition must be true or false, and this is %s", types.Shapeof(v))
	return nil
}

var mustList any = func(v any) any {
	if l, ok := v.([]any); ok {
		return l
	}
	fail("a list is expected, and this is %s", types.Shapeof(v))
	return nil
}

var nilMissing any = func(v any) any {
	if v == nil {
		return types.Missing
	}
	return v
}

var lastTrue any = func(v any) any {
	l := v.([]any)
	for i := len(l) - 1; i >= 0; i-- {
		if l[i] == true {
			return i
		}
	}
	return types.Missing
}

func mustText(v any) string {
	s, ok := v.(string)
	if !ok {
		fail("a string is expected, and this is %s", types.Shapeof(v))
	}
	return s
}

func mustInt(v any) int {
	n, ok := integer(v)
	if !ok {
		fail("an integer is expected, and this is %s", types.Shapeof(v))
	}
	return n
}

func mustElements(v any) []any {
	l, ok := v.([]any)
	if !ok {
		fail("a list is expected, and this is %s", types.Shapeof(v))
	}
	return l
}

func mustObject(v any) map[string]any {
	m, ok := v.(map[string]any)
	if !ok {
		fail("an object is expected, and this is %s", types.Shapeof(v))
	}
	return m
}

func mustTime(v any) time.Time {
	t, ok := v.(time.Time)
	if !ok {
		fail("a time is expected, and this is %s; parse_time makes one of a string", types.Shapeof(v))
	}
	return t
}

// integer returns the value of a number that has no fraction.
func integer(v any) (int, bool) {
	switch v := v.(type) {
	case int:
		return v, true
	case float64:
		if n := int(v); float64(n) == v && v >= -1<<53 && v <= 1<<53 {
			return n, true
		}
	case types.Num:
		return v.Int()
	}
	return 0, false
}

func isAbsent(v any) bool { return v == nil || types.IsMissing(v) }
