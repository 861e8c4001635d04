# Tells a Discord channel about deploys of Netlify sites that failed.

api "netlify" {
  spec = "netlify.yml"

  auth "netlifyAuth" {
    token = secret.netlify_token
  }
}

api "discord" {
  spec       = "discord.json"
  on_unknown = "stop"

  auth "BotToken" {
    value = secret.discord_bot
  }
}

secret "netlify_token" {
  env = "NETLIFY_TOKEN"
}

secret "discord_bot" {
  env = "DISCORD_BOT"
}

integration "failed_deploys" {
  input "channel" {
    type    = string({ pattern = "^(0|[1-9][0-9]*)$" })
    default = "1180000000000000000"
  }

  input "limit" {
    type    = integer({ min = 1, max = 50 })
    default = 10
  }

  step "sites" {
    call   = netlify.listSites
    params = { filter = "owner", per_page = 100 }
  }

  for_each "site" {
    in    = step.sites.body
    where = site.state == "current" && site.name != null
    key   = coalesce(site.id, site.name, "")

    step "deploys" {
      call   = netlify.listSiteDeploys
      params = { site_id = must(site.id, "every site has one"), production = true, state = "error", per_page = input.limit }

      catch "404" {
        skip = true
      }
    }

    step "report" {
      call   = discord.create_message
      params = { channel_id = input.channel }
      body = {
        content = truncate("**${coalesce(site.name, "a site")}**: ${join([for d in coalesce(step.deploys.body, []) : coalesce(d.error_message, "failed")], ", ")}", 2000)
        flags   = 4
        embeds = [{
          title       = truncate(coalesce(site.name, "site"), 256)
          url         = "https://app.netlify.com"
          description = "${len(coalesce(step.deploys.body, []))} failed deploys"
          color       = 15158332
        }]
      }
      when = len(coalesce(step.deploys.body, [])) > 0
    }

    aggregate "reported" {
      list = step.report.body.id
    }
  }

  output "reported" {
    value = for_each.site.reported
  }
}
