package check

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"tenon/spec/diag"
	"tenon/spec/expression"
	"tenon/spec/lang"
	"tenon/spec/model"
	"tenon/spec/openapi"
	"tenon/spec/plan"
	"tenon/spec/source"
	"tenon/spec/types"
)

// credentials resolves the auth blocks of an api.
func (b *builder) credentials(a *api) {
	a.schemes = map[string]*openapi.SecurityScheme{}
	if a.doc != nil {
		for _, s := range a.doc.SecuritySchemes() {
			a.schemes[s.Name] = s
		}
	}
	for _, m := range a.model.Auths {
		if auth := b.credential(a, m); auth != nil {
			a.plan.Auth[m.Name] = auth
		}
	}
}

func (b *builder) credential(a *api, m *model.Auth) *plan.Auth {
	auth := &plan.Auth{Scheme: m.Name, Type: m.Type.Value, In: m.In.Value, Name: m.Param.Value, Attrs: map[string]*plan.Expr{}, Range: m.Header}
	scheme := a.schemes[m.Name]
	switch {
	case m.Type.Set:
		if auth.Type == "api_key" && (auth.In == "" || auth.Name == "") {
			b.diags.Add(lang.AuthAttribute, m.OpenBrace, "An auth of type \"api_key\" needs in (header, query or cookie) and name.")
			return nil
		}
	case a.doc == nil:
		return nil
	case scheme == nil:
		b.unknownScheme(a, m)
		return nil
	default:
		auth.Type, auth.In, auth.Name = credentialType(scheme.Type), scheme.In, scheme.ParamName
		if auth.Type == "" {
			d := b.diags.Add(lang.AuthAttribute, m.NameRange, "Credentials of type %q cannot be sent.", scheme.Type)
			d.Explain("If one of the types that can be sent does the same, say so: type = \"bearer\", \"hmac\" or another.")
			d.Relate(b.locate(scheme.Origin), "declared here")
			return auth // configured, if not usable: nothing further is missing
		}
	}
	takes := lang.Auth(auth.Type)
	if auth.Type == "oauth2" {
		if m.Attr("token") != nil { // made elsewhere
			auth.Type, takes = "bearer", lang.Auth("bearer")
		} else if takes = b.grant(auth, m, scheme); takes == nil {
			b.loosely(m)
			return auth
		}
	}
	b.credentialParts(auth, m, scheme, takes)
	switch auth.Type {
	case "oauth2":
		b.endpoints(a, auth, m, scheme)
	case "hmac":
		b.signing(auth, m)
	case "mutual_tls":
		b.certificate(a, m.OpenBrace)
	}
	return auth
}

// credentialType says how a scheme's credential is sent; "" where it can't be.
func credentialType(scheme string) string {
	switch scheme {
	case "api_key", "basic", "bearer", "digest", "oauth2", "mutual_tls":
		return scheme
	case "openid":
		return "oauth2"
	}
	return ""
}

func (b *builder) unknownScheme(a *api, m *model.Auth) {
	names := keys(a.schemes)
	near := diag.Nearest(m.Name, names)
	if near == "" && len(names) == 1 {
		near = names[0]
	}
	d := b.diags.Add(lang.AuthUnknownScheme, m.NameRange, "The spec of api %q has no security scheme %q.", a.model.Name, m.Name)
	d.Suggest(near, quote(near))
	if near != "" {
		d.Relate(b.locate(a.schemes[near].Origin), "declared here")
	}
	switch {
	case len(names) > 0:
		d.Explain("It declares %s.", listed(names))
	default:
		d.Explain("It declares none. Say how the credential is sent: type = \"bearer\", \"basic\", or \"api_key\" with in and name.")
	}
	b.loosely(m)
}

// loosely looks at the attributes of an auth block that means nothing, so that the names in it are not unused.
func (b *builder) loosely(m *model.Auth) {
	for _, attr := range m.Attrs {
		b.check(b.tree(attr.Value), b.signed, expression.Want{SecretOK: true})
	}
}

// credentialParts types the attributes that hold the credential.
func (b *builder) credentialParts(auth *plan.Auth, m *model.Auth, scheme *openapi.SecurityScheme, takes *lang.AuthType) {
	allowed := slices.Concat(takes.Needs, takes.Takes)
	misspelt := map[string]bool{}
	refuse := func(name string, at source.Range) {
		d := b.diags.Add(lang.AuthAttribute, at, "%s takes %s, not %q.", capital(kindOf(auth)), listed(allowed), name)
		if len(allowed) == 0 {
			d.Message = fmt.Sprintf("%s takes nothing here, so not %q: the api's tls block has the certificate.", capital(kindOf(auth)), name)
		}
		if len(allowed) == 1 {
			d.Fix = &diag.Edit{Range: at, New: allowed[0]}
			misspelt[allowed[0]] = true
		}
		if near := diag.Nearest(name, allowed); near != "" {
			misspelt[near] = true
		}
		if scheme != nil {
			d.Relate(b.locate(scheme.Origin), "declared here")
		}
	}
	for _, l := range m.Literals {
		if !contains(allowed, l.Name) && l.Name != "grant" || l.Name == "grant" && auth.Type != "oauth2" {
			refuse(l.Name, l.NameRange)
		}
	}
	for _, attr := range m.Attrs {
		if !contains(allowed, attr.Name) {
			b.check(b.tree(attr.Value), b.signed, expression.Want{SecretOK: true})
			refuse(attr.Name, attr.NameRange)
			continue
		}
		if attr.Name == "sign" || attr.Name == "headers" || attr.Name == "query" {
			continue // see signing
		}
		what := fmt.Sprintf("%s of auth %q", attr.Name, m.Name)
		want := expression.Want{Type: types.AnyString, What: what, SecretOK: true}
		switch attr.Name {
		case "claims":
			want.Type = types.MapOf(types.Any)
		case "token_params":
			want.Type = types.MapOf(types.AnyString)
		}
		x := b.check(b.tree(attr.Value), b.settings, want)
		if x == nil {
			misspelt[attr.Name] = true
			continue
		}
		if !contains(lang.PublicAttrs, attr.Name) {
			b.literalCredential(x, attr.Value.Range, what, auth.Type == "api_key")
		}
		if lower := strings.ToLower(x.Source); attr.Name == "token" && strings.HasPrefix(lower, `"bearer `) {
			d := b.diags.Add(lang.AuthAttribute, attr.Value.Range, "The token of auth %q begins with %s, which is sent before it anyway.", m.Name, x.Source[1:7])
			d.Severity = diag.Warning
			d.Explain("Give the token alone.")
		}
		auth.Attrs[attr.Name] = x
	}
	b.lacks(auth, m, takes, misspelt)
}

// lacks reports what an auth block needs and has not.
func (b *builder) lacks(auth *plan.Auth, m *model.Auth, takes *lang.AuthType, misspelt map[string]bool) {
	for _, name := range takes.Needs {
		if m.Attr(name) == nil && !misspelt[name] {
			d := b.diags.Add(lang.AuthAttribute, m.OpenBrace, "auth %q needs %s.", m.Name, name)
			switch {
			case name == "sign":
				d.Explain("It is what the signature is over, such as sign = \"${request.timestamp}.${request.body}\".")
			case contains(lang.PublicAttrs, name):
				d.Explain("Write %s = \"…\".", name)
			default:
				d.Explain("Write %s = secret.NAME, with a secret block that says where it comes from.", name)
			}
		}
	}
}

// kindOf names the type of a credential for messages.
func kindOf(auth *plan.Auth) string {
	if auth.Grant != "" {
		return fmt.Sprintf("a credential of type \"oauth2\" with the grant %q", auth.Grant)
	}
	return fmt.Sprintf("a credential of type %q", auth.Type)
}

// version matches texts that are no credential even where a spec declares them as one.
var version = regexp.MustCompile(`^v?[0-9]+([.-][0-9]+)*(-?(alpha|beta|rc|preview)[.-]?[0-9]*)?$`)

// address matches email addresses: they say who asks, and some APIs take them beside a key.
var address = regexp.MustCompile(`^[^@\s]+@[^@\s]+\.[^@\s]+$`)

// literalCredential warns about a credential that is written into the project.
//
// asKey says that it is an API key or a header, which some documents use for a version, a date or an
// address too; a password or token is none of those.
func (b *builder) literalCredential(x *expression.Expr, at source.Range, what string, asKey bool) {
	v, ok := x.Const()
	text, isText := v.(string)
	if !ok || !isText || text == "" || asKey && (version.MatchString(text) && len(text) <= 20 || address.MatchString(text)) {
		return
	}
	b.diags.Add(lang.LiteralCredential, at, "The %s is written into the project.", what).
		Explain("Whoever can read the files can use it, and it cannot be changed without changing them. Define a secret and refer to it: secret.NAME.")
}

// security chooses the credentials of an operation: of the alternatives that the spec lists, the first
// for which all are configured and allow enough. What the spec says nothing about gets all that are configured.
func (b *builder) security(op *operation, at source.Range) []string {
	a := op.api
	api := b.planned(a)
	if op.Security == nil {
		return keys(api.Auth)
	}
	var own []string // declared by the author, not the spec: sent with everything
	for _, m := range a.model.Auths {
		if m.Type.Set && api.Auth[m.Name] != nil && a.schemes[m.Name] == nil {
			own = append(own, m.Name)
		}
	}
	public := len(op.Security) == 0
	var chosen openapi.Requirement
	for _, alternative := range op.Security {
		switch {
		case len(alternative) == 0:
			public = true
		case !b.satisfied(alternative, a):
		case chosen == nil || len(b.notGranted(a, chosen)) > 0 && len(b.notGranted(a, alternative)) == 0:
			chosen = alternative
		}
	}
	if chosen == nil {
		if !public && len(own) == 0 {
			b.authMissing(op, at)
		}
		return own
	}
	b.scopes(op, chosen, at)
	for _, s := range chosen {
		own = append(own, s.Scheme)
	}
	slices.Sort(own)
	return slices.Compact(own)
}

// satisfied reports whether all schemes of an alternative are configured. Mutual TLS is, where the api's tls
// block has a certificate.
func (b *builder) satisfied(alternative openapi.Requirement, a *api) bool {
	for _, s := range alternative {
		if a.plan.Auth[s.Scheme] != nil {
			continue
		}
		scheme := a.schemes[s.Scheme]
		if scheme == nil || scheme.Type != "mutual_tls" || a.plan.TLS == nil || a.plan.TLS.Cert == nil {
			return false
		}
		a.plan.Auth[s.Scheme] = &plan.Auth{Scheme: s.Scheme, Type: "mutual_tls", Attrs: map[string]*plan.Expr{}, Range: a.plan.TLS.Range}
	}
	return true
}

// authMissing reports, once for an api and what is missing, that calls would be refused.
func (b *builder) authMissing(op *operation, at source.Range) {
	a := op.api
	var alternatives []string
	for _, alternative := range op.Security {
		var names []string
		for _, s := range alternative {
			names = append(names, quote(s.Scheme))
		}
		alternatives = append(alternatives, strings.Join(names, " with "))
	}
	need := strings.Join(alternatives, ", or ")
	for _, m := range a.model.Auths {
		if a.plan.Auth[m.Name] == nil && !m.Type.Set {
			return // an auth block that is wrong has been reported
		}
	}
	if d := a.denied[need]; d != nil {
		d.Relate(at, "%s requires it", op.name())
		return
	}
	d := b.diags.Add(lang.AuthMissing, a.model.NameRange, "Api %q has no credentials for %s: its spec requires %s.", a.model.Name, op.name(), need)
	if add := a.lacking(op.Security); len(add) > 0 {
		d.Explain("Add %s to the api.", listed(add))
	}
	d.Relate(at, "%s requires it", op.name())
	d.Relate(b.locate(op.Origin), "declared here")
	a.denied[need] = d
}

// lacking says which auth blocks would satisfy the alternative that lacks the fewest; none where one
// of them could not be sent.
func (a *api) lacking(alternatives []openapi.Requirement) []string {
	var best []string
	for _, alternative := range alternatives {
		var add []string
		for _, s := range alternative {
			if a.plan.Auth[s.Scheme] != nil {
				continue
			}
			scheme := a.schemes[s.Scheme]
			if scheme == nil || credentialType(scheme.Type) == "" {
				add = nil
				break
			}
			add = append(add, authBlock(scheme))
		}
		if len(add) > 0 && (best == nil || len(add) < len(best)) {
			best = add
		}
	}
	return best
}

// authBlock writes the auth block for a scheme.
func authBlock(scheme *openapi.SecurityScheme) string {
	kind := credentialType(scheme.Type)
	attrs := []string{}
	switch kind {
	case "mutual_tls":
		return "tls { cert = \"client.pem\", key = secret.NAME }"
	case "oauth2":
		flows := grantsOf(scheme)
		if len(flows) == 0 {
			kind = "bearer"
			break
		}
		kind = flows[0]
		if len(flows) > 1 || scheme.Type == "openid" {
			attrs = append(attrs, fmt.Sprintf("grant = %q", kind))
		}
		attrs = append(attrs, "client_id = \"…\"", "client_secret = secret.NAME")
		return fmt.Sprintf("auth %q { %s }", scheme.Name, strings.Join(attrs, ", "))
	}
	for _, name := range lang.Auth(kind).Needs {
		attrs = append(attrs, name+" = secret.NAME")
	}
	return fmt.Sprintf("auth %q { %s }", scheme.Name, strings.Join(attrs, ", "))
}
