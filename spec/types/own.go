package types

import "strconv"

// The reader's side of what MarshalJSON writes beyond JSON Schema.

// ownTitle is the name that a type was written with; the writer puts it first.
func ownTitle(raw []byte) string {
	const start = `{"title":`
	if len(raw) < len(start) || string(raw[:len(start)]) != start {
		return ""
	}
	members, err := parseMembers(raw)
	if err != nil || len(members) == 0 {
		return ""
	}
	name, _ := readString(members[0].raw)
	return name
}

// ownKinds applies x-tenon-kinds, which lists all kinds where type has no word for one.
func (k *keywords) ownKinds(s *Shape) {
	list, ok := readStrings(k.get("x-tenon-kinds"))
	if !ok {
		return
	}
	s.Kinds, s.Untyped = 0, false
	for _, name := range list {
		for _, e := range allKinds {
			if e.name == name {
				s.Kinds |= e.kind
			}
		}
	}
}

// composeOwn is compose for what MarshalJSON writes: alternatives under anyOf, conditions under allOf.
func (r *reader) composeOwn(f *forcing, n *node, s *Shape) *Shape {
	if readTrue(n.get("x-tenon-invalid")) {
		return Invalid.Shape()
	}
	c := &composer{reader: r, f: f, node: n}
	if alternatives := c.listed("anyOf"); alternatives != nil {
		s = &Shape{}
		for i, raw := range alternatives {
			s = unite(s, r.schema(f, c.under("anyOf", strconv.Itoa(i)), raw, false))
		}
	}
	out := *s
	if readTrue(n.get("x-tenon-untyped")) {
		out.Untyped = true
	}
	if d := c.discriminator(); d != nil {
		out.Discriminator = d.property
	}
	for i, raw := range c.listed("allOf") {
		o := c.under("allOf", strconv.Itoa(i))
		inner, err := parseNode(o, raw)
		if err != nil {
			continue
		}
		made := (&composer{reader: r, f: f, node: inner}).ownCondition()
		why, _ := readString(inner.get("x-tenon-why"))
		for _, condition := range made {
			condition.Why = why
		}
		out.Opaque = append(out.Opaque[:len(out.Opaque):len(out.Opaque)], made...)
	}
	// Conditions beside the other keywords, as other tools write them.
	return c.conditions(&out)
}

func (c *composer) ownCondition() []*Opaque {
	for name, rule := range map[string]rule{"oneOf": ruleOne, "anyOf": ruleAny} {
		if elements := c.listed(name); elements != nil {
			o := &Opaque{rule: rule}
			for i, raw := range elements {
				o.types = append(o.types, c.strictly(c.under(name, strconv.Itoa(i)), raw))
			}
			return []*Opaque{o}
		}
	}
	if raw := c.get("x-tenon-schema"); raw != nil {
		return []*Opaque{{rule: ruleForeign, schema: &foreign{make: func() []byte { return raw }}}}
	}
	return c.conditions(&Shape{}).Opaque
}
