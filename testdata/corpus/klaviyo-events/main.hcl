# Tells Klaviyo of every payment that Stripe took, so that campaigns know who bought something.

api "stripe" {
  spec = "stripe.json"

  auth "bearerAuth" {
    token = secret.stripe_key
  }
}

api "klaviyo" {
  spec = "klaviyo.json"

  auth "Klaviyo-API-Key" {
    value = "Klaviyo-API-Key ${secret.klaviyo_key}"
  }

  limit {
    rate  = "10/1s"
    burst = 10
  }
}

secret "stripe_key" {
  env = "STRIPE_KEY"
}

secret "klaviyo_key" {
  env = "KLAVIYO_KEY"
}

variable "revision" {
  type    = string
  default = "2025-01-15"
}

integration "purchases" {
  input "since" {
    type    = string({ format = "date-time" })
    default = "2026-01-01T00:00:00Z"
  }

  step "charges" {
    call   = stripe.GetCharges
    params = { created = { gte = unix(parse_time(input.since)) }, limit = 100, expand = ["data.customer"] }

    paginate {}
  }

  for_each "charge" {
    in          = step.charges.items
    where       = charge.status == "succeeded" && !charge.refunded
    key         = charge.id
    concurrency = 4

    step "email" {
      value = coalesce(charge.receipt_email, charge.billing_details.email, expr("type(charge.customer) == 'object' && 'email' in charge.customer ? charge.customer.email : nil"), "nobody@example.com")
    }

    step "event" {
      call   = klaviyo.create_event
      params = { revision = var.revision }
      body = {
        data = {
          type = "event"
          attributes = {
            metric = { data = { type = "metric", attributes = { name = "Placed Order" } } }
            profile = {
              data = {
                type = "profile"
                attributes = {
                  email        = step.email.value
                  phone_number = charge.billing_details.phone
                  first_name   = charge.billing_details.name != null ? first(split(charge.billing_details.name, " ")) : null
                }
              }
            }
            properties = {
              charge      = charge.id
              description = coalesce(charge.description, "")
              card        = coalesce(charge.payment_method_details.card.brand, "none")
              country     = charge.billing_details.address.country
            }
            time           = from_unix(charge.created)
            value          = charge.amount / 100
            value_currency = upper(charge.currency)
            unique_id      = charge.id
          }
        }
      }
      idempotent = true
    }

    aggregate "total" {
      sum = charge.amount
    }
  }

  output "events" {
    value = for_each.charge.succeeded
  }

  output "total" {
    value = coalesce(for_each.charge.total, 0)
  }
}
