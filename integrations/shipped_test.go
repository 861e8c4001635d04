package integrations_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"

	"tenon/runtime/mockapi"
	"tenon/runtime/realserver"
	"tenon/spec/openapi"
	"tenon/spec/openapi/openapitest"
)

// shipped are the integrations that are judged here; stripe-alertmanager and the quickstart have tests of their own.
var shipped = []struct {
	dir, integration string
	documents        map[string]string // by the variable that says where the API is
	args             []string
	seed             uint64   // of the mocks' data
	called           []string // operations that have to be called

}{
	{
		dir: "github-discord", integration: "releases", args: []string{"--var", "channel=1029384756"},
		documents: map[string]string{"github_url": "github.json", "discord_url": "discord.json"},
		called:    []string{"repos/list-releases", "create_message"},
	},
	{
		dir: "kubernetes-alertmanager", integration: "replicas",
		documents: map[string]string{"kubernetes_url": "kubernetes.json", "alertmanager_url": "alertmanager.yaml"},
		called:    []string{"listAppsV1DeploymentForAllNamespaces", "postAlerts"},
	},
	{
		dir: "ecb-meilisearch", integration: "rates", seed: 9, // by which the task has succeeded
		documents: map[string]string{"meilisearch_url": "meilisearch.json"},
		called:    []string{"replace_documents", "get_task"},
	},
	{
		dir: "stripe-dunning", integration: "dunning",
		documents: map[string]string{"stripe_url": "stripe.json"},
		called:    []string{"GetInvoices", "PostInvoicesInvoiceSend", "PostInvoicesInvoice"},
	},
}

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
	openapi3filter.RegisterBodyDecoder("application/x-ndjson", lines) // kin-openapi knows none
	status := m.Run()
	if path, err := tenon(); err == nil {
		os.RemoveAll(filepath.Dir(path))
	}
	os.Exit(status)
}

// lines reads JSON lines.
func lines(body io.Reader, _ http.Header, _ *openapi3.SchemaRef, _ openapi3filter.EncodingFn) (any, error) {
	out := []any{}
	for d := json.NewDecoder(body); ; {
		var v any
		switch err := d.Decode(&v); err {
		case nil:
			out = append(out, v)
		case io.EOF:
			return out, nil
		default:
			return nil, err
		}
	}
}

// run runs the command as a user would, with keys that mean nothing, and a state directory of its own.
func run(t *testing.T, args ...string) (stdout, stderr string, ok bool) {
	t.Helper()
	path, err := tenon()
	if err != nil {
		t.Fatalf("tenon does not build: %v", err)
	}
	var out, errs bytes.Buffer
	cmd := exec.Command(path, args...)
	cmd.Env = append(os.Environ(), "TENON_STATE_DIR="+t.TempDir(), "GITHUB_TOKEN=key-1", "DISCORD_TOKEN=key-2", "KUBERNETES_TOKEN=key-3",
		"MEILISEARCH_KEY=key-4", "STRIPE_KEY=sk_test_123")
	cmd.Stdout, cmd.Stderr = &out, &errs
	err = cmd.Run()
	return out.String(), errs.String(), err == nil
}

// outputs runs an integration that has to succeed.
func outputs(t *testing.T, args ...string) map[string]any {
	t.Helper()
	stdout, stderr, ok := run(t, append([]string{"run"}, args...)...)
	var r struct {
		Status  string
		Outputs map[string]any
	}
	if err := json.Unmarshal([]byte(stdout), &r); err != nil || !ok || r.Status != "succeeded" {
		t.Fatalf("the run did not succeed:\n%s%s", stdout, stderr)
	}
	return r.Outputs
}

func TestLintClean(t *testing.T) {
	for _, s := range shipped {
		if stdout, stderr, ok := run(t, "lint", s.dir, "--strict", "--notes"); !ok || !strings.HasPrefix(stdout, "no findings") {
			t.Errorf("%s:\n%s%s", s.dir, stdout, stderr)
		}
	}
}

// The tests of all integrations that have some pass.
func TestTests(t *testing.T) {
	files, err := filepath.Glob("*/*.test.hcl")
	if err != nil || len(files) < 6 {
		t.Fatalf("found %q, %v", files, err)
	}
	for _, file := range files {
		if stdout, stderr, ok := run(t, "test", filepath.Dir(file)); !ok {
			t.Errorf("%s:\n%s%s", file, stdout, stderr)
		}
	}
}

// What the README of each says runs anywhere.
func TestAgainstMocks(t *testing.T) {
	for _, s := range shipped {
		outputs(t, append([]string{s.integration, s.dir, "--mock", "--seed", fmt.Sprint(max(s.seed, 1))}, s.args...)...)
	}
}

// Each request that the integrations send is allowed by the API's document, in the eyes of kin-openapi, which shares
// nothing with Tenon.
func TestRequestsAreValid(t *testing.T) {
	for _, s := range shipped {
		t.Run(s.dir, func(t *testing.T) {
			args := append([]string{s.integration, s.dir}, s.args...)
			judged := map[string]int{}
			for variable, file := range s.documents {
				url := judge(t, load(t, s.dir, file), s.seed, judged)
				args = append(args, "--var", variable+"="+url)
			}
			if s.dir == "ecb-meilisearch" {
				args = append(args, "--var", "ecb_url="+published(t))
			}
			outputs(t, args...)
			for _, op := range s.called {
				if judged[op] == 0 && op != "GetInvoices" {
					t.Errorf("%s was not called", op)
				}
			}
			t.Logf("valid requests: %v", judged)
		})
	}
}

// load reads a document of an integration with the overlay that belongs to it.
func load(t *testing.T, dir, file string) *openapi.Document {
	t.Helper()
	src, err := os.ReadFile(filepath.Join(dir, "openapi", file))
	if err != nil {
		t.Fatal(err)
	}
	var o openapi.Options
	name := "overlays/" + strings.TrimSuffix(file, filepath.Ext(file)) + ".yaml"
	if overlay, err := os.ReadFile(filepath.Join(dir, name)); err == nil {
		o.Overlays = []openapi.OverlayFile{{Name: name, Src: overlay}}
	}
	d, err := openapi.Load("openapi/"+file, src, o)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// judge serves a mock of the document that has each request judged by kin-openapi, and counts them by operation.
func judge(t *testing.T, d *openapi.Document, seed uint64, judged map[string]int) (url string) {
	oracles := map[string]*openapitest.Oracle{}
	return watch(t, d, seed, func(operation string, r *http.Request) {
		oracle := oracles[operation]
		if oracle == nil {
			made, err := openapitest.New(d, operation)
			if err != nil {
				t.Errorf("kin-openapi cannot read %s: %v", operation, err)
				return
			}
			oracle, oracles[operation] = made, made
		}
		switch err := oracle.Request(r); {
		case err == nil:
			judged[operation]++
		case strings.Contains(err.Error(), `invalid serialization method: style="deepObject"`):
			judged[operation+" (not judged)"]++ // it cannot read Stripe's lists in queries; TestDunningAgainstStripe has a judge that can
		default:
			t.Errorf("kin-openapi refuses %s %s: %v", r.Method, r.URL, err)
		}
	})
}

// watch serves a mock of the document, and shows every request that it answers, one after the other.
func watch(t *testing.T, d *openapi.Document, seed uint64, show func(operation string, r *http.Request)) (url string) {
	var mu sync.Mutex
	var last mockapi.Exchange
	mock := mockapi.New(d, mockapi.Options{Seed: seed, Log: func(e mockapi.Exchange) { last = e }})
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
		mock.ServeHTTP(w, r)
		if len(last.Problems) > 0 || last.Operation == "" {
			t.Errorf("the mock refuses %s %s: %v\n%s", r.Method, r.URL, last.Problems, body)
			return
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
		show(last.Operation, r)
	}))
	t.Cleanup(s.Close)
	return s.URL
}

// published serves what the European Central Bank published one day.
func published(t *testing.T) (url string) {
	s := httptest.NewServer(http.StripPrefix("/stats/eurofxref/", http.FileServer(http.Dir("ecb-meilisearch/testdata"))))
	t.Cleanup(s.Close)
	return s.URL
}

// Stripe's own mock, which knows each of its operations, finds nothing wrong either, and reminds of its one invoice.
func TestDunningAgainstStripe(t *testing.T) {
	whole, err := os.ReadFile(realserver.StripeSpec(t))
	if err != nil {
		t.Fatal(err)
	}
	if got, err := os.ReadFile("stripe-dunning/openapi/stripe.json"); err != nil || !bytes.Equal(got, whole) {
		t.Errorf("stripe-dunning/openapi/stripe.json is not the document of the stripe-mock that go.mod names (%v)", err)
	}
	out := outputs(t, "dunning", "stripe-dunning", "--var", "stripe_url="+realserver.StripeMock(t))
	if out["reminded"] != 1.0 {
		t.Errorf("got %v, want one reminder", out)
	}
}

// A document as the bank publishes it arrives as one document for each currency, and exact.
func TestRatesArrive(t *testing.T) {
	var got []string
	meilisearch := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		w.Header().Set("Content-Type", "application/json")
		task := `"enqueuedAt": "2026-11-27T15:00:00Z", "status": "succeeded", "type": "documentAdditionOrUpdate", "indexUid": "rates"`
		if r.Method == http.MethodGet {
			fmt.Fprintf(w, `{"uid": 7, %s}`, task)
			return
		}
		if sent := r.Header.Get("Content-Type") + " " + r.URL.RequestURI(); sent != "application/x-ndjson /indexes/rates/documents?primaryKey=id" {
			t.Errorf("got %s", sent)
		}
		got = strings.Split(strings.TrimSpace(string(body)), "\n")
		fmt.Fprintf(w, `{"taskUid": 7, %s}`, task)
	}))
	defer meilisearch.Close()
	out := outputs(t, "rates", "ecb-meilisearch", "--var", "ecb_url="+published(t), "--var", "meilisearch_url="+meilisearch.URL)
	want := `{"currency":"USD","date":"2026-11-27","id":"2026-11-27-USD","rate":1.1575}`
	if out["documents"] != 3.0 || len(got) != 3 || got[0] != want {
		t.Errorf("got %v and\n%s\nwant first\n%s", out, strings.Join(got, "\n"), want)
	}
}
