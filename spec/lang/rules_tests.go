package lang

import "tenon/spec/diag"

// MockMismatch: a mock answers what the provider, by its spec, never would.
var MockMismatch = &diag.Rule{
	Name: "mock-mismatch", Title: "Mock that the spec rules out",
	Explain: "A test whose mocks answer as the provider never would shows nothing. A mock may answer with a status that the spec declares, with the body and headers that it declares for it. " +
		"Statuses that any server or what stands before it may answer with, 429 and 5xx, need not be declared; other failures that are not declared are noted. " +
		"With `partial = true` the body need not have all that the spec requires: the rest is made up. " +
		"A mock that breaks the spec on purpose, as a test of `catch \"invalid_response\"` does, says `valid = false`.",
	Bad:  customerTested("", "7"),
	Good: customerTested("", adaMail),
}

// UntestedStep: a step, catch or case that no test reaches.
var UntestedStep = &diag.Rule{
	Name: "untested-step", Severity: diag.Warning, Title: "Step that no test reaches", On: "tenon test --coverage",
	Explain: "`tenon test --coverage` reports each step, `catch` and `case` that no test came through. Add a test in which it does its work: a mock that makes the condition hold, or fails as the catch expects.",
	Bad:     customerTested(catchNobody, adaMail),
	Good: customerTested(catchNobody, adaMail) + `
test "a customer that is not there has a name all the same" {
  integration = integration.customer

  mock "nobody" {
    call   = shop.getCustomer
    status = 404
  }

  expect {
    outputs = { name = "unknown" }
  }
}
`,
}

const (
	adaMail     = `"ada@example.com"`
	catchNobody = `
    catch "404" {
      body = { id = "c-1", name = "unknown", email = "nobody@example.com" }
    }`
)

// customerTested is a project with a step, to which more is added, and a test in which a customer has this email.
func customerTested(more, email string) string {
	return `-- main.hcl --
api "shop" {
  spec = "openapi/shop.yaml"
}

integration "customer" {
  step "customer" {
    call   = shop.getCustomer
    params = { id = "c-1" }` + more + `
  }
  output "name" {
    value = step.customer.body.name
  }
}
-- customer.test.hcl --
test "the name is passed on" {
  integration = integration.customer

  mock "Ada" {
    call = shop.getCustomer
    body = { id = "c-1", name = "Ada", email = ` + email + ` }
  }

  expect {
    outputs = { name = "Ada" }
  }
}
`
}
