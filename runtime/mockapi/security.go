package mockapi

import (
	"net/http"
	"slices"
	"strings"

	"tenon/spec/openapi"
)

// unauthorized gives the answer to a request that carries no credential of a kind that the operation
// asks for; nil if it carries one. Any value will do: the mock cannot tell a right one from a wrong
// one.
func (c *call) unauthorized() *answer {
	if len(c.op.Security) == 0 {
		return nil
	}
	var wanted []string
	for _, alternative := range c.op.Security {
		missing := c.lacking(alternative)
		if len(missing) == 0 {
			return nil
		}
		wanted = append(wanted, strings.Join(missing, " with "))
	}
	slices.Sort(wanted)
	a := refuse(http.StatusUnauthorized, c.op.Name().String()+" wants a credential: "+listed(slices.Compact(wanted), "or"))
	a.header.Set("Www-Authenticate", c.challenge())
	return a
}

// challenge asks for a digest where one is wanted, since clients send none unasked.
func (c *call) challenge() string {
	for _, alternative := range c.op.Security {
		for _, use := range alternative {
			if s := c.schemes[use.Scheme]; s != nil && s.Type == "digest" {
				return `Digest realm="mock", nonce="mock", qop="auth", algorithm=SHA-256`
			}
		}
	}
	return "Bearer"
}

// lacking says what the request lacks of one alternative.
func (c *call) lacking(alternative openapi.Requirement) []string {
	var out []string
	for _, use := range alternative {
		scheme := c.schemes[use.Scheme]
		if scheme == nil {
			continue // the document does not say what it is
		}
		if where := c.carries(scheme); where != "" {
			out = append(out, use.Scheme+" ("+where+")")
		}
	}
	return out
}

// carries reports "" if the request has a credential of the scheme, else where it should stand.
func (c *call) carries(s *openapi.SecurityScheme) string {
	switch s.Type {
	case "api_key":
		if c.hasKey(s) {
			return ""
		}
		return s.In + " " + s.ParamName
	case "basic":
		return c.authorization("Basic ")
	case "bearer", "oauth2", "openid":
		return c.authorization("Bearer ")
	case "digest":
		return c.authorization("Digest ")
	case "mutual_tls", "":
		return ""
	}
	return c.authorization("")
}

func (c *call) hasKey(s *openapi.SecurityScheme) bool {
	switch s.In {
	case "header":
		return c.r.Header.Get(s.ParamName) != ""
	case "query":
		return c.r.URL.Query().Get(s.ParamName) != ""
	case "cookie":
		_, err := c.r.Cookie(s.ParamName)
		return err == nil
	}
	return true
}

// authorization reports "" if the Authorization header begins with the scheme and says more (RFC 9110
// §11.6.2).
func (c *call) authorization(scheme string) string {
	h := c.r.Header.Get("Authorization")
	if len(h) > len(scheme) && strings.EqualFold(h[:len(scheme)], scheme) {
		return ""
	}
	return strings.TrimSpace("header Authorization: " + scheme + "…")
}
