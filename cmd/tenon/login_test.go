package main

import (
	"bytes"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"tenon/runtime/transport/token/tokentest"
	"tenon/spec/lang"
)

// opener is a stdout whose reader opens every page that is printed.
type opener struct {
	bytes.Buffer
	open func(url string)
}

func (o *opener) Write(p []byte) (int, error) {
	if line := strings.TrimSpace(string(p)); strings.HasPrefix(line, "http") {
		go o.open(line)
	}
	return o.Buffer.Write(p)
}

// loginProject is a project over s whose calls need a person's login.
func loginProject(t *testing.T, s *tokentest.Server, auth string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range map[string]string{
		"main.hcl": `api "shop" {
  spec   = "shop.yaml"
  server = "` + s.URL + `"

  auth "login" {
` + auth + `  }
}

secret "client" {
  env = "SHOP_CLIENT_SECRET"
}

integration "who" {
  step "who" {
    call = shop.who
  }
  output "scope" {
    value = step.who.body.scope
  }
}
`,
		"shop.yaml": `openapi: 3.0.3
info: { title: Shop, version: "1" }
components:
  securitySchemes:
    login:
      type: oauth2
      flows:
        authorizationCode:
          authorizationUrl: ` + s.URL + `/authorize
          tokenUrl: ` + s.URL + `/token
          scopes: { "read": Read, "write": Write, "offline_access": Stay }
paths:
  /api/who:
    get:
      operationId: who
      security: [{ login: [read] }]
      responses:
        "200":
          description: Who asks.
          content: { application/json: { schema: { type: object, required: [scope], properties: { scope: { type: string } } } } }
`,
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

const loginAuth = `    client_id     = "app"
    client_secret = secret.client
`

// user is somebody at a terminal in a project: what they type gives a status and what they see.
func user(t *testing.T, dir string, open func(url string)) func(args ...string) (status int, stdout, stderr string) {
	t.Helper()
	settings := map[string]string{
		"SHOP_CLIENT_SECRET": "right secret", "XDG_CONFIG_HOME": filepath.Join(t.TempDir(), "config"), "TENON_CACHE": filepath.Join(t.TempDir(), "cache"),
	}
	return func(args ...string) (int, string, string) {
		out, errs := &opener{open: open}, &bytes.Buffer{}
		e := testEnv(t, dir, out, errs, args...)
		e.LookupEnv = func(name string) (string, bool) { v, ok := settings[name]; return v, ok }
		return run(t.Context(), e), out.String(), errs.String()
	}
}

func newLoginServer(t *testing.T) *tokentest.Server {
	s := tokentest.New(t)
	s.Scopes = []string{"read", "write", "offline_access"}
	s.Clients["app"] = &tokentest.Client{Secret: "right secret", Auth: "basic", Rotate: true, Grants: []string{
		"authorization_code", "refresh_token", "urn:ietf:params:oauth:grant-type:device_code"}}
	return s
}

// TestLogin is what a person does with an API that wants one: they are told to log in, they do, runs work from
// then on and renew the token, each in a process of its own as far as the state goes, and they log out.
func TestLogin(t *testing.T) {
	s := newLoginServer(t)
	s.Lifetime = time.Second
	dir := loginProject(t, s, loginAuth)
	do := user(t, dir, func(url string) {
		resp, err := http.Get(url)
		if err != nil {
			t.Error(err)
			return
		}
		defer resp.Body.Close()
		if text, _ := io.ReadAll(resp.Body); !strings.Contains(string(text), "Logged in") {
			t.Errorf("the browser shows %s", text)
		}
	})
	want := func(status int, what string, args ...string) string {
		t.Helper()
		got, out, errs := do(args...)
		if got != status || !strings.Contains(out+errs, what) {
			t.Errorf("tenon %s: status %d, want %d and %q\n%s%s", strings.Join(args, " "), got, status, what, out, errs)
		}
		return out + errs
	}
	want(0, "No API of this project needs", "login", filepath.Join(repository(), "integrations", "quickstart"))
	want(0, "shop  login  not logged in", "login")
	want(1, "nobody has logged in to shop yet: `tenon login shop`", "run", "who")
	want(0, "Logged in to shop.", "login", "shop")
	want(0, "shop  login  logged in", "login")
	for range 3 {
		said := want(0, `"scope": "read"`, "run", "who", "--trace", "trace.jsonl")
		trace, err := os.ReadFile(filepath.Join(dir, "trace.jsonl"))
		if err != nil {
			t.Fatal(err)
		}
		if all := said + string(trace); strings.Contains(all, "access-") || strings.Contains(all, "refresh-") || strings.Contains(all, "right secret") {
			t.Errorf("the run tells a secret:\n%s", all)
		}
		time.Sleep(1100 * time.Millisecond)
	}
	if _, err := os.Stat(filepath.Join(dir, ".tenon", "tokens", ".gitignore")); err != nil {
		t.Error(err)
	}
	want(0, "Logged out of shop.", "logout", "shop")
	want(1, "nobody has logged in", "run", "who")
	want(2, `there is no api "shp"; did you mean "shop"?`, "login", "shp")
	want(0, `"scope"`, "run", "who", "--mock") // a mock needs no login
	s.Clients["app"].Secret = "changed since"
	want(1, "invalid_client", "login", "shop")
}

func TestLoginWithACode(t *testing.T) {
	s := newLoginServer(t)
	dir := loginProject(t, s, loginAuth+"    device_url    = \""+s.URL+"/device\"\n    scopes        = [\"read\", \"offline_access\"]\n")
	do := user(t, dir, func(string) {})
	done := make(chan bool)
	go func() {
		defer close(done)
		for !s.ApproveAll() {
			time.Sleep(20 * time.Millisecond)
		}
	}()
	status, out, errs := do("login", "shop", "--device")
	<-done
	if status != 0 || !strings.Contains(errs, "give it the code") || strings.TrimSpace(out) != s.URL+"/activate" {
		t.Errorf("status %d\n%s%s", status, out, errs)
	}
	if status, out, errs := do("run", "who"); status != 0 || !strings.Contains(out, "read offline_access") {
		t.Errorf("status %d\n%s%s", status, out, errs)
	}
}

// TestAuthGuide runs every example of docs/auth.md, as a reader would try it: against a mock of its spec, without a
// secret or a login.
func TestAuthGuide(t *testing.T) {
	page, err := os.ReadFile(filepath.Join(repository(), "docs", "auth.md"))
	if err != nil {
		t.Fatal(err)
	}
	parts := strings.Split(string(page), "```hcl\n")[1:]
	for _, part := range parts {
		example, _, _ := strings.Cut(part, "```\n")
		dir := t.TempDir()
		files := map[string]string{"main.hcl": example}
		for name, text := range lang.ExampleFiles() {
			files[name] = text
		}
		for name, text := range files {
			path := filepath.Join(dir, filepath.FromSlash(name))
			if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		var out bytes.Buffer
		if status := run(t.Context(), testEnv(t, dir, &out, &out, "run", "rate", "--mock")); status != 0 {
			t.Errorf("%s\n%s", example, out.String())
		}
	}
	if len(parts) < 12 {
		t.Errorf("found %d examples", len(parts))
	}
}
