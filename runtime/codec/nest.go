package codec

import (
	"strconv"
	"strings"

	"tenon/spec/types"
)

const maxDepth = 100

// deep reads name[property][0]… to any depth.
func (r *pairReader) deep(name string, t *types.Type) (any, error) {
	root := &node{}
	for _, p := range r.nested(name) {
		path, err := brackets(p.name, len(name))
		if err != nil {
			return nil, err
		}
		if err := root.put(path, p); err != nil {
			return nil, err
		}
	}
	if root.empty() {
		return types.Missing, nil
	}
	return root.value(t), nil
}

// brackets splits what follows the name: "[a][0][]" is a, 0 and the empty name.
func brackets(s string, from int) ([]string, error) {
	rest := s[from:]
	if rest == "" {
		return nil, nil
	}
	if strings.Count(rest, "[") > maxDepth {
		return nil, errorf(TooLarge, "%q nests deeper than %d levels", excerpt([]byte(s)), maxDepth)
	}
	parts := strings.Split(rest[1:len(rest)-1], "][")
	for _, p := range parts {
		if strings.ContainsAny(p, "[]") {
			return nil, errorf(Malformed, "the brackets of %q do not match", excerpt([]byte(s)))
		}
	}
	return parts, nil
}

// node is one value of a nested form as it is put together.
type node struct {
	leaf  *pair
	keys  []string // in order of appearance
	below map[string]*node
	next  int // index for an empty pair of brackets
}

func (n *node) empty() bool { return n.leaf == nil && len(n.keys) == 0 }

func (n *node) put(path []string, p pair) error {
	for _, key := range path {
		if n.leaf != nil {
			return errorf(Malformed, "%.100q is both a single value and nested", p.name)
		}
		if key == "" {
			key = strconv.Itoa(n.next)
		}
		if i, err := strconv.Atoi(key); err == nil && i >= n.next && i < maxPairs {
			n.next = i + 1
		}
		child := n.below[key]
		if child == nil {
			child = &node{}
			if n.below == nil {
				n.below = map[string]*node{}
			}
			n.below[key] = child
			n.keys = append(n.keys, key)
		}
		n = child
	}
	if !n.empty() {
		return repeated(p.name)
	}
	n.leaf = &p
	return nil
}

// value is the node as a value of t, which may be nil.
func (n *node) value(t *types.Type) any {
	if n.leaf != nil {
		return scalar(n.leaf.value, t)
	}
	if n.isList(t) {
		list := make([]any, len(n.keys))
		for i, key := range n.keys {
			list[i] = n.below[key].value(element(t))
		}
		return list
	}
	out := make(map[string]any, len(n.keys))
	for _, key := range n.keys {
		var m *types.Type
		if t != nil {
			m = member(t, key)
		}
		out[key] = n.below[key].value(m)
	}
	return out
}

func element(t *types.Type) *types.Type {
	if t == nil || !t.May(types.Array) {
		return nil
	}
	return t.Elem()
}

// isList reports whether the names in brackets are the indices of a list, in order.
func (n *node) isList(t *types.Type) bool {
	if t != nil && t.May(types.Object) && !t.May(types.Array) {
		return false
	}
	for i, key := range n.keys {
		if key != strconv.Itoa(i) {
			return false
		}
	}
	return true
}
