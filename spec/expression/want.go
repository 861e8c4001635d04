package expression

import (
	"slices"
	"strings"

	"github.com/expr-lang/expr/ast"

	"tenon/spec/diag"
	"tenon/spec/source"
	"tenon/spec/types"
)

// want is what one place inside an expression expects of the value there.
type want struct {
	top  *Want
	typ  *types.Type // nil: anything
	path []string    // from the top
	// optional: an absent value leaves the place out. dropNull: a null that was read does so, too.
	optional bool
	dropNull bool
	// branch: the value is one of several that a condition chooses from, so that a null written there
	// is how an author leaves the place out.
	branch bool
	// prop is the declared property that the place is, and owner the type that declares it.
	prop  *types.Property
	owner string
}

func (c *checker) wanted(w *Want) *want {
	return &want{top: w, typ: w.Type, optional: w.Optional || w.Type != nil && w.Type.May(types.Absent)}
}

// below is what the place expects of a part of its value.
func (w *want) below(step string, t *types.Type) *want {
	return &want{top: w.top, typ: t, path: append(w.path[:len(w.path):len(w.path)], step)}
}

// choice is what w expects of each of several values of which one is taken.
func (w *want) choice() *want {
	if w == nil || !w.dropNull {
		return w
	}
	out := *w
	out.branch = true
	return &out
}

// leaf holds v against what its place wants, and makes it fit where the language converts.
func (c *checker) leaf(v value, w *want) value {
	if w == nil {
		return v
	}
	c.nameLeaf(v, w)
	if v.bad || isInvalid(v.typ) {
		c.use(v)
		return v
	}
	if v.secret && !w.top.SecretOK {
		c.leak(v, w)
	}
	if v.typ.May(types.Stream) && !(w.top.StreamOK && len(w.path) == 0) {
		c.collectFirst(v)
		v.bad = true
		return v
	}
	if w.typ == nil {
		if w.optional {
			c.use(v)
			return v
		}
		return c.needed(v, w)
	}
	v, done := c.settleAbsence(v, w)
	if done {
		return v
	}
	v = c.convert(v, w)
	problems := types.Assign(v.typ, w.typ)
	c.misfits(v, w, problems)
	c.noScheme(v, w)
	v.bad = v.bad || types.VerdictOf(problems) == types.Wrong
	c.proven(w, len(problems) == 0)
	if w.typ.May(types.File) && v.typ.Is(types.Bytes|types.File) {
		c.carry(v)
	} else {
		c.use(v)
	}
	if v.left != 0 {
		v.typ = v.typ.With(types.Absent)
	}
	return v
}

// noScheme warns of an address that an author writes without scheme. Types take it, since answers of real
// servers have such, but what is meant is a whole URL.
func (c *checker) noScheme(v value, w *want) {
	s, ok := v.value.(string)
	if !v.known || !ok || s == "" || strings.ContainsAny(s, ":/") || !strings.Contains(s, ".") {
		return
	}
	texts := w.typ.Shape().Strings
	if len(texts) == 0 || slices.ContainsFunc(texts, func(t *types.Text) bool { return t.Format != "uri" || t.Enum != nil }) {
		return
	}
	d := c.report(FormatMismatch, v.node, "%s is an address without a scheme, but a whole URL is expected.", capital(c.requirer(w)))
	d.Severity = diag.Warning
	d.Explain("Write \"https://%s\".", s)
	c.relateWant(d, w)
}

// needed is v at a place that takes anything but nothing.
func (c *checker) needed(v value, w *want) value {
	if v.typ.May(types.Absent) {
		c.misfit(v, w, types.Problem{Misfit: types.MisfitAbsent, Verdict: verdict(v.typ.Is(types.Absent)), From: v.typ, To: types.Any})
	}
	v.code = c.presentOnly(v)
	v.typ = v.typ.Without(types.Absent)
	return v
}

func verdict(wrong bool) types.Verdict {
	if wrong {
		return types.Wrong
	}
	return types.Unproven
}

// settleAbsence deals with values that may be absent or null: they leave an optional place out, and
// fail elsewhere.
func (c *checker) settleAbsence(v value, w *want) (out value, done bool) {
	if w.optional {
		rest := v.typ.Without(types.Absent)
		if w.dropNull && (!v.known || w.branch) {
			rest = rest.Without(types.Null)
		}
		if len(kindsOf(rest)) == 0 {
			c.use(v)
			c.proven(w, true)
			v.typ = types.JustAbsent
			return v, true
		}
		v.left = v.typ.Kinds() &^ rest.Kinds()
		v.typ = rest
		return v, false
	}
	if v.typ.May(types.Absent) {
		c.misfit(v, w, types.Problem{Misfit: types.MisfitAbsent, Verdict: verdict(v.typ.Is(types.Absent)), From: v.typ, To: w.typ})
		v.code = c.presentOnly(v)
		v.bad = v.typ.Is(types.Absent)
		v.typ = v.typ.Without(types.Absent)
	}
	return v, v.bad
}

// presentOnly is v's code, which at run time fails where the value is absent.
func (c *checker) presentOnly(v value) *code {
	return &code{op: opCall, at: c.at(v.node), name: "present", val: c.subject(v), args: []*code{c.use(v)}}
}

// present uses v where it must not be absent or, unless nullOK, null.
func (c *checker) present(v value, nullToo bool) *code {
	k := types.Absent
	if nullToo {
		k |= types.Null
	}
	if v.bad || !v.typ.May(k) || isInvalid(v.typ) {
		return c.use(v)
	}
	name := "present"
	if nullToo {
		name = "notnull"
	}
	return &code{op: opCall, at: c.at(v.node), name: name, val: c.subject(v), args: []*code{c.use(v)}}
}

// nameLeaf notes where one field of the wanted object comes from.
func (c *checker) nameLeaf(v value, w *want) {
	if len(w.path) == 0 || c.quiet > 0 {
		return
	}
	at := c.place(v.node)
	c.fields = append(c.fields, Field{Path: w.path, Source: oneLine(c.tree.file.Text(at), 100), Range: at, Secret: v.secret || c.revealsIn(at)})
}

// oneField makes one field of those that the branches of n have noted for the same place.
func (c *checker) oneField(n ast.Node, w *want, before int) {
	if w == nil || len(w.path) == 0 || c.quiet > 0 {
		return
	}
	whole := Field{Path: w.path, Source: oneLine(c.tree.file.Text(c.place(n)), 100), Range: c.place(n), Proven: true}
	kept := c.fields[:before:before]
	found := false
	for _, f := range c.fields[before:] {
		if !slices.Equal(f.Path, w.path) {
			kept = append(kept, f)
			continue
		}
		found, whole.Proven, whole.Secret = true, whole.Proven && f.Proven, whole.Secret || f.Secret
	}
	if found {
		c.fields = append(kept, whole)
	}
}

func (c *checker) proven(w *want, yes bool) {
	if n := len(c.fields); yes && n > 0 && c.quiet == 0 && slices.Equal(c.fields[n-1].Path, w.path) {
		c.fields[n-1].Proven = true
	}
}

func (c *checker) relate(d *diag.Diagnostic, o types.Origin, format string, args ...any) {
	if o == (types.Origin{}) || c.locate == nil {
		return
	}
	var at source.Range
	if at = c.locate(o); !at.IsZero() {
		d.Relate(at, format, args...)
	}
}
