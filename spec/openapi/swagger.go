package openapi

import (
	"slices"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
	"tenon/spec/types"
)

// swaggerOperation fills in what version 2.0 says in other words than version 3.
func (d *Document) swaggerOperation(o *Operation, f fields, params []fields) {
	var form []fields
	for _, p := range params {
		switch strings.ToLower(p.get("in").string()) {
		case "body":
			o.Body = d.swaggerBody(f, p)
		case "formdata":
			form = append(form, p)
		default:
			if made := d.swaggerParameter(p); made != nil {
				o.Parameters = append(o.Parameters, made)
			}
		}
	}
	if form != nil && o.Body == nil {
		o.Body = d.swaggerForm(f, form)
	}
	produces := d.mediaTypes(f, "produces")
	eachStatus(f.get("responses"), func(status string, r fields) {
		made := &Response{
			Status:      status,
			Description: r.get("description").string(),
			Headers:     d.headers(r.get("headers")),
			Origin:      r.n.origin(),
		}
		if schema := r.get("schema"); schema.given() {
			t := d.swaggerSchema(schema, types.Response)
			for _, name := range produces {
				made.Content = append(made.Content, swaggerContent(name, t, schema, types.Response))
			}
		}
		o.Responses = append(o.Responses, made)
	})
	if schemes := f.get("schemes"); schemes.given() {
		o.Servers = d.swaggerServers(schemes)
	}
}

// mediaTypes are an operation's consumes or produces, or else the document's, or else JSON.
func (d *Document) mediaTypes(f fields, name string) []string {
	own := f.get(name)
	if !own.exists() {
		own = d.root.get(name)
	}
	var out []string
	for _, s := range own.strings() {
		if s = strings.TrimSpace(s); !slices.Contains(out, s) {
			out = append(out, s)
		}
	}
	if out == nil {
		out = []string{"application/json"}
	}
	return out
}

func (d *Document) swaggerBody(f, p fields) *RequestBody {
	b := &RequestBody{Description: p.get("description").string(), Required: p.get("required").bool(), Origin: p.n.origin()}
	t := types.Any
	if schema := p.get("schema"); schema.given() {
		t = d.swaggerSchema(schema, types.Request)
	}
	for _, name := range d.mediaTypes(f, "consumes") {
		b.Content = append(b.Content, swaggerContent(name, t, p.n, types.Request))
	}
	return b
}

func swaggerContent(name string, t *types.Type, at node, dir types.Direction) *MediaType {
	m := &MediaType{Name: name, Type: t, Origin: at.origin(), doc: at.t.doc, schema: t.Origin}
	if m.binary() {
		m.Type = binaryType(dir)
	}
	return m
}

// swaggerForm makes one body of formData parameters.
func (d *Document) swaggerForm(f fields, form []fields) *RequestBody {
	b := &RequestBody{Origin: form[0].n.origin()}
	object := &types.Fields{MaxCount: -1}
	encoding := map[string]Encoding{}
	multipart := false
	for _, p := range form {
		made := &types.Property{
			Name:       p.get("name").string(),
			Type:       d.inlineSchema(p, types.Request),
			Required:   p.get("required").bool(),
			Deprecated: p.get("deprecated").bool(),
			Origin:     p.n.origin(),
		}
		multipart = multipart || p.get("type").plain() == "file"
		b.Required = b.Required || made.Required
		object.Properties = append(object.Properties, made)
		if p.get("type").plain() == "array" {
			style, explode := collection(p, "query")
			encoding[made.Name] = Encoding{Style: style, Explode: explode}
		}
	}
	t := types.New(&types.Shape{Kinds: types.Object, Objects: []*types.Fields{object}})
	for _, name := range d.formTypes(f, multipart) {
		b.Content = append(b.Content, &MediaType{Name: name, Type: t, Encoding: encoding, Origin: b.Origin, doc: d})
	}
	return b
}

// formTypes are those media types of an operation that carry forms; files travel in multipart only.
func (d *Document) formTypes(f fields, multipart bool) []string {
	var out []string
	for _, name := range d.mediaTypes(f, "consumes") {
		m := MediaType{Name: name}
		if e := m.Essence(); e == "multipart/form-data" || e == "application/x-www-form-urlencoded" && !multipart {
			out = append(out, name)
		}
	}
	switch {
	case out != nil:
		return out
	case multipart:
		return []string{"multipart/form-data"}
	}
	return []string{"application/x-www-form-urlencoded"}
}

func (d *Document) swaggerParameter(f fields) *Parameter {
	p := d.bareParameter(f)
	if p == nil {
		return nil
	}
	p.Style, p.Explode = collection(f, p.In)
	p.Type = d.inlineSchema(f, types.Request)
	return p
}

// collection maps collectionFormat, which says how an array is written, to a style.
func collection(f fields, in string) (style string, explode bool) {
	style = "form"
	if in == "path" || in == "header" {
		style = "simple"
	}
	format := f.get("collectionFormat")
	switch format.string() {
	case "", "csv":
		return style, false
	case "multi":
		return style, true
	case "ssv":
		return "spaceDelimited", false
	case "pipes":
		return "pipeDelimited", false
	}
	format.defect("the collectionFormat %q cannot be written; commas are used", format.string())
	return style, false
}

// swaggerSchema is the type of a schema, which in version 2.0 may be a file.
func (d *Document) swaggerSchema(n node, dir types.Direction) *types.Type {
	if n.lead() == '{' && n.object().get("type").plain() == "file" {
		return binaryType(dir)
	}
	return d.schema(n, dir)
}

// notSchema are the members of a parameter or header of version 2.0 that say nothing about its value.
var notSchema = map[string]bool{
	"name": true, "in": true, "required": true, "description": true, "collectionFormat": true,
	"allowEmptyValue": true, "deprecated": true, "example": true, "examples": true,
}

// inlineSchema is the type of a parameter or header of version 2.0, which is its own schema.
func (d *Document) inlineSchema(f fields, dir types.Direction) *types.Type {
	if f.get("type").plain() == "file" {
		return binaryType(dir)
	}
	if schema := f.get("schema"); schema.given() {
		schema.defect("only body parameters have a schema in version 2.0; it is read all the same")
		return d.schema(schema, dir)
	}
	raw := []byte{'{'}
	for _, m := range f.list {
		if notSchema[m.name] || isExtension(m.name) && m.name != "x-nullable" {
			continue
		}
		if len(raw) > 1 {
			raw = append(raw, ',')
		}
		raw, _ = jsontext.AppendQuote(raw, m.name) // the error is about invalid UTF-8, which is replaced
		raw = append(append(raw, ':'), f.node(m).raw()...)
	}
	return d.fromSchema(f.n.origin(), append(raw, '}'), dir)
}
