package check

import (
	"os"
	"regexp"
	"strings"
	"testing"

	"tenon/spec/syntax"
)

var (
	section = regexp.MustCompile(`(?m)^## `)
	fenced  = regexp.MustCompile("(?ms)^```hcl\n(.*?)^```$")
)

// TestGuide holds that the examples of docs/language.md are projects in canonical form in which
// nothing is found.
func TestGuide(t *testing.T) {
	text, err := os.ReadFile("../../docs/language.md")
	if err != nil {
		t.Fatal(err)
	}
	sections := section.Split(string(text), -1)[1:]
	examples := 0
	for _, s := range sections {
		title, _, _ := strings.Cut(s, "\n")
		t.Run(title, func(t *testing.T) {
			for _, m := range fenced.FindAllStringSubmatch(s, -1) {
				examples++
				clean(t, m[1])
			}
		})
	}
	if examples < 10 {
		t.Errorf("found %d examples, want at least 10", examples)
	}
}

// clean checks that a project is in canonical form and that nothing but notes is found in it.
func clean(t *testing.T, project string) {
	t.Helper()
	for _, d := range lintText(t, project) {
		t.Errorf("%s: %s\n%s", d.Rule.Name, d.Message, project)
	}
	if canonical, _ := syntax.Format("main.hcl", []byte(project)); string(canonical) != project {
		t.Errorf("not in canonical form:\n%s\nbut\n%s", project, canonical)
	}
}
