package types

import (
	"slices"
	"strconv"
)

// assigner compares types for one question. Comparing recursive types takes a pair that is being
// compared for proven. What was proven by that is kept in tentative, with the depth of the outermost
// such pair, until that pair is settled: forgotten if it does not fit.
type assigner struct {
	verdicts  map[pair]Verdict
	open      map[pair]int // being compared, at what depth
	tentative map[pair]int
	trail     []pair // the keys of tentative, in order
	low       int    // least depth that what was proven since depends on
	steps     int    // left
	tells     int    // left: pairs to explain
	forcing   *forcing
}

// pair is a comparison; leave are kinds of from that need not fit, since such values are left out.
type pair struct {
	from, to *Type
	leave    Kind
}

// maxComparisons bounds the pairs of types that one question compares; beyond it nothing more is proven.
const maxComparisons = 100_000

// maxExplained bounds the pairs that one question explains: in a net of types the ways are without number.
const maxExplained = 1_000

func newAssigner() *assigner {
	return &assigner{
		verdicts:  map[pair]Verdict{},
		open:      map[pair]int{},
		tentative: map[pair]int{},
		low:       untainted,
		steps:     maxComparisons,
		tells:     maxExplained,
		forcing:   &forcing{low: untainted},
	}
}

// fit is the verdict on values of from, but for those of the kinds leave, where to is expected.
func (a *assigner) fit(from, to *Type, leave Kind) Verdict {
	if from == to || to == Invalid || from == Invalid {
		return Proven
	}
	p := pair{from, to, leave}
	if v, ok := a.verdicts[p]; ok {
		return v
	}
	if low, ok := a.tentative[p]; ok {
		a.low = min(a.low, low)
		return Proven
	}
	if depth, ok := a.open[p]; ok {
		a.low = min(a.low, depth)
		return Proven
	}
	depth, start, outer := len(a.open), len(a.trail), a.low
	if a.steps--; a.steps < 0 || depth > maxLevels {
		return Unproven
	}
	a.open[p], a.low = depth, untainted
	v := a.compare(p, nil)
	delete(a.open, p)
	switch {
	case v != Proven:
		a.settle(start, nil)
		a.verdicts[p] = v
		a.low = outer
	case a.low >= depth:
		proven := Proven
		a.settle(start, &proven)
		a.verdicts[p] = v
		a.low = outer
	default:
		a.tentative[p] = a.low
		a.trail = append(a.trail, p)
		a.low = min(a.low, outer)
	}
	return v
}

// settle makes what was proven tentatively since start final, or forgets it.
func (a *assigner) settle(start int, final *Verdict) {
	for _, q := range a.trail[start:] {
		delete(a.tentative, q)
		if final != nil {
			a.verdicts[q] = *final
		}
	}
	a.trail = a.trail[:start]
}

// report collects problems at one part of the assigned value. A nil report only counts.
type report struct {
	problems *[]Problem
	path     []string
	from, to *Type
	soft     bool // the part may be absent altogether, so nothing in it is wrong for sure
	open     []pair
}

const maxProblems = 100

// explain reports the problems of a pair that does not fit.
func (a *assigner) explain(from, to *Type, leave Kind, r *report) {
	p := pair{from, to, leave}
	if len(*r.problems) >= maxProblems || a.tells == 0 || slices.Contains(r.open, p) || a.fit(from, to, leave) == Proven {
		return
	}
	a.tells--
	inner := *r
	inner.from, inner.to = from, to
	inner.open = append(r.open[:len(r.open):len(r.open)], p)
	a.compare(p, &inner)
}

// under is r for the part of the value that token leads to.
func (r *report) under(token string) *report {
	if r == nil {
		return nil
	}
	inner := *r
	inner.path = append(r.path[:len(r.path):len(r.path)], token)
	return &inner
}

// add reports p, where it is wanted, and returns its verdict.
func (r *report) add(p Problem) Verdict {
	if r == nil {
		return p.Verdict
	}
	if r.soft && p.Verdict == Wrong {
		p.Verdict, p.Stated = Unproven, true
	}
	if len(*r.problems) >= maxProblems {
		return p.Verdict
	}
	p.Path = slices.Concat(r.path, p.Path)
	if p.From == nil && p.Misfit != MisfitMissing {
		p.From = r.from
	}
	if p.To == nil {
		p.To = r.to
	}
	*r.problems = append(*r.problems, p)
	return p.Verdict
}

// part compares a part of the value; soft if that part may be absent.
func (a *assigner) part(from, to *Type, leave Kind, soft bool, r *report) Verdict {
	v := a.fit(from, to, leave)
	if v == Wrong && soft {
		v = Unproven
	}
	if r != nil && v != Proven {
		inner := *r
		inner.soft = r.soft || soft
		a.explain(from, to, leave, &inner)
	}
	return v
}

// compare is the verdict on p, and its reasons to r.
func (a *assigner) compare(p pair, r *report) Verdict {
	s, t := p.from.shapeIn(a.forcing), p.to.shapeIn(a.forcing)
	if s.Invalid || t.Invalid || s.Kinds == 0 {
		return Proven
	}
	v := a.nothing(s, t, p, r)
	if s.Kinds.Has(Null) && t.Kinds.Has(Null) && len(t.Opaque) > 0 {
		null, inner := Proven, r
		if r != nil && s.Kinds != Null {
			c := *r
			c.soft, inner = true, &c
		}
		if null = a.opaque(JustNull.Shape(), t, pair{from: JustNull, to: p.to}, inner); null == Wrong && s.Kinds != Null {
			null = Unproven
		}
		v = max(v, null)
	}
	s = s.only(^(Absent | Null))
	if s.Kinds == 0 {
		return v
	}
	if t.Untyped && t.Kinds&AnyJSON == AnyJSON && len(t.Opaque) == 0 && s.Kinds&^(AnyJSON|Time) == 0 {
		return v
	}
	if s.Untyped {
		return max(v, a.untyped(s, t, p, r))
	}
	w := a.kinds(s, t, p, r)
	if w != Wrong {
		w = max(w, a.opaque(s, t, p, r))
	}
	return max(v, w)
}

// nothing compares absent and null.
func (a *assigner) nothing(s, t *Shape, p pair, r *report) Verdict {
	v := Proven
	check := func(k Kind, m Misfit, word string) {
		if !s.Kinds.Has(k) || t.Kinds.Has(k) || k == Null && s.Untyped && s.Kinds&^(Absent|Null) != 0 {
			return
		}
		alone := s.Kinds&^(Absent|Null) == 0
		if p.leave.Has(k) && !(alone && k == Null && !s.Kinds.Has(Absent)) {
			return
		}
		problem := Problem{Misfit: m, Verdict: Unproven, Stated: k == Null && !s.Untyped}
		problem.Reason = "may be " + word + ", but " + p.to.Phrase() + " is expected"
		if alone {
			problem.Verdict = Wrong
			problem.Reason = "is " + word + ", but " + p.to.Phrase() + " is expected"
		}
		v = max(v, r.add(problem))
	}
	check(Absent, MisfitAbsent, "absent")
	check(Null, MisfitNull, "null")
	return v
}

// untyped compares a value of which nothing is known.
func (a *assigner) untyped(s, t *Shape, p pair, r *report) Verdict {
	if s.Kinds&t.Kinds == 0 {
		return r.add(Problem{Misfit: MisfitType, Verdict: Wrong, Reason: "can't be " + p.to.Phrase()})
	}
	if s.Kinds&^t.Kinds == 0 && len(t.Opaque) == 0 {
		free := t.Numbers == nil && t.Strings == nil && t.Arrays == nil && t.Objects == nil && t.Booleans == nil
		if free && s.Kinds&Number&^t.Kinds == 0 {
			return Proven
		}
	}
	return r.add(Problem{Misfit: MisfitType, Verdict: Unproven, Reason: "has no declared type, but " + p.to.Phrase() + " is expected"})
}

// kinds compares kind by kind. It is wrong if no kind of s fits.
func (a *assigner) kinds(s, t *Shape, p pair, r *report) Verdict {
	fits, fails := false, Proven
	var failing []func(*report, bool)
	judge := func(v Verdict, tell func(r *report, may bool)) {
		if v != Wrong {
			fits = true
		}
		if fails = max(fails, v); v != Proven && tell != nil {
			failing = append(failing, tell)
		}
	}
	foreign := s.Kinds &^ t.Kinds &^ Number
	if foreign.Has(Time) && (t.takesTime() || t.Untyped) {
		foreign &^= Time
		fits = true
	}
	if s.Kinds.Has(Number) && !t.Kinds.Has(Number) {
		foreign |= s.Kinds & Number
	}
	if foreign != 0 {
		judge(Wrong, func(r *report, may bool) {
			verb, verdict := "is ", Wrong
			if may {
				verb, verdict = "may be ", Unproven
			}
			was := New(s.only(foreign))
			r.add(Problem{Misfit: MisfitType, Verdict: verdict, Stated: true, Reason: verb + was.Phrase() + ", but " + p.to.Phrase() + " is expected"})
		})
	}
	each := func(k Kind, compare func(r *report) Verdict) {
		if s.Kinds.Has(k) && t.Kinds.Has(k) {
			judge(compare(nil), func(r *report, may bool) {
				inner := *r
				inner.soft = r.soft || may
				compare(&inner)
			})
		}
	}
	each(Boolean, func(r *report) Verdict { return a.booleans(s, t, r) })
	each(Number, func(r *report) Verdict { return a.numbers(s, t, p, r) })
	each(String, func(r *report) Verdict { return a.strings(s, t, r) })
	each(Array, func(r *report) Verdict { return a.lists(s.Arrays, t.Arrays, r) })
	each(Stream, func(r *report) Verdict { return a.lists(s.Arrays, t.Arrays, r) })
	each(Object, func(r *report) Verdict { return a.objects(s, t, r) })
	if rest := s.Kinds & t.Kinds & (Time | Duration | Bytes | File); rest != 0 {
		fits = true
	}
	if r != nil {
		for _, tell := range failing {
			tell(r, fits)
		}
	}
	if fails == Wrong && fits {
		return Unproven
	}
	return fails
}

func (a *assigner) booleans(s, t *Shape, r *report) Verdict {
	if t.Booleans == nil || s.Booleans != nil && s.Booleans[0] == t.Booleans[0] {
		return Proven
	}
	want := strconv.FormatBool(t.Booleans[0])
	other := strconv.FormatBool(!t.Booleans[0])
	if s.Booleans == nil {
		return r.add(Problem{Misfit: MisfitEnum, Verdict: Unproven, Stated: true, Reason: "may be " + other + ", but only " + want + " is allowed"})
	}
	return r.add(Problem{Misfit: MisfitEnum, Verdict: Wrong, Reason: "is " + other + ", but only " + want + " is allowed"})
}

// best finds the verdict on one alternative against several: proven if one proves it, wrong if none fits.
// at is the most promising of them.
func best(n int, compare func(i int) Verdict) (v Verdict, at int) {
	v = Wrong
	for i := range n {
		if w := compare(i); w < v || i == 0 {
			v, at = w, i
		}
		if v == Proven {
			break
		}
	}
	return v, at
}

// several joins the verdicts on the alternatives of a source.
type several struct{ fits, fails bool }

func (j *several) add(v Verdict) {
	j.fits = j.fits || v != Wrong
	j.fails = j.fails || v != Proven
}

func (j *several) verdict() Verdict {
	switch {
	case !j.fails:
		return Proven
	case j.fits:
		return Unproven
	}
	return Wrong
}

func (a *assigner) lists(ss, ts []*List, r *report) Verdict {
	if ts == nil {
		return Proven
	}
	if ss == nil {
		ss = []*List{{MaxLen: -1}}
	}
	var j several
	for _, l := range ss {
		v, at := best(len(ts), func(i int) Verdict { return a.list(l, ts[i], nil) })
		if j.add(v); v != Proven && r != nil {
			inner := *r
			inner.soft = r.soft || len(ss) > 1
			a.list(l, ts[at], &inner)
		}
	}
	return j.verdict()
}

func (a *assigner) list(l, m *List, r *report) Verdict {
	v := lengths(l.MinLen, l.MaxLen, m.MinLen, m.MaxLen, "item", r)
	if m.Unique && !l.Unique && (l.MaxLen < 0 || l.MaxLen > 1) {
		v = max(v, r.add(Problem{Misfit: MisfitLength, Verdict: Unproven, Reason: "may have equal items, but all must differ"}))
	}
	for i := range max(len(l.Prefix), len(m.Prefix)) {
		if l.MaxLen >= 0 && i >= l.MaxLen || m.MaxLen >= 0 && i >= m.MaxLen {
			return v
		}
		if i >= maxPrefix {
			return max(v, r.add(Problem{Misfit: MisfitUncheckable, Verdict: Unproven, Reason: "has too many items to compare one by one"}))
		}
		v = max(v, a.part(l.item(i), m.item(i), 0, i >= l.MinLen && i < len(l.Prefix), r.under("["+strconv.Itoa(i)+"]")))
	}
	if n := max(len(l.Prefix), len(m.Prefix)); m.Items != nil && (l.MaxLen < 0 || l.MaxLen > n) && (m.MaxLen < 0 || m.MaxLen > n) {
		v = max(v, a.part(l.items(), m.items(), 0, false, r.under("[]")))
	}
	return v
}

// maxPrefix bounds how many items of a tuple are compared one by one.
const maxPrefix = 10_000

func are(n int) string {
	if n == 1 {
		return " is "
	}
	return " are "
}

// lengths compares ranges of lengths; -1 is no bound. least and most of the source count as stated where
// they are not 0 and -1.
func lengths(least, most, wantLeast, wantMost int, what string, r *report) Verdict {
	v := Proven
	if wantMost >= 0 && (most < 0 || most > wantMost) {
		p := Problem{Misfit: MisfitLength, Verdict: Unproven, Stated: most >= 0}
		limit := ", but at most " + count(wantMost, what) + are(wantMost) + "allowed"
		switch {
		case least > wantMost:
			p.Verdict, p.Reason = Wrong, "has at least "+count(least, what)+limit
		case most < 0:
			p.Reason = "has no declared greatest length" + limit
		default:
			p.Reason = "may have " + count(most, what) + limit
		}
		v = max(v, r.add(p))
	}
	if least < wantLeast {
		p := Problem{Misfit: MisfitLength, Verdict: Unproven, Stated: least > 0}
		limit := ", but at least " + count(wantLeast, what) + are(wantLeast) + "needed"
		switch {
		case most >= 0 && most < wantLeast:
			p.Verdict, p.Reason = Wrong, "has at most "+count(most, what)+limit
			if most == 0 {
				p.Reason = "is empty" + limit
			}
		case least == 0:
			p.Reason = "may be empty" + limit
			if wantLeast > 1 {
				p.Reason = "has no declared least length" + limit
			}
		default:
			p.Reason = "may have only " + count(least, what) + limit
		}
		v = max(v, r.add(p))
	}
	return v
}
