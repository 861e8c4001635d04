package types

import (
	"slices"
	"strconv"

	"tenon/spec/diag"
)

// strings compares the strings of two shapes.
func (a *assigner) strings(s, t *Shape, r *report) Verdict {
	if t.Strings == nil {
		return Proven
	}
	ss := s.Strings
	if ss == nil {
		ss = []*Text{{MaxLen: -1}}
	}
	var j several
	for _, x := range ss {
		inner := r
		if r != nil && len(ss) > 1 {
			c := *r
			c.soft = true
			inner = &c
		}
		if x.Enum != nil {
			j.add(enumStrings(x, t.Strings, inner))
			continue
		}
		v, at := best(len(t.Strings), func(i int) Verdict { return x.fit(t.Strings[i], nil) })
		if j.add(v); v != Proven && r != nil {
			x.fit(t.Strings[at], inner)
		}
	}
	return j.verdict()
}

// enumStrings compares the members of x one by one.
func enumStrings(x *Text, ts []*Text, r *report) Verdict {
	var j several
	var out []string
	for _, e := range x.Enum {
		if !x.holds(e) {
			continue
		}
		if anyText(ts, e) {
			j.add(Proven)
			continue
		}
		j.add(Wrong)
		out = append(out, e)
	}
	v := j.verdict()
	if v == Proven || r == nil {
		return v
	}
	p := Problem{Misfit: MisfitEnum, Verdict: v, Stated: true}
	verb := "may be "
	if v == Wrong {
		verb = "is "
	}
	if len(out) == 1 {
		verb += clipped(out[0])
	} else {
		verb += constants(anys(out), " or ")
	}
	if members := enumOf(ts); members != nil {
		p.Reason = verb + ", which is not one of " + constants(anys(members), ", ")
		if len(out) > 1 {
			p.Reason = verb + ", which are not among " + constants(anys(members), ", ")
		}
		p.Near = diag.Nearest(out[0], members)
	} else {
		p.Misfit = ts[0].misfit(out[0])
		p.Reason = verb + ", but " + New(&Shape{Kinds: String, Strings: ts}).Phrase() + " is expected"
	}
	return r.add(p)
}

// enumOf returns the members of ts, nil unless all are enums.
func enumOf(ts []*Text) []string {
	var out []string
	for _, t := range ts {
		if t.Enum == nil {
			return nil
		}
		out = append(out, t.Enum...)
	}
	return out
}

// formatLengths are the lengths of strings of a format.
var formatLengths = map[string][2]int{"date": {10, 10}, "date-time": {20, -1}, "uuid": {36, 36}, "ipv4": {7, 15}, "ipv6": {2, 45}, "time": {8, -1}}

// fit compares strings that are no enum.
func (x *Text) fit(y *Text, r *report) Verdict {
	if y.Enum != nil {
		p := Problem{Misfit: MisfitEnum, Verdict: Wrong, Reason: "can't be one of " + constants(anys(y.Enum), ", ")}
		if slices.ContainsFunc(y.Enum, x.holds) {
			p.Verdict, p.Reason = Unproven, "may be any string, but only "+constants(anys(y.Enum), ", ")+" are allowed"
			if len(y.Enum) == 1 {
				p.Reason = "may be any string, but only " + clipped(y.Enum[0]) + " is allowed"
			}
		}
		return r.add(p)
	}
	least, most := x.MinLen, x.MaxLen
	if l, ok := formatLengths[x.Format]; ok {
		least, most = max(least, l[0]), lesserBound(most, l[1])
	}
	v := lengths(least, most, y.MinLen, y.MaxLen, "character", r)
	if y.Format != x.Format && formats[y.Format] != nil {
		p := Problem{Misfit: MisfitFormat, Verdict: Unproven, Reason: "has no declared format, but " + y.Format + " is expected"}
		if x.Format != "" {
			p.Stated = formats[x.Format] != nil
			p.Reason = "has the format " + x.Format + ", but " + y.Format + " is expected"
		}
		if apart[x.Format] && apart[y.Format] {
			p.Verdict = Wrong
		}
		v = max(v, r.add(p))
	}
	for _, pattern := range y.Patterns {
		if !slices.Contains(x.Patterns, pattern) {
			v = max(v, r.add(Problem{Misfit: MisfitPattern, Verdict: Unproven, Reason: "may not match the pattern " + pattern}))
		}
	}
	return v
}

// numbers compares the numbers of two shapes.
func (a *assigner) numbers(s, t *Shape, p pair, r *report) Verdict {
	xs := s.Numbers
	if xs == nil {
		xs = []*Numeric{{}}
	}
	var j several
	for _, x := range xs {
		inner := r
		if r != nil && len(xs) > 1 {
			c := *r
			c.soft = true
			inner = &c
		}
		if x.Enum != nil {
			j.add(enumNumbers(x, s, t, inner))
			continue
		}
		integral := s.Kinds&Number == Integer || x.MultipleOf != nil && x.MultipleOf.IsInteger()
		lossy := Proven
		if !integral && !t.Kinds.Has(Fraction) {
			lossy = inner.add(Problem{Misfit: MisfitLossy, Verdict: Unproven, Stated: true, Reason: "may have a fraction, but an integer is expected"})
		}
		if integral && !t.Kinds.Has(Integer) {
			j.add(inner.add(Problem{Misfit: MisfitType, Verdict: Wrong, Reason: "is an integer, but " + p.to.Phrase() + " is expected"}))
			continue
		}
		if t.Numbers == nil {
			j.add(lossy)
			continue
		}
		v, at := best(len(t.Numbers), func(i int) Verdict { return x.fit(t.Numbers[i], integral, lossy != Proven, nil) })
		if v != Proven && r != nil {
			x.fit(t.Numbers[at], integral, lossy != Proven, inner)
		}
		j.add(max(v, lossy))
	}
	return j.verdict()
}

func enumNumbers(x *Numeric, s, t *Shape, r *report) Verdict {
	var j several
	var out []any
	for _, e := range x.Enum {
		v := e.Canonical()
		if !s.Kinds.Has(kindOf(v)) || !x.holds(v) {
			continue
		}
		if t.Kinds.Has(kindOf(v)) && (t.Numbers == nil || anyNumeric(t.Numbers, v)) {
			j.add(Proven)
			continue
		}
		j.add(Wrong)
		out = append(out, v)
	}
	v := j.verdict()
	if v == Proven || r == nil {
		return v
	}
	p := Problem{Misfit: MisfitRange, Verdict: v, Stated: true}
	verb := "may be "
	if v == Wrong {
		verb = "is "
	}
	switch {
	case !t.Kinds.Has(Fraction) && kindOf(out[0]) == Fraction:
		p.Misfit = MisfitLossy
	case t.Numbers != nil:
		p.Misfit = t.Numbers[0].misfit(out[0])
	}
	p.Reason = verb + constants(out, " or ") + ", but " + New(&Shape{Kinds: t.Kinds & Number, Numbers: t.Numbers}).Phrase() + " is expected"
	return r.add(p)
}

// formatBound reports whether b is where int64 or int32 ends, which nobody means as a limit.
func formatBound(b *Num) bool {
	return sameNum(b, minInt64) || sameNum(b, maxInt64) || sameNum(b, minInt32) || sameNum(b, maxInt32)
}

// fit compares numbers that are no enum. x is integral if it holds no fractions; with a
// fraction told already, the bounds of integer formats are not told too.
func (x *Numeric) fit(y *Numeric, integral, lossy bool, r *report) Verdict {
	if y.Enum != nil {
		list := make([]any, len(y.Enum))
		for i, e := range y.Enum {
			list[i] = e.Canonical()
		}
		p := Problem{Misfit: MisfitEnum, Verdict: Wrong, Reason: "can't be one of " + constants(list, ", ")}
		if slices.ContainsFunc(list, x.holds) {
			p.Verdict, p.Reason = Unproven, "may be any number, but only "+constants(list, ", ")+" are allowed"
		}
		return r.add(p)
	}
	v := x.bound(y.Max, x.Max, x.Min, y.ExclusiveMax, x.ExclusiveMax, x.ExclusiveMin, 1, lossy, r)
	v = max(v, x.bound(y.Min, x.Min, x.Max, y.ExclusiveMin, x.ExclusiveMin, x.ExclusiveMax, -1, lossy, r))
	if y.MultipleOf != nil && !(x.MultipleOf != nil && x.MultipleOf.isMultiple(*y.MultipleOf)) && !(integral && one.isMultiple(*y.MultipleOf)) {
		p := Problem{Misfit: MisfitRange, Verdict: Unproven, Reason: "may not be a multiple of " + y.MultipleOf.String()}
		if sameNum(y.MultipleOf, one) {
			p.Misfit, p.Stated, p.Reason = MisfitLossy, true, "may have a fraction, but an integer is expected"
		}
		v = max(v, r.add(p))
	}
	return v
}

// bound compares one end of two ranges: want and have are the ends, far the other end of the source;
// up is 1 for the upper end.
func (x *Numeric) bound(want, have, far *Num, wantOpen, haveOpen, farOpen bool, up int, lossy bool, r *report) Verdict {
	if want == nil {
		return Proven
	}
	if have != nil {
		if c := have.Cmp(*want) * up; c < 0 || c == 0 && (haveOpen || !wantOpen) {
			return Proven
		}
	}
	words := map[int]string{1: "at most ", -1: "at least "}
	if wantOpen {
		words = map[int]string{1: "less than ", -1: "more than "}
	}
	limit := ", but only " + words[up] + want.String() + " is allowed"
	p := Problem{Misfit: MisfitRange, Verdict: Unproven}
	switch {
	case far != nil && func() bool { c := far.Cmp(*want) * up; return c > 0 || c == 0 && (wantOpen || farOpen) }():
		p.Verdict, p.Reason = Wrong, "is "+map[int]string{1: "at least ", -1: "at most "}[up]+far.String()+limit
	case lossy && formatBound(want):
		return Unproven
	case have == nil || formatBound(have):
		p.Reason = "has no declared " + map[int]string{1: "maximum", -1: "minimum"}[up] + limit
	default:
		p.Stated, p.Reason = true, "may be "+have.String()+limit
	}
	if p.Verdict == Unproven && formatBound(want) {
		p.Reason = "may be beyond " + strconv.Itoa(map[bool]int{true: 32, false: 64}[sameNum(want, minInt32) || sameNum(want, maxInt32)]) + " bits, but " + words[up] + want.String() + " is expected"
	}
	return r.add(p)
}
