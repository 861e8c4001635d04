package expression

import (
	"bytes"
	"encoding/xml"
	"io"
	"strings"

	"tenon/spec/types"
)

// XML as objects: an element is a field of its parent. One without attributes and children is its
// text, otherwise an object with "@name" for attributes, "#text" for text, and a list for a name that
// comes more than once.
func xmlFunctions() []*Function {
	return []*Function{
		{Signature: "xmlencode(x object) string", Doc: "An XML document: the object has one field, the root element. `\"@name\"` is an attribute, `\"#text\"` the text of an element that has attributes, a list repeats its element.", Pure: true,
			Examples: ex(`xmlencode({ order = { "@id" = 7, line = ["a", "b"] } })`, `"<order id=\"7\"><line>a</line><line>b</line></order>"`), prim: primitive{text: xmlEncode}},
		{Signature: "xmldecode(s string) object", Doc: "The document as `xmlencode` takes it. Every value is a string; an element that comes once is not a list, so what may repeat is read with `xs[*]`.", Pure: true,
			Examples: ex(`xmldecode("<order id=\"7\"><line>a</line></order>").order`, `{"@id":"7","line":"a"}`), result: func([]*types.Type) *types.Type { return types.MapOf(types.Any) }, prim: primitive{text: xmlDecode}},
	}
}

const maxXMLDepth = 200

func xmlDecode(f *frame, v any) any {
	d := xml.NewDecoder(strings.NewReader(mustText(v)))
	out := map[string]any{}
	for {
		t, err := d.Token()
		if err == io.EOF && len(out) == 1 {
			return out
		}
		if err != nil {
			fail("this is not an XML document")
		}
		if start, ok := t.(xml.StartElement); ok {
			if len(out) > 0 {
				fail("an XML document has one root element")
			}
			out[start.Name.Local] = xmlElement(f, d, start, 0)
		}
	}
}

func xmlElement(f *frame, d *xml.Decoder, start xml.StartElement, depth int) any {
	if depth > maxXMLDepth {
		fail("the XML is nested too deeply")
	}
	f.cells(1 + len(start.Attr))
	m := map[string]any{}
	for _, a := range start.Attr {
		if a.Name.Space != "xmlns" && a.Name.Local != "xmlns" { // which say nothing but how names are written
			m["@"+a.Name.Local] = a.Value
		}
	}
	var text strings.Builder
	for {
		t, err := d.Token()
		if err != nil {
			fail("this is not an XML document")
		}
		switch t := t.(type) {
		case xml.CharData:
			text.Write(t)
		case xml.StartElement:
			name := t.Name.Local
			child := xmlElement(f, d, t, depth+1)
			switch old := m[name].(type) {
			case nil:
				m[name] = child
			case []any:
				m[name] = append(old, child)
			default:
				m[name] = []any{old, child}
			}
		case xml.EndElement:
			s := strings.TrimSpace(text.String())
			if len(m) == 0 {
				return text.String()
			}
			if s != "" {
				m["#text"] = s
			}
			return m
		}
	}
}

func xmlEncode(f *frame, v any) any {
	m := mustObject(v)
	if len(m) != 1 {
		fail("an XML document has one root element, and this object has %s", plural(len(m), "field"))
	}
	var b bytes.Buffer
	for name, x := range m {
		if _, list := x.([]any); list {
			fail("an XML document has one root element, not a list of them")
		}
		xmlWrite(f, &b, name, x, 0)
	}
	return f.text(b.String())
}

func xmlWrite(f *frame, b *bytes.Buffer, name string, v any, depth int) {
	if depth > maxXMLDepth {
		fail("the value is nested too deeply for XML")
	}
	if !xmlName(name) {
		fail("%q is no name of an XML element or attribute", oneLine(name, 40))
	}
	if l, ok := v.([]any); ok {
		for _, x := range l {
			if _, list := x.([]any); list {
				fail("a list in a list has no form in XML")
			}
			xmlWrite(f, b, name, x, depth+1)
		}
		return
	}
	before := b.Len()
	b.WriteString("<" + name)
	m, isObject := v.(map[string]any)
	for _, k := range keysOf(m) {
		if attr, ok := strings.CutPrefix(k, "@"); ok && m[k] != nil {
			if !xmlName(attr) {
				fail("%q is no name of an XML attribute", oneLine(attr, 40))
			}
			b.WriteString(" " + attr + `="`)
			xml.EscapeText(b, []byte(textOfValue(m[k])))
			b.WriteByte('"')
		}
	}
	b.WriteByte('>')
	switch {
	case isObject:
		if t, ok := m["#text"]; ok && t != nil {
			xml.EscapeText(b, []byte(textOfValue(t)))
		}
		for _, k := range keysOf(m) {
			if k != "#text" && !strings.HasPrefix(k, "@") {
				xmlWrite(f, b, k, m[k], depth+1)
			}
		}
	case v != nil:
		xml.EscapeText(b, []byte(textOfValue(v)))
	}
	b.WriteString("</" + name + ">")
	f.made(65 + b.Len() - before)
}

// xmlName accepts the names that XML 1.0 allows and that people use: letters, digits, "_", "-", "." and one colon.
func xmlName(s string) bool {
	for i, r := range s {
		switch {
		case r == '_' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r > 127:
		case i > 0 && (r == '-' || r == '.' || r == ':' || r >= '0' && r <= '9'):
		default:
			return false
		}
	}
	return s != "" && strings.Count(s, ":") <= 1
}
