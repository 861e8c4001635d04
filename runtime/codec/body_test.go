package codec

import (
	"bytes"
	"errors"
	"io"
	"reflect"
	"strings"
	"testing"

	"tenon/spec/types"
)

func TestEncodeBody(t *testing.T) {
	deep := map[string]Encoding{"card": {Style: "deepObject", Explode: true}, "lines": {Style: "deepObject", Explode: true}, "tags": {Style: "pipeDelimited"}}
	tests := []struct {
		name, contentType string
		encoding          map[string]Encoding
		value             any
		want, sent, err   string
	}{
		{"JSON", "application/json", nil, map[string]any{"b": 1, "a": []any{nil, 0.1, "é"}}, `{"a":[null,0.1,"é"],"b":1}`, "", ""},
		{"built on JSON", "application/merge-patch+json; charset=utf-8", nil, map[string]any{}, `{}`, "", ""},
		{"any, of an object", "*/*", nil, map[string]any{}, `{}`, "application/json", ""},
		{"any, of text", "*/*", nil, "x", `x`, "text/plain; charset=utf-8", ""},
		{"any, of bytes", "application/*", nil, []byte{1}, "\x01", "application/octet-stream", ""},
		{"form", "application/x-www-form-urlencoded", nil, map[string]any{"b": "x y&z", "a": 1, "c": nil, "d": types.Missing}, "a=1&b=x+y%26z&c=", "", ""},
		{"form with a list", "application/x-www-form-urlencoded", nil, map[string]any{"a": []any{1, 2}}, "a=1&a=2", "", ""},
		{"form with an object", "application/x-www-form-urlencoded", nil, map[string]any{"a": map[string]any{"b": 1}}, "a=%7B%22b%22%3A1%7D", "", ""},
		{"form as Stripe reads it", "application/x-www-form-urlencoded", deep,
			map[string]any{"card": map[string]any{"exp": map[string]any{"month": 1}, "name": "A B"}, "lines": []any{map[string]any{"sku": "x"}, map[string]any{"sku": "y"}}, "tags": []any{"a", "b"}},
			"card%5Bexp%5D%5Bmonth%5D=1&card%5Bname%5D=A+B&lines%5B0%5D%5Bsku%5D=x&lines%5B1%5D%5Bsku%5D=y&tags=a%7Cb", "", ""},
		{"no form", "application/x-www-form-urlencoded", nil, []any{}, "", "", "a form is written from an object, not from"},
		{"text", "text/plain", nil, "é", "é", "", ""},
		{"text in Latin-1", "text/plain; charset=iso-8859-1", nil, "é", "\xe9", "", ""},
		{"text that Latin-1 lacks", "text/plain; charset=iso-8859-1", nil, "☃", "", "", "lacks"},
		{"text of a number", "text/plain", nil, 1, "1", "", ""},
		{"text of an object", "text/plain", nil, map[string]any{}, "", "", "not from"},
		{"text of nothing", "text/plain", nil, nil, "", "", "not from null"},
		{"image", "image/png", nil, []byte{1, 2}, "\x01\x02", "", ""},
		{"lines", "application/x-ndjson", nil, []any{1, map[string]any{"a": 2}}, "1\n{\"a\":2}\n", "", ""},
		{"one line", "application/x-ndjson", nil, map[string]any{"a": 2}, "{\"a\":2}\n", "", ""},
		{"multipart of another kind", "multipart/mixed", nil, map[string]any{}, "", "", "cannot be written"},
		{"XML without a name", "application/xml", nil, map[string]any{}, "", "", "the root element has no name"},
		{"absent in JSON", "application/json", nil, types.Missing, "", "", "the body cannot be written"},
	}
	for _, tt := range tests {
		content, sent, err := EncodeBody(tt.contentType, tt.encoding, tt.value)
		if tt.err != "" {
			var e *Error
			if !errors.As(err, &e) || !strings.Contains(err.Error(), tt.err) {
				t.Errorf("%s: got %q, error %v; want an error with %q", tt.name, content, err, tt.err)
			}
			continue
		}
		if tt.sent == "" {
			tt.sent = tt.contentType
		}
		if err != nil || string(content) != tt.want || sent != tt.sent {
			t.Errorf("%s: got %q as %q, error %v; want %q as %q", tt.name, content, sent, err, tt.want, tt.sent)
		}
	}
}

func TestDecodeBody(t *testing.T) {
	json := []string{"application/json"}
	tests := []struct {
		name, contentType, content string
		declared                   []string
		want                       any
		kind                       Kind
		err                        string
	}{
		{"JSON", "application/json; charset=utf-8", `{"a":[1,0.5,null,"x",12345678901234567890]}`, json, nil, "", ""},
		{"nothing", "application/json", "", json, types.Missing, "", ""},
		{"byte order mark", "application/json", "\ufeff1", json, 1, "", ""},
		{"JSON in Latin-1", "application/json; charset=ISO-8859-1", "\"\xe9\"", json, "é", "", ""},
		{"JSON in UTF-16", "application/json; charset=utf-16le", "1\x002\x00", json, 12, "", ""},
		{"unknown charset", "application/json; charset=klingon", "1", json, nil, Charset, `"klingon", which is unknown`},
		{"built on JSON", "application/problem+json", `{"title":"x"}`, json, map[string]any{"title": "x"}, "", ""},
		{"no type", "", "[1]", json, []any{1}, "", ""},
		{"called text", "text/plain", "[1]", json, []any{1}, "", ""},
		{"called bytes", "application/octet-stream", "[1]", json, []any{1}, "", ""},
		{"text it is", "text/plain", "hello there", json, nil, Mismatched, "the body is text/plain where application/json was promised; it begins with: hello there"},
		{"a page", "text/html; charset=utf-8", "<!DOCTYPE html>\n\n  <title>Sign in</title>", json, nil, Mismatched, "the body is text/html where application/json was promised; it begins with: <!DOCTYPE html> <title>Sign in</title>"},
		{"a page called JSON", "application/json", "<html>", json, nil, Malformed, "it begins with: <html>"},
		{"truncated JSON", "application/json", `{"a": [1, 2`, json, nil, Truncated, "ends too early, after 11 bytes"},
		{"two values", "application/json", `1 2`, json, nil, Malformed, "not valid JSON"},
		{"form", "application/x-www-form-urlencoded", "a=1&b=x+y&b=%C3%A9", nil, map[string]any{"a": "1", "b": []any{"x y", "é"}}, "", ""},
		{"text", "text/csv", "a;b", []string{"text/csv"}, "a;b", "", ""},
		{"bytes", "application/pdf", "%PDF", []string{"application/pdf"}, []byte("%PDF"), "", ""},
		{"lines", "application/x-ndjson", "1\n\n{\"a\":2}\n", nil, []any{1, map[string]any{"a": 2}}, "", ""},
		{"truncated line", "application/x-ndjson", "1\n{\"a\"", nil, nil, Truncated, "line 2:"},
		{"multipart of another kind", "multipart/mixed; boundary=a", "--a--", nil, nil, Unsupported, "cannot be read"},
		{"XML as text", "application/xml", "<a/>", nil, "<a/>", "", ""},
		{"any", "application/json", "1", []string{"*/*"}, 1, "", ""},
		{"too large", "text/plain", strings.Repeat("x", 101), nil, nil, TooLarge, "larger than 100 bytes"},
	}
	for _, tt := range tests {
		got, err := DecodeBody(tt.contentType, strings.NewReader(tt.content), DecodeOptions{Declared: tt.declared, MaxBytes: 100})
		if tt.kind != "" {
			var e *Error
			if !errors.As(err, &e) || e.Kind != tt.kind || !strings.Contains(err.Error(), tt.err) {
				t.Errorf("%s: got %v, error %v; want an error %s with %q", tt.name, got, err, tt.kind, tt.err)
			}
			continue
		}
		if tt.name == "JSON" {
			n, _ := types.ParseNum("12345678901234567890")
			tt.want = map[string]any{"a": []any{1, 0.5, nil, "x", n}}
		}
		if err != nil || !reflect.DeepEqual(got, tt.want) && !types.Equal(got, tt.want) {
			t.Errorf("%s: got %v, error %v; want %v", tt.name, got, err, tt.want)
		}
	}
}

func TestDecodeBodyAsType(t *testing.T) {
	tests := []struct {
		content string
		typ     *types.Type
		want    any
	}{
		{"289", nil, "289"},
		{"289", types.AnyString, "289"},
		{"289", types.AnyInteger, 289},
		{"false", types.AnyBoolean, false},
		{"many", types.AnyInteger, "many"},
	}
	for _, tt := range tests {
		got, err := DecodeBody("text/plain", strings.NewReader(tt.content), DecodeOptions{Type: tt.typ})
		if err != nil || got != tt.want {
			t.Errorf("%q: got %#v, error %v; want %#v", tt.content, got, err, tt.want)
		}
	}
}

type failing struct{ err error }

func (f failing) Read([]byte) (int, error) { return 0, f.err }

func TestDecodeBodyReadErrors(t *testing.T) {
	broken := errors.New("connection reset")
	if _, err := DecodeBody("application/json", io.MultiReader(strings.NewReader("{"), failing{broken}), DecodeOptions{}); !errors.Is(err, broken) {
		t.Errorf("got %v, want the reader's error", err)
	}
	var e *Error
	_, err := DecodeBody("application/json", io.MultiReader(strings.NewReader("{}"), failing{io.ErrUnexpectedEOF}), DecodeOptions{})
	if !errors.As(err, &e) || e.Kind != Truncated {
		t.Errorf("got %v, want %s: a body shorter than its Content-Length is truncated even where what came is JSON", err, Truncated)
	}
}

func TestMatch(t *testing.T) {
	tests := []struct {
		declared []string
		actual   string
		want     int
	}{
		{[]string{"text/csv", "application/json"}, "application/json; charset=utf-8", 1},
		{[]string{"*/*", "application/*", "application/json"}, "application/json", 2},
		{[]string{"*/*", "application/*"}, "application/json", 1},
		{[]string{"application/json; v=1", "application/json; v=2"}, "application/json; v=2", 1},
		{[]string{"application/json"}, "Application/Problem+JSON", 0},
		{[]string{"application/json"}, "text/html", -1},
		{[]string{"application/json"}, "", 0},
		{nil, "application/json", -1},
	}
	for _, tt := range tests {
		if got := Match(tt.declared, tt.actual); got != tt.want {
			t.Errorf("Match(%q, %q) = %d, want %d", tt.declared, tt.actual, got, tt.want)
		}
	}
}

func TestExcerpt(t *testing.T) {
	long := excerpt(bytes.Repeat([]byte("word \x00\x1b "), 1000))
	if len(long) > 100 || !strings.HasSuffix(long, "…") || strings.ContainsAny(long, "\x00\x1b\n") {
		t.Errorf("got %q, want at most 100 bytes without control characters", long)
	}
}
