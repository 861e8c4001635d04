package openapi

// entry is one member of an object near the root of a document: where its name and its value stand,
// and its own members where the index goes deeper. Offsets are those of the canonical JSON.
type entry struct {
	key, keyEnd int // the name, without its quotes
	at, end     int
	sub         []entry
	partial     bool // sub has some of the members only
}

// name decodes the member's name.
func (e *entry) name(b []byte) string { return keyText(b[e.key:e.keyEnd]) }

// A level says which members of an object the index goes into.
type level struct {
	in   func(name string) *level
	only func(name string) bool // nil: the index keeps all members
}

// The levels of an OpenAPI document that the index covers: components by name, and operations with
// their operationId. Everything else is found by walking when it is asked for.
var (
	rootLevel = &level{in: func(name string) *level {
		switch name {
		case "paths":
			return pathsLevel
		case "components":
			return sectionsLevel
		case "definitions", "parameters", "responses", "securityDefinitions", "$defs":
			return namesLevel
		}
		return nil
	}}
	pathsLevel    = &level{in: func(string) *level { return itemLevel }}
	sectionsLevel = &level{in: func(string) *level { return namesLevel }}
	namesLevel    = &level{}
	itemLevel     = &level{in: func(name string) *level {
		switch {
		case methods[name]:
			return operationLevel
		case name == "additionalOperations":
			return &level{in: func(string) *level { return operationLevel }}
		}
		return nil
	}}
	operationLevel = &level{only: func(name string) bool { return name == "operationId" || name == "$ref" }}
)

// methods are the members of a path item that are operations (OpenAPI 3.2 §4.8.9).
var methods = map[string]bool{
	"get": true, "put": true, "post": true, "delete": true, "options": true,
	"head": true, "patch": true, "trace": true, "query": true,
}

// maxEntries bounds an index.
const maxEntries = 500_000

// index finds in one pass over JSON text where the members at the given levels stand. The text must
// be one object and nothing else.
func index(b []byte, start int, top *level) ([]entry, *fault) {
	s := &scanner{b: b}
	at := s.space(start)
	if at >= len(b) || b[at] != '{' {
		return nil, &fault{min(at, len(b)), "is no JSON object"}
	}
	list, end := s.entries(at, top)
	if end = s.space(end); s.fault == nil && end < len(b) {
		s.fail(end, "there is more text behind the end of the document")
	}
	return list, s.fault
}

func (s *scanner) entries(i int, l *level) ([]entry, int) {
	var list []entry
	end := s.object(i, func(key, keyEnd, at int) int {
		if l.only != nil && !l.only(string(s.b[key:keyEnd])) {
			return s.value(at)
		}
		if s.count++; s.count > maxEntries {
			return s.fail(key, "has more than %d paths and components", maxEntries)
		}
		e := entry{key: key, keyEnd: keyEnd, at: at}
		if below := l.below(s.b[key:keyEnd]); below != nil && at < len(s.b) && s.b[at] == '{' {
			e.partial = below.only != nil
			e.sub, e.end = s.entries(at, below)
		} else {
			e.end = s.value(at)
		}
		list = append(list, e)
		return e.end
	})
	return list, end
}

func (l *level) below(name []byte) *level {
	if l.in == nil {
		return nil
	}
	return l.in(string(name))
}
