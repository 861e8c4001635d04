package main

import (
	"bytes"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"tenon/integrations"
	"tenon/runtime/mockapi"
	"tenon/spec/openapi"
)

// kept is a project whose runs are kept, with what it takes to be its user.
type kept struct {
	t    *testing.T
	dir  string
	vars map[string]string // environment
}

// tenon carries out a command and returns its exit status and all that it printed.
func (k *kept) tenon(args ...string) (int, string) {
	var out bytes.Buffer
	e := testEnv(k.t, k.dir, &out, &out, args...)
	cache := e.LookupEnv
	e.LookupEnv = func(name string) (string, bool) {
		if v, ok := k.vars[name]; ok {
			return v, true
		}
		if v, ok := cache(name); ok {
			return v, true
		}
		return "", false
	}
	return run(k.t.Context(), e), out.String()
}

// works carries out a command that must succeed.
func (k *kept) works(args ...string) string {
	k.t.Helper()
	code, out := k.tenon(args...)
	if code != 0 {
		k.t.Fatalf("tenon %s: exit status %d\n%s", strings.Join(args, " "), code, out)
	}
	return out
}

func (k *kept) edit(name string, change func(string) string) {
	k.t.Helper()
	file := filepath.Join(k.dir, name)
	text, err := os.ReadFile(file)
	if err != nil {
		k.t.Fatal(err)
	}
	after := change(string(text))
	if after == string(text) {
		k.t.Fatalf("%s did not change", name)
	}
	if err := os.WriteFile(file, []byte(after), 0o644); err != nil {
		k.t.Fatal(err)
	}
}

var runOf = regexp.MustCompile(`"run": "([^"]+)"`)

// quickstartRun runs the quickstart against servers, and returns the run's ID.
func quickstartRun(t *testing.T, flags ...string) (*kept, string) {
	dir := t.TempDir()
	if err := os.CopyFS(dir, integrations.Quickstart()); err != nil {
		t.Fatal(err)
	}
	k := &kept{t, dir, map[string]string{"SHOP_KEY": "shop-s3cret-key", "BILLING_TOKEN": "billing-s3cret-token", "XDG_CONFIG_HOME": t.TempDir()}}
	if err := os.Remove(filepath.Join(dir, "invoices.test.hcl")); err != nil {
		t.Fatal(err)
	}
	for _, api := range []string{"shop", "billing"} {
		src, err := os.ReadFile(filepath.Join(dir, "openapi", api+".yaml"))
		if err != nil {
			t.Fatal(err)
		}
		doc, err := openapi.Load(api+".yaml", src, openapi.Options{})
		if err != nil {
			t.Fatal(err)
		}
		s := httptest.NewServer(mockapi.New(doc, mockapi.Options{Seed: 5}))
		t.Cleanup(s.Close)
		k.edit("main.hcl", func(text string) string {
			return strings.Replace(text, `"openapi/`+api+`.yaml"`, `"openapi/`+api+".yaml\"\n  server = \""+s.URL+`"`, 1)
		})
	}
	k.works("fmt")
	out := k.works(append([]string{"run", "invoices", "--input", "since=2026-02-01T00:00:00Z"}, flags...)...)
	return k, runOf.FindStringSubmatch(out)[1]
}

// TestARunBecomesATest keeps a run of the quickstart, makes a test of it, and breaks the mapping.
func TestARunBecomesATest(t *testing.T) {
	k, id := quickstartRun(t, "--keep-all")
	out := k.works("runs", "export", id, "--name", "as it ran")
	if !strings.Contains(out, "wrote testdata/as-it-ran.json: 51 requests") || !strings.Contains(out, "ok    as it ran") {
		t.Error(out)
	}
	test, err := os.ReadFile(filepath.Join(k.dir, "as-it-ran.test.hcl"))
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{`test "as it ran" {`, `since = "2026-02-01T00:00:00Z"`, `cassette    = "testdata/as-it-ran.json"`, `invoices     = 25`, "# Run " + id} {
		if !strings.Contains(string(test), want) {
			t.Errorf("the test has no %s:\n%s", want, test)
		}
	}
	cassette, err := os.ReadFile(filepath.Join(k.dir, "testdata", "as-it-ran.json"))
	if err != nil {
		t.Fatal(err)
	}
	for _, leak := range []string{"s3cret", "Authorization", "X-Shop-Key"} {
		if strings.Contains(string(cassette)+string(test), leak) {
			t.Errorf("%s is written", leak)
		}
	}
	k.vars = map[string]string{} // nobody's secrets
	if out := k.works("test"); !strings.Contains(out, "1 test passed") {
		t.Error(out)
	}
	if out := k.works("lint", "--strict"); !strings.Contains(out, "no findings") {
		t.Error(out)
	}
	if code, out := k.tenon("runs", "export", id, "--name", "as it ran"); code != exitUsage || !strings.Contains(out, "there is a file as-it-ran.test.hcl already; --out names another") {
		t.Error(code, out)
	}

	k.edit("main.hcl", func(text string) string {
		return strings.Replace(text, "round(decimal(line.price) * 100)", "round(decimal(line.price) * 10)", 1)
	})
	code, out := k.tenon("test")
	if code != exitNotWell || !regexp.MustCompile(`(?m)^  main\.hcl:\d+:\d+: the cassette testdata/as-it-ran\.json has no answer to what step\.invoice \(item [-0-9a-f]+\) sends: POST /invoices$`).MatchString(out) ||
		!regexp.MustCompile(`(?m)^          body\.lines\[0\]\.unit_amount: expected \d+, got \d+$`).MatchString(out) ||
		!strings.Contains(out, "more requests that the cassette has no answer to") {
		t.Errorf("%d %s", code, out)
	}
}

// TestWhatIsNotKeptIsTold exports a run whose items were forgotten.
func TestWhatIsNotKeptIsTold(t *testing.T) {
	k, id := quickstartRun(t)
	code, out := k.tenon("runs", "export", id)
	if code != exitUsage || !regexp.MustCompile(`cannot be made a test: what step\.\w+\[\d+\] was answered \(\w+ http://\S+\) is not kept: its item is over`).MatchString(out) ||
		!strings.Contains(out, "A run that is begun with tenon run --keep-all keeps it") {
		t.Errorf("%d %s", code, out)
	}
	if files, _ := filepath.Glob(filepath.Join(k.dir, "*.test.hcl")); len(files) > 0 {
		t.Errorf("it left %v", files)
	}
	if code, out := k.tenon("run", "invoices", "--mock", "--keep-all"); code != exitUsage || !strings.Contains(out, "--keep-all is of a run that is kept") {
		t.Error(code, out)
	}
}
