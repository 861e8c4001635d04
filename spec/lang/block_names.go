package lang

var schema = &Block{
	Name:   "schema",
	Unique: "file",
	Labels: []*Label{{Name: "NAME", Kind: Name, Doc: "Types refer to it as `schema.NAME`."}},
	Attrs: []*Attr{
		{Name: "file", Kind: Text, Doc: "A JSON Schema (draft 4 to 2020-12; JSON or YAML): a file, relative to the project."},
		{Name: "type", Kind: Type, Doc: "A type written in place."},
	},
	ExactlyOne: []string{"file", "type"},
	Doc:        "A type of your own, from a JSON Schema or written in place.",
	Example: `schema "address" {
  type = object({
    street = string({ max_length = 80 })
    city   = string
    zip    = optional(string)
  })
}

integration "greet" {
  input "address" {
    type = schema.address
  }
  output "line" {
    value = "${input.address.street}, ${input.address.city}"
  }
}
`,
}

var variable = &Block{
	Name:   "variable",
	Unique: "file",
	Labels: []*Label{{Name: "NAME", Kind: Name, Doc: "Expressions refer to it as `var.NAME`."}},
	Attrs: []*Attr{
		{Name: "type", Kind: Type, Required: true, Doc: "What values it takes."},
		{Name: "default", Kind: Expression, Sees: []string{}, Doc: "Its value if nobody gives one. Without a default it must be given."},
		{Name: "description", Kind: Text, Doc: "What it is for."},
	},
	Doc: "A setting of the project, the same for all its integrations. Given with `--var NAME=VALUE`, `--var-file` or the environment variable `TENON_VAR_NAME`.",
	Example: `variable "region" {
  description = "Where orders are shipped from."
  type        = enum("eu", "us")
  default     = "eu"
}

integration "where" {
  output "region" {
    value = upper(var.region)
  }
}
`,
}

var secret = &Block{
	Name:   "secret",
	Unique: "file",
	Labels: []*Label{{Name: "NAME", Kind: Name, Doc: "Expressions refer to it as `secret.NAME`."}},
	Attrs: []*Attr{
		{Name: "env", Kind: Text, Doc: "The environment variable that holds it."},
		{Name: "file", Kind: Text, Doc: "The file that holds it, relative to the project. A line end at its end is dropped."},
		{Name: "command", Kind: Texts, Doc: "A program and its arguments that prints it. No shell is involved. A line end at its end is dropped."},
	},
	ExactlyOne: []string{"env", "file", "command"},
	Doc: "A secret and where it comes from. It may only be used where secrets are sent on purpose: in the `auth`, `headers` and `server` of an API. " +
		"It is never printed, logged or recorded.",
	Example: `api "shop" {
  spec = "openapi/shop.yaml"

  auth "key" {
    value = secret.shop_key
  }
}

secret "shop_key" {
  command = ["pass", "show", "shop"]
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

var mapping = &Block{
	Name:   "mapping",
	Unique: "file",
	Labels: []*Label{{Name: "NAME", Kind: Name, Doc: "Called as `mapping::NAME(…)`."}},
	Attrs: []*Attr{
		{Name: "from", Kind: Types, Required: true, Doc: "The inputs, with their types, in the order in which they are given."},
		{Name: "to", Kind: Type, Doc: "The type of the result. Without it, the result is whatever `value` is."},
		{Name: "value", Kind: Expression, Required: true, Sees: []string{"the inputs", "var", "functions", "other mappings"}, Doc: "The result."},
	},
	Doc: "A typed function from one shape of data to another, checked once against both.",
	Example: `api "shop" {
  spec = "openapi/shop.yaml"
}

api "billing" {
  spec = "openapi/billing.yaml"

  auth "token" {
    token = secret.billing_token
  }
}

secret "billing_token" {
  env = "BILLING_TOKEN"
}

mapping "invoice" {
  from = { order = shop.schemas.Order }
  to   = billing.schemas.InvoiceCreate
  value = {
    customer = order.customer_id
    amount   = order.total
    currency = order.currency
  }
}

integration "invoices" {
  step "order" {
    call   = shop.getOrder
    params = { id = "o-1" }
  }
  step "invoice" {
    call = billing.createInvoice
    body = mapping::invoice(step.order.body)
  }
}
`,
}
