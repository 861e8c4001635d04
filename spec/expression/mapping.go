package expression

import (
	"slices"
	"strings"

	"github.com/expr-lang/expr/ast"

	"tenon/spec/diag"
	"tenon/spec/types"
)

// mapping inlines the call of a mapping: its parameters become lets around its body, which is typed
// with the arguments' own types. What is wrong in the body is reported where the mapping is written,
// so here it stays quiet; what stays unproven is in the type.
func (c *checker) mapping(n ast.Node, space, member string, args []ast.Node, w *want) value {
	m := c.findMapping(n, space, member)
	if m == nil {
		for _, a := range args {
			c.infer(a)
		}
		return c.bad(n)
	}
	if i := slices.Index(c.calls, m); i >= 0 || len(c.calls) > 50 {
		c.cycle = c.calls[max(i, 0):]
		return c.bad(n)
	}
	if !c.parameters(n, m, args) {
		return c.bad(n)
	}
	vs := make([]value, len(args))
	ok := true
	for i, a := range args {
		p := m.Params[i]
		vs[i] = c.infer(a)
		if vs[i].typ.May(types.Stream) {
			c.listLike(vs[i])
			ok = false
			continue
		}
		if p.Type != nil && !c.accept(vs[i], p.Type, ArgumentType, p.Name+" of mapping "+m.Name) {
			ok = false
		}
	}
	if !ok {
		return c.bad(n)
	}
	body := c.inline(n, m, vs, c.bodyWant(m, w))
	if c.cycle != nil && len(c.calls) == 0 {
		c.reportCycle(n)
		return c.bad(n)
	}
	if len(c.calls) == 0 {
		if bad := c.takeHidden(); bad != nil {
			if !m.broken() {
				c.report(bad.Rule, n, "With these arguments, mapping %q has no value: %s", m.Name, bad.Message).Relate(bad.Range, "here")
				return c.bad(n)
			}
			// It has been found wrong where it is written; here it counts as what it declares.
			body.bad, body.typ = true, types.Invalid
			if m.Result != nil {
				body.bad, body.typ = false, m.Result
			}
		}
	}
	if m.Result != nil && w != nil && w.typ != nil && w.typ != m.Result || m.Result != nil && w == nil {
		// The body was held against what the mapping declares; the place is held against that.
		body.node, body.spot = n, nil
		return c.leaf(body, w)
	}
	body.node = n
	if body.secret && w != nil && !w.top.SecretOK && len(c.calls) == 0 && !body.bad {
		c.leak(body, w)
	}
	return body
}

// takeHidden returns the first error that was found in an inlined body, and forgets them all.
func (c *checker) takeHidden() *diag.Diagnostic {
	hidden := c.hidden
	c.hidden = nil
	for _, d := range hidden {
		if d.Severity == diag.Error {
			return d
		}
	}
	return nil
}

// broken reports whether the mapping is wrong as it is written, whatever its arguments.
func (m *Mapping) broken() bool {
	m.own.Do(func() {
		s := NewScope(m.Scope)
		for _, p := range m.Params {
			s.Define(&Name{Name: p.Name, Type: p.Type})
		}
		_, diags := m.Body.Check(s, Want{Type: m.Result, Optional: m.Result == nil, SecretOK: true})
		m.wrong = diags.HasErrors()
	})
	return m.wrong
}

// reportCycle says that mappings call themselves, where one of them does; callers stay quiet.
func (c *checker) reportCycle(n ast.Node) {
	at := slices.IndexFunc(c.cycle, func(m *Mapping) bool { return m.Body == c.tree })
	if at >= 0 {
		var way []string
		for i := range c.cycle {
			way = append(way, c.cycle[(at+i)%len(c.cycle)].Name)
		}
		way = append(way, way[0])
		c.report(Cycle, n, "mapping %q calls itself: %s.", way[0], strings.Join(way, " → "))
	}
	c.cycle = nil
}

// bodyWant is what the body of a mapping is held against: what it declares, else what its caller wants.
// A secret may be in it; where the call stands it is decided whether it may be there.
func (c *checker) bodyWant(m *Mapping, w *want) *want {
	switch {
	case m.Result == nil && w == nil:
		return nil
	case w != nil && (m.Result == nil || w.typ == m.Result || w.typ == nil):
		out, top := *w, *w.top
		top.SecretOK = true
		out.top = &top
		if m.Result != nil {
			out.typ = m.Result
		}
		return &out
	}
	return c.wanted(&Want{Type: m.Result, What: "mapping " + m.Name, SecretOK: true})
}

func (c *checker) findMapping(n ast.Node, space, member string) *Mapping {
	ns := c.scope.Lookup(space)
	if space != "mapping" || ns == nil || ns.Members == nil {
		c.report(UnknownFunction, n, "There is nothing called %s::%s; mappings are called mapping::NAME(…).", space, member)
		return nil
	}
	name := ns.Members[member]
	if name == nil {
		near := diag.Nearest(member, ns.memberNames())
		callee := c.place(calleeOf(n))
		d := c.reportAt(UnknownReference, callee, "There is no mapping %q.", member)
		if near != "" {
			d.Suggest(near, "mapping::"+near)
		}
		return nil
	}
	if name.Gone != "" {
		c.report(OutOfScope, n, "%s", name.Gone).Relate(name.Range, "defined here")
		return nil
	}
	return name.Mapping
}

func (c *checker) parameters(n ast.Node, m *Mapping, args []ast.Node) bool {
	if len(args) == len(m.Params) {
		return true
	}
	var names []string
	for _, p := range m.Params {
		names = append(names, p.Name)
	}
	c.report(ArgumentType, n, "mapping %q takes %s (%s), and is given %s.", m.Name, plural(len(m.Params), "argument"), strings.Join(names, ", "), itoa(len(args)))
	for _, a := range args {
		c.infer(a)
	}
	return false
}

// inline types a mapping's body in its own scope and binds its parameters around it.
func (c *checker) inline(n ast.Node, m *Mapping, args []value, w *want) value {
	outer := *c
	c.tree, c.scope = m.Body, m.Scope
	c.file = c.fileIndex(m.Body.file.Name)
	c.locals, c.loop, c.facts = nil, nil, m.Scope.knownFacts()
	c.calls = append(c.calls[:len(c.calls):len(c.calls)], m)
	c.mute++
	bindings := make([]*binding, len(args))
	for i, a := range args {
		b := &binding{local: c.variable(m.Params[i].Name), typ: a.typ, origins: a.origins, secret: a.secret, const_: a.value, known: a.known}
		b.code = &code{op: opVar, name: b.local}
		bindings[i] = b
		c.locals = &local{m.Params[i].Name, b, c.locals}
	}
	v := c.eval(m.Body.root, w)
	c.tree, c.scope, c.file, c.locals, c.loop, c.facts = outer.tree, outer.scope, outer.file, outer.locals, outer.loop, outer.facts
	c.calls, c.mute = outer.calls, outer.mute
	for i := len(args) - 1; i >= 0; i-- {
		if args[i].known {
			continue
		}
		v.code = &code{op: opLet, at: c.at(n), name: bindings[i].local, args: []*code{args[i].code, v.code}}
	}
	v.spot, v.whenTrue, v.whenFalse = nil, nil, nil
	return v
}

func (s *Scope) knownFacts() *facts {
	if s == nil {
		return nil
	}
	return s.facts
}

func (c *checker) fileIndex(name string) int {
	if i := slices.Index(c.files, name); i >= 0 {
		return i
	}
	c.files = append(c.files, name)
	return len(c.files) - 1
}
