package openapi

import (
	"bytes"
	"strconv"
	"strings"
)

// found is a place in a text: a value, and the name it stands under if it is a member of an object.
type found struct {
	node
	key, keyEnd int // zero where there is no name
}

// maxKnown bounds how many places found by walking are kept.
const maxKnown = 100_000

// find follows a JSON Pointer. If it leads to nothing, the result is the nearest value on the way. What
// was found is kept: a document that is used for long, by an editor say, is asked for the same places
// again and again, and must not run out of what it may walk over.
func (t *text) find(pointer string) (found, bool) {
	if f, ok := t.known.Load(pointer); ok {
		return f.(found), true
	}
	f, ok, walked := t.seek(pointer)
	if ok && walked && t.kept.Add(1) <= maxKnown {
		t.known.Store(pointer, f)
	}
	return f, ok
}

// seek is find without memory; walked says that the index did not lead all the way.
func (t *text) seek(pointer string) (f found, ok, walked bool) {
	cur := found{node: node{t.root.t, t.root.at, t.root.end, ""}}
	list := t.top
	indexed := list != nil
	for rest := pointer; rest != ""; {
		if rest[0] != '/' {
			return cur, false, walked
		}
		token := rest[1:]
		if i := strings.IndexByte(token, '/'); i >= 0 {
			token = token[:i]
		}
		rest = rest[1+len(token):]
		next, ok := found{}, false
		if indexed {
			var e *entry
			if e = t.member(list, unescape(token)); e != nil {
				next, ok = found{node{t, e.at, e.end, cur.ptr + "/" + token}, e.key, e.keyEnd}, true
				list, indexed = e.sub, len(e.sub) > 0 && !e.partial
			}
		} else {
			next, ok = cur.child(token)
			walked = true
		}
		if !ok {
			return cur, false, walked
		}
		cur = next
	}
	return cur, true, walked
}

// child is one step of a JSON Pointer.
func (f found) child(token string) (found, bool) {
	out, ok := found{}, false
	if !f.walk() {
		return out, false
	}
	b := f.t.json
	s := scanner{b: b[:f.end]}
	switch f.lead() {
	case '{':
		name := unescape(token)
		s.object(f.at, func(key, keyEnd, at int) int {
			end := s.value(at)
			if same(b[key:keyEnd], name) {
				out, ok = found{node{f.t, at, end, f.ptr + "/" + token}, key, keyEnd}, true
			}
			return end
		})
	case '[':
		want, err := strconv.Atoi(token)
		if err != nil || want < 0 {
			return out, false
		}
		s.array(f.at, func(i, at int) int {
			end := s.value(at)
			if i == want {
				out, ok = found{node: node{f.t, at, end, f.ptr + "/" + token}}, true
			}
			return end
		})
	}
	return out, ok
}

// same compares a member name, as it stands between its quotes, with a decoded one.
func same(key []byte, name string) bool {
	return string(key) == name || bytes.IndexByte(key, '\\') >= 0 && keyText(key) == name
}

// member finds an entry by name; long lists are searched through a map that is made when first needed.
func (t *text) member(list []entry, name string) *entry {
	if len(list) < 32 {
		for i := len(list) - 1; i >= 0; i-- {
			if same(t.json[list[i].key:list[i].keyEnd], name) {
				return &list[i]
			}
		}
		return nil
	}
	m, ok := t.maps.Load(&list[0])
	if !ok {
		made := make(map[string]int, len(list))
		for i := range list {
			made[list[i].name(t.json)] = i
		}
		m, _ = t.maps.LoadOrStore(&list[0], made)
	}
	if i, ok := m.(map[string]int)[name]; ok {
		return &list[i]
	}
	return nil
}
