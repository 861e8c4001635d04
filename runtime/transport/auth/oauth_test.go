package auth_test

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"tenon/runtime/event"
	"tenon/runtime/secret"
	"tenon/runtime/transport"
	"tenon/runtime/transport/auth"
	"tenon/runtime/transport/token"
	"tenon/runtime/transport/token/tokentest"
	"tenon/spec/plan"
)

// client is a client of s with a credential of type oauth2.
func client(t *testing.T, s *tokentest.Server, m *token.Manager, r *secret.Redactor) (*transport.Client, func(method string) *transport.Request) {
	t.Helper()
	s.Clients["c"] = &tokentest.Client{Secret: "right secret", Auth: "basic", Grants: []string{"client_credentials"}}
	cr, err := auth.New(auth.Given{API: "shop", Auth: &plan.Auth{Scheme: "o", Type: "oauth2", Grant: token.ClientCredentials}, Values: map[string]any{
		"client_id": "c", "client_secret": "right secret", "token_url": s.URL + "/token",
	}}, auth.Env{Redactor: r, Tokens: m})
	if err != nil {
		t.Fatal(err)
	}
	u, _ := url.Parse(s.URL + "/api/orders")
	return transport.New(transport.Options{}), func(method string) *transport.Request {
		return &transport.Request{Method: method, URL: u, Hosts: []string{transport.Host(u)}, Named: []string{transport.Host(u)}, Credentials: []transport.Credential{cr}}
	}
}

// TestNoCallFailsWhileTokensExpire is the promise of the credential: 64 callers, tokens that live a second, one
// renewal for each, and every call is answered. An operator revokes them in between, too.
func TestNoCallFailsWhileTokensExpire(t *testing.T) {
	s := tokentest.New(t)
	s.Lifetime = time.Second
	c, request := client(t, s, token.NewManager(nil, nil), nil)
	var calls, failed atomic.Int64
	end := time.Now().Add(5 * time.Second)
	var wg sync.WaitGroup
	for i := range 64 {
		wg.Go(func() {
			for n := 0; time.Now().Before(end); n++ {
				res, err := c.Do(context.Background(), request([]string{"GET", "POST"}[(i+n)%2]))
				if calls.Add(1); err != nil || res.Status != 200 {
					failed.Add(1)
				}
			}
		})
	}
	time.Sleep(2500 * time.Millisecond)
	s.Revoke()
	wg.Wait()
	if n := len(s.Requests()); failed.Load() > 0 || n < 5 || n > 8 {
		t.Errorf("%d tokens in 5 s, one revoked; %d of %d calls failed", n, failed.Load(), calls.Load())
	}
	t.Logf("%d calls, %d tokens", calls.Load(), len(s.Requests()))
}

func TestRunsShareTokens(t *testing.T) {
	s := tokentest.New(t)
	m := token.NewManager(nil, nil)
	for range 5 {
		var r secret.Redactor
		c, request := client(t, s, m, &r)
		res, err := c.Do(context.Background(), request("GET"))
		if err != nil || res.Status != 200 {
			t.Fatalf("%+v, %v", res, err)
		}
		if said := r.Redact("the secret is right secret"); strings.Contains(said, "right") {
			t.Errorf("the redactor of a later run lets through %s", said)
		}
	}
	if n := len(s.Requests()); n != 1 {
		t.Errorf("%d tokens for five runs", n)
	}
}

func TestTokensAreHidden(t *testing.T) {
	s := tokentest.New(t)
	var r secret.Redactor
	c, request := client(t, s, token.NewManager(nil, nil), &r)
	req := request("GET")
	if _, err := c.Do(context.Background(), req); err != nil {
		t.Fatal(err)
	}
	o := &transport.Outgoing{Method: "GET", URL: req.URL, Header: map[string][]string{}}
	if err := req.Credentials[0].Sign(context.Background(), o); err != nil {
		t.Fatal(err)
	}
	sent := o.Header.Get("Authorization")
	if said := r.Redact(fmt.Sprint("echo: ", sent)); strings.Contains(said, "access-") || !strings.HasPrefix(sent, "Bearer access-") {
		t.Errorf("%q shows as %q", sent, said)
	}
	req.Credentials[0].Hide(o)
	if got := o.Header.Get("Authorization"); got != "Bearer (secret)" {
		t.Errorf("hidden as %q", got)
	}
}

func TestWhyThereIsNoToken(t *testing.T) {
	s := tokentest.New(t)
	c, request := client(t, s, token.NewManager(nil, nil), nil)
	s.Clients["c"].Secret = "changed since"
	_, err := c.Do(context.Background(), request("POST"))
	var e *transport.Error
	if !errors.As(err, &e) || e.Cause != event.SignIn || e.Sent || !strings.Contains(e.Message, "invalid_client") || strings.Contains(e.Message, "right secret") {
		t.Errorf("got %+v", err)
	}
	s.Clients["c"].Secret = "right secret"
	c, request = client(t, s, token.NewManager(nil, nil), nil)
	if _, err := c.Do(context.Background(), request("GET")); err != nil {
		t.Fatal(err)
	}
	s.Clients["c"].Secret = "changed since"
	s.Revoke()
	res, err := c.Do(context.Background(), request("GET"))
	if err != nil || res.Status != 401 || !strings.Contains(res.Note, "refused and cannot be renewed: the token endpoint") {
		t.Errorf("got %+v, %v", res, err)
	}
}
