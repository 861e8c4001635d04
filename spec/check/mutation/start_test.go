package mutation

import (
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
)

// What starts an integration, and the tests of it: mocks, triggers and what they answer.

// mocked is a mock of an operation.
type mocked struct {
	*block
	op *operation
}

// answer is what a mock answers.
type answer struct {
	mock    *mocked
	partial bool
	status  string
	schema  any
	body    hclsyntax.Expression
}

// trigger is one, with what it sees.
type trigger struct {
	*block
	kind, name string
	op         *operation // that it serves
	doc        *document
	body       any    // schema; nil: not known
	after      string // the integration that it follows
}

// respond is a block that answers the clients of an operation.
type respond struct {
	*block
	trigger *trigger
	status  string
}

// given is a value that is given a name that an integration declares: an input, an output, a state.
type given struct {
	block  *block
	attr   string
	object *hclsyntax.ObjectConsExpr
	key    string
	item   hclsyntax.ObjectConsItem
	doc    *document
	schema any
	needed bool
}

// ownTypes is the document that types which are written in HCL are taken to stand in.
var ownTypes = &document{name: "types", root: object{}}

// testOf is the integration that a test runs; "" if a block stands in none.
func testOf(k *block) string {
	for _, p := range append([]*block{k}, k.parents...) {
		if p.Type == "test" {
			return referred(p.Block, "integration", "integration")
		}
	}
	return ""
}

// referred is NAME where an attribute is ROOT.NAME.
func referred(k *hclsyntax.Block, attr, root string) string {
	a := k.Body.Attributes[attr]
	if a == nil {
		return ""
	}
	if tr, ok := a.Expr.(*hclsyntax.ScopeTraversalExpr); ok {
		if names := namesOf(tr.Traversal); len(names) == 2 && names[0] == root {
			return names[1]
		}
	}
	return ""
}

// calledBy is the operation that an attribute names.
func (b *base) calledBy(k *block, attr string) *operation {
	a := k.Body.Attributes[attr]
	if a == nil {
		return nil
	}
	tr, ok := a.Expr.(*hclsyntax.ScopeTraversalExpr)
	if !ok {
		return nil
	}
	names := namesOf(tr.Traversal)
	if len(names) != 2 || b.specs[names[0]] == nil {
		return nil
	}
	return b.specs[names[0]].operation(names[1])
}

func (b *base) findMock(k *block) {
	if k.Type == "mock" {
		if op := b.calledBy(k, "call"); op != nil {
			b.mocks = append(b.mocks, &mocked{k, op})
		}
	}
}

func (b *base) mockAt(k *block) *mocked {
	for _, m := range b.mocks {
		if m.block == k {
			return m
		}
	}
	return nil
}

func (b *base) triggerAt(k *block) *trigger {
	for _, t := range b.triggers {
		if t.block == k {
			return t
		}
	}
	return nil
}

func (b *base) findTrigger(k *block) {
	if k.Type != "trigger" || len(k.Labels) != 2 {
		return
	}
	t := &trigger{block: k, kind: k.Labels[0], name: k.Labels[1], op: b.calledBy(k, "operation"), after: referred(k.Block, "integration", "integration")}
	if t.op != nil {
		t.doc, t.body = t.op.doc, t.op.body
	}
	if a := k.Body.Attributes["body"]; a != nil {
		t.doc, t.body = b.typed(a.Expr)
	}
	if a := k.Body.Attributes["webhook"]; a != nil {
		if tr, ok := a.Expr.(*hclsyntax.ScopeTraversalExpr); ok {
			if names := namesOf(tr.Traversal); len(names) == 3 && b.specs[names[0]] != nil {
				t.doc = b.specs[names[0]]
				t.body = t.doc.webhook(names[2])
			}
		}
	}
	b.triggers = append(b.triggers, t)
	for _, inner := range k.Body.Blocks {
		if inner.Type == "respond" {
			for _, r := range b.blocks {
				if r.Block == inner {
					status := ""
					if a := inner.Body.Attributes["status"]; a != nil {
						status = b.text(a.Expr.Range())
					}
					b.responds = append(b.responds, &respond{r, t, status})
				}
			}
		}
	}
}

// webhook is the schema of the body of one that a document declares.
func (d *document) webhook(name string) any {
	for _, key := range []string{"webhooks", "x-webhooks"} {
		all, _ := d.root[key].(object)
		if item := d.follow(all[name]); item != nil {
			post, _ := item["post"].(object)
			if body := d.follow(post["requestBody"]); body != nil {
				return d.content(body)
			}
		}
	}
	return nil
}

// lookAtStart notes what is given to integrations, answered by mocks and by respond blocks.
func (b *base) lookAtStart(in *scope, k *block) {
	integration := testOf(k)
	switch k.Type {
	case "test":
		b.givenIn(k, "inputs", "input", integration)
		b.givenIn(k, "state", "state", integration)
		b.givenIn(k, "variables", "variable", "")
	case "expect":
		b.givenIn(k, "outputs", "output", integration)
		b.givenIn(k, "state", "state", integration)
	case "trigger":
		b.givenIn(k, "inputs", "input", strings.TrimPrefix(k.integration, "integration "))
	case "mock":
		if in.mock == nil {
			return
		}
		b.answered(in.mock, attributesByName(k.Body))
		if a := k.Body.Attributes["responses"]; a != nil {
			if l, ok := a.Expr.(*hclsyntax.TupleConsExpr); ok {
				for _, e := range l.Exprs {
					if o, ok := e.(*hclsyntax.ObjectConsExpr); ok {
						by := map[string]hclsyntax.Expression{}
						for _, item := range o.Items {
							by[keyOf(item)] = item.ValueExpr
						}
						b.answered(in.mock, by)
					}
				}
			}
		}
	case "respond":
		b.responded(k)
	}
}

func attributesByName(body *hclsyntax.Body) map[string]hclsyntax.Expression {
	out := map[string]hclsyntax.Expression{}
	for name, a := range body.Attributes {
		out[name] = a.Expr
	}
	return out
}

// answered notes what stands in the body that a mock answers with.
func (b *base) answered(m *mocked, by map[string]hclsyntax.Expression) {
	if by["body"] == nil || by["valid"] != nil {
		return
	}
	a := &answer{mock: m, body: by["body"], partial: by["partial"] != nil, schema: m.op.success}
	if by["status"] != nil {
		a.status = b.text(by["status"].Range())
		a.schema = m.op.answered(a.status)
	}
	places, brackets := b.places, b.brackets
	b.places, b.brackets = nil, nil
	b.sent(nil, m.op.doc, "mock", a.body, a.schema)
	for _, p := range b.places {
		p.answer = a
	}
	for _, k := range b.brackets {
		k.answer = a
	}
	b.mockPlaces, b.mockBrackets = append(b.mockPlaces, b.places...), append(b.mockBrackets, b.brackets...)
	b.places, b.brackets = places, brackets
}

// answered is the schema of an answer with that status; nil if there is none.
func (o *operation) answered(status string) any {
	for _, key := range []string{status, status[:1] + "XX", "DEFAULT"} {
		if schema, ok := o.answers[key]; ok {
			return schema
		}
	}
	return nil
}

func (b *base) responded(k *block) {
	for _, r := range b.responds {
		a := k.Body.Attributes["body"]
		if r.block != k || r.trigger.op == nil || a == nil || r.status == "" {
			continue
		}
		n, m := len(b.places), len(b.brackets)
		b.sent(nil, r.trigger.op.doc, "body", a.Expr, r.trigger.op.answered(r.status))
		for _, p := range b.places[n:] {
			p.answers = true
		}
		for _, k := range b.brackets[m:] {
			k.answers = true
		}
	}
}

// givenIn notes what an attribute gives the things of a kind that an integration declares, or the project.
func (b *base) givenIn(k *block, attr, kind, integration string) {
	a := k.Body.Attributes[attr]
	if a == nil {
		return
	}
	o, _ := a.Expr.(*hclsyntax.ObjectConsExpr)
	if o == nil {
		return
	}
	for _, item := range o.Items {
		g := &given{block: k, attr: attr, object: o, key: keyOf(item), item: item}
		if d := b.declared(kind, integration, g.key); d != nil {
			g.needed = kind == "input" && d.Body.Attributes["default"] == nil
			g.doc, g.schema = b.declaredType(d)
			b.given = append(b.given, g)
		}
	}
}

// declared is the block that declares an input, an output, a state or a variable.
func (b *base) declared(kind, integration, name string) *block {
	for _, k := range b.main.blocks {
		if k.Type == kind && k.label() == name && (kind == "variable" || k.integration == "integration "+integration) {
			return k
		}
	}
	return nil
}

// declaredType is what it declares: by its type, or by its value.
func (b *base) declaredType(k *block) (*document, any) {
	if a := k.Body.Attributes["type"]; a != nil {
		return b.main.typed(a.Expr)
	}
	if a := k.Body.Attributes["value"]; a != nil {
		return b.main.valueOf(&scope{block: k, integration: k.integration, vars: map[string]any{}}, a.Expr)
	}
	return nil, nil
}

// valueOf is what an expression gives, as far as that can be told without types.
func (b *base) valueOf(in *scope, e hclsyntax.Expression) (*document, any) {
	switch e := e.(type) {
	case *hclsyntax.ParenthesesExpr:
		return b.valueOf(in, e.Expression)
	case *hclsyntax.ScopeTraversalExpr:
		names := namesOf(e.Traversal)
		switch {
		case len(names) == 3 && names[0] == "for_each" && (names[2] == "count" || names[2] == "succeeded" || names[2] == "failed" || names[2] == "skipped"):
			return ownTypes, object{"type": "integer"}
		case len(names) == 3 && names[0] == "step" && names[2] == "value":
			for _, k := range b.blocks {
				if k.Type == "step" && k.integration == in.integration && k.label() == names[1] && k.Body.Attributes["value"] != nil && len(k.parents) == 1 {
					return b.valueOf(&scope{block: k, integration: k.integration, vars: map[string]any{}}, k.Body.Attributes["value"].Expr)
				}
			}
			return nil, nil
		}
		_, d, schema := b.resolve(in, names)
		return d, schema
	case *hclsyntax.TemplateExpr:
		return ownTypes, object{"type": "string"}
	case *hclsyntax.BinaryOpExpr:
		switch e.Op {
		case hclsyntax.OpEqual, hclsyntax.OpNotEqual, hclsyntax.OpLogicalAnd, hclsyntax.OpLogicalOr, hclsyntax.OpLessThan, hclsyntax.OpGreaterThan:
			return ownTypes, object{"type": "boolean"}
		}
	case *hclsyntax.UnaryOpExpr:
		if e.Op == hclsyntax.OpLogicalNot {
			return ownTypes, object{"type": "boolean"}
		}
	case *hclsyntax.FunctionCallExpr:
		switch e.Name {
		case "len":
			return ownTypes, object{"type": "integer"}
		case "must":
			return b.valueOf(in, e.Args[0])
		}
	case *hclsyntax.ForExpr:
		if e.KeyExpr == nil {
			with, _ := b.bound(in, e)
			if d, schema := b.valueOf(with, e.ValExpr); schema != nil {
				return d, object{"type": "array", "items": schema}
			}
		}
	}
	return nil, nil
}

// typed is a type of the language as a schema; nil where it cannot be told.
func (b *base) typed(e hclsyntax.Expression) (*document, any) {
	switch e := e.(type) {
	case *hclsyntax.ScopeTraversalExpr:
		names := namesOf(e.Traversal)
		if kind := map[string]string{"string": "string", "integer": "integer", "number": "number", "bool": "boolean"}[names[0]]; len(names) == 1 && kind != "" {
			return ownTypes, object{"type": kind}
		}
		return b.named(names)
	case *hclsyntax.FunctionCallExpr:
		return ownTypes, b.constructed(e)
	}
	return nil, nil
}

func (b *base) constructed(e *hclsyntax.FunctionCallExpr) any {
	if len(e.Args) == 0 {
		return nil
	}
	part := func(x hclsyntax.Expression) any {
		if d, schema := b.typed(x); d == ownTypes {
			return schema
		}
		return nil
	}
	switch e.Name {
	case "list":
		return object{"type": "array", "items": part(e.Args[0])}
	case "map":
		return object{"type": "object", "additionalProperties": part(e.Args[0])}
	case "enum":
		var members []any
		for _, a := range e.Args {
			if s, ok := literal(a); ok {
				members = append(members, s)
			}
		}
		return object{"type": "string", "enum": members}
	case "object":
		o, ok := e.Args[0].(*hclsyntax.ObjectConsExpr)
		if !ok {
			return nil
		}
		properties, required := object{}, []any{}
		for _, item := range o.Items {
			value := item.ValueExpr
			if call, ok := value.(*hclsyntax.FunctionCallExpr); ok && call.Name == "optional" {
				value = call.Args[0]
			} else {
				required = append(required, keyOf(item))
			}
			properties[keyOf(item)] = part(value)
		}
		return object{"type": "object", "properties": properties, "required": required}
	case "string", "integer", "number":
		out := object{"type": e.Name}
		if o, ok := e.Args[0].(*hclsyntax.ObjectConsExpr); ok {
			for _, item := range o.Items {
				if s, ok := literal(item.ValueExpr); ok && keyOf(item) == "format" {
					out["format"] = s
				}
			}
		}
		return out
	}
	return nil
}

// started follows the names that only tests and triggers see, and inputs: to what the rest of names is of.
func (b *base) started(in *scope, names []string) (*document, any, []string) {
	if len(names) < 2 {
		return nil, nil, nil
	}
	own := strings.TrimPrefix(in.integration, "integration ")
	if tested := testOf(in.block); tested != "" {
		own = tested
	}
	declared := func(kind, integration, name string) (*document, any) {
		if k := b.declared(kind, integration, name); k != nil {
			return b.declaredType(k)
		}
		return nil, nil
	}
	switch names[0] {
	case "request":
		if in.mock != nil {
			return in.mock.op.doc, in.mock.op.asked(), names[1:]
		}
	case "calls":
		if len(names) >= 3 && b.specs[names[1]] != nil {
			if op := b.specs[names[1]].operation(names[2]); op != nil {
				asked := op.asked()
				asked["properties"].(object)["status"] = object{"type": []any{"integer", "null"}}
				return op.doc, object{"type": "array", "items": asked}, names[3:]
			}
		}
	case "outputs":
		d, schema := declared("output", own, names[1])
		return d, schema, names[2:]
	case "state":
		d, schema := declared("state", own, names[1])
		return d, schema, names[2:]
	case "input":
		d, schema := declared("input", own, names[1])
		return d, schema, names[2:]
	case "trigger":
		switch t := in.trigger; {
		case t == nil:
		case names[1] == "body":
			return t.doc, t.body, names[2:]
		case names[1] == "params" && t.op != nil:
			return t.op.doc, t.op.asked(), names[1:]
		case names[1] == "outputs" && len(names) > 2:
			d, schema := declared("output", t.after, names[2])
			return d, schema, names[3:]
		}
	}
	return nil, nil, nil
}

// asked is what can be read of a request, as a schema.
func (o *operation) asked() object {
	params, required := object{}, []any{}
	for _, p := range o.params {
		params[p.name] = p.schema
		if p.required {
			required = append(required, p.name)
		}
	}
	out := object{
		"params":  object{"type": "object", "properties": params, "required": required},
		"headers": object{"type": "object", "additionalProperties": object{"type": "string"}},
	}
	if o.body != nil {
		out["body"] = o.body
	}
	return object{"type": "object", "properties": out, "required": []any{"params", "headers"}}
}

// has reports whether r stands in the block k.
func (k *block) has(r hcl.Range) bool { return within(r, whole(k)) }
