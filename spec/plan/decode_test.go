package plan

import (
	"encoding/json"
	"strings"
	"testing"

	"tenon/spec/expression"
	"tenon/spec/source"
)

// small is a plan that Decode takes; the tests break it in one place each.
const small = `{
  "version": 1, "integration": "i",
  "apis": {"shop": {"name": "shop", "spec": "shop.yaml", "digest": "sha256:0", "server": EXPR, "range": {},
    "auth": {"key": {"scheme": "key", "type": "api_key", "in": "header", "name": "X-Key", "attrs": {"value": EXPR}, "range": {}}}}},
  "secrets": [{"name": "s", "env": "S", "range": {}}],
  "steps": {"ops": [
    {"id": "step.a", "kind": "step", "name": "a", "range": {},
     "call": {"api": "shop", "operation": "list", "method": "GET", "path": "/orders", "responses": [{"status": "200", "success": true}],
       "security": ["key"], "paginate": {"items": EXPR, "rule": "explicit"}, "origin": {}, "range": {}}},
    {"id": "for_each.x", "kind": "for_each", "name": "x", "after": ["step.a"], "range": {},
     "for_each": {"var": "x", "stream": "step.a", "concurrency": 1,
       "block": {"ops": [{"id": "step.b", "kind": "step", "name": "b", "range": {}, "value": {"value": EXPR}}]}}},
    {"id": "step.w", "kind": "step", "name": "w", "range": {}, "wait": {"for": 1}},
    {"id": "step.r", "kind": "step", "name": "r", "range": {}, "run": {"range": {}, "plan": {"version": 1, "integration": "j", "apis": {}, "steps": {"ops": []}}}},
    {"id": "step.u", "kind": "step", "name": "u", "range": {},
     "call": {"api": "shop", "operation": "pay", "method": "POST", "path": "/pay", "responses": [{"status": "200", "success": true}], "origin": {}, "range": {}},
     "undo": {"range": {}, "call": {"api": "shop", "operation": "unpay", "method": "POST", "path": "/unpay", "responses": [{"status": "200", "success": true}], "origin": {}, "range": {}}},
     "recover": {"range": {}, "found": EXPR, "call": {"api": "shop", "operation": "look", "method": "GET", "path": "/look", "responses": [{"status": "200", "success": true}], "origin": {}, "range": {}}},
     "repeat": {"until": EXPR, "every": 5, "timeout": 9, "range": {}}}
  ]}
}`

func TestDecode(t *testing.T) {
	expr := constant(t)
	good := strings.ReplaceAll(small, "EXPR", expr)
	if _, err := Decode([]byte(good)); err != nil {
		t.Fatalf("the plan that the tests break is refused: %v", err)
	}
	tests := []struct{ name, from, to, want string }{
		{"not JSON", `{`, ``, "not a plan"},
		{"version", `"version": 1`, `"version": 99`, "version 99"},
		{"no version", `"version": 1, `, ``, "version 0"},
		{"two operations in one", `"stream": "step.a"`, `"in": ` + expr + `, "stream": "step.a"`, "no or more than one list"},
		{"unknown stream", `"stream": "step.a"`, `"stream": "step.z"`, "pages of \"step.z\""},
		{"order", `"after": ["step.a"]`, `"after": ["step.b"]`, "not before it"},
		{"own order", `"after": ["step.a"]`, `"after": ["for_each.x"]`, "not before it"},
		{"two of a name", `"id": "step.b"`, `"id": "step.a"`, "two operations"},
		{"unknown api", `"api": "shop"`, `"api": "shap"`, "calls the api"},
		{"unknown credential", `"security": ["key"]`, `"security": ["kay"]`, "credential"},
		{"concurrency", `"concurrency": 1`, `"concurrency": 0`, "concurrency 0"},
		{"credential type", `"type": "api_key"`, `"type": "magic"`, "magic"},
		{"secret", `"env": "S"`, `"env": ""`, "sources"},
		{"no kind", `"value": {"value": ` + expr + `}`, `"value": null`, "kind of operation"},
		{"path", `"path": "/orders"`, `"path": "orders"`, `"orders"`},
		{"malformed expression", `"server": ` + expr, `"server": 3`, "malformed"},
		{"pause of nothing", `"wait": {"for": 1}`, `"wait": {}`, "waits for nothing"},
		{"two kinds", `"wait": {"for": 1}`, `"wait": {"for": 1}, "value": {"value": ` + expr + `}`, "kind of operation"},
		{"undo of nothing", `"undo": {"range": {}, "call"`, `"undo": {"range": {}, "calls"`, "undoes without a call"},
		{"undo of no call", `"wait": {"for": 1}`, `"wait": {"for": 1}, "undo": {"range": {}}`, "undoes no call"},
		{"recover without condition", `"found": ` + expr, `"found": null`, "recovers without"},
		{"endless repeat", `"timeout": 9`, `"timeout": 0`, "repeats without end"},
		{"inner plan", `"integration": "j"`, `"integration": ""`, "step.r: it has no integration"},
		{"api of an inner plan", `"integration": "j", "apis": {}`, `"integration": "j", "apis": {"x": {"name": "x", "spec": "", "digest": "", "server": ` + expr + `, "range": {}}}`, "which is not there"},
		{"once without key", `"stream": "step.a"`, `"once": {}, "stream": "step.a"`, "once without a key"},
		{"overlap", `"integration": "i"`, `"integration": "i", "overlap": "never"`, "overlap"},
		{"state", `"integration": "i"`, `"integration": "i", "states": [{"name": "n"}]`, "a state lacks"},
		{"null operation", `"for_each": {`, `"call": null, "for_each": null, "nothing": {`, "kind of operation"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			bad := strings.Replace(good, tt.from, tt.to, 1)
			if bad == good {
				t.Fatal("the test breaks nothing")
			}
			if _, err := Decode([]byte(bad)); err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("Decode: %v, want an error with %q", err, tt.want)
			}
		})
	}
}

// constant is an expression as JSON.
func constant(t *testing.T) string {
	t.Helper()
	data, err := json.Marshal(expression.Constant("x", source.Range{}))
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}
