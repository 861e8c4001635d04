package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"tenon/runtime/exec"
	"tenon/spec/check/checktest"
	"tenon/spec/plan"
)

const serveProjectText = `api "shop" {
  spec   = "shop.yaml"
  server = "%s"
}

secret "hooks" {
  env = "HOOKS"
}

integration "note" {
  input "text" {
    type = string
  }
  trigger "webhook" "said" {
    path   = "%s"
    body   = object({ text = string })
    inputs = { text = trigger.body.text }
    verify "bearer" {
      token = secret.hooks
    }
  }
  step "note" {
    call       = shop.addNote
    body       = { text = input.text }
    idempotent = true
  }
  output "id" {
    value = step.note.body.id
  }
}
`

const serveSpec = `openapi: 3.0.3
info: { title: shop, version: "1" }
paths:
  /notes:
    post:
      operationId: addNote
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
`

// serving is a daemon as its user sees it.
type serving struct {
	t     *testing.T
	dir   string
	hooks string
	stop  context.CancelFunc
	ended chan int
	log   sync.Map // lines seen
}

var servingAt = regexp.MustCompile(`msg=serving webhooks=(\S+) admin=(\S+)`)

func startServe(t *testing.T, dir string, flags ...string) *serving {
	t.Helper()
	s := &serving{t: t, dir: dir, ended: make(chan int, 1)}
	ctx, cancel := context.WithCancel(context.Background())
	s.stop = cancel
	r, w := io.Pipe()
	at := make(chan string, 1)
	go func() {
		lines := bufio.NewScanner(r)
		for lines.Scan() {
			s.log.Store(lines.Text(), true)
			if m := servingAt.FindStringSubmatch(lines.Text()); m != nil {
				at <- m[1]
			}
		}
	}()
	vars := map[string]string{"HOOKS": "tok", "PUBLIC_KEY": "p-key", "XDG_CONFIG_HOME": t.TempDir(), "TENON_CACHE": t.TempDir()}
	e := &env{Args: append([]string{"serve", dir, "--listen", "127.0.0.1:0"}, flags...), Stdin: strings.NewReader(""), Stdout: io.Discard, Stderr: w, Dir: dir,
		LookupEnv: func(name string) (string, bool) { v, ok := vars[name]; return v, ok }}
	go func() { s.ended <- run(ctx, e); w.Close() }()
	select {
	case s.hooks = <-at:
	case code := <-s.ended:
		t.Fatalf("it ended with %d", code)
	case <-time.After(30 * time.Second):
		t.Fatal("it does not serve")
	}
	t.Cleanup(func() { s.end() })
	return s
}

func (s *serving) end() {
	s.stop()
	select {
	case code := <-s.ended:
		if code != 0 {
			s.t.Errorf("it ended with %d", code)
		}
		s.ended <- 0
	case <-time.After(30 * time.Second):
		s.t.Error("it does not end")
	}
}

func (s *serving) said(text string) bool {
	found := false
	s.log.Range(func(line, _ any) bool {
		found = found || strings.Contains(line.(string), text)
		return !found
	})
	return found
}

func (s *serving) post(path, body string) int {
	req, _ := http.NewRequest("POST", s.hooks+path, strings.NewReader(body))
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Authorization", "Bearer tok")
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		s.t.Error(err)
		return 0
	}
	res.Body.Close()
	return res.StatusCode
}

// admin asks the admin API on its socket.
func (s *serving) admin(method, path string) (int, map[string]any) {
	client := &http.Client{Transport: &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "unix", filepath.Join(s.dir, ".tenon", "admin.sock"))
	}}}
	defer client.CloseIdleConnections()
	req, _ := http.NewRequest(method, "http://tenon"+path, nil)
	res, err := client.Do(req)
	if err != nil {
		s.t.Error(err)
		return 0, nil
	}
	defer res.Body.Close()
	var v map[string]any
	json.NewDecoder(res.Body).Decode(&v)
	return res.StatusCode, v
}

func await(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for end := time.Now().Add(30 * time.Second); !holds(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("never: %s", what)
		}
	}
}

func TestServe(t *testing.T) {
	var mu sync.Mutex
	notes := map[string]int{}
	shop := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var note struct{ Text string }
		json.NewDecoder(r.Body).Decode(&note)
		mu.Lock()
		notes[note.Text]++
		mu.Unlock()
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(201)
		fmt.Fprint(w, `{"id":"1"}`)
	}))
	defer shop.Close()
	count := func(text string) int { mu.Lock(); defer mu.Unlock(); return notes[text] }
	dir := t.TempDir()
	write := func(path string) {
		if err := os.WriteFile(filepath.Join(dir, "main.hcl"), fmt.Appendf(nil, serveProjectText, shop.URL, path), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	write("/hooks/one")
	if err := os.WriteFile(filepath.Join(dir, "shop.yaml"), []byte(serveSpec), 0o644); err != nil {
		t.Fatal(err)
	}
	s := startServe(t, dir)
	if code := s.post("/hooks/one", `{"text":"first"}`); code != 202 {
		t.Fatalf("a delivery: %d", code)
	}
	await(t, "the note", func() bool { return count("first") == 1 })
	if code, v := s.admin("GET", "/readyz"); code != 200 || v["status"] != "ok" {
		t.Errorf("ready: %d %v", code, v)
	}
	if info, err := os.Stat(filepath.Join(dir, ".tenon", "admin.sock")); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the socket: %v %v", info, err)
	}

	// A second daemon on the same store refuses.
	var why bytes.Buffer
	second := &env{Args: []string{"serve", dir, "--listen", "127.0.0.1:0"}, Stdin: strings.NewReader(""), Stdout: io.Discard, Stderr: &why, Dir: dir,
		LookupEnv: func(string) (string, bool) { return "", false }}
	if code := run(context.Background(), second); code != exitUsage || !strings.Contains(why.String(), fmt.Sprintf("in use by another process, tenon serve (process %d)", os.Getpid())) {
		t.Errorf("a second daemon ended with %d: %s", code, why.String())
	}

	// A change is taken up; one with errors is not.
	write("/hooks/two")
	await(t, "the new path", func() bool { return s.post("/hooks/two", `{"text":"second"}`) == 202 })
	if err := os.WriteFile(filepath.Join(dir, "main.hcl"), []byte("integration {"), 0o644); err != nil {
		t.Fatal(err)
	}
	await(t, "the refusal", func() bool { return s.said("the one before goes on") })
	if code := s.post("/hooks/two", `{"text":"third"}`); code != 202 {
		t.Errorf("after a broken change: %d", code)
	}
	await(t, "the notes", func() bool { return count("second") == 1 && count("third") == 1 })
	if code, v := s.admin("GET", "/v1/runs?status=succeeded"); code != 200 || len(v["runs"].([]any)) != 3 {
		t.Errorf("runs: %d %v", code, v)
	}
	s.end()
}

// Variables and secrets are the project's: an integration need not use all that are given, and a secret is found once.
func TestServeVariablesAndSecrets(t *testing.T) {
	said := make(chan string, 1)
	shop := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var note struct{ Text string }
		json.NewDecoder(r.Body).Decode(&note)
		said <- note.Text
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(201)
		fmt.Fprint(w, `{"id":"1"}`)
	}))
	defer shop.Close()
	text := fmt.Sprintf(serveProjectText, shop.URL, "/hooks/one")
	_, integration, _ := strings.Cut(text, "integration ")
	text = strings.Replace(text, `env = "HOOKS"`, `command = ["sh", "-c", "echo found >> asked; echo tok"]`, 1) + `
variable "greeting" {
  type = string
}
integration ` + strings.NewReplacer(`"note" {
  input`, `"greet" {
  input`, "/hooks/one", "/hooks/two", "= input.text", `= "${var.greeting}, ${input.text}"`).Replace(integration)
	dir := t.TempDir()
	for name, content := range map[string]string{"main.hcl": text, "shop.yaml": serveSpec} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	s := startServe(t, dir, "--var", "greeting=hello")
	for path, want := range map[string]string{"/hooks/one": "Ada", "/hooks/two": "hello, Ada"} {
		if code := s.post(path, `{"text":"Ada"}`); code != 202 {
			t.Errorf("%s: %d", path, code)
		}
		if got := <-said; got != want {
			t.Errorf("%s said %q, want %q", path, got, want)
		}
	}
	if asked, err := os.ReadFile(filepath.Join(dir, "asked")); err != nil || string(asked) != "found\n" {
		t.Errorf("the secret was asked for: %q, %v", asked, err)
	}
}

// Programs that are packed at once, over types that they share, are those that are compiled one after the other.
func TestPackAtOnce(t *testing.T) {
	dir := writeProject(t, checktest.Generated().Files)
	plans := func() map[string]*plan.Plan {
		p, err := load(&env{Dir: dir, LookupEnv: func(string) (string, bool) { return "", false }}, ".")
		if err != nil {
			t.Fatal(err)
		}
		p.Dir.Close()
		return p.Plans
	}
	packed, err := pack(plans())
	if err != nil {
		t.Fatal(err)
	}
	one := plans()
	if len(packed) != len(one) || len(one) < 2 {
		t.Errorf("%d programs of %d plans", len(packed), len(one))
	}
	for name, p := range one {
		want, err := exec.Compile(p)
		if err != nil {
			t.Fatal(err)
		}
		got, err := packed[name].Plan().Digest()
		if err != nil || got != want.Digest() || packed[name].Digest() != got {
			t.Errorf("%s is %s, of a plan %s, want %s; %v", name, packed[name].Digest(), got, want.Digest(), err)
		}
	}
}
