package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"tenon/cmd/tenon/internal/project"
	"tenon/cmd/tenon/internal/view"
	"tenon/runtime/mockapi"
	"tenon/spec/model"
)

type mockFlags struct {
	listen string
	seed   uint64
	items  int
	quiet  bool
}

func newMock(e *env) *cobra.Command {
	var f mockFlags
	cmd := &cobra.Command{
		Use:     "mock [API] [DIR]",
		GroupID: groupRun,
		Short:   "Serve the specs of a project as strict mocks",
		Long: `Serves an api of the project, or all of them, each on a port of its own, from their
specs alone. A request that the spec forbids is refused with the reason; answers
are made from the schemas, the same ones for the same seed; lists have pages.
It runs until it is interrupted, and logs each request on standard error.`,
		Example: `  tenon mock
  tenon mock shop --listen 127.0.0.1:8080
  tenon mock shop integrations/quickstart --seed 7`,
		Args: between(0, 2, "an api and a directory at most"),
		ValidArgsFunction: func(cmd *cobra.Command, args []string, text string) ([]string, cobra.ShellCompDirective) {
			if len(args) > 0 {
				return nil, cobra.ShellCompDirectiveFilterDirs
			}
			return completeAPI(e)(cmd, args, text)
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			name, dir := nameAndDir(e, args)
			return mock(cmd.Context(), e, name, dir, f)
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&f.listen, "listen", "127.0.0.1:4010", "`ADDRESS` of the first mock; the others take the ports after it (port 0: any free ones)")
	flags.Uint64Var(&f.seed, "seed", 1, "`NUMBER` that the data grow from")
	flags.IntVar(&f.items, "items", 25, "`NUMBER` of items that a paginated list has")
	flags.BoolVarP(&f.quiet, "quiet", "q", false, "do not log requests")
	return cmd
}

// mock serves until ctx ends.
func mock(ctx context.Context, e *env, name, dir string, f mockFlags) error {
	p, err := load(e, dir)
	if err != nil {
		return err
	}
	defer p.Dir.Close()
	if name == "" {
		name = everyAPI
	}
	chosen, err := mockedAPIs(p, []string{name})
	if err != nil {
		return err
	}
	if len(chosen) == 0 {
		return errors.New("the project has no api")
	}
	log := &requestLog{w: e.Stderr, s: e.style(e.Stderr), quiet: f.quiet}
	var mocks []*served
	defer func() {
		for _, m := range mocks {
			m.stop()
		}
	}()
	for _, name := range apiNames(p) {
		if chosen[name] == nil {
			continue
		}
		m, err := serve(p, chosen[name], len(mocks), f, log)
		if err != nil {
			return err
		}
		mocks = append(mocks, m)
		fmt.Fprintf(e.Stdout, "%s http://%s\n", name, m.address)
	}
	select {
	case <-ctx.Done():
		return nil
	case err := <-first(mocks):
		return err
	}
}

// served is one mock that is being served.
type served struct {
	server  *http.Server
	address string
	ended   chan error
}

func serve(p *project.Project, api *model.API, number int, f mockFlags, log *requestLog) (*served, error) {
	doc, err := p.Document(api)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", api.Spec.Value, err)
	}
	address, err := nth(f.listen, number)
	if err != nil {
		return nil, err
	}
	l, err := net.Listen("tcp", address)
	if err != nil {
		return nil, err
	}
	items := f.items
	if items == 0 {
		items = -1 // none at all; 0 is the default there
	}
	handler := mockapi.New(doc, mockapi.Options{Seed: f.seed, Items: items, Operations: p.Operations[api.Name], Log: func(x mockapi.Exchange) { log.write(api.Name, x) }})
	m := &served{server: mockServer(handler), address: l.Addr().String(), ended: make(chan error, 1)}
	go func() { m.ended <- m.server.Serve(l) }()
	return m, nil
}

func (m *served) stop() {
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	if m.server.Shutdown(ctx) != nil {
		m.server.Close()
	}
}

// first tells of the first mock that ends by itself.
func first(mocks []*served) <-chan error {
	out := make(chan error, len(mocks))
	for _, m := range mocks {
		go func() { out <- <-m.ended }()
	}
	return out
}

// nth is the address with its port moved on by n.
func nth(address string, n int) (string, error) {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return "", usagef("--listen takes HOST:PORT, not %q", address)
	}
	number, err := strconv.ParseUint(port, 10, 16)
	if err != nil {
		return "", usagef("--listen takes a port from 0 to 65535, not %q", port)
	}
	if number > 0 {
		number += uint64(n)
	}
	return net.JoinHostPort(host, strconv.FormatUint(number, 10)), nil
}

// requestLog writes a line per request.
type requestLog struct {
	mu    sync.Mutex
	w     io.Writer
	s     view.Style
	quiet bool
}

func (l *requestLog) write(api string, x mockapi.Exchange) {
	if l.quiet {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	view.Exchange(l.w, l.s, api, x)
}
