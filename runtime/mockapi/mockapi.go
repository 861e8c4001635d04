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

	"tenon/spec/openapi"
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
	// Log, if set, is called after each exchange, from the goroutine that served it.
	Log func(Exchange)
}

// Exchange is one request and what it was answered with.
type Exchange struct {
	Method, Target string   // as they came in
	Operation      string   // "" if there is none
	Status         int      // of the answer
	Problems       []string // why the request was refused; nil if it was not
}

// Server is the mock of one document. It is an [http.Handler], safe for concurrent use.
type Server struct {
	doc     *openapi.Document
	opt     Options
	routes  *routes
	schemes map[string]*openapi.SecurityScheme
	pagers  sync.Map // *openapi.Operation to *pager
}

// New makes the mock of a document. Operations are read when they are first called, so a defect of the
// document costs only the operations that reach it: those are answered with 501 and the reason.
func New(d *openapi.Document, o Options) *Server {
	if o.Items == 0 {
		o.Items = 25
	}
	s := &Server{doc: d, opt: o, routes: newRoutes(d, o.Operations), schemes: map[string]*openapi.SecurityScheme{}}
	for _, scheme := range d.SecuritySchemes() {
		s.schemes[scheme.Name] = scheme
	}
	return s
}

// maxBody bounds the body of a request, in bytes.
const maxBody = 32 << 20

// ServeHTTP answers one request. A path that no operation has is answered with 404, a wrong method
// with 405, a missing credential with 401, a body of a wrong type with 415, anything else that the
// document forbids with 400. The body of these answers is an object with "error", one sentence, and
// "problems", a list of objects with "in", "path" and "message".
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, maxBody)
	answer, operation := s.answer(r)
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
		s.opt.Log(Exchange{r.Method, r.URL.RequestURI(), operation, answer.status, answer.problems})
	}
}

// answer is what goes back.
type answer struct {
	status   int
	header   http.Header
	body     []byte
	problems []string
}

func (s *Server) answer(r *http.Request) (*answer, string) {
	route, values := s.routes.find(r.Method, r.URL.EscapedPath())
	if route == nil {
		return s.routes.missing(r.Method, r.URL.EscapedPath()), ""
	}
	op, err := s.operation(route.name)
	if err != nil {
		return refuse(http.StatusNotImplemented, fmt.Sprintf("the document does not let %s be mocked: %v", route.name, err)), route.name.String()
	}
	c := &call{Server: s, r: r, op: op, path: values}
	return c.answer(), route.name.String()
}

func (s *Server) operation(name openapi.OperationName) (*openapi.Operation, error) {
	for _, op := range s.opt.Operations {
		if op.Name() == name {
			return op, nil
		}
	}
	return s.doc.Operation(name.Key())
}

// call is one request to an operation.
type call struct {
	*Server
	r       *http.Request
	op      *openapi.Operation
	path    map[string]string // raw texts of the path's parameters
	params  []any             // values, in the order of op.Parameters
	content any               // the body's value; types.Missing if there is none or it is not looked into
}

func (c *call) answer() *answer {
	if a := c.unauthorized(); a != nil {
		return a
	}
	var problems []problem
	problems = append(problems, c.readParams()...)
	more, refused := c.readBody()
	if refused != nil {
		return refused
	}
	if problems = append(problems, more...); len(problems) > 0 {
		return refuse(http.StatusBadRequest, "the request is not one that "+c.op.Name().String()+" takes", problems...)
	}
	return c.respond()
}

// problem is one thing that is wrong with a request.
type problem struct {
	In      string `json:"in"`             // path, query, header, cookie, body or security
	Path    string `json:"path,omitempty"` // the parameter, or the place in the body
	Message string `json:"message"`
}

func (p problem) String() string {
	if p.Path == "" {
		return p.In + ": " + p.Message
	}
	return p.In + " " + p.Path + ": " + p.Message
}

// refuse makes the answer to a request that is not served.
func refuse(status int, message string, problems ...problem) *answer {
	a := &answer{status: status, header: http.Header{"Content-Type": {"application/json"}}}
	a.problems = []string{message}
	if len(problems) > 0 {
		a.problems = nil
		for _, p := range problems {
			a.problems = append(a.problems, p.String())
		}
	}
	if problems == nil {
		problems = []problem{}
	}
	body, err := json.Marshal(struct {
		Error    string    `json:"error"`
		Problems []problem `json:"problems"`
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
