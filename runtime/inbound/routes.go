package inbound

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// Routes finds what serves a request by its method and path. The zero Routes has nothing. It is filled first, and
// then safe for concurrent use.
type Routes[T any] struct {
	bySize map[int][]*route[T] // by number of segments, the most literal first
}

// route is one operation and its path, taken apart.
type route[T any] struct {
	method   string
	segments []segment
	rank     string // sorts literal segments before templates, the leftmost counting most
	target   T
}

// segment is what stands between two slashes: texts and, between them, parameters.
type segment struct {
	literals []string // one more than names
	names    []string
}

// Add adds what serves a method, in capitals, at the paths of a template: "/v1/orders/{id}". What a template has
// behind a question mark or a fragment, by which some documents tell operations apart, does not count. Of
// templates that match one path the one with the most literal text comes first, and then the one that was added first.
func (rs *Routes[T]) Add(method, template string, target T) {
	r := &route[T]{method: method, target: target}
	template, _, _ = strings.Cut(template, "?")
	template, _, _ = strings.Cut(template, "#")
	for part := range strings.SplitSeq(strings.TrimPrefix(template, "/"), "/") {
		s := parseSegment(part)
		r.segments = append(r.segments, s)
		switch {
		case len(s.names) == 0:
			r.rank += "0"
		case strings.Join(s.literals, "") != "":
			r.rank += "1"
		default:
			r.rank += "2"
		}
	}
	if rs.bySize == nil {
		rs.bySize = map[int][]*route[T]{}
	}
	list := rs.bySize[len(r.segments)]
	i, _ := slices.BinarySearchFunc(list, r, func(x, r *route[T]) int {
		if x.rank <= r.rank {
			return -1
		}
		return 1
	})
	rs.bySize[len(r.segments)] = slices.Insert(list, i, r)
}

// Names are the parameters of a path template, in order.
func Names(template string) (names []string) {
	for part := range strings.SplitSeq(template, "/") {
		names = append(names, parseSegment(part).names...)
	}
	return names
}

func parseSegment(part string) segment {
	var s segment
	for {
		before, after, ok := strings.Cut(part, "{")
		name, rest, closed := strings.Cut(after, "}")
		if !ok || !closed {
			s.literals = append(s.literals, part)
			return s
		}
		s.literals = append(s.literals, before)
		s.names = append(s.names, name)
		part = rest
	}
}

// match reports whether a raw segment of a request fits, and notes what stands for the parameters.
func (s segment) match(raw string, values map[string]string) bool {
	if len(s.names) == 0 {
		text, err := url.PathUnescape(raw)
		return raw == s.literals[0] || err == nil && text == s.literals[0]
	}
	rest, ok := strings.CutPrefix(raw, s.literals[0])
	if !ok {
		return false
	}
	for i, name := range s.names {
		literal := s.literals[i+1]
		value := rest
		switch {
		case i == len(s.names)-1: // the last one takes all but what must follow
			value, ok = strings.CutSuffix(rest, literal)
		case literal != "":
			value, rest, ok = strings.Cut(rest, literal)
		default: // two parameters side by side: the first gets one character
			ok = rest != ""
			value, rest = rest[:min(1, len(rest))], rest[min(1, len(rest)):]
		}
		if !ok || value == "" {
			return false
		}
		values[name] = value
	}
	return true
}

func (r *route[T]) match(parts []string) (map[string]string, bool) {
	values := map[string]string{}
	for i, s := range r.segments {
		if !s.match(parts[i], values) {
			return nil, false
		}
	}
	return values, true
}

// Find gives what serves a method at an escaped path, and the texts that stand for the template's parameters, still
// escaped. What serves GET serves HEAD too, unless something serves that itself (RFC 9110 §9.3.2).
func (rs *Routes[T]) Find(method, path string) (target T, values map[string]string, ok bool) {
	if parts, is := segments(path); is {
		for _, r := range rs.bySize[len(parts)] {
			if r.method != method {
				continue
			}
			if values, ok := r.match(parts); ok {
				return r.target, values, true
			}
		}
	}
	if method == http.MethodHead {
		return rs.Find(http.MethodGet, path)
	}
	return target, nil, false
}

// Methods lists the methods that are served at an escaped path, sorted.
func (rs *Routes[T]) Methods(path string) []string {
	parts, ok := segments(path)
	if !ok {
		return nil
	}
	var out []string
	for _, r := range rs.bySize[len(parts)] {
		if _, ok := r.match(parts); ok && !slices.Contains(out, r.method) {
			out = append(out, r.method)
		}
	}
	slices.Sort(out)
	return out
}

func segments(path string) ([]string, bool) {
	if !strings.HasPrefix(path, "/") {
		return nil, false
	}
	return strings.Split(path[1:], "/"), true
}
