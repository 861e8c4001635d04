package check

import (
	"fmt"
	"slices"
	"strings"

	"tenon/spec/expression"
	"tenon/spec/lang"
	"tenon/spec/model"
	"tenon/spec/openapi"
	"tenon/spec/plan"
	"tenon/spec/source"
	"tenon/spec/types"
)

// auth types the credentials that clients have to show, and says which alternatives of the document's they satisfy.
func (s *served) auth() {
	a := s.op.api
	schemes := map[string]*openapi.SecurityScheme{}
	for _, x := range a.doc.SecuritySchemes() {
		schemes[x.Name] = x
	}
	wrong := false
	for _, m := range s.trigger.Auths {
		scheme := schemes[m.Name]
		switch {
		case scheme == nil:
			a.schemes = schemes
			s.unknownScheme(a, m)
			wrong = true
		case !s.asksFor(m.Name):
			s.diags.Add(lang.AuthUnknownScheme, m.NameRange, "%s does not ask for %q.", s.op.name(), m.Name).
				Explain("%s", s.asks()).Relate(s.locate(s.op.Origin), "declared here")
			s.loosely(m)
			wrong = true
		default:
			if p := s.proof(m, scheme); p != nil {
				s.out.Auth[m.Name] = p
			} else {
				wrong = true
			}
		}
	}
	if !wrong {
		s.alternatives()
	}
}

// asksFor reports whether the document asks for a scheme, or says nothing.
func (s *served) asksFor(scheme string) bool {
	return s.op.Security == nil || slices.ContainsFunc(s.op.Security, func(r openapi.Requirement) bool {
		return slices.ContainsFunc(r, func(u openapi.SchemeUse) bool { return u.Scheme == scheme })
	})
}

// asks says what the document asks for.
func (s *served) asks() string {
	var all []string
	for _, r := range s.op.Security {
		var names []string
		for _, u := range r {
			names = append(names, quote(u.Scheme))
		}
		if len(names) > 0 {
			all = append(all, strings.Join(names, " with "))
		}
	}
	if len(all) == 0 {
		return "It takes requests without credentials."
	}
	return "It asks for " + strings.Join(all, ", or ") + "."
}

// alternatives settles what a request must show: all schemes of one of the document's alternatives; where it says
// nothing, or no alternative is complete, all that there are blocks for.
func (s *served) alternatives() {
	all := keys(s.out.Auth)
	required := len(s.op.Security) > 0
	for _, r := range s.op.Security {
		var names []string
		complete := true
		for _, u := range r {
			names = append(names, u.Scheme)
			complete = complete && s.out.Auth[u.Scheme] != nil
		}
		required = required && len(r) > 0
		if complete && len(r) > 0 {
			slices.Sort(names)
			s.out.Security = append(s.out.Security, slices.Compact(names))
		}
	}
	if s.out.Security != nil {
		return
	}
	if len(all) > 0 {
		s.out.Security = [][]string{all}
	}
	if !required {
		return
	}
	d := s.diags.Add(lang.OperationUnprotected, s.trigger.Header, "Anybody can call %s, and its document asks for credentials.", s.op.name())
	if len(all) > 0 {
		d.Message = fmt.Sprintf("Requests of %s need only %s, and its document asks for more.", s.op.name(), listed(quoted(all)))
	}
	d.Explain("%s Add an auth block for each, with the secret that clients have to show.", s.asks()).Relate(s.locate(s.op.Origin), "declared here")
}

// proofAttrs are what can be compared, by the type of the scheme.
var proofAttrs = map[string][]string{
	"api_key": {"value"}, "basic": {"username", "password"}, "bearer": {"token"}, "oauth2": {"token"}, "openid": {"token"},
}

// proof types what clients show for one scheme.
func (s *served) proof(m *model.Auth, scheme *openapi.SecurityScheme) *plan.Proof {
	p := &plan.Proof{Scheme: m.Name, Type: scheme.Type, In: scheme.In, Name: scheme.ParamName, Attrs: map[string]*plan.Expr{}, Range: m.Header}
	needs := proofAttrs[scheme.Type]
	switch {
	case m.Type.Set:
		s.diags.Add(lang.AuthAttribute, m.Type.Range, "The document says how %q is shown; type is for requests to others.", m.Name).Relate(s.locate(scheme.Origin), "declared here")
		s.loosely(m)
		return nil
	case needs == nil:
		s.diags.Add(lang.AuthAttribute, m.NameRange, "Credentials of type %q cannot be checked here.", scheme.Type).
			Explain("What can be checked are API keys, passwords (basic) and fixed tokens (bearer). For anything else let a proxy in front of the daemon check it, and leave this block out.").
			Relate(s.locate(scheme.Origin), "declared here")
		s.loosely(m)
		return nil
	case needs[0] == "token":
		p.Type = "bearer"
	}
	good := true
	refuse := func(name string, at source.Range) {
		s.diags.Add(lang.AuthAttribute, at, "Of clients that show a credential of type %q only %s can be compared, not %q.", scheme.Type, listed(needs), name).
			Relate(s.locate(scheme.Origin), "declared here")
		good = false
	}
	for _, l := range m.Literals {
		refuse(l.Name, l.NameRange)
	}
	for _, attr := range m.Attrs {
		if !contains(needs, attr.Name) {
			refuse(attr.Name, attr.NameRange)
			s.check(s.tree(attr.Value), s.settings, expression.Want{SecretOK: true})
			continue
		}
		what := fmt.Sprintf("%s of auth %q", attr.Name, m.Name)
		want := expression.Want{Type: types.Union(types.AnyString, types.ListOf(types.AnyString)), What: what, SecretOK: true}
		if attr.Name == "username" {
			want.Type = types.AnyString
		}
		x := s.check(s.tree(attr.Value), s.settings, want)
		if x == nil {
			return nil
		}
		if attr.Name != "username" {
			s.literalCredential(x, attr.Value.Range, what, false)
		}
		p.Attrs[attr.Name] = x
	}
	for _, name := range needs {
		if p.Attrs[name] == nil && good {
			d := s.diags.Add(lang.AuthAttribute, m.OpenBrace, "auth %q needs %s: what clients have to show.", m.Name, name)
			d.Explain("Write %s = secret.NAME, with a secret block that says where it comes from.", name)
			if scheme.Type == "oauth2" || scheme.Type == "openid" {
				d.Explain("Only fixed tokens can be checked here. For those of an authorization server let a proxy in front of the daemon check them, and leave this block out.")
			}
			good = false
		}
	}
	if !good {
		return nil
	}
	return p
}
