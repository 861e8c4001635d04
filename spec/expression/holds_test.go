package expression

import (
	"testing"

	"tenon/spec/types"
)

// What a result type promises holds for values at the edges, too: of x, which is of the schema.
func TestResultTypesHold(t *testing.T) {
	const loose = `{"type":"object","properties":{"b":{"type":"string"}},"required":["b"]}`
	const patterned = `{"type":"object","patternProperties":{"^x-":{"type":"boolean"}},"additionalProperties":false}`
	for _, c := range [][3]string{
		{loose, `{"a":"one","b":"two"}`, `merge({ a = 1 }, x)`},
		{patterned, `{"x-y":true}`, `pick(x, "x-y")`},
		{`{"type":"number"}`, `1e300`, `round(x)`},
		{`{"type":"number"}`, `-1e300`, `floor(x)`},
		{`{"type":"number"}`, `1e300`, `round(x, -2)`},
		{`{"type":"integer"}`, `9223372036854775807`, `round(x, -1)`},
		{`{"type":"array","items":{"type":"string"}}`, `[]`, `sum([for s in x : duration(s)])`},
		{`{"type":"array","items":{"type":"string"}}`, `[]`, `expr("sum(x, duration(#))")`},
		{loose, `{"b":"two"}`, `pick(x, "a", "b")`},
		{`{"type":"string","minLength":2,"maxLength":2}`, `"ßŉ"`, `upper(x)`},
		{`{"type":"string","minLength":2,"maxLength":2}`, `"İK"`, `lower(x)`},
		{`{"type":"array","items":{"type":"integer"},"minItems":2}`, `[1,1,2]`, `uniq(x)`},
		{`{"type":"array","items":{"type":"integer"},"minItems":2}`, `[1,1,2]`, `take(x, 1)`},
		{`{"type":"array","items":{"type":"integer"},"minItems":2}`, `[1,1,2]`, `take(x, -1)`},
	} {
		typ := types.FromSchema(nil, types.Origin{}, []byte(c[0]), types.SchemaOptions{})
		x, err := types.DecodeJSON([]byte(c[1]), types.Limits{})
		if err != nil || !typ.Contains(x) {
			t.Fatalf("%s is not of %s: %v", c[1], c[0], err)
		}
		scope := NewScope(nil)
		scope.Define(&Name{Name: "x", Type: typ})
		tree, diags := parse(t, c[2])
		if diags.HasErrors() {
			t.Fatalf("%s: %s", c[2], say(diags))
		}
		e, found := tree.Check(scope, Want{Optional: true})
		if found.HasErrors() {
			t.Errorf("%s: %s", c[2], say(found))
			continue
		}
		p, err := e.Compile()
		if err != nil {
			t.Fatal(err)
		}
		if v, err := p.Run(map[string]any{"x": x}, Limits{}); err == nil && !e.Type.Contains(v) {
			t.Errorf("%s of %s gives %v, which is not in %s", c[2], c[1], v, describe(e.Type))
		}
	}
}

// A constant of which types alone don't say whether it fits its place is judged when it is checked.
func TestConstantsAreJudged(t *testing.T) {
	const either = `{"oneOf":[{"type":"object","properties":{"a":{"type":"string"}},"required":["a"]},{"type":"object","properties":{"b":{"type":"integer"}}}]}`
	for _, c := range []struct{ schema, text, want string }{
		{either, `{ a = "x" }`, "variant-mismatch"},
		{either, `{ b = 1 }`, ""},
		{`{"not":{"const":"x"}}`, `"x"`, "type-mismatch"},
		{`{"not":{"const":"x"}}`, `"y"`, ""},
		{`{"type":"array","contains":{"const":3}}`, `[1, 2]`, "type-mismatch"},
		{`{"type":"array","contains":{"const":3}}`, `[1, 3]`, ""},
		{`{"type":"array","prefixItems":[{"type":"integer"}],"items":false}`, `[1, 2]`, "length"},
		{`{"type":"array","prefixItems":[{"type":"integer"}],"items":false}`, `[1]`, ""},
	} {
		tree, _ := parse(t, c.text)
		e, found := tree.Check(NewScope(nil), Want{Type: types.FromSchema(nil, types.Origin{}, []byte(c.schema), types.SchemaOptions{}), What: "the body"})
		switch {
		case c.want == "" && (len(found) > 0 || e.Guard != nil):
			t.Errorf("%s for %s: %s, guard %s", c.text, c.schema, say(found), describe(e.Guard))
		case c.want != "" && (!found.HasErrors() || found[0].Rule.Name != c.want):
			t.Errorf("%s for %s: got %q, want %s", c.text, c.schema, say(found), c.want)
		}
	}
}

// A parameter takes scalars as their text, but not where no number's text is of the format.
func TestNumbersAreNoDates(t *testing.T) {
	for format, ok := range map[string]bool{"": true, "date-time": false, "date": false, "uuid": false, "email": false} {
		want := types.New(&types.Shape{Kinds: types.String, Strings: []*types.Text{{Format: format, MaxLen: -1}}})
		tree, _ := parse(t, "unix(now())")
		if _, found := tree.Check(NewScope(nil), Want{Type: want, What: "since", AsText: true}); found.HasErrors() == ok {
			t.Errorf("a number for the format %q: %s", format, say(found))
		}
	}
}
