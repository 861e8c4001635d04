# What the parts of this project have in common.

schema "line" {
  type = object({
    description = string({ max_length = 400 })
    amount      = integer({ min = 1, max = 1000000 })
  })
}

mapping "address" {
  from = { city = string, line = string, country = string({ max_length = 2 }) }
  to   = object({ city = string, line1 = string, country = string({ max_length = 2 }) })
  value = {
    city    = city
    line1   = line
    country = truncate(upper(country), 2)
  }
}

mapping "title" {
  from  = { issue = github.schemas.issue }
  to    = string
  value = "#${issue.number} ${truncate(issue.title, 60)}${issue.pull_request == null ? "" : " (pull request)"}"
}

mapping "summary" {
  from = { charge = stripe.schemas.charge }
  to = object({
    id       = string
    amount   = number
    currency = string
    failed   = bool
    reason   = string
  })
  value = {
    id       = charge.id
    amount   = decimal(charge.amount) / 100
    currency = upper(charge.currency)
    failed   = charge.status == "failed"
    reason   = coalesce(charge.failure_message, "none given")
  }
}
