package lang

var api = &Block{
	Name:   "api",
	Unique: "file",
	Labels: []*Label{{Name: "NAME", Kind: Name, Root: true, Doc: "What the API is called in this project: `call = NAME.listOrders`."}},
	Attrs: []*Attr{
		{Name: "spec", Kind: Text, Required: true, Unless: "operation",
			Doc: "The OpenAPI document (3.0, 3.1, 3.2, or Swagger 2.0; YAML or JSON): a file, relative to the project. `tenon lock` pins its digest. An API without one declares its operations in `operation` blocks."},
		{Name: "overlays", Kind: Files, Needs: "spec",
			Doc: "OpenAPI Overlay documents (1.0 or 1.1; YAML or JSON) that say what the spec leaves out or gets wrong: files, relative to the project. They are applied in this order, and pinned as the spec is."},
		{Name: "server", Kind: Expression, Sees: []string{"var"},
			Doc: "The base URL, if not the first server that the spec names. A spec without servers needs it. Also `{ url = …, variables = { … } }`."},
		{Name: "headers", Kind: Expression, Sees: []string{"var", "secret"},
			Doc: "An object of headers sent with every request."},
		{Name: "timeout", Kind: Duration, Default: `"30s"`,
			Doc: "Bounds one attempt, from dialling to the last byte of the answer. Each retry gets its own."},
		{Name: "on_unknown", Kind: Choice, Choices: []string{"stop"},
			Doc: "Accepts that the run stops in doubt, for a person to decide, where the outcome of a write that cannot be sent again is unknown. Without it lint notes where that can happen."},
		{Name: "validate", Kind: Choice, Choices: []string{"strict", "warn"}, Default: `"strict"`,
			Doc: "What an answer that breaks a promise of the spec does, where the integration relies on it: fail the step, or only be told."},
	},
	Doc: "An API that integrations call: where its specification is, how to reach it and how to sign in.",
	Example: `api "shop" {
  spec     = "openapi/shop.yaml"
  overlays = ["overlays/shop.yaml"]
  server   = var.shop_url
  headers  = { "User-Agent" = "orders/1.0" }
  timeout  = "20s"

  auth "key" {
    value = secret.shop_key
  }
  limit {
    rate = "100/1s"
  }
  retry {
    attempts = 5
  }
}

variable "shop_url" {
  type    = string({ format = "uri" })
  default = "https://eu.shop.example.com"
}

secret "shop_key" {
  env = "SHOP_KEY"
}

integration "orders" {
  step "orders" {
    call   = shop.listOrders
    params = { status = "paid" }
  }
  output "first" {
    value = step.orders.body.data[0].id
  }
}
`,
}

var limit = &Block{
	Name: "limit",
	Attrs: []*Attr{
		{Name: "rate", Kind: Rate, Doc: "Requests in a time, on average."},
		{Name: "burst", Kind: Whole, Min: 1, Needs: "rate", Doc: "Requests that may go at once after a pause, of a provider whose bucket leaks. Without it, as many as `rate` names, and never more in any such time."},
		{Name: "concurrency", Kind: Whole, Min: 1, Doc: "Requests under way at the same time."},
	},
	AtLeastOne: []string{"rate", "concurrency"},
	Doc: "Bounds how fast an API is called, by all runs that use the same credentials. Requests wait for their turn; none is refused. Of several blocks all hold. " +
		"What answers tell about quotas is obeyed besides.\n\n" +
		"In a `trigger \"operation\"` it bounds each client, by its credential if it shows one, else by its address; one that asks too often is refused with 429. " +
		"Without `burst`, as many requests as `rate` names may come at once.",
	Example: `api "shop" {
  spec = "openapi/shop.yaml"
  limit {
    rate        = "100/1s"
    burst       = 20
    concurrency = 10
  }
  limit {
    rate = "5000/1h"
  }
}

integration "orders" {
  step "orders" {
    call = shop.listOrders
  }
  output "orders" {
    value = step.orders.body.data
  }
}
`,
}

var idempotency = &Block{
	Name: "idempotency",
	Once: true,
	Attrs: []*Attr{
		{Name: "header", Kind: Text, Required: true, Doc: "The header that carries the key."},
	},
	Doc: "Says that the provider takes idempotency keys, where neither its spec nor an overlay does. Every request that is not idempotent by its method then carries one, made of the run, the step and " +
		"the item, or the step's `idempotency_key`; it is the same however often it is sent, and so it may be sent again.",
	Example: `api "shop" {
  spec = "openapi/shop.yaml"
  idempotency {
    header = "Idempotency-Key"
  }
}

integration "note" {
  step "note" {
    call   = shop.addNote
    params = { id = "o-1" }
    body   = { text = "Thank you." }
  }
}
`,
}

var retry = &Block{
	Name:  "retry",
	Once:  true,
	Needs: "call",
	Attrs: []*Attr{
		{Name: "attempts", Kind: Whole, Min: 1, Default: "3", Doc: "How often a request is sent at most, the first time included."},
		{Name: "backoff", Kind: Choice, Choices: []string{"exponential", "linear", "constant"}, Default: `"exponential"`,
			Doc: "How the pause grows from attempt to attempt. The pause taken is a random part of it. An answer's `Retry-After` is obeyed."},
		{Name: "initial", Kind: Duration, Default: `"250ms"`, Doc: "The first pause."},
		{Name: "max", Kind: Duration, Default: `"30s"`, Doc: "The longest pause."},
		{Name: "on", Kind: Failures, Default: `["network", "timeout", 429, "5xx"]`, Doc: "What is tried again."},
	},
	Doc: "Sends a request again after a failure. Without this block, what is safe to send twice is retried with the defaults below; `attempts = 1` switches that off. " +
		"What is not safe to send twice (a POST without an idempotency key, that nobody vouches for) is never sent again when the first one may have arrived. " +
		"In a step, what is written replaces what the API's `retry` says, attribute by attribute.",
	Example: `api "shop" {
  spec = "openapi/shop.yaml"
  retry {
    attempts = 5
    on       = ["network", 429, "5xx"]
  }
}

integration "orders" {
  step "orders" {
    call = shop.listOrders
    retry {
      attempts = 10
    }
  }
  output "orders" {
    value = step.orders.body.data
  }
}
`,
}
