package mutation

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
)

// class is a way to break an integration. make yields all its mutants of one.
type class struct {
	name string
	make func(b *base) []mutant
}

// classes are all.
var classes = slices.Concat(nameFaults, requestFaults, valueFaults, expressionFaults, flowFaults, providerFaults, triggerFaults, ownDocumentFaults, testFaults)

// nameFaults: names that are wrong.
var nameFaults = []class{
	{"operation misspelt", func(b *base) []mutant {
		return b.eachCall(func(s *step, tr *hclsyntax.ScopeTraversalExpr, names []string) []mutant {
			return []mutant{b.at(tr.SrcRange, callOf(s.api, misspell(names[1])), "operation", "unknown-operation")}
		})
	}},
	{"api misspelt in a call", func(b *base) []mutant {
		return b.eachCall(func(s *step, tr *hclsyntax.ScopeTraversalExpr, names []string) []mutant {
			return []mutant{b.at(tr.SrcRange, callOf(misspell(s.api), names[1]), "api", "unknown-reference")}
		})
	}},
	{"parameter misspelt", func(b *base) []mutant {
		return b.eachPlace("params", func(p *place) []mutant {
			return []mutant{b.at(p.keyRange, bareKey(misspell(p.key)), "parameter "+p.key, "unknown-parameter")}
		})
	}},
	{"property misspelt", func(b *base) []mutant {
		return b.eachPlace("body", func(p *place) []mutant {
			if !p.parent.closed() || p.parent.properties[misspell(p.key)].schema != nil {
				return nil
			}
			return []mutant{b.at(p.keyRange, bareKey(misspell(p.key)), "property "+p.key, "unknown-property")}
		})
	}},
	{"parameter or property in the other case (camel, snake)", func(b *base) []mutant {
		return b.eachPlace("", func(p *place) []mutant {
			other := recase(p.key)
			if other == "" {
				return nil
			}
			if p.in == "params" {
				if _, ok := p.step.op.parameter(other); ok {
					return nil
				}
				if described, _ := p.step.op.parameter(p.key); described.in == "header" && strings.EqualFold(other, p.key) {
					return nil // headers are the same in any case
				}
				return []mutant{b.at(p.keyRange, bareKey(other), "parameter "+p.key, "unknown-parameter")}
			}
			if !p.parent.closed() || p.parent.properties[other].schema != nil {
				return nil
			}
			return []mutant{b.at(p.keyRange, bareKey(other), "property "+p.key, "unknown-property")}
		})
	}},
	{"field misspelt", func(b *base) []mutant {
		return b.eachRead(func(r *fieldRead) []mutant {
			if !r.parent.closed() || r.parent.properties[misspell(r.name)].schema != nil {
				return nil
			}
			return []mutant{b.at(r.last, misspell(r.name), "field "+r.name, "unknown-field")}
		})
	}},
	{"field in the other case (camel, snake)", func(b *base) []mutant {
		return b.eachRead(func(r *fieldRead) []mutant {
			other := recase(r.name)
			if other == "" || !r.parent.closed() || r.parent.properties[other].schema != nil {
				return nil
			}
			return []mutant{b.at(r.last, other, "field "+r.name, "unknown-field")}
		})
	}},
	{"field of another schema", func(b *base) []mutant {
		return b.eachRead(func(r *fieldRead) []mutant {
			for _, o := range b.reads {
				if o.parent != nil && r.parent.closed() && o.name != r.name && r.parent.properties[o.name].schema == nil {
					return []mutant{b.at(r.last, o.name, "field "+r.name, "unknown-field")}
				}
			}
			return nil
		})
	}},
	{"field misspelt in expr(…)", func(b *base) []mutant {
		var out []mutant
		for _, f := range b.calls {
			if f.Name != "expr" || len(f.Args) != 1 {
				continue
			}
			at, text := f.Args[0].Range(), b.text(f.Args[0].Range())
			for _, r := range b.reads {
				root := r.Traversal.RootName()
				if root != "step" && root != "input" && root != "var" {
					continue
				}
				names := namesOf(r.Traversal)
				whole := strings.Join(names[:2], ".")
				if i := strings.Index(text, whole); i >= 0 {
					m := b.at(at, text[:i]+root+"."+misspell(names[1])+text[i+len(whole):], "in expr: "+whole, "unknown-reference")
					m.lines = []int{at.Start.Line + strings.Count(text[:i], "\n")}
					out = append(out, m)
				}
			}
			for _, s := range b.steps {
				if i := strings.Index(text, "step."+s.name+".body"); i >= 0 {
					to := i + len("step."+s.name)
					m := b.at(at, text[:to]+".bdoy"+text[to+5:], "in expr: body", "unknown-field")
					m.lines = []int{at.Start.Line + strings.Count(text[:i], "\n")}
					out = append(out, m)
				}
			}
		}
		return out
	}},
	{"step misspelt", func(b *base) []mutant { return b.rootMisspelt("step", "unknown-reference") }},
	{"variable, input or secret misspelt", func(b *base) []mutant {
		return slices.Concat(b.rootMisspelt("input", "unknown-reference"), b.rootMisspelt("var", "unknown-reference"), b.rootMisspelt("secret", "unknown-reference"))
	}},
	{"loop misspelt", func(b *base) []mutant { return b.rootMisspelt("for_each", "unknown-reference") }},
	{"iteration variable misspelt", func(b *base) []mutant {
		var out []mutant
		for _, r := range b.reads {
			if root := r.Traversal.RootName(); r.scope.vars[root] != nil {
				at := r.Traversal[0].SourceRange()
				out = append(out, b.at(at, misspell(root), root, "unknown-reference"))
			}
		}
		return out
	}},
	{"step's result misspelt (.body, .items, .value)", func(b *base) []mutant {
		var out []mutant
		for _, r := range b.reads {
			if r.Traversal.RootName() != "step" || len(r.Traversal) < 3 {
				continue
			}
			if a, ok := r.Traversal[2].(hcl.TraverseAttr); ok {
				at := a.SrcRange
				at.Start.Byte = at.End.Byte - len(a.Name)
				out = append(out, b.at(at, misspell(a.Name), a.Name, "unknown-field"))
			}
		}
		return out
	}},
	{"attribute misspelt", func(b *base) []mutant {
		var out []mutant
		for _, k := range b.blocks {
			for _, a := range attributes(k.Body) {
				out = append(out, b.at(a.NameRange, misspell(a.Name), k.Type+"."+a.Name, "unknown-attribute"))
			}
		}
		return out
	}},
	{"block misspelt", func(b *base) []mutant {
		var out []mutant
		for _, k := range b.blocks {
			out = append(out, b.at(k.TypeRange, misspell(k.Type), k.Type, "unknown-block"))
		}
		return out
	}},
	{"name used twice", func(b *base) []mutant {
		var out []mutant
		for _, k := range b.blocks {
			for _, o := range b.blocks {
				if o.Type == k.Type && o.integration == k.integration && o.TypeRange.Start.Byte < k.TypeRange.Start.Byte && len(k.Labels) == 1 && k.Type != "case" && k.Type != "catch" && (k.Type != "check" && k.Type != "mock" || o.parents[len(o.parents)-1] == k.parents[len(k.parents)-1]) && k.Type != "auth" && k.Type != "aggregate" {
					out = append(out, b.at(k.LabelRanges[0], quoted(o.Labels[0]), k.Type+" "+k.label(), "duplicate-name"))
					break
				}
			}
		}
		return out
	}},
	{"function misspelt, or another language's", func(b *base) []mutant {
		elsewhere := map[string]string{"len": "length", "lower": "toLowerCase", "coalesce": "ifnull", "truncate": "substring", "string": "tostring", "join": "concat_ws"}
		var out []mutant
		for _, f := range b.calls {
			if f.Name == "expr" || strings.Contains(f.Name, "::") {
				continue
			}
			out = append(out, b.at(f.NameRange, misspell(f.Name), f.Name, "unknown-function"))
			if other := elsewhere[f.Name]; other != "" {
				out = append(out, b.at(f.NameRange, other, f.Name, "unknown-function"))
			}
		}
		return out
	}},
	{"mapping misspelt", func(b *base) []mutant {
		var out []mutant
		for _, f := range b.calls {
			if name, ok := strings.CutPrefix(f.Name, "mapping::"); ok {
				out = append(out, b.at(f.NameRange, "mapping::"+misspell(name), f.Name, "unknown-function", "unknown-reference"))
			}
		}
		return out
	}},
}

// eachCall goes over the calls of steps.
func (b *base) eachCall(f func(s *step, tr *hclsyntax.ScopeTraversalExpr, names []string) []mutant) []mutant {
	var out []mutant
	for _, s := range b.steps {
		tr := s.Body.Attributes["call"].Expr.(*hclsyntax.ScopeTraversalExpr)
		out = append(out, f(s, tr, namesOf(tr.Traversal))...)
	}
	return out
}

func callOf(api, operation string) string {
	if bareKey(operation) == operation {
		return api + "." + operation
	}
	return fmt.Sprintf("%s[%q]", api, operation)
}

// eachPlace goes over the parameters or properties that are sent ("": both), elements of lists left out.
func (b *base) eachPlace(in string, f func(p *place) []mutant) []mutant {
	var out []mutant
	for _, p := range b.places {
		named := p.key != "" && (p.parent != nil || p.in == "params")
		if named && (in == "" || p.in == in) && (in != "params" || p.parent == nil) {
			if p.in == "params" && p.parent != nil {
				continue // within a parameter that is an object
			}
			out = append(out, f(p)...)
		}
	}
	return out
}

// eachRead goes over the fields of documented objects that are read.
func (b *base) eachRead(f func(r *fieldRead) []mutant) []mutant {
	var out []mutant
	for _, r := range b.reads {
		if r.parent != nil && r.parent.clear {
			out = append(out, f(r)...)
		}
	}
	return out
}

// rootMisspelt misspells step.NAME, input.NAME, ….
func (b *base) rootMisspelt(root, rule string) []mutant {
	var out []mutant
	for _, r := range b.reads {
		if r.Traversal.RootName() != root {
			continue
		}
		if a, ok := r.Traversal[1].(hcl.TraverseAttr); ok {
			at := a.SrcRange
			at.Start.Byte = at.End.Byte - len(a.Name)
			out = append(out, b.at(at, misspell(a.Name), root+"."+a.Name, rule))
		}
	}
	return out
}

// requestFaults: parts of a request that are missing or too many.
var requestFaults = []class{
	{"required parameter dropped", func(b *base) []mutant {
		return b.eachPlace("params", func(p *place) []mutant {
			if !p.required {
				return nil
			}
			m := mutant{what: "without " + p.key, src: b.without(p.keyRange, p.value.Range()), rules: []string{"missing-parameter"}, lines: []int{p.object.Start.Line}}
			return []mutant{m}
		})
	}},
	{"params dropped", func(b *base) []mutant {
		var out []mutant
		for _, s := range b.steps {
			a := s.Body.Attributes["params"]
			if a == nil || !slices.ContainsFunc(s.op.params, func(p parameter) bool { return p.required && p.in == "path" }) {
				continue
			}
			call := s.Body.Attributes["call"].SrcRange.Start.Line
			out = append(out, mutant{what: "without params", src: b.replace(a.SrcRange, strings.Repeat("\n", a.SrcRange.End.Line-a.SrcRange.Start.Line)), rules: []string{"missing-parameter"}, lines: []int{call}})
		}
		return out
	}},
	{"required property dropped", func(b *base) []mutant {
		return b.eachPlace("body", func(p *place) []mutant {
			if !p.required {
				return nil
			}
			return []mutant{{what: "without " + p.key, src: b.without(p.keyRange, p.value.Range()), rules: []string{"missing-property"}, lines: []int{p.object.Start.Line}}}
		})
	}},
	{"required body dropped", func(b *base) []mutant {
		var out []mutant
		for _, s := range b.steps {
			if a := s.Body.Attributes["body"]; a != nil && s.op.bodyRequired {
				call := s.Body.Attributes["call"].SrcRange.Start.Line
				out = append(out, mutant{what: "without body", src: b.replace(a.SrcRange, strings.Repeat("\n", a.SrcRange.End.Line-a.SrcRange.Start.Line)), rules: []string{"missing-property"}, lines: []int{call}})
			}
		}
		return out
	}},
	{"unknown parameter added", func(b *base) []mutant {
		var out []mutant
		for _, k := range b.brackets {
			if k.in == "params" && k.shape == nil {
				src, line := b.with(k.at, "include_archived", "true")
				out = append(out, mutant{what: "include_archived", src: src, rules: []string{"unknown-parameter"}, lines: []int{line}})
			}
		}
		return out
	}},
	{"unknown property added", func(b *base) []mutant {
		return b.eachBody(func(k *bracket) []mutant {
			src, line := b.with(k.at, "internal_remark", `"see the ticket"`)
			return []mutant{{what: "internal_remark", src: src, rules: []string{"unknown-property"}, lines: []int{line}}}
		})
	}},
	{"property of a sibling schema", func(b *base) []mutant {
		return b.eachBody(func(k *bracket) []mutant {
			for _, o := range b.brackets {
				if o.shape == nil {
					continue
				}
				for _, name := range slices.Sorted(maps.Keys(o.shape.properties)) {
					if k.shape.properties[name].schema == nil {
						src, line := b.with(k.at, bareKey(name), `"a"`)
						return []mutant{{what: name, src: src, rules: []string{"unknown-property"}, lines: []int{line}}}
					}
				}
			}
			return nil
		})
	}},
	{"read-only property sent", func(b *base) []mutant {
		return b.eachBody(func(k *bracket) []mutant {
			for _, name := range slices.Sorted(maps.Keys(k.shape.properties)) {
				p := k.shape.properties[name]
				if o, _ := p.schema.(object); o["readOnly"] == true && !k.answers && !slices.Contains(k.keys, name) {
					src, line := b.with(k.at, bareKey(name), `"a"`)
					return []mutant{{what: name, src: src, rules: []string{"read-only-property"}, lines: []int{line}}}
				}
			}
			return nil
		})
	}},
	{"body for an operation that takes none", func(b *base) []mutant {
		var out []mutant
		for _, s := range b.steps {
			if s.op.body == nil && s.op.method == "get" {
				call := s.Body.Attributes["call"]
				src := b.replace(hcl.Range{Start: call.SrcRange.End, End: call.SrcRange.End}, "\nbody = { expand = true }")
				out = append(out, mutant{what: s.name, src: src, rules: []string{"body-not-taken"}, lines: []int{call.SrcRange.Start.Line + 1}})
			}
		}
		return out
	}},
	{"wrong content type", func(b *base) []mutant {
		var out []mutant
		for _, s := range b.steps {
			if a := s.Body.Attributes["body"]; a != nil && s.Body.Attributes["content_type"] == nil {
				call := s.Body.Attributes["call"]
				src := b.replace(hcl.Range{Start: call.SrcRange.End, End: call.SrcRange.End}, "\ncontent_type = \"application/xml\"")
				m := mutant{what: s.name, src: src, rules: []string{"media-type"}, lines: []int{call.SrcRange.Start.Line + 1}}
				if s.op.takes("application/xml") {
					m.skip = "the document declares that type too"
				}
				out = append(out, m)
			}
		}
		return out
	}},
	{"secret in a body or parameter", func(b *base) []mutant {
		var secret string
		for _, k := range b.blocks {
			if k.Type == "secret" {
				secret = k.label()
			}
		}
		return b.eachPlace("", func(p *place) []mutant {
			if secret == "" || p.shape.kind != "string" || p.shape.enum != nil || p.step == nil {
				return nil
			}
			return []mutant{b.at(p.value.Range(), `"key ${secret.`+secret+`}"`, p.key, "secret-leak")}
		})
	}},
	{"auth block dropped", func(b *base) []mutant {
		return b.eachBlock("auth", func(k *block) []mutant {
			api := k.parents[0]
			if api.Type != "api" {
				return nil // of a trigger
			}
			m := mutant{what: api.label(), src: b.replace(whole(k), strings.Repeat("\n", k.CloseBraceRange.Start.Line-k.TypeRange.Start.Line)), rules: []string{"auth-missing"}, lines: []int{api.TypeRange.Start.Line}}
			for _, s := range b.steps {
				if s.api == api.label() {
					m.lines = append(m.lines, s.Body.Attributes["call"].SrcRange.Start.Line)
				}
			}
			if why := b.public(api.label()); why != "" {
				m.skip = why
			}
			return []mutant{m}
		})
	}},
	{"scheme of auth misspelt", func(b *base) []mutant {
		return b.eachBlock("auth", func(k *block) []mutant {
			if k.Body.Attributes["type"] != nil {
				return nil
			}
			return []mutant{b.at(k.LabelRanges[0], quoted(misspell(k.label())), k.label(), "auth-unknown-scheme")}
		})
	}},
	{"wrong attribute of auth", func(b *base) []mutant {
		return b.eachBlock("auth", func(k *block) []mutant {
			other := map[string]string{"token": "value", "value": "token", "username": "value", "password": "token"}
			var out []mutant
			for _, a := range attributes(k.Body) {
				if to := other[a.Name]; to != "" {
					out = append(out, b.at(a.NameRange, to, a.Name, "auth-attribute"))
				}
			}
			return out
		})
	}},
	{"credential in the text", func(b *base) []mutant {
		return b.eachBlock("auth", func(k *block) []mutant {
			var out []mutant
			for _, a := range attributes(k.Body) {
				if a.Name == "token" || a.Name == "value" || a.Name == "password" {
					out = append(out, b.at(a.Expr.Range(), `"sk_live_4eC39HqLyjWDarjtT1zdp7dc"`, a.Name, "literal-credential"))
				}
			}
			return out
		})
	}},
}

// eachBody goes over objects that are sent and in which undeclared properties are a mistake.
func (b *base) eachBody(f func(k *bracket) []mutant) []mutant {
	var out []mutant
	for _, k := range b.brackets {
		if k.in == "body" && k.shape.closed() {
			out = append(out, f(k)...)
		}
	}
	return out
}

func (b *base) eachBlock(kind string, f func(k *block) []mutant) []mutant {
	var out []mutant
	for _, k := range b.blocks {
		if k.Type == kind {
			out = append(out, f(k)...)
		}
	}
	return out
}

// public says why an API can be called without credentials; "" if it can't.
func (b *base) public(api string) string {
	d := b.specs[api]
	said := false
	for _, s := range b.steps {
		if s.api != api {
			continue
		}
		security, ok := s.op.node["security"]
		if !ok {
			security, ok = d.root["security"]
		}
		said = said || ok
		for _, alternative := range anys(security) {
			if o, _ := alternative.(object); len(o) == 0 {
				return "the document allows anonymous calls"
			}
		}
	}
	if !said {
		return "the document says nothing about credentials"
	}
	return ""
}
