package codec

import (
	"bufio"
	"bytes"
	"io"
	"strconv"
	"strings"
	"unicode/utf8"

	"tenon/spec/types"
)

// events reads an event stream as browsers do (HTML §9.2.6). Each event is an object with event ("message" where
// the stream does not say), data, and, where they were given, id and retry. Data is a value where its type is not text.
type events struct {
	b      *bufio.Reader
	room   []byte
	skip   bool // a line feed, after a carriage return
	begun  bool
	data   *types.Type
	isJSON bool

	id string // of the last event that had one
}

func newEvents(b *bufio.Reader, element *types.Type) *events {
	e := &events{b: b}
	if element != nil && element.May(types.Object) {
		e.data = member(element, "data")
	}
	e.isJSON = e.data != nil && !e.data.May(types.String)
	return e
}

// done ends the stream of those APIs that send JSON and say at its end that there is no more.
const done = "[DONE]"

func (e *events) next() (any, error) {
	var data bytes.Buffer
	has, kind, retry := false, "", -1
	for {
		line, err := e.line()
		if err != nil {
			return nil, cut(err) // an event that no empty line ends is dropped
		}
		if len(line) == 0 {
			if has {
				return e.event(data.String(), kind, retry)
			}
			kind, retry = "", -1
			continue
		}
		name, value, _ := bytes.Cut(line, []byte(":"))
		value = bytes.TrimPrefix(value, []byte(" "))
		switch string(name) {
		case "data":
			if has {
				data.WriteByte('\n')
			}
			has = true
			if data.Write(value); data.Len() > maxItem {
				return nil, errTooLong
			}
		case "event":
			kind = toValid(value)
		case "id":
			if bytes.IndexByte(value, 0) < 0 {
				e.id = toValid(value)
			}
		case "retry":
			if n, err := strconv.Atoi(string(value)); err == nil && len(bytes.Trim(value, "0123456789")) == 0 {
				retry = n
			}
		}
	}
}

func (e *events) event(data, kind string, retry int) (any, error) {
	if kind == "" {
		kind = "message"
	}
	v := map[string]any{"event": kind, "data": strings.ToValidUTF8(data, "�")}
	if e.isJSON {
		if strings.TrimSpace(data) == done {
			return nil, io.EOF
		}
		value, err := jsonItem([]byte(data), "the data: ")
		if err != nil {
			return nil, err
		}
		v["data"] = value
	} else if e.data != nil {
		v["data"] = scalar(v["data"].(string), e.data)
	}
	if e.id != "" {
		v["id"] = e.id
	}
	if retry >= 0 {
		v["retry"] = retry
	}
	return v, nil
}

func toValid(b []byte) string {
	if utf8.Valid(b) {
		return string(b)
	}
	return strings.ToValidUTF8(string(b), "�")
}

// line reads a line that ends with CR LF, LF or CR, without waiting for what comes behind a CR. What no line end
// follows is dropped.
func (e *events) line() ([]byte, error) {
	e.room = e.room[:0]
	for {
		b, err := e.b.ReadByte()
		if err != nil {
			return nil, err
		}
		if e.skip {
			if e.skip = false; b == '\n' {
				continue
			}
		}
		switch b {
		case '\r', '\n':
			e.skip = b == '\r'
			if !e.begun {
				e.begun = true
				return bytes.TrimPrefix(e.room, bom), nil
			}
			return e.room, nil
		}
		if e.room = append(e.room, b); len(e.room) > maxItem {
			return nil, errTooLong
		}
	}
}

// encodeEvents writes events; it is what a mock sends.
func encodeEvents(v any) ([]byte, error) {
	list, ok := v.([]any)
	if !ok {
		list = []any{v}
	}
	var b bytes.Buffer
	field := func(name, value string) {
		for line := range strings.SplitSeq(strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(value), "\n") {
			b.WriteString(name + ": " + line + "\n")
		}
	}
	for _, item := range list {
		event, ok := item.(map[string]any)
		if !ok {
			event = map[string]any{"data": item}
		}
		for _, name := range []string{"event", "id", "retry"} {
			if s, ok := text(types.Get(event, name)); ok && s != "" && !strings.ContainsAny(s, "\r\n\x00") {
				field(name, s)
			}
		}
		data := types.Get(event, "data")
		s, isText := data.(string)
		if !isText {
			j, err := types.AppendJSON(nil, data)
			if err != nil {
				return nil, err
			}
			s = string(j)
		}
		field("data", s)
		b.WriteByte('\n')
	}
	return b.Bytes(), nil
}
