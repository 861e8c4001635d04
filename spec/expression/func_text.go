package expression

import (
	"fmt"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"tenon/spec/types"
)

func ex(pairs ...string) []Example {
	out := make([]Example, 0, len(pairs)/2)
	for i := 0; i+1 < len(pairs); i += 2 {
		out = append(out, Example{pairs[i], pairs[i+1]})
	}
	return out
}

// onText makes a primitive of a function on strings.
func onText(fn func(string) string) primitive {
	return primitive{text: func(f *frame, v any) any { return f.text(fn(mustText(v))) }}
}

func sameSize(args []*types.Type) *types.Type {
	low, high := sizes(args[0])
	return sized(low, high)
}

func noLonger(args []*types.Type) *types.Type {
	_, high := sizes(args[0])
	return sized(0, high)
}

// changeCase is the type of lower and upper: enums are mapped, and formats that know no case are kept.
func changeCase(fn func(string) string) func([]*types.Type) *types.Type {
	return func(args []*types.Type) *types.Type {
		if values, ok := args[0].Constants(); ok {
			out := make([]any, len(values))
			for i, v := range values {
				s, ok := v.(string)
				if !ok {
					return types.AnyString
				}
				out[i] = fn(s)
			}
			return types.Enum(out...)
		}
		if hasFormat(args[0], "email", "uuid", "hostname", "idn-hostname") {
			// The number of code points stays, for what these formats allow.
			s := args[0].Shape()
			texts := make([]*types.Text, len(s.Strings))
			for i, x := range s.Strings {
				texts[i] = &types.Text{Format: x.Format, MinLen: x.MinLen, MaxLen: x.MaxLen}
			}
			return types.New(&types.Shape{Kinds: types.String, Strings: texts})
		}
		// Go maps code point by code point, ß to itself, so their number stays.
		return sameSize(args)
	}
}

func textFunctions() []*Function {
	return []*Function{
		{Signature: "lower(s string) string", Doc: "`s` in lower case.", Pure: true,
			Examples: ex(`lower("ÄB c")`, `"äb c"`), result: changeCase(strings.ToLower), prim: onText(strings.ToLower)},
		{Signature: "upper(s string) string", Doc: "`s` in upper case.", Pure: true,
			Examples: ex(`upper("äb c")`, `"ÄB C"`), result: changeCase(strings.ToUpper), prim: onText(strings.ToUpper)},
		{Signature: "title(s string) string", Doc: "`s` with the first letter of every word in upper case.", Pure: true,
			Examples: ex(`title("open pull request")`, `"Open Pull Request"`), result: sameSize, prim: onText(titleCase)},
		{Signature: "trim(s string, chars? string) string", Doc: "`s` without white space at either end, or without any of `chars` there.", Pure: true,
			Examples: ex(`trim("  a b ")`, `"a b"`, `trim("--a--", "-")`, `"a"`), result: noLonger, prim: primitive{many: func(f *frame, a []any) any {
				if len(a) == 1 {
					return strings.TrimSpace(mustText(a[0]))
				}
				return strings.Trim(mustText(a[0]), mustText(a[1]))
			}}},
		{Signature: "trimPrefix(s string, prefix string) string", Doc: "`s` without `prefix`, if it starts with it.", Pure: true,
			Examples: ex(`trimPrefix("order-17", "order-")`, `"17"`), result: noLonger, prim: primitive{two: func(a, b any) any { return strings.TrimPrefix(mustText(a), mustText(b)) }}},
		{Signature: "trimSuffix(s string, suffix string) string", Doc: "`s` without `suffix`, if it ends with it.", Pure: true,
			Examples: ex(`trimSuffix("a.json", ".json")`, `"a"`), result: noLonger, prim: primitive{two: func(a, b any) any { return strings.TrimSuffix(mustText(a), mustText(b)) }}},
		{Signature: "hasPrefix(s string, prefix string) bool", Doc: "Whether `s` starts with `prefix`.", Pure: true,
			Examples: ex(`hasPrefix("order-17", "order-")`, `true`), prim: primitive{test: true, two: func(a, b any) any { return strings.HasPrefix(mustText(a), mustText(b)) }}},
		{Signature: "hasSuffix(s string, suffix string) bool", Doc: "Whether `s` ends with `suffix`.", Pure: true,
			Examples: ex(`hasSuffix("a.json", ".json")`, `true`), prim: primitive{test: true, two: func(a, b any) any { return strings.HasSuffix(mustText(a), mustText(b)) }}},
		{Signature: "split(s string, separator string, limit? integer) list(string)", Doc: "The parts of `s` between the separators, at most `limit` of them.", Pure: true,
			Examples: ex(`split("a,b,c", ",")`, `["a","b","c"]`, `split("a,b,c", ",", 2)`, `["a","b,c"]`), prim: splitter(strings.SplitN)},
		{Signature: "splitAfter(s string, separator string, limit? integer) list(string)", Doc: "Like `split`, but every part keeps its separator.", Pure: true,
			Examples: ex(`splitAfter("a,b", ",")`, `["a,","b"]`), prim: splitter(strings.SplitAfterN)},
		{Signature: "join(parts list(string|number|bool), separator? string) string", Doc: "The parts in one string, with the separator between them.", Pure: true,
			Examples: ex(`join(["a", "b"], ", ")`, `"a, b"`, `join([1, 2])`, `"12"`), prim: primitive{many: joinText}},
		{Signature: "replace(s string, old string, new string) string", Doc: "`s` with every `old` replaced by `new`.", Pure: true,
			Examples: ex(`replace("a-b-c", "-", "+")`, `"a+b+c"`), prim: primitive{many: replaceText}},
		{Signature: "repeat(s string, times integer) string", Doc: "`s`, `times` times.", Pure: true,
			Examples: ex(`repeat("ab", 3)`, `"ababab"`), prim: primitive{many: func(f *frame, a []any) any {
				s, n := mustText(a[0]), mustInt(a[1])
				if n < 0 {
					fail("a string can't be repeated %d times", n)
				}
				if s != "" {
					if n > f.limits.Bytes/len(s) {
						fail("the expression makes more than %d MB of text", f.limits.Bytes>>20)
					}
					f.made(len(s) * n)
				} else {
					n = 0
				}
				return strings.Repeat(s, n)
			}}},
		{Signature: "indexOf(s string, part string) integer", Doc: "The place of the first `part` in `s`, counted in code points from 0; absent when there is none.", Pure: true,
			Examples: ex(`indexOf("größe", "ß")`, `3`), result: placeIn, prim: primitive{two: func(a, b any) any { return codePoint(mustText(a), strings.Index(mustText(a), mustText(b))) }}},
		{Signature: "lastIndexOf(s string, part string) integer", Doc: "The place of the last `part` in `s`; absent when there is none.", Pure: true,
			Examples: ex(`lastIndexOf("a-b-c", "-")`, `3`), result: placeIn, prim: primitive{two: func(a, b any) any { return codePoint(mustText(a), strings.LastIndex(mustText(a), mustText(b))) }}},
		{Signature: "truncate(s string, n integer) string", Doc: "The first `n` code points of `s`, as `maxLength` counts.", Pure: true,
			Examples: ex(`truncate("größer", 4)`, `"größ"`, `truncate("a", 4)`, `"a"`), result: truncated, prim: primitive{two: func(a, b any) any { return truncate(mustText(a), mustInt(b)) }}},
		{Signature: "pad_left(s string, n integer, pad? string) string", Doc: "`s`, with `pad` (a space) in front until it has `n` code points.", Pure: true,
			Examples: ex(`pad_left("7", 3, "0")`, `"007"`), prim: primitive{many: padLeft}},
		{Signature: "slug(s string) string", Doc: "`s` for a URL: lower case letters and digits of ASCII, with single hyphens between words.", Pure: true,
			Examples: ex(`slug("Crème Brûlée, 2 pieces!")`, `"creme-brulee-2-pieces"`), prim: onText(slug)},
		{Signature: "format(layout string, values… string|number|bool|time|duration) string", Doc: "The layout with its verbs filled in: `%s` any scalar, `%d` an integer, `%.2f` a number with two digits (exact for decimals), `%05d` padded, `%%` a percent sign.", Pure: true,
			Examples: ex(`format("%s-%04d", "INV", 17)`, `"INV-0017"`, `format("%.2f", 2)`, `"2.00"`), prim: primitive{many: formatText}},
		{Signature: "regex_find(s string, pattern string) string", Doc: "The first match of the pattern (RE2 syntax), or its first group where it has one; absent when nothing matches.", Pure: true,
			Examples: ex(`regex_find("order 17 of 20", "[0-9]+")`, `"17"`, `regex_find("id=17;", "id=([0-9]+)")`, `"17"`), result: maybeText, prim: primitive{two: regexFind}},
		{Signature: "regex_find_all(s string, pattern string) list(string)", Doc: "All matches of the pattern (RE2 syntax), or of its first group where it has one.", Pure: true,
			Examples: ex(`regex_find_all("17 of 20", "[0-9]+")`, `["17","20"]`), prim: primitive{many: regexFindAll}},
		{Signature: "regex_replace(s string, pattern string, new string) string", Doc: "`s` with every match of the pattern (RE2 syntax) replaced; `$1` or `${name}` in `new` is a group.", Pure: true,
			Examples: ex(`regex_replace("+49 (30) 12-34", "[^0-9+]", "")`, `"+49301234"`), prim: primitive{many: regexReplace}},
		{Signature: "string(x string|number|bool|time|duration) string", Doc: "`x` as text, as a template writes it.", Pure: true,
			Examples: ex(`string(17)`, `"17"`, `string(true)`, `"true"`), result: asText, prim: primitive{text: func(f *frame, v any) any { return f.text(textOfValue(v)) }}},
	}
}

func maybeText([]*types.Type) *types.Type { return types.AnyString.With(types.Absent) }

func placeIn([]*types.Type) *types.Type { return naturals.With(types.Absent) }

func asText(args []*types.Type) *types.Type {
	if values, ok := args[0].Constants(); ok {
		out := make([]any, len(values))
		for i, v := range values {
			if v == nil {
				return types.AnyString
			}
			out[i] = textOfValue(v)
		}
		return types.Enum(out...)
	}
	if args[0].Is(types.String) {
		return args[0]
	}
	if args[0].Is(types.Time) {
		return formatted("date-time")
	}
	return sized(textSizes(args[0]))
}

func titleCase(s string) string {
	start := true
	return strings.Map(func(r rune) rune {
		was := start
		start = !unicode.IsLetter(r) && !unicode.IsDigit(r) && r != '\'' && r != '’'
		if was {
			return unicode.ToTitle(r)
		}
		return r
	}, s)
}

func splitter(split func(s, sep string, n int) []string) primitive {
	return primitive{many: func(f *frame, a []any) any {
		n := -1
		if len(a) == 3 {
			n = mustInt(a[2])
		}
		s := mustText(a[0])
		f.cells(min(len(s), utf8.RuneCountInString(s)) + 1)
		parts := split(s, mustText(a[1]), n)
		out := make([]any, len(parts))
		for i, p := range parts {
			out[i] = p
		}
		return out
	}}
}

func joinText(f *frame, a []any) any {
	sep := ""
	if len(a) == 2 {
		sep = mustText(a[1])
	}
	var b strings.Builder
	for i, v := range mustElements(a[0]) {
		s := textOfValue(v)
		f.made(65 + len(sep) + len(s))
		if i > 0 {
			b.WriteString(sep)
		}
		b.WriteString(s)
	}
	return b.String()
}

func replaceText(f *frame, a []any) any {
	s, old, by := mustText(a[0]), mustText(a[1]), mustText(a[2])
	if n := strings.Count(s, old); n > 0 && len(by) > 0 {
		if n > f.limits.Bytes/len(by) {
			fail("the expression makes more than %d MB of text", f.limits.Bytes>>20)
		}
		f.made(len(s) + n*len(by))
	}
	return strings.ReplaceAll(s, old, by)
}

func codePoint(s string, i int) any {
	if i < 0 {
		return types.Missing
	}
	return utf8.RuneCountInString(s[:i])
}

func truncate(s string, n int) string {
	if n < 0 {
		fail("a string can't be cut to %d characters", n)
	}
	if len(s) <= n {
		return s
	}
	for i := range s {
		if n == 0 {
			return s[:i]
		}
		n--
	}
	return s
}

func truncated(args []*types.Type) *types.Type {
	low, high := sizes(args[0])
	values, ok := args[1].Constants()
	if !ok || len(values) != 1 {
		return sized(0, high)
	}
	n, ok := integer(values[0])
	if !ok || n < 0 {
		return sized(0, high)
	}
	if high >= 0 && high <= n {
		return args[0]
	}
	return sized(min(low, n), n)
}

func padLeft(f *frame, a []any) any {
	s, n, pad := mustText(a[0]), mustInt(a[1]), " "
	if len(a) == 3 {
		pad = mustText(a[2])
	}
	if utf8.RuneCountInString(pad) != 1 {
		fail("pad_left pads with one character, not with %s", types.Shapeof(pad))
	}
	lack := n - utf8.RuneCountInString(s)
	if lack <= 0 {
		return s
	}
	if lack > f.limits.Bytes/len(pad) {
		fail("the expression makes more than %d MB of text", f.limits.Bytes>>20)
	}
	f.made(lack*len(pad) + len(s))
	return strings.Repeat(pad, lack) + s
}

func slug(s string) string {
	var b strings.Builder
	gap := false
	for _, r := range norm.NFKD.String(strings.ReplaceAll(strings.ToLower(s), "ß", "ss")) {
		switch {
		case r >= 'a' && r <= 'z' || r >= '0' && r <= '9':
			if gap && b.Len() > 0 {
				b.WriteByte('-')
			}
			gap = false
			b.WriteRune(r)
		case unicode.Is(unicode.Mn, r) || r == '\'' || r == '’':
		default:
			gap = true
		}
	}
	return b.String()
}

// formatText is format: the verbs of C's printf that need no type.
func formatText(f *frame, a []any) any {
	layout, args := mustText(a[0]), a[1:]
	var b strings.Builder
	for {
		i := strings.IndexByte(layout, '%')
		if i < 0 {
			b.WriteString(layout)
			break
		}
		b.WriteString(layout[:i])
		m := verb.FindStringSubmatch(layout[i:])
		if m == nil {
			fail("%q in the layout is no verb of format", oneLine(layout[i:], 10))
		}
		layout = layout[i+len(m[0]):]
		if m[4] == "%" {
			b.WriteByte('%')
			continue
		}
		if len(args) == 0 {
			fail("the layout has more verbs than there are values")
		}
		s := formatOne(m, args[0])
		args = args[1:]
		f.made(65 + len(s))
		b.WriteString(s)
	}
	if len(args) > 0 {
		fail("the layout has fewer verbs than there are values")
	}
	return b.String()
}

var verb = regexp.MustCompile(`^%([-+0]*)([0-9]{0,3})(?:\.([0-9]{1,2}))?([sdf%])`)

func formatOne(m []string, v any) string {
	flags, width := m[1], m[2]
	switch m[4] {
	case "d":
		return fmt.Sprintf("%"+flags+width+"d", mustInt(v))
	case "f":
		places := 6
		if m[3] != "" {
			fmt.Sscan(m[3], &places)
		}
		text := mustBe(mustNum(v).Round(places)).Plain()
		if strings.Contains(flags, "+") && !strings.HasPrefix(text, "-") {
			text = "+" + text
		}
		return padVerb(flags, width, text)
	}
	return padVerb(strings.ReplaceAll(flags, "0", ""), width, textOfValue(v))
}

func padVerb(flags, width, s string) string {
	n := 0
	fmt.Sscan(width, &n)
	lack := n - utf8.RuneCountInString(s)
	switch {
	case lack <= 0:
		return s
	case strings.Contains(flags, "-"):
		return s + strings.Repeat(" ", lack)
	case strings.Contains(flags, "0"):
		sign := ""
		if s != "" && (s[0] == '-' || s[0] == '+') {
			sign, s = s[:1], s[1:]
		}
		return sign + strings.Repeat("0", lack) + s
	}
	return strings.Repeat(" ", lack) + s
}

// patterns caches compiled expressions: most are literals of the project, so it stays small.
var patterns sync.Map // string → *regexp.Regexp
var patternCount atomic.Int32

func pattern(v any) *regexp.Regexp {
	text := mustText(v)
	if re, ok := patterns.Load(text); ok {
		return re.(*regexp.Regexp)
	}
	if len(text) > 10_000 {
		fail("the pattern is longer than 10,000 bytes")
	}
	re, err := regexp.Compile(text)
	if err != nil {
		fail("this is not a regular expression: %s", regexpError(err))
	}
	if patternCount.Add(1) <= 1000 {
		patterns.Store(text, re)
	}
	return re
}

func regexpError(err error) string {
	return strings.TrimPrefix(err.Error(), "error parsing regexp: ")
}

func regexFind(a, b any) any {
	s := mustText(a)
	m := pattern(b).FindStringSubmatchIndex(s)
	if m == nil {
		return types.Missing
	}
	if len(m) >= 4 {
		if m[2] < 0 {
			return types.Missing
		}
		return s[m[2]:m[3]]
	}
	return s[m[0]:m[1]]
}

func regexFindAll(f *frame, a []any) any {
	s := mustText(a[0])
	f.work(len(s) / 64)
	found := pattern(a[1]).FindAllStringSubmatchIndex(s, -1)
	f.cells(len(found))
	out := make([]any, 0, len(found))
	for _, m := range found {
		i := 0
		if len(m) >= 4 {
			i = 2
		}
		if m[i] >= 0 {
			out = append(out, s[m[i]:m[i+1]])
		}
	}
	return out
}

func regexReplace(f *frame, a []any) any {
	s, re, by := mustText(a[0]), pattern(a[1]), mustText(a[2])
	f.work(len(s) / 64)
	var out []byte
	last := 0
	for _, m := range re.FindAllStringSubmatchIndex(s, -1) {
		out = append(out, s[last:m[0]]...)
		before := len(out)
		out = re.ExpandString(out, by, s, m)
		f.made(65 + len(out) - before)
		last = m[1]
	}
	return f.text(string(append(out, s[last:]...)))
}
