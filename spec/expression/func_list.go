package expression

import (
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"tenon/spec/types"
)

// taken is the type of at most so many of the elements of the first argument.
func taken(args []*types.Type) *types.Type {
	low, high := lengths(args[0])
	least, most := bounds(args[1])
	if n, ok := numInt(least); ok {
		low = min(low, max(0, n))
	} else {
		low = 0
	}
	if n, ok := numInt(most); ok && (high < 0 || n < high) {
		high = max(0, n)
	}
	return listType2(elemOf(args[0]), low, high)
}

// numInt is the integer that a bound is, if there is one and it is one.
func numInt(n *types.Num) (int, bool) {
	if n == nil {
		return 0, false
	}
	return n.Int()
}

// distinct is the type of a list without its repeats.
func distinct(args []*types.Type) *types.Type {
	low, high := lengths(args[0])
	return types.New(&types.Shape{Kinds: types.Array, Arrays: []*types.List{{Items: elemOf(args[0]), MinLen: min(low, 1), MaxLen: high, Unique: true}}})
}

func rearranged(args []*types.Type) *types.Type {
	low, high := lengths(args[0])
	return listType2(elemOf(args[0]), low, high)
}

// oneOf is the type of an element, absent where the list may be empty.
func oneOf(args []*types.Type) *types.Type {
	e := elemOf(args[0])
	if low, _ := lengths(args[0]); low > 0 && !args[0].Shape().Untyped {
		return e
	}
	return e.With(types.Absent)
}

func listFunctions() []*Function {
	return []*Function{
		{Signature: "len(x string|list|object) integer", Doc: "The number of code points of a string, of elements of a list, of fields of an object.", Pure: true,
			Examples: ex(`len("größe")`, `5`, `len([1, 2])`, `2`), shallow: true, result: lenType, prim: primitive{one: func(v any) any {
				switch v := v.(type) {
				case string:
					return utf8.RuneCountInString(v)
				case []any:
					return len(v)
				case map[string]any:
					return len(v)
				}
				fail("len counts strings, lists and objects, not %s", types.Shapeof(v))
				return nil
			}}},
		{Signature: "first(xs list) any", Doc: "The first element; absent when there is none.", Pure: true, passes: passesElement,
			Examples: ex(`first([1, 2])`, `1`), result: oneOf, prim: primitive{one: func(v any) any { return element(v, 0) }}},
		{Signature: "last(xs list) any", Doc: "The last element; absent when there is none.", Pure: true, passes: passesElement,
			Examples: ex(`last([1, 2])`, `2`), result: oneOf, prim: primitive{one: func(v any) any { return element(v, -1) }}},
		{Signature: "take(xs list, n integer) list", Doc: "The first `n` elements.", Pure: true, passes: passesSame,
			Examples: ex(`take([1, 2, 3], 2)`, `[1,2]`), result: taken, prim: primitive{two: func(a, b any) any {
				l, n := mustElements(a), mustInt(b)
				return l[:max(0, min(n, len(l)))]
			}}},
		{Signature: "reverse(xs list) list", Doc: "The elements in reverse order.", Pure: true, passes: passesSame,
			Examples: ex(`reverse([1, 2])`, `[2,1]`), result: rearranged, prim: copying(func(l []any) []any { slices.Reverse(l); return l })},
		{Signature: "sort(xs list, order? \"asc\"|\"desc\") list", Doc: "The elements in order, `\"asc\"` or `\"desc\"`; equal ones stay as they were.", Pure: true, passes: passesSame,
			Examples: ex(`sort([3, 1, 2])`, `[1,2,3]`, `sort(["b", "a"], "desc")`, `["b","a"]`), result: rearranged, prim: primitive{many: func(f *frame, a []any) any {
				l := mustElements(a[0])
				f.cells(len(l))
				f.work(len(l))
				return sortBy(l, l, descending(a[1:]))
			}}},
		{Signature: "uniq(xs list) list", Doc: "The elements without repeats; the first of equal ones stays.", Pure: true, passes: passesSame,
			Examples: ex(`uniq([1, 2, 1])`, `[1,2]`), result: distinct, prim: primitive{many: uniq}},
		{Signature: "concat(lists… list) list", Doc: "The elements of all lists in one.", Pure: true,
			Examples: ex(`concat([1], [2, 3])`, `[1,2,3]`), result: concatType, prim: primitive{many: func(f *frame, a []any) any {
				n := 0
				for _, v := range a {
					n += len(mustElements(v))
				}
				f.cells(n)
				out := make([]any, 0, n)
				for _, v := range a {
					out = append(out, v.([]any)...)
				}
				return out
			}}},
		{Signature: "flatten(xs list) list", Doc: "The elements, with those of lists among them in their place, at any depth.", Pure: true,
			Examples: ex(`flatten([1, [2, [3]]])`, `[1,2,3]`), result: flatType, prim: primitive{many: func(f *frame, a []any) any {
				return flatten(f, []any{}, mustElements(a[0]))
			}}},
		{Signature: "zip(a list, b list) list(list)", Doc: "Pairs of the elements at the same place, as long as both have one.", Pure: true,
			Examples: ex(`zip([1, 2], ["a", "b"])`, `[[1,"a"],[2,"b"]]`), result: zipType, prim: primitive{many: func(f *frame, args []any) any {
				a, b := mustElements(args[0]), mustElements(args[1])
				n := min(len(a), len(b))
				f.cells(3 * n)
				out := make([]any, n)
				for i := range out {
					out[i] = []any{a[i], b[i]}
				}
				return out
			}}},
		{Signature: "range(from integer, to integer, step? integer) list(integer)", Doc: "The integers from `from` up to, but without, `to`.", Pure: true,
			Examples: ex(`range(0, 3)`, `[0,1,2]`, `range(10, 0, -5)`, `[10,5]`), result: func(args []*types.Type) *types.Type {
				low, _ := bounds(args[0])
				_, high := bounds(args[1])
				if len(args) == 3 || low == nil || high == nil {
					return types.ListOf(types.AnyInteger)
				}
				return types.ListOf(between(types.Integer, low, high))
			}, prim: primitive{many: rangeOf}},
		{Signature: "chunk(xs list, size integer) list(list)", Doc: "The elements in lists of `size` each; the last one may be shorter.", Pure: true,
			Examples: ex(`chunk([1, 2, 3], 2)`, `[[1,2],[3]]`), result: chunkType, prim: primitive{many: func(f *frame, a []any) any {
				l, n := mustElements(a[0]), mustInt(a[1])
				if n < 1 {
					fail("a chunk has at least one element")
				}
				f.cells(len(l)/n + 1)
				out := []any{}
				for c := range slices.Chunk(l, n) {
					out = append(out, c)
				}
				return out
			}}},
	}
}

func copying(do func([]any) []any) primitive {
	return primitive{many: func(f *frame, a []any) any {
		l := mustElements(a[0])
		f.cells(len(l))
		return do(slices.Clone(l))
	}}
}

func lenType(args []*types.Type) *types.Type {
	t := args[0]
	if t.Shape().Untyped || t.May(types.Object) {
		return naturals
	}
	var ts []*types.Type
	span := func(low, high int) {
		if high < 0 {
			ts = append(ts, between(types.Integer, num(low), num(1<<53-1)))
			return
		}
		ts = append(ts, between(types.Integer, num(low), num(high)))
	}
	if t.May(types.String) {
		span(sizes(t))
	}
	if t.May(types.Array) {
		span(lengths(t))
	}
	return types.Union(ts...)
}

func concatType(args []*types.Type) *types.Type {
	var items []*types.Type
	low, high := 0, 0
	for _, a := range args {
		items = append(items, elemOf(a))
		l, h := lengths(a)
		low += l
		if h < 0 || high < 0 {
			high = -1
		} else {
			high += h
		}
	}
	return listType2(types.Union(items...), low, high)
}

func flatType(args []*types.Type) *types.Type {
	t := elemOf(args[0])
	for i := 0; i < 8 && t.May(types.Array); i++ {
		rest := t.Without(types.Array)
		t = types.Union(rest, elemOf(t))
	}
	if t.May(types.Array) {
		return types.ListOf(anything)
	}
	return types.ListOf(t)
}

func flatten(f *frame, out, l []any) []any {
	f.work(len(l) + 1)
	for _, v := range l {
		if inner, ok := v.([]any); ok {
			out = flatten(f, out, inner)
			continue
		}
		f.cells(1)
		out = append(out, v)
	}
	return out
}

func zipType(args []*types.Type) *types.Type {
	return types.ListOf(types.TupleOf(elemOf(args[0]), elemOf(args[1])))
}

func chunkType(args []*types.Type) *types.Type {
	high := -1
	if v, ok := args[1].Constants(); ok && len(v) == 1 {
		high, _ = integer(v[0])
	}
	return types.ListOf(listType2(elemOf(args[0]), 1, high))
}

func rangeOf(f *frame, a []any) any {
	from, to, step := mustInt(a[0]), mustInt(a[1]), 1
	if len(a) == 3 {
		step = mustInt(a[2])
	}
	if step == 0 {
		fail("the step of range is 0")
	}
	n := 0
	switch {
	case step > 0 && from < to:
		n = int((uint(to)-uint(from)-1)/uint(step)) + 1
	case step < 0 && from > to:
		n = int((uint(from)-uint(to)-1)/(-uint(step))) + 1
	}
	if n < 0 || n > f.limits.Values {
		f.cells(f.limits.Values + 1)
	}
	f.cells(n)
	out := make([]any, n)
	for i := range out {
		out[i] = from + i*step
	}
	return out
}

func descending(order []any) bool {
	if len(order) == 0 {
		return false
	}
	switch mustText(order[0]) {
	case "asc":
		return false
	case "desc":
		return true
	}
	fail(`the order is "asc" or "desc"`)
	return false
}

// sortBy returns the elements in the order of their keys.
func sortBy(l, keys []any, desc bool) []any {
	at := make([]int, len(l))
	for i := range at {
		at[i] = i
	}
	slices.SortStableFunc(at, func(i, j int) int {
		c := compare(keys[i], keys[j])
		if desc {
			return -c
		}
		return c
	})
	out := make([]any, len(l))
	for i, j := range at {
		out[i] = l[j]
	}
	return out
}

func uniq(f *frame, a []any) any {
	l := mustElements(a[0])
	f.cells(len(l))
	f.work(len(l))
	seen := make(map[string]bool, len(l))
	out := make([]any, 0, len(l))
	for _, v := range l {
		f.whole(v)
		k := identity(v)
		f.made(len(k))
		if !seen[k] {
			seen[k] = true
			out = append(out, v)
		}
	}
	return out
}

// identity is a text that two values have in common exactly when they are equal.
func identity(v any) string {
	var b strings.Builder
	identify(&b, v)
	return b.String()
}

func identify(b *strings.Builder, v any) {
	switch v := v.(type) {
	case []any:
		b.WriteByte('[')
		for _, x := range v {
			identify(b, x)
			b.WriteByte(',')
		}
		b.WriteByte(']')
	case map[string]any:
		b.WriteByte('{')
		for _, k := range keysOf(v) {
			b.WriteString(itoa(len(k)))
			b.WriteByte(':')
			b.WriteString(k)
			identify(b, v[k])
		}
		b.WriteByte('}')
	case string:
		b.WriteString(itoa(len(v)))
		b.WriteByte('"')
		b.WriteString(v)
	case time.Time:
		b.WriteString("t" + v.UTC().Format(time.RFC3339Nano))
	case time.Duration:
		b.WriteString("d" + v.String())
	case []byte:
		b.WriteString("b" + itoa(len(v)) + ":" + string(v))
	case bool:
		if v {
			b.WriteString("true")
		} else {
			b.WriteString("false")
		}
	case int:
		b.WriteString("#" + itoa(v))
	case float64, types.Num:
		switch n := mustNum(v).Canonical().(type) {
		case int:
			b.WriteString("#" + itoa(n))
		default:
			text := mustNum(n).Plain()
			if strings.Contains(text, ".") {
				text = strings.TrimRight(text, "0")
			}
			b.WriteString("#" + text)
		}
	default:
		b.WriteString("null")
	}
}
