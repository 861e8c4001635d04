package openapi

import (
	"encoding/json"
	"slices"
	"strings"

	"tenon/spec/types"
)

// takeSent makes the properties of a request's content sendable that the document declares read-only, and that its
// own examples of this very request carry all the same: they are meant. PagerDuty's references are like that, such as
// the service of a new incident, which is nothing but the ID of one.
func (m *MediaType) takeSent(content fields, schema node) {
	whole := func() *types.Type { return m.doc.schema(schema, types.BothWays) }
	for _, example := range examples(content) {
		m.Type = m.sent(m.Type, whole, example.Value, nil)
	}
}

// Example is one that a document has of a content. Its value is a plain tree with numbers as float64.
type Example struct {
	Value  any
	origin types.Origin
}

// At is where a part of the example stands: property names, and elements like "[0]".
func (e *Example) At(path []string) types.Origin {
	o := e.origin
	for _, name := range path {
		if inner, ok := strings.CutPrefix(name, "["); ok {
			name = strings.TrimSuffix(inner, "]")
		}
		o.Pointer += "/" + escape(name)
	}
	return o
}

// Examples are those that the document has of the content, also as an example of its schema (OpenAPI 3.1 §4.8.14).
func (m *MediaType) Examples() []*Example {
	return Derived(m.doc, hint{m.Origin, "examples"}, func() []*Example {
		n, ok := m.doc.at(m.Origin)
		if !ok {
			return nil
		}
		return examples(n.object())
	})
}

func examples(content fields) (out []*Example) {
	add := func(n node) {
		var v any
		if n.given() && json.Unmarshal(n.raw(), &v) == nil {
			out = append(out, &Example{v, n.origin()})
		}
	}
	add(content.get("example"))
	content.get("examples").object().each(func(_ string, n node) {
		if f, ok := n.follow(); ok {
			add(f.get("value"))
		}
	})
	if f, ok := content.get("schema").follow(); ok {
		add(f.get("example"))
		if list := f.get("examples"); list.lead() == '[' {
			for _, n := range list.elements() {
				add(n)
			}
		}
	}
	return out
}

// sent is t, of requests, with the read-only properties that v carries. whole gives the same with all of them.
func (m *MediaType) sent(t *types.Type, whole func() *types.Type, v any, path []string) *types.Type {
	var change func(s *types.Shape) bool
	switch v := v.(type) {
	case map[string]any:
		change = func(s *types.Shape) (changed bool) {
			s.Objects = slices.Clone(s.Objects)
			for i, f := range s.Objects {
				if g := m.sentFields(f, whole, v, path); g != f {
					s.Objects[i], changed = g, true
				}
			}
			return changed
		}
	case []any:
		change = func(s *types.Shape) (changed bool) {
			s.Arrays = slices.Clone(s.Arrays)
			for i, l := range s.Arrays {
				if l.Items == nil {
					continue
				}
				items := l.Items
				for _, element := range v {
					items = m.sent(items, func() *types.Type { return whole().Elem() }, element, path)
				}
				if items != l.Items {
					list := *l
					list.Items = items
					s.Arrays[i], changed = &list, true
				}
			}
			return changed
		}
	default:
		return t
	}
	shape := *t.Shape()
	if shape.Untyped || shape.Invalid || !change(&shape) {
		return t
	}
	out := types.New(&shape)
	out.Name, out.Origin = t.Name, t.Origin
	return out
}

func (m *MediaType) sentFields(f *types.Fields, whole func() *types.Type, v map[string]any, path []string) *types.Fields {
	var properties []*types.Property
	for i, p := range f.Properties {
		part, carried := v[p.Name]
		if !carried {
			continue
		}
		at := append(slices.Clip(path), p.Name)
		q := *p
		field := func() types.FieldInfo { return whole().Field(p.Name) }
		if !p.ReadOnly || p.Type.Kinds() != 0 {
			q.Type = m.sent(p.Type, func() *types.Type { return field().Type }, part, at)
		} else if info := field(); info.Property != nil {
			q.Type, q.ReadOnly = info.Type.Without(types.Absent), false
			if !slices.ContainsFunc(m.Sent, func(old []string) bool { return slices.Equal(old, at) }) {
				m.Sent = append(m.Sent, at)
			}
		}
		if q.Type == p.Type {
			continue
		}
		if properties == nil {
			properties = slices.Clone(f.Properties)
		}
		properties[i] = &q
	}
	if properties == nil {
		return f
	}
	return &types.Fields{
		Name: f.Name, Properties: properties, Openness: f.Openness, Additional: f.Additional, Patterns: f.Patterns,
		MinCount: f.MinCount, MaxCount: f.MaxCount,
	}
}

// severally is the type of a parameter that may come several times, though its schema is that of one value: the
// brackets at the end of its name say so ("statuses[]").
func severally(p *Parameter) *types.Type {
	if p.In != "query" || !strings.HasSuffix(p.Name, "[]") || p.ContentType != "" || !p.Explode || !p.Type.Is(types.Scalar) {
		return p.Type
	}
	return types.Union(p.Type, types.ListOf(p.Type))
}
