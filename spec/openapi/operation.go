package openapi

import (
	"regexp"
	"strings"

	"tenon/spec/types"
)

// Operation is one operation as a client needs it: versions are evened out, inherited parts filled in,
// references followed. It is immutable; its types are read from the document when they are looked at.
type Operation struct {
	ID          string // operationId; may be ""
	Method      string // in capitals
	Path        string // template: "/orders/{id}"
	Summary     string // one line
	Description string
	Deprecated  bool
	// Parameters are the operation's and its path's. Headers named Accept, Content-Type and
	// Authorization are not among them (OpenAPI 3.1 §4.8.12.1). Path parameters come first, in the
	// path's order.
	Parameters []*Parameter
	Body       *RequestBody // nil: none is taken
	Responses  []*Response  // in the order of the document
	// Security holds alternatives, each of which is a set of schemes to apply together. An empty
	// alternative, or an empty list, means that the operation may be called without any; nil, that the
	// document does not say.
	Security []Requirement
	Servers  []Server // of this operation or its path alone; nil: the document's
	// Pagination, Idempotency and RateLimit are what x-tenon- members say; nil where they do not. Those of
	// the operation's path and of the document count too, but for the RateLimit of the document, which
	// all operations share ([Document.RateLimit]).
	Pagination  *Pagination
	Idempotency *Idempotency
	RateLimit   *RateLimit
	Origin      types.Origin
}

// Name is how the operation can be named.
func (o *Operation) Name() OperationName { return OperationName{o.ID, o.Method, o.Path} }

// Parameter is one parameter of an operation.
type Parameter struct {
	Name          string
	In            string // path, query, header or cookie
	Description   string
	Required      bool
	Deprecated    bool
	Type          *types.Type
	Style         string // form, simple, label, matrix, spaceDelimited, pipeDelimited, deepObject (OpenAPI 3.1 §4.8.12.3)
	Explode       bool
	AllowReserved bool
	ContentType   string // if set, the value is written in this media type, and Style means nothing
	Origin        types.Origin
}

// RequestBody is what an operation takes as content.
type RequestBody struct {
	Description string
	Required    bool
	Content     []*MediaType
	Origin      types.Origin
}

// MediaType is one form in which content may travel.
type MediaType struct {
	Name     string // as in the document: "application/json", "application/*", "text/plain; charset=utf-8"
	Type     *types.Type
	Encoding map[string]Encoding // by property, for forms and multipart; only what the document says
	Origin   types.Origin
	// Sent are paths of properties that the document declares read-only, and that its own examples of this request
	// carry all the same: they are of Type, since they are meant.
	Sent [][]string

	doc    *Document
	schema types.Origin
}

// Encoding is how one property of a form or multipart body is written (OpenAPI 3.1 §4.8.15).
type Encoding struct {
	ContentType   string // "": the default for the property's type
	Style         string // "": as ContentType says
	Explode       bool
	AllowReserved bool
	Headers       []*Header // of a part of a multipart body, beside Content-Type
}

// Response is one declared answer.
type Response struct {
	Status      string // "200", "2XX" or "default"
	Description string
	Content     []*MediaType // none: the document declares no body
	Headers     []*Header
	Origin      types.Origin
}

// Header is a declared response header. Content-Type is never among them.
type Header struct {
	Name     string
	Required bool
	Type     *types.Type
	Explode  bool // of objects; arrays are comma-separated either way
	Origin   types.Origin
}

// operation decodes what stands at a place.
func (d *Document) operation(name OperationName, p place) (*Operation, error) {
	f, ok := p.op.follow()
	if !ok {
		return nil, &LoadError{d.Locate(p.op.origin()), "has no operation at " + name.Key()}
	}
	for _, x := range p.defects {
		d.note(x)
	}
	item := p.item.object()
	o := &Operation{
		ID: name.ID, Method: name.Method, Path: name.Path,
		Summary:     f.get("summary").string(),
		Description: f.get("description").string(),
		Deprecated:  f.get("deprecated").bool(),
		Origin:      f.n.origin(),
	}
	if o.Summary == "" {
		o.Summary, _, _ = strings.Cut(strings.TrimSpace(o.Description), "\n")
	}
	params, complete := mergeParameters(item.get("parameters"), f.get("parameters"))
	if d.v2() {
		d.swaggerOperation(o, f, params)
	} else {
		d.modernOperation(o, f, item, params)
	}
	o.Parameters = d.fitPath(o, complete)
	security := f.get("security")
	if !security.exists() {
		security = d.root.get("security")
	}
	o.Security = d.requirements(security)
	d.extend(o, f, item)
	return o, nil
}

func (d *Document) modernOperation(o *Operation, f, item fields, params []fields) {
	for _, p := range params {
		if made := d.parameter(p); made != nil {
			o.Parameters = append(o.Parameters, made)
		}
	}
	if body := f.get("requestBody"); body.given() {
		if b, ok := body.follow(); ok {
			o.Body = &RequestBody{
				Description: b.get("description").string(),
				Required:    b.get("required").bool(),
				Content:     d.content(b.get("content"), types.Request),
				Origin:      b.n.origin(),
			}
		}
	}
	eachStatus(f.get("responses"), func(status string, r fields) {
		o.Responses = append(o.Responses, &Response{
			Status:      status,
			Description: r.get("description").string(),
			Content:     d.content(r.get("content"), types.Response),
			Headers:     d.headers(r.get("headers")),
			Origin:      r.n.origin(),
		})
	})
	if o.Servers = d.servers(f.get("servers")); o.Servers == nil {
		o.Servers = d.servers(item.get("servers"))
	}
}

var statusKey = regexp.MustCompile(`^[1-5]([0-9][0-9]|[xX][xX])$`)

// eachStatus calls do for each declared response.
func eachStatus(responses node, do func(status string, r fields)) {
	responses.object().each(func(status string, n node) {
		switch {
		case isExtension(status):
			return
		case statusKey.MatchString(status):
			status = strings.ToUpper(status)
		case status != "default":
			n.defect("%q is no status: 200, 2XX or default", status)
			return
		}
		if r, ok := n.follow(); ok {
			do(status, r)
		}
	})
}

// mergeParameters joins the parameters of a path with those of an operation, which take the place of
// the path's of the same name and kind. It also reports whether all could be read that far.
func mergeParameters(path, op node) (list []fields, complete bool) {
	complete = true
	at := map[[2]string]int{}
	for _, source := range []node{path, op} {
		own := map[[2]string]bool{}
		for _, n := range source.elements() {
			p, ok := n.follow()
			if !ok {
				complete = false
				continue
			}
			name, in := p.get("name").string(), strings.ToLower(p.get("in").string())
			if name == "" || in == "" {
				p.n.defect("is no parameter: it needs a name and in")
				complete = false
				continue
			}
			key := [2]string{in, name}
			if own[key] {
				n.defect("the %s parameter %q is declared twice; the last one counts", in, name)
			}
			own[key] = true
			if i, ok := at[key]; ok {
				list[i] = p
				continue
			}
			at[key] = len(list)
			list = append(list, p)
		}
	}
	return list, complete
}

// runtimeHeader reports whether a parameter is one that OpenAPI ignores (3.1 §4.8.12.1), since other
// parts of the document describe it.
func runtimeHeader(in, name string) bool {
	if in != "header" {
		return false
	}
	switch strings.ToLower(name) {
	case "accept", "content-type", "authorization":
		return true
	}
	return false
}
