//go:build e2e

package integrations_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"tenon/runtime/realserver"
	"tenon/spec/openapi/openapitest"
)

// Prism, which shares nothing with Tenon or kin-openapi, finds each request that the integrations send valid. It gets the documents with
// their overlays and without the operations that are not called: it takes minutes for the whole ones, and for Stripe's also then, which
// stripe-mock judges.
func TestPrismFindsRequestsValid(t *testing.T) {
	for _, s := range shipped {
		if s.dir == "stripe-dunning" {
			continue
		}
		t.Run(s.dir, func(t *testing.T) {
			judged := map[string]int{}
			args := append([]string{s.integration, s.dir}, s.args...)
			for variable, file := range s.documents {
				d := load(t, s.dir, file)
				var called []string
				for _, name := range s.called {
					if _, err := d.Operation(name); err == nil {
						called = append(called, name)
					}
				}
				pruned, err := openapitest.Prune(d, called...)
				if err != nil {
					t.Fatal(err)
				}
				prism := realserver.Prism(t, pruned)
				args = append(args, "--var", variable+"="+watch(t, d, s.seed, func(operation string, r *http.Request) {
					if err := ask(prism, r); err != nil {
						t.Errorf("Prism refuses %s %s: %v", r.Method, r.URL, err)
						return
					}
					judged[operation]++
				}))
			}
			if s.dir == "ecb-meilisearch" {
				args = append(args, "--var", "ecb_url="+published(t))
			}
			outputs(t, args...)
			for _, op := range s.called {
				if judged[op] == 0 {
					t.Errorf("no request of %s was judged", op)
				}
			}
			t.Logf("valid requests: %v", judged)
		})
	}
}

// A real Alertmanager has an alert for each deployment with too few replicas, however often it is told.
func TestReplicasArrive(t *testing.T) {
	alertmanager := realserver.Alertmanager(t)
	var told float64
	for range 2 {
		out := outputs(t, "replicas", "kubernetes-alertmanager", "--mock=kubernetes", "--var", "alertmanager_url="+alertmanager+"/api/v2")
		told, _ = out["alerts"].(float64)
	}
	answer, err := http.Get(alertmanager + "/api/v2/alerts")
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	var alerts []struct{ Labels map[string]string }
	if err := json.NewDecoder(answer.Body).Decode(&alerts); err != nil {
		t.Fatal(err)
	}
	if told == 0 || len(alerts) != int(told) || alerts[0].Labels["alertname"] != "DeploymentReplicasMissing" {
		t.Errorf("it was told of %v deployments and has %d alerts: %v", told, len(alerts), alerts)
	}
}

// ask sends a request to Prism, too; the error is what Prism finds wrong with it.
func ask(prism string, r *http.Request) error {
	again, err := http.NewRequest(r.Method, prism+r.URL.RequestURI(), r.Body)
	if err != nil {
		return err
	}
	again.Header = r.Header.Clone()
	if r.Header.Get("Content-Type") == "application/x-ndjson" { // it reads no lines, so it gets them as the list that they are
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return err
		}
		list := "[" + strings.ReplaceAll(strings.TrimSpace(string(body)), "\n", ",") + "]"
		again.Body, again.ContentLength = io.NopCloser(strings.NewReader(list)), int64(len(list))
		again.Header.Set("Content-Type", "application/json")
	}
	answer, err := http.DefaultClient.Do(again)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	violations := answer.Header.Get("sl-violations") // also of the answers that Prism itself makes up
	if err != nil || answer.StatusCode >= 300 || strings.Contains(violations, `"location":["request"`) {
		return fmt.Errorf("%s %s %s %v", answer.Status, violations, body, err)
	}
	return nil
}

const faulty = `
api "shop" {
  server  = var.url
  timeout = "2s"

  operation "list" {
    request  = "GET /orders"
    response = list(string)
  }
  operation "order" {
    request  = "POST /orders"
    body     = object({ sku = string })
    response = object({ id = string })
  }
}

variable "url" {
  type = string
}

integration "read" {
  step "orders" {
    call = shop.list
  }
  output "orders" {
    value = step.orders.body
  }
}

integration "write" {
  step "order" {
    call = shop.order
    body = { sku = "a" }
  }
}

integration "write_again" {
  step "order" {
    call       = shop.order
    idempotent = true
    body       = { sku = "a" }
  }
}
`

// What WireMock breaks, in these ways, is asked for again where that is harmless. A write that may have happened is sent once, and the run
// stops in doubt.
func TestFaults(t *testing.T) {
	url := realserver.WireMock(t)
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "main.hcl"), []byte(faulty), 0o644); err != nil {
		t.Fatal(err)
	}
	const (
		reset   = `{"fault": "CONNECTION_RESET_BY_PEER"}`
		chunk   = `{"fault": "MALFORMED_RESPONSE_CHUNK"}`
		garbage = `{"fault": "RANDOM_DATA_THEN_CLOSE"}`
		empty   = `{"fault": "EMPTY_RESPONSE"}`
		late    = `{"status": 200, "jsonBody": {"id": "1"}, "fixedDelayMilliseconds": 6000}`
		list    = `{"status": 200, "jsonBody": ["a"]}`
		order   = `{"status": 200, "jsonBody": {"id": "1"}}`
	)
	for _, c := range []struct {
		integration, method string
		answers             []string
		status              string
		sent                int
	}{
		{"read", "GET", []string{reset, chunk, list}, "succeeded", 3},
		{"read", "GET", []string{garbage, empty, list}, "succeeded", 3},
		{"read", "GET", []string{late, list}, "succeeded", 2},
		{"read", "GET", []string{reset, reset, reset, list}, "failed", 3},
		{"write", "POST", []string{reset, order}, "in_doubt", 1},
		{"write", "POST", []string{chunk, order}, "in_doubt", 1},
		{"write", "POST", []string{late, order}, "in_doubt", 1},
		{"write", "POST", []string{order}, "succeeded", 1},
		{"write_again", "POST", []string{reset, late, order}, "succeeded", 3},
	} {
		script(t, url, c.method, c.answers)
		stdout, stderr, _ := run(t, "run", c.integration, dir, "--var", "url="+url)
		var r struct{ Status string }
		if err := json.Unmarshal([]byte(stdout), &r); err != nil {
			t.Fatalf("%v\n%s%s", err, stdout, stderr)
		}
		if sent := received(t, url, c.method); r.Status != c.status || sent != c.sent {
			t.Errorf("%s with %v: %s after %d requests, want %s after %d\n%s", c.integration, c.answers, r.Status, sent, c.status, c.sent, stderr)
		}
	}
}

// script has WireMock give these answers, one after the other, and forget what was before.
func script(t *testing.T, url, method string, answers []string) {
	t.Helper()
	admin(t, url+"/__admin/reset", `{}`)
	for i, answer := range answers {
		state := func(i int) string {
			if i == 0 {
				return "Started"
			}
			return fmt.Sprint("after ", i)
		}
		admin(t, url+"/__admin/mappings", fmt.Sprintf(`{"scenarioName": "faults", "requiredScenarioState": %q, "newScenarioState": %q,
			"request": {"method": %q, "url": "/orders"}, "response": %s}`, state(i), state(i+1), method, answer))
	}
}

// received is how many requests WireMock got.
func received(t *testing.T, url, method string) int {
	t.Helper()
	var r struct{ Count int }
	if err := json.Unmarshal(admin(t, url+"/__admin/requests/count", fmt.Sprintf(`{"method": %q, "url": "/orders"}`, method)), &r); err != nil {
		t.Fatal(err)
	}
	return r.Count
}

func admin(t *testing.T, url, body string) []byte {
	t.Helper()
	answer, err := http.Post(url, "application/json", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	out, err := io.ReadAll(answer.Body)
	if err != nil || answer.StatusCode >= 300 {
		t.Fatalf("%s: %s %s %v", url, answer.Status, out, err)
	}
	return out
}
