package lang

import (
	"tenon/spec/diag"
	"tenon/spec/media"
	"tenon/spec/openapi"
)

var requestRules = []*diag.Rule{
	SpecUnlocked, SpecDrift, UnknownOperation, DeprecatedOperation, MediaType, ServerMissing, BodyNotTaken, UnknownParameter, MissingParameter, EncodedTwice,
}

// EncodedTwice: a value is written out by hand where the runtime writes it out.
var EncodedTwice = &diag.Rule{
	Name: "encoded-twice", Severity: diag.Warning, Title: "Encoded twice",
	Explain: "Parameters are escaped and JSON bodies written when they are sent. A value that was escaped or written out before arrives as text with escapes in it.",
	Bad: `api "shop" {
  spec = "openapi/shop.yaml"
}

integration "orders" {
  input "id" {
    type = string
  }

  step "order" {
    call   = shop.getOrder
    params = { id = url_encode(input.id) }
  }

  output "total" {
    value = step.order.body.total
  }
}
`,
	Good: `api "shop" {
  spec = "openapi/shop.yaml"
}

integration "orders" {
  input "id" {
    type = string
  }

  step "order" {
    call   = shop.getOrder
    params = { id = input.id }
  }

  output "total" {
    value = step.order.body.total
  }
}
`,
}

// SpecUnlocked: a document that the lock does not pin.
var SpecUnlocked = &diag.Rule{
	Name: "spec-unlocked", Severity: diag.Note, Title: "Document not pinned",
	Explain: "`tenon.lock.hcl` has no digest of this document, so it can change without anyone noticing. `tenon lock` pins it.",
	Bad: `-- main.hcl --
api "shop" {
  spec = "openapi/shop.yaml"
}

integration "orders" {
  step "order" {
    call   = shop.getOrder
    params = { id = "o-1" }
  }
  output "total" {
    value = step.order.body.total
  }
}
-- tenon.lock.hcl --
`,
	Good: `-- main.hcl --
api "shop" {
  spec = "openapi/shop.yaml"
}

integration "orders" {
  step "order" {
    call   = shop.getOrder
    params = { id = "o-1" }
  }
  output "total" {
    value = step.order.body.total
  }
}
-- tenon.lock.hcl --
spec "openapi/shop.yaml" {
  digest = "` + openapi.Digest([]byte(ExampleFiles()["openapi/shop.yaml"])) + `"
}
`,
}

// SpecDrift: a document that is not the one the lock pins.
var SpecDrift = &diag.Rule{
	Name: "spec-drift", Title: "Document differs from the lock",
	Explain: "The document is not the one whose digest stands in `tenon.lock.hcl`: somebody changed it, or it was fetched anew. " +
		"What lint says is about the new one. Look at what changed; if it is meant, `tenon lock` pins it.",
	Bad: `-- main.hcl --
api "shop" {
  spec = "openapi/shop.yaml"
}

integration "orders" {
  step "order" {
    call   = shop.getOrder
    params = { id = "o-1" }
  }
  output "total" {
    value = step.order.body.total
  }
}
-- tenon.lock.hcl --
spec "openapi/shop.yaml" {
  digest = "sha256:0000000000000000000000000000000000000000000000000000000000000000"
}
`,
	Good: `api "shop" {
  spec = "openapi/shop.yaml"
}

integration "orders" {
  step "order" {
    call   = shop.getOrder
    params = { id = "o-1" }
  }
  output "total" {
    value = step.order.body.total
  }
}
`,
}

// UnknownOperation: a call of something that the document does not have.
var UnknownOperation = &diag.Rule{
	Name: "unknown-operation", Title: "Unknown operation",
	Explain: "A call names an operation of the API's document: by its operationId (`shop.listOrders`, `shop[\"orders/list\"]`) or by method and path as they " +
		"stand there (`shop[\"GET /orders/{id}\"]`).",
	Bad: `api "shop" {
  spec = "openapi/shop.yaml"
}

integration "orders" {
  step "order" {
    call   = shop.fetchOrder
    params = { id = "o-1" }
  }
  output "total" {
    value = step.order.body.total
  }
}
`,
	Good: `api "shop" {
  spec = "openapi/shop.yaml"
}

integration "orders" {
  step "order" {
    call   = shop["GET /orders/{id}"]
    params = { id = "o-1" }
  }
  output "total" {
    value = step.order.body.total
  }
}
`,
}

// DeprecatedOperation: the provider says that an operation or parameter should not be used any more.
var DeprecatedOperation = &diag.Rule{
	Name: "deprecated-operation", Severity: diag.Warning, Title: "Deprecated by its provider",
	Explain: "The document marks the operation or parameter as deprecated: it works, but it may go. Its description often says what to use instead.",
	Bad: `api "shop" {
  spec = "openapi/shop.yaml"
}

integration "orders" {
  step "found" {
    call = shop.searchOrders
    body = { query = "shoes" }
  }
  output "orders" {
    value = step.found.body
  }
}
`,
	Good: `api "shop" {
  spec = "openapi/shop.yaml"
}

integration "orders" {
  step "orders" {
    call   = shop.listOrders
    params = { page = 1 }
  }
  output "orders" {
    value = step.orders.body.data
  }
}
`,
}

// MediaType: content in a form that the operation does not take, or that cannot be written.
var MediaType = &diag.Rule{
	Name: "media-type", Title: "Media type",
	Explain: "`content_type` must be one that the operation takes, and one that can be written: " + media.Writable + ". " +
		"Without it JSON is sent where it is taken, else what has the most structure.",
	Bad: `api "shop" {
  spec = "openapi/shop.yaml"
}

integration "note" {
  step "note" {
    call         = shop.addNote
    params       = { id = "o-1" }
    body         = { text = "Thank you." }
    content_type = "text/plain"
  }
}
`,
	Good: `api "shop" {
  spec = "openapi/shop.yaml"
}

integration "note" {
  step "note" {
    call         = shop.addNote
    params       = { id = "o-1" }
    body         = { text = "Thank you." }
    content_type = "application/json"
  }
}
`,
}

// ServerMissing: nobody says where the API is.
var ServerMissing = &diag.Rule{
	Name: "server-missing", Title: "No server",
	Explain: "The document does not say where the API is, or only by a path without a host, or leaves a variable of its URL open. Give `server` on the api.",
	Bad: `-- main.hcl --
api "clock" {
  spec = "clock.yaml"
}

integration "now" {
  step "now" {
    call = clock.now
  }
  output "now" {
    value = step.now.body
  }
}
-- clock.yaml --
openapi: 3.0.3
info: { title: Clock, version: "1" }
servers: [{ url: /v1 }]
paths:
  /now:
    get:
      operationId: now
      responses:
        "200":
          description: The time.
          content: { application/json: { schema: { type: string, format: date-time } } }
`,
	Good: `-- main.hcl --
api "clock" {
  spec   = "clock.yaml"
  server = "https://clock.example.com/v1"
}

integration "now" {
  step "now" {
    call = clock.now
  }
  output "now" {
    value = step.now.body
  }
}
-- clock.yaml --
openapi: 3.0.3
info: { title: Clock, version: "1" }
servers: [{ url: /v1 }]
paths:
  /now:
    get:
      operationId: now
      responses:
        "200":
          description: The time.
          content: { application/json: { schema: { type: string, format: date-time } } }
`,
}

// BodyNotTaken: content for an operation that has none.
var BodyNotTaken = &diag.Rule{
	Name: "body-not-taken", Title: "No body is taken",
	Explain: "The document declares no request body for the operation. What was meant may belong into `params`, or it is another operation.",
	Bad: `api "shop" {
  spec = "openapi/shop.yaml"
}

integration "order" {
  step "order" {
    call   = shop.getOrder
    params = { id = "o-1" }
    body   = { expand = true }
  }
  output "total" {
    value = step.order.body.total
  }
}
`,
	Good: `api "shop" {
  spec = "openapi/shop.yaml"
}

integration "order" {
  step "order" {
    call   = shop.getOrder
    params = { id = "o-1" }
  }
  output "total" {
    value = step.order.body.total
  }
}
`,
}

// UnknownParameter: a parameter that the operation does not have.
var UnknownParameter = &diag.Rule{
	Name: "unknown-parameter", Title: "Unknown parameter",
	Explain: "`params` names the parameters that the document declares for the operation, wherever they travel: path, query, header or cookie. " +
		"Where one name stands in two places, say which: `\"header:id\"`. Headers that the document does not declare go into `headers`.",
	Bad: `api "shop" {
  spec = "openapi/shop.yaml"
}

integration "orders" {
  step "orders" {
    call   = shop.listOrders
    params = { page = 1, limit = 10 }
  }
  output "orders" {
    value = step.orders.body.data
  }
}
`,
	Good: `api "shop" {
  spec = "openapi/shop.yaml"
}

integration "orders" {
  step "orders" {
    call   = shop.listOrders
    params = { page = 1, per_page = 10 }
  }
  output "orders" {
    value = step.orders.body.data
  }
}
`,
}

// MissingParameter: a parameter that the operation cannot do without.
var MissingParameter = &diag.Rule{
	Name: "missing-parameter", Title: "Missing parameter",
	Explain: "The document marks the parameter as required, and nothing gives it: not `params`, nor the headers and credentials of the api.",
	Bad: `api "shop" {
  spec = "openapi/shop.yaml"
}

integration "order" {
  step "order" {
    call = shop.getOrder
  }
  output "total" {
    value = step.order.body.total
  }
}
`,
	Good: `api "shop" {
  spec = "openapi/shop.yaml"
}

integration "order" {
  step "order" {
    call   = shop.getOrder
    params = { id = "o-1" }
  }
  output "total" {
    value = step.order.body.total
  }
}
`,
}
