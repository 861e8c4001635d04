package codec

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"maps"
	"mime"
	"mime/multipart"
	"net/textproto"
	"slices"
	"strings"

	"tenon/spec/media"
	"tenon/spec/types"
)

// part is one part of a multipart body.
type part struct {
	header []byte // with the boundary before and the empty line after it
	head   textproto.MIMEHeader
	bytes  []byte
	source Source // in place of bytes
	file   bool
}

// encodeMultipart writes an object as multipart/form-data (RFC 7578): a part for each property, or for each element
// of one that is a list. Files come last, since some servers look at nothing behind them.
func encodeMultipart(contentType string, l *Layout, v any) (*Content, error) {
	object, ok := v.(map[string]any)
	if !ok {
		return nil, errorf(Unwritable, "a multipart body is written from an object, not from %s", types.Shapeof(v))
	}
	var parts []*part
	for _, name := range slices.Sorted(maps.Keys(object)) {
		more, err := l.parts(name, object[name])
		if err != nil {
			return nil, err
		}
		parts = append(parts, more...)
	}
	slices.SortStableFunc(parts, func(a, b *part) int {
		switch {
		case a.file == b.file:
			return 0
		case a.file:
			return 1
		}
		return -1
	})
	boundary := l.Boundary
	if boundary == "" {
		boundary = boundaryOf(parts)
	}
	m := &multipartBody{parts: parts, end: []byte("--" + boundary + "--\r\n")}
	for i, p := range parts {
		p.header = p.lead(boundary, i > 0)
		m.streams = m.streams || p.source != nil
	}
	if len(parts) > 0 {
		m.end = append([]byte("\r\n"), m.end...)
	}
	out := &Content{Type: mime.FormatMediaType(MediaType(contentType), map[string]string{"boundary": boundary})}
	if m.streams {
		out.Source = m
		return out, nil
	}
	r, _, _ := m.Open(context.Background())
	out.Bytes, _ = io.ReadAll(r) // from memory
	return out, nil
}

// boundaryOf makes a boundary that is the same for the same parts.
func boundaryOf(parts []*part) string {
	h := sha256.New()
	for _, p := range parts {
		fmt.Fprintf(h, "%q %d ", p.head, len(p.bytes))
		h.Write(p.bytes)
	}
	return "tenon-" + hex.EncodeToString(h.Sum(nil)[:16])
}

// parts writes one property.
func (l *Layout) parts(name string, v any) ([]*part, error) {
	e := l.Encoding[name]
	switch list, isList := v.([]any); {
	case types.IsMissing(v):
		return nil, nil
	case e.Style != "" && !hasFile(e, v):
		return styledParts(name, e, v)
	case isList && !IsJSON(e.ContentType):
		var out []*part
		for _, item := range list {
			p, err := l.part(name, e, item)
			if err != nil {
				return nil, err
			}
			out = append(out, p)
		}
		return out, nil
	}
	p, err := l.part(name, e, v)
	return []*part{p}, err
}

// hasFile reports whether v is a file or a list of some.
func hasFile(e Encoding, v any) bool {
	if list, ok := v.([]any); ok {
		return slices.ContainsFunc(list, func(x any) bool { return hasFile(e, x) })
	}
	_, ok := asFile(e, v)
	return ok
}

// styledParts writes a property whose encoding has a style, as a form would: each pair is a part.
func styledParts(name string, e Encoding, v any) ([]*part, error) {
	ps, err := pairs(name, e.Style, e.Explode, v, verbatim)
	if err != nil {
		return nil, err
	}
	var out []*part
	for _, pair := range ps {
		key, value, _ := strings.Cut(pair, "=")
		out = append(out, newPart(key, "", nil, []byte(value)))
	}
	return out, nil
}

// part writes one value: a file, a text, or anything else as the property's content type, which is JSON unless the
// document says otherwise.
func (l *Layout) part(name string, e Encoding, v any) (*part, error) {
	if f, ok := asFile(e, v); ok {
		return l.filePart(name, e, f)
	}
	contentType := chosenType(e.ContentType, "")
	if s, ok := text(v); ok && !IsJSON(contentType) {
		p := newPart(name, contentType, e.Headers, []byte(s))
		return p, nil
	}
	if contentType == "" {
		contentType = "application/json"
	}
	b, sent, err := encodeBody(contentType, &Layout{}, v)
	if err != nil {
		return nil, err
	}
	return newPart(name, sent, e.Headers, b), nil
}

// asFile reports whether v is sent as a file, and makes one of bytes.
func asFile(e Encoding, v any) (*types.FileValue, bool) {
	switch v := v.(type) {
	case *types.FileValue:
		return v, true
	case []byte:
		return &types.FileValue{Content: v}, true
	case string:
		if e.Binary {
			return &types.FileValue{Content: v}, true
		}
	}
	return nil, false
}

func (l *Layout) filePart(name string, e Encoding, f *types.FileValue) (*part, error) {
	b, s, err := l.content(f)
	if err != nil {
		return nil, err
	}
	filename := f.Name
	if filename == "" {
		filename = name
	}
	contentType := chosenType(e.ContentType, f.ContentType)
	if contentType == "" {
		contentType = "application/octet-stream"
	}
	headers := maps.Clone(e.Headers)
	for k, v := range f.Header {
		if headers == nil {
			headers = map[string]string{}
		}
		headers[k] = v
	}
	p := newPart(name, contentType, headers, b)
	p.file, p.source = true, s
	p.head.Set("Content-Disposition", disposition(name)+`; filename="`+quoted(filename)+`"`)
	return p, nil
}

// chosenType is the media type of a part: its own if that is among the declared, which may be several or ranges,
// else the first declared that is no range.
func chosenType(declared, own string) string {
	if declared == "" {
		return own
	}
	var list []string
	for t := range strings.SplitSeq(declared, ",") {
		list = append(list, strings.TrimSpace(t))
	}
	if own != "" && Match(list, own) >= 0 {
		return own
	}
	for _, t := range list {
		if !strings.Contains(t, "*") {
			return t
		}
	}
	return own
}

func newPart(name, contentType string, headers map[string]string, content []byte) *part {
	p := &part{head: textproto.MIMEHeader{}, bytes: content}
	for k, v := range headers {
		p.head.Set(k, strings.Map(func(r rune) rune {
			if r < ' ' || r == 0x7f {
				return -1
			}
			return r
		}, v))
	}
	p.head.Set("Content-Disposition", disposition(name))
	if contentType != "" {
		p.head.Set("Content-Type", contentType)
	}
	return p
}

func disposition(name string) string { return `form-data; name="` + quoted(name) + `"` }

// quoted escapes a name as browsers do (WHATWG HTML §4.10.21.8): RFC 7578 leaves it open.
func quoted(s string) string {
	return strings.NewReplacer("\r", "%0D", "\n", "%0A", `"`, "%22").Replace(s)
}

// lead is what stands before the content: the delimiter and the header.
func (p *part) lead(boundary string, follows bool) []byte {
	var b bytes.Buffer
	if follows {
		b.WriteString("\r\n")
	}
	b.WriteString("--" + boundary + "\r\n")
	for _, k := range slices.Sorted(maps.Keys(p.head)) {
		b.WriteString(k + ": " + p.head.Get(k) + "\r\n")
	}
	b.WriteString("\r\n")
	return b.Bytes()
}

// multipartBody is a multipart body of which some parts are read while it is sent.
type multipartBody struct {
	parts   []*part
	end     []byte
	streams bool
}

func (m *multipartBody) Size() int64 {
	total := int64(len(m.end))
	for _, p := range m.parts {
		n := int64(len(p.bytes))
		if p.source != nil {
			n = p.source.Size()
		}
		if n < 0 {
			return -1
		}
		total += n + int64(len(p.header))
	}
	return total
}

func (m *multipartBody) Open(ctx context.Context) (io.ReadCloser, int64, error) {
	return &multipartReader{ctx: ctx, body: m}, m.Size(), nil
}

// multipartReader reads the parts one after another and opens each when it comes to it.
type multipartReader struct {
	ctx   context.Context
	body  *multipartBody
	at    int // index of the part after the current one
	begun bool
	now   io.Reader
	open  io.Closer
}

func (r *multipartReader) Read(b []byte) (int, error) {
	for {
		if r.now != nil {
			n, err := r.now.Read(b)
			if n > 0 || err != io.EOF {
				if err == io.EOF {
					err = nil
				}
				return n, err
			}
			r.now = nil
			if r.open != nil {
				r.open.Close()
				r.open = nil
			}
		}
		if err := r.advance(); err != nil {
			return 0, err
		}
	}
}

// advance goes to the next piece: the header of a part, its content, or the end.
func (r *multipartReader) advance() error {
	parts := r.body.parts
	switch {
	case r.at > len(parts):
		return io.EOF
	case r.at == len(parts):
		r.at++
		r.now = bytes.NewReader(r.body.end)
		return nil
	}
	p := parts[r.at]
	if !r.begun {
		r.begun = true
		r.now = bytes.NewReader(p.header)
		return nil
	}
	r.begun = false
	r.at++
	if p.source == nil {
		r.now = bytes.NewReader(p.bytes)
		return nil
	}
	content, _, err := p.source.Open(r.ctx)
	if err != nil {
		return err
	}
	r.now, r.open = content, content
	return nil
}

func (r *multipartReader) Close() error {
	r.at, r.now = len(r.body.parts)+1, nil
	if r.open == nil {
		return nil
	}
	err := r.open.Close()
	r.open = nil
	return err
}

const maxParts = 10_000

// DecodeMultipart reads multipart/form-data as a value of t: files as bytes, everything else as its property wants it.
// Names that t does not declare are kept, as text.
func DecodeMultipart(contentType string, content []byte, t *types.Type, encoding map[string]Encoding) (any, error) {
	_, params, err := mime.ParseMediaType(contentType)
	if err != nil || params["boundary"] == "" {
		return nil, errorf(Malformed, "the content type of a multipart body must name its boundary")
	}
	r := multipart.NewReader(bytes.NewReader(content), params["boundary"])
	out := map[string]any{}
	for n := 0; ; n++ {
		p, err := r.NextRawPart()
		if err == io.EOF {
			return out, nil
		}
		if err != nil {
			return nil, multipartError(err)
		}
		if n == maxParts {
			return nil, errorf(TooLarge, "the body has more than %d parts", maxParts)
		}
		name := p.FormName()
		if name == "" {
			return nil, errorf(Malformed, "part %d has no name", n+1)
		}
		body, err := io.ReadAll(p)
		if err != nil {
			return nil, multipartError(err)
		}
		if err := addPart(out, name, p, body, t, encoding[name]); err != nil {
			return nil, err
		}
	}
}

func multipartError(err error) error {
	if errors.Is(err, io.ErrUnexpectedEOF) {
		return &Error{Truncated, "the multipart body ends before its last boundary", err}
	}
	return &Error{Malformed, fmt.Sprintf("the multipart body cannot be read: %v", err), err}
}

func addPart(out map[string]any, name string, p *multipart.Part, body []byte, t *types.Type, e Encoding) error {
	var want *types.Type
	undeclared := t == nil || t.Field(name).Property == nil // nothing says that it is no list
	if t != nil {
		want = member(t, name)
	}
	list := want != nil && want.May(types.Array) && !IsJSON(e.ContentType)
	if list {
		want = want.Elem()
	}
	v, err := partValue(p, body, want)
	if err != nil {
		return err
	}
	old, twice := out[name]
	switch {
	case list:
		have, _ := old.([]any)
		out[name] = append(have, v)
	case twice && undeclared:
		have, more := old.([]any)
		if !more {
			have = []any{old}
		}
		out[name] = append(have, v)
	case twice:
		return repeated(name)
	default:
		out[name] = v
	}
	return nil
}

// partValue reads one part.
func partValue(p *multipart.Part, body []byte, want *types.Type) (any, error) {
	contentType := p.Header.Get("Content-Type")
	switch form := media.FormOf(contentType); {
	case want != nil && want.May(types.Bytes) || want == nil && p.FileName() != "":
		return bytes.Clone(body), nil
	case contentType == "":
		s, err := toUTF8(body, contentType)
		return scalar(string(s), want), err
	case form == media.JSON:
		return decodeJSON(contentType, body)
	case form == media.Text:
		s, err := toUTF8(body, contentType)
		return scalar(string(s), want), err
	case form == media.Bytes || form == media.Any || form == media.Multipart || form == media.Unknown:
		return bytes.Clone(body), nil
	}
	return decode(contentType, body, DecodeOptions{Type: want, XML: NewXML(nil, want)})
}
