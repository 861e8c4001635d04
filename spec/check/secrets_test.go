package check

import (
	"strings"
	"testing"

	"tenon/spec/diag"
	"tenon/spec/expression"
)

// secretProject has a secret and the given lines in an integration.
func secretProject(body string) string {
	return `secret "key" {
  env = "KEY"
}

api "shop" {
  spec    = "openapi/shop.yaml"
  headers = { "X-Key" = secret.key }
}

mapping "wrap" {
  from  = { x = string }
  value = { text = "<${x}>" }
}

mapping "typed" {
  from  = { x = string }
  to    = schema.out
  value = { text = "<${x}>" }
}

mapping "note" {
  from  = { x = string }
  to    = shop.operations.addNote.request
  value = { text = "<${x}>" }
}

mapping "constant" {
  from  = { x = string }
  value = { length = 1, other = "a" }
}

schema "out" {
  type = object({ text = string })
}

integration "example" {
` + body + `
}
`
}

// TestSecretsStaySecret holds that whatever is computed from a secret is one, at each place where it
// must not go.
func TestSecretsStaySecret(t *testing.T) {
	value := func(expr string) string {
		return "  step \"v\" {\n    value = " + expr + "\n  }\n"
	}
	out := func(expr string) string {
		return "  output \"o\" {\n    value = " + expr + "\n  }\n"
	}
	note := func(text string) string {
		return "  step \"note\" {\n    call   = shop.addNote\n    params = { id = \"1\" }\n    body   = { text = " + text + " }\n  }\n"
	}
	for _, test := range []struct {
		name, body string
		leaks      []string // the text at fault
	}{
		{"itself", out(`secret.key`), []string{"secret.key"}},
		{"template", out(`"a${secret.key}b"`), []string{`"a${secret.key}b"`}},
		{"function", out(`sha256(upper(secret.key))`), []string{"sha256(upper(secret.key))"}},
		{"part of an object", out(`{ a = 1, b = secret.key }`), []string{"secret.key"}},
		{"value step", value(`upper(secret.key)`) + out(`step.v.value`), []string{"step.v.value"}},
		{"value step's other members", value(`upper(secret.key)`) + out(`[step.v.skipped, step.v.value == null]`), []string{"step.v.value == null"}},
		{"two steps on", value(`secret.key`) + "  step \"w\" {\n    value = \"${step.v.value}!\"\n  }\n" + note(`step.w.value`), []string{"step.w.value"}},
		{"mapping", out(`mapping::wrap(secret.key)`), []string{"mapping::wrap(secret.key)"}},
		{"typed mapping", out(`mapping::typed(secret.key)`), []string{"mapping::typed(secret.key)"}},
		{"part of a typed mapping", out(`mapping::typed(secret.key).text`), []string{"mapping::typed(secret.key).text"}},
		{"mapping as a request body", "  step \"note\" {\n    call   = shop.addNote\n    params = { id = \"1\" }\n    body   = mapping::note(secret.key)\n  }\n", []string{"mapping::note(secret.key)"}},
		{"mapping that is revealed", out(`reveal(mapping::typed(secret.key).text, "to show it")`), nil},
		{"mapping in a step", value(`mapping::typed(secret.key)`) + out(`step.v.value.text`), []string{"step.v.value.text"}},
		{"mapping that drops it", out(`mapping::constant(secret.key)`), nil},
		{"for", out(`[for x in ["a"] : "${x}${secret.key}"]`), []string{`"${x}${secret.key}"`}},
		{"closure", out(`expr("map([1, 2], secret.key + string(#))")`), []string{`secret.key + string(#)`}},
		{"let", out(`expr("let k = secret.key; [k]")`), []string{"k"}},
		{"conditional", out(`secret.key == "a" ? 1 : 2`), []string{`secret.key == "a" ? 1 : 2`}},
		{"request body", note(`secret.key`), []string{"secret.key"}},
		{"items", "  for_each \"x\" {\n    in = [secret.key]\n    aggregate \"all\" {\n      list = x\n    }\n  }\n" + out(`for_each.x.all`), []string{"for_each.x.all"}},
		{"key of an item", "  for_each \"x\" {\n    in  = [secret.key]\n    key = x\n    aggregate \"n\" {\n      sum = 1\n    }\n  }\n" + out(`for_each.x.n`), []string{"x"}},
		{"catch body", "  step \"o\" {\n    call   = shop.getOrder\n    params = { id = \"1\" }\n    catch \"404\" {\n      body = { id = secret.key }\n    }\n  }\n" +
			out(`[step.o.body.id, "${step.o.skipped}"]`), []string{"step.o.body.id"}},

		{"revealed", out(`reveal(secret.key, "to show it")`), nil},
		{"revealed once", value(`reveal(secret.key, "to show it")`) + out(`step.v.value`), nil},
		{"condition", "  step \"v\" {\n    when  = secret.key != \"\"\n    value = 1\n  }\n" + out(`step.v.value`), nil},
		{"switch", "  switch \"s\" {\n    on = secret.key\n    case \"test\" {\n" + note(`"test"`) + "    }\n    default {\n    }\n  }\n", nil},
		{"header", "  step \"note\" {\n    call    = shop.addNote\n    params  = { id = \"1\" }\n    headers = { \"X-Sign\" = hmac_sha256(secret.key, \"x\") }\n    body    = { text = \"x\" }\n  }\n", nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			project := secretProject(test.body)
			var leaks []string
			for _, d := range lint(t, project) {
				switch {
				case d.Rule == expression.SecretLeak:
					leaks = append(leaks, project[d.Range.Start:d.Range.End])
				case d.Severity == diag.Error:
					t.Errorf("%s: %s", d.Rule.Name, d.Message)
				}
			}
			if strings.Join(leaks, "\n") != strings.Join(test.leaks, "\n") {
				t.Errorf("leaks at %q, want %q", leaks, test.leaks)
			}
		})
	}
}

// TestSecretTrail holds that a leak far from the secret tells each place on the way.
func TestSecretTrail(t *testing.T) {
	project := secretProject(`  step "a" {
    value = upper(secret.key)
  }
  step "b" {
    value = { sum = "${step.a.value}!" }
  }
  output "o" {
    value = [step.b.value.sum, 1]
  }
`)
	var places []string
	for _, d := range lint(t, project) {
		if d.Rule == expression.SecretLeak {
			for _, r := range d.Related {
				places = append(places, project[r.Range.Start:r.Range.End])
			}
		}
	}
	want := []string{`{ sum = "${step.a.value}!" }`, `upper(secret.key)`}
	if strings.Join(places, "\n") != strings.Join(want, "\n") {
		t.Errorf("the trail is %q, want %q", places, want)
	}
}
