package openapi

import (
	"encoding/json"
	"strings"

	"tenon/spec/types"
)

// Describe is what the document says in words about what stands at a place: a parameter, a property, a
// schema, or what it refers to. It is "" where nothing is said.
func (d *Document) Describe(o types.Origin) string {
	n, ok := d.at(o)
	for hops := 0; ok && hops < maxHops; hops++ {
		f := n.object()
		for _, x := range []node{f.get("description"), f.get("schema").member("description"), f.get("title")} {
			if text := strings.TrimSpace(x.plain()); text != "" {
				return text
			}
		}
		ref := f.get("$ref").plain()
		if ref == "" {
			return ""
		}
		next, err := d.resolve(n.t.name, ref)
		n, ok = next, err == nil
	}
	return ""
}

// maxHops bounds how many references in a row are followed.
const maxHops = 10

// Default is the default that the document declares for a parameter or property; ok is false where it
// declares none.
func (d *Document) Default(o types.Origin) (v any, ok bool) { return d.annotation(o, "default") }

// Example is the example that the document has for a parameter or property; ok is false where it has none.
func (d *Document) Example(o types.Origin) (v any, ok bool) { return d.annotation(o, "example") }

// annotation is a value that stands beside a type and does not restrict it, numbers as float64.
func (d *Document) annotation(o types.Origin, name string) (v any, ok bool) {
	n, found := d.at(o)
	if !found {
		return nil, false
	}
	f := n.object()
	for _, x := range []node{f.get(name), f.get("schema").member(name)} {
		if x.given() && json.Unmarshal(x.raw(), &v) == nil {
			return v, true
		}
	}
	return nil, false
}

// at finds what stands at a place that this document gave out.
func (d *Document) at(o types.Origin) (node, bool) {
	if o == (types.Origin{}) {
		return node{}, false
	}
	t := d.opened(o.Document)
	if t == nil {
		return node{}, false
	}
	f, ok := t.find(o.Pointer)
	return f.node, ok
}
