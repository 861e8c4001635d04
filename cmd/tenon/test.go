package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/spf13/cobra"

	"tenon/cmd/tenon/internal/project"
	"tenon/cmd/tenon/internal/view"
	"tenon/runtime/engine"
	"tenon/runtime/exec"
	"tenon/runtime/trial"
	"tenon/spec/check"
	"tenon/spec/diag"
	"tenon/spec/lang"
	"tenon/spec/plan"
)

type testFlags struct {
	run      string
	coverage bool
	strict   bool
	junit    string
	json     bool
	quiet    bool
	record   bool
	writes   bool
	vars     []string
}

func newTest(e *env) *cobra.Command {
	var f testFlags
	cmd := &cobra.Command{
		Use:     "test [DIR]",
		GroupID: groupRun,
		Short:   "Run the tests of a project, without network",
		Long: `Runs the tests in the project's files whose names end in .test.hcl. Each carries out
its integration against mocks of the specs in this process: every request is held
against the spec, the test's own mocks or its cassette answer, and what they leave
open is made up from the spec, the same each time. Nothing is sent out, and no
secret is needed. Pauses, retries and limits take no time.

A test fails if the run ends otherwise than expected, if what comes of it is not
what expect says, if it sends what the spec forbids, or if a mock is not used. The
exit status is 1 then.

With --record, tests that have a cassette are run against the real servers first, with
real secrets, and what is asked and answered is written to the cassette, without the
secrets. What is sent then happens: --allow-writes is needed where the integration
writes.`,
		Example: `  tenon test
  tenon test --run 'paid|refunded' --quiet
  tenon test --coverage            # and what no test reaches
  tenon test --coverage --strict   # which then fails
  tenon test integrations/quickstart --junit report.xml
  tenon test --record --run 'one page'    # against the real servers, once`,
		Args: between(0, 1, "one directory at most"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return runTests(cmd.Context(), e, argument(args, 0, "."), f)
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&f.run, "run", "", "run only tests whose names match `REGEXP`")
	flags.BoolVar(&f.coverage, "coverage", false, "say which steps, catches and cases no test reaches")
	flags.BoolVar(&f.strict, "strict", false, "with --coverage: what no test reaches is an error")
	flags.StringVar(&f.junit, "junit", "", "write the results to `FILE` for a CI system, too")
	flags.BoolVar(&f.json, "json", false, "print the results as one object (schemas/test.schema.json)")
	flags.BoolVar(&f.record, "record", false, "run tests that have a cassette against the real servers, and write it")
	flags.BoolVar(&f.writes, "allow-writes", false, "with --record: send the writes of the integration, too")
	flags.StringArrayVar(&f.vars, "var", nil, "with --record: a variable in place of the test's, as `NAME=VALUE`, such as where a server is")
	flags.BoolVarP(&f.quiet, "quiet", "q", false, "print only tests that fail")
	if err := cmd.RegisterFlagCompletionFunc("run", completeTest(e)); err != nil {
		panic("this is a bug in Tenon: " + err.Error())
	}
	return cmd
}

func runTests(ctx context.Context, e *env, dir string, f testFlags) error {
	if f.strict && !f.coverage {
		return usagef("--strict is about --coverage")
	}
	if (f.writes || len(f.vars) > 0) && !f.record {
		return usagef("--allow-writes and --var are about --record")
	}
	p, err := loadTests(e, dir)
	if err != nil {
		return err
	}
	defer p.Dir.Close()
	if err := wellFormed(e, p, dir); err != nil {
		return err
	}
	tests, err := chooseTests(p, dir, f.run)
	if err != nil {
		return err
	}
	if f.record {
		if tests, err = record(ctx, e, p, dir, tests, f); err != nil {
			return err
		}
	}
	began := time.Now()
	out := view.Tests{Files: p.Files, Dir: dir}
	if out.Reports, err = try(ctx, e, p, dir, tests); err != nil {
		return err
	}
	out.Took = time.Since(began)
	if f.coverage {
		out.Coverage = trial.Cover(p.Plans, out.Reports)
		found := check.Hide(p.Model.Syntax, view.UntestedFindings(out.Coverage, lang.UntestedStep))
		if f.strict {
			if err := harden(found, "warnings"); err != nil {
				return err
			}
		}
		out.Untested = view.Findings{List: found, Files: p.Files, Dir: dir}
	}
	if err := showTests(e, out, f); err != nil {
		return err
	}
	switch {
	case ctx.Err() != nil:
		return status(exitInterrupted)
	case out.Passed() < len(out.Reports), out.Untested.List.HasErrors():
		return status(exitNotWell)
	}
	return nil
}

// chooseTests is the project's tests whose names match.
func chooseTests(p *project.Project, dir, pattern string) ([]*plan.Test, error) {
	if len(p.Tests) == 0 {
		return nil, fmt.Errorf("there is no test in %s: a test is a block in a file whose name ends in %s, beside the project's other files", dir, lang.TestSuffix)
	}
	match, err := regexp.Compile(pattern)
	if err != nil {
		return nil, usagef("--run: %s", strings.TrimPrefix(err.Error(), "error parsing regexp: "))
	}
	tests := slices.DeleteFunc(slices.Clone(p.Tests), func(t *plan.Test) bool { return !match.MatchString(t.Name) })
	if len(tests) == 0 {
		var names []string
		for _, t := range p.Tests {
			names = append(names, t.Name)
		}
		if near := diag.Nearest(pattern, names); near != "" {
			return nil, usagef("no test has a name that matches %q; did you mean %q?", pattern, near)
		}
		return nil, usagef("no test has a name that matches %q; there is %s", pattern, quotedList(names))
	}
	return tests, nil
}

// quotedList is the first of some names, in quotes.
func quotedList(names []string) string {
	const most = 10
	var out []string
	for _, name := range names[:min(len(names), most)] {
		out = append(out, fmt.Sprintf("%q", name))
	}
	text := strings.Join(out, ", ")
	if len(names) > most {
		text += fmt.Sprintf(" and %d more", len(names)-most)
	}
	return text
}

// try carries out tests, as many at once as there are processors.
func try(ctx context.Context, e *env, p *project.Project, dir string, tests []*plan.Test) ([]*trial.Report, error) {
	programs := map[string]*exec.Program{}
	for _, t := range tests {
		if programs[t.Integration] != nil {
			continue
		}
		chosen, err := choose(p, t.Integration)
		if err != nil {
			return nil, err
		}
		if programs[t.Integration], err = exec.Compile(chosen); err != nil {
			return nil, err
		}
	}
	bench, err := trial.New(benchOptions(e, p, dir))
	if err != nil {
		return nil, err
	}
	defer bench.Close()
	reports := make([]*trial.Report, len(tests))
	each(len(tests), func(i int) { reports[i] = bench.Run(ctx, tests[i], programs[tests[i].Integration]) })
	return reports, nil
}

// each calls do with every number below n, from as many goroutines as there are processors, and waits for all.
func each(n int, do func(i int)) {
	var next atomic.Int64
	var wg sync.WaitGroup
	for range min(runtime.GOMAXPROCS(0), n) {
		wg.Go(func() {
			for i := int(next.Add(1)) - 1; i < n; i = int(next.Add(1)) - 1 {
				do(i)
			}
		})
	}
	wg.Wait()
}

func benchOptions(e *env, p *project.Project, dir string) trial.Options {
	return trial.Options{
		ReadFile: p.Dir.ReadFile,
		Files:    engine.Files(e.path(dir)),
		API: func(name string) (*trial.API, error) {
			for _, a := range p.Model.APIs {
				if a.Name == name {
					doc, err := p.Document(a)
					return &trial.API{Document: doc, Operations: p.Operations[name]}, err
				}
			}
			return nil, fmt.Errorf("there is no api %q; this is a bug in Tenon", name)
		},
	}
}

// showTests writes how the tests went where it is wanted.
func showTests(e *env, out view.Tests, f testFlags) error {
	if f.junit != "" {
		file, err := os.Create(e.path(f.junit))
		if err != nil {
			return err
		}
		if err := errors.Join(out.JUnit(file), file.Close()); err != nil {
			return fmt.Errorf("%s: %w", f.junit, err)
		}
	}
	if f.json {
		return out.JSON(e.Stdout)
	}
	out.Text(e.Stdout, e.style(e.Stdout), f.quiet)
	_, err := fmt.Fprintln(e.Stdout, out.Summary())
	return err
}

// completeTest offers the names of the project's tests.
func completeTest(e *env) cobra.CompletionFunc {
	return func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
		p, err := loadTests(e, ".")
		if err != nil {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		defer p.Dir.Close()
		var names []string
		for _, t := range p.Tests {
			names = append(names, regexp.QuoteMeta(t.Name))
		}
		return names, cobra.ShellCompDirectiveNoFileComp
	}
}
