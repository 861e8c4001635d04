package openapi

import (
	"fmt"

	"github.com/theory/jsonpath/spec"
)

// amendment applies overlays to a document.
type amendment struct {
	root    *limb
	left    int // work that may still be done
	round   int // the action that is under way, from 1
	filters map[*spec.FilterSelector]weight
	// replace says that values of other kinds may take the place of what is there (version 1.0); else
	// they are errors (1.1).
	replace bool
}

// maxWork bounds what all overlays of a document may cost, in steps of some ten nanoseconds. Reading a
// member and copying a value cost memory too, hence more.
const (
	maxWork    = 200_000_000
	memberWork = 100
	cloneWork  = 300
)

// spend accounts for work. It panics with errTooMuch when there has been enough.
func (a *amendment) spend(n int) {
	if a.left -= n; a.left < 0 || n < 0 {
		panic(errTooMuch)
	}
}

// amend lays the overlays over the text, in order.
func amend(t *text, overlays []*Overlay) *amendment {
	a := &amendment{
		root: &limb{t: t, at: t.root.at, end: t.root.end, entries: t.top},
		left: maxWork, filters: map[*spec.FilterSelector]weight{},
	}
	for _, o := range overlays {
		a.replace = len(o.version) > 2 && o.version[:3] == "1.0"
		for _, x := range o.actions {
			a.round++
			a.act(o, x)
		}
	}
	return a
}

// act does one action. What it cannot do is a problem of the overlay.
func (a *amendment) act(o *Overlay, x *action) {
	at := o.text.placeOf(x.target.ptr)
	defer func() {
		switch p := recover(); {
		case p == errTooMuch:
			o.problem(at, "The path %s is not followed: it, or all overlays together, take too much work", x.target.string())
		case p != nil:
			o.problem(at, "The path %s cannot be followed: %v", x.target.string(), p)
		}
	}()
	hits := a.selected(x.path.Query())
	if len(hits) == 0 {
		o.Problems = append(o.Problems, OverlayProblem{Range: at, Unmatched: true,
			Message: fmt.Sprintf("The target %s selects nothing in the document", x.target.string())})
		return
	}
	switch {
	case x.remove:
		a.remove(o, x, hits)
	case x.copy != nil:
		from := a.selected(x.copy.Query())
		if len(from) != 1 {
			o.problem(o.text.placeOf(x.from.ptr), "The path %s must select exactly one value to copy, but selects %d", x.from.string(), len(from))
			return
		}
		source := a.clone(from[0].v) // it may be changed by what follows
		a.update(o, x.from, source, hits)
	default:
		a.update(o, x.update, &limb{t: o.text, at: x.update.at, end: x.update.end}, hits)
	}
}

func (a *amendment) remove(o *Overlay, x *action, hits []hit) {
	gone := map[*limb]bool{}
	var parents []*limb
	seen := map[*limb]bool{}
	for _, h := range hits {
		if h.parent == nil {
			o.problem(o.text.placeOf(x.target.ptr), "The document itself cannot be removed")
			return
		}
		gone[h.v] = true
		if !seen[h.parent] {
			seen[h.parent] = true
			parents = append(parents, h.parent)
		}
	}
	for _, p := range parents {
		kept := p.list[:0:0]
		for _, w := range p.list {
			if !gone[w.v] {
				kept = append(kept, w)
			}
		}
		p.list, p.changed = kept, true
	}
}

// update merges a value into each of those selected.
func (a *amendment) update(o *Overlay, said node, from *limb, hits []hit) {
	for _, h := range hits {
		if why := a.updateOne(h.v, from); why != "" {
			o.problem(o.text.placeOf(said.ptr), "%s", why)
			return
		}
	}
}

// updateOne changes what a target selected. What it cannot do, it says.
func (a *amendment) updateOne(to, from *limb) string {
	switch {
	case to.isArray():
		a.concatenate(to, from)
	case to.isObject() != from.isObject() || from.isArray():
		return fmt.Sprintf("The target is %s, which cannot be updated with %s", kindName(to.lead()), kindName(from.lead()))
	case to.isObject():
		return a.merge(to, from)
	default:
		a.put(to, from)
	}
	return ""
}

// concatenate appends a value, or the elements of a list, to a list.
func (a *amendment) concatenate(to, from *limb) {
	a.members(to)
	if !from.isArray() {
		to.list = append(to.list, twig{t: from.t, home: -1, v: a.clone(from)})
	}
	for _, w := range a.members(from) {
		if from.isArray() {
			w.v, w.home = a.clone(w.v), -1
			to.list = append(to.list, w)
		}
	}
	to.changed = true
}

// merge puts the members of an object into another one.
func (a *amendment) merge(to, from *limb) string {
	for _, w := range a.members(from) {
		there := a.member(to, w.name())
		if there == nil {
			w.v, w.home = a.clone(w.v), -1
			to.list, to.changed = append(to.list, w), true
			continue
		}
		v := there.v
		switch {
		case v.isObject() && w.v.isObject():
			if why := a.merge(v, w.v); why != "" {
				return why
			}
		case v.isArray() && w.v.isArray():
			a.concatenate(v, w.v)
		case a.replace, scalar(v) && scalar(w.v):
			a.put(v, w.v)
		default:
			return fmt.Sprintf("%q is %s in the document, which cannot be merged with %s; remove it first, in an action of its own", w.name(), kindName(v.lead()), kindName(w.v.lead()))
		}
	}
	return ""
}

func scalar(l *limb) bool { return !l.isObject() && !l.isArray() }

// put replaces a value.
func (a *amendment) put(to, from *limb) {
	c := a.clone(from)
	*to = limb{t: c.t, at: c.at, end: c.end, open: c.open, list: c.list, entries: c.entries, changed: true}
}

// lay lays the document's overlays over its text. The result is the text itself if they change nothing.
func (d *Document) lay(t *text) *text {
	parts := []*text{t}
	for _, f := range d.opt.Overlays {
		o := d.overlay(f)
		d.overlays = append(d.overlays, o)
		parts = append(parts, o.text)
	}
	key := ""
	if d.opt.Cache != nil && len(t.json) >= minCachedJSON {
		key = amendedKey(d.Digest, d.overlays)
		if data, ok := d.opt.Cache.Get(key); ok {
			if m, ok := unsealAmended(data, parts); ok {
				for i, more := range m.problems {
					d.overlays[i].Problems = append(d.overlays[i].Problems, more...)
				}
				return t.amended(m, parts)
			}
		}
	}
	m := d.apply(t, parts)
	if m == nil {
		return t
	}
	if key != "" {
		if data, err := m.seal(); err == nil {
			d.opt.Cache.Put(key, data)
		}
	}
	return t.amended(m, parts)
}

// apply makes the amended text; nil if that is the text as it was.
func (d *Document) apply(t *text, parts []*text) (m *amended) {
	before := make([]int, len(d.overlays))
	for i, o := range d.overlays {
		before[i] = len(o.Problems)
	}
	defer func() {
		if p := recover(); p == errTooMuch {
			o := d.overlays[len(d.overlays)-1]
			o.problem(o.text.placeOf("/actions"), "With its overlays the document has more than %d MB", maxSize>>20)
			m = nil
		} else if p != nil {
			panic(p)
		}
	}()
	a := amend(t, d.overlays)
	g := &grow{parts: map[*text]int{}}
	for i := len(parts) - 1; i >= 0; i-- {
		g.parts[parts[i]] = i
	}
	a.root.touched()
	g.out = make([]byte, 0, len(t.json)+len(t.json)/8+4096)
	g.value(a.root)
	list, f := index(g.out, 0, rootLevel)
	if f != nil {
		o := d.overlays[len(d.overlays)-1]
		o.problem(o.text.placeOf("/actions"), "With its overlays the document cannot be read: %s", f.message)
		return nil
	}
	m = &amended{pieces: g.pieces, json: g.out, top: list, oneSided: t.oneSided}
	for i, o := range d.overlays {
		m.oneSided = m.oneSided || oneSided(parts[i+1].json)
		m.problems = append(m.problems, o.Problems[before[i]:])
	}
	return m
}

// amended is a text with overlays laid over it.
func (t *text) amended(m *amended, parts []*text) *text {
	out := &text{doc: t.doc, name: t.name, src: t.src, json: m.json, yaml: t.yaml, oneSided: m.oneSided, top: m.top, pieces: m.pieces, parts: parts}
	out.root = node{t: out, at: 0, end: len(m.json)}
	return out
}

// Overlays are those that were laid over the document, in order.
func (d *Document) Overlays() []*Overlay { return d.overlays }
