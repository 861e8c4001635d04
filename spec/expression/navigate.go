package expression

import (
	"fmt"
	"slices"
	"strings"

	"github.com/expr-lang/expr/ast"

	"tenon/spec/diag"
	"tenon/spec/types"
)

// Reaching into values: members, elements, slices.

// namespace returns the name that n stands for if it is a namespace.
func (c *checker) namespace(n ast.Node) *Name {
	id, ok := n.(*ast.IdentifierNode)
	if !ok || c.lookup(id.Value) != nil {
		return nil
	}
	if name := c.scope.Lookup(id.Value); name != nil && name.Members != nil {
		return name
	}
	return nil
}

func (c *checker) member(n *ast.MemberNode) value {
	if ns := c.namespace(n.Node); ns != nil {
		return c.namespaceMember(n, ns)
	}
	base := c.infer(n.Node)
	if base.bad {
		c.infer(n.Property)
		return c.bad(n)
	}
	if s, ok := n.Property.(*ast.StringNode); ok {
		return c.field(n, base, s.Value, n.Property)
	}
	key := c.infer(n.Property)
	if key.bad {
		return c.bad(n)
	}
	if key.known {
		if name, ok := key.value.(string); ok {
			v := c.field(n, base, name, n.Property)
			v.secret = v.secret || key.secret
			return v
		}
		if i, ok := integer(key.value); ok {
			return c.elementAt(n, base, i)
		}
	}
	return c.computedIndex(n, base, key)
}

func (c *checker) namespaceMember(n *ast.MemberNode, ns *Name) value {
	s, ok := n.Property.(*ast.StringNode)
	if !ok {
		c.report(UnknownReference, n.Property, "After %s stands a name as it is written, not a computed one.", ns.Name)
		return c.bad(n)
	}
	m := ns.Members[s.Value]
	if m == nil {
		names := ns.reachable()
		d := c.report(UnknownReference, s, "There is no %s called %q.", ns.Name, s.Value)
		near := diag.Nearest(s.Value, names)
		if near == "" && len(names) > 0 {
			d.Explain("In reach are %s.", choices(names))
		}
		c.suggestName(d, s, near)
		return c.bad(n)
	}
	return c.named(n, m)
}

// suggestName proposes another name for a member or key, in the notation that is there.
func (c *checker) suggestName(d *diag.Diagnostic, n ast.Node, near string) {
	text := c.tree.file.Text(c.place(n))
	if strings.HasPrefix(text, `"`) || strings.HasPrefix(text, `[`) {
		q := `"` + near + `"`
		if text[0] == '[' {
			q = "[" + q + "]"
		}
		d.Suggest(near, q)
		return
	}
	d.Suggest(near, near)
}

// field is base.name; the name stands at at.
func (c *checker) field(n ast.Node, base value, name string, at ast.Node) value {
	if isInvalid(base.typ) {
		return c.bad(n)
	}
	if base.known {
		return c.knownField(n, base, name, at)
	}
	if !c.reachable(base, name, at) {
		return c.bad(n)
	}
	if base.typ.Is(types.Null | types.Absent) {
		c.report(MaybeAbsent, at, "%s is always %s here, so it has no field %q.", c.subject(base), alwaysWhat(base.typ), name)
		return c.bad(n)
	}
	info := base.typ.Field(name)
	switch info.Found {
	case types.Undeclared, types.Forbidden:
		c.unknownField(base, name, at, info.Near)
		return c.bad(n)
	}
	out := value{typ: info.Type, node: n, origins: stepAll(base.origins, name), secret: base.secret && base.secretIn(name), owner: typeName(base.typ)}
	out.why = c.whyAbsent(base, info)
	out.loose = base.typ.Shape().Untyped
	out.underNull = base.underNull || base.typ.May(types.Null) && !out.loose
	out.code = c.extend(n, base.code, name)
	if base.spot != nil {
		out.spot = &spot{base.spot.root, append(base.spot.path[:len(base.spot.path):len(base.spot.path)], name)}
		if t := c.facts.find(out.spot.root, out.spot.key()); t != nil {
			out.typ = t
		}
	}
	return out
}

func alwaysWhat(t *types.Type) string {
	if t.Is(types.Null) {
		return "null"
	}
	return "absent"
}

// whyAbsent says why a field of base may not be there.
func (c *checker) whyAbsent(base value, info types.FieldInfo) string {
	owner := typeName(base.typ)
	switch {
	case base.why != "" && base.typ.May(types.Absent):
		return base.why
	case info.Property != nil && !info.Property.Required && owner != "":
		return owner + " does not require it"
	case base.spot != nil && len(base.spot.path) == 0 && info.Found == types.Sometimes && base.typ.Field("skipped").Found == types.Declared:
		return c.subject(base) + " may have been skipped"
	case base.typ.May(types.Null | types.Absent):
		return c.subject(base) + " may be " + map[bool]string{true: "null", false: "absent"}[base.typ.May(types.Null)]
	}
	return ""
}

func (c *checker) knownField(n ast.Node, base value, name string, at ast.Node) value {
	m, ok := base.value.(map[string]any)
	if !ok {
		if isAbsent(base.value) {
			v := c.constant(n, types.Missing)
			v.secret = base.secret
			return v
		}
		c.notAnObject(base, name, at)
		return c.bad(n)
	}
	x, ok := m[name]
	if !ok {
		c.unknownField(base, name, at, diag.Nearest(name, keysOf(m)))
		return c.bad(n)
	}
	v := c.constant(n, x)
	v.secret = base.secret
	return v
}

// extend adds a step to code that reads a path.
func (c *checker) extend(n ast.Node, base *code, step any) *code {
	switch base.op {
	case opLoad, opGet:
		p := base.val.(path)
		return &code{op: base.op, at: c.at(n), name: base.name, val: append(p[:len(p):len(p)], step), args: base.args}
	}
	return &code{op: opGet, at: c.at(n), val: path{step}, args: []*code{base}}
}

// reachable reports whether a field can be read from base at all, and says why not.
func (c *checker) reachable(base value, name string, at ast.Node) bool {
	t := base.typ
	switch {
	case t.May(types.Object) || t.Shape().Untyped:
		if t.Shape().Untyped {
			c.untold(base, UnknownField, at, fmt.Sprintf("an object, reading %q from it fails", name))
		} else if wrong := t.Only(types.Scalar | types.Array); len(kindsOf(wrong)) > 0 {
			c.report(UnknownField, at, "%s may be %s, which has no field %q.", c.subject(base), phrase(wrong), name).Severity = diag.Note
		}
		return true
	case t.Is(types.Null | types.Absent):
		return true
	case t.May(types.Stream):
		c.collectFirst(base)
		return false
	case t.May(types.Array):
		text := c.tree.text(base.node)
		c.report(UnknownField, at, "%s is a list; its elements may have a field %q, the list has not. Write %s[*].%s for those of all elements, or first(%s).%s.",
			c.subject(base), name, text, name, text, name)
		return false
	}
	c.notAnObject(base, name, at)
	return false
}

func (c *checker) notAnObject(base value, name string, at ast.Node) {
	c.report(UnknownField, at, "%s is %s, so it has no field %q.", c.subject(base), phrase(base.typ), name)
}

func (c *checker) unknownField(base value, name string, at ast.Node, near string) {
	owner := typeName(base.typ)
	if owner == "" {
		owner = c.subject(base)
	}
	rule := UnknownField
	if base.spot != nil && len(base.spot.path) == 0 && base.spot.root.name != nil && slices.Contains(tables, base.spot.root.name.Name) {
		rule = UnknownReference // these are names of the project, not fields of data
	}
	d := c.report(rule, at, "%s has no field %q.", owner, name)
	names := base.typ.PropertyNames()
	if rule == UnknownReference {
		d.Message = fmt.Sprintf("There is no %s called %q.", owner, name)
	}
	if near == "" {
		near = diag.Nearest(name, names)
	}
	c.suggestName(d, at, near)
	if near == "" && len(names) > 0 {
		d.Wonder(name, names).Explain("It has %s.", choicesLike(name, names))
		if typeName(base.typ) != "" {
			d.Detail += fmt.Sprintf(" What the schema leaves out is read with lookup(%s, %q, default).", c.tree.text(base.node), name)
		}
	}
	c.relate(d, base.typ.Origin, "declared here")
}

// tables are the names whose members the project defines.
var tables = []string{"input", "var", "secret", "state"}

func (c *checker) elementAt(n ast.Node, base value, i int) value {
	if isInvalid(base.typ) || !c.listLike(base) {
		return c.bad(n)
	}
	if base.known {
		v := c.constant(n, element(base.value, i))
		v.secret = base.secret
		return v
	}
	out := value{node: n, origins: stepAll(base.origins, "[]"), secret: base.secret, code: c.extend(n, base.code, i), loose: base.typ.Shape().Untyped}
	switch {
	case out.loose:
		out.typ = types.Any.With(types.Absent)
	case i >= 0:
		out.typ = base.typ.At(i)
	default:
		out.typ = base.typ.Elem().With(types.Absent)
	}
	if base.typ.May(types.Null | types.Absent) {
		out.typ = out.typ.With(types.Absent)
	}
	if base.spot != nil {
		out.spot = &spot{base.spot.root, append(base.spot.path[:len(base.spot.path):len(base.spot.path)], place0(i))}
		if t := c.facts.find(out.spot.root, out.spot.key()); t != nil {
			out.typ = t
		}
	}
	return out
}

// listLike reports whether an element can be read from base by place, and says why not.
func (c *checker) listLike(base value) bool {
	t := base.typ
	switch {
	case t.Shape().Untyped:
		c.untold(base, OperandType, base.node, "a list, reading an element of it fails")
		return true
	case t.May(types.Array):
		if wrong := t.Only(types.Scalar | types.Object); len(kindsOf(wrong)) > 0 {
			c.report(OperandType, base.node, "%s may be %s, which has no elements by number.", c.subject(base), phrase(wrong)).Severity = diag.Note
		}
		return true
	case t.Is(types.Null | types.Absent):
		return true
	case t.May(types.Stream):
		c.collectFirst(base)
	default:
		c.report(OperandType, base.node, "%s is %s, so it has no elements by number.", c.subject(base), phrase(t))
	}
	return false
}

// untold notes that nothing is known of a value of which a part is read, once for all that is read below it.
func (c *checker) untold(base value, rule *diag.Rule, at ast.Node, otherwise string) {
	if !base.loose {
		c.report(rule, at, "%s has no declared type: if it is not %s.", c.subject(base), otherwise).Severity = diag.Note
	}
}

func (c *checker) computedIndex(n ast.Node, base, key value) value {
	if isInvalid(base.typ) || isInvalid(key.typ) {
		return c.bad(n)
	}
	out := value{node: n, secret: base.secret || key.secret, loose: base.typ.Shape().Untyped}
	switch {
	case out.loose:
		c.untold(base, OperandType, base.node, "a list or an object, reading a part of it fails")
		out.typ = types.Any.With(types.Absent)
	case base.typ.May(types.Array):
		if !c.accept(key, types.AnyInteger, OperandType, "the place in a list") {
			return c.bad(n)
		}
		out.typ = base.typ.Elem().With(types.Absent)
		out.origins = stepAll(base.origins, "[]")
	case base.typ.May(types.Object):
		if !c.accept(key, types.AnyString, OperandType, "the name of a field") {
			return c.bad(n)
		}
		out.typ = c.anyField(base, key)
	default:
		c.listLike(base)
		return c.bad(n)
	}
	out.code = &code{op: opCall, at: c.at(n), name: "[]", args: []*code{base.code, c.present(key, true)}}
	if out.origins == nil {
		out.origins = base.origins
	}
	return out
}

// anyField is the type of base[key] for a computed key.
func (c *checker) anyField(base, key value) *types.Type {
	if names, ok := key.typ.Constants(); ok {
		ts := make([]*types.Type, 0, len(names))
		for _, k := range names {
			if s, ok := k.(string); ok {
				info := base.typ.Field(s)
				if info.Found == types.Undeclared || info.Found == types.Forbidden {
					c.unknownField(base, s, key.node, info.Near)
					return types.Invalid
				}
				ts = append(ts, info.Type)
			}
		}
		return types.Union(ts...)
	}
	var ts []*types.Type
	for _, p := range base.typ.PropertyNames() {
		ts = append(ts, base.typ.Field(p).Type)
	}
	if e := base.typ.Elem(); e != nil {
		ts = append(ts, e)
	}
	return types.Union(ts...).With(types.Absent)
}

func (c *checker) slice(n *ast.SliceNode) value {
	base := c.infer(n.Node)
	args := []*code{nil, {op: opConst, at: c.at(n), val: 0}, {op: opConst, at: c.at(n)}}
	bad := base.bad
	secret := base.secret
	for i, bound := range []ast.Node{n.From, n.To} {
		if bound == nil {
			continue
		}
		v := c.infer(bound)
		bad = !c.accept(v, types.AnyInteger, OperandType, "the bound of a slice") || bad
		args[i+1] = c.use(v)
		secret = secret || v.secret
	}
	if bad || !c.accept(base, types.Union(types.AnyString, types.ListOf(types.Any)), OperandType, "what is sliced") {
		return c.bad(n)
	}
	args[0] = c.present(base, true)
	out := value{node: n, code: &code{op: opCall, at: c.at(n), name: "[:]", args: args}, origins: base.origins, secret: secret}
	out.typ = generalise(base.typ.Without(types.Null | types.Absent))
	return out
}
