package inbound

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"

	"tenon/runtime/codec"
	"tenon/spec/media"
	"tenon/spec/types"
)

// Problem is one thing that is wrong with a request.
type Problem struct {
	In      string `json:"in"`             // path, query, header, cookie, body or security
	Path    string `json:"path,omitempty"` // the parameter, or the place in the body
	Message string `json:"message"`
}

func (p Problem) String() string {
	if p.Path == "" {
		return p.In + ": " + p.Message
	}
	return p.In + " " + p.Path + ": " + p.Message
}

// Params reads parameters and checks them against their types. path holds the texts of those in the path, still
// escaped. The values come in the order of params, [types.Missing] for those that are not there or cannot be read.
func Params(params []codec.Param, r *http.Request, path map[string]string) ([]any, []Problem) {
	values, errs := codec.DecodeParams(params, r, path)
	var problems []Problem
	for i, p := range params {
		switch {
		case errs[i] != nil:
			values[i] = types.Missing
			problems = append(problems, Problem{p.In, p.Name, errs[i].Error()})
		case types.IsMissing(values[i]):
			if p.Required {
				problems = append(problems, Problem{p.In, p.Name, "it is required and not there"})
			}
		default:
			problems = append(problems, Violations(p.In, p.Name, p.Type, values[i])...)
		}
	}
	return values, problems
}

// Violations lists what is wrong with a value.
func Violations(in, name string, t *types.Type, v any) []Problem {
	var out []Problem
	for _, violation := range t.Check(v) {
		path := types.Path(violation.Path)
		if name != "" && path != "" && !strings.HasPrefix(path, "[") {
			path = "." + path
		}
		out = append(out, Problem{in, name + path, violation.Reason})
	}
	return out
}

// Content is one form in which a body may come.
type Content struct {
	Type     *types.Type // that the value must be of
	Schema   *types.Type // as the document has it: what text in a form or in XML becomes
	XML      *codec.XML  // nil: XML is text
	Encoding map[string]codec.Encoding
}

// Body reads a body that is of a media type, and checks it. Bytes, of which a schema says something of their text
// form only, are not checked; other kinds of multipart than form-data are not read: their value is [types.Missing].
func Body(contentType string, content []byte, c *Content) (any, []Problem) {
	var v any
	var err error
	switch form := media.FormOf(contentType); {
	case form == media.Unknown:
		return types.Missing, nil
	case form == media.URLForm:
		v, err = codec.DecodeForm(content, c.Schema, c.Encoding)
	case form == media.Multipart:
		v, err = codec.DecodeMultipart(contentType, content, c.Type, c.Encoding)
	default:
		o := codec.DecodeOptions{Type: c.Type.Only(types.AnyJSON), MaxBytes: -1}
		if form == media.XML {
			o.XML = c.XML
		} else if o.Type.May(types.Array) {
			o.Type = o.Type.Only(types.Array)
		}
		v, err = codec.DecodeBody(contentType, bytes.NewReader(content), o)
	}
	if err != nil {
		return types.Missing, []Problem{{In: "body", Message: err.Error()}}
	}
	if _, raw := v.([]byte); raw {
		return v, nil
	}
	return v, Violations("body", "", c.Type, v)
}

// Unpack undoes the content codings of a body (RFC 9110 §8.4); at most limit bytes may come out. If it cannot, status
// is what the request is refused with, and reason says why; else status is 0.
func Unpack(contentEncoding string, body []byte, limit int64) (plain []byte, status int, reason string) {
	if len(body) == 0 || !codec.Compressed(contentEncoding) {
		return body, 0, ""
	}
	r, err := codec.Decompress(contentEncoding, bytes.NewReader(body))
	if err == nil {
		defer r.Close()
		plain, err = io.ReadAll(io.LimitReader(r, limit+1))
	}
	var e *codec.Error
	switch {
	case errors.As(err, &e) && e.Kind == codec.Unsupported:
		return nil, http.StatusUnsupportedMediaType, "the body cannot be read: " + err.Error()
	case err != nil:
		return nil, http.StatusBadRequest, "the body cannot be read: " + err.Error()
	case int64(len(plain)) > limit:
		return nil, http.StatusRequestEntityTooLarge, fmt.Sprintf("the body is larger than %d bytes", limit)
	}
	return plain, 0, ""
}

// Accepts reports whether Accept headers allow a media type (RFC 9110 §12.5.1). The most particular range that
// speaks of it decides, and only a weight of zero excludes.
func Accepts(accept []string, mediaType string) bool {
	if len(accept) == 0 {
		return true
	}
	t := codec.MediaType(mediaType)
	major, _, _ := strings.Cut(t, "/")
	allowed, best := false, -1
	for entry := range strings.SplitSeq(strings.Join(accept, ","), ",") {
		name, params, _ := strings.Cut(strings.ToLower(entry), ";")
		rank := -1
		switch name = strings.TrimSpace(name); {
		case name == t:
			rank = 2
		case name == major+"/*":
			rank = 1
		case name == "*/*", strings.Contains(t, "*"):
			rank = 0
		}
		if rank < best || rank < 0 {
			continue
		}
		weight := "1"
		for p := range strings.SplitSeq(params, ";") {
			if value, ok := strings.CutPrefix(strings.TrimSpace(p), "q="); ok {
				weight = value
			}
		}
		zero := strings.Trim(weight, "0. ") == ""
		allowed, best = rank == best && allowed || !zero, rank
	}
	return allowed
}
