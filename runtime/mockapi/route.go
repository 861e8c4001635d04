package mockapi

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"tenon/spec/diag"
	"tenon/spec/openapi"
)

// routes finds operations by method and path.
type routes struct {
	bases []string         // of the servers, longest first, without a trailing slash; "" is always among them
	bySeg map[int][]*route // by number of segments, the most literal first
	paths []string         // all templates
}

// route is one operation and its path, taken apart.
type route struct {
	name     openapi.OperationName
	segments []segment
	rank     string // sorts literal segments before templates, the leftmost counting most
}

// segment is what stands between two slashes: texts and, between them, parameters.
type segment struct {
	literals []string // one more than names
	names    []string
}

func newRoutes(d *openapi.Document, more []*openapi.Operation) *routes {
	rs := &routes{bases: []string{""}, bySeg: map[int][]*route{}}
	for _, server := range d.Servers() {
		if base := basePath(server); !slices.Contains(rs.bases, base) {
			rs.bases = append(rs.bases, base)
		}
	}
	slices.SortStableFunc(rs.bases, func(a, b string) int { return len(b) - len(a) })
	names := slices.Clip(d.Operations())
	for _, op := range more {
		names = append(names, op.Name())
	}
	for _, name := range names {
		r := newRoute(name)
		rs.bySeg[len(r.segments)] = append(rs.bySeg[len(r.segments)], r)
		if !slices.Contains(rs.paths[max(0, len(rs.paths)-1):], name.Path) {
			rs.paths = append(rs.paths, name.Path)
		}
	}
	for _, list := range rs.bySeg {
		slices.SortStableFunc(list, func(a, b *route) int { return strings.Compare(a.rank, b.rank) })
	}
	return rs
}

// basePath is the path of a server's URL; variables without a default count as nothing.
func basePath(s openapi.Server) string {
	raw, err := s.Expand(nil)
	if err != nil {
		return ""
	}
	u, err := url.Parse(raw)
	if err != nil {
		return ""
	}
	base := strings.Trim(u.EscapedPath(), "/")
	if base == "" {
		return ""
	}
	return "/" + base
}

func newRoute(name openapi.OperationName) *route {
	r := &route{name: name}
	path, _, _ := strings.Cut(name.Path, "?") // documents that name an operation in the query
	path, _, _ = strings.Cut(path, "#")       // or behind a fragment
	for part := range strings.SplitSeq(strings.TrimPrefix(path, "/"), "/") {
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
	return r
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

func (r *route) match(parts []string) (map[string]string, bool) {
	values := map[string]string{}
	for i, s := range r.segments {
		if !s.match(parts[i], values) {
			return nil, false
		}
	}
	return values, true
}

// find gives the operation of a method and an escaped path: below the longest of the servers' base paths if
// there is one, and there the path with the most literal text.
func (rs *routes) find(method, path string) (*route, map[string]string) {
	for _, base := range rs.bases {
		if parts, ok := below(base, path); ok {
			for _, r := range rs.bySeg[len(parts)] {
				if !serves(r.name.Method, method) {
					continue
				}
				if values, ok := r.match(parts); ok {
					return r, values
				}
			}
		}
	}
	return nil, nil
}

// serves reports whether an operation's method answers a request's: HEAD is GET without the body (RFC
// 9110 §9.3.2).
func serves(declared, method string) bool {
	return declared == method || declared == http.MethodGet && method == http.MethodHead
}

// below gives the segments of path behind base.
func below(base, path string) ([]string, bool) {
	rest, ok := strings.CutPrefix(path, base)
	if !ok || !strings.HasPrefix(rest, "/") {
		return nil, false
	}
	return strings.Split(rest[1:], "/"), true
}

// methods lists the methods that a path has, sorted.
func (rs *routes) methods(path string) []string {
	var out []string
	for _, base := range rs.bases {
		parts, ok := below(base, path)
		if !ok {
			continue
		}
		for _, r := range rs.bySeg[len(parts)] {
			if _, ok := r.match(parts); ok && !slices.Contains(out, r.name.Method) {
				out = append(out, r.name.Method)
			}
		}
	}
	slices.Sort(out)
	return out
}

// missing answers a request that no operation is for.
func (rs *routes) missing(method, path string) *answer {
	if methods := rs.methods(path); len(methods) > 0 {
		a := refuse(http.StatusMethodNotAllowed, fmt.Sprintf("%s has no %s, but %s", path, method, listed(methods, "and")))
		a.header.Set("Allow", strings.Join(methods, ", "))
		return a
	}
	message := "no operation has the path " + path
	if near := rs.near(path); near != "" {
		message += "; the nearest is " + near
	}
	return refuse(http.StatusNotFound, message)
}

// near is the template most like a path: the one that it would match but for a misspelling, or that
// begins like it.
func (rs *routes) near(path string) string {
	rest := path
	for _, base := range rs.bases {
		if _, ok := below(base, path); ok {
			rest = strings.TrimPrefix(path, base)
			break
		}
	}
	filled := map[string]string{} // templates with the request's own values in place of parameters
	parts := strings.Split(strings.Trim(rest, "/"), "/")
	var candidates []string
	for _, template := range rs.paths {
		c := fillLike(template, parts)
		if _, taken := filled[c]; !taken {
			filled[c] = template
			candidates = append(candidates, c)
		}
	}
	return filled[diag.Nearest("/"+strings.Join(parts, "/"), candidates)]
}

func fillLike(template string, parts []string) string {
	segments := strings.Split(strings.Trim(template, "/"), "/")
	for i, s := range segments {
		if strings.HasPrefix(s, "{") && strings.HasSuffix(s, "}") && i < len(parts) {
			segments[i] = parts[i]
		}
	}
	return "/" + strings.Join(segments, "/")
}
