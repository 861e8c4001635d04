package transport

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net/http"
)

// TLS is how the connections to an API are secured, beyond what is usual.
type TLS struct {
	id     string
	config *tls.Config
}

// ParseTLS reads what an API's tls block gives, each in PEM: certificates of authorities that are trusted
// in place of the system's, and a certificate with its key to identify this side with. "" stands for none.
// The error is a clause that names no value.
func ParseTLS(ca, cert, key string) (*TLS, error) {
	t := &TLS{id: Identify("tls", ca, cert, key), config: &tls.Config{MinVersion: tls.VersionTLS12}}
	if ca != "" {
		t.config.RootCAs = x509.NewCertPool()
		if !t.config.RootCAs.AppendCertsFromPEM([]byte(ca)) {
			return nil, errors.New("ca holds no certificate in PEM")
		}
	}
	if cert == "" && key == "" {
		return t, nil
	}
	pair, err := tls.X509KeyPair([]byte(cert), []byte(key))
	if err != nil {
		return nil, errors.New("cert and key are no pair in PEM: " + err.Error())
	}
	t.config.Certificates = []tls.Certificate{pair}
	return t, nil
}

// Via returns what carries requests under t, which may be nil: connections of their own for each TLS, shared by
// all that have the same.
func (c *Client) Via(t *TLS) http.RoundTripper {
	if t == nil {
		return c.base
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if via := c.secured[t.id]; via != nil {
		return via
	}
	base, ok := c.base.(*http.Transport)
	if !ok {
		base = NewBase()
	}
	via := base.Clone()
	via.TLSClientConfig = t.config.Clone()
	if c.secured == nil {
		c.secured = map[string]*http.Transport{}
	}
	c.secured[t.id] = via
	return via
}
