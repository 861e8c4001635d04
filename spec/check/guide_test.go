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
