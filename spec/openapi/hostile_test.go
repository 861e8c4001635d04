package openapi

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"tenon/spec/types"
)

// Documents made to waste time are read in little of it. The bound is far above what they take, so
// that it holds on a busy machine, and far below what they would take without limits.
func TestHostileDocuments(t *testing.T) {
	many := func(n int, f func(i int) string) string {
		var b strings.Builder
		for i := range n {
			if i > 0 {
				b.WriteByte(',')
			}
			b.WriteString(f(i))
		}
		return b.String()
	}
	filler := many(20_000, func(i int) string { return fmt.Sprintf(`"m%d":{"a":[1,2,3],"b":"text"}`, i) })
	for name, text := range map[string]string{
		"references into a large part": `{"openapi":"3.0.0","x-large":{` + filler + `},"paths":{"/a":{"get":{"parameters":[` +
			many(20_000, func(i int) string { return fmt.Sprintf(`{"$ref":"#/x-large/none%d"}`, i) }) + `]}}}}`,
		"one large parameter again and again": `{"openapi":"3.0.0","components":{"parameters":{"p":{"name":"p","in":"query",` + filler + `}}},"paths":{"/a":{"get":{"parameters":[` +
			many(20_000, func(i int) string { return `{"$ref":"#/components/parameters/p"}` }) + `]}}}}`,
		"one large path again and again": `{"openapi":"3.0.0","x-path":{"get":{},` + filler + `},"paths":{` +
			many(20_000, func(i int) string { return fmt.Sprintf(`"/p%d":{"$ref":"#/x-path"}`, i) }) + `}}`,
		"references in a ring": `{"openapi":"3.0.0","components":{"parameters":{` +
			many(20_000, func(i int) string {
				return fmt.Sprintf(`"p%d":{"$ref":"#/components/parameters/p%d"}`, i, (i+1)%20_000)
			}) + `}},"paths":{"/a":{"get":{"parameters":[` + many(5_000, func(i int) string { return fmt.Sprintf(`{"$ref":"#/components/parameters/p%d"}`, i) }) + `]}}}}`,
		"merge keys": "openapi: 3.0.0\nbig: &big {" + many(2_000, func(i int) string { return fmt.Sprintf("k%d: 1", i) }) + "}\nall: {<<: [" +
			many(50_000, func(int) string { return "*big" }) + "]}\n",
		"many paths":            `{"openapi":"3.0.0","paths":{` + many(600_000, func(i int) string { return `"/":{}` }) + `}}`,
		"many repeated members": `{"openapi":"3.0.0","paths":{"/a":{"get":{"responses":{` + many(200_000, func(i int) string { return `"200":{}` }) + `}}}}}`,
	} {
		file := "a.json"
		if !strings.HasPrefix(text, "{") {
			file = "a.yaml"
		}
		t.Run(name, func(t *testing.T) {
			start := time.Now()
			if d, err := Load(file, []byte(text), Options{}); err == nil {
				for _, n := range d.Operations()[:min(len(d.Operations()), 100)] {
					if op, err := d.Operation(n.Key()); err == nil {
						newWalker(100).look(op, 4)
					}
				}
				for _, x := range d.Defects()[:min(len(d.Defects()), 100)] {
					d.Locate(x.Origin)
				}
			}
			if took := time.Since(start); took > 30*time.Second {
				t.Errorf("took %v", took)
			} else {
				t.Log(took)
			}
		})
	}
}

// Schemas that contain themselves without a property between are types of nothing, not endless.
func TestSchemasThatContainThemselves(t *testing.T) {
	d := loadText(t, "a.yaml", `
openapi: 3.0.0
components:
  schemas:
    Self: {$ref: "#/components/schemas/Self"}
    All: {allOf: [{$ref: "#/components/schemas/All"}, {type: object}]}
    One: {oneOf: [{$ref: "#/components/schemas/Two"}]}
    Two: {anyOf: [{$ref: "#/components/schemas/One"}]}
    Tree: {type: object, properties: {left: {$ref: "#/components/schemas/Tree"}, right: {$ref: "#/components/schemas/Tree"}}}
    List: {type: array, items: {$ref: "#/components/schemas/List"}}
`)
	for _, name := range d.SchemaNames() {
		s, ok := d.Schema(name, types.BothWays)
		if !ok {
			t.Fatalf("%s is not there", name)
		}
		newWalker(1000).walk(s, 20)
		if s.String() == "" {
			t.Errorf("%s has no name", name)
		}
	}
}

// A document that is asked for the same places for as long as an editor runs answers as at first.
func TestResolveForLong(t *testing.T) {
	var b strings.Builder
	b.WriteString(`{"openapi": "3.0.3", "info": {"title": "a", "version": "1"}, "paths": {}, "components": {"schemas": {"Big": {"enum": [`)
	for range 100_000 {
		b.WriteString(`"some member",`)
	}
	b.WriteString(`"last"], "properties": {"a": {"type": "string"}}}}}}`)
	d, err := Load("big.json", []byte(b.String()), Options{})
	if err != nil {
		t.Fatal(err)
	}
	for i := range 500 {
		if _, raw, err := d.Resolve(types.Origin{Document: "big.json"}, "#/components/schemas/Big/properties/a"); err != nil || string(raw) != `{"type": "string"}` {
			t.Fatalf("asked for the %d. time: %s, %v", i+1, raw, err)
		}
	}
}
