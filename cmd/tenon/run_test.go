package main

import (
	"bytes"
	"context"
	"io"
	"strings"
	"sync"
	"testing"
)

// testEnv is the env of a user who types args in dir and has set nothing.
func testEnv(t *testing.T, dir string, out, problems io.Writer, args ...string) *env {
	cache := t.TempDir()
	return &env{Args: args, Stdin: strings.NewReader(""), Stdout: out, Stderr: problems, Dir: dir, LookupEnv: func(name string) (string, bool) {
		return cache, name == "TENON_CACHE"
	}}
}

// watched is a stream that tells when a text has been written to it.
type watched struct {
	mu   sync.Mutex
	buf  bytes.Buffer
	text string
	seen chan struct{}
}

func (w *watched) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	before := strings.Contains(w.buf.String(), w.text)
	w.buf.Write(p)
	if !before && strings.Contains(w.buf.String(), w.text) {
		close(w.seen)
	}
	return len(p), nil
}

func (w *watched) String() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.buf.String()
}

// TestInterruptedWriteIsSeenToItsEnd: a write that is under way when the user interrupts is answered, and
// counted; the next one is not begun.
func TestInterruptedWriteIsSeenToItsEnd(t *testing.T) {
	server := newFakeServer("POST /notes hold 201 application/json {\"id\": \"n1\"}\nPOST /notes/n1/send 204\n")
	defer server.Close()
	dir := writeProject(t, map[string]string{
		"main.hcl": `api "notes" {
  spec   = "notes.yaml"
  server = "` + server.URL + `"
}

integration "note" {
  step "write" {
    call = notes.write
    body = { text = "hello" }
  }

  step "send" {
    call   = notes.send
    params = { id = step.write.body.id }
  }
}
`,
		"notes.yaml": `openapi: 3.1.0
info: { title: Notes, version: "1" }
security: []
paths:
  /notes:
    post:
      operationId: write
      requestBody:
        required: true
        content:
          application/json:
            schema: { type: object, required: [text], properties: { text: { type: string } } }
      responses:
        "201":
          description: ok
          content:
            application/json:
              schema: { type: object, required: [id], properties: { id: { type: string } } }
  /notes/{id}/send:
    post:
      operationId: send
      parameters: [{ name: id, in: path, required: true, schema: { type: string } }]
      responses:
        "204": { description: ok }
`,
	})
	ctx, interrupt := context.WithCancel(t.Context())
	var out bytes.Buffer
	problems := &watched{text: "interrupted:", seen: make(chan struct{})}
	e := testEnv(t, dir, &out, problems, "run", "note")
	ended := make(chan int)
	go func() { ended <- run(ctx, e) }()
	select {
	case <-server.held:
	case got := <-ended:
		t.Fatalf("ended with %d before it wrote\n%s%s", got, out.String(), problems)
	}
	interrupt()
	<-problems.seen
	server.free <- struct{}{}
	if got := <-ended; got != exitInterrupted {
		t.Errorf("exit status %d, want %d", got, exitInterrupted)
	}
	for _, want := range []string{"note was interrupted after", "1 write made", "done     step.write"} {
		if !strings.Contains(problems.String(), want) {
			t.Errorf("stderr lacks %q:\n%s", want, problems)
		}
	}
	if len(server.got) != 1 {
		t.Errorf("requests: %q", server.got)
	}
}
