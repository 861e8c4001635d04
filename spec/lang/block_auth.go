package lang

import "slices"

// AuthType is a way to sign in: what an auth block takes for it.
type AuthType struct {
	Name     string   // as the attribute `type` and plans say it
	Needs    []string // attributes without which it does not work
	Takes    []string // further attributes
	Interact bool     // a person has to log in first
	Doc      string
}

// AuthTypes are the types of auth blocks but for oauth2, whose attributes depend on the grant: see [Grants].
var AuthTypes = []*AuthType{
	{Name: "api_key", Needs: []string{"value"}, Doc: "a key in a header, the query or a cookie (scheme `apiKey`)"},
	{Name: "basic", Needs: []string{"username", "password"}, Doc: "scheme `http basic`"},
	{Name: "bearer", Needs: []string{"token"}, Doc: "scheme `http bearer`; also a token made elsewhere for `oauth2` and `openIdConnect`"},
	{Name: "digest", Needs: []string{"username", "password"}, Doc: "scheme `http digest`"},
	{Name: "hmac", Needs: []string{"key", "sign"}, Takes: []string{"headers", "query", "algorithm", "encoding", "key_encoding", "timestamp"},
		Doc: "a signature over a text that is made of the request"},
	{Name: "aws_sigv4", Needs: []string{"access_key_id", "secret_access_key", "region", "service"}, Takes: []string{"session_token"},
		Doc: "AWS Signature Version 4"},
	{Name: "mutual_tls", Doc: "scheme `mutualTLS`: the `tls` block has the certificate, and no auth block is needed"},
}

// everyGrant is what all grants take.
var everyGrant = []string{"client_id", "client_secret", "client_auth", "scopes", "token_url", "issuer", "token_params"}

// signingKey is what signs assertions.
var signingKey = []string{"key", "key_id", "algorithm"}

// Grants are the ways to get a token of type oauth2 (schemes `oauth2` and `openIdConnect`).
var Grants = []*AuthType{
	{Name: "client_credentials", Needs: []string{"client_id"}, Takes: slices.Concat(everyGrant, signingKey), Doc: "as the application itself"},
	{Name: "refresh_token", Needs: []string{"client_id", "refresh_token"}, Takes: slices.Concat(everyGrant, signingKey),
		Doc: "with a refresh token that the provider's console gave; where the server rotates it, the new one is kept"},
	{Name: "authorization_code", Needs: []string{"client_id"}, Takes: slices.Concat(everyGrant, signingKey, []string{"authorization_url", "redirect_url", "device_url"}), Interact: true,
		Doc: "as a person who has logged in, in a browser, through `tenon login`"},
	{Name: "device_code", Needs: []string{"client_id"}, Takes: slices.Concat(everyGrant, signingKey, []string{"device_url"}), Interact: true,
		Doc: "as a person who has logged in, with a code on another device, through `tenon login`"},
	{Name: "jwt_bearer", Needs: []string{"key"}, Takes: slices.Concat(everyGrant, signingKey, []string{"claims"}), Doc: "with an assertion that a key of yours signs (RFC 7523)"},
}

// Auth returns the type of auth blocks called name, or the grant of oauth2; nil if there is none.
func Auth(name string) *AuthType {
	for _, t := range slices.Concat(AuthTypes, Grants) {
		if t.Name == name {
			return t
		}
	}
	return nil
}

// GrantNames are the names of [Grants].
func GrantNames() []string {
	var out []string
	for _, g := range Grants {
		out = append(out, g.Name)
	}
	return out
}

// PublicAttrs are the attributes of an auth block that hold nothing secret.
var PublicAttrs = []string{
	"username", "client_id", "token_url", "issuer", "authorization_url", "device_url", "redirect_url", "token_params", "key_id", "claims", "access_key_id",
	"region", "service", "sign", "headers", "query",
}

func authAttr(name, doc string) *Attr {
	return &Attr{Name: name, Kind: Expression, Sees: []string{"var", "secret"}, Doc: doc}
}

func signAttr(name, doc string) *Attr {
	return &Attr{Name: name, Kind: Expression, Sees: []string{"var", "secret", "request", "signature"}, Doc: doc}
}

var auth = &Block{
	Name:   "auth",
	Unique: Parent,
	Labels: []*Label{{Name: "SCHEME", Kind: AnyText,
		Doc: "A security scheme of the spec. Where the spec declares none: any name, together with `type`."}},
	Attrs: []*Attr{
		{Name: "type", Kind: Choice, Choices: []string{"api_key", "basic", "bearer", "digest", "oauth2", "hmac", "aws_sigv4"},
			Doc: "How to sign in, for a spec that does not say, or not rightly. Every request of the API is then signed so, unless the label is a scheme of the spec."},
		{Name: "in", Kind: Choice, Choices: []string{"header", "query", "cookie"}, Needs: "type",
			Doc: "Where an `api_key` travels."},
		{Name: "name", Kind: Text, Needs: "type",
			Doc: "The header, query parameter or cookie that carries an `api_key`."},
		authAttr("value", "The key (scheme `apiKey`)."),
		authAttr("username", "The user (schemes `http basic` and `http digest`)."),
		authAttr("password", "The password (schemes `http basic` and `http digest`)."),
		authAttr("token", "The token (scheme `http bearer`, or one made elsewhere for `oauth2` and `openIdConnect`)."),
		{Name: "grant", Kind: Choice, Choices: GrantNames(),
			Doc: "How a token is got, of `oauth2` and `openIdConnect`. Not needed where the spec declares one flow. With `authorization_code` and `device_code` a person logs in once: `tenon login`."},
		authAttr("client_id", "The client, as it is registered with the provider."),
		authAttr("client_secret", "The client's secret. A public client has none."),
		{Name: "scopes", Kind: Texts,
			Doc: "What the token is to allow. Without it: the scopes that the spec asks for, of the operations that the project calls."},
		authAttr("refresh_token", "The first refresh token, of `grant = \"refresh_token\"`. Where the server rotates it, the new one is kept, encrypted, and this one is not used again."),
		authAttr("token_url", "The token endpoint, if not the one that the spec declares."),
		authAttr("authorization_url", "The page to log in on, if not the one that the spec declares."),
		authAttr("device_url", "The endpoint for devices, of `device_code`."),
		authAttr("issuer", "Where the server's metadata are, in place of the URLs above (OpenID Connect Discovery, RFC 8414): `https://login.example.com`."),
		authAttr("redirect_url", "Where the browser comes back to after the login, if the provider wants it to be registered: `http://127.0.0.1:8085/callback`. Without it, a free port of this machine."),
		{Name: "client_auth", Kind: Choice, Choices: []string{"basic", "body", "none", "private_key_jwt"},
			Doc: "How the client proves itself to the token endpoint: by `Authorization: Basic`, by parameters in the body, not at all (or by the certificate of `tls`), or by an assertion signed with `key`. Without it, the first of `basic` and `body` that the server takes."},
		authAttr("token_params", "An object of further parameters for the token endpoint and the login page, such as `{ audience = \"…\" }`."),
		authAttr("key", "The key that signs: in PEM for the assertions of `jwt_bearer` and `private_key_jwt`, any text for `hmac`."),
		authAttr("key_id", "The name by which the provider knows the key (`kid`)."),
		{Name: "algorithm", Kind: Choice,
			Choices: []string{"sha256", "sha512", "sha384", "sha1", "md5", "RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA", "HS256", "HS384", "HS512"},
			Doc:     "The hash of an `hmac`, `\"sha256\"` if not written; or the algorithm of assertions, which otherwise follows from the key."},
		authAttr("claims", "An object of claims of the assertion of `jwt_bearer`, laid over `iss` and `sub` (the client), `aud` (the token endpoint), `iat`, `exp` and `jti`. One that is null is left out."),
		signAttr("sign", "What an `hmac` is over: text made of `request`, which has `method`, `url`, `host`, `path`, `query` and `target` (path and query) as they are sent, `headers` by name in lower case, `body`, "+
			"`body_sha256` in hex, `timestamp` and a fresh `nonce`."),
		signAttr("headers", "An object of headers that carry the signature: its values see `signature` and `request`."),
		signAttr("query", "An object of query parameters that carry the signature, added in their order: its values see `signature` and `request`."),
		{Name: "encoding", Kind: Choice, Choices: []string{"hex", "base64", "base64url"}, Doc: "How `signature` is written, `\"hex\"` if it is not said."},
		{Name: "key_encoding", Kind: Choice, Choices: []string{"text", "hex", "base64", "base64url"}, Doc: "How `key` is written, `\"text\"` if it is not said."},
		{Name: "timestamp", Kind: Choice, Choices: []string{"unix", "unix_ms", "rfc3339", "http"}, Doc: "How `request.timestamp` is written, in seconds since 1970 if it is not said."},
		authAttr("access_key_id", "The id of the access key, of `aws_sigv4`."),
		authAttr("secret_access_key", "The access key, of `aws_sigv4`."),
		authAttr("session_token", "The session token of temporary keys, of `aws_sigv4`."),
		authAttr("region", "The region, of `aws_sigv4`: `eu-central-1`."),
		authAttr("service", "The service, of `aws_sigv4`: `execute-api`."),
	},
	Doc: "A credential. Which attributes it takes follows from the security scheme: `value` for an API key, `username` and `password` for basic and digest, `token` for bearer, " +
		"`client_id` and what its `grant` needs for OAuth 2. Which operations need which credentials, and together with which others, the spec says. [Signing in](../auth.md) has an example of each.\n\n" +
		"In a `trigger \"operation\"` it is a credential that clients have to show: `value` of an API key, `username` and `password`, or `token`. `value`, `password` and `token` may be a list of which any will do, " +
		"one for each client, or the old one and the new.",
	Example: `api "shop" {
  spec = "openapi/shop.yaml"

  auth "key" {
    value = secret.shop_key
  }
}

api "legacy" {
  spec = "openapi/legacy.yaml"

  auth "office" {
    type          = "oauth2"
    grant         = "client_credentials"
    client_id     = "tenon"
    client_secret = secret.office
    token_url     = "https://login.example.com/token"
  }
}

secret "shop_key" {
  env = "SHOP_KEY"
}

secret "office" {
  env = "OFFICE_SECRET"
}

integration "rates" {
  step "orders" {
    call = shop.listOrders
  }
  step "rate" {
    call   = legacy["GET /rates/{currency}"]
    params = { currency = step.orders.body.data[0].currency }
  }
  output "rate" {
    value = step.rate.body.rate
  }
}
`,
}

var tls = &Block{
	Name: "tls",
	Once: true,
	Attrs: []*Attr{
		authAttr("ca", "The certificates of the authorities that are trusted for this API, in place of the system's: a file of the project, or the certificates themselves in PEM."),
		authAttr("cert", "The certificate that this side shows (mutual TLS): a file of the project, or the certificate itself in PEM."),
		{Name: "key", Kind: Expression, Needs: "cert", Sees: []string{"var", "secret"}, Doc: "The private key of `cert`, in PEM: a secret."},
	},
	AtLeastOne: []string{"ca", "cert"},
	Doc:        "How the connections to an API are secured, where that is not as usual. Its token endpoint is reached in the same way.",
	Example: `api "shop" {
  spec = "openapi/shop.yaml"

  auth "key" {
    value = secret.shop_key
  }
  tls {
    cert = secret.shop_cert
    key  = secret.shop_cert_key
  }
}

secret "shop_key" {
  env = "SHOP_KEY"
}

secret "shop_cert" {
  file = "shop.pem"
}

secret "shop_cert_key" {
  file = "shop-key.pem"
}

integration "orders" {
  step "orders" {
    call = shop.listOrders
  }
  output "orders" {
    value = step.orders.body.data
  }
}
`,
}
