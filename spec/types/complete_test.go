package types

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// some draws a part of a value: objects without some of their members.
func some(t *rapid.T, v any) any {
	switch v := v.(type) {
	case []any:
		out := make([]any, len(v))
		for i, e := range v {
			out[i] = some(t, e)
		}
		return out
	case map[string]any:
		out := map[string]any{}
		for _, name := range sortedKeys(v) {
			if rapid.Bool().Draw(t, name) {
				out[name] = some(t, v[name])
			}
		}
		return out
	}
	return v
}

// keeps reports whether all of part is in whole as it was written.
func keeps(whole, part any) bool {
	switch p := part.(type) {
	case []any:
		w, ok := whole.([]any)
		if !ok || len(w) != len(p) {
			return false
		}
		for i := range p {
			if !keeps(w[i], p[i]) {
				return false
			}
		}
		return true
	case map[string]any:
		w, ok := whole.(map[string]any)
		for name, e := range p {
			if _, there := w[name]; !there || !keeps(w[name], e) {
				return false
			}
		}
		return ok
	}
	return Equal(whole, part)
}

func chance(seed uint64) *rand.Rand { return rand.New(rand.NewPCG(seed, 0)) }

// Whatever is left out of a value of a schema, what is made of the rest is a value again and keeps it. Only
// conditions that no normal form has may make it give up.
func TestCompleteIsValid(t *testing.T) {
	completed, gaveUp := 0, 0
	rapid.Check(t, func(t *rapid.T) {
		typ, text := drawSchema(t, "schema")
		whole, err := Generate(typ, chance(rapid.Uint64().Draw(t, "value")), GenerateOptions{})
		if err != nil {
			t.Skip("no value was found")
		}
		part := some(t, whole)
		if bad := Partial(typ).Check(part); bad != nil {
			// The number of members of a map is its author's.
			if bad[0].Misfit == MisfitLength {
				return
			}
			t.Fatalf("%s: %v is part of %v, but %v", text, part, whole, bad)
		}
		seed := rapid.Uint64().Draw(t, "seed")
		got, err := Complete(typ, part, chance(seed))
		if err != nil {
			gaveUp++
			if !opaqueInside(typ, 5) {
				t.Fatalf("%s: %v is part of %v, but %v", text, part, whole, err)
			}
			return
		}
		completed++
		if bad := typ.Check(got); bad != nil {
			t.Fatalf("%s: of %v was made %v, but %v", text, part, got, bad)
		}
		if !keeps(got, part) {
			t.Fatalf("%s: of %v was made %v", text, part, got)
		}
		if again, err := Complete(FromSchema(nil, Origin{}, text, SchemaOptions{}), part, chance(seed)); err != nil || !Equal(got, again) {
			t.Fatalf("%s: of %v was made %v, then %v (%v)", text, part, got, again, err)
		}
	})
	if gaveUp*20 > completed {
		t.Errorf("it gave up on %d parts, of %d", gaveUp, completed+gaveUp)
	}
}

// What is whole already stays as it is.
func TestCompleteOfWholes(t *testing.T) {
	for _, tt := range generated {
		typ := schemaType(t, tt.schema)
		for seed := range uint64(20) {
			v, err := Generate(typ, chance(seed), GenerateOptions{})
			if err != nil {
				t.Fatal(err)
			}
			if got, err := Complete(typ, v, chance(seed)); err != nil || !Equal(got, v) {
				t.Errorf("%s: of %v was made %v (%v)", tt.name, v, got, err)
			}
		}
	}
}

// payments is like what real documents have: alternatives by a discriminator, by a constant and by nothing, parts that
// need each other, and a schema that contains itself.
const payments = `{
	"$ref": "#/$defs/payment",
	"$defs": {
		"payment": {
			"type": "object",
			"required": ["id", "amount", "method", "customer", "lines", "created"],
			"properties": {
				"id": {"type": "string", "pattern": "^p_[0-9]{6}$"},
				"amount": {"type": "integer", "minimum": 1},
				"created": {"type": "string", "format": "date-time"},
				"note": {"type": ["string", "null"], "maxLength": 10},
				"method": {"oneOf": [{"$ref": "#/$defs/card"}, {"$ref": "#/$defs/bank"}]},
				"customer": {"anyOf": [{"type": "string", "maxLength": 20}, {"$ref": "#/$defs/customer"}, {"$ref": "#/$defs/deleted"}]},
				"lines": {"type": "array", "minItems": 1, "items": {"$ref": "#/$defs/line"}},
				"refund": {"$ref": "#/$defs/payment"},
				"metadata": {"type": "object", "additionalProperties": {"type": "string"}}
			}
		},
		"card": {"type": "object", "required": ["kind", "last4"], "properties": {"kind": {"const": "card"}, "last4": {"type": "string", "pattern": "^[0-9]{4}$"}}},
		"bank": {"type": "object", "required": ["kind", "iban"], "properties": {"kind": {"const": "bank"}, "iban": {"type": "string"}, "bic": {"type": "string"}}},
		"customer": {"type": "object", "required": ["id", "email"], "properties": {"id": {"type": "string"}, "email": {"type": "string", "format": "email"}, "address": {"type": "object", "required": ["city"], "properties": {"city": {"type": "string"}, "zip": {"type": "string"}}}}},
		"deleted": {"type": "object", "required": ["id", "deleted"], "properties": {"id": {"type": "string"}, "deleted": {"const": true}}},
		"line": {"type": "object", "required": ["sku", "quantity"], "properties": {"sku": {"type": "string"}, "quantity": {"type": "integer", "minimum": 1}, "tax": {"type": "integer"}, "rate": {"type": "integer"}}, "dependentRequired": {"tax": ["rate"]}}
	}
}`

func decoded(t testing.TB, text string) any {
	t.Helper()
	v, err := DecodeJSON([]byte(text), Limits{})
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func TestComplete(t *testing.T) {
	typ := schemaType(t, payments)
	for _, tt := range []struct {
		part string
		want func(v any) bool // of all that is made
		some []func(v any) bool
	}{
		{`{}`, nil, []func(any) bool{
			func(v any) bool { return Get(Get(v, "method"), "kind") == "card" },
			func(v any) bool { return Get(Get(v, "method"), "kind") == "bank" },
		}},
		{`{"id": "p_000001", "note": null}`, func(v any) bool {
			return Get(v, "note") == nil && IsMissing(Get(v, "refund")) && IsMissing(Get(v, "metadata"))
		}, nil},
		{`{"method": {"kind": "bank"}}`, func(v any) bool {
			return !IsMissing(Get(Get(v, "method"), "iban")) && IsMissing(Get(Get(v, "method"), "bic"))
		}, nil},
		{`{"method": {"bic": "X"}}`, func(v any) bool { return Get(Get(v, "method"), "kind") == "bank" }, nil},
		{`{"customer": {"id": "c"}}`, nil, []func(any) bool{
			func(v any) bool { return Get(Get(v, "customer"), "deleted") == true },
			func(v any) bool { return !IsMissing(Get(Get(v, "customer"), "email")) },
		}},
		{`{"customer": {"address": {}}}`, func(v any) bool {
			return !IsMissing(Get(Get(Get(v, "customer"), "address"), "city")) && IsMissing(Get(Get(v, "customer"), "deleted"))
		}, nil},
		{`{"customer": {"address": {"zip": "1"}}}`, func(v any) bool { return !IsMissing(Get(Get(v, "customer"), "email")) }, nil},
		{`{"customer": "c"}`, nil, nil},
		{`{"lines": [{}, {"sku": "a"}, {"tax": 3}]}`, func(v any) bool {
			lines := Get(v, "lines").([]any)
			return len(lines) == 3 && !Equal(lines[0], lines[1]) && IsMissing(Get(lines[0], "tax")) && !IsMissing(Get(lines[2], "rate"))
		}, nil},
		{`{"refund": {"refund": {"amount": 7}}}`, func(v any) bool { return !IsMissing(Get(Get(Get(v, "refund"), "refund"), "id")) }, nil},
		{`{"metadata": {}, "new": {"by": ["the", "author"]}}`, nil, nil},
	} {
		part := decoded(t, tt.part)
		seen := make([]bool, len(tt.some))
		for seed := range uint64(40) {
			v, err := Complete(typ, part, chance(seed))
			if err != nil {
				t.Errorf("%s: %v", tt.part, err)
				break
			}
			if bad := typ.Check(v); bad != nil || !keeps(v, part) {
				t.Errorf("%s: got %v, which has %v", tt.part, v, bad)
			}
			if tt.want != nil && !tt.want(v) {
				t.Errorf("%s, seed %d: got %v", tt.part, seed, v)
			}
			for i, is := range tt.some {
				seen[i] = seen[i] || is(v)
			}
		}
		for i, ok := range seen {
			if !ok {
				t.Errorf("%s: alternative %d is never chosen", tt.part, i)
			}
		}
	}
}

// One member more that is written changes nothing else.
func TestCompleteKeepsItsPlaces(t *testing.T) {
	typ := schemaType(t, payments)
	for seed := range uint64(20) {
		a, err := Complete(typ, decoded(t, `{"lines": [{}]}`), chance(seed))
		if err != nil {
			t.Fatal(err)
		}
		b, err := Complete(typ, decoded(t, `{"amount": 7, "note": "x", "lines": [{"tax": 1, "rate": 1}, {}]}`), chance(seed))
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range []string{"id", "created", "method", "customer"} {
			if !Equal(Get(a, name), Get(b, name)) {
				t.Errorf("seed %d: %s is %v, then %v", seed, name, Get(a, name), Get(b, name))
			}
		}
		if first := Get(b, "lines").([]any)[0]; !Equal(Get(Get(a, "lines").([]any)[0], "sku"), Get(first, "sku")) {
			t.Errorf("seed %d: the first line is %v, then %v", seed, Get(a, "lines"), first)
		}
	}
}

func TestCompleteNothing(t *testing.T) {
	for _, tt := range []struct{ schema, part, want string }{
		{payments, `{"amount": 0}`, "amount is an integer outside of "},
		{payments, `{"amount": null}`, "amount is null, but "},
		{payments, `{"created": "today"}`, "created is "},
		{payments, `{"lines": []}`, "lines has 0 items, but at least 1"},
		{payments, `{"lines": [{"sku": 1}]}`, "lines[0].sku is "},
		{payments, `{"method": {"kind": "cash"}}`, "method.kind is "},
		{payments, `[]`, "it is "},
		{`{"type": "object", "additionalProperties": {"type": "string"}, "minProperties": 1}`, `{}`, "it has 0 properties, but at least 1"},
		{`{"type": "object", "required": ["a"], "properties": {"a": {"type": "string", "minLength": 1000000}}}`, `{}`, "a cannot be made up: nothing was found that is a string"},
		{`{"$ref": "#/$defs/a", "$defs": {"a": {"type": "object", "required": ["a"], "properties": {"a": {"$ref": "#/$defs/a"}}}}}`, `{}`, "a cannot be made up: "},
		{`{"type": "object", "properties": {"a": {}, "b": {}}, "not": {"required": ["a"]}}`, `{"a": 1}`, "it does not satisfy, in any way that was tried: not"},
		{`{"oneOf": [{"type": "object", "required": ["a"]}, {"type": "object", "required": ["b"]}]}`, `{"a": 1, "b": 1}`, "it does not satisfy, in any way that was tried: exactly one of"},
		{`{"type": "array", "items": {"type": "object", "required": ["a"], "properties": {"a": {"const": 1}}}, "uniqueItems": true}`, `[{}, {}]`, "no way was found"},
	} {
		v, err := Complete(schemaType(t, tt.schema), decoded(t, tt.part), chance(1))
		if err == nil || !strings.HasPrefix(err.Error(), tt.want) {
			t.Errorf("%.60s of %s: got %v, error %v; want %q", tt.schema, tt.part, v, err, tt.want)
		}
	}
}

// Neither deep nor wide parts, nor schemas whose alternatives lead to many others, keep it busy.
func TestCompleteIsBounded(t *testing.T) {
	var alternatives []string
	for i := range 8 {
		alternatives = append(alternatives, fmt.Sprintf(`{"type": "object", "required": ["k%d", "next"], "properties": {"k%d": {"type": "string"}, "next": {"$ref": "#/$defs/n"}}}`, i, i))
	}
	net := schemaType(t, `{"$ref": "#/$defs/n", "$defs": {"n": {"oneOf": [{"type": "null"}, `+strings.Join(alternatives, ", ")+`]}}}`)
	deep := strings.Repeat(`{"next": `, 50) + "null" + strings.Repeat("}", 50)
	if v, err := Complete(net, decoded(t, deep), chance(1)); err == nil && !net.Contains(v) {
		t.Errorf("got %v", v)
	}
	wrong := strings.Repeat(`{"next": `, 20) + "7" + strings.Repeat("}", 20)
	if v, err := Complete(net, decoded(t, wrong), chance(1)); err == nil {
		t.Errorf("got %v", v)
	}
	wide := `[` + strings.TrimSuffix(strings.Repeat(`{"sku": "a"},`, 2000), ",") + `]`
	v, err := Complete(schemaType(t, payments), decoded(t, `{"lines": `+wide+`}`), chance(1))
	if err != nil || len(Get(v, "lines").([]any)) != 2000 {
		t.Errorf("got %v, error %v", v, err)
	}
}
