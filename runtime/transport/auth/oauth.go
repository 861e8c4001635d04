package auth

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"

	"tenon/runtime/event"
	"tenon/runtime/secret"
	"tenon/runtime/transport"
	"tenon/runtime/transport/token"
)

// oauth is a bearer token that is had from an authorization server.
type oauth struct {
	id       string
	source   *token.Source
	redactor *secret.Redactor
	known    atomic.Pointer[string] // the access token that the redactor has been told last
}

func newOAuth(g Given, env Env) (transport.Credential, error) {
	if g.Mocked { // a mock takes any token, and its user may have no client to ask for a real one
		return transport.Bearer(secret.New("mock-token-of-"+g.Auth.Scheme), env.Redactor), nil
	}
	c, err := TokenConfig(g)
	if err != nil {
		return nil, err
	}
	if env.Tokens == nil {
		return nil, errors.New("there is nothing to get tokens with; this is a bug in Tenon")
	}
	var via http.RoundTripper = http.DefaultTransport
	if env.Via != nil {
		via = env.Via(g.TLS)
	}
	for _, text := range []string{c.ClientSecret, c.Refresh} {
		env.Redactor.Add(text)
	}
	return &oauth{id: c.ID(), source: env.Tokens.Source(c, via), redactor: env.Redactor}, nil
}

// TokenConfig is the client that a credential of type oauth2 describes. The error is a clause that names no value.
func TokenConfig(g Given) (*token.Config, error) {
	c := &token.Config{
		API: g.API, Scheme: g.Auth.Scheme, Grant: g.Auth.Grant, ClientAuth: g.Auth.ClientAuth, Scopes: g.Auth.Scopes,
		TokenURL: g.text("token_url"), AuthorizationURL: g.text("authorization_url"), DeviceURL: g.text("device_url"), Issuer: g.text("issuer"),
		ClientID: g.text("client_id"), ClientSecret: g.text("client_secret"), Refresh: g.text("refresh_token"), RedirectURL: g.text("redirect_url"),
	}
	c.Claims, _ = g.Values["claims"].(map[string]any)
	params, _ := g.Values["token_params"].(map[string]any)
	for _, name := range slices.Sorted(maps.Keys(params)) {
		text, ok := params[name].(string)
		if !ok {
			return nil, fmt.Errorf("token_params has a %q that is not text", name)
		}
		if c.Params == nil {
			c.Params = map[string]string{}
		}
		c.Params[name] = text
	}
	if key := g.text("key"); key != "" {
		var err error
		if c.SigningKey, err = token.ParseKey(key, g.Auth.Algorithm, g.text("key_id")); err != nil {
			return nil, err
		}
	}
	return c, nil
}

func (c *oauth) ID() string { return c.id }

func (c *oauth) Sign(ctx context.Context, o *transport.Outgoing) error {
	t, err := c.source.Token(ctx)
	if err != nil {
		return failure(ctx, err)
	}
	if last := c.known.Load(); last == nil || *last != t.Access {
		c.redactor.Add(t.Access)
		c.redactor.Add(t.Refresh)
		c.known.Store(&t.Access)
	}
	o.Header.Set("Authorization", t.Type+" "+t.Access)
	return nil
}

// failure says in an *Error why there is no token. Nothing was sent to the API.
func failure(ctx context.Context, err error) error {
	var e *token.Error
	if !errors.As(err, &e) {
		if ctx.Err() != nil {
			return &transport.Error{Cause: event.RunCanceled, Message: "stopped before it was sent", Err: err}
		}
		return &transport.Error{Cause: event.Network, Message: "no token: " + err.Error(), Err: err}
	}
	out := &transport.Error{Cause: event.Network, Message: "no token: " + e.Message, Note: "Nothing was sent to the API.", Err: e}
	switch {
	case e.Refused:
		out.Cause = event.SignIn
	case e.Timeout:
		out.Cause = event.Timeout
	}
	return out
}

// Answered gets another token after a 401, unless the API says that the token is fine and not enough (RFC 6750 §3.1).
func (c *oauth) Answered(ctx context.Context, o *transport.Outgoing, status int, h http.Header) (bool, error) {
	_, used, _ := strings.Cut(o.Header.Get("Authorization"), " ")
	if status != http.StatusUnauthorized {
		c.source.Accepted(used)
		return false, nil
	}
	if strings.Contains(h.Get("WWW-Authenticate"), "insufficient_scope") {
		return false, nil
	}
	again, err := c.source.Renew(ctx, used)
	if err != nil {
		return false, fmt.Errorf("the token was refused and cannot be renewed: %w", err)
	}
	return again, nil
}

func (c *oauth) Hide(o *transport.Outgoing) { o.Header.Set("Authorization", "Bearer "+hidden) }
