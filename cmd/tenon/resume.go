package main

import (
	"context"
	"os"

	"github.com/spf13/cobra"

	"tenon/runtime/engine"
	"tenon/runtime/exec"
	"tenon/runtime/store"
)

// resumeRun goes on with an earlier run, or begins a new one with what that was given.
func resumeRun(ctx context.Context, e *env, dir string, f runFlags) error {
	id := f.resume + f.replay // one of them is set
	state := stateDir(e, dir, f.stateDir)
	if _, err := os.Stat(state); err != nil {
		return unknownRun(store.ErrNotFound, id)
	}
	k, err := openKeeping(ctx, e, state, store.Shared, "tenon run")
	if err != nil {
		return err
	}
	defer k.store.Close()
	_, p, err := engine.NewDurable(engine.Options{}, k.engine()).Given(ctx, id)
	if err != nil {
		return unknownRun(err, id)
	}
	return show(ctx, e, p, dir, f, func(ctx context.Context, o engine.Options) (res *exec.Result, err error) {
		host := engine.NewDurable(o, k.engine())
		defer host.Close()
		if f.replay != "" {
			res, _, err = host.Replay(ctx, id, k.secretsOf(ctx, e, dir))
		} else {
			res, _, err = host.Resume(ctx, id, k.secretsOf(ctx, e, dir))
		}
		return res, err
	})
}

// changed is the first of some flags that the user gave; "" if none.
func changed(cmd *cobra.Command, flags ...string) string {
	for _, name := range flags {
		if cmd.Flags().Changed(name) {
			return name
		}
	}
	return ""
}
