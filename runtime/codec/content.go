package codec

import (
	"bytes"
	"context"
	"io"

	"tenon/spec/media"
	"tenon/spec/types"
)

// Layout is what is known about the content of one operation in one media type, beside the type itself.
type Layout struct {
	Encoding map[string]Encoding // of the properties of a form or multipart body
	XML      *XML                // nil: as the functions xmlencode and xmldecode have it
	Columns  []string            // of CSV, in the document's order
	// Boundary separates the parts of a multipart body; it must not be known to who makes the parts. Empty: one is
	// made of their content.
	Boundary string
	// File gives what a [types.FileValue] of that name on disk, or from another answer, holds; nil: there are none.
	File func(f *types.FileValue) (Source, error)
}

// Source is content that is read while it is sent. It gives the same bytes each time it is opened.
type Source interface {
	Open(ctx context.Context) (io.ReadCloser, int64, error)
	// Size is how many bytes it gives, as far as is known before it is opened; else -1.
	Size() int64
}

// Content is a body that is ready to be sent: in Bytes, unless Source is there.
type Content struct {
	Type   string // the Content-Type
	Bytes  []byte
	Source Source
}

// Encode writes v as contentType. Ranges such as */* become the type that fits the value, as in [EncodeBody]; files
// are not read before they are sent.
func Encode(contentType string, l *Layout, v any) (*Content, error) {
	if l == nil {
		l = &Layout{}
	}
	if f, ok := v.(*types.FileValue); ok {
		return l.whole(contentType, f)
	}
	if media.FormOf(contentType) == media.Multipart {
		return encodeMultipart(contentType, l, v)
	}
	b, sent, err := encodeBody(contentType, l, v)
	return &Content{Type: sent, Bytes: b}, err
}

// whole is a file that is the whole of a body.
func (l *Layout) whole(contentType string, f *types.FileValue) (*Content, error) {
	if media.FormOf(contentType) == media.Any || isWild(MediaType(contentType)) {
		if contentType = f.ContentType; contentType == "" {
			contentType = "application/octet-stream"
		}
	}
	b, s, err := l.content(f)
	return &Content{Type: contentType, Bytes: b, Source: s}, err
}

// content is what a file holds: bytes, or where to read them.
func (l *Layout) content(f *types.FileValue) ([]byte, Source, error) {
	switch c := f.Content.(type) {
	case []byte:
		return c, nil, nil
	case string:
		return []byte(c), nil, nil
	case Source:
		return nil, c, nil
	}
	if l.File == nil {
		return nil, nil, errorf(Unwritable, "the file %.100q cannot be read here", f.Name)
	}
	s, err := l.File(f)
	return nil, s, err
}

// Compress makes the content travel in a content coding, as the header of a request names it; "" leaves it alone.
func (c *Content) Compress(coding string) error {
	if !Compressed(coding) {
		return nil
	}
	if c.Source != nil {
		c.Source = &deflater{c.Source, coding}
		_, err := Compress(coding, io.Discard)
		return err
	}
	var b bytes.Buffer
	w, err := Compress(coding, &b)
	if err != nil {
		return err
	}
	w.Write(c.Bytes)
	err = w.Close()
	c.Bytes = b.Bytes()
	return err
}

// deflater is a source that is compressed while it is read.
type deflater struct {
	from   Source
	coding string
}

func (d *deflater) Size() int64 { return -1 }

func (d *deflater) Open(ctx context.Context) (io.ReadCloser, int64, error) {
	from, _, err := d.from.Open(ctx)
	if err != nil {
		return nil, 0, err
	}
	out := &deflating{from: from, room: make([]byte, 32<<10)}
	out.to, err = Compress(d.coding, &out.ready)
	return out, -1, err
}

// deflating compresses as much as is read of it, without a goroutine of its own.
type deflating struct {
	from  io.ReadCloser
	to    io.WriteCloser
	ready bytes.Buffer
	room  []byte
	err   error
}

func (d *deflating) Read(b []byte) (int, error) {
	for d.ready.Len() == 0 && d.err == nil {
		n, err := d.from.Read(d.room)
		if _, bad := d.to.Write(d.room[:n]); bad != nil {
			err = bad
		}
		if err == io.EOF {
			d.to.Close()
		}
		d.err = err
	}
	if d.ready.Len() > 0 {
		return d.ready.Read(b)
	}
	return 0, d.err
}

func (d *deflating) Close() error { return d.from.Close() }
