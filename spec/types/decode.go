package types

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math"
	"strconv"
	"sync"

	"github.com/go-json-experiment/json/jsontext"
)

// Limits bound what decoding one value may take. Zero fields mean the defaults.
type Limits struct {
	Depth  int   // of nesting; default 512
	Bytes  int64 // of text; default 64 MiB
	Values int   // of scalars, arrays and objects in all; default 8 million
}

func (l Limits) filled() Limits {
	if l.Depth == 0 {
		l.Depth = 512
	}
	if l.Bytes == 0 {
		l.Bytes = 64 << 20
	}
	if l.Values == 0 {
		l.Values = 8_000_000
	}
	return l
}

// JSONError says why text is not a JSON value, or not one within the limits.
type JSONError struct {
	Offset  int64 // in bytes from the start of the text
	Message string
	cause   error
}

func (e *JSONError) Error() string {
	return fmt.Sprintf("not valid JSON at byte %d: %s", e.Offset, e.Message)
}

// Unwrap returns what reading failed with; [io.ErrUnexpectedEOF] for text that ends too early.
func (e *JSONError) Unwrap() error { return e.cause }

// DecodeJSON reads the one JSON value that data holds (RFC 8259). Integers that fit become int,
// numbers that a float64 holds exactly float64, others [Num]; so 2.0 is the int 2. Two members of the
// same name, invalid UTF-8, anything after the value and exceeding a limit are errors ([*JSONError]).
func DecodeJSON(data []byte, l Limits) (any, error) {
	d := pool.Get().(*Decoder)
	defer d.release()
	d.reset(bytes.NewBuffer(data), l)
	d.source = nil
	if int64(len(data)) > d.limits.Bytes {
		return nil, d.fail(d.tooLong())
	}
	v, err := d.Value()
	if err == io.EOF {
		return nil, d.fail(io.ErrUnexpectedEOF)
	}
	if err != nil {
		return nil, err
	}
	if _, err := d.json.ReadToken(); err != io.EOF {
		return nil, d.fail(errors.New("there is more after the value"))
	}
	return v, nil
}

// Decoder reads JSON values from a stream, one after the other, as [DecodeJSON] does. A Decoder holds
// no more of the stream than the value being read. It is for one goroutine.
type Decoder struct {
	json   *jsontext.Decoder
	source *boundedReader
	limits Limits
	left   int // values that may still come
	values []any
	names  []string
	known  [256]string // member names seen, by hash
}

var pool = sync.Pool{New: func() any { return &Decoder{json: jsontext.NewDecoder(new(bytes.Buffer))} }}

// NewDecoder returns a Decoder of what r gives. The limits hold for each value (of [Decoder.Array],
// each element).
func NewDecoder(r io.Reader, l Limits) *Decoder {
	d := &Decoder{json: new(jsontext.Decoder)}
	d.source = &boundedReader{r: r}
	d.reset(d.source, l)
	return d
}

func (d *Decoder) reset(r io.Reader, l Limits) {
	// Duplicate names are found when an object is put together, for less than jsontext takes.
	d.json.Reset(r, jsontext.AllowDuplicateNames(true))
	d.limits = l.filled()
}

func (d *Decoder) release() {
	d.json.Reset(new(bytes.Buffer))
	clear(d.values[:cap(d.values)])
	if cap(d.values) > 1<<16 {
		d.values, d.names = nil, nil
	}
	d.values, d.names = d.values[:0], d.names[:0]
	pool.Put(d)
}

// Value reads the next value. At the end of the stream the error is [io.EOF].
func (d *Decoder) Value() (any, error) {
	d.begin()
	if d.json.PeekKind() == 0 {
		if _, err := d.json.ReadToken(); err != nil {
			return nil, d.fail(err)
		}
	}
	return d.value(0)
}

// Array reads the next value, which must be an array, and calls f with its elements one by one. An
// error of f ends it and is returned.
func (d *Decoder) Array(f func(any) error) error {
	d.begin()
	t, err := d.json.ReadToken()
	if err != nil {
		return d.fail(err)
	}
	if t.Kind() != '[' {
		return d.fail(errors.New("a list is expected"))
	}
	for d.json.PeekKind() != ']' {
		d.begin()
		v, err := d.value(1)
		if err != nil {
			return err
		}
		if err := f(v); err != nil {
			return err
		}
	}
	if _, err = d.json.ReadToken(); err != nil {
		return d.fail(err)
	}
	return nil
}

func (d *Decoder) begin() {
	d.left = d.limits.Values
	if d.source != nil {
		d.source.allowed = d.json.InputOffset() + d.limits.Bytes
	}
}

func (d *Decoder) value(depth int) (any, error) {
	if d.left--; d.left < 0 {
		return nil, d.fail(fmt.Errorf("more than %d values", d.limits.Values))
	}
	switch d.json.PeekKind() {
	case '{':
		return d.object(depth)
	case '[':
		return d.array(depth)
	case '0':
		raw, err := d.json.ReadValue()
		if err != nil {
			return nil, d.fail(err)
		}
		v, err := number(raw)
		if err != nil {
			return nil, d.fail(err)
		}
		return v, nil
	}
	t, err := d.json.ReadToken()
	if err != nil {
		return nil, d.fail(err)
	}
	switch t.Kind() {
	case '"':
		return t.String(), nil
	case 't':
		return true, nil
	case 'f':
		return false, nil
	}
	return nil, nil
}

func (d *Decoder) open(depth int) error {
	if depth >= d.limits.Depth {
		return d.fail(fmt.Errorf("nested more than %d deep", d.limits.Depth))
	}
	if _, err := d.json.ReadToken(); err != nil {
		return d.fail(err)
	}
	return nil
}

func (d *Decoder) array(depth int) (any, error) {
	if err := d.open(depth); err != nil {
		return nil, err
	}
	base := len(d.values)
	for d.json.PeekKind() != ']' {
		v, err := d.value(depth + 1)
		if err != nil {
			return nil, err
		}
		d.values = append(d.values, v)
	}
	if _, err := d.json.ReadToken(); err != nil {
		return nil, d.fail(err)
	}
	list := make([]any, len(d.values)-base)
	copy(list, d.values[base:])
	d.values = d.values[:base]
	return list, nil
}

func (d *Decoder) object(depth int) (any, error) {
	if err := d.open(depth); err != nil {
		return nil, err
	}
	base, baseNames := len(d.values), len(d.names)
	for d.json.PeekKind() != '}' {
		raw, err := d.json.ReadValue()
		if err != nil {
			return nil, d.fail(err)
		}
		d.names = append(d.names, d.name(raw))
		v, err := d.value(depth + 1)
		if err != nil {
			return nil, err
		}
		d.values = append(d.values, v)
	}
	if _, err := d.json.ReadToken(); err != nil {
		return nil, d.fail(err)
	}
	values, names := d.values[base:], d.names[baseNames:]
	object := make(map[string]any, len(names))
	for i, n := range names {
		object[n] = values[i]
		if len(object) != i+1 {
			return nil, d.fail(fmt.Errorf("the name %.40q appears twice in an object", n))
		}
	}
	d.values, d.names = d.values[:base], d.names[:baseNames]
	return object, nil
}

// name returns the text of a quoted member name, without a new string for one seen lately.
func (d *Decoder) name(raw jsontext.Value) string {
	if bytes.IndexByte(raw, '\\') >= 0 {
		b, _ := jsontext.AppendUnquote(nil, raw) // valid, since the decoder gave it
		return string(b)
	}
	text := raw[1 : len(raw)-1]
	if len(text) > 40 || len(text) == 0 {
		return string(text)
	}
	h := uint8(len(text)*7) ^ text[0] ^ text[len(text)-1]*13 ^ text[len(text)/2]*31
	if k := d.known[h]; k == string(text) {
		return k
	}
	s := string(text)
	d.known[h] = s
	return s
}

// number converts the text of a JSON number as DecodeJSON says.
func number(raw []byte) (any, error) {
	digits, plain := 0, true
	for _, c := range raw {
		switch {
		case c >= '0' && c <= '9':
			digits++
		case c != '-':
			plain = false
		}
	}
	if plain && digits <= 18 {
		n, negative := 0, raw[0] == '-'
		for _, c := range raw {
			if c != '-' {
				n = n*10 + int(c-'0')
			}
		}
		if negative {
			n = -n
		}
		return n, nil
	}
	if digits <= 15 && !plain {
		// Up to 15 digits survive the way to float64 and back.
		f, err := strconv.ParseFloat(string(raw), 64)
		switch {
		case err != nil || math.Abs(f) < 1e-300: // out of range, or where digits get lost
		case f == math.Trunc(f) && math.Abs(f) < exactInt:
			return int(f), nil
		case f == math.Trunc(f) && math.Abs(f) < 1e19: // may still be an int
		default:
			return f, nil
		}
	}
	n, err := ParseNum(string(raw))
	if err != nil {
		return nil, err
	}
	return n.Canonical(), nil
}

func (d *Decoder) tooLong() error { return fmt.Errorf("longer than %d bytes", d.limits.Bytes) }

func (d *Decoder) fail(err error) error {
	if err == io.EOF {
		return err
	}
	e := &JSONError{Offset: d.json.InputOffset(), cause: err}
	var s *jsontext.SyntacticError
	switch {
	case errors.Is(err, errBound):
		e.Message, e.cause = d.tooLong().Error(), nil
	case errors.Is(err, io.ErrUnexpectedEOF):
		e.Message, e.cause = "it ends too early", io.ErrUnexpectedEOF
	case errors.As(err, &s):
		e.Offset, e.Message = s.ByteOffset, s.Err.Error()
	default:
		e.Message = err.Error()
	}
	return e
}

var errBound = errors.New("bound exceeded")

// boundedReader gives no more than allowed bytes of r, counted from the start, plus what may be read ahead.
type boundedReader struct {
	r             io.Reader
	read, allowed int64
}

const readAhead = 64 << 10

func (b *boundedReader) Read(p []byte) (int, error) {
	left := b.allowed + readAhead - b.read
	if left <= 0 {
		return 0, errBound
	}
	n, err := b.r.Read(p[:min(int64(len(p)), left)])
	b.read += int64(n)
	return n, err
}
