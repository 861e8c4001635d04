# Tells by Gotify which tasks of a search server have failed, and looks after its indexes.

api "search" {
  spec   = "meilisearch.json"
  server = "https://search.example.com"

  auth "Bearer" {
    token = secret.search_key
  }
}

api "gotify" {
  spec   = "gotify.json"
  server = "https://push.example.com"

  auth "clientTokenHeader" {
    value = secret.gotify_token
  }
}

secret "search_key" {
  env = "SEARCH_KEY"
}

secret "gotify_token" {
  env = "GOTIFY_TOKEN"
}

integration "failed_tasks" {
  input "since" {
    type    = string({ format = "date-time" })
    default = "2026-01-01T00:00:00Z"
  }

  step "tasks" {
    call   = search.get_tasks
    params = { statuses = ["failed", "canceled"], afterEnqueuedAt = input.since, limit = 50 }

    paginate {
      items = response.body.results
      next  = response.body.next != null ? { from = response.body.next } : null
    }
  }

  for_each "task" {
    in    = step.tasks.items
    where = task.status == "failed"
    key   = string(task.uid)

    step "full" {
      call   = search.get_task
      params = { taskUid = string(task.uid) }
    }

    step "push" {
      call = gotify.createMessage
      body = {
        title    = "Task ${task.uid} has failed"
        message  = "${step.full.body.type} of ${coalesce(task.indexUid, "no index")} at ${task.enqueuedAt}"
        priority = 5
      }
    }
  }

  output "failed" {
    value = for_each.task.succeeded
  }
}

integration "indexes" {
  input "name" {
    type = string({ pattern = "^[a-z]{1,30}$" })
  }

  step "create" {
    call = search.create_index
    body = { uid = input.name, primaryKey = "id" }
  }

  step "settled" {
    call   = search.get_task
    params = { taskUid = string(step.create.body.taskUid) }
  }

  step "application" {
    call = gotify.createApp
    body = { name = "search ${input.name}", description = "Pushes of ${input.name}", defaultPriority = 4 }
  }

  step "messages" {
    call   = gotify.getAppMessages
    params = { id = step.application.body.id, limit = 100 }
  }

  step "first" {
    call = gotify.createMessage
    body = {
      title    = step.application.body.name
      message  = step.settled.body.status == "succeeded" ? "The index is there." : "The index is being made."
      priority = 2
    }
    when = len(step.messages.body.messages) == 0
  }

  output "application" {
    value = step.application.body.id
  }

  output "first_message" {
    value = step.messages.body.messages[0].message
  }
}
