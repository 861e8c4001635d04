package check

import (
	"errors"
	"io/fs"
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
	"tenon/spec/syntax"
	"tenon/spec/types"
)

// api is an api block, its document and, once something calls it, how it is called.
type api struct {
	model      *model.API
	doc        *openapi.Document    // nil: not read, or not readable; an empty one where there is no spec
	inline     []*openapi.Operation // that the api block declares
	err        error                // why not
	operations map[string]*operation
	schemes    map[string]*openapi.SecurityScheme
	plan       *plan.API                   // nil until asked for
	broken     bool                        // the plan has errors
	denied     map[string]*diag.Diagnostic // what was said about missing credentials, by what is missing
	served     map[string]source.Range     // operations that triggers serve, by their keys; nil: none
	partly     bool                        // a trigger serves an operation that it has not
}

// referredAPIs lists the apis that something in the project names, right or wrong.
func (b *builder) referredAPIs() []string {
	names := map[string]bool{}
	call := func(c *model.CallRef) {
		if c != nil {
			names[c.API] = true
		}
	}
	for _, e := range b.typeExprs() {
		typeRoots(e, names)
	}
	for _, in := range b.project.Integrations {
		eachCall(in.Body, call)
		if in.OnFailure != nil {
			eachCall(in.OnFailure.Body, call)
		}
		for _, t := range in.Triggers {
			if t.Webhook != nil {
				names[t.Webhook.API] = true
			}
			call(t.Operation)
		}
	}
	return keys(names)
}

// typeExprs lists every place of the project where a type is written.
func (b *builder) typeExprs() []*syntax.Expr {
	var out []*syntax.Expr
	for _, a := range b.project.APIs {
		for _, o := range a.Operations {
			out = append(out, o.Params, o.Body, o.Response)
		}
	}
	for _, s := range b.project.Schemas {
		out = append(out, s.Type)
	}
	for _, v := range b.project.Variables {
		out = append(out, v.Type)
	}
	for _, m := range b.project.Mappings {
		out = append(out, m.To)
		for _, p := range m.From {
			out = append(out, p.Type)
		}
	}
	for _, in := range b.project.Integrations {
		for _, i := range in.Inputs {
			out = append(out, i.Type)
		}
		for _, s := range in.States {
			out = append(out, s.Type)
		}
		for _, t := range in.Triggers {
			out = append(out, t.Body)
		}
	}
	return out
}

// typeRoots collects the first names of all dotted names in a type.
func typeRoots(e *syntax.Expr, names map[string]bool) {
	if e == nil {
		return
	}
	if steps, ok := e.Traversal(); ok {
		names[steps[0].Name] = true
	}
	if _, _, args, ok := e.Call(); ok {
		for _, a := range args {
			typeRoots(a, names)
		}
	}
	if items, _, ok := e.Object(); ok {
		for _, i := range items {
			typeRoots(i.Value, names)
		}
	}
}

func eachCall(body *model.Block, f func(*model.CallRef)) {
	if body == nil {
		return
	}
	for _, item := range body.Items {
		switch item := item.(type) {
		case *model.Step:
			f(item.Call)
			for _, c := range item.Catches {
				f(c.Call)
			}
			if item.Recover != nil {
				f(item.Recover.Call)
			}
			if item.Undo != nil {
				f(item.Undo.Call)
			}
		case *model.ForEach:
			eachCall(item.Body, f)
		case *model.Parallel:
			eachCall(item.Body, f)
		case *model.Switch:
			for _, c := range item.Cases {
				eachCall(c.Body, f)
			}
			if item.Default != nil {
				eachCall(item.Default.Body, f)
			}
		}
	}
}

// reportLoading says why a document could not be read, and compares it with the lock.
func (b *builder) reportLoading(a *api) {
	at := a.model.Spec.Range
	var broken *openapi.LoadError
	switch {
	case !a.model.Spec.Set:
	case a.err == nil && a.doc != nil:
		b.compareLock(a.doc.Digest, a.model.Spec)
		b.reportOverlays(a)
	case a.err == nil:
	case errors.As(a.err, &broken):
		b.reportBroken(a.err, a.model.Spec)
	case errors.Is(a.err, fs.ErrNotExist):
		b.diags.Add(openapi.Unreadable, at, "There is no file %s. Paths are relative to the project's directory.", a.model.Spec.Value)
	default:
		b.diags.Add(openapi.Unreadable, at, "The document of api %q cannot be read: %s", a.model.Name, sentence(a.err.Error()))
	}
}

// reportBroken says what is wrong with a file that is not what it should be, and where in it.
func (b *builder) reportBroken(err error, file model.Lit[string]) {
	var broken *openapi.LoadError
	if !errors.As(err, &broken) {
		b.diags.Add(openapi.Unreadable, file.Range, "%s cannot be read: %s", file.Value, sentence(err.Error()))
		return
	}
	d := b.diags.Add(openapi.Unreadable, file.Range, "%s %s", file.Value, sentence(broken.Message))
	if src, err := b.specs.ReadFile(broken.Range.File); err == nil && broken.Range.Start > 0 {
		b.files[broken.Range.File] = source.NewFile(broken.Range.File, src)
		d.Relate(broken.Range, "here")
	}
}

func sentence(s string) string {
	if strings.HasSuffix(s, "?") {
		return s
	}
	return strings.TrimSuffix(s, ".") + "."
}

// compareLock compares a document or an overlay with the lock.
func (b *builder) compareLock(digest string, file model.Lit[string]) {
	switch pinned, ok := b.options.Lock.Digest(file.Value); {
	case !ok:
		b.diags.Add(lang.SpecUnlocked, file.Range, "%s is not pinned in tenon.lock.hcl. `tenon lock` pins it.", file.Value)
	case pinned != digest:
		b.diags.Add(lang.SpecDrift, file.Range, "%s is not the document that tenon.lock.hcl pins.", file.Value).
			Explain("The lock has %s, the file %s. If the change is meant, `tenon lock` pins the new one; what it changes for the integrations, lint says now.", pinned, digest)
	}
}

// reportOverlays tells what is wrong with an api's overlays, in the overlays.
func (b *builder) reportOverlays(a *api) {
	for i, o := range a.doc.Overlays() {
		named := a.model.Overlays.Value[i]
		switch {
		case errors.Is(o.Err, fs.ErrNotExist):
			b.diags.Add(openapi.Unreadable, named.Range, "There is no file %s. Paths are relative to the project's directory.", named.Value)
			continue
		case o.Err != nil:
			b.diags.Add(openapi.Unreadable, named.Range, "The overlay %s cannot be read: %s", named.Value, sentence(o.Err.Error()))
			continue
		}
		b.compareLock(o.Digest, named)
		for _, p := range o.Problems {
			rule := openapi.OverlayInvalid
			if p.Unmatched {
				rule = openapi.OverlayUnmatched
			}
			b.files[o.Name] = a.doc.Files()[o.Name]
			b.diags.Add(rule, p.Range, "%s", sentence(p.Message)).Relate(named.Range, "laid over %s here", a.model.Spec.Value)
		}
	}
}

// reportAPIs tells what is wrong inside the documents, as far as the project uses them.
func (b *builder) reportAPIs() {
	for _, m := range b.project.APIs {
		a := b.apis[m.Name]
		if a.model != m || a.doc == nil {
			continue
		}
		parts := a.doc.Parts()
		for _, name := range keys(parts) {
			b.compareLock(parts[name], model.Lit[string]{Value: name, Range: m.Spec.Range})
		}
		for _, defect := range a.doc.Defects() {
			d := b.diags.Add(openapi.Invalid, m.Spec.Range, "%s: %s", m.Spec.Value, sentence(defect.Message))
			d.Relate(b.locate(defect.Origin), "here")
		}
	}
}

// planned resolves how an api is called: server, headers, credentials, limits. It is done once,
// whatever is wrong is reported then.
func (b *builder) planned(a *api) *plan.API {
	if a.plan != nil {
		return a.plan
	}
	m, before := a.model, b.diags.Count(diag.Error)
	a.plan = &plan.API{
		Name: m.Name, Spec: m.Spec.Value, Timeout: m.Timeout.Value, Lenient: m.Validate.Value == "warn",
		Auth: map[string]*plan.Auth{}, Range: m.Header,
	}
	a.denied = map[string]*diag.Diagnostic{}
	if a.doc != nil && m.Spec.Set {
		a.plan.Digest = a.doc.Digest
		for _, o := range a.doc.Overlays() {
			a.plan.Overlays = append(a.plan.Overlays, &plan.Overlay{File: o.Name, Digest: o.Digest})
		}
	}
	a.plan.Server = b.server(a)
	if a.plan.Timeout == 0 {
		a.plan.Timeout = 30 * time.Second
	}
	a.plan.Limits = limits(a)
	a.plan.Retry = retry(m.Retry, nil)
	a.plan.Headers = b.headers(m.Headers, "header %q of api "+quote(m.Name), func(t *expression.Tree, w expression.Want) *expression.Expr {
		return b.check(t, b.settings, w)
	})
	a.plan.TLS = b.tls(a)
	b.credentials(a)
	a.broken = b.diags.Count(diag.Error) > before
	return a.plan
}

// limits are those that the author sets; where there are none, the document's.
func limits(a *api) []*plan.Limit {
	var out []*plan.Limit
	for _, l := range a.model.Limits {
		out = append(out, &plan.Limit{Count: l.Rate.Value.Count, Per: l.Rate.Value.Per, Burst: l.Burst.Value, Concurrency: l.Concurrency.Value})
	}
	if len(out) == 0 && a.doc != nil {
		out = declaredLimit(a.doc.RateLimit())
	}
	return out
}

func declaredLimit(r *openapi.RateLimit) []*plan.Limit {
	if r == nil {
		return nil
	}
	return []*plan.Limit{{Count: r.Count, Per: r.Per, Burst: r.Burst, Concurrency: r.Concurrency}}
}

// retry resolves retry blocks, the inner laid over the outer; nil without any.
func retry(outer, inner *model.Retry) *plan.Retry {
	r := outer
	switch {
	case inner == nil && outer == nil:
		return nil
	case outer == nil:
		r = inner
	case inner != nil:
		merged := *inner
		over(&merged.Attempts, outer.Attempts)
		over(&merged.Backoff, outer.Backoff)
		over(&merged.Initial, outer.Initial)
		over(&merged.Max, outer.Max)
		over(&merged.On, outer.On)
		r = &merged
	}
	return &plan.Retry{
		Attempts: r.Attempts.Value, Backoff: r.Backoff.Value, Initial: r.Initial.Value, Max: r.Max.Value, On: slices.Clone(r.On.Value),
	}
}

func over[T any](inner *model.Lit[T], outer model.Lit[T]) {
	if !inner.Set && outer.Set {
		*inner = outer
	}
}

// defaultRetry is how calls are repeated that may be repeated, where the author does not say.
func defaultRetry() *plan.Retry {
	return &plan.Retry{
		Attempts: 3, Backoff: "exponential", Initial: 250 * time.Millisecond, Max: 30 * time.Second,
		On: []string{"network", "timeout", "429", "5xx"},
	}
}

// headers types an object of headers, each of which is sent as text. What names one for messages,
// with %q for its name.
func (b *builder) headers(e *syntax.Expr, what string, check func(*expression.Tree, expression.Want) *expression.Expr) []*plan.Param {
	items, ok := b.written(e, "headers")
	if !ok {
		return nil
	}
	var out []*plan.Param
	for _, i := range items {
		p := &plan.Param{Name: i.Key, In: "header", Style: "simple"}
		if !isToken(i.Key) {
			b.badType(i.KeyRange, "%q is not the name of a header.", i.Key)
			continue
		}
		t := b.tree(i.Value)
		if t == nil {
			continue
		}
		p.Value = check(t, expression.Want{Type: headerType, What: sprintf(what, i.Key), AsText: true, Optional: true, SecretOK: true})
		if p.Value == nil {
			continue
		}
		if carriesCredential(i.Key) {
			b.literalCredential(p.Value, i.Value.Range, "header "+i.Key, true)
		}
		p.Guard = guard(p.Value, sprintf(what, i.Key))
		out = append(out, p)
	}
	return out
}

// headerType is what can be written as a header's text.
var headerType = types.AnyString.With(types.Absent)

// carriesCredential reports whether a header is one that authenticates.
func carriesCredential(name string) bool {
	switch strings.ToLower(name) {
	case "authorization", "proxy-authorization", "x-api-key", "api-key", "x-auth-token", "cookie":
		return true
	}
	return false
}

// isToken reports whether s can be a header's name (RFC 9110 §5.1).
func isToken(s string) bool {
	for _, r := range s {
		if r <= ' ' || r > '~' || strings.ContainsRune(`"(),/:;<=>?@[\]{}`, r) {
			return false
		}
	}
	return s != ""
}

// written returns the items of an object whose keys must be written out; the rest is reported.
func (b *builder) written(e *syntax.Expr, attr string) ([]syntax.Item, bool) {
	if e == nil {
		return nil, false
	}
	if items, known := b.objects[e.Range]; known {
		return items, items != nil
	}
	items, ok := b.readWritten(e, attr)
	b.objects[e.Range] = items
	return items, ok
}

func (b *builder) readWritten(e *syntax.Expr, attr string) ([]syntax.Item, bool) {
	items, _, ok := e.Object()
	if !ok {
		b.badType(e.Range, "%s must be written as an object: %s = { name = value }.", attr, attr).
			Explain("Each name is looked up in the spec before anything runs. To leave one out at run time, give it a value that is absent.")
		return nil, false
	}
	out := make([]syntax.Item, 0, len(items))
	seen := map[string]source.Range{}
	for _, i := range items {
		switch first, twice := seen[i.Key]; {
		case i.KeyExpr != nil:
			b.badType(i.KeyRange, "The names in %s must be written out.", attr)
		case twice:
			b.diags.Add(lang.DuplicateName, i.KeyRange, "%q is already given.", i.Key).Relate(first, "first given here")
		default:
			seen[i.Key] = i.KeyRange
			out = append(out, i)
		}
	}
	return out, true
}
