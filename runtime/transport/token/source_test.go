package token_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"net/http"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"tenon/runtime/secret"
	"tenon/runtime/transport/token"
	"tenon/runtime/transport/token/tokentest"
)

const (
	deviceGrant = "urn:ietf:params:oauth:grant-type:device_code"
	jwtGrant    = "urn:ietf:params:oauth:grant-type:jwt-bearer"
)

// keyPair returns a private key in PEM and its public half.
func keyPair(t testing.TB) (string, *ecdsa.PublicKey) {
	t.Helper()
	k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(k)
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})), &k.PublicKey
}

func mustKey(t testing.TB, text string) *token.Key {
	t.Helper()
	k, err := token.ParseKey(text, "", "")
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func get(t testing.TB, s *tokentest.Server, access string) int {
	t.Helper()
	req, _ := http.NewRequest("GET", s.URL+"/api/x", nil)
	req.Header.Set("Authorization", "Bearer "+access)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	return resp.StatusCode
}

func TestGrantsThatNeedNobody(t *testing.T) {
	private, public := keyPair(t)
	s := tokentest.New(t)
	s.Scopes = []string{"read", "write"}
	all := []string{"client_credentials", jwtGrant}
	s.Clients["b"] = &tokentest.Client{Secret: "s/+ ä", Auth: "basic", Grants: all}
	s.Clients["p"] = &tokentest.Client{Secret: "post secret", Auth: "body", Grants: all}
	s.Clients["k"] = &tokentest.Client{Auth: "private_key_jwt", Key: public, Grants: all}
	s.Clients["j"] = &tokentest.Client{Key: public, Grants: all}
	for name, c := range map[string]*token.Config{
		"basic, found out":  {ClientID: "b", ClientSecret: "s/+ ä", TokenURL: s.URL + "/token"},
		"body, found out":   {ClientID: "p", ClientSecret: "post secret", TokenURL: s.URL + "/token"},
		"body, said":        {ClientID: "p", ClientSecret: "post secret", TokenURL: s.URL + "/token", ClientAuth: token.AuthBody},
		"discovery":         {ClientID: "b", ClientSecret: "s/+ ä", Issuer: s.URL, ClientAuth: token.AuthBasic},
		"private_key_jwt":   {ClientID: "k", TokenURL: s.URL + "/token", ClientAuth: token.AuthPrivateKeyJWT, SigningKey: mustKey(t, private)},
		"assertion":         {Grant: token.JWTBearer, ClientID: "j", TokenURL: s.URL + "/token", SigningKey: mustKey(t, private)},
		"assertion, claims": {Grant: token.JWTBearer, TokenURL: s.URL + "/token", SigningKey: mustKey(t, private), Claims: map[string]any{"iss": "j", "sub": "me"}},
	} {
		if c.Grant == "" {
			c.Grant = token.ClientCredentials
		}
		c.Scopes = []string{"read"}
		got, err := token.NewManager(nil, nil).Source(c, http.DefaultTransport).Token(t.Context())
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if status := get(t, s, got.Access); status != 200 || got.Type != "Bearer" || got.Expiry.Sub(got.Made) != time.Hour {
			t.Errorf("%s: %d, %+v", name, status, got)
		}
	}
}

func TestRefusalsAreClear(t *testing.T) {
	s := tokentest.New(t)
	s.Clients["c"] = &tokentest.Client{Secret: "right secret", Auth: "body", Grants: []string{"client_credentials"}}
	for want, c := range map[string]*token.Config{
		"answered 401 Unauthorized: invalid_client (wrong secret (secret))": {ClientID: "c", ClientSecret: "guessed-by-me", ClientAuth: token.AuthBody},
		"answered 400 Bad Request: invalid_scope":                           {ClientID: "c", ClientSecret: "right secret", Scopes: []string{"none"}},
		"answered 404 Not Found":                                            {ClientID: "c", TokenURL: s.URL + "/other"},
		"cannot be reached":                                                 {ClientID: "c", TokenURL: "http://127.0.0.1:1/token"},
		"neither the project nor the issuer names a token endpoint":         {ClientID: "c", TokenURL: "-"},
	} {
		c.Grant = token.ClientCredentials
		switch c.TokenURL {
		case "":
			c.TokenURL = s.URL + "/token"
		case "-":
			c.TokenURL = ""
		}
		_, err := token.NewManager(nil, nil).Source(c, http.DefaultTransport).Token(t.Context())
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %q", err, want)
		}
	}
}

func TestARefusedClientIsNotTriedAgainAtOnce(t *testing.T) {
	s := tokentest.New(t)
	src := token.NewManager(nil, nil).Source(&token.Config{Grant: token.ClientCredentials, ClientID: "x", TokenURL: s.URL + "/token"}, http.DefaultTransport)
	for range 20 {
		if _, err := src.Token(t.Context()); err == nil {
			t.Fatal("an unknown client got a token")
		}
	}
	if n := len(s.Requests()); n != 1 {
		t.Errorf("%d requests", n)
	}
}

func TestUnwellServersAreAskedAgain(t *testing.T) {
	s := tokentest.New(t)
	s.Clients["c"] = &tokentest.Client{Auth: "none", Grants: []string{"client_credentials"}}
	s.Break = func(n int) int { return map[int]int{1: 503, 2: 429}[n] }
	src := token.NewManager(nil, nil).Source(&token.Config{Grant: token.ClientCredentials, ClientID: "c", TokenURL: s.URL + "/token"}, http.DefaultTransport)
	if _, err := src.Token(t.Context()); err != nil || len(s.Requests()) != 3 {
		t.Errorf("%v after %d requests", err, len(s.Requests()))
	}
}

// TestOneRenewalForAll holds that however many use a credential, whose tokens expire all the time, there is
// one renewal for each expiry. That no call fails either, the tests of the credential hold.
func TestOneRenewalForAll(t *testing.T) {
	s := tokentest.New(t)
	s.Lifetime = time.Second
	s.Clients["c"] = &tokentest.Client{Secret: "right secret", Auth: "basic", Grants: []string{"client_credentials"}}
	src := token.NewManager(nil, nil).Source(&token.Config{Grant: token.ClientCredentials, ClientID: "c", ClientSecret: "right secret", TokenURL: s.URL + "/token"}, http.DefaultTransport)
	var seen sync.Map
	var kinds atomic.Int64
	end := time.Now().Add(4 * time.Second)
	var wg sync.WaitGroup
	for range 64 {
		wg.Go(func() {
			for time.Now().Before(end) {
				tok, err := src.Token(t.Context())
				if err != nil {
					t.Error(err)
				}
				if _, old := seen.LoadOrStore(tok.Access, true); !old {
					kinds.Add(1)
				}
				time.Sleep(5 * time.Millisecond)
			}
		})
	}
	wg.Wait()
	if n := int64(len(s.Requests())); n != kinds.Load() || n < 4 || n > 6 {
		t.Errorf("%d requests for %d tokens", n, kinds.Load())
	}
}

func TestARefusedTokenIsRenewedOnce(t *testing.T) {
	s := tokentest.New(t)
	s.Clients["c"] = &tokentest.Client{Auth: "none", Grants: []string{"client_credentials"}}
	src := token.NewManager(nil, nil).Source(&token.Config{Grant: token.ClientCredentials, ClientID: "c", TokenURL: s.URL + "/token"}, http.DefaultTransport)
	first, err := src.Token(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	s.Revoke()
	var wg sync.WaitGroup
	for range 64 {
		wg.Go(func() {
			if again, err := src.Renew(t.Context(), first.Access); !again || err != nil {
				t.Errorf("Renew: %v, %v", again, err)
			}
		})
	}
	wg.Wait()
	second, _ := src.Token(t.Context())
	if len(s.Requests()) != 2 || get(t, s, second.Access) != 200 {
		t.Fatalf("%d requests", len(s.Requests()))
	}
	// An API that refuses the new one, too, has another reason.
	if again, _ := src.Renew(t.Context(), second.Access); again {
		t.Error("a token that was never accepted is renewed")
	}
	src.Accepted(second.Access)
	if again, _ := src.Renew(t.Context(), second.Access); !again {
		t.Error("a token that had been accepted is not renewed")
	}
}

func sealer() (*secret.Sealer, error) { return secret.NewSealer([]byte(strings.Repeat("k", 32))) }

func rotating(s *tokentest.Server, refresh string) *token.Config {
	return &token.Config{API: "shop", Scheme: "o", Grant: token.RefreshToken, ClientID: "r", TokenURL: s.URL + "/token", Refresh: refresh}
}

// seed gets a first refresh token, as from a provider's console.
func seed(t *testing.T, s *tokentest.Server) string {
	t.Helper()
	s.Clients["r"] = &tokentest.Client{Auth: "none", Rotate: true, Grants: []string{"authorization_code", "refresh_token", deviceGrant}}
	c := &token.Config{API: "seed", Scheme: "o", Grant: token.AuthorizationCode, ClientID: "r", Issuer: s.URL}
	tok, err := token.NewManager(nil, nil).Login(t.Context(), c, http.DefaultTransport, browser(t))
	if err != nil || tok.Refresh == "" {
		t.Fatalf("%+v, %v", tok, err)
	}
	return tok.Refresh
}

// browser is a person who opens what is shown, and a browser that follows.
func browser(t *testing.T) func(token.Prompt) {
	return func(p token.Prompt) {
		go func() {
			resp, err := http.Get(p.URL)
			if err != nil {
				t.Error(err)
				return
			}
			resp.Body.Close()
		}()
	}
}

func TestRotatedTokensAreNeverLost(t *testing.T) {
	s := tokentest.New(t)
	s.Lifetime = time.Second
	dir := filepath.Join(t.TempDir(), "tokens")
	refresh := seed(t, s)
	before := len(s.Requests())
	// Processes that share a directory, one after the other and at the same time.
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 4 {
				src := token.NewManager(token.NewDir(dir, sealer), nil).Source(rotating(s, refresh), http.DefaultTransport)
				tok, err := src.Token(t.Context())
				if err != nil || get(t, s, tok.Access) != 200 {
					t.Errorf("%v", err)
				}
				time.Sleep(300 * time.Millisecond)
			}
		})
	}
	wg.Wait()
	if n := len(s.Requests()) - before; n > 4 {
		t.Errorf("%d renewals in about 1.2 s, of tokens that live 1 s", n)
	}
}

// broken fails to save as often as it says.
type broken struct {
	token.Memory
	left int
}

func (b *broken) Save(ctx context.Context, key string, t token.Token) error {
	if b.left--; b.left >= 0 {
		return errors.New("no space left")
	}
	return b.Memory.Save(ctx, key, t)
}

func TestATokenIsSavedBeforeItIsUsed(t *testing.T) {
	s := tokentest.New(t)
	refresh := seed(t, s)
	before := len(s.Requests())
	store := &broken{left: 2}
	c := rotating(s, refresh)
	src := token.NewManager(store, nil).Source(c, http.DefaultTransport)
	for range 2 {
		if _, err := src.Token(t.Context()); err == nil || !strings.Contains(err.Error(), "no space left") {
			t.Fatalf("got %v", err)
		}
	}
	tok, err := src.Token(t.Context())
	if err != nil || len(s.Requests())-before != 1 {
		t.Fatalf("%v after %d requests", err, len(s.Requests())-before)
	}
	kept, ok, _ := store.Load(t.Context(), c.Key())
	if !ok || kept.Access != tok.Access || kept.Refresh == refresh || kept.Refresh == "" {
		t.Errorf("kept %+v", kept)
	}
}

func TestAnotherSeedReplacesWhatWasKept(t *testing.T) {
	s := tokentest.New(t)
	store := &token.Memory{}
	one, two := seed(t, s), seed(t, s)
	for _, refresh := range []string{one, two} {
		if _, err := token.NewManager(store, nil).Source(rotating(s, refresh), http.DefaultTransport).Token(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	got := s.Requests()
	if last := got[len(got)-1].Get("refresh_token"); last != two {
		t.Errorf("refreshed with %s, want the new seed", last)
	}
}

func TestRevokedLogin(t *testing.T) {
	s := tokentest.New(t)
	refresh := seed(t, s)
	src := func() *token.Source {
		return token.NewManager(nil, nil).Source(rotating(s, refresh), http.DefaultTransport)
	}
	if _, err := src().Token(t.Context()); err != nil {
		t.Fatal(err)
	}
	_, err := src().Token(t.Context()) // with a store that has forgotten: the token is used twice
	if err == nil || !strings.Contains(err.Error(), "invalid_grant") || !strings.Contains(err.Error(), "the project needs a new one") || strings.Contains(err.Error(), refresh) {
		t.Errorf("got %v", err)
	}
}

func TestCallersMayLeave(t *testing.T) {
	s := tokentest.New(t)
	s.Clients["c"] = &tokentest.Client{Auth: "none", Grants: []string{"client_credentials"}}
	hold := make(chan bool)
	s.Break = func(int) int { <-hold; return 0 }
	m := token.NewManager(nil, nil)
	src := m.Source(&token.Config{Grant: token.ClientCredentials, ClientID: "c", TokenURL: s.URL + "/token"}, http.DefaultTransport)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := src.Token(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	close(hold)
	m.Close() // waits for the token that was under way
	if _, err := src.Token(t.Context()); err != nil || len(s.Requests()) != 1 {
		t.Errorf("%v after %d requests", err, len(s.Requests()))
	}
}

func TestDirKeepsNothingReadable(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "tokens")
	d := token.NewDir(dir, sealer)
	if _, ok, err := d.Load(t.Context(), "k"); ok || err != nil {
		t.Fatal(ok, err)
	}
	want := token.Token{Access: "very-secret-access", Refresh: "very-secret-refresh", Type: "Bearer"}
	if err := d.Save(t.Context(), "k", want); err != nil {
		t.Fatal(err)
	}
	got, ok, err := d.Load(t.Context(), "k")
	if fmt.Sprint(got) != fmt.Sprint(want) || !ok || err != nil {
		t.Errorf("got %+v, %v, %v", got, ok, err)
	}
	other := token.NewDir(dir, func() (*secret.Sealer, error) { return secret.NewSealer([]byte(strings.Repeat("x", 32))) })
	if _, _, err := other.Load(t.Context(), "k"); err == nil || !strings.Contains(err.Error(), "another key") {
		t.Errorf("got %v", err)
	}
	for _, name := range glob(t, dir) {
		if text := read(t, name); strings.Contains(text, "very-secret") {
			t.Errorf("%s can be read", name)
		}
	}
	if err := errors.Join(d.Delete(t.Context(), "k"), d.Delete(t.Context(), "k")); err != nil {
		t.Error(err)
	}
	if _, ok, _ := d.Load(t.Context(), "k"); ok {
		t.Error("it is still there")
	}
}
