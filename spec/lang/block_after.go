package lang

var repeat = &Block{
	Name:  "repeat",
	Once:  true,
	Needs: "call",
	Attrs: []*Attr{
		{Name: "until", Kind: Expression, Required: true, Sees: []string{"response"}, Doc: "A condition on the answer. When it holds, that answer is the step's."},
		{Name: "every", Kind: Duration, Default: `"5s"`, Doc: "The time from an answer to the next request."},
		{Name: "timeout", Kind: Duration, Default: `"10m"`, Doc: "How long to go on, in time in which the run is carried out. If the condition does not hold by then the step fails; `catch \"timeout\"` can catch that."},
	},
	Doc: "Sends the step's request again and again until its answer says that something is done. What follows knows that the condition holds. " +
		"The request is the same each time, so it must be one that may be sent again.",
	Example: `api "shop" {
  spec = "openapi/shop.yaml"
}

integration "wait_for_payment" {
  input "order" {
    type = string
  }
  step "order" {
    call   = shop.getOrder
    params = { id = input.order }
    repeat {
      until   = response.body.status == "paid"
      every   = "10s"
      timeout = "1h"
    }
  }
  output "total" {
    value = step.order.body.total
  }
}
`,
}

var recoverBlock = &Block{
	Name:  "recover",
	Once:  true,
	Needs: "call",
	Attrs: []*Attr{
		{Name: "call", Kind: Call, Required: true, Doc: "The operation that finds out. It must only read."},
		{Name: "params", Kind: Expression, Doc: "Its parameters."},
		{Name: "headers", Kind: Expression, Doc: "Headers for it that the spec does not declare."},
		{Name: "found", Kind: Expression, Required: true, Sees: []string{"response"}, Doc: "A condition on its answer: true if the write happened."},
		{Name: "body", Kind: Expression, Sees: []string{"response"}, Doc: "What takes the place of the lost answer's body. Without it, the body of the answer that was found."},
		{Name: "wait", Kind: Duration, Default: `"1s"`, Doc: "How long to wait before looking, so that a request that is still under way has its effect first."},
	},
	Doc: "Finds out whether a write happened whose answer was lost, because the connection broke or took too long after it was sent. If it happened the step has succeeded, without status and headers; " +
		"if not, the same request is sent again. If finding out fails, the run stops in doubt.",
	Example: `api "shop" {
  spec = "openapi/shop.yaml"
}

integration "cancel" {
  input "order" {
    type = string
  }
  step "cancel" {
    call   = shop.updateOrder
    params = { id = input.order }
    body   = { status = "cancelled" }
    recover {
      call   = shop.getOrder
      params = { id = input.order }
      found  = response.body.status == "cancelled"
    }
  }
  output "status" {
    value = step.cancel.body.status
  }
}
`,
}

var undo = &Block{
	Name:  "undo",
	Once:  true,
	Needs: "call",
	Attrs: []*Attr{
		{Name: "call", Kind: Call, Required: true, Doc: "The operation that takes back what the step did."},
		{Name: "params", Kind: Expression, Sees: []string{"response"}, Doc: "Its parameters."},
		{Name: "body", Kind: Expression, Sees: []string{"response"}, Doc: "Its body."},
		{Name: "headers", Kind: Expression, Sees: []string{"response"}, Doc: "Headers for it that the spec does not declare."},
		{Name: "content_type", Kind: Text, Needs: "body", Doc: "The media type of its body."},
	},
	Doc: "Takes back what the step did, if the run fails later, or the item of a `for_each` that goes on after failures. Its values are computed when the step has succeeded. " +
		"Undos run newest first, before `on_failure`; one that fails does not keep the others from running, and the run's result lists it. Nothing is undone when a run is interrupted or in doubt, since it may go on.",
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
    undo {
      call   = shop.updateOrder
      params = { id = response.body.id }
      body   = { status = "paid" }
    }
  }
  step "note" {
    call   = shop.addNote
    params = { id = input.order }
    body   = { text = "On its way." }
  }
}
`,
}
