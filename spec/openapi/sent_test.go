package openapi

import (
	"fmt"
	"testing"

	"tenon/spec/types"
)

// What a document declares read-only and sends in its own example is meant, in that request, and as far as the example goes.
func TestSent(t *testing.T) {
	d, err := Load("pager.yaml", []byte(`
openapi: 3.0.3
info: { title: Pager, version: "1" }
paths:
  /incidents:
    post:
      operationId: create
      requestBody:
        content:
          application/json:
            schema: &incident
              type: object
              properties:
                id: { type: string, readOnly: true }
                service: { $ref: "#/components/schemas/ServiceReference" }
                teams: { type: array, items: { $ref: "#/components/schemas/Reference" } }
            examples:
              one: { $ref: "#/components/examples/one" }
              two: { value: { teams: [{ summary: none }, { id: T1 }] } }
      responses: { "201": { description: Made } }
    put:
      operationId: replace
      requestBody: { content: { application/json: { schema: *incident, example: nonsense } } }
      responses: { "200": { description: Made } }
components:
  examples:
    one: { value: { service: { id: P1, type: service_reference }, more: { id: 1 } } }
  schemas:
    Reference:
      allOf:
        - { type: object, properties: { id: { type: string, readOnly: true }, type: { type: string, readOnly: true }, self: { type: string, readOnly: true } } }
        - { required: [id, type] }
    ServiceReference:
      allOf: [{ $ref: "#/components/schemas/Reference" }, { properties: { type: { enum: [service_reference] } } }]
`), Options{})
	if err != nil {
		t.Fatal(err)
	}
	content := func(id string) *MediaType {
		o, err := d.Operation(id)
		if err != nil {
			t.Fatal(err)
		}
		return o.Body.Content[0]
	}
	m := content("create")
	if got := fmt.Sprint(m.Sent); got != "[[service id] [service type] [teams id]]" {
		t.Errorf("sent are %s", got)
	}
	for _, tt := range []struct {
		id   string
		v    any
		want int // violations
	}{
		{"create", map[string]any{"service": map[string]any{"id": "P1", "type": "service_reference"}, "teams": []any{map[string]any{"id": "T"}}}, 0},
		{"create", map[string]any{"id": "I"}, 1},
		{"create", map[string]any{"service": map[string]any{"id": 1, "type": "team_reference", "self": "x"}}, 3},
		{"create", map[string]any{"teams": []any{map[string]any{"type": "x"}}}, 1},
		{"replace", map[string]any{"service": map[string]any{"id": "P1"}}, 1},
	} {
		if got := content(tt.id).Value(types.Request).Check(tt.v); len(got) != tt.want {
			t.Errorf("%s %v: %v, want %d", tt.id, tt.v, got, tt.want)
		}
	}
	examples := m.Examples()
	if len(examples) != 2 {
		t.Fatalf("examples: %v", examples)
	}
	for i, want := range []struct {
		path    []string
		pointer string
	}{
		{[]string{"service", "id"}, "/components/examples/one/value/service/id"},
		{[]string{"teams", "[1]", "id"}, "/paths/~1incidents/post/requestBody/content/application~1json/examples/two/value/teams/1/id"},
	} {
		if o := examples[i].At(want.path); o.Pointer != want.pointer || d.Locate(o).IsZero() {
			t.Errorf("%v stands at %s, %v", want.path, o.Pointer, d.Locate(o))
		}
	}
}

// A parameter whose name ends with brackets may come several times, also where its schema is that of one value.
func TestBrackets(t *testing.T) {
	d, err := Load("pager.yaml", []byte(`
openapi: 3.0.3
info: { title: Pager, version: "1" }
paths:
  /incidents:
    get:
      operationId: list
      parameters:
        - { name: "statuses[]", in: query, schema: { type: string, enum: [open, closed] } }
        - { name: "one[]", in: query, explode: false, schema: { type: string } }
        - { name: "plain", in: query, schema: { type: string } }
        - { name: "listed[]", in: query, schema: { type: array, items: { type: string } } }
      responses: { "200": { description: All } }
`), Options{})
	if err != nil {
		t.Fatal(err)
	}
	o, err := d.Operation("list")
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range [][]int{{0, 0, 1}, {0, 1, 1}, {0, 1, 1}, {1, 0, 0}} {
		p := o.Parameters[i]
		for j, v := range []any{"open", []any{"open", "closed"}, []any{"odd", "open"}} {
			if got := p.Type.Check(v); min(1, len(got)) != want[j] {
				t.Errorf("%s = %v: %v, want %d", p.Name, v, got, want[j])
			}
		}
	}
}
