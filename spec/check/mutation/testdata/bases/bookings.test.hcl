test "a dog is told of" {
  integration = integration.booked
  inputs      = { booking = "1725ff48-ab45-4bb5-9d02-88745177dedb", passenger = "Ada", dog = true }

  mock "taken" {
    call = gotify.createMessage
    body = { id = 7, appid = 1, message = request.body.message, date = "2026-02-03T09:00:00Z" }
  }

  expect {
    outputs = { message = 7 }
    assert  = calls.gotify.createMessage[0].body.message == "Ada and a dog: 1725ff48-ab45-4bb5-9d02-88745177dedb"
  }
}

test "trips are found for the day" {
  integration = integration.trips
  inputs      = { from = "efdbb9d1-02c2-4bc3-afb7-6788d8782b1e", to = "b2e783e1-c824-4d63-b37a-d8d698862f1d", day = "2026-02-03" }

  mock "one trip" {
    call = train["get-trips"]
    when = request.params.dogs
    body = {
      data = [{ id = "ea399ba1-6d95-433f-92d1-83f67b775594", operator = "National Express", price = 50, bicycles_allowed = true }]
    }
  }

  expect {
    outputs = { count = 1, trips = [{ id = "ea399ba1-6d95-433f-92d1-83f67b775594", operator = "National Express", price = 50, bicycles = true }] }
    check "of that day" {
      assert = [for c in calls.train["get-trips"] : c.params.date] == ["2026-02-03T00:00:00Z"]
    }
  }
}

test "a timetable that is down" {
  integration = integration.trips
  inputs      = { from = "efdbb9d1-02c2-4bc3-afb7-6788d8782b1e", to = "b2e783e1-c824-4d63-b37a-d8d698862f1d", day = "2026-02-03" }

  mock "down" {
    call  = train["get-trips"]
    error = "timeout"
  }

  expect {
    status = "failed"
    assert = error.kind == "timeout"
  }
}
