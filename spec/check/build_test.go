package check

import (
	"encoding/json"
	"flag"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/rogpeppe/go-internal/txtar"

	"tenon/spec/diag"
	"tenon/spec/lang"
	"tenon/spec/plan"
	"tenon/spec/syntax"
	"tenon/spec/types"
)

var update = flag.Bool("update", false, "rewrite golden files")

// files makes a project's directory: the archive's files and, beside them, those that the examples of
// the vocabulary name.
func files(archive string) fstest.MapFS {
	out := fstest.MapFS{}
	for name, text := range lang.ExampleFiles() {
		out[name] = &fstest.MapFile{Data: []byte(text)}
	}
	a := txtar.Parse([]byte(archive))
	if len(a.Files) == 0 {
		out["main.hcl"] = &fstest.MapFile{Data: a.Comment}
	}
	for _, f := range a.Files {
		out[f.Name] = &fstest.MapFile{Data: f.Data}
	}
	return out
}

// build parses, decodes and builds what lies in a directory.
func build(t testing.TB, dir fs.FS) (*Result, []*syntax.File, diag.List) {
	t.Helper()
	return buildWith(t, dir, NewSpecs(dir, nil))
}

// buildWith is build with documents from elsewhere.
func buildWith(t testing.TB, dir fs.FS, specs Specs) (*Result, []*syntax.File, diag.List) {
	t.Helper()
	names, err := fs.Glob(dir, "*.hcl")
	if err != nil {
		t.Fatal(err)
	}
	var parsed []*syntax.File
	var diags diag.List
	var o Options
	for _, name := range names {
		src, err := fs.ReadFile(dir, name)
		if err != nil {
			t.Fatal(err)
		}
		if name == "tenon.lock.hcl" {
			lock, found := ParseLock(name, src)
			o.Lock = lock
			diags.Append(found)
			continue
		}
		f, found := syntax.Parse(name, src)
		diags.Append(found)
		parsed = append(parsed, f)
	}
	m, found := Decode(parsed)
	diags.Append(found)
	r, found := Build(m, specs, o)
	diags.Append(found)
	diags.Sort()
	return r, parsed, diags
}

// TestBuildFindings builds every archive of testdata/build. Expected findings stand in the HCL.
func TestBuildFindings(t *testing.T) {
	for _, name := range archives(t, "testdata/build") {
		t.Run(filepath.Base(name), func(t *testing.T) {
			src, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			dir := files(string(src))
			_, parsed, diags := build(t, dir)
			if dir["tenon.lock.hcl"] == nil {
				diags = slices.DeleteFunc(diags, func(d *diag.Diagnostic) bool { return d.Rule == lang.SpecUnlocked })
			}
			expect(t, parsed, diags)
			if t.Failed() || testing.Verbose() {
				show(t, diags)
			}
		})
	}
}

func archives(t *testing.T, dir string) []string {
	t.Helper()
	names, err := filepath.Glob(dir + "/*.txtar")
	if err != nil || len(names) == 0 {
		t.Fatalf("no archives in %s", dir)
	}
	return names
}

// show prints findings as an author would read them.
func show(t *testing.T, diags diag.List) {
	t.Helper()
	for _, d := range diags {
		t.Logf("%s:%d %s %s: %s", d.Range.File, d.Range.Start, d.Severity, d.Rule.Name, d.Message)
		if d.Detail != "" {
			t.Logf("    %s", d.Detail)
		}
		for _, r := range d.Related {
			t.Logf("    %s:%d %s", r.Range.File, r.Range.Start, r.Message)
		}
		if d.Fix != nil {
			t.Logf("    fix: %q", d.Fix.New)
		}
	}
}

// TestReportedOnce: what is wrong in a mapping is said there, not again where it is called.
func TestReportedOnce(t *testing.T) {
	_, _, diags := build(t, files(`
api "billing" {
  spec = "openapi/billing.yaml"
  auth "token" {
    token = secret.token
  }
}

secret "token" {
  env = "TOKEN"
}

mapping "invoice" {
  from  = { customer = string }
  to    = billing.schemas.InvoiceCreate
  value = { custmer = customer, amount = 1, currency = "EUR" }
}

mapping "outer" {
  from  = { customer = string }
  value = mapping::invoice(customer)
}

integration "i" {
  step "direct" {
    call = billing.createInvoice
    body = mapping::invoice("x")
  }
  step "through" {
    call = billing.createInvoice
    body = merge(mapping::outer("x"), { memo = "x" })
  }
}
`))
	if n := diags.Count(diag.Error); n != 1 {
		show(t, diags)
		t.Errorf("%d errors, want 1", n)
	}
}

// TestPlans compares the plans of whole projects with golden files, and what comes back from JSON
// with what went in.
func TestPlans(t *testing.T) {
	for _, name := range archives(t, "testdata/plan") {
		t.Run(strings.TrimSuffix(filepath.Base(name), ".txtar"), func(t *testing.T) {
			src, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			r, _, diags := build(t, files(string(src)))
			for _, d := range diags {
				if d.Severity != diag.Note {
					t.Errorf("%s: %s", d.Rule.Name, d.Message)
				}
			}
			for _, integration := range slices.Sorted(mapKeys(r.Plans)) {
				golden(t, strings.TrimSuffix(name, ".txtar")+"."+integration+".json", r.Plans[integration])
				survives(t, r.Plans[integration])
			}
			if len(r.Plans) == 0 {
				t.Error("no plan")
			}
		})
	}
}

func mapKeys[T any](m map[string]T) func(func(string) bool) {
	return func(yield func(string) bool) {
		for k := range m {
			if !yield(k) {
				return
			}
		}
	}
}

func golden(t *testing.T, name string, p *plan.Plan) {
	t.Helper()
	shown := *p
	shown.Files = nil // they are the project's own text
	got, err := json.MarshalIndent(&shown, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	got = append(got, '\n')
	if *update {
		if err := os.WriteFile(name, got, 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if string(got) != string(want) {
		t.Errorf("%s: the plan has changed; look at the difference after go test -update.\n%s", path.Base(name), firstDifference(string(got), string(want)))
	}
}

func firstDifference(got, want string) string {
	g, w := strings.Split(got, "\n"), strings.Split(want, "\n")
	for i := range min(len(g), len(w)) {
		if g[i] != w[i] {
			return "got:  " + excerpt(g[i], w[i]) + "\nwant: " + excerpt(w[i], g[i])
		}
	}
	return "one is longer"
}

// excerpt is the part of a line where it begins to differ from another.
func excerpt(line, other string) string {
	from := 0
	for from < min(len(line), len(other)) && line[from] == other[from] {
		from++
	}
	from = max(0, from-80)
	return line[from:min(len(line), from+200)]
}

// tester is what *testing.T and *rapid.T have in common.
type tester interface {
	Helper()
	Errorf(format string, args ...any)
	Fatalf(format string, args ...any)
	Fatal(args ...any)
	Error(args ...any)
}

// survives checks that a plan is the same after JSON, and that all of its expressions compile then.
func survives(t tester, p *plan.Plan) {
	t.Helper()
	if err := p.Validate(); err != nil {
		t.Errorf("Validate: %v", err)
	}
	data, err := json.Marshal(p)
	if err != nil {
		t.Fatal(err)
	}
	back, err := plan.Decode(data)
	if err != nil {
		t.Fatalf("Decode: %v", err)
	}
	again, err := json.Marshal(back)
	if err != nil {
		t.Fatal(err)
	}
	if string(again) != string(data) {
		t.Errorf("the plan is not the same after JSON: %s", firstDifference(string(again), string(data)))
	}
	before, err := p.Digest()
	if err != nil {
		t.Fatal(err)
	}
	if after, err := back.Digest(); err != nil || after != before {
		t.Errorf("digest %s after JSON (%v), was %s", after, err, before)
	}
	if !reflect.DeepEqual(operations(p.Steps), operations(back.Steps)) {
		t.Error("operations differ after JSON")
	}
	compile(t, reflect.ValueOf(back))
}

// compile compiles every expression in a plan.
func compile(t tester, v reflect.Value) {
	t.Helper()
	switch v.Kind() {
	case reflect.Pointer:
		if x, ok := v.Interface().(*plan.Expr); ok && x != nil {
			if _, err := x.Compile(); err != nil {
				t.Errorf("%s does not compile after JSON: %v", x.Source, err)
			}
			return
		}
		if _, isType := v.Interface().(*types.Type); !isType && !v.IsNil() {
			compile(t, v.Elem())
		}
	case reflect.Struct:
		for i := range v.NumField() {
			compile(t, v.Field(i))
		}
	case reflect.Slice:
		for i := range v.Len() {
			compile(t, v.Index(i))
		}
	case reflect.Map:
		for _, key := range v.MapKeys() {
			compile(t, v.MapIndex(key))
		}
	}
}

// operations lists ids and order of a block and those inside it.
func operations(b *plan.Block) [][]string {
	var out [][]string
	if b == nil {
		return nil
	}
	for _, op := range b.Ops {
		out = append(out, append([]string{op.ID}, op.After...))
		if op.ForEach != nil {
			out = append(out, operations(op.ForEach.Block)...)
		}
	}
	return out
}
