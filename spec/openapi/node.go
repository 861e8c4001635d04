package openapi

import (
	"bytes"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
	"tenon/spec/types"
)

// maxList bounds the members of an object or elements of a list that are read.
const maxList = 100_000

// walk accounts for the bytes of n being walked over. It reports false once a document has had more
// than its share: references can make a small document ask for the same large part without end.
func (n node) walk() bool {
	d := n.t.doc
	return d.work.Add(int64(n.end-n.at)) < 64<<20+64*int64(len(d.main.json))
}

// node is one JSON value of a document, by its place; the zero node is a value that is not there.
// Reading a node never fails: what is not as it must be becomes a [Defect] and reads as nothing.
type node struct {
	t       *text
	at, end int
	ptr     string // JSON Pointer
}

func (n node) exists() bool { return n.t != nil }

// raw is the node's JSON text.
func (n node) raw() []byte {
	if !n.exists() {
		return nil
	}
	return n.t.json[n.at:n.end]
}

// lead is the first byte of the value, which tells its kind; 0 where there is none.
func (n node) lead() byte {
	if n.exists() && n.at < n.end {
		return n.t.json[n.at]
	}
	return 0
}

// given reports whether the value is there and not null. YAML leaves null where nothing is written.
func (n node) given() bool { return n.lead() != 0 && n.lead() != 'n' }

func (n node) origin() types.Origin {
	if !n.exists() {
		return types.Origin{}
	}
	return types.Origin{Document: n.t.name, Pointer: n.ptr}
}

// defect records that something about n is not as the specification wants it.
func (n node) defect(format string, args ...any) {
	if n.exists() {
		n.t.doc.defect(n.origin(), format, args...)
	}
}

// string reads a string; numbers and booleans, which YAML makes of unquoted text, read as written.
func (n node) string() string {
	switch c := n.lead(); c {
	case 0, 'n':
		return ""
	case '"':
		return unquote(n.raw())
	case '{', '[':
		n.defect("must be a string, not %s", kindName(c))
		return ""
	}
	return string(n.raw())
}

// plain reads a string where another value may stand as well.
func (n node) plain() string {
	if n.lead() != '"' {
		return ""
	}
	return unquote(n.raw())
}

// bool reads a boolean, also one written as a string.
func (n node) bool() bool {
	switch n.lead() {
	case 0, 'n':
		return false
	case 't':
		return true
	case 'f':
		return false
	case '"':
		n.defect("must be a boolean, not a string")
		return strings.EqualFold(unquote(n.raw()), "true")
	}
	n.defect("must be a boolean, not %s", kindName(n.lead()))
	return false
}

// strings reads a list of strings, also one that stands there without its list.
func (n node) strings() []string {
	if one := n.plain(); one != "" {
		n.defect("must be a list, not a string")
		return []string{one}
	}
	var out []string
	for _, e := range n.elements() {
		if s := e.string(); s != "" {
			out = append(out, s)
		}
	}
	return out
}

// elements reads an array.
func (n node) elements() []node {
	if !n.given() {
		return nil
	}
	if n.lead() != '[' {
		n.defect("must be a list, not %s", kindName(n.lead()))
		return nil
	}
	if !n.walk() {
		n.defect("is not read: the document refers to itself too often")
		return nil
	}
	var out []node
	s := scanner{b: n.t.json[:n.end]}
	s.array(n.at, func(i, at int) int {
		end := s.value(at)
		if len(out) == maxList {
			return s.fail(at, "more than %d elements", maxList)
		}
		out = append(out, node{n.t, at, end, n.ptr + "/" + strconv.Itoa(i)})
		return end
	})
	n.report(s.fault)
	return out
}

func (n node) report(f *fault) {
	if f != nil {
		n.defect("cannot be read as JSON: %s", f.message)
	}
}

// fields are the members of an object in the order they are written.
type fields struct {
	n    node
	list []field
}

type field struct {
	name    string
	at, end int
}

// object reads an object.
func (n node) object() fields {
	f := fields{n: n}
	if !n.given() {
		return f
	}
	if n.lead() != '{' {
		n.defect("must be an object, not %s", kindName(n.lead()))
		return f
	}
	if !n.walk() {
		n.defect("is not read: the document refers to itself too often")
		return f
	}
	b := n.t.json
	s := scanner{b: b[:n.end]}
	s.object(n.at, func(key, keyEnd, at int) int {
		end := s.value(at)
		if len(f.list) == maxList {
			return s.fail(at, "more than %d members", maxList)
		}
		f.list = append(f.list, field{keyText(b[key:keyEnd]), at, end})
		return end
	})
	n.report(s.fault)
	return f
}

// get returns a member by name. Of several of one name the last counts, as decoders do.
func (f fields) get(name string) node {
	for i := len(f.list) - 1; i >= 0; i-- {
		if m := f.list[i]; m.name == name {
			return f.node(m)
		}
	}
	return node{}
}

func (f fields) node(m field) node { return node{f.n.t, m.at, m.end, f.n.ptr + "/" + escape(m.name)} }

// each calls do for every member.
func (f fields) each(do func(name string, n node)) {
	for i, m := range f.list {
		if !f.repeated(i) {
			do(m.name, f.node(m))
		}
	}
}

// isExtension reports whether a member of an object that may be extended is an extension.
func isExtension(name string) bool { return strings.HasPrefix(name, "x-") }

// repeated reports whether a later member has the name of member i.
func (f fields) repeated(i int) bool {
	if len(f.list) > 1000 {
		return false // quadratic; nothing we read one by one is as long as that
	}
	for _, m := range f.list[i+1:] {
		if m.name == f.list[i].name {
			f.node(m).defect("%q is declared twice here; the last one counts", m.name)
			return true
		}
	}
	return false
}

func (f fields) names() []string {
	out := make([]string, len(f.list))
	for i, m := range f.list {
		out[i] = m.name
	}
	return out
}

// keyText decodes a member name whose quotes are already gone.
func keyText(key []byte) string {
	if bytes.IndexByte(key, '\\') < 0 {
		return string(key)
	}
	return unquote(append(append([]byte{'"'}, key...), '"'))
}

// unquote decodes a JSON string. Escapes that JSON does not have stay as they are.
func unquote(quoted []byte) string {
	if bytes.IndexByte(quoted, '\\') < 0 {
		return strings.ToValidUTF8(string(quoted[1:len(quoted)-1]), "\uFFFD")
	}
	out, err := jsontext.AppendUnquote(nil, quoted)
	if err != nil && len(quoted) >= 2 {
		return strings.ToValidUTF8(string(quoted[1:len(quoted)-1]), "\uFFFD")
	}
	return string(out)
}

// kindName names the kind of JSON value that starts with c, with an article.
func kindName(c byte) string {
	switch c {
	case '{':
		return "an object"
	case '[':
		return "a list"
	case '"':
		return "a string"
	case 't', 'f':
		return "a boolean"
	case 'n':
		return "null"
	}
	return "a number"
}

var escaper, unescaper = strings.NewReplacer("~", "~0", "/", "~1"), strings.NewReplacer("~1", "/", "~0", "~")

// escape writes a member name as a token of a JSON Pointer (RFC 6901 §3).
func escape(name string) string { return escaper.Replace(name) }

func unescape(token string) string { return unescaper.Replace(token) }
