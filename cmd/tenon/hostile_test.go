package main

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"time"
)

// TestHostileInputIsAFinding: whatever a project holds, lint says what is wrong and where, soon.
func TestHostileInputIsAFinding(t *testing.T) {
	const api = "api \"x\" {\n  spec   = \"x\"\n  server = \"https://x.example.com\"\n}\n\nintegration \"i\" {\n  step \"s\" {\n    call = x.get\n  }\n\n  output \"o\" {\n    value = step.s.body\n  }\n}\n"
	value := func(text string) map[string]string {
		return map[string]string{"main.hcl": "integration \"i\" {\n  output \"o\" {\n    value = " + text + "\n  }\n}\n"}
	}
	document := func(text string) map[string]string { return map[string]string{"main.hcl": api, "x": text} }
	operation := func(schema, rest string) map[string]string {
		return document(`{"openapi": "3.1.0", "info": {"title": "x", "version": "1"}, "security": [], "paths": {"/x": {"get": {"operationId": "get", "responses": {"200": {"description": "ok", "content": {"application/json": {"schema": ` + schema + `}}}}}}}` + rest + `}`)
	}
	again := strings.Repeat
	for name, c := range map[string]struct {
		files map[string]string
		rule  string // that is reported; "" if it is fine
	}{
		"parentheses":         {value(again("(", 10_000) + "1" + again(")", 10_000)), "syntax"},
		"lists":               {value(again("[", 10_000) + again("]", 10_000)), "syntax"},
		"blocks":              {map[string]string{"main.hcl": again("step \"a\" {\n", 10_000) + again("}\n", 10_000)}, "syntax"},
		"templates":           {value(again(`"${`, 5_000) + "1" + again(`}"`, 5_000)), "syntax"},
		"operators":           {value("1" + again(" + 1", 50_000)), "syntax"},
		"not UTF-8":           {map[string]string{"main.hcl": "a = \"\xff\xfe\"\n"}, "syntax"},
		"NUL":                 {map[string]string{"main.hcl": "a = \"\x00\"\n"}, "syntax"},
		"huge":                {map[string]string{"main.hcl": again("# nothing\n", 2<<20)}, "syntax"},
		"an unclosed string":  {value(`"abc`), "syntax"},
		"expr, deep":          {value(`expr("` + again("(", 10_000) + "1" + again(")", 10_000) + `")`), "syntax"},
		"expr, endless":       {value(`expr("map(1..1000000000, 1..1000000000)")`), "*"},
		"JSON, deep":          {document(again(`{"a":`, 10_000) + "1" + again("}", 10_000)), "spec-unreadable"},
		"JSON, deep lists":    {document(again("[", 100_000) + again("]", 100_000)), "spec-unreadable"},
		"YAML, deep":          {document("openapi: 3.1.0\na: " + again("[", 10_000) + again("]", 10_000)), "spec-unreadable"},
		"YAML, many copies":   {document(laughs()), "spec-unreadable"},
		"YAML, cyclic":        {document("openapi: 3.1.0\na: &a [*a]\n"), "spec-unreadable"},
		"zeros":               {document(again("\x00", 1<<20)), "spec-unreadable"},
		"$ref to itself":      {operation(`{"$ref": "#/components/schemas/A"}`, `, "components": {"schemas": {"A": {"$ref": "#/components/schemas/A"}}}`), "spec-invalid"},
		"$ref in a ring":      {operation(`{"$ref": "#/components/schemas/A"}`, `, "components": {"schemas": {"A": {"$ref": "#/components/schemas/B"}, "B": {"$ref": "#/components/schemas/A"}}}`), "spec-invalid"},
		"allOf of itself":     {operation(`{"$ref": "#/components/schemas/A"}`, `, "components": {"schemas": {"A": {"allOf": [{"$ref": "#/components/schemas/A"}, {"type": "object"}]}}}`), "spec-invalid"},
		"not of itself":       {operation(`{"$ref": "#/components/schemas/A"}`, `, "components": {"schemas": {"A": {"not": {"$ref": "#/components/schemas/A"}}}}`), "*"},
		"a deep schema":       {operation(again(`{"type":"array","items":`, 10_000)+"{}"+again("}", 10_000), ""), "*"},
		"a wide union":        {operation(wide(), ""), "*"},
		"a hostile pattern":   {operation(`{"type": "string", "pattern": "^(a+)+$"}`, ""), "*"},
		"a path in the $ref":  {operation(`{"$ref": "../../../../etc/passwd"}`, ""), "spec-invalid"},
		"an address in a ref": {operation(`{"$ref": "http://169.254.169.254/latest"}`, ""), "spec-invalid"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := writeProject(t, c.files)
			var out, problems bytes.Buffer
			start := time.Now()
			got := run(t.Context(), testEnv(t, dir, &out, &problems, "lint", "--json"))
			if took := time.Since(start); took > 20*time.Second {
				t.Errorf("it took %s", took)
			}
			if got != exitDone && got != exitNotWell {
				t.Errorf("exit status %d\n%s", got, problems.String())
			}
			if c.rule != "*" && !strings.Contains(out.String(), fmt.Sprintf("%q: %q", "rule", c.rule)) {
				t.Errorf("no %s in\n%.2000s", c.rule, out.String())
			}
			if strings.Contains(out.String(), "root:") {
				t.Error("a file outside the project was read")
			}
			if out.Len() > 1<<20 {
				t.Errorf("%d bytes of findings", out.Len())
			}
		})
	}
}

// laughs is a small document that would be huge with its aliases written out.
func laughs() string {
	var w strings.Builder
	w.WriteString("openapi: 3.1.0\nl0: &l0 lol\n")
	for i := 1; i < 30; i++ {
		fmt.Fprintf(&w, "l%d: &l%d [*l%d, *l%d, *l%d, *l%d, *l%d, *l%d, *l%d, *l%d, *l%d]\n", i, i, i-1, i-1, i-1, i-1, i-1, i-1, i-1, i-1, i-1)
	}
	return w.String()
}

// wide is a union of intersections of unions.
func wide() string {
	var any []string
	for i := range 200 {
		any = append(any, fmt.Sprintf(`{"type": "object", "properties": {"p%d": {"type": "string"}}}`, i))
	}
	union := `{"anyOf": [` + strings.Join(any, ",") + `]}`
	return `{"allOf": [` + union + "," + union + "," + union + `]}`
}
