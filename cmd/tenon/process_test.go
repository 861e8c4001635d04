package main

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/getkin/kin-openapi/openapi3"

	"tenon/spec/check/checktest"
)

// BenchmarkProcess measures what a person waits for: the released binary from start to exit, in wall
// and in CPU time, with the yardstick beside it. docs/performance.md says how to read it.
func BenchmarkProcess(b *testing.B) {
	tenon := buildBinary(b)
	b.Run("version", func(b *testing.B) {
		benchProcess(b, nil, command(b, tenon, "version"))
	})
	b.Run("run/one_step", func(b *testing.B) {
		dir := oneStepProject(b)
		benchProcess(b, nil, command(b, tenon, "run", "hello", dir))
	})
	for _, doc := range bigDocuments(b) {
		benchLint(b, tenon, "lint/"+doc.name, fiveStepProject(b, doc))
		b.Run("kin/"+doc.name, func(b *testing.B) { benchKin(b, doc.content) })
	}
	for _, p := range thirtySteps() {
		var documents [][]byte
		for name, content := range p.Files {
			if strings.HasPrefix(name, "openapi/") {
				documents = append(documents, content)
			}
		}
		benchLint(b, tenon, "lint30/"+p.Name, writeProject(b, p.Files))
		b.Run("kin30/"+p.Name, func(b *testing.B) { benchKin(b, documents...) })
	}
}

// benchLint lints the project in dir with an empty cache and with a full one.
func benchLint(b *testing.B, tenon, name, dir string) {
	b.Run(name+"/cold", func(b *testing.B) {
		cache := b.TempDir()
		cmd := command(b, tenon, "lint", dir)
		cmd.Env = append(cmd.Env, "TENON_CACHE="+cache)
		benchProcess(b, func() { empty(b, cache) }, cmd)
	})
	b.Run(name+"/warm", func(b *testing.B) {
		cmd := command(b, tenon, "lint", dir)
		cmd.Env = append(cmd.Env, "TENON_CACHE="+b.TempDir())
		if out, err := again(cmd).CombinedOutput(); err != nil {
			b.Fatalf("%v\n%s", err, out)
		}
		benchProcess(b, nil, cmd)
	})
}

// buildBinary builds the command as it is released.
var buildBinary = func() func(testing.TB) string {
	var once sync.Once
	var name string
	return func(tb testing.TB) string {
		once.Do(func() {
			dir, err := os.MkdirTemp("", "tenon-bench")
			if err != nil {
				tb.Fatal(err)
			}
			name = filepath.Join(dir, "tenon")
			build := exec.Command("go", "build", "-trimpath", "-ldflags", "-s -w", "-o", name, ".")
			build.Env = append(os.Environ(), "CGO_ENABLED=0")
			if out, err := build.CombinedOutput(); err != nil {
				tb.Fatalf("%v\n%s", err, out)
			}
		})
		return name
	}
}()

func command(tb testing.TB, name string, args ...string) *exec.Cmd {
	cmd := exec.Command(name, args...)
	cmd.Env = append(os.Environ(), "TENON_CACHE="+tb.TempDir())
	return cmd
}

// again returns a command like cmd that has not been started.
func again(cmd *exec.Cmd) *exec.Cmd {
	next := exec.Command(cmd.Path, cmd.Args[1:]...)
	next.Env = cmd.Env
	return next
}

// benchProcess starts cmd over and over; prepare, if any, runs before each, off the clock.
func benchProcess(b *testing.B, prepare func(), cmd *exec.Cmd) {
	var cpu time.Duration
	for b.Loop() {
		if prepare != nil {
			b.StopTimer()
			prepare()
			b.StartTimer()
		}
		next := again(cmd)
		if out, err := next.CombinedOutput(); err != nil {
			b.Fatalf("%v\n%s", err, out)
		}
		cpu += next.ProcessState.UserTime() + next.ProcessState.SystemTime()
	}
	report(b, cpu)
}

func report(b *testing.B, cpu time.Duration) {
	b.ReportMetric(float64(cpu.Microseconds())/1000/float64(b.N), "cpu-ms/op")
	b.ReportMetric(float64(b.Elapsed().Microseconds())/1000/float64(b.N), "ms/op")
	b.ReportMetric(0, "ns/op")
}

// benchKin loads whole documents with kin-openapi: the yardstick.
func benchKin(b *testing.B, documents ...[]byte) {
	var cpu time.Duration
	for b.Loop() {
		before := cpuTime(b)
		for _, content := range documents {
			if _, err := openapi3.NewLoader().LoadFromData(content); err != nil {
				b.Fatal(err)
			}
		}
		cpu += cpuTime(b) - before
	}
	report(b, cpu)
}

// cpuTime is what this process has used so far.
func cpuTime(tb testing.TB) time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		tb.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

func empty(tb testing.TB, dir string) {
	if err := os.RemoveAll(dir); err != nil {
		tb.Fatal(err)
	}
}

// bigDocument is a large document and names in it that a project of five steps can use.
type bigDocument struct {
	name    string
	content []byte
	project string // main.hcl; the document is openapi/big.json
}

// bigDocuments is a generated document and, where it is at hand, a real one of the same size.
func bigDocuments(tb testing.TB) []bigDocument {
	docs := []bigDocument{{"generated", checktest.Big(), generatedProject}}
	if content, err := os.ReadFile(filepath.Join(repository(), "..", "shared", "specs", "github.json")); err == nil {
		docs = append(docs, bigDocument{"github", content, githubProject})
	}
	return docs
}

// thirtySteps are the projects of thirty steps over two large documents, generated and real ones.
func thirtySteps() []checktest.Project {
	list := []checktest.Project{checktest.Generated()}
	p, ok := checktest.Real(func(name string) ([]byte, error) {
		return os.ReadFile(filepath.Join(repository(), "..", "shared", "specs", name))
	})
	if ok {
		list = append(list, p)
	}
	return list
}

func writeProject[T string | []byte](tb testing.TB, files map[string]T) string {
	dir := tb.TempDir()
	for name, content := range files {
		file := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			tb.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(content), 0o644); err != nil {
			tb.Fatal(err)
		}
	}
	return dir
}

func fiveStepProject(tb testing.TB, doc bigDocument) string {
	return writeProject(tb, map[string]string{"main.hcl": doc.project, "openapi/big.json": string(doc.content)})
}

// oneStepProject reads one thing from a server of its own.
func oneStepProject(b *testing.B) string {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprint(w, `{"text": "hello"}`)
	}))
	b.Cleanup(server.Close)
	return writeProject(b, map[string]string{
		"main.hcl": `api "greeter" {
  spec   = "openapi/greeter.json"
  server = "` + server.URL + `"
}

integration "hello" {
  step "greeting" {
    call = greeter.greet
  }
  output "text" {
    value = step.greeting.body.text
  }
}
`,
		"openapi/greeter.json": `{
  "openapi": "3.1.0",
  "info": {"title": "Greeter", "version": "1"},
  "paths": {"/greeting": {"get": {"operationId": "greet", "responses": {"200": {"description": "A greeting",
    "content": {"application/json": {"schema": {"type": "object", "required": ["text"], "properties": {"text": {"type": "string"}}}}}}}}}}
}`,
	})
}

const generatedProject = `api "big" {
  spec = "openapi/big.json"
}

integration "five" {
  step "a" {
    call   = big.getThing1
    params = { id = "one" }
  }
  step "b" {
    call   = big.getThing20
    params = { id = step.a.body.id }
  }
  step "c" {
    call   = big.getThing300
    params = { id = step.b.body.id }
  }
  step "d" {
    call   = big.getThing400
    params = { id = step.c.body.name }
  }
  step "e" {
    call   = big.putThing500
    params = { id = step.a.body.id }
    body   = { id = step.d.body.id, name = step.d.body.name }
  }
}
`

const githubProject = `api "github" {
  spec = "openapi/big.json"
}

integration "five" {
  step "repo" {
    call   = github["repos/get"]
    params = { owner = "octo", repo = "spoon" }
  }
  step "issues" {
    call   = github["issues/list-for-repo"]
    params = { owner = step.repo.body.owner.login, repo = step.repo.body.name, state = "open" }
  }
  step "me" {
    call = github["users/get-authenticated"]
  }
  step "issue" {
    call   = github["issues/create"]
    params = { owner = step.repo.body.owner.login, repo = step.repo.body.name }
    body   = { title = "${len(step.issues.body)} issues are open" }
  }
  step "comment" {
    call   = github["issues/create-comment"]
    params = { owner = step.repo.body.owner.login, repo = step.repo.body.name, issue_number = step.issue.body.number }
    body   = { body = "Seen by ${step.me.body.login}." }
  }
}
`
