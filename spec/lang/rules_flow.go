package lang

import "tenon/spec/diag"

var flowRules = []*diag.Rule{
	SwitchNotExhaustive, CatchUnreachable, RecoverUnused, RecoverWrites, UndoNothing, RepeatWrite, StateInLoop, UnreachableStep, PaginationMissing, PaginationUnknown, PaginationEndless, UnboundedCollect, UnsafeRetry, InDoubtWrite, IdempotencyUnsent, IdempotencyConstant, WriteOrder, Unused,
}

// SwitchNotExhaustive: a switch that forgets a member of an enum.
var SwitchNotExhaustive = &diag.Rule{
	Name: "switch-not-exhaustive", Title: "Switch without a case for every value",
	Explain: "What the switch looks at is one of a known set of values, and not all of them have a case. Add the cases, or a `default`, which may be empty: " +
		"`default {}` says that nothing is to be done.",
	Bad: `api "shop" {
  spec = "openapi/shop.yaml"
}

integration "follow_up" {
  input "status" {
    type = enum("open", "paid")
  }
  switch "status" {
    on = input.status
    case "open" {
      step "remind" {
        call   = shop.addNote
        params = { id = "o-1" }
        body   = { text = "Please pay." }
      }
    }
  }
}
`,
	Good: `api "shop" {
  spec = "openapi/shop.yaml"
}

integration "follow_up" {
  input "status" {
    type = enum("open", "paid")
  }
  switch "status" {
    on = input.status
    case "open" {
      step "remind" {
        call   = shop.addNote
        params = { id = "o-1" }
        body   = { text = "Please pay." }
      }
    }
    default {
    }
  }
}
`,
}

// CatchUnreachable: a catch that never takes anything.
var CatchUnreachable = &diag.Rule{
	Name: "catch-unreachable", Title: "Catch that is never taken",
	Explain: "The first catch that fits is taken, so one behind a wider one never is; and a success, a 2xx or a status listed in `accept`, is no failure.",
	Bad: `api "shop" {
  spec = "openapi/shop.yaml"
}

integration "note" {
  step "note" {
    call   = shop.addNote
    params = { id = "o-1" }
    body   = { text = "Thank you." }
    catch "4xx" {
      skip = true
    }
    catch "404" {
      skip = true
    }
  }
}
`,
	Good: `api "shop" {
  spec = "openapi/shop.yaml"
}

integration "note" {
  step "note" {
    call   = shop.addNote
    params = { id = "o-1" }
    body   = { text = "Thank you." }
    catch "404" {
      skip = true
    }
    catch "any" {
      skip = true
    }
  }
}
`,
}

// UnreachableStep: something that never runs.
var UnreachableStep = &diag.Rule{
	Name: "unreachable-step", Severity: diag.Warning, Title: "Never runs",
	Explain: "The condition is false whatever happens, or the value of a case has been taken by a case before it.",
	Bad: `integration "greet" {
  step "greeting" {
    when  = 1 > 2
    value = "hello"
  }
  output "greeting" {
    value = step.greeting.value
  }
}
`,
	Good: `integration "greet" {
  step "greeting" {
    value = "hello"
  }
  output "greeting" {
    value = step.greeting.value
  }
}
`,
}

// PaginationMissing: only the first page of a list is read.
var PaginationMissing = &diag.Rule{
	Name: "pagination-missing", Severity: diag.Note, Title: "Only the first page is read",
	Explain: "The operation answers in pages, but the step asks once, or nobody goes through the items of its pages. If all of the list is wanted, add `paginate {}` and go through `step.NAME.items`; " +
		"if one page is, naming the parameter that asks for it says so.",
	Bad: `api "shop" {
  spec = "openapi/shop.yaml"
}

integration "orders" {
  step "orders" {
    call = shop.listOrders
  }
  output "orders" {
    value = len(step.orders.body.data)
  }
}
`,
	Good: `api "shop" {
  spec = "openapi/shop.yaml"
}

integration "orders" {
  step "orders" {
    call = shop.listOrders
    paginate {
      limit = 10000
    }
  }
  output "orders" {
    value = len(collect(step.orders.items))
  }
}
`,
}

// PaginationUnknown: the spec does not show how a list is read page by page.
var PaginationUnknown = &diag.Rule{
	Name: "pagination-unknown", Title: "Pages that cannot be inferred",
	Explain: "`paginate {}` leaves it to the spec how further pages are asked for. Here the spec does not say enough: it declares no list, or several; no parameter that asks for the next page; or nothing in the " +
		"answer that could be given there. Tenon does not guess, since a wrong guess loses items without a word. Write `items` and `next` as the provider's documentation has them, or say it for all " +
		"integrations by the extension `x-tenon-pagination` in an overlay.",
	Bad: `api "shop" {
  spec = "openapi/shop.yaml"
}

integration "notes" {
  step "notes" {
    call   = shop.listNotes
    params = { id = "o-1" }
    paginate {
      limit = 100
    }
  }
  output "notes" {
    value = len(collect(step.notes.items))
  }
}
`,
	Good: `api "shop" {
  spec = "openapi/shop.yaml"
}

integration "notes" {
  step "notes" {
    call   = shop.listNotes
    params = { id = "o-1" }
    paginate {
      next  = { after = last(response.body).id }
      limit = 100
    }
  }
  output "notes" {
    value = len(collect(step.notes.items))
  }
}
`,
}

// PaginationEndless: the same page is asked for after every page.
var PaginationEndless = &diag.Rule{
	Name: "pagination-endless", Title: "The same page again and again",
	Explain: "What `next` asks for does not depend on the page just read, so that the third page is the second one once more. Such a run fails when it comes there. " +
		"Where `next` may also say that there is no further page it may end before; then this is a warning.",
	Bad: `api "shop" {
  spec = "openapi/shop.yaml"
}

integration "orders" {
  step "orders" {
    call = shop.listOrders
    paginate {
      next  = { page = 2 }
      limit = 1000
    }
  }
  output "orders" {
    value = len(collect(step.orders.items))
  }
}
`,
	Good: `api "shop" {
  spec = "openapi/shop.yaml"
}

integration "orders" {
  step "orders" {
    call = shop.listOrders
    paginate {
      next  = response.body.has_more ? { page = coalesce(request.params.page, 1) + 1 } : null
      limit = 1000
    }
  }
  output "orders" {
    value = len(collect(step.orders.items))
  }
}
`,
}

// UnboundedCollect: a list of any length in memory.
var UnboundedCollect = &diag.Rule{
	Name: "unbounded-collect", Severity: diag.Note, Title: "Any number of items in memory",
	Explain: "`collect` keeps all items of a paginated step in memory at once. That is fine for short lists; give `paginate` a `limit` to say how long it may get, or go through the " +
		"items with `for_each`, which reads them page by page.",
	Bad: `api "shop" {
  spec = "openapi/shop.yaml"
}

integration "orders" {
  step "orders" {
    call = shop.listOrders
    paginate {
      items = response.body.data
      next  = null
    }
  }
  output "orders" {
    value = len(collect(step.orders.items))
  }
}
`,
	Good: `api "shop" {
  spec = "openapi/shop.yaml"
}

integration "orders" {
  step "orders" {
    call = shop.listOrders
    paginate {
      items = response.body.data
      next  = null
      limit = 1000
    }
  }
  output "orders" {
    value = len(collect(step.orders.items))
  }
}
`,
}

// InDoubtWrite: a write of which nobody may ever know whether it happened.
var InDoubtWrite = &diag.Rule{
	Name: "in-doubt-write", Severity: diag.Note, Title: "Write whose outcome may stay unknown",
	Explain: "The operation writes and is neither idempotent by its method nor declared so. If the connection breaks after it was sent, nobody knows whether it had its effect; sending it " +
		"again could repeat it, so the run stops in doubt and a person decides. A `recover` block says how to find out. If the provider takes idempotency keys, say so with `idempotency`. If sending it twice is harmless, write `idempotent = true` on the step; " +
		"`on_unknown = \"stop\"` on the api accepts that a run may stop so.",
	Bad: `api "shop" {
  spec = "openapi/shop.yaml"
}

integration "note" {
  step "note" {
    call   = shop.addNote
    params = { id = "o-1" }
    body   = { text = "Thank you." }
  }
}
`,
	Good: `api "shop" {
  spec       = "openapi/shop.yaml"
  on_unknown = "stop"
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

// IdempotencyUnsent: a key that has nowhere to go.
var IdempotencyUnsent = &diag.Rule{
	Name: "idempotency-unsent", Title: "Idempotency key that is not sent",
	Explain: "A key helps only where the provider looks for one. Specs declare a header for it, or an overlay does (`x-tenon-idempotency`), or the api's `idempotency` block. Here none does.",
	Bad: `api "shop" {
  spec = "openapi/shop.yaml"
}

integration "note" {
  input "order" {
    type = string
  }
  step "note" {
    call            = shop.addNote
    params          = { id = input.order }
    body            = { text = "Thank you." }
    idempotency_key = "thanks-${input.order}"
  }
}
`,
	Good: `api "shop" {
  spec = "openapi/shop.yaml"
  idempotency {
    header = "Idempotency-Key"
  }
}

integration "note" {
  input "order" {
    type = string
  }
  step "note" {
    call            = shop.addNote
    params          = { id = input.order }
    body            = { text = "Thank you." }
    idempotency_key = "thanks-${input.order}"
  }
}
`,
}

// IdempotencyConstant: one key for many writes.
var IdempotencyConstant = &diag.Rule{
	Name: "idempotency-constant", Severity: diag.Warning, Title: "One idempotency key for all requests",
	Explain: "A provider answers a request whose key it has seen with the answer to the first one, and does nothing. A key that never changes lets the first write through and no other. " +
		"Make it of what the write is about; without `idempotency_key`, one is made for each run, step and item.",
	Bad: `api "shop" {
  spec = "openapi/shop.yaml"
  idempotency {
    header = "Idempotency-Key"
  }
}

integration "note" {
  input "order" {
    type = string
  }
  step "note" {
    call            = shop.addNote
    params          = { id = input.order }
    body            = { text = "Thank you." }
    idempotency_key = "thanks"
  }
}
`,
	Good: `api "shop" {
  spec = "openapi/shop.yaml"
  idempotency {
    header = "Idempotency-Key"
  }
}

integration "note" {
  input "order" {
    type = string
  }
  step "note" {
    call            = shop.addNote
    params          = { id = input.order }
    body            = { text = "Thank you." }
    idempotency_key = "thanks-${input.order}"
  }
}
`,
}

// UnsafeRetry: a resend that the runtime will refuse.
var UnsafeRetry = &diag.Rule{
	Name: "unsafe-retry", Severity: diag.Warning, Title: "Retry that will be refused",
	Explain: "The operation writes and is neither idempotent by its method nor declared so. When an attempt ended without a clear answer it may have had its effect, so it is " +
		"not sent again, whatever `retry` asks for. If the provider takes idempotency keys, say so with the api's `idempotency`; if sending it twice is harmless, write `idempotent = true`.",
	Bad: `api "shop" {
  spec = "openapi/shop.yaml"
}

integration "note" {
  step "note" {
    call   = shop.addNote
    params = { id = "o-1" }
    body   = { text = "Thank you." }
    retry {
      on = ["timeout", 429]
    }
  }
}
`,
	Good: `api "shop" {
  spec = "openapi/shop.yaml"
}

integration "note" {
  step "note" {
    call   = shop.addNote
    params = { id = "o-1" }
    body   = { text = "Thank you." }
    retry {
      on = [429]
    }
  }
}
`,
}

// WriteOrder: steps that are written in another order than they can run in.
var WriteOrder = &diag.Rule{
	Name: "write-order", Title: "Order of writes",
	Explain: "Steps that write run in the order they are written in, and reads do not overtake a write to the same API before them. Here a result is needed earlier than " +
		"the step that gives it may run. Move that step up.",
	Bad: `api "shop" {
  spec = "openapi/shop.yaml"
}

integration "pay" {
  step "note" {
    call   = shop.addNote
    params = { id = step.order.body.id }
    body   = { text = "Paid." }
  }
  step "order" {
    call   = shop.updateOrder
    params = { id = "o-1" }
    body   = { status = "paid" }
  }
}
`,
	Good: `api "shop" {
  spec = "openapi/shop.yaml"
}

integration "pay" {
  step "order" {
    call   = shop.updateOrder
    params = { id = "o-1" }
    body   = { status = "paid" }
  }
  step "note" {
    call   = shop.addNote
    params = { id = step.order.body.id }
    body   = { text = "Paid." }
  }
}
`,
}

// Unused: a definition that nothing refers to.
var Unused = &diag.Rule{
	Name: "unused", Severity: diag.Warning, Title: "Unused",
	Explain: "Nothing refers to the definition, or nothing looks at what a step finds out that does nothing else. It is left over, or something that should use it does not.",
	Bad: `variable "region" {
  type    = string
  default = "eu"
}

integration "greet" {
  output "greeting" {
    value = "hello"
  }
}
`,
	Good: `variable "region" {
  type    = string
  default = "eu"
}

integration "greet" {
  output "greeting" {
    value = "hello from ${var.region}"
  }
}
`,
}
