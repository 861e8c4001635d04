package mockapi

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"

	"tenon/runtime/codec"
	"tenon/spec/media"
	"tenon/spec/openapi"
	"tenon/spec/types"
)

// readParams reads and checks the declared parameters.
func (c *call) readParams() []problem {
	params := make([]codec.Param, len(c.op.Parameters))
	for i, p := range c.op.Parameters {
		params[i] = codec.Param{Name: p.Name, In: p.In, Style: p.Style, Explode: p.Explode,
			AllowReserved: p.AllowReserved, ContentType: p.ContentType, Required: p.Required, Type: p.Type}
	}
	values, errs := codec.DecodeParams(params, c.r, c.path)
	var problems []problem
	for i, p := range c.op.Parameters {
		switch {
		case errs[i] != nil:
			values[i] = types.Missing
			problems = append(problems, problem{p.In, p.Name, errs[i].Error()})
		case types.IsMissing(values[i]):
			if p.Required {
				problems = append(problems, problem{p.In, p.Name, "it is required and not there"})
			}
		default:
			problems = append(problems, violations(p.In, p.Name, p.Type, values[i])...)
		}
	}
	c.params = values
	return problems
}

// violations lists what is wrong with a value.
func violations(in, name string, t *types.Type, v any) []problem {
	var out []problem
	for _, violation := range t.Check(v) {
		path := types.Path(violation.Path)
		if name != "" && path != "" && !strings.HasPrefix(path, "[") {
			path = "." + path
		}
		out = append(out, problem{in, name + path, violation.Reason})
	}
	return out
}

// readBody reads and checks the body. The answer is not nil if the request cannot be served at all.
func (c *call) readBody() ([]problem, *answer) {
	c.content = types.Missing
	content, err := io.ReadAll(c.r.Body)
	if err != nil {
		var large *http.MaxBytesError
		if errors.As(err, &large) {
			return nil, refuse(http.StatusRequestEntityTooLarge, fmt.Sprintf("the body is larger than %d bytes", large.Limit))
		}
		return nil, refuse(http.StatusBadRequest, "the body cannot be read: "+err.Error())
	}
	c.raw = content
	body := c.op.Body
	if body == nil || len(body.Content) == 0 {
		return nil, nil
	}
	contentType := c.r.Header.Get("Content-Type")
	if len(content) == 0 && !codec.IsForm(contentType) { // an empty form is a form
		if body.Required {
			return []problem{{In: "body", Message: "it is required and not there"}}, nil
		}
		return nil, nil
	}
	names := mediaTypes(body.Content)
	i := codec.Match(names, contentType)
	if contentType == "" || i < 0 {
		said := "the body is of type " + contentType
		if contentType == "" {
			said = "the body does not say of what type it is"
		}
		return nil, refuse(http.StatusUnsupportedMediaType, fmt.Sprintf("%s, but %s takes %s", said, c.op.Name(), listed(names, "or")))
	}
	return c.decodeBody(contentType, content, body.Content[i]), nil
}

// decodeBody reads the body as the media type that was declared for it, and checks it as far as its
// values are known.
func (c *call) decodeBody(contentType string, content []byte, m *openapi.MediaType) []problem {
	var v any
	var err error
	want := m.Value(types.Request)
	switch form := media.FormOf(contentType); {
	case form == media.Unknown:
		return nil // other kinds of multipart: taken as they are
	case form == media.URLForm:
		v, err = codec.DecodeForm(content, m.Type, encodings(m))
	case form == media.Multipart:
		v, err = codec.DecodeMultipart(contentType, content, want, encodings(m))
	default:
		o := codec.DecodeOptions{Type: want.Only(types.AnyJSON)}
		if form == media.XML {
			o.XML = codec.NewXML(m.XML(), m.Type)
		} else if o.Type.May(types.Array) {
			o.Type = o.Type.Only(types.Array)
		}
		v, err = codec.DecodeBody(contentType, bytes.NewReader(content), o)
	}
	if err != nil {
		return []problem{{In: "body", Message: err.Error()}}
	}
	if _, raw := v.([]byte); raw {
		return nil // what a schema says of bytes is about their text form
	}
	c.content = v
	return violations("body", "", want, v)
}

func mediaTypes(content []*openapi.MediaType) []string {
	names := make([]string, len(content))
	for i, m := range content {
		names[i] = m.Name
	}
	return names
}

func encodings(m *openapi.MediaType) map[string]codec.Encoding {
	out := make(map[string]codec.Encoding, len(m.Encoding))
	for name, e := range m.Encoding {
		out[name] = codec.Encoding{ContentType: e.ContentType, Style: e.Style, Explode: e.Explode, AllowReserved: e.AllowReserved}
	}
	for _, name := range m.Files() {
		e := out[name]
		e.Binary = true
		out[name] = e
	}
	return out
}

// layout is how a value is written as the content m.
func layout(m *openapi.MediaType) *codec.Layout {
	l := &codec.Layout{Encoding: encodings(m), Columns: m.Columns()}
	if media.FormOf(m.Name) == media.XML {
		l.XML = codec.NewXML(m.XML(), m.Type)
	}
	return l
}
