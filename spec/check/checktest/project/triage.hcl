# Issues are sorted, and disputes are looked after.

integration "triage" {
  description = "Labels what is new, and answers what is old."

  input "repo" {
    type = string
  }

  step "milestones" {
    call   = github["issues/list-milestones"]
    params = { owner = var.owner, repo = input.repo, state = "open", sort = "due_on", direction = "asc" }
  }

  step "issues" {
    call   = github["issues/list-for-repo"]
    params = { owner = var.owner, repo = input.repo, state = "open", sort = "updated", per_page = 100 }

    paginate {
      items = response.body
      next  = null
    }
  }

  for_each "issue" {
    in    = step.issues.items
    where = issue.comments == 0 && !issue.locked
    key   = string(issue.number)

    step "label" {
      call   = github["issues/add-labels"]
      params = { owner = var.owner, repo = input.repo, issue_number = issue.number }
      body   = { labels = [issue.state == "open" ? "untriaged" : "done", truncate(lower(issue.author_association), 50)] }
    }

    step "comment" {
      call   = github["issues/create-comment"]
      params = { owner = var.owner, repo = input.repo, issue_number = issue.number }
      body   = { body = "Thank you, ${issue.user == null ? "you" : issue.user.login}: ${mapping::title(issue)}" }
    }

    step "plan" {
      when   = len(step.milestones.body) > 0
      call   = github["issues/update"]
      params = { owner = var.owner, repo = input.repo, issue_number = issue.number }
      body = {
        milestone = coalesce(first(step.milestones.body).number, 1)
        state     = "open"
      }
    }
  }

  step "disputes" {
    call   = stripe.GetDisputes
    params = { created = { gte = 1700000000 }, limit = 100 }

    paginate {
      items = response.body.data
      next  = response.body.has_more ? { starting_after = last(response.body.data).id } : null
    }
  }

  for_each "dispute" {
    in          = step.disputes.items
    where       = dispute.status == "needs_response" || dispute.status == "warning_needs_response"
    key         = dispute.id
    concurrency = 4

    step "answer" {
      call   = stripe.PostDisputesDispute
      params = { dispute = dispute.id }
      body = {
        evidence = { uncategorized_text = "We look into ${dispute.reason}.", product_description = "Sponsoring" }
        metadata = { urgency = match(dispute.status, { needs_response = "high" }, "low") }
      }
    }

    step "tell" {
      call   = github["issues/create"]
      params = { owner = var.owner, repo = input.repo }
      body   = { title = "Dispute ${dispute.id}", body = "${decimal(dispute.amount) / 100} ${upper(dispute.currency)}, ${dispute.reason}" }
    }
  }

  output "labelled" {
    value = for_each.issue.succeeded
  }

  output "disputes" {
    value = for_each.dispute.succeeded
  }
}
