# Who is called, and as whom.

api "github" {
  spec    = "openapi/github.json"
  headers = { "X-GitHub-Api-Version" = "2022-11-28" }

  auth "token" {
    type  = "bearer"
    token = secret.github
  }

  retry {
    attempts = 4
    on       = ["network", "timeout", 429, "5xx"]
  }
}

api "stripe" {
  spec    = "openapi/stripe.json"
  headers = { "Stripe-Version" = "2025-01-27.acacia" }

  auth "bearerAuth" {
    token = secret.stripe
  }

  limit {
    rate = "20/1s"
  }
}

secret "github" {
  env = "GITHUB_TOKEN"
}

secret "stripe" {
  env = "STRIPE_KEY"
}

variable "owner" {
  description = "The organization whose sponsors are billed."
  type        = string({ min_length = 1 })
}

variable "currency" {
  description = "What is billed in."
  type        = enum("eur", "usd")
  default     = "eur"
}

variable "days" {
  description = "Days until an invoice is due."
  type        = integer({ min = 1, max = 90 })
  default     = 14
}
