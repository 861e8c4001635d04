package mockapi

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"tenon/spec/types"
)

// TestAMockAnswersAsItIsTold answers by what the document declares for the status, and only what it allows.
func TestAMockAnswersAsItIsTold(t *testing.T) {
	var reply *Reply
	var asked *Request
	var last Exchange
	s := New(load(t, "testdata/shop.yaml"), Options{}).With(Options{
		Respond: func(q *Request) *Reply { asked = q; return reply },
		Log:     func(x Exchange) { last = x },
	})
	const id = "1a2b3c4d-0000-4000-8000-000000000001"
	order := `{"customer_id": "` + id + `", "lines": [{"sku": "ABC12345", "quantity": 1}]}`
	post := func() exchange {
		return send(t, s, "POST /v1/orders?dry_run=true", order, key, "Content-Type: application/json")
	}
	for name, c := range map[string]struct {
		reply  *Reply
		status int
		body   string // what it holds
		header string // Content-Type
	}{
		"nothing":            {nil, 201, `"id"`, "application/json"},
		"a status alone":     {&Reply{Body: types.Missing, Status: 201}, 201, `"id"`, "application/json"},
		"a body":             {&Reply{Status: 201, Body: map[string]any{"id": "x"}}, 201, `{"id":"x"}`, "application/json"},
		"bytes":              {&Reply{Status: 200, Raw: []byte("x,y"), Header: http.Header{"content-type": {"text/csv"}}}, 200, "x,y", "text/csv"},
		"an undeclared one":  {&Reply{Status: 418, Body: map[string]any{"a": 1}}, 418, `{"a":1}`, "application/json"},
		"one without a body": {&Reply{Status: 503, Body: types.Missing}, 503, "", ""},
	} {
		reply = c.reply
		got := post()
		if got.status != c.status || !strings.Contains(got.text, c.body) || !strings.HasPrefix(got.header.Get("Content-Type"), c.header) || (c.body == "") != (got.text == "") {
			t.Errorf("%s: got %d %s %s", name, got.status, got.header, got.text)
		}
	}
	if asked.Params["dry_run"] != true || types.Get(asked.Body, "customer_id") != id || string(asked.Raw) != order {
		t.Errorf("asked for %+v", asked)
	}
	asked = nil
	if got := send(t, s, "POST /v1/orders", "{}", key, "Content-Type: application/json"); got.status != 400 || asked != nil {
		t.Errorf("a request that the document forbids came through: %d %v", got.status, asked)
	}
	if last.Request == nil || len(last.Problems) == 0 || last.Request.Operation.ID != "createOrder" {
		t.Errorf("it was not told of: %+v", last)
	}
}

func TestARequestIsRead(t *testing.T) {
	s := New(load(t, "testdata/shop.yaml"), Options{})
	q, problems := s.Read(httptest.NewRequest("GET", "/v1/orders?page=3", nil))
	if q == nil || problems != nil || q.Params["page"] != 3 || !types.IsMissing(q.Body) {
		t.Errorf("%+v %v", q, problems)
	}
	if q, problems = s.Read(httptest.NewRequest("GET", "/v1/orders?page=x", nil)); q == nil || len(problems) != 1 || !strings.HasPrefix(problems[0], "query page: ") {
		t.Errorf("%+v %v", q, problems)
	}
	if q, problems = s.Read(httptest.NewRequest("GET", "/v1/nothing", nil)); q != nil || len(problems) == 0 {
		t.Errorf("%+v %v", q, problems)
	}
}
