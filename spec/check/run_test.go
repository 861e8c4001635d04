package check

import (
	"cmp"
	"encoding/json"
	"fmt"
	"net/http/httptest"
	"os"
	"slices"
	"sync"
	"testing"

	"tenon/runtime/engine"
	"tenon/runtime/exec"
	"tenon/runtime/mockapi"
	"tenon/runtime/secret"
	"tenon/spec/plan"
)

// TestPlansRunTheSameAfterJSON runs whole projects against mocks of their specs, as they were built and
// as they come back from JSON: the same requests go out, none of them is refused, and the same comes
// of it.
func TestPlansRunTheSameAfterJSON(t *testing.T) {
	inputs := map[string]map[string]any{"steps": {"id": "o-1"}}
	for _, name := range archives(t, "testdata/plan") {
		src, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		r, _, _ := build(t, files(string(src)))
		for integration, p := range r.Plans {
			t.Run(integration, func(t *testing.T) {
				want := run(t, r, p, inputs[integration])
				data, err := json.Marshal(p)
				if err != nil {
					t.Fatal(err)
				}
				back, err := plan.Decode(data)
				if err != nil {
					t.Fatal(err)
				}
				got := run(t, r, back, inputs[integration])
				if !slices.Equal(got, want) {
					t.Errorf("after JSON the run is\n%s\nit was\n%s", got, want)
				}
			})
		}
	}
}

// run carries out a plan against mocks and returns what was asked, in sorted order, and what came of it.
func run(t *testing.T, r *Result, p *plan.Plan, inputs map[string]any) []string {
	t.Helper()
	var mu sync.Mutex
	var log []string
	servers := map[string]string{}
	for name := range p.APIs {
		mock := httptest.NewServer(mockapi.New(r.Documents[name], mockapi.Options{Seed: 3, Items: 5, Log: func(e mockapi.Exchange) {
			mu.Lock()
			defer mu.Unlock()
			log = append(log, fmt.Sprintf("%s %s %d", e.Method, e.Target, e.Status))
			if e.Status >= 400 {
				t.Errorf("%s %s is refused: %v", e.Method, e.Target, e)
			}
		}}))
		defer mock.Close()
		servers[name] = mock.URL
	}
	program, err := exec.Compile(p)
	if err != nil {
		t.Fatal(err)
	}
	in := exec.Inputs{Values: inputs, Variables: map[string]any{}, Secrets: map[string]secret.Value{}, Servers: servers}
	for _, s := range p.Secrets {
		in.Secrets[s.Name] = secret.New("hush-" + s.Name)
	}
	local := engine.New(engine.Options{})
	defer local.Close()
	result := local.Run(t.Context(), program, in)
	if result.Error != nil {
		t.Errorf("the run failed: %+v", result.Error)
	}
	outputs, err := json.Marshal(result.Outputs)
	if err != nil {
		t.Fatal(err)
	}
	mu.Lock()
	defer mu.Unlock()
	slices.SortFunc(log, cmp.Compare[string])
	return append(log, string(outputs))
}
