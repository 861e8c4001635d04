// Package codec turns values into what travels over HTTP and back: bodies by media type, and
// parameters in the styles of OpenAPI (3.1 §4.8.12, RFC 6570). Both directions are here, since the
// mock reads what the client writes. It knows values and types, but neither plans nor OpenAPI
// documents, and it opens no connection.
package codec

import (
	"fmt"

	"tenon/spec/types"
)

// Param says how one parameter is written. Defaults that depend on each other are not filled in here:
// whoever reads the document resolves them.
type Param struct {
	Name  string
	In    string // path, query, header, cookie
	Style string // simple, form, label, matrix, spaceDelimited, pipeDelimited, deepObject; "": the default of In
	// Explode writes each element of a list and each property of an object on its own.
	Explode bool
	// AllowReserved leaves the reserved characters of RFC 3986 §2.2 as they are, where they do no harm
	// (RFC 6570 §3.2.3).
	AllowReserved bool
	ContentType   string // of a parameter with content: the value is one text of this media type
	Required      bool
	// Type guides reading, where text has to become a number or a list. Writing does not look at it.
	Type *types.Type
}

// Arg is a parameter with its value. [types.Missing] leaves the parameter out.
type Arg struct {
	Param
	Value any
}

// Encoding says how one property of a form is written (OpenAPI 3.1 §4.8.15). Style empty means that
// the document says nothing: then lists repeat the name and objects are written as ContentType, which
// is JSON unless it says otherwise.
type Encoding struct {
	ContentType   string // of multipart it may be several, separated by commas, and ranges
	Style         string
	Explode       bool
	AllowReserved bool
	Headers       map[string]string // of a part of a multipart body, beside its type
	Binary        bool              // of a part: text is the content of a file, too
}

// Kind is the way in which content is not as it must be.
type Kind string

const (
	Malformed   Kind = "malformed"   // not what its media type says, such as broken JSON
	Truncated   Kind = "truncated"   // ends too early
	TooLarge    Kind = "too-large"   // exceeds the limit
	Mismatched  Kind = "mismatched"  // of another media type than was promised
	Charset     Kind = "charset"     // in an unknown character encoding
	Unsupported Kind = "unsupported" // of a media type that Tenon does not read or write
	Unwritable  Kind = "unwritable"  // a value that cannot be written in this place
)

// Error is content or a value that cannot be read or written. Its message is made for people; it may
// quote the beginning of a body, but never a value that is to be sent.
type Error struct {
	Kind    Kind
	Message string
	Err     error // the cause; may be nil
}

func (e *Error) Error() string { return e.Message }

// Unwrap gives the cause.
func (e *Error) Unwrap() error { return e.Err }

func errorf(kind Kind, format string, args ...any) *Error {
	return &Error{Kind: kind, Message: fmt.Sprintf(format, args...)}
}
