package lang

import "tenon/spec/diag"

var triggerRules = []*diag.Rule{CronSyntax, PathConflict, WebhookUnverified, OperationUnimplemented, OperationUnprotected, ResponseMismatch, RespondConditions}

// CronSyntax: a schedule that cannot be read.
var CronSyntax = &diag.Rule{
	Name: "cron-syntax", Title: "Not a schedule",
	Explain: "`cron` has five fields: minute, hour, day of month, month, day of week. Each is `*`, a number, a range (`1-5`), a list (`1,15`) or a step (`*/10`). " +
		"There is no field for seconds; the time zone is an attribute of its own.",
	Bad:  scheduled(`cron = "0 25 * * *"`),
	Good: scheduled(`cron = "0 5 * * *"`),
}

// PathConflict: two triggers that listen at one place.
var PathConflict = &diag.Rule{
	Name: "path-conflict", Title: "Path taken twice",
	Explain: "Two triggers of the project take requests at the same path, so that it could not be told which one is meant: two webhooks, " +
		"two operations of one method and path (or one operation twice), or a webhook where an operation is. Give each webhook a path of its own, " +
		"and distinguish kinds of events that one path receives with `when`. An operation is implemented by one trigger; " +
		"two APIs are told apart by the paths of their documents' servers.",
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

// OperationUnimplemented: an operation of one's own that nothing serves.
var OperationUnimplemented = &diag.Rule{
	Name: "operation-unimplemented", Severity: diag.Warning, Title: "Operation that nothing implements",
	Explain: "An API document of your own is served, and some of its operations are implemented by no trigger. The document tells clients that they exist, " +
		"and they are answered 501: that can go wrong by what the document says, so it is a warning. It is told once for an api. " +
		"Write a `trigger \"operation\"` for each, take it out of the document (an overlay can), or say with `# tenon:ignore` that another server has it.",
	Bad:  publicAPI + servedCreate,
	Good: served(""),
}

// OperationUnprotected: an operation that asks for credentials, and nobody looks at them.
var OperationUnprotected = &diag.Rule{
	Name: "operation-unprotected", Severity: diag.Warning, Title: "Credentials that nobody checks",
	Explain: "The document says that the operation takes requests with credentials only, and the trigger does not ask for them, or not for all that have to be shown together: " +
		"whoever finds the path can call it. An `auth` block names a security scheme and what clients have to show. If a proxy in front of the daemon " +
		"checks them, say so with `# tenon:ignore`.",
	Bad:  publicAPI + servedCreate + servedGet(servedGetLimit+servedGetRespond),
	Good: served(""),
}

// ResponseMismatch: an answer that the document does not have.
var ResponseMismatch = &diag.Rule{
	Name: "response-mismatch", Title: "Answer that the document does not declare",
	Explain: "What a `respond` block sends is not one of the answers that the document declares for the operation: its status, a body where there is none or none where there is one, " +
		"a media type, or a required header that is missing. What is wrong inside of a body or a header is told by the rules for values, such as `missing-property` and `enum-value`.",
	Bad: served(`
    respond {
      status = 201
      body   = { id = outputs.order.id, customer = outputs.order.customer_id, total = outputs.order.total }
    }`),
	Good: served(""),
}

// RespondConditions: conditions that leave a gap, or that nobody looks at.
var RespondConditions = &diag.Rule{
	Name: "respond-conditions", Severity: diag.Warning, Title: "Run that may stay without an answer",
	Explain: "Each `respond` block for runs that succeed has a condition, and all may be false: the client then gets 500 although all went well. Leave out `when` of the last one. " +
		"It is also told of a block after one that always fits: it is never looked at.",
	Bad: served(`
    respond {
      when   = outputs.order.total > 0
      status = 200
      body   = { id = outputs.order.id, customer = outputs.order.customer_id, total = outputs.order.total }
    }`),
	Good: served(""),
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
