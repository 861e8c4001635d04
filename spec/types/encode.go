package types

import (
	"encoding/base64"
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"time"

	"github.com/go-json-experiment/json/jsontext"
)

// AppendJSON appends v as JSON, the members of objects sorted by name, so that equal values have equal
// text. Times are written as RFC 3339 with as many digits of a second as they have, durations as Go
// writes them ("1h30m0s"), bytes as base64. Absent, and numbers that are no numbers, are errors.
func AppendJSON(dst []byte, v any) ([]byte, error) { return appendJSON(dst, v, 0) }

// maxEncoding bounds the depth of what is written, against a value that was built without bound.
const maxEncoding = 10_000

func appendJSON(dst []byte, v any, depth int) ([]byte, error) {
	if depth > maxEncoding {
		return dst, fmt.Errorf("nested more than %d deep", maxEncoding)
	}
	switch v := v.(type) {
	case nil:
		return append(dst, "null"...), nil
	case bool:
		return strconv.AppendBool(dst, v), nil
	case int:
		return strconv.AppendInt(dst, int64(v), 10), nil
	case float64:
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return dst, fmt.Errorf("%v has no form in JSON", v)
		}
		return appendFloat(dst, v), nil
	case Num:
		return append(dst, v.String()...), nil
	case string:
		return appendString(dst, v)
	case []any:
		dst = append(dst, '[')
		for i, e := range v {
			if i > 0 {
				dst = append(dst, ',')
			}
			var err error
			if dst, err = appendJSON(dst, e, depth+1); err != nil {
				return dst, err
			}
		}
		return append(dst, ']'), nil
	case map[string]any:
		dst = append(dst, '{')
		var room [16]string // most objects are smaller, and cost no allocation
		keys := room[:0]
		for k := range v {
			keys = append(keys, k)
		}
		slices.Sort(keys)
		for i, k := range keys {
			if i > 0 {
				dst = append(dst, ',')
			}
			var err error
			if dst, err = appendString(dst, k); err != nil {
				return dst, err
			}
			dst = append(dst, ':')
			if dst, err = appendJSON(dst, v[k], depth+1); err != nil {
				return dst, err
			}
		}
		return append(dst, '}'), nil
	case time.Time:
		return appendString(dst, FormatTime(v))
	case time.Duration:
		return appendString(dst, v.String())
	case []byte:
		return appendString(dst, base64.StdEncoding.EncodeToString(v))
	case *FileValue:
		return dst, errors.New("a file has no form in JSON")
	case MissingValue:
		return dst, errors.New("absent has no form in JSON")
	}
	return dst, fmt.Errorf("a Go %T has no form in JSON; this is a bug in Tenon", v)
}

// FormatTime writes t as RFC 3339 does, with as many digits of a second as it has.
func FormatTime(t time.Time) string { return t.Format(time.RFC3339Nano) }

// appendFloat writes f as ECMAScript does: plain digits up to 21 places, else with an exponent.
func appendFloat(dst []byte, f float64) []byte {
	if a := math.Abs(f); a != 0 && (a < 1e-6 || a >= 1e21) {
		return strconv.AppendFloat(dst, f, 'e', -1, 64)
	}
	return strconv.AppendFloat(dst, f, 'f', -1, 64)
}

func appendString(dst []byte, s string) ([]byte, error) {
	dst, err := jsontext.AppendQuote(dst, s)
	if err != nil {
		return dst, errors.New("a string that is not valid UTF-8 has no form in JSON")
	}
	return dst, nil
}
