package trial_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/rogpeppe/go-internal/txtar"

	"tenon/runtime/exec"
	"tenon/runtime/trial"
	"tenon/spec/check"
	"tenon/spec/lang"
)

var fenced = regexp.MustCompile("(?ms)^```hcl\n(.*?)^```$")

// TestExamplesPass carries out the tests that the guides, the reference and the rules show: they pass, but for what a
// rule shows as what not to write.
func TestExamplesPass(t *testing.T) {
	pages, err := filepath.Glob("../../docs/*.md")
	if err != nil || len(pages) == 0 {
		t.Fatal(pages, err)
	}
	ran := 0
	for _, page := range pages {
		text, err := os.ReadFile(page)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range fenced.FindAllStringSubmatch(string(text), -1) {
			ran += try(t, filepath.Base(page), m[1])
		}
	}
	for _, r := range lang.Rules() {
		ran += try(t, r.Name, r.Good)
	}
	if ran < 8 {
		t.Errorf("only %d tests were carried out", ran)
	}
}

// try carries out the tests of a project, and returns how many there are.
func try(t *testing.T, of, archive string) int {
	a := txtar.Parse([]byte(archive))
	disk := fstest.MapFS{}
	for name, text := range lang.ExampleFiles() {
		disk[name] = &fstest.MapFile{Data: []byte(text)}
	}
	files := map[string][]byte{}
	tests := false
	for _, f := range a.Files {
		disk[f.Name] = &fstest.MapFile{Data: f.Data}
		if strings.HasSuffix(f.Name, ".hcl") {
			files[f.Name] = f.Data
		}
		tests = tests || strings.HasSuffix(f.Name, lang.TestSuffix)
	}
	if !tests {
		return 0
	}
	checked := check.NewSession(disk, nil, "test").Check(files)
	if checked.Findings.HasErrors() {
		t.Errorf("%s: %s", of, checked.Findings[0].Message)
		return 0
	}
	b, err := trial.New(trial.Options{ReadFile: func(name string) ([]byte, error) {
		if f := disk[name]; f != nil {
			return f.Data, nil
		}
		return nil, errors.New("there is no such file")
	}, API: func(name string) (*trial.API, error) {
		return &trial.API{Document: checked.Documents[name], Operations: checked.Operations[name]}, nil
	}})
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	for _, test := range checked.Tests {
		program, err := exec.Compile(checked.Plans[test.Integration])
		if err != nil {
			t.Fatal(err)
		}
		if r := b.Run(context.Background(), test, program); !r.Passed() {
			p := &project{t: t, checked: checked}
			t.Errorf("%s: %q:\n%s", of, test.Name, p.said(r))
		}
	}
	return len(checked.Tests)
}
