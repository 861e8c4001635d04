package expression

import (
	"math"
	"slices"
	"strings"
	"time"

	"tenon/spec/types"
)

func mustBe(n types.Num, err error) types.Num {
	if err != nil {
		fail("%s", err)
	}
	return n
}

// rounding makes a primitive that gives an integer: by float on floats, exactly on decimals.
func rounding(floats func(float64) float64, nums func(types.Num) (types.Num, error)) func(any) any {
	return func(v any) any {
		switch x := v.(type) {
		case int:
			return x
		case float64:
			if r := floats(x); r >= -1<<53 && r <= 1<<53 {
				return int(r)
			}
		}
		return whole(mustBe(nums(mustNum(v))))
	}
}

// whole is n as the integer that it is.
func whole(n types.Num) any {
	i, ok := n.Int()
	if !ok {
		overflow()
	}
	return int(i)
}

// roundFloat rounds a float by its shortest decimal, so that 1.005 is what its author wrote.
var roundWhole = rounding(math.Round, func(n types.Num) (types.Num, error) { return n.Round(0) })

func roundTo(f *frame, a []any) any {
	if len(a) == 1 {
		return roundWhole(a[0])
	}
	places := mustInt(a[1])
	if x, ok := a[0].(int); ok && places >= 0 {
		return x
	}
	r := mustBe(mustNum(a[0]).Round(places))
	if places <= 0 {
		return whole(r)
	}
	if _, decimal := a[0].(types.Num); decimal {
		return r
	}
	return r.Canonical()
}

// wholeRange is the type of a number rounded to an integer.
func wholeRange(args []*types.Type) *types.Type {
	if args[0].Is(types.Integer) {
		return args[0]
	}
	low, high := bounds(args[0])
	if low == nil && high == nil {
		return types.AnyInteger
	}
	round := func(n *types.Num, to func(types.Num) (types.Num, error), no *types.Num) *types.Num {
		if n == nil {
			return no
		}
		r, err := to(*n)
		if _, ok := r.Int(); err != nil || !ok {
			return no
		}
		return &r
	}
	return between(types.Integer, round(low, types.Num.Floor, num(math.MinInt)), round(high, types.Num.Ceil, num(math.MaxInt)))
}

func roundType(args []*types.Type) *types.Type {
	if len(args) == 1 {
		return wholeRange(args)
	}
	if v, ok := args[1].Constants(); ok && len(v) == 1 {
		if n, ok := integer(v[0]); ok && n <= 0 {
			return types.AnyInteger
		}
	}
	return types.AnyNumber
}

func absType(args []*types.Type) *types.Type {
	low, high := bounds(args[0])
	if low != nil && low.Sign() >= 0 {
		return args[0]
	}
	if args[0].Is(types.Integer) && (low == nil || high == nil || low.Abs().Cmp(*num(math.MaxInt)) > 0) {
		return between(types.Integer, num(0), num(math.MaxInt)) // what would go beyond fails
	}
	if low != nil && high != nil {
		top := low.Abs()
		if high.Cmp(top) > 0 {
			top = *high
		}
		return between(args[0].Kinds()&types.Number, num(0), &top)
	}
	return between(types.Number, num(0), nil)
}

func numberFunctions() []*Function {
	return []*Function{
		{Signature: "abs(x number) number", Doc: "`x` without its sign.", Pure: true,
			Examples: ex(`abs(-3)`, `3`), result: absType, prim: primitive{one: func(v any) any {
				switch x := v.(type) {
				case int:
					if x < 0 {
						return negate(x)
					}
					return x
				case float64:
					return math.Abs(x)
				}
				return mustNum(v).Abs()
			}}},
		{Signature: "round(x number, places? integer) number", Doc: "`x` rounded to an integer, or to that many digits after the point; halves go away from zero. Exact for decimals.", Pure: true,
			Examples: ex(`round(2.5)`, `3`, `round(decimal("19.99") * 100)`, `1999`, `round(1.005, 2)`, `1.01`), result: roundType, prim: primitive{many: roundTo}},
		{Signature: "floor(x number) integer", Doc: "The greatest integer that is not above `x`.", Pure: true,
			Examples: ex(`floor(-1.5)`, `-2`), result: wholeRange, prim: primitive{one: rounding(math.Floor, types.Num.Floor)}},
		{Signature: "ceil(x number) integer", Doc: "The least integer that is not below `x`.", Pure: true,
			Examples: ex(`ceil(1.2)`, `2`), result: wholeRange, prim: primitive{one: rounding(math.Ceil, types.Num.Ceil)}},
		{Signature: "int(x string|number) integer", Doc: "The integer that a text writes, or a number is. A number with a fraction fails: round it.", Pure: true,
			Examples: ex(`int("17")`, `17`, `int(3.0)`, `3`), prim: primitive{one: toInt}},
		{Signature: "float(x string|number) number", Doc: "The number that a text writes.", Pure: true,
			Examples: ex(`float("1.5")`, `1.5`), result: numberOf, prim: primitive{one: func(v any) any {
				if s, ok := v.(string); ok {
					return parseNumber(s).Canonical()
				}
				return mustNum(v).Canonical()
			}}},
		{Signature: "decimal(x string|number) number", Doc: "`x` as an exact decimal: what is computed with it stays exact. For money.", Pure: true,
			Examples: ex(`decimal("19.99") * 100`, `1999.00`, `decimal(0.1) + decimal(0.2)`, `0.3`), result: numberOf, prim: primitive{one: func(v any) any {
				if s, ok := v.(string); ok {
					return parseNumber(s)
				}
				return mustNum(v)
			}}},
		{Signature: "clamp(x number, low number, high number) number", Doc: "`x`, but at least `low` and at most `high`.", Pure: true,
			Examples: ex(`clamp(17, 1, 10)`, `10`), result: clampType, prim: primitive{many: func(f *frame, a []any) any {
				if compare(a[1], a[2]) > 0 {
					fail("the lower bound of clamp is above the upper one")
				}
				switch {
				case compare(a[0], a[1]) < 0:
					return a[1]
				case compare(a[0], a[2]) > 0:
					return a[2]
				}
				return a[0]
			}}},
		{Signature: "max(values… number|list(number)) number", Doc: "The greatest of the numbers; absent for an empty list.", Pure: true,
			Examples: ex(`max(1, 3, 2)`, `3`, `max([1, 3])`, `3`), result: extremeType, prim: primitive{many: func(f *frame, a []any) any { return extreme(a, 1) }}},
		{Signature: "min(values… number|list(number)) number", Doc: "The least of the numbers; absent for an empty list.", Pure: true,
			Examples: ex(`min(1, 3, 2)`, `1`), result: extremeType, prim: primitive{many: func(f *frame, a []any) any { return extreme(a, -1) }}},
		{Signature: "mean(values list(number)) number", Doc: "The mean of the numbers; absent for an empty list.", Pure: true,
			Examples: ex(`mean([1, 2, 6])`, `3`), result: maybeNumber, prim: primitive{one: mean}},
		{Signature: "median(values list(number)) number", Doc: "The number in the middle; absent for an empty list.", Pure: true,
			Examples: ex(`median([1, 9, 2])`, `2`, `median([1, 2])`, `1.5`), result: maybeNumber, prim: primitive{one: median}},
	}
}

func numberOf(args []*types.Type) *types.Type {
	if args[0].Is(types.Number) {
		return args[0]
	}
	return types.AnyNumber
}

func maybeNumber(args []*types.Type) *types.Type {
	if low, _ := lengths(args[0]); low > 0 {
		return types.AnyNumber
	}
	return types.AnyNumber.With(types.Absent)
}

func parseNumber(s string) types.Num {
	text := strings.TrimPrefix(strings.TrimSpace(s), "+")
	n, err := types.ParseNum(text)
	if err != nil {
		fail("%s does not write a number", types.Shapeof(s))
	}
	return n
}

func toInt(v any) any {
	if s, ok := v.(string); ok {
		v = parseNumber(s)
	}
	n, ok := integer(v)
	if !ok {
		if num := mustNum(v); num.IsInteger() {
			overflow()
		}
		fail("the number has a fraction; round, floor or ceil makes an integer of it")
	}
	return n
}

func clampType(args []*types.Type) *types.Type {
	low, _ := bounds(args[1])
	_, high := bounds(args[2])
	k := (args[0].Kinds() | args[1].Kinds() | args[2].Kinds()) & types.Number
	return between(k, low, high)
}

// extremeType is the type of max and min: of all numbers given.
func extremeType(args []*types.Type) *types.Type {
	var ts []*types.Type
	maybeEmpty := true
	for _, a := range args {
		if a.May(types.Number) {
			ts = append(ts, a.Only(types.Number))
			maybeEmpty = maybeEmpty && a.May(types.Array)
		}
		if a.May(types.Array) {
			ts = append(ts, elemOf(a).Only(types.Number))
			if low, _ := lengths(a); low > 0 {
				maybeEmpty = false
			}
		}
	}
	t := generalNumber(types.Union(ts...))
	if maybeEmpty {
		t = t.With(types.Absent)
	}
	return t
}

// generalNumber is the range that the numbers of t span.
func generalNumber(t *types.Type) *types.Type {
	low, high := bounds(t)
	return between(t.Kinds()&types.Number, low, high)
}

func extreme(args []any, sign int) any {
	var best any = types.Missing
	take := func(v any) {
		mustNum(v)
		if types.IsMissing(best) || compare(v, best)*sign > 0 {
			best = v
		}
	}
	for _, a := range args {
		if l, ok := a.([]any); ok {
			for _, v := range l {
				take(v)
			}
			continue
		}
		take(a)
	}
	return best
}

// sumOf adds numbers, or durations.
func sumOf(vs []any) any {
	if len(vs) > 0 {
		if total, ok := vs[0].(time.Duration); ok {
			for _, v := range vs[1:] {
				d, ok := v.(time.Duration)
				if !ok {
					fail("durations are added to durations only, not to %s", types.Shapeof(v))
				}
				total = addDurations(total, d).(time.Duration)
			}
			return total
		}
	}
	var total any = 0
	for _, v := range vs {
		total = addNumbers(total, v)
	}
	return total
}

func mean(v any) any {
	l := mustElements(v)
	if len(l) == 0 {
		return types.Missing
	}
	return divide(sumOf(l), len(l))
}

func median(v any) any {
	l := slices.Clone(mustElements(v))
	if len(l) == 0 {
		return types.Missing
	}
	for _, x := range l {
		mustNum(x)
	}
	slices.SortFunc(l, compare)
	m := len(l) / 2
	if len(l)%2 == 1 {
		return l[m]
	}
	return divide(addNumbers(l[m-1], l[m]), 2)
}
