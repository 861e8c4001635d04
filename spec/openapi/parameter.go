package openapi

import (
	"regexp"
	"slices"
	"strings"

	"tenon/spec/types"
)

// styles are the ways to write a parameter, by where it goes; the first is the default (OpenAPI 3.1
// §4.8.12.3).
var styles = map[string][]string{
	"path":   {"simple", "label", "matrix"},
	"query":  {"form", "spaceDelimited", "pipeDelimited", "deepObject"},
	"header": {"simple"},
	"cookie": {"form", "cookie"},
}

// parameter decodes a parameter of version 3; nil if it is none that a client sends.
func (d *Document) parameter(f fields) *Parameter {
	p := d.bareParameter(f)
	if p == nil {
		return nil
	}
	if p.Style = f.get("style").string(); p.Style == "" {
		p.Style = styles[p.In][0]
	} else if !slices.Contains(styles[p.In], p.Style) {
		f.get("style").defect("the style of a %s parameter must be one of %s, not %q", p.In, strings.Join(styles[p.In], ", "), p.Style)
		p.Style = styles[p.In][0]
	}
	p.Explode = p.Style == "form" || p.Style == "cookie" || p.Style == "deepObject"
	if e := f.get("explode"); e.given() && p.Style != "deepObject" {
		p.Explode = e.bool()
	}
	p.AllowReserved = f.get("allowReserved").bool()
	p.Type, p.ContentType = d.valueType(f, types.Request)
	p.Type = severally(p)
	return p
}

// bareParameter decodes what is common to all versions.
func (d *Document) bareParameter(f fields) *Parameter {
	p := &Parameter{
		Name:        f.get("name").string(),
		In:          strings.ToLower(f.get("in").string()),
		Description: f.get("description").string(),
		Required:    f.get("required").bool(),
		Deprecated:  f.get("deprecated").bool(),
		Origin:      f.n.origin(),
	}
	switch {
	case styles[p.In] == nil:
		f.get("in").defect("%q is no place for a parameter that Tenon knows", p.In)
		return nil
	case runtimeHeader(p.In, p.Name):
		return nil
	case p.In == "path":
		p.Required = true
	}
	return p
}

// valueType is the type of a parameter or header, given by a schema or by the only member of
// content, whose media type it is written in then.
func (d *Document) valueType(f fields, dir types.Direction) (t *types.Type, contentType string) {
	if schema := f.get("schema"); schema.given() {
		return d.schema(schema, dir), ""
	}
	content := f.get("content")
	if !content.given() {
		f.n.defect("has neither a schema nor content, so nothing is known about its value")
		return types.Any, ""
	}
	list := d.content(content, dir)
	if len(list) == 0 {
		return types.Any, ""
	}
	return list[0].Type, list[0].Name
}

// headers decodes the declared headers of a response. A Content-Type among them is ignored (OpenAPI
// 3.1 §4.8.17).
func (d *Document) headers(n node) []*Header {
	var out []*Header
	n.object().each(func(name string, n node) {
		f, ok := n.follow()
		if !ok || strings.EqualFold(name, "Content-Type") {
			return
		}
		h := &Header{Name: name, Required: f.get("required").bool(), Explode: f.get("explode").bool(), Origin: f.n.origin()}
		if d.v2() {
			h.Type = d.inlineSchema(f, types.Response)
		} else {
			h.Type, _ = d.valueType(f, types.Response)
		}
		out = append(out, h)
	})
	return out
}

var templateName = regexp.MustCompile(`\{[+#./;?&]?([^{}]+?)\*?\}`)

// fitPath puts the parameters that the path's template names first, in its order, and makes up for
// those that are not declared: they are required strings. Path parameters that the template does
// not name cannot be sent and are dropped.
func (d *Document) fitPath(o *Operation, complete bool) []*Parameter {
	var out []*Parameter
	named := map[string]bool{}
	for _, m := range templateName.FindAllStringSubmatch(o.Path, -1) {
		name := m[1]
		if named[name] {
			continue
		}
		named[name] = true
		out = append(out, d.pathParameter(o, name, complete))
	}
	for _, p := range o.Parameters {
		switch {
		case p.In != "path":
			out = append(out, p)
		case !named[p.Name]:
			d.defect(p.Origin, "the path %q has no place for this parameter", o.Path)
		}
	}
	return out
}

func (d *Document) pathParameter(o *Operation, name string, complete bool) *Parameter {
	for _, p := range o.Parameters {
		if p.In == "path" && p.Name == name {
			return p
		}
	}
	if complete { // otherwise it may be among those that could not be read, and that is said already
		d.defect(o.Origin, "the path names {%s}, but no such path parameter is declared", name)
	}
	return &Parameter{Name: name, In: "path", Required: true, Type: types.AnyString, Style: "simple", Origin: o.Origin}
}
