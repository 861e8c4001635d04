package trial_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"tenon/runtime/exec"
	"tenon/runtime/trial"
	"tenon/spec/check"
	"tenon/spec/plan"
	"tenon/spec/types"
)

// project is a project with its tests, ready to be carried out.
type project struct {
	t       testing.TB
	checked *check.Checked
	bench   *trial.Bench
	files   map[string][]byte // cassettes
}

const header = `
secret "key" {
  env = "SHOP_KEY"
}
api "shop" {
  spec = "shop.yaml"
  auth "key" {
    token = secret.key
  }
}
`

// load checks a project of one file and one file of tests, which must be without errors.
func load(t testing.TB, main, tests string) *project {
	t.Helper()
	spec, err := os.ReadFile("testdata/shop.yaml")
	if err != nil {
		t.Fatal(err)
	}
	s := check.NewSession(fstest.MapFS{"shop.yaml": {Data: spec}}, nil, "test")
	p := &project{t: t, checked: s.Check(map[string][]byte{"main.hcl": []byte(header + main), "main.test.hcl": []byte(tests)})}
	for _, d := range p.checked.Findings {
		if p.checked.Findings.HasErrors() {
			t.Errorf("%s:%d: %s: %s %s", d.Range.File, d.Range.Start, d.Rule.Name, d.Message, d.Detail)
		}
	}
	if p.checked.Findings.HasErrors() {
		t.FailNow()
	}
	p.bench, err = trial.New(trial.Options{ReadFile: func(name string) ([]byte, error) {
		if data, ok := p.files[name]; ok {
			return data, nil
		}
		return nil, errors.New("there is no such file")
	}, API: func(name string) (*trial.API, error) {
		return &trial.API{Document: p.checked.Documents[name], Operations: p.checked.Operations[name]}, nil
	}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.bench.Close)
	return p
}

func (p *project) program(t *plan.Test) *exec.Program {
	p.t.Helper()
	program, err := exec.Compile(p.checked.Plans[t.Integration])
	if err != nil {
		p.t.Fatal(err)
	}
	return program
}

// run carries out all tests.
func (p *project) run() []*trial.Report {
	p.t.Helper()
	var out []*trial.Report
	for _, t := range p.checked.Tests {
		out = append(out, p.bench.Run(context.Background(), t, p.program(t)))
	}
	return out
}

// said is the problems of a report on a line each, with the text that they point at.
func (p *project) said(r *trial.Report) string {
	var lines []string
	for _, x := range r.Problems {
		line := fmt.Sprintf("%s: %s", x.Kind, x.Message)
		if len(x.Differences) > 1 || x.Kind == trial.Unrecorded {
			for _, d := range x.Differences {
				line += "\n  " + d.String()
			}
		}
		for _, o := range x.Observed {
			v, _ := types.AppendJSON(nil, o.Value)
			line += fmt.Sprintf("\n  %s = %s", p.checked.Files[o.Range.File].Text(o.Range), v)
		}
		lines = append(lines, line)
	}
	return strings.Join(lines, "\n")
}

// passes carries out all tests, which must pass.
func (p *project) passes() []*trial.Report {
	p.t.Helper()
	reports := p.run()
	if len(reports) == 0 {
		p.t.Error("there is no test")
	}
	for _, r := range reports {
		if !r.Passed() {
			p.t.Errorf("%s:\n%s", r.Test.Name, p.said(r))
		}
	}
	return reports
}

// fails carries out one test and compares what is said.
func (p *project) fails(want string) *trial.Report {
	p.t.Helper()
	r := p.run()[0]
	if got := p.said(r); got != strings.TrimSpace(want) {
		p.t.Errorf("got\n%s\nwant\n%s", got, strings.TrimSpace(want))
	}
	return r
}

const bill = `
integration "bill" {
  input "since" {
    type    = string
    default = state.since
  }
  step "orders" {
    call   = shop.listOrders
    params = { status = "paid" }
    paginate {}
  }
  for_each "order" {
    in          = step.orders.items
    key         = order.id
    concurrency = 4
    step "invoice" {
      call       = shop.createInvoice
      body       = { order = order.id, amount = order.total, at = now(), ref = uuid() }
      idempotent = true
      retry {
        attempts = 3
        initial  = "10s"
      }
    }
    aggregate "billed" {
      sum = step.invoice.body.amount
    }
  }
  state "since" {
    type    = string
    initial = "never"
    next    = "done after ${state.since}"
  }
  output "billed" {
    value = for_each.order.billed
  }
  output "count" {
    value = for_each.order.count
  }
}
`

func TestATestThatPasses(t *testing.T) {
	p := load(t, bill, `
test "bills" {
  integration = integration.bill
  state       = { since = "yesterday" }
  now         = "2026-02-03T00:00:00Z"

  mock "first page" {
    call = shop.listOrders
    when = coalesce(request.params.page, 1) == 1
    body = { data = [{ id = "a", status = "paid", total = 1 }, { id = "b", status = "paid", total = 2 }], has_more = true }
  }
  mock "second page" {
    call = shop.listOrders
    body = { data = [{ id = "c", status = "paid", total = 4 }], has_more = false }
  }
  mock "flaky" {
    call = shop.createInvoice
    when = request.body.order == "b"
    responses = [{ status = 503 }, { error = "timeout" }, { body = { id = "i", amount = request.body.amount } }]
  }
  mock "invoice" {
    call = shop.createInvoice
    body = { id = "i", amount = request.body.amount * 10 }
  }
  expect {
    outputs = { billed = 52, count = 3 }
    state   = { since = "done after yesterday" }
    assert  = len(calls.shop.createInvoice) == 5 && calls.shop.listOrders[0].headers.authorization == "Bearer mock-key"
    check "the first is sent when the clock says" {
      assert = calls.shop.createInvoice[0].body.at == "2026-02-03T00:00:00Z"
    }
  }
}`)
	first := p.passes()[0]
	if first.Requests != 7 {
		t.Errorf("%d requests", first.Requests)
	}
	began := time.Now()
	const times = 50
	var bodies []string
	for range times {
		for _, r := range p.passes() {
			bodies = append(bodies, fmt.Sprint(r.Result.Outputs, r.Requests))
		}
	}
	for _, b := range bodies {
		if b != bodies[0] {
			t.Errorf("not the same each time: %s, %s", bodies[0], b)
		}
	}
	t.Logf("%s a test of 7 requests", time.Since(began)/times)
}

const cancel = `
integration "check" {
  input "id" {
    type = string
  }
  step "order" {
    call   = shop.getOrder
    params = { id = input.id }
    catch "404" {
      body = { id = input.id, status = "open", total = 0, note = null }
    }
  }
  switch "status" {
    on = step.order.body.status
    case "paid" {
      step "pause" {
        wait = "1h"
      }
      step "invoice" {
        call = shop.createInvoice
        body = { order = input.id, amount = step.order.body.total }
        undo {
          call   = shop.voidInvoice
          params = { id = step.invoice.body.id }
        }
      }
      step "late" {
        value = step.invoice.body.amount
        check "enough" {
          assert = step.late.value > 5
        }
      }
    }
    case "open" {
      step "none" {
        value = 0
      }
    }
  }
  output "order" {
    value = step.order.body
  }
}
`

// one is a test of the integration check with an order that is paid.
func one(more string) string {
	return `
test "t" {
  integration = integration.check
  inputs      = { id = "o" }
  ` + more + `
}
`
}

const paid = `
  mock "order" {
    call = shop.getOrder
    body = { id = "o", status = "paid", total = 10 }
  }
`

const invoiced = `
  mock "invoice" {
    call = shop.createInvoice
    body = { id = "i", amount = request.body.amount }
  }
`

func TestWhatFails(t *testing.T) {
	for name, c := range map[string]struct{ test, want string }{
		"outputs": {paid + invoiced + `
  expect {
    outputs = { order = { id = "p", status = "paid", total = 11, note = null } }
  }`, `
outputs: outputs are not as expected in 3 places
  outputs.order.id: expected "p", got "o"
  outputs.order.note: expected null, got nothing
  outputs.order.total: expected 11, got 10`},
		"one output": {paid + invoiced + `
  expect {
    outputs = { order = { id = "o", status = "paid", total = 11 } }
  }`, `outputs: outputs.order.total: expected 11, got 10`},
		"assert": {paid + invoiced + `
  expect {
    assert = len(calls.shop.createInvoice) == 1 && calls.shop.createInvoice[0].body.amount == outputs.order.total + 1
  }`, `
assert: assert does not hold
  calls.shop.createInvoice[0].body.amount = 10
  outputs.order.total + 1 = 11`},
		"check": {paid + invoiced + `
  expect {
    check "once" {
      assert  = len(calls.shop.createInvoice) == 2
      message = "${len(calls.shop.createInvoice)} invoices"
    }
  }`, `
check: check "once" does not hold: 1 invoices
  len(calls.shop.createInvoice) = 1`},
		"run": {paid + `
  mock "refusal" {
    call   = shop.createInvoice
    status = 503
  }`, `run: step.invoice: POST http://shop.test/invoices answered 503 Service Unavailable`},
		"run of a network error": {`
  mock "nothing" {
    call  = shop.getOrder
    error = "network"
  }`, `run: step.order: GET http://shop.test/orders/o: the mock answers with a network error`},
		"a run that must fail": {paid + invoiced + `
  expect {
    status = "failed"
  }`, `status: the run succeeded, and should fail`},
		"a mock that is not used": {paid + invoiced + `
  mock "void" {
    call   = shop.voidInvoice
  }`, `unused_mock: mock "void" was never used: the run did not call shop.voidInvoice`},
		"a mock whose condition does not hold": {paid + `
  mock "invoice" {
    call = shop.createInvoice
    when = request.body.amount == 9
  }
  mock "all" {
    call = shop.createInvoice
    body = { id = "i", amount = request.body.amount }
  }`, `unused_mock: mock "invoice" was never used: its when held for no call of shop.createInvoice`},
		"responses that are not used": {paid + `
  mock "invoice" {
    call      = shop.createInvoice
    responses = [{ body = { id = "i", amount = 7 } }, { status = 503 }]
  }`, `unused_mock: mock "invoice" has 2 responses, and was called once`},
		"a request that the spec forbids": {`
  mock "order" {
    call = shop.getOrder
    body = { id = "o", status = "paid", total = 0 }
  }`, `run: step.invoice: the body of shop.createInvoice: amount is an integer outside of integer from 1`},
		"a mock that the spec rules out": {`
  mock "order" {
    call = shop.getOrder
    body = { id = "${request.params.id}-${request.params.id}-345678901234567890", status = "paid", total = 10 }
  }`, `mock: mock "order" answers what the spec rules out: the body of the answer 200 of shop.getOrder: id is a string of 22 characters, but at most 20 are allowed`},
	} {
		t.Run(name, func(t *testing.T) { load(t, cancel, one(c.test)).fails(c.want) })
	}
}

func TestRunsThatMustFail(t *testing.T) {
	r := load(t, cancel, one(`
  now = "2026-01-01T00:00:00Z"
  mock "order" {
    call = shop.getOrder
    body = { id = "o", status = "paid", total = 3 }
  }
  mock "invoice" {
    call = shop.createInvoice
    body = { id = "i1", amount = request.body.amount }
  }
  expect {
    status = "failed"
    assert = error.kind == "check" && error.step == "late" && calls.shop.voidInvoice[0].params.id == "i1" && calls.shop.voidInvoice[0].status == 204
  }`)).passes()[0]
	for _, key := range []string{"check:step.order", "check:step.invoice undo", "check:switch.status case 0", "check:step.late"} {
		if !r.Reached[key] {
			t.Errorf("%s was not reached: %v", key, r.Reached)
		}
	}
	load(t, cancel, one(paid+`
  mock "lost" {
    call  = shop.createInvoice
    error = "timeout"
  }
  expect {
    status = "in_doubt"
    assert = len(calls.shop.createInvoice) == 1 && error.kind == "timeout" && error.message == "POST http://shop.test/invoices: no complete answer within 30s"
  }`)).passes()
	load(t, cancel, one(`
  mock "none" {
    call   = shop.getOrder
    status = 404
  }
  expect {
    outputs = { order = { id = "o", status = "open", total = 0, note = null } }
    assert  = len(calls.shop.createInvoice) == 0
  }`)).passes()
}

// TestItemsThatFailedAreTold has a run that survives what makes it come to something else.
func TestItemsThatFailedAreTold(t *testing.T) {
	r := load(t, strings.Replace(bill, "concurrency = 4", "concurrency = 4\n    on_error    = \"continue\"", 1), `
test "t" {
  integration = integration.bill
  mock "orders" {
    call = shop.listOrders
    body = { data = [{ id = "a", status = "paid", total = 0 }, { id = "b", status = "paid", total = 0 }], has_more = false }
  }
  expect {
    outputs = { count = 2, billed = 7 }
  }
}`).fails("outputs: outputs.billed: expected 7, got 0")
	if want := "2 items failed, the first one so: step.invoice (item a): the body of shop.createInvoice: amount is an integer outside of integer from 1"; r.Problems[0].Detail != want {
		t.Errorf("got %q, want %q", r.Problems[0].Detail, want)
	}
}

// TestTheClock has pauses at the same time, one after the other, a timeout that comes between, and what is locked.
func TestTheClock(t *testing.T) {
	began := time.Now()
	load(t, `
integration "clock" {
  timeout = "30m"
  input "last" {
    type = integer
  }
  parallel "pauses" {
    step "a" {
      wait = "10m"
    }
    step "b" {
      wait = "15m"
    }
  }
  step "joined" {
    depends_on = [step.a, step.b]
    value      = now()
  }
  for_each "n" {
    depends_on  = [step.joined]
    in          = ["x", "y", "x"]
    lock        = n
    concurrency = 3
    step "hold" {
      wait = "1m"
    }
    step "at" {
      depends_on = [step.hold]
      value      = "${now()}"
    }
    aggregate "at" {
      list = step.at.value
    }
  }
  step "last" {
    depends_on = [for_each.n]
    wait       = from_unix(unix(now()) + input.last)
  }
  step "poll" {
    depends_on = [step.last]
    call       = shop.getOrder
    params     = { id = "a" }
    repeat {
      until   = response.body.status == "paid"
      every   = "1m"
      timeout = "10m"
    }
  }
  output "joined" {
    value = step.joined.value
  }
  output "at" {
    value = for_each.n.at
  }
  output "status" {
    value = step.poll.body.status
  }
}
`, `
test "overlaps" {
  integration = integration.clock
  now         = "2026-01-01T00:00:00Z"
  inputs      = { last = 300 }
  mock "slow" {
    call = shop.getOrder
    responses = [{ body = { id = "a", status = "open", total = 1 } }, { body = { id = "a", status = "open", total = 1 } }, { body = { id = "a", status = "paid", total = 1 } }]
  }
  expect {
    outputs = { joined = "2026-01-01T00:15:00Z", at = ["2026-01-01T00:16:00Z", "2026-01-01T00:16:00Z", "2026-01-01T00:17:00Z"], status = "paid" }
    assert  = len(calls.shop.getOrder) == 3
  }
}
test "takes too long" {
  integration = integration.clock
  now         = "2026-01-01T00:00:00Z"
  inputs      = { last = 1200 }
  expect {
    status = "failed"
    assert = error.kind == "timeout" && len(calls.shop.getOrder) == 0
    check "message" {
      assert = error.message == "the run took longer than its timeout of 30m0s"
    }
  }
}
test "polls too long" {
  integration = integration.clock
  inputs      = { last = 1 }
  mock "slow" {
    call = shop.getOrder
    body = { id = "a", status = "open", total = 1 }
  }
  expect {
    status = "failed"
    assert = error.kind == "timeout" && len(calls.shop.getOrder) == 11
  }
}
`).passes()
	if took := time.Since(began); took > 20*time.Second {
		t.Errorf("it took %s", took)
	}
}

func TestARunThatWaitsForItself(t *testing.T) {
	load(t, `
integration "outer" {
  for_each "pair" {
    in          = [{ a = "x", b = "y" }, { a = "y", b = "x" }]
    lock        = pair.a
    concurrency = 2
    step "pause" {
      wait = "1s"
    }
    for_each "other" {
      depends_on = [step.pause]
      in         = [pair.b]
      lock       = other
      step "v" {
        value = other
      }
    }
  }
}
`, `
test "t" {
  integration = integration.outer
}
`).fails("run: the run was stopped: everything in the run waits for something else in it, such as a lock that is held already")
}

// TestChildren has steps in an integration that another one runs, with its own state and seen items.
func TestChildren(t *testing.T) {
	r := load(t, `
integration "inner" {
  input "ids" {
    type = list(string)
  }
  for_each "id" {
    in   = input.ids
    key  = id
    once = "forever"
    step "order" {
      call   = shop.getOrder
      params = { id = id }
      catch "404" {
        skip = true
      }
    }
  }
  output "skipped" {
    value = for_each.id.skipped
  }
}
integration "outer" {
  step "first" {
    run    = integration.inner
    inputs = { ids = ["a", "b"] }
  }
  step "second" {
    depends_on = [step.first]
    run        = integration.inner
    inputs     = { ids = ["b", "c"] }
  }
  output "skipped" {
    value = step.second.outputs.skipped
  }
}
`, `
test "t" {
  integration = integration.outer
  mock "gone" {
    call   = shop.getOrder
    when   = request.params.id == "a"
    status = 404
  }
  expect {
    outputs = { skipped = 1 }
    assert  = len(calls.shop.getOrder) == 3
  }
}
test "begins anew" {
  integration = integration.outer
  expect {
    assert = len(calls.shop.getOrder) == 3
  }
}
`)
	reports := r.passes()
	c := trial.Cover(r.checked.Plans, reports)
	if c.Percent() != 100 || c.Reached != 5 {
		t.Errorf("%d %% of %d: %+v", c.Percent(), c.Reached, c.Points)
	}
	c = trial.Cover(r.checked.Plans, reports[1:])
	var missing []string
	for _, p := range c.Points {
		if !p.Reached {
			missing = append(missing, fmt.Sprintf("%s: %s at %s", p.Integration, p.Name, r.checked.Files[p.Range.File].Text(p.Range)))
		}
	}
	if got := strings.Join(missing, "\n"); got != `inner: catch "404" of step "order" at catch "404"` || c.Percent() != 80 {
		t.Errorf("%d %%: %s", c.Percent(), got)
	}
}

// TestTestsAtOnce runs the same tests at once, as the command does.
func TestTestsAtOnce(t *testing.T) {
	p := load(t, cancel, one(paid+invoiced))
	test, program := p.checked.Tests[0], p.program(p.checked.Tests[0])
	for range 20 {
		t.Run("", func(t *testing.T) {
			t.Parallel()
			if r := p.bench.Run(context.Background(), test, program); !r.Passed() {
				t.Error(p.said(r))
			}
		})
	}
}

func TestATestIsStopped(t *testing.T) {
	p := load(t, `
integration "i" {
  step "order" {
    call   = shop.getOrder
    params = { id = "a" }
  }
}
`, `
test "t" {
  integration = integration.i
}
`)
	ctx, stop := context.WithCancel(context.Background())
	stop()
	r := p.bench.Run(ctx, p.checked.Tests[0], p.program(p.checked.Tests[0]))
	if r.Passed() || r.Problems[0].Kind != trial.TestCanceled {
		t.Errorf("%+v", r.Problems)
	}
}

func BenchmarkTest(b *testing.B) {
	p := load(b, cancel, one(paid+invoiced))
	test, program := p.checked.Tests[0], p.program(p.checked.Tests[0])
	for b.Loop() {
		if r := p.bench.Run(context.Background(), test, program); !r.Passed() {
			b.Fatal(p.said(r))
		}
	}
}

// A partial body is completed by the spec: each answer by its own request, the same each time, by the seed.
func TestPartialBodies(t *testing.T) {
	test := func(seed int, mocks, expect string) string {
		return fmt.Sprintf("test \"t\" {\n  integration = integration.check\n  inputs = { id = \"o\" }\n  seed = %d\n%s\n expect {\n%s\n}\n}", seed, mocks, expect)
	}
	const order = `
  mock "order" {
    call    = shop.getOrder
    body    = { id = request.params.id, status = "paid" }
    partial = true
  }`
	const invoice = `
  mock "invoice" {
    call      = shop.createInvoice
    responses = [{ body = { amount = request.body.amount }, partial = true }]
  }`
	orders := map[string]bool{}
	for seed := range 5 {
		p := load(t, cancel, test(seed, order+invoice, `
      outputs = { order = merge(outputs.order, { id = "o", status = "paid" }) }
      assert  = calls.shop.createInvoice[0].body.amount == outputs.order.total && outputs.order.note == null`))
		first := p.passes()[0]
		again := p.passes()[0]
		if fmt.Sprint(first.Result.Outputs) != fmt.Sprint(again.Result.Outputs) {
			t.Errorf("first %v, then %v", first.Result.Outputs, again.Result.Outputs)
		}
		orders[fmt.Sprint(first.Result.Outputs)] = true
	}
	if len(orders) < 2 {
		t.Errorf("all seeds give %v", orders)
	}
	pages := load(t, bill, `
test "a page" {
  integration = integration.bill
  mock "page" {
    call    = shop.listOrders
    body    = { data = [{ id = "a", total = 1 }, { id = "b", total = 2 }], has_more = false }
    partial = true
  }
  expect {
    outputs = { count = 2 }
    assert  = [for c in calls.shop.createInvoice : c.body.order] == ["a", "b"]
  }
}`)
	pages.passes()
	for name, c := range map[string]struct{ mock, want string }{
		"what is computed must fit": {`
  mock "order" {
    call    = shop.getOrder
    body    = { id = "${request.params.id}-${request.params.id}-345678901234567890" }
    partial = true
  }`, `mock: mock "order" answers what the spec rules out: the body of the answer 200 of shop.getOrder: id is a string of 22 characters, but at most 20 are allowed`},
		"nothing fits": {`
  mock "order" {
    call    = shop.getOrder
    status  = 409
    body    = { kind = "a" }
    partial = true
  }`, `mock: mock "order": the body cannot be completed: code cannot be made up: nothing was found that is a string of at least 1000000 characters`},
	} {
		t.Run(name, func(t *testing.T) { load(t, cancel, one(c.mock)).fails(c.want) })
	}
}

// Text that is sent, or answered, as bytes is text in a test.
func TestTextAsBytes(t *testing.T) {
	load(t, `
integration "archive" {
  step "archive" {
    call = shop.archive
    body = "größe;1"
  }
  step "file" {
    call       = shop.getFile
    depends_on = [step.archive]
  }
  step "copy" {
    call = shop.archive
    body = step.file.body
  }
}`, `
test "t" {
  integration = integration.archive
  mock "kept" {
    call = shop.archive
    when = hasPrefix(request.body, "gr")
  }
  mock "a file" {
    call = shop.getFile
    body = "from the file"
  }
  expect {
    assert = [for c in calls.shop.archive : c.body] == ["größe;1", "from the file"]
  }
}`).passes()
}
