package lang

// TriggerKinds are what can start an integration.
var TriggerKinds = []string{"schedule", "webhook", "completion", "operation"}

// VerifyMethods are the ways in which a webhook's sender proves itself.
var VerifyMethods = []string{"stripe", "github", "slack", "shopify", "standard_webhooks", "hmac", "basic", "bearer", "none"}

var (
	onSchedule   = []string{"schedule"}
	onWebhook    = []string{"webhook"}
	onCompletion = []string{"completion"}
	onOperation  = []string{"operation"}
	onEvent      = []string{"schedule", "webhook", "completion"}
)

// InTrigger are the blocks that stand in a trigger of one kind only, by their names.
var InTrigger = map[string]string{"verify": "webhook", "challenge": "webhook", "respond": "operation", "auth": "operation", "limit": "operation"}

var trigger = &Block{
	Name:   "trigger",
	Unique: "integration",
	Labels: []*Label{
		{Name: "KIND", Kind: Chosen, Choices: TriggerKinds, Doc: "`schedule`, `webhook`, `completion` or `operation`."},
		{Name: "NAME", Kind: Name, Doc: "For messages and in what the daemon tells."},
	},
	Attrs: []*Attr{
		{Name: "cron", Kind: Text, Only: onSchedule,
			Doc: "When, as five fields: minute, hour, day of month, month, day of week; or `@daily`, `@hourly` and their like. " +
				"A time of day that a change of clocks skips counts at the change, one that comes twice counts once."},
		{Name: "every", Kind: Duration, Only: onSchedule, Doc: "How often, instead of `cron`. Times are multiples of it since 1970, so a restart does not shift them."},
		{Name: "timezone", Kind: Text, Needs: "cron", Default: `"UTC"`, Only: onSchedule, Doc: "The time zone of `cron`: `Europe/Berlin`."},
		{Name: "catch_up", Kind: Choice, Choices: []string{"latest", "all", "none"}, Default: `"latest"`, Only: onSchedule,
			Doc: "Which of the runs that were missed while the daemon was down are started when it is back."},
		{Name: "jitter", Kind: Duration, Only: onSchedule, Doc: "Start up to this much later, by chance, so that not everything starts at once."},
		{Name: "path", Kind: Text, Only: onWebhook, Doc: "Where the provider sends its requests, on the daemon's address: `/hooks/stripe`."},
		{Name: "body", Kind: Type, Only: onWebhook, Doc: "What the body is. A request with another one is refused. Without it and without `webhook`, any."},
		{Name: "webhook", Kind: Webhook, Only: onWebhook, Doc: "A webhook that the provider's document declares, which says what the body is."},
		{Name: "key", Kind: Expression, Only: onWebhook, Sees: []string{"trigger"},
			Doc: "What identifies a delivery. One whose key has been seen is acknowledged, and starts nothing."},
		{Name: "integration", Kind: Integration, Only: onCompletion, Doc: "The integration whose runs start this one when they end."},
		{Name: "on", Kind: Choice, Choices: []string{"succeeded", "failed", "any"}, Default: `"succeeded"`, Only: onCompletion, Doc: "How they must end."},
		{Name: "operation", Kind: Call, Only: onOperation,
			Doc: "An operation of an API of your own, which this integration implements: each request is a run, and the client waits for the answer that a `respond` block gives."},
		{Name: "timeout", Kind: Duration, Default: `"30s"`, Only: onOperation,
			Doc: "How long a client waits for its answer. After that it gets 504; a run that has begun goes on. The integration's own `timeout` ends the run."},
		{Name: "cache", Kind: Duration, Only: onOperation,
			Doc: "How long an answer is given again to requests that do not differ in what the trigger's expressions read. Only of operations that are safe (GET)."},
		{Name: "when", Kind: Expression, Only: onEvent, Sees: []string{"trigger"}, Doc: "A condition. If it is false nothing is started."},
		{Name: "inputs", Kind: Expression, Sees: []string{"trigger"}, Doc: "An object of the integration's inputs."},
	},
	Doc: "Starts the integration by itself, in `tenon serve`: by the clock, when a request arrives, or after another integration. " +
		"In its expressions `trigger.time` is the time; a webhook also has `trigger.body`, `trigger.headers` (names in lower case) and `trigger.query`, " +
		"an operation these and `trigger.params` (by name; `trigger.params[\"header:id\"]` where two have one name), a completion `trigger.status` and `trigger.outputs`. " +
		"Steps see only `input`, so whatever starts an integration, it is the same. [Serving operations](../serving-operations.md) is a guide to triggers of the kind `operation`.",
	Example: `api "shop" {
  spec = "openapi/shop.yaml"
}

secret "hooks" {
  env = "SHOP_HOOKS_SECRET"
}

integration "thank" {
  input "order" {
    type = string
  }

  trigger "webhook" "paid" {
    path   = "/hooks/shop"
    body   = object({ id = string, order = object({ id = string, status = string }) })
    key    = trigger.body.id
    when   = trigger.body.order.status == "paid"
    inputs = { order = trigger.body.order.id }

    verify "hmac" {
      secret = secret.hooks
      header = "X-Shop-Signature"
    }
  }

  step "note" {
    call   = shop.addNote
    params = { id = input.order }
    body   = { text = "Thank you." }
  }
}

integration "report" {
  input "day" {
    type = string({ format = "date" })
  }

  trigger "schedule" "nightly" {
    cron     = "0 2 * * *"
    timezone = "Europe/Berlin"
    jitter   = "2m"
    inputs   = { day = format_time(trigger.time, "%Y-%m-%d", "Europe/Berlin") }
  }

  step "orders" {
    call   = shop.listOrders
    params = { status = "open" }
  }
  output "day" {
    value = input.day
  }
  output "open" {
    value = len(step.orders.body.data)
  }
}

integration "after" {
  trigger "completion" "report" {
    integration = integration.report
    when        = trigger.outputs.open > 0
  }

  step "note" {
    call   = shop.addNote
    params = { id = "o-1" }
    body   = { text = "There are open orders." }
  }
}
`,
}

func secretAttr(name, doc string, methods ...string) *Attr {
	return &Attr{Name: name, Kind: Expression, Only: methods, Sees: []string{"var", "secret"}, Doc: doc}
}

var onHMAC = []string{"hmac"}

var verify = &Block{
	Name: "verify",
	Once: true,
	Labels: []*Label{{Name: "METHOD", Kind: Chosen, Choices: VerifyMethods,
		Doc: "How the sender signs: as `stripe`, `github`, `slack`, `shopify` or by [Standard Webhooks](https://www.standardwebhooks.com) do; " +
			"`hmac` for any other signature; `basic` or `bearer` for a password or token; `none` where the path itself is the secret."}},
	Attrs: []*Attr{
		secretAttr("secret", "The signing secret that the provider shows.", "stripe", "github", "slack", "shopify", "standard_webhooks", "hmac"),
		secretAttr("username", "The user.", "basic"),
		secretAttr("password", "The password.", "basic"),
		secretAttr("token", "The token.", "bearer"),
		{Name: "header", Kind: Text, Only: onHMAC, Doc: "The header that carries the signature."},
		{Name: "algorithm", Kind: Choice, Choices: []string{"sha256", "sha512", "sha1"}, Default: `"sha256"`, Only: onHMAC, Doc: "The hash."},
		{Name: "encoding", Kind: Choice, Choices: []string{"hex", "base64"}, Default: `"hex"`, Only: onHMAC, Doc: "How the signature is written."},
		{Name: "prefix", Kind: Text, Only: onHMAC, Doc: "What stands before the signature in the header: `sha256=`."},
		{Name: "timestamp", Kind: Text, Only: onHMAC, Doc: "The header with the time of sending, in seconds since 1970. The signature is then over the time, a dot and the body."},
		{Name: "tolerance", Kind: Duration, Default: `"5m"`, Only: []string{"stripe", "slack", "standard_webhooks", "hmac"}, Doc: "How far the signed time may be from now."},
	},
	Doc: "Proves where a webhook's request comes from, over the body as it arrived, before anything else looks at it. " +
		"A request that does not prove it is refused with 401, and nothing is kept of it.",
	Example: trigger.Example,
}

var challenge = &Block{
	Name: "challenge",
	Once: true,
	Attrs: []*Attr{
		{Name: "query", Kind: Text, Required: true, Doc: "The query parameter whose value is sent back: `hub.challenge`."},
		{Name: "token_query", Kind: Text, Needs: "token", Doc: "The query parameter that must have the value of `token`: `hub.verify_token`."},
		{Name: "token", Kind: Expression, Needs: "token_query", Sees: []string{"var", "secret"}, Doc: "What you gave the provider to prove itself with."},
	},
	Doc: "Answers the GET request by which some providers make sure, once, that the path is yours.",
	Example: `api "shop" {
  spec = "openapi/shop.yaml"
}

secret "app" {
  env = "APP_SECRET"
}

secret "verify_token" {
  env = "VERIFY_TOKEN"
}

integration "thank" {
  input "order" {
    type = string
  }
  trigger "webhook" "paid" {
    path   = "/hooks/app"
    body   = object({ order = string })
    inputs = { order = trigger.body.order }

    verify "github" {
      secret = secret.app
    }
    challenge {
      query       = "hub.challenge"
      token_query = "hub.verify_token"
      token       = secret.verify_token
    }
  }
  step "note" {
    call   = shop.addNote
    params = { id = input.order }
    body   = { text = "Thank you." }
  }
}
`,
}
