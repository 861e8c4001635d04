package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"tenon/cmd/tenon/internal/project"
	"tenon/cmd/tenon/internal/view"
	"tenon/runtime/engine"
	"tenon/runtime/event"
	"tenon/runtime/exec"
	"tenon/runtime/secret"
	"tenon/runtime/store"
	"tenon/spec/plan"
	"tenon/spec/source"
	"tenon/spec/types"
)

type runFlags struct {
	inputs, inputFiles []string
	vars, varFiles     []string
	mocks              []string // "*": all
	seed               uint64
	files              []string // directories
	dryRun             bool
	trace              string
	json, quiet        bool
	stateDir           string
	ephemeral          bool
	keep               time.Duration
	whole              bool
	resume, replay     string // IDs of runs
}

func newRun(e *env) *cobra.Command {
	var f runFlags
	cmd := &cobra.Command{
		Use:     "run INTEGRATION [DIR] | run --resume ID [DIR]",
		GroupID: groupRun,
		Short:   "Run an integration once",
		Long: `Runs an integration to its end and prints how it ended as one JSON object with its
outputs. A failure names the step, the request (without secrets), the answer and
the line. Ctrl-C begins nothing new, and says what had been done.

The run is kept in the state directory while it goes on, so that it can be resumed
after it was interrupted or killed: what was done is not done again. With --mock and
--dry-run, where nothing real happens, and with --ephemeral, nothing is kept.

A variable NAME is taken from --var, else --var-file, else the environment
variable TENON_VAR_NAME, else its default.`,
		Example: `  tenon run invoices --mock                     # against mocks of the specs; sends nothing out
  tenon run invoices --dry-run                  # reads for real, shows the writes, sends none
  tenon run invoices --input since=2026-02-01T00:00:00Z
  tenon run invoices integrations/quickstart --input-file inputs.json --var payment_days=30
  tenon run invoices --trace trace.jsonl | jq .outputs
  tenon run --resume 20261129T093003-91573481a4`,
		Args: func(_ *cobra.Command, args []string) error {
			if f.resume != "" {
				return between(0, 1, "with --resume, at most one directory")(nil, args)
			}
			if len(args) == 0 {
				return missingIntegration(e)
			}
			if len(args) == 2 && slices.Contains(f.mocks, everyAPI) && !isDir(e, args[1]) {
				return usagef("there is no directory %s; to mock one api alone: --mock=%s", args[1], args[1])
			}
			return between(1, 2, "an integration and at most one directory")(nil, args)
		},
		ValidArgsFunction: completeIntegration(e),
		RunE: func(cmd *cobra.Command, args []string) error {
			if f.resume != "" {
				if given := changed(cmd, "input", "input-file", "var", "var-file", "mock", "dry-run", "ephemeral", "keep-all"); given != "" {
					return usagef("a run that is resumed has the inputs that it began with; --%s is of a new one", given)
				}
				return resumeRun(cmd.Context(), e, argument(args, 0, "."), f)
			}
			return runIntegration(cmd.Context(), e, args[0], argument(args, 1, "."), f)
		},
	}
	flags := cmd.Flags()
	flags.StringArrayVar(&f.inputs, "input", nil, "an input, as `NAME=VALUE`; VALUE is JSON where its type is not text")
	flags.StringArrayVar(&f.inputFiles, "input-file", nil, "inputs, as a JSON object in `FILE`; - is standard input")
	flags.StringArrayVar(&f.vars, "var", nil, "a variable, as `NAME=VALUE`")
	flags.StringArrayVar(&f.varFiles, "var-file", nil, "variables, as a JSON object in `FILE`")
	flags.StringArrayVar(&f.files, "files", nil, "let requests send files of `DIR`, beside those of the project, by their absolute paths")
	flags.BoolVar(&f.dryRun, "dry-run", false, "send reads only, and show the writes")
	flags.StringSliceVar(&f.mocks, "mock", nil, "run against mocks of the specs: of every api, or of `API` alone with --mock=API")
	flags.Lookup("mock").NoOptDefVal = everyAPI
	flags.Uint64Var(&f.seed, "seed", 1, "`NUMBER` that the mocks' data grow from")
	flags.StringVar(&f.resume, "resume", "", "go on with the run `ID`, with the plan and the inputs that it began with")
	flags.BoolVar(&f.ephemeral, "ephemeral", false, "keep nothing: the run cannot be resumed, and its state is forgotten")
	flags.BoolVar(&f.whole, "keep-all", false, "keep what every item was told, too, so that tenon runs export can make a test of the run")
	stateFlag(cmd, &f.stateDir)
	flags.DurationVar(&f.keep, "keep", keptFor, "forget runs that ended `TIME` ago or longer; looked after once a day")
	flags.StringVar(&f.trace, "trace", "", "write every event to `FILE`, a JSON object a line")
	flags.BoolVar(&f.json, "json", false, "print the result and nothing else (schemas/run.schema.json)")
	flags.BoolVarP(&f.quiet, "quiet", "q", false, "print the result, and only failures beside it")
	if err := cmd.RegisterFlagCompletionFunc("mock", completeAPI(e)); err != nil {
		panic("this is a bug in Tenon: " + err.Error())
	}
	return cmd
}

// missingIntegration asks which one, and names those of the project at hand.
func missingIntegration(e *env) error {
	p, err := load(e, ".")
	if err != nil {
		return usagef("which integration?")
	}
	defer p.Dir.Close()
	return usagef("which integration? there is %s", strings.Join(p.Names, ", "))
}

func runIntegration(ctx context.Context, e *env, name, dir string, f runFlags) error {
	if f.whole && !f.kept() {
		return usagef("--keep-all is of a run that is kept: not of one with --mock, --dry-run or --ephemeral")
	}
	p, err := load(e, dir)
	if err != nil {
		return err
	}
	defer p.Dir.Close()
	if err := wellFormed(e, p, dir); err != nil {
		return err
	}
	chosen, err := choose(p, name)
	if err != nil {
		return err
	}
	inputs, closeMocks, err := prepare(ctx, e, p, dir, chosen, f)
	if err != nil {
		return err
	}
	defer closeMocks()
	program, err := exec.Compile(chosen)
	if err != nil {
		return err
	}
	return carryOut(ctx, e, program, inputs, dir, f)
}

// prepare collects what a run is given, and starts the mocks that it is to run against.
func prepare(ctx context.Context, e *env, p *project.Project, dir string, chosen *plan.Plan, f runFlags) (exec.Inputs, func(), error) {
	in := exec.Inputs{DryRun: f.dryRun, Redactor: &secret.Redactor{}}
	values, err := given{what: "input", flag: "--input", pairs: f.inputs, files: f.inputFiles}.values(e, chosen.Inputs)
	variables, varErr := given{what: "variable", flag: "--var", pairs: f.vars, files: f.varFiles, prefix: "TENON_VAR_"}.values(e, chosen.Variables)
	if err := errors.Join(err, varErr); err != nil {
		return in, nil, err
	}
	in.Values, in.Variables = values, variables
	dirs := []string{e.path(dir)}
	for _, granted := range f.files {
		dirs = append(dirs, e.path(granted))
	}
	in.Files = engine.Files(dirs...)
	mocked, err := mockedAPIs(p, f.mocks)
	if err != nil {
		return in, nil, err
	}
	if in.Secrets, err = secrets(ctx, e, dir, chosen, mocked); err != nil {
		return in, nil, err
	}
	var closeMocks func()
	in.Servers, closeMocks, err = startMocks(p, chosen, mocked, f.seed)
	return in, closeMocks, err
}

// kept reports whether a run is kept: one by which something real happens.
func (f runFlags) kept() bool { return !f.ephemeral && !f.dryRun && len(f.mocks) == 0 }

// carryOut runs a program and shows how it went.
func carryOut(ctx context.Context, e *env, program *exec.Program, in exec.Inputs, dir string, f runFlags) error {
	if !f.kept() {
		return show(ctx, e, program.Plan(), dir, f, func(ctx context.Context, o engine.Options) (*exec.Result, error) {
			host := engine.New(o)
			defer host.Close()
			return host.Run(ctx, program, in), nil
		})
	}
	k, err := openKeeping(ctx, e, stateDir(e, dir, f.stateDir), store.Shared, "tenon run")
	if err == nil {
		err = k.key.need(program.Plan())
	}
	if err != nil {
		return fmt.Errorf("%w\nthe run was not begun; with --ephemeral it is carried out without being kept", err)
	}
	defer k.store.Close()
	defer k.tidy(ctx, stateDir(e, dir, f.stateDir), f.keep)
	return show(ctx, e, program.Plan(), dir, f, func(ctx context.Context, o engine.Options) (*exec.Result, error) {
		keeping := k.engine()
		keeping.Whole = f.whole
		host := engine.NewDurable(o, keeping)
		defer host.Close()
		return host.Start(ctx, program, in, "command")
	})
}

// show carries a run out and shows how it goes and went.
func show(ctx context.Context, e *env, p *plan.Plan, dir string, f runFlags, carry func(context.Context, engine.Options) (*exec.Result, error)) error {
	trace, err := openTrace(e, f.trace)
	if err != nil {
		return err
	}
	style := e.style(e.Stderr)
	_, live := terminal(e.Stderr)
	progress := view.NewProgress(e.Stderr, style, live)
	out := view.Run{Dir: dir, Files: authorFiles(p)}
	options := engine.Options{
		DryRun: f.dryRun,
		Detail: detail(f),
		Tokens: tokens(e, stateDir(e, dir, f.stateDir)),
		Sink: func(x event.Envelope) {
			if done, ok := x.Event.(event.RunDone); ok {
				out.ID, out.Done = x.Run, done
			}
			trace.write(x)
			if !f.json && !f.quiet {
				progress.Event(x)
			}
		},
	}
	stop := context.AfterFunc(ctx, func() {
		if !f.json {
			progress.Say("interrupted: nothing new begins; waiting for the writes under way (again to stop at once)")
		}
	})
	result, broken := carry(ctx, options)
	stop()
	if err := trace.close(); err != nil {
		fmt.Fprintf(e.Stderr, "%s the trace is not whole: %v\n", style.Yellow("warning:"), err)
	}
	if result == nil {
		return broken
	}
	if out.ID == "" { // it had been told to stop, and nothing was carried out any more
		out.ID, out.Done = result.Run, event.RunDone{Status: result.Status, Writes: result.Writes}
	}
	out.GivenUp = result.Status == event.Canceled && ctx.Err() == nil
	if result.Outputs != nil {
		if out.Outputs, err = types.AppendJSON(nil, result.Outputs); err != nil {
			return fmt.Errorf("outputs: %w", err)
		}
	}
	if broken != nil {
		return fmt.Errorf("%w\nRun %s stopped there; when that is mended: tenon run --resume %s", broken, result.Run, result.Run)
	}
	if err := out.JSON(e.Stdout); err != nil {
		return err
	}
	if !f.json && !(f.quiet && out.Done.Status == event.Succeeded) {
		out.Text(e.Stderr, style, p.Integration)
		if f.kept() {
			out.Next(e.Stderr, style)
		}
	}
	if out.GivenUp {
		return status(exitNotWell)
	}
	return ended(out.Done.Status)
}

// ended is the exit status of a run.
func ended(s event.Status) error {
	switch s {
	case event.Succeeded:
		return nil
	case event.InDoubt:
		return status(exitInDoubt)
	case event.Canceled:
		return status(exitInterrupted)
	}
	return status(exitNotWell)
}

// detail is how much of a run anybody hears.
func detail(f runFlags) event.Detail {
	if f.trace != "" {
		return event.Everything
	}
	return event.Summary
}

// authorFiles is the files that a plan carries, so that failures can show their line.
func authorFiles(p *plan.Plan) source.Set {
	files := source.Set{}
	for _, f := range p.Files {
		files[f.Name] = source.NewFile(f.Name, []byte(f.Text))
	}
	return files
}

// trace is the file that every event of a run goes to; a nil trace takes none.
type trace struct {
	file *os.File
	w    *bufio.Writer
	err  error
}

func openTrace(e *env, name string) (*trace, error) {
	if name == "" {
		return nil, nil
	}
	f, err := os.Create(e.path(name))
	if err != nil {
		return nil, err
	}
	return &trace{file: f, w: bufio.NewWriter(f)}, nil
}

func (t *trace) write(x event.Envelope) {
	if t == nil || t.err != nil {
		return
	}
	line, err := json.Marshal(x)
	if err == nil {
		_, err = t.w.Write(append(line, '\n'))
	}
	t.err = err
}

func (t *trace) close() error {
	if t == nil {
		return nil
	}
	return errors.Join(t.err, t.w.Flush(), t.file.Close())
}
