package types

import (
	"errors"
	"fmt"
	"math"
	"strconv"

	"github.com/cockroachdb/apd/v3"
)

// Num is an exact decimal number of any size, immutable and safe for concurrent use. The zero Num is 0.
type Num struct{ d *apd.Decimal }

// maxDigits bounds the digits and the exponent of a Num: beyond it arithmetic would take
// seconds, and no API means such numbers.
const maxDigits = 10_000

// decimals computes exactly; only Div rounds.
var (
	exact    = apd.Context{MaxExponent: apd.MaxExponent, MinExponent: apd.MinExponent}
	quotient = apd.Context{Precision: 34, MaxExponent: apd.MaxExponent, MinExponent: apd.MinExponent, Rounding: apd.RoundHalfEven}
	wide     = apd.Context{Precision: 2000, MaxExponent: apd.MaxExponent, MinExponent: apd.MinExponent}
	zero     = new(apd.Decimal)
)

var errNumTooBig = errors.New("the number has too many digits")

// ParseNum reads a JSON number (RFC 8259 §6).
func ParseNum(s string) (Num, error) {
	if !isNumber(s) {
		return Num{}, fmt.Errorf("%.40q is not a number", s)
	}
	if len(s) > maxDigits {
		return Num{}, errNumTooBig
	}
	d, _, err := apd.NewFromString(s)
	if err != nil {
		return Num{}, errNumTooBig
	}
	return bounded(d)
}

func bounded(d *apd.Decimal) (Num, error) {
	if d.Form != apd.Finite || d.Exponent > maxDigits || d.Exponent < -maxDigits || d.NumDigits() > maxDigits {
		return Num{}, errNumTooBig
	}
	if d.IsZero() {
		d.Negative = false
	}
	return Num{d}, nil
}

// isNumber reports whether s is a number as RFC 8259 writes it.
func isNumber(s string) bool {
	digits := func() bool {
		n := 0
		for n < len(s) && s[n] >= '0' && s[n] <= '9' {
			n++
		}
		s = s[n:]
		return n > 0
	}
	if s != "" && s[0] == '-' {
		s = s[1:]
	}
	if len(s) > 1 && s[0] == '0' && s[1] >= '0' && s[1] <= '9' {
		return false
	}
	if !digits() {
		return false
	}
	if s != "" && s[0] == '.' {
		if s = s[1:]; !digits() {
			return false
		}
	}
	if s != "" && (s[0] == 'e' || s[0] == 'E') {
		s = s[1:]
		if s != "" && (s[0] == '+' || s[0] == '-') {
			s = s[1:]
		}
		if !digits() {
			return false
		}
	}
	return s == ""
}

// NumOf returns v as a Num if it is a number: an int, a finite float64 (its shortest decimal form),
// or a Num.
func NumOf(v any) (Num, bool) {
	switch v := v.(type) {
	case int:
		return Num{apd.New(int64(v), 0)}, true
	case float64:
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return Num{}, false
		}
		d, _, err := apd.NewFromString(strconv.FormatFloat(v, 'g', -1, 64))
		return Num{d}, err == nil
	case Num:
		return v, true
	}
	return Num{}, false
}

func (n Num) dec() *apd.Decimal {
	if n.d == nil {
		return zero
	}
	return n.d
}

// Add returns n + m, exactly.
func (n Num) Add(m Num) (Num, error) { return n.compute(m, exact.Add) }

// Sub returns n - m, exactly.
func (n Num) Sub(m Num) (Num, error) { return n.compute(m, exact.Sub) }

// Mul returns n × m, exactly.
func (n Num) Mul(m Num) (Num, error) { return n.compute(m, exact.Mul) }

// Div returns n ÷ m to 34 digits, halves to even, without zeros at the end that neither n nor m has
// reason for: 1000 ÷ 100 is 10. Dividing by zero is an error.
func (n Num) Div(m Num) (Num, error) {
	if m.dec().IsZero() {
		return Num{}, errors.New("division by zero")
	}
	q, err := n.compute(m, quotient.Quo)
	if err != nil {
		return Num{}, err
	}
	usual := min(0, n.dec().Exponent-m.dec().Exponent)
	short, _ := new(apd.Decimal).Reduce(q.d)
	if short.Exponent > usual {
		if _, err := quotient.Quantize(short, short, usual); err != nil {
			return q, nil
		}
	}
	return bounded(short)
}

func (n Num) compute(m Num, op func(d, x, y *apd.Decimal) (apd.Condition, error)) (Num, error) {
	d := new(apd.Decimal)
	if c, err := op(d, n.dec(), m.dec()); err != nil || c.Any() && c&^(apd.Inexact|apd.Rounded) != 0 {
		return Num{}, errNumTooBig
	}
	return bounded(d)
}

// Cmp is -1, 0 or 1 as n is less than, equal to or greater than m.
func (n Num) Cmp(m Num) int { return n.dec().Cmp(m.dec()) }

// Sign is -1, 0 or 1.
func (n Num) Sign() int { return n.dec().Sign() }

// String is the number as JSON writes it, with the digits it was made with.
func (n Num) String() string { return n.dec().String() }

// IsInteger reports whether n has no fraction; 2.0 has none.
func (n Num) IsInteger() bool {
	d := n.dec()
	if d.Exponent >= 0 || d.IsZero() {
		return true
	}
	if int64(d.NumDigits()) <= -int64(d.Exponent) {
		return false
	}
	var r apd.Decimal
	r.Reduce(d)
	return r.Exponent >= 0
}

// Int returns n as an int if it is one.
func (n Num) Int() (int, bool) {
	d := n.dec()
	if !n.IsInteger() || d.Exponent > 19 {
		return 0, false
	}
	var r apd.Decimal
	r.Reduce(d)
	i, err := r.Int64()
	return int(i), err == nil
}

// Float64 is the nearest float64; infinite beyond its range.
func (n Num) Float64() float64 {
	f, _ := strconv.ParseFloat(n.String(), 64) // a range error comes with ±Inf
	return f
}

// isMultiple reports whether n is known to be a whole multiple of m; everything is one of zero.
func (n Num) isMultiple(m Num) bool {
	if m.Sign() == 0 {
		return true
	}
	r, ok := n.rem(m)
	return ok && r.Sign() == 0
}

// MarshalJSON writes the number.
func (n Num) MarshalJSON() ([]byte, error) { return []byte(n.String()), nil }

// UnmarshalJSON reads a number.
func (n *Num) UnmarshalJSON(b []byte) error {
	m, err := ParseNum(string(b))
	if err == nil {
		*n = m
	}
	return err
}

// Canonical returns n as values carry numbers: an int where it is one, a float64 where that holds it
// exactly, else n itself.
func (n Num) Canonical() any {
	if i, ok := n.Int(); ok {
		return i
	}
	f := n.Float64()
	if !math.IsInf(f, 0) {
		if back, ok := NumOf(f); ok && back.Cmp(n) == 0 {
			return f
		}
	}
	return n
}

func (n Num) neg() Num {
	d := new(apd.Decimal)
	d.Neg(n.dec())
	return Num{d}
}

// rem is what is left of n after taking m from it a whole number of times.
func (n Num) rem(m Num) (Num, bool) {
	d := new(apd.Decimal)
	if _, err := wide.Rem(d, n.dec(), m.dec()); err != nil {
		return Num{}, false
	}
	return Num{d}, true
}

// ceil is the least int64 not below n, for n within its range, and whether it is n itself.
func (n Num) ceil() (i int64, whole bool) {
	var d apd.Decimal
	if _, err := wide.Ceil(&d, n.dec()); err != nil {
		return math.MaxInt64, false
	}
	var r apd.Decimal
	r.Reduce(&d)
	i, err := r.Int64()
	if err != nil {
		return math.MaxInt64, false
	}
	return i, n.IsInteger()
}
