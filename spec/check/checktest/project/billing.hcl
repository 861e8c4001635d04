# Customers get an invoice, and what fails becomes an issue.

integration "billing" {
  description = "Bills every active subscription by hand."

  input "lines" {
    type = list(schema.line)
  }

  input "repo" {
    type = string
  }

  step "customers" {
    call   = stripe.GetCustomers
    params = { limit = 100, created = { gte = 1700000000 } }

    paginate {
      items = response.body.data
      next  = response.body.has_more ? { starting_after = last(response.body.data).id } : null
    }
  }

  for_each "customer" {
    in       = step.customers.items
    where    = customer.delinquent != true
    key      = customer.id
    on_error = "continue"

    step "subscriptions" {
      call   = stripe.GetSubscriptions
      params = { customer = customer.id, status = "active", limit = 10 }
    }

    step "invoice" {
      when = len(step.subscriptions.body.data) > 0
      call = stripe.PostInvoices
      body = {
        customer          = customer.id
        collection_method = "send_invoice"
        days_until_due    = var.days
        currency          = var.currency
        description       = truncate("For ${coalesce(customer.name, "you")}", 1500)
        metadata          = { source = "tenon" }
      }
    }

    for_each "line" {
      in  = input.lines
      key = line.description

      step "item" {
        when = !step.invoice.skipped
        call = stripe.PostInvoiceitems
        body = {
          customer    = customer.id
          invoice     = step.invoice.body.id
          currency    = var.currency
          amount      = line.amount
          description = line.description
        }
      }
    }

    step "finalize" {
      when       = !step.invoice.skipped
      call       = stripe.PostInvoicesInvoiceFinalize
      params     = { invoice = step.invoice.body.id }
      body       = { auto_advance = true }
      depends_on = [for_each.line]
    }

    step "charges" {
      call   = stripe.GetCharges
      params = { customer = customer.id, limit = 10 }
    }

    step "overview" {
      value = [for charge in step.charges.body.data : mapping::summary(charge)]
    }

    step "issue" {
      when   = expr("any(step.overview.value, .failed)")
      call   = github["issues/create"]
      params = { owner = var.owner, repo = input.repo }
      body = {
        title  = "Payments of ${coalesce(customer.name, customer.id)} fail"
        body   = join([for charge in step.overview.value : "- ${charge.id}: ${charge.amount} ${charge.currency}, ${charge.reason}" if charge.failed], "\n")
        labels = ["billing"]
      }
    }
  }

  output "customers" {
    value = for_each.customer.count
  }
}
