package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"tenon/spec/plan"
)

// TestPlanSchemaHasEveryMember holds schemas/plan.schema.json against the Go types: each member that a plan
// may have is described, and nothing else is.
func TestPlanSchemaHasEveryMember(t *testing.T) {
	text, err := os.ReadFile(filepath.Join(repository(), "schemas", "plan.schema.json"))
	if err != nil {
		t.Fatal(err)
	}
	type object struct {
		Properties map[string]any `json:"properties"`
	}
	var schema struct {
		object
		Defs map[string]object `json:"$defs"`
	}
	if err := json.Unmarshal(text, &schema); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		schema object
		value  any
	}{
		"plan":      {schema.object, plan.Plan{}},
		"api":       {schema.Defs["api"], plan.API{}},
		"auth":      {schema.Defs["auth"], plan.Auth{}},
		"signing":   {schema.Defs["signing"], plan.Signing{}},
		"tls":       {schema.Defs["tls"], plan.TLS{}},
		"limit":     {schema.Defs["limit"], plan.Limit{}},
		"retry":     {schema.Defs["retry"], plan.Retry{}},
		"input":     {schema.Defs["input"], plan.Input{}},
		"secret":    {schema.Defs["secret"], plan.Secret{}},
		"output":    {schema.Defs["output"], plan.Output{}},
		"block":     {schema.Defs["block"], plan.Block{}},
		"op":        {schema.Defs["op"], plan.Op{}},
		"compute":   {schema.Defs["compute"], plan.Compute{}},
		"check":     {schema.Defs["check"], plan.Check{}},
		"catch":     {schema.Defs["catch"], plan.Catch{}},
		"call":      {schema.Defs["call"], plan.Call{}},
		"param":     {schema.Defs["param"], plan.Param{}},
		"body":      {schema.Defs["body"], plan.Body{}},
		"encoding":  {schema.Defs["encoding"], plan.Encoding{}},
		"field":     {schema.Defs["field"], plan.Field{}},
		"guard":     {schema.Defs["guard"], plan.Guard{}},
		"response":  {schema.Defs["response"], plan.Response{}},
		"paginate":  {schema.Defs["paginate"], plan.Paginate{}},
		"evidence":  {schema.Defs["evidence"], plan.Evidence{}},
		"for_each":  {schema.Defs["for_each"], plan.ForEach{}},
		"aggregate": {schema.Defs["aggregate"], plan.Aggregate{}},
		"trigger":   {schema.Defs["trigger"], plan.Trigger{}},
		"operation": {schema.Defs["operation"], plan.Operation{}},
		"param in":  {schema.Defs["taken_param"], plan.TakenParam{}},
		"body in":   {schema.Defs["taken_body"], plan.TakenBody{}},
		"content":   {schema.Defs["taken_content"], plan.TakenContent{}},
		"proof":     {schema.Defs["proof"], plan.Proof{}},
		"respond":   {schema.Defs["respond"], plan.Respond{}},
		"serving":   {schema.Defs["serving"], plan.Serving{}},
	} {
		var want, got []string
		for member := range c.schema.Properties {
			want = append(want, member)
		}
		for _, f := range reflect.VisibleFields(reflect.TypeOf(c.value)) {
			if member, _, _ := strings.Cut(f.Tag.Get("json"), ","); f.IsExported() && member != "-" {
				got = append(got, member)
			}
		}
		slices.Sort(want)
		slices.Sort(got)
		if !slices.Equal(got, want) {
			t.Errorf("%s: the plan has %v, the schema %v", name, got, want)
		}
	}
}
