package event

import (
	"bytes"
	"encoding/json"
	"maps"
	"slices"

	"tenon/spec/types"
)

// Cursor is where a paginated step goes on: what the request for a page has other than the one for the
// first page. With the first request it is all that is needed to ask for the page, now or after a restart.
// The zero Cursor is the first page. A Cursor is not changed once it is made.
type Cursor struct {
	// Params are parameters by "in:name", "query:page". A value of nil leaves the parameter out.
	Params map[string]any
	// Body is merged into the body, object by object; nil changes nothing.
	Body any
	// URL is where the page is, if the server says so; it is asked for there, whatever Params say.
	URL string
	// Linked says that URL comes from a Link header although the plan goes on in another way. All further
	// pages are then found so, too.
	Linked bool
}

// cursorJSON is a Cursor with its values as JSON, which keeps numbers exactly.
type cursorJSON struct {
	Params map[string]json.RawMessage `json:"params,omitempty"`
	Body   json.RawMessage            `json:"body,omitempty"`
	URL    string                     `json:"url,omitempty"`
	Linked bool                       `json:"linked,omitempty"`
}

// MarshalJSON writes the cursor; numbers keep their exact values.
func (c Cursor) MarshalJSON() ([]byte, error) {
	out := cursorJSON{URL: c.URL, Linked: c.Linked}
	var err error
	for _, name := range slices.Sorted(maps.Keys(c.Params)) {
		if out.Params == nil {
			out.Params = map[string]json.RawMessage{}
		}
		if out.Params[name], err = types.AppendJSON(nil, c.Params[name]); err != nil {
			return nil, err
		}
	}
	if c.Body != nil {
		if out.Body, err = types.AppendJSON(nil, c.Body); err != nil {
			return nil, err
		}
	}
	return marshal(out)
}

// UnmarshalJSON reads what MarshalJSON wrote.
func (c *Cursor) UnmarshalJSON(data []byte) error {
	var in cursorJSON
	if err := json.Unmarshal(data, &in); err != nil {
		return err
	}
	*c = Cursor{URL: in.URL, Linked: in.Linked}
	var err error
	for name, raw := range in.Params {
		if c.Params == nil {
			c.Params = map[string]any{}
		}
		if c.Params[name], err = types.DecodeJSON(raw, types.Limits{}); err != nil {
			return err
		}
	}
	if len(in.Body) > 0 && !bytes.Equal(in.Body, []byte("null")) {
		c.Body, err = types.DecodeJSON(in.Body, types.Limits{})
	}
	return err
}

func (c *Cursor) redacted(f func(string) string) *Cursor {
	if c == nil {
		return nil
	}
	out := &Cursor{URL: f(c.URL), Linked: c.Linked, Body: redactValue(c.Body, f)}
	if c.Params != nil {
		out.Params, _ = redactValue(c.Params, f).(map[string]any)
	}
	return out
}

// redactValue applies f to every text in a value.
func redactValue(v any, f func(string) string) any {
	switch v := v.(type) {
	case string:
		return f(v)
	case []any:
		out := make([]any, len(v))
		for i, x := range v {
			out[i] = redactValue(x, f)
		}
		return out
	case map[string]any:
		out := make(map[string]any, len(v))
		for k, x := range v {
			out[k] = redactValue(x, f)
		}
		return out
	}
	return v
}
