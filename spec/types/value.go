package types

import (
	"bytes"
	"cmp"
	"fmt"
	"maps"
	"math"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/cockroachdb/apd/v3"
)

// The values that flow through Tenon are plain Go:
//
//	Missing        absent (the only value of the kind Absent)
//	nil            null
//	bool, string
//	int            integers of 64 bits
//	float64        other numbers, when float64 carries the JSON text exactly (its shortest form has the same value)
//	Num            numbers that neither int nor float64 carries, and decimals made on purpose
//	[]any, map[string]any
//	time.Time, time.Duration, []byte
//	*FileValue     content that is not in memory
//
// Values are never changed once made; they may be shared freely between goroutines.

// MissingValue is the type of [Missing].
type MissingValue struct{}

// Missing is the absent value. It is never an element of an array or object.
var Missing = MissingValue{}

func (MissingValue) String() string { return "absent" }

// IsMissing reports whether v is absent.
func IsMissing(v any) bool { _, ok := v.(MissingValue); return ok }

// kindOf returns the kind of v, and 0 for a Go value that is none of ours.
func kindOf(v any) Kind {
	switch v := v.(type) {
	case MissingValue:
		return Absent
	case nil:
		return Null
	case bool:
		return Boolean
	case int:
		return Integer
	case float64:
		if v == math.Trunc(v) {
			return Integer
		}
		return Fraction
	case Num:
		if v.IsInteger() {
			return Integer
		}
		return Fraction
	case string:
		return String
	case []any:
		return Array
	case map[string]any:
		return Object
	case time.Time:
		return Time
	case time.Duration:
		return Duration
	case []byte:
		return Bytes
	case *FileValue:
		return File
	}
	return 0
}

// FileValue is the content of a file, with what it is called where it is sent. It is only passed on: whoever sends
// it reads it.
type FileValue struct {
	Name        string            // without a directory; "" if there is none
	ContentType string            // "" if it is not known
	Header      map[string]string // of a part of a multipart body
	// Path is the file on disk that has the content, as the author or a caller names it; "" if Content has it.
	Path string
	// Content is a []byte, a string, or whatever a runtime reads content from.
	Content any
}

// Get returns the member name of the object v, and [Missing] when v is no object or has none: reaching
// through something absent or null gives absent.
func Get(v any, name string) any {
	if m, ok := v.(map[string]any); ok {
		if e, ok := m[name]; ok {
			return e
		}
	}
	return Missing
}

// Equal reports whether a and b are the same value. Numbers are compared by value whatever carries
// them, times as instants, arrays and objects deeply. Absent equals null, so that `x == null` holds for both.
func Equal(a, b any) bool {
	switch x := a.(type) {
	case nil, MissingValue:
		return b == nil || IsMissing(b)
	case bool:
		y, ok := b.(bool)
		return ok && x == y
	case string:
		y, ok := b.(string)
		return ok && x == y
	case int, float64, Num:
		c, ok := compareNumbers(a, b)
		return ok && c == 0
	case []any:
		y, ok := b.([]any)
		if !ok || len(x) != len(y) {
			return false
		}
		for i := range x {
			if !Equal(x[i], y[i]) {
				return false
			}
		}
		return true
	case map[string]any:
		y, ok := b.(map[string]any)
		if !ok || len(x) != len(y) {
			return false
		}
		for k, v := range x {
			w, ok := y[k]
			if !ok || !Equal(v, w) {
				return false
			}
		}
		return true
	case time.Time:
		y, ok := b.(time.Time)
		return ok && x.Equal(y)
	case time.Duration:
		y, ok := b.(time.Duration)
		return ok && x == y
	case []byte:
		y, ok := b.([]byte)
		return ok && bytes.Equal(x, y)
	case *FileValue:
		return x == b
	}
	return false
}

// Compare orders a and b: numbers by value, strings by code point, times, durations, booleans (false
// first). ok is false when they have no order.
func Compare(a, b any) (order int, ok bool) {
	switch x := a.(type) {
	case int, float64, Num:
		return compareNumbers(a, b)
	case string:
		if y, ok := b.(string); ok {
			return strings.Compare(x, y), true
		}
	case time.Time:
		if y, ok := b.(time.Time); ok {
			return x.Compare(y), true
		}
	case time.Duration:
		if y, ok := b.(time.Duration); ok {
			return cmp.Compare(x, y), true
		}
	case bool:
		if y, ok := b.(bool); ok {
			switch {
			case x == y:
				return 0, true
			case y:
				return -1, true
			}
			return 1, true
		}
	}
	return 0, false
}

// exactInt is the greatest magnitude up to which every integer is a float64.
const exactInt = 1 << 53

func compareNumbers(a, b any) (int, bool) {
	switch x := a.(type) {
	case int:
		switch y := b.(type) {
		case int:
			return cmp.Compare(x, y), true
		case float64:
			if x <= exactInt && x >= -exactInt && !math.IsNaN(y) {
				return cmp.Compare(float64(x), y), true
			}
		}
	case float64:
		switch y := b.(type) {
		case float64:
			return cmp.Compare(x, y), !math.IsNaN(x) && !math.IsNaN(y)
		case int:
			if y <= exactInt && y >= -exactInt && !math.IsNaN(x) {
				return cmp.Compare(x, float64(y)), true
			}
		}
	}
	x, ok := NumOf(a)
	if !ok {
		return 0, false
	}
	y, ok := NumOf(b)
	if !ok {
		return 0, false
	}
	return x.Cmp(y), true
}

// Shapeof describes v without giving its value away: "null", "a string of 70 characters",
// "an object with id, name".
func Shapeof(v any) string {
	switch v := v.(type) {
	case MissingValue:
		return "absent"
	case nil:
		return "null"
	case bool:
		return "a boolean"
	case int, float64, Num:
		if kindOf(v) == Integer {
			return "an integer"
		}
		return "a number with a fraction"
	case string:
		return "a string of " + count(utf8.RuneCountInString(v), "character")
	case []any:
		return "a list of " + count(len(v), "item")
	case map[string]any:
		if len(v) == 0 {
			return "an empty object"
		}
		return "an object with " + abridged(slices.Sorted(maps.Keys(v)), 5)
	case time.Time:
		return "a time"
	case time.Duration:
		return "a duration"
	case []byte:
		return count(len(v), "byte")
	case *FileValue:
		return "a file"
	}
	return fmt.Sprintf("a Go %T", v)
}

func count(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	if stem, ok := strings.CutSuffix(what, "y"); ok {
		return strconv.Itoa(n) + " " + stem + "ies"
	}
	return strconv.Itoa(n) + " " + what + "s"
}

// abridged joins the first most of names, and says if there are more.
func abridged(names []string, most int) string {
	if len(names) <= most {
		return strings.Join(names, ", ")
	}
	return strings.Join(names[:most], ", ") + ", …"
}

// appendKey appends text that is the same for two values exactly when they are equal.
func appendKey(dst []byte, v any) []byte {
	switch v := v.(type) {
	case float64:
		if n, ok := NumOf(v); ok {
			return appendKey(dst, n)
		}
	case Num:
		var r apd.Decimal
		r.Reduce(v.dec())
		if r.Negative {
			dst = append(dst, '-')
		}
		return strconv.AppendInt(append(append(dst, r.Coeff.String()...), 'e'), int64(r.Exponent), 10)
	case int:
		return appendKey(dst, Num{apd.New(int64(v), 0)})
	case []any:
		dst = append(dst, '[')
		for _, e := range v {
			dst = append(appendKey(dst, e), ',')
		}
		return append(dst, ']')
	case map[string]any:
		dst = append(dst, '{')
		for _, k := range slices.Sorted(maps.Keys(v)) {
			dst = append(strconv.AppendQuote(dst, k), ':')
			dst = append(appendKey(dst, v[k]), ',')
		}
		return append(dst, '}')
	case time.Time:
		return v.UTC().AppendFormat(append(dst, 't'), time.RFC3339Nano)
	case string:
		return strconv.AppendQuote(dst, v)
	}
	return fmt.Appendf(dst, "%T%v", v, v)
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

// sameMap reports whether a and b are one map, not just equal ones.
func sameMap(a, b map[string]any) bool {
	return reflect.ValueOf(a).UnsafePointer() == reflect.ValueOf(b).UnsafePointer()
}
