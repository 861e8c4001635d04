package engine

import (
	"context"
	"maps"
	"sync"
	"time"

	"tenon/runtime/exec"
)

// locks are held by name, by one run or item at a time.
type locks struct {
	mu   sync.Mutex
	held map[string]chan struct{} // closed when it is released
}

// take waits for a lock. Of several who wait, any may be next.
func (l *locks) take(ctx context.Context, name string) (release func(), err error) {
	for {
		l.mu.Lock()
		holder := l.held[name]
		if holder == nil {
			if l.held == nil {
				l.held = map[string]chan struct{}{}
			}
			own := make(chan struct{})
			l.held[name] = own
			l.mu.Unlock()
			return sync.OnceFunc(func() { l.release(name, own) }), nil
		}
		l.mu.Unlock()
		select {
		case <-holder:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

func (l *locks) release(name string, own chan struct{}) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.held, name)
	close(own)
}

// seen are the keys of items that were worked on, or are.
type seen struct {
	mu   sync.Mutex
	keys map[[2]string]*sighting // by loop and key
}

type sighting struct {
	done time.Time // zero: under way
}

// claim reports whether nobody works on the item, nor has within the time that it is remembered.
func (s *seen) claim(c exec.Claim, now time.Time) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	at := s.keys[[2]string{c.Loop, c.Key}]
	if at != nil && (at.done.IsZero() || c.Within == 0 || now.Sub(at.done) < c.Within) {
		return false
	}
	if s.keys == nil {
		s.keys = map[[2]string]*sighting{}
	}
	s.keys[[2]string{c.Loop, c.Key}] = &sighting{}
	return true
}

func (s *seen) settle(c exec.Claim, done bool, now time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !done {
		delete(s.keys, [2]string{c.Loop, c.Key})
		return
	}
	s.keys[[2]string{c.Loop, c.Key}] = &sighting{done: now}
}

// states are what integrations keep from run to run.
type states struct {
	mu     sync.Mutex
	values map[string]map[string]any
}

func (s *states) last(integration string) map[string]any {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.values[integration]
}

func (s *states) keep(next map[string]map[string]any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.values == nil {
		s.values = map[string]map[string]any{}
	}
	maps.Copy(s.values, next)
}
