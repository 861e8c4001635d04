package trial

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"tenon/runtime/event"
	"tenon/runtime/exec"
	"tenon/runtime/transport"
	"tenon/spec/types"
)

// host is what a run stands on: the engine's, but its branches take turns, and its requests are known to the mocks.
type host struct {
	exec.Host
	t *trial
}

func (h *host) Branches(limit int) exec.Branches { return h.t.turns.branches(limit) }

// Lock waits until no other item holds the name. What a run keeps after it is of no concern here.
func (h *host) Lock(ctx context.Context, name string) (func(keep bool), error) {
	t := h.t
	free := func() bool {
		if t.held[name] {
			return false
		}
		t.held[name] = true
		return true
	}
	t.turns.mu.Lock()
	taken := free()
	t.turns.mu.Unlock()
	if !taken {
		got := false
		t.turns.wait(ctx, func() bool {
			got = got || free()
			return got
		})
		if !got {
			return nil, context.Cause(ctx)
		}
	}
	return func(bool) {
		t.turns.mu.Lock()
		defer t.turns.mu.Unlock()
		delete(t.held, name)
	}, nil
}

// Today is what the recorded run saw, where there is a recording.
func (h *host) Today(key string) time.Time {
	if t := h.t.tape; t != nil {
		if then, ok := t.Times[key]; ok {
			return then.Add(t.shift)
		}
	}
	return h.Host.Today(key)
}

// Claim passes over the items that the recorded run passed over.
func (h *host) Claim(ctx context.Context, c exec.Claim) (bool, error) {
	if t := h.t.tape; t != nil && slices.Contains(t.Seen[c.Loop], c.Key) {
		return false, nil
	}
	return h.Host.Claim(ctx, c)
}

// State is what other integrations had kept before the recorded run.
func (h *host) State(ctx context.Context, integration string) (map[string]any, error) {
	state, err := h.Host.State(ctx, integration)
	if t := h.t.tape; t != nil && err == nil && state == nil && t.States[integration] != nil {
		v, err := types.DecodeJSON(t.States[integration], types.Limits{})
		state, _ = v.(map[string]any)
		return state, err
	}
	return state, err
}

// askedHeader says which of the run's requests a request is.
const askedHeader = "Tenon-Asked"

func (h *host) Perform(ctx context.Context, r *exec.Request) (*transport.Response, error) {
	known := *r
	known.Header = r.Header.Clone()
	known.Header.Set(askedHeader, h.t.ask(r))
	return h.Host.Perform(clocked{ctx}, &known)
}

// RoundTrip carries a request to the mocks, wherever it means to go.
func (t *trial) RoundTrip(r *http.Request) (*http.Response, error) {
	asked := t.asked(r.Header.Get(askedHeader))
	if asked == nil { // after a redirect to another host
		api := t.hosts[transport.Host(r.URL)]
		if api == "" {
			return nil, &transport.Error{Cause: event.Network, Message: "a test reaches no host but those of its mocks"}
		}
		r = r.Clone(r.Context())
		r.Header.Set(askedHeader, t.ask(&exec.Request{API: api}))
		asked = &exec.Request{API: api}
	}
	to := r.Clone(r.Context())
	to.Header.Set(trialHeader, t.id)
	path := r.URL.EscapedPath()
	if base := t.bases[asked.API].EscapedPath(); strings.HasPrefix(path, base+"/") {
		path = path[len(base):]
	}
	to.URL = &url.URL{Scheme: "http", Host: r.URL.Host, RawQuery: r.URL.RawQuery}
	to.URL.Path, to.URL.RawPath = path, path
	if plain, err := url.PathUnescape(path); err == nil {
		to.URL.Path = plain
	}
	res, err := t.bench.base.RoundTrip(to)
	if err != nil {
		return nil, err
	}
	fault := res.Header.Get(trialHeader)
	if fault == "" {
		return res, nil
	}
	res.Body.Close()
	if fault == "network" {
		return nil, errors.New("the mock answers with a network error")
	}
	return nil, t.timeOut(r.Context(), asked)
}

// timeOut waits until the attempt's time is over.
func (t *trial) timeOut(ctx context.Context, r *exec.Request) error {
	limit := r.Timeout
	if limit == 0 {
		limit = transport.DefaultTimeout
	}
	if r.Stream == nil && r.Source == nil {
		t.turns.wait(ctx, nil)
		return context.Cause(ctx)
	}
	t.turns.Sleep(ctx, limit) // their time is that in which nothing comes, on the real clock
	return &transport.Error{Cause: event.Timeout, Sent: true, Message: "nothing came or went for " + limit.String()}
}

// ask notes a request of the run, and returns its name.
func (t *trial) ask(r *exec.Request) string {
	t.mu.Lock()
	defer t.mu.Unlock()
	key := r.API + "\x00" + r.Key
	name := strings.Map(func(c rune) rune {
		if c < ' ' || c > '~' {
			return '.'
		}
		return c
	}, key)
	t.requests[name] = r
	return name
}

func (t *trial) asked(name string) *exec.Request {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.requests[name]
}

// runtime is what expressions of the test ask the world.
type runtime struct{ t *trial }

func (r runtime) Now() time.Time { return r.t.turns.Now() }

func (r runtime) UUID() string {
	r.t.mu.Lock()
	defer r.t.mu.Unlock()
	r.t.ids++
	return uuid(r.t.test.Name, r.t.test.Seed, r.t.ids)
}
