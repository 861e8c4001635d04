package types

import (
	"encoding/base64"
	"fmt"
	"regexp/syntax"
	"strings"
	"time"
	"unicode/utf8"
)

// vocabulary is what text is made of where nothing says what it should be.
var vocabulary = strings.Fields(`amber anchor apple arrow autumn basket birch blue bridge bright candle canyon cedar cherry cloud
	clover copper coral crystal dawn delta ember falcon fern field forest garden glacier golden granite green harbor hazel
	hollow indigo island ivory jade juniper lake lantern lemon lily linen maple marble meadow mist moon moss mountain north
	oak ocean olive orchard pearl pebble pine plum quartz quiet rain raven river rose ruby saffron sage silver sky snow
	spring stone summer sun thistle timber valley violet walnut water willow wind winter wood`)

func (g *generator) word() string { return vocabulary[g.r.IntN(len(vocabulary))] }

func (g *generator) words(n int) string {
	parts := make([]string, n)
	for i := range parts {
		parts[i] = g.word()
	}
	return strings.Join(parts, " ")
}

// text makes a string.
func (g *generator) text(s *Shape) (any, bool) {
	if s.Strings == nil {
		return g.words(1 + g.r.IntN(3)), true
	}
	for _, i := range g.r.Perm(len(s.Strings)) {
		if v, ok := g.textOf(s.Strings[i]); ok {
			return v, true
		}
	}
	return nil, false
}

// maxText bounds how long a text is made that a schema asks for.
const maxText = 100_000

func (g *generator) textOf(x *Text) (string, bool) {
	if x.MinLen > maxText {
		return "", false
	}
	if x.Enum != nil {
		for _, i := range g.r.Perm(len(x.Enum)) {
			if x.holds(x.Enum[i]) {
				return x.Enum[i], true
			}
		}
		return "", false
	}
	for i := range 3 * attempts {
		if v, ok := g.candidate(x, i); ok && x.holds(v) {
			return v, true
		}
	}
	return "", false
}

// candidate makes text that may be one of x; the later the attempt, the longer are parts that may repeat.
func (g *generator) candidate(x *Text, attempt int) (string, bool) {
	if len(x.Patterns) > 0 {
		most := 3 + attempt/4
		if attempt%2 == 1 {
			most = max(most, x.MinLen)
		}
		if attempt%3 < 2 || len(x.Patterns) == 1 {
			return g.matching(x.Patterns[attempt%len(x.Patterns)], most)
		}
		all := ""
		for _, p := range x.Patterns { // one after the other may be all of them
			part, ok := g.matching(p, most)
			if !ok {
				return "", false
			}
			all += part
		}
		return all, true
	}
	if make := samples[x.Format]; make != nil && attempt < 2*attempts {
		return make(g), true
	}
	v := g.words(1 + g.r.IntN(3))
	if x.Format == "byte" {
		v = base64.StdEncoding.EncodeToString([]byte(v))
	}
	least := x.MinLen
	if g.long && x.MaxLen >= 0 && x.MaxLen < maxText {
		least = x.MaxLen
	}
	for utf8.RuneCountInString(v) < least {
		v += " " + g.word()
	}
	if x.MaxLen >= 0 && len(v) > x.MaxLen {
		v = v[:x.MaxLen]
		if trimmed := strings.TrimRight(v, " "); len(trimmed) >= x.MinLen {
			v = trimmed
		}
	}
	return v, true
}

// samples make text of a format.
var samples = map[string]func(g *generator) string{
	"date-time": func(g *generator) string { return g.moment().Format(time.RFC3339) },
	"date":      func(g *generator) string { return g.moment().Format(time.DateOnly) },
	"time":      func(g *generator) string { return g.moment().Format("15:04:05Z07:00") },
	"duration":  func(g *generator) string { return fmt.Sprintf("P%dDT%dH", 1+g.r.IntN(9), 1+g.r.IntN(9)) },
	"email":     func(g *generator) string { return g.word() + "." + g.word() + "@example.com" },
	"hostname":  func(g *generator) string { return g.word() + ".example.com" },
	"ipv4":      func(g *generator) string { return fmt.Sprintf("192.0.2.%d", 1+g.r.IntN(254)) },
	"ipv6":      func(g *generator) string { return fmt.Sprintf("2001:db8::%x", 1+g.r.IntN(0xfffe)) },
	"uri":       func(g *generator) string { return "https://example.com/" + g.word() },
	"uri-reference": func(g *generator) string {
		return "/" + g.word() + "/" + g.word()
	},
	"url": func(g *generator) string { return "https://example.com/" + g.word() },
	"uuid": func(g *generator) string {
		return fmt.Sprintf("%08x-%04x-4%03x-%04x-%012x", g.r.Uint32(), g.r.IntN(1<<16), g.r.IntN(1<<12), 0x8000+g.r.IntN(1<<14), g.r.Int64N(1<<48))
	},
}

// matching makes text in which a pattern occurs, with at most so many repetitions of a part that may
// repeat without bound.
func (g *generator) matching(pattern string, most int) (string, bool) {
	tree, err := syntax.Parse(forRE2(withoutLookaround(pattern)), syntax.Perl)
	if err != nil {
		return "", false
	}
	w := &patternWriter{g: g, most: most}
	w.write(tree)
	return w.String(), !w.failed
}

// withoutLookaround drops what only looks ahead or behind: text is made without it, and then checked.
func withoutLookaround(pattern string) string {
	for _, open := range []string{"(?=", "(?!", "(?<=", "(?<!"} {
		for {
			at := strings.Index(pattern, open)
			if at < 0 {
				break
			}
			end := closing(pattern, at)
			pattern = pattern[:at] + pattern[end:]
		}
	}
	return pattern
}

// closing is the index behind the parenthesis that closes the one at open.
func closing(p string, open int) int {
	depth, class := 0, false
	for i := open; i < len(p); i++ {
		switch c := p[i]; {
		case c == '\\':
			i++
		case class:
			class = c != ']'
		case c == '[':
			class = true
		case c == '(':
			depth++
		case c == ')':
			if depth--; depth == 0 {
				return i + 1
			}
		}
	}
	return len(p)
}

// patternWriter writes text that a regular expression matches.
type patternWriter struct {
	strings.Builder
	g      *generator
	most   int
	failed bool
}

func (w *patternWriter) write(re *syntax.Regexp) {
	if w.Len() > maxText {
		w.failed = true
	}
	if w.failed {
		return
	}
	switch re.Op {
	case syntax.OpLiteral:
		w.WriteString(string(re.Rune))
	case syntax.OpCharClass:
		w.class(re.Rune)
	case syntax.OpAnyChar, syntax.OpAnyCharNotNL:
		w.WriteByte("abcdefghijklmnopqrstuvwxyz"[w.g.r.IntN(26)])
	case syntax.OpStar:
		w.repeat(re.Sub[0], 0, -1)
	case syntax.OpPlus:
		w.repeat(re.Sub[0], 1, -1)
	case syntax.OpQuest:
		w.repeat(re.Sub[0], 0, 1)
	case syntax.OpRepeat:
		w.repeat(re.Sub[0], re.Min, re.Max)
	case syntax.OpConcat, syntax.OpCapture:
		for _, sub := range re.Sub {
			w.write(sub)
		}
	case syntax.OpAlternate:
		w.write(re.Sub[w.g.r.IntN(len(re.Sub))])
	case syntax.OpNoMatch:
		w.failed = true
	}
}

func (w *patternWriter) repeat(re *syntax.Regexp, least, most int) {
	if limit := least + w.most; most < 0 || most > limit {
		most = limit
	}
	for range least + w.g.r.IntN(most-least+1) {
		w.write(re)
	}
}

// class writes one character of a class, a letter, a digit or another that is easy to read if there is one.
func (w *patternWriter) class(ranges []rune) {
	for _, readable := range [][2]rune{{'a', 'z'}, {'0', '9'}, {'A', 'Z'}, {'!', '~'}, {0, utf8.MaxRune}} {
		var in [][2]rune
		count := 0
		for i := 0; i+1 < len(ranges); i += 2 {
			low, high := max(ranges[i], readable[0]), min(ranges[i+1], readable[1])
			if low <= high {
				in = append(in, [2]rune{low, high})
				count += int(high-low) + 1
			}
		}
		if count == 0 || w.g.r.IntN(3) == 0 && readable[1] < '~' && readable[0] != 'A' {
			continue
		}
		at := w.g.r.IntN(count)
		for _, span := range in {
			if size := int(span[1]-span[0]) + 1; at < size {
				w.WriteRune(span[0] + rune(at))
				return
			} else {
				at -= size
			}
		}
	}
	w.any(ranges)
}

// any writes the first character of a class.
func (w *patternWriter) any(ranges []rune) {
	if len(ranges) == 0 {
		w.failed = true
		return
	}
	w.WriteRune(ranges[0])
}
