package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"tenon/cmd/tenon/internal/export"
	"tenon/cmd/tenon/internal/project"
	"tenon/cmd/tenon/internal/view"
	"tenon/runtime/engine"
	"tenon/runtime/event"
	"tenon/runtime/exec"
	"tenon/runtime/secret"
	"tenon/runtime/store"
	"tenon/runtime/trial"
	"tenon/spec/lang"
	"tenon/spec/plan"
)

type exportFlags struct {
	name, out, state string
}

func newRunsExport(e *env) *cobra.Command {
	var f exportFlags
	cmd := &cobra.Command{
		Use:   "export ID [DIR]",
		Short: "Turn a run into a test",
		Long: `Writes a test that does what a run did: with its inputs, state and time, and with a
cassette of what it asked and was answered, without secrets. What came of the run is
what the test expects, so a run that failed becomes a test that must fail so. The test
is then run, as "tenon test" does.

What items of a for_each were told is not kept when they are over, unless the run was
begun with "tenon run --keep-all".`,
		Example: `  tenon runs export 20261129T093003-91573481a4
  tenon runs export 20261129T093003-91573481a4 --name "two orders" --out orders.test.hcl`,
		Args:              between(1, 2, "a run and at most one directory"),
		ValidArgsFunction: completeRun(e),
		RunE: func(cmd *cobra.Command, args []string) error {
			return exportRun(cmd.Context(), e, args[0], argument(args, 1, "."), f)
		},
	}
	cmd.Flags().StringVar(&f.name, "name", "", "the test's `NAME`; otherwise that of the integration and the run")
	cmd.Flags().StringVar(&f.out, "out", "", "write the test to `FILE` of the project, whose name ends in .test.hcl")
	stateFlag(cmd, &f.state)
	return cmd
}

var noName = regexp.MustCompile(`[^A-Za-z0-9]+`)

func exportRun(ctx context.Context, e *env, id, dir string, f exportFlags) error {
	if f.out != "" && !strings.HasSuffix(f.out, lang.TestSuffix) {
		return usagef("--out %s: the name of a file of tests ends in %s", f.out, lang.TestSuffix)
	}
	k, err := openKeeping(ctx, e, stateDir(e, dir, f.state), store.ReadOnly, "")
	if err != nil {
		return unknownRun(err, id)
	}
	defer k.store.Close()
	r, c, before, err := rehearse(ctx, e, k, id, dir)
	if err != nil {
		return unknownRun(err, id)
	}
	if f.name == "" {
		f.name = r.Run.Integration + " as in run " + id
	}
	if f.out == "" {
		f.out = strings.Trim(noName.ReplaceAllString(f.name, "-"), "-") + lang.TestSuffix
	}
	opened, err := project.OpenDir(e.path(dir), dir)
	if err != nil {
		return err
	}
	defer opened.Close()
	if _, err := os.Stat(e.path(path.Join(dir, f.out))); err == nil {
		return usagef("there is a file %s already; --out names another", f.out)
	}
	if err := writeTest(e, opened, f, r, c, before); err != nil {
		return err
	}
	return tryExported(ctx, e, dir, f)
}

// rehearse carries a run out again from its journal, and returns it with its cassette and the state before it.
func rehearse(ctx context.Context, e *env, k *keeping, id, dir string) (*engine.Rehearsal, *trial.Cassette, map[string]any, error) {
	redactor := &secret.Redactor{}
	var missing error
	var recorder *trial.Recorder
	host := engine.NewDurable(engine.Options{}, k.engine())
	defer host.Close()
	r, err := host.Rehearse(ctx, id, engine.Rehearsing{
		Redactor: redactor,
		Files:    engine.Files(e.path(dir)),
		Secrets: func(p *plan.Plan) map[string]secret.Value {
			found, err := secrets(ctx, e, dir, p, nil)
			if missing = err; err != nil {
				found = map[string]secret.Value{}
				for _, s := range p.Secrets {
					found[s.Name] = secret.New("mock-" + s.Name)
				}
			}
			return found
		},
		Stand: func(r *engine.Rehearsal, h exec.Host) exec.Host {
			recorder = trial.NewRecorder(id, r.Plan.Integration, r.Run.Started.UTC(), redactor)
			return recorder.Host(h)
		},
	})
	if lacking := (*engine.Missing)(nil); errors.As(err, &lacking) {
		err = fmt.Errorf("run %s cannot be made a test: %w", id, err)
		if lacking.Item {
			err = fmt.Errorf("%w\nA run that is begun with tenon run --keep-all keeps it", err)
		}
	}
	if err == nil && r.Sealed && missing != nil {
		err = fmt.Errorf("parts of run %s hold secrets; to remove them from what is written, they must be known: %w", id, missing)
	}
	if err != nil {
		return nil, nil, nil, err
	}
	c, before, err := recorder.Cassette()
	if err != nil {
		err = fmt.Errorf("run %s cannot be made a test: %w", id, err)
	}
	return r, c, before, err
}

// inline is how large an output may be that stands in the test itself, in bytes.
const inline = 4 << 10

// writeTest writes the test, its cassette, and outputs that are too large to stand in the test.
func writeTest(e *env, dir *project.Dir, f exportFlags, r *engine.Rehearsal, c *trial.Cassette, before map[string]any) error {
	stem := strings.TrimSuffix(path.Base(f.out), lang.TestSuffix)
	t := &export.Test{Name: f.name, Integration: r.Run.Integration, Cassette: path.Join("testdata", stem+".json"), Now: c.Began, Files: map[string]string{},
		About: []string{fmt.Sprintf("Run %s of %s.", r.Run.ID, r.Run.Started.UTC().Format("2006-01-02 15:04"))}}
	var err error
	for _, part := range []struct {
		to   *map[string]any
		from map[string]any
		what string
	}{{&t.Inputs, r.Inputs.Values, "input"}, {&t.State, before, "state"}, {&t.Variables, r.Inputs.Variables, "variable"}, {&t.Outputs, r.Result.Outputs, "output"}, {&t.Kept, r.Result.State, "state"}} {
		if *part.to, err = export.Plain(part.from); err != nil {
			return err
		}
		for _, name := range slices.Sorted(maps.Keys(*part.to)) {
			text, err := json.Marshal((*part.to)[name])
			if err != nil {
				return err
			}
			if redact := r.Inputs.Redactor.Redact; redact(string(text)) != string(text) {
				delete(*part.to, name)
				t.About = append(t.About, fmt.Sprintf("The %s %q is left out, since it holds a secret.", part.what, name))
			}
		}
	}
	if r.Result.Status != event.Succeeded {
		t.Status = string(r.Result.Status)
		if err := r.Result.Error; err != nil {
			t.Assert = assertion(err)
		}
	}
	for name, v := range t.Outputs {
		if text := export.Value(v); len(text) > inline {
			data, err := export.Indented(v)
			if err != nil {
				return err
			}
			file := path.Join("testdata", stem+"."+name+".json")
			if err := dir.Write(file, data); err != nil {
				return err
			}
			delete(t.Outputs, name)
			t.Files[name] = file
		}
	}
	if err := writeCassette(e, dir, t.Cassette, c); err != nil {
		return err
	}
	if err := dir.Write(f.out, t.HCL()); err != nil {
		return err
	}
	fmt.Fprintf(e.Stderr, "  wrote %s\n", f.out)
	return nil
}

// assertion says how a run failed.
func assertion(f *event.Failure) string {
	text := fmt.Sprintf("error.kind == %s", export.Quote(string(f.Kind)))
	if step := f.Step[strings.LastIndexByte(f.Step, '/')+1:]; step != "" {
		_, name, _ := strings.Cut(step, ".")
		text += fmt.Sprintf(" && error.step == %s", export.Quote(name))
	}
	if f.Kind == event.BadStatus && f.Response != nil {
		text += fmt.Sprintf(" && error.status == %d", f.Response.Status)
	}
	return text
}

// tryExported runs the test that was written.
func tryExported(ctx context.Context, e *env, dir string, f exportFlags) error {
	p, err := loadTests(e, dir)
	if err != nil {
		return err
	}
	defer p.Dir.Close()
	if err := wellFormed(e, p, dir); err != nil {
		return err
	}
	tests := slices.DeleteFunc(slices.Clone(p.Tests), func(t *plan.Test) bool { return t.Name != f.name || t.Range.File != path.Clean(f.out) })
	reports, err := try(ctx, e, p, dir, tests)
	if err != nil {
		return err
	}
	out := view.Tests{Reports: reports, Files: p.Files, Dir: dir}
	out.Text(e.Stdout, e.style(e.Stdout), false)
	if out.Passed() < len(reports) {
		fmt.Fprintln(e.Stderr, "The project is not as it was when the run was made, or the run depended on more than what the journal has.")
		return status(exitNotWell)
	}
	return nil
}
