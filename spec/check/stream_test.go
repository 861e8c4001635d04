package check

import (
	"strings"
	"testing"

	"tenon/spec/plan"
)

const streamDocument = `
-- files.yaml --
openapi: 3.0.3
info: { title: Files, version: "1" }
servers: [{ url: "https://files.example.com" }]
paths:
  /file:
    get:
      operationId: file
      responses: { "200": { description: ok, content: { application/pdf: { schema: { type: string, format: binary } } } } }
    post:
      operationId: makeFile
      responses: { "200": { description: ok, content: { application/pdf: { schema: { type: string, format: binary } } } } }
  /rows:
    get:
      operationId: rows
      responses: { "200": { description: ok, content: { text/csv: { schema: { type: array, items: { type: object, required: [id], properties: { id: { type: integer } } } } } } } }
  /text:
    get:
      operationId: text
      responses: { "200": { description: ok, content: { text/csv: { schema: { type: string } } } } }
  /raw:
    put:
      operationId: raw
      requestBody: { required: true, content: { application/octet-stream: {} } }
      responses: { "204": { description: ok } }
  /parts:
    put:
      operationId: parts
      requestBody:
        required: true
        content: { multipart/form-data: { schema: { type: object, required: [file], properties: { file: { type: string, format: binary }, files: { type: array, items: { type: string, format: binary } }, title: { type: string } } } } }
      responses: { "204": { description: ok } }
  /json:
    put:
      operationId: json
      requestBody: { required: true, content: { application/json: { schema: { type: object, properties: { file: { type: string, format: binary } } } } } }
      responses: { "204": { description: ok } }
`

// flowing builds an integration of the given steps and gives its plan and what is wrong with it.
func flowing(t *testing.T, steps string) (*plan.Plan, string) {
	t.Helper()
	archive := "-- main.hcl --\napi \"files\" {\n  spec = \"files.yaml\"\n}\n\nintegration \"a\" {\n" + steps + "\n}\n" + strings.TrimPrefix(streamDocument, "\n")
	result, _, diags := build(t, files(archive))
	wrong := ""
	for _, d := range diags {
		if d.Severity.String() == "error" {
			wrong += d.Rule.Name + ": " + d.Message + "\n"
		}
	}
	if wrong != "" {
		return nil, wrong
	}
	return result.Plans["a"], ""
}

// TestWhatStreams holds that answers are read while they are used where that is all that is done with them, and only there.
func TestWhatStreams(t *testing.T) {
	const file = `step "x" { call = files.file }` + "\n"
	const rows = `step "x" { call = files.rows }` + "\n"
	for name, tt := range map[string]struct {
		steps           string
		download, items string // "": not; "stream", "list"
	}{
		"a whole body":            {steps: file + `step "y" {` + "\ncall = files.raw\nbody = step.x.body\n}", download: "stream"},
		"a part":                  {steps: file + `step "y" {` + "\ncall = files.parts\nbody = { file = step.x.body, title = \"t\" }\n}", download: "stream"},
		"in attach, in a list":    {steps: file + `step "y" {` + "\ncall = files.parts\nbody = { file = attach(step.x.body, \"a\"), files = [step.x.body, step.x.body] }\n}", download: "stream"},
		"on a condition":          {steps: file + `step "y" {` + "\ncall = files.raw\nbody = step.x.status == 200 ? step.x.body : \"none\"\n}", download: "stream"},
		"through a value":         {steps: file + `step "v" { value = attach(step.x.body, "a") }` + "\n" + `step "y" {` + "\ncall = files.raw\nbody = step.v.value\n}", download: "stream"},
		"skipped where not found": {steps: `step "x" {` + "\ncall = files.file\ncatch \"404\" { skip = true }\n}\n" + `step "y" {` + "\ncall = files.raw\nwhen = !step.x.skipped\nbody = must(step.x.body, \"there\")\n}", download: "stream"},
		"hashed, too":             {steps: file + `step "y" {` + "\ncall = files.raw\nbody = step.x.body\n}\noutput \"sum\" { value = sha256(step.x.body) }"},
		"an output, too":          {steps: file + `step "y" {` + "\ncall = files.raw\nbody = step.x.body\n}\noutput \"all\" { value = step.x.body }"},
		"checked":                 {steps: `step "x" {` + "\ncall = files.file\ncheck \"full\" { assert = response.body != null }\n}\n" + `step "y" {` + "\ncall = files.raw\nbody = step.x.body\n}"},
		"replaced":                {steps: `step "x" {` + "\ncall = files.file\ncatch \"404\" { body = hex_decode(\"00\") }\n}\n" + `step "y" {` + "\ncall = files.raw\nbody = step.x.body\n}"},
		"made by a write":         {steps: `step "x" { call = files.makeFile }` + "\n" + `step "y" {` + "\ncall = files.raw\nbody = step.x.body\n}"},
		"polled":                  {steps: `step "x" {` + "\ncall = files.file\nrepeat {\nuntil = response.status == 200\nevery = \"1s\"\n}\n}\n" + `step "y" {` + "\ncall = files.raw\nbody = step.x.body\n}"},
		"rows":                    {steps: rows + `for_each "r" {` + "\nin = step.x.items\naggregate \"s\" { sum = r.id }\n}", items: "stream"},
		"rows of text":            {steps: `step "x" { call = files.text }` + "\n" + `for_each "r" {` + "\nin = step.x.items\naggregate \"s\" { list = lookup(r, \"id\", \"\") }\n}", items: "stream"},
		"rows, collected":         {steps: rows + "output \"n\" { value = len(collect(step.x.items)) }", items: "list"},
		"rows, collected to loop": {steps: rows + `for_each "r" {` + "\nin = collect(step.x.items)\naggregate \"s\" { sum = r.id }\n}", items: "list"},
		"rows and the body":       {steps: rows + `for_each "r" {` + "\nin = step.x.items\naggregate \"s\" { sum = r.id }\n}\noutput \"n\" { value = len(step.x.body) }", items: "list"},
		"only the body":           {steps: rows + "output \"n\" { value = len(step.x.body) }"},
	} {
		t.Run(name, func(t *testing.T) {
			p, wrong := flowing(t, tt.steps)
			if wrong != "" {
				t.Fatal(wrong)
			}
			c := p.Steps.Ops[0].Call
			items := ""
			if c.Items != nil {
				if items = "list"; c.Items.Stream {
					items = "stream"
				}
			}
			if c.Download != (tt.download != "") || items != tt.items {
				t.Errorf("download: %t, items: %q", c.Download, items)
			}
		})
	}
}

// TestFilesOutOfPlace holds that files stand only where they are sent.
func TestFilesOutOfPlace(t *testing.T) {
	for says, steps := range map[string]string{
		"type-mismatch: open(\"a\") is a file, but a string (binary) is expected": `step "y" {` + "\ncall = files.json\nbody = { file = open(\"a\") }\n}",
		"argument-type: open(\"a\") is a file":                                    "output \"x\" { value = sha256(open(\"a\")) }",
		"An output cannot be a file":                                              "output \"x\" { value = attach(\"a\", \"b\") }",
		"stream-not-collected":                                                    `step "x" { call = files.rows }` + "\noutput \"x\" { value = step.x.items }",
		"only once, and collect(step.x.items) elsewhere reads them":               `step "x" { call = files.rows }` + "\n" + `for_each "r" {` + "\nin = step.x.items\naggregate \"s\" { sum = r.id }\n}\noutput \"n\" { value = len(collect(step.x.items)) }",
	} {
		if _, wrong := flowing(t, steps); !strings.Contains(wrong, says) {
			t.Errorf("%s:\n%s", says, wrong)
		}
	}
}
