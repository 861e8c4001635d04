# Contributors of a repository become customers.

integration "sponsors" {
  description = "Makes a customer of everybody who contributes."
  timeout     = "30m"

  input "repo" {
    type = string
  }

  step "repo" {
    call   = github["repos/get"]
    params = { owner = var.owner, repo = input.repo }

    catch "404" {
      skip = true
    }
  }

  step "contributors" {
    when   = !step.repo.skipped
    call   = github["repos/list-contributors"]
    params = { owner = var.owner, repo = input.repo, per_page = 100 }

    paginate {
      items = response.body
      next  = null
    }
  }

  for_each "contributor" {
    in          = step.contributors.items
    where       = contributor.contributions > 10 && contributor.login != null
    key         = must(contributor.login, "where leaves out who has none")
    concurrency = 4
    on_error    = "continue"
    max_errors  = 10

    step "person" {
      call   = github["users/get-by-username"]
      params = { username = must(contributor.login, "where leaves out who has none") }
    }

    step "known" {
      call   = stripe.GetCustomers
      params = { email = coalesce(step.person.body.email, "nobody@example.com"), limit = 1 }
    }

    step "customer" {
      when = len(step.known.body.data) == 0
      call = stripe.PostCustomers
      body = {
        name        = truncate(coalesce(step.person.body.name, step.person.body.login), 200)
        description = "github.com/${step.person.body.login}"
        address     = mapping::address(coalesce(step.person.body.location, "Berlin"), "Main Street 1", "de")
        metadata    = { login = step.person.body.login, repo = input.repo }
      }
    }

    step "update" {
      when   = len(step.known.body.data) > 0
      call   = stripe.PostCustomersCustomer
      params = { customer = coalesce(first(step.known.body.data).id, "none") }
      body = {
        metadata          = { login = step.person.body.login, followers = string(step.person.body.followers) }
        preferred_locales = ["en", "de"]
      }
    }

    aggregate "contributions" {
      sum = contributor.contributions
    }
  }

  output "customers" {
    value = for_each.contributor.succeeded
  }

  output "contributions" {
    value = for_each.contributor.contributions
  }
}
