// Package source holds the bytes an author wrote and turns byte offsets, the one currency of
// positions in Tenon, into lines and columns. It knows nothing of what the bytes mean.
package source

import (
	"bytes"
	"sort"
	"unicode/utf16"
	"unicode/utf8"
)

// Range is a half-open range of bytes in one file. The zero Range means "no place known".
type Range struct {
	File  string `json:"file"`
	Start int    `json:"start"`
	End   int    `json:"end"`
}

// IsZero reports whether r names no place.
func (r Range) IsZero() bool { return r.File == "" }

// Contains reports whether all of other is in r.
func (r Range) Contains(other Range) bool {
	return r.File == other.File && r.Start <= other.Start && other.End <= r.End
}

// Empty returns the empty range at r's start.
func (r Range) Empty() Range { return Range{r.File, r.Start, r.Start} }

// Join returns the smallest range of r's file that covers both r and other.
// A zero range joins as the other one.
func (r Range) Join(other Range) Range {
	switch {
	case r.IsZero():
		return other
	case other.IsZero() || other.File != r.File:
		return r
	}
	return Range{r.File, min(r.Start, other.Start), max(r.End, other.End)}
}

// Position is a place in a file as people count: Line and Column start at 1, Column counts
// Unicode code points; Byte is the offset from the start of the file.
type Position struct {
	Line   int `json:"line"`
	Column int `json:"column"`
	Byte   int `json:"byte"`
}

// File is a named piece of text. It is immutable and safe for concurrent use.
type File struct {
	Name  string
	Src   []byte
	lines []int // offset of each line's first byte
}

var newline = []byte{'\n'}

// NewFile returns a File over src, which must not be changed afterwards.
func NewFile(name string, src []byte) *File {
	f := &File{Name: name, Src: src, lines: make([]int, 1, bytes.Count(src, newline)+1)}
	for at := 0; ; {
		n := bytes.IndexByte(src[at:], '\n')
		if n < 0 {
			return f
		}
		at += n + 1
		f.lines = append(f.lines, at)
	}
}

func (f *File) clamp(offset int) int { return max(0, min(offset, len(f.Src))) }

func (f *File) lineIndex(offset int) int {
	return sort.Search(len(f.lines), func(i int) bool { return f.lines[i] > offset }) - 1
}

// Position returns the place of a byte offset. Offsets outside the file are moved to its nearest end.
func (f *File) Position(offset int) Position {
	offset = f.clamp(offset)
	i := f.lineIndex(offset)
	return Position{Line: i + 1, Column: utf8.RuneCount(f.Src[f.lines[i]:offset]) + 1, Byte: offset}
}

// Line returns the text of a line (1-based) without its line ending, and the offset of its first byte.
// A line that does not exist is empty.
func (f *File) Line(n int) (text string, start int) {
	if n < 1 || n > len(f.lines) {
		return "", len(f.Src)
	}
	start = f.lines[n-1]
	end := len(f.Src)
	if n < len(f.lines) {
		end = f.lines[n] - 1
	}
	if end > start && f.Src[end-1] == '\r' {
		end--
	}
	return string(f.Src[start:end]), start
}

// Text returns the bytes of r, which must be a range of f.
func (f *File) Text(r Range) string {
	return string(f.Src[f.clamp(r.Start):f.clamp(max(r.Start, r.End))])
}

// UTF16 returns the zero-based line and UTF-16 column of a byte offset, as the Language Server
// Protocol counts (LSP 3.17, Position).
func (f *File) UTF16(offset int) (line, column int) {
	offset = f.clamp(offset)
	line = f.lineIndex(offset)
	for rest := f.Src[f.lines[line]:offset]; len(rest) > 0; {
		r, n := utf8.DecodeRune(rest)
		column += utf16.RuneLen(r)
		rest = rest[n:]
	}
	return line, column
}

// Set is the files of a project by name.
type Set map[string]*File

// Position returns the place where r starts; the zero Position when its file is not in the set.
func (s Set) Position(r Range) Position {
	if f := s[r.File]; f != nil {
		return f.Position(r.Start)
	}
	return Position{}
}

// Text returns the bytes of r, or "" when its file is not in the set.
func (s Set) Text(r Range) string {
	if f := s[r.File]; f != nil {
		return f.Text(r)
	}
	return ""
}
