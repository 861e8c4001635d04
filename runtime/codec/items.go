package codec

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"unicode/utf8"

	"golang.org/x/text/transform"

	"tenon/spec/media"
	"tenon/spec/types"
)

// maxItem bounds one row, line or event of a sequence.
const maxItem = 16 << 20

// Items reads a sequence (CSV, JSON lines, a JSON text sequence, an event stream) item by item, in memory that
// does not grow with their number.
type Items struct {
	b    *bufio.Reader
	next func() (any, error)
	n    int // items given
	err  error
}

// NewItems begins to read a body whose Content-Type header is contentType. A body of another type than was
// declared is an [*Error], as for [DecodeBody]; so are errors of the content, which [Items.Next] gives.
func NewItems(contentType string, r io.Reader, o DecodeOptions) (*Items, error) {
	declared := o.Declared
	if contentType == "" && len(declared) > 0 {
		contentType = declared[0]
	}
	it := &Items{b: bufio.NewReaderSize(r, 32<<10)}
	if len(declared) > 0 && Match(declared, contentType) < 0 {
		head, _ := it.b.Peek(256)
		return nil, mismatched(contentType, declared, head)
	}
	e, err := charsetOf(contentType)
	if err != nil {
		return nil, err
	}
	if e != nil {
		it.b = bufio.NewReaderSize(transform.NewReader(it.b, e.NewDecoder()), 32<<10)
	}
	form := media.FormOf(contentType)
	if !form.Sequence() && len(declared) > 0 {
		form = media.FormOf(declared[0])
	}
	element := o.element()
	switch form {
	case media.CSV, media.TSV:
		it.next = newRows(it.b, form, element).next
	case media.JSONLines:
		it.next = (&lines{b: it.b}).next
	case media.JSONSeq:
		it.next = (&texts{b: it.b}).next
	case media.Events:
		it.next = newEvents(it.b, element).next
	default:
		return nil, errorf(Unsupported, "a body of type %.100q is not a sequence", contentType)
	}
	return it, nil
}

// element is the type of an item: what o says of the body is about a list of them, or about one.
func (o *DecodeOptions) element() *types.Type {
	if o.Type != nil && o.Type.May(types.Array) {
		return o.Type.Elem()
	}
	return o.Type
}

// Next gives the next item, and [io.EOF] when there are no more. After an error it gives the same again.
func (it *Items) Next() (any, error) {
	if it.err != nil {
		return nil, it.err
	}
	v, err := it.next()
	if err != nil {
		it.err = err
		var e *Error
		if errors.As(err, &e) && err == error(e) {
			it.err = &Error{e.Kind, fmt.Sprintf("item %d: %s", it.n+1, e.Message), e.Err}
		}
		return nil, it.err
	}
	it.n++
	return v, nil
}

// Ready reports whether something has come that was not given yet, so that Next most likely need not wait.
func (it *Items) Ready() bool { return it.err == nil && it.b.Buffered() > 0 }

// all reads the items as a list.
func (it *Items) all() (any, error) {
	list := []any{}
	for {
		v, err := it.Next()
		switch {
		case err == io.EOF:
			return list, nil
		case err != nil:
			return nil, err
		}
		list = append(list, v)
	}
}

var errTooLong = errorf(TooLarge, "it is larger than %d MB", maxItem>>20)

// until reads up to and with the next delim, at most maxItem bytes; what it gives is good until the next call.
// With io.EOF it gives what there is before the end.
func until(b *bufio.Reader, delim byte, room *[]byte) ([]byte, error) {
	part, err := b.ReadSlice(delim)
	if err == nil {
		return part, nil
	}
	*room = append((*room)[:0], part...)
	for err == bufio.ErrBufferFull {
		if len(*room) > maxItem {
			return nil, errTooLong
		}
		part, err = b.ReadSlice(delim)
		*room = append(*room, part...)
	}
	return *room, err
}

// lines reads one JSON value a line.
type lines struct {
	b    *bufio.Reader
	room []byte
	line int
}

func (l *lines) next() (any, error) {
	for {
		line, err := until(l.b, '\n', &l.room)
		if l.line++; l.line == 1 {
			line = bytes.TrimPrefix(line, bom)
		}
		if len(bytes.TrimSpace(line)) > 0 && (err == nil || err == io.EOF) {
			return jsonItem(line, fmt.Sprintf("line %d: ", l.line))
		}
		if err != nil {
			return nil, cut(err)
		}
	}
}

// cut is an error of reading. What a reader says of itself, such as of its connection, comes as it is.
func cut(err error) error {
	if err == io.ErrUnexpectedEOF {
		return &Error{Truncated, "the body ends too early", err}
	}
	return err
}

func jsonItem(text []byte, where string) (any, error) {
	if !utf8.Valid(text) {
		return nil, errorf(Charset, "%sthe text is not in UTF-8", where)
	}
	v, err := types.DecodeJSON(text, types.Limits{})
	if err != nil {
		e := jsonError(text, err).(*Error)
		return nil, &Error{e.Kind, where + e.Message, err}
	}
	return v, nil
}

// texts reads a JSON text sequence (RFC 7464): each text between a record separator and a line feed.
type texts struct {
	b    *bufio.Reader
	room []byte
	in   bool // behind the first separator
}

const recordSeparator = 0x1e

func (t *texts) next() (any, error) {
	for {
		text, err := until(t.b, recordSeparator, &t.room)
		if err != nil && err != io.EOF {
			return nil, cut(err)
		}
		ended := err == io.EOF
		text = bytes.TrimSuffix(text, []byte{recordSeparator})
		bare := bytes.TrimSpace(text)
		switch {
		case !t.in && len(bytes.TrimPrefix(bare, bom)) > 0:
			return nil, errorf(Malformed, "the sequence does not begin with a record separator; it begins with: %s", excerpt(bare))
		case len(bare) > 0:
			// A number or word that nothing follows may be the beginning of a longer one (RFC 7464 §2.4).
			if last := text[len(text)-1]; last == bare[len(bare)-1] && last != '}' && last != ']' && last != '"' {
				return nil, errorf(Truncated, "the JSON text is cut off: %s", excerpt(bare))
			}
			t.in = true
			return jsonItem(bare, "")
		case ended:
			return nil, io.EOF
		}
		t.in = true
	}
}
