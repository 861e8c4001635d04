package mutation

import (
	"fmt"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
)

// valueFaults: values that their places do not take.
var valueFaults = []class{
	{"text for an integer or number", func(b *base) []mutant {
		return b.eachValue(func(p *place) []mutant {
			if !p.shape.clear || p.shape.kind != "integer" && p.shape.kind != "number" || p.in == "params" {
				return nil
			}
			return []mutant{b.at(p.value.Range(), `"12"`, p.key, "type-mismatch")}
		})
	}},
	{`"true" for a boolean`, func(b *base) []mutant {
		return b.eachValue(func(p *place) []mutant {
			if !p.shape.clear || p.shape.kind != "boolean" || p.in == "params" {
				return nil
			}
			return []mutant{b.at(p.value.Range(), `"true"`, p.key, "type-mismatch")}
		})
	}},
	{"integer for text", func(b *base) []mutant {
		return b.eachValue(func(p *place) []mutant {
			if !p.shape.clear || p.shape.kind != "string" || p.in == "params" {
				return nil
			}
			return []mutant{b.at(p.value.Range(), "4711", p.key, "type-mismatch")}
		})
	}},
	{"words for a numeric parameter", func(b *base) []mutant {
		return b.eachValue(func(p *place) []mutant {
			if !p.shape.clear || p.in != "params" || p.parent != nil || p.shape.kind != "integer" && p.shape.kind != "number" {
				return nil
			}
			return []mutant{b.at(p.value.Range(), `"many"`, p.key, "type-mismatch")}
		})
	}},
	{"numeral in quotes for a numeric parameter", func(b *base) []mutant {
		return b.eachValue(func(p *place) []mutant {
			if !p.shape.clear || p.in != "params" || p.parent != nil || p.shape.kind != "integer" && p.shape.kind != "number" {
				return nil
			}
			return []mutant{b.at(p.value.Range(), `"5"`, p.key, "type-mismatch")}
		})
	}},
	{"fraction for an integer", func(b *base) []mutant {
		return b.eachValue(func(p *place) []mutant {
			if !p.shape.clear || p.shape.kind != "integer" {
				return nil
			}
			out := []mutant{b.at(p.value.Range(), "19.99", p.key, "lossy-number", "type-mismatch")}
			if constant(p.value) == "" {
				out = append(out, b.at(p.value.Range(), "("+b.text(p.value.Range())+") * 1.19", p.key, "lossy-number", "type-mismatch"))
			}
			return out
		})
	}},
	{"null where it is not allowed", func(b *base) []mutant {
		return b.eachValue(func(p *place) []mutant {
			if !p.shape.clear || p.shape.kind == "" || p.shape.nullable || p.in == "params" {
				return nil
			}
			return []mutant{b.at(p.value.Range(), "null", p.key, "maybe-null", "type-mismatch")}
		})
	}},
	{"enum member misspelt", func(b *base) []mutant {
		return b.eachValue(func(p *place) []mutant {
			if s, ok := literal(p.value); ok && slices.Contains(p.shape.enum, s) {
				return []mutant{b.at(p.value.Range(), quoted(misspell(s)), p.key, "enum-value")}
			}
			return nil
		})
	}},
	{"enum member in another case", func(b *base) []mutant {
		return b.eachValue(func(p *place) []mutant {
			s, ok := literal(p.value)
			other := strings.ToUpper(s)
			if other == s {
				other = strings.ToLower(s)
			}
			if !ok || !slices.Contains(p.shape.enum, s) || slices.Contains(p.shape.enum, other) {
				return nil
			}
			return []mutant{b.at(p.value.Range(), quoted(other), p.key, "enum-value")}
		})
	}},
	{"another enum's member", func(b *base) []mutant {
		return b.eachValue(func(p *place) []mutant {
			for _, o := range b.places {
				for _, member := range o.shape.enum {
					if len(p.shape.enum) > 0 && p.shape.kind == "string" && !slices.Contains(p.shape.enum, member) {
						return []mutant{b.at(p.value.Range(), quoted(member), p.key, "enum-value")}
					}
				}
			}
			return nil
		})
	}},
	{"source with enum members that the target lacks", func(b *base) []mutant {
		return b.eachValue(func(p *place) []mutant {
			if len(p.shape.enum) == 0 || p.step == nil {
				return nil
			}
			for _, r := range b.near(p) {
				from := r.shapeOf(b)
				if from != nil && len(from.enum) > 0 && from.clear && slices.ContainsFunc(from.enum, func(s string) bool { return !slices.Contains(p.shape.enum, s) }) {
					m := b.at(p.value.Range(), b.text(r.SrcRange), p.key+" = "+b.text(r.SrcRange), "enum-value")
					m.skip = b.guarded(p, r)
					return []mutant{m}
				}
			}
			return nil
		})
	}},
	{"literal too long", func(b *base) []mutant {
		return b.eachValue(func(p *place) []mutant {
			most, ok := p.shape.number("maxLength")
			if !ok || most > 5000 || p.shape.kind != "string" || p.shape.enum != nil {
				return nil
			}
			return []mutant{b.at(p.value.Range(), quoted(strings.Repeat("0", int(most)+1)), p.key, "length")}
		})
	}},
	{"literal too short", func(b *base) []mutant {
		return b.eachValue(func(p *place) []mutant {
			if least, ok := p.shape.number("minLength"); !ok || least < 1 || p.shape.kind != "string" || p.shape.enum != nil {
				return nil
			}
			return []mutant{b.at(p.value.Range(), `""`, p.key, "length")}
		})
	}},
	{"number out of range", func(b *base) []mutant {
		return b.eachValue(func(p *place) []mutant {
			var out []mutant
			if most, ok := p.shape.number("maximum"); ok && most < 1e9 {
				out = append(out, b.at(p.value.Range(), fmt.Sprint(int(most)+1), p.key, "out-of-range"))
			}
			if least, ok := p.shape.number("minimum"); ok && p.shape.kind != "" {
				out = append(out, b.at(p.value.Range(), fmt.Sprint(int(least)-1), p.key, "out-of-range"))
			}
			return out
		})
	}},
	{"wrong format (date-time, date, uuid, email, uri)", func(b *base) []mutant {
		wrong := map[any]string{"date-time": "yesterday", "date": "2026-13-45", "uuid": "order-17", "email": "nobody", "uri": "not a uri", "url": "not a uri"}
		return b.eachValue(func(p *place) []mutant {
			if text := wrong[p.shape.says["format"]]; text != "" && p.shape.clear {
				return []mutant{b.at(p.value.Range(), quoted(text), p.key, "format-mismatch")}
			}
			return nil
		})
	}},
	{"pattern not matched", func(b *base) []mutant {
		return b.eachValue(func(p *place) []mutant {
			pattern, _ := p.shape.says["pattern"].(string)
			if !strings.HasPrefix(pattern, "^") || !strings.HasSuffix(pattern, "$") || !p.shape.clear || p.shape.enum != nil || strings.Contains(pattern, ".*") || strings.Contains(pattern, "^.") {
				return nil
			}
			least, _ := p.shape.number("minLength")
			return []mutant{b.at(p.value.Range(), quoted(strings.Repeat("§", max(1, int(least)))), p.key, "pattern-mismatch")}
		})
	}},
	{"list where one value is wanted", func(b *base) []mutant {
		return b.eachValue(func(p *place) []mutant {
			if strings.HasSuffix(p.key, "[]") { // a list by its name
				return nil
			}
			if !p.shape.clear || !slices.Contains([]string{"string", "integer", "number", "boolean", "object"}, p.shape.kind) {
				return nil
			}
			m := b.at(p.value.Range(), "["+b.text(p.value.Range())+"]", p.key, "type-mismatch")
			return []mutant{m}
		})
	}},
	{"one value where a list is wanted", func(b *base) []mutant {
		return b.eachValue(func(p *place) []mutant {
			l, ok := p.value.(*hclsyntax.TupleConsExpr)
			if !ok || len(l.Exprs) != 1 || p.shape.kind != "array" || !p.shape.clear {
				return nil
			}
			return []mutant{b.at(l.SrcRange, b.text(l.Exprs[0].Range()), p.key, "type-mismatch")}
		})
	}},
	{"integer where text is wanted, or reverse, from a field (swapped ids)", func(b *base) []mutant {
		return b.eachValue(func(p *place) []mutant {
			if !p.shape.clear || p.step == nil || p.key == "" {
				return nil
			}
			for _, r := range b.near(p) {
				from := r.shapeOf(b)
				if from == nil || !from.clear || from.nullable {
					continue
				}
				if from.kind == "string" && p.shape.kind == "integer" || from.kind == "integer" && p.shape.kind == "string" && p.in == "body" {
					return []mutant{b.at(p.value.Range(), b.text(r.SrcRange), p.key+" = "+b.text(r.SrcRange), "type-mismatch")}
				}
			}
			return nil
		})
	}},
	{"object where one of its fields is wanted", func(b *base) []mutant {
		return b.eachValue(func(p *place) []mutant {
			tr, ok := p.value.(*hclsyntax.ScopeTraversalExpr)
			if !ok || len(tr.Traversal) < 4 || !p.shape.clear || p.shape.kind != "string" && p.shape.kind != "integer" {
				return nil
			}
			at := tr.SrcRange
			at.Start = tr.Traversal[len(tr.Traversal)-1].SourceRange().Start
			m := b.at(at, "", p.key, "type-mismatch")
			m.lines = []int{tr.SrcRange.Start.Line}
			return []mutant{m}
		})
	}},
	{"optional or nullable into required (coalesce or must dropped)", func(b *base) []mutant {
		var out []mutant
		for _, f := range b.calls {
			if f.Name != "coalesce" && f.Name != "must" || len(f.Args) < 2 {
				continue
			}
			m := b.at(f.Range(), b.text(f.Args[0].Range()), f.Name, "maybe-absent", "maybe-null")
			m.notes = true
			m.skip = b.leftOut(f)
			out = append(out, m)
		}
		return out
	}},
	{"optional field into a required place", func(b *base) []mutant {
		return b.eachValue(func(p *place) []mutant {
			if !p.required || !p.shape.clear || p.step == nil || p.key == "" {
				return nil
			}
			for _, r := range b.near(p) {
				from := r.shapeOf(b)
				if from != nil && r.parent != nil && !r.parent.required[r.name] && from.clear && from.kind == p.shape.kind && from.kind == "string" && from.enum == nil && p.shape.enum == nil {
					m := b.at(p.value.Range(), b.text(r.SrcRange), p.key+" = "+b.text(r.SrcRange), "maybe-absent", "maybe-null")
					m.notes = true
					m.skip = b.guarded(p, r)
					return []mutant{m}
				}
			}
			return nil
		})
	}},
}

// eachValue goes over the places that take a value, elements of lists too.
func (b *base) eachValue(f func(p *place) []mutant) []mutant {
	var out []mutant
	for _, p := range b.places {
		if strings.Contains(b.text(p.value.Range()), "<<") {
			continue
		}
		out = append(out, f(p)...)
	}
	return out
}

// near are the documented fields that are in reach where a place is, other than those of lists.
func (b *base) near(p *place) []*fieldRead {
	var out []*fieldRead
	for _, r := range b.reads {
		names := namesOf(r.Traversal)
		if r.parent == nil || names[0] == "response" || slices.Contains(names, "[]") || !b.reaches(p.step, r, names) {
			continue
		}
		out = append(out, r)
	}
	return out
}

// reaches reports whether what r reads can be read in a step too: its loop's variable, or the answer of a step before
// it, in a block around it.
func (b *base) reaches(s *step, r *fieldRead, names []string) bool {
	if r.scope.integration != s.integration {
		return false
	}
	if names[0] != "step" {
		return slices.ContainsFunc(s.parents, func(k *block) bool { return k.Type == "for_each" && k.label() == names[0] })
	}
	from := b.stepOf(s.integration, names[1])
	return from != nil && from != s && from.TypeRange.Start.Byte < s.TypeRange.Start.Byte && slices.Contains(s.parents, from.parents[len(from.parents)-1])
}

// shapeOf is what is read.
func (r *fieldRead) shapeOf(b *base) *shape {
	_, d, schema := b.resolve(r.scope, namesOf(r.Traversal))
	if d == nil {
		return nil
	}
	return d.shape(schema)
}

func within(a, b hcl.Range) bool {
	return b.Start.Byte <= a.Start.Byte && a.End.Byte <= b.End.Byte
}

// leftOut says why dropping the call f changes nothing; "" if it does.
func (b *base) leftOut(f *hclsyntax.FunctionCallExpr) string {
	for _, p := range b.places {
		if gives(p.value, f) && p.required {
			return b.never(f)
		}
	}
	why := ""
	for _, k := range b.blocks {
		for _, a := range attributes(k.Body) {
			_ = hclsyntax.VisitAll(a.Expr, func(n hclsyntax.Node) hcl.Diagnostics {
				switch n := n.(type) {
				case *hclsyntax.ObjectConsExpr:
					if slices.ContainsFunc(n.Items, func(i hclsyntax.ObjectConsItem) bool { return gives(i.ValueExpr, f) }) {
						why = "the place is optional: what is absent is left out"
					}
				case *hclsyntax.BinaryOpExpr:
					if (n.Op == hclsyntax.OpEqual || n.Op == hclsyntax.OpNotEqual) && (n.LHS.Range() == f.Range() || n.RHS.Range() == f.Range()) {
						why = "== and != take what is absent: it equals nothing but null"
					}
				}
				return nil
			})
		}
	}
	if why != "" {
		return why
	}
	for _, k := range b.blocks {
		for _, a := range attributes(k.Body) {
			if a.Expr.Range() == f.Range() && (k.Type == "output" || k.Type == "aggregate" || k.Type == "step" && a.Name == "value" || k.Type == "for_each" && a.Name == "in" || k.Type == "paginate") {
				return "the place may be absent: " + k.Type + "." + a.Name
			}
		}
	}
	return b.never(f)
}

// gives reports whether e is f, or f in one case.
func gives(e hclsyntax.Expression, f *hclsyntax.FunctionCallExpr) bool {
	if c, ok := e.(*hclsyntax.ConditionalExpr); ok {
		return gives(c.TrueResult, f) || gives(c.FalseResult, f)
	}
	return e.Range() == f.Range()
}

// never says why the first argument of f is there all the same.
func (b *base) never(f *hclsyntax.FunctionCallExpr) string {
	if tr, ok := f.Args[0].(*hclsyntax.ScopeTraversalExpr); ok {
		return b.asked(b.text(tr.SrcRange), f.Range())
	}
	if call, ok := f.Args[0].(*hclsyntax.FunctionCallExpr); ok && call.Name == "expr" {
		return "what expr(…) gives is not known to the benchmark"
	}
	return ""
}

// guarded says why the field r is there where p is.
func (b *base) guarded(p *place, r *fieldRead) string {
	return b.asked(b.text(r.SrcRange), p.value.Range())
}

// asked tells of a condition around a place that asks what something is.
func (b *base) asked(what string, at hcl.Range) string {
	for _, k := range b.blocks {
		if !within(at, whole(k)) {
			continue
		}
		for _, name := range []string{"when", "where"} {
			if a := k.Body.Attributes[name]; a != nil && strings.Contains(b.text(a.Expr.Range()), strings.Split(what, ".")[0]+".type in [") {
				return "a condition leaves only alternatives that may have it"
			}
			if a := k.Body.Attributes[name]; a != nil && (strings.Contains(b.text(a.Expr.Range()), what+" != null") || strings.Contains(b.text(a.Expr.Range()), what+" == ")) {
				return "a condition asks for it before"
			}
		}
	}
	return ""
}
