package exec

import (
	"tenon/runtime/event"
	"tenon/spec/source"
	"tenon/spec/types"
)

// begin binds state and inputs and takes the run's lock. Who waited for the lock sees the state that whoever held it
// has left.
func (r *run) begin(s *scope) *fault {
	for {
		f := r.bindState(s)
		if f == nil {
			f = r.bind(s, "input", "input", r.p.inputs, r.in.Values)
		}
		if f != nil || r.p.lock == nil || r.lock != "" {
			return f
		}
		var name string
		if name, r.unlock, f = s.hold(r.p.lock); f != nil || name == "" {
			return f
		}
		r.lock = name
		if len(r.p.states) == 0 {
			return nil
		}
	}
}

// bindState makes known what the last run has kept.
func (r *run) bindState(s *scope) *fault {
	bound := map[string]any{}
	s.env["state"] = bound
	if len(r.p.states) == 0 {
		return nil
	}
	was, f := r.lastState(s)
	if f != nil {
		return f
	}
	for _, st := range r.p.states {
		v, ok := was[st.plan.Name]
		if !ok {
			if v, f = s.eval(st.initial); f != nil {
				return f
			}
		}
		if bad := st.plan.Type.Check(v); len(bad) > 0 {
			return s.fail(event.InvalidInput, st.plan.Range, "the state %q that was kept does not fit its type: %s", st.plan.Name, violation("", bad[0]))
		}
		bound[st.plan.Name] = v
	}
	return nil
}

func (r *run) lastState(s *scope) (map[string]any, *fault) {
	name := r.p.plan.Integration
	r.mu.Lock()
	was := r.kept[name]
	r.mu.Unlock()
	if was != nil { // it ran before in this run
		return was, nil
	}
	if r.in.State != nil && r.caller == nil {
		return r.in.State, nil
	}
	was, err := r.host.State(s.ctx, name)
	if err != nil {
		return nil, s.fail(event.Internal, r.p.plan.States[0].Range, "the state cannot be read: %s", err)
	}
	return was, nil
}

// keep computes what the next run will see, and the outermost run commits that of all. A dry run keeps nothing, and
// neither does one that is in doubt.
func (r *run) keep(s *scope) *fault {
	next := make(map[string]any, len(r.p.states))
	for _, st := range r.p.states {
		s.enter("", "state "+st.plan.Name)
		if s.unknown(st.next.code.expr.Uses) {
			continue
		}
		v, f := s.guarded(st.next, event.Expression)
		if f != nil {
			return f
		}
		if types.IsMissing(v) {
			return s.fail(event.Expression, st.next.code.expr.Range, "next of state %q has no value", st.plan.Name)
		}
		if bad := st.plan.Type.Check(v); len(bad) > 0 {
			return s.fail(event.Expression, st.next.code.expr.Range, "next of state %q does not fit its type: %s", st.plan.Name, violation("", bad[0]))
		}
		next[st.plan.Name] = v
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.p.states) > 0 {
		if r.kept == nil {
			r.kept = map[string]map[string]any{}
		}
		r.kept[r.p.plan.Integration] = next
	}
	if r.caller != nil || len(r.kept) == 0 || r.in.DryRun || r.doubts.Load() > 0 {
		return nil
	}
	if err := r.host.Commit(s.ctx, r.kept); err != nil {
		return s.fail(event.Internal, source.Range{}, "the state cannot be kept: %s", err)
	}
	return nil
}
