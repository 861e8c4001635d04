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

test "what is overdue is sent once more, and that is written down" {
  integration = integration.dunning
  now         = "2026-02-03T12:00:00Z"

  mock "four invoices" {
    call = stripe.GetInvoices
    body = {
      data = [
        { id = "in_1", number = "A-1", amount_remaining = 4200, currency = "eur", metadata = {} },
        { id = "in_2", number = null, amount_remaining = 100, currency = "usd", metadata = { reminders = "2" } },
        { id = "in_3", amount_remaining = 100, metadata = { reminders = "3" } },
        { id = "in_4", amount_remaining = 0 },
      ]
      has_more = false
    }
    partial = true
  }
  mock "sent" {
    call    = stripe.PostInvoicesInvoiceSend
    body    = { id = request.params.invoice }
    partial = true
  }
  mock "written down" {
    call    = stripe.PostInvoicesInvoice
    body    = { id = request.params.invoice }
    partial = true
  }

  expect {
    outputs = {
      reminded = 2
      invoices = [{ number = "A-1", amount = 4200, currency = "eur" }, { number = "in_2", amount = 100, currency = "usd" }]
    }
    check "what has been reminded of often enough, or is paid, is left alone" {
      assert  = [for c in calls.stripe.PostInvoicesInvoiceSend : c.params.invoice] == ["in_1", "in_2"]
      message = jsonencode(calls.stripe.PostInvoicesInvoiceSend)
    }
    check "how often, and when" {
      assert  = [for c in calls.stripe.PostInvoicesInvoice : c.body.metadata] == [{ reminders = "1", last_reminder = "2026-02-03" }, { reminders = "3", last_reminder = "2026-02-03" }]
      message = jsonencode(calls.stripe.PostInvoicesInvoice)
    }
  }
}

test "an invoice that cannot be sent does not keep the next from being sent" {
  integration = integration.dunning

  mock "two invoices" {
    call    = stripe.GetInvoices
    body    = { data = [{ id = "in_1", amount_remaining = 1, metadata = {} }, { id = "in_2", amount_remaining = 1, metadata = {} }], has_more = false }
    partial = true
  }
  mock "one is void" {
    call    = stripe.PostInvoicesInvoiceSend
    when    = request.params.invoice == "in_1"
    status  = 400
    body    = { error = { message = "The invoice is void.", type = "invalid_request_error" } }
    partial = true
  }

  expect {
    outputs = { reminded = 1 }
    assert  = [for c in calls.stripe.PostInvoicesInvoice : c.params.invoice] == ["in_2"]
  }
}
