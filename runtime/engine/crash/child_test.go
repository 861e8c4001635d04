//go:build unix

package crash

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

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
	childPlan   = "TENON_CRASH_PLAN" // a file
	childAt     = "TENON_CRASH_AT"   // "12-": before the twelfth write to the journal or the slate; "12+": after it
)

func TestMain(m *testing.M) {
	if dir := os.Getenv(childDir); dir != "" {
		status, err := child(dir, os.Getenv(childServer), os.Getenv(childPlan), os.Getenv(childAt))
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		fmt.Print(status)
		os.Exit(0)
	}
	flag.Parse()
	flag.Set("test.parallel", strconv.Itoa(*workers)) // most of the time they wait
	os.Exit(m.Run())
}

// project compiles one of the integrations that are killed.
func project(name string) (*plan.Plan, error) {
	src, err := os.ReadFile("testdata/main.hcl")
	if err != nil {
		return nil, err
	}
	checked := check.NewSession(os.DirFS("testdata"), nil, "test").Check(map[string][]byte{"main.hcl": src})
	p := checked.Plans[name]
	if p == nil || checked.Findings.HasErrors() {
		return nil, fmt.Errorf("findings: %v", checked.Findings)
	}
	return p, nil
}

// planFile writes the plan of one of them, as the processes read it.
func planFile(t *testing.T, name string) string {
	t.Helper()
	p, err := project(name)
	if err != nil {
		t.Fatal(err)
	}
	data, err := json.Marshal(p)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), name+".json")
	if err := os.WriteFile(file, data, 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// every is the number of items between two marks: few, so that there are many.
const every = 7

// child begins the run, or goes on with it, and returns how it stands then, as the store has it. SIGTERM interrupts it.
func child(dir, server, file, at string) (string, error) {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	s, err := store.Open(context.Background(), dir, store.Shared, "crash")
	if err != nil {
		return "", err
	}
	defer s.Close()
	var kept store.Store = s
	if n, err := strconv.ParseInt(strings.TrimRight(at, "+-"), 10, 64); err == nil {
		kept = &deadly{Store: s, at: n, after: strings.HasSuffix(at, "+")}
	}
	d := engine.NewDurable(engine.Options{}, engine.Keeping{Store: kept, Every: every})
	if err := carry(ctx, d, s, server, file); err != nil {
		return "", err
	}
	runs, err := s.Runs(context.Background(), store.Filter{Limit: 1})
	if err != nil || len(runs) == 0 {
		return store.Interrupted, err // before it began
	}
	return runs[0].Status, nil
}

func carry(ctx context.Context, d *engine.Durable, s store.Store, server, file string) error {
	runs, err := s.Runs(context.Background(), store.Filter{Limit: 1})
	if err != nil {
		return err
	}
	if len(runs) > 0 {
		for {
			run, err := s.Run(context.Background(), runs[0].ID)
			if err != nil || over(run) {
				return err
			}
			_, _, err = d.Resume(ctx, run.ID, noSecrets)
			switch { // somebody may cancel it meanwhile
			case errors.Is(err, store.ErrInUse):
				time.Sleep(10 * time.Millisecond)
			case err == nil || !strings.Contains(err.Error(), "has ended"):
				return unlessStopped(ctx, err)
			}
		}
	}
	data, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	p, err := plan.Decode(data)
	if err != nil {
		return err
	}
	prog, err := exec.Compile(p)
	if err != nil {
		return err
	}
	_, err = d.Start(ctx, prog, exec.Inputs{Servers: map[string]string{"shop": server}}, "test")
	return unlessStopped(ctx, err)
}

func over(run *store.Run) bool { return !run.Unfinished() && run.Status != store.InDoubt }

// unlessStopped is err, unless it says only that ctx had ended before anything was done.
func unlessStopped(ctx context.Context, err error) error {
	if err != nil && err == ctx.Err() {
		return nil
	}
	return err
}

func noSecrets(*plan.Plan) (map[string]secret.Value, error) { return nil, nil }

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

func (d *deadly) Slate(run string) (store.Slate, error) {
	s, err := d.Store.Slate(run)
	if s == nil {
		return nil, err
	}
	return &deadlySlate{s, d}, err
}

type deadlySlate struct {
	store.Slate
	d *deadly
}

func (s *deadlySlate) Wipe() error { return s.write(s.Slate.Wipe) }

func (s *deadlySlate) Write(slot int, data []byte) error {
	return s.write(func() error { return s.Slate.Write(slot, data) })
}

func (s *deadlySlate) write(do func() error) error {
	atomic.AddInt64(&s.d.n, 1)
	s.d.die(false)
	err := do()
	s.d.die(true)
	return err
}

func (d *deadly) Sync(ctx context.Context, run string) error {
	atomic.AddInt64(&d.n, 1)
	d.die(false)
	err := d.Store.Sync(ctx, run)
	d.die(true)
	return err
}
