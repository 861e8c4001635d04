package paging_test

import (
	"os"
	"path/filepath"
	"testing"

	"tenon/spec/openapi"
	"tenon/spec/paging"
)

// BenchmarkInfer is what lint pays for a call of a list: first with its types as they are read from a large document for the
// first time, then again.
func BenchmarkInfer(b *testing.B) {
	for _, c := range []struct{ spec, op string }{
		{"github.json", "GET /repos/{owner}/{repo}/issues"},
		{"stripe.json", "GET /v1/customers"},
		{"kubernetes-v2.json", "GET /api/v1/pods"},
	} {
		src := read(b, c.spec)
		if src == nil {
			continue
		}
		b.Run("warm/"+c.spec, func(b *testing.B) {
			doc := document(b, c.spec)
			q := ask(b, doc, c.op)
			for b.Loop() {
				paging.Infer(q)
			}
		})
		b.Run("cold/"+c.spec, func(b *testing.B) {
			for b.Loop() {
				b.StopTimer()
				doc := load(b, c.spec, src)
				doc.Operations()
				b.StartTimer()
				paging.Infer(ask(b, doc, c.op))
			}
		})
		b.Run("survey/"+c.spec, func(b *testing.B) {
			for b.Loop() {
				b.StopTimer()
				doc := load(b, c.spec, src)
				doc.Operations()
				b.StartTimer()
				paging.Survey(doc)
			}
		})
	}
}

func read(t testing.TB, name string) []byte {
	for _, dir := range []string{"../../testdata/specs", "../../../shared/specs"} {
		if src, err := os.ReadFile(filepath.Join(dir, name)); err == nil {
			return src
		}
	}
	return nil
}

func load(t testing.TB, name string, src []byte) *openapi.Document {
	doc, err := openapi.Load(name, src, openapi.Options{Name: "api"})
	if err != nil {
		t.Fatal(err)
	}
	return doc
}
