package lang

import "tenon/spec/diag"

var triggerRules = []*diag.Rule{CronSyntax, PathConflict, WebhookUnverified}

// CronSyntax: a schedule that cannot be read.
var CronSyntax = &diag.Rule{
	Name: "cron-syntax", Title: "Not a schedule",
	Explain: "`cron` has five fields: minute, hour, day of month, month, day of week. Each is `*`, a number, a range (`1-5`), a list (`1,15`) or a step (`*/10`). " +
		"There is no field for seconds; the time zone is an attribute of its own.",
	Bad:  scheduled(`cron = "0 25 * * *"`),
	Good: scheduled(`cron = "0 5 * * *"`),
}

// PathConflict: two webhooks that listen at one place.
var PathConflict = &diag.Rule{
	Name: "path-conflict", Title: "Path taken twice",
	Explain: "Two webhook triggers of the project have the same path, so a request could not be told apart. Give each a path of its own, " +
		"and distinguish kinds of events that one path receives with `when`.",
	Bad:  listening("/hooks/shop", "/hooks/shop", hmacOfShop),
	Good: listening("/hooks/shop", "/hooks/refunds", hmacOfShop),
}

// WebhookUnverified: a webhook that anybody can call.
var WebhookUnverified = &diag.Rule{
	Name: "webhook-unverified", Severity: diag.Warning, Title: "Anybody can send this",
	Explain: "The trigger has no `verify` block, so whoever finds the path can start the integration with whatever inputs they like. " +
		"Most providers sign what they send. `verify \"none\" {}` says that this is meant.",
	Bad:  listening("/hooks/shop", "/hooks/refunds", ""),
	Good: listening("/hooks/shop", "/hooks/refunds", hmacOfShop),
}

const hmacOfShop = `
    verify "hmac" {
      secret = secret.hooks
      header = "X-Signature"
    }`

const shopAPI = `api "shop" {
  spec = "openapi/shop.yaml"
}
`

func scheduled(when string) string {
	return shopAPI + `
integration "report" {
  trigger "schedule" "nightly" {
    ` + when + `
  }
  step "orders" {
    call = shop.listOrders
  }
  output "orders" {
    value = len(step.orders.body.data)
  }
}
`
}

func listening(first, second, verify string) string {
	out := shopAPI
	if verify != "" {
		out += `
secret "hooks" {
  env = "HOOKS_SECRET"
}
`
	}
	for _, x := range [][2]string{{"paid", first}, {"refunded", second}} {
		out += `
integration "` + x[0] + `" {
  input "order" {
    type = string
  }
  trigger "webhook" "shop" {
    path   = "` + x[1] + `"
    body   = object({ order = string })
    inputs = { order = trigger.body.order }
` + verify + `
  }
  step "note" {
    call   = shop.addNote
    params = { id = input.order }
    body   = { text = "` + x[0] + `" }
  }
}
`
	}
	return out
}
