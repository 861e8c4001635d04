package openapi

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"github.com/theory/jsonpath"
	"github.com/theory/jsonpath/spec"
	"pgregory.net/rapid"

	"tenon/spec/types"
)

// value generates JSON values with few names, so that paths meet them.
func value(depth int) *rapid.Generator[any] {
	scalar := rapid.OneOf(
		rapid.Map(rapid.IntRange(-3, 3), func(i int) any { return float64(i) }),
		rapid.Map(rapid.SampledFrom([]string{"x", "y", `a"b\`, "ü", ""}), func(s string) any { return s }),
		rapid.Just[any](nil), rapid.Just[any](true),
	)
	if depth == 0 {
		return scalar
	}
	return rapid.OneOf(scalar, rapid.Map(object(depth-1), func(m map[string]any) any { return m }),
		rapid.Map(rapid.SliceOfN(value(depth-1), 0, 3), func(l []any) any { return l }))
}

func object(depth int) *rapid.Generator[map[string]any] {
	return rapid.MapOfN(rapid.SampledFrom([]string{"a", "b", "c d", "e/~", `q"`}), value(depth), 0, 4)
}

var someSegments = []string{
	".a", ".b", `["c d"]`, "['e/~']", `["q\""]`, ".*", "[*]", "[0]", "[-1]", "[1:]", "[::-1]", "..a", "..*", "[?@.a]", "[?@.a==1]", "[?@=='x']", "[?@.b[?@.a]]", "['a','b','a']", "[0,0]", "[?count(@.*)>1]", "[?$.info.x==@.a]",
}

// TestOverlayAsByHand applies actions to decoded values, with the library's own evaluation of paths, and
// compares. It also holds that every place of the outcome is found in the file that it came from.
func TestOverlayAsByHand(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		doc := object(4).Draw(t, "document")
		doc["openapi"], doc["info"] = "3.1.0", map[string]any{"x": float64(1)}
		raw, err := json.MarshalIndent(doc, "", rapid.SampledFrom([]string{"", " "}).Draw(t, "indent"))
		if err != nil {
			t.Fatal(err)
		}
		var actions []map[string]any
		for range rapid.IntRange(1, 4).Draw(t, "actions") {
			path := "$" + strings.Join(rapid.SliceOfN(rapid.SampledFrom(someSegments), 1, 3).Draw(t, "path"), "")
			a := map[string]any{"target": path}
			switch rapid.IntRange(0, 3).Draw(t, "kind") {
			case 0:
				a["remove"] = true
			case 1:
				a["copy"] = "$" + rapid.SampledFrom(someSegments).Draw(t, "copy")
			default:
				a["update"] = value(3).Draw(t, "update")
			}
			actions = append(actions, a)
		}
		overlay, _ := json.Marshal(map[string]any{"overlay": "1.1.0", "info": map[string]any{"title": "T", "version": "1"}, "actions": actions})
		d, err := Load("d.json", raw, Options{Overlays: []OverlayFile{{Name: "o.json", Src: overlay}}})
		if err != nil {
			t.Skip("openapi itself is gone")
		}
		want, failed := byHand(doc, actions)
		problem := false
		for _, p := range d.Overlays()[0].Problems {
			problem = problem || !p.Unmatched
		}
		if failed != problem {
			t.Fatalf("by hand %v, but %v\n%s\n%s", failed, d.Overlays()[0].Problems, raw, overlay)
		}
		var got any
		if err := json.Unmarshal(d.main.json, &got); err != nil {
			t.Fatalf("%v in %s", err, d.main.json)
		}
		if !failed && !reflect.DeepEqual(got, want) {
			text, _ := json.Marshal(want)
			t.Fatalf("got  %s\nwant %s\nof %s\n%s", d.main.json, text, raw, overlay)
		}
		places(t, d, "", got)
	})
}

// places holds that every scalar is located where its text stands.
func places(t *rapid.T, d *Document, pointer string, v any) {
	switch v := v.(type) {
	case map[string]any:
		for name, m := range v {
			places(t, d, pointer+"/"+escape(name), m)
		}
	case []any:
		for i, m := range v {
			places(t, d, fmt.Sprintf("%s/%d", pointer, i), m)
		}
	default:
		r := d.Locate(types.Origin{Document: "d.json", Pointer: pointer})
		f := d.Files()[r.File]
		if f == nil || r.Start < 0 || r.End > len(f.Src) || r.Start >= r.End {
			t.Fatalf("%s is located at %+v", pointer, r)
		}
		text, _ := json.Marshal(v)
		name, _ := json.Marshal(unescape(pointer[strings.LastIndexByte(pointer, '/')+1:]))
		var at any
		if json.Unmarshal(f.Src[r.Start:r.End], &at) != nil {
			t.Fatalf("%s is located at %q", pointer, f.Src[r.Start:r.End])
		}
		if again, _ := json.Marshal(at); string(again) != string(text) && string(again) != string(name) {
			t.Fatalf("%s, which is %s, is located at %s", pointer, text, again)
		}
	}
}

// byHand applies actions of version 1.1. It reports whether one could not be done; the outcome is of no
// interest then.
func byHand(doc map[string]any, actions []map[string]any) (out any, failed bool) {
	root := any(deep(doc))
	for _, a := range actions {
		found := map[string]spec.NormalizedPath{}
		for _, n := range jsonpath.MustParse(a["target"].(string)).SelectLocated(root) {
			found[n.Path.Pointer()] = n.Path
		}
		if len(found) == 0 {
			continue
		}
		update, given := a["update"]
		if c, ok := a["copy"].(string); ok {
			from := jsonpath.MustParse(c).SelectLocated(root)
			unique := map[string]bool{}
			for _, n := range from {
				unique[n.Path.Pointer()] = true
			}
			if len(unique) != 1 {
				return nil, true
			}
			update, given = deep(from[0].Node), true
		}
		if given {
			for _, p := range found {
				if valueAt(root, p) == gone {
					return nil, true // what a copy was merged into may have taken its place
				}
			}
			root, failed = changeAll(root, "", found, func(v any) (any, bool) { return merged(v, update, true) })
		} else {
			root, failed = changeAll(root, "", found, func(any) (any, bool) { return gone, false })
		}
		if failed {
			return nil, true
		}
	}
	return root, false
}

type nothing struct{}

var gone any = nothing{}

func valueAt(v any, p spec.NormalizedPath) any {
	for _, s := range p {
		switch s := s.(type) {
		case spec.Name:
			m, ok := v.(map[string]any)
			if !ok {
				return gone
			}
			v = m[string(s)]
		case spec.Index:
			l, ok := v.([]any)
			if !ok || int(s) >= len(l) {
				return gone
			}
			v = l[s]
		}
	}
	return v
}

// changeAll changes the values at some pointers, those further in first, and drops those that are gone.
func changeAll(v any, pointer string, found map[string]spec.NormalizedPath, change func(any) (any, bool)) (any, bool) {
	switch x := v.(type) {
	case map[string]any:
		for name, m := range x {
			made, failed := changeAll(m, pointer+"/"+escape(name), found, change)
			if failed {
				return nil, true
			}
			if x[name] = made; made == gone {
				delete(x, name)
			}
		}
	case []any:
		kept := []any{}
		for i, m := range x {
			made, failed := changeAll(m, fmt.Sprintf("%s/%d", pointer, i), found, change)
			if failed {
				return nil, true
			}
			if made != gone {
				kept = append(kept, made)
			}
		}
		v = kept
	}
	if _, ok := found[pointer]; ok {
		return change(v)
	}
	return v, false
}

// merged is v updated with u. At the top a value is appended to a list.
func merged(v, u any, top bool) (any, bool) {
	switch x := v.(type) {
	case []any:
		if l, ok := u.([]any); ok {
			return append(append([]any{}, x...), deep(l).([]any)...), false
		}
		if top {
			return append(append([]any{}, x...), deep(u)), false
		}
		return nil, true
	case map[string]any:
		m, ok := u.(map[string]any)
		if !ok {
			return nil, true
		}
		for name, w := range m {
			there, has := x[name]
			if !has {
				x[name] = deep(w)
				continue
			}
			made, failed := merged(there, w, false)
			if failed {
				return nil, true
			}
			x[name] = made
		}
		return x, false
	}
	switch u.(type) {
	case map[string]any, []any:
		return nil, true
	}
	return u, false
}

func deep(v any) any {
	switch x := v.(type) {
	case map[string]any:
		m := map[string]any{}
		for name, e := range x {
			m[name] = deep(e)
		}
		return m
	case []any:
		l := []any{}
		for _, e := range x {
			l = append(l, deep(e))
		}
		return l
	}
	return v
}

// FuzzOverlay: whatever an overlay says, applying it ends, and every problem has a place in the overlay.
func FuzzOverlay(f *testing.F) {
	for _, actions := range []string{
		"- {target: '$..*..*..*', update: {}}", "- {target: '$..[?@..a]', remove: true}", `- {target: '$..[?match(@.a, "(a{500}){2}")]', remove: true}`,
		"- {target: $, copy: $}", "- {target: '$..[?$..a == 1]', remove: true}", "- {target: '$[::-1]', update: [[[[]]]]}", "- &a {target: $, update: *a}",
		"- {target: '$" + strings.Repeat("[?(", 500) + "', remove: true}", "- {target: '" + strings.Repeat("$", 5000) + "'}",
	} {
		f.Add(overlaid, "overlay: 1.1.0\ninfo: {title: T, version: \"1\"}\nactions:\n"+actions+"\n")
	}
	f.Add("{}", "{}")
	f.Add(`{"openapi": "3.1.0", "paths": {"/a": 1, "/a": {}}}`, `{"overlay": "1.0.0", "actions": [{"target": "$.paths[\"/a\"]", "update": {"get": null}}, {"target": "$.paths.*", "remove": true}]}`)
	f.Fuzz(func(t *testing.T, src, overlay string) {
		d, err := Load("d.yaml", []byte(src), Options{Overlays: []OverlayFile{{Name: "o.yaml", Src: []byte(overlay)}}})
		if err != nil {
			return
		}
		for _, p := range d.Overlays()[0].Problems {
			if p.Range.File != "o.yaml" || p.Range.Start < 0 || p.Range.End < p.Range.Start || p.Range.End > len(d.Files()["o.yaml"].Src) {
				t.Fatalf("%s: at %+v", p.Message, p.Range)
			}
		}
		for _, n := range d.Operations() {
			if op, err := d.Operation(n.Key()); err == nil {
				d.Locate(op.Origin)
			}
		}
	})
}

// TestOverlaysThatAskForTooMuch: work and memory are bounded.
func TestOverlaysThatAskForTooMuch(t *testing.T) {
	var wide strings.Builder
	wide.WriteString("openapi: 3.1.0\npaths: {}\nx-a:\n")
	for i := range 3000 {
		fmt.Fprintf(&wide, "  k%d: {a: {b: {c: [1, 2, 3]}}}\n", i)
	}
	for name, actions := range map[string]string{
		"filters":   "- {target: '$..[?@..*..*..*..*]', remove: true}",
		"roots":     "- {target: '$..[?$..c]', remove: true}",
		"patterns":  `- {target: '$..[?search(@.a, "(x{100}y{100}z{0,100}){9}")]', remove: true}`,
		"doublings": "- {target: $, update: {x-b: {}}}\n" + strings.Repeat("- {target: '$[\"x-b\"]', copy: '$[\"x-a\"]'}\n- {target: '$[\"x-a\"]', update: {n: {}}}\n- {target: '$[\"x-a\"].n', copy: '$[\"x-b\"]'}\n- {target: '$[\"x-b\"]', update: {n: {}}}\n- {target: '$[\"x-b\"].n', copy: '$[\"x-a\"]'}\n", 40),
	} {
		t.Run(name, func(t *testing.T) {
			d := laid(t, "wide.yaml", wide.String(), under("1.1.0", actions+"\n"))
			if got := problems(d); !strings.Contains(got, "too much work") && !strings.Contains(got, "has more than") {
				t.Errorf("got %.300q", got)
			}
		})
	}
}
