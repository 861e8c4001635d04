package plan

import (
	"encoding/json"
	"time"

	"tenon/spec/media"
	"tenon/spec/source"
	"tenon/spec/types"
)

// Operation is an operation of an API of the author's own, which a trigger serves: each request is one run, and
// its client waits for the answer. All that is needed to take a request and to answer it is here.
type Operation struct {
	API      string            `json:"api"`                // a key of Plan.Serves
	Name     string            `json:"name"`               // operationId, or "GET /orders" where there is none
	Method   string            `json:"method"`             // in capitals
	Path     string            `json:"path"`               // template: "/orders/{id}"
	Bases    []string          `json:"bases"`              // paths below which it is served: "/v1", or ""; at least one
	Params   []*TakenParam     `json:"params,omitempty"`   // in the order of the document
	Body     *TakenBody        `json:"body,omitempty"`     // nil: none is taken, and one that comes is not looked at
	Security [][]string        `json:"security,omitempty"` // alternatives, each of which is keys of Auth that all have to be shown; none: anybody may ask
	Auth     map[string]*Proof `json:"auth,omitempty"`     // by scheme
	Limits   []*Limit          `json:"limits,omitempty"`   // of each client; all hold
	Cache    time.Duration     `json:"cache,omitempty"`    // how long answers are given again to requests like the first; 0: never
	Timeout  time.Duration     `json:"timeout"`            // how long a client waits
	// KeyHeader carries a key by which a client may send its request again: it gets the first one's answer. "": none does.
	KeyHeader string       `json:"key_header,omitempty"`
	Responds  []*Respond   `json:"responds"` // the first that fits answers
	Origin    types.Origin `json:"origin"`
}

// TakenParam is a parameter of a request, as it is read (OpenAPI 3.1 §4.8.12).
type TakenParam struct {
	Key         string          `json:"key"` // its name in trigger.params: Name, or "header:id" where two have one name
	Name        string          `json:"name"`
	In          string          `json:"in"`
	Style       string          `json:"style,omitempty"`
	Explode     bool            `json:"explode,omitempty"`
	ContentType string          `json:"content_type,omitempty"` // it is written in this media type, and Style means nothing
	Required    bool            `json:"required,omitempty"`
	Type        *types.Type     `json:"type"`
	Default     json.RawMessage `json:"default,omitempty"` // that the document declares; nil: none
}

// TakenBody is the content of a request.
type TakenBody struct {
	Required bool            `json:"required,omitempty"`
	Content  []*TakenContent `json:"content"` // that can be read; at least one
}

// TakenContent is one form in which a body may come.
type TakenContent struct {
	ContentType string               `json:"content_type"` // or a range of them
	Type        *types.Type          `json:"type"`         // that the value must be of
	Schema      *types.Type          `json:"schema"`       // as the document has it: what text in a form or in XML becomes
	XML         *media.Names         `json:"xml,omitempty"`
	Encoding    map[string]*Encoding `json:"encoding,omitempty"`
}

// Proof is a credential that clients show.
type Proof struct {
	Scheme string `json:"scheme"`
	Type   string `json:"type"`           // api_key, basic, bearer
	In     string `json:"in,omitempty"`   // of api_key: header, query, cookie
	Name   string `json:"name,omitempty"` // of api_key
	// Attrs are value, or username and password, or token. Each but username is a text or a list of them, any one of
	// which will do.
	Attrs map[string]*Expr `json:"attrs"`
	Range source.Range     `json:"range"`
}

// Respond is one way to answer. Its expressions see trigger, and outputs (with On "succeeded") or error (with "failed");
// outputs are as they are kept: times and durations are text.
type Respond struct {
	On      string       `json:"on"`             // how the run must have ended: succeeded, failed
	When    *Expr        `json:"when,omitempty"` // nil: it fits always
	Status  int          `json:"status"`
	Headers []*Param     `json:"headers,omitempty"`
	Body    *Body        `json:"body,omitempty"` // nil: none
	Range   source.Range `json:"range"`
}

// Serving is an API of the author's own, some operations of which triggers serve.
type Serving struct {
	Name       string       `json:"name"`
	Spec       string       `json:"spec,omitempty"`
	Digest     string       `json:"digest,omitempty"`
	Overlays   []*Overlay   `json:"overlays,omitempty"`
	Operations []string     `json:"operations"` // all that it declares, served or not: "GET /orders/{id}"
	Bases      []string     `json:"bases"`
	Range      source.Range `json:"range"`
}

// Exprs are all expressions of the operation.
func (o *Operation) Exprs() []*Expr {
	var list []*Expr
	for _, scheme := range sorted(o.Auth) {
		for _, name := range sorted(o.Auth[scheme].Attrs) {
			list = append(list, o.Auth[scheme].Attrs[name])
		}
	}
	for _, r := range o.Responds {
		list = append(list, r.Exprs()...)
	}
	return list
}

// Exprs are all expressions of the answer.
func (r *Respond) Exprs() []*Expr {
	list := []*Expr{r.When}
	for _, h := range r.Headers {
		list = append(list, h.Value)
	}
	if r.Body != nil {
		list = append(list, r.Body.Value)
	}
	return list
}
