package expression

import (
	"maps"
	"slices"

	"tenon/spec/types"
)

func keysOf(m map[string]any) []string { return slices.Sorted(maps.Keys(m)) }

func objectFunctions() []*Function {
	return []*Function{
		{Signature: "keys(m object) list(string)", Doc: "The names of the fields, sorted.", Pure: true,
			Examples: ex(`keys({ b = 1, a = 2 })`, `["a","b"]`), result: keysType, prim: primitive{many: func(f *frame, a []any) any {
				m := mustObject(a[0])
				f.cells(len(m))
				out := make([]any, 0, len(m))
				for _, k := range keysOf(m) {
					out = append(out, k)
				}
				return out
			}}},
		{Signature: "values(m object) list", Doc: "The values of the fields, in the order of their names.", Pure: true,
			Examples: ex(`values({ b = 1, a = 2 })`, `[2,1]`), result: func(a []*types.Type) *types.Type { return types.ListOf(a[0].Elem()) }, prim: primitive{many: func(f *frame, a []any) any {
				m := mustObject(a[0])
				f.cells(len(m))
				out := make([]any, 0, len(m))
				for _, k := range keysOf(m) {
					out = append(out, m[k])
				}
				return out
			}}},
		{Signature: "toPairs(m object) list(list)", Doc: "The fields as pairs of name and value, in the order of their names.", Pure: true,
			Examples: ex(`toPairs({ b = 1, a = 2 })`, `[["a",2],["b",1]]`), result: func(a []*types.Type) *types.Type {
				return types.ListOf(types.TupleOf(types.AnyString, a[0].Elem()))
			}, prim: primitive{many: func(f *frame, a []any) any { return pairsOf(f, mustObject(a[0])) }}},
		{Signature: "fromPairs(pairs list(list)) object", Doc: "The object with these names and values; the last of a name counts.", Pure: true,
			Examples: ex(`fromPairs([["a", 1]])`, `{"a":1}`), result: func(a []*types.Type) *types.Type { return types.MapOf(elemOf(a[0]).At(1).Without(types.Absent)) },
			prim: primitive{many: func(f *frame, a []any) any {
				l := mustElements(a[0])
				f.cells(len(l))
				m := make(map[string]any, len(l))
				for _, p := range l {
					pair := mustElements(p)
					if len(pair) != 2 {
						fail("a pair has a name and a value, and this has %s", plural(len(pair), "element"))
					}
					m[mustText(pair[0])] = pair[1]
				}
				return m
			}}},
		{Signature: "merge(objects… object) object", Doc: "One object with the fields of all; of a name that several have, the last counts.", Pure: true,
			Examples: ex(`merge({ a = 1, b = 1 }, { b = 2 })`, `{"a":1,"b":2}`), result: mergeType, prim: primitive{many: func(f *frame, a []any) any {
				out := map[string]any{}
				for _, v := range a {
					m := mustObject(v)
					f.cells(len(m))
					maps.Copy(out, m)
				}
				return out
			}}},
		{Signature: "pick(m object, names… string|list(string)) object", Doc: "The object with these fields only, as far as it has them.", Pure: true,
			Examples: ex(`pick({ a = 1, b = 2 }, "a")`, `{"a":1}`), result: pickType, prim: primitive{many: func(f *frame, a []any) any {
				m, out := mustObject(a[0]), map[string]any{}
				for _, k := range namesIn(a[1:]) {
					if v, ok := m[k]; ok {
						f.cells(1)
						out[k] = v
					}
				}
				return out
			}}},
		{Signature: "omit(m object, names… string|list(string)) object", Doc: "The object without these fields.", Pure: true,
			Examples: ex(`omit({ a = 1, b = 2 }, ["a"])`, `{"b":2}`), result: omitType, prim: primitive{many: func(f *frame, a []any) any {
				m := mustObject(a[0])
				f.cells(len(m))
				out := maps.Clone(m)
				for _, k := range namesIn(a[1:]) {
					delete(out, k)
				}
				return out
			}}},
	}
}

func pairsOf(f *frame, m map[string]any) any {
	f.cells(3 * len(m))
	out := make([]any, 0, len(m))
	for _, k := range keysOf(m) {
		out = append(out, []any{k, m[k]})
	}
	return out
}

func namesIn(args []any) []string {
	var out []string
	for _, a := range args {
		if l, ok := a.([]any); ok {
			for _, v := range l {
				out = append(out, mustText(v))
			}
			continue
		}
		out = append(out, mustText(a))
	}
	return out
}

func keysType(args []*types.Type) *types.Type {
	s := args[0].Shape()
	if len(s.Objects) == 0 {
		return types.ListOf(types.AnyString)
	}
	for _, f := range s.Objects {
		if f.Openness != types.Closed || len(f.Patterns) > 0 {
			return types.ListOf(types.AnyString)
		}
	}
	var names []any
	for _, n := range args[0].PropertyNames() {
		names = append(names, n)
	}
	return types.ListOf(types.Enum(names...))
}

// single returns the one alternative of an object type.
func single(t *types.Type) *types.Fields {
	s := t.Shape()
	if s.Untyped || len(s.Objects) != 1 || s.Kinds != types.Object {
		return nil
	}
	return s.Objects[0]
}

func propertyOf(f *types.Fields, name string) *types.Property {
	for _, p := range f.Properties {
		if p.Name == name {
			return p
		}
	}
	return nil
}

// mergeType computes the fields of the merged object, where all objects declare theirs.
func mergeType(args []*types.Type) *types.Type {
	var props []*types.Property
	openness := types.Closed
	for _, a := range args {
		f := single(a)
		if f == nil || f.Openness == types.Open || len(f.Patterns) > 0 {
			return types.MapOf(anything)
		}
		openness = min(openness, f.Openness)
		for _, p := range f.Properties {
			i := slices.IndexFunc(props, func(q *types.Property) bool { return q.Name == p.Name })
			switch {
			case i < 0:
				props = append(props, &types.Property{Name: p.Name, Type: p.Type, Required: p.Required})
			case p.Required:
				props[i] = &types.Property{Name: p.Name, Type: p.Type, Required: true}
			default:
				props[i] = &types.Property{Name: p.Name, Type: types.Union(props[i].Type, p.Type), Required: props[i].Required}
			}
		}
		if f.Openness == types.Closed {
			continue
		}
		for i, p := range props { // a may have them, too, with any value
			if propertyOf(f, p.Name) == nil {
				props[i] = &types.Property{Name: p.Name, Type: types.Any, Required: p.Required}
			}
		}
	}
	return fieldsType(props, openness)
}

func fieldsType(props []*types.Property, o types.Openness) *types.Type {
	props = slices.Clone(props)
	slices.SortFunc(props, func(a, b *types.Property) int {
		if a.Name < b.Name {
			return -1
		}
		return 1
	})
	return types.New(&types.Shape{Kinds: types.Object, Objects: []*types.Fields{{Properties: props, Openness: o, MaxCount: -1}}})
}

// constantNames are the names given to pick and omit, if they are known.
func constantNames(args []*types.Type) ([]string, bool) {
	var out []string
	for _, a := range args {
		if a.Is(types.Array) {
			low, high := lengths(a)
			if low != high {
				return nil, false
			}
			for i := range low {
				v, ok := a.At(i).Constants()
				if !ok || len(v) != 1 {
					return nil, false
				}
				s, ok := v[0].(string)
				if !ok {
					return nil, false
				}
				out = append(out, s)
			}
			continue
		}
		v, ok := a.Constants()
		if !ok || len(v) != 1 {
			return nil, false
		}
		s, ok := v[0].(string)
		if !ok {
			return nil, false
		}
		out = append(out, s)
	}
	return out, true
}

func pickType(args []*types.Type) *types.Type {
	names, ok := constantNames(args[1:])
	f := single(args[0])
	if !ok || f == nil || f.Openness == types.Open || len(f.Patterns) > 0 {
		return types.MapOf(args[0].Elem())
	}
	var props []*types.Property
	for _, n := range names {
		switch p := propertyOf(f, n); {
		case slices.ContainsFunc(props, func(q *types.Property) bool { return q.Name == n }):
		case p != nil:
			props = append(props, &types.Property{Name: n, Type: p.Type, Required: p.Required})
		case f.Openness == types.Unstated:
			props = append(props, &types.Property{Name: n, Type: types.Any})
		}
	}
	return fieldsType(props, types.Closed)
}

func omitType(args []*types.Type) *types.Type {
	names, ok := constantNames(args[1:])
	f := single(args[0])
	if f == nil || len(f.Patterns) > 0 {
		return types.MapOf(args[0].Elem())
	}
	var props []*types.Property
	for _, p := range f.Properties {
		switch {
		case ok && slices.Contains(names, p.Name):
		case ok:
			props = append(props, &types.Property{Name: p.Name, Type: p.Type, Required: p.Required})
		default:
			props = append(props, &types.Property{Name: p.Name, Type: p.Type.With(types.Absent)})
		}
	}
	if f.Openness == types.Open {
		return types.MapOf(args[0].Elem())
	}
	return fieldsType(props, f.Openness)
}
