package types

import (
	"bytes"
	"slices"
	"strconv"
	"strings"
	"sync"
)

// Dialect is the version of JSON Schema that a document is written in.
type Dialect uint8

const (
	Draft2020 Dialect = iota
	Draft2019
	Draft7
	Draft6
	Draft4
	OpenAPI20
	OpenAPI30
	OpenAPI31 // and 3.2

	own // what MarshalJSON writes
)

func (d Dialect) openAPI() bool { return d == OpenAPI20 || d == OpenAPI30 || d == OpenAPI31 }

// siblings reports whether keywords beside a $ref count.
func (d Dialect) siblings() bool {
	return d == Draft2020 || d == Draft2019 || d == OpenAPI31 || d == own
}

// Direction says on which way values of a schema travel. In requests readOnly properties are absent, in
// responses writeOnly ones.
type Direction uint8

const (
	BothWays Direction = iota
	Request
	Response
)

// Schemas gives the schemas that others refer to. It must be safe for concurrent use.
type Schemas interface {
	// Resolve finds what the reference ref, as written at from, refers to: where it is and its JSON.
	Resolve(from Origin, ref string) (Origin, []byte, error)
}

// SchemaOptions says how schemas are read. The functions must be safe for concurrent use; nil ones are not called.
type SchemaOptions struct {
	Dialect   Dialect
	Direction Direction
	Name      func(o Origin) string          // names a component: "stripe.schemas.customer"; "" for what has no name
	Defect    func(o Origin, message string) // something is not as it must be; the rest is typed all the same. At most once per place and Cache
	Cache     *Cache                         // shares what was read between calls; nil: nothing is shared
}

// Cache keeps the types of schemas by where they are, so that each is read once and a recursive schema
// comes back to the same [Type]. One Cache serves one document (or set of documents) in both
// directions; it is safe for concurrent use.
type Cache struct {
	mu      sync.Mutex
	types   map[place]*Type
	defects map[string]bool
	meet    meet // of all that allOf and the like intersect, so that recursive types come back to themselves
}

type place struct {
	origin    Origin
	direction Direction
}

// FromSchema returns the type of the JSON Schema raw, which stands at o. It is read as far as it is
// looked at, and so are the schemas it refers to. Nothing in raw is an error: what is not as it must
// be is reported to Defect, and the type holds everything that the rest allows.
func FromSchema(src Schemas, o Origin, raw []byte, opt SchemaOptions) *Type {
	r := &reader{src: src, opt: opt, cache: opt.Cache}
	if r.cache == nil {
		r.cache = new(Cache)
	}
	return r.at(o, raw)
}

type reader struct {
	src   Schemas
	opt   SchemaOptions
	cache *Cache
}

// defect reports what is wrong at o, once.
func (r *reader) defect(o Origin, message string) {
	if r.opt.Defect == nil {
		return
	}
	key := o.Document + "#" + o.Pointer + "\x00" + message
	r.cache.mu.Lock()
	known := r.cache.defects[key]
	if !known {
		if r.cache.defects == nil {
			r.cache.defects = map[string]bool{}
		}
		r.cache.defects[key] = true
	}
	r.cache.mu.Unlock()
	if !known {
		r.opt.Defect(o, message)
	}
}

// maxNesting bounds the depth of a schema, in steps of its pointer. Values are never that deep.
const maxNesting = 1200

// at returns the type of the schema raw at o. A schema that is nothing but a reference has the type of
// what it refers to.
func (r *reader) at(o Origin, raw []byte) *Type {
	if len(o.Pointer) > maxNesting && strings.Count(o.Pointer, "/") > maxNesting {
		r.defect(Origin{Document: o.Document, Pointer: o.Pointer[:maxNesting]}, "the schema is nested too deeply; what is further inside is not checked")
		return Any
	}
	if bytes.Contains(raw, []byte(`"$ref"`)) {
		if n, err := parseNode(o, raw); err == nil {
			if ref, ok := n.reference(); ok && (n.alone() || !r.opt.Dialect.siblings() && n.get("nullable") == nil && n.get("x-nullable") == nil) {
				if t := r.refer(o, ref); t != nil {
					return t
				}
			}
		}
	}
	return r.cached(o, raw)
}

// refer returns the type of what ref refers to, nil if that can't be found.
func (r *reader) refer(o Origin, ref string) *Type {
	target, raw, err := r.src.Resolve(o, ref)
	if err != nil {
		return nil
	}
	return r.cached(target, raw)
}

// cached returns the type of the schema raw that is at o, reference or not.
func (r *reader) cached(o Origin, raw []byte) *Type {
	key := place{o, r.opt.Direction}
	r.cache.mu.Lock()
	defer r.cache.mu.Unlock()
	if t, ok := r.cache.types[key]; ok {
		return t
	}
	t := &Type{Origin: o}
	switch {
	case r.opt.Name != nil:
		t.Name = r.opt.Name(o)
	case r.opt.Dialect == own:
		t.Name = ownTitle(raw)
	}
	t.force = func(f *forcing) *Shape { return r.read(f, t, raw) }
	if r.cache.types == nil {
		r.cache.types = map[place]*Type{}
	}
	r.cache.types[key] = t
	return t
}

// read makes the shape of t from its schema.
func (r *reader) read(f *forcing, t *Type, raw []byte) *Shape {
	s := r.schema(f, t.Origin, raw, true)
	if t.Name == "" || !slices.ContainsFunc(s.Objects, func(f *Fields) bool { return f.Name == "" }) {
		return s
	}
	c := *s
	c.Objects = slices.Clone(s.Objects)
	for i, f := range c.Objects {
		if f.Name == "" {
			c.Objects[i] = f.named(t.Name)
		}
	}
	return &c
}

func (f *Fields) named(name string) *Fields {
	return &Fields{Name: name, Properties: f.Properties, Openness: f.Openness, Additional: f.Additional, Patterns: f.Patterns, MinCount: f.MinCount, MaxCount: f.MaxCount}
}

// part returns the shape of t for a schema at o that is made of it. A schema that is made of itself is
// a defect; it may be anything there.
func (r *reader) part(f *forcing, o Origin, t *Type) *Shape {
	if f.endless(t) {
		r.defect(o, "the schema contains itself, without a property or item between; what it contains there is not checked")
		return anyShape
	}
	return t.shapeIn(f)
}

// schema makes the shape of the schema raw at o. At a place of its own (a property, items, a component),
// as opposed to a part of an allOf, a schema that only speaks of, say, objects is meant to be an
// object in OpenAPI, whatever JSON Schema says.
func (r *reader) schema(f *forcing, o Origin, raw []byte, ownPlace bool) *Shape {
	n, err := parseNode(o, raw)
	if err != nil {
		r.defect(o, err.Error())
		return anyShape
	}
	if n.members == nil {
		switch string(bytes.TrimSpace(raw)) {
		case "true", "{}":
			return anyShape
		case "false":
			return &Shape{}
		}
		r.defect(o, "a schema must be an object")
		return anyShape
	}
	s := anyShape
	m := &r.cache.meet
	ref, isRef := n.reference()
	if isRef {
		if s = r.reference(f, o, ref); r.opt.Dialect == own {
			return s
		}
	}
	if !isRef || r.opt.Dialect.siblings() {
		k := &keywords{reader: r, node: n}
		plain := k.plain()
		if r.opt.Dialect == own {
			return r.composeOwn(f, n, plain)
		}
		s = m.shapes(f, s, plain)
		s = r.compose(f, m, n, s, raw)
		if ownPlace {
			s = r.meant(s)
		}
	}
	if n.nullable(r) && !s.Kinds.Has(Null) && (r.opt.Direction != Request || n.get("enum") == nil) {
		s = s.with(Null)
	}
	return s
}

func (r *reader) reference(f *forcing, o Origin, ref string) *Shape {
	target, raw, err := r.src.Resolve(o, ref)
	if err != nil {
		r.defect(o, "$ref "+strconv.Quote(ref)+" leads nowhere: "+err.Error())
		return anyShape
	}
	return r.part(f, o, r.cached(target, raw))
}

// meant restricts a schema without type to the kind that its keywords speak of.
func (r *reader) meant(s *Shape) *Shape {
	if !r.opt.Dialect.openAPI() || s.Kinds != AnyJSON {
		return s
	}
	var spoken Kind
	if s.Objects != nil {
		spoken |= Object
	}
	if s.Arrays != nil {
		spoken |= Array
	}
	if s.Strings != nil {
		spoken |= String
	}
	if s.Numbers != nil {
		spoken |= Number
	}
	if spoken == 0 {
		return s
	}
	c := *s
	c.Kinds, c.Untyped = spoken, false
	return &c
}

// node is one schema object with its members still unread.
type node struct {
	origin  Origin
	members []member // sorted by name; nil: not an object
}

type member struct {
	name string
	raw  []byte
}

func (n *node) get(name string) []byte {
	i, ok := slices.BinarySearchFunc(n.members, name, func(m member, name string) int { return strings.Compare(m.name, name) })
	if !ok {
		return nil
	}
	return n.members[i].raw
}

// under is the origin of a part of n.
func (n *node) under(tokens ...string) Origin {
	o := n.origin
	for _, t := range tokens {
		o.Pointer += "/" + strings.ReplaceAll(strings.ReplaceAll(t, "~", "~0"), "/", "~1")
	}
	return o
}

// alone reports whether the only keywords that count are $ref and prose.
func (n *node) alone() bool {
	for _, m := range n.members {
		switch m.name {
		case "$ref", "description", "summary", "title", "example", "examples", "deprecated", "$comment", "default", "readOnly", "writeOnly", "externalDocs", "xml", "$defs", "definitions", "$schema":
		default:
			if !strings.HasPrefix(m.name, "x-") {
				return false
			}
		}
	}
	return true
}

func (n *node) reference() (string, bool) {
	raw := n.get("$ref")
	if raw == nil {
		return "", false
	}
	return readString(raw)
}

func (n *node) nullable(r *reader) bool {
	if r.opt.Dialect == OpenAPI20 {
		return readTrue(n.get("x-nullable"))
	}
	return (r.opt.Dialect == OpenAPI30 || r.opt.Dialect == OpenAPI31) && readTrue(n.get("nullable"))
}
