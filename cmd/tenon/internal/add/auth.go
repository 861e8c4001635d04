package add

import (
	"fmt"
	"slices"
	"sort"
	"strings"

	"tenon/spec/openapi"
)

// maxSampled bounds how many operations are asked what credentials they want.
const maxSampled = 300

// auth writes credentials for the schemes that most operations can be called with, and says what else
// there is.
func (c *composer) auth() {
	schemes := map[string]*openapi.SecurityScheme{}
	for _, s := range c.doc.SecuritySchemes() {
		schemes[s.Name] = s
	}
	if len(schemes) == 0 {
		c.note("the document declares no credentials; if the API wants one, add auth \"NAME\" { type = … } to its block (`tenon explain auth`)")
		return
	}
	chosen := c.wanted(schemes)
	alike := map[string]int{}
	for _, s := range chosen {
		alike[kind(s)]++
	}
	for _, s := range chosen {
		prefix := c.name
		if alike[kind(s)] > 1 || len(chosen) > 1 && alike[kind(s)] == len(chosen) {
			prefix += "_" + strings.TrimSuffix(strings.TrimPrefix(snake(s.Name), snake(c.name)+"_"), "_auth")
		}
		c.credential(s, prefix)
	}
	c.others(schemes, chosen)
}

// kind groups schemes whose secrets would get the same names.
func kind(s *openapi.SecurityScheme) string {
	switch s.Type {
	case "bearer", "oauth2", "openid":
		return "token"
	case "basic", "digest":
		return "password"
	}
	return s.Type
}

// usable says how well a scheme serves a program, the lower the better; 0 if it cannot be used.
func usable(s *openapi.SecurityScheme) int {
	switch s.Type {
	case "bearer":
		return 1
	case "api_key":
		if s.In == "" || s.ParamName == "" {
			return 0
		}
		return 2
	case "oauth2":
		return 3
	case "basic", "digest":
		return 4
	case "openid":
		return 5
	}
	return 0
}

// worth is what one use of a scheme counts, by how usable it is.
var worth = []float64{0, 1, 0.95, 0.7, 0.7, 0.5}

// set is an alternative: schemes that are applied together.
type set struct {
	names []string
	uses  int
	rank  int // of its worst scheme
}

// wanted chooses the alternatives that together let the most operations be called, the fewest first.
func (c *composer) wanted(schemes map[string]*openapi.SecurityScheme) []*openapi.SecurityScheme {
	operations := c.alternatives(schemes)
	var chosen []string
	for {
		best := vote(operations, chosen)
		if best == nil {
			break
		}
		for _, name := range best.names {
			if !slices.Contains(chosen, name) {
				chosen = append(chosen, name)
			}
		}
	}
	if len(operations) == 0 { // no operation says anything: the document's schemes are all there is
		var all []*openapi.SecurityScheme
		for _, s := range c.doc.SecuritySchemes() {
			if usable(s) > 0 {
				all = append(all, s)
			}
		}
		sort.SliceStable(all, func(i, j int) bool { return usable(all[i]) < usable(all[j]) })
		return all[:min(1, len(all))]
	}
	var out []*openapi.SecurityScheme
	for _, s := range c.doc.SecuritySchemes() {
		if slices.Contains(chosen, s.Name) {
			out = append(out, s)
		}
	}
	return out
}

// alternatives lists, for a sample of the operations that want credentials, what they can be called with.
func (c *composer) alternatives(schemes map[string]*openapi.SecurityScheme) [][]set {
	names := c.doc.Operations()
	step := 1 + len(names)/maxSampled
	var out [][]set
	for i := 0; i < len(names); i += step {
		op, err := c.doc.Operation(names[i].Key())
		if err != nil {
			continue
		}
		var list []set
		for _, r := range op.Security {
			s := set{}
			for _, use := range r {
				scheme := schemes[use.Scheme]
				if scheme == nil || usable(scheme) == 0 {
					s.names = nil
					break
				}
				s.names = append(s.names, use.Scheme)
				s.rank = max(s.rank, usable(scheme))
			}
			if len(r) == 0 { // it may be called without
				list = nil
				break
			}
			if len(s.names) > 0 {
				list = append(list, s)
			}
		}
		if len(list) > 0 {
			out = append(out, list)
		}
	}
	return out
}

// vote returns the alternative that lets the most operations be called which cannot be with what is
// chosen already; nil if there are none.
func vote(operations [][]set, chosen []string) *set {
	votes := map[string]*set{}
	for _, list := range operations {
		if slices.ContainsFunc(list, func(s set) bool { return subset(s.names, chosen) }) {
			continue
		}
		for _, s := range list {
			key := strings.Join(s.names, "\x00")
			if votes[key] == nil {
				votes[key] = &set{names: s.names, rank: s.rank}
			}
			votes[key].uses++
		}
	}
	var best *set
	for _, s := range votes {
		if best == nil || better(s, best) {
			best = s
		}
	}
	return best
}

// better weighs how many operations an alternative serves against how well it serves a program.
func better(a, b *set) bool {
	x, y := float64(a.uses)*worth[a.rank], float64(b.uses)*worth[b.rank]
	switch {
	case x != y:
		return x > y
	case a.rank != b.rank:
		return a.rank < b.rank
	case len(a.names) != len(b.names):
		return len(a.names) < len(b.names)
	}
	return strings.Join(a.names, "\x00") < strings.Join(b.names, "\x00")
}

func subset(a, b []string) bool {
	return !slices.ContainsFunc(a, func(s string) bool { return !slices.Contains(b, s) })
}

// credential writes one auth block.
func (c *composer) credential(s *openapi.SecurityScheme, prefix string) {
	c.line("\nauth %s {", quote(s.Name))
	switch s.Type {
	case "api_key":
		name := prefix
		if !strings.HasSuffix(name, "_key") && !strings.HasSuffix(name, "_token") {
			name += "_key"
		}
		c.line("value = %s", c.secret(name, fmt.Sprintf("the key of scheme %s, sent as the %s %s", s.Name, s.In, s.ParamName)))
		if s.In == "header" && strings.EqualFold(s.ParamName, "Authorization") {
			c.note("auth %s sends its value as the whole Authorization header: where the API wants a word before the key, as in \"Bearer KEY\", the secret is both", quote(s.Name))
		}
	case "oauth2":
		if clientCredentials(s) {
			c.client(s, prefix)
		} else {
			c.token(s, prefix)
		}
	case "basic", "digest":
		c.line("username = %s", c.secret(prefix+"_username", "the user of scheme "+s.Name))
		c.line("password = %s", c.secret(prefix+"_password", "the password of scheme "+s.Name))
	default:
		c.token(s, prefix)
	}
	c.line("}")
	c.block.Auth = append(c.block.Auth, Auth{s.Name, s.Type})
}

// token writes a token that was made elsewhere.
func (c *composer) token(s *openapi.SecurityScheme, prefix string) {
	name := prefix
	if !strings.HasSuffix(name, "_token") {
		name += "_token"
	}
	what := "the token of scheme " + s.Name
	if s.Type != "bearer" {
		what += ", an access token"
		c.note("auth %s takes a token made elsewhere; Tenon can also get one: `tenon explain auth` tells about grants and `tenon login`", quote(s.Name))
	}
	c.line("token = %s", c.secret(name, what))
}

// clientCredentials reports whether a scheme's tokens can be had without a person, from a server that is named.
func clientCredentials(s *openapi.SecurityScheme) bool {
	return slices.ContainsFunc(s.Flows, func(f openapi.Flow) bool {
		return f.Grant == "client_credentials" && strings.HasPrefix(f.TokenURL, "https://")
	})
}

// client writes a client that gets its own tokens.
func (c *composer) client(s *openapi.SecurityScheme, prefix string) {
	if len(s.Flows) > 1 {
		c.line("grant = \"client_credentials\"")
	}
	c.line("client_id = %s", c.secret(prefix+"_client_id", "the client of scheme "+s.Name))
	c.line("client_secret = %s", c.secret(prefix+"_client_secret", "the client's secret of scheme "+s.Name))
}

// others tells of the schemes that the block does not use.
func (c *composer) others(schemes map[string]*openapi.SecurityScheme, chosen []*openapi.SecurityScheme) {
	var names, unusable []string
	for _, s := range c.doc.SecuritySchemes() {
		if slices.Contains(chosen, s) {
			continue
		}
		what := s.Name
		if s.Type != "" {
			what += " (" + strings.ReplaceAll(s.Type, "_", " ") + ")"
		}
		if usable(s) == 0 {
			unusable = append(unusable, what)
		} else {
			names = append(names, what)
		}
	}
	if len(names) > 0 {
		c.note("the document also has the security schemes %s; each takes an auth block of its own", oneLine(strings.Join(names, ", ")))
	}
	if len(unusable) > 0 {
		c.note("no auth block was written for %s", oneLine(strings.Join(unusable, ", ")))
	}
}
