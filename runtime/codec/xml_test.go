package codec

import (
	"encoding/xml"
	"errors"
	"reflect"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"tenon/spec/media"
	"tenon/spec/types"
)

// order is a schema with one of everything that the xml object says.
func order() (*media.Names, *types.Type) {
	p := func(name string, t *types.Type, required bool) *types.Property {
		return &types.Property{Name: name, Type: t, Required: required}
	}
	line := types.ObjectOf(p("sku", types.AnyString, true), p("quantity", types.AnyInteger, false), p("price", types.AnyNumber, false), p("note", types.AnyString, false))
	t := types.ObjectOf(p("id", types.AnyInteger, true), p("open", types.AnyBoolean, false), p("tags", types.ListOf(types.AnyString), true),
		p("lines", types.ListOf(line), false), p("memo", types.Union(types.AnyString, types.JustNull), false), p("due", types.AnyString, false))
	names := &media.Names{Root: media.Element{Name: "Order", Namespace: "urn:shop", Prefix: "s", Properties: []*media.Property{
		{Name: "id", Element: media.Element{Attribute: true}},
		{Name: "open", Element: media.Element{}},
		{Name: "tags", Element: media.Element{Items: &media.Element{Name: "tag"}}},
		{Name: "lines", Element: media.Element{Wrapped: true, Name: "orderLines", Items: &media.Element{Name: "line", Properties: []*media.Property{
			{Name: "sku", Element: media.Element{Attribute: true}},
			{Name: "quantity", Element: media.Element{Name: "qty"}},
			{Name: "price", Element: media.Element{Prefix: "m", Namespace: "urn:money"}},
			{Name: "note", Element: media.Element{Text: true}},
		}}}},
		{Name: "memo", Element: media.Element{}},
		{Name: "due", Element: media.Element{Prefix: "s", Namespace: "urn:shop"}},
	}}}
	return names, t
}

const orderXML = `<?xml version="1.0" encoding="UTF-8"?>
<s:Order xmlns:s="urn:shop" id="7"><open>true</open><tag>red</tag><orderLines><line sku="a&amp;b"><qty>2</qty><m:price xmlns:m="urn:money">1.50</m:price></line></orderLines><memo xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:nil="true"/><s:due>1 &lt; 2</s:due></s:Order>`

func price(t testing.TB, s string) any {
	v, err := types.DecodeJSON([]byte(s), types.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func orderValue(t testing.TB) map[string]any {
	return map[string]any{"id": 7, "open": true, "tags": []any{"red"}, "memo": nil, "due": "1 < 2",
		"lines": []any{map[string]any{"sku": "a&b", "quantity": 2, "price": price(t, "1.5")}}}
}

func TestXMLBothWays(t *testing.T) {
	x := NewXML(order())
	got, err := x.decode("application/xml", []byte(orderXML))
	if err != nil || !reflect.DeepEqual(got, any(orderValue(t))) {
		t.Errorf("read %#v, %v", got, err)
	}
	text, err := x.encode("application/xml", orderValue(t))
	if want := strings.Replace(orderXML, "1.50", "1.5", 1); err != nil || string(text) != want {
		t.Errorf("wrote\n%s\nwant\n%s\n%v", text, want, err)
	}
	// encoding/xml reads the same, namespaces and all.
	var oracle struct {
		XMLName xml.Name `xml:"urn:shop Order"`
		ID      int      `xml:"id,attr"`
		Open    bool     `xml:"open"`
		Tags    []string `xml:"tag"`
		Lines   []struct {
			SKU   string  `xml:"sku,attr"`
			Qty   int     `xml:"qty"`
			Price float64 `xml:"urn:money price"`
		} `xml:"orderLines>line"`
		Due string `xml:"urn:shop due"`
	}
	if err := xml.Unmarshal(text, &oracle); err != nil || oracle.ID != 7 || !oracle.Open || len(oracle.Tags) != 1 || len(oracle.Lines) != 1 ||
		oracle.Lines[0].SKU != "a&b" || oracle.Lines[0].Qty != 2 || oracle.Lines[0].Price != 1.5 || oracle.Due != "1 < 2" {
		t.Errorf("encoding/xml reads %+v, %v", oracle, err)
	}
}

func TestXMLRead(t *testing.T) {
	names, typ := order()
	names.Root.Name = ""
	x := NewXML(names, typ)
	for _, tt := range []struct {
		name, text, want string
	}{
		{"a list of one, and none", `<o id="1"><tag>a</tag></o>`, `{"id":1,"tags":["a"]}`},
		{"no items at all", `<o id="1"/>`, `{"id":1,"tags":[]}`},
		{"the property's own name where it is declared otherwise", `<o id="1"><lines><line sku="x"/></lines></o>`, `{"id":1,"lines":[{"sku":"x"}],"tags":[]}`},
		{"an empty list with an element of its own", `<o id="1"><orderLines/></o>`, `{"id":1,"lines":[],"tags":[]}`},
		{"space around numbers", `<o id=" 1 "><open> true </open></o>`, `{"id":1,"open":true,"tags":[]}`},
		{"booleans of XML Schema", `<o id="1"><open>0</open></o>`, `{"id":1,"open":false,"tags":[]}`},
		{"an empty element for an optional value", `<o id="1"><open/></o>`, `{"id":1,"tags":[]}`},
		{"an empty element for text", `<o id="1"><memo></memo></o>`, `{"id":1,"memo":"","tags":[]}`},
		{"text beside attributes", `<o id="1"><orderLines><line sku="x">fragile</line></orderLines></o>`, `{"id":1,"lines":[{"note":"fragile","sku":"x"}],"tags":[]}`},
		{"CDATA and comments", `<o id="1"><memo>a<!-- b --><![CDATA[<c>]]></memo></o>`, `{"id":1,"memo":"a<c>","tags":[]}`},
		{"what the schema does not name", `<o id="1" more="x"><other a="1">b</other><many>1</many><many>2</many></o>`, `{"@more":"x","id":1,"many":["1","2"],"other":{"#text":"b","@a":"1"},"tags":[]}`},
		{"mixed text", `<o id="1">so <memo>x</memo> it is</o>`, `{"#text":"so  it is","id":1,"memo":"x","tags":[]}`},
		{"any namespace", `<o xmlns="urn:a" xmlns:b="urn:b" id="1"><b:memo>x</b:memo></o>`, `{"id":1,"memo":"x","tags":[]}`},
		{"what cannot be a number stays for the check", `<o id="seven"/>`, `{"id":"seven","tags":[]}`},
	} {
		v, err := x.decode("application/xml", []byte(tt.text))
		if err != nil {
			t.Errorf("%s: %v", tt.name, err)
			continue
		}
		if got, _ := types.AppendJSON(nil, v); string(got) != tt.want {
			t.Errorf("%s:\ngot  %s\nwant %s", tt.name, got, tt.want)
		}
	}
}

func TestXMLWithoutSchema(t *testing.T) {
	x := NewXML(nil, nil)
	const text = `<order id="7"><line>a</line><line>b</line><note lang="en">x</note></order>`
	v, err := x.decode("text/xml", []byte(text))
	got, _ := types.AppendJSON(nil, v)
	if want := `{"order":{"@id":"7","line":["a","b"],"note":{"#text":"x","@lang":"en"}}}`; err != nil || string(got) != want {
		t.Errorf("got %s, %v", got, err)
	}
	back, err := x.encode("text/xml", v)
	if err != nil || !strings.HasSuffix(string(back), "\n"+text) {
		t.Errorf("wrote %s, %v", back, err)
	}
}

func TestXMLCharsets(t *testing.T) {
	x := NewXML(nil, nil)
	for name, tt := range map[string]struct{ contentType, text string }{
		"declared":       {"application/xml", "<?xml version=\"1.0\" encoding=\"ISO-8859-1\"?><a>\xe9</a>"},
		"content type":   {"application/xml; charset=iso-8859-1", "<?xml version=\"1.0\" encoding=\"UTF-8\"?><a>\xe9</a>"},
		"UTF-16":         {"application/xml", "\xff\xfe<\x00a\x00>\x00\xe9\x00<\x00/\x00a\x00>\x00"},
		"UTF-8 with BOM": {"application/xml", "\ufeff<a>é</a>"},
	} {
		if v, err := x.decode(tt.contentType, []byte(tt.text)); err != nil || types.Get(v, "a") != "é" {
			t.Errorf("%s: %v, %v", name, v, err)
		}
	}
}

func TestHostileXML(t *testing.T) {
	names, typ := order()
	for name, tt := range map[string]struct {
		text string
		kind Kind
		says string
	}{
		"entities":       {`<!DOCTYPE a [<!ENTITY x "ha"><!ENTITY y "&x;&x;">]><a>&y;</a>`, Malformed, "document type declaration"},
		"outside entity": {`<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><a>&x;</a>`, Malformed, "document type declaration"},
		"unknown entity": {`<Order>&nbsp;</Order>`, Malformed, "entity"},
		"deep":           {"<Order>" + strings.Repeat("<a>", 5000) + strings.Repeat("</a>", 5000) + "</Order>", TooLarge, "deeper than 100"},
		"cut":            {`<Order id="1"><open>tr`, Truncated, "not XML"},
		"nothing":        {` `, Truncated, "not XML"},
		"two roots":      {`<Order/><Order/>`, Malformed, "more than one root"},
		"wrong root":     {`<Error/>`, Mismatched, "the root element is <Error> where <Order> was promised"},
		"twice":          {`<Order><open>true</open><open>true</open></Order>`, Malformed, "comes more than once"},
		"charset":        {`<?xml version="1.0" encoding="klingon"?><Order/>`, Charset, "unknown"},
		"not UTF-8":      {"<Order>\xff</Order>", Malformed, "UTF-8"},
		"text":           {`so sorry`, Malformed, "outside of its root"},
		"JSON":           {`{"id": 1}`, Malformed, `begins with: {"id": 1}`},
	} {
		_, err := NewXML(names, typ).decode("application/xml", []byte(tt.text))
		var e *Error
		if !errors.As(err, &e) || e.Kind != tt.kind || !strings.Contains(e.Message, tt.says) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestXMLUnwritable(t *testing.T) {
	x := NewXML(order())
	for says, change := range map[string]func(map[string]any){
		"U+0001":             func(v map[string]any) { v["due"] = "a\x01" },
		"not in UTF-8":       func(v map[string]any) { v["due"] = "\xff" },
		"no name":            func(v map[string]any) { v["a b"] = "x" },
		"list in a list":     func(v map[string]any) { v["other"] = []any{[]any{1}} },
		"attribute \"id\"":   func(v map[string]any) { v["id"] = []any{} },
		"\"open\" cannot be": func(v map[string]any) { v["open"] = types.FileValue{} },
	} {
		v := orderValue(t)
		change(v)
		if text, err := x.encode("application/xml", v); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%s: %s, %v", says, text, err)
		}
	}
}

// TestXMLRoundTrip writes generated values, which encoding/xml must find well-formed, and reads them again.
func TestXMLRoundTrip(t *testing.T) {
	names, typ := order()
	x := NewXML(names, typ)
	word := rapid.StringMatching(`[a-zäé<>&"' ]{0,12}`)
	rapid.Check(t, func(t *rapid.T) {
		v := map[string]any{"id": rapid.Int().Draw(t, "id"), "tags": []any{}}
		for _, tag := range rapid.SliceOfN(word, 0, 3).Draw(t, "tags") {
			v["tags"] = append(v["tags"].([]any), tag)
		}
		if rapid.Bool().Draw(t, "due?") {
			v["due"] = word.Draw(t, "due")
		}
		if rapid.Bool().Draw(t, "lines?") {
			lines := []any{}
			for range rapid.IntRange(0, 3).Draw(t, "n") {
				lines = append(lines, map[string]any{"sku": word.Draw(t, "sku"), "quantity": rapid.Int().Draw(t, "quantity")})
			}
			v["lines"] = lines
		}
		text, err := x.encode("application/xml", v)
		if err != nil {
			t.Fatal(err)
		}
		if err := xml.Unmarshal(text, new(struct{})); err != nil {
			t.Fatalf("not well-formed: %v\n%s", err, text)
		}
		if got, err := x.decode("application/xml", text); err != nil || !reflect.DeepEqual(got, any(v)) {
			t.Fatalf("%v\n%s\ngot  %#v\nwant %#v", err, text, got, v)
		}
	})
}

func FuzzXML(f *testing.F) {
	f.Add("application/xml", []byte(orderXML))
	f.Add("text/xml; charset=utf-16", []byte("\xff\xfe<\x00a\x00/\x00>\x00"))
	f.Add("application/xml", []byte(`<!DOCTYPE a [<!ENTITY x "y">]><a>&x;</a>`))
	x, bare := NewXML(order()), NewXML(nil, nil)
	f.Fuzz(func(t *testing.T, contentType string, content []byte) {
		for _, x := range []*XML{x, bare} {
			v, err := x.decode(contentType, content)
			var e *Error
			if err != nil && !errors.As(err, &e) {
				t.Errorf("an error that is not ours: %v", err)
			}
			if err == nil {
				if _, err := types.AppendJSON(nil, v); err != nil {
					t.Errorf("no value of ours: %v", err)
				}
			}
		}
	})
}
