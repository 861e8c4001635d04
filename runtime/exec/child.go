package exec

import (
	"slices"
	"time"

	"tenon/runtime/event"
	"tenon/runtime/secret"
)

// child runs another integration as a step. It is a run of its own on the same host: its failure undoes what it did, and
// is the step's; when it has succeeded, what it did is undone with what the step's own run did.
func (r *run) child(o *op, s *scope) outcome {
	c := r.inside(o, s)
	if o.sub.inputs.code != nil {
		v, f := s.guarded(o.sub.inputs, event.InvalidInput)
		if f != nil {
			return outcome{fault: f}
		}
		c.in.Values, _ = v.(map[string]any)
	}
	at := &scope{run: c, item: s.item, place: s.place, aside: s.aside, about: s.about, undone: s.undone, writes: s.writes}
	outputs, f := c.carryOut(s.ctx, at)
	if f != nil && !s.over() {
		var v map[string]any
		if v, f = r.rescue(o, s, f); f == nil {
			return outcome{value: v}
		}
	}
	if f != nil {
		return outcome{fault: f}
	}
	if at.book != nil && s.book != nil {
		at.book.lock = c.lock
		s.book.add(entry{at: s.at, in: at.book})
	}
	out := outcome{value: map[string]any{"outputs": outputs, "skipped": false}}
	if c.partial {
		out.unknown = []string{"outputs"}
	}
	return out
}

// inside is the run of an integration in a step of r.
func (r *run) inside(o *op, s *scope) *run {
	p := o.sub.program
	c := &run{p: p, host: r.host, in: r.in, all: r.all, states: make([]state, len(p.block.ops)), unlock: func(bool) {},
		caller: s, prefix: s.step + "/", quiet: !s.loud(), shared: r.shared}
	c.in.Values, c.in.State = nil, nil
	c.in.Variables, c.in.Secrets = map[string]any{}, map[string]secret.Value{}
	for name, v := range r.in.Variables {
		if slices.ContainsFunc(p.variables, func(i *input) bool { return i.plan.Name == name }) {
			c.in.Variables[name] = v
		}
	}
	for _, x := range p.plan.Secrets {
		if v, ok := r.in.Secrets[x.Name]; ok {
			c.in.Secrets[x.Name] = v
		}
	}
	return c
}

// wait pauses.
func (r *run) wait(o *op, s *scope) *fault {
	until := s.Now().Add(o.pause.plan.For)
	if o.pause.until.code != nil {
		v, f := s.guarded(o.pause.until, event.Expression)
		if f != nil {
			return f
		}
		switch v := v.(type) {
		case time.Duration:
			until = s.Now().Add(v)
		case time.Time:
			until = v
		default:
			return s.fail(event.Expression, o.pause.until.code.expr.Range, "the pause is neither a duration nor a time")
		}
	}
	r.emit(event.Waiting{Step: s.step, Item: s.item, Until: until})
	if r.host.Wait(s.ctx, s.key("wait"), until) != nil {
		return s.stopped()
	}
	return nil
}
