# Reminds the customers of a Stripe account of invoices that are overdue.
#
#   tenon run dunning --mock      over HTTP, against a mock of the spec
#   tenon run dunning --dry-run   reads for real, shows what it would send
#   tenon run dunning             for real; set STRIPE_KEY

api "stripe" {
  spec     = "openapi/stripe.json"
  overlays = ["overlays/stripe.yaml"] # every POST carries an Idempotency-Key
  server   = var.stripe_url

  auth "bearerAuth" {
    token = secret.stripe_key
  }

  limit {
    rate = "20/1s"
  }
}

secret "stripe_key" {
  env = "STRIPE_KEY"
}

variable "stripe_url" {
  description = "Where Stripe's API is."
  type        = string
  default     = "https://api.stripe.com"
}

integration "dunning" {
  description = "Sends reminders of overdue invoices, and writes down how many."
  timeout     = "1h"
  lock        = "dunning"

  input "grace_days" {
    description = "How many days after its due date an invoice is left alone."
    type        = integer({ min = 0, max = 365 })
    default     = 3
  }

  input "reminders" {
    description = "How many reminders are sent for one invoice."
    type        = integer({ min = 1, max = 10 })
    default     = 3
  }

  step "overdue" {
    call = stripe.GetInvoices
    params = {
      status            = "open"
      collection_method = "send_invoice"
      due_date          = { lt = unix(now() - duration("1d") * input.grace_days) }
    }
    paginate {}
  }

  for_each "invoice" {
    in         = step.overdue.items
    where      = invoice.amount_remaining > 0 && int(lookup(invoice.metadata, "reminders", "0")) < input.reminders
    key        = invoice.id
    once       = "7d"
    on_error   = "continue"
    max_errors = 20

    step "send" {
      call   = stripe.PostInvoicesInvoiceSend
      params = { invoice = invoice.id }
      body   = { expand = ["customer"] }
    }

    step "note" {
      call   = stripe.PostInvoicesInvoice
      params = { invoice = invoice.id }
      body = {
        metadata = {
          reminders     = string(int(lookup(invoice.metadata, "reminders", "0")) + 1)
          last_reminder = format_time(now(), "%Y-%m-%d")
        }
      }
    }

    aggregate "invoices" {
      list = { number = coalesce(invoice.number, invoice.id), amount = invoice.amount_remaining, currency = invoice.currency }
    }
  }

  output "reminded" {
    value = for_each.invoice.succeeded
  }

  output "invoices" {
    value = for_each.invoice.invoices
  }
}
