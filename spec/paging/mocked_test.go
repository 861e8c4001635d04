package paging_test

import (
	"bytes"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"tenon/runtime/event"
	"tenon/runtime/mockapi"
	"tenon/spec/diag"
	"tenon/spec/openapi"
	"tenon/spec/paging"
	"tenon/spec/types"
)

// served answers requests by a handler in this process.
type served struct{ handler http.Handler }

// RoundTrip implements [http.RoundTripper].
func (s served) RoundTrip(r *http.Request) (*http.Response, error) {
	in := r.Clone(r.Context())
	in.RequestURI = r.URL.RequestURI()
	in.Body = http.NoBody
	if r.Body != nil {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return nil, err
		}
		in.Body = io.NopCloser(bytes.NewReader(body))
	}
	w := httptest.NewRecorder()
	s.handler.ServeHTTP(w, in)
	answer := w.Result()
	answer.Request = r
	return answer, nil
}

// library has one document.
type library struct{ doc *openapi.Document }

func (l library) Document(string, string, ...string) (*openapi.Document, error) { return l.doc, nil }
func (l library) ReadFile(name string) ([]byte, error)                          { return nil, fmt.Errorf("no %s", name) }

// literal writes a value of a type as an author would.
func literal(t *testing.T, typ *types.Type, r *rand.Rand) string {
	v, err := types.Generate(typ.Without(types.Null|types.Absent), r, types.GenerateOptions{})
	if err != nil {
		t.Skipf("no value can be made: %v", err)
	}
	if object, ok := v.(map[string]any); ok {
		for name := range object {
			if p := typ.Field(name).Property; p == nil || !p.Required {
				delete(object, name)
			}
		}
	}
	text, err := types.AppendJSON(nil, v)
	if err != nil {
		t.Fatal(err)
	}
	return strings.NewReplacer("${", "$${", "%{", "%%{").Replace(string(text))
}

// reading is a project that reads all of a list.
func reading(t *testing.T, doc *openapi.Document, op *openapi.Operation) string {
	r := rand.New(rand.NewPCG(1, 2))
	var params, body string
	for _, p := range op.Parameters {
		if v, ok := doc.Default(p.Origin); ok && p.Required {
			text, _ := types.AppendJSON(nil, v)
			params += fmt.Sprintf("      %q = %s\n", p.In+":"+p.Name, text)
		} else if p.Required && p.Name == "page" {
			params += "      page = 1\n"
		} else if p.Required {
			params += fmt.Sprintf("      %q = %s\n", p.In+":"+p.Name, literal(t, p.Type, r))
		}
	}
	if op.Body != nil && op.Body.Required {
		body = "    body = " + literal(t, jsonOf(op.Body.Content), r) + "\n"
	}
	return fmt.Sprintf("api \"shop\" {\n  spec = \"x.json\"\n  server = \"http://mock.example\"\n}\n\nintegration \"all\" {\n  step \"list\" {\n    call = shop[%q]\n    params = {\n%s    }\n%s    paginate {}\n  }\n"+
		"  output \"items\" {\n    value = collect(step.list.items)\n  }\n}\n", op.Name().Key(), params, body)
}

// TestMocked holds that what is inferred from real documents becomes a plan that reads every item of a mock of that document
// once: the client and the mock understand the document alike.
func TestMocked(t *testing.T) {
	const items = 25
	docs := map[string]*openapi.Document{}
	ran, short := 0, 0
	for _, l := range labels(t) {
		if _, ok := docs[l.spec]; !ok {
			docs[l.spec] = document(t, l.spec)
		}
		doc := docs[l.spec]
		if doc == nil || l.rule == "none" {
			continue
		}
		t.Run(l.spec+" "+strings.ReplaceAll(l.op, "/", "_"), func(t *testing.T) {
			op, err := doc.Operation(l.op)
			if err != nil {
				t.Fatal(err)
			}
			if paging.Infer(ask(t, doc, l.op)).Scheme == nil {
				return // which TestLabels counts
			}
			op.Security = []openapi.Requirement{} // what it takes to be let in is not the matter here
			plan, findings := planned(reading(t, doc, op), library{doc})
			if plan == nil {
				for _, d := range findings {
					if d.Severity == diag.Error {
						t.Errorf("%s: %s", d.Rule.Name, d.Message)
					}
				}
				t.Fatal(reading(t, doc, op))
			}
			mock := mockapi.New(doc, mockapi.Options{Items: items})
			res, err := run(plan, served{mock}, nil)
			if err != nil {
				t.Fatal(err)
			}
			if res.Status != event.Succeeded {
				t.Fatalf("%s: %s %+v %+v", plan.Steps.Ops[0].Call.Paginate.Next.Source, res.Error.Message, res.Error.Request, res.Error.Response)
			}
			got, _ := res.Outputs["items"].([]any)
			if ran++; len(got) != items {
				short++
				t.Errorf("%s: %d items of %d, by %s", plan.Steps.Ops[0].Call.Paginate.Next.Source, len(got), items, plan.Steps.Ops[0].Call.Paginate.Rule)
			}
		})
	}
	t.Logf("%d operations, %d short", ran, short)
}
