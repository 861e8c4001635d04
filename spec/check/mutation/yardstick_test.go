//go:build e2e

package mutation

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/hcl/v2/hclsyntax"

	"tenon/spec/diag"
	"tenon/spec/expression"
	"tenon/spec/openapi"
	"tenon/spec/openapi/openapitest"
)

var writeYardstick = flag.Bool("update-yardstick", false, "write what was compared, and docs/typescript.md")

// trial is one program that the TypeScript compiler is given.
type trial struct {
	class int // -1: the integration as it is
	base  *base
	what  string
	file  string
	of    string // the program of the integration as it is
	same  bool   // no different program: the fault has no counterpart
	v     verdict
}

// ownWords are faults in what only this language has, though leaving the words out may break the program too.
var ownWords = map[string]bool{
	"attribute misspelt": true, "block misspelt": true, "required attribute dropped": true, "paginate dropped": true,
	"stream used as a list": true, "step that nobody uses": true, "variable, secret, mapping or api that nobody uses": true,
	"catch that is never taken": true, "next page by a parameter that does not exist": true,
}

// The same faults in the same integrations, written in TypeScript over clients that openapi-typescript
// makes of the same documents, with `strict`: what its compiler finds beside what lint finds. A fault that
// leaves the program as it was has no counterpart there and is not counted against it.
func TestTypeScript(t *testing.T) {
	began := time.Now()
	y := &yardstick{t: t, dir: t.TempDir(), written: map[string]string{}}
	y.install()
	var trials []*trial
	for _, b := range bases(t) {
		if b.main != b {
			continue // tests have no counterpart
		}
		if made, ok := y.base(b); ok {
			trials = append(trials, made...)
		}
	}
	result := y.compile()
	if len(result.Documents) > 0 {
		t.Logf("documents that openapi-typescript cannot read: %v", result.Documents)
	}
	c := y.compare(trials, result.Programs)
	t.Logf("%s\n%s", c.table(), time.Since(began).Round(time.Second))
	all := c.all()
	if all.Mutants < 200 || all.Lint*100 < all.Mutants*98 {
		t.Errorf("of %d faults with a counterpart, lint finds %d", all.Mutants, all.Lint)
	}
	if all.Compiler == 0 || all.Compiler == all.Mutants {
		t.Errorf("the compiler finds %d of %d faults: the yardstick is broken", all.Compiler, all.Mutants)
	}
	if *writeYardstick {
		text, err := json.MarshalIndent(c, "", "  ")
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(comparisonFile, append(text, '\n'), 0o644); err != nil {
			t.Fatal(err)
		}
		c.write(t)
	}
}

type yardstick struct {
	t       *testing.T
	modules string
	dir     string
	written map[string]string // documents, by their text
	n       int
}

// install puts what npm gives into a directory of the user's cache, once for each lock file.
func (y *yardstick) install() {
	t := y.t
	t.Helper()
	lock, err := os.ReadFile(filepath.Join("testdata", "typescript", "package-lock.json"))
	if err != nil {
		t.Fatal(err)
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256(lock)
	y.modules = filepath.Join(cache, "tenon-test", "typescript-"+hex.EncodeToString(sum[:6]))
	if err := os.MkdirAll(y.modules, 0o755); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"package.json", "package-lock.json", "yardstick.mjs"} {
		src, err := os.ReadFile(filepath.Join("testdata", "typescript", name))
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(y.modules, name), src, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := os.Stat(filepath.Join(y.modules, "node_modules", ".package-lock.json")); err != nil {
		npm := exec.Command("npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund")
		npm.Dir = y.modules
		if out, err := npm.CombinedOutput(); err != nil {
			t.Fatalf("npm ci: %v (Debian: nodejs, npm)\n%s", err, out)
		}
	}
	for _, name := range []string{"documents", "programs"} {
		if err := os.MkdirAll(filepath.Join(y.dir, name), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink(filepath.Join(y.modules, "node_modules"), filepath.Join(y.dir, "node_modules")); err != nil {
		t.Fatal(err)
	}
	prelude, err := os.ReadFile(filepath.Join("testdata", "typescript", "prelude.d.ts"))
	if err != nil {
		t.Fatal(err)
	}
	typed := string(prelude)
	for _, f := range expression.Functions() {
		if name := "fn_" + safe(f.Name); !strings.Contains(typed, name+"(") && !strings.Contains(typed, name+"<") {
			typed += "declare function " + name + "(...args: any[]): any;\n"
		}
	}
	if err := os.WriteFile(filepath.Join(y.dir, "prelude.d.ts"), []byte(typed), 0o644); err != nil {
		t.Fatal(err)
	}
}

// base writes the programs of an integration and of its mutants; false if its documents cannot be cut down
// to what it uses.
func (y *yardstick) base(b *base) ([]*trial, bool) {
	documents, imports, err := y.documents(b, nil)
	if err != nil {
		y.t.Logf("left out: %s: %v", b.name, err)
		return nil, false
	}
	plain := inTypeScript(b.src, documents, imports)
	as := y.program(plain)
	out := []*trial{{class: -1, base: b, file: as}}
	before := map[string]int{}
	_, findings := b.lint(b.src, nil)
	for _, d := range findings {
		before[d.Rule.Name+d.Message]++
		if d.Severity != diag.Note {
			out[0].v.caught = true
		}
	}
	for i, c := range classes {
		if !strings.Contains(c.name, *only) || ownWords[c.name] {
			continue
		}
		making.Lock()
		made := c.make(b)
		making.Unlock()
		made = slices.DeleteFunc(made, func(m mutant) bool { return m.skip != "" || m.src == b.src && m.specs == nil })
		most := max(1, *instances/2) // a program of the compiler takes longer than a lint
		if strings.HasPrefix(c.name, "provider") {
			most = 1
		}
		for _, m := range pick(made, most) {
			tr := &trial{class: i, base: b, what: m.what, of: as}
			text, into := "", imports
			if with, changed := m.specs, documents; with != nil {
				making.Lock()
				specs := with()
				making.Unlock()
				if changed, into, err = y.documents(b, specs); err != nil {
					continue
				}
				text = inTypeScript(m.src, changed, into)
			} else {
				text = inTypeScript(m.src, documents, imports)
			}
			if tr.same = text == plain || text == ""; !tr.same {
				tr.file = y.program(text)
				tr.v = b.judge(m, before)
			}
			out = append(out, tr)
		}
	}
	return out, true
}

// documents cuts the documents of an integration down to the operations that it calls, as version 3, and
// says which module the types of each will be.
func (y *yardstick) documents(b *base, with map[string][]byte) (map[string]*openapi.Document, map[string]string, error) {
	documents, imports := map[string]*openapi.Document{}, map[string]string{}
	for api, d := range b.specs {
		doc, err := specs{b, with}.Document(api, d.name)
		if err != nil {
			return nil, nil, err
		}
		documents[api] = doc
		text, err := cut(doc, b.operationsOf(api))
		if err != nil {
			return nil, nil, fmt.Errorf("%s: %w", d.name, err)
		}
		name, known := y.written[string(text)]
		if !known {
			name = fmt.Sprintf("d%d", len(y.written))
			y.written[string(text)] = name
			if err := os.WriteFile(filepath.Join(y.dir, "documents", name+".json"), text, 0o644); err != nil {
				return nil, nil, err
			}
		}
		imports[api] = "../documents/" + name
	}
	return documents, imports, nil
}

// operationsOf are the operations of an API that the integration calls.
func (b *base) operationsOf(api string) []string {
	var out []string
	for _, k := range b.blocks {
		a := k.Body.Attributes["call"]
		if a == nil {
			continue
		}
		if tr, ok := a.Expr.(*hclsyntax.ScopeTraversalExpr); ok {
			if names := namesOf(tr.Traversal); len(names) == 2 && names[0] == api && !slices.Contains(out, names[1]) {
				out = append(out, names[1])
			}
		}
	}
	return out
}

func cut(d *openapi.Document, operations []string) ([]byte, error) {
	operations = slices.DeleteFunc(operations, func(name string) bool { _, err := d.Operation(name); return err != nil })
	pruned, err := openapitest.Prune(d, operations...)
	if err != nil || d.Version != "2.0" {
		return pruned, err
	}
	v3, err := openapitest.Load(pruned)
	if err != nil {
		return nil, err
	}
	return v3.MarshalJSON()
}

func (y *yardstick) program(text string) string {
	y.n++
	name := fmt.Sprintf("p%d.ts", y.n)
	if err := os.WriteFile(filepath.Join(y.dir, "programs", name), []byte(text), 0o644); err != nil {
		y.t.Fatal(err)
	}
	return name
}

type compiled struct {
	Documents map[string]string
	Programs  map[string][]string
}

func (y *yardstick) compile() compiled {
	node := exec.Command("node", "--max-old-space-size=4096", filepath.Join(y.modules, "yardstick.mjs"), y.dir)
	node.Stderr = os.Stderr
	out, err := node.Output()
	if err != nil {
		y.t.Fatalf("node: %v (Debian: nodejs)", err)
	}
	var c compiled
	if err := json.Unmarshal(out, &c); err != nil {
		y.t.Fatal(err)
	}
	return c
}

var generatedName = regexp.MustCompile(`\bc\d+_`)

// newErrors are those of a program that the integration as it is does not have.
func newErrors(found, before []string) []string {
	id := func(s string) string {
		_, message, _ := strings.Cut(s, ": ")
		return generatedName.ReplaceAllString(message, "")
	}
	had := map[string]int{}
	for _, s := range before {
		had[id(s)]++
	}
	var out []string
	for _, s := range found {
		if had[id(s)]--; had[id(s)] < 0 {
			out = append(out, s)
		}
	}
	return out
}

// compare sums up class by class.
func (y *yardstick) compare(trials []*trial, programs map[string][]string) *comparison {
	sums := make([]compared, len(classes))
	out := &comparison{}
	for _, tr := range trials {
		switch {
		case tr.class < 0:
			out.Integrations++
			if n := len(programs[tr.file]); n > 0 {
				out.Refused++
				out.Errors += n
				if *verbose {
					y.t.Logf("%s as it is:\n  %s", tr.base.name, strings.Join(programs[tr.file], "\n  "))
				}
			}
		case tr.same:
		default:
			s := &sums[tr.class]
			s.Mutants++
			if tr.v.caught {
				s.Lint++
			}
			found := newErrors(programs[tr.file], programs[tr.of])
			if len(found) > 0 {
				s.Compiler++
			}
			if *verbose {
				y.t.Logf("%s: %s: %s\n  lint: %s\n  tsc: %.400s", classes[tr.class].name, tr.base.name, tr.what, strings.Join(tr.v.found, "\n    "), strings.Join(found, "\n    "))
			}
		}
	}
	for i, s := range sums {
		if s.Fault = classes[i].name; s.Mutants > 0 {
			out.Faults = append(out.Faults, s)
		} else {
			out.Without = append(out.Without, s.Fault)
		}
	}
	slices.Sort(out.Without)
	return out
}
