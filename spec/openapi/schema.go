package openapi

import (
	"path"
	"strings"

	"tenon/spec/types"
)

type schemaKey struct {
	origin types.Origin
	dir    types.Direction
}

// schema returns the type of a schema; the same one each time, so that what was read of it is kept.
func (d *Document) schema(n node, dir types.Direction) *types.Type {
	if c := n.lead(); c != '{' && c != 't' && c != 'f' {
		n.defect("a schema must be an object, not %s", kindName(c))
		return types.Any
	}
	dir = d.side(dir)
	key := schemaKey{n.origin(), dir}
	d.mu.Lock()
	defer d.mu.Unlock()
	t := d.schemas[key]
	if t == nil {
		t = d.fromSchema(key.origin, n.raw(), dir)
		d.schemas[key] = t
	}
	return t
}

func (d *Document) fromSchema(at types.Origin, raw []byte, dir types.Direction) *types.Type {
	return types.FromSchema(d, at, raw, types.SchemaOptions{
		Dialect:   d.dialect,
		Direction: dir,
		Cache:     &d.typed,
		Name:      d.schemaName,
		Defect:    func(o types.Origin, message string) { d.defect(o, "%s", message) },
	})
}

// schemaName is what a project calls the schema at a place: "stripe.schemas.customer" for a named
// one, the file's name for one that is a file of its own, and "" for others.
func (d *Document) schemaName(o types.Origin) string {
	if o.Pointer == "" {
		if o.Document == d.main.name {
			return ""
		}
		return strings.TrimSuffix(path.Base(o.Document), path.Ext(o.Document))
	}
	for _, section := range []string{"/components/schemas/", "/definitions/", "/$defs/"} {
		rest, ok := strings.CutPrefix(o.Pointer, section)
		if !ok || strings.Contains(rest, "/") {
			continue
		}
		name := unescape(rest)
		if d.opt.Name != "" && o.Document == d.main.name {
			name = d.opt.Name + ".schemas." + name
		}
		return name
	}
	return ""
}
