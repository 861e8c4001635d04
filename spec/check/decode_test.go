package check

import (
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"tenon/spec/diag"
	"tenon/spec/lang"
	"tenon/spec/model"
	"tenon/spec/syntax"
)

// TestDecodeFindings reads every file of testdata/decode, each a project of its own.
func TestDecodeFindings(t *testing.T) {
	names, err := filepath.Glob("testdata/decode/*.hcl")
	if err != nil || len(names) == 0 {
		t.Fatal("no files in testdata/decode")
	}
	for _, name := range names {
		t.Run(filepath.Base(name), func(t *testing.T) {
			src, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			f, diags := syntax.Parse(name, src)
			_, found := Decode([]*syntax.File{f})
			expect(t, []*syntax.File{f}, append(diags, found...))
		})
	}
}

// TestFixesMend applies each fix that is offered for the files of testdata/decode, alone: the file can
// still be read, and says one thing less.
func TestFixesMend(t *testing.T) {
	names, _ := filepath.Glob("testdata/decode/*.hcl")
	fixes := 0
	for _, name := range names {
		src, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		before := read(t, string(src))
		for _, d := range before {
			if d.Fix == nil {
				continue
			}
			fixes++
			fixed := string(src[:d.Fix.Range.Start]) + d.Fix.New + string(src[d.Fix.Range.End:])
			after := read(t, fixed)
			if occurrences(messages(after), d.Message) >= occurrences(messages(before), d.Message) {
				t.Errorf("%s: the fix of %q does not mend it", name, d.Message)
			}
			for _, x := range after {
				if x.Rule == syntax.Syntax && d.Rule != syntax.Syntax && !slices.Contains(messages(before), x.Message) {
					t.Errorf("%s: the fix of %q breaks the file: %s", name, d.Message, x.Message)
				}
			}
		}
	}
	if fixes < 15 {
		t.Errorf("only %d fixes were tried", fixes)
	}
}

func occurrences(list []string, s string) int {
	n := 0
	for _, x := range list {
		if x == s {
			n++
		}
	}
	return n
}

// read returns what parsing and decoding a project of one file finds.
func read(t *testing.T, project string) diag.List {
	t.Helper()
	f, diags := syntax.Parse("main.hcl", []byte(project))
	_, found := Decode([]*syntax.File{f})
	return append(diags, found...)
}

// decodeText decodes one file without findings.
func decodeText(t *testing.T, src string) *model.Project {
	t.Helper()
	f, diags := syntax.Parse("main.hcl", []byte(src))
	p, found := Decode([]*syntax.File{f})
	for _, d := range append(diags, found...) {
		t.Errorf("%s: %s", at(f.Source, d.Range.Start), d.Message)
	}
	return p
}

func TestDecode(t *testing.T) {
	p := decodeText(t, `
api "shop" {
  spec    = "shop.yaml"
  timeout = "1h30m"
  auth "key" {
    type  = "api_key"
    in    = "header"
    name  = "X-Key"
    value = secret.key
  }
  limit { rate = "100/1s" }
  retry { on = [429, "5xx", "network"] }
}
secret "key" { command = ["pass", "key"] }
mapping "m" {
  from  = { a = string, b = list(integer) }
  value = a
}
integration "i" {
  input "since" { type = string }
  step "orders" {
    call       = shop["GET /orders"]
    accept     = [404, 409]
    depends_on = [step.a, for_each.b]
    paginate {
      items = response.body
      next  = null
      limit = 5
    }
    check "total" { assert = true }
    catch "4xx" { skip = true }
  }
  for_each "o" {
    in = step.orders.items
    parallel "p" {
      step "x" { value = o.id }
    }
    switch "s" {
      on = o.kind
      case "a" "b" {}
      default {}
    }
    aggregate "n" { sum = o.n }
  }
  output "n" { value = for_each.o.n }
  on_failure {
    step "tell" { value = error.message }
  }
}
`)
	api, steps := p.APIs[0], p.Integrations[0].Body.Items
	orders, loop := steps[0].(*model.Step), steps[1].(*model.ForEach)
	for _, c := range []struct {
		what      string
		got, want any
	}{
		{"timeout", api.Timeout.Value, 90 * time.Minute},
		{"validate defaults", api.Validate.Value, "strict"},
		{"validate not set", api.Validate.Set, false},
		{"rate", api.Limits[0].Rate.Value, model.Rate{Count: 100, Per: time.Second}},
		{"retry.on", api.Retry.On.Value, []string{"429", "5xx", "network"}},
		{"retry.attempts defaults", api.Retry.Attempts.Value, 3},
		{"retry.max defaults", api.Retry.Max.Value, 30 * time.Second},
		{"auth", api.Auths[0].Name + " " + api.Auths[0].Param.Value + " " + api.Auths[0].Attrs[0].Name, "key X-Key value"},
		{"secret", p.Secrets[0].Command.Value, []string{"pass", "key"}},
		{"mapping inputs", p.Mappings[0].From[1].Name + " " + p.Mappings[0].From[1].Type.Text(), "b list(integer)"},
		{"call", orders.Call.API + " " + orders.Call.Operation, "shop GET /orders"},
		{"accept", orders.Accept[1].Value, 409},
		{"depends_on", orders.DependsOn[1].Kind + " " + orders.DependsOn[1].Name, "for_each b"},
		{"paginate", orders.Paginate.Limit.Value, 5},
		{"check", orders.Checks[0].Name, "total"},
		{"catch", orders.Catches[0].Name, "4xx"},
		{"concurrency defaults", loop.Concurrency.Value, 1},
		{"nested step", loop.Body.Items[0].(*model.Parallel).Body.Items[0].(*model.Step).Name, "x"},
		{"case", len(loop.Body.Items[1].(*model.Switch).Cases[0].Values), 2},
		{"default", loop.Body.Items[1].(*model.Switch).Default != nil, true},
		{"aggregate", loop.Aggregates[0].Func, "sum"},
		{"on_failure", len(p.Integrations[0].OnFailure.Body.Items), 1},
	} {
		if !reflect.DeepEqual(c.got, c.want) {
			t.Errorf("%s: got %v, want %v", c.what, c.got, c.want)
		}
	}
}

func TestDuration(t *testing.T) {
	for text, want := range map[string]time.Duration{
		"250ms": 250 * time.Millisecond, "30s": 30 * time.Second, "1h30m": 90 * time.Minute, "90d": 90 * 24 * time.Hour, "1.5s": 1500 * time.Millisecond,
	} {
		if got, ok := parseDuration(text); !ok || got != want {
			t.Errorf("parseDuration(%q) = %v, %v, want %v", text, got, ok, want)
		}
	}
	for _, text := range []string{"", "5", "s", "-1s", "0s", "5 s", "5 minutes", "1e9s", "999999999d", "1s ", "1µs", "1..5s"} {
		if got, ok := parseDuration(text); ok {
			t.Errorf("parseDuration(%q) = %v, want none", text, got)
		}
	}
}

// TestOrderOfFiles holds that findings and project do not depend on the order in which files are given.
func TestOrderOfFiles(t *testing.T) {
	a, _ := syntax.Parse("a.hcl", []byte("secret \"x\" { env = \"A\" }\n"))
	b, _ := syntax.Parse("b.hcl", []byte("secret \"x\" { env = \"B\" }\nsecret \"y\" { evn = \"B\" }\n"))
	one, first := Decode([]*syntax.File{a, b})
	two, second := Decode([]*syntax.File{b, a})
	texts := func(l diag.List) (out []string) {
		for _, d := range l {
			out = append(out, d.Message)
		}
		return out
	}
	if !reflect.DeepEqual(texts(first), texts(second)) || len(first) != 2 {
		t.Errorf("findings: got %q and %q, want the same two", texts(first), texts(second))
	}
	if one.Secrets[0].Env.Value != "A" || two.Secrets[0].Env.Value != "A" {
		t.Errorf("secrets: got %q and %q first, want A", one.Secrets[0].Env.Value, two.Secrets[0].Env.Value)
	}
}

// TestManyMistakes holds that a file of nothing but mistakes is read in reasonable time, and that all
// of them are reported.
func TestManyMistakes(t *testing.T) {
	const n = 20_000
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "step \"x%d\" { a%d = 1 }\n", i, i)
	}
	for i := range n {
		fmt.Fprintf(&b, "a%d = 1\n", i)
	}
	if got := read(t, "integration \"i\" {\n"+b.String()+"}\n"); len(got) != 3*n {
		t.Errorf("got %d findings, want %d", len(got), 3*n)
	}
}

// TestDetails holds what is said beside the finding, for an author who put a word elsewhere.
func TestDetails(t *testing.T) {
	for src, want := range map[string]string{
		"integration \"i\" {\n  step \"s\" {\n    value       = 1\n    concurrency = 2\n  }\n}\n": `It is an attribute of "limit" and "for_each" blocks.`,
		"integration \"i\" {\n  step \"s\" {\n    value    = 1\n    for_each = []\n  }\n}\n":      `It is a block that stands in "integration", "for_each", "parallel", "on_failure", "case" and "default" blocks.`,
		"output \"o\" {\n  value = 1\n}\n":                    `It is a block that stands in "integration" blocks.`,
		"secret \"s\" {\n  env    = \"A\"\n  zzzzzz = 1\n}\n": `A "secret" block takes "env", "file" and "command".`,
	} {
		got := read(t, src)
		if len(got) != 1 || got[0].Detail != want {
			t.Errorf("%s: got %d findings, detail %q, want %q", src, len(got), got[0].Detail, want)
		}
	}
}

// TestDefaults holds that every declared default is a value that its attribute can have.
func TestDefaults(t *testing.T) {
	d := &decoder{defaults: map[*lang.Attr]any{}}
	for _, b := range lang.Blocks() {
		for _, a := range b.Attrs {
			if v := d.fallback(b, a); (v != nil) != (a.Default != "") {
				t.Errorf("%s.%s: default %s is read as %v", b.Name, a.Name, a.Default, v)
			}
		}
	}
}
