package lang

import "tenon/spec/diag"

// RecoverUnused: a recover whose case never comes.
var RecoverUnused = &diag.Rule{
	Name: "recover-unused", Severity: diag.Warning, Title: "Recover that is never needed",
	Explain: "A request that only reads, or that may be sent again, is sent again when its answer is lost: nothing has to be found out.",
	Bad: `api "shop" {
  spec = "openapi/shop.yaml"
}

integration "delete" {
  step "delete" {
    call   = shop.deleteOrder
    params = { id = "o-1" }
    recover {
      call   = shop.getOrder
      params = { id = "o-1" }
      found  = response.body.status == "cancelled"
    }
  }
}
`,
	Good: `api "shop" {
  spec = "openapi/shop.yaml"
}

integration "delete" {
  step "delete" {
    call   = shop.deleteOrder
    params = { id = "o-1" }
  }
}
`,
}

// RecoverWrites: a recover that does something itself.
var RecoverWrites = &diag.Rule{
	Name: "recover-writes", Title: "Recover that writes",
	Explain: "`recover` finds out whether something happened. What it calls must only read, or a lost answer would have an effect of its own.",
	Bad: `api "shop" {
  spec = "openapi/shop.yaml"
}

integration "cancel" {
  step "cancel" {
    call   = shop.updateOrder
    params = { id = "o-1" }
    body   = { status = "cancelled" }
    recover {
      call   = shop.deleteOrder
      params = { id = "o-1" }
      found  = response.status == 204
    }
  }
}
`,
	Good: `api "shop" {
  spec = "openapi/shop.yaml"
}

integration "cancel" {
  step "cancel" {
    call   = shop.updateOrder
    params = { id = "o-1" }
    body   = { status = "cancelled" }
    recover {
      call   = shop.getOrder
      params = { id = "o-1" }
      found  = response.body.status == "cancelled"
    }
  }
}
`,
}

// UndoNothing: an undo without anything to take back.
var UndoNothing = &diag.Rule{
	Name: "undo-nothing", Title: "Undo that undoes nothing",
	Explain: "An `undo` takes back what a step did. A step that only reads has done nothing, an operation that only reads takes nothing back, and what `on_failure` does is never undone.",
	Bad: `api "shop" {
  spec = "openapi/shop.yaml"
}

integration "ship" {
  step "shipped" {
    call   = shop.updateOrder
    params = { id = "o-1" }
    body   = { status = "shipped" }
    undo {
      call   = shop.getOrder
      params = { id = "o-1" }
    }
  }
}
`,
	Good: `api "shop" {
  spec = "openapi/shop.yaml"
}

integration "ship" {
  step "shipped" {
    call   = shop.updateOrder
    params = { id = "o-1" }
    body   = { status = "shipped" }
    undo {
      call   = shop.updateOrder
      params = { id = "o-1" }
      body   = { status = "paid" }
    }
  }
}
`,
}

// RepeatWrite: a write that is repeated.
var RepeatWrite = &diag.Rule{
	Name: "repeat-write", Title: "Repeat of a write",
	Explain: "`repeat` sends the request again and again. That must not have an effect each time: the operation has to read only, to be idempotent by its method (PUT, DELETE), or the step says that sending it " +
		"again does no harm: `safe = true` for a POST that only reads, or `idempotent = true`.",
	Bad: `api "shop" {
  spec = "openapi/shop.yaml"
}

integration "ship" {
  step "shipped" {
    call   = shop.updateOrder
    params = { id = "o-1" }
    body   = { status = "shipped" }
    repeat {
      until = response.body.total > 0
    }
  }
}
`,
	Good: `api "shop" {
  spec = "openapi/shop.yaml"
}

integration "ship" {
  step "shipped" {
    call   = shop.getOrder
    params = { id = "o-1" }
    repeat {
      until = response.body.status == "shipped"
    }
  }
  output "total" {
    value = step.shipped.body.total
  }
}
`,
}

// StateInLoop: state of an integration that runs many times in one run.
var StateInLoop = &diag.Rule{
	Name: "state-in-loop", Title: "State of an integration in a loop",
	Explain: "State goes from one run of an integration to the next, and is kept when the outermost run succeeds. An integration with state that runs for each item of a `for_each` would need one for each. " +
		"Give it what it has to know as an input, or keep the state in the integration that has the loop.",
	Bad: `integration "count" {
  state "runs" {
    type    = integer
    initial = 0
    next    = state.runs + 1
  }
}

integration "all" {
  for_each "n" {
    in = [1, 2]
    step "count" {
      run = integration.count
    }
  }
}
`,
	Good: `integration "count" {
  state "runs" {
    type    = integer
    initial = 0
    next    = state.runs + 1
  }
}

integration "all" {
  step "count" {
    run = integration.count
  }
}
`,
}
