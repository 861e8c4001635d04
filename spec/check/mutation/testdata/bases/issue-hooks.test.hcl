test "an issue without labels gets one, and is told of" {
  integration = integration.issue
  inputs      = { owner = "golang", repository = "go", number = 17, title = "cmd/go: slow", unlabelled = true }
  variables   = { channel = "42" }

  mock "labelled" {
    call    = github["issues/add-labels"]
    when    = request.params.issue_number == 17
    body    = [{ id = 1, name = "triage", color = "ededed" }]
    partial = true
  }
  mock "posted" {
    call    = discord.create_message
    body    = { id = "900", content = request.body.content, type = 0 }
    partial = true
  }

  expect {
    outputs = { labels = ["triage"] }
    check "the text" {
      assert = [for c in calls.discord.create_message : c.body.content] == ["golang/go #17: cmd/go: slow"]
    }
    check "where to" {
      assert = [for c in calls.discord.create_message : c.params.channel_id] == ["42"]
    }
    check "the label" {
      assert = calls.github["issues/add-labels"][0].params.repo == "go"
    }
  }
}

test "a Discord that asks for patience gets the message once" {
  integration = integration.release
  inputs      = { text = "golang/go go1.27" }

  mock "not so fast" {
    call      = discord.create_message
    responses = [{ status = 429, headers = { "Retry-After" = "1" } }, { status = 200 }]
  }

  expect {
    assert = [for c in calls.discord.create_message : c.status] == [429, 200]
  }
}
