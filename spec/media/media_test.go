package media

import "testing"

func TestFormOf(t *testing.T) {
	for name, want := range map[string]Form{
		"application/json": JSON, "Application/JSON; charset=utf-8": JSON, "application/problem+json": JSON, "text/json": JSON, "application/vnd.api+json": JSON,
		"application/x-www-form-urlencoded": URLForm, "multipart/form-data; boundary=a": Multipart, "multipart/mixed": Unknown,
		"application/xml": XML, "text/xml": XML, "application/atom+xml": XML, "image/svg+xml": XML,
		"text/csv; header=present": CSV, "text/tab-separated-values": TSV, "application/x-ndjson": JSONLines, "application/jsonl": JSONLines,
		"application/json-seq": JSONSeq, "application/geo+json-seq": JSONSeq, "text/event-stream": Events,
		"text/plain": Text, "text/html": Text, "text/*": Text, "image/png": Bytes, "application/pdf": Bytes, "application/octet-stream": Bytes,
		"*/*": Any, "application/*": Any, "": Any,
	} {
		if got := FormOf(name); got != want {
			t.Errorf("%q is %q, want %q", name, got, want)
		}
	}
	for f, want := range map[Form]bool{JSON: false, CSV: true, TSV: true, JSONLines: true, JSONSeq: true, Events: true, XML: false, Text: false} {
		if f.Sequence() != want {
			t.Errorf("%s is a sequence: %t", f, f.Sequence())
		}
	}
}
