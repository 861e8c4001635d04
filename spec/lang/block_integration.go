package lang

// FailureKinds are what `error.kind` may be where a run has failed.
var FailureKinds = []string{
	"network", "timeout", "status", "invalid_response", "invalid_request", "invalid_input", "check", "expression", "auth", "canceled", "internal",
}

var integration = &Block{
	Name:   "integration",
	Unique: "file",
	Labels: []*Label{{Name: "NAME", Kind: Name, Doc: "Run as `tenon run NAME`."}},
	Attrs: []*Attr{
		{Name: "description", Kind: Text, Doc: "What it does."},
		{Name: "timeout", Kind: Duration, Doc: "Bounds the time in which the whole run is carried out; time between processes does not count. Undos and `on_failure` still run when it is over."},
		{Name: "overlap", Kind: Choice, Choices: []string{"skip", "queue", "parallel"}, Doc: "What a trigger does while a run is under way: nothing, start another one afterwards, or start it at once."},
		{Name: "lock", Kind: Expression, Sees: []string{"input", "var", "state"}, Doc: "A text or whole number. Runs that share it, of whatever integration, wait for each other."},
	},
	Doc: "Something that can be run: inputs, steps and outputs. A step runs as soon as what it refers to is there. " +
		"Steps that only read run in parallel; steps that write keep the order they are written in.",
	Example: `api "shop" {
  spec = "openapi/shop.yaml"
}

integration "cancel" {
  description = "Cancels one order."
  timeout     = "1m"

  input "order" {
    type = string
  }
  step "order" {
    call   = shop.updateOrder
    params = { id = input.order }
    body   = { status = "cancelled" }
  }
  output "status" {
    value = step.order.body.status
  }
}
`,
}

var input = &Block{
	Name:   "input",
	Unique: "integration",
	Labels: []*Label{{Name: "NAME", Kind: Name, Root: true, Doc: "Expressions refer to it as `input.NAME`."}},
	Attrs: []*Attr{
		{Name: "type", Kind: Type, Required: true, Doc: "What values it takes; anything else is refused before the run starts."},
		{Name: "default", Kind: Expression, Sees: []string{"var"}, Doc: "Its value if nobody gives one. Without a default it must be given."},
		{Name: "description", Kind: Text, Doc: "What it is for."},
	},
	Doc: "A value that a run is given: `tenon run INTEGRATION --input NAME=VALUE`.",
	Example: `integration "greet" {
  input "name" {
    description = "Who is greeted."
    type        = string({ min_length = 1 })
    default     = "world"
  }
  output "greeting" {
    value = "Hello, ${input.name}!"
  }
}
`,
}

var stateBlock = &Block{
	Name:   "state",
	Unique: "integration",
	Labels: []*Label{{Name: "NAME", Kind: Name, Doc: "Expressions refer to it as `state.NAME`."}},
	Attrs: []*Attr{
		{Name: "type", Kind: Type, Required: true, Doc: "What it can be."},
		{Name: "initial", Kind: Expression, Required: true, Sees: []string{"var"}, Doc: "Its value in the first run."},
		{Name: "next", Kind: Expression, Required: true, Doc: "Its value in the next run, if this one succeeds. It sees the results of all steps."},
	},
	Doc: "A value that is kept from one run of the integration to the next. During a run it does not change; when the run succeeds, the `next` of all of them are kept together, and else none.",
	Example: `api "shop" {
  spec = "openapi/shop.yaml"
}

integration "follow" {
  state "since" {
    type    = string({ format = "date-time" })
    initial = "2026-01-01T00:00:00Z"
    next    = coalesce(for_each.order.newest, state.since)
  }
  step "orders" {
    call   = shop.listOrders
    params = { per_page = 100, page = 1 }
  }
  for_each "order" {
    in    = step.orders.body.data
    where = order.updated_at > state.since
    key   = order.id
    once  = "90d"
    step "note" {
      call   = shop.addNote
      params = { id = order.id }
      body   = { text = "Seen." }
    }
    aggregate "newest" {
      max = order.updated_at
    }
  }
}
`,
}

var output = &Block{
	Name:   "output",
	Unique: "integration",
	Labels: []*Label{{Name: "NAME", Kind: Name, Doc: "The name in the result."}},
	Attrs: []*Attr{
		{Name: "value", Kind: Expression, Required: true, Doc: "Its value. An absent one is left out."},
	},
	Doc: "One member of the run's result, which `tenon run` prints as a JSON object.",
	Example: `integration "total" {
  input "amounts" {
    type = list(integer)
  }
  output "total" {
    value = sum(input.amounts)
  }
}
`,
}

var onFailure = &Block{
	Name: "on_failure",
	Once: true,
	Doc: "Steps that run when the integration fails. `error` says what happened: `error.kind`, `error.step`, `error.message`, `error.status`, `error.body`, `error.attempts`. " +
		"The run has failed all the same.",
	Example: `api "shop" {
  spec = "openapi/shop.yaml"
}

integration "ship" {
  input "order" {
    type = string
  }
  step "shipped" {
    call   = shop.updateOrder
    params = { id = input.order }
    body   = { status = "shipped" }
  }
  on_failure {
    step "note" {
      call   = shop.addNote
      params = { id = input.order }
      body   = { text = truncate(error.message, 500) }
    }
  }
}
`,
}
