package stripealertmanager

import (
	"bytes"
	"encoding/json"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"tenon/runtime/realserver"
)

// tenon builds the command once.
var tenon = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "tenon")
	if err != nil {
		return "", err
	}
	path := filepath.Join(dir, "tenon")
	build := exec.Command("go", "build", "-o", path, "tenon/cmd/tenon")
	build.Stderr = os.Stderr
	return path, build.Run()
})

func TestMain(m *testing.M) {
	status := m.Run()
	if path, err := tenon(); err == nil {
		os.RemoveAll(filepath.Dir(path))
	}
	os.Exit(status)
}

// run runs the command as a user would, with a key of Stripe's test mode, and returns what it printed.
func run(t *testing.T, args ...string) (stdout, stderr string, ok bool) {
	t.Helper()
	path, err := tenon()
	if err != nil {
		t.Fatalf("tenon does not build: %v", err)
	}
	var out, errs bytes.Buffer
	cmd := exec.Command(path, args...)
	cmd.Env = append(os.Environ(), "STRIPE_KEY=sk_test_123", "TENON_CACHE="+t.TempDir())
	cmd.Stdout, cmd.Stderr = &out, &errs
	err = cmd.Run()
	if strings.Contains(out.String()+errs.String(), "sk_test_123") {
		t.Errorf("tenon %s prints the key:\n%s%s", strings.Join(args, " "), out.String(), errs.String())
	}
	return out.String(), errs.String(), err == nil
}

// result is what `tenon run` prints.
type result struct {
	Status  string
	Outputs struct {
		Disputes       int `json:"disputes"`
		FailedPayments int `json:"failed_payments"`
	}
}

// alert runs the integration in dir and returns what it printed.
func alert(t *testing.T, dir string, args ...string) result {
	t.Helper()
	stdout, stderr, ok := run(t, append([]string{"run", "payments", dir}, args...)...)
	var r result
	if err := json.Unmarshal([]byte(stdout), &r); err != nil || !ok || r.Status != "succeeded" {
		t.Fatalf("the run did not succeed:\n%s%s", stdout, stderr)
	}
	return r
}

func TestLintsClean(t *testing.T) {
	for name, dir := range map[string]string{"the shipped part": ".", "Stripe's whole document": withWholeDocument(t)} {
		if stdout, stderr, ok := run(t, "lint", dir, "--strict"); !ok {
			t.Errorf("with %s:\n%s%s", name, stdout, stderr)
		}
	}
}

// Against mocks of both documents there are as many as their data happens to have.
func TestAgainstMocks(t *testing.T) {
	r := alert(t, ".", "--mock")
	if r.Outputs.Disputes == 0 || r.Outputs.FailedPayments == 0 {
		t.Errorf("got %+v, want some of both among 25 each", r.Outputs)
	}
}

// Stripe's own mock finds nothing wrong with the requests, with the shipped part of its document and
// with the whole.
func TestAgainstStripe(t *testing.T) {
	stripe := realserver.StripeMock(t, failures(t))
	for _, dir := range []string{".", withWholeDocument(t)} {
		r := alert(t, dir, "--mock=alertmanager", "--var", "stripe_url="+stripe)
		if r.Outputs.Disputes != 1 || r.Outputs.FailedPayments != 1 {
			t.Errorf("in %s: got %+v, want one of each", dir, r.Outputs)
		}
	}
}

// withWholeDocument is a copy of the project with Stripe's document as Stripe publishes it.
func withWholeDocument(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	if err := os.CopyFS(dir, hcl{os.DirFS(".")}); err != nil {
		t.Fatal(err)
	}
	whole, err := os.ReadFile(realserver.StripeSpec(t))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, shipped), whole, 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(filepath.Join(dir, "tenon.lock.hcl")); err != nil {
		t.Fatal(err)
	}
	return dir
}

// hcl is a project without what is not part of it.
type hcl struct{ fs.FS }

func (f hcl) ReadDir(name string) ([]fs.DirEntry, error) {
	entries, err := fs.ReadDir(f.FS, name)
	var kept []fs.DirEntry
	for _, e := range entries {
		if e.IsDir() || strings.HasSuffix(e.Name(), ".hcl") || strings.HasPrefix(name, "openapi") {
			kept = append(kept, e)
		}
	}
	return kept, err
}

// failures are stripe-mock's fixtures, but for a charge that failed; its dispute waits for an answer
// as it is.
func failures(t *testing.T) string {
	t.Helper()
	fixtures, err := os.ReadFile(filepath.Join(filepath.Dir(realserver.StripeSpec(t)), "fixtures3.json"))
	if err != nil {
		t.Fatal(err)
	}
	var all struct {
		Resources map[string]map[string]any `json:"resources"`
	}
	if err := json.Unmarshal(fixtures, &all); err != nil {
		t.Fatal(err)
	}
	charge := all.Resources["charge"]
	charge["status"], charge["failure_code"], charge["failure_message"] = "failed", "card_declined", "Your card was declined."
	changed, err := json.Marshal(all)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "fixtures.json")
	if err := os.WriteFile(path, changed, 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}
