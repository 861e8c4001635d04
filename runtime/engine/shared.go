package engine

import (
	"context"
	"crypto/sha256"
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

// seen are the keys of items that were worked on, or are. They are as many as there are items.
type seen struct {
	mu   sync.Mutex
	keys map[digest]int64 // when it was done, in nanoseconds since 1970; 0: it is under way
}

// digest stands for a loop and a key, however long they are.
type digest [16]byte

func digestOf(c exec.Claim) (d digest) {
	sum := sha256.Sum256([]byte(c.Loop + "\x00" + c.Key))
	copy(d[:], sum[:])
	return d
}

// claim reports whether nobody works on the item, nor has within the time that it is remembered.
func (s *seen) claim(c exec.Claim, now time.Time) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	key := digestOf(c)
	done, there := s.keys[key]
	if there && (done == 0 || c.Within == 0 || now.Sub(time.Unix(0, done)) < c.Within) {
		return false
	}
	if s.keys == nil {
		s.keys = map[digest]int64{}
	}
	s.keys[key] = 0
	return true
}

func (s *seen) settle(c exec.Claim, done bool, now time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !done {
		delete(s.keys, digestOf(c))
		return
	}
	s.keys[digestOf(c)] = now.UnixNano()
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
