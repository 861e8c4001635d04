package exec

import (
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"tenon/runtime/codec"
	"tenon/runtime/event"
	"tenon/runtime/transport"
	"tenon/spec/expression"
	"tenon/spec/plan"
)

// target is an API as this run reaches it.
type target struct {
	base          *url.URL
	header        http.Header
	secretHeaders []string // hidden wherever the request is shown
	credentials   map[string]transport.Credential
	tls           *transport.TLS
	servers       map[*call]*url.URL // of operations with a server of their own
}

// reach computes where each API is and with what credentials it is called. From here on the hosts that
// the run may talk to are fixed.
func (r *run) reach(s *scope) *fault {
	r.targets = map[string]*target{}
	for _, name := range slices.Sorted(maps.Keys(r.p.apis)) {
		a := r.p.apis[name]
		t := &target{credentials: map[string]transport.Credential{}, servers: map[*call]*url.URL{}}
		r.targets[name] = t
		var f *fault
		if t.base, f = r.server(s, name, a.server); f != nil {
			return f
		}
		if f = r.apiHeaders(s, a, t); f != nil {
			return f
		}
		if f = r.secure(s, a, t); f != nil {
			return f
		}
		if f = r.credentials(s, a, t); f != nil {
			return f
		}
	}
	for _, c := range r.p.calls {
		if c.server == nil {
			continue
		}
		u, f := r.server(s, c.plan.API, c.server)
		if f != nil {
			return f
		}
		r.targets[c.plan.API].servers[c] = u
	}
	return nil
}

// server computes a base URL and lets the run go there.
func (r *run) server(s *scope, api string, c *code) (*url.URL, *fault) {
	text, at := r.in.Servers[api], r.p.apis[api].plan.Range
	named := true
	if text == "" {
		if c == nil {
			return nil, s.fail(event.Internal, at, "API %q has no server; this is a bug in Tenon", api)
		}
		at = c.expr.Range
		v, f := s.eval(c)
		if f != nil {
			return nil, f
		}
		text, _ = v.(string)
		named = authored(c.expr)
	}
	u, err := url.Parse(strings.TrimSuffix(text, "/"))
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" || u.RawQuery != "" || u.Fragment != "" {
		return nil, s.fail(event.InvalidInput, at, "the server of API %q must be an absolute http or https URL without a query", api)
	}
	if u.User != nil {
		return nil, s.fail(event.InvalidInput, at, "the server of API %q must not hold a user name or password; an auth block says them", api)
	}
	if h := transport.Host(u); !slices.Contains(r.hosts, h) {
		r.hosts = append(r.hosts, h)
	}
	if h := transport.Host(u); named && !slices.Contains(r.named, h) {
		r.named = append(r.named, h)
	}
	return u, nil
}

// authored reports whether a value comes from the author and who runs it alone: from the files, variables and secrets.
func authored(e *plan.Expr) bool {
	return !slices.ContainsFunc(e.Uses, func(u expression.Use) bool { return u.Key != "var" && u.Key != "secret" })
}

func (r *run) apiHeaders(s *scope, a *api, t *target) *fault {
	t.header = http.Header{}
	for i, h := range a.headers {
		v, f := s.guarded(h, event.InvalidRequest)
		if f != nil {
			return f
		}
		p := a.plan.Headers[i]
		part, err := codec.EncodeParams("/", []codec.Arg{{Param: codec.Param{Name: p.Name, In: "header", Style: p.Style, Explode: p.Explode}, Value: v}})
		if err != nil {
			return s.fail(event.InvalidRequest, h.code.expr.Range, "%s", err)
		}
		maps.Copy(t.header, part.Header)
		if h.code.expr.Secret {
			t.secretHeaders = append(t.secretHeaders, p.Name)
		}
	}
	return nil
}
