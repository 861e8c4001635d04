package codec

import (
	"bytes"
	"encoding/csv"
	"errors"
	"io"
	"reflect"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"pgregory.net/rapid"

	"tenon/spec/types"
)

var row = types.ObjectOf(
	&types.Property{Name: "id", Type: types.AnyInteger, Required: true},
	&types.Property{Name: "name", Type: types.AnyString, Required: true},
	&types.Property{Name: "price", Type: types.AnyNumber},
	&types.Property{Name: "sold", Type: types.Union(types.AnyBoolean, types.JustNull)},
)

func items(t *testing.T, contentType, content string, typ *types.Type) (string, error) {
	t.Helper()
	var whole string
	var wholeErr error
	for _, r := range []io.Reader{strings.NewReader(content), iotest.OneByteReader(strings.NewReader(content))} {
		it, err := NewItems(contentType, r, DecodeOptions{Type: typ})
		if err != nil {
			return "", err
		}
		list := []any{}
		for {
			var v any
			if v, err = it.Next(); err != nil {
				break
			}
			list = append(list, v)
		}
		b, bad := types.AppendJSON(nil, list)
		if bad != nil {
			t.Fatal(bad)
		}
		if whole != "" && whole != string(b) {
			t.Errorf("read byte by byte it is\n%s, not\n%s", b, whole)
		}
		if whole = string(b); err != io.EOF {
			wholeErr = err
		}
	}
	return whole, wholeErr
}

func TestItems(t *testing.T) {
	event := types.ObjectOf(&types.Property{Name: "data", Type: types.ObjectOf(&types.Property{Name: "n", Type: types.AnyInteger})})
	for _, tt := range []struct {
		name, contentType, content string
		typ                        *types.Type
		want                       string
		kind                       Kind
		says                       string
	}{
		{"CSV", "text/csv", "id,name,price,sold\r\n1,\"a, \"\"b\"\"\",1.50,true\r\n2,,,\r\n", row,
			`[{"id":1,"name":"a, \"b\"","price":1.5,"sold":true},{"id":2,"name":"","sold":null}]`, "", ""},
		{"CSV of text", "text/csv", "id,name\n007,x\n", nil, `[{"id":"007","name":"x"}]`, "", ""},
		{"CSV with a column of its own", "text/csv", "\ufeffid,name,more\n1,x,y\n", row, `[{"id":1,"more":"y","name":"x"}]`, "", ""},
		{"CSV in another encoding", "text/csv; charset=windows-1252", "id,name\n1,\xe9\x80\n", row, `[{"id":1,"name":"é€"}]`, "", ""},
		{"CSV of lists", "text/csv", "a,1\nb,2,3\n", types.ListOf(types.ListOf(types.AnyString)), `[["a","1"],["b","2","3"]]`, "", ""},
		{"CSV with a line break in a field", "text/csv", "id,name\n1,\"a\nb\"\n", row, `[{"id":1,"name":"a\nb"}]`, "", ""},
		{"TSV", "text/tab-separated-values", "id\tname\n1\ta \"b\" c\n", row, `[{"id":1,"name":"a \"b\" c"}]`, "", ""},
		{"nothing", "text/csv", "", row, `[]`, "", ""},
		{"only names", "text/csv", "id,name", row, `[]`, "", ""},
		{"short row", "text/csv", "id,name\n1,x\n2\n", row, `[{"id":1,"name":"x"}]`, Malformed, "item 2: line 3 has 1 fields where the first line has 2"},
		{"bare quote", "text/csv", "id,name\n1,a\"b\n", row, `[]`, Malformed, "item 1: line 2 is not CSV"},
		{"name twice", "text/csv", "id,id\n", row, `[]`, Malformed, `"id" twice`},
		{"not UTF-8", "text/csv", "id,name\n1,\xe9\n", row, `[]`, Charset, "line 2 is not in UTF-8"},
		{"JSON lines", "application/x-ndjson", "{\"a\":1}\n\n [2] \r\n\"x\"", nil, `[{"a":1},[2],"x"]`, "", ""},
		{"a broken line", "application/jsonl", "1\n{\"a\":\n2", nil, `[1]`, Truncated, "item 2: line 2: the JSON ends too early"},
		{"JSON text sequence", "application/json-seq", "\x1e{\"a\":1}\n\x1e\x1e[2]\n\x1e3\n\x1e\"x\"", nil, `[{"a":1},[2],3,"x"]`, "", ""},
		{"a number that may go on", "application/json-seq", "\x1e{}\n\x1e12", nil, `[{}]`, Truncated, "item 2: the JSON text is cut off: 12"},
		{"no separator", "application/geo+json-seq", "{}", nil, `[]`, Malformed, "record separator"},
		{"events", "text/event-stream", ": hello\n\ndata: a\ndata:b\ndata\n\nevent: add\rid: 7\rdata:  c\r\revent:none\r\n\r\nretry: 10\r\ndata: d\r\n\r\ndata: lost", nil,
			`[{"data":"a\nb\n","event":"message"},{"data":" c","event":"add","id":"7"},{"data":"d","event":"message","id":"7","retry":10}]`, "", ""},
		{"events of JSON", "text/event-stream;charset=utf-8", "\ufeffdata: {\"n\": 1}\n\ndata: [DONE]\n\ndata: {}\n\n", event, `[{"data":{"n":1},"event":"message"}]`, "", ""},
		{"a broken event", "text/event-stream", "data: {\n\n", event, `[]`, Truncated, "item 1: the data: the JSON ends too early"},
	} {
		got, err := items(t, tt.contentType, tt.content, tt.typ)
		var e *Error
		switch {
		case got != tt.want:
			t.Errorf("%s:\ngot  %s\nwant %s", tt.name, got, tt.want)
		case tt.kind == "" && err != nil || tt.kind != "" && (!errors.As(err, &e) || e.Kind != tt.kind || !strings.Contains(e.Message, tt.says)):
			t.Errorf("%s: %v", tt.name, err)
		}
	}
}

func TestItemsOfAnotherType(t *testing.T) {
	_, err := NewItems("text/html", strings.NewReader("<h1>sorry</h1>"), DecodeOptions{Declared: []string{"text/csv"}})
	if err == nil || err.Error() != "the body is text/html where text/csv was promised; it begins with: <h1>sorry</h1>" {
		t.Error(err)
	}
}

// endless never ends, and never ends an item either.
type endless struct{ b byte }

func (e endless) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = e.b
	}
	return len(p), nil
}

func TestAnItemIsBounded(t *testing.T) {
	for contentType, begin := range map[string]string{"text/csv": "a\n\"", "application/x-ndjson": `"`, "application/json-seq": "\x1e\"", "text/event-stream": "data: "} {
		it, err := NewItems(contentType, io.MultiReader(strings.NewReader(begin), endless{'x'}), DecodeOptions{})
		if err != nil {
			t.Fatal(err)
		}
		_, err = it.Next()
		var e *Error
		if !errors.As(err, &e) || e.Kind != TooLarge || !strings.Contains(e.Message, "larger than 16 MB") {
			t.Errorf("%s: %v", contentType, err)
		}
	}
}

// TestCSVAgrees holds what we read and write against encoding/csv.
func TestCSVAgrees(t *testing.T) {
	cell := rapid.StringMatching("[a-z ,\"\n;é]{0,6}")
	rapid.Check(t, func(t *rapid.T) {
		names := rapid.SliceOfNDistinct(rapid.StringMatching(`[a-z]{1,5}`), 2, 4, rapid.ID).Draw(t, "names")
		slices.Sort(names)
		rows := rapid.SliceOfN(rapid.SliceOfN(cell, len(names), len(names)), 1, 5).Draw(t, "rows")
		var want []any
		for _, r := range rows {
			m := map[string]any{}
			for i, name := range names {
				m[name] = r[i]
			}
			want = append(want, m)
		}
		ours, _, err := EncodeBody("text/csv", nil, want)
		if err != nil {
			t.Fatal(err)
		}
		all, err := csv.NewReader(bytes.NewReader(ours)).ReadAll()
		if err != nil || !reflect.DeepEqual(all, append([][]string{names}, rows...)) {
			t.Fatalf("encoding/csv reads %q, %v", all, err)
		}
		var theirs bytes.Buffer
		w := csv.NewWriter(&theirs)
		w.WriteAll(append([][]string{names}, rows...))
		it, _ := NewItems("text/csv", &theirs, DecodeOptions{})
		if got, err := it.all(); err != nil || !reflect.DeepEqual(got, any(want)) {
			t.Fatalf("we read %v, %v", got, err)
		}
	})
}

func TestCSVWritten(t *testing.T) {
	c, err := Encode("text/csv", &Layout{Columns: []string{"name", "id"}}, []any{map[string]any{"id": 1, "name": "a", "more": true}, map[string]any{"name": nil}})
	if want := "name,id,more\r\na,1,true\r\n,,\r\n"; err != nil || string(c.Bytes) != want {
		t.Errorf("got %q, %v", c.Bytes, err)
	}
	if _, err := Encode("text/csv", nil, []any{map[string]any{"a": []any{}}}); err == nil || err.Error() != `row 1 cannot be written as CSV: "a" is a list of 0 items` {
		t.Error(err)
	}
}

func TestSequencesWritten(t *testing.T) {
	for contentType, want := range map[string]string{
		"application/json-seq": "\x1e{\"data\":\"a\\nb\"}\n\x1e1\n",
		"application/jsonl":    "{\"data\":\"a\\nb\"}\n1\n",
		"text/event-stream":    "data: a\ndata: b\n\ndata: 1\n\n",
	} {
		got, _, err := EncodeBody(contentType, nil, []any{map[string]any{"data": "a\nb"}, 1})
		if err != nil || string(got) != want {
			t.Errorf("%s: %q, %v", contentType, got, err)
		}
	}
}

func FuzzItems(f *testing.F) {
	f.Add("text/csv", []byte("id,name\n1,\"a\nb\"\n"))
	f.Add("application/x-ndjson", []byte("{}\n[1]\n"))
	f.Add("application/json-seq", []byte("\x1e{}\n\x1e1\n"))
	f.Add("text/event-stream", []byte("id: 1\ndata: {\r\rdata: x\n\n"))
	f.Fuzz(func(t *testing.T, contentType string, content []byte) {
		it, err := NewItems(contentType, bytes.NewReader(content), DecodeOptions{Type: row})
		for err == nil {
			var v any
			if v, err = it.Next(); err == nil {
				if _, bad := types.AppendJSON(nil, v); bad != nil {
					t.Errorf("no value of ours: %v", bad)
				}
			}
		}
		var e *Error
		if err != io.EOF && !errors.As(err, &e) {
			t.Errorf("an error that is not ours: %v", err)
		}
	})
}
