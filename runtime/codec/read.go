package codec

import (
	"errors"
	"net/http"
	"net/url"
	"strings"
	"unicode/utf8"

	"tenon/spec/types"
)

// DecodeParams reads parameters from a request, for the mock. path holds the texts that stand where
// the names of the path template are, still escaped. The values come in the order of params,
// [types.Missing] for what is not there, and are not checked against their types; errors, one per
// parameter at most, are the ones that make a parameter unreadable, nil otherwise.
func DecodeParams(params []Param, r *http.Request, path map[string]string) (values []any, errs []error) {
	values, errs = make([]any, len(params)), make([]error, len(params))
	query, queryErr := splitPairs(r.URL.RawQuery)
	reader, cookies := newReader(query, url.QueryUnescape), cookieReader(r)
	for i := range params {
		p := &params[i]
		switch p.In {
		case "path":
			values[i], errs[i] = readPath(p, path)
		case "query":
			if values[i], errs[i] = readPairs(p, reader); errs[i] == nil {
				errs[i] = queryErr
			}
		case "header":
			values[i], errs[i] = readHeader(p, r.Header)
		case "cookie":
			values[i], errs[i] = readPairs(p, cookies)
		default:
			values[i] = types.Missing
		}
	}
	return values, errs
}

func cookieReader(r *http.Request) *pairReader {
	var ps []pair
	for _, c := range r.Cookies() {
		ps = append(ps, pair{lenient(c.Name), lenient(c.Value), c.Value})
	}
	return newReader(ps, unescapePath)
}

// lenient unescapes what is percent-encoded; cookies need not be (RFC 6265 §4.1.1).
func lenient(s string) string {
	if out, err := url.PathUnescape(s); err == nil {
		return out
	}
	return s
}

func readPairs(p *Param, r *pairReader) (any, error) {
	if p.ContentType == "" {
		return r.styled(p.Name, p.Style, p.Explode, p.Type)
	}
	switch ps := r.named(p.Name); len(ps) {
	case 0:
		return types.Missing, nil
	case 1:
		return decode(p.ContentType, []byte(ps[0].value), DecodeOptions{Type: p.Type})
	}
	return nil, repeated(p.Name)
}

func readHeader(p *Param, h http.Header) (any, error) {
	lines := h.Values(p.Name)
	if len(lines) == 0 {
		return types.Missing, nil
	}
	text := strings.Join(lines, ",")
	if !utf8.ValidString(text) {
		return nil, errorf(Malformed, "the value is not in UTF-8")
	}
	if p.ContentType != "" {
		return decode(p.ContentType, []byte(text), DecodeOptions{Type: p.Type})
	}
	return joined(text, ",", p, func(s string) (string, error) { return strings.TrimSpace(s), nil })
}

func readPath(p *Param, path map[string]string) (any, error) {
	raw, ok := path[p.Name]
	if !ok {
		return types.Missing, nil
	}
	if p.ContentType != "" {
		s, err := unescapePath(raw)
		if err != nil {
			return nil, err
		}
		return decode(p.ContentType, []byte(s), DecodeOptions{Type: p.Type})
	}
	switch p.Style {
	case "label":
		text, ok := strings.CutPrefix(raw, ".")
		if !ok {
			return nil, errorf(Malformed, "the value does not begin with a full stop")
		}
		sep := ","
		if p.Explode {
			sep = "."
		}
		return joined(text, sep, p, unescapePath)
	case "matrix":
		return readMatrix(p, raw)
	}
	return joined(raw, ",", p, unescapePath)
}

var malformedPath = errorf(Malformed, "the value is not percent-encoded UTF-8")

func unescapePath(s string) (string, error) {
	out, err := url.PathUnescape(s)
	if err != nil || !utf8.ValidString(out) {
		return "", malformedPath
	}
	return out, nil
}

// joined reads a list or object that is written as one text, else a scalar (RFC 6570 §3.2.2).
func joined(text, sep string, p *Param, unescape func(string) (string, error)) (any, error) {
	kinds := p.Type.Kinds()
	single := func() (any, error) {
		s, err := unescape(text)
		return scalar(s, p.Type), err
	}
	if !kinds.Has(types.Array | types.Object) {
		return single()
	}
	var parts []string
	for part := range strings.SplitSeq(text, sep) {
		if p.Explode && kinds.Has(types.Object) && strings.Contains(part, "=") {
			key, value, _ := strings.Cut(part, "=")
			parts = append(parts, key, value)
			kinds &^= types.Array
			continue
		}
		parts = append(parts, part)
	}
	var err error
	for i, part := range parts {
		var e error
		if parts[i], e = unescape(part); e != nil {
			err = e
		}
	}
	if err != nil {
		return nil, err
	}
	return assemble(parts, p.Type, kinds, single)
}

// readMatrix reads ;name=value;name=value (RFC 6570 §3.2.7).
func readMatrix(p *Param, raw string) (any, error) {
	rest, ok := strings.CutPrefix(raw, ";")
	if !ok {
		return nil, errorf(Malformed, "the value does not begin with a semicolon")
	}
	var ps []pair
	for part := range strings.SplitSeq(rest, ";") {
		name, value, _ := strings.Cut(part, "=")
		name, err := unescapePath(name)
		text, err2 := unescapePath(value)
		if err := errors.Join(err, err2); err != nil {
			return nil, malformedPath
		}
		ps = append(ps, pair{name, text, value})
	}
	return newReader(ps, unescapePath).styled(p.Name, "form", p.Explode, p.Type)
}
