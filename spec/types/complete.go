package types

import (
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"slices"
	"strconv"
	"sync"
)

// Complete makes a value of t of v, which is what somebody wrote of one: what objects lack that t requires is made up
// ([Generate]), in the objects and lists of v as deep as they go. All that v has stays as it is; lists stay as long as
// they are, and nothing is added to an object that it need not have. Of several alternatives it is one that what is
// written fits and declares, if one does. Members that are [Missing] are not there.
//
// The same t, v and source of chance give the same value. What is made up depends on its place, so writing one member
// more changes no other, unless that decides between alternatives. The error is a clause that says why v is nothing
// that could be completed, or that no way was found, which does not mean that there is none.
func Complete(t *Type, v any, r *rand.Rand) (any, error) {
	v = withoutMissing(v)
	if bad := Partial(t).Check(v); len(bad) > 0 {
		return nil, fmt.Errorf("%s %s", thePart(bad[0].Path), bad[0].Reason)
	}
	seed := r.Uint64()
	var why error
	check := &checker{steps: maxSteps}
	const tries = 10
	for i := 0; i < tries && check.steps > 0; i++ {
		c := &completer{g: &generator{items: 3, left: 2000, steps: 150_000}, check: check}
		out, ok := c.complete(t, v, mix(seed, strconv.Itoa(i)), 0)
		if ok && t.Contains(out) {
			return out, nil
		}
		if why == nil {
			why = c.why
		}
	}
	if why == nil {
		why = fmt.Errorf("no way was found to make %s of it", t.Phrase())
	}
	return nil, why
}

// withoutMissing is v without members that are not there.
func withoutMissing(v any) any {
	switch v := v.(type) {
	case []any:
		out := make([]any, len(v))
		for i, e := range v {
			out[i] = withoutMissing(e)
		}
		return out
	case map[string]any:
		out := make(map[string]any, len(v))
		for name, e := range v {
			if !IsMissing(e) {
				out[name] = withoutMissing(e)
			}
		}
		return out
	}
	return v
}

func thePart(path []string) string {
	if len(path) == 0 {
		return "it"
	}
	return Path(path)
}

// completer completes one value.
type completer struct {
	g     *generator
	check *checker // all that is checked on the way
	path  []string
	why   error // what stood in the way first
}

// stuck notes what stands in the way, as a clause about the part at the path.
func (c *completer) stuck(format string, args ...any) {
	if c.why == nil {
		c.why = fmt.Errorf("%s "+format, append([]any{thePart(c.path)}, args...)...)
	}
}

// mix is the seed of the part of a value that a step leads to.
func mix(seed uint64, step string) uint64 {
	h := fnv.New64a()
	fmt.Fprintf(h, "%d\x00%s", seed, step)
	return h.Sum64()
}

// from starts chance anew from a seed.
func (c *completer) from(seed uint64) { c.g.r = rand.New(rand.NewPCG(seed, 0)) }

func (c *completer) complete(t *Type, v any, seed uint64, depth int) (any, bool) {
	s := t.Shape()
	if s.Invalid || s.Untyped && len(s.Opaque) == 0 {
		return v, true
	}
	switch v.(type) {
	case map[string]any, []any:
	default:
		if bad := t.Check(v); bad != nil {
			c.stuck("%s", bad[0].Reason)
			return nil, false
		}
		return v, true
	}
	tries := 1
	if len(s.Opaque) > 0 {
		tries = attempts
	}
	for i := range tries {
		if c.g.steps--; c.g.steps < 0 || c.check.steps < 0 || depth > maxGenerate {
			return nil, false
		}
		var out any
		ok := false
		switch v := v.(type) {
		case map[string]any:
			out, ok = c.object(s, v, mix(seed, strconv.Itoa(i)), i > 0, depth)
		case []any:
			out, ok = c.list(s, v, mix(seed, strconv.Itoa(i)), depth)
		}
		if ok && c.holds(s, out) {
			return out, true
		}
	}
	return nil, false
}

// holds reports whether what has been made satisfies the conditions of s.
func (c *completer) holds(s *Shape, v any) bool {
	for _, o := range s.Opaque {
		if !c.check.holds(o, v) {
			c.stuck("does not satisfy, in any way that was tried: %s", o.Why)
			return false
		}
	}
	return true
}

func (c *completer) list(s *Shape, v []any, seed uint64, depth int) (any, bool) {
	if s.Arrays == nil {
		return v, true
	}
	c.from(seed)
	for _, i := range c.g.r.Perm(len(s.Arrays)) {
		l := s.Arrays[i]
		out := make([]any, len(v))
		fits := true
		for j := 0; j < len(v) && fits; j++ {
			step := "[" + strconv.Itoa(j) + "]"
			out[j], fits = c.part(l.item(j), v[j], step, seed, depth)
		}
		if fits && c.check.list(l, out) {
			return out, true
		}
	}
	return nil, false
}

// part completes a part of a value.
func (c *completer) part(t *Type, v any, step string, seed uint64, depth int) (any, bool) {
	n := len(c.path)
	c.path = append(c.path, step)
	out, ok := c.complete(t, v, mix(seed, step), depth+1)
	c.path = c.path[:n]
	return out, ok
}

// object completes an object; more says that what is required was not enough.
func (c *completer) object(s *Shape, v map[string]any, seed uint64, more bool, depth int) (any, bool) {
	if s.Objects == nil {
		return v, true
	}
	c.from(seed)
	order := c.g.r.Perm(len(s.Objects))
	slices.SortStableFunc(order, func(i, j int) int { return s.Objects[i].strange(v, 0) - s.Objects[j].strange(v, 0) })
	for _, i := range order {
		if out, ok := c.fields(s, s.Objects[i], v, seed, more, depth); ok {
			return out, true
		}
	}
	return nil, false
}

func (c *completer) fields(s *Shape, f *Fields, v map[string]any, seed uint64, more bool, depth int) (any, bool) {
	out := map[string]any{}
	for _, name := range sortedKeys(v) {
		_, t, _ := f.field(name)
		part, ok := c.part(t.Without(Absent), v[name], name, seed, depth)
		if !ok {
			return nil, false
		}
		out[name] = part
	}
	var optional []*Property
	for _, p := range f.Properties {
		if _, written := v[p.Name]; written {
			continue
		}
		if !p.Required {
			optional = append(optional, p)
			continue
		}
		c.from(mix(seed, p.Name))
		made, ok := c.g.value(p.Type, depth+1)
		if !ok {
			c.path = append(c.path, p.Name)
			c.stuck("cannot be made up: nothing was found that is %s", p.Type.Phrase())
			c.path = c.path[:len(c.path)-1]
			return nil, false
		}
		out[p.Name] = made
	}
	c.from(seed)
	c.g.r.Shuffle(len(optional), func(i, j int) { optional[i], optional[j] = optional[j], optional[i] })
	for _, p := range optional {
		if len(out) >= f.MinCount && !(more && c.g.r.IntN(2) == 0) || f.MaxCount >= 0 && len(out) >= f.MaxCount {
			continue
		}
		if made, ok := c.g.value(p.Type, depth+1); ok {
			out[p.Name] = made
		}
	}
	c.g.further(s, f, out, sparseDepth)
	return out, c.check.fields(f, out)
}

// strange counts what v has, and the objects in it two levels deep, that f does not declare or allow in so many words.
func (f *Fields) strange(v map[string]any, depth int) int {
	n := 0
	for name, e := range v {
		_, t, found := f.field(name)
		if found == Undeclared {
			n++
			continue
		}
		inner, ok := e.(map[string]any)
		if objects := t.Shape().Objects; ok && objects != nil && depth < 2 {
			least := objects[0].strange(inner, depth+1)
			for _, g := range objects[1:] {
				least = min(least, g.strange(inner, depth+1))
			}
			n += least
		}
	}
	return n
}

// Partial returns the values that are part of one of t: objects need not have what t requires. What they have must be
// as t says, as must lists and scalars. Conditions on the whole, such as that one member needs another, are left out.
func Partial(t *Type) *Type { return (&partials{made: map[*Type]*Type{}}).of(t) }

// partials remembers the types that have been made, so that recursive types come back to themselves.
type partials struct {
	mu   sync.Mutex
	made map[*Type]*Type
}

func (p *partials) of(t *Type) *Type {
	if t == nil || t == Never || t == Any || t == Invalid || t.isAny() {
		return t
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	out, ok := p.made[t]
	if !ok {
		out = &Type{Name: t.Name, Origin: t.Origin}
		out.force = func(f *forcing) *Shape { return p.shape(f, t.shapeIn(f)) }
		p.made[t], p.made[out] = out, out
	}
	return out
}

func (p *partials) shape(f *forcing, s *Shape) *Shape {
	if s.Invalid || !s.Kinds.Has(Array|Object) {
		return s
	}
	out := *s
	out.Arrays, out.Objects, out.Opaque = nil, nil, nil
	for _, l := range s.Arrays {
		m := &List{Items: p.of(l.Items), MinLen: l.MinLen, MaxLen: l.MaxLen}
		m.Unique = l.Unique && l.Prefix == nil && !l.items().shapeIn(f).Kinds.Has(Array|Object) // equal parts may differ when they are whole
		for _, t := range l.Prefix {
			m.Prefix = append(m.Prefix, p.of(t))
		}
		out.Arrays = append(out.Arrays, m)
	}
	for _, x := range s.Objects {
		out.Objects = append(out.Objects, p.fields(x))
	}
	for _, o := range s.Opaque {
		if o.rule == ruleNames {
			out.Opaque = append(out.Opaque, o)
		}
	}
	return &out
}

func (p *partials) fields(f *Fields) *Fields {
	out := &Fields{Name: f.Name, Openness: f.Openness, Additional: p.of(f.Additional), MinCount: f.MinCount, MaxCount: f.MaxCount}
	for _, q := range f.Properties {
		loose := *q
		loose.Type, loose.Required = p.of(q.Type), false
		if q.Required { // it will be there
			out.MinCount = max(0, out.MinCount-1)
		}
		out.Properties = append(out.Properties, &loose)
	}
	for _, q := range f.Patterns {
		out.Patterns = append(out.Patterns, PatternProperty{q.Pattern, p.of(q.Type)})
	}
	return out
}
