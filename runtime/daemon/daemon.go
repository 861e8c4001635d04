package daemon

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"

	"tenon/runtime/engine"
	"tenon/runtime/exec"
	"tenon/runtime/secret"
	"tenon/runtime/store"
	"tenon/runtime/trigger"
	"tenon/spec/plan"
)

// Defaults of [Options].
const (
	DefaultMaxRuns  = 64
	DefaultMaxQueue = 10_000
	DefaultDrain    = 30 * time.Second
)

// Options of a daemon. Store, Load and Secrets are needed.
type Options struct {
	Store  store.Store    // the daemon's alone; its owner closes it after Stop
	Sealer engine.Sealer  // encrypts what holds a secret; nil: nothing does
	Engine engine.Options // its Sink hears of every run, after the daemon itself
	Load   Loader
	// Secrets finds the secrets of a plan, for runs that an earlier process left.
	Secrets  func(*plan.Plan) (map[string]secret.Value, error)
	MaxRuns  int                 // under way at once; 0: DefaultMaxRuns
	MaxQueue int                 // that wait; beyond it nothing is accepted; 0: DefaultMaxQueue
	Drain    time.Duration       // how long runs may go on after Stop; 0: DefaultDrain. What is not over then is resumed later
	Hooks    trigger.HookOptions // Tell is the daemon's
	Keep     store.Keep          // what of the past stays; zero: everything
	Token    secret.Value        // that the admin API wants; empty: none
	Log      *slog.Logger        // nil: nothing is logged
	Version  string
	Tracer   *Tracer // nil: no traces
}

// Daemon keeps integrations running. Its methods are safe for concurrent use.
type Daemon struct {
	o       Options
	log     *slog.Logger
	engine  *engine.Durable
	queue   *queue
	metrics *metrics
	clients clients

	set     atomic.Pointer[Set]
	hooks   atomic.Pointer[trigger.Hooks]
	ready   atomic.Bool
	closing atomic.Bool

	reload    sync.Mutex    // one at a time
	schedules func()        // stops those of the set; nil: none run
	quit      chan struct{} // closed when nothing new is to begin
	stopOnce  sync.Once
	runs      sync.WaitGroup
	runCtx    context.Context
	cut       context.CancelFunc // interrupts runs
	started   time.Time
}

// New returns a daemon that does nothing yet.
func New(o Options) *Daemon {
	if o.MaxRuns == 0 {
		o.MaxRuns = DefaultMaxRuns
	}
	if o.MaxQueue == 0 {
		o.MaxQueue = DefaultMaxQueue
	}
	if o.Drain == 0 {
		o.Drain = DefaultDrain
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	d := &Daemon{o: o, log: o.Log, queue: newQueue(o.MaxQueue, o.MaxRuns), quit: make(chan struct{}), started: time.Now()}
	d.runCtx, d.cut = context.WithCancel(context.Background())
	d.metrics = newMetrics(d)
	sink := o.Engine.Sink
	o.Engine.Sink = d.hear(sink)
	o.Engine.Detail = o.Tracer.detail(o.Engine.Detail)
	d.o.Hooks.Tell = d.told
	d.engine = engine.NewDurable(o.Engine, engine.Keeping{Store: o.Store, Sealer: o.Sealer})
	return d
}

// Start loads the set, goes on with what an earlier process left, and begins to start what triggers want. The
// daemon then works until [Daemon.Stop].
func (d *Daemon) Start(ctx context.Context) error {
	if err := d.Reload(ctx); err != nil {
		return err
	}
	if err := d.recall(ctx); err != nil {
		return fmt.Errorf("what was left to do: %w", err)
	}
	d.runs.Go(d.dispatch)
	d.runs.Go(d.tidy)
	d.runs.Go(d.settle)
	d.ready.Store(true)
	return nil
}

// Reload builds the set anew and, if it is good, puts it in place of the one before. Runs under way go on as they
// began.
func (d *Daemon) Reload(ctx context.Context) error {
	d.reload.Lock()
	defer d.reload.Unlock()
	if d.closing.Load() {
		return errors.New("the daemon is stopping")
	}
	defer debug.FreeOSMemory() // documents are read for a moment, and then not for days
	set, err := d.o.Load(ctx)
	if err != nil {
		d.metrics.reloads.WithLabelValues("failed").Inc()
		return err
	}
	set.compact()
	hooks, schedules, err := d.arm(ctx, set)
	if err != nil {
		d.metrics.reloads.WithLabelValues("failed").Inc()
		return err
	}
	d.set.Store(set)
	d.hooks.Store(hooks)
	if d.schedules != nil {
		d.schedules()
	}
	watch, stop := context.WithCancel(context.Background())
	var done sync.WaitGroup
	done.Go(func() {
		s := &trigger.Schedules{Ledger: ledger{d}, Tell: d.told}
		s.Run(watch, schedules)
	})
	d.schedules = func() { stop(); done.Wait() }
	d.metrics.reloads.WithLabelValues("succeeded").Inc()
	d.log.Info("integrations loaded", "integrations", len(set.Programs), "schedules", len(schedules))
	d.queue.signal()
	set.rest(func(*exec.Program) bool { return true }) // what was needed to be armed
	return nil
}

// arm makes everything of a set that can fail.
func (d *Daemon) arm(ctx context.Context, set *Set) (*trigger.Hooks, []*trigger.Target, error) {
	if err := set.prepare(); err != nil {
		return nil, nil, err
	}
	webhooks, err := set.targets("webhook")
	if err != nil {
		return nil, nil, err
	}
	schedules, err := set.targets("schedule")
	if err != nil {
		return nil, nil, err
	}
	operations, err := set.targets("operation")
	if err != nil {
		return nil, nil, err
	}
	hooks, err := trigger.NewHooks(ctx, webhooks, operations, ledger{d}, runner{d}, d.o.Hooks)
	return hooks, schedules, err
}

// recall queues what an earlier process left: runs to go on with first, then deliveries that none had taken, then
// runs that should have followed others.
func (d *Daemon) recall(ctx context.Context) error {
	runs, err := d.o.Store.Runs(ctx, store.Filter{Status: []store.Status{store.Running, store.Interrupted}})
	if err != nil {
		return err
	}
	for i := len(runs) - 1; i >= 0; i-- {
		d.queue.restore(waiting{integration: runs[i].Integration, resume: runs[i].ID})
	}
	list, err := d.o.Store.Deliveries(ctx, 1<<30)
	if err != nil {
		return err
	}
	for _, x := range list {
		integration, trigger := cutHook(x.Hook)
		d.queue.restore(waiting{id: x.ID, integration: integration, trigger: trigger})
	}
	if n := len(runs) + len(list); n > 0 {
		d.log.Info("going on with what was left", "runs", len(runs), "waiting", len(list))
	}
	return d.recallCompletions(ctx)
}

// Stop begins nothing new, waits for the runs under way as long as Drain or ctx allow, and interrupts what is not over
// then: it is resumed by the next process. It may be called twice, or before Start.
func (d *Daemon) Stop(ctx context.Context) {
	d.stopOnce.Do(func() {
		d.closing.Store(true)
		d.ready.Store(false)
		d.reload.Lock()
		if d.schedules != nil {
			d.schedules()
		}
		d.reload.Unlock()
		close(d.quit)
		over := make(chan struct{})
		go func() { d.runs.Wait(); close(over) }()
		t := time.NewTimer(d.o.Drain)
		defer t.Stop()
		select {
		case <-over:
		case <-t.C:
			d.log.Warn("runs are interrupted; they go on at the next start")
		case <-ctx.Done():
		}
		d.cut()
		<-over
		d.engine.Close()
	})
}

// tidy removes what is too old, now and then.
func (d *Daemon) tidy() {
	if d.o.Keep == (store.Keep{}) {
		return
	}
	for {
		keep := d.o.Keep
		keep.Now = time.Now()
		if gone, err := d.o.Store.Prune(d.runCtx, keep); err != nil {
			d.log.Error("the store cannot be pruned", "error", err)
		} else if gone.Runs > 0 {
			d.log.Info("store pruned", "runs", gone.Runs, "bytes", gone.Bytes)
		}
		select {
		case <-time.After(10 * time.Minute):
		case <-d.quit:
			return
		}
	}
}

// settled is how long a program that nobody needs stays ready.
const settled = time.Minute

// settle lets programs rest that nobody has needed for a while.
func (d *Daemon) settle() {
	t := time.NewTicker(settled)
	defer t.Stop()
	for {
		select {
		case <-t.C:
			d.set.Load().rest((*exec.Program).Idle)
		case <-d.quit:
			return
		}
	}
}

// told logs and counts what triggers did.
func (d *Daemon) told(f trigger.Fact) {
	d.metrics.deliveries.WithLabelValues(f.Integration, f.Trigger, f.What).Inc()
	level := slog.LevelInfo
	switch f.What {
	case "forged", "invalid", "busy", "limited", "late":
		level = slog.LevelWarn
	case "failed":
		level = slog.LevelError
	case "duplicate", "passed", "answered", "cached", "repeated":
		level = slog.LevelDebug
	}
	ctx := context.Background()
	if !d.log.Enabled(ctx, level) {
		return
	}
	attrs := append(make([]slog.Attr, 0, 4), slog.String("integration", f.Integration), slog.String("trigger", f.Trigger))
	if f.ID != "" {
		attrs = append(attrs, slog.String("run", f.ID))
	}
	if f.Reason != "" {
		attrs = append(attrs, slog.String("reason", f.Reason))
	}
	d.log.LogAttrs(ctx, level, "trigger "+f.What, attrs...)
}
