package codec

import (
	"mime"
	"strings"

	"tenon/spec/media"
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
func IsJSON(contentType string) bool { return media.FormOf(contentType) == media.JSON }

// IsForm reports whether the media type is application/x-www-form-urlencoded.
func IsForm(contentType string) bool { return media.FormOf(contentType) == media.URLForm }

// isText reports whether the media type is plain characters, whose value is a string.
func isText(mediaType string) bool {
	return strings.HasPrefix(mediaType, "text/")
}

// isWild reports whether the media type leaves open what the body is.
func isWild(mediaType string) bool {
	return mediaType == "" || mediaType == "*/*" || mediaType == "application/*"
}

// Supported reports whether bodies of the media type can be read and written: everything but other kinds of
// multipart than form-data. What has no form of its own is bytes.
func Supported(contentType string) bool { return media.FormOf(contentType) != media.Unknown }

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
	case sameForm(d, t):
		return 1
	}
	return 0
}

// sameForm reports whether one of two types may stand for the other: application/problem+json where
// application/json was declared, text/xml for application/xml, what servers call lines of JSON, and bytes that
// only one side can name.
func sameForm(declared, sent string) bool {
	switch f := media.FormOf(declared); f {
	case media.JSON, media.XML, media.CSV, media.JSONLines:
		return f == media.FormOf(sent)
	case media.Bytes:
		return f == media.FormOf(sent) && (anyBytes(declared) || anyBytes(sent))
	}
	return false
}

// anyBytes reports whether a media type says no more than that there are bytes.
func anyBytes(mediaType string) bool {
	return mediaType == "application/octet-stream" || mediaType == "binary/octet-stream"
}
