package openapi

import (
	"testing"

	"tenon/spec/types"
)

func TestOneSided(t *testing.T) {
	for json, want := range map[string]bool{
		`{}`: false,
		`{"a": {"$ref": "#/components/schemas/b"}, "b": {"$ref":"#/c"}}`:        false,
		`{"a": {"type": "string", "writeOnly": true}}`:                          true,
		`{"description": "The Only one. Some are writeOnly, and cost $5."}`:     true,
		`{"description": "The Only one, readOnly, and costs $5 at $referrers"}`: false,
		`{"$ref": "other.json#/a"}`:                                             true,
		`{"$ref": "./a`:                                                         true,
		`{"$ref": `:                                                             true,
		`{"write\u004fnly": true}`:                                              true,
	} {
		if got := oneSided([]byte(json)); got != want {
			t.Errorf("%s: %v, want %v", json, got, want)
		}
	}
}

// TestSchemasAreSharedBetweenOperations: what two operations and a name refer to is one type, but for
// what answers lack.
func TestSchemasAreSharedBetweenOperations(t *testing.T) {
	for flag, shared := range map[string]bool{"readOnly": true, "writeOnly": false} {
		d, err := Load("a.json", []byte(`{"openapi": "3.0.0", "info": {"title": "A", "version": "1"}, "paths": {
			"/a": {"get": {"operationId": "a", "responses": {"200": {"description": "", "content": {"application/json": {"schema": {"$ref": "#/components/schemas/T"}}}}}}},
			"/b": {"get": {"operationId": "b", "responses": {"200": {"description": "", "content": {"application/json": {"schema": {"type": "array", "items": {"$ref": "#/components/schemas/T"}}}}}}}}
		}, "components": {"schemas": {"T": {"type": "object", "properties": {"x": {"type": "string", "`+flag+`": true}}}}}}`), Options{})
		if err != nil {
			t.Fatal(err)
		}
		answer := func(id string) *types.Type {
			o, err := d.Operation(id)
			if err != nil {
				t.Fatal(err)
			}
			return o.Responses[0].Content[0].Type
		}
		item := answer("b").Shape().Arrays[0].Items
		if item.Shape() != answer("a").Shape() {
			t.Errorf("%s: two operations have two types of one schema", flag)
		}
		named, ok := d.Schema("T", types.BothWays)
		if !ok {
			t.Fatal("no schema T")
		}
		if got := named.Shape() == item.Shape(); got != shared {
			t.Errorf("%s: the schema by name is the same type: %v, want %v", flag, got, shared)
		}
	}
}
