package check

import (
	"fmt"
	"slices"
	"strings"

	"tenon/spec/diag"
	"tenon/spec/expression"
	"tenon/spec/lang"
	mediatype "tenon/spec/media"
	"tenon/spec/model"
	"tenon/spec/openapi"
	"tenon/spec/plan"
	"tenon/spec/source"
	"tenon/spec/syntax"
	"tenon/spec/types"
)

// request types what a step (or the fallback of one, with settings nil) sends: parameters, headers and
// body against what the operation takes.
func (f *flow) request(n *stage, c *call, r *model.Request, settings *model.Step, at site) *answer {
	op := c.op
	f.deprecated(op, c.ref.OperationRange)
	api := f.planned(op.api)
	out := &plan.Call{
		API: op.api.model.Name, Operation: op.ID, Method: op.Method, Path: sentPath(op.Path),
		Security: f.security(op, c.ref.Range), Origin: op.Origin, Range: c.ref.Range,
		Safe: op.safe(), Idempotent: op.idempotent(), Limits: declaredLimit(op.RateLimit),
	}
	if out.Operation == "" {
		out.Operation = op.Method + " " + op.Path
	}
	f.ownServer(op, out)
	if settings != nil {
		out.Timeout = settings.Timeout.Value
		out.Safe = out.Safe || settings.Safe.Value
		out.Idempotent = out.Idempotent || out.Safe || settings.Idempotent.Value
	}
	f.keyed(op, r, settings, out, at)
	out.Idempotent = out.Idempotent || out.IdempotencyHeader != ""
	f.params(op, c, r, out, at)
	f.body(op, c, r, out, at)
	f.setRetry(op, out, settings, api)
	f.doubtful(op, out, settings, c.ref.Range)
	a := f.answerOf(n, op, out, settings)
	f.answers = append(f.answers, a)
	return a
}

// ownServer notes the server of an operation that has one of its own, unless the author names a server
// for the whole api.
func (f *flow) ownServer(op *operation, out *plan.Call) {
	if len(op.Servers) == 0 || op.api.model.Server != nil {
		return
	}
	if t, ok := f.fillServer(op.api, op.Servers[0], nil, out.Range); ok && absolute(t.text) {
		out.Server = f.constantServer(op.api, t.text, out.Range)
	}
}

// params types parameters and headers. A declared header may be given among either.
func (f *flow) params(op *operation, c *call, r *model.Request, out *plan.Call, at site) {
	given := map[*openapi.Parameter]bool{}
	items, _ := f.written(r.Params, "params")
	for _, i := range items {
		p, _ := op.parameter(i.Key)
		if p == nil {
			f.unknownParameter(op, i.Key, i.KeyRange, quotedKey(i, r.Params))
			f.loose(at, i.Value)
			f.forgive(op, i.Key, given)
			continue
		}
		if given[p] {
			f.diags.Add(lang.DuplicateName, i.KeyRange, "The parameter %q is already given.", p.Name)
			continue
		}
		given[p] = true
		f.param(op, p, i, out, at)
	}
	headers, _ := f.written(r.Headers, "headers")
	for _, i := range headers {
		if p := op.header(i.Key); p != nil && !given[p] {
			given[p] = true
			f.param(op, p, i, out, at)
			continue
		}
		f.header(i, out, at)
	}
	f.missingParams(op, c, r, out, given)
}

// quotedKey reports whether a key is written in quotes.
func quotedKey(i syntax.Item, in *syntax.Expr) bool {
	return strings.HasPrefix(in.File().Text(i.KeyRange), `"`)
}

// header finds a declared header parameter.
func (o *operation) header(name string) *openapi.Parameter {
	for _, p := range o.Parameters {
		if p.In == "header" && strings.EqualFold(p.Name, name) {
			return p
		}
	}
	return nil
}

// forgive marks what a misspelt name most likely meant as given, so that it is reported once.
func (f *flow) forgive(op *operation, name string, given map[*openapi.Parameter]bool) {
	var names []string
	for _, p := range op.Parameters {
		names = append(names, p.Name)
	}
	near := diag.Nearest(name, names)
	for _, p := range op.Parameters {
		if p.Name == near {
			given[p] = true
		}
	}
}

func (f *flow) param(op *operation, p *openapi.Parameter, i syntax.Item, out *plan.Call, at site) {
	what := fmt.Sprintf("parameter %q of %s", p.Name, op.name())
	want := expression.Want{Type: sentAs(p), What: what, AsText: p.ContentType == "", Optional: !p.Required}
	if !p.Required {
		want.Type = want.Type.With(types.Absent)
	}
	if p.Deprecated {
		f.diags.Add(lang.DeprecatedOperation, i.KeyRange, "The parameter %q of %s is deprecated by its provider.", p.Name, op.name()).
			Relate(f.locate(p.Origin), "declared here")
	}
	x := f.expr(i.Value, at, want)
	if x == nil {
		return
	}
	f.nested(p, x, i.Value.Range, what)
	if strings.HasPrefix(x.Source, "url_encode(") && p.ContentType == "" && p.In != "header" {
		f.diags.Add(lang.EncodedTwice, i.Value.Range, "%s is escaped when it is sent; url_encode(…) escapes it twice.", capital(what)).
			Explain("Give the value as it is.")
	}
	out.Params = append(out.Params, &plan.Param{
		Name: p.Name, In: p.In, Style: p.Style, Explode: p.Explode, AllowReserved: p.AllowReserved, ContentType: p.ContentType,
		Required: p.Required, Value: x, Guard: guard(x, what),
	})
}

// sentAs is the type of what can be sent as a parameter. What is required must be seen: a list without
// elements, or an exploded object without properties, is not written at all. An exploded object in the query
// has no name of its own there, each of its properties is a parameter by itself: so one that is not declared
// is as unknown as any other parameter would be.
func sentAs(p *openapi.Parameter) *types.Type {
	exploded := p.In == "query" && p.Style == "form" && p.Explode && p.Type.May(types.Object)
	listed := p.Required && p.In != "path" && p.Type.May(types.Array)
	if p.ContentType != "" || !exploded && !listed {
		return p.Type
	}
	t := p.Type
	if listed {
		t = withElements(t)
	}
	if !exploded {
		return t
	}
	shape := *t.Shape()
	shape.Objects = explodedFields(shape.Objects, p.Required)
	out := types.New(&shape)
	out.Name, out.Origin = p.Type.Name, p.Type.Origin
	return out
}

func explodedFields(all []*types.Fields, required bool) []*types.Fields {
	out := make([]*types.Fields, len(all))
	for i, f := range all {
		sent := &types.Fields{
			Name: f.Name, Properties: f.Properties, Openness: f.Openness, Additional: f.Additional, Patterns: f.Patterns,
			MinCount: f.MinCount, MaxCount: f.MaxCount,
		}
		if sent.Openness == types.Unstated && len(f.Properties) > 0 {
			sent.Openness = types.Closed
		}
		if required {
			sent.MinCount = max(1, f.MinCount)
		}
		out[i] = sent
	}
	return out
}

// seenLists is the type of a form in which lists must be seen: in a form, a list without elements cannot be
// told from one with an empty text. Of the properties it looks only at those that are required, or given: the
// forms of some providers have very many.
func seenLists(t *types.Type, body *syntax.Expr) *types.Type {
	given := map[string]bool{}
	items, _, literal := body.Object()
	for _, i := range items {
		given[i.Key] = true
	}
	shape := *t.Shape()
	if shape.Untyped || len(shape.Objects) == 0 {
		return t
	}
	shape.Objects = slices.Clone(shape.Objects)
	for i, f := range shape.Objects {
		sent := &types.Fields{
			Name: f.Name, Properties: slices.Clone(f.Properties), Openness: f.Openness, Additional: f.Additional, Patterns: f.Patterns,
			MinCount: f.MinCount, MaxCount: f.MaxCount,
		}
		for j, p := range sent.Properties {
			if (p.Required || given[p.Name] || !literal) && p.Type.May(types.Array) && !p.Type.May(types.String) && !p.Type.Shape().Untyped {
				q := *p
				q.Type = withElements(p.Type)
				sent.Properties[j] = &q
			}
		}
		shape.Objects[i] = sent
	}
	out := types.New(&shape)
	out.Name, out.Origin = t.Name, t.Origin
	return out
}

// withElements is t with lists that are not empty.
func withElements(t *types.Type) *types.Type {
	shape := *t.Shape()
	lists := shape.Arrays
	if lists == nil {
		lists = []*types.List{{MaxLen: -1}}
	}
	shape.Arrays = make([]*types.List, len(lists))
	for i, l := range lists {
		sent := *l
		sent.MinLen = max(1, l.MinLen)
		shape.Arrays[i] = &sent
	}
	out := types.New(&shape)
	out.Name, out.Origin = t.Name, t.Origin
	return out
}

// nested reports what no style of parameters can write: a list or an object in a list or an object.
func (f *flow) nested(p *openapi.Parameter, x *plan.Expr, at source.Range, what string) {
	if p.ContentType != "" || p.Style == "deepObject" || !p.Type.May(types.Array|types.Object) {
		return
	}
	tell := func(part string, t *types.Type) {
		if t == nil || t.Shape().Untyped || t.Shape().Invalid || !t.May(types.Array|types.Object) {
			return
		}
		d := f.diags.Add(expression.TypeMismatch, at, "%s can hold single values only, but %s is %s.", capital(what), part, t.Without(types.Absent|types.Null).Phrase())
		d.Relate(f.locate(p.Origin), "declared here")
		if t.May(types.Scalar | types.Absent) {
			d.Severity = diag.Note
		}
	}
	s := x.Type.Shape()
	for _, o := range s.Objects {
		for _, property := range o.Properties {
			tell(quote(property.Name), property.Type)
		}
	}
	for _, l := range s.Arrays {
		if l.Items != nil {
			tell("an element", l.Items)
		}
		for _, t := range l.Prefix {
			tell("an element", t)
		}
	}
}

// header types a header that the spec does not declare.
func (f *flow) header(i syntax.Item, out *plan.Call, at site) {
	if !isToken(i.Key) {
		f.badType(i.KeyRange, "%q is not the name of a header.", i.Key)
		return
	}
	what := fmt.Sprintf("header %q", i.Key)
	x := f.expr(i.Value, at, expression.Want{Type: headerType, What: what, AsText: true, Optional: true, SecretOK: true})
	if x == nil {
		return
	}
	if carriesCredential(i.Key) {
		f.literalCredential(x, i.Value.Range, what, true)
	}
	out.Headers = append(out.Headers, &plan.Param{Name: i.Key, In: "header", Style: "simple", Value: x, Guard: guard(x, what)})
}

// missingParams reports required parameters that nothing gives: neither params nor headers, nor the
// api's own headers and credentials.
func (f *flow) missingParams(op *operation, c *call, r *model.Request, out *plan.Call, given map[*openapi.Parameter]bool) {
	place := c.ref.Range
	if r.Params != nil {
		_, brace, ok := r.Params.Object()
		if !ok {
			return // cannot be told
		}
		place = brace
	}
	for _, p := range op.Parameters {
		if !p.Required || given[p] || f.elsewhere(op, p, out) {
			continue
		}
		d := f.diags.Add(lang.MissingParameter, place, "%s requires the parameter %q, which is not given.", op.name(), p.Name)
		d.Explain("It is %s%s.", p.Type.Phrase(), map[string]string{"path": ", part of the path", "header": ", a header", "cookie": ", a cookie"}[p.In])
		d.Relate(f.locate(p.Origin), "required here")
	}
}

// elsewhere reports whether the api gives a parameter with every request.
func (f *flow) elsewhere(op *operation, p *openapi.Parameter, out *plan.Call) bool {
	api := op.api.plan
	if p.In == "header" && out.IdempotencyHeader != "" && strings.EqualFold(p.Name, out.IdempotencyHeader) {
		return true
	}
	for _, name := range out.Security {
		if a := api.Auth[name]; a.Type == "api_key" && a.In == p.In && strings.EqualFold(a.Name, p.Name) {
			return true
		}
	}
	return p.In == "header" && slices.ContainsFunc(api.Headers, func(h *plan.Param) bool { return strings.EqualFold(h.Name, p.Name) })
}

// body types the content of a request.
func (f *flow) body(op *operation, c *call, r *model.Request, out *plan.Call, at site) {
	switch {
	case r.Body == nil && op.Body != nil && op.Body.Required:
		d := f.missingBody(op, c.ref.Range)
		d.Relate(f.locate(op.Body.Origin), "required here")
		return
	case r.Body == nil:
		if r.ContentType.Set {
			f.diags.Add(lang.MediaType, r.ContentType.Range, "There is no body that could be of type %q.", r.ContentType.Value)
		}
		return
	case op.Body == nil:
		f.diags.Add(lang.BodyNotTaken, r.Body.Range, "%s takes no body.", op.name()).Relate(f.locate(op.Origin), "declared here")
		f.loose(at, r.Body)
		return
	}
	media, name := f.chooseContent(op, c, r)
	if media == nil {
		f.loose(at, r.Body)
		return
	}
	what := "the body of " + op.name()
	want := expression.Want{Type: media.Value(types.Request), What: what, Missing: c.ref.Range}
	if strings.HasPrefix(name, "application/x-www-form-urlencoded") {
		want.Type = seenLists(want.Type, r.Body)
	}
	before := len(f.diags)
	x := f.expr(r.Body, at, want)
	f.asExemplified(media, want.Type, r.Body, f.diags[before:])
	if x == nil {
		return
	}
	if strings.HasPrefix(x.Source, "jsonencode(") && isJSON(name) && x.Type.Is(types.String) && media.Type.Shape().Untyped {
		f.diags.Add(lang.EncodedTwice, r.Body.Range, "The body of %s is written as JSON; jsonencode(…) makes it one JSON string.", op.name()).
			Explain("Give the value as it is.")
	}
	out.Body = &plan.Body{ContentType: name, Value: x, Guard: guard(x, what), Fields: x.Fields}
	out.Body.Type, out.Body.XML, out.Body.Encoding = layout(media)
	if form := mediatype.FormOf(name); form != mediatype.XML {
		out.Body.Type = nil
		if form == mediatype.CSV || form == mediatype.TSV {
			out.Body.Columns = media.Columns()
		}
	}
}

func (f *flow) missingBody(op *operation, at source.Range) *diag.Diagnostic {
	d := f.diags.Add(expression.MissingProperty, at, "%s requires a body, which is not given.", op.name())
	if m := chooseMedia(op.Body.Content); m != nil {
		var required []string
		for _, name := range m.Type.PropertyNames() {
			if p := m.Type.Field(name).Property; p != nil && p.Required {
				required = append(required, name)
			}
		}
		switch {
		case len(required) > 0:
			d.Explain("Write body = { … } with at least %s.", listed(required))
		default:
			d.Explain("It is %s.", m.Type.Phrase())
		}
	}
	return d
}

// chooseContent picks the media type that the body is written in, and how it is sent.
func (f *flow) chooseContent(op *operation, c *call, r *model.Request) (*openapi.MediaType, string) {
	offered := mediaNames(op.Body.Content)
	if r.ContentType.Set {
		name := r.ContentType.Value
		m := matching(op.Body.Content, name)
		switch {
		case m == nil:
			near := diag.Nearest(name, offered)
			d := f.diags.Add(lang.MediaType, r.ContentType.Range, "%s does not take a body of type %q.", op.name(), name)
			d.Suggest(near, quote(near)).Explain("It takes %s.", listed(offered)).Relate(f.locate(op.Body.Origin), "declared here")
			return nil, ""
		case !supported(name):
			f.diags.Add(lang.MediaType, r.ContentType.Range, "Bodies of type %q cannot be written.", name).
				Explain("What can be written is %s.", mediatype.Writable)
			return nil, ""
		}
		return m, name
	}
	m := chooseMedia(op.Body.Content)
	if m == nil {
		f.diags.Add(lang.MediaType, c.ref.Range, "%s takes a body of type %s, which cannot be written.", op.name(), listed(offered)).
			Explain("What can be written is %s.", mediatype.Writable).
			Relate(f.locate(op.Body.Origin), "declared here")
		return nil, ""
	}
	return m, concrete(m.Name)
}

// doubtful notes a write that cannot be sent again when its outcome is unknown, unless that is accepted.
func (f *flow) doubtful(op *operation, out *plan.Call, settings *model.Step, at source.Range) {
	if settings != nil && settings.Recover != nil {
		return
	}
	if out.Idempotent || op.api.model.OnUnknown.Set {
		return
	}
	f.diags.Add(lang.InDoubtWrite, at, "If the answer to %s is lost, nobody knows whether it happened: the run stops in doubt.", op.name()).
		Explain("A %[1]s may not be sent again. If the provider takes idempotency keys, write idempotency { header = … } in api %[2]q; a recover block can find out; if sending it twice is harmless, write idempotent = true; on_unknown = \"stop\" on api %[2]q accepts it.", op.Method, op.api.model.Name).
		Relate(f.locate(op.Origin), "declared here")
}

// setRetry resolves how often a call is tried, and warns of a resend that would be refused.
func (f *flow) setRetry(op *operation, out *plan.Call, settings *model.Step, api *plan.API) {
	var own *model.Retry
	if settings != nil {
		own = settings.Retry
	}
	out.Retry = retry(op.api.model.Retry, own)
	if out.Retry == nil && out.Idempotent {
		out.Retry = defaultRetry()
	}
	if own == nil || !own.On.Set || out.Idempotent {
		return
	}
	var refused []string
	for _, on := range own.On.Value {
		if on != "429" {
			refused = append(refused, quote(on))
		}
	}
	if len(refused) > 0 {
		f.diags.Add(lang.UnsafeRetry, own.On.Range, "%s will not be sent again after %s: it may have been carried out.", op.name(), listed(refused)).
			Explain("A %s that got no clear answer may have had its effect, and sending it again could repeat it. It is sent again only where nothing had been sent yet, or the provider refused it (429). "+
				"If sending it twice is harmless, say so: idempotent = true.", op.Method).
			Relate(f.locate(op.Origin), "declared here")
	}
}

// sentPath is a path without the fragment by which documents tell operations apart that are one to a server.
func sentPath(path string) string {
	path, _, _ = strings.Cut(path, "#")
	return path
}
