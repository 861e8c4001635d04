// Package view shows what commands found and did, to people and to programs. It only writes: it
// decides nothing and reads nothing but what it is handed.
package view

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// Style says how text looks. The zero Style is plain text of any width.
type Style struct {
	Color bool
	Width int // columns of the terminal; 0: unknown, nothing is wrapped or cut
}

func (s Style) paint(code, text string) string {
	if !s.Color || text == "" {
		return text
	}
	return "\x1b[" + code + "m" + text + "\x1b[0m"
}

// Bold and its siblings mark text where the style has colour and return it unchanged elsewhere.
func (s Style) Bold(text string) string   { return s.paint("1", text) }
func (s Style) Dim(text string) string    { return s.paint("2", text) }
func (s Style) Red(text string) string    { return s.paint("31", text) }
func (s Style) Green(text string) string  { return s.paint("32", text) }
func (s Style) Yellow(text string) string { return s.paint("33", text) }
func (s Style) Blue(text string) string   { return s.paint("34", text) }
func (s Style) Cyan(text string) string   { return s.paint("36", text) }

// room is how many columns prose may take: no more than can be read well.
func (s Style) room() int {
	if s.Width == 0 {
		return 110
	}
	return min(s.Width, 110)
}

// clean makes text that came from outside safe to print: control characters, with which a document
// could steer the reader's terminal, become visible. Line breaks and tabs stay.
func clean(text string) string {
	if strings.IndexFunc(text, unprintable) < 0 && utf8.ValidString(text) {
		return text
	}
	return strings.Map(func(r rune) rune {
		if unprintable(r) {
			return utf8.RuneError
		}
		return r
	}, strings.ToValidUTF8(text, string(utf8.RuneError)))
}

// unprintable reports control characters and those that change the direction of text (Trojan Source).
func unprintable(r rune) bool {
	return r != '\n' && r != '\t' && (unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r))
}

// oneLine is clean text with its white space folded, at most limit characters.
func oneLine(text string, limit int) string {
	text = strings.Join(strings.Fields(clean(text)), " ")
	if utf8.RuneCountInString(text) <= limit {
		return text
	}
	return string([]rune(text)[:limit-1]) + "…"
}

// wrap breaks text at spaces so that lines have at most width columns; 0 means no bound.
func wrap(text string, width int) []string {
	var lines []string
	for _, paragraph := range strings.Split(clean(text), "\n") {
		line := ""
		for _, word := range strings.Fields(paragraph) {
			switch {
			case line == "":
				line = word
			case width > 0 && utf8.RuneCountInString(line)+1+utf8.RuneCountInString(word) > width:
				lines = append(lines, line)
				line = word
			default:
				line += " " + word
			}
		}
		lines = append(lines, line)
	}
	return lines
}

// plural is "1 error", "2 errors".
func plural(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return count(n) + " " + noun + "s"
}

// count writes n with its thousands apart: 12,345.
func count(n int) string {
	if n < 0 {
		return "-" + count(-n)
	}
	digits := []byte{}
	for i := 0; n > 0 || i == 0; i++ {
		if i > 0 && i%3 == 0 {
			digits = append(digits, ',')
		}
		digits = append(digits, byte('0'+n%10))
		n /= 10
	}
	for i, j := 0, len(digits)-1; i < j; i, j = i+1, j-1 {
		digits[i], digits[j] = digits[j], digits[i]
	}
	return string(digits)
}
