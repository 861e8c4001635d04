package lang

var step = &Block{
	Name:   "step",
	Unique: "integration",
	Labels: []*Label{{Name: "NAME", Kind: Name, Doc: "Expressions refer to its result as `step.NAME`."}},
	Attrs: []*Attr{
		{Name: "call", Kind: Call, Doc: "The operation to call: `shop.listOrders` by its operationId, or `shop[\"GET /orders\"]`."},
		{Name: "value", Kind: Expression, Doc: "A value to compute instead, without a request; it is `step.NAME.value`."},
		{Name: "run", Kind: Integration, Doc: "Another integration to run instead; what it gives out is `step.NAME.outputs`."},
		{Name: "inputs", Kind: Expression, Needs: "run", Doc: "An object of that integration's inputs. Those with a default may be left out."},
		{Name: "wait", Kind: Expression, Doc: "A pause instead: a duration (`\"30s\"`, or computed), or the time at which to go on. What is written after it in the same block waits for it, and it for what is written before."},
		{Name: "params", Kind: Expression, Needs: "call",
			Doc: "An object of the operation's parameters, whether they travel in path, query, header or cookie. Where two have one name: `\"header:id\"`. What is absent is left out."},
		{Name: "body", Kind: Expression, Needs: "call", Doc: "The request's body."},
		{Name: "content_type", Kind: Text, Needs: "call", Doc: "The media type of the body. Without it, JSON if the operation takes it, else the first that it takes and Tenon can write."},
		{Name: "headers", Kind: Expression, Needs: "call", Doc: "An object of headers that the spec does not declare."},
		{Name: "accept", Kind: Statuses, Needs: "call", Doc: "Statuses that count as success besides 2xx."},
		{Name: "when", Kind: Expression, Doc: "A condition. If it is false the step is skipped, and its result is absent."},
		{Name: "timeout", Kind: Duration, Needs: "call", Doc: "Bounds one attempt, instead of the API's `timeout`."},
		{Name: "safe", Kind: Boolean, Needs: "call", Doc: "`true`: this POST only reads (a search, a check). It may run in parallel and be sent again."},
		{Name: "idempotent", Kind: Boolean, Needs: "call", Doc: "`true`: you vouch that sending this twice does no harm, so that it may be sent again."},
		{Name: "idempotency_key", Kind: Expression, Needs: "call",
			Doc: "What names this write to the provider, in the header that the spec, an overlay or the API's `idempotency` says, so that it may be sent again. Without it, a key is made of the run, the step and the item."},
		{Name: "depends_on", Kind: References, Doc: "What must have succeeded before, besides what the step refers to."},
	},
	ExactlyOne: []string{"call", "value", "run", "wait"},
	Doc: "One request, one computed value, a run of another integration, or a pause. Its result is `step.NAME.status`, `.headers`, `.body`, `.items` (with `paginate`) and `.skipped`, or `.value`, or `.outputs`. " +
		"A failure that nothing catches fails the run.",
	Example: `api "shop" {
  spec = "openapi/shop.yaml"
}

integration "cancel" {
  input "order" {
    type = string
  }
  step "order" {
    call   = shop.getOrder
    params = { id = input.order }
  }
  step "cancel" {
    call   = shop.updateOrder
    params = { id = input.order }
    body   = { status = "cancelled" }
    when   = step.order.body.status == "open"
  }
}
`,
}

var paginate = &Block{
	Name:  "paginate",
	Once:  true,
	Needs: "call",
	Attrs: []*Attr{
		{Name: "items", Kind: Expression, Sees: []string{"response"}, Doc: "The list in each page: `response.body.data`. Without it, the list that the spec declares."},
		{Name: "next", Kind: Expression, Sees: []string{"response", "request"},
			Doc: "How to ask for the next page, from the page just read: an object of parameters (`{ body = { … } }` merges into the body), or a URL. `null`, absent, or nothing but empty text: this was the last page. " +
				"`request.params` and `request.body` are what the page was asked for by. Without it, what the spec shows: a `Link` header, the URL or a token of the next page, the id of the last item, or parameters that count."},
		{Name: "limit", Kind: Whole, Min: 1, Doc: "Items to read at most. That there are more is a warning in the run's result."},
	},
	Doc: "Reads a list page by page. `paginate {}` is enough where the spec shows how; `tenon plan` tells what was inferred and from what. `step.NAME.items` is a stream: it is read as `for_each` consumes it, in constant memory; " +
		"any other use says `collect(step.NAME.items)`. A page that repeats fails the step. Where the spec gives a largest page size, up to 1,000 are asked for, unless `params` says otherwise.",
	Example: `api "shop" {
  spec = "openapi/shop.yaml"
}

integration "count" {
  step "orders" {
    call = shop.listOrders
    paginate {
      limit = 1000
    }
  }
  for_each "order" {
    in = step.orders.items
    step "amount" {
      value = order.total
    }
    aggregate "total" {
      sum = step.amount.value
    }
  }
  output "total" {
    value = for_each.order.total
  }
}
`,
}

var check = &Block{
	Name:   "check",
	Unique: Parent,
	Labels: []*Label{{Name: "NAME", Kind: AnyText, Doc: "What is checked, for messages."}},
	Attrs: []*Attr{
		{Name: "assert", Kind: Expression, Required: true, Sees: []string{"response"}, Doc: "A condition that must hold."},
		{Name: "message", Kind: Expression, Sees: []string{"response"}, Doc: "What to say if it does not."},
	},
	Doc: "A condition on the step's result. If it does not hold, the step fails; `catch \"check\"` can catch that.",
	Example: `api "shop" {
  spec = "openapi/shop.yaml"
}

integration "order" {
  step "order" {
    call   = shop.getOrder
    params = { id = "o-1" }
    check "total" {
      assert  = response.body.total > 0
      message = "an order of nothing"
    }
  }
  output "total" {
    value = step.order.body.total
  }
}
`,
}

var catch = &Block{
	Name:   "catch",
	Unique: "step",
	Labels: []*Label{{Name: "WHAT", Kind: Failure,
		Doc: "A status (`404`), a class (`4xx`), `network`, `timeout`, `invalid_response`, `check`, or `any`."}},
	Attrs: []*Attr{
		{Name: "body", Kind: Expression, Sees: []string{"error"}, Doc: "What takes the place of the answer's body. With `call`, the body of that request."},
		{Name: "skip", Kind: Boolean, Doc: "`true`: the step counts as skipped."},
		{Name: "call", Kind: Call, Doc: "Another operation to call instead; its answer takes the place of the step's."},
		{Name: "params", Kind: Expression, Needs: "call", Sees: []string{"error"}, Doc: "Its parameters."},
		{Name: "headers", Kind: Expression, Needs: "call", Sees: []string{"error"}, Doc: "Headers for it that the spec does not declare."},
		{Name: "content_type", Kind: Text, Needs: "call", Doc: "The media type of its body."},
	},
	AtLeastOne: []string{"body", "skip", "call"},
	Doc: "Goes on after a failure of the step. The first catch that fits is taken; `error` says what happened: `error.kind`, `.step`, `.message`, `.attempts`, `.status`, `.headers` and `.body`, typed by what is caught. " +
		"A write whose outcome is unknown is not caught, since nobody knows what to go on from: see `recover`.",
	Example: `api "shop" {
  spec = "openapi/shop.yaml"
}

integration "customer" {
  step "customer" {
    call   = shop.getCustomer
    params = { id = "c-1" }
    catch "404" {
      body = { id = "c-1", name = "unknown", email = "nobody@example.com" }
    }
    catch "network" {
      skip = true
    }
  }
  output "name" {
    value = step.customer.body.name
  }
}
`,
}
