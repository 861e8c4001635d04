package types

import (
	"math/rand/v2"
	"strings"
	"testing"
)

// schemas that values are made of, each with what they look like.
var generated = []struct{ name, schema string }{
	{"anything", `{}`},
	{"scalars", `{"type": ["string", "integer", "null", "boolean"]}`},
	{"const", `{"const": {"a": [1, null]}}`},
	{"enum", `{"enum": ["a", 1, null, {"b": 2}]}`},
	{"range", `{"type": "integer", "minimum": 1000000, "maximum": 1000001}`},
	{"negative", `{"type": "integer", "maximum": -5}`},
	{"exclusive", `{"type": "integer", "exclusiveMinimum": 3, "exclusiveMaximum": 5}`},
	{"fraction", `{"type": "number", "minimum": 0.001, "maximum": 0.002}`},
	{"money", `{"type": "number", "minimum": 0, "maximum": 100000, "multipleOf": 0.01}`},
	{"multiple", `{"type": "integer", "multipleOf": 7, "minimum": 50}`},
	{"int64", `{"type": "integer", "minimum": 9223372036854775806}`},
	{"zero to one", `{"type": "number", "exclusiveMinimum": 0, "exclusiveMaximum": 1}`},
	{"length", `{"type": "string", "minLength": 50, "maxLength": 51}`},
	{"short", `{"type": "string", "maxLength": 1}`},
	{"empty", `{"type": "string", "maxLength": 0}`},
	{"date-time", `{"type": "string", "format": "date-time"}`},
	{"formats", `{"type": "array", "minItems": 11, "maxItems": 11, "prefixItems": [{"type": "string", "format": "date"}, {"type": "string", "format": "time"}, {"type": "string", "format": "duration"},
		{"type": "string", "format": "email"}, {"type": "string", "format": "hostname"}, {"type": "string", "format": "ipv4"}, {"type": "string", "format": "ipv6"},
		{"type": "string", "format": "uri"}, {"type": "string", "format": "uuid"}, {"type": "string", "format": "byte"}, {"type": "string", "format": "phone-number"}]}`},
	{"pattern", `{"type": "string", "pattern": "^[A-Z]{2}-[0-9]{6}$"}`},
	{"pattern and length", `{"type": "string", "pattern": "^[a-z]+$", "minLength": 30, "maxLength": 32}`},
	{"lookahead", `{"type": "string", "pattern": "^(?!0000)[0-9]{4}$"}`},
	{"unicode pattern", `{"type": "string", "pattern": "^[\\u00e9-\\u00ea]{3}$"}`},
	{"two patterns", `{"allOf": [{"type": "string", "pattern": "^a"}, {"pattern": "[0-9]{3}"}]}`},
	{"alternation", `{"type": "string", "pattern": "^(cat|dog)s?(-\\d+)*$"}`},
	{"list", `{"type": "array", "items": {"type": "integer"}, "minItems": 4}`},
	{"set", `{"type": "array", "items": {"enum": [1, 2, 3]}, "uniqueItems": true, "minItems": 3}`},
	{"contains", `{"type": "array", "items": {"type": "integer"}, "contains": {"minimum": 500000}, "minContains": 2}`},
	{"no items", `{"type": "array", "items": false}`},
	{"object", `{"type": "object", "required": ["a"], "properties": {"a": {"type": "string"}, "b": {"type": "integer"}}}`},
	{"map", `{"type": "object", "additionalProperties": {"type": "integer"}, "minProperties": 3}`},
	{"named map", `{"type": "object", "additionalProperties": {"type": "integer"}, "propertyNames": {"pattern": "^x-[a-z]+$"}, "minProperties": 2}`},
	{"patterns", `{"type": "object", "patternProperties": {"^v[0-9]$": {"type": "boolean"}}, "additionalProperties": false, "minProperties": 1}`},
	{"few", `{"type": "object", "properties": {"a": {}, "b": {}, "c": {}}, "maxProperties": 1}`},
	{"some", `{"type": "object", "properties": {"a": {}, "b": {}, "c": {}}, "additionalProperties": false, "minProperties": 3}`},
	{"one of", `{"oneOf": [{"type": "object", "required": ["a"], "properties": {"a": {"type": "string"}}}, {"type": "object", "required": ["b"], "properties": {"b": {"type": "string"}}}]}`},
	{"exactly one of", `{"oneOf": [{"type": "string", "maxLength": 32}, {"type": "string", "maxLength": 36}]}`},
	{"any of", `{"anyOf": [{"type": "string", "minLength": 5}, {"type": "integer", "maximum": 3}]}`},
	{"not", `{"type": "integer", "minimum": 1, "maximum": 4, "not": {"enum": [1, 2, 3]}}`},
	{"if", `{"type": "object", "required": ["kind"], "properties": {"kind": {"enum": ["a", "b"]}, "size": {"type": "integer"}}, "if": {"properties": {"kind": {"const": "a"}}}, "then": {"required": ["size"]}}`},
	{"dependent", `{"type": "object", "properties": {"a": {}, "b": {}}, "required": ["a"], "dependentRequired": {"a": ["b"]}}`},
	{"tree", `{"$ref": "#/$defs/node", "$defs": {"node": {"type": "object", "required": ["name", "children"], "properties": {"name": {"type": "string"}, "children": {"type": "array", "items": {"$ref": "#/$defs/node"}}, "parent": {"$ref": "#/$defs/node"}}}}}`},
	{"way out", `{"$ref": "#/$defs/list", "$defs": {"list": {"type": "object", "required": ["next"], "properties": {"next": {"anyOf": [{"$ref": "#/$defs/list"}, {"type": "null"}]}}}}}`},
}

func schemaType(t testing.TB, schema string) *Type {
	t.Helper()
	d := newDocument(t, schema)
	return FromSchema(d, Origin{}, []byte(schema), SchemaOptions{Dialect: Draft2020})
}

// What is made is in the type, and depends on nothing but the type and the source of chance.
func TestGenerate(t *testing.T) {
	for _, tt := range generated {
		typ := schemaType(t, tt.schema)
		texts := map[string]bool{}
		for seed := range uint64(50) {
			v, err := Generate(typ, rand.New(rand.NewPCG(seed, 0)), GenerateOptions{})
			if err != nil {
				t.Errorf("%s, seed %d: %v", tt.name, seed, err)
				break
			}
			if !typ.Contains(v) {
				t.Errorf("%s, seed %d: %#v is not in the type", tt.name, seed, v)
			}
			again, err := Generate(schemaType(t, tt.schema), rand.New(rand.NewPCG(seed, 0)), GenerateOptions{})
			if err != nil || !Equal(v, again) {
				t.Errorf("%s, seed %d: first %#v, then %#v, error %v", tt.name, seed, v, again, err)
			}
			text, err := AppendJSON(nil, v)
			if err != nil {
				t.Errorf("%s, seed %d: %v", tt.name, seed, err)
			}
			texts[string(text)] = true
		}
		if finite, ok := typ.Constants(); len(texts) == 1 && (!ok || len(finite) > 1) && !strings.Contains("const empty exclusive no items not", tt.name) {
			t.Errorf("%s: always the same", tt.name)
		}
	}
}

func TestGenerateNothing(t *testing.T) {
	for _, schema := range []string{`false`, `{"type": "integer", "minimum": 3, "maximum": 2}`, `{"type": "string", "minLength": 100000000}`,
		`{"$ref": "#/$defs/a", "$defs": {"a": {"type": "object", "required": ["a"], "properties": {"a": {"$ref": "#/$defs/a"}}}}}`} {
		if v, err := Generate(schemaType(t, schema), rand.New(rand.NewPCG(1, 0)), GenerateOptions{}); err == nil {
			t.Errorf("%s: got %#v, want an error", schema, v)
		}
	}
}

// Text reads like text: no control characters, no random letters where nothing asks for them.
func TestGenerateReadable(t *testing.T) {
	for seed := range uint64(100) {
		v, err := Generate(AnyString, rand.New(rand.NewPCG(seed, 0)), GenerateOptions{})
		s, ok := v.(string)
		if err != nil || !ok || strings.Trim(s, "abcdefghijklmnopqrstuvwxyz ") != "" || s == "" {
			t.Errorf("got %#v, error %v", v, err)
		}
	}
}

func TestGenerateBounds(t *testing.T) {
	v, err := Generate(ListOf(AnyString), rand.New(rand.NewPCG(1, 0)), GenerateOptions{Items: 200})
	if n := len(v.([]any)); err != nil || n < 10 || n > 200 {
		t.Errorf("got %d elements, error %v; want up to 200", n, err)
	}
	wide := schemaType(t, `{"$ref": "#/$defs/n", "$defs": {"n": {"type": "array", "items": {"$ref": "#/$defs/n"}}}}`)
	v, err = Generate(wide, rand.New(rand.NewPCG(1, 0)), GenerateOptions{Items: 50, Values: 100})
	text, _ := AppendJSON(nil, v)
	if err != nil || len(text) > 10_000 {
		t.Errorf("%d bytes of JSON, error %v; want it bounded", len(text), err)
	}
}

func BenchmarkGenerate(b *testing.B) {
	typ := schemaType(b, `{"type": "object", "required": ["id", "total"], "properties": {"id": {"type": "string", "format": "uuid"}, "number": {"type": "string", "pattern": "^[A-Z]{2}-[0-9]{6}$"},
		"total": {"type": "number", "minimum": 0, "multipleOf": 0.01}, "status": {"enum": ["open", "paid"]}, "at": {"type": "string", "format": "date-time"}, "note": {"type": ["string", "null"]}}}`)
	r := rand.New(rand.NewPCG(1, 0))
	for b.Loop() {
		if _, err := Generate(typ, r, GenerateOptions{}); err != nil {
			b.Fatal(err)
		}
	}
}
