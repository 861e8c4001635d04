package exec

import (
	"context"
	"fmt"
	"slices"
	"strconv"

	"tenon/runtime/event"
	"tenon/runtime/secret"
	"tenon/spec/expression"
	"tenon/spec/plan"
	"tenon/spec/types"
)

// trigger is a plan's trigger, compiled.
type trigger struct {
	plan   *plan.Trigger
	when   *code
	key    *code
	inputs *value
	verify map[string]*code // secrets of a webhook's sender
	token  *code            // of a challenge
	// Of a served operation:
	responds []*responder
	proofs   map[string]map[string]*code // by scheme and attribute
}

func (c *compiler) triggers(list []*plan.Trigger) map[string]*trigger {
	outer, all := c.uses, c.all
	out := map[string]*trigger{}
	for _, t := range list {
		x := &trigger{plan: t, when: c.code(t.When), inputs: c.value("inputs", t.Inputs, t.Guard), verify: map[string]*code{}}
		if w := t.Webhook; w != nil {
			x.key = c.code(w.Key)
			if w.Verify != nil {
				for name, e := range w.Verify.Secrets {
					x.verify[name] = c.code(e)
				}
			}
			if w.Challenge != nil {
				x.token = c.code(w.Challenge.Token)
			}
		}
		if o := t.Operation; o != nil {
			x.proofs = map[string]map[string]*code{}
			for scheme, proof := range o.Auth {
				x.proofs[scheme] = map[string]*code{}
				for name, e := range proof.Attrs {
					x.proofs[scheme][name] = c.code(e)
				}
			}
			for _, r := range o.Responds {
				x.responds = append(x.responds, c.responder(r))
			}
		}
		out[t.Name] = x
	}
	c.uses, c.all = outer, all // nothing that a run reads
	return out
}

// Fired is what a trigger makes of something that happened.
type Fired struct {
	Start  bool           // its condition holds
	Key    string         // what identifies a delivery; "": nothing
	Inputs map[string]any // of the run to start
}

// Fire computes what a trigger starts. seen is what its expressions see as `trigger`; in gives the variables
// and secrets of the project. clock answers now() and uuid().
func (p *Program) Fire(ctx context.Context, name string, seen map[string]any, in Inputs, clock expression.Runtime) (*Fired, *event.Failure) {
	ready := p.awake()
	t := ready.triggers[name]
	s, f := ready.aside(ctx, "trigger."+name, in, clock)
	if f != nil {
		return nil, &f.Failure
	}
	s.env["trigger"] = seen
	out := &Fired{Start: true, Inputs: map[string]any{}}
	if t.key != nil {
		if out.Key, f = s.identity(t.key); f != nil {
			return nil, &f.Failure
		}
	}
	if t.when != nil {
		if out.Start, f = s.condition(t.when); f != nil || !out.Start {
			return out, failure(f)
		}
	}
	if t.inputs.code != nil {
		v, f := s.guarded(t.inputs, event.InvalidInput)
		if f != nil {
			return nil, &f.Failure
		}
		values, _ := v.(map[string]any)
		for name, v := range values {
			if !types.IsMissing(v) {
				out.Inputs[name] = v
			}
		}
	}
	return out, nil
}

func failure(f *fault) *event.Failure {
	if f == nil {
		return nil
	}
	return &f.Failure
}

// Credentials computes the secrets with which a webhook's sender proves itself: those of its verify block by
// attribute, and as "challenge" the token of its challenge.
func (p *Program) Credentials(ctx context.Context, name string, in Inputs, clock expression.Runtime) (map[string]secret.Value, *event.Failure) {
	ready := p.proving(name)
	if len(ready.variables) == 0 {
		in.Variables = nil // none are needed, even if the plan has some
	}
	t := ready.triggers[name]
	s, f := ready.aside(ctx, "trigger."+name, in, clock)
	if f != nil {
		return nil, &f.Failure
	}
	out := map[string]secret.Value{}
	for name, c := range t.verify {
		if out[name], f = s.text(name, c); f != nil {
			return nil, &f.Failure
		}
	}
	if t.token != nil {
		out["challenge"], f = s.text("token", t.token)
	}
	return out, failure(f)
}

// proving is as much of p as a trigger's credentials need: mostly so little that p may rest.
func (p *Program) proving(name string) *prepared {
	alone := &plan.Plan{Version: plan.Version, Integration: p.outline.Integration, Steps: &plan.Block{}}
	for _, t := range p.outline.Triggers {
		if t.Name != name {
			continue
		}
		alone.Triggers = []*plan.Trigger{t}
		for _, x := range t.Exprs() {
			if slices.ContainsFunc(x.Uses, func(u expression.Use) bool { return u.Key != "secret" }) {
				return p.awake()
			}
		}
	}
	ready, err := prepare(alone)
	if err != nil {
		panic("this is a bug in Tenon: " + err.Error())
	}
	return ready
}

func (s *scope) text(name string, c *code) (secret.Value, *fault) {
	v, f := s.eval(c)
	if f != nil {
		return secret.Value{}, f
	}
	text, ok := v.(string)
	if !ok {
		return secret.Value{}, s.fail(event.InvalidInput, c.expr.Range, "%s must be a string, and it is %s", name, types.Shapeof(v))
	}
	return secret.New(text), nil
}

// identity is a key as text.
func (s *scope) identity(c *code) (string, *fault) {
	v, f := s.eval(c)
	switch v := v.(type) {
	case string:
		return v, f
	case int:
		return strconv.Itoa(v), f
	case bool:
		return fmt.Sprint(v), f
	}
	if f == nil {
		f = s.fail(event.Expression, c.expr.Range, "the key is %s", types.Shapeof(v))
	}
	return "", f
}

// aside is a scope for expressions that are no part of a run.
func (p *prepared) aside(ctx context.Context, step string, in Inputs, clock expression.Runtime) (*scope, *fault) {
	if in.Redactor == nil {
		in.Redactor = &secret.Redactor{}
	}
	r := &run{p: p, in: in, secrets: make(map[string]any, len(in.Secrets))}
	for name, v := range in.Secrets {
		r.secrets[name] = v.Reveal()
		in.Redactor.Add(v.Reveal())
	}
	s := &scope{run: r, ctx: ctx, step: step}
	s.env = map[string]any{expression.HostKey: clock}
	return s, r.bind(s, "var", "variable", p.variables, in.Variables)
}
