package daemon

import (
	"context"
	"crypto/rand"
	"fmt"
	"maps"
	"runtime"
	"slices"
	"strings"
	"time"

	"tenon/runtime/exec"
	"tenon/runtime/secret"
	"tenon/runtime/trigger"
	"tenon/spec/plan"
)

// Set is what a daemon runs. It is immutable.
type Set struct {
	// Programs are the integrations by name.
	Programs map[string]*exec.Program
	// Inputs returns what every run of a program is given: variables, secrets, servers and a redactor of its own.
	Inputs func(p *exec.Program) (exec.Inputs, error)

	// What follows is the daemon's, made before the set serves.
	redactor *secret.Redactor    // knows the secrets of all integrations
	shares   map[string][]string // by integration; see [Daemon.shares]
}

// prepare makes what the daemon reads of the set again and again.
func (s *Set) prepare() error {
	s.redactor = &secret.Redactor{}
	callers := map[string]int{}
	for _, name := range s.names() {
		in, err := s.Inputs(s.Programs[name])
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		for _, v := range in.Secrets {
			s.redactor.Add(v.Reveal())
		}
		for api := range s.Programs[name].Outline().APIs {
			callers[api]++
		}
	}
	s.shares = map[string][]string{}
	for name, p := range s.Programs {
		own := []string{}
		if len(s.Programs) > 1 { // else there is nobody to leave room for
			own = append(own, name)
		}
		for api := range p.Outline().APIs {
			if callers[api] < len(s.Programs) {
				own = append(own, "api "+api)
			}
		}
		s.shares[name] = own
	}
	return nil
}

// compact lets all programs rest, and puts copies in the place of those that were made while documents of a hundred times
// their size lay between them.
func (s *Set) compact() {
	runtime.GC()
	programs := make(map[string]*exec.Program, len(s.Programs))
	for name, p := range s.Programs {
		programs[strings.Clone(name)] = p.Copy()
	}
	s.Programs = programs
}

// rest lets programs rest of which may holds.
func (s *Set) rest(may func(*exec.Program) bool) {
	for _, p := range s.Programs {
		if may(p) {
			p.Rest()
		}
	}
}

// names are the integrations, sorted.
func (s *Set) names() []string { return slices.Sorted(maps.Keys(s.Programs)) }

// targets returns the triggers of one kind, as the trigger package takes them.
func (s *Set) targets(kind string) ([]*trigger.Target, error) {
	var out []*trigger.Target
	for _, name := range s.names() {
		p := s.Programs[name]
		var in *exec.Inputs
		for _, t := range p.Outline().Triggers {
			if t.Kind != kind {
				continue
			}
			if in == nil {
				got, err := s.Inputs(p)
				if err != nil {
					return nil, fmt.Errorf("%s: %w", name, err)
				}
				got.Redactor = s.redactor
				in = &got
			}
			out = append(out, &trigger.Target{Program: p, Name: t.Name, Inputs: *in, Clock: wallClock{}})
		}
	}
	return out, nil
}

// triggerOf finds a trigger of a plan.
func triggerOf(p *plan.Plan, name string) *plan.Trigger {
	for _, t := range p.Triggers {
		if t.Name == name {
			return t
		}
	}
	return nil
}

// kind is that of a trigger: "webhook". Of what a person starts it is "api", and "" of a trigger that is not there.
func (s *Set) kind(integration, trigger string) string {
	if trigger == byHand {
		return "api"
	}
	if p := s.Programs[integration]; p != nil {
		if t := triggerOf(p.Outline(), trigger); t != nil {
			return t.Kind
		}
	}
	return ""
}

// wallClock is what the expressions of triggers see.
type wallClock struct{}

func (wallClock) Now() time.Time { return time.Now() }

// UUID returns a random UUID (RFC 9562 §5.4).
func (wallClock) UUID() string {
	var b [16]byte
	rand.Read(b[:])
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}

// Loader builds a set anew. With an error, which is for people, the set before stays.
type Loader func(ctx context.Context) (*Set, error)
