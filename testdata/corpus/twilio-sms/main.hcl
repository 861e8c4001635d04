# Gives every messaging service of an account the phone numbers that it should have.

api "messaging" {
  spec = "twilio-messaging.yaml"

  auth "accountSid_authToken" {
    username = "AC0123456789abcdef0123456789abcdef"
    password = secret.twilio_token
  }
}

secret "twilio_token" {
  env = "TWILIO_TOKEN"
}

variable "numbers" {
  description = "Phone numbers, by the name of the service that should have them."
  type        = map(list(string({ pattern = "^PN[0-9a-fA-F]{32}$", min_length = 34, max_length = 34 })))
  default     = { alerts = ["PN0123456789abcdef0123456789abcdef"] }
}

integration "numbers" {
  step "services" {
    call   = messaging.ListService
    params = { PageSize = 50 }

    paginate {}
  }

  for_each "service" {
    in    = step.services.items
    where = service.sid != null
    key   = service.sid

    step "sid" {
      value = must(service.sid, "where asks for it")
    }

    step "have" {
      call   = messaging.ListPhoneNumber
      params = { ServiceSid = step.sid.value, PageSize = 100 }
    }

    step "missing" {
      value = [
        for n in lookup(var.numbers, coalesce(service.friendly_name, ""), []) : n
        if expr("none(step.have.body.phone_numbers ?? [], .sid == n)")
      ]
    }

    for_each "number" {
      in = step.missing.value

      step "add" {
        call   = messaging.CreatePhoneNumber
        params = { ServiceSid = step.sid.value }
        body   = { PhoneNumberSid = number }
      }
    }

    step "callback" {
      call   = messaging.UpdateService
      params = { Sid = step.sid.value }
      body = {
        FriendlyName   = service.friendly_name
        StatusCallback = service.status_callback != null ? service.status_callback : "https://example.com/twilio"
        StickySender   = coalesce(service.sticky_sender, true)
        ValidityPeriod = clamp(coalesce(service.validity_period, 14400), 1, 14400)
      }
    }
  }
}
