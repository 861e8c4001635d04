# Mirrors the releases of a GitHub repository to Gitea, and announces new ones on Discord.

api "github" {
  spec = "github.json"

  auth "token" {
    type  = "bearer"
    token = secret.github_token
  }
}

api "gitea" {
  spec   = "gitea.json"
  server = "https://git.example.com/api/v1"

  auth "AuthorizationHeaderToken" {
    value = "token ${secret.gitea_token}"
  }
}

api "discord" {
  spec = "discord.json"

  auth "BotToken" {
    value = "Bot ${secret.discord_token}"
  }
}

secret "github_token" {
  env = "GITHUB_TOKEN"
}

secret "gitea_token" {
  env = "GITEA_TOKEN"
}

secret "discord_token" {
  env = "DISCORD_TOKEN"
}

variable "channel" {
  type    = string({ pattern = "^(0|[1-9][0-9]*)$" })
  default = "1029384756"
}

integration "releases" {
  input "repo" {
    type    = object({ owner = string, name = string })
    default = { owner = "octo", name = "demo" }
  }

  step "theirs" {
    call   = github["repos/list-releases"]
    params = { owner = input.repo.owner, repo = input.repo.name, per_page = 50 }
  }

  for_each "release" {
    in          = step.theirs.body
    where       = !release.draft
    key         = release.tag_name
    concurrency = 2

    step "ours" {
      call   = gitea.repoGetReleaseByTag
      params = { owner = input.repo.owner, repo = input.repo.name, tag = release.tag_name }
      accept = [404]
    }

    step "create" {
      call   = gitea.repoCreateRelease
      params = { owner = input.repo.owner, repo = input.repo.name }
      body = {
        tag_name         = release.tag_name
        target_commitish = release.target_commitish
        name             = coalesce(release.name, release.tag_name)
        body             = release.body
        prerelease       = release.prerelease
      }
      when = step.ours.status == 404
    }

    step "announce" {
      call   = discord.create_message
      params = { channel_id = var.channel }
      body = {
        content          = truncate("**${coalesce(release.name, release.tag_name)}** is out", 2000)
        allowed_mentions = { parse = [] }
        embeds = [{
          title       = truncate(coalesce(release.name, release.tag_name), 256)
          url         = release.html_url
          description = release.body != null ? truncate(release.body, 4000) : null
          color       = release.prerelease ? 15844367 : 3066993
          timestamp   = coalesce(release.published_at, release.created_at)
          fields = [
            { name = "Downloads", value = string(sum([for a in release.assets : a.download_count])), inline = true },
            { name = "Author", value = release.author.login, inline = true },
          ]
        }]
      }
      when = !step.create.skipped
    }
  }

  output "new" {
    value = for_each.release.count - for_each.release.skipped
  }
}
