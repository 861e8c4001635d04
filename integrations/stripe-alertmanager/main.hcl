# Open disputes and failed payments of a Stripe account become alerts in Prometheus Alertmanager.
#
#   tenon lint                  what would go wrong, before anything runs
#   tenon plan                  every request, and where each of its values comes from
#   tenon run payments --mock   over HTTP, against mocks of both specs
#   tenon run payments          for real; set STRIPE_KEY, and alertmanager_url where it is not on this machine
#
# Run it every minute or two: Alertmanager takes an alert as resolved when it has not heard of it for its
# resolve_timeout (5 minutes unless configured), so an alert ends soon after its cause does.

api "stripe" {
  spec   = "openapi/stripe.json"
  server = var.stripe_url

  auth "bearerAuth" {
    token = secret.stripe_key
  }

  limit {
    rate = "20/1s"
  }

  retry {
    attempts = 4
    on       = ["network", "timeout", 429, "5xx"]
  }
}

api "alertmanager" {
  spec    = "openapi/alertmanager.yaml"
  server  = var.alertmanager_url
  timeout = "10s"

  retry {
    attempts = 4
    on       = ["network", "timeout", "5xx"]
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

variable "alertmanager_url" {
  description = "Where Alertmanager's API is."
  type        = string
  default     = "http://localhost:9093/api/v2"
}

# Stripe gives amounts in the smallest unit of a currency, which for these is the unit itself.
mapping "money" {
  from = {
    amount   = integer
    currency = string
  }
  to    = string
  value = "${expr("currency in ['bif', 'clp', 'djf', 'gnf', 'jpy', 'kmf', 'krw', 'mga', 'pyg', 'rwf', 'ugx', 'vnd', 'vuv', 'xaf', 'xof', 'xpf']") ? decimal(amount) : decimal(amount) / 100} ${upper(currency)}"
}

integration "payments" {
  description = "Open disputes and failed payments become alerts."
  timeout     = "10m"

  input "since" {
    description = "Only payments and disputes made at or after this time are looked at."
    type        = string({ format = "date-time" })
    default     = "2000-01-01T00:00:00Z"
  }

  step "disputes" {
    call   = stripe.GetDisputes
    params = { created = { gte = unix(parse_time(input.since)) }, limit = 100 }

    paginate {}
  }

  for_each "dispute" {
    in          = step.disputes.items
    where       = dispute.status == "needs_response" || dispute.status == "warning_needs_response"
    key         = dispute.id
    concurrency = 4
    on_error    = "continue"

    step "alert" {
      call       = alertmanager.postAlerts
      idempotent = true # alerts with the same labels are one alert
      body = [{
        labels = {
          alertname = "StripeDisputeOpen"
          severity  = match(dispute.status, { needs_response = "critical" }, "warning")
          dispute   = dispute.id
          reason    = dispute.reason
          mode      = dispute.livemode ? "live" : "test"
        }
        annotations = {
          summary = "A dispute over ${mapping::money(dispute.amount, dispute.currency)} waits for an answer."
        }
        startsAt     = from_unix(dispute.created)
        generatorURL = "https://dashboard.stripe.com/disputes/${url_encode(dispute.id)}"
      }]
    }
  }

  step "charges" {
    call   = stripe.GetCharges
    params = { created = { gte = unix(parse_time(input.since)) }, limit = 100 }

    paginate {}
  }

  for_each "charge" {
    in          = step.charges.items
    where       = charge.status == "failed"
    key         = charge.id
    concurrency = 4
    on_error    = "continue"

    step "alert_charge" {
      call       = alertmanager.postAlerts
      idempotent = true
      body = [{
        labels = {
          alertname = "StripePaymentFailed"
          severity  = "warning"
          charge    = charge.id
          code      = coalesce(charge.failure_code, "unknown")
          mode      = charge.livemode ? "live" : "test"
        }
        annotations = {
          summary = "A payment of ${mapping::money(charge.amount, charge.currency)} failed: ${coalesce(charge.failure_message, "no reason given")}"
        }
        startsAt     = from_unix(charge.created)
        generatorURL = "https://dashboard.stripe.com/payments/${url_encode(charge.id)}"
      }]
    }
  }

  output "disputes" {
    value = for_each.dispute.succeeded
  }

  output "failed_payments" {
    value = for_each.charge.succeeded
  }
}
