package check

import (
	"slices"
	"strings"
	"time"

	"tenon/spec/lang"
	"tenon/spec/model"
	"tenon/spec/syntax"
)

func (d *decoder) trigger(n *node) *model.Trigger {
	out := &model.Trigger{
		Decl: n.declared(), Kind: n.chosen(),
		Cron: literal[string](d, n, "cron"), Every: literal[time.Duration](d, n, "every"), Timezone: literal[string](d, n, "timezone"),
		CatchUp: literal[string](d, n, "catch_up"), Jitter: literal[time.Duration](d, n, "jitter"),
		Path: literal[string](d, n, "path"), Body: n.expr("body"), Key: n.expr("key"),
		On: literal[string](d, n, "on"), When: n.expr("when"), Inputs: n.expr("inputs"),
		Operation: n.callRef("operation"), Timeout: literal[time.Duration](d, n, "timeout"), Cache: literal[time.Duration](d, n, "cache"),
	}
	if a := n.attrs["webhook"]; a != nil {
		out.Webhook, _ = a.value.(*model.WebhookRef)
	}
	if a := n.attrs["integration"]; a != nil {
		out.Integration, _ = a.value.(*model.IntegrationRef)
	}
	d.triggerNeeds(n, out.Kind)
	for _, b := range n.blocks {
		if kind := lang.InTrigger[b.decl.Name]; out.Kind != "" && out.Kind != kind {
			d.diags.Add(lang.UnknownBlock, b.block.TypeRange, "%q stands only in a trigger %q.", b.decl.Name, kind)
			continue
		}
		switch b.decl.Name {
		case "verify":
			out.Verify = d.verify(b)
		case "challenge":
			out.Challenge = &model.Challenge{
				Decl: b.declared(), Query: literal[string](d, b, "query"), TokenQuery: literal[string](d, b, "token_query"), Token: b.expr("token"),
			}
		case "auth":
			out.Auths = append(out.Auths, d.auth(b))
		case "limit":
			out.Limits = append(out.Limits, d.limit(b))
		case "respond":
			out.Responds = append(out.Responds, d.respond(b))
		}
	}
	if out.Kind == "operation" && len(out.Responds) == 0 && !d.file.Broken(n.block.Range) {
		d.missing(n, "A trigger %q needs a %q block: what its client is answered.", "operation", "respond").Explain("respond { status = … } names a status that the document declares, and gives the body.")
	}
	return out
}

func (d *decoder) respond(n *node) *model.Respond {
	out := &model.Respond{
		Decl: n.declared(), On: literal[string](d, n, "on"), When: n.expr("when"), Status: literal[int](d, n, "status"),
		Headers: n.expr("headers"), Body: n.expr("body"), ContentType: literal[string](d, n, "content_type"),
	}
	if n.wrong("on") {
		out.On.Value = "" // it may be meant for any run
	}
	if s := out.Status; s.Set && s.Value > 599 {
		d.diags.Add(lang.AttributeValue, s.Range, "%d is no status of an answer: they go from 200 to 599.", s.Value)
		out.Status = model.Lit[int]{}
	}
	return out
}

// chosen is the block's first label, if it is one of its choices.
func (n *node) chosen() string {
	if len(n.block.Labels) == 0 || !slices.Contains(n.decl.Labels[0].Choices, n.block.Labels[0].Text) {
		return ""
	}
	return n.block.Labels[0].Text
}

// wrong reports whether an attribute is written, and could not be read.
func (n *node) wrong(name string) bool { return n.attrs[name] != nil && n.attrs[name].value == nil }

// triggerNeeds reports what a kind of trigger lacks.
func (d *decoder) triggerNeeds(n *node, kind string) {
	if d.file.Broken(n.block.Range) {
		return
	}
	alternatives := map[string][]string{"schedule": {"cron", "every"}, "webhook": {"body", "webhook"}}[kind]
	if written := n.written(alternatives); len(written) > 1 {
		d.diags.Add(lang.AttributeValue, written[1].NameRange, "%q and %q do not go together.", written[0].decl.Name, written[1].decl.Name).
			Relate(written[0].NameRange, "the first one")
	}
	need := map[string]string{"webhook": "path", "completion": "integration", "operation": "operation"}[kind]
	switch {
	case kind == "schedule" && len(n.written(alternatives)) == 0:
		d.missing(n, "A schedule needs %q or %q.", "cron", "every")
	case need != "" && n.attrs[need] == nil:
		d.missing(n, "A trigger %q needs %q: %s.", kind, need, n.decl.Attr(need).Kind.Phrase()).Detail = n.decl.Attr(need).Doc
	}
}

// verifyNeeds are the attributes without which a method cannot verify anything.
var verifyNeeds = map[string][]string{
	"stripe": {"secret"}, "github": {"secret"}, "slack": {"secret"}, "shopify": {"secret"}, "standard_webhooks": {"secret"},
	"hmac": {"secret", "header"}, "basic": {"username", "password"}, "bearer": {"token"},
}

func (d *decoder) verify(n *node) *model.Verify {
	out := &model.Verify{
		Decl: n.declared(), Header: literal[string](d, n, "header"), Algorithm: literal[string](d, n, "algorithm"),
		Encoding: literal[string](d, n, "encoding"), Prefix: literal[string](d, n, "prefix"), Timestamp: literal[string](d, n, "timestamp"),
		Tolerance: literal[time.Duration](d, n, "tolerance"),
	}
	for _, a := range n.written([]string{"secret", "username", "password", "token"}) {
		if e := n.expr(a.decl.Name); e != nil {
			out.Attrs = append(out.Attrs, &model.Attr{Name: a.decl.Name, NameRange: a.NameRange, Value: e})
		}
	}
	for _, name := range verifyNeeds[n.chosen()] {
		if n.attrs[name] == nil && !d.file.Broken(n.block.Range) {
			d.missing(n, "verify %q needs %q.", n.chosen(), name).Detail = n.decl.Attr(name).Doc
		}
	}
	return out
}

// integrationRef reads integration.NAME.
func (d *decoder) integrationRef(a *lang.Attr, e *syntax.Expr) *model.IntegrationRef {
	steps, ok := e.Traversal()
	if ok && len(steps) == 2 && steps[0].Index == nil && steps[0].Name == "integration" && steps[1].Name != "" {
		return &model.IntegrationRef{Name: steps[1].Name, NameRange: steps[1].Range, Range: e.Range}
	}
	f := d.wrong(a, e)
	f.Detail = ""
	v, _ := e.Literal()
	name, isText := v.(string)
	if word, ok := e.Keyword(); ok {
		name, isText = word, true
	}
	if name = strings.TrimPrefix(name, "integration."); isText && identifier(name) {
		rewritten(f, e, "integration."+name)
	}
	return nil
}

// webhookRef reads API.webhooks["NAME"].
func (d *decoder) webhookRef(a *lang.Attr, e *syntax.Expr) *model.WebhookRef {
	steps, ok := e.Traversal()
	if ok && len(steps) == 3 && steps[0].Index == nil && steps[1].Name == "webhooks" && steps[1].Index == nil && steps[2].Name != "" {
		return &model.WebhookRef{
			API: steps[0].Name, APIRange: steps[0].Range, Name: steps[2].Name, NameRange: steps[2].Range,
			Quoted: steps[2].Index != nil, Range: e.Range,
		}
	}
	d.wrong(a, e).Detail = "The name of an api, and one of the webhooks that its document declares."
	return nil
}
