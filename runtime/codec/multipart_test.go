package codec

import (
	"bytes"
	"context"
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"net/http/httptest"
	"reflect"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"tenon/spec/types"
)

// text is a source in memory that says its size, or does not.
type textSource struct {
	content string
	size    int64
}

func (s textSource) Open(context.Context) (io.ReadCloser, int64, error) {
	return io.NopCloser(strings.NewReader(s.content)), s.size, nil
}
func (s textSource) Size() int64 { return s.size }

var upload = types.ObjectOf(
	&types.Property{Name: "file", Type: types.New(&types.Shape{Kinds: types.Bytes | types.String}), Required: true},
	&types.Property{Name: "more", Type: types.ListOf(types.New(&types.Shape{Kinds: types.Bytes | types.String}))},
	&types.Property{Name: "title", Type: types.AnyString}, &types.Property{Name: "count", Type: types.AnyInteger},
	&types.Property{Name: "tags", Type: types.ListOf(types.AnyString)},
	&types.Property{Name: "meta", Type: types.MapOf(types.Any)},
	&types.Property{Name: "rows", Type: types.ListOf(types.AnyInteger)},
)

var uploadEncoding = map[string]Encoding{
	"file": {ContentType: "image/png, image/*", Headers: map[string]string{"X-Kind": "scan"}, Binary: true},
	"more": {Binary: true}, "rows": {ContentType: "application/json"},
}

func TestMultipart(t *testing.T) {
	v := map[string]any{
		"file":  &types.FileValue{Name: `a "scan".jpg`, ContentType: "image/jpeg", Content: textSource{"JPEG", 4}},
		"more":  []any{[]byte{1, 2}, "three"},
		"title": "Größe\r\n", "count": 3, "tags": []any{"x", "y"}, "meta": map[string]any{"a": 1}, "rows": []any{1, 2},
	}
	c, err := Encode("multipart/form-data", &Layout{Encoding: uploadEncoding, Boundary: "edge"}, v)
	if err != nil {
		t.Fatal(err)
	}
	r, size, _ := c.Source.Open(t.Context())
	content, err := io.ReadAll(r)
	if err != nil || int64(len(content)) != size || size != c.Source.Size() {
		t.Errorf("%d bytes, said to be %d, %v", len(content), size, err)
	}
	// net/http reads it.
	req := httptest.NewRequest("POST", "/", bytes.NewReader(content))
	req.Header.Set("Content-Type", c.Type)
	if err := req.ParseMultipartForm(1 << 20); err != nil {
		t.Fatal(err)
	}
	if want := map[string][]string{"title": {"Größe\r\n"}, "count": {"3"}, "tags": {"x", "y"}, "meta": {`{"a":1}`}, "rows": {"[1,2]"}}; !reflect.DeepEqual(map[string][]string(req.PostForm), want) {
		t.Errorf("fields are %v", req.PostForm)
	}
	f := req.MultipartForm.File["file"][0]
	if f.Filename != `a %22scan%22.jpg` || f.Size != 4 || f.Header.Get("Content-Type") != "image/jpeg" || f.Header.Get("X-Kind") != "scan" {
		t.Errorf("the file is %+v", f)
	}
	if more := req.MultipartForm.File["more"]; len(more) != 2 || more[0].Filename != "more" || more[0].Header.Get("Content-Type") != "application/octet-stream" {
		t.Errorf("more files are %+v", more)
	}
	// And so do we.
	got, err := DecodeMultipart(c.Type, content, upload, uploadEncoding)
	want := map[string]any{"file": []byte("JPEG"), "more": []any{[]byte{1, 2}, []byte("three")}, "title": "Größe\r\n", "count": 3,
		"tags": []any{"x", "y"}, "meta": map[string]any{"a": 1}, "rows": []any{1, 2}}
	if err != nil || !reflect.DeepEqual(got, any(want)) {
		t.Errorf("got %#v, %v", got, err)
	}
}

func TestMultipartOfUnknownSize(t *testing.T) {
	c, err := Encode("multipart/form-data", nil, map[string]any{"a": "x", "f": &types.FileValue{Content: textSource{"content", -1}}})
	if err != nil || c.Source.Size() != -1 || !strings.HasPrefix(c.Type, "multipart/form-data; boundary=tenon-") {
		t.Fatal(c, err)
	}
}

func TestMultipartUnwritable(t *testing.T) {
	for says, v := range map[string]any{
		"written from an object": []any{},
		"cannot be read here":    map[string]any{"f": &types.FileValue{Name: "x", Path: "x"}},
	} {
		if _, err := Encode("multipart/form-data", nil, v); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%s: %v", says, err)
		}
	}
	_, _, err := EncodeBody("multipart/form-data", nil, map[string]any{})
	if err == nil {
		t.Error("a body in memory of parts")
	}
}

// TestMultipartAgrees holds what we write against mime/multipart.
func TestMultipartAgrees(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		names := rapid.SliceOfNDistinct(rapid.StringMatching(`[a-z\[\]"é ]{1,6}`), 0, 4, rapid.ID).Draw(t, "names")
		v := map[string]any{}
		want := map[string]string{}
		for _, n := range names {
			content := rapid.StringMatching("(--|tenon|\r\n|[a-z]){0,9}").Draw(t, "content")
			want[strings.ReplaceAll(n, `"`, "%22")] = content
			if v[n] = any(content); rapid.Bool().Draw(t, "binary") {
				v[n] = []byte(content)
			}
		}
		c, err := Encode("multipart/form-data", nil, v)
		if err != nil {
			t.Fatal(err)
		}
		_, params, _ := mime.ParseMediaType(c.Type)
		r := multipart.NewReader(bytes.NewReader(c.Bytes), params["boundary"])
		got := map[string]string{}
		for {
			p, err := r.NextPart()
			if err == io.EOF {
				break
			}
			if err != nil {
				if len(names) == 0 {
					break // mime/multipart takes no body without parts
				}
				t.Fatalf("%v\n%q", err, c.Bytes)
			}
			b, _ := io.ReadAll(p)
			got[p.FormName()] = string(b)
		}
		if !reflect.DeepEqual(got, want) {
			t.Fatalf("got %q, want %q", got, want)
		}
	})
}

func TestHostileMultipart(t *testing.T) {
	for says, content := range map[string]string{
		"ends before its last boundary": "--b\r\nContent-Disposition: form-data; name=\"title\"\r\n\r\nx",
		"part 1 has no name":            "--b\r\nContent-Type: text/plain\r\n\r\nx\r\n--b--",
		"given more than once":          strings.Repeat("--b\r\nContent-Disposition: form-data; name=\"title\"\r\n\r\nx\r\n", 2) + "--b--",
		"more than 10000 parts":         strings.Repeat("--b\r\nContent-Disposition: form-data; name=\"tags\"\r\n\r\nx\r\n", 10_001) + "--b--",
		"cannot be read":                "--b\r\n" + strings.Repeat("X-A: b\r\n", 20_000) + "\r\nx\r\n--b--",
	} {
		_, err := DecodeMultipart("multipart/form-data; boundary=b", []byte(content), upload, nil)
		var e *Error
		if !errors.As(err, &e) || !strings.Contains(e.Message, says) {
			t.Errorf("%s: %v", says, err)
		}
	}
	if _, err := DecodeMultipart("multipart/form-data", nil, upload, nil); err == nil {
		t.Error("no boundary")
	}
}

// A part that nothing declares and that comes several times is a list: nothing says that it is not.
func TestMultipartUndeclaredList(t *testing.T) {
	part := "--b\r\nContent-Disposition: form-data; name=\"more\"\r\n\r\n"
	v, err := DecodeMultipart("multipart/form-data; boundary=b", []byte(part+"x\r\n"+part+"y\r\n--b--"), upload, nil)
	if want := map[string]any{"more": []any{[]byte("x"), []byte("y")}}; err != nil || !reflect.DeepEqual(v, want) {
		t.Errorf("got %v, %v, want %v", v, err, want)
	}
}

func FuzzMultipart(f *testing.F) {
	f.Add([]byte("--b\r\nContent-Disposition: form-data; name=\"count\"\r\n\r\n1\r\n--b--"))
	f.Add([]byte("--b\r\nContent-Disposition: form-data; name=\"meta\"\r\nContent-Type: application/json\r\n\r\n{}\r\n--b--"))
	f.Fuzz(func(t *testing.T, content []byte) {
		v, err := DecodeMultipart("multipart/form-data; boundary=b", content, upload, uploadEncoding)
		var e *Error
		if err != nil && !errors.As(err, &e) {
			t.Errorf("an error that is not ours: %v", err)
		}
		if err == nil {
			if _, err := types.AppendJSON(nil, v); err != nil && !strings.Contains(err.Error(), "UTF-8") {
				t.Errorf("no value of ours: %v", err)
			}
		}
	})
}
