package check

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"tenon/spec/diag"
	"tenon/spec/expression"
	"tenon/spec/lang"
	"tenon/spec/media"
	"tenon/spec/model"
	"tenon/spec/openapi"
	"tenon/spec/plan"
	"tenon/spec/source"
	"tenon/spec/syntax"
	"tenon/spec/types"
)

// answeredFailure is `error` in a respond block.
var answeredFailure = types.ObjectOf(
	property("kind", enumOf(lang.FailureKinds)), property("step", types.AnyString), property("message", types.AnyString), property("attempts", atLeast(0)),
	property("status", statusType.With(types.Absent)),
)

// responds types the answers. Where a condition did not hold, the blocks after it know.
func (s *served) responds(scope *expression.Scope, m *model.Integration, p *plan.Plan) {
	outputs := types.Invalid // the integration has errors of its own
	if p != nil {
		var props []*types.Property
		for _, o := range p.Outputs {
			props = append(props, property(o.Name, kept(o.Value.Type, 0)))
		}
		outputs = types.ObjectOf(props...)
	}
	ended := map[string]*expression.Scope{}
	for _, on := range []string{"succeeded", "failed"} {
		x := expression.NewScope(scope)
		if on == "succeeded" {
			x.Define(&expression.Name{Name: "outputs", Key: "outputs", Type: outputs, Range: m.Header})
			x.Define(&expression.Name{Name: "error", Gone: `There is an error only in a respond block with on = "failed".`})
		} else {
			x.Define(&expression.Name{Name: "error", Key: "error", Type: answeredFailure})
			x.Define(&expression.Name{Name: "outputs", Gone: "A run that failed has no outputs: this block has on = \"failed\"."})
		}
		ended[on] = x
	}
	always := map[string]source.Range{}
	count := map[string]int{}
	wrong := false
	for _, r := range s.trigger.Responds {
		on := r.On.Value
		if on == "" {
			unknown := expression.NewScope(scope)
			unknown.Define(&expression.Name{Name: "outputs", Key: "outputs", Type: types.Invalid})
			unknown.Define(&expression.Name{Name: "error", Key: "error", Type: types.Invalid})
			s.loosen(unknown, r.When, r.Headers, r.Body)
			wrong = true
			continue
		}
		count[on]++
		if first, settled := always[on]; settled {
			s.diags.Add(lang.RespondConditions, r.Header, "This block is never looked at: the one before it fits every run that %s.", map[string]string{"succeeded": "succeeds", "failed": "fails"}[on]).
				Explain("The first block that fits answers. Put the one without when last.").Relate(first, "here")
		}
		holds := ended[on]
		out := &plan.Respond{On: on, Status: r.Status.Value, Range: r.Header}
		if r.When == nil {
			always[on] = r.Header
		} else {
			out.When = s.check(s.tree(r.When), ended[on], expression.Want{Type: types.AnyBoolean, What: "when of respond"})
			if tree := s.tree(r.When); tree != nil && out.When != nil {
				holds, ended[on] = tree.Assume(ended[on], true), tree.Assume(ended[on], false)
				if v, ok := out.When.Const(); ok && v == true {
					always[on] = r.Header
				}
			}
		}
		s.respond(r, out, holds)
		s.out.Responds = append(s.out.Responds, out)
	}
	if _, settled := always["succeeded"]; !settled && !wrong && len(s.trigger.Responds) > 0 {
		d := s.diags.Add(lang.RespondConditions, s.trigger.Header, "Each respond block has a condition. A run that succeeds while none holds is answered 500.")
		d.Explain("Leave out when of the last one.")
		if count["succeeded"] == 0 {
			d.Message = "No respond block is for runs that succeed. Their clients are answered 500."
			d.Explain("Add respond { status = … }.")
		}
	}
}

// kept is the type of a value once it has been written as JSON and read again, as outputs are: times, durations and
// bytes become text. Such come from expressions, whose types end; deeper than that nothing is looked for.
func kept(t *types.Type, depth int) *types.Type {
	const texts = types.Time | types.Duration | types.Bytes
	if t == nil || depth > 16 || t.Shape().Untyped || t.Shape().Invalid {
		return t
	}
	s := *t.Shape()
	changed := false
	for i, f := range s.Objects {
		var props []*types.Property
		for j, p := range f.Properties {
			if q := kept(p.Type, depth+1); q != p.Type {
				if props == nil {
					props = slices.Clone(f.Properties)
				}
				own := *p
				own.Type, props[j] = q, &own
			}
		}
		additional := kept(f.Additional, depth+1)
		if props == nil && additional == f.Additional {
			continue
		}
		if props == nil {
			props = f.Properties
		}
		if !changed {
			s.Objects, changed = slices.Clone(s.Objects), true
		}
		s.Objects[i] = &types.Fields{Name: f.Name, Properties: props, Openness: f.Openness, Additional: additional, Patterns: f.Patterns, MinCount: f.MinCount, MaxCount: f.MaxCount}
	}
	for i, l := range s.Arrays {
		if items := kept(l.Items, depth+1); items != l.Items {
			own := *l
			own.Items = items
			s.Arrays = slices.Clone(s.Arrays)
			s.Arrays[i], changed = &own, true
		}
	}
	if s.Kinds&texts == 0 {
		if !changed {
			return t
		}
		return types.New(&s)
	}
	text := types.AnyString
	if s.Kinds&texts == types.Time {
		text = types.New(&types.Shape{Kinds: types.String, Strings: []*types.Text{{Format: "date-time", MaxLen: -1}}})
	}
	s.Kinds &^= texts
	if s.Kinds == 0 {
		return text
	}
	return types.Union(types.New(&s), text)
}

// respond types one answer against what the document declares for its status.
func (s *served) respond(r *model.Respond, out *plan.Respond, scope *expression.Scope) {
	declared := s.declared(r)
	if declared == nil {
		s.loosen(scope, r.Headers, r.Body)
		return
	}
	s.answerHeaders(r, declared, out, scope)
	s.answerBody(r, declared, out, scope)
}

// declared finds what the document says of a status: of itself, its class, or any. Nil: it says nothing, which is
// reported, or the status is unknown.
func (s *served) declared(r *model.Respond) *openapi.Response {
	if s.op == nil || !r.Status.Set {
		return nil
	}
	status := strconv.Itoa(r.Status.Value)
	for _, key := range []string{status, status[:1] + "XX", "default"} {
		for _, x := range s.op.Responses {
			if strings.EqualFold(x.Status, key) {
				return x
			}
		}
	}
	var all []string
	for _, x := range s.op.Responses {
		all = append(all, x.Status)
	}
	d := s.diags.Add(lang.ResponseMismatch, r.Status.Range, "%s declares no answer %s.", s.op.name(), status)
	if len(all) > 0 {
		d.Explain("It declares %s.", listed(all))
	} else {
		d.Explain("It declares no answers at all.")
	}
	d.Relate(s.locate(s.op.Origin), "declared here")
	return nil
}

// loosen looks at expressions whose place means nothing, so that the names in them are not unused.
func (s *served) loosen(scope *expression.Scope, exprs ...*syntax.Expr) {
	for _, e := range exprs {
		if e != nil {
			s.check(s.tree(e), scope, expression.Want{Optional: true})
		}
	}
}

// ownHeaders are those that the server sets itself.
var ownHeaders = []string{"content-type", "content-length", "transfer-encoding", "connection", "date", "keep-alive", "upgrade", "trailer"}

func (s *served) answerHeaders(r *model.Respond, declared *openapi.Response, out *plan.Respond, scope *expression.Scope) {
	given := map[string]bool{}
	items, _ := s.written(r.Headers, "headers")
	for _, i := range items {
		name := strings.ToLower(i.Key)
		switch {
		case !isToken(i.Key):
			s.badType(i.KeyRange, "%q is not the name of a header.", i.Key)
			continue
		case contains(ownHeaders, name):
			d := s.diags.Add(lang.AttributeValue, i.KeyRange, "The header %s is set by the server.", i.Key)
			if name == "content-type" {
				d.Explain("The media type of the body is content_type.")
			}
			continue
		case given[name]:
			s.diags.Add(lang.DuplicateName, i.KeyRange, "The header %q is already given.", i.Key)
			continue
		}
		given[name] = true
		what := fmt.Sprintf("header %q of %s", i.Key, s.what(out.Status))
		p := &plan.Param{Name: i.Key, In: "header", Style: "simple"}
		want := expression.Want{Type: headerType, What: what, AsText: true, Optional: true}
		if h := headerOf(declared, name); h != nil {
			p.Explode, p.Required = h.Explode, h.Required
			if want.Type, want.Optional = h.Type.Without(types.Absent), !h.Required; !h.Required {
				want.Type = want.Type.With(types.Absent)
			}
		}
		if p.Value = s.check(s.tree(i.Value), scope, want); p.Value != nil {
			p.Guard = guard(p.Value, what)
			out.Headers = append(out.Headers, p)
		}
	}
	if r.Headers != nil && items == nil {
		if _, _, ok := r.Headers.Object(); !ok {
			return // it cannot be told what is missing
		}
	}
	for _, h := range declared.Headers {
		if h.Required && !given[strings.ToLower(h.Name)] {
			at := r.OpenBrace
			if r.Headers != nil {
				_, at, _ = r.Headers.Object()
			}
			s.diags.Add(lang.ResponseMismatch, at, "%s has the header %s, which is not given.", capital(s.what(out.Status)), h.Name).
				Explain("Add headers = { %s = … }. It is %s.", headerKey(h.Name), h.Type.Without(types.Absent).Phrase()).Relate(s.locate(h.Origin), "required here")
		}
	}
}

// headerKey is a header's name as a key in HCL.
func headerKey(name string) string {
	if isWord(name) {
		return name
	}
	return quote(name)
}

// headerOf finds a declared header by its name in lower case.
func headerOf(r *openapi.Response, name string) *openapi.Header {
	for _, h := range r.Headers {
		if strings.EqualFold(h.Name, name) {
			return h
		}
	}
	return nil
}

// bodiless are statuses whose answers have no content (RFC 9110 §15.3.5, §15.3.6, §15.4.5).
func bodiless(status int) bool { return status == 204 || status == 205 || status == 304 }

func (s *served) answerBody(r *model.Respond, declared *openapi.Response, out *plan.Respond, scope *expression.Scope) {
	what := s.what(out.Status)
	switch {
	case r.Body != nil && (bodiless(out.Status) || len(declared.Content) == 0):
		d := s.diags.Add(lang.ResponseMismatch, r.Body.Range, "%s has no body.", capital(what))
		if len(declared.Content) > 0 {
			d.Explain("By HTTP, an answer with the status %d has none.", out.Status)
		}
		d.Relate(s.locate(declared.Origin), "declared here")
		s.loosen(scope, r.Body)
		return
	case r.Body == nil && (bodiless(out.Status) || len(declared.Content) == 0):
		return
	case r.Body == nil:
		s.diags.Add(lang.ResponseMismatch, r.OpenBrace, "%s has a body, which is not given.", capital(what)).
			Explain("Add body = … of type %s.", listed(mediaNames(declared.Content))).Relate(s.locate(declared.Origin), "declared here")
		return
	}
	m, name := s.answerContent(r, declared, what)
	if m == nil {
		s.loosen(scope, r.Body)
		return
	}
	what = "the body of " + what
	x := s.check(s.tree(r.Body), scope, expression.Want{Type: m.Value(types.Response).Without(types.Absent), What: what, Missing: r.Header})
	if x == nil {
		return
	}
	out.Body = &plan.Body{ContentType: name, Value: x, Guard: guard(x, what), Fields: x.Fields}
	out.Body.Type, out.Body.XML, out.Body.Encoding = layout(m)
	if form := media.FormOf(name); form != media.XML {
		out.Body.Type = nil
		if form == media.CSV || form == media.TSV {
			out.Body.Columns = m.Columns()
		}
	}
}

// answerContent picks the media type that an answer is written in, and how it is named.
func (s *served) answerContent(r *model.Respond, declared *openapi.Response, what string) (*openapi.MediaType, string) {
	offered := mediaNames(declared.Content)
	if !r.ContentType.Set {
		m := chooseMedia(declared.Content)
		if m == nil {
			s.diags.Add(lang.MediaType, r.Body.Range, "%s is of type %s, which cannot be written.", capital(what), listed(offered)).
				Explain("What can be written is %s.", media.Writable).Relate(s.locate(declared.Origin), "declared here")
			return nil, ""
		}
		return m, concrete(m.Name)
	}
	name := r.ContentType.Value
	m := matching(declared.Content, name)
	switch {
	case m == nil:
		near := diag.Nearest(name, offered)
		s.diags.Add(lang.ResponseMismatch, r.ContentType.Range, "%s is not of type %q.", capital(what), name).
			Suggest(near, quote(near)).Explain("The document declares %s.", listed(offered)).Relate(s.locate(declared.Origin), "declared here")
	case !supported(name):
		s.diags.Add(lang.MediaType, r.ContentType.Range, "Bodies of type %q cannot be written.", name).Explain("What can be written is %s.", media.Writable)
	default:
		return m, name
	}
	return nil, ""
}
