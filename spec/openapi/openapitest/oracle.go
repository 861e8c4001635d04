package openapitest

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"github.com/dlclark/regexp2"
	"github.com/getkin/kin-openapi/openapi2"
	"github.com/getkin/kin-openapi/openapi2conv"
	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"

	"tenon/spec/openapi"
)

// uri is what every URI is made of (RFC 3986 §2). kin-openapi does not look at the format, and so takes text
// for a URI too, and for two alternatives where it is only one.
const uri = "^[A-Za-z0-9._~:/?#\\[\\]@!$&'()*+,;=%-]+$"

// Oracle judges messages of one operation. It is safe for concurrent use.
type Oracle struct {
	route *routers.Route
	path  *regexp.Regexp
	names []string
	opt   openapi3filter.Options
}

// New makes the judge of one operation. The error says that kin-openapi cannot read it.
func New(d *openapi.Document, name string) (*Oracle, error) {
	op, err := d.Operation(name)
	if err != nil {
		return nil, err
	}
	pruned, err := Prune(d, name)
	if err != nil {
		return nil, err
	}
	doc, err := Load(pruned)
	if err != nil {
		return nil, err
	}
	item := doc.Paths.Find(op.Path)
	if item == nil || item.GetOperation(op.Method) == nil {
		return nil, fmt.Errorf("kin-openapi does not find %s", op.Name().Key())
	}
	o := &Oracle{
		route: &routers.Route{Spec: doc, Path: op.Path, PathItem: item, Method: op.Method, Operation: item.GetOperation(op.Method)},
		opt: openapi3filter.Options{
			AuthenticationFunc:                openapi3filter.NoopAuthenticationFunc,
			RegexCompiler:                     compile,
			RejectWhenRequestBodyNotSpecified: true,
			IncludeResponseStatus:             true,
			SkipSettingDefaults:               true,
		},
	}
	o.opt.SchemaValidationOptions = []openapi3.SchemaValidationOption{openapi3.WithStringFormatValidator("uri", openapi3.NewRegexpFormatValidator(uri))}
	if strings.HasPrefix(d.Version, "3.1") || strings.HasPrefix(d.Version, "3.2") {
		o.opt.SchemaValidationOptions = []openapi3.SchemaValidationOption{openapi3.EnableJSONSchema2020()}
	}
	// Read-only properties should not be sent, which kin-openapi takes for a must (OpenAPI 3.0.3 §4.7.24.2).
	o.opt.ExcludeReadOnlyValidations = op.Body != nil && slices.ContainsFunc(op.Body.Content, func(m *openapi.MediaType) bool { return len(m.Sent) > 0 })
	o.path, o.names = matcher(op.Path)
	return o, nil
}

// Load reads a document that [Prune] made.
func Load(pruned []byte) (*openapi3.T, error) {
	var version struct{ Swagger string }
	if err := json.Unmarshal(pruned, &version); err != nil {
		return nil, err
	}
	loader := openapi3.NewLoader()
	loader.ReadFromURIFunc = func(*openapi3.Loader, *url.URL) ([]byte, error) {
		return nil, fmt.Errorf("a pruned document refers to nothing outside")
	}
	if version.Swagger == "" {
		return loader.LoadFromData(pruned)
	}
	var old openapi2.T
	if err := json.Unmarshal(pruned, &old); err != nil {
		return nil, err
	}
	return openapi2conv.ToV3WithLoader(&old, loader, &url.URL{Path: "pruned.json"})
}

// compile reads patterns as ECMA 262 does, lookaheads included.
func compile(pattern string) (openapi3.RegexMatcher, error) {
	re, err := regexp2.Compile(pattern, regexp2.ECMAScript|regexp2.Unicode)
	if err != nil {
		return nil, err
	}
	return ecma{re}, nil
}

type ecma struct{ re *regexp2.Regexp }

func (e ecma) MatchString(s string) bool { ok, err := e.re.MatchString(s); return ok && err == nil }

var templateName = regexp.MustCompile(`\{([^{}]+)\}`)

// matcher matches the end of a URL's path, since servers put something before it.
func matcher(path string) (*regexp.Regexp, []string) {
	var names []string
	pattern, from := "", 0
	for _, m := range templateName.FindAllStringSubmatchIndex(path, -1) {
		names = append(names, path[m[2]:m[3]])
		pattern += regexp.QuoteMeta(path[from:m[0]]) + `([^/]+)`
		from = m[1]
	}
	return regexp.MustCompile(pattern + regexp.QuoteMeta(path[from:]) + "$"), names
}

// Request judges a request. Its body is read and put back.
func (o *Oracle) Request(r *http.Request) error {
	in, err := o.input(r)
	if err != nil {
		return err
	}
	if r.Body != nil {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return err
		}
		defer func() { r.Body = io.NopCloser(bytes.NewReader(body)) }()
		judged := io.Reader(bytes.NewReader(body))
		if r.Header.Get("Content-Encoding") == "gzip" { // which kin-openapi does not look at
			if judged, err = gzip.NewReader(judged); err != nil {
				return err
			}
		}
		r.Body = io.NopCloser(judged)
	}
	return safely(func() error { return openapi3filter.ValidateRequest(context.Background(), in) })
}

// Body judges the body of a request alone.
func (o *Oracle) Body(contentType string, body []byte) error {
	if o.route.Operation.RequestBody == nil || o.route.Operation.RequestBody.Value == nil {
		return fmt.Errorf("kin-openapi knows of no body")
	}
	r := &http.Request{
		Method: o.route.Method, URL: &url.URL{Path: "/"}, Header: http.Header{"Content-Type": {contentType}},
		Body: io.NopCloser(bytes.NewReader(body)),
	}
	in := &openapi3filter.RequestValidationInput{Request: r, Route: o.route, Options: &o.opt}
	return safely(func() error {
		return openapi3filter.ValidateRequestBody(context.Background(), in, o.route.Operation.RequestBody.Value)
	})
}

// Response judges an answer to a request.
func (o *Oracle) Response(r *http.Request, status int, header http.Header, body []byte) error {
	in, err := o.input(r)
	if err != nil {
		return err
	}
	out := &openapi3filter.ResponseValidationInput{RequestValidationInput: in, Status: status, Header: header, Options: &o.opt}
	out.SetBodyBytes(body)
	return safely(func() error { return openapi3filter.ValidateResponse(context.Background(), out) })
}

func (o *Oracle) input(r *http.Request) (*openapi3filter.RequestValidationInput, error) {
	m := o.path.FindStringSubmatch(r.URL.EscapedPath())
	if m == nil || r.Method != o.route.Method {
		return nil, fmt.Errorf("%s %s is no request of %s %s", r.Method, r.URL.Path, o.route.Method, o.route.Path)
	}
	params := map[string]string{}
	for i, name := range o.names {
		var err error
		if params[name], err = url.PathUnescape(m[i+1]); err != nil {
			return nil, err
		}
	}
	return &openapi3filter.RequestValidationInput{Request: r, PathParams: params, Route: o.route, Options: &o.opt}, nil
}

// safely turns a panic of the judge into a verdict, so that a test says which message it was.
func safely(judge func() error) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("kin-openapi panicked: %v", r)
		}
	}()
	return judge()
}
