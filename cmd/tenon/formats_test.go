package main

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// guideAPIs are the APIs that docs/formats.md speaks of.
const guideAPIs = `
openapi: 3.0.3
info: { title: Guide, version: "1" }
paths:
  /prices:
    get:
      operationId: exportPrices
      responses:
        "200":
          description: ok
          content: { text/csv: { schema: { type: array, items: { type: object, required: [sku, amount], properties: { sku: { type: string, minLength: 1 }, amount: { type: number, minimum: 0, maximum: 1000 } } } } } }
  /scans/{id}:
    get:
      operationId: getScan
      parameters: [{ name: id, in: path, required: true, schema: { type: string } }]
      responses: { "200": { description: ok, content: { application/pdf: { schema: { type: string, format: binary } } } } }
  /prices/{sku}:
    put:
      operationId: putPrice
      parameters: [{ name: sku, in: path, required: true, schema: { type: string, minLength: 1 } }]
      requestBody: { required: true, content: { application/json: { schema: { type: object, required: [cents], properties: { cents: { type: integer } } } } } }
      responses: { "204": { description: ok } }
  /files:
    post:
      operationId: upload
      requestBody:
        required: true
        content:
          multipart/form-data: { schema: { type: object, required: [title, file], properties: { title: { type: string }, file: { type: string, format: binary } } } }
      responses: { "201": { description: ok } }
  /orders:
    post:
      operationId: order
      requestBody: { required: true, content: { application/xml: { schema: { $ref: "#/components/schemas/Order" } } } }
      responses: { "201": { description: ok, content: { application/xml: { schema: { $ref: "#/components/schemas/Order" } } } } }
components:
  schemas:
    Order:
      type: object
      required: [id, lines]
      xml: { name: order, namespace: "urn:shop", prefix: s }
      properties:
        id: { type: integer, xml: { attribute: true } }
        lines:
          type: array
          minItems: 1
          xml: { wrapped: true }
          items: { type: object, required: [sku], xml: { name: line }, properties: { sku: { type: string, xml: { attribute: true } }, note: { type: string } } }
`

const guideHeader = `api "shop" {
  spec   = "guide.yaml"
  server = "https://shop.example.com"
}

api "stock" {
  spec   = "guide.yaml"
  server = "https://stock.example.com"
}

api "archive" {
  spec   = "guide.yaml"
  server = var.archive
}

variable "archive" {
  type    = string
  default = "https://archive.example.com"
}

`

// TestFormatsGuide holds that the examples of docs/formats.md are projects in which lint finds nothing but notes,
// that each runs against the mock, and that the XML shown there is what is sent.
func TestFormatsGuide(t *testing.T) {
	page, err := os.ReadFile(filepath.Join(repository(), "docs", "formats.md"))
	if err != nil {
		t.Fatal(err)
	}
	var shown []string
	fence := regexp.MustCompile("(?ms)^```(hcl|xml)\n(.*?)^```$")
	sent := ""
	for _, m := range fence.FindAllStringSubmatch(string(page), -1) {
		if m[1] == "hcl" {
			shown = append(shown, m[2])
		} else {
			sent = strings.TrimSpace(m[2])
		}
	}
	if len(shown) < 4 || sent == "" {
		t.Fatalf("%d examples, XML %q", len(shown), sent)
	}
	dir := writeProject(t, map[string][]byte{"main.hcl": []byte(guideHeader + strings.Join(shown, "\n")), "guide.yaml": []byte(guideAPIs), "scan.txt": []byte("a scan")})
	var out bytes.Buffer
	if run(t.Context(), testEnv(t, dir, &out, &out, "lint")) != exitDone || !strings.Contains(out.String(), "0 errors, 0 warnings") {
		t.Errorf("lint says:\n%s", out.String())
	}
	for _, m := range regexp.MustCompile(`integration "(\w+)"`).FindAllStringSubmatch(strings.Join(shown, ""), -1) {
		out.Reset()
		args := []string{"run", m[1], "--mock"}
		if m[1] == "send" {
			args = append(args, "--input", "path=scan.txt")
		}
		if run(t.Context(), testEnv(t, dir, &out, &out, args...)) != exitDone {
			t.Errorf("%s fails:\n%s", m[1], out.String())
		}
	}
	got := ""
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		b, _ := io.ReadAll(r.Body)
		got = string(b)
		w.Header().Set("Content-Type", "application/xml")
		w.WriteHeader(201)
		w.Write(b)
	}))
	defer server.Close()
	out.Reset()
	run(t.Context(), testEnv(t, dir, &out, &out, "run", "order", "--var", "archive="+server.URL))
	if got != sent || !strings.Contains(out.String(), `"first": "a"`) {
		t.Errorf("sent\n%s\nshown\n%s\n%s", got, sent, out.String())
	}
}
