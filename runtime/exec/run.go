package exec

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"tenon/runtime/event"
	"tenon/runtime/secret"
	"tenon/spec/expression"
	"tenon/spec/source"
	"tenon/spec/types"
)

// runTimeout is why a run's context ended whose time is over: its timeout.
type runTimeout time.Duration

func (t runTimeout) Error() string {
	return fmt.Sprintf("the run took longer than its timeout of %s", time.Duration(t))
}

// outOfTime reports whether ctx ended since a run's time is over.
func outOfTime(ctx context.Context) bool { return errors.As(context.Cause(ctx), new(runTimeout)) }

// failureTime bounds what on_failure may take when the run's own time is over.
const failureTime = time.Minute

// run is one run of a program.
type run struct {
	p       *prepared
	host    Host
	in      Inputs
	secrets map[string]any
	targets map[string]*target
	hosts   []string
	named   []string        // hosts that come from the author, not from data
	states  []state         // of the outermost ops
	all     bool            // every event is wanted
	lock    string          // that it holds
	unlock  func(keep bool) // never nil

	// Of a run inside another:
	caller  *scope // of the step; nil for the outermost run
	prefix  string // of the names of steps: "step.pay/"
	quiet   bool   // the step is one of which not everything is said
	partial bool   // some output depends on a write that was withheld
	*shared
}

// shared is what a run and those inside it have in common.
type shared struct {
	ctx                      context.Context // of all of it, which no timeout bounds: that of undos
	cut                      atomic.Bool     // it was stopped before everything was undone
	writes, withheld, doubts atomic.Int64
	undone                   undone
	warnings                 warnings

	mu   sync.Mutex
	kept map[string]map[string]any // next states, by integration
	held map[string]*heldUndos     // by execution of a loop
}

// Run carries out p on h and returns when nothing of it is under way any more. When ctx ends, no
// further request begins; the host decides how long those under way may take.
func Run(ctx context.Context, p *Program, in Inputs, h Host) *Result {
	ready := p.awake()
	r := &run{p: ready, host: h, in: in, all: h.Detail() == event.Everything, states: make([]state, len(ready.block.ops)), unlock: func(bool) {}, shared: &shared{ctx: ctx}}
	if r.in.Redactor == nil {
		r.in.Redactor = &secret.Redactor{}
	}
	start := h.Now()
	r.emit(event.RunStarted{Integration: p.outline.Integration, Plan: p.digest, DryRun: in.DryRun})
	res := r.whole(ctx)
	res.Run = in.Run
	res.DryRun, res.Withheld, res.Writes = in.DryRun, int(r.withheld.Load()), int(r.writes.Load())
	res.Done, res.Undone, res.Warnings = r.done(), r.undone.report(), r.warnings.list()
	res.Error = res.Error.Redacted(r.in.Redactor.Redact)
	res.Undone = res.Undone.Redacted(r.in.Redactor.Redact)
	done := event.RunDone{Status: res.Status, Error: res.Error, Took: event.Millis(h.Now().Sub(start)),
		Writes: res.Writes, DryRun: res.DryRun, Withheld: res.Withheld, Undone: res.Undone, Warnings: res.Warnings}
	if res.Status != event.Succeeded {
		done.Done = res.Done
	}
	r.emit(done)
	return res
}

func (r *run) whole(ctx context.Context) *Result {
	outputs, f := r.carryOut(ctx, &scope{run: r, undone: &r.undone})
	res := &Result{Status: r.status(f), Outputs: outputs}
	if f != nil {
		res.Error = &f.Failure
	} else if res.Status == event.Succeeded {
		res.State = r.kept[r.p.plan.Integration]
	}
	return res
}

// carryOut does all that the plan says, in a scope that says where; a run inside another is one of its steps.
// The outermost run keeps the states of all.
func (r *run) carryOut(ctx context.Context, s *scope) (map[string]any, *fault) {
	if t := r.p.plan.Timeout; t > 0 {
		var cancel context.CancelFunc
		s.enter("", "timeout")
		ctx, cancel = r.host.Within(ctx, s.key(""), t, runTimeout(t))
		defer cancel()
	}
	s.ctx = ctx
	s.enter("", "inputs")
	if r.p.undos {
		s.book = &book{}
	}
	f := r.prepare(s)
	defer func() { r.unlock(f != nil && f.InDoubt || r.doubts.Load() > 0) }()
	if f == nil {
		f = r.block(r.p.block, s)
	}
	var outputs map[string]any
	if f == nil {
		outputs, f = r.outputs(s)
	}
	if f == nil {
		f = r.keep(s)
	}
	if f != nil {
		r.takeBack(f, s)
		r.onFailure(ctx, f, s)
	}
	return outputs, f
}

func (r *run) status(f *fault) event.Status {
	switch {
	case f != nil && f.Kind == event.RunCanceled && !f.InDoubt && (r.in.Kept || r.doubts.Load() == 0):
		return event.Canceled
	case f != nil && f.InDoubt || r.doubts.Load() > 0:
		return event.InDoubt
	case r.cut.Load():
		return event.Canceled // it may go on to undo the rest
	case f != nil:
		return event.Failed
	}
	return event.Succeeded
}

// prepare binds inputs, variables and secrets, and finds out where the APIs are.
func (r *run) prepare(s *scope) *fault {
	f := r.bare(s)
	if f == nil {
		f = r.begin(s)
	}
	if f == nil {
		f = r.reach(s)
	}
	return f
}

// bare binds variables and secrets.
func (r *run) bare(s *scope) *fault {
	r.secrets = make(map[string]any, len(r.in.Secrets))
	for name, v := range r.in.Secrets {
		r.secrets[name] = v.Reveal()
		r.in.Redactor.Add(v.Reveal())
	}
	s.env = map[string]any{expression.HostKey: s, "var": map[string]any{}, "input": map[string]any{}}
	return r.bind(s, "var", "variable", r.p.variables, r.in.Variables)
}

// bind checks given values against what is declared, and fills in defaults.
func (r *run) bind(s *scope, key, what string, declared []*input, given map[string]any) *fault {
	bound := map[string]any{}
	s.env[key] = bound
	for _, in := range declared {
		v, ok := given[in.plan.Name]
		if !ok && in.def != nil {
			var f *fault
			if v, f = s.eval(in.def); f != nil {
				return f
			}
			ok = !types.IsMissing(v)
		}
		if !ok {
			if in.plan.Type.May(types.Absent) {
				continue
			}
			return s.fail(event.InvalidInput, in.plan.Range, "the %s %q has no value and no default", what, in.plan.Name)
		}
		if bad := in.plan.Type.Check(v); len(bad) > 0 {
			return s.fail(event.InvalidInput, in.plan.Range, "the %s %q does not fit its type: %s", what, in.plan.Name, violation("", bad[0]))
		}
		bound[in.plan.Name] = v
	}
	for name := range given {
		if !slices.ContainsFunc(declared, func(in *input) bool { return in.plan.Name == name }) {
			return s.fail(event.InvalidInput, source.Range{}, "there is no %s %q", what, name)
		}
	}
	return nil
}

// violation is what is wrong with a part of a value, as a clause.
func violation(what string, v types.Violation) string {
	at := types.Path(v.Path)
	switch {
	case at == "" && what == "":
		return v.Reason
	case at == "":
		return what + " " + v.Reason
	case what == "":
		return at + " " + v.Reason
	case at[0] == '[':
		return what + at + " " + v.Reason
	}
	return what + "." + at + " " + v.Reason
}

func (r *run) outputs(s *scope) (map[string]any, *fault) {
	out := map[string]any{}
	s.enter("", "outputs")
	for _, o := range r.p.outputs {
		if s.unknown(o.code.expr.Uses) {
			r.partial = true
			r.emit(event.Warning{Message: fmt.Sprintf("output %q is left out: it depends on a write that was withheld", o.name), Range: o.code.expr.Range})
			continue
		}
		v, f := s.guarded(o, event.Expression)
		if f != nil {
			return nil, f
		}
		if !types.IsMissing(v) {
			out[o.name] = v
		}
	}
	return out, nil
}

// onFailure runs the author's on_failure block. A person who cancels wants it to stop, so it does not run then. It does
// for a run in doubt, since somebody has to hear of that, and again when that goes on and fails after all.
// A run whose time is over gets a little more for it. What fails in it is said, but is not the run's failure; a write
// in doubt is for a person to settle, as any other.
func (r *run) onFailure(ctx context.Context, f *fault, s *scope) {
	if r.p.onFailure == nil || !f.InDoubt && (f.Kind == event.RunCanceled || f.Kind == event.InvalidInput) {
		return
	}
	if outOfTime(ctx) {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeoutCause(r.ctx, failureTime, runTimeout(failureTime))
		defer cancel()
	}
	own := s.fork()
	own.ctx, own.aside = ctx, true
	if f.InDoubt {
		own.about = fmt.Sprintf("doubt-%.4x", sha256.Sum256([]byte(f.Key)))
	}
	own.env["error"] = f.asValue(r.prefix)
	if f := r.block(r.p.onFailure, own); f != nil && f.InDoubt {
		r.doubts.Add(1)
	} else if f != nil && f.Kind == event.RunCanceled {
		r.cut.Store(true)
	}
}

func (r *run) emit(e event.Event) {
	if !r.in.Redactor.Empty() {
		e = event.Redact(e, r.in.Redactor.Redact)
	}
	if w, ok := e.(event.Warning); ok {
		r.warnings.add(w)
	}
	r.host.Emit(e)
}

// state is how far an outermost op came.
type state struct {
	what  atomic.Pointer[string]
	loop  atomic.Pointer[tally]
	begun atomic.Bool
}

func (r *run) done() []event.Done {
	var out []event.Done
	for i, o := range r.p.block.ops {
		st := &r.states[i]
		if !st.begun.Load() || o.plan.Kind == "switch" {
			continue
		}
		d := event.Done{Step: o.plan.ID, State: "stopped"}
		if w := st.what.Load(); w != nil {
			d.State = *w
		}
		if t := st.loop.Load(); t != nil {
			d.Count, d.Succeeded, d.Failed, d.Skipped = t.count, t.succeeded, t.failed, t.skipped
		}
		out = append(out, d)
	}
	return out
}
