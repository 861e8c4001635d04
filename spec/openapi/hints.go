package openapi

import (
	"encoding/json"
	"strings"

	"tenon/spec/types"
)

// Describe is what the document says in words about what stands at a place: a parameter, a property, a
// schema, or what it refers to. It is "" where nothing is said.
func (d *Document) Describe(o types.Origin) string {
	return Derived(d, hint{o, "description"}, func() string { return d.describe(o) })
}

// hint is what a derived value was read from.
type hint struct {
	at   types.Origin
	what string
}

// Derived is something that was made of a document, and is kept with it under a key: made once, by f, it is the same
// for everybody who asks. The type of the key should belong to who asks.
func Derived[T any](d *Document, key any, f func() T) T {
	if v, ok := d.derived.Load(key); ok {
		return v.(T)
	}
	v, _ := d.derived.LoadOrStore(key, f())
	return v.(T)
}

func (d *Document) describe(o types.Origin) string {
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
	found := Derived(d, hint{o, name}, func() []any {
		n, ok := d.at(o)
		if !ok {
			return nil
		}
		f := n.object()
		for _, x := range []node{f.get(name), f.get("schema").member(name)} {
			var v any
			if x.given() && json.Unmarshal(x.raw(), &v) == nil {
				return []any{v}
			}
		}
		return nil
	})
	if len(found) == 0 {
		return nil, false
	}
	return found[0], true
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
