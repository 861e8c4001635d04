package check

import (
	"testing"

	"tenon/spec/diag"
	"tenon/spec/lang"
	"tenon/spec/syntax"
)

// lintText lints a project of one file and returns its warnings and errors.
func lintText(t *testing.T, project string) diag.List {
	t.Helper()
	f, diags := syntax.Parse("main.hcl", []byte(project))
	_, found := Decode([]*syntax.File{f})
	return append(diags, found...)
}

// TestBlockExamples holds that the example of every block is a project in which nothing is found.
func TestBlockExamples(t *testing.T) {
	for _, b := range lang.Blocks() {
		t.Run(b.Name, func(t *testing.T) { clean(t, b.Example) })
	}
}
