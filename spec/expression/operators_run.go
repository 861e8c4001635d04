package expression

import (
	"regexp"
	"strings"

	"tenon/spec/types"
)

func testing2(do func(a, b any) bool) primitive {
	return primitive{test: true, two: func(a, b any) any { return do(a, b) }}
}

func textual(do func(s, part string) bool) primitive {
	return testing2(func(a, b any) bool { return do(mustText(a), mustText(b)) })
}

// operatorPrimitives are what operators and forms of the language are carried out by.
func operatorPrimitives() map[string]primitive {
	return map[string]primitive{
		"+": {many: add}, "+ numbers": {two: addNumbers}, "-": {two: subtract}, "*": {two: multiply}, "/": {two: divide}, "%": {two: modulo},
		"**": {two: power}, "neg": {one: negate},

		"==":      testing2(equal),
		"!=":      testing2(func(a, b any) bool { return !equal(a, b) }),
		"== deep": {test: true, many: func(f *frame, a []any) any { return deepEqual(f, a) }},
		"!= deep": {test: true, many: func(f *frame, a []any) any { return !deepEqual(f, a) }},
		"<":       testing2(func(a, b any) bool { return compare(a, b) < 0 }),
		"<=":      testing2(func(a, b any) bool { return compare(a, b) <= 0 }),
		">":       testing2(func(a, b any) bool { return compare(a, b) > 0 }),
		">=":      testing2(func(a, b any) bool { return compare(a, b) >= 0 }),

		"contains": textual(strings.Contains), "startsWith": textual(strings.HasPrefix), "endsWith": textual(strings.HasSuffix),
		"matches": testing2(func(a, b any) bool { return pattern(b).MatchString(mustText(a)) }),
		"matches const": {test: true, pattern: true, make: func(val any) func(any) any {
			re := regexp.MustCompile(val.(string)) // checked when the code was made or read
			return func(v any) any { return re.MatchString(mustText(v)) }
		}},
		"in": {test: true, many: within},
		"..": {many: func(f *frame, a []any) any {
			from, to := mustInt(a[0]), mustInt(a[1])
			if to == 1<<63-1 {
				fail("the range is too long")
			}
			return rangeOf(f, []any{from, to + 1})
		}},

		"[]": {two: index}, "element": {two: func(l, i any) any {
			if types.IsMissing(i) {
				return i
			}
			return index(l, i)
		}},
		"[:]": {many: cut},

		"present": {make: func(val any) func(any) any {
			name := val.(string)
			return func(v any) any {
				if types.IsMissing(v) {
					fail("%s is absent", name)
				}
				return v
			}
		}},
		"notnull": {make: func(val any) func(any) any {
			name := val.(string)
			return func(v any) any {
				switch v.(type) {
				case nil:
					fail("%s is null", name)
				case types.MissingValue:
					fail("%s is absent", name)
				}
				return v
			}
		}},
		"has":  {test: true, one: func(v any) any { return !isAbsent(v) }},
		"fail": {one: func(v any) any { fail("%s", mustText(v)); return nil }},
		"is": {test: true, make: func(val any) func(any) any {
			key := val.(string)
			return func(v any) any {
				s, ok := v.(string)
				if !ok {
					s = textOfValue(v)
				}
				return s == key
			}
		}},

		"template": {many: func(f *frame, parts []any) any {
			n := 0
			var texts [16]string
			out := texts[:0]
			for _, p := range parts {
				s, ok := p.(string)
				if !ok {
					s = textOfValue(p)
				}
				n += len(s)
				out = append(out, s)
			}
			f.made(n)
			return strings.Join(out, "")
		}},
		"template join": {many: func(f *frame, a []any) any { return joinText(f, a) }},

		"splat": {one: func(v any) any {
			switch v := v.(type) {
			case []any:
				return v
			case nil, types.MissingValue:
				return []any{}
			}
			return []any{v}
		}},
		"entries":  {many: entriesOf},
		"toObject": {many: toObject},
		"toGroups": {many: toGroups},

		"assert": {typed: true, makeIn: func(val any) func(*frame, any) any {
			t := val.(*types.Type)
			return func(f *frame, v any) any {
				f.whole(v)
				if problems := t.Check(v); len(problems) > 0 {
					where := types.Path(problems[0].Path)
					fail("the value is not of the type that is asserted: %s", strings.TrimSpace(where+" "+problems[0].Reason))
				}
				return v
			}
		}},
		"fit": {fits: true, makeIn: func(val any) func(*frame, any) any {
			t := val.(fits)
			return func(f *frame, v any) any {
				f.whole(v)
				return t.apply(v, t.Root)
			}
		}},
	}
}

func deepEqual(f *frame, a []any) bool {
	room := f.limits.Turns - f.turns + 1
	f.work(min(weigh(a[0], room), weigh(a[1], room)))
	return equal(a[0], a[1])
}

func within(f *frame, a []any) any {
	switch c := a[1].(type) {
	case []any:
		f.work(len(c)/16 + 1)
		for _, x := range c {
			if equal(a[0], x) {
				return true
			}
		}
		return false
	case map[string]any:
		_, ok := c[mustText(a[0])]
		return ok
	}
	fail("in looks into a list or an object, not into %s", types.Shapeof(a[1]))
	return nil
}

// cut is x[from:to], in elements of a list or code points of a string; negative bounds count from the end.
func cut(f *frame, a []any) any {
	bounds := func(n int) (int, int) {
		from, to := mustInt(a[1]), n
		if a[2] != nil {
			to = mustInt(a[2])
		}
		if from < 0 {
			from += n
		}
		if to < 0 {
			to += n
		}
		from, to = max(0, min(from, n)), max(0, min(to, n))
		return from, max(from, to)
	}
	if s, ok := a[0].(string); ok {
		runes := []rune(s)
		from, to := bounds(len(runes))
		return f.text(string(runes[from:to]))
	}
	l := mustElements(a[0])
	from, to := bounds(len(l))
	return l[from:to]
}

// entriesOf is what a for goes through: pairs of place and element, or of name and value in the order of names.
func entriesOf(f *frame, a []any) any {
	if l, ok := a[0].([]any); ok {
		f.cells(3 * len(l))
		out := make([]any, len(l))
		for i, v := range l {
			out[i] = []any{i, v}
		}
		return out
	}
	m, ok := a[0].(map[string]any)
	if !ok {
		fail("for goes through lists and objects, not through %s", types.Shapeof(a[0]))
	}
	return pairsOf(f, m)
}

func toObject(f *frame, a []any) any {
	l := mustElements(a[0])
	f.cells(len(l))
	m := make(map[string]any, len(l))
	for _, p := range l {
		pair := p.([]any)
		k := mustText(pair[0])
		if _, twice := m[k]; twice {
			fail("two elements give the same key; with => value… they are gathered in lists")
		}
		m[k] = pair[1]
	}
	return m
}

func toGroups(f *frame, a []any) any {
	l := mustElements(a[0])
	f.cells(2 * len(l))
	m := map[string]any{}
	for _, p := range l {
		pair := p.([]any)
		k := mustText(pair[0])
		group, _ := m[k].([]any)
		m[k] = append(group, pair[1])
	}
	return m
}
