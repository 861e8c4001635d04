package main

import (
	"fmt"
	"slices"

	"github.com/spf13/cobra"

	"tenon/cmd/tenon/internal/view"
	"tenon/spec/diag"
	"tenon/spec/expression"
	"tenon/spec/lang"
)

func newExplain(e *env) *cobra.Command {
	return &cobra.Command{
		Use:     "explain [NAME]",
		GroupID: groupWrite,
		Short:   "Say what a rule, a block or a function means",
		Long: `Explains one rule of lint, one type of block or one function, with examples.
Without NAME it lists them all.`,
		Example: `  tenon explain unknown-attribute
  tenon explain for_each
  tenon explain coalesce`,
		Args: between(0, 1, "one name at most"),
		ValidArgsFunction: func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
			return explainable(), cobra.ShellCompDirectiveNoFileComp
		},
		RunE: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 {
				listExplanations(e)
				return nil
			}
			return explain(e, args[0])
		},
	}
}

// explain shows everything that has the name: a function and a block may share one.
func explain(e *env, name string) error {
	style, found := e.style(e.Stdout), 0
	show := func(write func()) {
		if found++; found > 1 {
			fmt.Fprintln(e.Stdout)
		}
		write()
	}
	if r := lang.Rule(name); r != nil {
		show(func() { view.Rule(e.Stdout, style, r) })
	}
	for _, b := range lang.Blocks() {
		if b.Name == name {
			show(func() { view.Block(e.Stdout, style, b) })
		}
	}
	for _, f := range expression.Functions() {
		if f.Name == name {
			show(func() { view.Function(e.Stdout, style, f) })
		}
	}
	if found > 0 {
		return nil
	}
	if near := diag.Nearest(name, explainable()); near != "" {
		return usagef("there is no rule, block or function %q; did you mean %q?", name, near)
	}
	return usagef("there is no rule, block or function %q", name)
}

// explainable is every name that can be explained, sorted.
func explainable() []string {
	names := lang.RuleNames()
	for _, b := range lang.Blocks() {
		names = append(names, b.Name)
	}
	for _, f := range expression.Functions() {
		names = append(names, f.Name)
	}
	slices.Sort(names)
	return slices.Compact(names)
}

func listExplanations(e *env) {
	style := e.style(e.Stdout)
	fmt.Fprintln(e.Stdout, style.Bold("Rules"))
	width := 0
	for _, name := range lang.RuleNames() {
		width = max(width, len(name))
	}
	for _, r := range lang.Rules() {
		fmt.Fprintf(e.Stdout, "  %-*s  %-7s  %s\n", width, r.Name, r.Severity, r.Title)
	}
	var blocks, functions []string
	for _, b := range lang.Blocks() {
		blocks = append(blocks, b.Name)
	}
	for _, f := range expression.Functions() {
		functions = append(functions, f.Name)
	}
	slices.Sort(blocks)
	slices.Sort(functions)
	view.Words(e.Stdout, style, "Blocks", slices.Compact(blocks))
	view.Words(e.Stdout, style, "Functions", functions)
	fmt.Fprintf(e.Stdout, "\n%s\n", style.Dim("'tenon explain NAME' tells more about each."))
}
