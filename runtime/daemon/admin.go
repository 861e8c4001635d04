package daemon

import (
	"bytes"
	"crypto/sha256"
	"crypto/subtle"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"tenon/runtime/engine"
	"tenon/runtime/store"
	"tenon/runtime/trigger"
	"tenon/spec/types"
)

// Description is the OpenAPI document of the admin API.
//
//go:embed openapi.yaml
var Description []byte

// maxAdminBody bounds the bodies that the admin API reads.
const maxAdminBody = 8 << 20

// Hooks is the handler of webhooks and of served operations, of whatever set is loaded.
func (d *Daemon) Hooks() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := d.hooks.Load()
		if h == nil || d.closing.Load() {
			w.Header().Set("Retry-After", "5")
			problem(w, http.StatusServiceUnavailable, "The daemon is starting or stopping.")
			return
		}
		h.ServeHTTP(w, r)
	})
}

// Admin is the handler of the admin API, which openapi.yaml describes.
func (d *Daemon) Admin() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", d.health)
	mux.HandleFunc("GET /readyz", d.readiness)
	own := func(pattern string, f func(http.ResponseWriter, *http.Request) error) {
		mux.Handle(pattern, d.authorized(f))
	}
	own("GET /metrics", func(w http.ResponseWriter, r *http.Request) error {
		d.metrics.handler().ServeHTTP(w, r)
		return nil
	})
	own("GET /openapi.yaml", func(w http.ResponseWriter, r *http.Request) error {
		w.Header().Set("Content-Type", "application/yaml")
		_, err := w.Write(Description)
		return err
	})
	own("POST /v1/reload", d.handleReload)
	own("GET /v1/integrations", d.handleIntegrations)
	own("POST /v1/integrations/{integration}/runs", d.handleStart)
	own("GET /v1/runs", d.handleRuns)
	own("GET /v1/runs/{run}", d.handleRun)
	own("POST /v1/runs/{run}/cancel", d.handleCancel)
	own("POST /v1/runs/{run}/resume", d.handleResume)
	own("POST /v1/runs/{run}/resolve", d.handleResolve)
	own("/", func(http.ResponseWriter, *http.Request) error {
		return &refusal{http.StatusNotFound, "There is nothing at this path; /openapi.yaml tells what there is."}
	})
	return mux
}

// refusal is an answer that is not what was asked for.
type refusal struct {
	status int
	detail string
}

func (r *refusal) Error() string { return r.detail }

// authorized lets a request through that has the token, and makes answers of errors.
func (d *Daemon) authorized(f func(http.ResponseWriter, *http.Request) error) http.Handler {
	want := sha256.Sum256([]byte(d.o.Token.Reveal()))
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		token, _ := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
		got := sha256.Sum256([]byte(token))
		if d.o.Token.Reveal() != "" && subtle.ConstantTimeCompare(got[:], want[:]) == 0 {
			w.Header().Set("WWW-Authenticate", "Bearer")
			problem(w, http.StatusUnauthorized, "The token is missing or wrong.")
			return
		}
		if r.Header.Get("Sec-Fetch-Site") == "cross-site" {
			problem(w, http.StatusForbidden, "Pages of other sites may not ask for this.")
			return
		}
		err := f(w, r)
		var no *refusal
		switch {
		case err == nil:
		case errors.As(err, &no):
			problem(w, no.status, no.detail)
		case errors.Is(err, store.ErrNotFound):
			problem(w, http.StatusNotFound, "There is no such thing: "+err.Error()+".")
		default:
			d.log.Error("the admin API failed", "path", r.URL.Path, "error", err)
			problem(w, http.StatusInternalServerError, "It failed; the log says why.")
		}
	})
}

func answer(w http.ResponseWriter, status int, v any) error {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	return json.NewEncoder(w).Encode(v)
}

// problem answers as RFC 9457 says.
func problem(w http.ResponseWriter, status int, detail string) {
	w.Header().Set("Content-Type", "application/problem+json")
	w.WriteHeader(status)
	json.NewEncoder(w).Encode(map[string]any{"title": http.StatusText(status), "status": status, "detail": detail})
}

func (d *Daemon) health(w http.ResponseWriter, _ *http.Request) {
	answer(w, http.StatusOK, map[string]string{"status": "ok", "version": d.o.Version})
}

func (d *Daemon) readiness(w http.ResponseWriter, _ *http.Request) {
	switch {
	case d.closing.Load():
		answer(w, http.StatusServiceUnavailable, map[string]string{"status": "stopping"})
	case !d.ready.Load():
		answer(w, http.StatusServiceUnavailable, map[string]string{"status": "starting"})
	default:
		answer(w, http.StatusOK, map[string]string{"status": "ok"})
	}
}

func (d *Daemon) handleReload(w http.ResponseWriter, r *http.Request) error {
	if err := d.Reload(r.Context()); err != nil {
		return &refusal{http.StatusUnprocessableEntity, err.Error()}
	}
	return answer(w, http.StatusOK, map[string]int{"integrations": len(d.set.Load().Programs)})
}

type shownTrigger struct {
	Kind   string     `json:"kind"`
	Name   string     `json:"name"`
	Method string     `json:"method,omitempty"` // of an operation
	Path   string     `json:"path,omitempty"`
	Next   *time.Time `json:"next,omitempty"`
}

type shownIntegration struct {
	Name        string         `json:"name"`
	Description string         `json:"description,omitempty"`
	Plan        string         `json:"plan"`
	Active      int            `json:"active"`
	Triggers    []shownTrigger `json:"triggers"`
}

func (d *Daemon) handleIntegrations(w http.ResponseWriter, _ *http.Request) error {
	set := d.set.Load()
	out := []shownIntegration{}
	for _, name := range set.names() {
		p := set.Programs[name].Outline()
		x := shownIntegration{Name: name, Description: p.Description, Plan: set.Programs[name].Digest(), Active: d.queue.under(name), Triggers: []shownTrigger{}}
		for _, t := range p.Triggers {
			s := shownTrigger{Kind: t.Kind, Name: t.Name}
			if t.Webhook != nil {
				s.Path = t.Webhook.Path
			}
			if o := t.Operation; o != nil {
				s.Method, s.Path = o.Method, o.Bases[0]+o.Path
			}
			if t.Schedule != nil {
				if next, err := t.Schedule.Next(time.Now()); err == nil && !next.IsZero() {
					next = next.UTC()
					s.Next = &next
				}
			}
			x.Triggers = append(x.Triggers, s)
		}
		out = append(out, x)
	}
	return answer(w, http.StatusOK, map[string]any{"integrations": out})
}

// body reads a JSON object into to; what is not known there is refused.
func body(r *http.Request, to any) error {
	b, err := io.ReadAll(io.LimitReader(r.Body, maxAdminBody+1))
	if err != nil || len(b) > maxAdminBody {
		return &refusal{http.StatusBadRequest, "The body is too large or ended early."}
	}
	dec := json.NewDecoder(bytes.NewReader(b))
	dec.DisallowUnknownFields()
	if err := dec.Decode(to); err != nil {
		return &refusal{http.StatusBadRequest, "The body cannot be read: " + strings.TrimPrefix(err.Error(), "json: ") + "."}
	}
	return nil
}

func (d *Daemon) handleStart(w http.ResponseWriter, r *http.Request) error {
	name := r.PathValue("integration")
	program := d.set.Load().Programs[name]
	if program == nil {
		return &refusal{http.StatusNotFound, fmt.Sprintf("There is no integration %q.", name)}
	}
	var given struct {
		Inputs json.RawMessage `json:"inputs"`
	}
	if err := body(r, &given); err != nil {
		return err
	}
	inputs := map[string]any{}
	if len(given.Inputs) > 0 {
		v, err := types.DecodeJSON(given.Inputs, types.Limits{})
		if err != nil {
			return &refusal{http.StatusBadRequest, "The inputs cannot be read: " + err.Error() + "."}
		}
		var ok bool
		if inputs, ok = v.(map[string]any); !ok {
			return &refusal{http.StatusBadRequest, "The inputs must be an object."}
		}
	}
	if why := program.Refuses(inputs); why != "" {
		return &refusal{http.StatusUnprocessableEntity, why + "."}
	}
	id, fresh, err := ledger{d}.Accept(r.Context(), trigger.Start{Integration: name, Trigger: byHand, Key: r.Header.Get("Idempotency-Key"), Inputs: inputs, At: time.Now()})
	if errors.Is(err, trigger.ErrBusy) {
		w.Header().Set("Retry-After", "5")
		return &refusal{http.StatusServiceUnavailable, "Too many runs are waiting."}
	}
	if err != nil {
		return err
	}
	return answer(w, http.StatusAccepted, map[string]any{"run": id, "duplicate": !fresh})
}

type shownDoubt struct {
	Key     string          `json:"key"`
	At      time.Time       `json:"at"`
	Reason  string          `json:"reason"`
	Request json.RawMessage `json:"request,omitempty"`
}

type shownRun struct {
	ID          string          `json:"id"`
	Integration string          `json:"integration"`
	Status      string          `json:"status"`
	Plan        string          `json:"plan,omitempty"`
	Cause       string          `json:"cause,omitempty"`
	Started     *time.Time      `json:"started,omitempty"`
	Ended       *time.Time      `json:"ended,omitempty"`
	Writes      int             `json:"writes"`
	Resumed     int             `json:"resumed"`
	Outputs     json.RawMessage `json:"outputs,omitempty"`
	Error       json.RawMessage `json:"error,omitempty"`
	InDoubt     []shownDoubt    `json:"in_doubt,omitempty"`
}

func shown(r *store.Run) shownRun {
	x := shownRun{ID: r.ID, Integration: r.Integration, Status: r.Status, Plan: r.Plan, Cause: r.Cause, Writes: r.Writes, Resumed: r.Resumed, Outputs: r.Outputs, Error: r.Error}
	if !r.Started.IsZero() {
		at := r.Started.UTC()
		x.Started = &at
	}
	if !r.Ended.IsZero() {
		at := r.Ended.UTC()
		x.Ended = &at
	}
	return x
}

func (d *Daemon) handleRuns(w http.ResponseWriter, r *http.Request) error {
	q := r.URL.Query()
	f := store.Filter{Integration: q.Get("integration"), Before: q.Get("cursor"), Limit: 100}
	if s := q.Get("status"); s != "" {
		f.Status = []store.Status{s}
	}
	if text := q.Get("limit"); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil || n < 1 || n > 1000 {
			return &refusal{http.StatusBadRequest, "limit must be a whole number from 1 to 1000."}
		}
		f.Limit = n
	}
	runs, err := d.o.Store.Runs(r.Context(), f)
	if err != nil {
		return err
	}
	list := make([]shownRun, len(runs))
	for i, x := range runs {
		list[i] = shown(x)
	}
	out := map[string]any{"runs": list}
	if len(runs) == f.Limit {
		out["next_cursor"] = runs[len(runs)-1].ID
	}
	return answer(w, http.StatusOK, out)
}

func (d *Daemon) show(w http.ResponseWriter, r *http.Request, status int) error {
	run, err := d.o.Store.Run(r.Context(), r.PathValue("run"))
	if err != nil {
		return err
	}
	doubts, err := d.o.Store.Doubts(r.Context(), run.ID)
	if err != nil {
		return err
	}
	x := shown(run)
	for _, y := range doubts {
		x.InDoubt = append(x.InDoubt, shownDoubt{y.Key, y.At.UTC(), y.Reason, y.Request})
	}
	return answer(w, status, x)
}

func (d *Daemon) handleRun(w http.ResponseWriter, r *http.Request) error {
	return d.show(w, r, http.StatusOK)
}

// conflict makes an answer of why a run is not in a state for something.
func conflict(err error) error {
	if err == nil || errors.Is(err, store.ErrNotFound) {
		return err
	}
	text := err.Error()
	return &refusal{http.StatusConflict, strings.ToUpper(text[:1]) + text[1:] + "."}
}

func (d *Daemon) handleCancel(w http.ResponseWriter, r *http.Request) error {
	if err := conflict(engine.CancelRun(r.Context(), d.o.Store, r.PathValue("run"), time.Now())); err != nil {
		return err
	}
	return d.show(w, r, http.StatusAccepted)
}

func (d *Daemon) handleResume(w http.ResponseWriter, r *http.Request) error {
	run, err := d.o.Store.Run(r.Context(), r.PathValue("run"))
	switch {
	case err != nil:
		return err
	case run.Status != store.Interrupted && run.Status != store.InDoubt:
		return &refusal{http.StatusConflict, fmt.Sprintf("The run is %s; only one that was interrupted or is in doubt can be resumed.", strings.ReplaceAll(run.Status, "_", " "))}
	}
	d.queue.restore(waiting{integration: run.Integration, resume: run.ID})
	return d.show(w, r, http.StatusAccepted)
}

func (d *Daemon) handleResolve(w http.ResponseWriter, r *http.Request) error {
	var given struct {
		Key      string          `json:"key"`
		Happened *bool           `json:"happened"`
		Status   int             `json:"status"`
		Body     json.RawMessage `json:"body"`
	}
	if err := body(r, &given); err != nil {
		return err
	}
	if given.Key == "" || given.Happened == nil {
		return &refusal{http.StatusBadRequest, "The body needs key and happened."}
	}
	v := engine.Verdict{Happened: *given.Happened, Status: given.Status, Body: given.Body}
	if err := conflict(engine.Resolve(r.Context(), d.o.Store, r.PathValue("run"), given.Key, v, time.Now())); err != nil {
		return err
	}
	return d.show(w, r, http.StatusOK)
}
