package check

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"tenon/spec/diag"
	"tenon/spec/expression"
	"tenon/spec/model"
	"tenon/spec/plan"
	"tenon/spec/source"
	"tenon/spec/syntax"
	"tenon/spec/types"
)

// declare makes the tables of what the project defines. The first of two with one name counts; the
// second has been reported when the project was decoded.
func (b *builder) declare() {
	for _, a := range b.project.APIs {
		if b.apis[a.Name] == nil {
			b.apis[a.Name] = &api{model: a, operations: map[string]*operation{}}
		}
	}
	for _, s := range b.project.Schemas {
		if b.schemas[s.Name] == nil {
			b.schemas[s.Name] = &schema{model: s}
		}
	}
	for _, m := range b.project.Mappings {
		if b.mappings[m.Name] == nil {
			b.mappings[m.Name] = &mapping{model: m}
		}
	}
}

// defineGlobals types variables, secrets and mappings and puts them in reach.
func (b *builder) defineGlobals() {
	b.globals = expression.NewScope(nil)
	b.globals.Files(b.specs.ReadFile)
	b.globals.Types(func(e *syntax.Expr) *types.Type { return b.typeOf(e, types.BothWays) })
	b.globals.Define(&expression.Name{Name: "secret", Gone: "Secrets are not in reach of mappings and defaults."})
	b.globals.Define(&expression.Name{Name: "var", Gone: "The default of a variable cannot refer to variables."})
	vars := make([]*types.Property, 0, len(b.project.Variables))
	for _, v := range b.project.Variables {
		in := b.declaredInput(&v.Decl, v.Type, v.Default, v.Description.Value, "variable", b.globals)
		b.vars = append(b.vars, in)
		vars = append(vars, &types.Property{Name: v.Name, Type: in.Type, Required: true})
	}
	b.globals.Define(&expression.Name{Name: "var", Key: "var", Type: types.ObjectOf(vars...)})

	secrets := make([]*types.Property, 0, len(b.project.Secrets))
	for _, s := range b.project.Secrets {
		secrets = append(secrets, &types.Property{Name: s.Name, Type: types.AnyString, Required: true})
	}
	b.settings = expression.NewScope(b.globals)
	b.settings.Define(&expression.Name{Name: "secret", Key: "secret", Type: types.ObjectOf(secrets...), Secret: true})
	b.defineSigned()
	b.defineMappings()
}

// declaredInput types an input or a variable. One whose default is null may be null; one without a
// default must be given.
func (b *builder) declaredInput(d *model.Decl, typ, value *syntax.Expr, description, kind string, scope *expression.Scope) *plan.Input {
	in := &plan.Input{Name: d.Name, Description: description, Type: b.typeOf(typ, types.BothWays), Range: d.Header}
	if value == nil {
		return in
	}
	t := in.Type
	if v, ok := value.Literal(); ok && v == nil {
		t = t.With(types.Null)
		in.Type = t
	}
	in.Default = b.check(b.tree(value), scope, expression.Want{Type: t, What: fmt.Sprintf("the default of %s %q", kind, d.Name)})
	return in
}

// check types an expression in the project's own places, outside of integrations.
func (b *builder) check(t *expression.Tree, s *expression.Scope, w expression.Want) *expression.Expr {
	if t == nil {
		return nil
	}
	b.noteRefs(t)
	w.Locate = b.locate
	e, diags := t.Check(s, w)
	b.diags.Append(diags)
	return e
}

// noteRefs remembers which variables, secrets and mappings are used, and which names do not exist.
func (b *builder) noteRefs(t *expression.Tree) {
	for _, r := range t.Refs() {
		if len(r.Path) == 0 {
			continue
		}
		var d *model.Decl
		switch r.Root {
		case "var":
			d = declOf(b.project.Variables, r.Path[0])
		case "secret":
			d = declOf(b.project.Secrets, r.Path[0])
		case "mapping":
			if m := b.mappings[r.Path[0]]; m != nil {
				d = &m.model.Decl
			}
		default:
			continue
		}
		if d != nil {
			b.use(d)
		} else {
			b.unresolved = append(b.unresolved, r.Path[0])
		}
	}
}

func declOf[T interface {
	*model.Variable | *model.Secret
}](list []T, name string) *model.Decl {
	for _, x := range list {
		if d := decl(x); d.Name == name {
			return d
		}
	}
	return nil
}

func decl(x any) *model.Decl {
	switch x := x.(type) {
	case *model.Variable:
		return &x.Decl
	case *model.Secret:
		return &x.Decl
	}
	panic("this is a bug in Tenon: a declaration of no known kind")
}

func (b *builder) use(d *model.Decl) { b.used[d] = true }

// unknown reports a name that nothing is called.
func (b *builder) unknown(kind, name string, at source.Range, have []string) {
	near := diag.Nearest(name, have)
	d := b.diags.Add(expression.UnknownReference, at, "There is no %s %q.", kind, name)
	d.Suggest(near, near)
	if near == "" && len(have) > 0 {
		d.Explain("The project has %s.", listed(have))
	}
	b.unresolved = append(b.unresolved, name)
}

func (b *builder) unknownAPI(name string, at source.Range) {
	b.unknown("api", name, at, keys(b.apis))
}

func keys[T any](m map[string]T) []string { return slices.Sorted(maps.Keys(m)) }

func contains(list []string, s string) bool { return slices.Contains(list, s) }

// listed joins names for a sentence: "a, b and c"; of more than twelve the rest is counted.
func listed(names []string) string {
	if len(names) > 12 {
		names = append(slices.Clone(names[:10]), fmt.Sprintf("%d more", len(names)-10))
	}
	if len(names) < 2 {
		return strings.Join(names, "")
	}
	return strings.Join(names[:len(names)-1], ", ") + " and " + names[len(names)-1]
}
