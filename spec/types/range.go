package types

import (
	"math"
	"math/bits"
	"strconv"
)

// quickRange is what a Numeric says, in machine numbers: checks of ints and float64s must not allocate.
type quickRange struct {
	min, max  int64 // bounds of ints, inclusive; min > max: none fits
	low, high edge
	coeff     int64 // MultipleOf is coeff × 10^exponent; 0: none, or too long
	exponent  int
	steps     bool // MultipleOf is done with by coeff and exponent, or there is none
}

// edge is a bound for float64s. The decimal that a float64 stands for is its shortest; it compares with
// the bound as the float64 compares with near, the float64 next to the bound, and as at for near itself.
type edge struct {
	near float64
	at   int
}

func edgeOf(n Num) edge {
	near := n.Float64()
	short, ok := NumOf(near)
	if !ok {
		return edge{near, 0} // infinite: nothing compares equal to it
	}
	return edge{near, short.Cmp(n)}
}

func (e edge) compare(f float64) int {
	switch {
	case f < e.near:
		return -1
	case f > e.near:
		return 1
	}
	return e.at
}

func (n *Numeric) prepare() {
	q := quickRange{min: math.MinInt64, max: math.MaxInt64, steps: true}
	none := false
	if n.Min != nil {
		q.low = edgeOf(*n.Min)
		c := n.Min.Cmp(*maxInt64)
		none = c > 0 || c == 0 && n.ExclusiveMin
		q.min = leastInt(*n.Min, n.ExclusiveMin)
	}
	if n.Max != nil {
		q.high = edgeOf(*n.Max)
		c := n.Max.Cmp(*minInt64)
		none = none || c < 0 || c == 0 && n.ExclusiveMax
		if c == 0 {
			q.max = math.MinInt64
		} else if least := leastInt(n.Max.neg(), n.ExclusiveMax); least > math.MinInt64 {
			q.max = -least
		}
	}
	if none {
		q.min, q.max = math.MaxInt64, math.MinInt64
	}
	if n.MultipleOf != nil && n.MultipleOf.Sign() != 0 {
		d := n.MultipleOf.dec()
		q.steps = d.Coeff.IsInt64()
		if q.steps {
			q.coeff, q.exponent = d.Coeff.Int64(), int(d.Exponent)
		}
	}
	n.quick = q
}

// leastInt is the least int64 that is at least n (more than n, if exclusive); the greatest if none is.
func leastInt(n Num, exclusive bool) int64 {
	if n.Cmp(*minInt64) < 0 {
		return math.MinInt64
	}
	if n.Cmp(*maxInt64) > 0 {
		return math.MaxInt64
	}
	i, whole := n.ceil()
	if whole && exclusive && i < math.MaxInt64 {
		i++
	}
	return i
}

func anyNumeric(ns []*Numeric, v any) bool {
	for _, n := range ns {
		if n.holds(v) {
			return true
		}
	}
	return false
}

// holds reports whether the number v satisfies n.
func (n *Numeric) holds(v any) bool { return n.misfit(v) == "" }

// misfit says which constraint of n the number v breaks; "" for none.
func (n *Numeric) misfit(v any) Misfit {
	n.once.Do(n.prepare)
	if n.Enum != nil && !hasNumber(n.Enum, v) {
		return MisfitEnum
	}
	if !n.within(v) || n.MultipleOf != nil && !n.inSteps(v) {
		return MisfitRange
	}
	return ""
}

// within reports whether v is within the bounds.
func (n *Numeric) within(v any) bool {
	low, high := 1, -1
	switch v := v.(type) {
	case int:
		if n.Min == nil && n.Max == nil {
			return true
		}
		return int64(v) >= n.quick.min && int64(v) <= n.quick.max
	case float64:
		if n.Min != nil {
			low = n.quick.low.compare(v)
		}
		if n.Max != nil {
			high = n.quick.high.compare(v)
		}
	case Num:
		if n.Min != nil {
			low = v.Cmp(*n.Min)
		}
		if n.Max != nil {
			high = v.Cmp(*n.Max)
		}
	}
	return (low > 0 || low == 0 && !n.ExclusiveMin) && (high < 0 || high == 0 && !n.ExclusiveMax)
}

// inSteps reports whether v is a multiple of MultipleOf.
func (n *Numeric) inSteps(v any) bool {
	if n.quick.steps {
		switch v := v.(type) {
		case int:
			if v != math.MinInt {
				return multiple(abs(int64(v)), 0, n.quick.coeff, n.quick.exponent)
			}
		case float64:
			m, e := shortest(v)
			return multiple(m, e, n.quick.coeff, n.quick.exponent)
		}
	}
	w, ok := NumOf(v)
	return ok && w.isMultiple(*n.MultipleOf)
}

func abs(i int64) int64 {
	if i < 0 {
		return -i
	}
	return i
}

// shortest is the shortest decimal of |f|: m × 10^e, for a finite f.
func shortest(f float64) (m int64, e int) {
	var buffer [32]byte
	text := strconv.AppendFloat(buffer[:0], math.Abs(f), 'e', -1, 64)
	fraction, i := 0, 0
	point := false
	for ; i < len(text) && text[i] != 'e'; i++ {
		if text[i] == '.' {
			point = true
			continue
		}
		m = m*10 + int64(text[i]-'0')
		if point {
			fraction++
		}
	}
	negative := false
	for i++; i < len(text); i++ {
		switch text[i] {
		case '-':
			negative = true
		case '+':
		default:
			e = e*10 + int(text[i]-'0')
		}
	}
	if negative {
		e = -e
	}
	return m, e - fraction
}

// multiple reports whether m × 10^e is a whole multiple of c × 10^f; c is positive.
func multiple(m int64, e int, c int64, f int) bool {
	rest := uint64(m) % uint64(c)
	switch d := e - f; {
	case m == 0:
		return true
	case d < 0:
		for ; d < 0; d++ {
			if m%10 != 0 {
				return false
			}
			m /= 10
		}
		return m%c == 0
	default:
		for ; d > 0 && rest != 0; d-- {
			high, low := bits.Mul64(rest, 10)
			rest = bits.Rem64(high, low, uint64(c))
		}
		return rest == 0
	}
}

// hasNumber reports whether v is one of enum.
func hasNumber(enum []Num, v any) bool {
	for _, e := range enum {
		if equalsNum(v, e) {
			return true
		}
	}
	return false
}

// equalsNum reports whether the number v is n.
func equalsNum(v any, n Num) bool {
	if i, ok := v.(int); ok {
		if d := n.dec(); d.Exponent == 0 && d.Coeff.IsInt64() && i != math.MinInt {
			return d.Coeff.Int64() == abs(int64(i)) && (d.Negative == (i < 0) || i == 0)
		}
	}
	w, ok := NumOf(v)
	return ok && w.Cmp(n) == 0
}
