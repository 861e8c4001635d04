package daemon

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/fstest"
	"time"

	"tenon/runtime/exec"
	"tenon/runtime/secret"
	"tenon/runtime/store"
	"tenon/spec/check"
	"tenon/spec/diag"
	"tenon/spec/plan"
	"tenon/spec/syntax"
)

const shop = `openapi: 3.0.3
info: { title: shop, version: "1" }
servers: [{ url: "%s" }]
paths:
  /notes:
    post:
      operationId: addNote
      parameters:
        - { name: Idempotency-Key, in: header, schema: { type: string } }
      requestBody:
        required: true
        content:
          application/json:
            schema: { type: object, required: [text], properties: { text: { type: string } } }
      responses:
        "201":
          description: made
          content:
            application/json:
              schema: { type: object, required: [id], properties: { id: { type: string } } }
  /mails:
    post:
      operationId: sendMail
      requestBody:
        required: true
        content:
          application/json:
            schema: { type: object, required: [text], properties: { text: { type: string } } }
      responses:
        "201": { description: sent }
`

const project = `
api "shop" {
  spec       = "shop.yaml"
  on_unknown = "stop"
}
secret "hooks" {
  env = "HOOKS"
}
integration "note" {
  %s
  input "text" {
    type = string({ max_length = 50 })
  }
  trigger "webhook" "paid" {
    path   = "/hooks/paid"
    body   = object({ id = string, text = string })
    key    = trigger.body.id
    inputs = { text = trigger.body.text }
    verify "hmac" {
      secret = secret.hooks
      header = "X-Sig"
    }
  }
  step "note" {
    call   = shop.addNote
    params = { "Idempotency-Key" = input.text }
    body   = { text = input.text }
    idempotent = true
  }
  output "id" {
    value = step.note.body.id
  }
}
integration "after" {
  input "id" {
    type = string
  }
  trigger "completion" "noted" {
    integration = integration.note
    inputs      = { id = trigger.outputs.id }
  }
  step "note" {
    call   = shop.addNote
    params = { "Idempotency-Key" = "after ${input.id}" }
    body   = { text = "after ${input.id}" }
    idempotent = true
  }
}
`

// world is a shop that counts what it is told, and what a daemon is told to run against it.
type world struct {
	t      testing.TB
	server *httptest.Server
	url    string
	keyed  bool // effects have keys: a repeated one is none
	keys   map[string]bool
	mu     sync.Mutex
	notes  map[string]int                          // by text
	gate   chan struct{}                           // requests wait for it, if it is not nil
	lose   func(r *http.Request, text string) bool // a request without effect; nil: none
	active atomic.Int32
	most   atomic.Int32
	hcl    atomic.Pointer[string]
}

func newWorld(t testing.TB, attrs string) *world {
	w := &world{t: t, notes: map[string]int{}}
	w.server = httptest.NewServer(http.HandlerFunc(w.serve))
	t.Cleanup(w.server.Close)
	w.url, w.keys = w.server.URL, map[string]bool{}
	w.project(fmt.Sprintf(project, attrs))
	return w
}

func (w *world) project(hcl string) { w.hcl.Store(&hcl) }

func (w *world) serve(rw http.ResponseWriter, r *http.Request) {
	var note struct{ Text string }
	body, _ := io.ReadAll(r.Body)
	json.Unmarshal(body, &note)
	if w.lose != nil && w.lose(r, note.Text) {
		return
	}
	if n := w.active.Add(1); n > w.most.Load() {
		w.most.Store(n)
	}
	defer w.active.Add(-1)
	w.mu.Lock()
	gate := w.gate
	key := r.Header.Get("Idempotency-Key")
	if !w.keyed || key == "" || !w.keys[key] {
		w.notes[note.Text]++
	}
	w.keys[key] = true
	w.mu.Unlock()
	if gate != nil {
		<-gate
	}
	rw.Header().Set("Content-Type", "application/json")
	rw.WriteHeader(201)
	fmt.Fprintf(rw, `{"id":%q}`, note.Text)
}

func (w *world) count(text string) int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.notes[text]
}

func (w *world) load(context.Context) (*Set, error) {
	f, diags := syntax.Parse("main.hcl", []byte(*w.hcl.Load()))
	m, found := check.Decode([]*syntax.File{f})
	diags.Append(found)
	files := fstest.MapFS{"shop.yaml": {Data: fmt.Appendf(nil, shop, w.url)}}
	r, found := check.Build(m, check.NewSpecs(files, nil), check.Options{})
	diags.Append(found)
	if diags.HasErrors() {
		return nil, fmt.Errorf("the project has errors: %v", messages(diags))
	}
	set := &Set{Programs: map[string]*exec.Program{}}
	for name, p := range r.Plans {
		c, err := exec.Compile(p)
		if err != nil {
			return nil, err
		}
		set.Programs[name] = c
	}
	set.Inputs = func(*exec.Program) (exec.Inputs, error) { return exec.Inputs{Secrets: hookSecret}, nil }
	return set, nil
}

var hookSecret = map[string]secret.Value{"hooks": secret.New("s3cret"), "standard": secret.New("whsec_c3Rvcm0gc2VjcmV0")}

func (w *world) options(s store.Store) Options {
	return Options{Store: s, Load: w.load, Drain: 5 * time.Second,
		Secrets: func(*plan.Plan) (map[string]secret.Value, error) { return hookSecret, nil }}
}

// daemon starts one on a store. stop ends it; it is called at the end if it has not been.
func (w *world) daemon(s store.Store, change func(*Options)) (d *Daemon, stop func()) {
	w.t.Helper()
	o := w.options(s)
	if change != nil {
		change(&o)
	}
	d = New(o)
	if err := d.Start(context.Background()); err != nil {
		w.t.Fatal(err)
	}
	stop = sync.OnceFunc(func() { d.Stop(context.Background()) })
	w.t.Cleanup(stop)
	return d, stop
}

func sign(body string) string {
	m := hmac.New(sha256.New, []byte("s3cret"))
	m.Write([]byte(body))
	return hex.EncodeToString(m.Sum(nil))
}

func deliver(d *Daemon, body string) *httptest.ResponseRecorder {
	r := httptest.NewRequest("POST", "/hooks/paid", strings.NewReader(body))
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("X-Sig", sign(body))
	rw := httptest.NewRecorder()
	d.Hooks().ServeHTTP(rw, r)
	return rw
}

// eventually waits until something holds; it fails the test if it never does.
func eventually(t testing.TB, what string, holds func() bool) {
	t.Helper()
	deadline := time.Now().Add(time.Minute)
	for !holds() {
		if time.Now().After(deadline) {
			t.Fatalf("never: %s", what)
		}
		time.Sleep(5 * time.Millisecond)
	}
}

func TestWebhookToCompletion(t *testing.T) {
	w := newWorld(t, "")
	s := store.NewMemory()
	d, stop := w.daemon(s, nil)
	const body = `{"id":"e1","text":"hello"}`
	first, again := deliver(d, body), deliver(d, body)
	if first.Code != 202 || again.Code != 202 || !strings.Contains(again.Body.String(), `"duplicate":true`) {
		t.Fatalf("%d %s, %d %s", first.Code, first.Body, again.Code, again.Body)
	}
	eventually(t, "the note and the one after it", func() bool { return w.count("hello") == 1 && w.count("after hello") == 1 })
	stop()
	runs, err := s.Runs(context.Background(), store.Filter{})
	if err != nil || len(runs) != 2 {
		t.Fatalf("%d runs, %v", len(runs), err)
	}
	for _, r := range runs {
		want := map[string]string{"note": "webhook paid", "after": "completion noted"}[r.Integration]
		if r.Status != "succeeded" || r.Cause != want {
			t.Errorf("%s: %s by %q", r.Integration, r.Status, r.Cause)
		}
	}
	if w.count("hello") != 1 {
		t.Errorf("%d notes", w.count("hello"))
	}
}

func TestOverlap(t *testing.T) {
	for how, most := range map[string]int32{"": 1, `overlap = "queue"`: 1, `overlap = "parallel"`: 3} {
		t.Run(how, func(t *testing.T) {
			w := newWorld(t, how)
			w.gate = make(chan struct{})
			d, _ := w.daemon(store.NewMemory(), nil)
			for i := range 3 {
				deliver(d, fmt.Sprintf(`{"id":"e%d","text":"n%d"}`, i, i))
			}
			eventually(t, "as many at once as may be", func() bool { return w.active.Load() == most })
			close(w.gate)
			eventually(t, "all", func() bool { return w.count("n0")+w.count("n1")+w.count("n2") == 3 })
			if w.most.Load() > max(most, 2) { // those after them run beside
				t.Errorf("%d at once", w.most.Load())
			}
		})
	}
}

func TestSkip(t *testing.T) {
	w := newWorld(t, `overlap = "skip"`)
	w.gate = make(chan struct{})
	d, stop := w.daemon(store.NewMemory(), nil)
	deliver(d, `{"id":"e1","text":"n1"}`)
	eventually(t, "the first under way", func() bool { return w.active.Load() == 1 })
	deliver(d, `{"id":"e2","text":"n2"}`)
	eventually(t, "nothing waits", func() bool { n, _ := d.queue.lengths(); return n == 0 })
	close(w.gate)
	stop()
	if w.count("n2") != 0 || w.count("n1") != 1 {
		t.Errorf("%v", w.notes)
	}
}

// What is accepted happens, though the daemon ends before it had its turn; what is under way goes on.
func TestRestart(t *testing.T) {
	w := newWorld(t, "")
	s := store.NewMemory()
	w.gate = make(chan struct{})
	d, stop := w.daemon(s, func(o *Options) { o.Drain = time.Millisecond; o.MaxRuns = 1; o.Engine.Grace = time.Millisecond })
	for i := range 4 {
		if rw := deliver(d, fmt.Sprintf(`{"id":"e%d","text":"n%d"}`, i, i)); rw.Code != 202 {
			t.Fatal(rw.Code)
		}
	}
	eventually(t, "the first under way", func() bool { return w.active.Load() == 1 })
	stop()
	if rw := deliver(d, `{"id":"late","text":"late"}`); rw.Code != 503 || rw.Header().Get("Retry-After") == "" {
		t.Errorf("while it stops: %d", rw.Code)
	}
	close(w.gate)
	w.daemon(s, nil)
	eventually(t, "all of them", func() bool {
		return w.count("n1") == 1 && w.count("n2") == 1 && w.count("n3") == 1 && w.count("after n0") == 1 && w.count("after n3") == 1
	})
	runs, _ := s.Runs(context.Background(), store.Filter{Integration: "note"})
	if len(runs) != 4 {
		t.Errorf("%d runs of note", len(runs))
	}
}

func TestReload(t *testing.T) {
	w := newWorld(t, "")
	d, _ := w.daemon(store.NewMemory(), nil)
	good := *w.hcl.Load()
	w.project("integration \"broken\" {")
	if err := d.Reload(context.Background()); err == nil {
		t.Error("a broken project was loaded")
	}
	if rw := deliver(d, `{"id":"e1","text":"still"}`); rw.Code != 202 {
		t.Errorf("the one before does not go on: %d", rw.Code)
	}
	w.project(strings.ReplaceAll(good, "/hooks/paid", "/hooks/new"))
	if err := d.Reload(context.Background()); err != nil {
		t.Fatal(err)
	}
	if rw := deliver(d, `{"id":"e2","text":"x"}`); rw.Code != 404 {
		t.Errorf("the old path: %d", rw.Code)
	}
	eventually(t, "what was accepted before", func() bool { return w.count("still") == 1 })
}

func TestQueueIsBounded(t *testing.T) {
	w := newWorld(t, "")
	w.gate = make(chan struct{})
	d, _ := w.daemon(store.NewMemory(), func(o *Options) { o.MaxQueue = 4 })
	deliver(d, `{"id":"e0","text":"n0"}`)
	eventually(t, "the first under way", func() bool { return w.active.Load() == 1 })
	var codes []int
	for i := range 4 {
		codes = append(codes, deliver(d, fmt.Sprintf(`{"id":"q%d","text":"q%d"}`, i, i)).Code)
	}
	if fmt.Sprint(codes) != "[202 202 503 503]" {
		t.Errorf("%v", codes)
	}
	close(w.gate)
	eventually(t, "there is room again", func() bool { return deliver(d, `{"id":"q3","text":"q3"}`).Code == 202 })
}

func TestFairQueue(t *testing.T) {
	q := newQueue(100, 4)
	for i := range 5 {
		q.restore(waiting{id: int64(i), integration: "many"})
	}
	q.restore(waiting{id: 9, integration: "one"})
	always := func(waiting, int) bool { return true }
	shares := func(name string) []string { return []string{name, "api"} }
	a, _ := q.next(always, shares)
	b, _ := q.next(always, shares)
	if a.integration != "many" || b.integration != "one" {
		t.Errorf("%s, then %s", a.integration, b.integration)
	}
	if w, ok := q.next(always, shares); ok {
		t.Errorf("%s beside as many as there are places", w.integration)
	}
	q.done(b)
	if _, ok := q.next(func(_ waiting, running int) bool { return running == 0 }, shares); ok {
		t.Error("a second run beside the first")
	}
	if w, ok := q.next(always, shares); !ok || w.id != 1 {
		t.Errorf("%v %v, when there is room again", w, ok)
	}
}

// Whoever comes finds room as long as few take all that they can.
func TestPlacesAreShared(t *testing.T) {
	q := newQueue(1000, 64)
	running := map[string]int{}
	for i, name := range []string{"a", "b", "c", "d"} {
		for q.reserve(name) {
			q.add(waiting{integration: name})
		}
		for {
			w, ok := q.next(func(w waiting, _ int) bool { return w.integration == name }, func(name string) []string { return []string{name} })
			if !ok {
				break
			}
			running[w.integration]++
		}
		if left := 64 - q.active; left != 64>>(i+1) {
			t.Errorf("%v run, and %d places are left", running, left)
		}
	}
	if n, _ := q.lengths(); n >= 1000 {
		t.Errorf("%d wait", n)
	}
}

// ask asks the admin API.
func ask(d *Daemon, method, path, token, body string) (int, map[string]any) {
	r := httptest.NewRequest(method, path, bytes.NewReader([]byte(body)))
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	rw := httptest.NewRecorder()
	d.Admin().ServeHTTP(rw, r)
	var v map[string]any
	b, _ := io.ReadAll(rw.Body)
	json.Unmarshal(b, &v)
	return rw.Code, v
}

func TestAdmin(t *testing.T) {
	w := newWorld(t, "")
	d, _ := w.daemon(store.NewMemory(), func(o *Options) { o.Token = secret.New("tok") })
	for _, path := range []string{"/metrics", "/v1/runs", "/openapi.yaml", "/nothing"} {
		for _, token := range []string{"", "wrong"} {
			if code, _ := ask(d, "GET", path, token, ""); code != 401 {
				t.Errorf("%s with token %q: %d", path, token, code)
			}
		}
	}
	if code, v := ask(d, "GET", "/healthz", "", ""); code != 200 || v["status"] != "ok" {
		t.Errorf("health: %d %v", code, v)
	}
	code, v := ask(d, "POST", "/v1/integrations/note/runs", "tok", `{"inputs":{"text":"by hand"}}`)
	if code != 202 || v["duplicate"] != false {
		t.Fatalf("start: %d %v", code, v)
	}
	id := v["run"].(string)
	eventually(t, "the run", func() bool {
		code, v = ask(d, "GET", "/v1/runs/"+id, "tok", "")
		return code == 200 && v["status"] == "succeeded"
	})
	for body, want := range map[string]int{
		`{"inputs":{}}`: 422, `{"inputs":{"text":"x","more":1}}`: 422, `{"inputs":[]}`: 400, `{"input":{}}`: 400, `{`: 400,
		`{"inputs":{"text":"` + strings.Repeat("x", 51) + `"}}`: 422,
	} {
		if code, v := ask(d, "POST", "/v1/integrations/note/runs", "tok", body); code != want || v["detail"] == "" {
			t.Errorf("%s: %d %v", body, code, v)
		}
	}
	for call, want := range map[string]int{
		"POST /v1/integrations/none/runs": 404, "GET /v1/runs/none": 404, "POST /v1/runs/none/cancel": 404, "POST /v1/runs/none/resume": 404,
		"POST /v1/runs/" + id + "/cancel": 409, "POST /v1/runs/" + id + "/resume": 409, "GET /v1/runs?limit=x": 400, "GET /v1/nothing": 404,
	} {
		method, path, _ := strings.Cut(call, " ")
		if code, v := ask(d, method, path, "tok", `{}`); code != want {
			t.Errorf("%s: %d %v", call, code, v)
		}
	}
	if code, v := ask(d, "GET", "/v1/integrations", "tok", ""); code != 200 || len(v["integrations"].([]any)) != 2 {
		t.Errorf("integrations: %d %v", code, v)
	}
}

// messages are those of errors.
func messages(list diag.List) (out []string) {
	for _, f := range list {
		if f.Severity == diag.Error {
			out = append(out, f.Message)
		}
	}
	return out
}
