package openapi

import (
	"strings"

	"tenon/spec/media"
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
		m := &MediaType{Name: strings.TrimSpace(name), Origin: f.n.origin(), Encoding: d.encodings(f.get("encoding")), doc: d}
		schema := f.get("schema")
		m.schema = schema.origin()
		item := f.get("itemSchema")
		switch {
		case media.FormOf(name).Sequence() && item.given():
			m.Type = types.ListOf(d.schema(item, dir))
		case m.binary():
			m.Type = binaryType(dir)
		case schema.given():
			m.Type = d.schema(schema, dir)
			if dir == types.Request {
				m.takeSent(f, schema)
			}
		default:
			m.Type = bareContent(m)
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

// binary reports whether the content is bytes whatever a schema says of it, which is often just string.
func (m *MediaType) binary() bool {
	kind, sub, _ := strings.Cut(m.Essence(), "/")
	switch kind {
	case "image", "audio", "video", "font":
		return !strings.HasSuffix(sub, "+xml") && !strings.HasSuffix(sub, "+json")
	case "application":
		switch sub {
		case "octet-stream", "pdf", "zip", "gzip", "x-gzip", "x-tar", "x-tgz":
			return true
		}
	}
	return false
}

var bytesOrText = types.New(&types.Shape{Kinds: types.Bytes | types.String})

// binaryType is the type of bytes: text may be sent as such, but what arrives is bytes.
func binaryType(dir types.Direction) *types.Type {
	if dir == types.Response {
		return types.AnyBytes
	}
	return bytesOrText
}

// bareContent is the type of content for which the document has no schema.
func bareContent(m *MediaType) *types.Type {
	if e := m.Essence(); strings.HasPrefix(e, "text/") && media.FormOf(e) != media.XML && !m.JSON() {
		return types.AnyString
	}
	return types.Any
}

// encodings decodes how the properties of a form are written. A style without explode has that of
// parameters (OpenAPI 3.1 §4.8.15.1.2).
func (d *Document) encodings(n node) map[string]Encoding {
	var out map[string]Encoding
	n.object().each(func(name string, n node) {
		f := n.object()
		e := Encoding{
			ContentType:   f.get("contentType").string(),
			Style:         f.get("style").string(),
			AllowReserved: f.get("allowReserved").bool(),
			Headers:       d.headers(f.get("headers")),
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
