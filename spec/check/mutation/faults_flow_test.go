package mutation

import (
	"maps"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
)

// expressionFaults: expressions that cannot be computed, or not as they are meant.
var expressionFaults = []class{
	{"comparison with what an enum never is", func(b *base) []mutant {
		return b.eachComparison(func(e *hclsyntax.BinaryOpExpr, r *fieldRead) []mutant {
			s, ok := literal(e.RHS)
			if from := r.shapeOf(b); !ok || from == nil || len(from.enum) == 0 || !from.clear || slices.Contains(from.enum, misspell(s)) {
				return nil
			}
			return []mutant{b.at(e.RHS.Range(), quoted(misspell(s)), s, "operand-type", "enum-value", "condition-constant")}
		})
	}},
	{"comparison of text with a number", func(b *base) []mutant {
		return b.eachComparison(func(e *hclsyntax.BinaryOpExpr, r *fieldRead) []mutant {
			if from := r.shapeOf(b); from == nil || from.kind != "string" || !from.clear {
				return nil
			}
			return []mutant{b.at(e.RHS.Range(), "1", b.text(e.SrcRange), "operand-type")}
		})
	}},
	{"text + integer", func(b *base) []mutant {
		return b.eachRead(func(r *fieldRead) []mutant {
			from := r.shapeOf(b)
			if from == nil || from.kind != "string" || !from.clear || b.inCall(r.SrcRange) || len(r.Traversal) < 2 {
				return nil
			}
			return []mutant{b.at(r.SrcRange, "("+b.text(r.SrcRange)+" + 1)", b.text(r.SrcRange), "operand-type")}
		})
	}},
	{"condition that is no boolean", func(b *base) []mutant {
		var out []mutant
		for _, k := range b.blocks {
			for _, a := range attributes(k.Body) {
				if a.Name != "when" && a.Name != "where" && a.Name != "assert" {
					continue
				}
				out = append(out, b.at(a.Expr.Range(), `"yes"`, a.Name, "type-mismatch"))
				for _, r := range b.reads {
					if from := r.shapeOf(b); from != nil && from.clear && from.kind != "" && from.kind != "boolean" && !r.inner && within(r.SrcRange, a.SrcRange) {
						out = append(out, b.at(a.Expr.Range(), b.text(r.SrcRange), a.Name, "type-mismatch", "operand-type"))
					}
				}
			}
		}
		return out
	}},
	{"one argument too many", func(b *base) []mutant {
		fixed := []string{"truncate", "round", "lower", "upper", "parse_time", "decimal", "title", "clamp", "from_unix", "unix", "must", "url_encode", "last", "string", "chunk", "lookup"}
		var out []mutant
		for _, f := range b.calls {
			if slices.Contains(fixed, f.Name) {
				at := f.CloseParenRange
				m := b.at(at, `, 1, "x", 2)`, f.Name, "argument-type")
				m.lines = []int{f.NameRange.Start.Line, at.Start.Line}
				out = append(out, m)
			}
		}
		return out
	}},
	{"one argument too few", func(b *base) []mutant {
		var out []mutant
		for _, f := range b.calls {
			least := map[string]int{"truncate": 2, "must": 2, "clamp": 3, "match": 2, "lookup": 3, "chunk": 2}
			if n := least[f.Name]; n > 0 && len(f.Args) == n {
				at := hcl.Range{Start: f.Args[n-2].Range().End, End: f.CloseParenRange.Start}
				m := b.at(at, "", f.Name, "argument-type")
				m.lines = []int{f.NameRange.Start.Line}
				out = append(out, m)
			}
			if strings.HasPrefix(f.Name, "mapping::") && len(f.Args) > 0 {
				at := hcl.Range{Start: f.OpenParenRange.End, End: f.CloseParenRange.Start}
				m := b.at(at, strings.Repeat("\n", at.End.Line-at.Start.Line), f.Name, "argument-type")
				m.lines = []int{f.NameRange.Start.Line}
				out = append(out, m)
			}
		}
		return out
	}},
	{"argument of the wrong type", func(b *base) []mutant {
		wrong := map[string]string{"truncate": "true", "lower": "17", "upper": "17", "round": `"a"`, "parse_time": "17", "last": "17", "title": "17", "join": "17", "url_encode": "true", "from_unix": `"today"`, "len": "17", "unix": `"today"`, "first": "17", "chunk": `"a"`}
		var out []mutant
		for _, f := range b.calls {
			if text := wrong[f.Name]; text != "" && len(f.Args) > 0 {
				out = append(out, b.at(f.Args[0].Range(), text, f.Name, "argument-type"))
			}
		}
		return out
	}},
	{"wrong argument of a mapping", func(b *base) []mutant {
		var out []mutant
		for _, f := range b.calls {
			if strings.HasPrefix(f.Name, "mapping::") && len(f.Args) > 0 {
				out = append(out, b.at(f.Args[0].Range(), "true", f.Name, "argument-type"))
			}
		}
		return out
	}},
	{"arm of match dropped", func(b *base) []mutant {
		return b.eachMatch(func(f *hclsyntax.FunctionCallExpr, table *hclsyntax.ObjectConsExpr) []mutant {
			if len(f.Args) > 2 {
				return nil
			}
			var out []mutant
			for _, item := range table.Items {
				out = append(out, mutant{what: keyOf(item), src: b.without(item.KeyExpr.Range(), item.ValueExpr.Range()), rules: []string{"match-not-exhaustive"}, lines: []int{f.NameRange.Start.Line}})
			}
			return out
		})
	}},
	{"arm of match misspelt", func(b *base) []mutant {
		return b.eachMatch(func(f *hclsyntax.FunctionCallExpr, table *hclsyntax.ObjectConsExpr) []mutant {
			var out []mutant
			for _, item := range table.Items {
				if keyOf(item) == "" {
					continue
				}
				out = append(out, b.at(item.KeyExpr.Range(), bareKey(misspell(keyOf(item))), keyOf(item), "enum-value"))
			}
			return out
		})
	}},
	{"field of a list instead of an element", func(b *base) []mutant {
		var out []mutant
		for _, r := range b.reads {
			names := namesOf(r.Traversal)
			if i := slices.Index(names, "[]"); i > 0 && i+1 < len(names) {
				out = append(out, b.at(r.Traversal[i].SourceRange(), "", strings.Join(names, "."), "unknown-field"))
			}
			if _, ok := r.scope.vars[names[0]].(variable); ok && r.parent.closedOrNil() {
				for _, k := range append(slices.Clone(r.scope.block.parents), r.scope.block) {
					if k.Type == "for_each" && k.label() == names[0] {
						if in, ok := k.Body.Attributes["in"].Expr.(*hclsyntax.ScopeTraversalExpr); ok {
							out = append(out, b.at(r.Traversal[0].SourceRange(), b.text(in.SrcRange), strings.Join(names, "."), "unknown-field", "stream-not-collected", "operand-type"))
						}
					}
				}
			}
		}
		return out
	}},
	{"field of another step's answer", func(b *base) []mutant {
		return b.eachRead(func(r *fieldRead) []mutant {
			names := namesOf(r.Traversal)
			if names[0] != "step" || names[2] != "body" || len(names) < 4 {
				return nil
			}
			for _, s := range b.steps {
				if s.integration != r.scope.integration || s.name == names[1] || s.op.success == nil {
					continue
				}
				if other := s.op.doc.shape(s.op.success); other.closed() && other.properties[names[3]].schema == nil {
					at := r.Traversal[1].(hcl.TraverseAttr).SrcRange
					at.Start.Byte = at.End.Byte - len(names[1])
					return []mutant{b.at(at, s.name, strings.Join(names, ".")+" of "+s.name, "unknown-field", "out-of-scope", "cycle", "write-order")}
				}
			}
			return nil
		})
	}},
	{"field of an error's answer", func(b *base) []mutant {
		var out []mutant
		for _, s := range b.steps {
			if s.op.success == nil || len(s.op.failures) == 0 || len(s.parents) != 1 {
				continue
			}
			good, bad := s.op.doc.shape(s.op.success), s.op.doc.shape(s.op.failures[0])
			for _, name := range slices.Sorted(maps.Keys(bad.properties)) {
				if good.closed() && bad.clear && good.properties[name].schema == nil && bareKey(name) == name {
					src, line := b.last(s.parents[0], "output \"probe\" {\n  value = step."+s.name+".body."+name+"\n}")
					out = append(out, mutant{what: s.name + ": " + name, src: src, rules: []string{"unknown-field"}, lines: []int{line + 1}})
					break
				}
			}
		}
		return out
	}},
}

func (s *shape) closedOrNil() bool { return s == nil || s.closed() }

// inCall reports whether r stands in an argument of a function, a template, or an operation.
func (b *base) inCall(r hcl.Range) bool {
	return slices.ContainsFunc(b.calls, func(f *hclsyntax.FunctionCallExpr) bool { return within(r, f.Range()) })
}

// eachComparison goes over == and != with a documented field on the left.
func (b *base) eachComparison(f func(e *hclsyntax.BinaryOpExpr, r *fieldRead) []mutant) []mutant {
	var out []mutant
	for _, k := range b.blocks {
		for _, a := range attributes(k.Body) {
			_ = hclsyntax.VisitAll(a.Expr, func(n hclsyntax.Node) hcl.Diagnostics {
				e, ok := n.(*hclsyntax.BinaryOpExpr)
				if !ok || e.Op != hclsyntax.OpEqual && e.Op != hclsyntax.OpNotEqual {
					return nil
				}
				for _, r := range b.reads {
					if r.SrcRange == e.LHS.Range() && constant(e.RHS) != "" {
						out = append(out, f(e, r)...)
					}
				}
				return nil
			})
		}
	}
	return out
}

func (b *base) eachMatch(f func(f *hclsyntax.FunctionCallExpr, table *hclsyntax.ObjectConsExpr) []mutant) []mutant {
	var out []mutant
	for _, c := range b.calls {
		if c.Name == "match" && len(c.Args) > 1 {
			if table, ok := c.Args[1].(*hclsyntax.ObjectConsExpr); ok {
				out = append(out, f(c, table)...)
			}
		}
	}
	return out
}

// before reports whether what r reads is the answer of a step that is in reach where k stands.
func (b *base) before(r *fieldRead, k *block) bool {
	names := namesOf(r.Traversal)
	from := b.stepOf(k.integration, names[1])
	return names[0] == "step" && from != nil && slices.Contains(k.parents, from.parents[len(from.parents)-1])
}

// flowFaults: the order of things, loops, pages, and what blocks say.
var flowFaults = []class{
	{"case of switch dropped", func(b *base) []mutant {
		return b.eachBlock("case", func(k *block) []mutant {
			if slices.ContainsFunc(k.parents[len(k.parents)-1].Body.Blocks, func(o *hclsyntax.Block) bool { return o.Type == "default" }) {
				return nil
			}
			parent := k.parents[len(k.parents)-1]
			return []mutant{{what: k.label(), src: b.replace(whole(k), strings.Repeat("\n", k.CloseBraceRange.Start.Line-k.TypeRange.Start.Line)), rules: []string{"switch-not-exhaustive"}, lines: []int{parent.TypeRange.Start.Line, parent.TypeRange.Start.Line + 1}}}
		})
	}},
	{"case of switch misspelt", func(b *base) []mutant {
		return b.eachBlock("case", func(k *block) []mutant {
			return []mutant{b.at(k.LabelRanges[0], quoted(misspell(k.label())), k.label(), "enum-value", "unreachable-step")}
		})
	}},
	{"step that waits for itself", func(b *base) []mutant {
		return b.eachBlock("step", func(k *block) []mutant {
			if k.Body.Attributes["depends_on"] != nil {
				return nil
			}
			src, line := b.first(k, "depends_on = [step."+k.label()+"]")
			return []mutant{{what: k.label(), src: src, rules: []string{"cycle", "out-of-scope"}, lines: []int{line}}}
		})
	}},
	{"steps that wait for each other", func(b *base) []mutant {
		var out []mutant
		for _, r := range b.reads {
			k := r.scope.block
			names := namesOf(r.Traversal)
			if k.Type != "step" || names[0] != "step" || names[1] == k.label() {
				continue
			}
			for _, o := range b.blocks {
				if o.Type == "step" && o.integration == k.integration && o.label() == names[1] && len(o.parents) == len(k.parents) && o.Body.Attributes["depends_on"] == nil {
					src, line := b.first(o, "depends_on = [step."+k.label()+"]")
					out = append(out, mutant{what: o.label() + " and " + k.label(), src: src, rules: []string{"cycle", "write-order"}, lines: []int{line, r.SrcRange.Start.Line + 1, o.TypeRange.Start.Line, k.TypeRange.Start.Line + 1}})
				}
			}
		}
		return out
	}},
	{"step of a loop used outside", func(b *base) []mutant {
		return b.eachBlock("step", func(k *block) []mutant {
			if !slices.ContainsFunc(k.parents, func(p *block) bool { return p.Type == "for_each" }) {
				return nil
			}
			src, line := b.last(k.parents[0], "output \"probe\" {\n  value = step."+k.label()+"\n}")
			return []mutant{{what: k.label(), src: src, rules: []string{"out-of-scope"}, lines: []int{line + 1}}}
		})
	}},
	{"iteration variable used outside", func(b *base) []mutant {
		return b.eachBlock("for_each", func(k *block) []mutant {
			src, line := b.last(k.parents[0], "output \"probe\" {\n  value = "+k.label()+"\n}")
			return []mutant{{what: k.label(), src: src, rules: []string{"out-of-scope", "unknown-reference"}, lines: []int{line + 1}}}
		})
	}},
	{"response, error or trigger where there is none", func(b *base) []mutant {
		return b.eachBlock("output", func(k *block) []mutant {
			a := k.Body.Attributes["value"]
			return []mutant{b.at(a.Expr.Range(), "response.body", "response", "out-of-scope"), b.at(a.Expr.Range(), "error.message", "error", "out-of-scope")}
		})
	}},
	{"stream used as a list", func(b *base) []mutant {
		var out []mutant
		for _, s := range b.steps {
			if s.items != nil && len(s.parents) == 1 {
				src, line := b.last(s.parents[0], "output \"probe\" {\n  value = len(step."+s.name+".items)\n}")
				out = append(out, mutant{what: s.name, src: src, rules: []string{"stream-not-collected"}, lines: []int{line + 1}})
			}
		}
		return out
	}},
	{"paginate dropped", func(b *base) []mutant {
		return b.eachBlock("paginate", func(k *block) []mutant {
			s := k.parents[len(k.parents)-1]
			m := mutant{what: s.label(), src: b.replace(whole(k), strings.Repeat("\n", k.CloseBraceRange.Start.Line-k.TypeRange.Start.Line)), rules: []string{"unknown-field", "maybe-absent"}}
			for _, r := range b.reads {
				if names := namesOf(r.Traversal); len(names) > 2 && names[0] == "step" && names[1] == s.label() && names[2] == "items" {
					m.lines = append(m.lines, r.SrcRange.Start.Line)
				}
			}
			return []mutant{m}
		})
	}},
	{"next page by a parameter that does not exist", func(b *base) []mutant {
		return b.eachBlock("paginate", func(k *block) []mutant {
			var out []mutant
			next := k.Body.Attributes["next"]
			if next == nil {
				return nil
			}
			_ = hclsyntax.VisitAll(next.Expr, func(n hclsyntax.Node) hcl.Diagnostics {
				if o, ok := n.(*hclsyntax.ObjectConsExpr); ok {
					for _, item := range o.Items {
						out = append(out, b.at(item.KeyExpr.Range(), misspell(keyOf(item)), keyOf(item), "unknown-parameter", "unknown-property"))
					}
				}
				return nil
			})
			return out
		})
	}},
	{"loop over one value", func(b *base) []mutant {
		return b.eachBlock("for_each", func(k *block) []mutant {
			a := k.Body.Attributes["in"]
			out := []mutant{b.at(a.Expr.Range(), `"all"`, k.label(), "type-mismatch")}
			for _, r := range b.reads {
				if from := r.shapeOf(b); from != nil && from.clear && from.kind == "string" && r.scope.integration == k.integration && b.before(r, k) {
					return append(out, b.at(a.Expr.Range(), b.text(r.SrcRange), k.label(), "type-mismatch"))
				}
			}
			return out
		})
	}},
	{"bad duration", func(b *base) []mutant {
		var out []mutant
		for _, k := range b.blocks {
			switch {
			case k.Body.Attributes["timeout"] != nil:
				out = append(out, b.at(k.Body.Attributes["timeout"].Expr.Range(), `"5 minutes"`, k.Type, "attribute-value"), b.at(k.Body.Attributes["timeout"].Expr.Range(), `30`, k.Type, "attribute-value"))
			case k.Type == "step" && k.Body.Attributes["call"] != nil:
				src, line := b.first(k, `timeout = "10sec"`)
				out = append(out, mutant{what: k.label(), src: src, rules: []string{"attribute-value"}, lines: []int{line}})
			}
		}
		return out
	}},
	{"unknown choice", func(b *base) []mutant {
		var out []mutant
		for _, k := range b.blocks {
			for _, a := range attributes(k.Body) {
				switch a.Name {
				case "on_error", "backoff", "validate", "concurrency", "attempts", "limit", "idempotent", "rate":
					out = append(out, b.at(a.Expr.Range(), `"often"`, a.Name, "attribute-value"))
				}
			}
		}
		return out
	}},
	{"required attribute dropped", func(b *base) []mutant {
		needs := map[string]string{"secret": "env", "for_each": "in", "output": "value", "check": "assert", "switch": "on", "input": "type", "variable": "type", "test": "integration", "mock": "call", "trigger": "path", "respond": "status"}
		var out []mutant
		for _, k := range b.blocks {
			if a := k.Body.Attributes[needs[k.Type]]; a != nil {
				out = append(out, mutant{what: k.Type + "." + a.Name, src: b.replace(a.SrcRange, strings.Repeat("\n", a.SrcRange.End.Line-a.SrcRange.Start.Line)), rules: []string{"missing-attribute"}, lines: []int{k.TypeRange.Start.Line}})
			}
		}
		return out
	}},
	{"step that nobody uses", func(b *base) []mutant {
		var out []mutant
		for _, s := range b.steps {
			if s.op.method == "get" && len(s.parents) == 1 && !slices.ContainsFunc(s.Body.Blocks, func(k *hclsyntax.Block) bool { return k.Type == "check" }) {
				text := b.text(whole(s.block))
				src, line := b.last(s.parents[0], strings.Replace(strings.ReplaceAll(text, "step."+s.name+".", "step.spare."), quoted(s.name), `"spare"`, 1))
				out = append(out, mutant{what: s.name, src: src, rules: []string{"unused"}, lines: []int{line}})
			}
		}
		return out
	}},
	{"variable, secret, mapping or api that nobody uses", func(b *base) []mutant {
		if b.main != b {
			return nil
		}
		end := strings.Count(b.src, "\n") + 1
		spare := func(text string) mutant {
			return mutant{what: text, src: b.src + text, rules: []string{"unused"}, lines: []int{end}}
		}
		return []mutant{
			spare("variable \"spare\" {\n  type = string\n}\n"),
			spare("secret \"spare\" {\n  env = \"SPARE\"\n}\n"),
			spare("mapping \"spare\" {\n  from = { a = string }\n  value = a\n}\n"),
		}
	}},
	{"catch that is never taken", func(b *base) []mutant {
		var out []mutant
		for _, s := range b.steps {
			for _, k := range s.Body.Blocks {
				if k.Type == "catch" {
					at := k.LabelRanges[0]
					out = append(out, b.at(at, `"200"`, s.name, "catch-unreachable"), b.at(at, `"4040"`, s.name, "attribute-value"), b.at(at, `"notfound"`, s.name, "attribute-value"))
				}
			}
			src, line := b.last(s.block, "catch \"any\" {\n  skip = true\n}\ncatch \"503\" {\n  skip = true\n}")
			out = append(out, mutant{what: s.name, src: src, rules: []string{"catch-unreachable"}, lines: []int{line + 3}})
		}
		return out
	}},
	{"retry of a write that is not idempotent", func(b *base) []mutant {
		var out []mutant
		for _, s := range b.steps {
			if s.op.method != "post" || s.Body.Attributes["idempotent"] != nil || s.Body.Attributes["safe"] != nil {
				continue
			}
			src, line := b.last(s.block, "retry {\n  on = [\"timeout\"]\n}")
			m := mutant{what: s.name, src: src, rules: []string{"unsafe-retry"}, lines: []int{line, line + 1}}
			if strings.Contains(b.src, "overlays") {
				m.skip = "an overlay says how writes are told apart"
			}
			out = append(out, m)
		}
		return out
	}},
	{"quote or bracket left open", func(b *base) []mutant {
		var out []mutant
		for _, p := range b.places {
			if s, ok := literal(p.value); ok {
				out = append(out, b.at(p.value.Range(), `"`+s, p.key, "syntax"), b.at(p.value.Range(), `'`+s+`'`, p.key, "syntax"))
			}
		}
		return out
	}},
}
