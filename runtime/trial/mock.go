package trial

import (
	"bytes"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"unicode/utf8"

	"tenon/runtime/mockapi"
	"tenon/spec/expression"
	"tenon/spec/plan"
	"tenon/spec/types"
)

// mock is one of a test's mocks, ready to answer.
type mock struct {
	plan    *plan.Mock
	when    *expression.Program // nil: always
	answers []*answer
	called  int
}

type answer struct {
	plan          *plan.MockAnswer
	headers, body *expression.Program // nil: none
}

// exchange is a request that was made and what became of it.
type exchange struct {
	api, operation string
	step, item     string
	request        map[string]any // params, headers and body, as expressions see them
	line           string         // "GET /orders?status=paid", for people
	status         int            // 0: it was not answered
	fault          string         // network, timeout: instead of an answer
	problems       []string       // why the document refuses it
}

func (t *trial) mocks() error {
	for _, m := range t.test.Mocks {
		x := &mock{plan: m}
		var err error
		if x.when, err = compile(m.When); err != nil {
			return err
		}
		for _, a := range m.Answers {
			y := &answer{plan: a}
			if y.headers, err = compile(a.Headers); err != nil {
				return err
			}
			if y.body, err = compile(a.Body); err != nil {
				return err
			}
			x.answers = append(x.answers, y)
		}
		t.answering = append(t.answering, x)
	}
	return nil
}

func compile(e *plan.Expr) (*expression.Program, error) {
	if e == nil {
		return nil, nil
	}
	return e.Compile()
}

// serve answers one request of the trial. Requests come one at a time, but for what is uploaded while it is downloaded.
func (t *trial) serve(w http.ResponseWriter, r *http.Request) {
	asked := t.asked(r.Header.Get(askedHeader))
	r.Header.Del(trialHeader)
	r.Header.Del(askedHeader)
	x := &exchange{api: asked.API, operation: asked.Operation, step: asked.Step, item: asked.Item, line: r.Method + " " + r.URL.RequestURI()}
	server, err := t.bench.api(asked.API)
	if err != nil {
		http.Error(w, err.Error(), http.StatusNotImplemented)
		return
	}
	rec := httptest.NewRecorder()
	server.With(mockapi.Options{
		Seed:    t.test.Seed,
		Respond: func(q *mockapi.Request) *mockapi.Reply { return t.respond(x, q) },
		Log: func(e mockapi.Exchange) {
			x.problems = e.Problems
			if e.Request != nil {
				x.operation, x.request = operation(e.Request.Operation), requestValue(e.Request)
			}
		},
	}).ServeHTTP(rec, r)
	if x.fault == "" {
		x.status = rec.Code
	}
	t.mu.Lock()
	t.exchanges = append(t.exchanges, x)
	t.mu.Unlock()
	if x.fault != "" {
		w.Header().Set(trialHeader, x.fault)
		return
	}
	for name, values := range rec.Header() {
		w.Header()[name] = values
	}
	w.WriteHeader(rec.Code)
	rec.Body.WriteTo(w)
}

// requestValue is a request as expressions see it.
func requestValue(q *mockapi.Request) map[string]any {
	v := map[string]any{"params": q.Params, "headers": headerValues(q.HTTP.Header)}
	if !types.IsMissing(q.Body) {
		v["body"] = q.Body
		if b, ok := q.Body.([]byte); ok && utf8.Valid(b) {
			v["body"] = string(b) // it is sent as it is, and tests compare text
		}
	}
	return v
}

func headerValues(h http.Header) map[string]any {
	v := make(map[string]any, len(h))
	for name, values := range h {
		v[strings.ToLower(name)] = strings.Join(values, ", ")
	}
	return v
}

// respond is what a request that the document allows is answered; nil: what the document gives.
func (t *trial) respond(x *exchange, q *mockapi.Request) *mockapi.Reply {
	env := t.env(map[string]any{"request": requestValue(q)})
	for _, m := range t.answering {
		if m.plan.API != x.api || m.plan.Operation != operation(q.Operation) {
			continue
		}
		if m.when != nil {
			holds, err := m.when.Run(env, expression.Limits{})
			if err != nil {
				return t.broken(m.plan.Name, m.plan.When, err)
			}
			if holds != true {
				continue
			}
		}
		a := m.answers[min(m.called, len(m.answers)-1)]
		m.called++
		return t.answer(x, m, a, q, env)
	}
	if t.tape == nil {
		return nil
	}
	recorded := t.replay(x, operation(q.Operation), requestValue(q))
	switch {
	case x.fault != "":
		return &mockapi.Reply{Status: http.StatusNoContent, Body: types.Missing, Raw: []byte{}}
	case recorded == nil:
		return unanswered()
	}
	reply := &mockapi.Reply{Status: recorded.Status, Header: recorded.Headers, Raw: recorded.Body.bytes()}
	if reply.Raw == nil {
		reply.Raw = []byte{}
	}
	return reply
}

// broken notes that a mock cannot answer.
func (t *trial) broken(mock string, e *plan.Expr, err error) *mockapi.Reply {
	t.problem(Problem{Kind: BadMock, Message: fmt.Sprintf("mock %q: %s", mock, err), Range: failedAt(e, err)})
	return unanswered()
}

// unanswered is what a run is told where the test does not know what to say.
func unanswered() *mockapi.Reply {
	return &mockapi.Reply{Status: http.StatusNotImplemented, Raw: []byte(`{"error":"the test has no answer to this"}`),
		Header: http.Header{"Content-Type": {"application/json"}}}
}

func (t *trial) answer(x *exchange, m *mock, a *answer, q *mockapi.Request, env map[string]any) *mockapi.Reply {
	if a.plan.Error != "" {
		x.fault = a.plan.Error
		return &mockapi.Reply{Status: http.StatusNoContent, Body: types.Missing, Raw: []byte{}}
	}
	reply := &mockapi.Reply{Status: a.plan.Status, Header: http.Header{}, Body: types.Missing}
	if a.headers != nil {
		v, err := a.headers.Run(env, expression.Limits{})
		if err != nil {
			return t.broken(m.plan.Name, a.plan.Headers, err)
		}
		headers, _ := v.(map[string]any)
		for name, v := range headers {
			if text, ok := v.(string); ok {
				reply.Header.Set(name, text)
			} else if !types.IsMissing(v) {
				text, _ := types.AppendJSON(nil, v)
				reply.Header.Set(name, string(text))
			}
		}
	}
	if a.body != nil {
		v, err := a.body.Run(env, expression.Limits{})
		if err != nil {
			return t.broken(m.plan.Name, a.plan.Body, err)
		}
		if g := a.plan.Guard; g != nil {
			if bad := g.Type.Check(v); len(bad) > 0 {
				t.problem(Problem{Kind: BadMock, Message: fmt.Sprintf("mock %q answers what the spec rules out: %s", m.plan.Name, violation(g.What, bad[0])), Range: g.Range})
				return unanswered()
			}
		}
		if a.plan.Partial && a.plan.Type != nil {
			whole, err := q.Complete(a.plan.Type, v)
			if err != nil {
				t.problem(Problem{Kind: BadMock, Message: fmt.Sprintf("mock %q: the body cannot be completed: %s", m.plan.Name, err), Range: a.plan.Body.Range})
				return unanswered()
			}
			v = whole
		}
		if raw, ok := v.([]byte); ok {
			reply.Raw = bytes.Clone(raw)
		}
		reply.Body = v
	}
	return reply
}

func violation(what string, v types.Violation) string {
	if at := types.Path(v.Path); at != "" {
		return what + ": " + at + " " + v.Reason
	}
	return what + " " + v.Reason
}
