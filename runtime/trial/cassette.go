package trial

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

// CassetteVersion is the version of the form of cassettes (schemas/cassette.schema.json).
const CassetteVersion = 1

// MaxCassette bounds a cassette, MaxRecorded the body of one request or answer in it, in bytes.
const (
	MaxCassette = 64 << 20
	MaxRecorded = 16 << 20
)

// Cassette is what a run asked the world, and what it was told. Secrets are not in it.
type Cassette struct {
	Version   int                        `json:"version"`
	Run       string                     `json:"run"`              // its ID, which identifiers and idempotency keys are made of
	Began     time.Time                  `json:"began"`            // what its clock showed then
	Times     map[string]time.Time       `json:"times,omitempty"`  // what now() gave, by the place in the run
	Servers   map[string]string          `json:"servers"`          // where the APIs were
	States    map[string]json.RawMessage `json:"states,omitempty"` // of integrations that it runs, before it
	Seen      map[string][]string        `json:"seen,omitempty"`   // keys of items that were done before, by loop
	Exchanges []*Exchange                `json:"exchanges"`
}

// Exchange is a request and its answer.
type Exchange struct {
	API       string           `json:"api"`
	Operation string           `json:"operation"`
	Step      string           `json:"step,omitempty"` // that made it, for readers
	Request   *RecordedRequest `json:"request"`
	Answer    *RecordedAnswer  `json:"answer,omitempty"`
	Error     string           `json:"error,omitempty"`    // instead of an answer: network, timeout
	Attempts  int              `json:"attempts,omitempty"` // all of which ended so; 0: one
}

// RecordedRequest is a request without what its credentials add.
type RecordedRequest struct {
	Method  string      `json:"method"`
	URL     string      `json:"url"`
	Headers http.Header `json:"headers,omitempty"`
	Body    *Content    `json:"body,omitempty"`
}

// RecordedAnswer is the answer to a request.
type RecordedAnswer struct {
	Status  int         `json:"status"`
	Headers http.Header `json:"headers,omitempty"`
	Body    *Content    `json:"body,omitempty"`
}

// Content is a body, in the form in which it can be read best.
type Content struct {
	JSON   json.RawMessage `json:"json,omitempty"`
	Text   string          `json:"text,omitempty"`
	Base64 []byte          `json:"base64,omitempty"` // what is no text in UTF-8
	// Streamed says that it flowed by and was not kept.
	Streamed bool `json:"streamed,omitempty"`
}

// newContent is a body with its secrets removed by redact; nil if it is empty.
func newContent(body []byte, contentType string, redact func(string) string) *Content {
	switch {
	case len(body) == 0:
		return nil
	case !utf8.Valid(body):
		return &Content{Base64: []byte(redact(string(body)))}
	}
	text := redact(string(body))
	media, _, _ := strings.Cut(contentType, ";")
	media = strings.ToLower(strings.TrimSpace(media))
	if (media == "application/json" || strings.HasSuffix(media, "+json")) && json.Valid([]byte(text)) {
		return &Content{JSON: json.RawMessage(text)}
	}
	return &Content{Text: text}
}

func (c *Content) bytes() []byte {
	switch {
	case c == nil:
		return nil
	case c.JSON != nil:
		return c.JSON
	case c.Base64 != nil:
		return c.Base64
	}
	return []byte(c.Text)
}

// ReadCassette reads a cassette. The error is a clause that says what is wrong with it and what to do.
func ReadCassette(data []byte) (*Cassette, error) {
	if len(data) > MaxCassette {
		return nil, fmt.Errorf("it has more than %d MB, the most that is read", MaxCassette>>20)
	}
	c := &Cassette{}
	dec := json.NewDecoder(bytes.NewReader(data))
	err := dec.Decode(c)
	var syntax *json.SyntaxError
	var kind *json.UnmarshalTypeError
	switch {
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return nil, errors.New("it is not whole: it ends too early")
	case errors.As(err, &syntax):
		return nil, fmt.Errorf("it is not JSON: %s, at byte %d", syntax, syntax.Offset)
	case errors.As(err, &kind):
		return nil, fmt.Errorf("it is no cassette: %s is a JSON %s", kind.Field, kind.Value)
	case err != nil:
		return nil, fmt.Errorf("it is no cassette: %w", err)
	case c.Version == 0:
		return nil, errors.New(`it is no cassette: it has no "version"`)
	case c.Version != CassetteVersion:
		return nil, fmt.Errorf("it is of version %d, and this tool reads version %d; record it anew", c.Version, CassetteVersion)
	case dec.More():
		return nil, errors.New("it is no cassette: something follows the JSON object")
	}
	for i, x := range c.Exchanges {
		if what := x.lacks(); what != "" {
			return nil, fmt.Errorf("its exchange %d %s", i+1, what)
		}
	}
	return c, nil
}

// lacks says what an exchange lacks, as a clause.
func (x *Exchange) lacks() string {
	switch {
	case x == nil || x.API == "" || x.Operation == "" || x.Request == nil:
		return "has no api, operation or request"
	case x.Request.Method == "" || x.Request.URL == "":
		return "has a request without method or url"
	case (x.Answer == nil) == (x.Error == ""):
		return "has not exactly one of answer and error"
	case x.Error != "" && x.Error != "network" && x.Error != "timeout":
		return fmt.Sprintf("has the error %q, which is neither network nor timeout", x.Error)
	case x.Answer != nil && (x.Answer.Status < 200 || x.Answer.Status > 599):
		return fmt.Sprintf("is answered with the status %d", x.Answer.Status)
	case x.Attempts < 0:
		return "has a negative number of attempts"
	}
	if _, err := url.Parse(x.Request.URL); err != nil {
		return "has a url that is none"
	}
	return ""
}

// Write is the cassette as it is kept.
func (c *Cassette) Write() ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(c); err != nil {
		return nil, err
	}
	if b.Len() > MaxCassette {
		return nil, fmt.Errorf("the cassette would have more than %d MB, the most that is kept", MaxCassette>>20)
	}
	return b.Bytes(), nil
}

// tape is a cassette that is played.
type tape struct {
	*Cassette
	shift  time.Duration // between the clock of the recording and the test's
	tracks []*track
}

// track is an exchange of the tape, as far as it has been used.
type track struct {
	*Exchange
	left   int
	key    string // what a request must be to be answered by it
	params string // the same without the body
	value  map[string]any
	bad    []string // why the document does not have such a request any more
}

// load reads the test's cassette. What is wrong is a problem of the report.
func (t *trial) load() {
	name := t.test.Cassette
	if name == "" {
		return
	}
	bad := func(err error) {
		t.problem(Problem{Kind: BadCassette, Message: fmt.Sprintf("the cassette %s: %s", name, err), Range: t.test.Range})
	}
	data, err := t.bench.o.ReadFile(name)
	if err != nil {
		bad(fmt.Errorf("%w; tenon test --record makes it", err))
		return
	}
	c, err := ReadCassette(data)
	if err != nil {
		bad(err)
		return
	}
	t.tape = &tape{Cassette: c}
	for _, x := range c.Exchanges {
		t.tape.tracks = append(t.tape.tracks, &track{Exchange: x, left: max(1, x.Attempts)})
	}
}

// read reads the requests of the tape by the documents of today.
func (t *trial) read() error {
	if t.tape == nil {
		return nil
	}
	for _, x := range t.tape.tracks {
		if t.program.Plan().APIs[x.API] == nil {
			continue // nothing calls it any more
		}
		server, err := t.bench.api(x.API)
		if err != nil {
			return err
		}
		r, err := x.http(t.tape.Servers[x.API])
		if err != nil {
			return fmt.Errorf("the cassette %s: %w", t.test.Cassette, err)
		}
		q, bad := server.Read(r)
		if x.bad = bad; q != nil {
			x.value = requestValue(q)
			x.key, x.params = t.identify(x.API, operation(q.Operation), x.value)
		}
	}
	return nil
}

// http is the recorded request as a server sees it whose base URL has no path.
func (x *Exchange) http(base string) (*http.Request, error) {
	target := x.Request.URL
	if rest, ok := strings.CutPrefix(target, base); ok && base != "" && (rest == "" || rest[0] == '/' || rest[0] == '?') {
		target = "/" + strings.TrimPrefix(rest, "/")
	}
	u, err := url.Parse(target)
	if err != nil {
		return nil, err
	}
	r := &http.Request{Method: x.Request.Method, URL: u, Header: x.Request.Headers.Clone(), Body: io.NopCloser(bytes.NewReader(x.Request.Body.bytes()))}
	if r.Header == nil {
		r.Header = http.Header{}
	}
	return r, nil
}

// identify is what two requests have in common that are the same: their operation, parameters and body, as text without
// secrets; and the same without the body. Headers that carry an idempotency key are not compared.
func (t *trial) identify(api, op string, request map[string]any) (key, params string) {
	given, _ := request["params"].(map[string]any)
	compared := map[string]any{}
	for name, v := range given {
		if !slices.Contains(t.keyHeaders[api+" "+op], strings.ToLower(strings.TrimPrefix(name, "header:"))) {
			compared[name] = v
		}
	}
	params = t.out.Redact(api + " " + op + " " + shownWhole(compared))
	return params + " " + t.out.Redact(shownWhole(at(request, "body"))), params
}

// replay answers a request from the tape.
func (t *trial) replay(x *exchange, op string, request map[string]any) *RecordedAnswer {
	key, params := t.identify(x.api, op, request)
	var known *track
	for _, c := range t.tape.tracks {
		if c.key != key && !(c.Request.Body != nil && c.Request.Body.Streamed && c.params == params) {
			continue
		}
		if known = c; c.left > 0 {
			c.left--
			x.fault = c.Error
			return c.Answer
		}
	}
	t.unrecorded(x, op, request, known)
	return nil
}

// unrecorded reports a request that the tape has no answer to. known is one that is the same, and used up.
func (t *trial) unrecorded(x *exchange, op string, request map[string]any, known *track) {
	p := Problem{Kind: Unrecorded, Range: t.stepRange(x.step), Message: fmt.Sprintf("the cassette %s has no answer to what %s sends: %s", t.test.Cassette, named(x), x.line)}
	var closest *track
	var least []Difference
	for _, c := range t.tape.tracks {
		if c.API != x.api || c.Operation != op || c.left == 0 || c.value == nil {
			continue
		}
		d := append(compare("params", at(c.value, "params"), at(request, "params")), compare("body", at(c.value, "body"), at(request, "body"))...)
		if closest == nil || len(d) < len(least) {
			closest, least = c, d
		}
	}
	switch {
	case known != nil:
		p.Detail = fmt.Sprintf("It was recorded %s, and is sent once more.", times(max(1, known.Attempts)))
	case closest != nil:
		p.Detail = fmt.Sprintf("The closest that was recorded is %s %s", closest.Request.Method, t.out.Redact(closest.Request.URL))
		p.Differences = redacted(least, t.out.Redact)
	default:
		p.Detail = fmt.Sprintf("No other call of %s.%s was recorded.", x.api, op)
	}
	t.problem(p)
}

func redacted(list []Difference, redact func(string) string) []Difference {
	for i := range list {
		list[i].Expected, list[i].Got = redact(list[i].Expected), redact(list[i].Got)
	}
	return list
}

// unplayed reports what was recorded and is not asked for any more, but for operations that mocks answer.
func (t *trial) unplayed() {
	if t.tape == nil {
		return
	}
	var left []string
	for _, c := range t.tape.tracks {
		mocked := slices.ContainsFunc(t.answering, func(m *mock) bool { return m.plan.API == c.API && m.plan.Operation == c.Operation })
		if c.left < max(1, c.Attempts) || mocked {
			continue
		}
		line := c.Request.Method + " " + c.Request.URL
		if c.bad != nil {
			line += " (" + c.bad[0] + ")"
		}
		left = append(left, line)
	}
	if len(left) == 0 {
		return
	}
	const most = 10
	p := Problem{Kind: UnusedMock, Range: t.test.Range, Message: fmt.Sprintf("of the cassette %s, %s", t.test.Cassette, unasked(len(left)))}
	if len(left) > most {
		left = append(left[:most], fmt.Sprintf("and %d more", len(left)-most))
	}
	p.Detail = strings.Join(left, "\n")
	t.problem(p)
}

func unasked(n int) string {
	if n == 1 {
		return "1 request is not made any more"
	}
	return fmt.Sprintf("%d requests are not made any more", n)
}
