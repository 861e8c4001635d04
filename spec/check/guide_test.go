package check

import (
	"os"
	"regexp"
	"strings"
	"testing"
)

var (
	section = regexp.MustCompile(`(?m)^## `)
	fenced  = regexp.MustCompile("(?ms)^```hcl\n(.*?)^```$")
)

// TestGuide holds that the examples of the guides are projects in canonical form in which
// nothing is found.
func TestGuide(t *testing.T) {
	guide(t, "language.md", 10)
	guide(t, "auth.md", 12)
	guide(t, "failures.md", 4)
	guide(t, "pagination.md", 2)
	guide(t, "limits.md", 2)
	guide(t, "serve.md", 1)
	guide(t, "testing.md", 4)
	guide(t, "serving-operations.md", 1)
}

func guide(t *testing.T, page string, atLeast int) {
	text, err := os.ReadFile("../../docs/" + page)
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
	if examples < atLeast {
		t.Errorf("found %d examples in %s, want at least %d", examples, page, atLeast)
	}
}
