# Open comments on a Figma file become Asana tasks; each comment is answered with the link.

api "figma" {
  spec = "figma.yaml"

  auth "PersonalAccessToken" {
    value = secret.figma_token
  }
}

api "asana" {
  spec = "asana.yaml"

  auth "personalAccessToken" {
    token = secret.asana_token
  }
}

secret "figma_token" {
  env = "FIGMA_TOKEN"
}

secret "asana_token" {
  env = "ASANA_TOKEN"
}

integration "comments" {
  input "file" {
    type    = string
    default = "abc123"
  }

  input "project" {
    type    = string({ pattern = "^[0-9]+$" })
    default = "1200000000000000"
  }

  step "comments" {
    call   = figma.getComments
    params = { file_key = input.file, as_md = true }
  }

  step "tasks" {
    call   = asana.getTasksForProject
    params = { project_gid = input.project, completed_since = "now", limit = 100, opt_fields = ["name", "notes"] }

    paginate {}
  }

  step "known" {
    value = [for t in collect(step.tasks.items) : coalesce(regex_find("#([0-9]+)$", coalesce(t.name, "")), "none")]
  }

  for_each "comment" {
    in    = step.comments.body.comments
    where = comment.resolved_at == null && coalesce(comment.parent_id, "") == "" && !expr("comment.id in step.known.value")
    key   = comment.id

    switch "kind" {
      on = hasPrefix(lower(comment.message), "idea") ? "idea" : "fix"

      case "idea" {
        step "later" {
          call = asana.createTask
          body = {
            data = {
              name            = truncate("${comment.user.handle}: ${comment.message} #${comment.id}", 1024)
              projects        = [input.project]
              assignee_status = "later"
            }
          }
        }
      }

      default {
        step "task" {
          call = asana.createTask
          body = {
            data = {
              name     = truncate("Fix: ${comment.message} #${comment.id}", 1024)
              notes    = "Asked by ${comment.user.handle} on ${format_time(parse_time(comment.created_at), "%d.%m.%Y")}"
              projects = [input.project]
              due_on   = format_time(now() + duration("7d"), "%Y-%m-%d")
            }
          }
        }

        step "answer" {
          call   = figma.postComment
          params = { file_key = input.file }
          body = {
            message    = "Noted: ${coalesce(step.task.body.data.permalink_url, "in Asana")}"
            comment_id = comment.id
          }
        }
      }
    }
  }
}
