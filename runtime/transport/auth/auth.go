// Package auth makes the credentials that a plan describes: one constructor for each type of
// authentication. It knows how each of them signs a request, not which requests they sign.
package auth

import (
	"fmt"
	"net/http"
	"time"

	"tenon/runtime/secret"
	"tenon/runtime/transport"
	"tenon/runtime/transport/token"
	"tenon/spec/plan"
)

// Given is a credential as a run describes it: what the plan says, and the values of its attributes.
type Given struct {
	API    string
	Auth   *plan.Auth
	Values map[string]any
	Signer Signer         // of hmac
	TLS    *transport.TLS // of the API; its token endpoint is reached in the same way. May be nil
	// Mocked says that the API is a mock, so that nobody is to be asked for a token.
	Mocked bool
}

// Env is what credentials are made with.
type Env struct {
	Redactor *secret.Redactor // told everything secret, as soon as it is known. May be nil
	Tokens   *token.Manager   // of oauth2
	// Via returns the transport to authorization servers. nil: [http.DefaultTransport].
	Via func(*transport.TLS) http.RoundTripper
	Now func() time.Time // nil: time.Now
}

// New makes a credential. The error is a clause that names no value.
func New(g Given, env Env) (transport.Credential, error) {
	if env.Redactor == nil {
		env.Redactor = &secret.Redactor{}
	}
	if env.Now == nil {
		env.Now = time.Now
	}
	switch g.Auth.Type {
	case "api_key":
		return transport.APIKey(g.Auth.In, g.Auth.Name, g.value("value"), env.Redactor), nil
	case "basic":
		return transport.Basic(g.value("username"), g.value("password"), env.Redactor), nil
	case "bearer":
		return transport.Bearer(g.value("token"), env.Redactor), nil
	case "digest":
		return newDigest(g.text("username"), g.text("password")), nil
	case "oauth2":
		return newOAuth(g, env)
	case "hmac":
		return newHMAC(g, env)
	case "aws_sigv4":
		return newSigV4(g, env), nil
	case "mutual_tls":
		return connection{}, nil
	}
	return nil, fmt.Errorf("%q is no type of credential; this is a bug in Tenon", g.Auth.Type)
}

func (g Given) text(name string) string {
	t, _ := g.Values[name].(string)
	return t
}

func (g Given) value(name string) secret.Value { return secret.New(g.text(name)) }

const hidden = "(secret)"
