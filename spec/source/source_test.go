package source

import "testing"

func TestPosition(t *testing.T) {
	f := NewFile("a.hcl", []byte("one\r\nzwei€ü\n\U0001F600x"))
	for _, c := range []struct {
		offset, line, column int
		utf16Line, utf16     int
	}{
		{0, 1, 1, 0, 0},
		{3, 1, 4, 0, 3},
		{5, 2, 1, 1, 0},
		{12, 2, 6, 1, 5}, // after the euro sign, three bytes
		{14, 2, 7, 1, 6}, // after the umlaut, two bytes
		{19, 3, 2, 2, 2}, // after a code point of two UTF-16 units
		{99, 3, 3, 2, 3}, // beyond the end: the end
		{-1, 1, 1, 0, 0}, // before the start: the start
	} {
		if p := f.Position(c.offset); p.Line != c.line || p.Column != c.column {
			t.Errorf("Position(%d) = %d:%d, want %d:%d", c.offset, p.Line, p.Column, c.line, c.column)
		}
		if l, col := f.UTF16(c.offset); l != c.utf16Line || col != c.utf16 {
			t.Errorf("UTF16(%d) = %d:%d, want %d:%d", c.offset, l, col, c.utf16Line, c.utf16)
		}
	}
}

func TestLine(t *testing.T) {
	f := NewFile("a.hcl", []byte("one\r\ntwo\n"))
	for n, want := range map[int]string{0: "", 1: "one", 2: "two", 3: "", 4: ""} {
		if got, _ := f.Line(n); got != want {
			t.Errorf("Line(%d) = %q, want %q", n, got, want)
		}
	}
}

func TestJoin(t *testing.T) {
	a, b := Range{"f", 5, 8}, Range{"f", 2, 6}
	for _, c := range []struct{ x, y, want Range }{
		{a, b, Range{"f", 2, 8}},
		{a, Range{}, a},
		{Range{}, a, a},
		{a, Range{"g", 0, 99}, a}, // of another file: no common range
	} {
		if got := c.x.Join(c.y); got != c.want {
			t.Errorf("%v.Join(%v) = %v, want %v", c.x, c.y, got, c.want)
		}
	}
}
