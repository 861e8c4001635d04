# An API of one's own for checkouts, with PayPal behind it.

api "paypal" {
  spec   = "paypal-orders.json"
  server = "https://api-m.sandbox.paypal.com"

  auth "Oauth2" {
    token = secret.paypal_token
  }
}

api "checkout" {
  spec = "openapi/checkout.yaml"
}

secret "paypal_token" {
  env = "PAYPAL_TOKEN"
}

secret "shop_key" {
  env = "SHOP_KEY"
}

mapping "checkout" {
  from = { order = paypal.schemas.order }
  to   = checkout.schemas.Checkout
  value = {
    id = must(order.id, "PayPal gives orders an id")
    state = match(order.status, {
      CREATED = "open", SAVED = "open", PAYER_ACTION_REQUIRED = "open", APPROVED = "agreed", COMPLETED = "done", VOIDED = "void"
    }, "open")
    links = [{ rel = "self", href = "/v1/checkouts/${must(order.id, "PayPal gives orders an id")}" }]
  }
}

integration "start" {
  input "cart" {
    type = checkout.schemas.Cart
  }
  input "reference" {
    type = string({ max_length = 36 })
  }

  trigger "operation" "start" {
    operation = checkout.startCheckout
    inputs    = { cart = trigger.body, reference = trigger.body.reference }

    auth "key" {
      value = secret.shop_key
    }
    respond {
      status  = 201
      headers = { Location = "/v1/checkouts/${outputs.id}" }
      body    = merge(outputs.checkout, { reference = trigger.body.reference })
    }
    respond {
      on     = "failed"
      when   = error.status == 422
      status = 422
      body   = { title = "PayPal does not take this cart.", status = 422, detail = truncate(error.message, 500) }
    }
    respond {
      on     = "failed"
      status = 502
      body   = { title = "PayPal did not answer as it should.", status = 502 }
    }
  }

  step "total" {
    value = sum([for l in input.cart.lines : l.cents * l.quantity])
  }
  step "order" {
    call       = paypal["orders.create"]
    params     = { "PayPal-Request-Id" = "create-${input.reference}", Prefer = "return=representation" }
    idempotent = true
    body = {
      intent = "CAPTURE"
      purchase_units = [{
        reference_id = input.reference
        amount       = { currency_code = input.cart.currency, value = format("%.2f", step.total.value / 100) }
      }]
    }
  }
  output "id" {
    value = must(step.order.body.id, "PayPal gives orders an id")
  }
  output "checkout" {
    value = mapping::checkout(step.order.body)
  }
  output "cents" {
    value = step.total.value
  }
}

integration "get" {
  input "id" {
    type = string({ min_length = 1, max_length = 36, pattern = "^[A-Z0-9]+$" })
  }

  trigger "operation" "get" {
    operation = checkout.getCheckout
    inputs    = { id = trigger.params.id }
    cache     = "10s"

    auth "key" {
      value = secret.shop_key
    }
    limit {
      rate = "20/1s"
    }
    respond {
      status = 200
      body = {
        id    = outputs.checkout.id
        state = outputs.checkout.state
        total = trigger.params.verbose ? outputs.total : null
        links = [{ rel = "self", href = "/v1/checkouts/${trigger.params.id}" }, { rel = "capture", href = "/v1/checkouts/${trigger.params.id}/capture" }]
      }
    }
    respond {
      on     = "failed"
      when   = error.status == 404
      status = 404
      body   = { title = "There is no checkout ${trigger.params.id}.", status = 404 }
    }
  }

  step "order" {
    call   = paypal["orders.get"]
    params = { id = input.id }
  }
  output "checkout" {
    value = mapping::checkout(step.order.body)
  }
  output "total" {
    value = coalesce(step.order.body.purchase_units[0].amount.value, "0.00")
  }
}

integration "capture" {
  input "id" {
    type = string({ min_length = 1, max_length = 36, pattern = "^[A-Z0-9]+$" })
  }
  input "note" {
    type    = string
    default = ""
  }

  trigger "operation" "capture" {
    operation = checkout.captureCheckout
    inputs    = { id = upper(trigger.params.id), note = trigger.body.note }

    auth "key" {
      value = secret.shop_key
    }
    respond {
      status = 204
    }
    respond {
      on     = "failed"
      status = 409
      body   = { title = "The payer has not agreed.", status = 409, detail = trigger.body.note }
    }
  }

  step "order" {
    call   = paypal["orders.get"]
    params = { id = input.id }
    check "agreed" {
      assert  = step.order.body.status == "APPROVED"
      message = "the order is not approved: ${input.note}"
    }
  }
  step "capture" {
    call       = paypal["orders.capture"]
    params     = { id = input.id, "PayPal-Request-Id" = "capture-${input.id}" }
    idempotent = true
    body       = {}
  }
  output "status" {
    value = step.capture.body.status
  }
}
