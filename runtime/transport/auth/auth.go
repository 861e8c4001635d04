// Package auth makes the credentials that a plan describes: one constructor for each type of
// authentication. It knows how each of them signs a request, not which requests they sign.
package auth

import (
	"fmt"

	"tenon/runtime/secret"
	"tenon/runtime/transport"
	"tenon/spec/plan"
)

// Env is what credentials are made with.
type Env struct {
	// Redactor is told everything secret, as soon as it is known. May be nil.
	Redactor *secret.Redactor
}

// New makes a credential; values are those of a's attributes. The error is a clause that names no value.
func New(a *plan.Auth, values map[string]any, env Env) (transport.Credential, error) {
	text := func(name string) secret.Value {
		t, _ := values[name].(string)
		return secret.New(t)
	}
	switch a.Type {
	case "api_key":
		return transport.APIKey(a.In, a.Name, text("value"), env.Redactor), nil
	case "basic":
		return transport.Basic(text("username"), text("password"), env.Redactor), nil
	case "bearer":
		return transport.Bearer(text("token"), env.Redactor), nil
	}
	return nil, fmt.Errorf("%q is no type of credential; this is a bug in Tenon", a.Type)
}
