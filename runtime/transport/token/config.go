package token

import (
	"encoding/json"
	"maps"
	"net/url"
	"slices"
	"strings"

	"tenon/runtime/transport"
)

// The grants of OAuth 2.0 that Tenon knows.
const (
	ClientCredentials = "client_credentials" // RFC 6749 §4.4
	RefreshToken      = "refresh_token"      // RFC 6749 §6, with a refresh token from elsewhere
	AuthorizationCode = "authorization_code" // RFC 6749 §4.1 with RFC 7636, through a login
	DeviceCode        = "device_code"        // RFC 8628, through a login
	JWTBearer         = "jwt_bearer"         // RFC 7523 §2.1
)

// The ways in which a client tells the token endpoint who it is (RFC 6749 §2.3, RFC 7523 §2.2).
const (
	AuthBasic         = "basic"
	AuthBody          = "body"
	AuthNone          = "none" // a public client, or one that mutual TLS identifies (RFC 8705)
	AuthPrivateKeyJWT = "private_key_jwt"
)

// Config is one client at one authorization server. It is not changed.
type Config struct {
	// Name is how people know the credential: API and scheme. Logins are kept by it.
	API, Scheme string
	Grant       string

	// TokenURL and the others are where the server's endpoints are. What is "" is looked up at Issuer.
	TokenURL, AuthorizationURL, DeviceURL string
	// Issuer is the server's identifier, or the address of its metadata (OpenID Connect Discovery, RFC 8414).
	Issuer string

	ClientID, ClientSecret string
	// ClientAuth is one of the Auth constants; "": the first of basic and body that the server takes.
	ClientAuth string
	// SigningKey signs assertions: of the client itself with AuthPrivateKeyJWT, else of JWTBearer.
	SigningKey *Key
	// Claims are laid over those that an assertion has anyway; nil leaves one out.
	Claims map[string]any

	Scopes      []string
	Params      map[string]string // further ones, for the token endpoint and the login page
	Refresh     string            // the author's own refresh token, of RefreshToken
	RedirectURL string            // of AuthorizationCode; "": a free port of this machine
}

// Interactive reports whether a person has to log in first.
func (c *Config) Interactive() bool { return c.Grant == AuthorizationCode || c.Grant == DeviceCode }

// kept reports whether tokens are kept in the store: those that cannot be had again from what the project has.
func (c *Config) kept() bool { return c.Interactive() || c.Grant == RefreshToken }

// Key is under which the store keeps what a login gave. It tells nothing secret.
func (c *Config) Key() string {
	return transport.Identify("login", c.API, c.Scheme, c.server(), c.ClientID)
}

// ID is the same for the same client of the same server; it tells nothing secret.
func (c *Config) ID() string {
	id := []string{"oauth2", c.server(), c.ClientID, c.Grant}
	if c.kept() {
		id = append(id, c.API, c.Scheme)
	}
	if sub, ok := c.Claims["sub"].(string); ok {
		id = append(id, sub)
	}
	return transport.Identify(id...)
}

// identity tells configurations apart that may not share a token. It is kept in memory only.
func (c *Config) identity() string {
	claims, _ := json.Marshal(c.Claims)
	parts := []string{
		c.API, c.Scheme, c.Grant, c.TokenURL, c.Issuer, c.ClientID, c.ClientSecret, c.ClientAuth, c.Refresh, string(claims),
		strings.Join(c.Scopes, " "),
	}
	if c.SigningKey != nil {
		parts = append(parts, c.SigningKey.id)
	}
	for _, name := range slices.Sorted(maps.Keys(c.Params)) {
		parts = append(parts, name, c.Params[name])
	}
	return transport.Identify(parts...)
}

func (c *Config) server() string {
	if c.TokenURL != "" {
		return c.TokenURL
	}
	return c.Issuer
}

// form is the parameters of a request to the token endpoint by the given grant.
func (c *Config) form(grant string) url.Values {
	v := url.Values{"grant_type": {grant}}
	for name, text := range c.Params {
		v.Set(name, text)
	}
	return v
}

func (c *Config) scope(v url.Values) url.Values {
	if len(c.Scopes) > 0 {
		v.Set("scope", strings.Join(c.Scopes, " "))
	}
	return v
}
