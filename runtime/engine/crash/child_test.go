package crash

import (
	"context"
	"fmt"
	"os"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"

	"tenon/runtime/engine"
	"tenon/runtime/exec"
	"tenon/runtime/secret"
	"tenon/runtime/store"
	"tenon/spec/check"
	"tenon/spec/plan"
)

// How the test starts itself as the process that is killed.
const (
	childDir    = "TENON_CRASH_DIR"
	childServer = "TENON_CRASH_SERVER"
	childWhat   = "TENON_CRASH_INTEGRATION"
	childAt     = "TENON_CRASH_AT" // "12-": before the twelfth write to the journal; "12+": after it
)

func TestMain(m *testing.M) {
	if dir := os.Getenv(childDir); dir != "" {
		status, err := child(dir, os.Getenv(childServer), os.Getenv(childWhat), os.Getenv(childAt))
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		fmt.Print(status)
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// The integrations that are killed. The items of one can be undone, so that all of them are gone through again; those of
// the other are noted as over.
const (
	undone = "orders"
	noted  = "noted"
)

// project compiles one of them.
func project(name string) (*plan.Plan, error) {
	src, err := os.ReadFile("testdata/main.hcl")
	if err != nil {
		return nil, err
	}
	checked := check.NewSession(os.DirFS("testdata"), nil, "test").Check(map[string][]byte{"main.hcl": src})
	p := checked.Plans[name]
	if p == nil {
		return nil, fmt.Errorf("findings: %v", checked.Findings)
	}
	return p, nil
}

// every is the number of items between two marks: few, so that there are many.
const every = 7

// child begins the run, or goes on with it, and returns how it ended.
func child(dir, server, what, at string) (string, error) {
	ctx := context.Background()
	s, err := store.Open(ctx, dir, store.Shared, "crash")
	if err != nil {
		return "", err
	}
	defer s.Close()
	var kept store.Store = s
	if n, err := strconv.ParseInt(strings.TrimRight(at, "+-"), 10, 64); err == nil {
		kept = &deadly{Store: s, at: n, after: strings.HasSuffix(at, "+")}
	}
	d := engine.NewDurable(engine.Options{}, engine.Keeping{Store: kept, Every: every})
	runs, err := s.Runs(ctx, store.Filter{Limit: 1})
	if err != nil {
		return "", err
	}
	if len(runs) == 0 {
		p, err := project(what)
		if err != nil {
			return "", err
		}
		prog, err := exec.Compile(p)
		if err != nil {
			return "", err
		}
		res, err := d.Start(ctx, prog, exec.Inputs{Servers: map[string]string{"shop": server}}, "test")
		if err != nil {
			return "", err
		}
		return string(res.Status), nil
	}
	if run := runs[0]; !run.Unfinished() && run.Status != store.InDoubt {
		return run.Status, nil
	}
	res, _, err := d.Resume(ctx, runs[0].ID, func(*plan.Plan) (map[string]secret.Value, error) { return nil, nil })
	if err != nil {
		return "", err
	}
	return string(res.Status), nil
}

// deadly is a store that kills its process at one of the writes to it.
type deadly struct {
	store.Store
	at, n int64
	after bool
}

func (d *deadly) die(after bool) {
	if after == d.after && atomic.LoadInt64(&d.n) >= d.at {
		syscall.Kill(os.Getpid(), syscall.SIGKILL)
		select {}
	}
}

func (d *deadly) Queue(run string, changes ...store.Change) {
	atomic.AddInt64(&d.n, 1)
	d.die(false)
	d.Store.Queue(run, changes...)
	d.die(true)
}

func (d *deadly) Commit(ctx context.Context, run string, changes ...store.Change) error {
	atomic.AddInt64(&d.n, 1)
	d.die(false)
	err := d.Store.Commit(ctx, run, changes...)
	d.die(true)
	return err
}

func (d *deadly) Sync(ctx context.Context, run string) error {
	atomic.AddInt64(&d.n, 1)
	d.die(false)
	err := d.Store.Sync(ctx, run)
	d.die(true)
	return err
}
