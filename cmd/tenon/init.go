package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"

	"github.com/spf13/cobra"

	"tenon/cmd/tenon/internal/project"
	"tenon/integrations"
)

func newInit(e *env) *cobra.Command {
	return &cobra.Command{
		Use:     "init [DIR]",
		GroupID: groupWrite,
		Short:   "Make a project that lints and runs at once",
		Long: `Writes a small working project into DIR, which is made if it is not there: two
specs and one integration that reads orders from a shop and bills each of them.
It lints clean, has tests, and runs against its own mocks. No file is ever overwritten.`,
		Example: `  tenon init shop
  cd shop && tenon run invoices --mock`,
		Args: between(0, 1, "one directory at most"),
		RunE: func(_ *cobra.Command, args []string) error {
			return initProject(e, argument(args, 0, "."))
		},
	}
}

// initProject copies the quickstart into dir.
func initProject(e *env, dir string) error {
	target := e.path(dir)
	if err := vacant(target, dir); err != nil {
		return err
	}
	quickstart := integrations.Quickstart()
	err := fs.WalkDir(quickstart, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		file := filepath.Join(target, filepath.FromSlash(name))
		if entry.IsDir() {
			return os.MkdirAll(file, 0o755)
		}
		content, err := fs.ReadFile(quickstart, name)
		if err != nil {
			return err
		}
		fmt.Fprintln(e.Stdout, path.Join(filepath.ToSlash(dir), name))
		return create(file, content)
	})
	if err != nil {
		return err
	}
	where := ""
	if dir != "." {
		where = " " + dir
	}
	fmt.Fprintf(e.Stderr, "\nTry it:\n  tenon lint%[1]s\n  tenon test%[1]s\n  tenon plan invoices%[1]s\n  tenon run invoices%[1]s --mock\n", where)
	return nil
}

// vacant makes sure that nothing in dir is in a new project's way.
func vacant(target, dir string) error {
	entries, err := os.ReadDir(target)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return err
	}
	for _, entry := range entries {
		if project.IsHCL(entry.Name()) || entry.Name() == "openapi" {
			return fmt.Errorf("%s is there already; a new project needs a directory without one", path.Join(filepath.ToSlash(dir), entry.Name()))
		}
	}
	return nil
}

// create writes a file that must not exist yet.
func create(name string, content []byte) error {
	f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return err
	}
	if _, err := f.Write(content); err != nil {
		f.Close()
		return err
	}
	return f.Close()
}

// argument is args[i], or otherwise when there are not so many.
func argument(args []string, i int, otherwise string) string {
	if i < len(args) {
		return args[i]
	}
	return otherwise
}
