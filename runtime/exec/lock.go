package exec

import (
	"tenon/runtime/event"
	"tenon/spec/types"
)

// hold waits for the lock that an expression names. What is held here or around here already is not taken again.
func (s *scope) hold(c *code) (name string, release func(keep bool), f *fault) {
	none := func(bool) {}
	if c == nil {
		return "", none, nil
	}
	v, f := s.eval(c)
	if f != nil {
		return "", none, f
	}
	if v == nil || types.IsMissing(v) {
		return "", none, s.fail(event.Expression, c.expr.Range, "the lock has no value")
	}
	b, err := types.AppendJSON(nil, v)
	if err != nil {
		return "", none, s.fail(event.Expression, c.expr.Range, "the lock is %s", types.Shapeof(v))
	}
	if name = string(b); s.holds(name) {
		return "", none, nil
	}
	release, err = s.run.host.Lock(s.ctx, name)
	switch {
	case err != nil && s.over():
		return "", none, s.stopped()
	case err != nil:
		return "", none, s.fail(event.Internal, c.expr.Range, "the lock cannot be had: %s", err)
	}
	return name, release, nil
}

// holds reports whether the item, the run, or what is around them holds a lock.
func (s *scope) holds(name string) bool {
	for at := s; at != nil; at = at.outer {
		if at.lock == name {
			return true
		}
	}
	return s.run.lock == name || s.run.caller != nil && s.run.caller.holds(name)
}

func (x *iteration) lock(s *scope) (release func(keep bool), f *fault) {
	s.lock, release, f = s.hold(x.loop.lock)
	return release, f
}
