package mutation

import (
	"encoding/json"
	"maps"
	"slices"

	"github.com/hashicorp/hcl/v2/hclsyntax"
)

// providerFaults: the integration is as it was, the provider has changed the API.
var providerFaults = []class{
	{"provider: operation removed", func(b *base) []mutant {
		return b.eachProvided(func(s *step) []mutant {
			return b.provider(s.op.doc, "operation "+s.op.id, s.callLine(), func() func() {
				return change(s.op.item, s.op.method, nil)
			}, "unknown-operation")
		})
	}},
	{"provider: operation deprecated", func(b *base) []mutant {
		return b.eachProvided(func(s *step) []mutant {
			return b.provider(s.op.doc, "operation "+s.op.id, s.callLine(), func() func() {
				return change(s.op.node, "deprecated", true)
			}, "deprecated-operation")
		})
	}},
	{"provider: new required parameter", func(b *base) []mutant {
		return b.eachProvided(func(s *step) []mutant {
			lines := s.callLine()
			if a := s.Body.Attributes["params"]; a != nil {
				lines = []int{a.Expr.Range().Start.Line}
			}
			return b.provider(s.op.doc, "operation "+s.op.id, lines, func() func() {
				p := object{"name": "tenant", "in": "query", "required": true, "schema": object{"type": "string"}, "type": "string"}
				return change(s.op.node, "parameters", append(slices.Clone(anys(s.op.node["parameters"])), p))
			}, "missing-parameter")
		})
	}},
	{"provider: parameter removed", func(b *base) []mutant {
		return b.eachPlace("params", func(p *place) []mutant {
			if described, _ := p.step.op.parameter(p.key); described.in == "path" {
				return nil // the path would still name it
			}
			return b.provider(p.step.op.doc, "parameter "+p.key, []int{p.keyRange.Start.Line}, func() func() {
				keep := func(o object) func() {
					var kept []any
					for _, v := range anys(o["parameters"]) {
						if d := p.step.op.doc.follow(v); d["name"] != p.key {
							kept = append(kept, v)
						}
					}
					return change(o, "parameters", kept)
				}
				a, b := keep(p.step.op.node), keep(p.step.op.item)
				return func() { a(); b() }
			}, "unknown-parameter")
		})
	}},
	{"provider: request's property renamed", func(b *base) []mutant {
		return b.eachSent(func(p *place, d *document) []mutant {
			return b.provider(d, "property "+p.key, []int{p.keyRange.Start.Line}, func() func() {
				return rename(p.parent.properties[p.key].owner, p.key)
			}, "unknown-property")
		})
	}},
	{"provider: request's property is required now", func(b *base) []mutant {
		var out []mutant
		for _, k := range b.brackets {
			if k.in != "body" || k.shape.node["properties"] == nil || k.step == nil || !k.shape.clear || k.step.op.body == nil {
				continue
			}
			out = append(out, b.provider(k.step.op.doc, "new property", []int{k.at.Start.Line}, func() func() {
				properties := maps.Clone(k.shape.node["properties"].(object))
				properties["tenant_id"] = object{"type": "string"}
				a := change(k.shape.node, "properties", properties)
				b := change(k.shape.node, "required", append(slices.Clone(anys(k.shape.node["required"])), "tenant_id"))
				return func() { a(); b() }
			}, "missing-property")...)
		}
		return out
	}},
	{"provider: answer's field renamed", func(b *base) []mutant {
		return b.eachRead(func(r *fieldRead) []mutant {
			_, d, _ := b.resolve(r.scope, namesOf(r.Traversal))
			if !b.isAnswered(r, d) || !r.parent.closed() || r.parent.properties[r.name].twice || r.parent.asked[r.name] > 0 && !slices.Contains(anys(r.parent.properties[r.name].owner["required"]), any(r.name)) {
				return nil
			}
			return b.provider(d, "field "+r.name, []int{r.SrcRange.Start.Line}, func() func() {
				return rename(r.parent.properties[r.name].owner, r.name)
			}, "unknown-field")
		})
	}},
	{"provider: property's type narrowed", func(b *base) []mutant {
		return b.eachSent(func(p *place, d *document) []mutant {
			other := map[string]string{"string": "integer", "integer": "boolean", "boolean": "string", "number": "boolean"}[p.shape.kind]
			if other == "" || p.value == nil || !p.shape.clear {
				return nil
			}
			if constant(p.value) == "" {
				return nil
			}
			return b.provider(d, "property "+p.key, []int{p.value.Range().Start.Line}, func() func() {
				return change(p.parent.properties[p.key].owner["properties"].(object), p.key, object{"type": other})
			}, "type-mismatch")
		})
	}},
	{"provider: enum member removed", func(b *base) []mutant {
		return b.eachValue(func(p *place) []mutant {
			s, ok := literal(p.value)
			if !ok || !slices.Contains(p.shape.enum, s) || p.step == nil {
				return nil
			}
			d := p.step.op.doc
			node := d.follow(p.schema)
			if node["enum"] == nil {
				return nil
			}
			return b.provider(d, p.key+" "+s, []int{p.value.Range().Start.Line}, func() func() {
				return change(node, "enum", slices.DeleteFunc(slices.Clone(anys(node["enum"])), func(v any) bool { return v == s }))
			}, "enum-value")
		})
	}},
	{"provider: enum member added to what match or switch covers", func(b *base) []mutant {
		var out []mutant
		covered := func(r *fieldRead, lines []int, rule string) {
			_, d, schema := b.resolve(r.scope, namesOf(r.Traversal))
			if !b.isAnswered(r, d) {
				return
			}
			node := d.follow(schema)
			if node["enum"] == nil {
				return
			}
			out = append(out, b.provider(d, r.name, lines, func() func() {
				return change(node, "enum", append(slices.Clone(anys(node["enum"])), "disputed"))
			}, rule)...)
		}
		for _, f := range b.calls {
			for _, r := range b.reads {
				if f.Name == "match" && len(f.Args) == 2 && r.SrcRange == f.Args[0].Range() {
					covered(r, []int{f.NameRange.Start.Line}, "match-not-exhaustive")
				}
			}
		}
		for _, k := range b.blocks {
			if a := k.Body.Attributes["on"]; k.Type == "switch" && !slices.ContainsFunc(k.Body.Blocks, isDefault) {
				for _, r := range b.reads {
					if r.SrcRange == a.Expr.Range() {
						covered(r, []int{k.TypeRange.Start.Line, a.SrcRange.Start.Line}, "switch-not-exhaustive")
					}
				}
			}
		}
		return out
	}},
	{"provider: greatest length shortened", func(b *base) []mutant {
		return b.eachSent(func(p *place, d *document) []mutant {
			s, ok := literal(p.value)
			if !ok || len(s) < 4 || p.shape.kind != "string" || p.shape.enum != nil || !p.shape.clear {
				return nil
			}
			return b.provider(d, "property "+p.key, []int{p.value.Range().Start.Line}, func() func() {
				return change(p.parent.properties[p.key].owner["properties"].(object), p.key, object{"type": "string", "maxLength": 3})
			}, "length")
		})
	}},
	{"provider: answer's field may be null now", func(b *base) []mutant {
		return b.eachNeeded(func(r *fieldRead, d *document, s *shape) []mutant {
			return b.provider(d, "field "+r.name, []int{r.SrcRange.Start.Line}, func() func() {
				made := maps.Clone(r.parent.properties[r.name].owner["properties"].(object)[r.name].(object))
				made["nullable"], made["x-nullable"] = true, true
				if v, _ := d.root["openapi"].(string); len(v) > 2 && v[:3] == "3.1" {
					made["type"] = []any{made["type"], "null"}
				}
				return change(r.parent.properties[r.name].owner["properties"].(object), r.name, made)
			}, "maybe-null")
		})
	}},
	{"provider: answer's field is no longer required", func(b *base) []mutant {
		return b.eachNeeded(func(r *fieldRead, d *document, s *shape) []mutant {
			owner := r.parent.properties[r.name].owner
			if !slices.Contains(anys(owner["required"]), any(r.name)) {
				return nil
			}
			ms := b.provider(d, "field "+r.name, []int{r.SrcRange.Start.Line}, func() func() {
				return change(owner, "required", slices.DeleteFunc(slices.Clone(anys(owner["required"])), func(v any) bool { return v == r.name }))
			}, "maybe-absent")
			for i := range ms {
				ms[i].notes = true
			}
			return ms
		})
	}},
}

func isDefault(k *hclsyntax.Block) bool { return k.Type == "default" }

func (s *step) callLine() []int { return []int{s.Body.Attributes["call"].SrcRange.Start.Line} }

// tooBig is the size of documents that are not written again for each mutant.
const tooBig = 1 << 20

// eachProvided goes over steps.
func (b *base) eachProvided(f func(s *step) []mutant) []mutant {
	var out []mutant
	for _, s := range b.steps {
		out = append(out, f(s)...)
	}
	return out
}

// eachSent goes over the properties of bodies.
func (b *base) eachSent(f func(p *place, d *document) []mutant) []mutant {
	return b.eachPlace("body", func(p *place) []mutant {
		if p.step == nil || !p.parent.closed() {
			return nil
		}
		return f(p, p.step.op.doc)
	})
}

// eachNeeded goes over required, never null fields that are sent as they are to a place that needs them.
func (b *base) eachNeeded(f func(r *fieldRead, d *document, s *shape) []mutant) []mutant {
	var out []mutant
	for _, p := range b.places {
		if !p.required || p.shape.nullable || !p.shape.clear {
			continue
		}
		for _, r := range b.reads {
			if r.SrcRange != p.value.Range() || r.parent == nil || r.parent.properties[r.name].owner == nil {
				continue
			}
			_, d, _ := b.resolve(r.scope, namesOf(r.Traversal))
			made, _ := r.parent.properties[r.name].owner["properties"].(object)[r.name].(object)
			if s := r.shapeOf(b); b.isAnswered(r, d) && s != nil && !s.nullable && s.enum == nil && made["type"] != nil {
				out = append(out, f(r, d, s)...)
			}
		}
	}
	return out
}

// isAnswered reports whether r reads of what a provider answers.
func (b *base) isAnswered(r *fieldRead, d *document) bool {
	switch r.Traversal.RootName() {
	case "request", "calls", "outputs", "input", "trigger", "state":
		return false
	}
	return b.main == b && d != nil && d != ownTypes
}

// provider makes a mutant by changing a document; change returns what undoes it.
func (b *base) provider(d *document, what string, lines []int, change func() func(), rule string) []mutant {
	if len(d.src) > tooBig {
		return nil
	}
	specs := func() map[string][]byte {
		undo := change()
		defer undo()
		src, err := json.Marshal(d.root)
		if err != nil {
			panic(err)
		}
		return map[string][]byte{d.name: src}
	}
	return []mutant{{what: what, src: b.src, specs: specs, rules: []string{rule}, lines: lines}}
}

// change sets a member; nil takes it away.
func change(o object, key string, v any) (undo func()) {
	was, had := o[key]
	if v == nil {
		delete(o, key)
	} else {
		o[key] = v
	}
	return func() {
		delete(o, key)
		if had {
			o[key] = was
		}
	}
}

// rename calls a property otherwise.
func rename(owner object, name string) (undo func()) {
	properties := owner["properties"].(object)
	renamed := maps.Clone(properties)
	delete(renamed, name)
	renamed[name+"_v2"] = properties[name]
	a := change(owner, "properties", renamed)
	var required []any
	for _, v := range anys(owner["required"]) {
		if v == name {
			v = name + "_v2"
		}
		required = append(required, v)
	}
	b := func() {}
	if required != nil {
		b = change(owner, "required", required)
	}
	return func() { a(); b() }
}
