package exec_test

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"tenon/runtime/event"
	"tenon/runtime/secret"
	"tenon/spec/plan"
	"tenon/spec/types"
)

func TestSecretsStayOutOfEverythingSaid(t *testing.T) {
	secrets := map[string]secret.Value{}
	for _, n := range []string{"key", "token", "pass", "header", "cookie"} {
		secrets[n] = secret.New("s3cr3t " + n + "/&<ä>")
	}
	secrets["cookie"], secrets["header"] = secret.New("s3cr3t-cookie"), secret.New("s3cr3t-header")
	// The server tells back everything it was told, in every form it can think of.
	h := func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Echo", r.Header.Get("Authorization")+r.Header.Get("X-Api"))
		w.Header().Set("Location", r.URL.String())
		all := fmt.Sprint(r.Header, r.URL)
		for _, s := range secrets {
			all += s.Reveal() + url.QueryEscape(s.Reveal()) + base64.StdEncoding.EncodeToString([]byte(s.Reveal()))
		}
		body, _ := json.Marshal(map[string]string{"echo": all})
		respond(w, 400, string(body))
	}
	auth := func(typ, in, name string, attrs ...string) *plan.Auth {
		a := &plan.Auth{Scheme: typ + in, Type: typ, In: in, Name: name, Attrs: map[string]*plan.Expr{}}
		for i := 0; i < len(attrs); i += 2 {
			a.Attrs[attrs[i]] = e(t, attrs[i+1])
		}
		return a
	}
	a := step(t, "a", get(t, "/x"))
	a.Call.Security = []string{"query", "cookie", "basic"}
	a.Call.Retry = &plan.Retry{Attempts: 2, On: []string{"400"}}
	loop := each(t, "n", "[1]", ops(a))
	loop.ForEach.Key = e(t, "var.leak") // a key that happens to be a secret
	w := newWorld(t, h, ops(loop))
	w.plan.APIs["api"].Auth = map[string]*plan.Auth{
		"query":  auth("api_key", "query", "key", "value", "secret.key"),
		"cookie": auth("api_key", "cookie", "sid", "value", "secret.cookie"),
		"basic":  auth("basic", "", "", "username", `"user"`, "password", "secret.pass"),
	}
	w.plan.APIs["api"].Headers = []*plan.Param{param(t, "header", "X-Api", "secret.header")}
	w.plan.Variables = []*plan.Input{{Name: "leak", Type: anything}}
	w.inputs.Variables = map[string]any{"leak": secrets["token"].Reveal()}
	w.inputs.Secrets = secrets
	f := w.fails(event.BadStatus, "answered 400")
	told, _ := json.Marshal(f)
	everything := strings.Join(w.lines, "\n") + string(told)
	for name, s := range secrets {
		for _, form := range []string{s.Reveal(), url.QueryEscape(s.Reveal()), base64.StdEncoding.EncodeToString([]byte(s.Reveal())), base64.StdEncoding.EncodeToString([]byte("user:" + s.Reveal()))} {
			if strings.Contains(everything, form) {
				t.Errorf("secret %s is said as %q", name, form)
			}
		}
	}
	if strings.Contains(everything, "s3cr3t") {
		t.Errorf("part of a secret is said: %.300s", everything[strings.Index(everything, "s3cr3t")-100:])
	}
	if !strings.Contains(f.Request.URL, "key=(secret)") || len(said[event.RetryScheduled](w)) != 1 {
		t.Errorf("the failure shows %s", f.Request.URL)
	}
}

// TestDerivedSecretsStayOut holds that what is computed from a secret is not said either, revealed or not.
func TestDerivedSecretsStayOut(t *testing.T) {
	h := func(w http.ResponseWriter, r *http.Request) {
		respond(w, 400, `{"echo": "`+r.URL.Query().Get("q")+`"}`)
	}
	a := step(t, "a", get(t, "/x"))
	a.Call.Params = []*plan.Param{param(t, "query", "q", `reveal(upper(secret.key), "the provider wants it so")`)}
	w := newWorld(t, h, ops(a))
	w.inputs.Secrets = map[string]secret.Value{"key": secret.New("hunter2hunter2")}
	f := w.fails(event.BadStatus, "answered 400")
	told, _ := json.Marshal(f)
	if everything := strings.Join(w.lines, "\n") + string(told); strings.Contains(everything, "HUNTER2") || !strings.Contains(everything, "(secret)") {
		t.Errorf("said: %s", everything)
	}
}

func TestDryRunSendsNoWrite(t *testing.T) {
	var writes atomic.Int32
	list := pages(3, 10)
	h := func(w http.ResponseWriter, r *http.Request) {
		if r.Method != "GET" {
			writes.Add(1)
		}
		list(w, r)
	}
	create := post(t, "/bill", `{ id = order.id }`)
	create.Security = []string{"basic"}
	follow := step(t, "follow", get(t, "/follow/{id}", param(t, "path", "id", "step.bill.body.id")), "step.bill")
	independent := step(t, "independent", get(t, "/list"), "step.follow")
	loop := each(t, "order", "stream:step.list", ops(step(t, "bill", create), follow, independent), "step.list")
	aggregate(t, loop, "sum", "billed", "step.bill.body.amount")
	aggregate(t, loop, "sum", "seen", "order.id")
	after := step(t, "after", post(t, "/after", `{ b = for_each.order.billed }`), "for_each.order")
	last := step(t, "last", post(t, "/last", `{ b = for_each.order.seen }`), "step.after")
	w := newWorld(t, h, ops(step(t, "list", paginated(t, "/list", "")), loop, after, last))
	w.plan.APIs["api"].Auth = map[string]*plan.Auth{"basic": {Type: "basic", Attrs: map[string]*plan.Expr{"username": e(t, `"u"`), "password": e(t, `"short"`)}}}
	w.output("billed", "for_each.order.billed").output("count", "for_each.order.count").output("last", "step.last.body.id")
	w.opts.DryRun = true
	res := w.run(context.Background())
	if res.Status != event.Succeeded || !res.DryRun || res.Withheld != 4 || res.Writes != 0 || writes.Load() != 0 {
		t.Fatalf("got %+v; %d writes arrived", res, writes.Load())
	}
	if d := cmp.Diff(map[string]any{"count": 3}, res.Outputs); d != "" {
		t.Error(d)
	}
	var skipped, bodies []string
	for _, s := range said[event.StepDone](w) {
		if s.Skipped {
			skipped = append(skipped, s.Step+" "+s.Why)
		}
	}
	for _, wh := range said[event.WriteWithheld](w) {
		bodies = append(bodies, wh.Step+wh.Item+" "+wh.Request.Body)
		for _, h := range wh.Request.Headers {
			if h.Name == "Authorization" && h.Value != "Basic (secret)" {
				t.Errorf("the request shows %s", h.Value)
			}
		}
	}
	if d := cmp.Diff([]string{"step.follow withheld", "step.follow withheld", "step.follow withheld", "step.after withheld"}, skipped); d != "" {
		t.Error(d)
	}
	if d := cmp.Diff([]string{`step.bill#1 {"id":0}`, `step.bill#2 {"id":1}`, `step.bill#3 {"id":2}`, `step.last {"b":3}`}, bodies); d != "" {
		t.Error(d)
	}
}

func TestUnkeyedWriteWithoutAnAnswerIsInDoubt(t *testing.T) {
	var hits atomic.Int32
	h := func(http.ResponseWriter, *http.Request) { hits.Add(1); panic(http.ErrAbortHandler) }
	c := post(t, "/", "{}")
	c.Retry = &plan.Retry{Attempts: 3, On: []string{"network"}}
	w := newWorld(t, h, ops(step(t, "a", c)))
	res := w.run(t.Context())
	if res.Status != event.InDoubt || !res.Error.InDoubt || hits.Load() != 1 || !strings.Contains(res.Error.Detail, "not known") {
		t.Errorf("got %s %+v after %d requests", res.Status, res.Error, hits.Load())
	}
	loop := each(t, "n", "[1, 2]", ops(step(t, "a", c)))
	loop.ForEach.Continue = true
	if res := newWorld(t, h, ops(loop)).run(t.Context()); res.Status != event.InDoubt {
		t.Errorf("an item in doubt ends the run as %s", res.Status)
	}
	c.Idempotent = true
	hits.Store(0)
	if res := w.run(t.Context()); res.Status != event.Failed || hits.Load() != 3 {
		t.Errorf("an idempotent write ends as %s after %d requests", res.Status, hits.Load())
	}
}

func TestCancelLetsWritesFinish(t *testing.T) {
	arrived, proceed := make(chan bool), make(chan bool)
	h := func(w http.ResponseWriter, r *http.Request) {
		arrived <- true
		<-proceed
		respond(w, 200, `{}`)
	}
	loop := each(t, "n", "[1, 2, 3, 4]", ops(step(t, "a", post(t, "/", "{}"))))
	loop.ForEach.Continue, loop.After = true, []string{"step.before"}
	w := newWorld(t, h, ops(step(t, "before", "1"), loop, step(t, "never", "2", "for_each.n")))
	w.plan.OnFailure = ops(step(t, "tell", post(t, "/", "{}")))
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		<-arrived
		proceed <- true
		<-arrived
		cancel()
		proceed <- true
	}()
	res := w.run(ctx)
	if res.Status != event.Canceled || res.Error.Kind != event.RunCanceled || res.Writes != 2 {
		t.Errorf("got %s %+v, %d writes", res.Status, res.Error, res.Writes)
	}
	want := []event.Done{{Step: "step.before", State: "done"}, {Step: "for_each.n", State: "stopped", Count: 2, Succeeded: 2}}
	if d := cmp.Diff(want, res.Done); d != "" {
		t.Error(d)
	}
}

func TestGraceEnds(t *testing.T) {
	arrived := make(chan bool)
	h := func(w http.ResponseWriter, r *http.Request) {
		io.Copy(io.Discard, r.Body) // only then does the server notice that the client has gone
		arrived <- true
		<-r.Context().Done()
	}
	w := newWorld(t, h, ops(step(t, "a", post(t, "/", "{}"))))
	w.opts.Grace = 20 * time.Millisecond
	ctx, cancel := context.WithCancel(t.Context())
	go func() { <-arrived; cancel() }()
	res := w.run(ctx)
	if res.Status != event.InDoubt || !res.Error.InDoubt {
		t.Errorf("got %s %+v", res.Status, res.Error)
	}
	if d := cmp.Diff([]event.Done{{Step: "step.a", State: "in_doubt"}}, res.Done); d != "" {
		t.Error(d)
	}
}

func TestTimeouts(t *testing.T) {
	told := make(chan bool, 1)
	h := func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/tell" {
			told <- true
			respond(w, 200, `{}`)
			return
		}
		<-r.Context().Done()
	}
	c := get(t, "/")
	c.Timeout = 50 * time.Millisecond
	w := newWorld(t, h, ops(step(t, "a", c)))
	w.fails(event.Timeout, "no complete answer within 50ms")

	w = newWorld(t, h, ops(step(t, "a", get(t, "/"))))
	w.plan.Timeout = 50 * time.Millisecond
	w.plan.OnFailure = ops(step(t, "tell", post(t, "/tell", "{}")))
	if f := w.fails(event.Timeout, "the run took longer than its timeout of 50ms"); f.Step != "step.a" {
		t.Errorf("step %q", f.Step)
	}
	<-told
}

func TestEgressIsThePlansHosts(t *testing.T) {
	h := func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, "http://evil.example.com/", http.StatusFound)
	}
	w := newWorld(t, h, ops(step(t, "a", get(t, "/"))))
	if f := w.fails(event.BadStatus, "answered 302"); !strings.Contains(f.Detail, "evil.example.com is not a host of any server that the plan names") {
		t.Errorf("detail %q", f.Detail)
	}
	w.plan.APIs["api"].Server = e(t, `"ftp://x"`)
	w.fails(event.InvalidInput, "absolute http or https URL")
}

func TestMockedServersReplaceThePlans(t *testing.T) {
	h := func(w http.ResponseWriter, r *http.Request) { respond(w, 200, `{}`) }
	w := newWorld(t, h, ops(step(t, "a", get(t, "/"))))
	w.plan.APIs["api"].Server = e(t, `"https://api.example.com"`)
	w.inputs.Servers = map[string]string{"api": w.server.URL}
	w.succeeds()
}

// A server that data decide about is reached at public addresses only; one that the author or a variable names, anywhere.
func TestWhereServersFromDataMayBe(t *testing.T) {
	reached := 0
	h := func(w http.ResponseWriter, r *http.Request) { reached++; respond(w, 200, `{}`) }
	for _, c := range []struct {
		server string
		fine   bool
	}{{`input.url`, false}, {`"http://${input.host}"`, false}, {`var.url`, true}, {`input.url`, true}} {
		w := newWorld(t, h, ops(step(t, "a", get(t, "/"))))
		w.plan.APIs["api"].Server = e(t, c.server)
		w.plan.Inputs = []*plan.Input{{Name: "url", Type: types.AnyString}, {Name: "host", Type: types.AnyString}}
		w.plan.Variables = []*plan.Input{{Name: "url", Type: types.AnyString}}
		w.inputs.Values = map[string]any{"url": w.server.URL, "host": strings.TrimPrefix(w.server.URL, "http://")}
		w.inputs.Variables = map[string]any{"url": w.server.URL}
		if c.server == `input.url` && c.fine { // a mock
			w.inputs.Servers = map[string]string{"api": w.server.URL}
		}
		reached = 0
		if c.fine {
			w.succeeds()
			continue
		}
		if f := w.fails(event.InvalidRequest, "is this machine, and the author named no such server"); f.InDoubt || reached != 0 {
			t.Errorf("%s: reached %d times", c.server, reached)
		}
	}
}

func TestLimitsOfAnAPIHold(t *testing.T) {
	var now, most atomic.Int32
	h := func(w http.ResponseWriter, r *http.Request) {
		n := now.Add(1)
		for m := most.Load(); n > m && !most.CompareAndSwap(m, n); m = most.Load() {
		}
		respond(w, 200, `{}`)
		now.Add(-1)
	}
	loop := each(t, "n", "[for i in range(0, 40) : i]", ops(step(t, "a", post(t, "/", "{}"))))
	loop.ForEach.Concurrency = 8
	w := newWorld(t, h, ops(loop))
	w.plan.APIs["api"].Limits = []*plan.Limit{{Concurrency: 2}}
	w.succeeds()
	if most.Load() > 2 {
		t.Errorf("%d requests at once, and the limit is 2", most.Load())
	}
}

// Whatever a server does, the step fails with a word about it, or the run goes on; nothing hangs.
func TestServersThatLie(t *testing.T) {
	for name, c := range map[string]struct {
		answer func(w http.ResponseWriter)
		kind   event.Cause
		says   string
	}{
		"html": {func(w http.ResponseWriter) {
			w.Header().Set("Content-Type", "text/html")
			io.WriteString(w, "<p>maintenance")
		}, event.InvalidResponse, "text/html where application/json was promised"},
		"truncated":   {func(w http.ResponseWriter) { respond(w, 200, `{"items": [{"id": `) }, event.InvalidResponse, "ends too early"},
		"no JSON":     {func(w http.ResponseWriter) { respond(w, 200, `oops`) }, event.InvalidResponse, "is not valid JSON"},
		"deep":        {func(w http.ResponseWriter) { respond(w, 200, strings.Repeat("[", 1e6)) }, event.InvalidResponse, "the answer of GET /"},
		"compress":    {func(w http.ResponseWriter) { w.Header().Set("Content-Encoding", "compress"); respond(w, 200, `{}`) }, event.InvalidResponse, `encoded as "compress"`},
		"other shape": {func(w http.ResponseWriter) { respond(w, 200, `[]`) }, event.Expression, "not from an object"},
		"endless body": {func(w http.ResponseWriter) {
			w.Header().Set("Content-Type", "application/json")
			for block := strings.Repeat(" ", 1<<16); ; {
				if _, err := io.WriteString(w, block); err != nil {
					return
				}
			}
		}, event.InvalidResponse, "larger than 1 MB"},
	} {
		w := newWorld(t, func(w http.ResponseWriter, _ *http.Request) { c.answer(w) }, ops(step(t, "a", get(t, "/"))))
		w.opts.Transport.MaxBody = 1 << 20
		w.output("x", "step.a.body.items")
		res := w.run(t.Context())
		if res.Error == nil || res.Error.Kind != c.kind || !strings.Contains(res.Error.Message, c.says) {
			t.Errorf("%s: got %+v, want %s: …%s…", name, res.Error, c.kind, c.says)
		}
	}
}
