package check

import (
	"testing"

	"tenon/spec/diag"
	"tenon/spec/lang"
	"tenon/spec/syntax"
)

// TestRuleExamples lints the examples of every rule: the bad one trips the rule and no other, the
// good one trips nothing but notes. Of a rule that another command reports, lint says nothing.
func TestRuleExamples(t *testing.T) {
	for _, rule := range lang.Rules() {
		t.Run(rule.Name, func(t *testing.T) {
			tripped := false
			for _, d := range lint(t, rule.Bad) {
				tripped = tripped || d.Rule == rule
				if d.Rule != rule && d.Severity != diag.Note {
					t.Errorf("the bad example: %s: %s", d.Rule.Name, d.Message)
				}
			}
			if tripped != (rule.On == "") {
				t.Errorf("the bad example trips the rule: %t", tripped)
			}
			for _, d := range lint(t, rule.Good) {
				if d.Severity != diag.Note || d.Rule == rule {
					t.Errorf("the good example: %s: %s", d.Rule.Name, d.Message)
				}
			}
		})
	}
}

// lint is everything that `tenon lint` says about a project. What cannot be read as HCL is not built:
// references into it would be reported falsely.
func lint(t *testing.T, archive string) diag.List {
	t.Helper()
	dir := files(archive)
	_, parsed, diags := build(t, dir)
	for _, d := range diags {
		if d.Rule == syntax.Syntax {
			return diag.List{d}
		}
	}
	diags.Append(Formatting(parsed))
	diags = Ignore(parsed, diags)
	diags.Sort()
	return diags
}

// TestBlockExamples holds that the example of every block is a project in which nothing is found.
func TestBlockExamples(t *testing.T) {
	for _, b := range lang.Blocks() {
		t.Run(b.Name, func(t *testing.T) { clean(t, b.Example) })
	}
}

// clean checks that a project is in canonical form and that nothing but notes is found in it.
func clean(t *testing.T, project string) {
	t.Helper()
	for _, d := range lint(t, project) {
		if d.Severity != diag.Note || d.Rule == lang.Formatting {
			t.Errorf("%s: %s %s\n%s", d.Rule.Name, d.Message, d.Detail, project)
		}
	}
}
