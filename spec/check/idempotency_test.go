package check

import (
	"testing"
	"testing/fstest"

	"tenon/spec/plan"
)

const writes = `{"openapi": "3.1.0", "info": {"title": "W", "version": "1"}, "servers": [{"url": "https://w.example.com"}],
"x-tenon-rate-limit": {"rate": "100/1s", "burst": 5},
"paths": {
  "/declared": {"post": {"operationId": "declared", "parameters": [{"name": "Idempotency-Key", "in": "header", "required": true, "schema": {"type": "string", "format": "uuid"}}], "responses": {"204": {"description": ""}}}},
  "/short": {"post": {"operationId": "short", "parameters": [{"name": "PayPal-Request-Id", "in": "header", "schema": {"type": "string", "maxLength": 25}}], "responses": {"204": {"description": ""}}}},
  "/four": {"post": {"operationId": "four", "parameters": [{"name": "X-Idempotency-Key", "in": "header", "schema": {"type": "string", "pattern": "^.{14}4.{21}$"}}], "responses": {"204": {"description": ""}}}},
  "/number": {"post": {"operationId": "number", "parameters": [{"name": "Idempotency-Key", "in": "header", "schema": {"type": "integer"}}], "responses": {"204": {"description": ""}}}},
  "/overlaid": {"post": {"operationId": "overlaid", "x-tenon-idempotency": {"header": "X-Once"}, "x-tenon-rate-limit": {"concurrency": 2}, "responses": {"204": {"description": ""}}}},
  "/bare": {"post": {"operationId": "bare", "responses": {"204": {"description": ""}}}},
  "/put": {"put": {"operationId": "put", "responses": {"204": {"description": ""}}}}
}}`

// TestWhereKeysGo holds which operations carry keys, in which header and form, and which limits bound them.
func TestWhereKeysGo(t *testing.T) {
	calls := func(api string) map[string]*plan.Call {
		main := api + "\nintegration \"i\" {\n"
		for _, op := range []string{"declared", "short", "four", "number", "overlaid", "bare", "put"} {
			main += "  step \"" + op + "\" {\n    call = w." + op + "\n"
			if op == "number" {
				main += "    params = { \"Idempotency-Key\" = 7 }\n"
			}
			main += "  }\n"
		}
		res, _, diags := build(t, fstest.MapFS{"main.hcl": {Data: []byte(main + "}\n")}, "w.json": {Data: []byte(writes)}})
		if diags.HasErrors() {
			t.Fatal(diags[0].Message)
		}
		out := map[string]*plan.Call{}
		for _, op := range res.Plans["i"].Steps.Ops {
			out[op.Name] = op.Call
		}
		out["api"] = &plan.Call{Limits: res.Plans["i"].APIs["w"].Limits}
		return out
	}
	got := calls(`api "w" {
  spec = "w.json"
}`)
	for name, want := range map[string][2]string{
		"declared": {"Idempotency-Key", ""}, "short": {"PayPal-Request-Id", "hex24"}, "four": {"X-Idempotency-Key", "uuid4"},
		"number": {"Idempotency-Key", ""}, "overlaid": {"X-Once", ""}, "bare": {"", ""}, "put": {"", ""},
	} {
		c := got[name]
		if c.IdempotencyHeader != want[0] || c.IdempotencyForm != want[1] || c.Idempotent != (want[0] != "" || name == "put") {
			t.Errorf("%s: the key is in %q in the form %q, idempotent is %v", name, c.IdempotencyHeader, c.IdempotencyForm, c.Idempotent)
		}
	}
	if l := got["api"].Limits; len(l) != 1 || l[0].Count != 100 || l[0].Burst != 5 {
		t.Errorf("the document's limit is not the api's: %+v", l)
	}
	if l := got["overlaid"].Limits; len(l) != 1 || l[0].Concurrency != 2 || len(got["bare"].Limits) != 0 {
		t.Errorf("the operation's limit: %+v", l)
	}
	got = calls(`api "w" {
  spec = "w.json"
  idempotency {
    header = "Once"
  }
  limit {
    concurrency = 7
  }
}`)
	for name, want := range map[string]string{"declared": "Idempotency-Key", "overlaid": "X-Once", "bare": "Once", "put": ""} {
		if c := got[name]; c.IdempotencyHeader != want {
			t.Errorf("with a header of the api's, %s has its key in %q, want %q", name, c.IdempotencyHeader, want)
		}
	}
	if l := got["api"].Limits; len(l) != 1 || l[0].Concurrency != 7 || l[0].Count != 0 {
		t.Errorf("the author's limit does not take the document's place: %+v", l)
	}
}
