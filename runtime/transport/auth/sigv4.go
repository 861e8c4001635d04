package auth

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"

	"tenon/runtime/event"
	"tenon/runtime/transport"
)

// sigV4 signs requests as Amazon Web Services want it (Signature Version 4).
type sigV4 struct {
	key             aws.Credentials
	region, service string
	now             func() time.Time
}

func newSigV4(g Given, env Env) *sigV4 {
	c := &sigV4{
		key:    aws.Credentials{AccessKeyID: g.text("access_key_id"), SecretAccessKey: g.text("secret_access_key"), SessionToken: g.text("session_token")},
		region: g.text("region"), service: g.text("service"), now: env.Now,
	}
	env.Redactor.Add(c.key.SecretAccessKey)
	env.Redactor.Add(c.key.SessionToken)
	return c
}

func (c *sigV4) ID() string {
	return transport.Identify("aws_sigv4", c.key.AccessKeyID, c.region, c.service)
}

func (c *sigV4) Sign(ctx context.Context, o *transport.Outgoing) error {
	storage := c.service == "s3" || c.service == "s3-object-lambda" || c.service == "s3express"
	sum := sha256.Sum256(o.Body)
	hash := hex.EncodeToString(sum[:])
	if o.Streamed {
		if !storage {
			return &transport.Error{Cause: event.InvalidRequest, Message: "a body that is streamed cannot be signed for " + c.service + ": its bytes are not known before they are sent"}
		}
		hash = "UNSIGNED-PAYLOAD"
	}
	if storage {
		o.Header.Set("X-Amz-Content-Sha256", hash)
	}
	u := *o.URL
	// The signer's request has no length, so that the header Content-Length, which proxies may change, is not signed.
	req := &http.Request{Method: o.Method, URL: &u, Host: u.Host, Header: o.Header}
	err := v4.NewSigner().SignHTTP(ctx, c.key, req, hash, c.service, c.region, c.now().UTC(), func(s *v4.SignerOptions) {
		s.DisableURIPathEscaping = storage
	})
	if err != nil {
		return &transport.Error{Cause: event.InvalidRequest, Message: "the request cannot be signed: " + err.Error(), Err: err}
	}
	o.URL, o.Header = req.URL, req.Header
	return nil
}

func (c *sigV4) Answered(context.Context, *transport.Outgoing, int, http.Header) (bool, error) {
	return false, nil
}

func (c *sigV4) Hide(o *transport.Outgoing) {
	o.Header.Set("Authorization", "AWS4-HMAC-SHA256 "+hidden)
	if c.key.SessionToken != "" {
		o.Header.Set("X-Amz-Security-Token", hidden)
	}
}
