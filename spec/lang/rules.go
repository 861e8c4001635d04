package lang

import (
	"cmp"
	"slices"
	"sync"

	"tenon/spec/diag"
	"tenon/spec/expression"
	"tenon/spec/openapi"
	"tenon/spec/syntax"
)

// Rules returns the rules of all packages, by name.
var Rules = sync.OnceValue(func() []*diag.Rule {
	out := slices.Concat(syntax.Rules, expression.Rules, openapi.Rules, fileRules, buildRules)
	slices.SortFunc(out, func(a, b *diag.Rule) int { return cmp.Compare(a.Name, b.Name) })
	return out
})

// Rule returns the rule called name, or nil.
func Rule(name string) *diag.Rule {
	for _, r := range Rules() {
		if r.Name == name {
			return r
		}
	}
	return nil
}

// RuleNames returns the names of all rules, sorted.
func RuleNames() []string {
	var out []string
	for _, r := range Rules() {
		out = append(out, r.Name)
	}
	return out
}

// Functions returns all functions that expressions can call, by name.
func Functions() []*expression.Function { return expression.Functions() }
