package view

import (
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"tenon/spec/source"
)

// snippetWidth bounds how much of a long line (a minified document is one line) is shown.
const snippetWidth = 120

// snippet shows the line where r starts, with carets under the part of it that r covers:
//
//	12 |   step "settle" { wiat = "30s" }
//	   |                   ^^^^
func snippet(w io.Writer, s Style, files source.Set, r source.Range, paint func(string) string) {
	f := files[r.File]
	if f == nil {
		return
	}
	at := f.Position(r.Start)
	line, start := f.Line(at.Line)
	if strings.TrimSpace(line) == "" {
		return
	}
	from := min(r.Start-start, len(line))
	to := max(from, min(r.End-start, len(line)))
	line, from, to = window(line, from, to)
	number := fmt.Sprintf("%5d", at.Line)
	fmt.Fprintf(w, "%s %s\n", s.Dim(number+" |"), clean(line))
	carets := strings.Repeat("^", max(1, utf8.RuneCountInString(line[from:to])))
	fmt.Fprintf(w, "%s %s%s\n", s.Dim(strings.Repeat(" ", len(number))+" |"), blank(line[:from]), paint(carets))
}

// blank is text with everything but tabs turned into spaces, so what follows it stands where it
// stood after text.
func blank(text string) string {
	return strings.Map(func(r rune) rune {
		if r == '\t' {
			return r
		}
		return ' '
	}, text)
}

// window cuts a long line down to the surroundings of line[from:to].
func window(line string, from, to int) (string, int, int) {
	if len(line) <= snippetWidth {
		return line, from, to
	}
	left := max(0, min(from-snippetWidth/3, len(line)-snippetWidth))
	right := min(len(line), left+snippetWidth)
	for left > 0 && !utf8.RuneStart(line[left]) {
		left--
	}
	for right < len(line) && !utf8.RuneStart(line[right]) {
		right++
	}
	to = min(to, right)
	cut := line[left:right]
	from, to = from-left, to-left
	if left > 0 {
		cut = "…" + cut
		from, to = from+len("…"), to+len("…")
	}
	if right < len(line) {
		cut += "…"
	}
	return cut, from, to
}
