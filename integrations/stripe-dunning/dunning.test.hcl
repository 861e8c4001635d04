test "no invoice is overdue" {
  integration = integration.dunning
  now         = "2026-02-03T12:00:00Z"

  mock "none" {
    call = stripe.GetInvoices
    body = { object = "list", data = [], has_more = false, url = "/v1/invoices" }
  }

  expect {
    outputs = { reminded = 0, invoices = [] }
    check "three days of grace" {
      assert  = calls.stripe.GetInvoices[0].params.due_date == { lt = unix(parse_time("2026-01-31T12:00:00Z")) }
      message = jsonencode(calls.stripe.GetInvoices)
    }
  }
}

test "a Stripe that is down is asked again, then the run fails" {
  integration = integration.dunning

  mock "down" {
    call   = stripe.GetInvoices
    status = 503
  }

  expect {
    status = "failed"
    assert = error.step == "overdue" && len(calls.stripe.GetInvoices) > 1
  }
}
