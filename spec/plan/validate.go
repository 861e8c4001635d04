package plan

import (
	"fmt"
	"slices"
)

// Validate reports the first way in which p breaks the promises of this package: names that mean
// nothing, operations that are none or two things at once, an order that cannot be kept.
func (p *Plan) Validate() error {
	v := &validator{plan: p, ids: map[string]bool{}}
	v.require(p.Version == Version, "version is %d", p.Version)
	v.require(p.Integration != "", "it has no integration")
	for name, a := range p.APIs {
		v.api(name, a)
	}
	v.inputs("variable", p.Variables)
	v.inputs("input", p.Inputs)
	for _, s := range p.Secrets {
		v.require(s != nil && s.Name != "" && one(s.Env != "", s.File != "", len(s.Command) > 0), "a secret has no or several sources")
	}
	v.require(p.Steps != nil, "it has no steps")
	v.block("steps", p.Steps)
	v.block("on_failure", p.OnFailure)
	for _, s := range p.States {
		v.require(s != nil && s.Name != "" && s.Type != nil && s.Initial != nil && s.Next != nil, "a state lacks its name, type or values")
	}
	v.require(slices.Contains([]string{"", "skip", "queue", "parallel"}, p.Overlap), "overlap is %q", p.Overlap)
	for _, o := range p.Outputs {
		v.require(o != nil && o.Name != "" && o.Value != nil, "an output has no name or value")
	}
	for _, t := range p.Triggers {
		if v.require(t != nil && t.Name != "" && one(t.Schedule != nil, t.Webhook != nil, t.Completion != nil, t.Operation != nil), "a trigger has no name, or is no or more than one kind") && t.Operation != nil {
			v.served("trigger "+t.Name, t.Operation)
		}
	}
	for _, f := range p.Files {
		v.require(f != nil && f.Name != "", "a file has no name")
	}
	return v.err
}

// validator keeps the first thing that is wrong.
type validator struct {
	plan *Plan
	ids  map[string]bool
	err  error
}

func (v *validator) require(ok bool, format string, args ...any) bool {
	if !ok && v.err == nil {
		v.err = fmt.Errorf(format, args...)
	}
	return ok
}

// one reports whether exactly one of the conditions holds.
func one(conditions ...bool) bool {
	n := 0
	for _, c := range conditions {
		if c {
			n++
		}
	}
	return n == 1
}

func (v *validator) api(name string, a *API) {
	if !v.require(a != nil && a.Name == name, "api %q has another name", name) {
		return
	}
	v.require(a.Server != nil, "api %q has no server", name)
	v.params("api "+name, a.Headers)
	v.retry("api "+name, a.Retry)
	v.limits("api "+name, a.Limits)
	for scheme, c := range a.Auth {
		if !v.require(c != nil && c.Scheme == scheme, "auth %q of api %q has another name", scheme, name) {
			continue
		}
		known := slices.Contains([]string{"api_key", "basic", "bearer", "digest", "oauth2", "hmac", "aws_sigv4", "mutual_tls"}, c.Type)
		v.require(known, "auth %q of api %q has the type %q", scheme, name, c.Type)
		v.require((c.Type == "oauth2") == (c.Grant != ""), "auth %q of api %q has the type %q and the grant %q", scheme, name, c.Type, c.Grant)
		v.require((c.Type == "hmac") == (c.Signing != nil), "auth %q of api %q does not say how to sign", scheme, name)
		if c.Signing != nil && v.require(c.Signing.Text != nil, "auth %q of api %q signs nothing", scheme, name) {
			v.params("auth "+scheme, c.Signing.Fields)
		}
		v.require(c.Type != "api_key" || c.Name != "" && slices.Contains([]string{"header", "query", "cookie"}, c.In), "auth %q of api %q travels nowhere", scheme, name)
	}
}

// served checks that an operation can be taken and answered.
func (v *validator) served(where string, o *Operation) {
	v.require(v.plan.Serves[o.API] != nil, "%s serves the api %q, which is not there", where, o.API)
	v.require(o.Method != "" && len(o.Path) > 0 && o.Path[0] == '/' && len(o.Bases) > 0, "%s serves %q %q", where, o.Method, o.Path)
	v.require(o.Timeout > 0 && o.Cache >= 0, "%s: a client waits %s, answers are kept %s", where, o.Timeout, o.Cache)
	for _, p := range o.Params {
		v.require(p != nil && p.Name != "" && p.Key != "" && p.Type != nil, "%s: a parameter has no name or type", where)
		v.require(p == nil || slices.Contains([]string{"path", "query", "header", "cookie"}, p.In), "%s: a parameter stands nowhere", where)
	}
	if o.Body != nil {
		v.require(len(o.Body.Content) > 0, "%s: a body of no type", where)
		for _, c := range o.Body.Content {
			v.require(c != nil && c.ContentType != "" && c.Type != nil && c.Schema != nil, "%s: a body of no type", where)
		}
	}
	for scheme, p := range o.Auth {
		v.require(p != nil && p.Scheme == scheme && slices.Contains([]string{"api_key", "basic", "bearer"}, p.Type), "%s: auth %q is not known", where, scheme)
	}
	for _, alternative := range o.Security {
		v.require(len(alternative) > 0, "%s: security of nothing", where)
		for _, scheme := range alternative {
			v.require(o.Auth[scheme] != nil, "%s wants the credential %q, which is not there", where, scheme)
		}
	}
	v.limits(where, o.Limits)
	v.require(len(o.Responds) > 0, "%s answers nothing", where)
	for _, r := range o.Responds {
		v.require(r != nil && (r.On == "succeeded" || r.On == "failed") && r.Status >= 200 && r.Status <= 599, "%s: a respond without status", where)
		if r != nil {
			v.params(where, r.Headers)
			v.require(r.Body == nil || r.Body.Value != nil && r.Body.ContentType != "", "%s: a body without value or type", where)
		}
	}
}

func (v *validator) inputs(kind string, list []*Input) {
	for _, i := range list {
		v.require(i != nil && i.Name != "" && i.Type != nil, "an %s has no name or type", kind)
	}
}

func (v *validator) params(where string, list []*Param) {
	for _, p := range list {
		v.require(p != nil && p.Name != "" && p.Value != nil, "%s: a parameter has no name or value", where)
		v.require(p == nil || slices.Contains([]string{"path", "query", "header", "cookie"}, p.In), "%s: a parameter stands nowhere", where)
	}
}

func (v *validator) retry(where string, r *Retry) {
	if r == nil {
		return
	}
	v.require(r.Attempts >= 1, "%s: %d attempts", where, r.Attempts)
	v.require(slices.Contains([]string{"exponential", "linear", "constant"}, r.Backoff), "%s: backoff %q", where, r.Backoff)
	v.require(r.Initial >= 0 && r.Max >= 0, "%s: a negative wait", where)
}

func (v *validator) limits(where string, list []*Limit) {
	for _, l := range list {
		v.require(l != nil && l.Count >= 0 && l.Per >= 0 && l.Burst >= 0 && l.Concurrency >= 0 && (l.Count > 0) == (l.Per > 0), "%s: a limit of nothing", where)
	}
}

// block checks operations and their order: each waits only for ones before it.
func (v *validator) block(where string, b *Block) {
	if b == nil {
		return
	}
	here := map[string]*Op{}
	for i, op := range b.Ops {
		if !v.require(op != nil && op.ID != "", "%s: operation %d has no id", where, i) {
			return
		}
		v.require(!v.ids[op.ID], "%s: two operations are called %s", where, op.ID)
		v.ids[op.ID] = true
		for _, id := range op.After {
			v.require(here[id] != nil, "%s waits for %s, which is not before it", op.ID, id)
		}
		for _, c := range op.Cases {
			sw := here[c.Switch]
			v.require(sw != nil && sw.Value != nil && c.Index >= 0 && c.Index <= len(sw.Value.Choices), "%s stands in a case of %s, which is not there", op.ID, c.Switch)
		}
		v.op(op, here)
		here[op.ID] = op
	}
}

func (v *validator) op(op *Op, here map[string]*Op) {
	v.require(one(op.Call != nil, op.Value != nil, op.ForEach != nil, op.Run != nil, op.Wait != nil), "%s is no or more than one kind of operation", op.ID)
	switch {
	case op.Call != nil:
		v.call(op.ID, op.Call)
	case op.Value != nil:
		v.require(op.Value.Value != nil, "%s has no value", op.ID)
	case op.ForEach != nil:
		v.forEach(op, here)
	case op.Run != nil:
		v.run(op)
	case op.Wait != nil:
		v.require((op.Wait.For > 0) != (op.Wait.Until != nil), "%s waits for nothing or for two things", op.ID)
	}
	v.afterwards(op)
	for _, c := range op.Checks {
		v.require(c != nil && c.Assert != nil, "%s: a check asserts nothing", op.ID)
	}
	for _, c := range op.Catch {
		if v.require(c != nil && c.On != "" && one(c.Skip, c.Body != nil, c.Call != nil), "%s: a catch gives no or more than one substitute", op.ID) && c.Call != nil {
			v.call(op.ID, c.Call)
		}
	}
}

// run checks the plan of another integration. What it uses is there outside, too.
func (v *validator) run(op *Op) {
	p := op.Run.Plan
	if !v.require(p != nil, "%s runs nothing", op.ID) {
		return
	}
	if err := p.Validate(); err != nil {
		v.require(false, "%s: %w", op.ID, err)
	}
	for name := range p.APIs {
		v.require(v.plan.APIs[name] != nil, "%s calls the api %q, which is not there", op.ID, name)
	}
}

// afterwards checks what may follow the call of op.
func (v *validator) afterwards(op *Op) {
	r, rec, undo := op.Repeat, op.Recover, op.Undo
	v.require(op.Call != nil || r == nil && rec == nil && undo == nil, "%s repeats, recovers or undoes no call", op.ID)
	v.require(r == nil || r.Until != nil && r.Every > 0 && r.Timeout > 0 && op.Call.Paginate == nil, "%s repeats without end", op.ID)
	if rec != nil && v.require(rec.Call != nil && rec.Found != nil, "%s recovers without a call or condition", op.ID) {
		v.call(op.ID, rec.Call)
	}
	if undo != nil && v.require(undo.Call != nil, "%s undoes without a call", op.ID) {
		v.call(op.ID, undo.Call)
	}
}

func (v *validator) call(id string, c *Call) {
	api := v.plan.APIs[c.API]
	if !v.require(api != nil, "%s calls the api %q, which is not there", id, c.API) {
		return
	}
	v.require(c.Method != "" && len(c.Path) > 0 && c.Path[0] == '/', "%s calls %q %q", id, c.Method, c.Path)
	for _, s := range c.Security {
		v.require(api.Auth[s] != nil, "%s uses the credential %q, which is not there", id, s)
	}
	v.params(id, c.Params)
	v.params(id, c.Headers)
	v.retry(id, c.Retry)
	v.limits(id, c.Limits)
	v.require(c.IdempotencyHeader == "" || c.Idempotent, "%s: a key, and not idempotent", id)
	v.require(c.IdempotencyKey == nil || c.IdempotencyHeader != "", "%s: a key without a header", id)
	v.require(knownForm(c.IdempotencyForm), "%s: a key of the form %q", id, c.IdempotencyForm)
	v.require(c.Body == nil || c.Body.Value != nil && c.Body.ContentType != "", "%s: a body without value or type", id)
	for _, r := range c.Responses {
		v.require(r != nil && r.Status != "", "%s: an answer without status", id)
	}
	v.require(c.Paginate == nil || c.Paginate.Items != nil && c.Paginate.Limit >= 0, "%s: pages without items", id)
}

func (v *validator) forEach(op *Op, here map[string]*Op) {
	f := op.ForEach
	v.require(f.Var != "" && f.Block != nil, "%s has no variable or block", op.ID)
	v.require(f.Concurrency >= 1 && f.MaxErrors >= 0, "%s: concurrency %d, max_errors %d", op.ID, f.Concurrency, f.MaxErrors)
	v.require((f.In != nil) != (f.Stream != ""), "%s goes through no or more than one list", op.ID)
	v.require(f.Once == nil || f.Key != nil && f.Once.Within >= 0, "%s: once without a key", op.ID)
	source := here[f.Stream]
	v.require(f.Stream == "" || source != nil && source.Call != nil && source.Call.Paginate != nil, "%s reads the pages of %q, which is not there", op.ID, f.Stream)
	v.block(op.ID, f.Block)
	for _, a := range f.Aggregates {
		known := a != nil && slices.Contains([]string{"sum", "count", "list", "min", "max", "first", "last"}, a.Func)
		v.require(known && a.Name != "" && a.Value != nil, "%s: an aggregate has no name, value or known function", op.ID)
	}
}
