# New releases of GitHub repositories are posted to a Discord channel, each of them once.
#
#   tenon run releases --mock   over HTTP, against mocks of both specs
#   tenon run releases          for real; set GITHUB_TOKEN, DISCORD_TOKEN and channel

api "github" {
  spec     = "openapi/github.json"
  overlays = ["overlays/github.yaml"]
  server   = var.github_url
  headers  = { "X-GitHub-Api-Version" = "2022-11-28" }

  auth "token" {
    token = secret.github_token
  }

  limit {
    rate        = "5000/1h"
    concurrency = 20
  }
}

api "discord" {
  spec   = "openapi/discord.json"
  server = var.discord_url

  auth "BotToken" {
    value = "Bot ${secret.discord_token}"
  }
}

secret "github_token" {
  env = "GITHUB_TOKEN"
}

secret "discord_token" {
  env = "DISCORD_TOKEN"
}

variable "github_url" {
  description = "Where GitHub's API is; GitHub Enterprise has its own."
  type        = string
  default     = "https://api.github.com"
}

variable "discord_url" {
  description = "Where Discord's API is."
  type        = string
  default     = "https://discord.com/api/v10"
}

variable "channel" {
  description = "The ID of the channel: in Discord, Copy Channel ID."
  type        = string({ pattern = "^(0|[1-9][0-9]*)$" })
}

variable "since" {
  description = "The first run posts releases published at or after this time; later ones go on where the last has ended."
  type        = string({ format = "date-time" })
  default     = "2026-01-01T00:00:00Z"
}

integration "releases" {
  description = "New releases of GitHub repositories are posted to a Discord channel."
  lock        = "releases"

  input "repositories" {
    description = "Which repositories to look at."
    type        = list(object({ owner = string, name = string }))
    default     = [{ owner = "golang", name = "go" }, { owner = "kubernetes", name = "kubernetes" }]
  }

  # A release of which GitHub tells late is found within the hour; once keeps it from being posted twice.
  state "since" {
    type    = string({ format = "date-time" })
    initial = var.since
    next    = step.started.value - duration("1h")
  }

  step "started" {
    value = now()
  }

  for_each "repository" {
    in          = input.repositories
    key         = "${repository.owner}/${repository.name}"
    concurrency = 4
    on_error    = "continue"

    # The newest come first: no page is read after one that ends before the last run.
    step "releases" {
      call   = github["repos/list-releases"]
      params = { owner = repository.owner, repo = repository.name, per_page = 30 }

      paginate {
        next = coalesce(last(response.body).created_at, state.since) > state.since ? link_url(response.headers.link, "next") : null
      }
    }

    for_each "release" {
      in    = step.releases.items
      where = !release.draft && release.published_at != null && release.published_at >= state.since
      key   = string(release.id)
      once  = "90d"

      step "post" {
        call       = discord.create_message
        idempotent = true # for some minutes Discord posts what has the same nonce once
        params     = { channel_id = var.channel }
        body = {
          content          = truncate("**${repository.owner}/${repository.name} ${coalesce(release.name, release.tag_name)}** is out", 2000)
          nonce            = string(release.id)
          enforce_nonce    = true
          allowed_mentions = { parse = [] }
          embeds = [{
            title = truncate(coalesce(release.name, release.tag_name), 256)
            # tenon:ignore length GitHub's own URLs, whose owner, repository and tag are short
            url         = release.html_url
            description = truncate(coalesce(release.body, "No notes."), 1000)
            color       = release.prerelease ? 15844367 : 3066993
            timestamp   = release.published_at
            fields      = [{ name = "Author", value = truncate(release.author.login, 1024), inline = true }]
          }]
        }
      }
    }

    aggregate "posted" {
      sum = for_each.release.succeeded
    }
  }

  output "posted" {
    value = for_each.repository.posted
  }
}
