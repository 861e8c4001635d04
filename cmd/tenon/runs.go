package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/spf13/cobra"

	"tenon/cmd/tenon/internal/view"
	"tenon/runtime/engine"
	"tenon/runtime/event"
	"tenon/runtime/exec"
	"tenon/runtime/store"
)

func newRuns(e *env) *cobra.Command {
	cmd := &cobra.Command{
		Use:     "runs",
		GroupID: groupRun,
		Short:   "Past and present runs",
		Long: `Shows the runs that a project's state directory keeps, goes on with those that did not
end, and settles writes that are in doubt.`,
		Example: `  tenon runs list
  tenon runs show 20261129T093003-91573481a4`,
		Args: noSubcommand,
		RunE: func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	cmd.AddCommand(newRunsList(e), newRunsShow(e), newRunsResume(e), newRunsReplay(e), newRunsCancel(e), newRunsResolve(e), newRunsExport(e))
	return cmd
}

// noSubcommand refuses what is no command of runs.
func noSubcommand(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	return usagef("there is no command %q; there is list, show, resume, replay, cancel, resolve and export", "runs "+args[0])
}

// stateFlag is the flag that says where state is.
func stateFlag(cmd *cobra.Command, to *string) {
	cmd.Flags().StringVar(to, "state-dir", "", "keep state, such as runs and logins, in `DIR`; otherwise TENON_STATE_DIR, else .tenon in the project")
}

func newRunsList(e *env) *cobra.Command {
	var state, integration string
	var limit int
	var asJSON bool
	cmd := &cobra.Command{
		Use:     "list [DIR]",
		Short:   "List runs, the latest first",
		Long:    `Lists the runs that the state directory keeps, the latest first.`,
		Example: "  tenon runs list --integration invoices --limit 5\n  tenon runs list --json | jq '.runs[] | select(.status == \"in_doubt\")'",
		Args:    between(0, 1, "at most one directory"),
		RunE: func(cmd *cobra.Command, args []string) error {
			k, err := openKeeping(cmd.Context(), e, stateDir(e, argument(args, 0, "."), state), store.ReadOnly, "")
			if errors.Is(err, store.ErrNotFound) {
				return view.RunList(nil, e.Stdout, e.Stderr, e.style(e.Stdout), asJSON)
			}
			if err != nil {
				return err
			}
			defer k.store.Close()
			runs, err := k.store.Runs(cmd.Context(), store.Filter{Integration: integration, Limit: limit})
			if err != nil {
				return err
			}
			list := make([]view.KeptRun, len(runs))
			for i, r := range runs {
				list[i] = k.kept(r)
			}
			return view.RunList(list, e.Stdout, e.Stderr, e.style(e.Stdout), asJSON)
		},
	}
	cmd.Flags().StringVar(&integration, "integration", "", "only runs of the integration `NAME`")
	cmd.Flags().IntVar(&limit, "limit", 20, "at most `N` runs; 0: all")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON (schemas/runs-list.schema.json)")
	stateFlag(cmd, &state)
	return cmd
}

// kept is a run as readers see it. A run that nobody works on is not running, whatever a killed process left.
func (k *keeping) kept(r *store.Run) view.KeptRun {
	out := view.KeptRun{Run: r.ID, Integration: r.Integration, Status: r.Status, Plan: r.Plan, Started: r.Started, Cause: r.Cause, Writes: r.Writes, Resumed: r.Resumed}
	if out.Status == store.Running && !k.store.Active(r.ID) {
		out.Status = store.Interrupted
	}
	if !r.Ended.IsZero() {
		out.Ended = &r.Ended
	}
	return out
}

func newRunsShow(e *env) *cobra.Command {
	var state string
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "show ID [DIR]",
		Short: "Show what a run did",
		Long: `Shows a run: what it did when, its requests with their answers as far as they are kept,
how it ended, and the writes that are in doubt. Secrets are not shown: they are not
kept, but in parts that are encrypted. Requests of items that are over are not kept,
unless the run was begun with --keep-all.`,
		Example: "  tenon runs show 20261129T093003-91573481a4",
		Args:    between(1, 2, "a run and at most one directory"),
		RunE: func(cmd *cobra.Command, args []string) error {
			k, err := openKeeping(cmd.Context(), e, stateDir(e, argument(args, 1, "."), state), store.ReadOnly, "")
			if err != nil {
				return unknownRun(err, args[0])
			}
			defer k.store.Close()
			shown, err := k.show(cmd.Context(), args[0])
			if err != nil {
				return unknownRun(err, args[0])
			}
			if asJSON {
				return view.JSON(e.Stdout, shown)
			}
			return shown.Text(e.Stdout, e.style(e.Stdout))
		},
		ValidArgsFunction: completeRun(e),
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON (schemas/runs-show.schema.json)")
	stateFlag(cmd, &state)
	return cmd
}

// shownBody is how much of a body is shown.
const shownBody = 16 << 10

func (k *keeping) show(ctx context.Context, id string) (*view.RunHistory, error) {
	r, err := k.store.Run(ctx, id)
	if err != nil {
		return nil, err
	}
	out := &view.RunHistory{Version: view.RunsVersion, KeptRun: k.kept(r), Outputs: r.Outputs, Events: []event.Envelope{}, Requests: []*engine.Exchange{}}
	if r.Error != nil {
		if err := json.Unmarshal(r.Error, &out.Error); err != nil {
			return nil, err
		}
	}
	for text, err := range k.store.Facts(ctx, id) {
		var x event.Envelope
		if err == nil {
			err = json.Unmarshal(text, &x)
		}
		if err != nil {
			return nil, err
		}
		out.Events = append(out.Events, x)
	}
	requests, err := engine.Exchanges(ctx, k.store, id, shownBody)
	if err != nil {
		return nil, err
	}
	out.Requests = append(out.Requests, requests...)
	doubts, err := k.store.Doubts(ctx, id)
	for _, d := range doubts {
		out.InDoubt = append(out.InDoubt, view.Doubt{Key: d.Key, At: d.At, Reason: d.Reason, Request: d.Request})
	}
	return out, err
}

// completeRun completes IDs of runs.
func completeRun(e *env) cobra.CompletionFunc {
	return func(cmd *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
		if len(args) > 0 {
			return nil, cobra.ShellCompDirectiveFilterDirs
		}
		k, err := openKeeping(cmd.Context(), e, stateDir(e, ".", ""), store.ReadOnly, "")
		if err != nil {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		defer k.store.Close()
		runs, _ := k.store.Runs(cmd.Context(), store.Filter{Limit: 50})
		var ids []string
		for _, r := range runs {
			ids = append(ids, r.ID+"\t"+r.Integration+", "+r.Status)
		}
		return ids, cobra.ShellCompDirectiveNoFileComp
	}
}

func newRunsResume(e *env) *cobra.Command {
	var f runFlags
	cmd := &cobra.Command{
		Use:   "resume ID [DIR]",
		Short: "Go on with a run that did not end",
		Long: `Goes on with a run that was interrupted or killed, or whose writes in doubt are settled,
with the plan and the inputs that it began with. What was done is not done again.`,
		Example:           "  tenon runs resume 20261129T093003-91573481a4",
		Args:              between(1, 2, "a run and at most one directory"),
		ValidArgsFunction: completeRun(e),
		RunE: func(cmd *cobra.Command, args []string) error {
			f.resume = args[0]
			return resumeRun(cmd.Context(), e, argument(args, 1, "."), f)
		},
	}
	shownFlags(cmd, &f)
	return cmd
}

// shownFlags are the flags of a command that carries a run out.
func shownFlags(cmd *cobra.Command, f *runFlags) {
	cmd.Flags().StringVar(&f.trace, "trace", "", "write every event to `FILE`, a JSON object a line")
	cmd.Flags().BoolVar(&f.json, "json", false, "print the result and nothing else (schemas/run.schema.json)")
	cmd.Flags().BoolVarP(&f.quiet, "quiet", "q", false, "print the result, and only failures beside it")
	stateFlag(cmd, &f.stateDir)
}

func newRunsReplay(e *env) *cobra.Command {
	var f runFlags
	cmd := &cobra.Command{
		Use:   "replay ID [DIR]",
		Short: "Begin a new run with the inputs of another",
		Long: `Begins a new run with the plan and the inputs of an earlier one. Everything is done anew:
what the earlier run wrote is written again, unless a for_each has once.`,
		Example:           "  tenon runs replay 20261129T093003-91573481a4",
		Args:              between(1, 2, "a run and at most one directory"),
		ValidArgsFunction: completeRun(e),
		RunE: func(cmd *cobra.Command, args []string) error {
			f.replay = args[0]
			return resumeRun(cmd.Context(), e, argument(args, 1, "."), f)
		},
	}
	shownFlags(cmd, &f)
	return cmd
}

func newRunsCancel(e *env) *cobra.Command {
	var state string
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "cancel ID [DIR]",
		Short: "Stop a run for good",
		Long: `Stops a run: one that a process carries out begins nothing new and ends; one that was
interrupted or is in doubt is not gone on with any more. Nothing is undone.`,
		Example:           "  tenon runs cancel 20261129T093003-91573481a4",
		Args:              between(1, 2, "a run and at most one directory"),
		ValidArgsFunction: completeRun(e),
		RunE: func(cmd *cobra.Command, args []string) error {
			return changeRun(cmd.Context(), e, stateDir(e, argument(args, 1, "."), state), args[0], asJSON, func(s store.Store) error {
				return engine.CancelRun(cmd.Context(), s, args[0], time.Now())
			})
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON (schemas/runs-change.schema.json)")
	stateFlag(cmd, &state)
	return cmd
}

// changeRun changes a run and says what it is now.
func changeRun(ctx context.Context, e *env, state, id string, asJSON bool, change func(store.Store) error) error {
	if _, err := os.Stat(state); err != nil {
		return unknownRun(store.ErrNotFound, id)
	}
	k, err := openKeeping(ctx, e, state, store.Shared, "tenon runs")
	if err != nil {
		return err
	}
	defer k.store.Close()
	if _, err := k.store.Run(ctx, id); err != nil {
		return unknownRun(err, id)
	}
	if err := change(k.store); err != nil {
		return err
	}
	run, err := k.store.Run(ctx, id)
	if err != nil {
		return err
	}
	doubts, err := k.store.Doubts(ctx, id)
	if err != nil {
		return err
	}
	return view.RunChanged(e.Stdout, e.Stderr, k.kept(run), len(doubts), run.Cancel, asJSON)
}

func newRunsResolve(e *env) *cobra.Command {
	var state, answer string
	var happened, not, asJSON bool
	var code int
	cmd := &cobra.Command{
		Use:   "resolve ID KEY [DIR]",
		Short: "Settle a write that is in doubt",
		Long: `Says what became of a write of which the run does not know whether it happened. Look at
the API first. --happened makes the run go on as if it had been answered; where the run
reads the body, --answer gives it. --not-happened makes it be sent again. KEY is what "tenon runs show" lists. Then: tenon runs resume ID.`,
		Example: `  tenon runs resolve 20261129T093003-91573481a4 step.mail --not-happened
  tenon runs resolve 20261129T093003-91573481a4 'step.invoice[3]' --happened --status 201 --answer invoice.json`,
		Args: between(2, 3, "a run, the key of a write and at most one directory"),
		RunE: func(cmd *cobra.Command, args []string) error {
			v := engine.Verdict{Happened: happened, Status: code}
			switch {
			case happened == not:
				return usagef("say either --happened or --not-happened")
			case not && (answer != "" || cmd.Flags().Changed("status")):
				return usagef("--status and --answer are of a write that happened")
			case cmd.Flags().Changed("status") && (code < 100 || code > 599):
				return usagef("--status is an HTTP status, not %d", code)
			}
			var err error
			if v.Body, err = readAnswer(e, answer); err != nil {
				return err
			}
			return changeRun(cmd.Context(), e, stateDir(e, argument(args, 2, "."), state), args[0], asJSON, func(s store.Store) error {
				err := engine.Resolve(cmd.Context(), s, args[0], args[1], v, time.Now())
				if errors.Is(err, store.ErrNotFound) {
					return fmt.Errorf("run %s has no write %q in doubt; `tenon runs show %s` lists those that are", args[0], args[1], args[0])
				}
				var x *exec.Unusable
				if errors.As(err, &x) && x.Body {
					return usagef("%w\nFetch what was made from the API, and give its JSON with --answer FILE.", err)
				}
				return err
			})
		},
		ValidArgsFunction: completeRun(e),
	}
	cmd.Flags().BoolVar(&happened, "happened", false, "the write happened")
	cmd.Flags().BoolVar(&not, "not-happened", false, "the write did not happen, and is to be sent again")
	cmd.Flags().IntVar(&code, "status", 0, "with --happened: the answer's `STATUS`; otherwise that of the operation's success")
	cmd.Flags().StringVar(&answer, "answer", "", "with --happened: the answer's body, JSON in `FILE`; - is standard input")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON (schemas/runs-change.schema.json)")
	stateFlag(cmd, &state)
	return cmd
}

func readAnswer(e *env, name string) ([]byte, error) {
	if name == "" {
		return nil, nil
	}
	var body []byte
	var err error
	if name == "-" {
		body, err = io.ReadAll(e.Stdin)
	} else {
		body, err = os.ReadFile(e.path(name))
	}
	if err == nil && !json.Valid(body) {
		err = usagef("%s does not hold JSON", name)
	}
	return body, err
}
