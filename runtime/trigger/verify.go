package trigger

import (
	"crypto/hmac"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"crypto/subtle"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"tenon/runtime/secret"
	"tenon/spec/plan"
)

// DefaultTolerance is how far a signed time may be from now where the plan does not say.
const DefaultTolerance = 5 * time.Minute

// Verifier proves where a webhook's request comes from. It is safe for concurrent use.
type Verifier struct {
	check func(h http.Header, body []byte, now time.Time) error
}

// Refusal says why a request is not taken as genuine. Its message holds nothing secret, and nothing
// that would help to forge one.
type Refusal struct{ Reason string }

func (r *Refusal) Error() string { return r.Reason }

func refuse(format string, args ...any) error { return &Refusal{fmt.Sprintf(format, args...)} }

// NewVerifier returns the verifier that a plan describes. secrets has the values of v.Secrets. A nil v
// proves nothing and takes everything, as the method none does.
func NewVerifier(v *plan.Verify, secrets map[string]secret.Value) (*Verifier, error) {
	if v == nil || v.Method == "none" {
		return &Verifier{func(http.Header, []byte, time.Time) error { return nil }}, nil
	}
	for name, s := range secrets {
		if s.Reveal() == "" {
			return nil, fmt.Errorf("%s of verify %q is empty", name, v.Method)
		}
	}
	tolerance := v.Tolerance
	if tolerance == 0 {
		tolerance = DefaultTolerance
	}
	key := []byte(secrets["secret"].Reveal())
	switch v.Method {
	case "stripe":
		return &Verifier{stripe(key, tolerance)}, nil
	case "github":
		return &Verifier{signed(scheme{key: key, header: "X-Hub-Signature-256", hash: sha256.New, decode: hex.DecodeString, prefix: "sha256="})}, nil
	case "shopify":
		return &Verifier{signed(scheme{key: key, header: "X-Shopify-Hmac-Sha256", hash: sha256.New, decode: base64.StdEncoding.DecodeString})}, nil
	case "slack":
		return &Verifier{signed(scheme{
			key: key, header: "X-Slack-Signature", hash: sha256.New, decode: hex.DecodeString, prefix: "v0=",
			timestamp: "X-Slack-Request-Timestamp", before: func(t string) string { return "v0:" + t + ":" }, tolerance: tolerance,
		})}, nil
	case "standard_webhooks":
		return standard(secrets["secret"].Reveal(), tolerance)
	case "hmac":
		return generic(v, key, tolerance)
	case "basic":
		return &Verifier{basic(secrets["username"].Reveal(), secrets["password"].Reveal())}, nil
	case "bearer":
		return &Verifier{bearer(secrets["token"].Reveal())}, nil
	}
	return nil, fmt.Errorf("there is no way to verify called %q", v.Method)
}

// Verify reports, as a [*Refusal], why a request is not genuine. body is the body as it arrived.
func (v *Verifier) Verify(h http.Header, body []byte, now time.Time) error {
	return v.check(h, body, now)
}

// scheme is a signature over the body, with a time before it where timestamp names its header.
type scheme struct {
	key       []byte
	header    string
	hash      func() hash.Hash
	decode    func(string) ([]byte, error)
	prefix    string
	timestamp string
	before    func(timestamp string) string
	tolerance time.Duration
}

func signed(s scheme) func(http.Header, []byte, time.Time) error {
	keyed := newSigner(s.hash, s.key)
	return func(h http.Header, body []byte, now time.Time) error {
		text, err := only(h, s.header)
		if err != nil {
			return err
		}
		got, ok := strings.CutPrefix(text, s.prefix)
		sum, err := s.decode(got)
		if !ok || err != nil {
			return refuse("the header %s is not a signature", s.header)
		}
		lead := ""
		if s.timestamp != "" {
			t, err := only(h, s.timestamp)
			if err == nil {
				err = recent(t, now, s.tolerance)
			}
			if err != nil {
				return err
			}
			lead = s.before(t)
		}
		if !hmac.Equal(keyed.mac(lead, body), sum) {
			return errMismatch
		}
		return nil
	}
}

var errMismatch = &Refusal{"the signature does not match the body"}

// only is the value of a header that must stand there once.
func only(h http.Header, name string) (string, error) {
	switch v := h.Values(name); len(v) {
	case 0:
		return "", refuse("the header %s is missing", name)
	case 1:
		return strings.TrimSpace(v[0]), nil
	}
	return "", refuse("the header %s is there more than once", name)
}

// recent holds a time, in seconds since 1970, to the tolerance.
func recent(text string, now time.Time, tolerance time.Duration) error {
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil || n < 0 || n > 1<<40 {
		return refuse("the signed time is not a number of seconds")
	}
	if off := now.Sub(time.Unix(n, 0)).Abs(); off > tolerance {
		return refuse("it was signed %s away from now, and %s are tolerated", off.Round(time.Second), tolerance)
	}
	return nil
}

// signer computes signatures with one key. It is safe for concurrent use.
type signer struct{ states sync.Pool } // of hash.Hash, which have taken the key in

func newSigner(h func() hash.Hash, key []byte) *signer {
	return &signer{sync.Pool{New: func() any { return hmac.New(h, key) }}}
}

// mac is the signature of a text and a body after it.
func (s *signer) mac(text string, body []byte) []byte {
	m := s.states.Get().(hash.Hash)
	defer s.states.Put(m)
	m.Reset()
	io.WriteString(m, text)
	m.Write(body)
	return m.Sum(nil)
}

// stripe reads Stripe-Signature: t=TIME,v1=SIGNATURE, with a second v1 while a secret is being replaced
// (docs.stripe.com/webhooks#verify-manually).
func stripe(key []byte, tolerance time.Duration) func(http.Header, []byte, time.Time) error {
	keyed := newSigner(sha256.New, key)
	return func(h http.Header, body []byte, now time.Time) error {
		text, err := only(h, "Stripe-Signature")
		if err != nil {
			return err
		}
		var at string
		var sums [][]byte
		for part := range strings.SplitSeq(text, ",") {
			name, value, _ := strings.Cut(strings.TrimSpace(part), "=")
			switch name {
			case "t":
				at = value
			case "v1":
				if sum, err := hex.DecodeString(value); err == nil {
					sums = append(sums, sum)
				}
			}
		}
		if at == "" || len(sums) == 0 || len(sums) > maxSignatures {
			return refuse("the header Stripe-Signature is not a signature")
		}
		if err := recent(at, now, tolerance); err != nil {
			return err
		}
		return among(sums, keyed.mac(at+".", body))
	}
}

// maxSignatures bounds the signatures of one header that are looked at.
const maxSignatures = 16

func among(sums [][]byte, want []byte) error {
	match := 0
	for _, sum := range sums {
		match |= subtle.ConstantTimeCompare(sum, want)
	}
	if match == 0 {
		return errMismatch
	}
	return nil
}

// standard follows Standard Webhooks 1.0: a signature over ID.TIME.BODY, by a key that is written
// whsec_BASE64. Svix, from which it comes, has its own names for the headers.
func standard(text string, tolerance time.Duration) (*Verifier, error) {
	key, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(text, "whsec_"))
	if err != nil || len(key) == 0 {
		return nil, errors.New(`the secret of verify "standard_webhooks" is not "whsec_" and base64`)
	}
	keyed := newSigner(sha256.New, key)
	return &Verifier{func(h http.Header, body []byte, now time.Time) error {
		lead := "Webhook-"
		if h.Get("Webhook-Id") == "" && h.Get("Svix-Id") != "" {
			lead = "Svix-"
		}
		id, err := only(h, lead+"Id")
		if err != nil {
			return err
		}
		at, err := only(h, lead+"Timestamp")
		if err == nil {
			err = recent(at, now, tolerance)
		}
		if err != nil {
			return err
		}
		list, err := only(h, lead+"Signature")
		if err != nil {
			return err
		}
		var sums [][]byte
		for one := range strings.FieldsSeq(list) {
			if value, ok := strings.CutPrefix(one, "v1,"); ok && len(sums) < maxSignatures {
				if sum, err := base64.StdEncoding.DecodeString(value); err == nil {
					sums = append(sums, sum)
				}
			}
		}
		return among(sums, keyed.mac(id+"."+at+".", body))
	}}, nil
}

func generic(v *plan.Verify, key []byte, tolerance time.Duration) (*Verifier, error) {
	s := scheme{key: key, header: v.Header, prefix: v.Prefix, timestamp: v.Timestamp, tolerance: tolerance, before: func(t string) string { return t + "." }}
	s.hash = map[string]func() hash.Hash{"": sha256.New, "sha256": sha256.New, "sha512": sha512.New, "sha1": sha1.New}[v.Algorithm]
	s.decode = map[string]func(string) ([]byte, error){
		"": hex.DecodeString, "hex": hex.DecodeString, "base64": base64.StdEncoding.DecodeString,
	}[v.Encoding]
	if s.hash == nil || s.decode == nil || s.header == "" {
		return nil, fmt.Errorf("verify \"hmac\" with algorithm %q, encoding %q and header %q", v.Algorithm, v.Encoding, v.Header)
	}
	return &Verifier{signed(s)}, nil
}

func basic(username, password string) func(http.Header, []byte, time.Time) error {
	want := sha256.Sum256([]byte(username + ":" + password))
	return func(h http.Header, _ []byte, _ time.Time) error {
		text, err := authorization(h, "Basic")
		if err != nil {
			return err
		}
		both, err := base64.StdEncoding.DecodeString(text)
		got := sha256.Sum256(both)
		if err != nil || subtle.ConstantTimeCompare(got[:], want[:]) == 0 {
			return refuse("the user or password is wrong")
		}
		return nil
	}
}

func bearer(token string) func(http.Header, []byte, time.Time) error {
	want := sha256.Sum256([]byte(token))
	return func(h http.Header, _ []byte, _ time.Time) error {
		text, err := authorization(h, "Bearer")
		got := sha256.Sum256([]byte(text))
		if err == nil && subtle.ConstantTimeCompare(got[:], want[:]) == 0 {
			err = refuse("the token is wrong")
		}
		return err
	}
}

// authorization is the credential of the Authorization header (RFC 9110 §11.6.2).
func authorization(h http.Header, scheme string) (string, error) {
	text, err := only(h, "Authorization")
	if err != nil {
		return "", err
	}
	kind, rest, ok := strings.Cut(text, " ")
	if !ok || !strings.EqualFold(kind, scheme) {
		return "", refuse("the header Authorization has no %s credential", scheme)
	}
	return strings.TrimSpace(rest), nil
}
