package paging

import (
	"slices"
	"strings"

	"tenon/spec/types"
)

// signal is a property of an answer that tells something about its pages.
type signal struct {
	kind   Kind
	path   []string
	typ    *types.Type
	origin types.Origin
	clear  bool // the name says that it is about the next page
}

func (s *signal) name() string { return s.path[len(s.path)-1] }

// maxDepth bounds how deep in envelopes signals are looked for.
const maxDepth = 3

// signals lists what an answer tells about its pages, outside of the items. What stands further out
// comes first.
func signals(answer *types.Type, items []string) []*signal {
	w := walker{items: items}
	w.walk(answer, nil, false)
	slices.SortStableFunc(w.found, func(a, b *signal) int { return len(a.path) - len(b.path) })
	return w.found
}

type walker struct {
	items []string
	found []*signal
}

func (w *walker) walk(t *types.Type, path []string, next bool) {
	if !t.May(types.Object) || t.Shape().Untyped || len(path) > maxDepth {
		return
	}
	parent := ""
	if len(path) > 0 {
		parent = path[len(path)-1]
	}
	for _, name := range t.PropertyNames() {
		f := t.Field(name)
		if f.Property == nil || len(path) == len(w.items)-1 && slices.Equal(append(slices.Clone(path), name), w.items) {
			continue
		}
		own := append(slices.Clone(path), name)
		if f.Type.May(types.Object) && !f.Type.Shape().Untyped && !f.Type.May(types.Array) {
			holds := len(path) < len(w.items)-1 && slices.Equal(own, w.items[:len(own)])
			if holds || Envelope(name) {
				w.walk(f.Type, own, next || isNext(name))
			}
			continue
		}
		if kind := Property(parent, name, f.Type); kind != None {
			w.found = append(w.found, &signal{kind: kind, path: own, typ: f.Type, origin: f.Property.Origin, clear: next || clearName(name)})
		}
	}
}

func isNext(name string) bool { return Plain(name) == "next" || Plain(name) == "nextpage" }

// clearName reports whether a name says by itself that it is about the next page.
func clearName(name string) bool {
	n := Plain(name)
	return strings.HasPrefix(n, "next") || strings.HasPrefix(n, "odatanext") || n == "endcursor" || n == "continue" || n == "continuationtoken" || n == "scrollid"
}

// find returns the first signal of a kind.
func find(list []*signal, kind Kind) *signal {
	for _, s := range list {
		if s.kind == kind {
			return s
		}
	}
	return nil
}
