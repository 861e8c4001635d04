package openapi

import (
	"bytes"
	"strings"

	"tenon/spec/types"
)

// LoadSchema reads a file that is a JSON Schema of draft 4 to 2020-12, as JSON or YAML. It is a document
// without operations: it resolves references, also to other files ([Options].ReadFile), and locates places.
// The error, a [*LoadError], says that the file as a whole cannot be read.
func LoadSchema(file string, src []byte, o Options) (*Document, error) {
	d := newDocument(Digest(src), o)
	t, err := d.parseAny(file, src)
	if err != nil {
		return nil, err
	}
	d.main, d.root = t, t.topFields()
	d.dialect = draft(d.root.get("$schema").plain())
	return d, nil
}

// parseAny is parse for files that may also be true or false.
func (d *Document) parseAny(file string, src []byte) (*text, error) {
	if word := string(bytes.TrimSpace(src)); word == "true" || word == "false" {
		t := &text{doc: d, name: file, src: src, json: src}
		at := bytes.Index(src, []byte(word))
		t.root = node{t: t, at: at, end: at + len(word)}
		return t, nil
	}
	t, err := d.parse(file, src, d.Digest)
	if e, ok := err.(*LoadError); ok {
		e.Message = schemaWords.Replace(e.Message)
	}
	return t, err
}

var schemaWords = strings.NewReplacer(
	"is no OpenAPI document, which is one mapping at its top", "is no JSON Schema, which is an object, true or false",
	"; an OpenAPI document is one JSON object", "; a JSON Schema is an object, true or false",
	"; download the document itself, often a link named openapi.json or swagger.json on that page", "",
	"an OpenAPI document", "a JSON Schema",
)

// draft reads $schema; a file that does not say is of the latest draft.
func draft(schema string) types.Dialect {
	for _, d := range []struct {
		mark    string
		dialect types.Dialect
	}{
		{"draft-04", types.Draft4}, {"draft-06", types.Draft6}, {"draft-07", types.Draft7}, {"2019-09", types.Draft2019},
	} {
		if strings.Contains(schema, d.mark) {
			return d.dialect
		}
	}
	return types.Draft2020
}

// Root is the type of a schema that [LoadSchema] read. Name says what the project calls the schema at a
// place, "" where it has no name for it. What is wrong inside shows in [Document.Defects] when it is used.
func (d *Document) Root(name func(types.Origin) string) *types.Type {
	n := d.main.root
	if c := n.lead(); c != '{' && c != 't' && c != 'f' {
		n.defect("a schema must be an object, not %s", kindName(c))
		return types.Any
	}
	return types.FromSchema(d, n.origin(), n.raw(), types.SchemaOptions{
		Dialect: d.dialect,
		Cache:   &d.typed,
		Name:    name,
		Defect:  func(o types.Origin, message string) { d.defect(o, "%s", message) },
	})
}

// Content is content whose schema a file that [LoadSchema] read has: what a media type declares that stands in
// a document of operations. Its type t is one that the file gave, or a list of it.
func (d *Document) Content(name string, t *types.Type, at types.Origin) *MediaType {
	return &MediaType{Name: name, Type: t, Origin: at, doc: d, schema: t.Origin}
}
