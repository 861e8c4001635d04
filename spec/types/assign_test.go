package types

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// schema returns the type of a schema written in OpenAPI 3.1.
func schema(t testing.TB, text string) *Type {
	t.Helper()
	return FromSchema(nil, Origin{Pointer: "/" + text}, []byte(text), SchemaOptions{Dialect: OpenAPI31, Defect: func(o Origin, m string) { t.Errorf("%s: %s", text, m) }})
}

// told is how a problem reads in these tests: verdict misfit path: reason.
func told(ps []Problem) []string {
	var out []string
	for _, p := range ps {
		verdict := map[Verdict]string{Wrong: "error", Unproven: "note"}[p.Verdict]
		if p.Verdict == Unproven && p.Stated {
			verdict = "warning"
		}
		s := fmt.Sprintf("%s %s %s: %s", verdict, p.Misfit, Path(p.Path), p.Reason)
		if p.Near != "" {
			s += " (near " + p.Near + ")"
		}
		out = append(out, s)
	}
	return out
}

func TestAssign(t *testing.T) {
	tests := []struct {
		from, to string
		want     []string
	}{
		{`{"type":"string"}`, `{"type":"string"}`, nil},
		{`{"type":"string"}`, `{}`, nil},
		{`{"type":"integer"}`, `{"type":"number"}`, nil},
		{`{"type":"integer"}`, `{"type":"string"}`, []string{`error type-mismatch : is an integer, but a string is expected`}},
		{`{"type":["integer","string"]}`, `{"type":"string"}`, []string{`warning type-mismatch : may be an integer, but a string is expected`}},
		{`{"type":"number"}`, `{"type":"integer"}`, []string{`warning lossy-number : may have a fraction, but an integer is expected`}},
		{`{"const":"draft"}`, `{"enum":["drafts","open"]}`, []string{`error enum-value : is "draft", which is not one of "drafts", "open" (near drafts)`}},
		{`{"enum":["draft","open"]}`, `{"enum":["open","closed"]}`, []string{`warning enum-value : may be "draft", which is not one of "open", "closed"`}},
		{`{"type":"string"}`, `{"enum":["open","closed"]}`, []string{`note enum-value : may be any string, but only "open", "closed" are allowed`}},
		{`{"type":["string","null"]}`, `{"type":"string"}`, []string{`warning maybe-null : may be null, but a string is expected`}},
		{`{"type":"null"}`, `{"type":"string"}`, []string{`error maybe-null : is null, but a string is expected`}},
		{`{"type":"string","maxLength":100}`, `{"type":"string","maxLength":50}`, []string{`warning length : may have 100 characters, but at most 50 characters are allowed`}},
		{`{"type":"string"}`, `{"type":"string","maxLength":50}`, []string{`note length : has no declared greatest length, but at most 50 characters are allowed`}},
		{`{"type":"string","format":"uuid"}`, `{"type":"string","maxLength":36}`, nil},
		{`{"type":"string","format":"uuid"}`, `{"type":"string","format":"date"}`, []string{`error format-mismatch : has the format uuid, but date is expected`, `error length : has at least 36 characters, but at most 10 characters are allowed`}[:1]},
		{`{"type":"integer","maximum":1000}`, `{"type":"integer","maximum":100}`, []string{`warning out-of-range : may be 1000, but only at most 100 is allowed`}},
		{`{"type":"integer"}`, `{"type":"integer","maximum":100}`, []string{`note out-of-range : has no declared maximum, but only at most 100 is allowed`}},
		{`{"type":"integer","minimum":200}`, `{"type":"integer","maximum":100}`, []string{`error out-of-range : is at least 200, but only at most 100 is allowed`}},
		{`{}`, `{"type":"string"}`, []string{`note type-mismatch : has no declared type, but a string is expected`}},
		{`{"type":"array","items":{"type":"string"}}`, `{"type":"array","items":{"type":"integer"}}`, []string{`error type-mismatch []: is a string, but an integer is expected`}},
		{
			`{"type":"object","properties":{"a":{"type":"string"}}}`,
			`{"type":"object","properties":{"a":{"type":"string"}},"required":["a"]}`,
			[]string{`note maybe-absent a: may be absent, but "a" is required`},
		},
		{
			`{"type":"object","properties":{"emial":{"type":"string"}},"required":["emial"]}`,
			`{"type":"object","properties":{"email":{"type":"string"}},"required":["email"]}`,
			[]string{
				`error missing-property email: "email" is required, but missing (near emial)`,
				`warning unknown-property emial: "emial" is not a property of the object with email (near email)`,
			},
		},
		{
			`{"type":"object","properties":{"a":{"type":["string","null"]}},"required":["a"]}`,
			`{"type":"object","properties":{"a":{"type":"string"}}}`,
			nil,
		},
		{
			`{"type":"object","properties":{"a":{},"b":{"type":"string"}},"required":["a"]}`,
			`{"type":"object","properties":{"other":{"type":"string"}},"additionalProperties":false}`,
			[]string{
				`error unknown-property a: "a" is not a property of the object with other`,
				`warning unknown-property b: "b" is not a property of the object with other`,
				`note unknown-property : may have properties that it does not declare, among them other`,
				`note unknown-property : may have properties that the object with other does not allow`,
			},
		},
		{
			`{"type":"object","properties":{"type":{"const":"card"},"no":{"type":"string"}},"required":["type","no"],"additionalProperties":false}`,
			`{"oneOf":[{"type":"object","properties":{"type":{"const":"card"},"no":{"type":"integer"}},"required":["type"]},{"type":"object","properties":{"type":{"const":"cash"}},"required":["type"]}]}`,
			[]string{`error type-mismatch no: is a string, but an integer is expected`},
		},
	}
	for _, test := range tests {
		got := told(Assign(schema(t, test.from), schema(t, test.to)))
		if diff := cmp.Diff(test.want, got); diff != "" {
			t.Errorf("%s\n-> %s: -want +got\n%s", test.from, test.to, diff)
		}
	}
}

func TestAssignConstants(t *testing.T) {
	tests := []struct {
		from any
		to   string
		want []string
	}{
		{map[string]any{"a": 1, "b": "x"}, `{"type":"object","properties":{"a":{"type":"integer"},"b":{"type":"string"}},"required":["a"],"additionalProperties":false}`, nil},
		{map[string]any{"aa": 1}, `{"type":"object","properties":{"a":{"type":"integer"}},"additionalProperties":false}`, []string{`error unknown-property aa: "aa" is not a property of the object with a (near a)`}},
		{1.5, `{"type":"integer"}`, []string{`error lossy-number : is 1.5, but an integer is expected`}},
		{"x", `{"oneOf":[{"type":"string","maxLength":3},{"type":"string","maxLength":5}]}`, []string{`error variant-mismatch : does not satisfy: exactly one of several alternatives that may overlap`}},
		{"abcd", `{"oneOf":[{"type":"string","maxLength":3},{"type":"string","maxLength":5}]}`, nil},
		{"abcd", `{"not":{"const":"abcd"}}`, []string{`error unproven : does not satisfy: not`}},
		{[]any{}, `{"type":"array","items":{"type":"string"}}`, nil},
		{[]any{1}, `{"type":"array","items":{"type":"string"}}`, []string{`error type-mismatch [0]: is 1, but a string is expected`}},
	}
	for _, test := range tests {
		got := told(Assign(Const(test.from), schema(t, test.to)))
		if diff := cmp.Diff(test.want, got); diff != "" {
			t.Errorf("%v -> %s: -want +got\n%s", test.from, test.to, diff)
		}
	}
}
