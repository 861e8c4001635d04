package main

import (
	"context"
	"net"
	"net/http"
	"slices"
	"sort"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"tenon/cmd/tenon/internal/project"
	"tenon/runtime/mockapi"
	"tenon/runtime/secret"
	"tenon/spec/diag"
	"tenon/spec/model"
	"tenon/spec/plan"
)

// everyAPI is what --mock means without a name.
const everyAPI = "*"

// mockedAPIs resolves the names given with --mock to those of the project's apis.
func mockedAPIs(p *project.Project, names []string) (map[string]*model.API, error) {
	mocked := map[string]*model.API{}
	for _, name := range names {
		found := false
		for _, a := range p.Model.APIs {
			if name == everyAPI || a.Name == name {
				mocked[a.Name] = a
				found = true
			}
		}
		if !found && name != everyAPI {
			return nil, unknownAPI(p, name)
		}
	}
	return mocked, nil
}

func unknownAPI(p *project.Project, name string) error {
	names := apiNames(p)
	if near := diag.Nearest(name, names); near != "" {
		return usagef("there is no api %q; did you mean %q?", name, near)
	}
	return usagef("there is no api %q; there is %s", name, strings.Join(names, ", "))
}

func apiNames(p *project.Project) []string {
	var names []string
	for _, a := range p.Model.APIs {
		names = append(names, a.Name)
	}
	sort.Strings(names)
	return names
}

// startMocks serves those of a plan's apis that are mocked, each on a port of its own of this
// machine alone, and returns their addresses and what ends them.
func startMocks(p *project.Project, chosen *plan.Plan, mocked map[string]*model.API, seed uint64) (map[string]string, func(), error) {
	addresses := map[string]string{}
	var servers []*http.Server
	end := func() {
		for _, s := range servers {
			s.Close()
		}
	}
	for name := range chosen.APIs {
		api := mocked[name]
		if api == nil {
			continue
		}
		doc, err := p.Document(api)
		if err != nil {
			end()
			return nil, nil, err
		}
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			end()
			return nil, nil, err
		}
		s := mockServer(mockapi.New(doc, mockapi.Options{Seed: seed, Operations: p.Operations[api.Name]}))
		servers = append(servers, s)
		go s.Serve(l) // ends with Close
		addresses[name] = "http://" + l.Addr().String()
	}
	return addresses, end, nil
}

func mockServer(h http.Handler) *http.Server {
	return &http.Server{Handler: h, ReadHeaderTimeout: 10 * time.Second}
}

// secrets finds the secrets that a run needs. Those that only mocked apis see are made up: a mock takes
// any, and nobody should need a real one to try things out.
func secrets(ctx context.Context, e *env, dir string, chosen *plan.Plan, mocked map[string]*model.API) (map[string]secret.Value, error) {
	needed := needed(chosen, mocked)
	var real []*plan.Secret
	out := map[string]secret.Value{}
	for _, s := range chosen.Secrets {
		if slices.Contains(needed, s.Name) {
			real = append(real, s)
		} else {
			out[s.Name] = secret.New("mock-" + s.Name)
		}
	}
	found, err := secret.ResolveAll(ctx, real, secret.Env{Getenv: e.LookupEnv, Dir: e.path(dir)})
	for name, v := range found {
		out[name] = v
	}
	return out, err
}

// needed is the names of the secrets that something else than a mocked api may see.
func needed(p *plan.Plan, mocked map[string]*model.API) []string {
	if len(mocked) > 0 && allMocked(p, mocked) {
		return nil
	}
	private := map[string]bool{}
	shared := map[string]bool{}
	for name, api := range p.APIs {
		into := shared
		if mocked[name] != nil {
			into = private
		}
		for _, x := range api.Exprs() {
			for _, use := range x.Uses {
				if use.Key == "secret" && len(use.Path) > 0 {
					into[use.Path[0]] = true
				}
			}
		}
	}
	var names []string
	for _, s := range p.Secrets {
		if shared[s.Name] || !private[s.Name] {
			names = append(names, s.Name)
		}
	}
	return names
}

func allMocked(p *plan.Plan, mocked map[string]*model.API) bool {
	for name := range p.APIs {
		if mocked[name] == nil {
			return false
		}
	}
	return true
}

// completeAPI offers the apis of the project at hand.
func completeAPI(e *env) cobra.CompletionFunc {
	return func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
		p, err := load(e, ".")
		if err != nil {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		defer p.Dir.Close()
		return apiNames(p), cobra.ShellCompDirectiveNoFileComp
	}
}
