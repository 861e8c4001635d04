package check

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"tenon/spec/diag"
	"tenon/spec/expression"
	"tenon/spec/lang"
	"tenon/spec/openapi"
	"tenon/spec/types"
)

// TestOperationsOfRealSpecs calls operations of real documents with values that their own schemas
// allow, written out in HCL: no finding may call them wrong, and what can be planned survives JSON. Of big
// documents a sample is taken; without -short, those beside the repository are tried too.
func TestOperationsOfRealSpecs(t *testing.T) {
	names, _ := filepath.Glob("../../testdata/specs/*.[jy]*")
	if !testing.Short() {
		if more, err := filepath.Glob(filepath.Join(realSpecsOrNone(), "*.[jy]*")); err == nil {
			names = append(names, more...)
		}
	}
	if len(names) == 0 {
		t.Fatal("no documents in testdata/specs")
	}
	calls, refused := 0, 0
	for _, name := range names {
		t.Run(filepath.Base(name), func(t *testing.T) {
			src, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			n, bad := callAll(t, filepath.Base(name), src)
			calls, refused = calls+n, refused+bad
		})
	}
	t.Logf("%d operations called, %d of them wrongly refused", calls, refused)
}

func realSpecsOrNone() string {
	for dir := ".."; len(dir) < 20; dir = filepath.Join(dir, "..") {
		if specs := filepath.Join(dir, "shared", "specs"); isDir(specs) {
			return specs
		}
	}
	return ""
}

const callsPerDocument = 12

// callAll calls a sample of a document's operations, each in a project of its own.
func callAll(t *testing.T, name string, src []byte) (calls, refused int) {
	doc, err := openapi.Load(name, src, openapi.Options{Name: "p"})
	if err != nil {
		t.Fatal(err)
	}
	r := rand.New(rand.NewPCG(1, 2))
	all := doc.Operations()
	specs := &loaded{doc: doc}
	for _, i := range r.Perm(len(all))[:min(len(all), callsPerDocument)] {
		op, err := doc.Operation(all[i].Key())
		if err != nil {
			continue
		}
		text, ok := literalCall(r, op)
		if !ok {
			continue
		}
		calls++
		result, _, diags := buildWith(t, files("-- main.hcl --\n"+text), specs)
		bad := false
		for _, d := range diags {
			if d.Severity == diag.Error && d.Rule.Name != "media-type" && !unwritable(d) {
				t.Errorf("%s: %s: %s %s", op.Name().Key(), d.Rule.Name, d.Message, d.Detail)
				bad = true
			}
		}
		if bad {
			refused++
		}
		if p := result.Plans["i"]; p != nil && calls <= 5 {
			survives(t, p)
		}
		callWithNothing(t, op, specs)
	}
	return calls, refused
}

// unwritable reports whether a finding is about a parameter whose own schema asks for lists or objects inside lists,
// which no style of OpenAPI can write: Jira declares some, and means strings.
func unwritable(d *diag.Diagnostic) bool {
	return strings.Contains(d.Message, "can hold single values only")
}

// callWithNothing calls an operation without anything: each required parameter, and the body if it is,
// must be reported as missing.
func callWithNothing(t *testing.T, op *openapi.Operation, specs Specs) {
	want, got := 0, 0
	for _, p := range op.Parameters {
		if p.Required {
			want++
		}
	}
	if op.Body != nil && op.Body.Required {
		want++
	}
	_, _, diags := buildWith(t, files("-- main.hcl --\n"+project(op, "")), specs)
	for _, d := range diags {
		if d.Rule == lang.MissingParameter || d.Rule == expression.MissingProperty {
			got++
		}
	}
	if got != want {
		t.Errorf("%s: %d required things are reported as missing, want %d", op.Name().Key(), got, want)
	}
}

// project writes a project with one step, which calls an operation.
func project(op *openapi.Operation, request string) string {
	return fmt.Sprintf(`
api "p" {
  spec   = "p"
  server = "https://p.example.com"
  auth "any" {
    type  = "bearer"
    token = secret.s
  }
}

secret "s" {
  env = "S"
}

integration "i" {
  step "s" {
    call = p[%s]
    %s
  }
  output "status" {
    value = step.s.status
  }
}
`, quote(op.Name().Key()), request)
}

// loaded gives one document, whatever is asked for.
type loaded struct{ doc *openapi.Document }

func (l *loaded) Document(string, string, ...string) (*openapi.Document, error) { return l.doc, nil }
func (l *loaded) ReadFile(string) ([]byte, error)                               { return nil, os.ErrNotExist }

// literalCall writes a project that calls an operation with values made from its schemas.
func literalCall(r *rand.Rand, op *openapi.Operation) (string, bool) {
	var b strings.Builder
	b.WriteString("params = {\n")
	for _, p := range op.Parameters {
		v, err := types.Generate(p.Type, r, types.GenerateOptions{})
		if err != nil || types.IsMissing(v) {
			if p.Required {
				return "", false
			}
			continue
		}
		fmt.Fprintf(&b, "%s = %s\n", quote(p.In+":"+p.Name), hclLiteral(v))
	}
	b.WriteString("}\n")
	if op.Body != nil {
		m := chooseMedia(op.Body.Content)
		if m == nil {
			return "", false
		}
		v, err := types.Generate(m.Value(types.Request), r, types.GenerateOptions{Values: 100})
		if _, bytes := v.([]byte); err != nil || bytes || types.IsMissing(v) {
			return "", false
		}
		fmt.Fprintf(&b, "body = %s\n", hclLiteral(v))
	}
	return project(op, b.String()), true
}

// hclLiteral writes a value in HCL, which is JSON but for templates.
func hclLiteral(v any) string {
	data, err := types.AppendJSON(nil, v)
	if err != nil {
		data, _ = json.Marshal(fmt.Sprint(v))
	}
	return strings.NewReplacer("${", "$${", "%{", "%%{", `\/`, "/").Replace(string(data))
}
