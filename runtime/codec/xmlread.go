package codec

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strings"

	"golang.org/x/text/encoding/htmlindex"
	"golang.org/x/text/encoding/unicode"

	"tenon/spec/types"
)

const (
	maxXMLValues = 4_000_000
	xsi          = "http://www.w3.org/2001/XMLSchema-instance"
)

// decode reads a document. Entities that it declares are refused, as is what nests too deeply.
func (x *XML) decode(contentType string, content []byte) (any, error) {
	r, err := newXMLReader(contentType, content)
	if err != nil {
		return nil, err
	}
	v, err := r.document(x)
	var e *Error
	if err != nil && !errors.As(err, &e) {
		line, _ := r.d.InputPos()
		kind := Malformed
		if r.d.InputOffset() >= int64(len(content)) {
			kind = Truncated
		}
		message := err.Error()
		var s *xml.SyntaxError
		if errors.As(err, &s) {
			message = s.Msg
		}
		err = &Error{kind, fmt.Sprintf("the body is not XML: line %d: %s; it begins with: %s", line, message, excerpt(content)), err}
	}
	return v, err
}

type xmlReader struct {
	d      *xml.Decoder
	values int
	depth  int
}

// newXMLReader finds the character encoding: a byte order mark, the content type, then the document's own
// declaration (RFC 7303 §3).
func newXMLReader(contentType string, content []byte) (*xmlReader, error) {
	known := charset(contentType) != ""
	var err error
	switch {
	case bytes.HasPrefix(content, []byte{0xfe, 0xff}), bytes.HasPrefix(content, []byte{0xff, 0xfe}):
		known = true
		if content, err = unicode.UTF16(unicode.BigEndian, unicode.ExpectBOM).NewDecoder().Bytes(content); err != nil {
			return nil, errorf(Charset, "the content is not in UTF-16, as its byte order mark says")
		}
	case known:
		if content, err = toUTF8(content, contentType); err != nil {
			return nil, err
		}
	}
	d := xml.NewDecoder(bytes.NewReader(bytes.TrimPrefix(content, bom)))
	d.Strict = true
	d.CharsetReader = func(name string, in io.Reader) (io.Reader, error) {
		if known {
			return in, nil // which it has been read in
		}
		e, err := htmlindex.Get(name)
		if err != nil {
			return nil, errorf(Charset, "the XML names the character encoding %.100q, which is unknown", name)
		}
		return e.NewDecoder().Reader(in), nil
	}
	return &xmlReader{d: d}, nil
}

// document reads the one element that a document has.
func (r *xmlReader) document(x *XML) (any, error) {
	var root any
	found := false
	for {
		t, err := r.token()
		if err == io.EOF && found {
			return root, nil
		}
		if err == io.EOF {
			err = io.ErrUnexpectedEOF
		}
		if err != nil {
			return nil, err
		}
		switch t := t.(type) {
		case xml.StartElement:
			if found {
				return nil, errorf(Malformed, "the XML has more than one root element")
			}
			found = true
			if want := x.names.Root.Name; want != "" && t.Name.Local != want {
				return nil, errorf(Mismatched, "the root element is <%.100s> where <%s> was promised", t.Name.Local, want)
			}
			if root, err = r.element(x.root, t); err != nil {
				return nil, err
			}
			if x.root.typ == nil {
				root = map[string]any{t.Name.Local: root}
			}
		case xml.CharData:
			if len(bytes.TrimSpace(t)) > 0 {
				return nil, errorf(Malformed, "the XML has text outside of its root element; it begins with: %s", excerpt(t))
			}
		}
	}
}

// token is the next token that counts.
func (r *xmlReader) token() (xml.Token, error) {
	for {
		t, err := r.d.Token()
		if err != nil {
			return nil, err
		}
		switch t := t.(type) {
		case xml.Comment, xml.ProcInst:
		case xml.Directive:
			if bytes.ContainsAny(t, "[") || bytes.Contains(t, []byte("ENTITY")) {
				return nil, errorf(Malformed, "the XML has a document type declaration with parts of its own, which is not read: such declare entities")
			}
		default:
			return t, nil
		}
	}
}

func (r *xmlReader) count() error {
	if r.values++; r.values > maxXMLValues {
		return errorf(TooLarge, "the XML has more than %d elements and attributes", maxXMLValues)
	}
	return nil
}

// element reads an element up to its end as a value of n.
func (r *xmlReader) element(n *xmlNode, start xml.StartElement) (any, error) {
	if r.depth++; r.depth > maxDepth {
		return nil, errorf(TooLarge, "the XML nests deeper than %d elements", maxDepth)
	}
	defer func() { r.depth-- }()
	if err := r.count(); err != nil {
		return nil, err
	}
	for _, a := range start.Attr {
		if a.Name.Space == xsi && a.Name.Local == "nil" && strings.TrimSpace(a.Value) == "true" {
			return nil, r.skip()
		}
	}
	if n.typ != nil && n.typ.May(types.Array) && !n.typ.May(types.Object) {
		return r.list(n)
	}
	return r.parts(n, start)
}

func (r *xmlReader) skip() error {
	for depth := 0; ; {
		t, err := r.token()
		if err != nil {
			return unexpected(err)
		}
		switch t.(type) {
		case xml.StartElement:
			depth++
			if err := r.count(); err != nil {
				return err
			}
		case xml.EndElement:
			if depth--; depth < 0 {
				return nil
			}
		}
	}
}

func unexpected(err error) error {
	if err == io.EOF {
		return io.ErrUnexpectedEOF
	}
	return err
}

// list reads the elements inside an element as the items of a list.
func (r *xmlReader) list(n *xmlNode) (any, error) {
	list := []any{}
	for {
		t, err := r.token()
		if err != nil {
			return nil, unexpected(err)
		}
		switch t := t.(type) {
		case xml.StartElement:
			v, err := r.element(n.item, t)
			if err != nil {
				return nil, err
			}
			list = append(list, v)
		case xml.EndElement:
			return list, nil
		}
	}
}

// parts reads attributes, elements and text, as an object or, if there is only text, a scalar.
func (r *xmlReader) parts(n *xmlNode, start xml.StartElement) (any, error) {
	out := map[string]any{}
	for _, a := range start.Attr {
		if a.Name.Space == "xmlns" || a.Name.Local == "xmlns" || a.Name.Space == xsi {
			continue
		}
		if err := r.count(); err != nil {
			return nil, err
		}
		if p := n.attributes[a.Name.Local]; p != nil {
			out[p.Name] = p.scalar(a.Value)
		} else {
			out["@"+a.Name.Local] = a.Value
		}
	}
	var text []byte
	for {
		t, err := r.token()
		if err != nil {
			return nil, unexpected(err)
		}
		switch t := t.(type) {
		case xml.CharData:
			text = append(text, t...)
		case xml.StartElement:
			if err := r.child(n, out, t); err != nil {
				return nil, err
			}
		case xml.EndElement:
			return n.finish(out, string(text)), nil
		}
	}
}

// child reads one element inside another.
func (r *xmlReader) child(n *xmlNode, out map[string]any, start xml.StartElement) error {
	p := n.elements[start.Name.Local]
	switch {
	case p == nil:
		return r.untyped(n.rest, start.Name.Local, out, start)
	case p.value.typ == nil:
		return r.untyped(p.value, p.Name, out, start)
	case p.bare:
		v, err := r.element(p.value.item, start)
		list, _ := out[p.Name].([]any)
		out[p.Name] = append(list, v)
		return err
	}
	v, err := r.element(p.value, start)
	if err != nil {
		return err
	}
	if v == "" && p.optional && !p.value.typ.May(types.String) {
		return nil // an element that is there and says nothing
	}
	if _, twice := out[p.Name]; twice {
		return errorf(Malformed, "the element <%.100s> comes more than once, and %.100q is not a list", start.Name.Local, p.Name)
	}
	out[p.Name] = v
	return nil
}

// untyped reads an element of which the schema does not say whether it is a list: it is one if it comes again.
func (r *xmlReader) untyped(node *xmlNode, name string, out map[string]any, start xml.StartElement) error {
	if node == nil {
		node = &xmlNode{}
	}
	v, err := r.element(node, start)
	if err != nil {
		return err
	}
	old, twice := out[name]
	list, isList := old.([]any)
	switch {
	case isList:
		out[name] = append(list, v)
	case twice:
		out[name] = []any{old, v}
	default:
		out[name] = v
	}
	return nil
}

// finish makes a value of what an element holds.
func (n *xmlNode) finish(out map[string]any, text string) any {
	bare := strings.TrimSpace(text)
	switch {
	case n.text != nil:
		if bare != "" || !n.text.optional {
			out[n.text.Name] = n.text.scalar(text)
		}
	case n.typ == nil && len(out) == 0:
		return text
	case n.typ != nil && !n.typ.May(types.Object):
		return n.scalar(text) // what stands beside the text of a scalar says nothing
	case n.typ != nil && len(out) == 0 && bare != "" && n.typ.May(types.Scalar):
		return n.scalar(text)
	case bare != "":
		out["#text"] = bare
	}
	for _, p := range n.properties {
		if _, there := out[p.Name]; !there && p.bare && !p.optional {
			out[p.Name] = []any{} // a list without items has no element
		}
	}
	return out
}

func (p *xmlProperty) scalar(text string) any { return p.value.scalar(text) }

// scalar reads text as what the schema wants. Around numbers and the like, space does not count.
func (n *xmlNode) scalar(text string) any {
	if n.typ == nil {
		return text
	}
	if v := scalar(text, n.typ); n.typ.Contains(v) {
		return v
	}
	bare := strings.TrimSpace(text)
	switch {
	case bare == "1" && n.typ.Is(types.Boolean):
		return true // as XML Schema writes booleans
	case bare == "0" && n.typ.Is(types.Boolean):
		return false
	}
	return scalar(bare, n.typ)
}
