package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	osexec "os/exec"
	"runtime"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"tenon/cmd/tenon/internal/project"
	"tenon/runtime/engine"
	"tenon/runtime/exec"
	"tenon/runtime/transport"
	"tenon/runtime/transport/auth"
	"tenon/runtime/transport/token"
	"tenon/spec/expression"
	"tenon/spec/plan"
)

type loginFlags struct {
	scheme, stateDir string
	vars, varFiles   []string
	device, printURL bool
	timeout          time.Duration
}

// loginTimeout is how long a person may take.
const loginTimeout = 10 * time.Minute

func newLogin(e *env) *cobra.Command {
	var f loginFlags
	cmd := &cobra.Command{
		Use:     "login [API] [DIR]",
		GroupID: groupRun,
		Short:   "Log in to an API once, in a browser or on another device",
		Long: `Gets the token of an API whose auth block has the grant authorization_code or
device_code, and keeps it, encrypted, in the project's state directory (.tenon).
Runs use it from then on and renew it by themselves. Without API it lists the
logins of the project.

The browser comes back to this machine, to a port that is open until then. The key
that encrypts is TENON_KEY (32 bytes in base64), else it is made on first use and
kept in the user's configuration directory.`,
		Example: `  tenon login                  # which APIs need a login, and which have one
  tenon login shop             # opens the page to log in on
  tenon login shop --print-url # prints it instead, for a browser of your choice on this machine
  tenon login shop --device    # gives a code to type in on any other device`,
		Args:              between(0, 2, "an api and at most one directory"),
		ValidArgsFunction: completeLogin(e),
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 || len(args) == 1 && isProject(e, args[0]) {
				return listLogins(cmd.Context(), e, argument(args, 0, "."), f)
			}
			return login(cmd.Context(), e, args[0], argument(args, 1, "."), f)
		},
	}
	loginFlagsOf(cmd, &f)
	cmd.Flags().BoolVar(&f.device, "device", false, "log in on another device, whatever the grant in the project")
	cmd.Flags().BoolVar(&f.printURL, "print-url", false, "print the page's address and open no browser")
	cmd.Flags().DurationVar(&f.timeout, "timeout", loginTimeout, "give up after this `TIME`")
	return cmd
}

func newLogout(e *env) *cobra.Command {
	var f loginFlags
	cmd := &cobra.Command{
		Use:     "logout API [DIR]",
		GroupID: groupRun,
		Short:   "Forget a login",
		Long: `Removes what tenon login has kept for an API. The server is not told: to make the
token void there, use the provider's own page.`,
		Example:           `  tenon logout shop`,
		Args:              between(1, 2, "an api and at most one directory"),
		ValidArgsFunction: completeLogin(e),
		RunE: func(cmd *cobra.Command, args []string) error {
			return logout(cmd.Context(), e, args[0], argument(args, 1, "."), f)
		},
	}
	loginFlagsOf(cmd, &f)
	return cmd
}

func loginFlagsOf(cmd *cobra.Command, f *loginFlags) {
	cmd.Flags().StringVar(&f.scheme, "auth", "", "the auth block, by its `LABEL`, where the api has several that need a login")
	cmd.Flags().StringVar(&f.stateDir, "state-dir", "", "keep state in `DIR`; otherwise TENON_STATE_DIR, else .tenon in the project")
	cmd.Flags().StringArrayVar(&f.vars, "var", nil, "a variable, as `NAME=VALUE`")
	cmd.Flags().StringArrayVar(&f.varFiles, "var-file", nil, "variables, as a JSON object in `FILE`")
}

func isProject(e *env, arg string) bool {
	name, _ := nameAndDir(e, []string{arg})
	return name == ""
}

// completeLogin offers the apis that need a login.
func completeLogin(e *env) cobra.CompletionFunc {
	return func(_ *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
		if len(args) > 0 {
			return nil, cobra.ShellCompDirectiveFilterDirs
		}
		p, err := load(e, ".")
		if err != nil {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		defer p.Dir.Close()
		return slices.Sorted(maps.Keys(interactive(p))), cobra.ShellCompDirectiveNoFileComp
	}
}

// interactive is the auth blocks that need a login, by api; each with a plan that uses the api.
func interactive(p *project.Project) map[string]map[string]*plan.Plan {
	out := map[string]map[string]*plan.Plan{}
	for _, chosen := range p.Plans {
		for name, api := range chosen.APIs {
			for scheme, a := range api.Auth {
				if a.Grant != token.AuthorizationCode && a.Grant != token.DeviceCode {
					continue
				}
				if out[name] == nil {
					out[name] = map[string]*plan.Plan{}
				}
				out[name][scheme] = chosen
			}
		}
	}
	return out
}

// wanted returns the auth block that the user means, and a plan that uses it.
func wanted(p *project.Project, api, scheme string) (*plan.Plan, string, error) {
	schemes := interactive(p)[api]
	if schemes == nil {
		if slices.Contains(apiNames(p), api) {
			return nil, "", usagef("api %q needs no login: a login is for an auth block with grant = \"authorization_code\" or \"device_code\" that an integration uses", api)
		}
		return nil, "", unknownAPI(p, api)
	}
	names := slices.Sorted(maps.Keys(schemes))
	switch {
	case scheme == "" && len(names) > 1:
		return nil, "", usagef("api %q has several auth blocks that need a login: choose one with --auth, of %s", api, strings.Join(names, ", "))
	case scheme == "":
		scheme = names[0]
	case schemes[scheme] == nil:
		return nil, "", usagef("api %q has no auth block %q that needs a login; there is %s", api, scheme, strings.Join(names, ", "))
	}
	return schemes[scheme], scheme, nil
}

// listener is a host that hears which credentials a run would have.
type listener struct {
	exec.Host
	heard []auth.Given
}

func (l *listener) Credential(g auth.Given) (transport.Credential, error) {
	l.heard = append(l.heard, g)
	return l.Host.Credential(g)
}

// credentialOf computes an auth block, by a run of a plan that has nothing else in it.
func credentialOf(ctx context.Context, e *env, dir, api, scheme string, chosen *plan.Plan, f loginFlags) (auth.Given, error) {
	alone := *chosen.APIs[api]
	alone.Auth = map[string]*plan.Auth{scheme: alone.Auth[scheme]}
	alone.Server, alone.Headers = expression.Constant("https://login.invalid", alone.Range), nil // not needed, and may need more
	p := &plan.Plan{Version: chosen.Version, Integration: "login", APIs: map[string]*plan.API{api: &alone}, Steps: &plan.Block{}, Files: chosen.Files}
	used := map[string]bool{}
	for _, x := range alone.Exprs() {
		for _, use := range x.Uses {
			if len(use.Path) > 0 {
				used[use.Key+"."+use.Path[0]] = true
			}
		}
	}
	for _, v := range chosen.Variables {
		if used["var."+v.Name] {
			p.Variables = append(p.Variables, v)
		}
	}
	for _, s := range chosen.Secrets {
		if used["secret."+s.Name] {
			p.Secrets = append(p.Secrets, s)
		}
	}
	values, err := given{what: "variable", flag: "--var", pairs: f.vars, files: f.varFiles, prefix: "TENON_VAR_"}.values(e, p.Variables)
	if err != nil {
		return auth.Given{}, err
	}
	found, err := secrets(ctx, e, dir, p, nil)
	if err != nil {
		return auth.Given{}, err
	}
	program, err := exec.Compile(p)
	if err != nil {
		return auth.Given{}, err
	}
	var l *listener
	host := engine.New(engine.Options{Host: func(h exec.Host) exec.Host { l = &listener{Host: h}; return l }})
	defer host.Close()
	result := host.Run(ctx, program, exec.Inputs{Variables: values, Secrets: found})
	if result.Error != nil {
		return auth.Given{}, result.Error
	}
	if l == nil || len(l.heard) != 1 {
		return auth.Given{}, errors.New("no credential was made; this is a bug in Tenon")
	}
	return l.heard[0], nil
}

// client computes the client that an auth block describes, and how its server is reached.
func client(ctx context.Context, e *env, dir, api, scheme string, chosen *plan.Plan, f loginFlags) (*token.Config, *transport.TLS, error) {
	given, err := credentialOf(ctx, e, dir, api, scheme, chosen, f)
	if err != nil {
		return nil, nil, err
	}
	c, err := auth.TokenConfig(given)
	if err != nil {
		return nil, nil, fmt.Errorf("auth %q of api %q: %w", scheme, api, err)
	}
	if f.device {
		c.Grant = token.DeviceCode
	}
	return c, given.TLS, nil
}

// named finds the client that an api of the project signs in with, and how its server is reached.
func named(ctx context.Context, e *env, api, dir string, f loginFlags) (*token.Config, *transport.TLS, error) {
	p, err := load(e, dir)
	if err != nil {
		return nil, nil, err
	}
	defer p.Dir.Close()
	if err := wellFormed(e, p, dir); err != nil {
		return nil, nil, err
	}
	chosen, scheme, err := wanted(p, api, f.scheme)
	if err != nil {
		return nil, nil, err
	}
	return client(ctx, e, dir, api, scheme, chosen, f)
}

func login(ctx context.Context, e *env, api, dir string, f loginFlags) error {
	c, tls, err := named(ctx, e, api, dir, f)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeoutCause(ctx, f.timeout, fmt.Errorf("nobody logged in within %s", f.timeout))
	defer cancel()
	m := token.NewManager(tokens(e, stateDir(e, dir, f.stateDir)), nil)
	t, err := m.Login(ctx, c, transport.New(transport.Options{}).Via(tls), func(prompt token.Prompt) { ask(e, prompt, f.printURL) })
	if err != nil {
		style := e.style(e.Stderr)
		fmt.Fprintf(e.Stderr, "%s %s\n", style.Red("not logged in:"), err)
		return status(exitNotWell)
	}
	fmt.Fprintf(e.Stderr, "Logged in to %s%s.\n", api, lasting(t))
	return nil
}

// lasting says how long a login holds, if that is less than for good.
func lasting(t token.Token) string {
	switch {
	case t.Refresh != "":
		return ""
	case t.Expiry.IsZero():
		return "; the server gave nothing to renew it with"
	}
	return fmt.Sprintf(" until %s; the server gave nothing to renew it with. Many servers do for the scope offline_access", t.Expiry.Local().Format("2006-01-02 15:04"))
}

// ask tells the person what to do. What must be opened goes to stdout, for whoever passes it on.
func ask(e *env, p token.Prompt, printURL bool) {
	if p.Code != "" {
		fmt.Fprintf(e.Stderr, "Open this page on any device and give it the code %s:\n", e.style(e.Stderr).Bold(p.Code))
	} else {
		fmt.Fprintln(e.Stderr, "Log in on this page, in a browser on this machine:")
	}
	fmt.Fprintln(e.Stdout, p.URL)
	if _, live := terminal(e.Stderr); p.Local && !printURL && live {
		openBrowser(p.URL)
	}
}

// openBrowser shows a page, if it can. Nobody waits for it: the address has been printed.
func openBrowser(url string) {
	name, args := "xdg-open", []string{url}
	switch runtime.GOOS {
	case "darwin":
		name = "open"
	case "windows":
		name, args = "rundll32", []string{"url.dll,FileProtocolHandler", url}
	}
	cmd := osexec.Command(name, args...)
	cmd.Stdout, cmd.Stderr = io.Discard, io.Discard
	if cmd.Start() == nil {
		go cmd.Wait() // ends when the browser has been told
	}
}

func logout(ctx context.Context, e *env, api, dir string, f loginFlags) error {
	c, _, err := named(ctx, e, api, dir, f)
	if err != nil {
		return err
	}
	m := token.NewManager(tokens(e, stateDir(e, dir, f.stateDir)), nil)
	if _, ok, err := m.Kept(ctx, c); err == nil && !ok {
		fmt.Fprintf(e.Stderr, "Nobody is logged in to %s.\n", api)
		return nil
	}
	if err := m.Logout(ctx, c); err != nil {
		return err
	}
	fmt.Fprintf(e.Stderr, "Logged out of %s.\n", api)
	return nil
}

// listLogins shows which APIs need a login, and which have one.
func listLogins(ctx context.Context, e *env, dir string, f loginFlags) error {
	p, err := load(e, dir)
	if err != nil {
		return err
	}
	defer p.Dir.Close()
	if err := wellFormed(e, p, dir); err != nil {
		return err
	}
	all := interactive(p)
	if len(all) == 0 {
		fmt.Fprintln(e.Stderr, "No API of this project needs a login.")
		return nil
	}
	m := token.NewManager(tokens(e, stateDir(e, dir, f.stateDir)), nil)
	w := tabwriter.NewWriter(e.Stdout, 0, 0, 2, ' ', 0)
	var problems []error
	for _, api := range slices.Sorted(maps.Keys(all)) {
		for _, scheme := range slices.Sorted(maps.Keys(all[api])) {
			c, _, err := client(ctx, e, dir, api, scheme, all[api][scheme], f)
			if err != nil {
				problems = append(problems, err)
				fmt.Fprintf(w, "%s\t%s\tunknown\n", api, scheme)
				continue
			}
			t, ok, err := m.Kept(ctx, c)
			fmt.Fprintf(w, "%s\t%s\t%s\n", api, scheme, loginState(t, ok, err))
		}
	}
	if err := w.Flush(); err != nil {
		return err
	}
	return errors.Join(problems...)
}

func loginState(t token.Token, ok bool, err error) string {
	switch {
	case err != nil:
		return "unreadable: " + err.Error()
	case !ok:
		return "not logged in"
	case !t.Valid(time.Now()):
		return "expired"
	}
	return "logged in"
}
