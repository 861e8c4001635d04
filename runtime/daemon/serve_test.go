package daemon

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"tenon/runtime/exec"
	"tenon/runtime/store"
	"tenon/spec/check"
	"tenon/spec/openapi"
	"tenon/spec/openapi/openapitest"
	"tenon/spec/plan"
	"tenon/spec/syntax"
	"tenon/spec/types"
)

const publicDocument = `openapi: 3.0.3
info: { title: notes, version: "1" }
servers: [{ url: "https://notes.example.com/v1" }, { url: /inner }]
security: [{ key: [] }]
paths:
  /notes:
    get:
      operationId: listNotes
      security: []
      parameters:
        - { name: tag, in: query, schema: { type: array, items: { type: string, minLength: 1 } } }
        - { name: size, in: query, schema: { type: integer, minimum: 1, maximum: 9, default: 3 } }
        - { name: deep, in: query, style: deepObject, explode: true, schema: { type: object, properties: { a: { type: integer } }, additionalProperties: false } }
        - { name: X-Kind, in: header, schema: { type: string, enum: [short, long] } }
      responses:
        "200":
          description: them
          headers:
            X-Size: { required: true, schema: { type: integer, maximum: 9 } }
          content:
            application/json: { schema: { type: array, items: { type: string } } }
        default: { $ref: "#/components/responses/Problem" }
    post:
      operationId: addNote
      parameters:
        - { name: Idempotency-Key, in: header, schema: { type: string, maxLength: 300 } }
        - { name: dry, in: query, schema: { type: boolean, default: false } }
      requestBody:
        required: true
        content:
          application/json: { schema: { $ref: "#/components/schemas/Note" } }
          application/x-www-form-urlencoded: { schema: { $ref: "#/components/schemas/Note" } }
      responses:
        "201":
          description: added
          headers:
            Location: { required: true, schema: { type: string } }
          content:
            application/json: { schema: { $ref: "#/components/schemas/Note" } }
        "409": { $ref: "#/components/responses/Problem" }
        default: { $ref: "#/components/responses/Problem" }
  /notes/{id}:
    parameters: [{ name: id, in: path, required: true, schema: { type: string, pattern: "^[a-z0-9-]+$" } }]
    get:
      operationId: getNote
      security: [{ login: [] }, { key: [], token: [] }]
      responses:
        "200":
          description: it
          content:
            application/json: { schema: { $ref: "#/components/schemas/Note" } }
            text/csv: { schema: { type: string } }
        default: { $ref: "#/components/responses/Problem" }
    delete:
      operationId: dropNote
      responses: { "204": { description: gone } }
  /slow:
    post:
      operationId: slow
      security: []
      responses:
        "204": { description: done }
        default: { $ref: "#/components/responses/Problem" }
components:
  securitySchemes:
    key: { type: apiKey, in: header, name: X-Key }
    login: { type: http, scheme: basic }
    token: { type: http, scheme: bearer }
  responses:
    Problem:
      description: wrong
      content:
        application/problem+json: { schema: { type: object, required: [title], properties: { title: { type: string }, status: { type: integer } } } }
  schemas:
    Note:
      type: object
      required: [id, text]
      properties:
        id: { type: string, readOnly: true }
        text: { type: string, minLength: 1, maxLength: 40 }
        stars: { type: integer, minimum: 0, maximum: 5 }
        kind: { type: string, enum: [short, long] }
        secret: { type: string, writeOnly: true }
      additionalProperties: false
`

const publicProject = `
api "shop" {
  spec       = "shop.yaml"
  on_unknown = "stop"
}
api "public" {
  spec = "public.yaml"
}
secret "hooks" {
  env = "HOOKS"
}
secret "standard" {
  env = "STANDARD"
}
integration "add" {
  %s
  input "text" {
    type = string({ max_length = 40 })
  }
  input "dry" {
    type = bool
  }
  trigger "operation" "add" {
    operation = public.addNote
    inputs    = { text = trigger.body.text, dry = trigger.params.dry }
    auth "key" {
      value = [secret.hooks, secret.standard]
    }
    respond {
      when   = outputs.id == "taken"
      status = 409
      body   = { title = "taken" }
    }
    respond {
      status  = 201
      headers = { Location = "/v1/notes/${outputs.id}" }
      body    = { id = outputs.id, text = trigger.body.text, stars = trigger.body.stars, kind = trigger.body.kind }
    }
    respond {
      on     = "failed"
      when   = error.status == 418
      status = 418
      body   = { title = "${error.step}: ${error.kind}" }
    }
  }
  step "note" {
    call   = shop.addNote
    params = { "Idempotency-Key" = input.text }
    body   = { text = input.dry ? "dry" : input.text }
  }
  output "id" {
    value = step.note.body.id
  }
}
integration "list" {
  input "tags" {
    type = list(string)
  }
  input "size" {
    type = integer
  }
  trigger "operation" "list" {
    operation = public.listNotes
    inputs    = { tags = coalesce(trigger.params.tag, []), size = trigger.params.size }
    cache     = "1m"
    limit {
      rate = "40/1m"
    }
    respond {
      status  = 200
      headers = { "X-Size" = outputs.size * 2, "X-Kind" = trigger.params["X-Kind"] }
      body    = outputs.tags
    }
  }
  output "tags" {
    value = input.tags
  }
  output "size" {
    value = input.size
  }
}
integration "get" {
  input "id" {
    type = string
  }
  trigger "operation" "get" {
    operation = public.getNote
    inputs    = { id = trigger.params.id }
    auth "login" {
      username = "ann"
      password = secret.hooks
    }
    auth "key" {
      value = secret.hooks
    }
    auth "token" {
      token = secret.standard
    }
    limit {
      rate        = "3/1h"
      concurrency = 5
    }
    respond {
      status = 200
      body   = { id = outputs.id, text = must(outputs.text, "there is a text") }
    }
  }
  output "id" {
    value = input.id
  }
  output "text" {
    value = input.id == "silent" ? null : input.id == "long" ? "12345678901234567890123456789012345678901" : "hi"
  }
}
integration "slow" {
  trigger "operation" "slow" {
    operation = public.slow
    timeout   = "300ms"
    respond {
      status = 204
    }
  }
  step "note" {
    call       = shop.addNote
    body       = { text = "slow" }
    idempotent = true
  }
}
`

// site is a daemon that serves publicDocument, and its client's judge.
type site struct {
	*world
	d    *Daemon
	http *httptest.Server
	doc  *openapi.Document
}

func (w *world) loadPublic(files fstest.MapFS) Loader {
	return func(context.Context) (*Set, error) {
		f, diags := syntax.Parse("main.hcl", []byte(*w.hcl.Load()))
		m, found := check.Decode([]*syntax.File{f})
		diags.Append(found)
		r, found := check.Build(m, check.NewSpecs(files, nil), check.Options{})
		diags.Append(found)
		if diags.HasErrors() {
			diags.Sort()
			return nil, fmt.Errorf("the project has errors: %s", diags[0].Message)
		}
		set := &Set{Programs: map[string]*exec.Program{}}
		for name, p := range r.Plans {
			// A plan needs nothing but its JSON.
			text, err := json.Marshal(p)
			if err != nil {
				return nil, err
			}
			p = &plan.Plan{}
			if err := json.Unmarshal(text, p); err != nil {
				return nil, err
			}
			if err := p.Validate(); err != nil {
				return nil, err
			}
			if set.Programs[name], err = exec.Compile(p); err != nil {
				return nil, err
			}
		}
		set.Inputs = func(*exec.Program) (exec.Inputs, error) { return exec.Inputs{Secrets: hookSecret}, nil }
		return set, nil
	}
}

func newSite(t testing.TB, s store.Store, attrs string, change func(*Options)) *site {
	w := newWorld(t, "")
	w.project(fmt.Sprintf(publicProject, attrs))
	x := &site{world: w}
	var err error
	if x.doc, err = openapi.Load("public.yaml", []byte(publicDocument), openapi.Options{}); err != nil {
		t.Fatal(err)
	}
	files := fstest.MapFS{"shop.yaml": {Data: fmt.Appendf(nil, shop, w.url)}, "public.yaml": {Data: []byte(publicDocument)}}
	x.d, _ = w.daemon(s, func(o *Options) {
		o.Load = w.loadPublic(files)
		if change != nil {
			change(o)
		}
	})
	x.http = httptest.NewServer(x.d.Hooks())
	t.Cleanup(x.http.Close)
	return x
}

// reply is an answer as a client has it.
type reply struct {
	status int
	header http.Header
	body   string
}

// ask sends a request and has the answer judged, if the document knows the operation.
func (x *site) ask(method, path, body string, header ...string) reply {
	x.t.Helper()
	req, err := http.NewRequest(method, x.http.URL+path, strings.NewReader(body))
	if err != nil {
		x.t.Fatal(err)
	}
	if body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	return x.send(req)
}

func (x *site) send(req *http.Request) reply {
	x.t.Helper()
	res, err := http.DefaultTransport.RoundTrip(req)
	if err != nil {
		x.t.Error(err)
		return reply{}
	}
	defer res.Body.Close()
	text, _ := io.ReadAll(res.Body)
	out := reply{res.StatusCode, res.Header, string(text)}
	if name := operationOf(req); name != "" && req.Method != "HEAD" {
		oracle, err := openapitest.New(x.doc, name)
		if err != nil {
			x.t.Fatal(err)
		}
		if err := oracle.Response(req, out.status, out.header, text); err != nil {
			x.t.Errorf("%s %s: the answer %d %s is not what the document says: %v", req.Method, req.URL, out.status, text, err)
		}
	}
	return out
}

// operationOf names the operation that a request is for, as far as the tests need it.
func operationOf(r *http.Request) string {
	path := strings.TrimPrefix(strings.TrimPrefix(r.URL.Path, "/v1"), "/inner")
	switch {
	case r.Method == "GET" && path == "/notes":
		return "listNotes"
	case r.Method == "POST" && path == "/notes":
		return "addNote"
	case r.Method == "GET" && strings.HasPrefix(path, "/notes/") && path != "/notes/":
		return "getNote"
	case r.Method == "POST" && path == "/slow":
		return "slow"
	}
	return ""
}

var withKey = []string{"X-Key", "s3cret"}

func gzipped(text string) string {
	var b strings.Builder
	z := gzip.NewWriter(&b)
	z.Write([]byte(text))
	z.Close()
	return b.String()
}

func TestServedOperation(t *testing.T) {
	s := store.NewMemory()
	x := newSite(t, s, "", nil)
	got := x.ask("POST", "/v1/notes", `{"text":"hello","stars":5,"secret":"x"}`, withKey...)
	var note map[string]any
	json.Unmarshal([]byte(got.body), &note)
	if got.status != 201 || note["id"] != "hello" || note["stars"] != 5.0 || note["secret"] != nil || got.header.Get("Location") != "/v1/notes/hello" {
		t.Fatalf("%d %v %s", got.status, got.header, got.body)
	}
	run, err := s.Run(context.Background(), got.header.Get("Tenon-Run"))
	if err != nil || run.Status != "succeeded" || run.Cause != "operation add" || run.Writes != 1 {
		t.Errorf("the run: %+v %v", run, err)
	}
	// The default of a parameter counts, forms are taken too, and each server's path.
	got = x.ask("POST", "/inner/notes?dry=true", "text=form&stars=2", append(withKey, "Content-Type", "application/x-www-form-urlencoded")...)
	if got.status != 201 || x.count("dry") != 1 || x.count("form") != 0 || !strings.Contains(got.body, `"stars":2`) {
		t.Errorf("%d %s", got.status, got.body)
	}
	if got := x.ask("POST", "/v1/notes", gzipped(`{"text":"small"}`), append(withKey, "Content-Encoding", "gzip")...); got.status != 201 || x.count("small") != 1 {
		t.Errorf("a compressed body: %d %s", got.status, got.body)
	}
	if got := x.ask("GET", "/v1/notes?tag=a&tag=b", ""); got.status != 200 || strings.TrimSpace(got.body) != `["a","b"]` || got.header.Get("X-Size") != "6" {
		t.Errorf("%d %v %s", got.status, got.header, got.body)
	}
	if got := x.ask("GET", "/v1/notes?size=2", "", "X-Kind", "long"); got.status != 200 || strings.TrimSpace(got.body) != `[]` || got.header.Get("X-Size") != "4" || got.header.Get("X-Kind") != "long" {
		t.Errorf("%d %v %s", got.status, got.header, got.body)
	}
	if got := x.ask("HEAD", "/v1/notes", ""); got.status != 200 || got.body != "" || got.header.Get("Content-Length") == "" || got.header.Get("X-Size") != "6" {
		t.Errorf("HEAD: %d %v %q", got.status, got.header, got.body)
	}
}

// The admin API lists what is served, as its own document says.
func TestServedIsListed(t *testing.T) {
	x := newSite(t, store.NewMemory(), "", nil)
	w := httptest.NewRecorder()
	r := httptest.NewRequest("GET", "http://tenon/v1/integrations", nil)
	x.d.Admin().ServeHTTP(w, r)
	if want := `{"kind":"operation","name":"get","method":"GET","path":"/v1/notes/{id}"}`; !strings.Contains(w.Body.String(), want) {
		t.Errorf("%s lacks %s", w.Body, want)
	}
	doc, err := openapi.Load("openapi.yaml", Description, openapi.Options{})
	if err != nil {
		t.Fatal(err)
	}
	oracle, err := openapitest.New(doc, "listIntegrations")
	if err != nil {
		t.Fatal(err)
	}
	if err := oracle.Response(r, w.Code, w.Header(), w.Body.Bytes()); err != nil {
		t.Error(err)
	}
}

func TestServedRespond(t *testing.T) {
	x := newSite(t, store.NewMemory(), "", nil)
	if got := x.ask("POST", "/v1/notes", `{"text":"taken"}`, withKey...); got.status != 409 || !strings.Contains(got.body, "taken") {
		t.Errorf("%d %s", got.status, got.body)
	}
	// What no respond block is for, and an answer that would not be what the document says: none is sent.
	refused := 503
	x.lose = func(r *http.Request, text string) bool { return text == "gone" || text == "teapot" }
	x.server.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(refused)
	})
	if got := x.ask("POST", "/v1/notes", `{"text":"gone"}`, withKey...); got.status != 502 || !strings.Contains(got.body, got.header.Get("Tenon-Run")) {
		t.Errorf("a failure without an answer: %d %s", got.status, got.body)
	}
	refused = 418
	if got := x.ask("POST", "/v1/notes", `{"text":"teapot"}`, withKey...); got.status != 418 || !strings.Contains(got.body, "note: status") {
		t.Errorf("a failure with an answer: %d %s", got.status, got.body)
	}
	login := func(r *http.Request) *http.Request { r.SetBasicAuth("ann", "s3cret"); return r }
	for id, want := range map[string]int{"one": 200, "silent": 500, "long": 500} {
		r, _ := http.NewRequest("GET", x.http.URL+"/v1/notes/"+id, nil)
		if got := x.send(login(r)); got.status != want || strings.Contains(got.body, "1234567890") {
			t.Errorf("%s: %d %s", id, got.status, got.body)
		}
	}
}

func TestServedRefusals(t *testing.T) {
	s := store.NewMemory()
	var log bytes.Buffer
	x := newSite(t, s, "", func(o *Options) { o.Hooks.MaxBody, o.Log = 1000, slog.New(slog.NewTextHandler(&log, nil)) })
	for _, tt := range []struct {
		method, path, body string
		header             []string
		status             int
		says               string
	}{
		{"GET", "/v1/nothing", "", nil, 404, "nothing at this path"},
		{"GET", "/notes", "", nil, 404, ""},
		{"GET", "/v1/notes/", "", nil, 404, ""},
		{"PUT", "/v1/notes", "", nil, 405, ""},
		{"DELETE", "/v1/notes/a", "", nil, 501, "DELETE /notes/{id}"},
		{"POST", "/v1/notes", `{"text":"a"}`, nil, 401, "the header X-Key"},
		{"POST", "/v1/notes", `{"text":"a"}`, []string{"X-Key", "wrong"}, 401, "wrong"},
		{"POST", "/v1/notes", `{"text":"a"}`, []string{"X-Key", ""}, 401, "wrong"},
		{"POST", "/v1/notes", `{"text":"a"`, withKey, 400, "body"},
		{"POST", "/v1/notes", `{"text":"a","text":"b"}`, withKey, 400, "body"},
		{"POST", "/v1/notes", `{}`, withKey, 400, `lacks \"text\"`},
		{"POST", "/v1/notes", `{"text":"a","id":"mine"}`, withKey, 400, "read-only"},
		{"POST", "/v1/notes", `{"text":"a","stars":6,"kind":"odd","more":1}`, withKey, 400, `"path":"stars"`},
		{"POST", "/v1/notes?dry=perhaps", `{"text":"a"}`, withKey, 400, `"path":"dry"`},
		{"POST", "/v1/notes", "", withKey, 400, "required"},
		{"POST", "/v1/notes", `<a/>`, append(withKey, "Content-Type", "application/xml"), 415, "application/json or application/x-www-form-urlencoded"},
		{"POST", "/v1/notes", `{"text":"a"}`, append(withKey, "Content-Type", ""), 415, "does not say"},
		{"POST", "/v1/notes", `{"text":"a"}`, append(withKey, "Content-Encoding", "gzip"), 400, "gzip"},
		{"POST", "/v1/notes", `{"text":"a"}`, append(withKey, "Content-Encoding", "compress"), 415, "compress"},
		{"POST", "/v1/notes", gzipped(`{"text":"` + strings.Repeat("a", 1000) + `"}`), append(withKey, "Content-Encoding", "gzip"), 413, "larger"},
		{"POST", "/v1/notes", `{"text":"a"}`, append(withKey, "Accept", "text/html"), 406, "application/json"},
		{"POST", "/v1/notes", `{"text":"` + strings.Repeat("a", 1000) + `"}`, withKey, 413, "larger"},
		{"GET", "/v1/notes?size=0", "", nil, 400, "size"},
		{"GET", "/v1/notes?size=many", "", nil, 400, "size"},
		{"GET", "/v1/notes?tag=", "", nil, 400, "tag"},
		{"GET", "/v1/notes?deep[a]=x", "", nil, 400, "deep"},
		{"GET", "/v1/notes", "", []string{"X-Kind", "odd"}, 400, "X-Kind"},
		{"GET", "/v1/notes/A%2f..", "", []string{"Authorization", "Basic YW5uOnMzY3JldA=="}, 400, "id"},
	} {
		got := x.ask(tt.method, tt.path, tt.body, tt.header...)
		if got.status != tt.status || !strings.Contains(got.body, tt.says) || got.header.Get("Content-Type") != "application/problem+json" {
			t.Errorf("%s %s %.50s: %d %s, want %d %s", tt.method, tt.path, tt.body, got.status, got.body, tt.status, tt.says)
		}
		if tt.status == 401 && got.header.Get("WWW-Authenticate") != `ApiKey realm="key"` {
			t.Errorf("401 with %v", got.header)
		}
		if tt.status == 405 && got.header.Get("Allow") != "GET, HEAD, OPTIONS, POST" {
			t.Errorf("405 with %v", got.header)
		}
	}
	if got := x.ask("OPTIONS", "/v1/notes/a", ""); got.status != 204 || got.header.Get("Allow") != "DELETE, GET, HEAD, OPTIONS" {
		t.Errorf("OPTIONS: %d %v", got.status, got.header)
	}
	// None of it has begun a run, and none of the log tells the key.
	if runs, _ := s.Runs(context.Background(), store.Filter{}); len(runs) != 0 {
		t.Errorf("%d runs", len(runs))
	}
	if strings.Contains(log.String(), "s3cret") || !strings.Contains(log.String(), "trigger=add") {
		t.Errorf("the log: %s", log.String())
	}
	// Every problem is named.
	got := x.ask("POST", "/v1/notes?dry=x", `{"text":"","stars":-1}`, withKey...)
	var p struct{ Problems []struct{ In, Path string } }
	if json.Unmarshal([]byte(got.body), &p); len(p.Problems) != 3 || p.Problems[0].In != "query" || p.Problems[2].In != "body" {
		t.Errorf("problems: %s", got.body)
	}
}

// Of the alternatives that the document has, any will do, and of one alternative all schemes are needed.
func TestServedSecurity(t *testing.T) {
	x := newSite(t, store.NewMemory(), "", func(o *Options) {
		now := time.Now()
		o.Hooks.Now = func() time.Time { now = now.Add(time.Hour); return now } // limits are not looked at here
	})
	bearer := "Bearer " + hookSecret["standard"].Reveal()
	for _, tt := range []struct {
		header []string
		status int
	}{
		{nil, 401},
		{[]string{"X-Key", "s3cret"}, 401},
		{[]string{"Authorization", bearer}, 401},
		{[]string{"X-Key", "s3cret", "Authorization", bearer}, 200},
		{[]string{"X-Key", "s3cre", "Authorization", bearer}, 401},
		{[]string{"X-Key", "s3cret", "Authorization", bearer + "x"}, 401},
		{[]string{"Authorization", "Basic YW5uOnMzY3JldA=="}, 200},  // ann:s3cret
		{[]string{"Authorization", "basic  YW5uOnMzY3JldA=="}, 200}, // schemes have no case
		{[]string{"Authorization", "Basic Ym9iOnMzY3JldA=="}, 401},  // bob:s3cret
		{[]string{"Authorization", "Basic YW5uOnMzY3JldA"}, 401},    // no padding
		{[]string{"Authorization", "Basic ann:s3cret"}, 401},        // no base64
		{[]string{"Authorization", "Digest YW5uOnMzY3JldA=="}, 401}, // another scheme
		{[]string{"Authorization", "Basic \u00e9"}, 401},            // no text
		{[]string{"Authorization", strings.Repeat("Basic ", 50)}, 401},
	} {
		if got := x.ask("GET", "/v1/notes/a", "", tt.header...); got.status != tt.status {
			t.Errorf("%v: %d %s", tt.header, got.status, got.body)
		}
	}
	// The old key and the new one.
	for _, key := range []string{"s3cret", hookSecret["standard"].Reveal()} {
		if got := x.ask("POST", "/v1/notes", `{"text":"k"}`, "X-Key", key); got.status != 201 {
			t.Errorf("%d %s", got.status, got.body)
		}
	}
	// Twice is not once.
	r, _ := http.NewRequest("POST", x.http.URL+"/v1/notes", strings.NewReader(`{"text":"twice"}`))
	r.Header["X-Key"], r.Header["Content-Type"] = []string{"s3cret", "s3cret"}, []string{"application/json"}
	if got := x.send(r); got.status != 401 {
		t.Errorf("two keys: %d", got.status)
	}
}

func TestServedLimit(t *testing.T) {
	x := newSite(t, store.NewMemory(), "", nil)
	get := func(header ...string) reply { return x.ask("GET", "/v1/notes/a", "", header...) }
	ann := []string{"Authorization", "Basic YW5uOnMzY3JldA=="}
	for range 3 {
		if got := get(ann...); got.status != 200 {
			t.Fatalf("%d %s", got.status, got.body)
		}
	}
	if got := get(ann...); got.status != 429 || got.header.Get("Retry-After") == "" {
		t.Errorf("one too many: %d %v", got.status, got.header)
	}
	other := []string{"X-Key", "s3cret", "Authorization", "Bearer " + hookSecret["standard"].Reveal()}
	if got := get(other...); got.status != 200 {
		t.Errorf("another client: %d %s", got.status, got.body)
	}
	// Who guesses is counted too, by address.
	for i := range 4 {
		want := 401
		if i == 3 {
			want = 429
		}
		if got := get("X-Key", "guess"); got.status != want {
			t.Errorf("guess %d: %d", i, got.status)
		}
	}
}

func TestServedCache(t *testing.T) {
	s := store.NewMemory()
	var mu sync.Mutex
	now := time.Now()
	x := newSite(t, s, "", func(o *Options) {
		o.Hooks.Now = func() time.Time { mu.Lock(); defer mu.Unlock(); return now }
	})
	runs := func() int { list, _ := s.Runs(context.Background(), store.Filter{}); return len(list) }
	first := x.ask("GET", "/v1/notes?tag=a", "")
	again := x.ask("GET", "/v1/notes?tag=a&size=3&unread=1", "", "X-Other", "y")
	if first.body != again.body || again.header.Get("X-Size") != "6" || runs() != 1 {
		t.Errorf("%v, %v, %d runs", first, again, runs())
	}
	// What is read counts: another list, another header.
	x.ask("GET", "/v1/notes?tag=b", "")
	if got := x.ask("GET", "/v1/notes?tag=a", "", "X-Kind", "long"); got.header.Get("X-Kind") != "long" || runs() != 3 {
		t.Errorf("%v, %d runs", got.header, runs())
	}
	mu.Lock()
	now = now.Add(time.Minute)
	mu.Unlock()
	if x.ask("GET", "/v1/notes?tag=a", ""); runs() != 4 {
		t.Errorf("%d runs after its time", runs())
	}
	// What failed is not kept.
	for range 2 {
		if got := x.ask("GET", "/v1/notes?size=9", ""); got.status != 500 { // X-Size would be 18
			t.Errorf("%d %s", got.status, got.body)
		}
	}
	if runs() != 6 {
		t.Errorf("%d runs", runs())
	}
}

// A repeated key gets the first answer, whatever happened in between.
func TestServedKey(t *testing.T) {
	s := store.NewMemory()
	x := newSite(t, s, "", nil)
	post := func(key, body string, header ...string) reply {
		return x.ask("POST", "/v1/notes", body, append(append(header, withKey...), "Idempotency-Key", key)...)
	}
	first, again := post("k1", `{"text":"once"}`), post("k1", `{"text":"once"}`)
	if first.status != 201 || again.status != 201 || first.body != again.body || first.header.Get("Tenon-Run") != again.header.Get("Tenon-Run") || x.count("once") != 1 {
		t.Errorf("%v, %v, %d", first, again, x.count("once"))
	}
	if got := post("k1", `{"text":"other"}`); got.status != 422 || x.count("other") != 0 {
		t.Errorf("another request with the key: %d %s", got.status, got.body)
	}
	if got := x.ask("POST", "/v1/notes", `{"text":"once"}`, "X-Key", hookSecret["standard"].Reveal(), "Idempotency-Key", "k1"); got.status != 201 || x.count("once") != 2 {
		t.Errorf("another client's: %d %s", got.status, got.body)
	}
	if got := post(strings.Repeat("k", 256), `{"text":"long"}`); got.status != 400 {
		t.Errorf("a long key: %d", got.status)
	}
	// Two at once are one.
	x.mu.Lock()
	x.gate = make(chan struct{})
	x.mu.Unlock()
	var both sync.WaitGroup
	got := make([]reply, 4)
	for i := range got {
		both.Go(func() { got[i] = post("k2", `{"text":"both"}`) })
	}
	eventually(t, "the write", func() bool { return x.count("both") == 1 })
	close(x.gate)
	both.Wait()
	for _, r := range got {
		if r.status != 201 || r.body != got[0].body {
			t.Errorf("%d %s", r.status, r.body)
		}
	}
	if x.count("both") != 1 {
		t.Errorf("%d effects", x.count("both"))
	}
	// The next process knows, too.
	x.d.Stop(context.Background())
	y := newSite(t, s, "", nil)
	if got := y.ask("POST", "/v1/notes", `{"text":"once"}`, append(withKey, "Idempotency-Key", "k1")...); got.status != 201 || got.body != first.body || y.count("once") != 0 {
		t.Errorf("%d %s", got.status, got.body)
	}
}

// A client that goes away, or is told that it takes too long, does not stop what was begun; what has not begun is dropped.
func TestServedWaiting(t *testing.T) {
	s := store.NewMemory()
	x := newSite(t, s, "", func(o *Options) { o.MaxRuns = 1 })
	x.gate = make(chan struct{})
	got := x.ask("POST", "/v1/slow", "")
	if got.status != 504 || got.header.Get("Tenon-Run") == "" || !strings.Contains(got.body, got.header.Get("Tenon-Run")) {
		t.Fatalf("%d %v %s", got.status, got.header, got.body)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
	defer cancel()
	r, _ := http.NewRequestWithContext(ctx, "POST", x.http.URL+"/v1/slow", nil)
	if _, err := http.DefaultTransport.RoundTrip(r); err == nil {
		t.Error("answered")
	}
	if late := x.ask("POST", "/v1/slow", ""); late.status != 503 || late.header.Get("Retry-After") == "" {
		t.Errorf("no room: %d %s", late.status, late.body)
	}
	close(x.gate)
	eventually(t, "the first run", func() bool {
		run, err := s.Run(context.Background(), got.header.Get("Tenon-Run"))
		return err == nil && run.Status == "succeeded"
	})
	eventually(t, "room", func() bool { n, active := x.d.queue.lengths(); return n+active == 0 })
	if n := x.count("slow"); n != 1 {
		t.Errorf("%d effects", n)
	}
}

func TestServedBusy(t *testing.T) {
	x := newSite(t, store.NewMemory(), "", func(o *Options) { o.MaxRuns, o.MaxQueue = 1, 2 })
	x.gate = make(chan struct{})
	statuses := make(chan int, 12)
	var all sync.WaitGroup
	for range cap(statuses) {
		all.Go(func() { statuses <- x.ask("POST", "/v1/slow", "").status })
	}
	all.Wait()
	close(statuses)
	count := map[int]int{}
	for s := range statuses {
		count[s]++
	}
	if count[504] != 1 || count[503] != 11 {
		t.Errorf("%v", count)
	}
	close(x.gate)
}

func TestServedOverlap(t *testing.T) {
	x := newSite(t, store.NewMemory(), `overlap = "skip"`, nil)
	x.gate = make(chan struct{})
	first := make(chan reply, 1)
	go func() { first <- x.ask("POST", "/v1/notes", `{"text":"first"}`, withKey...) }()
	eventually(t, "the first", func() bool { return x.count("first") == 1 })
	if got := x.ask("POST", "/v1/notes", `{"text":"second"}`, withKey...); got.status != 503 || !strings.Contains(got.body, "beside") {
		t.Errorf("%d %s", got.status, got.body)
	}
	for range 2 { // the key is done with
		if got := x.ask("POST", "/v1/notes", `{"text":"third"}`, append(withKey, "Idempotency-Key", "k")...); got.status != 503 {
			t.Errorf("%d %s", got.status, got.body)
		}
	}
	close(x.gate)
	if got := <-first; got.status != 201 {
		t.Errorf("%d %s", got.status, got.body)
	}
}

// Stopping lets clients of runs under way have their answers, and tells the others.
func TestServedStop(t *testing.T) {
	s := store.NewMemory()
	x := newSite(t, s, "", func(o *Options) { o.MaxRuns = 1 })
	x.gate = make(chan struct{})
	replies := make(chan reply, 2)
	go func() { replies <- x.ask("POST", "/v1/notes", `{"text":"first"}`, withKey...) }()
	eventually(t, "the first", func() bool { return x.count("first") == 1 })
	second := make(chan reply, 1)
	go func() { second <- x.ask("POST", "/v1/notes", `{"text":"second"}`, withKey...) }()
	eventually(t, "the second in the queue", func() bool { n, _ := x.d.queue.lengths(); return n == 1 })
	stopped := make(chan struct{})
	go func() { x.d.Stop(context.Background()); close(stopped) }()
	if got := <-second; got.status != 503 || got.header.Get("Retry-After") == "" {
		t.Errorf("the second: %d %s", got.status, got.body)
	}
	if got := x.ask("POST", "/v1/notes", `{"text":"third"}`, withKey...); got.status != 503 {
		t.Errorf("the third: %d %s", got.status, got.body)
	}
	close(x.gate)
	if got := <-replies; got.status != 201 {
		t.Errorf("the first: %d %s", got.status, got.body)
	}
	<-stopped
	if x.count("second") != 0 {
		t.Error("what was refused happened")
	}
}

// What a stop, or a crash, interrupts goes on with the next process, and the key gets its answer there.
func TestServedInterrupted(t *testing.T) {
	s := store.NewMemory()
	x := newSite(t, s, "", func(o *Options) { o.Drain, o.Engine.Grace = time.Millisecond, time.Millisecond })
	x.keyed = true
	x.gate = make(chan struct{})
	ask := append(withKey, "Idempotency-Key", "k")
	first := make(chan reply, 1)
	go func() { first <- x.ask("POST", "/v1/notes", `{"text":"first"}`, ask...) }()
	eventually(t, "the write", func() bool { return x.count("first") == 1 })
	x.d.Stop(context.Background())
	if got := <-first; got.status != 503 || got.header.Get("Tenon-Run") == "" {
		t.Errorf("%d %s", got.status, got.body)
	}
	close(x.gate)
	x.mu.Lock()
	x.gate = nil
	x.mu.Unlock()
	d, _ := x.daemon(s, func(o *Options) { o.Load = x.d.o.Load })
	x.http.Config.Handler = d.Hooks()
	got := x.ask("POST", "/v1/notes", `{"text":"first"}`, ask...)
	if got.status != 201 || !strings.Contains(got.body, `"id":"first"`) || x.count("first") != 1 {
		t.Errorf("%d %s, %d effects", got.status, got.body, x.count("first"))
	}
}

// Requests made from the document's own types, spoilt or not: the daemon takes what the judge takes, and answers what
// the document says.
func TestServedAgreesWithTheJudge(t *testing.T) {
	s := store.NewMemory()
	x := newSite(t, s, "", nil)
	op, err := x.doc.Operation("addNote")
	if err != nil {
		t.Fatal(err)
	}
	oracle, err := openapitest.New(x.doc, "addNote")
	if err != nil {
		t.Fatal(err)
	}
	body := op.Body.Content[0].Value(types.Request)
	r := rand.New(rand.NewPCG(1, 2))
	taken, refused := 0, 0
	for i := range 400 {
		v, err := types.Generate(body, r, types.GenerateOptions{})
		if err != nil {
			t.Fatal(err)
		}
		note := v.(map[string]any)
		switch r.IntN(9) {
		case 0:
			delete(note, "text")
		case 1:
			note["stars"] = []any{-1, 6, 2.5, "3", nil, 5.0}[r.IntN(6)]
		case 2:
			note["kind"] = []any{"short", "Short", 1, true}[r.IntN(4)]
		case 3:
			note["extra"] = 1
		case 4:
			note["text"] = []any{"", strings.Repeat("é", 40), strings.Repeat("é", 41), 17, []any{"x"}}[r.IntN(5)]
		case 5:
			note["id"] = "x"
		}
		text, _ := json.Marshal(note)
		target := x.http.URL + "/v1/notes" + []string{"", "?dry=true", "?dry=perhaps", "?dry=false"}[r.IntN(4)]
		make := func() *http.Request {
			req, _ := http.NewRequest("POST", target, bytes.NewReader(text))
			req.Header.Set("Content-Type", "application/json")
			req.Header.Set("X-Key", "s3cret")
			return req
		}
		judged := oracle.Request(make())
		got := x.send(make())
		if (judged == nil) != (got.status != 400) {
			t.Errorf("%d: %s %s: the judge says %v, the daemon %d %s", i, target, text, judged, got.status, got.body)
		}
		if judged == nil {
			taken++
		} else {
			refused++
		}
	}
	if taken < 50 || refused < 50 {
		t.Errorf("%d were taken, %d refused", taken, refused)
	}
	runs, _ := s.Runs(context.Background(), store.Filter{})
	if len(runs) != taken {
		t.Errorf("%d runs of %d requests that were taken", len(runs), taken)
	}
}

// A server's time to read a request is not the time that its answer may take.
func TestServedOutlastsReadTimeout(t *testing.T) {
	x := newSite(t, store.NewMemory(), "", nil)
	x.gate = make(chan struct{})
	h := httptest.NewUnstartedServer(x.d.Hooks())
	h.Config.ReadTimeout = 100 * time.Millisecond
	h.Start()
	t.Cleanup(h.Close)
	x.http = h
	time.AfterFunc(400*time.Millisecond, func() { close(x.gate) })
	if got := x.ask("POST", "/v1/notes", `{"text":"slowly"}`, withKey...); got.status != 201 {
		t.Errorf("%d %s", got.status, got.body)
	}
	// Who does not send what was announced is cut off, and nothing begins.
	c, err := net.Dial("tcp", h.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	fmt.Fprintf(c, "POST /v1/notes HTTP/1.1\r\nHost: x\r\nX-Key: s3cret\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{\"text\":")
	c.SetReadDeadline(time.Now().Add(10 * time.Second))
	if text, err := io.ReadAll(c); err != nil || !strings.HasPrefix(string(text), "HTTP/1.1 400") {
		t.Errorf("%q %v", text, err)
	}
}

const servedBench = `
api "public" {
  spec = "public.yaml"
}
integration "list" {
  input "tags" {
    type = list(string)
  }
  trigger "operation" "list" {
    operation = public.listNotes
    inputs    = { tags = coalesce(trigger.params.tag, []) }
    %s
    respond {
      status  = 200
      headers = { "X-Size" = len(outputs.tags) }
      body    = outputs.tags
    }
  }
  output "tags" {
    value = input.tags
  }
}
`

// BenchmarkServed compares an operation that computes its answer with a bare handler that writes the same.
func BenchmarkServed(b *testing.B) {
	const want = `["a","b"]`
	measure := func(b *testing.B, h http.Handler) {
		server := httptest.NewServer(h)
		defer server.Close()
		client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 64}}
		defer client.CloseIdleConnections()
		b.SetParallelism(8)
		b.RunParallel(func(pb *testing.PB) {
			for pb.Next() {
				res, err := client.Get(server.URL + "/v1/notes?tag=a&tag=b")
				if err != nil {
					b.Error(err)
					return
				}
				text, _ := io.ReadAll(res.Body)
				res.Body.Close()
				if strings.TrimSpace(string(text)) != want {
					b.Errorf("%d %s", res.StatusCode, text)
					return
				}
			}
		})
		b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "req/s")
	}
	b.Run("bare", func(b *testing.B) {
		measure(b, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			w.Header().Set("X-Size", "2")
			json.NewEncoder(w).Encode(r.URL.Query()["tag"])
		}))
	})
	serve := func(b *testing.B, s store.Store, attrs string) {
		w := &world{t: b}
		w.project(fmt.Sprintf(servedBench, attrs))
		d, stop := w.daemon(s, func(o *Options) {
			o.Load = w.loadPublic(fstest.MapFS{"public.yaml": {Data: []byte(publicDocument)}})
		})
		defer stop()
		measure(b, d.Hooks())
	}
	b.Run("cached", func(b *testing.B) { serve(b, store.NewMemory(), `cache = "1m"`) })
	b.Run("memory", func(b *testing.B) { serve(b, store.NewMemory(), "") })
	b.Run("disk", func(b *testing.B) {
		s, err := store.Open(b.Context(), b.TempDir(), store.Exclusive, "bench")
		if err != nil {
			b.Fatal(err)
		}
		defer s.Close()
		serve(b, s, "")
	})
}
