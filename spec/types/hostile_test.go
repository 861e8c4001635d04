package types

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// within fails the test if f takes so long that it must be stuck.
func within(t *testing.T, limit time.Duration, f func()) {
	t.Helper()
	start := time.Now()
	f()
	if took := time.Since(start); took > limit {
		t.Errorf("took %s", took)
	}
}

// pass asks everything there is to ask about a type.
func pass(typ *Type) {
	_ = typ.String() + typ.Phrase()
	typ.Contains(map[string]any{"a": []any{1, "x"}})
	typ.Check(map[string]any{"a": []any{1, "x"}})
	typ.Field("a")
	typ.Elem()
	Assign(Any, typ)
	Assign(typ, Union(typ, AnyString))
	Residue(typ, Intersect(typ, AnyString))
	_, _ = typ.MarshalJSON()
}

func TestHostileSchemas(t *testing.T) {
	deep := func(open, inner, shut string, n int) string {
		return strings.Repeat(open, n) + inner + strings.Repeat(shut, n)
	}
	var mutual strings.Builder
	for i := range 60 {
		fmt.Fprintf(&mutual, `"m%d":{"allOf":[`, i)
		for j := range 60 {
			fmt.Fprintf(&mutual, `{"$ref":"#/m%d"},`, j)
		}
		mutual.WriteString(`{"type":"object"}]},`)
	}
	var chain strings.Builder
	for i := range 20_000 {
		fmt.Fprintf(&chain, `"r%d":{"$ref":"#/r%d"},`, i, i+1)
	}
	var enum []string
	for i := range 100_000 {
		enum = append(enum, fmt.Sprintf(`"v%d"`, i))
	}
	tests := map[string]string{
		"deep items":          `{"x":` + deep(`{"items":`, `{}`, `}`, 3000) + `}`,
		"deep allOf":          `{"x":` + deep(`{"allOf":[`, `{}`, `]}`, 2000) + `}`,
		"deep anyOf":          `{"x":` + deep(`{"anyOf":[{"type":"string"},`, `{"type":"null"}`, `]}`, 2000) + `}`,
		"deep not":            `{"x":` + deep(`{"not":`, `{}`, `}`, 3000) + `}`,
		"all of each other":   `{` + mutual.String() + `"x":{"$ref":"#/m0"}}`,
		"chain of references": `{` + chain.String() + `"r20000":{"type":"string"},"x":{"$ref":"#/r0"}}`,
		"huge enum":           `{"x":{"enum":[` + strings.Join(enum, ",") + `]}}`,
		"doubling":            `{"x":{"properties":{"a":{"anyOf":[{"$ref":"#/x"},{"$ref":"#/y"}]}}},"y":{"required":["b"],"properties":{"a":{"oneOf":[{"$ref":"#/x"},{"$ref":"#/y"}]}}}}`,
		"unfolding":           `{"x":{"properties":{"n":{"allOf":[{"$ref":"#/x"},{"$ref":"#/q"}]}}},"q":{"properties":{"n":{"allOf":[{"$ref":"#/q"},{"properties":{"n":{"$ref":"#/x"}}}]}}}}`,
		"slow pattern":        `{"x":{"type":"string","pattern":"^(?=a)(a+)+$"}}`,
		"numbers":             `{"x":{"type":"number","minimum":-1e9999,"maximum":1e9999,"multipleOf":1e-9999}}`,
		"nonsense":            `{"x":{"type":7,"enum":{},"required":true,"properties":[],"items":3,"minLength":"5","pattern":"(","allOf":{},"format":1,"additionalProperties":"no","discriminator":4,"nullable":"yes"}}`,
	}
	for name, text := range tests {
		t.Run(name, func(t *testing.T) {
			within(t, 20*time.Second, func() {
				x, _ := component(t, text, "x", SchemaOptions{Dialect: OpenAPI31})
				pass(x)
				x.Contains(strings.Repeat("a", 50) + "!")
			})
		})
	}
}

func TestDefects(t *testing.T) {
	tests := []struct{ schema, want, holds, lacks string }{
		{`{"type":"object","properties":{"a":{"type":"string","required":true}}}`, `/properties/a/required: required must be a list of names, beside properties`, `{"a":"x"}`, `{"a":1}`},
		{`{"type":"strin"}`, `/type: "strin" is not a type`, `1`, ``},
		{`{"type":"string","minLength":"2"}`, `/minLength: minLength must be a number, not a string`, `"ab"`, `"a"`},
		{`{"type":"string","pattern":"("}`, `/pattern: the pattern is not a regular expression, so it is not checked`, `"x"`, `1`},
		{`{"type":"integer","enum":["1","2"]}`, `/enum: no member is of the type that the schema gives, so they are not checked`, `3`, `"1"`},
		{`{"type":"object","properties":{"a":{"$ref":"#/nowhere"},"b":{"type":"string"}}}`, `/properties/a: $ref "#/nowhere" leads nowhere: #/nowhere is not there`, `{"a":1,"b":"x"}`, `{"b":1}`},
	}
	for _, test := range tests {
		x, defects := component(t, `{"x":`+test.schema+`}`, "x", SchemaOptions{Dialect: OpenAPI30})
		if !x.Contains(decode(t, test.holds)) {
			t.Errorf("%s lacks %s", test.schema, test.holds)
		}
		if test.lacks != "" && x.Contains(decode(t, test.lacks)) {
			t.Errorf("%s holds %s", test.schema, test.lacks)
		}
		x.Shape()
		if got := defects(); len(got) != 1 || got[0] != "/x"+test.want {
			t.Errorf("%s: defects %q, want %q", test.schema, got, "/x"+test.want)
		}
	}
}
