test "what fires is pushed at once" {
  integration = integration.relay
  inputs      = { title = "2 alerts", status = "firing", count = 2, link = "https://alerts.example.com" }

  mock "taken" {
    call = gotify.createMessage
    when = request.body.priority == 8
    body = { id = 25, appid = 5, message = request.body.message, title = "2 alerts", date = "2026-02-03T09:00:00Z" }
  }

  expect {
    outputs = { message = 25, status = "firing" }
    check "the text" {
      assert  = [for c in calls.gotify.createMessage : c.body.message] == ["2 are firing. https://alerts.example.com"]
      message = jsonencode([for c in calls.gotify.createMessage : c.body])
    }
    check "the priority" {
      assert = calls.gotify.createMessage[0].body.priority == 8 && calls.gotify.createMessage[0].status == 200
    }
  }
}

test "a push server that refuses fails the run" {
  integration = integration.relay
  inputs      = { title = "1 alert", status = "resolved", count = 1 }

  mock "no such token" {
    call   = gotify.createMessage
    status = 401
    body   = { error = "Unauthorized", errorCode = 401, errorDescription = "you need to provide a valid token" }
  }

  expect {
    status = "failed"
    assert = error.status == 401 && error.step == "push"
  }
}

test "only what is active is counted" {
  integration = integration.morning
  inputs      = { day = "2026-02-03" }
  now         = "2026-02-03T07:30:00Z"

  mock "one is active, one is suppressed" {
    call = alertmanager.getAlerts
    when = request.params.active
    body = [
      {
        labels      = { alertname = "DiskFull" }
        annotations = {}
        fingerprint = "a1"
        receivers   = [{ name = "phones" }]
        startsAt    = "2026-02-03T01:00:00Z"
        endsAt      = "2026-02-03T09:00:00Z"
        updatedAt   = "2026-02-03T07:00:00Z"
        status      = { state = "active", silencedBy = [], inhibitedBy = [], mutedBy = [] }
      },
      {
        labels      = { alertname = "Slow" }
        annotations = {}
        fingerprint = "a2"
        receivers   = [{ name = "phones" }]
        startsAt    = "2026-02-03T01:00:00Z"
        endsAt      = "2026-02-03T09:00:00Z"
        updatedAt   = "2026-02-03T07:00:00Z"
        status      = { state = "suppressed", silencedBy = ["s-1"], inhibitedBy = [], mutedBy = [] }
      },
    ]
  }

  expect {
    outputs = { active = 1, day = "2026-02-03", pushed = true }
    assert  = len(calls.gotify.createMessage) == 1
  }
}

test "old messages are deleted, gone ones do not matter" {
  integration = integration.tidy
  inputs      = { day = "2026-02-03" }
  state       = { tidied = 3 }

  mock "three messages" {
    call    = gotify.getMessages
    body    = { messages = [{ id = 1, priority = 2 }, { id = 2, priority = 8 }, { id = 3, priority = 0 }] }
    partial = true
  }
  mock "gone" {
    call   = gotify.deleteMessage
    when   = request.params.id == 3
    status = 404
    body   = { error = "Not Found", errorCode = 404, errorDescription = "message does not exist" }
  }

  expect {
    outputs = { deleted = 2 }
    state   = { tidied = 4 }
    assert  = sort([for c in calls.gotify.deleteMessage : c.params.id]) == [1, 3]
  }
}
