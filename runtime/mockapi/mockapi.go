// Package mockapi serves an API from its document alone: it takes what the document allows, says what
// is wrong with everything else, and answers with data generated from the document's schemas, the same
// data for the same request. It keeps nothing between requests.
package mockapi

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"

	"tenon/runtime/inbound"
	"tenon/spec/openapi"
	"tenon/spec/types"
)

// Options set how a mock answers. The zero Options are fine.
type Options struct {
	// Seed chooses the data; the same seed gives the same answers, on every machine.
	Seed uint64
	// Items is how many elements a list has that is read page by page, over all pages. Zero means 25;
	// negative, none.
	Items int
	// Operations are served beside those of the document.
	Operations []*openapi.Operation
	// Respond, if set, is asked what a request that the document allows is answered with; nil: with what is
	// generated. It is called from the goroutine that serves the request.
	Respond func(*Request) *Reply
	// Log, if set, is called after each exchange, from the goroutine that served it.
	Log func(Exchange)
}

// Exchange is one request and what it was answered with.
type Exchange struct {
	Method, Target string        // as they came in
	HTTP           *http.Request // its body has been read
	Request        *Request      // its values, as far as they could be read; nil if there is no such operation
	Operation      string        // "" if there is none
	Status         int           // of the answer
	Problems       []string      // why the request was refused; nil if it was not
}

// Request is a request to an operation, as values.
type Request struct {
	Operation *openapi.Operation
	// Params are the parameters that are there, by name; where one name stands in several places, the others by
	// place and name: "header:id".
	Params map[string]any
	Body   any           // types.Missing if there is none; bytes where the document does not say what is in it
	Raw    []byte        // the body as it came in
	HTTP   *http.Request // its body has been read

	call *call
}

// Reply is what a request is to be answered with.
type Reply struct {
	Status int         // 0: the first success that the document declares
	Header http.Header // may be nil; a Content-Type chooses among the types that are declared
	// Body is written as the document declares it for the status, as JSON where it does not; types.Missing: it is
	// generated, if the document declares one.
	Body any
	Raw  []byte // in place of Body, if it is not nil
}

// Server is the mock of one document. It is an [http.Handler], safe for concurrent use.
type Server struct {
	doc     *openapi.Document
	opt     Options
	routes  *routes
	schemes map[string]*openapi.SecurityScheme
	pagers  *sync.Map // *openapi.Operation to *pager
}

// New makes the mock of a document. Operations are read when they are first called, so a defect of the
// document costs only the operations that reach it: those are answered with 501 and the reason.
func New(d *openapi.Document, o Options) *Server {
	if o.Items == 0 {
		o.Items = 25
	}
	s := &Server{doc: d, opt: o, routes: newRoutes(d, o.Operations), schemes: map[string]*openapi.SecurityScheme{}, pagers: &sync.Map{}}
	for _, scheme := range d.SecuritySchemes() {
		s.schemes[scheme.Name] = scheme
	}
	return s
}

// With returns a mock of the same document that answers otherwise. Only Seed, Items, Respond and Log are heeded.
func (s *Server) With(o Options) *Server {
	if o.Items == 0 {
		o.Items = 25
	}
	o.Operations = s.opt.Operations
	other := *s
	other.opt = o
	return &other
}

// maxBody bounds the body of a request, in bytes.
const maxBody = 32 << 20

// ServeHTTP answers one request. A path that no operation has is answered with 404, a wrong method
// with 405, a missing credential with 401, a body of a wrong type with 415, anything else that the
// document forbids with 400. The body of these answers is an object with "error", one sentence, and
// "problems", a list of objects with "in", "path" and "message".
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, maxBody)
	answer, c := s.answer(r)
	io.Copy(io.Discard, r.Body)
	header := w.Header()
	for name, values := range answer.header {
		header[name] = values
	}
	w.WriteHeader(answer.status)
	if r.Method != http.MethodHead {
		w.Write(answer.body)
	}
	if s.opt.Log != nil {
		x := Exchange{Method: r.Method, Target: r.URL.RequestURI(), HTTP: r, Status: answer.status, Problems: answer.problems}
		if c != nil {
			x.Operation, x.Request = c.op.Name().String(), c.request()
		}
		s.opt.Log(x)
	}
}

// answer is what goes back.
type answer struct {
	status   int
	header   http.Header
	body     []byte
	problems []string
}

// answer answers a request. The call is nil if no operation is called that the document has whole.
func (s *Server) answer(r *http.Request) (*answer, *call) {
	name, values, ok := s.routes.Find(r.Method, r.URL.EscapedPath())
	if !ok {
		return s.routes.missing(r.Method, r.URL.EscapedPath()), nil
	}
	op, err := s.operation(name)
	if err != nil {
		return refuse(http.StatusNotImplemented, fmt.Sprintf("the document does not let %s be mocked: %v", name, err)), nil
	}
	c := &call{Server: s, r: r, op: op, path: values, content: types.Missing}
	return c.answer(), c
}

func (s *Server) operation(name openapi.OperationName) (*openapi.Operation, error) {
	for _, op := range s.opt.Operations {
		if op.Name() == name {
			return op, nil
		}
	}
	return s.doc.Operation(name.Key())
}

// Read reads a request without answering it, and says what is wrong with it, but for its credentials. The request
// is nil if the document has no operation for it.
func (s *Server) Read(r *http.Request) (*Request, []string) {
	name, values, ok := s.routes.Find(r.Method, r.URL.EscapedPath())
	if !ok {
		return nil, s.routes.missing(r.Method, r.URL.EscapedPath()).problems
	}
	op, err := s.operation(name)
	if err != nil {
		return nil, []string{err.Error()}
	}
	c := &call{Server: s, r: r, op: op, path: values, content: types.Missing}
	problems := c.readParams()
	more, refused := c.readBody()
	var out []string
	for _, p := range append(problems, more...) {
		out = append(out, p.String())
	}
	if refused != nil {
		out = append(out, refused.problems...)
	}
	return c.request(), out
}

// call is one request to an operation.
type call struct {
	*Server
	r       *http.Request
	op      *openapi.Operation
	path    map[string]string // raw texts of the path's parameters
	params  []any             // values, in the order of op.Parameters
	content any               // the body's value; types.Missing if there is none or it is not looked into
	raw     []byte            // the body
}

func (c *call) answer() *answer {
	if a := c.unauthorized(); a != nil {
		return a
	}
	problems := c.readParams()
	more, refused := c.readBody()
	if refused != nil {
		return refused
	}
	if problems = append(problems, more...); len(problems) > 0 {
		return refuse(http.StatusBadRequest, "the request is not one that "+c.op.Name().String()+" takes", problems...)
	}
	if c.opt.Respond != nil {
		if reply := c.opt.Respond(c.request()); reply != nil {
			return c.reply(reply)
		}
	}
	return c.respond()
}

// request is the call as values.
func (c *call) request() *Request {
	r := &Request{Operation: c.op, Params: map[string]any{}, Body: c.content, Raw: c.raw, HTTP: c.r, call: c}
	for i, v := range c.params {
		if types.IsMissing(v) {
			continue
		}
		p := c.op.Parameters[i]
		name := p.Name
		if _, taken := r.Params[name]; taken {
			name = p.In + ":" + name
		}
		r.Params[name] = v
	}
	if types.IsMissing(r.Body) && len(c.raw) > 0 {
		r.Body = c.raw
	}
	return r
}

// refuse makes the answer to a request that is not served.
func refuse(status int, message string, problems ...inbound.Problem) *answer {
	a := &answer{status: status, header: http.Header{"Content-Type": {"application/json"}}}
	a.problems = []string{message}
	if len(problems) > 0 {
		a.problems = nil
		for _, p := range problems {
			a.problems = append(a.problems, p.String())
		}
	}
	if problems == nil {
		problems = []inbound.Problem{}
	}
	body, err := json.Marshal(struct {
		Error    string            `json:"error"`
		Problems []inbound.Problem `json:"problems"`
	}{message, problems})
	if err != nil {
		panic("mockapi: an answer that is no JSON; this is a bug in Tenon: " + err.Error())
	}
	a.body = append(body, '\n')
	return a
}

// listed joins names as a sentence does: "a, b and c".
func listed(names []string, last string) string {
	if len(names) < 2 {
		return strings.Join(names, "")
	}
	return strings.Join(names[:len(names)-1], ", ") + " " + last + " " + names[len(names)-1]
}
