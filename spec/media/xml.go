package media

// Element says how one schema's values are written in XML (the xml object, OpenAPI 3.1 §4.8.26).
type Element struct {
	// Type names the entry of [Names].Types that describes what is inside, for schemas that others refer to.
	Type string `json:"type,omitempty"`

	Name      string `json:"name,omitempty"` // of the element or attribute; "": that of the property
	Namespace string `json:"namespace,omitempty"`
	Prefix    string `json:"prefix,omitempty"`
	Attribute bool   `json:"attribute,omitempty"`
	Text      bool   `json:"text,omitempty"`    // the text of the element around (3.2: nodeType text or cdata)
	Wrapped   bool   `json:"wrapped,omitempty"` // a list has an element of its own around its items

	Properties []*Property `json:"properties,omitempty"` // of an object, in the document's order
	Items      *Element    `json:"items,omitempty"`      // of a list
}

// Property is one property of an object in XML.
type Property struct {
	Name string `json:"property"` // in the value
	Element
}

// Names is how a schema and all it refers to are written in XML.
type Names struct {
	Root Element `json:"root"`
	// Inferred is what the root element is called where the document does not name it.
	Inferred string              `json:"inferred,omitempty"`
	Types    map[string]*Element `json:"types,omitempty"`
}

// Resolve gives the element that describes what is inside e.
func (n *Names) Resolve(e *Element) *Element {
	if e == nil {
		return nil
	}
	if e.Type != "" {
		return n.Types[e.Type]
	}
	return e
}

// Property finds a property by its name in the value; nil if the schema does not speak of it.
func (e *Element) Property(name string) *Property {
	if e == nil {
		return nil
	}
	for _, p := range e.Properties {
		if p.Name == name {
			return p
		}
	}
	return nil
}
