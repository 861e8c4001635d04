package mutation

import (
	"fmt"
	"strings"
	"unicode"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
)

// replace is the integration with other text in a range.
func (b *base) replace(r hcl.Range, text string) string {
	return b.src[:r.Start.Byte] + text + b.src[r.End.Byte:]
}

// at makes a mutant by replacing a range; what is wrong stands where the range begins.
func (b *base) at(r hcl.Range, text, what string, rules ...string) mutant {
	return mutant{what: what, src: b.replace(r, text), rules: rules, lines: []int{r.Start.Line}}
}

// with adds `key = value` to an object, and tells its line.
func (b *base) with(object hcl.Range, key, value string) (string, int) {
	at := object.Start.Byte + 1
	if strings.HasPrefix(b.src[at:], "\n") {
		return b.src[:at] + "\n" + key + " = " + value + b.src[at:], object.Start.Line + 1
	}
	comma := ", "
	if strings.HasPrefix(strings.TrimSpace(b.src[at:]), "}") {
		comma = " "
	}
	return b.src[:at] + " " + key + " = " + value + comma + b.src[at:], object.Start.Line
}

// without takes an item out of an object.
func (b *base) without(key, value hcl.Range) string {
	from, to := key.Start.Byte, value.End.Byte
	rest := strings.TrimLeft(b.src[to:], " ")
	before := strings.TrimRight(b.src[:from], " ")
	switch {
	case strings.HasPrefix(rest, ","):
		to = len(b.src) - len(rest) + 1
	case strings.HasSuffix(before, ","):
		from = len(before) - 1
	}
	return b.src[:from] + b.src[to:]
}

// first adds lines at the beginning of a block, and tells the line of the first of them.
func (b *base) first(k *block, text string) (string, int) {
	at := k.OpenBraceRange.End.Byte
	return b.src[:at] + "\n" + text + b.src[at:], k.OpenBraceRange.Start.Line + 1
}

// last adds lines at the end of a block, and tells the line of the first of them.
func (b *base) last(k *block, text string) (string, int) {
	at := k.CloseBraceRange.Start.Byte
	return b.src[:at] + "\n" + text + "\n" + b.src[at:], k.CloseBraceRange.Start.Line + 1
}

// whole is the range of a block.
func whole(k *block) hcl.Range { return hcl.RangeBetween(k.TypeRange, k.CloseBraceRange) }

// misspell exchanges two letters in the middle, or doubles one of a short word.
func misspell(s string) string {
	if s == "" {
		return "other"
	}
	r := []rune(s)
	for i := len(r) / 2; i+1 < len(r) && len(r) > 3; i++ {
		if r[i] != r[i+1] && unicode.IsLetter(r[i]) && unicode.IsLetter(r[i+1]) {
			r[i], r[i+1] = r[i+1], r[i]
			return string(r)
		}
	}
	return s + string(r[len(r)-1:])
}

// recase writes a name in the other convention; "" if there is none.
func recase(s string) string {
	var out strings.Builder
	if strings.Contains(s, "_") {
		for i, part := range strings.Split(s, "_") {
			if i > 0 && part != "" {
				part = strings.ToUpper(part[:1]) + part[1:]
			}
			out.WriteString(part)
		}
		return out.String()
	}
	for i, r := range s {
		if unicode.IsUpper(r) && i > 0 {
			out.WriteByte('_')
		}
		out.WriteRune(unicode.ToLower(r))
	}
	if out.String() == s {
		return ""
	}
	return out.String()
}

// literal is the text of a string without interpolation.
func literal(e hclsyntax.Expression) (string, bool) {
	t, ok := e.(*hclsyntax.TemplateExpr)
	if !ok || !t.IsStringLiteral() {
		return "", false
	}
	v, diags := t.Value(nil)
	return v.AsString(), !diags.HasErrors()
}

// constant is the type of a literal: "string", "number" or "bool".
func constant(e hclsyntax.Expression) string {
	if _, ok := literal(e); ok {
		return "string"
	}
	if l, ok := e.(*hclsyntax.LiteralValueExpr); ok && !l.Val.IsNull() {
		return l.Val.Type().FriendlyName()
	}
	return ""
}

func quoted(s string) string { return fmt.Sprintf("%q", s) }

func bareKey(s string) string {
	for _, r := range s {
		if r != '_' && !unicode.IsLetter(r) && !unicode.IsDigit(r) {
			return quoted(s)
		}
	}
	return s
}
