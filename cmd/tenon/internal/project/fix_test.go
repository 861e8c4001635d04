package project

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"

	"tenon/spec/diag"
	"tenon/spec/lang"
)

// TestFixMendsExamples holds for the bad example of every rule, with \n and with \r\n: no fix makes it
// worse, what a fix was offered for is gone, and once fixed there is nothing left to fix.
func TestFixMendsExamples(t *testing.T) {
	mended := 0
	for _, rule := range lang.Rules() {
		for _, end := range []string{"\n", "\r\n"} {
			dir := example(t, rule.Bad, end)
			before, err := Load(dir, Options{})
			if err != nil {
				t.Fatal(err)
			}
			after, fixed, err := Fix(dir, Options{})
			if err != nil {
				t.Fatal(err)
			}
			mended += len(fixed)
			if got, had := after.Findings.Count(diag.Error), before.Findings.Count(diag.Error); got > had {
				t.Errorf("%s: %d errors became %d", rule.Name, had, got)
			}
			for _, d := range after.Findings {
				if d.Fix != nil {
					t.Errorf("%s: not fixed: %s", rule.Name, d.Message)
				}
			}
			if _, again, err := Fix(dir, Options{}); err != nil || len(again) > 0 {
				t.Errorf("%s: fixed again: %d, %v", rule.Name, len(again), err)
			}
			if src, _ := dir.ReadFile("main.hcl"); strings.Count(string(src), "\r\n") != strings.Count(string(src), "\n") && end == "\r\n" {
				t.Errorf("%s: line ends are mixed:\n%q", rule.Name, src)
			}
		}
	}
	if mended < 20 {
		t.Errorf("only %d fixes were applied in all examples", mended)
	}
}

// example writes an example into a directory of its own.
func example(t *testing.T, archive, end string) *Dir {
	t.Helper()
	content := map[string]string{}
	for name, text := range lang.ExampleFiles() {
		content[name] = string(text)
	}
	a := txtar.Parse([]byte(archive))
	if len(a.Files) == 0 {
		content["main.hcl"] = string(a.Comment)
	}
	for _, f := range a.Files {
		content[f.Name] = string(f.Data)
	}
	location := t.TempDir()
	for name, text := range content {
		if IsHCL(name) {
			text = strings.ReplaceAll(text, "\n", end)
		}
		name = filepath.Join(location, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	dir, err := OpenDir(location, location)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { dir.Close() })
	return dir
}
