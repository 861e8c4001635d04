package main

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"tenon/cmd/tenon/internal/project"
	"tenon/cmd/tenon/internal/view"
	"tenon/runtime/engine"
	"tenon/runtime/event"
	"tenon/runtime/exec"
	"tenon/runtime/secret"
	"tenon/runtime/trial"
	"tenon/spec/plan"
)

// record runs those of some tests that have a cassette against the real servers, writes the cassettes, and returns them.
func record(ctx context.Context, e *env, p *project.Project, dir string, tests []*plan.Test, f testFlags) ([]*plan.Test, error) {
	tests = slices.DeleteFunc(tests, func(t *plan.Test) bool { return t.Cassette == "" })
	if len(tests) == 0 {
		return nil, usagef(`none of these tests has a cassette; cassette = "testdata/NAME.json" in a test names the file that --record makes`)
	}
	of := map[string]*plan.Test{}
	for _, t := range tests {
		if other := of[t.Cassette]; other != nil {
			return nil, usagef("the tests %q and %q have the same cassette, %s; each needs its own", other.Name, t.Name, t.Cassette)
		}
		of[t.Cassette] = t
		if sent := callsOf(p.Plans[t.Integration], false); len(sent) > 0 && !f.writes {
			return nil, usagef("to record %q, integration %q is run against the real servers, and may write there: %s. With --allow-writes it does",
				t.Name, t.Integration, strings.Join(sent, ", "))
		}
	}
	for _, t := range tests {
		if err := recordOne(ctx, e, p, dir, t, f.vars); err != nil {
			return nil, err
		}
	}
	return tests, nil
}

// callsOf are the operations that a run may call, those that only read or the others.
func callsOf(p *plan.Plan, safe bool) []string {
	var out []string
	for _, c := range p.Calls() {
		if name := c.API + "." + c.Operation; c.Safe == safe && !slices.Contains(out, name) {
			out = append(out, name)
		}
	}
	return out
}

func recordOne(ctx context.Context, e *env, p *project.Project, dir string, t *plan.Test, vars []string) error {
	chosen := p.Plans[t.Integration]
	program, err := exec.Compile(chosen)
	if err != nil {
		return err
	}
	began := time.Now()
	now := t.Now
	if now.IsZero() {
		now = began
	}
	in, err := trial.Given(t, program, now)
	if err != nil {
		return fmt.Errorf("test %q: %w", t.Name, err)
	}
	variables, err := given{what: "variable", flag: "--var", pairs: vars}.own(e, chosen.Variables)
	if err != nil {
		return err
	}
	maps.Copy(in.Variables, variables)
	in.Redactor, in.Files = &secret.Redactor{}, engine.Files(e.path(dir))
	if in.Secrets, err = secrets(ctx, e, dir, chosen, nil); err != nil {
		return fmt.Errorf("%w\ntest %q was not recorded: that needs real secrets, which are removed from what is written", err, t.Name)
	}
	style := e.style(e.Stderr)
	fmt.Fprintf(e.Stderr, "recording %s: %s is run against the real servers\n", style.Bold(fmt.Sprintf("%q", t.Name)), t.Integration)
	for _, kind := range []struct {
		word string
		safe bool
	}{{"reads ", true}, {"writes", false}} {
		if names := callsOf(chosen, kind.safe); len(names) > 0 {
			fmt.Fprintf(e.Stderr, "  %s %s\n", style.Dim(kind.word), strings.Join(names, ", "))
		}
	}
	in.Run = engine.NewRunID(began)
	r := trial.NewRecorder(in.Run, t.Integration, began, in.Redactor)
	r.Pretend(now)
	local := engine.New(engine.Options{Tokens: tokens(e, stateDir(e, dir, "")), Host: r.Host})
	defer local.Close()
	res := local.Run(ctx, program, in)
	want := event.Status(t.Expect.Status)
	if want == "" {
		want = event.Succeeded
	}
	if res.Status != want {
		if res.Error != nil {
			view.Failure(e.Stderr, style, res.Error, p.Files, dir)
		}
		fmt.Fprintf(e.Stderr, "the run ended as %s, and test %q expects %s: %s was not written\n", strings.ReplaceAll(string(res.Status), "_", " "), t.Name, strings.ReplaceAll(string(want), "_", " "), t.Cassette)
		return status(exitNotWell)
	}
	c, _, err := r.Cassette()
	if err != nil {
		return fmt.Errorf("test %q: %w", t.Name, err)
	}
	return writeCassette(e, p.Dir, t.Cassette, c)
}

// writeCassette writes a cassette and says so.
func writeCassette(e *env, dir *project.Dir, name string, c *trial.Cassette) error {
	data, err := c.Write()
	if err != nil {
		return err
	}
	if err := dir.Write(name, data); err != nil {
		return err
	}
	n := len(c.Exchanges)
	text := fmt.Sprintf("%d requests", n)
	if n == 1 {
		text = "1 request"
	}
	fmt.Fprintf(e.Stderr, "  wrote %s: %s\n", name, text)
	return nil
}
