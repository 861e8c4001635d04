package check

import (
	"fmt"
	"net"
	"net/url"
	"slices"
	"strings"

	"tenon/spec/diag"
	"tenon/spec/expression"
	"tenon/spec/lang"
	"tenon/spec/openapi"
	"tenon/spec/source"
	"tenon/spec/syntax"
	"tenon/spec/types"
)

var sprintf = fmt.Sprintf

// server resolves an api's base URL: what the author gives, else the spec's first server.
func (b *builder) server(a *api) *expression.Expr {
	e := a.model.Server
	if e == nil {
		return b.declaredServer(a, a.doc.Servers(), nil, source.Range{})
	}
	if items, brace, ok := e.Object(); ok {
		return b.serverObject(a, items, brace)
	}
	return b.serverURL(a, e)
}

// serverURL types an expression that gives the whole base URL.
func (b *builder) serverURL(a *api, e *syntax.Expr) *expression.Expr {
	x := b.check(b.tree(e), b.settings, expression.Want{Type: types.AnyString, What: fmt.Sprintf("the server of api %q", a.model.Name), SecretOK: true})
	if x == nil {
		return nil
	}
	if v, ok := x.Const(); ok {
		if text, ok := v.(string); ok {
			b.declaredHost(a, text, e.Range)
			return b.constantServer(a, text, e.Range)
		}
		return nil // reported
	}
	return x
}

// declaredHost notes a server at a domain that the document names nowhere: the credentials of the API go there. Hosts of
// one's own are not looked at, nor are those of documents that leave the server to whoever runs it.
func (b *builder) declaredHost(a *api, text string, at source.Range) {
	u, err := url.Parse(text)
	if err != nil || a.doc == nil || u.Hostname() == "" || isLocal(u.Hostname()) || isPrivate(u.Hostname()) {
		return
	}
	var names []string
	for _, s := range a.doc.Servers() {
		_, rest, ok := strings.Cut(s.URL, "://")
		host, _, _ := strings.Cut(rest, "/")
		host, _, _ = strings.Cut(host, ":")
		if !ok || strings.Contains(domain(host), "{") || isLocal(host) || isPrivate(host) || domain(host) == domain(u.Hostname()) {
			return
		}
		names = append(names, host)
	}
	if len(names) > 0 {
		b.diags.Add(lang.HostNotDeclared, at, "The document of api %q names no server at %s, only %s.", a.model.Name, u.Hostname(), listed(names)).
			Explain("What signs requests to the API is sent there. If it is a gateway or an installation of one's own, all is well.")
	}
}

// domain is the last two labels of a host.
func domain(host string) string {
	labels := strings.Split(strings.ToLower(host), ".")
	return strings.Join(labels[max(0, len(labels)-2):], ".")
}

// constantServer checks a base URL that is known now.
func (b *builder) constantServer(a *api, text string, at source.Range) *expression.Expr {
	u, err := url.Parse(text)
	switch {
	case err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "":
		b.diags.Add(lang.AttributeValue, at, "The server of api %q must be an absolute URL such as \"https://api.example.com/v1\".", a.model.Name)
		return nil
	case u.RawQuery != "" || u.Fragment != "":
		b.diags.Add(lang.AttributeValue, at, "The server of api %q must not have a query or fragment.", a.model.Name)
		return nil
	case u.User != nil:
		b.diags.Add(lang.LiteralCredential, at, "The server of api %q has a user and password in its URL.", a.model.Name).
			Explain("They would show wherever the URL does. Put them into a secret and an auth block.")
	case u.Scheme == "http" && !isLocal(u.Hostname()):
		d := b.diags.Add(lang.PlaintextHTTP, at, "Requests to %s are not encrypted: the server of api %q is an http:// URL.", u.Host, a.model.Name).
			Explain("Everyone on the way can read and change what is sent, credentials included. Use https:// if the server has it.")
		if isPrivate(u.Hostname()) {
			d.Severity = diag.Note
		}
	}
	return expression.Constant(strings.TrimRight(text, "/"), at)
}

// isLocal reports whether a host is this machine.
func isLocal(host string) bool {
	if ip := net.ParseIP(host); ip != nil {
		return ip.IsLoopback()
	}
	return host == "localhost" || strings.HasSuffix(host, ".localhost")
}

// privateDomains are those that no public name is in: RFC 6762, RFC 8375, ICANN's .internal, Kubernetes.
var privateDomains = []string{".local", ".home.arpa", ".internal", ".svc", ".lan", ".test"}

// isPrivate reports whether a host can only be in a network of one's own.
func isPrivate(host string) bool {
	if ip := net.ParseIP(host); ip != nil {
		return ip.IsPrivate() || ip.IsLinkLocalUnicast()
	}
	return !strings.Contains(host, ".") || slices.ContainsFunc(privateDomains, func(d string) bool { return strings.HasSuffix(host, d) })
}

// serverObject is server = { url = …, variables = { … } }.
func (b *builder) serverObject(a *api, items []syntax.Item, at source.Range) *expression.Expr {
	var base, variables *syntax.Expr
	for _, i := range items {
		switch {
		case i.KeyExpr == nil && i.Key == "url":
			base = i.Value
		case i.KeyExpr == nil && i.Key == "variables":
			variables = i.Value
		default:
			near := diag.Nearest(i.Key, []string{"url", "variables"})
			b.diags.Add(lang.AttributeValue, i.KeyRange, "A server takes url and variables.").Suggest(near, near)
		}
	}
	values, _ := b.written(variables, "variables")
	if variables == nil && base != nil {
		return b.serverURL(a, base)
	}
	servers := a.doc.Servers()
	if base != nil {
		text, ok := base.Literal()
		t, isText := text.(string)
		if !ok || !isText {
			b.diags.Add(lang.AttributeValue, base.Range, "With variables, url must be written out: it names them in braces.")
			return nil
		}
		servers = append([]openapi.Server{sameServer(servers, t)}, servers...)[:1]
	}
	return b.declaredServer(a, servers, values, at)
}

// sameServer returns the declared server with this URL template, or one that declares nothing.
func sameServer(servers []openapi.Server, template string) openapi.Server {
	for _, s := range servers {
		if s.URL == template {
			return s
		}
	}
	return openapi.Server{URL: template}
}

// declaredServer fills in the variables of the first server.
func (b *builder) declaredServer(a *api, servers []openapi.Server, values []syntax.Item, at source.Range) *expression.Expr {
	place := at
	if place.IsZero() {
		place = a.model.OpenBrace
	}
	if len(servers) == 0 || !absolute(servers[0].URL) {
		why := "its spec does not say where the API is"
		if !a.model.Spec.Set {
			why = "there is no spec that says where the API is"
		}
		d := b.diags.Add(lang.ServerMissing, place, "Api %q needs a server: %s.", a.model.Name, why)
		if len(servers) > 0 && servers[0].URL != "/" {
			d.Explain("The spec only has the path %q. Write server = \"https://HOST%s\".", servers[0].URL, servers[0].URL)
		} else {
			d.Explain("Write server = \"https://…\".")
		}
		return nil
	}
	template, ok := b.fillServer(a, servers[0], values, place)
	if !ok {
		return nil
	}
	if len(template.exprs) == 0 {
		return b.constantServer(a, template.text, place)
	}
	return b.templateServer(a, template, place)
}

// absolute reports whether a server's URL names a host. The scheme may be a variable: "{scheme}://{host}".
func absolute(template string) bool {
	if rest, ok := strings.CutPrefix(template, "{"); ok {
		_, rest, _ = strings.Cut(rest, "}")
		return strings.HasPrefix(rest, "://")
	}
	return strings.HasPrefix(template, "http://") || strings.HasPrefix(template, "https://")
}

// template is a server URL in which a NUL stands for each of exprs, its computed variables, in order.
type template struct {
	text  string
	exprs []*syntax.Expr
}

// hcl writes the template in HCL.
func (t template) hcl() string {
	text := strings.NewReplacer(`\`, `\\`, `"`, `\"`, "${", "$${", "%{", "%%{").Replace(t.text)
	for _, e := range t.exprs {
		text = strings.Replace(text, "\x00", "${("+e.Text()+")}", 1)
	}
	return `"` + text + `"`
}

// fillServer puts the given and the default values into a server's URL.
func (b *builder) fillServer(a *api, s openapi.Server, values []syntax.Item, place source.Range) (template, bool) {
	out, good := template{text: s.URL}, true
	given := map[string]bool{}
	for _, i := range values {
		given[i.Key] = true
		if !strings.Contains(s.URL, "{"+i.Key+"}") {
			var names []string
			for _, v := range s.Variables {
				names = append(names, v.Name)
			}
			near := diag.Nearest(i.Key, names)
			b.diags.Add(lang.AttributeValue, i.KeyRange, "The server %s has no variable %q.", s.URL, i.Key).Suggest(near, near)
			good = false
			continue
		}
		want := types.AnyString
		for _, v := range s.Variables {
			if v.Name == i.Key && len(v.Enum) > 0 {
				want = enumOf(v.Enum)
			}
		}
		x := b.check(b.tree(i.Value), b.settings, expression.Want{Type: want, What: fmt.Sprintf("variable %q of the server", i.Key)})
		if x == nil {
			good = false
			continue
		}
		if v, ok := x.Const(); ok {
			text, _ := v.(string)
			out.text = strings.ReplaceAll(out.text, "{"+i.Key+"}", text)
			continue
		}
		out.compute(i.Key, i.Value)
	}
	for _, v := range s.Variables {
		if given[v.Name] || !strings.Contains(s.URL, "{"+v.Name+"}") {
			continue
		}
		if v.Default == "" {
			b.diags.Add(lang.ServerMissing, place, "The server %s of api %q needs a value for %q.", s.URL, a.model.Name, v.Name).
				Explain("Write server = { variables = { %s = \"…\" } }.", v.Name)
			good = false
			continue
		}
		out.text = strings.ReplaceAll(out.text, "{"+v.Name+"}", v.Default)
	}
	return out, good
}

// compute puts an expression in the place of a variable. The expressions stay in the order of their
// places.
func (t *template) compute(name string, e *syntax.Expr) {
	for {
		before, after, found := strings.Cut(t.text, "{"+name+"}")
		if !found {
			return
		}
		t.exprs = slices.Insert(t.exprs, strings.Count(before, "\x00"), e)
		t.text = before + "\x00" + after
	}
}

func enumOf(values []string) *types.Type {
	members := make([]any, len(values))
	for i, v := range values {
		members[i] = v
	}
	return types.Enum(members...)
}

// templateServer makes one expression of a URL with computed parts. Each part has been checked where
// it stands; the whole is made of their text.
func (b *builder) templateServer(a *api, t template, at source.Range) *expression.Expr {
	file, diags := syntax.Parse(at.File, []byte("server = "+t.hcl()+"\n"))
	attr := file.Body.Attribute("server")
	if diags.HasErrors() || attr == nil {
		b.badType(at, "The server of api %q is too hard to read. Give the whole URL: server = \"https://…\".", a.model.Name)
		return nil
	}
	tree, diags := expression.Parse(attr.Expr)
	if diags.HasErrors() {
		return nil
	}
	x, _ := tree.Check(b.settings, expression.Want{Type: types.AnyString})
	return x
}
