package main

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/hex"
	"encoding/pem"
	"fmt"
	"io"
	"math/big"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"
)

// office is a server that takes nothing but what is signed in every way at once: by a client's certificate, a digest
// whose nonces are good twice, and an HMAC over the time, the request and its body.
type office struct {
	nonce int
	uses  int
	got   []string
}

func sum(parts ...string) string {
	h := sha256.Sum256([]byte(strings.Join(parts, ":")))
	return hex.EncodeToString(h[:])
}

var digestParam = regexp.MustCompile(`(\w+)=(?:"([^"]*)"|([^",\s]+))`)

func (o *office) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	p := map[string]string{}
	for _, m := range digestParam.FindAllStringSubmatch(r.Header.Get("Authorization"), -1) {
		p[m[1]] = m[2] + m[3]
	}
	nc, _ := strconv.ParseInt(p["nc"], 16, 64)
	want := sum(sum("tenon", "office", "a password"), p["nonce"], p["nc"], p["cnonce"], p["qop"], sum(r.Method, r.RequestURI))
	now := strconv.Itoa(o.nonce)
	if p["nonce"] != now || p["response"] != want || p["uri"] != r.RequestURI || int(nc) != o.uses+1 || o.uses == 2 {
		o.nonce, o.uses = o.nonce+1, 0
		w.Header().Set("WWW-Authenticate", fmt.Sprintf(`Digest realm="office", nonce="%d", qop="auth", algorithm=SHA-256, stale=%v`, o.nonce, p["response"] == want))
		w.WriteHeader(401)
		return
	}
	o.uses++
	mac := hmac.New(sha256.New, []byte("a signing key"))
	fmt.Fprintf(mac, "%s.%s.%s.%s", r.Header.Get("X-Time"), r.Method, r.RequestURI, body)
	at, err := strconv.ParseInt(r.Header.Get("X-Time"), 10, 64)
	if r.Header.Get("X-Signature") != "v1="+hex.EncodeToString(mac.Sum(nil)) || err != nil || time.Since(time.UnixMilli(at)).Abs() > time.Minute {
		w.WriteHeader(403)
		return
	}
	o.got = append(o.got, r.Method+" "+r.RequestURI+" "+r.TLS.PeerCertificates[0].Subject.CommonName+" "+string(body))
	w.Header().Set("Content-Type", "application/json")
	fmt.Fprint(w, `{"ok": true}`)
}

// certificate makes a certificate that signs itself, and its key, in PEM.
func certificate(t *testing.T, name string) (cert, key []byte) {
	t.Helper()
	k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	c := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name}, NotAfter: time.Now().Add(time.Hour), IsCA: true,
		BasicConstraintsValid: true, KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}}
	der, err := x509.CreateCertificate(rand.Reader, c, c, &k.PublicKey, k)
	if err != nil {
		t.Fatal(err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(k)
	if err != nil {
		t.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private})
}

// TestSeveralSchemesAtOnce runs against a server that wants a certificate, a digest and a signature of each request.
func TestSeveralSchemesAtOnce(t *testing.T) {
	cert, key := certificate(t, "tenon")
	o := &office{}
	s := httptest.NewUnstartedServer(o)
	clients := x509.NewCertPool()
	clients.AppendCertsFromPEM(cert)
	s.TLS = &tls.Config{ClientAuth: tls.RequireAndVerifyClientCert, ClientCAs: clients}
	s.StartTLS()
	defer s.Close()
	dir := t.TempDir()
	for name, text := range map[string]string{
		"ca.pem":   string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: s.Certificate().Raw})),
		"cert.pem": string(cert),
		"main.hcl": `api "office" {
  spec   = "office.yaml"
  server = "` + s.URL + `"

  auth "user" {
    username = "tenon"
    password = secret.password
  }
  auth "signature" {
    type      = "hmac"
    key       = secret.signing
    timestamp = "unix_ms"
    sign      = "${request.timestamp}.${request.method}.${request.target}.${request.body}"
    headers   = { "X-Time" = request.timestamp, "X-Signature" = "v1=${signature}" }
  }
  tls {
    ca   = "ca.pem"
    cert = "cert.pem"
    key  = secret.key
  }
}

secret "password" {
  env = "PASSWORD"
}

secret "signing" {
  env = "SIGNING"
}

secret "key" {
  env = "KEY"
}

integration "all" {
  for_each "n" {
    in = [1, 2, 3]
    step "note" {
      call   = office.addNote
      params = { n = n }
      body   = { text = "note ${n}" }
    }
    aggregate "noted" {
      count = step.note.body.ok
    }
  }
  output "noted" {
    value = for_each.n.noted
  }
}
`,
		"office.yaml": `openapi: 3.1.0
info: { title: Office, version: "1" }
components:
  securitySchemes:
    user: { type: http, scheme: digest }
    cert: { type: mutualTLS }
paths:
  /notes:
    post:
      operationId: addNote
      security: [{ user: [], cert: [] }]
      parameters: [{ name: n, in: query, schema: { type: integer } }]
      requestBody: { content: { application/json: { schema: { type: object, properties: { text: { type: string } } } } } }
      responses:
        "200": { description: ok, content: { application/json: { schema: { type: object, required: [ok], properties: { ok: { type: boolean } } } } } }
`,
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	secrets := map[string]string{"PASSWORD": "a password", "SIGNING": "a signing key", "KEY": string(key), "TENON_CACHE": t.TempDir()}
	var out bytes.Buffer
	e := testEnv(t, dir, &out, &out, "run", "all", "--trace", "trace.jsonl")
	e.LookupEnv = func(name string) (string, bool) { v, ok := secrets[name]; return v, ok }
	if status := run(t.Context(), e); status != 0 || !strings.Contains(out.String(), `"noted": 3`) {
		t.Fatalf("status %d\n%s", status, out.String())
	}
	want := `POST /notes?n=1 tenon {"text":"note 1"}` + "\n" + `POST /notes?n=2 tenon {"text":"note 2"}` + "\n" + `POST /notes?n=3 tenon {"text":"note 3"}`
	if got := strings.Join(o.got, "\n"); got != want {
		t.Errorf("the server took\n%s", got)
	}
	trace, err := os.ReadFile(filepath.Join(dir, "trace.jsonl"))
	if err != nil || strings.Contains(string(trace), "a password") || strings.Contains(string(trace), "a signing key") {
		t.Errorf("%v\n%s", err, trace)
	}
}
