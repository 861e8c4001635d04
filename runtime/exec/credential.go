package exec

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"tenon/runtime/event"
	"tenon/runtime/transport"
	"tenon/runtime/transport/auth"
	"tenon/spec/expression"
	"tenon/spec/plan"
	"tenon/spec/types"
)

// credential is how one credential of an API is made.
type credential struct {
	plan   *plan.Auth
	attrs  map[string]*code
	text   *code    // of a signing
	fields []*value // of a signing
}

func (c *compiler) credential(a *plan.Auth) *credential {
	out := &credential{plan: a, attrs: map[string]*code{}}
	for name, e := range a.Attrs {
		out.attrs[name] = c.code(e)
	}
	if a.Signing != nil {
		out.text = c.code(a.Signing.Text)
		for _, p := range a.Signing.Fields {
			out.fields = append(out.fields, c.value(p.Name, p.Value, p.Guard))
		}
	}
	return out
}

// credentials makes those of an API.
func (r *run) credentials(s *scope, a *api, t *target) *fault {
	for _, scheme := range slices.Sorted(maps.Keys(a.auth)) {
		c := a.auth[scheme]
		values, f := r.attributes(s, c)
		if f != nil {
			return f
		}
		g := auth.Given{API: a.plan.Name, Auth: c.plan, Values: values, TLS: t.tls, Mocked: r.in.Servers[a.plan.Name] != ""}
		if c.text != nil {
			g.Signer = &signer{c, r.signingEnv(s)}
		}
		made, err := r.host.Credential(g)
		if err != nil {
			return s.fail(event.InvalidInput, c.plan.Range, "auth %q: %s", scheme, err)
		}
		t.credentials[scheme] = made
	}
	return nil
}

// attributes computes the values of a credential's attributes: text that is not empty, objects where the
// type takes them.
func (r *run) attributes(s *scope, c *credential) (map[string]any, *fault) {
	values := make(map[string]any, len(c.attrs))
	for _, name := range slices.Sorted(maps.Keys(c.attrs)) {
		v, f := s.eval(c.attrs[name])
		if f != nil {
			return nil, f
		}
		text, isText := v.(string)
		_, isObject := v.(map[string]any)
		switch {
		case isObject && (name == "claims" || name == "token_params"):
		case isText && text != "" && name == "key" && !strings.Contains(text, "\x00"): // in PEM it has many lines
		case isText && text != "" && !strings.ContainsAny(text, "\r\n\x00"):
		default:
			return nil, s.fail(event.InvalidInput, c.attrs[name].expr.Range, "%s of auth %q must be a string, not empty and on one line; it is %s", name, c.plan.Scheme, types.Shapeof(v))
		}
		values[name] = v
	}
	return values, nil
}

// secure reads an API's tls block.
func (r *run) secure(s *scope, a *api, t *target) *fault {
	if a.plan.TLS == nil || r.in.Servers[a.plan.Name] != "" { // a mock is reached as it is
		return nil
	}
	var parts [3]string
	for i, c := range a.tls {
		if c == nil {
			continue
		}
		v, f := s.eval(c)
		if f != nil {
			return f
		}
		parts[i], _ = v.(string)
	}
	var err error
	if t.tls, err = transport.ParseTLS(parts[0], parts[1], parts[2]); err != nil {
		return s.fail(event.InvalidInput, a.plan.TLS.Range, "tls of API %q: %s", a.plan.Name, err)
	}
	return nil
}

// signingEnv is what the expressions of a signing see beside the request.
func (r *run) signingEnv(s *scope) map[string]any {
	return map[string]any{"var": s.env["var"], "secret": r.secrets}
}

// signer computes what a credential of type hmac says.
type signer struct {
	c   *credential
	env map[string]any
}

func (x *signer) compute(c *code, request map[string]any, signature any) (string, error) {
	env := maps.Clone(x.env)
	env["request"], env["signature"] = request, signature
	v, err := c.prog.Run(env, expression.Limits{})
	if err != nil {
		var e *expression.RunError
		if errors.As(err, &e) {
			return "", errors.New(e.Message)
		}
		return "", err
	}
	switch v := v.(type) {
	case string:
		return v, nil
	case int, float64, bool:
		return fmt.Sprint(v), nil
	}
	return "", fmt.Errorf("what is to be signed with is %s, not text", types.Shapeof(v))
}

func (x *signer) Text(request map[string]any) (string, error) {
	return x.compute(x.c.text, request, types.Missing)
}

func (x *signer) Fields(request map[string]any, signature string) ([]auth.Field, error) {
	var out []auth.Field
	for i, f := range x.c.fields {
		text, err := x.compute(f.code, request, signature)
		if err != nil {
			return nil, err
		}
		if strings.ContainsAny(text, "\r\n\x00") {
			return nil, fmt.Errorf("%s would have several lines", f.name)
		}
		out = append(out, auth.Field{In: x.c.plan.Signing.Fields[i].In, Name: f.name, Text: text})
	}
	return out, nil
}
