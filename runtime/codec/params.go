package codec

import (
	"net/http"
	"net/url"
	"strings"

	"tenon/spec/types"
)

// Target is the part of a request that parameters make.
type Target struct {
	Path   string      // escaped
	Query  string      // escaped, without the question mark; "" if there is none
	Header http.Header // never nil
	Cookie string      // the value of the Cookie header; "" if there is none
}

// EncodeParams writes parameters into the template of a path, such as "/orders/{id}", and into query,
// headers and cookies, in the order given. What stands behind a question mark in the template leads the query. A value that cannot be written where it has to stand is an
// [*Error] of kind [Unwritable]: a path parameter that is missing or empty or changes which resource
// the path names ("..", also behind a slash), a header or cookie with characters that end it, a list
// in a list.
func EncodeParams(path string, args []Arg) (*Target, error) {
	t := &Target{Header: http.Header{}}
	var query, cookies []string
	path, fixed, _ := strings.Cut(path, "?")
	if fixed != "" {
		query = append(query, fixed)
	}
	inPath := map[string]string{}
	for i := range args {
		a := &args[i]
		if types.IsMissing(a.Value) {
			continue
		}
		v, err := a.content()
		if err != nil {
			return nil, err
		}
		switch a.In {
		case "path":
			inPath[a.Name], err = a.path(v)
		case "query":
			var ps []string
			ps, err = pairs(a.Name, a.Style, a.Explode, v, queryEscaper(a.AllowReserved))
			query = append(query, ps...)
		case "header":
			err = a.header(t.Header, v)
		case "cookie":
			var ps []string
			ps, err = pairs(a.Name, a.Style, a.Explode, v, plain)
			cookies = append(cookies, ps...)
		default:
			err = errorf(Unwritable, "parameter %q is declared in %q, which does not exist", a.Name, a.In)
		}
		if err != nil {
			return nil, err
		}
	}
	var err error
	if t.Path, err = fill(path, inPath); err != nil {
		return nil, err
	}
	t.Query, t.Cookie = strings.Join(query, "&"), strings.Join(cookies, "; ")
	return t, nil
}

// content is the value to write: for a parameter with content, the text of its media type.
func (a *Arg) content() (any, error) {
	if a.ContentType == "" {
		return a.Value, nil
	}
	b, _, err := EncodeBody(a.ContentType, nil, a.Value)
	return string(b), err
}

// path writes a value in one of the styles of paths.
func (a *Arg) path(v any) (string, error) {
	esc := plain
	if a.AllowReserved {
		esc = segment
	}
	var s string
	var err error
	switch a.Style {
	case "label":
		sep := ","
		if a.Explode {
			sep = "."
		}
		s, err = join(a.Name, v, sep, a.Explode, esc)
		s = "." + s
	case "matrix":
		s, err = a.matrix(v, esc)
	default:
		s, err = join(a.Name, v, ",", a.Explode, esc)
	}
	if err == nil && (s == "" || s == "." && a.Style == "label") {
		return "", errorf(Unwritable, "path parameter %q is empty, so the path would name something else", a.Name)
	}
	return s, err
}

// matrix writes ;name=value (RFC 6570 §3.2.7).
func (a *Arg) matrix(v any, esc escaper) (string, error) {
	ps, err := pairs(a.Name, "form", a.Explode, v, esc)
	if err != nil || len(ps) == 0 {
		return "", err
	}
	for i, p := range ps {
		if strings.IndexByte(p, '=') == len(p)-1 {
			ps[i] = p[:len(p)-1]
		}
	}
	return ";" + strings.Join(ps, ";"), nil
}

// header writes a value in the simple style, which escapes nothing.
func (a *Arg) header(h http.Header, v any) error {
	s, err := join(a.Name, v, ",", a.Explode, verbatim)
	if err != nil {
		return err
	}
	if err := CheckHeader(a.Name, s); err != nil {
		return err
	}
	h.Set(a.Name, s)
	return nil
}

// CheckHeader reports a header that cannot be sent as it is: a name that is no token, or a value with
// a line break or another control character, which would begin a new header (RFC 9110 §5.5).
func CheckHeader(name, value string) error {
	for i := range len(name) {
		if c := name[i]; !isAlnum(c) && !strings.ContainsRune("!#$%&'*+-.^_`|~", rune(c)) {
			return errorf(Unwritable, "%q cannot be the name of a header", name)
		}
	}
	if name == "" {
		return errorf(Unwritable, "a header needs a name")
	}
	for i := range len(value) {
		if c := value[i]; c < ' ' && c != '\t' || c == 0x7f {
			return errorf(Unwritable, "header %q would hold a line break or another control character", name)
		}
	}
	return nil
}

func isAlnum(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9'
}

// fill replaces the {names} of a path template.
func fill(template string, values map[string]string) (string, error) {
	var b strings.Builder
	for i, part := range strings.Split(template, "/") {
		if i > 0 {
			b.WriteByte('/')
		}
		s, err := fillSegment(part, values)
		if err != nil {
			return "", err
		}
		b.WriteString(s)
	}
	return b.String(), nil
}

func fillSegment(part string, values map[string]string) (string, error) {
	var b strings.Builder
	filled := false
	rest := part
	for {
		before, after, ok := strings.Cut(rest, "{")
		name, tail, closed := strings.Cut(after, "}")
		if !ok || !closed {
			b.WriteString(rest)
			break
		}
		v, ok := values[name]
		if !ok {
			return "", errorf(Unwritable, "path parameter %q has no value", name)
		}
		filled = true
		b.WriteString(before)
		b.WriteString(v)
		rest = tail
	}
	s := b.String()
	if filled && leads(s) {
		return "", errorf(Unwritable, "a path parameter of %q is \".\" or \"..\", or contains it between slashes, so the path would name something else", part)
	}
	return s, nil
}

// leads reports whether a path segment, decoded as careless servers and proxies do, holds a step to
// another directory (RFC 3986 §5.2.4).
func leads(segment string) bool {
	for range 2 { // also when it is decoded twice
		s, err := url.PathUnescape(segment)
		if err != nil {
			break
		}
		segment = s
		for _, p := range strings.FieldsFunc(segment, func(r rune) bool { return r == '/' || r == '\\' }) {
			if p == "." || p == ".." {
				return true
			}
		}
	}
	return false
}
