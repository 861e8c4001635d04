package token

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"sync"
	"time"
)

// asker makes a client's requests to its server's token endpoint. What it learns about the server it keeps.
type asker struct {
	c   *Config
	via http.RoundTripper
	now func() time.Time

	mu        sync.Mutex
	endpoints *Endpoints
	style     string // how the client authenticates; "": not known yet
}

func (a *asker) where(ctx context.Context) (Endpoints, error) {
	a.mu.Lock()
	known := a.endpoints
	a.mu.Unlock()
	if known != nil {
		return *known, nil
	}
	e, err := a.c.discover(ctx, a.via)
	if err != nil {
		return e, err
	}
	if e.Token == "" {
		return e, &Error{Message: "neither the project nor the issuer names a token endpoint", Refused: true}
	}
	a.mu.Lock()
	a.endpoints = &e
	a.mu.Unlock()
	return e, nil
}

// styles is how the client may authenticate, in the order in which it is tried.
func (a *asker) styles(e Endpoints) []string {
	a.mu.Lock()
	defer a.mu.Unlock()
	switch {
	case a.c.ClientAuth != "":
		return []string{a.c.ClientAuth}
	case a.c.ClientSecret == "":
		return []string{AuthNone}
	case a.style != "":
		return []string{a.style}
	case slices.Contains(e.AuthMethods, "client_secret_basic"):
		return []string{AuthBasic}
	case slices.Contains(e.AuthMethods, "client_secret_post"):
		return []string{AuthBody}
	}
	return []string{AuthBasic, AuthBody} // RFC 6749 §2.3.1: basic must be there; in fact it often is not
}

// ask makes one request, with each way of authenticating until the server accepts one. A server that does
// not know the client has done nothing with the grant, so asking again is harmless.
func (a *asker) ask(ctx context.Context, form url.Values) (Token, error) {
	e, err := a.where(ctx)
	if err != nil {
		return Token{}, err
	}
	styles := a.styles(e)
	for i, style := range styles {
		t, err := a.c.request(ctx, a.via, e, style, form, a.now())
		var refused *Error
		if errors.As(err, &refused) && i+1 < len(styles) && (refused.Code == "invalid_client" || refused.Code == "" && refused.Status == http.StatusUnauthorized) {
			continue
		}
		if err == nil {
			a.mu.Lock()
			a.style = style
			a.mu.Unlock()
		}
		return t, err
	}
	panic("unreachable: the last style returns")
}

// waits are those before the second and third attempt of a request that got no answer, or none that counts.
var waits = []time.Duration{250 * time.Millisecond, time.Second}

// insist asks again when the server could not be reached or was not well. A refresh token may have been used up
// by a request whose answer was lost; there is no other one to try, so it is tried.
func (a *asker) insist(ctx context.Context, form func() (url.Values, error)) (Token, error) {
	for n := 0; ; n++ {
		v, err := form()
		if err != nil {
			return Token{}, &Error{Message: err.Error(), Refused: true}
		}
		t, err := a.ask(ctx, v)
		var e *Error
		if err == nil || !errors.As(err, &e) || e.Refused || n == len(waits) {
			return t, err
		}
		select {
		case <-time.After(waits[n]):
		case <-ctx.Done():
			return t, err
		}
	}
}

// obtain gets a token by a grant that needs nobody.
func (a *asker) obtain(ctx context.Context) (Token, error) {
	return a.insist(ctx, func() (url.Values, error) {
		if a.c.Grant != JWTBearer {
			return a.c.scope(a.c.form("client_credentials")), nil
		}
		e, err := a.where(ctx)
		if err != nil {
			return nil, err
		}
		text, err := a.c.assertion(e.Token, a.c.Claims, a.now())
		v := a.c.scope(a.c.form("urn:ietf:params:oauth:grant-type:jwt-bearer"))
		v.Set("assertion", text)
		return v, err
	})
}

// refresh gets a token for a refresh token.
func (a *asker) refresh(ctx context.Context, with string) (Token, error) {
	return a.insist(ctx, func() (url.Values, error) {
		v := a.c.form("refresh_token")
		v.Set("refresh_token", with)
		return v, nil
	})
}
