// Package tokentest has a small, strict OAuth 2.0 authorization server with a resource behind it, for
// tests: it takes nothing that the standards do not allow, remembers what it gave, and revokes a whole
// family of tokens when a refresh token is used twice.
package tokentest

import (
	"crypto"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

// Server is the server. Its fields are set before the first request; Requests and the other methods may be
// used at any time.
type Server struct {
	URL      string
	Clients  map[string]*Client
	Scopes   []string      // those that it knows
	Lifetime time.Duration // of access tokens, rounded up to seconds when told; 0: an hour
	Interval int           // of polling for devices, in seconds
	// Break is asked before each request to the token endpoint is answered; a status that is not 0 is the answer,
	// after the request has had its effect if After is set. May be nil.
	Break func(n int) int
	After bool

	mu       sync.Mutex
	requests []url.Values // to the token endpoint
	access   map[string]*grant
	refresh  map[string]*grant
	used     map[string]*grant // refresh tokens and codes that are used up
	codes    map[string]*grant
	devices  map[string]*grant
}

// Client is one that the server knows.
type Client struct {
	Secret string
	Auth   string // basic, body, none, private_key_jwt
	Key    crypto.PublicKey
	Grants []string
	Rotate bool // refresh tokens are good once
}

// grant is what somebody has allowed; tokens of one grant are a family.
type grant struct {
	client, scope       string
	redirect, challenge string
	expires             time.Time // of the access token
	revoked, approved   bool
	polled              time.Time
	access              string // the latest
}

// New starts a server that ends with the test.
func New(t testing.TB) *Server {
	t.Helper()
	s := &Server{
		Clients: map[string]*Client{}, access: map[string]*grant{}, refresh: map[string]*grant{}, used: map[string]*grant{},
		codes: map[string]*grant{}, devices: map[string]*grant{}, Interval: 1,
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /.well-known/openid-configuration", s.metadata)
	mux.HandleFunc("GET /authorize", s.authorize)
	mux.HandleFunc("POST /token", s.token)
	mux.HandleFunc("POST /device", s.device)
	mux.HandleFunc("/api/", s.resource)
	h := httptest.NewServer(mux)
	t.Cleanup(h.Close)
	s.URL = h.URL
	return s
}

// Requests returns the forms that the token endpoint was sent.
func (s *Server) Requests() []url.Values {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.requests)
}

// Revoke makes all access tokens invalid, as if an operator had.
func (s *Server) Revoke() {
	s.mu.Lock()
	defer s.mu.Unlock()
	clear(s.access)
}

// Approve is the person at another device who allows what the code stands for.
func (s *Server) Approve(code string, allow bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if g := s.devices[code]; g != nil {
		g.approved, g.revoked = allow, !allow
	}
}

// ApproveAll allows whatever devices wait for, and reports whether one does.
func (s *Server) ApproveAll() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, g := range s.devices {
		g.approved = true
	}
	return len(s.devices) > 0
}

func (s *Server) metadata(w http.ResponseWriter, _ *http.Request) {
	json.NewEncoder(w).Encode(map[string]any{
		"issuer": s.URL, "token_endpoint": s.URL + "/token", "authorization_endpoint": s.URL + "/authorize", "device_authorization_endpoint": s.URL + "/device",
	})
}

func random() string {
	var b [12]byte
	rand.Read(b[:])
	return base64.RawURLEncoding.EncodeToString(b[:])
}

// authorize is the login page of somebody who allows everything at once.
func (s *Server) authorize(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	q := r.URL.Query()
	c := s.Clients[q.Get("client_id")]
	to, err := url.Parse(q.Get("redirect_uri"))
	switch {
	case c == nil || err != nil || to.Hostname() != "127.0.0.1":
		http.Error(w, "unknown client or redirect", 400)
		return
	case q.Get("response_type") != "code" || q.Get("state") == "" || q.Get("code_challenge_method") != "S256" || len(q.Get("code_challenge")) != 43:
		http.Error(w, "needs response_type, state and PKCE", 400)
		return
	}
	back := url.Values{"state": {q.Get("state")}, "iss": {s.URL}}
	if e := s.wrongScope(q.Get("scope")); e != "" {
		back.Set("error", e)
	} else {
		code := "code-" + random()
		s.codes[code] = &grant{client: q.Get("client_id"), scope: q.Get("scope"), redirect: q.Get("redirect_uri"), challenge: q.Get("code_challenge")}
		back.Set("code", code)
	}
	to.RawQuery = back.Encode()
	http.Redirect(w, r, to.String(), http.StatusFound)
}

func (s *Server) wrongScope(scope string) string {
	for _, name := range strings.Fields(scope) {
		if !slices.Contains(s.Scopes, name) {
			return "invalid_scope"
		}
	}
	return ""
}

// client checks who asks (RFC 6749 §2.3): in exactly the way that the client is registered for.
func (s *Server) client(r *http.Request) (string, *Client) {
	f := r.PostForm
	id, secret, isBasic := r.BasicAuth()
	how := "none"
	switch {
	case isBasic:
		how = "basic"
		id, _ = url.QueryUnescape(id)
		secret, _ = url.QueryUnescape(secret)
	case f.Has("client_assertion"):
		how, id = "private_key_jwt", f.Get("client_id")
	case f.Has("client_secret"):
		how, id, secret = "body", f.Get("client_id"), f.Get("client_secret")
	default:
		id = f.Get("client_id")
	}
	c := s.Clients[id]
	switch {
	case c == nil || c.Auth != how || c.Secret != secret:
		return id, nil
	case isBasic && f.Has("client_secret"):
		return id, nil
	case how == "private_key_jwt" && s.assertion(f.Get("client_assertion"), id, c) != nil:
		return id, nil
	}
	return id, c
}

// assertion checks a JWT of RFC 7523 §3.
func (s *Server) assertion(text, issuer string, c *Client) error {
	_, err := jwt.Parse(text, func(*jwt.Token) (any, error) { return c.Key, nil },
		jwt.WithAudience(s.URL+"/token"), jwt.WithIssuer(issuer), jwt.WithExpirationRequired(), jwt.WithIssuedAt(), jwt.WithValidMethods([]string{"RS256", "ES256", "EdDSA"}))
	return err
}

func (s *Server) token(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := r.ParseForm(); err != nil || len(r.URL.RawQuery) > 0 {
		refuse(w, 400, "invalid_request", "")
		return
	}
	s.requests = append(s.requests, r.PostForm)
	status := 0
	if s.Break != nil {
		status = s.Break(len(s.requests))
	}
	if status != 0 && !s.After {
		w.WriteHeader(status)
		return
	}
	body, code, description := s.give(r)
	switch {
	case status != 0:
		w.WriteHeader(status)
	case code == "invalid_client":
		w.Header().Set("WWW-Authenticate", "Basic")
		refuse(w, 401, code, description)
	case code != "":
		refuse(w, 400, code, description)
	default:
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Cache-Control", "no-store")
		json.NewEncoder(w).Encode(body)
	}
}

func refuse(w http.ResponseWriter, status int, code, description string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	json.NewEncoder(w).Encode(map[string]string{"error": code, "error_description": description})
}

// give is what the token endpoint does.
func (s *Server) give(r *http.Request) (body map[string]any, code, description string) {
	f := r.PostForm
	kind := f.Get("grant_type")
	id, c := s.client(r)
	if kind == "urn:ietf:params:oauth:grant-type:jwt-bearer" {
		if c = s.Clients[f.Get("iss")]; c == nil {
			for name, x := range s.Clients {
				if x.Key != nil && s.assertion(f.Get("assertion"), name, x) == nil {
					id, c = name, x
				}
			}
		}
		if c == nil {
			return nil, "invalid_grant", "the assertion is not valid"
		}
	}
	if c == nil {
		// Careless servers repeat what they were sent; a client must not pass that on.
		return nil, "invalid_client", "wrong secret " + f.Get("client_secret")
	}
	if !slices.Contains(c.Grants, kind) {
		return nil, "unauthorized_client", ""
	}
	if e := s.wrongScope(f.Get("scope")); e != "" {
		return nil, e, ""
	}
	g := &grant{client: id, scope: f.Get("scope")}
	renewable := false
	switch kind {
	case "client_credentials", "urn:ietf:params:oauth:grant-type:jwt-bearer":
	case "authorization_code":
		renewable = true
		if g = s.redeem(f); g == nil || g.client != id {
			return nil, "invalid_grant", "the code is not valid"
		}
	case "refresh_token":
		renewable = true
		if g = s.rotate(f.Get("refresh_token"), c); g == nil || g.client != id {
			return nil, "invalid_grant", "the refresh token is not valid: " + f.Get("refresh_token")
		}
	case "urn:ietf:params:oauth:grant-type:device_code":
		renewable = true
		if g, code = s.poll(f.Get("device_code"), id); code != "" {
			return nil, code, ""
		}
	default:
		return nil, "unsupported_grant_type", ""
	}
	return s.issue(g, renewable, c), "", ""
}

func (s *Server) issue(g *grant, renewable bool, c *Client) map[string]any {
	life := s.Lifetime
	if life == 0 {
		life = time.Hour
	}
	g.access, g.expires = "access-"+random(), time.Now().Add(life)
	s.access[g.access] = &grant{client: g.client, scope: g.scope, expires: g.expires}
	body := map[string]any{"access_token": g.access, "token_type": "bearer", "expires_in": int((life + time.Second - 1) / time.Second), "scope": g.scope}
	if renewable && (c.Rotate || !s.has(g)) {
		refresh := "refresh-" + random()
		s.refresh[refresh] = g
		body["refresh_token"] = refresh
	}
	return body
}

func (s *Server) has(g *grant) bool {
	for _, x := range s.refresh {
		if x == g {
			return true
		}
	}
	return false
}

// redeem uses a code up. One that is used twice takes everything back that it gave (RFC 6749 §4.1.2).
func (s *Server) redeem(f url.Values) *grant {
	code := f.Get("code")
	if g := s.used[code]; g != nil {
		s.revoke(g)
		return nil
	}
	g := s.codes[code]
	if g == nil {
		return nil
	}
	delete(s.codes, code)
	s.used[code] = g
	sum := sha256.Sum256([]byte(f.Get("code_verifier")))
	if base64.RawURLEncoding.EncodeToString(sum[:]) != g.challenge || f.Get("redirect_uri") != g.redirect {
		return nil
	}
	return g
}

// rotate takes a refresh token. With rotation it is good once; whoever brings it again may be a thief, so
// its whole family ends (RFC 9700 §4.14.2).
func (s *Server) rotate(refresh string, c *Client) *grant {
	if g := s.used[refresh]; g != nil {
		s.revoke(g)
		return nil
	}
	g := s.refresh[refresh]
	if g == nil || g.revoked {
		return nil
	}
	if c.Rotate {
		delete(s.refresh, refresh)
		s.used[refresh] = g
	}
	return g
}

func (s *Server) revoke(g *grant) {
	g.revoked = true
	delete(s.access, g.access)
}

func (s *Server) device(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	r.ParseForm()
	id, c := s.client(r)
	if c == nil {
		refuse(w, 401, "invalid_client", "")
		return
	}
	code := "device-" + random()
	user := strings.ToUpper(random()[:6])
	g := &grant{client: id, scope: r.PostForm.Get("scope"), polled: time.Now()}
	s.devices[code], s.devices[user] = g, g
	w.Header().Set("Content-Type", "application/json")
	json.NewEncoder(w).Encode(map[string]any{"device_code": code, "user_code": user, "verification_uri": s.URL + "/activate", "expires_in": 60, "interval": s.Interval})
}

func (s *Server) poll(code, id string) (*grant, string) {
	g := s.devices[code]
	switch {
	case g == nil || g.client != id:
		return nil, "invalid_grant"
	case g.revoked:
		return nil, "access_denied"
	case g.approved:
		delete(s.devices, code)
		return g, ""
	case time.Since(g.polled) < time.Duration(s.Interval)*time.Second*9/10:
		g.polled = time.Now()
		return nil, "slow_down"
	}
	g.polled = time.Now()
	return nil, "authorization_pending"
}

// resource is an API that takes the server's tokens.
func (s *Server) resource(w http.ResponseWriter, r *http.Request) {
	token, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	s.mu.Lock()
	g := s.access[token]
	s.mu.Unlock()
	w.Header().Set("Content-Type", "application/json")
	if !ok || g == nil || time.Now().After(g.expires) {
		w.Header().Set("WWW-Authenticate", `Bearer error="invalid_token"`)
		w.WriteHeader(http.StatusUnauthorized)
		fmt.Fprint(w, `{"error": "invalid_token"}`)
		return
	}
	json.NewEncoder(w).Encode(map[string]string{"client": g.client, "scope": g.scope})
}
