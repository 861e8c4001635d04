package exec

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"tenon/runtime/codec"
	"tenon/runtime/event"
	"tenon/runtime/transport"
	"tenon/spec/types"
)

// Bodies are shown to people up to these lengths: beside a failure, and where a dry run shows what it
// would send.
const (
	excerpt   = 4 << 10
	WholeBody = 64 << 10
)

// draft is a request as values, before it is encoded. Further pages are made from the first one's.
type draft struct {
	args []codec.Arg
	body any      // types.Missing: none
	url  *url.URL // nil: from args; else as the server gave it
	key  string   // the author's idempotency key; "": none
}

// reply is an answer as far as the plan reads it.
type reply struct {
	status  int            // 0: the answer was lost, and found out later
	headers map[string]any // nil: not read
	body    any            // types.Missing: none, or not read
	items   any            // of a sequence: a list, or a *sequence; nil: not read
	url     *url.URL
	link    string // Link headers, of a paginated call
	size    int
}

func (a *reply) result() map[string]any {
	v := make(map[string]any, 5)
	v["skipped"] = false
	if a.status != 0 {
		v["status"] = a.status
	}
	if a.headers != nil {
		v["headers"] = a.headers
	}
	if !types.IsMissing(a.body) {
		v["body"] = a.body
	}
	if a.items != nil {
		v["items"] = a.items
	}
	return v
}

// perform makes one call: role tells it from the others of the op, page is 0 for a call without pages, and d its
// draft if there is one already.
func (r *run) perform(s *scope, o *op, c *call, role string, page int, d *draft) (*reply, *fault) {
	if d == nil {
		var f *fault
		if d, f = r.draft(s, c); f != nil {
			return nil, f
		}
	}
	key := s.key(role)
	if page > 0 {
		key += "#" + strconv.Itoa(page)
	}
	req, f := r.encode(s, c, d, key)
	if f != nil {
		return nil, f
	}
	req.Page = page
	r.name(c, d, req)
	a, f := r.send(s, o, c, req)
	if f != nil && f.InDoubt && o.recover != nil && c == o.call {
		return r.findOut(o, s, req, f)
	}
	return a, f
}

// draft computes the values of a request and checks what was not proven of them.
func (r *run) draft(s *scope, c *call) (*draft, *fault) {
	d := &draft{args: make([]codec.Arg, len(c.args)), body: types.Missing}
	for i, a := range c.args {
		d.args[i] = codec.Arg{Param: a.param, Value: types.Missing}
		if a.code == nil {
			continue // only declared, for a next page
		}
		v, f := s.eval(a.code)
		if f != nil {
			return nil, f
		}
		if v == nil {
			v = types.Missing // null is not written in parameters
		}
		if types.IsMissing(v) && a.param.Required {
			return nil, s.fail(event.InvalidRequest, a.code.expr.Range, "parameter %q of %s is required, and it has no value here", a.name, c.plan.Operation)
		}
		if !types.IsMissing(v) {
			if f := s.guard(a.guard, v, event.InvalidRequest); f != nil {
				return nil, f
			}
		}
		d.args[i].Value = v
	}
	if c.body != nil {
		v, f := s.guarded(c.body, event.InvalidRequest)
		if f != nil {
			return nil, f
		}
		d.body = v
	}
	if c.key != nil {
		v, f := s.guarded(c.key, event.InvalidRequest)
		if f != nil {
			return nil, f
		}
		if d.key, f = s.keyText(c, v); f != nil {
			return nil, f
		}
	}
	return d, nil
}

// encode makes the request that a draft describes.
func (r *run) encode(s *scope, c *call, d *draft, key string) (*Request, *fault) {
	t := r.targets[c.plan.API]
	part, err := codec.EncodeParams(c.plan.Path, d.args)
	if err != nil {
		return nil, s.fail(event.InvalidRequest, c.plan.Range, "%s: %s", c.plan.Operation, err)
	}
	req := r.blank(s, c, key)
	req.Header = part.Header
	if req.URL = d.url; d.url == nil {
		base := t.base
		if own := t.servers[c]; own != nil {
			base = own
		}
		if req.URL, err = address(base, part); err != nil {
			return nil, s.fail(event.InvalidRequest, c.plan.Range, "%s: %s", c.plan.Operation, err)
		}
	}
	for name, v := range t.header {
		if _, own := req.Header[name]; !own {
			req.Header[name] = v
		}
	}
	req.Header["Accept"] = c.accept
	if part.Cookie != "" {
		req.Header.Set("Cookie", part.Cookie)
	}
	if types.IsMissing(d.body) || c.body == nil {
		return req, nil
	}
	l := c.layout
	l.Boundary, l.File = r.boundary(key), r.in.Files
	content, err := codec.Encode(c.plan.Body.ContentType, &l, d.body)
	if err == nil && !isBytes(d.body) {
		err = content.Compress(req.Header.Get("Content-Encoding"))
	}
	if err != nil {
		return nil, s.fail(event.InvalidRequest, c.body.code.expr.Range, "the body of %s: %s", c.plan.Operation, err)
	}
	req.Header["Content-Type"] = []string{content.Type}
	if req.Body = content.Bytes; content.Source != nil {
		req.Source = content.Source
	}
	return req, nil
}

// blank is a request as far as it is the same whatever is sent.
func (r *run) blank(s *scope, c *call, key string) *Request {
	t := r.targets[c.plan.API]
	req := &Request{
		Step: s.step, Item: s.item, Key: key, API: c.plan.API, Base: t.base.String(), Method: c.plan.Method, Hosts: r.hosts, Named: r.named, Operation: c.plan.Operation,
		Retry: c.plan.Retry, Limits: c.limits, Safe: c.plan.Safe, Idempotent: c.plan.Idempotent, Keep: c.keeps,
		Timeout: c.plan.Timeout, TLS: t.tls, secretHeaders: t.secretHeaders,
	}
	if req.Timeout == 0 {
		req.Timeout = c.api.plan.Timeout
	}
	if c.streams() {
		req.Stream = c.streamed
	}
	for _, last := range []bool{false, true} { // signatures are over what the others add
		for _, scheme := range c.plan.Security {
			if a := c.api.plan.Auth[scheme]; a != nil && last == (a.Type == "hmac" || a.Type == "aws_sigv4") {
				req.Credentials = append(req.Credentials, t.credentials[scheme])
			}
		}
	}
	return req
}

// isBytes reports whether a body is sent as it is: whoever made it says how it is encoded.
func isBytes(v any) bool {
	switch v.(type) {
	case []byte, *types.FileValue:
		return true
	}
	return false
}

// boundary separates the parts of a request's body: the same each time, and unknown to who makes the parts.
func (r *run) boundary(key string) string {
	sum := sha256.Sum256([]byte("boundary\x00" + r.in.Run + "\x00" + key))
	return "tenon-" + hex.EncodeToString(sum[:16])
}

// address joins a base URL and the encoded path and query.
func address(base *url.URL, part *codec.Target) (*url.URL, error) {
	u := *base
	escaped := base.EscapedPath() + part.Path
	var err error
	if u.Path, err = url.PathUnescape(escaped); err != nil {
		return nil, err
	}
	if u.RawPath = ""; u.Path != escaped {
		u.RawPath = escaped
	}
	u.RawQuery = part.Query
	return &u, nil
}

// send lets the host perform the request and makes a reply or a fault of what comes back.
func (r *run) send(s *scope, o *op, c *call, req *Request) (*reply, *fault) {
	if s.over() {
		return nil, s.stopped()
	}
	if !req.Safe {
		req.Blind = !req.Idempotent && (o.recover == nil || c != o.call)
		req.Yield = s.yield(req.Blind)
	}
	res, err := r.host.Perform(s.ctx, req)
	if errors.Is(err, ErrGivenUp) {
		return nil, &fault{gone: true}
	}
	if errors.Is(err, ErrWithheld) {
		r.withheld.Add(1)
		return nil, errWithheld
	}
	if err != nil {
		return nil, r.lost(s, c, req, err)
	}
	a, success := c.answer(res.Status)
	if !success {
		return nil, r.refused(s, o, c, a, req, res)
	}
	if !req.Safe {
		s.wrote(1)
	}
	out := &reply{status: res.Status, body: types.Missing, url: res.URL, size: len(res.Body)}
	if o.wants.headers {
		out.headers = headerValues(res.Header)
	}
	if c.page != nil {
		out.link = strings.Join(res.Header.Values("Link"), ", ")
	}
	var f *fault
	if res.Unread != nil {
		f = r.unread(s, c, a, req, res, out)
	} else {
		f = r.read(s, c, a, res, o.wants.body || c.plan.Items != nil, out)
		if list, ok := out.body.([]any); ok && c.plan.Items != nil {
			out.items = list
		}
	}
	if f != nil {
		r.evidence(f, req, res)
		f.status, f.headers, f.taken = res.Status, out.headers, true
	}
	return out, f
}

// lost is the fault of a request that has no answer.
func (r *run) lost(s *scope, c *call, req *Request, err error) *fault {
	var e *transport.Error
	if !errors.As(err, &e) {
		return s.fail(event.Internal, c.plan.Range, "%s; this is a bug in Tenon", err)
	}
	f := s.fail(e.Cause, c.plan.Range, "%s %s: %s", req.Method, ShowURL(req), e.Message)
	if e.Cause == event.RunCanceled {
		f = s.stopped()
		f.Range = c.plan.Range
	}
	f.Attempts, f.Detail = e.Attempts, e.Note
	f.Request = Show(req, excerpt)
	if e.Sent && !req.Safe && !req.Idempotent && e.Cause != event.InvalidResponse {
		f.InDoubt, f.Key, f.died = true, req.Key, e.Died
		f.Detail = strings.TrimSpace(f.Detail + " Whether the server acted on the request is not known.")
	}
	return f
}

// refused is the fault of an answer that is not a success.
func (r *run) refused(s *scope, o *op, c *call, a *answer, req *Request, res *transport.Response) *fault {
	f := s.fail(event.BadStatus, c.plan.Range, "%s %s answered %d %s", req.Method, ShowURL(req), res.Status, http.StatusText(res.Status))
	f.Message = strings.TrimSpace(f.Message)
	f.Detail = res.Note
	if a == nil {
		f.Detail = strings.TrimSpace(fmt.Sprintf("The spec does not declare this status for %s. %s", c.plan.Operation, res.Note))
	}
	r.evidence(f, req, res)
	f.status, f.body = res.Status, types.Missing
	if o.wants.errorHeaders {
		f.headers = headerValues(res.Header)
	}
	if o.wants.errorBody {
		out := &reply{body: types.Missing}
		if bad := r.read(s, c, a, res, true, out); bad == nil {
			f.body = out.body // a body that is not as declared is as good as none; the excerpt shows it
		}
	}
	return f
}

// evidence puts what was sent and answered beside a fault.
func (r *run) evidence(f *fault, req *Request, res *transport.Response) {
	f.Attempts = res.Attempts
	f.Request = Show(req, excerpt)
	f.Response = &event.Response{Status: res.Status, Headers: shownHeaders(res.Header), Body: event.Excerpt(res.Body, excerpt)}
}

// read decodes an answer's body if anybody reads it, and checks what the plan relied on.
func (r *run) read(s *scope, c *call, a *answer, res *transport.Response, wanted bool, out *reply) *fault {
	if a == nil || len(a.declared) == 0 || c.plan.Method == http.MethodHead {
		return nil
	}
	contentType := res.Header.Get("Content-Type")
	content := a.plan.Content[max(0, codec.Match(a.declared, contentType))]
	if !wanted && content.Guard == nil {
		return nil
	}
	if enc := res.Header.Get("Content-Encoding"); enc != "" && enc != "identity" {
		return s.fail(event.InvalidResponse, c.plan.Range, "the answer of %s is encoded as %q, which was not asked for", c.plan.Operation, enc)
	}
	at := max(0, codec.Match(a.declared, contentType))
	v, err := codec.DecodeBody(contentType, bytes.NewReader(res.Body), a.content[at].options(a.declared))
	if err != nil {
		return s.fail(event.InvalidResponse, c.plan.Range, "the answer of %s: %s", c.plan.Operation, err)
	}
	out.body = v
	if content.Guard == nil {
		return nil
	}
	bad := content.Guard.Type.Check(v)
	if len(bad) == 0 {
		return nil
	}
	f := s.fail(event.InvalidResponse, content.Guard.Range, "the answer of %s breaks a promise of its spec: %s", c.plan.Operation, violation("body", bad[0]))
	f.Detail = "This line relies on it."
	for _, b := range bad[1:min(len(bad), 10)] {
		f.Detail += "\nAlso: " + violation("body", b)
	}
	if c.api.plan.Lenient {
		r.emit(event.Warning{Step: s.step, Item: s.item, Message: f.Message, Range: f.Range})
		return nil
	}
	return f
}

// headerValues is a header as the author's expressions see it: names in lower case, several values joined.
func headerValues(h http.Header) map[string]any {
	v := make(map[string]any, len(h))
	for name, values := range h {
		v[strings.ToLower(name)] = strings.Join(values, ", ")
	}
	return v
}

// Show renders a request for people: credentials hidden, the body cut to limit bytes.
func Show(req *Request, limit int) *event.Request {
	h := req.Header.Clone()
	for _, name := range req.secretHeaders {
		h.Set(name, "(secret)")
	}
	u := transport.Hidden(req.Credentials, h, req.URL)
	return &event.Request{Method: req.Method, URL: readable(u), Headers: shownHeaders(h), Body: shownBody(req, limit)}
}

func shownBody(req *Request, limit int) string {
	if req.Source != nil {
		return "(streamed)"
	}
	return event.Excerpt(req.Body, limit)
}

// ShowURL is the URL of a request for people, credentials hidden.
func ShowURL(req *Request) string {
	return readable(transport.Hidden(req.Credentials, http.Header{}, req.URL))
}

// readable writes the URL with "(secret)" as it is, not escaped.
func readable(u *url.URL) string { return strings.ReplaceAll(u.String(), "%28secret%29", "(secret)") }

func shownHeaders(h http.Header) []event.Header {
	var out []event.Header
	for _, name := range slices.Sorted(maps.Keys(h)) {
		value := strings.Join(h[name], ", ")
		switch name {
		case "Set-Cookie":
			value = "(not shown)" // a session is as good as a password
		}
		out = append(out, event.Header{Name: name, Value: value})
	}
	return out
}
