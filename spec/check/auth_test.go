package check

import (
	"fmt"
	"strings"
	"testing"

	"tenon/spec/diag"
	"tenon/spec/lang"
)

const authSpec = `
-- n.yaml --
openapi: 3.0.3
info: { title: N, version: "1" }
servers: [{ url: https://n.example.com }]
components:
  securitySchemes:
    basic: { type: http, scheme: basic }
    bearer: { type: http, scheme: bearer }
    app: { type: apiKey, in: header, name: X-App }
    key: { type: apiKey, in: query, name: key }
security: [{ bearer: [] }]
paths:
  /either: { get: { operationId: either, security: [{ key: [], app: [] }, { bearer: [] }], responses: { "204": { description: ok } } } }
  /public: { get: { operationId: public, security: [], responses: { "204": { description: ok } } } }
  /maybe: { get: { operationId: maybe, security: [{}, { bearer: [] }], responses: { "204": { description: ok } } } }
  /rest: { get: { operationId: rest, responses: { "204": { description: ok } } } }
`

// authProject calls an operation with credentials for some schemes.
func authProject(operation, auths string) string {
	return fmt.Sprintf(`-- main.hcl --
api "n" {
  spec = "n.yaml"
%s}

secret "s" {
  env = "S"
}

integration "example" {
  step "call" {
    call = n.%s
    check "done" {
      assert = response.status == 204
    }
  }
}
`, auths, operation) + authSpec
}

var (
	keyAuth    = "  auth \"key\" {\n    value = secret.s\n  }\n"
	appAuth    = "  auth \"app\" {\n    value = \"2024-01-01\"\n  }\n"
	bearerAuth = "  auth \"bearer\" {\n    token = secret.s\n  }\n"
)

// TestCredentialsOfAnOperation holds which credentials are sent where the document offers alternatives.
func TestCredentialsOfAnOperation(t *testing.T) {
	for _, test := range []struct {
		operation, auths, want, missing string
	}{
		{"either", bearerAuth, "bearer", ""},
		{"either", keyAuth + appAuth, "app key", ""},
		{"either", keyAuth + appAuth + bearerAuth, "app key", ""},
		{"either", keyAuth, "", `its spec requires "key" with "app", or "bearer"`},
		{"either", keyAuth + bearerAuth, "bearer", ""},
		{"public", keyAuth + bearerAuth, "", ""},
		{"public", "", "", ""},
		{"maybe", "", "", ""},
		{"maybe", bearerAuth, "bearer", ""},
		{"rest", bearerAuth, "bearer", ""},
		{"rest", "", "", `its spec requires "bearer"`},
	} {
		result, _, diags := build(t, files(authProject(test.operation, test.auths)))
		missing := ""
		for _, d := range diags {
			if d.Rule == lang.AuthMissing {
				missing = d.Message
			}
		}
		if !strings.Contains(missing, test.missing) || (missing == "") != (test.missing == "") {
			t.Errorf("%s with %q: said %q, want %q", test.operation, test.auths, missing, test.missing)
		}
		if p := result.Plans["example"]; p != nil {
			if got := strings.Join(p.Steps.Ops[0].Call.Security, " "); got != test.want {
				t.Errorf("%s with %q: sends %q, want %q", test.operation, test.auths, got, test.want)
			}
		} else if test.missing == "" {
			t.Errorf("%s with %q: no plan: %v", test.operation, test.auths, diags)
		}
	}
}

// TestLiteralCredentials holds what counts as a credential in the text.
func TestLiteralCredentials(t *testing.T) {
	for _, test := range []struct {
		auth string
		want bool
	}{
		{"  auth \"bearer\" {\n    token = \"sk_live_51Hx\"\n  }\n", true},
		{"  auth \"bearer\" {\n    token = \"20240101\"\n  }\n", true},
		{"  auth \"bearer\" {\n    token = \"${\"sk\"}_live_51Hx\"\n  }\n", true},
		{"  auth \"basic\" {\n    username = \"me\"\n    password = \"123456\"\n  }\n", true},
		{"  auth \"basic\" {\n    username = \"me\"\n    password = secret.s\n  }\n", false},
		{"  auth \"app\" {\n    value = \"2024-01-01\"\n  }\n", false},
		{"  auth \"app\" {\n    value = \"v2.1\"\n  }\n", false},
		{"  auth \"app\" {\n    value = \"me@example.com\"\n  }\n", false},
		{"  auth \"app\" {\n    value = \"b1946ac92492d2347c6235b4d2611184\"\n  }\n", true},
		{"  headers = { Authorization = \"Bearer sk_live_51Hx\" }\n", true},
		{"  headers = { \"User-Agent\" = \"orders/1.0\" }\n", false},
	} {
		found := false
		for _, d := range lint(t, authProject("public", test.auth)) {
			found = found || d.Rule == lang.LiteralCredential && d.Severity == diag.Warning
		}
		if found != test.want {
			t.Errorf("%s: found %v, want %v", test.auth, found, test.want)
		}
	}
}
