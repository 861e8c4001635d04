package types

import "math/big"

// span is how far the numbers lie apart that are made where only one bound is given.
const span = 999

// number makes an integer or a fraction.
func (g *generator) number(s *Shape, k Kind) (any, bool) {
	if s.Numbers == nil {
		return g.numeric(&Numeric{}, k)
	}
	for _, i := range g.r.Perm(len(s.Numbers)) {
		n := s.Numbers[i]
		for range attempts {
			if v, ok := g.numeric(n, k); ok && s.Kinds.Has(kindOf(v)) && n.holds(v) {
				return v, true
			}
		}
	}
	return nil, false
}

func (g *generator) numeric(n *Numeric, k Kind) (any, bool) {
	if n.Enum != nil {
		return n.Enum[g.r.IntN(len(n.Enum))].Canonical(), true
	}
	low, high := g.bounds(n)
	step := big.NewRat(1, 1)
	switch {
	case n.MultipleOf != nil:
		step = rational(*n.MultipleOf)
	case k == Fraction:
		step = big.NewRat(1, 100)
		if width := new(big.Rat).Sub(high, low); width.Cmp(big.NewRat(1, 1)) < 0 {
			step = width.Quo(width, big.NewRat(100, 1))
		}
	}
	if step.Sign() <= 0 {
		return decimal(low)
	}
	// A multiple of step between the bounds.
	first, last := ceil(new(big.Rat).Quo(low, step)), floor(new(big.Rat).Quo(high, step))
	if n.ExclusiveMin && n.Min != nil {
		first.Add(first, exactly(low, step, first))
	}
	if n.ExclusiveMax && n.Max != nil {
		last.Sub(last, exactly(high, step, last))
	}
	count := new(big.Int).Add(new(big.Int).Sub(last, first), big.NewInt(1))
	if count.Sign() <= 0 {
		return nil, false
	}
	if !count.IsInt64() {
		count.SetInt64(1 << 40)
	}
	at := new(big.Int).Add(first, big.NewInt(g.r.Int64N(count.Int64())))
	return decimal(new(big.Rat).Mul(new(big.Rat).SetInt(at), step))
}

// exactly is 1 if n steps are the bound itself, else 0.
func exactly(bound, step *big.Rat, n *big.Int) *big.Int {
	if new(big.Rat).Mul(step, new(big.Rat).SetInt(n)).Cmp(bound) == 0 {
		return big.NewInt(1)
	}
	return new(big.Int)
}

// bounds are those of n where they lie close together, else a part of what they allow: small positive
// numbers if possible, so that they look like what they stand for.
func (g *generator) bounds(n *Numeric) (low, high *big.Rat) {
	reach := big.NewRat(span, 1)
	if n.MultipleOf != nil {
		if wide := new(big.Rat).Mul(rational(*n.MultipleOf), reach); wide.Cmp(reach) > 0 {
			reach = wide
		}
	}
	low, high = big.NewRat(1, 1), new(big.Rat).Add(big.NewRat(1, 1), reach)
	isTime := n.Format == "unix-time" || n.Format == "timestamp"
	if isTime {
		low = big.NewRat(g.moment().Unix(), 1)
		high = low
	}
	usual := (n.Min == nil || rational(*n.Min).Cmp(low) <= 0) && (n.Max == nil || rational(*n.Max).Cmp(high) >= 0)
	switch {
	case isTime && usual:
		return low, high
	case n.Min != nil && n.Max != nil && n.narrow(reach):
		return rational(*n.Min), rational(*n.Max)
	case usual:
		return low, high
	case n.Min != nil:
		return rational(*n.Min), new(big.Rat).Add(rational(*n.Min), reach)
	}
	return new(big.Rat).Sub(rational(*n.Max), reach), rational(*n.Max)
}

// narrow reports whether both bounds, which are there, lie so close together that any number between
// them looks fine.
func (n *Numeric) narrow(reach *big.Rat) bool {
	width := new(big.Rat).Sub(rational(*n.Max), rational(*n.Min))
	return width.Cmp(big.NewRat(1_000_000, 1)) <= 0 || width.Cmp(reach) <= 0
}

func rational(n Num) *big.Rat {
	r, ok := new(big.Rat).SetString(n.String())
	if !ok {
		panic("this is a bug in Tenon: a number that is none: " + n.String())
	}
	return r
}

// decimal is r as a value, if it has a finite decimal form.
func decimal(r *big.Rat) (any, bool) {
	digits, exact := r.FloatPrec()
	if !exact {
		return nil, false
	}
	n, err := ParseNum(r.FloatString(digits))
	return n.Canonical(), err == nil
}

func floor(r *big.Rat) *big.Int {
	return new(big.Int).Div(r.Num(), r.Denom()) // Euclidean, and the denominator is positive
}

func ceil(r *big.Rat) *big.Int {
	f := floor(r)
	if !r.IsInt() {
		f.Add(f, big.NewInt(1))
	}
	return f
}
