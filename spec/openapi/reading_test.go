package openapi

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf16"

	"tenon/spec/types"
)

const tiny = `{"openapi":"3.0.3","info":{"title":"Tiny"},"paths":{"/a":{"get":{"operationId":"a","responses":{"200":{"description":"A"}}}}}}`

func TestEncodings(t *testing.T) {
	wide := func(text string, big, mark bool) string {
		var b []byte
		units := utf16.Encode([]rune(text))
		if mark {
			units = append([]uint16{0xFEFF}, units...)
		}
		for _, u := range units {
			if big {
				b = append(b, byte(u>>8), byte(u))
			} else {
				b = append(b, byte(u), byte(u>>8))
			}
		}
		return string(b)
	}
	asYAML := "openapi: 3.0.3\ninfo: {title: Tiny}\npaths:\n  /a:\n    get: {operationId: a, responses: {200: {description: A}}}\n"
	for name, text := range map[string]string{
		"plain":              tiny,
		"byte order mark":    "\xef\xbb\xbf" + tiny,
		"spaces":             " \r\n\t" + tiny + "\n\n",
		"UTF-16 BE":          wide(tiny, true, true),
		"UTF-16 LE":          wide(tiny, false, true),
		"UTF-16 LE unmarked": wide(tiny, false, false),
		"YAML":               asYAML,
		"YAML, marked":       "\xef\xbb\xbf" + asYAML,
		"YAML in UTF-16":     wide(asYAML, false, true),
		"YAML, two files":    asYAML + "---\nmore: 1\n",
		"braces in YAML":     "{openapi: 3.0.3, info: {title: Tiny}, paths: {/a: {get: {operationId: a, responses: {200: {description: A}}}}}}",
	} {
		t.Run(name, func(t *testing.T) {
			d := loadText(t, "tiny.yaml", text)
			op, err := d.Operation("a")
			if err != nil {
				t.Fatal(err)
			}
			if d.Title != "Tiny" || len(op.Responses) != 1 || op.Responses[0].Status != "200" {
				t.Errorf("got %q, %s", d.Title, outline(op))
			}
			if got := d.Source().Text(d.Locate(op.Origin)); strings.Trim(got, `"`) != "get" {
				t.Errorf("the operation is located at %q, want get", got)
			}
		})
	}
}

func TestUnreadable(t *testing.T) {
	deep := strings.Repeat(`{"a":`, 600) + "1" + strings.Repeat("}", 600)
	for _, test := range []struct{ name, text, want string }{
		{"a.json", "", "is empty"},
		{"a.json", " \n ", "is empty"},
		{"a.json", "<!DOCTYPE html><html>", "is an HTML page"},
		{"a.json", "<?xml version='1.0'?><api/>", "is XML or HTML"},
		{"a.json", `[{"openapi": "3.0.0"}]`, "is a JSON list"},
		{"a.yaml", "- openapi: 3.0.0", "which is one mapping at its top"},
		{"a.json", `"openapi"`, "which is one mapping at its top"},
		{"a.json", `{"info":{"_postman_id":"1"},"item":[]}`, "is a Postman collection"},
		{"a.json", `{"asyncapi":"2.6.0"}`, "is an AsyncAPI document"},
		{"a.json", `{"arazzo":"1.0.0"}`, "is an Arazzo document"},
		{"a.json", `{"overlay":"1.0.0"}`, "is an OpenAPI Overlay"},
		{"a.json", `{"$schema":"https://json-schema.org/draft/2020-12/schema"}`, "is a JSON Schema"},
		{"a.json", `{"swaggerVersion":"1.2"}`, "Swagger 1.x"},
		{"a.json", `{"paths":{}}`, "its version is unknown"},
		{"a.json", `{}`, `has neither "openapi" nor "swagger"`},
		{"a.json", `{"openapi":"4.0.0"}`, `is of version "4.0.0"`},
		{"a.json", `{"openapi":{}}`, `is of version ""`},
		{"a.json", tiny[:70], "does not end"},
		{"a.json", tiny[:len(tiny)-1], "does not end"},
		{"a.json", tiny + "}", "more text behind the end"},
		{"a.json", `{"openapi":"3.0.3" "paths":{}}`, "a comma or the object's end should be"},
		{"a.json", `{"openapi":"3.0.3`, "does not end"},
		{"a.json", `{"openapi":tru}`, `"tru" is no JSON value`},
		{"a.json", `{'openapi':'3.0.3'}`, "a quoted member name should be"},
		{"a.json", `{"x":` + deep + `}`, "nested deeper than 512"},
		{"a.yaml", "openapi: 3.0.0\n\tpaths: {}", "is no valid YAML"},
		{"a.yaml", "openapi: 3.0.0\npaths: *none", "unknown anchor"},
		{"a.yaml", "openapi: 3.0.0\npaths: {{ paths }}", "the name of a member must be text"},
		{"a.yaml", "a: &a [" + strings.Repeat("[", 600) + strings.Repeat("]", 600) + "]", "nested deeper than 512"},
		{"a.yaml", "a: &a {b: *a}", "contains itself"},
		{"a.yaml", strings.Repeat("- ", maxYAMLValues+1), "too much memory"},
		{"a.yaml", "\x00\x01\x02\x03", "is a binary file"},
	} {
		_, err := Load(test.name, []byte(test.text), Options{})
		var le *LoadError
		if !errors.As(err, &le) || !strings.Contains(le.Message, test.want) {
			t.Errorf("%.60q: got %v, want a LoadError with %q", test.text, err, test.want)
			continue
		}
		if le.Range.File != test.name || le.Range.Start < 0 || le.Range.Start > len(test.text) {
			t.Errorf("%.60q: the range %+v is not in the file", test.text, le.Range)
		}
	}
	if _, err := Load("a.json", make([]byte, maxSize+1), Options{}); err == nil || !strings.Contains(err.Error(), "at most 64 MB") {
		t.Errorf("a file too large: got %v", err)
	}
}

func TestAliasesAreBounded(t *testing.T) {
	var b strings.Builder
	b.WriteString("openapi: 3.0.0\na0: &a0 [lol, lol, lol, lol, lol, lol, lol, lol, lol]\n")
	for i := 1; i < 12; i++ {
		fmt.Fprintf(&b, "a%d: &a%d [%s]\n", i, i, strings.TrimSuffix(strings.Repeat(fmt.Sprintf("*a%d, ", i-1), 9), ", "))
	}
	if _, err := Load("laughs.yaml", []byte(b.String()), Options{}); err == nil || !strings.Contains(err.Error(), "aliases expand to more than") {
		t.Errorf("got %v", err)
	}
}

// What YAML writes in its own way arrives as JSON means it.
func TestYAMLValues(t *testing.T) {
	got, f := fromYAML([]byte(`
base: &base {a: 1, b: 2}
merged: {<<: *base, b: 3}
both: {<<: [{c: 4}, *base]}
alias: *base
200: number as name
number: 1.10
big: 123456789012345678901234567890
hex: 0x1F
under: 1_000
inf: .inf
yes: yes
off: off
"true": true
none: ~
empty:
date: 2024-01-02
version: "1.0"
text: |
  two
  lines
folded: >-
  one
  line
tab: "a\tb \u263A"
`))
	if f != nil {
		t.Fatal(f)
	}
	want := `{"base":{"a":1,"b":2},"merged":{"b":3,"a":1},"both":{"c":4,"a":1,"b":2},"alias":{"a":1,"b":2},"200":"number as name",` +
		`"number":1.10,"big":123456789012345678901234567890,"hex":31,"under":1000,"inf":".inf","yes":"yes","off":"off","true":true,` +
		`"none":null,"empty":null,"date":"2024-01-02","version":"1.0","text":"two\nlines\n","folded":"one line","tab":"a\tb ☺"}`
	var compact bytes.Buffer
	if err := json.Compact(&compact, got); err != nil {
		t.Fatal(err)
	}
	if compact.String() != want {
		t.Errorf("got\n%s\nwant\n%s", &compact, want)
	}
}

func TestLocate(t *testing.T) {
	d := load(t, "shop-30.yaml")
	j := load(t, "shop-20.json")
	m := load(t, "multi/openapi.yaml")
	if _, err := m.Operation("getOrder"); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		d                       *Document
		document, pointer, want string
	}{
		{d, "shop-30.yaml", "/paths/~1orders/get", "shop-30.yaml:23:5 [get]"},
		{d, "shop-30.yaml", "/paths/~1orders/parameters/1", "shop-30.yaml:22:9 [$]"},
		{d, "shop-30.yaml", "/paths/~1orders/get/parameters/0/schema/maximum", "shop-30.yaml:27:67 [maximum]"},
		{d, "shop-30.yaml", "/paths/~1orders/get/responses/200", "shop-30.yaml:48:9 [200]"},
		{d, "shop-30.yaml", "/components/schemas/Order/required/1", "shop-30.yaml:126:22 [total]"},
		{d, "shop-30.yaml", "/components/schemas/Order/properties/nothing", "shop-30.yaml:127:7 [properties]"},
		{d, "shop-30.yaml", "", "shop-30.yaml:1:1 [o]"},
		{d, "shop-30.yaml", "/nothing/here", "shop-30.yaml:1:1 [o]"},
		{j, "shop-20.json", "/paths/~1orders/get/parameters/5/maximum", `shop-20.json:22:100 ["maximum"]`},
		{j, "shop-20.json", "/paths/~1orders/get/parameters/5", "shop-20.json:22:11 [{]"},
		{j, "shop-20.json", "/security/1", "shop-20.json:9:29 [{]"},
		{m, "multi/paths/order-get.yaml", "/responses/200", `multi/paths/order-get.yaml:3:4 [200]`},
		{m, "multi/unknown.yaml", "", "nowhere"},
	} {
		got := placed(test.d, test.d.Locate(types.Origin{Document: test.document, Pointer: test.pointer}))
		if got != test.want {
			t.Errorf("%s %s: got %s, want %s", test.document, test.pointer, got, test.want)
		}
	}
}

// Every member of a YAML document is found on its own line.
func TestLocateAllOfYAML(t *testing.T) {
	d := load(t, "shop-30.yaml")
	lines := strings.Split(string(d.main.src), "\n")
	var walk func(n found)
	count := 0
	walk = func(n found) {
		if n.keyEnd > 0 {
			name := keyText(d.main.json[n.key:n.keyEnd])
			r := d.Locate(n.origin())
			p := d.Source().Position(r.Start)
			if got := d.Source().Text(r); got != name || !strings.Contains(lines[p.Line-1], name) {
				t.Errorf("%s: located %q at line %d: %s", n.ptr, got, p.Line, lines[p.Line-1])
			}
			count++
		}
		switch n.lead() {
		case '{':
			for _, m := range n.object().list {
				c, _ := n.child(escape(m.name))
				walk(c)
			}
		case '[':
			for i := range n.elements() {
				c, _ := n.child(fmt.Sprint(i))
				walk(c)
			}
		}
	}
	root, _ := d.main.find("")
	walk(root)
	if count < 200 {
		t.Errorf("only %d members were tried", count)
	}
}

func TestReferences(t *testing.T) {
	d := load(t, "shop-31.yaml")
	m := load(t, "multi/openapi.yaml")
	loop := loadText(t, "loop.yaml", "openapi: 3.0.0\na: {$ref: '#/a/x'}")
	for _, test := range []struct {
		d               *Document
		from, ref, want string
	}{
		{d, "shop-31.yaml", "#/components/schemas/Order", "shop-31.yaml#/components/schemas/Order"},
		{d, "shop-31.yaml", "#order", "shop-31.yaml#/components/schemas/Order"},
		{d, "shop-31.yaml", "shop-31.yaml#order", "shop-31.yaml#/components/schemas/Order"},
		{d, "shop-31.yaml", "#/paths/%7E1orders/get", "shop-31.yaml#/paths/~1orders/get"},
		{d, "shop-31.yaml", "#", "shop-31.yaml#"},
		{d, "shop-31.yaml", "https://shop.example.com/schemas/problem", "shop-31.yaml#/components/schemas/Problem"},
		{d, "shop-31.yaml", "#/components/schemas/Oder", `there is no such place; did you mean "Order"?`},
		{d, "shop-31.yaml", "#/paths/~1orders/post/requestBody/content/application~1json/schema/properties/id", "shop-31.yaml#/components/schemas/Order/properties/id"},
		{loop, "loop.yaml", "#/a/x", "there is no such place"},
		{d, "shop-31.yaml", "#nowhere", `no such anchor exists`},
		{d, "shop-31.yaml", "#/servers/7", `there is no such place`},
		{d, "shop-31.yaml", "#/servers/-1", `there is no such place`},
		{d, "shop-31.yaml", "http://169.254.169.254/latest", `only files of the project are read; download it and refer to the file`},
		{d, "shop-31.yaml", "//host/x.yaml", `only files of the project are read; download it and refer to the file`},
		{d, "shop-31.yaml", "file:///etc/passwd", `only files of the project are read; download it and refer to the file`},
		{d, "shop-31.yaml", "/etc/passwd", `a file is referred to by its path from this one, with forward slashes`},
		{d, "shop-31.yaml", "../etc/passwd", `it lies outside the project`},
		{d, "shop-31.yaml", "%2e%2e/etc/passwd", `it lies outside the project`},
		{d, "shop-31.yaml", `..\x`, `a file is referred to by its path from this one, with forward slashes`},
		{m, "multi/paths/orders.yaml", "../schemas/order.yaml#/definitions/Line", "multi/schemas/order.yaml#/definitions/Line"},
		{m, "multi/schemas/order.yaml", "../../../x.yaml", `it lies outside the project`},
	} {
		at, _, err := test.d.Resolve(types.Origin{Document: test.from}, test.ref)
		got := at.Document + "#" + at.Pointer
		if err != nil {
			got = err.Error()
		}
		if got != test.want {
			t.Errorf("%s: got %s, want %s", test.ref, got, test.want)
		}
	}
}

type memory map[string][]byte

func (m memory) Get(key string) ([]byte, bool) { data, ok := m[key]; return data, ok }
func (m memory) Put(key string, data []byte)   { m[key] = append([]byte(nil), data...) }

// A document from a cache is the document, and a cache that was damaged does no harm.
func TestCache(t *testing.T) {
	padding := strings.Repeat("# padding\n", minCachedYAML/10+1)
	big := strings.Replace(tiny, `"info":{`, `"info":{"description":"`+strings.Repeat("padding ", minCachedJSON/8+1)+`",`, 1)
	shop, err := os.ReadFile(filepath.Join("testdata", "shop-30.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	for name, src := range map[string]string{"shop.yaml": string(shop) + padding, "big.json": big} {
		cache := memory{}
		all := func(d *Document) string {
			var b strings.Builder
			for _, n := range d.Operations() {
				op, err := d.Operation(n.Key())
				if err != nil {
					t.Fatal(err)
				}
				b.WriteString(outline(op) + placed(d, d.Locate(op.Origin)) + "\n")
			}
			return b.String()
		}
		load := func() string {
			d, err := Load(name, []byte(src), Options{Cache: cache})
			if err != nil {
				t.Fatal(err)
			}
			return all(d)
		}
		want := load()
		if len(cache) != 1 {
			t.Fatalf("%s: %d cache entries, want 1", name, len(cache))
		}
		var key string
		for key = range cache {
		}
		whole := cache[key]
		if p, ok := unseal(whole, []byte(src)); !ok || len(p.top) == 0 {
			t.Fatalf("%s: the entry cannot be read", name)
		}
		if got := load(); got != want {
			t.Errorf("%s, cached: got\n%s\nwant\n%s", name, got, want)
		}
		for _, damage := range []func([]byte) []byte{
			func(b []byte) []byte { return nil },
			func(b []byte) []byte { return b[:len(b)/2] },
			func(b []byte) []byte { return b[:len(b)-1] },
			func(b []byte) []byte { b[len(b)-1] ^= 1; return b },
			func(b []byte) []byte { b[len(b)/2] ^= 0x20; return b },
			func(b []byte) []byte { b[len(cacheHeader)-2]++; return b },
			func(b []byte) []byte { return append(b, 0) },
		} {
			cache[key] = damage(append([]byte(nil), whole...))
			if got := load(); got != want {
				t.Errorf("%s, damaged cache: got\n%s\nwant\n%s", name, got, want)
			}
			if string(cache[key]) != string(whole) {
				t.Errorf("%s: the damaged entry was not replaced", name)
			}
		}
	}
}
