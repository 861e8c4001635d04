package trial

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"sync"
	"time"

	"tenon/runtime/codec"
	"tenon/runtime/mockapi"
	"tenon/spec/openapi"
	"tenon/spec/plan"
	"tenon/spec/types"
)

// API is an API of the project as its mock knows it.
type API struct {
	Document   *openapi.Document
	Operations []*openapi.Operation // that the project declares itself
}

// Options of a bench.
type Options struct {
	// API returns one of the project's APIs by name. It is asked once for each that a test needs, one after the other.
	API func(name string) (*API, error)
	// ReadFile reads a file of the project, a cassette. The error is a clause that does not name it.
	ReadFile func(name string) ([]byte, error)
	// Files is as in exec.Inputs; nil: requests send no files.
	Files func(f *types.FileValue) (codec.Source, error)
}

// Bench is where tests are carried out: it serves the mocks of a project's APIs on one port of this machine. It is
// safe for concurrent use.
type Bench struct {
	o      Options
	server *http.Server
	base   *http.Transport // goes nowhere but to server
	addr   string

	reading sync.Mutex
	mu      sync.Mutex
	apis    map[string]*entry
	trials  map[string]*trial // under way, by ID
	next    int
}

// entry is an API that is read once.
type entry struct {
	once   sync.Once
	server *mockapi.Server
	err    error
}

// New opens a bench. The error is that of the system, which has no port for it.
func New(o Options) (*Bench, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("the mocks cannot be served: %w", err)
	}
	b := &Bench{o: o, addr: l.Addr().String(), apis: map[string]*entry{}, trials: map[string]*trial{}}
	b.server = &http.Server{Handler: b, ReadHeaderTimeout: time.Minute}
	b.base = &http.Transport{
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			var d net.Dialer
			return d.DialContext(ctx, "tcp", b.addr)
		},
		MaxIdleConnsPerHost: 64, DisableCompression: true,
	}
	go b.server.Serve(l) // ends with Close
	return b, nil
}

// Close ends the mocks. No test is under way any more.
func (b *Bench) Close() {
	b.base.CloseIdleConnections()
	b.server.Close()
}

// api returns the mock of an API.
func (b *Bench) api(name string) (*mockapi.Server, error) {
	b.mu.Lock()
	e := b.apis[name]
	if e == nil {
		e = &entry{}
		b.apis[name] = e
	}
	b.mu.Unlock()
	e.once.Do(func() {
		b.reading.Lock()
		defer b.reading.Unlock()
		var a *API
		if a, e.err = b.o.API(name); e.err == nil {
			e.server = mockapi.New(a.Document, mockapi.Options{Operations: a.Operations})
		}
	})
	return e.server, e.err
}

// enter makes a trial known to the server.
func (b *Bench) enter(t *trial) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.next++
	t.id = fmt.Sprint(b.next)
	b.trials[t.id] = t
}

func (b *Bench) leave(t *trial) {
	b.mu.Lock()
	defer b.mu.Unlock()
	delete(b.trials, t.id)
}

// trialHeader tells the server whose request it is, and the client what a mock does instead of answering. No run sees it.
const trialHeader = "Tenon-Trial"

// ServeHTTP serves the mocks of all trials.
func (b *Bench) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	b.mu.Lock()
	t := b.trials[r.Header.Get(trialHeader)]
	b.mu.Unlock()
	if t == nil { // somebody else on this machine
		http.Error(w, "these are mocks of a test that is under way", http.StatusNotFound)
		return
	}
	t.serve(w, r)
}

// operation is how plans name an operation.
func operation(op *openapi.Operation) string {
	if op.ID != "" {
		return op.ID
	}
	return op.Method + " " + op.Path
}

// calls are those that a run of a plan may make.
func calls(p *plan.Plan) []*plan.Call { return p.Calls() }
