package mockapi

import (
	"encoding/csv"
	"encoding/xml"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"

	"tenon/spec/openapi"
)

const formats = `
openapi: 3.0.3
info: { title: Formats, version: "1" }
paths:
  /order:
    post:
      operationId: order
      requestBody: { required: true, content: { application/xml: { schema: { $ref: "#/components/schemas/Order" } } } }
      responses: { "200": { description: ok, content: { application/xml: { schema: { $ref: "#/components/schemas/Order" } } } } }
  /file:
    post:
      operationId: file
      requestBody:
        required: true
        content: { multipart/form-data: { schema: { type: object, required: [file, count], additionalProperties: false, properties: { file: { type: string, format: binary }, count: { type: integer } } } } }
      responses: { "200": { description: ok, content: { text/csv: { schema: { type: array, minItems: 2, items: { type: object, required: [id, note], properties: { note: { type: string }, id: { type: integer } } } } } } } }
  /rows:
    post:
      operationId: rows
      requestBody: { required: true, content: { text/csv: { schema: { type: array, items: { type: object, required: [id], properties: { id: { type: integer } } } } } } }
      responses: { "200": { description: ok, content: { text/event-stream: { schema: { type: object, required: [n], properties: { n: { type: integer } } } } } } }
components:
  schemas:
    Order:
      type: object
      required: [id, lines]
      xml: { name: order }
      properties:
        id: { type: integer, xml: { attribute: true } }
        lines: { type: array, minItems: 1, items: { type: string, xml: { name: line } } }
`

// TestFormats sends bodies that the document allows and bodies that it does not, and reads the answers with the
// standard library.
func TestFormats(t *testing.T) {
	d, err := openapi.Load("formats.yaml", []byte(formats), openapi.Options{})
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(New(d, Options{Seed: 1}))
	defer server.Close()
	part := func(name, more, content string) string {
		return "--b\r\nContent-Disposition: form-data; name=\"" + name + "\"" + more + "\r\n\r\n" + content + "\r\n"
	}
	file := part("file", `; filename="a"`+"\r\nContent-Type: image/png", "\x00\xff")
	for _, tt := range []struct{ path, contentType, body, refused string }{
		{"/order", "application/xml", `<order id="7"><line>a</line></order>`, ""},
		{"/order", "text/xml; charset=iso-8859-1", "<order id=\"7\"><line>\xe9</line><line/></order>", ""},
		{"/order", "application/xml", `<order id="x"><line>a</line></order>`, "an integer is expected"},
		{"/order", "application/xml", `<order id="7"/>`, "lines"},
		{"/order", "application/xml", `<other/>`, "the root element is <other> where <order> was promised"},
		{"/order", "application/xml", `<order id="7"><line>`, "not XML"},
		{"/order", "application/json", `{}`, "takes application/xml"},
		{"/file", "multipart/form-data; boundary=b", file + part("count", "", "3") + "--b--\r\n", ""},
		{"/file", "multipart/form-data; boundary=b", file + part("count", "", "three") + "--b--\r\n", "an integer is expected"},
		{"/file", "multipart/form-data; boundary=b", file + "--b--\r\n", "count"},
		{"/file", "multipart/form-data; boundary=b", file + part("count", "", "3") + part("more", "", "x") + "--b--\r\n", "more"},
		{"/file", "multipart/form-data; boundary=b", file, "ends before its last boundary"},
		{"/rows", "text/csv", "id\n1\n2\n", ""},
		{"/rows", "text/csv", "id\none\n", "an integer is expected"},
		{"/rows", "text/csv", "name\nx\n", "id"},
	} {
		res, err := http.Post(server.URL+tt.path, tt.contentType, strings.NewReader(tt.body))
		if err != nil {
			t.Fatal(err)
		}
		body, _ := io.ReadAll(res.Body)
		res.Body.Close()
		switch {
		case tt.refused == "" && res.StatusCode != 200, tt.refused != "" && (res.StatusCode < 400 || !strings.Contains(string(body), strings.ReplaceAll(strings.ReplaceAll(tt.refused, "<", `\u003c`), ">", `\u003e`))):
			t.Errorf("%s of %q: %d %s", tt.path, tt.body, res.StatusCode, body)
		case tt.refused == "":
			if err := readable(tt.path, string(body)); err != nil {
				t.Errorf("%s answered %q: %v", tt.path, body, err)
			}
		}
	}
}

// readable holds what the mock answers against the standard library.
func readable(path, body string) error {
	switch path {
	case "/order":
		var o struct {
			XMLName xml.Name `xml:"order"`
			ID      *int     `xml:"id,attr"`
			Lines   []string `xml:"line"`
		}
		if err := xml.Unmarshal([]byte(body), &o); err != nil || o.ID == nil || len(o.Lines) == 0 {
			return fmt.Errorf("%+v, %v", o, err)
		}
	case "/file":
		rows, err := csv.NewReader(strings.NewReader(body)).ReadAll()
		if err != nil || len(rows) < 3 || strings.Join(rows[0], " ") != "note id" {
			return fmt.Errorf("%q, %v", rows, err)
		}
		if _, err := strconv.Atoi(rows[1][1]); err != nil {
			return err
		}
	case "/rows":
		for event := range strings.SplitSeq(strings.TrimSuffix(body, "\n\n"), "\n\n") {
			if !strings.Contains(event, `data: {"n":`) {
				return fmt.Errorf("no data in %q", event)
			}
		}
	}
	return nil
}
