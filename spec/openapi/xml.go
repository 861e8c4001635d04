package openapi

import (
	"slices"
	"strings"

	"tenon/spec/media"
	"tenon/spec/types"
)

// maxXMLParts bounds what is read of one content's XML; what is beyond goes by its plain names.
const maxXMLParts = 20_000

// XML says how values of the content are named in XML: by the xml objects of its schema and all that it refers to
// (OpenAPI 3.1 §4.8.26; nodeType of 3.2).
func (m *MediaType) XML() *media.Names {
	w := &xmlReader{doc: m.doc, out: &media.Names{Types: map[string]*media.Element{}}}
	if m.doc == nil || m.Type == nil {
		return w.out
	}
	w.out.Root = w.element(m.schema, m.Type)
	if o := m.Type.Origin; w.out.Root.Name == "" {
		w.out.Inferred = componentName(o)
	}
	if len(w.out.Types) == 0 {
		w.out.Types = nil
	}
	return w.out
}

// componentName is the name of the component that stands at a place; "" if none does.
func componentName(o types.Origin) string {
	for _, section := range []string{"/components/schemas/", "/definitions/"} {
		if rest, ok := strings.CutPrefix(o.Pointer, section); ok && !strings.Contains(rest, "/") {
			return unescape(rest)
		}
	}
	return ""
}

// Columns are the properties that an item of the content has, in the document's order.
func (m *MediaType) Columns() []string {
	t := m.Type
	if t.May(types.Array) {
		t = t.Elem()
	}
	if m.doc == nil || !t.May(types.Object) {
		return nil
	}
	return m.doc.ordered(t)
}

// ordered lists the properties of t as the document does.
func (d *Document) ordered(t *types.Type) []string {
	names := slices.Clone(t.PropertyNames())
	at := map[string]int{}
	for _, name := range names {
		if p := t.Field(name).Property; p != nil {
			if n, ok := d.nodeAt(p.Origin); ok {
				at[name] = n.at
			}
		}
	}
	slices.SortStableFunc(names, func(a, b string) int { return at[a] - at[b] })
	return names
}

// nodeAt is what stands at a place of the document or of a file that it has opened.
func (d *Document) nodeAt(o types.Origin) (node, bool) {
	t := d.opened(o.Document)
	if t == nil || o == (types.Origin{}) {
		return node{}, false
	}
	f, ok := t.find(o.Pointer)
	return f.node, ok
}

type xmlReader struct {
	doc   *Document
	out   *media.Names
	parts int
}

// element reads the schema that a place at has, whose values are of t.
func (w *xmlReader) element(at types.Origin, t *types.Type) media.Element {
	var e media.Element
	for _, o := range []types.Origin{at, t.Origin} {
		if n, ok := w.doc.nodeAt(o); ok {
			if x, found := xmlObject(n, 0); found {
				e = w.named(x, t)
				break
			}
		}
	}
	if w.parts++; w.parts > maxXMLParts || !t.May(types.Object|types.Array) || t.Shape().Untyped {
		return e
	}
	if t.Origin == (types.Origin{}) {
		w.inside(&e, t)
		return e
	}
	e.Type = t.Origin.Pointer
	if t.Origin.Document != w.doc.main.name || e.Type == "" { // the top of a schema file has an empty pointer
		e.Type = t.Origin.Document + "#" + e.Type
	}
	if w.out.Types[e.Type] == nil {
		made := &media.Element{}
		w.out.Types[e.Type] = made
		w.inside(made, t)
	}
	return e
}

// inside reads what stands in an element: properties, or items.
func (w *xmlReader) inside(e *media.Element, t *types.Type) {
	if t.May(types.Array) {
		item := t.Elem()
		made := w.element(item.Origin, item)
		e.Items = &made
	}
	if !t.May(types.Object) {
		return
	}
	for _, name := range w.doc.ordered(t) {
		f := t.Field(name)
		if f.Property == nil || f.Type == nil {
			continue
		}
		e.Properties = append(e.Properties, &media.Property{Name: name, Element: w.element(f.Property.Origin, f.Type)})
	}
}

// xmlObject finds the xml object of a schema: its own, else that of what it refers to or is made of.
func xmlObject(n node, hops int) (fields, bool) {
	if hops > 10 || n.lead() != '{' {
		return fields{}, false
	}
	f := n.object()
	if x := f.get("xml"); x.given() {
		return x.object(), true
	}
	if ref := f.get("$ref"); ref.lead() == '"' {
		if next, err := n.t.doc.resolve(n.t.name, ref.string()); err == nil {
			return xmlObject(next, hops+1)
		}
	}
	for _, part := range f.get("allOf").elements() {
		if x, ok := xmlObject(part, hops+1); ok {
			return x, ok
		}
	}
	return fields{}, false
}

func (w *xmlReader) named(x fields, t *types.Type) media.Element {
	kind := x.get("nodeType").string()
	return media.Element{
		Name: x.get("name").string(), Namespace: x.get("namespace").string(), Prefix: x.get("prefix").string(),
		Attribute: kind == "attribute" || x.get("attribute").bool(), Text: kind == "text" || kind == "cdata",
		Wrapped: t.May(types.Array) && (kind == "element" || x.get("wrapped").bool()),
	}
}
