package expression

import "tenon/spec/types"

// What spec/types is about to have.

func narrow(t *types.Type, path []string, to *types.Type) *types.Type {
	if len(path) == 0 {
		return types.Intersect(t, to)
	}
	return t.Without(types.Null | types.Absent)
}
func narrowNot(t *types.Type, path []string, not *types.Type) *types.Type {
	if len(path) == 0 {
		return t.Without(not.Kinds() & (types.Null | types.Absent))
	}
	return t
}
func residue(from, to *types.Type) *types.Type { return nil }
func assign(from, to *types.Type) (out []types.Problem) {
	if from.Shape().Invalid || to.Shape().Invalid {
		return nil
	}
	fk, tk := from.Kinds(), to.Kinds()
	if fk&^tk == 0 {
		return nil
	}
	rest := fk &^ tk
	add := func(m types.Misfit) {
		v := types.Unproven
		if fk&tk == 0 {
			v = types.Wrong
		}
		out = append(out, types.Problem{Misfit: m, Verdict: v, From: from, To: to})
	}
	if rest&types.Absent != 0 {
		add(types.MisfitAbsent)
	}
	if rest&types.Null != 0 {
		add(types.MisfitNull)
	}
	if rest&^(types.Null|types.Absent) != 0 {
		add(types.MisfitType)
	}
	return out
}
