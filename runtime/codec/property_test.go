package codec

import (
	"net/http"
	"reflect"
	"strconv"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"tenon/spec/types"
)

// shaped is a type with values that a style can carry and bring back.
type shaped struct {
	typ   *types.Type
	value any
}

var (
	scalars = rapid.Custom(func(t *rapid.T) shaped {
		switch rapid.IntRange(0, 3).Draw(t, "kind") {
		case 0:
			return shaped{types.AnyInteger, rapid.Int().Draw(t, "integer")}
		case 1:
			return shaped{types.AnyNumber, exact(rapid.Float64().Draw(t, "number"))}
		case 2:
			return shaped{types.AnyBoolean, rapid.Bool().Draw(t, "boolean")}
		}
		return shaped{types.AnyString, rapid.String().Draw(t, "string")}
	})
	names = rapid.StringMatching(`[a-zA-Z_ é&=+%,.;/-]{1,8}`)
)

// exact is the value that the JSON codec gives for a float: 2.0 comes back as the integer 2.
func exact(f float64) any {
	b, err := types.AppendJSON(nil, f)
	if err != nil {
		return 0
	}
	v, err := types.DecodeJSON(b, types.Limits{})
	if err != nil {
		return 0
	}
	return v
}

func listsOf(elements *rapid.Generator[shaped]) *rapid.Generator[shaped] {
	return rapid.Custom(func(t *rapid.T) shaped {
		first := elements.Draw(t, "first")
		list := []any{first.value}
		for range rapid.IntRange(0, 3).Draw(t, "more") {
			if e := elements.Draw(t, "element"); e.typ == first.typ {
				list = append(list, e.value)
			} else {
				list = append(list, first.value)
			}
		}
		return shaped{types.ListOf(first.typ), list}
	})
}

func objectsOf(elements *rapid.Generator[shaped]) *rapid.Generator[shaped] {
	return rapid.Custom(func(t *rapid.T) shaped {
		value := map[string]any{}
		var props []*types.Property
		for _, name := range rapid.SliceOfNDistinct(names, 1, 4, rapid.ID).Draw(t, "names") {
			e := elements.Draw(t, name)
			value[name] = e.value
			props = append(props, &types.Property{Name: name, Type: e.typ, Required: true})
		}
		return shaped{types.ObjectOf(props...), value}
	})
}

// TestParamsRoundTrip: what is written in any style is read back as the same value, or is refused.
func TestParamsRoundTrip(t *testing.T) {
	styles := map[string][]string{
		"path": {"simple", "label", "matrix"}, "query": {"form", "spaceDelimited", "pipeDelimited", "deepObject"},
		"header": {"simple"}, "cookie": {"form"},
	}
	values := rapid.OneOf(scalars, listsOf(scalars), objectsOf(scalars))
	rapid.Check(t, func(t *rapid.T) {
		in := rapid.SampledFrom([]string{"path", "query", "header", "cookie"}).Draw(t, "in")
		s := values.Draw(t, "value")
		if rapid.Bool().Draw(t, "nested") {
			s = objectsOf(rapid.OneOf(scalars, listsOf(scalars), objectsOf(scalars))).Draw(t, "nested value")
		}
		p := Param{Name: "p", In: in, Style: rapid.SampledFrom(styles[in]).Draw(t, "style"), Explode: rapid.Bool().Draw(t, "explode"), Type: s.typ}
		target, err := EncodeParams("/a/{p}", []Arg{{p, s.value}, {Param{Name: "p", In: "path"}, "x"}}[:map[bool]int{true: 1, false: 2}[in == "path"]])
		if err != nil {
			return // refused, with a reason
		}
		r := request(t, target)
		got, errs := DecodeParams([]Param{p}, r, map[string]string{"p": strings.TrimPrefix(target.Path, "/a/")})
		if errs[0] != nil {
			t.Fatalf("%+v: written as %+v, not read: %v", s.value, target, errs[0])
		}
		if in == "header" && trims(s.value) {
			return // blanks around a header's value are not part of it
		}
		if !types.Equal(got[0], s.value) {
			t.Fatalf("%#v: written as %+v, read as %#v", s.value, target, got[0])
		}
	})
}

func request(t *rapid.T, target *Target) *http.Request {
	url := "http://localhost" + target.Path
	if target.Query != "" {
		url += "?" + target.Query
	}
	r, err := http.NewRequest("GET", url, nil)
	if err != nil {
		t.Fatalf("%+v is no request: %v", target, err)
	}
	r.Header = target.Header
	if target.Cookie != "" {
		r.Header.Set("Cookie", target.Cookie)
	}
	return r
}

// trims reports whether a text in v begins or ends with a blank.
func trims(v any) bool {
	switch x := v.(type) {
	case string:
		return strings.TrimSpace(x) != x
	case []any:
		for _, e := range x {
			if trims(e) {
				return true
			}
		}
	case map[string]any:
		for k, e := range x {
			if trims(k) || trims(e) {
				return true
			}
		}
	}
	return false
}

// TestFormRoundTrip: a form read with its type is the value that was written.
func TestFormRoundTrip(t *testing.T) {
	nested := objectsOf(rapid.OneOf(scalars, listsOf(scalars), listsOf(objectsOf(scalars)), objectsOf(listsOf(scalars))))
	rapid.Check(t, func(t *rapid.T) {
		s := nested.Draw(t, "value")
		encoding := map[string]Encoding{}
		for name := range s.value.(map[string]any) {
			if rapid.Bool().Draw(t, "deep") {
				encoding[name] = Encoding{Style: "deepObject", Explode: true}
			}
		}
		content, _, err := EncodeBody("application/x-www-form-urlencoded", encoding, s.value)
		if err != nil {
			t.Fatal(err)
		}
		got, err := DecodeForm(content, s.typ, encoding)
		if err != nil || !types.Equal(got, s.value) {
			t.Fatalf("%#v: written as %s, read as %#v, error %v", s.value, content, got, err)
		}
	})
}

func FuzzDecodeForm(f *testing.F) {
	for _, s := range []string{"", "a=1", "a[b][0][c]=1&a[b][0][d]=2&a[b][1]=3", "l[]=1&l[]=2", "l=1&l=2", "n=x", "a=%", "a[=1&a]=2&[a]=3", "o=%7B%22x%22:1%7D", "a[b]=1&a[b][c]=2"} {
		f.Add(s)
	}
	inner := types.ObjectOf(&types.Property{Name: "b", Type: types.ListOf(types.AnyInteger)}, &types.Property{Name: "x", Type: types.AnyNumber})
	t := types.ObjectOf(&types.Property{Name: "a", Type: inner}, &types.Property{Name: "l", Type: types.ListOf(types.AnyInteger)},
		&types.Property{Name: "n", Type: types.AnyInteger}, &types.Property{Name: "o", Type: inner})
	deep := map[string]Encoding{"a": {Style: "deepObject", Explode: true}}
	f.Fuzz(func(tt *testing.T, s string) {
		for _, e := range []map[string]Encoding{nil, deep} {
			v, err := DecodeForm([]byte(s), t, e)
			if err != nil {
				continue
			}
			if _, err := types.AppendJSON(nil, v); err != nil {
				tt.Errorf("%q gives %#v, which is no value: %v", s, v, err)
			}
		}
	})
}

func FuzzDecodeBody(f *testing.F) {
	f.Add("application/json", []byte(`{"a":1}`))
	f.Add("application/json; charset=utf-16", []byte{0xff, 0xfe, 0x31, 0})
	f.Add("application/x-ndjson", []byte("1\n2"))
	f.Add("text/plain; charset=shift_jis", []byte{0x82, 0xa0})
	f.Add("application/x-www-form-urlencoded", []byte("a=1&a=2&a=3"))
	f.Add("; =", []byte("x"))
	f.Fuzz(func(t *testing.T, contentType string, content []byte) {
		v, err := DecodeBody(contentType, strings.NewReader(string(content)), DecodeOptions{Declared: []string{"application/json", "text/*"}, MaxBytes: 1 << 16})
		if err != nil && len(err.Error()) > 2000 {
			t.Errorf("a message of %d bytes", len(err.Error()))
		}
		if err == nil && v == nil && strings.TrimSpace(string(content)) != "null" && len(content) < 4 {
			t.Errorf("%q gives null", content)
		}
	})
}

// A form of many names that nobody declared is read in time that grows with its size, not with its square.
func TestManyNames(t *testing.T) {
	var b strings.Builder
	for i := range 50_000 {
		b.WriteString("&n" + strconv.Itoa(i) + "[x]=1&m[" + strconv.Itoa(i) + "]=2")
	}
	v, err := DecodeForm([]byte(b.String()), types.ObjectOf(), nil)
	if err != nil || len(v.(map[string]any)) != 50_001 {
		t.Errorf("got %d names, error %v; want 50001", len(v.(map[string]any)), err)
	}
}

// A name that nothing declares and that comes several times is a list: nothing says that it is not.
func TestDecodeFormUndeclaredList(t *testing.T) {
	declared := types.ObjectOf(&types.Property{Name: "a", Type: types.AnyString})
	v, err := DecodeForm([]byte("a=1&b=2&c=x&b=3"), declared, nil)
	want := map[string]any{"a": "1", "b": []any{"2", "3"}, "c": "x"}
	if err != nil || !reflect.DeepEqual(v, want) {
		t.Errorf("got %v, %v, want %v", v, err, want)
	}
	kinds := types.ObjectOf(&types.Property{Name: "kinds", Type: types.ListOf(types.Enum("x", "y")).With(types.Null)})
	if v, err := DecodeForm([]byte("kinds="), kinds, nil); err != nil || !reflect.DeepEqual(v, map[string]any{"kinds": nil}) {
		t.Errorf("got %v, %v, want null", v, err)
	}
	if v, err := DecodeForm([]byte("a=1&a=2"), declared, nil); err == nil {
		t.Errorf("a is declared as text, but is %v", v)
	}
}
