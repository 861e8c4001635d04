package types

import (
	"bytes"
	"encoding/json"
	"maps"
	"strconv"
	"sync"
	"time"

	"github.com/santhosh-tekuri/jsonschema/v5"
)

// foreign is a schema that is left to a general validator, compiled when a value is first checked.
type foreign struct {
	make func() []byte // gives the schema by itself

	written  sync.Once
	raw      []byte
	compiled sync.Once
	schema   *jsonschema.Schema
}

func (f *foreign) text() []byte {
	f.written.Do(func() { f.raw = f.make() })
	return f.raw
}

// holds reports whether v satisfies the schema. One that does not compile is satisfied by everything.
func (f *foreign) holds(v any) (ok bool) {
	f.compiled.Do(f.compile)
	if f.schema == nil {
		return true
	}
	defer func() {
		if recover() != nil {
			ok = false // the validator gives up on values without end
		}
	}()
	return f.schema.Validate(plainValue(v)) == nil
}

func (f *foreign) compile() {
	defer func() { _ = recover() }() // the compiler panics on some schemas; then f.schema stays nil
	c := jsonschema.NewCompiler()
	c.Draft = jsonschema.Draft2020
	if c.AddResource("mem:///schema.json", bytes.NewReader(f.text())) != nil {
		return
	}
	if s, err := c.Compile("mem:///schema.json"); err == nil {
		f.schema = s
	}
}

// plainValue is v as the validator takes it.
func plainValue(v any) any {
	switch v := v.(type) {
	case Num:
		return json.Number(v.String())
	case time.Time:
		return FormatTime(v)
	case []any:
		out := make([]any, len(v))
		for i, e := range v {
			out[i] = plainValue(e)
		}
		return out
	case map[string]any:
		out := make(map[string]any, len(v))
		for k, e := range v {
			out[k] = plainValue(e)
		}
		return out
	}
	return v
}

// needsValidator reports whether n has keywords that depend on which parts of it a value satisfied.
func (n *node) needsValidator() bool {
	if n.get("$dynamicRef") != nil || n.get("$recursiveRef") != nil {
		return true
	}
	if n.get("unevaluatedProperties") == nil && n.get("unevaluatedItems") == nil {
		return false
	}
	for _, name := range []string{"if", "dependentSchemas", "not", "contains", "unevaluatedItems"} {
		if n.get(name) != nil {
			return true
		}
	}
	return false
}

// maxBundle bounds how many referred schemas a schema for the validator brings along.
const maxBundle = 2000

// bundle writes the schema raw with everything it refers to, by itself.
func (r *reader) bundle(o Origin, raw []byte) []byte {
	b := &bundler{reader: r, names: map[Origin]string{}}
	root, err := DecodeJSON(raw, Limits{})
	if err != nil {
		return []byte("{}")
	}
	root = b.rewrite(o, root)
	defs := map[string]any{}
	for i := 0; i < len(b.queue) && i < maxBundle; i++ {
		next := b.queue[i]
		v, err := DecodeJSON(next.raw, Limits{})
		if err != nil {
			v = true
		}
		defs[b.names[next.origin]] = b.rewrite(next.origin, v)
	}
	if m, ok := root.(map[string]any); ok && len(defs) > 0 {
		m = maps.Clone(m)
		m["$defs"] = defs
		root = m
	}
	out, err := AppendJSON(nil, root)
	if err != nil {
		return []byte("{}")
	}
	return out
}

type bundler struct {
	*reader
	names map[Origin]string
	queue []bundled
}

type bundled struct {
	origin Origin
	raw    []byte
}

// rewrite makes the references in v, which stands at o, point into $defs.
func (b *bundler) rewrite(o Origin, v any) any {
	switch v := v.(type) {
	case []any:
		out := make([]any, len(v))
		for i, e := range v {
			out[i] = b.rewrite(o, e)
		}
		return out
	case map[string]any:
		out := make(map[string]any, len(v))
		for k, e := range v {
			switch k {
			case "$defs", "definitions", "$id", "$schema", "example", "examples", "default":
				if _, isSchema := e.(map[string]any); !isSchema || k[0] == '$' || k == "definitions" {
					continue
				}
			case "$ref":
				if ref, ok := e.(string); ok {
					out[k] = b.reference(o, ref)
					continue
				}
			}
			out[k] = b.rewrite(o, e)
		}
		return out
	}
	return v
}

func (b *bundler) reference(o Origin, ref string) string {
	target, raw, err := b.src.Resolve(o, ref)
	if err != nil {
		return "#/$defs/any"
	}
	name, ok := b.names[target]
	if !ok {
		name = "d" + strconv.Itoa(len(b.names))
		b.names[target] = name
		b.queue = append(b.queue, bundled{target, raw})
	}
	return "#/$defs/" + name
}
