package exec

import (
	"encoding/base64"
	"fmt"
	"time"

	"tenon/spec/types"
)

// kept is a value that survives JSON as the Go value it is: what JSON has no form for becomes an object with the
// member "~", which says what it is.
type kept struct{ v any }

const keptAs = "~"

// IsZero reports whether there is nothing to keep, or an absent value.
func (k kept) IsZero() bool { return k.v == nil || types.IsMissing(k.v) }

func (k kept) MarshalJSON() ([]byte, error) { return types.AppendJSON(nil, plainOf(k.v)) }

func (k *kept) UnmarshalJSON(data []byte) error {
	v, err := types.DecodeJSON(data, types.Limits{})
	if err == nil {
		k.v, err = valueOf(v)
	}
	return err
}

func plainOf(v any) any {
	as := func(what string, v any) any { return map[string]any{keptAs: what, "v": v} }
	switch v := v.(type) {
	case types.MissingValue:
		return as("absent", nil)
	case time.Time:
		return as("time", v.Format(time.RFC3339Nano))
	case time.Duration:
		return as("duration", int(v))
	case []byte:
		return as("bytes", base64.StdEncoding.EncodeToString(v))
	case types.Num:
		return as("number", v.String())
	case []any:
		out := make([]any, len(v))
		for i, x := range v {
			out[i] = plainOf(x)
		}
		return out
	case map[string]any:
		out := make(map[string]any, len(v))
		for name, x := range v {
			out[name] = plainOf(x)
		}
		if _, odd := v[keptAs]; odd {
			return as("object", out)
		}
		return out
	}
	return v
}

func valueOf(v any) (any, error) {
	switch v := v.(type) {
	case []any:
		for i, x := range v {
			var err error
			if v[i], err = valueOf(x); err != nil {
				return nil, err
			}
		}
	case map[string]any:
		if what, special := v[keptAs].(string); special {
			return unfold(what, v["v"])
		}
		return members(v)
	}
	return v, nil
}

func members(v map[string]any) (any, error) {
	for name, x := range v {
		var err error
		if v[name], err = valueOf(x); err != nil {
			return nil, err
		}
	}
	return v, nil
}

func unfold(what string, v any) (any, error) {
	text, _ := v.(string)
	switch what {
	case "absent":
		return types.Missing, nil
	case "time":
		return time.Parse(time.RFC3339Nano, text)
	case "duration":
		n, _ := v.(int)
		return time.Duration(n), nil
	case "bytes":
		return base64.StdEncoding.DecodeString(text)
	case "number":
		return types.ParseNum(text)
	case "object":
		if m, ok := v.(map[string]any); ok {
			return members(m)
		}
	}
	return nil, fmt.Errorf("a value that is kept as %q", what)
}
