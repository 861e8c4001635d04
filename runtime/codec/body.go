package codec

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"sync"

	"tenon/spec/media"
	"tenon/spec/types"
)

// EncodeBody writes v as contentType and gives the content type to send with it. That is contentType
// itself, except for ranges such as */*, where it follows from the value: text/plain for strings,
// application/octet-stream for bytes, else JSON. encoding says how the properties of a form are
// written; other media types do not look at it. The same value always gives the same bytes.
func EncodeBody(contentType string, encoding map[string]Encoding, v any) (content []byte, sent string, err error) {
	return encodeBody(contentType, &Layout{Encoding: encoding}, v)
}

func encodeBody(contentType string, l *Layout, v any) (content []byte, sent string, err error) {
	if isWild(MediaType(contentType)) {
		contentType = natural(v)
	}
	switch form := media.FormOf(contentType); form {
	case media.JSON:
		content, err = encodeJSON(v)
	case media.URLForm:
		content, err = encodeForm(l.Encoding, v)
	case media.JSONLines, media.JSONSeq:
		content, err = encodeLines(form, v)
	case media.XML:
		x := l.XML
		if x == nil {
			x = NewXML(nil, nil)
		}
		content, err = x.encode(contentType, v)
	case media.CSV, media.TSV:
		if content, err = encodeCSV(form, l.Columns, v); err == nil {
			content, err = fromUTF8(content, contentType)
		}
	case media.Events:
		content, err = encodeEvents(v)
	case media.Multipart, media.Unknown:
		err = errorf(Unsupported, "a body of type %.100q cannot be written", contentType)
	default:
		content, err = encodePlain(MediaType(contentType), contentType, v)
	}
	var e *Error
	if err != nil && !errors.As(err, &e) {
		err = &Error{Kind: Unwritable, Message: fmt.Sprintf("the body cannot be written: %v", err), Err: err}
	}
	return content, contentType, err
}

// natural is the media type of a value where the operation takes any.
func natural(v any) string {
	switch v.(type) {
	case string:
		return "text/plain; charset=utf-8"
	case []byte:
		return "application/octet-stream"
	}
	return "application/json"
}

// encodePlain writes text and bytes.
func encodePlain(mediaType, contentType string, v any) ([]byte, error) {
	switch x := v.(type) {
	case []byte:
		return x, nil
	case string:
		if isText(mediaType) {
			return fromUTF8([]byte(x), contentType)
		}
		return []byte(x), nil
	}
	if s, ok := text(v); ok && v != nil && isText(mediaType) {
		return fromUTF8([]byte(s), contentType)
	}
	return nil, errorf(Unwritable, "a body of type %.100q is written from text or bytes, not from %s", contentType, types.Shapeof(v))
}

// encodeLines writes a list as one JSON value a line, or as a JSON text sequence.
func encodeLines(form media.Form, v any) ([]byte, error) {
	list, ok := v.([]any)
	if !ok {
		list = []any{v} // many documents describe one line
	}
	var out []byte
	var err error
	for _, item := range list {
		if form == media.JSONSeq {
			out = append(out, recordSeparator)
		}
		if out, err = types.AppendJSON(out, item); err != nil {
			return nil, err
		}
		out = append(out, '\n')
	}
	return out, nil
}

// encodeForm writes an object as application/x-www-form-urlencoded (WHATWG URL §5.2).
func encodeForm(encoding map[string]Encoding, v any) ([]byte, error) {
	object, ok := v.(map[string]any)
	if !ok {
		return nil, errorf(Unwritable, "a form is written from an object, not from %s", types.Shapeof(v))
	}
	var out []string
	for _, name := range slices.Sorted(maps.Keys(object)) {
		if types.IsMissing(object[name]) {
			continue
		}
		ps, err := formPairs(name, encoding[name], object[name])
		if err != nil {
			return nil, err
		}
		out = append(out, ps...)
	}
	return []byte(strings.Join(out, "&")), nil
}

// formPairs writes one property of a form.
func formPairs(name string, e Encoding, v any) ([]string, error) {
	esc := formText
	if e.AllowReserved {
		esc = formKept
	}
	if e.Style != "" {
		return pairs(name, e.Style, e.Explode, v, esc)
	}
	list, ok := v.([]any)
	if !ok {
		list = []any{v}
	}
	out := make([]string, len(list))
	for i, item := range list {
		s, err := formPart(e.ContentType, item)
		if err != nil {
			return nil, err
		}
		out[i] = esc.text(name) + "=" + esc.text(s)
	}
	return out, nil
}

// formPart writes a value whose style is not declared: scalars as they are, the rest as contentType.
func formPart(contentType string, v any) (string, error) {
	if s, ok := text(v); ok && (contentType == "" || !IsJSON(contentType)) {
		return s, nil
	}
	if contentType == "" || isWild(contentType) {
		contentType = "application/json"
	}
	b, _, err := EncodeBody(contentType, nil, v)
	return string(b), err
}

// DecodeOptions says what is known about a body before it is read.
type DecodeOptions struct {
	// Declared are the media types that the operation promises, for messages and for bodies that do
	// not say what they are; nil if nothing is known.
	Declared []string
	// MaxBytes bounds the body as it comes in. Zero means 64 MiB; negative means no bound.
	MaxBytes int64
	// Type says what text is to become: a number where it must be one. nil leaves text as it is. CSV and event
	// streams are read as lists where it is one of objects, else as text.
	Type     *types.Type
	XML      *XML                // how XML is read; nil: as text
	Encoding map[string]Encoding // of the properties of a form
}

const defaultMaxBytes = 64 << 20

// DecodeBody reads a body whose Content-Type header is contentType ("" if there was none). JSON gives
// its value with exact numbers, a form an object of strings (lists where a name repeats) unless a type says
// more, a sequence a list, text a string, anything else bytes. No content at all gives [types.Missing].
//
// A body of another type than was declared is not guessed at, with one exception: what comes without a
// type, or as text or bytes, where JSON was promised is read as JSON if it is JSON. Errors of the
// content are [*Error]; errors of r are passed on wrapped, except for [io.ErrUnexpectedEOF], which
// means [Truncated].
func DecodeBody(contentType string, r io.Reader, o DecodeOptions) (any, error) {
	b := buffers.Get().(*bytes.Buffer)
	defer release(b)
	if err := readAll(b, r, o.MaxBytes); err != nil {
		return nil, err
	}
	return DecodeContent(contentType, b.Bytes(), o)
}

// DecodeContent is [DecodeBody] for a body that is in memory, however large it is. The value shares no memory with it.
func DecodeContent(contentType string, content []byte, o DecodeOptions) (any, error) {
	if len(content) == 0 {
		return types.Missing, nil
	}
	return decode(contentType, content, o)
}

// buffers holds what bodies are read into and written from; values never share their memory.
var buffers = sync.Pool{New: func() any { return new(bytes.Buffer) }}

func release(b *bytes.Buffer) {
	if b.Cap() > 4<<20 {
		return
	}
	b.Reset()
	buffers.Put(b)
}

func readAll(b *bytes.Buffer, r io.Reader, limit int64) error {
	if limit == 0 {
		limit = defaultMaxBytes
	}
	if limit > 0 {
		r = io.LimitReader(r, limit+1)
	}
	n, err := b.ReadFrom(r)
	switch {
	case errors.Is(err, io.ErrUnexpectedEOF):
		return &Error{Truncated, fmt.Sprintf("the body ends too early, after %d bytes", n), err}
	case err != nil:
		return fmt.Errorf("read body: %w", err)
	case limit > 0 && n > limit:
		return errorf(TooLarge, "the body is larger than %d bytes", limit)
	}
	return nil
}

// decode reads content that the caller may use again.
func decode(contentType string, content []byte, o DecodeOptions) (any, error) {
	declared := o.Declared
	if contentType == "" && len(declared) > 0 {
		contentType = declared[0]
	}
	if len(declared) > 0 && Match(declared, contentType) < 0 {
		if v, ok := unlabelled(contentType, content, declared); ok {
			return v, nil
		}
		return nil, mismatched(contentType, declared, content)
	}
	form := media.FormOf(contentType)
	structured := o.Type != nil && o.Type.May(types.Array|types.Object) && !o.Type.May(types.String)
	switch {
	case form == media.JSON:
		return decodeJSON(contentType, content)
	case form == media.URLForm && structured:
		return DecodeForm(content, o.Type, o.Encoding)
	case form == media.URLForm:
		return decodeFlat(content)
	case form == media.Multipart && structured:
		return DecodeMultipart(contentType, content, o.Type, o.Encoding)
	case form == media.XML && o.XML != nil:
		return o.XML.decode(contentType, content)
	case form == media.JSONLines, form == media.JSONSeq, form.Sequence() && structured:
		it, err := NewItems(contentType, bytes.NewReader(content), DecodeOptions{Type: o.Type})
		if err != nil {
			return nil, err
		}
		return it.all()
	case form == media.Multipart, form == media.Unknown:
		return nil, errorf(Unsupported, "a body of type %.100q cannot be read", contentType)
	case form == media.Text, form == media.XML, form.Sequence():
		s, err := toUTF8(content, contentType)
		return scalar(string(s), o.Type), err
	}
	return bytes.Clone(content), nil
}

// CheckType reports content that is of another type than was declared, in the words of [DecodeBody]. It reads the
// beginning of r only then.
func CheckType(contentType string, declared []string, r io.Reader) error {
	if len(declared) == 0 || Match(declared, contentType) >= 0 {
		return nil
	}
	head := make([]byte, 256)
	n, _ := io.ReadFull(r, head)
	return mismatched(contentType, declared, head[:n])
}

// mismatched is the error of content that is of another type than was promised.
func mismatched(contentType string, declared []string, content []byte) error {
	return errorf(Mismatched, "the body is %.100s where %.300s was promised; it begins with: %s",
		MediaType(contentType), strings.Join(declared, " or "), excerpt(content))
}

// unlabelled reads JSON that calls itself text or bytes, where JSON was promised.
func unlabelled(contentType string, content []byte, declared []string) (any, bool) {
	t := MediaType(contentType)
	vague := t == "text/plain" || t == "application/octet-stream" || t == "binary/octet-stream"
	if !vague || !slices.ContainsFunc(declared, IsJSON) {
		return nil, false
	}
	v, err := decodeJSON(contentType, content)
	return v, err == nil
}
