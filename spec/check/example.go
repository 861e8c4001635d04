package check

import (
	"slices"
	"strings"

	"tenon/spec/diag"
	"tenon/spec/expression"
	"tenon/spec/openapi"
	"tenon/spec/source"
	"tenon/spec/syntax"
	"tenon/spec/types"
)

// asExemplified holds what was found in a body against the document's own examples of the request. Where one of them
// breaks its schema in the same place, the document contradicts itself, and that is told: an author who did as the
// example does would look for the mistake in vain.
func (f *flow) asExemplified(m *openapi.MediaType, want *types.Type, body *syntax.Expr, found diag.List) {
	for _, path := range m.Sent {
		if at, ok := keyAt(body, path); ok {
			f.diags.Add(expression.ReadOnlyProperty, at, "%s is declared read-only, but the document's own example of this request has it: it is sent.", path[len(path)-1]).
				Severity = diag.Note
		}
	}
	for _, d := range found {
		if d.Severity == diag.Note || d.Fix != nil || !aboutValue[d.Rule] {
			continue
		}
		path, ok := pathTo(body, d.Range)
		if !ok || len(path) == 0 {
			continue
		}
		for _, example := range m.Examples() {
			part, ok := brokenIn(want, example.Value, path)
			if d.Rule == expression.UnknownProperty && !ok {
				part, ok = givenIn(example.Value, path)
			}
			if ok {
				d.Relate(f.locate(example.At(part)), "the document's own example of this request has it the same way: if that is right, correct the schema in an overlay")
				break
			}
		}
	}
}

// aboutValue are the rules that find something wrong with what stands in a place.
var aboutValue = map[*diag.Rule]bool{
	expression.TypeMismatch: true, expression.UnknownProperty: true, expression.EnumValue: true, expression.FormatMismatch: true,
	expression.PatternMismatch: true, expression.OutOfRange: true, expression.Length: true,
}

// keyAt finds where a body that is written out names the property at a path. Elements of lists are not told apart.
func keyAt(e *syntax.Expr, path []string) (source.Range, bool) {
	if list, ok := e.List(); ok {
		for _, x := range list {
			if at, ok := keyAt(x, path); ok {
				return at, true
			}
		}
		return source.Range{}, false
	}
	items, _, _ := e.Object()
	for _, i := range items {
		switch {
		case i.Key != path[0] || i.KeyExpr != nil:
		case len(path) == 1:
			return i.KeyRange, true
		default:
			return keyAt(i.Value, path[1:])
		}
	}
	return source.Range{}, false
}

// pathTo is the way from a body that is written out to what stands at a place in it, without the elements of lists.
func pathTo(e *syntax.Expr, at source.Range) (path []string, ok bool) {
	if list, isList := e.List(); isList {
		for _, x := range list {
			if x.Range.Contains(at) {
				return pathTo(x, at)
			}
		}
		return nil, false
	}
	items, _, isObject := e.Object()
	if !isObject {
		return nil, e.Range.Contains(at)
	}
	for _, i := range items {
		if i.KeyExpr == nil && i.KeyRange == at {
			return []string{i.Key}, true
		}
		if i.KeyExpr == nil && i.Value.Range.Contains(at) {
			rest, ok := pathTo(i.Value, at)
			return append([]string{i.Key}, rest...), ok
		}
	}
	return nil, false
}

// brokenIn finds the part of an example at a path, if it is not what its type says.
func brokenIn(t *types.Type, example any, path []string) (part []string, ok bool) {
	for _, v := range t.Check(example) {
		if slices.Equal(named(v.Path), path) {
			return v.Path, true
		}
	}
	return nil, false
}

// named are those of a path that are no elements of lists.
func named(path []string) []string {
	return slices.DeleteFunc(slices.Clone(path), func(name string) bool { return strings.HasPrefix(name, "[") })
}

// givenIn finds the part of an example at a path.
func givenIn(example any, path []string) (part []string, ok bool) {
	for v := example; ; {
		if list, isList := v.([]any); isList && len(list) > 0 {
			part, v = append(part, "[0]"), list[0]
			continue
		}
		if len(path) == 0 {
			return part, true
		}
		object, _ := v.(map[string]any)
		next, there := object[path[0]]
		if !there {
			return nil, false
		}
		part, v, path = append(part, path[0]), next, path[1:]
	}
}
