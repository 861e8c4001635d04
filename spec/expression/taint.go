package expression

import (
	"slices"

	"tenon/spec/diag"
	"tenon/spec/source"
)

// taint is a place where a name is read that is secret since somewhere else.
type taint struct {
	at    source.Range
	trail []diag.Related
}

// secretIn reports whether a member of v is secret, v being so in parts at least.
func (v value) secretIn(member string) bool {
	if v.spot == nil || len(v.spot.path) > 0 || v.spot.root.name == nil || v.spot.root.name.SecretIn == nil {
		return true
	}
	return slices.Contains(v.spot.root.name.SecretIn, member)
}

// leak reports a secret at a place that is none for secrets, and how it became one.
func (c *checker) leak(v value, w *want) {
	d := c.report(SecretLeak, v.node, "%s is secret, and %s is not a place for secrets.", c.subject(v), c.requirer(w))
	d.Explain("Secrets go to the auth, headers, server and tls of an api. If this one must go here, write reveal(%s, \"why\").", or(c.tree.text(v.node), "…"))
	d.Related = append(d.Related, c.trail(d.Range)...)
}

// trail says how the names read inside a part of the expression became secret; the zero range is all of
// it.
func (c *checker) trail(inside source.Range) []diag.Related {
	var out []diag.Related
	for _, t := range c.taints {
		if !inside.IsZero() && (t.at.File != inside.File || t.at.Start < inside.Start || t.at.End > inside.End) {
			continue
		}
		for _, r := range t.trail {
			if !slices.Contains(out, r) {
				out = append(out, r)
			}
		}
	}
	return out
}

// revealsIn reports whether a secret is revealed inside a part of the expression.
func (c *checker) revealsIn(at source.Range) bool {
	return slices.ContainsFunc(c.shown, func(r source.Range) bool {
		return at.Contains(r)
	})
}
