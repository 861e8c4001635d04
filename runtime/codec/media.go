package codec

import (
	"mime"
	"strings"
)

// MediaType is a media type or range without its parameters, in lower case: "application/json".
// Text that is no media type comes back trimmed and in lower case.
func MediaType(contentType string) string {
	if plainType(contentType) {
		return contentType // as almost all are written; this stands in the way of every request
	}
	if t, _, err := mime.ParseMediaType(contentType); err == nil {
		return t
	}
	t, _, _ := strings.Cut(contentType, ";")
	return strings.ToLower(strings.TrimSpace(t))
}

// plainType reports whether contentType is nothing but a media type in lower case.
func plainType(contentType string) bool {
	slash := false
	for i := range len(contentType) {
		switch c := contentType[i]; {
		case 'a' <= c && c <= 'z', '0' <= c && c <= '9', c == '-', c == '+', c == '.', c == '*':
		case c == '/' && !slash && i > 0:
			slash = true
		default:
			return false
		}
	}
	return slash && contentType[len(contentType)-1] != '/'
}

// IsJSON reports whether the media type is JSON or built on it (RFC 6839 §3.1).
func IsJSON(contentType string) bool {
	t := MediaType(contentType)
	return t == "application/json" || t == "text/json" || strings.HasSuffix(t, "+json")
}

// IsForm reports whether the media type is application/x-www-form-urlencoded.
func IsForm(contentType string) bool {
	return MediaType(contentType) == "application/x-www-form-urlencoded"
}

// isLines reports whether the media type is one JSON value a line.
func isLines(mediaType string) bool {
	switch mediaType {
	case "application/x-ndjson", "application/ndjson", "application/jsonl", "application/x-jsonlines", "application/json-lines":
		return true
	}
	return false
}

// isText reports whether the media type is plain characters, whose value is a string.
func isText(mediaType string) bool {
	return strings.HasPrefix(mediaType, "text/")
}

// isStructured reports whether the media type has a structure that Tenon does not read or write, so
// that taking it for bytes would only hide that.
func isStructured(mediaType string) bool {
	return strings.HasPrefix(mediaType, "multipart/") || strings.HasSuffix(mediaType, "+xml") ||
		mediaType == "application/xml" || mediaType == "text/xml"
}

// isWild reports whether the media type leaves open what the body is.
func isWild(mediaType string) bool {
	return mediaType == "" || mediaType == "*/*" || mediaType == "application/*"
}

// Supported reports whether bodies of the media type can be read and written: JSON and what is built on
// it, URL-encoded forms, text, one JSON value a line (reading), and everything else that is not
// XML or multipart as bytes.
func Supported(contentType string) bool { return !isStructured(MediaType(contentType)) }

// Match gives the index of the declared media type or range that speaks of contentType, the most
// specific one; -1 if none does. Parameters do not count, unless two declared types differ in nothing else.
// No contentType at all matches the first.
func Match(declared []string, contentType string) int {
	if len(declared) > 0 && strings.TrimSpace(contentType) == "" {
		return 0
	}
	best, rank := -1, 0
	for i, d := range declared {
		if r := closeness(d, contentType); r > rank {
			best, rank = i, r
		}
	}
	return best
}

// closeness ranks how specifically a declared media type speaks of contentType; 0 if it does not.
func closeness(declared, contentType string) int {
	d, t := MediaType(declared), MediaType(contentType)
	major, _, _ := strings.Cut(t, "/")
	switch {
	case strings.EqualFold(strings.TrimSpace(declared), strings.TrimSpace(contentType)):
		return 5
	case d == t:
		return 4
	case d == major+"/*":
		return 3
	case d == "*/*" || d == "*" || d == "":
		return 2
	case IsJSON(d) && IsJSON(t): // application/problem+json where application/json was declared
		return 1
	}
	return 0
}
