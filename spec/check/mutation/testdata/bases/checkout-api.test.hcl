test "a cart becomes an order in cents" {
  integration = integration.start
  inputs = {
    reference = "c-1"
    cart      = { reference = "c-1", currency = "EUR", lines = [{ sku = "A-1", title = "Anvil", quantity = 2, cents = 1999 }] }
  }

  mock "created" {
    call   = paypal["orders.create"]
    status = 201
    body   = { id = "5O190127TN364715T", status = "CREATED", intent = "CAPTURE", purchase_units = [{ reference_id = "c-1" }] }
  }

  expect {
    outputs = { id = "5O190127TN364715T", cents = 3998 }
    check "the checkout" {
      assert  = outputs.checkout.state == "open" && outputs.checkout.links[0].rel == "self"
      message = jsonencode(outputs)
    }
    check "the amount" {
      assert = [for c in calls.paypal["orders.create"] : c.body.purchase_units[0].amount] == [{ currency_code = "EUR", value = "39.98" }]
    }
    check "the key" {
      assert = calls.paypal["orders.create"][0].params["PayPal-Request-Id"] == "create-c-1"
    }
  }
}

test "what PayPal does not take fails" {
  integration = integration.start
  inputs = {
    reference = "c-2"
    cart      = { reference = "c-2", currency = "USD", lines = [{ sku = "A-1", title = "Anvil", quantity = 1, cents = 1 }] }
  }

  mock "refused" {
    call    = paypal["orders.create"]
    status  = 422
    body    = { name = "UNPROCESSABLE_ENTITY" }
    partial = true
  }

  expect {
    status = "failed"
    assert = error.status == 422 && error.kind == "status"
  }
}

test "an order that is not approved is not captured" {
  integration = integration.capture
  inputs      = { id = "5O190127TN364715T", note = "by phone" }

  mock "created only" {
    call = paypal["orders.get"]
    when = request.params.id == "5O190127TN364715T"
    body = { id = request.params.id, status = "CREATED" }
  }

  expect {
    status = "failed"
    check "at the check" {
      assert = error.kind == "check" && len(calls.paypal["orders.capture"]) == 0
    }
  }
}

test "one that is approved is" {
  integration = integration.capture
  inputs      = { id = "5O190127TN364715T" }

  mock "approved" {
    call = paypal["orders.get"]
    body = { id = request.params.id, status = "APPROVED" }
  }
  mock "captured after a while" {
    call      = paypal["orders.capture"]
    responses = [{ status = 503 }, { status = 201, body = { id = "5O190127TN364715T", status = "COMPLETED" } }]
  }

  expect {
    outputs = { status = "COMPLETED" }
    assert  = [for c in calls.paypal["orders.capture"] : c.status] == [503, 201]
  }
}
