package expression

import "tenon/spec/diag"

// Rules are the rules whose findings this package reports.
var Rules = []*diag.Rule{
	UnknownReference, UnknownField, UnknownFunction, ArgumentType, OperandType, OutOfScope, StreamNotCollected, Cycle,
	UnknownProperty, MissingProperty, TypeMismatch, EnumValue, FormatMismatch, PatternMismatch, OutOfRange, Length,
	ReadOnlyProperty, MaybeAbsent, MaybeNull, LossyNumber, VariantMismatch, ConditionConstant, MatchNotExhaustive, SecretLeak, LiteralTemplate,
}

// output makes an example out of one expression.
func output(value string) string {
	return "integration \"example\" {\n  output \"value\" {\n    value = " + value + "\n  }\n}\n"
}

// ordered makes an example out of an expression over an order of the example shop.
func overOrder(value string) string {
	return `api "shop" {
  spec = "openapi/shop.yaml"
}

integration "example" {
  step "order" {
    call   = shop.getOrder
    params = { id = "17" }
  }

  output "value" {
    value = ` + value + `
  }
}
`
}

// invoice makes an example out of the fields of an invoice, made of an order.
func invoice(body string) string {
	return `api "shop" {
  spec = "openapi/shop.yaml"
}

api "billing" {
  spec = "openapi/billing.yaml"

  auth "token" {
    token = secret.billing
  }
}

secret "billing" {
  env = "BILLING_TOKEN"
}

integration "example" {
  step "order" {
    call   = shop.getOrder
    params = { id = "17" }
  }

  step "invoice" {
    call = billing.createInvoice
    body = {
` + body + `
    }
  }
}
`
}

const wholeInvoice = `      customer = step.order.body.customer_id
      amount   = step.order.body.total
      currency = step.order.body.currency`

// References.
var (
	UnknownReference = &diag.Rule{
		Name: "unknown-reference", Title: "Unknown name",
		Explain: "The expression refers to something that is not defined, or not in reach where the expression stands. In reach are `input`, `var`, `secret`, the steps of the integration (`step.NAME`), its loops (`for_each.NAME`) and, inside a loop, its element.",
		Bad:     output(`inptu.since`), Good: output(`"a"`),
	}
	UnknownField = &diag.Rule{
		Name: "unknown-field", Title: "Unknown field",
		Explain: "The schema of the value does not declare the field that is read. A field that the schema leaves out, but that is there, is read with `lookup(x, \"name\", default)`; better, the provider's omission is mended in an overlay.",
		Bad:     overOrder(`step.order.body.totla`), Good: overOrder(`step.order.body.total`),
	}
	UnknownFunction = &diag.Rule{
		Name: "unknown-function", Title: "Unknown function",
		Explain: "There is no function of this name. There is one name for a thing; names from other tools are answered with the one that is meant.",
		Bad:     output(`length("abc")`), Good: output(`len("abc")`),
	}
	ArgumentType = &diag.Rule{
		Name: "argument-type", Title: "Wrong argument",
		Explain: "A function is given too many or too few arguments, or one that is not of the type that it takes. Nothing is converted silently.",
		Bad:     output(`lower(17)`), Good: output(`lower("ABC")`),
	}
	OperandType = &diag.Rule{
		Name: "operand-type", Title: "Wrong operand",
		Explain: "An operator, a condition, a template or an index is given a value that it does not work on. Nothing is converted silently, except scalars to text in templates.",
		Bad:     output(`"a" + 1`), Good: output(`"a${1}"`),
	}
	OutOfScope = &diag.Rule{
		Name: "out-of-scope", Title: "Not in reach here",
		Explain: "The name exists, but has no value where the expression stands: a step that runs later, `response` outside a step, `error` outside a catch.",
		Bad: `integration "example" {
  output "value" {
    value = error.message
  }
}
`, Good: output(`"a"`),
	}
	StreamNotCollected = &diag.Rule{
		Name: "stream-not-collected", Title: "A stream where a list is expected",
		Explain: "The items of a paginated step are read page by page, in constant memory, by a `for_each`. Any other use needs them all at once and says so with `collect(…)`.",
		Bad: `api "shop" {
  spec = "openapi/shop.yaml"
}

integration "example" {
  step "orders" {
    call = shop.listOrders
    paginate {
      items = response.body.data
      next  = response.body.has_more ? { page = response.body.page + 1 } : null
    }
  }

  output "count" {
    value = len(step.orders.items)
  }
}
`, Good: `api "shop" {
  spec = "openapi/shop.yaml"
}

integration "example" {
  step "orders" {
    call = shop.listOrders
    paginate {
      items = response.body.data
      next  = response.body.has_more ? { page = response.body.page + 1 } : null
      limit = 1000
    }
  }

  output "count" {
    value = len(collect(step.orders.items))
  }
}
`,
	}
	Cycle = &diag.Rule{
		Name: "cycle", Title: "Defined by itself",
		Explain: "A mapping calls itself, or steps wait for each other, directly or through others. There is no order in which they could be computed.",
		Bad: `mapping "a" {
  from  = { x = integer }
  value = mapping::b(x)
}

mapping "b" {
  from  = { x = integer }
  value = mapping::a(x)
}

integration "example" {
  output "value" {
    value = mapping::a(1)
  }
}
`, Good: `mapping "a" {
  from  = { x = integer }
  value = x + 1
}

integration "example" {
  output "value" {
    value = mapping::a(1)
  }
}
`,
	}
	ConditionConstant = &diag.Rule{
		Name: "condition-constant", Severity: diag.Note, Title: "Always the same",
		Explain: "A test, or the alternative of a `coalesce`, that the types say is never needed. Either it is left over, or the specification promises more than is true; then an overlay says so.",
		Bad:     overOrder(`step.order.body.id == null`), Good: overOrder(`step.order.body.coupon == null`),
	}
	MatchNotExhaustive = &diag.Rule{
		Name: "match-not-exhaustive", Title: "Match without a value for every member",
		Explain: "The value that `match` looks for has an enum, and the table has no entry for one of its members. Add the entry, or give a default as third argument.",
		Bad:     overOrder(`match(step.order.body.currency, { EUR = "€" })`),
		Good:    overOrder(`match(step.order.body.currency, { EUR = "€", USD = "$" })`),
	}
	LiteralTemplate = &diag.Rule{
		Name: "literal-template", Severity: diag.Warning, Title: "Text that reads like an expression",
		Explain: "A text has the name of something in the project in it, in quotes or in the brackets of another tool's templates (`{{ input.name }}`, `$input.name`), and would be sent as it stands. What is computed stands without quotes, or in `${…}` inside of text. It is told only where the name is one that exists here: some APIs take templates of their own.",
		Bad: `integration "example" {
  input "name" {
    type = string
  }

  output "value" {
    value = ["Hi {{ input.name }}", input.name]
  }
}
`, Good: `integration "example" {
  input "name" {
    type = string
  }

  output "value" {
    value = ["Hi ${input.name}", input.name]
  }
}
`,
	}
	SecretLeak = &diag.Rule{
		Name: "secret-leak", Title: "A secret leaves its place",
		Explain: "Secrets flow to the `auth`, `headers`, `server` and `tls` of an api only. Whatever is computed from a secret is one, through `value` steps, loops, mappings and catches; conditions may look at it. Where a secret must go elsewhere, `reveal(secret.x, \"why\")` says so to every reader.",
		Bad: `secret "key" {
  env = "KEY"
}

integration "example" {
  output "value" {
    value = secret.key
  }
}
`, Good: `secret "key" {
  env = "KEY"
}

integration "example" {
  output "value" {
    value = reveal(secret.key, "this integration exists to show it")
  }
}
`,
	}
)

// What a place wants of a value.
var (
	UnknownProperty = &diag.Rule{
		Name: "unknown-property", Title: "Unknown property",
		Explain: "An object has a property that the schema of its place does not have. It is an error where the schema forbids others, and a warning where it does not speak of them.",
		Bad:     invoice(wholeInvoice + "\n      memmo    = \"thanks\""), Good: invoice(wholeInvoice + "\n      memo     = \"thanks\""),
	}
	MissingProperty = &diag.Rule{
		Name: "missing-property", Title: "A required property is missing",
		Explain: "An object lacks a property that the schema of its place requires.",
		Bad: invoice(`      customer = step.order.body.customer_id
      currency = step.order.body.currency`), Good: invoice(wholeInvoice),
	}
	TypeMismatch = &diag.Rule{
		Name: "type-mismatch", Title: "Wrong type",
		Explain: "A value is of another type than its place expects. Nothing is converted silently, except an integer to a number, a time to text where a date or date-time is expected, and scalars to text in parameters.",
		Bad: invoice(`      customer = step.order.body.customer_id
      amount   = "19.99"
      currency = step.order.body.currency`), Good: invoice(wholeInvoice),
	}
	EnumValue = &diag.Rule{
		Name: "enum-value", Title: "Not one of the values",
		Explain: "A value is, or may be, none of those that its place takes. `match` maps one enum to another.",
		Bad:     invoice(wholeInvoice + "\n      state    = \"payed\""), Good: invoice(wholeInvoice + "\n      state    = \"paid\""),
	}
	FormatMismatch = &diag.Rule{
		Name: "format-mismatch", Title: "Wrong format",
		Explain: "A text is not, or need not be, of the format that its place expects. Formats that no standard defines are not checked.",
		Bad: `api "billing" {
  spec = "openapi/billing.yaml"

  auth "token" {
    token = secret.billing
  }
}

secret "billing" {
  env = "BILLING_TOKEN"
}

integration "example" {
  step "invoice" {
    call   = billing.getInvoice
    params = { id = "17" }
  }

  output "amount" {
    value = step.invoice.body.amount
  }
}
`, Good: `api "billing" {
  spec = "openapi/billing.yaml"

  auth "token" {
    token = secret.billing
  }
}

secret "billing" {
  env = "BILLING_TOKEN"
}

integration "example" {
  step "invoice" {
    call   = billing.getInvoice
    params = { id = "0b2f1c9e-7d1e-4c53-9d0a-1f6f3a3a5b11" }
  }

  output "amount" {
    value = step.invoice.body.amount
  }
}
`,
	}
	PatternMismatch = &diag.Rule{
		Name: "pattern-mismatch", Title: "Does not match the pattern",
		Explain: "A text does not match, or need not match, the pattern that its place expects.",
		Bad: `variable "code" {
  type    = string({ pattern = "^[A-Z]{3}$" })
  default = "eur"
}

integration "example" {
  output "code" {
    value = var.code
  }
}
`, Good: `variable "code" {
  type    = string({ pattern = "^[A-Z]{3}$" })
  default = "EUR"
}

integration "example" {
  output "code" {
    value = var.code
  }
}
`,
	}
	OutOfRange = &diag.Rule{
		Name: "out-of-range", Title: "Out of range",
		Explain: "A number is, or may be, below the minimum or above the maximum of its place, or not one of the multiples that it takes. `clamp` keeps a number in a range.",
		Bad: invoice(`      customer = step.order.body.customer_id
      amount   = -1
      currency = step.order.body.currency`), Good: invoice(wholeInvoice),
	}
	Length = &diag.Rule{
		Name: "length", Title: "Too long or too short",
		Explain: "A text, a list or an object has, or may have, more or fewer parts than its place takes. `truncate` shortens a text.",
		Bad:     invoice(wholeInvoice + "\n      reference = \"a reference that is longer than thirty characters\""), Good: invoice(wholeInvoice + "\n      reference = \"short\""),
	}
	ReadOnlyProperty = &diag.Rule{
		Name: "read-only-property", Title: "Read-only or write-only property",
		Explain: "A request carries a property that the schema declares `readOnly`: the provider sets it. Or an answer of a served operation carries one that it declares `writeOnly`. Where the document's own example of the request carries the property, it is meant, and sent: that is a note.",
		Bad:     invoice(wholeInvoice + "\n      id       = \"0b2f1c9e-7d1e-4c53-9d0a-1f6f3a3a5b11\""), Good: invoice(wholeInvoice),
	}
	MaybeAbsent = &diag.Rule{
		Name: "maybe-absent", Title: "May be absent",
		Explain: "A value may not be there, because its schema does not require it, or something on the way to it may be absent or null; and its place can't be left out. `coalesce(x, …)` supplies a value, `must(x, \"why\")` says that it is always there. It is a note where the schema merely does not say, and an error where the value is never there.",
		Bad: invoice(`      customer = step.order.body.coupon
      amount   = step.order.body.total
      currency = step.order.body.currency`), Good: invoice(`      customer = coalesce(step.order.body.coupon, "none")
      amount   = step.order.body.total
      currency = step.order.body.currency`),
	}
	MaybeNull = &diag.Rule{
		Name: "maybe-null", Title: "May be null",
		Explain: "A value may be null, which its schema says, and its place takes no null. `coalesce(x, …)` supplies a value.",
		Bad: invoice(`      customer = step.order.body.note
      amount   = step.order.body.total
      currency = step.order.body.currency`), Good: invoice(`      customer = coalesce(step.order.body.note, "none")
      amount   = step.order.body.total
      currency = step.order.body.currency`),
	}
	LossyNumber = &diag.Rule{
		Name: "lossy-number", Title: "A fraction where an integer is expected",
		Explain: "A number that may have a fraction goes to a place that takes integers. `round`, `floor` and `ceil` make an integer of it; `decimal` computes exactly before.",
		Bad: invoice(`      customer = step.order.body.customer_id
      amount   = step.order.body.total * 1.1
      currency = step.order.body.currency`), Good: invoice(`      customer = step.order.body.customer_id
      amount   = clamp(round(decimal(step.order.body.total) / 2), 0, 10000000)
      currency = step.order.body.currency`),
	}
	VariantMismatch = &diag.Rule{
		Name: "variant-mismatch", Title: "None of the alternatives",
		Explain: "The schema of the place has several alternatives, and the value fits none of them as a whole, or more than one where it must be one.",
		Bad:     paying(`{ card = id, iban = id }`), Good: paying(`{ kind = "card", card = id }`),
	}
)

// paying is a project with a mapping to a schema of two alternatives.
func paying(value string) string {
	return `-- main.hcl --
schema "payment" {
  file = "payment.json"
}

mapping "pay" {
  from  = { id = string }
  to    = schema.payment
  value = ` + value + `
}

integration "example" {
  output "payment" {
    value = mapping::pay("4711")
  }
}
-- payment.json --
{
  "oneOf": [
    {
      "type": "object",
      "required": ["kind", "card"],
      "properties": { "kind": { "const": "card" }, "card": { "type": "string" } },
      "additionalProperties": false
    },
    {
      "type": "object",
      "required": ["kind", "iban"],
      "properties": { "kind": { "const": "bank" }, "iban": { "type": "string" } },
      "additionalProperties": false
    }
  ]
}
`
}
