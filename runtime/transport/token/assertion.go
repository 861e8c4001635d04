package token

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"fmt"
	"maps"
	"strings"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"tenon/runtime/transport"
)

// Key signs JSON Web Tokens.
type Key struct {
	id     string
	keyID  string // the header "kid"; "": none
	method jwt.SigningMethod
	key    any
}

// ParseKey reads a private key in PEM (PKCS #8, PKCS #1 or SEC 1), or takes text as it is for an algorithm
// that begins with HS. Without an algorithm the key decides: RS256, ES256 to ES512, or EdDSA. keyID may be "".
func ParseKey(text, algorithm, keyID string) (*Key, error) {
	k := &Key{id: transport.Identify("key", text, algorithm, keyID), keyID: keyID}
	if strings.HasPrefix(algorithm, "HS") {
		k.key = []byte(text)
	} else {
		private, err := parsePrivate(text)
		if err != nil {
			return nil, err
		}
		if k.key = private; algorithm == "" {
			algorithm = usualAlgorithm(private)
		}
	}
	if k.method = jwt.GetSigningMethod(algorithm); k.method == nil || algorithm == "none" {
		return nil, fmt.Errorf("%q is no algorithm of signatures", algorithm)
	}
	if _, err := k.sign(jwt.MapClaims{}); err != nil {
		return nil, fmt.Errorf("the key cannot sign with %s", algorithm)
	}
	return k, nil
}

func parsePrivate(text string) (crypto.Signer, error) {
	block, _ := pem.Decode([]byte(text))
	if block == nil {
		return nil, errors.New(`the key is not in PEM: it begins with "-----BEGIN PRIVATE KEY-----"`)
	}
	if k, err := x509.ParsePKCS8PrivateKey(block.Bytes); err == nil {
		if signer, ok := k.(crypto.Signer); ok {
			return signer, nil
		}
	}
	if k, err := x509.ParsePKCS1PrivateKey(block.Bytes); err == nil {
		return k, nil
	}
	if k, err := x509.ParseECPrivateKey(block.Bytes); err == nil {
		return k, nil
	}
	return nil, fmt.Errorf("the key, a PEM block of type %q, is no private key that can be read; one with a passphrase must be decrypted first", block.Type)
}

func usualAlgorithm(k crypto.Signer) string {
	switch k := k.(type) {
	case *rsa.PrivateKey:
		return "RS256"
	case ed25519.PrivateKey:
		return "EdDSA"
	case *ecdsa.PrivateKey:
		return map[int]string{256: "ES256", 384: "ES384", 521: "ES512"}[k.Curve.Params().BitSize]
	}
	return ""
}

func (k *Key) sign(claims jwt.MapClaims) (string, error) {
	t := jwt.NewWithClaims(k.method, claims)
	if k.keyID != "" {
		t.Header["kid"] = k.keyID
	}
	return t.SignedString(k.key)
}

// assertionLife is how long an assertion is good for. It is used at once; five minutes allow for clocks.
const assertionLife = 5 * time.Minute

// assertion makes and signs what says who asks (RFC 7523 §3).
func (c *Config) assertion(audience string, own map[string]any, now time.Time) (string, error) {
	if c.SigningKey == nil {
		return "", errors.New("there is no key to sign an assertion with")
	}
	var id [16]byte
	rand.Read(id[:])
	claims := jwt.MapClaims{
		"aud": audience, "jti": hex.EncodeToString(id[:]), "iat": now.Unix(), "exp": now.Add(assertionLife).Unix(),
	}
	if c.ClientID != "" {
		claims["iss"], claims["sub"] = c.ClientID, c.ClientID
	}
	maps.Copy(claims, own)
	maps.DeleteFunc(claims, func(_ string, v any) bool { return v == nil })
	return c.SigningKey.sign(claims)
}
