package check

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"tenon/spec/diag"
	"tenon/spec/expression"
	"tenon/spec/lang"
	"tenon/spec/model"
	"tenon/spec/openapi"
	"tenon/spec/plan"
	"tenon/spec/source"
	"tenon/spec/types"
)

// triggers types what starts the integrations. What a completion sees is known only when all integrations
// are planned, so this comes after them.
func (b *builder) triggers(plans map[string]*plan.Plan) {
	for _, m := range b.project.Integrations {
		before := b.diags.Count(diag.Error)
		p := plans[m.Name]
		for _, t := range m.Triggers {
			out, serving := b.trigger(m, t, plans)
			if p == nil {
				continue
			}
			p.Triggers = append(p.Triggers, out)
			b.define(p, out.Exprs()...)
			if serving != nil {
				serving.serves(p)
			}
		}
		if b.diags.Count(diag.Error) > before {
			delete(plans, m.Name)
		}
	}
	b.circles()
	b.unimplemented()
}

// circles reports integrations that start each other in turn without end.
func (b *builder) circles() {
	follows := map[string]*model.Trigger{} // what starts an integration when another ends
	for _, m := range b.project.Integrations {
		for _, t := range m.Triggers {
			if t.Integration != nil {
				follows[m.Name] = t
			}
		}
	}
	seen := map[string]bool{}
	for _, m := range b.project.Integrations {
		chain := []string{m.Name}
		for t := follows[m.Name]; t != nil && len(chain) <= len(follows); t = follows[t.Integration.Name] {
			chain = append([]string{t.Integration.Name}, chain...)
			if t.Integration.Name == m.Name && len(chain) > 2 && !seen[m.Name] {
				for _, name := range chain {
					seen[name] = true
				}
				b.diags.Add(expression.Cycle, t.Integration.Range, "The integrations start each other without end: %s.", strings.Join(chain, " → "))
			}
		}
	}
}

// trigger types one trigger. serving is not nil for one that serves an operation.
func (b *builder) trigger(m *model.Integration, t *model.Trigger, plans map[string]*plan.Plan) (out *plan.Trigger, serving *served) {
	out = &plan.Trigger{Kind: t.Kind, Name: t.Name, Range: t.Header}
	sees := []*types.Property{property("time", types.AnyTime)}
	switch t.Kind {
	case "schedule":
		out.Schedule = b.schedule(t)
	case "webhook":
		out.Webhook = b.webhook(t)
		body := types.Any
		if out.Webhook.Body != nil {
			body = out.Webhook.Body
		}
		texts := types.MapOf(types.AnyString)
		sees = append(sees, property("body", body), property("headers", texts), property("query", texts))
	case "completion":
		out.Completion = &plan.Completion{On: t.On.Value}
		sees = append(sees, property("status", types.Enum("succeeded", "failed", "in_doubt", "canceled")), property("outputs", b.completed(m, t, out, plans)))
	case "operation":
		s, request := b.operationTrigger(t)
		serving, out.Operation = s, s.out
		sees = append(sees, request...)
	}
	scope := expression.NewScope(b.globals)
	seen := &expression.Name{Name: "trigger", Key: "trigger", Type: types.ObjectOf(sees...)}
	if t.Kind == "" { // which has been reported
		seen.Type = types.Invalid
		if t.Verify != nil {
			b.verify(t.Verify)
		}
		for _, a := range t.Auths {
			b.loosely(a)
		}
	}
	scope.Define(seen)
	scope.Define(&expression.Name{Name: "input", Gone: "A trigger comes before the inputs: it says what they are, in inputs."})
	b.triggerExprs(m, t, out, scope)
	if serving != nil {
		serving.complete(scope, m, plans[m.Name])
		serving.rely(out.Exprs())
	}
	return out, serving
}

// triggerExprs types the expressions that see the trigger. What holds where `when` does, inputs rely on.
func (b *builder) triggerExprs(m *model.Integration, t *model.Trigger, out *plan.Trigger, scope *expression.Scope) {
	what := fmt.Sprintf("of trigger %q", t.Name)
	if t.Key != nil && out.Webhook != nil {
		key := b.check(b.tree(t.Key), scope, expression.Want{Type: switchable, What: "key " + what})
		out.Webhook.Key = key
		if key != nil && !key.Type.Shape().Invalid && !strings.Contains(key.Source, "(") && !slices.ContainsFunc(key.Uses, func(u expression.Use) bool { return u.Key == "trigger" }) {
			b.badType(t.Key.Range, "The key of trigger %q is the same for every delivery, so that all but the first would be dropped.", t.Name).
				Explain("A key tells deliveries apart, as in key = trigger.body.id.")
		}
	}
	if t.When != nil {
		out.When = b.check(b.tree(t.When), scope, expression.Want{Type: types.AnyBoolean, What: "when " + what})
		if tree := b.tree(t.When); tree != nil && out.When != nil {
			scope = tree.Assume(scope, true)
		}
	}
	inputs := b.inputsType(m)
	if t.Inputs != nil {
		out.Inputs = b.check(b.tree(t.Inputs), scope, expression.Want{Type: inputs, What: "inputs " + what})
		out.Guard = guard(out.Inputs, "inputs "+what)
		return
	}
	var missing []string
	for _, in := range m.Inputs {
		if in.Default == nil {
			missing = append(missing, in.Name)
		}
	}
	if len(missing) > 0 {
		b.diags.Add(lang.MissingAttribute, t.OpenBrace, "Integration %q needs %s, and the trigger gives no inputs.", m.Name, listed(missing)).
			Explain("Add inputs = { %s = … }.", missing[0])
	}
}

// inputsType is an object of an integration's inputs; those with a default may be left out.
func (b *builder) inputsType(m *model.Integration) *types.Type {
	var props []*types.Property
	for _, in := range m.Inputs {
		t := types.Invalid
		if p := b.given[in]; p != nil {
			t = p.Type
		}
		p := &types.Property{Name: in.Name, Type: t, Required: in.Default == nil}
		if !p.Required {
			p.Type = t.With(types.Absent)
		}
		props = append(props, p)
	}
	return types.ObjectOf(props...)
}

func (b *builder) schedule(t *model.Trigger) *plan.Schedule {
	s := &plan.Schedule{Every: t.Every.Value, CatchUp: t.CatchUp.Value, Jitter: t.Jitter.Value}
	if t.Cron.Set {
		s.Cron, s.Timezone = t.Cron.Value, t.Timezone.Value
		if _, err := plan.ParseCron(s.Cron); err != nil {
			b.diags.Add(lang.CronSyntax, t.Cron.Range, "%q is no schedule: %s.", s.Cron, err)
		}
		if _, err := time.LoadLocation(s.Timezone); err != nil || s.Timezone == "Local" {
			b.diags.Add(lang.AttributeValue, t.Timezone.Range, "There is no time zone %q.", s.Timezone).
				Explain(`Time zones have names such as "Europe/Berlin" or "UTC".`)
		}
	}
	return s
}

func (b *builder) webhook(t *model.Trigger) *plan.Webhook {
	w := &plan.Webhook{Path: t.Path.Value, Content: []string{"application/json", form}}
	switch {
	case !t.Path.Set:
	case !strings.HasPrefix(w.Path, "/") || strings.ContainsAny(w.Path, "?#{}* "):
		d := b.diags.Add(lang.AttributeValue, t.Path.Range, "A path starts with a slash and has no query, placeholder or space: \"/hooks/shop\".")
		if !strings.ContainsAny(w.Path, "?#{}*: ") {
			d.Fix = &diag.Edit{Range: t.Path.Range, New: quote("/" + w.Path)}
		}
	default:
		b.takePath(t)
	}
	if t.Body != nil {
		w.Body, w.What = b.typeOf(t.Body, types.Response), t.Body.Text()
	} else if t.Webhook != nil {
		b.declaredWebhook(t.Webhook, w)
	}
	if t.Verify == nil {
		b.diags.Add(lang.WebhookUnverified, t.Header, "Anybody who knows its path can start trigger %q.", t.Name).
			Explain("Add a verify block: the provider's documentation says how it signs. verify \"none\" {} says that this is meant.")
	} else {
		w.Verify = b.verify(t.Verify)
	}
	if c := t.Challenge; c != nil {
		w.Challenge = &plan.Challenge{Query: c.Query.Value, TokenQuery: c.TokenQuery.Value}
		if c.Token != nil {
			w.Challenge.Token = b.check(b.tree(c.Token), b.settings, expression.Want{Type: types.AnyString, What: "token of challenge", SecretOK: true})
		}
	}
	return w
}

// takePath reports a path that another webhook has.
func (b *builder) takePath(t *model.Trigger) {
	path := strings.TrimRight(t.Path.Value, "/")
	if first, taken := b.paths[path]; taken {
		b.diags.Add(lang.PathConflict, t.Path.Range, "Another webhook has the path %s.", t.Path.Value).Relate(first, "the first one")
		return
	}
	if first, taken := b.servedAt[path]; taken {
		b.diags.Add(lang.PathConflict, t.Path.Range, "An operation is served at %s.", t.Path.Value).Relate(first, "here")
		return
	}
	b.paths[path] = t.Path.Range
}

func (b *builder) declaredWebhook(ref *model.WebhookRef, w *plan.Webhook) {
	a := b.apis[ref.API]
	if a == nil {
		b.unknownAPI(ref.API, ref.APIRange)
		return
	}
	b.use(&a.model.Decl)
	w.Body = types.Invalid
	if a.doc == nil {
		return
	}
	declared, ok := a.doc.Webhook(ref.Name)
	if !ok {
		b.unknownWebhook(a, ref)
		return
	}
	w.Body, w.What = nil, fmt.Sprintf("%s.webhooks[%q]", ref.API, ref.Name)
	if declared.Body == nil {
		return
	}
	if m := chooseMedia(declared.Body.Content); m != nil {
		w.Body = m.Value(types.Response)
		w.Content = contentNames(declared.Body.Content, m)
	}
}

// contentNames lists the media types of a body, the chosen one first.
func contentNames(content []*openapi.MediaType, chosen *openapi.MediaType) []string {
	names := []string{chosen.Name}
	for _, m := range content {
		if m != chosen && supported(m.Name) && isJSON(m.Name) == isJSON(chosen.Name) {
			names = append(names, m.Name)
		}
	}
	return names
}

func (b *builder) unknownWebhook(a *api, ref *model.WebhookRef) {
	names := a.doc.WebhookNames()
	d := b.diags.Add(expression.UnknownReference, ref.NameRange, "The document of api %q declares no webhook %q.", ref.API, ref.Name)
	near := diag.Nearest(ref.Name, names)
	written := near
	if ref.Quoted {
		written = quote(near)
	}
	d.Suggest(near, written)
	switch {
	case near != "":
	case len(names) == 0:
		d.Explain("It declares none. Say what the body is: body = %s.schemas.NAME.", ref.API)
	default:
		d.Explain("It declares %s.", listed(names))
	}
	b.unresolved = append(b.unresolved, ref.Name)
}

// verify types the secrets with which a webhook's sender proves itself.
func (b *builder) verify(m *model.Verify) *plan.Verify {
	v := &plan.Verify{Method: m.Name, Secrets: map[string]*plan.Expr{}, Range: m.Decl.Header}
	switch m.Name {
	case "hmac":
		v.Header, v.Algorithm, v.Encoding, v.Prefix, v.Timestamp = m.Header.Value, m.Algorithm.Value, m.Encoding.Value, m.Prefix.Value, m.Timestamp.Value
		v.Tolerance = m.Tolerance.Value
	case "stripe", "slack", "standard_webhooks":
		v.Tolerance = m.Tolerance.Value
	}
	for _, attr := range m.Attrs {
		what := fmt.Sprintf("%s of verify %q", attr.Name, m.Name)
		x := b.check(b.tree(attr.Value), b.settings, expression.Want{Type: types.AnyString, What: what, SecretOK: true})
		if x == nil {
			continue
		}
		if attr.Name != "username" {
			b.literalCredential(x, attr.Value.Range, what, false)
		}
		v.Secrets[attr.Name] = x
	}
	return v
}

// completed is what the runs of another integration give.
func (b *builder) completed(m *model.Integration, t *model.Trigger, out *plan.Trigger, plans map[string]*plan.Plan) *types.Type {
	ref := t.Integration
	if ref == nil {
		return types.Invalid
	}
	out.Completion.Integration = ref.Name
	other := b.integrationNamed(ref.Name, ref.NameRange)
	switch {
	case other == nil:
		return types.Invalid
	case other == m:
		b.diags.Add(expression.Cycle, ref.Range, "Integration %q would start itself again each time it ends.", m.Name)
		return types.Invalid
	}
	p := plans[ref.Name]
	if p == nil {
		return types.Invalid // it has errors of its own
	}
	var props []*types.Property
	for _, o := range p.Outputs {
		t := o.Value.Type
		if out.Completion.On != "succeeded" {
			t = t.With(types.Absent)
		}
		props = append(props, property(o.Name, t))
	}
	return types.ObjectOf(props...)
}

// integrationNamed finds an integration of the project; what is wrong is reported.
func (b *builder) integrationNamed(name string, at source.Range) *model.Integration {
	var names []string
	for _, m := range b.project.Integrations {
		if m.Name == name {
			return m
		}
		names = append(names, m.Name)
	}
	b.unknown("integration", name, at, names)
	return nil
}
