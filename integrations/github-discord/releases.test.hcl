test "what was published since the last run is posted" {
  integration = integration.releases
  inputs      = { repositories = [{ owner = "golang", name = "go" }] }
  variables   = { channel = "1029384756" }
  state       = { since = "2026-02-01T00:00:00Z" }
  now         = "2026-02-03T12:00:00Z"

  mock "four, one of them old, one a draft" {
    call = github["repos/list-releases"]
    body = jsondecode(file("testdata/releases.json"))
  }

  expect {
    outputs = { posted = 2 }
    state   = { since = "2026-02-03T11:00:00Z" }

    check "posts" {
      assert  = [for c in calls.discord.create_message : c.body.content] == ["**golang/go go1.27rc1** is out", "**golang/go Go 1.26.1** is out"]
      message = jsonencode([for c in calls.discord.create_message : c.body])
    }
    check "the channel" {
      assert = expr("all(calls.discord.create_message, .params.channel_id == '1029384756')")
    }
  }
}

test "nothing new, nothing posted" {
  integration = integration.releases
  inputs      = { repositories = [{ owner = "golang", name = "go" }] }
  variables   = { channel = "1029384756" }
  state       = { since = "2026-02-01T00:00:00Z" }
  now         = "2026-02-03T12:00:00Z"

  mock "no releases" {
    call = github["repos/list-releases"]
    when = request.params.owner == "golang" && request.params.repo == "go"
    body = []
  }

  expect {
    outputs = { posted = 0 }
    state   = { since = "2026-02-03T11:00:00Z" }
    assert  = len(calls.discord.create_message) == 0
  }
}

test "a repository that is gone does not keep the others from being looked at" {
  integration = integration.releases
  inputs      = { repositories = [{ owner = "gone", name = "gone" }, { owner = "golang", name = "go" }] }
  variables   = { channel = "1029384756" }

  mock "gone" {
    call   = github["repos/list-releases"]
    when   = request.params.owner == "gone"
    status = 404
  }
  mock "no releases" {
    call = github["repos/list-releases"]
    body = []
  }

  expect {
    assert = len([for c in calls.github["repos/list-releases"] : c if c.params.owner == "golang" && c.status == 200]) == 1
  }
}
