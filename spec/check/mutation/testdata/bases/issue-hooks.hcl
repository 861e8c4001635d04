# Tells a Discord channel of issues and releases as GitHub reports them, and labels what has no label.

api "github" {
  spec = "github.json"

  auth "token" {
    type  = "bearer"
    token = secret.github_token
  }
}

api "discord" {
  spec       = "discord.json"
  on_unknown = "stop"

  auth "BotToken" {
    value = "Bot ${secret.discord_token}"
  }
  retry {
    attempts = 3
    on       = [429]
  }
}

secret "github_token" {
  env = "GITHUB_TOKEN"
}

secret "discord_token" {
  env = "DISCORD_TOKEN"
}

secret "hook_secret" {
  env = "GITHUB_HOOK_SECRET"
}

variable "channel" {
  type    = string
  default = "1029384756"
}

integration "issue" {
  input "owner" {
    type = string
  }
  input "repository" {
    type = string
  }
  input "number" {
    type = integer
  }
  input "title" {
    type = string
  }
  input "unlabelled" {
    type = bool
  }

  trigger "webhook" "opened" {
    path    = "/hooks/github/issues"
    webhook = github.webhooks["issues-opened"]
    key     = trigger.headers["x-github-delivery"]
    when    = trigger.body.repository.private == false && trigger.body.issue.state == "open"
    inputs = {
      owner      = trigger.body.repository.owner.login
      repository = trigger.body.repository.name
      number     = trigger.body.issue.number
      title      = trigger.body.issue.title
      unlabelled = len(coalesce(trigger.body.issue.labels, [])) == 0
    }

    verify "github" {
      secret = secret.hook_secret
    }
  }

  step "label" {
    call       = github["issues/add-labels"]
    params     = { owner = input.owner, repo = input.repository, issue_number = input.number }
    body       = { labels = ["triage"] }
    when       = input.unlabelled
    idempotent = true
  }
  step "post" {
    call   = discord.create_message
    params = { channel_id = var.channel }
    body   = { content = truncate("${input.owner}/${input.repository} #${input.number}: ${input.title}", 2000) }
  }

  output "labels" {
    value = [for l in coalesce(step.label.body, []) : l.name]
  }
  output "message" {
    value = step.post.body.id
  }
}

integration "release" {
  input "text" {
    type = string({ min_length = 1, max_length = 2000 })
  }

  trigger "webhook" "published" {
    path    = "/hooks/github/releases"
    webhook = github.webhooks["release-published"]
    key     = string(trigger.body.release.id)
    when    = !trigger.body.release.prerelease
    inputs  = { text = truncate("${trigger.body.repository.full_name} ${trigger.body.release.tag_name}: ${trigger.body.release.html_url}", 2000) }

    verify "github" {
      secret = secret.hook_secret
    }
  }

  step "post" {
    call   = discord.create_message
    params = { channel_id = var.channel }
    body   = { content = input.text }
  }

  output "message" {
    value = step.post.body.id
  }
}
