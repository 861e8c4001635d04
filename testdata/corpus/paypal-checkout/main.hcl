# Makes a PayPal order of a shopping cart, and captures it once the payer has agreed.

api "paypal" {
  spec   = "paypal-orders.json"
  server = "https://api-m.sandbox.paypal.com"

  auth "Oauth2" {
    token = secret.paypal_token
  }
}

secret "paypal_token" {
  env = "PAYPAL_TOKEN"
}

schema "line" {
  type = object({
    sku      = string({ max_length = 127 })
    title    = string({ min_length = 1 })
    quantity = integer({ min = 1, max = 99 })
    price    = string({ pattern = "^[0-9]{1,6}\\.[0-9]{2}$", max_length = 9 })
  })
}

mapping "money" {
  from  = { amount = number, currency = string({ min_length = 3, max_length = 3 }) }
  to    = paypal.schemas.money
  value = { currency_code = currency, value = format("%.2f", amount) }
}

integration "checkout" {
  input "cart" {
    type = object({
      id       = string({ max_length = 36, pattern = "^[A-Za-z0-9-]+$", min_length = 1 })
      currency = enum("EUR", "USD")
      lines    = list(schema.line)
    })
    default = {
      id       = "cart-1"
      currency = "EUR"
      lines    = [{ sku = "A-1", title = "Anvil", quantity = 2, price = "19.99" }]
    }
  }

  step "total" {
    value = sum([for l in input.cart.lines : decimal(l.price) * l.quantity])
  }

  step "order" {
    call       = paypal["orders.create"]
    params     = { "PayPal-Request-Id" = "create-${input.cart.id}", Prefer = "return=representation" }
    idempotent = true
    body = {
      intent = "CAPTURE"
      purchase_units = [{
        reference_id = input.cart.id
        amount = merge(mapping::money(step.total.value, input.cart.currency), {
          breakdown = { item_total = mapping::money(step.total.value, input.cart.currency) }
        })
        items = [for l in input.cart.lines : {
          name        = truncate(l.title, 127)
          sku         = l.sku
          quantity    = string(l.quantity)
          unit_amount = mapping::money(decimal(l.price), input.cart.currency)
          category    = "PHYSICAL_GOODS"
        }]
      }]
      application_context = {
        brand_name  = "Example"
        user_action = "PAY_NOW"
        return_url  = "https://shop.example.com/paid"
        cancel_url  = "https://shop.example.com/cart"
      }
    }
  }

  step "approve" {
    value = expr("find(step.order.body.links ?? [], .rel == 'approve').href")
  }

  step "capture" {
    call       = paypal["orders.capture"]
    params     = { id = must(step.order.body.id, "PayPal gives orders an id"), "PayPal-Request-Id" = "capture-${input.cart.id}" }
    idempotent = true
    body       = {}
    when       = step.order.body.status == "APPROVED"

    catch "422" {
      skip = true
    }
  }

  output "approve" {
    value = step.approve.value
  }

  output "status" {
    value = coalesce(step.capture.body.status, step.order.body.status)
  }
}
