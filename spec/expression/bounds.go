package expression

import (
	"math"
	"unicode/utf8"

	"tenon/spec/types"
)

// What operations do to bounds: computed result types prove more than the mere kind.

// bounds returns the least and greatest number in t; nil where there is no bound.
func bounds(t *types.Type) (low, high *types.Num) {
	s := t.Shape()
	if len(s.Numbers) == 0 {
		return nil, nil
	}
	for i, n := range s.Numbers {
		l, h := n.Min, n.Max
		for j := range n.Enum {
			if j == 0 || n.Enum[j].Cmp(*l) < 0 {
				l = &n.Enum[j]
			}
			if j == 0 || n.Enum[j].Cmp(*h) > 0 {
				h = &n.Enum[j]
			}
		}
		if i == 0 {
			low, high = l, h
			continue
		}
		if low != nil && (l == nil || l.Cmp(*low) < 0) {
			low = l
		}
		if high != nil && (h == nil || h.Cmp(*high) > 0) {
			high = h
		}
	}
	return low, high
}

func between(k types.Kind, low, high *types.Num) *types.Type {
	return types.New(&types.Shape{Kinds: k, Numbers: []*types.Numeric{{Min: low, Max: high}}})
}

// integerRange is the type of a op b for integers. A bound of the result follows from those of the
// operands; what would go beyond 64 bits fails instead, so there is always one.
func integerRange(op string, a, b *types.Type) *types.Type {
	al, ah := integerBounds(a)
	bl, bh := integerBounds(b)
	var ends []types.Num
	add := func(n types.Num, err error) {
		if err == nil {
			ends = append(ends, n)
		}
	}
	switch op {
	case "+":
		add(al.Add(bl))
		add(ah.Add(bh))
	case "-":
		add(al.Sub(bh))
		add(ah.Sub(bl))
	case "*":
		add(al.Mul(bl))
		add(al.Mul(bh))
		add(ah.Mul(bl))
		add(ah.Mul(bh))
	}
	if len(ends) < 2 {
		return types.AnyInteger
	}
	low, high := ends[0], ends[0]
	for _, n := range ends {
		if n.Cmp(low) < 0 {
			low = n
		}
		if n.Cmp(high) > 0 {
			high = n
		}
	}
	least, most := integerBounds(types.AnyInteger)
	if low.Cmp(least) < 0 {
		low = least
	}
	if high.Cmp(most) > 0 {
		high = most
	}
	return between(types.Integer, &low, &high)
}

// integerBounds are the bounds of the integers in t, at most those of 64 bits.
func integerBounds(t *types.Type) (low, high types.Num) {
	low, high = *num(math.MinInt), *num(math.MaxInt)
	l, h := bounds(t)
	if l != nil && l.Cmp(low) > 0 {
		low = *l
	}
	if h != nil && h.Cmp(high) < 0 {
		high = *h
	}
	return low, high
}

// sizes returns the bounds on the length of the strings in t; high is -1 without a bound.
func sizes(t *types.Type) (low, high int) {
	s := t.Shape()
	if len(s.Strings) == 0 {
		return 0, -1
	}
	for i, x := range s.Strings {
		l, h := x.MinLen, x.MaxLen
		if len(x.Enum) > 0 {
			l, h = -1, 0
			for _, e := range x.Enum {
				n := utf8.RuneCountInString(e)
				if l < 0 || n < l {
					l = n
				}
				h = max(h, n)
			}
		} else if h < 0 {
			h = formatSize(x.Format)
		}
		if i == 0 {
			low, high = l, h
			continue
		}
		low = min(low, l)
		if high >= 0 && h >= 0 {
			high = max(high, h)
		} else {
			high = -1
		}
	}
	return max(0, low), high
}

// formatSize is how long strings of a standard format get; -1 where that has no bound.
func formatSize(format string) int {
	switch format {
	case "uuid":
		return 36
	case "date":
		return 10
	case "ipv4":
		return 15
	}
	return -1
}

// sized is the type of strings with these bounds on their length.
func sized(low, high int) *types.Type {
	return types.New(&types.Shape{Kinds: types.String, Strings: []*types.Text{{MinLen: max(0, low), MaxLen: high}}})
}

// joined is the type of a followed by b.
func joined(a, b *types.Type) *types.Type {
	al, ah := sizes(a)
	bl, bh := sizes(b)
	if ah < 0 || bh < 0 {
		return sized(al+bl, -1)
	}
	return sized(al+bl, ah+bh)
}

// textSizes is the length of what the scalars in t are as text; high is -1 without a bound.
func textSizes(t *types.Type) (low, high int) {
	low, high = 1<<30, 0
	take := func(l, h int) {
		low = min(low, l)
		if h < 0 || high < 0 {
			high = -1
		} else {
			high = max(high, h)
		}
	}
	if t.May(types.String) {
		take(sizes(t))
	}
	if t.May(types.Boolean) {
		take(4, 5)
	}
	if t.May(types.Integer) && !t.May(types.Fraction) {
		l, h := bounds(t)
		if l != nil && h != nil {
			take(1, max(len(l.String()), len(h.String())))
		} else {
			take(1, -1)
		}
	}
	if t.May(types.Fraction|types.Duration|types.Bytes) || t.Shape().Untyped {
		take(0, -1)
	}
	if t.May(types.Time) {
		take(20, 35)
	}
	if low == 1<<30 {
		low = 0
	}
	return low, high
}

// generalise forgets constants and bounds, which do not survive an operation, but keeps kinds and elements.
func generalise(t *types.Type) *types.Type {
	s := t.Shape()
	if s.Untyped || s.Invalid {
		return t
	}
	var ts []*types.Type
	if t.May(types.String) {
		_, high := sizes(t)
		ts = append(ts, sized(0, high))
	}
	switch {
	case t.May(types.Fraction):
		ts = append(ts, types.AnyNumber)
	case t.May(types.Integer):
		ts = append(ts, types.AnyInteger)
	}
	if t.May(types.Array) {
		_, high := lengths(t)
		ts = append(ts, listType2(elemOf(t), 0, high))
	}
	for _, k := range []types.Kind{types.Boolean, types.Object, types.Time, types.Duration, types.Bytes, types.Null, types.Absent} {
		if t.May(k) {
			ts = append(ts, t.Only(k))
		}
	}
	return types.Union(ts...)
}

// isText reports whether the strings of t are all of one of the formats.
func hasFormat(t *types.Type, formats ...string) bool {
	s := t.Shape()
	if len(s.Strings) == 0 {
		return false
	}
	for _, x := range s.Strings {
		ok := false
		for _, f := range formats {
			ok = ok || x.Format == f
		}
		if !ok {
			return false
		}
	}
	return true
}

func formatted(format string) *types.Type {
	return types.New(&types.Shape{Kinds: types.String, Strings: []*types.Text{{Format: format, MaxLen: -1}}})
}
