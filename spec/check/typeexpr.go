package check

import (
	"slices"
	"strings"

	"tenon/spec/diag"
	"tenon/spec/expression"
	"tenon/spec/lang"
	"tenon/spec/model"
	"tenon/spec/source"
	"tenon/spec/syntax"
	"tenon/spec/types"
)

// basic are the types that are a word.
var basic = map[string]*types.Type{
	"string":  types.AnyString,
	"integer": types.AnyInteger,
	"number":  types.AnyNumber,
	"bool":    types.AnyBoolean,
	"any":     types.Any,
}

// elsewhere are the names that other tools have for our types.
var elsewhere = map[string]string{
	"boolean": "bool", "int": "integer", "int64": "integer", "float": "number", "double": "number", "str": "string",
	"text": "string", "array": "list", "dict": "map", "struct": "object", "set": "list", "tuple": "list",
}

// constructors are the types that are written as calls.
var constructors = []string{"list", "map", "object", "optional", "enum", "nullable", "string", "integer", "number"}

// typeOf reads a type. A mistake is reported and gives the invalid type. The direction says which
// side of an exchange the value is on: readOnly parts of schemas are not there in requests.
func (b *builder) typeOf(e *syntax.Expr, dir types.Direction) *types.Type {
	if e == nil {
		return types.Any
	}
	if word, ok := e.Keyword(); ok {
		return b.basicType(word, e.Range)
	}
	if name, at, args, ok := e.Call(); ok {
		return b.constructedType(name, at, args, e, dir)
	}
	if steps, ok := e.Traversal(); ok {
		return b.namedType(steps, dir)
	}
	return b.badType(e.Range, "This is not a type.").
		explain("Types are written as string, integer, number, bool, any, list(string), map(number), object({ name = string }), " +
			"enum(\"a\", \"b\"), schema.NAME or API.schemas.NAME.")
}

// bad is a finding that stands for a type.
type bad struct{ *diag.Diagnostic }

func (bad) invalid() *types.Type { return types.Invalid }

func (d bad) explain(text string) *types.Type {
	d.Explain("%s", text)
	return types.Invalid
}

func (b *builder) badType(at source.Range, format string, args ...any) bad {
	return bad{b.diags.Add(lang.AttributeValue, at, format, args...)}
}

func (b *builder) basicType(word string, at source.Range) *types.Type {
	if t := basic[word]; t != nil {
		return t
	}
	for _, c := range constructors {
		if c == word {
			return b.badType(at, "The type %s takes arguments: %s.", word, usage[word]).invalid()
		}
	}
	if b.apis[word] != nil {
		return b.badType(at, "%s is an api, not a type.", word).explain("Its types are " + word + ".schemas.NAME and " + word + ".operations.ID.request.")
	}
	near := elsewhere[word]
	if near == "" {
		near = diag.Nearest(word, []string{"string", "integer", "number", "bool", "any"})
	}
	b.badType(at, "There is no type %q.", word).Suggest(near, near)
	return types.Invalid
}

var usage = map[string]string{
	"list": "list(string)", "map": "map(number)", "object": "object({ name = string })", "optional": "optional(string)",
	"enum": `enum("a", "b")`, "nullable": "nullable(string)",
}

func (b *builder) constructedType(name string, at source.Range, args []*syntax.Expr, e *syntax.Expr, dir types.Direction) *types.Type {
	switch name {
	case "list", "map", "nullable":
		if len(args) != 1 {
			return b.badType(e.Range, "%s takes one type: %s.", name, usage[name]).invalid()
		}
		inner := b.typeOf(args[0], dir)
		switch name {
		case "list":
			return types.ListOf(inner)
		case "map":
			return types.MapOf(inner)
		}
		return inner.With(types.Null)
	case "object":
		return b.objectType(args, e, dir)
	case "enum":
		return b.enumType(args, e)
	case "string", "integer", "number":
		return b.narrowedType(name, args, e)
	case "optional":
		return b.badType(e.Range, "optional(…) can only stand for a property of object({…}).").invalid()
	}
	near := elsewhere[name]
	if near == "" {
		near = diag.Nearest(name, constructors)
	}
	b.badType(at, "There is no type %s(…).", name).Suggest(near, near)
	return types.Invalid
}

func (b *builder) objectType(args []*syntax.Expr, e *syntax.Expr, dir types.Direction) *types.Type {
	if len(args) == 1 {
		if items, _, ok := args[0].Object(); ok {
			return b.properties(items, dir)
		}
	}
	return b.badType(e.Range, "object takes the properties in braces: object({ name = string, nick = optional(string) }).").invalid()
}

func (b *builder) properties(items []syntax.Item, dir types.Direction) *types.Type {
	var props []*types.Property
	for _, i := range items {
		if i.KeyExpr != nil {
			b.badType(i.KeyRange, "The name of a property must be written out.")
			continue
		}
		p := &types.Property{Name: i.Key, Required: true}
		value := i.Value
		if name, _, args, ok := value.Call(); ok && name == "optional" && len(args) == 1 {
			value, p.Required = args[0], false
		}
		p.Type = b.typeOf(value, dir)
		if !p.Required {
			p.Type = p.Type.With(types.Absent)
		}
		props = append(props, p)
	}
	return types.ObjectOf(props...)
}

func (b *builder) enumType(args []*syntax.Expr, e *syntax.Expr) *types.Type {
	var values []any
	for _, a := range args {
		v, ok := a.Literal()
		if !ok {
			b.badType(a.Range, "The members of an enum must be written out, as in enum(\"a\", \"b\").")
			return types.Invalid
		}
		values = append(values, v)
	}
	if len(values) == 0 {
		return b.badType(e.Range, "An enum needs members: enum(\"a\", \"b\").").invalid()
	}
	return types.Enum(values...)
}

// namedType resolves schema.NAME, API.schemas.NAME and API.operations.ID.….
func (b *builder) namedType(steps []syntax.Step, dir types.Direction) *types.Type {
	root, whole := steps[0], steps[0].Range.Join(steps[len(steps)-1].Range)
	if root.Name == "schema" {
		if len(steps) != 2 {
			return b.badType(whole, "A schema is written schema.NAME.").invalid()
		}
		return b.schemaType(steps[1])
	}
	a := b.apis[root.Name]
	if a == nil {
		b.unknownAPI(root.Name, root.Range)
		return types.Invalid
	}
	b.use(&a.model.Decl)
	if a.doc == nil {
		return types.Invalid
	}
	switch {
	case len(steps) == 3 && steps[1].Name == "schemas":
		return b.componentType(a, steps[2], dir)
	case len(steps) >= 4 && steps[1].Name == "operations":
		return b.operationType(a, steps[2:])
	}
	b.badType(whole, "This is not a type of %s.", root.Name).
		explain("Write " + root.Name + ".schemas.NAME, or " + root.Name + `.operations.ID followed by .request, .responses["201"] or .params.NAME.`)
	return types.Invalid
}

func (b *builder) schemaType(name syntax.Step) *types.Type {
	s := b.schemas[name.Name]
	if s == nil {
		b.unknown("schema", name.Name, name.Range, keys(b.schemas))
		return types.Invalid
	}
	b.use(&s.model.Decl)
	return b.resolveSchema(s)
}

// componentType is a schema of a document. Of an API that is served, what comes in are requests, and what goes out are
// answers.
func (b *builder) componentType(a *api, name syntax.Step, dir types.Direction) *types.Type {
	if dir != types.BothWays && b.isServed(a.model.Name) {
		dir = map[types.Direction]types.Direction{types.Request: types.Response, types.Response: types.Request}[dir]
	}
	if t, ok := a.doc.Schema(name.Name, dir); ok {
		return t
	}
	d := b.diags.Add(expression.UnknownReference, name.Range, "%s has no schema %q.", a.model.Name, name.Name)
	names := a.doc.SchemaNames()
	if near := diag.Nearest(name.Name, names); near != "" {
		d.Suggest(replacement(name, near))
	} else if len(names) > 0 {
		d.Wonder(name.Name, names).Explain("It has %s.", listed(diag.Alike(name.Name, names)))
	}
	b.unresolved = append(b.unresolved, name.Name)
	return types.Invalid
}

// isServed reports whether a trigger serves an operation of an api.
func (b *builder) isServed(api string) bool {
	return slices.ContainsFunc(b.project.Integrations, func(m *model.Integration) bool {
		return slices.ContainsFunc(m.Triggers, func(t *model.Trigger) bool { return t.Operation != nil && t.Operation.API == api })
	})
}

// replacement gives the nearest name and how it is written in place of a step of a traversal.
func replacement(s syntax.Step, near string) (string, string) {
	if _, index := s.Index.(string); index {
		return near, quote(near)
	}
	return near, near
}

// operationType resolves what follows API.operations: ID.request, ID.responses["201"], ID.params.page.
func (b *builder) operationType(a *api, steps []syntax.Step) *types.Type {
	op := b.operation(&model.CallRef{
		API: a.model.Name, Operation: steps[0].Name, OperationRange: steps[0].Range, Quoted: steps[0].Index != nil,
		Range: steps[0].Range,
	})
	if op == nil {
		return types.Invalid
	}
	part := steps[1]
	switch {
	case part.Name == "request" && len(steps) == 2:
		if op.Body == nil {
			return b.badType(part.Range, "%s takes no body.", op.name()).invalid()
		}
		if m := chooseMedia(op.Body.Content); m != nil {
			return m.Value(types.Request)
		}
		return types.Any
	case part.Name == "responses" && len(steps) == 3:
		return b.responseType(op, steps[2])
	case part.Name == "params" && len(steps) == 3:
		return b.paramType(op, steps[2])
	}
	return b.badType(part.Range, "This is not a part of %s.", op.name()).
		explain(`An operation's types are .request, .responses["201"] and .params.NAME.`)
}

func (b *builder) responseType(op *operation, status syntax.Step) *types.Type {
	var declared []string
	for _, r := range op.Responses {
		if strings.EqualFold(r.Status, status.Name) {
			if m := chooseMedia(r.Content); m != nil {
				return m.Value(types.Response)
			}
			return b.badType(status.Range, "The answer %s of %s has no body that can be read.", r.Status, op.name()).invalid()
		}
		declared = append(declared, r.Status)
	}
	d := b.diags.Add(expression.UnknownReference, status.Range, "%s declares no answer %q, only %s.", op.name(), status.Name, listed(declared))
	d.Relate(b.locate(op.Origin), "declared here")
	return types.Invalid
}

func (b *builder) paramType(op *operation, name syntax.Step) *types.Type {
	p, _ := op.parameter(name.Name)
	if p == nil {
		b.unknownParameter(op, name.Name, name.Range, name.Index != nil)
		return types.Invalid
	}
	return p.Type
}
