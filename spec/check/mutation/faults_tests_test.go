package mutation

import (
	"encoding/json"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
)

// testFaults: tests that say what cannot be: of the integration, of what it asks for, of what providers answer.
var testFaults = []class{
	{"test: integration misspelt", func(b *base) []mutant {
		return b.eachBlock("test", func(k *block) []mutant {
			name := referred(k.Block, "integration", "integration")
			return []mutant{b.at(k.Body.Attributes["integration"].Expr.Range(), "integration."+misspell(name), name, "unknown-reference")}
		})
	}},
	{"test: input, state, variable or output misspelt", func(b *base) []mutant {
		return b.eachGiven(func(g *given) []mutant {
			return []mutant{b.at(g.item.KeyExpr.Range(), misspell(g.key), g.attr+"."+g.key, "unknown-property")}
		})
	}},
	{"test: required input dropped", func(b *base) []mutant {
		return b.eachGiven(func(g *given) []mutant {
			if !g.needed {
				return nil
			}
			return []mutant{{what: g.key, src: b.without(g.item.KeyExpr.Range(), g.item.ValueExpr.Range()), rules: []string{"missing-property"}, lines: []int{g.object.SrcRange.Start.Line}}}
		})
	}},
	{"test: inputs dropped", func(b *base) []mutant {
		return b.eachBlock("test", func(k *block) []mutant {
			a := k.Body.Attributes["inputs"]
			if a == nil || !slices.ContainsFunc(b.given, func(g *given) bool { return g.block == k && g.needed }) {
				return nil
			}
			return []mutant{{what: k.label(), src: b.replace(a.SrcRange, strings.Repeat("\n", a.SrcRange.End.Line-a.SrcRange.Start.Line)), rules: []string{"missing-attribute"}, lines: []int{k.TypeRange.Start.Line}}}
		})
	}},
	{"test: input, state or variable of another type", func(b *base) []mutant {
		return b.eachGiven(func(g *given) []mutant {
			if g.block.Type != "test" {
				return nil
			}
			return b.otherType(g.doc, g.schema, g.item.ValueExpr, g.key, "type-mismatch", "lossy-number")
		})
	}},
	{"test: expected output or state of another type", func(b *base) []mutant {
		return b.eachGiven(func(g *given) []mutant {
			if g.block.Type != "expect" || g.schema == nil {
				return nil
			}
			return b.otherType(g.doc, g.schema, g.item.ValueExpr, g.key, "type-mismatch", "lossy-number")
		})
	}},
	{"test: expected or given value that an enum never has", func(b *base) []mutant {
		return b.eachGiven(func(g *given) []mutant {
			if g.schema == nil || len(g.doc.shape(g.schema).enum) == 0 {
				return nil
			}
			return []mutant{b.at(g.item.ValueExpr.Range(), `"settled"`, g.key, "enum-value")}
		})
	}},
	{"test: text that is no time, day or id", func(b *base) []mutant {
		return b.eachGiven(func(g *given) []mutant {
			if g.schema == nil || g.doc.shape(g.schema).kind != "string" || g.doc.shape(g.schema).says["format"] == nil {
				return nil
			}
			return []mutant{b.at(g.item.ValueExpr.Range(), `"the day before"`, g.key, "format-mismatch")}
		})
	}},
	{"mock: operation misspelt", func(b *base) []mutant {
		return b.eachMock(func(m *mocked, api, name string, at hcl.Range) []mutant {
			return []mutant{b.at(at, callOf(api, misspell(name)), name, "unknown-operation")}
		})
	}},
	{"mock: api misspelt", func(b *base) []mutant {
		return b.eachMock(func(m *mocked, api, name string, at hcl.Range) []mutant {
			return []mutant{b.at(at, callOf(misspell(api), name), api, "unknown-reference")}
		})
	}},
	{"mock of an operation that is never called", func(b *base) []mutant {
		return b.eachMock(func(m *mocked, api, name string, at hcl.Range) []mutant {
			for _, other := range b.specs[api].operationNames() {
				if !b.main.callsOf(api, other) {
					ms := b.at(at, callOf(api, other), name+" → "+other, "mock-mismatch", "deprecated-operation")
					ms.rules = []string{"mock-mismatch"}
					return []mutant{ms}
				}
			}
			return nil
		})
	}},
	{"mock: status that is not declared", func(b *base) []mutant {
		return b.eachBlock("mock", func(k *block) []mutant {
			m := b.mockAt(k)
			if m == nil || k.Body.Attributes["error"] != nil || k.Body.Attributes["responses"] != nil || k.Body.Attributes["valid"] != nil {
				return nil
			}
			for _, status := range []string{"202", "302", "206"} {
				_, declared := m.op.answers[status]
				_, class := m.op.answers[status[:1]+"XX"]
				_, rest := m.op.answers["DEFAULT"]
				if declared || class || rest {
					continue
				}
				if a := k.Body.Attributes["status"]; a != nil {
					return []mutant{b.at(a.Expr.Range(), status, k.label(), "mock-mismatch")}
				}
				src, line := b.first(k, "status = "+status)
				return []mutant{{what: k.label(), src: src, rules: []string{"mock-mismatch"}, lines: []int{line}}}
			}
			return nil
		})
	}},
	{"mock: status as text, or none", func(b *base) []mutant {
		return b.eachBlock("mock", func(k *block) []mutant {
			if a := k.Body.Attributes["status"]; a != nil {
				return []mutant{b.at(a.Expr.Range(), quoted(b.text(a.Expr.Range())), k.label(), "attribute-value"), b.at(a.Expr.Range(), "7", k.label(), "attribute-value")}
			}
			return nil
		})
	}},
	{"mock: field misspelt", func(b *base) []mutant {
		return b.eachMocked(func(p *place) []mutant {
			if !p.parent.closed() || p.parent.properties[misspell(p.key)].schema != nil {
				return nil
			}
			return []mutant{b.at(p.keyRange, bareKey(misspell(p.key)), p.key, "mock-mismatch")}
		})
	}},
	{"mock: field added that is not declared", func(b *base) []mutant {
		var out []mutant
		for _, k := range b.mockBrackets {
			if k.shape.closed() {
				src, line := b.with(k.at, "internal_remark", `"see the ticket"`)
				out = append(out, mutant{what: k.answer.mock.label(), src: src, rules: []string{"mock-mismatch"}, lines: []int{line}})
			}
		}
		return out
	}},
	{"mock: required field dropped", func(b *base) []mutant {
		return b.eachMocked(func(p *place) []mutant {
			if !p.required || p.answer.partial || !p.parent.clear {
				return nil
			}
			return []mutant{{what: p.key, src: b.without(p.keyRange, p.value.Range()), rules: []string{"mock-mismatch"}, lines: []int{p.object.Start.Line}}}
		})
	}},
	{"mock: partial dropped", func(b *base) []mutant {
		return b.eachBlock("mock", func(k *block) []mutant {
			a := k.Body.Attributes["partial"]
			if a == nil {
				return nil
			}
			for _, x := range b.mockBrackets {
				if x.answer.mock.block != k || !x.shape.clear {
					continue
				}
				for name := range x.shape.required {
					if !slices.Contains(x.keys, name) {
						return []mutant{{what: k.label(), src: b.replace(a.SrcRange, ""), rules: []string{"mock-mismatch"}, lines: b.linesOf(x.answer)}}
					}
				}
			}
			return nil
		})
	}},
	{"mock: value of another type", func(b *base) []mutant {
		return b.eachMocked(func(p *place) []mutant {
			return b.otherType(p.answer.mock.op.doc, p.schema, p.value, p.key, "mock-mismatch")
		})
	}},
	{"mock: null where it is not allowed", func(b *base) []mutant {
		return b.eachMocked(func(p *place) []mutant {
			if !p.required || !p.shape.clear || p.shape.kind == "" || p.shape.nullable {
				return nil
			}
			return []mutant{b.at(p.value.Range(), "null", p.key, "mock-mismatch")}
		})
	}},
	{"mock: enum member that there is not", func(b *base) []mutant {
		return b.eachMocked(func(p *place) []mutant {
			if s, ok := literal(p.value); ok && slices.Contains(p.shape.enum, s) {
				return []mutant{b.at(p.value.Range(), quoted(misspell(s)), p.key, "mock-mismatch")}
			}
			return nil
		})
	}},
	{"mock: wrong format, or out of range", func(b *base) []mutant {
		wrong := map[any]string{"date-time": `"yesterday"`, "date": `"2026-13-45"`, "uuid": `"order-17"`, "email": `"nobody"`, "uri": `"not a uri"`}
		return b.eachMocked(func(p *place) []mutant {
			if text := wrong[p.shape.says["format"]]; text != "" && p.shape.clear {
				return []mutant{b.at(p.value.Range(), text, p.key, "mock-mismatch")}
			}
			return nil
		})
	}},
	{"mock: list where one value is declared, or reverse", func(b *base) []mutant {
		return b.eachMocked(func(p *place) []mutant {
			if l, ok := p.value.(*hclsyntax.TupleConsExpr); ok && len(l.Exprs) == 1 && p.shape.kind == "array" && p.shape.clear {
				return []mutant{b.at(l.SrcRange, b.text(l.Exprs[0].Range()), p.key, "mock-mismatch")}
			}
			if p.shape.clear && (p.shape.kind == "string" || p.shape.kind == "object" || p.shape.kind == "integer") && !strings.Contains(b.text(p.value.Range()), "\n") {
				return []mutant{b.at(p.value.Range(), "["+b.text(p.value.Range())+"]", p.key, "mock-mismatch")}
			}
			return nil
		})
	}},
	{"mock: file with a wrong type, a misspelt or a missing field", func(b *base) []mutant {
		var out []mutant
		for _, k := range b.blocks {
			m := b.mockAt(k)
			if m == nil || k.Body.Attributes["body"] == nil || k.Body.Attributes["valid"] != nil {
				continue
			}
			found := dataFile.FindStringSubmatch(b.text(k.Body.Attributes["body"].Expr.Range()))
			if found == nil {
				continue
			}
			path := find(b.dir, found[1])
			src, err := os.ReadFile(path)
			if err != nil {
				continue
			}
			schema := m.op.success
			if a := k.Body.Attributes["status"]; a != nil {
				schema = m.op.answered(b.text(a.Expr.Range()))
			}
			for _, broken := range m.op.doc.broken(src, schema) {
				out = append(out, mutant{what: found[1] + ": " + broken.what, src: b.src, specs: func() map[string][]byte {
					return map[string][]byte{found[1]: broken.src}
				}, rules: []string{"mock-mismatch"}, lines: []int{k.Body.Attributes["body"].Expr.Range().Start.Line}})
			}
		}
		return out
	}},
	{"mock: file that is not there", func(b *base) []mutant {
		var out []mutant
		for _, f := range b.calls {
			if f.Name == "file" && len(f.Args) == 1 {
				if s, ok := literal(f.Args[0]); ok {
					out = append(out, b.at(f.Args[0].Range(), quoted(misspell(s)), s, "argument-type"))
				}
			}
		}
		return out
	}},
	{"mock: body where none is declared", func(b *base) []mutant {
		return b.eachBlock("mock", func(k *block) []mutant {
			m := b.mockAt(k)
			if m == nil || m.op.success != nil || k.Body.Attributes["body"] != nil || k.Body.Attributes["status"] != nil || k.Body.Attributes["responses"] != nil || k.Body.Attributes["error"] != nil {
				return nil
			}
			src, line := b.last(k, "body = { ok = true }")
			return []mutant{{what: k.label(), src: src, rules: []string{"mock-mismatch"}, lines: []int{line}}}
		})
	}},
	{"mock after one that answers every call", func(b *base) []mutant {
		return b.eachBlock("mock", func(k *block) []mutant {
			if k.Body.Attributes["when"] != nil || b.mockAt(k) == nil {
				return nil
			}
			at := whole(k).End.Byte
			text := "\nmock \"again\" {\ncall = " + b.text(k.Body.Attributes["call"].Expr.Range()) + "\n}"
			return []mutant{{what: k.label(), src: b.src[:at] + text + b.src[at:], rules: []string{"attribute-value"}, lines: []int{whole(k).End.Line + 1}}}
		})
	}},
	{"mock: partial or valid of an answer without a body", func(b *base) []mutant {
		return b.eachBlock("mock", func(k *block) []mutant {
			if k.Body.Attributes["body"] != nil || k.Body.Attributes["responses"] != nil || k.Body.Attributes["error"] != nil {
				return nil
			}
			src, line := b.last(k, "partial = true")
			return []mutant{{what: k.label(), src: src, rules: []string{"attribute-value", "unknown-attribute", "missing-attribute"}, lines: []int{line, k.TypeRange.Start.Line}}}
		})
	}},
	{"mock: parameter or field of the request misspelt", func(b *base) []mutant {
		return b.eachReadOf([]string{"request"}, func(r *fieldRead, names []string) []mutant {
			if !r.parent.closed() || r.parent.properties[misspell(r.name)].schema != nil {
				return nil
			}
			return []mutant{b.at(r.last, misspell(r.name), strings.Join(names, "."), "unknown-field")}
		})
	}},
	{"mock: request compared with another type", func(b *base) []mutant {
		return b.eachComparison(func(e *hclsyntax.BinaryOpExpr, r *fieldRead) []mutant {
			s := r.shapeOf(b)
			if r.Traversal.RootName() != "request" || s == nil || !s.clear {
				return nil
			}
			other := map[string]string{"string": "17", "integer": `"17"`, "boolean": `"true"`, "number": `"1"`}[s.kind]
			if other == "" {
				return nil
			}
			return []mutant{b.at(e.RHS.Range(), other, b.text(r.SrcRange), "operand-type")}
		})
	}},
	{"mock: reads what only integrations, or only expectations see", func(b *base) []mutant {
		return b.eachBlock("mock", func(k *block) []mutant {
			a := k.Body.Attributes["when"]
			if a == nil {
				return nil
			}
			var out []mutant
			for _, text := range []string{"input.id == 1", "calls.x.y == 1", "outputs.count == 1", "step.a.body.id == 1", "secret.key == \"a\"", "response.status == 200"} {
				out = append(out, b.at(a.Expr.Range(), text, k.label(), "out-of-scope", "unknown-reference"))
			}
			return out
		})
	}},
	{"expect: calls of an operation that is never called", func(b *base) []mutant {
		return b.eachCalls(func(tr hcl.Traversal) []mutant {
			api, name := namesOf(tr)[1], namesOf(tr)[2]
			for _, other := range b.specs[api].operationNames() {
				if !b.main.callsOf(api, other) {
					at := hcl.RangeBetween(tr[1].SourceRange(), tr[2].SourceRange())
					written := "." + callOf(api, other)
					return []mutant{b.at(at, written, name+" → "+other, "unknown-field")}
				}
			}
			return nil
		})
	}},
	{"expect: operation or api of calls misspelt", func(b *base) []mutant {
		return b.eachCalls(func(tr hcl.Traversal) []mutant {
			api, name := namesOf(tr)[1], namesOf(tr)[2]
			at := hcl.RangeBetween(tr[1].SourceRange(), tr[2].SourceRange())
			return []mutant{b.at(at, "."+callOf(api, misspell(name)), name, "unknown-field"), b.at(at, "."+callOf(misspell(api), name), api, "unknown-field")}
		})
	}},
	{"expect: parameter or field of a call misspelt", func(b *base) []mutant {
		return b.eachReadOf(nil, func(r *fieldRead, names []string) []mutant {
			if names[0] != "calls" && r.scope.vars[names[0]] == nil || !r.parent.closed() || r.parent.properties[misspell(r.name)].schema != nil || testOf(r.scope.block) == "" {
				return nil
			}
			return []mutant{b.at(r.last, misspell(r.name), strings.Join(names, "."), "unknown-field")}
		})
	}},
	{"expect: what calls sent compared with what it never is", func(b *base) []mutant {
		var out []mutant
		for _, k := range b.blocks {
			a := k.Body.Attributes["assert"]
			if a == nil || testOf(k) == "" {
				continue
			}
			_ = hclsyntax.VisitAll(a.Expr, func(n hclsyntax.Node) hcl.Diagnostics {
				e, ok := n.(*hclsyntax.BinaryOpExpr)
				if !ok || e.Op != hclsyntax.OpEqual && e.Op != hclsyntax.OpNotEqual {
					return nil
				}
				in := &scope{block: k, integration: k.integration, vars: map[string]any{}}
				left := e.LHS
				if f, ok := left.(*hclsyntax.FunctionCallExpr); ok && f.Name == "sort" {
					left = f.Args[0]
				}
				d, schema := b.valueOf(in, left)
				if schema != nil {
					out = append(out, b.neverThat(d, schema, e.RHS)...)
				}
				return nil
			})
		}
		return out
	}},
	{"expect: list in the place of an element", func(b *base) []mutant {
		return b.eachGiven(func(g *given) []mutant {
			l, ok := g.item.ValueExpr.(*hclsyntax.TupleConsExpr)
			if !ok || len(l.Exprs) == 0 {
				return nil
			}
			return []mutant{b.at(l.Exprs[0].Range(), "[["+b.text(l.Exprs[0].Range())+"]]", g.key, "type-mismatch", "missing-property")}
		})
	}},
	{"expect: status of a run that there is not", func(b *base) []mutant {
		return b.eachBlock("expect", func(k *block) []mutant {
			if a := k.Body.Attributes["status"]; a != nil {
				return []mutant{b.at(a.Expr.Range(), `"failure"`, "status", "attribute-value"), b.at(a.Expr.Range(), `404`, "status", "attribute-value")}
			}
			src, line := b.first(k, `status = "success"`)
			return []mutant{{what: "status", src: src, rules: []string{"attribute-value"}, lines: []int{line}}}
		})
	}},
	{"expect: outputs of a run that fails", func(b *base) []mutant {
		return b.eachBlock("expect", func(k *block) []mutant {
			if a := k.Body.Attributes["outputs"]; a != nil && k.Body.Attributes["status"] == nil {
				src, line := b.first(k, `status = "failed"`)
				return []mutant{{what: "outputs", src: src, rules: []string{"attribute-value", "out-of-scope"}, lines: []int{a.SrcRange.Start.Line + 1, line}}}
			}
			return nil
		})
	}},
	{"expect: error of a run that succeeds", func(b *base) []mutant {
		return b.eachBlock("expect", func(k *block) []mutant {
			a := k.Body.Attributes["status"]
			if a == nil {
				return nil
			}
			m := mutant{what: "status dropped", src: b.replace(a.SrcRange, ""), rules: []string{"out-of-scope"}}
			for _, r := range b.reads {
				if r.Traversal.RootName() == "error" && k.has(r.SrcRange) {
					m.lines = append(m.lines, r.SrcRange.Start.Line)
				}
			}
			if m.lines == nil {
				return nil
			}
			return []mutant{m}
		})
	}},
	{"expect: field of the error that there is not", func(b *base) []mutant {
		return b.eachReadOf([]string{"error"}, func(r *fieldRead, names []string) []mutant {
			if testOf(r.scope.block) == "" {
				return nil
			}
			return []mutant{b.at(r.last, "code", strings.Join(names, "."), "unknown-field")}
		})
	}},
	{"expect: condition that always holds", func(b *base) []mutant {
		var out []mutant
		for _, k := range b.blocks {
			if a := k.Body.Attributes["assert"]; a != nil && testOf(k) != "" {
				out = append(out, b.at(a.Expr.Range(), "1 + 1 == 2", k.label(), "condition-constant"))
			}
		}
		return out
	}},
	{"test: time that is none", func(b *base) []mutant {
		return b.eachBlock("test", func(k *block) []mutant {
			if a := k.Body.Attributes["now"]; a != nil {
				return []mutant{b.at(a.Expr.Range(), `"3 Feb 2026"`, "now", "attribute-value")}
			}
			src, line := b.first(k, `now = "2026-02-30T00:00:00Z"`)
			return []mutant{{what: "now", src: src, rules: []string{"attribute-value"}, lines: []int{line}}}
		})
	}},
	{"provider: field of what a mock answers renamed", func(b *base) []mutant {
		return b.eachMocked(func(p *place) []mutant {
			if p.parent.properties[p.key].owner == nil || !p.parent.closed() || p.parent.properties[p.key].twice {
				return nil
			}
			return b.provider(p.answer.mock.op.doc, "field "+p.key, []int{p.keyRange.Start.Line, p.object.Start.Line}, func() func() {
				return rename(p.parent.properties[p.key].owner, p.key)
			}, "mock-mismatch")
		})
	}},
}

var dataFile = regexp.MustCompile(`^jsondecode\(file\("([^"]+)"\)\)$`)

// eachGiven goes over what tests give and expect by the names that integrations declare.
func (b *base) eachGiven(f func(g *given) []mutant) []mutant {
	var out []mutant
	for _, g := range b.given {
		if testOf(g.block) != "" {
			out = append(out, f(g)...)
		}
	}
	return out
}

func (b *base) eachMock(f func(m *mocked, api, name string, at hcl.Range) []mutant) []mutant {
	var out []mutant
	for _, m := range b.mocks {
		tr := m.Body.Attributes["call"].Expr.(*hclsyntax.ScopeTraversalExpr)
		names := namesOf(tr.Traversal)
		out = append(out, f(m, names[0], names[1], tr.SrcRange)...)
	}
	return out
}

// eachMocked goes over the properties in the bodies of mocks.
func (b *base) eachMocked(f func(p *place) []mutant) []mutant {
	var out []mutant
	for _, p := range b.mockPlaces {
		if p.key != "" && p.parent != nil {
			out = append(out, f(p)...)
		}
	}
	return out
}

// eachReadOf goes over the fields of documented objects that are read of names (nil: of any).
func (b *base) eachReadOf(roots []string, f func(r *fieldRead, names []string) []mutant) []mutant {
	var out []mutant
	for _, r := range b.reads {
		names := namesOf(r.Traversal)
		if (roots == nil || slices.Contains(roots, names[0])) && (r.parent != nil || names[0] == "error") && r.last.End.Byte > 0 {
			out = append(out, f(r, names)...)
		}
	}
	return out
}

// eachCalls goes over what is read of the calls of an operation.
func (b *base) eachCalls(f func(tr hcl.Traversal) []mutant) []mutant {
	var out []mutant
	for _, r := range b.reads {
		if names := namesOf(r.Traversal); names[0] == "calls" && len(names) > 2 && b.specs[names[1]] != nil {
			out = append(out, f(r.Traversal)...)
		}
	}
	return out
}

// linesOf are those on which an answer's body stands.
func (b *base) linesOf(a *answer) []int {
	var out []int
	for line := a.body.Range().Start.Line; line <= a.body.Range().End.Line; line++ {
		out = append(out, line)
	}
	return out
}

// callsOf reports whether something in the file calls an operation.
func (b *base) callsOf(api, name string) bool {
	for _, k := range b.blocks {
		if a := k.Body.Attributes["call"]; a != nil {
			if tr, ok := a.Expr.(*hclsyntax.ScopeTraversalExpr); ok {
				if names := namesOf(tr.Traversal); len(names) == 2 && names[0] == api && names[1] == name {
					return true
				}
			}
		}
	}
	return false
}

// operationNames are the ids of a document's operations that are not deprecated.
func (d *document) operationNames() []string {
	var out []string
	paths, _ := d.root["paths"].(object)
	for _, path := range slices.Sorted(maps.Keys(paths)) {
		item := d.follow(paths[path])
		for _, method := range []string{"get", "put", "post", "delete", "patch"} {
			node, _ := item[method].(object)
			if id, ok := node["operationId"].(string); ok && node["deprecated"] != true {
				out = append(out, id)
			}
		}
	}
	return out
}

// otherType writes a value of another type.
func (b *base) otherType(d *document, schema any, at hclsyntax.Expression, what string, rules ...string) []mutant {
	if schema == nil || d == nil {
		return nil
	}
	s := d.shape(schema)
	other := map[string]string{"string": "17", "integer": `"17"`, "number": `"1.5"`, "boolean": `"yes"`, "array": `"none"`, "object": `"none"`}[s.kind]
	if !s.clear || other == "" {
		return nil
	}
	return []mutant{b.at(at.Range(), other, what, rules...)}
}

// neverThat writes what a value never is, into what it is compared with.
func (b *base) neverThat(d *document, schema any, e hclsyntax.Expression) []mutant {
	s := d.shape(schema)
	if l, ok := e.(*hclsyntax.TupleConsExpr); ok && s.items != nil {
		var out []mutant
		for _, x := range l.Exprs {
			out = append(out, b.neverThat(d, s.items, x)...)
		}
		return out
	}
	if o, ok := e.(*hclsyntax.ObjectConsExpr); ok && s.closed() {
		var out []mutant
		for _, item := range o.Items {
			if p := s.properties[keyOf(item)]; p.schema != nil {
				out = append(out, b.at(item.KeyExpr.Range(), bareKey(misspell(keyOf(item))), keyOf(item), "unknown-field"))
				out = append(out, b.neverThat(d, p.schema, item.ValueExpr)...)
			}
		}
		return out
	}
	if !s.clear || constant(e) == "" {
		return nil
	}
	other := map[string]string{"string": "17", "integer": `"17"`, "number": `"1.5"`, "boolean": `"yes"`}[s.kind]
	if len(s.enum) > 0 {
		other = `"settled"`
	}
	if other == "" {
		return nil
	}
	return []mutant{b.at(e.Range(), other, b.text(e.Range()), "operand-type")}
}

// brokenData is a data file in which something is wrong.
type brokenData struct {
	what string
	src  []byte
}

// broken breaks data in one place each: a required field is missing, a declared one misspelt or of another type.
func (d *document) broken(src []byte, schema any) []brokenData {
	var data any
	if json.Unmarshal(src, &data) != nil {
		return nil
	}
	var out []brokenData
	keep := func(what string) {
		text, err := json.MarshalIndent(data, "", " ")
		if err == nil {
			out = append(out, brokenData{what, text})
		}
	}
	var visit func(v, schema any)
	visit = func(v, schema any) {
		s := d.shape(schema)
		switch v := v.(type) {
		case []any:
			if len(v) > 0 && s.items != nil {
				visit(v[len(v)-1], s.items)
			}
		case map[string]any:
			for _, name := range slices.Sorted(maps.Keys(v)) {
				p := s.properties[name]
				if p.schema == nil || !s.clear {
					continue
				}
				was := v[name]
				if s.required[name] {
					delete(v, name)
					keep("without " + name)
				}
				if s.closed() {
					delete(v, name)
					v[name+"_"] = was
					keep("misspelt " + name)
					delete(v, name+"_")
				}
				if kind := d.shape(p.schema); kind.clear && !kind.nullable && kind.kind != "" {
					v[name] = true
					if kind.kind == "boolean" {
						v[name] = "yes"
					}
					keep("another type of " + name)
				}
				v[name] = was
				visit(was, p.schema)
			}
		}
	}
	visit(data, schema)
	return out
}
