package codec

import (
	"bytes"
	"encoding/xml"
	"maps"
	"slices"
	"strings"
	"unicode/utf8"

	"tenon/spec/media"
	"tenon/spec/types"
)

// encode writes v as a document.
func (x *XML) encode(contentType string, v any) ([]byte, error) {
	if s, ok := v.(string); ok && (x.root.typ == nil || !x.root.typ.Is(types.Scalar)) {
		return fromUTF8([]byte(s), contentType) // XML already
	}
	if b, ok := v.([]byte); ok {
		return b, nil
	}
	name := "UTF-8"
	if c := charset(contentType); c != "" {
		name = strings.ToUpper(c)
	}
	w := &xmlWriter{}
	w.b.WriteString(`<?xml version="1.0" encoding="` + name + `"?>` + "\n")
	root := x.names.Root
	if root.Name == "" {
		root.Name = x.names.Inferred
	}
	node := x.root
	if m, ok := v.(map[string]any); ok && node.typ == nil && root.Name == "" && len(m) == 1 {
		for name, inside := range m {
			root.Name, v = name, inside
		}
	}
	if root.Name == "" {
		return nil, errorf(Unwritable, "the root element has no name: the schema gives none, and the value is not an object with one field")
	}
	if err := w.element(&root, root.Name, node, v, 0); err != nil {
		return nil, err
	}
	return fromUTF8(w.b.Bytes(), contentType)
}

type xmlWriter struct {
	b bytes.Buffer
	// spaces are the namespaces that are declared around, innermost last: prefix and name.
	spaces [][2]string
}

// open writes the beginning of a start tag and gives the name that the end tag has.
func (w *xmlWriter) open(place *media.Element, tag string) (string, error) {
	if !xmlName(tag) || place != nil && place.Prefix != "" && !xmlName(place.Prefix) {
		return "", errorf(Unwritable, "%.100q is no name of an XML element", tag)
	}
	if place != nil && place.Prefix != "" {
		tag = place.Prefix + ":" + tag
	}
	w.b.WriteString("<" + tag)
	if place != nil && place.Namespace != "" {
		return tag, w.declare(place.Prefix, place.Namespace)
	}
	return tag, nil
}

// declare declares a namespace, unless it is declared around already.
func (w *xmlWriter) declare(prefix, space string) error {
	for _, s := range slices.Backward(w.spaces) {
		if s[0] == prefix {
			if s[1] == space {
				return nil
			}
			break
		}
	}
	w.spaces = append(w.spaces, [2]string{prefix, space})
	name := "xmlns"
	if prefix != "" {
		name += ":" + prefix
	}
	return w.attribute(name, space)
}

func (w *xmlWriter) attribute(name, value string) error {
	w.b.WriteString(" " + name + `="`)
	err := w.text(value)
	w.b.WriteByte('"')
	return err
}

func (w *xmlWriter) text(s string) error {
	if !utf8.ValidString(s) {
		return errorf(Unwritable, "a text is not in UTF-8")
	}
	for _, r := range s {
		if r < ' ' && r != '\t' && r != '\n' && r != '\r' || r == 0xfffe || r == 0xffff {
			return errorf(Unwritable, "a text has the character %U, which XML cannot hold", r)
		}
	}
	return xml.EscapeText(&w.b, []byte(s))
}

// element writes one element. A list is an element around its items.
func (w *xmlWriter) element(place *media.Element, tag string, n *xmlNode, v any, depth int) error {
	if depth > maxDepth {
		return errorf(Unwritable, "the value nests deeper than %d levels", maxDepth)
	}
	scope := len(w.spaces)
	defer func() { w.spaces = w.spaces[:scope] }()
	name, err := w.open(place, tag)
	if err != nil {
		return err
	}
	switch v := v.(type) {
	case nil:
		if err = w.declare("xsi", xsi); err == nil {
			w.b.WriteString(` xsi:nil="true"/>`)
		}
		return err
	case map[string]any:
		err = w.object(n, v, depth)
	case []any:
		w.b.WriteByte('>')
		err = w.items(n, n.itemTag(tag), v, depth)
	default:
		w.b.WriteByte('>')
		s, ok := text(v)
		if !ok {
			return errorf(Unwritable, "the element %q cannot be written: it is %s", tag, types.Shapeof(v))
		}
		err = w.text(s)
	}
	w.b.WriteString("</" + name + ">")
	return err
}

func (w *xmlWriter) items(n *xmlNode, tag string, list []any, depth int) error {
	item := n.item
	if item == nil {
		item = &xmlNode{}
	}
	for _, v := range list {
		if err := w.element(n.itemPlace, tag, item, v, depth+1); err != nil {
			return err
		}
	}
	return nil
}

// object writes attributes, ends the start tag, and writes text and elements.
func (w *xmlWriter) object(n *xmlNode, m map[string]any, depth int) error {
	known := map[string]bool{}
	for _, p := range n.properties {
		known[p.Name] = true
		if v, ok := m[p.Name]; ok && p.Attribute {
			if err := w.attributeOf(&p.Element, p.tag, v); err != nil {
				return err
			}
		}
	}
	var rest []string
	for _, name := range slices.Sorted(maps.Keys(m)) {
		attr, isAttr := strings.CutPrefix(name, "@")
		switch {
		case known[name]:
		case isAttr:
			if err := w.attributeOf(nil, attr, m[name]); err != nil {
				return err
			}
		default:
			rest = append(rest, name)
		}
	}
	w.b.WriteByte('>')
	for _, p := range n.properties {
		v, ok := m[p.Name]
		if !ok || types.IsMissing(v) || p.Attribute {
			continue
		}
		if err := w.property(p, v, depth); err != nil {
			return err
		}
	}
	for _, name := range rest {
		if err := w.undeclared(n, name, m[name], depth); err != nil {
			return err
		}
	}
	return nil
}

func (w *xmlWriter) attributeOf(place *media.Element, tag string, v any) error {
	s, ok := text(v)
	switch {
	case v == nil || types.IsMissing(v):
		return nil
	case !ok:
		return errorf(Unwritable, "the attribute %q cannot be written: it is %s", tag, types.Shapeof(v))
	case !xmlName(tag):
		return errorf(Unwritable, "%.100q is no name of an XML attribute", tag)
	}
	if place != nil && place.Prefix != "" {
		tag = place.Prefix + ":" + tag
		if place.Namespace != "" {
			if err := w.declare(place.Prefix, place.Namespace); err != nil {
				return err
			}
		}
	}
	return w.attribute(tag, s)
}

func (w *xmlWriter) property(p *xmlProperty, v any, depth int) error {
	list, isList := v.([]any)
	switch {
	case p.Text:
		s, ok := text(v)
		if !ok {
			return errorf(Unwritable, "%q is the text of an element, and it is %s", p.Name, types.Shapeof(v))
		}
		return w.text(s)
	case isList && p.bare:
		return w.items(p.value, p.tag, list, depth)
	case p.bare: // a value where a list may stand, too
		return w.element(p.value.itemPlace, p.tag, p.value.item, v, depth+1)
	}
	return w.element(&p.Element, p.tag, p.value, v, depth+1)
}

// undeclared writes a property that the schema does not name: a list as one element an item.
func (w *xmlWriter) undeclared(n *xmlNode, name string, v any, depth int) error {
	if types.IsMissing(v) {
		return nil
	}
	if s, ok := text(v); ok && name == "#text" {
		return w.text(s)
	}
	node := n.rest
	if node == nil {
		node = &xmlNode{}
	}
	if list, ok := v.([]any); ok {
		for _, item := range list {
			if _, inside := item.([]any); inside {
				return errorf(Unwritable, "%q is a list in a list, which has no form in XML", name)
			}
			if err := w.element(nil, name, node, item, depth+1); err != nil {
				return err
			}
		}
		return nil
	}
	return w.element(nil, name, node, v, depth+1)
}

// xmlName reports whether s is a name that elements and attributes can have; the one colon is for those who
// write a prefix themselves.
func xmlName(s string) bool {
	for i, r := range s {
		switch {
		case r == '_' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= 0xc0 && r != 0xd7 && r != 0xf7 && r != utf8.RuneError:
		case i > 0 && (r == '-' || r == '.' || r == ':' || r == 0xb7 || r >= '0' && r <= '9'):
		default:
			return false
		}
	}
	return s != "" && strings.Count(s, ":") <= 1
}
