package types

import "github.com/cockroachdb/apd/v3"

// Round returns n with so many digits after the point, halves away from zero. The result keeps the
// digits it is given: 2 rounded to two places is written 2.00. Negative places round before the point.
func (n Num) Round(places int) (Num, error) { return n.quantize(places, apd.RoundHalfUp) }

// Floor returns the greatest integer that is not above n.
func (n Num) Floor() (Num, error) { return n.quantize(0, apd.RoundFloor) }

// Ceil returns the least integer that is not below n.
func (n Num) Ceil() (Num, error) { return n.quantize(0, apd.RoundCeiling) }

func (n Num) quantize(places int, how apd.Rounder) (Num, error) {
	if places > maxDigits || places < -maxDigits {
		return Num{}, errNumTooBig
	}
	c := apd.Context{Precision: 3 * maxDigits, MaxExponent: apd.MaxExponent, MinExponent: apd.MinExponent, Rounding: how}
	d := new(apd.Decimal)
	if _, err := c.Quantize(d, n.dec(), int32(-places)); err != nil {
		return Num{}, errNumTooBig
	}
	return bounded(d)
}

// Abs is n without its sign.
func (n Num) Abs() Num {
	d := new(apd.Decimal)
	d.Abs(n.dec())
	return Num{d}
}

// Plain is n with all of its digits and without an exponent: 1200, 0.0012.
func (n Num) Plain() string { return n.dec().Text('f') }
