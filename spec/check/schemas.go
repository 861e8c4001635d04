package check

import (
	"errors"
	"io/fs"
	"path"

	"tenon/spec/expression"
	"tenon/spec/model"
	"tenon/spec/openapi"
	"tenon/spec/types"
)

// schema is a schema block and, once asked for, its type.
type schema struct {
	model *model.Schema
	typ   *types.Type
	state visit
}

// resolveSchema types a schema the first time it is needed.
func (b *builder) resolveSchema(s *schema) *types.Type {
	if s.state == entered {
		b.diags.Add(expression.Cycle, s.model.Type.Range, "Schema %q contains itself.", s.model.Name).
			Explain("A type written in HCL cannot be recursive. A JSON Schema file can: give it with file = \"…\".")
		return types.Invalid
	}
	if s.state == left {
		return s.typ
	}
	s.state = entered
	if s.model.File.Set {
		s.typ = b.schemaFile(s.model)
	} else {
		s.typ = b.typeOf(s.model.Type, types.BothWays)
	}
	s.state = left
	return s.typ
}

// schemaFile types a JSON Schema file of any draft.
func (b *builder) schemaFile(m *model.Schema) *types.Type {
	name := path.Clean(m.File.Value)
	src, err := b.specs.ReadFile(name)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		b.diags.Add(openapi.Unreadable, m.File.Range, "There is no file %s. Paths are relative to the project's directory.", m.File.Value)
		return types.Invalid
	case err != nil:
		b.diags.Add(openapi.Unreadable, m.File.Range, "The schema %s cannot be read: %s", m.File.Value, sentence(err.Error()))
		return types.Invalid
	}
	doc, err := openapi.LoadSchema(name, src, openapi.Options{ReadFile: b.specs.ReadFile})
	if err != nil {
		b.reportBroken(err, m.File)
		return types.Invalid
	}
	b.schemaDocs = append(b.schemaDocs, schemaDoc{doc, m})
	return doc.Root(func(o types.Origin) string {
		if o == (types.Origin{Document: name}) {
			return "schema." + m.Name
		}
		return ""
	})
}

// schemaDoc is a schema's file.
type schemaDoc struct {
	*openapi.Document
	model *model.Schema
}

// reportSchemas tells what is wrong inside schema files, as far as the project uses them.
func (b *builder) reportSchemas() {
	for _, s := range b.schemaDocs {
		for _, defect := range s.Defects() {
			d := b.diags.Add(openapi.Invalid, s.model.File.Range, "%s: %s", defect.Origin.Document, sentence(defect.Message))
			d.Relate(b.locate(defect.Origin), "here")
		}
	}
}
