package expression

import (
	"strconv"
	"strings"

	"tenon/spec/types"
)

// facts is what is known at one place of an expression beyond the declared types: parts of names whose
// type is narrower there, because a condition has been tested. It is a persistent list, the newest
// first; nil knows nothing. Values never change, so a fact stays true as long as its name is in reach.
type facts struct {
	root  *binding
	path  string // printed by pathKey
	typ   *types.Type
	outer *facts
}

// binding is one thing that a name stands for: a name of a scope, a let variable, the element of a
// loop. It is the identity that facts are about, so that two loops over one list stay apart.
type binding struct {
	name    *Name // of the scope; nil for local ones
	local   string
	typ     *types.Type
	origins []Use
	secret  bool
	code    *code // how to read it
	const_  any
	known   bool
}

// spot is a part of a binding that facts can be about.
type spot struct {
	root *binding
	path []string
}

func (s *spot) key() string { return pathKey(s.path) }

func pathKey(p []string) string {
	n := 0
	for _, s := range p {
		n += len(s) + 1
	}
	b := make([]byte, 0, n)
	for _, s := range p {
		b = append(append(b, s...), 0)
	}
	return string(b)
}

func (f *facts) find(root *binding, path string) *types.Type {
	for ; f != nil; f = f.outer {
		if f.path == path && f.same(root) {
			return f.typ
		}
	}
	return nil
}

// same reports whether f is about root. Bindings of scope names are made anew by every check, so for
// them the name is the identity.
func (f *facts) same(root *binding) bool {
	return f.root == root || f.root.name != nil && f.root.name == root.name
}

// learn adds that the value at s is in `to` (with not, is not in it), and what that says about the
// values around it.
func (c *checker) learn(f *facts, s *spot, to *types.Type, not bool) *facts {
	if s == nil {
		return f
	}
	before := f
	for i := len(s.path); i >= 0; i-- {
		here := &spot{s.root, s.path[:i]}
		old := c.spotType(f, here)
		if old == nil || isInvalid(old) {
			break
		}
		rest := s.path[i:]
		if hasPlace(rest) {
			break
		}
		var now *types.Type
		switch {
		case i == len(s.path) && not:
			now = old.NarrowNot(nil, to)
		case i == len(s.path):
			now = old.Narrow(nil, to)
		case not:
			now = old.NarrowNot(rest, to)
		default:
			now = old.Narrow(rest, to)
		}
		if len(kindsOf(now)) == 0 && !isInvalid(now) {
			return before // it never holds: that is reported, and what follows from it would be noise
		}
		f = &facts{s.root, pathKey(here.path), now, f}
	}
	return f
}

// hasPlace reports whether p leads through an element of a list, where narrowing a whole says nothing.
func hasPlace(p []string) bool {
	for _, s := range p {
		if s != "" && s[0] == '[' {
			return true
		}
	}
	return false
}

// spotType is the type of a spot under the facts f.
func (c *checker) spotType(f *facts, s *spot) *types.Type {
	t := s.root.typ
	if n := f.find(s.root, ""); n != nil {
		t = n
	}
	for i, name := range s.path {
		if t = stepType(t, name); t == nil {
			return nil
		}
		if n := f.find(s.root, pathKey(s.path[:i+1])); n != nil {
			t = n
		}
	}
	return t
}

// stepType is the type of a part of t: a field, or the element at a place such as "[0]".
func stepType(t *types.Type, step string) *types.Type {
	if !hasPlace([]string{step}) {
		return t.Field(step).Type
	}
	i, err := strconv.Atoi(strings.Trim(step, "[]"))
	if err != nil {
		return nil
	}
	out := t.At(i)
	if t.May(types.Null | types.Absent) {
		out = out.With(types.Absent)
	}
	return out
}

// either keeps what is known in both of two cases: the facts that they share. Both lists end in base.
func either(a, b, base *facts) *facts {
	if a == base || b == base {
		return base
	}
	out := base
	seen := map[factKey]bool{}
	for x := a; x != base && x != nil; x = x.outer {
		k := factKey{x.root, x.path}
		if seen[k] {
			continue
		}
		seen[k] = true
		for y := b; y != base && y != nil; y = y.outer {
			if y.path == x.path && y.same(x.root) {
				out = &facts{x.root, x.path, types.Union(x.typ, y.typ), out}
				break
			}
		}
	}
	return out
}

type factKey struct {
	root *binding
	path string
}

func isInvalid(t *types.Type) bool { return t == nil || t.Shape().Invalid }
