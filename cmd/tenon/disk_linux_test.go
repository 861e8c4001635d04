package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
)

// TestFullDisk lets a run fill its disk: it stops before the next write, says why and how it goes on, and does so when
// there is room, with nothing done twice.
func TestFullDisk(t *testing.T) {
	dir := writeProject(t, map[string]string{"main.hcl": `variable "url" {
  type = string
}

api "shop" {
  server     = var.url
  on_unknown = "stop"
  operation "bill" {
    request  = "POST /bills"
    body     = object({ n = integer, text = string })
    response = object({ id = string, text = string })
  }
  operation "void" {
    request = "DELETE /bills/{id}"
    params  = { id = string }
  }
}

integration "bill" {
  for_each "n" {
    in = range(0, 200)
    step "bill" {
      call = shop.bill
      body = { n = n, text = join([for i in range(0, 400) : "abcdefgh"], "") }
      undo {
        call   = shop.void
        params = { id = step.bill.body.id }
      }
    }
  }
}
`})
	state := t.TempDir()
	mount := func(size string, flags uintptr) error {
		return syscall.Mount("tmpfs", state, "tmpfs", flags, "size="+size)
	}
	if err := mount("600k", 0); err != nil {
		t.Skipf("a disk cannot be mounted here: %v", err)
	}
	t.Cleanup(func() { syscall.Unmount(state, syscall.MNT_DETACH) })
	var mu sync.Mutex
	made := map[string]int{}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		n, _, _ := strings.Cut(strings.TrimPrefix(string(body), `{"n":`), ",")
		mu.Lock()
		made[n]++
		mu.Unlock()
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprintf(w, `{"id": "b%s", "text": %q}`, n, strings.Repeat("answer", 200))
	}))
	defer server.Close()
	tenon := func(args ...string) (int, string) {
		var out, problems bytes.Buffer
		e := testEnv(t, dir, &out, &problems, append(args, "--state-dir", filepath.Join(state, "s"))...)
		return run(context.Background(), e), problems.String()
	}
	code, said := tenon("run", "bill", dir, "--var", "url="+server.URL, "--quiet")
	id := regexp.MustCompile(`Run (\S+) stopped there; when that is mended: tenon run --resume (\S+)`).FindStringSubmatch(said)
	if code == 0 || id == nil || id[1] != id[2] || !strings.Contains(said, "the disk is full") || !strings.Contains(said, "nothing that depends on it was begun") {
		t.Fatalf("exit status %d: %s", code, said)
	}
	before := len(made)
	if before == 0 || before == 200 {
		t.Fatalf("%d bills were made before the disk was full", before)
	}
	if err := mount("64m", syscall.MS_REMOUNT); err != nil {
		t.Fatal(err)
	}
	code, said = tenon("runs", "resume", id[1], dir, "--quiet")
	// The answer of what was on its way when the disk was full may not have been kept: a person looks whether it happened.
	if code == exitInDoubt {
		key := regexp.MustCompile(`resolve \S+ '(step\.bill\[(\d+)\])' --not-happened`).FindStringSubmatch(said)
		if key == nil {
			t.Fatal(said)
		}
		verdict := []string{"--not-happened"}
		if made[key[2]] > 0 {
			answer := filepath.Join(t.TempDir(), "answer.json")
			if err := os.WriteFile(answer, fmt.Appendf(nil, `{"id": "b%s", "text": ""}`, key[2]), 0o600); err != nil {
				t.Fatal(err)
			}
			verdict = []string{"--happened", "--answer", answer}
		}
		if code, said = tenon(append([]string{"runs", "resolve", id[1], key[1], dir}, verdict...)...); code != 0 {
			t.Fatal(said)
		}
		code, said = tenon("runs", "resume", id[1], dir, "--quiet")
	}
	if code != 0 {
		t.Fatalf("exit status %d: %s", code, said)
	}
	for n := range 200 {
		if got := made[fmt.Sprint(n)]; got != 1 {
			t.Errorf("bill %d was made %d times", n, got)
		}
	}
}
