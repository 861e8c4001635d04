// Package stripealertmanager holds the tests of the integration in this directory.
package stripealertmanager

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"strings"
	"testing"

	"tenon/runtime/realserver"
)

var update = flag.Bool("update", false, "make openapi/stripe.json again")

const shipped = "openapi/stripe.json"

// The shipped part of Stripe's document is what the whole one says, word for word.
func TestSpecIsStripes(t *testing.T) {
	whole, err := os.ReadFile(realserver.StripeSpec(t))
	if err != nil {
		t.Fatal(err)
	}
	want := part(t, whole, "/v1/charges", "/v1/disputes")
	if *update {
		if err := os.WriteFile(shipped, want, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(shipped)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("%s differs from the document of stripe-mock; make it again with: go test . -update", shipped)
	}
}

type object = map[string]json.RawMessage

// part keeps the GET operations of the paths, and the components that they reach.
func part(t *testing.T, document []byte, paths ...string) []byte {
	t.Helper()
	whole := parse(t, document)
	all, components := parse(t, whole["paths"]), parse(t, whole["components"])
	schemas := parse(t, components["schemas"])
	keptPaths, keptSchemas := map[string]object{}, object{}
	var reach func(json.RawMessage)
	reach = func(raw json.RawMessage) {
		for _, name := range references(raw) {
			if keptSchemas[name] == nil {
				keptSchemas[name] = schemas[name]
				reach(schemas[name])
			}
		}
	}
	for _, path := range paths {
		get := parse(t, all[path])["get"]
		keptPaths[path] = object{"get": get}
		reach(get)
	}
	out := map[string]any{"components": map[string]any{"schemas": keptSchemas, "securitySchemes": components["securitySchemes"]}, "paths": keptPaths}
	for _, name := range []string{"info", "openapi", "security", "servers"} {
		out[name] = whole[name]
	}
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", " ")
	if err := e.Encode(out); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func parse(t *testing.T, raw []byte) object {
	t.Helper()
	var out object
	if err := json.Unmarshal(raw, &out); err != nil {
		t.Fatal(err)
	}
	return out
}

// references lists the schemas that a part of the document names.
func references(raw []byte) []string {
	const prefix = `"#/components/schemas/`
	var out []string
	for text := string(raw); ; {
		_, after, found := strings.Cut(text, prefix)
		if !found {
			return out
		}
		name, rest, _ := strings.Cut(after, `"`)
		out = append(out, name)
		text = rest
	}
}
