package exec

import (
	"maps"
	"net/http"
	"slices"
)

// Frozen is what of a request has to be the same when it is sent again: all but its credentials and the header
// fields that are computed from secrets, which are made anew. It holds what the author sends on purpose, which may be
// a secret that was revealed.
type Frozen struct {
	Method string      `json:"method"`
	URL    string      `json:"url"`
	Header http.Header `json:"header,omitempty"`
}

// Freeze returns what is to be kept of r, besides its body.
func (r *Request) Freeze() Frozen {
	h := r.Header
	if len(r.secretHeaders) > 0 {
		h = maps.Clone(h)
		for _, name := range r.secretHeaders {
			h.Del(name)
		}
	}
	return Frozen{r.Method, r.URL.String(), h}
}

// Thaw returns r as it was when it was frozen.
func (r *Request) Thaw(f Frozen, body []byte) (*Request, error) {
	out := *r
	u, err := r.URL.Parse(f.URL)
	if err != nil {
		return nil, err
	}
	out.Method, out.URL, out.Body, out.Header = f.Method, u, body, f.Header.Clone()
	if out.Header == nil {
		out.Header = http.Header{}
	}
	for name, v := range r.Header {
		if slices.ContainsFunc(r.secretHeaders, func(s string) bool { return http.CanonicalHeaderKey(s) == http.CanonicalHeaderKey(name) }) {
			out.Header[name] = v
		}
	}
	return &out, nil
}
