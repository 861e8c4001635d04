package openapi

import (
	"bytes"
	"strings"
	"unicode/utf8"

	"tenon/spec/source"
	"tenon/spec/types"
)

// Locate finds a place of the document in its author's text: of a member of an object its name, of
// anything else the value. What an overlay has put there is located in the overlay. For a place that does not exist it is the nearest one around it that does;
// the zero Range if the document itself is unknown.
func (d *Document) Locate(o types.Origin) source.Range {
	t := d.opened(o.Document)
	if t == nil {
		return source.Range{}
	}
	f, _ := t.find(o.Pointer)
	return t.locate(f)
}

// Has reports whether there is such a place in the files of the document that have been read.
func (d *Document) Has(o types.Origin) bool {
	t := d.opened(o.Document)
	if t == nil {
		return false
	}
	_, ok := t.find(o.Pointer)
	return ok
}

// locate finds a place as its author has it.
func (t *text) locate(f found) source.Range {
	if t.parts != nil {
		t, f = t.taken(f)
	}
	start, end := f.key-1, f.keyEnd+1 // with the quotes
	if f.keyEnd == 0 {
		start, end = f.at, f.end
		if c := f.lead(); c == '{' || c == '[' {
			end = start + 1
		}
	}
	if !t.yaml {
		return source.Range{File: t.name, Start: start, End: end}
	}
	return t.fromLayout(f, start)
}

// opened returns a file of the document if it has been read already.
func (d *Document) opened(name string) *text {
	if name == d.main.name || name == "" {
		return d.main
	}
	d.fileMu.Lock()
	defer d.fileMu.Unlock()
	if x := d.files[name]; x != nil {
		return x.text
	}
	return nil
}

// fromLayout turns a place in JSON that is laid out as YAML into the place in the YAML. The line is
// the same; in the line, text that stands there as it is called is looked for up to the JSON's column.
func (t *text) fromLayout(f found, at int) source.Range {
	column := at - bytes.LastIndexByte(t.json[:at], '\n') - 1
	line, start := t.source().Line(1 + bytes.Count(t.json[:at], []byte("\n")))
	word := ""
	switch {
	case f.keyEnd > 0:
		word = keyText(t.json[f.key:f.keyEnd])
	case f.lead() != '{' && f.lead() != '[':
		word = f.string()
	}
	from := wordBefore(line, word, column+1)
	if from < 0 { // a container, or text written with escapes or over several lines
		from = min(column, len(line))
		if blank := len(line) - len(strings.TrimLeft(line, " -")); from < blank {
			from = blank
		}
		word = ""
		if from < len(line) {
			_, n := utf8.DecodeRuneInString(line[from:])
			word = line[from : from+n]
		}
	}
	return source.Range{File: t.name, Start: start + from, End: start + from + len(word)}
}

// wordBefore finds the last place of word in line that starts at most at column limit, counted in
// bytes, and is no part of a longer word; the first place behind it if there is none; -1 if none.
func wordBefore(line, word string, limit int) int {
	if word == "" || strings.Contains(word, "\n") {
		return -1
	}
	best := -1
	for from := 0; from < len(line); {
		i := strings.Index(line[from:], word)
		if i < 0 {
			break
		}
		i += from
		from = i + 1
		if i > 0 && wordByte(line[i-1]) && wordByte(word[0]) || i+len(word) < len(line) && wordByte(line[i+len(word)]) && wordByte(word[len(word)-1]) {
			continue
		}
		if best >= 0 && i > limit {
			break
		}
		best = i
	}
	return best
}

func wordByte(c byte) bool {
	return c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c == '_' || c >= utf8.RuneSelf
}
