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
	return c.within(t, v, types.Missing, func(t *types.Type, object map[string]any, _ any) map[string]any {
		if sent, ok := c.content.(map[string]any); ok {
			object = setAll(t, object, sent)
		}
		return setAll(t, object, c.identity(t))
	})
}

// Complete makes of v, which is part of an answer to the request, a value of t, as [types.Complete] does. What it adds
// depends on what a generated answer depends on, and like one it speaks of the request.
func (r *Request) Complete(t *types.Type, v any) (any, error) {
	c := r.call
	whole, err := types.Complete(t, v, c.random("body", nil))
	if err != nil {
		return nil, err
	}
	return c.within(t, whole, v, func(t *types.Type, object map[string]any, given any) map[string]any {
		made := func(values map[string]any) map[string]any {
			values = maps.Clone(values)
			maps.DeleteFunc(values, func(name string, _ any) bool {
				return types.IsMissing(types.Get(object, name)) || !types.IsMissing(types.Get(given, name))
			})
			return values
		}
		if sent, ok := c.content.(map[string]any); ok {
			object = setAll(t, object, made(sent))
		}
		return setAll(t, object, made(c.identity(t)))
	}), nil
}

// wrappers are the names of properties under which APIs put the thing that an answer is about.
var wrappers = []string{"data", "result", "response", "item", "attributes"}

// within applies change to the object that an answer is, and to what it wraps. given is what was given of it.
func (c *call) within(t *types.Type, v, given any, change func(t *types.Type, object map[string]any, given any) map[string]any) any {
	object, ok := v.(map[string]any)
	if !ok {
		return v
	}
	object = change(t, object, given)
	for _, name := range wrappers {
		inner, ok := object[name].(map[string]any)
		if !ok {
			continue
		}
		object = set(t, object, name, change(t.Field(name).Type, inner, types.Get(given, name)))
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
