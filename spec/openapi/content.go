package openapi

import (
	"strings"

	"tenon/spec/types"
)

// content decodes a map of media types.
func (d *Document) content(n node, dir types.Direction) []*MediaType {
	var out []*MediaType
	n.object().each(func(name string, n node) {
		f, ok := n.follow()
		if !ok {
			return
		}
		m := &MediaType{Name: strings.TrimSpace(name), Origin: f.n.origin(), Encoding: encodings(f.get("encoding"))}
		if schema := f.get("schema"); schema.given() {
			m.Type = d.schema(schema, dir)
		} else {
			m.Type = bareContent(m.Name)
		}
		out = append(out, m)
	})
	return out
}

// Essence is the media type without parameters, in small letters: "application/json".
func (m *MediaType) Essence() string {
	essence, _, _ := strings.Cut(m.Name, ";")
	return strings.ToLower(strings.TrimSpace(essence))
}

// JSON reports whether the content is JSON: application/json, or a type that ends in +json (RFC 6839).
func (m *MediaType) JSON() bool {
	e := m.Essence()
	return strings.HasSuffix(e, "/json") || strings.HasSuffix(e, "+json")
}

// bareContent is the type of content for which the document has no schema.
func bareContent(name string) *types.Type {
	m := MediaType{Name: name}
	kind, sub, _ := strings.Cut(m.Essence(), "/")
	switch {
	case kind == "text" && !strings.HasSuffix(sub, "xml") && sub != "csv" && sub != "event-stream":
		return types.AnyString
	case kind == "image" && sub != "svg+xml", kind == "audio", kind == "video", kind == "font":
		return types.AnyBytes
	case kind == "application":
		switch sub {
		case "octet-stream", "pdf", "zip", "gzip", "x-gzip", "x-tar", "x-tgz":
			return types.AnyBytes
		}
	}
	return types.Any
}

// encodings decodes how the properties of a form are written. A style without explode has that of
// parameters (OpenAPI 3.1 §4.8.15.1.2).
func encodings(n node) map[string]Encoding {
	var out map[string]Encoding
	n.object().each(func(name string, n node) {
		f := n.object()
		e := Encoding{
			ContentType:   f.get("contentType").string(),
			Style:         f.get("style").string(),
			AllowReserved: f.get("allowReserved").bool(),
		}
		explode := f.get("explode")
		if e.Style == "" && (explode.given() || e.AllowReserved) {
			e.Style = "form"
		}
		if e.Explode = e.Style == "form" || e.Style == "deepObject"; explode.given() && e.Style != "deepObject" {
			e.Explode = explode.bool()
		}
		if out == nil {
			out = map[string]Encoding{}
		}
		out[name] = e
	})
	return out
}
