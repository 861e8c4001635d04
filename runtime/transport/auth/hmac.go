package auth

import (
	"context"
	"crypto/hmac"
	"crypto/md5"
	"crypto/rand"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"tenon/runtime/event"
	"tenon/runtime/transport"
	"tenon/spec/plan"
)

// Signer computes what a signing says in terms of the request. It is safe for concurrent use; an error
// is for people.
type Signer interface {
	// Text is what is signed.
	Text(request map[string]any) (string, error)
	// Fields are what is added to the request, signature included.
	Fields(request map[string]any, signature string) ([]Field, error)
}

// Field is a header or query parameter.
type Field struct{ In, Name, Text string }

// signing is a keyed hash over a text that the author describes.
type signing struct {
	id     string
	key    []byte
	how    *plan.Signing
	hash   func() hash.Hash
	signer Signer
	now    func() time.Time
}

var hashes = map[string]func() hash.Hash{
	"sha1": sha1.New, "sha256": sha256.New, "sha384": sha512.New384, "sha512": sha512.New, "md5": md5.New,
}

func newHMAC(g Given, env Env) (transport.Credential, error) {
	how := g.Auth.Signing
	if how == nil || g.Signer == nil || hashes[how.Algorithm] == nil {
		return nil, errors.New("it does not say how to sign; this is a bug in Tenon")
	}
	key, err := decodeKey(how.KeyEncoding, g.text("key"))
	if err != nil && !g.Mocked { // the keys of mocks are made up
		return nil, err
	}
	env.Redactor.Add(g.text("key"))
	return &signing{transport.Identify("hmac", g.text("key")), key, how, hashes[how.Algorithm], g.Signer, env.Now}, nil
}

func decodeKey(encoding, text string) ([]byte, error) {
	var key []byte
	var err error
	switch encoding {
	case "hex":
		key, err = hex.DecodeString(text)
	case "base64":
		key, err = base64.StdEncoding.DecodeString(text)
	case "base64url":
		key, err = base64.RawURLEncoding.DecodeString(strings.TrimRight(text, "="))
	default:
		return []byte(text), nil
	}
	if err != nil {
		return nil, fmt.Errorf("its key is not in %s", encoding)
	}
	return key, nil
}

func (c *signing) ID() string { return c.id }

func (c *signing) Sign(_ context.Context, o *transport.Outgoing) error {
	if o.Streamed {
		return refuse(errors.New("a body that is streamed cannot be signed: its bytes are not known before they are sent"))
	}
	request := c.request(o)
	text, err := c.signer.Text(request)
	if err != nil {
		return refuse(err)
	}
	mac := hmac.New(c.hash, c.key)
	mac.Write([]byte(text))
	fields, err := c.signer.Fields(request, encode(c.how.Encoding, mac.Sum(nil)))
	if err != nil {
		return refuse(err)
	}
	place(o, fields)
	return nil
}

func refuse(err error) error {
	return &transport.Error{Cause: event.InvalidRequest, Message: "the request cannot be signed: " + err.Error(), Err: err}
}

func encode(encoding string, sum []byte) string {
	switch encoding {
	case "base64":
		return base64.StdEncoding.EncodeToString(sum)
	case "base64url":
		return base64.RawURLEncoding.EncodeToString(sum)
	}
	return hex.EncodeToString(sum)
}

// request is what the author's expressions see.
func (c *signing) request(o *transport.Outgoing) map[string]any {
	now := c.now().UTC()
	headers := make(map[string]any, len(o.Header)+1)
	for name, values := range o.Header {
		headers[strings.ToLower(name)] = strings.Join(values, ", ")
	}
	headers["host"] = o.URL.Host
	sum := sha256.Sum256(o.Body)
	var nonce [16]byte
	rand.Read(nonce[:])
	return map[string]any{
		"method": o.Method, "url": o.URL.String(), "host": o.URL.Host, "path": o.URL.EscapedPath(), "query": o.URL.RawQuery, "target": o.URL.RequestURI(),
		"headers": headers, "body": string(o.Body), "body_sha256": hex.EncodeToString(sum[:]),
		"timestamp": c.timestamp(now), "nonce": hex.EncodeToString(nonce[:]),
	}
}

func (c *signing) timestamp(now time.Time) string {
	switch c.how.Timestamp {
	case "unix_ms":
		return strconv.FormatInt(now.UnixMilli(), 10)
	case "rfc3339":
		return now.Format(time.RFC3339)
	case "http":
		return now.Format(http.TimeFormat)
	}
	return strconv.FormatInt(now.Unix(), 10)
}

// place adds the fields; query parameters come last, in their order, since some servers sign what stands before.
func place(o *transport.Outgoing, fields []Field) {
	u := *o.URL
	for _, f := range fields {
		if f.In == "header" {
			o.Header.Set(f.Name, f.Text)
			continue
		}
		if u.RawQuery != "" {
			u.RawQuery += "&"
		}
		u.RawQuery += url.QueryEscape(f.Name) + "=" + url.QueryEscape(f.Text)
	}
	o.URL = &u
}

func (c *signing) Answered(context.Context, *transport.Outgoing, int, http.Header) (bool, error) {
	return false, nil
}

func (c *signing) Hide(o *transport.Outgoing) {
	var fields []Field
	for _, p := range c.how.Fields {
		fields = append(fields, Field{p.In, p.Name, hidden})
	}
	place(o, fields)
}
