//go:build e2e

package token_test

import (
	"crypto/ecdsa"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"html"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"tenon/runtime/realserver"
	"tenon/runtime/transport/token"
)

func jwk(t *testing.T, k *ecdsa.PublicKey) string {
	t.Helper()
	x, y := make([]byte, 32), make([]byte, 32)
	k.X.FillBytes(x)
	k.Y.FillBytes(y)
	enc := base64.RawURLEncoding.EncodeToString
	return fmt.Sprintf(`{"kty": "EC", "crv": "P-256", "use": "sig", "alg": "ES256", "kid": "k", "x": %q, "y": %q}`, enc(x), enc(y))
}

// person logs in on the provider's own pages: whatever form is shown, they fill in and send.
func person(t *testing.T) func(token.Prompt) {
	return func(p token.Prompt) {
		go func() {
			jar, _ := cookiejar.New(nil)
			c := &http.Client{Jar: jar}
			resp, err := c.Get(p.URL)
			for range 8 {
				if err != nil {
					t.Error(err)
					return
				}
				text, _ := io.ReadAll(resp.Body)
				resp.Body.Close()
				action, fields := form(string(text))
				if action == "" {
					if resp.StatusCode != 200 {
						t.Errorf("the person ends at %d %s", resp.StatusCode, text)
					}
					return
				}
				to, _ := resp.Request.URL.Parse(action)
				if fields.Has("user_code") && fields.Get("user_code") == "" {
					fields.Set("user_code", p.Code)
				}
				resp, err = c.PostForm(to.String(), fields)
			}
			t.Error("the person is sent round and round")
		}()
	}
}

var (
	formTag  = regexp.MustCompile(`(?s)<form[^>]*action="([^"]+)"[^>]*>(.*?)</form>`)
	inputTag = regexp.MustCompile(`<input[^>]*>`)
	nameAttr = regexp.MustCompile(`name="([^"]*)"`)
	valAttr  = regexp.MustCompile(`value="([^"]*)"`)
)

func form(page string) (action string, fields url.Values) {
	m := formTag.FindStringSubmatch(page)
	if m == nil {
		return "", nil
	}
	fields = url.Values{}
	for _, in := range inputTag.FindAllString(m[2], -1) {
		name := nameAttr.FindStringSubmatch(in)
		if name == nil {
			continue
		}
		value := ""
		if v := valAttr.FindStringSubmatch(in); v != nil {
			value = html.UnescapeString(v[1])
		}
		if name[1] == "login" || name[1] == "password" {
			value = "somebody"
		}
		fields.Set(name[1], value)
	}
	return html.UnescapeString(m[1]), fields
}

// active asks the provider about a token.
func active(t *testing.T, issuer, access string) bool {
	t.Helper()
	req, _ := http.NewRequest("POST", issuer+"/token/introspection", strings.NewReader(url.Values{"token": {access}}.Encode()))
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.SetBasicAuth("basic", url.QueryEscape("a secret: + / % &"))
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	var got struct{ Active bool }
	if err := json.NewDecoder(resp.Body).Decode(&got); err != nil || resp.StatusCode != 200 {
		t.Fatalf("introspection: %d, %v", resp.StatusCode, err)
	}
	return got.Active
}

// clients are those of realserver's provider.
func clients(t *testing.T, issuer, key string) map[string]*token.Config {
	return map[string]*token.Config{
		"basic":           {ClientID: "basic", ClientSecret: "a secret: + / % &", Issuer: issuer},
		"body":            {ClientID: "body", ClientSecret: "another secret", Issuer: issuer, ClientAuth: token.AuthBody},
		"body, found out": {ClientID: "body", ClientSecret: "another secret", TokenURL: issuer + "/token", AuthorizationURL: issuer + "/auth", DeviceURL: issuer + "/device/auth"},
		"key":             {ClientID: "key", Issuer: issuer, ClientAuth: token.AuthPrivateKeyJWT, SigningKey: mustKey(t, key)},
		"public":          {ClientID: "public", Issuer: issuer},
	}
}

func TestOIDCProvider(t *testing.T) {
	private, public := keyPair(t)
	issuer := realserver.OIDCProvider(t, jwk(t, public))
	for name, base := range clients(t, issuer, private) {
		for _, grant := range []string{token.ClientCredentials, token.AuthorizationCode, token.DeviceCode} {
			if name == "public" && grant == token.ClientCredentials {
				continue
			}
			t.Run(name+"/"+grant, func(t *testing.T) {
				t.Parallel()
				c := *base
				c.API, c.Scheme, c.Grant, c.Scopes = "api", "oidc", grant, []string{"openid", "read"}
				if grant == token.ClientCredentials {
					c.Scopes = []string{"read"}
				}
				dir := filepath.Join(t.TempDir(), "tokens")
				manager := func() *token.Manager { return token.NewManager(token.NewDir(dir, sealer), nil) }
				if c.Interactive() {
					if tok, err := manager().Login(t.Context(), &c, http.DefaultTransport, person(t)); err != nil || !active(t, issuer, tok.Access) {
						t.Fatal(err)
					}
				}
				seen := map[string]bool{}
				for range 3 { // as many processes; each finds the token of the one before expired
					tok, err := manager().Source(&c, http.DefaultTransport).Token(t.Context())
					if err != nil || !active(t, issuer, tok.Access) {
						t.Fatal(err)
					}
					seen[tok.Access] = true
					time.Sleep(2100 * time.Millisecond)
				}
				if len(seen) != 3 {
					t.Errorf("%d tokens", len(seen))
				}
			})
		}
	}
}

// TestOIDCRotation holds that many users of one login use each refresh token once: the provider revokes the
// login when one comes twice.
func TestOIDCRotation(t *testing.T) {
	_, public := keyPair(t)
	issuer := realserver.OIDCProvider(t, jwk(t, public))
	c := &token.Config{API: "api", Scheme: "oidc", Grant: token.AuthorizationCode, ClientID: "public", Issuer: issuer, Scopes: []string{"openid"}}
	dir := filepath.Join(t.TempDir(), "tokens")
	if _, err := token.NewManager(token.NewDir(dir, sealer), nil).Login(t.Context(), c, http.DefaultTransport, person(t)); err != nil {
		t.Fatal(err)
	}
	end := time.Now().Add(7 * time.Second)
	var wg sync.WaitGroup
	for range 4 {
		src := token.NewManager(token.NewDir(dir, sealer), nil).Source(c, http.DefaultTransport)
		for range 16 {
			wg.Go(func() {
				for time.Now().Before(end) {
					if _, err := src.Token(t.Context()); err != nil {
						t.Error(err)
						return
					}
					time.Sleep(10 * time.Millisecond)
				}
			})
		}
	}
	wg.Wait()
	time.Sleep(2100 * time.Millisecond) // so that the next token is new: the provider counts in whole seconds, and one may end early
	tok, err := token.NewManager(token.NewDir(dir, sealer), nil).Source(c, http.DefaultTransport).Token(t.Context())
	if err != nil || !active(t, issuer, tok.Access) {
		t.Errorf("after 64 callers in 4 managers: %v", err)
	}
}
