package exec

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"maps"
	"net/http"
	"slices"
	"strings"

	"tenon/runtime/codec"
	"tenon/runtime/event"
	"tenon/runtime/secret"
	"tenon/spec/expression"
	"tenon/spec/plan"
	"tenon/spec/types"
)

// responder is one way to answer the request of a served operation, compiled.
type responder struct {
	plan    *plan.Respond
	when    *code // nil: it fits always
	headers []*arg
	body    *value // nil: none
	layout  codec.Layout
}

func (c *compiler) responder(r *plan.Respond) *responder {
	x := &responder{plan: r, when: c.code(r.When)}
	for _, h := range r.Headers {
		x.headers = append(x.headers, &arg{*c.value(h.Name, h.Value, h.Guard), codec.Param{Name: h.Name, In: "header", Style: "simple", Explode: h.Explode, Required: h.Required}})
	}
	if b := r.Body; b != nil {
		x.body, x.layout = c.value("body", b.Value, b.Guard), layoutOf(b)
	}
	return x
}

// Ended is how the run of a request ended. Exactly one of its fields is set.
type Ended struct {
	Outputs map[string]any // as they are kept: what JSON has
	Failure *event.Failure
}

// Answer is what a client is sent.
type Answer struct {
	Status int
	Header http.Header // Content-Type among it, where there is a body
	Body   []byte      // nil: none
}

// Respond computes the answer to a request of an operation that a trigger serves: by the first of its respond blocks that
// fits; nil where none does. seen is the request as its expressions see it, as for [Program.Fire]. An answer that is not
// what the document says is a failure that says where it is written.
func (p *Program) Respond(ctx context.Context, name string, seen map[string]any, ended Ended, in Inputs, clock expression.Runtime) (*Answer, *event.Failure) {
	ready := p.awake()
	s, f := ready.aside(ctx, "trigger."+name, in, clock)
	if f != nil {
		return nil, &f.Failure
	}
	s.env["trigger"] = seen
	on := "succeeded"
	if ended.Failure != nil {
		on = "failed"
		s.env["error"] = failureValue(ended.Failure)
	} else {
		s.env["outputs"] = ended.Outputs
	}
	for _, r := range ready.triggers[name].responds {
		if r.plan.On != on {
			continue
		}
		if r.when != nil {
			holds, f := s.condition(r.when)
			if f != nil {
				return nil, &f.Failure
			}
			if !holds {
				continue
			}
		}
		a, f := s.answer(r)
		return a, failure(f)
	}
	return nil, nil
}

// failureValue is a failure as `error` in respond blocks.
func failureValue(f *event.Failure) map[string]any {
	step, _, _ := strings.Cut(f.Step, "/")
	if _, name, ok := strings.Cut(step, "."); ok {
		step = name
	}
	v := map[string]any{"kind": string(f.Kind), "step": step, "message": f.Message, "attempts": f.Attempts}
	if f.Response != nil {
		v["status"] = f.Response.Status
	}
	return v
}

// answer computes and writes one answer.
func (s *scope) answer(r *responder) (*Answer, *fault) {
	args := make([]codec.Arg, len(r.headers))
	for i, h := range r.headers {
		v, f := s.eval(h.code)
		if f != nil {
			return nil, f
		}
		if v == nil {
			v = types.Missing // null is not written in a header
		}
		switch {
		case types.IsMissing(v) && h.param.Required:
			return nil, s.fail(event.InvalidResponse, h.code.expr.Range, "the header %s is required, and it has no value here", h.name)
		case !types.IsMissing(v):
			if f := s.guard(h.guard, v, event.InvalidResponse); f != nil {
				return nil, f
			}
		}
		args[i] = codec.Arg{Param: h.param, Value: v}
	}
	t, err := codec.EncodeParams("/", args)
	if err != nil {
		return nil, s.fail(event.InvalidResponse, r.plan.Range, "a header: %s", err)
	}
	out := &Answer{Status: r.plan.Status, Header: t.Header}
	if r.body == nil {
		return out, nil
	}
	v, f := s.guarded(r.body, event.InvalidResponse)
	if f != nil {
		return nil, f
	}
	l := r.layout
	l.Boundary = boundary()
	content, err := codec.Encode(r.plan.Body.ContentType, &l, v)
	switch {
	case err != nil:
		return nil, s.fail(event.InvalidResponse, r.body.code.expr.Range, "the body: %s", err)
	case content.Source != nil:
		return nil, s.fail(event.InvalidResponse, r.body.code.expr.Range, "the body is a file, and only requests to others send files")
	}
	out.Header.Set("Content-Type", content.Type)
	if out.Body = content.Bytes; out.Body == nil {
		out.Body = []byte{}
	}
	return out, nil
}

// boundary separates the parts of a multipart answer: nobody who makes the parts knows it.
func boundary() string {
	var b [16]byte
	rand.Read(b[:])
	return "tenon-" + hex.EncodeToString(b[:])
}

// Reads lists what the expressions of a trigger read of the request, as paths in `trigger`: ["body", "id"]. What they
// make of two requests that do not differ there is the same, but for the time.
func (p *Program) Reads(name string) [][]string {
	var out [][]string
	for _, x := range p.awake().triggers[name].plan.Exprs() {
		for _, u := range x.Uses {
			if u.Key == "trigger" {
				out = append(out, u.Path)
			}
		}
	}
	slices.SortFunc(out, slices.Compare)
	return slices.CompactFunc(out, slices.Equal)
}

// Proofs computes what clients of a served operation have to show: by scheme and attribute, any one of the values.
func (p *Program) Proofs(ctx context.Context, name string, in Inputs, clock expression.Runtime) (map[string]map[string][]secret.Value, *event.Failure) {
	ready := p.awake()
	s, f := ready.aside(ctx, "trigger."+name, in, clock)
	if f != nil {
		return nil, &f.Failure
	}
	out := map[string]map[string][]secret.Value{}
	t := ready.triggers[name]
	for _, scheme := range slices.Sorted(maps.Keys(t.proofs)) {
		out[scheme] = map[string][]secret.Value{}
		for attr, c := range t.proofs[scheme] {
			v, f := s.eval(c)
			if f != nil {
				return nil, &f.Failure
			}
			list, isList := v.([]any)
			if !isList {
				list = []any{v}
			}
			for _, one := range list {
				text, ok := one.(string)
				if !ok || text == "" {
					return nil, &s.fail(event.InvalidInput, c.expr.Range, "%s of auth %q must be a string that is not empty, and it is %s", attr, scheme, types.Shapeof(one)).Failure
				}
				out[scheme][attr] = append(out[scheme][attr], secret.New(text))
			}
			if len(list) == 0 {
				return nil, &s.fail(event.InvalidInput, c.expr.Range, "%s of auth %q is an empty list: nobody could show it", attr, scheme).Failure
			}
		}
	}
	return out, nil
}
