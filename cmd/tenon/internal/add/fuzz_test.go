package add

import (
	"bytes"
	"testing"

	"tenon/spec/openapi"
	"tenon/spec/syntax"
)

// FuzzCompose: whatever a document says, the block is HCL in canonical form, and says no more than one api.
func FuzzCompose(f *testing.F) {
	for _, src := range []string{
		"openapi: 3.0.3\ninfo: {title: \"a\\nb } api \\\"x\\\" {\"}\nservers: [{url: \"https://${a}.{b}.%{c}/\", variables: {b: {default: \"\\\"\"}}}]\npaths: {}\n",
		"openapi: 3.1.0\ninfo: {title: T}\nsecurity: [{\"a b\": [], \"a-b\": []}]\npaths: {/x: {get: {}}}\ncomponents: {securitySchemes: {\"a b\": {type: http, scheme: bearer}, \"a-b\": {type: oauth2, flows: {}}, \"\\\"}\": {type: apiKey, in: query, name: \"}\\n\"}}}\n",
		"swagger: '2.0'\nhost: \"a\\\" b\"\nschemes: [http]\nsecurityDefinitions: {\"1\": {type: basic}}\nsecurity: [{\"1\": []}]\npaths: {/x: {get: {}}}\n",
		"openapi: 3.0.0\nx-tenon-rate-limit: {rate: 1500/1500ms, burst: 2, concurrency: 3}\nservers: [{url: /}]\npaths: {}\n",
	} {
		f.Add([]byte(src), "https://example.com/a/openapi.yaml")
		f.Add([]byte(src), "")
	}
	f.Fuzz(func(t *testing.T, src []byte, at string) {
		doc, err := openapi.Load("openapi/api.yaml", src, openapi.Options{Name: "api"})
		if err != nil {
			return
		}
		b := Compose("api", "openapi/api.yaml", []string{"overlays/api.yaml"}, doc, at, Names{})
		file, problems := syntax.Parse("api.hcl", b.Text)
		if len(problems) > 0 {
			t.Fatalf("%s\n%s", problems[0].Message, b.Text)
		}
		if again, _ := syntax.Format("api.hcl", b.Text); !bytes.Equal(again, b.Text) {
			t.Fatalf("not in canonical form:\n%s", b.Text)
		}
		apis := 0
		for _, block := range file.Body.Blocks {
			switch block.Type {
			case "api":
				apis++
			case "secret", "variable":
			default:
				t.Fatalf("a block %q:\n%s", block.Type, b.Text)
			}
		}
		if apis != 1 {
			t.Fatalf("%d apis:\n%s", apis, b.Text)
		}
	})
}
