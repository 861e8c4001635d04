package types

import (
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

// MarshalJSON writes t as a JSON Schema 2020-12 by itself: types that occur more than once, and so
// recursive ones, are under $defs. What JSON Schema has no word for stands in keywords that begin with x-tenon-.
// [ParseType] reads it back as a type with the same values. The text is the same for the same type, and
// everything that t leads to is read from its schema for it.
func (t *Type) MarshalJSON() ([]byte, error) {
	w := &schemaWriter{uses: map[*Type]int{}, names: map[*Type]string{}, taken: map[string]bool{}}
	if err := w.count(t, 0); err != nil {
		return nil, err
	}
	root := w.typ(t, nil)
	if len(w.queue) == 0 {
		return root, nil
	}
	defs := object{}
	for i := 0; i < len(w.queue); i++ {
		def := w.queue[i]
		defs.add(w.names[def], w.body(def, nil))
	}
	whole := object(root[:len(root)-1])
	whole.add("$defs", defs.end())
	return whole.end(), nil
}

// ParseType reads a type that [Type.MarshalJSON] wrote, or any JSON Schema 2020-12 without references to
// other documents. It is read as far as it is looked at. The error is about JSON only.
func ParseType(data []byte) (*Type, error) {
	if !jsontext.Value(data).IsValid() {
		return nil, errors.New("a type is not valid JSON")
	}
	d := &definitions{}
	members, err := parseMembers(data)
	if err != nil && !errors.Is(err, errNoObject) {
		return nil, err
	}
	for _, m := range members {
		if m.name == "$defs" {
			list, err := parseMembers(m.raw)
			if err != nil {
				return nil, fmt.Errorf("$defs can't be read: %w", err)
			}
			d.byName = make(map[string][]byte, len(list))
			for _, def := range list {
				d.byName[def.name] = def.raw
			}
		}
	}
	return FromSchema(d, Origin{}, data, SchemaOptions{Dialect: own}), nil
}

// UnmarshalJSON reads what [Type.MarshalJSON] wrote.
func (t *Type) UnmarshalJSON(data []byte) error {
	u, err := ParseType(append([]byte(nil), data...))
	if err != nil {
		return err
	}
	t.Name, t.force = u.Name, u.shapeIn
	return nil
}

// definitions resolves references into $defs.
type definitions struct{ byName map[string][]byte }

func (d *definitions) Resolve(_ Origin, ref string) (Origin, []byte, error) {
	name, ok := strings.CutPrefix(ref, "#/$defs/")
	if raw, found := d.byName[name]; ok && found {
		return Origin{Pointer: ref[1:]}, raw, nil
	}
	return Origin{}, nil, fmt.Errorf("there is no %s", ref)
}

// object is the text of a JSON object in the making.
type object []byte

func (o *object) add(name string, value []byte) {
	if len(*o) == 0 {
		*o = append(*o, '{')
	} else {
		*o = append(*o, ',')
	}
	*o, _ = jsontext.AppendQuote(*o, name)
	*o = append(append(*o, ':'), value...)
}

func (o *object) text(name, value string) { o.add(name, quoted(value)) }
func (o *object) number(name string, value int) {
	o.add(name, strconv.AppendInt(nil, int64(value), 10))
}

func (o *object) end() []byte {
	if len(*o) == 0 {
		return []byte("{}")
	}
	return append(*o, '}')
}

func quoted(s string) []byte {
	b, err := jsontext.AppendQuote(nil, strings.ToValidUTF8(s, "\uFFFD"))
	if err != nil {
		panic("this is a bug in Tenon: " + err.Error())
	}
	return b
}

func array(n int, element func(i int) []byte) []byte {
	out := []byte{'['}
	for i := range n {
		if i > 0 {
			out = append(out, ',')
		}
		out = append(out, element(i)...)
	}
	return append(out, ']')
}

func quotedList(ss []string) []byte {
	return array(len(ss), func(i int) []byte { return quoted(ss[i]) })
}

// schemaWriter writes types; those used more than once by name.
type schemaWriter struct {
	uses  map[*Type]int
	names map[*Type]string
	taken map[string]bool
	queue []*Type // named, in the order of their first use
}

const maxWritten = 200_000

// count counts the uses of the types that t leads to.
func (w *schemaWriter) count(t *Type, depth int) error {
	if w.uses[t]++; w.uses[t] > 1 {
		return nil
	}
	if len(w.uses) > maxWritten || depth > 4*maxLevels {
		return errors.New("the type is too large to be written down")
	}
	s := t.Shape()
	var err error
	s.each(func(part *Type) {
		if err == nil {
			err = w.count(part, depth+1)
		}
	})
	return err
}

// each calls f with the types that s is made of.
func (s *Shape) each(f func(*Type)) {
	for _, l := range s.Arrays {
		for _, t := range l.Prefix {
			f(t)
		}
		if l.Items != nil {
			f(l.Items)
		}
	}
	for _, o := range s.Objects {
		for _, p := range o.Properties {
			f(p.Type)
		}
		for _, p := range o.Patterns {
			f(p.Type)
		}
		if o.Additional != nil {
			f(o.Additional)
		}
	}
	for _, o := range s.Opaque {
		for _, t := range o.types {
			f(t)
		}
	}
}

// typ writes t, or a reference to it, with the members of extra.
func (w *schemaWriter) typ(t *Type, extra func(*object)) []byte {
	s := t.Shape()
	if w.uses[t] < 2 || len(s.Arrays)+len(s.Objects)+len(s.Opaque) == 0 {
		return w.body(t, extra)
	}
	name, ok := w.names[t]
	if !ok {
		name = w.name(t)
		w.names[t] = name
		w.queue = append(w.queue, t)
	}
	var o object
	o.text("$ref", "#/$defs/"+name)
	if extra != nil {
		extra(&o)
	}
	return o.end()
}

func (w *schemaWriter) name(t *Type) string {
	base := strings.Map(func(r rune) rune {
		if r == '_' || r == '-' || r >= '0' && r <= '9' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' {
			return r
		}
		return '_'
	}, lastName(t.Name))
	if base == "" {
		base = "t"
	}
	name := base
	for n := len(w.names) + 1; w.taken[name]; n++ {
		name = base + "_" + strconv.Itoa(n)
	}
	w.taken[name] = true
	return name
}

// body writes the schema of t itself.
func (w *schemaWriter) body(t *Type, extra func(*object)) []byte {
	var o object
	if t.Name != "" && t != Any && t != Never {
		o.text("title", t.Name)
	}
	w.shape(&o, t.Shape(), t.Name)
	if extra != nil {
		extra(&o)
	}
	return o.end()
}

func (w *schemaWriter) shape(o *object, s *Shape, name string) {
	switch {
	case s.Invalid:
		o.add("x-tenon-invalid", []byte("true"))
		return
	case s.Kinds == 0:
		o.add("enum", []byte("[]"))
		return
	}
	if s.Untyped && s.Kinds == AnyJSON {
		w.opaque(o, s)
		return
	}
	parts := s.split()
	if len(parts) == 1 {
		w.keywords(o, parts[0], name)
	} else {
		o.add("anyOf", array(len(parts), func(i int) []byte {
			var part object
			if fs := parts[i].Objects; len(fs) == 1 && fs[0].Name != "" {
				part.text("title", fs[0].Name)
			}
			w.keywords(&part, parts[i], "")
			return part.end()
		}))
	}
	if s.Untyped {
		o.add("x-tenon-untyped", []byte("true"))
	}
	if s.Discriminator != "" {
		var d object
		d.text("propertyName", s.Discriminator)
		o.add("discriminator", d.end())
	}
	w.opaque(o, s)
}

// split returns shapes whose union is s but for its opaque constraints, each with at most one
// alternative for each kind and enums of one kind only: what JSON Schema's keywords can say at once.
func (s *Shape) split() []*Shape {
	enums := s.Booleans != nil
	for _, n := range s.Numbers {
		enums = enums || n.Enum != nil
	}
	for _, x := range s.Strings {
		enums = enums || x.Enum != nil
	}
	if !enums && len(s.Numbers) <= 1 && len(s.Strings) <= 1 && len(s.Arrays) <= 1 && len(s.Objects) <= 1 {
		return []*Shape{s}
	}
	var out []*Shape
	add := func(k Kind, n int, alternative func(i int, part *Shape)) {
		if s.Kinds&k == 0 {
			return
		}
		if n == 0 {
			out = append(out, &Shape{Kinds: s.Kinds & k})
		}
		for i := range n {
			part := &Shape{Kinds: s.Kinds & k}
			alternative(i, part)
			out = append(out, part)
		}
	}
	add(Absent|Null|Time|Duration|Bytes|File, 0, nil)
	add(Boolean, min(1, len(s.Booleans)), func(_ int, p *Shape) { p.Booleans = s.Booleans })
	add(Number, len(s.Numbers), func(i int, p *Shape) { p.Numbers = s.Numbers[i : i+1] })
	add(String, len(s.Strings), func(i int, p *Shape) { p.Strings = s.Strings[i : i+1] })
	add(Array|Stream, len(s.Arrays), func(i int, p *Shape) { p.Arrays = s.Arrays[i : i+1] })
	add(Object, len(s.Objects), func(i int, p *Shape) { p.Objects = s.Objects[i : i+1] })
	return out
}

var allKinds = []struct {
	kind Kind
	name string
}{
	{Absent, "absent"}, {Null, "null"}, {Boolean, "boolean"}, {Integer, "integer"}, {Fraction, "fraction"},
	{String, "string"}, {Array, "array"}, {Object, "object"}, {Time, "time"}, {Duration, "duration"}, {Bytes, "bytes"}, {Stream, "stream"}, {File, "file"},
}

// keywords writes a shape that split gave.
func (w *schemaWriter) keywords(o *object, s *Shape, name string) {
	w.kinds(o, s.Kinds)
	if s.Booleans != nil {
		o.add("const", strconv.AppendBool(nil, s.Booleans[0]))
	}
	for _, n := range s.Numbers {
		n.write(o)
	}
	for _, x := range s.Strings {
		x.write(o)
	}
	for _, l := range s.Arrays {
		w.list(o, l)
	}
	for _, f := range s.Objects {
		w.fields(o, f)
	}
}

func (w *schemaWriter) kinds(o *object, k Kind) {
	var plain, all []string
	for _, e := range allKinds {
		if k.Has(e.kind) {
			all = append(all, e.name)
			if e.kind == Fraction {
				plain = append(plain, "number")
			} else if AnyJSON.Has(e.kind) && !(e.kind == Integer && k.Has(Fraction)) {
				plain = append(plain, e.name)
			}
		}
	}
	switch {
	case len(plain) == 1:
		o.text("type", plain[0])
	case len(plain) > 1:
		o.add("type", quotedList(plain))
	}
	if k&^AnyJSON != 0 || k&Number == Fraction {
		o.add("x-tenon-kinds", quotedList(all))
	}
}

func (n *Numeric) write(o *object) {
	if n.Enum != nil {
		o.add("enum", array(len(n.Enum), func(i int) []byte { return []byte(n.Enum[i].String()) }))
	}
	if n.Min != nil {
		o.add(map[bool]string{false: "minimum", true: "exclusiveMinimum"}[n.ExclusiveMin], []byte(n.Min.String()))
	}
	if n.Max != nil {
		o.add(map[bool]string{false: "maximum", true: "exclusiveMaximum"}[n.ExclusiveMax], []byte(n.Max.String()))
	}
	if n.MultipleOf != nil {
		o.add("multipleOf", []byte(n.MultipleOf.String()))
	}
	if n.Format != "" {
		o.text("x-tenon-number-format", n.Format)
	}
}

func (x *Text) write(o *object) {
	if x.Enum != nil {
		o.add("enum", quotedList(x.Enum))
	}
	if x.Format != "" {
		o.text("format", x.Format)
	}
	if x.MinLen > 0 {
		o.number("minLength", x.MinLen)
	}
	if x.MaxLen >= 0 {
		o.number("maxLength", x.MaxLen)
	}
	if len(x.Patterns) > 0 {
		o.text("pattern", x.Patterns[0])
	}
	if len(x.Patterns) > 1 {
		o.add("x-tenon-patterns", quotedList(x.Patterns[1:]))
	}
}

func (w *schemaWriter) list(o *object, l *List) {
	if len(l.Prefix) > 0 {
		o.add("prefixItems", array(len(l.Prefix), func(i int) []byte { return w.typ(l.Prefix[i], nil) }))
	}
	if l.Items != nil {
		o.add("items", w.typ(l.Items, nil))
	}
	if l.MinLen > 0 {
		o.number("minItems", l.MinLen)
	}
	if l.MaxLen >= 0 {
		o.number("maxItems", l.MaxLen)
	}
	if l.Unique {
		o.add("uniqueItems", []byte("true"))
	}
}

func (w *schemaWriter) fields(o *object, f *Fields) {
	var props object
	var required []string
	for _, p := range f.Properties {
		props.add(p.Name, w.typ(p.Type, func(o *object) {
			for _, flag := range [...]struct {
				name string
				set  bool
			}{{"readOnly", p.ReadOnly}, {"writeOnly", p.WriteOnly}, {"deprecated", p.Deprecated}} {
				if flag.set {
					o.add(flag.name, []byte("true"))
				}
			}
		}))
		if p.Required {
			required = append(required, p.Name)
		}
	}
	if len(f.Properties) > 0 {
		o.add("properties", props.end())
	}
	if required != nil {
		o.add("required", quotedList(required))
	}
	var patterns object
	for _, p := range f.Patterns {
		patterns.add(p.Pattern, w.typ(p.Type, nil))
	}
	if len(f.Patterns) > 0 {
		o.add("patternProperties", patterns.end())
	}
	switch {
	case f.Openness == Closed:
		o.add("additionalProperties", []byte("false"))
	case f.Openness == Open && f.Additional == nil:
		o.add("additionalProperties", []byte("true"))
	case f.Openness == Open:
		o.add("additionalProperties", w.typ(f.Additional, nil))
	}
	if f.MinCount > 0 {
		o.number("minProperties", f.MinCount)
	}
	if f.MaxCount >= 0 {
		o.number("maxProperties", f.MaxCount)
	}
}

func (w *schemaWriter) opaque(o *object, s *Shape) {
	if len(s.Opaque) == 0 {
		return
	}
	o.add("allOf", array(len(s.Opaque), func(i int) []byte { return w.condition(s.Opaque[i]) }))
}

func (w *schemaWriter) condition(c *Opaque) []byte {
	var o object
	list := func() []byte { return array(len(c.types), func(i int) []byte { return w.typ(c.types[i], nil) }) }
	switch c.rule {
	case ruleNot:
		o.add("not", w.typ(c.types[0], nil))
	case ruleOne:
		o.add("oneOf", list())
	case ruleAny:
		o.add("anyOf", list())
	case ruleIf:
		for i, name := range []string{"if", "then", "else"} {
			o.add(name, w.typ(c.types[i], nil))
		}
	case ruleContains:
		o.add("contains", w.typ(c.types[0], nil))
		o.number("minContains", c.min)
		if c.max >= 0 {
			o.number("maxContains", c.max)
		}
	case ruleNames:
		o.add("propertyNames", w.typ(c.types[0], nil))
	case ruleRequired:
		var names object
		names.add(c.name, quotedList(c.names))
		o.add("dependentRequired", names.end())
	case ruleWhen:
		var names object
		names.add(c.name, w.typ(c.types[0], nil))
		o.add("dependentSchemas", names.end())
	case ruleForeign:
		o.add("x-tenon-schema", c.schema.text())
	}
	o.text("x-tenon-why", c.Why)
	return o.end()
}

var (
	_ json.Marshaler   = (*Type)(nil)
	_ json.Unmarshaler = (*Type)(nil)
)
