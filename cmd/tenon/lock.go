package main

import (
	"bytes"
	"fmt"

	"github.com/spf13/cobra"

	"tenon/cmd/tenon/internal/project"
)

func newLock(e *env) *cobra.Command {
	check := false
	cmd := &cobra.Command{
		Use:     "lock [DIR]",
		GroupID: groupWrite,
		Short:   "Pin the specs that a project is written against",
		Long: `Writes the digest of every spec that the project names to tenon.lock.hcl, which
belongs into version control. From then on lint tells when a spec has changed.`,
		Example: `  tenon lock
  tenon lock --check               # for CI: exit status 1 if a spec is not as it was pinned`,
		Args: between(0, 1, "one directory at most"),
		RunE: func(_ *cobra.Command, args []string) error {
			return lock(e, argument(args, 0, "."), check)
		},
	}
	cmd.Flags().BoolVar(&check, "check", false, "write nothing; exit status 1 if the lock does not hold")
	return cmd
}

// lock compares the project's lock with its specs and writes it anew where they differ.
func lock(e *env, dir string, checkOnly bool) error {
	opened, err := project.OpenDir(e.path(dir), dir)
	if err != nil {
		return err
	}
	defer opened.Close()
	pins, err := project.ReadPins(opened)
	if err != nil {
		return err
	}
	if checkOnly {
		for _, difference := range pins.Differences() {
			fmt.Fprintln(e.Stderr, difference)
		}
		if len(pins.Differences()) > 0 {
			return status(exitNotWell)
		}
		return nil
	}
	text := pins.Lock()
	if bytes.Equal(text, pins.Text) {
		return nil
	}
	if err := opened.Write(project.LockName, text); err != nil {
		return err
	}
	_, err = fmt.Fprintln(e.Stdout, project.LockName)
	return err
}
