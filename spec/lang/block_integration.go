package lang

var integration = &Block{
	Name:   "integration",
	Unique: "file",
	Labels: []*Label{{Name: "NAME", Kind: Name, Doc: "Run as `tenon run NAME`."}},
	Attrs: []*Attr{
		{Name: "description", Kind: Text, Doc: "What it does."},
		{Name: "timeout", Kind: Duration, Doc: "Bounds the whole run."},
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
