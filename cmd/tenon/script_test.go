package main

import (
	"context"
	"flag"
	"os"
	"os/signal"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
	"github.com/santhosh-tekuri/jsonschema/v5"
)

var update = flag.Bool("update", false, "rewrite the expected output of scripts and generated pages")

// TestMain makes this test binary the tenon command as well, so that scripts run it as a process.
func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"tenon": func() {
		ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
		context.AfterFunc(ctx, stop)
		os.Exit(run(ctx, process()))
	}})
}

// TestScripts runs testdata/script: what a user types and what they see, a behaviour a file. Beside
// testscript's own commands there are:
//
//	server NAME ROUTES    starts an HTTP server (see fakeServer) and sets $NAME to its address
//	await NAME            waits until that server has a request that it holds back
//	release NAME          lets one of those be answered
//	requests NAME [FILE]  prints what the server got, a line per request, or compares it with FILE
//	schema NAME FILE      validates FILE, or stdout, against schemas/NAME.schema.json; "sarif" is SARIF's own
//	quickstart DIR        copies integrations/quickstart to DIR
//	mask FROM TO          writes FROM (stdout, stderr or a file) to TO, with digests, ports, times and run
//	                      ids, which differ from run to run, taken out
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/script",
		UpdateScripts:       *update,
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		Setup: func(e *testscript.Env) error {
			e.Setenv("HOME", filepath.Join(e.WorkDir, ".home"))
			e.Setenv("TENON_CACHE", filepath.Join(e.WorkDir, ".cache"))
			e.Values[serversKey{}] = map[string]*fakeServer{}
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"server":     scriptServer,
			"await":      scriptAwait,
			"release":    scriptRelease,
			"requests":   scriptRequests,
			"schema":     scriptSchema,
			"quickstart": scriptQuickstart,
			"mask":       scriptMask,
			"runid":      scriptRunID,
		},
	})
}

func scriptSchema(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: schema NAME FILE")
	}
	file := filepath.Join("schemas", args[0]+".schema.json")
	if args[0] == "sarif" {
		file = filepath.Join("cmd", "tenon", "testdata", "sarif", "sarif-2.1.0-rtm.5.schema.json")
	}
	schema, err := jsonschema.Compile(filepath.Join(repository(), file))
	ts.Check(err)
	v, err := decodeAny(ts.ReadFile(args[1]))
	ts.Check(err)
	ts.Check(schema.Validate(v))
}

func scriptQuickstart(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: quickstart DIR")
	}
	ts.Check(os.CopyFS(ts.MkAbs(args[0]), os.DirFS(filepath.Join(repository(), "integrations", "quickstart"))))
}

func scriptMask(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: mask FROM TO")
	}
	text := ts.ReadFile(args[0])
	for _, m := range masks {
		text = m.pattern.ReplaceAllString(text, m.with)
	}
	ts.Check(os.WriteFile(ts.MkAbs(args[1]), []byte(text), 0o644))
}

// scriptRunID sets a variable to the ID of the run that was printed last.
func scriptRunID(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: runid VARIABLE")
	}
	id := regexp.MustCompile(`"run": "([^"]+)"`).FindStringSubmatch(ts.ReadFile("stdout"))
	if id == nil {
		ts.Fatalf("no run was printed")
	}
	ts.Setenv(args[0], id[1])
}

var masks = []struct {
	pattern *regexp.Regexp
	with    string
}{
	{regexp.MustCompile(`sha256:[0-9a-f]{64}`), "sha256:…"},
	{regexp.MustCompile(`127\.0\.0\.1:[0-9]{4,5}`), "127.0.0.1:PORT"},
	{regexp.MustCompile(` after [0-9.]+m?s`), " after TIME"},
	{regexp.MustCompile(`(?m)(^(ok  |FAIL)  .*  |, in )[0-9.]+(m|µ)?s$`), "${1}TIME"},
	{regexp.MustCompile(`[0-9]{8}T[0-9]{6}-[0-9a-f]{10}`), "RUN"},
	{regexp.MustCompile(`[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2}:[0-9]{2} UTC(, [0-9.]+(m|µ)?s)?`), "TIME"},
	{regexp.MustCompile(`(?m)^ +[0-9.]+(m|µ)?s  [·█]{24}`), "BAR"},
	{regexp.MustCompile(`(?m) ([0-9]{3}), [0-9.]+(m|µ)?s$`), " ${1}, TIME"},
	{regexp.MustCompile(`"run": "[^"]*"`), `"run": "RUN"`},
}

// repository is the root of the source tree.
func repository() string {
	dir, err := os.Getwd()
	if err != nil {
		panic(err)
	}
	root, ok := strings.CutSuffix(dir, filepath.Join("cmd", "tenon"))
	if !ok {
		panic("tests run in cmd/tenon, not in " + dir)
	}
	return root
}
