package check

import (
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"tenon/spec/expression"
	"tenon/spec/lang"
	"tenon/spec/media"
	"tenon/spec/model"
	"tenon/spec/openapi"
	"tenon/spec/plan"
	"tenon/spec/source"
	"tenon/spec/types"
)

// served is an operation that a trigger serves, while it is typed.
type served struct {
	*builder
	trigger *model.Trigger
	op      *operation // nil: unknown, which has been reported
	out     *plan.Operation
}

// operationTrigger resolves the operation of a trigger; sees is what a request of it has.
func (b *builder) operationTrigger(t *model.Trigger) (s *served, sees []*types.Property) {
	s = &served{builder: b, trigger: t, out: &plan.Operation{Timeout: t.Timeout.Value, Auth: map[string]*plan.Proof{}}}
	if t.Operation != nil {
		s.op = b.operation(t.Operation)
	}
	if s.op == nil {
		if t.Operation != nil {
			if a := b.apis[t.Operation.API]; a != nil {
				a.partly = true
			}
		}
		for _, name := range []string{"params", "headers", "query", "body"} {
			sees = append(sees, property(name, types.Invalid))
		}
		return s, sees
	}
	b.deprecated(s.op, t.Operation.Range)
	s.out.API, s.out.Name, s.out.Method, s.out.Path = s.op.api.model.Name, s.op.Name().String(), s.op.Method, sentPath(s.op.Path)
	s.out.Origin, s.out.Bases = s.op.Origin, b.bases(s.op)
	s.out.KeyHeader, _ = keyHeader(s.op)
	s.takeRoute()
	texts := types.MapOf(types.AnyString)
	return s, []*types.Property{
		property("params", s.params()), property("headers", texts), property("query", texts), property("body", s.body()),
	}
}

// bases are the paths below which an operation is served: those of the server that the api block names, else of
// all that the document declares for the operation.
func (b *builder) bases(op *operation) []string {
	servers := op.Servers
	if len(servers) == 0 {
		servers = op.api.doc.Servers()
	}
	if e := op.api.model.Server; e != nil {
		if items, _, ok := e.Object(); ok {
			for _, i := range items {
				if i.Key == "url" {
					e = i.Value
				}
			}
		}
		if v, ok := e.Literal(); ok {
			if text, ok := v.(string); ok {
				servers = []openapi.Server{sameServer(servers, text)}
			}
		}
	}
	var out []string
	for _, s := range servers {
		raw, err := s.Expand(nil)
		if err != nil {
			continue
		}
		u, err := url.Parse(raw)
		if err != nil {
			continue
		}
		base := strings.TrimRight(u.EscapedPath(), "/")
		if base != "" && base[0] != '/' {
			base = "/" + base
		}
		if !contains(out, base) {
			out = append(out, base)
		}
	}
	if out == nil {
		out = []string{""}
	}
	return out
}

// takeRoute notes where the operation is served, and reports what is served there already.
func (s *served) takeRoute() {
	a := s.op.api
	at := s.trigger.Operation.Range
	if a.served == nil {
		a.served = map[string]source.Range{}
	}
	key := s.op.Name().Key()
	if first, taken := a.served[key]; taken {
		s.diags.Add(lang.PathConflict, at, "Another trigger implements %s.", s.op.name()).
			Explain("A request is answered by one run. What differs from case to case stands in the integration: a switch, or steps with when.").Relate(first, "the first one")
		return
	}
	a.served[key] = at
	for _, base := range s.out.Bases {
		path := base + shapeOf(s.out.Path)
		route := s.out.Method + " " + path
		if first, taken := s.routes[route]; taken {
			s.diags.Add(lang.PathConflict, at, "Another trigger serves %s %s.", s.out.Method, base+s.out.Path).
				Explain("Of two documents that are served, the servers must have paths of their own: servers: [{url: /v1}].").Relate(first, "the first one")
			return
		}
		s.routes[route] = at
		if first, taken := s.paths[strings.TrimRight(path, "/")]; taken {
			s.diags.Add(lang.PathConflict, at, "A webhook has the path %s.", base+s.out.Path).Relate(first, "here")
			return
		}
		s.servedAt[strings.TrimRight(path, "/")] = at
	}
}

// shapeOf is a path template without the names of its parameters.
func shapeOf(path string) string {
	var out strings.Builder
	for {
		before, after, found := strings.Cut(path, "{")
		out.WriteString(before)
		if !found {
			return out.String()
		}
		out.WriteString("{}")
		_, path, _ = strings.Cut(after, "}")
	}
}

// params is the type of trigger.params.
func (s *served) params() *types.Type {
	var out []*types.Property
	for _, p := range s.op.Parameters {
		key := p.Name
		if slices.ContainsFunc(s.op.Parameters, func(q *openapi.Parameter) bool { return q.Name == p.Name && q.In != p.In }) {
			key = p.In + ":" + p.Name
		}
		t := p.Type.Without(types.Absent)
		taken := &plan.TakenParam{
			Key: key, Name: p.Name, In: p.In, Style: p.Style, Explode: p.Explode, ContentType: p.ContentType, Required: p.Required, Type: t,
		}
		if v, ok := s.op.api.doc.Default(p.Origin); ok && !p.Required && len(t.Check(v)) == 0 {
			if text, err := types.AppendJSON(nil, v); err == nil {
				taken.Default = json.RawMessage(text)
			}
		}
		if !p.Required && taken.Default == nil {
			t = t.With(types.Absent)
		}
		s.out.Params = append(s.out.Params, taken)
		out = append(out, &types.Property{Name: key, Type: t, Required: !t.May(types.Absent), Origin: p.Origin})
	}
	return types.ObjectOf(out...)
}

// body is the type of trigger.body: that of any of the media types that can be read.
func (s *served) body() *types.Type {
	declared := s.op.Body
	if declared == nil || len(declared.Content) == 0 {
		return types.JustAbsent
	}
	s.out.Body = &plan.TakenBody{Required: declared.Required}
	var all []*types.Type
	for _, m := range declared.Content {
		if !supported(m.Name) {
			continue
		}
		value := m.Value(types.Request)
		c := &plan.TakenContent{ContentType: m.Name, Type: value, Schema: m.Type}
		switch media.FormOf(m.Name) {
		case media.XML:
			if !value.Is(types.String) {
				c.XML = m.XML()
			}
		case media.URLForm, media.Multipart:
			c.Encoding = encodings(m)
		}
		s.out.Body.Content = append(s.out.Body.Content, c)
		all = append(all, value)
	}
	if len(all) == 0 {
		s.diags.Add(lang.MediaType, s.trigger.Operation.Range, "%s takes a body of type %s, which cannot be read.", s.op.name(), listed(mediaNames(declared.Content))).
			Relate(s.locate(declared.Origin), "declared here")
		return types.Invalid
	}
	if !declared.Required {
		all = append(all, types.JustAbsent)
	}
	return types.Union(all...)
}

// rely sees to it that a request is held against what was taken for granted of it: where a part of it has several
// alternatives, that one lacks what only another declares.
func (s *served) rely(exprs []*plan.Expr) {
	body, params := [][]string{}, map[string][][]string{}
	for _, x := range exprs {
		if x == nil {
			continue
		}
		for _, u := range x.Uses {
			path := u.Path
			if u.Key != "trigger" || len(path) == 0 {
				continue
			}
			if u.Shallow {
				path = with(path, kindOnly)
			}
			switch {
			case path[0] == "body":
				body = append(body, path[1:])
			case path[0] == "params" && len(path) > 1:
				params[path[1]] = append(params[path[1]], path[2:])
			}
		}
	}
	if s.out.Body != nil {
		for _, c := range s.out.Body.Content {
			c.Type = relied(c.Type, body)
		}
	}
	for _, p := range s.out.Params {
		p.Type = relied(p.Type, params[p.Key])
	}
}

// relied is t without the values that lack what reading paths relies on.
func relied(t *types.Type, paths [][]string) *types.Type {
	if len(paths) == 0 || t == nil || t.Shape().Untyped || t.Shape().Invalid {
		return t
	}
	slices.SortFunc(paths, slices.Compare)
	part := types.Project(t, slices.CompactFunc(paths, slices.Equal))
	if types.VerdictOf(types.Assign(t, part)) == types.Proven {
		return t
	}
	return types.Intersect(t, part)
}

// complete types what stands in the trigger beside its inputs; scope is where trigger is known.
func (s *served) complete(scope *expression.Scope, m *model.Integration, p *plan.Plan) {
	s.responds(scope, m, p)
	s.out.Limits = nil
	for _, l := range s.trigger.Limits {
		s.out.Limits = append(s.out.Limits, &plan.Limit{Count: l.Rate.Value.Count, Per: l.Rate.Value.Per, Burst: l.Burst.Value, Concurrency: l.Concurrency.Value})
	}
	if s.op == nil {
		for _, a := range s.trigger.Auths {
			s.loosely(a)
		}
		return
	}
	s.auth()
	if c := s.trigger.Cache; c.Set {
		if s.out.Cache = c.Value; !s.op.safe() {
			s.diags.Add(lang.AttributeValue, c.Range, "The answers of %s cannot be kept: a %s may have an effect, and a kept answer has none.", s.op.name(), s.op.Method).
				Explain("Only operations that are safe by their method (GET) can have cache.")
		}
	}
}

// serves gives the plan what it must know of an api whose operation it serves.
func (s *served) serves(p *plan.Plan) {
	if s.op == nil {
		return
	}
	a := s.op.api
	if p.Serves == nil {
		p.Serves = map[string]*plan.Serving{}
	}
	if p.Serves[a.model.Name] != nil {
		return
	}
	out := &plan.Serving{Name: a.model.Name, Spec: a.model.Spec.Value, Bases: s.bases(&operation{Operation: &openapi.Operation{}, api: a}), Range: a.model.Header}
	if a.model.Spec.Set {
		out.Digest = a.doc.Digest
		for _, o := range a.doc.Overlays() {
			out.Overlays = append(out.Overlays, &plan.Overlay{File: o.Name, Digest: o.Digest})
		}
	}
	for _, name := range a.operationList() {
		out.Operations = append(out.Operations, name.Method+" "+sentPath(name.Path))
	}
	p.Serves[a.model.Name] = out
}

// unimplemented reports, once for an api, the operations that nothing serves where others are served.
func (b *builder) unimplemented() {
	for _, m := range b.project.APIs {
		a := b.apis[m.Name]
		if a.model != m || a.served == nil || a.partly {
			continue
		}
		var missing []string
		for _, name := range a.operationList() {
			if _, ok := a.served[name.Key()]; !ok {
				missing = append(missing, name.String())
			}
		}
		if len(missing) == 0 {
			continue
		}
		d := b.diags.Add(lang.OperationUnimplemented, m.NameRange, "Api %q is served, but no trigger implements %s.", m.Name, listed(missing))
		d.Explain("A client that calls %s is answered 501.", map[bool]string{true: "it", false: "them"}[len(missing) == 1])
		for _, key := range keys(a.served) {
			d.Relate(a.served[key], "%s is served", key)
			break
		}
	}
}

// what names an answer for messages.
func (s *served) what(status int) string { return fmt.Sprintf("answer %d of %s", status, s.op.name()) }
