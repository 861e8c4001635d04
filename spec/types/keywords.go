package types

import (
	"strconv"
)

// keywords reads the keywords of one schema that speak of one kind of value each.
type keywords struct {
	*reader
	*node
}

func (k *keywords) wrong(name, want string) {
	k.defect(k.under(name), name+" must be "+want)
}

// plain is the shape that the keywords other than $ref and those that combine schemas give.
func (k *keywords) plain() *Shape {
	s := &Shape{Kinds: AnyJSON, Untyped: true}
	k.typed(s)
	if k.opt.Dialect == own {
		k.ownKinds(s)
	}
	if n := k.numeric(s.Kinds); n != nil && s.Kinds.Has(Number) {
		s.Numbers, s.Untyped = []*Numeric{n}, false
	}
	if x := k.text(s.Kinds); x != nil && s.Kinds.Has(String) {
		s.Strings, s.Untyped = []*Text{x}, false
	}
	if s.Kinds.Has(Array | Stream) {
		if l := k.list(); l != nil {
			s.Arrays, s.Untyped = []*List{l}, false
		}
	}
	if s.Kinds.Has(Object) {
		if f := k.fields(); f != nil {
			s.Objects, s.Untyped = []*Fields{f}, false
		}
	} else {
		k.required() // only to tell what is wrong with it
	}
	k.enumerated(s)
	return s
}

var kindNames = map[string]Kind{
	"null": Null, "boolean": Boolean, "integer": Integer, "number": Number, "string": String,
	"array": Array, "object": Object,
}

func (k *keywords) typed(s *Shape) {
	raw := k.get("type")
	if raw == nil {
		return
	}
	if name, ok := readString(raw); ok {
		switch kind, known := kindNames[name]; {
		case known:
			s.Kinds, s.Untyped = kind, false
		case name == "file" && k.opt.Dialect == OpenAPI20:
			s.Kinds, s.Untyped = Bytes|String, false
		case name == "any" && k.opt.Dialect.openAPI():
		default:
			k.defect(k.under("type"), strconv.Quote(name)+" is not a type")
		}
		return
	}
	names, ok := readStrings(raw)
	if !ok || len(names) == 0 {
		k.wrong("type", "the name of a type or a list of such names")
		return
	}
	var kinds Kind
	for _, name := range names {
		if kindNames[name] == 0 {
			k.defect(k.under("type"), strconv.Quote(name)+" is not a type")
			return
		}
		kinds |= kindNames[name]
	}
	s.Kinds, s.Untyped = kinds, false
}

// number reads a keyword whose value is a number.
func (k *keywords) number(name string) *Num {
	raw := k.get(name)
	if raw == nil {
		return nil
	}
	n, ok := readNum(raw)
	if !ok {
		if s, isString := readString(raw); isString {
			if n, ok = readNum([]byte(s)); ok {
				k.wrong(name, "a number, not a string")
				return n
			}
		}
		k.wrong(name, "a number")
		return nil
	}
	return n
}

// count reads a keyword whose value is a number of things, none if it is not there.
func (k *keywords) count(name string, none int) int {
	n := k.number(name)
	if n == nil {
		return none
	}
	if n.Sign() < 0 || !n.IsInteger() {
		k.wrong(name, "an integer that is not negative")
		return none
	}
	i, ok := n.Int()
	if !ok {
		return int(^uint(0) >> 1) // far more than there can be
	}
	return i
}

func (k *keywords) numeric(kinds Kind) *Numeric {
	n := &Numeric{Min: k.number("minimum"), Max: k.number("maximum"), MultipleOf: k.number("multipleOf")}
	if n.MultipleOf != nil && n.MultipleOf.Sign() <= 0 {
		k.wrong("multipleOf", "more than 0")
		n.MultipleOf = nil
	}
	n.Min, n.ExclusiveMin = k.exclusive("exclusiveMinimum", n.Min, -1)
	n.Max, n.ExclusiveMax = k.exclusive("exclusiveMaximum", n.Max, 1)
	if k.opt.Dialect == own {
		n.Format, _ = readString(k.get("x-tenon-number-format"))
	} else if kinds&Number == Integer {
		k.integer(n)
	} else if format, ok := readString(k.get("format")); ok && kinds.Has(Number) && (numberFormats[format] || !kinds.Has(String)) {
		n.Format = format
	}
	if n.unconstrained() && n.Format == "" {
		return nil
	}
	return n
}

// exclusive folds exclusiveMinimum or exclusiveMaximum, which is a number or, in older dialects, says
// that the bound itself is out.
func (k *keywords) exclusive(name string, bound *Num, tighter int) (*Num, bool) {
	raw := k.get(name)
	switch string(raw) {
	case "":
		return bound, false
	case "true":
		return bound, bound != nil
	case "false":
		return bound, false
	}
	n := k.number(name)
	if n == nil || bound != nil && n.Cmp(*bound)*tighter > 0 {
		return bound, false
	}
	return n, true
}

// integer gives integers the bounds of their format: int64 unless it says otherwise.
func (k *keywords) integer(n *Numeric) {
	n.Format, _ = readString(k.get("format"))
	low, high := minInt64, maxInt64
	switch n.Format {
	case "int32":
		low, high = minInt32, maxInt32
	case "", "int64":
		n.Format = "int64"
	case "uint64":
		low, high = mustNum("0"), mustNum("18446744073709551615")
	case "uint32":
		low, high = mustNum("0"), mustNum("4294967295")
	}
	if n.Min == nil || n.Min.Cmp(*low) < 0 {
		n.Min, n.ExclusiveMin = low, false
	}
	if n.Max == nil || n.Max.Cmp(*high) > 0 {
		n.Max, n.ExclusiveMax = high, false
	}
}

// numberFormats are those that speak of numbers where the schema does not say string.
var numberFormats = map[string]bool{"int32": true, "int64": true, "uint32": true, "uint64": true, "float": true, "double": true, "decimal": true}

func (k *keywords) text(kinds Kind) *Text {
	x := &Text{MinLen: k.count("minLength", 0), MaxLen: k.count("maxLength", -1)}
	if raw := k.get("format"); raw != nil {
		format, ok := readString(raw)
		if !ok {
			k.wrong("format", "a string")
		}
		if !kinds.Has(Number) || !numberFormats[format] || k.opt.Dialect == own {
			x.Format = format
		}
	}
	if raw := k.get("pattern"); raw != nil {
		if p, ok := readString(raw); ok {
			if compilePattern(p).known() {
				x.Patterns = []string{p}
			} else {
				k.defect(k.under("pattern"), "the pattern is not a regular expression, so it is not checked")
			}
		} else {
			k.wrong("pattern", "a string")
		}
	}
	if k.opt.Dialect == own {
		more, _ := readStrings(k.get("x-tenon-patterns"))
		x.Patterns = append(x.Patterns, more...)
	}
	if x.unconstrained() {
		return nil
	}
	return x
}

func (k *keywords) list() *List {
	l := &List{MinLen: k.count("minItems", 0), MaxLen: k.count("maxItems", -1), Unique: readTrue(k.get("uniqueItems"))}
	rest := "items"
	prefix := k.get("prefixItems")
	if items := k.get("items"); items != nil && items[0] == '[' && prefix == nil {
		// Tuples as they were written up to draft 2019.
		prefix, rest = items, "additionalItems"
		if k.opt.Dialect.openAPI() {
			k.wrong("items", "a schema, not a list of schemas")
		}
	}
	if prefix != nil {
		name := map[bool]string{true: "items", false: "prefixItems"}[rest == "additionalItems"]
		elements, err := parseElements(prefix)
		if err != nil {
			k.wrong(name, "a list of schemas")
		}
		for i, e := range elements {
			l.Prefix = append(l.Prefix, k.at(k.under(name, strconv.Itoa(i)), e))
		}
	}
	if raw := k.get(rest); raw != nil {
		l.Items = k.subschema(rest, raw)
	}
	if l.Prefix == nil && l.Items == nil && l.MinLen == 0 && l.MaxLen < 0 && !l.Unique {
		return nil
	}
	return l
}

// subschema returns the type of a keyword's schema; nil for one that says nothing.
func (k *keywords) subschema(name string, raw []byte) *Type {
	switch string(raw) {
	case "true", "{}":
		return nil
	case "false":
		return Never
	}
	return k.at(k.under(name), raw)
}

func (k *keywords) fields() *Fields {
	f := &Fields{MinCount: k.count("minProperties", 0), MaxCount: k.count("maxProperties", -1)}
	if k.opt.Dialect == own {
		f.Name, _ = readString(k.get("title"))
	}
	required := k.required()
	var undeclared []*Property // that are required all the same
	if raw := k.get("properties"); raw != nil {
		members, err := parseMembers(raw)
		if err != nil {
			k.wrong("properties", "an object of schemas")
		}
		for _, m := range members {
			f.Properties = append(f.Properties, k.property(m, required[m.name]))
			delete(required, m.name)
		}
	}
	if raw := k.get("patternProperties"); raw != nil {
		members, err := parseMembers(raw)
		if err != nil {
			k.wrong("patternProperties", "an object of schemas")
		}
		for _, m := range members {
			if compilePattern(m.name).known() {
				f.Patterns = append(f.Patterns, PatternProperty{m.name, k.at(k.under("patternProperties", m.name), m.raw)})
			} else {
				k.defect(k.under("patternProperties", m.name), "the name is not a regular expression, so it is not checked")
			}
		}
	}
	switch raw := k.get("additionalProperties"); {
	case raw == nil:
	case string(raw) == "false":
		f.Openness = Closed
	default:
		f.Openness, f.Additional = Open, k.subschema("additionalProperties", raw)
	}
	rest := f.named("") // what f says of other properties; f itself is not complete yet
	for name := range required {
		p := rest.implied(name, &k.cache.meet)
		if p == nil {
			p = &Property{Name: name, Type: Any}
		}
		p.Required, p.Origin = true, k.under("required")
		undeclared = append(undeclared, p)
	}
	f.Properties = sortedProperties(append(f.Properties, undeclared...))
	if len(f.Properties) == 0 && len(f.Patterns) == 0 && f.Openness == Unstated && f.MinCount == 0 && f.MaxCount < 0 {
		return nil
	}
	return f
}

func (k *keywords) required() map[string]bool {
	out := map[string]bool{}
	raw := k.get("required")
	switch {
	case raw == nil:
		return out
	case string(raw) == "true" || string(raw) == "false":
		// Draft 3: a property says so itself; the object that has it reads it.
		if k.opt.Dialect != Draft4 || k.get("properties") == nil {
			k.wrong("required", "a list of names, beside properties")
		}
		return out
	}
	names, ok := readStrings(raw)
	if !ok {
		k.wrong("required", "a list of names")
	}
	for _, name := range names {
		out[name] = true
	}
	return out
}

// property reads one declared property. What it says of itself beside a reference counts, since it is meant.
func (k *keywords) property(m member, required bool) *Property {
	p := &Property{Name: m.name, Required: required, Origin: k.under("properties", m.name)}
	p.Type = k.at(p.Origin, m.raw)
	if flags := k.flags(p.Origin, m.raw, 8); flags != nil {
		p.ReadOnly, p.WriteOnly, p.Deprecated = flags.readOnly, flags.writeOnly, flags.deprecated
	}
	if p.ReadOnly && k.opt.Direction == Request || p.WriteOnly && k.opt.Direction == Response {
		p.Type, p.Required = Never, false
	}
	return p
}

type flags struct{ readOnly, writeOnly, deprecated bool }

// flags finds what the property schema raw, or what it refers to, says about the property itself. It
// parses only schemas in which the words occur.
func (k *keywords) flags(o Origin, raw []byte, hops int) *flags {
	n, f := (*node)(nil), new(flags)
	for _, word := range [...]struct {
		name string
		flag *bool
	}{{"readOnly", &f.readOnly}, {"writeOnly", &f.writeOnly}, {"deprecated", &f.deprecated}} {
		if !mentions(raw, word.name) {
			continue
		}
		if n == nil {
			var err error
			if n, err = parseNode(o, raw); err != nil {
				return nil
			}
		}
		*word.flag = readTrue(n.get(word.name))
	}
	if hops > 0 && mentions(raw, "$ref") {
		if n == nil {
			var err error
			if n, err = parseNode(o, raw); err != nil {
				return f
			}
		}
		if ref, ok := n.reference(); ok {
			if target, raw, err := k.src.Resolve(o, ref); err == nil {
				if g := k.flags(target, raw, hops-1); g != nil {
					f.readOnly, f.writeOnly = f.readOnly || g.readOnly, f.writeOnly || g.writeOnly
				}
			}
		}
	}
	return f
}
