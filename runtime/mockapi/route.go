package mockapi

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"tenon/runtime/inbound"
	"tenon/spec/diag"
	"tenon/spec/openapi"
)

// routes finds operations by method and path.
type routes struct {
	inbound.Routes[openapi.OperationName]
	bases []string // of the servers, longest first, without a trailing slash; "" is always among them
	paths []string // all templates
}

func newRoutes(d *openapi.Document, more []*openapi.Operation) *routes {
	rs := &routes{bases: []string{""}}
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
		for _, base := range rs.bases {
			rs.Add(name.Method, base+name.Path, name)
		}
		if !slices.Contains(rs.paths[max(0, len(rs.paths)-1):], name.Path) {
			rs.paths = append(rs.paths, name.Path)
		}
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

// missing answers a request that no operation is for.
func (rs *routes) missing(method, path string) *answer {
	if methods := rs.Methods(path); len(methods) > 0 {
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
		if strings.HasPrefix(path, base+"/") {
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
