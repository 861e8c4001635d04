# Keeps accounts in step with the personnel system: new people get one, leavers lose theirs, and a portal can ask.

api "ory" {
  spec       = "ory.json"
  server     = { url = "https://{project}.projects.oryapis.com", variables = { project = var.project } }
  on_unknown = "stop"

  auth "oryAccessToken" {
    token = secret.ory_key
  }
  limit {
    rate  = "20/1s"
    burst = 5
  }
}

api "portal" {
  spec = "openapi/portal.yaml"
}

secret "ory_key" {
  env = "ORY_KEY"
}

secret "portal_password" {
  env = "PORTAL_PASSWORD"
}

secret "hr_token" {
  env = "HR_TOKEN"
}

variable "project" {
  type    = string({ pattern = "^[a-z0-9-]+$" })
  default = "shop-1"
}

schema "person" {
  type = object({
    number = string({ pattern = "^[0-9]{6}$" })
    email  = string({ format = "email" })
    first  = string
    last   = string({ min_length = 1 })
    teams  = list(enum("sales", "support", "warehouse"))
    phone  = optional(string)
  })
}

mapping "traits" {
  from = { person = schema.person }
  value = {
    email = lower(person.email)
    name  = { first = person.first, last = person.last }
    teams = person.teams
  }
}

mapping "account" {
  from = { identity = ory.schemas.identity, teams = list(string) }
  to   = portal.schemas.Account
  value = {
    id      = identity.id
    state   = match(identity.state, { active = "enabled", inactive = "disabled" }, "enabled")
    teams   = teams
    created = identity.created_at
  }
}

integration "joiner" {
  input "person" {
    type = schema.person
  }

  trigger "webhook" "hired" {
    path = "/hooks/hr"
    body = object({
      id     = string({ format = "uuid" })
      event  = enum("hired", "changed", "left")
      person = schema.person
      at     = string({ format = "date-time" })
    })
    key    = trigger.body.id
    when   = trigger.body.event == "hired"
    inputs = { person = trigger.body.person }

    verify "bearer" {
      token = secret.hr_token
    }
  }

  step "known" {
    call   = ory.getIdentityByExternalID
    params = { externalID = input.person.number, include_credential = ["password", "totp"] }
    catch "404" {
      skip = true
    }
  }
  step "create" {
    when = step.known.skipped
    call = ory.createIdentity
    body = {
      schema_id   = "person_v2"
      external_id = input.person.number
      state       = "active"
      traits      = mapping::traits(input.person)
      region      = "eu-central"
      verifiable_addresses = [{
        value    = input.person.email
        via      = "email"
        verified = false
        status   = "pending"
      }]
    }
    catch "409" {
      skip = true
    }
  }
  step "id" {
    value = coalesce(step.create.body.id, step.known.body.id)
  }
  step "code" {
    when = step.id.value != null
    call = ory.createRecoveryCodeForIdentity
    body = { identity_id = must(step.id.value, "an account is there"), expires_in = "72h" }
  }
  step "teams" {
    call = ory.patchRelationships
    body = [for team in input.person.teams : {
      action         = "insert"
      relation_tuple = { namespace = "Team", object = team, relation = "members", subject_id = input.person.number }
    }]
    idempotent = true
  }

  output "id" {
    value = step.id.value
  }
  output "created" {
    value = !step.create.skipped
  }
  output "until" {
    value = step.code.body.expires_at
  }
}

integration "leavers" {
  input "numbers" {
    type = list(string({ pattern = "^[0-9]{6}$" }))
  }
  input "erase" {
    type    = bool
    default = false
  }
  state "gone" {
    type    = integer({ min = 0 })
    initial = 0
    next    = state.gone + for_each.number.gone
  }

  for_each "number" {
    in          = uniq(input.numbers)
    key         = number
    concurrency = 3
    on_error    = "continue"
    max_errors  = 5

    step "identity" {
      call   = ory.getIdentityByExternalID
      params = { externalID = number }
      catch "404" {
        skip = true
      }
    }
    step "sessions" {
      when   = !step.identity.skipped
      call   = ory.listIdentitySessions
      params = { id = step.identity.body.id, active = true, page_size = 100 }
    }
    step "sign_out" {
      when   = len(coalesce(step.sessions.body, [])) > 0
      call   = ory.deleteIdentitySessions
      params = { id = step.identity.body.id }
    }
    step "disable" {
      when   = !step.identity.skipped && !input.erase
      call   = ory.patchIdentity
      params = { id = step.identity.body.id }
      body   = [{ op = "replace", path = "/state", value = "inactive" }, { op = "add", path = "/metadata_admin/left", value = true }]
    }
    step "erase" {
      when   = !step.identity.skipped && input.erase
      call   = ory.deleteIdentity
      params = { id = step.identity.body.id }
    }
    step "tuples" {
      call   = ory.getRelationships
      params = { namespace = "Team", relation = "members", subject_id = number, page_size = 250 }
    }
    step "teams" {
      when       = len(coalesce(step.tuples.body.relation_tuples, [])) > 0
      call       = ory.patchRelationships
      body       = [for t in coalesce(step.tuples.body.relation_tuples, []) : { action = "delete", relation_tuple = { namespace = t.namespace, object = t.object, relation = t.relation, subject_id = t.subject_id } }]
      idempotent = true
    }
    aggregate "gone" {
      count = !step.identity.skipped
    }
  }

  output "gone" {
    value = for_each.number.gone
  }
  output "errors" {
    value = for_each.number.failed
  }
}

integration "account" {
  input "number" {
    type = string({ pattern = "^[0-9]{6}$" })
  }

  trigger "operation" "account" {
    operation = portal.getAccount
    inputs    = { number = trigger.params.number }
    cache     = "30s"

    auth "portal" {
      username = "portal"
      password = secret.portal_password
    }
    respond {
      status  = 200
      headers = { X-Teams = len(outputs.account.teams) }
      body    = outputs.account
    }
    respond {
      on     = "failed"
      when   = error.status == 404
      status = 404
      body   = { title = "There is no account of ${trigger.params.number}.", status = 404 }
    }
    respond {
      on     = "failed"
      status = 502
      body   = { title = "Try again.", status = 502, kind = error.kind == "timeout" ? "slow" : "down" }
    }
  }

  step "identity" {
    call   = ory.getIdentityByExternalID
    params = { externalID = input.number }
  }
  step "tuples" {
    call   = ory.getRelationships
    params = { namespace = "Team", relation = "members", subject_id = input.number }
  }

  output "account" {
    value = mapping::account(step.identity.body, [for t in coalesce(step.tuples.body.relation_tuples, []) : t.object])
  }
}
