package check

import (
	"os"
	"strings"
	"testing"

	"tenon/spec/diag"
)

// TestMistakesInTests makes one mistake at a time in the tests of the quickstart. Each is an error on its line, by a
// rule that says what is wrong.
func TestMistakesInTests(t *testing.T) {
	dir := os.DirFS("../../integrations/quickstart")
	project := map[string][]byte{}
	for _, name := range []string{"main.hcl", "tenon.lock.hcl", "invoices.test.hcl"} {
		src, err := os.ReadFile("../../integrations/quickstart/" + name)
		if err != nil {
			t.Fatal(err)
		}
		project[name] = src
	}
	session := NewSession(dir, nil, "")
	if found := session.Check(project).Findings; len(found) > 0 {
		t.Fatalf("found %q in what is right", messages(found))
	}
	good := string(project["invoices.test.hcl"])
	for _, c := range []struct{ old, new, rule string }{
		{"integration.invoices", "integration.invoice", "unknown-reference"},
		{"inputs      = { since", "inputs      = { snice", "unknown-property"},
		{`since = "2026-02-01T00:00:00Z"`, `since = "2026-02-30"`, "format-mismatch"},
		{`since = "2026-02-01T00:00:00Z"`, `since = 2026`, "type-mismatch"},
		{"call = shop.listOrders", "call = shop.listOrder", "unknown-operation"},
		{"call = shop.listOrders", "call = shop.getOrder", "mock-mismatch"},
		{"call = shop.listOrders", "call = shpo.listOrders", "unknown-reference"},
		{"request.params.page == 2", "request.params.pag == 2", "unknown-field"},
		{"request.params.page == 2", `request.params.page == "2"`, "operand-type"},
		{"request.params.page == 2", "request.params.page", "type-mismatch"},
		{"has_more = false", `has_more = "no"`, "mock-mismatch"},
		{"page = 2, has_more = false", "page = 2", "mock-mismatch"},
		{"page = 2, has_more = false", "page = 0, has_more = false", "mock-mismatch"},
		{"testdata/orders.json", "testdata/invoice.json", "mock-mismatch"},
		{"testdata/orders.json", "testdata/order.json", "argument-type"},
		{`email = "ada@example.com"`, `email = "ada"`, "mock-mismatch"},
		{`email = "ada@example.com"`, `emial = "ada@example.com"`, "mock-mismatch"},
		{`state      = "sent"`, `state      = "sended"`, "mock-mismatch"},
		{"= request.body.amount", "= request.body.total", "unknown-field"},
		{"= request.body.amount", "= request.body.currency", "mock-mismatch"},
		{"billed_cents = 2898", "billed_cent = 2898", "unknown-property"},
		{"billed_cents = 2898", "billed_cents = 28.98", "lossy-number"},
		{`next_since = "2026-02-02T10:00:00Z"`, `next_since = "tomorrow"`, "format-mismatch"},
		{"calls.shop.listOrders :", "calls.shop.listOrder :", "unknown-field"},
		{"calls.shop.listOrders :", "calls.shop.getOrder :", "unknown-field"},
		{"c.params.status]", "c.params.state]", "unknown-field"},
		{"c.body.settlement]", "c.body.settled]", "unknown-field"},
		{"calls.billing", "call.billing", "unknown-reference"},
		{"status = 404", "status = 302", "mock-mismatch"},
		{"status = 404", `status = "404"`, "attribute-value"},
		{"{ status = 503 }", "{ stauts = 503 }", "unknown-attribute"},
		{`error = "timeout"`, `error = "slow"`, "attribute-value"},
		{`code = "not_found",`, "", "mock-mismatch"},
		{"  expect {", "  expects {", "unknown-block"},
		{"  mock \"Ada\" {", "  mok \"Ada\" {", "unknown-block"},
		{"assert  =", "asert  =", "unknown-attribute"},
		{"outputs = { invoices = 0 }", "outputs = { invoices = 0 }\n    assert  = error.kind == \"check\"", "out-of-scope"},
	} {
		i := strings.Index(good, c.old)
		if i < 0 {
			t.Errorf("%q is not in the tests", c.old)
			continue
		}
		project["invoices.test.hcl"] = []byte(good[:i] + c.new + good[i+len(c.old):])
		line := strings.Count(good[:i], "\n") + 1 + strings.Count(c.new, "\n")
		checked := session.Check(project)
		right := false
		for _, d := range checked.Findings {
			at := checked.Files.Position(d.Range).Line
			right = right || d.Severity == diag.Error && d.Rule.Name == c.rule && at == line
			if d.Range.File != "invoices.test.hcl" {
				t.Errorf("%q: found outside of the tests: %s", c.new, d.Message)
			}
		}
		if !right {
			t.Errorf("%q for %q: %s is not among %q", c.new, c.old, c.rule, messages(checked.Findings))
		}
	}
}
