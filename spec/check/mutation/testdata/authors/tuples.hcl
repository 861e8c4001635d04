# Copies what changed at OpenFGA into tasks of Vikunja.

api "fga" {
  spec       = "openfga.json"
  server     = "https://fga.example.com"
  on_unknown = "stop"
}

api "vikunja" {
  spec       = "vikunja.json"
  server     = "https://tasks.example.com/api/v1"
  on_unknown = "stop"

  auth "JWTKeyAuth" {
    value = secret.vikunja
  }
}

secret "vikunja" {
  env = "VIKUNJA_TOKEN"
}

integration "audit" {
  input "store" {
    type    = string
    default = "01HVMMBCMGZNT3SED4Z17ECXCA"
  }

  input "project" {
    type    = integer
    default = 1
  }

  step "changes" {
    call   = fga.ReadChanges
    params = { store_id = input.store, page_size = 50, start_time = "2026-01-01T00:00:00Z" }

    paginate {
      items = response.body.changes
      next  = coalesce(response.body.continuation_token, "") != "" ? { continuation_token = response.body.continuation_token } : null
      limit = 500
    }
  }

  for_each "change" {
    in    = step.changes.items
    where = change.operation == "TUPLE_OPERATION_DELETE"
    key   = "${change.tuple_key.object}/${change.timestamp}"

    step "still" {
      call   = fga.Check
      params = { store_id = input.store }
      safe   = true
      body = {
        tuple_key   = pick(change.tuple_key, ["user", "relation", "object"])
        consistency = "HIGHER_CONSISTENCY"
      }
    }

    step "task" {
      call   = vikunja["PUT /projects/{id}/tasks"]
      params = { id = input.project }
      body = {
        title       = "Access of ${change.tuple_key.user} was taken away"
        description = "Still allowed by other ways: ${coalesce(step.still.body.allowed, false)}"
        due_date    = format_time(now() + duration("24h"), "%Y-%m-%dT%H:%M:%SZ")
        priority    = 3
        done        = false
        hex_color   = "e74c3c"
      }
    }

    step "comment" {
      call   = vikunja["PUT /tasks/{taskID}/comments"]
      params = { taskID = coalesce(step.task.body.id, 0) }
      body   = { comment = "Removed at ${change.timestamp}." }
      when   = step.task.body.id != null
    }
  }

  output "tasks" {
    value = for_each.change.succeeded
  }
}
