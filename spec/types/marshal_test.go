package types

import (
	"encoding/json"
	"strings"
	"testing"
)

func TestMarshalRoundTrip(t *testing.T) {
	node, _ := component(t, `{"node":{"type":"object","properties":{"next":{"$ref":"#/node"},"v":{"type":"integer","readOnly":true}},"required":["v"]}}`, "node", SchemaOptions{Dialect: OpenAPI30, Direction: Request})
	tests := map[string]*Type{
		`{}`:                                  Any,
		`{"enum":[]}`:                         Never,
		`{"x-tenon-invalid":true}`:            Invalid,
		`{"type":"string"}`:                   AnyString,
		`{"x-tenon-kinds":["absent"]}`:        JustAbsent,
		`{"x-tenon-kinds":["time","stream"]}`: Union(AnyTime, New(&Shape{Kinds: Stream})),
		`{"type":["null","number"]}`:          AnyNumber.With(Null),
		`{"type":"integer","minimum":-9223372036854775808,"maximum":9223372036854775807,"x-tenon-number-format":"int64"}`:                                         AnyInteger,
		`{"anyOf":[{"type":"null"},{"type":"string","enum":["a","b"]}]}`:                                                                                          Enum("a", nil, "b"),
		`{"type":"object","properties":{"a":{"type":"integer","enum":[1]}},"required":["a"],"additionalProperties":false}`:                                        Const(map[string]any{"a": 1}),
		`{"$ref":"#/$defs/node","$defs":{"node":{"title":"node","type":"object","properties":{"next":{"$ref":"#/$defs/node"},"v":{"enum":[],"readOnly":true}}}}}`: node,
		`{"allOf":[{"not":{"type":"string"},"x-tenon-why":"not"}]}`:                                                                                               schema(t, `{"not":{"type":"string"}}`),
	}
	for want, typ := range tests {
		got, err := json.Marshal(typ)
		if err != nil || string(got) != want {
			t.Errorf("%s is written as %s, %v, want %s", typ, got, err, want)
			continue
		}
		back, err := ParseType(got)
		if err != nil {
			t.Errorf("%s: %v", got, err)
			continue
		}
		if back.Kinds() != typ.Kinds() || back.Shape().Untyped != typ.Shape().Untyped || back.Shape().Invalid != typ.Shape().Invalid || back.String() != typ.String() {
			t.Errorf("%s came back as %s", typ, back)
		}
		again, err := json.Marshal(back)
		if err != nil || string(again) != want {
			t.Errorf("%s is written as %s, %v the second time", want, again, err)
		}
	}
}

func TestUnevaluatedProperties(t *testing.T) {
	for _, text := range []string{
		`{"allOf":[{"properties":{"a":{}}}],"properties":{"b":{}},"unevaluatedProperties":false,"type":"object"}`,
		`{"$defs":{"x":{"properties":{"a":{"type":"integer"}}}},"if":{"required":["a"]},"then":{"$ref":"#/$defs/x"},"properties":{"b":{}},"unevaluatedProperties":false}`,
	} {
		typ, _ := component(t, `{"x":`+strings.ReplaceAll(text, "#/", "#/x/")+`}`, "x", SchemaOptions{})
		for range 2 {
			if !typ.Contains(decode(t, `{"a":1,"b":2}`)) || typ.Contains(decode(t, `{"c":1}`)) {
				t.Errorf("%s: wrong answers", text)
			}
			data, err := typ.MarshalJSON()
			if err != nil {
				t.Fatal(err)
			}
			if typ, err = ParseType(data); err != nil {
				t.Fatal(err)
			}
		}
	}
}

func TestResidue(t *testing.T) {
	tests := []struct{ from, to, want string }{
		{`{"type":"string"}`, `{"type":"string"}`, ``},
		{`{"type":"string"}`, `{"type":"string","maxLength":5}`, `{"type":"string","maxLength":5}`},
		{
			`{"type":"object","properties":{"a":{"type":"string"},"b":{"type":"string"},"c":{"type":"string"}},"required":["a","b"],"additionalProperties":false}`,
			`{"type":"object","properties":{"a":{"type":"string","maxLength":5},"b":{"type":"string"},"c":{"type":"string"}},"required":["a","b","c"]}`,
			`{"type":"object","properties":{"a":{"type":"string","maxLength":5},"c":{}},"required":["a","c"]}`,
		},
		{
			`{"type":"array","items":{"type":"object","properties":{"a":{"type":["string","null"]},"b":{"type":"integer"}},"required":["a","b"]}}`,
			`{"type":"array","items":{"type":"object","properties":{"a":{"type":"string"},"b":{"type":"number"}},"required":["a","b"]}}`,
			`{"type":"array","items":{"type":"object","properties":{"a":{"type":"string"}},"required":["a"]}}`,
		},
		{`{"type":"object","properties":{"a":{}},"additionalProperties":false}`, `{"type":"object","properties":{"b":{}}}`, ``},
	}
	for _, test := range tests {
		got := ""
		if r := Residue(schema(t, test.from), schema(t, test.to)); r != nil {
			data, err := r.MarshalJSON()
			if err != nil {
				t.Fatal(err)
			}
			got = string(data)
		}
		if got != test.want {
			t.Errorf("%s -> %s leaves\n%s, want\n%s", test.from, test.to, got, test.want)
		}
	}
}

// What passes the projection reads as its type says, whatever else is in the value.
func TestProjectKeepsWhatIsRead(t *testing.T) {
	for _, c := range []struct {
		schema string
		path   []string
		broken string
	}{
		{`{"oneOf":[{"type":"object","properties":{"a":{"type":"string"}},"required":["a"],"additionalProperties":false},{"type":"object","properties":{"b":{"type":"integer"}},"additionalProperties":false}]}`, []string{"a"}, `{"a":5}`},
		{`{"anyOf":[{"type":"object","properties":{"a":{"type":"string"}}},{"type":"object","properties":{"b":{"type":"integer"}},"required":["b"]}]}`, []string{"a"}, `{"a":5,"b":1}`},
		{`{"type":"array","items":{"type":"string"},"minItems":1}`, []string{"[0]"}, `[]`},
		{`{"type":"array","items":{"type":"string"},"maxItems":2}`, []string{"[]"}, `["a","b","c"]`},
		{`{"type":"object","properties":{"a":{"type":"string"}},"additionalProperties":false}`, []string{"[]"}, `{"a":"x","b":5}`},
		{`{"type":"object","patternProperties":{"^x-":{"type":"string"}},"additionalProperties":false}`, []string{"[]"}, `{"x-a":5}`},
		{`{"type":"object","patternProperties":{"^x-":{"type":"string"}},"additionalProperties":{"type":"integer"}}`, []string{"[]"}, `{"y":"z"}`},
	} {
		v, err := DecodeJSON([]byte(c.broken), Limits{})
		if err != nil {
			t.Fatal(err)
		}
		if p := Project(schema(t, c.schema), [][]string{c.path}); p.Contains(v) {
			t.Errorf("%s as far as %v is read takes %s", c.schema, c.path, c.broken)
		}
	}
}

func TestProject(t *testing.T) {
	from := schema(t, `{"type":"object","properties":{"data":{"type":"array","items":{"type":"object","properties":{"id":{"type":"string","maxLength":5},"x":{"type":"integer"}},"required":["id","x"]},"minItems":3},"more":{"type":"boolean"}},"required":["data"]}`)
	got, err := Project(from, [][]string{{"data", "[]", "id"}}).MarshalJSON()
	want := `{"type":"object","properties":{"data":{"type":"array","items":{"type":"object","properties":{"id":{"type":"string","maxLength":5}},"required":["id"]},"minItems":3}},"required":["data"]}`
	if err != nil || string(got) != want {
		t.Errorf("got %s, %v, want %s", got, err, want)
	}
}
