package trial

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"sync"
	"time"

	"tenon/runtime/event"
	"tenon/runtime/exec"
	"tenon/runtime/secret"
	"tenon/runtime/transport"
	"tenon/spec/types"
)

// Recorder makes a cassette of a run: it stands between the run and its host. It is safe for concurrent use.
type Recorder struct {
	redactor *secret.Redactor
	main     string        // the integration
	shift    time.Duration // from the host's clock to what expressions see

	mu    sync.Mutex
	c     Cassette
	state map[string]any // of the integration, before the run
	fresh map[exec.Claim]bool
	old   map[exec.Claim]bool
	err   error
}

// NewRecorder returns a recorder of the run with an ID that began when its clock showed the given time. Secrets that the
// redactor knows are not recorded.
func NewRecorder(run, integration string, began time.Time, redactor *secret.Redactor) *Recorder {
	return &Recorder{redactor: redactor, main: integration, fresh: map[exec.Claim]bool{}, old: map[exec.Claim]bool{},
		c: Cassette{Version: CassetteVersion, Run: run, Began: began, Times: map[string]time.Time{}, Servers: map[string]string{}, States: map[string]json.RawMessage{}, Exchanges: []*Exchange{}}}
}

// Pretend makes expressions see the given time when the run begins.
func (r *Recorder) Pretend(now time.Time) {
	r.shift = now.Sub(r.c.Began)
	r.c.Began = now
}

// Host returns a host that records what is asked of another one.
func (r *Recorder) Host(h exec.Host) exec.Host { return &recording{h, r} }

// Cassette returns what was recorded, and what the integration had kept before. The error says what could not be.
func (r *Recorder) Cassette() (*Cassette, map[string]any, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.c.Seen = map[string][]string{}
	for _, c := range slices.SortedFunc(maps.Keys(r.old), func(a, b exec.Claim) int { return compareText(a.Loop+"\x00"+a.Key, b.Loop+"\x00"+b.Key) }) {
		if !r.fresh[c] {
			r.c.Seen[c.Loop] = append(r.c.Seen[c.Loop], c.Key)
		}
	}
	return &r.c, r.state, r.err
}

func compareText(a, b string) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}

type recording struct {
	exec.Host
	r *Recorder
}

func (h *recording) Today(key string) time.Time {
	now := h.Host.Today(key).Add(h.r.shift)
	h.r.mu.Lock()
	defer h.r.mu.Unlock()
	h.r.c.Times[key] = now
	return now
}

// Wait is until a time that expressions see.
func (h *recording) Wait(ctx context.Context, key string, until time.Time) error {
	return h.Host.Wait(ctx, key, until.Add(-h.r.shift))
}

func (h *recording) Claim(ctx context.Context, c exec.Claim) (bool, error) {
	fresh, err := h.Host.Claim(ctx, c)
	if err == nil {
		h.r.mu.Lock()
		defer h.r.mu.Unlock()
		key := exec.Claim{Loop: c.Loop, Key: c.Key}
		if fresh {
			h.r.fresh[key] = true
		} else {
			h.r.old[key] = true
		}
	}
	return fresh, err
}

func (h *recording) State(ctx context.Context, integration string) (map[string]any, error) {
	state, err := h.Host.State(ctx, integration)
	if err != nil {
		return state, err
	}
	h.r.mu.Lock()
	defer h.r.mu.Unlock()
	if integration == h.r.main {
		if h.r.state == nil {
			h.r.state = state
		}
		return state, nil
	}
	if _, asked := h.r.c.States[integration]; asked || len(state) == 0 {
		return state, nil
	}
	text, err := types.AppendJSON(nil, state)
	h.r.c.States[integration] = text
	return state, err
}

// Perform records what is asked and answered. Answers that the run would read as they arrive are read before.
func (h *recording) Perform(ctx context.Context, r *exec.Request) (*transport.Response, error) {
	whole := *r
	whole.Stream = nil
	res, err := h.Host.Perform(ctx, &whole)
	h.r.record(r, res, err)
	if res != nil && res.Unread == nil && r.Stream != nil && r.Stream(res.Status, res.Header) {
		streamed := *res
		streamed.Unread, streamed.Body = transport.NewUnread(res.Body), nil
		return &streamed, err
	}
	return res, err
}

func (r *Recorder) record(req *exec.Request, res *transport.Response, err error) {
	shown := exec.Show(req, 0)
	x := &Exchange{API: req.API, Operation: req.Operation, Step: req.Step, Request: &RecordedRequest{
		Method: req.Method, URL: r.redactor.Redact(shown.URL), Headers: r.headers(req.Header, shown.Headers),
		Body: newContent(req.Body, req.Header.Get("Content-Type"), r.redactor.Redact)}}
	if req.Source != nil {
		x.Request.Body = &Content{Streamed: true}
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.c.Servers[req.API] = r.redactor.Redact(req.Base)
	var lost *transport.Error
	switch {
	case errors.As(err, &lost) && (lost.Cause == event.Network || lost.Cause == event.Timeout):
		x.Error, x.Attempts = string(lost.Cause), several(lost.Attempts)
	case err != nil:
		r.fail("what %s was told cannot be recorded: %s", req.Key, err)
		return
	case len(res.Body) > MaxRecorded || len(req.Body) > MaxRecorded:
		r.fail("%s has a body of more than %d MB, the most that a cassette keeps of one", req.Key, MaxRecorded>>20)
		return
	default:
		x.Answer = &RecordedAnswer{Status: res.Status, Headers: r.answered(res.Header), Body: newContent(res.Body, res.Header.Get("Content-Type"), r.redactor.Redact)}
		if res.Status >= 400 {
			x.Attempts = several(res.Attempts)
		}
	}
	r.c.Exchanges = append(r.c.Exchanges, x)
}

func several(attempts int) int {
	if attempts < 2 {
		return 0
	}
	return attempts
}

func (r *Recorder) fail(format string, args ...any) {
	if r.err == nil {
		r.err = errors.New(r.redactor.Redact(fmt.Sprintf(format, args...)))
	}
}

// headers are those of a request that are not credentials: what [exec.Show] hides stays hidden.
func (r *Recorder) headers(h http.Header, shown []event.Header) http.Header {
	out := http.Header{}
	for _, x := range shown {
		switch http.CanonicalHeaderKey(x.Name) {
		case "Authorization", "Proxy-Authorization", "Cookie":
			continue
		}
		if len(h[http.CanonicalHeaderKey(x.Name)]) > 0 {
			out.Set(x.Name, r.redactor.Redact(x.Value))
		}
	}
	return out
}

// answered are the headers of an answer that say something about it, not about the connection.
func (r *Recorder) answered(h http.Header) http.Header {
	out := http.Header{}
	for name, values := range h {
		switch name {
		case "Set-Cookie", "Connection", "Keep-Alive", "Transfer-Encoding", "Content-Length", "Date", "Trailer", "Upgrade", "Proxy-Authenticate", "Alt-Svc", "Strict-Transport-Security":
			continue
		}
		for _, v := range values {
			out.Add(name, r.redactor.Redact(v))
		}
	}
	return out
}
