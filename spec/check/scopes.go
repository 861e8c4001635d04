package check

import (
	"slices"

	"tenon/spec/diag"
	"tenon/spec/lang"
	"tenon/spec/model"
	"tenon/spec/openapi"
	"tenon/spec/source"
)

// everyServer are scopes of OpenID Connect, which documents need not declare.
var everyServer = []string{"openid", "offline_access", "profile", "email", "address", "phone"}

// unknownScopes warns of scopes that the scheme's flows do not have. A document that lists none says nothing.
func (b *builder) unknownScopes(m *model.Auth, scheme *openapi.SecurityScheme, grant string) {
	if scheme == nil {
		return
	}
	known := map[string]string{}
	if f := flowOf(scheme, grant); f != nil {
		known = f.Scopes
	} else {
		for _, f := range scheme.Flows {
			for name, about := range f.Scopes {
				known[name] = about
			}
		}
	}
	if len(known) == 0 {
		return
	}
	for _, s := range m.Scopes {
		if _, ok := known[s.Value]; ok || slices.Contains(everyServer, s.Value) {
			continue
		}
		near := diag.Nearest(s.Value, keys(known))
		d := b.diags.Add(lang.AuthScope, s.Range, "The spec knows no scope %q for %q.", s.Value, m.Name)
		d.Suggest(near, quote(near))
		if near == "" && len(known) <= 12 {
			d.Explain("It knows %s.", listed(keys(known)))
		}
		d.Relate(b.locate(scheme.Origin), "declared here")
	}
}

// asks reports whether a scheme's scopes are asked for by this project: not those of a token made elsewhere.
func (a *api) asks(scheme string) bool {
	auth := a.plan.Auth[scheme]
	return auth != nil && auth.Type == "oauth2"
}

// author returns the auth block of a scheme.
func (a *api) author(scheme string) *model.Auth {
	for _, m := range a.model.Auths {
		if m.Name == scheme {
			return m
		}
	}
	return nil
}

// notGranted lists the scopes that a requirement asks for and the author does not.
func (b *builder) notGranted(a *api, r openapi.Requirement) []string {
	var out []string
	for _, s := range r {
		m := a.author(s.Scheme)
		if !a.asks(s.Scheme) || m == nil || m.Literal("scopes") == nil {
			continue
		}
		for _, scope := range s.Scopes {
			if !slices.ContainsFunc(m.Scopes, func(l model.Lit[string]) bool { return l.Value == scope }) {
				out = append(out, scope)
			}
		}
	}
	return out
}

// scopes sees to it that the token allows what an operation needs: where the author lists scopes, they must be
// among them; else they are asked for.
func (b *builder) scopes(op *operation, chosen openapi.Requirement, at source.Range) {
	a := op.api
	for _, s := range chosen {
		if !a.asks(s.Scheme) {
			continue
		}
		m := a.author(s.Scheme)
		if m.Literal("scopes") == nil {
			auth := a.plan.Auth[s.Scheme]
			for _, scope := range s.Scopes {
				if i, found := slices.BinarySearch(auth.Scopes, scope); !found {
					auth.Scopes = slices.Insert(auth.Scopes, i, scope)
				}
			}
			continue
		}
		if missing := b.notGranted(a, openapi.Requirement{s}); len(missing) > 0 {
			b.scopeMissing(op, m, missing, at)
		}
	}
}

// scopeMissing warns, once for an auth block and what is missing, that calls may be refused. It is no error: some
// servers have scopes that include others, and documents cannot say so.
func (b *builder) scopeMissing(op *operation, m *model.Auth, missing []string, at source.Range) {
	a := op.api
	key := m.Name + "\x00" + listed(missing)
	if d := a.denied[key]; d != nil {
		d.Relate(at, "%s requires it", op.name())
		return
	}
	word := "the scope"
	if len(missing) > 1 {
		word = "the scopes"
	}
	var names []string
	for _, name := range missing {
		names = append(names, quote(name))
	}
	list := m.Literal("scopes")
	d := b.diags.Add(lang.AuthScope, list.Range, "%s requires %s %s, which scopes of auth %q does not list.", op.name(), word, listed(names), m.Name)
	d.Explain("Add it. Without scopes, those that the called operations require are asked for.")
	d.Relate(at, "%s requires it", op.name())
	d.Relate(b.locate(op.Origin), "declared here")
	a.denied[key] = d
}
