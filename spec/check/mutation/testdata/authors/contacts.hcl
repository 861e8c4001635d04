# Welcomes contacts of HubSpot that were made lately, by Resend.

api "hubspot" {
  spec       = "hubspot-contacts.json"
  on_unknown = "stop"

  auth "oauth2" {
    token = secret.hubspot
  }
}

api "resend" {
  spec       = "resend.yaml"
  on_unknown = "stop"

  auth "bearerAuth" {
    token = secret.resend
  }
}

secret "hubspot" {
  env = "HUBSPOT_TOKEN"
}

secret "resend" {
  env = "RESEND_KEY"
}

mapping "mail" {
  from = { address = string, name = string }
  value = {
    from    = "Team <team@example.com>"
    to      = address
    subject = "Welcome, ${name}"
    text    = "Good to have you here, ${name}."
  }
}

integration "welcome" {
  input "since" {
    type    = string({ format = "date-time" })
    default = "2026-01-01T00:00:00Z"
  }

  step "contacts" {
    call   = hubspot["get-/crm/v3/objects/contacts_getPage"]
    params = { limit = 100, archived = false, properties = ["email", "firstname"] }

    paginate {
      items = response.body.results
      next  = response.body.paging.next.after != null ? { after = response.body.paging.next.after } : null
      limit = 5000
    }
  }

  for_each "contact" {
    in          = step.contacts.items
    where       = parse_time(contact.createdAt) > parse_time(input.since)
    key         = contact.id
    concurrency = 2
    on_error    = "continue"

    step "mail" {
      call = resend.sendEmail
      body = mapping::mail(coalesce(contact.properties.email, "nobody@example.com"), coalesce(contact.properties.firstname, "friend"))
      when = contact.properties.email != null
    }

    step "mark" {
      call   = hubspot["patch-/crm/v3/objects/contacts/{contactId}_update"]
      params = { contactId = contact.id }
      body   = { properties = { welcomed = "yes", mail_id = step.mail.body.id } }
    }
  }

  step "found" {
    call = hubspot["post-/crm/v3/objects/contacts/search_doSearch"]
    safe = true
    body = {
      after        = "0"
      limit        = 10
      properties   = ["email"]
      sorts        = ["-createdate"]
      filterGroups = [{ filters = [{ propertyName = "email", operator = "HAS_PROPERTY" }] }]
    }
  }

  output "welcomed" {
    value = for_each.contact.succeeded
  }

  output "total" {
    value = step.found.body.total
  }
}
