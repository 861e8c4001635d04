package trigger

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"tenon/runtime/secret"
	"tenon/spec/plan"
)

// doors are the credentials that an operation asks for. They are compared by their digests, all of them, in constant time.
type doors struct {
	alternatives [][]*door // all doors of one are to be opened; none: anybody may come in
	challenges   []string  // for WWW-Authenticate (RFC 9110 §11.6.1)
	header       map[string]bool
	query        map[string]bool
}

// door is one security scheme.
type door struct {
	proof *plan.Proof
	keys  [][sha256.Size]byte // of what opens it
}

func newDoors(o *plan.Operation, proofs map[string]map[string][]secret.Value) (*doors, error) {
	d := &doors{header: map[string]bool{"Authorization": true, "Cookie": true}, query: map[string]bool{}}
	all := map[string]*door{}
	for scheme, p := range o.Auth {
		x := &door{proof: p}
		values := proofs[scheme]
		switch p.Type {
		case "api_key":
			for _, v := range values["value"] {
				x.keys = append(x.keys, sha256.Sum256([]byte(v.Reveal())))
			}
			switch p.In {
			case "header":
				d.header[http.CanonicalHeaderKey(p.Name)] = true
			case "query":
				d.query[p.Name] = true
			}
		case "basic":
			for _, user := range values["username"] {
				for _, v := range values["password"] {
					x.keys = append(x.keys, sha256.Sum256([]byte(user.Reveal()+":"+v.Reveal())))
				}
			}
		case "bearer":
			for _, v := range values["token"] {
				x.keys = append(x.keys, sha256.Sum256([]byte(v.Reveal())))
			}
		}
		if len(x.keys) == 0 {
			return nil, fmt.Errorf("nothing opens auth %q", scheme)
		}
		all[scheme] = x
	}
	for _, alternative := range o.Security {
		var list []*door
		for _, scheme := range alternative {
			list = append(list, all[scheme])
			if c := all[scheme].challenge(); !slices.Contains(d.challenges, c) {
				d.challenges = append(d.challenges, c)
			}
		}
		d.alternatives = append(d.alternatives, list)
	}
	return d, nil
}

// challenge says how to come in.
func (x *door) challenge() string {
	switch x.proof.Type {
	case "basic":
		return `Basic realm="` + realm(x.proof.Scheme) + `", charset="UTF-8"`
	case "bearer":
		return `Bearer realm="` + realm(x.proof.Scheme) + `"`
	}
	return `ApiKey realm="` + realm(x.proof.Scheme) + `"`
}

func realm(scheme string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r > '~' || r == '"' || r == '\\' {
			return '_'
		}
		return r
	}, scheme)
}

// open finds out who asks. client names its credentials, "" if none are asked for; refused says, for a client that is not
// let in, what it has to show.
func (d *doors) open(r *http.Request) (client string, proven bool, refused string) {
	if len(d.alternatives) == 0 {
		return "", false, ""
	}
	shown := false
	var wanted []string
	for _, alternative := range d.alternatives {
		name, all := "", true
		var where []string
		for _, x := range alternative {
			key, there := x.try(r)
			shown = shown || there
			all = all && key >= 0
			name += fmt.Sprintf("%s %d ", x.proof.Scheme, key)
			where = append(where, x.where())
		}
		if all {
			return name, true, ""
		}
		wanted = append(wanted, strings.Join(where, " with "))
	}
	if shown {
		return "", false, "The credential is wrong."
	}
	slices.Sort(wanted)
	return "", false, "A credential is missing: " + strings.Join(slices.Compact(wanted), ", or ") + "."
}

// where says where the credential stands.
func (x *door) where() string {
	if x.proof.Type == "api_key" {
		return map[string]string{"header": "the header ", "query": "the query parameter ", "cookie": "the cookie "}[x.proof.In] + x.proof.Name
	}
	return "the header Authorization with " + map[string]string{"basic": "Basic", "bearer": "Bearer"}[x.proof.Type]
}

// try is the number of the key that a request shows: -1 if it is none of them. there says that it shows something.
func (x *door) try(r *http.Request) (key int, there bool) {
	text, there := x.shown(r)
	if !there {
		return -1, false
	}
	got := sha256.Sum256([]byte(text))
	found := -1
	for i := range x.keys {
		found = subtle.ConstantTimeSelect(subtle.ConstantTimeCompare(got[:], x.keys[i][:]), i, found)
	}
	return found, true
}

// shown is the credential of a request. One that is there twice is none.
func (x *door) shown(r *http.Request) (string, bool) {
	one := func(values []string) (string, bool) {
		if len(values) != 1 {
			return "", len(values) > 0
		}
		return values[0], true
	}
	switch x.proof.Type {
	case "api_key":
		switch x.proof.In {
		case "header":
			return one(r.Header.Values(x.proof.Name))
		case "query":
			return one(r.URL.Query()[x.proof.Name])
		}
		var values []string
		for _, c := range r.CookiesNamed(x.proof.Name) {
			values = append(values, c.Value)
		}
		return one(values)
	case "basic":
		text, err := authorization(r.Header, "Basic")
		if err != nil {
			return "", false
		}
		both, err := base64.StdEncoding.DecodeString(text)
		if err != nil {
			return "", true
		}
		return string(both), true
	}
	text, err := authorization(r.Header, "Bearer")
	return text, err == nil
}
