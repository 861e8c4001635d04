package openapi

import (
	"strings"

	"tenon/spec/diag"
	"tenon/spec/types"
)

// SecurityScheme is one way to authenticate that the document declares.
type SecurityScheme struct {
	Name        string // by which requirements refer to it
	Description string
	// Type is api_key, basic, bearer, digest, oauth2, openid, mutual_tls or, for another scheme of HTTP
	// authentication, "http " and its name. "" if the document does not say.
	Type      string
	In        string // of api_key: header, query or cookie
	ParamName string // of api_key
	Flows     []Flow // of oauth2
	OpenIDURL string // of openid
	Origin    types.Origin
}

// Flow is one way to get an OAuth 2.0 token.
type Flow struct {
	Grant            string // client_credentials, authorization_code, device_code, implicit or password
	AuthorizationURL string
	TokenURL         string
	RefreshURL       string
	Scopes           map[string]string // with what each is for
}

// Requirement is a set of schemes of which all are applied. Empty, it asks for none.
type Requirement []SchemeUse

// SchemeUse is one scheme of a Requirement.
type SchemeUse struct {
	Scheme string
	Scopes []string
}

// SecuritySchemes lists the schemes of the document in its order.
func (d *Document) SecuritySchemes() []*SecurityScheme {
	var out []*SecurityScheme
	for _, s := range d.schemes() {
		out = append(out, s.SecurityScheme)
	}
	return out
}

// declaredScheme is a scheme, and what is wrong with it if anything is.
type declaredScheme struct {
	*SecurityScheme
	wrong string
}

func (d *Document) schemes() []declaredScheme {
	d.schemeOnce.Do(func() {
		d.schemeFields().each(func(name string, n node) {
			if f, ok := n.follow(); ok {
				d.schemeList = append(d.schemeList, securityScheme(name, f))
			}
		})
	})
	return d.schemeList
}

func (d *Document) schemeFields() fields {
	if d.v2() {
		return d.root.get("securityDefinitions").object()
	}
	c := d.main.entry("components")
	if c == nil {
		return fields{}
	}
	if e := d.main.member(c.sub, "securitySchemes"); e != nil {
		return d.main.node(e, "/components/securitySchemes").object()
	}
	return fields{}
}

// securityScheme decodes a scheme.
func securityScheme(name string, f fields) declaredScheme {
	wrong := ""
	s := &SecurityScheme{Name: name, Description: f.get("description").plain(), Origin: f.n.origin()}
	switch kind := f.get("type").plain(); strings.ToLower(kind) {
	case "apikey":
		s.Type, s.In, s.ParamName = "api_key", strings.ToLower(f.get("in").plain()), f.get("name").plain()
		if s.In != "header" && s.In != "query" && s.In != "cookie" || s.ParamName == "" {
			wrong = "an apiKey scheme needs a name and in: header, query or cookie"
		}
	case "basic":
		s.Type = "basic"
	case "http":
		switch scheme := strings.ToLower(f.get("scheme").plain()); scheme {
		case "basic", "bearer", "digest":
			s.Type = scheme
		case "":
			wrong = "an http scheme needs a scheme, such as basic or bearer"
		default:
			s.Type = "http " + scheme
		}
	case "oauth2":
		s.Type = "oauth2"
		s.Flows = flows(f)
	case "openidconnect":
		s.Type, s.OpenIDURL = "openid", f.get("openIdConnectUrl").plain()
	case "mutualtls":
		s.Type = "mutual_tls"
	case "":
		wrong = "a security scheme needs a type"
	default:
		wrong = kind + " is no type of security scheme"
	}
	return declaredScheme{s, wrong}
}

// grants maps the names of flows, of version 2.0 too, to those of OAuth 2.0.
var grants = map[string]string{
	"clientCredentials": "client_credentials", "application": "client_credentials",
	"authorizationCode": "authorization_code", "accessCode": "authorization_code",
	"deviceAuthorization": "device_code",
	"implicit":            "implicit",
	"password":            "password",
}

func flows(f fields) []Flow {
	if name := f.get("flow"); name.given() {
		return []Flow{flow(grants[name.string()], f)}
	}
	var out []Flow
	f.get("flows").object().each(func(name string, n node) {
		if grants[name] == "" {
			return
		}
		out = append(out, flow(grants[name], n.object()))
	})
	return out
}

func flow(grant string, f fields) Flow {
	w := Flow{
		Grant:            grant,
		AuthorizationURL: f.get("authorizationUrl").string(),
		TokenURL:         f.get("tokenUrl").string(),
		RefreshURL:       f.get("refreshUrl").string(),
		Scopes:           map[string]string{},
	}
	if device := f.get("deviceAuthorizationUrl"); device.given() {
		w.AuthorizationURL = device.string()
	}
	f.get("scopes").object().each(func(name string, n node) { w.Scopes[name] = n.string() })
	return w
}

// requirements decodes a list of alternatives; nil if there is none, not even an empty one.
func (d *Document) requirements(n node) []Requirement {
	if !n.given() {
		return nil
	}
	out := []Requirement{}
	for _, alternative := range n.elements() {
		r := Requirement{}
		alternative.object().each(func(name string, scopes node) {
			d.checkScheme(name, scopes)
			r = append(r, SchemeUse{name, scopes.strings()})
		})
		out = append(out, r)
	}
	return out
}

// Security is what the document requires of operations that do not say otherwise, as
// [Operation.Security] has it.
func (d *Document) Security() []Requirement { return d.requirements(d.root.get("security")) }

// checkScheme notes what is wrong with a scheme that is used at a place.
func (d *Document) checkScheme(name string, use node) {
	var names []string
	for _, s := range d.schemes() {
		if s.Name == name {
			if s.wrong != "" {
				d.note(Defect{s.Origin, s.wrong})
			}
			return
		}
		names = append(names, s.Name)
	}
	near := diag.Nearest(name, names)
	if near != "" {
		near = "; did it mean " + near + "?"
	}
	use.defect("names the security scheme %q, which is not declared%s", name, near)
}
