package openapi

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math/bits"
)

// maxDepth bounds the nesting of documents, in JSON values.
const maxDepth = 512

// A fault is a place at which JSON text is not as RFC 8259 wants it.
type fault struct {
	at      int
	message string
}

// scanner walks JSON text without decoding it. It checks only what it needs to find its way: what
// lies inside a value that is skipped is checked by whoever decodes that value. After a fault every
// method returns the end of the text, so walks end by themselves.
type scanner struct {
	b     []byte
	depth int // values around the current one
	count int // entries made
	fault *fault
}

func (s *scanner) fail(at int, format string, args ...any) int {
	if s.fault == nil {
		s.fault = &fault{min(at, len(s.b)), fmt.Sprintf(format, args...)}
	}
	return len(s.b)
}

// space returns the offset of the first byte at or after i that is no white space.
func (s *scanner) space(i int) int {
	b := s.b
	for i < len(b) && b[i] <= ' ' && (b[i] == ' ' || b[i] == '\n' || b[i] == '\t' || b[i] == '\r') {
		i++
	}
	return i
}

// value returns the offset behind the value at i, which is no white space.
func (s *scanner) value(i int) int {
	if i >= len(s.b) {
		return s.fail(i, "the text ends where a value should be")
	}
	switch s.b[i] {
	case '"':
		return s.text(i)
	case '{', '[':
		return s.container(i)
	}
	return s.literal(i)
}

// text returns the offset behind the string whose opening quote is at i.
func (s *scanner) text(i int) int {
	b := s.b
	for j := i + 1; ; j++ {
		n := bytes.IndexByte(b[j:], '"')
		if n < 0 {
			return s.fail(i, "a string that starts here does not end")
		}
		j += n
		back := j
		for b[back-1] == '\\' { // the opening quote stops it
			back--
		}
		if (j-back)%2 == 0 {
			return j + 1
		}
	}
}

// literal returns the offset behind the number, true, false or null at i.
func (s *scanner) literal(i int) int {
	j := i
	for j < len(s.b) && isLiteral(s.b[j]) {
		j++
	}
	switch word := s.b[i:j]; {
	case len(word) == 0:
		return s.fail(i, "%q stands where a value should be", s.b[i])
	case word[0] == '-' || word[0] >= '0' && word[0] <= '9',
		string(word) == "true", string(word) == "false", string(word) == "null":
		return j
	}
	return s.fail(i, "%q is no JSON value", s.b[i:min(j, i+20)])
}

func isLiteral(c byte) bool {
	return c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c == '-' || c == '+' || c == '.' || c == '_'
}

// Between the bytes that matter to it, container leaps 8 bytes at a time. '[' and '{' differ by the
// bit 0x20 alone, and so do ']' and '}'.
const (
	ones  = 0x0101010101010101
	highs = 0x8080808080808080
	lower = 0x2020202020202020
)

// zeroes has the high bit set of bytes of x that are zero. Bytes above the first zero one may be
// reported wrongly, so only the lowest is used.
func zeroes(x uint64) uint64 { return (x - ones) & ^x & highs }

// container returns the offset behind the object or array at i.
func (s *scanner) container(i int) int {
	b, start, depth := s.b, i, s.depth
	for i < len(b) {
		switch b[i] {
		case '"':
			i = s.text(i)
			continue
		case '{', '[':
			if depth++; depth > maxDepth {
				return s.fail(i, "nested deeper than %d levels", maxDepth)
			}
		case '}', ']':
			if depth--; depth == s.depth {
				return i + 1
			}
		}
		i++
		for i+8 <= len(b) {
			w := binary.LittleEndian.Uint64(b[i:])
			hit := zeroes(w^'"'*ones) | zeroes((w|lower)^'{'*ones) | zeroes((w|lower)^'}'*ones)
			if hit != 0 {
				i += bits.TrailingZeros64(hit) / 8
				break
			}
			i += 8
		}
	}
	return s.fail(start, "%q that opens here is never closed", b[start])
}

// object calls f for each member of the object at i with the range of the key's text, quotes
// excluded, and the offset of the value; f returns the offset behind the value. The result is the
// offset behind the object.
func (s *scanner) object(i int, f func(key, keyEnd, at int) int) int {
	if s.depth++; s.depth > maxDepth {
		return s.fail(i, "nested deeper than %d levels", maxDepth)
	}
	defer func() { s.depth-- }()
	start := i
	if i = s.space(i + 1); i < len(s.b) && s.b[i] == '}' {
		return i + 1
	}
	for i < len(s.b) {
		if s.b[i] != '"' {
			return s.fail(i, "%q stands where a quoted member name should be", s.b[i])
		}
		end := s.text(i)
		at := s.space(end)
		if at >= len(s.b) || s.b[at] != ':' {
			return s.fail(at, "a colon is missing after a member's name")
		}
		at = s.space(at + 1)
		next := s.space(f(i+1, end-1, at))
		if s.fault != nil || next >= len(s.b) {
			break
		}
		switch s.b[next] {
		case '}':
			return next + 1
		case ',':
			i = s.space(next + 1)
		default:
			return s.fail(next, "%q stands where a comma or the object's end should be", s.b[next])
		}
	}
	return s.fail(start, "an object that starts here does not end")
}

// array calls f for each element of the array at i with its index and offset; f returns the offset
// behind it. The result is the offset behind the array.
func (s *scanner) array(i int, f func(n, at int) int) int {
	if s.depth++; s.depth > maxDepth {
		return s.fail(i, "nested deeper than %d levels", maxDepth)
	}
	defer func() { s.depth-- }()
	start := i
	if i = s.space(i + 1); i < len(s.b) && s.b[i] == ']' {
		return i + 1
	}
	for n := 0; i < len(s.b); n++ {
		next := s.space(f(n, i))
		if s.fault != nil || next >= len(s.b) {
			break
		}
		switch s.b[next] {
		case ']':
			return next + 1
		case ',':
			i = s.space(next + 1)
		default:
			return s.fail(next, "%q stands where a comma or the array's end should be", s.b[next])
		}
	}
	return s.fail(start, "an array that starts here does not end")
}
