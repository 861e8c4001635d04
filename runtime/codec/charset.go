package codec

import (
	"bytes"
	"mime"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/htmlindex"
)

var bom = []byte("\ufeff")

// charset is the charset parameter of a content type, in lower case; "" if there is none.
func charset(contentType string) string {
	if plainType(contentType) {
		return ""
	}
	_, params, err := mime.ParseMediaType(contentType)
	if err != nil {
		return ""
	}
	return strings.ToLower(params["charset"])
}

// charsetOf finds the encoding that the content type names. nil means UTF-8, also where it names none
// (RFC 8259 §8.1; RFC 6657 for text).
func charsetOf(contentType string) (encoding.Encoding, error) {
	name := charset(contentType)
	if name == "" || name == "utf-8" || name == "utf8" || name == "us-ascii" {
		return nil, nil
	}
	e, err := htmlindex.Get(name)
	if err != nil {
		return nil, errorf(Charset, "the content type %.100q names the character encoding %.100q, which is unknown", contentType, name)
	}
	return e, nil
}

// toUTF8 gives content in UTF-8, without a byte order mark.
func toUTF8(content []byte, contentType string) ([]byte, error) {
	e, err := charsetOf(contentType)
	if err != nil {
		return nil, err
	}
	if e == nil && !utf8.Valid(content) {
		return nil, errorf(Charset, "the content is not in UTF-8, and its content type %.100q names no other character encoding", contentType)
	}
	if e != nil {
		if content, err = e.NewDecoder().Bytes(content); err != nil {
			return nil, errorf(Charset, "the content is not in the character encoding that its content type %.100q names", contentType)
		}
	}
	return bytes.TrimPrefix(content, bom), nil
}

// fromUTF8 writes UTF-8 text in the encoding that the content type names.
func fromUTF8(text []byte, contentType string) ([]byte, error) {
	e, err := charsetOf(contentType)
	if err != nil || e == nil {
		return text, err
	}
	out, err := e.NewEncoder().Bytes(text)
	if err != nil {
		return nil, errorf(Unwritable, "the text has a character that the character encoding of %.100q lacks", contentType)
	}
	return out, nil
}

// excerpt is the beginning of content, fit for one line of a message.
func excerpt(content []byte) string {
	const limit = 80
	var b strings.Builder
	space := false
	for _, r := range string(content[:min(len(content), 4*limit)]) {
		switch {
		case r <= ' ' || r == 0x7f:
			space = b.Len() > 0
			continue
		case r == utf8.RuneError || r < 0xa0 && r > 0x7e:
			r = '�'
		}
		if space {
			b.WriteByte(' ')
			space = false
		}
		b.WriteRune(r)
		if b.Len() >= limit {
			b.WriteString("…")
			break
		}
	}
	return b.String()
}
