package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"tenon/cmd/tenon/internal/view"
)

func newPlan(e *env) *cobra.Command {
	asJSON := false
	cmd := &cobra.Command{
		Use:     "plan [INTEGRATION] [DIR]",
		GroupID: groupWrite,
		Short:   "Show every request and where its values come from",
		Long: `Shows how an integration will run: its requests in order, what runs beside what,
where every value comes from, which of them the specs prove to be right (✓) and
what is left to run time of the others (?): what is checked, and what may turn out
not to be there; authentication, retries and hosts.
Nothing is sent. Without INTEGRATION, all of the project are shown.

--json prints the plan itself: self-contained, it needs neither the HCL nor the
specs to be carried out.`,
		Example: `  tenon plan
  tenon plan invoices
  tenon plan invoices integrations/quickstart --json`,
		Args:              between(0, 2, "an integration and a directory at most"),
		ValidArgsFunction: completeIntegration(e),
		RunE: func(_ *cobra.Command, args []string) error {
			name, dir := nameAndDir(e, args)
			return showPlan(e, name, dir, asJSON)
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print the plan itself (schemas/plan.schema.json)")
	return cmd
}

func showPlan(e *env, name, dir string, asJSON bool) error {
	p, err := load(e, dir)
	if err != nil {
		return err
	}
	defer p.Dir.Close()
	if err := wellFormed(e, p, dir); err != nil {
		return err
	}
	names := p.Names
	if name != "" {
		names = []string{name}
	}
	if asJSON && len(names) != 1 {
		return usagef("--json prints one plan, so name one of the %d integrations", len(names))
	}
	for i, name := range names {
		chosen, err := choose(p, name)
		if err != nil {
			return err
		}
		if asJSON {
			return view.JSON(e.Stdout, chosen)
		}
		if i > 0 {
			fmt.Fprintln(e.Stdout)
		}
		view.Plan(e.Stdout, e.style(e.Stdout), chosen)
	}
	return nil
}
