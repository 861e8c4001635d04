package main

import (
	"bufio"
	"bytes"
	"context"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestMockServesUntilInterrupted is `tenon mock` as its user sees it: an address on stdout, answers that
// fit the spec, refusals with the reason, a log on stderr, and a clean end.
func TestMockServesUntilInterrupted(t *testing.T) {
	ctx, interrupt := context.WithCancel(t.Context())
	read, write := io.Pipe()
	var log bytes.Buffer
	e := testEnv(t, t.TempDir(), write, &log, "mock", "billing", filepath.Join(repository(), "integrations", "quickstart"), "--listen", "127.0.0.1:0")
	ended := make(chan int)
	go func() { ended <- run(ctx, e); write.Close() }()
	line, err := bufio.NewReader(read).ReadString('\n')
	if err != nil {
		t.Fatalf("no address: %v\n%s", err, log.String())
	}
	name, address, _ := strings.Cut(strings.TrimSpace(line), " ")
	if name != "billing" {
		t.Errorf("got %q", line)
	}
	for _, c := range []struct {
		method, path, token, body string
		status                    int
		want                      string
	}{
		{"GET", "/invoices/0b1c7e0e-4b8a-4a6b-9f5e-1d2c3b4a5f6e", "x", "", 200, `"reference"`},
		{"GET", "/api/invoices/0b1c7e0e-4b8a-4a6b-9f5e-1d2c3b4a5f6e", "x", "", 200, `"reference"`},
		{"GET", "/invoices/0b1c7e0e-4b8a-4a6b-9f5e-1d2c3b4a5f6e", "", "", 401, "token"},
		{"POST", "/invoices", "x", `{"reference": "a"}`, 400, "currency"},
		{"GET", "/nothing", "x", "", 404, "error"},
	} {
		r, err := http.NewRequestWithContext(t.Context(), c.method, address+c.path, strings.NewReader(c.body))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Content-Type", "application/json")
		if c.token != "" {
			r.Header.Set("Authorization", "Bearer "+c.token)
		}
		answer, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		body, _ := io.ReadAll(answer.Body)
		answer.Body.Close()
		if answer.StatusCode != c.status || !strings.Contains(string(body), c.want) {
			t.Errorf("%s %s: got %d %s, want %d with %s", c.method, c.path, answer.StatusCode, body, c.status, c.want)
		}
	}
	interrupt()
	if got := <-ended; got != exitDone {
		t.Errorf("exit status %d, want %d\n%s", got, exitDone, log.String())
	}
	if want := "billing 400 POST /invoices\n"; !strings.Contains(log.String(), want) {
		t.Errorf("the log lacks %q:\n%s", want, log.String())
	}
}

func TestMockAddresses(t *testing.T) {
	for _, c := range []struct {
		address string
		n       int
		want    string
	}{
		{"127.0.0.1:4010", 0, "127.0.0.1:4010"},
		{"127.0.0.1:4010", 2, "127.0.0.1:4012"},
		{"127.0.0.1:0", 2, "127.0.0.1:0"},
		{"[::1]:80", 1, "[::1]:81"},
		{":80", 1, ":81"},
		{"4010", 0, ""},
		{"127.0.0.1:http", 0, ""},
		{"127.0.0.1:65536", 0, ""},
	} {
		got, err := nth(c.address, c.n)
		if got != c.want || (err == nil) != (c.want != "") {
			t.Errorf("nth(%q, %d) = %q, %v; want %q", c.address, c.n, got, err, c.want)
		}
	}
}

// TestInitLeavesOthersFilesAlone: whatever stands where a file of the new project would go stays.
func TestInitLeavesOthersFilesAlone(t *testing.T) {
	for _, taken := range []string{"main.hcl", "other.hcl", "openapi"} {
		dir := t.TempDir()
		if err := os.Mkdir(filepath.Join(dir, taken), 0o755); err != nil {
			t.Fatal(err)
		}
		var out, problems bytes.Buffer
		e := testEnv(t, dir, &out, &problems, "init")
		if got := run(t.Context(), e); got != exitUsage || out.Len() > 0 || !strings.Contains(problems.String(), taken) {
			t.Errorf("%s: exit status %d, %q, %q", taken, got, out.String(), problems.String())
		}
		if entries, _ := os.ReadDir(dir); len(entries) != 1 {
			t.Errorf("%s: %d entries afterwards", taken, len(entries))
		}
	}
}
