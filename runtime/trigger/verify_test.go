package trigger

import (
	"crypto/hmac"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"tenon/runtime/secret"
	"tenon/spec/plan"
)

var noon = time.Unix(1_700_000_000, 0)

// delivery is a request that a provider would send.
type delivery struct {
	verify  plan.Verify
	secrets map[string]string
	header  http.Header
	body    string
}

func sum256(key, text string) []byte {
	m := hmac.New(sha256.New, []byte(key))
	m.Write([]byte(text))
	return m.Sum(nil)
}

func headers(pairs ...string) http.Header {
	h := http.Header{}
	for i := 0; i < len(pairs); i += 2 {
		h.Add(pairs[i], pairs[i+1])
	}
	return h
}

// genuine are deliveries as each method's provider makes them. The figures of github and
// standard_webhooks are the published examples of their documentation.
func genuine() map[string]delivery {
	at := strconv.FormatInt(noon.Unix(), 10)
	body := `{"id":"evt_1"}`
	std := base64.StdEncoding.EncodeToString([]byte("a key of 24 bytes or so.."))
	m512 := hmac.New(sha512.New, []byte("s3cret"))
	m512.Write([]byte(at + "." + body))
	return map[string]delivery{
		"stripe": {
			plan.Verify{Method: "stripe"}, map[string]string{"secret": "whsec_x"},
			headers("Stripe-Signature", fmt.Sprintf("t=%s,v1=%x,v1=%x,v0=00", at, sum256("old", at+"."+body), sum256("whsec_x", at+"."+body))), body,
		},
		"github": {
			plan.Verify{Method: "github"}, map[string]string{"secret": "It's a Secret to Everybody"},
			headers("X-Hub-Signature-256", "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"), "Hello, World!",
		},
		"slack": {
			plan.Verify{Method: "slack"}, map[string]string{"secret": "shh"},
			headers("X-Slack-Request-Timestamp", at, "X-Slack-Signature", "v0="+hex.EncodeToString(sum256("shh", "v0:"+at+":"+body))), body,
		},
		"shopify": {
			plan.Verify{Method: "shopify"}, map[string]string{"secret": "shh"},
			headers("X-Shopify-Hmac-Sha256", base64.StdEncoding.EncodeToString(sum256("shh", body))), body,
		},
		"standard_webhooks": {
			plan.Verify{Method: "standard_webhooks"}, map[string]string{"secret": "whsec_" + std},
			headers("webhook-id", "msg_1", "webhook-timestamp", at,
				"webhook-signature", "v1a,zzz v1,"+base64.StdEncoding.EncodeToString(sum256("a key of 24 bytes or so..", "msg_1."+at+"."+body))), body,
		},
		"hmac": {
			plan.Verify{Method: "hmac", Header: "X-Sig", Algorithm: "sha512", Encoding: "base64", Prefix: "v1:", Timestamp: "X-Time"},
			map[string]string{"secret": "s3cret"},
			headers("X-Sig", "v1:"+base64.StdEncoding.EncodeToString(m512.Sum(nil)), "X-Time", at), body,
		},
		"basic": {
			plan.Verify{Method: "basic"}, map[string]string{"username": "u", "password": "p:w"},
			headers("Authorization", "basic "+base64.StdEncoding.EncodeToString([]byte("u:p:w"))), body,
		},
		"bearer": {
			plan.Verify{Method: "bearer"}, map[string]string{"token": "tok"}, headers("Authorization", "Bearer tok"), body,
		},
	}
}

func (d delivery) check(t *testing.T, now time.Time) error {
	t.Helper()
	secrets := map[string]secret.Value{}
	for name, text := range d.secrets {
		secrets[name] = secret.New(text)
	}
	v, err := NewVerifier(&d.verify, secrets)
	if err != nil {
		t.Fatal(err)
	}
	return v.Verify(d.header, []byte(d.body), now)
}

func TestVerify(t *testing.T) {
	for name, d := range genuine() {
		t.Run(name, func(t *testing.T) {
			if err := d.check(t, noon); err != nil {
				t.Fatalf("a genuine delivery is refused: %v", err)
			}
			signs := name != "basic" && name != "bearer"
			timed := signs && name != "github" && name != "shopify"
			refused := func(what string, err error) {
				t.Helper()
				var r *Refusal
				if !errors.As(err, &r) {
					t.Errorf("%s: %v", what, err)
				}
				for _, s := range d.secrets {
					if err != nil && strings.Contains(err.Error(), s) && len(s) > 3 {
						t.Errorf("%s: the refusal tells the secret: %v", what, err)
					}
				}
			}
			if signs {
				forged := d
				forged.body += " "
				refused("another body", forged.check(t, noon))
			}
			for _, late := range []time.Duration{6 * time.Minute, -6 * time.Minute} {
				if timed {
					refused("stale", d.check(t, noon.Add(late)))
				}
			}
			for h := range d.header {
				lacking, twice, junk := d, d, d
				lacking.header, twice.header, junk.header = d.header.Clone(), d.header.Clone(), d.header.Clone()
				lacking.header.Del(h)
				refused("without "+h, lacking.check(t, noon))
				twice.header.Add(h, d.header.Get(h))
				refused("twice "+h, twice.check(t, noon))
				junk.header.Set(h, "\xff junk")
				refused("junk in "+h, junk.check(t, noon))
			}
			for s := range d.secrets {
				wrong := d
				wrong.secrets = map[string]string{}
				for k, v := range d.secrets {
					wrong.secrets[k] = v
				}
				wrong.secrets[s] = "whsec_" + base64.StdEncoding.EncodeToString([]byte("another"))
				refused("another "+s, wrong.check(t, noon))
			}
		})
	}
}

func TestSvixNames(t *testing.T) {
	d := genuine()["standard_webhooks"]
	h := http.Header{}
	for name, v := range d.header {
		h[strings.Replace(name, "Webhook-", "Svix-", 1)] = v
	}
	d.header = h
	if err := d.check(t, noon); err != nil {
		t.Error(err)
	}
}

func TestVerifierMistakes(t *testing.T) {
	for _, v := range []plan.Verify{
		{Method: "rsa"}, {Method: "hmac"}, {Method: "hmac", Header: "X", Algorithm: "md4"}, {Method: "standard_webhooks"},
	} {
		if _, err := NewVerifier(&v, map[string]secret.Value{"secret": secret.New("!!")}); err == nil {
			t.Errorf("%+v was taken", v)
		}
	}
	if _, err := NewVerifier(&plan.Verify{Method: "github"}, map[string]secret.Value{"secret": secret.New("")}); err == nil {
		t.Error("an empty secret was taken")
	}
}

func FuzzVerify(f *testing.F) {
	f.Add("stripe", "t=1,v1=00", "1", "body")
	f.Add("standard_webhooks", "v1,AA== v1,BB==", "99999999999999999999", "")
	f.Add("slack", "v0=", "-1", "x")
	all := genuine()
	f.Fuzz(func(t *testing.T, method, signature, at, body string) {
		d, ok := all[method]
		if !ok {
			return
		}
		h := d.header.Clone()
		for name := range h {
			if strings.Contains(name, "Time") {
				h.Set(name, at)
			} else {
				h.Set(name, signature)
			}
		}
		if d.header, d.body = h, body; d.check(t, noon) == nil && body != all[method].body {
			t.Errorf("%s takes %q with %q at %q", method, body, signature, at)
		}
	})
}
