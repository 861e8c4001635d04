package trigger

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"tenon/runtime/exec"
	"tenon/runtime/secret"
	"tenon/spec/check"
	"tenon/spec/syntax"
)

// programs builds a project of one file and compiles its integrations.
func programs(t testing.TB, hcl string) map[string]*exec.Program {
	t.Helper()
	f, diags := syntax.Parse("main.hcl", []byte(hcl))
	m, found := check.Decode([]*syntax.File{f})
	diags.Append(found)
	r, found := check.Build(m, check.NewSpecs(fstest.MapFS{}, nil), check.Options{})
	diags.Append(found)
	for _, d := range diags {
		if diags.HasErrors() {
			t.Errorf("%s: %s", d.Rule.Name, d.Message)
		}
	}
	out := map[string]*exec.Program{}
	for name, p := range r.Plans {
		c, err := exec.Compile(p)
		if err != nil {
			t.Fatal(err)
		}
		out[name] = c
	}
	return out
}

type fixedClock struct{}

func (fixedClock) Now() time.Time { return noon }
func (fixedClock) UUID() string   { return "00000000-0000-4000-8000-000000000000" }

// targets are the triggers of a program, with the secret that tests sign with.
func targets(p *exec.Program) []*Target {
	var out []*Target
	for _, t := range p.Plan().Triggers {
		out = append(out, &Target{Program: p, Name: t.Name, Clock: fixedClock{}, Inputs: exec.Inputs{
			Secrets: map[string]secret.Value{"hooks": secret.New("s3cret")}, Redactor: &secret.Redactor{},
		}})
	}
	return out
}

// memory is a ledger that forgets everything when the process ends.
type memory struct {
	mu     sync.Mutex
	starts []Start
	last   map[string]time.Time
	ids    map[string]string
	room   int // starts that are still taken; negative: any number
	err    error
}

func newMemory() *memory {
	return &memory{last: map[string]time.Time{}, ids: map[string]string{}, room: -1}
}

func (m *memory) Accept(_ context.Context, s Start) (string, bool, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	key := s.Integration + "/" + s.Trigger + "/" + s.Key
	if id, seen := m.ids[key]; seen && s.Key != "" {
		return id, false, nil
	}
	switch {
	case m.err != nil:
		return "", false, m.err
	case m.room == 0:
		return "", false, ErrBusy
	}
	m.room--
	m.starts = append(m.starts, s)
	m.ids[key] = fmt.Sprint("run-", len(m.starts))
	m.pass(s.Integration, s.Trigger, s.At)
	return m.ids[key], true, nil
}

func (m *memory) pass(integration, trigger string, at time.Time) {
	if k := integration + "/" + trigger; at.After(m.last[k]) {
		m.last[k] = at
	}
}

func (m *memory) Pass(_ context.Context, integration, trigger string, at time.Time) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.pass(integration, trigger, at)
	return m.err
}

func (m *memory) Last(_ context.Context, integration, trigger string) (time.Time, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.last[integration+"/"+trigger], m.err
}

func (m *memory) accepted() []Start {
	m.mu.Lock()
	defer m.mu.Unlock()
	return append([]Start(nil), m.starts...)
}
