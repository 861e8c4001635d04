package exec

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"maps"
	"strings"
	"sync/atomic"
	"time"

	"tenon/runtime/event"
	"tenon/spec/expression"
	"tenon/spec/plan"
	"tenon/spec/source"
	"tenon/spec/types"
)

// scope is where an operation stands: what its expressions see, and what to call it. One branch uses it.
type scope struct {
	run    *run
	ctx    context.Context
	env    map[string]any
	outer  *scope        // around the loop; nil outside
	step   string        // ID of the op that is being carried out
	item   string        // key path of the item, "" outside loops
	place  string        // of the item: its index in each loop around it, "3" or "3.0"; "" outside loops
	label  string        // tells this from other scopes of the op, in keys and identifiers: "" for its own
	at     int           // number of the op in its block
	turn   int           // of the item
	book   *book         // of what can be undone; nil: nothing can be
	undone *undone       // what was undone in the item, or else in the run; nil: nothing can be
	lock   string        // that the item holds
	claim  *Claim        // of the item
	ids    int           // identifiers made here
	doubts int64         // that the run had when the item began
	writes *atomic.Int64 // that servers took in the item; nil: nobody asks
	today  time.Time
	aside  bool   // within on_failure
	about  string // what that is about, where it may run for several reasons; "" for the failure of the run
	seat   *seat  // of the item, on its own branch; nil: it has none
	// withheld holds what a dry run cannot know: IDs of ops, and "ID.part" for parts of results.
	withheld map[string]bool
}

// wrote counts writes that servers took.
func (s *scope) wrote(n int) {
	s.run.writes.Add(int64(n))
	if s.writes != nil {
		s.writes.Add(int64(n))
	}
}

// fork returns a scope of its own for another branch.
func (s *scope) fork() *scope {
	c := *s
	c.seat = nil
	c.env = maps.Clone(s.env)
	c.withheld = maps.Clone(s.withheld)
	c.env[expression.HostKey] = &c
	return &c
}

// enter begins an op, or what label says, in this scope.
func (s *scope) enter(step, label string) {
	step = strings.TrimSuffix(s.run.prefix+step, "/")
	s.step, s.label, s.ids, s.today = step, label, 0, time.Time{}
}

// key names what the scope is about in its run, with what it does there: "step.invoice[3.0]:undo".
func (s *scope) key(role string) string {
	k := s.step
	if s.place != "" {
		k += "[" + s.place + "]"
	}
	for _, part := range []string{s.about, s.label, role} {
		if part != "" {
			k += ":" + part
		}
	}
	return k
}

// Now is the time as all expressions of the op see it; with [scope.UUID] it makes a scope an [expression.Runtime].
func (s *scope) Now() time.Time {
	if s.today.IsZero() {
		s.today = s.run.host.Today(s.key("now"))
	}
	return s.today
}

// UUID returns an identifier that looks random (RFC 9562 §5.4) and is a function of the run, the op, the item and how
// many were made here before.
func (s *scope) UUID() string {
	s.ids++
	b := sha256.Sum256(fmt.Appendf(nil, "uuid\x00%s\x00%s\x00%d", s.run.in.Run, s.key(""), s.ids))
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:16])
}

// outermost reports whether the scope is that of the integration's own block.
func (s *scope) outermost() bool { return s.outer == nil && !s.aside }

// loud reports whether everything that happens here is to be said.
func (s *scope) loud() bool { return s.outer == nil && !s.run.quiet || s.run.all }

// unknown reports whether uses need what a dry run did not do.
func (s *scope) unknown(uses []expression.Use) bool {
	for at := s; at != nil; at = at.outer {
		if len(at.withheld) == 0 {
			continue
		}
		for _, u := range uses {
			if at.withheld[u.Key] || len(u.Path) > 0 && at.withheld[u.Key+"."+u.Path[0]] {
				return true
			}
		}
	}
	return false
}

func (s *scope) withhold(key string) {
	if s.withheld == nil {
		s.withheld = map[string]bool{}
	}
	s.withheld[key] = true
}

// with sets a name for as long as f runs.
func (s *scope) with(name string, v any, f func() *fault) *fault {
	old, had := s.env[name]
	s.env[name] = v
	defer func() {
		if had {
			s.env[name] = old
		} else {
			delete(s.env, name)
		}
	}()
	return f()
}

// eval computes an expression. Secrets are in reach only of expressions that are marked so.
func (s *scope) eval(c *code) (any, *fault) {
	env := s.env
	if c.expr.Secret {
		env = maps.Clone(env)
		env["secret"] = s.run.secrets
	}
	v, err := c.prog.Run(env, expression.Limits{Done: s.ctx.Done()})
	if err == nil {
		if c.expr.Secret {
			s.run.hide(c.expr, v)
		}
		return v, nil
	}
	if s.ctx.Err() != nil {
		return nil, s.stopped()
	}
	var e *expression.RunError
	if !errors.As(err, &e) {
		return nil, s.fail(event.Internal, c.expr.Range, "%s; this is a bug in Tenon", err)
	}
	if e.Bug {
		return nil, s.fail(event.Internal, e.Range, "%s", e.Message)
	}
	return nil, s.fail(event.Expression, e.Range, "%s", e.Message)
}

// hide makes known what an expression made of secrets, so that nothing said about the run tells it:
// those parts of an object that are computed from secrets, else all text in the value.
func (r *run) hide(x *plan.Expr, v any) {
	if len(x.Fields) == 0 {
		r.hideText(v)
	}
	for _, f := range x.Fields {
		if !f.Secret {
			continue
		}
		part, ok := v, true
		for _, name := range f.Path {
			object, isObject := part.(map[string]any)
			if !isObject {
				break // a list: all of it, rather than too little
			}
			if part, ok = object[name]; !ok {
				break
			}
		}
		if ok {
			r.hideText(part)
		}
	}
}

func (r *run) hideText(v any) {
	switch v := v.(type) {
	case string:
		r.in.Redactor.AddDerived(v)
	case []byte:
		r.in.Redactor.AddDerived(string(v))
	case []any:
		for _, x := range v {
			r.hideText(x)
		}
	case map[string]any:
		for _, x := range v {
			r.hideText(x)
		}
	}
}

// guarded computes an expression and checks what could not be proven of it.
func (s *scope) guarded(v *value, kind event.Cause) (any, *fault) {
	x, f := s.eval(v.code)
	if f == nil {
		f = s.guard(v.guard, x, kind)
	}
	return x, f
}

func (s *scope) guard(g *plan.Guard, v any, kind event.Cause) *fault {
	if g == nil {
		return nil
	}
	bad := g.Type.Check(v)
	if len(bad) == 0 {
		return nil
	}
	f := s.fail(kind, g.Range, "%s: %s", g.What, violation("", bad[0]))
	for _, b := range bad[1:min(len(bad), 10)] {
		f.Detail += violation("", b) + "\n"
	}
	f.Detail = strings.TrimSpace(f.Detail)
	return f
}

// condition computes a bool.
func (s *scope) condition(c *code) (bool, *fault) {
	v, f := s.eval(c)
	if f != nil {
		return false, f
	}
	b, ok := v.(bool)
	if !ok {
		return false, s.fail(event.Expression, c.expr.Range, "the condition is %s, neither true nor false", types.Shapeof(v))
	}
	return b, nil
}

// fault is a failure while it can still be caught.
type fault struct {
	event.Failure
	status  int // of the answer; 0: there was none
	headers any
	body    any
	taken   bool // it was a success, with an answer that cannot be used
	gone    bool // the item was given up before it changed anything
	died    bool // it is about a write whose process ended
}

func (s *scope) fail(kind event.Cause, at source.Range, format string, args ...any) *fault {
	return &fault{Failure: event.Failure{Kind: kind, Step: s.step, Item: s.item, Range: at, Message: fmt.Sprintf(format, args...)}}
}

// stopped is the fault of what does not happen any more because the run is stopped.
func (s *scope) stopped() *fault {
	if outOfTime(s.ctx) {
		return s.fail(event.Timeout, source.Range{}, "%s", context.Cause(s.ctx))
	}
	return s.canceled()
}

func (s *scope) canceled() *fault {
	return s.fail(event.RunCanceled, source.Range{}, "the run was canceled")
}

// over reports whether the run has been stopped as a whole, so that f is nothing that a catch or a loop could survive.
func (s *scope) over() bool { return s.ctx.Err() != nil }

// asValue is the fault as `error` in the author's expressions.
// In it the step is one of the run with this prefix: where one of an integration that it runs failed, the step that runs that.
func (f *fault) asValue(prefix string) map[string]any {
	name, _, _ := strings.Cut(strings.TrimPrefix(f.Step, prefix), "/")
	if _, after, ok := strings.Cut(name, "."); ok {
		name = after
	}
	v := map[string]any{"kind": string(f.Kind), "step": name, "message": f.Message, "attempts": f.Attempts}
	if f.status != 0 {
		v["status"] = f.status
	}
	if f.headers != nil {
		v["headers"] = f.headers
	}
	if f.body != nil && !types.IsMissing(f.body) {
		v["body"] = f.body
	}
	return v
}
