package main

import (
	"fmt"
	"slices"

	"github.com/spf13/cobra"

	"tenon/cmd/tenon/internal/project"
	"tenon/cmd/tenon/internal/view"
	"tenon/spec/diag"
	"tenon/spec/lang"
)

type lintFlags struct {
	format string
	json   bool
	notes  bool
	strict string
	fix    bool
}

func newLint(e *env) *cobra.Command {
	var f lintFlags
	cmd := &cobra.Command{
		Use:     "lint [DIR]",
		GroupID: groupWrite,
		Short:   "Check a project against the specs of its APIs",
		Long: `Checks everything that can be checked before anything runs, and reports all of it
at once. An error cannot work; a warning is something that the specs say can go
wrong; a note is something that the specs merely do not rule out. The exit status
is 1 if there are errors.

'tenon explain RULE' tells more about a rule. A finding is silenced by a comment
on its line or the line above: # tenon:ignore RULE reason

With --fix, what has exactly one mend is mended in the files: misspelt names, forms
that are written differently, formatting. What was done is told on standard error,
and the findings that are left on standard output. A file never parses worse than
before.`,
		Example: `  tenon lint
  tenon lint --notes integrations/quickstart
  tenon lint --strict              # warnings are errors
  tenon lint --fix                 # mend what has exactly one mend
  tenon lint --format github       # annotations on a pull request`,
		Args: between(0, 1, "one directory at most"),
		RunE: func(_ *cobra.Command, args []string) error {
			return lint(e, argument(args, 0, "."), f)
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&f.format, "format", "text", "text, json (schemas/lint.schema.json), sarif (2.1.0), github or junit")
	flags.BoolVar(&f.json, "json", false, "the same as --format json")
	flags.BoolVar(&f.notes, "notes", false, "show the notes too; JSON and SARIF always have them")
	flags.StringVar(&f.strict, "strict", "", "make warnings errors; --strict=notes: notes too")
	flags.Lookup("strict").NoOptDefVal = "warnings"
	flags.BoolVar(&f.fix, "fix", false, "mend in the files what has exactly one mend")
	complete(cmd, "format", lintFormats...)
	complete(cmd, "strict", "warnings", "notes")
	return cmd
}

var lintFormats = []string{"text", "json", "sarif", "github", "junit"}

func lint(e *env, dir string, f lintFlags) error {
	if f.json {
		f.format = "json"
	}
	if !slices.Contains(lintFormats, f.format) {
		return usagef("--format is text, json, sarif, github or junit, not %q", f.format)
	}
	read := loadTests
	if f.fix {
		read = fix
	}
	p, err := read(e, dir)
	if err != nil {
		return err
	}
	defer p.Dir.Close()
	if err := harden(p.Findings, f.strict); err != nil {
		return err
	}
	if err := showFindings(e, p, dir, f); err != nil {
		return err
	}
	if p.Findings.HasErrors() {
		return status(exitNotWell)
	}
	return nil
}

// fix is [loadTests] with everything mended first that has exactly one mend; it tells what was done.
func fix(e *env, dir string) (*project.Project, error) {
	opened, err := project.OpenDir(e.path(dir), dir)
	if err != nil {
		return nil, err
	}
	o := options(e)
	o.Tests = true
	p, fixed, err := project.Fix(opened, o)
	if err != nil {
		opened.Close()
		return nil, err
	}
	style := e.style(e.Stderr)
	for _, f := range fixed {
		view.Findings{Files: f.Files, Dir: dir}.Fixed(e.Stderr, style, f.Finding)
	}
	return p, nil
}

// harden makes errors of warnings, and of notes if asked to.
func harden(findings diag.List, strict string) error {
	if strict != "" && strict != "warnings" && strict != "notes" {
		return usagef("--strict takes notes or nothing, not %q", strict)
	}
	for _, d := range findings {
		if d.Severity == diag.Warning && strict != "" || d.Severity == diag.Note && strict == "notes" {
			d.Severity = diag.Error
		}
	}
	return nil
}

func showFindings(e *env, p *project.Project, dir string, f lintFlags) error {
	findings := view.Findings{List: p.Findings, Files: p.Files, Dir: dir}
	switch f.format {
	case "json":
		return findings.JSON(e.Stdout)
	case "sarif":
		return findings.SARIF(e.Stdout, version, lang.Rules())
	case "junit":
		return findings.JUnit(e.Stdout, f.notes)
	case "github":
		findings.GitHub(e.Stdout, f.notes)
		return nil
	}
	findings.Text(e.Stdout, e.style(e.Stdout), f.notes)
	_, err := fmt.Fprintln(e.Stdout, findings.Summary(f.notes))
	return err
}
