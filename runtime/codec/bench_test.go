package codec

import (
	"bytes"
	"encoding/json"
	"fmt"
	"testing"
)

// page is a list of 100 orders with 20 fields each, about 60 KB of JSON.
func page() map[string]any {
	items := make([]any, 100)
	for i := range items {
		order := map[string]any{"id": i, "total": 19.99, "paid": true, "customer": map[string]any{"email": "a@example.com", "name": "Ada Lovelace"}, "note": nil}
		for f := range 15 {
			order[fmt.Sprintf("field_%d", f)] = fmt.Sprintf("the value of field %d", f)
		}
		items[i] = order
	}
	return map[string]any{"data": items, "has_more": true}
}

func BenchmarkEncodeJSON(b *testing.B) {
	v := page()
	b.Run("codec", func(b *testing.B) {
		for b.Loop() {
			content, _, err := EncodeBody("application/json", nil, v)
			if err != nil {
				b.Fatal(err)
			}
			b.SetBytes(int64(len(content)))
		}
	})
	b.Run("encoding/json", func(b *testing.B) {
		for b.Loop() {
			content, err := json.Marshal(v)
			if err != nil {
				b.Fatal(err)
			}
			b.SetBytes(int64(len(content)))
		}
	})
}

func BenchmarkDecodeJSON(b *testing.B) {
	content, _, err := EncodeBody("application/json", nil, page())
	if err != nil {
		b.Fatal(err)
	}
	b.Run("codec", func(b *testing.B) {
		b.SetBytes(int64(len(content)))
		for b.Loop() {
			if _, err := DecodeBody("application/json", bytes.NewReader(content), DecodeOptions{}); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("encoding/json", func(b *testing.B) {
		b.SetBytes(int64(len(content)))
		for b.Loop() {
			var v any
			if err := json.NewDecoder(bytes.NewReader(content)).Decode(&v); err != nil {
				b.Fatal(err)
			}
		}
	})
}

func BenchmarkEncodeParams(b *testing.B) {
	args := []Arg{arg("id", "path", "simple", false, "or_123"), arg("status", "query", "form", true, "paid"),
		arg("limit", "query", "form", true, 100), arg("X-Trace", "header", "simple", false, "abc")}
	for b.Loop() {
		if _, err := EncodeParams("/v1/orders/{id}/lines", args); err != nil {
			b.Fatal(err)
		}
	}
}
