package main

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"strings"
	"testing"

	"tenon/runtime/realserver"
)

// ran is what `tenon run` prints.
type ran struct {
	Status  string
	Outputs map[string]any
	Error   struct{ Kind, Step, Message string }
}

// runUser runs the command in process as a user with these secrets in the environment would. None of
// them may be printed.
func runUser(t *testing.T, secrets map[string]string, args ...string) (status int, r ran, stderr string) {
	t.Helper()
	var out, errs bytes.Buffer
	cache := t.TempDir()
	status = run(context.Background(), &env{
		Args: args, Stdin: strings.NewReader(""), Stdout: &out, Stderr: &errs, Dir: t.TempDir(),
		LookupEnv: func(name string) (string, bool) {
			if name == "TENON_CACHE" {
				return cache, true
			}
			v, ok := secrets[name]
			return v, ok
		},
	})
	for _, v := range secrets {
		if strings.Contains(out.String()+errs.String(), v) {
			t.Errorf("tenon %s prints a secret:\n%s%s", strings.Join(args, " "), out.String(), errs.String())
		}
	}
	if out.Len() > 0 {
		if err := json.Unmarshal(out.Bytes(), &r); err != nil {
			t.Fatalf("tenon %s: %v\n%s%s", strings.Join(args, " "), err, out.String(), errs.String())
		}
	}
	return status, r, errs.String()
}

const stripeProject = `
api "stripe" {
  spec   = "openapi/stripe.json"
  server = var.url

  auth "bearerAuth" {
    token = secret.key
  }
}

variable "url" {
  type = string
}

secret "key" {
  env = "STRIPE_KEY"
}

integration "signup" {
  input "name" {
    type = string({ max_length = 200 })
  }

  step "customer" {
    call = stripe.PostCustomers
    body = {
      name              = input.name
      balance           = -500
      address           = { line1 = "1 Main St", country = "DE" }
      metadata          = { "order no" = "7", plan = "gold" }
      preferred_locales = ["de", "en"]
      invoice_settings = {
        custom_fields = [{ name = "VAT", value = "DE 1" }, { name = "Ref", value = "a=b&c" }]
      }
      expand = ["tax"]
    }
  }

  step "charges" {
    call   = stripe.GetCharges
    params = { created = { gte = 1, lt = 2000000000 }, expand = ["data.customer"], limit = 100 }

    paginate {
      items = response.body.data
      next  = response.body.has_more ? { starting_after = last(response.body.data).id } : null
    }
  }

  for_each "charge" {
    in  = step.charges.items
    key = charge.id

    step "refund" {
      call = stripe.PostRefunds
      body = { charge = charge.id, amount = clamp(charge.amount, 1, 50), metadata = { reason = "test" } }
    }

    aggregate "refunded" {
      sum = step.refund.body.amount
    }
  }

  output "name" {
    value = step.customer.body.name
  }

  output "charges" {
    value = for_each.charge.succeeded
  }
}
`

// Stripe's own mock checks every request against the whole document: nested forms, deepObject queries,
// bearer auth.
func TestStripe(t *testing.T) {
	spec, err := os.ReadFile(realserver.StripeSpec(t))
	if err != nil {
		t.Fatal(err)
	}
	url := realserver.StripeMock(t)
	dir := writeProject(t, map[string]string{"main.hcl": stripeProject, "openapi/stripe.json": string(spec)})
	key := map[string]string{"STRIPE_KEY": "sk_test_4711"}

	status, r, stderr := runUser(t, key, "run", "signup", dir, "--var", "url="+url, "--input", "name=Ada & Söhne")
	if status != 0 || r.Outputs["name"] != "Ada & Söhne" || r.Outputs["charges"] != 1.0 {
		t.Errorf("status %d, %+v\n%s", status, r, stderr)
	}

	// Pages by cursor come from the mock of the same document, 25 charges in all.
	status, r, stderr = runUser(t, nil, "run", "signup", dir, "--mock", "--var", "url="+url, "--input", "name=Ada")
	if status != 0 || r.Outputs["charges"] != 25.0 {
		t.Errorf("mocked: status %d, %+v\n%s", status, r, stderr)
	}

	// A key of another kind is refused; the failure names the step and does not show the key.
	status, r, stderr = runUser(t, map[string]string{"STRIPE_KEY": "wrong-key-0815"}, "run", "signup", dir, "--var", "url="+url, "--input", "name=Ada")
	if status != 1 || r.Error.Kind != "status" || !strings.Contains(r.Error.Message, "401") {
		t.Errorf("wrong key: status %d, %+v\n%s", status, r, stderr)
	}
}
