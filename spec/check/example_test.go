package check

import (
	"strings"
	"testing"

	"tenon/spec/diag"
)

const pagerDocument = `
-- pager.yaml --
openapi: 3.0.3
info: { title: Pager, version: "1" }
servers: [{ url: "https://pager.example.com" }]
security: []
paths:
  /incidents:
    post:
      operationId: create
      requestBody:
        content:
          application/json:
            schema:
              type: object
              properties:
                id: { type: string, readOnly: true }
                service: { type: object, properties: { id: { type: string, readOnly: true } } }
                details: { type: object }
                urgency: { enum: [high, low] }
                tags: { type: array, items: { type: object, additionalProperties: false, properties: { name: { type: string } } } }
            example: { service: { id: P1 }, details: A disk is getting full., tags: [{ name: a }, { label: b }], urgency: high }
      responses: { "201": { description: Made } }
`

func TestDocumentsThatContradictThemselves(t *testing.T) {
	for _, tt := range []struct{ body, want, points string }{
		{`service = { id = "P2" }`, `note: read-only-property: id is declared read-only, but the document's own example`, ""},
		{`id = "I1"`, "error: read-only-property: id of", ""},
		{`details = "It burns."`, "error: type-mismatch: details in", "details"},
		{`tags = [{ name = "x" }, { label = "y" }]`, "error: unknown-property:", "label"},
		{`urgency = "hihg"`, "error: enum-value:", ""},
		{`urgency = 7`, "error: type-mismatch:", ""},
		{`tags = 1`, "error: type-mismatch:", ""},
	} {
		project := "-- main.hcl --\n" + `api "pager" {
  spec       = "pager.yaml"
  on_unknown = "stop"
}
integration "alarm" {
  step "it" {
    call = pager.create
    body = { ` + tt.body + ` }
  }
}
` + strings.TrimPrefix(pagerDocument, "\n")
		var found diag.List
		for _, d := range lint(t, project) {
			if d.Rule.Name != "spec-unlocked" && d.Rule.Name != "format" {
				found = append(found, d)
			}
		}
		if len(found) != 1 {
			t.Errorf("%s: %v", tt.body, found)
			continue
		}
		d := found[0]
		if got := d.Severity.String() + ": " + d.Rule.Name + ": " + d.Message; !strings.HasPrefix(got, tt.want) {
			t.Errorf("%s: %s, want %s", tt.body, got, tt.want)
		}
		points := ""
		for _, r := range d.Related {
			if strings.Contains(r.Message, "own example") {
				points = string(files(project)[r.Range.File].Data[r.Range.Start:r.Range.End])
			}
		}
		if (points == "") != (tt.points == "") || !strings.Contains(points, tt.points) {
			t.Errorf("%s: points at %q, want %q", tt.body, points, tt.points)
		}
	}
}
