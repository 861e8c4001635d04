package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"

	"tenon/spec/lang"
)

// TestServingGuide serves the example of docs/serving-operations.md, and has its requests answered as the page shows.
func TestServingGuide(t *testing.T) {
	page, err := os.ReadFile(filepath.Join(repository(), "docs", "serving-operations.md"))
	if err != nil {
		t.Fatal(err)
	}
	example := regexp.MustCompile("(?ms)^```hcl\n(.*?)^```$").FindSubmatch(page)
	if example == nil {
		t.Fatal("the page has no example")
	}
	down := false
	shop := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		switch {
		case down:
			w.WriteHeader(500)
		case r.Method == "POST":
			w.WriteHeader(201)
		case r.URL.Path == "/orders/o-1":
			fmt.Fprint(w, `{"id":"o-1","status":"paid","total":250,"currency":"EUR","customer_id":"c-7","updated_at":"2026-01-01T00:00:00Z","note":null,"lines":[]}`)
		default:
			w.WriteHeader(404)
			fmt.Fprint(w, `{"message":"no"}`)
		}
	}))
	defer shop.Close()
	dir := t.TempDir()
	files := map[string]string{"main.hcl": strings.Replace(string(example[1]), `spec       = "openapi/shop.yaml"`, `spec       = "openapi/shop.yaml"
  server     = "`+shop.URL+`"`, 1)}
	for _, name := range []string{"openapi/shop.yaml", "openapi/public.yaml"} {
		files[name] = lang.ExampleFiles()[name]
	}
	for name, text := range files {
		if err := os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	s := startServe(t, dir)
	ask := func(method, path, body string) (int, http.Header, string) {
		req, _ := http.NewRequest(method, s.hooks+path, strings.NewReader(body))
		req.Header.Set("X-Key", "p-key")
		if body != "" {
			req.Header.Set("Content-Type", "application/json")
		}
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		text, _ := io.ReadAll(res.Body)
		return res.StatusCode, res.Header, strings.TrimSpace(string(text))
	}
	shown := func(text string) bool {
		space := regexp.MustCompile(`\s+`)
		return strings.Contains(space.ReplaceAllString(string(page), ""), space.ReplaceAllString(text, ""))
	}
	status, header, body := ask("POST", "/v1/orders", `{"customer": "Ann", "total": 250}`)
	if status != 201 || !shown(body) || !shown("Location: "+header.Get("Location")) || header.Get("Tenon-Run") == "" {
		t.Errorf("%d %v %s", status, header, body)
	}
	if status, _, body := ask("POST", "/v1/orders", `{"customer": 7, "id": "mine"}`); status != 400 || !shown(body) {
		t.Errorf("%d %s", status, body)
	}
	if status, _, body := ask("GET", "/v1/orders/o-1", ""); status != 200 || body != `{"customer":"c-7","id":"o-1","total":250}` {
		t.Errorf("%d %s", status, body)
	}
	if status, _, body := ask("GET", "/v1/orders/o-2", ""); status != 404 || body != `{"title":"There is no order o-2."}` {
		t.Errorf("%d %s", status, body)
	}
	down = true
	if status, _, body := ask("POST", "/v1/orders", `{"customer": "Bob", "total": 1}`); status != 502 || !strings.Contains(body, "The shop did not take the order.") {
		t.Errorf("%d %s", status, body)
	}
	if status, _, body := ask("GET", "/v1/orders/o-1", ""); status != 200 || !strings.Contains(body, "c-7") {
		t.Errorf("not from the cache: %d %s", status, body)
	}
	if code, v := s.admin("GET", "/v1/runs?status=succeeded"); code != 200 || len(v["runs"].([]any)) != 2 {
		t.Errorf("runs: %d %v", code, v)
	}
}

const killedDocument = `openapi: 3.0.3
info: { title: own, version: "1" }
paths:
  /notes:
    post:
      operationId: note
      parameters: [{ name: Idempotency-Key, in: header, schema: { type: string } }]
      requestBody: { required: true, content: { application/json: { schema: { type: object, required: [text], properties: { text: { type: string } } } } } }
      responses:
        "200":
          description: done
          content: { application/json: { schema: { type: object, required: [id], properties: { id: { type: string } } } } }
`

const killedProject = `api "shop" {
  spec   = "shop.yaml"
  server = "%s"
  idempotency {
    header = "Key"
  }
}

api "own" {
  spec = "own.yaml"
}

integration "note" {
  input "text" {
    type = string
  }
  trigger "operation" "note" {
    operation = own.note
    inputs    = { text = trigger.body.text }
    respond {
      status = 200
      body   = { id = outputs.id }
    }
  }
  step "note" {
    call = shop.addNote
    body = { text = input.text }
  }
  step "again" {
    call = shop.addNote
    body = { text = "after ${step.note.body.id}" }
  }
  output "id" {
    value = step.again.body.id
  }
}
`

// TestServedKilled kills the process between two writes of a request. The run goes on with the next process, nothing is
// done twice, and the client that asks again with its key gets the answer.
func TestServedKilled(t *testing.T) {
	if testing.Short() {
		t.Skip("it builds the binary")
	}
	var mu sync.Mutex
	effects, keys := map[string]int{}, map[string]bool{}
	gate := make(chan struct{})
	shop := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var note struct{ Text string }
		json.NewDecoder(r.Body).Decode(&note)
		mu.Lock()
		if key := r.Header.Get("Key"); key == "" || !keys[key] {
			effects[note.Text]++
			keys[key] = true
		}
		mu.Unlock()
		if strings.HasPrefix(note.Text, "after") {
			<-gate
		}
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(201)
		fmt.Fprintf(w, `{"id":%q}`, note.Text)
	}))
	defer shop.Close()
	dir := t.TempDir()
	for name, text := range map[string]string{"main.hcl": fmt.Sprintf(killedProject, shop.URL), "shop.yaml": serveSpec, "own.yaml": killedDocument} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	tenon := buildBinary(t)
	start := func() (*exec.Cmd, string) {
		cmd := command(t, tenon, "serve", dir, "--listen", "127.0.0.1:0")
		out, err := cmd.StderrPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { cmd.Process.Kill(); cmd.Wait() })
		lines := bufio.NewScanner(out)
		for lines.Scan() {
			if m := servingAt.FindStringSubmatch(lines.Text()); m != nil {
				go io.Copy(io.Discard, out)
				return cmd, m[1]
			}
		}
		t.Fatal("it does not serve")
		return nil, ""
	}
	ask := func(url string) (*http.Response, error) {
		req, _ := http.NewRequest("POST", url+"/notes", strings.NewReader(`{"text":"first"}`))
		req.Header.Set("Content-Type", "application/json")
		req.Header.Set("Idempotency-Key", "k")
		return http.DefaultClient.Do(req)
	}
	cmd, url := start()
	broken := make(chan error, 1)
	go func() {
		res, err := ask(url)
		if err == nil {
			res.Body.Close()
		}
		broken <- err
	}()
	await(t, "the second write", func() bool { mu.Lock(); defer mu.Unlock(); return effects["after first"] == 1 })
	cmd.Process.Kill()
	cmd.Wait()
	if err := <-broken; err == nil {
		t.Error("the client of the killed process was answered")
	}
	close(gate)
	_, url = start()
	res, err := ask(url)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	text, _ := io.ReadAll(res.Body)
	mu.Lock()
	defer mu.Unlock()
	if res.StatusCode != 200 || strings.TrimSpace(string(text)) != `{"id":"after first"}` || effects["first"] != 1 || effects["after first"] != 1 {
		t.Errorf("%d %s, effects %v", res.StatusCode, text, effects)
	}
}
