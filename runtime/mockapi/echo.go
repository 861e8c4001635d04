package mockapi

import (
	"maps"
	"slices"
	"strings"

	"tenon/spec/types"
)

// echo makes a generated answer speak of the request: what a write sent comes back where the answer
// has a property of that name, and the thing that the path names has that id. Each value is taken over
// only if the answer stays one that the document allows.
func (c *call) echo(t *types.Type, v any) any {
	v = c.within(t, v, func(t *types.Type, object map[string]any) map[string]any {
		if sent, ok := c.content.(map[string]any); ok {
			object = setAll(t, object, sent)
		}
		return setAll(t, object, c.identity(t))
	})
	return v
}

// wrappers are the names of properties under which APIs put the thing that an answer is about.
var wrappers = []string{"data", "result", "response", "item", "attributes"}

// within applies change to the object that an answer is, and to what it wraps.
func (c *call) within(t *types.Type, v any, change func(*types.Type, map[string]any) map[string]any) any {
	object, ok := v.(map[string]any)
	if !ok {
		return v
	}
	object = change(t, object)
	for _, name := range wrappers {
		inner, ok := object[name].(map[string]any)
		if !ok {
			continue
		}
		object = set(t, object, name, change(t.Field(name).Type, inner))
	}
	return object
}

// identity gives the values of path parameters under the names that the object of an answer may have
// for them: /orders/{order} is about the object whose id is that order, /orders/{id}/refunds about
// objects whose order_id is that id.
func (c *call) identity(t *types.Type) map[string]any {
	out := map[string]any{}
	segments := strings.Split(c.op.Path, "/")
	for i, p := range c.op.Parameters {
		if p.In != "path" || types.IsMissing(c.params[i]) {
			continue
		}
		at := slices.Index(segments, "{"+p.Name+"}")
		own := at == len(segments)-1 || at == len(segments)-2 && !strings.HasSuffix(segments[at+1], "s")
		if own || !isID(p.Name) {
			out[p.Name] = c.params[i]
		}
		if own && t.Field(p.Name).Property == nil {
			out["id"], out["uuid"] = c.params[i], c.params[i]
		}
		if at > 0 && isID(p.Name) {
			owner := strings.TrimSuffix(segments[at-1], "s")
			out[owner+"_id"], out[owner+"Id"] = c.params[i], c.params[i]
		}
	}
	return out
}

func isID(name string) bool { return name == "id" || name == "uuid" }

// setAll sets the properties of an object that t declares and whose values fit.
func setAll(t *types.Type, object map[string]any, values map[string]any) map[string]any {
	for _, name := range t.PropertyNames() {
		if v, ok := values[name]; ok {
			object = set(t, object, name, v)
		}
	}
	return object
}

// set gives the object with one property changed, or the object itself if that would not be a value of t.
func set(t *types.Type, object map[string]any, name string, v any) map[string]any {
	f := t.Field(name)
	if f.Property == nil || !f.Type.Contains(v) {
		return object
	}
	changed := maps.Clone(object)
	changed[name] = v
	if !t.Contains(changed) {
		return object
	}
	return changed
}
