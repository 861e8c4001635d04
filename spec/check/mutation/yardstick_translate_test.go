//go:build e2e

package mutation

import (
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"

	"tenon/spec/openapi"
)

// translator writes an integration as the TypeScript program that does the same by clients of
// openapi-fetch. What it has no words for (retries, credentials, expr("…")) is left out, so two
// integrations that differ only there give the same program.
type translator struct {
	documents map[string]*openapi.Document // by api
	mappings  map[string]*hclsyntax.Block
	out       strings.Builder
	names     []map[string]string // what the names of iterations and mappings' inputs are, innermost last
	response  string              // what `response` is
	depth     int                 // of mappings in mappings
}

// inTypeScript is the program for an integration; clean is "" for one that is no HCL any more.
func inTypeScript(src string, documents map[string]*openapi.Document, imports map[string]string) string {
	f, diags := hclsyntax.ParseConfig([]byte(src), "main.hcl", hcl.InitialPos)
	if diags.HasErrors() {
		return ""
	}
	body := f.Body.(*hclsyntax.Body)
	t := &translator{documents: documents, mappings: map[string]*hclsyntax.Block{}}
	t.line(`import createClient from "openapi-fetch";`)
	for _, k := range body.Blocks {
		if k.Type == "mapping" && len(k.Labels) == 1 {
			t.mappings[k.Labels[0]] = k
		}
		if k.Type == "api" && len(k.Labels) == 1 {
			t.line(`import type { paths as %s_paths } from %q;`, k.Labels[0], imports[k.Labels[0]])
			t.line(`const api_%s = createClient<%s_paths>({ baseUrl: "" });`, k.Labels[0], k.Labels[0])
		}
	}
	t.declared("variable", "variables", body.Blocks)
	t.declared("secret", "secrets", body.Blocks)
	for _, k := range body.Blocks {
		if k.Type == "integration" && len(k.Labels) == 1 {
			t.line("export async function %s() {", safe(k.Labels[0]))
			t.declared("input", "inputs", k.Body.Blocks)
			t.block(k.Body)
			t.line("}")
		}
	}
	return t.out.String()
}

func (t *translator) line(format string, args ...any) {
	fmt.Fprintf(&t.out, format+"\n", args...)
}

var unsafe = regexp.MustCompile(`[^A-Za-z0-9_]`)

func safe(name string) string { return "n_" + unsafe.ReplaceAllString(name, "_") }

// declared writes an object of what a project or integration declares, with its types.
func (t *translator) declared(kind, as string, blocks hclsyntax.Blocks) {
	var members []string
	for _, k := range blocks {
		if k.Type == kind && len(k.Labels) == 1 {
			typ := "string"
			if a := k.Body.Attributes["type"]; a != nil {
				typ = typeOf(a.Expr)
			}
			members = append(members, fmt.Sprintf("%q: %s", k.Labels[0], typ))
		}
	}
	t.line("const %s = null! as { %s };", as, strings.Join(members, "; "))
}

// typeOf is a type of the language in TypeScript's words.
func typeOf(e hclsyntax.Expression) string {
	switch e := e.(type) {
	case *hclsyntax.ScopeTraversalExpr:
		switch e.Traversal.RootName() {
		case "string":
			return "string"
		case "integer", "number":
			return "number"
		case "bool":
			return "boolean"
		}
	case *hclsyntax.FunctionCallExpr:
		switch e.Name {
		case "string":
			return "string"
		case "integer", "number":
			return "number"
		case "list":
			if len(e.Args) == 1 {
				return "(" + typeOf(e.Args[0]) + ")[]"
			}
		case "map":
			if len(e.Args) == 1 {
				return "Record<string, " + typeOf(e.Args[0]) + ">"
			}
		case "optional":
			return typeOf(e.Args[0]) + " | undefined"
		case "enum":
			var out []string
			for _, a := range e.Args {
				if s, ok := literal(a); ok {
					out = append(out, fmt.Sprintf("%q", s))
				}
			}
			return strings.Join(out, " | ")
		case "object":
			if o, ok := e.Args[0].(*hclsyntax.ObjectConsExpr); ok {
				var out []string
				for _, i := range o.Items {
					out = append(out, fmt.Sprintf("%q: %s", keyOf(i), typeOf(i.ValueExpr)))
				}
				return "{ " + strings.Join(out, "; ") + " }"
			}
		}
	}
	return "any"
}

// block writes what stands in an integration, a loop or a case, in its order.
func (t *translator) block(body *hclsyntax.Body) {
	for _, k := range body.Blocks {
		switch {
		case k.Type == "step" && len(k.Labels) == 1:
			t.step(k)
		case k.Type == "for_each" && len(k.Labels) == 1:
			t.loop(k)
		case k.Type == "switch":
			t.choice(k)
		case k.Type == "output":
			t.evaluate(k.Body, "value")
		case k.Type == "parallel":
			t.block(k.Body)
		}
	}
}

func (t *translator) evaluate(body *hclsyntax.Body, names ...string) {
	for _, name := range names {
		if a := body.Attributes[name]; a != nil {
			t.line("void (%s);", t.expr(a.Expr))
		}
	}
}

func (t *translator) step(k *hclsyntax.Block) {
	name := "s_" + unsafe.ReplaceAllString(k.Labels[0], "_")
	when, otherwise := "", ""
	if a := k.Body.Attributes["when"]; a != nil {
		when, otherwise = "("+t.expr(a.Expr)+") ? ", " : undefined"
	}
	outer := t.response
	t.response = name
	defer func() { t.response = outer }()
	switch {
	case k.Body.Attributes["value"] != nil:
		t.line("const %s = %s{ value: %s, skipped: false }%s;", name, when, t.expr(k.Body.Attributes["value"].Expr), otherwise)
	case k.Body.Attributes["call"] != nil:
		t.line("const %s = %sok(await %s)%s;", name, when, t.call(k.Body), otherwise)
	default:
		return
	}
	for _, inner := range k.Body.Blocks {
		switch inner.Type {
		case "paginate":
			if a := inner.Body.Attributes["items"]; a != nil {
				t.line("const %s_items = list(%s);", name, t.expr(a.Expr))
			}
			t.evaluate(inner.Body, "next")
		case "check":
			if a := inner.Body.Attributes["assert"]; a != nil {
				t.line("if (!(%s)) throw new Error();", t.expr(a.Expr))
			}
			t.evaluate(inner.Body, "message")
		case "catch":
			t.line("{ const error = null! as Failure; void error;")
			if a := inner.Body.Attributes["body"]; a != nil && inner.Body.Attributes["call"] == nil {
				t.line("const other: NonNullable<typeof %s>[\"body\"] = %s; void other;", name, t.expr(a.Expr))
			} else if inner.Body.Attributes["call"] != nil {
				t.line("ok(await %s);", t.call(inner.Body))
			}
			t.line("}")
		}
	}
}

// call writes one request.
func (t *translator) call(body *hclsyntax.Body) string {
	tr, ok := body.Attributes["call"].Expr.(*hclsyntax.ScopeTraversalExpr)
	if !ok {
		return "(null! as any)"
	}
	names := namesOf(tr.Traversal)
	if len(names) != 2 {
		return "(null! as any)"
	}
	method, path := "GET", "/no operation "+names[1]
	var op *openapi.Operation
	if d := t.documents[names[0]]; d != nil {
		if found, err := d.Operation(names[1]); err == nil {
			op, method, path = found, found.Method, found.Path
		}
	}
	in := map[string][]string{}
	if a := body.Attributes["params"]; a != nil {
		if o, ok := a.Expr.(*hclsyntax.ObjectConsExpr); ok {
			for _, i := range o.Items {
				place, key := placeOf(op, keyOf(i))
				in[place] = append(in[place], fmt.Sprintf("%q: %s", key, t.expr(i.ValueExpr)))
			}
		}
	}
	var init []string
	if len(in) > 0 {
		var places []string
		for _, place := range slices.Sorted(maps.Keys(in)) {
			places = append(places, place+": { "+strings.Join(in[place], ", ")+" }")
		}
		init = append(init, "params: { "+strings.Join(places, ", ")+" }")
	}
	if a := body.Attributes["body"]; a != nil {
		init = append(init, "body: "+t.expr(a.Expr))
	}
	if a := body.Attributes["headers"]; a != nil {
		init = append(init, "headers: "+t.expr(a.Expr))
	}
	return fmt.Sprintf("api_%s.%s(%q, { %s })", names[0], method, path, strings.Join(init, ", "))
}

// placeOf is where a parameter goes; one that nothing declares goes into the query.
func placeOf(op *openapi.Operation, name string) (place, key string) {
	want, bare, qualified := strings.Cut(name, ":")
	if op != nil {
		for _, p := range op.Parameters {
			if p.Name == name {
				return p.In, name
			}
		}
		for _, p := range op.Parameters {
			if qualified && p.Name == bare && p.In == want {
				return p.In, bare
			}
		}
	}
	return "query", name
}

func (t *translator) loop(k *hclsyntax.Block) {
	of := "[]"
	if a := k.Body.Attributes["in"]; a != nil {
		of = t.expr(a.Expr)
	}
	element := safe(k.Labels[0])
	t.names = append(t.names, map[string]string{k.Labels[0]: element})
	aggregates := []string{"count: number", "succeeded: number", "failed: number", "skipped: number"}
	t.line("for (const %s of %s) {", element, of)
	if a := k.Body.Attributes["where"]; a != nil {
		t.line("if (!(%s)) continue;", t.expr(a.Expr))
	}
	t.evaluate(k.Body, "key")
	t.block(k.Body)
	for _, inner := range k.Body.Blocks {
		if inner.Type == "aggregate" && len(inner.Labels) == 1 {
			typ := "any"
			if a := inner.Body.Attributes["sum"]; a != nil {
				t.line("{ const n: number | undefined = %s; void n; }", t.expr(a.Expr))
				typ = "number"
			}
			t.evaluate(inner.Body, "count", "list", "min", "max", "first", "last")
			aggregates = append(aggregates, fmt.Sprintf("%q: %s", inner.Labels[0], typ))
		}
	}
	t.names = t.names[:len(t.names)-1]
	t.line("}")
	t.line("const f_%s = null! as { %s };", unsafe.ReplaceAllString(k.Labels[0], "_"), strings.Join(aggregates, "; "))
}

// choice writes a switch; without a default, one that must be exhaustive.
func (t *translator) choice(k *hclsyntax.Block) {
	a := k.Body.Attributes["on"]
	if a == nil {
		return
	}
	t.line("{ const on = %s; switch (on) {", t.expr(a.Expr))
	open := true
	for _, inner := range k.Body.Blocks {
		switch inner.Type {
		case "case":
			for _, l := range inner.Labels {
				t.line("case %q:", l)
			}
		case "default":
			open = false
			t.line("default:")
		default:
			continue
		}
		t.line("{")
		t.block(inner.Body)
		t.line("break; }")
	}
	if open {
		t.line("default: on satisfies never;")
	}
	t.line("} }")
}

func quotedText(s string) string {
	b, _ := json.Marshal(s)
	return string(b)
}
