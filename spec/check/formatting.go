package check

import (
	"bytes"
	"strings"
	"unicode/utf8"

	"tenon/spec/diag"
	"tenon/spec/lang"
	"tenon/spec/source"
	"tenon/spec/syntax"
)

// Formatting notes the files that are not in canonical form, where they first differ from it. The fix
// formats the file.
func Formatting(files []*syntax.File) diag.List {
	var diags diag.List
	for _, f := range files {
		src, canonical := f.Source.Src, f.Canonical()
		if bytes.Equal(canonical, src) {
			continue
		}
		start, behind := difference(src, canonical)
		diags.Add(lang.Formatting, onOneLine(f.Source, start, len(src)-behind), "The file is not in canonical form from here on. `tenon fmt` formats it.").
			Fix = &diag.Edit{
			Range: source.Range{File: f.Source.Name, Start: start, End: len(src) - behind},
			New:   string(canonical[start : len(canonical)-behind]),
		}
	}
	return diags
}

// onOneLine is the part of start to end that stands on the first line with anything but space on it, so
// that there is something to point at.
func onOneLine(f *source.File, start, end int) source.Range {
	for n := f.Position(start).Line; ; n++ {
		line, from := f.Line(n)
		if strings.TrimSpace(line) == "" && from+len(line) < end {
			continue
		}
		start = max(start, from)
		return source.Range{File: f.Name, Start: start, End: max(start, min(end, from+len(line)))}
	}
}

// difference returns how many bytes a and b have in common at the start, and behind that at the end.
func difference(a, b []byte) (start, behind int) {
	for start < len(a) && start < len(b) && a[start] == b[start] {
		start++
	}
	for start > 0 && start < len(a) && !utf8.RuneStart(a[start]) {
		start--
	}
	for behind < len(a)-start && behind < len(b)-start && a[len(a)-1-behind] == b[len(b)-1-behind] {
		behind++
	}
	for behind > 0 && !utf8.RuneStart(a[len(a)-behind]) {
		behind--
	}
	return start, behind
}
