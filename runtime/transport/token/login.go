package token

import (
	"context"
	"crypto/subtle"
	"errors"
	"fmt"
	"html"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"golang.org/x/oauth2"
)

// Prompt is what a person is asked to do.
type Prompt struct {
	URL  string // to open in a browser
	Code string // to type there; "": nothing
	// Local says that the browser must run on this machine, since it comes back to it.
	Local bool
}

// Login gets a token through a person, keeps it and returns it. show is told what the person is to do; it must not wait.
// It ends with ctx. The error is an *Error, or that of ctx.
func (m *Manager) Login(ctx context.Context, c *Config, via http.RoundTripper, show func(Prompt)) (Token, error) {
	a := &asker{c: c, via: via, now: m.now}
	e, err := a.where(ctx)
	if err != nil {
		return Token{}, err
	}
	var t Token
	if c.Grant == DeviceCode {
		t, err = a.device(ctx, e, show)
	} else {
		t, err = a.browser(ctx, e, show)
	}
	if err != nil {
		return Token{}, err
	}
	unlock, err := m.store.Lock(ctx, c.Key())
	if err != nil {
		return Token{}, notKept(err)
	}
	defer unlock()
	if err := m.store.Save(context.WithoutCancel(ctx), c.Key(), t); err != nil {
		return Token{}, notKept(err)
	}
	return t, nil
}

// Kept returns what a login has left.
func (m *Manager) Kept(ctx context.Context, c *Config) (Token, bool, error) {
	return m.store.Load(ctx, c.Key())
}

// Logout forgets a login. The server is not told.
func (m *Manager) Logout(ctx context.Context, c *Config) error {
	unlock, err := m.store.Lock(ctx, c.Key())
	if err != nil {
		return err
	}
	defer unlock()
	return m.store.Delete(ctx, c.Key())
}

// Valid reports whether t can be used or renewed at now.
func (t Token) Valid(now time.Time) bool { return t.Refresh != "" || t.fresh(now) }

// browser gets a token by an authorization code: the person's browser comes back to a server of our own on the
// loopback interface (RFC 8252 §7.3), with PKCE (RFC 7636).
func (a *asker) browser(ctx context.Context, e Endpoints, show func(Prompt)) (Token, error) {
	if e.Authorization == "" {
		return Token{}, &Error{Message: "neither the project nor the issuer names a page to log in on", Refused: true}
	}
	l, redirect, err := a.c.listen()
	if err != nil {
		return Token{}, err
	}
	state, verifier := oauth2.GenerateVerifier(), oauth2.GenerateVerifier()
	back := &callback{path: redirect.Path, state: state, issuer: e.Issuer, got: make(chan answer, 1)}
	server := &http.Server{Handler: back, ReadHeaderTimeout: 10 * time.Second}
	go server.Serve(l) // ends with Shutdown
	defer func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
		defer cancel()
		server.Shutdown(ctx) // lets the page reach the browser
		server.Close()
	}()

	o := oauth2.Config{ClientID: a.c.ClientID, RedirectURL: redirect.String(), Scopes: a.c.Scopes, Endpoint: oauth2.Endpoint{AuthURL: e.Authorization}}
	options := []oauth2.AuthCodeOption{oauth2.S256ChallengeOption(verifier)}
	for name, text := range a.c.Params {
		options = append(options, oauth2.SetAuthURLParam(name, text))
	}
	show(Prompt{URL: o.AuthCodeURL(state, options...), Local: true})
	select {
	case got := <-back.got:
		if got.err != nil {
			return Token{}, got.err
		}
		form := url.Values{"grant_type": {"authorization_code"}, "code": {got.code}, "redirect_uri": {redirect.String()}, "code_verifier": {verifier}}
		return a.ask(ctx, form)
	case <-ctx.Done():
		return Token{}, context.Cause(ctx)
	}
}

// listen takes the port that the redirect leads to.
func (c *Config) listen() (net.Listener, *url.URL, error) {
	redirect := &url.URL{Scheme: "http", Host: "127.0.0.1:0", Path: "/callback"}
	if c.RedirectURL != "" {
		u, err := url.Parse(c.RedirectURL)
		if err != nil || u.Scheme != "http" || u.Port() == "" || !loopback(u.Hostname()) {
			return nil, nil, &Error{Refused: true, Message: `redirect_url must lead back to this machine, with a port: "http://127.0.0.1:8085/callback"`}
		}
		redirect = u
	}
	host := redirect.Hostname()
	if host == "localhost" {
		host = "127.0.0.1"
	}
	l, err := net.Listen("tcp", net.JoinHostPort(host, redirect.Port()))
	if err != nil {
		return nil, nil, &Error{Message: fmt.Sprintf("nothing can listen for the browser at %s: %s", redirect.Host, err)}
	}
	if c.RedirectURL == "" {
		redirect.Host = l.Addr().String()
	}
	return l, redirect, nil
}

func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

type answer struct {
	code string
	err  error
}

// callback takes the one answer that the browser brings.
type callback struct {
	path, state, issuer string
	got                 chan answer
}

func (b *callback) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	if r.URL.Path != b.path && !(b.path == "" && r.URL.Path == "/") {
		http.NotFound(w, r)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Content-Security-Policy", "default-src 'none'")
	w.Header().Set("Referrer-Policy", "no-referrer")
	if subtle.ConstantTimeCompare([]byte(q.Get("state")), []byte(b.state)) != 1 {
		w.WriteHeader(http.StatusBadRequest) // not an answer to our question; ours may still come
		page(w, "This is not the login that Tenon waits for.")
		return
	}
	a := answer{code: q.Get("code")}
	switch issuer := q.Get("iss"); {
	case issuer != "" && b.issuer != "" && issuer != b.issuer: // RFC 9207: an answer of another server
		a.err = &Error{Message: "the answer came from another issuer, " + shown(issuer), Refused: true}
	case q.Get("error") != "":
		a.err = &Error{Message: strings.TrimSpace("the server refused the login: " + q.Get("error") + " " + q.Get("error_description")), Code: q.Get("error"), Refused: true}
	case a.code == "":
		a.err = &Error{Message: "the server sent the browser back without a code", Refused: true}
	}
	if a.err != nil {
		page(w, "The login failed: "+a.err.Error())
	} else {
		page(w, "Logged in. You can close this page and go back to the terminal.")
	}
	select {
	case b.got <- a:
	default: // the browser asked twice
	}
}

func page(w io.Writer, text string) {
	fmt.Fprintf(w, "<!doctype html><meta charset=utf-8><title>Tenon</title><p>%s</p>\n", html.EscapeString(text))
}

// device gets a token by a code that the person types in on another device (RFC 8628).
func (a *asker) device(ctx context.Context, e Endpoints, show func(Prompt)) (Token, error) {
	if e.Device == "" {
		return Token{}, &Error{Message: "neither the project nor the issuer names an endpoint for devices", Refused: true}
	}
	d, err := a.startDevice(ctx, e)
	if err != nil {
		return Token{}, err
	}
	p := Prompt{URL: d.VerificationURI, Code: d.UserCode}
	if d.VerificationURIComplete != "" {
		p.URL = d.VerificationURIComplete
	}
	show(p)
	interval := 5 * time.Second // where the server does not say (§3.2)
	if d.Interval > 0 && d.Interval < 3600 {
		interval = time.Duration(d.Interval) * time.Second
	}
	for {
		select {
		case <-time.After(interval):
		case <-ctx.Done():
			return Token{}, context.Cause(ctx)
		}
		form := url.Values{"grant_type": {"urn:ietf:params:oauth:grant-type:device_code"}, "device_code": {d.DeviceCode}}
		t, err := a.ask(ctx, form)
		var refused *Error
		switch {
		case err == nil:
			return t, nil
		case !errors.As(err, &refused):
			return Token{}, err
		case refused.Code == "authorization_pending", !refused.Refused && !d.Expiry.IsZero() && a.now().Before(d.Expiry):
		case refused.Code == "slow_down":
			interval += 5 * time.Second // §3.5
		case refused.Code == "expired_token":
			return Token{}, &Error{Message: "nobody typed the code in while it was good; begin again", Code: refused.Code, Refused: true}
		default:
			return Token{}, err
		}
	}
}

func (a *asker) startDevice(ctx context.Context, e Endpoints) (*oauth2.DeviceAuthResponse, error) {
	o := oauth2.Config{ClientID: a.c.ClientID, Scopes: a.c.Scopes, Endpoint: oauth2.Endpoint{DeviceAuthURL: e.Device}}
	var last error
	for _, style := range a.styles(e) {
		var options []oauth2.AuthCodeOption
		for name, text := range a.c.Params {
			options = append(options, oauth2.SetAuthURLParam(name, text))
		}
		via := a.via
		switch style {
		case AuthBody:
			options = append(options, oauth2.SetAuthURLParam("client_secret", a.c.ClientSecret))
		case AuthBasic:
			via = &basic{via, a.c.ClientID, a.c.ClientSecret}
		case AuthPrivateKeyJWT:
			text, err := a.c.assertion(e.Token, nil, a.now())
			if err != nil {
				return nil, &Error{Message: err.Error(), Refused: true}
			}
			options = append(options, oauth2.SetAuthURLParam("client_assertion", text),
				oauth2.SetAuthURLParam("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"))
		}
		d, err := o.DeviceAuth(context.WithValue(ctx, oauth2.HTTPClient, client(via)), options...)
		if err == nil {
			return d, nil
		}
		refused := a.c.explain(err, e.Device, nil)
		refused.Message = strings.Replace(refused.Message, "the token endpoint", "the endpoint for devices", 1)
		if last = refused; refused.Code != "invalid_client" {
			break
		}
	}
	return nil, last
}

// basic authenticates a client as RFC 6749 §2.3.1 says, where x/oauth2 does not.
type basic struct {
	via          http.RoundTripper
	user, secret string
}

func (b *basic) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	r.SetBasicAuth(url.QueryEscape(b.user), url.QueryEscape(b.secret))
	return b.via.RoundTrip(r)
}
