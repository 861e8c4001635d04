# Bills every paid order of a shop once.
#
#   tenon lint                  what would go wrong, before anything runs
#   tenon plan                  every request, and where each of its values comes from
#   tenon run invoices --mock   over HTTP, against mocks of both specs
#   tenon run invoices          for real; set SHOP_KEY and BILLING_TOKEN

api "shop" {
  spec = "openapi/shop.yaml"

  auth "apiKey" {
    value = secret.shop_key
  }

  retry {
    attempts = 4
    backoff  = "exponential"
    initial  = "200ms"
    max      = "10s"
    on       = ["network", "timeout", 429, "5xx"]
  }
}

api "billing" {
  spec    = "openapi/billing.yaml"
  timeout = "20s"

  auth "token" {
    token = secret.billing_token
  }

  retry {
    attempts = 4
    on       = ["network", "timeout", 429, "5xx"]
  }
}

secret "shop_key" {
  env = "SHOP_KEY"
}

secret "billing_token" {
  env = "BILLING_TOKEN"
}

variable "payment_days" {
  description = "Days until an invoice is due."
  type        = integer({ min = 0, max = 90 })
  default     = 14
}

mapping "invoice" {
  from = {
    order    = shop.schemas.Order
    customer = shop.schemas.Customer
  }
  to = billing.schemas.InvoiceCreate
  value = {
    reference    = order.number
    currency     = order.currency
    amount       = round(decimal(order.total) * 100)
    settlement   = match(order.payment, { card = "prepaid", wallet = "prepaid", transfer = "open" })
    payment_days = var.payment_days
    recipient = {
      name    = customer.name
      email   = customer.email
      company = customer.company
    }
    lines = [for line in order.lines : {
      description = line.title
      quantity    = line.quantity
      unit_amount = round(decimal(line.price) * 100)
    }]
  }
}

integration "invoices" {
  description = "Bills every paid order of a shop once."
  timeout     = "15m"

  input "since" {
    description = "Only orders changed after this time."
    type        = string({ format = "date-time" })
    default     = "2026-01-01T00:00:00Z"
  }

  step "orders" {
    call   = shop.listOrders
    params = { status = "paid", updated_after = input.since, per_page = 50 }

    paginate {}
  }

  for_each "order" {
    in          = step.orders.items
    key         = order.id
    concurrency = 4
    on_error    = "continue"
    max_errors  = 10

    step "customer" {
      call   = shop.getCustomer
      params = { id = order.customer_id }
    }

    step "invoice" {
      call       = billing.createInvoice
      params     = { "Idempotency-Key" = order.id }
      body       = mapping::invoice(order, step.customer.body)
      idempotent = true # the key above makes sending twice harmless

      check "total" {
        assert  = step.invoice.body.amount == round(decimal(order.total) * 100)
        message = "order ${order.number}: billing has another total"
      }
    }

    aggregate "billed" {
      sum = step.invoice.body.amount
    }

    aggregate "newest" {
      max = order.updated_at
    }
  }

  output "invoices" {
    value = for_each.order.succeeded
  }

  output "billed_cents" {
    value = for_each.order.billed
  }

  output "next_since" {
    value = coalesce(for_each.order.newest, input.since)
  }
}
