# Looks after pull requests on Bitbucket: merges what is green and approved, closes what is stale, reports coverage.

api "bitbucket" {
  spec       = "bitbucket.yml"
  on_unknown = "stop"

  auth "oauth2" {
    token = secret.bitbucket_token
  }
}

secret "bitbucket_token" {
  env = "BITBUCKET_TOKEN"
}

secret "hook_secret" {
  env = "BITBUCKET_HOOK_SECRET"
}

variable "workspace" {
  type    = string
  default = "acme"
}

schema "pull" {
  type = object({
    id    = integer({ min = 1 })
    title = string
    state = enum("OPEN", "MERGED", "DECLINED", "SUPERSEDED")
    draft = optional(bool)
    source = object({
      branch = object({ name = string })
      commit = nullable(object({ hash = string({ pattern = "^[0-9a-f]{7,40}$" }) }))
    })
    participants = optional(list(object({ role = enum("REVIEWER", "PARTICIPANT"), approved = bool })))
  })
}

integration "merge" {
  lock = "${input.repository}#${input.pull}"

  input "repository" {
    type = string({ pattern = "^[a-z0-9._-]+$" })
  }
  input "pull" {
    type = integer({ min = 1 })
  }
  input "commit" {
    type = string({ pattern = "^[0-9a-f]{7,40}$" })
  }
  input "strategy" {
    type    = enum("merge_commit", "squash", "fast_forward")
    default = "squash"
  }

  trigger "webhook" "approved" {
    path = "/hooks/bitbucket"
    body = object({
      pullrequest = schema.pull
      repository  = object({ name = string({ pattern = "^[a-z0-9._-]+$" }), full_name = string })
      approval    = optional(object({ date = string({ format = "date-time" }), user = object({ display_name = string }) }))
    })
    key  = trigger.headers["x-request-uuid"]
    when = trigger.body.approval != null && trigger.body.pullrequest.state == "OPEN" && trigger.body.pullrequest.source.commit != null
    inputs = {
      repository = trigger.body.repository.name
      pull       = trigger.body.pullrequest.id
      commit     = trigger.body.pullrequest.source.commit.hash
      strategy   = hasPrefix(trigger.body.pullrequest.source.branch.name, "release/") ? "merge_commit" : "squash"
    }

    verify "hmac" {
      secret = secret.hook_secret
      header = "X-Hub-Signature"
      prefix = "sha256="
    }
  }

  step "pull" {
    call   = bitbucket.atlassianGetAPullRequest
    params = { workspace = var.workspace, repo_slug = input.repository, pull_request_id = input.pull }
    catch "404" {
      skip = true
    }
  }
  step "statuses" {
    call   = bitbucket.atlassianListCommitStatusesForACommit
    params = { workspace = var.workspace, repo_slug = input.repository, commit = input.commit, sort = "-updated_on" }
    paginate {
      limit = 200
    }
  }
  step "states" {
    value = uniq([for s in collect(step.statuses.items) : coalesce(s.state, "INPROGRESS")])
  }
  step "green" {
    value = step.states.value == ["SUCCESSFUL"] && step.pull.body.state == "OPEN"
  }
  step "merge" {
    when   = step.green.value
    call   = bitbucket.atlassianMergeAPullRequest
    params = { workspace = var.workspace, repo_slug = input.repository, pull_request_id = input.pull }
    body   = { type = "pullrequest_merge_parameters", merge_strategy = input.strategy, close_source_branch = true, message = "Merged: ${coalesce(step.pull.body.title, "no title")}" }
  }
  step "comment" {
    when   = !step.green.value
    call   = bitbucket.atlassianCreateACommentOnAPullRequest
    params = { workspace = var.workspace, repo_slug = input.repository, pull_request_id = input.pull }
    body   = { type = "pullrequest_comment", content = { raw = "Not merged: the builds are ${join(step.states.value, ", ")}.", markup = "markdown" } }
  }

  output "merged" {
    value = !step.merge.skipped
  }
  output "states" {
    value = step.states.value
  }
  output "comment" {
    value = step.comment.body.id
  }
}

integration "stale" {
  input "repository" {
    type = string({ pattern = "^[a-z0-9._-]+$" })
  }
  input "before" {
    type = string({ format = "date-time" })
  }

  trigger "schedule" "weekly" {
    cron     = "15 6 * * 1"
    timezone = "Europe/Vienna"
    inputs   = { repository = "shop", before = format_time(trigger.time - duration("1440h"), "%Y-%m-%dT%H:%M:%SZ", "UTC") }
  }

  step "pulls" {
    call   = bitbucket.atlassianListPullRequests
    params = { workspace = var.workspace, repo_slug = input.repository, state = "OPEN" }
    paginate {
      items = response.body.values
      next  = response.body.next
    }
  }
  for_each "pull" {
    in       = step.pulls.items
    where    = pull.id != null && pull.updated_on != null && pull.updated_on < input.before
    key      = string(pull.id)
    once     = "30d"
    on_error = "continue"

    step "comments" {
      call   = bitbucket.atlassianListCommentsOnAPullRequest
      params = { workspace = var.workspace, repo_slug = input.repository, pull_request_id = pull.id }
    }
    step "decline" {
      when   = coalesce(pull.comment_count, 0) > 0 && len(coalesce(step.comments.body.values, [])) > 0
      call   = bitbucket.atlassianDeclineAPullRequest
      params = { workspace = var.workspace, repo_slug = input.repository, pull_request_id = pull.id }
      catch "555" {
        skip = true
      }
    }
    step "remind" {
      when   = step.decline.skipped
      call   = bitbucket.atlassianCreateACommentOnAPullRequest
      params = { workspace = var.workspace, repo_slug = input.repository, pull_request_id = pull.id }
      body   = { type = "pullrequest_comment", content = { raw = "Nothing has happened here since ${pull.updated_on}." } }
    }
    aggregate "oldest" {
      min = pull.updated_on
    }
    aggregate "titles" {
      list = coalesce(pull.title, "")
    }
  }
  step "issue" {
    when       = for_each.pull.failed > 0
    depends_on = [for_each.pull]
    call       = bitbucket.atlassianCreateAnIssue
    params     = { workspace = var.workspace, repo_slug = input.repository }
    body = {
      type     = "issue"
      title    = "${for_each.pull.failed} stale pull requests could not be closed"
      kind     = "task"
      priority = "minor"
      content  = { raw = join(for_each.pull.titles, "\n") }
    }
  }

  output "oldest" {
    value = for_each.pull.oldest
  }
  output "reminded" {
    value = for_each.pull.succeeded
  }
}

integration "coverage" {
  input "repository" {
    type = string({ pattern = "^[a-z0-9._-]+$" })
  }
  input "commit" {
    type = string({ pattern = "^[0-9a-f]{7,40}$" })
  }
  input "files" {
    type = list(object({ path = string, lines = integer({ min = 0 }), covered = integer({ min = 0 }) }))
  }
  state "last" {
    type    = number({ min = 0, max = 100 })
    initial = 0
    next    = step.percent.value
  }

  trigger "completion" "merged" {
    integration = integration.merge
    when        = trigger.outputs.merged && len(trigger.outputs.states) == 1
    inputs      = { repository = "shop", commit = "0000000", files = [] }
  }

  step "percent" {
    value = round(min(100, sum([for f in input.files : f.covered]) * 100 / max(1, sum([for f in input.files : f.lines]))))
  }
  step "report" {
    call   = bitbucket.atlassianCreateorupdatereport
    params = { workspace = var.workspace, repo_slug = input.repository, commit = input.commit, reportId = "coverage" }
    body = {
      type        = "report"
      title       = "Coverage"
      details     = "${step.percent.value} %, it was ${state.last} %"
      report_type = "COVERAGE"
      result      = step.percent.value >= state.last ? "PASSED" : "FAILED"
      link        = "https://ci.example.com/${input.repository}/${input.commit}"
    }
  }
  step "status" {
    call   = bitbucket.atlassianCreateABuildStatusForACommit
    params = { workspace = var.workspace, repo_slug = input.repository, commit = input.commit }
    body   = { type = "build", key = "coverage", state = match(step.report.body.result, { PASSED = "SUCCESSFUL", FAILED = "FAILED" }, "INPROGRESS"), url = "https://ci.example.com/${input.commit}", description = "${len(input.files)} files" }
  }

  output "percent" {
    value = step.percent.value
  }
  output "status" {
    value = step.status.body.state
  }
}
