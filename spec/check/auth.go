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

// credentialAttrs are the attributes of an auth block by type.
var credentialAttrs = map[string][]string{
	"api_key": {"value"},
	"basic":   {"username", "password"},
	"bearer":  {"token"},
}

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
			d := b.diags.Add(lang.AuthAttribute, m.NameRange, "Credentials of type %q cannot be sent yet.", scheme.Type)
			d.Relate(b.locate(scheme.Origin), "declared here")
			return auth // configured, if not usable: nothing further is missing
		}
	}
	b.credentialParts(auth, m, scheme)
	return auth
}

// credentialType says how a scheme's credential is sent; "" where it can't be. A token made elsewhere
// serves OAuth 2 and OpenID Connect.
func credentialType(scheme string) string {
	switch scheme {
	case "api_key", "basic", "bearer":
		return scheme
	case "oauth2", "openid":
		return "bearer"
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
	for _, attr := range m.Attrs { // they are looked at all the same, so that their names are not unused
		b.check(b.tree(attr.Value), b.settings, expression.Want{SecretOK: true})
	}
}

// credentialParts types the attributes that hold the credential.
func (b *builder) credentialParts(auth *plan.Auth, m *model.Auth, scheme *openapi.SecurityScheme) {
	need := credentialAttrs[auth.Type]
	misspelt := map[string]bool{}
	for _, attr := range m.Attrs {
		what := fmt.Sprintf("%s of auth %q", attr.Name, m.Name)
		x := b.check(b.tree(attr.Value), b.settings, expression.Want{Type: types.AnyString, What: what, SecretOK: true})
		if !contains(need, attr.Name) {
			d := b.diags.Add(lang.AuthAttribute, attr.NameRange, "A credential of type %q takes %s, not %q.", auth.Type, listed(need), attr.Name)
			if len(need) == 1 {
				d.Fix = &diag.Edit{Range: attr.NameRange, New: need[0]}
				misspelt[need[0]] = true
			}
			if near := diag.Nearest(attr.Name, need); near != "" {
				misspelt[near] = true
			}
			if scheme != nil {
				d.Relate(b.locate(scheme.Origin), "declared here")
			}
			continue
		}
		if x == nil {
			misspelt[attr.Name] = true
			continue
		}
		if attr.Name != "username" {
			b.literalCredential(x, attr.Value.Range, what, auth.Type == "api_key")
		}
		auth.Attrs[attr.Name] = x
	}
	for _, name := range need {
		if auth.Attrs[name] == nil && !misspelt[name] {
			b.diags.Add(lang.AuthAttribute, m.OpenBrace, "auth %q needs %s.", m.Name, name).
				Explain("Write %s = secret.NAME, with a secret block that says where it comes from.", name)
		}
	}
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
// for which all are configured. What the spec says nothing about gets all that are configured.
func (b *builder) security(op *operation, at source.Range) []string {
	a := op.api
	api := b.planned(a)
	configured := keys(api.Auth)
	if op.Security == nil {
		return configured
	}
	var explicit []string // declared by the author, not the spec: sent with everything
	for _, m := range a.model.Auths {
		if m.Type.Set && api.Auth[m.Name] != nil {
			explicit = append(explicit, m.Name)
		}
	}
	public := len(op.Security) == 0
	for _, alternative := range op.Security {
		if len(alternative) == 0 {
			public = true
			continue
		}
		if names, ok := satisfied(alternative, api); ok {
			return names
		}
	}
	if !public && len(explicit) == 0 {
		b.authMissing(op, at)
	}
	return explicit
}

func satisfied(alternative openapi.Requirement, api *plan.API) ([]string, bool) {
	var names []string
	for _, s := range alternative {
		if api.Auth[s.Scheme] == nil {
			return nil, false
		}
		names = append(names, s.Scheme)
	}
	slices.Sort(names)
	return slices.Compact(names), true
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
			var attrs []string
			for _, name := range credentialAttrs[credentialType(scheme.Type)] {
				attrs = append(attrs, name+" = secret.NAME")
			}
			add = append(add, fmt.Sprintf("auth %q { %s }", s.Scheme, strings.Join(attrs, ", ")))
		}
		if len(add) > 0 && (best == nil || len(add) < len(best)) {
			best = add
		}
	}
	return best
}
