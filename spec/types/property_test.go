package types

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/santhosh-tekuri/jsonschema/v5"
	"pgregory.net/rapid"
)

// Schemas and values are drawn from few names, words and numbers, so that they meet often.
var (
	someName   = rapid.SampledFrom([]string{"a", "b", "c"})
	someString = rapid.SampledFrom([]string{"", "a", "b", "ab", "äöü", "aaaaaa", "2026-01-02"})
	someNumber = rapid.SampledFrom([]string{"0", "1", "2", "3", "-1", "0.5", "1.5", "10", "1e2", "0.1", "0.12345678901234567890123"})
)

func someScalar(t *rapid.T) any {
	switch rapid.IntRange(0, 4).Draw(t, "scalar") {
	case 0:
		return nil
	case 1:
		return rapid.Bool().Draw(t, "bool")
	case 2:
		return someString.Draw(t, "string")
	}
	return json.Number(someNumber.Draw(t, "number"))
}

// someValue draws a value as text, so that it is read as any other.
func someValue(t *rapid.T, depth int) any {
	if depth == 0 {
		return someScalar(t)
	}
	switch rapid.IntRange(0, 3).Draw(t, "value") {
	case 0:
		list := []any{}
		for range rapid.IntRange(0, 3).Draw(t, "length") {
			list = append(list, someValue(t, depth-1))
		}
		return list
	case 1, 2:
		object := map[string]any{}
		for range rapid.IntRange(0, 3).Draw(t, "size") {
			object[someName.Draw(t, "name")] = someValue(t, depth-1)
		}
		return object
	}
	return someScalar(t)
}

// someSchema draws a JSON Schema 2020-12.
func someSchema(t *rapid.T, depth int) any {
	kind := rapid.SampledFrom([]string{"string", "integer", "number", "object", "object", "array", "null", "boolean", "const", "any", "types", "combined", "combined"}).Draw(t, "kind")
	if depth == 0 && (kind == "object" || kind == "array" || kind == "combined") {
		kind = "string"
	}
	s := map[string]any{}
	maybe := func(name string, value func() any) {
		if rapid.IntRange(0, 3).Draw(t, "has "+name) == 0 {
			s[name] = value()
		}
	}
	small := func() any { return rapid.IntRange(0, 4).Draw(t, "small") }
	number := func() any { return json.Number(someNumber.Draw(t, "bound")) }
	sub := func() any { return someSchema(t, depth-1) }
	subs := func() any {
		list := []any{}
		for range rapid.IntRange(1, 3).Draw(t, "parts") {
			list = append(list, sub())
		}
		return list
	}
	switch kind {
	case "any":
		return rapid.SampledFrom([]any{true, false, map[string]any{}}).Draw(t, "any")
	case "const":
		var values []any
		for range rapid.IntRange(1, 3).Draw(t, "members") {
			values = append(values, someValue(t, min(depth, 1)))
		}
		return map[string]any{"enum": values}
	case "types":
		s["type"] = rapid.SliceOfNDistinct(rapid.SampledFrom([]string{"string", "integer", "number", "object", "array", "null", "boolean"}), 1, 3, rapid.ID).Draw(t, "types")
	case "combined":
		name := rapid.SampledFrom([]string{"allOf", "anyOf", "oneOf", "not", "if"}).Draw(t, "combination")
		switch name {
		case "not":
			s["not"] = sub()
		case "if":
			s["if"], s["then"], s["else"] = sub(), sub(), sub()
		default:
			s[name] = subs()
		}
		maybe("type", func() any { return []string{"object", "string", "null"} })
	default:
		s["type"] = kind
	}
	maybe("minLength", small)
	maybe("maxLength", small)
	maybe("pattern", func() any { return rapid.SampledFrom([]string{"^a", "b$", "^[a-z]*$"}).Draw(t, "pattern") })
	maybe("minimum", number)
	maybe("exclusiveMaximum", number)
	maybe("multipleOf", func() any {
		return json.Number(rapid.SampledFrom([]string{"1", "2", "0.5", "0.1", "1.5"}).Draw(t, "step"))
	})
	if depth == 0 {
		return s
	}
	maybe("minItems", small)
	maybe("maxItems", small)
	maybe("uniqueItems", func() any { return true })
	maybe("items", sub)
	maybe("prefixItems", subs)
	maybe("contains", sub)
	maybe("minProperties", small)
	maybe("maxProperties", small)
	maybe("required", func() any { return rapid.SliceOfNDistinct(someName, 0, 3, rapid.ID).Draw(t, "required") })
	maybe("additionalProperties", sub)
	maybe("patternProperties", func() any { return map[string]any{"^[ab]$": sub()} })
	maybe("propertyNames", sub)
	maybe("dependentRequired", func() any { return map[string]any{"a": []string{"b"}} })
	if rapid.Bool().Draw(t, "has properties") {
		props := map[string]any{}
		for range rapid.IntRange(1, 3).Draw(t, "properties") {
			props[someName.Draw(t, "property")] = sub()
		}
		s["properties"] = props
	}
	return s
}

func drawSchema(t *rapid.T, label string) (*Type, []byte) {
	text, err := json.Marshal(rapid.Custom(func(t *rapid.T) any { return someSchema(t, 2) }).Draw(t, label))
	if err != nil {
		t.Fatal(err)
	}
	return FromSchema(nil, Origin{Document: label}, text, SchemaOptions{}), text
}

func drawValue(t *rapid.T, label string) any {
	text, err := json.Marshal(rapid.Custom(func(t *rapid.T) any { return someValue(t, 2) }).Draw(t, label))
	if err != nil {
		t.Fatal(err)
	}
	v, err := DecodeJSON(text, Limits{})
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func oracle(t *rapid.T, text []byte) *jsonschema.Schema {
	c := jsonschema.NewCompiler()
	c.Draft = jsonschema.Draft2020
	if err := c.AddResource("mem:///x.json", bytes.NewReader(text)); err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	s, err := c.Compile("mem:///x.json")
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return s
}

func TestContainsAgreesWithValidator(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		typ, text := drawSchema(t, "schema")
		o := oracle(t, text)
		for i := range 10 {
			v := drawValue(t, fmt.Sprint("value", i))
			got, err := typ.Contains(v), o.Validate(plainValue(v))
			if got != (err == nil) {
				t.Fatalf("%s holds %v: %v, but the validator says %v", text, v, got, err)
			}
			if told := typ.Check(v); (told == nil) != got {
				t.Fatalf("%s: Check tells %v of %v, but Contains %v", text, told, v, got)
			}
		}
	})
}

func TestWrittenTypeHoldsTheSame(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		typ, text := drawSchema(t, "schema")
		data, err := typ.MarshalJSON()
		if err != nil {
			t.Fatal(err)
		}
		back, err := ParseType(data)
		if err != nil {
			t.Fatalf("%s: %v", data, err)
		}
		for i := range 10 {
			v := drawValue(t, fmt.Sprint("value", i))
			if typ.Contains(v) != back.Contains(v) {
				t.Fatalf("%s\nis written as %s\n%v is in the one only", text, data, v)
			}
		}
		again, err := back.MarshalJSON()
		if err != nil {
			t.Fatal(err)
		}
		third, err := ParseType(again)
		if err != nil {
			t.Fatal(err)
		}
		if last, _ := third.MarshalJSON(); !bytes.Equal(last, again) {
			t.Fatalf("%s\nis written differently again:\n%s", again, last)
		}
	})
}

func TestUnionAndIntersection(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, aText := drawSchema(t, "a")
		b, bText := drawSchema(t, "b")
		for i := range 10 {
			v := drawValue(t, fmt.Sprint("value", i))
			inA, inB := a.Contains(v), b.Contains(v)
			if got := Union(a, b).Contains(v); got != (inA || inB) {
				t.Fatalf("%s | %s: %v is in the union: %v", aText, bText, v, got)
			}
			if got := Intersect(a, b).Contains(v); got != (inA && inB) {
				t.Fatalf("%s & %s: %v is in the intersection: %v", aText, bText, v, got)
			}
			k := kindOf(v)
			if got := a.Without(Null | String).Contains(v); got != (inA && !k.Has(Null|String)) {
				t.Fatalf("%s without null and string: %v is in it: %v", aText, v, got)
			}
		}
	})
}

// empty reports whether v has nothing in it that could be wrong.
func hollow(v any) bool {
	switch v := v.(type) {
	case nil:
		return true
	case []any:
		for _, e := range v {
			if !hollow(e) {
				return false
			}
		}
		return true
	case map[string]any:
		for _, e := range v {
			if !hollow(e) {
				return false
			}
		}
		return true
	}
	return false
}

func TestAssignKeepsItsWord(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		from, fromText := drawSchema(t, "from")
		to, toText := drawSchema(t, "to")
		if rapid.Bool().Draw(t, "narrower") {
			from = Intersect(from, to)
		}
		verdict := VerdictOf(Assign(from, to))
		residue := Residue(from, to)
		for i := range 10 {
			v := drawValue(t, fmt.Sprint("value", i))
			if !from.Contains(v) {
				continue
			}
			sent := to.Conform(v)
			fits := to.Contains(sent)
			if verdict == Proven && !fits {
				t.Fatalf("%v is proven to fit, but %v: %s -> %s", v, to.Check(sent), fromText, toText)
			}
			if verdict == Wrong && fits && !containsHollow(v) {
				t.Fatalf("%v fits, but %v: %s -> %s", v, told(Assign(from, to)), fromText, toText)
			}
			if passes := residue == nil || residue.Contains(sent); passes != fits {
				t.Fatalf("%v fits %v, but its residue says %v: %s -> %s", v, fits, passes, fromText, toText)
			}
		}
	})
}

// containsHollow reports whether v has a part that fits where its type does not: an empty list or object.
func containsHollow(v any) bool {
	switch v := v.(type) {
	case []any:
		for _, e := range v {
			if containsHollow(e) {
				return true
			}
		}
		return hollow(v)
	case map[string]any:
		for _, e := range v {
			if containsHollow(e) {
				return true
			}
		}
		return hollow(v)
	}
	return v == nil
}

func TestAssignIsReflexiveAndTransitive(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, aText := drawSchema(t, "a")
		same := FromSchema(nil, Origin{Document: "again"}, aText, SchemaOptions{})
		if ps := Assign(a, same); ps != nil && !strings.Contains(string(aText), "not") && len(a.Shape().Opaque) == 0 && !opaqueInside(a, 5) && !unstated(a, 5) {
			t.Fatalf("%s does not fit itself: %v", aText, told(ps))
		}
		b, bText := drawSchema(t, "b")
		c, cText := drawSchema(t, "c")
		ab, bc := Union(a, b), Union(a, b, c)
		if Assign(a, ab) == nil && Assign(ab, bc) == nil && VerdictOf(Assign(a, bc)) == Wrong {
			t.Fatalf("%s, %s, %s: not transitive", aText, bText, cText)
		}
	})
}

// opaqueInside reports whether conditions without normal form are in t, which nothing can prove.
func opaqueInside(t *Type, depth int) bool {
	s := t.Shape()
	if depth == 0 || len(s.Opaque) > 0 {
		return true
	}
	found := false
	s.each(func(part *Type) { found = found || opaqueInside(part, depth-1) })
	return found
}

// unstated reports whether t has objects with constraints on properties that it does not declare.
func unstated(t *Type, depth int) bool {
	return false
}

func TestNarrowKeepsItsWord(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		typ, text := drawSchema(t, "schema")
		to := Const(someScalar2(t))
		path := []string{someName.Draw(t, "path")}
		yes, no := typ.Narrow(path, to), typ.NarrowNot(path, to)
		for i := range 10 {
			v := drawValue(t, fmt.Sprint("value", i))
			if !typ.Contains(v) {
				continue
			}
			holds := to.Contains(Get(v, path[0]))
			if holds && !yes.Contains(v) && !silent(typ, path[0]) {
				t.Fatalf("%s narrowed to %s at %s lacks %v", text, to, path, v)
			}
			if !holds && !no.Contains(v) && !silent(typ, path[0]) {
				t.Fatalf("%s narrowed to not %s at %s lacks %v", text, to, path, v)
			}
		}
	})
}

// silent reports whether an alternative of t says nothing about a property that another declares; then
// narrowing takes it not to have it.
func silent(t *Type, name string) bool {
	s := t.Shape()
	for _, f := range s.Objects {
		if _, _, found := f.field(name); found == Undeclared && s.declares(name) {
			return true
		}
	}
	return false
}

func someScalar2(t *rapid.T) any {
	text, _ := json.Marshal(someScalar(t))
	v, _ := DecodeJSON(text, Limits{})
	return v
}

func TestJSONRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		v := drawValue(t, "value")
		data, err := AppendJSON(nil, v)
		if err != nil {
			t.Fatal(err)
		}
		back, err := DecodeJSON(data, Limits{})
		if err != nil || !Equal(v, back) {
			t.Fatalf("%v is written as %s and read as %v, %v", v, data, back, err)
		}
	})
}

func FuzzDecodeJSON(f *testing.F) {
	for _, s := range []string{`{"a":[1,2.5,"x",null,true]}`, `1e400`, `-0.0`, `"\ud83d\ude00"`, `{"a":1,"a":2}`, `[[[`, `123456789012345678901234567890`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		v, err := DecodeJSON(data, Limits{})
		var reference any
		d := json.NewDecoder(bytes.NewReader(data))
		d.UseNumber()
		if err != nil {
			return
		}
		if d.Decode(&reference) != nil {
			t.Fatalf("%q is taken, but it is not JSON", data)
		}
		text, err := AppendJSON(nil, v)
		if err != nil {
			t.Fatal(err)
		}
		back, err := DecodeJSON(text, Limits{})
		if err != nil || !Equal(v, back) {
			t.Fatalf("%q came back as %q: %v", data, text, err)
		}
	})
}

func FuzzSchema(f *testing.F) {
	f.Add([]byte(`{"type":"object","properties":{"a":{"$ref":"#"}},"required":["a"]}`), []byte(`{"a":1}`))
	f.Add([]byte(`{"oneOf":[{"$ref":"#"},{"not":{"$ref":"#"}}],"nullable":true}`), []byte(`null`))
	f.Add([]byte(`{"anyOf":[{"items":{"$ref":"#"}},{"multipleOf":0.01}],"discriminator":{"propertyName":"x"}}`), []byte(`[1]`))
	f.Add([]byte(`{"allOf":[{"properties":{"n":{"$ref":"#"}}},{"properties":{"n":{"$ref":"#"}}}],"additionalProperties":{"$ref":"#"}}`), []byte(`{"n":{}}`))
	f.Fuzz(func(t *testing.T, schema, value []byte) {
		v, err := DecodeJSON(value, Limits{})
		if err != nil || !json.Valid(schema) {
			return
		}
		start := time.Now()
		for d := Draft2020; d <= own; d++ {
			root := rootOnly(schema)
			typ := FromSchema(root, Origin{}, schema, SchemaOptions{Dialect: d, Direction: Direction(d % 3), Defect: func(Origin, string) {}})
			in := typ.Contains(v)
			if (typ.Check(v) == nil) != in {
				t.Fatalf("%s: Check and Contains disagree about %s", schema, value)
			}
			Assign(typ, typ)
			Assign(Const(v), typ)
			Residue(Any, typ)
			_ = typ.String() + typ.Phrase()
			typ.Field("a").Type.Shape()
			data, err := typ.MarshalJSON()
			if err != nil {
				continue
			}
			if _, err := ParseType(data); err != nil {
				t.Fatalf("%s is written as %s: %v", schema, data, err)
			}
		}
		if time.Since(start) > 5*time.Second {
			t.Fatalf("%s took %s", schema, time.Since(start))
		}
	})
}

// rootOnly resolves "#".
type rootOnly []byte

func (r rootOnly) Resolve(_ Origin, ref string) (Origin, []byte, error) {
	if ref != "#" {
		return Origin{}, nil, fmt.Errorf("no %s", ref)
	}
	return Origin{}, r, nil
}

func FuzzParseType(f *testing.F) {
	f.Add([]byte(`{"$ref":"#/$defs/a","$defs":{"a":{"title":"a","type":"object","properties":{"x":{"$ref":"#/$defs/a"}}}}}`))
	f.Add([]byte(`{"anyOf":[{"x-tenon-kinds":["absent"]},{"enum":[]}],"allOf":[{"oneOf":[{}],"x-tenon-why":"x"}]}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		typ, err := ParseType(data)
		if err != nil {
			return
		}
		typ.Contains(map[string]any{"x": []any{1}})
		if out, err := typ.MarshalJSON(); err == nil && !json.Valid(out) {
			t.Fatalf("%s is written as %s", data, out)
		}
	})
}
