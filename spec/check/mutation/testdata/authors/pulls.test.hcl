test "what is green is merged" {
  integration = integration.merge
  inputs      = { repository = "shop", pull = 17, commit = "0a1b2c3d", strategy = "merge_commit" }

  mock "open" {
    call = bitbucket.atlassianGetAPullRequest
    when = request.params.pull_request_id == 17
    body = { type = "pullrequest", id = 17, title = "Faster search", state = "OPEN" }
  }
  mock "two builds" {
    call = bitbucket.atlassianListCommitStatusesForACommit
    body = { values = [{ type = "build", key = "unit", state = "SUCCESSFUL" }, { type = "build", key = "lint", state = "SUCCESSFUL" }] }
  }
  mock "merged" {
    call = bitbucket.atlassianMergeAPullRequest
    body = { type = "pullrequest", id = 17, state = "MERGED" }
  }

  expect {
    outputs = { merged = true, states = ["SUCCESSFUL"] }
    check "how" {
      assert  = [for c in calls.bitbucket.atlassianMergeAPullRequest : { how = c.body.merge_strategy, close = c.body.close_source_branch }] == [{ how = "merge_commit", close = true }]
      message = jsonencode([for c in calls.bitbucket.atlassianMergeAPullRequest : c.body])
    }
  }
}

test "what is not green gets a comment" {
  integration = integration.merge
  inputs      = { repository = "shop", pull = 18, commit = "0a1b2c3d" }

  mock "open" {
    call = bitbucket.atlassianGetAPullRequest
    body = { type = "pullrequest", id = 18, state = "OPEN" }
  }
  mock "one has failed" {
    call = bitbucket.atlassianListCommitStatusesForACommit
    body = { values = [{ type = "build", state = "FAILED" }, { type = "build", state = "SUCCESSFUL" }] }
  }
  mock "said" {
    call   = bitbucket.atlassianCreateACommentOnAPullRequest
    status = 201
    body   = { type = "pullrequest_comment", id = 4, content = request.body.content }
  }

  expect {
    outputs = { merged = false, states = ["FAILED", "SUCCESSFUL"], comment = 4 }
    assert  = calls.bitbucket.atlassianCreateACommentOnAPullRequest[0].body.content.raw == "Not merged: the builds are FAILED, SUCCESSFUL."
  }
}

test "the stale ones are told, once" {
  integration = integration.stale
  inputs      = { repository = "shop", before = "2026-01-01T00:00:00Z" }

  mock "two pages" {
    call = bitbucket.atlassianListPullRequests
    responses = [
      { body = { values = [{ type = "pullrequest", id = 1, title = "Old", updated_on = "2025-10-01T00:00:00Z", comment_count = 0 }], next = "http://bitbucket.test/repositories/acme/shop/pullrequests?state=OPEN&page=2" } },
      { body = { values = [{ type = "pullrequest", id = 2, title = "New", updated_on = "2026-02-01T00:00:00Z" }] } },
    ]
  }

  expect {
    outputs = { reminded = 1, oldest = "2025-10-01T00:00:00Z" }
    assert  = [for c in calls.bitbucket.atlassianCreateACommentOnAPullRequest : c.params.pull_request_id] == [1]
  }
}

test "coverage that falls fails" {
  integration = integration.coverage
  inputs      = { repository = "shop", commit = "0a1b2c3d", files = [{ path = "a.go", lines = 10, covered = 5 }] }
  state       = { last = 60 }

  mock "reported" {
    call = bitbucket.atlassianCreateorupdatereport
    body = { type = "report", result = request.body.result, data = [] }
  }
  mock "as asked" {
    call   = bitbucket.atlassianCreateABuildStatusForACommit
    when   = request.body.key == "coverage"
    status = 201
    body   = { type = "build", state = request.body.state }
  }

  expect {
    outputs = { percent = 50, status = "FAILED" }
    state   = { last = 50 }
    check "the report" {
      assert = [for c in calls.bitbucket.atlassianCreateorupdatereport : c.body.result] == ["FAILED"]
    }
  }
}
