# Tells by phone of new bookings, and lets the desk look up trips by an API of its own.

api "train" {
  spec = "train-travel-31.json"

  auth "OAuth2" {
    token = secret.train_token
  }
}

api "gotify" {
  spec       = "gotify.json"
  server     = "https://push.example.com"
  on_unknown = "stop"

  auth "clientTokenHeader" {
    value = secret.gotify_token
  }
}

api "desk" {
  spec = "openapi/desk.yaml"
}

secret "train_token" {
  env = "TRAIN_TOKEN"
}

secret "gotify_token" {
  env = "GOTIFY_TOKEN"
}

secret "hook_secret" {
  env = "TRAIN_HOOK_SECRET"
}

secret "desk_password" {
  env = "DESK_PASSWORD"
}

integration "booked" {
  input "booking" {
    type = string
  }
  input "passenger" {
    type    = string
    default = "somebody"
  }
  input "dog" {
    type    = bool
    default = false
  }

  trigger "webhook" "new" {
    path    = "/hooks/train"
    webhook = train.webhooks.newBooking
    key     = must(trigger.body.id, "bookings have an id")
    inputs = {
      booking   = must(trigger.body.id, "bookings have an id")
      passenger = trigger.body.passenger_name
      dog       = trigger.body.has_dog
    }

    verify "standard_webhooks" {
      secret = secret.hook_secret
    }
  }

  step "push" {
    call = gotify.createMessage
    body = {
      title    = "New booking"
      message  = "${input.passenger}${input.dog ? " and a dog" : ""}: ${input.booking}"
      priority = 3
    }
  }

  output "message" {
    value = step.push.body.id
  }
}

integration "trips" {
  input "from" {
    type = string({ format = "uuid" })
  }
  input "to" {
    type = string({ format = "uuid" })
  }
  input "day" {
    type = string({ format = "date" })
  }
  input "dog" {
    type    = bool
    default = true
  }

  trigger "operation" "search" {
    operation = desk.searchTrips
    inputs    = { from = trigger.params.from, to = trigger.params.to, day = trigger.params.day }
    timeout   = "10s"

    auth "desk" {
      username = "desk"
      password = secret.desk_password
    }
    respond {
      when    = outputs.count > 0
      status  = 200
      headers = { X-Count = outputs.count }
      body    = { trips = outputs.trips, note = trigger.params.lang == "de" ? "Ohne Gewähr" : "No warranty" }
    }
    respond {
      status = 204
    }
    respond {
      on     = "failed"
      status = 503
      body   = { message = "Try again later.", code = "unavailable" }
    }
  }

  step "trips" {
    call   = train["get-trips"]
    params = { origin = input.from, destination = input.to, date = "${input.day}T00:00:00Z", dogs = input.dog }
  }
  step "found" {
    value = [for t in coalesce(step.trips.body.data, []) : {
      id       = must(t.id, "trips have an id")
      operator = coalesce(t.operator, "unknown")
      price    = coalesce(t.price, 0)
      bicycles = coalesce(t.bicycles_allowed, false)
    }]
  }

  output "trips" {
    value = take(step.found.value, 10)
  }
  output "count" {
    value = len(step.found.value)
  }
}

integration "digest" {
  trigger "schedule" "nightly" {
    every  = "6h"
    jitter = "5m"
  }
  trigger "completion" "after" {
    integration = integration.booked
    on          = "failed"
  }

  step "bookings" {
    call = train["get-bookings"]
  }
  step "push" {
    call = gotify.createMessage
    body = { message = "${len(coalesce(step.bookings.body.data, []))} bookings", priority = 1 }
  }

  output "bookings" {
    value = len(coalesce(step.bookings.body.data, []))
  }
}
