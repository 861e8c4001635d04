package openapi

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"tenon/spec/types"
)

const overlaid = `openapi: 3.0.3
info: {title: Shop, version: "1"}
paths:
  /orders:
    get:
      operationId: listOrders
      tags: [a, b]
      parameters:
        - {name: page, in: query, schema: {type: integer}}
        - {name: per_page, in: query, schema: {type: integer, maximum: 50}}
      responses:
        "200": {description: ok}
    post:
      operationId: createOrder
  /items:
    get:
      operationId: listItems
components:
  schemas:
    Order:
      type: object
      required: [id]
      properties:
        id: {type: string}
        note: {type: string}
`

// under puts actions, written in YAML, into an overlay.
func under(version, actions string) OverlayFile {
	return OverlayFile{Name: "overlays/shop.yaml", Src: []byte("overlay: " + version + "\ninfo: {title: T, version: \"1\"}\nactions:\n" + actions)}
}

func laid(t *testing.T, name, src string, overlays ...OverlayFile) *Document {
	t.Helper()
	d, err := Load(name, []byte(src), Options{Overlays: overlays})
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// at is the JSON that a place of the amended document holds.
func at(t *testing.T, d *Document, pointer string) string {
	t.Helper()
	f, ok := d.main.find(pointer)
	if !ok {
		return ""
	}
	var v any
	if err := json.Unmarshal(f.raw(), &v); err != nil {
		t.Fatalf("%s: %v in %s", pointer, err, f.raw())
	}
	out, _ := json.Marshal(v)
	return string(out)
}

func problems(d *Document) string {
	var out []string
	for _, o := range d.Overlays() {
		for _, p := range o.Problems {
			place := d.Files()[p.Range.File].Position(p.Range.Start)
			out = append(out, fmt.Sprintf("%s:%d:%d %s", p.Range.File, place.Line, place.Column, p.Message))
		}
	}
	return strings.Join(out, "\n")
}

func TestOverlayActions(t *testing.T) {
	for _, c := range []struct{ name, version, actions, pointer, want string }{
		{"merge", "1.0.0", `- {target: '$.paths["/orders"].get', update: {deprecated: true, operationId: all}}`, "/paths/~1orders/get/operationId", `"all"`},
		{"merge keeps", "1.0.0", `- {target: '$.components.schemas.Order', update: {properties: {note: {maxLength: 9}, at: {type: string}}}}`,
			"/components/schemas/Order/properties", `{"at":{"type":"string"},"id":{"type":"string"},"note":{"maxLength":9,"type":"string"}}`},
		{"lists grow", "1.0.0", `- {target: '$.components.schemas.Order', update: {required: [note]}}`, "/components/schemas/Order/required", `["id","note"]`},
		{"append", "1.0.0", `- {target: '$.paths["/orders"].get.tags', update: c}`, "/paths/~1orders/get/tags", `["a","b","c"]`},
		{"concatenate", "1.1.0", `- {target: '$.paths["/orders"].get.tags', update: [c, d]}`, "/paths/~1orders/get/tags", `["a","b","c","d"]`},
		{"replace a scalar", "1.1.0", `- {target: '$.info.title', update: Store}`, "/info", `{"title":"Store","version":"1"}`},
		{"another kind in 1.0", "1.0.0", `- {target: '$.components.schemas.Order.properties.note', update: {type: [string, "null"]}}`,
			"/components/schemas/Order/properties/note", `{"type":["string","null"]}`},
		{"remove a member", "1.0.0", `- {target: '$.components.schemas.Order.properties.note', remove: true}`, "/components/schemas/Order/properties", `{"id":{"type":"string"}}`},
		{"remove the first", "1.0.0", `- {target: '$.components.schemas.Order.properties.id', remove: true}`, "/components/schemas/Order/properties", `{"note":{"type":"string"}}`},
		{"remove an element", "1.0.0", `- {target: '$..parameters[?@.name=="page"]', remove: true}`, "/paths/~1orders/get/parameters",
			`[{"in":"query","name":"per_page","schema":{"maximum":50,"type":"integer"}}]`},
		{"remove all", "1.0.0", `- {target: '$.paths["/orders"].get.tags[*]', remove: true}`, "/paths/~1orders/get/tags", `[]`},
		{"filter", "1.0.0", `- {target: '$.paths.*.get.parameters[?@.name=="per_page"].schema', update: {maximum: 100}}`, "/paths/~1orders/get/parameters/1/schema", `{"maximum":100,"type":"integer"}`},
		{"filter by pattern", "1.0.0", `- {target: '$.paths[?match(@.post.operationId, "create.*")].post', update: {summary: s}}`, "/paths/~1orders/post", `{"operationId":"createOrder","summary":"s"}`},
		{"filter with the root", "1.0.0", `- {target: '$.paths["/orders"].get.parameters[?@.name != $.info.title]', update: {x-a: 1}}`, "/paths/~1orders/get/parameters/0/x-a", `1`},
		{"slice", "1.1.0", `- {target: '$.paths["/orders"].get.tags[-1:]', update: z}`, "/paths/~1orders/get/tags", `["a","z"]`},
		{"every operation", "1.0.0", `- {target: '$.paths[*][*]', update: {x-a: 1}}`, "/paths/~1items/get", `{"operationId":"listItems","x-a":1}`},
		{"descendants", "1.0.0", `- {target: '$.components..[?@.type=="string"]', update: {maxLength: 3}}`, "/components/schemas/Order/properties/id", `{"maxLength":3,"type":"string"}`},
		{"in order", "1.0.0", "- {target: $.info, update: {x-a: {b: 1}}}\n- {target: '$.info[\"x-a\"]', update: {b: 2, c: 3}}", "/info/x-a", `{"b":2,"c":3}`},
		{"remove and make again", "1.0.0", "- {target: '$.paths[\"/items\"]', remove: true}\n- {target: $.paths, update: {/items: {put: {operationId: p}}}}", "/paths/~1items", `{"put":{"operationId":"p"}}`},
		{"the root", "1.0.0", `- {target: $, update: {servers: [{url: "https://a.example"}]}}`, "/servers", `[{"url":"https://a.example"}]`},
		{"copy", "1.1.0", "- {target: $.paths, update: {/old: {}}}\n- {target: '$.paths[\"/old\"]', copy: '$.paths[\"/items\"]'}\n- {target: '$.paths[\"/old\"].get', update: {deprecated: true}}",
			"/paths/~1old", `{"get":{"deprecated":true,"operationId":"listItems"}}`},
		{"copy leaves the source", "1.1.0", "- {target: $.paths, update: {/old: {}}}\n- {target: '$.paths[\"/old\"]', copy: '$.paths[\"/items\"]'}\n- {target: '$.paths[\"/old\"].get', update: {deprecated: true}}",
			"/paths/~1items", `{"get":{"operationId":"listItems"}}`},
		{"same target twice", "1.0.0", `- {target: '$.paths["/orders"].get.tags[0,0]', remove: true}`, "/paths/~1orders/get/tags", `["b"]`},
	} {
		for _, spec := range []string{overlaid, asJSON(t, overlaid)} {
			d := laid(t, "openapi/shop.yaml", spec, under(c.version, c.actions))
			if p := problems(d); p != "" {
				t.Errorf("%s: %s", c.name, p)
			}
			if got := at(t, d, c.pointer); got != c.want {
				t.Errorf("%s: got %s, want %s\n%s", c.name, got, c.want, d.main.json)
			}
		}
	}
}

// asJSON writes YAML as JSON.
func asJSON(t *testing.T, src string) string {
	t.Helper()
	out, f := fromYAML([]byte(src))
	if f != nil {
		t.Fatal(f.message)
	}
	var v any
	if err := json.Unmarshal(out, &v); err != nil {
		t.Fatal(err)
	}
	out, _ = json.MarshalIndent(v, "", "  ")
	return string(out)
}

func TestOverlayProblems(t *testing.T) {
	for _, c := range []struct{ name, overlay, want string }{
		{"unmatched", "overlay: 1.0.0\ninfo: {title: T, version: \"1\"}\nactions:\n  - target: $.paths[\"/nothing\"]\n    remove: true\n", `o.yaml:4:5 The target $.paths["/nothing"] selects nothing`},
		{"no overlay", "a: 1\n", "o.yaml:1:1 This is no OpenAPI Overlay: it does not say overlay: 1.0.0"},
		{"a spec", "openapi: 3.0.3\n", "belongs to spec"},
		{"version", "overlay: 2.0.0\n", `o.yaml:1:1 The overlay is of version "2.0.0"`},
		{"no actions", "overlay: 1.0.0\ninfo: {title: T, version: \"1\"}\n", "needs actions"},
		{"no title", "overlay: 1.0.0\ninfo: {version: \"1\"}\nactions: [{target: $.info, update: {}}]\n", "o.yaml:2:1 The overlay's info needs a title"},
		{"not YAML", "overlay: [\n", "o.yaml:"},
		{"HTML", "<!DOCTYPE html>", "is an HTML page, not an overlay"},
		{"empty", "", "is empty"},
		{"misspelt", "overlay: 1.0.0\ninfo: {title: T, version: \"1\"}\nactions:\n  - traget: $.info\n    update: {}\n", `o.yaml:4:5 "traget" is no member of an action; did it mean target?`},
		{"bad path", "overlay: 1.0.0\ninfo: {title: T, version: \"1\"}\nactions:\n  - target: $.paths./orders\n    remove: true\n", `is no JSONPath as RFC 9535 has it`},
		{"nothing to do", "overlay: 1.0.0\ninfo: {title: T, version: \"1\"}\nactions:\n  - target: $.info\n", "neither update nor remove"},
		{"kinds", "overlay: 1.1.0\ninfo: {title: T, version: \"1\"}\nactions:\n  - target: $.info\n    update: {title: [a]}\n", `"title" is a string in the document, which cannot be merged with a list`},
		{"target's kind", "overlay: 1.0.0\ninfo: {title: T, version: \"1\"}\nactions:\n  - target: $.info\n    update: text\n", "The target is an object, which cannot be updated with a string"},
		{"root removed", "overlay: 1.0.0\ninfo: {title: T, version: \"1\"}\nactions:\n  - target: $\n    remove: true\n", "The document itself cannot be removed"},
		{"extension", "overlay: 1.0.0\ninfo: {title: T, version: \"1\"}\nactions:\n  - target: $.info\n    update:\n      x-tenon-ratelimit: {}\n", "o.yaml:6:7 x-tenon-ratelimit is no extension that Tenon knows; did it mean x-tenon-rate-limit?"},
		{"copy in 1.0", "overlay: 1.0.0\ninfo: {title: T, version: \"1\"}\nactions:\n  - target: $.info\n    copy: $.info\n", "since version 1.1"},
		{"copy of two", "overlay: 1.1.0\ninfo: {title: T, version: \"1\"}\nactions:\n  - target: $.info\n    copy: $.paths.*\n", "must select exactly one value to copy, but selects 2"},
		{"actions of another kind", "overlay: 1.0.0\ninfo: {title: T, version: \"1\"}\nactions: {}\n", "must be a list, not an object"},
	} {
		d := laid(t, "shop.yaml", overlaid, OverlayFile{Name: "o.yaml", Src: []byte(c.overlay)})
		if got := problems(d); !strings.Contains(got, c.want) {
			t.Errorf("%s: got %q, want %q", c.name, got, c.want)
		}
		if d.Renew().Overlays()[0].Problems == nil {
			t.Errorf("%s: forgotten", c.name)
		}
	}
}

// TestOverlayPlaces: what an overlay brings is found in the overlay, all else where it was.
func TestOverlayPlaces(t *testing.T) {
	actions := `  - target: $.components.schemas.Order
    update:
      properties:
        note:
          maxLength: 9
        at:
          type: string
  - target: $.paths["/orders"].get.parameters[?@.name=="page"]
    remove: true
  - target: $.info.title
    update: Store
`
	for name, spec := range map[string]string{"shop.yaml": overlaid, "shop.json": asJSON(t, overlaid)} {
		d := laid(t, name, spec, under("1.0.0", actions))
		plain := laid(t, name, spec)
		text := func(d *Document, pointer string) string {
			r := d.Locate(plainOrigin(name, pointer))
			f := d.Files()[r.File]
			p := f.Position(r.Start)
			return fmt.Sprintf("%s:%d:%d %s", r.File, p.Line, p.Column, f.Src[r.Start:r.End])
		}
		for pointer, want := range map[string]string{
			"/components/schemas/Order/properties/note/maxLength": "overlays/shop.yaml:8:11 maxLength",
			"/components/schemas/Order/properties/at":             "overlays/shop.yaml:9:9 at",
			"/info/title": "overlays/shop.yaml:14:13 Store",
		} {
			if got := text(d, pointer); got != want {
				t.Errorf("%s%s: got %s, want %s", name, pointer, got, want)
			}
		}
		for _, pointer := range []string{"", "/openapi", "/paths", "/paths/~1orders", "/paths/~1orders/get/responses/200", "/paths/~1items/get/operationId",
			"/components/schemas/Order", "/components/schemas/Order/required", "/components/schemas/Order/required/0", "/components/schemas/Order/properties/note/type", "/components/schemas/Order/properties/id"} {
			if got, want := text(d, pointer), text(plain, pointer); got != want {
				t.Errorf("%s%s: got %s, want %s", name, pointer, got, want)
			}
		}
		if got, want := text(d, "/paths/~1orders/get/parameters/0/name"), text(plain, "/paths/~1orders/get/parameters/1/name"); got != want {
			t.Errorf("%s: after a removal: got %s, want %s", name, got, want)
		}
	}
}

func TestOverlaysOneAfterTheOther(t *testing.T) {
	first := OverlayFile{Name: "a.json", Src: []byte(`{"overlay": "1.0.0", "info": {"title": "A", "version": "1"}, "actions": [{"target": "$.info", "update": {"x-a": {"b": 1}}}]}`)}
	second := OverlayFile{Name: "b.yaml", Src: []byte("overlay: 1.0.0\ninfo: {title: B, version: '1'}\nactions:\n- {target: '$.info[\"x-a\"]', update: {b: 2}}\n")}
	d := laid(t, "shop.yaml", overlaid, first, second)
	if got := at(t, d, "/info/x-a"); got != `{"b":2}` || problems(d) != "" {
		t.Errorf("got %s, %s", got, problems(d))
	}
	d = laid(t, "shop.yaml", overlaid, second, first)
	if got := at(t, d, "/info/x-a"); got != `{"b":1}` || !strings.Contains(problems(d), "b.yaml:4:4 The target $.info[\"x-a\"] selects nothing") {
		t.Errorf("got %s, %s", got, problems(d))
	}
	if r := d.Locate(plainOrigin("shop.yaml", "/info/x-a/b")); r.File != "a.json" {
		t.Errorf("located in %s", r.File)
	}
}

// TestOverlayCache: what comes from the cache is what was made, places and problems too; damage is noticed.
func TestOverlayCache(t *testing.T) {
	var many strings.Builder
	many.WriteString("openapi: 3.0.3\ninfo: {title: T, version: '1'}\npaths:\n")
	for i := range 12_000 {
		fmt.Fprintf(&many, "  /p%d:\n    get: {operationId: op%d, summary: \"%s\"}\n", i, i, strings.Repeat("x", 40))
	}
	overlay := under("1.0.0", "  - {target: '$.paths.*.get', update: {deprecated: true}}\n  - {target: $.nothing, remove: true}\n")
	for name, spec := range map[string]string{"big.yaml": many.String(), "big.json": asJSON(t, many.String())} {
		cache := mapCache{}
		load := func() *Document {
			d, err := Load(name, []byte(spec), Options{Overlays: []OverlayFile{overlay}, Cache: cache})
			if err != nil {
				t.Fatal(err)
			}
			return d
		}
		cold := load()
		key := amendedKey(cold.Digest, cold.Overlays())
		if cache[key] == nil {
			t.Fatal("nothing was kept")
		}
		for _, spoil := range []func(){func() {}, func() { cache[key] = cache[key][:len(cache[key])-1] }, func() { cache[key][len(cache[key])/2] ^= 1 }} {
			spoil()
			warm := load()
			if string(warm.main.json) != string(cold.main.json) || !reflect.DeepEqual(warm.main.pieces, cold.main.pieces) || problems(warm) != problems(cold) {
				t.Errorf("%s: another document than before", name)
			}
			op, err := warm.Operation("op77")
			if err != nil || !op.Deprecated {
				t.Errorf("%s: %v, %v", name, op, err)
			}
			if r := warm.Locate(plainOrigin(name, "/paths/~1p77/get/deprecated")); r.File != "overlays/shop.yaml" {
				t.Errorf("%s: located in %s", name, r.File)
			}
		}
	}
}

type mapCache map[string][]byte

func (m mapCache) Get(key string) ([]byte, bool) { data, ok := m[key]; return data, ok }
func (m mapCache) Put(key string, data []byte)   { m[key] = data }

func plainOrigin(file, pointer string) types.Origin {
	return types.Origin{Document: file, Pointer: pointer}
}
