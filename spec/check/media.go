package check

import (
	"strings"

	"tenon/spec/openapi"
	"tenon/spec/types"
)

// essence is a media type without parameters, in lower case (RFC 9110 §8.3.1).
func essence(mediaType string) string {
	m, _, _ := strings.Cut(mediaType, ";")
	return strings.ToLower(strings.TrimSpace(m))
}

func isJSON(mediaType string) bool {
	m := essence(mediaType)
	return strings.HasSuffix(m, "/json") || strings.HasSuffix(m, "+json") || m == "*/*" || m == "application/*"
}

// supported reports whether runtime/codec reads and writes the media type: everything but XML and
// multipart, what has no form of its own as bytes.
func supported(mediaType string) bool {
	m := essence(mediaType)
	return !strings.HasPrefix(m, "multipart/") && !strings.HasSuffix(m, "/xml") && !strings.HasSuffix(m, "+xml")
}

const form = "application/x-www-form-urlencoded"

// preferred ranks media types: what carries structure before text, text before bytes.
func preferred(mediaType string) int {
	switch m := essence(mediaType); {
	case isJSON(m):
		return 4
	case m == form:
		return 3
	case lines(m):
		return 2
	case strings.HasPrefix(m, "text/"):
		return 1
	}
	return 0
}

// lines reports whether a media type is one JSON value a line.
func lines(mediaType string) bool {
	switch essence(mediaType) {
	case "application/x-ndjson", "application/jsonl", "application/json-lines", "application/x-jsonlines":
		return true
	}
	return false
}

// chooseMedia picks the content that is used where the author does not say: JSON, else what has the
// most structure, else the first. Nil if none can be read and written.
func chooseMedia(content []*openapi.MediaType) *openapi.MediaType {
	var best *openapi.MediaType
	for _, m := range content {
		if supported(m.Name) && (best == nil || preferred(m.Name) > preferred(best.Name)) {
			best = m
		}
	}
	return best
}

// contentType is the type of a value in a media type. What is neither JSON nor a form nor text is
// bytes, whatever its schema says.
func contentType(m *openapi.MediaType, dir types.Direction) *types.Type {
	switch rank := preferred(m.Name); {
	case rank >= 3:
		return m.Type
	case lines(m.Name) && !m.Type.May(types.Array):
		return types.ListOf(m.Type)
	case lines(m.Name):
		return m.Type
	case rank == 1 && m.Type.Is(types.String):
		return m.Type
	case rank == 1:
		return types.AnyString
	case dir == types.Request:
		return types.Union(types.AnyBytes, types.AnyString)
	}
	return types.AnyBytes
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
