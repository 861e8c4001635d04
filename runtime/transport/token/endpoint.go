package token

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"golang.org/x/oauth2"
	"golang.org/x/oauth2/clientcredentials"

	"tenon/runtime/secret"
)

// Error says why there is no token. Its message is a clause without anything secret.
type Error struct {
	Message string
	// Code is what the server calls it (RFC 6749 §5.2): "invalid_grant"; "" if it did not say.
	Code string
	// Refused says that the server decided: asking again in the same way will not help.
	Refused bool
	Timeout bool
	Status  int // of the answer; 0: none
	Err     error
}

func (e *Error) Error() string { return e.Message }
func (e *Error) Unwrap() error { return e.Err }

// requestTimeout bounds one request to an authorization server.
const requestTimeout = 30 * time.Second

// client makes requests to authorization servers: to the address given and no further, since what is sent
// there is worth more than any other request's content.
func client(via http.RoundTripper) *http.Client {
	return &http.Client{
		Transport: via, Timeout: requestTimeout,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// request asks the token endpoint. style is one of the Auth constants.
func (c *Config) request(ctx context.Context, via http.RoundTripper, e Endpoints, style string, form url.Values, now time.Time) (Token, error) {
	cc := clientcredentials.Config{ClientID: c.ClientID, TokenURL: e.Token, EndpointParams: form, AuthStyle: oauth2.AuthStyleInParams}
	switch style {
	case AuthBasic:
		cc.ClientSecret, cc.AuthStyle = c.ClientSecret, oauth2.AuthStyleInHeader
	case AuthBody:
		cc.ClientSecret = c.ClientSecret
	case AuthPrivateKeyJWT:
		text, err := c.assertion(e.Token, nil, now)
		if err != nil {
			return Token{}, &Error{Message: err.Error(), Refused: true}
		}
		form.Set("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer")
		form.Set("client_assertion", text)
	}
	sent := time.Now()
	t, err := cc.Token(context.WithValue(ctx, oauth2.HTTPClient, client(via)))
	if err != nil {
		return Token{}, c.explain(err, e.Token, form)
	}
	out := Token{Access: t.AccessToken, Type: t.Type(), Refresh: t.RefreshToken, Made: now, Scopes: c.Scopes}
	if !t.Expiry.IsZero() {
		out.Expiry = now.Add(t.Expiry.Sub(sent).Truncate(time.Second))
	}
	return out, nil
}

// explain makes an *Error of what x/oauth2 says.
func (c *Config) explain(err error, endpoint string, form url.Values) *Error {
	out := &Error{Err: err}
	var r *oauth2.RetrieveError
	var u *url.Error
	switch {
	case errors.As(err, &r) && r.Response != nil:
		status := r.Response.StatusCode
		out.Code, out.Status = r.ErrorCode, status
		out.Refused = status < 500 && status != http.StatusTooManyRequests && status != http.StatusRequestTimeout
		out.Message = fmt.Sprintf("the token endpoint %s answered %d %s", shown(endpoint), status, http.StatusText(status))
		if status < 300 {
			out.Message, out.Refused = fmt.Sprintf("the token endpoint %s answered with an error", shown(endpoint)), true
		}
		if r.ErrorCode != "" {
			out.Message += ": " + r.ErrorCode
			if d := strings.TrimSuffix(strings.TrimSpace(r.ErrorDescription), "."); d != "" {
				out.Message += " (" + d + ")"
			}
		}
		if to := r.Response.Header.Get("Location"); to != "" && status >= 300 && status < 400 {
			out.Message += ", a redirect, which is not followed"
		}
	case errors.As(err, &u):
		out.Timeout = u.Timeout()
		out.Message = fmt.Sprintf("the token endpoint %s cannot be reached: %s", shown(endpoint), u.Err)
		if out.Timeout {
			out.Message = fmt.Sprintf("the token endpoint %s does not answer within %s", shown(endpoint), requestTimeout)
		}
	default:
		out.Refused = true
		out.Message = fmt.Sprintf("the token endpoint %s answers with something that is no token: %s", shown(endpoint), strings.TrimPrefix(err.Error(), "oauth2: "))
	}
	out.Message = c.redact(out.Message, form)
	out.Err = nil // it may repeat what was sent
	return out
}

// redact takes out of a message whatever was sent that is secret: some servers repeat it.
func (c *Config) redact(text string, form url.Values) string {
	var r secret.Redactor
	r.Add(c.ClientSecret)
	for _, name := range []string{"refresh_token", "assertion", "client_assertion", "code", "code_verifier", "device_code", "password"} {
		r.Add(form.Get(name))
	}
	return r.Redact(text)
}

// shown is an endpoint for people: without its query.
func shown(endpoint string) string {
	u, err := url.Parse(endpoint)
	if err != nil {
		return "(not a URL)"
	}
	u.RawQuery, u.User, u.Fragment = "", nil, ""
	return u.String()
}
