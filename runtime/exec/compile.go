package exec

import (
	"fmt"
	"slices"
	"strings"

	"tenon/runtime/codec"
	"tenon/runtime/transport/budget"
	"tenon/spec/expression"
	"tenon/spec/plan"
)

// Compile makes p ready. An error means that the plan was not made by a checker that agrees with this version.
func Compile(p *plan.Plan) (*Program, error) {
	out, ready, _, err := compile(p)
	if err != nil {
		return nil, err
	}
	out.ready.Store(ready)
	return out, nil
}

// Pack is [Compile] for a program that nobody needs yet: it rests.
func Pack(p *plan.Plan) (*Program, error) {
	out, _, text, err := compile(p)
	if err != nil {
		return nil, err
	}
	out.packed = pack(text)
	return out, nil
}

// compile returns the program of a plan, at rest and not packed, beside what it is when ready and the plan's text.
func compile(p *plan.Plan) (out *Program, ready *prepared, text []byte, err error) {
	text, digest, err := p.Bare()
	if err != nil {
		return nil, nil, nil, err
	}
	ready, err = prepare(p)
	return &Program{digest: digest, outline: outline(p), files: p.Files}, ready, text, err
}

func prepare(p *plan.Plan) (*prepared, error) {
	if p.Version != plan.Version {
		return nil, fmt.Errorf("the plan has version %d, and this tool carries out version %d", p.Version, plan.Version)
	}
	c := &compiler{apis: map[string]*api{}}
	out := &prepared{plan: p, apis: c.apis}
	for name, a := range p.APIs {
		c.apis[name] = c.api(a)
	}
	out.variables, out.inputs = c.inputs(p.Variables), c.inputs(p.Inputs)
	out.lock = c.code(p.Lock)
	for _, s := range p.States {
		out.states = append(out.states, &stateful{s, c.code(s.Initial), c.value(s.Name, s.Next, s.Guard)})
	}
	for _, o := range p.Outputs {
		out.outputs = append(out.outputs, c.value(o.Name, o.Value, o.Guard))
	}
	out.block = c.block(p.Steps)
	if p.OnFailure != nil {
		out.onFailure = c.block(p.OnFailure)
	}
	out.triggers = c.triggers(p.Triggers)
	if c.err != nil {
		return nil, fmt.Errorf("plan of %s: %w", p.Integration, c.err)
	}
	out.calls, out.undos = c.calls, c.undos
	c.settle(out)
	return out, nil
}

// compiler collects what is read of each op, besides compiling.
type compiler struct {
	apis  map[string]*api
	err   error
	ops   []*op
	calls []*call
	undos bool
	// uses of the op or loop that is being compiled; all is those of the whole plan.
	uses, all []expression.Use
}

func (c *compiler) fail(format string, args ...any) {
	if c.err == nil {
		c.err = fmt.Errorf(format+"; this is a bug in Tenon", args...)
	}
}

func (c *compiler) code(e *plan.Expr) *code {
	if e == nil {
		return nil
	}
	prog, err := e.Compile()
	if err != nil {
		c.fail("%s: %w", e.Source, err)
	}
	c.uses = append(c.uses, e.Uses...)
	c.all = append(c.all, e.Uses...)
	return &code{e, prog}
}

func (c *compiler) value(name string, e *plan.Expr, g *plan.Guard) *value {
	return &value{name, c.code(e), g}
}

func (c *compiler) inputs(ins []*plan.Input) []*input {
	var out []*input
	for _, i := range ins {
		out = append(out, &input{i, c.code(i.Default)})
	}
	return out
}

func (c *compiler) api(a *plan.API) *api {
	out := &api{plan: a, server: c.code(a.Server), auth: map[string]*credential{}}
	for _, h := range a.Headers {
		out.headers = append(out.headers, c.value(h.Name, h.Value, h.Guard))
	}
	for scheme, auth := range a.Auth {
		out.auth[scheme] = c.credential(auth)
	}
	if t := a.TLS; t != nil {
		out.tls = [3]*code{c.code(t.CA), c.code(t.Cert), c.code(t.Key)}
	}
	return out
}

// limits is a plan's limits as a budget knows them.
func limits(list []*plan.Limit, scope string) []budget.Limit {
	var out []budget.Limit
	for _, l := range list {
		out = append(out, budget.Limit{Count: l.Count, Per: l.Per, Burst: l.Burst, Concurrency: l.Concurrency, Scope: scope})
	}
	return out
}

func (c *compiler) block(b *plan.Block) *block {
	out := &block{chain: true}
	at := map[string]int{}
	for i, o := range b.Ops {
		outer := c.uses
		c.uses = nil
		x := c.op(o)
		x.uses = c.uses
		c.uses = append(outer, c.uses...)
		for _, id := range o.After {
			from, ok := at[id]
			if !ok {
				c.fail("%s waits for %s, which does not stand before it", o.ID, id)
				continue
			}
			out.ops[from].next = append(out.ops[from].next, i)
			x.open++
		}
		if l := o.ForEach; l != nil && l.Stream != "" {
			if from := out.ops[at[l.Stream]]; from.reader == "" {
				from.reader = o.ID
			}
		}
		out.chain = out.chain && (i == 0 || slices.Contains(o.After, b.Ops[i-1].ID))
		at[o.ID] = i
		out.streams = out.streams || x.call != nil && x.call.streams()
		out.ops = append(out.ops, x)
	}
	return out
}

func (c *compiler) op(o *plan.Op) *op {
	x := &op{plan: o, when: c.code(o.When)}
	c.ops = append(c.ops, x)
	switch {
	case o.Call != nil:
		x.call = c.call(o.Call)
	case o.Value != nil:
		x.value = c.value(o.ID, o.Value.Value, o.Value.Guard)
	case o.ForEach != nil:
		x.loop = c.loop(o.ID, o.ForEach)
	case o.Wait != nil:
		x.pause = &pause{o.Wait, c.value("wait", o.Wait.Until, o.Wait.Guard)}
	case o.Run != nil:
		x.sub = c.sub(o.Run)
	default:
		c.fail("%s does nothing", o.ID)
	}
	inside := len(c.uses)
	c.afterwards(x)
	for _, k := range o.Checks {
		x.checks = append(x.checks, &check{k, c.code(k.Assert), c.code(k.Message)})
	}
	for _, k := range o.Catch {
		x.catches = append(x.catches, &catch{k, c.value("", k.Body, k.Guard), c.call(k.Call)})
	}
	if o.Call != nil && o.Call.Paginate != nil {
		inside = 0 // items and next read the response, too
	}
	x.wants = wantsOf(o.ID, c.uses[inside:])
	for _, cs := range o.Cases {
		c.uses = append(c.uses, expression.Use{Key: cs.Switch, Path: []string{"value"}})
	}
	return x
}

// sub compiles the plan of another integration. What it can undo, this one can.
func (c *compiler) sub(p *plan.Run) *sub {
	x := &sub{inputs: c.value("inputs", p.Inputs, p.Guard)}
	var err error
	if x.program, err = prepare(p.Plan); err != nil {
		c.fail("%w", err)
		return x
	}
	c.undos = c.undos || x.program.undos
	return x
}

// afterwards compiles what may follow the call of an op.
func (c *compiler) afterwards(x *op) {
	if r := x.plan.Repeat; r != nil {
		x.repeat = c.code(r.Until)
	}
	if r := x.plan.Recover; r != nil {
		x.recover = &recovery{plan: r, op: &op{plan: x.plan, call: c.call(r.Call), wants: wants{headers: true, body: true}}, found: c.code(r.Found), body: c.value("body", r.Body, r.Guard)}
	}
	if u := x.plan.Undo; u != nil {
		x.undo = &op{plan: x.plan, call: c.call(u.Call)}
		c.undos = true
	}
}

// wantsOf tells what an op's own expressions read of its answers.
func wantsOf(id string, uses []expression.Use) wants {
	var w wants
	for _, u := range uses {
		part := ""
		if len(u.Path) > 0 {
			part = u.Path[0]
		}
		switch u.Key {
		case "response", id:
			w.headers = w.headers || part == "" || part == "headers"
			w.body = w.body || part == "" || part == "body" || part == "items"
		case "error":
			w.errorHeaders = w.errorHeaders || part == "" || part == "headers"
			w.errorBody = w.errorBody || part == "" || part == "body"
		}
	}
	return w
}

// settle adds what the rest of the plan reads of each op's result.
func (c *compiler) settle(p *prepared) {
	byID := map[string][]expression.Use{}
	onError := false
	for _, u := range c.all {
		byID[u.Key] = append(byID[u.Key], u)
	}
	if p.onFailure != nil {
		onError = len(byID["error"]) > 0
	}
	for _, o := range c.ops {
		w := wantsOf(o.plan.ID, byID[o.plan.ID])
		o.wants.headers = o.wants.headers || w.headers
		o.wants.body = o.wants.body || w.body
		if onError {
			o.wants.errorBody, o.wants.errorHeaders = true, true
		}
		if o.loop != nil {
			o.loop.settle(byID[o.plan.ID])
		}
	}
}

// settle makes lists that nobody reads, which may be long, counts.
func (l *loop) settle(uses []expression.Use) {
	for _, a := range l.aggregates {
		read := func(u expression.Use) bool { return len(u.Path) == 0 || u.Path[0] == a.name }
		if a.fold == "list" && !slices.ContainsFunc(uses, read) {
			a.fold = "count"
		}
	}
}

func (c *compiler) call(p *plan.Call) *call {
	if p == nil {
		return nil
	}
	x := &call{plan: p, api: c.apis[p.API], server: c.code(p.Server), answers: map[string]*answer{}, accept: []string{strings.Join(p.Accept, ", ")}}
	if p.IdempotencyKey != nil {
		x.key = c.value("idempotency_key", p.IdempotencyKey, p.IdempotencyGuard)
	}
	x.limits = append(limits(x.api.plan.Limits, ""), limits(p.Limits, p.Operation)...)
	if x.api == nil {
		c.fail("%s calls API %q, which the plan does not have", p.Operation, p.API)
	}
	if x.accept[0] == "" {
		x.accept[0] = "*/*"
	}
	for _, list := range [][]*plan.Param{p.Params, p.Headers} {
		for _, q := range list {
			x.args = append(x.args, &arg{*c.value(q.Name, q.Value, q.Guard), codec.Param{Name: q.Name, In: q.In, Style: q.Style,
				Explode: q.Explode, AllowReserved: q.AllowReserved, ContentType: q.ContentType, Required: q.Required}})
		}
	}
	if b := p.Body; b != nil {
		x.body, x.layout = c.value("body", b.Value, b.Guard), layoutOf(b)
	}
	for _, r := range p.Responses {
		a := &answer{plan: r}
		for _, m := range r.Content {
			a.declared = append(a.declared, m.ContentType)
			k := content{Content: m, encoding: encodings(m.Encoding)}
			if m.XML != nil {
				k.xml = codec.NewXML(m.XML, m.Type)
			}
			a.content = append(a.content, k)
		}
		x.answers[strings.ToLower(r.Status)] = a
		if x.success == nil && strings.HasPrefix(r.Status, "2") {
			x.success = a
		}
	}
	c.calls = append(c.calls, x)
	if g := p.Paginate; g != nil {
		x.page = &pager{plan: g, items: c.code(g.Items)}
		if g.Next != nil {
			x.page.next = c.value("next", g.Next, g.Guard)
			x.page.asks = slices.ContainsFunc(g.Next.Uses, func(u expression.Use) bool { return u.Key == "request" })
		}
	}
	return x
}

// layoutOf is how a body is written.
func layoutOf(b *plan.Body) codec.Layout {
	l := codec.Layout{Encoding: encodings(b.Encoding), Columns: b.Columns}
	if b.XML != nil {
		l.XML = codec.NewXML(b.XML, b.Type)
	}
	return l
}

func encodings(from map[string]*plan.Encoding) map[string]codec.Encoding {
	if from == nil {
		return nil
	}
	out := make(map[string]codec.Encoding, len(from))
	for name, e := range from {
		out[name] = codec.Encoding(*e)
	}
	return out
}

func (c *compiler) loop(id string, p *plan.ForEach) *loop {
	outer := c.uses
	c.uses = nil
	x := &loop{plan: p, in: c.value("in", p.In, p.Guard), inside: within([]string{id}, p.Block)}
	in := c.uses
	c.uses = nil
	before := c.undos
	c.undos = false
	x.where, x.key, x.lock, x.block = c.code(p.Where), c.code(p.Key), c.code(p.Lock), c.block(p.Block)
	x.undos, c.undos = c.undos, c.undos || before
	for _, a := range p.Aggregates {
		x.aggregates = append(x.aggregates, &aggregate{*c.value(a.Name, a.Value, a.Guard), a.Func})
	}
	own := map[string]bool{p.Var: true, "response": true, "request": true}
	for _, o := range p.Block.Ops {
		own[o.ID] = true
	}
	uses := append(outer, in...)
	for _, u := range c.uses {
		if own[u.Key] {
			continue
		}
		uses = append(uses, u)
		if !slices.Contains(x.free, u.Key) {
			x.free = append(x.free, u.Key)
		}
	}
	if p.Stream != "" {
		uses = append(uses, expression.Use{Key: p.Stream, Path: []string{"items"}})
		c.all = append(c.all, expression.Use{Key: p.Stream, Path: []string{"items"}})
	}
	c.uses = uses
	return x
}

// within adds the IDs of all ops of a block, at any depth.
func within(ids []string, b *plan.Block) []string {
	for _, o := range b.Ops {
		ids = append(ids, o.ID)
		if o.ForEach != nil {
			ids = within(ids, o.ForEach.Block)
		}
	}
	return ids
}
