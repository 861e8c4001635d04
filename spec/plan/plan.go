// Package plan is an integration as it will run: plain data that survives JSON, is self-contained
// (neither HCL nor OpenAPI is needed to carry it out) and is named by its content. spec/check makes
// plans, runtime/exec obeys them, everything else reads them.
package plan

import (
	"crypto/sha256"
	"slices"
	"sync"
	"time"

	"tenon/spec/expression"
	"tenon/spec/media"
	"tenon/spec/source"
	"tenon/spec/types"
)

// Version of the plan's own format. It changes when an older reader would misread a newer plan.
const Version = 1

// Plan is one integration, checked and resolved. It is immutable; many runs may share one.
type Plan struct {
	Version     int             `json:"version"`
	Tenon       string          `json:"tenon,omitempty"` // version of the tool that made it
	Integration string          `json:"integration"`
	Description string          `json:"description,omitempty"`
	Timeout     time.Duration   `json:"timeout,omitempty"` // of the whole run; 0: none
	APIs        map[string]*API `json:"apis"`              // by name; those that the integration uses
	Variables   []*Input        `json:"variables,omitempty"`
	Secrets     []*Secret       `json:"secrets,omitempty"`
	Inputs      []*Input        `json:"inputs,omitempty"`
	States      []*State        `json:"states,omitempty"`
	Overlap     string          `json:"overlap,omitempty"` // skip, queue, parallel: what a trigger does while a run is under way; "": the trigger's own way
	Lock        *Expr           `json:"lock,omitempty"`    // runs for which it is the same wait for each other
	Steps       *Block          `json:"steps"`
	OnFailure   *Block          `json:"on_failure,omitempty"`
	Outputs     []*Output       `json:"outputs,omitempty"`
	Triggers    []*Trigger      `json:"triggers,omitempty"`
	// Serves are the APIs whose operations the triggers serve, by name.
	Serves map[string]*Serving `json:"serves,omitempty"`
	Files  []*File             `json:"files,omitempty"` // the author's files, so that failures show their line; by name
}

// File is an author's file as it was when the plan was made. Its index in Plan.Files is not meaningful.
type File struct {
	Name string `json:"name"`
	Text string `json:"text"`

	once sync.Once
	sum  [sha256.Size]byte // of Text, once it has been asked for
}

// API is one provider as the integration uses it.
type API struct {
	Name     string           `json:"name"`
	Spec     string           `json:"spec,omitempty"`     // none: the project declares its operations
	Digest   string           `json:"digest,omitempty"`   // sha256 of the spec document, "sha256:…"
	Overlays []*Overlay       `json:"overlays,omitempty"` // that were laid over it, in order
	Server   *Expr            `json:"server"`             // an absolute URL, without a trailing slash
	Headers  []*Param         `json:"headers,omitempty"`
	Timeout  time.Duration    `json:"timeout,omitempty"` // one attempt
	Lenient  bool             `json:"lenient,omitempty"` // validate = "warn"
	Auth     map[string]*Auth `json:"auth,omitempty"`    // by scheme name
	TLS      *TLS             `json:"tls,omitempty"`
	Limits   []*Limit         `json:"limits,omitempty"` // all hold
	Retry    *Retry           `json:"retry,omitempty"`
	Range    source.Range     `json:"range"`
}

// Exprs lists the expressions that say how the API is reached, all that may use a secret among them.
func (a *API) Exprs() []*Expr {
	out := []*Expr{a.Server}
	params := slices.Clone(a.Headers)
	for _, scheme := range sorted(a.Auth) {
		auth := a.Auth[scheme]
		for _, name := range sorted(auth.Attrs) {
			out = append(out, auth.Attrs[name])
		}
		if auth.Signing != nil {
			out = append(out, auth.Signing.Text)
			params = append(params, auth.Signing.Fields...)
		}
	}
	for _, p := range params {
		out = append(out, p.Value)
	}
	if a.TLS != nil {
		out = append(out, a.TLS.CA, a.TLS.Cert, a.TLS.Key)
	}
	return slices.DeleteFunc(out, func(x *Expr) bool { return x == nil })
}

// Overlay is a document that amends a spec.
type Overlay struct {
	File   string `json:"file"`
	Digest string `json:"digest"`
}

// Auth is one credential and how it is sent.
type Auth struct {
	Scheme string           `json:"scheme"` // the name in the spec
	Type   string           `json:"type"`   // api_key, basic, bearer, digest, oauth2, hmac, aws_sigv4, mutual_tls
	In     string           `json:"in,omitempty"`
	Name   string           `json:"name,omitempty"`
	Attrs  map[string]*Expr `json:"attrs"` // by the names that spec/lang has for the type
	// Grant and what follows are of oauth2.
	Grant      string       `json:"grant,omitempty"`
	Scopes     []string     `json:"scopes,omitempty"`      // asked for
	ClientAuth string       `json:"client_auth,omitempty"` // basic, body, none, private_key_jwt; "": what the server takes
	Algorithm  string       `json:"algorithm,omitempty"`   // of JSON Web Tokens; "": the key decides
	Signing    *Signing     `json:"signing,omitempty"`     // of hmac
	Range      source.Range `json:"range"`
}

// Signing is a keyed hash over a text made of the request. Its expressions see request, which has method, url,
// host, path, query, target, headers (by name in lower case), body, body_sha256, timestamp and nonce.
type Signing struct {
	Text        *Expr    `json:"text"`
	Fields      []*Param `json:"fields"` // added to the request; they see signature too
	Algorithm   string   `json:"algorithm"`
	Encoding    string   `json:"encoding"`               // of the signature: hex, base64, base64url
	KeyEncoding string   `json:"key_encoding,omitempty"` // "": text
	Timestamp   string   `json:"timestamp"`              // unix, unix_ms, rfc3339, http
}

// TLS is what secures the connections to an API beyond what is usual; each part is PEM, or nil.
type TLS struct {
	CA    *Expr        `json:"ca,omitempty"`
	Cert  *Expr        `json:"cert,omitempty"`
	Key   *Expr        `json:"key,omitempty"`
	Range source.Range `json:"range"`
}

// Limit bounds how an API is called, by all runs that share its credentials. Zero values mean no bound.
type Limit struct {
	Count       int           `json:"count,omitempty"` // requests per Per
	Per         time.Duration `json:"per,omitempty"`
	Burst       int           `json:"burst,omitempty"` // requests at once; 0: at most Count in any Per, however they fall
	Concurrency int           `json:"concurrency,omitempty"`
}

// Retry says when a failed attempt is followed by another.
type Retry struct {
	Attempts int           `json:"attempts"` // in all, the first included
	Backoff  string        `json:"backoff"`  // exponential, linear, constant; always with full jitter
	Initial  time.Duration `json:"initial"`
	Max      time.Duration `json:"max"`
	On       []string      `json:"on"` // network, timeout, "429", "5xx"
}

// Expr is a checked expression.
type Expr = expression.Expr

// Input is a value given from outside: an integration's input or a project's variable.
type Input struct {
	Name        string       `json:"name"`
	Description string       `json:"description,omitempty"`
	Type        *types.Type  `json:"type"`
	Default     *Expr        `json:"default,omitempty"`
	Range       source.Range `json:"range"`
}

// State is a value that is kept from run to run: Initial in the first, then what Next came to in the last
// run that succeeded. All Next of a run are kept together or not at all.
type State struct {
	Name    string       `json:"name"`
	Type    *types.Type  `json:"type"`
	Initial *Expr        `json:"initial"`
	Next    *Expr        `json:"next"`
	Guard   *Guard       `json:"guard,omitempty"` // of Next
	Range   source.Range `json:"range"`
}

// Secret says where a secret comes from; exactly one of the fields after Name is set.
type Secret struct {
	Name    string       `json:"name"`
	Env     string       `json:"env,omitempty"`
	File    string       `json:"file,omitempty"`
	Command []string     `json:"command,omitempty"`
	Range   source.Range `json:"range"`
}

// Output is one member of the run's result; left out where its value is absent.
type Output struct {
	Name  string `json:"name"`
	Value *Expr  `json:"value"`
	Guard *Guard `json:"guard,omitempty"`
}

// Block is operations and the order among them. Ops stand in an order in which they can run one
// after the other; each may start as soon as all in its After have succeeded or been skipped.
type Block struct {
	Ops []*Op `json:"ops"`
}

// Op is one operation of a plan. Exactly one of Call, Value, ForEach, Run and Wait is set.
//
// Its result is bound in the environment under ID. For a Call that is an object with status, headers,
// body, items (a stream, if Paginate) and skipped; for a Value the object {value, skipped}; for a
// Run {outputs, skipped}; for a Wait {skipped}; for a ForEach count, succeeded, failed, skipped and the aggregates by name. A skipped Call or Value has
// skipped = true and nothing else; a skipped ForEach has the result of one without items.
type Op struct {
	ID    string       `json:"id"`   // the name it is bound under: "step.orders", "for_each.order", "switch.tier"
	Kind  string       `json:"kind"` // "step", "for_each", "switch": the author's block
	Name  string       `json:"name"`
	After []string     `json:"after,omitempty"` // IDs in the same block
	Cases []Case       `json:"cases,omitempty"` // all must hold: the op stands inside these cases of switches
	When  *Expr        `json:"when,omitempty"`
	Range source.Range `json:"range"` // of the block's header

	Call    *Call    `json:"call,omitempty"`
	Value   *Compute `json:"value,omitempty"`
	ForEach *ForEach `json:"for_each,omitempty"`
	Run     *Run     `json:"run,omitempty"`
	Wait    *Wait    `json:"wait,omitempty"`

	Repeat  *Repeat  `json:"repeat,omitempty"`  // of a Call without Paginate
	Recover *Recover `json:"recover,omitempty"` // of a Call that writes
	Undo    *Undo    `json:"undo,omitempty"`    // of a Call that writes
	Checks  []*Check `json:"checks,omitempty"`
	Catch   []*Catch `json:"catch,omitempty"`
}

// Case says that an op runs only if the switch op Switch chose the case with this index. The value
// of a switch op is the index of the chosen case; the default comes last, no case at all is -1.
type Case struct {
	Switch string `json:"switch"`
	Index  int    `json:"index"`
}

// Compute is a value that needs no request.
//
// With Choices it is a switch: the op's value is the index of the first choice that lists the computed
// value as text (a string as it is, integers and booleans as JSON writes them), len(Choices) if there is
// none and Default is set, else -1.
type Compute struct {
	Value   *Expr      `json:"value"`
	Guard   *Guard     `json:"guard,omitempty"`
	Choices [][]string `json:"choices,omitempty"`
	Default bool       `json:"default,omitempty"`
}

// Run is a run of another integration inside this one. Its plan has no files: they are among those of the
// outermost plan, as are its variables, secrets and APIs.
type Run struct {
	Plan   *Plan        `json:"plan"`
	Inputs *Expr        `json:"inputs,omitempty"` // an object; nil: none are given
	Guard  *Guard       `json:"guard,omitempty"`
	Range  source.Range `json:"range"`
}

// Wait is a pause: For, or as long or until when Until says, a duration or a time.
type Wait struct {
	For   time.Duration `json:"for,omitempty"`
	Until *Expr         `json:"until,omitempty"`
	Guard *Guard        `json:"guard,omitempty"`
}

// Check is an assertion on a step's result. Failing one fails the step.
type Check struct {
	Name    string       `json:"name"`
	Assert  *Expr        `json:"assert"`
	Message *Expr        `json:"message,omitempty"`
	Range   source.Range `json:"range"`
}

// Repeat makes a call again and again, Every after each answer, until a condition on the answer holds.
// When it does not hold Timeout after the first, the step fails.
type Repeat struct {
	Until   *Expr         `json:"until"` // sees response
	Every   time.Duration `json:"every"`
	Timeout time.Duration `json:"timeout"`
	Range   source.Range  `json:"range"`
}

// Recover finds out whether a call happened whose answer was lost: Wait later Call is made, and if Found
// holds for its answer the call did. Then the body is Body, or that of the answer. If it did not happen
// it is made again, with the same bytes.
type Recover struct {
	Call  *Call         `json:"call"`
	Found *Expr         `json:"found"`          // sees response
	Body  *Expr         `json:"body,omitempty"` // sees response; nil: its body
	Guard *Guard        `json:"guard,omitempty"`
	Wait  time.Duration `json:"wait,omitempty"`
	Range source.Range  `json:"range"`
}

// Undo is a call that takes back what the op did, if the run or the item fails later. Its values see the op's
// result and are computed when it has succeeded.
type Undo struct {
	Call  *Call        `json:"call"`
	Range source.Range `json:"range"`
}

// Catch replaces the failure of a step. Exactly one of Skip, Body and Call is set.
type Catch struct {
	On    string       `json:"on"` // "404", "4xx", network, timeout, invalid_response, check, any
	Skip  bool         `json:"skip,omitempty"`
	Body  *Expr        `json:"body,omitempty"` // sees error; becomes the step's body
	Guard *Guard       `json:"guard,omitempty"`
	Call  *Call        `json:"call,omitempty"`
	Range source.Range `json:"range"`
}

// Call is one operation of an API, as a request template and what may come back.
type Call struct {
	API        string        `json:"api"`
	Operation  string        `json:"operation"` // operationId, or "GET /orders" where there is none
	Method     string        `json:"method"`
	Path       string        `json:"path"`             // template: "/orders/{id}"
	Server     *Expr         `json:"server,omitempty"` // base URL of this operation alone; nil: the API's
	Params     []*Param      `json:"params,omitempty"`
	Headers    []*Param      `json:"headers,omitempty"` // undeclared ones
	Body       *Body         `json:"body,omitempty"`
	Accept     []string      `json:"accept,omitempty"` // media types for the Accept header
	Responses  []*Response   `json:"responses"`
	Security   []string      `json:"security,omitempty"` // keys of API.Auth, all applied
	Timeout    time.Duration `json:"timeout,omitempty"`  // one attempt; 0: the API's, else 30s
	Retry      *Retry        `json:"retry,omitempty"`
	Limits     []*Limit      `json:"limits,omitempty"`     // of this operation, besides the API's
	Safe       bool          `json:"safe,omitempty"`       // only reads (RFC 9110 §9.2.1, or the author says so)
	Idempotent bool          `json:"idempotent,omitempty"` // may be sent again (RFC 9110 §9.2.2, or the author vouches)
	// IdempotencyHeader carries a key that makes sending again harmless; Idempotent is true then. The key is what the
	// request has there already, else IdempotencyKey, else one that [MintKey] makes of the run and the request.
	IdempotencyHeader string `json:"idempotency_header,omitempty"`
	IdempotencyKey    *Expr  `json:"idempotency_key,omitempty"`
	IdempotencyGuard  *Guard `json:"idempotency_guard,omitempty"`
	IdempotencyForm   string `json:"idempotency_form,omitempty"` // of a key that is made; "": the first of [KeyForms]

	Paginate *Paginate `json:"paginate,omitempty"`
	Items    *Items    `json:"items,omitempty"`
	// Download says that the body's bytes are only sent on, as a body or a part of one: they are not read before.
	Download bool         `json:"download,omitempty"`
	Origin   types.Origin `json:"origin"` // of the operation in the spec
	Range    source.Range `json:"range"`  // of the call attribute
}

// Param is a parameter or header as it is written on the wire (OpenAPI 3.1 §4.8.12).
type Param struct {
	Name          string `json:"name"`
	In            string `json:"in"` // path, query, header, cookie
	Style         string `json:"style,omitempty"`
	Explode       bool   `json:"explode,omitempty"`
	AllowReserved bool   `json:"allow_reserved,omitempty"`
	ContentType   string `json:"content_type,omitempty"` // parameter with content: serialised as this
	Required      bool   `json:"required,omitempty"`
	Value         *Expr  `json:"value"`
	Guard         *Guard `json:"guard,omitempty"`
}

// Body is the request's content.
type Body struct {
	ContentType string               `json:"content_type"`
	Encoding    map[string]*Encoding `json:"encoding,omitempty"` // form and multipart: by property
	XML         *media.Names         `json:"xml,omitempty"`      // how the value is named in XML
	Type        *types.Type          `json:"type,omitempty"`     // of the value in XML, which says what is a list
	Columns     []string             `json:"columns,omitempty"`  // of CSV, in the document's order
	Value       *Expr                `json:"value"`
	Guard       *Guard               `json:"guard,omitempty"`
	Fields      []Field              `json:"fields,omitempty"` // where each value comes from, for readers
}

// Encoding is how one property of a form or multipart body is written (OpenAPI 3.1 §4.8.15).
type Encoding struct {
	ContentType   string `json:"content_type,omitempty"`
	Style         string `json:"style,omitempty"`
	Explode       bool   `json:"explode,omitempty"`
	AllowReserved bool   `json:"allow_reserved,omitempty"`
	// Headers of a part of a multipart body, beside its type. Binary: text is the content of a file there.
	Headers map[string]string `json:"headers,omitempty"`
	Binary  bool              `json:"binary,omitempty"`
}

// Field tells a reader of the plan where one value comes from and what is known about it.
type Field = expression.Field

// Guard is what could not be proven about a value and is checked before it is used: exactly that part.
type Guard struct {
	Type  *types.Type  `json:"type"`
	What  string       `json:"what"`  // "body of billing.createInvoice"
	Range source.Range `json:"range"` // the line that the failure shows
}

// Response is one declared answer. An answer is matched with the Response of its exact status, else of
// its class ("4XX"), else with "default". It is a success if its status is 2xx, or if the Response of
// exactly that status is.
type Response struct {
	Status  string     `json:"status"`            // "200", "2XX", "default"
	Success bool       `json:"success"`           // 2xx, or listed in accept
	Content []*Content `json:"content,omitempty"` // none: no body is read
}

// Content is one media type of an answer.
type Content struct {
	ContentType string `json:"content_type"`    // "*/*": whatever arrives
	Guard       *Guard `json:"guard,omitempty"` // what the plan relied on; nil: nothing
	// Type says what text becomes, where content is not JSON; XML how its elements are named.
	Type     *types.Type          `json:"type,omitempty"`
	XML      *media.Names         `json:"xml,omitempty"`
	Encoding map[string]*Encoding `json:"encoding,omitempty"` // of a form
}

// Paginate is how further pages are asked for. Expressions see response and request (what the page was
// asked for by: params by name, and body).
//
// Next gives null or absent after the last page. An object is parameters of the next page ({body = …} merges
// into the body); a string, its URL.
type Paginate struct {
	Items    *Expr      `json:"items"`
	Next     *Expr      `json:"next,omitempty"`
	Guard    *Guard     `json:"guard,omitempty"` // of Next
	Limit    int64      `json:"limit,omitempty"`
	Rule     string     `json:"rule"`               // "explicit", or the rule by which Next was inferred (see spec/paging)
	Evidence []Evidence `json:"evidence,omitempty"` // what Next was inferred from
	Size     string     `json:"size,omitempty"`     // the parameter that asks for a page size, where it is known
	Follow   bool       `json:"follow,omitempty"`   // a Link header with rel="next" is followed where Next finds nothing
	Blind    bool       `json:"blind,omitempty"`    // Next cannot see that a page is the last one: only an empty page is surely the end
	Collect  bool       `json:"collect,omitempty"`  // items are used as a list, not as a stream
}

// Evidence is a fact of a specification that something was inferred from.
type Evidence struct {
	Text string `json:"text"`         // a clause: "it takes cursor"
	At   string `json:"at,omitempty"` // where the specification says so: "openapi/shop.yaml:12"
}

// Items says that the items of an answer that is a sequence (CSV, JSON lines, an event stream, …) are used.
type Items struct {
	// Stream: one after another while they arrive, by a single for_each; else as a list.
	Stream bool `json:"stream,omitempty"`
}

// ForEach runs a block for every element of a list or stream.
type ForEach struct {
	Var         string       `json:"var"`
	In          *Expr        `json:"in"`
	Stream      string       `json:"stream,omitempty"` // ID of the paginated step whose items are read page by page, none if it was skipped; In is nil then
	Guard       *Guard       `json:"guard,omitempty"`  // of In
	Where       *Expr        `json:"where,omitempty"`
	Key         *Expr        `json:"key,omitempty"`
	Once        *Once        `json:"once,omitempty"`       // needs Key
	Lock        *Expr        `json:"lock,omitempty"`       // items for which it is the same wait for each other
	Concurrency int          `json:"concurrency"`          // ≥ 1
	Continue    bool         `json:"continue,omitempty"`   // on_error = "continue"
	MaxErrors   int          `json:"max_errors,omitempty"` // 0: no bound
	Block       *Block       `json:"block"`
	Aggregates  []*Aggregate `json:"aggregates,omitempty"`
	Free        []string     `json:"free,omitempty"` // names from outside that the block's expressions use
}

// Once says that items whose key has succeeded before are passed over.
type Once struct {
	Within time.Duration `json:"within,omitempty"` // 0: ever
}

// Aggregate folds one value per item that succeeded.
type Aggregate struct {
	Name  string       `json:"name"`
	Func  string       `json:"func"` // sum, count, list, min, max, first, last
	Value *Expr        `json:"value"`
	Guard *Guard       `json:"guard,omitempty"`
	Range source.Range `json:"range"`
}
