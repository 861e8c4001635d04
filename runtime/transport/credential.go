package transport

import (
	"encoding/base64"
	"net/http"
	"net/url"
	"strings"

	"tenon/runtime/secret"
)

// Credential is what one security scheme adds to a request.
type Credential struct {
	Type     string // api_key, basic, bearer
	In       string // of an api_key: header, query, cookie
	Name     string // of an api_key
	Value    secret.Value
	Username secret.Value
	Password secret.Value
}

// wire returns the place and the text that travels there.
func (c *Credential) wire() (in, name, text string) {
	switch c.Type {
	case "basic":
		both := c.Username.Reveal() + ":" + c.Password.Reveal()
		return "header", "Authorization", "Basic " + base64.StdEncoding.EncodeToString([]byte(both))
	case "bearer":
		return "header", "Authorization", "Bearer " + c.Value.Reveal()
	}
	return c.In, c.Name, c.Value.Reveal()
}

// Register makes r know the credential in the form in which it travels.
func (c *Credential) Register(r *secret.Redactor) {
	_, _, text := c.wire()
	r.Add(text)
	if _, token, found := strings.Cut(text, " "); found && c.Type != "api_key" {
		r.Add(token)
	}
}

// Apply writes the credentials into h, and returns u with those that travel in the query. A query
// parameter of the same name that u already has, as in a next-page URL made by the server, is replaced.
func Apply(cs []*Credential, h http.Header, u *url.URL) *url.URL {
	return place(cs, h, u, func(text string) string { return text })
}

// Hidden does as Apply, with "(secret)" where the credential would stand.
func Hidden(cs []*Credential, h http.Header, u *url.URL) *url.URL {
	return place(cs, h, u, func(text string) string {
		if kind, _, ok := strings.Cut(text, " "); ok && (kind == "Basic" || kind == "Bearer") {
			return kind + " " + secret.Value{}.String()
		}
		return secret.Value{}.String()
	})
}

func place(cs []*Credential, h http.Header, u *url.URL, show func(string) string) *url.URL {
	for _, c := range cs {
		in, name, text := c.wire()
		switch text = show(text); in {
		case "header":
			h.Set(name, text)
		case "cookie":
			addCookie(h, name+"="+text)
		case "query":
			u = withQuery(u, name, text)
		}
	}
	return u
}

func addCookie(h http.Header, pair string) {
	if old := h.Get("Cookie"); old != "" {
		pair = old + "; " + pair
	}
	h.Set("Cookie", pair)
}

// withQuery leaves the rest of the query as it was written: its order and escapes may matter.
func withQuery(u *url.URL, name, text string) *url.URL {
	c := *u
	pair := url.QueryEscape(name) + "=" + url.QueryEscape(text)
	var kept []string
	for _, part := range strings.Split(u.RawQuery, "&") {
		key, _, _ := strings.Cut(part, "=")
		if k, err := url.QueryUnescape(key); part != "" && (err != nil || k != name) {
			kept = append(kept, part)
		}
	}
	c.RawQuery = strings.Join(append(kept, pair), "&")
	return &c
}
