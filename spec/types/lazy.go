package types

// A shape is made when it is first looked at. Making one may need others (allOf, $ref, a union of
// schemas), which is where a schema that contains itself without a property or an item between would
// run for ever. forcing is the state of one such descent: it knows which types are being made, so
// that meeting one of them again ends in "anything" instead of an endless loop.
//
// What was made inside a cycle before its head is complete holds only for this descent: it is kept
// in memo, not in the type, so that the result does not depend on which type was looked at first.
type forcing struct {
	active map[*Type]int // depth at which a type is being made
	memo   map[*Type]tainted
	low    int // least depth that what was made since depends on while it is not complete
}

type tainted struct {
	shape *Shape
	low   int
}

// maxForcing bounds how many types may need each other's shape in one descent.
const maxForcing = 1000

const untainted = int(^uint(0) >> 1)

// Shape returns the normal form of t, making it first if need be. It never fails: what can't be
// read becomes "anything", and the reader of the schema reports why.
func (t *Type) Shape() *Shape {
	if s := t.shape.Load(); s != nil {
		return s
	}
	return t.shapeIn(&forcing{low: untainted})
}

func (t *Type) shapeIn(f *forcing) *Shape {
	if s := t.shape.Load(); s != nil {
		return s
	}
	if m, ok := f.memo[t]; ok {
		f.low = min(f.low, m.low)
		return m.shape
	}
	depth := len(f.active)
	if at, ok := f.active[t]; ok {
		f.low = min(f.low, at)
		return anyShape
	}
	if depth >= maxForcing {
		f.low = 0
		return anyShape
	}
	if f.active == nil {
		f.active = map[*Type]int{}
	}
	outer := f.low
	f.low = untainted
	f.active[t] = depth
	s := t.force(f)
	delete(f.active, t)
	if f.low >= depth {
		f.low = outer
		if !t.shape.CompareAndSwap(nil, s) {
			return t.shape.Load()
		}
		return s
	}
	if f.memo == nil {
		f.memo = map[*Type]tainted{}
	}
	f.memo[t] = tainted{s, f.low}
	f.low = min(f.low, outer)
	return s
}

// endless reports whether making t now would need t itself, or go too deep.
func (f *forcing) endless(t *Type) bool {
	_, ok := f.active[t]
	return t.shape.Load() == nil && (ok || len(f.active) >= maxForcing)
}

// Lazy returns a type whose shape f makes when it is first looked at. f may be called more than once,
// from several goroutines, and must give the same shape each time.
func Lazy(name string, o Origin, f func() *Shape) *Type {
	return &Type{Name: name, Origin: o, force: func(*forcing) *Shape { return f() }}
}

// derive returns a type whose shape is computed from those of others: now if they are all there,
// else when it is looked at.
func derive(name string, o Origin, f func(*forcing) *Shape, from ...*Type) *Type {
	t := &Type{Name: name, Origin: o, force: f}
	for _, d := range from {
		if d.shape.Load() == nil {
			return t
		}
	}
	t.shape.Store(f(&forcing{low: untainted}))
	return t
}
