package main

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"maps"
	"net"
	"net/http"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"tenon/cmd/tenon/internal/project"
	"tenon/cmd/tenon/internal/view"
	"tenon/runtime/daemon"
	"tenon/runtime/engine"
	"tenon/runtime/exec"
	"tenon/runtime/secret"
	"tenon/runtime/store"
	"tenon/spec/plan"
)

type serveFlags struct {
	listen, admin     string
	stateDir          string
	vars, varFiles    []string
	maxRuns, maxQueue int
	drain, keep       time.Duration
	keepBytes         int64
	log               string
	noWatch           bool
}

func newServe(e *env) *cobra.Command {
	var f serveFlags
	cmd := &cobra.Command{
		Use:     "serve [DIR]",
		GroupID: groupRun,
		Short:   "Keep integrations running by their triggers",
		Long: `Starts integrations by their triggers: by the clock, when a webhook's request
arrives, after another integration, or as the operations of an API of your own. What
has been accepted is on disk: it happens even if the process is killed, and what had
been done is not done again.

Requests are taken at --listen. The admin API, with health, metrics and runs, is a
unix socket in the state directory, or an address given by --admin; there it wants
the token that stands in the file admin.token of the state directory, or in
TENON_ADMIN_TOKEN.

The project is loaded again when one of its files changes, and on SIGHUP. One with
errors changes nothing. SIGTERM and Ctrl-C begin nothing new and wait for the runs
under way, at most --drain long; what is not over then goes on at the next start.

Traces are sent by OTLP if OTEL_EXPORTER_OTLP_ENDPOINT is set.`,
		Example: `  tenon serve
  tenon serve integrations/quickstart --listen 127.0.0.1:9000
  tenon serve --admin 127.0.0.1:8081 --log json
  curl --unix-socket .tenon/admin.sock http://tenon/v1/integrations
  curl --unix-socket .tenon/admin.sock http://tenon/v1/integrations/invoices/runs --json '{"inputs": {}}'`,
		Args: between(0, 1, "at most one directory"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return serveProject(cmd.Context(), e, argument(args, 0, "."), f)
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&f.listen, "listen", "127.0.0.1:8080", "`ADDRESS` at which requests are taken")
	flags.StringVar(&f.admin, "admin", "", "`ADDRESS` of the admin API: host:port, or unix:PATH (default unix:STATE/admin.sock)")
	flags.StringVar(&f.stateDir, "state-dir", "", "keep runs and state in `DIR` (default .tenon in the project; TENON_STATE_DIR)")
	flags.StringArrayVar(&f.vars, "var", nil, "a variable, as `NAME=VALUE`")
	flags.StringArrayVar(&f.varFiles, "var-file", nil, "variables, as a JSON object in `FILE`")
	flags.IntVar(&f.maxRuns, "max-runs", daemon.DefaultMaxRuns, "runs under way at once")
	flags.IntVar(&f.maxQueue, "max-queue", daemon.DefaultMaxQueue, "runs that may wait; beyond it requests are answered 503")
	flags.DurationVar(&f.drain, "drain", daemon.DefaultDrain, "how long runs may go on after SIGTERM")
	flags.DurationVar(&f.keep, "keep", 90*24*time.Hour, "how long ended runs are kept; 0: forever")
	flags.Int64Var(&f.keepBytes, "keep-bytes", 0, "size of the store beyond which the oldest ended runs are removed; 0: no bound")
	flags.StringVar(&f.log, "log", "text", "form of the log: text or json")
	flags.BoolVar(&f.noWatch, "no-watch", false, "load the project again only on SIGHUP")
	complete(cmd, "log", "text", "json")
	return cmd
}

func serveProject(ctx context.Context, e *env, dir string, f serveFlags) error {
	log, err := logger(e, f.log)
	if err != nil {
		return err
	}
	state := stateDir(e, dir, f.stateDir)
	k, err := openKeeping(ctx, e, state, store.Exclusive, "tenon serve")
	if err != nil {
		return err
	}
	defer k.store.Close()
	l := &loader{e: e, dir: dir, f: f, key: k.key}
	o := daemon.Options{
		Store: k.store, Sealer: k.key, Load: l.load, Secrets: k.secretsOf(ctx, e, dir),
		Engine:  engine.Options{Tokens: tokens(e, state)},
		MaxRuns: f.maxRuns, MaxQueue: f.maxQueue, Drain: f.drain, Keep: store.Keep{Age: f.keep, Bytes: f.keepBytes},
		Log: log, Version: version,
	}
	if e.getenv("OTEL_EXPORTER_OTLP_ENDPOINT") != "" || e.getenv("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT") != "" {
		if o.Tracer, err = daemon.NewTracer(ctx, version); err != nil {
			return fmt.Errorf("traces: %w", err)
		}
		defer o.Tracer.Close(context.WithoutCancel(ctx))
	}
	admin, err := listenAdmin(e, state, f.admin)
	if err != nil {
		return err
	}
	defer admin.Close()
	if admin.Addr().Network() != "unix" {
		if o.Token, err = adminToken(e, state); err != nil {
			return err
		}
	}
	hooks, err := net.Listen("tcp", f.listen)
	if err != nil {
		return err
	}
	defer hooks.Close()
	d := daemon.New(o)
	if err := d.Start(ctx); err != nil {
		return err
	}
	log.Info("serving", "webhooks", "http://"+hooks.Addr().String(), "admin", adminURL(admin), "state", state)
	notify(e, "READY=1")
	stop := serveHTTP(log, map[net.Listener]http.Handler{hooks: d.Hooks(), admin: d.Admin()})
	l.watch(ctx, d, log)
	notify(e, "STOPPING=1")
	log.Info("stopping", "drain", f.drain)
	d.Stop(context.WithoutCancel(ctx))
	stop()
	log.Info("stopped")
	return nil
}

func logger(e *env, form string) (*slog.Logger, error) {
	switch form {
	case "text":
		return slog.New(slog.NewTextHandler(e.Stderr, nil)), nil
	case "json":
		return slog.New(slog.NewJSONHandler(e.Stderr, nil)), nil
	}
	return nil, usagef("--log is text or json, not %q", form)
}

// serveHTTP serves handlers until the function that it returns is called.
func serveHTTP(log *slog.Logger, at map[net.Listener]http.Handler) (stop func()) {
	var servers []*http.Server
	for l, h := range at {
		s := &http.Server{
			Handler: h, ReadHeaderTimeout: 10 * time.Second, ReadTimeout: time.Minute, IdleTimeout: 2 * time.Minute,
			MaxHeaderBytes: 64 << 10, ErrorLog: slog.NewLogLogger(log.Handler(), slog.LevelDebug),
		}
		servers = append(servers, s)
		go func() {
			if err := s.Serve(l); !errors.Is(err, http.ErrServerClosed) {
				log.Error("a listener ended", "address", l.Addr(), "error", err)
			}
		}()
	}
	return func() {
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		for _, s := range servers {
			if s.Shutdown(ctx) != nil {
				s.Close()
			}
		}
	}
}

// listenAdmin opens the socket of the admin API. A unix socket is the user's alone.
func listenAdmin(e *env, state, address string) (net.Listener, error) {
	path, unix := strings.CutPrefix(address, "unix:")
	switch {
	case address == "":
		path = filepath.Join(state, "admin.sock")
	case unix:
		path = e.path(path)
	default:
		return net.Listen("tcp", address)
	}
	// The store is this process's alone, so a socket that is there was left by one that was killed.
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	l, err := net.Listen("unix", path)
	if err != nil {
		return nil, err
	}
	if err := os.Chmod(path, 0o600); err != nil {
		l.Close()
		return nil, err
	}
	return l, nil
}

func adminURL(l net.Listener) string {
	if l.Addr().Network() == "unix" {
		return "unix:" + l.Addr().String()
	}
	return "http://" + l.Addr().String()
}

// adminToken is what the admin API wants: TENON_ADMIN_TOKEN, else what the file admin.token holds, which is made
// if it is not there.
func adminToken(e *env, state string) (secret.Value, error) {
	if t := e.getenv("TENON_ADMIN_TOKEN"); t != "" {
		return secret.New(t), nil
	}
	name := filepath.Join(state, "admin.token")
	b, err := os.ReadFile(name)
	if errors.Is(err, fs.ErrNotExist) {
		random := make([]byte, 24)
		rand.Read(random)
		b = []byte(hex.EncodeToString(random) + "\n")
		err = os.WriteFile(name, b, 0o600)
	}
	if text := strings.TrimSpace(string(b)); err == nil && text != "" {
		return secret.New(text), nil
	}
	if err == nil {
		err = fmt.Errorf("%s is empty", name)
	}
	return secret.Value{}, err
}

// notify tells systemd how it is (sd_notify(3)), if it asked.
func notify(e *env, what string) {
	name := e.getenv("NOTIFY_SOCKET")
	if name == "" {
		return
	}
	if strings.HasPrefix(name, "@") {
		name = "\x00" + name[1:]
	}
	c, err := net.DialUnix("unixgram", nil, &net.UnixAddr{Name: name, Net: "unixgram"})
	if err != nil {
		return
	}
	defer c.Close()
	c.Write([]byte(what))
}

// loader loads the project for the daemon.
type loader struct {
	e    *env
	dir  string
	f    serveFlags
	key  *userKey
	seen map[string]stamp // of the files that the last attempt read
}

type stamp struct {
	size int64
	at   time.Time
}

// load checks the project and packs its integrations. What is wrong is shown as lint shows it.
func (l *loader) load(ctx context.Context) (*daemon.Set, error) {
	defer roomy()()
	p, err := load(l.e, l.dir)
	if err != nil {
		return nil, err
	}
	defer p.Dir.Close()
	l.seen = l.stamps(p)
	if p.Findings.HasErrors() {
		findings := view.Findings{List: onlyErrors(p.Findings), Files: p.Files, Dir: l.dir}
		findings.Text(l.e.Stderr, l.e.style(l.e.Stderr), false)
		return nil, fmt.Errorf("the project has %s", findings.Summary(false))
	}
	set := &daemon.Set{}
	if set.Programs, err = pack(p.Plans); err != nil {
		return nil, err
	}
	set.Inputs, err = l.inputs(ctx, union(p.Plans))
	return set, err
}

// inputs finds what the plans of the project are given, of which all has the variables and secrets.
func (l *loader) inputs(ctx context.Context, all *plan.Plan) (func(*exec.Program) (exec.Inputs, error), error) {
	vars := given{what: "variable", flag: "--var", pairs: l.f.vars, files: l.f.varFiles, prefix: "TENON_VAR_"}
	variables, err := vars.values(l.e, all.Variables)
	if err != nil {
		return nil, err
	}
	known, err := secrets(ctx, l.e, l.dir, all, nil)
	if err != nil {
		return nil, err
	}
	if err := l.key.need(all); err != nil {
		return nil, err
	}
	return func(p *exec.Program) (exec.Inputs, error) {
		in := exec.Inputs{Variables: map[string]any{}, Secrets: map[string]secret.Value{}}
		for _, v := range p.Outline().Variables {
			if x, ok := variables[v.Name]; ok {
				in.Variables[v.Name] = x
			}
		}
		for _, s := range p.Outline().Secrets {
			in.Secrets[s.Name] = known[s.Name]
		}
		return in, nil
	}, nil
}

// pack makes programs of plans, as many at once as there are processors.
func pack(plans map[string]*plan.Plan) (map[string]*exec.Program, error) {
	names := slices.Sorted(maps.Keys(plans))
	programs, errs := make([]*exec.Program, len(names)), make([]error, len(names))
	each(len(names), func(i int) { programs[i], errs[i] = exec.Pack(plans[names[i]]) })
	out := make(map[string]*exec.Program, len(names))
	for i, name := range names {
		out[name] = programs[i]
	}
	return out, errors.Join(errs...)
}

// union has the variables and secrets of all plans of a project, each once.
func union(plans map[string]*plan.Plan) *plan.Plan {
	variables, secrets := map[string]*plan.Input{}, map[string]*plan.Secret{}
	for _, p := range plans {
		for _, v := range p.Variables {
			variables[v.Name] = v
		}
		for _, s := range p.Secrets {
			secrets[s.Name] = s
		}
	}
	out := &plan.Plan{}
	for _, name := range slices.Sorted(maps.Keys(variables)) {
		out.Variables = append(out.Variables, variables[name])
	}
	for _, name := range slices.Sorted(maps.Keys(secrets)) {
		out.Secrets = append(out.Secrets, secrets[name])
	}
	return out
}

// stamps notes what the project's files are like, so that a change is noticed.
func (l *loader) stamps(p *project.Project) map[string]stamp {
	out := map[string]stamp{}
	names, _ := p.Dir.HCL()
	for _, name := range append(names, project.LockName) {
		out[name] = l.stamp(name)
	}
	for name := range p.Files {
		out[name] = l.stamp(name)
	}
	return out
}

func (l *loader) stamp(name string) stamp {
	info, err := os.Stat(filepath.Join(l.e.path(l.dir), filepath.FromSlash(name)))
	if err != nil {
		return stamp{}
	}
	return stamp{info.Size(), info.ModTime()}
}

// changed reports whether a file of the project is not as it was, or there is another one.
func (l *loader) changed() bool {
	for name, was := range l.seen {
		if l.stamp(name) != was {
			return true
		}
	}
	entries, err := os.ReadDir(l.e.path(l.dir))
	if err != nil {
		return false
	}
	for _, x := range entries {
		if _, known := l.seen[x.Name()]; !known && project.IsHCL(x.Name()) && !project.IsTest(x.Name()) {
			return true
		}
	}
	return false
}

// glance is how often the project's files are looked at. Looking is cheap and works on every file system.
const glance = time.Second

// watch loads the project again when it has changed or SIGHUP comes, until ctx ends. A change is taken up when
// nothing has changed for one more glance, so that a half-written set of files is not.
func (l *loader) watch(ctx context.Context, d *daemon.Daemon, log *slog.Logger) {
	hup := make(chan os.Signal, 1)
	signal.Notify(hup, syscall.SIGHUP)
	defer signal.Stop(hup)
	tick := time.NewTicker(glance)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-hup:
		case <-tick.C:
			if l.f.noWatch || !l.changed() {
				continue
			}
			l.settle(ctx)
		}
		if err := d.Reload(ctx); err != nil {
			log.Error("the project could not be loaded; the one before goes on", "error", err)
		}
	}
}

// settle waits until the files have stayed as they are for a glance.
func (l *loader) settle(ctx context.Context) {
	for range 10 {
		before := map[string]stamp{}
		for name := range l.seen {
			before[name] = l.stamp(name)
		}
		select {
		case <-time.After(glance / 2):
		case <-ctx.Done():
			return
		}
		same := true
		for name, was := range before {
			same = same && l.stamp(name) == was
		}
		if same {
			return
		}
	}
}
