package auth

import (
	"context"
	"crypto/md5"
	"crypto/rand"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/hex"
	"fmt"
	"hash"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"

	"tenon/runtime/transport"
)

// digest answers the challenges of RFC 7616. Until the first one it signs nothing, which costs one request
// that is refused.
type digest struct {
	username, password string
	cnonce             func() string

	mu        sync.Mutex
	challenge *challenge // nil: none yet
	count     uint32     // requests with the challenge's nonce
	accepted  bool       // the password is right: a request with it was not refused
}

func newDigest(username, password string) *digest {
	return &digest{username: username, password: password, cnonce: func() string {
		var b [16]byte
		rand.Read(b[:])
		return hex.EncodeToString(b[:])
	}}
}

// challenge is what a server asks for.
type challenge struct {
	realm, nonce, opaque string
	algorithm            string // as the server writes it; "" is MD5
	qop                  string // auth, auth-int; "": that of RFC 2069
	userhash             bool
	stale                bool
}

// digests are the algorithms by strength, the strongest first (RFC 7616 §3.7 leaves the choice to the client).
var digests = []struct {
	name string
	hash func() hash.Hash
}{
	{"SHA-512-256", sha512.New512_256},
	{"SHA-256", sha256.New},
	{"MD5", md5.New},
}

func (d *digest) ID() string { return transport.Identify("digest", d.username) }

func (d *digest) Sign(_ context.Context, o *transport.Outgoing) error {
	d.mu.Lock()
	ch := d.challenge
	d.count++
	n := d.count
	d.mu.Unlock()
	if ch != nil {
		o.Header.Set("Authorization", d.answer(ch, o, n))
	}
	return nil
}

// answer is the Authorization header for a challenge (RFC 7616 §3.4).
func (d *digest) answer(ch *challenge, o *transport.Outgoing, n uint32) string {
	h := ch.hash()
	cnonce, nc := d.cnonce(), fmt.Sprintf("%08x", n)
	a1 := d.username + ":" + ch.realm + ":" + d.password
	if strings.HasSuffix(strings.ToLower(ch.algorithm), "-sess") {
		a1 = h(a1) + ":" + ch.nonce + ":" + cnonce
	}
	uri := o.URL.RequestURI()
	a2 := o.Method + ":" + uri
	if ch.qop == "auth-int" {
		a2 += ":" + h(string(o.Body))
	}
	response := h(h(a1) + ":" + ch.nonce + ":" + h(a2))
	if ch.qop != "" {
		response = h(h(a1) + ":" + ch.nonce + ":" + nc + ":" + cnonce + ":" + ch.qop + ":" + h(a2))
	}
	var b strings.Builder
	b.WriteString("Digest ")
	switch {
	case ch.userhash:
		fmt.Fprintf(&b, "username=%q, ", h(d.username+":"+ch.realm))
	case strings.ContainsFunc(d.username, func(r rune) bool { return r > '~' || r < ' ' }):
		fmt.Fprintf(&b, "username*=UTF-8''%s, ", strings.ReplaceAll(url.QueryEscape(d.username), "+", "%20"))
	default:
		fmt.Fprintf(&b, "username=%s, ", quoted(d.username))
	}
	fmt.Fprintf(&b, "realm=%s, uri=%s", quoted(ch.realm), quoted(uri))
	if ch.algorithm != "" {
		fmt.Fprintf(&b, ", algorithm=%s", ch.algorithm)
	}
	fmt.Fprintf(&b, ", nonce=%s", quoted(ch.nonce))
	if ch.qop != "" {
		fmt.Fprintf(&b, ", nc=%s, cnonce=%s, qop=%s", nc, quoted(cnonce), ch.qop)
	}
	fmt.Fprintf(&b, `, response="%s"`, response)
	if ch.opaque != "" {
		fmt.Fprintf(&b, ", opaque=%s", quoted(ch.opaque))
	}
	if ch.userhash {
		b.WriteString(", userhash=true")
	}
	return b.String()
}

func quoted(s string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(s) + `"`
}

// hash returns the function H of RFC 7616 §3.4.1.
func (ch *challenge) hash() func(string) string {
	i := slices.IndexFunc(digests, func(d struct {
		name string
		hash func() hash.Hash
	}) bool {
		return strings.EqualFold(d.name, ch.plainAlgorithm())
	})
	return func(s string) string {
		h := digests[i].hash()
		h.Write([]byte(s))
		return hex.EncodeToString(h.Sum(nil))
	}
}

func (ch *challenge) plainAlgorithm() string {
	if ch.algorithm == "" {
		return "MD5"
	}
	name := strings.ToUpper(ch.algorithm)
	return strings.TrimSuffix(name, "-SESS")
}

// Answered takes up the challenge of a 401, and the nonce that an answer offers for the next request.
func (d *digest) Answered(_ context.Context, o *transport.Outgoing, status int, h http.Header) (bool, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	signed := o.Header.Get("Authorization")
	if status != http.StatusUnauthorized {
		if signed != "" {
			d.accepted = true
		}
		if next := parseParams(h.Get("Authentication-Info"))["nextnonce"]; next != "" && d.challenge != nil && next != d.challenge.nonce {
			ch := *d.challenge
			ch.nonce = next
			d.challenge, d.count = &ch, 0
		}
		return false, nil
	}
	ch, err := strongest(h.Values("WWW-Authenticate"), o)
	if ch == nil {
		return false, err
	}
	old := d.challenge
	if old == nil || ch.nonce != old.nonce {
		d.challenge, d.count = ch, 0
	}
	switch {
	case signed == "", ch.stale, d.accepted && (old == nil || ch.nonce != old.nonce):
		return true, nil // a nonce that has aged out is no wrong password, even where the server does not say stale
	}
	return false, nil
}

// strongest returns the best of the challenges that can be answered.
func strongest(headers []string, o *transport.Outgoing) (*challenge, error) {
	var best *challenge
	rank := len(digests)
	var err error
	for _, params := range challenges(headers) {
		ch := &challenge{
			realm: params["realm"], nonce: params["nonce"], opaque: params["opaque"], algorithm: params["algorithm"],
			userhash: strings.EqualFold(params["userhash"], "true"), stale: strings.EqualFold(params["stale"], "true"),
		}
		offered := strings.FieldsFunc(strings.ToLower(params["qop"]), func(r rune) bool { return r == ',' || r == ' ' })
		switch {
		case len(offered) == 0:
		case slices.Contains(offered, "auth"):
			ch.qop = "auth"
		case slices.Contains(offered, "auth-int") && !o.Streamed:
			ch.qop = "auth-int"
		default:
			err = fmt.Errorf("the server asks for a digest with qop=%s, which cannot be given here", params["qop"])
			continue
		}
		at := slices.IndexFunc(digests, func(d struct {
			name string
			hash func() hash.Hash
		}) bool {
			return strings.EqualFold(d.name, ch.plainAlgorithm())
		})
		if at < 0 {
			err = fmt.Errorf("the server asks for a digest with the algorithm %s, which is not known", ch.algorithm)
			continue
		}
		if ch.nonce != "" && at < rank {
			best, rank = ch, at
		}
	}
	if best != nil {
		err = nil
	}
	return best, err
}

// challenges returns the parameters of each Digest challenge (RFC 9110 §11.6.1): several may stand in one field.
func challenges(headers []string) []map[string]string {
	var out []map[string]string
	for _, h := range headers {
		lower := strings.ToLower(h)
		for i := 0; ; {
			at := strings.Index(lower[i:], "digest ")
			if at < 0 {
				break
			}
			i += at + len("digest ")
			if start := i - len("digest "); start > 0 && !strings.ContainsAny(h[start-1:start], " ,\t") {
				continue
			}
			out = append(out, parseParams(h[i:]))
		}
	}
	return out
}

// parseParams reads name=value pairs up to the beginning of another challenge.
func parseParams(s string) map[string]string {
	out := map[string]string{}
	for {
		s = strings.TrimLeft(s, " \t,")
		name, rest, ok := strings.Cut(s, "=")
		name = strings.ToLower(strings.TrimSpace(name))
		if !ok || name == "" || strings.ContainsAny(name, " \t\"") {
			return out
		}
		rest = strings.TrimLeft(rest, " \t")
		var value string
		if value, s, ok = quotedValue(rest); !ok {
			end := strings.IndexAny(rest, ", \t")
			if end < 0 {
				end = len(rest)
			}
			value, s = rest[:end], rest[end:]
		}
		if _, twice := out[name]; !twice {
			out[name] = value
		}
	}
}

// quotedValue reads a quoted-string (RFC 9110 §5.6.4).
func quotedValue(s string) (value, rest string, ok bool) {
	if !strings.HasPrefix(s, `"`) {
		return "", s, false
	}
	var b strings.Builder
	for i := 1; i < len(s); i++ {
		switch {
		case s[i] == '\\' && i+1 < len(s):
			i++
			b.WriteByte(s[i])
		case s[i] == '"':
			return b.String(), s[i+1:], true
		default:
			b.WriteByte(s[i])
		}
	}
	return b.String(), "", true
}

func (d *digest) Hide(o *transport.Outgoing) { o.Header.Set("Authorization", "Digest "+hidden) }
