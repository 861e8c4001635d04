package view

import (
	"fmt"
	"slices"
	"strings"

	"tenon/spec/plan"
)

// auth is one credential: how it travels, and where its parts come from.
func (v *planView) auth(a *plan.Auth) string {
	for _, name := range []string{"token_url", "issuer", "device_url", "authorization_url"} {
		if x := a.Attrs[name]; x != nil {
			v.server(x) // its host is one of the plan's
		}
	}
	switch a.Type {
	case "oauth2":
		return clean(fmt.Sprintf("%s: %s", a.Scheme, v.oauth(a)))
	case "hmac":
		var fields []string
		for _, f := range a.Signing.Fields {
			fields = append(fields, f.In+" "+f.Name)
		}
		return clean(fmt.Sprintf("%s: hmac %s of %s in %s, key = %s", a.Scheme, a.Signing.Algorithm, oneLine(a.Signing.Text.Source, 60), strings.Join(fields, ", "), attr(a, "key")))
	case "mutual_tls":
		return clean(a.Scheme + ": the certificate of tls")
	}
	where := strings.ReplaceAll(a.Type, "_", " ")
	if a.In != "" {
		where = a.In + " " + a.Name
	}
	var from []string
	for _, name := range sortedKeys(a.Attrs) {
		from = append(from, attr(a, name))
	}
	return clean(fmt.Sprintf("%s: %s = %s", a.Scheme, where, strings.Join(from, ", ")))
}

// oauth tells how a token is got, for whom and for what.
func (v *planView) oauth(a *plan.Auth) string {
	text := "oauth2 " + strings.ReplaceAll(a.Grant, "_", " ")
	if a.Grant == "authorization_code" || a.Grant == "device_code" {
		text += " (tenon login)"
	}
	var from []string
	for _, name := range []string{"client_id", "client_secret", "refresh_token", "key"} {
		if a.Attrs[name] != nil {
			from = append(from, attr(a, name))
		}
	}
	if len(from) > 0 {
		text += " = " + strings.Join(from, ", ")
	}
	for _, name := range []string{"token_url", "issuer"} {
		if x := a.Attrs[name]; x != nil {
			text += ", token from " + v.server(x)
			break
		}
	}
	if len(a.Scopes) > 0 {
		scopes := slices.Clone(a.Scopes)
		if more := len(scopes) - 8; more > 1 {
			scopes = append(scopes[:8], fmt.Sprintf("and %d more", more))
		}
		text += ", scopes " + strings.Join(scopes, " ")
	}
	return text
}

func attr(a *plan.Auth, name string) string {
	if a.Attrs[name] == nil {
		return ""
	}
	return oneLine(a.Attrs[name].Source, 60)
}

// tls is what is unusual about the connections to an API.
func tls(t *plan.TLS) string {
	var parts []string
	if t.CA != nil {
		parts = append(parts, "trusts its own authorities only")
	}
	if t.Cert != nil {
		parts = append(parts, "shows a client certificate")
	}
	return "tls: " + strings.Join(parts, ", ")
}
