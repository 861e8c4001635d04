package check

import (
	"fmt"
	"strings"
	"testing"

	"tenon/spec/diag"
)

// TestOrder compares what each operation waits for. In a project, s.xxx stands for a call of the API s:
// read, write and other (a write) of the document below.
func TestOrder(t *testing.T) {
	tests := []struct{ name, steps, want string }{
		{"reads run at once", `
			step "a" { call = s.read }
			step "b" { call = s.read }`,
			"step.a; step.b"},
		{"writes keep their order", `
			step "a" { call = s.write }
			step "b" { call = s.write }
			step "c" { call = t.write }`,
			"step.a; step.b < step.a; step.c < step.b"},
		{"a write waits for what is written before it", `
			step "a" { call = s.read }
			step "b" { call = t.read }
			step "c" { call = t.write }`,
			"step.a; step.b; step.c < step.a step.b"},
		{"a read does not overtake a write to its api", `
			step "a" { call = s.write }
			step "b" { call = s.read }
			step "c" { call = t.read }`,
			"step.a; step.b < step.a; step.c"},
		{"safe makes a POST a read", `
			step "a" {
				call = s.write
				safe = true
			}
			step "b" { call = s.read }`,
			"step.a; step.b"},
		{"what is referred to comes first", `
			step "a" { value = step.b.status }
			step "b" { call = s.read }`,
			"step.b; step.a < step.b"},
		{"a read written below what it is read for", `
			step "a" {
				call = s.write
				body = { n = step.b.body.n }
			}
			step "b" { call = s.read }`,
			"step.b; step.a < step.b"},
		{"depends_on", `
			step "a" { call = s.read }
			step "b" {
				call       = s.read
				depends_on = [step.a]
			}`,
			"step.a; step.b < step.a"},
		{"parallel frees writes", `
			step "a" { call = s.write }
			parallel "p" {
				step "b" { call = s.write }
				step "c" { call = s.write }
			}
			step "d" { call = s.write }`,
			"step.a; step.b < step.a; step.c < step.a; step.d < step.b step.c"},
		{"a for_each counts by what is inside", `
			step "a" { call = s.read }
			for_each "x" {
				in = [1, 2]
				step "b" { call = s.write }
			}
			step "c" { call = s.read }
			for_each "y" {
				in = [1, 2]
				step "d" { call = t.read }
			}`,
			"step.a; for_each.x < step.a; step.b; step.c < for_each.x; for_each.y; step.d"},
		{"inside a for_each refers outside", `
			for_each "x" {
				in = [1, 2]
				step "b" { value = x + step.a.body.n }
				step "c" { value = step.b.value }
			}
			step "a" { call = s.read }`,
			"step.a; for_each.x < step.a; step.b; step.c < step.b"},
		{"cases of a switch exclude each other", `
			switch "w" {
				on = input.kind
				case "a" {
					step "a" { call = s.write }
				}
				case "b" {
					step "b" { call = s.write }
					step "c" { call = s.write }
				}
			}
			step "d" { call = s.write }`,
			"switch.w; step.a < switch.w; step.b < switch.w; step.c < step.b; step.d < step.a step.c"},
		{"depends_on a switch waits for its cases", `
			switch "w" {
				on = input.kind
				case "a" {
					step "a" { call = s.read }
				}
				default {
				}
			}
			step "d" {
				call       = t.read
				depends_on = [switch.w]
			}`,
			"switch.w; step.a < switch.w; step.d < step.a"},
		{"a fallback that writes makes the step one that writes", `
			step "a" {
				call = s.read
				catch "404" {
					call = t.write
				}
			}
			step "b" { call = t.read }`,
			"step.a; step.b < step.a"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r, _, diags := build(t, files(`
-- main.hcl --
api "s" { spec = "n.yaml" }
api "t" { spec = "n.yaml" }
integration "i" {
	input "kind" { type = enum("a", "b") }
`+tt.steps+`
}
-- n.yaml --
openapi: 3.0.3
info: { title: N, version: "1" }
servers: [{ url: "https://n.example.com" }]
paths:
  /n:
    get:
      operationId: read
      responses:
        "200": { description: n, content: { application/json: { schema: { type: object, required: [n], properties: { n: { type: integer } } } } } }
    post:
      operationId: write
      requestBody: { content: { application/json: { schema: { type: object, properties: { n: { type: integer } } } } } }
      responses:
        "200": { description: n, content: { application/json: { schema: { type: object, required: [n], properties: { n: { type: integer } } } } } }
`))
			if r.Plans["i"] == nil {
				show(t, diags)
				t.Fatal("no plan")
			}
			var got []string
			for _, op := range operations(r.Plans["i"].Steps) {
				text := op[0]
				if len(op) > 1 {
					text += " < " + strings.Join(op[1:], " ")
				}
				got = append(got, text)
			}
			if got := strings.Join(got, "; "); got != tt.want {
				t.Errorf("order\n got %s\nwant %s", got, tt.want)
			}
		})
	}
}

// TestManySteps plans as many steps as may be, all of which write and refer to each other, and refuses
// one more.
func TestManySteps(t *testing.T) {
	for _, n := range []int{maxSteps, maxSteps + 1} {
		var b strings.Builder
		b.WriteString("-- main.hcl --\napi \"s\" { spec = \"n.yaml\" }\nintegration \"i\" {\nstep \"s0\" { call = s.write }\n")
		for i := 1; i < n; i++ {
			fmt.Fprintf(&b, "step \"s%d\" {\ncall = s.write\nbody = { n = step.s%d.body.n + step.s%d.body.n }\n}\n", i, i-1, max(0, i-2))
		}
		b.WriteString("}\n-- n.yaml --\n" + numbers)
		r, _, diags := build(t, files(b.String()))
		p := r.Plans["i"]
		switch {
		case n > maxSteps:
			if p != nil || diags.Count(diag.Error) != 1 {
				t.Errorf("%d steps: plan %v, %d errors", n, p != nil, diags.Count(diag.Error))
			}
		case p == nil:
			t.Errorf("%d steps: no plan", n)
		default:
			if last := p.Steps.Ops[n-1]; len(last.After) != 1 {
				t.Errorf("the last of %d steps waits for %v, want only the one before", n, last.After)
			}
		}
	}
}
