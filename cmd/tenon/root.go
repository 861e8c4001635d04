package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"tenon/spec/diag"
)

// Exit statuses. They are part of the interface: scripts and CI rely on them.
const (
	exitDone        = 0
	exitNotWell     = 1 // the thing asked about is not well: findings, a failed run
	exitUsage       = 2 // wrong usage or unreadable input
	exitInDoubt     = 3 // a person must decide
	exitInterrupted = 130
)

// status ends a command with an exit status whose reason the user has already been shown.
type status int

func (s status) Error() string { return fmt.Sprintf("exit status %d", int(s)) }

// usageError is a command line that makes no sense.
type usageError struct{ error }

func usagef(format string, args ...any) error { return usageError{fmt.Errorf(format, args...)} }

// run is the whole program: it carries out the command line in e and returns the exit status.
func run(ctx context.Context, e *env) int {
	root := newRoot(e)
	cmd, err := root.ExecuteContextC(ctx)
	if err == nil {
		return exitDone
	}
	if s := status(0); errors.As(err, &s) {
		return int(s)
	}
	style := e.style(e.Stderr)
	fmt.Fprintf(e.Stderr, "%s %s\n", style.Red(cmd.CommandPath()+":"), err)
	if errors.As(err, &usageError{}) {
		fmt.Fprintf(e.Stderr, "%s\n", style.Dim("Run '"+cmd.CommandPath()+" --help' for its usage."))
	}
	return exitUsage
}

// newRoot returns the command tree over e.
func newRoot(e *env) *cobra.Command {
	root := &cobra.Command{
		Use:   "tenon COMMAND [DIR]",
		Short: "API integrations, checked against the APIs' own specs before they run",
		Long: `Tenon runs integrations between HTTP APIs. You write them in HCL, against the
APIs' OpenAPI documents; everything is checked against those before anything runs.

A project is a directory of *.hcl files. DIR is the working directory if not given.
Results go to standard output, everything else to standard error.`,
		Example: `  tenon init shop && cd shop       # a project that works at once
  tenon lint                       # what would go wrong
  tenon plan                       # every request, and where its values come from
  tenon run invoices --mock        # run it against mocks of the specs`,
		SilenceErrors: true,
		SilenceUsage:  true,
		Args:          knownCommand,
		RunE:          func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	root.SetArgs(e.Args)
	root.SetIn(e.Stdin)
	root.SetOut(e.Stdout)
	root.SetErr(e.Stderr)
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return usageError{err} })
	root.AddGroup(
		&cobra.Group{ID: groupWrite, Title: "Writing:"},
		&cobra.Group{ID: groupRun, Title: "Running:"},
		&cobra.Group{ID: groupTool, Title: "This tool:"},
	)
	root.SetHelpCommandGroupID(groupTool)
	root.SetCompletionCommandGroupID(groupTool)
	root.AddCommand(
		newInit(e), newAdd(e), newLock(e), newLint(e), newExplain(e), newFmt(e),
		newPlan(e), newRun(e), newServe(e), newRuns(e), newTest(e), newMock(e), newLogin(e), newLogout(e),
		newVersion(e),
	)
	root.InitDefaultHelpCmd()
	root.InitDefaultCompletionCmd()
	for _, cmd := range root.Commands() {
		switch cmd.Name() {
		case "help":
			cmd.Example = "  tenon help lint"
		case "completion":
			cmd.Example = "  source <(tenon completion bash)"
		}
	}
	return root
}

const (
	groupWrite = "write"
	groupRun   = "run"
	groupTool  = "tool"
)

// knownCommand refuses what is no command, and says which one is near.
func knownCommand(root *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	var names []string
	for _, cmd := range root.Commands() {
		names = append(names, cmd.Name())
	}
	if near := diag.Nearest(args[0], names); near != "" {
		return usagef("there is no command %q; did you mean %q?", args[0], near)
	}
	return usagef("there is no command %q", args[0])
}

// between accepts from low to high arguments; what says in words what they are.
func between(low, high int, what string) cobra.PositionalArgs {
	return func(_ *cobra.Command, args []string) error {
		switch {
		case len(args) < low:
			return usagef("it takes %s", what)
		case len(args) > high:
			return usagef("it takes %s; %q is one too many", what, args[high])
		}
		return nil
	}
}
