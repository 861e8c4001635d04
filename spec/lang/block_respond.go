package lang

var respond = &Block{
	Name: "respond",
	Attrs: []*Attr{
		{Name: "on", Kind: Choice, Choices: []string{"succeeded", "failed"}, Default: `"succeeded"`, Doc: "How the run has ended."},
		{Name: "when", Kind: Expression, Sees: answering, Doc: "A condition. Without one, the block fits every run that ended so."},
		{Name: "status", Kind: Whole, Min: 200, Required: true, Doc: "The status of the answer, which the document must declare."},
		{Name: "headers", Kind: Expression, Sees: answering, Doc: "An object of headers, each a text or a scalar. Those that the document declares are held against it. Content-Type follows from the body."},
		{Name: "body", Kind: Expression, Sees: answering, Doc: "The body, typed by what the document declares for the status: `readOnly` properties among it, `writeOnly` ones not."},
		{Name: "content_type", Kind: Text, Needs: "body", Doc: "The media type of the body, one that the document declares. Without it JSON, or what comes nearest."},
	},
	Doc: "Answers the client of a served operation. Of the blocks of a trigger the first one that fits does. `outputs` are those of the integration, of a run that succeeded; " +
		"`error` has the `kind`, `step`, `message`, `attempts` and perhaps `status` of the failure, of one that failed. " +
		"What could not be proven of an answer is validated before it is sent: one that is not as the document says is never sent, the client gets 500, and the log says why.\n\n" +
		"A failed run that no block answers is answered 502 or 504 where another API is to blame and 500 otherwise, and one that is in doubt 500, each as `application/problem+json` with the run's ID.",
	Example: served(""),
}

// answering are the names that the expressions of a respond block see.
var answering = []string{"outputs", "error", "trigger", "var"}

// Pieces of an API of one's own, and of what serves it.
const (
	publicAPI = shopAPI + `
api "public" {
  spec = "openapi/public.yaml"
}

secret "key" {
  env = "PUBLIC_KEY"
}
`

	servedCreate = `
integration "create" {
  input "customer" {
    type = string
  }
  input "total" {
    type = integer({ min = 0, max = 10000000 })
  }

  trigger "operation" "create" {
    operation = public.createOrder
    inputs    = { customer = trigger.body.customer, total = trigger.body.total }

    auth "key" {
      value = secret.key
    }
    respond {
      status  = 201
      headers = { Location = "/v1/orders/${outputs.id}" }
      body    = { id = outputs.id, customer = trigger.body.customer, total = trigger.body.total }
    }
    respond {
      on     = "failed"
      status = 502
      body   = { title = "The shop did not take the order." }
    }
  }

  step "id" {
    value = "o-${uuid()}"
  }
  step "note" {
    call   = shop.addNote
    params = { id = step.id.value }
    body   = { text = "${truncate(input.customer, 400)}: ${input.total}" }
  }
  output "id" {
    value = step.id.value
  }
}
`

	servedGetHead = `
integration "get" {
  input "id" {
    type = string
  }

  trigger "operation" "get" {
    operation = public.getOrder
    inputs    = { id = trigger.params.id }
    cache     = "10s"
`

	servedGetAuth = `
    auth "key" {
      value = secret.key
    }`

	servedGetLimit = `
    limit {
      rate = "20/1s"
    }`

	servedGetRespond = `
    respond {
      status = 200
      body   = { id = outputs.order.id, customer = outputs.order.customer_id, total = outputs.order.total }
    }
    respond {
      on     = "failed"
      when   = error.status == 404
      status = 404
      body   = { title = "There is no order ${trigger.params.id}." }
    }`

	servedGetSteps = `
  step "order" {
    call   = shop.getOrder
    params = { id = input.id }
  }
  output "order" {
    value = step.order.body
  }
}
`
)

// served is a project that serves an API. With a respond it answers getOrder in place of the one that is right.
func served(respond string) string {
	if respond == "" {
		respond = servedGetRespond
	}
	return publicAPI + servedCreate + servedGet(servedGetAuth+servedGetLimit+respond)
}

func servedGet(blocks string) string { return servedGetHead + blocks + "\n  }\n" + servedGetSteps }
