package codec

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"io"
	"mime/multipart"
	"strconv"
	"strings"
	"testing"

	"tenon/spec/media"
	"tenon/spec/types"
)

// What follows reads the same content with Tenon, which makes values of any schema, and as a person would write it in
// Go for this one schema.

type goRow struct {
	ID    int     `json:"id" xml:"id,attr"`
	Name  string  `json:"name" xml:"name"`
	Price float64 `json:"price" xml:"price"`
}

const benchRows = 10_000

func BenchmarkCSV(b *testing.B) {
	var content bytes.Buffer
	content.WriteString("id,name,price\n")
	for i := range benchRows {
		fmt.Fprintf(&content, "%d,\"row, number %d\",%d.25\n", i, i, i)
	}
	b.Run("tenon", func(b *testing.B) {
		b.SetBytes(int64(content.Len()))
		b.ReportAllocs()
		for b.Loop() {
			it, err := NewItems("text/csv", bytes.NewReader(content.Bytes()), DecodeOptions{Type: row})
			drain(b, it, err)
		}
	})
	b.Run("by hand", func(b *testing.B) {
		b.SetBytes(int64(content.Len()))
		b.ReportAllocs()
		for b.Loop() {
			r := csv.NewReader(bytes.NewReader(content.Bytes()))
			r.ReuseRecord = true
			if _, err := r.Read(); err != nil {
				b.Fatal(err)
			}
			for n := 0; ; n++ {
				record, err := r.Read()
				if err == io.EOF && n == benchRows {
					break
				}
				var g goRow
				if g.ID, err = strconv.Atoi(record[0]); err != nil {
					b.Fatal(err)
				}
				if g.Price, err = strconv.ParseFloat(record[2], 64); err != nil {
					b.Fatal(err)
				}
				g.Name = record[1]
			}
		}
	})
}

func drain(b *testing.B, it *Items, err error) {
	for n := 0; err == nil; n++ {
		if _, err = it.Next(); err == io.EOF && n == benchRows {
			return
		}
	}
	b.Fatal(err)
}

func BenchmarkJSONLines(b *testing.B) {
	var content bytes.Buffer
	for i := range benchRows {
		fmt.Fprintf(&content, "{\"id\":%d,\"name\":\"row %d\",\"price\":%d.25}\n", i, i, i)
	}
	b.Run("tenon", func(b *testing.B) {
		b.SetBytes(int64(content.Len()))
		b.ReportAllocs()
		for b.Loop() {
			it, err := NewItems("application/x-ndjson", bytes.NewReader(content.Bytes()), DecodeOptions{})
			drain(b, it, err)
		}
	})
	b.Run("by hand", func(b *testing.B) {
		b.SetBytes(int64(content.Len()))
		b.ReportAllocs()
		for b.Loop() {
			d := json.NewDecoder(bytes.NewReader(content.Bytes()))
			for range benchRows {
				var g goRow
				if err := d.Decode(&g); err != nil {
					b.Fatal(err)
				}
			}
		}
	})
}

func BenchmarkXML(b *testing.B) {
	p := func(name string, t *types.Type) *types.Property {
		return &types.Property{Name: name, Type: t, Required: true}
	}
	item := types.ObjectOf(p("id", types.AnyInteger), p("name", types.AnyString), p("price", types.AnyNumber))
	x := NewXML(&media.Names{Root: media.Element{Properties: []*media.Property{{Name: "rows", Element: media.Element{Items: &media.Element{Name: "row",
		Properties: []*media.Property{{Name: "id", Element: media.Element{Attribute: true}}, {Name: "name"}, {Name: "price"}}}}}}}}, types.ObjectOf(p("rows", types.ListOf(item))))
	var content bytes.Buffer
	content.WriteString("<rows>")
	for i := range benchRows {
		fmt.Fprintf(&content, `<row id="%d"><name>row %d</name><price>%d.25</price></row>`, i, i, i)
	}
	content.WriteString("</rows>")
	value, err := x.decode("application/xml", content.Bytes())
	if err != nil || len(types.Get(value, "rows").([]any)) != benchRows {
		b.Fatal(err)
	}
	type doc struct {
		XMLName xml.Name `xml:"rows"`
		Rows    []goRow  `xml:"row"`
	}
	var d doc
	b.Run("read/tenon", func(b *testing.B) {
		b.SetBytes(int64(content.Len()))
		b.ReportAllocs()
		for b.Loop() {
			if _, err := x.decode("application/xml", content.Bytes()); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("read/by hand", func(b *testing.B) {
		b.SetBytes(int64(content.Len()))
		b.ReportAllocs()
		for b.Loop() {
			d = doc{}
			if err := xml.Unmarshal(content.Bytes(), &d); err != nil || len(d.Rows) != benchRows {
				b.Fatal(err)
			}
		}
	})
	named := NewXML(&media.Names{Root: media.Element{Name: "rows", Properties: x.names.Root.Properties}}, types.ObjectOf(p("rows", types.ListOf(item))))
	b.Run("write/tenon", func(b *testing.B) {
		b.SetBytes(int64(content.Len()))
		b.ReportAllocs()
		for b.Loop() {
			if _, err := named.encode("application/xml", value); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("write/by hand", func(b *testing.B) {
		b.SetBytes(int64(content.Len()))
		b.ReportAllocs()
		for b.Loop() {
			if _, err := xml.Marshal(&d); err != nil {
				b.Fatal(err)
			}
		}
	})
}

func BenchmarkMultipart(b *testing.B) {
	file := bytes.Repeat([]byte("0123456789abcdef"), 1<<16)
	b.Run("tenon", func(b *testing.B) {
		b.SetBytes(int64(len(file)))
		for b.Loop() {
			c, err := Encode("multipart/form-data", &Layout{Boundary: "edge"}, map[string]any{"title": "x", "file": &types.FileValue{Name: "f", Content: textSource{string(file), int64(len(file))}}})
			if err != nil {
				b.Fatal(err)
			}
			r, _, _ := c.Source.Open(b.Context())
			if _, err := io.Copy(io.Discard, r); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("by hand", func(b *testing.B) {
		b.SetBytes(int64(len(file)))
		for b.Loop() {
			var head bytes.Buffer
			w := multipart.NewWriter(&head)
			w.WriteField("title", "x")
			if _, err := w.CreateFormFile("file", "f"); err != nil {
				b.Fatal(err)
			}
			end := strings.NewReader("\r\n--" + w.Boundary() + "--\r\n")
			if _, err := io.Copy(io.Discard, io.MultiReader(&head, bytes.NewReader(file), end)); err != nil {
				b.Fatal(err)
			}
		}
	})
}
