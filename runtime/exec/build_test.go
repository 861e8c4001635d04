package exec_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"

	"tenon/runtime/engine"
	"tenon/runtime/event"
	"tenon/runtime/exec"
	"tenon/spec/expression"
	"tenon/spec/plan"
	"tenon/spec/source"
	"tenon/spec/syntax"
	"tenon/spec/types"
)

// What follows makes plans as a checker would, with every name of type any: nothing is proven and
// nothing is guarded, unless a test says so.

var member = regexp.MustCompile(`\b(step|for_each)\.([a-z_0-9]+)`)

// variables are the iteration variables that tests use.
var variables = []string{"input", "var", "state", "response", "request", "error", "order", "item", "line", "n"}

func e(t testing.TB, src string) *plan.Expr {
	t.Helper()
	file, diags := syntax.Parse("main.hcl", []byte("x = "+src+"\n"))
	if diags.HasErrors() {
		t.Fatalf("%s: %s", src, diags[0].Message)
	}
	tree, diags := expression.Parse(file.Body.Attribute("x").Expr)
	if diags.HasErrors() {
		t.Fatalf("%s: %s", src, diags[0].Message)
	}
	scope := expression.NewScope(nil)
	for _, v := range variables {
		scope.Define(&expression.Name{Name: v, Type: types.Any})
	}
	scope.Define(&expression.Name{Name: "secret", Type: types.Any, Secret: true})
	spaces := map[string]map[string]*expression.Name{}
	for _, m := range member.FindAllStringSubmatch(src, -1) {
		if spaces[m[1]] == nil {
			spaces[m[1]] = map[string]*expression.Name{}
		}
		spaces[m[1]][m[2]] = &expression.Name{Name: m[2], Key: m[0], Type: types.Any}
	}
	for name, members := range spaces {
		scope.Define(&expression.Name{Name: name, Members: members})
	}
	x, diags := tree.Check(scope, expression.Want{SecretOK: true, Optional: true})
	if x == nil || diags.HasErrors() {
		t.Fatalf("%s: %v", src, diags[0].Message)
	}
	return x
}

func at(n int) source.Range { return source.Range{File: "main.hcl", Start: n, End: n + 1} }

var anything = types.Any

func ops(list ...*plan.Op) *plan.Block { return &plan.Block{Ops: list} }

// step makes a step out of a *plan.Call or of the source of a value; after are IDs.
func step(t testing.TB, name string, what any, after ...string) *plan.Op {
	o := &plan.Op{ID: "step." + name, Kind: "step", Name: name, After: after, Range: at(len(name))}
	switch what := what.(type) {
	case *plan.Call:
		o.Call = what
	case string:
		o.Value = &plan.Compute{Value: e(t, what)}
	}
	return o
}

func get(t testing.TB, path string, params ...*plan.Param) *plan.Call {
	return &plan.Call{API: "api", Operation: "GET " + path, Method: "GET", Path: path, Params: params, Safe: true, Idempotent: true,
		Responses: []*plan.Response{answers("200"), answers("default")}, Range: at(100)}
}

func post(t testing.TB, path, body string, params ...*plan.Param) *plan.Call {
	c := get(t, path, params...)
	c.Method, c.Operation, c.Safe, c.Idempotent = "POST", "POST "+path, false, false
	c.Body = &plan.Body{ContentType: "application/json", Value: e(t, body)}
	return c
}

func answers(status string) *plan.Response {
	return &plan.Response{Status: status, Success: status[0] == '2', Content: []*plan.Content{{ContentType: "application/json"}}}
}

func param(t testing.TB, in, name, src string) *plan.Param {
	return &plan.Param{Name: name, In: in, Explode: true, Required: in == "path", Value: e(t, src)}
}

func each(t testing.TB, name, in string, body *plan.Block, after ...string) *plan.Op {
	o := &plan.Op{ID: "for_each." + name, Kind: "for_each", Name: name, After: after, Range: at(200)}
	o.ForEach = &plan.ForEach{Var: name, Concurrency: 1, Block: body}
	if stream, ok := strings.CutPrefix(in, "stream:"); ok {
		o.ForEach.Stream = stream
	} else {
		o.ForEach.In = e(t, in)
	}
	return o
}

func aggregate(t testing.TB, o *plan.Op, fn, name, src string) *plan.Op {
	o.ForEach.Aggregates = append(o.ForEach.Aggregates, &plan.Aggregate{Name: name, Func: fn, Value: e(t, src)})
	return o
}

// world is a server, a plan against it, and what happened.
type world struct {
	t      testing.TB
	server *httptest.Server
	plan   *plan.Plan
	opts   engine.Options
	inputs exec.Inputs

	events []event.Event
	lines  []string
}

func newWorld(t testing.TB, h http.HandlerFunc, block *plan.Block) *world {
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	w := &world{t: t, server: s}
	w.plan = &plan.Plan{Version: plan.Version, Integration: "test", Steps: block,
		APIs: map[string]*plan.API{"api": {Name: "api", Server: e(t, fmt.Sprintf("%q", s.URL))}}}
	w.opts.Detail = event.Everything
	w.opts.Sink = func(en event.Envelope) {
		line, err := json.Marshal(en)
		if err != nil {
			t.Error(err)
		}
		w.events, w.lines = append(w.events, en.Event), append(w.lines, string(line))
	}
	return w
}

func (w *world) output(name, src string) *world {
	w.plan.Outputs = append(w.plan.Outputs, &plan.Output{Name: name, Value: e(w.t, src)})
	return w
}

func (w *world) run(ctx context.Context) *exec.Result {
	w.t.Helper()
	p, err := exec.Compile(w.plan)
	if err != nil {
		w.t.Fatal(err)
	}
	l := engine.New(w.opts)
	defer l.Close()
	return l.Run(ctx, p, w.inputs)
}

// succeeds runs and returns the outputs.
func (w *world) succeeds() map[string]any {
	w.t.Helper()
	res := w.run(context.Background())
	if res.Status != event.Succeeded {
		w.t.Fatalf("status %s: %+v", res.Status, res.Error)
	}
	return res.Outputs
}

// fails runs and returns the failure, which must be of a kind and say something.
func (w *world) fails(kind event.Cause, message string) *event.Failure {
	w.t.Helper()
	res := w.run(context.Background())
	if res.Error == nil {
		w.t.Fatalf("status %s, outputs %v; want a failure", res.Status, res.Outputs)
	}
	if res.Error.Kind != kind || !strings.Contains(res.Error.Message, message) {
		w.t.Fatalf("got %s: %s (%s); want %s: …%s…", res.Error.Kind, res.Error.Message, res.Error.Detail, kind, message)
	}
	return res.Error
}

func said[E event.Event](w *world) []E {
	var out []E
	for _, ev := range w.events {
		if x, ok := ev.(E); ok {
			out = append(out, x)
		}
	}
	return out
}

func respond(w http.ResponseWriter, status int, body string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	fmt.Fprint(w, body)
}
