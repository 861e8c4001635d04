package codec

import (
	"encoding/base64"
	"strconv"
	"strings"
	"time"

	"tenon/spec/types"
)

// text writes a scalar as it stands in a parameter, a form or a text body. Null is the empty text, since
// neither has a way to say it. ok is false for lists, objects and what cannot be written.
func text(v any) (s string, ok bool) {
	switch x := v.(type) {
	case nil:
		return "", true
	case string:
		return x, true
	case bool:
		return strconv.FormatBool(x), true
	case int:
		return strconv.Itoa(x), true
	case float64:
		return number(x)
	case types.Num:
		return x.String(), true
	case time.Time:
		return x.Format(time.RFC3339Nano), true
	case time.Duration:
		return x.String(), true
	case []byte:
		return base64.StdEncoding.EncodeToString(x), true
	}
	return "", false
}

// number writes a float as JSON does.
func number(f float64) (string, bool) {
	b, err := types.AppendJSON(nil, f)
	return string(b), err == nil
}

// scalar reads text as a value of t: as a number or boolean if the type has such a value, else as it
// stands. Text that fits nothing comes back as what it most likely was meant to be, so that checking
// it against t gives the reason.
func scalar(s string, t *types.Type) any {
	if t == nil {
		return s
	}
	kinds := t.Kinds() &^ types.Absent
	switch {
	case kinds == types.String, kinds.Has(types.String) && t.Shape().Untyped:
		return s
	case kinds&^types.Number == 0:
		if v, ok := quickNumber(s); ok {
			return v
		}
	}
	var likely any = s
	for _, v := range readings(s, kinds) {
		if t.Contains(v) {
			return v
		}
		if _, isText := likely.(string); isText && v != nil {
			likely = v
		}
	}
	return likely
}

// quickNumber reads numbers as most are written, without the care that others need.
func quickNumber(s string) (any, bool) {
	digits := strings.TrimPrefix(s, "-")
	whole, part, fraction := strings.Cut(digits, ".")
	if whole == "" || len(digits) > 15 || whole[0] == '0' && (len(whole) > 1 || !fraction && digits != s) || fraction && (part == "" || part[len(part)-1] == '0') {
		return nil, false
	}
	for _, c := range []byte(whole + part) {
		if c < '0' || c > '9' {
			return nil, false
		}
	}
	if !fraction {
		n, err := strconv.Atoi(s)
		return n, err == nil
	}
	f, err := strconv.ParseFloat(s, 64)
	return f, err == nil
}

// readings are the values of the given kinds that s may stand for, the most telling one first.
func readings(s string, kinds types.Kind) []any {
	var out []any
	if kinds.Has(types.Number) {
		if n, err := types.DecodeJSON([]byte(s), types.Limits{}); err == nil && isNumber(n) {
			out = append(out, n)
		}
	}
	if kinds.Has(types.Boolean) && (s == "true" || s == "false") {
		out = append(out, s == "true")
	}
	if kinds.Has(types.String | types.Time | types.Duration | types.Bytes) {
		out = append(out, s)
	}
	if kinds.Has(types.Null) && s == "" {
		out = append(out, nil)
	}
	return out
}

func isNumber(v any) bool {
	switch v.(type) {
	case int, float64, types.Num:
		return true
	}
	return false
}
