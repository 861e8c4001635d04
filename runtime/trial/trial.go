package trial

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"net/url"
	"strings"
	"sync"
	"time"

	"tenon/runtime/engine"
	"tenon/runtime/event"
	"tenon/runtime/exec"
	"tenon/runtime/secret"
	"tenon/runtime/transport"
	"tenon/spec/expression"
	"tenon/spec/plan"
	"tenon/spec/source"
	"tenon/spec/types"
)

// trial is one test under way.
type trial struct {
	bench   *Bench
	id      string
	test    *plan.Test
	program *exec.Program
	turns   *turns
	report  *Report
	vars    map[string]any      // that the test gives
	hosts   map[string]string   // APIs, by host
	bases   map[string]*url.URL // where the run believes them to be
	tape    *tape               // nil: the test has no cassette
	// keyHeaders are the headers that carry idempotency keys, in lower case, by API and operation.
	keyHeaders map[string][]string
	stop       context.CancelCauseFunc
	out        secret.Redactor
	failed     int            // items
	first      *event.Failure // of them

	held map[string]bool // locks; of turns.mu

	mu        sync.Mutex
	answering []*mock
	exchanges []*exchange
	requests  map[string]*exec.Request // by name
	ids       int
}

// patience bounds how long a test may take in real time.
const patience = 2 * time.Minute

var errPatience = errors.New("the test took longer than 2 minutes of real time")

// Run carries out a test on the program of its integration. What is wrong is in the report; one without problems
// is that of a test that passed.
func (b *Bench) Run(ctx context.Context, test *plan.Test, program *exec.Program) *Report {
	t := &trial{bench: b, test: test, program: program, held: map[string]bool{}, requests: map[string]*exec.Request{}, hosts: map[string]string{}, bases: map[string]*url.URL{}, keyHeaders: map[string][]string{},
		report: &Report{Test: test, Reached: map[string]bool{}}}
	began := time.Now()
	defer func() { t.report.Took = time.Since(began) }()
	ctx, t.stop = context.WithCancelCause(ctx)
	defer t.stop(nil)
	late := time.AfterFunc(patience, func() { t.stop(errPatience) })
	defer late.Stop()
	t.load()
	t.turns = newTurns(t.start(began), t.stop)
	defer context.AfterFunc(ctx, t.turns.kick)()
	b.enter(t)
	defer b.leave(t)

	in, err := t.inputs()
	if err == nil {
		err = t.mocks()
	}
	if err == nil {
		err = t.read()
	}
	if err != nil {
		t.problem(Problem{Kind: BadTest, Message: err.Error(), Range: t.test.Range})
		return t.report
	}
	if len(t.report.Problems) > 0 {
		return t.report
	}
	t.carryOut(ctx, in)
	t.judge(context.Cause(ctx))
	return t.report
}

// start is what the clock shows when the run begins.
func (t *trial) start(real time.Time) time.Time {
	switch {
	case t.tape == nil && t.test.Now.IsZero():
		return real
	case t.tape == nil:
		return t.test.Now
	case t.test.Now.IsZero():
		return t.tape.Began
	}
	t.tape.shift = t.test.Now.Sub(t.tape.Began)
	return t.test.Now
}

// carryOut runs the program.
func (t *trial) carryOut(ctx context.Context, in exec.Inputs) {
	chance := rand.New(rand.NewPCG(t.test.Seed, 1))
	local := engine.New(engine.Options{
		Transport: transport.Options{Base: t, Now: t.turns.Now, Sleep: t.turns.Sleep, Timeout: t.turns.Timeout, Rand: chance.Float64},
		Detail:    event.Everything,
		Unlimited: true,
		Host:      func(h exec.Host) exec.Host { return &host{h, t} },
		Sink:      t.reach,
	})
	defer local.Close()
	t.report.Result = local.Run(ctx, t.program, in)
}

// inputs is what the run is given.
func (t *trial) inputs() (exec.Inputs, error) {
	p := t.program.Plan()
	in := exec.Inputs{Run: runID(t.test), Servers: map[string]string{}, Secrets: map[string]secret.Value{}, Redactor: &t.out, Files: t.bench.o.Files, State: map[string]any{}}
	for _, s := range p.Secrets {
		in.Secrets[s.Name] = secret.New("mock-" + s.Name)
	}
	if t.tape != nil && t.tape.Run != "" {
		in.Run = t.tape.Run
	}
	var err error
	for _, name := range keys(p.APIs) {
		if in.Servers[name], err = t.place(name); err != nil {
			return in, err
		}
	}
	for _, c := range p.Calls() {
		if c.IdempotencyHeader != "" {
			key := c.API + " " + c.Operation
			t.keyHeaders[key] = append(t.keyHeaders[key], strings.ToLower(c.IdempotencyHeader))
		}
	}
	return in, t.given(&in)
}

// given computes what the test gives the run: variables, inputs and state.
func (t *trial) given(in *exec.Inputs) error {
	p := t.program.Plan()
	variables, err := t.object(t.test.Variables, nil)
	if err != nil {
		return err
	}
	t.vars = map[string]any{}
	for _, v := range p.Variables {
		if prog, err := compile(v.Default); err == nil && prog != nil {
			t.vars[v.Name], _ = prog.Run(map[string]any{}, expression.Limits{})
		}
	}
	maps.Copy(t.vars, variables)
	in.Variables = map[string]any{}
	for _, v := range p.Variables { // those that the plan does not use are none of its business
		if given, ok := variables[v.Name]; ok {
			in.Variables[v.Name] = given
		}
	}
	if in.Values, err = t.object(t.test.Inputs, t.test.InputsGuard); err != nil {
		return err
	}
	state, err := t.object(t.test.State, t.test.StateGuard)
	if err == nil && state != nil {
		v, bad := plain(state) // as it is kept
		in.State, _ = v.(map[string]any)
		err = bad
	}
	return err
}

// Given is what a test gives the run that is to be recorded for it: variables, inputs and state. now is the time. What
// cannot be computed is the error.
func Given(test *plan.Test, program *exec.Program, now time.Time) (exec.Inputs, error) {
	t := &trial{test: test, program: program, report: &Report{}, turns: newTurns(now, nil)}
	in := exec.Inputs{State: map[string]any{}}
	err := t.given(&in)
	if len(t.report.Problems) > 0 {
		err = errors.New(t.report.Problems[0].Message)
	}
	return in, err
}

// place says where the run believes an API to be: where it was when the cassette was recorded, since answers may
// lead there, else at a name that nobody has (RFC 6761 §6.2).
func (t *trial) place(api string) (string, error) {
	text := ""
	if t.tape != nil {
		text = t.tape.Servers[api]
	}
	for n := 0; text == ""; n++ {
		host := strings.ToLower(strings.ReplaceAll(api, "_", "-")) + strings.Repeat("x", n) + ".test"
		if t.hosts[host+":80"] == "" {
			text = "http://" + host
		}
	}
	u, err := url.Parse(text)
	if err != nil || u.Host == "" {
		return "", fmt.Errorf("the cassette %s: the server of api %q is no URL", t.test.Cassette, api)
	}
	t.bases[api] = u
	t.hosts[transport.Host(u)] = api
	return text, nil
}

// object computes an object that the run is given; nil if the test gives none. What cannot be computed is a problem
// of the report.
func (t *trial) object(e *plan.Expr, g *plan.Guard) (map[string]any, error) {
	if e == nil {
		return nil, nil
	}
	prog, err := e.Compile()
	if err != nil {
		return nil, err
	}
	v, err := prog.Run(t.env(nil), expression.Limits{})
	if err != nil {
		t.problem(Problem{Kind: BadTest, Message: err.Error(), Range: failedAt(e, err)})
		return nil, nil
	}
	if g != nil {
		if bad := g.Type.Check(v); len(bad) > 0 {
			t.problem(Problem{Kind: BadTest, Message: violation(g.What, bad[0]), Range: g.Range})
			return nil, nil
		}
	}
	object, _ := v.(map[string]any)
	for name, v := range object {
		if types.IsMissing(v) {
			delete(object, name)
		}
	}
	return object, nil
}

// env is what expressions of the test see.
func (t *trial) env(names map[string]any) map[string]any {
	env := map[string]any{expression.HostKey: runtime{t}, "var": t.vars}
	for name, v := range names {
		env[name] = v
	}
	return env
}

// failedAt is the place of what could not be computed.
func failedAt(e *plan.Expr, err error) source.Range {
	var run *expression.RunError
	if errors.As(err, &run) && !run.Range.IsZero() {
		return run.Range
	}
	return e.Range
}

func (t *trial) problem(p Problem) {
	p.Message, p.Detail = t.out.Redact(p.Message), t.out.Redact(p.Detail)
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, known := range t.report.Problems { // as when a mock is asked again
		if known.Kind == p.Kind && known.Message == p.Message && known.Range == p.Range {
			return
		}
	}
	t.report.Problems = append(t.report.Problems, p)
}

// runID is the identifier of a test's run, which all that the run makes up depends on.
func runID(t *plan.Test) string {
	sum := sha256.Sum256(fmt.Appendf(nil, "%s\x00%s\x00%d", t.Integration, t.Name, t.Seed))
	return fmt.Sprintf("test-%x", sum[:5])
}

// uuid is an identifier that looks random (RFC 9562 §5.4).
func uuid(name string, seed uint64, n int) string {
	b := sha256.Sum256(fmt.Appendf(nil, "test\x00%s\x00%d\x00%d", name, seed, n))
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:16])
}
