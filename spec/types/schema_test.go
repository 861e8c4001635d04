package types

import (
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"testing"
)

// document resolves references within one JSON document.
type document struct{ root any }

func newDocument(t testing.TB, text string) document {
	t.Helper()
	var d document
	decoder := json.NewDecoder(strings.NewReader(text))
	decoder.UseNumber()
	if err := decoder.Decode(&d.root); err != nil {
		t.Fatal(err)
	}
	return d
}

func (d document) Resolve(from Origin, ref string) (Origin, []byte, error) {
	pointer, ok := strings.CutPrefix(ref, "#")
	if !ok {
		return Origin{}, nil, fmt.Errorf("%s is another document", ref)
	}
	at := d.root
	for _, token := range strings.Split(pointer, "/")[1:] {
		m, _ := at.(map[string]any)
		if at, ok = m[token]; !ok {
			return Origin{}, nil, fmt.Errorf("%s is not there", ref)
		}
	}
	raw, err := json.Marshal(at)
	return Origin{Document: from.Document, Pointer: pointer}, raw, err
}

// component returns the type of a component of an OpenAPI 3.0 document, and what it reports.
func component(t testing.TB, text, name string, opt SchemaOptions) (*Type, func() []string) {
	t.Helper()
	d := newDocument(t, text)
	var defects []string
	opt.Defect = func(o Origin, message string) { defects = append(defects, o.Pointer+": "+message) }
	opt.Name = func(o Origin) string { return strings.TrimPrefix(o.Pointer, "/") }
	o, raw, err := d.Resolve(Origin{}, "#/"+name)
	if err != nil {
		t.Fatal(err)
	}
	return FromSchema(d, o, raw, opt), func() []string { return defects }
}

func decode(t testing.TB, text string) any {
	t.Helper()
	v, err := DecodeJSON([]byte(text), Limits{})
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return v
}

func TestSchemaString(t *testing.T) {
	tests := []struct{ schema, want string }{
		{`{}`, "any value"},
		{`{"type":"string"}`, "string"},
		{`{"type":"string","format":"date-time"}`, "string (date-time)"},
		{`{"type":"string","enum":["a","b"]}`, `"a" | "b"`},
		{`{"type":"integer","minimum":0,"maximum":100,"nullable":true}`, "integer 0…100 or null"},
		{`{"type":"array","items":{"type":"string"}}`, "list of string"},
		{`{"properties":{"id":{"type":"string"},"name":{}}}`, "object with id, name"},
		{`{"allOf":[{"properties":{"a":{}}},{"properties":{"b":{}}}]}`, "object with a, b"},
		{`{"anyOf":[{"type":"string","maxLength":5},{"type":"object","properties":{"id":{}}}]}`, "string of at most 5 characters or object with id"},
		{`{"oneOf":[{"type":"integer"},{"type":"boolean"}]}`, "integer or boolean"},
		{`{"format":"int32"}`, "number"},
	}
	for _, test := range tests {
		got := FromSchema(nil, Origin{}, []byte(test.schema), SchemaOptions{Dialect: OpenAPI30})
		if got.String() != test.want {
			t.Errorf("%s is %s, want %s", test.schema, got, test.want)
		}
	}
}

func TestRecursiveSchemaTiesBack(t *testing.T) {
	node, _ := component(t, `{"node":{"type":"object","properties":{"next":{"$ref":"#/node"},"list":{"type":"array","items":{"$ref":"#/node"}}}}}`, "node", SchemaOptions{Dialect: OpenAPI30})
	if got := node.Shape().Objects[0].lookup("next").Type; got != node {
		t.Errorf("next is %p, want the type itself %p", got, node)
	}
	if got := node.Field("list").Type.Elem().Field("next").Type.String(); got != "node" {
		t.Errorf("list[].next is %s", got)
	}
}

func TestSchemaOfItself(t *testing.T) {
	for _, text := range []string{
		`{"x":{"allOf":[{"$ref":"#/x"},{"type":"string"}]}}`,
		`{"x":{"$ref":"#/y"},"y":{"$ref":"#/x"}}`,
		`{"x":{"anyOf":[{"$ref":"#/y"},{"type":"string"}]},"y":{"oneOf":[{"$ref":"#/x"},{"type":"null"}]}}`,
		`{"x":{"not":{"$ref":"#/x"}}}`,
	} {
		x, defects := component(t, text, "x", SchemaOptions{Dialect: OpenAPI31})
		x.Shape()
		x.Contains("a")
		if len(defects()) == 0 && !strings.Contains(text, "not") {
			t.Errorf("%s: no defect", text)
		}
	}
}

func TestTypesAreSafeForConcurrentUse(t *testing.T) {
	var text strings.Builder
	text.WriteString(`{`)
	for i := range 30 {
		fmt.Fprintf(&text, `"c%d":{"allOf":[{"$ref":"#/c%d"},{"type":"object","properties":{"a":{"$ref":"#/c%d"},"s":{"type":"string","pattern":"^a","enum":["a","b"]}}}]},`, i, (i+1)%30, (i*7)%30)
	}
	text.WriteString(`"x":{"properties":{"c":{"$ref":"#/c0"}}}}`)
	d := newDocument(t, text.String())
	cache := new(Cache)
	written := make([]string, 8)
	var group sync.WaitGroup
	for i := range written {
		group.Go(func() {
			o, raw, err := d.Resolve(Origin{}, "#/x")
			if err != nil {
				t.Error(err)
				return
			}
			x := FromSchema(d, o, raw, SchemaOptions{Dialect: OpenAPI31, Cache: cache})
			x.Contains(map[string]any{"c": map[string]any{"s": "a"}})
			Assign(x, Intersect(x, AnyString))
			x.Field("c").Type.Field("a").Type.Shape()
			data, err := x.MarshalJSON()
			if err != nil {
				t.Error(err)
			}
			written[i] = string(data)
		})
	}
	group.Wait()
	for _, w := range written {
		if w != written[0] {
			t.Errorf("a type depends on who looks first:\n%.300s\n%.300s", written[0], w)
		}
	}
}
