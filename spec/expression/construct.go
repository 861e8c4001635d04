package expression

import (
	"slices"

	"github.com/expr-lang/expr/ast"

	"tenon/spec/diag"
	"tenon/spec/syntax"
	"tenon/spec/types"
)

// Object and list constructors, walked together with the type that their place wants.

// object types an object constructor against the object that is wanted.
func (c *checker) object(n *ast.MapNode, w *want) value {
	var target *types.Type
	if w != nil && w.typ != nil {
		if !w.typ.May(types.Object) || len(n.Pairs) > 0 && c.computedKeys(n) && !isOpen(w.typ) {
			v := c.freeObject(n)
			return c.leaf(v, w)
		}
		target = c.alternative(n, w.typ.Only(types.Object))
		if target == nil {
			v := c.freeObject(n)
			return c.leaf(v, w)
		}
	}
	return c.objectInto(n, w, target)
}

func isOpen(t *types.Type) bool {
	s := t.Shape()
	return s.Untyped || !slices.ContainsFunc(s.Objects, func(f *types.Fields) bool { return f.Openness != types.Open })
}

func (c *checker) computedKeys(n *ast.MapNode) bool {
	return slices.ContainsFunc(n.Pairs, func(p ast.Node) bool {
		_, ok := p.(*ast.PairNode).Key.(*ast.StringNode)
		return !ok
	})
}

func (c *checker) freeObject(n *ast.MapNode) value { return c.objectInto(n, nil, nil) }

// alternative chooses which of several objects a constructor means: literal members decide. nil when
// more than one remains.
func (c *checker) alternative(n *ast.MapNode, t *types.Type) *types.Type {
	if len(t.Shape().Objects) <= 1 {
		return t
	}
	given := map[string]bool{}
	for _, p := range n.Pairs {
		pair := p.(*ast.PairNode)
		key, ok := pair.Key.(*ast.StringNode)
		if !ok {
			continue
		}
		given[key.Value] = true
		if lit, ok := literalOf(pair.Value); ok {
			if n := t.Narrow([]string{key.Value}, types.Const(lit)); len(n.Shape().Objects) > 0 {
				t = n
			}
		}
	}
	objects := t.Shape().Objects
	if len(objects) <= 1 {
		return t
	}
	// What lacks a required property or has no place for a given one is not meant.
	var fit []*types.Fields
	for _, f := range objects {
		ok := true
		for _, p := range f.Properties {
			ok = ok && (!p.Required || given[p.Name])
		}
		for name := range given {
			ok = ok && (f.Openness == types.Open || slices.ContainsFunc(f.Properties, func(p *types.Property) bool { return p.Name == name }))
		}
		if ok {
			fit = append(fit, f)
		}
	}
	if len(fit) != 1 {
		return nil
	}
	out := types.New(&types.Shape{Kinds: types.Object, Objects: fit})
	return out
}

// anyAlternative makes a literal that the chosen alternative does not take be held against all of
// them, so that a finding lists what each of them would.
func (c *checker) anyAlternative(w, pw *want, n ast.Node, name string) {
	if pw == nil || pw.typ == nil || w.typ == nil {
		return
	}
	if lit, ok := literalOf(n); ok && !pw.typ.Contains(lit) {
		if all := w.typ.Only(types.Object); len(all.Shape().Objects) > 1 && !all.Field(name).Type.Contains(lit) {
			pw.typ = all.Field(name).Type.Without(types.Absent)
		}
	}
}

// literalOf returns the value of a scalar that is written out.
func literalOf(n ast.Node) (any, bool) {
	switch n := n.(type) {
	case *ast.StringNode:
		return n.Value, true
	case *ast.BoolNode:
		return n.Value, true
	case *ast.IntegerNode:
		return n.Value, true
	case *ast.ConstantNode:
		return n.Value, true
	}
	return nil, false
}

// objectInto walks a constructor together with the object type target; nil: any.
func (c *checker) objectInto(n *ast.MapNode, w *want, target *types.Type) value {
	out := value{node: n, known: true}
	known := map[string]any{}
	given := map[string]bool{}
	var fields []field
	var args []*code
	var props []*types.Property
	var additional []*types.Type
	for _, p := range n.Pairs {
		pair := p.(*ast.PairNode)
		key, literal := pair.Key.(*ast.StringNode)
		name := "[]"
		f := field{}
		if literal {
			name = key.Value
			if given[name] {
				c.report(syntax.Syntax, key, "%q stands in this object twice.", name)
				continue
			}
			given[name] = true
			f.key = name
		} else {
			k := c.infer(pair.Key)
			out.bad = !c.accept(k, types.AnyString, OperandType, "a key") || out.bad
			out.secret = out.secret || k.secret
			f.computed = true
			args = append(args, c.present(k, true))
		}
		pw := c.propertyWant(w, target, name, pair.Key, literal)
		c.anyAlternative(w, pw, pair.Value, name)
		v := c.eval(pair.Value, pw)
		if pw == nil {
			v.code = c.use(v)
		}
		f.drop = dropAbsent
		if pw != nil && !pw.optional {
			f.drop = dropNothing
		}
		if pw != nil && pw.dropNull {
			f.drop = dropNull
		}
		fields = append(fields, f)
		args = append(args, v.code)
		out.secret = out.secret || v.secret
		out.known = out.known && v.known && literal && !types.IsMissing(v.value) && !v.typ.Is(types.Absent)
		known[name] = v.value
		if literal {
			props = append(props, &types.Property{Name: name, Type: v.typ, Required: !v.typ.May(types.Absent)})
		} else {
			additional = append(additional, v.typ.Without(types.Absent))
		}
	}
	if target != nil {
		out.bad = c.missing(n, w, target, given) || out.bad
	}
	out.code = &code{op: opObject, at: c.at(n), val: fields, args: args}
	out.typ = objectType(props, additional)
	if out.known && !out.bad && !tooBig(known) {
		out.value = known
		out.typ = types.Const(known)
		out.code = &code{op: opConst, at: c.at(n), val: known}
	} else {
		out.known = false
	}
	if target != nil && !out.bad && (counted(target) || len(w.typ.Shape().Opaque) > 0) {
		c.wholeValue(out, w)
	}
	return out
}

// counted reports whether an object type says how many properties there must be.
func counted(target *types.Type) bool {
	return slices.ContainsFunc(target.Shape().Objects, func(f *types.Fields) bool { return f.MinCount > 0 || f.MaxCount >= 0 })
}

func objectType(props []*types.Property, additional []*types.Type) *types.Type {
	if additional == nil {
		return types.ObjectOf(props...)
	}
	for i, p := range props {
		if !p.Required { // a computed key may stand in its place
			props[i] = &types.Property{Name: p.Name, Type: types.Union(append([]*types.Type{p.Type}, additional...)...)}
		}
	}
	return types.New(&types.Shape{Kinds: types.Object, Objects: []*types.Fields{{
		Properties: props, Openness: types.Open, Additional: types.Union(additional...), MaxCount: -1,
	}}})
}

// propertyWant is what the object type wants of the property that a constructor gives, and reports
// one that it does not have.
func (c *checker) propertyWant(w *want, target *types.Type, name string, key ast.Node, literal bool) *want {
	if w == nil {
		return nil
	}
	if target == nil {
		p := w.below(name, nil)
		p.optional = true
		return p
	}
	owner := typeName(target)
	p := w.below(name, nil)
	p.owner, p.optional = owner, true
	if target.Shape().Untyped {
		return p
	}
	if !literal {
		p.typ = target.Elem()
		return p
	}
	info := target.Field(name)
	switch info.Found {
	case types.Forbidden, types.Undeclared:
		c.unknownProperty(w, target, name, key, info)
		return p
	}
	p.prop = info.Property
	p.typ = info.Type.Without(types.Absent)
	p.optional = info.Property == nil || !info.Property.Required
	p.dropNull = p.optional && !p.typ.May(types.Null)
	if info.Property != nil && (info.Property.ReadOnly || info.Property.WriteOnly) && len(kindsOf(p.typ)) == 0 {
		c.readOnly(w, owner, name, key, info)
		p.typ = nil
	}
	return p
}

// missing reports the required properties that a constructor does not give.
func (c *checker) missing(n *ast.MapNode, w *want, target *types.Type, given map[string]bool) bool {
	if target.Shape().Untyped || c.computedKeys(n) {
		return false
	}
	bad := false
	for _, name := range target.PropertyNames() {
		info := target.Field(name)
		if given[name] || info.Property == nil || !info.Property.Required {
			continue
		}
		if typo := c.typoOf(n, target, name, given); typo {
			bad = true
			continue
		}
		brace := c.place(n)
		brace.End = min(brace.End, brace.Start+1)
		d := c.reportAt(MissingProperty, brace, "%s requires %s, which is not here.", c.whatRequires(w, typeName(target)), types.Path([]string{name}))
		if t := info.Type.Without(types.Absent); !isInvalid(t) {
			d.Explain("It is %s.", phrase(t))
		}
		c.relate(d, info.Property.Origin, "required here")
		bad = true
	}
	return bad
}

// typoOf reports whether a given property that does not exist is most likely meant to be name: one
// finding is enough then.
func (c *checker) typoOf(n *ast.MapNode, target *types.Type, name string, given map[string]bool) bool {
	for g := range given {
		info := target.Field(g)
		if info.Found != types.Forbidden && info.Found != types.Undeclared {
			continue
		}
		if info.Near == name || diag.Nearest(g, target.PropertyNames()) == name {
			return true
		}
	}
	return false
}

// list types a list constructor against the list that is wanted.
func (c *checker) list(n *ast.ArrayNode, w *want) value {
	out := value{node: n, known: true, code: &code{op: opList, at: c.at(n)}}
	var target *types.Type
	if w != nil && w.typ != nil {
		if !w.typ.May(types.Array) {
			v := c.list(n, nil)
			return c.leaf(v, w)
		}
		target = w.typ.Only(types.Array)
	}
	var items []*types.Type
	var known []any
	for i, e := range n.Nodes {
		var ew *want
		if w != nil {
			ew = w.below(place0(i), nil)
			if target != nil && !target.Shape().Untyped {
				ew.typ = target.At(i).Without(types.Absent)
				if len(kindsOf(ew.typ)) == 0 {
					if lists := target.Shape().Arrays; len(lists) == 1 && i == len(lists[0].Prefix) && i > 0 {
						c.report(Length, e, "The list has %d elements, but at most %d are expected.", len(n.Nodes), i)
					}
					ew.typ = nil
				}
			}
		}
		v := c.eval(e, ew)
		if w == nil {
			if !v.bad && v.typ.May(types.Absent) {
				c.absentPart(v, "an element of a list")
			}
			v.code = c.present(v, false)
			v.typ = v.typ.Without(types.Absent)
		}
		items = append(items, v.typ)
		known = append(known, v.value)
		out.known = out.known && v.known && !types.IsMissing(v.value)
		out.secret = out.secret || v.secret
		out.bad = out.bad || v.bad
		out.code.args = append(out.code.args, v.code)
	}
	out.typ = types.TupleOf(items...)
	if out.known && !out.bad && !tooBig(known) {
		if known == nil {
			known = []any{}
		}
		out.value, out.code = known, &code{op: opConst, at: c.at(n), val: known}
		out.typ = types.Const(known)
	} else {
		out.known = false
	}
	if target != nil && !out.bad {
		c.wholeValue(out, w)
	}
	return out
}

// wholeValue reports what is wrong with a list or object as such: how many parts it has, repeats, which
// alternative it is. The parts have been dealt with.
func (c *checker) wholeValue(v value, w *want) {
	for _, p := range types.Assign(v.typ, w.typ) {
		if len(p.Path) == 0 && (p.Misfit == types.MisfitLength || p.Misfit == types.MisfitVariant) {
			c.misfit(v, w, p)
		}
	}
}
