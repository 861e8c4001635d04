package openapi

import (
	"encoding/json"
	"errors"
)

// limb is one value of a document that overlays amend: a piece of the text of the document or of an
// overlay, whose members are read only when an action goes there.
type limb struct {
	t       *text
	at, end int
	entries []entry // its members as far as the index of t knows them; nil: it does not
	open    bool
	list    []twig // of an object or array that is open
	// changed says that the value is no longer what stands in t, itself and not only in its members.
	changed bool
	anew    bool // see touched

	decoded any // for filters, in the round that made it
	round   int
}

// twig is a member of an object or an element of an array.
type twig struct {
	t           *text // of the name
	key, keyEnd int   // the name without its quotes; zero of elements
	// home and n say where it was read: as the nth of the value that stands at home.
	home, n int
	v       *limb
}

func (w *twig) name() string { return keyText(w.t.json[w.key:w.keyEnd]) }

func (w *twig) is(name string) bool { return same(w.t.json[w.key:w.keyEnd], name) }

func (l *limb) lead() byte { return l.t.json[l.at] }

func (l *limb) isObject() bool { return l.lead() == '{' }
func (l *limb) isArray() bool  { return l.lead() == '[' }

// errTooMuch ends the work on overlays that ask for more than any real one.
var errTooMuch = errors.New("it takes too much work to apply")

// members reads the members of an object or array once.
func (a *amendment) members(l *limb) []twig {
	if l.open || !l.isObject() && !l.isArray() {
		return l.list
	}
	l.open = true
	if l.entries != nil {
		l.list = make([]twig, len(l.entries))
		for i := range l.entries {
			e := &l.entries[i]
			v := &limb{t: l.t, at: e.at, end: e.end}
			if !e.partial && len(e.sub) > 0 {
				v.entries = e.sub
			}
			l.list[i] = twig{l.t, e.key, e.keyEnd, l.at, i, v}
		}
		a.spend(memberWork * len(l.list))
		return l.list
	}
	s := scanner{b: l.t.json[:l.end]}
	add := func(key, keyEnd, at int) int {
		end := s.value(at)
		l.list = append(l.list, twig{l.t, key, keyEnd, l.at, len(l.list), &limb{t: l.t, at: at, end: end}})
		return end
	}
	if l.isObject() {
		s.object(l.at, add)
	} else {
		s.array(l.at, func(_, at int) int { return add(0, 0, at) })
	}
	a.spend(memberWork*len(l.list) + (l.end-l.at)/16)
	return l.list
}

// member finds a member by name. Of several the last counts.
func (a *amendment) member(l *limb, name string) *twig {
	if !l.isObject() {
		return nil
	}
	list := a.members(l)
	for i := len(list) - 1; i >= 0; i-- {
		if list[i].is(name) {
			return &list[i]
		}
	}
	return nil
}

// value decodes l for a filter.
func (a *amendment) value(l *limb) any {
	if l.round == a.round {
		return l.decoded
	}
	var v any
	switch {
	case !l.open:
		a.spend(l.end - l.at)
		if json.Unmarshal(l.t.json[l.at:l.end], &v) != nil {
			v = nil
		}
	case l.isObject():
		m := make(map[string]any, len(l.list))
		for i := range l.list {
			m[l.list[i].name()] = a.value(l.list[i].v)
		}
		v = m
	default:
		list := make([]any, len(l.list))
		for i := range l.list {
			list[i] = a.value(l.list[i].v)
		}
		v = list
	}
	a.spend(1)
	l.decoded, l.round = v, a.round
	return v
}

// clone copies a value, to be put elsewhere.
func (a *amendment) clone(l *limb) *limb {
	a.spend(cloneWork)
	c := &limb{t: l.t, at: l.at, end: l.end, entries: l.entries, open: l.open, changed: l.changed}
	for _, w := range l.list {
		w.v = a.clone(w.v)
		c.list = append(c.list, w)
	}
	return c
}
