package check

import (
	"strings"

	"tenon/spec/media"
	"tenon/spec/openapi"
	"tenon/spec/plan"
	"tenon/spec/types"
)

// essence is a media type without parameters, in lower case (RFC 9110 §8.3.1).
func essence(mediaType string) string {
	m, _, _ := strings.Cut(mediaType, ";")
	return strings.ToLower(strings.TrimSpace(m))
}

const form = "application/x-www-form-urlencoded"

func isJSON(mediaType string) bool {
	f := media.FormOf(mediaType)
	return f == media.JSON || f == media.Any
}

// supported reports whether runtime/codec reads and writes the media type: everything but other kinds of
// multipart than form-data; what has no form of its own as bytes.
func supported(mediaType string) bool { return media.FormOf(mediaType) != media.Unknown }

// preferred ranks media types: what carries structure before text, text before bytes.
func preferred(m *openapi.MediaType) int {
	switch media.FormOf(m.Name) {
	case media.JSON, media.Any:
		return 9
	case media.URLForm:
		if m.HasFile() {
			return 6
		}
		return 8
	case media.Multipart:
		return 7
	case media.JSONLines, media.JSONSeq:
		return 5
	case media.XML:
		return 4
	case media.CSV, media.TSV:
		return 3
	case media.Events:
		return 2
	case media.Text:
		return 1
	}
	return 0
}

// chooseMedia picks the content that is used where the author does not say: JSON, else what has the
// most structure, else the first. Nil if none can be read and written.
func chooseMedia(content []*openapi.MediaType) *openapi.MediaType {
	var best *openapi.MediaType
	for _, m := range content {
		if supported(m.Name) && (best == nil || preferred(m) > preferred(best)) {
			best = m
		}
	}
	return best
}

// layout is what the codec needs to know of content beside its media type.
func layout(m *openapi.MediaType) (text *types.Type, names *media.Names, encoding map[string]*plan.Encoding) {
	switch form := media.FormOf(m.Name); form {
	case media.XML:
		if t := m.Value(types.Response); !t.Is(types.String) {
			names = m.XML()
			if !m.Type.Shape().Untyped {
				text = m.Type
			}
		}
	case media.CSV, media.TSV:
		if t := m.Value(types.Response); t.May(types.Array) {
			text = t
		}
	case media.Events:
		text = m.Value(types.Response)
	case media.URLForm, media.Multipart:
		text, encoding = m.Type, encodings(m)
	}
	return text, names, encoding
}

// encodings is how the properties of a form or multipart body are written.
func encodings(m *openapi.MediaType) map[string]*plan.Encoding {
	out := map[string]*plan.Encoding{}
	for name, e := range m.Encoding {
		out[name] = &plan.Encoding{ContentType: e.ContentType, Style: e.Style, Explode: e.Explode, AllowReserved: e.AllowReserved, Headers: partHeaders(e.Headers)}
	}
	for _, name := range m.Files() {
		if out[name] == nil {
			out[name] = &plan.Encoding{}
		}
		out[name].Binary = true
	}
	if len(out) == 0 {
		return nil
	}
	return out
}

// partHeaders are the headers of a part whose value the document settles.
func partHeaders(headers []*openapi.Header) map[string]string {
	var out map[string]string
	for _, h := range headers {
		values, finite := h.Type.Without(types.Absent).Constants()
		if !finite || len(values) != 1 {
			continue
		}
		if s, ok := labelText(values[0]); ok {
			if out == nil {
				out = map[string]string{}
			}
			out[h.Name] = s
		}
	}
	return out
}

// concrete replaces a range of media types by the one that is sent.
func concrete(mediaType string) string {
	switch essence(mediaType) {
	case "*/*", "application/*":
		return "application/json"
	case "text/*":
		return "text/plain"
	}
	return mediaType
}

// matching finds the declared content that a media type falls under: the same, else the closest range.
func matching(content []*openapi.MediaType, mediaType string) *openapi.MediaType {
	want := essence(mediaType)
	group, _, _ := strings.Cut(want, "/")
	for _, key := range []string{want, group + "/*", "*/*"} {
		for _, m := range content {
			if essence(m.Name) == key {
				return m
			}
		}
	}
	return nil
}

func mediaNames(content []*openapi.MediaType) []string {
	var names []string
	for _, m := range content {
		names = append(names, m.Name)
	}
	return names
}
