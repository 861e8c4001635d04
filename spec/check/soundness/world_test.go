package soundness

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httptrace"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"tenon/runtime/engine"
	"tenon/runtime/exec"
	"tenon/runtime/mockapi"
	"tenon/runtime/secret"
	"tenon/runtime/transport"
	"tenon/spec/check"
	"tenon/spec/diag"
	"tenon/spec/openapi"
	"tenon/spec/openapi/openapitest"
	"tenon/spec/plan"
	"tenon/spec/syntax"
)

// library has the documents that projects name, and what judges requests to their operations. Each is
// loaded once for all tests.
type library struct {
	mu        sync.Mutex
	documents map[string]func() (*openapi.Document, error) // by api and path
	oracles   map[string]func() (*openapitest.Oracle, error)
}

var shelf = &library{
	documents: map[string]func() (*openapi.Document, error){},
	oracles:   map[string]func() (*openapitest.Oracle, error){},
}

// find is where the document of that name lies; "" if it is not there.
func find(name string) string {
	places := []string{filepath.Join("..", "..", "..", "testdata", "specs", name)}
	for up := filepath.Join("..", "..", "..", ".."); len(up) < 30; up = filepath.Join(up, "..") {
		places = append(places, filepath.Join(up, "shared", "specs", name))
	}
	for _, p := range places {
		if _, err := os.Stat(p); err == nil {
			return p
		}
	}
	return ""
}

func (l *library) Document(api, name string, _ ...string) (*openapi.Document, error) {
	l.mu.Lock()
	load, ok := l.documents[api+"\x00"+name]
	if !ok {
		load = sync.OnceValues(func() (*openapi.Document, error) {
			src, err := l.ReadFile(name)
			if err != nil {
				return nil, err
			}
			return openapi.Load(name, src, openapi.Options{Name: api})
		})
		l.documents[api+"\x00"+name] = load
	}
	l.mu.Unlock()
	return load()
}

func (l *library) ReadFile(name string) ([]byte, error) {
	if p := find(name); p != "" {
		return os.ReadFile(p)
	}
	return nil, fmt.Errorf("%s: %w", name, os.ErrNotExist)
}

func (l *library) oracle(d *openapi.Document, operation string) (*openapitest.Oracle, error) {
	l.mu.Lock()
	make, ok := l.oracles[d.Digest+operation]
	if !ok {
		make = sync.OnceValues(func() (*openapitest.Oracle, error) { return openapitest.New(d, operation) })
		l.oracles[d.Digest+operation] = make
	}
	l.mu.Unlock()
	return make()
}

// lint checks a project that is one file.
func lint(src string) (*check.Result, *syntax.File, diag.List) {
	f, findings := syntax.Parse("main.hcl", []byte(src))
	m, found := check.Decode([]*syntax.File{f})
	findings.Append(found)
	r := &check.Result{}
	if !findings.HasErrors() {
		r, found = check.Build(m, shelf, check.Options{Version: "test"})
		findings.Append(found)
	}
	findings.Append(check.Formatting([]*syntax.File{f}))
	findings = check.Ignore([]*syntax.File{f}, findings)
	findings.Sort()
	return r, f, findings
}

// shown is a finding as an author reads it.
func shown(f *syntax.File, d *diag.Diagnostic) string {
	line := f.Source.Position(d.Range.Start).Line
	return strings.TrimSpace(fmt.Sprintf("%d: %s %s: %s\n    %s", line, d.Severity, d.Rule.Name, d.Message, d.Detail))
}

// court serves mocks of APIs in this process and judges every request that they are sent.
type court struct {
	mocks map[string]*mockapi.Server // by host
	docs  map[string]*openapi.Document
	names map[string]string

	mu       sync.Mutex
	last     mockapi.Exchange
	judged   int
	unjudged int // kin-openapi cannot read the operation
	excused  int // it refuses what is as it should be
	refusals []string
	lose     bool // the answer to the next request that may write is lost
	lost     int
}

func newCourt(r *check.Result, p *plan.Plan, seed uint64) (*court, map[string]string) {
	c := &court{mocks: map[string]*mockapi.Server{}, docs: map[string]*openapi.Document{}, names: map[string]string{}}
	servers := map[string]string{}
	for name := range p.APIs {
		host := strings.ReplaceAll(name, "_", "-") + ".example"
		c.docs[host] = r.Documents[name]
		c.mocks[host] = mockapi.New(r.Documents[name], mockapi.Options{Seed: seed, Items: 5, Log: func(e mockapi.Exchange) { c.last = e }})
		servers[name] = "http://" + host
	}
	return c, servers
}

// RoundTrip implements [http.RoundTripper].
func (c *court) RoundTrip(r *http.Request) (*http.Response, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	var body []byte
	if r.Body != nil {
		var err error
		if body, err = io.ReadAll(r.Body); err != nil {
			return nil, err
		}
		r.Body.Close()
	}
	served := r.Clone(r.Context())
	served.Body = io.NopCloser(bytes.NewReader(body))
	served.RequestURI = r.URL.RequestURI()
	w := httptest.NewRecorder()
	c.mocks[r.URL.Host].ServeHTTP(w, served)
	c.judge(r, body)
	answer := w.Result()
	answer.Request = r
	if c.lose && r.Method != http.MethodGet {
		c.lose = false
		c.lost++
		if trace := httptrace.ContextClientTrace(r.Context()); trace != nil && trace.GotConn != nil {
			trace.GotConn(httptrace.GotConnInfo{}) // it was sent
		}
		return nil, io.ErrUnexpectedEOF
	}
	return answer, nil
}

func (c *court) judge(r *http.Request, body []byte) {
	c.judged++
	shown := fmt.Sprintf("%s %s %s %.1500q", r.Method, r.URL, r.Header.Get("Content-Type"), body)
	if c.last.Operation == "" {
		c.refusals = append(c.refusals, shown+": there is no such operation")
		return
	}
	if c.last.Status == http.StatusNotImplemented {
		c.unjudged++ // the mock can't write the answer
		return
	}
	if c.last.Status >= 400 && len(c.last.Problems) > 0 {
		c.refusals = append(c.refusals, fmt.Sprintf("%s: the mock: %d %s", shown, c.last.Status, c.last.Problems))
	}
	d := c.docs[r.URL.Host]
	oracle, err := shelf.oracle(d, c.last.Operation)
	if err != nil {
		c.unjudged++
		return
	}
	judged := r.Clone(r.Context())
	judged.Body = nil
	if len(body) > 0 {
		judged.Body = io.NopCloser(bytes.NewReader(body))
	}
	if err := oracle.Request(judged); err != nil {
		if excused(err.Error()) || numberAsText(err.Error(), r, body) {
			c.excused++
			return
		}
		c.refusals = append(c.refusals, fmt.Sprintf("%s %s: %.2500v", c.last.Operation, shown, err))
	}
}

func excused(why string) bool {
	if strings.Contains(why, "is not one of the allowed values") && strings.Contains(why, `"type": "array"`) && strings.Contains(why, "has an error: value is not") {
		return true // an enum beside `type: array` is meant for the elements; as it stands, nothing satisfies it
	}
	if strings.Contains(why, "failed to decode request body: part ") && strings.Contains(why, ": undefined") {
		return true // it takes no undeclared parts, which JSON Schema allows unless additionalProperties is false
	}
	return slices.ContainsFunc(excuses, func(e string) bool { return strings.Contains(why, e) })
}

// numberAsText reports whether a number was refused since it is written as text, as text/plain has it:
// kin-openapi reads any such body as a text.
func numberAsText(why string, r *http.Request, body []byte) bool {
	_, err := strconv.ParseFloat(string(body), 64)
	return err == nil && strings.HasPrefix(r.Header.Get("Content-Type"), "text/plain") && strings.Contains(why, "got string, want ")
}

// excuses are why kin-openapi refuses what is as it should be; each is a part of what it says.
var excuses = []string{
	`invalid serialization method: style="deepObject"`, // it reads objects in that style, but no lists, as Stripe has them
	"unsupported schema of request body",               // nor in forms; and it wants type: object said there
	"has an error: empty value is not allowed",         // it is not empty, but its schema names no type
	"unsupported content type",                         // it knows no CBOR, no SDP, …
	"/* is no request of",                              // a star in a path may be written %2A
	// Where a parameter is a text or a list of texts, it reads a list only.
	"in query has an error: doesn't match schema due to: value must be a string",
}

// carryOut runs a plan against mocks.
func carryOut(t testing.TB, r *check.Result, p *plan.Plan, seed uint64, inputs map[string]any) (*exec.Result, *court) {
	t.Helper()
	program, err := exec.Compile(p)
	if err != nil {
		t.Fatalf("a plan that was made does not compile: %v", err)
	}
	c, servers := newCourt(r, p, seed)
	for _, o := range p.Steps.Ops {
		c.lose = c.lose || o.Recover != nil
	}
	in := exec.Inputs{Values: inputs, Variables: map[string]any{}, Secrets: map[string]secret.Value{}, Servers: servers}
	for _, s := range p.Secrets {
		in.Secrets[s.Name] = secret.New("hush-" + s.Name)
	}
	local := engine.New(engine.Options{Transport: transport.Options{Base: c}})
	defer local.Close()
	return local.Run(t.Context(), program, in), c
}
