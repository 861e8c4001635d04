package openapi

import (
	"slices"
	"strings"

	"tenon/spec/media"
	"tenon/spec/types"
)

// Value is the type of the content as a value: what is sent in requests, and what arrives in responses. Of what is neither structured nor text it is bytes,
// whatever the schema says.
func (m *MediaType) Value(dir types.Direction) *types.Type {
	t := m.Type
	switch form := media.FormOf(m.Name); form {
	case media.JSON, media.Any, media.URLForm:
		return t
	case media.Multipart:
		if dir == types.Request {
			return m.withFiles(t)
		}
		return t
	case media.XML:
		return xmlType(t, dir)
	case media.JSONLines, media.JSONSeq:
		return sequenceOf(t)
	case media.CSV, media.TSV:
		switch rows := t.Only(types.Array | types.Object); {
		case t.Shape().Untyped || !t.May(types.Array|types.Object):
			return types.AnyString
		case dir == types.Request:
			return types.Union(sequenceOf(rows), types.AnyString) // rows, or CSV as it is
		default:
			return sequenceOf(rows)
		}
	case media.Events:
		return types.ListOf(eventType(t))
	case media.Text:
		if t.Is(types.String) || dir == types.Request && t.Is(types.Scalar) { // a number is written as its text
			return t
		}
		return types.AnyString
	}
	if dir == types.Request {
		return anyContent
	}
	return types.AnyBytes
}

// anyContent is what bytes are sent from.
var anyContent = types.Union(types.AnyBytes, types.AnyString, types.AnyFile)

// sequenceOf is the list that a schema describes, or describes one item of.
func sequenceOf(t *types.Type) *types.Type {
	if t.May(types.Array) {
		return t
	}
	return types.ListOf(t)
}

// xmlType is the type of a value in XML. Without a schema it is an object with the root element.
func xmlType(t *types.Type, dir types.Direction) *types.Type {
	switch {
	case t.Shape().Untyped && !t.Shape().Invalid:
		t = types.MapOf(types.Any)
	case t.Is(types.String):
		return types.AnyString // XML as it is
	}
	if dir == types.Request {
		return types.Union(t, types.AnyString)
	}
	return t
}

// eventType is an event of a stream. The schema describes the data, unless it has that as a property.
func eventType(t *types.Type) *types.Type {
	if t.May(types.Array) && !t.Shape().Untyped {
		t = t.Elem()
	}
	var data *types.Type
	switch f := t.Field("data"); {
	case t.Shape().Untyped, !t.May(types.AnyJSON &^ types.String &^ types.Null):
		data = types.AnyString
	case t.Is(types.Object) && f.Property != nil && (t.Field("event").Property != nil || t.Field("id").Property != nil):
		data = f.Type.Without(types.Absent)
	default:
		data = t
	}
	return types.ObjectOf(
		&types.Property{Name: "event", Type: types.AnyString, Required: true}, &types.Property{Name: "data", Type: data, Required: true},
		&types.Property{Name: "id", Type: types.AnyString.With(types.Absent)}, &types.Property{Name: "retry", Type: types.AnyInteger.With(types.Absent)})
}

// withFiles is the type of a multipart body, whose binary properties may be files.
func (m *MediaType) withFiles(t *types.Type) *types.Type {
	shape := *t.Shape()
	if len(shape.Objects) == 0 {
		return t
	}
	objects := shape.Objects
	shape.Objects = nil
	for _, f := range objects {
		fields := &types.Fields{Name: f.Name, Openness: f.Openness, Additional: f.Additional, Patterns: f.Patterns, MinCount: f.MinCount, MaxCount: f.MaxCount}
		for _, p := range f.Properties {
			own := *p
			own.Type = fileOr(p.Type, m.asBytes(p))
			fields.Properties = append(fields.Properties, &own)
		}
		shape.Objects = append(shape.Objects, fields)
	}
	out := types.New(&shape)
	out.Name, out.Origin = t.Name, t.Origin
	return out
}

// asBytes reports whether the document says by a media type that a property is bytes: in the encoding object, or with
// the contentMediaType of its schema, where no contentEncoding makes text of it (3.1 §4.8.14.4).
func (m *MediaType) asBytes(p *types.Property) bool {
	if e := m.Encoding[p.Name].ContentType; e != "" {
		return isBinary(e)
	}
	t := p.Type.Without(types.Absent | types.Null)
	places := []types.Origin{p.Origin, t.Origin}
	if t.Is(types.Array) {
		places = []types.Origin{t.Elem().Origin}
	}
	return m.doc != nil && slices.ContainsFunc(places, func(o types.Origin) bool {
		n, ok := m.doc.nodeAt(o)
		if !ok || n.lead() != '{' {
			return false
		}
		f := n.object()
		name := f.get("contentMediaType").plain()
		return name != "" && isBinary(name) && !f.get("contentEncoding").given()
	})
}

// isBinary reports whether an encoding's media types are all bytes.
func isBinary(contentTypes string) bool {
	for name := range strings.SplitSeq(contentTypes, ",") {
		if media.FormOf(name) != media.Bytes {
			return false
		}
	}
	return true
}

// fileOr adds files to a property that is binary, or that the document says to be sent as bytes.
func fileOr(t *types.Type, sentAsBytes bool) *types.Type {
	present := t.Without(types.Absent | types.Null)
	switch {
	case present.Is(types.Array) && !present.Shape().Untyped:
		if elem := fileOr(present.Elem(), sentAsBytes); elem != present.Elem() {
			shape := *t.Shape()
			lists := shape.Arrays
			shape.Arrays = nil
			for _, l := range lists {
				shape.Arrays = append(shape.Arrays, &types.List{Prefix: l.Prefix, Items: elem, MinLen: l.MinLen, MaxLen: l.MaxLen})
			}
			return types.New(&shape)
		}
		return t
	case isBytes(present) || present.Shape().Untyped || sentAsBytes && present.May(types.String):
		return t.With(types.File | types.Bytes)
	}
	return t
}

// HasFile reports whether the content is an object with a property that is bytes, or a list of some.
func (m *MediaType) HasFile() bool {
	return slices.ContainsFunc(m.Type.PropertyNames(), func(name string) bool { return isBytes(m.Type.Field(name).Type) })
}

// Files are the properties of a multipart body that are sent as files.
func (m *MediaType) Files() []string {
	if media.FormOf(m.Name) != media.Multipart {
		return nil
	}
	return slices.DeleteFunc(slices.Clone(m.Type.PropertyNames()), func(name string) bool {
		f := m.Type.Field(name)
		return !isBytes(f.Type) && !(f.Property != nil && f.Type.May(types.String|types.Array) && m.asBytes(f.Property))
	})
}

// isBytes reports whether values of t are bytes, which schemas write as text of the format binary, or lists of such.
func isBytes(t *types.Type) bool {
	t = t.Without(types.Absent | types.Null)
	switch s := t.Shape(); {
	case s.Untyped || s.Kinds == 0:
		return false
	case t.Is(types.Array):
		return isBytes(t.Elem())
	case t.May(types.Bytes):
		return true
	default:
		return t.Is(types.String) && len(s.Strings) > 0 && !slices.ContainsFunc(s.Strings, func(x *types.Text) bool { return x.Format != "binary" })
	}
}

// Item is the type of an item of content that is a sequence; nil if it is none.
func (m *MediaType) Item() *types.Type {
	if !media.FormOf(m.Name).Sequence() {
		return nil
	}
	if t := m.Value(types.Response); t.May(types.Array) {
		return t.Elem()
	}
	return types.MapOf(types.AnyString) // rows of CSV of which nothing is known
}
