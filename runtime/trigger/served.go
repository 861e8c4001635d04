package trigger

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"tenon/runtime/codec"
	"tenon/runtime/event"
	"tenon/runtime/exec"
	"tenon/runtime/inbound"
	"tenon/spec/media"
	"tenon/spec/plan"
	"tenon/spec/source"
	"tenon/spec/types"
)

// Runner carries out runs whose client waits. It is safe for concurrent use.
type Runner interface {
	// Run starts a run and returns when it has ended. When ctx ends before, a run that has begun goes on, and the error is
	// [*Unanswered]; one that has not begun does not, unless it has a key. Of two starts with one key there is one
	// run, whose end both are told. The error may also be [ErrBusy], [ErrUnderWay], [ErrReused] or [ErrStopping].
	Run(ctx context.Context, s Start) (*Ended, error)
}

// Ended is how a run has ended.
type Ended struct {
	Run     string
	Status  event.Status   // canceled, too, for one that is interrupted and goes on later
	Outputs map[string]any // as they are kept; nil unless it succeeded
	Failure *event.Failure
	Before  bool // it had been started before, with this key
}

// Unanswered says that a run has not ended in time. Run is empty if it did not begin, and then it will not.
type Unanswered struct{ Run string }

func (u *Unanswered) Error() string {
	if u.Run == "" {
		return "the run could not begin in time"
	}
	return "the run goes on"
}

// Why a run does not start.
var (
	ErrUnderWay = errors.New("a run is under way, and another one is not started beside it")
	ErrReused   = errors.New("the key was used for another request")
	ErrStopping = errors.New("the daemon is stopping")
)

// served is an operation that a trigger serves.
type served struct {
	target *Target
	plan   *plan.Operation
	params []codec.Param
	takes  []any    // the default of each param, types.Missing where there is none
	names  []string // media types of the body
	body   []*inbound.Content
	doors  *doors
	limits *limits // nil: none
	reads  [][]string
	offers []string // media types that its successes have
}

// route is what a path and method are for: operation is nil for one that nothing serves.
type route struct {
	operation *served
	name      string // "GET /orders"
}

// addServed makes the routes of operations, and those of the rest of their documents.
func (h *Hooks) addServed(ctx context.Context, targets []*Target) error {
	rest := map[string]*plan.Serving{}
	for _, t := range targets {
		x, err := newServed(ctx, t)
		if err != nil {
			return fmt.Errorf("trigger %q of %s: %w", t.Name, t.integration(), err)
		}
		for _, base := range x.plan.Bases {
			h.routes.Add(x.plan.Method, base+x.plan.Path, &route{x, x.plan.Name})
		}
		maps.Copy(rest, t.Program.Plan().Serves)
	}
	for _, name := range slices.Sorted(maps.Keys(rest)) {
		for _, op := range rest[name].Operations {
			method, path, _ := strings.Cut(op, " ")
			for _, base := range rest[name].Bases {
				h.unserved.Add(method, base+path, &route{name: op})
			}
		}
	}
	return nil
}

func newServed(ctx context.Context, t *Target) (*served, error) {
	x := &served{target: t}
	for _, p := range t.Program.Plan().Triggers {
		if p.Name == t.Name && p.Operation != nil {
			x.plan = p.Operation
		}
	}
	if x.plan == nil {
		return nil, errors.New("it serves no operation of the plan")
	}
	for _, p := range x.plan.Params {
		x.params = append(x.params, codec.Param{Name: p.Name, In: p.In, Style: p.Style, Explode: p.Explode, ContentType: p.ContentType, Required: p.Required, Type: p.Type})
		var value any = types.Missing
		if p.Default != nil {
			v, err := types.DecodeJSON(p.Default, types.Limits{})
			if err != nil {
				return nil, fmt.Errorf("the default of %s: %w", p.Name, err)
			}
			value = v
		}
		x.takes = append(x.takes, value)
	}
	if b := x.plan.Body; b != nil {
		for _, c := range b.Content {
			x.names = append(x.names, c.ContentType)
			in := &inbound.Content{Type: c.Type, Schema: c.Schema, Encoding: encodings(c.Encoding)}
			if media.FormOf(c.ContentType) == media.XML {
				in.XML = codec.NewXML(c.XML, c.Schema)
			}
			x.body = append(x.body, in)
		}
	}
	proofs, f := t.Program.Proofs(ctx, t.Name, t.Inputs, t.Clock)
	if f != nil {
		return nil, errors.New(f.Message)
	}
	var err error
	if x.doors, err = newDoors(x.plan, proofs); err != nil {
		return nil, err
	}
	x.limits = newLimits(x.plan.Limits)
	x.reads = t.Program.Reads(t.Name)
	for _, r := range x.plan.Responds {
		if r.On == "succeeded" && r.Body != nil {
			x.offers = append(x.offers, r.Body.ContentType)
		} else if r.On == "succeeded" {
			x.offers = append(x.offers, "") // nothing that could be refused
		}
	}
	return x, nil
}

func encodings(from map[string]*plan.Encoding) map[string]codec.Encoding {
	out := make(map[string]codec.Encoding, len(from))
	for name, e := range from {
		out[name] = codec.Encoding(*e)
	}
	return out
}

// find is what serves a request. Where nothing does it answers, and returns nil.
func (h *Hooks) find(w http.ResponseWriter, r *http.Request) (*served, map[string]string) {
	path := r.URL.EscapedPath()
	if x, values, ok := h.routes.Find(r.Method, path); ok {
		return x.operation, values
	}
	if x, _, ok := h.unserved.Find(r.Method, path); ok {
		problem(w, http.StatusNotImplemented, "Nothing implements "+x.name+" yet.")
		return nil, nil
	}
	methods := slices.Concat(h.routes.Methods(path), h.unserved.Methods(path))
	if len(methods) == 0 {
		problem(w, http.StatusNotFound, "There is nothing at this path.")
		return nil, nil
	}
	methods = append(methods, http.MethodOptions)
	if slices.Contains(methods, http.MethodGet) {
		methods = append(methods, http.MethodHead)
	}
	slices.Sort(methods)
	w.Header().Set("Allow", strings.Join(slices.Compact(methods), ", "))
	if r.Method == http.MethodOptions {
		w.WriteHeader(http.StatusNoContent)
		return nil, nil
	}
	problem(w, http.StatusMethodNotAllowed, "The operations at this path have other methods.")
	return nil, nil
}

// request is one request of a served operation.
type request struct {
	*Hooks
	*served
	w      http.ResponseWriter
	r      *http.Request
	at     time.Time
	client string // who asks: a credential, else an address
	proven bool   // it is a credential
	seen   map[string]any
}

// serve answers a request of an operation.
func (h *Hooks) serve(w http.ResponseWriter, r *http.Request, x *served, path map[string]string) {
	q := &request{Hooks: h, served: x, w: w, r: r, at: h.o.Now()}
	w.Header().Set("X-Content-Type-Options", "nosniff")
	leave, ok := q.enter()
	defer leave()
	if !ok {
		return
	}
	release, ok := q.take(path)
	defer release()
	if !ok {
		return
	}
	// What comes next takes its time: the deadline for reading the request would end it.
	http.NewResponseController(w).SetReadDeadline(time.Time{})
	key := ""
	if x.plan.Cache > 0 {
		key = q.cacheKey()
		if a := h.answers.get(key, q.at); a != nil {
			q.tellAbout("cached", "", "")
			q.send(a)
			return
		}
	}
	ended := q.run()
	if ended == nil {
		return
	}
	if a := q.answer(ended); a != nil {
		if key != "" && ended.Status == event.Succeeded {
			h.answers.put(key, a, h.o.Now().Add(x.plan.Cache))
		}
		q.send(a)
	}
}

// tellAbout tells what became of the request.
func (q *request) tellAbout(what, run, reason string) {
	q.o.Tell(Fact{
		Integration: q.target.integration(), Trigger: q.target.Name, What: what, ID: run, At: q.at,
		Reason: q.target.Inputs.Redactor.Redact(reason),
	})
}

// refuse answers a request that is not carried out.
func (q *request) refuse(status int, what, detail string, problems ...inbound.Problem) {
	reason := detail
	for i, p := range problems {
		if i == 3 {
			break
		}
		reason += " " + p.String() + "."
	}
	q.tellAbout(what, "", reason)
	writeProblem(q.w, status, detail, "", problems)
}

// enter lets a client in: it shows what it has to, and does not ask too often. leave is to be called when it is answered.
func (q *request) enter() (leave func(), ok bool) {
	leave = func() {}
	client, proven, wanted := q.doors.open(q.r)
	q.client, q.proven = client, proven
	if client == "" {
		q.client = "address " + address(q.r.RemoteAddr)
	}
	if q.limits != nil {
		release, wait := q.limits.take(q.client, q.at)
		if release == nil {
			q.w.Header().Set("Retry-After", strconv.Itoa(max(1, int((wait+time.Second-1)/time.Second))))
			q.refuse(http.StatusTooManyRequests, "limited", "Too many requests.")
			return leave, false
		}
		leave = release
	}
	if wanted != "" {
		for _, c := range q.doors.challenges {
			q.w.Header().Add("WWW-Authenticate", c)
		}
		q.refuse(http.StatusUnauthorized, "forged", wanted)
		return leave, false
	}
	if len(q.offers) > 0 && !slices.ContainsFunc(q.offers, func(name string) bool { return name == "" || inbound.Accepts(q.r.Header.Values("Accept"), name) }) {
		q.refuse(http.StatusNotAcceptable, "invalid", "The answer is of type "+strings.Join(q.offers, " or ")+".")
		return leave, false
	}
	return leave, true
}

// address is whom requests without a credential are counted for: the host, of IPv6 the network that one customer has.
func address(remote string) string {
	host, _, err := net.SplitHostPort(remote)
	if err != nil {
		return remote
	}
	if ip := net.ParseIP(host); ip != nil && ip.To4() == nil {
		return ip.Mask(net.CIDRMask(64, 128)).String() + "/64"
	}
	return host
}

// take reads and checks the request. release gives back the memory of the body.
func (q *request) take(path map[string]string) (release func(), ok bool) {
	release = func() {}
	values, problems := inbound.Params(q.params, q.r, path)
	params := map[string]any{}
	for i, v := range values {
		if types.IsMissing(v) {
			v = q.takes[i]
		}
		if !types.IsMissing(v) {
			params[q.plan.Params[i].Key] = v
		}
	}
	q.seen = map[string]any{"time": q.at.UTC(), "params": params, "headers": q.headers(), "query": q.query()}
	if q.plan.Body != nil {
		value, free, more, ok := q.takeBody()
		if release = free; !ok {
			return release, false
		}
		problems = append(problems, more...)
		if !types.IsMissing(value) {
			q.seen["body"] = value
		}
	}
	if len(problems) > 0 {
		q.refuse(http.StatusBadRequest, "invalid", "The request is not one that "+q.plan.Name+" takes.", problems...)
		return release, false
	}
	return release, true
}

func (q *request) takeBody() (value any, release func(), problems []inbound.Problem, ok bool) {
	none := func() {}
	contentType := q.r.Header.Get("Content-Type")
	empty := q.r.ContentLength == 0 || q.r.Body == http.NoBody
	i := codec.Match(q.names, contentType)
	switch {
	case !empty && (contentType == "" || i < 0):
		said := "The body does not say of what type it is"
		if contentType != "" {
			said = fmt.Sprintf("The body is of type %.100q", codec.MediaType(contentType))
		}
		q.w.Header().Set("Accept", strings.Join(q.names, ", "))
		q.refuse(http.StatusUnsupportedMediaType, "invalid", said+", and "+strings.Join(q.names, " or ")+" is taken.")
		return nil, none, nil, false
	}
	body, read, failed := q.read(q.w, q.r)
	release = read
	if failed == nil {
		var more func()
		body, more, failed = q.unpack(q.r, body)
		release = func() { read(); more() }
	}
	if failed != nil {
		switch failed.status {
		case http.StatusServiceUnavailable:
			q.w.Header().Set("Retry-After", "5")
		case http.StatusUnsupportedMediaType:
			q.w.Header().Set("Accept-Encoding", codec.AcceptEncoding)
		}
		q.refuse(failed.status, failed.what, failed.reason)
		return nil, release, nil, false
	}
	if len(body) == 0 && (i < 0 || !codec.IsForm(contentType)) { // an empty form is a form
		if q.plan.Body.Required {
			problems = []inbound.Problem{{In: "body", Message: "it is required and not there"}}
		}
		return types.Missing, release, problems, true
	}
	value, problems = inbound.Body(contentType, body, q.body[i])
	return value, release, problems, true
}

// headers are those of the request; what it proves itself with stays out.
func (q *request) headers() map[string]any {
	out := map[string]any{}
	for name, values := range q.r.Header {
		if !q.doors.header[name] {
			out[strings.ToLower(name)] = strings.Join(values, ", ")
		}
	}
	return out
}

func (q *request) query() map[string]any {
	out := map[string]any{}
	for name, values := range q.r.URL.Query() {
		if !q.doors.query[name] {
			out[name] = values[0]
		}
	}
	return out
}

// cacheKey is a text that two requests share if what the expressions of the trigger read of them is the same.
func (q *request) cacheKey() string {
	h := sha256.New()
	fmt.Fprintf(h, "%s\x00%s\x00", q.target.integration(), q.target.Name)
	for _, path := range q.reads {
		if len(path) > 0 && path[0] == "time" {
			continue
		}
		var v any = q.seen
		if len(path) == 0 {
			rest := maps.Clone(q.seen)
			delete(rest, "time")
			v = rest
		}
		for _, name := range path {
			if name == "[]" || strings.HasPrefix(name, "[") {
				break // of a list all of it counts
			}
			v = types.Get(v, name)
		}
		text, err := types.AppendJSON(nil, v)
		if err != nil {
			text = []byte("\x01") // it is not there
		}
		fmt.Fprintf(h, "%q:%s\x00", path, text)
	}
	return hex.EncodeToString(h.Sum(nil))
}

// run carries the request out; nil: that was not to be, and it has been answered.
func (q *request) run() *Ended {
	fired, f := q.target.fire(q.r.Context(), q.seen)
	if f != nil {
		q.refuse(http.StatusUnprocessableEntity, "failed", "The request cannot be mapped to the integration's inputs: "+q.target.Inputs.Redactor.Redact(f.Message)+".")
		return nil
	}
	start := Start{Integration: q.target.integration(), Trigger: q.target.Name, Inputs: fired.Inputs, At: q.at}
	if !q.keyed(&start) {
		return nil
	}
	ctx, cancel := context.WithTimeout(q.r.Context(), q.plan.Timeout)
	defer cancel()
	ended, err := q.runner.Run(ctx, start)
	if err != nil {
		q.unanswered(err)
		return nil
	}
	q.w.Header().Set("Tenon-Run", ended.Run)
	return ended
}

// keyed gives a start the key that its client sent, if it did. Keys are a client's own, and stand for one request.
func (q *request) keyed(s *Start) bool {
	if q.plan.KeyHeader == "" || q.plan.Method == http.MethodGet || q.plan.Method == http.MethodHead {
		return true
	}
	text := q.r.Header.Get(q.plan.KeyHeader)
	switch {
	case text == "":
		return true
	case len(text) > 255:
		q.refuse(http.StatusBadRequest, "invalid", "The key is too long.", inbound.Problem{In: "header", Path: q.plan.KeyHeader, Message: "it has more than 255 characters"})
		return false
	}
	client := ""
	if q.proven {
		client = q.client
	}
	sum := sha256.Sum256([]byte(client + "\x00" + text))
	s.Key = "key " + hex.EncodeToString(sum[:])
	same := map[string]any{"params": maps.Clone(q.seen["params"].(map[string]any)), "query": q.seen["query"]}
	if body, ok := q.seen["body"]; ok {
		same["body"] = body
	}
	content, err := types.AppendJSON([]byte(q.plan.Method+" "+q.r.URL.EscapedPath()+"\x00"), same)
	if err != nil {
		content = nil // a body of bytes that JSON cannot have: the key alone counts
	}
	sum = sha256.Sum256(content)
	s.Print = hex.EncodeToString(sum[:])
	return true
}

// unanswered answers for a run that did not start, or has not ended.
func (q *request) unanswered(err error) {
	var late *Unanswered
	again := func() { q.w.Header().Set("Retry-After", "5") }
	switch {
	case errors.As(err, &late) && late.Run != "":
		q.w.Header().Set("Tenon-Run", late.Run)
		q.tellAbout("late", late.Run, "the client has waited long enough; the run goes on")
		writeProblem(q.w, http.StatusGatewayTimeout, "It takes too long. What was begun goes on.", late.Run, nil)
	case errors.As(err, &late):
		again()
		q.refuse(http.StatusServiceUnavailable, "busy", "There was no room for the request in time.")
	case errors.Is(err, ErrBusy):
		again()
		q.refuse(http.StatusServiceUnavailable, "busy", "Too many requests are waiting.")
	case errors.Is(err, ErrUnderWay):
		again()
		q.refuse(http.StatusServiceUnavailable, "skipped", "Another request is being carried out, and this one is not started beside it.")
	case errors.Is(err, ErrReused):
		q.refuse(http.StatusUnprocessableEntity, "invalid", "The key was used for another request.")
	case errors.Is(err, ErrStopping):
		again()
		q.refuse(http.StatusServiceUnavailable, "busy", "The server is stopping.")
	default:
		again()
		q.tellAbout("failed", "", err.Error())
		writeProblem(q.w, http.StatusServiceUnavailable, "The request could not be stored.", "", nil)
	}
}

// answer makes the answer of a run that has ended; nil: it has been answered.
func (q *request) answer(e *Ended) *exec.Answer {
	ended := exec.Ended{Outputs: e.Outputs, Failure: e.Failure}
	switch e.Status {
	case event.Succeeded:
		if ended.Failure = nil; ended.Outputs == nil {
			ended.Outputs = map[string]any{}
		}
	case event.InDoubt:
		q.tellAbout("failed", e.Run, "the run is in doubt")
		writeProblem(q.w, http.StatusInternalServerError, "It is not known whether the request took effect. A person will find out.", e.Run, nil)
		return nil
	case event.Canceled:
		q.w.Header().Set("Retry-After", "5")
		q.tellAbout("failed", e.Run, "the run was stopped")
		writeProblem(q.w, http.StatusServiceUnavailable, "The request was interrupted. What was begun may go on.", e.Run, nil)
		return nil
	default:
		if ended.Failure == nil {
			ended.Failure = &event.Failure{Kind: event.Internal, Message: "the run failed"}
		}
	}
	a, f := q.target.Program.Respond(context.WithoutCancel(q.r.Context()), q.target.Name, q.seen, ended, q.target.Inputs, q.target.Clock)
	switch {
	case f != nil:
		q.tellAbout("failed", e.Run, "the answer is not sent: "+located(q.target.Program.Plan(), f))
		writeProblem(q.w, http.StatusInternalServerError, "The answer could not be made.", e.Run, nil)
		return nil
	case a == nil && ended.Failure == nil:
		q.tellAbout("failed", e.Run, "no respond block fits")
		writeProblem(q.w, http.StatusInternalServerError, "There is no answer to this.", e.Run, nil)
	case a == nil:
		status := blame(ended.Failure.Kind)
		q.tellAbout("failed", e.Run, "the run failed, and no respond block is for that")
		writeProblem(q.w, status, "The request could not be carried out.", e.Run, nil)
	default:
		what := "answered"
		if e.Before {
			what = "repeated"
		}
		q.tellAbout(what, e.Run, "")
	}
	return a
}

// blame is the status for a failure that the author says nothing about.
func blame(kind event.Cause) int {
	switch kind {
	case event.Timeout:
		return http.StatusGatewayTimeout
	case event.Network, event.BadStatus, event.InvalidResponse, event.SignIn:
		return http.StatusBadGateway
	}
	return http.StatusInternalServerError
}

// located is a failure with the author's line.
func located(p *plan.Plan, f *event.Failure) string {
	text := f.Message
	if f.Detail != "" {
		text += "; " + strings.ReplaceAll(f.Detail, "\n", "; ")
	}
	for _, file := range p.Files {
		if file.Name == f.Range.File {
			at := source.NewFile(file.Name, []byte(file.Text)).Position(f.Range.Start)
			return fmt.Sprintf("%s:%d: %s", file.Name, at.Line, text)
		}
	}
	return text
}

func (q *request) send(a *exec.Answer) {
	header := q.w.Header()
	for name, values := range a.Header {
		header[name] = values
	}
	if a.Body != nil || a.Status != http.StatusNoContent && a.Status != http.StatusNotModified {
		header.Set("Content-Length", strconv.Itoa(len(a.Body)))
	}
	q.w.WriteHeader(a.Status)
	if q.r.Method != http.MethodHead {
		q.w.Write(a.Body)
	}
}

// writeProblem answers as RFC 9457 says, with what is wrong one by one.
func writeProblem(w http.ResponseWriter, status int, detail, run string, problems []inbound.Problem) {
	v := map[string]any{"title": http.StatusText(status), "status": status, "detail": detail}
	if len(problems) > 0 {
		v["problems"] = problems[:min(len(problems), 50)]
	}
	if run != "" {
		v["run"] = run
	}
	var b bytes.Buffer
	json.NewEncoder(&b).Encode(v)
	w.Header().Set("Content-Type", "application/problem+json")
	w.Header().Set("Content-Length", strconv.Itoa(b.Len()))
	w.WriteHeader(status)
	w.Write(b.Bytes())
}
