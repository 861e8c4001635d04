package trial_test

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
	"time"

	"tenon/runtime/engine"
	"tenon/runtime/event"
	"tenon/runtime/exec"
	"tenon/runtime/secret"
	"tenon/runtime/trial"
)

// record carries out a test's integration against a server and returns the cassette.
func (p *project) record(h http.HandlerFunc, values map[string]any) []byte {
	p.t.Helper()
	s := httptest.NewServer(h)
	defer s.Close()
	test := p.checked.Tests[0]
	program := p.program(test)
	redactor := &secret.Redactor{}
	r := trial.NewRecorder("run-1", test.Integration, time.Now(), redactor)
	if !test.Now.IsZero() {
		r.Pretend(test.Now)
	}
	local := engine.New(engine.Options{Host: r.Host})
	defer local.Close()
	res := local.Run(context.Background(), program, exec.Inputs{Run: "run-1", Values: values, Redactor: redactor,
		Servers: map[string]string{"shop": s.URL + "/base"}, Secrets: map[string]secret.Value{"key": secret.New("tops3cret")}})
	if res.Status != event.Succeeded {
		p.t.Fatalf("%s: %+v", res.Status, res.Error)
	}
	c, _, err := r.Cassette()
	if err != nil {
		p.t.Fatal(err)
	}
	data, err := c.Write()
	if err != nil {
		p.t.Fatal(err)
	}
	return data
}

func answer(w http.ResponseWriter, status int, body string) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Set-Cookie", "session=tops3cret-session")
	w.WriteHeader(status)
	w.Write([]byte(body))
}

const replayed = `
test "replays" {
  integration = integration.bill
  cassette    = "testdata/run.json"
  expect {
    outputs = { billed = 7, count = 3 }
    assert  = len(calls.shop.createInvoice) == 3
  }
}
`

// shop has two pages of orders, and tells the secret.
func shop(w http.ResponseWriter, r *http.Request) {
	switch {
	case r.Method == "POST":
		var body struct {
			Order  string
			Amount int
		}
		json.NewDecoder(r.Body).Decode(&body)
		answer(w, 201, `{"id": "inv-`+body.Order+`", "amount": `+strings.TrimSuffix(string(mustJSON(body.Amount)), "\n")+`, "echo": "`+r.Header.Get("Authorization")+`"}`)
	case r.URL.Query().Get("page") == "2":
		answer(w, 200, `{"data": [{"id": "c", "status": "paid", "total": 4}], "has_more": false}`)
	default:
		answer(w, 200, `{"data": [{"id": "a", "status": "paid", "total": 1}, {"id": "b", "status": "paid", "total": 2}], "has_more": true}`)
	}
}

func mustJSON(v any) []byte { b, _ := json.Marshal(v); return b }

func TestACassetteReplays(t *testing.T) {
	p := load(t, bill, replayed)
	data := p.record(shop, nil)
	for _, leak := range []string{"tops3cret", "Authorization", "Cookie"} {
		if strings.Contains(string(data), leak) {
			t.Errorf("the cassette has %q:\n%s", leak, data)
		}
	}
	if !strings.Contains(string(data), `"echo": "(secret)"`) {
		t.Errorf("what the server tells of the secret is not removed:\n%s", data)
	}
	p.files = map[string][]byte{"testdata/run.json": data}
	for range 3 { // the order of items that were worked on at once does not matter
		p.passes()
	}
	// Another mapping sends another body.
	p = load(t, strings.Replace(bill, "amount = order.total,", "amount = order.total * 2,", 1), replayed)
	p.files = map[string][]byte{"testdata/run.json": data}
	r := p.run()[0]
	said := p.said(r)
	for _, want := range []string{
		"unrecorded: the cassette testdata/run.json has no answer to what step.invoice (item a) sends: POST /invoices",
	} {
		if !strings.Contains(said, want) {
			t.Errorf("it does not say %q but\n%s", want, said)
		}
	}
	if d := r.Problems[0].Detail; !regexp.MustCompile(`^The closest that was recorded is POST http://127\.0\.0\.1:\d+/base/invoices$`).MatchString(d) {
		t.Errorf("%s", d)
	}
	if d := r.Problems[0].Differences; len(d) != 1 || d[0].String() != "body.amount: expected 1, got 2" {
		t.Errorf("%v", d)
	}
	// So does one that is not sent any more.
	p = load(t, strings.Replace(bill, "key         = order.id", "key         = order.id\n    where       = order.id != \"c\"", 1), strings.Replace(strings.Replace(replayed, "billed = 7, count = 3", "billed = 3", 1), "== 3", "== 2", 1))
	p.files = map[string][]byte{"testdata/run.json": data}
	if said := p.said(p.run()[0]); said != "unused_mock: of the cassette testdata/run.json, 1 request is not made any more" {
		t.Error(said)
	}
}

func TestACassetteKeepsTime(t *testing.T) {
	p := load(t, bill, strings.Replace(replayed, "cassette", "now = \"2026-02-03T04:05:06Z\"\n  cassette", 1))
	data := p.record(shop, nil)
	if !strings.Contains(string(data), `"at": "2026-02-03T04:05:0`) {
		t.Errorf("now is not what the test says:\n%s", data)
	}
	p.files = map[string][]byte{"testdata/run.json": data}
	p.passes()
	p.checked.Tests[0].Now = p.checked.Tests[0].Now.Add(time.Hour) // the cassette is of another time
	if r := p.run()[0]; r.Passed() || r.Problems[0].Kind != trial.Unrecorded || !strings.Contains(p.said(r), "body.at: expected") {
		t.Errorf("%s", p.said(r))
	}
}

func TestCassettesOfFailures(t *testing.T) {
	p := load(t, cancel, one(`
  cassette = "c.json"
  expect {
    status = "in_doubt"
  }`))
	p.files = map[string][]byte{"c.json": []byte(`{"version": 1, "run": "r", "began": "2026-01-01T00:00:00Z", "servers": {}, "exchanges": [
	  {"api": "shop", "operation": "getOrder", "request": {"method": "GET", "url": "/orders/o"}, "answer": {"status": 503}, "attempts": 2},
	  {"api": "shop", "operation": "getOrder", "request": {"method": "GET", "url": "/orders/o"}, "answer": {"status": 200, "headers": {"Content-Type": ["application/json"]}, "body": {"json": {"id": "o", "status": "paid", "total": 10}}}},
	  {"api": "shop", "operation": "createInvoice", "request": {"method": "POST", "url": "/invoices", "headers": {"Content-Type": ["application/json"]}, "body": {"text": "{\"amount\":10,\"order\":\"o\"}"}}, "error": "timeout"}]}`)}
	p.passes()
}

// TestCassettesThatAreNone has files that somebody broke.
func TestCassettesThatAreNone(t *testing.T) {
	whole := `{"version":1,"run":"r","began":"2026-01-01T00:00:00Z","servers":{},"exchanges":[{"api":"a","operation":"o","request":{"method":"GET","url":"/"},"answer":{"status":200}}]}`
	if _, err := trial.ReadCassette([]byte(whole)); err != nil {
		t.Fatal(err)
	}
	for text, want := range map[string]string{
		"":                                 "it is not whole",
		whole[:60]:                         "it is not whole: it ends too early",
		whole + "x":                        "something follows",
		"<html>":                           "it is not JSON: invalid character '<' looking for beginning of value, at byte 1",
		"[]":                               "it is no cassette:  is a JSON array",
		"{}":                               `it is no cassette: it has no "version"`,
		`{"version": 7}`:                   "it is of version 7, and this tool reads version 1; record it anew",
		`{"version": "one"}`:               "it is no cassette: version is a JSON string",
		`{"version":1,"exchanges":[null]}`: "its exchange 1 has no api",
		strings.Replace(whole, `"url":"/"`, `"url":"http://[::1"`, 1):          "its exchange 1 has a url that is none",
		strings.Replace(whole, `"status":200`, `"status":7`, 1):                "its exchange 1 is answered with the status 7",
		strings.Replace(whole, `"answer":{"status":200}`, `"error":"rain"`, 1): `its exchange 1 has the error "rain"`,
		strings.Replace(whole, `"answer"`, `"error":"network","answer"`, 1):    "has not exactly one of answer and error",
	} {
		c, err := trial.ReadCassette([]byte(text))
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%.60s: got %v %v, want %s", text, c, err, want)
		}
	}
	if _, err := trial.ReadCassette(make([]byte, trial.MaxCassette+1)); err == nil || err.Error() != "it has more than 64 MB, the most that is read" {
		t.Error(err)
	}
	p := load(t, bill, replayed)
	p.files = map[string][]byte{}
	p.fails("cassette: the cassette testdata/run.json: there is no such file; tenon test --record makes it")
}

func FuzzCassette(f *testing.F) {
	f.Add([]byte(`{"version":1,"run":"r","began":"2026-01-01T00:00:00Z","servers":{"shop":"http://x/y"},"exchanges":[{"api":"shop","operation":"getOrder","request":{"method":"GET","url":"/orders/o","body":{"base64":"AA=="}},"answer":{"status":200,"headers":{"A":["b"]},"body":{"json":{"id":1}}}}]}`))
	p := load(f, cancel, one(`
  cassette = "c.json"
`))
	program := p.program(p.checked.Tests[0])
	f.Fuzz(func(t *testing.T, data []byte) {
		if _, err := trial.ReadCassette(data); err != nil {
			return
		}
		b, err := trial.New(trial.Options{ReadFile: func(string) ([]byte, error) { return data, nil }, API: func(name string) (*trial.API, error) {
			return &trial.API{Document: p.checked.Documents[name]}, nil
		}})
		if err != nil {
			t.Skip(err)
		}
		defer b.Close()
		b.Run(context.Background(), p.checked.Tests[0], program)
	})
}

const stream = `
integration "stream" {
  step "orders" {
    call = shop.exportOrders
  }
  for_each "order" {
    in = step.orders.items
    aggregate "total" {
      sum = order.total
    }
    step "one" {
      value = order.id
    }
  }
  step "copy" {
    call = shop.getFile
  }
  step "archive" {
    call = shop.archive
    body = step.copy.body
  }
  output "total" {
    value = for_each.order.total
  }
}
`

// TestStreams has answers that are read while they arrive, and content that is only sent on.
func TestStreams(t *testing.T) {
	test := `
test "t" {
  integration = integration.stream
  %s
  expect {
    outputs = { total = 7 }
    assert  = len(calls.shop.archive) == 1 && calls.shop.archive[0].status == 204
  }
}`
	mocked := strings.Replace(test, "%s", `
  mock "orders" {
    call = shop.exportOrders
    body = [{ id = "a", total = 3 }, { id = "b", total = 4 }]
  }`, 1)
	load(t, stream, mocked).passes()
	p := load(t, stream, strings.Replace(test, "%s", `cassette = "testdata/run.json"`, 1))
	archived := ""
	data := p.record(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == "PUT" {
			body, _ := io.ReadAll(r.Body)
			archived = string(body)
			w.WriteHeader(204)
			return
		}
		if r.URL.Path == "/base/file" {
			w.Header().Set("Content-Type", "application/octet-stream")
			w.Write([]byte("\xff\x00tops3cret"))
			return
		}
		w.Header().Set("Content-Type", "text/csv")
		io.WriteString(w, "id,total\na,3\nb,4\n")
	}, nil)
	if archived != "\xff\x00tops3cret" {
		t.Errorf("while it was recorded, %q was sent on", archived)
	}
	if !strings.Contains(string(data), `"base64": "/wAoc2VjcmV0KQ=="`) {
		t.Errorf("bytes are not kept, without the secret in them:\n%s", data)
	}
	p.files = map[string][]byte{"testdata/run.json": data}
	p.passes()
	load(t, stream, strings.Replace(test, "%s", `
  mock "slow" {
    call  = shop.exportOrders
    error = "timeout"
  }`, 1)).fails("run: step.orders: GET http://shop.test/export: nothing came or went for 30s")
}
