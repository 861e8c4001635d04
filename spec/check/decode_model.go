package check

import (
	"strings"
	"time"

	"tenon/spec/lang"
	"tenon/spec/model"
	"tenon/spec/syntax"
)

// literal returns an attribute's value; its default, if it is not there or could not be read.
func literal[T any](d *decoder, n *node, name string) model.Lit[T] {
	if a := n.attrs[name]; a != nil {
		if v, ok := a.value.(model.Lit[T]); ok {
			return v
		}
	}
	v, _ := d.fallback(n.decl, n.decl.Attr(name)).(model.Lit[T])
	return model.Lit[T]{Value: v.Value}
}

// fallback reads the declared default of an attribute, or returns nil.
func (d *decoder) fallback(owner *lang.Block, a *lang.Attr) any {
	if a.Default == "" {
		return nil
	}
	if v, known := d.defaults[a]; known {
		return v
	}
	f, problems := syntax.Parse("", []byte(a.Name+" = "+a.Default))
	quiet := &decoder{file: f}
	v := quiet.value(owner, a, f.Body.Attribute(a.Name).Expr)
	if len(problems)+len(quiet.diags) > 0 {
		panic("this is a bug in Tenon: the default of " + owner.Name + "." + a.Name + " is not a value it can have")
	}
	d.defaults[a] = v
	return v
}

func (n *node) expr(name string) *syntax.Expr {
	if a := n.attrs[name]; a != nil {
		e, _ := a.value.(*syntax.Expr)
		return e
	}
	return nil
}

func (n *node) callRef(name string) *model.CallRef {
	if a := n.attrs[name]; a != nil {
		c, _ := a.value.(*model.CallRef)
		return c
	}
	return nil
}

func (n *node) integrationRef(name string) *model.IntegrationRef {
	if a := n.attrs[name]; a != nil {
		r, _ := a.value.(*model.IntegrationRef)
		return r
	}
	return nil
}

// one returns the only block of a type inside n, or nil.
func (n *node) one(decl string) *node {
	for _, b := range n.blocks {
		if b.decl.Name == decl {
			return b
		}
	}
	return nil
}

func (d *decoder) project(p *model.Project, root *node) {
	for _, n := range root.blocks {
		switch n.decl.Name {
		case "api":
			p.APIs = append(p.APIs, d.api(n))
		case "schema":
			p.Schemas = append(p.Schemas, &model.Schema{Decl: n.declared(), File: literal[string](d, n, "file"), Type: n.expr("type")})
		case "variable":
			p.Variables = append(p.Variables, &model.Variable{
				Decl: n.declared(), Type: n.expr("type"), Default: n.expr("default"), Description: literal[string](d, n, "description"),
			})
		case "secret":
			p.Secrets = append(p.Secrets, &model.Secret{
				Decl: n.declared(), Env: literal[string](d, n, "env"), File: literal[string](d, n, "file"), Command: literal[[]string](d, n, "command"),
			})
		case "mapping":
			p.Mappings = append(p.Mappings, mappingOf(n))
		case "integration":
			p.Integrations = append(p.Integrations, d.integration(n))
		}
	}
}

func (d *decoder) api(n *node) *model.API {
	out := &model.API{
		Decl: n.declared(), Spec: literal[string](d, n, "spec"), Overlays: literal[[]model.Lit[string]](d, n, "overlays"), Server: n.expr("server"), Headers: n.expr("headers"),
		Timeout: literal[time.Duration](d, n, "timeout"), Validate: literal[string](d, n, "validate"),
		OnUnknown: literal[string](d, n, "on_unknown"),
	}
	if strings.HasPrefix(out.Spec.Value, "https://") || strings.HasPrefix(out.Spec.Value, "http://") {
		d.diags.Add(lang.AttributeValue, out.Spec.Range, "A spec is a file of the project. `tenon add %s %s` downloads it.", out.Name, out.Spec.Value)
		out.Spec = model.Lit[string]{}
	}
	for _, b := range n.blocks {
		switch b.decl.Name {
		case "auth":
			out.Auths = append(out.Auths, d.auth(b))
		case "tls":
			out.TLS = &model.TLS{Decl: b.declared(), CA: b.expr("ca"), Cert: b.expr("cert"), Key: b.expr("key")}
		case "limit":
			out.Limits = append(out.Limits, d.limit(b))
		case "retry":
			out.Retry = d.retry(b)
		case "operation":
			out.Operations = append(out.Operations, &model.Operation{
				Decl: b.declared(), Request: literal[string](d, b, "request"), Params: b.expr("params"), Body: b.expr("body"), Response: b.expr("response"),
				ContentType: literal[string](d, b, "content_type"), ResponseType: literal[string](d, b, "response_type"), Description: literal[string](d, b, "description"),
			})
		case "idempotency":
			out.Idempotency = &model.Idempotency{Decl: b.declared(), Header: literal[string](d, b, "header")}
			if h := out.Idempotency.Header; h.Set && !isToken(h.Value) {
				d.diags.Add(lang.AttributeValue, h.Range, "%q is not the name of a header.", h.Value)
				out.Idempotency.Header = model.Lit[string]{}
			}
		}
	}
	return out
}

func (d *decoder) limit(n *node) *model.Limit {
	return &model.Limit{
		Decl: n.declared(), Rate: literal[model.Rate](d, n, "rate"), Burst: literal[int](d, n, "burst"), Concurrency: literal[int](d, n, "concurrency"),
	}
}

func (d *decoder) auth(n *node) *model.Auth {
	out := &model.Auth{
		Decl: n.declared(), Type: literal[string](d, n, "type"), In: literal[string](d, n, "in"), Param: literal[string](d, n, "name"),
		Grant: literal[string](d, n, "grant"), ClientAuth: literal[string](d, n, "client_auth"), Algorithm: literal[string](d, n, "algorithm"),
		Encoding: literal[string](d, n, "encoding"), KeyEncoding: literal[string](d, n, "key_encoding"), Timing: literal[string](d, n, "timestamp"),
	}
	for _, a := range n.written(n.decl.AttrNames()) {
		switch name := a.decl.Name; {
		case name == "type" || name == "in" || name == "name":
		case a.decl.Kind == lang.Expression:
			if e := n.expr(name); e != nil {
				out.Attrs = append(out.Attrs, &model.Attr{Name: name, NameRange: a.NameRange, Value: e})
			}
		default:
			out.Literals = append(out.Literals, &model.Literal{Name: name, NameRange: a.NameRange, Range: a.Expr.Range})
		}
	}
	if a := n.attrs["scopes"]; a != nil {
		elements, _ := a.Expr.List()
		for _, e := range elements {
			if v, ok := e.Literal(); ok {
				if text, ok := v.(string); ok {
					out.Scopes = append(out.Scopes, model.Lit[string]{Value: text, Range: e.Range, Set: true})
				}
			}
		}
	}
	return out
}

func (d *decoder) retry(n *node) *model.Retry {
	if n == nil {
		return nil
	}
	return &model.Retry{
		Decl: n.declared(), Attempts: literal[int](d, n, "attempts"), Backoff: literal[string](d, n, "backoff"),
		Initial: literal[time.Duration](d, n, "initial"), Max: literal[time.Duration](d, n, "max"), On: literal[[]string](d, n, "on"),
	}
}

func mappingOf(n *node) *model.Mapping {
	out := &model.Mapping{Decl: n.declared(), To: n.expr("to"), Value: n.expr("value")}
	if from := n.attrs["from"]; from != nil {
		out.From, _ = from.value.([]model.Param)
	}
	return out
}

func (d *decoder) integration(n *node) *model.Integration {
	out := &model.Integration{
		Decl: n.declared(), Description: literal[string](d, n, "description"), Timeout: literal[time.Duration](d, n, "timeout"),
		Overlap: literal[string](d, n, "overlap"), Lock: n.expr("lock"), Body: d.items(n),
	}
	for _, b := range n.blocks {
		switch b.decl.Name {
		case "input":
			out.Inputs = append(out.Inputs, &model.Input{
				Decl: b.declared(), Type: b.expr("type"), Default: b.expr("default"), Description: literal[string](d, b, "description"),
			})
		case "state":
			out.States = append(out.States, &model.State{Decl: b.declared(), Type: b.expr("type"), Initial: b.expr("initial"), Next: b.expr("next")})
		case "output":
			out.Outputs = append(out.Outputs, &model.Output{Decl: b.declared(), Value: b.expr("value")})
		case "trigger":
			out.Triggers = append(out.Triggers, d.trigger(b))
		case "on_failure":
			out.OnFailure = &model.OnFailure{Decl: b.declared(), Body: d.items(b)}
		}
	}
	return out
}
