package lang

import "tenon/spec/diag"

// TestSuffix ends the names of the files that hold a project's tests, and nothing else.
const TestSuffix = ".test.hcl"

// TestFile is what may stand in a file of tests, outside of any block.
var TestFile = &Block{
	Name:   "test file",
	Blocks: []*Block{test},
	Doc:    "All files of a project whose names end in .test.hcl, in any order.",
}

var test = &Block{
	Name:   "test",
	Unique: "file",
	Labels: []*Label{{Name: "NAME", Kind: AnyText, Doc: "What is shown to hold."}},
	Attrs: []*Attr{
		{Name: "integration", Kind: Integration, Required: true, Doc: "What is run: `integration.invoices`."},
		{Name: "inputs", Kind: Expression, Doc: "An object of its inputs. Those with a default may be left out."},
		{Name: "state", Kind: Expression, Doc: "An object of what earlier runs have kept. What is left out has its `initial` value."},
		{Name: "variables", Kind: Expression, Doc: "An object of the project's variables. What is left out has its default."},
		{Name: "seed", Kind: Whole, Default: "0", Doc: "Chooses among the data that is made up where nothing is mocked. With the same seed it is always the same."},
		{Name: "now", Kind: Instant, Doc: "What the clock shows when the run begins, for `now()` and the like. Without it, the real time. Pauses are over at once either way."},
		{Name: "cassette", Kind: Text, Doc: "A file of recorded exchanges that answer, relative to the project. `tenon test --record` makes it, with secrets removed."},
	},
	Doc: "Runs an integration against its specs, without network, and says what must come of it. What no `mock` and no cassette answers is answered with data made up from the specs, which is always the same for the same `seed`. " +
		"Tests stand in files of their own, whose names end in `.test.hcl`. `tenon test` runs them; `tenon lint` checks them.",
	Example: testExample,
}

const testExample = `-- main.hcl --
api "shop" {
  spec = "openapi/shop.yaml"
}

integration "cancel" {
  input "order" {
    type = string
  }
  step "order" {
    call   = shop.getOrder
    params = { id = input.order }
    catch "404" {
      skip = true
    }
  }
  step "cancel" {
    when   = step.order.body.status == "open"
    call   = shop.updateOrder
    params = { id = input.order }
    body   = { status = "cancelled" }
  }
  output "found" {
    value = !step.order.skipped
  }
}
-- cancel.test.hcl --
test "an open order is cancelled" {
  integration = integration.cancel
  inputs      = { order = "o-1" }

  mock "open" {
    call    = shop.getOrder
    body    = { id = request.params.id, status = "open" }
    partial = true # the rest is made up from the spec
  }

  expect {
    outputs = { found = true }
    assert  = [for c in calls.shop.updateOrder : c.body.status] == ["cancelled"]
  }
}

test "an order that is gone is left alone" {
  integration = integration.cancel
  inputs      = { order = "o-1" }

  mock "gone" {
    call   = shop.getOrder
    status = 404
  }

  expect {
    outputs = { found = false }
    check "nothing is written" {
      assert  = len(calls.shop.updateOrder) == 0
      message = "something was cancelled"
    }
  }
}
`

var answerAttrs = []*Attr{
	{Name: "status", Kind: Status, Doc: "The status. Without it, the first success that the spec declares."},
	{Name: "headers", Kind: Expression, Sees: []string{"request"}, Doc: "An object of headers."},
	{Name: "body", Kind: Expression, Sees: []string{"request"},
		Doc: "The body. It must be what the spec declares for the status. A file is `jsondecode(file(\"testdata/orders.json\"))`. Without it, one is made up from the spec."},
	{Name: "partial", Kind: Boolean, Default: "false", Doc: "`true`: `body` has only what matters to the test. What its objects lack that the spec requires is made up from the spec, in lists element by element; the rest stays as it is written."},
	{Name: "error", Kind: Choice, Choices: []string{"network", "timeout"}, Doc: "A failure instead of an answer: no connection, or none in time."},
	{Name: "valid", Kind: Boolean, Default: "true", Doc: "`false`: the answer breaks the spec on purpose, so it is not held against it. What `catch \"invalid_response\"` does is tested so."},
}

// MockAnswer is what each element of the responses of a mock may have. It is no block that authors write.
var MockAnswer = &Block{Name: "response", Attrs: answerAttrs, Doc: "One of the responses of a mock."}

var mock = &Block{
	Name:   "mock",
	Unique: "test",
	Labels: []*Label{{Name: "NAME", Kind: AnyText, Doc: "What it stands for, for messages."}},
	Attrs: append([]*Attr{
		{Name: "call", Kind: Call, Required: true, Doc: "The operation that it answers: one that the integration may call."},
		{Name: "when", Kind: Expression, Sees: []string{"request"}, Doc: "A condition on the request. If it is false, the next mock of the operation is asked."},
		{Name: "responses", Kind: Answers, Doc: "Answers to one call after another, each an object of `status`, `headers`, `body`, `partial`, `error` and `valid`; the last one goes on. Instead of these attributes."},
	}, answerAttrs...),
	Doc: "Answers the calls of one operation. Of several for the same operation, the first whose `when` holds answers. " +
		"`request` is the call: `request.params` by name, `request.headers` with names in lower case, and `request.body`.",
	Example: `-- main.hcl --
api "shop" {
  spec = "openapi/shop.yaml"
}

integration "remind" {
  step "note" {
    call       = shop.addNote
    params     = { id = "o-1" }
    body       = { text = "Please pay." }
    idempotent = true
    retry {
      attempts = 3
      initial  = "1s"
    }
  }
  output "status" {
    value = step.note.status
  }
}
-- remind.test.hcl --
test "a shop that is down is asked again" {
  integration = integration.remind

  mock "down, then up" {
    call      = shop.addNote
    responses = [{ status = 503 }, { error = "timeout" }, { status = 201 }]
  }

  expect {
    outputs = { status = 201 }
    assert  = len(calls.shop.addNote) == 3
  }
}
`,
}

var expect = &Block{
	Name: "expect",
	Once: true,
	Attrs: []*Attr{
		{Name: "status", Kind: Choice, Choices: []string{"succeeded", "failed", "in_doubt"}, Default: `"succeeded"`, Doc: "How the run must end."},
		{Name: "outputs", Kind: Expression, Sees: expectSees, Doc: "An object: each member must equal the output of its name. Outputs that are left out may be anything."},
		{Name: "state", Kind: Expression, Sees: expectSees, Doc: "An object: each member must equal what is kept of the state of its name for the next run."},
		{Name: "assert", Kind: Expression, Sees: expectSees, Doc: "A condition that must hold."},
	},
	Doc: "What must come of the run. Without it, that it succeeds. Its expressions see `status`, `outputs`, `state` (as it is kept for the next run), `error` of a run that does not succeed, " +
		"and `calls`: `calls.API.OPERATION` is the list of requests that were made, in their order, each with `params` by name, `headers`, `body` and the `status` that it was answered with. " +
		"`check` blocks give conditions a name and a message.",
	Example: testExample,
}

var expectSees = []string{"status", "outputs", "state", "error", "calls"}

// testRules are about tests.
var testRules = []*diag.Rule{MockMismatch, UntestedStep}
