package openapi

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"path"
	"strings"
	"sync"
	"sync/atomic"
	"unicode/utf16"

	"tenon/spec/source"
)

// maxSize bounds a document, in bytes.
const maxSize = 64 << 20

// text is one file of a document: what the author wrote, and the JSON it is read as, which for a JSON
// file are the same bytes.
type text struct {
	doc  *Document
	name string
	src  []byte // the author's text as UTF-8
	json []byte
	yaml bool // json is laid out as src is (fromYAML)
	// oneSided is false if answers surely hold all that its schemas declare
	oneSided bool
	top      []entry
	root     node
	// pieces and parts say where an amended text comes from: the document itself, which is the first
	// part, and its overlays.
	pieces []piece
	parts  []*text
	maps   sync.Map // of long lists of entries, by their first one: map[string]int
	known  sync.Map // places that were walked to, by pointer: found
	kept   atomic.Int64

	once sync.Once
	file *source.File
}

// source returns the author's text with its lines.
func (t *text) source() *source.File {
	t.once.Do(func() { t.file = source.NewFile(t.name, t.src) })
	return t.file
}

// parse reads the bytes of a file as JSON or YAML, or takes from the cache what it would find.
func (d *Document) parse(name string, raw []byte, digest string) (*text, error) {
	if len(raw) > maxSize {
		return nil, &LoadError{source.Range{File: name}, fmt.Sprintf("it has %d MB; at most %d MB are read", len(raw)>>20, maxSize>>20)}
	}
	t := &text{doc: d, name: name, src: decodeText(raw)}
	p, ok := d.cached(digest, t.src)
	if !ok {
		var err error
		if p, err = t.prepare(); err != nil {
			return nil, err
		}
		d.keep(digest, t.src, p)
	}
	t.json, t.top, t.yaml, t.oneSided = t.src, p.top, p.json != nil, p.oneSided
	if t.yaml {
		t.json = p.json
	}
	s := scanner{b: t.json}
	t.root = node{t: t, at: s.space(bom(t.json)), end: len(bytes.TrimRight(t.json, " \t\r\n"))}
	return t, nil
}

// prepare finds out what kind of text it is and indexes it.
func (t *text) prepare() (prepared, error) {
	start := bom(t.src)
	trimmed := bytes.TrimLeft(t.src[start:], " \t\r\n")
	if message := foreign(trimmed); message != "" {
		return prepared{}, t.fail(start, message)
	}
	if trimmed[0] == '{' {
		list, f := index(t.src, start, rootLevel)
		if f == nil {
			return prepared{nil, list, oneSided(t.src)}, nil
		}
		if !isYAMLName(t.name) { // in YAML it may be a mapping in braces
			return prepared{}, t.fail(f.at, "is no valid JSON: "+f.message)
		}
	}
	json, f := fromYAML(t.src)
	if f != nil {
		return prepared{}, t.fail(f.at, f.message)
	}
	list, f := index(json, 0, rootLevel)
	if f != nil {
		return prepared{}, t.fail(0, "is no OpenAPI document, which is one mapping at its top")
	}
	return prepared{json, list, oneSided(json)}, nil
}

// bom is the length of the UTF-8 byte order mark that src starts with.
func bom(src []byte) int {
	if bytes.HasPrefix(src, []byte("\xef\xbb\xbf")) {
		return 3
	}
	return 0
}

func (t *text) fail(at int, message string) error {
	return &LoadError{source.Range{File: t.name, Start: at, End: at}, message}
}

func isYAMLName(name string) bool {
	ext := strings.ToLower(path.Ext(name))
	return ext == ".yaml" || ext == ".yml"
}

// decodeText returns raw as UTF-8. UTF-16 is told by its byte order mark, or by the zero bytes that
// its first two characters, which are ASCII, must have (RFC 4627 §3).
func decodeText(raw []byte) []byte {
	if len(raw) < 4 {
		return raw
	}
	var order binary.ByteOrder
	switch {
	case raw[0] == 0xFE && raw[1] == 0xFF, raw[0] == 0 && raw[1] != 0 && raw[2] == 0 && raw[3] != 0:
		order = binary.BigEndian
	case raw[0] == 0xFF && raw[1] == 0xFE, raw[0] != 0 && raw[1] == 0 && raw[2] != 0 && raw[3] == 0:
		order = binary.LittleEndian
	default:
		return raw
	}
	units := make([]uint16, len(raw)/2)
	for i := range units {
		units[i] = order.Uint16(raw[2*i:])
	}
	if units[0] == 0xFEFF {
		units = units[1:]
	}
	return []byte(string(utf16.Decode(units)))
}

// foreign says what a file is that cannot be an OpenAPI document, judged by how it begins; "" if it may be one.
func foreign(head []byte) string {
	head = head[:min(len(head), 512)]
	lower := strings.ToLower(string(head))
	switch {
	case len(head) == 0:
		return "is empty"
	case strings.HasPrefix(lower, "<!doctype html"), strings.HasPrefix(lower, "<html"):
		return "is an HTML page, not an OpenAPI document; download the document itself, often a link named openapi.json or swagger.json on that page"
	case strings.Contains(lower, "<wsdl:") || strings.HasPrefix(lower, "<") && strings.Contains(lower, "definitions"):
		return "looks like a WSDL service description, not an OpenAPI document"
	case head[0] == '<':
		return "is XML or HTML, not an OpenAPI document"
	case head[0] == '[':
		return "is a JSON list; an OpenAPI document is one JSON object"
	case strings.HasPrefix(lower, "#%raml"):
		return "is a RAML document; convert it to OpenAPI"
	case bytes.HasPrefix(head, []byte("PK\x03\x04")), bytes.HasPrefix(head, []byte("\x1f\x8b")):
		return "is a compressed archive; unpack it first"
	case bytes.IndexByte(head, 0) >= 0:
		return "is a binary file, not an OpenAPI document"
	}
	return ""
}

// unlike says what a JSON or YAML object is that does not call itself OpenAPI or Swagger.
func unlike(root fields) string {
	has := func(names ...string) bool {
		for _, n := range names {
			if !root.get(n).exists() {
				return false
			}
		}
		return true
	}
	info := root.get("info")
	switch {
	case has("swaggerVersion"):
		return "is a Swagger 1.x document; convert it to OpenAPI 3"
	case has("asyncapi"):
		return "is an AsyncAPI document, which describes messages; an OpenAPI document is needed"
	case has("arazzo"):
		return "is an Arazzo document, which describes workflows over APIs; name the OpenAPI document that it refers to"
	case has("overlay"):
		return "is an OpenAPI Overlay; it belongs to overlays, beside the document that it amends"
	case has("item") && info.lead() == '{' && (info.object().get("_postman_id").exists() || strings.Contains(info.object().get("schema").string(), "getpostman.com")):
		return "is a Postman collection, not an OpenAPI document; export the API as OpenAPI from Postman"
	case strings.HasPrefix(root.get("kind").plain(), "discovery#"):
		return "is a Google API discovery document, not an OpenAPI document"
	case has("log"):
		return "is a HAR recording, not an OpenAPI document"
	case has("$schema"), has("properties", "type"):
		return "is a JSON Schema; declare it with a schema block"
	case has("apiVersion", "kind"):
		return "is a Kubernetes resource, not an OpenAPI document"
	case has("paths"):
		return `has paths, but says neither openapi: "3.…" nor swagger: "2.0", so its version is unknown`
	}
	return `is no OpenAPI document: it has neither "openapi" nor "swagger" at its top`
}
