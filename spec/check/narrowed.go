package check

import (
	"regexp"

	"tenon/spec/diag"
	"tenon/spec/syntax"
	"tenon/spec/types"
)

// restrictions are what string({…}), integer({…}) and number({…}) take.
var restrictions = map[string][]string{
	"string":  {"format", "pattern", "min_length", "max_length"},
	"integer": {"min", "max", "multiple_of"},
	"number":  {"min", "max", "multiple_of"},
}

// narrowedType reads string({ format = "uuid", max_length = 64 }), integer({ min = 0, max = 100 }).
func (b *builder) narrowedType(name string, args []*syntax.Expr, e *syntax.Expr) *types.Type {
	var items []syntax.Item
	ok := len(args) == 1
	if ok {
		items, _, ok = args[0].Object()
	}
	if !ok {
		return b.badType(e.Range, "%s is narrowed by an object with %s.", name, listed(restrictions[name])).invalid()
	}
	text := &types.Text{MaxLen: -1}
	number := &types.Numeric{}
	good := true
	for _, i := range items {
		v, constant := i.Value.Literal()
		switch {
		case !contains(restrictions[name], i.Key):
			near := diag.Nearest(i.Key, restrictions[name])
			b.badType(i.KeyRange, "%s cannot be narrowed by %q, only by %s.", name, i.Key, listed(restrictions[name])).Suggest(near, near)
			good = false
		case !constant || !restrict(text, number, i.Key, v):
			b.badType(i.Value.Range, "%s must be %s.", i.Key, restrictionForm[i.Key])
			good = false
		}
	}
	switch {
	case !good:
		return types.Invalid
	case name == "string":
		return types.New(&types.Shape{Kinds: types.String, Strings: []*types.Text{text}})
	case name == "integer":
		return types.Intersect(types.AnyInteger, types.New(&types.Shape{Kinds: types.Integer, Numbers: []*types.Numeric{number}}))
	}
	return types.New(&types.Shape{Kinds: types.Number, Numbers: []*types.Numeric{number}})
}

var restrictionForm = map[string]string{
	"format": "a text such as \"uuid\"", "pattern": "a regular expression", "min_length": "a whole number of at least 0",
	"max_length": "a whole number of at least 0", "min": "a number", "max": "a number", "multiple_of": "a number above 0",
}

// restrict sets one restriction and reports whether its value has the right form.
func restrict(text *types.Text, number *types.Numeric, key string, v any) bool {
	switch key {
	case "format":
		s, ok := v.(string)
		text.Format = s
		return ok && s != ""
	case "pattern":
		s, ok := v.(string)
		text.Patterns = []string{s}
		_, err := regexp.Compile(s)
		return ok && err == nil
	case "min_length", "max_length":
		n, ok := v.(int)
		if key == "min_length" {
			text.MinLen = n
		} else {
			text.MaxLen = n
		}
		return ok && n >= 0
	}
	n, ok := types.NumOf(v)
	switch key {
	case "min":
		number.Min = &n
	case "max":
		number.Max = &n
	case "multiple_of":
		number.MultipleOf = &n
		zero, _ := types.NumOf(0)
		ok = ok && n.Cmp(zero) > 0
	}
	return ok
}
