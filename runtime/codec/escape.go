package codec

import (
	"net/url"
	"strings"
)

// An escaper makes text safe for one place of a request.
type escaper struct {
	text func(string) string
	// space is how a blank between the elements of a spaceDelimited list is written.
	space string
}

var (
	plain    = escaper{text: percent, space: "%20"}
	reserved = escaper{text: percentReserved(":/?@!$'()*,;="), space: "%20"}    // in a query
	segment  = escaper{text: percentReserved(":/@!$&'()*+,;=[]"), space: "%20"} // in a path
	formText = escaper{text: url.QueryEscape, space: "+"}                       // in a body
	formKept = escaper{text: percentReserved(":/?@!$'()*,;="), space: "+"}      // in a body, reserved characters allowed
	verbatim = escaper{text: func(s string) string { return s }, space: " "}    // in a header
)

// queryEscaper is the escaper for queries and cookies.
func queryEscaper(allowReserved bool) escaper {
	if allowReserved {
		return reserved
	}
	return plain
}

func unreserved(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || c == '-' || c == '.' || c == '_' || c == '~'
}

// percent encodes every byte that is not unreserved (RFC 3986 §2.3).
func percent(s string) string {
	return encode(s, func(i int) bool { return unreserved(s[i]) })
}

// percentReserved also keeps the given reserved characters, and what is percent-encoded already
// (RFC 6570 §3.2.3).
func percentReserved(keep string) func(string) string {
	return func(s string) string {
		return encode(s, func(i int) bool {
			c := s[i]
			return unreserved(c) || strings.IndexByte(keep, c) >= 0 || c == '%' && isTriplet(s[i:])
		})
	}
}

func isTriplet(s string) bool { return len(s) >= 3 && s[0] == '%' && isHex(s[1]) && isHex(s[2]) }

func isHex(c byte) bool {
	return '0' <= c && c <= '9' || 'a' <= c && c <= 'f' || 'A' <= c && c <= 'F'
}

// encode percent-encodes the bytes of s for which keep does not hold.
func encode(s string, keep func(i int) bool) string {
	const hex = "0123456789ABCDEF"
	n := 0
	for i := range len(s) {
		if !keep(i) {
			n++
		}
	}
	if n == 0 {
		return s
	}
	out := make([]byte, 0, len(s)+2*n)
	for i := range len(s) {
		if keep(i) {
			out = append(out, s[i])
			continue
		}
		out = append(out, '%', hex[s[i]>>4], hex[s[i]&15])
	}
	return string(out)
}
