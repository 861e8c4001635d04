package expression

import (
	"math"
	"math/bits"
	"time"

	"tenon/spec/types"
)

// settle returns a number in the form that values have.
func settle(n types.Num) any { return n.Canonical() }

func mustNum(v any) types.Num {
	n, ok := types.NumOf(v)
	if !ok {
		fail("a number is expected, and this is %s", types.Shapeof(v))
	}
	return n
}

func asFloat(v any) (float64, bool) {
	switch v := v.(type) {
	case float64:
		return v, true
	case int:
		return float64(v), true
	}
	return 0, false
}

func finite(f float64) any {
	if math.IsInf(f, 0) || math.IsNaN(f) {
		fail("the result is too large for a number")
	}
	return f
}

func overflow() {
	fail("the result does not fit in a 64 bit integer; decimal(…) computes with any size")
}

// numeric carries out an operator on two numbers: exactly on ints, as IEEE 754 on floats, exactly on
// decimals and whatever meets one.
func numeric(a, b any, ints func(a, b int) any, floats func(a, b float64) any, nums func(a, b types.Num) any) any {
	x, isInt := a.(int)
	y, alsoInt := b.(int)
	if isInt && alsoInt {
		return ints(x, y)
	}
	if f, ok := asFloat(a); ok {
		if g, ok := asFloat(b); ok {
			return floats(f, g)
		}
	}
	return nums(mustNum(a), mustNum(b))
}

func addNumbers(a, b any) any {
	return numeric(a, b, func(a, b int) any {
		c := a + b
		if (c > a) != (b > 0) && b != 0 {
			overflow()
		}
		return c
	}, func(a, b float64) any { return finite(a + b) }, func(a, b types.Num) any { return bounded(a.Add(b)) })
}

func subtract(a, b any) any {
	switch x := a.(type) {
	case time.Time:
		switch y := b.(type) {
		case time.Time:
			return x.Sub(y)
		case time.Duration:
			return x.Add(-y)
		}
	case time.Duration:
		if y, ok := b.(time.Duration); ok {
			return addDurations(x, -y)
		}
	}
	return numeric(a, b, func(a, b int) any {
		c := a - b
		if (c < a) != (b > 0) && b != 0 {
			overflow()
		}
		return c
	}, func(a, b float64) any { return finite(a - b) }, func(a, b types.Num) any { return bounded(a.Sub(b)) })
}

func multiply(a, b any) any {
	if d, ok := a.(time.Duration); ok {
		return time.Duration(multiplyInts(int(d), mustInt(b)).(int))
	}
	if d, ok := b.(time.Duration); ok {
		return time.Duration(multiplyInts(int(d), mustInt(a)).(int))
	}
	return numeric(a, b, multiplyInts, func(a, b float64) any { return finite(a * b) }, func(a, b types.Num) any { return bounded(a.Mul(b)) })
}

func multiplyInts(a, b int) any {
	hi, lo := bits.Mul64(magnitude(a), magnitude(b))
	negative := (a < 0) != (b < 0)
	switch {
	case hi != 0, lo > 1<<63, lo == 1<<63 && !negative:
		overflow()
	case negative:
		return int(-lo)
	}
	return int(lo)
}

func magnitude(a int) uint64 {
	if a < 0 {
		return -uint64(a)
	}
	return uint64(a)
}

func divide(a, b any) any {
	if n, ok := types.NumOf(b); ok && n.Sign() == 0 {
		fail("division by zero")
	}
	return numeric(a, b, func(a, b int) any {
		if a%b == 0 && !(a == math.MinInt && b == -1) {
			return a / b
		}
		return float64(a) / float64(b)
	}, func(a, b float64) any { return finite(a / b) }, func(a, b types.Num) any { return bounded(a.Div(b)) })
}

func modulo(a, b any) any {
	if n, ok := types.NumOf(b); ok && n.Sign() == 0 {
		fail("division by zero")
	}
	return numeric(a, b, func(a, b int) any {
		if b == -1 {
			return 0
		}
		return a % b
	}, func(a, b float64) any { return finite(math.Mod(a, b)) }, func(a, b types.Num) any {
		fail("%% takes the remainder of integers")
		return nil
	})
}

func power(a, b any) any {
	if x, ok := a.(int); ok {
		if n, ok := b.(int); ok && n >= 0 {
			return intPower(x, n)
		}
	}
	x, ok := asFloat(a)
	y, also := asFloat(b)
	if !ok || !also {
		x, y = mustNum(a).Float64(), mustNum(b).Float64()
	}
	return finite(math.Pow(x, y))
}

func intPower(x, n int) any {
	if x == 0 || x == 1 {
		if n == 0 {
			return 1
		}
		return x
	}
	if x == -1 {
		return 1 - 2*(n%2)
	}
	r := 1
	for ; n > 0; n-- { // at most 63 turns before the result overflows
		r = multiplyInts(r, x).(int)
	}
	return r
}

func negate(v any) any {
	switch v := v.(type) {
	case int:
		if v == math.MinInt {
			overflow()
		}
		return -v
	case float64:
		return -v
	case time.Duration:
		return -v
	}
	zero, _ := types.NumOf(0)
	return bounded(zero.Sub(mustNum(v)))
}

func addDurations(a, b time.Duration) any {
	c := a + b
	if (c > a) != (b > 0) && b != 0 {
		fail("the duration is too long")
	}
	return c
}

// add is + on everything that has it.
func add(f *frame, args []any) any {
	a, b := args[0], args[1]
	switch x := a.(type) {
	case string:
		if y, ok := b.(string); ok {
			f.made(len(x) + len(y))
			return x + y
		}
	case time.Time:
		if y, ok := b.(time.Duration); ok {
			return x.Add(y)
		}
	case time.Duration:
		switch y := b.(type) {
		case time.Time:
			return y.Add(x)
		case time.Duration:
			return addDurations(x, y)
		}
	}
	_, left := types.NumOf(a)
	_, right := types.NumOf(b)
	if !left || !right {
		fail("+ adds two numbers or joins two strings, not %s and %s", types.Shapeof(a), types.Shapeof(b))
	}
	return addNumbers(a, b)
}

// bounded is the result of a computation on decimals, which fails where a number gets too long.
func bounded(n types.Num, err error) any {
	if err != nil {
		fail("%s", err)
	}
	return n
}

func compare(a, b any) int {
	switch x := a.(type) {
	case int:
		if y, ok := b.(int); ok {
			switch {
			case x < y:
				return -1
			case x > y:
				return 1
			}
			return 0
		}
	}
	c, ok := types.Compare(a, b)
	if !ok {
		fail("%s and %s cannot be compared", types.Shapeof(a), types.Shapeof(b))
	}
	return c
}

// weigh counts the parts of a value and the bytes of its texts, and stops at limit. A value may share
// its parts (let a = [x, x]; let b = [a, a]; …), so it can be far larger than the memory it takes.
func weigh(v any, limit int) int {
	n := 1
	switch v := v.(type) {
	case string:
		n += len(v) / 16
	case []byte:
		n += len(v) / 16
	case []any:
		for _, x := range v {
			if n >= limit {
				return limit
			}
			n += weigh(x, limit-n)
		}
	case map[string]any:
		for _, x := range v {
			if n >= limit {
				return limit
			}
			n += 1 + weigh(x, limit-n)
		}
	}
	return min(n, limit)
}

// whole accounts for work on all parts of v, however they are shared.
func (f *frame) whole(v any) {
	switch v.(type) {
	case []any, map[string]any:
		f.work(weigh(v, f.limits.Turns-f.turns+1))
	}
}

// equal is == as the language has it: null and absent are equal, numbers by value, the rest deeply.
func equal(a, b any) bool {
	switch x := a.(type) {
	case string:
		if y, ok := b.(string); ok {
			return x == y
		}
	case nil, types.MissingValue:
		return isAbsent(b)
	}
	if isAbsent(b) {
		return false
	}
	return types.Equal(a, b)
}
