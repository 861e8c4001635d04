package trigger

import (
	"bytes"
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"tenon/runtime/codec"
	"tenon/runtime/inbound"
	"tenon/runtime/secret"
	"tenon/spec/plan"
	"tenon/spec/types"
)

// Defaults of [HookOptions].
const (
	DefaultMaxBody  = 8 << 20
	DefaultMaxBytes = 64 << 20
)

// HookOptions bound what requests may cost. The zero value has the defaults.
type HookOptions struct {
	MaxBody  int64 // of one request; 0: DefaultMaxBody
	MaxBytes int64 // of all bodies that are in memory at once; 0: DefaultMaxBytes
	Now      func() time.Time
	Tell     func(Fact) // may be nil; called by several requests at once
}

// Hooks takes the requests of webhooks and of served operations. It is safe for concurrent use.
type Hooks struct {
	o      HookOptions
	ledger Ledger
	byPath map[string]*hook
	bytes  *atomic.Int64 // of bodies in memory

	runner   Runner
	routes   inbound.Routes[*route]
	unserved inbound.Routes[*route] // all operations of the same documents
	answers  *answers
}

type hook struct {
	target   *Target
	webhook  *plan.Webhook // of the outline: the program may rest
	verifier *Verifier
	token    secret.Value // of the challenge
	headers  func() bool  // its expressions read them
}

// NewHooks makes the handler for webhooks, with paths that differ, and for operations. Without operations it needs no
// runner.
func NewHooks(ctx context.Context, webhooks, operations []*Target, ledger Ledger, runner Runner, o HookOptions) (*Hooks, error) {
	if o.MaxBody == 0 {
		o.MaxBody = DefaultMaxBody
	}
	if o.MaxBytes == 0 {
		o.MaxBytes = DefaultMaxBytes
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Tell == nil {
		o.Tell = func(Fact) {}
	}
	h := &Hooks{o: o, ledger: ledger, byPath: map[string]*hook{}, bytes: &atomic.Int64{}, runner: runner, answers: newAnswers()}
	for _, t := range webhooks {
		x, err := newHook(ctx, t)
		if err != nil {
			return nil, fmt.Errorf("trigger %q of %s: %w", t.Name, t.integration(), err)
		}
		path := strings.TrimRight(x.webhook.Path, "/")
		if h.byPath[path] != nil {
			return nil, fmt.Errorf("trigger %q of %s: another webhook has the path %s", t.Name, t.integration(), x.webhook.Path)
		}
		h.byPath[path] = x
	}
	return h, h.addServed(ctx, operations)
}

func newHook(ctx context.Context, t *Target) (*hook, error) {
	x := &hook{target: t}
	if p := triggerOf(t.Program.Outline(), t.Name); p != nil {
		x.webhook = p.Webhook
	}
	if x.webhook == nil {
		return nil, errors.New("it is no webhook of the plan")
	}
	x.headers = sync.OnceValue(func() bool { return reads(triggerOf(t.Program.Plan(), t.Name), "headers") })
	secrets, f := t.Program.Credentials(ctx, t.Name, t.Inputs, t.Clock)
	if f != nil {
		return nil, errors.New(f.Message)
	}
	x.token = secrets["challenge"]
	delete(secrets, "challenge")
	var err error
	x.verifier, err = NewVerifier(x.webhook.Verify, secrets)
	return x, err
}

// triggerOf finds a trigger of a plan; nil if there is none.
func triggerOf(p *plan.Plan, name string) *plan.Trigger {
	for _, t := range p.Triggers {
		if t.Name == name {
			return t
		}
	}
	return nil
}

// reads reports whether expressions of a trigger read a part of what it saw.
func reads(t *plan.Trigger, part string) bool {
	for _, x := range t.Exprs() {
		for _, u := range x.Uses {
			if u.Key == "trigger" && (len(u.Path) == 0 || u.Path[0] == part) {
				return true
			}
		}
	}
	return false
}

// Has reports whether a path is one of a webhook.
func (h *Hooks) Has(path string) bool { return h.byPath[strings.TrimRight(path, "/")] != nil }

// ServeHTTP answers webhooks 202 when the event is on disk (or was before), 200 when it starts nothing, 401 to what
// is not genuine, 4xx to what cannot be used, and 503 with Retry-After when there is too much to do; operations as their
// triggers say.
func (h *Hooks) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	x := h.byPath[strings.TrimRight(r.URL.Path, "/")]
	switch {
	case x == nil:
		if x, path := h.find(w, r); x != nil {
			h.serve(w, r, x, path)
		}
		return
	case r.Method == http.MethodGet && x.webhook.Challenge != nil:
		h.challenge(w, r, x)
		return
	case r.Method != http.MethodPost && r.Method != http.MethodPut:
		w.Header().Set("Allow", "POST")
		problem(w, http.StatusMethodNotAllowed, "A webhook takes POST.")
		return
	}
	now := h.o.Now()
	body, release, failed := h.read(w, r)
	defer release()
	if failed != nil {
		h.refuse(w, x, now, failed)
		return
	}
	h.deliver(w, r, x, body, now)
}

// refused is why a request is not taken.
type refused struct {
	status       int
	what, reason string
}

func (h *Hooks) refuse(w http.ResponseWriter, x *hook, at time.Time, f *refused) {
	if f.status == http.StatusServiceUnavailable {
		w.Header().Set("Retry-After", "5")
	}
	h.tell(x, Fact{What: f.what, Reason: f.reason, At: at})
	problem(w, f.status, f.reason)
}

func (h *Hooks) tell(x *hook, f Fact) {
	f.Integration, f.Trigger = x.target.integration(), x.target.Name
	f.Reason = x.target.Inputs.Redactor.Redact(f.Reason)
	h.o.Tell(f)
}

// bodies holds what bodies are read into. Nothing refers to one when its request has been answered.
var bodies = sync.Pool{New: func() any { return new(bytes.Buffer) }}

// maxPooled is the size of the largest buffer that waits for another body.
const maxPooled = 64 << 10

// read takes the body into memory, if there is room for it. The body may be used until release.
func (h *Hooks) read(w http.ResponseWriter, r *http.Request) (body []byte, release func(), failed *refused) {
	size := r.ContentLength
	if size < 0 {
		size = h.o.MaxBody
	}
	if size > h.o.MaxBody {
		return nil, func() {}, &refused{http.StatusRequestEntityTooLarge, "invalid", fmt.Sprintf("The body is larger than %d bytes.", h.o.MaxBody)}
	}
	b := bodies.Get().(*bytes.Buffer)
	release = func() {
		h.bytes.Add(-size)
		if b.Cap() <= maxPooled {
			b.Reset()
			bodies.Put(b)
		}
	}
	if h.bytes.Add(size) > h.o.MaxBytes {
		return nil, release, &refused{http.StatusServiceUnavailable, "busy", "Too many requests are being read."}
	}
	if r.ContentLength > 0 {
		b.Grow(int(r.ContentLength) + bytes.MinRead)
	}
	_, err := b.ReadFrom(http.MaxBytesReader(w, r.Body, h.o.MaxBody))
	var large *http.MaxBytesError
	switch {
	case err == nil:
	case errors.As(err, &large):
		failed = &refused{http.StatusRequestEntityTooLarge, "invalid", fmt.Sprintf("The body is larger than %d bytes.", h.o.MaxBody)}
	default:
		failed = &refused{http.StatusBadRequest, "invalid", "The body ended too early."}
	}
	return b.Bytes(), release, failed
}

// unpack undoes the content codings of a body that has been read. What comes out counts as what is being read, too.
func (h *Hooks) unpack(r *http.Request, body []byte) (plain []byte, release func(), failed *refused) {
	encoding := r.Header.Get("Content-Encoding")
	if !codec.Compressed(encoding) {
		return body, func() {}, nil
	}
	size := h.o.MaxBody // until it is known
	release = func() { h.bytes.Add(-size) }
	if h.bytes.Add(size) > h.o.MaxBytes {
		return nil, release, &refused{http.StatusServiceUnavailable, "busy", "Too many requests are being read."}
	}
	plain, status, reason := inbound.Unpack(encoding, body, h.o.MaxBody)
	if status != 0 {
		return nil, release, &refused{status, "invalid", sentence(errors.New(reason))}
	}
	h.bytes.Add(int64(len(plain)) - size)
	size = int64(len(plain))
	return plain, release, nil
}

// deliver takes a request whose body has been read.
func (h *Hooks) deliver(w http.ResponseWriter, r *http.Request, x *hook, body []byte, now time.Time) {
	if err := x.verifier.Verify(r.Header, body, now); err != nil {
		h.refuse(w, x, now, &refused{http.StatusUnauthorized, "forged", sentence(err)})
		return
	}
	body, release, failed := h.unpack(r, body)
	defer release()
	if failed != nil {
		h.refuse(w, x, now, failed)
		return
	}
	value, failed := x.decode(r.Header.Get("Content-Type"), body)
	if failed != nil {
		h.refuse(w, x, now, failed)
		return
	}
	if text, ok := x.slackChallenge(value); ok {
		h.tell(x, Fact{What: "challenged", At: now})
		plain(w, text)
		return
	}
	fired, f := x.target.fire(r.Context(), x.seen(r, value, now))
	switch {
	case f != nil:
		h.refuse(w, x, now, &refused{http.StatusUnprocessableEntity, "failed", "The request cannot be mapped to the integration's inputs: " + x.target.Inputs.Redactor.Redact(f.Message) + "."})
		return
	case !fired.Start:
		h.tell(x, Fact{What: "passed", At: now})
		answer(w, http.StatusOK, taken{})
		return
	}
	start := Start{Integration: x.target.integration(), Trigger: x.target.Name, Key: fired.Key, Inputs: fired.Inputs, At: now}
	id, fresh, err := h.ledger.Accept(r.Context(), start)
	switch {
	case errors.Is(err, ErrBusy):
		h.refuse(w, x, now, &refused{http.StatusServiceUnavailable, "busy", "Too many runs are waiting."})
		return
	case err != nil:
		h.refuse(w, x, now, &refused{http.StatusServiceUnavailable, "failed", "The event could not be stored."})
		return
	}
	what := "accepted"
	if !fresh {
		what = "duplicate"
	}
	h.tell(x, Fact{What: what, ID: id, At: now})
	answer(w, http.StatusAccepted, taken{Accepted: true, Duplicate: !fresh, Run: id})
}

// decode reads and validates a body.
func (x *hook) decode(contentType string, body []byte) (any, *refused) {
	hp := triggerOf(x.target.Program.Plan(), x.target.Name).Webhook
	if contentType == "" {
		contentType = hp.Content[0]
	}
	var v any
	var err error
	if codec.IsForm(contentType) && hp.Body != nil && codec.Match(hp.Content, contentType) >= 0 {
		v, err = codec.DecodeForm(body, hp.Body, nil)
	} else {
		v, err = codec.DecodeContent(contentType, body, codec.DecodeOptions{Declared: hp.Content, Type: hp.Body})
	}
	var e *codec.Error
	switch {
	case errors.As(err, &e) && (e.Kind == codec.Mismatched || e.Kind == codec.Unsupported):
		return nil, &refused{http.StatusUnsupportedMediaType, "invalid", fmt.Sprintf("The body is of type %.100q, and %s is expected.", codec.MediaType(contentType), strings.Join(hp.Content, " or "))}
	case errors.As(err, &e):
		return nil, &refused{http.StatusBadRequest, "invalid", "The body cannot be read as " + codec.MediaType(contentType) + "."}
	case err != nil:
		return nil, &refused{http.StatusBadRequest, "invalid", "The body cannot be read."}
	}
	if hp.Body == nil {
		return v, nil
	}
	if bad := hp.Body.Check(v); len(bad) > 0 {
		at := types.Path(bad[0].Path)
		if at == "" {
			at = "the body"
		}
		return nil, &refused{http.StatusUnprocessableEntity, "invalid", fmt.Sprintf("The body is not what was declared: %s %s.", at, bad[0].Reason)}
	}
	return v, nil
}

// nothing is an empty object.
var nothing = map[string]any{}

// seen is the request as the trigger's expressions see it. What it proves itself with stays out.
func (x *hook) seen(r *http.Request, body any, now time.Time) map[string]any {
	headers, query := nothing, nothing
	if x.headers() {
		headers = make(map[string]any, len(r.Header))
		for name, values := range r.Header {
			if name != "Authorization" && name != "Cookie" {
				headers[strings.ToLower(name)] = strings.Join(values, ", ")
			}
		}
	}
	if r.URL.RawQuery != "" {
		query = map[string]any{}
		for name, values := range r.URL.Query() {
			query[name] = values[0]
		}
	}
	v := map[string]any{"time": now.UTC(), "headers": headers, "query": query}
	if !types.IsMissing(body) {
		v["body"] = body
	}
	return v
}

// slackChallenge is what Slack wants back when it asks whether the path is the author's.
func (x *hook) slackChallenge(body any) (string, bool) {
	if v := x.webhook.Verify; v == nil || v.Method != "slack" {
		return "", false
	}
	if kind, _ := types.Get(body, "type").(string); kind != "url_verification" {
		return "", false
	}
	text, ok := types.Get(body, "challenge").(string)
	return text, ok
}

func (h *Hooks) challenge(w http.ResponseWriter, r *http.Request, x *hook) {
	c, q, now := x.webhook.Challenge, r.URL.Query(), h.o.Now()
	if c.TokenQuery != "" {
		got, want := sha256.Sum256([]byte(q.Get(c.TokenQuery))), sha256.Sum256([]byte(x.token.Reveal()))
		if subtle.ConstantTimeCompare(got[:], want[:]) == 0 {
			h.refuse(w, x, now, &refused{http.StatusUnauthorized, "forged", "The token is wrong."})
			return
		}
	}
	text := q.Get(c.Query)
	if text == "" || len(text) > 4096 {
		h.refuse(w, x, now, &refused{http.StatusBadRequest, "invalid", "The query has no " + strconv.Quote(c.Query) + "."})
		return
	}
	h.tell(x, Fact{What: "challenged", At: now})
	plain(w, text)
}

// plain answers with a text that came with the request; it must not be taken for a page.
func plain(w http.ResponseWriter, text string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	io.WriteString(w, text)
}

// taken says what became of a request.
type taken struct {
	Accepted  bool
	Duplicate bool
	Run       string // an identifier: nothing in it needs escaping
}

// jsonType is the type of answers; it is not written to.
var jsonType = []string{"application/json"}

func answer(w http.ResponseWriter, status int, v taken) {
	text := strconv.AppendBool(append(make([]byte, 0, 128), `{"accepted":`...), v.Accepted)
	if v.Duplicate {
		text = append(text, `,"duplicate":true`...)
	}
	if v.Run != "" {
		text = append(append(append(text, `,"run":"`...), v.Run...), '"')
	}
	w.Header()["Content-Type"] = jsonType
	w.WriteHeader(status)
	w.Write(append(text, "}\n"...))
}

// problem answers as RFC 9457 says.
func problem(w http.ResponseWriter, status int, detail string) {
	w.Header().Set("Content-Type", "application/problem+json")
	w.WriteHeader(status)
	json.NewEncoder(w).Encode(map[string]any{"title": http.StatusText(status), "status": status, "detail": detail})
}

func sentence(err error) string {
	text := err.Error()
	return strings.ToUpper(text[:1]) + text[1:] + "."
}
