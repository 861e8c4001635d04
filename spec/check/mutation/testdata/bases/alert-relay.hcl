# Passes on to phones what Alertmanager calls its webhook for, and says every morning what is still burning.

api "alertmanager" {
  spec   = "alertmanager.yaml"
  server = "https://alerts.example.com/api/v2"
}

api "gotify" {
  spec       = "gotify.json"
  server     = "https://push.example.com"
  on_unknown = "stop"

  auth "clientTokenHeader" {
    value = secret.gotify_token
  }
}

secret "gotify_token" {
  env = "GOTIFY_TOKEN"
}

secret "hook_token" {
  env = "ALERT_HOOK_TOKEN"
}

integration "relay" {
  overlap = "queue"

  input "title" {
    type = string({ max_length = 200 })
  }
  input "status" {
    type = enum("firing", "resolved")
  }
  input "count" {
    type = integer({ min = 0 })
  }
  input "link" {
    type    = string
    default = ""
  }

  trigger "webhook" "alerts" {
    path = "/hooks/alertmanager"
    body = object({
      version         = string
      groupKey        = string
      status          = enum("firing", "resolved")
      receiver        = string
      externalURL     = optional(string)
      truncatedAlerts = optional(integer)
      alerts = list(object({
        status      = enum("firing", "resolved")
        fingerprint = string
        startsAt    = string({ format = "date-time" })
        labels      = map(string)
      }))
    })
    key  = "${trigger.body.groupKey}/${trigger.body.status}/${trigger.body.alerts[0].startsAt}"
    when = trigger.body.receiver == "phones" && len(trigger.body.alerts) > 0
    inputs = {
      title  = truncate("${len(trigger.body.alerts)} alerts: ${trigger.body.groupKey}", 200)
      status = trigger.body.status
      count  = len(trigger.body.alerts) + coalesce(trigger.body.truncatedAlerts, 0)
      link   = trigger.body.externalURL
    }

    verify "bearer" {
      token = secret.hook_token
    }
  }

  step "push" {
    call = gotify.createMessage
    body = {
      title    = input.title
      message  = "${input.count} are ${input.status}. ${input.link}"
      priority = match(input.status, { firing = 8, resolved = 2 })
    }
  }

  output "message" {
    value = step.push.body.id
  }
  output "status" {
    value = input.status
  }
}

integration "morning" {
  input "day" {
    type = string({ format = "date" })
  }
  input "hour" {
    type    = integer({ min = 0, max = 23 })
    default = 8
  }

  trigger "schedule" "morning" {
    cron     = "30 8 * * 1-5"
    timezone = "Europe/Berlin"
    catch_up = "none"
    inputs   = { day = format_time(trigger.time, "%Y-%m-%d", "Europe/Berlin") }
  }

  step "alerts" {
    call   = alertmanager.getAlerts
    params = { active = true, silenced = false }
  }

  step "burning" {
    value = [for a in step.alerts.body : a if a.status.state == "active"]
  }

  step "push" {
    call = gotify.createMessage
    body = { title = "Alerts of ${input.day}, ${input.hour}h", message = "${len(step.burning.value)} alerts are active.", priority = 4 }
    when = len(step.burning.value) > 0
  }

  output "active" {
    value = len(step.burning.value)
  }
  output "day" {
    value = input.day
  }
  output "pushed" {
    value = !step.push.skipped
  }
}

integration "tidy" {
  input "day" {
    type = string({ format = "date" })
  }
  state "tidied" {
    type    = integer
    initial = 0
    next    = state.tidied + 1
  }

  trigger "completion" "morning" {
    integration = integration.morning
    when        = trigger.outputs.active == 0
    inputs      = { day = trigger.outputs.day }
  }

  step "old" {
    call   = gotify.getMessages
    params = { limit = 100 }
  }

  for_each "message" {
    in       = step.old.body.messages
    where    = message.priority != null && message.priority < 5
    key      = string(message.id)
    on_error = "continue"

    step "delete" {
      call   = gotify.deleteMessage
      params = { id = message.id }
      catch "404" {
        skip = true
      }
    }
  }

  output "deleted" {
    value = for_each.message.succeeded
  }
  output "note" {
    value = "tidied on ${input.day}"
  }
}
