package token

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// Endpoints is where an authorization server takes requests.
type Endpoints struct {
	Token         string   `json:"token_endpoint"`
	Authorization string   `json:"authorization_endpoint"`
	Device        string   `json:"device_authorization_endpoint"`
	Issuer        string   `json:"issuer"`
	AuthMethods   []string `json:"token_endpoint_auth_methods_supported"`
}

// discover returns the endpoints of c: those that it names, and for the rest what the issuer's metadata says.
func (c *Config) discover(ctx context.Context, via http.RoundTripper) (Endpoints, error) {
	e := Endpoints{Token: c.TokenURL, Authorization: c.AuthorizationURL, Device: c.DeviceURL}
	complete := e.Token != "" && (c.Grant != AuthorizationCode || e.Authorization != "") && (c.Grant != DeviceCode || e.Device != "")
	if c.Issuer == "" || complete {
		return e, nil
	}
	found, err := metadata(ctx, via, c.Issuer)
	if err != nil {
		return e, err
	}
	e.Issuer, e.AuthMethods = found.Issuer, found.AuthMethods
	for _, x := range []struct {
		have  *string
		found string
		attr  string
		ours  bool // requested by us, not by a browser
	}{
		{&e.Token, found.Token, "token_url", true},
		{&e.Device, found.Device, "device_url", true},
		{&e.Authorization, found.Authorization, "authorization_url", false},
	} {
		if *x.have != "" || x.found == "" {
			continue
		}
		if x.ours && !sameHost(x.found, c.Issuer) {
			return e, &Error{Refused: true, Message: fmt.Sprintf(
				"%s says that its endpoint is %s, on a host that the plan does not name; write %s = %q to allow it", shown(c.Issuer), shown(x.found), x.attr, shown(x.found))}
		}
		*x.have = x.found
	}
	return e, nil
}

func sameHost(a, b string) bool {
	u, err := url.Parse(a)
	v, err2 := url.Parse(b)
	return err == nil && err2 == nil && u.Scheme == v.Scheme && strings.EqualFold(u.Host, v.Host)
}

// metadata reads the server's metadata, at each place where it may be (OpenID Connect Discovery §4, RFC 8414 §3).
func metadata(ctx context.Context, via http.RoundTripper, issuer string) (Endpoints, error) {
	var first error
	for _, at := range metadataURLs(issuer) {
		e, err := readMetadata(ctx, via, at)
		if err == nil && e.Token == "" {
			err = &Error{Message: shown(at) + " names no token endpoint", Refused: true}
		}
		if err == nil && !strings.Contains(issuer, "/.well-known/") && strings.TrimSuffix(e.Issuer, "/") != strings.TrimSuffix(issuer, "/") {
			err = &Error{Message: fmt.Sprintf("%s is the metadata of another issuer, %s", shown(at), shown(e.Issuer)), Refused: true}
		}
		if err == nil {
			return e, nil
		}
		if first == nil {
			first = err
		}
	}
	return Endpoints{}, first
}

func metadataURLs(issuer string) []string {
	u, err := url.Parse(issuer)
	if err != nil || strings.Contains(u.Path, "/.well-known/") {
		return []string{issuer}
	}
	path := strings.TrimSuffix(u.Path, "/")
	at := func(p string) string {
		c := *u
		c.Path = p
		return c.String()
	}
	out := []string{at(path + "/.well-known/openid-configuration"), at("/.well-known/oauth-authorization-server" + path)}
	return slices.Compact(out)
}

func readMetadata(ctx context.Context, via http.RoundTripper, at string) (Endpoints, error) {
	var e Endpoints
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, at, nil)
	if err != nil {
		return e, &Error{Message: "the issuer is not a URL", Refused: true}
	}
	req.Header.Set("Accept", "application/json")
	resp, err := client(via).Do(req)
	if err != nil {
		return e, &Error{Message: fmt.Sprintf("the metadata of the issuer, %s, cannot be read: %s", shown(at), reason(err))}
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return e, &Error{Message: fmt.Sprintf("the metadata of the issuer, %s, cannot be read: %s", shown(at), resp.Status), Refused: resp.StatusCode < 500}
	}
	if err := json.NewDecoder(io.LimitReader(resp.Body, 1<<20)).Decode(&e); err != nil {
		return e, &Error{Message: fmt.Sprintf("the metadata of the issuer, %s, is not JSON as it must be", shown(at)), Refused: true}
	}
	return e, nil
}

// reason is an error of net/http without the address.
func reason(err error) string {
	if u, ok := err.(*url.Error); ok {
		return u.Err.Error()
	}
	return err.Error()
}
