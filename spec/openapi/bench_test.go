package openapi

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
)

// large makes a document of about the given size in bytes: many operations and schemas, with the
// documentation that takes up most of real documents.
func large(size int) []byte {
	var paths, schemas strings.Builder
	prose := strings.Repeat("Some words about what this is for, as documents have them. ", 8)
	for i := 0; paths.Len()+schemas.Len() < size; i++ {
		if i > 0 {
			paths.WriteString(",\n")
			schemas.WriteString(",\n")
		}
		fmt.Fprintf(&paths, `    "/things%d/{id}": {
      "parameters": [{"name": "id", "in": "path", "required": true, "schema": {"type": "string"}}],
      "get": {
        "operationId": "getThing%d",
        "description": %q,
        "parameters": [{"name": "page", "in": "query", "schema": {"type": "integer", "minimum": 1}}],
        "responses": {
          "200": {"description": "The thing", "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Thing%d"}, "example": {"id": "1", "text": %q}}}},
          "404": {"description": "No such thing"}
        }
      }
    }`, i, i, prose, i, prose)
		fmt.Fprintf(&schemas, `      "Thing%d": {
        "type": "object", "description": %q, "required": ["id"],
        "properties": {
          "id": {"type": "string", "maxLength": 40},
          "text": {"type": "string", "nullable": true},
          "parent": {"$ref": "#/components/schemas/Thing%d"},
          "kind": {"type": "string", "enum": ["small", "large"]}
        }
      }`, i, prose, i/2)
	}
	return []byte("{\n  \"openapi\": \"3.0.3\",\n  \"info\": {\"title\": \"Large\", \"version\": \"1\"},\n  \"paths\": {\n" +
		paths.String() + "\n  },\n  \"components\": {\n    \"schemas\": {\n" + schemas.String() + "\n    }\n  }\n}\n")
}

// typeFive does what linting a project of five steps needs of a document.
func typeFive(b testing.TB, src []byte, cache Cache) {
	d, err := Load("large.json", src, Options{Name: "api", Cache: cache})
	if err != nil {
		b.Fatal(err)
	}
	names := d.Operations()
	for i := range 5 {
		op, err := d.Operation(names[i*len(names)/5].Key())
		if err != nil {
			b.Fatal(err)
		}
		newWalker(200).look(op, 4)
	}
}

func benchmark(b *testing.B, src []byte) {
	b.Run("tenon/cold", func(b *testing.B) {
		b.SetBytes(int64(len(src)))
		for b.Loop() {
			typeFive(b, src, memory{})
		}
	})
	b.Run("tenon/warm", func(b *testing.B) {
		cache := memory{}
		typeFive(b, src, cache)
		b.SetBytes(int64(len(src)))
		for b.Loop() {
			typeFive(b, src, cache)
		}
	})
	b.Run("kin/full", func(b *testing.B) {
		b.SetBytes(int64(len(src)))
		for b.Loop() {
			if _, err := openapi3.NewLoader().LoadFromData(src); err != nil {
				b.Fatal(err)
			}
		}
	})
}

// Loading and typing five operations of a document of 20 MB, against a full load by kin-openapi.
func BenchmarkLarge(b *testing.B) { benchmark(b, large(20<<20)) }

// The same of GitHub's document, where it is there.
func BenchmarkGitHub(b *testing.B) {
	for _, dir := range shared {
		if src, err := os.ReadFile(filepath.Join(filepath.FromSlash(dir), "github.json")); err == nil {
			benchmark(b, src)
			return
		}
	}
	b.Skip("github.json is not there")
}

// BenchmarkOverlay is BenchmarkLarge's document without and with an overlay: what that costs the first
// time, and from the cache.
func BenchmarkOverlay(b *testing.B) {
	src, name := large(13<<20), "large.json"
	for _, dir := range shared {
		if github, err := os.ReadFile(filepath.Join(filepath.FromSlash(dir), "github.json")); err == nil {
			src, name = github, "github.json"
		}
	}
	overlay := OverlayFile{Name: "o.yaml", Src: []byte(`overlay: 1.0.0
info: {title: Bench, version: "1"}
actions:
  - {target: $, update: {x-tenon-rate-limit: {rate: 5000/1h}}}
  - {target: '$.paths.*.get.parameters[?@.name=="page"]', update: {x-a: 1}}
  - {target: '$.components.schemas.*', update: {x-b: 2}}
`)}
	load := func(cache Cache, overlays ...OverlayFile) {
		d, err := Load(name, src, Options{Name: "api", Cache: cache, Overlays: overlays})
		if err != nil {
			b.Fatal(err)
		}
		names := d.Operations()
		if _, err := d.Operation(names[len(names)/2].Key()); err != nil {
			b.Fatal(err)
		}
	}
	for _, c := range []struct {
		name     string
		overlays []OverlayFile
	}{{"none", nil}, {"one", []OverlayFile{overlay}}} {
		b.Run("cold/"+c.name, func(b *testing.B) {
			for b.Loop() {
				load(memory{}, c.overlays...)
			}
		})
		b.Run("warm/"+c.name, func(b *testing.B) {
			cache := memory{}
			load(cache, c.overlays...)
			for b.Loop() {
				load(cache, c.overlays...)
			}
		})
	}
}

func BenchmarkYAML(b *testing.B) {
	src, err := os.ReadFile(filepath.FromSlash("../../testdata/specs/figma.yaml"))
	if err != nil {
		b.Fatal(err)
	}
	b.Run("cold", func(b *testing.B) {
		b.SetBytes(int64(len(src)))
		for b.Loop() {
			typeFive(b, src, nil)
		}
	})
	b.Run("warm", func(b *testing.B) {
		cache := memory{}
		typeFive(b, src, cache)
		b.SetBytes(int64(len(src)))
		for b.Loop() {
			typeFive(b, src, cache)
		}
	})
}
