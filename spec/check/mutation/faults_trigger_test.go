package mutation

import (
	"maps"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
)

// triggerFaults: what starts integrations, and what answers those who wait.
var triggerFaults = []class{
	{"schedule that is none, or that never comes", func(b *base) []mutant {
		return b.eachTrigger("schedule", func(t *trigger) []mutant {
			a := t.Body.Attributes["cron"]
			if a == nil {
				return nil
			}
			var out []mutant
			for _, text := range []string{"61 8 * * *", "0 30 8 * * 1", "0 0 30 2 *", "0 25 * * *", "0 8 * * mondays", "8:30", "0 0 31 4,6 *"} {
				out = append(out, b.at(a.Expr.Range(), quoted(text), text, "cron-syntax"))
			}
			return out
		})
	}},
	{"time zone that there is not", func(b *base) []mutant {
		return b.eachTrigger("schedule", func(t *trigger) []mutant {
			if a := t.Body.Attributes["timezone"]; a != nil {
				return []mutant{b.at(a.Expr.Range(), `"Europe/Berlinn"`, "", "attribute-value"), b.at(a.Expr.Range(), `"CEST"`, "", "attribute-value"), b.at(a.Expr.Range(), `"+02:00"`, "", "attribute-value")}
			}
			return nil
		})
	}},
	{"schedule with two times, or none", func(b *base) []mutant {
		return b.eachTrigger("schedule", func(t *trigger) []mutant {
			src, line := b.first(t.block, `every = "5m"`)
			if t.Body.Attributes["every"] != nil {
				src, line = b.first(t.block, `cron = "0 5 * * *"`)
			}
			out := []mutant{{what: "both", src: src, rules: []string{"attribute-value", "unknown-attribute"}, lines: []int{line, line + 1, t.TypeRange.Start.Line}}}
			for _, name := range []string{"cron", "every"} {
				if a := t.Body.Attributes[name]; a != nil && t.Body.Attributes["timezone"] == nil {
					out = append(out, mutant{what: "none", src: b.replace(a.SrcRange, ""), rules: []string{"missing-attribute"}, lines: []int{t.TypeRange.Start.Line}})
				}
			}
			return out
		})
	}},
	{"attribute of another kind of trigger", func(b *base) []mutant {
		other := map[string]string{"schedule": `path = "/hooks/x"`, "webhook": `cron = "0 5 * * *"`, "completion": `every = "5m"`, "operation": `key = trigger.body.id`}
		return b.eachTrigger("", func(t *trigger) []mutant {
			src, line := b.first(t.block, other[t.kind])
			return []mutant{{what: t.kind, src: src, rules: []string{"unknown-attribute"}, lines: []int{line}}}
		})
	}},
	{"kind of trigger misspelt", func(b *base) []mutant {
		return b.eachTrigger("", func(t *trigger) []mutant {
			return []mutant{b.at(t.LabelRanges[0], quoted(misspell(t.kind)), t.kind, "attribute-value")}
		})
	}},
	{"trigger reads what its kind does not have", func(b *base) []mutant {
		other := map[string]string{"schedule": "body.id", "webhook": "outputs.id", "completion": "body.id", "operation": "outputs.id"}
		return b.eachTrigger("", func(t *trigger) []mutant {
			var out []mutant
			for _, g := range b.given {
				if g.block == t.block {
					out = append(out, b.at(g.item.ValueExpr.Range(), "trigger."+other[t.kind], t.kind, "unknown-field"))
				}
			}
			return out
		})
	}},
	{"trigger reads inputs, steps, responses or outputs", func(b *base) []mutant {
		return b.eachTrigger("", func(t *trigger) []mutant {
			var out []mutant
			for _, g := range b.given {
				if g.block == t.block {
					for _, text := range []string{"input." + g.key, "response.body.id", "outputs.id", "step.a.body"} {
						out = append(out, b.at(g.item.ValueExpr.Range(), text, text, "out-of-scope", "unknown-reference"))
					}
				}
			}
			return out
		})
	}},
	{"event's or request's field misspelt", func(b *base) []mutant {
		return b.eachReadOf([]string{"trigger"}, func(r *fieldRead, names []string) []mutant {
			if !r.parent.closed() || r.parent.properties[misspell(r.name)].schema != nil {
				return nil
			}
			return []mutant{b.at(r.last, misspell(r.name), strings.Join(names, "."), "unknown-field")}
		})
	}},
	{"trigger: input misspelt", func(b *base) []mutant {
		return b.eachMapped(func(g *given) []mutant {
			return []mutant{b.at(g.item.KeyExpr.Range(), misspell(g.key), g.key, "unknown-property")}
		})
	}},
	{"trigger: required input dropped", func(b *base) []mutant {
		return b.eachMapped(func(g *given) []mutant {
			if !g.needed {
				return nil
			}
			return []mutant{{what: g.key, src: b.without(g.item.KeyExpr.Range(), g.item.ValueExpr.Range()), rules: []string{"missing-property"}, lines: []int{g.object.SrcRange.Start.Line}}}
		})
	}},
	{"trigger: inputs dropped", func(b *base) []mutant {
		return b.eachTrigger("", func(t *trigger) []mutant {
			a := t.Body.Attributes["inputs"]
			if a == nil || !slices.ContainsFunc(b.given, func(g *given) bool { return g.block == t.block && g.needed }) {
				return nil
			}
			return []mutant{{what: t.name, src: b.replace(a.SrcRange, strings.Repeat("\n", a.SrcRange.End.Line-a.SrcRange.Start.Line)), rules: []string{"missing-attribute"}, lines: []int{t.TypeRange.Start.Line}}}
		})
	}},
	{"trigger: input of another type", func(b *base) []mutant {
		return b.eachMapped(func(g *given) []mutant {
			return b.otherType(g.doc, g.schema, g.item.ValueExpr, g.key, "type-mismatch", "lossy-number")
		})
	}},
	{"trigger: optional field given to a required input", func(b *base) []mutant {
		return b.eachMapped(func(g *given) []mutant {
			t := b.triggerAt(g.block)
			if !g.needed || g.schema == nil || t == nil {
				return nil
			}
			want := g.doc.shape(g.schema)
			for _, path := range t.optional(want.kind) {
				m := b.at(g.item.ValueExpr.Range(), path, g.key+" = "+path, "maybe-absent", "maybe-null")
				m.notes = true
				return []mutant{m}
			}
			return nil
		})
	}},
	{"webhook: key of a field that may be missing", func(b *base) []mutant {
		return b.eachTrigger("webhook", func(t *trigger) []mutant {
			a := t.Body.Attributes["key"]
			if a == nil {
				return nil
			}
			var out []mutant
			for _, path := range t.optional("string") {
				m := b.at(a.Expr.Range(), path, path, "maybe-absent", "maybe-null")
				m.notes = true
				out = append(out, m)
			}
			return out
		})
	}},
	{"webhook: key that is no text or number, or the same for all", func(b *base) []mutant {
		return b.eachTrigger("webhook", func(t *trigger) []mutant {
			if a := t.Body.Attributes["key"]; a != nil {
				return []mutant{b.at(a.Expr.Range(), "trigger.headers", "headers", "type-mismatch"), b.at(a.Expr.Range(), "[trigger.time]", "list", "type-mismatch"), b.at(a.Expr.Range(), `"paid"`, "constant", "attribute-value")}
			}
			return nil
		})
	}},
	{"webhook that the document does not have", func(b *base) []mutant {
		return b.eachTrigger("webhook", func(t *trigger) []mutant {
			a := t.Body.Attributes["webhook"]
			if a == nil {
				return nil
			}
			tr := a.Expr.(*hclsyntax.ScopeTraversalExpr)
			names := namesOf(tr.Traversal)
			return []mutant{b.at(tr.Traversal[2].SourceRange(), "["+quoted(misspell(names[2]))+"]", names[2], "unknown-reference"),
				b.at(tr.Traversal[0].SourceRange(), misspell(names[0]), names[0], "unknown-reference")}
		})
	}},
	{"webhook: path without a slash, or taken", func(b *base) []mutant {
		return b.eachTrigger("webhook", func(t *trigger) []mutant {
			a := t.Body.Attributes["path"]
			out := []mutant{b.at(a.Expr.Range(), `"hooks"`, "no slash", "attribute-value"), b.at(a.Expr.Range(), `"/hooks/{id}"`, "placeholder", "attribute-value")}
			for _, o := range b.triggers {
				if o.kind == "webhook" && o.TypeRange.Start.Byte < t.TypeRange.Start.Byte {
					out = append(out, b.at(a.Expr.Range(), b.text(o.Body.Attributes["path"].Expr.Range()), "taken", "path-conflict"))
				}
			}
			return out
		})
	}},
	{"verify dropped", func(b *base) []mutant {
		return b.eachBlock("verify", func(k *block) []mutant {
			t := k.parents[len(k.parents)-1]
			return []mutant{{what: k.label(), src: b.replace(whole(k), strings.Repeat("\n", k.CloseBraceRange.Start.Line-k.TypeRange.Start.Line)), rules: []string{"webhook-unverified"}, lines: []int{t.TypeRange.Start.Line}}}
		})
	}},
	{"way of verifying misspelt, or without its secret", func(b *base) []mutant {
		return b.eachBlock("verify", func(k *block) []mutant {
			out := []mutant{b.at(k.LabelRanges[0], quoted(misspell(k.label())), k.label(), "attribute-value")}
			for _, a := range attributes(k.Body) {
				if a.Name == "secret" || a.Name == "token" {
					out = append(out, mutant{what: "no " + a.Name, src: b.replace(a.SrcRange, ""), rules: []string{"missing-attribute"}, lines: []int{k.TypeRange.Start.Line}})
					out = append(out, b.at(a.Expr.Range(), `"whsec_4eC39HqLyjWDarjtT1zdp7dc"`, "in the text", "literal-credential"))
				}
			}
			return out
		})
	}},
	{"completion of an integration that there is not, or of itself", func(b *base) []mutant {
		return b.eachTrigger("completion", func(t *trigger) []mutant {
			at := t.Body.Attributes["integration"].Expr.Range()
			return []mutant{b.at(at, "integration."+misspell(t.after), t.after, "unknown-reference"), b.at(at, strings.Replace(t.integration, " ", ".", 1), "itself", "cycle")}
		})
	}},
	{"completion: output that there is not", func(b *base) []mutant {
		return b.eachReadOfAny("trigger", func(r *fieldRead, names []string) []mutant {
			if len(names) < 3 || names[1] != "outputs" {
				return nil
			}
			at := r.Traversal[2].SourceRange()
			return []mutant{b.at(at, "."+misspell(names[2]), names[2], "unknown-field")}
		})
	}},
	{"operation that the document does not have", func(b *base) []mutant {
		return b.eachTrigger("operation", func(t *trigger) []mutant {
			tr := t.Body.Attributes["operation"].Expr.(*hclsyntax.ScopeTraversalExpr)
			names := namesOf(tr.Traversal)
			return []mutant{b.at(tr.SrcRange, callOf(names[0], misspell(names[1])), names[1], "unknown-operation")}
		})
	}},
	{"operation served twice", func(b *base) []mutant {
		return b.eachTrigger("operation", func(t *trigger) []mutant {
			for _, o := range b.triggers {
				if o.kind == "operation" && o.TypeRange.Start.Byte < t.TypeRange.Start.Byte {
					return []mutant{b.at(t.Body.Attributes["operation"].Expr.Range(), b.text(o.Body.Attributes["operation"].Expr.Range()), o.name, "path-conflict")}
				}
			}
			return nil
		})
	}},
	{"operation that nothing serves any more", func(b *base) []mutant {
		return b.eachTrigger("operation", func(t *trigger) []mutant {
			names := namesOf(t.Body.Attributes["operation"].Expr.(*hclsyntax.ScopeTraversalExpr).Traversal)
			n := 0
			for _, o := range b.triggers {
				if o.op != nil && o.op.doc == t.op.doc {
					n++
				}
			}
			if n < 2 {
				return nil
			}
			for _, k := range b.blocks {
				if k.Type == "api" && k.label() == names[0] {
					return []mutant{{what: t.name, src: b.replace(whole(t.block), strings.Repeat("\n", t.CloseBraceRange.Start.Line-t.TypeRange.Start.Line)), rules: []string{"operation-unimplemented"}, lines: []int{k.TypeRange.Start.Line}}}
				}
			}
			return nil
		})
	}},
	{"credentials of a served operation that nobody checks", func(b *base) []mutant {
		return b.eachBlock("auth", func(k *block) []mutant {
			t := b.triggerAt(k.parents[len(k.parents)-1])
			if t == nil {
				return nil
			}
			return []mutant{{what: t.name, src: b.replace(whole(k), strings.Repeat("\n", k.CloseBraceRange.Start.Line-k.TypeRange.Start.Line)), rules: []string{"operation-unprotected"}, lines: []int{t.TypeRange.Start.Line, t.TypeRange.Start.Line + 1}}}
		})
	}},
	{"answers kept of an operation that writes", func(b *base) []mutant {
		return b.eachTrigger("operation", func(t *trigger) []mutant {
			if t.op == nil || t.op.method == "get" {
				return nil
			}
			src, line := b.first(t.block, `cache = "1m"`)
			return []mutant{{what: t.name, src: src, rules: []string{"attribute-value"}, lines: []int{line}}}
		})
	}},
	{"respond: status that is not declared", func(b *base) []mutant {
		return b.eachRespond(func(r *respond) []mutant {
			var out []mutant
			for _, status := range []string{"202", "418"} {
				if _, ok := r.trigger.op.answers[status]; !ok && r.trigger.op.answers["DEFAULT"] == nil {
					out = append(out, b.at(r.Body.Attributes["status"].Expr.Range(), status, status, "response-mismatch"))
				}
			}
			return out
		})
	}},
	{"respond: status of another answer of the operation", func(b *base) []mutant {
		return b.eachRespond(func(r *respond) []mutant {
			a := r.Body.Attributes["body"]
			for _, status := range slices.Sorted(maps.Keys(r.trigger.op.answers)) {
				d := r.trigger.op.doc
				if status == r.status || len(status) != 3 || a == nil {
					continue
				}
				other := r.trigger.op.answers[status]
				m := b.at(r.Body.Attributes["status"].Expr.Range(), status, r.status+" → "+status, "response-mismatch", "missing-property", "unknown-property", "media-type")
				m.lines = append(m.lines, r.TypeRange.Start.Line, a.Expr.Range().Start.Line)
				for line := a.Expr.Range().Start.Line; line <= a.Expr.Range().End.Line; line++ {
					m.lines = append(m.lines, line)
				}
				if other != nil && (d.shape(other).node == nil || len(d.shape(other).required) == 0) {
					continue
				}
				if other != nil && jsonOf(other) == jsonOf(r.trigger.op.answers[r.status]) {
					continue
				}
				return []mutant{m}
			}
			return nil
		})
	}},
	{"respond: body dropped", func(b *base) []mutant {
		return b.eachRespond(func(r *respond) []mutant {
			a := r.Body.Attributes["body"]
			if a == nil {
				return nil
			}
			return []mutant{{what: r.status, src: b.replace(a.SrcRange, strings.Repeat("\n", a.SrcRange.End.Line-a.SrcRange.Start.Line)), rules: []string{"response-mismatch"}, lines: []int{r.TypeRange.Start.Line}}}
		})
	}},
	{"respond: body where none is declared", func(b *base) []mutant {
		return b.eachRespond(func(r *respond) []mutant {
			if r.Body.Attributes["body"] != nil {
				return nil
			}
			src, line := b.last(r.block, "body = { ok = true }")
			return []mutant{{what: r.status, src: src, rules: []string{"response-mismatch"}, lines: []int{line}}}
		})
	}},
	{"respond: media type that is not declared", func(b *base) []mutant {
		return b.eachRespond(func(r *respond) []mutant {
			if r.Body.Attributes["body"] == nil {
				return nil
			}
			src, line := b.last(r.block, `content_type = "application/xml"`)
			return []mutant{{what: r.status, src: src, rules: []string{"response-mismatch"}, lines: []int{line}}}
		})
	}},
	{"respond: required header dropped, or of another type", func(b *base) []mutant {
		return b.eachRespond(func(r *respond) []mutant {
			a := r.Body.Attributes["headers"]
			if a == nil {
				return nil
			}
			out := []mutant{{what: r.status, src: b.replace(a.SrcRange, ""), rules: []string{"response-mismatch"}, lines: []int{r.TypeRange.Start.Line}}}
			for _, item := range a.Expr.(*hclsyntax.ObjectConsExpr).Items {
				out = append(out, b.at(item.ValueExpr.Range(), "[[1], [2]]", keyOf(item), "type-mismatch"), b.at(item.ValueExpr.Range(), "null", keyOf(item), "maybe-null", "type-mismatch"))
			}
			return out
		})
	}},
	{"respond: write-only property answered", func(b *base) []mutant {
		var out []mutant
		for _, k := range b.brackets {
			if !k.answers || k.shape == nil {
				continue
			}
			for _, name := range slices.Sorted(maps.Keys(k.shape.properties)) {
				if o, _ := k.shape.properties[name].schema.(object); o["writeOnly"] == true && !slices.Contains(k.keys, name) {
					src, line := b.with(k.at, bareKey(name), `"a"`)
					out = append(out, mutant{what: name, src: src, rules: []string{"read-only-property"}, lines: []int{line}})
				}
			}
		}
		return out
	}},
	{"respond: output that there is not", func(b *base) []mutant {
		return b.eachReadOfAny("outputs", func(r *fieldRead, names []string) []mutant {
			if r.scope.trigger == nil {
				return nil
			}
			return []mutant{b.at(r.Traversal[1].SourceRange(), "."+misspell(names[1]), names[1], "unknown-field", "unknown-reference")}
		})
	}},
	{"respond: outputs of a run that failed, error of one that succeeded", func(b *base) []mutant {
		return b.eachRespond(func(r *respond) []mutant {
			if a := r.Body.Attributes["on"]; a != nil {
				src, line := b.last(r.block, `when = outputs.id == "x"`)
				if r.Body.Attributes["when"] != nil {
					return nil
				}
				return []mutant{{what: r.status, src: src, rules: []string{"out-of-scope"}, lines: []int{line}}}
			}
			if r.Body.Attributes["when"] != nil {
				return nil
			}
			src, line := b.last(r.block, `when = error.status == 404`)
			return []mutant{{what: r.status, src: src, rules: []string{"out-of-scope"}, lines: []int{line}}}
		})
	}},
	{"respond: no block without a condition", func(b *base) []mutant {
		return b.eachRespond(func(r *respond) []mutant {
			if r.Body.Attributes["when"] != nil || r.Body.Attributes["on"] != nil {
				return nil
			}
			src, _ := b.last(r.block, "when = trigger.headers.accept == \"application/json\"")
			return []mutant{{what: r.status, src: src, rules: []string{"respond-conditions"}, lines: []int{r.TypeRange.Start.Line, r.trigger.TypeRange.Start.Line}}}
		})
	}},
	{"respond that is never looked at", func(b *base) []mutant {
		return b.eachRespond(func(r *respond) []mutant {
			if r.Body.Attributes["when"] != nil {
				return nil
			}
			at := whole(r.block).End.Byte
			return []mutant{{what: r.status, src: b.src[:at] + "\n" + b.text(whole(r.block)) + b.src[at:], rules: []string{"respond-conditions"}, lines: []int{whole(r.block).End.Line + 1}}}
		})
	}},
	{"respond: on that there is not", func(b *base) []mutant {
		return b.eachRespond(func(r *respond) []mutant {
			if a := r.Body.Attributes["on"]; a != nil {
				return []mutant{b.at(a.Expr.Range(), `"error"`, r.status, "attribute-value")}
			}
			return nil
		})
	}},
}

// ownDocumentFaults: the author has changed the document that is served, and not what serves it.
var ownDocumentFaults = []class{
	{"own document: operation renamed", func(b *base) []mutant {
		return b.eachTrigger("operation", func(t *trigger) []mutant {
			return b.provider(t.op.doc, t.op.id, []int{t.Body.Attributes["operation"].SrcRange.Start.Line}, func() func() {
				return change(t.op.node, "operationId", t.op.id+"V2")
			}, "unknown-operation")
		})
	}},
	{"own document: new operation", func(b *base) []mutant {
		return b.eachTrigger("operation", func(t *trigger) []mutant {
			names := namesOf(t.Body.Attributes["operation"].Expr.(*hclsyntax.ScopeTraversalExpr).Traversal)
			for _, k := range b.blocks {
				if k.Type == "api" && k.label() == names[0] {
					return b.provider(t.op.doc, "new", []int{k.TypeRange.Start.Line}, func() func() {
						return change(t.op.doc.root["paths"].(object), "/new", object{"get": object{"operationId": "new", "responses": object{"204": object{"description": "new"}}}})
					}, "operation-unimplemented")
				}
			}
			return nil
		})
	}},
	{"own document: field of the request, or parameter, renamed", func(b *base) []mutant {
		return b.eachReadOf([]string{"trigger"}, func(r *fieldRead, names []string) []mutant {
			t := r.scope.trigger
			if t.kind != "operation" || names[1] != "body" && names[1] != "params" || !r.parent.closed() {
				return nil
			}
			if names[1] == "body" {
				return b.provider(t.op.doc, strings.Join(names, "."), []int{r.SrcRange.Start.Line}, func() func() {
					return rename(r.parent.properties[r.name].owner, r.name)
				}, "unknown-field")
			}
			if p, _ := t.op.parameter(r.name); p.in == "path" {
				return nil // the path would still name it
			}
			return b.provider(t.op.doc, strings.Join(names, "."), []int{r.SrcRange.Start.Line}, func() func() {
				for _, list := range []any{t.op.node["parameters"], t.op.item["parameters"]} {
					for _, p := range anys(list) {
						if p := t.op.doc.follow(p); p["name"] == r.name {
							return change(p, "name", r.name+"_v2")
						}
					}
				}
				return func() {}
			}, "unknown-field")
		})
	}},
	{"own document: property of an answer renamed", func(b *base) []mutant {
		return b.eachAnswered(func(p *place, d *document) []mutant {
			if !p.parent.closed() {
				return nil
			}
			return b.provider(d, p.key, []int{p.keyRange.Start.Line}, func() func() {
				return rename(p.parent.properties[p.key].owner, p.key)
			}, "unknown-property")
		})
	}},
	{"own document: an answer requires more", func(b *base) []mutant {
		var out []mutant
		for _, k := range b.brackets {
			t := b.triggerOf(k.at)
			if !k.answers || t == nil || k.shape.node["properties"] == nil {
				continue
			}
			out = append(out, b.provider(t.op.doc, "new property", []int{k.at.Start.Line}, func() func() {
				properties := maps.Clone(k.shape.node["properties"].(object))
				properties["updated_at"] = object{"type": "string"}
				a := change(k.shape.node, "properties", properties)
				b := change(k.shape.node, "required", append(slices.Clone(anys(k.shape.node["required"])), "updated_at"))
				return func() { a(); b() }
			}, "missing-property")...)
		}
		return out
	}},
	{"own document: type of an answer's property changed", func(b *base) []mutant {
		return b.eachAnswered(func(p *place, d *document) []mutant {
			other := map[string]string{"string": "boolean", "integer": "boolean", "number": "boolean", "boolean": "integer"}[p.shape.kind]
			if other == "" || !p.shape.clear {
				return nil
			}
			ms := b.provider(d, p.key, []int{p.value.Range().Start.Line}, func() func() {
				return change(p.parent.properties[p.key].owner["properties"].(object), p.key, object{"type": other})
			}, "type-mismatch")
			for i := range ms {
				if strings.HasPrefix(b.text(p.value.Range()), "outputs.") {
					ms[i].skip = "the mapping that makes it is told of first"
				}
			}
			return ms
		})
	}},
	{"own document: answer removed", func(b *base) []mutant {
		return b.eachRespond(func(r *respond) []mutant {
			responses, _ := r.trigger.op.node["responses"].(object)
			if responses[r.status] == nil {
				return nil
			}
			return b.provider(r.trigger.op.doc, r.status, []int{r.Body.Attributes["status"].SrcRange.Start.Line}, func() func() {
				return change(responses, r.status, nil)
			}, "response-mismatch")
		})
	}},
	{"own document: field of the request no longer required", func(b *base) []mutant {
		return b.eachReadOf([]string{"trigger"}, func(r *fieldRead, names []string) []mutant {
			t := r.scope.trigger
			owner := r.parent.properties[r.name].owner
			if t.kind != "operation" || names[1] != "body" || !slices.Contains(anys(owner["required"]), any(r.name)) {
				return nil
			}
			for _, g := range b.given {
				if g.needed && g.item.ValueExpr.Range() == r.SrcRange {
					ms := b.provider(t.op.doc, r.name, []int{r.SrcRange.Start.Line}, func() func() {
						return change(owner, "required", slices.DeleteFunc(slices.Clone(anys(owner["required"])), func(v any) bool { return v == r.name }))
					}, "maybe-absent")
					for i := range ms {
						ms[i].notes = true
					}
					return ms
				}
			}
			return nil
		})
	}},
	{"own document: credentials asked for", func(b *base) []mutant {
		return b.eachTrigger("operation", func(t *trigger) []mutant {
			lines := []int{t.TypeRange.Start.Line, t.TypeRange.Start.Line + 1}
			for _, k := range t.Body.Blocks {
				if k.Type == "auth" {
					lines = append(lines, k.TypeRange.Start.Line)
				}
			}
			ms := b.provider(t.op.doc, t.op.id, lines, func() func() {
				schemes := t.op.doc.root["components"].(object)["securitySchemes"].(object)
				a := change(schemes, "second", object{"type": "apiKey", "in": "header", "name": "X-Second"})
				b := change(t.op.node, "security", []any{object{"second": []any{}}})
				return func() { a(); b() }
			}, "operation-unprotected")
			for i := range ms {
				ms[i].rules = append(ms[i].rules, "auth-unknown-scheme")
			}
			return ms
		})
	}},
	{"webhook's document: field renamed", func(b *base) []mutant {
		return b.eachReadOf([]string{"trigger"}, func(r *fieldRead, names []string) []mutant {
			t := r.scope.trigger
			if t.kind != "webhook" || names[1] != "body" || t.doc == ownTypes || !r.parent.closed() || r.parent.properties[r.name].twice || r.parent.properties[r.name].owner == nil {
				return nil
			}
			return b.provider(t.doc, r.name, []int{r.SrcRange.Start.Line}, func() func() {
				return rename(r.parent.properties[r.name].owner, r.name)
			}, "unknown-field")
		})
	}},
	{"type of an event's field changed", func(b *base) []mutant {
		return b.eachTrigger("webhook", func(t *trigger) []mutant {
			var out []mutant
			a := t.Body.Attributes["body"]
			if a == nil {
				return nil
			}
			_ = hclsyntax.VisitAll(a.Expr, func(n hclsyntax.Node) hcl.Diagnostics {
				o, ok := n.(*hclsyntax.ObjectConsExpr)
				if !ok {
					return nil
				}
				for _, item := range o.Items {
					for _, r := range b.reads {
						names := namesOf(r.Traversal)
						if names[0] != "trigger" || names[len(names)-1] != keyOf(item) || r.scope.trigger != t {
							continue
						}
						for _, g := range b.given {
							if g.item.ValueExpr.Range() == r.SrcRange {
								m := b.at(item.ValueExpr.Range(), "list(string)", keyOf(item), "type-mismatch")
								m.lines = []int{r.SrcRange.Start.Line}
								out = append(out, m)
							}
						}
						break
					}
				}
				return nil
			})
			return out
		})
	}},
}

func (b *base) eachTrigger(kind string, f func(t *trigger) []mutant) []mutant {
	var out []mutant
	for _, t := range b.triggers {
		if (kind == "" || t.kind == kind) && (t.kind != "operation" || t.op != nil) {
			out = append(out, f(t)...)
		}
	}
	return out
}

// eachMapped goes over the inputs that triggers give.
func (b *base) eachMapped(f func(g *given) []mutant) []mutant {
	var out []mutant
	for _, g := range b.given {
		if g.block.Type == "trigger" {
			out = append(out, f(g)...)
		}
	}
	return out
}

func (b *base) eachRespond(f func(r *respond) []mutant) []mutant {
	var out []mutant
	for _, r := range b.responds {
		if r.trigger.op != nil && r.status != "" {
			out = append(out, f(r)...)
		}
	}
	return out
}

// eachAnswered goes over the properties in the bodies of respond blocks.
func (b *base) eachAnswered(f func(p *place, d *document) []mutant) []mutant {
	var out []mutant
	for _, p := range b.places {
		if t := b.triggerOf(p.object); p.answers && p.key != "" && p.parent != nil && t != nil {
			out = append(out, f(p, t.op.doc)...)
		}
	}
	return out
}

// eachReadOfAny goes over reads of a name, whatever is known of them.
func (b *base) eachReadOfAny(root string, f func(r *fieldRead, names []string) []mutant) []mutant {
	var out []mutant
	for _, r := range b.reads {
		if names := namesOf(r.Traversal); names[0] == root && len(names) > 1 {
			out = append(out, f(r, names)...)
		}
	}
	return out
}

// triggerOf is the trigger in which r stands.
func (b *base) triggerOf(r hcl.Range) *trigger {
	for _, t := range b.triggers {
		if t.has(r) {
			return t
		}
	}
	return nil
}

// optional are reads of fields that an event or a request may lack, of a kind.
func (t *trigger) optional(kind string) []string {
	var out []string
	if t.kind == "operation" {
		for _, p := range t.op.params {
			if s := t.op.doc.shape(p.schema); !p.required && s.clear && s.kind == kind && s.says["default"] == nil {
				out = append(out, "trigger.params["+quoted(p.name)+"]")
			}
		}
	}
	if t.body == nil {
		return out
	}
	s := t.doc.shape(t.body)
	for _, name := range slices.Sorted(maps.Keys(s.properties)) {
		if p := t.doc.shape(s.properties[name].schema); s.clear && !s.required[name] && p.clear && p.kind == kind {
			out = append(out, "trigger.body["+quoted(name)+"]")
		}
	}
	return out
}
