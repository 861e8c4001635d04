// Package openapitest judges real HTTP messages against an OpenAPI document by kin-openapi, which
// knows nothing of Tenon's own types. It is for tests: what Tenon proves, this must not refuse.
package openapitest

import (
	"encoding/json"
	"fmt"
	"regexp"
	"strings"

	"tenon/spec/openapi"
	"tenon/spec/types"
)

// Prune returns a JSON document that holds only the named operations and what they reach, all in one
// file, without documentation, examples, links and callbacks. What kin-openapi is known to misread is
// put in other words that mean the same.
func Prune(d *openapi.Document, names ...string) ([]byte, error) {
	p := &pruner{d: d, v2: d.Version == "2.0", names: map[types.Origin]string{}, components: map[string]map[string]any{}}
	paths := map[string]any{}
	for _, name := range names {
		op, err := d.Operation(name)
		if err != nil {
			return nil, err
		}
		item, err := p.operation(op)
		if err != nil {
			return nil, err
		}
		if paths[op.Path] == nil {
			paths[op.Path] = map[string]any{}
		}
		paths[op.Path].(map[string]any)[strings.ToLower(op.Method)] = item
	}
	doc := map[string]any{"info": map[string]any{"title": d.Title, "version": "1"}, "paths": paths}
	if p.v2 {
		doc["swagger"] = "2.0"
		for section, members := range p.components {
			doc[section] = members
		}
		for _, name := range []string{"consumes", "produces"} {
			if v, err := p.at(types.Origin{Document: d.Source().Name}, "#/"+name); err == nil {
				doc[name] = v
			}
		}
	} else {
		doc["openapi"] = d.Version
		doc["components"] = p.components
	}
	return json.Marshal(doc)
}

// pruner copies parts of a document, and what they refer to into components.
type pruner struct {
	d          *openapi.Document
	v2         bool
	names      map[types.Origin]string
	components map[string]map[string]any
	err        error
}

func (p *pruner) at(from types.Origin, ref string) (any, error) {
	_, raw, err := p.d.Resolve(from, ref)
	if err != nil {
		return nil, err
	}
	return decode(raw)
}

func decode(raw []byte) (any, error) {
	dec := json.NewDecoder(strings.NewReader(string(raw)))
	dec.UseNumber()
	var v any
	err := dec.Decode(&v)
	return v, err
}

// operation copies an operation, with the parameters of its path as its own.
func (p *pruner) operation(op *openapi.Operation) (map[string]any, error) {
	raw, err := p.at(op.Origin, "#"+op.Origin.Pointer)
	if err != nil {
		return nil, err
	}
	own, ok := raw.(map[string]any)
	if !ok {
		return nil, fmt.Errorf("%s is no operation", op.Name())
	}
	out := map[string]any{"responses": map[string]any{}}
	var params []any
	for _, param := range op.Parameters { // merged by the document, each with its own place
		v, err := p.at(param.Origin, "#"+param.Origin.Pointer)
		if err != nil || param.Origin == op.Origin { // not declared: Tenon made it up
			v = map[string]any{"name": param.Name, "in": param.In, "required": true, "schema": map[string]any{"type": "string"}}
			if p.v2 {
				v = map[string]any{"name": param.Name, "in": param.In, "required": true, "type": "string"}
			}
		}
		params = append(params, p.parameter(param.Origin, v))
	}
	if p.v2 { // body and formData are no parameters of the operation
		contents := p.contents(child(op.Origin, "parameters"), own["parameters"])
		if contents == nil { // the path may have them
			item := types.Origin{Document: op.Origin.Document, Pointer: op.Origin.Pointer[:strings.LastIndexByte(op.Origin.Pointer, '/')] + "/parameters"}
			if shared, err := p.at(item, "#"+item.Pointer); err == nil {
				contents = p.contents(item, shared)
			}
		}
		params = append(params, contents...)
		for _, name := range []string{"consumes", "produces"} {
			if v, ok := own[name]; ok {
				out[name] = v
			}
		}
		if op.Body != nil { // a form is one also where the document consumes JSON only
			var consumes []any
			for _, m := range op.Body.Content {
				consumes = append(consumes, m.Essence())
			}
			out["consumes"] = consumes
		}
	}
	if params != nil {
		out["parameters"] = params
	}
	if v, ok := own["requestBody"]; ok {
		out["requestBody"] = p.ref("requestBodies", child(op.Origin, "requestBody"), v, p.body)
	}
	if v, ok := own["responses"].(map[string]any); ok {
		for name := range v {
			if strings.HasPrefix(name, "x-") {
				delete(v, name)
			}
		}
		out["responses"] = p.each(child(op.Origin, "responses"), v, func(o types.Origin, v any) any {
			return p.ref("responses", o, v, p.response)
		})
	}
	return out, p.err
}

// followed follows the $refs that stand in the place of v, and moves at to where they lead.
// contents copies those of the parameters in a list that are a body in 2.0.
func (p *pruner) contents(at types.Origin, parameters any) []any {
	var out []any
	for i, v := range list(parameters) {
		at := child(at, fmt.Sprint(i))
		if v = p.followed(&at, v); v != nil {
			if m, _ := v.(map[string]any); m["in"] == "body" || m["in"] == "formData" {
				out = append(out, p.parameter(at, v))
			}
		}
	}
	return out
}

func (p *pruner) followed(at *types.Origin, v any) any {
	for range 32 {
		m, _ := v.(map[string]any)
		ref, ok := m["$ref"].(string)
		if !ok {
			return v
		}
		to, raw, err := p.d.Resolve(*at, ref)
		if err != nil {
			return nil
		}
		*at = to
		if v, err = decode(raw); err != nil {
			return nil
		}
	}
	return nil
}

// ref copies v by copy, or if v is a $ref, what it refers to into a component of that kind.
func (p *pruner) ref(kind string, at types.Origin, v any, copy func(types.Origin, any) any) any {
	m, _ := v.(map[string]any)
	ref, ok := m["$ref"].(string)
	if !ok {
		return copy(at, v)
	}
	to, raw, err := p.d.Resolve(at, ref)
	if err != nil {
		p.err = fmt.Errorf("%s: $ref %q leads nowhere: %w", at.Pointer, ref, err)
		return map[string]any{}
	}
	name, known := p.names[to]
	section, prefix := kind, "#/components/"
	if p.v2 {
		section, prefix = map[string]string{"schemas": "definitions", "parameters": "parameters", "responses": "responses"}[kind], "#/"
	}
	if !known {
		name = fmt.Sprintf("c%d_%s", len(p.names), odd.ReplaceAllString(to.Pointer[strings.LastIndexByte(to.Pointer, '/')+1:], "_"))
		p.names[to] = name
		if p.components[section] == nil {
			p.components[section] = map[string]any{}
		}
		target, err := decode(raw)
		if err != nil {
			p.err = fmt.Errorf("%s is no JSON: %w", to.Pointer, err)
			return map[string]any{}
		}
		p.components[section][name] = p.ref(kind, to, target, copy)
	}
	out := map[string]any{"$ref": prefix + section + "/" + name}
	if m["nullable"] == true && kind == "schemas" && !p.v2 { // not heard beside a $ref, but meant
		if !strings.HasPrefix(p.d.Version, "3.0") {
			return map[string]any{"anyOf": []any{out, map[string]any{"type": "null"}}}
		}
		return map[string]any{"anyOf": []any{out, map[string]any{"nullable": true, "enum": []any{nil}}}}
	}
	return out
}

var odd = regexp.MustCompile(`[^A-Za-z0-9._-]+`)

func child(o types.Origin, name string) types.Origin {
	return types.Origin{Document: o.Document, Pointer: o.Pointer + "/" + strings.NewReplacer("~", "~0", "/", "~1").Replace(name)}
}

func list(v any) []any { l, _ := v.([]any); return l }

func (p *pruner) each(at types.Origin, v any, copy func(types.Origin, any) any) map[string]any {
	m, _ := v.(map[string]any)
	out := map[string]any{}
	for name, v := range m {
		out[name] = copy(child(at, name), v)
	}
	return out
}

func (p *pruner) schemaRef(at types.Origin, v any) any { return p.ref("schemas", at, v, p.schema) }

// members copies the members of an object that are plain values, and passes the others to copy.
func members(v any, skip map[string]bool, copy map[string]func(any) any) any {
	m, ok := v.(map[string]any)
	if !ok {
		return v
	}
	out := map[string]any{}
	for name, v := range m {
		switch f := copy[name]; {
		case skip[name] || strings.HasPrefix(name, "x-"):
		case f != nil:
			out[name] = f(v)
		default:
			out[name] = v
		}
	}
	return out
}

var docs = map[string]bool{"example": true, "examples": true, "links": true, "externalDocs": true, "callbacks": true}

func (p *pruner) parameter(at types.Origin, v any) any {
	copied := members(v, docs, map[string]func(any) any{
		"schema":  func(v any) any { return p.schemaRef(child(at, "schema"), v) },
		"content": func(v any) any { return p.content(child(at, "content"), v) },
		"items":   func(v any) any { return p.schemaRef(child(at, "items"), v) },
	})
	m, ok := copied.(map[string]any)
	if ok && m["in"] == "path" {
		m["required"] = true
	}
	if ok && p.v2 && m["type"] == "array" && m["collectionFormat"] == nil { // commas, which kin-openapi makes a parameter for each item
		m["collectionFormat"] = "csv"
	}
	return copied
}

func (p *pruner) body(at types.Origin, v any) any {
	return members(v, docs, map[string]func(any) any{
		"content": func(v any) any { return p.content(child(at, "content"), v) },
	})
}

func (p *pruner) response(at types.Origin, v any) any {
	return members(v, docs, map[string]func(any) any{
		"content": func(v any) any { return p.content(child(at, "content"), v) },
		"schema":  func(v any) any { return p.schemaRef(child(at, "schema"), v) },
		"headers": func(v any) any {
			return p.each(child(at, "headers"), v, func(o types.Origin, v any) any { return p.ref("headers", o, v, p.parameter) })
		},
	})
}

// content copies a map of media types, whose parameters kin-openapi would want to see again as written.
func (p *pruner) content(at types.Origin, v any) any {
	out := map[string]any{}
	for name, m := range p.each(at, v, func(o types.Origin, v any) any {
		return members(v, docs, map[string]func(any) any{
			"schema": func(v any) any { return p.schemaRef(child(o, "schema"), v) },
		})
	}) {
		essence := (&openapi.MediaType{Name: name}).Essence()
		if _, there := out[essence]; !there || essence == name {
			out[essence] = m
		}
	}
	return out
}

var noSchema = map[string]bool{
	"example": true, "examples": true, "externalDocs": true, "description": true, "title": true, "xml": true, "default": true,
	"$anchor": true, "$id": true, "$schema": true, "$defs": true, "definitions": true,
}

func (p *pruner) schema(at types.Origin, v any) any {
	one := func(name string) func(any) any {
		return func(v any) any { return p.schemaRef(child(at, name), v) }
	}
	many := func(name string) func(any) any {
		return func(v any) any {
			out := []any{}
			for i, e := range list(v) {
				out = append(out, p.schemaRef(child(child(at, name), fmt.Sprint(i)), e))
			}
			return out
		}
	}
	named := func(name string) func(any) any {
		return func(v any) any {
			m, _ := v.(map[string]any)
			out := map[string]any{}
			for k, v := range m {
				out[k] = p.schemaRef(child(child(at, name), k), v)
			}
			return out
		}
	}
	copied := members(v, noSchema, map[string]func(any) any{
		"items": func(v any) any {
			if _, tuple := v.([]any); tuple { // which 2.0 and 3.0 do not have
				return map[string]any{}
			}
			return one("items")(v)
		},
		"additionalProperties": one("additionalProperties"), "not": one("not"),
		"contains": one("contains"), "propertyNames": one("propertyNames"), "if": one("if"), "then": one("then"), "else": one("else"),
		"unevaluatedItems": one("unevaluatedItems"), "unevaluatedProperties": one("unevaluatedProperties"),
		"allOf": many("allOf"), "anyOf": many("anyOf"), "oneOf": many("oneOf"), "prefixItems": many("prefixItems"),
		"properties": named("properties"), "patternProperties": named("patternProperties"), "dependentSchemas": named("dependentSchemas"),
		"discriminator": func(v any) any { return p.discriminator(at, v) },
		"required":      func(v any) any { return onlyStrings(v) },
	})
	if m, ok := copied.(map[string]any); ok && (m["discriminator"] == nil || !allRefs(m["oneOf"]) || !allRefs(m["anyOf"])) {
		delete(m, "discriminator")
	}
	return p.nullable(v, p.anything(copied))
}

// anything says in kin-openapi's words that a schema that restricts nothing takes null too. It reads
// "nullable is false by default" as a prohibition; but OpenAPI 3.0.3 says of that word that it adds null
// to the type in the same schema, and that false "leaves the specified or default type unmodified",
// and without a type that is every value, as JSON Schema has it (the proposal to clarify nullable:
// "an untyped schema allows null values, in addition to all other types"). Version 2.0 has no such
// word, so there too it is JSON Schema's {}.
func (p *pruner) anything(copied any) any {
	m, ok := copied.(map[string]any)
	if !ok || len(m) > 0 || !p.v2 && !strings.HasPrefix(p.d.Version, "3.0") {
		return copied
	}
	if p.v2 {
		return map[string]any{"x-nullable": true}
	}
	return map[string]any{"nullable": true}
}

// nullable keeps that null is allowed where a document says so in a word that its version does not have.
func (p *pruner) nullable(original, copied any) any {
	from, _ := original.(map[string]any)
	to, ok := copied.(map[string]any)
	switch {
	case !ok:
	case p.v2 && from["x-nullable"] == true:
		to["x-nullable"] = true
	case !p.v2 && from["nullable"] == true && !strings.HasPrefix(p.d.Version, "3.0"):
		delete(to, "nullable")
		return map[string]any{"anyOf": []any{to, map[string]any{"type": "null"}}}
	}
	return copied
}

// allRefs reports whether all alternatives are references, as kin-openapi wants them below a discriminator.
func allRefs(alternatives any) bool {
	for _, a := range list(alternatives) {
		if m, _ := a.(map[string]any); m["$ref"] == nil {
			return false
		}
	}
	return true
}

// onlyStrings keeps a list of names and nothing else: some documents write a boolean here.
func onlyStrings(v any) any {
	out := []any{}
	for _, e := range list(v) {
		if s, ok := e.(string); ok {
			out = append(out, s)
		}
	}
	return out
}

// discriminator keeps those with a mapping, of which kin-openapi makes sense, and points it to where
// the schemas are now.
func (p *pruner) discriminator(at types.Origin, v any) any {
	m, _ := v.(map[string]any)
	mapping, _ := m["mapping"].(map[string]any)
	if len(mapping) == 0 {
		return nil
	}
	out := map[string]any{}
	for value, ref := range mapping {
		s, _ := ref.(string)
		if !strings.ContainsAny(s, "#/.") {
			s = "#/components/schemas/" + s
		}
		if _, _, err := p.d.Resolve(at, s); err != nil {
			return nil
		}
		r := p.schemaRef(at, map[string]any{"$ref": s}).(map[string]any)
		out[value] = r["$ref"]
	}
	return map[string]any{"propertyName": m["propertyName"], "mapping": out}
}
