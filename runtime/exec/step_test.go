package exec_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"
	"tenon/runtime/event"
	"tenon/spec/plan"
	"tenon/spec/types"
)

func TestCallSendsWhatThePlanSays(t *testing.T) {
	var got string
	h := func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		got = fmt.Sprintf("%s %s %s %s|%s|%s|%s", r.Method, r.RequestURI, r.Header.Get("X-Api"), r.Header.Get("X-Step"),
			r.Header.Get("Content-Type"), r.Header.Get("Accept"), body)
		w.Header().Set("X-Total", "7")
		respond(w, 201, `{"id": "i1", "amount": 19.990}`)
	}
	c := post(t, "/v1/{id}/x", `{ name = "n", absent = input.none, amount = 3 }`, param(t, "path", "id", `"a/b"`), param(t, "query", "q", `["1", "2"]`),
		param(t, "query", "none", "input.none"))
	c.Headers = []*plan.Param{param(t, "header", "X-Step", `"s"`)}
	c.Accept = []string{"application/json"}
	w := newWorld(t, h, ops(step(t, "a", c)))
	w.plan.APIs["api"].Headers = []*plan.Param{param(t, "header", "X-Api", `"v1"`)}
	w.output("id", "step.a.body.id").output("status", "step.a.status").output("total", `step.a.headers["x-total"]`).output("none", "step.a.body.none")
	out := w.succeeds()
	if d := cmp.Diff(map[string]any{"id": "i1", "status": 201, "total": "7"}, out); d != "" {
		t.Error(d)
	}
	want := `POST /v1/a%2Fb/x?q=1&q=2 v1 s|application/json|application/json|{"amount":3,"name":"n"}`
	if got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

func TestStepsRunWhenWhatTheyNeedIsThere(t *testing.T) {
	both := make(chan bool, 2)
	h := func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/sum" { // the two reads meet here, or the test hangs
			both <- true
			for len(both) < 2 {
				select {
				case <-r.Context().Done():
					return
				default:
				}
			}
		}
		respond(w, 200, fmt.Sprintf(`{"path": %q}`, r.URL.Path))
	}
	w := newWorld(t, h, ops(step(t, "a", get(t, "/a")), step(t, "b", get(t, "/b")),
		step(t, "sum", get(t, "/sum", param(t, "query", "x", `"${step.a.body.path}${step.b.body.path}"`)), "step.a", "step.b")))
	w.output("x", "step.sum.body.path")
	w.succeeds()
	sent := said[event.RequestSent](w)
	if last := sent[len(sent)-1]; last.URL != w.server.URL+"/sum?x=%2Fa%2Fb" {
		t.Errorf("last request: %s", last.URL)
	}
}

func TestWhenAndSwitchSkip(t *testing.T) {
	var hits atomic.Int32
	h := func(w http.ResponseWriter, r *http.Request) { hits.Add(1); respond(w, 200, `{}`) }
	sw := &plan.Op{ID: "switch.tier", Kind: "switch", Name: "tier", Value: &plan.Compute{Value: e(t, "input.tier"), Choices: [][]string{{"gold", "7"}, {"silver"}}, Default: true}}
	in := func(name string, index int) *plan.Op {
		o := step(t, name, get(t, "/"+name), "switch.tier")
		o.Cases = []plan.Case{{Switch: "switch.tier", Index: index}}
		return o
	}
	maybe := step(t, "maybe", get(t, "/maybe"))
	maybe.When = e(t, `input.tier == "gold"`)
	for tier, want := range map[any]string{"gold": "[true false false false]", 7: "[false false true true]", "silver": "[false true false true]"} {
		if tier == 7 {
			want = "[true false false true]"
		}
		w := newWorld(t, h, ops(sw, in("gold", 0), in("silver", 1), in("other", 2), maybe))
		w.plan.Inputs = []*plan.Input{{Name: "tier", Type: types.Any}}
		w.inputs.Values = map[string]any{"tier": tier}
		for _, n := range []string{"gold", "silver", "other", "maybe"} {
			w.output(n, "step."+n+".skipped")
		}
		out := w.succeeds()
		got := fmt.Sprint([]any{out["gold"] == false, out["silver"] == false, out["other"] == false, out["maybe"] == true})
		if got != want {
			t.Errorf("tier %v: got %s, want %s", tier, got, want)
		}
	}
}

func catchOn(t *testing.T, o *plan.Op, on, body string) *plan.Op {
	c := &plan.Catch{On: on}
	if body != "" {
		c.Body = e(t, body)
	}
	o.Catch = append(o.Catch, c)
	return o
}

func TestCatch(t *testing.T) {
	h := func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/404":
			respond(w, 404, `{"code": "gone"}`)
		case "/500":
			respond(w, 500, `not json`)
		case "/lies":
			respond(w, 200, `{"a": `)
		case "/drop":
			panic(http.ErrAbortHandler)
		default:
			respond(w, 200, `{"path": "`+r.URL.Path+`"}`)
		}
	}
	summary := `{ s = error.status, k = error.kind, c = error.body.code, n = error.step, a = error.attempts }`
	for _, c := range []struct {
		path, on, want string
	}{
		{"/404", "404", `{"a":1,"c":"gone","k":"status","n":"a","s":404}`},
		{"/404", "4xx", `{"a":1,"c":"gone","k":"status","n":"a","s":404}`},
		{"/500", "any", `{"a":1,"k":"status","n":"a","s":500}`},
		{"/lies", "invalid_response", `{"a":1,"k":"invalid_response","n":"a","s":200}`},
		{"/drop", "network", `{"a":1,"k":"network","n":"a"}`},
		{"/fine", "any", `{"path":"/fine"}`},
	} {
		a := catchOn(t, step(t, "a", get(t, c.path)), "418", `{ never = true }`)
		w := newWorld(t, h, ops(catchOn(t, a, c.on, summary)))
		out := w.output("body", "step.a.body").succeeds()
		got, _ := json.Marshal(out["body"])
		if string(got) != c.want {
			t.Errorf("%s caught by %s: got %s, want %s", c.path, c.on, got, c.want)
		}
		if n := len(said[event.StepCaught](w)); n != 1 && c.path != "/fine" {
			t.Errorf("%s: %d step_caught events", c.path, n)
		}
	}

	skip := step(t, "a", get(t, "/404"))
	skip.Catch = []*plan.Catch{{On: "404", Skip: true}}
	if out := newWorld(t, h, ops(skip)).output("s", "step.a.skipped").succeeds(); out["s"] != true {
		t.Errorf("caught by skip: skipped = %v", out["s"])
	}
	other := step(t, "a", get(t, "/404"))
	other.Catch = []*plan.Catch{{On: "404", Call: get(t, "/other/{c}", param(t, "path", "c", "error.body.code"))}}
	if out := newWorld(t, h, ops(other)).output("p", "step.a.body.path").succeeds(); out["p"] != "/other/gone" {
		t.Errorf("caught by a call: body.path = %v", out["p"])
	}
	uncaught := catchOn(t, step(t, "a", get(t, "/404")), "500", "{}")
	f := newWorld(t, h, ops(uncaught)).fails(event.BadStatus, "/404 answered 404 Not Found")
	if f.Step != "step.a" || f.Response.Status != 404 || f.Response.Body != `{"code": "gone"}` || f.Request.Method != "GET" || f.Attempts != 1 || f.Range != at(100) {
		t.Errorf("the failure is not complete: %+v", f)
	}
}

func TestChecks(t *testing.T) {
	h := func(w http.ResponseWriter, r *http.Request) { respond(w, 200, `{"ok": false, "why": "closed"}`) }
	a := step(t, "a", get(t, "/"))
	a.Checks = []*plan.Check{{Name: "fine", Assert: e(t, "step.a.status == 200")},
		{Name: "open", Assert: e(t, "response.body.ok"), Message: e(t, `"it is ${response.body.why}"`), Range: at(7)}}
	w := newWorld(t, h, ops(a))
	if f := w.fails(event.CheckFailed, `check "open" does not hold: it is closed`); f.Range != at(7) {
		t.Errorf("range %v", f.Range)
	}
	catchOn(t, a, "check", "{ caught = error.body.why }")
	if out := w.output("c", "step.a.body.caught").succeeds(); out["c"] != "closed" {
		t.Errorf("got %v", out)
	}
}

func TestGuards(t *testing.T) {
	var hits atomic.Int32
	h := func(w http.ResponseWriter, r *http.Request) { hits.Add(1); respond(w, 200, `{"id": null, "n": "x"}`) }
	id := types.ObjectOf(&types.Property{Name: "id", Type: types.AnyString, Required: true})

	c := post(t, "/", `{ id = input.id }`)
	c.Body.Guard = &plan.Guard{Type: id, What: "the body of createThing", Range: at(3)}
	w := newWorld(t, h, ops(step(t, "a", c)))
	w.plan.Inputs = []*plan.Input{{Name: "id", Type: types.Any}}
	w.inputs.Values = map[string]any{"id": 5}
	if f := w.fails(event.InvalidRequest, "the body of createThing: id "); f.Range != at(3) || hits.Load() != 0 {
		t.Errorf("range %v, %d requests", f.Range, hits.Load())
	}

	open := types.New(&types.Shape{Kinds: types.Object, Objects: []*types.Fields{{Openness: types.Open, MaxCount: -1,
		Properties: []*types.Property{{Name: "id", Type: types.AnyString, Required: true}}}}})
	g := get(t, "/")
	g.Responses[0].Content[0].Guard = &plan.Guard{Type: open, Range: at(4)}
	w = newWorld(t, h, ops(step(t, "a", g)))
	if f := w.fails(event.InvalidResponse, "breaks a promise of its spec: body.id "); f.Range != at(4) || f.Response == nil {
		t.Errorf("got %+v", f)
	}
	w.plan.APIs["api"].Lenient = true
	if w.succeeds(); len(said[event.Warning](w)) != 1 {
		t.Errorf("%d warnings", len(said[event.Warning](w)))
	}
}

func TestBodiesNobodyReadsAreNotDecoded(t *testing.T) {
	h := func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		fmt.Fprint(w, "<html>")
	}
	w := newWorld(t, h, ops(step(t, "a", get(t, "/"))))
	w.output("s", "step.a.status").succeeds()
	w.output("b", "step.a.body").fails(event.InvalidResponse, "text/html where application/json was promised")
}

func TestUndeclaredStatuses(t *testing.T) {
	status := 201
	h := func(w http.ResponseWriter, r *http.Request) { respond(w, status, `{"id": "x"}`) }
	c := get(t, "/")
	c.Responses = c.Responses[:1]
	w := newWorld(t, h, ops(step(t, "a", c))).output("id", "step.a.body.id")
	if out := w.succeeds(); out["id"] != "x" {
		t.Errorf("an undeclared 201 is read as the declared 200; got %v", out)
	}
	status = 409
	if f := w.fails(event.BadStatus, "409 Conflict"); f.Detail != "The spec does not declare this status for GET /." {
		t.Errorf("detail %q", f.Detail)
	}
	c.Responses = append(c.Responses, &plan.Response{Status: "409", Success: true, Content: []*plan.Content{{ContentType: "*/*"}}})
	if out := w.succeeds(); out["id"] != "x" {
		t.Errorf("an accepted 409 is a success; got %v", out)
	}
	status = 204
	if out := w.succeeds(); len(out) != 0 {
		t.Errorf("a 204 has no body; got %v", out)
	}
}

func TestInputs(t *testing.T) {
	w := newWorld(t, func(http.ResponseWriter, *http.Request) {}, ops(step(t, "a", "input.n")))
	w.output("n", "step.a.value").output("d", "input.d")
	w.plan.Inputs = []*plan.Input{{Name: "n", Type: types.AnyInteger, Range: at(1)}, {Name: "d", Type: types.Any, Default: e(t, `"v${var.v}"`)}}
	w.plan.Variables = []*plan.Input{{Name: "v", Type: types.AnyInteger, Default: e(t, "1")}}
	w.inputs.Values = map[string]any{"n": 5}
	if d := cmp.Diff(map[string]any{"n": 5, "d": "v1"}, w.succeeds()); d != "" {
		t.Error(d)
	}
	w.inputs.Values = map[string]any{"n": "five"}
	if f := w.fails(event.InvalidInput, `the input "n" does not fit its type: `); f.Range != at(1) {
		t.Errorf("range %v", f.Range)
	}
	w.inputs.Values = nil
	w.fails(event.InvalidInput, `the input "n" has no value and no default`)
	w.inputs.Values = map[string]any{"n": 1, "x": 1}
	w.fails(event.InvalidInput, `there is no input "x"`)
}

func TestOnFailure(t *testing.T) {
	told := make(chan string, 1)
	h := func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/tell" {
			b, _ := io.ReadAll(r.Body)
			told <- string(b)
		}
		respond(w, 409, `{"code": 7}`)
	}
	w := newWorld(t, h, ops(step(t, "a", get(t, "/x")), step(t, "never", get(t, "/never"), "step.a")))
	w.plan.OnFailure = ops(step(t, "tell", post(t, "/tell", `{ s = error.step, c = error.body.code }`)))
	if f := w.fails(event.BadStatus, "/x answered 409"); f.Step != "step.a" {
		t.Errorf("the run's failure is %+v", f)
	}
	if got, want := <-told, `{"c":7,"s":"a"}`; got != want {
		t.Errorf("told %s, want %s", got, want)
	}
}
