# Every high-urgency incident of the last day gets a Jira issue, with its notes as a comment.

api "pagerduty" {
  spec = "pagerduty.json"

  auth "api_key" {
    value = "Token token=${secret.pagerduty_key}"
  }
}

api "jira" {
  spec   = "jira.yml"
  server = "https://example.atlassian.net"

  auth "basicAuth" {
    username = "robot@example.com"
    password = secret.jira_token
  }
}

secret "pagerduty_key" {
  env = "PAGERDUTY_KEY"
}

secret "jira_token" {
  env = "JIRA_TOKEN"
}

mapping "paragraph" {
  from  = { text = string }
  value = { type = "paragraph", content = [{ type = "text", text = text }] }
}

mapping "issue" {
  from = { incident = pagerduty.schemas.Incident, project = string }
  value = {
    fields = {
      project   = { key = project }
      issuetype = { name = "Incident" }
      summary   = truncate(coalesce(incident.title, incident.summary, "An incident without a title"), 254)
      labels    = ["pagerduty", match(incident.urgency, { high = "urgent", low = "later" }, "later")]
      priority  = { name = incident.priority != null ? coalesce(incident.priority.name, "Medium") : "Medium" }
      description = {
        type    = "doc"
        version = 1
        content = [
          mapping::paragraph("Incident ${coalesce(incident.incident_number, 0)}, ${coalesce(incident.status, "of unknown status")}."),
          mapping::paragraph(coalesce(incident.html_url, "no link")),
        ]
      }
    }
  }
}

integration "incidents" {
  input "since" {
    type    = string({ format = "date-time" })
    default = "2026-01-01T00:00:00Z"
  }

  input "project" {
    type    = string({ pattern = "^[A-Z][A-Z0-9]+$" })
    default = "OPS"
  }

  step "incidents" {
    call = pagerduty.listIncidents
    params = {
      since         = input.since
      "urgencies[]" = "high"
      "statuses[]"  = "triggered"
      limit         = 100
      sort_by       = ["created_at:desc"]
    }

    paginate {}
  }

  for_each "incident" {
    in       = step.incidents.items
    where    = incident.id != null
    key      = incident.id
    on_error = "continue"

    step "issue" {
      call = jira.atlassianCreateissue
      body = mapping::issue(incident, input.project)
    }

    step "notes" {
      call   = pagerduty.listIncidentNotes
      params = { id = must(incident.id, "where asks for it") }

      catch "404" {
        body = { notes = [] }
      }
    }

    for_each "note" {
      in    = coalesce(step.notes.body.notes, [])
      where = note.content != ""

      step "comment" {
        call   = jira.atlassianAddcomment
        params = { issueIdOrKey = step.issue.body.key }
        body = {
          body = {
            type    = "doc"
            version = 1
            content = [mapping::paragraph("${coalesce(note.user.summary, "Somebody")}: ${note.content}")]
          }
        }
      }
    }
  }

  output "issues" {
    value = for_each.incident.succeeded
  }
}
