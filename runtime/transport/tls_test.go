package transport

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"
)

// pair makes a certificate for name that signs itself, and its key, in PEM.
func pair(t *testing.T, name string) (cert, key string) {
	t.Helper()
	k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	c := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name}, NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}, KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, c, c, &k.PublicKey, k)
	if err != nil {
		t.Fatal(err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(k)
	if err != nil {
		t.Fatal(err)
	}
	encode := func(kind string, b []byte) string {
		return string(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: b}))
	}
	return encode("CERTIFICATE", der), encode("PRIVATE KEY", private)
}

func TestMutualTLS(t *testing.T) {
	cert, key := pair(t, "tenon")
	clients := x509.NewCertPool()
	clients.AppendCertsFromPEM([]byte(cert))
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Write([]byte(r.TLS.PeerCertificates[0].Subject.CommonName))
	}))
	s.TLS = &tls.Config{ClientAuth: tls.RequireAndVerifyClientCert, ClientCAs: clients}
	s.StartTLS()
	defer s.Close()
	ca := string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: s.Certificate().Raw}))
	u, _ := url.Parse(s.URL)
	c := New(Options{})
	defer c.CloseIdle()
	other, otherKey := pair(t, "other")
	for _, tc := range []struct{ ca, cert, key, want string }{
		{ca, cert, key, "tenon"},
		{ca, "", "", "certificate"},
		{"", cert, key, "certificate"},
		{ca, other, otherKey, "tls"},
	} {
		r := to(u, "GET")
		var err error
		if r.TLS, err = ParseTLS(tc.ca, tc.cert, tc.key); err != nil {
			t.Fatal(err)
		}
		res, err := c.Do(context.Background(), r)
		switch {
		case tc.want == "tenon" && (err != nil || string(res.Body) != "tenon"):
			t.Errorf("got %+v, %v", res, err)
		case tc.want != "tenon" && (err == nil || !strings.Contains(err.Error(), tc.want)):
			t.Errorf("got %+v, %v; want an error about %s", res, err, tc.want)
		}
	}
	if len(c.secured) != 4 || c.Via(nil) != c.base {
		t.Errorf("%d transports", len(c.secured))
	}
	for want, parts := range map[string][3]string{
		"ca holds no certificate": {"x", "", ""}, "no pair": {"", cert, otherKey}, "cert and key": {"", cert, ""},
	} {
		if _, err := ParseTLS(parts[0], parts[1], parts[2]); err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "PRIVATE") {
			t.Errorf("got %v, want %q", err, want)
		}
	}
}
