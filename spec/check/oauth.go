package check

import (
	"net/url"
	"slices"
	"strings"

	"tenon/spec/diag"
	"tenon/spec/expression"
	"tenon/spec/lang"
	"tenon/spec/model"
	"tenon/spec/openapi"
	"tenon/spec/plan"
	"tenon/spec/source"
)

// grantsOf lists the grants that a scheme's flows can be used with. OpenID Connect leaves that to the server.
func grantsOf(scheme *openapi.SecurityScheme) []string {
	if scheme == nil {
		return nil
	}
	if scheme.Type == "openid" {
		return []string{"client_credentials", "authorization_code", "device_code"}
	}
	var out []string
	for _, f := range scheme.Flows {
		if lang.Auth(f.Grant) != nil && !slices.Contains(out, f.Grant) {
			out = append(out, f.Grant)
		}
	}
	return out
}

// flowOf returns the scheme's flow of a grant, or nil.
func flowOf(scheme *openapi.SecurityScheme, grant string) *openapi.Flow {
	if scheme == nil {
		return nil
	}
	for i, f := range scheme.Flows {
		if f.Grant == grant {
			return &scheme.Flows[i]
		}
	}
	return nil
}

// grant finds out how tokens are got: what the author says, or what follows from the rest. nil if it cannot be told.
func (b *builder) grant(auth *plan.Auth, m *model.Auth, scheme *openapi.SecurityScheme) *lang.AuthType {
	declared := grantsOf(scheme)
	switch {
	case m.Grant.Set:
		auth.Grant = m.Grant.Value
	case m.Attr("refresh_token") != nil:
		auth.Grant = "refresh_token"
	case m.Attr("claims") != nil:
		auth.Grant = "jwt_bearer"
	case scheme != nil && scheme.Type == "oauth2" && len(declared) == 1:
		auth.Grant = declared[0]
	default:
		if m.Literal("grant") != nil {
			return nil // reported
		}
		d := b.diags.Add(lang.AuthAttribute, m.OpenBrace, "auth %q needs grant: how its token is got.", m.Name)
		switch {
		case scheme != nil && scheme.Type == "oauth2" && len(declared) > 1:
			d.Explain("The spec declares %s. A token made elsewhere goes into token, without a grant.", listed(declared))
		case scheme != nil && scheme.Type == "oauth2":
			d.Explain("The spec declares no flow that can be used here. If the server takes another grant, name it: %s. A token made elsewhere goes into token, without a grant.", listed(lang.GrantNames()))
		default:
			d.Explain("It is one of %s. A token made elsewhere goes into token, without a grant.", listed(lang.GrantNames()))
		}
		if scheme != nil {
			d.Relate(b.locate(scheme.Origin), "declared here")
		}
		return nil
	}
	b.undeclaredGrant(m, scheme, declared)
	return lang.Auth(auth.Grant)
}

// undeclaredGrant warns of a grant that documents can declare, where this one declares others.
func (b *builder) undeclaredGrant(m *model.Auth, scheme *openapi.SecurityScheme, declared []string) {
	grant := m.Grant.Value
	if !m.Grant.Set || scheme == nil || scheme.Type != "oauth2" || contains(declared, grant) || grant != "client_credentials" && grant != "authorization_code" {
		return
	}
	if m.Attr("token_url") != nil || m.Attr("issuer") != nil {
		return // the author knows of another server
	}
	d := b.diags.Add(lang.AuthAttribute, m.Grant.Range, "The spec declares no flow of the grant %q for %q.", grant, m.Name)
	d.Severity = diag.Warning
	if len(declared) > 0 {
		d.Explain("It declares %s. If the server takes this grant all the same, say where: token_url = \"https://…\".", listed(declared))
	}
	if len(declared) == 1 {
		d.Suggest(declared[0], quote(declared[0]))
	}
	d.Relate(b.locate(scheme.Origin), "declared here")
}

// endpoints adds where the authorization server is, as far as the author leaves that to the spec, and what is asked of it.
func (b *builder) endpoints(a *api, auth *plan.Auth, m *model.Auth, scheme *openapi.SecurityScheme) {
	auth.ClientAuth, auth.Algorithm = m.ClientAuth.Value, m.Algorithm.Value
	for _, name := range []string{"token_url", "authorization_url", "device_url", "issuer"} {
		if x := auth.Attrs[name]; x != nil {
			b.constantURL(x, name, m)
		}
	}
	if auth.Attrs["issuer"] == nil && scheme != nil && scheme.Type == "openid" && scheme.OpenIDURL != "" {
		auth.Attrs["issuer"] = expression.Constant(scheme.OpenIDURL, m.OpenBrace)
	}
	for _, f := range flowsFor(scheme, auth.Grant) {
		token := f.TokenURL
		if auth.Grant == "refresh_token" && f.RefreshURL != "" {
			token = f.RefreshURL
		}
		b.fillURL(a, auth, m, "token_url", token)
		if auth.Grant == "authorization_code" && f.Grant == "authorization_code" {
			b.fillURL(a, auth, m, "authorization_url", f.AuthorizationURL)
		}
		if auth.Grant == "device_code" && f.Grant == "device_code" {
			b.fillURL(a, auth, m, "device_url", f.AuthorizationURL)
		}
	}
	b.needURLs(auth, m, scheme)
	b.clientProof(auth, m)
	for _, s := range m.Scopes {
		auth.Scopes = append(auth.Scopes, s.Value)
	}
	b.unknownScopes(m, scheme, auth.Grant)
}

// flowsFor returns the scheme's flows, those of the grant first: they share the server.
func flowsFor(scheme *openapi.SecurityScheme, grant string) []openapi.Flow {
	if scheme == nil {
		return nil
	}
	var out, others []openapi.Flow
	for _, f := range scheme.Flows {
		if f.Grant == grant {
			out = append(out, f)
		} else {
			others = append(others, f)
		}
	}
	return append(out, others...)
}

// fillURL takes a URL from the spec, where the author gives none. One without a host is relative to the server.
func (b *builder) fillURL(a *api, auth *plan.Auth, m *model.Auth, attr, text string) {
	if text == "" || auth.Attrs[attr] != nil || m.Attr(attr) != nil || auth.Attrs["issuer"] != nil {
		return
	}
	u, err := url.Parse(text)
	if err != nil {
		return
	}
	if u.Host == "" {
		if a.plan.Server == nil {
			return
		}
		base, _ := a.plan.Server.Const()
		server, isText := base.(string)
		root, err := url.Parse(server)
		if !isText || err != nil {
			return
		}
		text = root.ResolveReference(u).String()
	}
	auth.Attrs[attr] = expression.Constant(text, m.OpenBrace)
}

// needURLs reports which endpoints are not known.
func (b *builder) needURLs(auth *plan.Auth, m *model.Auth, scheme *openapi.SecurityScheme) {
	if auth.Attrs["issuer"] != nil || m.Attr("issuer") != nil {
		return
	}
	need := []string{"token_url"}
	switch auth.Grant {
	case "authorization_code":
		need = append(need, "authorization_url")
	case "device_code":
		need = append(need, "device_url")
	}
	for _, name := range need {
		if auth.Attrs[name] != nil || m.Attr(name) != nil {
			continue
		}
		d := b.diags.Add(lang.AuthAttribute, m.OpenBrace, "auth %q needs %s: the spec does not say where that is.", m.Name, name)
		if scheme == nil {
			d.Message = "auth " + quote(m.Name) + " needs " + name + "."
		} else {
			d.Relate(b.locate(scheme.Origin), "declared here")
		}
		d.Explain("Write %s = \"https://…\", or issuer = \"https://…\" for a server that has its metadata there.", name)
	}
}

// clientProof reports what does not go together in how the client proves itself.
func (b *builder) clientProof(auth *plan.Auth, m *model.Auth) {
	need := ""
	switch auth.ClientAuth {
	case "basic", "body":
		need = "client_secret"
	case "private_key_jwt":
		need = "key"
	case "":
		if auth.Grant == "client_credentials" {
			need = "client_secret"
		}
	}
	if need == "" || m.Attr(need) != nil {
		return
	}
	d := b.diags.Add(lang.AuthAttribute, m.OpenBrace, "auth %q needs %s, by which the client proves itself.", m.Name, need)
	if auth.ClientAuth == "" {
		d.Explain("Write client_secret = secret.NAME. A client that proves itself otherwise says so: client_auth = \"private_key_jwt\", or \"none\".")
	} else {
		d.Explain("Write %s = secret.NAME, or another client_auth.", need)
		d.Relate(m.Literal("client_auth").Range, "asked for here")
	}
}

// constantURL checks an endpoint that is known now. It is where the client's secret goes.
func (b *builder) constantURL(x *expression.Expr, name string, m *model.Auth) {
	v, ok := x.Const()
	text, isText := v.(string)
	if !ok || !isText {
		return
	}
	var at source.Range = x.Range
	u, err := url.Parse(text)
	switch {
	case err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "":
		b.diags.Add(lang.AttributeValue, at, "%s of auth %q must be an absolute URL such as \"https://login.example.com/%s\".", name, m.Name, strings.TrimSuffix(name, "_url"))
	case u.User != nil:
		b.diags.Add(lang.LiteralCredential, at, "%s of auth %q has a user and password in its URL.", name, m.Name).
			Explain("They would show wherever the URL does. client_id and client_secret say who asks.")
	case u.Scheme == "http" && !isLocal(u.Hostname()):
		d := b.diags.Add(lang.PlaintextHTTP, at, "What is sent to %s is not encrypted: %s of auth %q is an http:// URL.", u.Host, name, m.Name).
			Explain("Everyone on the way can read the client's secret and the token. Use https://.")
		if isPrivate(u.Hostname()) {
			d.Severity = diag.Note
		}
	}
}
