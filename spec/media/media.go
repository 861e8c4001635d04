// Package media says what Tenon makes of media types: in which form the content of each travels, and how
// XML writes what schemas describe. It is pure data; runtime/codec does the reading and writing.
package media

import "strings"

// Form is the way in which content holds a value.
type Form string

const (
	JSON      Form = "json"
	URLForm   Form = "form"      // application/x-www-form-urlencoded
	Multipart Form = "multipart" // multipart/form-data
	XML       Form = "xml"
	CSV       Form = "csv" // a line of names, then a row a line
	TSV       Form = "tsv"
	JSONLines Form = "json lines" // one JSON value a line
	JSONSeq   Form = "json seq"   // RFC 7464
	Events    Form = "events"     // text/event-stream
	Text      Form = "text"
	Bytes     Form = "bytes"
	// Any is a range such as */*: the form follows from the value that is sent or the type that arrives.
	Any Form = "any"
	// Unknown has a structure that is not read or written, so that taking it for bytes would only hide that.
	Unknown Form = ""
)

// Essence is a media type without parameters, in lower case (RFC 9110 §8.3.1).
func Essence(mediaType string) string {
	m, _, _ := strings.Cut(mediaType, ";")
	return strings.ToLower(strings.TrimSpace(m))
}

var forms = map[string]Form{
	"": Any, "*": Any, "*/*": Any, "application/*": Any,
	"application/x-www-form-urlencoded": URLForm,
	"multipart/form-data":               Multipart,
	"application/xml":                   XML, "text/xml": XML,
	"text/csv": CSV, "application/csv": CSV, "application/vnd.ms-excel+csv": CSV,
	"text/tab-separated-values": TSV,
	"application/x-ndjson":      JSONLines, "application/ndjson": JSONLines, "application/jsonl": JSONLines, "application/x-jsonl": JSONLines,
	"application/x-jsonlines": JSONLines, "application/jsonlines": JSONLines, "application/json-lines": JSONLines, "text/x-ndjson": JSONLines, "application/stream+json": JSONLines,
	"application/json-seq": JSONSeq, "application/geo+json-seq": JSONSeq,
	"text/event-stream": Events,
}

// FormOf is the form of a media type or range.
func FormOf(mediaType string) Form {
	m := Essence(mediaType)
	if f, ok := forms[m]; ok {
		return f
	}
	switch {
	case strings.HasSuffix(m, "+json"), m == "text/json":
		return JSON
	case m == "application/json":
		return JSON
	case strings.HasSuffix(m, "/json"):
		return JSON
	case strings.HasSuffix(m, "+json-seq"):
		return JSONSeq
	case strings.HasSuffix(m, "+xml"):
		return XML
	case strings.HasPrefix(m, "multipart/"):
		return Unknown
	case strings.HasPrefix(m, "text/"):
		return Text
	}
	return Bytes
}

// Sequence reports whether the form is one item after another, each of which can be used before the next has come.
func (f Form) Sequence() bool {
	switch f {
	case CSV, TSV, JSONLines, JSONSeq, Events:
		return true
	}
	return false
}

// Readable and Writable describe the forms in a sentence, for findings.
const (
	Readable = "JSON, XML, CSV, forms, JSON lines, JSON text sequences, event streams, text and bytes"
	Writable = "JSON, XML, CSV, forms, multipart/form-data, JSON lines, text and bytes"
)
