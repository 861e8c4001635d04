package check

import (
	"slices"
	"strings"

	"tenon/spec/expression"
	"tenon/spec/lang"
	"tenon/spec/model"
	"tenon/spec/openapi"
	"tenon/spec/plan"
	"tenon/spec/types"
)

// keyHeaders are header parameters that carry an idempotency key wherever documents declare them.
var keyHeaders = []string{"idempotency-key", "x-idempotency-key", "idempotence-key", "x-idempotence-key", "paypal-request-id"}

// keyHeader finds the header in which an operation takes an idempotency key: the one that the document names, or
// an overlay over it; else, for what is not idempotent by its method, that of the api block. p is its declaration, if
// there is one.
func keyHeader(op *operation) (name string, p *openapi.Parameter) {
	if op.Idempotency != nil {
		return op.Idempotency.Header, op.header(op.Idempotency.Header)
	}
	for _, p := range op.Parameters {
		if p.In == "header" && slices.Contains(keyHeaders, strings.ToLower(p.Name)) {
			return p.Name, p
		}
	}
	if i := op.api.model.Idempotency; i != nil && i.Header.Value != "" && !op.idempotent() {
		return i.Header.Value, op.header(i.Header.Value)
	}
	return "", nil
}

// keyed decides whether the request carries an idempotency key and which: the author's, or one that is made when
// it runs. It comes before the parameters, which it may stand among.
func (f *flow) keyed(op *operation, r *model.Request, settings *model.Step, out *plan.Call, at site) {
	name, p := keyHeader(op)
	if settings != nil && settings.IdempotencyKey != nil {
		f.ownKey(op, settings, name, out, at)
		return
	}
	if given := f.givenKey(r, name); given != "" {
		out.IdempotencyHeader = given
		return
	}
	if name == "" || out.Safe {
		return
	}
	for _, form := range plan.KeyForms {
		if p == nil || len(p.Type.Check(plan.MintKey(form, "", ""))) == 0 {
			out.IdempotencyHeader = name
			if form != plan.KeyForms[0] {
				out.IdempotencyForm = form
			}
			return
		}
	}
}

// givenKey finds a key that the author writes as a parameter or header: its name as written, or "".
func (f *flow) givenKey(r *model.Request, name string) string {
	for _, e := range []struct {
		list, what string
	}{{"headers", "headers"}, {"params", "params"}} {
		from := r.Headers
		if e.list == "params" {
			from = r.Params
		}
		items, _ := f.written(from, e.what)
		for _, i := range items {
			bare := strings.TrimPrefix(strings.ToLower(i.Key), "header:")
			if slices.Contains(keyHeaders, bare) || name != "" && bare == strings.ToLower(name) {
				return i.Key[len(i.Key)-len(bare):]
			}
		}
	}
	return ""
}

// ownKey types the author's idempotency_key.
func (f *flow) ownKey(op *operation, settings *model.Step, name string, out *plan.Call, at site) {
	e := settings.IdempotencyKey
	if name == "" {
		f.diags.Add(lang.IdempotencyUnsent, e.Range, "Nothing says in which header %s takes an idempotency key, so this one would not be sent.", op.name()).
			Explain("Where the provider takes one, write idempotency { header = \"Idempotency-Key\" } in api %q, or x-tenon-idempotency in an overlay.", op.api.model.Name).
			Relate(f.locate(op.Origin), "declared here")
		f.loose(at, e)
		return
	}
	const what = "the idempotency key"
	x := f.expr(e, at, expression.Want{Type: keyType, What: what})
	if x == nil {
		return
	}
	if v, ok := x.Const(); ok && !types.IsMissing(v) {
		f.diags.Add(lang.IdempotencyConstant, e.Range, "This idempotency key is the same for every request, so that the provider takes all but the first for repetitions of it.").
			Explain("A key names one write: make it of what the write is about, or leave idempotency_key out, and one is made for each run, step and item.")
	}
	out.IdempotencyHeader, out.IdempotencyKey, out.IdempotencyGuard = name, x, guard(x, what)
}
