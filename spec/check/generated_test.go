package check

import (
	"fmt"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"tenon/spec/diag"
	"tenon/spec/plan"
)

// numbers is the document of the projects that these tests write.
const numbers = `openapi: 3.0.3
info: { title: N, version: "1" }
servers: [{ url: "https://n.example.com" }]
paths:
  /n:
    get:
      operationId: read
      parameters: [{ name: n, in: query, schema: { type: integer } }]
      responses:
        "200": { description: n, content: { application/json: { schema: { $ref: "#/components/schemas/N" } } } }
    post:
      operationId: write
      requestBody: { content: { application/json: { schema: { $ref: "#/components/schemas/N" } } } }
      responses:
        "200": { description: n, content: { application/json: { schema: { $ref: "#/components/schemas/N" } } } }
components:
  schemas:
    N: { type: object, required: [n], properties: { n: { type: integer }, list: { type: array, items: { type: integer } } } }
`

// TestGeneratedProjects writes projects at random: none panics, what has no errors gives a plan that
// keeps the promises of its package, is the same after JSON, and keeps writes in order.
func TestGeneratedProjects(t *testing.T) {
	planless, all := 0, 0
	rapid.Check(t, func(rt *rapid.T) {
		all++
		w := &writer{rt: rt}
		w.block(1, []string{"input.n"}, false)
		src := "api \"s\" { spec = \"n.yaml\" }\napi \"t\" { spec = \"n.yaml\" }\nintegration \"i\" {\ninput \"n\" { type = integer }\n" + w.text.String() + "}\n"
		r, _, diags := build(t, files("-- main.hcl --\n"+src+"-- n.yaml --\n"+numbers))
		p := r.Plans["i"]
		if p == nil {
			planless++
			if diags.Count(diag.Error) == 0 {
				rt.Fatalf("neither plan nor errors:\n%s", src)
			}
			return
		}
		survives(rt, p)
		writesInOrder(rt, p.Steps)
	})
	if planless*2 > all {
		t.Errorf("%d of %d projects have errors: too few are tested", planless, all)
	}
}

// writesInOrder checks that of two writes outside of parallel blocks and switches the later waits for
// the earlier.
func writesInOrder(t tester, b *plan.Block) {
	before := map[string]map[string]bool{}
	var writes []string
	for _, op := range b.Ops {
		all := map[string]bool{}
		for _, id := range op.After {
			all[id] = true
			for x := range before[id] {
				all[x] = true
			}
		}
		before[op.ID] = all
		if op.ForEach != nil {
			writesInOrder(t, op.ForEach.Block)
		}
		if op.Call == nil || op.Call.Safe || len(op.Cases) > 0 || strings.HasPrefix(op.Name, "free") {
			continue
		}
		for _, w := range writes {
			if !all[w] {
				t.Errorf("%s does not wait for %s", op.ID, w)
			}
		}
		writes = append(writes, op.ID)
	}
}

// writer writes a block of steps that refer to what is in reach, and now and then to what is not.
type writer struct {
	rt    *rapid.T
	text  strings.Builder
	names int
}

func (w *writer) pick(what string, n int) int { return rapid.IntRange(0, n-1).Draw(w.rt, what) }

func (w *writer) name(kind string) string {
	w.names++
	return fmt.Sprintf("%s%d", kind, w.names)
}

func (w *writer) block(depth int, reach []string, free bool) {
	for range w.pick("steps", 4) + 1 {
		ref := rapid.SampledFrom(reach).Draw(w.rt, "ref")
		kind := w.pick("kind", 9)
		if depth > 3 {
			kind %= 5
		}
		name := w.name("s")
		if free {
			name = w.name("free")
		}
		switch kind {
		case 0, 1:
			fmt.Fprintf(&w.text, "step %q {\ncall = %s.read\nparams = { n = %s }\n}\n", name, w.api(), ref)
			reach = append(reach, "step."+name+".body.n")
		case 2, 3:
			fmt.Fprintf(&w.text, "step %q {\ncall = %s.write\nbody = { n = %s }\n%s}\n", name, w.api(), ref, w.extras())
			reach = append(reach, "step."+name+".body.n")
		case 4:
			fmt.Fprintf(&w.text, "step %q {\nvalue = %s + 1\n}\n", name, ref)
			reach = append(reach, "step."+name+".value")
		case 5, 6:
			fmt.Fprintf(&w.text, "for_each %q {\nin = [1, %s]\n", name, ref)
			w.block(depth+1, append(reach[:len(reach):len(reach)], name), false)
			fmt.Fprintf(&w.text, "aggregate \"sum\" { sum = %s + 1 }\n}\n", name)
			reach = append(reach, "for_each."+name+".sum", "for_each."+name+".count")
		case 7:
			fmt.Fprintf(&w.text, "switch %q {\non = %s\ncase \"1\" {\n", name, ref)
			w.block(depth+1, reach, free)
			w.text.WriteString("}\ndefault {\n")
			w.block(depth+1, reach, free)
			w.text.WriteString("}\n}\n")
		case 8:
			fmt.Fprintf(&w.text, "parallel %q {\n", name)
			w.block(depth+1, reach, true)
			w.text.WriteString("}\n")
		}
	}
}

func (w *writer) api() string { return []string{"s", "t"}[w.pick("api", 2)] }

func (w *writer) extras() string {
	return []string{"", "", "idempotent = true\n", "catch \"404\" { skip = true }\n", "catch \"5xx\" { body = { n = 1 } }\n",
		"retry { attempts = 2 }\n", "check \"c\" { assert = response.body.n > 0 }\n"}[w.pick("extras", 7)]
}
