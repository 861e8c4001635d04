package lang

var forEach = &Block{
	Name:   "for_each",
	Unique: "integration",
	Labels: []*Label{{Name: "NAME", Kind: Name, Root: true,
		Doc: "The name of the element inside the block; outside, the block's result is `for_each.NAME`."}},
	Attrs: []*Attr{
		{Name: "in", Kind: Expression, Required: true, Doc: "A list, or the items of a paginated step."},
		{Name: "where", Kind: Expression, Sees: []string{"the element"}, Doc: "A condition; elements for which it is false are passed over."},
		{Name: "key", Kind: Expression, Sees: []string{"the element"}, Doc: "What identifies an element, for messages and traces. Without it, its position."},
		{Name: "concurrency", Kind: Whole, Min: 1, Default: "1", Doc: "How many elements are worked on at the same time."},
		{Name: "on_error", Kind: Choice, Choices: []string{"stop", "continue"}, Default: `"stop"`,
			Doc: "What the failure of one element does: fail the run, or only be counted."},
		{Name: "max_errors", Kind: Whole, Min: 1, Needs: "on_error", Doc: "With `on_error = \"continue\"`: the run fails when more elements than this have failed."},
		{Name: "once", Kind: Window, Needs: "key", Doc: "How long a key is remembered: an element whose key succeeded within this time, in this run or an earlier one, is not worked on again and counts as skipped. `\"forever\"`: always."},
		{Name: "lock", Kind: Expression, Sees: []string{"the element"}, Doc: "A text or whole number. No two elements, in whatever run, are worked on at the same time that share it, nor beside an integration that does."},
		{Name: "when", Kind: Expression, Doc: "A condition. If it is false the whole block is skipped."},
		{Name: "depends_on", Kind: References, Doc: "What must have succeeded before, besides what the block refers to."},
	},
	Doc: "Runs its steps for every element of a list or stream. Its result is `for_each.NAME.count`, `.succeeded`, `.failed`, `.skipped` and its aggregates.",
	Example: `api "shop" {
  spec = "openapi/shop.yaml"
}

integration "remind" {
  step "orders" {
    call   = shop.listOrders
    params = { status = "open" }
  }
  for_each "order" {
    in          = step.orders.body.data
    where       = order.total > 100
    key         = order.id
    concurrency = 4
    on_error    = "continue"
    max_errors  = 10

    step "note" {
      call   = shop.addNote
      params = { id = order.id }
      body   = { text = "Please pay." }
    }
  }
  output "reminded" {
    value = for_each.order.succeeded
  }
}
`,
}

// Folds are the ways in which an aggregate makes one value of many.
var Folds = []string{"sum", "count", "list", "min", "max", "first", "last"}

var aggregate = &Block{
	Name:   "aggregate",
	Unique: "for_each",
	Labels: []*Label{{Name: "NAME", Kind: Name, Doc: "The result is `for_each.ELEMENT.NAME`."}},
	Attrs: []*Attr{
		{Name: "sum", Kind: Expression, Doc: "The sum of this number."},
		{Name: "count", Kind: Expression, Doc: "How often this condition was true."},
		{Name: "list", Kind: Expression, Doc: "All these values, in the order of the elements. It takes memory for each."},
		{Name: "min", Kind: Expression, Doc: "The least of these values; absent without elements."},
		{Name: "max", Kind: Expression, Doc: "The greatest of these values; absent without elements."},
		{Name: "first", Kind: Expression, Doc: "The value of the first element; absent without elements."},
		{Name: "last", Kind: Expression, Doc: "The value of the last element; absent without elements."},
	},
	ExactlyOne: Folds,
	Doc:        "Folds one value of each element that succeeded into one result. An absent value is passed over.",
	Example: `integration "totals" {
  input "amounts" {
    type = list(integer)
  }
  for_each "amount" {
    in = input.amounts
    aggregate "total" {
      sum = amount
    }
    aggregate "large" {
      count = amount > 1000
    }
  }
  output "total" {
    value = for_each.amount.total
  }
  output "large" {
    value = for_each.amount.large
  }
}
`,
}

var switchBlock = &Block{
	Name:   "switch",
	Unique: "integration",
	Labels: []*Label{{Name: "NAME", Kind: Name, Doc: "What is decided, for messages and pictures."}},
	Attrs: []*Attr{
		{Name: "on", Kind: Expression, Required: true, Doc: "The value that decides: a string, a whole number or a boolean."},
	},
	Doc:     "Runs the steps of one of its cases. Over an enum every member must have its case, or there must be a default.",
	Example: switchExample,
}

var caseBlock = &Block{
	Name:   "case",
	Labels: []*Label{{Name: "VALUE", Kind: AnyText, Many: true, Doc: "A value for which the case is taken. Several may stand in a row."}},
	Doc:    "Steps that run when `on` has one of the values.",

	Example: switchExample,
}

var defaultBlock = &Block{
	Name:    "default",
	Once:    true,
	Doc:     "Steps that run when no case is taken.",
	Example: switchExample,
}

const switchExample = `api "shop" {
  spec = "openapi/shop.yaml"
}

integration "follow_up" {
  step "order" {
    call   = shop.getOrder
    params = { id = "o-1" }
  }
  switch "status" {
    on = step.order.body.status
    case "open" {
      step "remind" {
        call   = shop.addNote
        params = { id = step.order.body.id }
        body   = { text = "Please pay." }
      }
    }
    case "paid" "shipped" {
      step "thank" {
        call   = shop.addNote
        params = { id = step.order.body.id }
        body   = { text = "Thank you." }
      }
    }
    default {
    }
  }
}
`

var parallel = &Block{
	Name:   "parallel",
	Unique: "integration",
	Labels: []*Label{{Name: "NAME", Kind: Name, Doc: "For messages and pictures."}},
	Doc:    "Steps inside that write may run at the same time, in any order.",
	Example: `api "shop" {
  spec = "openapi/shop.yaml"
}

integration "notes" {
  parallel "both" {
    step "first" {
      call   = shop.addNote
      params = { id = "o-1" }
      body   = { text = "One." }
    }
    step "second" {
      call   = shop.addNote
      params = { id = "o-2" }
      body   = { text = "Two." }
    }
  }
}
`,
}
