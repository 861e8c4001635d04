package types

import "testing"

func TestNarrow(t *testing.T) {
	pet := schema(t, `{"anyOf":[{"type":"object","properties":{"kind":{"const":"cat"},"lives":{"type":"integer"}},"required":["kind"]},
		{"type":"object","properties":{"kind":{"const":"dog"},"name":{"type":["string","null"]}},"required":["kind"]},{"type":"null"}]}`)
	tests := []struct {
		what string
		got  *Type
		want string
	}{
		{"kind is cat", pet.Narrow([]string{"kind"}, Const("cat")), "object with kind, lives"},
		{"kind is not cat", pet.NarrowNot([]string{"kind"}, Const("cat")), "object with kind, name or null"},
		{"kind is not null", pet.NarrowNot([]string{"kind"}, JustNull.With(Absent)), "object with kind, lives or object with kind, name"},
		{"not null", pet.NarrowNot(nil, JustNull.With(Absent)), "object with kind, lives or object with kind, name"},
		{"kind is null or absent", pet.Narrow([]string{"kind"}, JustNull.With(Absent)), "null"},
		{"name where it is there", pet.NarrowNot([]string{"name"}, JustNull.With(Absent)).Field("name").Type, "string"},
		{"enum member", Enum("a", "b", "c").NarrowNot(nil, Enum("a", "c")), `"b"`},
		{"number", Enum(1, 2, 3).NarrowNot(nil, Const(2)), `1 | 3`},
		{"true", AnyBoolean.NarrowNot(nil, Const(true)), `false`},
		{"any string", AnyString.NarrowNot(nil, Const("a")), `string`},
		{"string to constant", AnyString.With(Null).Narrow(nil, Const("a")), `"a"`},
		{"any", Any.Narrow([]string{"a"}, Const("a")), `any value`},
	}
	for _, test := range tests {
		if test.got.String() != test.want {
			t.Errorf("%s: %s, want %s", test.what, test.got, test.want)
		}
	}
}
