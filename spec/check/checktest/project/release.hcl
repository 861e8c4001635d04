# What is released can be bought.

integration "release" {
  description = "A release, and what it costs."

  input "repo" {
    type = string
  }

  input "cents" {
    type = integer({ min = 100, max = 100000 })
  }

  step "latest" {
    call   = github["repos/get-latest-release"]
    params = { owner = var.owner, repo = input.repo }
  }

  step "commits" {
    call   = github["repos/list-commits"]
    params = { owner = var.owner, repo = input.repo, per_page = 50, since = "2026-01-01T00:00:00Z" }
  }

  step "runs" {
    call   = github["actions/list-workflow-runs-for-repo"]
    params = { owner = var.owner, repo = input.repo, status = "success", per_page = 10 }
  }

  step "product" {
    when = step.runs.body.total_count > 0
    call = stripe.PostProducts
    body = {
      name        = "Release ${step.latest.body.tag_name}"
      description = truncate(coalesce(step.latest.body.body, "No notes."), 300)
      shippable   = false
      metadata    = { commits = string(len(step.commits.body)) }
    }
  }

  step "price" {
    when = !step.product.skipped
    call = stripe.PostPrices
    body = {
      currency     = var.currency
      product      = step.product.body.id
      unit_amount  = input.cents
      recurring    = { interval = "month", interval_count = 1 }
      tax_behavior = "inclusive"
    }
  }

  step "link" {
    when = !step.price.skipped
    call = stripe.PostPaymentLinks
    body = {
      line_items = [{ price = step.price.body.id, quantity = 1 }]
      metadata   = { tag = step.latest.body.tag_name }
    }
  }

  step "announce" {
    when   = !step.link.skipped
    call   = github["issues/create"]
    params = { owner = var.owner, repo = input.repo }
    body = {
      title = "${step.latest.body.tag_name} can be had"
      body = join(concat(
        ["At ${step.link.body.url}."],
        [for commit in step.commits.body : "- ${truncate(commit.commit.message, 72)}"],
      ), "\n")
    }
  }

  step "balance" {
    call   = stripe.GetBalance
    params = {}
  }

  output "pending" {
    value = [for money in step.balance.body.pending : { amount = money.amount, currency = upper(money.currency) }]
  }

  output "issue" {
    value = step.announce.body.html_url
  }
}
