package engine

import (
	"net/http"
	"slices"
	"strconv"

	"tenon/spec/types"
)

// What is kept of every request is written by hand: as [encoding/json] would, at a fraction of its cost.

// members writes the members of an object, those that are empty left out.
type members []byte

func (m *members) name(name string) {
	b := append(*m, ',', '"')
	if len(*m) == 0 {
		b = append(*m, '{', '"')
	}
	*m = append(append(b, name...), '"', ':')
}

func (m members) end() []byte {
	if len(m) == 0 {
		return []byte("{}")
	}
	return append(m, '}')
}

func (m *members) text(name, v string) {
	if v != "" {
		m.name(name)
		*m = appendText(*m, v)
	}
}

func (m *members) int(name string, v int64) {
	if v != 0 {
		m.name(name)
		*m = strconv.AppendInt(*m, v, 10)
	}
}

func (m *members) bool(name string, v bool) {
	if v {
		m.name(name)
		*m = append(*m, "true"...)
	}
}

func (m *members) header(name string, h http.Header) {
	if len(h) == 0 {
		return
	}
	m.name(name)
	var room [16]string // most have fewer
	fields := room[:0]
	for field := range h {
		fields = append(fields, field)
	}
	slices.Sort(fields)
	b := append(*m, '{')
	for i, field := range fields {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(appendText(b, field), ':', '[')
		for k, v := range h[field] {
			if k > 0 {
				b = append(b, ',')
			}
			b = appendText(b, v)
		}
		b = append(b, ']')
	}
	*m = append(b, '}')
}

// appendText writes a string. One that is not UTF-8, which JSON has no form for, is written as [encoding/json] does.
func appendText(dst []byte, s string) []byte {
	out, err := types.AppendJSON(dst, s)
	if err != nil {
		out, _ = types.AppendJSON(dst, string([]rune(s)))
	}
	return out
}

func (d *intentData) json() []byte {
	m := make(members, 0, 256)
	m.text("method", d.Method)
	m.text("url", d.URL)
	m.header("header", d.Header)
	m.int("at", d.At)
	m.bool("sealed", d.Sealed)
	return m.end()
}

func (d *answerData) json() []byte {
	m := make(members, 0, 256)
	m.int("status", int64(d.Status))
	m.header("header", d.Header)
	m.text("url", d.URL)
	m.text("method", d.Method)
	m.text("asked", d.Asked)
	m.int("attempts", int64(d.Attempts))
	m.text("note", d.Note)
	m.int("at", d.At)
	m.int("took_ms", d.Took)
	m.bool("sealed", d.Sealed)
	m.bool("person", d.Person)
	return m.end()
}
