package types

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestCheck(t *testing.T) {
	tests := []struct {
		schema, value string
		want          []string
	}{
		{`{"type":"string"}`, `"x"`, nil},
		{`{"type":"string"}`, `1`, []string{`type-mismatch : is an integer, but a string is expected`}},
		{`{"type":"string"}`, `null`, []string{`maybe-null : is null, but a string is expected`}},
		{`{"type":"string","maxLength":3}`, `"äöüß"`, []string{`length : is a string of 4 characters, but at most 3 are allowed`}},
		{`{"type":"string","maxLength":4}`, `"äöüß"`, nil},
		{`{"type":"string","minLength":4}`, `"äö"`, []string{`length : is a string of 2 characters, but at least 4 are needed`}},
		{`{"enum":["a","b"]}`, `"secret"`, []string{`enum-value : is a string of 6 characters that is not one of "a", "b"`}},
		{`{"type":"string","format":"date"}`, `"2024-02-30"`, []string{`format-mismatch : is a string of 10 characters that is no date`}},
		{`{"type":"string","pattern":"^a+$"}`, `"ab"`, []string{`pattern-mismatch : is a string of 2 characters that does not match the pattern ^a+$`}},
		{`{"type":"string","pattern":"^(?=.*x).{3}$"}`, `"axb"`, nil},
		{`{"type":"string","pattern":"^(?=.*x).{3}$"}`, `"aab"`, []string{`pattern-mismatch : is a string of 3 characters that does not match the pattern ^(?=.*x).{3}$`}},
		{`{"type":"integer"}`, `1.0`, nil},
		{`{"type":"integer"}`, `1.5`, []string{`lossy-number : has a fraction, but an integer is expected`}},
		{`{"type":"integer"}`, `9223372036854775808`, []string{`out-of-range : is an integer outside of integer`}},
		{`{"type":"number","multipleOf":0.01}`, `19.99`, nil},
		{`{"type":"number","multipleOf":0.01}`, `19.999`, []string{`out-of-range : is a number with a fraction outside of number in steps of 0.01`}},
		{`{"type":"integer","minimum":1,"exclusiveMaximum":10}`, `10`, []string{`out-of-range : is an integer outside of integer from 1 below 10`}},
		{`{"type":"array","items":{"type":"integer"},"uniqueItems":true}`, `[1,2,1.0]`, []string{`length : has equal items, the later at 2, but all must differ`}},
		{`{"type":"array","prefixItems":[{"type":"integer"}],"items":false}`, `[1,2]`, []string{`unknown-property [1]: is not allowed here`}},
		{`{"type":"object","properties":{"a":{"type":"object","properties":{"b":{"type":"integer"}},"required":["b"]}}}`, `{"a":{"b":"x"}}`, []string{`type-mismatch a.b: is a string of 1 character, but an integer is expected`}},
		{`{"type":"object","required":["a"]}`, `{"b":1}`, []string{`missing-property : lacks "a", which is required`}},
		{`{"type":"object","properties":{"email":{}},"additionalProperties":false}`, `{"emial":1}`, []string{`unknown-property emial: is not a property of the object with email (there is "email")`}},
		{`{"type":"object","patternProperties":{"^x-":{"type":"integer"}},"additionalProperties":false}`, `{"x-a":1}`, nil},
		{`{"oneOf":[{"type":"string","maxLength":3},{"type":"string","minLength":2}],"nullable":true}`, `null`, nil},
		{`{"not":{"type":"string"}}`, `"x"`, []string{`unproven : does not satisfy: not`}},
		{`{"if":{"required":["a"]},"then":{"required":["b"]},"type":"object"}`, `{"a":1}`, []string{`unproven : does not satisfy: if/then`}},
	}
	for _, test := range tests {
		var got []string
		for _, v := range schema(t, test.schema).Check(decode(t, test.value)) {
			got = append(got, string(v.Misfit)+" "+Path(v.Path)+": "+v.Reason)
		}
		if diff := cmp.Diff(test.want, got); diff != "" {
			t.Errorf("%s, %s: -want +got\n%s", test.schema, test.value, diff)
		}
	}
}

func TestCheckByDirection(t *testing.T) {
	text := `{"x":{"type":"object","properties":{"id":{"$ref":"#/id"},"secret":{"type":"string","writeOnly":true},"name":{"type":"string"}},"required":["id","secret"]},
		"id":{"type":"integer","readOnly":true}}`
	request, _ := component(t, text, "x", SchemaOptions{Dialect: OpenAPI30, Direction: Request})
	response, _ := component(t, text, "x", SchemaOptions{Dialect: OpenAPI30, Direction: Response})
	if !request.Contains(decode(t, `{"secret":"s"}`)) || request.Contains(decode(t, `{"id":1,"secret":"s"}`)) {
		t.Error("id is not to be sent")
	}
	if !response.Contains(decode(t, `{"id":1}`)) {
		t.Error("secret is not to be expected")
	}
	got := told(Assign(response, request))
	want := []string{
		`error read-only-property id: is read-only, so it can't be sent`,
		`error missing-property secret: "secret" is required, but x has no such property`,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestConform(t *testing.T) {
	to := schema(t, `{"type":"object","properties":{"a":{"type":"string"},"b":{"type":["string","null"]},"at":{"type":"string","format":"date"},"list":{"type":"array","items":{"type":"object","properties":{"c":{"type":"string"}}}}}}`)
	in := map[string]any{"a": nil, "b": nil, "x": nil, "gone": Missing, "at": time.Date(2026, 2, 3, 4, 5, 6, 0, time.UTC), "list": []any{map[string]any{"c": nil}, map[string]any{"c": "x"}}}
	want := map[string]any{"b": nil, "x": nil, "at": "2026-02-03", "list": []any{map[string]any{}, map[string]any{"c": "x"}}}
	if diff := cmp.Diff(want, to.Conform(in)); diff != "" {
		t.Error(diff)
	}
	if _, ok := in["a"]; !ok {
		t.Error("the value itself was changed")
	}
	if n := testing.AllocsPerRun(100, func() { to.Conform(want) }); n > 0 {
		t.Errorf("a value that conforms costs %v allocations", n)
	}
}

func TestCheckAllocatesNothing(t *testing.T) {
	to := schema(t, `{"type":"object","properties":{"id":{"type":"integer"},"n":{"type":"number","minimum":0,"maximum":100.5},"s":{"type":"string","maxLength":5,"pattern":"^a"},"e":{"enum":["a","b"]},
		"at":{"type":"string","format":"date-time"},"l":{"type":"array","items":{"type":"integer"}},"u":{"oneOf":[{"type":"string"},{"type":"object","properties":{"k":{"const":"x"}}}]}},"required":["id"]}`)
	v := decode(t, `{"id":1,"n":4.5,"s":"abc","e":"b","at":"2026-01-01T00:00:00+01:00","l":[1,2,3],"u":{"k":"x"}}`)
	if got := to.Check(v); got != nil {
		t.Fatal(got)
	}
	if n := testing.AllocsPerRun(100, func() { to.Check(v) }); n > 0 {
		t.Errorf("a value that fits costs %v allocations", n)
	}
}

// A property that does not travel this way is not required, even where another part of an allOf asks for it.
func TestRequiredByAnotherPart(t *testing.T) {
	text := `{"x":{"allOf":[{"type":"object","properties":{"id":{"type":"integer","readOnly":true},"name":{"type":"string"}}},{"type":"object","required":["id","name"]}]}}`
	request, _ := component(t, text, "x", SchemaOptions{Dialect: OpenAPI30, Direction: Request})
	response, _ := component(t, text, "x", SchemaOptions{Dialect: OpenAPI30, Direction: Response})
	if !request.Contains(decode(t, `{"name":"a"}`)) || request.Contains(decode(t, `{"id":1,"name":"a"}`)) || request.Contains(decode(t, `{}`)) {
		t.Error("a name alone is to be sent")
	}
	if response.Contains(decode(t, `{"name":"a"}`)) {
		t.Error("id is to be expected")
	}
}
