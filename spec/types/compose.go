package types

import (
	"bytes"
	"slices"
	"strconv"
	"strings"
)

// mentions reports whether the member name could occur in raw.
func mentions(raw []byte, name string) bool { return bytes.Contains(raw, []byte(`"`+name+`"`)) }

// enumerated applies enum and const to s.
func (k *keywords) enumerated(s *Shape) {
	if raw := k.get("enum"); raw != nil {
		elements, err := parseElements(raw)
		if err != nil {
			k.wrong("enum", "a list of values")
		} else if len(elements) > 0 || k.opt.Dialect == own {
			k.limit(s, "enum", elements)
		}
	}
	if raw := k.get("const"); raw != nil && (k.opt.Dialect != OpenAPI20 && k.opt.Dialect != OpenAPI30 && k.opt.Dialect != Draft4) {
		k.limit(s, "const", [][]byte{raw})
	}
}

// limit restricts s to the listed values.
func (k *keywords) limit(s *Shape, name string, elements [][]byte) {
	listed := &Shape{}
	var values []*Shape
	texts, numbers := &Text{MaxLen: -1}, &Numeric{}
	for _, e := range elements {
		v, err := DecodeJSON(e, Limits{})
		if err != nil {
			k.defect(k.under(name), "a value can't be read: "+err.Error())
			continue
		}
		switch v := v.(type) {
		case string:
			texts.Enum = append(texts.Enum, v)
		case int, float64, Num:
			n, _ := NumOf(v)
			numbers.Enum = append(numbers.Enum, n)
			listed.Kinds |= kindOf(v)
		default:
			values = append(values, Const(v).Shape())
		}
	}
	if texts.Enum != nil {
		listed.Kinds |= String
		listed.Strings = []*Text{texts}
	}
	if numbers.Enum != nil {
		listed.Numbers = []*Numeric{numbers}
	}
	for _, v := range values {
		listed = unite(listed, v)
	}
	both := new(meet).shapes(&forcing{low: untainted}, s, listed)
	if both.Kinds == 0 && listed.Kinds != 0 && k.opt.Dialect != own {
		if fixed := k.mistyped(s, listed); fixed != nil {
			both = fixed
		}
	}
	*s = *both
}

// mistyped mends an enum whose members are none of the type beside it, as in `type: integer` with
// `enum: ["1", "2"]`: the type counts.
func (k *keywords) mistyped(s, listed *Shape) *Shape {
	if s.Kinds&listed.Kinds != 0 {
		return nil
	}
	if listed.Kinds == Null { // nothing but null is meant, even if `nullable` is all that allows it
		return listed
	}
	if s.Kinds == Array && listed.Kinds&^Scalar == 0 {
		k.defect(k.under("enum"), "nothing satisfies an enum of scalars beside type array; it is taken to be meant for the items")
		return s.withItems(New(listed))
	}
	k.defect(k.under("enum"), "no member is of the type that the schema gives, so they are not checked")
	return s
}

// withItems is s, of arrays, with all items restricted to t.
func (s *Shape) withItems(t *Type) *Shape {
	out := *s
	lists := s.Arrays
	if lists == nil {
		lists = []*List{{MaxLen: -1}}
	}
	out.Arrays = make([]*List, len(lists))
	for i, l := range lists {
		c := *l
		if c.Items = t; l.Items != nil {
			c.Items = Intersect(l.Items, t)
		}
		out.Arrays[i] = &c
	}
	return &out
}

// compose applies allOf, anyOf, oneOf, not and the other keywords that combine schemas to s.
func (r *reader) compose(f *forcing, m *meet, n *node, s *Shape, raw []byte) *Shape {
	c := &composer{reader: r, f: f, m: m, node: n}
	c.typed = n.get("type") != nil
	s = c.all(s)
	s = c.some(s, "anyOf", false)
	s = c.some(s, "oneOf", true)
	if n.needsValidator() {
		with := *s
		with.Opaque = append(s.Opaque[:len(s.Opaque):len(s.Opaque)], &Opaque{Why: "unevaluated properties or items", rule: ruleForeign, schema: &foreign{make: func() []byte { return r.bundle(n.origin, raw) }}})
		s = &with
	} else {
		s = c.unevaluated(s)
	}
	return c.conditions(s)
}

type composer struct {
	*reader
	f *forcing
	m *meet
	*node
	typed bool // the schema names its type itself
}

// members returns the schemas listed under a keyword.
func (c *composer) listed(name string) [][]byte {
	raw := c.get(name)
	if raw == nil {
		return nil
	}
	elements, err := parseElements(raw)
	if err != nil || len(elements) == 0 {
		c.defect(c.under(name), name+" must be a list of schemas")
	}
	return elements
}

// shapeOf returns the shape and type of a member of a composition.
func (c *composer) shapeOf(o Origin, raw []byte, alternative bool) (*Shape, *Type) {
	if t := c.at(o, raw); t.Origin != o || t.Name != "" {
		return c.part(c.f, o, t), t
	}
	s := c.schema(c.f, o, raw, alternative && !c.typed)
	t := New(s)
	t.Origin = o
	return s, t
}

func (c *composer) all(s *Shape) *Shape {
	for i, raw := range c.listed("allOf") {
		part, _ := c.shapeOf(c.under("allOf", strconv.Itoa(i)), raw, false)
		s = c.m.shapes(c.f, s, part)
	}
	return s
}

// some intersects s with the union of the schemas under name. With exactly, a value must be in one of them only;
// that needs no check where no two have values in common.
func (c *composer) some(s *Shape, name string, exactly bool) *Shape {
	elements := c.listed(name)
	if len(elements) == 0 {
		return s
	}
	shapes := make([]*Shape, len(elements))
	ts := make([]*Type, len(elements))
	for i, raw := range elements {
		shapes[i], ts[i] = c.shapeOf(c.under(name, strconv.Itoa(i)), raw, true)
	}
	d := c.discriminator()
	if d != nil {
		for i := range shapes {
			if mark := d.mark(c, elements[i], ts[i], shapes[i]); mark != shapes[i] {
				shapes[i], ts[i] = mark, &Type{Name: ts[i].Name, Origin: ts[i].Origin}
				ts[i].shape.Store(mark)
			}
		}
	}
	union := uniteAll(ts, shapes)
	if exactly && len(shapes) > 1 && !disjoint(c.f, shapes) {
		u := *union
		u.Opaque = []*Opaque{{Why: "exactly one of several alternatives that may overlap", rule: ruleOne, types: ts}}
		union = &u
	}
	if d != nil && union.Kinds.Has(Object) {
		u := *union
		u.Discriminator = d.property
		union = &u
	}
	return c.m.shapes(c.f, s, union)
}

// discriminator is OpenAPI's discriminator object.
type discriminator struct {
	property string
	byRef    map[string][]string // values by what they are mapped to, as written
}

func (c *composer) discriminator() *discriminator {
	raw := c.get("discriminator")
	if raw == nil || !c.opt.Dialect.openAPI() && c.opt.Dialect != own {
		return nil
	}
	if name, ok := readString(raw); ok {
		return &discriminator{property: name} // Swagger 2.0
	}
	n, err := parseNode(c.under("discriminator"), raw)
	if err != nil || n.members == nil {
		c.defect(c.under("discriminator"), "discriminator must be an object")
		return nil
	}
	name, ok := readString(n.get("propertyName"))
	if !ok {
		c.defect(c.under("discriminator"), "discriminator needs propertyName")
		return nil
	}
	d := &discriminator{property: name, byRef: map[string][]string{}}
	mapping, err := parseMembers(n.get("mapping"))
	if err == nil {
		for _, m := range mapping {
			if ref, ok := readString(m.raw); ok {
				d.byRef[ref] = append(d.byRef[ref], m.name)
			}
		}
	}
	return d
}

// mark restricts the alternative s, which stands as raw in the list, to the values of the discriminating property that
// are mapped to it: those listed, else the name of the schema. A property that has constants of its
// own keeps them where the two have nothing in common.
func (d *discriminator) mark(c *composer, raw []byte, t *Type, s *Shape) *Shape {
	if c.opt.Dialect == own || len(s.Objects) == 0 || s.Kinds.Has(Object) && s.Objects == nil {
		return s
	}
	n, err := parseNode(t.Origin, raw)
	if err != nil {
		return s
	}
	ref, ok := n.reference()
	if !ok {
		return s
	}
	name := ref[strings.LastIndexByte(ref, '/')+1:]
	values, implicit := slices.Concat(d.byRef[ref], d.byRef[name]), false
	if len(values) == 0 {
		values, implicit = []string{name}, true
	}
	slices.Sort(values)
	mark := &Property{Name: d.property, Type: Enum(anys(slices.Compact(values))...), Required: true}
	out := *s
	out.Objects = nil
	x := &crossing{meet: c.m, f: c.f}
	for _, f := range s.Objects {
		p := f.lookup(d.property)
		if p != nil && !c.f.endless(p.Type) {
			own := p.Type.shapeIn(c.f)
			if common := c.m.shapes(c.f, own, mark.Type.Shape()); common.Kinds == 0 {
				if !implicit {
					c.defect(c.under("discriminator"), "the values mapped to "+strconv.Quote(name)+" are not among those of its property "+strconv.Quote(d.property))
				}
				out.Objects = append(out.Objects, f)
				continue
			}
		}
		if f.Openness == Closed && p == nil {
			out.Objects = append(out.Objects, f)
			continue
		}
		marked := x.fields(f, &Fields{Name: f.Name, Properties: []*Property{mark}, MaxCount: -1})
		if marked == nil {
			marked = f
		}
		out.Objects = append(out.Objects, marked)
	}
	return &out
}

func anys(ss []string) []any {
	out := make([]any, len(ss))
	for i, s := range ss {
		out[i] = s
	}
	return out
}

// unevaluated applies unevaluatedProperties: to what no part of the schema declares, in each alternative.
func (c *composer) unevaluated(s *Shape) *Shape {
	raw := c.get("unevaluatedProperties")
	if raw == nil || !s.Kinds.Has(Object) || c.opt.Dialect == OpenAPI20 || c.opt.Dialect == OpenAPI30 {
		return s
	}
	k := &keywords{c.reader, c.node}
	rest := k.subschema("unevaluatedProperties", raw)
	out := *s
	out.Objects = nil
	fs := s.Objects
	if fs == nil {
		fs = []*Fields{{MaxCount: -1}}
	}
	for _, f := range fs {
		if f.Openness == Unstated {
			f = f.named(f.Name)
			if f.Openness, f.Additional = Open, rest; rest == Never {
				f.Openness, f.Additional = Closed, nil
			}
		}
		out.Objects = append(out.Objects, f)
	}
	return &out
}

// conditions adds what has no normal form.
func (c *composer) conditions(s *Shape) *Shape {
	var out []*Opaque
	sub := func(name string) *Type {
		raw := c.get(name)
		if raw == nil {
			return nil
		}
		return c.strictly(c.under(name), raw)
	}
	if t := sub("not"); t != nil {
		out = append(out, &Opaque{Why: "not", rule: ruleNot, types: []*Type{t}})
	}
	if cond := sub("if"); cond != nil {
		then, otherwise := sub("then"), sub("else")
		if then != nil || otherwise != nil {
			out = append(out, &Opaque{Why: "if/then", rule: ruleIf, types: []*Type{cond, orAny(then), orAny(otherwise)}})
		}
	}
	if t := sub("contains"); t != nil {
		k := &keywords{c.reader, c.node}
		out = append(out, &Opaque{Why: "contains", rule: ruleContains, types: []*Type{t}, min: k.count("minContains", 1), max: k.count("maxContains", -1)})
	}
	if t := sub("propertyNames"); t != nil {
		out = append(out, &Opaque{Why: "propertyNames", rule: ruleNames, types: []*Type{t}})
	}
	for _, name := range []string{"dependentRequired", "dependentSchemas", "dependencies"} {
		out = append(out, c.dependent(name)...)
	}
	if len(out) == 0 {
		return s
	}
	with := *s
	with.Opaque = slices.Concat(s.Opaque, out)
	return &with
}

func orAny(t *Type) *Type {
	if t == nil {
		return Any
	}
	return t
}

// strictly returns the type of a schema that is a condition: nothing is read into it that it does not say.
func (c *composer) strictly(o Origin, raw []byte) *Type {
	if t := c.at(o, raw); t.Origin != o || t.Name != "" {
		return t
	}
	r := c.reader
	return &Type{Origin: o, force: func(f *forcing) *Shape { return r.schema(f, o, raw, false) }}
}

func (c *composer) dependent(name string) (out []*Opaque) {
	members, err := parseMembers(c.get(name))
	if err != nil {
		return nil
	}
	for _, m := range members {
		if m.raw[0] == '[' {
			names, _ := readStrings(m.raw)
			out = append(out, &Opaque{Why: name, rule: ruleRequired, name: m.name, names: names})
			continue
		}
		out = append(out, &Opaque{Why: name, rule: ruleWhen, name: m.name, types: []*Type{c.strictly(c.under(name, m.name), m.raw)}})
	}
	return out
}
