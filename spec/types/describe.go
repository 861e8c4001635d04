package types

import (
	"fmt"
	"strconv"
	"strings"
)

// String describes t shortly, for messages: string (date-time), "a" | "b", list of order, integer 0…100
// or null, object with id, name.
func (t *Type) String() string { return t.describe(3, false) }

// Phrase describes t with an article: a string, one of "a", "b", an object, null or a string.
func (t *Type) Phrase() string {
	if values, ok := t.Constants(); ok && len(values) > 1 && len(values) <= 8 {
		if len(values) == 2 && t.Is(Boolean) {
			return "a boolean"
		}
		return "one of " + constants(values, ", ")
	}
	return t.describe(2, true)
}

// Path writes the way to a part of a value as an author would: lines[].sku, ["odd name"].
func Path(p []string) string {
	var b strings.Builder
	for _, s := range p {
		switch {
		case strings.HasPrefix(s, "[") && strings.HasSuffix(s, "]"):
			b.WriteString(s)
		case isIdentifier(s):
			if b.Len() > 0 {
				b.WriteByte('.')
			}
			b.WriteString(s)
		default:
			b.WriteString("[" + strconv.Quote(s) + "]")
		}
	}
	return b.String()
}

func isIdentifier(s string) bool {
	for i, c := range s {
		if c != '_' && (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (i == 0 || c != '-' && (c < '0' || c > '9')) {
			return false
		}
	}
	return s != ""
}

// describe names the kinds of t, going depth levels into lists; with an article if asked for.
func (t *Type) describe(depth int, article bool) string {
	s := t.Shape()
	switch {
	case s.Invalid:
		return "unknown"
	case s.Kinds == 0:
		return "nothing"
	case s.Untyped:
		return "any value"
	}
	if t.Name != "" && s.Kinds.Has(Object) {
		return with(article, lastName(t.Name))
	}
	if values, ok := t.Constants(); ok && s.Kinds&^(Null|Absent) != 0 && !(s.Kinds.Has(Boolean) && s.Booleans == nil) {
		return constants(values, " | ")
	}
	var parts []string
	add := func(k Kind, text func() string) {
		if s.Kinds.Has(k) {
			parts = append(parts, with(article, text()))
		}
	}
	add(String, func() string { return describeAll(s.Strings, "string", (*Text).describe) })
	add(Number, func() string { return describeAll(s.Numbers, s.numberWord(), describeNumeric(s.numberWord())) })
	add(Boolean, func() string {
		if s.Booleans != nil {
			return strconv.FormatBool(s.Booleans[0])
		}
		return "boolean"
	})
	add(Array, func() string {
		return describeAll(s.Arrays, "list", func(l *List) string { return l.describe("list", depth) })
	})
	add(Stream, func() string {
		return describeAll(s.Arrays, "stream", func(l *List) string { return l.describe("stream", depth) })
	})
	add(Object, func() string { return describeAll(s.Objects, "object", (*Fields).describe) })
	add(Time, func() string { return "time" })
	add(Duration, func() string { return "duration" })
	if s.Kinds.Has(Bytes) && (!s.Kinds.Has(String) || len(parts) != 1) {
		parts = append(parts, "bytes")
	}
	add(File, func() string { return "file" })
	if s.Kinds.Has(Null) {
		parts = append(parts, "null")
	}
	if s.Kinds.Has(Absent) && len(parts) == 0 {
		return "absent"
	}
	return strings.Join(parts, " or ")
}

func describeAll[A any](alternatives []*A, word string, describe func(*A) string) string {
	if len(alternatives) == 0 {
		return word
	}
	var out []string
	for i, a := range alternatives {
		if i == 4 {
			out = append(out, "…")
			break
		}
		if d := describe(a); len(out) == 0 || out[len(out)-1] != d {
			out = append(out, d)
		}
	}
	return strings.Join(out, " or ")
}

func (s *Shape) numberWord() string {
	if s.Kinds&Number == Integer {
		return "integer"
	}
	return "number"
}

func (x *Text) describe() string {
	switch {
	case x.Enum != nil && len(x.Enum) <= 6:
		quoted := make([]string, len(x.Enum))
		for i, e := range x.Enum {
			quoted[i] = clipped(e)
		}
		return strings.Join(quoted, " | ")
	case x.Enum != nil:
		return fmt.Sprintf("one of %d strings", len(x.Enum))
	}
	text := "string"
	if x.Format != "" {
		text += " (" + x.Format + ")"
	}
	switch {
	case x.MaxLen >= 0 && x.MinLen == x.MaxLen:
		text += " of " + count(x.MaxLen, "character")
	case x.MaxLen >= 0:
		text += " of at most " + count(x.MaxLen, "character")
	case x.MinLen > 0 && x.Format == "":
		text += " of at least " + count(x.MinLen, "character")
	}
	if len(x.Patterns) > 0 {
		text += " matching " + x.Patterns[0]
	}
	return text
}

func describeNumeric(word string) func(*Numeric) string {
	return func(n *Numeric) string {
		if n.Enum != nil {
			if len(n.Enum) > 6 {
				return fmt.Sprintf("one of %d numbers", len(n.Enum))
			}
			parts := make([]string, len(n.Enum))
			for i, e := range n.Enum {
				parts[i] = e.String()
			}
			return strings.Join(parts, " | ")
		}
		if n.MultipleOf == one {
			word = "integer"
		}
		text, low, high := word, n.Min, n.Max
		if low != nil && (sameNum(low, minInt64) || sameNum(low, minInt32)) {
			low = nil
		}
		if high != nil && (sameNum(high, maxInt64) || sameNum(high, maxInt32)) {
			high = nil
		}
		switch {
		case low != nil && high != nil && !n.ExclusiveMin && !n.ExclusiveMax:
			text += " " + low.String() + "…" + high.String()
		default:
			if low != nil {
				text += map[bool]string{false: " from ", true: " above "}[n.ExclusiveMin] + low.String()
			}
			if high != nil {
				text += map[bool]string{false: " up to ", true: " below "}[n.ExclusiveMax] + high.String()
			}
		}
		if n.MultipleOf != nil && !sameNum(n.MultipleOf, one) {
			text += " in steps of " + n.MultipleOf.String()
		}
		return text
	}
}

func (l *List) describe(word string, depth int) string {
	if depth == 0 {
		return word
	}
	if len(l.Prefix) > 0 {
		return word + " of " + count(len(l.Prefix), "item")
	}
	if l.Items == nil || l.Items == Never {
		return word
	}
	of := l.Items.describe(depth-1, false)
	if of == "any value" {
		return word
	}
	return word + " of " + of
}

func (f *Fields) describe() string {
	if f.Name != "" {
		return lastName(f.Name)
	}
	if len(f.Properties) == 0 {
		if f.Openness == Closed {
			return "empty object"
		}
		return "object"
	}
	names := make([]string, len(f.Properties))
	for i, p := range f.Properties {
		names[i] = p.Name
	}
	return "object with " + abridged(names, 4)
}

func lastName(s string) string { return s[strings.LastIndexByte(s, '.')+1:] }

func with(article bool, text string) string {
	if !article || text == "" || strings.HasPrefix(text, `"`) || strings.HasPrefix(text, "one of ") || text == "true" || text == "false" || text[0] >= '0' && text[0] <= '9' {
		return text
	}
	if strings.ContainsRune("aeioAEIO", rune(text[0])) {
		return "an " + text
	}
	return "a " + text
}

// constants lists values as an author writes them, at most eight.
func constants(values []any, separator string) string {
	var parts []string
	for i, v := range values {
		if i == 8 {
			parts = append(parts, "…")
			break
		}
		parts = append(parts, literal(v))
	}
	return strings.Join(parts, separator)
}

func literal(v any) string {
	switch v := v.(type) {
	case nil:
		return "null"
	case string:
		return clipped(v)
	}
	return fmt.Sprint(v)
}

func clipped(s string) string {
	if r := []rune(s); len(r) > 40 {
		s = string(r[:39]) + "…"
	}
	return strconv.Quote(s)
}
