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

// ID tells one from another. It tells nothing secret.
func (t *TLS) ID() string { return t.id }

// Via returns what carries requests under t, which may be nil, to hosts that an author named: connections of their own
// for each TLS, shared by all that have the same.
func (c *Client) Via(t *TLS) http.RoundTripper { return c.via(t, c.base, "") }

// via derives what carries requests under t from what carries others.
func (c *Client) via(t *TLS, from http.RoundTripper, kind string) http.RoundTripper {
	if t == nil {
		return from
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	key := t.id + kind
	if via := c.secured[key]; via != nil {
		return via
	}
	base, ok := from.(*http.Transport)
	if !ok {
		base = NewBase()
	}
	via := base.Clone()
	via.TLSClientConfig = t.config.Clone()
	if c.secured == nil {
		c.secured = map[string]*http.Transport{}
	}
	c.secured[key] = via
	return via
}
