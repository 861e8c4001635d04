package check

import "tenon/spec/types"

// asRead is t for a value of which only some parts are read: properties that no path leads to may be
// left out.
func asRead(t *types.Type, paths [][]string) *types.Type {
	below := map[string][][]string{}
	for _, p := range paths {
		if len(p) == 0 {
			return t
		}
		below[p[0]] = append(below[p[0]], p[1:])
	}
	shape := t.Shape()
	if len(shape.Objects) == 0 {
		return t
	}
	out := *shape
	out.Objects = nil
	for _, f := range shape.Objects {
		fields := &types.Fields{
			Name: f.Name, Openness: f.Openness, Additional: f.Additional, Patterns: f.Patterns, MinCount: f.MinCount, MaxCount: f.MaxCount,
		}
		for _, p := range f.Properties {
			relaxed := *p
			if deeper, read := below[p.Name]; read {
				relaxed.Type = asRead(p.Type, deeper)
			} else {
				relaxed.Required, relaxed.Type = false, p.Type.With(types.Absent)
			}
			fields.Properties = append(fields.Properties, &relaxed)
		}
		out.Objects = append(out.Objects, fields)
	}
	return types.New(&out)
}
