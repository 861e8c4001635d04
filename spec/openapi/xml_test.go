package openapi

import (
	"encoding/json"
	"strings"
	"testing"

	"tenon/spec/types"
)

const xml30 = `
openapi: 3.0.3
info: { title: XML, version: "1" }
paths:
  /pets:
    post:
      operationId: add
      requestBody: { content: { application/xml: { schema: { $ref: "#/components/schemas/Pet" } } } }
      responses:
        "200": { description: ok, content: { application/xml: { schema: { type: array, xml: { name: pets }, items: { $ref: "#/components/schemas/Pet" } } } } }
components:
  schemas:
    Pet:
      type: object
      xml: { name: pet, namespace: "urn:pets", prefix: p }
      properties:
        name: { type: string }
        id: { type: integer, xml: { attribute: true } }
        tags: { type: array, xml: { wrapped: true, name: labels }, items: { type: string, xml: { name: label } } }
        kind: { allOf: [{ $ref: "#/components/schemas/Kind" }] }
        mother: { $ref: "#/components/schemas/Pet" }
    Kind:
      type: object
      xml: { name: sort }
      properties: { title: { type: string } }
`

const xml32 = `
openapi: 3.2.0
info: { title: XML, version: "1" }
paths:
  /pets:
    post:
      operationId: add
      requestBody:
        content:
          application/xml:
            schema:
              type: object
              properties:
                id: { type: integer, xml: { nodeType: attribute } }
                text: { type: string, xml: { nodeType: cdata } }
                tags: { type: array, xml: { nodeType: element }, items: { type: string } }
      responses:
        "200": { description: ok, content: { application/jsonl: { itemSchema: { type: object, properties: { a: { type: integer } } } } } }
`

const xml20 = `
swagger: "2.0"
info: { title: XML, version: "1" }
consumes: [application/xml]
produces: [application/xml]
paths:
  /pets:
    post:
      operationId: add
      parameters: [{ name: body, in: body, schema: { $ref: "#/definitions/Pet" } }]
      responses: { "200": { description: ok, schema: { $ref: "#/definitions/Pet" } } }
definitions:
  Pet:
    type: object
    properties:
      id: { type: integer, xml: { attribute: true, name: ID } }
`

// TestXMLNames holds what is read of xml objects in each version, as a plan keeps it.
func TestXMLNames(t *testing.T) {
	const pet = `"/components/schemas/Pet":{"properties":[{"property":"name"},{"property":"id","attribute":true},` +
		`{"property":"tags","type":"/components/schemas/Pet/properties/tags","name":"labels","wrapped":true},` +
		`{"property":"kind","type":"/components/schemas/Pet/properties/kind","name":"sort"},` +
		`{"property":"mother","type":"/components/schemas/Pet","name":"pet","namespace":"urn:pets","prefix":"p"}]},` +
		`"/components/schemas/Pet/properties/kind":{"properties":[{"property":"title"}]},"/components/schemas/Pet/properties/tags":{"items":{"name":"label"}}`
	const body = "/paths/~1pets/post/requestBody/content/application~1xml/schema"
	const answer = "/paths/~1pets/post/responses/200/content/application~1xml/schema"
	for _, tt := range []struct {
		name, document string
		answer         bool
		want           string
	}{
		{"3.0", xml30, false, `{"root":{"type":"/components/schemas/Pet","name":"pet","namespace":"urn:pets","prefix":"p"},"types":{` + pet + `}}`},
		{"a list", xml30, true, `{"root":{"type":"` + answer + `","name":"pets"},"types":{` + pet + `,"` + answer + `":{"items":{"type":"/components/schemas/Pet","name":"pet","namespace":"urn:pets","prefix":"p"}}}}`},
		{"3.2", xml32, false, `{"root":{"type":"` + body + `"},"types":{"` + body + `":{"properties":[{"property":"id","attribute":true},{"property":"text","text":true},` +
			`{"property":"tags","type":"` + body + `/properties/tags","wrapped":true}]},"` + body + `/properties/tags":{"items":{}}}}`},
		{"2.0", xml20, false, `{"root":{"type":"/definitions/Pet"},"inferred":"Pet","types":{"/definitions/Pet":{"properties":[{"property":"id","name":"ID","attribute":true}]}}}`},
		{"2.0, answer", xml20, true, `{"root":{"type":"/definitions/Pet"},"inferred":"Pet","types":{"/definitions/Pet":{"properties":[{"property":"id","name":"ID","attribute":true}]}}}`},
	} {
		op := addOperation(t, tt.document)
		content := op.Body.Content
		if tt.answer {
			content = op.Responses[0].Content
		}
		got, err := json.Marshal(content[0].XML())
		if err != nil || string(got) != tt.want {
			t.Errorf("%s:\ngot  %s\nwant %s\n%v", tt.name, got, tt.want, err)
		}
	}
}

func addOperation(t *testing.T, document string) *Operation {
	t.Helper()
	d, err := Load("api.yaml", []byte(document), Options{})
	if err != nil {
		t.Fatal(err)
	}
	op, err := d.Operation("add")
	if err != nil {
		t.Fatal(err)
	}
	return op
}

func TestItemSchema(t *testing.T) {
	m := addOperation(t, xml32).Responses[0].Content[0]
	if item := m.Item(); item == nil || !item.Field("a").Type.May(types.Integer) || !m.Value(types.Response).Is(types.Array) {
		t.Errorf("items are %s of %s", m.Item(), m.Value(types.Response))
	}
	if got := m.Columns(); len(got) != 1 || got[0] != "a" {
		t.Errorf("columns are %q", got)
	}
}

func TestFilesOfMultipart(t *testing.T) {
	op := addOperation(t, `
openapi: 3.1.0
info: { title: Files, version: "1" }
paths:
  /files:
    post:
      operationId: add
      requestBody:
        content:
          multipart/form-data:
            schema:
              type: object
              properties:
                a: { type: string, format: binary }
                b: { type: string, contentMediaType: image/png }
                c: { type: array, items: { type: string, contentMediaType: application/octet-stream } }
                d: { type: string }
                e: { type: string, contentMediaType: image/png, contentEncoding: base64 }
                f: { type: string }
                g: {}
                h: { type: array, items: { type: string } }
            encoding: { d: { contentType: "image/png, image/*" } }
      responses: { "204": { description: ok } }
`)
	m := op.Body.Content[0]
	if got := strings.Join(m.Files(), " "); got != "a b c d" {
		t.Errorf("files are %s", got)
	}
	value := m.Value(types.Request)
	for name, want := range map[string]bool{"a": true, "b": true, "d": true, "e": false, "f": false, "g": true} {
		if got := value.Field(name).Type.May(types.File); got != want {
			t.Errorf("%s may be a file: %t", name, got)
		}
	}
	if !value.Field("c").Type.Elem().May(types.File) || value.Field("h").Type.Elem().May(types.File) {
		t.Errorf("lists are %s and %s", value.Field("c").Type, value.Field("h").Type)
	}
}
