package transport

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"net/http"
	"net/url"
	"strings"

	"tenon/runtime/secret"
)

// Credential is what one security scheme adds to the requests of an API. It is safe for concurrent use.
type Credential interface {
	// ID is the same for everybody who signs in as the same, and tells nothing secret.
	ID() string
	// Sign adds to one attempt what authenticates it. It may take time, where a token must be had first.
	// The error is an *Error; nothing was sent then.
	Sign(ctx context.Context, o *Outgoing) error
	// Answered is told how an attempt that it signed was answered. It reports whether the same request, signed
	// anew, may be answered otherwise: after a 401 that asks for something it can give. A request is repeated for
	// this reason once, all its credentials together. An error says in a clause why it can give nothing.
	Answered(ctx context.Context, o *Outgoing, status int, h http.Header) (again bool, err error)
	// Hide writes "(secret)" where Sign would write something secret.
	Hide(o *Outgoing)
}

// Outgoing is one attempt before it is sent. Header and URL are replaced, not written into: the values of
// Header and what URL points to belong to the request.
type Outgoing struct {
	Method string
	URL    *url.URL
	Header http.Header
	// Body is what will be sent. Where it is Streamed, its bytes are not known yet and Body is nil.
	Body     []byte
	Streamed bool
}

// Identify makes an ID of parts; secret ones cannot be had back from it, if they are not to be guessed.
func Identify(parts ...string) string {
	h := sha256.New()
	for _, p := range parts {
		sum := sha256.Sum256([]byte(p))
		h.Write(sum[:])
	}
	return hex.EncodeToString(h.Sum(nil)[:8])
}

// fixed is a credential that is the same text in every request.
type fixed struct {
	id       string
	in, name string
	prefix   string // of the text: a scheme of Authorization
	text     string
}

// APIKey returns a credential that travels in a header, the query or a cookie of the given name. What is
// secret in it, r is told; r may be nil, here as in the other functions.
func APIKey(in, name string, value secret.Value, r *secret.Redactor) Credential {
	return newFixed(Identify("api_key", in, name, value.Reveal()), in, name, "", value.Reveal(), r)
}

// Basic returns the credential of RFC 7617.
func Basic(username, password secret.Value, r *secret.Redactor) Credential {
	both := username.Reveal() + ":" + password.Reveal()
	return newFixed(Identify("basic", username.Reveal()), "header", "Authorization", "Basic ", base64.StdEncoding.EncodeToString([]byte(both)), r)
}

// Bearer returns the credential of RFC 6750.
func Bearer(token secret.Value, r *secret.Redactor) Credential {
	return newFixed(Identify("bearer", token.Reveal()), "header", "Authorization", "Bearer ", token.Reveal(), r)
}

func newFixed(id, in, name, prefix, text string, r *secret.Redactor) Credential {
	if r != nil {
		r.Add(prefix + text)
		r.Add(text)
	}
	return &fixed{id, in, name, prefix, text}
}

func (c *fixed) ID() string { return c.id }

func (c *fixed) Sign(_ context.Context, o *Outgoing) error {
	c.place(o, c.prefix+c.text)
	return nil
}

func (c *fixed) Answered(context.Context, *Outgoing, int, http.Header) (bool, error) {
	return false, nil
}

func (c *fixed) Hide(o *Outgoing) { c.place(o, c.prefix+secret.Value{}.String()) }

// place writes text where the credential travels. A query parameter of the same name that the URL already
// has, as in a next-page URL made by the server, is replaced.
func (c *fixed) place(o *Outgoing, text string) {
	switch c.in {
	case "header":
		o.Header.Set(c.name, text)
	case "cookie":
		addCookie(o.Header, c.name+"="+text)
	case "query":
		o.URL = withQuery(o.URL, c.name, text)
	}
}

// Hidden writes "(secret)" into h where the credentials would stand, and returns u with those that travel in
// the query.
func Hidden(cs []Credential, h http.Header, u *url.URL) *url.URL {
	o := &Outgoing{URL: u, Header: h}
	for _, c := range cs {
		c.Hide(o)
	}
	return o.URL
}

// sign returns an attempt at u, signed by all credentials in their order. The error is an *Error.
func (c *Client) sign(ctx context.Context, r *Request, u *url.URL) (*Outgoing, error) {
	o := &Outgoing{Method: r.Method, URL: u, Header: make(http.Header, len(r.Header)+len(r.Credentials)+2), Body: r.Body, Streamed: r.Source != nil}
	for k, v := range r.Header {
		o.Header[k] = v
	}
	if _, set := o.Header["Accept-Encoding"]; !set {
		o.Header["Accept-Encoding"] = accepted
	}
	if _, set := o.Header["User-Agent"]; !set {
		o.Header["User-Agent"] = []string{c.agent}
	}
	for _, cr := range r.Credentials {
		if err := cr.Sign(ctx, o); err != nil {
			return nil, err
		}
	}
	return o, nil
}

// answered tells the credentials of an answer, and whether one of them wants the request sent again.
func (r *Request) answered(ctx context.Context, o *Outgoing, res *Response) (again bool) {
	for _, cr := range r.Credentials {
		more, err := cr.Answered(ctx, o, res.Status, res.Header)
		if err != nil {
			text := err.Error()
			res.Note = join(res.Note, strings.ToUpper(text[:1])+text[1:]+".")
		}
		again = again || more
	}
	return again
}

func addCookie(h http.Header, pair string) {
	if old := h.Get("Cookie"); old != "" {
		pair = old + "; " + pair
	}
	h.Set("Cookie", pair)
}

// withQuery leaves the rest of the query as it was written: its order and escapes may matter.
func withQuery(u *url.URL, name, text string) *url.URL {
	c := *u
	pair := url.QueryEscape(name) + "=" + url.QueryEscape(text)
	var kept []string
	for _, part := range strings.Split(u.RawQuery, "&") {
		key, _, _ := strings.Cut(part, "=")
		if k, err := url.QueryUnescape(key); part != "" && (err != nil || k != name) {
			kept = append(kept, part)
		}
	}
	c.RawQuery = strings.Join(append(kept, pair), "&")
	return &c
}
