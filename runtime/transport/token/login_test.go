package token_test

import (
	"context"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"tenon/runtime/transport/token"
	"tenon/runtime/transport/token/tokentest"
)

func glob(t *testing.T, dir string) []string {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(dir, "*"))
	if err != nil || len(names) == 0 {
		t.Fatal(names, err)
	}
	return names
}

func read(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func logins(t *testing.T) *tokentest.Server {
	s := tokentest.New(t)
	s.Scopes = []string{"read", "offline_access"}
	s.Clients["app"] = &tokentest.Client{Secret: "app secret", Auth: "basic", Rotate: true, Grants: []string{"authorization_code", "refresh_token", deviceGrant}}
	return s
}

func TestLoginInABrowser(t *testing.T) {
	s := logins(t)
	c := &token.Config{API: "shop", Scheme: "o", Grant: token.AuthorizationCode, ClientID: "app", ClientSecret: "app secret", Issuer: s.URL, Scopes: []string{"read"}}
	store := &token.Memory{}
	m := token.NewManager(store, nil)
	if _, err := m.Source(c, http.DefaultTransport).Token(t.Context()); err == nil || !strings.Contains(err.Error(), "`tenon login shop`") {
		t.Errorf("before the login: %v", err)
	}
	if _, err := m.Login(t.Context(), c, http.DefaultTransport, browser(t)); err != nil {
		t.Fatal(err)
	}
	for range 3 { // as later processes, each with an expired token
		kept, _, _ := store.Load(t.Context(), c.Key())
		kept.Expiry = kept.Made
		store.Save(t.Context(), c.Key(), kept)
		tok, err := token.NewManager(store, nil).Source(c, http.DefaultTransport).Token(t.Context())
		if err != nil || get(t, s, tok.Access) != 200 {
			t.Fatal(err)
		}
	}
	more := *c
	more.Scopes = []string{"read", "offline_access"}
	if _, err := token.NewManager(store, nil).Source(&more, http.DefaultTransport).Token(t.Context()); err == nil || !strings.Contains(err.Error(), "other scopes") {
		t.Errorf("with more scopes: %v", err)
	}
	if err := m.Logout(t.Context(), c); err != nil {
		t.Fatal(err)
	}
	if _, err := token.NewManager(store, nil).Source(c, http.DefaultTransport).Token(t.Context()); err == nil {
		t.Error("there is a token after the logout")
	}
}

// TestLoginTakesOnlyItsOwnAnswer holds what a hostile page in the same browser can do: nothing.
func TestLoginTakesOnlyItsOwnAnswer(t *testing.T) {
	s := logins(t)
	c := &token.Config{API: "shop", Scheme: "o", Grant: token.AuthorizationCode, ClientID: "app", ClientSecret: "app secret", Issuer: s.URL, Scopes: []string{"read"}}
	visit := func(u string) string {
		resp, err := http.Get(u)
		if err != nil {
			return err.Error()
		}
		defer resp.Body.Close()
		text, _ := io.ReadAll(resp.Body)
		return string(text)
	}
	_, err := token.NewManager(nil, nil).Login(t.Context(), c, http.DefaultTransport, func(p token.Prompt) {
		go func() {
			u, _ := url.Parse(p.URL)
			q := u.Query()
			back := q.Get("redirect_uri")
			for _, forged := range []string{"?code=x", "?code=x&state=guess", "?error=access_denied&state=guess"} {
				if text := visit(back + forged); !strings.Contains(text, "not the login") {
					t.Errorf("%s: %s", forged, text)
				}
			}
			visit(back + "?state=" + q.Get("state") + "&iss=https://evil.example.com&code=x")
		}()
	})
	if err == nil || !strings.Contains(err.Error(), "another issuer") {
		t.Errorf("got %v", err)
	}
	_, err = token.NewManager(nil, nil).Login(t.Context(), c, http.DefaultTransport, func(p token.Prompt) {
		go func() {
			u, _ := url.Parse(p.URL)
			q := u.Query()
			text := visit(q.Get("redirect_uri") + "?state=" + q.Get("state") + "&error=access_denied&error_description=%3Cscript%3E")
			if strings.Contains(text, "<script>") {
				t.Errorf("the page repeats markup: %s", text)
			}
		}()
	})
	if err == nil || !strings.Contains(err.Error(), "access_denied") {
		t.Errorf("got %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	if _, err := token.NewManager(nil, nil).Login(ctx, c, http.DefaultTransport, func(token.Prompt) { cancel() }); err == nil {
		t.Error("a login that was given up succeeded")
	}
	c.RedirectURL = "https://example.com/callback"
	if _, err := token.NewManager(nil, nil).Login(t.Context(), c, http.DefaultTransport, browser(t)); err == nil || !strings.Contains(err.Error(), "lead back to this machine") {
		t.Errorf("got %v", err)
	}
}

func TestLoginOnAnotherDevice(t *testing.T) {
	for _, allow := range []bool{true, false} {
		s := logins(t)
		c := &token.Config{API: "shop", Scheme: "o", Grant: token.DeviceCode, ClientID: "app", ClientSecret: "app secret", Issuer: s.URL, Scopes: []string{"read"}}
		m := token.NewManager(nil, nil)
		tok, err := m.Login(t.Context(), c, http.DefaultTransport, func(p token.Prompt) {
			if p.Code == "" || p.URL != s.URL+"/activate" || p.Local {
				t.Errorf("shown %+v", p)
			}
			if allow {
				s.Approve(p.Code, true)
			} else {
				s.Approve(p.Code, false)
			}
		})
		if allow && (err != nil || get(t, s, tok.Access) != 200) || !allow && (err == nil || !strings.Contains(err.Error(), "access_denied")) {
			t.Errorf("allow %v: %v", allow, err)
		}
	}
}

func TestEndpointsOfAnotherHostAreNotTaken(t *testing.T) {
	s := logins(t)
	port := s.URL[strings.LastIndex(s.URL, ":"):]
	c := &token.Config{Grant: token.ClientCredentials, ClientID: "app", ClientSecret: "app secret", Issuer: "http://localhost" + port}
	_, err := token.NewManager(nil, nil).Source(c, http.DefaultTransport).Token(t.Context())
	if err == nil || !strings.Contains(err.Error(), "is the metadata of another issuer") {
		t.Errorf("got %v", err)
	}
	c.Issuer += "/.well-known/openid-configuration"
	_, err = token.NewManager(nil, nil).Source(c, http.DefaultTransport).Token(t.Context())
	if err == nil || !strings.Contains(err.Error(), "a host that the plan does not name; write token_url") {
		t.Errorf("got %v", err)
	}
	if len(s.Requests()) > 0 {
		t.Error("the secret went there")
	}
}
