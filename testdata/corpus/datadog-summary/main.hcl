# Asks a language model to sum up which monitors are alerting, and writes it to Datadog as an event.

api "datadog" {
  spec = "datadog-v1.yaml"

  auth "apiKeyAuth" {
    value = secret.datadog_key
  }

  auth "appKeyAuth" {
    value = secret.datadog_app_key
  }
}

api "openai" {
  spec    = "openai.yaml"
  timeout = "2m"

  auth "ApiKeyAuth" {
    token = secret.openai_key
  }
}

secret "datadog_key" {
  env = "DD_API_KEY"
}

secret "datadog_app_key" {
  env = "DD_APP_KEY"
}

secret "openai_key" {
  env = "OPENAI_API_KEY"
}

integration "summary" {
  input "tags" {
    type    = list(string)
    default = ["env:prod"]
  }

  step "monitors" {
    call   = datadog.ListMonitors
    params = { monitor_tags = join(input.tags, ","), page = 0, page_size = 200 }

    paginate {}
  }

  step "alerting" {
    value = [
      for m in collect(step.monitors.items) : {
        name  = coalesce(m.name, "Monitor ${coalesce(m.id, 0)}")
        query = m.query
        level = match(coalesce(m.priority, 3), { 1 = "critical", 2 = "high" }, "normal")
      }
      if m.overall_state == "Alert" || m.overall_state == "Warn"
    ]
  }

  step "ask" {
    call = openai.createChatCompletion
    safe = true
    body = {
      model       = "gpt-4o-mini"
      temperature = 0.2
      messages = [
        { role = "system", content = "You sum up alerts for an engineer on call, in three sentences." },
        { role = "user", content = "Alerting now:\n${jsonencode(step.alerting.value)}" },
      ]
      max_completion_tokens = 300
    }
    when = len(step.alerting.value) > 0

    retry {
      attempts = 2
    }
  }

  step "event" {
    call = datadog.CreateEvent
    body = {
      title            = "${len(step.alerting.value)} monitors need a look"
      text             = truncate(coalesce(first(step.ask.body.choices).message.content, "No summary."), 4000)
      alert_type       = expr("any(step.alerting.value, .level == 'critical')") ? "error" : "warning"
      date_happened    = unix(now())
      tags             = input.tags
      priority         = "normal"
      aggregation_key  = "on-call-summary"
      source_type_name = "my apps"
    }
    when = !step.ask.skipped
  }

  output "alerting" {
    value = len(step.alerting.value)
  }
}
