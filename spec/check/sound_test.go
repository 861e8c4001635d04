package check

import (
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"tenon/runtime/engine"
	"tenon/runtime/exec"
	"tenon/runtime/secret"
	"tenon/spec/diag"
	"tenon/spec/openapi"
	"tenon/spec/openapi/openapitest"
	"tenon/spec/types"
)

// sentPerDocument is how many operations of a document are tried; the judge takes milliseconds for each.
const sentPerDocument = 5

// TestSentRequestsKeepToTheSpec holds the promise: what lint accepts, the specs accept. Operations of
// real documents are called with values that their schemas allow, and kin-openapi, which shares no
// code with what made the request, judges what arrives.
func TestSentRequestsKeepToTheSpec(t *testing.T) {
	names, _ := filepath.Glob("../../testdata/specs/*.[jy]*")
	if more, err := filepath.Glob(filepath.Join(realSpecsOrNone(), "*.[jy]*")); err == nil && !testing.Short() {
		names = append(names, more...)
	}
	sent := 0
	for _, name := range names {
		t.Run(filepath.Base(name), func(t *testing.T) {
			src, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			doc, err := openapi.Load(filepath.Base(name), src, openapi.Options{Name: "p"})
			if err != nil {
				t.Fatal(err)
			}
			r := rand.New(rand.NewPCG(3, 4))
			all := doc.Operations()
			for _, i := range r.Perm(len(all))[:min(len(all), sentPerDocument)] {
				if op, err := doc.Operation(all[i].Key()); err == nil && send(t, r, doc, op) {
					sent++
				}
			}
		})
	}
	t.Logf("%d requests were judged", sent)
	if sent < 20 {
		t.Errorf("only %d requests were judged", sent)
	}
}

// send runs a project that makes one call, and has the request judged.
func send(t *testing.T, r *rand.Rand, doc *openapi.Document, op *openapi.Operation) bool {
	text, ok := literalCall(r, op)
	if !ok {
		return false
	}
	sent := judge(t, doc, op, text, nil)
	for range 3 {
		text, inputs := brokenCall(r, op)
		judge(t, doc, op, text, inputs)
	}
	return sent
}

// judge runs a project and has what it sends judged; it reports whether anything was sent.
func judge(t *testing.T, doc *openapi.Document, op *openapi.Operation, text string, inputs map[string]any) bool {
	result, _, diags := buildWith(t, files("-- main.hcl --\n"+text), &loaded{doc: doc})
	p := result.Plans["i"]
	if p == nil {
		return false // refused by lint
	}
	oracle, err := openapitest.New(doc, op.Name().Key())
	if err != nil {
		return false
	}
	var verdict error
	judged := false
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		verdict, judged = oracle.Request(q), true
		w.WriteHeader(http.StatusTeapot)
	}))
	defer server.Close()
	program, err := exec.Compile(p)
	if err != nil {
		t.Errorf("%s: %v", op.Name().Key(), err)
		return false
	}
	local := engine.New(engine.Options{})
	defer local.Close()
	in := exec.Inputs{Values: inputs, Variables: map[string]any{}, Secrets: map[string]secret.Value{"s": secret.New("hush")}, Servers: map[string]string{"p": server.URL}}
	run := local.Run(t.Context(), program, in)
	if !judged {
		if inputs == nil && diags.Count(diag.Warning)+diags.Count(diag.Note) == 0 {
			t.Errorf("%s: nothing was sent: %v", op.Name().Key(), run.Error)
		}
		return false
	}
	if verdict != nil && !beyondTheJudge(doc, op) {
		shown, _ := json.Marshal(inputs)
		t.Errorf("%s: %s\n%s\ninputs: %s", op.Name().Key(), firstLine(verdict.Error()), text, shown)
	}
	return true
}

// brokenCall writes a project that calls an operation with inputs of which nothing is known before it
// runs, and gives values for them of which some are not what the operation takes.
func brokenCall(r *rand.Rand, op *openapi.Operation) (text string, inputs map[string]any) {
	inputs = map[string]any{}
	var declared, request strings.Builder
	give := func(v any) string {
		name := fmt.Sprintf("v%d", len(inputs))
		inputs[name] = broken(r, v)
		fmt.Fprintf(&declared, "input %q {\ntype = any\n}\n", name)
		return "input." + name
	}
	request.WriteString("params = {\n")
	for _, p := range op.Parameters {
		if v, err := types.Generate(p.Type, r, types.GenerateOptions{}); err == nil && !types.IsMissing(v) {
			fmt.Fprintf(&request, "%s = %s\n", quote(p.In+":"+p.Name), give(v))
		}
	}
	request.WriteString("}\n")
	if op.Body != nil {
		if m := chooseMedia(op.Body.Content); m != nil {
			if v, err := types.Generate(m.Value(types.Request), r, types.GenerateOptions{Values: 50}); err == nil && !types.IsMissing(v) {
				fmt.Fprintf(&request, "body = %s\n", give(v))
			}
		}
	}
	return strings.Replace(project(op, request.String()), "integration \"i\" {\n", "integration \"i\" {\n"+declared.String(), 1), inputs
}

// broken is v with something changed somewhere, or v.
func broken(r *rand.Rand, v any) any {
	if r.IntN(4) == 0 {
		return []any{nil, true, -1, 3.5, "", strings.Repeat("long ", 200), []any{}, map[string]any{"odd": 1}}[r.IntN(8)]
	}
	switch v := v.(type) {
	case map[string]any:
		out := map[string]any{}
		names := slices.Sorted(maps.Keys(v))
		chosen := r.IntN(len(names) + 1)
		for i, name := range names {
			switch {
			case i != chosen:
				out[name] = v[name]
			case r.IntN(3) > 0:
				out[name] = broken(r, v[name])
			}
		}
		return out
	case []any:
		out := slices.Clone(v)
		if len(out) > 0 {
			out[r.IntN(len(out))] = broken(r, out[0])
		}
		return out
	}
	return v
}

// beyondTheJudge reports whether an operation has parameters that kin-openapi misreads: lists as
// deepObject, lists with commas in documents of version 2.0, and what may be text or a list.
func beyondTheJudge(doc *openapi.Document, op *openapi.Operation) bool {
	for _, p := range op.Parameters {
		if !p.Type.May(types.Array) {
			continue
		}
		if p.Style == "deepObject" || p.Type.May(types.String) || doc.Version == "2.0" && !p.Explode {
			return true
		}
	}
	return false
}

func firstLine(s string) string {
	line, _, _ := strings.Cut(s, "\n")
	return line
}
