package check

import (
	"encoding/json"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"

	"tenon/spec/diag"
	"tenon/spec/lang"
	"tenon/spec/source"
)

// pointing are the rules about what a document declares, and what of it their example is about.
var pointing = map[string]string{
	"body-not-taken": "get", "unknown-parameter": "get", "missing-parameter": "", "unknown-property": "InvoiceCreate", "missing-property": "amount",
	"type-mismatch": "amount", "enum-value": "state", "format-mismatch": "schema", "out-of-range": "amount", "length": "reference",
	"read-only-property": "id", "maybe-absent": "customer", "maybe-null": "customer", "lossy-number": "amount", "unknown-field": "Order",
	"match-not-exhaustive": "currency", "media-type": "requestBody", "deprecated-operation": "post", "pagination-missing": "",
	"auth-attribute": "token", "auth-missing": "get", "auth-unknown-scheme": "token", "in-doubt-write": "post", "unsafe-retry": "post",
}

// TestFindingsPointIntoTheDocument holds that what is found about something declared says where it is
// declared, at that very place, be the document YAML or JSON.
func TestFindingsPointIntoTheDocument(t *testing.T) {
	for name, want := range pointing {
		rule := lang.Rule(name)
		for _, format := range []string{"yaml", "json"} {
			t.Run(name+"/"+format, func(t *testing.T) {
				project := rule.Bad
				if format == "json" {
					project = withJSON(t, project)
				}
				found := 0
				for _, d := range lint(t, project) {
					if d.Rule == rule {
						found++
						checkPlace(t, project, d, format, want)
					}
				}
				if found == 0 {
					t.Error("the example does not trip the rule")
				}
			})
		}
	}
}

func checkPlace(t *testing.T, project string, d *diag.Diagnostic, format, want string) {
	t.Helper()
	for _, r := range d.Related {
		if !strings.HasSuffix(r.Range.File, "."+format) {
			continue
		}
		src := files(project)[r.Range.File].Data
		if got := strings.Trim(source.NewFile(r.Range.File, src).Text(r.Range), `"`); want != "" && got != want {
			t.Errorf("%q points at %q, want %q", d.Message, got, want)
		}
		return
	}
	t.Errorf("%q points at no document: %v", d.Message, d.Related)
}

// withJSON is a project whose documents are JSON.
func withJSON(t *testing.T, project string) string {
	t.Helper()
	if !strings.HasPrefix(project, "-- ") {
		project = "-- main.hcl --\n" + project
	}
	project = strings.ReplaceAll(project, `.yaml"`, `.json"`)
	for name, content := range lang.ExampleFiles() {
		var v any
		if err := yaml.Unmarshal([]byte(content), &v); err != nil {
			t.Fatal(err)
		}
		data, err := json.MarshalIndent(v, "", "  ")
		if err != nil {
			t.Fatal(err)
		}
		project += "-- " + strings.Replace(name, ".yaml", ".json", 1) + " --\n" + string(data) + "\n"
	}
	return project
}
