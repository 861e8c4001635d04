package lang

import "tenon/spec/diag"

var authRules = []*diag.Rule{AuthMissing, AuthUnknownScheme, AuthAttribute, AuthScope, LiteralCredential, PlaintextHTTP, HostNotDeclared}

// AuthMissing: a call that would be refused for want of a credential.
var AuthMissing = &diag.Rule{
	Name: "auth-missing", Title: "No credentials",
	Explain: "The document says that the operation requires a credential, and the api has no `auth` block for it. The label of an auth block is the name of a security scheme.",
	Bad: `api "billing" {
  spec = "openapi/billing.yaml"
}

integration "invoice" {
  input "id" {
    type = string({ format = "uuid" })
  }
  step "invoice" {
    call   = billing.getInvoice
    params = { id = input.id }
  }
  output "amount" {
    value = step.invoice.body.amount
  }
}
`,
	Good: signedIn(`auth "token" {
    token = secret.billing
  }`),
}

// AuthUnknownScheme: a credential for a scheme that the document does not have.
var AuthUnknownScheme = &diag.Rule{
	Name: "auth-unknown-scheme", Title: "Unknown security scheme",
	Explain: "The label of an `auth` block is the name of a security scheme of the document. For a document that declares none, say how the credential travels: " +
		"`type = \"bearer\"`, `\"basic\"`, or `\"api_key\"` with `in` and `name`.",
	Bad: signedIn(`auth "bearer" {
    token = secret.billing
  }`),
	Good: signedIn(`auth "token" {
    token = secret.billing
  }`),
}

// AuthAttribute: a credential with the wrong parts.
var AuthAttribute = &diag.Rule{
	Name: "auth-attribute", Title: "Wrong parts of a credential",
	Explain: "What an `auth` block takes depends on the type of its scheme: `value` for an API key, `username` and `password` for basic and digest, `token` for bearer, " +
		"`client_id` and what its `grant` needs for OAuth 2 and OpenID Connect, or `token` for one made elsewhere. A warning where the document declares flows, and not that of the grant.",
	Bad: signedIn(`auth "token" {
    value = secret.billing
  }`),
	Good: signedIn(`auth "token" {
    token = secret.billing
  }`),
}

// AuthScope: a token that does not allow what is done with it.
var AuthScope = &diag.Rule{
	Name: "auth-scope", Severity: diag.Warning, Title: "Scope not asked for",
	Explain: "An operation requires a scope that `scopes` does not list, so that the API may refuse the call; or `scopes` lists one that the document does not know. " +
		"Without `scopes`, those that the called operations require are asked for, and no more.",
	Bad:  scoped(`scopes        = ["orders:write"]`),
	Good: scoped(`scopes        = ["orders:read"]`),
}

// scoped is a project that reads orders with a token; its auth block has the given line.
func scoped(line string) string {
	return `-- main.hcl --
api "orders" {
  spec = "orders.yaml"
  auth "login" {
    client_id     = "tenon"
    client_secret = secret.orders
    ` + line + `
  }
}

secret "orders" {
  env = "ORDERS_SECRET"
}

integration "orders" {
  step "orders" {
    call = orders.listOrders
  }
  output "orders" {
    value = step.orders.body
  }
}
-- orders.yaml --
openapi: 3.0.3
info: { title: Orders, version: "1" }
servers: [{ url: "https://orders.example.com" }]
components:
  securitySchemes:
    login:
      type: oauth2
      flows:
        clientCredentials:
          tokenUrl: https://login.example.com/token
          scopes: { "orders:read": Read orders, "orders:write": Change orders }
paths:
  /orders:
    get:
      operationId: listOrders
      security: [{ login: ["orders:read"] }]
      responses:
        "200":
          description: All orders.
          content: { application/json: { schema: { type: array, items: { type: string } } } }
`
}

// LiteralCredential: a credential in the project's text.
var LiteralCredential = &diag.Rule{
	Name: "literal-credential", Severity: diag.Warning, Title: "Credential in the text",
	Explain: "A token, password or key is written into the project. Everyone who can read the files can use it. Define a `secret`, which says where the value comes from, and refer to it.",
	Bad: `api "billing" {
  spec = "openapi/billing.yaml"
  auth "token" {
    token = "bil_51HxTestTestTest"
  }
}

integration "invoice" {
  input "id" {
    type = string({ format = "uuid" })
  }
  step "invoice" {
    call   = billing.getInvoice
    params = { id = input.id }
  }
  output "amount" {
    value = step.invoice.body.amount
  }
}
`,
	Good: signedIn(`auth "token" {
    token = secret.billing
  }`),
}

// PlaintextHTTP: requests that anyone on the way can read.
var PlaintextHTTP = &diag.Rule{
	Name: "plaintext-http", Severity: diag.Warning, Title: "Not encrypted",
	Explain: "The server is reached over `http://`, and it is not this machine. Everyone on the way can read and change what is sent, credentials included. A note where the host can only be in a network of one's own.",
	Bad: signedIn(`server = "http://billing.example.com/v1"
  auth "token" {
    token = secret.billing
  }`),
	Good: signedIn(`server = "https://billing.example.com/v1"
  auth "token" {
    token = secret.billing
  }`),
}

// HostNotDeclared: a server of which the document knows nothing.
var HostNotDeclared = &diag.Rule{
	Name: "host-not-declared", Severity: diag.Note, Title: "Server that the spec does not name",
	Explain: "The server is at a domain that the document names nowhere, and what signs requests to the API is sent there. A misspelt domain belongs to somebody else. " +
		"Hosts of one's own network are not looked at, nor are servers that come from a variable.",
	Bad: signedIn(`server = "https://billing.example.org/v1"
  auth "token" {
    token = secret.billing
  }`),
	Good: signedIn(`server = "https://eu.billing.example.com/v1"
  auth "token" {
    token = secret.billing
  }`),
}

// signedIn is a project that calls billing with the given lines in its api block.
func signedIn(api string) string {
	return `api "billing" {
  spec = "openapi/billing.yaml"
  ` + api + `
}

secret "billing" {
  env = "BILLING_TOKEN"
}

integration "invoice" {
  input "id" {
    type = string({ format = "uuid" })
  }
  step "invoice" {
    call   = billing.getInvoice
    params = { id = input.id }
  }
  output "amount" {
    value = step.invoice.body.amount
  }
}
`
}
