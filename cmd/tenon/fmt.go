package main

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/rogpeppe/go-internal/diff"
	"github.com/spf13/cobra"

	"tenon/cmd/tenon/internal/project"
	"tenon/cmd/tenon/internal/view"
	"tenon/spec/diag"
	"tenon/spec/source"
	"tenon/spec/syntax"
)

type fmtFlags struct {
	check, diff bool
}

func newFmt(e *env) *cobra.Command {
	var f fmtFlags
	cmd := &cobra.Command{
		Use:     "fmt [DIR|FILE...|-]",
		GroupID: groupWrite,
		Short:   "Rewrite HCL files in their canonical form",
		Long: `Rewrites the project's HCL files in the one canonical form and prints the names of
those that changed. With "-" it formats standard input to standard output.
A file that is not valid HCL is reported and left alone.`,
		Example: `  tenon fmt
  tenon fmt --check                # for CI: exit status 1 if a file is not canonical
  tenon fmt --diff main.hcl        # show what would change
  tenon fmt - < main.hcl`,
		RunE: func(_ *cobra.Command, args []string) error {
			if len(args) == 1 && args[0] == "-" {
				return formatStdin(e, f)
			}
			return format(e, args, f)
		},
	}
	cmd.Flags().BoolVar(&f.check, "check", false, "change nothing; exit status 1 if a file is not canonical")
	cmd.Flags().BoolVar(&f.diff, "diff", false, "change nothing; print what would change")
	return cmd
}

func formatStdin(e *env, f fmtFlags) error {
	content, err := io.ReadAll(e.Stdin)
	if err != nil {
		return err
	}
	formatted, ok := formatText(e, "<stdin>", content)
	switch {
	case !ok:
		return status(exitUsage)
	case f.diff:
		e.Stdout.Write(diff.Diff("<stdin>", content, "canonical", formatted))
	case !f.check:
		e.Stdout.Write(formatted)
	}
	if f.check && !bytes.Equal(content, formatted) {
		return status(exitNotWell)
	}
	return nil
}

// format formats files and the HCL files of directories.
func format(e *env, args []string, f fmtFlags) error {
	if len(args) == 0 {
		args = []string{"."}
	}
	var files []string
	for _, arg := range args {
		found, err := hclFiles(e, arg)
		if err != nil {
			return err
		}
		files = append(files, found...)
	}
	changed, broken := false, false
	for _, name := range files {
		differs, ok, err := formatFile(e, name, f)
		if err != nil {
			return err
		}
		changed, broken = changed || differs, broken || !ok
	}
	switch {
	case broken:
		return status(exitUsage)
	case changed && f.check:
		return status(exitNotWell)
	}
	return nil
}

// hclFiles is the file itself, or the HCL files directly in a directory, tests included.
func hclFiles(e *env, arg string) ([]string, error) {
	info, err := os.Stat(e.path(arg))
	if err != nil {
		return nil, fmt.Errorf("there is no file or directory %s", arg)
	}
	if !info.IsDir() {
		return []string{arg}, nil
	}
	entries, err := os.ReadDir(e.path(arg))
	if err != nil {
		return nil, err
	}
	var files []string
	for _, entry := range entries {
		if !entry.IsDir() && project.IsHCL(entry.Name()) {
			files = append(files, filepath.Join(arg, entry.Name()))
		}
	}
	if len(files) == 0 {
		return nil, fmt.Errorf("there are no *.hcl files in %s", arg)
	}
	return files, nil
}

func formatFile(e *env, name string, f fmtFlags) (changed, ok bool, err error) {
	content, err := os.ReadFile(e.path(name))
	if err != nil {
		return false, false, err
	}
	formatted, ok := formatText(e, name, content)
	if !ok || bytes.Equal(content, formatted) {
		return false, ok, nil
	}
	if f.diff {
		e.Stdout.Write(diff.Diff(name, content, name+" (canonical)", formatted))
	} else {
		fmt.Fprintln(e.Stdout, name)
	}
	if f.check || f.diff {
		return true, true, nil
	}
	return true, true, replace(e.path(name), formatted)
}

// replace writes a file anew, whole or not at all.
func replace(file string, content []byte) error {
	dir, err := project.OpenDir(filepath.Dir(file), filepath.Dir(file))
	if err != nil {
		return err
	}
	defer dir.Close()
	return dir.Write(filepath.Base(file), content)
}

// formatText formats one text, or shows why it cannot be formatted.
func formatText(e *env, name string, content []byte) (formatted []byte, ok bool) {
	formatted, diags := syntax.Format(name, content)
	if !diags.HasErrors() {
		return formatted, true
	}
	diags.Sort()
	findings := view.Findings{List: onlyErrors(diags), Files: source.Set{name: source.NewFile(name, content)}}
	findings.Text(e.Stderr, e.style(e.Stderr), false)
	return nil, false
}

func onlyErrors(all diag.List) diag.List {
	var errs diag.List
	for _, d := range all {
		if d.Severity == diag.Error {
			errs = append(errs, d)
		}
	}
	return errs
}
