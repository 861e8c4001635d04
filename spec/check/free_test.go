package check

import (
	"slices"
	"strings"
	"testing"

	"tenon/spec/plan"
)

const freeDocument = `openapi: 3.0.3
info: { title: S, version: "1" }
servers: [{ url: "https://s.example.com" }]
paths:
  /a:
    get:
      operationId: read
      responses:
        "200": { description: a, content: { application/json: { schema: { $ref: "#/components/schemas/A" } } } }
    post:
      operationId: write
      requestBody: { required: true, content: { application/json: { schema: { $ref: "#/components/schemas/B" } } } }
      responses:
        "204": { description: done }
components:
  schemas:
    A:
      type: object
      required: [id, name, kind]
      properties:
        id: { type: integer }
        name: { type: string }
        kind: { type: string, enum: [x, y] }
        far: { type: object, properties: { away: { type: string } } }
    B:
      type: object
      required: [number, kind]
      properties:
        number: { type: integer }
        kind: { type: string, enum: [x, y, z] }
        name: { type: string, maxLength: 10 }
        note: { type: string }
`

// TestProvenMeansFree: what is proven is not checked when it runs, what is not proven is checked alone,
// and of an answer what is read.
func TestProvenMeansFree(t *testing.T) {
	for _, c := range []struct{ name, body, request, answer string }{
		{"all is proven", `{ number = step.read.body.id, kind = step.read.body.kind, note = step.read.body.name }`, "", "id kind name"},
		{"nothing is read", `{ number = 1, kind = "x" }`, "", ""},
		{"one part is not", `{ number = step.read.body.id, kind = "x", name = step.read.body.name }`, "name", "id name"},
	} {
		t.Run(c.name, func(t *testing.T) {
			r, _, diags := build(t, files("-- main.hcl --\n"+`api "s" { spec = "s.yaml" }
integration "i" {
  step "read" { call = s.read }
  step "write" {
    call = s.write
    body = `+c.body+`
  }
}
-- s.yaml --
`+freeDocument))
			p := r.Plans["i"]
			if p == nil {
				show(t, diags)
				t.Fatal("no plan")
			}
			for _, op := range p.Steps.Ops {
				switch op.Name {
				case "read":
					if got := guarded(op.Call.Responses[0].Content[0].Guard); got != c.answer {
						t.Errorf("of the answer %q is checked, want %q", got, c.answer)
					}
				case "write":
					if got := guarded(op.Call.Body.Guard); got != c.request {
						t.Errorf("of the request %q is checked, want %q", got, c.request)
					}
				}
			}
		})
	}
}

// guarded lists the properties that a guard checks.
func guarded(g *plan.Guard) string {
	if g == nil {
		return ""
	}
	var names []string
	for _, o := range g.Type.Shape().Objects {
		for _, p := range o.Properties {
			names = append(names, p.Name)
		}
	}
	slices.Sort(names)
	return strings.Join(names, " ")
}

// TestNeeds: a plan says what must be there for a value, of parameters and of each field, also of a mapping.
func TestNeeds(t *testing.T) {
	r, _, diags := build(t, files("-- main.hcl --\n"+`api "s" { spec = "s.yaml" }
mapping "b" {
  from  = { a = s.schemas.A }
  to    = s.schemas.B
  value = { number = len(a.far.away), kind = a.kind, note = a.far.away, name = coalesce(a.far.away, "") }
}
integration "i" {
  step "read" { call = s.read }
  step "write" {
    call = s.write
    body = { number = step.read.body.id, kind = "x", note = "far ${step.read.body.far.away}" }
  }
  step "map" {
    call = s.write
    body = mapping::b(step.read.body)
  }
}
-- s.yaml --
`+freeDocument))
	if diags.HasErrors() {
		t.Fatal(diags)
	}
	got := map[string][]string{}
	for _, op := range r.Plans["i"].Steps.Ops {
		if op.Call != nil && op.Call.Body != nil {
			for _, f := range op.Call.Body.Fields {
				if len(f.Needs) > 0 {
					got[op.Name] = append(got[op.Name], f.Path[0]+": "+strings.Join(f.Needs, ", "))
				}
			}
			got[op.Name] = append(got[op.Name], strings.Join(op.Call.Body.Value.Needs, ", "))
		}
	}
	for step, want := range map[string][]string{
		"write": {"note: step.read.body.far.away", "step.read.body.far.away"},
		"map":   {"number: a.far.away", ""},
	} {
		if !slices.Equal(got[step], want) {
			t.Errorf("%s needs %q, want %q", step, got[step], want)
		}
	}
}
