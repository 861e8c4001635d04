package codec

import (
	"tenon/spec/media"
	"tenon/spec/types"
)

// XML knows how the values of one schema are written in XML, and which text is to become a number, a list of one,
// and so on. It is immutable and may be used by many at once.
type XML struct {
	names *media.Names
	root  *xmlNode
}

// xmlNode is one schema: what its values are, and how their parts are named.
type xmlNode struct {
	typ        *types.Type    // nil: anything
	properties []*xmlProperty // in the document's order
	attributes map[string]*xmlProperty
	elements   map[string]*xmlProperty
	text       *xmlProperty
	item       *xmlNode // of lists
	itemPlace  *media.Element
	rest       *xmlNode // of properties that are not declared
}

type xmlProperty struct {
	*media.Property
	value    *xmlNode
	optional bool
	// tag is the name of the element or attribute; of a list without an element of its own, that of its items.
	tag string
	// bare says that it may be a list whose items stand among the other properties.
	bare bool
}

// NewXML makes the XML of a schema whose names in XML are names, and whose values are of t. Either may be nil; of
// values without a schema the form is that of the functions xmlencode and xmldecode.
func NewXML(names *media.Names, t *types.Type) *XML {
	if names == nil {
		names = &media.Names{}
	}
	c := &xmlCompiler{names: names, made: map[string]*xmlNode{}}
	return &XML{names: names, root: c.node(&names.Root, t)}
}

type xmlCompiler struct {
	names *media.Names
	made  map[string]*xmlNode
	deep  int
}

// maxXMLSchema bounds the nesting of what a schema says in one piece; what is deeper is read as it comes.
const maxXMLSchema = 64

func (c *xmlCompiler) node(e *media.Element, t *types.Type) *xmlNode {
	if e != nil && e.Type != "" {
		if n := c.made[e.Type]; n != nil {
			return n
		}
	}
	n := &xmlNode{}
	if c.deep >= maxXMLSchema {
		return n
	}
	c.deep++
	defer func() { c.deep-- }()
	if t != nil {
		if n.typ = t.Without(types.Absent); n.typ.Shape().Untyped && len(n.typ.Shape().Objects) == 0 && len(n.typ.Shape().Arrays) == 0 {
			n.typ = nil
		}
	}
	if e != nil && e.Type != "" {
		c.made[e.Type] = n
	}
	c.fill(n, c.names.Resolve(e))
	return n
}

func (c *xmlCompiler) fill(n *xmlNode, e *media.Element) {
	if n.typ == nil {
		return
	}
	if n.typ.May(types.Array) {
		var item *media.Element
		if e != nil {
			item = e.Items
		}
		n.itemPlace, n.item = item, c.node(item, n.typ.Elem())
	}
	if !n.typ.May(types.Object) || e == nil {
		return
	}
	n.attributes, n.elements = map[string]*xmlProperty{}, map[string]*xmlProperty{}
	for _, p := range e.Properties {
		c.property(n, p)
	}
	for _, p := range n.properties { // as they are named in the schema, where that names nothing else
		if _, taken := n.elements[p.Name]; !taken && !p.Attribute && !p.Text {
			n.elements[p.Name] = p
		}
	}
	if rest := n.typ.Field("\x00").Type; rest != nil && n.typ.Field("\x00").Found != types.Undeclared && n.typ.Field("\x00").Found != types.Forbidden {
		n.rest = c.node(nil, rest)
	}
}

func (c *xmlCompiler) property(n *xmlNode, m *media.Property) {
	f := n.typ.Field(m.Name)
	p := &xmlProperty{Property: m, tag: m.Element.Name, value: c.node(&m.Element, f.Type), optional: f.Property == nil || !f.Property.Required}
	if p.tag == "" {
		p.tag = m.Name
	}
	n.properties = append(n.properties, p)
	switch {
	case m.Attribute:
		n.attributes[p.tag] = p
		return
	case m.Text:
		n.text = p
		return
	}
	if t := p.value.typ; t != nil && t.May(types.Array) && !m.Wrapped {
		p.bare = true
		p.tag = m.Name
		if i := p.value.itemPlace; i != nil && i.Name != "" {
			p.tag = i.Name
		}
	}
	n.elements[p.tag] = p
}

// itemTag is the name of the items of a list that has an element of its own, which is called tag.
func (n *xmlNode) itemTag(tag string) string {
	if n.itemPlace != nil && n.itemPlace.Name != "" {
		return n.itemPlace.Name
	}
	return tag
}
