package types

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
)

// orders is an answer of a list operation: 1,000 records of 20 fields, 630 KB.
func orders() []byte {
	var b strings.Builder
	b.WriteString(`{"data":[`)
	for i := range 1000 {
		if i > 0 {
			b.WriteByte(',')
		}
		fmt.Fprintf(&b, `{"id":"ord_%06d","object":"order","number":%d,"total":%d.%02d,"currency":"eur","status":"paid","paid":true,"email":"customer%d@example.com","created_at":"2026-01-02T03:04:05Z","updated_at":"2026-01-02T03:04:05.678Z","note":null,"tags":["a","b","c"],"customer":{"id":"cus_%06d","name":"Some Name","city":"Köln"},"lines":[{"sku":"A-%d","quantity":2,"price":9.99},{"sku":"B-%d","quantity":1,"price":100}],"url":"https://example.com/orders/%d","weight":12.5,"country":"DE","discount":0,"metadata":{"k":"v","channel":"web"},"version":%d}`, i, i, i, i%100, i, i, i, i, i, i)
	}
	b.WriteString(`],"has_more":false}`)
	return []byte(b.String())
}

const orderList = `{"type":"object","required":["data"],"properties":{"has_more":{"type":"boolean"},"data":{"type":"array","items":{"type":"object","required":["id","number","total"],"properties":{
	"id":{"type":"string","maxLength":50},"object":{"enum":["order"]},"number":{"type":"integer","minimum":0},"total":{"type":"number","minimum":0,"multipleOf":0.01},"currency":{"type":"string","minLength":3,"maxLength":3},
	"status":{"enum":["open","paid","void"]},"paid":{"type":"boolean"},"email":{"type":"string","format":"email"},"created_at":{"type":"string","format":"date-time"},"updated_at":{"type":"string","format":"date-time"},
	"note":{"type":["string","null"]},"tags":{"type":"array","items":{"type":"string"}},"customer":{"type":"object","required":["id"],"properties":{"id":{"type":"string","pattern":"^cus_"},"name":{"type":"string"},"city":{"type":"string"}}},
	"lines":{"type":"array","minItems":1,"items":{"type":"object","required":["sku","quantity"],"properties":{"sku":{"type":"string"},"quantity":{"type":"integer"},"price":{"type":"number"}}}},
	"url":{"type":"string","format":"uri"},"weight":{"type":"number"},"country":{"type":"string"},"discount":{"type":"number"},"metadata":{"type":"object","additionalProperties":{"type":"string"}},"version":{"type":"integer"}}}}}}`

func BenchmarkDecode(b *testing.B) {
	data := orders()
	b.Run("tenon", func(b *testing.B) {
		b.SetBytes(int64(len(data)))
		b.ReportAllocs()
		for b.Loop() {
			if _, err := DecodeJSON(data, Limits{}); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("encoding-json", func(b *testing.B) {
		b.SetBytes(int64(len(data)))
		b.ReportAllocs()
		for b.Loop() {
			var v any
			if err := json.Unmarshal(data, &v); err != nil {
				b.Fatal(err)
			}
		}
	})
}

func BenchmarkEncode(b *testing.B) {
	v := decode(b, string(orders()))
	b.Run("tenon", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := AppendJSON(nil, v); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("encoding-json", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := json.Marshal(v); err != nil {
				b.Fatal(err)
			}
		}
	})
}

func BenchmarkCheck(b *testing.B) {
	v, t := decode(b, string(orders())), schema(b, orderList)
	if told := t.Check(v); told != nil {
		b.Fatal(told)
	}
	b.ReportAllocs()
	for b.Loop() {
		t.Check(v)
	}
}

func BenchmarkConform(b *testing.B) {
	v, t := decode(b, string(orders())), schema(b, orderList)
	b.ReportAllocs()
	for b.Loop() {
		t.Conform(v)
	}
}

// BenchmarkAssign compares two types of 500 components that all refer to each other.
func BenchmarkAssign(b *testing.B) {
	text := func(tweak string) string {
		var s strings.Builder
		s.WriteString(`{`)
		for i := range 500 {
			if i > 0 {
				s.WriteByte(',')
			}
			fmt.Fprintf(&s, `"c%d":{"type":"object","required":["id"],"properties":{"id":{"type":"string"%s},"a":{"$ref":"#/c%d"},"b":{"type":"array","items":{"$ref":"#/c%d"}},"n":{"type":["integer","null"]}}}`, i, tweak, (i*7+1)%500, (i*13+5)%500)
		}
		s.WriteString(`}`)
		return s.String()
	}
	from, _ := component(b, text(``), "c0", SchemaOptions{Dialect: OpenAPI31})
	for name, tweak := range map[string]string{"proven": ``, "unproven": `,"maxLength":10`} {
		b.Run(name, func(b *testing.B) {
			to, _ := component(b, text(tweak), "c0", SchemaOptions{Dialect: OpenAPI31})
			for b.Loop() {
				Assign(from, to)
			}
		})
	}
}
