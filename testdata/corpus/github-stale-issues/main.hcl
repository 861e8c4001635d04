# Reminds the assignees of issues that nobody has touched for a while, closes those that were
# reminded already, and tells a Slack channel what was done.

api "github" {
  spec    = "github.json"
  headers = { "X-GitHub-Api-Version" = "2022-11-28" }

  auth "token" {
    type  = "bearer"
    token = secret.github_token
  }

  limit {
    rate        = "10/1s"
    concurrency = 4
  }
}

api "slack" {
  spec = "slack.json"

  auth "slackAuth" {
    token = secret.slack_token
  }
}

secret "github_token" {
  env = "GITHUB_TOKEN"
}

secret "slack_token" {
  env = "SLACK_TOKEN"
}

variable "stale_label" {
  type    = string({ min_length = 1, max_length = 50 })
  default = "stale"
}

integration "stale_issues" {
  description = "Reminds of stale issues and closes those that stay so."
  timeout     = "20m"

  input "owner" {
    type    = string
    default = "octo"
  }

  input "repo" {
    type    = string
    default = "demo"
  }

  input "days" {
    type    = integer({ min = 1, max = 365 })
    default = 60
  }

  step "issues" {
    call = github["issues/list-for-repo"]
    params = {
      owner     = input.owner
      repo      = input.repo
      state     = "open"
      sort      = "updated"
      direction = "asc"
      per_page  = 100
    }

    paginate {
      items = response.body
      next  = regex_find("<([^>]+)>; rel=\"next\"", coalesce(response.headers.link, ""))
      limit = 500
    }
  }

  for_each "issue" {
    in       = step.issues.items
    where    = issue.pull_request == null && parse_time(issue.updated_at) < now() - duration("1d") * input.days
    key      = string(issue.number)
    on_error = "continue"

    step "labels" {
      value = [for l in issue.labels : lower(coalesce(expr("type(l) == 'string' ? l : l.name"), ""))]
    }

    step "close" {
      call   = github["issues/update"]
      params = { owner = input.owner, repo = input.repo, issue_number = issue.number }
      body   = { state = "closed", state_reason = "not_planned" }
      when   = expr("var.stale_label in step.labels.value")
    }

    step "label" {
      call   = github["issues/add-labels"]
      params = { owner = input.owner, repo = input.repo, issue_number = issue.number }
      body   = { labels = [var.stale_label] }
      when   = !expr("var.stale_label in step.labels.value")
    }

    step "remind" {
      call   = github["issues/create-comment"]
      params = { owner = input.owner, repo = input.repo, issue_number = issue.number }
      body = {
        body = "${join([for a in coalesce(issue.assignees, []) : "@${a.login}"], " ")} this has been quiet for ${input.days} days."
      }
      when = !step.label.skipped
    }

    aggregate "urls" {
      list = issue.html_url
    }
  }

  step "tell" {
    call   = slack.chat_postMessage
    params = { token = reveal(secret.slack_token, "Slack's document wants it in a header, too") }
    body = {
      channel      = "#triage"
      text         = "${for_each.issue.succeeded} stale issues in ${input.owner}/${input.repo}:\n${join(take(for_each.issue.urls, 20), "\n")}"
      unfurl_links = false
    }
    when = for_each.issue.succeeded > 0
  }

  output "stale" {
    value = for_each.issue.succeeded
  }
}
