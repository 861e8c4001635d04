package lang

import "tenon/spec/diag"

// fileRules are the rules that spec/check reports while it reads files.
var fileRules = []*diag.Rule{
	UnknownBlock, UnknownAttribute, MissingAttribute, DuplicateName, ReservedName, AttributeValue, IgnoreUnused, Formatting,
}

// UnknownBlock: a block that does not belong where it stands.
var UnknownBlock = &diag.Rule{
	Name:  "unknown-block",
	Title: "Unknown block",
	Explain: "Each block takes a fixed set of blocks inside it. This one is not among them: it is misspelt, it belongs elsewhere, or it is a word " +
		"that this version of Tenon does not have yet. A misspelt block is read as the one it is close to; what stands inside any other was not looked at.",
	Bad: `integration "greet" {
  outptu "greeting" {
    value = "hello"
  }
}
`,
	Good: `integration "greet" {
  output "greeting" {
    value = "hello"
  }
}
`,
}

// UnknownAttribute: an attribute that its block does not take.
var UnknownAttribute = &diag.Rule{
	Name:  "unknown-attribute",
	Title: "Unknown attribute",
	Explain: "Each block takes a fixed set of attributes. This one is not among them: it is misspelt, it belongs to another block, or it is a word " +
		"that this version of Tenon does not have yet.",
	Bad: `integration "greet" {
  output "greeting" {
    vlaue = "hello"
  }
}
`,
	Good: `integration "greet" {
  output "greeting" {
    value = "hello"
  }
}
`,
}

// MissingAttribute: a block lacks an attribute that it must have.
var MissingAttribute = &diag.Rule{
	Name:    "missing-attribute",
	Title:   "Missing attribute",
	Explain: "The block means nothing without this attribute. The finding stands at the block's opening brace, where the attribute would go.",
	Bad: `integration "greet" {
  output "greeting" {
  }
}
`,
	Good: `integration "greet" {
  output "greeting" {
    value = "hello"
  }
}
`,
}

// DuplicateName: two things of one kind have one name.
var DuplicateName = &diag.Rule{
	Name:  "duplicate-name",
	Title: "Name used twice",
	Explain: "Two things of one kind have the same name, so nobody could say which is meant. Names of apis, schemas, variables, secrets, mappings and integrations " +
		"are unique in a project; those of inputs, outputs, steps, for_each, switch and parallel blocks in an integration, however deep they stand.",
	Bad: `integration "greet" {
  output "greeting" {
    value = "hello"
  }
  output "greeting" {
    value = "hi"
  }
}
`,
	Good: `integration "greet" {
  output "greeting" {
    value = "hello"
  }
  output "short_greeting" {
    value = "hi"
  }
}
`,
}

// ReservedName: a name that means something everywhere.
var ReservedName = &diag.Rule{
	Name:  "reserved-name",
	Title: "Reserved name",
	Explain: "Some names mean something in every expression (`input`, `step`, `secret`, `response`, …). An api, an input, the element of a for_each or an input of a mapping " +
		"cannot be called so, because it would hide them.",
	Bad: `integration "sum" {
  input "numbers" {
    type = list(integer)
  }
  for_each "step" {
    in = input.numbers
    aggregate "sum" {
      sum = 1
    }
  }
  output "sum" {
    value = for_each.step.sum
  }
}
`,
	Good: `integration "sum" {
  input "numbers" {
    type = list(integer)
  }
  for_each "number" {
    in = input.numbers
    aggregate "sum" {
      sum = number
    }
  }
  output "sum" {
    value = for_each.number.sum
  }
}
`,
}

// AttributeValue: an attribute or label is written in a form that it cannot have.
var AttributeValue = &diag.Rule{
	Name:  "attribute-value",
	Title: "Value of the wrong form",
	Explain: "Some attributes and labels are read before anything runs, so they must be written as they are meant, in a fixed form: " +
		"a duration (`\"250ms\"`, `\"30s\"`, `\"1h30m\"`, `\"90d\"`), one of a few words, a whole number, a list of statuses. " +
		"The message says which form is meant, and what was found.",
	Bad: `integration "greet" {
  timeout = "5 minutes"
  output "greeting" {
    value = "hello"
  }
}
`,
	Good: `integration "greet" {
  timeout = "5m"
  output "greeting" {
    value = "hello"
  }
}
`,
}

// IgnoreUnused: a suppression that suppresses nothing.
var IgnoreUnused = &diag.Rule{
	Name:     "ignore-unused",
	Severity: diag.Warning,
	Title:    "Ignore without effect",
	Explain: "`# tenon:ignore RULE reason` hides findings of one rule on its own line or the line below. This one hides nothing: the finding has gone, the rule is misspelt, or " +
		"the comment stands in the wrong place. An ignore without a reason hides nothing either. Errors cannot be ignored.",
	Bad: `integration "greet" {
  # tenon:ignore unused it is used elsewhere
  output "greeting" {
    value = "hello"
  }
}
`,
	Good: `integration "greet" {
  output "greeting" {
    value = "hello"
  }
}
`,
}

// Formatting: a file that is not as `tenon fmt` would write it.
var Formatting = &diag.Rule{
	Name:     "format",
	Severity: diag.Note,
	Title:    "Not in canonical form",
	Explain: "`tenon fmt` writes files in one form: two spaces for each level, `=` aligned on consecutive lines, no blank lines at the edges of blocks and never two " +
		"in a row. Then differences between versions show what has changed, and nothing else.",
	Bad: `integration "greet" {
  output "greeting" {
      value="hello"
  }
}
`,
	Good: `integration "greet" {
  output "greeting" {
    value = "hello"
  }
}
`,
}
