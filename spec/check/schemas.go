package check

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"path"
	"strconv"
	"strings"

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
	files := &schemaFiles{read: b.specs.ReadFile, raw: map[string]json.RawMessage{}}
	raw, err := files.document(name)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		b.diags.Add(openapi.Unreadable, m.File.Range, "There is no file %s. Paths are relative to the project's directory.", m.File.Value)
		return types.Invalid
	case err != nil:
		b.diags.Add(openapi.Unreadable, m.File.Range, "The schema %s cannot be read: %v.", m.File.Value, err)
		return types.Invalid
	}
	seen := map[types.Origin]bool{}
	return types.FromSchema(files, types.Origin{Document: name}, raw, types.SchemaOptions{
		Dialect: dialect(raw),
		Name: func(o types.Origin) string {
			if o == (types.Origin{Document: name}) {
				return "schema." + m.Name
			}
			return ""
		},
		Defect: func(o types.Origin, message string) {
			if !seen[o] {
				seen[o] = true
				b.diags.Add(openapi.Invalid, m.File.Range, "%s at %s: %s.", o.Document, pointer(o), strings.TrimSuffix(message, "."))
			}
		},
	})
}

func pointer(o types.Origin) string {
	if o.Pointer == "" {
		return "its root"
	}
	return o.Pointer
}

// dialect reads $schema; a file that does not say is of the latest draft.
func dialect(raw []byte) types.Dialect {
	var head struct {
		Schema string `json:"$schema"`
	}
	_ = json.Unmarshal(raw, &head) // a schema may also be true or false
	for _, d := range []struct {
		mark    string
		dialect types.Dialect
	}{
		{"draft-04", types.Draft4}, {"draft-06", types.Draft6}, {"draft-07", types.Draft7}, {"2019-09", types.Draft2019},
	} {
		if strings.Contains(head.Schema, d.mark) {
			return d.dialect
		}
	}
	return types.Draft2020
}

// schemaFiles resolves references among the JSON files of a project.
type schemaFiles struct {
	read func(string) ([]byte, error)
	raw  map[string]json.RawMessage
}

func (s *schemaFiles) document(name string) (json.RawMessage, error) {
	if raw, ok := s.raw[name]; ok {
		return raw, nil
	}
	src, err := s.read(name)
	if err != nil {
		return nil, err
	}
	src = bytes.TrimPrefix(src, []byte("\xef\xbb\xbf"))
	if !json.Valid(src) {
		return nil, errors.New("it is not JSON")
	}
	s.raw[name] = src
	return src, nil
}

// Resolve follows a $ref to this or another file of the project.
func (s *schemaFiles) Resolve(from types.Origin, ref string) (types.Origin, []byte, error) {
	u, err := url.Parse(ref)
	if err != nil {
		return types.Origin{}, nil, err
	}
	if u.Scheme != "" || u.Host != "" {
		return types.Origin{}, nil, fmt.Errorf("%s is not a file of the project", ref)
	}
	to := types.Origin{Document: from.Document, Pointer: u.Fragment}
	if u.Path != "" {
		to.Document = path.Join(path.Dir(from.Document), u.Path)
		if strings.HasPrefix(to.Document, "../") || path.IsAbs(u.Path) {
			return types.Origin{}, nil, fmt.Errorf("%s is outside the project", ref)
		}
	}
	raw, err := s.document(to.Document)
	if err != nil {
		return types.Origin{}, nil, err
	}
	if to.Pointer != "" && !strings.HasPrefix(to.Pointer, "/") {
		return anchor(to, raw)
	}
	for _, part := range strings.Split(to.Pointer, "/")[min(1, len(to.Pointer)):] {
		if raw, err = member(raw, part); err != nil {
			return types.Origin{}, nil, fmt.Errorf("%s names nothing", ref)
		}
	}
	return to, raw, nil
}

// member follows one part of a JSON Pointer (RFC 6901 §4).
func member(raw json.RawMessage, part string) (json.RawMessage, error) {
	part = strings.NewReplacer("~1", "/", "~0", "~").Replace(part)
	var object map[string]json.RawMessage
	if json.Unmarshal(raw, &object) == nil {
		if m, ok := object[part]; ok {
			return m, nil
		}
		return nil, errors.New("no such property")
	}
	var list []json.RawMessage
	i, err := strconv.Atoi(part)
	if err != nil || json.Unmarshal(raw, &list) != nil || i < 0 || i >= len(list) {
		return nil, errors.New("no such element")
	}
	return list[i], nil
}

// anchor finds the schema under $defs or definitions that calls itself by a plain name.
func anchor(to types.Origin, raw json.RawMessage) (types.Origin, []byte, error) {
	var root struct {
		Defs        map[string]json.RawMessage `json:"$defs"`
		Definitions map[string]json.RawMessage `json:"definitions"`
	}
	_ = json.Unmarshal(raw, &root)
	for parent, defs := range map[string]map[string]json.RawMessage{"$defs": root.Defs, "definitions": root.Definitions} {
		for _, name := range keys(defs) {
			var self struct {
				Anchor string `json:"$anchor"`
				ID     string `json:"$id"`
			}
			_ = json.Unmarshal(defs[name], &self)
			if self.Anchor == to.Pointer || self.ID == "#"+to.Pointer {
				to.Pointer = "/" + parent + "/" + strings.NewReplacer("~", "~0", "/", "~1").Replace(name)
				return to, defs[name], nil
			}
		}
	}
	return types.Origin{}, nil, fmt.Errorf("there is no anchor %q", to.Pointer)
}
