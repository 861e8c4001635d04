package mockapi

import (
	"errors"
	"fmt"
	"io"
	"net/http"

	"tenon/runtime/codec"
	"tenon/runtime/inbound"
	"tenon/spec/media"
	"tenon/spec/openapi"
	"tenon/spec/types"
)

// readParams reads and checks the declared parameters.
func (c *call) readParams() (problems []inbound.Problem) {
	params := make([]codec.Param, len(c.op.Parameters))
	for i, p := range c.op.Parameters {
		params[i] = codec.Param{Name: p.Name, In: p.In, Style: p.Style, Explode: p.Explode,
			AllowReserved: p.AllowReserved, ContentType: p.ContentType, Required: p.Required, Type: p.Type}
	}
	c.params, problems = inbound.Params(params, c.r, c.path)
	return problems
}

// readBody reads and checks the body. The answer is not nil if the request cannot be served at all.
func (c *call) readBody() ([]inbound.Problem, *answer) {
	c.content = types.Missing
	content, err := io.ReadAll(c.r.Body)
	if err != nil {
		var large *http.MaxBytesError
		if errors.As(err, &large) {
			return nil, refuse(http.StatusRequestEntityTooLarge, fmt.Sprintf("the body is larger than %d bytes", large.Limit))
		}
		return nil, refuse(http.StatusBadRequest, "the body cannot be read: "+err.Error())
	}
	content, status, reason := inbound.Unpack(c.r.Header.Get("Content-Encoding"), content, maxBody)
	if status != 0 {
		return nil, refuse(status, reason)
	}
	c.raw = content
	body := c.op.Body
	if body == nil || len(body.Content) == 0 {
		return nil, nil
	}
	contentType := c.r.Header.Get("Content-Type")
	if len(content) == 0 && !codec.IsForm(contentType) { // an empty form is a form
		if body.Required {
			return []inbound.Problem{{In: "body", Message: "it is required and not there"}}, nil
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
func (c *call) decodeBody(contentType string, body []byte, m *openapi.MediaType) []inbound.Problem {
	content := &inbound.Content{Type: m.Value(types.Request), Schema: m.Type}
	switch media.FormOf(contentType) {
	case media.URLForm, media.Multipart:
		content.Encoding = encodings(m)
	case media.XML:
		content.XML = codec.NewXML(m.XML(), m.Type)
	}
	v, problems := inbound.Body(contentType, body, content)
	if _, raw := v.([]byte); !raw {
		c.content = v
	}
	return problems
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
