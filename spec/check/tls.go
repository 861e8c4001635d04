package check

import (
	"strings"

	"tenon/spec/expression"
	"tenon/spec/lang"
	"tenon/spec/plan"
	"tenon/spec/source"
	"tenon/spec/syntax"
	"tenon/spec/types"
)

// tls resolves an api's tls block. Certificates that are files of the project become part of the plan; a key
// never does.
func (b *builder) tls(a *api) *plan.TLS {
	m := a.model.TLS
	if m == nil {
		return nil
	}
	out := &plan.TLS{Range: m.Header, CA: b.certificates(m.CA, "ca"), Cert: b.certificates(m.Cert, "cert")}
	if m.Key == nil {
		if m.Cert != nil {
			b.diags.Add(lang.MissingAttribute, m.OpenBrace, "A \"tls\" block with cert needs key: the private key of the certificate.").
				Explain("Write key = secret.NAME, with a secret block that says where it comes from.")
		}
		return out
	}
	out.Key = b.check(b.tree(m.Key), b.settings, expression.Want{Type: types.AnyString, What: "key of tls", SecretOK: true})
	if out.Key == nil {
		return out
	}
	v, ok := out.Key.Const()
	switch text, isText := v.(string); {
	case !ok || !isText:
	case pem(text):
		b.literalCredential(out.Key, m.Key.Range, "key of tls", false)
	default:
		b.diags.Add(lang.AttributeValue, m.Key.Range, "key of tls is the private key itself, in PEM, not the name of its file.").
			Explain("Define secret \"client_key\" { file = %q } and write key = secret.client_key.", text)
	}
	return out
}

func pem(text string) bool { return strings.HasPrefix(strings.TrimSpace(text), "-----BEGIN ") }

// certificates types ca or cert: PEM, or the name of a file that holds it, which is read now.
func (b *builder) certificates(e *syntax.Expr, attr string) *plan.Expr {
	if e == nil {
		return nil
	}
	x := b.check(b.tree(e), b.settings, expression.Want{Type: types.AnyString, What: attr + " of tls", SecretOK: true})
	if x == nil {
		return nil
	}
	v, ok := x.Const()
	name, isText := v.(string)
	if !ok || !isText || pem(name) {
		return x
	}
	content, err := b.specs.ReadFile(name)
	switch {
	case err != nil:
		b.diags.Add(lang.AttributeValue, e.Range, "%s of tls is the file %s, which cannot be read: %s", attr, name, sentence(err.Error())).
			Explain("Paths are relative to the project's directory.")
		return nil
	case !strings.Contains(string(content), "-----BEGIN CERTIFICATE-----"):
		b.diags.Add(lang.AttributeValue, e.Range, "The file %s holds no certificate in PEM.", name)
		return nil
	}
	return expression.Constant(string(content), e.Range)
}

// certificate makes sure that there is one to show, where an auth block stands for mutual TLS.
func (b *builder) certificate(a *api, at source.Range) {
	if a.model.TLS == nil || a.model.TLS.Cert == nil {
		b.diags.Add(lang.AuthAttribute, at, "Mutual TLS needs a certificate: a tls block in api %q with cert and key.", a.model.Name)
	}
}
