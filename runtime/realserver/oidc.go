package realserver

import (
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

//go:embed oidc prism wiremock
var packages embed.FS

// OIDCProvider starts oidc-provider (npm, a certified implementation of OpenID Connect and OAuth 2.0) with the
// clients that oidc/server.mjs lists. Tokens live two seconds, refresh tokens rotate, PKCE is required, and
// anybody can log in. publicKey is a JWK, of the client "key". It returns the issuer.
//
// npm installs it once, exactly as oidc/package-lock.json says, into the user's cache directory.
func OIDCProvider(t testing.TB, publicKey string) (issuer string) {
	t.Helper()
	dir := npmInstall(t, "oidc")
	port := freePorts(t, 1)[0]
	p := start(t, "oidc-provider", installed(t, "node", "nodejs npm"), filepath.Join(dir, "server.mjs"), fmt.Sprint(port), publicKey)
	close(p.found)
	issuer = fmt.Sprintf("http://127.0.0.1:%d", port)
	p.answers(t, issuer+"/.well-known/openid-configuration", nil)
	return issuer
}

// npmInstall installs what the directory's package-lock.json pins, and returns where.
func npmInstall(t testing.TB, name string) (dir string) {
	t.Helper()
	npm := installed(t, "npm", "nodejs npm")
	digest := sha256.New()
	entries, err := packages.ReadDir(name)
	if err != nil {
		t.Fatal(err)
	}
	files := map[string][]byte{}
	for _, e := range entries {
		content, err := packages.ReadFile(name + "/" + e.Name())
		if err != nil {
			t.Fatal(err)
		}
		files[e.Name()] = content
		digest.Write(content)
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		t.Fatal(err)
	}
	dir = filepath.Join(cache, "tenon-realserver", name+"-"+hex.EncodeToString(digest.Sum(nil)[:8]))
	if _, err := os.Stat(filepath.Join(dir, "node_modules")); err == nil {
		return dir
	}
	if err := os.MkdirAll(filepath.Dir(dir), 0o755); err != nil {
		t.Fatal(err)
	}
	// Made beside its place and then moved there, so that tests of several packages may do it at once.
	made, err := os.MkdirTemp(filepath.Dir(dir), name)
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(made)
	for file, content := range files {
		write(t, made, file, string(content))
	}
	cmd := exec.Command(npm, "ci", "--no-audit", "--no-fund", "--ignore-scripts")
	cmd.Dir = made
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("npm ci of %s: %v\n%s", name, err, strings.TrimSpace(string(out)))
	}
	if err := os.Rename(made, dir); err != nil {
		if _, other := os.Stat(filepath.Join(dir, "node_modules")); other != nil {
			t.Fatal(err)
		}
	}
	return dir
}
