package openapi

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"tenon/spec/types"
)

// Server is where an API is reached. Its URL may be relative, without a host; then the document
// leaves the host open.
type Server struct {
	URL         string // may hold {variables}; without a trailing slash
	Description string
	Variables   []ServerVariable
	Origin      types.Origin
}

// ServerVariable is one {name} of a server's URL.
type ServerVariable struct {
	Name        string
	Default     string
	Enum        []string // nil: any value
	Description string
}

// Relative reports whether the URL lacks a host.
func (s Server) Relative() bool { return !strings.Contains(s.URL, "://") }

var serverVariable = regexp.MustCompile(`\{([^{}]+)\}`)

// Expand fills in the URL's variables, by their defaults where values has none. The error names a
// variable that does not exist, has no value, or must not have the one that is given.
func (s Server) Expand(values map[string]string) (string, error) {
	for name := range values {
		if !slices.ContainsFunc(s.Variables, func(v ServerVariable) bool { return v.Name == name }) {
			return "", fmt.Errorf("the server %s has no variable %q", s.URL, name)
		}
	}
	var err error
	url := serverVariable.ReplaceAllStringFunc(s.URL, func(m string) string {
		name := m[1 : len(m)-1]
		value, given := values[name]
		for _, v := range s.Variables {
			switch {
			case v.Name != name:
			case !given:
				value, given = v.Default, v.Default != ""
			case v.Enum != nil && !slices.Contains(v.Enum, value):
				err = fmt.Errorf("the variable %q of the server %s is %q, but must be one of %s", name, s.URL, value, strings.Join(v.Enum, ", "))
			}
		}
		if !given {
			err = fmt.Errorf("the variable %q of the server %s has no value and no default", name, s.URL)
		}
		return value
	})
	return url, err
}

// Servers lists where the document says the API is reached; none if it does not say. In version 2.0
// https comes before http.
func (d *Document) Servers() []Server {
	if d.v2() {
		return d.swaggerServers(d.root.get("schemes"))
	}
	return d.servers(d.root.get("servers"))
}

func (d *Document) servers(n node) []Server {
	var out []Server
	for _, e := range n.elements() {
		f := e.object()
		s := Server{URL: f.get("url").string(), Description: f.get("description").string(), Origin: e.origin()}
		if s.URL == "" {
			e.defect("a server needs a url")
			continue
		}
		if s.URL != "/" {
			s.URL = strings.TrimRight(s.URL, "/")
		}
		f.get("variables").object().each(func(name string, n node) {
			v := n.object()
			s.Variables = append(s.Variables, ServerVariable{
				Name: name, Default: v.get("default").string(),
				Enum: v.get("enum").strings(), Description: v.get("description").string(),
			})
		})
		out = append(out, s)
	}
	return out
}

// swaggerServers puts together what version 2.0 keeps apart.
func (d *Document) swaggerServers(schemes node) []Server {
	host, base := d.root.get("host"), strings.TrimRight(d.root.get("basePath").string(), "/")
	if base != "" && !strings.HasPrefix(base, "/") {
		base = "/" + base
	}
	if host.string() == "" {
		if base == "" {
			return nil
		}
		return []Server{{URL: base, Origin: d.root.get("basePath").origin()}}
	}
	var out []Server
	names := schemes.strings()
	if len(names) == 0 {
		names = []string{"https"}
	}
	for _, scheme := range []string{"https", "http"} {
		if slices.ContainsFunc(names, func(s string) bool { return strings.EqualFold(s, scheme) }) {
			out = append(out, Server{URL: scheme + "://" + strings.TrimRight(host.string(), "/") + base, Origin: host.origin()})
		}
	}
	return out
}
