package main_test

import (
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// layers are the module's packages, in order: a package imports only packages above it. A package
// below another's directory counts as that one, unless it is listed itself.
var layers = []string{
	"spec/source",
	"spec/diag",
	"spec/media",
	"spec/types",
	"spec/syntax",
	"spec/expression",
	"spec/openapi",
	"spec/paging",
	"spec/model",
	"spec/plan",
	"spec/lang",
	"spec/check",
	"spec/footprint",
	"spec/refdoc",
	"runtime/event",
	"runtime/secret",
	"runtime/codec",
	"runtime/inbound",
	"runtime/realserver",
	"runtime/transport",
	"runtime/store",
	"runtime/exec",
	"runtime/engine",
	"runtime/mockapi",
	"runtime/trial",
	"runtime/trigger",
	"runtime/daemon",
	"integrations",
	"cmd/tenon",
}

// wrapped are dependencies whose types stop at the packages that wrap them. Tests may use them.
var wrapped = map[string][]string{
	"github.com/hashicorp/hcl":              {"spec/syntax", "spec/expression"},
	"github.com/zclconf/go-cty":             {"spec/syntax", "spec/expression"},
	"github.com/expr-lang/expr":             {"spec/expression"},
	"github.com/theory/jsonpath":            {"spec/openapi"},
	"github.com/getkin/kin-openapi":         {"spec/openapi"},
	"github.com/santhosh-tekuri/jsonschema": {"spec/types"},
	"github.com/cockroachdb/apd":            {"spec/types"},
	"github.com/spf13/cobra":                {"cmd/tenon"},
	"modernc.org/sqlite":                    {"runtime/store"},
}

// effects are what packages under spec/ must not import: they are given what they need.
var effects = []string{"os", "os/exec", "net/http", "math/rand", "crypto/rand", "log", "log/slog", "syscall"}

func TestImportDirection(t *testing.T) {
	root := os.DirFS("../..")
	seen := 0
	err := fs.WalkDir(root, ".", func(name string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && name != "." && (strings.HasPrefix(d.Name(), ".") || d.Name() == "testdata"):
			return fs.SkipDir
		case d.IsDir() || !strings.HasSuffix(name, ".go"):
			return nil
		}
		seen++
		src, err := fs.ReadFile(root, name)
		if err != nil {
			return err
		}
		f, err := parser.ParseFile(token.NewFileSet(), name, src, parser.ImportsOnly)
		if err != nil {
			return err
		}
		for _, i := range f.Imports {
			imported, _ := strconv.Unquote(i.Path.Value)
			if problem := forbidden(name, imported); problem != "" {
				t.Errorf("%s imports %s: %s", name, imported, problem)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if seen < 50 {
		t.Errorf("only %d files were looked at", seen)
	}
}

// forbidden says why a file must not import a package; "" if it may.
func forbidden(file, imported string) string {
	dir, test := path.Dir(file), strings.HasSuffix(file, "_test.go")
	from := layer(dir)
	if from < 0 {
		return dir + " is not in the list of packages: a new package is a decision, add it where it belongs"
	}
	if dir == "spec" || dir == "runtime" {
		return dir + "/ holds no Go files"
	}
	if own, ok := strings.CutPrefix(imported, "tenon/"); ok {
		switch to := layer(own); {
		case to < 0:
			return own + " is not in the list of packages"
		case to > from && !test:
			return layers[to] + " comes after " + layers[from]
		}
		return ""
	}
	if test {
		return ""
	}
	if strings.HasPrefix(dir, "spec/") && slices.Contains(effects, imported) && !strings.Contains(dir, "test") {
		return "spec/ is pure: what it needs is handed to it"
	}
	for dependency, wrappers := range wrapped {
		if strings.HasPrefix(imported, dependency) && !slices.Contains(wrappers, layers[from]) {
			return "only " + strings.Join(wrappers, " and ") + " may"
		}
	}
	return ""
}

// layer returns the place in layers of a directory or its closest listed parent, or -1.
func layer(dir string) int {
	for ; dir != "."; dir = path.Dir(dir) {
		if i := slices.Index(layers, dir); i >= 0 {
			return i
		}
	}
	return -1
}

func TestForbidden(t *testing.T) {
	tests := []struct {
		file, imported string
		want           bool
	}{
		{"spec/check/build.go", "tenon/spec/types", false},
		{"spec/types/type.go", "tenon/spec/check", true},
		{"spec/plan/plan.go", "tenon/runtime/exec", true},
		{"spec/check/build.go", "os", true},
		{"spec/check/build_test.go", "os", false},
		{"spec/model/model.go", "github.com/expr-lang/expr/ast", true},
		{"spec/expression/tree.go", "github.com/expr-lang/expr/ast", false},
		{"runtime/exec/run.go", "net/http", false},
		{"spec/spec.go", "fmt", true},
		{"spec/unheard/x.go", "fmt", true},
		{"runtime/codec/x.go", "tenon/spec/unheard", true},
	}
	for _, tt := range tests {
		if got := forbidden(tt.file, tt.imported); (got != "") != tt.want {
			t.Errorf("%s importing %s: %q", tt.file, tt.imported, got)
		}
	}
}
