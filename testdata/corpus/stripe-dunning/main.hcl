# Looks after invoices that are due: charges a fee, writes down what was done, and asks for payment
# by text message.

api "stripe" {
  spec    = "stripe.json"
  headers = { "Stripe-Version" = "2025-01-27.acacia" }

  auth "bearerAuth" {
    token = secret.stripe_key
  }

  retry {
    attempts = 5
    on       = ["network", "timeout", 429, "5xx"]
  }
}

api "twilio" {
  spec = "twilio-api.json"

  auth "accountSid_authToken" {
    username = var.twilio_account
    password = secret.twilio_token
  }
}

secret "stripe_key" {
  env = "STRIPE_KEY"
}

secret "twilio_token" {
  env = "TWILIO_TOKEN"
}

variable "twilio_account" {
  type    = string({ pattern = "^AC[0-9a-fA-F]{32}$", min_length = 34, max_length = 34 })
  default = "AC0123456789abcdef0123456789abcdef"
}

variable "sender" {
  type    = string
  default = "+15005550006"
}

integration "dunning" {
  timeout = "1h"

  input "fee_percent" {
    type    = number({ min = 0, max = 25 })
    default = 1.5
  }

  step "invoices" {
    call   = stripe.GetInvoices
    params = { status = "open", due_date = { lt = unix(now()) }, limit = 100, expand = ["data.customer"] }

    paginate {}
  }

  for_each "invoice" {
    in         = step.invoices.items
    where      = invoice.amount_remaining > 0
    key        = invoice.id
    on_error   = "continue"
    max_errors = 20

    # An expanded customer is an object; what was deleted or not expanded is not.
    step "customer" {
      call   = stripe.GetCustomersCustomer
      params = { customer = must(expr("type(invoice.customer) == 'string' ? invoice.customer : invoice.customer.id"), "an open invoice has a customer") }
    }

    step "fee" {
      call       = stripe.PostInvoiceitems
      idempotent = true
      headers    = { "Idempotency-Key" = "fee-${invoice.id}" }
      body = {
        customer    = step.customer.body.id
        currency    = invoice.currency
        amount      = round(decimal(invoice.amount_remaining) * input.fee_percent / 100)
        description = truncate("Late fee for ${coalesce(invoice.number, invoice.id)}", 500)
        metadata    = { invoice = invoice.id, reason = "late" }
      }
    }

    step "note" {
      call   = stripe.PostCustomersCustomer
      params = { customer = step.customer.body.id }
      body = {
        metadata = {
          last_reminder = format_time(now(), "%Y-%m-%d")
          attempts      = string(invoice.attempt_count)
        }
      }
    }

    step "message" {
      call   = twilio.CreateMessage
      params = { AccountSid = var.twilio_account }
      body = {
        To   = must(step.customer.body.phone, "asked for in when")
        From = var.sender
        Body = "Your invoice over ${decimal(invoice.amount_remaining) / 100} ${upper(invoice.currency)} is due. ${coalesce(invoice.hosted_invoice_url, "")}"
      }
      when = step.customer.body.phone != null
    }

    aggregate "owed" {
      sum = invoice.amount_remaining
    }
  }

  output "reminded" {
    value = for_each.invoice.succeeded
  }

  output "owed_cents" {
    value = for_each.invoice.owed
  }
}
