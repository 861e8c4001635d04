package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime/debug"
	"strings"

	"github.com/spf13/cobra"

	"tenon/cmd/tenon/internal/project"
	"tenon/cmd/tenon/internal/view"
	"tenon/spec/diag"
	"tenon/spec/plan"
)

// load reads and checks the project in dir, without its tests and the form of its files. Its directory is the
// caller's to close.
func load(e *env, dir string) (*project.Project, error) {
	o := options(e)
	o.Unformatted = true
	return loadWith(e, dir, o)
}

// loadTests is load with the tests of the project.
func loadTests(e *env, dir string) (*project.Project, error) {
	o := options(e)
	o.Tests = true
	return loadWith(e, dir, o)
}

func loadWith(e *env, dir string, o project.Options) (*project.Project, error) {
	defer roomy()()
	opened, err := project.OpenDir(e.path(dir), dir)
	if err != nil {
		return nil, err
	}
	p, err := project.Load(opened, o)
	if err != nil {
		opened.Close()
		return nil, err
	}
	return p, nil
}

// roomy lets the heap grow more than usual before it is searched for garbage, until the function that it returns is
// called: most of what is made while a project is checked stays until that is over. GOGC, if it is set, holds.
func roomy() func() {
	if _, set := os.LookupEnv("GOGC"); set {
		return func() {}
	}
	before := debug.SetGCPercent(200)
	return func() { debug.SetGCPercent(before) }
}

func options(e *env) project.Options {
	return project.Options{Version: version, Cache: project.OpenCache(cacheDir(e))}
}

// cacheDir is where what was derived from specs is kept; "" where there is no such place.
func cacheDir(e *env) string {
	if dir := e.getenv("TENON_CACHE"); dir != "" {
		return e.path(dir)
	}
	dir, err := os.UserCacheDir()
	if err != nil {
		return ""
	}
	return filepath.Join(dir, "tenon")
}

// wellFormed shows a project's errors, if it has any, and ends the command then.
func wellFormed(e *env, p *project.Project, dir string) error {
	if !p.Findings.HasErrors() {
		return nil
	}
	findings := view.Findings{List: onlyErrors(p.Findings), Files: p.Files, Dir: dir}
	findings.Text(e.Stderr, e.style(e.Stderr), false)
	fmt.Fprintln(e.Stderr, findings.Summary(false))
	return status(exitNotWell)
}

// choose returns the plan of the named integration of a project that is well formed.
func choose(p *project.Project, name string) (*plan.Plan, error) {
	if chosen := p.Plans[name]; chosen != nil {
		return chosen, nil
	}
	switch near := diag.Nearest(name, p.Names); {
	case len(p.Names) == 0:
		return nil, errors.New("the project has no integration")
	case near != "":
		return nil, usagef("there is no integration %q; did you mean %q?", name, near)
	default:
		return nil, usagef("there is no integration %q; there is %s", name, strings.Join(p.Names, ", "))
	}
}

// nameAndDir reads the arguments of a command that takes [NAME] [DIR]. A single argument is a
// directory if it looks like a path or there is a directory of that name.
func nameAndDir(e *env, args []string) (name, dir string) {
	switch len(args) {
	case 0:
		return "", "."
	case 2:
		return args[0], args[1]
	}
	arg := args[0]
	if arg == "." || arg == ".." || strings.ContainsRune(arg, filepath.Separator) {
		return "", arg
	}
	if isDir(e, arg) {
		return "", arg
	}
	return arg, "."
}

func isDir(e *env, path string) bool {
	info, err := os.Stat(e.path(path))
	return err == nil && info.IsDir()
}

// complete offers fixed words for a flag's value.
func complete(cmd *cobra.Command, flag string, words ...string) {
	err := cmd.RegisterFlagCompletionFunc(flag, cobra.FixedCompletions(words, cobra.ShellCompDirectiveNoFileComp))
	if err != nil {
		panic("this is a bug in Tenon: " + err.Error())
	}
}

// completeIntegration offers the integrations of the project at hand as first argument, then directories.
func completeIntegration(e *env) cobra.CompletionFunc {
	return func(_ *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
		if len(args) > 0 {
			return nil, cobra.ShellCompDirectiveFilterDirs
		}
		p, err := load(e, ".")
		if err != nil {
			return nil, cobra.ShellCompDirectiveFilterDirs
		}
		defer p.Dir.Close()
		return p.Names, cobra.ShellCompDirectiveNoFileComp
	}
}
