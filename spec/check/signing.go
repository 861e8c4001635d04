package check

import (
	"fmt"

	"tenon/spec/expression"
	"tenon/spec/lang"
	"tenon/spec/model"
	"tenon/spec/plan"
	"tenon/spec/syntax"
	"tenon/spec/types"
)

// requestType is what `request` is to the expressions of a signing.
var requestType = func() *types.Type {
	var props []*types.Property
	for _, name := range []string{"method", "url", "host", "path", "query", "target", "body", "body_sha256", "timestamp", "nonce"} {
		props = append(props, &types.Property{Name: name, Type: types.AnyString, Required: true})
	}
	return types.ObjectOf(append(props, &types.Property{Name: "headers", Type: types.MapOf(types.AnyString), Required: true})...)
}()

// defineSigned puts the request in reach of what signs it.
func (b *builder) defineSigned() {
	b.signable = expression.NewScope(b.settings)
	b.signable.Define(&expression.Name{Name: "request", Key: "request", Type: requestType})
	b.signable.Define(&expression.Name{Name: "signature", Gone: "The signature is made of this text, so it is not there yet."})
	b.signed = expression.NewScope(b.signable)
	b.signed.Define(&expression.Name{Name: "signature", Key: "signature", Type: types.AnyString})
}

// signing types how a request is signed.
func (b *builder) signing(auth *plan.Auth, m *model.Auth) {
	s := &plan.Signing{Algorithm: or(m.Algorithm.Value, "sha256"), Encoding: or(m.Encoding.Value, "hex"), Timestamp: or(m.Timing.Value, "unix")}
	if e := m.KeyEncoding.Value; e != "text" {
		s.KeyEncoding = e
	}
	if l := m.Literal("algorithm"); l != nil && !contains([]string{"sha256", "sha512", "sha384", "sha1", "md5"}, s.Algorithm) {
		b.diags.Add(lang.AuthAttribute, l.Range, "%q is an algorithm of assertions, not of an HMAC.", s.Algorithm).
			Explain("An HMAC is made with sha256, sha512, sha384, sha1 or md5.")
	}
	auth.Signing = s
	if a := m.Attr("sign"); a != nil {
		s.Text = b.check(b.tree(a.Value), b.signable, expression.Want{Type: types.AnyString, What: fmt.Sprintf("sign of auth %q", m.Name), SecretOK: true})
	}
	for _, in := range []string{"headers", "query"} {
		if a := m.Attr(in); a != nil {
			b.signedFields(s, m, in, a.Value)
		}
	}
	if len(s.Fields) == 0 && m.Attr("headers") == nil && m.Attr("query") == nil {
		b.diags.Add(lang.AuthAttribute, m.OpenBrace, "auth %q needs headers or query: what carries the signature.", m.Name).
			Explain("Write headers = { \"X-Signature\" = signature }.")
	}
}

func (b *builder) signedFields(s *plan.Signing, m *model.Auth, in string, e *syntax.Expr) {
	items, _ := b.written(e, in)
	for _, i := range items {
		p := &plan.Param{Name: i.Key, In: "header"}
		switch {
		case in == "query":
			p.In = "query"
		case !isToken(i.Key):
			b.badType(i.KeyRange, "%q is not the name of a header.", i.Key)
			continue
		}
		p.Value = b.check(b.tree(i.Value), b.signed, expression.Want{Type: types.AnyString, What: fmt.Sprintf("%q in %s of auth %q", i.Key, in, m.Name), AsText: true, SecretOK: true})
		if p.Value != nil {
			s.Fields = append(s.Fields, p)
		}
	}
}

func or(text, otherwise string) string {
	if text == "" {
		return otherwise
	}
	return text
}
