# Books the cheapest train of a day and pays for it.

api "trains" {
  spec = "train-travel-31.json"

  auth "OAuth2" {
    token = secret.train_token
  }
}

secret "train_token" {
  env = "TRAIN_TOKEN"
}

integration "book" {
  input "passenger" {
    type    = object({ name = string, dog = optional(bool) })
    default = { name = "Ada Lovelace" }
  }

  input "from" {
    type    = string
    default = "Berlin"
  }

  input "to" {
    type    = string
    default = "Paris"
  }

  input "day" {
    type    = string({ format = "date" })
    default = "2026-03-01"
  }

  step "stations" {
    call = trains.get-stations
  }

  step "ends" {
    value = {
      from = expr("find(step.stations.body.data ?? [], .name == input.from).id ?? 'efdbb9d1-02c2-4bc3-afb7-6788d8782b1e'")
      to   = expr("find(step.stations.body.data ?? [], .name == input.to).id ?? 'b2e783e1-c824-4d63-b37a-d8d698862f1d'")
    }
  }

  step "trips" {
    call = trains.get-trips
    params = {
      origin      = step.ends.value.from
      destination = step.ends.value.to
      date        = parse_time(input.day)
      dogs        = input.passenger.dog
    }
  }

  step "cheapest" {
    value = first(expr("sortBy(filter(step.trips.body.data ?? [], .id != nil && (.price ?? 0) > 0), .price)"))
  }

  step "booking" {
    call = trains.create-booking
    body = {
      trip_id        = step.cheapest.value.id
      passenger_name = input.passenger.name
      has_dog        = coalesce(input.passenger.dog, false)
      has_bicycle    = false
    }
    when = step.cheapest.value != null

    catch "409" {
      skip = true
    }
  }

  step "payment" {
    call   = trains.create-booking-payment
    params = { bookingId = must(step.booking.body.id, "a new booking has an id") }
    body = {
      amount   = step.cheapest.value.price
      currency = "eur"
      source = {
        object       = "bank_account"
        name         = input.passenger.name
        number       = "DE89370400440532013000"
        account_type = "individual"
        bank_name    = "Example Bank"
        country      = "DE"
      }
    }
    when = step.booking.body.id != null
  }

  switch "paid" {
    on = coalesce(step.payment.body.status, "pending")

    case "failed" {
      step "cancel" {
        call   = trains.delete-booking
        params = { bookingId = must(step.booking.body.id, "it was paid for") }
      }
    }

    case "pending" "succeeded" {
    }
  }

  output "departure" {
    value = step.cheapest.value.departure_time
  }
}
