# Makes an order with PayPal and reports how its shipment can be followed.

api "paypal" {
  spec = "paypal-orders.json"

  auth "Oauth2" {
    token = secret.paypal_token
  }

  retry {
    attempts = 3
    on       = ["network", 429]
  }
}

secret "paypal_token" {
  env = "PAYPAL_TOKEN"
}

integration "checkout" {
  input "reference" {
    type = string({ pattern = "^[a-z0-9]{1,30}$", min_length = 1, max_length = 30 })
  }

  input "cents" {
    type = integer({ min = 1, max = 1000000 })
  }

  step "order" {
    call       = paypal["orders.create"]
    idempotent = true
    params     = { "PayPal-Request-Id" = input.reference, Prefer = "return=minimal" }
    body = {
      intent = "CAPTURE"
      purchase_units = [{
        reference_id = input.reference
        description  = "Order ${input.reference}"
        amount       = { currency_code = "EUR", value = "19.99" }
        items = [{
          name        = "A chair"
          quantity    = "1"
          sku         = "chair-1"
          category    = "PHYSICAL_GOODS"
          unit_amount = { currency_code = "EUR", value = "19.99" }
        }]
      }]
      application_context = {
        brand_name          = "Chairs"
        landing_page        = "LOGIN"
        shipping_preference = "NO_SHIPPING"
        return_url          = "https://shop.example.com/back"
      }
    }
  }

  step "captured" {
    call       = paypal["orders.capture"]
    idempotent = true
    params     = { id = must(step.order.body.id, "a new order has an id"), "PayPal-Request-Id" = "capture-${input.reference}" }
  }

  step "shipment" {
    call   = paypal["orders.track.create"]
    params = { id = must(step.order.body.id, "a new order has an id") }
    body = {
      capture_id      = "8MC585209K746392H"
      tracking_number = "443844607820"
      transaction_id  = "8MC585209K746392H"
      status          = "SHIPPED"
      carrier         = "FEDEX"
      notify_payer    = true
      items = [{
        name     = "A chair"
        quantity = "1"
        sku      = "chair-1"
      }]
    }
    when = step.captured.body.status == "COMPLETED" && input.cents > 100
  }

  output "status" {
    value = coalesce(step.captured.body.status, "unknown")
  }

  output "payer" {
    value = coalesce(step.captured.body.payer.email_address, "unknown")
  }
}
