# Makes a payment link at Adyen and lets it expire when its order was cancelled.

api "adyen" {
  spec = "adyen-checkout.json"

  auth "ApiKeyAuth" {
    value = secret.adyen
  }
}

secret "adyen" {
  env = "ADYEN_KEY"
}

integration "paylink" {
  input "reference" {
    type    = string({ min_length = 1, max_length = 80 })
    default = "order-17"
  }

  input "cents" {
    type    = integer({ min = 1, max = 10000000 })
    default = 1999
  }

  input "cancelled" {
    type    = bool
    default = false
  }

  step "link" {
    call       = adyen["post-paymentLinks"]
    params     = { "Idempotency-Key" = input.reference }
    idempotent = true
    body = {
      reference       = input.reference
      merchantAccount = "ExampleCOM"
      returnUrl       = "https://shop.example.com/thanks"
      amount = {
        currency = "EUR"
        value    = input.cents
      }
      countryCode   = "DE"
      shopperLocale = "de-DE"
      expiresAt     = "2026-12-31T23:59:59Z"
      billingAddress = {
        city              = "Berlin"
        country           = "DE"
        houseNumberOrName = "1"
        postalCode        = "10115"
        street            = "Chausseestr."
      }
      lineItems = [{ description = "Order ${input.reference}", quantity = 1, amountIncludingTax = input.cents }]
    }
  }

  step "expire" {
    call       = adyen["patch-paymentLinks-linkId"]
    params     = { linkId = step.link.body.id }
    body       = { status = "expired" }
    when       = input.cancelled
    idempotent = true
  }

  output "url" {
    value = step.link.body.url
  }

  output "status" {
    value = coalesce(step.expire.body.status, step.link.body.status)
  }
}
