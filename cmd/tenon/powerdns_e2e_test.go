//go:build e2e

package main

import (
	"io"
	"net/http"
	"strings"
	"testing"

	"tenon/runtime/realserver"
)

// PowerDNS serves its own Swagger 2.0 document, and breaks it: it leaves out properties of record sets
// that the document requires.
const powerDNSProject = `
api "dns" {
  spec   = "openapi/powerdns.yaml"
  server = var.url

  auth "APIKeyHeader" {
    value = secret.key
  }
}

variable "url" {
  type = string
}

secret "key" {
  env = "PDNS_KEY"
}

integration "zone" {
  step "create" {
    call   = dns.createZone
    params = { server_id = "localhost" }
    body = {
      name        = "example.org."
      kind        = "Native"
      nameservers = ["ns1.example.org."]
    }
  }

  step "read" {
    call       = dns.listZone
    depends_on = [step.create]
    params     = { server_id = "localhost", zone_id = must(step.create.body.id, "a zone that was created has an id") }

    check "kind" {
      assert  = step.read.body.kind == "Native"
      message = "the zone is of another kind"
    }
  }

  output "name" {
    value = step.read.body.name
  }

  output "records" {
    value = [for set in coalesce(step.read.body.rrsets, []) : set.name]
  }
}

integration "changes" {
  step "read" {
    call   = dns.listZone
    params = { server_id = "localhost", zone_id = "example.org." }
  }

  output "changes" {
    value = [for set in coalesce(step.read.body.rrsets, []) : set.changetype]
  }
}
`

func TestPowerDNS(t *testing.T) {
	url := realserver.PowerDNS(t)
	dir := writeProject(t, map[string]string{"main.hcl": powerDNSProject, "openapi/powerdns.yaml": string(fromPowerDNS(t, url+"/api/docs"))})

	// Nothing here relies on what the server leaves out: it works, and the zone is there.
	status, result, stderr := runPowerDNS(t, dir, url, "zone")
	if status != 0 || result.Outputs["name"] != "example.org." || len(result.Outputs["records"].([]any)) == 0 {
		t.Errorf("zone: status %d, %+v\n%s", status, result, stderr)
	}
	if zone := fromPowerDNS(t, url+"/api/v1/servers/localhost/zones/example.org."); !strings.Contains(string(zone), `"kind": "Native"`) {
		t.Errorf("the server has %s", zone)
	}

	// Creating it again is a conflict, and says so.
	status, result, stderr = runPowerDNS(t, dir, url, "zone")
	if status != 1 || result.Error.Kind != "status" || result.Error.Step != "step.create" || !strings.Contains(stderr, "409") {
		t.Errorf("a second time: status %d, %+v\n%s", status, result, stderr)
	}

	// Here the plan relies on it: the step fails, and names the property and who promised it.
	status, result, stderr = runPowerDNS(t, dir, url, "changes")
	if status != 1 || result.Error.Kind != "invalid_response" || result.Error.Step != "step.read" {
		t.Errorf("changes: status %d, %+v\n%s", status, result, stderr)
	}
	for _, want := range []string{"changetype", "listZone", "main.hcl:"} {
		if !strings.Contains(stderr, want) {
			t.Errorf("changes: the failure does not name %q:\n%s", want, stderr)
		}
	}
}

// runPowerDNS runs an integration against the server at url.
func runPowerDNS(t *testing.T, dir, url, integration string) (status int, r ran, stderr string) {
	t.Helper()
	return runUser(t, map[string]string{"PDNS_KEY": realserver.PowerDNSKey}, "run", integration, dir, "--var", "url="+url+"/api/v1")
}

func fromPowerDNS(t *testing.T, url string) []byte {
	t.Helper()
	req, err := http.NewRequest("GET", url, nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("X-API-Key", realserver.PowerDNSKey)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	content, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != 200 {
		t.Fatalf("GET %s: %s, %v\n%s", url, resp.Status, err, content)
	}
	return content
}
