#   tenon test              what must come of invoices, without network
#   tenon test --coverage   and what no test reaches

test "paid orders are billed in cents, by the page" {
  integration = integration.invoices
  inputs      = { since = "2026-02-01T00:00:00Z" }

  mock "the last page" {
    call = shop.listOrders
    when = request.params.page == 2
    body = { data = [], page = 2, has_more = false }
  }
  mock "the first page" {
    call = shop.listOrders
    body = jsondecode(file("testdata/orders.json"))
  }
  mock "Ada" {
    call = shop.getCustomer
    body = { id = request.params.id, name = "Ada Lovelace", email = "ada@example.com", company = null }
  }
  mock "as ordered" {
    call = billing.createInvoice
    body = {
      id         = "3f2a9d1e-5b7c-4e8f-9a6b-0c1d2e3f4a5b"
      state      = "sent"
      reference  = request.body.reference
      currency   = request.body.currency
      amount     = request.body.amount
      created_at = "2026-02-03T00:00:00Z"
    }
  }

  expect {
    outputs = { invoices = 2, billed_cents = 2898, next_since = "2026-02-02T10:00:00Z" }

    check "only what is paid and new is asked for" {
      assert = [for c in calls.shop.listOrders : c.params.status] == ["paid", "paid"]
    }
    check "a transfer is still open, a card is not" {
      assert  = sort([for c in calls.billing.createInvoice : c.body.settlement]) == ["open", "prepaid"]
      message = jsonencode([for c in calls.billing.createInvoice : c.body])
    }
    check "a company that is null is left out" {
      assert = len([for c in calls.billing.createInvoice : c if c.body.recipient.company != null]) == 0
    }
  }
}

test "an invoice that is lost on the way is asked for again, under the same key" {
  integration = integration.invoices

  mock "one order" {
    call = shop.listOrders
    body = merge(jsondecode(file("testdata/orders.json")), { data = [jsondecode(file("testdata/orders.json")).data[0]], has_more = false })
  }
  mock "down, then up" {
    call      = billing.createInvoice
    responses = [{ status = 503 }, { error = "timeout" }, { status = 201, body = jsondecode(file("testdata/invoice.json")) }]
  }

  expect {
    outputs = { invoices = 1, billed_cents = 1999 }
    assert  = [for c in calls.billing.createInvoice : c.params["Idempotency-Key"]] == ["7d1f0a52-3c4b-4d5e-8f60-718293a4b5c6", "7d1f0a52-3c4b-4d5e-8f60-718293a4b5c6", "7d1f0a52-3c4b-4d5e-8f60-718293a4b5c6"]
  }
}

test "an order whose customer is gone keeps none of the others from being billed" {
  integration = integration.invoices

  mock "two orders" {
    call = shop.listOrders
    body = merge(jsondecode(file("testdata/orders.json")), { has_more = false })
  }
  mock "the first one's customer is gone" {
    call   = shop.getCustomer
    when   = request.params.id == "0b9c8d7e-6f5a-4b3c-9d2e-1f0a9b8c7d6e"
    status = 404
    body   = { code = "not_found", message = "no such customer" }
  }
  mock "as ordered" {
    call = billing.createInvoice
    body = merge(jsondecode(file("testdata/invoice.json")), { amount = request.body.amount })
  }

  expect {
    outputs = { invoices = 1, billed_cents = 899 }
    assert  = [for c in calls.billing.createInvoice : c.body.reference] == ["DE-000002"]
  }
}

test "a total that billing disputes is no success" {
  integration = integration.invoices

  mock "one order" {
    call = shop.listOrders
    body = merge(jsondecode(file("testdata/orders.json")), { data = [jsondecode(file("testdata/orders.json")).data[0]], has_more = false })
  }
  mock "another total" {
    call = billing.createInvoice
    body = merge(jsondecode(file("testdata/invoice.json")), { amount = 1 })
  }

  expect {
    outputs = { invoices = 0 }
  }
}
